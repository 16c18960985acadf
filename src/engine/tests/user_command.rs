//! Commands that the user runs.

use super::lab::{Lab, call, outcomes, text};
use super::*;
use crate::permission::{Decision, Mode};
use serde_json::json;

/// Runs a command of the user, and gives the events.
async fn run(lab: &mut Lab, command: &str) -> Vec<Event> {
    let (sender, mut receiver) = mpsc::channel(64);
    let Lab {
        engine,
        session,
        judge,
        stop,
        ..
    } = lab;
    let ran = engine.run_for_user(session, command, &*judge, &sender, stop);
    assert_eq!(ran.await, Ok(()));
    drop(sender);
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn what_the_user_runs_stands_in_the_next_question_once() {
    let mut lab = Lab::new(vec![text("It printed kettle."), text("Again?")]);
    lab.judge.decision = None;
    let events = run(&mut lab, "echo kettle; exit 3").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let [
        Event::ToolStarted { what, .. },
        Event::ToolFinished {
            summary, detail, ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(what, "echo kettle; exit 3");
    assert_eq!(
        (summary.as_str(), detail.as_str()),
        ("exit code 3", "kettle\n")
    );
    lab.ask("What did it print?").await;
    lab.ask("Once more.").await;
    let asked = lab.asked();
    let question = asked[0].user();
    assert!(
        question.contains("## The user ran a command\n\n```\n$ echo kettle; exit 3\nexit code 3"),
        "{question}"
    );
    assert!(question.contains("kettle\n"), "{question}");
    assert!(question.ends_with("What did it print?"), "{question}");
    assert!(
        !asked[1].user().contains("The user ran"),
        "{}",
        asked[1].user()
    );
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn what_the_user_runs_needs_no_approval_in_any_mode() {
    for mode in [Mode::Ask, Mode::Plan] {
        let mut lab = Lab::new(Vec::new());
        lab.judge.decision = None;
        lab.session.mode = mode;
        let events = run(&mut lab, "echo new > made.txt").await;
        assert_eq!(outcomes(&events), [ToolOutcome::Done], "{mode:?}");
        assert_eq!(lab.file("made.txt"), "new\n");
        assert!(lab.judge.asked.lock().is_empty());
    }
}

#[tokio::test]
async fn a_command_before_the_first_question_shares_no_turn() {
    let write = call(
        "write_file",
        json!({"path": "made.txt", "content": "by the model\n"}),
    );
    let mut lab = Lab::new(vec![write, text("Done.")]);
    run(&mut lab, "echo mine > mine.txt").await;
    assert_eq!(lab.session.turn, 0);
    lab.ask("Make it.").await;
    let undone = lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(
        (undone.turn, undone.removed),
        (1, vec!["made.txt".to_owned()])
    );
    assert_eq!(lab.file("mine.txt"), "mine\n");
    let undone = lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(
        (undone.turn, undone.removed),
        (0, vec!["mine.txt".to_owned()])
    );
    let told = lab.session.remarks.last().expect("a remark");
    assert!(told.contains("their own command"), "{told}");
}

#[tokio::test]
async fn secrets_are_asked_about_in_plan_mode_as_well() {
    for (decision, outcome) in [
        (Some(Decision::Once), ToolOutcome::Done),
        (Some(Decision::Deny(None)), ToolOutcome::Denied),
        (None, ToolOutcome::Denied),
    ] {
        let mut lab = Lab::new(Vec::new());
        std::fs::write(lab.root.join(".env"), "TOKEN=1\n").expect("a file");
        lab.session.mode = Mode::Plan;
        lab.judge.decision = decision.clone();
        let events = run(&mut lab, "git show HEAD:.env").await;
        assert_eq!(outcomes(&events), [outcome], "{decision:?}: {events:?}");
        let asked = lab.judge.asked.lock().len();
        assert_eq!(asked, usize::from(decision.is_some()));
    }
}

#[tokio::test]
async fn what_cannot_run_says_why() {
    let mut lab = Lab::new(Vec::new());
    let events = run(&mut lab, "vim main.rs").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
    assert!(
        matches!(&events[1], Event::ToolFinished { summary, .. } if summary.contains("terminal")),
        "{events:?}"
    );
}

#[tokio::test]
async fn calls_of_the_model_go_on_after_a_command_of_the_user() {
    let mut lab = Lab::new(vec![
        call("read_file", json!({"path": "main.rs"})),
        text("It greets."),
    ]);
    run(&mut lab, "true").await;
    let (end, events) = lab.ask("What does main.rs do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(lab.session.turn, 1);
}
