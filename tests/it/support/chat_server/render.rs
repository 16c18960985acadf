//! What a model sees of a request, where a Go template writes it: that of Qwen 2.5.

use std::fmt::Write;

use serde_json::Value;

/// The parts of Qwen's template that matter to a client: tools as Go's values, and text or calls.
pub const QWEN: &str = r#"{{- if .Messages }}
{{- if or .System .Tools }}<|im_start|>system
{{- if .System }}
{{ .System }}
{{- end }}
{{- if .Tools }}

# Tools
<tools>
{{- range .Tools }}
{"type": "function", "function": {{ .Function }}}
{{- end }}
</tools>
{{- end }}<|im_end|>
{{ end }}
{{- range $i, $_ := .Messages }}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ if .Content }}{{ .Content }}
{{- else if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{ end }}</tool_call>
{{- end }}<|im_end|>
{{ else if eq .Role "tool" }}<|im_start|>user
<tool_response>
{{ .Content }}
</tool_response><|im_end|>
{{ end }}
{{- end }}
{{- end }}"#;

/// The same with tools as JSON.
pub const QWEN_JSON: &str = r#"{{- range .Tools }}
{"type": "function", "function": {{ json .Function }}}
{{- end }}
{{- range .Messages }}
{{- if eq .Role "assistant" }}<|im_start|>assistant
{{ if .Content }}{{ .Content }}
{{- else if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{ end }}</tool_call>
{{- end }}<|im_end|>
{{- else }}{{ .Content }}
{{- end }}
{{- end }}"#;

/// Renders a request as these templates do.
pub(super) fn qwen(request: &Value, tools_are_json: bool) -> String {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut seen = String::new();
    for tool in list(&request["tools"]) {
        let function = &tool["function"];
        let written = if tools_are_json {
            function.to_string()
        } else {
            // As Go prints a struct whose fields have no names.
            let text = |key: &str| function[key].as_str().unwrap_or_default().to_owned();
            format!("{{{} {} {{object []}}}}", text("name"), text("description"))
        };
        let _ = writeln!(seen, "{{\"type\": \"function\", \"function\": {written}}}");
    }
    for message in list(&request["messages"]) {
        let text = |key: &str| message[key].as_str().unwrap_or_default().to_owned();
        let mut content = text("content");
        let calls = list(&message["tool_calls"]);
        if text("role") == "assistant" && content.is_empty() && !calls.is_empty() {
            content.push_str("<tool_call>\n");
            for call in calls {
                let function = &call["function"];
                let (name, arguments) = (&function["name"], &function["arguments"]);
                let _ = writeln!(content, "{{\"name\": {name}, \"arguments\": {arguments}}}");
            }
            content.push_str("</tool_call>");
        }
        let role = match text("role").as_str() {
            "tool" => "user".to_owned(),
            role => role.to_owned(),
        };
        let _ = writeln!(seen, "<|im_start|>{role}\n{content}<|im_end|>");
    }
    seen
}
