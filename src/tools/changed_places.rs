//! What the model is shown of a file that it has changed: each changed place, and the syntax errors
//! that came with it.

use std::ops::Range;

use super::render::{self, NumberedLines};
use crate::syntax::SyntaxError;

/// Unchanged lines around a single place.
const CONTEXT: usize = 3;
/// Unchanged lines around each of several places.
const NEAR: usize = 1;
/// Most lines of a changed place.
const MOST_LINES: usize = 30;
/// Most places.
const MOST_PLACES: usize = 12;

/// The lines of the new text that are not as before, from 0: from the first one to the last.
pub(super) fn changed(before: &str, after: &str) -> Range<usize> {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let same = |(one, other): &(&&str, &&str)| one == other;
    let head = old.iter().zip(&new).take_while(same).count();
    let (old, new_rest) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().zip(new_rest.iter().rev());
    let tail = tail.take_while(same).count();
    head..new.len() - tail
}

/// The changed places with lines around them, numbered. `whole` goes from the first to the last.
pub(super) fn changed_places(
    lines: &NumberedLines<'_>,
    places: &[Range<usize>],
    whole: &Range<usize>,
) -> String {
    let merged = merged(places);
    if merged.len() < 2 {
        return around(lines, whole, CONTEXT);
    }
    let shown: Vec<String> = merged
        .iter()
        .take(MOST_PLACES)
        .map(|place| around(lines, place, NEAR))
        .collect();
    let mut text = shown.join("…\n");
    if merged.len() > MOST_PLACES {
        let more = merged.len() - MOST_PLACES;
        let more = render::count(more, "more place", "more places");
        text.push_str(&format!("… {more} …\n"));
    }
    text
}

/// Places so near to each other that the lines around them meet are one.
fn merged(places: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut merged: Vec<Range<usize>> = Vec::new();
    for place in places {
        match merged.last_mut() {
            Some(last) if place.start <= last.end + 2 * NEAR => last.end = place.end.max(last.end),
            _ => merged.push(place.clone()),
        }
    }
    merged
}

/// A place with so many lines around it, numbered.
pub(super) fn around(lines: &NumberedLines<'_>, place: &Range<usize>, context: usize) -> String {
    let end = (place.end + context).min(lines.count());
    let start = place.start.saturating_sub(context).min(end);
    let shown = end.min(start + MOST_LINES + 2 * context);
    let mut text = String::new();
    for number in start + 1..=shown {
        text.push_str(&lines.line(number));
        text.push('\n');
    }
    if shown < end {
        text.push_str(&format!("… {} lines left out …\n", end - shown));
    }
    text
}

/// Adds new syntax errors. A parser often stops far behind the mistake: then the changed lines are
/// named, and where it stopped.
pub(super) fn push_errors(text: &mut String, errors: &[SyntaxError], places: &[Range<usize>]) {
    if errors.is_empty() {
        return;
    }
    text.push_str("It has new syntax errors; fix them now:\n");
    for error in errors {
        let what = render::without_secrets(&error.text).0;
        // From 0, as the places are.
        let at = error.line.saturating_sub(1);
        let is_inside = places.iter().any(|place| place.contains(&at));
        let before = places.iter().rev().find(|place| place.start <= at);
        match before.or(places.first()) {
            Some(place) if !is_inside => text.push_str(&format!(
                "in your change of {}: {what} (seen at line {})\n",
                lines_of(place),
                error.line
            )),
            _ => text.push_str(&format!("line {}: {what}\n", error.line)),
        }
    }
}

/// `line 3`, `lines 3-5`; where lines were removed, the one that stands there now.
fn lines_of(place: &Range<usize>) -> String {
    let (first, last) = (place.start + 1, place.end.max(place.start + 1));
    if first == last {
        format!("line {first}")
    } else {
        format!("lines {first}-{last}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::EditForm;

    fn place(start: usize, end: usize) -> Range<usize> {
        start..end
    }

    fn hundred() -> String {
        (1..=100).map(|number| format!("l{number}\n")).collect()
    }

    fn plain(text: &str) -> NumberedLines<'_> {
        NumberedLines::new(EditForm::Search, text, text)
    }

    #[test]
    fn changed_lines_are_found() {
        for (before, after, lines) in [
            ("a\nb\nc\n", "a\nB\nc\n", 1..2),
            ("a\nb\nc\n", "a\nc\n", 1..1),
            ("a\nc\n", "a\nb\nb\nc\n", 1..3),
            ("", "a\nb\n", 0..2),
            ("a\na\na\n", "a\na\n", 2..2),
            ("a\n", "a\n", 1..1),
        ] {
            assert_eq!(changed(before, after), lines, "{before:?} {after:?}");
        }
    }

    #[test]
    fn a_place_is_shown_with_what_is_around_it() {
        let text = hundred();
        let lines = plain(&text);
        assert_eq!(
            around(&lines, &(4..5), CONTEXT),
            "2→l2\n3→l3\n4→l4\n5→l5\n6→l6\n7→l7\n8→l8\n"
        );
        assert_eq!(around(&plain("l1\nl2\n"), &(0..1), CONTEXT), "1→l1\n2→l2\n");
        assert_eq!(around(&plain(""), &(0..0), CONTEXT), "");
        let long = around(&lines, &(0..90), CONTEXT);
        assert!(long.contains("… 57 lines left out …"), "{long}");
    }

    #[test]
    fn each_of_several_places_is_shown() {
        let text = hundred();
        let lines = plain(&text);
        let shown = changed_places(&lines, &[4..5, 6..7, 40..41, 90..90], &(4..90));
        assert_eq!(
            shown,
            "4→l4\n5→l5\n6→l6\n7→l7\n8→l8\n…\n40→l40\n41→l41\n42→l42\n…\n90→l90\n91→l91\n"
        );
        let one = changed_places(&lines, &[place(4, 5)], &(4..5));
        assert_eq!(one, around(&lines, &(4..5), CONTEXT));
        let many: Vec<Range<usize>> = (0..20).map(|at| at * 5..at * 5 + 1).collect();
        let shown = changed_places(&lines, &many, &(0..96));
        assert!(shown.contains("… 8 more places"), "{shown}");
    }

    #[test]
    fn an_error_behind_a_change_is_told_of_the_change() {
        let error = |line: usize| SyntaxError {
            line,
            text: "`{` is not closed".to_owned(),
        };
        let told = |line: usize, places: &[Range<usize>]| {
            let mut text = String::new();
            push_errors(&mut text, &[error(line)], places);
            text
        };
        let head = "It has new syntax errors; fix them now:\n";
        for (line, places, expected) in [
            (3, vec![place(2, 4)], "line 3: `{` is not closed\n"),
            (
                40,
                vec![2..4, 9..10, 60..61],
                "in your change of line 10: `{` is not closed (seen at line 40)\n",
            ),
            (
                1,
                vec![place(2, 4)],
                "in your change of lines 3-4: `{` is not closed (seen at line 1)\n",
            ),
            (5, vec![], "line 5: `{` is not closed\n"),
        ] {
            assert_eq!(told(line, &places), format!("{head}{expected}"));
        }
    }
}
