//! Recovery from unusable replies: fix what an error allows, repeat the request, ask with a hint,
//! then end the turn.

use super::clip::{clipped, first_line};
use super::compaction::CompactionTrigger;
use super::event::{Failure, TurnEnd};
use super::step::{Attempt, RetryState, StepReply};
use super::stream::StreamedReply;
use super::turn::Turn;
use super::unusable_reply::UnusableReply;
use crate::model::{ModelError, StopReason, Usage};
use crate::visible::defang_chat_markers;

/// Trailing white space, in bytes, after which some servers end a stream.
const BLANK: usize = 30;

impl Turn<'_> {
    /// Handles a model error: recovers if possible.
    pub(super) async fn handle_model_error(
        &mut self,
        error: ModelError,
        streamed: StreamedReply,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        match &error {
            ModelError::TooLong { needed, .. } => {
                self.handle_request_too_long(*needed, retry_state).await
            }
            ModelError::NoTools if !self.uses_text_calls() => {
                let name = self.session.model.profile().name.clone();
                self.notice(format!(
                    "{name} does not support native tool calls; text tool calls are used instead"
                ))
                .await;
                self.switch_to_text_calls(name).await
            }
            ModelError::BrokenCall(why) => {
                self.handle_unparsable_call(streamed, why, retry_state)
                    .await
            }
            // Some servers end the stream without an error after a long run of white space.
            ModelError::Incomplete if ends_blank(&streamed.text) => {
                let usage = Usage {
                    stop: if streamed.text.trim().is_empty() {
                        StopReason::Stop
                    } else {
                        StopReason::Length
                    },
                    ..Usage::default()
                };
                self.read(streamed, usage, retry_state).await
            }
            ModelError::Incomplete => Ok(Attempt::Unusable(UnusableReply::BrokenOff {
                said: streamed.shown,
            })),
            ModelError::Crashed(why) if !retry_state.crashed => {
                retry_state.crashed = true;
                let why = first_line(&why.to_string(), 200);
                self.notice(format!("{why}; asking again")).await;
                Ok(Attempt::Retry)
            }
            // The model repeated itself while thinking and wrote no reply.
            ModelError::Endless(_)
                if streamed.text.trim().is_empty() && !retry_state.thinking_off =>
            {
                match self.handle_thinking_only(&streamed, retry_state).await? {
                    Attempt::Retry => Ok(Attempt::Retry),
                    _ => Err(endless(&error)),
                }
            }
            ModelError::Endless(_) => {
                self.record_partial_reply(&streamed.shown)?;
                Err(endless(&error))
            }
            ModelError::NoTools | ModelError::Failed(_) | ModelError::Crashed(_) => {
                self.record_partial_reply(&streamed.shown)?;
                Err(TurnEnd::Failed(error.failure()))
            }
        }
    }

    /// A request that the server refused as too long: compacts the conversation, once.
    async fn handle_request_too_long(
        &mut self,
        needed: Option<u32>,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        // If the server gives no count, the window + 1 is assumed.
        let (window, used) = (self.window(), self.used());
        let is_near = (window / 2..=window).contains(&used);
        if let Some(needed) = needed.or(is_near.then_some(window + 1)) {
            // Window 0: the count is known to cover the whole request.
            self.session
                .calibration
                .learn(self.last_request_tokens, needed, 0);
        }
        if retry_state.shortened || !self.engine.options.compact {
            return Err(self.too_long());
        }
        retry_state.shortened = true;
        self.compact(CompactionTrigger::Overflow).await?;
        Ok(Attempt::Retry)
    }

    /// A call that the server could not parse: repeat the request, then add a hint, then have the
    /// model write calls as text, which no server parses.
    async fn handle_unparsable_call(
        &mut self,
        streamed: StreamedReply,
        why: &str,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        let why = first_line(why, 200);
        if retry_state.hint_sent && !self.uses_text_calls() {
            let name = self.session.model.profile().name.clone();
            let notice = format!(
                "Ollama cannot read the native tool calls of {name} ({why}); text tool calls are \
                 used instead"
            );
            self.notice(notice).await;
            *retry_state = RetryState::default();
            return self.switch_to_text_calls(name).await;
        }
        Ok(Attempt::Unusable(UnusableReply::Unreadable {
            said: streamed.text,
            why,
        }))
    }

    /// A reply whose thoughts were cut: the model is asked again with thinking off.
    pub(super) async fn retry_without_thinking(&mut self, retry_state: &mut RetryState) -> Attempt {
        retry_state.thinking_off = true;
        self.notice("the model thought for too long; asking again with thinking off")
            .await;
        Attempt::Retry
    }

    /// Switches to text tool calls until the program ends.
    pub(super) async fn switch_to_text_calls(&mut self, name: String) -> Result<Attempt, TurnEnd> {
        self.engine.models_with_text_calls.lock().insert(name);
        self.tools = self.engine.tools(self.session.model.profile());
        self.engine
            .set_system(self.session, &self.tools, false, &self.events)
            .await?;
        Ok(Attempt::Retry)
    }

    /// Records a reply that was cut off: the user saw it and may refer to it.
    fn record_partial_reply(&mut self, shown: &str) -> Result<(), TurnEnd> {
        let shown = shown.trim();
        if shown.is_empty() {
            return Ok(());
        }
        self.add_reply(&StepReply {
            text: shown.to_owned(),
            ..StepReply::default()
        })
    }

    /// Records what the model had written when the user stopped it.
    pub(super) fn handle_user_stop(&mut self, streamed: StreamedReply) -> Result<Attempt, TurnEnd> {
        self.record_partial_reply(&streamed.shown)?;
        Err(TurnEnd::Stopped)
    }

    /// After an unusable reply: repeat the request, then add a hint, then end the turn.
    pub(super) async fn escalate(
        &mut self,
        unusable: UnusableReply,
        retry_state: &mut RetryState,
    ) -> Result<(), TurnEnd> {
        if !retry_state.repeated && unusable.is_transient() {
            retry_state.repeated = true;
            self.notice(format!("{}; asking again", unusable.description()))
                .await;
            return Ok(());
        }
        if self.compact_if_full(&unusable, retry_state).await? {
            return Ok(());
        }
        if retry_state.hint_sent {
            if let UnusableReply::BrokenOff { said } = &unusable {
                self.record_partial_reply(said)?;
            }
            return Err(unusable.end());
        }
        retry_state.hint_sent = true;
        self.notice(format!(
            "{}; asking again with a hint",
            unusable.description()
        ))
        .await;
        if let UnusableReply::Unreadable { said, .. } = &unusable
            && !said.trim().is_empty()
        {
            let text = defang_chat_markers(&clipped(said.trim(), 2_000)).into_owned();
            self.add_reply(&StepReply {
                text,
                ..StepReply::default()
            })?;
        }
        self.add_engine_note(&unusable.remark())
    }

    /// Compacts if a reply was cut because the window is full; returns whether that helped.
    async fn compact_if_full(
        &mut self,
        unusable: &UnusableReply,
        retry_state: &mut RetryState,
    ) -> Result<bool, TurnEnd> {
        let is_full = self.used() + self.reply_tokens() > self.window();
        if !matches!(unusable, UnusableReply::CutOff)
            || retry_state.shortened
            || !is_full
            || !self.engine.options.compact
        {
            return Ok(false);
        }
        retry_state.shortened = true;
        let before = self.used();
        self.compact(CompactionTrigger::Overflow).await?;
        Ok(self.used() < before)
    }
}

fn endless(error: &ModelError) -> TurnEnd {
    let message = format!("{error}; the reply was stopped");
    let failure = Failure::new(error.failure().code, message);
    TurnEnd::Stuck(failure.with_hint("rephrase the request, or use another model"))
}

/// Whether a text ends with far more white space than is plausible.
fn ends_blank(text: &str) -> bool {
    text.len() - text.trim_end().len() >= BLANK
}
