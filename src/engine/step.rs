//! A step: asks the model until there is an answer or valid calls.
//!
//! In this order: native calls; calls in the text; one request for the call alone, constrained to a
//! JSON schema; text tool calls for models whose native calls the server cannot parse. After an
//! empty reply the request is repeated, then a hint is added, then the turn ends. `parsed_reply`
//! splits a reply into text and calls; `recovery` handles unusable replies.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::activity::Replying;
use super::clip::clipped;
use super::event::{Event, TurnEnd};
use super::parsed_reply::ParsedReply;
use super::stream::{StreamEnd, StreamOptions, StreamedReply, listen};
use super::text_tool_calls::as_text_messages;
use super::turn::{EventSink, Turn};
use super::unusable_reply::UnusableReply;
use crate::message::{Message, ToolCall};
use crate::model::budget::part;
use crate::model::repair::{NO_TOOL, call_format, call_from_format};
use crate::model::{ChatRequest, StopReason, ToolSpec, Usage};
use crate::visible::defang_chat_markers;

/// Most tokens of a reply.
const LONGEST_REPLY: u32 = 8_192;

/// An empty reply with more tokens than this had a call that the server dropped, because it does
/// not know the tool.
const SWALLOWED: u32 = 8;

/// A usable reply.
#[derive(Debug, Default)]
pub(super) struct StepReply {
    /// The answer, without calls.
    pub text: String,
    pub thinking: String,
    /// The calls; names and arguments are those of the tools where possible.
    pub calls: Vec<ToolCall>,
    /// Why some calls do not run, by call id.
    pub wrong: BTreeMap<String, String>,
    /// Whether the reply was cut off at its limit.
    pub is_cut: bool,
}

/// The result of a request.
pub(super) enum Attempt {
    Usable(StepReply),
    /// Something was fixed; ask again.
    Retry,
    Unusable(UnusableReply),
}

/// What this step has tried already.
#[derive(Debug, Default)]
pub(super) struct RetryState {
    pub repeated: bool,
    pub hint_sent: bool,
    pub asked_for_format: bool,
    pub shortened: bool,
    pub crashed: bool,
    /// Whether thinking is off, because the model did nothing else.
    pub thinking_off: bool,
}

