//! The Test Anything Protocol.

use super::{CheckFailure, ParsedOutput, first_place};

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    let has_sign = lines
        .iter()
        .any(|line| line.starts_with("TAP version ") || is_plan(line));
    if !has_sign || !lines.iter().any(|line| result(line).is_some()) {
        return None;
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    let mut failures = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        let Some((is_ok, number, name)) = result(line) else {
            continue;
        };
        let directive = name
            .split_once('#')
            .map(|(_, directive)| directive.trim_start().to_ascii_uppercase());
        let is = |word: &str| {
            directive
                .as_deref()
                .is_some_and(|said| said.starts_with(word))
        };
        if is("SKIP") || is("TODO") {
            skipped += 1;
            continue;
        }
        if is_ok {
            passed += 1;
            continue;
        }
        failed += 1;
        let is_detail = |line: &&&str| line.starts_with([' ', '\t', '#']) && result(line).is_none();
        let length = lines[at..].iter().take_while(is_detail).count();
        let body = &lines[at..at + length];
        at += length;
        let name = name.split_once(" #").map_or(name, |(name, _)| name).trim();
        let failure = match name {
            "" => CheckFailure::named(&format!("test {number}")),
            name => CheckFailure::named(name),
        };
        let is_text = |line: &&&str| !matches!(line.trim(), "---" | "...");
        let failure = failure.with_lines(body.iter().filter(is_text).copied());
        failures.push(match first_place(body) {
            Some((path, line)) => failure.at(path, Some(line)).trimmed(),
            None => failure.trimmed(),
        });
    }
    Some(ParsedOutput {
        passed: Some(passed),
        failed: Some(failed),
        skipped: Some(skipped),
        failures,
        ..ParsedOutput::default()
    })
}

/// `1..4`
fn is_plan(line: &str) -> bool {
    let last = line.trim_end().strip_prefix("1..");
    last.is_some_and(|last| {
        let digits = last.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && (digits == last.len() || last[digits..].starts_with(' '))
    })
}

/// `ok 1 - name` and `not ok 2 name`: whether it passed, its number, its name.
fn result(line: &str) -> Option<(bool, &str, &str)> {
    let (is_ok, rest) = match line.strip_prefix("not ok") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok")?),
    };
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let rest = rest.trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, name) = rest.split_at(digits);
    let name = name.trim_start();
    let name = name.strip_prefix("- ").unwrap_or(name);
    (digits > 0 || !name.is_empty()).then_some((is_ok, number, name.trim()))
}
