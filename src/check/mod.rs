//! Checks after edits: which commands fit changed files, what their output says, and which failures
//! are new. Pure: nothing is run here.
//!
//! In reading order: [`select`] chooses the commands, [`near`] the tests that belong to a change,
//! [`parse`] reads what they print, with the paths of [`places`], `not_run` tells whether they could do
//! their work, [`baseline`] knows what failed before, [`report`] says what came of it, and [`weakened`]
//! finds tests that an edit removed or weakened.

pub mod baseline;
pub mod near;
mod not_run;
pub mod parse;
pub mod places;
pub mod report;
pub mod select;
#[cfg(test)]
mod tests;
pub mod weakened;

pub use report::{CheckOutcome, CheckReport, CheckStep};

/// When the program checks changes by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckChoice {
    /// Never.
    #[default]
    Off,
    /// After the user was asked, once a session.
    Ask,
    /// Unasked, where commands are fully confined.
    Auto,
}

/// What a check looks at, in the order in which checks run: the quickest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckKind {
    Format,
    Lint,
    Types,
    /// The tests that belong to what was changed.
    NearTests,
    AllTests,
}

impl CheckKind {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            CheckKind::Format => "format",
            CheckKind::Lint => "lint",
            CheckKind::Types => "types",
            CheckKind::NearTests => "near_tests",
            CheckKind::AllTests => "tests",
        }
    }

    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            CheckKind::Format => "formatter check",
            CheckKind::Lint => "linter",
            CheckKind::Types => "type check",
            CheckKind::NearTests => "tests near the change",
            CheckKind::AllTests => "all tests",
        }
    }

    pub fn is_tests(self) -> bool {
        matches!(self, CheckKind::NearTests | CheckKind::AllTests)
    }
}

/// A command that checks something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckCommand {
    pub kind: CheckKind,
    /// The folder in which it runs, relative to the root; empty for the root.
    pub folder: String,
    pub line: String,
    /// The command that would make it pass, if there is one: the formatter.
    pub remedy: Option<String>,
    /// The command for all tests of the folder, if this one is for some of them.
    pub part_of: Option<String>,
}

impl CheckCommand {
    /// The command for people, with its folder.
    pub fn shown(&self) -> String {
        match self.folder.as_str() {
            "" => self.line.clone(),
            folder => format!("{} (in {folder})", self.line),
        }
    }

    /// What tells it from other commands of the workspace.
    pub fn key(&self) -> String {
        self.key_of(&self.line)
    }

    /// The key of the command for all tests, if this one is for some of them.
    pub fn whole_key(&self) -> Option<String> {
        self.part_of.as_deref().map(|line| self.key_of(line))
    }

    fn key_of(&self, line: &str) -> String {
        format!("{}\0{line}", self.folder)
    }
}
