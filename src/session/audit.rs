//! An audit of a session from its journal: what was asked, decided, run and changed, in order.
//!
//! Texts are redacted again with today's rules. The JSON form of an [`AuditEntry`] is stable:
//!
//! ```json
//! {"turn": 1, "at": "2026-11-21T14:30:05Z", "action": "changed", "path": "a.rs", "before": null, "after": "…"}
//! ```

#[cfg(test)]
mod tests;

use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::changes::ChangeRecord;
use super::journal::read;
use super::planned::StepState;
use super::record::Record;
use super::replay::HOOK_TOOL;
use super::stored::{CallRecord, DecisionRecord, ModeRecord, OutcomeRecord};
use super::{SessionError, SessionId};

/// Arguments that describe a call in a line, the most telling first.
const TELLING: [&str; 7] = [
    "command", "regex", "query", "path", "glob", "name", "question",
];

/// Its result begins with how the command ended, also if it succeeded.
const COMMAND: &str = "run_command";
const EXIT: &str = "exit code ";

/// Prefixes of results of calls that did not succeed; the outcome says the same.
const OPENINGS: [&str; 3] = ["Denied: ", "Error: ", "not run: "];

/// What happened in a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    pub id: SessionId,
    /// In order; a call is listed where it began.
    pub entries: Vec<AuditEntry>,
    /// Lines of the journal that could not be read and are missing here.
    pub unreadable: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// The turn, from 1; 0 before the first question.
    pub turn: u32,
    /// When it was recorded, in UTC: `2026-11-21T14:30:05Z`. Journals of older versions have no
    /// times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    #[serde(flatten)]
    pub action: AuditAction,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum AuditAction {
    Started {
        /// The workspace.
        workspace: String,
        /// Name of the model.
        model: String,
    },
    /// The user asked something, which begins a turn.
    Question {
        /// As it was written.
        text: String,
    },
    /// The user was asked about a call.
    Asked {
        /// Id of the call.
        id: String,
        /// The title that was shown.
        title: String,
        /// What the call is about: a command, a path.
        what: String,
        /// Hash of exactly what was asked about.
        hash: String,
    },
    /// The user decided about a call.
    Decided {
        /// Id of the call.
        id: String,
        /// `once`, `session`, `deny`, `edit` or `parts`, and why.
        #[serde(flatten)]
        decision: DecisionRecord,
    },
    /// The model called a tool.
    Call {
        /// Its id, unique among the calls of one reply.
        id: String,
        tool: String,
        /// What the call is about: a command, a path.
        what: String,
        /// Its outcome.
        outcome: CallOutcome,
        /// Why it failed, or how a command ended: the first line of its result.
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<String>,
    },
    /// A file was changed by the agent.
    Changed {
        /// The file, relative to the workspace.
        path: String,
        /// Hash of the old content; `None` if there was no file.
        before: Option<String>,
        /// Hash of the new content; `None` if the file was removed.
        after: Option<String>,
    },
    /// The changes of a turn were undone.
    Undid {
        /// The turn whose changes they were.
        of_turn: u32,
    },
    /// The changes of a turn were redone.
    Redid {
        /// The turn whose changes they were.
        of_turn: u32,
    },
    /// Files that the session changed were committed.
    Committed {
        /// The name of the commit, in hexadecimal.
        hash: String,
        /// The files in it, relative to the workspace.
        files: Vec<String>,
    },
    /// A task in steps was planned, or its plan was changed.
    Planned {
        /// What the user wants.
        task: String,
        /// What each step is to do.
        steps: Vec<String>,
    },
    /// A step of the task ended.
    StepEnded {
        /// Its number, from 1.
        step: usize,
        /// `done` or `failed`.
        outcome: StepState,
        /// One line about it.
        summary: String,
        /// The files that it changed, relative to the workspace.
        files: Vec<String>,
    },
    /// The task is over.
    TaskEnded {
        /// `done` or `stopped`.
        reason: String,
    },
    /// Another mode from here on; a session begins with `ask`.
    Mode { mode: ModeRecord },
    /// Another model answers from here on.
    Model { name: String },
    /// The conversation was compacted.
    Compacted,
    /// The session was left.
    Ended { reason: String },
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// It ran and succeeded.
    Done,
    /// It ran and failed.
    Failed,
    /// It ran until it was stopped.
    Stopped,
    /// The user or a rule denied it.
    Denied,
    /// It did not run for another reason: it was not valid, or the turn ended before.
    NotRun,
    /// It started, and no end is recorded: the session was interrupted, or it still runs.
    BrokenOff,
}

