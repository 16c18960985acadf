//! Arguments of `search`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Arguments of `ollacode search`.
#[derive(Args, Clone, Debug)]
pub struct SearchArguments {
    /// Query; several words need no quotes
    #[arg(
        value_name = "QUERY",
        required_unless_present = "stdin",
        conflicts_with = "stdin"
    )]
    pub words: Vec<String>,

    /// Maximum number of hits
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: u16,

    /// Also search for this, the same in other words; can be repeated
    #[arg(long, value_name = "QUERY", conflicts_with = "stdin")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub also: Vec<String>,

    /// Only search files whose path matches this glob; can be repeated
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub path: Vec<String>,

    /// Only search files of this language; can be repeated
    #[arg(long, value_name = "LANG", value_parser = NonEmptyStringValueParser::new())]
    pub lang: Vec<String>,

    /// Print one JSON object per query, on one line
    #[arg(long)]
    pub json: bool,

    /// Show how each hit was ranked
    #[arg(long)]
    pub explain: bool,

    /// Read queries from stdin, one per line
    #[arg(long)]
    pub stdin: bool,

    /// Do not check for changed files first
    #[arg(long)]
    pub no_refresh: bool,
}

impl SearchArguments {
    /// The query; `None` if queries are read from stdin.
    pub fn query(&self) -> Option<String> {
        (!self.stdin).then(|| self.words.join(" "))
    }
}
