//! `/commit` on a terminal: what is shown, and what the user may answer.

use super::*;
use crate::support::terminal::{PROMPT, Terminal};

/// Starts a conversation, and has the model edit files.
fn talk(environment: &Environment) -> Terminal {
    let arguments = ["chat", "--no-rag"];
    let terminal = Terminal::start_sized(environment, &arguments, 50, 100);
    terminal.expect("/help lists the");
    terminal.expect_end(PROMPT);
    terminal.enter("/approve auto-edit");
    terminal.expect_last("auto-edit>");
    terminal.enter("Make it eighty degrees.");
    terminal.expect("Done.");
    terminal.expect_last("auto-edit>");
    terminal
}

fn script() -> Vec<Reply> {
    vec![
        edit("notes.txt", "ninety", "eighty"),
        edit("other.txt", "one", "two"),
        Reply::text("Done."),
        message("boil earlier"),
    ]
}

#[test]
fn the_message_is_shown_changed_and_committed() {
    let server = ChatServer::start(script());
    let environment = environment(&server);
    let terminal = talk(&environment);
    terminal.enter("/commit");
    terminal.expect("Commit 2 files on `main`?");
    terminal.expect("boil earlier");
    terminal.expect("notes.txt  +1 −1");
    terminal.expect_last("answer or number:");
    terminal.enter("in my own words");
    terminal.expect("in my own words\n");
    terminal.expect_last("answer or number:");
    terminal.enter("1");
    terminal.expect("Committed as");
    terminal.expect_last("auto-edit>");
    assert_eq!(log(&environment), ("in my own words".to_owned(), 2));
    assert_eq!(status(&environment), "");
    terminal.enter("/undo");
    terminal.expect("which stays");
    terminal.expect("git revert --no-commit");
    terminal.expect_last("auto-edit>");
    assert_eq!(environment.read("notes.txt"), NOTES);
    assert_eq!(log(&environment).1, 2);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn a_file_can_be_left_out_and_all_of_it_called_off() {
    let mut script = script();
    script.push(message("count on"));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let terminal = talk(&environment);
    terminal.enter("/commit");
    terminal.expect("Commit 2 files on `main`?");
    terminal.expect_last("answer or number:");
    terminal.enter("choose files");
    terminal.expect("Which files?");
    terminal.expect_last("answer or number:");
    terminal.enter("leave out notes.txt");
    terminal.expect("not: notes.txt: left out");
    terminal.expect_last("answer or number:");
    terminal.enter("done");
    terminal.expect("Commit 1 file on `main`?");
    terminal.expect("count on");
    terminal.expect_last("answer or number:");
    terminal.enter("cancel");
    terminal.expect("Not committed.");
    terminal.expect_last("auto-edit>");
    assert_eq!(log(&environment).1, 1);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn both_parts_of_a_file_with_others_work_are_shown() {
    let server = ChatServer::start(script());
    let environment = environment(&server);
    environment.write("notes.txt", format!("{NOTES}Of the user.\n"));
    let terminal = talk(&environment);
    terminal.enter("/commit");
    terminal.expect("had uncommitted changes before this session");
    terminal.expect("before this session:");
    terminal.expect("+Of the user.");
    terminal.expect("by this session:");
    terminal.expect("+The kettle boils at eighty degrees");
    terminal.expect_last("answer or number:");
    terminal.enter("1");
    terminal.expect("Commit 1 file on `main`?");
    terminal.expect_last("answer or number:");
    terminal.enter("commit");
    terminal.expect("Committed as");
    terminal.expect_last("auto-edit>");
    assert_eq!(status(&environment), " M notes.txt\n");
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn what_changes_while_the_question_stands_is_not_committed() {
    let server = ChatServer::start(script());
    let environment = environment(&server);
    let terminal = talk(&environment);
    terminal.enter("/commit");
    terminal.expect("Commit 2 files on `main`?");
    terminal.expect_last("answer or number:");
    let theirs = "Written while the question stood.\n";
    environment.write("notes.txt", theirs);
    terminal.enter("commit");
    terminal.expect("not committed: `notes.txt` changed");
    terminal.expect_last("auto-edit>");
    assert_eq!(log(&environment).1, 1);
    assert_eq!(environment.read("notes.txt"), theirs);
    assert_eq!(status(&environment), " M notes.txt\n M other.txt\n");
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn at_a_shell_it_is_told_what_can_be_done_there() {
    let server = ChatServer::start(script());
    let environment = environment(&server);
    for (command, instead) in [
        (&["commit"][..], "commit with git"),
        (
            &["chat", "--continue", "-p", "Go on."],
            "`ollacode` begins one",
        ),
        (
            &["task", "--continue"],
            "`ollacode task GOAL` begins a task",
        ),
    ] {
        let refused = environment.run(command).expect_code(1);
        refused.expect_words(&["there is no session", instead]);
    }
    let terminal = talk(&environment);
    for (command, instead) in [
        (&["commit"][..], "or type `/commit` in it"),
        (
            &["chat", "--continue", "-p", "Go on."],
            "or start a new one with `ollacode`",
        ),
    ] {
        let refused = environment.run(command).expect_code(1);
        assert!(!refused.words().contains("/new"), "{refused:#?}");
        refused.expect_words(&["is open in another ollacode process", instead]);
    }
    assert_eq!(terminal.leave().0, Some(0));
}