/// Reads the audit of a session; another process may have the session open.
pub fn audit(folder: &Path, id: &SessionId) -> Result<Audit, SessionError> {
    let contents = read(folder, id)?;
    let mut story = AuditBuilder::default();
    for (record, at) in contents.records.into_iter().zip(contents.times) {
        story.take(record.redacted(), at);
    }
    story.close();
    Ok(Audit {
        id: id.clone(),
        entries: story.entries,
        unreadable: contents.unreadable,
    })
}

#[derive(Default)]
struct AuditBuilder {
    turn: u32,
    entries: Vec<AuditEntry>,
    /// Calls that have no result yet.
    open: Vec<OpenAuditCall>,
    /// Whether a step began, or a task ended, just before: what is compacted then is only set aside,
    /// or put back.
    is_of_task: bool,
}

struct OpenAuditCall {
    call: CallRecord,
    /// When the model made the call.
    at: Option<String>,
    /// Its index among the entries, once it has started.
    entry: Option<usize>,
}

impl AuditBuilder {
    fn take(&mut self, record: Record, at: Option<String>) {
        let is_of_task = matches!(
            record,
            Record::StepBegan { .. } | Record::TaskLeft | Record::TaskEnded { .. }
        );
        let was_of_task = std::mem::replace(&mut self.is_of_task, is_of_task);
        let action = match record {
            Record::Started {
                workspace, model, ..
            } => AuditAction::Started { workspace, model },
            Record::User { shown, .. } | Record::Job { shown } => {
                self.close();
                // A message that the engine wrote in the user role is not a question.
                if shown.is_empty() {
                    return;
                }
                self.turn += 1;
                AuditAction::Question { text: shown }
            }
            Record::Assistant { calls, .. } => return self.want(calls, at.as_ref()),
            // What a job told the user is in the export; its calls and changes are here.
            Record::JobReport { .. } => return,
            Record::AboutToRun { call } => return self.begin(call, at),
            Record::Ran {
                call_id,
                tool,
                text,
                outcome,
            } => return self.end(&call_id, tool, &text, outcome, at),
            Record::Asked {
                call_id,
                title,
                hash,
            } => AuditAction::Asked {
                what: self.what(&call_id),
                id: call_id,
                title,
                hash,
            },
            Record::Decided { call_id, decision } => AuditAction::Decided {
                id: call_id,
                decision,
            },
            Record::Changed(change) => return self.change(change, at),
            Record::Undid { turn } => AuditAction::Undid { of_turn: turn },
            Record::Redid { turn } => AuditAction::Redid { of_turn: turn },
            Record::Committed { hash, files, .. } => AuditAction::Committed { hash, files },
            Record::Mode { mode } => AuditAction::Mode { mode },
            Record::Model { name } => AuditAction::Model { name },
            Record::Compacted { .. } if was_of_task => return,
            Record::Compacted { .. } => AuditAction::Compacted,
            // The question stays on record, whether or not the model is told of it again.
            Record::Forgotten { .. } => return,
            Record::Ended { reason } => AuditAction::Ended { reason },
            Record::System { .. } => return,
            Record::Planned { .. }
            | Record::StepBegan { .. }
            | Record::StepEnded { .. }
            | Record::TaskLeft
            | Record::TaskEnded { .. } => match of_task(record) {
                Some(action) => action,
                None => return,
            },
        };
        self.push(action, at);
    }

    fn push(&mut self, action: AuditAction, at: Option<String>) {
        self.entries.push(AuditEntry {
            turn: self.turn,
            at,
            action,
        });
    }

    /// The model made calls.
    fn want(&mut self, calls: Vec<CallRecord>, at: Option<&String>) {
        self.close();
        let open = |call| OpenAuditCall {
            call,
            at: at.cloned(),
            entry: None,
        };
        self.open = calls.into_iter().map(open).collect();
    }

    /// What a call without a result is about.
    fn what(&self, id: &str) -> String {
        let open = self.open.iter().find(|open| open.call.id == id);
        open.map_or_else(String::new, |open| about(&open.call.arguments))
    }

