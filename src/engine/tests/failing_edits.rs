//! Edits that fail again and again.

use serde_json::json;

use super::lab::{Lab, Line, call, outcomes, text};
use super::*;

fn wrong(number: usize) -> Line {
    let search = format!("    println!(\"hallo {number}\", world);\n}}");
    let arguments = json!({"path": "main.rs", "search": search, "replace": "}"});
    call("edit_file", arguments)
}

#[tokio::test]
async fn the_second_failed_edit_is_narrowed_and_the_third_asked_about() {
    let script = || {
        let wrong = (1..=3).map(wrong);
        wrong.chain([text("I could not.")]).collect::<Vec<Line>>()
    };
    let mut lab = Lab::new(script());
    let (end, events) = lab.ask("Say hallo.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Failed; 3]);
    let results = lab.results();
    assert!(!results[0].contains("failed. Change only"));
    let narrowed = "Change only `main`, lines 1-3 of `main.rs`:\n1→fn main() {\n";
    assert!(results[1].contains(narrowed), "{}", results[1]);
    // Nobody answers.
    let told = "3 edits of this file have failed. Do not edit it again";
    assert!(results[2].contains(told), "{}", results[2]);
    let mut lab = Lab::new(script());
    lab.judge.answer = Some("Leave the file and go on".to_owned());
    lab.ask("Say hallo.").await;
    let results = lab.results();
    assert!(
        results[2].contains("says: Leave the file and go on"),
        "{}",
        results[2]
    );
}

#[tokio::test]
async fn an_edit_that_works_begins_anew() {
    let right = |from: &str, to: &str| {
        let arguments = json!({"path": "main.rs", "search": from, "replace": to});
        call("edit_file", arguments)
    };
    let mut lab = Lab::new(vec![
        wrong(1),
        right("hello", "hi"),
        wrong(2),
        text("Well."),
    ]);
    lab.ask("Say hi.").await;
    assert_eq!(lab.file("main.rs"), lab::SOURCE.replace("hello", "hi"));
    assert!(!lab.results().concat().contains("Change only"));
}
