//! Commits from end to end: the binary, a repository, its hooks, and a scripted Ollama.

mod guarding;
mod leaving_out;
mod talking;
mod turns;

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

const NOTES: &str = "The kettle boils at ninety degrees up here.\n";

/// A repository with `notes.txt` and `other.txt`, and a user who has a name.
fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("notes.txt", NOTES);
    environment.write("other.txt", "one\n");
    let home = environment.outside().join("home");
    fs::create_dir_all(&home).expect("a home");
    let settings = "[user]\n\tname = Ada\n\temail = ada@example.org\n";
    fs::write(home.join(".gitconfig"), settings).expect("settings of git");
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-qm", "begin"]);
    environment
}

/// The last message, and how many commits there are.
fn log(environment: &Environment) -> (String, usize) {
    let message = environment.git_says(&["log", "-1", "--format=%B"]);
    let count = environment.git_says(&["rev-list", "--count", "HEAD"]);
    let count = count.trim().parse().expect("a number");
    (message.trim_end().to_owned(), count)
}

fn status(environment: &Environment) -> String {
    environment.git_says(&["status", "--short", "--untracked-files=all"])
}

/// Makes a hook out of lines of shell code.
fn hook(environment: &Environment, name: &str, lines: &str) {
    let path = format!(".git/hooks/{name}");
    environment.write(&path, format!("#!/bin/sh\n{lines}\n"));
    let mode = fs::Permissions::from_mode(0o755);
    let path = environment.workspace().join(path);
    fs::set_permissions(path, mode).expect("it can be run");
}

/// A reply that edits a file.
fn edit(path: &str, search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": path, "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

/// A reply that makes a file.
fn make(path: &str, content: &str) -> Reply {
    Reply::text("").call("write_file", json!({"path": path, "content": content}))
}

/// A reply with the message of a commit.
fn message(subject: &str) -> Reply {
    Reply::text(&json!({ "subject": subject }).to_string())
}

/// Runs something, and reads its events.
#[track_caller]
fn events(environment: &Environment, arguments: &[&str], code: i32) -> Vec<Value> {
    let output = environment.run(arguments).expect_code(code);
    output.json_lines()
}

/// Has the model edit files, in a session of its own.
#[track_caller]
fn work(environment: &Environment, question: &str) -> Vec<Value> {
    let arguments = ["chat", "--json", "--no-rag", "--auto-edit", "-p", question];
    events(environment, &arguments, 0)
}

/// Commits what the last session did, without asking.
#[track_caller]
fn commit(environment: &Environment, code: i32) -> Vec<Value> {
    let arguments = ["commit", "--json", "--auto-edit"];
    events(environment, &arguments, code)
}

/// All texts of a kind, joined.
fn said(events: &[Value], kind: &str) -> String {
    let events = events.iter().filter(|event| event["event"] == kind);
    let texts = events.filter_map(|event| event["text"].as_str());
    texts.collect::<Vec<&str>>().join("\n")
}

/// Why it failed.
fn reason(events: &[Value]) -> String {
    let last = events.last().expect("an event");
    last["reason"].as_str().unwrap_or_default().to_owned()
}

/// The journals of all sessions.
fn journals(environment: &Environment) -> String {
    let mut pending = vec![environment.data_folder()];
    let mut found = String::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                pending.push(path);
            } else if path.ends_with("journal.jsonl") {
                found.push_str(&fs::read_to_string(path).expect("a journal"));
            }
        }
    }
    found
}

