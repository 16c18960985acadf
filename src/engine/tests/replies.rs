//! Empty, interrupted or cut replies are retried or reported.

use super::lab::{Ending, Lab, Line, fails, notices, shown, text};
use super::*;
use crate::model::{Delta, ModelError, StopReason, Usage};

#[tokio::test]
async fn an_empty_reply_is_asked_for_again_then_in_other_words_then_it_ends() {
    let mut lab = Lab::new(vec![text(""), text("  \n"), text("")]);
    let (end, events) = lab.ask("Well?").await;
    assert!(matches!(end, TurnEnd::Stuck(_)), "{end:?}");
    assert_eq!(
        notices(&events)
            .iter()
            .filter(|text| text.contains("empty"))
            .count(),
        2
    );
    let asked = lab.asked();
    assert_eq!(asked[0].messages, asked[1].messages);
    assert_eq!(asked[2].messages.len(), asked[1].messages.len() + 1);
    assert!(asked[2].user().contains("no answer and no valid tool call"));
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn an_error_of_the_parser_is_climbed_like_an_empty_reply() {
    let error = ModelError::BrokenCall("XML syntax error on line 7".to_owned());
    let mut lab = Lab::new(vec![fails(error.clone()), fails(error), text("It greets.")]);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert!(lab.asked()[2].user().contains("XML syntax error on line 7"));
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_taken_for_an_answer() {
    let broken = || Line {
        ending: Ending::Error(ModelError::Incomplete),
        ..text("It gre")
    };
    let mut lab = Lab::new(vec![broken(), broken(), broken()]);
    let (end, _) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
}

#[tokio::test]
async fn a_cut_by_the_server_is_reported() {
    let cut = Line {
        usage: Usage {
            prompt_tokens: Some(100),
            ..Usage::default()
        },
        ..text("Hm.")
    };
    let mut lab = Lab::new(vec![cut]);
    let (_, events) = lab.ask("What does it do?").await;
    let notices = notices(&events);
    assert!(
        notices
            .iter()
            .any(|text| text.contains("seems to have cut")),
        "{notices:?}"
    );
}

#[tokio::test]
async fn a_call_that_does_not_fit_a_reply_is_to_be_written_in_pieces() {
    let cut = Line {
        usage: Usage {
            stop: StopReason::Length,
            ..Usage::default()
        },
        ..text("<tool_call>\n{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\", \"con")
    };
    let mut lab = Lab::new(vec![cut, text("I leave it.")]);
    let (end, _) = lab.ask("Write it.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert!(lab.asked()[1].user().contains("Write less in one reply"));
    assert_eq!(lab.asked().len(), 2);
}

#[tokio::test]
async fn a_model_that_only_thinks_is_asked_again_without_thoughts() {
    let thinks = |ending| Line {
        deltas: vec![Delta::Thinking("Hm, but then again.".to_owned())],
        usage: Usage {
            stop: StopReason::Length,
            ..Usage::default()
        },
        ending,
    };
    let endless = || Ending::Error(ModelError::Endless("it repeats itself".to_owned()));
    for ending in [Ending::Done, endless()] {
        let mut lab = Lab::new(vec![thinks(ending), text("It greets.")]);
        let (end, events) = lab.ask("What does it do?").await;
        assert_eq!(end, TurnEnd::Answered, "{events:?}");
        let without: Vec<bool> = lab
            .asked()
            .iter()
            .map(|asked| asked.without_thoughts)
            .collect();
        assert_eq!(without, [false, true]);
        let notices = notices(&events);
        let is_told = notices
            .iter()
            .any(|text| text.contains("with thinking off"));
        assert!(is_told, "{notices:?}");
        lab.check_requests_extend_each_other();
    }
    // Once only: then it is told what is wrong, and in the end the turn ends.
    let mut lab = Lab::new(vec![thinks(endless()), thinks(endless())]);
    let (end, _) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Stuck(why) if why.message.contains("it repeats itself")));
    // One whose thoughts stand in its text was cut within them.
    let cut = Line {
        usage: Usage {
            stop: StopReason::Length,
            ..Usage::default()
        },
        ..text("Hm, but then again")
    };
    let mut lab = Lab::thinking_in_text(vec![cut, text("Hm.</think>It greets.")]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(
        (end, shown(&events).as_str()),
        (TurnEnd::Answered, "It greets.")
    );
}

#[tokio::test]
async fn a_model_that_thinks_too_long_is_stopped_and_asked_without_thoughts() {
    let thoughts: Vec<Delta> = (1..=1_500)
        .map(|number| Delta::Thinking(format!("But then again, what about line {number}? ")))
        .collect();
    let endless = || Line {
        deltas: thoughts.clone(),
        ending: Ending::Never,
        ..Line::default()
    };
    let mut lab = Lab::new(vec![endless(), text("It greets.")]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered, "{events:?}");
    let without: Vec<bool> = lab
        .asked()
        .iter()
        .map(|asked| asked.without_thoughts)
        .collect();
    assert_eq!(without, [false, true]);
    let notices = notices(&events);
    let is_told = notices
        .iter()
        .any(|text| text.contains("thought for too long"));
    assert!(is_told, "{notices:?}");
    let told = events
        .iter()
        .filter(|event| matches!(event, Event::Thinking(_)));
    assert!(told.count() < 500, "about 2,000 tokens");
    lab.check_requests_extend_each_other();
    // What thinks on with thinking off, or with no limit, is not stopped.
    let done = || Line {
        deltas: [thoughts.clone(), text("It greets.").deltas].concat(),
        ..Line::default()
    };
    let mut lab = Lab::new(vec![endless(), done()]);
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Answered);
    let options = EngineOptions {
        thinking: None,
        ..EngineOptions::default()
    };
    let mut lab = Lab::with(vec![done()], 32_768, options);
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Answered);
    assert_eq!(lab.asked().len(), 1);
}
