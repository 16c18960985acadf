//! What was changed together, by the commits of a repository.

use std::collections::HashMap;
use std::sync::Arc;

use super::reason::Reason;
use crate::graph::{FileGraph, FileId};

/// Commits that are looked at, the newest. Older ones count less than a fifth of the newest.
pub const MOST_COMMITS: usize = 2_000;

/// A commit that changed more files counts nothing: it renames, formats or merges, and its files
/// have little in common. Measured with `benches/related.rs`: recall@10 by this signal is .61 with
/// 15 and .62 with 30, since each file of a large commit counts little anyway.
pub const MOST_FILES: usize = 30;

/// After so many commits a commit counts half: files that once belonged together drift apart.
/// Between 200 and 800 the figures agree to .002.
const HALF_LIFE: f64 = 800.0;

/// The same for whether a file is being worked on at all.
const RECENT_HALF_LIFE: f64 = 100.0;

/// The files of the newest commits of a repository. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct ChangeHistory {
    log: Arc<ChangeLog>,
    /// Commits that are left out, the newest.
    from: usize,
}

#[derive(Debug, Default)]
struct ChangeLog {
    paths: Vec<String>,
    ids: HashMap<String, u32>,
    /// The files of each commit, the newest first; empty where they count nothing.
    commits: Vec<Vec<u32>>,
    /// Of each path: the commits that changed it, the newest first.
    changes: Vec<Vec<u32>>,
}

impl ChangeHistory {
    /// The history with the files of each commit, the newest first. Paths are relative to the root
    /// of the workspace.
    pub fn new<'p>(commits: impl IntoIterator<Item = Vec<&'p str>>) -> ChangeHistory {
        let mut log = ChangeLog::default();
        for files in commits {
            log.add(files);
        }
        ChangeHistory {
            log: Arc::new(log),
            from: 0,
        }
    }

    /// The history as it was before a commit, which is given by its place from the newest.
    #[must_use]
    pub fn before(&self, commit: usize) -> ChangeHistory {
        ChangeHistory {
            log: Arc::clone(&self.log),
            from: self.from + commit + 1,
        }
    }

    /// How many commits it has, those that count nothing included.
    pub fn len(&self) -> usize {
        let commits = self.log.commits.len().saturating_sub(self.from);
        commits.min(MOST_COMMITS)
    }

    /// Whether it has no commit.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many commits changed both files.
    pub fn times_together(&self, one: &str, other: &str) -> u32 {
        let (Some(one), Some(other)) = (self.id(one), self.id(other)) else {
            return 0;
        };
        let both = self
            .changes(one)
            .filter(|(_, files)| files.contains(&other))
            .count();
        u32::try_from(both).unwrap_or(u32::MAX)
    }

    /// How much each file was changed together with a file: the sum over its commits, by their age
    /// and the number of their files.
    pub(super) fn values(&self, graph: &FileGraph, file: FileId) -> Vec<(FileId, f64)> {
        let sums = self.together(&graph.file(file).path);
        self.known(graph, sums)
    }

    /// How much each file was changed together with files that are alike, each with how alike it is.
    pub(super) fn values_of_alike(
        &self,
        graph: &FileGraph,
        alike: &[(FileId, f64)],
    ) -> Vec<(FileId, f64)> {
        let mut sums = vec![0.0; self.log.paths.len()];
        for (file, likeness) in alike {
            let found = self.together(&graph.file(*file).path);
            let all: f64 = found.iter().map(|(_, value)| value).sum();
            for (id, value) in found {
                sums[id as usize] += likeness * value / all.sqrt();
            }
        }
        let ids = 0_u32..;
        self.known(graph, ids.zip(sums).filter(|(_, sum)| *sum > 0.0).collect())
    }

    /// How much each file was changed at all lately.
    pub(super) fn recent_values(&self, graph: &FileGraph) -> Vec<(FileId, f64)> {
        let mut sums = vec![0.0; self.log.paths.len()];
        for (age, files) in self.commits().enumerate() {
            for id in files {
                sums[*id as usize] += halved(age, RECENT_HALF_LIFE);
            }
        }
        let ids = 0_u32..;
        self.known(graph, ids.zip(sums).filter(|(_, sum)| *sum > 0.0).collect())
    }

    pub(super) fn reasons(&self, one: &str, other: &str) -> Vec<Reason> {
        match self.times_together(one, other) {
            0 => Vec::new(),
            times => vec![Reason::ChangedTogether { times }],
        }
    }

    /// The sums over the commits of a path, by path, in the order of ids.
    fn together(&self, path: &str) -> Vec<(u32, f64)> {
        let Some(own) = self.id(path) else {
            return Vec::new();
        };
        let mut sums = vec![0.0; self.log.paths.len()];
        for (age, files) in self.changes(own) {
            let value = halved(age, HALF_LIFE) / files.len() as f64;
            for id in files.iter().filter(|id| **id != own) {
                sums[*id as usize] += value;
            }
        }
        let ids = 0_u32..;
        ids.zip(sums).filter(|(_, sum)| *sum > 0.0).collect()
    }

    /// The same of files that are there now.
    fn known(&self, graph: &FileGraph, sums: Vec<(u32, f64)>) -> Vec<(FileId, f64)> {
        sums.into_iter()
            .filter_map(|(id, sum)| Some((graph.id(&self.log.paths[id as usize])?, sum)))
            .collect()
    }

    fn id(&self, path: &str) -> Option<u32> {
        self.log.ids.get(path).copied()
    }

    /// The commits, the newest first.
    fn commits(&self) -> impl Iterator<Item = &[u32]> {
        let commits = self.log.commits.iter().skip(self.from).take(MOST_COMMITS);
        commits.map(Vec::as_slice)
    }

    /// The commits that changed a path, each with its age in commits.
    fn changes(&self, id: u32) -> impl Iterator<Item = (usize, &[u32])> {
        let commits = self.log.changes[id as usize].iter();
        let ages = commits.filter_map(|commit| (*commit as usize).checked_sub(self.from));
        ages.take_while(|age| *age < MOST_COMMITS)
            .map(|age| (age, self.log.commits[self.from + age].as_slice()))
    }
}

