//! Arguments of `map`.

use clap::Args;

/// Examples of `ollacode map`.
pub(super) const MAP_HELP: &str = "\
Examples:
  ollacode map --budget 2000                the most used files, and what others use of them
  ollacode map src/engine/mod.rs            a file, then all that it uses or is used by
  ollacode map --svg > map.svg              the folders, and how often they use each other

With --json, an object with version, budget, tokens, files (path, language, rank, reason, \
definitions with name, kind, line, signature and uses), aside (folder, role, files), left_out, \
unread and notes.";

/// Arguments of `ollacode map`.
#[derive(Args, Clone, Debug)]
pub struct MapArguments {
    /// Most tokens of the map, by our estimate
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(256..=8_192))]
    pub budget: u32,

    /// Begin with these files or folders and all that they use or are used by
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub paths: Vec<String>,

    /// The same as PATH; repeat for more
    #[arg(long, value_name = "PATH", value_hint = clap::ValueHint::AnyPath)]
    pub focus: Vec<String>,

    /// Print JSON
    #[arg(long, conflicts_with_all = ["mermaid", "svg"])]
    pub json: bool,

    /// Print the folders and their connections as a Mermaid flowchart
    #[arg(long, conflicts_with = "svg")]
    pub mermaid: bool,

    /// Print the folders and their connections as a picture
    #[arg(long)]
    pub svg: bool,
}
