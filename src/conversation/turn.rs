//! One turn as a task: it takes the session, emits events, and returns the session at its end.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::EndReason;
use super::answers::{Answers, EventApprover};
use super::opening::{Connector, OpenRequest, OpenSession, OpenedSession};
use super::workspaces::OpenWorkspace;
use crate::engine::Question;
use crate::engine::event::{Event, TurnEnd};
use crate::engine::jobs::Job;
use crate::failure::FailureCode;
use crate::permission::Mode;
use crate::session::SessionError;

/// Size of the event channel; a full channel slows the model down.
const EVENTS: usize = 256;

#[derive(Debug)]
pub(super) enum TurnJob {
    Ask(Box<Question>),
    Compact,
    /// Runs a command of the user.
    Run(String),
    /// A turn that the program leads; `true`: agent mode is off.
    Job(Box<Job>, bool),
}

/// A turn that runs, or whose session is being opened.
pub(super) struct RunningTurn {
    pub(super) stop: CancellationToken,
    work: TurnWork,
}

enum TurnWork {
    Opening {
        task: JoinHandle<Option<Result<(OpenSession, OpenedSession), anyhow::Error>>>,
        /// Taken when the session is open.
        job: Option<TurnJob>,
    },
    Turn {
        events: mpsc::Receiver<Event>,
        task: JoinHandle<(OpenSession, EndReason)>,
    },
}

pub(super) enum TurnProgress {
    /// The session is open; the turn starts next.
    Opened(Box<(OpenSession, OpenedSession)>, TurnJob),
    Event(Event),
    Ended(Option<Box<OpenSession>>, EndReason),
}

impl Drop for RunningTurn {
    /// Without its owner nobody could stop the task.
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl RunningTurn {
    /// Opens the session that a job needs.
    pub(super) fn opening(
        request: OpenRequest,
        job: TurnJob,
        stop: CancellationToken,
    ) -> RunningTurn {
        let token = stop.clone();
        let task = tokio::spawn(async move { token.run_until_cancelled(request.open()).await });
        RunningTurn {
            stop,
            work: TurnWork::Opening {
                task,
                job: Some(job),
            },
        }
    }

    pub(super) fn turn(
        open: OpenSession,
        mode: Mode,
        job: TurnJob,
        (answers, has_user): (Answers, bool),
        servers: OtherServers,
        stop: CancellationToken,
    ) -> RunningTurn {
        let (sender, events) = mpsc::channel(EVENTS);
        let token = stop.clone();
        let task = tokio::spawn(async move {
            let mut open = open;
            let approver = EventApprover {
                events: sender,
                answers,
                has_user,
            };
            if open.is_server_lost {
                let going_on = servers.go_on(&mut open, &approver.events);
                match token.run_until_cancelled(going_on).await {
                    Some(Ok(())) => open.is_server_lost = false,
                    Some(Err(error)) => return (open, EndReason::Failed(error.into())),
                    // The turn is stopped, too, and the next one goes on elsewhere.
                    None => {}
                }
            }
            let how = run(&mut open, mode, job, &approver, &token).await;
            open.is_server_lost |= has_lost_server(&how);
            (open, how)
        });
        RunningTurn {
            stop,
            work: TurnWork::Turn { events, task },
        }
    }

    /// Waits for the next step. Cancel-safe.
    pub(super) async fn next(&mut self) -> TurnProgress {
        match &mut self.work {
            TurnWork::Opening { task, job } => {
                let opened = task.await;
                match (opened, job.take()) {
                    (Ok(Some(Ok(opened))), Some(job)) if !self.stop.is_cancelled() => {
                        TurnProgress::Opened(Box::new(opened), job)
                    }
                    (Ok(Some(Ok((open, _)))), _) => {
                        TurnProgress::Ended(Some(Box::new(open)), EndReason::NotBegun)
                    }
                    (Ok(Some(Err(error))), _) => {
                        TurnProgress::Ended(None, EndReason::Failed(error))
                    }
                    (Ok(None), _) => TurnProgress::Ended(None, EndReason::NotBegun),
                    (Err(_), _) => TurnProgress::Ended(None, EndReason::Lost),
                }
            }
            TurnWork::Turn { events, task } => {
                if let Some(event) = events.recv().await {
                    return TurnProgress::Event(event);
                }
                match task.await {
                    Ok((open, how)) => TurnProgress::Ended(Some(Box::new(open)), how),
                    // A panic in one turn must not end the program.
                    Err(_) => TurnProgress::Ended(None, EndReason::Lost),
                }
            }
        }
    }
}

/// Where a session goes on if its server is gone.
pub(super) struct OtherServers {
    pub(super) workspace: Arc<OpenWorkspace>,
    pub(super) connector: Arc<dyn Connector>,
}

impl OtherServers {
    /// Connects to a server that has the model, which may be another one by now. If there is none,
    /// the session stays where it is, and its next request says why.
    async fn go_on(
        &self,
        open: &mut OpenSession,
        events: &mpsc::Sender<Event>,
    ) -> Result<(), SessionError> {
        let app = &self.workspace.app;
        if app.chat_servers().len() < 2 {
            return Ok(());
        }
        let before = Arc::clone(&open.session.model);
        let name = before.profile().name.clone();
        let Ok(model) = self.connector.connect(app, Some(&name)).await else {
            return Ok(());
        };
        if model.server() == before.server() {
            return Ok(());
        }
        let notice = format!(
            "{} did not answer: this session goes on with `{name}` at {}",
            before.server(),
            model.server()
        );
        open.session.set_model(model)?;
        // Without a receiver the turn ends by itself.
        let _ = events.send(Event::Notice(notice)).await;
        Ok(())
    }
}

/// Whether a turn failed since its server was gone.
fn has_lost_server(how: &EndReason) -> bool {
    let EndReason::Turn(TurnEnd::Failed(failure)) = how else {
        return false;
    };
    matches!(
        failure.code,
        FailureCode::ServerUnreachable
            | FailureCode::ServerTimedOut
            | FailureCode::AnswerIncomplete
    )
}

async fn run(
    open: &mut OpenSession,
    mode: Mode,
    job: TurnJob,
    approver: &EventApprover,
    stop: &CancellationToken,
) -> EndReason {
    let OpenSession {
        session, engine, ..
    } = open;
    if let Err(error) = session.set_mode(mode) {
        return EndReason::Failed(error.into());
    }
    match job {
        TurnJob::Ask(question) => {
            let question = Question {
                plan: mode == Mode::Plan,
                ..*question
            };
            let events = approver.events.clone();
            EndReason::Turn(engine.ask(session, question, approver, &events, stop).await)
        }
        TurnJob::Job(job, read_only) => {
            let events = approver.events.clone();
            let job = (&*job, read_only);
            EndReason::Turn(engine.run_job(session, job, approver, &events, stop).await)
        }
        TurnJob::Compact => {
            EndReason::Compacted(engine.compact(session, &approver.events, stop).await)
        }
        TurnJob::Run(command) => {
            let events = approver.events.clone();
            let running = engine.run_for_user(session, &command, approver, &events, stop);
            EndReason::Ran(running.await)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_turn_is_an_end_like_any_other() {
        let (_, events) = mpsc::channel(1);
        let task = tokio::spawn(async { panic!("a tool that panics") });
        let mut running = RunningTurn {
            stop: CancellationToken::new(),
            work: TurnWork::Turn { events, task },
        };
        assert!(matches!(
            running.next().await,
            TurnProgress::Ended(None, EndReason::Lost)
        ));
    }
}
