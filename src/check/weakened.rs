//! Which tests an edit removed or weakened, from the texts before and after it: tests that are gone or
//! skipped, runs that are limited to some, assertions that are gone or say less.
//!
//! Lines are read, not parsed: a test begins where its language marks one, and ends with its block.

mod languages;

use std::collections::BTreeMap;

use languages::{Block, Language, language_of};

/// Most weakened tests that are named.
pub const MOST: usize = 50;
/// Larger texts are not compared, in bytes.
const LARGEST: usize = 2 << 20;

/// A file before and after an edit; `None` where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditedFile {
    /// Relative to the workspace.
    pub path: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// A test that was removed or weakened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakened {
    pub path: String,
    /// Its name.
    pub test: String,
    pub how: Weakening,
}

/// What was done to a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakening {
    Removed,
    /// It is ignored, skipped, or expected to fail.
    Skipped,
    /// Only it runs, and others of its file do not.
    Only,
    /// It has fewer assertions: before, and after.
    FewerAsserts(usize, usize),
    /// As many assertions, but fewer that compare.
    LooserAsserts,
}

impl Weakened {
    /// In words: `` `test_mean` (tests/test_stats.py) is skipped ``
    pub fn words(&self) -> String {
        let what = match self.how {
            Weakening::Removed => "was removed or renamed".to_owned(),
            Weakening::Skipped => "is skipped now".to_owned(),
            Weakening::Only => "is the only one of its file that runs now".to_owned(),
            Weakening::FewerAsserts(_, 0) => "has no assertion any more".to_owned(),
            Weakening::FewerAsserts(before, after) => {
                format!("has {after} assertions, and had {before}")
            }
            Weakening::LooserAsserts => "compares less than before".to_owned(),
        };
        format!("`{}` ({}) {what}", self.test, self.path)
    }
}

/// A test of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Test {
    /// Whether it holds tests, and is none itself.
    is_group: bool,
    is_skipped: bool,
    is_only: bool,
    /// Assertions that can fail.
    asserts: usize,
    /// Those of them that compare with something.
    comparing: usize,
}

/// The tests that edits removed or weakened, in the order of the files. A test that was moved to
/// another file is not removed.
pub fn weakened(files: &[EditedFile]) -> Vec<Weakened> {
    let mut found = Vec::new();
    let sides: Vec<_> = files.iter().map(both_sides).collect();
    let is_elsewhere = |name: &str| sides.iter().any(|(_, after)| after.contains_key(name));
    for (file, (before, after)) in files.iter().zip(&sides) {
        for (name, old) in before {
            let how = match after.get(name) {
                // A group is known by its tests.
                None if old.is_group || is_elsewhere(name) => None,
                None => Some(Weakening::Removed),
                Some(new) => compared(old, new),
            };
            found.extend(how.map(|how| Weakened {
                path: file.path.clone(),
                test: name.clone(),
                how,
            }));
        }
        let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
        let limiting = new.filter(|(_, test)| test.is_only && !before.is_empty());
        found.extend(limiting.map(|(name, _)| Weakened {
            path: file.path.clone(),
            test: name.clone(),
            how: Weakening::Only,
        }));
    }
    found.truncate(MOST);
    found
}

type Tests = BTreeMap<String, Test>;

fn both_sides(file: &EditedFile) -> (Tests, Tests) {
    let Some(language) = language_of(&file.path) else {
        return Default::default();
    };
    let side = |text: &Option<String>| match text {
        Some(text) if text.len() <= LARGEST => tests_of(text, language),
        _ => Tests::new(),
    };
    let is_too_large = file.after.as_ref().is_some_and(|text| text.len() > LARGEST);
    match is_too_large {
        true => Default::default(),
        false => (side(&file.before), side(&file.after)),
    }
}

fn compared(old: &Test, new: &Test) -> Option<Weakening> {
    if new.is_skipped && !old.is_skipped {
        Some(Weakening::Skipped)
    } else if new.is_only && !old.is_only {
        Some(Weakening::Only)
    } else if new.asserts < old.asserts {
        Some(Weakening::FewerAsserts(old.asserts, new.asserts))
    } else if new.comparing < old.comparing && new.asserts == old.asserts {
        Some(Weakening::LooserAsserts)
    } else {
        None
    }
}

