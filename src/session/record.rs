//! The records of a journal, one per line. They have types of their own, so that files stay
//! readable when the program changes.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::changes::ChangeRecord;
use super::planned::{ChangedFile, StepState, TaskStep};
use super::stored::{
    CallRecord, DecisionRecord, MessageRecord, ModeRecord, OutcomeRecord, SECRET_FILE, clean,
};
use crate::jail::SecretValues;
use crate::message::ToolOutcome;
use crate::message::{Message, ToolCall};
use crate::permission::{Decision, Mode};

/// Version of the journal format; journals of later versions are not opened.
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
        /// The workspace.
        workspace: String,
        /// Name of the model.
        model: String,
        /// When, in UTC: `2026-11-21T14:30:05Z`.
        at: String,
    },
    /// The system message from here on. It is stored byte for byte, because the server's prompt
    /// cache is used after a resume only if the beginning is the same.
    System { text: String },
    User {
        /// As sent to the model, with the context that the engine added.
        text: String,
        /// As the user wrote it; empty if the engine wrote the message. Each non-empty one starts a
        /// turn.
        shown: String,
    },
    /// A command of the user began a turn that the program leads, such as `/commit`; the model does not
    /// see it.
    Job {
        /// As the user would type it.
        shown: String,
    },
    /// What such a turn told the user.
    JobReport { text: String },
    /// A message of the model.
    Assistant {
        text: String,
        /// What it thought before.
        thinking: String,
        /// Its tool calls.
        calls: Vec<CallRecord>,
    },
    /// A call is about to run; on disk before it runs.
    AboutToRun { call: CallRecord },
    /// A call has its result, also if it was denied or never ran.
    Ran {
        call_id: String,
        tool: String,
        /// As sent to the model.
        text: String,
        outcome: OutcomeRecord,
    },
    /// The user was asked about a call.
    Asked {
        call_id: String,
        /// The title that was shown.
        title: String,
        /// Hash of exactly what was asked about.
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
    /// The changes of a turn were redone.
    Redid {
        /// The turn, from 1.
        turn: u32,
    },
    /// Files that the session changed were committed.
    Committed {
        /// The turn in which that was done, from 1.
        turn: u32,
        /// The name of the commit, in hexadecimal.
        hash: String,
        /// The files in it, relative to the workspace.
        files: Vec<String>,
    },
    /// The last user messages were removed from the conversation, because they had no reply.
    Forgotten { messages: usize },
    /// The conversation was compacted.
    Compacted {
        /// The whole conversation now; the system message is unchanged if there is none.
        messages: Vec<MessageRecord>,
    },
    /// A task in steps was planned, or its plan was changed.
    Planned {
        /// What the user wants.
        task: String,
        /// All steps as they are now.
        steps: Vec<TaskStep>,
    },
    /// A turn that works on a step of the task begins.
    StepBegan {
        /// The number of the step, from 1.
        step: usize,
        turn: u32,
    },
    /// A step of the task ended.
    StepEnded {
        /// Its number, from 1.
        step: usize,
        outcome: StepState,
        /// One line about it.
        summary: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changed: Vec<ChangedFile>,
        /// Tokens of its requests and replies since it was begun last.
        #[serde(default)]
        tokens: u64,
    },
    /// The task is left for now; the conversation from before it follows.
    TaskLeft,
    /// The task is over.
    TaskEnded {
        /// `done` or `stopped`.
        reason: String,
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
    /// A reply of the model.
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

    /// The compacted conversation.
    pub fn compacted(messages: &[Message]) -> Record {
        Record::Compacted {
            messages: messages.iter().map(MessageRecord::from).collect(),
        }
    }

    pub fn mode(mode: Mode) -> Record {
        Record::Mode { mode: mode.into() }
    }

    /// Whether it must be on disk before anything else happens: a question is not asked twice, and
    /// a call that was about to run, or changed a file, is known after a power cut; no step of a task is done twice.
    pub(super) fn is_durable(&self) -> bool {
        matches!(
            self,
            Record::User { .. }
                | Record::Job { .. }
                | Record::AboutToRun { .. }
                | Record::Changed(_)
                | Record::Committed { .. }
                | Record::Planned { .. }
                | Record::StepEnded { .. }
                | Record::TaskEnded { .. }
        )
    }

    /// Whether undo and redo need it.
    pub(super) fn is_about_changes(&self) -> bool {
        matches!(
            self,
            Record::Changed(_)
                | Record::Undid { .. }
                | Record::Redid { .. }
                | Record::Committed { .. }
        )
    }

    /// Whether it is only written together with a later record.
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

    /// The record without the arguments and results of calls about secret files: everything in such
    /// a file is a secret, whether it looks like one or not. The ids of these calls are added to
    /// `calls`.
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

    /// The record without secrets in its texts. Paths, names and hashes stay.
    pub fn redacted(self) -> Record {
        self.with_texts(&clean)
    }

    /// The record without the values of the workspace's secret files.
    pub(super) fn without_values(self, values: &SecretValues) -> Record {
        self.with_texts(&|text| {
            if let Cow::Owned(clean) = values.hide_all(text) {
                *text = clean;
            }
        })
    }

    /// The record with every text changed.
    fn with_texts(mut self, change: &impl Fn(&mut String)) -> Record {
        match &mut self {
            Record::System { text } | Record::Ran { text, .. } | Record::JobReport { text } => {
                change(text);
            }
            Record::Job { shown } => change(shown),
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
            Record::Decided {
                decision: DecisionRecord::Edit { command },
                ..
            } => change(command),
            Record::Compacted { messages } => {
                messages
                    .iter_mut()
                    .for_each(|message| message.change(change));
            }
            Record::Planned { task, steps } => {
                change(task);
                for step in steps {
                    change(&mut step.text);
                    change(&mut step.check);
                    change(&mut step.summary);
                }
            }
            Record::StepEnded { summary, .. } => change(summary),
            Record::Ended { reason } | Record::TaskEnded { reason } => change(reason),
            Record::Started { .. }
            | Record::StepBegan { .. }
            | Record::TaskLeft
            | Record::Decided { .. }
            | Record::Changed(_)
            | Record::Undid { .. }
            | Record::Redid { .. }
            | Record::Committed { .. }
            | Record::Forgotten { .. }
            | Record::Model { .. }
            | Record::Mode { .. } => {}
        }
        self
    }
}
