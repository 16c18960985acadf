//! The tasks, as they are part of the program: requests, files and hidden tests.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Error, anyhow};
use toml::de::DeTable;

/// Ending of files that cargo or git would take for their own in our repository.
const DISGUISE: &str = ".task";
/// Hexadecimal digits of the version.
const DIGITS: usize = 8;

/// A programming language of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    Rust,
    Python,
    JavaScript,
    Go,
    Java,
    /// C and C++.
    C,
}

impl Language {
    pub const ALL: [Language; 6] = [
        Language::Rust,
        Language::Python,
        Language::JavaScript,
        Language::Go,
        Language::Java,
        Language::C,
    ];

    /// Its name on the command line and in results.
    pub fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::Go => "go",
            Language::Java => "java",
            Language::C => "c",
        }
    }

    /// Its name in a table.
    pub fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::Python => "Python",
            Language::JavaScript => "JavaScript",
            Language::Go => "Go",
            Language::Java => "Java",
            Language::C => "C, C++",
        }
    }

    /// A command that succeeds where its tests can run.
    pub fn probe(self) -> &'static str {
        match self {
            Language::Rust => "rustc --version",
            Language::Python => "python3 --version",
            Language::JavaScript => "node --version",
            Language::Go => "go version",
            Language::Java => "javac -version && java -version",
            Language::C => "cc --version && c++ --version",
        }
    }

    pub fn named(name: &str) -> Option<Language> {
        Language::ALL
            .into_iter()
            .find(|language| language.name() == name)
    }
}

/// What a task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Fix a bug that is described.
    Fix,
    /// Add a function.
    Add,
    /// Change a signature and all its callers.
    Signature,
    /// Restructure code and keep what it does.
    Restructure,
    /// Handle an edge case that an error message shows.
    Error,
}

impl Kind {
    pub const ALL: [Kind; 5] = [
        Kind::Fix,
        Kind::Add,
        Kind::Signature,
        Kind::Restructure,
        Kind::Error,
    ];

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Fix => "fix",
            Kind::Add => "add",
            Kind::Signature => "signature",
            Kind::Restructure => "restructure",
            Kind::Error => "error",
        }
    }
}

/// A file of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskFile {
    /// Relative, with slashes.
    pub path: &'static str,
    pub text: &'static str,
}

/// A coding task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub language: Language,
    pub name: &'static str,
    pub kind: Kind,
    /// What the model is asked.
    pub request: String,
    /// The project as the model finds it.
    pub files: Vec<TaskFile>,
    /// Hidden tests; the model never sees them.
    pub tests: Vec<TaskFile>,
    /// A script that succeeds if the tests pass. It runs at the root of a copy of the project that
    /// has the tests in the folder `oracle`.
    pub oracle: String,
    /// How long the script may take.
    pub limit: Duration,
}

impl fmt::Display for Task {
    /// `rust/lot-picking`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.language.name(), self.name)
    }
}

/// A task as the build script embeds it.
struct EmbeddedTask {
    language: &'static str,
    name: &'static str,
    /// Its `task.toml`.
    manifest: &'static str,
    /// Paths and texts.
    files: &'static [(&'static str, &'static str)],
    tests: &'static [(&'static str, &'static str)],
}

static EMBEDDED: &[EmbeddedTask] = include!(concat!(env!("OUT_DIR"), "/suite_tasks.rs"));

/// All tasks, by language and name.
pub fn tasks() -> Result<Vec<Task>, Error> {
    let read = |task: &EmbeddedTask| {
        let (language, name) = (task.language, task.name);
        parse(task).with_context(|| format!("the task {language}/{name} cannot be read"))
    };
    let mut tasks: Vec<Task> = EMBEDDED.iter().map(read).collect::<Result<_, _>>()?;
    tasks.sort_by_key(|task| (task.language, task.name));
    Ok(tasks)
}

/// The version of the suite: it changes with every change of a task.
pub fn version() -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    for task in EMBEDDED {
        [task.language, task.name, task.manifest]
            .into_iter()
            .for_each(&mut add);
        for (path, text) in task.files.iter().chain(task.tests) {
            add(path);
            add(text);
        }
    }
    hasher.finalize().to_hex()[..DIGITS].to_owned()
}

