//! `cargo test`, `cargo nextest`, `cargo check`, `cargo clippy` and `cargo fmt --check`.

use super::{CheckFailure, ParsedOutput, first_place, number_before, place_at_start};

/// Errors that only say that there were others.
const NO_OWN_ERRORS: [&str; 9] = [
    "could not compile",
    "aborting due to",
    "test failed",
    "doctest failed",
    "bench failed",
    "build failed",
    "test run failed",
    "process didn't exit",
    "target failed",
];

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    let mut parsed = ParsedOutput::default();
    let mut is_cargo = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let rest = &lines[at + 1..];
        at += 1;
        if let Some(counts) = line.strip_prefix("test result: ") {
            is_cargo = true;
            add(&mut parsed.passed, number_before(counts, "passed"));
            add(&mut parsed.failed, number_before(counts, "failed"));
            add(&mut parsed.skipped, number_before(counts, "ignored"));
        } else if let Some(name) = failed_in_nextest(line) {
            is_cargo = true;
            at += note_of_nextest(&mut parsed, name, rest);
        } else if line.trim_start().starts_with("Summary [") {
            add(&mut parsed.passed, number_before(line, "passed"));
            add(&mut parsed.failed, number_before(line, "failed"));
        } else if let Some(name) = failed_test(line) {
            is_cargo = true;
            note(&mut parsed, name);
        } else if let Some(name) = section(line) {
            let length = rest.iter().take_while(|line| !ends_section(line)).count();
            let body = &rest[..length];
            at += length;
            let failure = note(&mut parsed, name);
            failure.add_lines(body.iter().copied());
            if let Some((path, line)) = panicked_at(body).or_else(|| first_place(body)) {
                *failure = std::mem::take(failure).at(path, Some(line));
            }
        } else if let Some(place) = line.strip_prefix("Diff in ") {
            is_cargo = true;
            let length = rest.iter().take_while(|line| is_diff(line)).count();
            let failure = unformatted(place).with_lines(rest[..length].iter().copied());
            at += length;
            parsed.failures.push(failure);
        } else if let Some(message) = error(line) {
            let length = rest.iter().take_while(|line| !line.trim().is_empty());
            let length = length.count();
            let body = &lines[at - 1..at + length];
            if let Some(failure) = compile_error(message, body) {
                is_cargo = true;
                at += length;
                parsed.failures.push(failure);
            }
        }
    }
    let mut parsed = is_cargo.then_some(parsed)?;
    parsed.failures = parsed
        .failures
        .into_iter()
        .map(CheckFailure::trimmed)
        .collect();
    Some(parsed)
}

fn add(sum: &mut Option<u64>, count: Option<u64>) {
    if let Some(count) = count {
        *sum = Some(sum.unwrap_or(0).saturating_add(count));
    }
}

/// The failure of a name, which is made if there is none.
fn note<'p>(parsed: &'p mut ParsedOutput, name: &str) -> &'p mut CheckFailure {
    let fresh = CheckFailure::named(name);
    let known = parsed
        .failures
        .iter()
        .position(|failure| failure.name == fresh.name);
    let at = known.unwrap_or_else(|| {
        parsed.failures.push(fresh);
        parsed.failures.len() - 1
    });
    &mut parsed.failures[at]
}

/// `test a::b ... FAILED`
fn failed_test(line: &str) -> Option<&str> {
    let name = line.strip_prefix("test ")?.strip_suffix(" ... FAILED")?;
    Some(name.trim_end_matches(" - should panic"))
}

/// Of nextest: `FAIL [   0.005s] (3/9) package a::b`
fn failed_in_nextest(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("FAIL [")?;
    let (_, name) = rest.split_once("s] ")?;
    let name = match name.trim_start().strip_prefix('(') {
        Some(counted) => counted.split_once(") ")?.1,
        None => name,
    };
    name.trim().split_once(' ').map(|(_, test)| test.trim())
}

/// Notes a test that failed in nextest, with what it printed below; how many lines that are. At the
/// end it is named again.
fn note_of_nextest(parsed: &mut ParsedOutput, name: &str, rest: &[&str]) -> usize {
    let length = rest.iter().take_while(|line| !ends_nextest(line)).count();
    let body = &rest[..length];
    let failure = note(parsed, name);
    failure.add_lines(body.iter().copied());
    if let Some((path, line)) = panicked_at(body) {
        *failure = std::mem::take(failure).at(path, Some(line));
    }
    length
}

/// Whether a line of nextest tells of another test, or of all.
fn ends_nextest(line: &str) -> bool {
    let line = line.trim();
    let status = line.split_once(" [").map_or("", |(status, _)| status);
    let statuses = [
        "PASS", "FAIL", "SIGABRT", "SIGSEGV", "SLOW", "TIMEOUT", "Summary",
    ];
    let is_rule = !line.is_empty() && line.chars().all(|sign| matches!(sign, '─' | '-'));
    statuses.contains(&status.trim()) || is_rule || line.starts_with("error: test run failed")
}

/// `---- a::b stdout ----`
fn section(line: &str) -> Option<&str> {
    let name = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    name.strip_suffix(" stdout")
        .or_else(|| name.strip_suffix(" stderr"))
}

fn ends_section(line: &str) -> bool {
    section(line).is_some() || line == "failures:" || line.starts_with("test result: ")
}

/// The place in `thread 'a' panicked at src/lib.rs:3:5:`.
fn panicked_at<'a>(lines: &[&'a str]) -> Option<(&'a str, u32)> {
    let said = lines
        .iter()
        .find_map(|line| Some(line.split_once(" panicked at ")?.1))?;
    place_at_start(said).map(|(path, line, _)| (path, line))
}

/// `src/main.rs:3:` or, of older ones, `src/main.rs at line 3:`.
fn unformatted(place: &str) -> CheckFailure {
    let (path, line) = match place.split_once(" at line ") {
        Some((path, line)) => (path, line.trim_end_matches(':').parse().ok()),
        None => match place_at_start(place) {
            Some((path, line, _)) => (path, Some(line)),
            None => (place.trim_end_matches(':'), None),
        },
    };
    CheckFailure::named(&format!("{path} is not formatted")).at(path, line)
}

fn is_diff(line: &str) -> bool {
    line.starts_with([' ', '+', '-']) || line.is_empty()
}

/// The message of `error: …` and `error[E0308]: …`.
fn error(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("error")?;
    let message = match rest.strip_prefix('[') {
        Some(code) => code.split_once("]: ")?.1,
        None => rest.strip_prefix(": ")?,
    };
    let is_summary = NO_OWN_ERRORS.iter().any(|known| message.contains(known));
    (!is_summary).then_some(message)
}

/// An error of the compiler; those of other programs have no place below.
fn compile_error(message: &str, body: &[&str]) -> Option<CheckFailure> {
    let place = body
        .iter()
        .find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let (path, line, _) = place_at_start(place)?;
    let failure = CheckFailure::named(&format!("{path}: {message}"));
    Some(
        failure
            .at(path, Some(line))
            .with_lines(body.iter().copied()),
    )
}
