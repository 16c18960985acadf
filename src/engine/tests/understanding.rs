//! What a model means, though it writes it as another agent taught it.

use serde_json::json;

use super::lab::{Lab, SOURCE, call, edit, notices, outcomes, read, shown, text};
use super::*;
use crate::permission::{Decision, Mode};

#[tokio::test]
async fn an_answer_in_a_call_ends_the_turn() {
    let tags =
        "I looked.\n\n<attempt_completion>\n<result>It greets.</result>\n</attempt_completion>";
    let native = call("attempt_completion", json!({"result": "It greets."}));
    for (reply, expected) in [
        (text(tags), "I looked.\n\nIt greets."),
        (native, "It greets."),
    ] {
        let mut lab = Lab::new(vec![reply]);
        let (end, events) = lab.ask("What does it do?").await;
        assert_eq!(end, TurnEnd::Answered, "{events:?}");
        assert_eq!(shown(&events), expected);
        assert_eq!(outcomes(&events), []);
        let last = lab.session.messages.last();
        assert!(
            matches!(last, Some(Message::Assistant { text, calls, .. })
                if text == expected && calls.is_empty()),
            "{last:?}"
        );
    }
}

#[tokio::test]
async fn an_object_that_names_no_tool_is_asked_for_again() {
    let unknown = "{\"name\": \"view_source_file\", \"arguments\": {\"path\": \"main.rs\"}}";
    let good = "{\"tool\": \"read_file\", \"tool_input\": {\"path\": \"main.rs\"}}";
    let mut lab = Lab::new(vec![text(unknown), text(good), text("It greets.")]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let asked = lab.asked();
    let told = asked[1].user();
    assert!(
        told.contains("there is no tool `view_source_file`"),
        "{told}"
    );
    assert!(
        told.contains("To read a file, call `read_file` with"),
        "{told}"
    );
    // It may have been an answer.
    let mut lab = Lab::new(vec![
        text(unknown),
        text("{\"tool\": \"none\", \"tool_input\": {}}"),
    ]);
    let (end, events) = lab.ask("Give me an object.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(shown(&events), unknown);
}

#[tokio::test]
async fn edits_in_a_reply_are_made_where_a_change_was_asked_for() {
    let written = "I change it.\n\nmain.rs\n```rust\n<<<<<<< SEARCH\n    println!(\"hello\");\n\
                   =======\n    println!(\"goodbye\");\n>>>>>>> REPLACE\n```\n";
    let diff = "```diff\n--- a/main.rs\n+++ b/main.rs\n@@ -1,3 +1,3 @@\n fn main() {\n\
                -    println!(\"hello\");\n+    println!(\"goodbye\");\n }\n```\n";
    for reply in [written, diff] {
        let mut lab = Lab::new(vec![text(reply), text("It says goodbye.")]);
        let (end, events) = lab.ask("Change the greeting in main.rs to goodbye.").await;
        assert_eq!(end, TurnEnd::Answered, "{events:?}");
        assert_eq!(lab.file("main.rs"), SOURCE.replace("hello", "goodbye"));
        assert_eq!(lab.judge.asked.lock().len(), 1, "the user is asked");
        lab.check_requests_extend_each_other();
        // A question is answered with it, and nothing is changed; so is it in plan mode.
        let mut lab = Lab::new(vec![text(reply)]);
        let (_, events) = lab.ask("How would I change the greeting?").await;
        assert_eq!(outcomes(&events), []);
        assert_eq!(lab.file("main.rs"), SOURCE);
        let mut lab = Lab::new(vec![text(reply)]);
        lab.session.mode = Mode::Plan;
        let (_, events) = lab.ask("Change the greeting in main.rs.").await;
        assert_eq!(outcomes(&events), []);
    }
    // What the model read is nothing that it wants.
    let mut lab = Lab::new(vec![read("notes.md"), text(diff), text("Nothing to do.")]);
    std::fs::write(lab.root.join("notes.md"), diff).expect("a file");
    let (_, events) = lab.ask("Fix what the notes say.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn a_reply_that_only_announces_is_asked_to_go_on_once() {
    let announced = || text("Let me read the file first.");
    let mut lab = Lab::new(vec![announced(), read("main.rs"), text("It greets.")]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert!(
        lab.asked()[1]
            .user()
            .contains("called no tool. Call the tool now")
    );
    assert_eq!(shown(&events), "Let me read the file first.\n\nIt greets.");
    let notices = notices(&events);
    assert!(
        notices.iter().any(|it| it.contains("announced a step")),
        "{notices:?}"
    );
    lab.check_requests_extend_each_other();
    let mut lab = Lab::new(vec![announced(), announced()]);
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Answered);
    let options = EngineOptions {
        max_steps: 1,
        ..EngineOptions::default()
    };
    let mut lab = Lab::with(vec![announced()], 32_768, options);
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Answered);
}

#[tokio::test]
async fn code_is_no_change() {
    let code = || text("Here it is:\n\n```rust\nfn main() {\n    bye();\n}\n```\n");
    let mut lab = Lab::new(vec![code(), edit(), text("It says goodbye.")]);
    let (end, events) = lab.ask("Make main.rs say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered, "{events:?}");
    assert!(
        lab.asked()[1]
            .user()
            .contains("Nothing was changed: code in a reply")
    );
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    // Neither after a change, nor after a no, nor for a question.
    let mut lab = Lab::new(vec![edit(), code()]);
    assert_eq!(lab.ask("Change main.rs.").await.0, TurnEnd::Answered);
    let mut lab = Lab::new(vec![edit(), code()]);
    lab.judge.decision = Some(Decision::Deny(None));
    assert_eq!(lab.ask("Change main.rs.").await.0, TurnEnd::Answered);
    let mut lab = Lab::new(vec![code()]);
    assert_eq!(
        lab.ask("How does one say goodbye?").await.0,
        TurnEnd::Answered
    );
}
