//! The request of `/api/chat`. Lines of the answer are in `chat_line`.
//!
//! The same conversation is always written with the same bytes, so that Ollama's prompt cache is
//! used.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::client::KEEP_ALIVE;
use super::request_profile::{RequestProfile, ThinkSetting};
use crate::message::{Image, Message, ToolCall};
use crate::model::reply::LONGEST_REPLY;
use crate::model::request_parts::{WireTool, system_text};
use crate::model::{ChatRequest, ToolSpec};

/// Request of `/api/chat`.
#[derive(Debug, Serialize)]
pub(super) struct ChatBody<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    stream: bool,
    /// `false`, so that nothing is cut silently.
    truncate: bool,
    /// Another value would reload the model.
    shift: bool,
    keep_alive: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub think: Option<ThinkSetting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'a Value>,
    options: Options,
}

/// Another `num_ctx` would reload the model; the others can differ per request.
#[derive(Clone, Copy, Debug, Serialize)]
struct Options {
    num_ctx: u32,
    temperature: f32,
    num_predict: u32,
}

#[derive(Debug, Default, Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    /// In base64.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    thinking: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct WireCall<'a> {
    id: &'a str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: &'a Map<String, Value>,
}

impl<'a> ChatBody<'a> {
    /// Writes a request to a model.
    pub(super) fn new(
        model: &'a str,
        request_profile: RequestProfile,
        request: ChatRequest<'a>,
    ) -> ChatBody<'a> {
        let reply = request.reply_tokens.unwrap_or(LONGEST_REPLY);
        // A format and tools together confuse models and servers alike.
        let tools: &[ToolSpec] = if request.format.is_some() {
            &[]
        } else {
            request.tools
        };
        ChatBody {
            model,
            messages: messages(request.messages, request_profile),
            tools: tools.iter().map(WireTool::new).collect(),
            stream: true,
            truncate: false,
            shift: false,
            keep_alive: KEEP_ALIVE,
            think: request_profile
                .thinking
                .field(request.format.is_some() || request.without_thoughts),
            format: request.format,
            options: Options {
                num_ctx: request_profile.num_ctx,
                temperature: request_profile.temperature,
                num_predict: reply.min(request_profile.num_ctx),
            },
        }
    }
}

/// All messages. Templates need one system message at the beginning, and some need alternating
/// roles.
fn messages(messages: &[Message], request_profile: RequestProfile) -> Vec<WireMessage<'_>> {
    let last_user = messages
        .iter()
        .rposition(|message| matches!(message, Message::User { .. }))
        .unwrap_or(0);
    let mut written: Vec<WireMessage<'_>> = system(messages).into_iter().collect();
    for (index, message) in messages.iter().enumerate() {
        // Thoughts belong to the work on one question; servers drop older ones, too.
        let Some(message) = message_on_wire(message, index > last_user, request_profile) else {
            continue;
        };
        match written.last_mut() {
            Some(before) if before.role == "user" && message.role == "user" => {
                let joined = format!("{}\n\n{}", before.content, message.content);
                before.content = Cow::Owned(joined);
                before.images.extend(message.images);
            }
            _ => written.push(message),
        }
    }
    written
}

fn system(messages: &[Message]) -> Option<WireMessage<'_>> {
    Some(WireMessage {
        role: "system",
        content: system_text(messages)?,
        ..WireMessage::default()
    })
}

fn message_on_wire(
    message: &Message,
    is_current: bool,
    request_profile: RequestProfile,
) -> Option<WireMessage<'_>> {
    let message = match message {
        Message::System { .. } => return None,
        Message::User { text, images } => WireMessage {
            role: "user",
            content: text.into(),
            images: images.iter().map(Image::base64).collect(),
            ..WireMessage::default()
        },
        Message::Assistant {
            text,
            thinking,
            calls,
        } => {
            let is_crowded = !text.is_empty() && !calls.is_empty();
            let text = if is_crowded && request_profile.text_hides_calls {
                ""
            } else {
                text
            };
            let is_crowded = is_crowded && request_profile.one_voice;
            WireMessage {
                role: "assistant",
                content: text.into(),
                thinking: if is_current && !is_crowded {
                    thinking
                } else {
                    ""
                },
                tool_calls: calls.iter().map(WireCall::new).collect(),
                ..WireMessage::default()
            }
        }
        Message::Tool {
            call_id,
            tool,
            text,
        } => WireMessage {
            role: "tool",
            content: text.into(),
            tool_name: Some(tool),
            tool_call_id: Some(call_id),
            ..WireMessage::default()
        },
    };
    Some(message)
}

impl<'a> WireCall<'a> {
    fn new(call: &'a ToolCall) -> WireCall<'a> {
        WireCall {
            id: &call.id,
            function: CalledFunction {
                name: &call.name,
                arguments: &call.arguments,
            },
        }
    }
}

#[cfg(test)]
mod tests;
