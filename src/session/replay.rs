//! Rebuilds a conversation from records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::planned::OpenTask;
use super::record::Record;
use super::stored::{CallRecord, MessageRecord};
use crate::message::{Message, ToolCall};
use crate::permission::Mode;

/// Result of a call that was running when the session was interrupted.
pub const INTERRUPTED: &str = "interrupted; it is not known whether it ran";

/// Result of a call that had not started.
pub const NOT_STARTED: &str = "not run: the session was interrupted before";

/// Remark for the next question if the last turn was interrupted before its answer.
pub(super) const NO_ANSWER: &str =
    "The last request was not completed: the session was interrupted.";

/// Beginning of the id of a command that the user ran; no model has asked for it.
pub const USER_COMMAND_ID_PREFIX: &str = "user_command_";

/// Beginning of the id of a call that the program made for a job; no model has asked for it.
pub const JOB_ID_PREFIX: &str = "job_";

/// Beginning of the id of a command that the program ran as a check; no model has asked for it.
pub const CHECK_ID_PREFIX: &str = "check_";

/// Beginning of the id of a hook that ran; no model has asked for it.
pub const HOOK_ID_PREFIX: &str = "hook_";

/// What stands in the place of the tool where a hook ran.
pub const HOOK_TOOL: &str = "hook";

/// The state of a session, rebuilt from its records.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// The conversation; each call has a result.
    pub messages: Vec<Message>,
    /// Questions that the user asked.
    pub turns: u32,
    /// The workspace.
    pub workspace: String,
    /// Name of the model that answered last.
    pub model: String,
    /// The mode that was in force last.
    pub mode: Mode,
    /// Calls that had started and have no recorded end: the session was interrupted.
    pub interrupted_calls: Vec<ToolCall>,
    /// The last turn in which a file was changed.
    pub last_change: u32,
    /// Whether there is no answer to the last question.
    pub is_unanswered: bool,
    /// What the user undid or redid after the last question, unknown to the model.
    pub undone: Vec<UndoAction>,
    /// Files that the user put back after the last question, unknown to the model.
    pub reverted: Vec<String>,
    /// Commands that the user ran after the last question, unknown to the model, with what they
    /// printed.
    pub user_commands: Vec<(String, String)>,
    /// Slash commands that the user ran after the last question, with what they reported, unknown to
    /// the model.
    pub jobs: Vec<(String, String)>,
    /// The task in steps that is not over.
    pub task: Option<OpenTask>,
    /// What of these the last question told the model; it counts again if that question is removed.
    told: ToldRemarks,
    /// The slash command whose report follows.
    job: Option<String>,
    /// The command of the user that is running.
    user_command: Option<CallRecord>,
    /// Files by the turn that changed them.
    changed: BTreeMap<u32, BTreeSet<String>>,
    /// Calls of the last message that have no result yet.
    pending_calls: Vec<PendingCall>,
}

/// What a question told the model of the user's own actions.
#[derive(Debug, Default)]
struct ToldRemarks {
    undone: Vec<UndoAction>,
    reverted: Vec<String>,
    user_commands: Vec<(String, String)>,
    jobs: Vec<(String, String)>,
}

/// An undo or a redo of the user.
#[derive(Debug)]
pub(super) struct UndoAction {
    /// `undid` or `redid`.
    pub verb: &'static str,
    /// The turn whose changes it was about.
    pub turn: u32,
    pub files: Vec<String>,
}

#[derive(Debug)]
struct PendingCall {
    call: ToolCall,
    has_started: bool,
}

/// Replays the records of a session.
///
/// A call without a result gets a placeholder result. It is not written to the journal: every
/// replay adds the same one.
pub(super) fn replay(records: &[Record]) -> Replayed {
    let mut replayed = Replayed::default();
    for record in records {
        replayed.apply(record);
    }
    let pending = replayed.pending_calls.iter();
    let started = pending.filter(|pending| pending.has_started);
    replayed.interrupted_calls = started.map(|pending| pending.call.clone()).collect();
    replayed.answer_pending_calls();
    replayed
}

impl Replayed {
    fn apply(&mut self, record: &Record) {
        OpenTask::follow(&mut self.task, record, &self.messages);
        match record {
            Record::Started {
                workspace, model, ..
            } => {
                self.workspace.clone_from(workspace);
                self.model.clone_from(model);
            }
            Record::Model { name } => self.model.clone_from(name),
            Record::System { text } => self.set_system(Message::System { text: text.clone() }),
            Record::User { text, shown } => self.apply_message(text, !shown.is_empty()),
            Record::Job { shown } => {
                self.answer_pending_calls();
                self.turns += 1;
                self.job = Some(shown.clone());
            }
            Record::JobReport { text } => {
                let job = self.job.take();
                self.jobs.extend(job.map(|shown| (shown, text.clone())));
            }
            Record::Assistant {
                text,
                thinking,
                calls,
            } => self.apply_reply(text, thinking, calls),
            Record::AboutToRun { call } => {
                let mut pending = self.pending_calls.iter_mut();
                if let Some(pending) = pending.find(|pending| pending.call.id == call.id) {
                    pending.has_started = true;
                } else if call.id.starts_with(USER_COMMAND_ID_PREFIX) {
                    self.user_command = Some(call.clone());
                }
            }
            Record::Ran {
                call_id,
                tool,
                text,
                ..
            } => self.apply_result(call_id, tool, text),
            Record::Forgotten { messages } => self.forget(*messages),
            Record::Compacted { messages } => self.compact(messages),
            Record::Mode { mode } => self.mode = (*mode).into(),
            Record::Changed(change) => {
                if change.is_revert {
                    self.reverted.push(change.path.clone());
                }
                self.last_change = self.last_change.max(change.turn);
                let files = self.changed.entry(change.turn).or_default();
                files.insert(change.path.clone());
            }
            Record::Undid { turn } => self.apply_undone("undid", *turn),
            Record::Redid { turn } => self.apply_undone("redid", *turn),
            Record::Committed { .. }
            | Record::Planned { .. }
            | Record::StepBegan { .. }
            | Record::StepEnded { .. }
            | Record::TaskLeft
            | Record::TaskEnded { .. }
            | Record::Asked { .. }
            | Record::Decided { .. }
            | Record::Ended { .. } => {}
        }
    }

