//! The outcome of a call.

use super::super::clip::first_line;
use super::super::event::{Failure, FailureCode, ToolOutcome, TurnEnd};
use super::LONGEST_LINE;
use crate::tools::{ToolError, ToolOutput};

/// The outcome of a call.
pub(super) struct Outcome {
    pub how: ToolOutcome,
    pub text: String,
    /// One line for the user interface.
    pub summary: String,
    pub detail: String,
    /// Set if the turn ends with this call.
    pub end: Option<Box<TurnEnd>>,
    /// What the user could allow so that the command does not fail again.
    pub needs: Option<Box<Needs>>,
}

/// Which permission a failed command lacked.
pub(super) enum Needs {
    /// It ran read-only and tried to write.
    Writing,
    /// It tried to write these protected files.
    Files(Vec<String>),
}

impl Outcome {
    pub fn done(output: ToolOutput) -> Outcome {
        Outcome {
            how: ToolOutcome::Done,
            text: output.text,
            summary: output.summary,
            detail: output.detail,
            end: None,
            needs: None,
        }
    }

    pub fn failed(text: String) -> Outcome {
        Outcome {
            how: ToolOutcome::Failed,
            summary: first_line(&text, LONGEST_LINE),
            text,
            detail: String::new(),
            end: None,
            needs: None,
        }
    }

    pub fn denied(text: String, summary: &str) -> Outcome {
        Outcome {
            how: ToolOutcome::Denied,
            summary: summary.to_owned(),
            ..Outcome::failed(text)
        }
    }

    pub fn of_error(error: ToolError) -> Outcome {
        match error {
            ToolError::TellModel(text) => Outcome {
                text: format!("Error: {text}"),
                ..Outcome::failed(text)
            },
            ToolError::NeedsWriting(output) => Outcome {
                needs: Some(Box::new(Needs::Writing)),
                ..Outcome::done(*output)
            },
            ToolError::NeedsFiles(output, files) => Outcome {
                needs: Some(Box::new(Needs::Files(files))),
                ..Outcome::done(*output)
            },
            ToolError::Fatal(text) => Outcome {
                end: Some(Box::new(TurnEnd::Failed(Failure::new(
                    FailureCode::ToolFailed,
                    text.clone(),
                )))),
                ..Outcome::failed(text)
            },
        }
    }

    pub fn stopped() -> Outcome {
        Outcome {
            end: Some(Box::new(TurnEnd::Stopped)),
            ..Outcome::denied("stopped by the user".to_owned(), "stopped")
        }
    }
}
