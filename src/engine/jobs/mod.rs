//! Jobs: turns that the program leads. A command of the user starts one, the program does the work, and
//! the model is asked only where words are needed. Its events are those of a turn, so that every front
//! end shows it; the journal keeps it, but the conversation with the model does not.

pub mod check;
pub mod commit;
pub mod design;
pub mod init;
pub mod review;
pub mod task;

use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Engine;
use super::calls::CallResult;
use super::event::{Event, Failure, FailureCode, TurnEnd};
use super::side::{SideError, SideReply, SideRequest, ask_aside};
use super::turn::{EventSink, Turn};
use crate::message::ToolCall;
use crate::permission::Approver;
use crate::session::{JOB_ID_PREFIX, Record, Session};
use crate::tools::ToolSet;

use check::CheckOrder;
use commit::CommitOrder;
use design::DesignOrder;
use init::InitOrder;
use review::ReviewOrder;
use task::TaskOrder;

/// What the program is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    Init(InitOrder),
    Design(DesignOrder),
    Check(CheckOrder),
    Commit(CommitOrder),
    Review(ReviewOrder),
    Task(TaskOrder),
}

impl Job {
    /// Whether it is of use without a model: it asks one only for words that it can leave out.
    pub fn works_without_model(&self) -> bool {
        match self {
            Job::Init(_) | Job::Check(_) | Job::Commit(_) => true,
            Job::Design(order) => order.goal.is_none(),
            Job::Review(_) | Job::Task(_) => false,
        }
    }

    /// The job as a slash command starts it, for the journal and for titles.
    pub fn shown(&self) -> String {
        let (name, argument) = match self {
            Job::Init(order) => ("init", order.words()),
            Job::Design(order) => ("design", order.words()),
            Job::Check(order) => ("check", order.words()),
            Job::Commit(order) => ("commit", order.words()),
            Job::Review(order) => ("review", order.words()),
            Job::Task(order) => ("task", order.words()),
        };
        format!("/{name} {argument}").trim_end().to_owned()
    }
}

/// A job that runs, with all that a turn has.
pub(in crate::engine) struct JobRun<'t, 'a> {
    pub turn: &'t mut Turn<'a>,
    /// What was said so far.
    said: Mutex<String>,
}

impl JobRun<'_, '_> {
    /// Shows Markdown as a part of the answer; it ends up in the journal, without the values of
    /// secret files.
    pub async fn say(&self, markdown: &str) -> Result<(), TurnEnd> {
        let [clean] = self
            .turn
            .redact_secret_values([markdown.to_owned()])
            .await?;
        self.said.lock().push_str(&clean);
        self.turn.events.send(Event::Text(clean)).await;
        Ok(())
    }

    pub async fn notice(&self, text: &str) {
        self.turn.events.send(Event::Notice(text.to_owned())).await;
    }

    /// Asks the user to choose; any other text may be answered as well. `None` if nobody can be asked,
    /// or the user declines.
    pub async fn choose(
        &self,
        question: &str,
        options: &[&str],
    ) -> Result<Option<String>, TurnEnd> {
        if !self.turn.approver.can_ask() {
            return Ok(None);
        }
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        let asking = self.turn.approver.answer(question, &options);
        let answered = self.turn.stop.run_until_cancelled(asking).await;
        answered.ok_or(TurnEnd::Stopped)
    }

    /// Asks the model beside the conversation, and waits for its whole reply.
    pub async fn ask_model(&self, request: SideRequest<'_>) -> Result<SideReply, SideError> {
        // Embedding in the background waits meanwhile.
        let _replying = self.turn.replying();
        ask_aside(&*self.turn.session.model, request, &self.turn.stop).await
    }

    /// Runs one of the tools as a call of the program: prepared, judged, approved where the mode wants
    /// it, journaled, shown, and its changes can be undone. The conversation does not have it.
    pub async fn call(&mut self, tool: &str, arguments: Value) -> Result<CallResult, TurnEnd> {
        self.turn.check_stopped()?;
        let Value::Object(arguments) = arguments else {
            let why = format!("the arguments of `{tool}` are no object");
            return Ok(CallResult::failed(why));
        };
        let id = format!("{JOB_ID_PREFIX}{}", Timestamp::now().as_nanosecond());
        let name = tool.to_owned();
        let call = ToolCall {
            id,
            name,
            arguments,
        };
        self.turn.run_job_call(&call).await
    }
}

impl Engine {
    /// Runs a job as a turn of its own. `read_only`: agent mode is off, so that it changes nothing.
    pub async fn run_job(
        &self,
        session: &mut Session,
        (job, read_only): (&Job, bool),
        approver: &dyn Approver,
        events: &mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> TurnEnd {
        let sink = EventSink::new(events, stop);
        let mut turn = Turn::new(self, session, approver, sink.clone(), false);
        turn.read_only = read_only;
        // The program may use every tool, whatever the model is told of.
        turn.tools = self
            .toolbox
            .specs_in(ToolSet::All, self.context.edit_form());
        let end = match turn.work_on(job).await {
            Ok(()) => TurnEnd::Answered,
            Err(end) => end,
        };
        sink.send(Event::TurnEnded(end.clone())).await;
        end
    }
}

impl Turn<'_> {
    async fn work_on(&mut self, job: &Job) -> Result<(), TurnEnd> {
        self.session.turn += 1;
        let turn = self.session.turn;
        self.engine.context.changes.lock().begin_turn(turn);
        self.record(Record::Job { shown: job.shown() })?;
        self.begin_session().await?;
        let mut run = JobRun {
            turn: self,
            said: Mutex::default(),
        };
        let done = match job {
            Job::Init(order) => init::run(&mut run, order).await,
            Job::Design(order) => design::run(&mut run, order).await,
            Job::Check(order) => check::run(&mut run, order).await,
            Job::Commit(order) => commit::run(&mut run, order).await,
            Job::Review(order) => review::run(&mut run, order).await,
            Job::Task(order) => task::run(&mut run, order).await,
        };
        let mut text = run.said.into_inner();
        if let Err(TurnEnd::Failed(why)) = &done {
            // The user may ask the model about that as well.
            let [why] = self.redact_secret_values([why.to_string()]).await?;
            let gap = if text.is_empty() { "" } else { "\n\n" };
            text = format!("{}{gap}{why}\n", text.trim_end());
        }
        let kept = if text.is_empty() {
            Ok(())
        } else {
            self.session.note_job(&job.shown(), &text);
            self.record(Record::JobReport { text })
        };
        done.and(kept)
    }
}

/// The end of a job that is not possible here.
pub(in crate::engine) fn failed(message: impl Into<String>) -> TurnEnd {
    TurnEnd::Failed(Failure::new(FailureCode::JobFailed, message.into()))
}
