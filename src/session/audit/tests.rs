//! The audit of a session.

use std::fs;

use serde_json::json;

use super::*;
use crate::session::journal::{Journal, path_of};
use crate::session::{ChangedFile, TaskStep, VERSION};

fn call(id: &str, tool: &str, arguments: &Value) -> CallRecord {
    CallRecord {
        id: id.to_owned(),
        name: tool.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    }
}

fn user(shown: &str) -> Record {
    Record::User {
        text: format!("{shown} and what was found"),
        shown: shown.to_owned(),
    }
}

fn wants(calls: &[CallRecord]) -> Record {
    Record::Assistant {
        text: String::new(),
        thinking: String::new(),
        calls: calls.to_vec(),
    }
}

fn ran(call: &CallRecord, text: &str, outcome: OutcomeRecord) -> Record {
    Record::Ran {
        call_id: call.id.clone(),
        tool: call.name.clone(),
        text: text.to_owned(),
        outcome,
    }
}

fn begins(call: &CallRecord) -> Record {
    Record::AboutToRun { call: call.clone() }
}

fn told(records: Vec<Record>) -> Vec<AuditEntry> {
    let mut story = AuditBuilder::default();
    for record in records {
        story.take(record, None);
    }
    story.close();
    story.entries
}

/// Each entry as JSON, without the common fields.
fn lines(records: Vec<Record>) -> Vec<Value> {
    let entries = told(records);
    let values = entries.iter().map(serde_json::to_value);
    values.map(|value| value.expect("JSON")).collect()
}

#[test]
fn a_call_stands_where_it_began_and_before_what_it_changed() {
    let edit = call("c1", "edit_file", &json!({"path": "a.rs", "search": "x"}));
    let lines = lines(vec![
        user("Fix it"),
        wants(std::slice::from_ref(&edit)),
        Record::Asked {
            call_id: "c1".to_owned(),
            title: "edit a.rs".to_owned(),
            hash: "00ff".to_owned(),
        },
        Record::Decided {
            call_id: "c1".to_owned(),
            decision: DecisionRecord::Once,
        },
        begins(&edit),
        Record::Changed(ChangeRecord {
            turn: 1,
            path: "a.rs".to_owned(),
            before: Some("0a".to_owned()),
            after: None,
            mode: None,
            not_kept: false,
            is_revert: false,
        }),
        ran(&edit, "edited", OutcomeRecord::Done),
        Record::Undid { turn: 1 },
    ]);
    assert_eq!(
        lines,
        [
            json!({"turn": 1, "action": "question", "text": "Fix it"}),
            json!({"turn": 1, "action": "asked", "id": "c1", "title": "edit a.rs",
                   "what": "a.rs", "hash": "00ff"}),
            json!({"turn": 1, "action": "decided", "id": "c1", "answer": "once"}),
            json!({"turn": 1, "action": "call", "id": "c1", "tool": "edit_file",
                   "what": "a.rs", "outcome": "done"}),
            json!({"turn": 1, "action": "changed", "path": "a.rs", "before": "0a",
                   "after": null}),
            json!({"turn": 1, "action": "undid", "of_turn": 1}),
        ]
    );
}

#[test]
fn a_hook_is_listed_with_its_point_and_its_end() {
    let edit = call("c1", "edit_file", &json!({"path": "a.rs"}));
    let hook = |number: usize| {
        let arguments = json!({"on": "after_edit", "command": "rustfmt a.rs"});
        call(&format!("hook_{number}"), "hook", &arguments)
    };
    let (good, bad) = (hook(1), hook(2));
    let lines = lines(vec![
        user("Fix it"),
        wants(std::slice::from_ref(&edit)),
        begins(&edit),
        begins(&good),
        ran(&good, "exit code 0\n", OutcomeRecord::Done),
        begins(&bad),
        ran(&bad, "exit code 2\nno", OutcomeRecord::Failed),
        ran(&edit, "edited", OutcomeRecord::Done),
    ]);
    let told = |id: &str, outcome: &str, result: &str| {
        json!({"turn": 1, "action": "call", "id": id, "tool": "hook",
            "what": "after_edit: rustfmt a.rs", "outcome": outcome, "result": result})
    };
    assert_eq!(
        lines[2..],
        [
            told("hook_1", "done", "exit code 0"),
            told("hook_2", "failed", "exit code 2")
        ]
    );
    assert_eq!(lines[1]["outcome"], "done");
}

