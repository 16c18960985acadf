//! A turn as a task: the session goes in, and comes back at its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::super::approver::PhoneApprover;
use super::super::hub::Hub;
use super::super::incoming::Who;
use super::super::view::View;
use super::sessions::{Held, Seat, open, words};
use crate::engine::Question;
use crate::engine::event::{Event, TurnEnd};
use crate::permission::Mode;
use crate::session::SessionId;

/// Events that wait to be shown; more of them slow the model down.
const EVENTS: usize = 256;
/// How often it is looked whether there is something new to show.
const LOOK: Duration = Duration::from_millis(300);
/// The sign that something is done fades after five seconds.
const TYPING: Duration = Duration::from_secs(4);

/// A turn that runs.
pub struct Running {
    /// Stops it.
    pub stop: CancellationToken,
    task: JoinHandle<Done>,
}

impl Drop for Running {
    /// Where nobody waits for its end, nobody could stop it any more.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What came of a turn.
#[derive(Default)]
pub struct Done {
    /// The session with its engine, unless it is lost.
    pub held: Option<Held>,
    /// The session, if one could be opened.
    pub session: Option<SessionId>,
    /// How the turn ended, if it began.
    pub end: Option<TurnEnd>,
    /// The mode of the session.
    pub mode: Option<Mode>,
    /// Why it did not begin, or broke off.
    pub trouble: Option<String>,
}

/// Starts a turn.
pub fn start(
    hub: &Arc<Hub>,
    who: Who,
    seat: Seat,
    held: Option<Held>,
    question: Question,
) -> Running {
    let stop = hub.stop.child_token();
    let (hub, token) = (Arc::clone(hub), stop.clone());
    let task = tokio::spawn(async move {
        let typing = typing(&hub, who);
        let turn = run(&hub, who, seat, held, question, &token);
        tokio::select! {
            done = turn => done,
            () = typing => Done::default(),
        }
    });
    Running { stop, task }
}

/// Waits for the end of a turn; for ever where none runs.
pub async fn done(running: &mut Option<Running>) -> Done {
    let Some(running) = running else {
        return std::future::pending().await;
    };
    match (&mut running.task).await {
        Ok(done) => done,
        // A panic in one turn is no reason for the others to end.
        Err(_) => Done {
            trouble: Some(
                "something went wrong inside; what was done is in the journal, and the next \
                 message goes on with it"
                    .to_owned(),
            ),
            ..Done::default()
        },
    }
}

async fn run(
    hub: &Hub,
    who: Who,
    seat: Seat,
    held: Option<Held>,
    question: Question,
    stop: &CancellationToken,
) -> Done {
    let opened = match held {
        Some(mut held) => match held.session.set_mode(seat.mode) {
            Ok(()) => Ok(held),
            Err(error) => Err(error.into()),
        },
        None => {
            let opening = open(hub, who, &seat);
            match stop.run_until_cancelled(opening).await {
                Some(opened) => opened,
                None => {
                    hub.outbox.say(who.room(), "■ stopped");
                    return Done {
                        end: Some(TurnEnd::Stopped),
                        ..Done::default()
                    };
                }
            }
        }
    };
    let mut held = match opened {
        Ok(held) => held,
        Err(error) => {
            return Done {
                trouble: Some(words(&error)),
                ..Done::default()
            };
        }
    };
    let question = Question {
        plan: held.session.mode == Mode::Plan,
        ..question
    };
    let end = ask(hub, who, &mut held, question, stop).await;
    Done {
        session: Some(held.session.id.clone()),
        mode: Some(held.session.mode),
        held: Some(held),
        end: Some(end),
        trouble: None,
    }
}

/// Asks the engine, and shows what happens.
async fn ask(
    hub: &Hub,
    who: Who,
    held: &mut Held,
    question: Question,
    stop: &CancellationToken,
) -> TurnEnd {
    let (questions, outbox) = (hub.questions.clone(), hub.outbox.clone());
    let session = held.session.id.to_string();
    let (approver, mut about_to_ask) = PhoneApprover::new(who, &session, questions, outbox.clone());
    let (sender, mut events) = mpsc::channel(EVENTS);
    let mut view = View::new(outbox, who.room());
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let turn = held
        .engine
        .ask(&mut held.session, question, &approver, &sender, stop);
    tokio::pin!(turn);
    let end = loop {
        tokio::select! {
            end = &mut turn => break end,
            Some(event) = events.recv() => view.event(&event),
            Some(shown) = about_to_ask.recv() => {
                all(&mut events, &mut view);
                view.asking();
                // Whoever asks may have been stopped.
                let _ = shown.send(());
            }
            _ = looks.tick() => view.draw(),
        }
    };
    all(&mut events, &mut view);
    end
}

fn all(events: &mut mpsc::Receiver<Event>, view: &mut View) {
    while let Ok(event) = events.try_recv() {
        view.event(&event);
    }
}

/// Shows that something is done, as long as it is waited for.
async fn typing(hub: &Hub, who: Who) {
    let mut ticks = interval(TYPING);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        hub.outbox.typing(who.room()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_turn_is_told_and_nothing_else_ends() {
        let task = tokio::spawn(async { panic!("a tool that panics") });
        let stop = CancellationToken::new();
        let mut running = Some(Running { stop, task });
        let done = done(&mut running).await;
        assert!(done.held.is_none() && done.end.is_none());
        assert!(
            done.trouble
                .is_some_and(|why| why.contains("went wrong inside"))
        );
    }
}
