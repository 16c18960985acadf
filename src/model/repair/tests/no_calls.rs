//! Replies without a call.

/// The reply, and a word of why the model is told so, if it is.
pub(super) const NOT_CALLS: &[(&str, &str)] = &[
    ("", ""),
    ("The fix is to use `serde_json::from_str`.", ""),
    (
        r#"Models write `<tool_call>` before a call, and {"name": "read_file", "arguments": {"path": "x"}} inside it."#,
        "",
    ),
    (
        r#"Write it as: `<function=read_file>
<parameter=path>
x
</parameter>
</function>`"#,
        "",
    ),
    // Quoted code, documents and transcripts.
    (
        r#"```python
{"name": "read_file", "arguments": {"path": "x"}}
```"#,
        "",
    ),
    (
        r#"```text
<tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>
```"#,
        "",
    ),
    (
        r#"```js
const call = {
{"name": "read_file", "arguments": {"path": "x"}}
```
"#,
        "",
    ),
    (
        r#"```markdown
# Tools

```bash
ls
```

A call:

```json
{"name": "run_command", "arguments": {"command": "rm -rf ~"}}
```
```
"#,
        "",
    ),
    (
        r#"````markdown
```tool
{"tool": "run_command", "command": "rm -rf ~"}
```
````
"#,
        "",
    ),
    (
        r#"> <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>"#,
        "",
    ),
    (
        r#"1. <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>"#,
        "",
    ),
    (
        r#"    <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>"#,
        "",
    ),
    (
        r#"> ```tool
> {"tool": "read_file", "path": "x"}
> ```
"#,
        "",
    ),
    (
        r#"{
  "examples": [
{"name": "read_file", "arguments": {"path": "x"}}
]
}"#,
        "",
    ),
    (
        r#"[
{"name": "read_file", "arguments": {"path": "x"}, "result": "fn main() {}"}
]"#,
        "",
    ),
    (
        r#"    {"name": "read_file", "arguments": {"path": "x"}}"#,
        "",
    ),
    (
        r#"Write `this. <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>` or so."#,
        "",
    ),
    (
        r#"```python
PROMPT = """
    ```
<tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>
    ```
"""
```"#,
        "",
    ),
    // Lists of tools.
    (
        r#"```json
[{"name": "list_directory", "description": "Lists.", "parameters": {}},
 {"name": "read_file", "description": "Reads.", "parameters": {"type": "object", "properties": {"path": {"type": "string"}}}}]
```"#,
        "",
    ),
    (
        r#"{"type": "function", "function": {"name": "list_directory", "parameters": {"type": "object", "properties": {}}}}"#,
        "",
    ),
    (
        r#"<tools>
{"name": "list_directory", "parameters": {"type": "object", "properties": {}}}
</tools>"#,
        "",
    ),
    // Other JSON.
    (
        r#"{"name": "my-package", "parameters": {"path": "x"}, "version": "1.0.0"}"#,
        "",
    ),
    (
        r#"```json
{"name": "ollacode", "scripts": {"test": "cargo test"}}
```"#,
        "",
    ),
    (
        r#"```json
{"name": "unknown_tool", "arguments": {"path": "x"}}
```"#,
        "there is no tool `unknown_tool`",
    ),
    (
        r#"{"name": "modify_source_file", "arguments": {"path": "x"}}"#,
        "To change a file, call `edit_file` with {\"path\": string, ",
    ),
    (
        r#"```json
{"name": "unknown_tool", "arguments": {"path": "x"}}
```
is what a client of another server sends."#,
        "",
    ),
    (
        r#"A request may look like this:

```json
{"name": "unknown_tool", "arguments": {"path": "x"}}
```"#,
        "",
    ),
    (
        r#"{"name": "unknown_tool", "arguments": {"path": "x"}, "version": 2}"#,
        "",
    ),
    // Words about calls in Python.
    (
        "read_file(path) returns the lines of a file.\nwrite_file(path, content) writes them.",
        "",
    ),
    ("read_file() and write_file() are its tools.", ""),
    ("It calls `read_file(path=\"x\")`.", ""),
    (r#"    read_file(path="x")"#, ""),
    (r#"read_file(path="x"#, "cut off"),
    (
        r#"```json
[1, 2, 3]
```
[link](https://example.org) and [x] done"#,
        "",
    ),
    (r#"{"name": "read_file"}"#, ""),
    (
        r#"```
fn main() { format!("{}", 1); }
```"#,
        "",
    ),
    ("<tool_call> is the tag before a call.", ""),
    ("[TOOL_CALLS] is what Mistral writes.", ""),
    (
        r#"I thought of <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call></think>Hello."#,
        "",
    ),
    (
        r#"Let me see: <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call></think>Hello."#,
        "",
    ),
    // What was meant as a call.
    (
        r#"<think>Let me see: <tool_call>{"name": "read_file", "arguments": {"path": "x"}}</tool_call>"#,
        "thoughts",
    ),
    (
        r#"{"name": "read_file", "arguments": {"path": "x"}}
Then I will read the next file."#,
        "last thing",
    ),
    (
        r#"Here is the format:

```json
{"name": "read_file", "arguments": {"path": "x"}}
```

## Results

They come as text."#,
        "last thing",
    ),
    (
        r#"```json
{"name": "read_file", "arguments": {"path": "x"}}
```

```rust
fn main() {}
```"#,
        "last thing",
    ),
    (
        r#"```json
{"name": "read_file", "arguments": {"path": "x"}}
and then
```"#,
        "other text besides",
    ),
    (
        r#"<tool_call>
{"name": "delete_everything", "arguments": {}}
</tool_call>"#,
        "there is no tool `delete_everything`; the tools are: read_file, ",
    ),
    (
        r#"<function=fetch>
<parameter=url>
https://example.org
</parameter>
</function>"#,
        "there is no tool `fetch`",
    ),
    (
        r#"<tool_call>
{"path": "x"}
</tool_call>"#,
        "the call has no tool name",
    ),
    (
        r#"{"name": "write_file", "arguments": {"path": "x"}}"#,
        "`write_file` needs the argument `content`",
    ),
    (
        r#"{"name": "read_file", "arguments": {"path": null}}"#,
        r#"`read_file` needs the argument `path`; its arguments are {"path": string, "start_line": integer (optional)"#,
    ),
    (
        r#"{"name": "read_file", "arguments": ["x"]}"#,
        "must be a JSON object",
    ),
    (
        r#"{"name": "read_file", "arguments": {"path": {"value": "x"}}}"#,
        "`path` of `read_file` must be a string, not an object",
    ),
    (
        r#"{"name": "read_file", "arguments": {"path": "x", "start_line": "ten"}}"#,
        "must be an integer, not the string `ten`",
    ),
    (
        r#"```json
{"name": "write_file", "arguments": {"path": "x", "content": "say "hi" "}}
```"#,
        "not valid JSON",
    ),
    (
        r#"{"name": "write_file", "arguments": {"path": "x", "content": "fn main() {\n"#,
        "cut off",
    ),
    (
        r#"{"tool": "write_file", "path": "x", "content": "all of it""#,
        "cut off",
    ),
    (
        r#"{"name": "write_file", "arguments": {"path": "x", "content": "all of it""#,
        "cut off",
    ),
    (
        r#"<function=write_file>
<parameter=path>
x
</parameter>
<parameter=content>
fn main() {"#,
        "cut off",
    ),
    (
        r#"<function=write_file>
<parameter=path>
x
</parameter>
<parameter=content>
a
</parameter>
</function>
</tool_call>
b
</parameter>
</function>
</tool_call>"#,
        "not clear",
    ),
    (
        r#"```json
{"name": "read_file", "arguments": {"path": "x"}}
```

# Then

<function=run_command>
<parameter=command>
a
</parameter>
</function>
</parameter>"#,
        "last thing",
    ),
    (
        r#"{"name": "read_file", "arguments": {"path": "x"}, "id": "ab"#,
        "cut off",
    ),
    ("<tool_call>\n{", "cut off"),
    (r#"[TOOL_CALLS]read_file[ARGS]{"path": "x""#, "cut off"),
    (
        r#"<|tool_call_begin|>functions.read_file:0<|tool_call_argument_begin|>{"pa"#,
        "cut off",
    ),
    (
        r#"```rust
fn main() {}

<tool_call>
{"name": "read_file", "arguments": {"path": "x"}}
</tool_call>"#,
        "not closed",
    ),
];
