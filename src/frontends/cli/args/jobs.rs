//! Arguments of the commands that run a job: what they share, and what each wants.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::{Command, EngineArguments};

/// Arguments that all commands of jobs share.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct JobArguments {
    /// Print events as JSON, one per line
    #[arg(long)]
    pub json: bool,

    /// Continue this session, by the beginning or end of its id
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub resume: Option<String>,

    /// Edit files without asking
    #[arg(long, group = "unasked")]
    pub auto_edit: bool,

    /// Approve everything without asking, except secrets and protected files
    #[arg(long, group = "unasked")]
    pub auto_approve: bool,

    /// The model and its permissions
    #[command(flatten)]
    pub engine: EngineArguments,
}

impl Command {
    /// The arguments that all commands of jobs share, if it is one.
    pub fn job(&self) -> Option<&JobArguments> {
        match self {
            Command::Init(init) => Some(&init.job),
            Command::Design(design) => Some(&design.job),
            Command::Check(check) => Some(&check.job),
            Command::Commit(commit) => Some(&commit.job),
            Command::Review(review) => Some(&review.job),
            Command::Task(task) => Some(&task.job),
            _ => None,
        }
    }
}
