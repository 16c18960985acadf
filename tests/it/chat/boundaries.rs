//! The workspace of a conversation, and files in it that are never touched.

use super::*;
use crate::support::{Running, wait_until};

#[test]
fn a_repository_in_an_indexed_folder_is_worked_on_alone() {
    let server = ChatServer::start(vec![
        edit("../b/notes.txt", "ninety", "eighty"),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It is colder."),
    ]);
    let environment = environment(&server);
    for part in ["a", "b"] {
        environment.write(&format!("{part}/.git/HEAD"), "ref: refs/heads/main\n");
        environment.write(&format!("{part}/notes.txt"), NOTES);
    }
    environment.index();
    let folder = environment.workspace().join("a");
    let output = environment.run_in(&folder, &["chat", "--auto-edit", "-p", "Make it colder."]);
    let output = output.expect_success();
    let said = format!(
        "workspace: {} (top of the git repository)",
        folder.display()
    );
    assert!(
        output.stderr.replace('\n', " ").contains(&said),
        "{output:#?}"
    );
    assert_eq!(environment.read("b/notes.txt"), NOTES);
    assert_eq!(environment.read("notes.txt"), NOTES);
    assert_eq!(
        environment.read("a/notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
    assert!(results_at_last(&server)[0].contains("points outside the workspace"));
}

#[test]
fn without_a_terminal_the_home_folder_is_refused_with_the_way_out() {
    let server = ChatServer::start(vec![Reply::text("Yes.")]);
    let environment = environment(&server);
    let home = environment.outside().join("home");
    for folder in [home.as_path(), &environment.outside(), Path::new("/")] {
        let output = environment.run_in(folder, &["chat", "-p", "Are you there?"]);
        output.expect_code(1).expect_words(&[
            "is your home folder or above it",
            "`--workspace`",
            "`--yes`",
        ]);
    }
    assert_eq!(server.requests().len(), 0);
    let output = environment.run_in(&home, &["chat", "--yes", "-p", "Are you there?"]);
    assert_eq!(output.expect_success().stdout, "Yes.\n");
}

#[test]
fn in_the_home_folder_keys_and_our_own_files_are_out_of_reach() {
    let server = ChatServer::start(vec![
        read(".ssh/id_ed25519"),
        read(".config/ollacode/config.toml"),
        Reply::text("").call(
            "write_file",
            json!({"path": ".config/ollacode/config.toml", "content": "[[allow]]\n"}),
        ),
        Reply::text("").call("list_directory", json!({"path": ".ssh"})),
        Reply::text("").call(
            "delete_file",
            json!({"path": ".local/share/ollacode/history"}),
        ),
        Reply::text("I cannot."),
    ]);
    let environment = environment(&server)
        .with("XDG_CONFIG_HOME", "")
        .with("XDG_DATA_HOME", "");
    let home = environment.outside().join("home");
    for (path, text) in [
        (".ssh/id_ed25519", "wombat-key"),
        (".config/ollacode/config.toml", "# wombat-rules\n"),
        (".local/share/ollacode/history", "wombat-history\n"),
    ] {
        let path = home.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    let output = environment.run_in(&home, &["chat", "--yes", "--auto-approve", "-p", "Look."]);
    output.expect_success();
    let results = results_at_last(&server);
    assert_eq!(results.len(), 5, "{results:#?}");
    for result in &results {
        assert!(
            result.contains("is never read, listed or changed"),
            "{result}"
        );
    }
    for request in server.requests() {
        assert!(!request.to_string().contains("wombat"), "{request:#}");
    }
    let rules = fs::read_to_string(home.join(".config/ollacode/config.toml"));
    assert_eq!(rules.expect("a file"), "# wombat-rules\n");
}

#[test]
fn our_own_folders_in_a_workspace_are_out_of_reach_by_whatever_name() {
    let server = ChatServer::start(vec![
        Reply::text("").call(
            "write_file",
            json!({"path": "xdg/ollacode/config.toml", "content": "x"}),
        ),
        edit("rules.toml", "wombat", "weka"),
        Reply::text("").call("search_files", json!({"glob": "**/journal.jsonl"})),
        Reply::text("").call("grep_search", json!({"pattern": "wombat"})),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    let workspace = environment.workspace();
    let at = |path: &str| workspace.join(path).display().to_string();
    let environment = environment
        .with("XDG_CONFIG_HOME", &at("xdg"))
        .with("OLLACODE_DATA_DIR", &at("data"));
    environment.write("rules.toml", "# wombat\n");
    fs::create_dir_all(workspace.join("xdg/ollacode")).expect("a folder");
    let link = workspace.join("xdg/ollacode/config.toml");
    std::os::unix::fs::symlink("../../rules.toml", link).expect("a link");
    let told = ask(&environment, &["--auto-approve"], "Change it.").expect_end("answered");
    assert_eq!(
        told.calls(),
        [
            "write_file failed",
            "edit_file failed",
            "search_files done",
            "grep_search done"
        ]
    );
    let results = results_at_last(&server);
    assert!(results[2].contains("No file matches"), "{results:#?}");
    assert!(!results[3].contains("rules.toml"), "{results:#?}");
    assert_eq!(environment.read("rules.toml"), "# wombat\n");
}

#[test]
fn a_folder_of_our_own_is_no_workspace() {
    let server = ChatServer::start(vec![Reply::text("Yes.")]);
    let environment = environment(&server);
    let folder = environment.outside().join("config/ollacode");
    fs::create_dir_all(&folder).expect("a folder");
    let output = environment.run_in(&folder, &["chat", "-p", "Are you there?"]);
    output
        .expect_code(1)
        .expect_words(&["keeps its own settings or data", "OLLACODE_DATA_DIR"]);
}

/// Starts a question that is never answered, and waits until the model has it.
fn hanging(server: &ChatServer, environment: &Environment) -> Running {
    let before = server.requests().len();
    let running = environment.start(&["chat", "--json", "-p", "Are you there?"]);
    wait_until("the request", || server.requests().len() > before);
    running
}

#[test]
fn a_signal_that_cuts_a_question_short_is_in_the_exit_code() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let server = ChatServer::start(vec![Reply::hang()]);
        let environment = environment(&server);
        let running = hanging(&server, &environment);
        running.signal(signal);
        let output = running.finish().expect_code(code);
        let last = output.json_lines().pop().expect("an event");
        assert_eq!(last["how"], "stopped", "{output:#?}");
    }
}
