//! Follows a turn: shows its events, asks its questions and handles Ctrl-C.

use std::time::Duration;

use anyhow::Error;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::super::warn;
use super::approve::{self, ApprovalPrompt, PromptOutcome};
use super::interrupts::Interrupts;
use crate::conversation::answers::Answers;
use crate::conversation::messages::opened_warnings;
use crate::conversation::{Conversation, FinishedTurn, Update};
use crate::engine::event::{Event, TurnEnd};

/// Interval of redrawing the progress row.
const TICK: Duration = Duration::from_millis(250);
/// Maximum lines of a running command's output.
const MOST_OUTPUT: usize = 3;
/// How long a turn may take to stop when the program quits.
const GRACE: Duration = Duration::from_secs(1);

pub trait TurnDisplay {
    fn event(&mut self, event: &Event) -> Result<(), Error>;

    fn tick(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the output of a running command is shown.
    fn shows_output(&self) -> bool {
        false
    }

    /// The last lines that a running command printed.
    fn output(&mut self, _lines: Vec<String>) {}

    /// Called before a question is shown.
    fn asking(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Called when the user has answered it.
    fn answered(&mut self) {}

    /// Called at the end.
    fn done(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Shows the running turn; `None` if the program quits.
pub async fn follow(
    conversation: &mut Conversation,
    interrupts: &Interrupts,
    show: &mut dyn TurnDisplay,
) -> Result<Option<FinishedTurn>, Error> {
    let stop = interrupts.begin();
    let followed = shown(conversation, (interrupts, &stop), show).await;
    interrupts.nothing_to_stop();
    show.done()?;
    followed
}

async fn shown(
    conversation: &mut Conversation,
    (interrupts, stop): (&Interrupts, &CancellationToken),
    show: &mut dyn TurnDisplay,
) -> Result<Option<FinishedTurn>, Error> {
    let answers = conversation.answers().clone();
    let mut is_stopped = false;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            // Earlier events are shown before later ones and before questions.
            biased;
            () = interrupts.leave.cancelled() => break,
            () = stop.cancelled(), if !is_stopped => {
                is_stopped = true;
                conversation.stop();
            }
            update = conversation.update() => match update {
                Update::Ended(ended) => return Ok(Some(ended)),
                update => {
                    if let Some(ask) = take(update, conversation, show)? {
                        show.asking()?;
                        put(ask, &answers, stop, interrupts).await?;
                        show.answered();
                    }
                }
            },
            _ = ticks.tick() => {
                if show.shows_output()
                    && let Some(lines) = conversation.live_lines(MOST_OUTPUT).await
                {
                    show.output(lines);
                }
                show.tick()?;
            }
        }
    }
    conversation.stop();
    let rest = timeout(GRACE, rest(conversation, show)).await;
    let has_ended = rest.unwrap_or(Ok(false))?;
    if !has_ended {
        // An abandoned turn sends no end, which readers of the events rely on.
        show.event(&Event::TurnEnded(TurnEnd::Stopped))?;
    }
    Ok(None)
}

/// Shows the remaining events of a stopped turn; whether the end was among them.
async fn rest(conversation: &mut Conversation, show: &mut dyn TurnDisplay) -> Result<bool, Error> {
    let mut has_ended = false;
    loop {
        match conversation.update().await {
            Update::Ended(_) => return Ok(has_ended),
            update => {
                let is_end = |event: &Event| matches!(event, Event::TurnEnded(_));
                has_ended |= matches!(&update, Update::Event(new) if is_end(&new.event));
                take(update, conversation, show)?;
            }
        }
    }
}

/// Shows an update, and returns the question in it, if any.
fn take(
    update: Update,
    conversation: &mut Conversation,
    show: &mut dyn TurnDisplay,
) -> Result<Option<ApprovalPrompt>, Error> {
    let Update::Event(numbered) = update else {
        let opened = conversation.take_opened();
        let warnings = opened.as_ref().map(opened_warnings).unwrap_or_default();
        warnings.iter().for_each(|warning| warn(warning));
        return Ok(None);
    };
    show.event(&numbered.event)?;
    Ok(ApprovalPrompt::of(numbered.event))
}

/// Asks a question on the terminal, unless the program quits.
async fn put(
    ask: ApprovalPrompt,
    answers: &Answers,
    stop: &CancellationToken,
    interrupts: &Interrupts,
) -> Result<(), Error> {
    tokio::select! {
        () = interrupts.leave.cancelled() => {}
        asked = approve::put(ask, answers, stop.clone()) => {
            if asked? == PromptOutcome::Interrupted {
                interrupts.press();
            }
        }
    }
    Ok(())
}
