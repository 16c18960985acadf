//! `OLLACODE_COMMIT=turn`: each turn is committed once it is answered.

use super::*;

#[test]
fn a_turn_is_committed_once_it_is_answered() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        message("boil earlier"),
    ]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    let told = work(&environment, "Make it eighty degrees.");
    assert_eq!(log(&environment), ("boil earlier".to_owned(), 2));
    let notice = said(&told, "notice");
    assert!(notice.contains("Committed as `"), "{notice}");
    assert_eq!(said(&told, "text"), "Done.");
}

#[test]
fn a_turn_that_only_reads_is_not_committed() {
    let server = ChatServer::start(vec![Reply::text("It boils at ninety degrees.")]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    work(&environment, "When does it boil?");
    assert_eq!(log(&environment).1, 1);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_setting_is_off_by_default() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server);
    work(&environment, "Make it eighty degrees.");
    assert_eq!(log(&environment).1, 1);
    assert_eq!(status(&environment), " M notes.txt\n");
}

#[test]
fn what_a_hook_says_goes_to_the_model_which_mends_it() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
        message("boil earlier"),
        edit("notes.txt", "eighty", "80"),
        Reply::text("It is a number now."),
        message("boil at 80"),
    ]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    // A file that a hook names is protected, so it names none.
    let lines = "if git grep --cached -q eighty; then echo numbers in digits please; exit 1; fi";
    hook(&environment, "pre-commit", lines);
    work(&environment, "Make it eighty degrees.");
    assert_eq!(log(&environment), ("boil at 80".to_owned(), 2));
    let requests = server.requests();
    let told = requests[3]["messages"].to_string();
    assert!(told.contains("A hook refused to commit"), "{told}");
    assert!(told.contains("numbers in digits please"), "{told}");
    assert_eq!(server.left(), 0);
}

#[test]
fn a_hook_that_always_refuses_is_shown_and_the_answer_stands() {
    let mut script = vec![edit("notes.txt", "ninety", "eighty")];
    for number in 0..3 {
        script.push(Reply::text(&format!("Done, {number}.")));
        script.push(message("boil earlier"));
    }
    let server = ChatServer::start(script);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    hook(&environment, "pre-commit", "echo never; exit 1");
    let told = work(&environment, "Make it eighty degrees.");
    let notice = said(&told, "notice");
    assert!(
        notice.contains("refused (never); `/commit` tries again"),
        "{notice}"
    );
    assert!(said(&told, "text").contains("Done, 2."), "{told:#?}");
    assert_eq!(log(&environment).1, 1);
    assert_eq!(server.left(), 0);
}

#[test]
fn in_a_mode_that_asks_nothing_is_committed_where_nobody_can_be_asked() {
    let server = ChatServer::start(vec![make("new.txt", "new\n"), Reply::text("I may not.")]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    let arguments = ["chat", "--json", "--no-rag", "-p", "Make a file."];
    events(&environment, &arguments, 0);
    assert_eq!(log(&environment).1, 1);
    assert_eq!(status(&environment), "");
}

#[test]
fn another_value_of_the_setting_is_refused() {
    let environment = Environment::new().with("OLLACODE_COMMIT", "often");
    let output = environment.run(&["chat", "--json", "-p", "Hello?"]);
    assert_ne!(output.code, Some(0), "{output:#?}");
    output.expect_words(&["OLLACODE_COMMIT", "`off` or `turn`"]);
}

#[test]
fn each_step_of_a_task_is_a_commit() {
    let step = |file: &str| json!({"text": format!("Change {file}"), "files": [file], "check": ""});
    let plan = json!({"steps": [step("notes.txt"), step("other.txt")]});
    let server = ChatServer::start(vec![
        Reply::text(&plan.to_string()),
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It is eighty."),
        message("boil earlier"),
        edit("other.txt", "one", "two"),
        Reply::text("It is two."),
        message("count further"),
    ]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    let arguments = [
        "task",
        "--json",
        "--no-rag",
        "--auto-edit",
        "--auto-steps",
        "Make it other",
    ];
    events(&environment, &arguments, 0);
    assert_eq!(log(&environment), ("count further".to_owned(), 3));
    let files = environment.git_says(&["show", "--format=", "--name-only", "HEAD~"]);
    assert_eq!(files, "notes.txt\n");
    assert_eq!(status(&environment), "");
}

#[test]
fn what_is_left_out_of_the_commit_of_a_turn_is_named() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        edit("other.txt", "one", "two"),
        Reply::text("Done."),
        message("count on"),
    ]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    environment.write("notes.txt", format!("{NOTES}Of the user.\n"));
    let told = work(&environment, "Make it eighty degrees.");
    assert_eq!(log(&environment), ("count on".to_owned(), 2));
    let notice = said(&told, "notice");
    assert!(
        notice.contains("left out: notes.txt: had uncommitted changes"),
        "{notice}"
    );
}

#[test]
fn unconfined_hooks_do_not_run_unasked_in_auto_edit() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("Done."),
    ]);
    let environment = environment(&server).with("OLLACODE_COMMIT", "turn");
    hook(&environment, "pre-commit", "echo > ran");
    let question = "Make it eighty degrees.";
    let arguments = [
        "chat",
        "--json",
        "--no-rag",
        "--auto-edit",
        "--sandbox",
        "off",
        "-p",
        question,
    ];
    let told = events(&environment, &arguments, 0);
    let notice = said(&told, "notice");
    assert!(notice.contains("nobody can be asked"), "{notice}");
    assert_eq!(log(&environment).1, 1);
    assert!(!environment.workspace().join("ran").exists());
}
