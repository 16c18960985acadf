//! The failure of a command: code, message with causes, and hint.

use anyhow::Error;

use super::model::MissingModel;
use crate::failure::{Failure, FailureCode};

/// Converts an error and its causes.
pub fn failure(error: &Error) -> Failure {
    let failure = crate::frontends::failure::failure(error);
    let missing = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<MissingModel>());
    match missing {
        Some(MissingModel(suggestion)) => Failure {
            code: FailureCode::ModelMissing,
            hint: Some(suggestion.to_string()),
            ..failure
        },
        None => failure,
    }
}
