//! The file tools as a clumsy model calls them: what it is told, and what becomes of the files.
//!
//! Each call runs in a workspace of its own, in which all of `src/lib.rs`, `conf.toml` and `Makefile`
//! was read. The snapshot is to be read: every result must be clear to somebody who knows nothing
//! else, and no file may be made or changed that the call does not mean.

use std::fmt::Write;

use serde_json::{Value, json};

use super::ToolError;
use super::tests_support::{Bench, call};
use super::toolbox::{ToolSet, Toolbox};
use crate::model::repair::check;

const LIB: &str = "\
use std::time::Duration;

pub fn timeout() -> Duration {
    let timeout = 30;
    Duration::from_secs(timeout)
}

pub fn recount(items: &[u32]) -> usize {
    items.len()
}
";

const FILES: &[(&str, &str)] = &[
    ("src/lib.rs", LIB),
    ("src/net/mod.rs", "pub fn dial() {}\n"),
    ("docs/cafe\u{301}.md", "# Cafe\u{301}\n"),
    ("docs/two words.md", "two\n"),
    ("tests/test_a.py", "def test_x():\n    assert True\n"),
    ("conf.toml", "max-size = 3\nwait = 3.5\n"),
    ("Makefile", "all:\n\tcargo build\n"),
    ("windows.txt", "one\r\ntwo\r\n"),
    ("open.txt", "no line end"),
    ("empty.txt", ""),
];

fn bench() -> Bench {
    let bench = Bench::new();
    for (path, text) in FILES {
        bench.file(path, text);
    }
    bench.bytes("wide.txt", b"\xff\xfeo\0n\0e\0\n\0");
    bench.bytes("image.png", b"\x89PNG\0\0");
    bench
}

/// Every file, with its bytes as text.
fn files(bench: &Bench) -> Vec<(String, String)> {
    let mut pending = vec![bench.root().to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let name = path.strip_prefix(bench.root()).unwrap();
            let text = bytes.escape_ascii().to_string().replace("\\n", "\n");
            found.push((name.to_str().unwrap().to_owned(), text));
        }
    }
    found.sort();
    found
}

/// What a call gives, and which files it makes, changes or takes away.
async fn outcome(name: &str, arguments: Value) -> String {
    let bench = bench();
    for path in ["src/lib.rs", "conf.toml", "Makefile"] {
        bench
            .call(&call("read_file", json!({"path": path})))
            .await
            .unwrap();
    }
    let before = files(&bench);
    let root = bench.root().to_str().unwrap().to_owned();
    let written = arguments.to_string().replace("{root}", &root);
    let given = call(name, serde_json::from_str(&written).unwrap());
    let mut text = format!("## {name} {arguments}\n");
    let told = match check(given, &Toolbox::builtin().specs(ToolSet::All)) {
        Err(error) => format!("[refused] {error}"),
        Ok(checked) => match bench.call(&checked).await {
            Ok(output) => output.text,
            Err(ToolError::TellModel(error)) => format!("[refused] {error}"),
            Err(error) => panic!("{name} {arguments}: {error:?}"),
        },
    };
    let _ = writeln!(text, "{}", told.replace(&root, "{root}").trim_end());
    let after = files(&bench);
    for (path, content) in &after {
        if !before.contains(&(path.clone(), content.clone())) {
            let _ = writeln!(text, "--> {path}:\n{}", content.trim_end_matches('\n'));
        }
    }
    for (path, _) in &before {
        if !after.iter().any(|(other, _)| other == path) {
            let _ = writeln!(text, "--> {path} is gone");
        }
    }
    text
}

async fn outcomes(calls: &[(&str, Value)]) -> String {
    let mut all = String::new();
    for (name, arguments) in calls {
        let _ = writeln!(all, "{}", outcome(name, arguments.clone()).await);
    }
    all
}

/// A call of each kind for one path.
fn writes(path: &str) -> (&'static str, Value) {
    ("write_file", json!({"path": path, "content": "new\n"}))
}

fn edits(path: &str, search: &str, replace: &str) -> (&'static str, Value) {
    (
        "edit_file",
        json!({"path": path, "search": search, "replace": replace}),
    )
}

#[tokio::test]
async fn files_that_are_made() {
    let paths = [
        "src/new.rs:12",
        "src/new.rs#L3",
        "src/LIB.rs",
        "SRC/x.rs",
        "src/lib.rs ",
        "./src//lib.rs",
        "\"src/new.rs\"",
        "a/src/lib.rs",
        "b/src/new.rs",
        "file://{root}/src/new.rs",
        "file:///src/new.rs",
        "file://src/new.rs",
        "src\\new.rs",
        "src/lib.rs:4",
        "docs/caf\u{e9}.md",
        "docs/two\u{a0}words.md",
        "docs/two\u{2013}words.md",
        "docs/ne\u{200b}w.md",
        "src/ne\u{7}w.rs",
        "C:\\work\\src\\new.rs",
        "/src/new.rs",
        "/home/me/project/src/lib.rs",
        "../new.rs",
        "~/new.rs",
        "$HOME/new.rs",
        "https://example.com/new.rs",
        "src/",
        "src",
        "src/*.rs",
        "<path>",
        "tests/test_a.py::test_x",
        "src/lib.rs/new.rs",
        "image.png",
        "",
    ];
    let calls: Vec<_> = paths.iter().map(|path| writes(path)).collect();
    insta::assert_snapshot!(outcomes(&calls).await);
}

