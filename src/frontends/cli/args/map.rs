//! Arguments of `map`.

use clap::Args;

/// Examples of `ollacode map`.
pub(super) const MAP_HELP: &str = "\
Example:
  ollacode map --budget 2000";

/// Arguments of `ollacode map`.
#[derive(Args, Clone, Debug)]
pub struct MapArguments {
    /// Most tokens of the map
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub budget: u32,

    /// Begin with this file and its neighbours; can be repeated
    #[arg(long, value_name = "PATH")]
    pub focus: Vec<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
