//! A session: messages and changes, kept in a journal from the first question on.
//!
//! [`Session`] is what the engine works on. Everything that happens is also recorded by
//! [`Session::record`]; replaying the records gives the same conversation, wherever the process was
//! killed. Secrets are redacted before they are written, so a resumed session has `[redacted: …]`
//! in their place.
//!
//! On disk: `<data>/sessions/<workspace>/<session>/journal.jsonl`, with the contents of changed
//! files beside it.

mod all;
pub mod audit;
pub mod changes;
mod drafted;
pub mod export;
pub mod history;
mod id;
mod journal;
mod list;
mod planned;
mod record;
mod replay;
mod stored;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use ollacode_secrets::redact;

use crate::jail::Jail;
use crate::message::{Message, Source, ToolCall};
use crate::model::ChatModel;
use crate::model::budget::{Calibration, part};
use crate::permission::Mode;
use crate::text::clip::clipped_to;
use crate::text::fenced;
use crate::visible::defang_chat_markers;

pub use all::{check_free, folder_of, folders, remove};
pub use drafted::DraftedDesign;
pub use id::SessionId;
pub(crate) use journal::create_private_folder;
pub use list::{
    FoundSession, SessionSummary, find, find_among, find_sessions, latest, list_number, sessions,
    summary, title,
};
pub use planned::{ChangedFile, OpenTask, StepState, TaskStep, plan_markdown};
pub use record::{Record, VERSION};
pub use replay::{
    CHECK_ID_PREFIX, HOOK_ID_PREFIX, HOOK_TOOL, INTERRUPTED, JOB_ID_PREFIX, NOT_STARTED,
    USER_COMMAND_ID_PREFIX,
};
pub use stored::{CallRecord, DecisionRecord, MessageRecord, ModeRecord, OutcomeRecord};

use changes::Changes;
use journal::{Journal, failed, in_utc};
use replay::{NO_ANSWER, replay};

/// Percent of the window for what a slash command reported, in the next question.
const JOB_REPORT_PERCENT: u32 = 10;

/// A conversation about one workspace.
pub struct Session {
    pub id: SessionId,
    /// The model that answers.
    pub model: Arc<dyn ChatModel>,
    /// The messages; the system message is first, once the engine has made it.
    pub messages: Vec<Message>,
    /// The approval mode.
    pub mode: Mode,
    /// Sources of the last answer.
    pub sources: Vec<Source>,
    /// The ratio of the model's tokens to our estimate.
    pub calibration: Calibration,
    /// What the user allowed until the session ends; never stored.
    pub granted: BTreeSet<String>,
    /// Questions that the user asked so far; the first is turn 1.
    pub turn: u32,
    /// Remarks for the model, sent with the next question.
    pub remarks: Vec<String>,
    /// The task in steps that is not over; [`Session::record`] keeps it.
    pub task: Option<OpenTask>,
    /// The design that was drafted last; [`Session::record`] keeps it.
    pub draft: Option<DraftedDesign>,
    folder: PathBuf,
    workspace: PathBuf,
    journal: Journal,
    /// What was changed, undone and redone.
    changed: Vec<Record>,
    /// Ids of calls about files of secrets.
    secret_calls: BTreeSet<String>,
    /// For the values of secret files, which are not recorded; `None` if the workspace is gone.
    jail: Option<Jail>,
}

/// Details of a resumed session.
#[derive(Clone, Debug, PartialEq)]
pub struct Resumed {
    /// Questions that the user asked.
    pub turns: u32,
    /// Calls that were running when the session was interrupted. They are not repeated; the model
    /// is told that it is unknown whether they ran. Show them.
    pub interrupted_calls: Vec<ToolCall>,
    /// Name of the model that answered last.
    pub model: String,
    /// Lines of the journal that could not be read and were skipped: damage worth a warning.
    pub unreadable: usize,
}

impl Session {
    /// Starts a session. Its files are made with the first question.
    ///
    /// `folder` holds the sessions of the workspace; an error says that it cannot be made.
    pub fn create(
        folder: &Path,
        workspace: &Path,
        model: Arc<dyn ChatModel>,
    ) -> Result<Session, SessionError> {
        Session::create_as(folder, workspace, model, SessionId::fresh())
    }

    /// The same under an id that was given away before.
    pub fn create_as(
        folder: &Path,
        workspace: &Path,
        model: Arc<dyn ChatModel>,
        id: SessionId,
    ) -> Result<Session, SessionError> {
        create_private_folder(folder).map_err(|error| failed("create", folder, error))?;
        let now = Timestamp::now();
        let started = Record::Started {
            version: VERSION,
            workspace: workspace.to_string_lossy().into_owned(),
            model: model.profile().name.clone(),
            at: in_utc(now),
        };
        let calibration = Calibration::starting(model.tokens_per_estimate());
        let mut session = Session {
            journal: Journal::new(folder, &id),
            id,
            model,
            messages: Vec::new(),
            mode: Mode::default(),
            sources: Vec::new(),
            calibration,
            granted: BTreeSet::new(),
            turn: 0,
            remarks: Vec::new(),
            task: None,
            draft: None,
            folder: folder.to_owned(),
            workspace: workspace.to_owned(),
            changed: Vec::new(),
            secret_calls: BTreeSet::new(),
            jail: Jail::open(workspace).ok(),
        };
        session.record(started)?;
        Ok(session)
    }

