//! The arguments of a call, read by their types: the call was checked against its tool before.

use serde_json::Value;

use super::ToolError;
use crate::message::ToolCall;

/// Other names that models know a path by.
pub(super) const PATH: &[&str] = &[
    "filepath",
    "file_path",
    "file",
    "filename",
    "target_file",
    "relative_path",
    "absolute_path",
];

/// Other names that models know an edit by, from the editors of other agents.
pub(super) const EDIT_NAMES: &[&str] = &[
    "str_replace",
    "replace_in_file",
    "str_replace_editor",
    "str_replace_based_edit_tool",
    "search_replace",
    "search_and_replace",
    "replace_string_in_file",
    "apply_diff",
    "multi_edit",
    "edit",
    "replace",
    "insert",
    "modify",
    "modify_file",
    "update_file",
    "change_file",
    "edit_existing_file",
    "find_and_replace",
    "replace_text",
    "apply_patch",
    "apply_edit",
    "patch",
    "patch_file",
];

/// A text that must be there.
pub(super) fn text<'call>(call: &'call ToolCall, name: &str) -> Result<&'call str, ToolError> {
    call.arguments
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| ToolError::TellModel(format!("{} needs `{name}` (text)", call.name)))
}

/// A text that may be missing; an empty one is as good as none.
pub(super) fn optional_text<'call>(call: &'call ToolCall, name: &str) -> Option<&'call str> {
    let text = call.arguments.get(name)?.as_str()?.trim();
    (!text.is_empty()).then_some(text)
}

/// A number that may be missing. Models write 0, or less, for "as you like".
pub(super) fn number(call: &ToolCall, name: &str) -> Option<usize> {
    let number = call.arguments.get(name)?.as_i64()?;
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// Whether something is wanted.
pub(super) fn flag(call: &ToolCall, name: &str) -> bool {
    let value = call.arguments.get(name);
    value.and_then(Value::as_bool).unwrap_or(false)
}

/// A list of texts, perhaps empty.
pub(super) fn texts(call: &ToolCall, name: &str) -> Vec<String> {
    let values = call.arguments.get(name).and_then(Value::as_array);
    let texts = values.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests_support::call;

    #[test]
    fn arguments_are_read_by_their_types() {
        let call = call(
            "any",
            json!({"text": "a", "empty": " ", "number": 3, "zero": 0, "less": -1,
                   "flag": true, "texts": ["x", "y"], "null": null}),
        );
        assert_eq!(text(&call, "text"), Ok("a"));
        assert!(text(&call, "missing").is_err());
        assert!(text(&call, "number").is_err());
        assert_eq!(optional_text(&call, "text"), Some("a"));
        assert_eq!(optional_text(&call, "empty"), None);
        assert_eq!(optional_text(&call, "null"), None);
        assert_eq!(number(&call, "number"), Some(3));
        assert_eq!(number(&call, "zero"), None);
        assert_eq!(number(&call, "less"), None);
        assert!(flag(&call, "flag"));
        assert!(!flag(&call, "missing"));
        assert_eq!(texts(&call, "texts"), ["x", "y"]);
        assert!(texts(&call, "missing").is_empty());
    }
}
