//! What a command line is for: build, test, lint and so on.

use super::facts::CommandKind::{self, Build, Format, FormatCheck, Lint, Run, Test, TypeCheck};
use super::facts::Ecosystem;
use super::leaving;
use super::shell;

/// Longest command line, in characters.
const LONGEST: usize = 300;

/// Programs and words of commands that install, publish, deploy, send or change the machine. A line
/// with one of them is no command of the project.
const FOREIGN: &str = "\
    sudo curl wget ssh scp rsync ftp nc aws gcloud az kubectl helm docker podman docker-compose \
    terraform gh glab twine codecov coveralls apt apt-get yum dnf apk brew choco winget pip pip3 \
    rustup nvm gem corepack netlify vercel firebase heroku fly flyctl wrangler semantic-release \
    release-please changeset goreleaser eval source rm mv cp git chmod chown mkdir echo printf \
    export set exit cat ls sed awk find xargs sleep kill pwsh";

/// Words that, as an argument of any program, stand for something that leaves the workspace.
const FOREIGN_WORDS: &str = "\
    publish deploy release upload login install ci-publish push install-deps deps.get \
    hex.publish add audit outdated update upgrade";

/// Whether a word is one of those in a text.
pub(super) fn is_in(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

/// What a command is for, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Purpose {
    pub kind: CommandKind,
    /// `None` for a program of no certain ecosystem.
    pub ecosystem: Option<Ecosystem>,
}

/// A call of something that the project itself defines, whose purpose stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// A script of `package.json`.
    Script(String),
    /// A target of `make`; empty for the default one.
    Make(String),
    Just(String),
    Taskfile(String),
    Rake(String),
    /// The environments of tox; empty for the default ones.
    Tox(Vec<String>),
    /// The sessions of nox; empty for the default ones.
    Nox(Vec<String>),
    Composer(String),
    Deno(String),
    Hatch(String),
}

/// What a command line is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Known(Purpose),
    Task(Task),
    Unknown,
}

/// A command line as it can be told: without pipes that only show, colours and blanks; `None` for
/// one that is no command of the project.
pub(super) fn acceptable(line: &str) -> Option<String> {
    if line.chars().count() > LONGEST || line.contains("${{") || line.contains("<<") {
        return None;
    }
    let plain = shell::plain(line)?;
    if plain.chars().any(char::is_control) || !ollacode_secrets::redact(&plain).findings.is_empty()
    {
        return None;
    }
    let words = shell::words(&plain);
    let program = words.iter().find(|word| !is_assignment(word))?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let has_secret = words.iter().any(|word| names_secret(word));
    let leaves = words.iter().any(|word| is_in(FOREIGN_WORDS, word))
        || words.iter().any(|word| word.contains("://"));
    let leaves = leaves || leaving::leaves(&plain);
    if is_in(FOREIGN, name) || has_secret || leaves || has_variable(&plain) {
        return None;
    }
    let kept: Vec<&str> = plain
        .split_whitespace()
        .filter(|word| !word.starts_with("--color=") && !matches!(*word, "--colors" | "--color"))
        .collect();
    Some(kept.join(" "))
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name
                .chars()
                .all(|sign| sign == '_' || sign.is_ascii_alphanumeric())
    })
}

fn names_secret(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "API_KEY", "APIKEY"]
        .iter()
        .any(|name| upper.contains(name) && (word.contains('$') || word.contains('=')))
}

/// Whether a line uses a variable whose value is not known. `$(command)` is none.
fn has_variable(line: &str) -> bool {
    let after = line.split('$').skip(1);
    let mut begins = after.map(|rest| rest.chars().next());
    begins.any(|sign| sign.is_some_and(|sign| sign == '{' || sign == '_' || sign.is_alphanumeric()))
}

/// What a command line is for.
pub(super) fn meaning(line: &str) -> Meaning {
    let words = shell::words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match meaning_of(&words, 0) {
        Meaning::Known(purpose) => Meaning::Known(Purpose {
            kind: leaving::kind_if_fixing(purpose.kind, line),
            ..purpose
        }),
        other => other,
    }
}

fn known(kind: CommandKind, ecosystem: Ecosystem) -> Meaning {
    Meaning::Known(Purpose {
        kind,
        ecosystem: Some(ecosystem),
    })
}