#[test]
fn each_call_has_one_outcome() {
    let named = |id: &str| call(id, "run_command", &json!({"command": id}));
    let calls = [
        "done", "failed", "stopped", "denied", "bad", "open", "never",
    ]
    .map(named);
    let [done, failed, stopped, denied, bad, open, _] = &calls;
    let entries = told(vec![
        user("Go"),
        wants(&calls),
        begins(done),
        ran(done, "exit code 1, 0.1 s\nstdout:\nx", OutcomeRecord::Done),
        begins(failed),
        ran(failed, "Error: no shell", OutcomeRecord::Failed),
        begins(stopped),
        ran(stopped, "stopped by the user", OutcomeRecord::Denied),
        ran(denied, "Denied: a rule says so.", OutcomeRecord::Denied),
        ran(bad, "Error: `command` is missing", OutcomeRecord::Failed),
        begins(open),
    ]);
    let found: Vec<(&str, CallOutcome, Option<&str>)> = entries
        .iter()
        .filter_map(|entry| match &entry.action {
            AuditAction::Call {
                id,
                outcome,
                result,
                ..
            } => Some((id.as_str(), *outcome, result.as_deref())),
            _ => None,
        })
        .collect();
    assert_eq!(
        found,
        [
            ("done", CallOutcome::Done, Some("exit code 1, 0.1 s")),
            ("failed", CallOutcome::Failed, Some("no shell")),
            ("stopped", CallOutcome::Stopped, Some("stopped by the user")),
            ("denied", CallOutcome::Denied, Some("a rule says so.")),
            ("bad", CallOutcome::NotRun, Some("`command` is missing")),
            ("open", CallOutcome::BrokenOff, None),
            ("never", CallOutcome::NotRun, None),
        ]
    );
}

#[test]
fn what_broke_off_stays_so_when_the_session_goes_on() {
    let first = call("c1", "run_command", &json!({"command": "make"}));
    let again = call("c1", "run_command", &json!({"command": "make test"}));
    let entries = told(vec![
        user("Go"),
        wants(std::slice::from_ref(&first)),
        begins(&first),
        // What a resumed session is made to have said.
        wants(&[]),
        user("Go on"),
        wants(std::slice::from_ref(&again)),
        begins(&again),
        ran(&again, "exit code 0, 1.0 s", OutcomeRecord::Done),
    ]);
    let calls: Vec<(u32, &str, CallOutcome)> = entries
        .iter()
        .filter_map(|entry| match &entry.action {
            AuditAction::Call { what, outcome, .. } => Some((entry.turn, what.as_str(), *outcome)),
            _ => None,
        })
        .collect();
    assert_eq!(
        calls,
        [
            (1, "make", CallOutcome::BrokenOff),
            (2, "make test", CallOutcome::Done)
        ]
    );
}

#[test]
fn a_damaged_journal_still_tells_what_it_can() {
    let lost = call("c1", "read_file", &json!({"path": "a"}));
    let change = ChangeRecord {
        turn: 2,
        path: "a".to_owned(),
        before: None,
        after: Some("0b".to_owned()),
        mode: None,
        not_kept: false,
        is_revert: false,
    };
    let entries = told(vec![
        begins(&lost),
        ran(&lost, "1: x", OutcomeRecord::Done),
        ran(&lost, "1: x", OutcomeRecord::Done),
        Record::Changed(change),
        user("And now?"),
    ]);
    let turns: Vec<u32> = entries.iter().map(|entry| entry.turn).collect();
    assert_eq!(turns, [0, 0, 2, 3]);
    let is_done = |entry: &&AuditEntry| matches!(&entry.action, AuditAction::Call { outcome, .. } if *outcome == CallOutcome::Done);
    assert_eq!(entries.iter().filter(is_done).count(), 2);
}

