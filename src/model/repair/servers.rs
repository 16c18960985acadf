//! Calls of tools of servers by their own names, though one tool of ours calls them all.

use serde_json::{Map, Value, json};

use crate::message::ToolCall;
use crate::model::ToolSpec;

/// The tool that calls those of servers.
const CALLS_THEM: &str = "use_tool";
/// What stands between a server and its tool, as models write it.
const SEPARATORS: [&str; 4] = [".", "__", "::", "/"];

/// The same call by means of our tool, if that is offered and the name is that of a server and a tool.
pub(super) fn through_our_tool(call: ToolCall, tools: &[ToolSpec]) -> ToolCall {
    let is_offered = tools.iter().any(|tool| tool.name == CALLS_THEM);
    let parts = SEPARATORS
        .iter()
        .find_map(|it| call.name.trim().split_once(it));
    let is_of_server = parts.is_some_and(|(server, tool)| !server.is_empty() && !tool.is_empty());
    if !is_offered || !is_of_server {
        return call;
    }
    let mut arguments = Map::new();
    arguments.insert("name".to_owned(), json!(call.name));
    arguments.insert("arguments".to_owned(), Value::Object(call.arguments));
    ToolCall {
        id: call.id,
        name: CALLS_THEM.to_owned(),
        arguments,
    }
}

#[cfg(test)]
mod tests {
    use super::super::reshaped;
    use super::*;

    fn call(name: &str) -> ToolCall {
        let arguments = json!({"query": "x"});
        ToolCall {
            id: "1".to_owned(),
            name: name.to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
        }
    }

    fn spec(name: &str) -> ToolSpec {
        ToolSpec::from_schema(name.to_owned(), String::new(), json!({"type": "object"}))
    }

    #[test]
    fn a_tool_of_a_server_is_called_by_our_tool_where_there_is_one() {
        let tools = [spec("read_file"), spec("use_tool")];
        for name in ["github.search", "mcp__github__search", "github/search"] {
            let expected = ToolCall {
                id: "1".to_owned(),
                name: "use_tool".to_owned(),
                arguments: json!({"name": name, "arguments": {"query": "x"}})
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            };
            assert_eq!(reshaped(call(name), &tools), [expected]);
            assert_eq!(reshaped(call(name), &tools[..1]), [call(name)]);
        }
        for name in [
            "search",
            "functions.read_file",
            "read_file",
            ".search",
            "__x",
            "get_weather",
        ] {
            let [only] = &reshaped(call(name), &tools)[..] else {
                panic!("{name} is several calls");
            };
            assert_ne!(only.name, "use_tool", "{name}");
        }
    }
}
