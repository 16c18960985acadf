//! Calls in markup, and in the marked forms of other families of models.

use serde_json::json;

use super::{Case, read_main};

pub(super) fn marked() -> Vec<Case> {
    [
        qwen_coder(),
        markup_with_code(),
        markup_with_commands(),
        hermes(),
        unusual_hermes(),
        other_families(),
    ]
    .concat()
}

/// Calls in the markup of qwen3-coder.
fn qwen_coder() -> Vec<Case> {
    vec![
        // qwen3-coder, as trained.
        (
            r#"<tool_call>
<function=read_file>
<parameter=path>
src/main.rs
</parameter>
</function>
</tool_call>"#,
            "",
            read_main(),
        ),
        // qwen3-coder without the opener, after prose: the most frequent leak.
        (
            r#"I'll look at the entry point first.

<function=read_file>
<parameter=path>
src/main.rs
</parameter>
</function>
</tool_call>"#,
            r#"I'll look at the entry point first.

"#,
            read_main(),
        ),
        (
            "Let me check.<function=read_file><parameter=path>src/main.rs</parameter></function>",
            "Let me check.",
            read_main(),
        ),
        (
            r#"<tool_call>
<function=read_file>
<parameter=path>
src/main.rs
</parameter>
</tool_call>
I will wait."#,
            "\nI will wait.",
            read_main(),
        ),
        (
            r#"<function=read_file>
<parameter=path>src/main.rs
<parameter=start_line>10
</function>"#,
            "",
            json!([["read_file", {"path": "src/main.rs", "start_line": 10}]]),
        ),
        (
            r#"<function=list_directory>
</function>
"#,
            "\n",
            json!([["list_directory", {}]]),
        ),
        (
            r#"<function=read_file>{"path": "src/main.rs"}</function>"#,
            "",
            read_main(),
        ),
    ]
}

