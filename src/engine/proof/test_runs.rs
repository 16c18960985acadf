//! Whether a command can have run tests, and whether its exit code tells how they ended.

/// Programs that only show, find, move or check files.
const READERS: &str = "\
    cat ls ll head tail grep rg sed awk find git wc diff echo printf less more cd mkdir touch rm \
    cp mv chmod which pwd tree sort uniq cut tr true false export set test [ stat file mypy ruff \
    black flake8 pylint isort eslint prettier rustfmt";
/// Programs that run what they are given, or what a project defines.
const RUNNERS: &str = "\
    sh bash zsh node deno bun ruby perl php make gmake just task ninja rake lua julia rscript \
    poetry pipenv uv";
/// Programs whose arguments are goals: `clean test` cleans, then tests.
const BUILDERS: &str = "\
    mvn mvnw mvnd gradle gradlew zig cmake ant sbt lein make gmake just task ninja rake";
/// Goals with which tests run that they do not name.
const TESTING_GOALS: &[(&str, &str)] = &[
    ("mvn mvnw mvnd", "package install deploy"),
    ("gradle gradlew", "build"),
];
/// Programs that run another program, and words of the shell before one.
const WRAPPERS: &str = "env timeout time sudo nice nohup command exec if while then do else ! {";
/// Arguments with which a runner of tests compiles, formats or installs only.
const NO_TESTS: &str = "\
    build check clippy fmt format lint doc install add init new update fetch clean tidy vet \
    compile";
/// Words in the names of programs, scripts and arguments that run tests.
const TESTS: &str = "\
    jest mocha rspec phpunit tox nox spec specs verify bats ava karma cypress playwright check \
    prove e2e";
/// Words that only look as if they named tests.
const NOT_TESTS: &str = "\
    latest greatest fastest shortest lightest contest contests attest protest protests tester \
    testers testament testimony testimonial testimonials testnet testdata testbed";

/// How far a command runs tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grade {
    Never,
    /// It starts a script that may.
    Perhaps,
    /// It names them.
    Named,
}

/// Whether a command line can have run tests: one of its commands names tests, or starts a script
/// that may.
pub(in crate::engine) fn can_run_tests(command: &str) -> bool {
    commands(command)
        .iter()
        .any(|command| grade(&command.text) != Grade::Never)
}

/// Whether the exit code of a command line is the one of tests that it names: a pipe or another
/// command behind them replaces it, and a script may end as it likes.
pub(in crate::engine) fn ends_as_tests(command: &str) -> bool {
    let commands = commands(command);
    let last = commands
        .iter()
        .rposition(|command| grade(&command.text) == Grade::Named);
    last.is_some_and(|last| commands[last + 1..].iter().all(|command| command.is_and))
}

/// Whether a word in small letters is one for tests by its beginning or end: `testonly`,
/// `runtest`.
pub(super) fn is_test_word(word: &str) -> bool {
    let has_sign = word.starts_with("test") || word.ends_with("test") || word.ends_with("tests");
    has_sign && !is_in(NOT_TESTS, word)
}

/// A command of a command line.
#[derive(Debug, Default)]
struct Command {
    text: String,
    /// Whether it stands behind `&&`.
    is_and: bool,
}

/// The commands of a command line, in small letters. What is quoted stays together.
fn commands(line: &str) -> Vec<Command> {
    let mut found = Vec::new();
    let mut command = Command::default();
    let mut quote: Option<char> = None;
    let mut before = ' ';
    let line = line.to_lowercase();
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        let next = signs.peek().copied();
        match (quote, sign) {
            (Some(open), _) => quote = (sign != open).then_some(open),
            (None, '\'' | '"') => quote = Some(sign),
            (None, '\\') if next == Some('\n') => {
                signs.next();
                before = ' ';
                command.text.push(' ');
                continue;
            }
            // `2>&1`, `&>log`
            (None, '&') if matches!(before, '<' | '>') || next == Some('>') => {}
            (None, '\n' | ';' | '|' | '&') => {
                let is_double = next == Some(sign) && sign != '\n';
                if is_double {
                    signs.next();
                }
                let following = Command {
                    text: String::new(),
                    is_and: sign == '&' && is_double,
                };
                push_command(std::mem::replace(&mut command, following), &mut found);
                // `pytest &` does not end as the tests do: what stands behind it is kept.
                if sign == '&' && !is_double {
                    command.text.push(sign);
                }
                before = ' ';
                continue;
            }
            (None, _) => {}
        }
        before = sign;
        command.text.push(sign);
    }
    push_command(command, &mut found);
    found
}

/// Keeps a command, but for an empty one and a comment.
fn push_command(command: Command, found: &mut Vec<Command>) {
    let text = command.text.trim();
    if !text.is_empty() && !text.starts_with('#') {
        found.push(command);
    }
}

