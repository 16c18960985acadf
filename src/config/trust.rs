//! Refuses settings files that another user can write.

use std::path::Path;

use super::ConfigError;
use crate::private_file::{WrittenByOthers, written_by_others};

/// Refuses a file that another user can write or replace. A missing file is accepted.
pub(crate) fn check(path: &Path) -> Result<(), ConfigError> {
    match written_by_others(path) {
        None => Ok(()),
        Some(WrittenByOthers { path, problem, fix }) => {
            Err(ConfigError::Untrusted { path, problem, fix })
        }
    }
}
