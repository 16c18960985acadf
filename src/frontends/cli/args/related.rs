//! Arguments of `related`.

use clap::Args;

/// Examples of `ollacode related`.
pub(super) const RELATED_HELP: &str = "\
Example:
  ollacode related src/main.rs";

/// Arguments of `ollacode related`.
#[derive(Args, Clone, Debug)]
pub struct RelatedArguments {
    /// File of the workspace
    #[arg(value_name = "PATH")]
    pub path: String,

    /// Maximum number of files
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub limit: u16,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
