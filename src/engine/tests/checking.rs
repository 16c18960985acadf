//! Checks of changes by the program.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::lab::{Lab, Line, call, edit, text};
use super::*;
use crate::check::CheckChoice;
use crate::check::baseline::KnownRuns;
use crate::engine::event::{CheckResult, TurnFacts};
use crate::permission::{Decision, Mode, UserChecks};
use crate::text::tokens::estimate_text;

/// Two tests that fail: one alone would run again.
const FAILING: &str = "echo 'TAP version 13'\necho 'not ok 1 - mean'\necho 'not ok 2 - total'\n\
                       echo 1..2\nexit 1\n";

/// A workspace with a command that checks it.
fn lab(script: Vec<Line>, check: &str) -> Lab {
    lab_with(script, check, 32_768)
}

fn lab_with(script: Vec<Line>, check: &str, window: u32) -> Lab {
    let mut lab = Lab::with(script, window, EngineOptions::default());
    fs::write(lab.root.join("check.sh"), check).expect("a file");
    lab.engine = lab.engine.with_checks(setup(PathBuf::new()));
    lab
}

fn setup(file: PathBuf) -> CheckSetup {
    CheckSetup {
        choice: CheckChoice::Ask,
        own: UserChecks {
            test: Some("sh check.sh".to_owned()),
            ..UserChecks::default()
        },
        file,
    }
}

fn facts(events: &[Event]) -> TurnFacts {
    let found = events.iter().find_map(|event| match event {
        Event::TurnFacts(facts) => Some(facts.clone()),
        _ => None,
    });
    found.expect("facts")
}

fn results(events: &[Event]) -> Vec<CheckResult> {
    facts(events)
        .checks
        .iter()
        .map(|check| check.result)
        .collect()
}

/// The titles of what the user was asked.
fn titles(lab: &Lab) -> Vec<String> {
    let asked = lab.judge.asked.lock();
    asked.iter().map(|request| request.title.clone()).collect()
}

const QUESTION: &str = "run `sh check.sh` after edits";

#[tokio::test]
async fn a_check_runs_between_the_last_edit_and_the_answer() {
    let script = vec![edit(), text("It says goodbye now.")];
    let mut lab = lab(script, "grep -q goodbye main.rs\n");
    lab.session.mode = Mode::AutoEdit;
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(titles(&lab), [QUESTION]);
    assert_eq!(results(&events), [CheckResult::Passed]);
    assert_eq!(lab.asked().len(), 2);
    let asked = lab.judge.asked.lock();
    // Commands that are not confined are asked about each time.
    assert_eq!(asked[0].remember, None);
    assert!(!asked[0].can_edit);
}

#[tokio::test]
async fn without_an_edit_nothing_is_checked() {
    let mut lab = lab(vec![text("Nothing to do.")], "exit 1\n");
    let (_, events) = lab.ask("What is there?").await;
    assert_eq!(titles(&lab), Vec::<String>::new());
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, Event::TurnFacts(_)))
    );
}

#[tokio::test]
async fn what_the_model_ran_itself_is_not_run_again() {
    let run = call("run_command", json!({"command": "sh check.sh"}));
    let script = vec![edit(), run, text("It says goodbye now.")];
    let mut lab = lab(script, "exit 0\n");
    let (_, events) = lab.ask("Say goodbye.").await;
    assert!(!titles(&lab).contains(&QUESTION.to_owned()));
    assert_eq!(results(&events), []);
}

#[tokio::test]
async fn who_declines_is_not_asked_again_in_the_session() {
    let again = call(
        "edit_file",
        json!({"path": "main.rs", "search": "goodbye", "replace": "good night"}),
    );
    let script = vec![edit(), text("One."), again, text("Two.")];
    let mut lab = lab(script, FAILING);
    lab.session.mode = Mode::AutoEdit;
    lab.judge.decision = Some(Decision::Deny(None));
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(results(&events), [CheckResult::NotRun]);
    let (_, events) = lab.ask("Say good night.").await;
    assert_eq!(titles(&lab), [QUESTION]);
    assert!(facts(&events).checks[0].words.contains("you declined"));
}

#[tokio::test]
async fn who_declines_is_asked_again_in_another_session() {
    let again = call(
        "edit_file",
        json!({"path": "main.rs", "search": "goodbye", "replace": "good night"}),
    );
    let script = vec![edit(), text("One."), again, text("Two.")];
    let mut lab = lab(script, FAILING);
    lab.session.mode = Mode::AutoEdit;
    lab.judge.decision = Some(Decision::Deny(None));
    lab.ask("Say goodbye.").await;
    let folder = lab.root.with_file_name("sessions");
    let other = Session::create(&folder, &lab.root, lab.model.clone());
    lab.session = other.expect("another session");
    lab.session.mode = Mode::AutoEdit;
    *lab.engine.context.changes.lock() = lab.session.changes();
    lab.ask("Say good night.").await;
    assert_eq!(titles(&lab), [QUESTION, QUESTION]);
}