impl Turn<'_> {
    /// Asks until there is a usable reply.
    pub(super) async fn step(&mut self) -> Result<StepReply, TurnEnd> {
        let mut retry_state = RetryState::default();
        loop {
            match self.attempt(&mut retry_state).await? {
                Attempt::Usable(reply) => return Ok(reply),
                Attempt::Retry => {}
                Attempt::Unusable(unusable) => self.escalate(unusable, &mut retry_state).await?,
            }
        }
    }

    async fn attempt(&mut self, retry_state: &mut RetryState) -> Result<Attempt, TurnEnd> {
        self.last_request_tokens = self.estimate();
        let (streamed, ended) = {
            let messages = self.request_messages();
            let tools: &[ToolSpec] = if self.uses_text_calls() {
                &[]
            } else {
                &self.tools
            };
            let request = ChatRequest {
                messages: &messages,
                tools,
                format: None,
                without_thoughts: retry_state.thinking_off,
                reply_tokens: Some(self.reply_tokens()),
            };
            self.listen(request, Some(&self.events)).await
        };
        match ended {
            StreamEnd::Whole(usage) => {
                self.account(usage).await;
                self.read(streamed, usage, retry_state).await
            }
            StreamEnd::Broken(error) => self.handle_model_error(error, streamed, retry_state).await,
            StreamEnd::OverThought => Ok(self.retry_without_thinking(retry_state).await),
            StreamEnd::Stopped => self.handle_user_stop(streamed),
        }
    }

    /// The messages in the format of the model: native or text tool calls.
    fn request_messages(&self) -> Cow<'_, [Message]> {
        if self.uses_text_calls() {
            Cow::Owned(as_text_messages(&self.session.messages))
        } else {
            Cow::Borrowed(&self.session.messages)
        }
    }

    /// Marks the model's server as replying, so that nothing is embedded there meanwhile.
    pub(super) fn replying(&self) -> Replying {
        self.engine.activity.replying(self.session.model.server())
    }

    pub(super) fn reply_tokens(&self) -> u32 {
        LONGEST_REPLY.min(part(self.window(), 50)).max(256)
    }

    /// Most tokens of thoughts: half of a reply is for what follows them.
    fn thinking_tokens(&self) -> Option<u32> {
        let most = self.engine.options.thinking?;
        Some(most.min(self.reply_tokens() / 2))
    }

    async fn listen(
        &self,
        request: ChatRequest<'_>,
        show: Option<&EventSink>,
    ) -> (StreamedReply, StreamEnd) {
        let model = Arc::clone(&self.session.model);
        let name = &model.profile().name;
        let _replying = self.replying();
        let is_free = !request.without_thoughts && request.format.is_none();
        let listening = StreamOptions {
            tools: &self.tools,
            show,
            stop: &self.stop,
            thinking: self.thinking_tokens().filter(|_| is_free),
            begins_within_thoughts: model.profile().thinks_in_text
                || self.engine.leaking.lock().contains(name),
        };
        let (streamed, ended) = listen(&*model, request, listening).await;
        if streamed.leaked {
            self.engine.leaking.lock().insert(name.clone());
        }
        (streamed, ended)
    }

    /// Reports the tokens of a reply and calibrates our estimate.
    async fn account(&mut self, usage: Usage) {
        let window = self.window();
        if let Some(counted) = usage.prompt_tokens {
            let cut = self
                .session
                .calibration
                .learn(self.last_request_tokens, counted, window);
            if let Some(ratio) = self.session.calibration.ratio() {
                self.session.model.learnt(ratio);
            }
            if let Some(cut) = cut
                && !self.reported_server_cut
            {
                self.reported_server_cut = true;
                self.notice(format!(
                    "the server seems to have cut the conversation: it read {} of about {} \
                     tokens, and the window has {window}; the model may not have seen all of it",
                    cut.counted, cut.expected
                ))
                .await;
            }
        }
        let estimated = self
            .session
            .calibration
            .calibrated(self.last_request_tokens);
        let used = usage
            .prompt_tokens
            .unwrap_or(estimated)
            .saturating_add(usage.reply_tokens.unwrap_or(0));
        self.spent = self.spent.saturating_add(u64::from(used));
        let replied = Event::Replied {
            usage,
            used,
            window,
        };
        self.events.send(replied).await;
    }

    /// Interprets a complete reply.
    pub(super) async fn read(
        &mut self,
        mut streamed: StreamedReply,
        usage: Usage,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        let native = std::mem::take(&mut streamed.calls);
        let ParsedReply {
            text,
            calls,
            broken,
        } = self.parse_reply(&streamed, native).await;
        if let Some(why) = broken {
            return self
                .unreadable(streamed, why, usage.stop, retry_state)
                .await;
        }
        if calls.is_empty() && text.trim().is_empty() {
            return self.nothing(&streamed, usage, retry_state).await;
        }
        let rest = text.get(streamed.shown.len()..).unwrap_or_default();
        if !rest.trim().is_empty() {
            self.events.send(Event::Text(rest.to_owned())).await;
        }
        let is_cut = calls.is_empty() && usage.stop == StopReason::Length;
        Ok(Attempt::Usable(StepReply {
            is_cut,
            ..self.useful(&text, streamed, calls)
        }))
    }

    /// A reply without text and calls. If it used tokens and has no thoughts, the server dropped a
    /// call; with text tool calls it cannot.
    async fn nothing(
        &mut self,
        streamed: &StreamedReply,
        usage: Usage,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        if usage.stop == StopReason::Length {
            return self.handle_thinking_only(streamed, retry_state).await;
        }
        let is_swallowed = streamed.thinking.trim().is_empty()
            && usage.reply_tokens.is_some_and(|tokens| tokens > SWALLOWED);
        if !is_swallowed || self.uses_text_calls() || self.tools.is_empty() {
            return Ok(Attempt::Unusable(UnusableReply::Empty));
        }
        let name = self.session.model.profile().name.clone();
        self.notice(format!(
            "Ollama dropped the reply of {name}, likely a call of a tool that does not exist; text \
             tool calls are used instead"
        ))
        .await;
        self.switch_to_text_calls(name).await
    }

    /// A reply that was cut before any text. If it was all thoughts, the model is asked again with
    /// thinking off.
    pub(super) async fn handle_thinking_only(
        &mut self,
        streamed: &StreamedReply,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        if retry_state.thinking_off || streamed.thinking.trim().is_empty() {
            return Ok(Attempt::Unusable(UnusableReply::CutOff));
        }
        retry_state.thinking_off = true;
        self.notice("the model used its whole reply for thinking; asking again with thinking off")
            .await;
        Ok(Attempt::Retry)
    }

    /// Text that looks like a call but is not valid: asks once for the call alone.
    async fn unreadable(
        &mut self,
        streamed: StreamedReply,
        why: String,
        stop: StopReason,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        if stop == StopReason::Length {
            return Ok(Attempt::Unusable(UnusableReply::CutOff));
        }
        let said = streamed.text.clone();
        if !retry_state.asked_for_format {
            retry_state.asked_for_format = true;
            let answer = self.ask_for_call(&said, &why).await;
            self.check_stopped()?;
            if let Some(call) = call_from_format(&answer, &self.tools) {
                let shown = streamed.shown.clone();
                return Ok(Attempt::Usable(self.useful(&shown, streamed, vec![call])));
            }
            if says_none(&answer) {
                let rest = said.get(streamed.shown.len()..).unwrap_or_default();
                self.events.send(Event::Text(rest.to_owned())).await;
                return Ok(Attempt::Usable(self.useful(&said, streamed, Vec::new())));
            }
        }
        Ok(Attempt::Unusable(UnusableReply::Unreadable { said, why }))
    }

    /// The intended call, requested with a JSON schema. These messages are not kept.
    async fn ask_for_call(&self, said: &str, why: &str) -> String {
        let why = defang_chat_markers(why);
        let mut messages = self.request_messages().into_owned();
        messages.push(Message::Assistant {
            text: defang_chat_markers(&clipped(said, 4_000)).into_owned(),
            thinking: String::new(),
            calls: Vec::new(),
        });
        messages.push(Message::user(format!(
            "This is not a valid tool call: {why}. Write the call again as one JSON object \
             {{\"tool\": …, \"tool_input\": {{…}}}} and nothing else. If you did not want to call \
             a tool, use the tool \"{NO_TOOL}\"."
        )));
        let format = call_format(&self.tools);
        let request = ChatRequest {
            messages: &messages,
            tools: &[],
            format: Some(&format),
            without_thoughts: false,
            reply_tokens: Some(self.reply_tokens()),
        };
        match self.listen(request, None).await {
            (streamed, StreamEnd::Whole(_)) => streamed.text,
            _ => String::new(),
        }
    }
}

/// Whether a reply in the call format says that no call was intended.
fn says_none(answer: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(answer.trim()).ok();
    value.is_some_and(|value| value.get("tool").and_then(Value::as_str) == Some(NO_TOOL))
}
