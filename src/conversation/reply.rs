//! Results of commands: data for front ends to show, and a sentence where that is enough.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ollacode_indexer::{Events, IndexError, RefreshOptions, RefreshReport, SearchRequest};
use tokio_util::sync::CancellationToken;

use super::StopResult;
use super::messages::{confinement_words, count, counted, mode_words, risk_warning, sent_to};
use super::workspaces::OpenWorkspace;
use crate::engine::TokenReport;
use crate::engine::project_instructions::ProjectInstructions;
use crate::message::Source;
use crate::model::ModelProfile;
use crate::model::http::ServerError;
use crate::model::server::InstalledModel;
use crate::permission::{Confinement, Mode};
use crate::session::changes::{FileDiff, Undone};
use crate::session::{SessionId, SessionSummary};
use crate::visible::visible_name;

/// Shown where the folder is the home folder or above, and has no index.
pub const NOT_INDEXED: &str = "this folder is not a project, so it is not indexed; \
                               `ollacode index` indexes it anyway";

/// Shown below the list of workspaces.
pub const NAMED_WORKSPACES: &str = "/workspace NAME switches to another workspace; `[workspaces]` \
                                    in config.toml names them";

pub enum CommandReply {
    /// The workspace, for the greeting of a bot.
    Greeting(PathBuf),
    Help,
    Quit,
    /// A turn is running, so the command cannot run.
    Busy,
    /// The argument is missing: how the command is used.
    Usage(&'static str),
    /// There is no index, and the folder needs consent to be indexed.
    NotIndexed,
    Stopped(StopResult),
    /// A search for the front end to run.
    Search(SearchRequest),
    /// An index update for the front end to run.
    Index(IndexJob),
    Status(Box<ConversationStatus>),
    /// A list of models for the front end to request.
    Models(ModelsJob),
    ModelChosen(ModelProfile),
    /// Sessions of the workspace, last used first.
    Sessions {
        sessions: Vec<SessionSummary>,
        /// The current session.
        current: Option<SessionId>,
    },
    Workspaces {
        /// The current workspace.
        here: PathBuf,
        /// Those named in the settings.
        named: BTreeMap<String, PathBuf>,
    },
    /// Switched to another workspace, with a new session.
    Entered(PathBuf),
    NewSession {
        /// The previous session, if it has questions.
        before: Option<SessionId>,
    },
    /// Switched to another session: see [`super::Conversation::take_opened`].
    Resumed,
    /// The session is the present one.
    AlreadyOpen(SessionId),
    Mode(ModeChange),
    /// The modes to choose from; nothing was changed.
    Modes(ModeChoices),
    /// Sources of the last answer; `None` if the session was closed since.
    Sources(Option<Vec<Source>>),
    /// The thoughts of the last reply that has any.
    Thoughts(Option<String>),
    Diff(Vec<FileDiff>),
    /// Turns that were undone or redone, and what is to be said of that: why they are fewer than
    /// wanted, or that they are committed.
    Changed(ChangeKind, Vec<Undone>, Option<String>),
    Tokens(TokenReport),
    Memory(Option<ProjectInstructions>),
    /// Compaction is running; updates follow as in a turn.
    Compacting,
    /// A turn has started that the program leads; updates follow.
    Started,
    /// A text in Markdown, to be shown like an answer.
    Report(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    Undo,
    Redo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeChange {
    /// The mode of the next question.
    pub mode: Mode,
    /// The mode in which a plan would be carried out.
    pub work_mode: Mode,
    pub confinement: Confinement,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeChoices {
    pub modes: Vec<Mode>,
    /// The mode in which questions are answered, and plans carried out.
    pub current: Mode,
    pub confinement: Confinement,
}

#[derive(Clone, Debug)]
pub struct ConversationStatus {
    pub model: String,
    /// Facts about the model, while a session is open.
    pub profile: Option<ModelProfile>,
    /// Use of the context window, while a session is open.
    pub tokens: Option<TokenReport>,
    /// The mode of the next question.
    pub mode: Mode,
    pub confinement: Confinement,
    pub session: Option<SessionId>,
    /// Number of questions, while the session is open.
    pub turns: Option<u32>,
    /// Size and state of the index.
    pub index: String,
    pub folder: PathBuf,
    pub is_busy: bool,
    pub queued: usize,
}

/// An index update, to be run by the front end, which shows its progress.
pub struct IndexJob {
    workspace: Arc<OpenWorkspace>,
    pub stop: CancellationToken,
    /// Whether the user must confirm first: it is the home folder, or a folder above it.
    pub needs_leave: bool,
}

/// A list of models, to be requested without blocking the conversation.
pub struct ModelsJob {
    pub(super) workspace: Arc<OpenWorkspace>,
    pub current: String,
}

impl IndexJob {
    pub fn new(workspace: Arc<OpenWorkspace>, stop: CancellationToken) -> IndexJob {
        IndexJob {
            needs_leave: workspace.needs_leave_to_index(),
            workspace,
            stop,
        }
    }

    pub async fn run(self, events: Events<'_>) -> Result<RefreshReport, IndexError> {
        let _is_over = self.stop.clone().drop_guard();
        let how = RefreshOptions {
            stop: self.stop.clone(),
            ..RefreshOptions::default()
        };
        self.workspace.app.index.refresh(&how, events).await
    }
}

impl ModelsJob {
    pub async fn run(&self) -> Result<Vec<InstalledModel>, ServerError> {
        self.workspace.app.server().await?.chat_models().await
    }
}

/// Facts about a model: `up to 32,768 tokens, runs at gpu.example.org`.
pub fn model_facts(model: &InstalledModel) -> String {
    let mut facts = Vec::new();
    if !model.tools {
        facts.push("text tool calls only".to_owned());
    }
    if let Some(window) = model.window {
        facts.push(format!("up to {} tokens", count(u64::from(window))));
    }
    if let Some(host) = &model.remote {
        facts.push(format!("runs at {}", visible_name(host)));
    }
    facts.join(", ")
}

impl CommandReply {
    /// A warning to show with the reply.
    pub fn warning(&self) -> Option<String> {
        match self {
            CommandReply::ModelChosen(profile) => profile.remote.as_deref().map(sent_to),
            CommandReply::Mode(change) => risk_warning(change.mode, change.confinement),
            CommandReply::Status(status) => status.profile.as_ref()?.remote.as_deref().map(sent_to),
            _ => None,
        }
    }

    /// Whether an offered plan can still be carried out after this reply.
    pub fn keeps_plan(&self) -> bool {
        !self.begins_session()
            && !matches!(
                self,
                CommandReply::Mode(_) | CommandReply::Compacting | CommandReply::Started
            )
    }

    pub fn begins_session(&self) -> bool {
        matches!(
            self,
            CommandReply::NewSession { .. } | CommandReply::Entered(_) | CommandReply::Resumed
        )
    }

    /// The reply as a sentence, or as Markdown where that is what it is.
    pub fn words(&self) -> Option<String> {
        match self {
            CommandReply::Report(markdown) => Some(markdown.clone()),
            _ => self.sentence(),
        }
    }

    /// The reply as a sentence; `None` where there is more to show, or nothing.
    pub fn sentence(&self) -> Option<String> {
        Some(match self {
            CommandReply::Busy => {
                "a turn is running: wait until it ends, or stop it first".to_owned()
            }
            CommandReply::Usage(usage) => (*usage).to_owned(),
            CommandReply::NotIndexed => NOT_INDEXED.to_owned(),
            CommandReply::ModelChosen(profile) => format!(
                "switched to {}; context window: {} tokens",
                visible_name(&profile.name),
                count(u64::from(profile.window))
            ),
            CommandReply::Entered(root) => format!(
                "new session in {}; /resume continues an earlier one",
                visible_name(&root.display().to_string())
            ),
            CommandReply::NewSession { before: Some(id) } => {
                format!("new session; /resume {id} continues the previous one")
            }
            CommandReply::NewSession { before: None } => "new session".to_owned(),
            CommandReply::Mode(change) => change.words(),
            CommandReply::Modes(choices) => choices.words(),
            CommandReply::AlreadyOpen(id) => {
                format!("session {id} is the present one; nothing was changed")
            }
            CommandReply::Sources(None) => {
                "the sources are no longer known, because the session was closed".to_owned()
            }
            CommandReply::Sources(Some(sources)) if sources.is_empty() => {
                "the last answer is not based on any file".to_owned()
            }
            CommandReply::Thoughts(Some(thoughts)) => thoughts.clone(),
            CommandReply::Thoughts(None) => "no thoughts of the model are known".to_owned(),
            CommandReply::Diff(diffs) if diffs.is_empty() => {
                "this session has changed nothing".to_owned()
            }
            CommandReply::Changed(kind, turns, stopped) => {
                let turns = turns.iter().map(|turn| changed_words(*kind, turn));
                let stopped = stopped.iter().cloned();
                turns.chain(stopped).collect::<Vec<String>>().join("\n")
            }
            CommandReply::Memory(None) => {
                "no OLLACODE.md or AGENTS.md (project instructions)".to_owned()
            }
            CommandReply::Sessions { sessions, .. } if sessions.is_empty() => {
                "no sessions in this folder yet".to_owned()
            }
            _ => return None,
        })
    }
}

impl ModeChange {
    fn words(self) -> String {
        let meaning = |mode| mode_words(mode, self.confinement);
        let Mode::Plan = self.mode else {
            return format!("mode {}: {}", self.mode.name(), meaning(self.mode));
        };
        format!(
            "mode plan: {}; then {}: {}",
            meaning(Mode::Plan),
            self.work_mode.name(),
            meaning(self.work_mode)
        )
    }
}

impl ModeChoices {
    /// The modes with their meaning, one per line; the present one has a `*`.
    fn words(&self) -> String {
        let line = |mode: &Mode| {
            let sign = if *mode == self.current { "*" } else { " " };
            let meaning = mode_words(*mode, self.confinement);
            format!("{sign} {}: {meaning}", mode.name())
        };
        let lines = self.modes.iter().map(line);
        let help = "/approve MODE switches to another one".to_owned();
        lines.chain([help]).collect::<Vec<String>>().join("\n")
    }
}

impl ChangeKind {
    /// How its command is used.
    pub(super) fn usage(self) -> &'static str {
        match self {
            ChangeKind::Undo => "usage: /undo [N], where N is a number of turns: /undo 2",
            ChangeKind::Redo => "usage: /redo [N], where N is a number of turns: /redo 2",
        }
    }
}

/// The undone or redone files, one per line.
fn changed_words(kind: ChangeKind, undone: &Undone) -> String {
    let what = match kind {
        ChangeKind::Undo => "undone",
        ChangeKind::Redo => "redone",
    };
    let when = match undone.turn {
        0 => "before turn 1".to_owned(),
        turn => format!("turn {turn}"),
    };
    let mut lines = vec![format!("{what}, {when}:")];
    let mut list = |paths: &[String], note: &str| {
        let line = |path: &String| format!("  {}{note}", visible_name(path));
        lines.extend(paths.iter().map(line));
    };
    list(&undone.written, "");
    list(&undone.removed, " (removed)");
    list(
        &undone.in_part,
        ": only in part, because it was also changed outside ollacode in that turn",
    );
    list(
        &undone.not_kept,
        ": not changed, because its earlier content was not saved",
    );
    lines.join("\n")
}

impl ConversationStatus {
    /// Name and value of each row.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut model = self.model.clone();
        if let Some(profile) = &self.profile {
            model.push_str(match (profile.tools, profile.weak) {
                (false, _) => ", text tool calls only",
                (true, true) => ", core tools only",
                (true, false) => ", all tools",
            });
        }
        let mut rows = vec![("model", model)];
        if let Some(TokenReport { used, window, .. }) = self.tokens {
            let [used, window] = [used, window].map(|tokens| count(u64::from(tokens)));
            rows.push(("context", format!("{used} of {window} tokens")));
        }
        let mode = self.mode.name();
        let words = mode_words(self.mode, self.confinement);
        let confined = confinement_words(self.confinement);
        rows.push(("mode", format!("{mode}: {words}; {confined}")));
        rows.push((
            "session",
            match (&self.session, self.turns) {
                (None, _) => "new".to_owned(),
                (Some(id), None) => id.to_string(),
                (Some(id), Some(turns)) => format!("{id}, {}", counted(turns.into(), "question")),
            },
        ));
        rows.push(("index", self.index.clone()));
        rows.push(("folder", self.folder.display().to_string()));
        if self.is_busy {
            rows.push(("running", format!("a turn; {} queued", self.queued)));
        }
        for (_, value) in &mut rows {
            *value = visible_name(value);
        }
        rows
    }
}