#[test]
fn a_call_is_told_by_its_most_telling_argument() {
    for (arguments, what) in [
        (json!({"command": "ls", "timeout": 3}), "ls"),
        (json!({"regex": "a+", "path": "src"}), "a+"),
        (json!({"path": "a.rs", "start_line": 3}), "a.rs"),
        (json!({"from": "a", "to": "b"}), "a → b"),
        (json!({}), ""),
        (json!({"file": "a"}), r#"{"file":"a"}"#),
        (json!({"path": 3}), r#"{"path":3}"#),
    ] {
        assert_eq!(about(&call("c", "x", &arguments).arguments), what);
    }
}

#[test]
fn a_line_has_its_time_and_one_without_is_read_too() {
    let home = tempfile::tempdir().expect("a folder");
    let id = SessionId::parse("20260101-000000-abcd").expect("an id");
    let mut journal = Journal::new(home.path(), &id);
    let started = Record::Started {
        version: VERSION,
        workspace: "/shop".to_owned(),
        model: "small".to_owned(),
        at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let change = Record::Changed(ChangeRecord {
        turn: 1,
        path: "a".to_owned(),
        before: None,
        after: None,
        mode: Some(0o600),
        not_kept: false,
        is_revert: false,
    });
    let short = Record::compacted(&[crate::message::Message::user("before".to_owned())]);
    let records = [started, user("Go"), change, short, wants(&[])];
    for record in &records {
        journal
            .append(std::slice::from_ref(record))
            .expect("a journal that takes it");
    }
    drop(journal);
    let path = path_of(home.path(), &id);
    let text = fs::read_to_string(&path).expect("a journal");
    for line in text.lines() {
        assert!(line.starts_with(r#"{"type":""#), "{line}");
        assert_eq!(line.matches(r#""at":"20"#).count(), 1, "{line}");
    }
    let older = r#"{"type":"undid","turn":1}"#;
    fs::write(&path, format!("{text}nonsense\n{older}\n")).expect("a longer journal");

    assert_eq!(
        read(home.path(), &id).expect("a journal").records[..5],
        records
    );
    let found = audit(home.path(), &id).expect("an audit");
    assert_eq!((&found.id, found.unreadable), (&id, 1));
    let times: Vec<bool> = found
        .entries
        .iter()
        .map(|entry| {
            let at = entry.at.as_deref();
            at.is_some_and(|at| at.parse::<jiff::Timestamp>().is_ok())
        })
        .collect();
    assert_eq!(times, [true, true, true, true, false]);
    assert_eq!(found.entries[0].at.as_deref(), Some("2026-01-01T00:00:00Z"));
    let missing = SessionId::parse("20260101-000000-none").expect("an id");
    let none = audit(home.path(), &missing).err();
    assert!(matches!(none, Some(SessionError::NotFound(_))), "{none:?}");
}

#[test]
fn every_action_is_one_flat_object() {
    let deny = DecisionRecord::Deny {
        reason: Some("no".to_owned()),
    };
    let denied = Record::Decided {
        call_id: "c1".to_owned(),
        decision: deny,
    };
    let lines = lines(vec![
        Record::Mode {
            mode: ModeRecord::AutoEdit,
        },
        denied,
        Record::Committed {
            turn: 1,
            hash: "abc".to_owned(),
            files: vec!["a.rs".to_owned()],
        },
        Record::compacted(&[crate::message::Message::user("before".to_owned())]),
        Record::Ended {
            reason: "quit".to_owned(),
        },
    ]);
    assert_eq!(
        lines,
        [
            json!({"turn": 0, "action": "mode", "mode": "auto_edit"}),
            json!({"turn": 0, "action": "decided", "id": "c1", "answer": "deny",
                   "reason": "no"}),
            json!({"turn": 0, "action": "committed", "hash": "abc", "files": ["a.rs"]}),
            json!({"turn": 0, "action": "compacted"}),
            json!({"turn": 0, "action": "ended", "reason": "quit"}),
        ]
    );
}

#[test]
fn a_task_and_its_steps_are_listed_and_what_is_set_aside_is_no_compaction() {
    let step = |text: &str| TaskStep {
        text: text.to_owned(),
        ..TaskStep::default()
    };
    let set_aside = || Record::Compacted {
        messages: Vec::new(),
    };
    let lines = lines(vec![
        Record::Planned {
            task: "a flag".to_owned(),
            steps: vec![step("add it"), step("test it")],
        },
        Record::StepBegan { step: 1, turn: 2 },
        set_aside(),
        Record::StepEnded {
            step: 1,
            outcome: StepState::Failed,
            summary: "a call was denied.".to_owned(),
            changed: vec![ChangedFile {
                path: "a.rs".to_owned(),
                lines: Some((3, 1)),
            }],
            tokens: 7,
        },
        Record::TaskEnded {
            reason: "stopped".to_owned(),
        },
        set_aside(),
        set_aside(),
    ]);
    assert_eq!(
        lines,
        [
            json!({"turn": 0, "action": "planned", "task": "a flag",
                   "steps": ["add it", "test it"]}),
            json!({"turn": 0, "action": "step_ended", "step": 1, "outcome": "failed",
                   "summary": "a call was denied.", "files": ["a.rs"]}),
            json!({"turn": 0, "action": "task_ended", "reason": "stopped"}),
            json!({"turn": 0, "action": "compacted"}),
        ]
    );
}