    /// Resumes a session.
    ///
    /// Plan mode is kept. Every mode that asks less than `ask`, and everything allowed for the
    /// session, must be granted again by the current user. Fails if another process has the session
    /// open.
    pub fn resume(
        folder: &Path,
        id: &SessionId,
        model: Arc<dyn ChatModel>,
    ) -> Result<(Session, Resumed), SessionError> {
        let (journal, contents) = Journal::open(folder, id)?;
        let replayed = replay(&contents.records);
        let mut draft = None;
        for record in &contents.records {
            DraftedDesign::follow(&mut draft, record);
        }
        let resumed = Resumed {
            turns: replayed.turns,
            interrupted_calls: replayed.interrupted_calls,
            model: replayed.model,
            unreadable: contents.unreadable,
        };
        let calibration = Calibration::starting(model.tokens_per_estimate());
        let mut session = Session {
            id: id.clone(),
            model,
            messages: replayed.messages,
            mode: match replayed.mode {
                Mode::Plan => Mode::Plan,
                Mode::Ask | Mode::AutoEdit | Mode::AutoApprove => Mode::Ask,
            },
            sources: Vec::new(),
            calibration,
            granted: BTreeSet::new(),
            turn: replayed.turns.max(replayed.last_change),
            jail: Jail::open(Path::new(&replayed.workspace)).ok(),
            remarks: Vec::new(),
            task: replayed.task,
            draft,
            folder: folder.to_owned(),
            workspace: replayed.workspace.into(),
            journal,
            changed: contents
                .records
                .into_iter()
                .filter(Record::is_about_changes)
                .collect(),
            secret_calls: BTreeSet::new(),
        };
        session.recover_changes()?;
        for action in &replayed.undone {
            session.note_undone(action.verb, action.turn, &action.files);
        }
        for path in &replayed.reverted {
            session.note_reverted(path);
        }
        for (command, printed) in &replayed.user_commands {
            session.note_user_command(command, printed);
        }
        for (shown, report) in &replayed.jobs {
            session.note_job(shown, report);
        }
        if replayed.is_unanswered {
            session.remarks.push(NO_ANSWER.to_owned());
        }
        if session.mode != replayed.mode {
            session.record(Record::mode(session.mode))?;
        }
        let name = session.model.profile().name.clone();
        // Without a model the session keeps the one that it had.
        if name != resumed.model && !name.is_empty() {
            session.record(Record::Model { name })?;
        }
        Ok((session, resumed))
    }

    /// Records what happened.
    ///
    /// Each record is one write, without secrets; see [`Record`]. [`Session::messages`] is the
    /// caller's: whatever is added there must be recorded too.
    pub fn record(&mut self, record: Record) -> Result<(), SessionError> {
        self.record_all(vec![record])
    }

    /// Records several things that happened at once.
    pub fn record_all(&mut self, records: Vec<Record>) -> Result<(), SessionError> {
        let is_plain = |record: &Record| {
            matches!(
                record,
                Record::Started { .. } | Record::Mode { .. } | Record::Model { .. }
            )
        };
        let jail = self.jail.as_ref();
        let values = jail
            .filter(|_| !records.iter().all(is_plain))
            .map(|jail| jail.secret_values());
        let secret_calls = &mut self.secret_calls;
        let records: Vec<Record> = records
            .into_iter()
            .map(|record| {
                let record = record.without_secret_files(secret_calls).redacted();
                match &values {
                    Some(values) if !is_plain(&record) => record.without_values(values),
                    _ => record,
                }
            })
            .collect();
        self.journal.append(&records)?;
        for record in &records {
            OpenTask::follow(&mut self.task, record, &self.messages);
            DraftedDesign::follow(&mut self.draft, record);
        }
        let changes = records.into_iter().filter(Record::is_about_changes);
        self.changed.extend(changes);
        Ok(())
    }

    /// Tells the model with the next question that the user undid or redid changes of a turn.
    pub fn note_undone(&mut self, what: &str, turn: u32, paths: &[String]) {
        let paths = paths.join("`, `");
        let changes = match turn {
            0 => "what their own command had changed before your first turn, in".to_owned(),
            turn => format!("your changes of turn {turn} to"),
        };
        self.remarks.push(format!(
            "The user {what} {changes} `{paths}`: read these files again before you edit them."
        ));
    }

    /// Tells the model with the next question that the user put a file back.
    pub fn note_reverted(&mut self, path: &str) {
        self.remarks.push(format!(
            "The user put `{path}` back as it was before you changed it: read it again before you \
             edit it."
        ));
    }

    /// Tells the model with the next question what a command of the user printed.
    pub fn note_user_command(&mut self, command: &str, printed: &str) {
        let text = format!("$ {}\n{}", redact(command).text, printed.trim_end());
        let shown = fenced(&defang_chat_markers(&text), "");
        self.remarks
            .push(format!("## The user ran a command\n\n{shown}"));
    }

