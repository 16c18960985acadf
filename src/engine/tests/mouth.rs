//! A conversation has only the model's own words as its replies, and nothing that the engine made
//! up. Thoughts left in the text are thoughts.

use std::fs;

use super::lab::{Ending, Lab, Line, failed, fails, read, shown, text};
use super::*;
use crate::model::Delta;

/// The replies of the model in a request.
fn said(messages: &[Message]) -> Vec<&str> {
    let said = messages.iter().filter_map(|message| match message {
        Message::Assistant { text, .. } => Some(text.as_str()),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn nothing_is_put_into_the_models_mouth() {
    let broken = || Line {
        ending: Ending::Error(failed("no answer for 300 s")),
        ..text("The first half")
    };
    let script = vec![
        text(""),
        text(""),
        text(""),
        fails(failed("gone")),
        broken(),
        read("main.rs"),
        fails(failed("gone")),
        text("Here I am."),
    ];
    let mut lab = Lab::new(script);
    for _ in 0..4 {
        let (end, _) = lab.ask("Well?").await;
        assert!(!matches!(end, TurnEnd::Answered), "{end:?}");
    }
    let (end, _) = lab.ask("Are you there?").await;
    assert_eq!(end, TurnEnd::Answered);
    let asked = lab.asked();
    let last = asked.last().expect("a request");
    assert_eq!(said(&last.messages), ["The first half", ""]);
    for asked in &asked {
        for text in said(&asked.messages) {
            assert!(!text.contains('['), "{text}");
        }
    }
    // It is told of what happened, by who asks.
    assert!(
        last.user().contains("was not completed: stopped: gone"),
        "{}",
        last.user()
    );
}

#[tokio::test]
async fn a_question_to_which_nothing_was_said_leaves_the_conversation() {
    let gone = || fails(failed("Ollama is not answering"));
    let mut lab = Lab::new(vec![gone(), gone(), gone(), text("Four.")]);
    for question in ["One?", "Two?", "Three?"] {
        assert!(matches!(lab.ask(question).await.0, TurnEnd::Failed(_)));
    }
    lab.ask("What is two and two?").await;
    let asked = lab.asked();
    let last = &asked[3].messages;
    assert_eq!(last.len(), 2, "{last:#?}");
    assert!(asked[3].user().ends_with("What is two and two?"));
    assert!(!asked[3].user().contains("One?"));
}

#[tokio::test]
async fn what_the_model_was_to_be_told_is_told_with_the_next_question() {
    let mut lab = Lab::new(vec![fails(failed("gone")), text("I see.")]);
    lab.session
        .remarks
        .push("The user took something back.".to_owned());
    lab.ask("One?").await;
    lab.ask("Two?").await;
    assert!(
        lab.asked()[1]
            .user()
            .contains("The user took something back.")
    );
}

#[tokio::test]
async fn thoughts_that_end_with_a_lone_tag_are_no_part_of_the_answer() {
    let reply = "It must greet.\n</think>\n\nIt greets.";
    let piece = |text: &str| Line {
        deltas: vec![Delta::Text(text.to_owned())],
        ..Line::default()
    };
    let is_text = |event: &Event| matches!(event, Event::Text(text) if !text.trim().is_empty());
    for (line, is_known) in [
        (text(reply), true),
        (piece(reply), true),
        (text(reply), false),
        (piece(reply), false),
    ] {
        let script = vec![line];
        let mut lab = match is_known {
            true => Lab::thinking_in_text(script),
            false => Lab::new(script),
        };
        let (end, events) = lab.ask("What does it do?").await;
        assert_eq!(end, TurnEnd::Answered);
        assert_eq!(shown(&events).trim(), "It greets.");
        let first = events.iter().find(|event| is_text(event));
        if is_known {
            // It is never shown as text in the first place.
            assert!(!events.contains(&Event::TextWasThought), "{events:?}");
            assert!(
                matches!(first, Some(Event::Text(text)) if "It greets.".starts_with(text.trim()))
            );
        }
        let journal = fs::read_to_string(lab.session.folder().join("journal.jsonl"));
        let journal = journal.expect("a journal");
        let answer = journal.lines().find(|line| line.contains("It greets."));
        let answer: serde_json::Value =
            serde_json::from_str(answer.expect("the answer")).expect("JSON");
        assert_eq!(answer["text"], "It greets.", "{answer}");
    }
    // A model that is known for it, and does not think this time.
    let mut lab = Lab::thinking_in_text(vec![text("It greets.")]);
    let (_, events) = lab.ask("What does it do?").await;
    assert_eq!(shown(&events), "It greets.");
}

#[tokio::test]
async fn thoughts_in_the_text_are_thoughts() {
    for (reply, thought) in [
        (
            "<think>\nIt must greet.\n</think>\n\nIt greets.",
            "\nIt must greet.\n",
        ),
        ("It must greet.\n</think>\n\nIt greets.", "It must greet.\n"),
    ] {
        let mut lab = Lab::new(vec![text(reply), text(reply), text("Yes.")]);
        lab.ask("What does it do?").await;
        let Some(Message::Assistant { text, thinking, .. }) = lab.session.messages.last() else {
            panic!("{:?}", lab.session.messages);
        };
        assert_eq!((text.as_str(), thinking.as_str()), ("It greets.", thought));
        // From the second time on nothing of it is shown, however it is written.
        let (_, events) = lab.ask("And again?").await;
        assert_eq!(shown(&events).trim(), "It greets.");
        let thoughts = |event: &Event| matches!(event, Event::Thinking(_));
        assert!(events.iter().any(thoughts), "{events:?}");
        lab.ask("Sure?").await;
        let asked = lab.asked();
        let last = said(&asked[2].messages).concat();
        assert!(!last.contains("think"), "{last}");
    }
    let mut lab = Lab::new(vec![Line {
        deltas: vec![Delta::Text("The tag `</think>` ends it.".to_owned())],
        ..Line::default()
    }]);
    let (_, events) = lab.ask("What ends thoughts?").await;
    assert_eq!(shown(&events), "The tag `</think>` ends it.");
}