fn meaning_of(words: &[&str], depth: usize) -> Meaning {
    let Some((program, arguments)) = words.split_first() else {
        return Meaning::Unknown;
    };
    if depth > 6 {
        return Meaning::Unknown;
    }
    if is_assignment(program) {
        return meaning_of(arguments, depth + 1);
    }
    let name = program.rsplit('/').next().unwrap_or(program);
    let name = name
        .trim_end_matches(".exe")
        .trim_end_matches(".bat")
        .trim_end_matches(".cmd");
    let first = arguments.first().copied().unwrap_or("");
    match name {
        "env" | "time" | "command" | "nice" | "exec" | "cross-env" | "dotenv" => {
            meaning_of(arguments, depth + 1)
        }
        "timeout" | "xvfb-run" => meaning_of(after_options(arguments, &[], 1), depth + 1),
        "nyc" | "c8" => covered(arguments, depth),
        // A script of the project; what follows `-c` is not looked into.
        "sh" | "bash" if first.ends_with(".sh") => meaning_of(arguments, depth + 1),
        "npx" | "bunx" | "pnpx" | "dlx" => within(Ecosystem::Npm, arguments, depth),
        "uv" | "poetry" | "pipenv" | "pdm" | "rye" | "pixi" if first == "run" => {
            within(Ecosystem::Python, &arguments[1..], depth)
        }
        "uvx" => within(Ecosystem::Python, arguments, depth),
        "python" | "python3" | "py" => python(arguments, depth),
        "coverage" if first == "run" => python(&arguments[1..], depth),
        "bundle" if first == "exec" => within(Ecosystem::Bundler, &arguments[1..], depth),
        "npm" | "pnpm" | "yarn" | "bun" => node_manager(name, arguments, depth),
        "make" | "gmake" => make(arguments),
        "just" => Meaning::Task(Task::Just(first.to_owned())),
        "task" | "go-task" => Meaning::Task(Task::Taskfile(first.to_owned())),
        "rake" => Meaning::Task(Task::Rake(first.to_owned())),
        "tox" => Meaning::Task(Task::Tox(environments(arguments, &["-e", "--env"]))),
        "nox" => Meaning::Task(Task::Nox(environments(
            arguments,
            &["-s", "-e", "--session", "--sessions"],
        ))),
        "composer" => composer(arguments),
        "hatch" => hatch(arguments),
        "deno" => deno(arguments),
        _ => program_meaning(name, arguments),
    }
}

/// One target of the makefile in the folder: of several, or of another makefile, nothing is known.
fn make(arguments: &[&str]) -> Meaning {
    let is_elsewhere = |word: &&str| {
        let options = ["-C", "-f", "--directory", "--file", "--makefile"];
        options.iter().any(|option| word.starts_with(option))
    };
    let is_target = |word: &&&str| {
        !word.starts_with('-') && !word.contains('=') && word.parse::<u32>().is_err()
    };
    let targets: Vec<&&str> = arguments.iter().filter(is_target).collect();
    match targets.as_slice() {
        _ if arguments.iter().any(is_elsewhere) => Meaning::Unknown,
        [] => Meaning::Task(Task::Make(String::new())),
        [target] => Meaning::Task(Task::Make((**target).to_owned())),
        _ => Meaning::Unknown,
    }
}

/// What a program that measures coverage runs: tests, whatever it is.
fn covered(arguments: &[&str], depth: usize) -> Meaning {
    let runners = "npm pnpm yarn bun npx node mocha jest vitest ava tap tape jasmine";
    let at = arguments.iter().position(|word| is_in(runners, word));
    match at.map(|at| meaning_of(&arguments[at..], depth + 1)) {
        Some(Meaning::Unknown) | None => known(Test, Ecosystem::Npm),
        Some(other) => other,
    }
}

/// A command that a runner of an ecosystem starts.
fn within(ecosystem: Ecosystem, words: &[&str], depth: usize) -> Meaning {
    let words = after_options(
        words,
        &[
            "--group",
            "--extra",
            "--with",
            "--python",
            "-p",
            "--only-group",
            "--package",
            "-e",
            "--from",
            "--no-group",
        ],
        0,
    );
    match meaning_of(words, depth + 1) {
        Meaning::Known(purpose) => Meaning::Known(Purpose {
            ecosystem: Some(ecosystem),
            ..purpose
        }),
        other => other,
    }
}

