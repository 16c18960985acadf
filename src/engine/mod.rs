//! The engine: a question in, events out.
//!
//! In reading order: [`event`] is what front ends see; [`Engine::ask`] runs a `turn`, whose loop
//! fits on a screen; a `step` of it asks the model, `calls` judges and runs what it wants, and
//! `guard` ends what goes in circles. Before the model stand `prompt`, [`memory`], `question`, the
//! `attachment`s and its `opening`; [`crate::model::budget`] counts what that costs, and `compaction` makes room.
//! [`citations`] checks the answer.
//!
//! It names no front end and no server, reads no environment, and prints nothing.

mod activity;
mod attachment;
mod calls;
pub mod citations;
mod clip;
mod compaction;
pub mod event;
mod guard;
mod listen;
pub mod memory;
mod opening;
mod prompt;
mod question;
mod recovery;
mod repeats;
mod said;
mod shorten;
mod spoken;
mod step;
mod thoughts;
mod trouble;
mod turn;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::message::{Image, Message};
use crate::model::budget::{estimate, estimate_tools};
use crate::model::{ModelProfile, ToolSpec};
use crate::permission::{Approver, Confinement};
use crate::session::changes::{FileDiff, UndoError, Undone};
use crate::session::{Record, Session, SessionError};
use crate::text::tokens::estimate_text;
use crate::tools::{ToolContext, ToolSet, Toolbox};
use crate::visible::visible;
use event::{Event, TurnEnd};
use memory::{Memory, Trust};
use turn::{Sink, Turn, with_causes};

pub use activity::{ChatActivity, Replying};
pub use attachment::Attachment;
pub use compaction::CompactReport;
pub use prompt::system_prompt;

/// Below this window few tools are better, whatever the model.
const ROOM_FOR_ALL_TOOLS: u32 = 8_192;

/// Answers the questions of one session.
pub struct Engine {
    context: Arc<ToolContext>,
    toolbox: Toolbox,
    options: EngineOptions,
    activity: ChatActivity,
    trust: Trust,
    /// The tools that were chosen by model, and whether it calls in words: a list that changed when
    /// the real window is known would cost the server all that it has read.
    chosen: Mutex<BTreeMap<(String, bool), ToolSet>>,
    /// Models that take no tools, though their server says they do.
    refusing: Mutex<BTreeSet<String>>,
    /// Models whose thoughts stand in their text, and end with a tag that has no beginning.
    leaking: Mutex<BTreeSet<String>>,
    /// Notices that are not worth saying twice.
    told: Mutex<BTreeSet<String>>,
}

/// What an engine is made of.
pub struct EngineParts {
    /// What tools work on: files, commands, index, changes.
    pub context: Arc<ToolContext>,
    pub toolbox: Toolbox,
    pub options: EngineOptions,
    /// Who waits while replies are made.
    pub activity: ChatActivity,
    /// A file of ours that remembers which notes of the repository the user was told of; one for
    /// each workspace.
    pub known_memory: PathBuf,
}

/// How an engine works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineOptions {
    /// Most replies of the model in a turn.
    pub max_steps: usize,
    /// Whether the index is searched for each question.
    pub rag: bool,
    /// Whether older turns are made shorter when the window is nearly full.
    pub compact: bool,
    /// The tools that models are given; `None`: by model and window.
    pub tools: Option<ToolSet>,
}

impl Default for EngineOptions {
    fn default() -> EngineOptions {
        EngineOptions {
            max_steps: 25,
            rag: true,
            compact: true,
            tools: None,
        }
    }
}

/// What the user asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// As it was written.
    pub text: String,
    /// Paths that it names, to be read before the model is asked.
    pub files: Vec<String>,
    /// Texts that the user sends along, at most ten of which go before the model.
    pub attachments: Vec<Attachment>,
    /// Pictures that the user sends along, for models that see.
    pub images: Vec<Image>,
    /// Whether only a plan is wanted, whatever the mode of the session.
    pub plan: bool,
}

impl Question {
    /// Asks for the plan to be carried out that the session ended with. It stands in the question,
    /// so that it stays when older turns are made shorter.
    pub fn carry_out(session: &Session) -> Question {
        let plan = match session.messages.last() {
            Some(Message::Assistant { text, .. }) => text.trim(),
            _ => "",
        };
        Question {
            text: format!("Carry out this plan, step by step:\n\n{plan}"),
            ..Question::default()
        }
    }
}

/// Where the tokens of a session are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenReport {
    /// In the next request, before a question.
    pub used: u32,
    /// Those that there are.
    pub window: u32,
    /// Of the system prompt.
    pub system: u32,
    /// Of the list of tools.
    pub tools: u32,
    /// Of everything that was said.
    pub history: u32,
}

