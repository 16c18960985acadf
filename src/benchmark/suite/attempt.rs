//! A model at work on a task: the real engine and tools, in a folder of its own and without a user.

use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use anyhow::{Context, Error};
use ollacode_indexer::RefreshOptions;

use super::folders::{RunFolders, empty, lay_out};
use super::results::TryResult;
use super::task::Task;
use crate::app::App;
use crate::benchmark::deadline::Deadline;
use crate::benchmark::report::rounded;
use crate::benchmark::turn::{TimedTurn, ask_until, is_of_model};
use crate::engine::event::{Event, TurnEnd};
use crate::engine::{ChatActivity, Engine};
use crate::message::ToolOutcome;
use crate::model::ChatModel;
use crate::permission::{Mode, Nobody};
use crate::session::Session;

/// How long a turn that is stopped may take to end.
const GRACE: Duration = Duration::from_secs(5);
/// What is made anew for each task. The tools' caches stay: some compilers take long without.
const OF_A_TASK: [&str; 2] = ["indexes", "sessions"];

/// How a turn of a model ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkEnd {
    Answered,
    /// Without an answer, for a reason that is the model's. What it did counts all the same.
    GaveUp(String),
    /// The time was over.
    OutOfTime,
    /// The user stopped it.
    Stopped,
    /// The server or the disk failed, which says nothing of the model.
    Broken(String),
}

/// A session about a task.
pub struct Work {
    engine: Engine,
    session: Session,
    /// Whether a turn was broken off, so that the session cannot go on.
    is_lost: bool,
}

impl Work {
    /// Lays out the files of a task and starts a session.
    pub async fn begin(
        app: &App,
        folders: &RunFolders,
        task: &Task,
        model: Arc<dyn ChatModel>,
    ) -> Result<Work, Error> {
        let (project, data) = (folders.project(), folders.data());
        for folder in OF_A_TASK {
            match fs::remove_dir_all(data.join(folder)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let laid_out = empty(&project).and_then(|()| lay_out(&project, &task.files));
        laid_out.with_context(|| format!("cannot write to {}", project.display()))?;
        let app = app.isolated(&project, &data, app.settings.max_steps)?;
        app.index
            .refresh(&RefreshOptions::default(), &|_| {})
            .await?;
        let root = &app.workspace.root;
        let mut session = Session::create(&app.sessions_folder(), root, model)?;
        session.set_mode(Mode::AutoApprove)?;
        let engine = app.engine(&session, &ChatActivity::default())?;
        Ok(Work {
            engine,
            session,
            is_lost: false,
        })
    }

    /// Whether the model can be asked again.
    pub fn can_go_on(&self) -> bool {
        !self.is_lost
    }

    /// Asks the model, and waits until it has ended.
    pub async fn ask(&mut self, text: &str, deadline: &Deadline) -> (WorkEnd, TryResult) {
        let started = Instant::now();
        let mut counted = TryResult::default();
        let working = (&self.engine, &mut self.session);
        let hear = |event| count(&event, &mut counted);
        let ended = ask_until(working, text, &Nobody, (deadline, GRACE), hear).await;
        let (end, is_lost) = match ended {
            TimedTurn::Ended(end) => (work_end(&end), false),
            TimedTurn::OutOfTime { is_broken_off } if deadline.is_stopped() => {
                (WorkEnd::Stopped, is_broken_off)
            }
            TimedTurn::OutOfTime { is_broken_off } => (WorkEnd::OutOfTime, is_broken_off),
        };
        self.is_lost = is_lost;
        counted.seconds = rounded(started.elapsed().as_secs_f64());
        (end, counted)
    }
}

fn count(event: &Event, counted: &mut TryResult) {
    match event {
        Event::Replied { usage, .. } => {
            counted.replies += 1;
            counted.prompt_tokens += u64::from(usage.prompt_tokens.unwrap_or_default());
            counted.reply_tokens += u64::from(usage.reply_tokens.unwrap_or_default());
        }
        Event::ToolFinished { outcome, .. } => {
            counted.calls += 1;
            counted.calls_failed += u32::from(*outcome != ToolOutcome::Done);
        }
        _ => {}
    }
}

fn work_end(end: &TurnEnd) -> WorkEnd {
    let failure = match end {
        TurnEnd::Answered | TurnEnd::Planned => return WorkEnd::Answered,
        TurnEnd::Cut => return WorkEnd::GaveUp("its answer was too long".to_owned()),
        TurnEnd::Stopped => return WorkEnd::Stopped,
        TurnEnd::StepLimit(steps) => {
            return WorkEnd::GaveUp(format!("it gave no answer within {steps} replies"));
        }
        TurnEnd::Stuck(failure) | TurnEnd::Failed(failure) => failure,
    };
    if is_of_model(failure.code) {
        WorkEnd::GaveUp(failure.message.clone())
    } else {
        WorkEnd::Broken(failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Failure, FailureCode};

    #[test]
    fn a_failing_server_says_nothing_of_a_model() {
        let failed = |code| TurnEnd::Failed(Failure::new(code, "so it is").with_hint("do it"));
        let gave_up = || WorkEnd::GaveUp("so it is".to_owned());
        for (end, expected) in [
            (TurnEnd::Answered, WorkEnd::Answered),
            (TurnEnd::Stopped, WorkEnd::Stopped),
            (failed(FailureCode::ReplyUnusable), gave_up()),
            (failed(FailureCode::ContextTooLong), gave_up()),
            (
                TurnEnd::Stuck(Failure::new(FailureCode::LoopDetected, "so it is")),
                gave_up(),
            ),
            (
                TurnEnd::Stuck(Failure::new(FailureCode::AnswerIncomplete, "so it is")),
                WorkEnd::Broken("so it is".to_owned()),
            ),
            (
                failed(FailureCode::ServerUnreachable),
                WorkEnd::Broken("so it is; do it".to_owned()),
            ),
            (
                TurnEnd::StepLimit(3),
                WorkEnd::GaveUp("it gave no answer within 3 replies".to_owned()),
            ),
        ] {
            assert_eq!(work_end(&end), expected, "{end:?}");
        }
    }

    #[test]
    fn what_a_turn_costs_is_counted() {
        let mut counted = TryResult::default();
        let finished = |outcome| Event::ToolFinished {
            id: "1".to_owned(),
            outcome,
            summary: String::new(),
            detail: String::new(),
            took: Duration::ZERO,
        };
        for event in [
            finished(ToolOutcome::Done),
            finished(ToolOutcome::Denied),
            Event::Text("a".to_owned()),
        ] {
            count(&event, &mut counted);
        }
        assert_eq!((counted.calls, counted.calls_failed), (2, 1));
    }
}
