//! Reads what checks print: counts, the names of what failed, and the lines around each.
//!
//! The output is whatever a program of the workspace prints: every length is limited, and no output
//! makes a parser fail. Colours are taken out before.

mod cargo;
mod diagnostics;
mod go;
mod jest;
mod junit;
mod pytest;
mod tail;
mod tap;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

/// Most failures that are kept of an output: a linter may have many old ones before a new one.
pub const MOST_FAILURES: usize = 2_000;
/// Most lines that are kept of a failure.
pub const MOST_LINES: usize = 60;
/// Longest line, in characters.
const LONGEST_LINE: usize = 400;
/// Longest name of a failure, in characters.
const LONGEST_NAME: usize = 200;
/// Most lines of an output that are read: those at its end.
const MOST_OUTPUT_LINES: usize = 50_000;

/// What an output says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParsedOutput {
    /// The counts of tests, where the output has them.
    pub passed: Option<u64>,
    pub failed: Option<u64>,
    pub skipped: Option<u64>,
    /// In the order in which they were printed, each once.
    pub failures: Vec<CheckFailure>,
    /// How many failures are left out of the list.
    pub left_out: usize,
    /// Whether the output has none of the known forms: the failures are lines that look like some.
    pub is_guess: bool,
}

/// A test that failed, or an error of a compiler or linter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckFailure {
    /// The same for the same failure, wherever in its file it stands.
    pub name: String,
    /// The file, if the output names it.
    pub path: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// What was printed about it.
    pub lines: Vec<String>,
}

impl CheckFailure {
    /// The name as it was printed: where a name is made of lines, their numbers are left out of it.
    pub fn title(&self) -> String {
        let printed = |part: &str| {
            let mut lines = self.lines.iter();
            let line = lines.find(|line| tail::without_numbers(line) == part);
            line.map_or_else(|| part.to_owned(), |line| line.trim().to_owned())
        };
        let parts: Vec<String> = self.name.split("; ").map(printed).collect();
        parts.join("; ")
    }

    fn named(name: &str) -> CheckFailure {
        CheckFailure {
            name: shortened(name.trim(), LONGEST_NAME),
            ..CheckFailure::default()
        }
    }

    fn with_lines<'a>(mut self, lines: impl IntoIterator<Item = &'a str>) -> CheckFailure {
        self.add_lines(lines);
        self
    }

    fn add_lines<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        let room = MOST_LINES.saturating_sub(self.lines.len());
        let lines = lines.into_iter().take(room);
        self.lines
            .extend(lines.map(|line| shortened(line.trim_end(), LONGEST_LINE)));
    }

    /// Takes the blank lines at both ends away.
    fn trimmed(mut self) -> CheckFailure {
        while self.lines.last().is_some_and(|line| line.trim().is_empty()) {
            self.lines.pop();
        }
        let blank = self.lines.iter().take_while(|line| line.trim().is_empty());
        let blank = blank.count();
        self.lines.drain(..blank);
        self
    }

    fn at(mut self, path: &str, line: Option<u32>) -> CheckFailure {
        if self.path.is_none() {
            self.path = Some(shortened(path.trim_start_matches("./"), LONGEST_NAME));
            self.line = line;
        }
        self
    }
}

type Parser = fn(&[&str]) -> Option<ParsedOutput>;

/// The parsers of tests; an output can have several forms, as of `make check`.
const PARSERS: [Parser; 6] = [
    cargo::parse,
    pytest::parse,
    go::parse,
    jest::parse,
    junit::parse,
    tap::parse,
];

/// Reads an output.
pub fn parse(output: &str) -> ParsedOutput {
    let mut lines: Vec<&str> = output.lines().collect();
    let surplus = lines.len().saturating_sub(MOST_OUTPUT_LINES);
    lines.drain(..surplus);
    let mut all = ParsedOutput::default();
    let mut is_known = false;
    for parsed in PARSERS.iter().filter_map(|parser| parser(&lines)) {
        is_known = true;
        all.add(parsed);
    }
    if all.failures.is_empty()
        && let Some(parsed) = diagnostics::parse(&lines)
    {
        is_known = true;
        all.add(parsed);
    }
    if !is_known {
        all = tail::parse(&lines);
    }
    all.limited()
}

