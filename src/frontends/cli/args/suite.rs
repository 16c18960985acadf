//! Arguments of `benchmark --suite`.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

/// Most time of a model for a try, in minutes.
const TRY_MINUTES: u16 = 10;

/// Arguments of the suite of coding tasks.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteArguments {
    /// Run 30 coding tasks with hidden tests instead, two tries each, or go on with them
    #[arg(long, conflicts_with_all = ["quick", "budget", "compare"])]
    pub suite: bool,

    /// Only tasks in these languages, separated by commas
    #[arg(long, value_name = "LANG", value_delimiter = ',', requires = "suite")]
    #[arg(value_parser = ["rust", "python", "javascript", "go", "java", "c"])]
    pub languages: Vec<String>,

    /// Only this task; can be repeated
    #[arg(long, value_name = "NAME", requires = "suite")]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub task: Vec<String>,

    /// Start over instead of going on
    #[arg(long, requires = "suite")]
    pub again: bool,

    /// Maximum time of a model for a try; 10 by default
    #[arg(long, value_name = "MINUTES", requires = "suite")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_440))]
    pub try_minutes: Option<u16>,

    /// Run the suite even if commands cannot be fully confined
    #[arg(long, requires = "suite")]
    pub unconfined: bool,
}

impl SuiteArguments {
    /// Most time of a model for a try.
    pub fn try_time(&self) -> Duration {
        let minutes = self.try_minutes.unwrap_or(TRY_MINUTES);
        Duration::from_secs(u64::from(minutes) * 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_has_a_usual_time() {
        let arguments = SuiteArguments::default();
        assert_eq!(arguments.try_time(), Duration::from_secs(600));
        let arguments = SuiteArguments {
            try_minutes: Some(2),
            ..arguments
        };
        assert_eq!(arguments.try_time(), Duration::from_secs(120));
    }
}
