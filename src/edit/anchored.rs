//! Edits of whole lines that are named by the anchors before them.

use std::ops::Range;

use crate::text::anchors::checksum;

/// An anchor, as a model repeats it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineAnchor {
    /// From 1.
    pub number: usize,
    pub checksum: String,
}

/// Why anchors cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    #[error("the last line is before the first one")]
    Backwards,
    /// A line is another one now.
    #[error("line {number} is not the line of this anchor any more")]
    Moved {
        /// From 1; there may be no such line.
        number: usize,
    },
    /// An anchor was shown before two lines that are both there.
    #[error("the anchor of line {number} was shown before two lines")]
    Ambiguous {
        /// From 1, as it was given.
        number: usize,
    },
    /// Lines were added or removed between two anchors since they were shown.
    #[error("lines were added or removed between the anchors since they were shown")]
    Apart,
}

impl LineAnchor {
    /// Reads `12ab`, also with the line behind it. Of a line with its number alone (`12→let a;`) the
    /// checksum is that of the line; a number alone is no anchor.
    pub fn parse(given: &str) -> Option<LineAnchor> {
        let given = given.trim().trim_matches(['`', '"', '\'']);
        let given = given.strip_prefix(['L', '#']).unwrap_or(given);
        let digits = given.bytes().take_while(u8::is_ascii_digit).count();
        let number = given[..digits]
            .parse::<usize>()
            .ok()
            .filter(|number| *number > 0)?;
        let rest = &given[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let is_over = rest.len() == 2 || rest.get(2..).is_some_and(ends_anchor);
        let checksum = if letters == 2 && is_over {
            rest[..2].to_ascii_lowercase()
        } else {
            let line = rest.strip_prefix(['→', ':', '|'])?;
            Some(line)
                .filter(|line| !line.trim().is_empty())
                .map(checksum)?
        };
        Some(LineAnchor { number, checksum })
    }

    /// Whether an anchor is that of a line.
    pub fn fits(&self, line: &str) -> bool {
        checksum(line) == self.checksum
    }
}

fn ends_anchor(rest: &str) -> bool {
    rest.starts_with(['|', '→', ':', ' '])
}

/// The lines from one anchor to another, from 0. `shown` has the lines as they were shown with these
/// anchors, if that is known: lines that have moved together are found by them, if they are there once.
pub fn anchored_lines(
    text: &str,
    (first, last): (&LineAnchor, &LineAnchor),
    shown: (Option<&str>, Option<&str>),
) -> Result<Range<usize>, AnchorError> {
    let lines: Vec<&str> = text.lines().collect();
    let count = last.number.checked_sub(first.number);
    let count = count.ok_or(AnchorError::Backwards)? + 1;
    let misfit = [first, last].into_iter().find(|anchor| {
        let line = lines.get(anchor.number - 1);
        line.is_none_or(|line| !anchor.fits(line))
    });
    let Some(misfit) = misfit else {
        return Ok(first.number - 1..last.number);
    };
    let moved = AnchorError::Moved {
        number: misfit.number,
    };
    let (Some(begin), Some(end)) = shown else {
        return Err(moved);
    };
    let mut places = (0..).zip(lines.windows(count)).filter(|(_, place)| {
        let ends = [place[0], place[count - 1]];
        ends == [begin, end]
    });
    match (places.next(), places.next()) {
        (Some((at, _)), None) => Ok(at..at + count),
        _ => Err(moved),
    }
}

/// A text with other lines in place of some; none to remove them.
pub fn with_lines(text: &str, lines: Range<usize>, new: &str) -> String {
    let parts: Vec<&str> = text.split_inclusive('\n').collect();
    let (before, rest) = parts.split_at(lines.start.min(parts.len()));
    let after = rest.get(lines.len()..).unwrap_or_default();
    let mut edited = before.concat();
    if !new.is_empty() {
        edited.push_str(new.strip_suffix('\n').unwrap_or(new));
        // The last line of a file keeps its end.
        if !after.is_empty() || text.ends_with('\n') {
            edited.push('\n');
        }
    }
    edited.push_str(&after.concat());
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";

    fn anchor(number: usize, line: &str) -> LineAnchor {
        LineAnchor {
            number,
            checksum: checksum(line),
        }
    }

    #[test]
    fn anchors_are_read_as_models_repeat_them() {
        let sum = checksum("    one();");
        for given in [
            format!("2{sum}"),
            format!(" `2{sum}` "),
            format!("L2{sum}"),
            format!("2{}", sum.to_uppercase()),
            format!("2{sum}|    one();"),
            "2→    one();".to_owned(),
            "2:    one();".to_owned(),
        ] {
            let read = LineAnchor::parse(&given);
            assert_eq!(read, Some(anchor(2, "    one();")), "{given}");
        }
        for given in ["", "2", "ab", "0ab", "2abc", "2a", "2→", "-2ab", "two"] {
            assert_eq!(LineAnchor::parse(given), None, "{given}");
        }
    }

    #[test]
    fn lines_are_found_where_they_are_and_where_they_have_moved_to() {
        let (first, last) = (anchor(5, "fn b() {"), anchor(6, "    two();"));
        let shown = (Some("fn b() {"), Some("    two();"));
        let find = |text: &str, shown| anchored_lines(text, (&first, &last), shown);
        assert_eq!(find(TEXT, (None, None)), Ok(4..6));
        let moved = format!("use x;\n\n{TEXT}");
        assert_eq!(find(&moved, shown), Ok(6..8));
        let error = AnchorError::Moved { number: 5 };
        assert_eq!(find(&moved, (None, None)), Err(error));
        // Twice, or changed: nothing is guessed.
        let twice = format!("use x;\n\n{TEXT}\nfn b() {{\n    two();\n}}\n");
        assert_eq!(find(&twice, shown), Err(error));
        let changed = TEXT.replace("two", "three");
        let error = AnchorError::Moved { number: 6 };
        assert_eq!(find(&changed, shown), Err(error));
        assert_eq!(find("", shown), Err(AnchorError::Moved { number: 5 }));
        let backwards = anchored_lines(TEXT, (&last, &first), shown);
        assert_eq!(backwards, Err(AnchorError::Backwards));
    }

    #[test]
    fn lines_are_replaced_added_and_removed() {
        for (lines, new, expected) in [
            (
                1..2,
                "    1();\n    2();",
                TEXT.replace("    one();", "    1();\n    2();"),
            ),
            (1..2, "    1();\n", TEXT.replace("one", "1")),
            (3..7, "", "fn a() {\n    one();\n}\n".to_owned()),
            (6..7, "}\n\nfn c() {}", format!("{TEXT}\nfn c() {{}}\n")),
            (0..7, "x", "x\n".to_owned()),
        ] {
            assert_eq!(with_lines(TEXT, lines, new), expected, "{new:?}");
        }
        assert_eq!(with_lines("a\nb", 1..2, "c\n"), "a\nc");
        assert_eq!(with_lines("a\nb", 0..1, "c"), "c\nb");
    }
}
