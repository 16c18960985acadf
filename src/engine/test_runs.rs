//! Whether a command can have run tests.

/// Programs that only show, find or move files.
const READERS: &str = "\
    cat ls ll head tail grep rg sed awk find git wc diff echo printf less more cd mkdir touch rm \
    cp mv chmod which pwd tree sort uniq cut tr true false export set test [ stat file env";
/// Programs that run what they are given, or what a project defines.
const RUNNERS: &str = "\
    sh bash zsh node deno bun ruby perl php make gmake just task ninja rake lua julia rscript \
    poetry pipenv uv";
/// Arguments with which a runner of tests compiles, formats or installs only.
const NO_TESTS: &str = "\
    build check clippy fmt format lint doc install add init new update fetch clean tidy vet \
    compile";
/// Words in the names of programs, scripts and arguments that run tests.
const TESTS: &str = "\
    test tests pytest unittest nextest jest mocha vitest rspec phpunit ctest tox nox spec specs \
    verify bats ava karma cypress playwright gotest testsuite check";

/// Whether a command line can have run tests: one of its commands names tests, or starts a script
/// that may.
pub(super) fn can_run_tests(command: &str) -> bool {
    let command = command.to_lowercase();
    command
        .split(['\n', ';', '|', '&'])
        .any(|part| runs_tests(part.trim()))
}

fn runs_tests(part: &str) -> bool {
    let is_assignment = |word: &&str| word.split_once('=').is_some_and(|(name, _)| is_name(name));
    let mut words = part.split_whitespace().skip_while(is_assignment);
    let Some(program) = words.next() else {
        return false;
    };
    let name = program.rsplit('/').next().unwrap_or(program);
    if is_in(READERS, name) {
        return false;
    }
    let arguments: Vec<&str> = words.collect();
    let first = arguments
        .iter()
        .copied()
        .find(|word| !word.starts_with('-'))
        .unwrap_or_default();
    let is_script = program.contains('/') || name.starts_with("python") || is_in(RUNNERS, name);
    if !is_script && is_in(NO_TESTS, first) {
        return false;
    }
    is_script || names_tests(name) || arguments.iter().any(|argument| names_tests(argument))
}

fn names_tests(word: &str) -> bool {
    let mut parts = word.split(|sign: char| !sign.is_alphanumeric());
    parts.any(|part| is_in(TESTS, part))
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
    fn commands_that_run_tests_are_told_from_others() {
        for command in [
            "cargo test --workspace",
            "cargo nextest run",
            "pytest -q",
            "python3 -m unittest",
            "python3 tests/run.py",
            "npm test",
            "npm run test:unit",
            "npx vitest run",
            "go test ./...",
            "cd sub && RUST_LOG=debug cargo test | tail -5",
            "make",
            "sh check.sh",
            "./run-tests",
            "mvn -q test",
            "bundle exec rspec",
        ] {
            assert!(can_run_tests(command), "{command}");
        }
        for command in [
            "ls tests",
            "cat tests/test_a.py",
            "git diff tests/",
            "grep -rn test src",
            "cargo check --tests",
            "cargo fmt",
            "npm install jest",
            "test -f a.py",
            "cd tests; ls",
            "",
        ] {
            assert!(!can_run_tests(command), "{command}");
        }
    }
}
