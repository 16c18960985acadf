//! The engine: a question in, events out.
//!
//! In reading order: [`event`] is what front ends see. [`Engine::ask`] runs a `turn`; each `step`
//! of it asks the model; `calls` judges and runs tool calls, with `hooks` around them; `checking` runs the project's checks; `loop_detector` stops loops,
//! and `nudge` has a model go on that stops too early; `change_request` tells which requests ask
//! for a change. `prompt`, [`project_instructions`], `question`, `attachment`, `editor_texts` and `user_message` make
//! the context; [`crate::model::budget`] counts it, and `compaction` shortens it. [`proof`] compares the answer with
//! what the turn did.
//!
//! It knows no front end and no server, reads no environment, and prints nothing.

mod activity;
mod attachment;
mod calls;
mod change_request;
mod checking;
mod closing;
mod committing;
mod compaction;
mod editor_texts;
pub mod event;
mod failed_edits;
mod found_lines;
mod git_question;
mod hooks;
pub mod jobs;
mod live;
mod loop_detector;
mod map_facts;
mod names;
mod nudge;
mod options;
mod parsed_reply;
pub mod project_instructions;
mod prompt;
pub mod proof;
mod question;
mod recovery;
mod repeats;
mod retrieval_query;
mod shorten;
mod shown_by_git;
mod side;
mod skills;
mod step;
mod stream;
pub mod task;
mod text_tool_calls;
mod thoughts;
mod token_report;
mod turn;
mod unusable_reply;
mod user_message;
mod user_words;
mod workspace_facts;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::message::{Image, Message};
use crate::model::{ChatModel, EditForm, ModelProfile, ToolSpec};
use crate::permission::{Approver, Confinement};
use crate::session::changes::{FileDiff, UndoError, Undone};
use crate::session::{Record, Session, SessionError};
use crate::skills::{Library, SkillCall};
use crate::text::clip;
use crate::tools::{ToolContext, ToolSet, Toolbox, USE_SKILL};
use crate::visible::escape_hidden;
use checking::SessionChecks;
use event::{Event, TurnEnd};
use hooks::SessionHooks;
use map_facts::{has_room, map_facts};
use project_instructions::{InstructionsTrust, ProjectInstructions};
use turn::{EventSink, Turn, not_written};
use workspace_facts::{WorkspaceFacts, workspace_facts};

pub use activity::{ChatActivity, Replying};
pub use attachment::Attachment;
pub use checking::CheckSetup;
pub use compaction::CompactReport;
pub use editor_texts::EditorText;
pub use hooks::HookSetup;
pub use live::CommandWatch;
pub use options::EngineOptions;
pub use prompt::system_prompt;
pub use token_report::TokenReport;
pub use user_words::KeptTokens;

/// With a smaller window only the core tools are offered.
const ROOM_FOR_ALL_TOOLS: u32 = 8_192;

/// Answers the questions of one session.
pub struct Engine {
    context: Arc<ToolContext>,
    toolbox: Toolbox,
    options: EngineOptions,
    activity: ChatActivity,
    trust: InstructionsTrust,
    /// The tools chosen for a model, by its name and whether it calls in text. They never change,
    /// because a changed list would invalidate the server's prompt cache.
    chosen: Mutex<BTreeMap<(String, bool), ToolSet>>,
    /// The form in which a model edits files, by its name; it never changes, either.
    edit_forms: Mutex<BTreeMap<String, EditForm>>,
    /// Models without working tool calls, though the server says they have them.
    models_with_text_calls: Mutex<BTreeSet<String>>,
    /// Models whose thoughts are in their text and end with a tag that has no start tag.
    leaking: Mutex<BTreeSet<String>>,
    /// Facts of the workspace when the session began. They stay, as the bytes before a conversation
    /// do.
    facts: Mutex<Option<WorkspaceFacts>>,
    /// Notices already shown that are shown only once.
    told: Mutex<BTreeSet<String>>,
    /// What stands last in the message of each commit; `{model}` is the name of the model.
    commit_trailer: Option<String>,
    checks: SessionChecks,
    /// The file of a map that takes long to make; empty if none is kept.
    kept_map: PathBuf,
    hooks: SessionHooks,
    skills: Library,
}