    /// A message in the user role; one of the user begins a turn.
    fn apply_message(&mut self, text: &str, is_question: bool) {
        self.answer_pending_calls();
        self.is_unanswered = true;
        if is_question {
            self.told = ToldRemarks {
                undone: std::mem::take(&mut self.undone),
                reverted: std::mem::take(&mut self.reverted),
                user_commands: std::mem::take(&mut self.user_commands),
                jobs: std::mem::take(&mut self.jobs),
            };
            self.turns += 1;
            // As the engine does when a turn begins.
            self.messages.iter_mut().for_each(Message::shorten_hits);
        }
        self.messages.push(Message::user(text));
    }

    fn apply_result(&mut self, id: &str, tool: &str, text: &str) {
        // Chat templates reject a result without its call, so a result is dropped if its call is
        // missing, for example because its journal line is damaged.
        let mut pending = self.pending_calls.iter();
        let Some(at) = pending.position(|pending| pending.call.id == id) else {
            self.apply_user_command(id, text);
            return;
        };
        self.pending_calls.remove(at);
        self.messages.push(Message::Tool {
            call_id: id.to_owned(),
            tool: tool.to_owned(),
            text: text.to_owned(),
        });
    }

    fn apply_user_command(&mut self, id: &str, printed: &str) {
        if let Some(call) = self.user_command.take().filter(|call| call.id == id) {
            let command = call.arguments.get("command").and_then(Value::as_str);
            let command = command.unwrap_or_default().to_owned();
            self.user_commands.push((command, printed.to_owned()));
        }
    }

    /// Removes messages from the end. What their question told the model is unknown to it again.
    fn forget(&mut self, messages: usize) {
        let kept = self.messages.len().saturating_sub(messages);
        self.messages.truncate(kept);
        self.is_unanswered = false;
        let mut told = std::mem::take(&mut self.told);
        told.undone.append(&mut self.undone);
        told.reverted.append(&mut self.reverted);
        told.user_commands.append(&mut self.user_commands);
        self.undone = told.undone;
        self.reverted = told.reverted;
        self.user_commands = told.user_commands;
        told.jobs.append(&mut self.jobs);
        self.jobs = told.jobs;
    }

    fn apply_undone(&mut self, verb: &'static str, turn: u32) {
        let files = self.changed.get(&turn).cloned().unwrap_or_default();
        self.undone.push(UndoAction {
            verb,
            turn,
            files: files.into_iter().collect(),
        });
    }

    fn apply_reply(&mut self, text: &str, thinking: &str, calls: &[CallRecord]) {
        self.answer_pending_calls();
        self.told = ToldRemarks::default();
        self.is_unanswered = !calls.is_empty();
        let calls: Vec<ToolCall> = calls.iter().map(ToolCall::from).collect();
        self.pending_calls = calls
            .iter()
            .map(|call| PendingCall {
                call: call.clone(),
                has_started: false,
            })
            .collect();
        self.messages.push(Message::Assistant {
            text: text.to_owned(),
            thinking: thinking.to_owned(),
            calls,
        });
    }

    fn compact(&mut self, messages: &[MessageRecord]) {
        let system = self
            .messages
            .first()
            .filter(|first| matches!(first, Message::System { .. }))
            .cloned();
        self.pending_calls.clear();
        self.messages = messages.iter().map(Message::from).collect();
        if let Some(system) = system
            && !matches!(self.messages.first(), Some(Message::System { .. }))
        {
            self.messages.insert(0, system);
        }
    }

    fn set_system(&mut self, message: Message) {
        match self.messages.first_mut() {
            Some(first @ Message::System { .. }) => *first = message,
            _ => self.messages.insert(0, message),
        }
    }

    /// Adds results to calls without one.
    fn answer_pending_calls(&mut self) {
        for PendingCall { call, has_started } in self.pending_calls.drain(..) {
            let text = if has_started {
                INTERRUPTED
            } else {
                NOT_STARTED
            };
            self.messages.push(Message::Tool {
                call_id: call.id,
                tool: call.name,
                text: text.to_owned(),
            });
        }
    }
}
