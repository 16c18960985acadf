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

    /// Work on your home folder, or a folder above it, without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Arguments of jobs that ask a model.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelArguments {
    /// Chat model of the server
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,
}

/// Arguments of jobs that run commands.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfinementArguments {
    /// Confinement of commands: best available, required in full, or off
    #[arg(long, value_name = "HOW", value_parser = ["best", "required", "off"])]
    pub sandbox: Option<String>,

    /// Allow commands to use the network
    #[arg(long)]
    pub network: bool,
}

impl JobArguments {
    /// What the engine is told of a job, which has neither tools for a model nor steps. Only some use
    /// the index.
    pub(super) fn engine(
        &self,
        model: &ModelArguments,
        confinement: &ConfinementArguments,
        uses_index: bool,
    ) -> EngineArguments {
        EngineArguments {
            model: model.model.clone(),
            no_rag: !uses_index,
            sandbox: confinement.sandbox.clone(),
            network: confinement.network,
            yes: self.yes,
            ..EngineArguments::default()
        }
    }
}

impl Command {
    /// What the engine is told, if it is the command of a job.
    pub(super) fn job_engine(&self) -> Option<EngineArguments> {
        match self {
            Command::Init(init) => Some(init.engine()),
            Command::Design(design) => Some(design.engine()),
            Command::Check(check) => Some(check.engine()),
            Command::Commit(commit) => Some(commit.engine()),
            Command::Review(review) => Some(review.engine()),
            Command::Task(task) => Some(task.engine()),
            _ => None,
        }
    }

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
