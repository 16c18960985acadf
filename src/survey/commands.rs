//! Commands with their evidence, and which of them is the best.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::facts::{CommandKind, Ecosystem, Evidence, LanguageShare, ProjectCommand};
use super::shell;

/// Most commands of a kind in a folder and ecosystem: beyond them are variants of a matrix.
const MOST_OF_A_KIND: usize = 4;
/// Most commands of all.
const MOST: usize = 240;
/// Most pieces of evidence of a command.
const MOST_EVIDENCE: usize = 6;

/// What tells of a command. The sum of the weights of those that agree is what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// A job that is not the usual one: another system, releases, may fail.
    SideJob,
    /// A manifest alone: what is usual for such projects.
    Convention,
    /// Settings of the tool that it runs.
    Settings,
    /// A script or a target that people have written.
    Task,
    /// A job of CI, which runs it at each change.
    Ci,
}

impl Source {
    fn weight(self) -> u32 {
        match self {
            Source::SideJob => 1,
            Source::Convention => 2,
            Source::Settings => 3,
            Source::Task => 5,
            Source::Ci => 9,
        }
    }
}

/// A command that something tells of.
pub(super) struct Told<'a> {
    pub kind: CommandKind,
    pub ecosystem: Ecosystem,
    pub folder: &'a str,
    pub line: &'a str,
    pub source: Source,
    pub evidence: Evidence,
}

struct Candidate {
    command: ProjectCommand,
    /// The sources of its evidence, beside it.
    sources: Vec<Source>,
    /// When it was told of first.
    order: usize,
}

/// The commands that were told of so far.
#[derive(Default)]
pub(super) struct Commands {
    found: BTreeMap<(CommandKind, String, String), Candidate>,
}

impl Commands {
    pub fn add(&mut self, told: Told<'_>) {
        if told.line.chars().any(char::is_control) || told.line.is_empty() {
            return;
        }
        let order = self.found.len();
        let key = (told.kind, told.folder.to_owned(), normal(told.line));
        let candidate = self.found.entry(key).or_insert_with(|| Candidate {
            command: ProjectCommand {
                kind: told.kind,
                ecosystem: told.ecosystem,
                folder: told.folder.to_owned(),
                line: told.line.to_owned(),
                evidence: Vec::new(),
                runs: Vec::new(),
            },
            sources: Vec::new(),
            order,
        });
        if !candidate.command.evidence.contains(&told.evidence) {
            candidate.command.evidence.push(told.evidence);
            candidate.sources.push(told.source);
        }
    }

    /// The commands by kind; within a kind, the best first. What CI runs comes before what it does
    /// not, then counts in which language most of the sources are.
    pub fn ranked(self, languages: &[LanguageShare]) -> Vec<ProjectCommand> {
        let mut all: Vec<Candidate> = self.found.into_values().collect();
        all.sort_by_cached_key(|candidate| {
            let command = &candidate.command;
            (
                command.kind,
                Reverse(candidate.sources.contains(&Source::Ci)),
                language_rank(command.ecosystem, languages),
                Reverse(candidate.worth()),
                command.folder.matches('/').count() + usize::from(!command.folder.is_empty()),
                Reverse(candidate.is_plain()),
                Reverse(candidate.sources.len()),
                candidate.order,
            )
        });
        let mut counts: BTreeMap<(CommandKind, String, Ecosystem), usize> = BTreeMap::new();
        all.retain(|candidate| {
            let command = &candidate.command;
            let key = (command.kind, command.folder.clone(), command.ecosystem);
            let count = counts.entry(key).or_default();
            *count += 1;
            *count <= MOST_OF_A_KIND
        });
        all.truncate(MOST);
        all.into_iter().map(Candidate::into_command).collect()
    }
}

impl Candidate {
    fn worth(&self) -> u32 {
        let mut sources = self.sources.clone();
        sources.sort_unstable();
        sources.dedup();
        sources.iter().map(|source| source.weight()).sum()
    }

    /// Whether it is what people type: `npm test` rather than `npm run test-ci`.
    fn is_plain(&self) -> bool {
        let words = shell::words(&self.command.line);
        let last = words.last().map_or("", String::as_str);
        let is_name = |name: &str| last == name || self.command.line == name;
        ["test", "build", "lint", "format", "typecheck"]
            .into_iter()
            .any(is_name)
    }

    fn into_command(self) -> ProjectCommand {
        let mut evidence: Vec<(Source, Evidence)> = self
            .sources
            .into_iter()
            .zip(self.command.evidence)
            .collect();
        evidence.sort_by(|one, other| {
            let key =
                |(source, evidence): &(Source, Evidence)| (Reverse(*source), evidence.clone());
            key(one).cmp(&key(other))
        });
        evidence.truncate(MOST_EVIDENCE);
        ProjectCommand {
            evidence: evidence.into_iter().map(|(_, evidence)| evidence).collect(),
            ..self.command
        }
    }
}

