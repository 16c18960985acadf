//! Filters by language and path, and the conditions that they are for LanceDB.

use std::collections::BTreeSet;
use std::ops::Range;

/// A run of fewer paths is listed path by path.
const SHORTEST_RUN: usize = 3;
/// More runs than this are listed path by path: LanceDB looks up each one on its own.
const MOST_RUNS: usize = 64;

/// Limits a search to languages and paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of languages; empty for all.
    pub languages: Vec<String>,
    /// The paths to which globs were resolved; `None` for all.
    pub paths: Option<PathSet>,
}

impl Filter {
    /// Whether no chunk can pass.
    pub fn passes_nothing(&self) -> bool {
        self.paths.as_ref().is_some_and(PathSet::is_empty)
    }

    /// Whether the chunks of a file pass.
    pub fn passes(&self, path: &str, language: &str) -> bool {
        let is_language = |it: &String| it == language;
        (self.languages.is_empty() || self.languages.iter().any(is_language))
            && self.paths.as_ref().is_none_or(|paths| paths.contains(path))
    }

    /// The filter as an SQL condition; `None` if everything passes. A path that is not indexed, so
    /// far as the filter knows, may meet it: see [`Self::passes`].
    pub(crate) fn sql(&self) -> Option<String> {
        let mut conditions = Vec::new();
        if !self.languages.is_empty() {
            conditions.push(is_in("language", self.languages.iter().map(String::as_str)));
        }
        if let Some(paths) = &self.paths {
            conditions.push(paths.sql());
        }
        (!conditions.is_empty()).then(|| conditions.join(" AND "))
    }
}

/// Exact paths, with those among them that follow each other in the index.
///
/// A folder is one run, which LanceDB finds by its ends instead of by the names of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathSet {
    /// In order, each once.
    paths: Vec<String>,
    /// The runs, in order: together they are all paths.
    runs: Vec<Range<usize>>,
}

impl PathSet {
    /// The paths that are wanted, out of all that are indexed.
    pub fn among(indexed: BTreeSet<String>, is_wanted: impl Fn(&str) -> bool) -> PathSet {
        let mut set = PathSet::default();
        let mut follows = false;
        for path in indexed {
            if !is_wanted(&path) {
                follows = false;
                continue;
            }
            set.push(path, follows);
            follows = true;
        }
        set
    }

    /// Whether there is no path.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Whether a path is one of them.
    pub fn contains(&self, path: &str) -> bool {
        self.paths
            .binary_search_by(|it| it.as_str().cmp(path))
            .is_ok()
    }

    fn push(&mut self, path: String, follows_last: bool) {
        let at = self.paths.len();
        self.paths.push(path);
        match self.runs.last_mut().filter(|_| follows_last) {
            Some(run) => run.end = at + 1,
            None => self.runs.push(at..at + 1),
        }
    }

    fn sql(&self) -> String {
        let is_long = |run: &&Range<usize>| run.len() >= SHORTEST_RUN;
        let (long, short): (Vec<_>, Vec<_>) = self.runs.iter().partition(is_long);
        if long.is_empty() || long.len() > MOST_RUNS {
            return is_in("path", self.paths.iter().map(String::as_str));
        }
        let mut conditions: Vec<String> = long
            .iter()
            .map(|run| {
                let first = quoted(&self.paths[run.start]);
                let last = quoted(&self.paths[run.end - 1]);
                format!("(path >= {first} AND path <= {last})")
            })
            .collect();
        if !short.is_empty() {
            let paths = short.into_iter().flat_map(|run| &self.paths[run.clone()]);
            conditions.push(is_in("path", paths.map(String::as_str)));
        }
        format!("({})", conditions.join(" OR "))
    }
}

impl From<Vec<String>> for PathSet {
    /// Paths of which nothing is known but their names.
    fn from(paths: Vec<String>) -> PathSet {
        let mut set = PathSet::default();
        for path in paths.into_iter().collect::<BTreeSet<String>>() {
            set.push(path, false);
        }
        set
    }
}

/// Writes `column IN ('a', 'b')` with quotes escaped; no value means a condition never true.
pub(crate) fn is_in<'a>(column: &str, values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<String> = values.into_iter().map(quoted).collect();
    if values.is_empty() {
        return "false".to_owned();
    }
    format!("{column} IN ({})", values.join(","))
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indexed(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn quotes_are_escaped() {
        assert_eq!(is_in("path", ["a", "it's"]), "path IN ('a','it''s')");
        assert_eq!(is_in("path", []), "false");
    }

    #[test]
    fn filters_are_joined() {
        let filter = Filter {
            languages: vec!["rust".into()],
            paths: Some(vec!["a.rs".to_owned()].into()),
        };
        let sql = filter.sql();
        assert_eq!(
            sql.as_deref(),
            Some("language IN ('rust') AND path IN ('a.rs')")
        );
        assert!(filter.passes("a.rs", "rust"));
        assert!(!filter.passes("a.rs", "python") && !filter.passes("b.rs", "rust"));
        assert_eq!(Filter::default().sql(), None);
        assert!(Filter::default().passes("a.rs", "rust"));
    }

    #[test]
    fn a_folder_is_found_by_its_ends() {
        let all = indexed(&["a.rs", "src/a.rs", "src/b.rs", "src/it's.rs", "z.rs"]);
        let set = PathSet::among(all, |path| path.starts_with("src/") || path == "z.rs");
        assert_eq!(
            set.sql(),
            "((path >= 'src/a.rs' AND path <= 'z.rs'))",
            "they follow each other"
        );
        let all = indexed(&["src/a.rs", "src/b.rs", "src/it's.rs", "t.rs", "z.rs"]);
        let set = PathSet::among(all, |path| path != "t.rs");
        assert_eq!(
            set.sql(),
            "((path >= 'src/a.rs' AND path <= 'src/it''s.rs') OR path IN ('z.rs'))"
        );
        assert!(set.contains("src/b.rs") && !set.contains("t.rs"));
        // It was not indexed when the filter was made.
        assert!(!set.contains("src/aa.rs"));
    }

    #[test]
    fn many_runs_are_lists_of_paths() {
        let all: BTreeSet<String> = (0..400).map(|at| format!("{at:03}.rs")).collect();
        let is_wanted = |path: &str| !path.starts_with(|c: char| c > '2') && !path.contains("0.");
        let set = PathSet::among(all, is_wanted);
        assert!(
            set.sql()
                .starts_with("((path >= '001.rs' AND path <= '009.rs') OR")
        );
        let all: BTreeSet<String> = (0..400).map(|at| format!("{at:03}.rs")).collect();
        let set = PathSet::among(all, |path| !path.contains("0.") && !path.contains("5."));
        assert!(set.sql().starts_with("path IN ('001.rs','002.rs'"));
    }
}
