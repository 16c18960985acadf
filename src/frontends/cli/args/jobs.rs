//! Arguments of the commands that run a job: what they share, and what each wants.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::EngineArguments;

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
