//! Commands that the user changes before they run.

use std::collections::VecDeque;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::lab::{Lab, call, outcomes, text};
use super::*;
use crate::permission::{ApprovalRequest, Decision};

/// Decides one thing after the other, and remembers the commands it was asked about.
struct Deciding {
    decisions: Mutex<VecDeque<Decision>>,
    asked: Mutex<Vec<String>>,
}

impl Deciding {
    fn new(decisions: &[Decision]) -> Deciding {
        Deciding {
            decisions: Mutex::new(decisions.iter().cloned().collect()),
            asked: Mutex::default(),
        }
    }
}

impl Approver for Deciding {
    fn decide<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        self.asked.lock().push(request.preview.text().into_owned());
        let decision = self.decisions.lock().pop_front();
        async move { decision.unwrap_or(Decision::Deny(None)) }.boxed()
    }

    fn answer<'a>(&'a self, _: &'a str, _: &'a [String]) -> BoxFuture<'a, Option<String>> {
        async { None }.boxed()
    }

    fn can_ask(&self) -> bool {
        true
    }
}

async fn ask(lab: &mut Lab, approver: &Deciding) -> Vec<Event> {
    let (sender, mut receiver) = mpsc::channel(64);
    let question = Question {
        text: "Make it.".to_owned(),
        ..Question::default()
    };
    let Lab {
        engine,
        session,
        stop,
        ..
    } = lab;
    let end = engine.ask(session, question, approver, &sender, stop).await;
    assert_eq!(end, TurnEnd::Answered);
    drop(sender);
    let mut events = Vec::new();
    while let Some(event) = receiver.recv().await {
        events.push(event);
    }
    events
}

fn made(command: &str) -> Lab {
    let arguments = json!({"command": command, "cwd": ".", "timeout": 30});
    Lab::new(vec![call("run_command", arguments), text("Done.")])
}

#[tokio::test]
async fn the_changed_command_is_asked_about_and_is_what_runs() {
    let mut lab = made("echo one > one.txt");
    let other = "echo two > two.txt".to_owned();
    let approver = Deciding::new(&[Decision::ReplaceCommand(other.clone()), Decision::Once]);
    let events = ask(&mut lab, &approver).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(
        *approver.asked.lock(),
        ["echo one > one.txt", other.as_str()]
    );
    assert_eq!(lab.file("two.txt"), "two\n");
    assert!(!lab.root.join("one.txt").exists());
    let results = lab.results();
    assert_eq!(results.len(), 1, "{results:?}");
    let said = "[The user changed the command before it ran, to: echo two > two.txt]";
    assert!(results[0].contains(said), "{results:?}");
}

#[tokio::test]
async fn a_changed_command_may_still_be_denied() {
    let mut lab = made("echo one > one.txt");
    let edit = Decision::ReplaceCommand("echo two > two.txt".to_owned());
    let approver = Deciding::new(&[edit, Decision::Deny(Some("not today".to_owned()))]);
    let events = ask(&mut lab, &approver).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
    assert!(lab.results()[0].contains("not today"));
    assert!(!lab.root.join("two.txt").exists());
}

#[tokio::test]
async fn a_changed_command_that_only_reads_runs_at_once() {
    let mut lab = made("echo one > one.txt");
    let approver = Deciding::new(&[Decision::ReplaceCommand("cat main.rs".to_owned())]);
    let events = ask(&mut lab, &approver).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(approver.asked.lock().len(), 1);
    assert!(lab.results()[0].contains("fn main()"));
}

#[tokio::test]
async fn what_the_user_wants_instead_is_no_loop_of_the_model() {
    let runs = (0..5).map(|number| {
        let command = format!("echo {number} > {number}.txt");
        call("run_command", json!({ "command": command }))
    });
    let mut lab = Lab::new(runs.chain([text("Done.")]).collect());
    let edits: Vec<Decision> = (0..5)
        .map(|_| Decision::ReplaceCommand("cat main.rs".to_owned()))
        .collect();
    let events = ask(&mut lab, &Deciding::new(&edits)).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done; 5]);
    assert!(!lab.results().concat().contains("You have this result"));
}
