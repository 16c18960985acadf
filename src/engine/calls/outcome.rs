//! The outcome of a call.

use std::time::Duration;

use super::super::clip::{clipped, first_line};
use super::super::event::{Event, Failure, FailureCode, ToolOutcome, TurnEnd};
use super::super::turn::Turn;
use super::{LONGEST_LINE, shown_hidden};
use crate::message::{Image, ToolCall};
use crate::session::Record;
use crate::session::changes::ChangeRecord;
use crate::tools::{ToolError, ToolOutput};

/// Most characters of an output that are shown: those of checks are kept far longer.
const MOST_SHOWN: usize = 20_000;

/// The outcome of a call.
pub(in crate::engine) struct CallResult {
    pub how: ToolOutcome,
    pub text: String,
    /// One line for the user interface.
    pub summary: String,
    pub detail: String,
    /// Set if the turn ends with this call.
    pub end: Option<Box<TurnEnd>>,
    /// What the user could allow so that the command does not fail again, or wants instead.
    pub needs: Option<Box<MissingAccess>>,
    /// Pictures, for models that see.
    pub images: Vec<Image>,
}

/// Which permission a failed command lacked, or what is to be done instead.
pub(in crate::engine) enum MissingAccess {
    /// It ran read-only and tried to write.
    Writing,
    /// It tried to write these protected files.
    Files(Vec<String>),
    /// The user changed it to this command.
    Edited(String),
    /// The user took these parts of a change.
    Parts(Vec<usize>),
}

impl CallResult {
    pub fn done(output: ToolOutput) -> CallResult {
        CallResult {
            how: ToolOutcome::Done,
            text: output.text,
            summary: output.summary,
            detail: output.detail,
            end: None,
            needs: None,
            images: output.images,
        }
    }

    pub fn failed(text: String) -> CallResult {
        CallResult {
            how: ToolOutcome::Failed,
            summary: first_line(&text, LONGEST_LINE),
            text,
            detail: String::new(),
            end: None,
            needs: None,
            images: Vec::new(),
        }
    }

    pub fn denied(text: String, summary: &str) -> CallResult {
        CallResult {
            how: ToolOutcome::Denied,
            summary: summary.to_owned(),
            ..CallResult::failed(text)
        }
    }

    pub fn of_error(error: ToolError) -> CallResult {
        match error {
            ToolError::TellModel(text) => CallResult {
                text: format!("Error: {text}"),
                ..CallResult::failed(text)
            },
            ToolError::NeedsWriting(output) => CallResult {
                needs: Some(Box::new(MissingAccess::Writing)),
                ..CallResult::done(*output)
            },
            ToolError::NeedsFiles(output, files) => CallResult {
                needs: Some(Box::new(MissingAccess::Files(files))),
                ..CallResult::done(*output)
            },
            ToolError::Fatal(text) => CallResult {
                end: Some(Box::new(TurnEnd::Failed(Failure::new(
                    FailureCode::ToolFailed,
                    text.clone(),
                )))),
                ..CallResult::failed(text)
            },
        }
    }

    /// The user wants another command to run.
    pub fn edited(command: String) -> CallResult {
        let text = format!(
            "The user did not approve this call, and wants this command instead:\n{command}"
        );
        CallResult {
            needs: Some(Box::new(MissingAccess::Edited(command))),
            ..CallResult::denied(text, "changed by the user")
        }
    }

    /// The user wants only parts of a change.
    pub fn parts(taken: Vec<usize>) -> CallResult {
        let text = "The user took only parts of this change, and it was not made.".to_owned();
        CallResult {
            needs: Some(Box::new(MissingAccess::Parts(taken))),
            ..CallResult::denied(text, "changed by the user")
        }
    }

    pub fn stopped() -> CallResult {
        CallResult {
            end: Some(Box::new(TurnEnd::Stopped)),
            ..CallResult::denied("stopped by the user".to_owned(), "stopped")
        }
    }
}

impl Turn<'_> {
    /// Records how a call ended that is no message: of the user, of a job, of a check. Gives its result
    /// without secrets, and what it changed.
    pub(super) async fn end_call(
        &mut self,
        call: &ToolCall,
        outcome: CallResult,
        took: Duration,
    ) -> Result<(CallResult, Vec<ChangeRecord>), TurnEnd> {
        let (changed, written) = self.record_changes();
        let said = [outcome.text, outcome.summary, outcome.detail];
        let [text, summary, detail] = self.redact_secret_values(said).await?;
        let text = shown_hidden(text);
        let recorded = self.record(Record::ran(call, &self.clip_result(&text), outcome.how));
        let finished = Event::ToolFinished {
            id: call.id.clone(),
            outcome: outcome.how,
            summary: summary.clone(),
            detail: clipped(&detail, MOST_SHOWN).into_owned(),
            took,
        };
        self.events.send(finished).await;
        written.and(recorded)?;
        let ended = CallResult {
            how: outcome.how,
            text,
            summary,
            detail,
            end: outcome.end,
            needs: outcome.needs,
            images: Vec::new(),
        };
        Ok((ended, changed))
    }
}
