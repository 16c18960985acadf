//! The parts of a change, each of which can be left out.

use std::ops::Range;

use super::diff::differences;

/// Unchanged lines between two differences that are one part all the same.
const NEAR: usize = 2;
/// Unchanged lines that are shown around a part.
const CONTEXT: usize = 3;
/// Most lines of both texts; larger ones are not divided.
const MOST_LINES: usize = 20_000;

/// A part of a change: lines of the old text, and the lines of the new text in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// From 0.
    pub old: Range<usize>,
    /// From 0.
    pub new: Range<usize>,
}

/// The parts of a change, in order; none if the texts are very long.
pub fn hunks(old: &str, new: &str) -> Vec<Hunk> {
    let (old, new) = (lines(old), lines(new));
    if old.len() + new.len() > MOST_LINES {
        return Vec::new();
    }
    let mut hunks: Vec<Hunk> = Vec::new();
    for (old, new) in differences(&old, &new) {
        match hunks.last_mut() {
            Some(last) if old.start - last.old.end <= NEAR => {
                last.old.end = old.end;
                last.new.end = new.end;
            }
            _ => hunks.push(Hunk { old, new }),
        }
    }
    hunks
}

/// The old text with the parts of these numbers, from 0.
pub fn with_hunks(old: &str, new: &str, kept: &[usize]) -> String {
    let parts = hunks(old, new);
    let (old, new) = (lines(old), lines(new));
    let mut text = String::new();
    let mut from = 0;
    for (number, part) in parts.iter().enumerate() {
        text.push_str(&old[from..part.old.start].concat());
        let lines = match kept.contains(&number) {
            true => &new[part.new.clone()],
            false => &old[part.old.clone()],
        };
        text.push_str(&lines.concat());
        from = part.old.end;
    }
    text.push_str(&old[from..].concat());
    text
}

/// A part as a unified diff shows it.
pub fn hunk_diff(old: &str, new: &str, part: &Hunk) -> String {
    let (old, new) = (lines(old), lines(new));
    let before = part.old.start.min(CONTEXT);
    let after = (old.len() - part.old.end).min(CONTEXT);
    let start = part.old.start - before;
    let around = before + after;
    let mut text = format!(
        "@@ -{},{} +{},{} @@\n",
        start + 1,
        part.old.len() + around,
        part.new.start - before + 1,
        part.new.len() + around
    );
    push(&mut text, ' ', &old[start..part.old.start]);
    let (was, is) = (&old[part.old.clone()], &new[part.new.clone()]);
    let mut same = 0;
    for (removed, added) in differences(was, is) {
        push(&mut text, ' ', &was[same..removed.start]);
        same = removed.end;
        push(&mut text, '-', &was[removed]);
        push(&mut text, '+', &is[added]);
    }
    push(&mut text, ' ', &was[same..]);
    push(&mut text, ' ', &old[part.old.end..part.old.end + after]);
    text
}

fn push(text: &mut String, sign: char, lines: &[&str]) {
    for line in lines {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// The lines of a text with their ends.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> String {
        (1..=count).map(|number| format!("l{number}\n")).collect()
    }

    #[test]
    fn differences_that_are_near_are_one_part() {
        let old = numbered(20);
        let new = old
            .replace("l3\n", "L3\n")
            .replace("l5\n", "")
            .replace("l12\n", "l12\nx\n");
        let parts = hunks(&old, &new);
        let part = |old, new| Hunk { old, new };
        assert_eq!(parts, [part(2..5, 2..4), part(12..12, 11..12)]);
        assert_eq!(
            hunk_diff(&old, &new, &parts[0]),
            "@@ -1,8 +1,7 @@\n l1\n l2\n-l3\n+L3\n l4\n-l5\n l6\n l7\n l8\n"
        );
        assert_eq!(
            hunk_diff(&old, &new, &parts[1]),
            "@@ -10,6 +9,7 @@\n l10\n l11\n l12\n+x\n l13\n l14\n l15\n"
        );
        assert!(hunks(&old, &old).is_empty());
        assert!(hunks(&old, &numbered(30_000)).is_empty());
    }

    #[test]
    fn any_parts_can_be_left_out() {
        let old = format!("{}end", numbered(20));
        let new = old
            .replace("l3\n", "L3\n")
            .replace("l12\n", "")
            .replace("end", "End\nmore\n");
        assert_eq!(hunks(&old, &new).len(), 3);
        assert_eq!(with_hunks(&old, &new, &[0, 1, 2]), new);
        assert_eq!(with_hunks(&old, &new, &[]), old);
        assert_eq!(with_hunks(&old, &new, &[0]), old.replace("l3\n", "L3\n"));
        assert_eq!(with_hunks(&old, &new, &[1]), old.replace("l12\n", ""));
        assert_eq!(
            with_hunks(&old, &new, &[2]),
            old.replace("end", "End\nmore\n")
        );
        let last = hunk_diff(&old, &new, &hunks(&old, &new)[2]);
        assert!(
            last.ends_with("-end\n\\ No newline at end of file\n+End\n+more\n"),
            "{last}"
        );
    }

    #[test]
    fn what_is_made_or_emptied_is_one_part() {
        for (old, new) in [("", "a\nb\n"), ("a\nb\n", ""), ("a", "a\n")] {
            let parts = hunks(old, new);
            assert_eq!(parts.len(), 1, "{old:?} {new:?}");
            assert_eq!(with_hunks(old, new, &[0]), new);
            assert_eq!(with_hunks(old, new, &[]), old);
            hunk_diff(old, new, &parts[0]);
        }
    }
}