#[tokio::test]
async fn a_turn_that_ends_before_its_checks_says_so() {
    let options = EngineOptions {
        max_steps: 1,
        ..EngineOptions::default()
    };
    let mut lab = Lab::with(vec![edit()], 32_768, options);
    lab.engine = lab.engine.with_checks(setup(PathBuf::new()));
    lab.session.mode = Mode::AutoEdit;
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::StepLimit(1));
    let is_told = |event: &Event| match event {
        Event::Notice(text) => text.contains("not checked"),
        _ => false,
    };
    assert!(events.iter().any(is_told), "{events:#?}");
}

#[tokio::test]
async fn what_will_not_run_is_not_asked_about() {
    let mut lab = lab(vec![edit(), text("One.")], FAILING);
    lab.session.mode = Mode::AutoEdit;
    let file = lab.root.with_file_name("runs.json");
    let mut known = KnownRuns::default();
    known.note(
        "\0sh check.sh",
        BTreeSet::new(),
        Duration::from_secs(61),
        false,
    );
    known.write(&file).expect("a file");
    lab.engine = lab.engine.with_checks(setup(file));
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(titles(&lab), Vec::<String>::new());
    let checks = facts(&events).checks;
    assert_eq!(checks[0].result, CheckResult::NotRun);
    assert!(
        checks[0].words.contains("it took 61 s the last time"),
        "{checks:?}"
    );
}

#[tokio::test]
async fn what_an_undone_turn_broke_is_new_the_next_time() {
    let script = vec![edit(), text("One."), text("It fails.")];
    let mut lab = lab(script, FAILING);
    lab.session.mode = Mode::AutoEdit;
    let file = lab.root.with_file_name("runs.json");
    let key = "\0sh check.sh";
    let mut known = KnownRuns::default();
    let old: BTreeSet<String> = ["total".to_owned()].into();
    known.note(key, old.clone(), Duration::from_secs(1), false);
    known.write(&file).expect("a file");
    lab.engine = lab.engine.with_checks(setup(file.clone()));
    lab.ask("Say goodbye.").await;
    let failing = |file: &PathBuf| KnownRuns::read(file).of(key).map(|it| it.failing.clone());
    assert_eq!(failing(&file).map(|it| it.len()), Some(2));
    lab.engine.undo(&mut lab.session).expect("it is undone");
    assert_eq!(failing(&file), Some(old));
}

#[tokio::test]
async fn where_nobody_can_be_asked_nothing_runs_that_needs_approval() {
    let mut lab = lab(vec![edit(), text("One.")], FAILING);
    lab.session.mode = Mode::AutoEdit;
    lab.judge.decision = None;
    let (_, events) = lab.ask("Say goodbye.").await;
    let checks = facts(&events).checks;
    assert_eq!(checks[0].result, CheckResult::NotRun);
    assert!(
        checks[0].words.contains("nobody can be asked"),
        "{checks:?}"
    );
}

#[tokio::test]
async fn edits_of_tests_are_asked_about_while_failures_are_fixed() {
    let write = || {
        call(
            "write_file",
            json!({"path": "tests/stats.rs", "content": "// fine\n"}),
        )
    };
    let script = vec![write(), text("One."), edit(), text("Two.")];
    let mut lab = lab(script, FAILING);
    lab.session.mode = Mode::AutoEdit;
    lab.ask("Say goodbye.").await;
    // Before anything failed, an edit of a test is one like any other.
    assert_eq!(titles(&lab), [QUESTION, QUESTION]);

    let script = vec![edit(), text("One."), write(), text("Two.")];
    let mut lab = self::lab(script, FAILING);
    lab.session.mode = Mode::AutoEdit;
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    let asked = lab.judge.asked.lock().clone();
    assert_eq!(asked.len(), 3, "{asked:#?}");
    assert!(
        asked[1].reason.contains("this changes a test"),
        "{asked:#?}"
    );
    assert_eq!(asked[1].remember, None);
    // The same failures twice: the answer is accepted, and what fails is said.
    assert_eq!(results(&events), [CheckResult::Failed]);
}

#[tokio::test]
async fn what_is_fed_back_fits_a_small_window() {
    let many: String = (0..300)
        .map(|n| {
            format!(
                "echo 'not ok {n} - case {n}'\necho '  {}'\n",
                "word ".repeat(40)
            )
        })
        .collect();
    let check = format!("echo 'TAP version 13'\n{many}echo 1..300\nexit 1\n");
    let script = vec![edit(), text("It says goodbye."), text("It fails still.")];
    let mut lab = lab_with(script, &check, 4_096);
    lab.session.mode = Mode::AutoApprove;
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    let asked = lab.asked();
    assert_eq!(asked.len(), 3);
    let note = asked[2].user();
    assert!(
        note.contains("`sh check.sh` failed with exit code 1"),
        "{note}"
    );
    assert!(estimate_text(note) <= 614 + 20, "{note}");
    // It was not checked again: nothing was changed.
    assert_eq!(results(&events), [CheckResult::Failed]);
    lab.check_requests_extend_each_other();
}
