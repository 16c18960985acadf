//! Detects faults of a model's Go template. Templates matter only for models without a renderer in
//! the server.

use super::wire::ModelInfo;
use crate::model::thought_tags;

/// Whether calls of a reply are dropped if it also has text: `{{ if .Content }}…{{ else if
/// .ToolCalls }}`, as in templates of Qwen 2.5 and 3 and of Mistral.
pub(super) fn text_hides_calls(info: &ModelInfo) -> bool {
    let mut of_content = Vec::new();
    actions(info).any(|action| {
        let words: Vec<&str> = action.split_whitespace().collect();
        match words.as_slice() {
            ["else", "if", rest @ ..] => {
                let after_content = of_content.last().copied().unwrap_or(false);
                if let Some(content) = of_content.last_mut() {
                    *content |= is_about(rest, ".Content");
                }
                return after_content && is_about(rest, ".ToolCalls");
            }
            ["if", rest @ ..] => of_content.push(is_about(rest, ".Content")),
            ["range" | "with" | "block" | "define", ..] => of_content.push(false),
            ["end"] => drop(of_content.pop()),
            _ => {}
        }
        false
    })
}

/// Whether tools are written as Go values, which are not JSON since Ollama 0.14: `{{ .Function }}`
/// instead of `{{ json .Function }}`.
pub(super) fn garbles_tools(info: &ModelInfo) -> bool {
    actions(info).any(|action| {
        let is_bare = !action.contains(char::is_whitespace);
        is_bare && (action == ".Function" || action.ends_with(".Function"))
    })
}

/// Whether a template ends with the start tag of thoughts, so that a reply has only the end tag.
pub(super) fn ends_within_thoughts(info: &ModelInfo) -> bool {
    info.renderer.is_empty() && thought_tags::ends_within_thoughts(&info.template)
}

fn is_about(condition: &[&str], field: &str) -> bool {
    condition
        .iter()
        .any(|word| word.trim_matches(['(', ')']).ends_with(field))
}

/// The texts between `{{` and `}}`.
fn actions(info: &ModelInfo) -> impl Iterator<Item = &str> {
    let template = if info.renderer.is_empty() {
        info.template.as_str()
    } else {
        ""
    };
    let parts = template.split("{{").skip(1);
    parts.filter_map(|part| {
        let (action, _) = part.split_once("}}")?;
        Some(action.trim_matches(['-', ' ', '\t', '\n', '\r']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QWEN: &str = r#"{{- if .Messages }}
{{- range .Tools }}
{"type": "function", "function": {{ .Function }}}
{{- end }}
{{- range $i, $_ := .Messages }}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ if .Content }}{{ .Content }}
{{- else if .ToolCalls }}<tool_call>
{{ range .ToolCalls }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}
{{ end }}</tool_call>
{{- end }}{{ end }}{{ end }}{{ end }}"#;

    fn info(template: &str, renderer: &str) -> ModelInfo {
        ModelInfo {
            template: template.to_owned(),
            renderer: renderer.to_owned(),
            ..ModelInfo::default()
        }
    }

    #[test]
    fn templates_of_qwen_are_known_for_what_they_do() {
        let qwen = info(QWEN, "");
        assert!(text_hides_calls(&qwen) && garbles_tools(&qwen));
        let rendered = info(QWEN, "qwen3-coder");
        assert!(!text_hides_calls(&rendered) && !garbles_tools(&rendered));
        let json = QWEN.replace("{{ .Function }}", "{{ json .Function }}");
        assert!(!garbles_tools(&info(&json, "")));
        let piped = QWEN.replace("{{ .Function }}", "{{ .Function | json }}");
        assert!(!garbles_tools(&info(&piped, "")));
    }

    #[test]
    fn templates_that_end_within_thoughts_are_known() {
        for template in [
            "<｜Assistant｜><think>",
            "{{ .Prompt }}<|im_start|>assistant\n<think>\n",
            "{{- if .Last }}<｜Assistant｜><think>\n{{- end }}\n{{- end }}",
            "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n<think>\\n' }}{%- endif %}",
            "{% if add_generation_prompt %}{{ '<Assistant>' + \"<think>\" }}{% endif %}\n",
            "{{ .Prompt }}<reasoning>\n",
        ] {
            assert!(ends_within_thoughts(&info(template, "")), "{template}");
            assert!(!ends_within_thoughts(&info(template, "qwen3")));
        }
        for template in [
            "",
            "{{ .Prompt }}",
            "<|im_start|>assistant\n{{ if .IsThinkSet }}<think>\n\n</think>\n\n{{ end -}}",
            "{{- if .Thinking }}<think>{{ .Thinking }}</think>{{ end }}<|im_start|>assistant\n",
            "{{ '<think>\\n' }}{% else %}{{ '<think>\\n\\n</think>' }}{% endif %}",
        ] {
            assert!(!ends_within_thoughts(&info(template, "")), "{template}");
        }
    }

    #[test]
    fn templates_that_write_both_are_left_alone() {
        for template in [
            "",
            "{{ .Prompt }}",
            "{{ if .Content }}{{ .Content }}{{ end }}{{ if .ToolCalls }}[…]{{ end }}",
            "{{ if .ToolCalls }}[…]{{ else }}{{ .Content }}{{ end }}",
            "{{ if .Content }}a{{ end }}{{ if .System }}b{{ else if .ToolCalls }}c{{ end }}",
            "{{ broken",
        ] {
            assert!(!text_hides_calls(&info(template, "")), "{template}");
            assert!(!garbles_tools(&info(template, "")), "{template}");
        }
    }
}