/// The position among the languages of those that an ecosystem is for; 0 for one of any language.
fn language_rank(ecosystem: Ecosystem, languages: &[LanguageShare]) -> usize {
    let of: &[&str] = match ecosystem {
        Ecosystem::Cargo => &["Rust"],
        Ecosystem::Go => &["Go"],
        Ecosystem::Npm | Ecosystem::Pnpm | Ecosystem::Yarn | Ecosystem::Bun | Ecosystem::Deno => {
            &["TypeScript", "JavaScript", "Vue", "Svelte", "Astro"]
        }
        Ecosystem::Python => &["Python"],
        Ecosystem::Maven | Ecosystem::Gradle => &["Java", "Kotlin", "Groovy", "Scala"],
        Ecosystem::Sbt => &["Scala"],
        Ecosystem::Dotnet => &["C#", "F#", "Visual Basic"],
        Ecosystem::Bundler => &["Ruby"],
        Ecosystem::Mix => &["Elixir"],
        Ecosystem::Swift => &["Swift"],
        Ecosystem::CMake | Ecosystem::Meson => &["C++", "C", "Objective-C"],
        Ecosystem::Composer => &["PHP"],
        Ecosystem::Zig => &["Zig"],
        Ecosystem::Dart => &["Dart"],
        Ecosystem::Stack | Ecosystem::Cabal => &["Haskell"],
        Ecosystem::Dune => &["OCaml"],
        Ecosystem::Bazel | Ecosystem::Make | Ecosystem::Just | Ecosystem::Task => return 0,
    };
    let mut names = languages.iter().map(|language| language.name.as_str());
    names
        .position(|name| of.contains(&name))
        .unwrap_or(usize::MAX)
}

/// A form in which the same command is the same text.
fn normal(line: &str) -> String {
    let words = shell::words(line);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let [manager, run, _, ..] = words[..]
        && matches!(manager, "npm" | "pnpm" | "yarn")
        && matches!(run, "run" | "run-script")
        && !words[2].starts_with('-')
    {
        words.remove(1);
    }
    let mut line = words.join(" ");
    if let Some(rest) = line.strip_prefix("python3 ") {
        line = format!("python {rest}");
    }
    if let Some(rest) = line.strip_prefix("python -m pytest") {
        line = format!("pytest{rest}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<'a>(line: &'a str, folder: &'a str, source: Source, path: &str) -> Told<'a> {
        Told {
            kind: CommandKind::Test,
            ecosystem: Ecosystem::Npm,
            folder,
            line,
            source,
            evidence: Evidence {
                path: path.to_owned(),
                line: None,
                what: "x".to_owned(),
            },
        }
    }

    fn lines(commands: Commands) -> Vec<String> {
        commands
            .ranked(&[])
            .into_iter()
            .map(|command| command.line)
            .collect()
    }

    #[test]
    fn sources_that_agree_come_first_and_ci_is_the_best_witness() {
        let mut commands = Commands::default();
        commands.add(told("make test", "", Source::Task, "Makefile"));
        commands.add(told("pytest", "", Source::Settings, "pytest.ini"));
        commands.add(told("npm test", "", Source::Task, "package.json"));
        commands.add(told("tox", "", Source::Ci, "ci.yml"));
        commands.add(told("npm run test", "", Source::Ci, "ci.yml"));
        assert_eq!(lines(commands), ["npm test", "tox", "make test", "pytest"]);
    }

    #[test]
    fn the_plain_name_and_the_root_win_among_equals() {
        let mut commands = Commands::default();
        commands.add(told("npm run test-ci", "", Source::Ci, "ci.yml"));
        commands.add(told("npm test", "a", Source::Ci, "ci.yml"));
        commands.add(told("npm test", "", Source::Ci, "ci.yml"));
        assert_eq!(lines(commands), ["npm test", "npm run test-ci", "npm test"]);
    }

    #[test]
    fn the_main_language_comes_first_among_what_ci_runs() {
        let mut commands = Commands::default();
        commands.add(told("npm test", "", Source::Ci, "ci.yml"));
        commands.add(told("npm test", "", Source::Task, "package.json"));
        commands.add(Told {
            ecosystem: Ecosystem::Mix,
            ..told("mix test", "", Source::Ci, "ci.yml")
        });
        let languages = ["Elixir", "JavaScript"].map(|name| LanguageShare {
            name: name.to_owned(),
            files: 1,
            percent: 50,
        });
        let lines = commands
            .ranked(&languages)
            .into_iter()
            .map(|command| command.line);
        assert_eq!(lines.collect::<Vec<_>>(), ["mix test", "npm test"]);
    }

    #[test]
    fn variants_are_left_out_beyond_a_few() {
        let mut commands = Commands::default();
        for number in 0..20 {
            let line = format!("cargo test --features f{number}");
            commands.add(told(&line, "", Source::Ci, "ci.yml"));
        }
        assert_eq!(lines(commands).len(), MOST_OF_A_KIND);
    }
}
