//! The request of `/v1/chat/completions`.
//!
//! The same conversation is always written with the same bytes, so that the server's prompt cache
//! is used.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::dialect::{Manner, Refusals, Refused};
use crate::message::{Image, Message, ToolCall};
use crate::model::http::ServerKind;
use crate::model::reply::LONGEST_REPLY;
use crate::model::request_parts::{WireTool, system_text};
use crate::model::{ChatRequest, ToolSpec};

/// The first characters of a picture's base64, and what kind of picture it is.
const PICTURES: [(&str, &str); 4] = [
    ("iVBOR", "image/png"),
    ("/9j/", "image/jpeg"),
    ("R0lG", "image/gif"),
    ("UklG", "image/webp"),
];

/// What a request depends on, beside what is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style<'a> {
    pub model: &'a str,
    pub kind: ServerKind,
    pub manner: Manner,
    pub refusals: &'a Refusals,
    /// The window in tokens.
    pub window: u32,
}

/// Request of `/v1/chat/completions`.
#[derive(Debug, Serialize)]
pub(super) struct ChatBody<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<WireTool<'a>>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    /// What turns thinking off.
    #[serde(flatten)]
    thinking: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// The content of a message: a text, a text with pictures, or null beside calls.
#[derive(Debug)]
struct Content<'a> {
    text: Cow<'a, str>,
    images: Vec<&'a Image>,
    is_null: bool,
}

#[derive(Debug, Serialize)]
struct WireCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    /// JSON in a text.
    arguments: String,
}

impl<'a> ChatBody<'a> {
    /// Writes a request.
    pub(super) fn new(style: Style<'a>, request: ChatRequest<'a>) -> ChatBody<'a> {
        let Style { kind, refusals, .. } = style;
        // A format and tools together confuse models and servers alike.
        let tools: &[ToolSpec] = if request.format.is_some() {
            &[]
        } else {
            request.tools
        };
        let stream = tools.is_empty() || !refusals.has(Refused::StreamWithTools);
        let longest = longest_reply(style, request.reply_tokens);
        let is_renamed = refusals.has(Refused::MaxTokens);
        let without_thoughts = request.format.is_some() || request.without_thoughts;
        ChatBody {
            model: style.model,
            messages: messages(request.messages, style),
            tools: tools.iter().map(WireTool::new).collect(),
            stream,
            stream_options: (stream && !refusals.has(Refused::StreamOptions)).then_some(
                StreamOptions {
                    include_usage: true,
                },
            ),
            temperature: (!refusals.has(Refused::Temperature)).then_some(style.manner.temperature),
            max_tokens: longest.filter(|_| !is_renamed),
            max_completion_tokens: longest.filter(|_| is_renamed),
            response_format: request.format.map(response_format),
            thinking: if refusals.has(Refused::ThinkingFields) {
                Map::new()
            } else {
                style.manner.thinking_fields(kind, without_thoughts)
            },
        }
    }
}

/// Most tokens of a reply. vLLM refuses a request that would not fit the window together with it, and
/// others may, so there it is the server's own, unless the engine wants less.
fn longest_reply(style: Style<'_>, wanted: Option<u32>) -> Option<u32> {
    let is_lenient = matches!(style.kind, ServerKind::LlamaServer | ServerKind::LmStudio);
    let longest = wanted.or(is_lenient.then_some(LONGEST_REPLY))?;
    Some(longest.min(style.window))
}

fn response_format(schema: &Value) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}})
}

/// All messages. Templates need one system message at the beginning, and some need alternating
/// roles. A reply without words and calls is none: at the end it would be continued.
fn messages<'a>(messages: &'a [Message], style: Style<'a>) -> Vec<WireMessage<'a>> {
    let last_user = messages
        .iter()
        .rposition(|message| matches!(message, Message::User { .. }))
        .unwrap_or(0);
    let system = system_text(messages).map(|text| WireMessage::of("system", text));
    let mut written: Vec<WireMessage<'_>> = system.into_iter().collect();
    for (index, message) in messages.iter().enumerate() {
        // Thoughts belong to the work on one question; servers drop older ones, too.
        let Some(message) = message_on_wire(message, index > last_user, style) else {
            continue;
        };
        match written.last_mut() {
            Some(before) if before.role == "user" && message.role == "user" => {
                let joined = format!("{}\n\n{}", before.content.text, message.content.text);
                before.content.text = Cow::Owned(joined);
                before.content.images.extend(message.content.images);
            }
            _ => written.push(message),
        }
    }
    written
}

fn message_on_wire<'a>(
    message: &'a Message,
    is_current: bool,
    style: Style<'_>,
) -> Option<WireMessage<'a>> {
    match message {
        Message::System { .. } => None,
        Message::User { text, images } => {
            let mut message = WireMessage::of("user", text.into());
            message.content.images = images.iter().collect();
            Some(message)
        }
        Message::Assistant { text, calls, .. } if text.is_empty() && calls.is_empty() => None,
        Message::Assistant {
            text,
            thinking,
            calls,
        } => {
            let mut message = WireMessage::of("assistant", text.into());
            message.content.is_null = text.is_empty() && !style.refusals.has(Refused::NullContent);
            if is_current && takes_thoughts(style) {
                message.reasoning_content = thinking;
            }
            message.tool_calls = calls.iter().map(WireCall::new).collect();
            Some(message)
        }
        Message::Tool {
            call_id,
            tool,
            text,
        } => {
            let mut message = WireMessage::of("tool", text.into());
            message.tool_call_id = Some(call_id.as_str());
            // Some templates need it; a strict service may refuse what is not in OpenAI's schema.
            message.name = (style.kind != ServerKind::OpenAi).then_some(tool.as_str());
            Some(message)
        }
    }
}

/// Whether the server puts the thoughts of this turn's earlier replies into the prompt.
fn takes_thoughts(style: Style<'_>) -> bool {
    matches!(style.kind, ServerKind::LlamaServer | ServerKind::Vllm)
        && !style.refusals.has(Refused::Thoughts)
}

impl<'a> WireMessage<'a> {
    fn of(role: &'static str, text: Cow<'a, str>) -> WireMessage<'a> {
        WireMessage {
            role,
            content: Content {
                text,
                images: Vec::new(),
                is_null: false,
            },
            reasoning_content: "",
            tool_calls: Vec::new(),
            tool_call_id: None,
            name: None,
        }
    }
}

impl<'a> WireCall<'a> {
    fn new(call: &'a ToolCall) -> WireCall<'a> {
        WireCall {
            id: &call.id,
            kind: "function",
            function: CalledFunction {
                name: &call.name,
                arguments: Value::Object(call.arguments.clone()).to_string(),
            },
        }
    }
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_null {
            return serializer.serialize_none();
        }
        if self.images.is_empty() {
            return serializer.serialize_str(&self.text);
        }
        let text = json!({"type": "text", "text": self.text});
        let pictures = self.images.iter().map(|image| picture(image));
        serializer.collect_seq(std::iter::once(text).chain(pictures))
    }
}

/// A picture, by its bytes: never by an address, which the server would call.
fn picture(image: &Image) -> Value {
    let base64 = image.base64();
    let known = PICTURES
        .iter()
        .find(|(beginning, _)| base64.starts_with(beginning));
    let kind = known.map_or("image/png", |(_, kind)| kind);
    json!({"type": "image_url", "image_url": {"url": format!("data:{kind};base64,{base64}")}})
}

#[cfg(test)]
mod tests;
