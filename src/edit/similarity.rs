//! Similarity of lines, by their characters without white space.

use std::collections::HashMap;

use super::tokens;

/// Most searched lines times lines of the text.
const MOST_CELLS: usize = 10_000_000;

/// Most different pairs of lines.
const MOST_PAIRS: usize = 2_000_000;

/// Longest line compared by characters; longer ones are equal or not similar.
const LONGEST: usize = 512;

/// Lower similarities count as 0.
pub(super) const ALIKE: f64 = 0.5;

/// Similarity of lines that differ only in a final comment.
const BUT_FOR_COMMENT: f64 = 0.95;

/// Similarity of a line to one that has all of its tokens and more.
const BUT_FOR_MORE: f64 = 0.75;

/// Fewest tokens of a line to be recognised within a longer one.
const LEAST_TOKENS: usize = 4;

/// The similarity of each searched line to each line of a text.
pub(super) struct LineSimilarity {
    /// Index of each searched line among the distinct ones.
    here: Vec<usize>,
    /// Index of each line of the text among the distinct ones.
    there: Vec<usize>,
    /// Characters of each searched line, and one for its end.
    pub here_lengths: Vec<f64>,
    /// The same of each line of the text.
    pub there_lengths: Vec<f64>,
    /// By distinct searched line, then by distinct line of the text.
    ratios: Vec<f64>,
    width: usize,
}

impl LineSimilarity {
    /// Compares all lines; `None` if that would take too long.
    pub fn of(search: &[&str], text: &[&str]) -> Option<LineSimilarity> {
        if text.len().saturating_mul(search.len()) > MOST_CELLS {
            return None;
        }
        let mut alphabet = HashMap::new();
        let (here, here_lines) = different(search, &mut alphabet);
        let (there, there_lines) = different(text, &mut alphabet);
        let width = there_lines.len();
        if here_lines.len().saturating_mul(width) > MOST_PAIRS {
            return None;
        }
        let mut ratios = Vec::with_capacity(here_lines.len() * width);
        for one in &here_lines {
            let places = CharacterPlaces::of(one, alphabet.len());
            ratios.extend(there_lines.iter().map(|other| one.ratio(&places, other)));
        }
        let lengths = |lines: &[LineProfile], ids: &[usize]| -> Vec<f64> {
            ids.iter().map(|id| lines[*id].length()).collect()
        };
        Some(LineSimilarity {
            here_lengths: lengths(&here_lines, &here),
            there_lengths: lengths(&there_lines, &there),
            here,
            there,
            ratios,
            width,
        })
    }

    /// The similarity of two lines: 1 if they differ only in white space or look-alike characters,
    /// 0 if it is low.
    pub fn ratio(&self, here: usize, there: usize) -> f64 {
        self.ratios[self.here[here] * self.width + self.there[there]]
    }
}

/// A line without its white space.
struct LineProfile {
    /// See [`tokens::key`].
    key: String,
    /// As indexes in the alphabet; empty if there are too many.
    characters: Vec<usize>,
    count: usize,
}

impl LineProfile {
    fn of(key: String, alphabet: &mut HashMap<char, usize>) -> LineProfile {
        let characters = || key.chars().filter(|character| *character != ' ');
        let count = characters().count();
        LineProfile {
            characters: characters()
                .filter(|_| count <= LONGEST)
                .map(|character| {
                    let next = alphabet.len();
                    *alphabet.entry(character).or_insert(next)
                })
                .collect(),
            count,
            key,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "lines are no petabytes long")]
    fn length(&self) -> f64 {
        self.count as f64 + 1.0
    }

