//! Which hooks are for something that happens, and the lines that they run for it.

use crate::permission::{Hook, HookPoint, HookValues, Placeholder};

/// Most files that a hook is told of,
pub const MOST_FILES: usize = 200;
/// most that its line runs for one by one,
pub const MOST_RUNS: usize = 50;
/// and the longest line with all files in it, in bytes: systems take no word of more than 128 KB.
const LONGEST_LINE: usize = 64 << 10;

/// What happens.
#[derive(Clone, Debug)]
pub struct HookEvent {
    pub on: HookPoint,
    /// The names of the tool: `run_command`, `github.search`; empty where there is none.
    pub tools: Vec<String>,
    /// The files that it is about, relative to the workspace.
    pub files: Vec<String>,
    /// Files that it removed.
    pub removed: Vec<String>,
    /// The root of the workspace.
    pub root: String,
}

/// What a hook has to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is for something else.
    No,
    /// It runs.
    Runs {
        /// What it runs, in this order.
        lines: Vec<String>,
        /// The files that it is for.
        files: Vec<String>,
        removed: Vec<String>,
    },
    /// It is for so many files that it cannot see all of them.
    TooMany(usize),
}

impl HookEvent {
    /// What a hook has to do with it.
    pub fn fit(&self, hook: &Hook) -> Fit {
        if hook.on != self.on || !self.has_tool(hook) {
            return Fit::No;
        }
        let filter = hook.files();
        let is_meant = |path: &&String| filter.as_ref().is_none_or(|files| files.names(path));
        let files: Vec<String> = self.files.iter().filter(is_meant).cloned().collect();
        let removed: Vec<String> = self.removed.iter().filter(is_meant).cloned().collect();
        let has_none = files.is_empty() && removed.is_empty();
        let wants_files = hook.command.wants_files();
        if (filter.is_some() && has_none) || (wants_files && files.is_empty()) {
            return Fit::No;
        }
        let is_each = hook.command.has(Placeholder::Path);
        let most = if is_each { MOST_RUNS } else { MOST_FILES };
        if files.len() > most {
            return Fit::TooMany(files.len());
        }
        let lines = self.lines(hook, &files);
        if lines.iter().any(|line| line.len() > LONGEST_LINE) {
            return Fit::TooMany(files.len());
        }
        Fit::Runs {
            lines,
            files,
            removed,
        }
    }

    fn has_tool(&self, hook: &Hook) -> bool {
        let is_named = |name: &String| hook.tools.iter().any(|pattern| names_tool(pattern, name));
        hook.tools.is_empty() || self.tools.iter().any(is_named)
    }

    fn lines(&self, hook: &Hook, files: &[String]) -> Vec<String> {
        let values = HookValues {
            path: "",
            paths: files,
            tool: self.tools.last().map_or("", String::as_str),
            workspace: &self.root,
        };
        if !hook.command.has(Placeholder::Path) {
            return vec![hook.command.filled(&values)];
        }
        let each = files
            .iter()
            .map(|path| hook.command.filled(&HookValues { path, ..values }));
        each.collect()
    }
}

