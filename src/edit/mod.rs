//! Edits as models write them: a text to look for, and the one to put in its place.
//!
//! Models copy code almost rightly. So the search goes from exact to close and stops at the first
//! rung that finds something; what it found, and by which rung, is said. Where it is not exact,
//! only the difference between the two texts is applied: what both leave out or have differently
//! stays as it is in the file.

mod align;
mod cascade;
mod diff;
mod inline;
mod likeness;
mod lines;
mod merge;
mod shift;
mod tokens;
mod whole;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

pub use diff::{capped_diff, file_diff, unified_diff};

/// Line numbers of a message; the others are counted.
const SHOWN_LINES: usize = 10;

/// A text with an edit done.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    pub text: String,
    /// How the place was found.
    pub matched: Matched,
    /// Places that were replaced.
    pub count: usize,
    /// Places within longer words or numbers, which were left as they are.
    pub passed_over: usize,
    /// Line of the first that was replaced, from 1.
    pub line: usize,
}

/// How closely a place agreed with what was searched for. `Display` continues "it matched".
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Matched {
    Exact,
    /// Whole lines, but for white space at their ends and blank lines.
    TrailingSpace,
    /// Whole lines, but for their indentation.
    Indentation,
    /// Whole lines, but for white space and characters that look alike, such as quotes.
    Spelling,
    /// Lines that are nearly the same, or some of them: how much was found, at most 1.
    Close(f64),
}

/// Why an edit was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// It is not there, nor anything close enough.
    #[error("{}", not_found(.nearest))]
    NotFound {
        /// The lines that come nearest, from 1, the best first.
        nearest: Vec<Range<usize>>,
    },
    /// It fits several places.
    #[error(
        "the search text matches {} places, {}: add lines around it until it matches one, or set \
         `all`",
        .lines.len(), named(.lines)
    )]
    Many {
        /// Where, from 1.
        lines: Vec<usize>,
    },
    /// It is only a part of longer words or numbers.
    #[error(
        "the search text starts or ends inside a longer word or number in {}: copy the whole \
         line",
        named(.lines)
    )]
    Part {
        /// Where, from 1.
        lines: Vec<usize>,
    },
    /// What is to be changed is not as it was searched for, or it is not certain where it is.
    #[error(
        "lines {}-{} are closest to the search text, but the part to change is different there: \
         nothing was changed; copy the lines exactly",
        .lines.start, .lines.end - 1
    )]
    Differs {
        /// The lines that it comes nearest to, from 1.
        lines: Range<usize>,
    },
    /// There is nothing to search for.
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

/// Replaces a text that must be there once, or all of it.
///
/// `text` has `\n` at the ends of lines. All places of a rung are replaced if that is asked for,
/// but a close match still only where it is the only one. What does not match exactly is merged:
/// `search` is the base, `replace` the change, and `text` keeps all that the change leaves alone.
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
    let edited = cascade::edit(text, &search, &replace, all)?;
    if edited.text == text {
        return Err(EditError::Same);
    }
    Ok(edited)
}

/// What a model wrote, with line ends as in the text.
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

fn named(lines: &[usize]) -> String {
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
