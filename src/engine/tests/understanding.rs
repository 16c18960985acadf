//! What a model means, though it writes it as another agent taught it.

use serde_json::json;

use super::lab::{Lab, call, outcomes, shown, text};
use super::*;

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
