//! Early ends of a turn, and continuing after them.

use serde_json::json;

use super::lab::{Ending, Lab, Line, call, outcomes, read, text};
use super::*;

#[tokio::test]
async fn the_same_call_again_and_again_ends_the_turn() {
    let mut lab = Lab::new((0..5).map(|_| read("main.rs")).collect());
    let (end, events) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Stuck(_)), "{end:?}");
    assert_eq!(outcomes(&events).len(), 5);
    let results = lab.results();
    assert!(!results[1].contains("You have this result already"));
    assert!(results[2].contains("You have this result already (step 1)"));
    assert!(results[2].contains("you made this call 3 times in this turn"));
    assert!(results[4].starts_with("not run"));
}

#[tokio::test]
async fn a_loop_over_several_calls_is_seen_and_work_is_none() {
    let script = (0..10).map(|at| read(["main.rs", "lost.rs"][at % 2]));
    let mut lab = Lab::new(script.collect());
    let (end, events) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Stuck(_)), "{end:?}");
    assert_eq!(outcomes(&events).len(), 9);
    let results = lab.results();
    assert!(results[4].contains("You have this result already (step 1)"));
    assert!(results[5].contains("You have this result already (step 2)"));
    // The same command after each change of a file.
    let run = || call("run_command", json!({"command": "cat a.txt; echo done"}));
    let write = |number: usize| {
        let arguments = json!({"path": "a.txt", "content": format!("{number}\n")});
        call("write_file", arguments)
    };
    let work = (0..7).flat_map(|number| [write(number), run()]);
    let mut lab = Lab::new(work.chain([text("Counted.")]).collect());
    let (end, _) = lab.ask("Count.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert!(!lab.results().concat().contains("You have this result"));
}

#[tokio::test]
async fn the_limit_of_steps_is_an_end_after_which_one_can_go_on() {
    let options = EngineOptions {
        max_steps: 2,
        ..EngineOptions::default()
    };
    let script = vec![read("main.rs"), read("lost.rs"), text("Here I am.")];
    let mut lab = Lab::with(script, 32_768, options);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::StepLimit(2));
    let (end, _) = lab.ask("Go on.").await;
    assert_eq!(end, TurnEnd::Answered);
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_stop_keeps_what_was_said() {
    let mut lab = Lab::new(vec![
        Line {
            ending: Ending::Never,
            ..text("It gre")
        },
        text("Yes?"),
    ]);
    let stop = lab.stop.clone();
    let stopping = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stop.cancel();
    };
    let ((end, _), ()) = tokio::join!(lab.ask("What does it do?"), stopping);
    assert_eq!(end, TurnEnd::Stopped);
    let last = lab.session.messages.last();
    assert!(
        matches!(last, Some(Message::Assistant { text, .. }) if text == "It gre"),
        "{last:?}"
    );
    lab.stop = CancellationToken::new();
    let (end, _) = lab.ask("Hello?").await;
    assert_eq!(end, TurnEnd::Answered);
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn who_stops_listening_stops_the_turn() {
    let mut lab = Lab::new(vec![Line {
        ending: Ending::Never,
        ..text("It greets.")
    }]);
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let question = Question {
        text: "What does it do?".to_owned(),
        ..Question::default()
    };
    let end = lab
        .engine
        .ask(&mut lab.session, question, &lab.judge, &sender, &lab.stop)
        .await;
    assert_eq!(end, TurnEnd::Stopped);
    assert!(!lab.stop.is_cancelled());
}
