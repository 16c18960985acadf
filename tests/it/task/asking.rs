//! Tasks at a terminal: the plan is asked about, and each step.

use super::*;
use crate::support::terminal::{PROMPT, Terminal};
use crate::support::wait_until;

const ASKED: &str = "answer or number:";
const PLAN: &str = "Carry out this plan?";

/// Waits until a question was asked so many times, and answers it.
#[track_caller]
pub(super) fn answer(terminal: &Terminal, (question, times): (&str, usize), words: &str) {
    wait_until(question, || {
        terminal.raw().matches(question).count() == times
    });
    terminal.expect_last(ASKED);
    terminal.enter(words);
}

pub(super) fn start(environment: &Environment, more: &[&str]) -> Terminal {
    let mut arguments = vec!["task", "--auto-edit", "--no-rag"];
    arguments.extend(more);
    Terminal::start(environment, &arguments)
}

#[test]
fn a_step_that_fails_is_done_again() {
    let mut script = vec![plan(&["a.txt", "b.txt", "c.txt"])];
    script.extend(step("a.txt"));
    script.extend([Reply::text("b.txt is new."), Reply::text("It is.")]);
    script.extend(step("b.txt"));
    script.extend(step("c.txt"));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let terminal = start(&environment, &[GOAL]);
    answer(&terminal, (PLAN, 1), "1");
    answer(&terminal, ("Step 1 of 3 is done. ", 1), "go on");
    answer(
        &terminal,
        ("Step 2 of 3 was not done. ", 1),
        "redo: really change it",
    );
    answer(&terminal, ("Step 2 of 3 is done. ", 1), "go on");
    answer(&terminal, ("Step 3 of 3 is done. ", 1), "1");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("The task is done"), "{screen}");
    for name in ["a", "b", "c"] {
        assert_eq!(
            environment.read(&format!("{name}.txt")),
            format!("{name} is new\n")
        );
    }
    let requests = server.requests();
    let again = last_text(&requests[5]);
    assert!(again.contains("The user says: really change it"), "{again}");
    assert!(
        again.contains("✓ step 1") && again.contains("▸ step 2"),
        "{again}"
    );
    assert_eq!(messages(&requests[5]).len(), 2, "it begins afresh");
}

#[test]
fn steps_are_dropped_moved_and_planned_anew_before_they_begin() {
    let server = ChatServer::start(vec![
        plan(&["a.txt", "b.txt", "c.txt"]),
        plan(&["c.txt", "a.txt"]),
    ]);
    let environment = environment(&server);
    let terminal = start(&environment, &[GOAL]);
    answer(&terminal, (PLAN, 1), "drop 2");
    terminal.expect("2. – Change b.txt (dropped)");
    answer(&terminal, (PLAN, 2), "move 3 to 1");
    terminal.expect("1. · Change c.txt");
    answer(&terminal, (PLAN, 3), "move 9 to 1");
    terminal.expect("there is no step 9");
    answer(&terminal, (PLAN, 4), "only c and a, in this order");
    answer(&terminal, (PLAN, 5), "stop");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("The plan is kept"), "{screen}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let wish = last_text(&requests[1]);
    assert!(wish.contains("only c and a, in this order"), "{wish}");
    assert!(
        wish.contains("2. · Change a.txt"),
        "it sees the plan as it was: {wish}"
    );

    // It is there in the next process, until it is stopped.
    let terminal = start(&environment, &[]);
    answer(&terminal, (PLAN, 1), "2");
    terminal.finish();
    let stopped = environment
        .run(&["task", "--no-rag", "stop"])
        .expect_success();
    assert!(
        stopped.stdout.contains("The task is stopped"),
        "{}",
        stopped.stdout
    );
    let none = environment.run(&["task", "--no-rag"]).expect_code(1);
    none.expect_words(&["there is no task to go on with"]);
    assert_eq!(environment.read("a.txt"), "a is old\n");
}

#[test]
fn a_step_is_undone_corrected_and_shown_as_a_diff() {
    let mut script = vec![plan(&["a.txt", "b.txt"])];
    script.extend(step("a.txt"));
    script.extend(step("a.txt"));
    let arguments = json!({"path": "a.txt", "search": "new", "replace": "newer"});
    script.push(Reply::text("").call("edit_file", arguments));
    script.push(Reply::text("a.txt is newer."));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let terminal = start(&environment, &[GOAL]);
    answer(&terminal, (PLAN, 1), "go on");
    answer(&terminal, ("Step 1 of 2 is done. ", 1), "undo this step");
    terminal.expect("Undone: a.txt");
    assert_eq!(environment.read("a.txt"), "a is old\n");
    answer(&terminal, (PLAN, 2), "go on");
    answer(&terminal, ("Step 1 of 2 is done. ", 2), "Make it newer");
    terminal.expect("a.txt is newer.");
    terminal.expect_last(ASKED);
    assert_eq!(environment.read("a.txt"), "a is newer\n");
    terminal.enter("show the diff");
    terminal.expect("+a is newer");
    terminal.expect_last(ASKED);
    terminal.enter("stop");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
    let requests = server.requests();
    let wish = &requests[5];
    let told = last_text(wish);
    assert!(told.ends_with("Make it newer"), "{told}");
    assert!(told.contains("(You are at step 1 of 2: "), "{told}");
    assert!(
        messages(wish).len() > 2,
        "a step is corrected in its own conversation"
    );
}

#[test]
fn a_plan_of_plan_mode_is_offered_in_steps() {
    let mut script = vec![Reply::text("1. Change a.txt.\n2. Change b.txt.")];
    script.extend(step("a.txt"));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let terminal = Terminal::start(&environment, &["chat", "--no-rag", "--auto-edit"]);
    terminal.expect("/help lists the commands");
    terminal.expect_end(PROMPT);
    terminal.enter("/plan");
    terminal.expect_last("plan>");
    terminal.enter("Change both.");
    terminal.expect("[s] yes, in steps");
    terminal.answer("s");
    answer(&terminal, (PLAN, 1), "go on");
    answer(&terminal, ("Step 1 of 2 is done. ", 1), "stop");
    terminal.expect("The plan is kept");
    terminal.expect_last("auto-edit>");
    assert_eq!(environment.read("a.txt"), "a is new\n");
    assert_eq!(environment.read("b.txt"), "b is old\n");
    assert_eq!(server.requests().len(), 3, "the plan is not made again");
}
