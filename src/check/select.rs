//! Which commands of a project fit changed files. A pure table: the project's commands are facts, those
//! of the user come first.

use std::collections::BTreeSet;

use super::{CheckCommand, CheckKind};
use crate::permission::command::{full_screen, risk, shell_word};
use crate::permission::{CommandRisk, UserChecks};
use crate::survey::{CommandKind, Ecosystem, Facts, ProjectCommand};

/// Most commands of one kind.
const MOST_OF_A_KIND: usize = 4;

/// Which kind of command makes which check, in the order in which checks run.
const KINDS: [(CheckKind, CommandKind); 4] = [
    (CheckKind::Format, CommandKind::FormatCheck),
    (CheckKind::Lint, CommandKind::Lint),
    (CheckKind::Types, CommandKind::TypeCheck),
    (CheckKind::AllTests, CommandKind::Test),
];

const JAVASCRIPT: &str =
    "js jsx ts tsx mjs cjs mts cts vue svelte astro json css scss less html graphql";
const JVM: &str = "java kt kts scala groovy gradle xml";
/// Extensions of the files that the tools of an ecosystem look at; the others look at any source.
const EXTENSIONS: &[(Ecosystem, &str)] = &[
    (Ecosystem::Cargo, "rs toml"),
    (Ecosystem::Go, "go mod"),
    (Ecosystem::Npm, JAVASCRIPT),
    (Ecosystem::Pnpm, JAVASCRIPT),
    (Ecosystem::Yarn, JAVASCRIPT),
    (Ecosystem::Bun, JAVASCRIPT),
    (Ecosystem::Deno, JAVASCRIPT),
    (Ecosystem::Python, "py pyi pyx toml cfg ini"),
    (Ecosystem::Maven, JVM),
    (Ecosystem::Gradle, JVM),
    (Ecosystem::Sbt, "scala sbt java"),
    (Ecosystem::Dotnet, "cs fs vb csproj fsproj props razor"),
    (Ecosystem::Bundler, "rb erb rake gemspec"),
    (Ecosystem::Mix, "ex exs eex heex"),
    (Ecosystem::Swift, "swift"),
    (Ecosystem::CMake, "c cc cpp cxx h hh hpp hxx m mm cu cmake"),
    (Ecosystem::Meson, "c cc cpp cxx h hh hpp hxx build"),
    (Ecosystem::Composer, "php json"),
    (Ecosystem::Zig, "zig zon"),
    (Ecosystem::Dart, "dart yaml"),
    (Ecosystem::Stack, "hs yaml"),
    (Ecosystem::Cabal, "hs cabal"),
    (Ecosystem::Dune, "ml mli mly mll"),
];
/// Extensions of files that no check looks at.
const DOCUMENTS: &str = "md rst txt adoc png jpg jpeg gif svg webp ico pdf lock log csv";
/// Ecosystems whose command for a file of tests takes several.
const SEVERAL_FILES: [Ecosystem; 9] = [
    Ecosystem::Python,
    Ecosystem::Npm,
    Ecosystem::Pnpm,
    Ecosystem::Yarn,
    Ecosystem::Bun,
    Ecosystem::Deno,
    Ecosystem::Bundler,
    Ecosystem::Mix,
    Ecosystem::Dart,
];
/// Words of commands that go on until they are stopped.
const ENDLESS: [&str; 8] = [
    "watch",
    "--watch",
    "--watchAll",
    "--watch-all",
    "serve",
    "dev",
    "start",
    "--ui",
];

/// Programs that say by a list alone which files are not formatted: they end well all the same.
const LISTERS: &str = "gofmt gofumpt goimports";
/// Words with which linters and formatters change files instead of checking them.
const REWRITING: &str = "--fix --fix-only --write --in-place --apply --autocorrect \
    --autocorrect-all --auto-correct --auto-correct-all --autofix";
/// The same of one program each; without a word, the program always does.
const REWRITERS: &[(&str, &[&str])] = &[
    ("gofmt", &["-w"]),
    ("gofumpt", &["-w"]),
    ("goimports", &["-w"]),
    ("clang-format", &["-i"]),
    ("rubocop", &["-a", "-A"]),
    ("ktlint", &["-F"]),
    ("pre-commit", &[]),
    ("prek", &[]),
];

/// Words of commands that run all tests of a folder: with any other word it may be some of them.
const WHOLE_RUNS: &str = "\
    cargo test nextest run --workspace --all --all-features --locked --offline -q --quiet -v --verbose \
    python python3 -m pytest unittest discover tox nox npm pnpm yarn bun deno npx jest vitest mocha go \
    ./... make check tests mvn ./mvnw gradle ./gradlew sbt dotnet bundle exec rspec rake mix swift \
    ctest --test-dir build just task composer zig dart stack cabal dune runtest 2>&1";

