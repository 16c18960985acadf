//! `go test`, `go vet` and `go build`.

use std::collections::BTreeSet;

use super::{CheckFailure, ParsedOutput, first_place, place_at_start};

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    let is_go = lines.iter().any(|line| is_of_go(line));
    if !is_go {
        return None;
    }
    let mut parsed = ParsedOutput::default();
    let (mut passed, mut skipped) = (0, 0);
    // With `-v`, what a test says stands before its result.
    let mut said: Vec<&str> = Vec::new();
    let mut is_building = false;
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        let trimmed = line.trim_start();
        if trimmed.starts_with("=== ") || line.starts_with("FAIL") || line.starts_with("ok  ") {
            is_building &= !line.starts_with("FAIL");
            said.clear();
        } else if trimmed.starts_with("--- PASS: ") {
            passed += 1;
            said.clear();
        } else if trimmed.starts_with("--- SKIP: ") {
            skipped += 1;
            said.clear();
        } else if let Some(name) = trimmed.strip_prefix("--- FAIL: ") {
            let name = name.split(" (").next().unwrap_or(name);
            let rest = &lines[at..];
            let length = rest.iter().take_while(|line| is_detail(line)).count();
            let body: Vec<&str> = [&said[..], &rest[..length]].concat();
            at += length;
            said.clear();
            let failure = CheckFailure::named(name).with_lines(body.iter().copied());
            parsed.failures.push(match first_place(&body) {
                Some((path, line)) => failure.at(path, Some(line)),
                None => failure,
            });
        } else if line.starts_with("# ") {
            is_building = true;
        } else if is_building && let Some(failure) = build_error(line) {
            parsed.failures.push(failure);
        } else if let Some(what) = line.strip_prefix("panic: ") {
            let rest = &lines[at..];
            let is_inside = |line: &&&str| !line.starts_with("FAIL") && !line.starts_with("ok ");
            let length = rest.iter().take_while(is_inside).count();
            let failure = CheckFailure::named(&format!("panic: {what}"));
            let failure = failure.with_lines([line]);
            parsed
                .failures
                .push(failure.with_lines(rest[..length].iter().copied()));
            at += length;
        } else {
            is_building &= line.starts_with([' ', '\t']);
            said.push(line);
        }
    }
    parsed.failures = without_parents(parsed.failures);
    let is_test = |failure: &&CheckFailure| !failure.name.contains(": ");
    let failed = parsed.failures.iter().filter(is_test).count() as u64;
    if passed > 0 || failed > 0 {
        parsed.failed = Some(failed);
        parsed.passed = (passed > 0).then_some(passed);
        parsed.skipped = (skipped > 0).then_some(skipped);
    }
    Some(parsed)
}

/// `ok`, a tab and a package; `FAIL` and a package; `--- FAIL: TestA (0.00s)`
fn is_of_go(line: &str) -> bool {
    let is_result = |prefix: &str| {
        line.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with('\t') && rest.len() > 1)
    };
    is_result("ok  ") || is_result("FAIL") || line.starts_with("--- FAIL: Test")
}

/// Whether a line belongs to the failed test above it.
fn is_detail(line: &str) -> bool {
    let is_result = line.trim_start().starts_with("--- ");
    line.starts_with([' ', '\t']) && !is_result
}

/// `./a.go:3:5: undefined: x`, and of vet `vet: ./a.go:3:5: undefined: x`
fn build_error(line: &str) -> Option<CheckFailure> {
    let line = line.strip_prefix("vet: ").unwrap_or(line);
    let (path, number, message) = place_at_start(line)?;
    let message = message.strip_prefix(": ")?;
    let path = path.trim_start_matches("./");
    let failure = CheckFailure::named(&format!("{path}: {message}"));
    Some(failure.at(path, Some(number)).with_lines([line]))
}

/// A test of which a subtest failed says nothing of its own.
fn without_parents(failures: Vec<CheckFailure>) -> Vec<CheckFailure> {
    let mut parents: BTreeSet<String> = BTreeSet::new();
    for failure in &failures {
        for (at, _) in failure.name.match_indices('/') {
            parents.insert(failure.name[..at].to_owned());
        }
    }
    let is_own = |failure: &CheckFailure| !parents.contains(&failure.name);
    failures.into_iter().filter(is_own).collect()
}
