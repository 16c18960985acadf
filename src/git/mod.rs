//! Git as the program itself uses it: by git's command line, in the sandbox, in machine formats.

pub mod history;
pub mod run;

pub use history::{HistoryCache, HistoryError, ReadHistory};
pub use run::{GitError, GitOutput, GitRunner, GitWrite};
