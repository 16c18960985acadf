//! pytest, and `unittest` of Python.

use super::{CheckFailure, ParsedOutput, first_place, number_before};

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    of_pytest(lines).or_else(|| of_unittest(lines))
}

fn of_pytest(lines: &[&str]) -> Option<ParsedOutput> {
    let summary = lines.iter().rev().find(|line| is_summary(line))?;
    let bare = summary.trim_matches(['=', ' ']);
    let errors = number_before(bare, "errors").or_else(|| number_before(bare, "error"));
    let failed = number_before(bare, "failed");
    let mut parsed = ParsedOutput {
        passed: number_before(bare, "passed"),
        failed: match (failed, errors) {
            (None, None) => None,
            (failed, errors) => Some(failed.unwrap_or(0).saturating_add(errors.unwrap_or(0))),
        },
        skipped: number_before(bare, "skipped"),
        ..ParsedOutput::default()
    };
    let sections = sections(lines);
    for line in lines {
        let Some(id) = failed_id(line) else {
            continue;
        };
        let (path, test) = id.split_once("::").unwrap_or((id, ""));
        let own = sections.iter().find(|(title, _)| is_about(title, id, test));
        let body = own.map_or(&[][..], |(_, body)| *body);
        let place = place_in(body, path);
        let failure = CheckFailure::named(id)
            .at(path, place)
            .with_lines(body.iter().copied());
        parsed.failures.push(match body {
            [] => failure.with_lines([*line]),
            _ => failure.trimmed(),
        });
    }
    if parsed.failures.is_empty() {
        // Without a summary of names, as with `-q --no-summary`.
        let named = sections.iter().map(|(title, body)| {
            let failure = CheckFailure::named(title.trim_start_matches("ERROR "));
            let failure = failure.with_lines(body.iter().copied()).trimmed();
            match first_place(body) {
                Some((path, line)) => failure.at(path, Some(line)),
                None => failure,
            }
        });
        parsed.failures.extend(named);
    }
    Some(parsed)
}

/// `=== 1 failed, 2 passed in 0.12s ===`, or the same without signs.
fn is_summary(line: &str) -> bool {
    let bare = line.trim_matches(['=', ' ']);
    let Some((counts, time)) = bare.rsplit_once(" in ") else {
        return false;
    };
    let is_time = time.starts_with(|sign: char| sign.is_ascii_digit())
        && time
            .split(' ')
            .next()
            .is_some_and(|time| time.ends_with('s'));
    let words = ["passed", "failed", "error", "errors", "skipped", "xfailed"];
    // Other runners end their counts with a time, too.
    let is_counted = counts.starts_with(|sign: char| sign.is_ascii_digit())
        && words
            .iter()
            .any(|word| number_before(counts, word).is_some());
    is_time && (is_counted || counts == "no tests ran")
}

/// The id in `FAILED tests/test_a.py::test_x - assert 1 == 2`.
fn failed_id(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("FAILED ")
        .or_else(|| line.strip_prefix("ERROR "))?;
    let id = rest.split(" - ").next().unwrap_or(rest).trim();
    let path = id.split("::").next().unwrap_or(id);
    (path.ends_with(".py") || id.contains("::")).then_some(id)
}

/// The parts below `____ test_x ____`, with their titles.
fn sections<'a, 'b>(lines: &'b [&'a str]) -> Vec<(&'a str, &'b [&'a str])> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let title = title(lines[at]);
        at += 1;
        let Some(title) = title else { continue };
        let rest = &lines[at..];
        let is_inside = |line: &&&str| title_of(line).is_none() && !line.starts_with("=====");
        let length = rest.iter().take_while(is_inside).count();
        found.push((title, &rest[..length]));
        at += length;
    }
    found
}

fn title_of(line: &&str) -> Option<()> {
    title(line).map(|_| ())
}

fn title(line: &str) -> Option<&str> {
    let inside = line.strip_prefix("__")?.strip_suffix("__")?;
    let title = inside.trim_matches('_').trim();
    // `_ _ _ _` parts the frames of one failure.
    let is_name = title.chars().any(char::is_alphanumeric);
    (is_name && inside.contains(' ')).then_some(title)
}

/// Whether a title is the one of a test: `TestA.test_x[1]` of `a.py::TestA::test_x[1]`.
fn is_about(title: &str, id: &str, test: &str) -> bool {
    if test.is_empty() {
        return title.ends_with(id);
    }
    title == test.replace("::", ".") || title.ends_with(&format!(" {}", test.replace("::", ".")))
}

/// The line in `tests/test_a.py:7: AssertionError`, the last one of its file.
fn place_in(body: &[&str], path: &str) -> Option<u32> {
    body.iter().rev().find_map(|line| {
        let rest = line.strip_prefix(path)?.strip_prefix(':')?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..digits].parse().ok()
    })
}

fn of_unittest(lines: &[&str]) -> Option<ParsedOutput> {
    let is_ran = |line: &&&str| line.starts_with("Ran ") && line.contains(" test");
    let ran = lines.iter().rev().find(is_ran)?;
    let total = number_before(ran, "tests").or_else(|| number_before(ran, "test"))?;
    let mut parsed = ParsedOutput::default();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        let named = line
            .strip_prefix("FAIL: ")
            .or_else(|| line.strip_prefix("ERROR: "));
        let Some(name) = named else { continue };
        let is_inside = |line: &&&str| !line.starts_with("=====") && !line.starts_with("Ran ");
        let length = lines[at..].iter().take_while(is_inside).count();
        let body = &lines[at..at + length];
        let is_text = |line: &&&str| !line.starts_with("-----");
        let failure = CheckFailure::named(name)
            .with_lines(body.iter().filter(is_text).copied())
            .trimmed();
        parsed.failures.push(match frame(body) {
            Some((path, line)) => failure.at(path, Some(line)),
            None => failure,
        });
        at += length;
    }
    let failed = parsed.failures.len() as u64;
    parsed.failed = Some(failed);
    let last = lines.iter().rev().find(|line| !line.trim().is_empty());
    parsed.skipped = last.and_then(|line| {
        let (_, count) = line.split_once("skipped=")?;
        let digits = count.bytes().take_while(u8::is_ascii_digit).count();
        count[..digits].parse().ok()
    });
    let others = failed.saturating_add(parsed.skipped.unwrap_or(0));
    parsed.passed = Some(total.saturating_sub(others));
    Some(parsed)
}

/// The last `  File "a.py", line 7, in test_x`.
fn frame<'a>(lines: &[&'a str]) -> Option<(&'a str, u32)> {
    lines.iter().rev().find_map(|line| {
        let rest = line.trim_start().strip_prefix("File \"")?;
        let (path, rest) = rest.split_once("\", line ")?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        Some((path, rest[..digits].parse().ok()?))
    })
}
