//! The line of each action, and that hidden characters are escaped.

use anstream::adapter::strip_str;
use serde_json::{Value, json};

use super::*;
use crate::frontends::cli::args::Arguments;
use crate::visible::is_hidden;

fn entry(turn: u32, action: AuditAction) -> AuditEntry {
    AuditEntry {
        turn,
        at: None,
        action,
    }
}

fn ran(what: &str, outcome: CallOutcome, result: Option<&str>) -> AuditAction {
    AuditAction::Call {
        id: "c1".to_owned(),
        tool: "run_command".to_owned(),
        what: what.to_owned(),
        outcome,
        result: result.map(str::to_owned),
    }
}

fn told(entries: Vec<AuditEntry>, columns: Option<usize>) -> Vec<String> {
    let audit = Audit {
        id: SessionId::parse("20261121-143005-k3x9").expect("an id"),
        entries,
        unreadable: 0,
    };
    let mut out = Vec::new();
    write(&mut out, &audit, columns).expect("a vector takes it");
    let text = String::from_utf8(out).expect("UTF-8");
    strip_str(&text)
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect()
}

/// An action of each kind.
fn actions() -> Vec<AuditEntry> {
    let hash = |digits: &str| Some(digits.repeat(32));
    let decided = |decision| AuditAction::Decided {
        id: "c1".to_owned(),
        decision,
    };
    let reason = Some("not now".to_owned());
    vec![
        entry(
            0,
            AuditAction::Started {
                workspace: "/shop".to_owned(),
                model: "small".to_owned(),
            },
        ),
        entry(
            0,
            AuditAction::Mode {
                mode: ModeRecord::AutoEdit,
            },
        ),
        entry(
            1,
            AuditAction::Question {
                text: "Fix it:\nall of it".to_owned(),
            },
        ),
        entry(
            1,
            AuditAction::Asked {
                id: "c1".to_owned(),
                title: "run a command".to_owned(),
                what: "make".to_owned(),
                hash: "00".to_owned(),
            },
        ),
        entry(1, decided(DecisionRecord::Once)),
        entry(
            1,
            ran("make", CallOutcome::Done, Some("exit code 0, 0.1 s")),
        ),
        entry(1, decided(DecisionRecord::Deny { reason })),
        entry(
            1,
            ran(
                "rm x",
                CallOutcome::Denied,
                Some("The user denied this call and said: not now"),
            ),
        ),
        entry(1, ran("sleep 9", CallOutcome::BrokenOff, None)),
        entry(
            2,
            AuditAction::Changed {
                path: "a.rs".to_owned(),
                before: hash("3f2a91c0"),
                after: None,
            },
        ),
        entry(2, AuditAction::Undid { of_turn: 2 }),
    ]
}

/// What a task leaves in the log.
fn task_actions() -> Vec<AuditEntry> {
    vec![
        entry(
            2,
            AuditAction::Planned {
                task: "Add a flag\nand more".to_owned(),
                steps: vec!["add it".to_owned(), "test it".to_owned()],
            },
        ),
        entry(
            3,
            AuditAction::StepEnded {
                step: 1,
                outcome: StepState::Done,
                summary: "It is there.".to_owned(),
                files: vec!["a.rs".to_owned()],
            },
        ),
        entry(
            3,
            AuditAction::TaskEnded {
                reason: "stopped".to_owned(),
            },
        ),
    ]
}

/// The line of each of these actions, below that of the session.
const LINES: &[&str] = &[
    "20261121-143005-k3x9    small  /shop",
    "        mode       auto-edit",
    "turn 1  question   Fix it: …",
    "turn 1  asked      run a command: make",
    "turn 1  decided    allowed once",
    "turn 1  ran        run_command make  exit code 0, 0.1 s",
    "turn 1  decided    denied: not now",
    "turn 1  denied     run_command rm x  by the user",
    "turn 1  ran        run_command sleep 9  broken off",
    "turn 2  changed    a.rs  3f2a91c0 → no file",
    "turn 2  undid      turn 2",
    "turn 2  planned    2 steps: Add a flag …",
    "turn 3  step       1: It is there.  done",
    "turn 3  task       stopped",
];

#[test]
fn each_action_has_its_line() {
    let mut all = actions();
    all.extend(task_actions());
    assert_eq!(told(all, None), LINES);
}

