//! A session for somebody else to read: Markdown for people, JSON for programs.
//!
//! Secrets are taken out once more, by the rules of today. The JSON is one object, and a promise:
//!
//! ```json
//! {
//!   "version": 1,
//!   "id": "20261121-143005-k3x9",
//!   "workspace": "/home/me/shop",
//!   "model": "qwen3-coder:30b",
//!   "started": "2026-11-21T14:30:05Z",
//!   "turns": 1,
//!   "items": [
//!     {"type": "user", "text": "as the user wrote it"},
//!     {"type": "assistant", "text": "…", "thinking": "…"},
//!     {"type": "tool", "tool": "read_file", "arguments": {"path": "a.rs"},
//!      "outcome": "done", "result": "as the model was told"},
//!     {"type": "changed", "path": "a.rs"},
//!     {"type": "undid", "turn": 1},
//!     {"type": "redid", "turn": 1},
//!     {"type": "compacted"},
//!     {"type": "planned", "task": "a task in steps", "steps": [{"text": "…", "state": "pending"}]},
//!     {"type": "task_ended", "reason": "done"},
//!     {"type": "model", "name": "the model from here on"}
//!   ]
//! }
//! ```
//!
//! `outcome` is `done`, `failed`, `denied`, or `interrupted` if the session broke off before there
//! was a result. `model` is the model of the beginning.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::journal::{failed, path_of, read};
use super::list::title;
use super::planned::{TaskStep, plan_markdown};
use super::record::Record;
use super::replay::HOOK_ID_PREFIX;
use super::stored::{CallRecord, OutcomeRecord};
use super::{SessionError, SessionId};
use crate::text::fenced;
use crate::visible::escape_hidden;

/// Most lines of a tool's result in Markdown; the JSON has them all.
const LINES: usize = 60;

/// The format of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Markdown,
    Json,
}

/// Writes a session out.
pub fn export(folder: &Path, id: &SessionId, format: Format) -> Result<String, SessionError> {
    let records = read(folder, id)?.records;
    let mut story = ExportedSession::new(id);
    for record in records {
        story.take(record.redacted());
    }
    story.close();
    match format {
        Format::Markdown => Ok(story.markdown()),
        Format::Json => serde_json::to_string_pretty(&story)
            .map(|text| text + "\n")
            .map_err(|error| failed("export", &path_of(folder, id), error.into())),
    }
}

#[derive(Serialize)]
pub(super) struct ExportedSession {
    version: u32,
    id: String,
    workspace: String,
    model: String,
    started: String,
    pub(super) turns: u32,
    pub(super) items: Vec<ExportItem>,
    /// Calls that have no result yet.
    #[serde(skip)]
    open: Vec<CallRecord>,
    /// Whether a task ended or was left just now.
    #[serde(skip)]
    is_put_back: bool,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ExportItem {
    User {
        text: String,
    },
    Assistant {
        text: String,
        thinking: String,
    },
    Tool {
        /// The id of the call, which means nothing outside of the journal.
        #[serde(skip)]
        id: String,
        tool: String,
        arguments: Map<String, Value>,
        outcome: &'static str,
        result: String,
    },
    Changed {
        path: String,
    },
    Undid {
        turn: u32,
    },
    Redid {
        turn: u32,
    },
    Compacted,
    Planned {
        task: String,
        steps: Vec<TaskStep>,
    },
    TaskEnded {
        reason: String,
    },
    Model {
        name: String,
    },
}

impl ExportedSession {
    pub(super) fn new(id: &SessionId) -> ExportedSession {
        ExportedSession {
            version: 1,
            id: id.to_string(),
            workspace: String::new(),
            model: String::new(),
            started: String::new(),
            turns: 0,
            items: Vec::new(),
            open: Vec::new(),
            is_put_back: false,
        }
    }

