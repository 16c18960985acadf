//! What survives the end of the program.

use super::*;
use crate::support::wait_until;

#[test]
fn what_was_interrupted_is_said_and_nothing_runs_twice() {
    let mut web = web_with(
        vec![
            run("echo one >> ran.txt; sleep 60"),
            Reply::text("It is there."),
        ],
        &["--auto-approve"],
    );
    let session = {
        let talk = Talk::open(&web);
        let mut events = talk.events(0);
        talk.ask("Run it.");
        events.event("tool_started");
        let file = web.environment.workspace().join("ran.txt");
        wait_until("the command", || file.exists());
        let session = talk.snapshot()["session"].clone();
        session.as_str().expect("a session").to_owned()
    };
    web.kill();
    web.go(&[]);
    let talk = Talk::resume(&web, &session);
    let snapshot = talk.snapshot();
    assert_eq!(snapshot["title"], "Run it.");
    let history = snapshot["history"].as_array().expect("a history");
    assert_eq!(names(history), ["asked", "tool_started", "tool_finished"]);
    assert_eq!(history[2]["outcome"], "interrupted");
    let mut events = talk.events(0);
    let opened = events.event("opened");
    let notes = opened["notes"].to_string();
    assert!(notes.contains("`run_command` was running"), "{notes}");
    assert_eq!(web.server.requests().len(), 1, "nothing is asked again");
    talk.ask("Is it there?");
    events.event("ended");
    assert!(answer_in(&events.seen).contains("It is there."));
    assert_eq!(web.environment.read("ran.txt"), "one\n");
    // The mode that asks less is not kept.
    assert_eq!(talk.snapshot()["mode"], "ask");
}

#[test]
fn conversations_of_an_earlier_process_are_not_mixed_up() {
    let mut web = web(vec![Reply::text("Yes.")]);
    let (before, session) = {
        let talk = Talk::open(&web);
        talk.ask_and_wait("Is it?");
        (talk.id.clone(), talk.snapshot()["session"].clone())
    };
    web.kill();
    web.go(&[]);
    Talk::open(&web);
    let answer = web.get(&format!("/api/conversations/{before}")).expect(404);
    assert_eq!(answer.code(), "conversation_not_found");
    let talk = Talk::resume(&web, session.as_str().expect("a session"));
    assert_ne!(talk.id, before);
    assert_eq!(answer_in(&talk.snapshot_events()), "Yes.");
}

#[test]
fn the_end_of_the_program_is_the_end_of_the_turn() {
    let mut web = web(vec![Reply::text("It is a long story: ").then_hang()]);
    {
        let talk = Talk::open(&web);
        let mut events = talk.events(0);
        talk.ask("Tell me.");
        events.event("block");
        talk.ask("And then?");
    }
    web.end().expect_success();
    let actions = web.environment.run(&["log", "--json"]).expect_success();
    let actions = actions.json_lines();
    let last = actions.last().expect("an action");
    assert_eq!(last["action"], "ended", "{actions:#?}");
    let questions = actions
        .iter()
        .filter(|action| action["action"] == "question");
    assert_eq!(questions.count(), 1, "what waited was not asked");
}

#[test]
fn a_session_goes_on_at_the_terminal_and_back() {
    let mut web = web(vec![
        Reply::text("One."),
        Reply::text("Two."),
        Reply::text("Three."),
    ]);
    let session = {
        let talk = Talk::open(&web);
        talk.ask_and_wait("First?");
        let session = talk.snapshot()["session"].clone();
        session.as_str().expect("a session").to_owned()
    };
    web.end().expect_success();
    let asked = web
        .environment
        .run(&["chat", "--resume", &session, "-p", "Second?"]);
    asked.expect_success();
    web.go(&[]);
    let talk = Talk::resume(&web, &session);
    let history = talk.snapshot()["history"].clone();
    let history = history.as_array().expect("a history");
    assert_eq!(names(history), ["asked", "block", "asked", "block"]);
    talk.ask_and_wait("Third?");
    let all = talk.snapshot_events();
    let answers = answer_in(&all);
    for answer in ["One.", "Two.", "Three."] {
        assert!(answers.contains(answer), "{answers}");
    }
    assert_eq!(web.server.requests().len(), 3);
}
