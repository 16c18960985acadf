//! Rebuilds a conversation from records.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::record::Record;
use super::stored::{CallRecord, MessageRecord};
use crate::message::{Message, ToolCall};
use crate::permission::Mode;

/// Result of a call that was running when the session was interrupted.
pub const BROKEN_OFF: &str = "interrupted; it is not known whether it ran";

/// Result of a call that had not started.
pub const NOT_BEGUN: &str = "not run: the session was interrupted before";

/// Remark for the next question if the last turn was interrupted before its answer.
pub(super) const NO_ANSWER: &str =
    "The last request was not completed: the session was interrupted.";

/// Beginning of the id of a command that the user ran; no model has asked for it.
pub const USER_COMMAND: &str = "user_command_";

/// The state of a session after its records.
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
    pub unfinished: Vec<ToolCall>,
    /// The last turn in which a file was changed.
    pub last_change: u32,
    /// Whether there is no answer to the last question.
    pub in_turn: bool,
    /// What the user undid or redid after the last question, unknown to the model: verb, turn,
    /// files.
    pub undone: Vec<(&'static str, u32, Vec<String>)>,
    /// Commands that the user ran after the last question, unknown to the model, with what they
    /// printed.
    pub user_commands: Vec<(String, String)>,
    /// The command of the user that is running.
    user_command: Option<CallRecord>,
    /// Files by the turn that changed them.
    changed: BTreeMap<u32, BTreeSet<String>>,
    /// Calls of the last message that have no result yet.
    open: Vec<OpenCall>,
}

#[derive(Debug)]
struct OpenCall {
    call: ToolCall,
    begun: bool,
}

/// Replays the records of a session.
///
/// A call without a result gets one that says so, the same each time: the journal is not changed,
/// so another interruption changes nothing.
pub(super) fn replay(records: &[Record]) -> Replayed {
    let mut replayed = Replayed::default();
    for record in records {
        replayed.take(record);
    }
    let begun = replayed.open.iter().filter(|open| open.begun);
    replayed.unfinished = begun.map(|open| open.call.clone()).collect();
    replayed.close();
    replayed
}

impl Replayed {
    fn take(&mut self, record: &Record) {
        match record {
            Record::Started {
                workspace, model, ..
            } => {
                self.workspace.clone_from(workspace);
                self.model.clone_from(model);
            }
            Record::Model { name } => self.model.clone_from(name),
            Record::System { text } => self.set_system(Message::System { text: text.clone() }),
            Record::User { text, shown } => {
                self.close();
                self.undone.clear();
                self.user_commands.clear();
                self.in_turn = true;
                self.turns += u32::from(!shown.is_empty());
                if !shown.is_empty() {
                    // As the engine does when a turn begins.
                    self.messages.iter_mut().for_each(Message::shorten_hits);
                }
                self.messages.push(Message::user(text.clone()));
            }
            Record::Assistant {
                text,
                thinking,
                calls,
            } => self.take_reply(text, thinking, calls),
            Record::AboutToRun { call } => {
                let open = self.open.iter_mut().find(|open| open.call.id == call.id);
                if let Some(open) = open {
                    open.begun = true;
                } else if call.id.starts_with(USER_COMMAND) {
                    self.user_command = Some(call.clone());
                }
            }
            Record::Ran {
                call_id,
                tool,
                text,
                ..
            } => {
                // Without its call, whose line may be damaged, no template takes a result.
                let Some(at) = self.open.iter().position(|open| open.call.id == *call_id) else {
                    self.take_user_command(call_id, text);
                    return;
                };
                self.open.remove(at);
                self.messages.push(Message::Tool {
                    call_id: call_id.clone(),
                    tool: tool.clone(),
                    text: text.clone(),
                });
            }
            Record::Forgotten { messages } => {
                let kept = self.messages.len().saturating_sub(*messages);
                self.messages.truncate(kept);
                self.in_turn = false;
            }
            Record::Compacted { messages } => self.compact(messages),
            Record::Mode { mode } => self.mode = (*mode).into(),
            Record::Changed(change) => {
                self.last_change = self.last_change.max(change.turn);
                let files = self.changed.entry(change.turn).or_default();
                files.insert(change.path.clone());
            }
            Record::Undid { turn } => self.take_undone("undid", *turn),
            Record::Redid { turn } => self.take_undone("redid", *turn),
            Record::Asked { .. } | Record::Decided { .. } | Record::Ended { .. } => {}
        }
    }

    fn take_user_command(&mut self, id: &str, printed: &str) {
        if let Some(call) = self.user_command.take().filter(|call| call.id == id) {
            let command = call.arguments.get("command").and_then(Value::as_str);
            let command = command.unwrap_or_default().to_owned();
            self.user_commands.push((command, printed.to_owned()));
        }
    }

    fn take_undone(&mut self, what: &'static str, turn: u32) {
        let files = self.changed.get(&turn).cloned().unwrap_or_default();
        self.undone.push((what, turn, files.into_iter().collect()));
    }

    fn take_reply(&mut self, text: &str, thinking: &str, calls: &[CallRecord]) {
        self.close();
        self.in_turn = !calls.is_empty();
        let calls: Vec<ToolCall> = calls.iter().map(ToolCall::from).collect();
        let waiting = calls.iter().cloned();
        self.open = waiting
            .map(|call| OpenCall { call, begun: false })
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
        self.open.clear();
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
    fn close(&mut self) {
        for OpenCall { call, begun } in self.open.drain(..) {
            let text = if begun { BROKEN_OFF } else { NOT_BEGUN };
            self.messages.push(Message::Tool {
                call_id: call.id,
                tool: call.name,
                text: text.to_owned(),
            });
        }
    }
}
