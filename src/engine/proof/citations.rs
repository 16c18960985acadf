//! Checks the citations in an answer against the files.

use std::collections::BTreeMap;
use std::ops::Range;

use ollacode_indexer::language::language_of;

use crate::jail::{EntryKind, Jail};
use crate::message::Source;

/// Most citations checked in an answer.
const MOST: usize = 200;

/// A path and line range in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Citation {
    path: String,
    start: u64,
    end: u64,
    /// Bytes of the line numbers, behind the colon.
    numbers: usize,
}

/// A place in a file that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPlace {
    /// Where in the text.
    pub range: Range<usize>,
    pub path: String,
    /// First and last line.
    pub start: u64,
    pub end: u64,
}

/// What exists at a cited path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum PathContents {
    /// A text file with this number of lines.
    Lines(u64),
    /// No file, but the first folder of the path exists.
    FolderOnly,
    Nothing,
    /// Not checked: too large, or not text.
    Unread,
}

/// What is to be said of the citations of an answer, each as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedCitations {
    /// Wrong ones, with the reason.
    pub wrong: Vec<(String, String)>,
    /// Places that exist, but that the model was never shown.
    pub not_seen: Vec<String>,
}

impl CheckedCitations {
    pub fn is_empty(&self) -> bool {
        self.wrong.is_empty() && self.not_seen.is_empty()
    }
}

/// Checks the citations of an answer.
///
/// `known` are the sources of the answer; they help if a path is shortened. `was_shown` tells
/// whether the model was shown some of these lines of a file, first and last.
pub fn check_citations(
    answer: &str,
    jail: &Jail,
    known: &[Source],
    was_shown: impl Fn(&str, u64, u64) -> bool,
) -> CheckedCitations {
    checked(answer, known, |path| look_up(jail, path), was_shown)
}

fn look_up(jail: &Jail, given: &str) -> PathContents {
    let Ok(path) = jail.path(given) else {
        return PathContents::Nothing;
    };
    match jail.kind(&path) {
        Ok(Some(EntryKind::File | EntryKind::Link)) => match jail.read(&path) {
            Ok(file) => PathContents::Lines(file.text.lines().count() as u64),
            Err(_) => PathContents::Unread,
        },
        Ok(Some(_)) => PathContents::Unread,
        Ok(None) | Err(_) => {
            let first = given.split('/').next().unwrap_or(given);
            let folder = jail.path(first).and_then(|path| jail.kind(&path));
            match folder {
                Ok(Some(EntryKind::Folder)) if first != given => PathContents::FolderOnly,
                _ => PathContents::Nothing,
            }
        }
    }
}

fn checked(
    answer: &str,
    known: &[Source],
    mut look: impl FnMut(&str) -> PathContents,
    was_shown: impl Fn(&str, u64, u64) -> bool,
) -> CheckedCitations {
    let mut seen: BTreeMap<String, PathContents> = BTreeMap::new();
    let mut found = CheckedCitations::default();
    for citation in citations(answer).into_iter().take(MOST) {
        let there = seen
            .entry(citation.path.clone())
            .or_insert_with_key(|path| look(path))
            .clone();
        let reason = reason(&citation, &there, known);
        let Citation {
            path, start, end, ..
        } = citation;
        let written = if start == end {
            format!("{path}:{start}")
        } else {
            format!("{path}:{start}-{end}")
        };
        let is_known = found.not_seen.contains(&written)
            || found.wrong.iter().any(|(before, _)| *before == written);
        match reason {
            _ if is_known => {}
            Some(reason) => found.wrong.push((written, reason)),
            None if matches!(there, PathContents::Lines(_)) && !was_shown(&path, start, end) => {
                found.not_seen.push(written);
            }
            None => {}
        }
    }
    found
}

/// Why a citation is wrong; `None` if it is right or not a citation.
fn reason(citation: &Citation, there: &PathContents, known: &[Source]) -> Option<String> {
    let Citation {
        path, start, end, ..
    } = citation;
    match there {
        PathContents::Lines(_) if *start == 0 => Some("line numbers start at 1".to_owned()),
        PathContents::Lines(_) if end < start => Some("the range ends before it starts".to_owned()),
        PathContents::Lines(lines) if end > lines => Some(format!("the file has {lines} lines")),
        PathContents::Lines(_) | PathContents::Unread => None,
        // `localhost:8080` and the name of an image are no citations.
        PathContents::Nothing if language_of(path, "").is_none() => None,
        PathContents::FolderOnly | PathContents::Nothing => {
            let ending = format!("/{path}");
            let meant = known.iter().find(|source| source.path.ends_with(&ending));
            Some(match meant {
                Some(source) => format!("there is no such file; perhaps `{}`", source.path),
                None => "there is no such file".to_owned(),
            })
        }
    }
}

