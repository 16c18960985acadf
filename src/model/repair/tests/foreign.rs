//! Calls in the layouts of other agents, against our tools.

use serde_json::{Value, json};

use super::super::{check, find_calls, reshaped};
use crate::message::ToolCall;
use crate::model::ToolSpec;
use crate::tools::{ToolSet, Toolbox};

fn tools() -> Vec<ToolSpec> {
    Toolbox::builtin().specs(ToolSet::All)
}

/// The calls that one stands for, or what is wrong with it.
pub(super) fn understood(name: &str, arguments: &Value) -> Result<Vec<Value>, String> {
    let tools = tools();
    let call = ToolCall {
        id: "call_1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    };
    let calls = reshaped(call, &tools).into_iter();
    let checked = calls.map(|call| check(call, &tools).map_err(|error| error.to_string()));
    let shown = |call: ToolCall| json!([call.name, call.arguments]);
    checked.map(|call| call.map(shown)).collect()
}

/// A call, and the one of ours that it is.
pub(super) type Row = (&'static str, Value, Value);

pub(super) fn read(rest: Value) -> Value {
    json!(["read_file", rest])
}

pub(super) fn edit(search: &str, replace: &str) -> Value {
    json!(["edit_file", {"path": "a.rs", "search": search, "replace": replace}])
}

/// Claude Code, opencode, Gemini, Qwen Code.
pub(super) fn claude() -> Vec<Row> {
    vec![
        (
            "Read",
            json!({"file_path": "a.rs", "offset": 10, "limit": 5}),
            read(json!({"path": "a.rs", "start_line": 10, "end_line": 14})),
        ),
        (
            "read",
            json!({"filePath": "a.rs", "offset": 0, "limit": 20}),
            read(json!({"path": "a.rs", "start_line": 0, "end_line": 20})),
        ),
        (
            "read_file",
            json!({"absolute_path": "a.rs", "limit": "20"}),
            read(json!({"path": "a.rs", "end_line": 20})),
        ),
        (
            "Write",
            json!({"file_path": "a.rs", "content": "x"}),
            json!(["write_file", {"path": "a.rs", "content": "x"}]),
        ),
        (
            "Edit",
            json!({"file_path": "a.rs", "old_string": "a", "new_string": "b", "replace_all": false}),
            json!(["edit_file", {"path": "a.rs", "search": "a", "replace": "b", "all": false}]),
        ),
        (
            "Bash",
            json!({"command": "ls", "description": "Lists", "timeout": 60, "run_in_background": false}),
            json!(["run_command", {"command": "ls", "timeout": 60}]),
        ),
        (
            "run_shell_command",
            json!({"command": "ls", "directory": "src"}),
            json!(["run_command", {"command": "ls", "cwd": "src"}]),
        ),
        (
            "Grep",
            json!({"pattern": "fn", "path": "src", "output_mode": "content", "-n": true, "-i": true, "-C": 2}),
            json!(["grep_search", {"regex": "(?i)fn", "path": "src", "context": 2}]),
        ),
        (
            "Glob",
            json!({"pattern": "**/*.rs", "path": "./src/"}),
            json!(["search_files", {"glob": "src/**/*.rs"}]),
        ),
        (
            "LS",
            json!({"path": "src"}),
            json!(["list_directory", {"path": "src"}]),
        ),
        (
            "replace",
            json!({"file_path": "a.rs", "old_string": "a", "new_string": "b"}),
            edit("a", "b"),
        ),
        (
            "search_file_content",
            json!({"pattern": "fn", "include": "*.rs"}),
            json!(["grep_search", {"regex": "fn", "glob": "*.rs"}]),
        ),
    ]
}

/// Cline, Roo, OpenHands, SWE-agent.
pub(super) fn cline() -> Vec<Row> {
    vec![
        (
            "execute_command",
            json!({"command": "ls", "requires_approval": "true"}),
            json!(["run_command", {"command": "ls"}]),
        ),
        (
            "write_to_file",
            json!({"path": "a.rs", "content": "x", "task_progress": "- [x] a"}),
            json!(["write_file", {"path": "a.rs", "content": "x"}]),
        ),
        (
            "search_files",
            json!({"path": "src", "regex": "fn", "file_pattern": "*.rs"}),
            json!(["grep_search", {"regex": "fn", "path": "src", "glob": "*.rs"}]),
        ),
        (
            "list_files",
            json!({"path": "src", "recursive": "true"}),
            json!(["search_files", {"glob": "src/**"}]),
        ),
        (
            "list_files",
            json!({"path": ".", "recursive": false}),
            json!(["list_directory", {"path": "."}]),
        ),
        (
            "read_file",
            json!({"path": "a.rs", "line_range": "5-9"}),
            read(json!({"path": "a.rs", "start_line": 5, "end_line": 9})),
        ),
        (
            "str_replace_editor",
            json!({"command": "view", "path": "a.rs", "view_range": [5, -1]}),
            read(json!({"path": "a.rs", "start_line": 5})),
        ),
        (
            "str_replace_based_edit_tool",
            json!({"command": "view", "path": "a.rs", "view_range": "[5, 9]"}),
            read(json!({"path": "a.rs", "start_line": 5, "end_line": 9})),
        ),
        (
            "str_replace_editor",
            json!({"command": "create", "path": "a.rs", "file_text": "x", "old_str": null}),
            json!(["write_file", {"path": "a.rs", "content": "x"}]),
        ),
        (
            "str_replace_editor",
            json!({"command": "str_replace", "path": "a.rs", "old_str": "a", "new_str": "b"}),
            edit("a", "b"),
        ),
        (
            "str_replace_editor",
            json!({"command": "str_replace", "path": "a.rs", "old_str": "a"}),
            edit("a", ""),
        ),
        (
            "execute_bash",
            json!({"command": "ls", "is_input": "false"}),
            json!(["run_command", {"command": "ls"}]),
        ),
    ]
}

pub(super) fn codex() -> Vec<Row> {
    vec![
        (
            "shell",
            json!({"command": ["bash", "-lc", "ls | wc"], "timeout_ms": 60000}),
            json!(["run_command", {"command": "ls | wc", "timeout": 60}]),
        ),
        (
            "run_terminal_cmd",
            json!({"command": "ls", "is_background": false, "explanation": "x"}),
            json!(["run_command", {"command": "ls"}]),
        ),
        (
            "run_in_terminal",
            json!({"command": "ls", "isBackground": false}),
            json!(["run_command", {"command": "ls"}]),
        ),
        (
            "read_file",
            json!({"target_file": "a.rs", "should_read_entire_file": false, "start_line_one_indexed": 3, "end_line_one_indexed_inclusive": 9}),
            read(json!({"path": "a.rs", "start_line": 3, "end_line": 9})),
        ),
        (
            "grep_search",
            json!({"query": "fn", "case_sensitive": false, "include_pattern": "*.rs"}),
            json!(["grep_search", {"regex": "(?i)fn", "glob": "*.rs"}]),
        ),
        (
            "replace_string_in_file",
            json!({"filePath": "a.rs", "oldString": "a", "newString": "b"}),
            edit("a", "b"),
        ),
        (
            "list_dir",
            json!({"relative_workspace_path": "src"}),
            json!(["list_directory", {"path": "src"}]),
        ),
    ]
}

#[test]
fn the_tools_of_other_agents_are_understood() {
    let rows = [claude(), cline(), codex()].concat();
    for (name, arguments, expected) in rows {
        assert_eq!(
            understood(name, &arguments),
            Ok(vec![expected]),
            "{name} {arguments}"
        );
    }
}

#[test]
fn several_edits_in_one_call_are_several_calls() {
    let diff = "------- SEARCH\na();\nb();\n=======\na(1);\n+++++++ REPLACE\n\n\
                <<<<<<< SEARCH\n:start_line:9\n-------\nc();\n=======\n>>>>>>> REPLACE\n";
    let edits = json!([
        {"old_string": "a();\nb();", "new_string": "a(1);"},
        {"oldText": "c();\n", "newText": ""},
    ]);
    let expected = vec![
        json!(["edit_file", {"path": "a.rs", "search": "a();\nb();", "replace": "a(1);"}]),
        json!(["edit_file", {"path": "a.rs", "search": "c();\n", "replace": ""}]),
    ];
    for (name, arguments) in [
        ("replace_in_file", json!({"path": "a.rs", "diff": diff})),
        (
            "apply_diff",
            json!({"path": "a.rs", "diff": format!("```\n{diff}```")}),
        ),
        ("MultiEdit", json!({"file_path": "a.rs", "edits": edits})),
        (
            "edit_file",
            json!({"path": "a.rs", "edits": edits.to_string()}),
        ),
    ] {
        assert_eq!(understood(name, &arguments), Ok(expected.clone()), "{name}");
    }
    let heading = "<<<<<<< SEARCH\nTitle\n=====\nold\n=======\nTitle\n=====\nnew\n>>>>>>> REPLACE";
    let given = json!({"path": "a.md", "diff": heading});
    let expected = json!(["edit_file", {
        "path": "a.md", "search": "Title\n=====\nold", "replace": "Title\n=====\nnew",
    }]);
    assert_eq!(understood("replace_in_file", &given), Ok(vec![expected]));
    let whole = "<<<<<<< SEARCH\n=======\nall\n>>>>>>> REPLACE";
    let written = json!(["write_file", {"path": "a.rs", "content": "all\n"}]);
    let given = json!({"path": "a.rs", "diff": whole});
    assert_eq!(understood("replace_in_file", &given), Ok(vec![written]));
    for torn in [
        "",
        "a\nb",
        "<<<<<<< SEARCH\na\n=======\nb",
        "<<<<<<< SEARCH\na\n>>>>>>> REPLACE",
        "<<<<<<< SEARCH\na\n=======\nb\n=======\nc\n>>>>>>> REPLACE",
        "@@ -1 +1,2 @@\n+b",
        "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\nand more",
    ] {
        let given = json!({"path": "a.rs", "diff": torn});
        let error = understood("replace_in_file", &given).expect_err(torn);
        assert!(
            error.contains("`edit_file` needs the argument `search`"),
            "{error}"
        );
    }
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    for (name, arguments) in [
        (
            "run_terminal_cmd",
            json!({"command": "ls", "is_background": true}),
        ),
        ("Bash", json!({"command": "ls", "run_in_background": true})),
        ("bash", json!({"command": "ls", "restart": true})),
        (
            "str_replace_editor",
            json!({"command": "insert", "path": "a.rs", "insert_line": 3, "new_str": "x"}),
        ),
        (
            "str_replace_editor",
            json!({"command": "undo_edit", "path": "a.rs"}),
        ),
        ("MultiEdit", json!({"path": "a.rs", "edits": []})),
        ("MultiEdit", json!({"path": "a.rs", "edits": ["a"]})),
        (
            "read_file",
            json!({"path": "a.rs", "view_range": [1, 2, 3]}),
        ),
        ("shell", json!({"command": [1, 2]})),
        ("shell", json!({"command": ["rm", "-rf", "a b"]})),
        ("mcp__files__read_file", json!({"path": "a.rs"})),
        ("preview_delete_file", json!({"path": "a.rs"})),
        ("launch_run_command", json!({"command": "ls"})),
        (
            "write_file",
            json!({"path": "a.rs", "content": "x", "append": true}),
        ),
        (
            "write_file",
            json!({"path": "a.rs", "content": "x", "encoding": "latin-1"}),
        ),
        (
            "update_file",
            json!({"path": "a.rs", "content": "x", "start_line": 3}),
        ),
        ("read_file", json!({"path": "a.rs", "lines": 50})),
        ("run_code", json!({"code": "1 + 1", "language": "ruby"})),
    ] {
        assert!(understood(name, &arguments).is_err(), "{name} {arguments}");
    }
}

#[test]
fn a_call_in_tags_is_understood_with_all_that_cline_and_roo_write() {
    let tools = tools();
    let diff = "<replace_in_file>\n<path>a.rs</path>\n<diff>\n------- SEARCH\n<b>old</b>\n=======\n\
                <b>new</b>\n+++++++ REPLACE\n</diff>\n</replace_in_file>";
    let two = "<read_file>\n<args>\n<file>\n<path>a.rs</path>\n<line_range>1-9</line_range>\n</file>\n\
               <file>\n<path>b.rs</path>\n</file>\n</args>\n</read_file>";
    let page = "<write_to_file>\n<path>a.html</path>\n<content>\n<html>\n<path>x</path>\n</html>\n\
                </content>\n<line_count>3</line_count>\n</write_to_file>";
    let run = "I run it.\n\n<execute_command>\n<command>cargo test</command>\n\
               <requires_approval>false</requires_approval>\n</execute_command>";
    for (text, expected) in [
        (
            diff,
            json!([["edit_file", {"path": "a.rs", "search": "<b>old</b>", "replace": "<b>new</b>"}]]),
        ),
        (
            two,
            json!([["read_file", {"path": "a.rs", "start_line": 1, "end_line": 9}], ["read_file", {"path": "b.rs"}]]),
        ),
        (
            page,
            json!([["write_file", {"path": "a.html", "content": "<html>\n<path>x</path>\n</html>"}]]),
        ),
        (run, json!([["run_command", {"command": "cargo test"}]])),
        (
            "<list_files>\n</list_files>",
            json!([["list_directory", {}]]),
        ),
    ] {
        let found = find_calls(text, &tools);
        assert_eq!(found.broken, None, "{text}");
        let calls: Vec<Value> = found
            .calls
            .iter()
            .map(|call| json!([call.name, call.arguments]))
            .collect();
        assert_eq!(Value::Array(calls), expected, "{text}");
    }
}
