//! What became of a call.

use super::super::clip::first_line;
use super::super::event::{Failure, FailureCode, ToolOutcome, TurnEnd};
use super::LONGEST_LINE;
use crate::tools::{ToolError, ToolOutput};

/// What became of a call.
pub(super) struct Outcome {
    pub how: ToolOutcome,
    pub text: String,
    /// In a line for people.
    pub summary: String,
    pub detail: String,
    /// The turn cannot go on after it.
    pub end: Option<TurnEnd>,
    /// What the user may allow, so that it does not fail again.
    pub needs: Option<Box<Needs>>,
}

/// Why a command failed that the user may allow more.
pub(super) enum Needs {
    /// It ran where it could change nothing.
    Writing,
    /// It may not write these files.
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
                end: Some(TurnEnd::Failed(Failure::new(
                    FailureCode::ToolFailed,
                    text.clone(),
                ))),
                ..Outcome::failed(text)
            },
        }
    }

    pub fn stopped() -> Outcome {
        Outcome {
            end: Some(TurnEnd::Stopped),
            ..Outcome::denied("stopped by the user".to_owned(), "stopped")
        }
    }
}
