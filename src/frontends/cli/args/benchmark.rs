//! Arguments of `benchmark`.

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args};

use super::suite::SuiteArguments;

/// Most time for a model, in seconds,
const BUDGET: u64 = 300;
/// and with `--quick`.
const QUICK: u64 = 60;

const SUITE: &str = "Options of the suite of coding tasks";

/// Examples of `ollacode benchmark`.
pub(super) const BENCHMARK_HELP: &str = "\
Examples:
  ollacode benchmark                              the model of the settings, at most 5 minutes
  ollacode benchmark --quick qwen3:8b qwen3:14b   two models, at most a minute each
  ollacode benchmark --compare 20261121 20261130  what is different between two results
  ollacode benchmark --suite qwen3:8b             30 coding tasks with hidden tests

Tasks are made from the index of the folder, and done in a copy of a few files. Results are kept in
the data folder; Ctrl-C ends a run with what is known by then.";

/// Arguments of `ollacode benchmark`.
#[derive(Args, Clone, Debug)]
pub struct BenchmarkArguments {
    /// Chat models in Ollama; by default the one of the settings
    #[arg(value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub models: Vec<String>,

    /// Take at most 1 minute for a model instead of 5
    #[arg(long, conflicts_with = "budget")]
    pub quick: bool,

    /// Maximum time for a model, loading it included
    #[arg(long, value_name = "SECONDS")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub budget: Option<u64>,

    /// Compare two results, by their ids, beginnings of these, or files
    #[arg(long, num_args = 2, value_names = ["A", "B"], action = ArgAction::Set)]
    #[arg(conflicts_with_all = ["models", "quick", "budget"])]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub compare: Vec<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// The suite of coding tasks
    #[command(flatten, next_help_heading = SUITE)]
    pub suite: SuiteArguments,
}

impl BenchmarkArguments {
    /// Most time for a model.
    pub fn time(&self) -> Duration {
        let usual = if self.quick { QUICK } else { BUDGET };
        Duration::from_secs(self.budget.unwrap_or(usual))
    }
}