/// Why changes could not be undone or redone.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The files do not allow it.
    #[error(transparent)]
    Files(#[from] UndoError),
    /// It was done, but could not be written down.
    #[error(transparent)]
    Journal(#[from] SessionError),
}

impl Engine {
    /// Joins the parts; nothing is read or asked yet.
    pub fn new(parts: EngineParts) -> Engine {
        Engine {
            context: parts.context,
            toolbox: parts.toolbox,
            options: parts.options,
            activity: parts.activity,
            trust: Trust::new(parts.known_memory),
            chosen: Mutex::default(),
            refusing: Mutex::default(),
            leaking: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Answers a question, and says on `events` what happens meanwhile.
    ///
    /// The last event is [`Event::TurnEnded`] with what is returned. A full channel slows the
    /// turn; a dropped receiver stops it, as `stop` does.
    pub async fn ask(
        &self,
        session: &mut Session,
        question: Question,
        approver: &dyn Approver,
        events: &mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> TurnEnd {
        let sink = Sink::new(events, stop);
        let mut turn = Turn::new(self, session, approver, sink.clone(), question.plan);
        let end = turn.run(&question).await;
        sink.send(Event::TurnEnded(end.clone())).await;
        end
    }

    /// Makes what was said before the last question shorter.
    ///
    /// # Errors
    ///
    /// In words for people: there is nothing to make shorter, it was stopped, or the journal
    /// cannot be written.
    pub async fn compact(
        &self,
        session: &mut Session,
        events: &mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> Result<CompactReport, String> {
        let sink = Sink::new(events, stop);
        let tools = self.tools(session.model.profile());
        let wanted = compaction::Wanted::ByHand;
        match self.shorten(session, &tools, wanted, &sink).await {
            Ok(report) if report.after < report.before => Ok(report),
            Ok(_) => Err("there is nothing to compact yet".to_owned()),
            Err(TurnEnd::Failed(why)) => Err(why),
            Err(_) => Err("stopped; the conversation was not changed".to_owned()),
        }
    }

    /// Takes the changes of the last turn that has some back.
    pub fn undo(&self, session: &mut Session) -> Result<Undone, ChangeError> {
        let undone = lock(&self.context.changes).undo(&self.context.jail)?;
        session.note_undone("undid", undone.turn, &undone.paths());
        session.record(Record::Undid { turn: undone.turn })?;
        Ok(undone)
    }

    /// Does again what was taken back last.
    pub fn redo(&self, session: &mut Session) -> Result<Undone, ChangeError> {
        let redone = lock(&self.context.changes).redo(&self.context.jail)?;
        session.note_undone("redid", redone.turn, &redone.paths());
        session.record(Record::Redid { turn: redone.turn })?;
        Ok(redone)
    }

    /// What the session changed, as a unified diff.
    pub fn diff(&self) -> String {
        lock(&self.context.changes).diff()
    }

    /// The same for each file.
    pub fn file_diffs(&self) -> Vec<FileDiff> {
        lock(&self.context.changes).diffs()
    }

    /// How well commands are held back.
    pub fn confinement(&self) -> Confinement {
        self.context.sandbox.confinement()
    }

    /// The notes of the repository, as the model is told them.
    pub fn memory(&self) -> Option<Memory> {
        memory::root_memory(&self.context.jail)
    }

    /// Counts what the next request would have, before a question.
    pub fn tokens(&self, session: &Session) -> TokenReport {
        let profile = session.model.profile();
        let tools = self.tools(profile);
        let spoken = self.speaks(profile);
        let (system, said) = match session.messages.split_first() {
            Some((Message::System { text }, said)) => (estimate_text(text), said),
            _ => {
                let (text, _) = self.fresh_system(&tools, spoken);
                (estimate_text(&text), session.messages.as_slice())
            }
        };
        let native = if spoken { 0 } else { estimate_tools(&tools) };
        let [system, tools, history] = [system, native, estimate(said, &[])]
            .map(|count| session.calibration.calibrated(count));
        TokenReport {
            used: system + tools + history,
            window: profile.window,
            system,
            tools,
            history,
        }
    }

    /// The tools that a model is given.
    fn tools(&self, profile: &ModelProfile) -> Vec<ToolSpec> {
        let few = profile.weak || self.speaks(profile) || profile.window < ROOM_FOR_ALL_TOOLS;
        let by_model = if few { ToolSet::Core } else { ToolSet::All };
        let key = (profile.name.clone(), self.speaks(profile));
        let chosen = *lock(&self.chosen).entry(key).or_insert(by_model);
        self.toolbox.specs(self.options.tools.unwrap_or(chosen))
    }

    /// Whether a model calls tools in words, since it takes none natively.
    fn speaks(&self, profile: &ModelProfile) -> bool {
        !profile.tools || lock(&self.refusing).contains(&profile.name)
    }

    fn fresh_system(&self, tools: &[ToolSpec], spoken: bool) -> (String, Option<Memory>) {
        let root = self.context.jail.root();
        let name = root.file_name().unwrap_or(root.as_os_str());
        let memory = self.memory();
        let protocol = spoken.then_some(tools);
        let text = system_prompt(&name.to_string_lossy(), memory.as_ref(), protocol);
        let text = self.context.without_secret_values(text);
        (visible(&text).into_owned(), memory)
    }

    /// Puts the system message first, where there is none for this model or a new one is wanted.
    async fn set_system(
        &self,
        session: &mut Session,
        tools: &[ToolSpec],
        renew: bool,
        events: &Sink,
    ) -> Result<(), TurnEnd> {
        let spoken = self.speaks(session.model.profile());
        let before = match session.messages.first() {
            Some(Message::System { text }) => Some(text.as_str()),
            _ => None,
        };
        let protocol = spoken.then_some(tools);
        if !renew && before.is_some_and(|text| prompt::fits(text, protocol)) {
            return Ok(());
        }
        let (text, memory) = self.fresh_system(tools, spoken);
        if before == Some(text.as_str()) {
            return Ok(());
        }
        if let Some(notice) = memory.and_then(|memory| self.trust.announce(&memory)) {
            events.send(Event::Notice(notice)).await;
        }
        let system = Message::System { text: text.clone() };
        match session.messages.first_mut() {
            Some(first @ Message::System { .. }) => *first = system,
            _ => session.messages.insert(0, system),
        }
        session
            .record(Record::System { text })
            .map_err(|error| TurnEnd::Failed(with_causes(&error)))
    }

    /// Whether something is said for the first time.
    fn is_news(&self, text: &str) -> bool {
        lock(&self.told).insert(text.to_owned())
    }
}

/// Nothing that is kept behind these locks can be left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