/// Everything that looks like `path:line` or `path:start-end` in a text, also in code blocks: path,
/// first and last line.
pub(super) fn places_in(text: &str) -> impl Iterator<Item = (String, u64, u64)> {
    text.lines().flat_map(places_in_line)
}

fn places_in_line(line: &str) -> impl Iterator<Item = (String, u64, u64)> {
    let colons = line.match_indices(':');
    colons
        .filter_map(move |(at, _)| citation(&line[..at], &line[at + 1..]))
        .map(|place| (place.path, place.start, place.end))
}

/// Everything that looks like `path:line` or `path:start-end` in a text, in order, and where it is.
/// Two may overlap: `a.rs:1-b.rs:2`.
pub fn named_places(text: &str) -> impl Iterator<Item = NamedPlace> {
    let colons = text.match_indices(':');
    colons.filter_map(move |(at, _)| {
        let place = citation(&text[..at], &text[at + 1..])?;
        let path = at - place.path.len();
        let start = path - if text[..path].ends_with("./") { 2 } else { 0 };
        Some(NamedPlace {
            range: start..at + 1 + place.numbers,
            path: place.path,
            start: place.start,
            end: place.end,
        })
    })
}

/// Everything that looks like `path:line` or `path:start-end`, outside of code blocks.
fn citations(answer: &str) -> Vec<Citation> {
    let mut found = Vec::new();
    let mut fence: Option<&str> = None;
    for line in answer.lines() {
        let trimmed = line.trim_start();
        let marks = ["```", "~~~"]
            .into_iter()
            .find(|mark| trimmed.starts_with(mark));
        match (fence, marks) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => found.extend(
                line.match_indices(':')
                    .filter_map(|(at, _)| citation(&line[..at], &line[at + 1..])),
            ),
        }
    }
    found
}

/// Reads the citation around a colon.
fn citation(before: &str, after: &str) -> Option<Citation> {
    let (start, rest) = number(after)?;
    let range = rest
        .strip_prefix(['-', '–'])
        .map(|rest| rest.strip_prefix('L').unwrap_or(rest));
    let (end, rest) = range.and_then(number).unwrap_or((start, rest));
    // `:8080/path`, `:3rd`, `:1.5`
    let mut next = rest.chars();
    let follows = next.next();
    if follows.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '/'))
        || follows == Some('.') && next.next().is_some_and(|c| c.is_ascii_digit())
    {
        return None;
    }
    let path = path_at_end(before)?;
    Some(Citation {
        path: path.to_owned(),
        start,
        end,
        numbers: after.len() - rest.len(),
    })
}

/// The number at the beginning, and what follows.
fn number(text: &str) -> Option<(u64, &str)> {
    let text = text.strip_prefix('L').unwrap_or(text);
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, &text[end..]))
}

