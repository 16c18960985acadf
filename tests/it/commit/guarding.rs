//! Commands of the model that would take others' work, or go around hooks: asked in every mode.

use super::*;

fn run(command: &str) -> Reply {
    Reply::text("").call("run_command", json!({ "command": command }))
}

/// The outcome of each call in a mode that approves everything, with nobody to ask.
#[track_caller]
fn outcomes(environment: &Environment) -> Vec<String> {
    let arguments = [
        "chat",
        "--json",
        "--no-rag",
        "--auto-approve",
        "-p",
        "Tidy up.",
    ];
    let told = events(environment, &arguments, 0);
    let ends = told
        .iter()
        .filter(|event| event["event"] == "tool_finished");
    let outcomes = ends.map(|event| event["outcome"].as_str().unwrap_or_default());
    outcomes.map(str::to_owned).collect()
}

#[test]
fn what_would_take_others_work_is_asked_in_every_mode() {
    let commands = [
        "git stash",
        "git reset --hard",
        "git checkout -- notes.txt",
        "git checkout .",
        "git restore notes.txt",
        "sh -c 'git stash -u'",
        "git clean -fd",
        "git ls-files | xargs git checkout --",
    ];
    let mut script: Vec<Reply> = commands.iter().map(|command| run(command)).collect();
    script.push(Reply::text("I may not."));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    environment.write("notes.txt", "Of the user.\n");
    environment.write("new.txt", "Of the user.\n");
    let outcomes = outcomes(&environment);
    assert_eq!(outcomes, ["denied"; 8]);
    assert_eq!(environment.read("notes.txt"), "Of the user.\n");
    assert_eq!(environment.read("new.txt"), "Of the user.\n");
}

#[test]
fn where_only_the_sessions_own_work_is_lost_nobody_is_asked() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        run("git checkout -- notes.txt"),
        Reply::text("It is as it was."),
    ]);
    let environment = environment(&server);
    assert_eq!(outcomes(&environment), ["done", "done"]);
    assert_eq!(environment.read("notes.txt"), NOTES);
}

#[test]
fn a_file_with_others_work_in_it_is_not_the_sessions_own() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        run("git checkout -- notes.txt"),
        Reply::text("I may not."),
    ]);
    let environment = environment(&server);
    environment.write("notes.txt", format!("{NOTES}Of the user.\n"));
    assert_eq!(outcomes(&environment), ["done", "denied"]);
    assert!(environment.read("notes.txt").ends_with("Of the user.\n"));
}

#[test]
fn where_nothing_is_lost_git_runs_as_before() {
    let server = ChatServer::start(vec![
        run("git stash list"),
        run("git checkout -q -b side"),
        run("git reset -q --hard"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    assert_eq!(outcomes(&environment), ["done"; 3]);
}

#[test]
fn going_around_hooks_is_asked_in_every_mode() {
    let server = ChatServer::start(vec![
        run("git commit -q --no-verify --allow-empty -m x"),
        run("git commit -qn --allow-empty -m x"),
        run("git commit -q --allow-empty -m x"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    assert_eq!(outcomes(&environment), ["denied", "denied", "done"]);
    assert_eq!(log(&environment).1, 2);
}

#[test]
fn other_repositories_ignored_files_and_quoted_names_are_looked_at() {
    let commands = [
        "cd inner && git reset --hard",
        "git -C inner checkout -- a.txt",
        "git -C ./inner stash",
        "git clean -fdx",
    ];
    let mut script: Vec<Reply> = commands.iter().map(|command| run(command)).collect();
    script.push(Reply::text("I may not."));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    environment.write(".gitignore", "*.log\ninner/\n");
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-qm", "ignore"]);
    environment.git(&["init", "-q", "inner"]);
    environment.write("inner/a.txt", "a\n");
    environment.git(&["-C", "inner", "add", "-A"]);
    environment.git(&["-C", "inner", "commit", "-qm", "begin"]);
    environment.write("inner/a.txt", "Of the user.\n");
    environment.write("run.log", "Of the user.\n");
    assert_eq!(outcomes(&environment), ["denied"; 4]);
    assert_eq!(environment.read("inner/a.txt"), "Of the user.\n");
    assert_eq!(environment.read("run.log"), "Of the user.\n");
}

#[test]
fn quotes_and_pipes_hide_no_name() {
    let commands = [
        "git checkout \"notes.txt\"",
        "git ls-files -m | xargs git checkout",
        "git reset \"--hard\"",
        "find . -name notes.txt -exec git checkout -- {} +",
    ];
    let mut script: Vec<Reply> = commands.iter().map(|command| run(command)).collect();
    script.push(Reply::text("I may not."));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    environment.write("notes.txt", "Of the user.\n");
    assert_eq!(outcomes(&environment), ["denied"; 4]);
    assert_eq!(environment.read("notes.txt"), "Of the user.\n");
}
