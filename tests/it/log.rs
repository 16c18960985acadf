//! `ollacode log` from end to end: what a session did, from its journal.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// A session that reads, edits, and is denied a command: network access needs approval at every
/// level of confinement, and there is no terminal to ask on.
fn talked() -> (ChatServer, Environment) {
    let edit = json!({"path": "notes.txt", "search": "ninety", "replace": "eighty"});
    let server = ChatServer::start(vec![
        Reply::text("").call("read_file", json!({"path": "notes.txt"})),
        Reply::text("").call("edit_file", edit),
        Reply::text("").call("run_command", json!({"command": "git push"})),
        Reply::text("It is eighty now."),
    ]);
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL)
        .with("TZ", "UTC");
    environment.write("notes.txt", NOTES);
    ask(&environment, &["--auto-edit"], "Make it eighty degrees.");
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
    (server, environment)
}

#[track_caller]
fn ask(environment: &Environment, flags: &[&str], prompt: &str) {
    let mut arguments = vec!["chat", "-p", prompt];
    arguments.extend(flags);
    let _ = environment.run(&arguments).expect_success();
}

/// The journals of sessions in a folder.
fn journals(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(journals(&path));
        } else if path.file_name().is_some_and(|name| name == "journal.jsonl") {
            found.push(path);
        }
    }
    found
}

/// The entries of a kind.
fn of<'a>(entries: &'a [Value], action: &str) -> Vec<&'a Value> {
    let entries = entries.iter();
    entries.filter(|entry| entry["action"] == action).collect()
}

#[test]
fn a_session_is_told_in_order_and_what_was_denied_says_so() {
    let (_server, environment) = talked();
    let output = environment.run(&["log"]).expect_success();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert!(lines[0].contains(CHAT_MODEL), "{output:#?}");
    let mut rest = lines.iter();
    for part in [
        "mode       auto-edit",
        "question   Make it eighty degrees.",
        "ran        read_file notes.txt  done",
        "ran        edit_file notes.txt  done",
        "changed    notes.txt  ",
        "denied     run_command git push  the user must approve this",
    ] {
        let is_there = rest.any(|line| line.contains(part));
        assert!(is_there, "`{part}` is not there, or too early: {output:#?}");
    }
    let asked = lines.iter().find(|line| line.contains("question "));
    assert!(
        asked.is_some_and(|line| line.starts_with("turn 1  ")),
        "{output:#?}"
    );
    assert!(!output.stdout.contains('\u{1b}'), "{output:#?}");
}

#[test]
fn the_json_says_which_call_changed_what_and_when() {
    let (_server, environment) = talked();
    let output = environment.run(&["log", "--json"]).expect_success();
    let entries = output.json_lines();
    assert_eq!(entries[0]["action"], "started", "{entries:#?}");
    assert_eq!(entries[0]["model"], CHAT_MODEL);
    for entry in &entries {
        assert_eq!(entry["session"], entries[0]["session"], "{entry:#}");
        let at = entry["at"].as_str().unwrap_or_default();
        assert!(at.len() == 20 && at.ends_with('Z'), "{entry:#}");
    }
    let calls: Vec<String> = of(&entries, "call")
        .into_iter()
        .map(|call| {
            let word = |name: &str| call[name].as_str().unwrap_or_default();
            format!("{} {}: {}", word("tool"), word("what"), word("outcome"))
        })
        .collect();
    assert_eq!(
        calls,
        [
            "read_file notes.txt: done",
            "edit_file notes.txt: done",
            "run_command git push: denied"
        ]
    );
    let changed = of(&entries, "changed");
    assert_eq!(changed.len(), 1, "{entries:#?}");
    assert_eq!(
        (&changed[0]["path"], &changed[0]["turn"]),
        (&json!("notes.txt"), &json!(1))
    );
    let [before, after] =
        ["before", "after"].map(|name| changed[0][name].as_str().unwrap_or_default());
    assert_eq!((before.len(), after.len()), (64, 64), "{changed:#?}");
    assert_ne!(before, after);
    assert!(of(&entries, "asked").is_empty(), "nobody was there");
}

#[test]
fn one_session_or_all_of_them_the_last_one_first() {
    let (server, environment) = talked();
    let first = environment.run(&["log", "--json"]).expect_success();
    let first = first.json_lines()[0]["session"].clone();
    server.then(vec![Reply::text("There is nothing to do.")]);
    ask(&environment, &[], "And what\u{202e} else?");

    let last = environment.run(&["log"]).expect_success();
    assert!(last.stdout.contains("And what\\u{202e} else?"), "{last:#?}");
    assert!(!last.stdout.contains("eighty"), "{last:#?}");
    let all = environment
        .run(&["log", "--all", "--json"])
        .expect_success();
    assert!(!all.stdout.contains('\u{202e}'), "{all:#?}");
    let entries = all.json_lines();
    let questions = of(&entries, "question");
    let texts: Vec<&Value> = questions.iter().map(|entry| &entry["text"]).collect();
    assert_eq!(
        texts,
        [
            &json!("And what\u{202e} else?"),
            &json!("Make it eighty degrees.")
        ]
    );
    assert_eq!(questions[1]["session"], first);

    let name = first.as_str().expect("a name");
    let by_end = name.rsplit('-').next().expect("its end");
    let one = environment.run(&["log", by_end]).expect_success();
    assert!(one.stdout.starts_with(name), "{one:#?}");
    assert!(one.stdout.contains("Make it eighty degrees."), "{one:#?}");
}

#[test]
fn a_journal_of_before_and_one_that_broke_off_are_told_too() {
    let (_server, environment) = talked();
    let found = journals(&environment.data_folder());
    assert_eq!(found.len(), 1, "{found:?}");
    let text = fs::read_to_string(&found[0]).expect("a journal");
    let mut older = String::new();
    for line in text.lines() {
        // The time is the last field, except in the first record, which always had one.
        let stamp = line.rfind(",\"at\":\"").filter(|_| !older.is_empty());
        match stamp {
            Some(stamp) => older.push_str(&format!("{}}}\n", &line[..stamp])),
            None => older.push_str(&format!("{line}\n")),
        }
    }
    assert_eq!(older.matches("\"at\":\"").count(), 1, "{older}");
    older.push_str("what nobody can read\n");
    older.push_str(
        r#"{"type":"about_to_run","call":{"id":"x","name":"run_command","arguments":{"command":"make"}}}"#,
    );
    older.push('\n');
    fs::write(&found[0], older).expect("an older journal");

    let output = environment.run(&["log"]).expect_success();
    assert!(
        output
            .stdout
            .contains("turn 1  ran        read_file notes.txt  done"),
        "{output:#?}"
    );
    let last = output.stdout.lines().last().unwrap_or_default();
    assert_eq!(last, "turn 1  ran        run_command make  broken off");
    assert!(
        output.stderr.contains("1 line of the journal"),
        "{output:#?}"
    );
}

#[test]
fn where_nothing_was_said_there_is_nothing_to_show() {
    let environment = Environment::new();
    for arguments in [&["log"][..], &["log", "--all"], &["log", "--json"]] {
        let output = environment.run(arguments).expect_success();
        assert_eq!(output.stdout, "", "{arguments:?}");
        assert!(
            output.stderr.contains("no sessions in this folder"),
            "{output:#?}"
        );
    }
    let _ = environment
        .run(&["log", "k3x9"])
        .expect_code(1)
        .expect_words(&["no session `k3x9`"]);
    let _ = environment.run(&["log", "k3x9", "--all"]).expect_code(2);
}
