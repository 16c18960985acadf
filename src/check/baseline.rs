//! What failed before, and how long commands took: kept for each workspace, so that old failures are
//! not taken for new ones. Nothing is stashed for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Serialize};

use super::parse::CheckFailure;

/// Version of the file; files of later versions are not read.
const VERSION: u32 = 1;
/// Most commands that are kept, the last ones.
const MOST_COMMANDS: usize = 50;
/// Largest file that is read, in bytes.
const MOST_BYTES: u64 = 16 << 20;
/// Shorter words of a name are in any question.
const SHORTEST_WORD: usize = 4;

/// The last run of each command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRuns {
    #[serde(default)]
    version: u32,
    /// Counts runs, to know which are the oldest.
    #[serde(default)]
    runs: u64,
    #[serde(default)]
    commands: BTreeMap<String, KnownRun>,
}

/// The last run of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownRun {
    /// The names of what failed,
    pub failing: BTreeSet<String>,
    /// and of those, what the last turn broke.
    #[serde(default)]
    pub fresh: BTreeSet<String>,
    /// How long it took, in milliseconds; if it did not end, how long it was given.
    pub millis: u64,
    /// How often in a row it did not end in its time.
    #[serde(default)]
    pub unfinished: u32,
    /// Whether it changed files, though it is to check them.
    #[serde(default)]
    pub rewrites: bool,
    /// Number of the run.
    #[serde(default)]
    run: u64,
}

impl KnownRun {
    pub fn took(&self) -> Duration {
        Duration::from_millis(self.millis)
    }

    pub fn has_ended(&self) -> bool {
        self.unfinished == 0
    }
}

impl KnownRuns {
    /// Reads the file of a workspace. A missing one is empty; so is one that is damaged, since it
    /// only says what is seen again.
    pub fn read(path: &Path) -> KnownRuns {
        let is_small = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= MOST_BYTES);
        let bytes = if is_small { fs::read(path).ok() } else { None };
        let known = bytes.and_then(|bytes| serde_json::from_slice::<KnownRuns>(&bytes).ok());
        known
            .filter(|known| known.version <= VERSION)
            .unwrap_or_default()
    }

    /// Writes the file of a workspace, for its owner alone.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let known = KnownRuns {
            version: VERSION,
            ..self.clone()
        };
        let text = serde_json::to_vec(&known)?;
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let written = write_private(&beside, &text).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // The error to report is the one above.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    /// The last run of a command, by its key.
    pub fn of(&self, key: &str) -> Option<&KnownRun> {
        self.commands.get(key)
    }

    /// Notes a run of a command.
    pub fn note(&mut self, key: &str, failing: BTreeSet<String>, took: Duration, rewrites: bool) {
        self.keep(
            key,
            KnownRun {
                failing,
                millis: millis(took),
                rewrites,
                ..KnownRun::default()
            },
        );
    }

    /// Notes that a command did not end in the time that it was given.
    pub fn note_unfinished(&mut self, key: &str, given: Duration) {
        let known = self.of(key).cloned().unwrap_or_default();
        self.keep(
            key,
            KnownRun {
                millis: millis(given),
                unfinished: known.unfinished.saturating_add(1),
                ..known
            },
        );
    }

    /// Notes what a turn broke, since it did not fail in the run `before` it.
    pub fn note_fresh(&mut self, key: &str, before: &KnownRun) {
        if let Some(known) = self.commands.get_mut(key) {
            known.fresh = known.failing.difference(&before.failing).cloned().collect();
        }
    }

    /// Forgets what the last turn broke, since it was undone; whether there was something.
    pub fn forget_fresh(&mut self) -> bool {
        let mut is_changed = false;
        for known in self.commands.values_mut() {
            let fresh = std::mem::take(&mut known.fresh);
            is_changed |= !fresh.is_empty();
            known.failing.retain(|name| !fresh.contains(name));
        }
        is_changed
    }

    fn keep(&mut self, key: &str, known: KnownRun) {
        self.runs = self.runs.saturating_add(1);
        let run = self.runs;
        self.commands
            .insert(key.to_owned(), KnownRun { run, ..known });
        while self.commands.len() > MOST_COMMANDS {
            let oldest = self.commands.iter().min_by_key(|(_, known)| known.run);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            self.commands.remove(&oldest);
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    // Left by a process that was killed.
    let _ = fs::remove_file(path);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}

#[cfg(not(unix))]
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)
}

/// The failures of a run, told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SortedFailures {
    /// Those that are new, or that the request is about.
    pub own: Vec<CheckFailure>,
    /// The names of those that failed before.
    pub old: Vec<String>,
}

/// Tells failures that a change has to answer for from those that were there before it.
///
/// `before` is the last run before the change, if there was one. `is_general`: a failure names only
/// the file that it is in, as those of linters do; without an earlier run, it counts only in a file
/// that was `changed`.
pub fn sorted(
    failures: Vec<CheckFailure>,
    before: Option<&KnownRun>,
    request: &str,
    changed: &[String],
    is_general: bool,
) -> SortedFailures {
    let mut found = SortedFailures::default();
    for failure in failures {
        let is_known = match (before, is_general) {
            (Some(before), _) => before.failing.contains(&failure.name),
            (None, true) => failure
                .path
                .as_ref()
                .is_some_and(|path| !changed.contains(path)),
            (None, false) => false,
        };
        if is_known && !is_about(request, &failure) {
            found.old.push(failure.name);
        } else {
            found.own.push(failure);
        }
    }
    found
}

/// Whether a request is about a failure: it names it, or speaks of failing tests.
fn is_about(request: &str, failure: &CheckFailure) -> bool {
    let lower = request.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_about_tests = has(&["test", "lint", "clippy", "warning", "check", "build", "ci "])
        && has(&["fix", "fail", "pass", "green", "broken", "repair", "red "]);
    let name = failure.name.to_lowercase();
    let mut words = name.split(|sign: char| !sign.is_alphanumeric() && sign != '_');
    let last = words.rfind(|word| word.chars().count() >= SHORTEST_WORD);
    let is_named = last.is_some_and(|last| {
        let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
        lower
            .split(|sign: char| !is_word(sign))
            .any(|word| word == last)
    });
    is_about_tests || is_named
}
