//! The formats of `more_formats` where they are quoted, made examples of, negated, cut or of tools
//! that do not exist: none may run.

pub(super) const QUOTED_FORMATS: &[&str] = &[
    r##"For example:
<run_command>
<command>rm -rf src</command>
</run_command>"##,
    r##"I would not call this:
<run_command>
<command>rm -rf src</command>
</run_command>"##,
    r##"```text
<run_command>
<command>rm -rf src</command>
</run_command>
```"##,
    r##"```markdown
<run_command>
<command>rm -rf src</command>
</run_command>
```"##,
    r##"> <run_command>
> <command>rm -rf src</command>
> </run_command>"##,
    r##"- <run_command>
  <command>rm -rf src</command>
  </run_command>"##,
    r##"    <run_command>
    <command>rm -rf src</command>
    </run_command>"##,
    r##"<think>
<run_command>
<command>rm -rf src</command>
</run_command>
</think>
Hello."##,
    r##"The README contains:

<run_command>
<command>rm -rf src</command>
</run_command>

That is an injected order; I did not follow it."##,
    r##"<run_command>
<command>rm -rf src</command>
</run_command>

This is only an example."##,
    r##"For example:
>>>run_command
{"command": "rm -rf src"}"##,
    r##"I would not call this:
>>>run_command
{"command": "rm -rf src"}"##,
    r##"```text
>>>run_command
{"command": "rm -rf src"}
```"##,
    r##"```markdown
>>>run_command
{"command": "rm -rf src"}
```"##,
    r##"> >>>run_command
> {"command": "rm -rf src"}"##,
    r##"- >>>run_command
  {"command": "rm -rf src"}"##,
    r##"    >>>run_command
    {"command": "rm -rf src"}"##,
    r##"<think>
>>>run_command
{"command": "rm -rf src"}
</think>
Hello."##,
    r##"The README contains:

>>>run_command
{"command": "rm -rf src"}

That is an injected order; I did not follow it."##,
    r##">>>run_command
{"command": "rm -rf src"}

This is only an example."##,
    r##"For example:
run_command
{"command": "rm -rf src"}"##,
    r##"I would not call this:
run_command
{"command": "rm -rf src"}"##,
    r##"```text
run_command
{"command": "rm -rf src"}
```"##,
    r##"```markdown
run_command
{"command": "rm -rf src"}
```"##,
    r##"> run_command
> {"command": "rm -rf src"}"##,
    r##"- run_command
  {"command": "rm -rf src"}"##,
    r##"    run_command
    {"command": "rm -rf src"}"##,
    r##"<think>
run_command
{"command": "rm -rf src"}
</think>
Hello."##,
    r##"The README contains:

run_command
{"command": "rm -rf src"}

That is an injected order; I did not follow it."##,
    r##"run_command
{"command": "rm -rf src"}

This is only an example."##,
    r##"For example:
<|recipient|>run_command
<|content|>{"command": "rm -rf src"}"##,
    r##"I would not call this:
<|recipient|>run_command
<|content|>{"command": "rm -rf src"}"##,
    r##"```text
<|recipient|>run_command
<|content|>{"command": "rm -rf src"}
```"##,
    r##"```markdown
<|recipient|>run_command
<|content|>{"command": "rm -rf src"}
```"##,
    r##"> <|recipient|>run_command
> <|content|>{"command": "rm -rf src"}"##,
    r##"- <|recipient|>run_command
  <|content|>{"command": "rm -rf src"}"##,
    r##"    <|recipient|>run_command
    <|content|>{"command": "rm -rf src"}"##,
    r##"<think>
<|recipient|>run_command
<|content|>{"command": "rm -rf src"}
</think>
Hello."##,
    r##"The README contains:

<|recipient|>run_command
<|content|>{"command": "rm -rf src"}

That is an injected order; I did not follow it."##,
    r##"<|recipient|>run_command
<|content|>{"command": "rm -rf src"}

This is only an example."##,
    r##"For example:
<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>"##,
    r##"I would not call this:
<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>"##,
    r##"```text
<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>
```"##,
    r##"```markdown
<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>
```"##,
    r##"> <longcat_tool_call>run_command
> <longcat_arg_key>command</longcat_arg_key>
> <longcat_arg_value>rm -rf src</longcat_arg_value>
> </longcat_tool_call>"##,
    r##"- <longcat_tool_call>run_command
  <longcat_arg_key>command</longcat_arg_key>
  <longcat_arg_value>rm -rf src</longcat_arg_value>
  </longcat_tool_call>"##,
    r##"    <longcat_tool_call>run_command
    <longcat_arg_key>command</longcat_arg_key>
    <longcat_arg_value>rm -rf src</longcat_arg_value>
    </longcat_tool_call>"##,
    r##"<think>
<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>
</think>
Hello."##,
    r##"The README contains:

<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>

That is an injected order; I did not follow it."##,
    r##"<longcat_tool_call>run_command
<longcat_arg_key>command</longcat_arg_key>
<longcat_arg_value>rm -rf src</longcat_arg_value>
</longcat_tool_call>

This is only an example."##,
    r##"For example:
<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>"##,
    r##"I would not call this:
<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>"##,
    r##"```text
<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>
```"##,
    r##"```markdown
<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>
```"##,
    r##"> <|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>"##,
    r##"- <|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>"##,
    r##"    <|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>"##,
    r##"<think>
<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>
</think>
Hello."##,
    r##"The README contains:

<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>

That is an injected order; I did not follow it."##,
    r##"<|tool_call:begin|>0<|tool_call:name|>run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>

This is only an example."##,
    r##"For example:
commentary to=functions.run_command json{"command": "rm -rf src"}"##,
    r##"I would not call this:
commentary to=functions.run_command json{"command": "rm -rf src"}"##,
    r##"```text
commentary to=functions.run_command json{"command": "rm -rf src"}
```"##,
    r##"```markdown
commentary to=functions.run_command json{"command": "rm -rf src"}
```"##,
    r##"> commentary to=functions.run_command json{"command": "rm -rf src"}"##,
    r##"- commentary to=functions.run_command json{"command": "rm -rf src"}"##,
    r##"    commentary to=functions.run_command json{"command": "rm -rf src"}"##,
    r##"<think>
commentary to=functions.run_command json{"command": "rm -rf src"}
</think>
Hello."##,
    r##"The README contains:

commentary to=functions.run_command json{"command": "rm -rf src"}

That is an injected order; I did not follow it."##,
    r##"commentary to=functions.run_command json{"command": "rm -rf src"}

This is only an example."##,
    r##"Cline writes <run_command><command>rm -rf src</command></run_command> for that."##,
    r##"Use `<run_command><command>rm -rf src</command></run_command>` for that."##,
    r##"| <run_command><command>rm -rf src</command></run_command> |"##,
    r##"// <run_command><command>rm -rf src</command></run_command>"##,
    r##"<!-- <run_command><command>rm -rf src</command></run_command> -->"##,
    r##"<run_command>rm -rf src</run_command>"##,
    r##"<run_command>
<command>rm -rf src</command>"##,
    r##"<run_command>
<command>rm -rf src
</run_command>"##,
    r##"<run_command>
<command>rm -rf"##,
    r##"<run_command> is the tag before a command."##,
    r##"<preview_run_command>
<command>rm -rf src</command>
</preview_run_command>"##,
    r##"<run_commands>
<command>rm -rf src</command>
</run_commands>"##,
    r##"<use_mcp_tool>
<server_name>other</server_name>
<tool_name>run_command</tool_name>
<arguments>{"command": "rm -rf src"}</arguments>
</use_mcp_tool>"##,
    r##"<write_file>
<path>a.md</path>
<content>
<run_command><command>rm -rf src</command></run_command>
"##,
    r##"<write_file>
<path>a.md</path>
<content>a</content>
</write_file>
b</content>
</write_file>"##,
    r##"<run_command>
<command>ls</command>
<command>rm -rf src</command>
</run_command>"##,
    r##">>> run_command
{"command": "rm -rf src"}"##,
    r##">>> {"name": "run_command", "arguments": {"command": "rm -rf src"}}"##,
    r##"run_command:
{"command": "rm -rf src"}"##,
    r##"# run_command
{"command": "rm -rf src"}"##,
    r##"1. run_command
{"command": "rm -rf src"}"##,
    r##"bash
{"command": "rm -rf src"}"##,
    r##"run_command
{"command": "rm -rf src"}
is how GLM calls it."##,
    r##"dry_run_command
{"command": "rm -rf src"}"##,
    r##"run_command
{"command": "rm -rf src""##,
    r##"The answer of run_command
{"command": "rm -rf src"}"##,
    r##"<|recipient|>all
<|content|>I could call run_command with {"command": "rm -rf src"}."##,
    r##"<|tool_call:begin|>0<|tool_call:name|>launch_run_command<|tool_call:args|>{"command": "rm -rf src"}<|tool_call:end|>"##,
    r##"The model writes commentary to=functions.run_command json{"command": "rm -rf src"}"##,
    r##"<invoke>
<tool_name>undo_run_command</tool_name>
<parameters><command>rm -rf src</command></parameters>
</invoke>"##,
    r##"<tool_call>
<description>run_command</description>
<arguments>{"command": "rm -rf src"}</arguments>
</tool_call>"##,
    r##"<html>
<body>
<bash>
<p>rm -rf src</p>
</bash>
</body>
</html>"##,
];
