//! The facts of a project, as data.

use serde::Serialize;

/// What the files of a workspace say of the project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Most bytes of source first.
    pub languages: Vec<LanguageShare>,
    /// By path.
    pub manifests: Vec<Manifest>,
    /// Members of workspaces, by path.
    pub members: Vec<Member>,
    /// Where the program starts, by path.
    pub entry_points: Vec<EntryPoint>,
    /// By name.
    pub frameworks: Vec<Framework>,
    /// Each with the lock file that tells of it; the one that CI uses first.
    pub package_managers: Vec<Found>,
    /// Versions of compilers and interpreters that files ask for.
    pub toolchains: Vec<Found>,
    /// Services that run the tests.
    pub ci: Vec<Found>,
    pub licence: Option<Found>,
    /// Folders of generated files.
    pub generated: Vec<String>,
    /// Folders of other people's code.
    pub vendored: Vec<String>,
    pub tests: TestLayout,
    /// Files with instructions for agents: `AGENTS.md`, `CLAUDE.md` and others.
    pub instructions: Vec<String>,
    /// By kind; within a kind, the best evidence first.
    pub commands: Vec<ProjectCommand>,
    /// What was not read, each with the reason: `path: reason`.
    pub unread: Vec<String>,
}

impl Facts {
    /// The commands of a kind, the best evidence first.
    pub fn commands(&self, kind: CommandKind) -> impl Iterator<Item = &ProjectCommand> {
        let is_of_kind = move |command: &&ProjectCommand| command.kind == kind;
        self.commands.iter().filter(is_of_kind)
    }
}

/// How much of the sources is in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LanguageShare {
    /// As people write it: `Rust`, `TypeScript`.
    pub name: String,
    pub files: usize,
    /// Percent of the bytes of all sources, rounded.
    pub percent: u8,
}

/// A manifest of a project or of a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Manifest {
    pub path: String,
    pub ecosystem: Ecosystem,
}

/// A member of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Member {
    /// Its folder.
    pub path: String,
    /// The name of its package; else that of its folder.
    pub name: String,
}

/// A file with which a program begins, or what others import of a library.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EntryPoint {
    pub path: String,
    /// For people: "program `ollacode`", "library".
    pub what: String,
}

/// A framework or library that shapes the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Framework {
    pub name: String,
    pub kind: FrameworkKind,
    /// The manifest that depends on it, or its settings file.
    pub evidence: String,
}

/// What a framework is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FrameworkKind {
    /// Serves requests.
    Web,
    /// Shows pages or windows.
    Interface,
    Test,
    Database,
    /// Parses arguments.
    CommandLine,
    /// Runtime, tasks, messages.
    Runtime,
    /// Numbers, data and models.
    Data,
    Game,
    Mobile,
}

/// Something that a file tells of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    pub name: String,
    /// The file.
    pub path: String,
}

/// How the tests are laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TestLayout {
    /// Folders of tests, most files first.
    pub folders: Vec<String>,
    /// How files of tests are named, as globs, most files first: `*_test.go`, `test_*.py`.
    pub patterns: Vec<String>,
    /// The names of frameworks for tests.
    pub frameworks: Vec<String>,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    Build,
    /// All tests.
    Test,
    /// Some tests; has placeholders.
    OneTest,
    Lint,
    /// Tells whether files are formatted; changes nothing.
    FormatCheck,
    /// Formats files.
    Format,
    TypeCheck,
    /// Runs the program.
    Run,
}

impl CommandKind {
    /// Every kind, in the order of [`Facts::commands`].
    pub const ALL: [CommandKind; 8] = [
        CommandKind::Build,
        CommandKind::Test,
        CommandKind::OneTest,
        CommandKind::Lint,
        CommandKind::FormatCheck,
        CommandKind::Format,
        CommandKind::TypeCheck,
        CommandKind::Run,
    ];

    /// For people: "format check".
    pub fn words(self) -> &'static str {
        match self {
            CommandKind::Build => "build",
            CommandKind::Test => "test",
            CommandKind::OneTest => "one test",
            CommandKind::Lint => "lint",
            CommandKind::FormatCheck => "format check",
            CommandKind::Format => "format",
            CommandKind::TypeCheck => "type check",
            CommandKind::Run => "run",
        }
    }
}

/// The tools that build a kind of project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecosystem {
    Cargo,
    Go,
    Npm,
    Pnpm,
    Yarn,
    Bun,
    Deno,
    Python,
    Maven,
    Gradle,
    Sbt,
    Dotnet,
    Bundler,
    Mix,
    Swift,
    CMake,
    Meson,
    Composer,
    Zig,
    Dart,
    Stack,
    Cabal,
    Dune,
    Bazel,
    Make,
    Just,
    Task,
}

/// A command of the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectCommand {
    pub kind: CommandKind,
    pub ecosystem: Ecosystem,
    /// The folder in which it runs, relative to the root; empty for the root.
    pub folder: String,
    /// The command line. [`CommandKind::OneTest`] has placeholders: `{file}`, `{name}`, `{package}`.
    pub line: String,
    /// The best first; never empty.
    pub evidence: Vec<Evidence>,
    /// What it runs, if it is a script or target of the project: folders and lines, tasks within tasks
    /// included.
    #[serde(skip)]
    pub runs: Vec<(String, String)>,
}

/// Where a fact stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    pub path: String,
    /// From 1, if known.
    pub line: Option<u32>,
    /// What stands there: `scripts.test`, `run in job test`, `target test`.
    pub what: String,
}