/// The words after leading options, of which some have a value in the next word, and after some
/// further words.
fn after_options<'w, 'a>(words: &'w [&'a str], valued: &[&str], further: usize) -> &'w [&'a str] {
    let mut at = 0;
    while let Some(word) = words.get(at)
        && word.starts_with('-')
    {
        at += 1 + usize::from(valued.contains(word));
    }
    words.get(at + further..).unwrap_or_default()
}

/// The values of an option that names environments: `-e a,b`, `-ea`, `-e=a`.
fn environments(arguments: &[&str], options: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let value = if options.contains(argument) {
            arguments.next().copied()
        } else {
            options.iter().find_map(|option| {
                let rest = argument.strip_prefix(option)?;
                let is_short = option.len() == 2;
                rest.strip_prefix('=').or(is_short.then_some(rest))
            })
        };
        let values = value.into_iter().flat_map(|value| value.split(','));
        found.extend(values.filter(|value| !value.is_empty()).map(str::to_owned));
    }
    found
}

fn python(arguments: &[&str], depth: usize) -> Meaning {
    let python = Ecosystem::Python;
    match arguments {
        ["-m", "build", ..] | ["setup.py", "build", ..] => known(Build, python),
        ["-m", "unittest", ..] | ["setup.py", "test", ..] => known(Test, python),
        ["-m", module, rest @ ..] => {
            let words: Vec<&str> = std::iter::once(*module)
                .chain(rest.iter().copied())
                .collect();
            within(python, &words, depth)
        }
        ["manage.py" | "./manage.py", "test", ..] => known(Test, python),
        ["manage.py" | "./manage.py", "runserver", ..] => known(Run, python),
        ["runtests.py" | "tests/runtests.py" | "run_tests.py", ..] => known(Test, python),
        [option, rest @ ..] if option.starts_with('-') => python_rest(rest, depth),
        _ => Meaning::Unknown,
    }
}

fn python_rest(rest: &[&str], depth: usize) -> Meaning {
    if depth > 6 {
        return Meaning::Unknown;
    }
    python(rest, depth + 1)
}

fn node_manager(name: &str, arguments: &[&str], depth: usize) -> Meaning {
    let valued = [
        "--filter",
        "-F",
        "--dir",
        "-C",
        "--prefix",
        "--cwd",
        "--workspace",
        "-w",
    ];
    // pnpm's `-w` has no value.
    let valued = if name == "npm" {
        &valued[..]
    } else {
        &valued[..6]
    };
    let words = after_options(arguments, valued, 0);
    let Some((first, rest)) = words.split_first() else {
        return Meaning::Unknown;
    };
    match *first {
        "run" | "run-script" => {
            let script = after_options(rest, valued, 0)
                .first()
                .copied()
                .unwrap_or("");
            Meaning::Task(Task::Script(script.to_owned()))
        }
        "exec" | "dlx" | "x" => within(Ecosystem::Npm, rest, depth),
        "workspace" => node_manager(name, rest.get(1..).unwrap_or_default(), depth + 1),
        "workspaces" => match rest.iter().position(|word| *word == "run") {
            Some(at) => node_manager(name, &rest[at..], depth + 1),
            None => Meaning::Unknown,
        },
        "t" | "tst" => Meaning::Task(Task::Script("test".to_owned())),
        "test" if name == "bun" => known(Test, Ecosystem::Bun),
        "build" if name == "bun" => known(Build, Ecosystem::Bun),
        "test" | "start" => Meaning::Task(Task::Script((*first).to_owned())),
        script if name != "npm" && !script.starts_with('-') => match meaning_of(words, depth + 1) {
            Meaning::Unknown => Meaning::Task(Task::Script(script.to_owned())),
            Meaning::Task(_) => Meaning::Task(Task::Script(script.to_owned())),
            known => known,
        },
        _ => Meaning::Unknown,
    }
}

fn composer(arguments: &[&str]) -> Meaning {
    match arguments {
        ["run" | "run-script", script, ..] => Meaning::Task(Task::Composer((*script).to_owned())),
        [script, ..]
            if !script.starts_with('-')
                && !matches!(
                    *script,
                    "install" | "update" | "require" | "validate" | "dump-autoload"
                ) =>
        {
            Meaning::Task(Task::Composer((*script).to_owned()))
        }
        _ => Meaning::Unknown,
    }
}

