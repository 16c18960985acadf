//! One question from its beginning to its end: events are shown, questions put, Ctrl-C obeyed.

use std::time::Duration;

use anyhow::Error;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::approve::{self, Ask, Asked, Nobody, TerminalApprover};
use super::interrupts::Interrupts;
use crate::engine::event::{Event, TurnEnd};
use crate::engine::{CompactReport, Engine, Question};
use crate::permission::Approver;
use crate::session::Session;

/// Events that wait to be shown; more of them slow the model down.
const EVENTS: usize = 256;
/// Between two looks of the row that says what is going on.
const TICK: Duration = Duration::from_millis(250);
/// How long a turn has to end when the program is left.
const GRACE: Duration = Duration::from_secs(1);

/// Where events go.
pub trait Show {
    /// Shows an event.
    fn event(&mut self, event: &Event) -> Result<(), Error>;

    /// Time has passed.
    fn tick(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// A question is about to be put on the terminal.
    fn asking(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// What was going on is over.
    fn done(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

/// Who is asked: somebody at the terminal, or nobody.
pub struct Questions {
    approver: Box<dyn Approver>,
    asks: mpsc::Receiver<Ask>,
}

impl Questions {
    /// Asks at the terminal.
    pub fn at_the_terminal() -> Questions {
        let (approver, asks) = TerminalApprover::new();
        Questions {
            approver: Box::new(approver),
            asks,
        }
    }

    /// Asks nobody: what would be asked is denied.
    pub fn to_nobody() -> Questions {
        Questions {
            approver: Box::new(Nobody),
            asks: mpsc::channel(1).1,
        }
    }
}

/// Asks the engine, and shows what happens until the end.
///
/// If the program is left meanwhile, that is [`TurnEnd::Stopped`].
pub async fn run(
    engine: &Engine,
    session: &mut Session,
    question: Question,
    questions: &mut Questions,
    interrupts: &Interrupts,
    show: &mut dyn Show,
) -> Result<TurnEnd, Error> {
    let stop = interrupts.begin();
    let (sender, events) = mpsc::channel(EVENTS);
    let Questions { approver, asks } = questions;
    let turn = engine.ask(session, question, approver.as_ref(), &sender, &stop);
    let mut watched = Watched::new(show);
    let end = follow(turn, events, asks, (interrupts, &stop), &mut watched).await;
    interrupts.nothing_to_stop();
    let end = end?;
    watched.finish(end)
}

/// Shows events, and knows whether the end of the turn was among them.
struct Watched<'a> {
    show: &'a mut dyn Show,
    has_ended: bool,
}

impl<'a> Watched<'a> {
    fn new(show: &'a mut dyn Show) -> Watched<'a> {
        Watched {
            show,
            has_ended: false,
        }
    }

    /// How the turn ended. One that was left behind did not say so itself, though whoever reads
    /// the events relies on it.
    fn finish(&mut self, end: Option<TurnEnd>) -> Result<TurnEnd, Error> {
        if self.has_ended {
            return Ok(end.unwrap_or(TurnEnd::Stopped));
        }
        self.event(&Event::TurnEnded(TurnEnd::Stopped))?;
        Ok(TurnEnd::Stopped)
    }
}

impl Show for Watched<'_> {
    fn event(&mut self, event: &Event) -> Result<(), Error> {
        self.has_ended |= matches!(event, Event::TurnEnded(_));
        self.show.event(event)
    }

    fn tick(&mut self) -> Result<(), Error> {
        self.show.tick()
    }

    fn asking(&mut self) -> Result<(), Error> {
        self.show.asking()
    }

    fn done(&mut self) -> Result<(), Error> {
        self.show.done()
    }
}

/// Makes what was said shorter, and shows what happens; an error is in words for people.
pub async fn compact(
    engine: &Engine,
    session: &mut Session,
    interrupts: &Interrupts,
    show: &mut dyn Show,
) -> Result<Result<CompactReport, String>, Error> {
    let stop = interrupts.begin();
    let (sender, events) = mpsc::channel(EVENTS);
    let (_, mut asks) = mpsc::channel(1);
    let work = engine.compact(session, &sender, &stop);
    let end = follow(work, events, &mut asks, (interrupts, &stop), show).await;
    interrupts.nothing_to_stop();
    show.done()?;
    Ok(end?.unwrap_or_else(|| Err("stopped".to_owned())))
}

/// Shows what happens while something is done; `None` if it had to be left behind.
async fn follow<T>(
    work: impl Future<Output = T>,
    mut events: mpsc::Receiver<Event>,
    asks: &mut mpsc::Receiver<Ask>,
    (interrupts, stop): (&Interrupts, &CancellationToken),
    show: &mut dyn Show,
) -> Result<Option<T>, Error> {
    tokio::pin!(work);
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = loop {
        tokio::select! {
            // What has happened is shown before anything else is asked or said.
            biased;
            () = interrupts.leave.cancelled() => break None,
            Some(event) = events.recv() => show.event(&event)?,
            Some(ask) = asks.recv() => {
                show.asking()?;
                put(ask, stop, interrupts).await?;
            }
            _ = ticks.tick() => show.tick()?,
            end = &mut work => break Some(end),
        }
    };
    let end = match end {
        Some(end) => Some(end),
        None => {
            // Nobody takes the events any more, so it does not wait for that.
            events.close();
            timeout(GRACE, &mut work).await.ok()
        }
    };
    while let Ok(event) = events.try_recv() {
        show.event(&event)?;
    }
    Ok(end)
}

/// Puts a question on the terminal, unless the program is left.
async fn put(ask: Ask, stop: &CancellationToken, interrupts: &Interrupts) -> Result<(), Error> {
    tokio::select! {
        () = interrupts.leave.cancelled() => {}
        asked = approve::put(ask, stop.clone()) => {
            if asked? == Asked::Interrupted {
                interrupts.press();
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Shown(Vec<Event>);

    impl Show for Shown {
        fn event(&mut self, event: &Event) -> Result<(), Error> {
            self.0.push(event.clone());
            Ok(())
        }
    }

    #[test]
    fn the_end_is_shown_once_whatever_happens() {
        let ended = Event::TurnEnded(TurnEnd::Answered);
        let text = Event::Text("It is".to_owned());
        for (events, end, expected) in [
            (vec![ended], Some(TurnEnd::Answered), TurnEnd::Answered),
            (vec![text.clone()], None, TurnEnd::Stopped),
            (vec![text], Some(TurnEnd::Answered), TurnEnd::Stopped),
        ] {
            let mut shown = Shown::default();
            let mut watched = Watched::new(&mut shown);
            for event in &events {
                watched.event(event).expect("it is shown");
            }
            let end = watched.finish(end).expect("an end");
            assert_eq!(end, expected);
            let ends: Vec<&Event> = shown
                .0
                .iter()
                .filter(|event| matches!(event, Event::TurnEnded(_)))
                .collect();
            assert_eq!(ends.len(), 1, "{ends:?}");
            assert!(matches!(shown.0.last(), Some(Event::TurnEnded(end)) if *end == expected));
        }
    }
}