/// The parts of an engine.
pub struct EngineParts {
    /// What tools work on: files, commands, index, changes.
    pub context: Arc<ToolContext>,
    pub toolbox: Toolbox,
    pub options: EngineOptions,
    /// Tells background work when a reply is being made.
    pub activity: ChatActivity,
    /// File that remembers which project instructions were announced; one for each workspace.
    pub known_memory: PathBuf,
    /// What stands last in the message of each commit; `{model}` is the name of the model.
    pub commit_trailer: Option<String>,
    /// What questions may use by name, and models are told of.
    pub skills: Library,
}

/// What the user asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// As it was written.
    pub text: String,
    /// Paths named in it; they are read before the model is asked.
    pub files: Vec<String>,
    /// Files as an editor has them; at most ten are sent to the model.
    pub editor_texts: Vec<EditorText>,
    /// Attached texts; at most ten are sent to the model.
    pub attachments: Vec<Attachment>,
    /// Attached pictures, for models with vision.
    pub images: Vec<Image>,
    /// Whether to plan only, whatever the mode of the session.
    pub plan: bool,
    /// Whether only what reads may run, whatever the mode of the session: agent mode is off. The
    /// tools that are offered stay the same, for the server's prompt cache.
    pub read_only: bool,
    /// Whether the index is not searched for it.
    pub without_search: bool,
    /// The skill that it starts; the text is then the line that was typed.
    pub skill: Option<SkillCall>,
}

