//! What the user does while a task is left, or after it was broken off.

use super::asking::{answer, start};
use super::*;
use crate::support::wait_until;

#[test]
fn a_question_after_a_power_cut_belongs_to_the_conversation_before_the_task() {
    let mut script = vec![
        Reply::text(&format!("A {BIRD} is a bird.")),
        plan(&["a.txt", "b.txt"]),
    ];
    script.extend(step("a.txt"));
    script.push(Reply::hang());
    let server = ChatServer::start(script);
    let environment = environment(&server);
    environment
        .run(&["chat", "--no-rag", "-p", "What is a cassowary?"])
        .expect_success();
    let unasked = ["--auto-edit", "--auto-steps"];
    let mut arguments = vec!["task", "--json", "--no-rag", "--continue", GOAL];
    arguments.extend(unasked);
    let mut running = environment.start(&arguments);
    wait_until("the second step", || server.requests().len() == 5);
    running.kill();

    server.then(vec![Reply::text("It flies not.")]);
    environment
        .run(&["chat", "--no-rag", "--continue", "-p", "Does it fly?"])
        .expect_success();
    let asked = server.requests().pop().expect("a request").to_string();
    assert!(asked.contains(BIRD), "{asked}");
    assert!(asked.contains("a.txt +1 −1"), "{asked}");
    assert!(!asked.contains("You carry out one step"), "{asked}");

    server.then(step("b.txt").into());
    let events = run(&environment, &unasked, 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    server.then(vec![Reply::text("Yes.")]);
    environment
        .run(&["chat", "--no-rag", "--continue", "-p", "Sure?"])
        .expect_success();
    let asked = server.requests().pop().expect("a request").to_string();
    assert!(asked.contains("It flies not."), "{asked}");
}

#[test]
fn nothing_but_the_step_is_undone() {
    // One reply is not enough for the step.
    let server = ChatServer::start(vec![plan(&["a.txt", "b.txt"]), edit("a.txt")]);
    let environment = environment(&server);
    let arguments = ["--auto-edit", "--auto-steps", "--max-steps", "1", GOAL];
    let events = run(&environment, &arguments, 1);
    assert_eq!(states(&events), "failed pending", "{events:#?}");

    server.then(vec![edit("c.txt"), Reply::text("c.txt is new.")]);
    let arguments = [
        "chat",
        "--no-rag",
        "--auto-edit",
        "--continue",
        "-p",
        "c, please",
    ];
    environment.run(&arguments).expect_success();

    let terminal = start(&environment, &[]);
    answer(
        &terminal,
        ("Step 1 of 2 was not done. ", 1),
        "undo this step",
    );
    terminal.expect("changed files after it");
    answer(&terminal, ("Step 1 of 2 was not done. ", 2), "stop");
    let (code, screen) = terminal.finish();
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(environment.read("c.txt"), "c is new\n");
    assert_eq!(environment.read("a.txt"), "a is new\n");
}
