//! Arguments of `cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

/// Examples of `ollacode cache`.
pub(super) const CACHE_HELP: &str = "\
Examples:
  ollacode cache stat                    what the shared cache has, and who wrote it
  ollacode cache export vectors.bin      all of it in one file, for a machine without access
  ollacode cache import vectors.bin      add such a file to the shared cache
  ollacode cache compact                 merge small files, for example nightly

OLLACODE_SHARED_CACHE names the folder or bucket; docs/teams.md says how to set it up. `import` and `compact`
need OLLACODE_SHARED_CACHE_WRITE=true.";

/// Arguments of `ollacode cache`.
#[derive(Args, Clone, Debug)]
pub struct CacheArguments {
    #[command(subcommand)]
    pub command: CacheCommand,

    // clap gives the value of a global option to the commands above as well: by another name than
    // that of the option of `chat`.
    /// Print JSON
    #[arg(id = "cache_json", long = "json", global = true)]
    pub json: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    /// Show what the shared cache has, and who wrote it
    Stat,

    /// Write all of it to one new file
    Export {
        /// File to create
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },

    /// Add the vectors of a file that `export` wrote
    Import {
        /// File to read
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },

    /// Merge small files
    Compact,
}
