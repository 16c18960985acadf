//! Rendering of turns on the terminal.

use super::*;
use crate::engine::event::{Failure, FailureCode};
use crate::model::Usage;

fn renderer(color: bool) -> Renderer {
    let mut renderer = Renderer::new(Look { color, width: 80 });
    renderer.begin();
    renderer
}

fn started(id: &str) -> Event {
    Event::ToolStarted {
        id: id.to_owned(),
        tool: "read_file".to_owned(),
        what: "src/main.rs:1-200".to_owned(),
        details: std::sync::Arc::default(),
    }
}

fn finished(id: &str, outcome: ToolOutcome, summary: &str, detail: &str) -> Event {
    Event::ToolFinished {
        id: id.to_owned(),
        outcome,
        summary: summary.to_owned(),
        detail: detail.to_owned(),
        took: Duration::from_millis(3),
    }
}

fn stripped(text: &str) -> String {
    let text = text.replace(TAKE_AWAY, "");
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn a_turn_is_told_in_order() {
    let mut renderer = renderer(true);
    let events = [
        Event::Retrieved {
            sources: vec![Source {
                path: "a.rs".into(),
                start_line: 1,
                end_line: 9,
                symbol: None,
            }],
        },
        Event::Thinking("hm".into()),
        Event::Text("I **look**.".into()),
        Event::Replied {
            usage: Usage::default(),
            used: 10,
            window: 100,
        },
        started("1"),
        finished("1", ToolOutcome::Done, "200 lines", ""),
        Event::Text("It is `a`".into()),
        Event::TurnEnded(TurnEnd::Answered),
    ];
    let shown: String = events.iter().map(|event| renderer.event(event)).collect();
    assert_eq!(
        stripped(&shown),
        "context: a.rs:1-9\nthought for 0 ms\nI look.\n\
         ● read_file src/main.rs:1-200 · 200 lines · 3 ms\nIt is a\n"
    );
    assert_eq!((renderer.spent.used, renderer.spent.window), (10, 100));
}

#[test]
fn without_colour_a_tool_has_two_lines_and_nothing_is_drawn_over() {
    let mut renderer = renderer(false);
    assert_eq!(renderer.tick(), "");
    let mut shown = renderer.event(&started("1"));
    shown.push_str(&renderer.event(&finished("1", ToolOutcome::Failed, "no such file", "")));
    assert_eq!(
        stripped(&shown),
        "● read_file src/main.rs:1-200\n  failed: no such file · 3 ms\n"
    );
    assert!(!shown.contains('\r'));
}

#[test]
fn what_goes_on_is_said_in_a_row_that_goes_away() {
    let mut renderer = renderer(true);
    assert!(renderer.tick().contains("waiting for the model"));
    let shown = renderer.event(&Event::Text("word ".into()));
    assert_eq!(shown, format!("{TAKE_AWAY}word"));
    assert_eq!(renderer.tick(), "", "a row that is half written stays");
    assert_eq!(renderer.clear(), "\n");
    renderer.event(&started("1"));
    assert!(renderer.tick().contains("read_file src/main.rs:1-200"));
    renderer.event(&Event::TurnEnded(TurnEnd::Answered));
    assert_eq!(renderer.tick(), "");
}

#[test]
fn a_change_that_was_asked_about_is_not_shown_twice() {
    let diff = "--- a.rs\n+++ a.rs\n@@ -1 +1 @@\n-a\n+b\n";
    let mut renderer = renderer(true);
    renderer.event(&started("1"));
    let shown = renderer.event(&finished("1", ToolOutcome::Done, "+1 -1", diff));
    assert!(stripped(&shown).contains("  +b\n"), "{shown:?}");
    renderer.asked();
    renderer.event(&started("2"));
    let shown = renderer.event(&finished("2", ToolOutcome::Done, "+1 -1", diff));
    assert!(!stripped(&shown).contains("+b\n"), "{shown:?}");
}

#[test]
fn the_output_of_an_approved_command_is_shown_whatever_it_looks_like() {
    let output = "--- FAIL: TestKettle (0.00s)\n    kettle_test.go:9: too cold\nFAIL\n";
    let mut renderer = renderer(true);
    renderer.asked();
    renderer.event(&Event::ToolStarted {
        id: "1".to_owned(),
        tool: COMMAND.to_owned(),
        what: "go test".to_owned(),
        details: std::sync::Arc::default(),
    });
    let shown = renderer.event(&finished("1", ToolOutcome::Failed, "exit 1", output));
    assert!(
        stripped(&shown).contains("  --- FAIL: TestKettle (0.00s)\n"),
        "{shown:?}"
    );
}

#[test]
fn an_end_without_an_answer_says_why() {
    for (end, expected) in [
        (TurnEnd::Answered, ""),
        (TurnEnd::Stopped, "stopped\n"),
        (
            TurnEnd::Stuck(Failure::new(FailureCode::ReplyEndless, "it repeats itself")),
            "stopped: it repeats itself\n",
        ),
        (
            TurnEnd::Failed(Failure::new(FailureCode::ModelMissing, "no \u{1b}model")),
            "error: no \\u{1b}model\n",
        ),
        (
            TurnEnd::Failed(Failure::new(FailureCode::Other, "it fails").with_hint("mend it")),
            "error: it fails; mend it\n",
        ),
    ] {
        let shown = renderer(true).event(&Event::TurnEnded(end));
        assert_eq!(stripped(&shown), expected);
    }
}

#[test]
fn how_a_tool_went_is_said_once() {
    let took = Duration::from_millis(3);
    for (outcome, summary, expected) in [
        (ToolOutcome::Done, "2 lines", "2 lines · 3 ms"),
        (ToolOutcome::Done, "", "3 ms"),
        (ToolOutcome::Failed, "no file", "failed: no file · 3 ms"),
        (
            ToolOutcome::Denied,
            "denied by the user",
            "denied by the user · 3 ms",
        ),
        (ToolOutcome::Denied, "", "denied · 3 ms"),
    ] {
        assert_eq!(facts(outcome, summary, took), expected);
    }
}

#[test]
fn what_a_turn_did_stands_below_the_answer() {
    use crate::engine::event::{Doubt, FileCount, TurnFacts};
    let facts = TurnFacts {
        files: vec![FileCount {
            path: "a.rs".into(),
            lines: Some((3, 1)),
            is_new: false,
            is_removed: false,
        }],
        doubts: vec![Doubt::NoTestRun {
            claim: "All tests pass.".into(),
        }],
        ..TurnFacts::default()
    };
    let events = [
        Event::Text("All tests pass.".into()),
        Event::Citations {
            wrong: Vec::new(),
            not_seen: vec!["b.rs:7".into()],
        },
        Event::TurnFacts(facts),
        Event::TurnEnded(TurnEnd::Answered),
    ];
    let mut renderer = renderer(true);
    let shown: String = events.iter().map(|event| renderer.event(event)).collect();
    assert_eq!(
        stripped(&shown),
        "All tests pass.\nnote: not looked at: b.rs:7\n\
         changed: a.rs +3 −1; /undo takes it back\nno command ran after the last change\n\
         note: not proven: “All tests pass.”: no test ran after the last change\n"
    );
}

#[test]
fn the_output_of_a_tool_of_the_user_is_shown_like_that_of_a_command() {
    let mut renderer = renderer(true);
    let started = |tool: &str| Event::ToolStarted {
        id: "1".to_owned(),
        tool: tool.to_owned(),
        what: "x".to_owned(),
        details: std::sync::Arc::default(),
    };
    renderer.event(&started("edit_file"));
    assert!(!renderer.shows_output());
    renderer.event(&finished("1", ToolOutcome::Done, "changed", ""));
    renderer.event(&started("show_changes"));
    assert!(renderer.shows_output());
    // It was not shown before, though it looks like a change that was asked about.
    let diff = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n+two\n";
    renderer.asked();
    let ended = renderer.event(&finished("1", ToolOutcome::Done, "exit code 0", diff));
    assert!(stripped(&ended).contains("+two"), "{ended:?}");
}

#[test]
fn the_last_lines_of_a_command_stand_below_it_while_it_runs() {
    let mut renderer = renderer(true);
    renderer.set_size(40, 24);
    assert!(!renderer.shows_output());
    renderer.event(&Event::ToolStarted {
        id: "1".to_owned(),
        tool: COMMAND.to_owned(),
        what: "cargo test".to_owned(),
        details: std::sync::Arc::default(),
    });
    assert!(renderer.shows_output());
    renderer.tick();
    let long = "a long line ".repeat(8);
    renderer.set_output(vec![
        "one\ttwo".to_owned(),
        long,
        "\u{1b}[2Jthree".to_owned(),
    ]);
    let shown = renderer.tick();
    assert!(
        shown.starts_with(&format!("{TAKE_AWAY}\u{1b}[2m")),
        "{shown:?}"
    );
    let text = stripped(&shown);
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(rows[0].ends_with("run_command cargo test"), "{rows:?}");
    assert_eq!((rows[1], rows[3]), ("  one    two", "  \\u{1b}[2Jthree"));
    assert!(rows.iter().all(|row| row.chars().count() < 40), "{rows:?}");
    // All four rows are removed before the next ones.
    let removed = format!("{TAKE_AWAY}{}", TAKE_UPPER_AWAY.repeat(3));
    assert!(renderer.tick().starts_with(&removed));
    let ended = renderer.event(&finished("1", ToolOutcome::Done, "exit code 0", ""));
    assert!(ended.starts_with(&removed), "{ended:?}");
    assert!(!stripped(&ended).contains("three"), "{ended:?}");
    renderer.event(&Event::ToolStarted {
        id: "2".to_owned(),
        tool: COMMAND.to_owned(),
        what: "ls".to_owned(),
        details: std::sync::Arc::default(),
    });
    assert_eq!(stripped(&renderer.tick()).lines().count(), 1);
}

#[test]
fn on_a_low_screen_there_is_no_output_below_the_command() {
    let mut renderer = renderer(true);
    renderer.set_size(80, 6);
    renderer.event(&Event::ToolStarted {
        id: "1".to_owned(),
        tool: COMMAND.to_owned(),
        what: "ls".to_owned(),
        details: std::sync::Arc::default(),
    });
    renderer.set_output(vec!["one".to_owned(), "two".to_owned()]);
    let text = stripped(&renderer.tick());
    assert_eq!(text.lines().skip(1).collect::<Vec<&str>>(), ["  two"]);
    renderer.set_size(80, 3);
    assert_eq!(stripped(&renderer.tick()).lines().count(), 1);
}

#[test]
fn a_command_of_the_user_is_told_from_those_of_the_model() {
    let mut renderer = Renderer::new(Look {
        color: true,
        width: 80,
    });
    renderer.set_user_command(true);
    renderer.begin();
    assert_eq!(renderer.tick(), "", "the model was not asked");
    renderer.event(&Event::ToolStarted {
        id: "1".to_owned(),
        tool: COMMAND.to_owned(),
        what: "seq 30".to_owned(),
        details: std::sync::Arc::default(),
    });
    assert!(stripped(&renderer.tick()).ends_with("! seq 30"));
    let output: String = (1..=30).map(|number| format!("{number}\n")).collect();
    let shown = renderer.event(&finished("1", ToolOutcome::Done, "exit code 0", &output));
    let text = stripped(&shown);
    assert!(
        text.starts_with("● ! seq 30 · exit code 0 · 3 ms\n  1\n  2\n"),
        "{text}"
    );
    assert!(text.contains("\n  15\n"), "nothing is left out: {text}");
}

#[test]
fn a_job_is_not_said_to_wait_for_the_model() {
    let mut renderer = renderer(true);
    renderer.set_job(true);
    let row = renderer.tick();
    assert!(
        row.contains("working") && !row.contains("the model"),
        "{row}"
    );
}
