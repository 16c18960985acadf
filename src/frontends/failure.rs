//! Errors as failures: code, message with causes, and hint.

use anyhow::Error;
use ollacode_indexer::IndexError;

use crate::app::StartError;
use crate::config::{ConfigError, TelegramError};
use crate::failure::{Failure, FailureCode};
use crate::model::ModelError;
use crate::model::http::ServerError;
use crate::session::SessionError;
use crate::workspace::WorkspaceError;

/// Converts an error and its causes.
pub fn failure(error: &Error) -> Failure {
    Failure {
        code: code(error),
        message: message(error),
        hint: hint(error),
    }
}

/// The message with its causes, each once.
fn message(error: &Error) -> String {
    let mut message = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some libraries include the cause in their message.
        if !message.contains(&cause) {
            message.push_str(": ");
            message.push_str(&cause);
        }
    }
    message
}

/// The first error of a type in the chain of causes.
fn find<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    error.chain().find_map(|cause| cause.downcast_ref())
}

fn code(error: &Error) -> FailureCode {
    if let Some(error) = find::<ServerError>(error) {
        error.code()
    } else if let Some(error) = find::<ModelError>(error) {
        error.failure().code
    } else if let Some(error) = find::<SessionError>(error) {
        session_code(error)
    } else if let Some(error) = find::<IndexError>(error) {
        index_code(error)
    } else if let Some(error) = find::<StartError>(error) {
        start_code(error)
    } else if find::<ConfigError>(error).is_some() || find::<TelegramError>(error).is_some() {
        FailureCode::SettingInvalid
    } else if find::<WorkspaceError>(error).is_some() {
        FailureCode::WorkspaceInvalid
    } else {
        FailureCode::Other
    }
}

fn session_code(error: &SessionError) -> FailureCode {
    match error {
        SessionError::NotFound(_) => FailureCode::SessionNotFound,
        SessionError::Ambiguous { .. } => FailureCode::SessionAmbiguous,
        SessionError::InUse(_) => FailureCode::SessionInUse,
        SessionError::Newer { .. } | SessionError::Io { .. } => FailureCode::SessionUnreadable,
    }
}

fn index_code(error: &IndexError) -> FailureCode {
    match error {
        IndexError::Busy | IndexError::Filling | IndexError::StaleGeneration => {
            FailureCode::IndexBusy
        }
        IndexError::UnknownLanguage(_) | IndexError::BadGlob { .. } => FailureCode::QueryInvalid,
        IndexError::Workspace { .. } | IndexError::NothingFound { .. } => {
            FailureCode::WorkspaceInvalid
        }
        IndexError::Stopped => FailureCode::Stopped,
        IndexError::Store(_) | IndexError::Embedding(_) | IndexError::Task(_) => {
            FailureCode::IndexFailed
        }
    }
}

fn start_code(error: &StartError) -> FailureCode {
    match error {
        StartError::Config(_) | StartError::Tool(_) => FailureCode::SettingInvalid,
        StartError::Workspace(_) | StartError::Jail(_) => FailureCode::WorkspaceInvalid,
        StartError::Unconfined(_) => FailureCode::NotConfined,
        StartError::Folder { .. } => FailureCode::Other,
    }
}

fn hint(error: &Error) -> Option<String> {
    if let Some(error) = find::<ServerError>(error) {
        return error.hint();
    }
    let hint = match find::<IndexError>(error)? {
        IndexError::NothingFound { .. } => {
            "check that the folder is mounted; to delete the index, run `ollacode index --remove`"
        }
        IndexError::Busy => "wait until it has finished, or stop it",
        IndexError::UnknownLanguage(_) => {
            "use a language name or a file extension, such as `rust` or `rs`"
        }
        IndexError::BadGlob { .. } => "quote it for the shell: `--path 'src/**/*.rs'`",
        IndexError::Stopped => "finished work is kept; run the same command to continue",
        _ => return None,
    };
    Some(hint.to_owned())
}
