//! Lines that are nearly those that were searched for.
//!
//! Each line to find is compared with each line of the text once, without white space around;
//! a window of as many lines, or one more or less, scores what share of its characters agree.

use std::collections::HashMap;
use std::ops::Range;

/// Lines to find times lines of the text, beyond which nothing is searched.
const MOST_CELLS: usize = 10_000_000;

/// Different pairs of lines, beyond which nothing is searched.
const MOST_PAIRS: usize = 2_000_000;

/// Longest line that is compared by characters; longer ones are equal or not alike.
const LONGEST: usize = 512;

/// Lines that agree less than this are not alike at all.
const ALIKE: f64 = 0.5;

/// Windows that agree less than this are not near.
const NEAR: f64 = 0.35;

/// Lines of a text that are more or less those that were searched for.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub lines: Range<usize>,
    /// Share of characters that agree.
    pub score: f32,
    /// Which line to find is which line of the text.
    pub pairs: Vec<(usize, usize)>,
}

/// Finds the windows that agree best, the best first; they do not overlap.
pub(super) fn find(text: &[&str], search: &[&str], most: usize) -> Vec<Window> {
    if search.is_empty() || text.len().saturating_mul(search.len()) > MOST_CELLS {
        return Vec::new();
    }
    let Some(likeness) = Likeness::of(search, text) else {
        return Vec::new();
    };
    let mut candidates: Vec<(Range<usize>, Fit)> = (0..text.len())
        .filter_map(|start| likeness.best_at(start))
        .filter(|(_, fit)| fit.score >= NEAR)
        .collect();
    candidates.sort_by(|one, other| other.1.score.total_cmp(&one.1.score));
    let mut windows: Vec<Window> = Vec::new();
    for (lines, fit) in candidates {
        if windows.len() == most {
            break;
        }
        let overlaps =
            |window: &Window| window.lines.start < lines.end && lines.start < window.lines.end;
        if !windows.iter().any(overlaps) {
            windows.push(Window {
                #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1")]
                score: fit.score as f32,
                pairs: fit.pairs(lines.start, search.len()),
                lines,
            });
        }
    }
    windows
}

/// How the lines to find lie on a window.
#[derive(Clone, Copy, Debug)]
struct Fit {
    score: f64,
    gap: Gap,
}

/// The line that one side has more.
#[derive(Clone, Copy, Debug)]
enum Gap {
    None,
    /// The text has another line before this one of those to find.
    InText(usize),
    /// The text lacks this one of those to find.
    InSearch(usize),
}

impl Fit {
    fn pairs(&self, start: usize, count: usize) -> Vec<(usize, usize)> {
        (0..count)
            .filter_map(|line| match self.gap {
                Gap::InText(gap) if line >= gap => Some((line, start + line + 1)),
                Gap::InSearch(gap) if line == gap => None,
                Gap::InSearch(gap) if line > gap => Some((line, start + line - 1)),
                _ => Some((line, start + line)),
            })
            .collect()
    }
}

/// How much each line to find is like each line of the text.
struct Likeness {
    /// Which different line each line to find is.
    here: Vec<usize>,
    /// Which different line each line of the text is.
    there: Vec<usize>,
    /// Characters of each line to find, and one for its end.
    here_lengths: Vec<f64>,
    /// Like `here_lengths`, summed up from the start of the text.
    there_sums: Vec<f64>,
    /// By different line to find, then by different line of the text.
    ratios: Vec<f64>,
    width: usize,
}

impl Likeness {
    fn of(search: &[&str], text: &[&str]) -> Option<Likeness> {
        let mut alphabet = HashMap::new();
        let (here, here_lines) = different(search, &mut alphabet);
        let (there, there_lines) = different(text, &mut alphabet);
        let width = there_lines.len();
        if here_lines.len().saturating_mul(width) > MOST_PAIRS {
            return None;
        }
        let mut ratios = Vec::with_capacity(here_lines.len() * width);
        for one in &here_lines {
            let places = Places::of(one, alphabet.len());
            ratios.extend(there_lines.iter().map(|other| one.ratio(&places, other)));
        }
        let lengths = |lines: &[Line<'_>], ids: &[usize]| -> Vec<f64> {
            ids.iter().map(|id| lines[*id].length()).collect()
        };
        let mut there_sums = vec![0.0];
        for length in lengths(&there_lines, &there) {
            there_sums.push(there_sums[there_sums.len() - 1] + length);
        }
        Some(Likeness {
            here_lengths: lengths(&here_lines, &here),
            here,
            there,
            there_sums,
            ratios,
            width,
        })
    }

