//! What is done about a reply that is of no use: put right what an error allows to put right, ask
//! once more, ask in other words, and then end.

use super::clip::{clipped, first_line};
use super::compaction::Wanted;
use super::event::TurnEnd;
use super::listen::Heard;
use super::lock;
use super::step::{Attempt, Ladder, Reply};
use super::trouble::Trouble;
use super::turn::Turn;
use crate::model::{ModelError, StopReason, Usage};
use crate::visible::neutral;

/// Servers have been seen to end a stream after so much white space.
const BLANK: usize = 30;

impl Turn<'_> {
    /// Puts right what an error allows to put right.
    pub(super) async fn broken(
        &mut self,
        error: ModelError,
        heard: Heard,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        match &error {
            ModelError::TooLong { needed, .. } => {
                let needed = *needed;
                // A server that says no number has at least said that it is more than the window.
                let (window, used) = (self.window(), self.used());
                if let Some(needed) =
                    needed.or((window / 2..=window).contains(&used).then_some(window + 1))
                {
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
                let why = first_line(why, 200);
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
                Err(TurnEnd::Failed(error.to_string()))
            }
        }
    }

    /// A call that the server could not read: the same request once more, then with a remark, then
    /// the model is told to call in words, which no server reads.
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

    /// Goes over to calls in words, for as long as the program runs.
    pub(super) async fn call_in_words(&mut self, name: String) -> Result<Attempt, TurnEnd> {
        lock(&self.engine.refusing).insert(name);
        self.tools = self.engine.tools(self.session.model.profile());
        self.engine
            .set_system(self.session, &self.tools, false, &self.events)
            .await?;
        Ok(Attempt::Again)
    }

    /// Keeps the beginning of a reply that has no end: the user saw it, and may refer to it.
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

    /// Keeps what the model had said when the user stopped it.
    pub(super) fn cut_short(&mut self, heard: Heard) -> Result<Attempt, TurnEnd> {
        self.keep_beginning(&heard.shown)?;
        Err(TurnEnd::Stopped)
    }

    /// After a useless reply: the same request once more, then a remark, then the end.
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

    /// Makes the conversation shorter where a full window is what cut a reply; whether it did.
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
    TurnEnd::Stuck(format!(
        "{error}; it was stopped. Rephrase the request, or use another model"
    ))
}

/// Whether a text ends in much more white space than any that makes sense.
fn ends_blank(text: &str) -> bool {
    text.len() - text.trim_end().len() >= BLANK
}