    pub(super) fn take(&mut self, record: Record) {
        match record {
            Record::Started {
                workspace,
                model,
                at,
                ..
            } => {
                self.workspace = workspace;
                self.model = model;
                self.started = at;
            }
            Record::User { shown, .. } | Record::Job { shown } => {
                self.close();
                // What the engine said in the user's place is of no interest to readers.
                if !shown.is_empty() {
                    self.turns += 1;
                    self.items.push(ExportItem::User { text: shown });
                }
            }
            Record::JobReport { text } => {
                self.close();
                let thinking = String::new();
                self.items.push(ExportItem::Assistant { text, thinking });
            }
            Record::Assistant {
                text,
                thinking,
                calls,
            } => {
                self.close();
                self.open = calls;
                if !text.is_empty() || !thinking.is_empty() {
                    self.items.push(ExportItem::Assistant { text, thinking });
                }
            }
            Record::Ran {
                call_id,
                tool,
                text,
                outcome,
            } => self.ran(&call_id, tool, text, outcome),
            Record::AboutToRun { call } if is_hook(&call) => self.open.push(call),
            Record::Changed(change) => self.items.push(ExportItem::Changed { path: change.path }),
            Record::Undid { turn } => self.items.push(ExportItem::Undid { turn }),
            Record::Redid { turn } => self.items.push(ExportItem::Redid { turn }),
            // The conversation was set aside for a step of a task, or put back after it.
            Record::Compacted { messages } if messages.is_empty() => {}
            Record::Compacted { .. } if std::mem::take(&mut self.is_put_back) => {}
            Record::Compacted { .. } => self.items.push(ExportItem::Compacted),
            Record::Model { name } => self.items.push(ExportItem::Model { name }),
            Record::Planned { task, steps } => self.items.push(ExportItem::Planned { task, steps }),
            Record::TaskEnded { reason } => {
                self.is_put_back = true;
                self.items.push(ExportItem::TaskEnded { reason });
            }
            Record::TaskLeft => self.is_put_back = true,
            Record::StepBegan { .. }
            | Record::StepEnded { .. }
            | Record::System { .. }
            | Record::AboutToRun { .. }
            | Record::Asked { .. }
            | Record::Decided { .. }
            | Record::Mode { .. }
            | Record::Forgotten { .. }
            | Record::Committed { .. }
            | Record::Ended { .. } => {}
        }
    }

    fn ran(&mut self, call_id: &str, tool: String, result: String, outcome: OutcomeRecord) {
        let call = self.open.iter().position(|call| call.id == call_id);
        let arguments = call.map(|at| self.open.remove(at).arguments);
        self.items.push(ExportItem::Tool {
            id: call_id.to_owned(),
            tool,
            arguments: arguments.unwrap_or_default(),
            outcome: match outcome {
                OutcomeRecord::Done => "done",
                OutcomeRecord::Failed => "failed",
                OutcomeRecord::Denied => "denied",
            },
            result,
        });
    }

    /// Adds the calls without a result.
    pub(super) fn close(&mut self) {
        let open = self.open.drain(..);
        self.items.extend(open.map(|call| ExportItem::Tool {
            id: call.id,
            tool: call.name,
            arguments: call.arguments,
            outcome: "interrupted",
            result: String::new(),
        }));
    }

    fn markdown(&self) -> String {
        let first = self.items.iter().find_map(|item| match item {
            ExportItem::User { text } => Some(title(text)),
            _ => None,
        });
        let title = first.unwrap_or_else(|| "A session without a question".to_owned());
        let mut text = format!(
            "# {title}\n\n- Session: `{}`\n- Workspace: `{}`\n- Model: `{}`\n- Started: {}\n",
            self.id, self.workspace, self.model, self.started
        );
        for item in &self.items {
            text.push('\n');
            item.write(&mut text);
        }
        escape_hidden(&text).into_owned()
    }
}

/// Whether a call is a hook, which no reply of the model has.
fn is_hook(call: &CallRecord) -> bool {
    call.id.starts_with(HOOK_ID_PREFIX)
}

impl ExportItem {
    fn write(&self, out: &mut String) {
        // Writing into a string cannot fail.
        let _ = match self {
            ExportItem::User { text } => writeln!(out, "## You\n\n{}", text.trim()),
            ExportItem::Assistant { text, .. } if text.trim().is_empty() => Ok(()),
            ExportItem::Assistant { text, .. } => writeln!(out, "## ollacode\n\n{}", text.trim()),
            ExportItem::Tool {
                tool,
                arguments,
                outcome,
                result,
                ..
            } => {
                let arguments = Value::Object(arguments.clone()).to_string();
                let (call, result) = (fenced(&arguments, "json"), fenced(&cut(result), "text"));
                writeln!(out, "**{tool}** ({outcome})\n\n{call}\n\n{result}\n")
            }
            ExportItem::Changed { path } => writeln!(out, "Changed `{path}`."),
            ExportItem::Undid { turn: 0 } => writeln!(out, "Undid what was changed before."),
            ExportItem::Redid { turn: 0 } => writeln!(out, "Redid what was changed before."),
            ExportItem::Undid { turn } => writeln!(out, "Undid the changes of question {turn}."),
            ExportItem::Redid { turn } => writeln!(out, "Redid the changes of question {turn}."),
            ExportItem::Compacted => writeln!(out, "The conversation before this was summarised."),
            ExportItem::Planned { task, steps } => write!(out, "{}", plan_markdown(task, steps)),
            ExportItem::TaskEnded { reason } => writeln!(out, "The task ended: {reason}."),
            ExportItem::Model { name } => writeln!(out, "Changed the model to `{name}`."),
        };
    }
}

/// The beginning of a result, and how much of it is missing.
pub(super) fn cut(result: &str) -> String {
    let lines: Vec<&str> = result.lines().collect();
    if lines.len() <= LINES {
        return lines.join("\n");
    }
    let left_out = lines.len() - LINES;
    let shown = lines[..LINES].join("\n");
    format!("{shown}\n… {left_out} lines left out …")
}