    /// The share of common characters; 0 if it is low.
    #[expect(clippy::cast_precision_loss, reason = "lines are no petabytes long")]
    fn ratio(&self, places: &CharacterPlaces, other: &LineProfile) -> f64 {
        if self.key == other.key {
            return 1.0;
        }
        if is_commented(&self.key, &other.key) {
            return BUT_FOR_COMMENT;
        }
        let least = if self.is_within(other) {
            BUT_FOR_MORE
        } else {
            0.0
        };
        let (one, other) = (&self.characters, &other.characters);
        let all = (one.len() + other.len()) as f64;
        let at_best = 2.0 * one.len().min(other.len()) as f64;
        // Also so if one of them is too long: it has no characters then.
        if at_best == 0.0 || at_best < ALIKE * all {
            return least;
        }
        let ratio = 2.0 * places.in_order(other) as f64 / all;
        if ratio < ALIKE {
            least
        } else {
            ratio.max(least)
        }
    }

    /// Whether another line has all tokens of this one in their order.
    fn is_within(&self, other: &LineProfile) -> bool {
        let mut theirs = other.key.split(' ');
        let mut mine = self.key.split(' ');
        self.key.split(' ').count() >= LEAST_TOKENS
            && mine.all(|token| theirs.any(|other| other == token))
    }
}

/// Whether a line is another one with a comment behind it.
fn is_commented(bare: &str, commented: &str) -> bool {
    /// As in keys, where all tokens stand apart.
    const COMMENTS: [&str; 6] = [" / /", " #", " - -", " / *", " < ! - -", " ;"];
    let rest = commented.strip_prefix(bare).filter(|_| !bare.is_empty());
    rest.is_some_and(|rest| COMMENTS.iter().any(|sign| rest.starts_with(sign)))
}

/// The positions of each character in a line, as bits.
struct CharacterPlaces {
    /// By character of the alphabet, then by word.
    bits: Vec<u64>,
    words: usize,
}

impl CharacterPlaces {
    fn of(line: &LineProfile, alphabet: usize) -> CharacterPlaces {
        let words = line.characters.len().div_ceil(64);
        let mut bits = vec![0; alphabet * words];
        for (place, character) in line.characters.iter().enumerate() {
            bits[character * words + place / 64] |= 1 << (place % 64);
        }
        CharacterPlaces { bits, words }
    }

    /// The length of the longest common subsequence with another line, 64 positions at a time
    /// (Hyyrö 2004): a position is 0 once it is in it.
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

/// Numbers lines, equal ones with the same number; returns the distinct ones.
fn different(
    lines: &[&str],
    alphabet: &mut HashMap<char, usize>,
) -> (Vec<usize>, Vec<LineProfile>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut different = Vec::new();
    let ids = lines
        .iter()
        .map(|line| {
            let key = tokens::key(line);
            *known.entry(key.clone()).or_insert_with(|| {
                different.push(LineProfile::of(key, alphabet));
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
        let one = LineProfile::of(one.to_owned(), &mut alphabet);
        let other = LineProfile::of(other.to_owned(), &mut alphabet);
        CharacterPlaces::of(&one, alphabet.len()).in_order(&other.characters) as usize
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
        let ratio = |here: &str, there: &str| {
            let likeness = LineSimilarity::of(&[here], &[there]).expect("a small one");
            likeness.ratio(0, 0)
        };
        assert_eq!(ratio(&one, &one), 1.0);
        assert_eq!(ratio(&other, &one), 0.0);
    }

    #[test]
    fn what_was_left_out_of_a_line_leaves_it_alike() {
        let ratio = |here: &str, there: &str| {
            let likeness = LineSimilarity::of(&[here], &[there]).expect("a small one");
            likeness.ratio(0, 0)
        };
        let long = "return a  # since whoever calls it wants this one, and not the other";
        assert_eq!(ratio("return a", long), BUT_FOR_COMMENT);
        let annotated = "def f(first: Mapping[str, Sequence[int]], other: str) -> list[str]:";
        assert!(ratio("def f(first, other):", annotated) >= BUT_FOR_MORE);
        assert_eq!(ratio("}", "} else if something_else {"), 0.0);
    }
}