#[test]
fn times_are_shown_where_they_are_known() {
    let mut known = entry(1, AuditAction::Compacted);
    known.at = Some("2026-11-21T12:30:05Z".to_owned());
    let mut other = known.clone();
    other.at = Some("2026-12-24T12:30:05Z".to_owned());
    let lines = told(vec![known, entry(1, AuditAction::Compacted), other], None);
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let [_, first_day, first, unknown, second_day, second] = lines[..] else {
        panic!("{lines:#?}");
    };
    // The local day and hour depend on the machine.
    assert!(first_day.starts_with("2026-11-2"), "{first_day}");
    assert!(second_day.starts_with("2026-12-2"), "{second_day}");
    for line in [first, second] {
        assert!(line.contains(":05  compacted"), "{line}");
    }
    let blank = " ".repeat(TIME);
    assert!(
        unknown.starts_with(&format!("turn 1  {blank}compacted")),
        "{unknown}"
    );
}

#[test]
fn a_long_line_is_cut_and_keeps_its_end() {
    let long = "x".repeat(200);
    let lines = told(
        vec![
            entry(1, ran(&long, CallOutcome::BrokenOff, None)),
            entry(1, ran("make", CallOutcome::Denied, Some(&long))),
            entry(1, ran(&long, CallOutcome::Failed, Some(&long))),
            entry(
                1,
                AuditAction::Ended {
                    reason: long.clone(),
                },
            ),
        ],
        Some(60),
    );
    for line in &lines[1..] {
        assert_eq!(line.width(), 60, "{line}");
        assert!(line.contains('…'), "{line}");
    }
    assert!(lines[1].ends_with("…  broken off"), "{}", lines[1]);
    assert!(lines[2].contains("run_command make  xxx"), "{}", lines[2]);
    assert!(lines[3].contains("…  failed: xxx"), "{}", lines[3]);
}

#[test]
fn nothing_hidden_reaches_the_terminal() {
    let bad = "a\u{1b}[2J\u{202e}b\nc\u{9b}31m\u{e0041}";
    let actions = [
        AuditAction::Question {
            text: bad.to_owned(),
        },
        AuditAction::Asked {
            id: bad.to_owned(),
            title: bad.to_owned(),
            what: bad.to_owned(),
            hash: bad.to_owned(),
        },
        AuditAction::Decided {
            id: bad.to_owned(),
            decision: DecisionRecord::Deny {
                reason: Some(bad.to_owned()),
            },
        },
        ran(bad, CallOutcome::Failed, Some(bad)),
        AuditAction::Changed {
            path: bad.to_owned(),
            before: Some(bad.to_owned()),
            after: None,
        },
        AuditAction::Model {
            name: bad.to_owned(),
        },
        AuditAction::Ended {
            reason: bad.to_owned(),
        },
    ];
    for action in actions {
        let row = row(&action).expect("a line");
        for text in [&row.text, &row.end] {
            let is_bad = |character: char| is_hidden(character) || character == '\n';
            assert!(!text.contains(is_bad), "{text:?}");
        }
        let json = serde_json::to_string(&entry(1, action)).expect("JSON");
        let shown = escaped_json(&json);
        assert!(!shown.contains(is_hidden), "{shown:?}");
        let [before, after] = [&json, &shown].map(|text| serde_json::from_str::<Value>(text));
        assert_eq!(before.expect("JSON"), after.expect("JSON"));
    }
}

#[test]
fn a_line_of_json_says_which_session_it_is_about() {
    let entry = entry(3, AuditAction::Redid { of_turn: 2 });
    let line = LogLine {
        session: "k3x9",
        entry: &entry,
    };
    assert_eq!(
        serde_json::to_value(&line).expect("JSON"),
        json!({"session": "k3x9", "turn": 3, "action": "redid", "of_turn": 2})
    );
}

#[test]
fn one_session_or_all_of_them() {
    let read = |words: &[&str]| Arguments::read(["ollacode", "log"].iter().chain(words));
    for words in [&[][..], &["k3x9"], &["--all"], &["k3x9", "--json"]] {
        assert!(read(words).is_ok(), "{words:?}");
    }
    for words in [&["k3x9", "--all"][..], &["a", "b"], &[""]] {
        assert!(read(words).is_err(), "{words:?}");
    }
}
