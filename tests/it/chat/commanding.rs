//! What people type besides questions: commands for the shell, lists with arrows, edits of commands,
//! and what they type while the model works.

use std::time::Duration;

use super::*;
use crate::confinement::is_full;
use crate::support::chat_server::ServedModel;
use crate::support::terminal::{CTRL_C, PROMPT, Terminal};

const DOWN: &str = "\x1b[B";
const UP: &str = "\x1b[A";
const ESCAPE: &str = "\x1b";
const ENTER: &str = "\r";

/// Starts a conversation on a screen of 24 rows, and waits for its prompt.
fn talk(environment: &Environment, arguments: &[&str], columns: u16) -> Terminal {
    talk_sized(environment, arguments, (24, columns))
}

fn talk_sized(
    environment: &Environment,
    arguments: &[&str],
    (rows, columns): (u16, u16),
) -> Terminal {
    let mut all = vec!["chat", "--no-rag"];
    all.extend(arguments);
    let terminal = Terminal::start_sized(environment, &all, rows, columns);
    terminal.expect("/help lists the");
    terminal.expect_end(PROMPT);
    terminal
}

#[test]
fn a_command_of_the_user_runs_and_the_next_question_tells_of_it() {
    let server = ChatServer::start(vec![Reply::text("It says kettle.")]);
    let environment = environment(&server);
    for columns in [80, 60] {
        let terminal = talk(&environment, &[], columns);
        terminal.enter("!echo a kettle; exit 3");
        let screen = terminal.expect("● ! echo a kettle; exit 3 · exit code 3");
        assert!(!screen.contains("waiting for the model"), "{screen}");
        terminal.expect("\n  a kettle\n");
        terminal.expect_last(PROMPT);
        assert!(server.requests().is_empty(), "the model was not asked");
        if columns == 60 {
            terminal.enter("What does it say?");
            terminal.expect("It says kettle.");
            terminal.expect_last(PROMPT);
        }
        assert_eq!(terminal.leave().0, Some(0));
    }
    let requests = server.requests();
    let question = last_text(&requests[0]);
    assert!(
        question.contains("$ echo a kettle; exit 3\nexit code 3"),
        "{question}"
    );
    assert!(question.contains("\na kettle\n"), "{question}");
    assert!(question.ends_with("What does it say?"), "{question}");
}

#[test]
fn what_the_user_runs_is_undone_with_the_turn_before_it() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "cold", "warm"),
        Reply::text("It is warm."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &["--auto-edit"], 80);
    let prompt = "auto-edit>";
    terminal.enter("!echo cold > notes.txt");
    terminal.expect("exit code 0");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("notes.txt"), "cold\n");
    terminal.enter("Make it warm.");
    terminal.expect("It is warm.");
    terminal.expect_last(prompt);
    terminal.enter("!echo more >> notes.txt");
    terminal.expect("! echo more >> notes.txt · exit code 0");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("notes.txt"), "warm\nmore\n");
    terminal.enter("/undo");
    terminal.expect("undone, turn 1");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("notes.txt"), "cold\n");
    // Before the first question it was no part of that turn.
    terminal.enter("/undo");
    terminal.expect("undone, before turn 1");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("notes.txt"), NOTES);
    assert_eq!(leave_at(terminal, prompt), Some(0));
}

