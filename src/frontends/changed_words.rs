//! The words that a change replaces in a line.

use std::ops::Range;

/// The parts in which two lines differ, behind their signs, in whole words.
pub fn differing(old: &str, new: &str) -> Option<(Range<usize>, Range<usize>)> {
    let pairs = old.char_indices().zip(new.chars()).skip(1);
    let mut same = pairs.skip_while(|((_, one), other)| one == other);
    let mut start = same
        .next()
        .map_or(old.len().min(new.len()), |((at, _), _)| at);
    let is_word = |sign: char| sign.is_alphanumeric() || sign == '_';
    // Back to the beginning of the word that differs.
    let begins_in_word = [old, new]
        .iter()
        .any(|line| line[start..].starts_with(is_word));
    if begins_in_word {
        let before = old[..start].trim_end_matches(is_word);
        start = before.len().max(1);
    }
    let ends = old[start..].chars().rev().zip(new[start..].chars().rev());
    let ends = ends.take_while(|(one, other)| one == other);
    let mut end: usize = ends.map(|(sign, _)| sign.len_utf8()).sum();
    let ends_in_word = [old, new]
        .iter()
        .any(|line| line[start..line.len() - end].ends_with(is_word));
    if ends_in_word {
        let after = old[old.len() - end..].trim_start_matches(is_word);
        end = after.len();
    }
    let visible = |text: &str| text.chars().filter(|sign| !sign.is_whitespace()).count();
    let common = visible(&old[1..start]) + visible(&old[old.len() - end..]);
    let longest = visible(old).max(visible(new)) - 1;
    (2 * common >= longest && common > 0).then(|| (start..old.len() - end, start..new.len() - end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_in_a_line_is_marked_by_words() {
        for (old, new, expected) in [
            (
                "-boils at ninety degrees",
                "+boils at eighty degrees",
                Some(("ninety", "eighty")),
            ),
            ("-let a = 2 * b;", "+let a = 2**b;", Some((" * ", "**"))),
            (
                "-fn one(a: u8)",
                "+fn one(a: u8, b: u8)",
                Some(("", ", b: u8")),
            ),
            (
                "-a_name(first, second)",
                "+a_title(first, second)",
                Some(("a_name", "a_title")),
            ),
            ("-größe = 1; // a", "+größe = 2; // a", Some(("1", "2"))),
            ("-old", "+new", None),
            ("-", "+", None),
            ("-same", "+same", None),
        ] {
            let parts = differing(old, new);
            let parts = parts.map(|(one, other)| (&old[one], &new[other]));
            let expected = expected.filter(|_| old[1..] != new[1..]);
            assert_eq!(
                parts.filter(|_| old[1..] != new[1..]),
                expected,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn any_two_lines_can_be_compared() {
        let lines = [
            "",
            "a",
            "ä",
            "aä",
            "äa",
            " ",
            "日本語",
            "日語",
            "x_1",
            "x_1 ",
            "🦀b",
            "b🦀",
        ];
        for old in lines {
            for new in lines {
                let (old, new) = (format!("-{old}"), format!("+{new}"));
                if let Some((one, other)) = differing(&old, &new) {
                    assert_eq!(old[1..one.start], new[1..other.start], "{old} {new}");
                    assert_eq!(old[one.end..], new[other.end..], "{old} {new}");
                }
            }
        }
    }
}
