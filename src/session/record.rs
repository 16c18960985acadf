//! What a journal holds: one record a line, with types of its own, so that files stay readable
//! when the program changes.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::changes::ChangeRecord;
use super::stored::{
    CallRecord, DecisionRecord, MessageRecord, ModeRecord, OutcomeRecord, SECRET_FILE, clean,
};
use crate::jail::SecretValues;
use crate::message::ToolOutcome;
use crate::message::{Message, ToolCall};
use crate::permission::{Decision, Mode};

/// Version of the journal's format; a journal of a later one is not opened.
pub const VERSION: u32 = 1;

/// Something that happened in a session.
///
/// Texts pass through [`Record::redacted`] on their way into the journal. So what a resumed
/// session tells the model again has `[redacted: …]` where a secret was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// The session began; always the first record.
    Started {
        /// [`VERSION`].
        version: u32,
        /// The folder that is worked on.
        workspace: String,
        /// Name of the model.
        model: String,
        /// When, in UTC: `2026-11-21T14:30:05Z`.
        at: String,
    },
    /// The system message from here on, byte for byte: the server's cache of the conversation
    /// hits after a resume only if its beginning is the same.
    System { text: String },
    User {
        /// As the model sees it, with what the engine put beside it.
        text: String,
        /// As the user wrote it; empty if the engine spoke in the user's place. Each one that is
        /// not empty begins a turn.
        shown: String,
    },
    /// A message of the model.
    Assistant {
        text: String,
        /// What it thought before.
        thinking: String,
        /// What it wants done.
        calls: Vec<CallRecord>,
    },
    /// A call is about to run: on the disk before it does.
    AboutToRun { call: CallRecord },
    /// A call has its result, also if it was denied or never ran.
    Ran {
        call_id: String,
        tool: String,
        /// As the model is told.
        text: String,
        outcome: OutcomeRecord,
    },
    /// The user was asked about a call.
    Asked {
        call_id: String,
        /// What was shown in a line.
        title: String,
        /// Of what exactly was asked about.
        hash: String,
    },
    /// The user decided about a call.
    Decided {
        call_id: String,
        decision: DecisionRecord,
    },
    /// A file was changed by the agent.
    Changed(ChangeRecord),
    /// The changes of a turn were undone.
    Undid {
        /// The turn, from 1.
        turn: u32,
    },
    /// The changes of a turn were done again.
    Redid {
        /// The turn, from 1.
        turn: u32,
    },
    /// The last messages of the user left the conversation, since nothing was said to them.
    Forgotten { messages: usize },
    /// What was said before is shorter from here on.
    Compacted {
        /// The whole conversation now. The system message stays as it was if there is none.
        messages: Vec<MessageRecord>,
    },
    /// Another model answers from here on.
    Model { name: String },
    Mode {
        /// The mode from here on.
        mode: ModeRecord,
    },
    /// The session was left.
    Ended { reason: String },
}

impl Record {
    /// What the model said.
    pub fn assistant(text: &str, thinking: &str, calls: &[ToolCall]) -> Record {
        Record::Assistant {
            text: text.to_owned(),
            thinking: thinking.to_owned(),
            calls: calls.iter().map(CallRecord::from).collect(),
        }
    }

    /// A call that is about to run.
    pub fn about_to_run(call: &ToolCall) -> Record {
        Record::AboutToRun { call: call.into() }
    }

    /// The result of a call.
    pub fn ran(call: &ToolCall, text: &str, outcome: ToolOutcome) -> Record {
        Record::Ran {
            call_id: call.id.clone(),
            tool: call.name.clone(),
            text: text.to_owned(),
            outcome: outcome.into(),
        }
    }

    /// What the user decided about a call.
    pub fn decided(call: &ToolCall, decision: &Decision) -> Record {
        Record::Decided {
            call_id: call.id.clone(),
            decision: decision.into(),
        }
    }

    /// A shorter conversation in place of the one before.
    pub fn compacted(messages: &[Message]) -> Record {
        Record::Compacted {
            messages: messages.iter().map(MessageRecord::from).collect(),
        }
    }

    pub fn mode(mode: Mode) -> Record {
        Record::Mode { mode: mode.into() }
    }

    /// Whether it must be on the disk before anything else happens: a question is not asked
    /// twice, and what was about to run, or has changed a file, is known after a power cut.
    pub(super) fn is_durable(&self) -> bool {
        matches!(
            self,
            Record::User { .. } | Record::AboutToRun { .. } | Record::Changed(_)
        )
    }

    /// Whether it is needed to undo and redo.
    pub(super) fn is_about_changes(&self) -> bool {
        matches!(
            self,
            Record::Changed(_) | Record::Undid { .. } | Record::Redid { .. }
        )
    }

    /// Whether a session without it, or anything behind it, is not worth a file.
    pub(super) fn is_preamble(&self) -> bool {
        matches!(
            self,
            Record::Started { .. }
                | Record::System { .. }
                | Record::Model { .. }
                | Record::Mode { .. }
                | Record::Ended { .. }
        )
    }

    /// The same without what calls about files of secrets say and give: whatever such a file holds
    /// is a secret, whether it looks like one or not. Their ids are added to `calls`.
    pub(super) fn without_secret_files(mut self, calls: &mut BTreeSet<String>) -> Record {
        match &mut self {
            Record::Assistant { calls: said, .. } => {
                said.iter_mut()
                    .for_each(|call| call.hide_secret_file(calls));
            }
            Record::AboutToRun { call } => call.hide_secret_file(calls),
            Record::Ran { call_id, text, .. } if calls.contains(call_id) => {
                SECRET_FILE.clone_into(text);
            }
            Record::Compacted { messages } => {
                let hide = |message: &mut MessageRecord| message.hide_secret_file(calls);
                messages.iter_mut().for_each(hide);
            }
            _ => {}
        }
        self
    }

    /// The same without secrets in its texts. Paths, names and hashes stay.
    pub fn redacted(self) -> Record {
        self.with_texts(&clean)
    }

    /// The same without the values of the workspace's secret files.
    pub(super) fn without_values(self, values: &SecretValues) -> Record {
        self.with_texts(&|text| {
            if let Cow::Owned(clean) = values.hide_all(text) {
                *text = clean;
            }
        })
    }

    /// The same with every text in it changed.
    fn with_texts(mut self, change: &impl Fn(&mut String)) -> Record {
        match &mut self {
            Record::System { text } | Record::Ran { text, .. } => change(text),
            Record::User { text, shown } => {
                change(text);
                change(shown);
            }
            Record::Assistant {
                text,
                thinking,
                calls,
            } => {
                change(text);
                change(thinking);
                calls.iter_mut().for_each(|call| call.change(change));
            }
            Record::AboutToRun { call } => call.change(change),
            Record::Asked { title, .. } => change(title),
            Record::Decided {
                decision: DecisionRecord::Deny { reason },
                ..
            } => reason.iter_mut().for_each(change),
            Record::Compacted { messages } => {
                messages
                    .iter_mut()
                    .for_each(|message| message.change(change));
            }
            Record::Ended { reason } => change(reason),
            Record::Started { .. }
            | Record::Decided { .. }
            | Record::Changed(_)
            | Record::Undid { .. }
            | Record::Redid { .. }
            | Record::Forgotten { .. }
            | Record::Model { .. }
            | Record::Mode { .. } => {}
        }
        self
    }
}
