//! Approvals, denied calls, and plan mode.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::lab::{Asked, Lab, SOURCE, call, edit, outcomes, read, text};
use super::*;
use crate::permission::{Decision, Mode};

#[tokio::test]
async fn an_edit_is_asked_about_made_and_taken_back() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("Done."), text("Yes.")]);
    let (end, events) = lab.ask("Say goodbye instead.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Done]);
    assert!(lab.file("main.rs").contains("goodbye"));
    let asked = lab.judge.asked.lock().clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].title.starts_with("edit main.rs"), "{asked:?}");
    assert_eq!(asked[0].hash.len(), 64);
    let undone = lab.engine.undo(&mut lab.session).expect("an undo");
    assert_eq!(undone.turn, 1);
    assert_eq!(lab.file("main.rs"), SOURCE);
    // The model is told with the next question.
    lab.ask("Is it as it was?").await;
    let asked = lab.asked();
    let said = asked.last().map(Asked::user).unwrap_or_default();
    assert!(said.contains("undid"), "{said}");
    assert!(said.ends_with("## Request\n\nIs it as it was?"), "{said}");
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn what_is_denied_does_not_run_and_the_reason_reaches_the_model() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("I did not.")]);
    lab.judge.decision = Some(Decision::Deny(Some("not on a Friday".to_owned())));
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Denied]);
    assert_eq!(lab.file("main.rs"), SOURCE);
    assert!(lab.results()[1].contains("not on a Friday"));
}

#[tokio::test]
async fn without_anybody_to_ask_what_would_ask_is_denied() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("I could not.")]);
    lab.judge.decision = None;
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Denied]);
    assert!(lab.results()[1].contains("nobody can be asked"));
    assert!(lab.judge.asked.lock().is_empty());
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn what_is_allowed_for_the_session_is_asked_once() {
    let back = json!({"path": "main.rs", "search": "goodbye", "replace": "hello"});
    let mut lab = Lab::new(vec![
        read("main.rs"),
        edit(),
        call("edit_file", back),
        text("There and back."),
    ]);
    lab.judge.decision = Some(Decision::Session);
    lab.ask("Go there and back.").await;
    let asked = lab.judge.asked.lock().clone();
    if asked[0].remember.is_some() {
        assert_eq!(asked.len(), 1);
    }
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn modes_decide_without_asking() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("Done.")]);
    lab.session.mode = Mode::AutoEdit;
    lab.judge.decision = None;
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Done]);
    assert!(lab.file("main.rs").contains("goodbye"));
}

#[tokio::test]
async fn a_plan_writes_nothing_and_ends_as_a_plan() {
    let mut lab = Lab::new(vec![edit(), text("1. Edit main.rs\n2. Run it")]);
    let question = Question {
        text: "Say goodbye.".to_owned(),
        plan: true,
        ..Question::default()
    };
    let (end, events) = lab.put(question).await;
    assert_eq!(end, TurnEnd::Planned);
    assert_eq!(outcomes(&events).len(), 1);
    assert_ne!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(lab.file("main.rs"), SOURCE);
    assert!(lab.asked()[0].user().contains("numbered plan"));
    // The list of tools is the same, so that the server's cache holds.
    assert_eq!(lab.asked()[0].tools.len(), 16);
}

#[tokio::test]
async fn without_agent_mode_only_what_reads_runs_and_the_model_is_told_why() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("It says hello.")]);
    lab.session.mode = Mode::AutoApprove;
    let question = Question {
        text: "Say goodbye.".to_owned(),
        read_only: true,
        ..Question::default()
    };
    let (end, events) = lab.put(question).await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Denied]);
    assert_eq!(lab.file("main.rs"), SOURCE);
    assert!(lab.judge.asked.lock().is_empty());
    let results = lab.results();
    assert!(
        results[1].contains("agent mode is off: nothing can be written"),
        "{results:#?}"
    );
    assert!(!results[1].contains("plan mode"), "{results:#?}");
    assert!(
        lab.asked()[0]
            .user()
            .ends_with("Answer from what you find.")
    );
    // Neither the tools nor the mode of the session change.
    assert_eq!(lab.asked()[0].tools.len(), 16);
    assert_eq!(lab.session.mode, Mode::AutoApprove);
    lab.model.script.lock().extend([edit(), text("Done.")]);
    lab.ask("Say goodbye.").await;
    assert!(lab.file("main.rs").contains("goodbye"));
}

#[tokio::test]
async fn an_approval_for_the_session_does_not_hold_where_only_reading_may_run() {
    for (plan, read_only) in [(true, false), (false, true)] {
        let touch = || call("run_command", json!({"command": "touch made.txt"}));
        let mut lab = Lab::new(vec![touch(), text("Made."), touch(), text("I may not.")]);
        lab.judge.decision = Some(Decision::Session);
        lab.ask("Make it.").await;
        fs::remove_file(lab.root.join("made.txt")).expect("it was made");
        let question = Question {
            text: "Make it again.".to_owned(),
            plan,
            read_only,
            ..Question::default()
        };
        let (_, events) = lab.put(question).await;
        assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
        assert!(!lab.root.join("made.txt").exists());
        assert_eq!(lab.judge.asked.lock().len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_written_that_was_not_asked_for() {
    let mut lab = Lab::new(vec![read("main.rs"), text("It greets.")]);
    lab.ask("What does it do?").await;
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    };
    assert_eq!(names(&lab.root), ["main.rs"]);
}
