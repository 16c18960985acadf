//! Turns that the program leads: what they may do, and what the model learns of them.

use std::fs;

use serde_json::{Value, json};

use super::git::repository;
use super::lab::{Lab, check_events, shown, text};
use super::*;
use crate::engine::calls::CallResult;
use crate::engine::jobs::Job;
use crate::engine::jobs::commit::CommitOrder;
use crate::engine::jobs::review::ReviewOrder;
use crate::engine::jobs::task::TaskOrder;
use crate::message::ToolCall;
use crate::permission::{Decision, Mode};
use crate::text::tokens::estimate_text;

/// Runs a job; `read_only`: agent mode is off.
async fn run(lab: &mut Lab, job: Job, read_only: bool) -> (TurnEnd, Vec<Event>) {
    let (sender, mut receiver) = mpsc::channel(256);
    let Lab {
        engine,
        session,
        judge,
        stop,
        ..
    } = lab;
    let end = engine
        .run_job(session, (&job, read_only), &*judge, &sender, stop)
        .await;
    drop(sender);
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    check_events(&events, &end);
    (end, events)
}

/// Runs a call of the program.
async fn call(lab: &mut Lab, tool: &str, arguments: Value, read_only: bool) -> CallResult {
    let (sender, _receiver) = mpsc::channel(256);
    let sink = EventSink::new(&sender, &lab.stop);
    let mut turn = Turn::new(&lab.engine, &mut lab.session, &lab.judge, sink, false);
    turn.read_only = read_only;
    let call = ToolCall {
        id: "job_1".to_owned(),
        name: tool.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    };
    turn.run_job_call(&call).await.expect("a result")
}

fn review() -> Job {
    Job::Review(ReviewOrder::default())
}

fn finding(problem: &str) -> String {
    json!({"findings": [
        {"path": "main.rs", "line": 2, "severity": "error", "problem": problem},
    ]})
    .to_string()
}

#[tokio::test]
async fn the_findings_of_a_review_are_told_with_the_next_question_once() {
    let found = finding("it never greets");
    let mut lab = Lab::new(vec![text(&found), text("Fixed."), text("So.")]);
    repository(&lab).await;
    fs::write(lab.root.join("main.rs"), "fn main() {\n    run();\n}\n").expect("a file");
    let (end, events) = run(&mut lab, review(), false).await;
    assert_eq!(end, TurnEnd::Answered);
    let found = "- `main.rs:2` **error**: it never greets";
    assert!(shown(&events).contains(found), "{}", shown(&events));
    lab.ask("Fix the first finding.").await;
    lab.ask("Once more.").await;
    let asked = lab.asked();
    let question = asked[1].user();
    assert!(
        question.contains("## The user ran `/review`, and ollacode reported\n\n```\n/review\n"),
        "{question}"
    );
    assert!(question.contains(found), "{question}");
    assert!(!asked[2].user().contains("/review"), "{}", asked[2].user());
}

#[tokio::test]
async fn a_long_report_takes_a_small_part_of_the_window_and_only_the_last_counts() {
    let mut lab = Lab::with(vec![text("So.")], 4_096, EngineOptions::default());
    let long: String = (0..2_000).map(|line| format!("finding {line}\n")).collect();
    lab.session.note_job("/review main", &long);
    lab.session
        .note_job("/review", &format!("{long}the last one\n"));
    lab.session.note_job("/task stop", "The task is stopped.");
    assert_eq!(lab.session.remarks.len(), 1);
    let told = &lab.session.remarks[0];
    assert!(estimate_text(told) < 600, "{}", estimate_text(told));
    assert!(told.contains("the last one"), "{told}");
}

#[tokio::test]
async fn why_a_job_failed_is_told_as_well() {
    let mut lab = Lab::new(vec![text("I see.")]);
    lab.session.mode = Mode::Plan;
    let order = CommitOrder {
        hint: "the fix".to_owned(),
    };
    let (end, _) = run(&mut lab, Job::Commit(order), false).await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
    lab.ask("Why was that?").await;
    let asked = lab.asked();
    let question = asked[0].user();
    assert!(question.contains("/commit the fix"), "{question}");
    assert!(question.contains("nothing is committed"), "{question}");
}

#[tokio::test]
async fn without_agent_mode_a_job_changes_nothing_whatever_the_mode() {
    let mut lab = Lab::new(Vec::new());
    lab.session.mode = Mode::AutoApprove;
    let write = json!({"path": "made.txt", "content": "x\n"});
    let written = call(&mut lab, "write_file", write, true).await;
    let touched = json!({"command": "touch made.txt"});
    let touched = call(&mut lab, "run_command", touched, true).await;
    for result in [written, touched] {
        assert_eq!(result.how, ToolOutcome::Denied, "{}", result.text);
        assert!(result.text.contains("agent mode is off"), "{}", result.text);
    }
    assert!(!lab.root.join("made.txt").exists());
    assert!(lab.judge.asked.lock().is_empty());
    let (end, _) = run(&mut lab, Job::Commit(CommitOrder::default()), true).await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
}

#[tokio::test]
async fn without_agent_mode_a_task_is_planned_and_not_carried_out() {
    let steps = json!({"steps": [
        {"text": "Say goodbye", "files": ["main.rs"], "check": "it compiles"},
        {"text": "Say it twice", "files": ["main.rs"], "check": "it compiles"},
    ]});
    let mut lab = Lab::new(vec![text(&steps.to_string())]);
    lab.session.mode = Mode::AutoApprove;
    let order = TaskOrder {
        goal: Some("say goodbye".to_owned()),
        auto_steps: true,
        ..TaskOrder::default()
    };
    let (end, events) = run(&mut lab, Job::Task(order), true).await;
    assert_eq!(end, TurnEnd::Answered);
    let shown = shown(&events);
    assert!(shown.contains("Say it twice"), "{shown}");
    assert!(shown.contains("Agent mode is off"), "{shown}");
    assert_eq!(lab.asked().len(), 1);
}

#[tokio::test]
async fn a_command_of_a_job_is_asked_about_truly_and_cannot_be_edited() {
    let mut lab = Lab::new(Vec::new());
    lab.judge.decision = Some(Decision::Once);
    let reads = json!({"command": "cat main.rs"});
    let read = call(&mut lab, "run_command", reads, false).await;
    assert_eq!(read.how, ToolOutcome::Done, "{}", read.text);
    assert!(lab.judge.asked.lock().is_empty());
    let touches = json!({"command": "touch made.txt"});
    let touched = call(&mut lab, "run_command", touches, false).await;
    assert_eq!(touched.how, ToolOutcome::Done, "{}", touched.text);
    assert!(lab.root.join("made.txt").exists());
    let asked = lab.judge.asked.lock();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].can_edit);
}