fn parse(task: &EmbeddedTask) -> Result<Task, Error> {
    let table = DeTable::parse(task.manifest)?;
    let value = |key: &str| {
        let value = table.get_ref().get(key);
        value.with_context(|| format!("`{key}` is missing"))
    };
    let text = |key: &str| {
        let text = value(key)?.get_ref().as_str();
        text.with_context(|| format!("`{key}` is no text"))
    };
    let kind = text("kind")?;
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
    let seconds = value("seconds")?.get_ref().as_integer();
    let seconds = seconds.and_then(|seconds| seconds.as_str().parse().ok());
    Ok(Task {
        language: Language::named(task.language).context("the language is unknown")?,
        name: task.name,
        kind: kind.context("`kind` is unknown")?,
        request: text("request")?.trim().to_owned(),
        files: files(task.files),
        tests: files(task.tests),
        oracle: text("oracle")?.trim().to_owned(),
        limit: seconds
            .map(Duration::from_secs)
            .ok_or_else(|| anyhow!("`seconds` is no number"))?,
    })
}

fn files(embedded: &'static [(&'static str, &'static str)]) -> Vec<TaskFile> {
    let file = |(path, text): &(&'static str, &'static str)| TaskFile {
        path: path.strip_suffix(DISGUISE).unwrap_or(path),
        text,
    };
    embedded.iter().map(file).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn there_is_a_task_of_each_kind_in_each_language() {
        let tasks = tasks().expect("the tasks");
        let found: Vec<(Language, Kind)> = tasks
            .iter()
            .map(|task| (task.language, task.kind))
            .collect();
        for language in Language::ALL {
            for kind in Kind::ALL {
                let count = found.iter().filter(|of| **of == (language, kind)).count();
                assert_eq!(count, 1, "{} {}", language.name(), kind.name());
            }
        }
        assert_eq!(tasks.len(), 30);
        let names: BTreeSet<&str> = tasks.iter().map(|task| task.name).collect();
        assert_eq!(names.len(), tasks.len(), "names are unique");
    }

    #[test]
    fn tasks_are_small_projects() {
        for task in tasks().expect("the tasks") {
            assert!((2..=6).contains(&task.files.len()), "{task}");
            let bytes: usize = task.files.iter().map(|file| file.text.len()).sum();
            assert!(bytes < 6_000, "{task} has {bytes} bytes");
            assert!(!task.tests.is_empty() && task.request.len() > 100, "{task}");
            assert!((10..=120).contains(&task.limit.as_secs()), "{task}");
            for file in task.files.iter().chain(&task.tests) {
                assert!(!file.path.ends_with(DISGUISE), "{task}: {}", file.path);
                assert!(!file.path.split('/').any(|part| part == "oracle"), "{task}");
            }
        }
    }

    #[test]
    fn no_request_and_no_file_gives_the_tests_away() {
        for task in tasks().expect("the tasks") {
            let shown = task.files.iter().map(|file| file.text);
            for text in shown.chain([task.request.as_str()]) {
                assert!(!text.to_lowercase().contains("oracle"), "{task}");
                let is_test = |file: &TaskFile| text.contains(file.text);
                assert!(!task.tests.iter().any(is_test), "{task}");
            }
        }
    }

    #[test]
    fn the_version_is_short_and_stays_the_same() {
        assert_eq!(version().len(), DIGITS);
        assert_eq!(version(), version());
    }

    #[test]
    fn a_bad_manifest_is_an_error() {
        let whole = "kind = 'fix'\nrequest = 'a'\noracle = 'true'\nseconds = 5\n";
        let read = |manifest: &'static str| {
            parse(&EmbeddedTask {
                language: "go",
                name: "a",
                manifest,
                files: &[("Cargo.toml.task", "a"), ("b.rs", "b")],
                tests: &[],
            })
        };
        let task = read(whole).expect("a task");
        let paths: Vec<&str> = task.files.iter().map(|file| file.path).collect();
        assert_eq!(paths, ["Cargo.toml", "b.rs"]);
        assert_eq!(
            (task.to_string(), task.limit.as_secs()),
            ("go/a".to_owned(), 5)
        );
        for bad in [
            "",
            "kind = 'fix'",
            "kind = 'play'\nrequest = 'a'\noracle = 'true'\nseconds = 5\n",
            "kind = 'fix'\nrequest = 1\noracle = 'true'\nseconds = 5\n",
            "kind = 'fix'\nrequest = 'a'\noracle = 'true'\nseconds = 'x'\n",
            "kind =",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