    /// A file was changed in the turn of its record, which may be written later.
    fn change(&mut self, change: ChangeRecord, at: Option<String>) {
        // A question whose line is lost has had its number all the same.
        self.turn = self.turn.max(change.turn);
        self.entries.push(AuditEntry {
            turn: change.turn,
            at,
            action: AuditAction::Changed {
                path: change.path,
                before: change.before,
                after: change.after,
            },
        });
    }

    /// A call starts; it counts as broken off until its end is recorded.
    fn begin(&mut self, call: CallRecord, at: Option<String>) {
        let entry = Some(self.entries.len());
        self.push(
            AuditAction::Call {
                id: call.id.clone(),
                tool: call.name.clone(),
                what: about(&call.arguments),
                outcome: CallOutcome::BrokenOff,
                result: None,
            },
            at,
        );
        match self.open.iter_mut().find(|open| open.call.id == call.id) {
            Some(open) => open.entry = entry,
            // The line of the reply is damaged.
            None => self.open.push(OpenAuditCall {
                call,
                at: None,
                entry,
            }),
        }
    }

    /// A call has its result, whether it ran or not.
    fn end(&mut self, id: &str, tool: String, text: &str, how: OutcomeRecord, at: Option<String>) {
        let open = self.open.iter().position(|open| open.call.id == id);
        let open = open.map(|position| self.open.remove(position));
        let begun = open.as_ref().and_then(|open| open.entry);
        let became = match (how, begun) {
            (OutcomeRecord::Done, _) => CallOutcome::Done,
            (OutcomeRecord::Failed, Some(_)) => CallOutcome::Failed,
            (OutcomeRecord::Denied, Some(_)) => CallOutcome::Stopped,
            (OutcomeRecord::Failed, None) => CallOutcome::NotRun,
            (OutcomeRecord::Denied, None) => CallOutcome::Denied,
        };
        // So does the result of a tool of the user's.
        let is_command = tool == COMMAND || tool == HOOK_TOOL || text.starts_with(EXIT);
        let said = (became != CallOutcome::Done || is_command)
            .then(|| first_line(text))
            .filter(|line| !line.is_empty());
        let known = begun.and_then(|entry| self.entries.get_mut(entry));
        if let Some(AuditEntry {
            action: AuditAction::Call {
                outcome, result, ..
            },
            ..
        }) = known
        {
            *outcome = became;
            *result = said;
            return;
        }
        let action = AuditAction::Call {
            id: id.to_owned(),
            tool,
            what: open.map_or_else(String::new, |open| about(&open.call.arguments)),
            outcome: became,
            result: said,
        };
        self.push(action, at);
    }

    /// Adds the calls that never started; the others are listed already.
    fn close(&mut self) {
        for OpenAuditCall { call, at, entry } in std::mem::take(&mut self.open) {
            if entry.is_some() {
                continue;
            }
            let action = AuditAction::Call {
                what: about(&call.arguments),
                id: call.id,
                tool: call.name,
                outcome: CallOutcome::NotRun,
                result: None,
            };
            self.push(action, at);
        }
    }
}

/// What a record says of a task in steps, unless something else says the same.
fn of_task(record: Record) -> Option<AuditAction> {
    Some(match record {
        Record::Planned { task, steps } => AuditAction::Planned {
            task,
            steps: steps.into_iter().map(|step| step.text).collect(),
        },
        Record::StepEnded {
            step,
            outcome,
            summary,
            changed,
            ..
        } => AuditAction::StepEnded {
            step,
            outcome,
            summary,
            files: changed.into_iter().map(|file| file.path).collect(),
        },
        Record::TaskEnded { reason } => AuditAction::TaskEnded { reason },
        // The question of the step says that it begins.
        _ => return None,
    })
}

/// What a call is about: its most telling argument, or all of them.
pub(super) fn about(arguments: &Map<String, Value>) -> String {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    if let (Some(from), Some(to)) = (text("from"), text("to")) {
        return format!("{from} → {to}");
    }
    // Of a hook.
    if let (Some(on), Some(command)) = (text("on"), text("command")) {
        return format!("{on}: {command}");
    }
    match TELLING.into_iter().find_map(text) {
        Some(telling) => telling.to_owned(),
        None if arguments.is_empty() => String::new(),
        None => Value::Object(arguments.clone()).to_string(),
    }
}

fn first_line(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let opening = OPENINGS
        .iter()
        .find_map(|opening| line.strip_prefix(opening));
    opening.unwrap_or(line).trim_end().to_owned()
}