#[test]
fn a_commit_beside_staged_changes_leaves_them_staged() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        make("src/new.txt", "new\n"),
        Reply::text("Done."),
        message("boil earlier"),
    ]);
    let environment = environment(&server);
    environment.write("other.txt", "two\n");
    environment.git(&["add", "other.txt"]);
    work(&environment, "Make it eighty degrees.");
    let told = commit(&environment, 0);
    assert_eq!(log(&environment), ("boil earlier".to_owned(), 2));
    let files = environment.git_says(&["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(files, "notes.txt\nsrc/new.txt\n");
    assert_eq!(status(&environment), "M  other.txt\n");
    let text = said(&told, "text");
    for part in [
        "Committed as `",
        "on `main`: boil earlier",
        "notes.txt  +1 −1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let requests = server.requests();
    let asked = requests.last().expect("a request").to_string();
    for part in [
        "Make it eighty degrees.",
        "- begin",
        "+The kettle boils at eighty",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
    assert!(!asked.contains("\"tools\":[{"), "{asked}");
    assert!(journals(&environment).contains("\"type\":\"committed\""));
    // A second one has nothing to do, and asks no model.
    let told = commit(&environment, 0);
    assert!(
        said(&told, "text").contains("Nothing to commit"),
        "{told:#?}"
    );
    assert_eq!(log(&environment).1, 2);
}

#[test]
fn the_author_is_the_user_and_nobody_else_is_named() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        Reply::text(
            "{\"subject\": \"boil earlier\", \"body\": \"It is high up.\\n\\nCo-authored-by: A \
             <a@b.c>\"}",
        ),
    ]);
    let environment = environment(&server);
    work(&environment, "Make it eighty degrees.");
    commit(&environment, 0);
    let format = "--format=%an|%ae|%cn|%ce|%B";
    let shown = environment.git_says(&["log", "-1", format]);
    let who = "Ada|ada@example.org|Ada|ada@example.org";
    assert_eq!(shown, format!("{who}|boil earlier\n\nIt is high up.\n\n"));
}

#[test]
fn a_trailer_is_added_where_one_is_set() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        message("boil earlier"),
    ]);
    let environment =
        environment(&server).with("OLLACODE_COMMIT_TRAILER", "Assisted-by: ollacode ({model})");
    work(&environment, "Make it eighty degrees.");
    commit(&environment, 0);
    let trailers = ["log", "-1", "--format=%(trailers)"];
    let expected = format!("Assisted-by: ollacode ({CHAT_MODEL})");
    assert_eq!(environment.git_says(&trailers).trim(), expected);
}

#[test]
fn a_model_that_writes_no_message_is_asked_twice_and_the_files_are_named() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        Reply::text("I would call it a fix."),
        Reply::text("{\"subject\": \"```\\nfix\\n```\"}"),
    ]);
    let environment = environment(&server);
    work(&environment, "Make it eighty degrees.");
    let told = commit(&environment, 0);
    assert_eq!(log(&environment).0, "Change notes.txt");
    assert!(
        said(&told, "notice").contains("names the files"),
        "{told:#?}"
    );
    assert_eq!(server.left(), 0);
}

#[test]
fn what_somebody_else_changed_since_is_named_and_left() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        edit("other.txt", "one", "two"),
        Reply::text("Done."),
        message("count on"),
    ]);
    let environment = environment(&server);
    work(&environment, "Make it eighty degrees.");
    environment.write("notes.txt", "The kettle is gone.\n");
    let told = commit(&environment, 0);
    let text = said(&told, "text");
    assert!(
        text.contains("not: notes.txt: changed by somebody else since"),
        "{text}"
    );
    let files = environment.git_says(&["show", "--name-only", "--format=", "HEAD"]);
    assert_eq!(files, "other.txt\n");
    assert_eq!(status(&environment), " M notes.txt\n");
}

#[test]
fn what_was_not_committed_before_the_session_is_named_and_left() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    environment.write("notes.txt", format!("{NOTES}Of the user.\n"));
    work(&environment, "Make it eighty degrees.");
    let told = commit(&environment, 0);
    let text = said(&told, "text");
    assert!(text.contains("Nothing to commit by itself"), "{text}");
    assert!(
        text.contains("notes.txt: had uncommitted changes before"),
        "{text}"
    );
    assert_eq!(log(&environment).1, 1);
}

#[test]
fn in_the_middle_of_a_merge_nothing_is_committed() {
    let server = ChatServer::start(vec![make("new.txt", "new\n"), Reply::text("Done.")]);
    let environment = environment(&server);
    work(&environment, "Make a file.");
    environment.git(&["checkout", "-q", "-b", "side"]);
    environment.git(&["commit", "-q", "--allow-empty", "-m", "side"]);
    environment.git(&["checkout", "-q", "main"]);
    environment.git(&["merge", "-q", "--no-ff", "--no-commit", "side"]);
    let told = commit(&environment, 1);
    let why = reason(&told);
    assert!(why.contains("a merge is in progress"), "{why}");
    assert!(why.contains("git merge --abort"), "{why}");
    assert_eq!(status(&environment), "?? new.txt\n");
}

