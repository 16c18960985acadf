//! What compilers, linters and formatters say: a place, and a message.

use super::{CheckFailure, ParsedOutput, is_path, place_at_start};

/// Before the path of a file that is not formatted.
const UNFORMATTED: [&str; 6] = [
    "would reformat ",
    "Would reformat: ",
    "[warn] ",
    "File not formatted: ",
    "unformatted: ",
    "Would have formatted ",
];
/// Words of messages that are no errors.
const HARMLESS: [&str; 4] = ["note:", "help:", "info:", "hint:"];

pub(super) fn parse(lines: &[&str]) -> Option<ParsedOutput> {
    let mut failures: Vec<CheckFailure> = Vec::new();
    let mut file = "";
    let mut before = "";
    for line in lines {
        let trimmed = line.trim_end();
        let above = std::mem::replace(&mut before, trimmed);
        if let Some(failure) = unformatted(trimmed)
            .or_else(|| with_place(trimmed))
            .or_else(|| of_typescript(trimmed))
            .or_else(|| below_message(trimmed, above))
        {
            failures.push(failure);
        } else if let Some(failure) = below_path(trimmed, file) {
            failures.push(failure);
        } else if let Some(last) = failures.last_mut()
            && line.starts_with([' ', '\t'])
            && file.is_empty()
        {
            last.add_lines([*line]);
        }
        if is_path(trimmed) && !trimmed.contains(' ') {
            file = trimmed;
        }
    }
    (!failures.is_empty()).then(|| ParsedOutput {
        failures,
        ..ParsedOutput::default()
    })
}

/// Paths, one a line, or the heads of differences: `diff a.go.orig a.go`
pub(super) fn listed(lines: &[&str]) -> Vec<CheckFailure> {
    let has_differences = lines.iter().any(|line| line.starts_with("diff "));
    let paths = lines.iter().filter_map(|line| {
        let line = line.trim_end();
        match has_differences {
            true => line.strip_prefix("diff ")?.rsplit(' ').next(),
            false => Some(line),
        }
    });
    let paths = paths.filter(|path| is_path(path) && !path.contains(' '));
    paths.map(of_unformatted).collect()
}

fn of_unformatted(path: &str) -> CheckFailure {
    let path = path.trim_start_matches("./");
    CheckFailure::named(&format!("{path} is not formatted")).at(path, None)
}

/// `would reformat a.py`
fn unformatted(line: &str) -> Option<CheckFailure> {
    let path = UNFORMATTED
        .iter()
        .find_map(|sign| line.strip_prefix(sign))?
        .trim();
    is_path(path).then(|| of_unformatted(path).with_lines([line]))
}

/// ` --> src/a.py:1:8`, below `F401 [*] 'os' imported but unused`
fn below_message(line: &str, above: &str) -> Option<CheckFailure> {
    let place = line.trim_start().strip_prefix("--> ")?;
    let (path, number, _) = place_at_start(place)?;
    let is_message = !above.is_empty() && !above.starts_with(' ') && !above.starts_with("warning");
    is_message.then(|| failure(path, number, above, above).with_lines([line]))
}

/// `src/a.py:3:5: F401 'os' imported but unused`
fn with_place(line: &str) -> Option<CheckFailure> {
    let (path, number, message) = place_at_start(line.trim_start())?;
    let message = message.trim_start_matches([':', ' ']);
    let is_harmless = HARMLESS.iter().any(|word| message.starts_with(word));
    if message.is_empty() || is_harmless || message.starts_with("warning: unused") {
        return None;
    }
    Some(failure(path, number, message, line))
}

/// `src/a.ts(3,5): error TS2322: Type 'string' …`, of MSBuild as well
fn of_typescript(line: &str) -> Option<CheckFailure> {
    let (path, rest) = line.trim_start().split_once('(')?;
    let (place, message) = rest.split_once("): ")?;
    let number = place.split(',').next()?.parse().ok()?;
    let is_error = message.starts_with("error") && is_path(path);
    is_error.then(|| failure(path, number, message, line))
}

/// `  3:5  error  'a' is not defined  no-undef`, below the path of its file
fn below_path(line: &str, file: &str) -> Option<CheckFailure> {
    if file.is_empty() || !line.starts_with(' ') {
        return None;
    }
    let (place, message) = line.trim_start().split_once(' ')?;
    let (number, column) = place.split_once(':')?;
    let number = number.parse().ok()?;
    column.parse::<u32>().ok()?;
    let message = message.trim_start().strip_prefix("error")?.trim_start();
    Some(failure(file, number, message, line))
}

fn failure(path: &str, number: u32, message: &str, line: &str) -> CheckFailure {
    let message: Vec<&str> = message.split_whitespace().collect();
    let path = path.trim_start_matches("./");
    CheckFailure::named(&format!("{path}: {}", message.join(" ")))
        .at(path, Some(number))
        .with_lines([line])
}