/// Whether a pattern means a tool; `*` stands for any characters.
pub fn names_tool(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let pieces: Vec<&str> = rest.split('*').collect();
    let Some((last, between)) = pieces.split_last() else {
        return true;
    };
    for piece in between {
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::permission::{HookFailure, HookLine};

    fn hook(tools: &[&str], paths: &[&str], command: &str) -> Hook {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Hook {
            on: HookPoint::AfterEdit,
            tools: owned(tools),
            paths: owned(paths),
            command: HookLine::parse(command).expect("a line"),
            timeout: Duration::from_secs(1),
            on_error: HookFailure::Continue,
        }
    }

    fn edited(files: &[&str], removed: &[&str]) -> HookEvent {
        let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        HookEvent {
            on: HookPoint::AfterEdit,
            tools: vec!["edit_file".to_owned()],
            files: owned(files),
            removed: owned(removed),
            root: "/w".to_owned(),
        }
    }

    /// The lines that run; none if the hook does not fit.
    fn lines(event: &HookEvent, hook: &Hook) -> Vec<String> {
        match event.fit(hook) {
            Fit::Runs { lines, .. } => lines,
            Fit::No => Vec::new(),
            Fit::TooMany(count) => panic!("{count} are too many"),
        }
    }

    #[test]
    fn a_hook_fits_by_point_tool_and_files() {
        let event = edited(&["src/a.rs", "b.py"], &[]);
        for (tools, paths, fits) in [
            (&[][..], &[][..], true),
            (&["edit_file"], &[], true),
            (&["write_file", "edit_*"], &["*.rs"], true),
            (&["write_file"], &[], false),
            (&[], &["*.go"], false),
        ] {
            let hook = hook(tools, paths, "true");
            assert_eq!(lines(&event, &hook).len(), usize::from(fits), "{hook:?}");
            let elsewhere = Hook {
                on: HookPoint::TurnEnd,
                ..hook
            };
            assert_eq!(event.fit(&elsewhere), Fit::No);
        }
    }

    #[test]
    fn a_line_with_a_path_runs_for_each_file_and_one_with_paths_once() {
        let event = edited(&["a.rs", "b c.rs", "d.py"], &[]);
        assert_eq!(
            lines(&event, &hook(&[], &["*.rs"], "rustfmt {path}")),
            ["rustfmt a.rs", "rustfmt 'b c.rs'"]
        );
        assert_eq!(
            lines(
                &event,
                &hook(&[], &[], "lint {paths} in {workspace} {tool}")
            ),
            ["lint a.rs 'b c.rs' d.py in /w edit_file"]
        );
        let none = edited(&[], &["gone.rs"]);
        assert!(lines(&none, &hook(&[], &["*.rs"], "rustfmt {path}")).is_empty());
        assert!(lines(&none, &hook(&[], &[], "lint {paths}")).is_empty());
        assert_eq!(lines(&none, &hook(&[], &["*.rs"], "log")), ["log"]);
    }

    #[test]
    fn what_a_hook_could_not_see_is_said() {
        let many: Vec<String> = (0..=MOST_FILES)
            .map(|number| format!("{number}.rs"))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let each = hook(&[], &[], "a {path}");
        assert_eq!(edited(&many, &[]).fit(&each), Fit::TooMany(MOST_FILES + 1));
        assert_eq!(
            lines(&edited(&many[..MOST_RUNS], &[]), &each).len(),
            MOST_RUNS
        );
        let all = hook(&[], &[], "a {paths}");
        assert_eq!(edited(&many, &[]).fit(&all), Fit::TooMany(MOST_FILES + 1));
        assert_eq!(lines(&edited(&many[1..], &[]), &all).len(), 1);
        let long = "x".repeat(LONGEST_LINE);
        assert_eq!(edited(&[&long], &[]).fit(&all), Fit::TooMany(1));
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, is_meant) in [
            ("edit_file", "edit_file", true),
            ("edit_file", "edit_files", false),
            ("*", "anything.at_all", true),
            ("github.*", "github.search", true),
            ("github.*", "gitlab.search", false),
            ("*_file", "write_file", true),
            ("*.search*_a*", "x.search_b_a_c", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a**b", "ab", true),
            ("*b*", "abc", true),
        ] {
            assert_eq!(names_tool(pattern, name), is_meant, "{pattern} {name}");
        }
    }

    proptest! {
        /// Putting any texts in the place of the stars gives a name that the pattern means.
        #[test]
        fn a_pattern_means_what_it_was_made_of(
            pieces in prop::collection::vec("[ab.]{0,3}", 1..5),
            filling in prop::collection::vec("[ab.]{0,4}", 5),
        ) {
            let pattern = pieces.join("*");
            let mut name = pieces[0].clone();
            for (piece, between) in pieces[1..].iter().zip(&filling) {
                name.push_str(between);
                name.push_str(piece);
            }
            prop_assert!(names_tool(&pattern, &name), "{} {}", pattern, name);
            name.push('z');
            prop_assert!(!names_tool(&pattern, &name) || pattern.ends_with('*'));
        }
    }
}