#[test]
fn without_a_repository_it_is_said_what_is_missing() {
    let server = ChatServer::start(vec![make("new.txt", "new\n"), Reply::text("Done.")]);
    let environment = environment(&server);
    fs::remove_dir_all(environment.workspace().join(".git")).expect("a repository");
    work(&environment, "Make a file.");
    let why = reason(&commit(&environment, 1));
    assert!(why.contains("not a git repository"), "{why}");
}

#[test]
fn a_workspace_below_the_repository_is_told_where_to_start() {
    let server = ChatServer::start(vec![make("new.txt", "new\n"), Reply::text("Done.")]);
    let mut environment = environment(&server);
    environment.write("below/a.txt", "a\n");
    let below = environment.workspace().join("below");
    environment.set("WORKSPACE_DIR", below.to_str().expect("a plain path"));
    work(&environment, "Make a file.");
    let why = reason(&commit(&environment, 1));
    assert!(why.contains("above the workspace"), "{why}");
    assert_eq!(log(&environment).1, 1);
}

#[test]
fn a_rule_that_denies_commits_holds_here_too() {
    let server = ChatServer::start(vec![make("new.txt", "new\n"), Reply::text("Done.")]);
    let environment = environment(&server);
    let rules = "[[deny]]\ncommand = \"git commit\"\n";
    environment.write(".ollacode/config.toml", rules);
    work(&environment, "Make a file.");
    let why = reason(&commit(&environment, 1));
    assert!(why.contains("forbids it"), "{why}");
    assert_eq!(log(&environment).1, 1);
}

#[test]
fn nobody_to_ask_means_no_commit() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    work(&environment, "Make it eighty degrees.");
    let told = events(&environment, &["commit", "--json"], 1);
    let why = reason(&told);
    assert!(why.contains("nobody can be asked"), "{why}");
    assert!(why.contains("notes.txt"), "{why}");
    assert_eq!(log(&environment).1, 1);
}

#[test]
fn a_hook_that_refuses_is_told_and_nothing_is_left_behind() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        make("new.txt", "new\n"),
        Reply::text("Done."),
        message("boil earlier"),
    ]);
    let environment = environment(&server);
    hook(&environment, "pre-commit", "echo no kettles please; exit 1");
    work(&environment, "Make it eighty degrees.");
    let before = status(&environment);
    let why = reason(&commit(&environment, 1));
    assert!(why.contains("no kettles please"), "{why}");
    assert!(!why.contains("--no-verify"), "{why}");
    assert_eq!(status(&environment), before);
    assert_eq!(log(&environment).1, 1);
}

#[test]
fn what_a_hook_formats_and_adds_is_committed_and_belongs_to_the_session() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        message("boil earlier"),
    ]);
    let environment = environment(&server);
    // A file that a hook names is protected, so it names none.
    let lines = "sed -i s/kettle/KETTLE/ *.txt; git add -u";
    hook(&environment, "pre-commit", lines);
    work(&environment, "Make it eighty degrees.");
    commit(&environment, 0);
    let text = "The KETTLE boils at eighty degrees up here.\n";
    assert_eq!(environment.git_says(&["show", "HEAD:notes.txt"]), text);
    assert_eq!(environment.read("notes.txt"), text);
    assert_eq!(status(&environment), "");
    let journals = journals(&environment);
    let changes = journals.matches("\"type\":\"changed\"").count();
    assert_eq!(changes, 2, "{journals}");
}

#[test]
fn a_hint_goes_to_the_model_and_files_of_secrets_stay_out() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        message("boil earlier, since it is high up"),
    ]);
    let environment = environment(&server);
    environment.write(".env", "GREETING=yellow-canary-in-the-mine\n");
    work(&environment, "Make it eighty degrees.");
    let arguments = ["commit", "--json", "--auto-edit", "say", "why"];
    events(&environment, &arguments, 0);
    let requests = server.requests();
    let asked = requests.last().expect("a request").to_string();
    assert!(
        asked.contains("The message should say:\\nsay why"),
        "{asked}"
    );
    assert!(!asked.contains("canary"), "{asked}");
    assert_eq!(status(&environment), "?? .env\n");
}