fn hatch(arguments: &[&str]) -> Meaning {
    match arguments {
        ["test", ..] => known(Test, Ecosystem::Python),
        ["fmt" | "check", rest @ ..] if rest.contains(&"--check") => {
            known(FormatCheck, Ecosystem::Python)
        }
        ["fmt", ..] => known(Format, Ecosystem::Python),
        ["build", ..] => known(Build, Ecosystem::Python),
        ["run", script, ..] => Meaning::Task(Task::Hatch((*script).to_owned())),
        _ => Meaning::Unknown,
    }
}

fn deno(arguments: &[&str]) -> Meaning {
    let has_check = arguments.contains(&"--check");
    match arguments {
        ["test", ..] => known(Test, Ecosystem::Deno),
        ["lint", ..] => known(Lint, Ecosystem::Deno),
        ["fmt", ..] => known(
            if has_check { FormatCheck } else { Format },
            Ecosystem::Deno,
        ),
        ["check", ..] => known(TypeCheck, Ecosystem::Deno),
        ["compile", ..] => known(Build, Ecosystem::Deno),
        ["task", name, ..] => Meaning::Task(Task::Deno((*name).to_owned())),
        ["run", ..] => known(Run, Ecosystem::Deno),
        _ => Meaning::Unknown,
    }
}

fn program_meaning(name: &str, arguments: &[&str]) -> Meaning {
    match super::programs::purpose(name, arguments) {
        Some(purpose) => Meaning::Known(purpose),
        None => Meaning::Unknown,
    }
}

/// What a task is for, by its name.
pub(super) fn kind_by_name(name: &str) -> Option<CommandKind> {
    let lower = name
        .to_ascii_lowercase()
        .replace(['_', '.', ' '], "-")
        .replace(':', "-");
    let row = NAMES.iter().find(|(_, names)| is_in(names, &lower));
    row.map(|(kind, _)| *kind)
}

/// What a task is for, by its name and by what it runs. `check` may mean anything; and a name that
/// says nothing means what is run.
pub(super) fn kind_of_task(name: &str, runs: &[CommandKind]) -> Option<CommandKind> {
    let by_body = || {
        [Test, TypeCheck, Lint, FormatCheck, Build, Format]
            .into_iter()
            .find(|kind| runs.contains(kind))
    };
    match kind_by_name(name) {
        Some(Format) if runs.contains(&FormatCheck) && !runs.contains(&Format) => Some(FormatCheck),
        // What writes is no check, whatever its name is.
        Some(Lint) if runs.contains(&Format) => Some(Format),
        Some(FormatCheck) if runs.contains(&Format) && !runs.contains(&FormatCheck) => Some(Format),
        // All checks, where nothing is built.
        Some(Build) if name.eq_ignore_ascii_case("all") && !runs.is_empty() => {
            runs.contains(&Build).then_some(Build)
        }
        Some(kind) => Some(kind),
        None => by_body(),
    }
}

/// Names of scripts and targets.
const NAMES: &[(CommandKind, &str)] = &[
    (
        Build,
        "\
            build compile bundle all build-all",
    ),
    (
        Test,
        "\
            test tests unit unittest unittests test-unit unit-test unit-tests test-all \
            tests-unit spec specs test-ci ci-test pytest phpunit run-tests test-run",
    ),
    (
        Lint,
        "\
            lint lints linter clippy vet eslint lint-check check-lint ruff flake8 rubocop \
            lint-all lint-ci credo phpstan style lint-js",
    ),
    (
        FormatCheck,
        "\
            format-check fmt-check check-format check-fmt formatcheck prettier-check \
            check-formatting format-verify lint-format check-prettier fmtcheck verify-format",
    ),
    (
        Format,
        "\
            format fmt prettier format-fix prettier-write format-write reformat gofmt black",
    ),
    (
        TypeCheck,
        "\
            typecheck type-check types check-types types-check tsc mypy pyright typing \
            typecheck-all check-ts dialyzer test-types typescript",
    ),
    (
        Run,
        "\
            start dev serve run server develop runserver preview",
    ),
];

#[cfg(test)]
mod tests;
