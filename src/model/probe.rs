//! Tests what a chat model can do, with a few small requests.
//!
//! Servers derive tool support from the template; many models claim it and then write calls as
//! text, the more so the more tools they have.

use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::repair::{check, find_calls, text_protocol};
use super::{ChatModel, ChatRequest, Delta, ModelError, ToolSpec};
use crate::message::Message;

/// Smaller windows have room for few tools only.
const SMALL_WINDOW: u32 = 8_192;

/// Most tokens of a reply; thinking needs some of them.
const REPLY: u32 = 1_024;

const SYSTEM: &str = "You work on a repository with the tools that you are given. To do anything, \
                      call a tool. Say nothing before you have seen its result.";
const TASK: &str = "What does the file src/main.rs do? Read it first.";

/// What a model can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeReport {
    /// Whether its native calls work.
    pub native: bool,
    /// Whether calls came as text, where they are found less reliably.
    pub leaks: bool,
    /// Whether it still calls natively with all the tools.
    pub many_tools: bool,
    /// The actual context window of requests, in tokens.
    pub window: u32,
    /// Tokens per second, while replying.
    pub tokens_per_second: Option<f32>,
    /// Whether it works better with the core tools only.
    pub recommend_core: bool,
}

/// The result of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallSupport {
    Natively,
    InText,
    Not,
    /// The server rejects tools for this model.
    Refused,
}

/// What came of a model's tries with tools.
#[derive(Clone, Copy, Debug)]
pub(in crate::model) struct TriedTools {
    one: CallSupport,
    few: CallSupport,
    many: CallSupport,
    tokens_per_second: Option<f32>,
}

/// Tries a model with one tool, with the core tools and with all of them: at most three requests,
/// of which the first may load the model.
///
/// # Errors
///
/// If the server fails; a model that fails is a report.
pub(in crate::model) async fn try_tools(
    model: &dyn ChatModel,
    core: &[ToolSpec],
    all: &[ToolSpec],
) -> Result<TriedTools, ModelError> {
    let mut speed = None;
    let one = core
        .iter()
        .position(|tool| tool.name == "read_file")
        .unwrap_or(0);
    let one = core.get(one..=one).unwrap_or_default();
    let first = if model.profile().tools {
        ask(model, one, false, &mut speed).await?
    } else {
        CallSupport::Refused
    };
    let (few, many) = if first == CallSupport::Refused {
        let spoken = ask(model, one, true, &mut speed).await?;
        (spoken, CallSupport::Refused)
    } else {
        let few = ask(model, core, false, &mut speed).await?;
        (few, ask(model, all, false, &mut speed).await?)
    };
    Ok(TriedTools {
        one: first,
        few,
        many,
        tokens_per_second: speed,
    })
}

impl TriedTools {
    /// The report, for a model with a window of so many tokens.
    pub(in crate::model) fn report(&self, window: u32) -> ProbeReport {
        let outcomes = [self.one, self.few, self.many];
        let leaks = outcomes.contains(&CallSupport::InText);
        let many_tools = self.few == CallSupport::Natively && self.many == CallSupport::Natively;
        ProbeReport {
            native: outcomes.contains(&CallSupport::Natively),
            leaks,
            many_tools,
            window,
            tokens_per_second: self.tokens_per_second,
            recommend_core: !many_tools || leaks || window < SMALL_WINDOW,
        }
    }
}

async fn ask(
    model: &dyn ChatModel,
    tools: &[ToolSpec],
    in_words: bool,
    speed: &mut Option<f32>,
) -> Result<CallSupport, ModelError> {
    let mut system = SYSTEM.to_owned();
    if in_words {
        system = format!("{system}\n\n{}", text_protocol(tools));
    }
    let messages = [Message::System { text: system }, Message::user(TASK)];
    let mut reply = model.reply(ChatRequest {
        messages: &messages,
        tools: if in_words { &[] } else { tools },
        format: None,
        without_thoughts: false,
        reply_tokens: Some(REPLY),
    });
    let mut text = String::new();
    let mut native = false;
    while let Some(delta) = reply.next().await {
        match delta {
            Ok(Delta::Thinking(_)) => {}
            Ok(Delta::Text(piece)) => text.push_str(&piece),
            Ok(Delta::Call(call)) => native |= check(call, tools).is_ok(),
            Ok(Delta::BrokenCall { .. }) => {}
            Ok(Delta::Done(usage)) => *speed = usage.tokens_per_second.or(*speed),
            Err(ModelError::NoTools) => return Ok(CallSupport::Refused),
            Err(error @ (ModelError::Failed(_) | ModelError::Crashed(_))) => return Err(error),
            // The request was too long, or the model wrote nonsense.
            Err(_) => return Ok(CallSupport::Not),
        }
    }
    Ok(if native {
        CallSupport::Natively
    } else if find_calls(&text, tools).calls.is_empty() {
        CallSupport::Not
    } else {
        CallSupport::InText
    })
}
