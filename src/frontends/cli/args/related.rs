//! Arguments of `related`.

use clap::Args;

/// Examples of `ollacode related`.
pub(super) const RELATED_HELP: &str = "\
Examples:
  ollacode related src/main.rs           its tests, what it uses, what uses it, what changes with it
  ollacode related -n 3 --json lib.py    the closest three, with the reasons as data

`uses x` means that the listed file uses x of PATH; `used in 3 places: y` that PATH uses y of it; \
`shares z` that z is in both and in few other files.

With --json, an object with version, path, commits, files (path, score, and reasons with kind, \
words, names and count) and notes.";

/// Arguments of `ollacode related`.
#[derive(Args, Clone, Debug)]
pub struct RelatedArguments {
    /// File of the workspace
    #[arg(value_name = "PATH", value_hint = clap::ValueHint::FilePath)]
    pub path: String,

    /// Maximum number of files
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: u16,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
