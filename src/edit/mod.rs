//! Edits as models write them: a search text and its replacement.
//!
//! Models copy code almost exactly. The search goes from exact to close and stops at the first
//! strategy that finds a match; the result says which one it was. If the match is not exact, only
//! the difference between the two texts is applied: what both leave out or write differently stays
//! as in the file.

mod align;
mod anchored;
mod diff;
mod hunks;
mod inline;
mod lines;
mod match_strategies;
mod merge;
mod reindent;
mod similarity;
mod tokens;
mod whole;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub use anchored::{AnchorError, LineAnchor, anchored_lines, with_lines};
pub use diff::{
    FileEdit, capped_diff, changed_lines, edits_diff, file_diff, line_counts, unified_diff,
};
pub use hunks::{Hunk, hunk_diff, hunks, with_hunks};

/// Most line numbers in a message; the rest is counted.
const SHOWN_LINES: usize = 10;

/// The edited text.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    pub text: String,
    /// How the match was found.
    pub matched: Matched,
    /// Number of replaced matches.
    pub count: usize,
    /// Matches within longer words or numbers, which were not replaced.
    pub passed_over: usize,
    /// Line of the first replaced match, from 1.
    pub line: usize,
}

/// How closely the match agreed with the search text. `Display` continues "it matched".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Matched {
    Exact,
    /// Whole lines, ignoring white space at their ends and blank lines.
    TrailingSpace,
    /// Whole lines, ignoring their indentation.
    Indentation,
    /// Whole lines, ignoring white space and look-alike characters such as quotes.
    Spelling,
    /// Nearly the same lines, or some of them; the score, at most 1.
    Close(f64),
}

/// Why an edit failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is no match, not even a close one.
    #[error("{}", not_found(.nearest))]
    NotFound {
        /// The nearest lines, from 1, the best first.
        nearest: Vec<Range<usize>>,
    },
    /// There are several matches.
    #[error(
        "the search text matches {} places, {}: add lines around it until it matches one, or set \
         `all`",
        .lines.len(), line_list(.lines)
    )]
    Many {
        /// Their lines, from 1.
        lines: Vec<usize>,
    },
    /// It matches only parts of longer words or numbers.
    #[error(
        "the search text starts or ends inside a longer word or number in {}: copy the whole \
         line",
        line_list(.lines)
    )]
    Part {
        /// Their lines, from 1.
        lines: Vec<usize>,
    },
    /// The part to change is different in the file, or it is ambiguous where it is.
    #[error(
        "lines {}-{} are closest to the search text, but the part to change is different there: \
         nothing was changed; copy the lines exactly",
        .lines.start, .lines.end - 1
    )]
    Differs {
        /// The nearest lines, from 1.
        lines: Range<usize>,
    },
    /// The search text is empty.
    #[error(
        "the search text is empty: copy the lines to replace from the file; to add lines, copy \
         the line before them and repeat it in the replacement"
    )]
    Empty,
    #[error(
        "the replacement is the same as the text in the file, so nothing was changed: it must \
         contain the new text"
    )]
    Same,
}

/// Replaces a text that must match once, or all matches.
///
/// `text` has `\n` at the ends of lines. All matches of a strategy are replaced if requested, but a
/// close match must still be unique. An inexact match is merged: `search` is the base, `replace`
/// the change, and `text` keeps everything that the change leaves alone.
pub fn edit(text: &str, search: &str, replace: &str, all: bool) -> Result<Edited, EditError> {
    if search.is_empty() && text.is_empty() && !replace.is_empty() {
        return Ok(Edited {
            text: replace.to_owned(),
            matched: Matched::Exact,
            count: 1,
            passed_over: 0,
            line: 1,
        });
    }
    if search.is_empty() {
        return Err(EditError::Empty);
    }
    let (search, replace) = (with_ends_of(text, search), with_ends_of(text, replace));
    if search == replace {
        return Err(EditError::Same);
    }
    let edited = match_strategies::edit(text, &search, &replace, all)?;
    if edited.text == text {
        return Err(EditError::Same);
    }
    Ok(edited)
}

/// A text of the model with the line ends of the file.
fn with_ends_of<'part>(text: &str, part: &'part str) -> Cow<'part, str> {
    if part.contains("\r\n") && !text.contains("\r\n") {
        return Cow::Owned(part.replace("\r\n", "\n"));
    }
    Cow::Borrowed(part)
}

impl fmt::Display for Matched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Matched::Exact => formatter.write_str("exactly"),
            Matched::TrailingSpace => {
                formatter.write_str("except for white space at the ends of lines")
            }
            Matched::Indentation => {
                formatter.write_str("except for the indentation, which was taken from the file")
            }
            Matched::Spelling => {
                formatter.write_str("except for white space and look-alike characters, which stay")
            }
            // Never rounded up to what sounds like an exact match.
            Matched::Close(score) => {
                let percent = (score * 100.0).floor().min(99.0);
                write!(
                    formatter,
                    "closely ({percent} %): only what differs between search and replace was \
                     changed, the rest stays as in the file"
                )
            }
        }
    }
}

fn line_list(lines: &[usize]) -> String {
    let shown: Vec<String> = lines
        .iter()
        .take(SHOWN_LINES)
        .map(|line| format!("line {line}"))
        .collect();
    let more = match lines.len().saturating_sub(SHOWN_LINES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

fn not_found(nearest: &[Range<usize>]) -> String {
    let mut message =
        "the search text is not in the file: read the file, and copy the lines exactly".to_owned();
    for (number, lines) in nearest.iter().enumerate() {
        message.push_str(if number == 0 { "; near: " } else { ", " });
        message.push_str(&format!("lines {}-{}", lines.start, lines.end - 1));
    }
    message
}
