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
    pub(super) async fn broken(
        &mut self,
        error: ModelError,
        streamed: StreamedReply,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        match &error {
            ModelError::TooLong { needed, .. } => self.refused_length(*needed, retry_state).await,
            ModelError::NoTools if !self.uses_text_calls() => {
                let name = self.session.model.profile().name.clone();
                self.notice(format!(
                    "{name} does not support tools: it is told to write tool calls as text"
                ))
                .await;
                self.call_in_words(name).await
            }
            ModelError::BrokenCall(why) => self.refused_call(streamed, why, retry_state).await,
            // Servers end a stream without a word when there is nothing but white space for long.
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
            // It went round in circles before it said a word.
            ModelError::Endless(_)
                if streamed.text.trim().is_empty() && !retry_state.without_thoughts =>
            {
                match self.only_thoughts(&streamed, retry_state).await? {
                    Attempt::Retry => Ok(Attempt::Retry),
                    _ => Err(endless(&error)),
                }
            }
            ModelError::Endless(_) => {
                self.keep_beginning(&streamed.shown)?;
                Err(endless(&error))
            }
            ModelError::NoTools | ModelError::Failed(_) | ModelError::Crashed(_) => {
                self.keep_beginning(&streamed.shown)?;
                Err(TurnEnd::Failed(error.failure()))
            }
        }
    }

    /// A request that the server refused as too long: compacts the conversation, once.
    async fn refused_length(
        &mut self,
        needed: Option<u32>,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        // A server that says no number has at least said that it is more than the window.
        let (window, used) = (self.window(), self.used());
        let is_near = (window / 2..=window).contains(&used);
        if let Some(needed) = needed.or(is_near.then_some(window + 1)) {
            // A window of 0: this count is of the whole request for certain.
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
    async fn refused_call(
        &mut self,
        streamed: StreamedReply,
        why: &str,
        retry_state: &mut RetryState,
    ) -> Result<Attempt, TurnEnd> {
        let why = first_line(why, 200);
        if retry_state.remarked && !self.uses_text_calls() {
            let name = self.session.model.profile().name.clone();
            let notice = format!(
                "Ollama cannot read the tool calls of {name} ({why}): it is told to write tool \
                 calls as text"
            );
            self.notice(notice).await;
            *retry_state = RetryState::default();
            return self.call_in_words(name).await;
        }
        Ok(Attempt::Unusable(UnusableReply::Unreadable {
            said: streamed.text,
            why,
        }))
    }

    /// A reply whose thoughts were cut: the model is asked again with thinking off.
    pub(super) async fn over_thought(&mut self, retry_state: &mut RetryState) -> Attempt {
        retry_state.without_thoughts = true;
        self.notice("the model thought for too long; asking again with thinking off")
            .await;
        Attempt::Retry
    }

    /// Switches to text tool calls until the program ends.
    pub(super) async fn call_in_words(&mut self, name: String) -> Result<Attempt, TurnEnd> {
        self.engine.refusing.lock().insert(name);
        self.tools = self.engine.tools(self.session.model.profile());
        self.engine
            .set_system(self.session, &self.tools, false, &self.events)
            .await?;
        Ok(Attempt::Retry)
    }

    /// Records a reply that was cut off: the user saw it and may refer to it.
    fn keep_beginning(&mut self, shown: &str) -> Result<(), TurnEnd> {
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
    pub(super) fn cut_short(&mut self, streamed: StreamedReply) -> Result<Attempt, TurnEnd> {
        self.keep_beginning(&streamed.shown)?;
        Err(TurnEnd::Stopped)
    }

    /// After an unusable reply: repeat the request, then add a hint, then end the turn.
    pub(super) async fn escalate(
        &mut self,
        unusable: UnusableReply,
        retry_state: &mut RetryState,
    ) -> Result<(), TurnEnd> {
        if !retry_state.repeated && unusable.may_pass() {
            retry_state.repeated = true;
            self.notice(format!("{}; asking again", unusable.description()))
                .await;
            return Ok(());
        }
        if self.made_room(&unusable, retry_state).await? {
            return Ok(());
        }
        if retry_state.remarked {
            if let UnusableReply::BrokenOff { said } = &unusable {
                self.keep_beginning(said)?;
            }
            return Err(unusable.end());
        }
        retry_state.remarked = true;
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
    async fn made_room(
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
    let message = format!("{error}; it was stopped");
    let failure = Failure::new(error.failure().code, message);
    TurnEnd::Stuck(failure.with_hint("rephrase the request, or use another model"))
}

/// Whether a text ends with far more white space than is plausible.
fn ends_blank(text: &str) -> bool {
    text.len() - text.trim_end().len() >= BLANK
}
