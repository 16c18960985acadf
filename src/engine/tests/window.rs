//! Conversations that outgrow the window, and token counts.

use std::fs;

use super::lab::{Lab, fails, long_text, notices, read, text};
use super::*;
use crate::model::ModelError;

fn long_file(lab: &Lab, name: &str) {
    let text = "let value = compute(input, 42); // as it was\n".repeat(220);
    fs::write(lab.root.join(name), text).expect("a file");
}

#[tokio::test]
async fn older_turns_become_a_summary_and_the_task_stays() {
    let reads = (0..3).map(|number| read(&format!("long{number}.rs")));
    let script = [long_text("First answer, long enough", 190)]
        .into_iter()
        .chain([long_text("Second answer", 130)])
        .chain(reads)
        .chain([text("The end.")]);
    let mut lab = Lab::with(script.collect(), 8_192, EngineOptions::default());
    for number in 0..3 {
        long_file(&lab, &format!("long{number}.rs"));
    }
    lab.ask("The first task.").await;
    lab.ask("The second task.").await;
    // A request for a summary comes between, and its reply is a call: no summary.
    let before = lab.asked().len();
    let (_, events) = lab.ask("The third task.").await;
    let compacted = events
        .iter()
        .filter(|event| matches!(event, Event::Compacted { before, after } if after < before));
    assert!(compacted.count() >= 1, "{events:?}");
    for asked in &lab.asked()[before..] {
        let is_summary = asked.tools.is_empty();
        let said = asked.user();
        assert!(is_summary || said.ends_with("The third task."), "{said}");
    }
}

#[tokio::test]
async fn a_full_window_is_the_end_where_nothing_may_be_made_shorter() {
    let options = EngineOptions {
        compact: false,
        ..EngineOptions::default()
    };
    let script = vec![long_text("An answer, long enough", 1_300)];
    let mut lab = Lab::with(script, 4_096, options);
    lab.ask("The first task.").await;
    let (end, events) = lab.ask("The second task.").await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
    assert!(
        notices(&events)
            .iter()
            .any(|text| text.contains("switched off"))
    );
}

#[tokio::test]
async fn a_request_that_the_server_refuses_is_made_shorter_once() {
    let refused = || {
        fails(ModelError::TooLong {
            needed: None,
            window: None,
        })
    };
    let mut lab = Lab::new(vec![read("main.rs"), refused(), text("It greets.")]);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    let mut lab = Lab::new(vec![refused(), refused()]);
    let (end, _) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
}

#[tokio::test]
async fn compaction_by_hand_keeps_the_last_turn() {
    let mut lab = Lab::new(vec![
        long_text("First answer", 120),
        text("Second answer."),
        text("The user asked twice."),
    ]);
    lab.ask("The first task.").await;
    lab.ask("The second task.").await;
    let (sender, _receiver) = mpsc::channel(100);
    let report = lab
        .engine
        .compact(&mut lab.session, &sender, &lab.stop)
        .await
        .expect("it is shorter");
    assert!(report.summarised && report.after < report.before);
    assert!(
        report.kept.summary > 0 && report.kept.words > 0,
        "{report:?}"
    );
    assert_eq!(report.kept.hits, 0);
    assert_eq!(lab.engine.tokens(&lab.session).await.kept, report.kept);
    let texts: Vec<&Message> = lab.session.messages.iter().skip(1).collect();
    assert!(
        matches!(texts[0], Message::User { text, .. }
            if text.contains("The user asked twice.") && text.ends_with("The second task.")),
        "{texts:?}"
    );
    assert!(matches!(texts[1], Message::Assistant { text, .. } if text == "Second answer."));
    let report = lab
        .engine
        .compact(&mut lab.session, &sender, &lab.stop)
        .await;
    assert!(report.is_err());
}

#[tokio::test]
async fn tokens_add_up() {
    let mut lab = Lab::new(vec![text("It greets.")]);
    let before = lab.engine.tokens(&lab.session).await;
    assert!(before.system > 200 && before.tools > 200);
    assert_eq!(before.history, 0);
    lab.ask("What does it do?").await;
    let after = lab.engine.tokens(&lab.session).await;
    assert_eq!(after.system, before.system);
    assert!(after.history > 5);
    assert_eq!(after.used, after.system + after.tools + after.history);
    let words = crate::text::tokens::estimate_text("What does it do?");
    assert_eq!((after.kept.words, after.kept.summary), (words, 0));
}
