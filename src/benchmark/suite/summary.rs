//! What results of tasks say of a model: how many were solved at the first try, and within two.

use serde::{Deserialize, Serialize};

use super::results::TaskRecord;
use super::task::{Kind, Language};

/// Tasks, and how many of them were solved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Score {
    /// What the tasks have in common: a language, a kind, or `all`.
    pub name: String,
    pub tasks: usize,
    /// Solved at the first try.
    pub first: usize,
    /// Solved within two tries, the second with what the tests had printed.
    pub second: usize,
}

impl Score {
    fn of<'a>(name: &str, records: impl Iterator<Item = &'a TaskRecord>) -> Score {
        let mut score = Score {
            name: name.to_owned(),
            ..Score::default()
        };
        for record in records {
            score.tasks += 1;
            score.first += usize::from(record.is_solved_within(1));
            score.second += usize::from(record.is_solved_within(2));
        }
        score
    }
}

/// A part of all tasks in percent, rounded.
pub fn percent(part: usize, all: usize) -> usize {
    (part * 100 + all / 2).checked_div(all).unwrap_or_default()
}

/// What a run of a model has brought so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SuiteResult {
    pub model: String,
    /// Identifies the exact weights and settings; empty if the server does not say.
    pub digest: String,
    /// Version of the suite.
    pub suite: String,
    /// Version of ollacode.
    pub ollacode: String,
    /// Number of the run.
    pub run: u32,
    pub all: Score,
    /// Of each language with a result.
    pub languages: Vec<Score>,
    /// Of each kind of task with a result.
    pub kinds: Vec<Score>,
    /// Tasks that were not solved.
    pub unsolved: Vec<String>,
    /// Tasks that were asked for and have no result yet.
    pub left: usize,
    /// Seconds that the model took, and tokens.
    pub seconds: f64,
    pub prompt_tokens: u64,
    pub reply_tokens: u64,
    /// Why the run ended early, if it did.
    pub failure: Option<String>,
}

impl SuiteResult {
    /// Sums up results; the rest of the fields are left empty.
    pub fn of(records: &[TaskRecord]) -> SuiteResult {
        let by = |name: &str, is_it: &dyn Fn(&TaskRecord) -> bool| {
            let score = Score::of(name, records.iter().filter(|record| is_it(record)));
            (score.tasks > 0).then_some(score)
        };
        let languages = Language::ALL.map(Language::name);
        let languages = languages.map(|name| by(name, &|record| record.language == name));
        let kinds = Kind::ALL.map(Kind::name);
        let kinds = kinds.map(|name| by(name, &|record| record.kind == name));
        let unsolved = records.iter().filter(|record| !record.is_solved_within(2));
        let tries = || records.iter().flat_map(|record| &record.tries);
        SuiteResult {
            all: Score::of("all", records.iter()),
            languages: languages.into_iter().flatten().collect(),
            kinds: kinds.into_iter().flatten().collect(),
            unsolved: unsolved.map(|record| record.task.clone()).collect(),
            seconds: tries().map(|one| one.seconds).sum(),
            prompt_tokens: tries().map(|one| one.prompt_tokens).sum(),
            reply_tokens: tries().map(|one| one.reply_tokens).sum(),
            ..SuiteResult::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::results::TryResult;
    use super::*;

    fn record(task: &str, kind: &str, tries: &[bool]) -> TaskRecord {
        let one = |passed: &bool| TryResult {
            passed: *passed,
            seconds: 1.5,
            prompt_tokens: 100,
            reply_tokens: 10,
            ..TryResult::default()
        };
        TaskRecord {
            task: task.to_owned(),
            language: task.split('/').next().unwrap_or_default().to_owned(),
            kind: kind.to_owned(),
            tries: tries.iter().map(one).collect(),
            ..TaskRecord::default()
        }
    }

    #[test]
    fn results_are_summed_up_by_language_and_kind() {
        let result = SuiteResult::of(&[
            record("go/a", "fix", &[true]),
            record("go/b", "add", &[false, true]),
            record("rust/c", "fix", &[false, false]),
        ]);
        let rows = |scores: &[Score]| -> Vec<(String, usize, usize, usize)> {
            let row = |score: &Score| (score.name.clone(), score.tasks, score.first, score.second);
            scores.iter().map(row).collect()
        };
        assert_eq!(rows(&[result.all]), [("all".to_owned(), 3, 1, 2)]);
        assert_eq!(
            rows(&result.languages),
            [("rust".to_owned(), 1, 0, 0), ("go".to_owned(), 2, 1, 2)]
        );
        assert_eq!(
            rows(&result.kinds),
            [("fix".to_owned(), 2, 1, 1), ("add".to_owned(), 1, 0, 1)]
        );
        assert_eq!(result.unsolved, ["rust/c"]);
        assert_eq!((result.prompt_tokens, result.reply_tokens), (500, 50));
        assert!((result.seconds - 7.5).abs() < 1e-9);
        assert_eq!(SuiteResult::of(&[]).all.tasks, 0);
    }

    #[test]
    fn percentages_are_rounded() {
        for (part, all, expected) in [(0, 0, 0), (0, 5, 0), (1, 3, 33), (2, 3, 67), (30, 30, 100)] {
            assert_eq!(percent(part, all), expected, "{part} of {all}");
        }
    }
}