/// Whether a command line, run in the root, runs all tests that its program finds.
pub fn is_whole_run(line: &str) -> bool {
    let mut words = line.split_whitespace().peekable();
    words.peek().is_some() && words.all(|word| has_word(WHOLE_RUNS, word))
}

/// What is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub facts: &'a Facts,
    /// The user's own commands.
    pub own: &'a UserChecks,
    /// The changed files.
    pub changed: &'a [String],
    /// Files of tests that belong to the change.
    pub near: &'a [String],
    /// Check everything, whatever was changed.
    pub all: bool,
}

/// The commands that fit, the quickest first.
pub fn select(wanted: &Wanted<'_>) -> Vec<CheckCommand> {
    let changed: Vec<&str> = wanted.changed.iter().map(String::as_str).collect();
    let changed: Vec<&str> = changed.into_iter().filter(|path| is_source(path)).collect();
    if changed.is_empty() && !wanted.all {
        return Vec::new();
    }
    let mut found: Vec<CheckCommand> = Vec::new();
    for (kind, of) in KINDS {
        if let Some(line) = own_line(wanted.own, kind) {
            found.push(CheckCommand {
                kind,
                folder: String::new(),
                line: line.to_owned(),
                remedy: None,
                part_of: None,
            });
            continue;
        }
        let commands = fitting(wanted, of, &changed);
        if kind == CheckKind::AllTests && !wanted.all {
            found.extend(near_commands(wanted, &commands, &changed));
        }
        let commands = without_covered(commands, kind);
        let commands = commands.into_iter().take(MOST_OF_A_KIND);
        found.extend(commands.map(|command| CheckCommand {
            kind,
            folder: command.folder.clone(),
            line: command.line.clone(),
            remedy: remedy(wanted.facts, kind, command),
            part_of: None,
        }));
    }
    found
}

fn own_line(own: &UserChecks, kind: CheckKind) -> Option<&str> {
    match kind {
        CheckKind::Format => own.format.as_deref(),
        CheckKind::Lint => own.lint.as_deref(),
        CheckKind::AllTests => own.test.as_deref(),
        CheckKind::Types | CheckKind::NearTests => None,
    }
}

/// Whether a check looks at a file.
fn is_source(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    match name.rsplit_once('.') {
        Some((stem, extension)) => {
            let is_list = extension == "txt" && (stem == "cmakelists" || stem == "requirements");
            is_list || !has_word(DOCUMENTS, extension)
        }
        None => !matches!(name.as_str(), "license" | "readme" | "changelog"),
    }
}

/// The commands of a kind for the changed files: of each file, the one of the deepest folder around
/// it, and of those with the best evidence.
fn fitting<'a>(
    wanted: &Wanted<'a>,
    kind: CommandKind,
    changed: &[&str],
) -> Vec<&'a ProjectCommand> {
    let may_run = |command: &&ProjectCommand| {
        is_safe(&command.line) && (kind == CommandKind::Test || !rewrites(&command.line))
    };
    let commands: Vec<&ProjectCommand> = wanted.facts.commands(kind).filter(may_run).collect();
    let mut found: Vec<&ProjectCommand> = Vec::new();
    let mut add = |command: &'a ProjectCommand| {
        let is_same =
            |known: &&ProjectCommand| known.folder == command.folder && known.line == command.line;
        if !found.iter().any(is_same) {
            found.push(command);
        }
    };
    if wanted.all {
        let mut places: BTreeSet<(&str, Ecosystem)> = BTreeSet::new();
        for command in commands {
            if places.insert((command.folder.as_str(), command.ecosystem)) {
                add(command);
            }
        }
        return found;
    }
    for path in changed {
        let fits = |command: &&&ProjectCommand| {
            is_in(path, &command.folder) && looks_at(command.ecosystem, path)
        };
        let depth = |command: &&&ProjectCommand| depth(&command.folder);
        let deepest = commands.iter().filter(fits).map(|it| depth(&it)).max();
        let mut fitting = commands.iter().filter(fits);
        if let Some(command) = fitting.find(|command| Some(depth(command)) == deepest) {
            add(command);
        }
    }
    found
}

