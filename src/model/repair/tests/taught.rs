//! The names that other agents taught models, their patches, and names that no tool has.

use serde_json::json;

use super::foreign::{Row, edit, read, understood};

/// The names that other agents taught their models, with the arguments that they take there.
pub(super) fn taught() -> Vec<Row> {
    let written = json!(["write_file", {"path": "a.rs", "content": "x"}]);
    let run = json!(["run_command", {"command": "ls"}]);
    let whole = || json!({"path": "a.rs", "content": "x"});
    let whole_read = read(json!({"path": "a.rs"}));
    vec![
        ("create", whole(), written.clone()),
        ("update_file", whole(), written.clone()),
        (
            "modify_file",
            json!({"file_path": "a.rs", "old_str": "a", "new_str": "b"}),
            edit("a", "b"),
        ),
        (
            "insert",
            json!({"path": "a.rs", "search": "a", "replace": "a\nb"}),
            edit("a", "a\nb"),
        ),
        (
            "search_and_replace",
            json!({"path": "a.rs", "search": "a", "replace": "b"}),
            edit("a", "b"),
        ),
        ("open", json!({"path": "a.rs"}), whole_read.clone()),
        ("get_file_contents", json!({"path": "a.rs"}), whole_read),
        (
            "view",
            json!({"path": "a.rs", "lines": "5-9"}),
            read(json!({"path": "a.rs", "start_line": 5, "end_line": 9})),
        ),
        (
            "find",
            json!({"path": "src", "name": "*.rs"}),
            json!(["search_files", {"glob": "src/*.rs"}]),
        ),
        ("run", json!({"cmd": "ls"}), run.clone()),
        ("execute", json!({"command": "ls"}), run.clone()),
        ("terminal", json!({"command": "ls"}), run),
        (
            "python",
            json!({"code": "print(1)\n"}),
            json!(["run_command", {"command": "python3 - <<'PY'\nprint(1)\nPY"}]),
        ),
        (
            "python",
            json!({"command": "python3 a.py"}),
            json!(["run_command", {"command": "python3 a.py"}]),
        ),
        (
            "write",
            json!({"path": "a.rs", "content": "x", "encoding": "UTF-8", "overwrite": true}),
            written,
        ),
    ]
}

#[test]
fn the_names_that_other_agents_taught_are_understood() {
    for (name, arguments, expected) in taught() {
        let call = understood(name, &arguments);
        assert_eq!(call, Ok(vec![expected]), "{name} {arguments}");
    }
}

#[test]
fn patches_and_lists_of_files_are_several_calls() {
    let patch = "*** Begin Patch\n*** Update File: a.rs\n@@\n-a\n+b\n*** Update File: a.rs\n\
                 @@\n c\n-d\n*** End Patch";
    let edits = vec![edit("a", "b"), edit("c\nd", "c")];
    let line = format!("apply_patch <<'EOF'\n{patch}\nEOF\n");
    let unified = "--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+b\n@@ -7,2 +7 @@\n c\n-d\n";
    for (name, arguments) in [
        ("apply_patch", json!({"input": patch})),
        ("apply_patch", json!({"patch": unified})),
        ("patch", json!({"path": "a.rs", "diff": unified})),
        ("shell", json!({"command": ["apply_patch", patch]})),
        ("shell", json!({"command": ["bash", "-lc", line]})),
        ("exec_command", json!({"command": line})),
    ] {
        assert_eq!(understood(name, &arguments), Ok(edits.clone()), "{name}");
    }
    let two = vec![read(json!({"path": "a.rs"})), read(json!({"path": "b.rs"}))];
    for arguments in [
        json!({"paths": ["a.rs", "b.rs"]}),
        json!({"paths": "[\"a.rs\", \"b.rs\"]"}),
        json!({"path": ["a.rs", "b.rs"]}),
        json!({"files": [{"path": "a.rs"}, {"path": "b.rs"}]}),
    ] {
        assert_eq!(understood("read_files", &arguments), Ok(two.clone()));
    }
    // A patch in a command that does more is a command.
    let more = format!("{line}rm -rf src");
    let run = json!(["run_command", {"command": more}]);
    let given = json!({"command": more});
    assert_eq!(understood("bash", &given), Ok(vec![run]));
}

#[test]
fn an_unknown_name_is_answered_with_the_tool_for_its_purpose() {
    for (name, aim) in [
        ("rewrite_lines_in_file", None),
        (
            "editText",
            Some("To change a file, call `edit_file` with {\"path\": string, "),
        ),
        (
            "make_new_file",
            Some("To create a file, call `write_file` with"),
        ),
        (
            "fetch_file_to_read",
            Some("To read a file, call `read_file` with"),
        ),
        (
            "preview_delete_file",
            Some("To delete a file, call `delete_file` with"),
        ),
        (
            "launch_run_command",
            Some("To run a command, call `run_command` with"),
        ),
        (
            "run_tests",
            Some("To run a command, call `run_command` with"),
        ),
        (
            "lookup_code",
            Some("To search the code, call `search_codebase` with"),
        ),
        ("create_issue", None),
        ("get_weather", None),
        ("web_search", None),
        ("frobnicate", None),
    ] {
        let error = understood(name, &json!({"path": "a.rs"})).expect_err(name);
        assert!(
            error.starts_with(&format!("there is no tool `{name}`; ")),
            "{error}"
        );
        match aim {
            Some(aim) => assert!(error.contains(aim), "{error}"),
            None => assert!(!error.contains(". To "), "{error}"),
        }
    }
}

#[test]
fn an_insertion_at_a_line_is_told_how_to_insert() {
    let given = json!({"command": "insert", "path": "a.rs", "insert_line": 3, "new_str": "x"});
    let error = understood("str_replace_editor", &given).expect_err("no insertion");
    assert!(
        error.contains("To insert lines, give the line before them"),
        "{error}"
    );
}