/// The path that a text ends with, if that can be one.
fn path_at_end(text: &str) -> Option<&str> {
    let part = |c: char| c.is_alphanumeric() || "_-./+@~$[]()".contains(c);
    let start = text
        .char_indices()
        .rev()
        .take_while(|(_, c)| part(*c))
        .last()
        .map(|(at, _)| at)?;
    let mut path = &text[start..];
    // `[src/main.rs:1](…)` and `(src/main.rs:1)`, but not `app/[id]/page.tsx`.
    let mut opened = path.matches(['[', '(']).count();
    let closed = path.matches([']', ')']).count();
    while let Some(rest) = path.strip_prefix(['[', '(']) {
        if opened == closed {
            break;
        }
        path = rest;
        opened -= 1;
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    let named = path.chars().any(char::is_alphabetic);
    (named && !path.starts_with("//") && !path.ends_with('/')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(answer: &str) -> Vec<(String, u64, u64)> {
        citations(answer)
            .into_iter()
            .map(|citation| (citation.path, citation.start, citation.end))
            .collect()
    }

    fn there(path: &str) -> PathContents {
        match path {
            "src/main.rs" => PathContents::Lines(20),
            "Makefile" => PathContents::Lines(3),
            "logo.png" => PathContents::Unread,
            _ if path.starts_with("src/") => PathContents::FolderOnly,
            _ => PathContents::Nothing,
        }
    }

    #[track_caller]
    fn check(answer: &str, wrongs: &[(&str, &str)]) {
        let known = [Source {
            path: "src/net/server.rs".to_owned(),
            start_line: 1,
            end_line: 9,
            symbol: None,
        }];
        let found = checked(answer, &known, there, |_, _, _| true);
        assert_eq!(found.not_seen, Vec::<String>::new());
        let found: Vec<(&str, &str)> = found
            .wrong
            .iter()
            .map(|(path, reason)| (path.as_str(), reason.as_str()))
            .collect();
        assert_eq!(found, wrongs, "{answer}");
    }

    #[test]
    fn forms_that_models_write_are_read() {
        let place = |path: &str, start, end| (path.to_owned(), start, end);
        assert_eq!(
            found("See `src/a.rs:3` and src/b.rs:10-24, [c.py:7–9](c.py) (d/e.go:1:15)."),
            [
                place("src/a.rs", 3, 3),
                place("src/b.rs", 10, 24),
                place("c.py", 7, 9),
                place("d/e.go", 1, 1)
            ]
        );
        assert_eq!(
            found("**./app/[id]/page.tsx:L5-L8**, 한글/파일.rs:2"),
            [
                place("app/[id]/page.tsx", 5, 8),
                place("한글/파일.rs", 2, 2)
            ]
        );
    }

    #[test]
    fn it_is_known_where_in_a_text_they_are() {
        for (text, expected) in [
            ("see src/a.rs:3-9.", &["src/a.rs:3-9"][..]),
            ("[./a.py:L5–L8](x)\nb.rs:1:15", &["./a.py:L5–L8", "b.rs:1"]),
            ("a.rs:1-b.rs:2", &["a.rs:1", "1-b.rs:2"]),
            ("é:1 (ü/a.rs:2)", &["é:1", "ü/a.rs:2"]),
            ("12:30, ://x:1", &[]),
        ] {
            let found: Vec<&str> = named_places(text).map(|place| &text[place.range]).collect();
            assert_eq!(found, expected, "{text}");
        }
        let nested = format!("{}a.rs:1", "[(".repeat(100_000));
        let found: Vec<NamedPlace> = named_places(&nested).collect();
        assert_eq!(
            (found[0].path.as_str(), found[0].range.start),
            ("a.rs", 200_000)
        );
    }

    #[test]
    fn what_is_no_citation_is_let_be() {
        for answer in [
            "at 12:30 it was 3:1",
            "http://localhost:8080/x and http://[::1]:80",
            "127.0.0.1:11434",
            "a: 1, b:2rd, c:1.5",
            "std::io::Error: 3",
            "```\nsrc/main.rs:99\n```",
        ] {
            check(answer, &[]);
        }
        check("localhost:8080, docker.io/library/nginx:1, note:5", &[]);
    }

    #[test]
    fn wrong_ones_are_named_once_with_the_reason() {
        check("src/main.rs:1-20, Makefile:3, logo.png:900", &[]);
        check(
            "src/main.rs:21, src/main.rs:21 and src/main.rs:9-3",
            &[
                ("src/main.rs:21", "the file has 20 lines"),
                ("src/main.rs:9-3", "the range ends before it starts"),
            ],
        );
        check(
            "src/lost:4 lost.rs:4 server.rs:2 Makefile:0",
            &[
                ("src/lost:4", "there is no such file"),
                ("lost.rs:4", "there is no such file"),
                (
                    "server.rs:2",
                    "there is no such file; perhaps `src/net/server.rs`",
                ),
                ("Makefile:0", "line numbers start at 1"),
            ],
        );
    }

    #[test]
    fn places_that_were_never_shown_are_named_once() {
        let was_shown = |path: &str, start, end| path == "src/main.rs" && start <= 9 && end >= 5;
        let answer = "src/main.rs:1-6, src/main.rs:12 and src/main.rs:12, Makefile:2, \
                      src/main.rs:21, logo.png:3";
        let found = checked(answer, &[], there, was_shown);
        assert_eq!(found.not_seen, ["src/main.rs:12", "Makefile:2"]);
        assert_eq!(found.wrong.len(), 1, "{found:?}");
    }

    #[test]
    fn no_text_is_too_odd() {
        for answer in [
            "",
            ":",
            ":1",
            "::::9",
            "é:1-",
            "a.rs:99999999999999999999",
            "[[[:1",
        ] {
            check(answer, &[]);
        }
    }
}
