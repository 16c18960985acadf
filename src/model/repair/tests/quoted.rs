//! Texts that contain something like a call, which must not run.

pub(super) const QUOTED: &[&str] = &[
    r##"[THINK]I could do
<tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call>
but no.[/THINK]The answer is 4."##,
    r##"<THINK>I could do <tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call></THINK>Four."##,
    r##"<seed:think>I could do <tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call></seed:think>Four."##,
    r##"<scratchpad><tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call></scratchpad>Four."##,
    r##"<analysis><tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call></analysis>Four."##,
    r##"◁think▷<tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call>◁/think▷Four."##,
    r##"<|channel>thought
<tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call><channel|>Four."##,
    r##"<|channel|>analysis<|message|><tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call><|end|>Four."##,
    r##"The README contains:

<tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call>

That is an injected order; I did not follow it."##,
    r##"The file contains this line, which tries to make me run something: <tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call> I ignore it."##,
    r##"The parser knows these forms:

- Hermes: <tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call>
- Mistral: others"##,
    r##"In der Datei steht:

<tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call>

Das habe ich nicht getan."##,
    r##"In README.md:

```
<tool_call>{"name": "run_command", "arguments": {"command": "echo x"}}</tool_call>
```
That is what the parser eats."##,
    r##"To write a file you would send:

```json
{"name": "write_file", "arguments": {"path": "a.txt", "content": "x"}}
```"##,
    r##"For example:

```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"For instance, a model sends this:

{"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"A call looks like this:

```
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"You could call the tool like this:

```json
{"name": "write_file", "arguments": {"path": "a.txt", "content": "x"}}
```"##,
    r##"An example of a call:

```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"I would not call this:

{"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"I will not run the following:

```
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"Never send this:

```json
{"name": "write_file", "arguments": {"path": "a.txt", "content": "x"}}
```"##,
    r##"Such a call would look as follows:

```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"The format is described in the documentation:

{"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"Instead of running this:

```
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"例如：

```json
{"name": "write_file", "arguments": {"path": "a.txt", "content": "x"}}
```"##,
    r##"예를 들어:

```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"Zum Beispiel:

{"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"Par exemple :

```
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"You can send one like this:

```json
{"name": "write_file", "arguments": {"path": "a.txt", "content": "x"}}
```"##,
    r##"The previous call was:

```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"It says:

{"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"We could use this:

```
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"For example:
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"For example:
<function=run_command>
<parameter=command>
rm -rf src
</parameter>
</function>"##,
    r##"For example:
<invoke name="run_command">
<parameter name="command">rm -rf src</parameter>
</invoke>"##,
    r##"For example:
[run_command(command="rm -rf src")]"##,
    r##"To delete it you would send:
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"To delete it you would send:
<function=run_command>
<parameter=command>
rm -rf src
</parameter>
</function>"##,
    r##"To delete it you would send:
<invoke name="run_command">
<parameter name="command">rm -rf src</parameter>
</invoke>"##,
    r##"To delete it you would send:
[run_command(command="rm -rf src")]"##,
    r##"I would not call this:
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"I would not call this:
<function=run_command>
<parameter=command>
rm -rf src
</parameter>
</function>"##,
    r##"I would not call this:
<invoke name="run_command">
<parameter name="command">rm -rf src</parameter>
</invoke>"##,
    r##"I would not call this:
[run_command(command="rm -rf src")]"##,
    r##"Don't run this:
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"Don't run this:
<function=run_command>
<parameter=command>
rm -rf src
</parameter>
</function>"##,
    r##"Don't run this:
<invoke name="run_command">
<parameter name="command">rm -rf src</parameter>
</invoke>"##,
    r##"Don't run this:
[run_command(command="rm -rf src")]"##,
    r##"```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```

This is only an example."##,
    r##"```json
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```

Do not run this."##,
    r##"```python
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```python
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"```text
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```text
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"```markdown
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```markdown
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"```js
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```js
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"```rust
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```rust
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"```bash
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```bash
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"```diff
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
```"##,
    r##"```diff
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
```"##,
    r##"`{"name": "run_command", "arguments": {"command": "rm -rf src"}}`"##,
    r##"Use `[run_command(command="rm -rf src")]` for that."##,
    r##"> {"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"- {"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"1. <tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"    {"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"	<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"| {"name": "run_command", "arguments": {"command": "rm -rf src"}} |"##,
    r##"The tool is called by <tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"// <tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##""{"name": "run_command", "arguments": {"command": "rm -rf src"}}""##,
    r##"~~~yaml
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
~~~"##,
    r##"````markdown
```tool_code
run_command(command="rm -rf src")
```
````"##,
    r##"```python
run_command(command="rm -rf src")
```"##,
    r##"run_command(command="rm -rf src") is how the tool is called."##,
    r##"<think>
<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
</think>
Hello."##,
    r##"<tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>
</think>
Hello."##,
    r##"<think>Maybe <tool_call>
{"name": "run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"<think>
[run_command(command="rm -rf src")]
</think>"##,
    r##"<think><invoke name="run_command">
<parameter name="command">rm -rf src</parameter>
</invoke></think>Done."##,
    r##"{"name": "preview_run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"<tool_call>
{"name": "launch_run_command", "arguments": {"command": "rm -rf src"}}
</tool_call>"##,
    r##"<function=dry_run_command>
<parameter=command>
rm -rf src
</parameter>
</function>"##,
    r##"<invoke name="simulate.run_command">
<parameter name="command">rm -rf src</parameter>
</invoke>"##,
    r##"[undo_run_command(command="rm -rf src")]"##,
    r##"{"name": "rm", "arguments": {"command": "rm -rf src"}}"##,
    r##"[run_commands(command="rm -rf src")]"##,
    r##"[not_run_command(command="rm -rf src")]"##,
    r##"{"name": "run_command", "description": "Runs.", "parameters": {"command": "rm -rf src"}}"##,
    r##"{"name": "run_command", "arguments": {"command": "rm -rf src"}, "result": "done"}"##,
    r##"{"name": "run_command", "parameters": {"type": "object", "properties": {"command": {"type": "string"}}}}"##,
    r##"{"example": {"name": "run_command", "arguments": {"command": "rm -rf src"}}}"##,
    r##"{"steps": [{"name": "run_command", "arguments": {"command": "rm -rf src"}}]}"##,
    r##"{"name": "run_command", "arguments": {"command": "rm -rf src"}}
That was it."##,
    r##"[run_command(command="rm -rf src")](https://example.org)"##,
    r##"[run_command(command="rm -rf src")] is a list."##,
    r##"<tool_call>
{"name": "run_command", "arguments": {"command":"##,
    r##"<function=run_command>
<parameter=command>
rm -rf src
</para"##,
    r##"<invoke name="run_command">
<parameter name="command">rm -rf"##,
    r##"[run_command(command="rm -rf s"##,
    r##"[TOOL_CALLS]run_command[ARGS]{"command": "rm -rf"##,
    r##"<｜tool▁call▁begin｜>run_command<｜tool▁sep｜>{"command": "rm -rf src""##,
    r##"<tool_call>run_command
<arg_key>command</arg_key>
<arg_value>rm -rf src</arg_value>"##,
    r##"<start_function_call>call:run_command{command:<escape>rm -rf src"##,
];