    /// Tells the model with the next question what a slash command reported, such as the findings of
    /// `/review`: the user may ask about them. Of several of one name the last counts; a task in steps
    /// tells of its steps itself.
    pub fn note_job(&mut self, shown: &str, report: &str) {
        let name = shown.split_whitespace().next().unwrap_or_default();
        if name == "/task" {
            return;
        }
        let most = part(self.model.profile().window, JOB_REPORT_PERCENT);
        let text = format!("{shown}\n\n{}", report.trim_end());
        let text = redact(&text).text;
        let text = fenced(&defang_chat_markers(&clipped_to(&text, most)), "");
        let heading = format!("## The user ran `{name}`, and ollacode reported");
        self.remarks.retain(|remark| !remark.starts_with(&heading));
        self.remarks.push(format!("{heading}\n\n{text}"));
    }

    /// Removes the last question, which has no reply, with the notes of the engine after it;
    /// returns whether there was one.
    pub fn forget_question(&mut self) -> bool {
        let said = |message: &Message| !matches!(message, Message::User { .. });
        let kept = self.messages.iter().rposition(said).map_or(0, |at| at + 1);
        let messages = self.messages.len() - kept;
        self.messages.truncate(kept);
        messages > 0 && self.record(Record::Forgotten { messages }).is_ok()
    }

    /// Keeps the result of a call out of the journal, because it is about a secret file.
    pub fn exclude_from_journal(&mut self, call_id: &str) {
        self.secret_calls.insert(call_id.to_owned());
    }

    /// Whether the result of a call stays out of the journal.
    pub fn is_excluded_from_journal(&self, call_id: &str) -> bool {
        self.secret_calls.contains(call_id)
    }

    /// Changes the mode.
    pub fn set_mode(&mut self, mode: Mode) -> Result<(), SessionError> {
        if self.mode == mode {
            return Ok(());
        }
        self.mode = mode;
        self.record(Record::mode(mode))
    }

    /// Changes the model.
    pub fn set_model(&mut self, model: Arc<dyn ChatModel>) -> Result<(), SessionError> {
        let name = model.profile().name.clone();
        self.model = model;
        self.calibration = Calibration::starting(self.model.tokens_per_estimate());
        self.record(Record::Model { name })
    }

    /// Records the end of the session and the reason: `quit`, `interrupted`.
    pub fn end(&mut self, reason: &str) -> Result<(), SessionError> {
        self.record(Record::Ended {
            reason: reason.to_owned(),
        })
    }

    /// The folder of this session's own files; it may not exist yet.
    pub fn folder(&self) -> PathBuf {
        self.folder.join(self.id.as_str())
    }

    /// The changes of this session so far, for undo.
    pub fn changes(&self) -> Changes {
        Changes::load(self.folder(), &self.changed)
    }

    /// The commits that have changes of a turn: those made since that have one of its files.
    pub fn commits_of(&self, turn: u32) -> Vec<&str> {
        let files: BTreeSet<&str> = self
            .changed
            .iter()
            .filter_map(|record| match record {
                Record::Changed(change) if change.turn == turn => Some(change.path.as_str()),
                _ => None,
            })
            .collect();
        let commits = self.changed.iter().filter_map(|record| match record {
            Record::Committed {
                turn: at,
                hash,
                files: committed,
            } if *at >= turn => {
                let has = committed.iter().any(|path| files.contains(path.as_str()));
                has.then_some(hash.as_str())
            }
            _ => None,
        });
        commits.collect()
    }

    /// Records changes made just before the session was killed.
    fn recover_changes(&mut self) -> Result<(), SessionError> {
        let mut changes = self.changes();
        // Where the folder is gone, there is nothing to undo either.
        if let Some(jail) = &self.jail {
            changes.recover(jail);
        }
        let made = changes.take_records().into_iter();
        self.record_all(made.map(Record::Changed).collect())?;
        changes.settle();
        Ok(())
    }

    pub fn workspace(&self) -> &Path {
        &self.workspace
    }
}

/// Why a session cannot be opened or recorded.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// No session has that id.
    #[error("this folder has no session `{0}`; `ollacode sessions` lists its sessions")]
    NotFound(String),
    /// Several sessions match.
    #[error("`{given}` matches several sessions: {}", names(.found))]
    Ambiguous {
        given: String,
        /// Those that match, the newest first.
        found: Vec<SessionId>,
    },
    /// Another process has it open.
    #[error("session {0} is open in another ollacode process; close it there first")]
    InUse(SessionId),
    /// A later version of the program wrote it.
    #[error(
        "session {id} was written by a newer ollacode (its journal has version {version}); update ollacode to open it"
    )]
    Newer {
        id: SessionId,
        /// Version of its journal.
        version: u32,
    },
    /// An error of the file system.
    #[error("cannot {what} {path}")]
    Io {
        what: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

fn names(found: &[SessionId]) -> String {
    let found: Vec<&str> = found.iter().map(SessionId::as_str).collect();
    found.join(", ")
}