/// The tests of a text, by name.
fn tests_of(text: &str, language: &Language) -> Tests {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Tests::new();
    // Marks above a test: attributes, decorators, annotations.
    let mut marks: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let trimmed = line.trim();
        if language.is_mark(trimmed) {
            marks.push(trimmed);
            at += 1;
            continue;
        }
        if let Some(name) = language.test_in(trimmed, &marks) {
            let end = block_end(&lines, at, language.block);
            let test = read_test(&lines[at..end], &marks, language);
            let known = found.entry(name).or_default();
            known.is_skipped |= test.is_skipped;
            known.is_only |= test.is_only;
            known.is_group |= test.is_group;
            known.asserts += test.asserts;
            known.comparing += test.comparing;
            marks.clear();
            // Blocks of blocks hold tests themselves.
            at = if test.is_group { at + 1 } else { end };
            continue;
        }
        if !trimmed.is_empty() && !language.is_comment(trimmed) {
            marks.clear();
        }
        at += 1;
    }
    found
}

/// The line behind the block that begins at a line.
fn block_end(lines: &[&str], start: usize, block: Block) -> usize {
    match block {
        Block::Indented => {
            let own = indent(lines[start]);
            // The head may have several lines, which end with a colon.
            let head = lines[start..].iter().take(20);
            let head = head
                .take_while(|line| !line.trim_end().ends_with(':'))
                .count();
            let body = (start + head + 1).min(lines.len());
            let inside = lines[body..].iter();
            let inside = inside
                .take_while(|line| line.trim().is_empty() || indent(line) > own)
                .count();
            body + inside
        }
        Block::Braces => {
            let mut depth = 0_i64;
            let mut has_brace = false;
            for (at, line) in lines.iter().enumerate().skip(start) {
                let is_open = depth > 0;
                depth += balance(line);
                has_brace |= line.contains('{');
                // The brace of the body may stand in a line of its own.
                let next = lines.get(at + 1).map_or("", |line| line.trim_start());
                let goes_on = !has_brace && next.starts_with('{');
                let has_opened = is_open || line.contains(['{', '(']);
                if has_opened && depth <= 0 && !goes_on {
                    return at + 1;
                }
            }
            lines.len()
        }
        Block::End => {
            let own = indent(lines[start]);
            if lines[start].contains('{') && lines[start].contains('}') {
                return start + 1;
            }
            let is_end = |line: &&&str| indent(line) <= own && line.trim_start().starts_with("end");
            let inside = lines[start + 1..].iter().position(|line| is_end(&line));
            inside.map_or(lines.len(), |inside| start + inside + 2)
        }
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Opening minus closing brackets of a line, without those in texts.
fn balance(line: &str) -> i64 {
    let mut balance = 0;
    let mut quote: Option<char> = None;
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        match (quote, sign) {
            (Some(_), '\\') => drop(signs.next()),
            (Some(open), _) => quote = quote.filter(|_| sign != open),
            (None, '"' | '`') => quote = Some(sign),
            (None, '\'') => {
                // A character: `'{'`, `'\\''`.
                let mut ahead = signs.clone();
                if ahead.next() == Some('\\') {
                    ahead.next();
                }
                if ahead.next() == Some('\'') {
                    signs = ahead;
                }
            }
            (None, '/') if signs.peek() == Some(&'/') => break,
            (None, '{' | '(') => balance += 1,
            (None, '}' | ')') => balance -= 1,
            (None, _) => {}
        }
    }
    balance
}

fn read_test(body: &[&str], marks: &[&str], language: &Language) -> Test {
    let head = body.first().map_or("", |line| line.trim());
    let mut test = Test {
        is_skipped: marks.iter().any(|mark| language.skips(mark)) || language.skips(head),
        is_only: language.is_only(head),
        is_group: language.is_group(head),
        ..Test::default()
    };
    let inner = body.get(1..).unwrap_or_default();
    // A group is its tests; what it says itself are its marks.
    if test.is_group {
        return test;
    }
    let lines = inner.iter().map(|line| line.trim());
    // A body in the line of its head counts as well.
    let own = head.split_once('{').or_else(|| head.split_once("=>"));
    let own = own.map(|(_, rest)| rest.trim());
    for line in own.into_iter().chain(lines) {
        if line.is_empty() || language.is_comment(line) {
            continue;
        }
        test.is_skipped |= language.skips_inside(line);
        let count = language.asserts(line);
        test.asserts += count;
        if count > 0 && language.compares(line) {
            test.comparing += count;
        }
    }
    test
}