fn grade(command: &str) -> Grade {
    let Some((program, arguments)) = program_of(command) else {
        return Grade::Never;
    };
    let name = program.rsplit('/').next().unwrap_or(program);
    if is_in(READERS, name) {
        return Grade::Never;
    }
    let is_plain = |word: &&&str| !word.starts_with(['-', '+']);
    let plain: Vec<&str> = arguments.iter().filter(is_plain).copied().collect();
    let first = plain.first().copied().unwrap_or_default();
    let is_script = program.contains('/') || name.starts_with("python") || is_in(RUNNERS, name);
    let names = if is_in(BUILDERS, name) {
        plain.iter().any(|word| names_tests(word))
    } else if is_script {
        // Not `uv pip install pytest`.
        let mut before = arguments.iter().take_while(|word| !is_in(NO_TESTS, word));
        before.any(|word| names_tests(word))
    } else {
        let is_short = matches!((name, first), ("cargo" | "npm" | "pnpm", "t"));
        let is_other = is_in(NO_TESTS, first);
        is_short || (!is_other && arguments.iter().any(|word| names_tests(word)))
    };
    let has_goal = TESTING_GOALS.iter().any(|(programs, goals)| {
        is_in(programs, name) && plain.iter().any(|word| is_in(goals, word))
    });
    if names || names_tests(name) {
        Grade::Named
    } else if is_script || has_goal {
        Grade::Perhaps
    } else {
        Grade::Never
    }
}

/// The program of a command and its arguments, without assignments and programs that run it.
fn program_of(command: &str) -> Option<(&str, Vec<&str>)> {
    let mut is_wrapped = false;
    let is_ahead = |word: &&str| {
        let word = *word;
        let is_wrapper = is_in(WRAPPERS, word);
        is_wrapped |= is_wrapper;
        let is_assignment = word.split_once('=').is_some_and(|(name, _)| is_name(name));
        // `timeout -k 5 60 cargo test`
        let is_option = word.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit());
        is_wrapper || is_assignment || (is_wrapped && is_option)
    };
    let command = command.trim_start_matches(['(', '&', ' ', '\t']);
    let mut words = command.split_whitespace().skip_while(is_ahead);
    let program = words.next()?;
    Some((program, words.collect()))
}

fn names_tests(word: &str) -> bool {
    let mut parts = word.split(|sign: char| !sign.is_alphanumeric());
    parts.any(|part| is_in(TESTS, part) || is_test_word(part))
}

fn is_name(text: &str) -> bool {
    let is_sign = |sign: char| sign.is_alphanumeric() || sign == '_';
    !text.is_empty() && text.chars().all(is_sign)
}

fn is_in(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_name_tests_are_told_from_others() {
        for command in [
            "cargo test --workspace",
            "cargo t",
            "cargo +nightly test",
            "cargo nextest run",
            "env RUST_BACKTRACE=1 cargo test",
            "timeout -k 5 60 cargo test",
            "time sudo nice -n 5 pytest",
            "pytest -q",
            "nosetests",
            "prove -l t",
            "python3 -m unittest",
            "python3 tests/run.py",
            "npm test",
            "npm t",
            "npm run test:unit",
            "npm run e2e",
            "npx vitest run",
            "go test ./...",
            "cd sub && RUST_LOG=debug cargo test | tail -5",
            "(cd sub && pytest)",
            "make check",
            "make clean test",
            "sh check.sh",
            "./run-tests",
            "mvn -q test",
            "mvn clean test",
            "mvn clean verify",
            "gradle clean test",
            "gradle check",
            "./gradlew testDebugUnitTest",
            "sbt testOnly a.B",
            "dune runtest",
            "zig build test",
            "ctest --test-dir build",
            "cmake --build build --target test",
            "bundle exec rspec",
        ] {
            let commands = commands(command);
            let is_named = |command: &Command| grade(&command.text) == Grade::Named;
            assert!(commands.iter().any(is_named), "{command}");
            assert!(can_run_tests(command), "{command}");
        }
    }

    #[test]
    fn scripts_may_run_tests() {
        for command in [
            "make",
            "python3 main.py --bad",
            "./x",
            "mvn clean install",
            "gradle build",
            "uv pip install pytest",
        ] {
            assert!(can_run_tests(command), "{command}");
            assert!(!ends_as_tests(command), "{command}");
        }
    }

    #[test]
    fn other_commands_run_no_tests() {
        for command in [
            "ls tests",
            "cat tests/test_a.py",
            "git diff tests/",
            "grep -rn test src",
            "cargo check --tests",
            "cargo build --tests",
            "cargo +nightly fmt --check",
            "cargo fmt",
            "npm install jest",
            "npm view react@latest",
            "mvn compile",
            "ruff check tests",
            "test -f a.py",
            "cd tests; ls",
            "env",
            "# run the tests",
            "",
        ] {
            assert!(!can_run_tests(command), "{command}");
        }
    }

    #[test]
    fn an_exit_code_is_the_one_of_tests_or_not() {
        for (command, expected) in [
            ("pytest -q", true),
            ("pytest -q;\n", true),
            ("cd sub && pytest -q 2>&1", true),
            ("pytest \\\n  -q &> log", true),
            ("pytest -k 'a | b'", true),
            ("cargo test && cargo clippy", true),
            ("echo start; cargo test", true),
            ("pytest -q | tail -5", false),
            ("pytest -q 2>&1 | tail -5", false),
            ("cargo test; echo done", false),
            ("cargo test\necho done", false),
            ("pytest || true", false),
            ("pytest &", false),
            ("python3 main.py", false),
            ("ls", false),
        ] {
            assert_eq!(ends_as_tests(command), expected, "{command}");
        }
    }
}
