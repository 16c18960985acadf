//! Questions to the model beside the conversation, such as for a summary: neither the question nor
//! the answer is part of the session's history.

use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::stream::{StreamEnd, StreamOptions, listen};
use crate::message::Message;
use crate::model::repair::objects_in;
use crate::model::{ChatModel, ChatRequest, ModelError};

/// What the model is asked.
pub(super) struct SideRequest<'a> {
    pub system: Option<&'a str>,
    pub messages: Vec<Message>,
    /// A JSON schema of an object that the reply must have.
    pub schema: Option<&'a Value>,
    /// Most tokens of the reply.
    pub reply_tokens: u32,
}

/// What the model answered.
#[derive(Debug, PartialEq)]
pub(super) struct SideReply {
    /// The reply without thoughts.
    pub text: String,
    /// The object in it, if there is a schema.
    pub object: Option<Map<String, Value>>,
}

/// Why there is no answer of use.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum SideError {
    #[error("it was stopped")]
    Stopped,
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("the reply has no JSON object with `{}`: {text}", required.join("`, `"))]
    Unfit {
        /// The reply without thoughts.
        text: String,
        /// Members that the schema requires.
        required: Vec<String>,
    },
}

impl SideError {
    /// Whether the same request would fail again: it is not the reply that is of no use, the model
    /// cannot be asked.
    pub(super) fn is_hopeless(&self) -> bool {
        match self {
            SideError::Stopped => true,
            SideError::Unfit { .. } => false,
            SideError::Model(error) => !matches!(
                error,
                ModelError::Incomplete
                    | ModelError::Endless(_)
                    | ModelError::BrokenCall(_)
                    | ModelError::Crashed(_)
                    | ModelError::TooLong { .. }
            ),
        }
    }
}

/// Asks the model something, and waits for all of its reply. `stop` ends it early.
pub(super) async fn ask_aside(
    model: &dyn ChatModel,
    request: SideRequest<'_>,
    stop: &CancellationToken,
) -> Result<SideReply, SideError> {
    let SideRequest {
        system,
        messages,
        schema,
        reply_tokens,
    } = request;
    let system = system.map(|text| Message::System {
        text: text.to_owned(),
    });
    let messages: Vec<Message> = system.into_iter().chain(messages).collect();
    let request = ChatRequest {
        messages: &messages,
        tools: &[],
        format: schema,
        without_thoughts: false,
        reply_tokens: Some(reply_tokens),
    };
    let listening = StreamOptions {
        tools: &[],
        show: None,
        stop,
        thinking: None,
        // A reply that has a format is made without thoughts, which would use up the tokens.
        begins_within_thoughts: schema.is_none() && model.profile().thinks_in_text,
    };
    let (heard, ended) = listen(model, request, listening).await;
    match ended {
        StreamEnd::Whole(_) => read(&heard.text, schema),
        StreamEnd::Broken(error) => Err(error.into()),
        // There is no limit.
        StreamEnd::OverThought => Err(ModelError::Incomplete.into()),
        StreamEnd::Stopped => Err(SideError::Stopped),
    }
}

/// Reads a reply: the object with all required members in it, if there is a schema.
pub(super) fn read(reply: &str, schema: Option<&Value>) -> Result<SideReply, SideError> {
    let text = reply.rsplit("</think>").next().unwrap_or_default().trim();
    let text = text.to_owned();
    let Some(schema) = schema else {
        return Ok(SideReply { text, object: None });
    };
    let required = required(schema);
    let has_all = |object: &Map<String, Value>| {
        let is_given = |name: &String| object.get(name).is_some_and(|value| !value.is_null());
        required.iter().all(is_given)
    };
    match objects_in(&text).into_iter().find(has_all) {
        Some(object) => Ok(SideReply {
            text,
            object: Some(object),
        }),
        None => Err(SideError::Unfit { text, required }),
    }
}

/// The members that a schema requires.
fn required(schema: &Value) -> Vec<String> {
    let names = schema.get("required").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