    /// Characters that agree, counted on both sides.
    fn agreeing(&self, here: usize, there: usize) -> f64 {
        let ratio = self.ratios[self.here[here] * self.width + self.there[there]];
        let there_length = self.there_sums[there + 1] - self.there_sums[there];
        ratio * (self.here_lengths[here] + there_length)
    }

    /// The best window that starts at a line.
    fn best_at(&self, start: usize) -> Option<(Range<usize>, Fit)> {
        let count = self.here.len();
        let same = Some((start..start + count, self.without_gap(start)));
        let longer = (count > 1).then(|| (start..start + count + 1, self.with_gap(start)));
        let shorter = (count > 1).then(|| (start..start + count - 1, self.with_lack(start)));
        let here: f64 = self.here_lengths.iter().sum();
        let mut best: Option<(Range<usize>, Fit)> = None;
        for (lines, found) in [same, longer, shorter].into_iter().flatten() {
            let Some((agreeing, gap)) = found else {
                continue;
            };
            let there = self.there_sums[lines.end] - self.there_sums[lines.start];
            let score = agreeing / (here + there);
            if best.as_ref().is_none_or(|(_, fit)| score > fit.score) {
                best = Some((lines, Fit { score, gap }));
            }
        }
        best
    }

    fn without_gap(&self, start: usize) -> Option<(f64, Gap)> {
        let count = self.here.len();
        if start + count > self.there.len() {
            return None;
        }
        let lines = 0..count;
        let sum = lines.map(|line| self.agreeing(line, start + line)).sum();
        Some((sum, Gap::None))
    }

    /// The window has a line that is not searched for, between two that are.
    fn with_gap(&self, start: usize) -> Option<(f64, Gap)> {
        let count = self.here.len();
        if start + count + 1 > self.there.len() {
            return None;
        }
        let mut sum: f64 = (0..count)
            .map(|line| self.agreeing(line, start + line + 1))
            .sum();
        let mut best: Option<(f64, Gap)> = None;
        for gap in 1..count {
            let moved = gap - 1;
            sum += self.agreeing(moved, start + moved) - self.agreeing(moved, start + gap);
            if best.is_none_or(|(found, _)| sum > found) {
                best = Some((sum, Gap::InText(gap)));
            }
        }
        best
    }

    /// The window lacks one of the lines that are searched for, between two that it has.
    fn with_lack(&self, start: usize) -> Option<(f64, Gap)> {
        let count = self.here.len();
        if start + count - 1 > self.there.len() {
            return None;
        }
        let mut sum: f64 = (1..count)
            .map(|line| self.agreeing(line, start + line - 1))
            .sum();
        let mut best: Option<(f64, Gap)> = None;
        for lack in 1..count - 1 {
            let moved = lack - 1;
            sum += self.agreeing(moved, start + moved) - self.agreeing(lack, start + moved);
            if best.is_none_or(|(found, _)| sum > found) {
                best = Some((sum, Gap::InSearch(lack)));
            }
        }
        best
    }
}

/// A line without the white space around.
struct Line<'text> {
    text: &'text str,
    /// By their numbers in the alphabet; empty if there are too many.
    characters: Vec<usize>,
    count: usize,
}