impl Question {
    /// A question that carries out the plan at the end of the session. The plan is part of the
    /// question, so compaction keeps it.
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

/// Why changes could not be undone or redone.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The files do not allow it.
    #[error(transparent)]
    Files(#[from] UndoError),
    /// The files changed, but the journal could not be written.
    #[error(transparent)]
    Journal(#[from] SessionError),
}

impl Engine {
    pub fn new(parts: EngineParts) -> Engine {
        Engine {
            context: parts.context,
            toolbox: parts.toolbox,
            options: parts.options,
            activity: parts.activity,
            trust: InstructionsTrust::new(parts.known_memory),
            chosen: Mutex::default(),
            edit_forms: Mutex::default(),
            models_with_text_calls: Mutex::default(),
            leaking: Mutex::default(),
            facts: Mutex::default(),
            told: Mutex::default(),
            commit_trailer: parts.commit_trailer,
            checks: SessionChecks::default(),
            kept_map: PathBuf::new(),
            hooks: SessionHooks::default(),
            skills: parts.skills,
        }
    }

    /// Keeps the map of a large workspace in a file, for the next session.
    #[must_use]
    pub fn keeping_map(mut self, file: PathBuf) -> Engine {
        self.kept_map = file;
        self
    }

    /// Answers a question and sends `events` meanwhile.
    ///
    /// The last event is [`Event::TurnEnded`] with the returned value. A full channel slows the
    /// turn; a dropped receiver stops it, as `stop` does.
    pub async fn ask(
        &self,
        session: &mut Session,
        question: Question,
        approver: &dyn Approver,
        events: &mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> TurnEnd {
        let sink = EventSink::new(events, stop);
        let mut turn = Turn::new(self, session, approver, sink.clone(), question.plan);
        turn.read_only = question.read_only;
        let end = match turn.leave_broken_off_step() {
            Ok(()) => turn.run(&question).await,
            Err(end) => end,
        };
        sink.send(Event::TurnEnded(end.clone())).await;
        end
    }

    /// Compacts the conversation.
    ///
    /// # Errors
    ///
    /// A message for the user: there is nothing to compact, it was stopped, or the journal cannot
    /// be written.
    pub async fn compact(
        &self,
        session: &mut Session,
        events: &mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> Result<CompactReport, String> {
        let sink = EventSink::new(events, stop);
        self.choose_edit_form(&*session.model);
        let tools = self.tools(session.model.profile());
        let wanted = compaction::CompactionTrigger::Manual;
        match self.shorten(session, &tools, wanted, &sink).await {
            Ok(report) if report.after < report.before => Ok(report),
            Ok(_) => Err("there is nothing to compact yet".to_owned()),
            Err(TurnEnd::Failed(why)) => Err(why.to_string()),
            Err(_) => Err("stopped; the conversation was not changed".to_owned()),
        }
    }

    /// Runs a command of the user in the sandbox. The next question tells the model what it printed.
    ///
    /// # Errors
    ///
    /// A message for the user: the tool failed, or the journal cannot be written.
    pub async fn run_for_user(
        &self,
        session: &mut Session,
        command: &str,
        approver: &dyn Approver,
        events: &mpsc::Sender<Event>,
        stop: &CancellationToken,
    ) -> Result<(), String> {
        let sink = EventSink::new(events, stop);
        let mut turn = Turn::new(self, session, approver, sink, false);
        match turn.run_user_command(command).await {
            Err(TurnEnd::Failed(why)) => Err(why.to_string()),
            _ => Ok(()),
        }
    }

    /// Undoes the changes of the last turn that changed files.
    pub fn undo(&self, session: &mut Session) -> Result<Undone, ChangeError> {
        let undone = self.context.changes.lock().undo(&self.context.jail)?;
        session.note_undone("undid", undone.turn, &undone.paths());
        session.record(Record::Undid { turn: undone.turn })?;
        self.forget_undone_failures();
        Ok(undone)
    }

    /// Redoes the turn that was undone last.
    pub fn redo(&self, session: &mut Session) -> Result<Undone, ChangeError> {
        let redone = self.context.changes.lock().redo(&self.context.jail)?;
        session.note_undone("redid", redone.turn, &redone.paths());
        session.record(Record::Redid { turn: redone.turn })?;
        Ok(redone)
    }

    /// Puts a file back as it was before the session changed it; that can be undone.
    pub fn revert(&self, session: &mut Session, path: &str) -> Result<Undone, ChangeError> {
        let (reverted, made) = {
            let mut changes = self.context.changes.lock();
            changes.begin_turn(session.turn.max(1));
            let reverted = changes.revert(&self.context.jail, path)?;
            (reverted, changes.take_records())
        };
        session.note_reverted(path);
        session.record_all(made.into_iter().map(Record::Changed).collect())?;
        Ok(reverted)
    }

    /// What the session changed, as a unified diff.
    pub fn diff(&self) -> String {
        self.context.changes.lock().diff()
    }

    /// A unified diff per changed file.
    pub fn file_diffs(&self) -> Vec<FileDiff> {
        self.context.changes.lock().diffs()
    }

    /// What a running command prints, to be watched while the engine is busy.
    pub fn watch_command(&self) -> CommandWatch {
        CommandWatch::new(Arc::clone(&self.context))
    }

    /// The active confinement of commands.
    pub fn confinement(&self) -> Confinement {
        self.context.sandbox.confinement()
    }

    /// The project instructions at the root, as the model gets them.
    pub fn memory(&self) -> Option<ProjectInstructions> {
        project_instructions::root_memory(&self.context.jail)
    }

    /// The tools offered to a model.
    fn tools(&self, profile: &ModelProfile) -> Vec<ToolSpec> {
        let few =
            profile.weak || self.uses_text_calls(profile) || profile.window < ROOM_FOR_ALL_TOOLS;
        let by_model = if few { ToolSet::Core } else { ToolSet::All };
        let key = (profile.name.clone(), self.uses_text_calls(profile));
        let chosen = *self.chosen.lock().entry(key).or_insert(by_model);
        let set = self.options.tools.unwrap_or(chosen);
        let mut specs = self.toolbox.specs_in(set, self.context.edit_form());
        specs.retain(|spec| skills::has_room(profile) || spec.name != USE_SKILL);
        specs
    }

    /// From now on lines are shown, and tools offered, as a model needs them for its edits.
    fn choose_edit_form(&self, model: &dyn ChatModel) {
        let chosen = || {
            let mut forms = self.edit_forms.lock();
            let form = forms.entry(model.profile().name.clone());
            *form.or_insert_with(|| model.edit_form())
        };
        *self.context.edit_form.lock() = self.options.edit_form.unwrap_or_else(chosen);
    }

    /// Whether a model writes tool calls as text because it has no native ones.
    fn uses_text_calls(&self, profile: &ModelProfile) -> bool {
        !profile.tools || self.models_with_text_calls.lock().contains(&profile.name)
    }

    fn fresh_system(
        &self,
        profile: &ModelProfile,
        tools: &[ToolSpec],
        spoken: bool,
    ) -> (String, Option<ProjectInstructions>) {
        let root = self.context.jail.root();
        let name = root.file_name().unwrap_or(root.as_os_str());
        let memory = self.memory();
        let protocol = spoken.then_some(tools);
        let facts = self.facts(profile);
        let name = name.to_string_lossy();
        let form = self.context.edit_form();
        let skills = self.told_skills(tools);
        let facts = (&*facts, &*skills);
        let text = system_prompt((&name, facts), memory.as_ref(), form, protocol);
        let text = self.context.without_secret_values(text);
        (escape_hidden(&text).into_owned(), memory)
    }

    /// Looks for the facts of the workspace, unless they are known; on a thread that may block, since
    /// thousands of files may be looked at. There is no map if the model has no room for it: machines
    /// with such models have little memory for the graph.
    async fn find_facts(&self, profile: &ModelProfile) {
        if self.facts.lock().is_some() {
            return;
        }
        let context = Arc::clone(&self.context);
        let library = self.skills.clone();
        let finding = spawn_blocking(move || {
            let text = workspace_facts(&context.jail, &context.rules);
            (text, library.told(&context.jail))
        });
        // That can only fail by a panic; then there are none.
        let (text, skills) = finding.await.unwrap_or_default();
        let map = match has_room(profile) {
            true => map_facts(&self.context, &self.kept_map).await,
            false => String::new(),
        };
        self.facts
            .lock()
            .get_or_insert(WorkspaceFacts { text, map, skills });
    }

    /// Facts of the workspace as they were when they were first looked for.
    fn facts(&self, profile: &ModelProfile) -> String {
        let facts = self.facts.lock().clone().unwrap_or_default();
        facts.told(has_room(profile))
    }

    /// Sets the system message if there is none for this model or if `renew` is set.
    async fn set_system(
        &self,
        session: &mut Session,
        tools: &[ToolSpec],
        renew: bool,
        events: &EventSink,
    ) -> Result<(), TurnEnd> {
        let spoken = self.uses_text_calls(session.model.profile());
        let before = match session.messages.first() {
            Some(Message::System { text }) => Some(text.as_str()),
            _ => None,
        };
        let protocol = spoken.then_some(tools);
        let form = self.context.edit_form();
        let fits = |text: &str| prompt::fits(text, form, protocol) && skills::fits(text, tools);
        if !renew && before.is_some_and(fits) {
            return Ok(());
        }
        if before.is_none() {
            *self.facts.lock() = None;
        }
        self.find_facts(session.model.profile()).await;
        let (text, memory) = self.fresh_system(session.model.profile(), tools, spoken);
        if before == Some(text.as_str()) {
            return Ok(());
        }
        if let Some(notice) = memory.and_then(|memory| self.trust.announce(&memory)) {
            events.send(Event::Notice(notice)).await;
        }
        if let Some(notice) = self.skills_notice(tools) {
            events.send(Event::Notice(notice)).await;
        }
        let system = Message::System { text: text.clone() };
        match session.messages.first_mut() {
            Some(first @ Message::System { .. }) => *first = system,
            _ => session.messages.insert(0, system),
        }
        session
            .record(Record::System { text })
            .map_err(|error| not_written(&error))
    }

    /// Whether a notice is new.
    fn is_news(&self, text: &str) -> bool {
        self.told.lock().insert(text.to_owned())
    }
}
