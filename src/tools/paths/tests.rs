//! Files outside of the workspace, as rules of the user open them.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use tempfile::TempDir;

use crate::permission::{Confinement, Mode, Permission, permission};
use crate::tools::tests_support::{Bench, call};

struct Notes {
    folder: TempDir,
}

impl Notes {
    fn new() -> Notes {
        let folder = tempfile::tempdir().unwrap();
        let notes = Notes { folder };
        for (path, text) in [
            ("notes/a.md", "remember the milk\n"),
            ("notes/deep/b.md", "milk again\n"),
            ("notes/.env", "KEY=milk-and-honey-77\n"),
            ("notes/private/c.md", "no milk\n"),
            ("other/d.md", "milk\n"),
        ] {
            let path = notes.top().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        notes
    }

    fn top(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn path(&self, path: &str) -> String {
        self.top().join(path).to_str().unwrap().to_owned()
    }

    fn bench(&self) -> Bench {
        let rules = format!(
            "[[allow]]\nread = \"{0}/notes/**\"\n[[deny]]\nread = \"{0}/notes/private/\"\n",
            self.top().to_str().unwrap()
        );
        Bench::new().ruled(&rules)
    }
}

/// Whether a call runs unasked, as the engine judges it.
async fn allowed(bench: &Bench, tool: &str, path: &str) -> Result<(), String> {
    let arguments = json!({"path": path, "regex": "milk"});
    let prepared = match bench.prepare(&call(tool, arguments)).await {
        Ok(prepared) => prepared,
        Err(error) => return Err(error.to_string()),
    };
    let rules = &bench.context().rules;
    for effect in &prepared.effects {
        match permission(effect, Mode::Ask, Confinement::Full, rules) {
            Permission::Allow => {}
            other => return Err(format!("{other:?}")),
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_a_rule_opens_is_read_listed_and_searched() {
    let notes = Notes::new();
    let bench = notes.bench();
    let file = notes.path("notes/a.md");
    allowed(&bench, "read_file", &file).await.unwrap();
    let read = call("read_file", json!({"path": format!("{file}:1")}));
    let output = bench.call(&read).await.unwrap();
    assert_eq!(
        output.text,
        format!("{file}, lines 1-1 of 1:\n1→remember the milk\n")
    );
    assert_eq!(output.sources[0].path, file);
    assert!(bench.context().seen(&file).is_some());
    let folder = notes.path("notes");
    for tool in ["list_directory", "grep_search"] {
        allowed(&bench, tool, &folder).await.unwrap();
    }
    let list = call("list_directory", json!({"path": folder}));
    let output = bench.call(&list).await.unwrap();
    assert!(
        output.text.starts_with(&format!(
            "{folder}:\ndeep/\nprivate/\n.env  22 B\na.md  18 B\n"
        )),
        "{}",
        output.text
    );
    let grep = call("grep_search", json!({"path": folder, "regex": "milk"}));
    let output = bench.call(&grep).await.unwrap();
    assert_eq!(
        output.text,
        format!(
            "{folder}/a.md\n1:remember the milk\n{folder}/deep/b.md\n1:milk again\n(not searched: \
             2 with secrets or hidden by a rule)\n"
        )
    );
}

#[tokio::test]
async fn what_no_rule_opens_is_not_even_looked_at() {
    let notes = Notes::new();
    let bench = notes.bench();
    for path in [
        "other/d.md",
        "nowhere",
        "notes/private/c.md",
        "notes/../other/d.md",
    ] {
        for tool in ["read_file", "list_directory", "grep_search"] {
            let error = allowed(&bench, tool, &notes.path(path)).await.unwrap_err();
            assert!(
                error.contains("points outside the workspace"),
                "{path}: {error}"
            );
        }
    }
    let missing = allowed(&bench, "read_file", &notes.path("notes/nowhere.md")).await;
    assert!(missing.unwrap_err().contains("there is no"));
    // What is opened for reading is not written.
    let file = notes.path("notes/a.md");
    for (tool, arguments) in [
        ("write_file", json!({"path": file, "content": "x"})),
        (
            "edit_file",
            json!({"path": file, "search": "milk", "replace": "x"}),
        ),
        ("delete_file", json!({"path": file})),
        ("move_file", json!({"from": file, "to": "a.md"})),
    ] {
        bench.refused(&call(tool, arguments)).await;
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "remember the milk\n");
}

#[cfg(unix)]
#[tokio::test]
async fn links_lead_no_further_than_the_rule() {
    let notes = Notes::new();
    let bench = notes.bench();
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(notes.path(target), notes.path(name)).unwrap();
    };
    link("other/d.md", "notes/out.md");
    link("other", "notes/out");
    link("notes/private", "notes/closed");
    for path in ["notes/out.md", "notes/out/d.md", "notes/closed/c.md"] {
        let error = allowed(&bench, "read_file", &notes.path(path)).await;
        assert!(error.is_err(), "{path}");
    }
    for path in ["notes/out", "notes/closed"] {
        let error = allowed(&bench, "grep_search", &notes.path(path)).await;
        assert!(error.is_err(), "{path}");
    }
    let folder = notes.path("notes");
    let grep = call("grep_search", json!({"path": folder, "regex": "milk"}));
    let output = bench.call(&grep).await.unwrap();
    assert!(
        !output.text.contains("d.md") && !output.text.contains("c.md"),
        "{}",
        output.text
    );
}

#[tokio::test]
async fn a_missing_path_is_answered_with_the_one_that_agrees_most() {
    let bench = Bench::new();
    for path in ["a/net/mod.rs", "b/io/mod.rs", "b/net/mod.rs"] {
        bench.file(path, "x\n");
    }
    for (tool, given, expected) in [
        (
            "read_file",
            "shop/b/net/mod.rs",
            "similar paths: `b/net/mod.rs`, `a/net/mod.rs`, `b/io/mod.rs`",
        ),
        ("list_directory", "net", "similar paths: `a/net`, `b/net`"),
        ("grep_search", "io", "similar paths: `b/io`"),
    ] {
        let arguments = json!({"path": given, "regex": "x"});
        let error = bench.refused(&call(tool, arguments)).await;
        assert!(error.contains(expected), "{error}");
    }
}