/// What a commit of an age counts.
fn halved(age: usize, half_life: f64) -> f64 {
    (-(age as f64) / half_life).exp2()
}

impl ChangeLog {
    fn add(&mut self, files: Vec<&str>) {
        let Ok(commit) = u32::try_from(self.commits.len()) else {
            return;
        };
        let counts = files.len() <= MOST_FILES;
        let mut ids: Vec<u32> = match counts {
            true => files
                .into_iter()
                .filter_map(|path| self.intern(path))
                .collect(),
            false => Vec::new(),
        };
        ids.sort_unstable();
        ids.dedup();
        for id in &ids {
            self.changes[*id as usize].push(commit);
        }
        self.commits.push(ids);
    }

    fn intern(&mut self, path: &str) -> Option<u32> {
        if let Some(id) = self.ids.get(path) {
            return Some(*id);
        }
        let id = u32::try_from(self.paths.len()).ok()?;
        self.ids.insert(path.to_owned(), id);
        self.paths.push(path.to_owned());
        self.changes.push(Vec::new());
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_commit_are_changed_together() {
        let history = ChangeHistory::new([vec!["a", "b"], vec!["c"], vec!["b", "a", "c"]]);
        assert_eq!(history.len(), 3);
        assert_eq!(history.times_together("a", "b"), 2);
        assert_eq!(history.times_together("b", "c"), 1);
        assert_eq!(history.times_together("a", "nowhere"), 0);
        let before = history.before(0);
        assert_eq!(before.len(), 2);
        assert_eq!(before.times_together("a", "b"), 1);
        assert!(before.before(1).is_empty());
        assert_eq!(before.before(5).times_together("a", "b"), 0);
    }

    #[test]
    fn new_and_small_commits_count_more() {
        let mut commits = vec![vec!["a", "new"], vec!["a", "shared", "x", "y"]];
        commits.resize(900, vec!["other"]);
        commits.push(vec!["a", "old"]);
        let history = ChangeHistory::new(commits);
        let sums = history.together("a");
        let sum = |path: &str| {
            let id = history.id(path).expect("a path");
            sums.iter()
                .find(|(found, _)| *found == id)
                .map(|(_, sum)| *sum)
        };
        assert_eq!(sum("new"), Some(0.5));
        assert!(sum("shared") < sum("new"), "{sums:?}");
        assert!(sum("old") < Some(0.25), "{sums:?}");
        assert_eq!(sum("other"), None);
    }

    #[test]
    fn commits_with_many_files_count_as_commits_only() {
        let many: Vec<String> = (0..=MOST_FILES)
            .map(|number| format!("f{number}"))
            .collect();
        let all: Vec<&str> = many.iter().map(String::as_str).collect();
        let history = ChangeHistory::new([all.clone(), all[1..].to_vec()]);
        assert_eq!(history.len(), 2);
        assert_eq!(history.times_together("f0", "f1"), 0);
        assert_eq!(history.times_together("f1", "f2"), 1);
    }

    #[test]
    fn a_hundred_thousand_commits_are_no_trouble() {
        let names: Vec<String> = (0..5_000)
            .map(|number| format!("src/{number}.rs"))
            .collect();
        let commit = |at: usize| {
            vec![
                names[at % 5_000].as_str(),
                names[(at * 7 + 1) % 5_000].as_str(),
            ]
        };
        let history = ChangeHistory::new((0..100_000).map(commit));
        assert_eq!(history.len(), MOST_COMMITS);
        assert_eq!(history.before(99_000).len(), 999);
        assert!(!history.together("src/0.rs").is_empty());
    }

    #[test]
    fn a_file_that_is_named_twice_in_a_commit_counts_once() {
        let history = ChangeHistory::new([vec!["a", "a", "b"]]);
        assert_eq!(history.times_together("a", "b"), 1);
    }
}