#[tokio::test]
async fn files_that_are_changed() {
    let calls = [
        edits("src/lib.rs", "timeout = 3", "timeout = 5"),
        edits("src/lib.rs", "count(items", "total(items"),
        edits("src/lib.rs", "timeout", "deadline"),
        edits("src/lib.rs", "let timeout = 30;", "let timeout = 30;"),
        edits("src/lib.rs", "", "x"),
        edits("src/lib.rs", "no such line", "x"),
        edits(
            "src/lib.rs",
            "4→    let timeout = 30;",
            "4→    let timeout = 60;",
        ),
        edits("SRC/Lib.rs", "= 30;", "= 60;"),
        edits("a/src/lib.rs", "= 30;", "= 60;"),
        edits("src/lib.rs:4", "= 30;", "= 60;"),
        edits("lib.rs", "= 30;", "= 60;"),
        edits("src/lib.py", "= 30;", "= 60;"),
        edits("src/new.rs", "", "fn a() {}\n"),
        edits("src", "a", "b"),
        edits("conf.toml", "size = 3", "size = 4"),
        edits("conf.toml", "wait = 3", "wait = 4"),
        edits(
            "Makefile",
            "\tcargo build\n",
            "    cargo build\n    cargo test\n",
        ),
        edits("windows.txt", "one\ntwo", "1\n2"),
        edits("open.txt", "line end", "line end at all"),
        edits("empty.txt", "", "full\n"),
        edits("wide.txt", "one", "two"),
        edits("docs/caf\u{e9}.md", "# Caf\u{e9}", "# Caf\u{e9} and bar"),
        edits("image.png", "PNG", "GIF"),
        (
            "edit_file",
            json!({"path": "src/lib.rs", "search": "timeout", "replace": "deadline", "all": "true"}),
        ),
        (
            "move_file",
            json!({"from": "src/LIB.rs", "to": "src/new.rs:3"}),
        ),
        ("move_file", json!({"from": "conf.toml", "to": "SRC/"})),
        ("move_file", json!({"from": "conf.toml", "to": "new/"})),
        ("delete_file", json!({"path": "Conf.toml"})),
        ("delete_file", json!({"path": "conf.tml"})),
    ];
    insta::assert_snapshot!(outcomes(&calls).await);
}

/// Calls that read, with arguments as small models write them.
fn reads() -> Vec<(&'static str, Value)> {
    vec![
        ("read_file", json!({"path": "src/lib.rs, lines 4-5"})),
        ("read_file", json!({"path": "@src/net/mod.rs"})),
        (
            "read_file",
            json!({"path": "src/lib.rs(4,9)", "end_line": null}),
        ),
        ("read_file", json!({"path": "tests/test_a.py::test_x"})),
        ("read_file", json!({"path": "DOCS/CAF\u{c9}.MD"})),
        ("read_file", json!({"path": "docs/two%20words.md"})),
        ("read_file", json!({"path": "src/libs.rs"})),
        ("read_file", json!({"path": "/home/me/project/src/lib.rs"})),
        ("read_file", json!({"path": "/etc/passwd"})),
        ("read_file", json!({"path": "src"})),
        ("read_file", json!({"path": "src/lib.rs", "start_line": 99})),
        (
            "read_file",
            json!({"path": "src/lib.rs", "start_line": -3, "end_line": "2"}),
        ),
        ("read_file", json!({"path": ["src/net/mod.rs"]})),
        ("read_file", json!({"path": {"file": "src/lib.rs"}})),
        ("read_file", json!({"path": 7})),
        ("read_file", json!({"path": null})),
        (
            "read_file",
            json!({"path": "src/lib.rs", "start_line": "ten"}),
        ),
        (
            "read_file",
            json!({"path": "src/lib.rs", "start_line": [2, 3]}),
        ),
    ]
}

/// Calls of other tools, with arguments as small models write them.
fn others() -> Vec<(&'static str, Value)> {
    vec![
        ("write_file", json!({"path": "src/new.rs", "content": 12})),
        (
            "write_file",
            json!({"path": "src/new.rs", "content": ["a", "b"]}),
        ),
        (
            "write_file",
            json!({"path": "new.json", "content": {"a": 1}}),
        ),
        ("write_file", json!({"path": "src/new.rs", "content": null})),
        (
            "edit_file",
            json!({"path": "src/lib.rs", "search": 30, "replace": 60}),
        ),
        (
            "edit_file",
            json!({"path": "src/lib.rs", "search": "= 30", "replace": "= 60", "all": "perhaps"}),
        ),
        ("list_directory", json!({"path": "SRC"})),
        ("list_directory", json!({"path": "src/lib.rs"})),
        ("list_directory", json!({"path": "nowhere"})),
        (
            "grep_search",
            json!({"regex": "dial", "path": "./src/net/"}),
        ),
        (
            "grep_search",
            json!({"regex": "caf\u{e9}", "path": "docs/caf\u{e9}.md"}),
        ),
        (
            "grep_search",
            json!({"regex": "dial", "path": "Src", "context": "two"}),
        ),
        ("grep_search", json!({"regex": ["dial", "one"]})),
        ("search_files", json!({"glob": "caf\u{e9}*"})),
        ("search_files", json!({"glob": true})),
        ("outline", json!({"path": "b/src/lib.rs"})),
    ]
}

#[tokio::test]
async fn files_that_are_read() {
    let calls = [reads(), others()].concat();
    insta::assert_snapshot!(outcomes(&calls).await);
}
