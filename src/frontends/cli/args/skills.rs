//! Arguments of `skills`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

/// Examples of `ollacode skills`.
pub(super) const SKILLS_HELP: &str = "\
Examples:
  ollacode skills list
  ollacode skills show explain-module
  ollacode skills new release-notes      make one of your own";

/// Arguments of `ollacode skills`.
#[derive(Args, Clone, Debug)]
pub struct SkillsArguments {
    #[command(subcommand)]
    pub command: SkillsCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum SkillsCommand {
    /// List the skills
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Show a skill and its files
    Show {
        /// Name of the skill
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Make a skill of your own
    New {
        /// Name of the new skill
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,

        /// Make it in this repository, for everybody who works on it
        #[arg(long)]
        repository: bool,
    },
}