/// Leaves out what another command runs, too: `cargo test` beside a `make test` that runs it.
fn without_covered(commands: Vec<&ProjectCommand>, kind: CheckKind) -> Vec<&ProjectCommand> {
    let is_same = |one: &str, other: &str| {
        let is_all = |line: &str| kind == CheckKind::AllTests && is_whole_run(line);
        one == other || (is_all(one) && is_all(other) && tool(one) == tool(other))
    };
    let covers = |other: &ProjectCommand, command: &ProjectCommand| {
        let mut runs = other.runs.iter();
        other != command
            && runs.any(|(folder, line)| *folder == command.folder && is_same(line, &command.line))
    };
    let is_covered = |command: &&ProjectCommand| {
        let mut others = commands.iter();
        // Of two that run each other, both stay.
        others.any(|other| covers(other, command) && !covers(command, other))
    };
    let left = commands.iter().copied();
    left.filter(|command| !is_covered(command)).collect()
}

/// The program that runs tests, without the one that starts it.
fn tool(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    words.find(|word| !has_word("python python3 -m npx", word))
}

fn depth(folder: &str) -> usize {
    folder.split('/').filter(|part| !part.is_empty()).count()
}

/// Whether a file is in a folder; the root is empty.
fn is_in(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn looks_at(ecosystem: Ecosystem, path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let row = EXTENSIONS.iter().find(|(known, _)| *known == ecosystem);
    row.is_none_or(|(_, extensions)| has_word(extensions, &extension.to_lowercase()))
}

fn has_word(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// Whether a command ends by itself, needs neither network nor terminal, and is no more than words:
/// it was found in a file of the repository.
fn is_safe(line: &str) -> bool {
    let is_endless = line.split_whitespace().any(|word| {
        let word = word.trim_matches(['"', '\'']);
        ENDLESS.contains(&word) || word.ends_with(":watch") || word.ends_with(":dev")
    });
    let has_placeholder = line.contains('{') && line.contains('}');
    let has_signs = line
        .replace("&&", "")
        .contains(['\n', '\0', '$', '`', '<', '>', '|', '&', ';']);
    !is_endless
        && !has_placeholder
        && !has_signs
        && full_screen(line).is_none()
        && risk(line) != CommandRisk::NeedsNetworkOrGit
}

/// Whether a linter or formatter changes files, as far as its line tells.
fn rewrites(line: &str) -> bool {
    let words = || line.split_whitespace();
    let is_told = |word: &str| {
        let option = word.split('=').next().unwrap_or(word);
        let is_fix = word.ends_with(":fix") || word.ends_with("-fix");
        has_word(REWRITING, option) || (is_fix && !word.starts_with("--no"))
    };
    let is_rewriter = REWRITERS.iter().any(|(program, options)| {
        let is_named = words().any(|word| word.rsplit('/').next() == Some(*program));
        let is_told = words().any(|word| options.contains(&word));
        is_named && (options.is_empty() || is_told)
    });
    // It checks only if it is kept from writing.
    let is_dart = words().any(|word| word == "dart") && words().any(|word| word == "format");
    let writes_dart = is_dart && !line.contains("none");
    words().any(is_told) || is_rewriter || writes_dart
}

/// Whether a formatter ends well also if files are not formatted, and lists them.
pub(super) fn always_ends_well(line: &str) -> bool {
    let program = line.split_whitespace().next().unwrap_or_default();
    has_word(LISTERS, program.rsplit('/').next().unwrap_or(program))
}

/// The command that would make a formatter check pass.
fn remedy(facts: &Facts, kind: CheckKind, check: &ProjectCommand) -> Option<String> {
    if kind != CheckKind::Format {
        return None;
    }
    let mut formatters = facts.commands(CommandKind::Format);
    let formatter = formatters
        .find(|command| command.folder == check.folder && command.ecosystem == check.ecosystem)?;
    Some(formatter.line.clone())
}

/// Commands that run only the tests near the change, where that is fewer than all.
fn near_commands(
    wanted: &Wanted<'_>,
    all: &[&ProjectCommand],
    changed: &[&str],
) -> Vec<CheckCommand> {
    let mut found: Vec<CheckCommand> = Vec::new();
    for command in all {
        let line = match command.ecosystem {
            Ecosystem::Cargo => packages(wanted.facts, changed)
                .and_then(|packages| of_packages(&command.line, &packages.concat())),
            // With the same flags: tags and the race detector decide what is tested.
            Ecosystem::Go => go_packages(&command.folder, changed)
                .filter(|_| command.line.contains(" ./..."))
                .map(|packages| command.line.replacen(" ./...", &packages, 1)),
            _ => with_files(wanted, command),
        };
        let Some(line) = line else { continue };
        if line != command.line && is_safe(&line) {
            found.push(CheckCommand {
                kind: CheckKind::NearTests,
                folder: command.folder.clone(),
                line,
                remedy: None,
                part_of: Some(command.line.clone()),
            });
        }
    }
    found.truncate(MOST_OF_A_KIND);
    found
}

/// The members of a Cargo workspace that were changed, each as ` -p name`; `None` if something else
/// was changed as well, or there is but one.
fn packages(facts: &Facts, changed: &[&str]) -> Option<Vec<String>> {
    if facts.members.len() < 2 {
        return None;
    }
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let sources = changed
        .iter()
        .filter(|path| looks_at(Ecosystem::Cargo, path));
    for path in sources {
        let around = facts.members.iter().filter(|member| {
            !member.path.is_empty() && member.path != "." && is_in(path, &member.path)
        });
        let member = around.max_by_key(|member| depth(&member.path))?;
        names.insert(&member.name);
    }
    let is_name = |name: &&str| {
        let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-';
        !name.is_empty() && !name.starts_with('-') && name.chars().all(is_sign)
    };
    let is_few = !names.is_empty() && names.len() < facts.members.len();
    (is_few && names.iter().all(is_name))
        .then(|| names.iter().map(|name| format!(" -p {name}")).collect())
}

/// A command for a workspace as one for some of its packages, with the same flags: with others, all
/// would be compiled again. `None` if it cannot be.
fn of_packages(line: &str, packages: &str) -> Option<String> {
    const OF_ALL: &str = "--workspace --all";
    const OF_SOME: &str = "-p --package --exclude --features -F --manifest-path -C";
    let words = || line.split(' ');
    let is_some = |word: &str| has_word(OF_SOME, word.split('=').next().unwrap_or(word));
    if words().any(is_some) {
        return None;
    }
    let kept: Vec<&str> = words().filter(|word| !has_word(OF_ALL, word)).collect();
    let kept = kept.join(" ");
    let start = ["cargo test", "cargo nextest run"]
        .iter()
        .find(|start| kept.contains(*start))?;
    Some(kept.replacen(start, &format!("{start}{packages}"), 1))
}

/// The folders of changed Go files, each as ` ./folder`.
fn go_packages(folder: &str, changed: &[&str]) -> Option<String> {
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for path in changed.iter().filter(|path| path.ends_with(".go")) {
        let inside = relative(path, folder)?;
        let package = inside.rsplit_once('/').map_or("", |(package, _)| package);
        folders.insert(match package {
            "" => " .".to_owned(),
            package => format!(" {}", quoted(&format!("./{package}"))),
        });
    }
    (!folders.is_empty()).then(|| folders.into_iter().collect())
}

/// A command for the files of tests near the change.
fn with_files(wanted: &Wanted<'_>, all: &ProjectCommand) -> Option<String> {
    let files: Vec<String> = wanted
        .near
        .iter()
        .filter(|path| looks_at(all.ecosystem, path))
        .filter_map(|path| relative(path, &all.folder))
        .map(quoted)
        .collect();
    if files.is_empty() {
        return None;
    }
    let is_one = files.len() == 1;
    let files = files.join(" ");
    let one = wanted
        .facts
        .commands(CommandKind::OneTest)
        .filter(|command| command.folder == all.folder && command.ecosystem == all.ecosystem)
        .map(|command| without_name(&command.line))
        .find(|line| {
            let others = ["{name}", "{package}"];
            line.contains("{file}") && !others.iter().any(|other| line.contains(other))
        });
    if let Some(one) = one.filter(|_| is_one || SEVERAL_FILES.contains(&all.ecosystem)) {
        return Some(one.replace("{file}", &files));
    }
    let is_pytest = all.ecosystem == Ecosystem::Python
        && all.line.split([' ', '/']).any(|word| word == "pytest")
        && !all.line.contains(['|', ';', '&']);
    is_pytest.then(|| format!("{} {files}", all.line))
}

/// A command for one test of a file as one for all of its tests: `{file}::{name}` and `-t "{name}"`
/// are left out.
fn without_name(line: &str) -> String {
    let is_name = |word: &&str| word.trim_matches(['"', '\'']) == "{name}";
    let line = line.replace("::{name}", "");
    let words: Vec<&str> = line.split(' ').collect();
    let is_option = |at: usize| {
        let names = words.get(at + 1).is_some_and(is_name);
        names && words[at].starts_with('-')
    };
    let is_left_out = |at: usize| is_option(at) || (at > 0 && is_option(at - 1));
    let kept = (0..words.len()).filter(|at| !is_left_out(*at));
    let kept = kept.map(|at| words[at]);
    kept.collect::<Vec<_>>().join(" ")
}

fn relative<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    match folder {
        "" => Some(path),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    }
}

/// A path as a shell reads it; never an option.
fn quoted(path: &str) -> String {
    let path = match path.starts_with('-') {
        true => format!("./{path}"),
        false => path.to_owned(),
    };
    shell_word(&path)
}
