//! The places that descriptions cite: whether their lines are still there, and where they went.

use std::collections::BTreeMap;

use crate::engine::names::is_path;
use crate::engine::proof::citations::{NamedPlace, named_places};
use crate::jail::hash_of;

/// The lines of files, without secrets.
pub(super) type FileLines = BTreeMap<String, Vec<String>>;

/// The citations of a description, in their order.
fn cited(words: &str) -> impl Iterator<Item = NamedPlace> {
    named_places(words).filter(|place| is_path(&place.path))
}

/// The files that a description cites.
pub(super) fn cited_paths(words: &str) -> impl Iterator<Item = String> {
    cited(words).map(|place| place.path)
}

/// What tells the first line of each citation, to be found again: six digits each, with dots between.
/// A line that is not there has none.
pub(super) fn line_marks(words: &str, files: &FileLines) -> String {
    let marks = cited(words).map(|place| {
        let lines = files.get(&place.path);
        let line = lines.and_then(|lines| lines.get(index(place.start)?));
        line.map_or_else(String::new, |line| mark_of(line))
    });
    marks.collect::<Vec<String>>().join(".")
}

/// A description whose citations name the lines where their text is now; `None` if one is gone, or in
/// several places.
pub(super) fn with_moved_places(words: &str, marks: &str, files: &FileLines) -> Option<String> {
    let places: Vec<NamedPlace> = cited(words).collect();
    if places.is_empty() {
        return Some(words.to_owned());
    }
    let marks: Vec<&str> = marks.split('.').collect();
    if marks.len() != places.len() {
        return None;
    }
    let mut moved = String::new();
    let mut copied = 0;
    for (place, mark) in places.iter().zip(marks) {
        let lines = files.get(&place.path)?;
        let start = found_again(lines, place.start, mark)?;
        let end = start.checked_add(place.end.checked_sub(place.start)?)?;
        if end > lines.len() as u64 {
            return None;
        }
        moved.push_str(words.get(copied..place.range.start)?);
        moved.push_str(&place.path);
        moved.push_str(&match start == end {
            true => format!(":{start}"),
            false => format!(":{start}-{end}"),
        });
        copied = place.range.end;
    }
    moved.push_str(words.get(copied..)?);
    Some(moved)
}

/// The number of a line with a mark: the one that it had, or else the only one.
fn found_again(lines: &[String], number: u64, mark: &str) -> Option<u64> {
    if mark.is_empty() {
        return None;
    }
    let before = index(number).and_then(|at| lines.get(at));
    if before.is_some_and(|line| mark_of(line) == mark) {
        return Some(number);
    }
    let mut fitting = (1..)
        .zip(lines)
        .filter(|(_, line)| mark_of(line) == mark)
        .map(|(number, _)| number);
    let only = fitting.next()?;
    fitting.next().is_none().then_some(only)
}

fn index(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

fn mark_of(line: &str) -> String {
    let hash = hash_of(line.trim().as_bytes());
    let digits = hash.iter().take(3).map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "It dials (`net/a.rs:2`), at localhost:80. It waits (`net/a.rs:3-4`).";

    fn files(lines: &[&str]) -> FileLines {
        let lines = lines.iter().map(|line| (*line).to_owned());
        FileLines::from([("net/a.rs".to_owned(), lines.collect())])
    }

    #[test]
    fn lines_that_moved_are_found_again() {
        let before = files(&["use x;", "fn dial() {}", "fn wait() {", "}"]);
        let marks = line_marks(WORDS, &before);
        assert_eq!(marks.len(), 13, "{marks}");
        let same = with_moved_places(WORDS, &marks, &before);
        assert_eq!(same.as_deref(), Some(WORDS));
        let after = files(&["// new", "fn wait() {", "}", "", "  fn dial() {}"]);
        assert_eq!(
            with_moved_places(WORDS, &marks, &after).as_deref(),
            Some("It dials (`net/a.rs:5`), at localhost:80. It waits (`net/a.rs:2-3`).")
        );
        assert_eq!(cited_paths(WORDS).collect::<Vec<_>>(), ["net/a.rs"; 2]);
    }

    #[test]
    fn lines_that_are_gone_or_in_several_places_are_not() {
        let before = files(&["use x;", "fn dial() {}", "fn wait() {", "}"]);
        let marks = line_marks(WORDS, &before);
        for after in [
            files(&[]),
            files(&["use x;", "fn dial(x: u8) {}", "fn wait() {", "}"]),
            files(&[
                "",
                "",
                "",
                "fn dial() {}",
                "fn dial() {}",
                "fn wait() {",
                "}",
            ]),
            // The end of a citation is gone.
            files(&["use x;", "fn dial() {}", "fn wait() {"]),
            FileLines::new(),
        ] {
            assert_eq!(with_moved_places(WORDS, &marks, &after), None, "{after:?}");
        }
        for marks in ["", "x", "..", "a.b.c"] {
            assert_eq!(with_moved_places(WORDS, marks, &before), None, "{marks}");
        }
        assert_eq!(line_marks(WORDS, &FileLines::new()), ".");
        let none = with_moved_places("No citation.", "", &before);
        assert_eq!(none.as_deref(), Some("No citation."));
    }
}