#[test]
fn the_last_lines_of_a_running_command_are_shown_and_go_away() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let terminal = talk(&environment, &[], 80);
    terminal.enter("!seq 101 106; sleep 3600");
    let screen = terminal.expect("\n  104\n  105\n  106");
    assert!(!screen.contains("103"), "{screen}");
    terminal.expect(" s · Ctrl-C stops");
    terminal.press(CTRL_C);
    terminal.expect("● ! seq 101 106; sleep 3600 · stopped by the user");
    let screen = terminal.expect_last(PROMPT);
    assert!(screen.contains("\n  101\n  102\n"), "{screen}");
    assert_eq!(screen.matches("  106").count(), 1, "{screen}");
    assert!(!screen.contains("Ctrl-C stops\n  "), "{screen}");
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn what_is_typed_while_the_model_works_waits_and_spoils_nothing() {
    let server = ChatServer::start(vec![
        Reply::text("First.").first_byte_after(Duration::from_millis(1_500)),
        Reply::text("Second."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[], 80);
    terminal.enter("What is first?");
    terminal.expect("waiting for the model");
    terminal.press("And then?");
    terminal.expect("First.");
    terminal.expect_last("> And then?");
    let raw = terminal.raw();
    let before = raw.split("First.").next().unwrap_or_default();
    assert!(
        !before.contains("And then?"),
        "it was shown at once: {before:?}"
    );
    terminal.press(ENTER);
    terminal.expect("Second.");
    terminal.expect_last(PROMPT);
    assert!(last_text(&server.requests()[1]).ends_with("And then?"));
    let modes = terminal.modes();
    assert_eq!(terminal.leave().0, Some(0));
    assert!(!modes.lines, "the line editor reads");
}

#[test]
fn modes_are_chosen_with_arrows_and_enter_alone_changes_nothing() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let terminal = talk(&environment, &[], 80);
    terminal.enter("/approve");
    let screen = terminal.expect("› * ask");
    assert!(screen.contains("Approval modes\n"), "{screen}");
    assert!(screen.contains("    auto-approve"), "{screen}");
    terminal.press(ENTER);
    terminal.expect("mode ask:");
    let screen = terminal.expect_last(PROMPT);
    assert!(
        !screen.contains("Approval modes"),
        "the list is gone: {screen}"
    );
    terminal.enter("/approve");
    terminal.expect("› * ask");
    terminal.press(DOWN);
    terminal.expect("›   auto-edit");
    terminal.press(ENTER);
    terminal.expect_last("auto-edit>");
    terminal.enter("/approve");
    terminal.expect("› * auto-edit");
    terminal.press(ENTER);
    terminal.expect_last("auto-edit>");
    terminal.enter("/approve");
    terminal.expect("› * auto-edit");
    terminal.press(DOWN);
    terminal.press(ESCAPE);
    let screen = terminal.expect_last("auto-edit>");
    assert!(!screen.contains("auto-approve>"), "{screen}");
    assert_eq!(leave_at(terminal, "auto-edit>"), Some(0));
}

/// Leaves at another prompt than the usual one.
fn leave_at(terminal: Terminal, prompt: &str) -> Option<i32> {
    terminal.expect_last(prompt);
    terminal.enter("/quit");
    terminal.finish().0
}

#[test]
fn models_and_sessions_are_chosen_with_arrows_and_by_number() {
    let server = ChatServer::with_models(
        vec![ServedModel::default(), ServedModel::named("other:7b")],
        vec![Reply::text("It is one."), Reply::text("It is two.")],
    );
    let environment = environment(&server);
    let terminal = talk(&environment, &[], 60);
    let say = |line: &str, said: &str| {
        terminal.press("\x0c");
        terminal.enter(line);
        terminal.expect(said);
        terminal.expect_last(PROMPT);
    };
    say("Which is one?", "It is one.");
    say("/new", "new session");
    say("Which is two?", "It is two.");
    terminal.enter("/sessions");
    let screen = terminal.expect("› * 1  Which is two?");
    assert!(screen.contains("    2  Which is one?"), "{screen}");
    terminal.press(DOWN);
    terminal.press(ENTER);
    terminal.expect("continues after 1 question");
    terminal.expect_last(PROMPT);
    // The numbers are those of the list that was shown.
    say("/resume 2", "is the present one");
    say("/resume 1", "continues after 1 question");
    say("/resume 9", "there is no session number 9");
    terminal.press("\x0c");
    terminal.enter("/model");
    terminal.expect("other:7b");
    terminal.press(UP);
    terminal.press(ENTER);
    terminal.expect("switched to other:7b");
    terminal.expect_last(PROMPT);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn a_proposed_command_is_changed_before_it_runs() {
    let server = ChatServer::start(vec![run("touch made"), Reply::text("It is made.")]);
    let environment = environment(&server);
    let terminal = talk_sized(&environment, &[], (60, 60));
    terminal.enter("Make it.");
    let screen = terminal.expect("[e] edit");
    assert!(screen.contains("  touch made\n"), "{screen}");
    terminal.answer("e");
    terminal.expect("command: touch made");
    // As it was, it is asked about again.
    terminal.press(ENTER);
    wait_for_questions(&terminal, 2);
    terminal.answer("e");
    wait_for_times(&terminal, "command: touch made", 2);
    terminal.enter("2");
    // What it is now is judged, and asked about.
    terminal.expect("  touch made2");
    wait_for_questions(&terminal, 3);
    terminal.answer("y");
    terminal.expect("It is made.");
    terminal.expect_last(PROMPT);
    let exists = |name: &str| environment.workspace().join(name).exists();
    assert!(exists("made2") && !exists("made"));
    let results = results_at_last(&server);
    assert!(
        results[0].contains("before it ran, to: touch made2"),
        "{results:#?}"
    );
    server.assert_each_extends_the_last(&[]);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn parts_of_a_proposed_change_are_taken_or_left_out() {
    let arguments =
        json!({"path": "notes.txt", "search": "ninety", "replace": "eighty", "all": true});
    let server = ChatServer::start(vec![
        Reply::text("").call("edit_file", arguments),
        Reply::text("One is colder."),
    ]);
    let environment = environment(&server);
    let between = "A line between.\n".repeat(12);
    environment.write("notes.txt", format!("{NOTES}{between}{NOTES}"));
    let terminal = talk_sized(&environment, &[], (60, 80));
    terminal.enter("Make it colder.");
    terminal.expect("[e] choose parts");
    terminal.answer("e");
    terminal.expect("part 1 of 2 of notes.txt");
    // Back to the question, and again.
    terminal.answer("q");
    wait_for_questions(&terminal, 2);
    terminal.answer("e");
    wait_for_times(&terminal, "part 1 of 2 of notes.txt", 2);
    terminal.answer("n");
    terminal.expect("part 2 of 2 of notes.txt");
    terminal.answer("y");
    terminal.expect("One is colder.");
    terminal.expect_last(PROMPT);
    let colder = NOTES.replace("ninety", "eighty");
    assert_eq!(
        environment.read("notes.txt"),
        format!("{NOTES}{between}{colder}")
    );
    let results = results_at_last(&server);
    assert!(results[0].contains("These were left out"), "{results:#?}");
    server.assert_each_extends_the_last(&[]);
    assert_eq!(terminal.leave().0, Some(0));
}

#[track_caller]
fn wait_for_questions(terminal: &Terminal, number: usize) {
    wait_for_times(terminal, "[r] no, with a reason", number);
}

/// Waits until a text is on the screen so many times.
#[track_caller]
fn wait_for_times(terminal: &Terminal, text: &str, times: usize) {
    crate::support::wait_until(text, || terminal.screen().matches(text).count() == times);
}

#[test]
fn an_exact_command_is_remembered_where_it_is_fully_confined() {
    if !is_full("an_exact_command_is_remembered_where_it_is_fully_confined") {
        return;
    }
    let command = "sh -c 'echo x >> made'";
    let server = ChatServer::start(vec![
        run(command),
        run(command),
        run("sh -c 'echo y >> made'"),
        Reply::text("It is made."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[], 200);
    terminal.enter("Make it.");
    terminal.expect(&format!(
        "[a] for this session: running exactly `{command}`"
    ));
    terminal.answer("a");
    // The second one is not asked about, the third one is another command.
    terminal.expect("running exactly `sh -c 'echo y >> made'`");
    terminal.answer("n");
    terminal.expect("It is made.");
    terminal.expect_last(PROMPT);
    assert_eq!(environment.read("made"), "x\nx\n");
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn a_failed_call_is_shown_as_its_path_and_the_reason() {
    let server = ChatServer::start(vec![
        edit("missing.txt", "ninety", "eighty"),
        Reply::text("There is none."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &[], 80);
    terminal.enter("Make it colder.");
    let screen = terminal.expect("There is none.");
    assert!(
        screen.contains("● edit_file missing.txt · failed:"),
        "{screen}"
    );
    assert!(!screen.contains("{\""), "{screen}");
    terminal.expect_last(PROMPT);
    assert_eq!(terminal.leave().0, Some(0));
}

#[test]
fn several_turns_are_undone_at_once() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It is eighty."),
        edit("notes.txt", "eighty", "seventy"),
        Reply::text("It is seventy."),
    ]);
    let environment = environment(&server);
    let terminal = talk(&environment, &["--auto-edit"], 80);
    let prompt = "auto-edit>";
    for said in ["It is eighty.", "It is seventy."] {
        terminal.enter("Colder.");
        terminal.expect(said);
        terminal.expect_last(prompt);
    }
    terminal.enter("/undo 2");
    let screen = terminal.expect("undone, turn 1");
    assert!(screen.contains("undone, turn 2"), "{screen}");
    terminal.expect_last(prompt);
    assert_eq!(environment.read("notes.txt"), NOTES);
    terminal.enter("/redo 5");
    terminal.expect("there are no more turns that changed files");
    terminal.expect_last(prompt);
    assert!(environment.read("notes.txt").contains("seventy"));
    assert_eq!(leave_at(terminal, prompt), Some(0));
}

#[test]
fn the_status_line_has_mode_branch_and_window() {
    let server = ChatServer::start(vec![Reply::text("At ninety degrees.")]);
    let environment = environment(&server);
    environment.git(&["init", "-q", "-b", "kettles"]);
    let terminal = talk(&environment, &[], 100);
    terminal.enter("When does it boil?");
    terminal.expect("At ninety degrees.");
    let screen = terminal.expect_last(PROMPT);
    let line = format!("ask · kettles · {CHAT_MODEL} · ");
    assert!(
        screen.contains(&line) && screen.contains(" % of "),
        "{screen}"
    );
    assert_eq!(terminal.leave().0, Some(0));
}
