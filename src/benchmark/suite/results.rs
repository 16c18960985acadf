//! Results of tasks: a line of JSON for each, appended when the task is done, so that a run can go
//! on where it was stopped. This format is stable.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::session::create_private_folder;

/// Version of the format.
pub const VERSION: u32 = 1;
/// Characters of a digest in the name of a file.
const DIGITS: usize = 12;

/// How a model did with a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskRecord {
    /// [`VERSION`] of the program that wrote it.
    pub version: u32,
    /// Version of the suite.
    pub suite: String,
    /// Number of the run, from 1: a run is continued until another one is asked for, or ollacode
    /// has another version.
    pub run: u32,
    /// Version of ollacode.
    pub ollacode: String,
    /// Name of the model.
    pub model: String,
    /// Identifies the exact weights and settings; empty if the server does not say.
    pub digest: String,
    /// The context window that was used, in tokens.
    pub window: u32,
    /// `full`, `landlock` or `none`: how commands were confined.
    pub confinement: String,
    /// Language and name: `rust/lot-picking`.
    pub task: String,
    pub language: String,
    pub kind: String,
    /// One, or two if the first failed.
    pub tries: Vec<TryResult>,
    /// The end, in UTC.
    pub at: String,
}

impl TaskRecord {
    /// Whether it was solved within so many tries.
    pub fn is_solved_within(&self, tries: usize) -> bool {
        self.tries.iter().take(tries).any(|one| one.passed)
    }
}

/// A try at a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TryResult {
    /// Whether the hidden tests passed.
    pub passed: bool,
    /// `answered`, `gave_up` or `out_of_time`.
    pub end: String,
    /// Why the model gave up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Of the model; the tests do not count.
    pub seconds: f64,
    pub replies: u32,
    /// Tool calls,
    pub calls: u32,
    /// and those that failed or were denied.
    pub calls_failed: u32,
    /// Tokens of all requests, as far as the server counts them,
    pub prompt_tokens: u64,
    /// and of all replies.
    pub reply_tokens: u64,
    /// What the tests printed, if they failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
}

/// The file of a model and a version of the suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    path: PathBuf,
}

impl ResultFile {
    /// The file in a folder. A model without a digest is known by its name.
    pub fn new(folder: &Path, model: &str, digest: &str, suite: &str) -> ResultFile {
        let digest = digest.strip_prefix("sha256:").unwrap_or(digest);
        let is_plain = |sign: &char| sign.is_ascii_alphanumeric() || *sign == '.';
        let mut key: String = digest.chars().filter(is_plain).take(DIGITS).collect();
        if key.is_empty() {
            let plain = |sign: char| if is_plain(&sign) { sign } else { '-' };
            key = format!("name-{}", model.chars().map(plain).collect::<String>());
        }
        ResultFile {
            path: folder.join(format!("{key}-{suite}.jsonl")),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All results; lines that cannot be read, such as the last one after a crash, are skipped.
    pub fn read(&self) -> io::Result<Vec<TaskRecord>> {
        let mut bytes = Vec::new();
        match OpenOptions::new().read(true).open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            file => file?.read_to_end(&mut bytes)?,
        };
        let text = String::from_utf8_lossy(&bytes);
        let read = |line| serde_json::from_str(line).ok();
        Ok(text.lines().filter_map(read).collect())
    }

    /// Appends a result; it is on disk when this returns.
    pub fn append(&self, record: &TaskRecord) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            create_private_folder(folder)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).read(true);
        let mut file = options.open(&self.path)?;
        let mut before = Vec::new();
        file.read_to_end(&mut before)?;
        let mut line = Vec::new();
        if before.last().is_some_and(|byte| *byte != b'\n') {
            // A line that was broken off.
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, record)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_data()
    }
}

