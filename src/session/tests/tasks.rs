//! Tasks in steps come back from the journal, wherever it ends.

use super::*;

fn steps(texts: &[&str]) -> Vec<TaskStep> {
    let step = |text: &&str| TaskStep {
        text: (*text).to_owned(),
        ..TaskStep::default()
    };
    texts.iter().map(step).collect()
}

fn planned(texts: &[&str]) -> Record {
    Record::Planned {
        task: "a task".to_owned(),
        steps: steps(texts),
    }
}

fn began(step: usize, turn: u32) -> Record {
    Record::StepBegan { step, turn }
}

fn ended(step: usize, outcome: StepState) -> Record {
    Record::StepEnded {
        step,
        outcome,
        summary: "It is there.".to_owned(),
        changed: vec![ChangedFile {
            path: "a.rs".to_owned(),
            lines: Some((3, 1)),
        }],
        tokens: 70,
    }
}

/// The states of the steps of the open task.
fn states(session: &Session) -> Vec<StepState> {
    let open = session.task.as_ref().expect("a task");
    open.steps.iter().map(|step| step.state).collect()
}

#[test]
fn a_task_is_the_same_after_a_resume() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    // The engine keeps both, the messages and their records.
    session.messages = replay(&home.records(&session.id)).messages;
    let before = session.messages.clone();
    for next in [
        planned(&["one", "two", "three"]),
        began(1, 3),
        Record::compacted(&[]),
        ended(1, StepState::Done),
        began(2, 4),
        ended(2, StepState::Failed),
        planned(&["one", "other"]),
        began(2, 5),
    ] {
        if matches!(next, Record::Compacted { .. }) {
            session.messages.truncate(1);
        }
        record(&mut session, next);
    }
    let last = session.task.clone().expect("a task");
    assert_eq!(last.before, before);
    assert!(!last.is_left);
    assert_eq!(
        last.steps[1].turns,
        [5],
        "those of the replaced step are gone"
    );
    let id = session.id.clone();
    drop(session);
    let (session, _) = home.resume(&id);
    assert_eq!(session.task.as_ref(), Some(&last));
    assert_eq!(
        states(&session),
        [StepState::Pending, StepState::InProgress]
    );
    assert_eq!(session.messages.len(), 1, "{:?}", session.messages);
}

#[test]
fn the_conversation_before_a_step_is_that_of_now_once_the_task_was_left() {
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, user("Before?"));
    session.messages = vec![Message::user("Before?")];
    record(&mut session, planned(&["one", "two"]));
    record(&mut session, began(1, 2));
    record(&mut session, Record::TaskLeft);
    assert!(session.task.as_ref().is_some_and(|open| open.is_left));
    session.messages.push(Message::user("Meanwhile?"));
    record(&mut session, began(1, 2));
    let open = session.task.as_ref().expect("a task");
    assert_eq!((open.before.len(), open.is_left), (2, false));
    let reason = "done".to_owned();
    record(&mut session, Record::TaskEnded { reason });
    assert_eq!(session.task, None);
}

#[test]
fn turns_and_tokens_of_a_step_add_up() {
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, planned(&["one", "two"]));
    for turn in [2, 3] {
        record(&mut session, began(1, turn));
        record(&mut session, ended(1, StepState::Failed));
    }
    let id = session.id.clone();
    drop(session);
    let (session, _) = home.resume(&id);
    let step = &session.task.as_ref().expect("a task").steps[0];
    assert_eq!((step.turns.as_slice(), step.tokens), (&[2, 3][..], 140));
}

#[test]
fn numbers_of_steps_that_are_not_there_do_no_harm() {
    let home = Home::new();
    let mut session = home.create();
    record(&mut session, ended(1, StepState::Done));
    record(&mut session, began(1, 1));
    assert_eq!(session.task, None);
    record(&mut session, planned(&["one", "two"]));
    for step in [0, 3, usize::MAX] {
        record(&mut session, began(step, 1));
        record(&mut session, ended(step, StepState::Done));
    }
    assert_eq!(states(&session), [StepState::Pending, StepState::Pending]);
}

#[test]
fn secrets_stay_out_of_plans() {
    let home = Home::new();
    let mut session = home.create();
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let secret = secret.as_str();
    record(&mut session, planned(&[&format!("use {secret}"), "two"]));
    let text = std::fs::read_to_string(home.journal(&session.id)).expect("a journal");
    assert!(text.contains("\"planned\""), "{text}");
    assert!(!text.contains(secret), "{text}");
    let open = session.task.as_ref().expect("a task");
    assert!(
        !open.steps[0].text.contains(secret),
        "what is sent is what was written"
    );
}

#[test]
fn a_plan_in_the_journal_needs_little() {
    let line = r#"{"type":"planned","task":"t","steps":[{"text":"one"},{"text":"two","new":1}]}"#;
    let read: Record = serde_json::from_str(line).expect("a record");
    assert_eq!(
        read,
        Record::Planned {
            task: "t".to_owned(),
            steps: steps(&["one", "two"]),
        }
    );
}

#[test]
fn records_of_a_later_program_are_skipped() {
    let home = Home::new();
    let mut session = home.create();
    talk(&mut session);
    record(&mut session, planned(&["one", "two"]));
    let id = session.id.clone();
    drop(session);
    let path = home.journal(&id);
    let known = std::fs::read_to_string(&path).expect("a journal");
    let later = r#"{"type":"from_a_later_program","text":"?"}"#;
    std::fs::write(&path, format!("{known}{later}\n")).expect("a journal");
    let (session, resumed) = home.resume(&id);
    assert_eq!(resumed.unreadable, 1);
    assert!(session.task.is_some());
    assert_eq!(session.turn, 1);
}
