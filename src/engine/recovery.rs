//! Recovery from unusable replies: fix what an error allows, repeat the request, ask with a hint,
//! then end the turn.

use super::clip::{clipped, first_line};
use super::compaction::Wanted;
use super::event::{Failure, TurnEnd};
use super::listen::Heard;
use super::step::{Attempt, Ladder, Reply};
use super::trouble::Trouble;
use super::turn::Turn;
use crate::model::{ModelError, StopReason, Usage};
use crate::visible::neutral;

/// Trailing white space, in bytes, after which some servers end a stream.
const BLANK: usize = 30;

impl Turn<'_> {
    /// Handles a model error: recovers if possible.
    pub(super) async fn broken(
        &mut self,
        error: ModelError,
        heard: Heard,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        match &error {
            ModelError::TooLong { needed, .. } => self.refused_length(*needed, ladder).await,
            ModelError::NoTools if !self.speaks() => {
                let name = self.session.model.profile().name.clone();
                self.notice(format!(
                    "{name} does not support tools: it is told to write tool calls as text"
                ))
                .await;
                self.call_in_words(name).await
            }
            ModelError::BrokenCall(why) => self.refused_call(heard, why, ladder).await,
            // Servers end a stream without a word when there is nothing but white space for long.
            ModelError::Incomplete if ends_blank(&heard.text) => {
                let usage = Usage {
                    stop: if heard.text.trim().is_empty() {
                        StopReason::Stop
                    } else {
                        StopReason::Length
                    },
                    ..Usage::default()
                };
                self.read(heard, usage, ladder).await
            }
            ModelError::Incomplete => {
                Ok(Attempt::Useless(Trouble::BrokenOff { said: heard.shown }))
            }
            ModelError::Crashed(why) if !ladder.crashed => {
                ladder.crashed = true;
                let why = first_line(&why.to_string(), 200);
                self.notice(format!("{why}; asking again")).await;
                Ok(Attempt::Again)
            }
            // It went round in circles before it said a word.
            ModelError::Endless(_) if heard.text.trim().is_empty() && !ladder.without_thoughts => {
                match self.only_thoughts(&heard, ladder).await? {
                    Attempt::Again => Ok(Attempt::Again),
                    _ => Err(endless(&error)),
                }
            }
            ModelError::Endless(_) => {
                self.keep_beginning(&heard.shown)?;
                Err(endless(&error))
            }
            ModelError::NoTools | ModelError::Failed(_) | ModelError::Crashed(_) => {
                self.keep_beginning(&heard.shown)?;
                Err(TurnEnd::Failed(error.failure()))
            }
        }
    }

    /// A request that the server refused as too long: compacts the conversation, once.
    async fn refused_length(
        &mut self,
        needed: Option<u32>,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        // A server that says no number has at least said that it is more than the window.
        let (window, used) = (self.window(), self.used());
        let is_near = (window / 2..=window).contains(&used);
        if let Some(needed) = needed.or(is_near.then_some(window + 1)) {
            // A window of 0: this count is of the whole request for certain.
            self.session.calibration.learn(self.asked, needed, 0);
        }
        if ladder.shortened || !self.engine.options.compact {
            return Err(self.too_long());
        }
        ladder.shortened = true;
        self.shorten(Wanted::Refused).await?;
        Ok(Attempt::Again)
    }

    /// A call that the server could not parse: repeat the request, then add a hint, then have the
    /// model write calls as text, which no server parses.
    async fn refused_call(
        &mut self,
        heard: Heard,
        why: &str,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        let why = first_line(why, 200);
        if ladder.remarked && !self.speaks() {
            let name = self.session.model.profile().name.clone();
            let notice = format!(
                "Ollama cannot read the tool calls of {name} ({why}): it is told to write tool \
                 calls as text"
            );
            self.notice(notice).await;
            *ladder = Ladder::default();
            return self.call_in_words(name).await;
        }
        Ok(Attempt::Useless(Trouble::Unreadable {
            said: heard.text,
            why,
        }))
    }

    /// Switches to text tool calls until the program ends.
    pub(super) async fn call_in_words(&mut self, name: String) -> Result<Attempt, TurnEnd> {
        self.engine.refusing.lock().insert(name);
        self.tools = self.engine.tools(self.session.model.profile());
        self.engine
            .set_system(self.session, &self.tools, false, &self.events)
            .await?;
        Ok(Attempt::Again)
    }

    /// Records a reply that was cut off: the user saw it and may refer to it.
    fn keep_beginning(&mut self, shown: &str) -> Result<(), TurnEnd> {
        let shown = shown.trim();
        if shown.is_empty() {
            return Ok(());
        }
        self.say(&Reply {
            text: shown.to_owned(),
            ..Reply::default()
        })
    }

    /// Records what the model had written when the user stopped it.
    pub(super) fn cut_short(&mut self, heard: Heard) -> Result<Attempt, TurnEnd> {
        self.keep_beginning(&heard.shown)?;
        Err(TurnEnd::Stopped)
    }

    /// After an unusable reply: repeat the request, then add a hint, then end the turn.
    pub(super) async fn climb(
        &mut self,
        trouble: Trouble,
        ladder: &mut Ladder,
    ) -> Result<(), TurnEnd> {
        if !ladder.repeated && trouble.may_pass() {
            ladder.repeated = true;
            self.notice(format!("{}; asking again", trouble.in_words()))
                .await;
            return Ok(());
        }
        if self.made_room(&trouble, ladder).await? {
            return Ok(());
        }
        if ladder.remarked {
            if let Trouble::BrokenOff { said } = &trouble {
                self.keep_beginning(said)?;
            }
            return Err(trouble.end());
        }
        ladder.remarked = true;
        self.notice(format!("{}; asking again with a hint", trouble.in_words()))
            .await;
        if let Trouble::Unreadable { said, .. } = &trouble
            && !said.trim().is_empty()
        {
            let text = neutral(&clipped(said.trim(), 2_000)).into_owned();
            self.say(&Reply {
                text,
                ..Reply::default()
            })?;
        }
        self.remark(&trouble.remark())
    }

    /// Compacts if a reply was cut because the window is full; returns whether that helped.
    async fn made_room(&mut self, trouble: &Trouble, ladder: &mut Ladder) -> Result<bool, TurnEnd> {
        let is_full = self.used() + self.reply_tokens() > self.window();
        if !matches!(trouble, Trouble::CutOff)
            || ladder.shortened
            || !is_full
            || !self.engine.options.compact
        {
            return Ok(false);
        }
        ladder.shortened = true;
        let before = self.used();
        self.shorten(Wanted::Refused).await?;
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
