//! jest, vitest, mocha and the runner of Node.

use super::{CheckFailure, ParsedOutput, first_place, number_before, place_at_start};

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    let mut parsed = ParsedOutput::default();
    let is_counted = lines.iter().any(|line| add_counts(&mut parsed, line));
    if !is_counted {
        return None;
    }
    // The other lines of counts.
    parsed = ParsedOutput::default();
    for line in lines {
        add_counts(&mut parsed, line);
    }
    let mut suite = "";
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        if let Some(path) = suite_of(line) {
            suite = path;
            continue;
        }
        let Some(name) = name_of(line) else { continue };
        let rest = &lines[at..];
        let length = rest.iter().take_while(|line| !ends(line)).count();
        let body = &rest[..length];
        at += length;
        let failure = failure(name, suite, body);
        let is_known = |known: &CheckFailure| known.name == failure.name;
        // The summary of vitest and jest names each again.
        if !parsed.failures.iter().any(is_known) {
            parsed.failures.push(failure);
        }
    }
    Some(parsed)
}

/// Reads a line with counts; whether it is one.
fn add_counts(parsed: &mut ParsedOutput, line: &str) -> bool {
    let trimmed = line.trim();
    // `Tests:       1 failed, 2 passed, 3 total` and `Tests  1 failed | 2 passed (3)`
    let is_jest = line.starts_with("Tests:") && trimmed.ends_with(" total");
    let is_vitest = trimmed.starts_with("Tests  ") && trimmed.ends_with(')');
    if is_jest || is_vitest {
        parsed.passed = number_before(trimmed, "passed").or(parsed.passed);
        parsed.failed = number_before(trimmed, "failed").or(parsed.failed);
        parsed.skipped = number_before(trimmed, "skipped").or(parsed.skipped);
        return true;
    }
    // `3 passing (10ms)` and `1 failing` of mocha
    let (count, word) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
    if let Ok(count) = count.parse()
        && line.starts_with("  ")
    {
        match word.split(' ').next() {
            Some("passing") if word.ends_with(')') => parsed.passed = Some(count),
            Some("failing") if word == "failing" => parsed.failed = Some(count),
            Some("pending") if word == "pending" => parsed.skipped = Some(count),
            _ => return false,
        }
        return true;
    }
    // `ℹ fail 1` of Node
    let Some(rest) = line.strip_prefix("ℹ ") else {
        return false;
    };
    match rest
        .split_once(' ')
        .map(|(word, count)| (word, count.parse()))
    {
        Some(("pass", Ok(count))) => parsed.passed = Some(count),
        Some(("fail", Ok(count))) => parsed.failed = Some(count),
        Some(("skipped", Ok(count))) => parsed.skipped = Some(count),
        _ => return false,
    }
    true
}

/// The file in `FAIL src/a.test.js`, with the time of a slow one behind it: ` (5.2 s)`
fn suite_of(line: &str) -> Option<&str> {
    let path = line.strip_prefix("FAIL ")?.trim();
    let path = path
        .strip_suffix(" s)")
        .and_then(|path| path.rsplit_once(" ("))
        .map_or(path, |(path, _)| path);
    let is_suite = !path.contains(" > ") && place_at_start(&format!("{path}:1")).is_some();
    is_suite.then_some(path)
}

/// The name in a heading of a failure.
fn name_of(line: &str) -> Option<&str> {
    // `  ● suite › name` of jest
    if let Some(name) = line.trim_start().strip_prefix("● ") {
        return Some(name.trim()).filter(|name| !name.starts_with("Console"));
    }
    // ` FAIL  src/a.test.ts > suite > name` of vitest
    if let Some(name) = line.strip_prefix(" FAIL  ") {
        return Some(name.trim());
    }
    // `  1) suite name:` of mocha
    if let Some(rest) = line.strip_prefix("  ") {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let name = rest[digits..].strip_prefix(") ");
        return name.filter(|_| digits > 0).map(str::trim);
    }
    // `✖ name (1.2ms)` of Node
    let name = line.strip_prefix("✖ ")?.trim();
    if name == "failing tests:" {
        return None;
    }
    let is_time = |(_, time): &(&str, &str)| time.ends_with("ms)");
    let named = name.rsplit_once(" (").filter(is_time);
    Some(named.map_or(name, |(name, _)| name))
}

fn ends(line: &&&str) -> bool {
    let counts = ["Test Suites:", "Tests:", "⎯⎯⎯", "ℹ ", "✖ failing"];
    name_of(line).is_some()
        || counts.iter().any(|sign| line.starts_with(sign))
        || suite_of(line).is_some()
}

fn failure(name: &str, suite: &str, body: &[&str]) -> CheckFailure {
    // mocha has the name of the test in lines of its own.
    let mut full = name.to_owned();
    if !name.ends_with(':') {
        let more = body.iter().take_while(|line| line.starts_with("       "));
        let more: Vec<&str> = more.map(|line| line.trim()).collect();
        if let Some((last, titles)) = more.split_last()
            && last.ends_with(':')
            && !last.contains("Error:")
        {
            for part in titles.iter().chain([last]) {
                full.push(' ');
                full.push_str(part);
            }
        }
    }
    if full == "Test suite failed to run" && !suite.is_empty() {
        full = format!("{suite}: {full}");
    }
    let full = full.trim_end_matches(':');
    let failure = CheckFailure::named(full)
        .with_lines(body.iter().copied())
        .trimmed();
    let in_name = full.split(" > ").next().unwrap_or_default();
    let is_file = place_at_start(&format!("{in_name}:1")).is_some();
    let path = if is_file { in_name } else { suite };
    let own = frames(body).find(|(found, _)| path.is_empty() || found.ends_with(path));
    match (own, path) {
        (Some((_, line)), path) if !path.is_empty() => failure.at(path, Some(line)),
        (Some((path, line)), _) => failure.at(path, Some(line)),
        (None, "") => match first_place(body) {
            Some((path, line)) => failure.at(path, Some(line)),
            None => failure,
        },
        (None, path) => failure.at(path, None),
    }
}

/// The places in a stack, but for those of dependencies: `at Object.<anonymous> (src/a.test.js:7:3)`
/// and `❯ src/a.test.ts:7:3`.
fn frames<'a>(body: &'a [&'a str]) -> impl Iterator<Item = (&'a str, u32)> {
    let places = body.iter().filter_map(|line| {
        let line = line.trim();
        let rest = line
            .strip_prefix("at ")
            .or_else(|| line.strip_prefix("❯ "))?;
        let place = match rest.rsplit_once('(') {
            Some((_, place)) => place,
            None => rest,
        };
        let place = place.trim_start_matches("file://");
        place_at_start(place).map(|(path, line, _)| (path, line))
    });
    places.filter(|(path, _)| !path.contains("node_modules") && !path.starts_with("node:"))
}