impl<'text> Line<'text> {
    fn of(text: &'text str, alphabet: &mut HashMap<char, usize>) -> Line<'text> {
        let count = text.chars().count();
        let characters = if count > LONGEST { "" } else { text }.chars();
        Line {
            text,
            characters: characters
                .map(|character| {
                    let next = alphabet.len();
                    *alphabet.entry(character).or_insert(next)
                })
                .collect(),
            count,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "lines are no petabytes long")]
    fn length(&self) -> f64 {
        self.count as f64 + 1.0
    }

    /// What share of the characters agree, 0 if it is little.
    #[expect(clippy::cast_precision_loss, reason = "lines are no petabytes long")]
    fn ratio(&self, places: &Places, other: &Line<'_>) -> f64 {
        if self.text == other.text {
            return 1.0;
        }
        let (one, other) = (&self.characters, &other.characters);
        let all = (one.len() + other.len()) as f64;
        let at_best = 2.0 * one.len().min(other.len()) as f64;
        // Also so if one of them is too long: it has no characters then.
        if at_best == 0.0 || at_best < ALIKE * all {
            return 0.0;
        }
        let ratio = 2.0 * places.in_order(other) as f64 / all;
        if ratio < ALIKE { 0.0 } else { ratio }
    }
}

/// Where each character is in a line, a bit for each place.
struct Places {
    /// By character of the alphabet, then by word.
    bits: Vec<u64>,
    words: usize,
}

impl Places {
    fn of(line: &Line<'_>, alphabet: usize) -> Places {
        let words = line.characters.len().div_ceil(64);
        let mut bits = vec![0; alphabet * words];
        for (place, character) in line.characters.iter().enumerate() {
            bits[character * words + place / 64] |= 1 << (place % 64);
        }
        Places { bits, words }
    }

    /// The most characters that the line and another have in the same order.
    ///
    /// The longest common subsequence, 64 places at a time (Hyyrö 2004): a place is 0 once it is
    /// in it.
    fn in_order(&self, other: &[usize]) -> u32 {
        let mut open = [u64::MAX; LONGEST.div_ceil(64)];
        let open = &mut open[..self.words];
        for character in other {
            let at = &self.bits[character * self.words..][..self.words];
            let mut carry = 0;
            for (word, at) in open.iter_mut().zip(at) {
                let (sum, first) = word.overflowing_add(*word & at);
                let (sum, second) = sum.overflowing_add(carry);
                carry = u64::from(first || second);
                *word = sum | (*word & !at);
            }
        }
        open.iter().map(|word| word.count_zeros()).sum()
    }
}

/// Numbers lines, equal ones alike; returns the different ones by number, too.
fn different<'text>(
    lines: &[&'text str],
    alphabet: &mut HashMap<char, usize>,
) -> (Vec<usize>, Vec<Line<'text>>) {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut different = Vec::new();
    let ids = lines
        .iter()
        .map(|line| {
            let line = line.trim();
            *known.entry(line).or_insert_with(|| {
                different.push(Line::of(line, alphabet));
                different.len() - 1
            })
        })
        .collect();
    (ids, different)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_order(one: &str, other: &str) -> usize {
        let mut alphabet = HashMap::new();
        let one = Line::of(one, &mut alphabet);
        let other = Line::of(other, &mut alphabet);
        Places::of(&one, alphabet.len()).in_order(&other.characters) as usize
    }

    /// The same, as every book has it.
    fn by_table(one: &str, other: &str) -> usize {
        let other: Vec<char> = other.chars().collect();
        let mut row = vec![0; other.len() + 1];
        for character in one.chars() {
            let mut diagonal = 0;
            for (at, candidate) in other.iter().enumerate() {
                let above = row[at + 1];
                row[at + 1] = if character == *candidate {
                    diagonal + 1
                } else {
                    above.max(row[at])
                };
                diagonal = above;
            }
        }
        row[other.len()]
    }

    proptest! {
        #[test]
        fn characters_in_order_are_counted(one in "[a-cé]{0,200}", other in "[a-cé]{0,200}") {
            prop_assert_eq!(in_order(&one, &other), by_table(&one, &other));
        }
    }

    #[test]
    fn lines_that_are_too_long_are_equal_or_not_alike() {
        let (one, other) = ("a".repeat(LONGEST + 1), "a".repeat(LONGEST + 2));
        assert_eq!(find(&[&one], &[&one], 3)[0].score, 1.0);
        assert!(find(&[&other], &[&one], 3).is_empty());
    }
}
