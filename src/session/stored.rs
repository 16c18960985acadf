//! The stored forms of messages, calls and decisions; inner types are not stored.

use std::borrow::Cow;
use std::collections::BTreeSet;

use ollacode_secrets::{redact, secret_path};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::message::ToolOutcome;
use crate::message::{Message, ToolCall};
use crate::permission::{Decision, Mode};

/// A [`ToolCall`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Ties the result to the call.
    pub id: String,
    pub name: String,
    /// By parameter.
    pub arguments: Map<String, Value>,
}

/// Replaces the content of a secret file in the journal.
pub(super) const SECRET_FILE: &str = "[redacted: secret file]";

impl CallRecord {
    /// Removes everything from a call except the path of the secret file, and records its id.
    pub(super) fn hide_secret_file(&mut self, calls: &mut BTreeSet<String>) {
        let is_path = |value: &Value| {
            let path = value.as_str().filter(|path| !path.contains('\n'));
            path.is_some_and(|path| secret_path(path).is_some())
        };
        if !self.arguments.values().any(is_path) && !calls.contains(&self.id) {
            return;
        }
        calls.insert(self.id.clone());
        for value in self.arguments.values_mut() {
            if !is_path(value) && value.is_string() {
                *value = Value::from(SECRET_FILE);
            }
        }
    }

    pub(super) fn change(&mut self, change: &impl Fn(&mut String)) {
        let values = self.arguments.values_mut();
        values.for_each(|value| change_value(value, change));
    }
}

impl From<&ToolCall> for CallRecord {
    fn from(call: &ToolCall) -> CallRecord {
        CallRecord {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        }
    }
}

impl From<&CallRecord> for ToolCall {
    fn from(call: &CallRecord) -> ToolCall {
        ToolCall {
            id: call.id.clone(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
        }
    }
}

/// A [`Message`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum MessageRecord {
    /// The system message.
    System { text: String },
    /// A message of the user, or of the engine in the user role.
    User { text: String },
    /// A reply of the model.
    Assistant {
        text: String,
        /// Its thoughts.
        thinking: String,
        /// Its tool calls.
        calls: Vec<CallRecord>,
    },
    /// A tool result.
    Tool {
        /// Id of the call.
        call_id: String,
        tool: String,
        text: String,
    },
}

impl MessageRecord {
    pub(super) fn hide_secret_file(&mut self, secret: &mut BTreeSet<String>) {
        match self {
            MessageRecord::Assistant { calls, .. } => {
                calls
                    .iter_mut()
                    .for_each(|call| call.hide_secret_file(secret));
            }
            MessageRecord::Tool { call_id, text, .. } if secret.contains(call_id) => {
                SECRET_FILE.clone_into(text);
            }
            _ => {}
        }
    }

    pub(super) fn change(&mut self, change: &impl Fn(&mut String)) {
        match self {
            MessageRecord::System { text }
            | MessageRecord::User { text }
            | MessageRecord::Tool { text, .. } => change(text),
            MessageRecord::Assistant {
                text,
                thinking,
                calls,
            } => {
                change(text);
                change(thinking);
                calls.iter_mut().for_each(|call| call.change(change));
            }
        }
    }
}

impl From<&Message> for MessageRecord {
    fn from(message: &Message) -> MessageRecord {
        match message.clone() {
            Message::System { text } => MessageRecord::System { text },
            // Pictures stay out of the journal: its text says that there were some.
            Message::User { text, .. } => MessageRecord::User { text },
            Message::Assistant {
                text,
                thinking,
                calls,
            } => MessageRecord::Assistant {
                text,
                thinking,
                calls: calls.iter().map(CallRecord::from).collect(),
            },
            Message::Tool {
                call_id,
                tool,
                text,
            } => MessageRecord::Tool {
                call_id,
                tool,
                text,
            },
        }
    }
}

impl From<&MessageRecord> for Message {
    fn from(message: &MessageRecord) -> Message {
        match message.clone() {
            MessageRecord::System { text } => Message::System { text },
            MessageRecord::User { text } => Message::user(text),
            MessageRecord::Assistant {
                text,
                thinking,
                calls,
            } => Message::Assistant {
                text,
                thinking,
                calls: calls.iter().map(ToolCall::from).collect(),
            },
            MessageRecord::Tool {
                call_id,
                tool,
                text,
            } => Message::Tool {
                call_id,
                tool,
                text,
            },
        }
    }
}

/// A [`ToolOutcome`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeRecord {
    /// It succeeded.
    Done,
    Failed,
    /// The user or a rule denied it.
    Denied,
}

impl From<ToolOutcome> for OutcomeRecord {
    fn from(outcome: ToolOutcome) -> OutcomeRecord {
        match outcome {
            ToolOutcome::Done => OutcomeRecord::Done,
            ToolOutcome::Failed => OutcomeRecord::Failed,
            ToolOutcome::Denied => OutcomeRecord::Denied,
        }
    }
}

/// A [`Decision`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum DecisionRecord {
    Once,
    /// Until the session ends.
    Session,
    Deny {
        /// Why, if the user said so.
        reason: Option<String>,
    },
    /// Only parts of a change.
    Parts {
        /// Their numbers, from 0.
        taken: Vec<usize>,
    },
    /// The user changed the command.
    Edit {
        /// As it is now.
        command: String,
    },
}

impl From<&Decision> for DecisionRecord {
    fn from(decision: &Decision) -> DecisionRecord {
        match decision {
            Decision::Once => DecisionRecord::Once,
            Decision::Session => DecisionRecord::Session,
            Decision::Deny(reason) => DecisionRecord::Deny {
                reason: reason.clone(),
            },
            Decision::Parts(taken) => DecisionRecord::Parts {
                taken: taken.clone(),
            },
            Decision::ReplaceCommand(command) => DecisionRecord::Edit {
                command: command.clone(),
            },
        }
    }
}

/// A [`Mode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModeRecord {
    /// Everything that writes or runs needs approval.
    Ask,
    /// Edits of files need no approval.
    AutoEdit,
    /// Everything runs without approval, except for reading files that may hold secrets and writing
    /// files that are executed later.
    AutoApprove,
    /// Nothing writes or runs.
    Plan,
}

impl From<Mode> for ModeRecord {
    fn from(mode: Mode) -> ModeRecord {
        match mode {
            Mode::Ask => ModeRecord::Ask,
            Mode::AutoEdit => ModeRecord::AutoEdit,
            Mode::AutoApprove => ModeRecord::AutoApprove,
            Mode::Plan => ModeRecord::Plan,
        }
    }
}

impl From<ModeRecord> for Mode {
    fn from(mode: ModeRecord) -> Mode {
        match mode {
            ModeRecord::Ask => Mode::Ask,
            ModeRecord::AutoEdit => Mode::AutoEdit,
            ModeRecord::AutoApprove => Mode::AutoApprove,
            ModeRecord::Plan => Mode::Plan,
        }
    }
}

/// Redacts a text; nothing is copied if there are no secrets.
pub(super) fn clean(text: &mut String) {
    if let Cow::Owned(redacted) = redact(text).text {
        *text = redacted;
    }
}

fn change_value(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(values) => values
            .iter_mut()
            .for_each(|value| change_value(value, change)),
        Value::Object(values) => values
            .values_mut()
            .for_each(|value| change_value(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
