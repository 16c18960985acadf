//! One turn as a task: it takes the session, emits events, and returns the session at its end.

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::How;
use super::answers::{Answers, EventApprover};
use super::opening::{OpenRequest, OpenSession, Opened};
use crate::engine::Question;
use crate::engine::event::Event;
use crate::permission::Mode;

/// Size of the event channel; a full channel slows the model down.
const EVENTS: usize = 256;

#[derive(Debug)]
pub(super) enum Job {
    Ask(Box<Question>),
    Compact,
}

/// A turn that runs, or whose session is being opened.
pub(super) struct Running {
    pub(super) stop: CancellationToken,
    work: Work,
}

enum Work {
    Opening {
        task: JoinHandle<Option<Result<(OpenSession, Opened), anyhow::Error>>>,
        /// Taken when the session is open.
        job: Option<Job>,
    },
    Turn {
        events: mpsc::Receiver<Event>,
        task: JoinHandle<(OpenSession, How)>,
    },
}

pub(super) enum Next {
    /// The session is open; the turn starts next.
    Opened(Box<(OpenSession, Opened)>, Job),
    Event(Event),
    Ended(Option<Box<OpenSession>>, How),
}

impl Drop for Running {
    /// Without its owner nobody could stop the task.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Running {
    /// Opens the session that a job needs.
    pub(super) fn opening(request: OpenRequest, job: Job, stop: CancellationToken) -> Running {
        let token = stop.clone();
        let task = tokio::spawn(async move { token.run_until_cancelled(request.open()).await });
        Running {
            stop,
            work: Work::Opening {
                task,
                job: Some(job),
            },
        }
    }

    pub(super) fn turn(
        open: OpenSession,
        mode: Mode,
        job: Job,
        (answers, has_user): (Answers, bool),
        stop: CancellationToken,
    ) -> Running {
        let (sender, events) = mpsc::channel(EVENTS);
        let token = stop.clone();
        let task = tokio::spawn(async move {
            let mut open = open;
            let approver = EventApprover {
                events: sender,
                answers,
                has_user,
            };
            let how = run(&mut open, mode, job, &approver, &token).await;
            (open, how)
        });
        Running {
            stop,
            work: Work::Turn { events, task },
        }
    }

    /// Waits for the next step. Cancel-safe.
    pub(super) async fn next(&mut self) -> Next {
        match &mut self.work {
            Work::Opening { task, job } => {
                let opened = task.await;
                match (opened, job.take()) {
                    (Ok(Some(Ok(opened))), Some(job)) if !self.stop.is_cancelled() => {
                        Next::Opened(Box::new(opened), job)
                    }
                    (Ok(Some(Ok((open, _)))), _) => {
                        Next::Ended(Some(Box::new(open)), How::NotBegun)
                    }
                    (Ok(Some(Err(error))), _) => Next::Ended(None, How::Failed(error)),
                    (Ok(None), _) => Next::Ended(None, How::NotBegun),
                    (Err(_), _) => Next::Ended(None, How::Lost),
                }
            }
            Work::Turn { events, task } => {
                if let Some(event) = events.recv().await {
                    return Next::Event(event);
                }
                match task.await {
                    Ok((open, how)) => Next::Ended(Some(Box::new(open)), how),
                    // A panic in one turn must not end the program.
                    Err(_) => Next::Ended(None, How::Lost),
                }
            }
        }
    }
}

async fn run(
    open: &mut OpenSession,
    mode: Mode,
    job: Job,
    approver: &EventApprover,
    stop: &CancellationToken,
) -> How {
    let OpenSession { session, engine } = open;
    if let Err(error) = session.set_mode(mode) {
        return How::Failed(error.into());
    }
    match job {
        Job::Ask(question) => {
            let question = Question {
                plan: mode == Mode::Plan,
                ..*question
            };
            let events = approver.events.clone();
            How::Turn(engine.ask(session, question, approver, &events, stop).await)
        }
        Job::Compact => How::Compacted(engine.compact(session, &approver.events, stop).await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_turn_is_an_end_like_any_other() {
        let (_, events) = mpsc::channel(1);
        let task = tokio::spawn(async { panic!("a tool that panics") });
        let mut running = Running {
            stop: CancellationToken::new(),
            work: Work::Turn { events, task },
        };
        assert!(matches!(running.next().await, Next::Ended(None, How::Lost)));
    }
}