/// The number of the run to continue, or of a new one.
pub fn current_run(records: &[TaskRecord], program: &str, again: bool) -> u32 {
    let last = records.iter().max_by_key(|record| record.run);
    match last {
        None => 1,
        Some(last) if again || last.ollacode != program => last.run + 1,
        Some(last) => last.run,
    }
}

/// The results of a run: of each task the first one.
pub fn of_run(records: &[TaskRecord], run: u32) -> Vec<TaskRecord> {
    let mut seen = BTreeSet::new();
    let of_run = records.iter().filter(|record| record.run == run);
    let first = of_run.filter(|record| seen.insert(record.task.clone()));
    first.cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn record(run: u32, task: &str) -> TaskRecord {
        TaskRecord {
            version: VERSION,
            run,
            ollacode: "1.0.0".to_owned(),
            task: task.to_owned(),
            ..TaskRecord::default()
        }
    }

    #[test]
    fn results_are_appended_and_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = ResultFile::new(
            &folder.path().join("a/b"),
            "m:8b",
            "sha256:0123456789abcdef",
            "v",
        );
        assert_eq!(file.read().expect("no results"), []);
        let mut records = vec![record(1, "go/a"), record(1, "go/b")];
        records[1].tries = vec![TryResult {
            output: Some("line 1\nline 2".to_owned()),
            ..TryResult::default()
        }];
        for record in &records {
            file.append(record).expect("it is written");
        }
        assert_eq!(file.read().expect("results"), records);
        // The process was killed while it wrote.
        let mut text = fs::read_to_string(file.path()).expect("the file");
        text.push_str("{\"version\": 1, \"ta");
        fs::write(file.path(), text).expect("the file");
        assert_eq!(file.read().expect("results"), records);
        records.push(record(2, "go/a"));
        file.append(&records[2]).expect("it is written");
        assert_eq!(file.read().expect("results"), records);
    }

    #[test]
    fn models_and_suites_have_files_of_their_own() {
        let name = |model, digest, suite| {
            let file = ResultFile::new(Path::new("/r"), model, digest, suite);
            file.path().display().to_string()
        };
        let whole = "sha256:0123456789abcdef0123";
        assert_eq!(name("m", whole, "v1"), "/r/0123456789ab-v1.jsonl");
        assert_eq!(name("other", whole, "v1"), "/r/0123456789ab-v1.jsonl");
        assert_eq!(name("m", whole, "v2"), "/r/0123456789ab-v2.jsonl");
        assert_eq!(name("a/b:8b", "", "v1"), "/r/name-a-b-8b-v1.jsonl");
        assert_eq!(name("..", "../..", "v1"), "/r/....-v1.jsonl");
    }

    #[test]
    fn a_run_goes_on_unless_another_one_is_wanted() {
        assert_eq!(current_run(&[], "1.0.0", false), 1);
        assert_eq!(current_run(&[], "1.0.0", true), 1);
        let records = [record(2, "go/a"), record(1, "go/b"), record(2, "go/a")];
        assert_eq!(current_run(&records, "1.0.0", false), 2);
        assert_eq!(current_run(&records, "1.0.0", true), 3);
        assert_eq!(current_run(&records, "1.0.1", false), 3);
        assert_eq!(of_run(&records, 2), [records[0].clone()]);
        assert_eq!(of_run(&records, 3), []);
    }

    #[test]
    fn a_task_is_solved_at_the_first_or_at_the_second_try() {
        let tried = |tries: &[bool]| TaskRecord {
            tries: tries
                .iter()
                .map(|passed| TryResult {
                    passed: *passed,
                    ..TryResult::default()
                })
                .collect(),
            ..TaskRecord::default()
        };
        for (tries, first, second) in [
            (vec![true], true, true),
            (vec![false, true], false, true),
            (vec![false, false], false, false),
            (vec![], false, false),
        ] {
            let record = tried(&tries);
            let solved = [1, 2].map(|tries| record.is_solved_within(tries));
            assert_eq!(solved, [first, second], "{tries:?}");
        }
    }
}
