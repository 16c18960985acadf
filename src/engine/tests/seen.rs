//! Files are replaced only if the conversation has all of their content.

use std::fs;

use serde_json::json;

use super::lab::{Lab, Line, call, calls, outcomes, read, text};
use super::*;
use crate::permission::Mode;

const LINES: usize = 200;

fn numbered_file(lab: &Lab) -> String {
    let lines =
        (1..=LINES).map(|number| format!("let value_{number} = compute({number}, input);\n"));
    let text: String = lines.collect();
    fs::write(lab.root.join("big.rs"), &text).expect("a file");
    text
}

fn write() -> Line {
    call(
        "write_file",
        json!({"path": "big.rs", "content": "fn main() {}\n// short\n"}),
    )
}

fn small(script: Vec<Line>) -> Lab {
    Lab::with(script, 8_192, EngineOptions::default())
}

#[tokio::test]
async fn a_page_that_is_not_the_whole_file_does_not_let_it_be_overwritten() {
    let mut lab = small(vec![read("big.rs"), write(), text("Done.")]);
    let before = numbered_file(&lab);
    let (_, events) = lab.ask("Shorten it.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Failed]);
    assert_eq!(lab.file("big.rs"), before);
    let results = lab.results();
    assert!(!results[0].contains("left out"), "{}", results[0]);
    assert!(
        results[0].contains("to continue: read_file {"),
        "{}",
        results[0]
    );
    assert!(results[1].contains("edit_file {"), "{}", results[1]);
}

#[tokio::test]
async fn a_reply_that_reads_and_writes_wrote_without_having_read() {
    let both = calls(vec![
        ("read_file", json!({"path": "main.rs"})),
        (
            "write_file",
            json!({"path": "main.rs", "content": "fn main() {}\n"}),
        ),
    ]);
    let again = call(
        "write_file",
        json!({"path": "main.rs", "content": "fn main() {}\n"}),
    );
    let mut lab = Lab::new(vec![both, again, text("Done.")]);
    let (_, events) = lab.ask("Empty it.").await;
    let expected = [ToolOutcome::Done, ToolOutcome::Failed, ToolOutcome::Done];
    assert_eq!(outcomes(&events), expected, "{:?}", lab.results());
}

#[tokio::test]
async fn what_a_compaction_took_away_was_not_read() {
    let whole = json!({"path": "main.rs", "content": "fn main() {}\n"});
    let mut lab = Lab::new(vec![
        read("main.rs"),
        text("It greets."),
        text("Second answer."),
        text("{\"summary\": \"It was read.\"}"),
        call("write_file", whole),
        text("Done."),
    ]);
    lab.ask("What does it do?").await;
    lab.ask("And what else?").await;
    let (sender, _receiver) = mpsc::channel(100);
    lab.engine
        .compact(&mut lab.session, &sender, &lab.stop)
        .await
        .expect("it is shorter");
    let (_, events) = lab.ask("Empty it.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
    assert_eq!(lab.file("main.rs"), super::lab::SOURCE);
}

#[tokio::test]
async fn a_cleared_conversation_has_read_nothing() {
    let whole = json!({"path": "main.rs", "content": "fn main() {}\n"});
    let script = vec![
        read("main.rs"),
        text("Read."),
        call("write_file", whole),
        text("Done."),
    ];
    let mut lab = Lab::new(script);
    lab.ask("Read it.").await;
    lab.session.messages.clear();
    let (_, events) = lab.ask("Empty it.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Failed]);
}

#[tokio::test]
async fn a_named_file_was_read_as_far_as_it_was_put_before_the_model() {
    let whole = json!({"path": "main.rs", "content": "fn main() {}\n"});
    let mut lab = Lab::new(vec![
        call("write_file", whole),
        text("Done."),
        write(),
        text("Done."),
    ]);
    let before = numbered_file(&lab);
    let named = |file: &str| Question {
        text: "Empty it.".to_owned(),
        files: vec![file.to_owned()],
        ..Question::default()
    };
    let (_, events) = lab.put(named("main.rs")).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let (_, events) = lab.put(named("big.rs")).await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done], "all of it had room");
    assert_ne!(lab.file("big.rs"), before);
}

#[tokio::test]
async fn a_loss_is_asked_about_but_where_all_is_approved() {
    for (mode, asks) in [(Mode::Ask, 1), (Mode::AutoEdit, 1), (Mode::AutoApprove, 0)] {
        let part = json!({"path": "two.rs", "content": "fn charge() {}\n"});
        let mut lab = Lab::new(vec![
            read("two.rs"),
            call("write_file", part),
            text("Done."),
        ]);
        fs::write(lab.root.join("two.rs"), "fn charge() {}\nfn audit() {}\n").expect("a file");
        lab.session.set_mode(mode).expect("a mode");
        lab.session.granted.insert("edits".to_owned());
        lab.ask("Clean up.").await;
        let asked = lab.judge.asked.lock().clone();
        assert_eq!(asked.len(), asks, "{mode:?}");
        for request in asked {
            assert!(
                request.reason.contains("`fn audit() {}` (line 2)"),
                "{}",
                request.reason
            );
            assert_eq!(request.remember, None);
        }
        assert!(lab.results()[1].contains("no longer has `fn audit() {}`"));
    }
}

#[tokio::test]
async fn who_may_not_write_a_loss_is_told_of_the_edit() {
    let part = json!({"path": "two.rs", "content": "fn charge() {}\n"});
    let mut lab = Lab::new(vec![
        read("two.rs"),
        call("write_file", part),
        text("Done."),
    ]);
    fs::write(lab.root.join("two.rs"), "fn charge() {}\nfn audit() {}\n").expect("a file");
    lab.session.set_mode(Mode::AutoEdit).expect("a mode");
    lab.judge.decision = None;
    let (_, events) = lab.ask("Clean up.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Denied]);
    let told = &lab.results()[1];
    assert!(told.contains("It would remove `fn audit() {}`"), "{told}");
    assert!(told.contains("edit_file {\"path\":\"two.rs\""), "{told}");
}
