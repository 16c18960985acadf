//! Which ends of a command mean that it could not do its work: nothing is to be fixed then.

use super::parse::{CheckFailure, parse};
use super::report::CheckRun;

const NETWORK: &str = "it needs the network";
const NO_TESTS: &str = "no tests were found";

/// Signs that a command could not do its work, in small letters, and what that means.
const NOT_THERE: &[(&str, &str)] = &[
    ("no module named pytest", "pytest is not installed"),
    (
        "is not installed for the toolchain",
        "a part of the toolchain is missing",
    ),
    ("toolchain not available", "the toolchain is missing"),
    ("error: no such command", "a subcommand of cargo is missing"),
    ("missing script:", "the script is missing"),
    ("no test specified", "the project has no tests"),
    ("no tests found", NO_TESTS),
    ("no test files found", NO_TESTS),
    ("no rule to make target", "the target is missing"),
    (
        "error: unrecognized arguments",
        "an option is not known, perhaps since a plugin is missing",
    ),
    ("cannot find module 'jest", "jest is not installed"),
    ("cannot find package 'vitest", "vitest is not installed"),
    ("locally installed gems", "a gem is missing"),
    ("command not found: ", "a program is missing"),
    (
        "(the command was not allowed to write",
        "it may not write a protected file",
    ),
    ("could not resolve host", NETWORK),
    ("couldn't resolve host", NETWORK),
    ("temporary failure in name resolution", NETWORK),
    ("network is unreachable", NETWORK),
    ("failed to establish a new connection", NETWORK),
    ("could not find a version that satisfies", NETWORK),
    ("could not transfer artifact", NETWORK),
    ("unknownhostexception", NETWORK),
    ("getaddrinfo", NETWORK),
    ("enotfound", NETWORK),
    ("eai_again", NETWORK),
    ("dial tcp: lookup", NETWORK),
    ("failed to download", NETWORK),
    ("failed to fetch", NETWORK),
    ("spurious network error", NETWORK),
];
/// Signs in the message of a compiler of Go that it could not load a module.
const NOT_LOADED: [&str; 3] = ["proxy.golang.org", "dial tcp", "goproxy=off"];
/// The exit code of pytest that found no tests.
const CODE_NO_TESTS: i32 = 5;

/// Why a command could not do its work, if that is what its end means.
pub(super) fn why_not_run(run: &CheckRun) -> Option<String> {
    if run.is_unfinished {
        return Some(run.ended.clone());
    }
    let output = run.output.to_lowercase();
    if run.code == Some(CODE_NO_TESTS) && output.contains("no tests ran") {
        return Some(NO_TESTS.to_owned());
    }
    // `make` ends with 2, and says with what its command ended.
    let is_missing = matches!(run.code, Some(126 | 127)) || output.contains("] error 127");
    let found = NOT_THERE.iter().find(|(sign, _)| output.contains(sign));
    let has_failures = || {
        let parsed = parse(&run.output);
        let is_all = parsed.failures.iter().all(is_not_loaded);
        !parsed.is_guess && !parsed.failures.is_empty() && !is_all
    };
    match found {
        Some((_, why)) if is_missing || !has_failures() => Some(format!("{why} ({})", run.ended)),
        None if is_missing => Some(format!("a program is missing ({})", run.ended)),
        None if output.lines().any(is_missing_module) && !has_failures() => {
            Some(format!("a module of Python is missing ({})", run.ended))
        }
        None if NOT_LOADED.iter().any(|sign| output.contains(sign)) && !has_failures() => {
            Some(format!("{NETWORK} ({})", run.ended))
        }
        _ => None,
    }
}

/// Whether a line says that `python -m` has no such module: an import that fails has quotes around it.
fn is_missing_module(line: &str) -> bool {
    let Some((program, module)) = line.split_once(": no module named ") else {
        return false;
    };
    let program = program.rsplit('/').next().unwrap_or(program);
    program.starts_with("python") && !module.starts_with('\'')
}

/// Whether a failure is a place in a file where a module is used that could not be loaded.
fn is_not_loaded(failure: &CheckFailure) -> bool {
    let path = failure.path.as_deref().unwrap_or_default();
    let message = failure.name.strip_prefix(path).unwrap_or_default();
    let message = message.to_lowercase();
    !path.is_empty()
        && message.starts_with(": ")
        && NOT_LOADED.iter().any(|sign| message.contains(sign))
}
