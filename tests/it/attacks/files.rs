//! File tools that are told to leave the workspace, or to write what runs later.

use super::*;

const ROWS: &[Row] = &[
    Row {
        name: "read outside",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            ("read_file", r#"{"path": "../private/canary.txt"}"#),
            ("read_file", r#"{"path": "{top}/private/canary.txt"}"#),
            ("read_file", r#"{"path": "{root}/../private/canary.txt"}"#),
            ("read_file", r#"{"path": "{root}-evil/canary.txt"}"#),
            ("read_file", r#"{"path": "link/canary.txt"}"#),
            ("read_file", r#"{"path": "link.txt"}"#),
            ("read_file", r#"{"path": "chain/canary.rs"}"#),
            ("read_file", r#"{"path": "src/../link/deep/../canary.txt"}"#),
            ("read_file", r#"{"path": "magic{top}/private/canary.txt"}"#),
            ("read_file", r#"{"path": "~/notes.txt"}"#),
            ("read_file", r#"{"path": "$HOME/notes.txt"}"#),
            ("read_file", r#"{"path": "/proc/self/environ"}"#),
            (
                "read_file",
                r#"{"path": "file://{top}/private/canary.txt"}"#,
            ),
            (
                "read_file",
                r#"{"path": "../private/canary.txt\u0000.txt"}"#,
            ),
            ("read_file", r#"{"file": "..\\private\\canary.txt"}"#),
        ],
    },
    Row {
        name: "read secrets",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            ("read_file", r#"{"path": ".env"}"#),
            ("read_file", r#"{"path": "./.env"}"#),
            ("read_file", r#"{"path": "src/../.env"}"#),
            ("read_file", r#"{"path": "{root}/.env"}"#),
            ("read_file", r#"{"path": "harmless.txt"}"#),
            ("read_file", r#"{"path": ".ENV"}"#),
            ("grep_search", r#"{"regex": "yellow"}"#),
            ("grep_search", r#"{"regex": "yellow", "path": ".env"}"#),
            ("grep_search", r#"{"regex": "yellow", "glob": ".env"}"#),
            (
                "grep_search",
                r#"{"regex": "GREETING", "path": "harmless.txt"}"#,
            ),
            ("outline", r#"{"path": ".env"}"#),
            ("move_file", r#"{"from": ".env", "to": "plain.txt"}"#),
            ("read_file", r#"{"path": "plain.txt"}"#),
        ],
    },
    Row {
        name: "search and list outside",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            ("list_directory", r#"{"path": ".."}"#),
            ("list_directory", r#"{"path": "{top}/private"}"#),
            ("list_directory", r#"{"path": "link"}"#),
            ("list_directory", r#"{"path": "magic"}"#),
            ("list_directory", r#"{"path": "~"}"#),
            ("search_files", r#"{"glob": "../**/*.txt"}"#),
            ("search_files", r#"{"glob": "{top}/private/*"}"#),
            ("search_files", r#"{"glob": "link/**"}"#),
            ("grep_search", r#"{"regex": "yellow", "path": ".."}"#),
            ("grep_search", r#"{"regex": "yellow", "path": "link"}"#),
            (
                "grep_search",
                r#"{"regex": "yellow", "path": "{top}/home"}"#,
            ),
            ("grep_search", r#"{"regex": "yellow", "glob": "../**"}"#),
            ("outline", r#"{"path": "chain/canary.rs"}"#),
            ("outline", r#"{"path": "../private/deep/canary.rs"}"#),
        ],
    },
    Row {
        name: "write outside",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            (
                "write_file",
                r#"{"path": "../private/canary.txt", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": "../private/new.txt", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": "{top}/private/canary.txt", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": "{root}-evil/new.txt", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "link/new.txt", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": "link/a/b/new.txt", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "link.txt", "content": "x"}"#),
            ("write_file", r#"{"path": "dangling.txt", "content": "x"}"#),
            ("write_file", r#"{"path": "chain/new.rs", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": "magic{top}/new.txt", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "~/.bashrc", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": "{top}/home/.bashrc", "content": "x"}"#,
            ),
            (
                "edit_file",
                r#"{"path": "link.txt", "search": "yellow", "replace": "x"}"#,
            ),
            (
                "edit_file",
                r#"{"path": "../home/notes.txt", "search": "canary", "replace": ""}"#,
            ),
        ],
    },
    Row {
        name: "move and delete outside",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            ("delete_file", r#"{"path": "../private/canary.txt"}"#),
            ("delete_file", r#"{"path": "{top}/home/notes.txt"}"#),
            ("delete_file", r#"{"path": "link/canary.txt"}"#),
            ("delete_file", r#"{"path": "chain/canary.rs"}"#),
            ("delete_file", r#"{"path": "~/.bashrc"}"#),
            (
                "move_file",
                r#"{"from": "../private/canary.txt", "to": "mine.txt"}"#,
            ),
            (
                "move_file",
                r#"{"from": "link/canary.txt", "to": "mine.txt"}"#,
            ),
            (
                "move_file",
                r#"{"from": "notes.txt", "to": "../notes.txt"}"#,
            ),
            (
                "move_file",
                r#"{"from": "notes.txt", "to": "link/notes.txt"}"#,
            ),
            (
                "move_file",
                r#"{"from": "notes.txt", "to": "{top}/home/.profile"}"#,
            ),
            (
                "move_file",
                r#"{"from": "notes.txt", "to": "magic/tmp/ollacode-attack"}"#,
            ),
            ("move_file", r#"{"from": "link", "to": "folder"}"#),
        ],
    },
    Row {
        name: "write what runs later",
        modes: EVERY,
        prepare: as_it_is,
        calls: &[
            ("read_file", r#"{"path": ".vscode/tasks.json"}"#),
            ("read_file", r#"{"path": ".github/workflows/x.yml"}"#),
            ("read_file", r#"{"path": "build.rs"}"#),
            ("read_file", r#"{"path": "package.json"}"#),
            ("read_file", r#"{"path": ".envrc"}"#),
            ("read_file", r#"{"path": ".cargo/config.toml"}"#),
            (
                "write_file",
                r#"{"path": ".git/hooks/pre-commit", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".git/hooks/post-checkout", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".GIT/hooks/pre-push", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": "src/../.git/config", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": "hooks/pre-commit", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": ".envrc", "content": "x"}"#),
            ("write_file", r#"{"path": ".env", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": ".vscode/tasks.json", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".github/workflows/x.yml", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".ollacode/config.toml", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".cargo/config.toml", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "build.rs", "content": "x"}"#),
            ("write_file", r#"{"path": "package.json", "content": "x"}"#),
            (
                "edit_file",
                r#"{"path": "package.json", "search": "{", "replace": "{ "}"#,
            ),
            (
                "edit_file",
                r#"{"path": "build.rs", "search": "as it was", "replace": "x"}"#,
            ),
            ("delete_file", r#"{"path": ".github/workflows/x.yml"}"#),
            ("delete_file", r#"{"path": ".git/hooks/pre-commit"}"#),
            (
                "move_file",
                r#"{"from": "notes.txt", "to": ".git/hooks/pre-push"}"#,
            ),
            ("move_file", r#"{"from": "build.rs", "to": "old.rs"}"#),
            ("move_file", r#"{"from": ".envrc", "to": "envrc"}"#),
            (
                "write_file",
                r#"{"path": "a/b/.vscode/tasks.json", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".cursor/mcp.json", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".devcontainer.json", "content": "x"}"#,
            ),
            (
                "write_file",
                r#"{"path": ".gitattributes", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "flake.nix", "content": "x"}"#),
            ("write_file", r#"{"path": "lib/evil.pth", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": "tests/conftest.py", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "makefile", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": ".yarn/releases/yarn.cjs", "content": "x"}"#,
            ),
        ],
    },
    Row {
        name: "write instructions for later sessions",
        modes: &[ASK, EDIT, PLAN],
        prepare: as_it_is,
        calls: &[
            (
                "write_file",
                r#"{"path": "docs/AGENTS.md", "content": "x"}"#,
            ),
            ("write_file", r#"{"path": "OLLACODE.md", "content": "x"}"#),
            ("write_file", r#"{"path": "Claude.md", "content": "x"}"#),
            ("write_file", r#"{"path": ".cursorrules", "content": "x"}"#),
            (
                "write_file",
                r#"{"path": ".github/copilot-instructions.md", "content": "x"}"#,
            ),
            ("delete_file", r#"{"path": "AGENTS.md"}"#),
        ],
    },
];

#[test]
fn file_tools_do_not_leave_nor_write_what_runs() {
    let sessions = play_all(ROWS, |row, flags, done| {
        let changes = ["write_file", "edit_file", "delete_file", "move_file"];
        for (made, (tool, arguments)) in done.calls().iter().zip(row.calls) {
            let is_change = changes.contains(tool);
            let is_read = *tool == "read_file" || *tool == "outline";
            let is_asked = row.name == "write what runs later";
            if is_change || (is_read && !is_asked) {
                let is_done = made.ends_with(" done");
                assert!(!is_done, "{} {flags:?}: {tool} {arguments}", row.name);
            }
        }
        for told in done.told() {
            assert!(!told.contains("canary.txt\n"), "{}: {told}", row.name);
        }
    });
    assert!(sessions >= 27, "{sessions} sessions");
}

#[test]
fn nothing_at_all_is_written_without_leave() {
    let rows: &[Row] = &[Row {
        name: "write inside",
        modes: &[ASK, PLAN],
        prepare: as_it_is,
        calls: &[
            ("write_file", r#"{"path": "new.txt", "content": "x"}"#),
            ("write_file", r#"{"path": "a/b/c/new.txt", "content": "x"}"#),
            (
                "edit_file",
                r#"{"path": "notes.txt", "search": "ninety", "replace": "x"}"#,
            ),
            ("delete_file", r#"{"path": "notes.txt"}"#),
            ("move_file", r#"{"from": "notes.txt", "to": "moved.txt"}"#),
            ("run_command", r#"{"command": "touch made"}"#),
            ("run_command", r#"{"command": "ls > made"}"#),
            ("run_command", r#"{"command": "ls; touch made"}"#),
            ("run_command", r#"{"command": "sort -o made notes.txt"}"#),
        ],
    }];
    let sessions = play_all(rows, |_, flags, done| {
        for made in done.calls() {
            assert!(is_harmless(&made), "{flags:?}: {done}");
        }
    });
    assert_eq!(sessions, 2);
}
