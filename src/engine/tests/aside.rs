//! Questions beside the conversation.

use serde_json::{Value, json};

use super::super::side::{SideError, SideReply, SideRequest, ask_aside};
use super::lab::{Ending, Lab, Line, call, failed, fails, text};
use super::*;
use crate::model::Delta;

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"title": {"type": "string"}, "body": {"type": "string"}},
        "required": ["title"],
    })
}

/// Asks the model of a lab for an object, or for a text.
async fn ask(lab: &Lab, schema: Option<&Value>) -> Result<SideReply, SideError> {
    let request = SideRequest {
        system: Some("You write commit messages."),
        messages: vec![Message::user("The diff.")],
        schema,
        reply_tokens: 100,
    };
    ask_aside(&*lab.model, request, &lab.stop).await
}

#[tokio::test]
async fn an_object_is_read_from_a_reply_and_the_session_stays_as_it_is() {
    let replies = [
        "{\"title\": \"Greet\"}",
        "```json\n{\"title\": \"Greet\",}\n```",
        "<think>{\"title\": \"Hm\"}</think>Here it is: {\"title\": 'Greet'}. Use {it}.",
    ];
    let lab = Lab::new(replies.map(text).to_vec());
    for reply in replies {
        let answer = ask(&lab, Some(&schema())).await.expect("an answer");
        let object = answer.object.map(Value::Object);
        assert_eq!(object, Some(json!({"title": "Greet"})), "{reply}");
        assert!(!answer.text.contains("Hm"), "{}", answer.text);
    }
    assert!(lab.session.messages.is_empty());
    for asked in lab.asked() {
        assert_eq!(asked.system(), "You write commit messages.");
        assert_eq!(asked.user(), "The diff.");
        assert!(asked.format && asked.tools.is_empty());
    }
}

#[tokio::test]
async fn a_reply_without_a_required_member_is_refused() {
    let replies = [
        "Greet",
        "{\"body\": \"It greets.\"}",
        "{\"title\": null}",
        "{\"title\": \"Gre",
    ];
    let lab = Lab::new(replies.map(text).to_vec());
    for reply in replies {
        let refused = SideError::Unfit {
            text: reply.to_owned(),
            required: vec!["title".to_owned()],
        };
        assert_eq!(ask(&lab, Some(&schema())).await, Err(refused));
    }
}

#[tokio::test]
async fn without_a_schema_the_text_is_the_answer() {
    let thoughtful = Line {
        deltas: vec![
            Delta::Thinking("Hm.".to_owned()),
            Delta::Text(" {\"title\": 1} ".to_owned()),
        ],
        ..Line::default()
    };
    let lab = Lab::new(vec![thoughtful]);
    let answer = ask(&lab, None).await.expect("an answer");
    assert_eq!(answer.text, "{\"title\": 1}");
    assert_eq!(answer.object, None);
    assert!(!lab.asked()[0].format);
}

#[tokio::test]
async fn a_question_aside_can_be_stopped_and_can_fail() {
    let endless = Line {
        ending: Ending::Never,
        ..call("read_file", json!({"path": "main.rs"}))
    };
    let lab = Lab::new(vec![fails(failed("gone")), endless]);
    let error = ask(&lab, None).await;
    assert_eq!(error, Err(SideError::Model(failed("gone"))));
    lab.stop.cancel();
    assert_eq!(ask(&lab, None).await, Err(SideError::Stopped));
}
