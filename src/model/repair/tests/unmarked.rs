//! Calls in bare JSON and in blocks.

use serde_json::json;

use super::{Case, read_main};

pub(super) fn unmarked() -> Vec<Case> {
    [
        bare_json(),
        fenced(),
        fenced_otherwise(),
        protocol(),
        beside_others(),
    ]
    .concat()
}

/// Calls in JSON without anything around it.
fn bare_json() -> Vec<Case> {
    vec![
        (
            r#"{"name": "read_file", "arguments": {"path": "src/main.rs"}}"#,
            "",
            read_main(),
        ),
        (
            r#"  {"name": "read_file", "parameters": {"path": "src/main.rs"}}
"#,
            "  \n",
            read_main(),
        ),
        (
            r#"{"name": "read_file", "arguments": {"path": "src/main.rs"}}
</tool_call>"#,
            "",
            read_main(),
        ),
        (
            r#"{"type": "function", "function": {"name": "read_file", "arguments": "{\"file_path\": \"src/main.rs\"}"}}"#,
            "",
            read_main(),
        ),
        (
            r#"{"function": "functions.read_file", "args": {"filePath": "src/main.rs"}}"#,
            "",
            read_main(),
        ),
        (
            r#"{"tool": "read_file", "path": "src/main.rs"}"#,
            "",
            read_main(),
        ),
        (
            r#"{"tool": "search_codebase", "input": "retry policy", "limit": 5}"#,
            "",
            json!([["search_codebase", {"query": "retry policy", "limit": 5}]]),
        ),
        (
            r#"{"tool_calls": [{"name": "ls", "arguments": {}}]}"#,
            "",
            json!([["list_directory", {}]]),
        ),
        (
            r#"I will read it now.
{"name": "read_file", "arguments": {"path": "src/main.rs"}}"#,
            "I will read it now.\n",
            read_main(),
        ),
        (
            r#"[{"name": "read_file", "arguments": {"path": "a"}}, {"name": "read_file", "arguments": {"path": "b"}}]"#,
            "",
            json!([["read_file", {"path": "a"}], ["read_file", {"path": "b"}]]),
        ),
        (
            r#"{"name": "read_file", "arguments": {"path": "a"}}
{"name": "read_file", "arguments": {"path": "b"}}"#,
            "\n",
            json!([["read_file", {"path": "a"}], ["read_file", {"path": "b"}]]),
        ),
        // A raw line break and a raw tab in a string, as small models write them.
        (
            "{\"name\": \"write_file\", \"arguments\": {\"path\": \"a.py\", \"content\": \"def f():\n\treturn {\\\"a\\\": 1}  # }]\n```\n\"}}",
            "",
            json!([["write_file", {"path": "a.py", "content": "def f():\n\treturn {\"a\": 1}  # }]\n```\n"}]]),
        ),
    ]
}

/// Calls in fenced blocks, of qwen2.5-coder above all.
fn fenced() -> Vec<Case> {
    vec![
        // qwen2.5-coder.
        (
            r#"To see what it does, I will read the file.

```json
{
  "name": "read_file",
  "arguments": {
    "path": "src/main.rs"
  }
}
```

This will show its contents."#,
            r#"To see what it does, I will read the file.


This will show its contents."#,
            read_main(),
        ),
        (
            r#"```json
{"name": "read_file", "arguments": {"path": "a"}}
```
```json
{"name": "read_file", "arguments": {"path": "b"}}
```"#,
            "",
            json!([["read_file", {"path": "a"}], ["read_file", {"path": "b"}]]),
        ),
        (
            r#"```
{"name": "read_file", "arguments": {"path": "src/main.rs"}}
```"#,
            "",
            read_main(),
        ),
        (
            r#"```json
{"name": "read_file", "arguments": {"path": "src/main.rs"}}"#,
            "",
            read_main(),
        ),
    ]
}

/// Calls in markup in a fence, and in a fence in a list.
fn fenced_otherwise() -> Vec<Case> {
    vec![
        (
            r#"```xml
<tool_call>
<function=read_file>
<parameter=path>
src/main.rs
</parameter>
</function>
</tool_call>
```
"#,
            "",
            read_main(),
        ),
        (
            r#"1. Read it:

   ```json
   {"name": "read_file", "arguments": {"path": "src/main.rs"}}
   ```
"#,
            r#"1. Read it:

   "#,
            read_main(),
        ),
    ]
}

/// Calls in the protocol that models without native tools are told.
fn protocol() -> Vec<Case> {
    vec![
        (
            r#"먼저 파일을 봅니다.

```tool
{"tool": "read_file", "path": "src/main.rs"}
```"#,
            r#"먼저 파일을 봅니다.

"#,
            read_main(),
        ),
        (
            r#"```tool
{"tool": "edit_file", "path": "README.md", "search": "```sh
make
```", "replace": "```sh\ncargo build\n```", "all": "false"}
```"#,
            "",
            json!([["edit_file", {"path": "README.md", "search": r#"```sh
make
```"#, "replace": r#"```sh
cargo build
```"#, "all": false}]]),
        ),
        (
            r#"```tool
{"tool": "ask_user", "arguments": {"question": "Which one?", "options": "[\"a\", \"b\"]"}}
```
I wait for your answer."#,
            "I wait for your answer.",
            json!([["ask_user", {"question": "Which one?", "options": ["a", "b"]}]]),
        ),
        (
            r#"~~~tool_call
{"name": "bash", "arguments": {"cmd": "cargo test", "timeout": 60.0}}
~~~"#,
            "",
            json!([["run_command", {"command": "cargo test", "timeout": 60}]]),
        ),
        (
            r#"The loop is in `turn.rs`:

```rust
loop { step()?; }
```

I'll run its tests.

```tool
{"tool": "run_command", "command": "cargo test turn"}
```"#,
            r#"The loop is in `turn.rs`:

```rust
loop { step()?; }
```

I'll run its tests.

"#,
            json!([["run_command", {"command": "cargo test turn"}]]),
        ),
    ]
}

/// Calls beside fences and thoughts that hold none.
fn beside_others() -> Vec<Case> {
    vec![
        // Shorter fences in a block are its content.
        (
            r#"````markdown
```json
{"name": "read_file"
````

```tool
{"tool": "read_file", "path": "src/main.rs"}
```"#,
            r#"````markdown
```json
{"name": "read_file"
````

"#,
            read_main(),
        ),
        (
            r#"<think>
I could call <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>
</think>
{"name": "read_file", "arguments": {"path": "src/main.rs"}}"#,
            r#"<think>
I could call <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>
</think>
"#,
            read_main(),
        ),
    ]
}