/// The files that the output of a formatter lists as not formatted, one a line or as differences.
pub fn listed_files(output: &str) -> Vec<CheckFailure> {
    let lines: Vec<&str> = output.lines().take(MOST_OUTPUT_LINES).collect();
    let failures = diagnostics::listed(&lines);
    let parsed = ParsedOutput {
        failures,
        ..ParsedOutput::default()
    };
    parsed.limited().failures
}

impl ParsedOutput {
    fn add(&mut self, other: ParsedOutput) {
        let sum = |one: Option<u64>, other: Option<u64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.saturating_add(other)),
            (one, other) => one.or(other),
        };
        self.passed = sum(self.passed, other.passed);
        self.failed = sum(self.failed, other.failed);
        self.skipped = sum(self.skipped, other.skipped);
        self.failures.extend(other.failures);
        self.left_out += other.left_out;
    }

    /// Each failure once, and not too many of them.
    fn limited(mut self) -> ParsedOutput {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        self.failures
            .retain(|failure| !failure.name.is_empty() && seen.insert(failure.name.clone()));
        let surplus = self.failures.len().saturating_sub(MOST_FAILURES);
        self.failures.truncate(MOST_FAILURES);
        self.left_out += surplus;
        self
    }

    /// The names of the failures.
    pub fn names(&self) -> BTreeSet<String> {
        let names = self.failures.iter().map(|failure| failure.name.clone());
        names.collect()
    }
}

/// A text with at most `most` characters.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The number before a word: `3 passed`, in `1 failed, 3 passed in 0.12s`.
fn number_before(line: &str, word: &str) -> Option<u64> {
    let is_break = |sign: char| !sign.is_alphanumeric();
    let mut words = line.split(is_break).filter(|word| !word.is_empty());
    let mut before = words.next()?;
    for next in words {
        if next == word
            && let Ok(number) = before.parse()
        {
            return Some(number);
        }
        before = next;
    }
    None
}

/// `path:line` or `path:line:column` at the beginning of a text, and what follows.
fn place_at_start(text: &str) -> Option<(&str, u32, &str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find(':').map(|at| at + from) {
        let (path, rest) = (&text[..at], &text[at + 1..]);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0
            && is_path(path)
            && let Ok(line) = rest[..digits].parse()
        {
            let rest = &rest[digits..];
            let column = rest.strip_prefix(':').map(|rest| {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                (digits, rest)
            });
            return Some(match column {
                Some((digits @ 1.., rest)) => (path, line, &rest[digits..]),
                _ => (path, line, rest),
            });
        }
        // `C:\a.cs:3`; a second colon is far enough.
        if from > 0 {
            return None;
        }
        from = at + 1;
    }
    None
}

/// Whether a text can be the path of a source.
fn is_path(text: &str) -> bool {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let has_extension = name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=10).contains(&extension.len())
            && extension.starts_with(|sign: char| sign.is_ascii_alphabetic())
            && extension.chars().all(|sign| sign.is_ascii_alphanumeric())
    });
    let is_plain = |sign: char| !sign.is_control() && !"\"'`<>|*?".contains(sign);
    has_extension && text.len() <= 400 && text.chars().all(is_plain) && !text.starts_with(' ')
}

/// The first place that one of some lines names.
fn first_place<'a>(lines: &[&'a str]) -> Option<(&'a str, u32)> {
    lines.iter().find_map(|line| {
        line.split([' ', '(', ')', '\t', ','])
            .filter(|word| !word.is_empty())
            .find_map(|word| place_at_start(word).map(|(path, line, _)| (path, line)))
    })
}
