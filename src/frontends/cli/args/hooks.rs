//! Arguments of `hooks`.

use clap::{Args, Subcommand};

/// Examples of `ollacode hooks`.
pub(super) const HOOKS_HELP: &str = "\
Examples:
  ollacode hooks                   those of config.toml, and those of this repository
  ollacode hooks --json            the same for programs
  ollacode hooks trust             show the hooks of this repository, and trust them
  ollacode hooks trust --forget    trust them no longer";

/// Arguments of `ollacode hooks`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct HooksArguments {
    #[command(subcommand)]
    pub command: Option<HooksCommand>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum HooksCommand {
    /// Show the hooks of this repository, and trust them
    Trust {
        /// End the trust
        #[arg(long)]
        forget: bool,
    },
}
