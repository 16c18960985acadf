//! An output of no known form: its end, and the lines that tell of errors.

use super::{CheckFailure, ParsedOutput};

/// Words of lines that tell of an error, in small letters.
const TELLING: [&str; 7] = [
    "error",
    "fail",
    "panicked",
    "traceback",
    "exception",
    "assert",
    "not ok",
];
/// Most of these lines.
const MOST_TELLING: usize = 20;
/// How many of them name a failure: the first alone is often the same for any.
const NAMING: usize = 3;
/// Most lines of the end.
const TAIL: usize = 30;

pub(super) fn parse(lines: &[&str]) -> ParsedOutput {
    let from = lines.len().saturating_sub(TAIL);
    let is_telling = |line: &&&str| {
        let lower = line.to_lowercase();
        TELLING.iter().any(|word| lower.contains(word))
    };
    let telling: Vec<&str> = lines[..from]
        .iter()
        .filter(is_telling)
        .take(MOST_TELLING)
        .copied()
        .collect();
    let end = &lines[from..];
    let all_telling = telling.iter().chain(end.iter().filter(is_telling));
    let mut named: Vec<String> = all_telling
        .take(NAMING)
        .map(|line| without_numbers(line))
        .collect();
    if named.is_empty() {
        let last = end.iter().rev().find(|line| !line.trim().is_empty());
        named.extend(last.map(|line| without_numbers(line)));
    }
    if named.is_empty() {
        return ParsedOutput {
            is_guess: true,
            ..ParsedOutput::default()
        };
    }
    let mut failure = CheckFailure::named(&named.join("; "));
    failure.add_lines(telling.iter().copied());
    if !telling.is_empty() {
        failure.add_lines(["…"]);
    }
    failure.add_lines(end.iter().copied());
    ParsedOutput {
        failures: vec![failure.trimmed()],
        is_guess: true,
        ..ParsedOutput::default()
    }
}

/// A line whose numbers are alike: times and places differ from run to run.
pub(super) fn without_numbers(line: &str) -> String {
    let mut text = String::new();
    for sign in line.trim().chars() {
        let sign = if sign.is_ascii_digit() { '0' } else { sign };
        if sign == '0' && text.ends_with('0') {
            continue;
        }
        text.push(sign);
    }
    text
}
