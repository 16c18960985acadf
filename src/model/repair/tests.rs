//! Replies of real models, and texts that must never count as a call.

mod answers;
mod any_reply;
mod arguments;
mod find;
mod foreign;
mod formats;
mod garbled;
mod gate;
mod malformed;
mod marked;
mod more_formats;
mod no_calls;
mod protocol;
mod quoted;
mod quoted_formats;
mod reader;
mod taught;
mod unmarked;

use serde_json::{Value, json};

use self::marked::marked;
use self::unmarked::unmarked;
use super::*;
use crate::model::{Parameter, ParameterKind};

fn parameter(name: &str, aliases: &[&str], kind: ParameterKind, required: bool) -> Parameter {
    Parameter {
        name: name.to_owned(),
        aliases: owned(aliases),
        kind,
        description: "What it means.".to_owned(),
        required,
    }
}

fn tool(name: &str, aliases: &[&str], parameters: &[Parameter]) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        aliases: owned(aliases),
        description: "What it does.".to_owned(),
        parameters: parameters.to_vec(),
        schema: None,
        takes_others: false,
        other_form: None,
        is_core: true,
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

use ParameterKind::{Boolean, Integer, Schema, Text, Texts};

const PATH: &[&str] = &["filepath", "file_path"];

static TOOLS: LazyLock<Vec<ToolSpec>> = LazyLock::new(all_tools);

fn all_tools() -> Vec<ToolSpec> {
    vec![
        tool(
            "read_file",
            &["cat"],
            &[
                parameter("path", PATH, Text, true),
                parameter("start_line", &[], Integer, false),
                parameter("end_line", &[], Integer, false),
            ],
        ),
        tool(
            "write_file",
            &["create_file"],
            &[
                parameter("path", PATH, Text, true),
                parameter("content", &["text"], Text, true),
            ],
        ),
        tool(
            "edit_file",
            &[],
            &[
                parameter("path", PATH, Text, true),
                parameter("search", &["old_string", "old_content"], Text, true),
                parameter("replace", &["new_string", "new_content"], Text, true),
                parameter("all", &[], Boolean, false),
            ],
        ),
        tool(
            "run_command",
            &["run_bash_command", "bash"],
            &[
                parameter("command", &["cmd"], Text, true),
                parameter("timeout", &[], Integer, false),
            ],
        ),
        tool(
            "search_codebase",
            &["search_code"],
            &[
                parameter("query", &["input"], Text, true),
                parameter("limit", &[], Integer, false),
            ],
        ),
    ]
    .into_iter()
    .chain(further_tools())
    .collect()
}

fn further_tools() -> Vec<ToolSpec> {
    vec![
        tool(
            "search_files",
            &[],
            &[parameter("glob", &["pattern", "file_pattern"], Text, true)],
        ),
        tool(
            "grep_search",
            &["grep"],
            &[
                parameter("regex", &["pattern", "query", "glob"], Text, true),
                parameter("path", PATH, Text, false),
                parameter("glob", &[], Text, false),
            ],
        ),
        tool(
            "list_directory",
            &["ls"],
            &[parameter("path", &[], Text, false)],
        ),
        tool("find_symbol", &[], &[parameter("name", &[], Text, true)]),
        tool(
            "ask_user",
            &[],
            &[
                parameter("question", &[], Text, true),
                parameter("options", &[], Texts, false),
            ],
        ),
    ]
}

/// A reply with calls: the text, what is left of it, and the names and arguments.
type Case = (&'static str, &'static str, Value);

fn read_main() -> Value {
    json!([["read_file", {"path": "src/main.rs"}]])
}

fn cases() -> Vec<Case> {
    marked().into_iter().chain(unmarked()).collect()
}

fn shown(calls: &[ToolCall]) -> Vec<Value> {
    let shown = |call: &ToolCall| json!([call.name, call.arguments]);
    calls.iter().map(shown).collect()
}

/// Tells whether a call has what its tool requires, in the right types, and nothing else.
fn is_valid(call: &ToolCall) -> bool {
    let Some(tool) = TOOLS.iter().find(|tool| tool.name == call.name) else {
        return false;
    };
    let fits = |parameter: &Parameter| match (call.arguments.get(&parameter.name), &parameter.kind)
    {
        (None, _) => !parameter.required,
        (Some(_), Schema(_)) => true,
        (Some(value), Text) => value.is_string(),
        (Some(value), Integer) => value.is_i64(),
        (Some(value), Boolean) => value.is_boolean(),
        (Some(value), Texts) => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
    };
    let known = |key: &String| {
        tool.parameters
            .iter()
            .any(|parameter| parameter.name == *key)
    };
    tool.parameters.iter().all(fits) && call.arguments.keys().all(known)
}

/// Shows a text in pieces, and gives what was shown and what was held.
fn gated<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, String) {
    let mut gate = StreamFilter::new(&TOOLS);
    let shown: String = pieces.into_iter().map(|piece| gate.push(piece)).collect();
    let held = gate.held().to_owned();
    assert_eq!(gate.finish(), [shown.as_str(), held.as_str()].concat());
    (shown, held)
}