/// Markup around code with braces, quotes and tags, which stays as it is.
fn markup_with_code() -> Vec<Case> {
    vec![
        (
            r#"<tool_call>
<function=write_file>
<parameter=path>
src/세션.rs
</parameter>
<parameter=content>
// 인사말 — 你好
fn main() {
    format!("{}", "}\"{");
    let end = "</parameter>";
}
</parameter> closes it.

</parameter>
</function>
</tool_call>"#,
            "",
            json!([["write_file", {"path": "src/세션.rs", "content": r#"// 인사말 — 你好
fn main() {
    format!("{}", "}\"{");
    let end = "</parameter>";
}
</parameter> closes it.
"#}]]),
        ),
        (
            r#"<function=write_file>
<parameter=path>
docs/calls.md
</parameter>
<parameter=content>
# Calls

<tool_call>
<function=run_command>
<parameter=command>
rm -rf target
</parameter>
</function>
</tool_call>

That is all.
</parameter>
</function>
</tool_call>"#,
            "",
            json!([["write_file", {"path": "docs/calls.md", "content": r#"# Calls

<tool_call>
<function=run_command>
<parameter=command>
rm -rf target
</parameter>
</function>
</tool_call>

That is all."#}]]),
        ),
    ]
}

/// Markup around commands, with CRLF, and twice in a reply.
fn markup_with_commands() -> Vec<Case> {
    vec![
        (
            r#"<function=run_command>
<parameter=command>
sed 's#</parameter></function>##' "a b" > c
</parameter>
<parameter=timeout>
30
</parameter>
</function>"#,
            "",
            json!([["run_command", {"command": r#"sed 's#</parameter></function>##' "a b" > c"#, "timeout": 30}]]),
        ),
        (
            r#"<function=run_command>
<parameter=command>
grep -c '</function>' a.txt
</parameter>
</function>"#,
            "",
            json!([["run_command", {"command": "grep -c '</function>' a.txt"}]]),
        ),
        (
            "<tool_call>\r\n<function=edit_file>\r\n<parameter=path>\r\na.c\r\n</parameter>\r\n<parameter=search>\r\nint a;\r\n</parameter>\r\n<parameter=replace>\r\n\r\n</parameter>\r\n<parameter=all>\r\nTrue\r\n</parameter>\r\n</function>\r\n</tool_call>",
            "",
            json!([["edit_file", {"path": "a.c", "search": "int a;", "replace": "", "all": true}]]),
        ),
        (
            r#"<function=read_file>
<parameter=path>
a.rs
</parameter>
</function>
</tool_call>
<tool_call>
<function=read_file>
<parameter=path>
b.rs
</parameter>
</function>
</tool_call>"#,
            "\n",
            json!([["read_file", {"path": "a.rs"}], ["read_file", {"path": "b.rs"}]]),
        ),
    ]
}

/// Calls of Hermes and Qwen 2.5.
fn hermes() -> Vec<Case> {
    vec![
        (
            r#"<tool_call>
{"name": "read_file", "arguments": {"path": "src/main.rs"}}
</tool_call>"#,
            "",
            read_main(),
        ),
        (
            r#"좋습니다. 파일을 읽겠습니다.
<tool_call>{"name": "read_file", "arguments": {"path": "src/main.rs"}}</tool_call>
"#,
            r#"좋습니다. 파일을 읽겠습니다.

"#,
            read_main(),
        ),
        (
            r#"<tool_call>
{"name": "read_file", "arguments": {"path": "src/main.rs"}}}
</tool_call>"#,
            "",
            read_main(),
        ),
        (
            r#"<tool_call>
{"name": "read_file", "arguments": {"path": "src/main.rs"}
</tool_call>"#,
            "",
            read_main(),
        ),
        (
            r#"<tool_call>
{"name": "read_file", "arguments": "{\"path\": \"src/main.rs\"}"}"#,
            "",
            read_main(),
        ),
    ]
}

/// Calls in the markup of Hermes, in other notations than JSON, in fences, or more than one.
fn unusual_hermes() -> Vec<Case> {
    vec![
        (
            r#"<tool_call>
{'name': 'read_file', 'arguments': {'path': 'src/main.rs', 'end_line': None,}}
</tool_call>"#,
            "",
            read_main(),
        ),
        (
            r#"<tool_call>
```json
{"name": "read_file", "arguments": {"path": "src/main.rs"}}
```
</tool_call>"#,
            "",
            read_main(),
        ),
        (
            r#"<tool_call>
{"name": "read_file", "arguments": {"path": "a"}}
{"name": "read_file", "arguments": {"path": "b"}}
</tool_call>"#,
            "",
            json!([["read_file", {"path": "a"}], ["read_file", {"path": "b"}]]),
        ),
        (
            r#"<tools>
{"name": "find_symbol", "arguments": {"name": "Engine"}}
</tools>"#,
            "",
            json!([["find_symbol", {"name": "Engine"}]]),
        ),
    ]
}

/// Calls of Mistral, Llama and Kimi.
fn other_families() -> Vec<Case> {
    vec![
        // Mistral.
        (
            r#"[TOOL_CALLS][{"name": "read_file", "arguments": {"path": "src/main.rs"}, "id": "VvvODy9mT"}]</s>"#,
            "",
            read_main(),
        ),
        (
            r#"[TOOL_CALLS] [{"name": "read_file", "arguments": {"path": "src/main.rs"}}"#,
            "",
            read_main(),
        ),
        (
            r#"[TOOL_CALLS]read_file[ARGS]{"path": "src/main.rs"}"#,
            "",
            read_main(),
        ),
        (
            r#"[TOOL_CALLS]read_file[CALL_ID]a1b2c3d4e[ARGS]{"path": "a"}[TOOL_CALLS]grep_search[ARGS]{"pattern": "fn \\w+"}"#,
            "",
            json!([["read_file", {"path": "a"}], ["grep_search", {"regex": r#"fn \w+"#}]]),
        ),
        // Llama.
        (
            r#"<|python_tag|>{"type": "function", "name": "read_file", "parameters": {"path": "src/main.rs", "start_line": "5"}}<|eom_id|>"#,
            "",
            json!([["read_file", {"path": "src/main.rs", "start_line": 5}]]),
        ),
        (
            r#"<|python_tag|>{"name": "read_file", "parameters": {"path": "a"}}; {"name": "read_file", "parameters": {"path": "b"}}"#,
            "",
            json!([["read_file", {"path": "a"}], ["read_file", {"path": "b"}]]),
        ),
        // Kimi.
        (
            r#"Reading it. <|tool_calls_section_begin|><|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>{"path": "a"}<|tool_call_end|><|tool_call_begin|>functions.run_command:1<|tool_call_argument_begin|>{"command": "ls"}<|tool_call_end|><|tool_calls_section_end|>"#,
            "Reading it. ",
            json!([["read_file", {"path": "a"}], ["run_command", {"command": "ls"}]]),
        ),
        (
            r#"<|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>{"path": "src/main.rs"}<|tool_call_end|>"#,
            "",
            read_main(),
        ),
    ]
}
