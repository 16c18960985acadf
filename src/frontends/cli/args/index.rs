//! Arguments of `index`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

/// Arguments of `ollacode index`.
#[derive(Args, Clone, Debug)]
pub struct IndexArguments {
    /// Folder to index; by default the project around the current folder
    #[arg(value_hint = ValueHint::DirPath)]
    pub path: Option<PathBuf>,

    /// Keep the index up to date until Ctrl-C
    #[arg(long, group = "action")]
    pub watch: bool,

    /// Read and chunk every file again
    #[arg(long, conflicts_with_all = ["status", "failures", "skipped", "inspect", "remove", "list", "prune"])]
    pub force: bool,

    /// Only count files and chunks, and estimate the time
    #[arg(long, group = "action")]
    pub dry_run: bool,

    /// Show what the index contains
    #[arg(long, group = "action")]
    pub status: bool,

    /// List the texts that could not be embedded, and why
    #[arg(long, group = "action")]
    pub failures: bool,

    /// List the files that are not indexed, and why
    #[arg(long, group = "action")]
    pub skipped: bool,

    /// Show how a file is chunked
    #[arg(long, group = "action", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inspect: Option<PathBuf>,

    /// Delete the index
    #[arg(long, group = "action")]
    pub remove: bool,

    /// List the indexes of all folders
    #[arg(long, group = "action")]
    pub list: bool,

    /// Delete the indexes of folders that no longer exist
    #[arg(long, group = "action")]
    pub prune: bool,

    /// Answer yes to all questions
    #[arg(short, long)]
    pub yes: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `ollacode index` does, as its flags say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexAction<'a> {
    Refresh,
    Watch,
    DryRun,
    Status,
    Failures,
    Skipped,
    Inspect(&'a Path),
    Remove,
    List,
    Prune,
}

impl IndexArguments {
    /// The chosen action; clap allows at most one of the flags.
    pub fn action(&self) -> IndexAction<'_> {
        match self {
            IndexArguments { watch: true, .. } => IndexAction::Watch,
            IndexArguments { dry_run: true, .. } => IndexAction::DryRun,
            IndexArguments { status: true, .. } => IndexAction::Status,
            IndexArguments { failures: true, .. } => IndexAction::Failures,
            IndexArguments {
                inspect: Some(file),
                ..
            } => IndexAction::Inspect(file),
            IndexArguments { remove: true, .. } => IndexAction::Remove,
            IndexArguments { skipped: true, .. } => IndexAction::Skipped,
            IndexArguments { list: true, .. } => IndexAction::List,
            IndexArguments { prune: true, .. } => IndexAction::Prune,
            _ => IndexAction::Refresh,
        }
    }
}
