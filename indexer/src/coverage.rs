//! How much of what is asked a chunk has: its words as they are asked, or other forms of them.

use std::collections::HashMap;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::query::{Query, stem, subwords};

/// What another form of a word counts, beside the word itself.
const FORM: f32 = 0.5;
/// Words beyond which the first are taken: they are those of a pasted text without a title.
const MOST_WORDS: usize = 64;

/// A word that is asked for.
struct AskedWord {
    word: String,
    stem: String,
    /// How rare it is among the texts.
    weight: f32,
}

/// The words of a query, and where they may be in a text.
pub(crate) struct Coverage {
    words: Vec<AskedWord>,
    /// Finds the beginnings that words and their forms share; `None` without words.
    roots: Option<AhoCorasick>,
}

/// What a text has of each word: 1 for the word itself, [`FORM`] for a form of it.
type Held = Vec<f32>;

impl Coverage {
    /// Reads the words of a query; all count the same until [`Self::of_texts`] weighs them.
    fn new(query: &Query) -> Coverage {
        let words: Vec<AskedWord> = query
            .asked()
            .words
            .iter()
            .take(MOST_WORDS)
            .map(|word| AskedWord {
                word: word.clone(),
                stem: stem(word),
                weight: 1.0,
            })
            .collect();
        let roots: Vec<&str> = words
            .iter()
            .map(|it| common_beginning(&it.word, &it.stem))
            .collect();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&roots)
            .ok();
        Coverage {
            roots: automaton.filter(|_| !words.is_empty()),
            words,
        }
    }

    /// The share of the query that each text has, from 0 to 1. A word counts by how few of the texts
    /// have it in some form.
    pub(crate) fn of_texts(query: &Query, texts: impl Iterator<Item = String>) -> Vec<f32> {
        let mut coverage = Coverage::new(query);
        let mut known = HashMap::new();
        let held: Vec<Held> = texts.map(|text| coverage.held(&text, &mut known)).collect();
        let count = held.len() as f32;
        for (at, it) in coverage.words.iter_mut().enumerate() {
            let with = held.iter().filter(|held| held[at] > 0.0).count();
            it.weight = (1.0 + count / (1.0 + with as f32)).ln();
        }
        let total: f32 = coverage.words.iter().map(|it| it.weight).sum();
        let share = |held: &Held| {
            let weights = coverage.words.iter().map(|it| it.weight);
            let found: f32 = weights.zip(held).map(|(weight, held)| weight * held).sum();
            found / total.max(f32::MIN_POSITIVE)
        };
        held.iter().map(share).collect()
    }

    /// What a text has. `known` is what identifiers have that were in texts before.
    fn held(&self, text: &str, known: &mut HashMap<String, Held>) -> Held {
        let mut held = vec![0.0_f32; self.words.len()];
        let Some(roots) = &self.roots else {
            return held;
        };
        let mut seen = 0;
        for found in roots.find_overlapping_iter(text) {
            // Several words may be in one identifier.
            if found.start() < seen {
                continue;
            }
            let run = run_around(text, found.range());
            seen = run.end;
            let identifier = &text[run];
            let of_identifier = match known.get(identifier) {
                Some(of_identifier) => of_identifier,
                None => known
                    .entry(identifier.to_owned())
                    .or_insert_with(|| self.held_by(identifier)),
            };
            for (held, of_identifier) in held.iter_mut().zip(of_identifier) {
                *held = held.max(*of_identifier);
            }
        }
        held
    }

    /// What an identifier has.
    fn held_by(&self, identifier: &str) -> Held {
        let mut held = vec![0.0_f32; self.words.len()];
        for part in subwords(identifier) {
            let part_stem = stem(&part);
            for (it, held) in self.words.iter().zip(&mut held) {
                if it.word == part {
                    *held = 1.0;
                } else if it.stem == part_stem {
                    *held = held.max(FORM);
                }
            }
        }
        held
    }
}

/// The letters that two words begin with: `parsing` and `pars`, `library` and `librari`.
fn common_beginning<'a>(word: &'a str, stem: &str) -> &'a str {
    let pairs = word.char_indices().zip(stem.chars());
    let shared = pairs.take_while(|((_, left), right)| left == right);
    let end = shared.last().map_or(0, |((at, c), _)| at + c.len_utf8());
    if end == 0 { word } else { &word[..end] }
}

/// The identifier that a part of a text is in.
fn run_around(text: &str, part: Range<usize>) -> Range<usize> {
    let is_end = |c: char| !c.is_alphanumeric() && c != '_';
    let before = text[..part.start].char_indices().rev();
    let start = before
        .take_while(|(_, c)| !is_end(*c))
        .last()
        .map_or(part.start, |(at, _)| at);
    let end = text[part.start..]
        .find(is_end)
        .map_or(text.len(), |at| part.start + at);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(query: &str, text: &str) -> Held {
        Coverage::new(&Query::parse(query)).held(text, &mut HashMap::new())
    }

    #[test]
    fn words_are_found_in_identifiers_and_in_other_forms() {
        for (query, text, expected) in [
            ("retry budget", "fn retryBudget() {}", &[1.0, 1.0][..]),
            ("retry budget", "let budgets = RETRIES;", &[0.5, 0.5]),
            ("parsing library", "it parses libraries", &[0.5, 0.5]),
            (
                "http header parsed",
                "parse_header(HTTP2)",
                &[1.0, 1.0, 0.5],
            ),
            ("http", "https", &[0.0]),
            ("größe", "die Größe", &[1.0]),
            ("größe", "die größe der datei", &[1.0]),
            ("a", "a b", &[1.0]),
            ("retry", "", &[0.0]),
        ] {
            assert_eq!(held(query, text), expected, "{query} in {text}");
        }
    }

    #[test]
    fn rare_words_count_more() {
        let query = Query::parse("telescope mirror");
        let texts = [
            "a mirror",
            "a mirror",
            "a mirror",
            "a telescope",
            "both telescope mirror",
        ];
        let shares = Coverage::of_texts(&query, texts.into_iter().map(str::to_owned));
        assert!(shares[0] < shares[3] && shares[3] < shares[4], "{shares:?}");
        assert!((shares[4] - 1.0).abs() < 1e-6, "{shares:?}");
        assert!(Coverage::of_texts(&query, std::iter::empty()).is_empty());
    }

    #[test]
    fn what_was_in_a_text_before_counts_for_each_text() {
        let query = Query::parse("retry budget");
        let coverage = Coverage::new(&query);
        let mut known = HashMap::new();
        for text in ["retryBudget", "budgets", "retryBudget(budgets)", "budgets"] {
            assert_eq!(coverage.held(text, &mut known), held("retry budget", text));
        }
        assert_eq!(known.len(), 2);
    }
}
