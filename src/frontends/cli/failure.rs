//! The failure of a command: code, message with causes, and hint.

use anyhow::Error;

use crate::failure::{Failure, FailureCode};
use crate::model::server::MissingModel;

/// Converts an error and its causes.
pub fn failure(error: &Error) -> Failure {
    let failure = crate::frontends::failure::failure(error);
    let missing = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<MissingModel>());
    match missing {
        Some(missing) => Failure {
            code: FailureCode::ModelMissing,
            hint: Some(missing.help.clone()),
            ..failure
        },
        None => failure,
    }
}
