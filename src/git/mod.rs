//! Git as the program itself uses it: by git's command line, in the sandbox, in machine formats.
//!
//! [`run`] runs it; [`state`] reads what differs; [`commit`] commits files; [`message`] makes the
//! message of a commit out of what a model says; [`ownership`] tells what is a session's own work.

pub mod commit;
pub mod history;
pub mod message;
pub mod ownership;
pub mod run;
pub mod state;
#[cfg(all(test, target_os = "linux"))]
mod tests_support;

pub use history::{HistoryCache, HistoryError, ReadHistory};
pub use run::{GitError, GitOutput, GitRunner, GitWrite};
pub use state::GitOperation;

/// When the program commits by itself what a session changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitWhen {
    /// Never: only `/commit` does.
    #[default]
    Off,
    /// After a turn that was answered, and whose checks did not fail.
    Turn,
}
