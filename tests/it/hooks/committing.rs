//! Hooks of the user before commits.

use super::*;

/// A repository, and settings by which each turn is committed.
fn repository(server: &ChatServer) -> Environment {
    let environment = environment(server).with("OLLACODE_COMMIT", "turn");
    let home = environment.outside().join("home");
    let user = "[user]\n\tname = Ada\n\temail = ada@example.org\n";
    fs::write(home.join(".gitconfig"), user).expect("settings of git");
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-qm", "begin"]);
    environment
}

/// A reply with the message of a commit.
fn message(subject: &str) -> Reply {
    Reply::text(&json!({ "subject": subject }).to_string())
}

fn subjects(environment: &Environment) -> Vec<String> {
    let log = environment.git_says(&["log", "--format=%s"]);
    log.lines().map(str::to_owned).collect()
}

#[test]
fn a_commit_that_a_hook_refuses_is_mended_by_the_model() {
    let server = ChatServer::start(vec![
        edit("hello", "goodbye"),
        Reply::text("It says goodbye now."),
        message("say goodbye"),
        edit("goodbye", "Goodbye"),
        Reply::text("It begins with a capital now."),
        message("say Goodbye"),
    ]);
    let environment = repository(&server);
    let table = "[[hook]]\non = 'before_commit'\npaths = '*.rs'\ncommand = '''grep -q '\"goodbye' {paths} \
                 || exit 0; echo 'begin with capitals' >&2; exit 2'''\n";
    settings(&environment, table);
    ask(&environment, &["--auto-edit"]);
    assert_eq!(subjects(&environment), ["say Goodbye", "begin"]);
    let told = server.requests()[3]["messages"].to_string();
    assert!(
        told.contains("A hook refused to commit your changes"),
        "{told}"
    );
    assert!(told.contains("objects: begin with capitals"), "{told}");
    assert_eq!(server.left(), 0);
}

#[test]
fn a_hook_sees_the_message_and_the_files_of_a_commit() {
    for (subject, is_made) in [("feat: say goodbye", true), ("say goodbye", false)] {
        let server = ChatServer::start(vec![
            edit("hello", "goodbye"),
            Reply::text("It says goodbye now."),
            message(subject),
        ]);
        let environment = repository(&server).with("OLLACODE_COMMIT", "off");
        let table = "[[hook]]\non = 'before_commit'\ncommand = '''grep -q '\"subject\":\"feat: .*\"paths\":\
                     \\[\"src/main.rs\"\\]' || { echo 'name the kind of change' >&2; exit 2; }'''\n";
        settings(&environment, table);
        ask(&environment, &["--auto-edit"]);
        let arguments = ["commit", "--json", "--auto-edit"];
        let output = environment.run(&arguments).expect_code(i32::from(!is_made));
        if is_made {
            assert_eq!(subjects(&environment), [subject, "begin"]);
        } else {
            assert_eq!(subjects(&environment), ["begin"]);
            assert!(
                output.stdout.contains("objects: name the kind of change"),
                "{output:#?}"
            );
        }
    }
}

#[test]
fn what_a_hook_changes_before_a_commit_is_committed() {
    let server = ChatServer::start(vec![
        edit("hello", "goodbye"),
        Reply::text("It says goodbye now."),
        message("say goodbye"),
    ]);
    let environment = repository(&server);
    let table = "[[hook]]\non = 'before_commit'\ncommand = '''sed -i 's/^    /\\t/' {path}'''\n";
    settings(&environment, table);
    ask(&environment, &["--auto-edit"]);
    assert_eq!(subjects(&environment), ["say goodbye", "begin"]);
    let committed = environment.git_says(&["show", "HEAD:src/main.rs"]);
    assert_eq!(committed, "fn main() {\n\tprintln!(\"goodbye\");\n}\n");
    assert_eq!(environment.git_says(&["status", "--short"]), "");
}

#[test]
fn a_guard_that_cannot_run_keeps_a_commit_from_being_made() {
    let server = ChatServer::start(vec![
        edit("hello", "goodbye"),
        Reply::text("It says goodbye now."),
        message("say goodbye"),
    ]);
    let environment = repository(&server).with("OLLACODE_COMMIT", "off");
    settings(
        &environment,
        "[[hook]]\non = 'before_commit'\ncommand = 'no-such-program-here'\n",
    );
    ask(&environment, &["--auto-edit"]);
    let arguments = ["commit", "--json", "--auto-edit"];
    let output = environment.run(&arguments).expect_code(1);
    assert!(
        output.stdout.contains("names a program that is not found"),
        "{output:#?}"
    );
    assert_eq!(subjects(&environment), ["begin"]);
}
