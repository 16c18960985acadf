//! What a call is about, for people: its path or its command, never its JSON.

use std::borrow::Cow;

use ollacode_secrets::redact;
use serde_json::{Map, Value};

use super::effects::{command_title, is_external};
use crate::message::ToolCall;
use crate::permission::Preview;
use crate::tools::PreparedCall;
use crate::visible::escape_hidden;

/// Arguments that tell it, the most telling first; also under the names that models make up.
const TELLING: [&str; 19] = [
    "path",
    "file_path",
    "filepath",
    "file",
    "filename",
    "from",
    "command",
    "cmd",
    "script",
    "query",
    "regex",
    "pattern",
    "glob",
    "symbol",
    "name",
    "folder",
    "directory",
    "dir",
    "question",
];
/// Longest value of an argument that is shown with its name, in characters.
const SHORT: usize = 40;

/// The most telling argument, else the short ones with their names.
pub(super) fn about(arguments: &Map<String, Value>) -> String {
    let text = |name: &str| {
        arguments
            .get(name)?
            .as_str()
            .filter(|text| !text.trim().is_empty())
    };
    if let Some(telling) = TELLING.into_iter().find_map(text) {
        return redact(telling.trim()).text.into_owned();
    }
    let short = arguments.iter().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let is_short = value.chars().count() <= SHORT && !value.contains('\n');
        is_short.then(|| format!("{name} {value}"))
    });
    // Whether a map keeps its order is for other crates to say.
    let mut short: Vec<String> = short.collect();
    short.sort();
    redact(&short.join(", ")).text.into_owned()
}

/// A call in a line, as the user is asked about it.
pub(super) fn title(call: &ToolCall, prepared: &PreparedCall) -> String {
    match &prepared.preview {
        _ if prepared.effects.iter().any(is_external) => {
            format!("call {}", escape_hidden(&prepared.what))
        }
        Preview::Command(_) => command_title(&prepared.effects),
        Preview::Edits(_) | Preview::Text(_) | Preview::None => {
            let verb = call.name.split('_').next().unwrap_or(&call.name);
            format!("{verb} {}", escape_hidden(&prepared.what))
        }
    }
}

/// Escapes hidden characters and adds a note if there were any.
pub(super) fn shown_hidden(text: String) -> String {
    match escape_hidden(&text) {
        Cow::Owned(shown) => format!(
            "{shown}\n(hidden characters are shown as escapes such as `\\u{{202e}}`; they can \
             disguise what a text says)\n"
        ),
        Cow::Borrowed(_) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_failed_call_shows_its_path_or_command_and_no_json() {
        for (arguments, expected) in [
            (
                json!({"search": "a", "replace": "b", "path": "src/a.rs"}),
                "src/a.rs",
            ),
            (
                json!({"file_path": " src/a.rs ", "content": "x"}),
                "src/a.rs",
            ),
            (json!({"command": "cargo test"}), "cargo test"),
            (json!({"path": "", "regex": "fn .*"}), "fn .*"),
            (
                json!({"path": {"a": 1}, "limit": 3, "all": true}),
                "all true, limit 3",
            ),
            (json!({"content": "one\ntwo", "lines": [1, 2]}), ""),
            (json!({}), ""),
        ] {
            let arguments = arguments.as_object().expect("an object");
            assert_eq!(about(arguments), expected, "{arguments:?}");
        }
    }
}
