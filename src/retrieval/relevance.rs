//! Which hits of a search are worth their tokens.

use std::collections::BTreeSet;

use ollacode_indexer::query::{Query, stem, subwords};
use ollacode_indexer::rank::Ranked;

/// Most hits that share only words or meaning with the query,
const MOST: usize = 4;
/// and with those that the query names.
const MOST_WITH_NAMED: usize = 8;
/// Share of the best score below which a hit is noise.
const NEAR_BEST: f32 = 0.5;
/// The same for hits that the query names, or whose file it names: a place that is named is far ahead
/// of what is beside it, and tests of what is asked for have a third.
const NEAR_BEST_NAMED: f32 = 0.3;
/// Share of the query's words, rare ones counting more, below which a hit is noise,
const ENOUGH_WORDS: f32 = 0.3;
/// and share of the share that the hit with most of them has.
const NEAR_MOST_WORDS: f32 = 0.5;
/// Rank and cosine similarity with which a hit needs no words.
const BEST_MEANINGS: usize = 3;
const NEAR_MEANING: f32 = 0.45;
/// Words of a query that are shorter are compared whole.
const SHORTEST_START: usize = 4;
/// Signals of the ranking that say that a query names just this chunk,
const NAMES_CHUNK: [&str; 3] = ["defines the symbol", "named line", "similar name"];
/// or its file.
const NAMES_FILE: &str = "named file";

/// The hits that fit a query, best first: those that it names, and a few that have its rare words
/// or its meaning and are near the best one. May be none.
pub fn relevant(query: &str, hits: Vec<Ranked>) -> Vec<Ranked> {
    let query = Query::parse(query);
    let shares = shares(&query, &hits);
    let most_words = shares.iter().copied().fold(0.0, f32::max);
    let best = hits.first().map_or(0.0, |hit| hit.score);
    let mut fitting = Vec::new();
    let mut others = 0;
    for (hit, share) in hits.into_iter().zip(shares) {
        let has_words = share >= ENOUGH_WORDS.max(NEAR_MOST_WORDS * most_words);
        let is_named = has_signal(&hit, &NAMES_CHUNK);
        let in_named_file = has_signal(&hit, &[NAMES_FILE]);
        let near_best = match is_named || in_named_file {
            true => NEAR_BEST_NAMED * best,
            false => NEAR_BEST * best,
        };
        let is_about = is_named || in_named_file || has_words || has_meaning(&hit);
        let fits = is_about && hit.score >= near_best && (is_named || others < MOST);
        if fits && fitting.len() < MOST_WITH_NAMED {
            others += usize::from(!is_named);
            fitting.push(hit);
        }
    }
    fitting
}

fn has_signal(hit: &Ranked, names: &[&str]) -> bool {
    let mut signals = hit.why.signals.iter();
    signals.any(|signal| names.contains(&signal.name))
}

fn has_meaning(hit: &Ranked) -> bool {
    let dense = hit.why.dense;
    dense.is_some_and(|dense| dense.rank < BEST_MEANINGS && dense.score >= NEAR_MEANING)
}

/// The share of the query's words that each hit has. A word counts more the fewer hits have it.
fn shares(query: &Query, hits: &[Ranked]) -> Vec<f32> {
    let asked = query.asked();
    // The lines behind a path are no words.
    let is_number = |word: &&String| word.bytes().all(|byte| byte.is_ascii_digit());
    let words_asked = asked.words.iter().filter(|word| !is_number(word));
    let stems: Vec<String> = words_asked.map(|word| stem(word)).collect();
    // Words of scripts without spaces are found by their parts, which are not compared here.
    if stems.is_empty() || !asked.pairs.is_empty() {
        return vec![1.0; hits.len()];
    }
    let has: Vec<Vec<bool>> = hits
        .iter()
        .map(|hit| {
            let words = words(hit);
            stems.iter().map(|stem| has_word(&words, stem)).collect()
        })
        .collect();
    let weights: Vec<f32> = (0..stems.len())
        .map(|word| {
            let with = has.iter().filter(|has| has[word]).count();
            // A word that no hit has tells nothing about them: it counts as one that all have.
            let with = if with == 0 { hits.len() } else { with };
            (1.0 + hits.len() as f32 / (1 + with) as f32).ln()
        })
        .collect();
    let all: f32 = weights.iter().sum();
    let share = |has: &Vec<bool>| {
        let found = weights.iter().zip(has).filter(|(_, has)| **has);
        found.map(|(weight, _)| weight).sum::<f32>() / all.max(f32::MIN_POSITIVE)
    };
    has.iter().map(share).collect()
}

/// The stems of the words of a hit: of its text, its path and its names.
fn words(hit: &Ranked) -> BTreeSet<String> {
    let chunk = &hit.chunk;
    let names = chunk.scope.iter().chain(&chunk.symbol);
    [&chunk.text, &chunk.path]
        .into_iter()
        .chain(names)
        .flat_map(|text| subwords(text))
        .map(|word| stem(&word))
        .collect()
}

/// Whether a word is there, whole or as the beginning of another one.
fn has_word(words: &BTreeSet<String>, asked: &str) -> bool {
    words.contains(asked)
        || asked.len() >= SHORTEST_START
            && words
                .range(asked.to_owned()..)
                .next()
                .is_some_and(|word| word.starts_with(asked))
}

#[cfg(test)]
mod tests {
    use ollacode_indexer::rank::{RetrieverRank, ScoreExplanation, Signal, SignalEffect};
    use ollacode_indexer::{Chunk, ChunkKind, ContentKey};

    use super::*;

    fn hit(path: &str, text: &str, score: f32) -> Ranked {
        Ranked {
            content_key: ContentKey::of(""),
            row: None,
            copies: 0,
            focus: None,
            chunk: Chunk {
                path: path.to_owned(),
                language: "rust".to_owned(),
                kind: ChunkKind::Function,
                symbol: None,
                scope: Vec::new(),
                definitions: Vec::new(),
                start_line: 1,
                end_line: 1,
                text: text.to_owned(),
            },
            score,
            why: ScoreExplanation {
                lexical: None,
                dense: None,
                fused: score,
                signals: Vec::new(),
            },
        }
    }

    fn named(mut hit: Ranked) -> Ranked {
        hit.why.signals.push(Signal {
            name: NAMES_CHUNK[0],
            effect: SignalEffect::Added(0.5),
        });
        hit
    }

    fn paths(query: &str, hits: Vec<Ranked>) -> Vec<String> {
        let fitting = relevant(query, hits).into_iter();
        fitting.map(|hit| hit.chunk.path).collect()
    }

    #[test]
    fn hits_with_the_common_word_only_are_noise() {
        let mut hits = vec![hit("retry.rs", "fn retry_delay() { compute(delay) }", 1.4)];
        for number in 0..6 {
            hits.push(hit(&format!("{number}.rs"), "fn compute() {}", 1.0));
        }
        let query = "how is the retry delay computed";
        assert_eq!(paths(query, hits), ["retry.rs"]);
    }

    #[test]
    fn words_that_no_hit_has_do_not_hide_a_good_one() {
        let hits = vec![
            hit("retry.py", "def delay(attempt): pass", 1.2),
            hit("client.py", "sleep(policy.delay(attempt))", 1.1),
            hit("test.py", "def test_each_delay(): pass", 1.0),
        ];
        let query = "where is the delay between two attempts computed?";
        assert_eq!(paths(query, hits), ["retry.py", "client.py"]);
    }

    #[test]
    fn nothing_fits_where_the_words_of_the_query_are_nowhere() {
        let hits = vec![
            hit("a.rs", "fn weather() {}", 1.0),
            hit("b.rs", "fn b() {}", 0.9),
        ];
        let query = "invoice totals and tax rates for weather reports";
        assert!(paths(query, hits).is_empty());
        assert!(relevant("anything", Vec::new()).is_empty());
    }

    #[test]
    fn a_few_hits_are_enough_unless_more_are_named() {
        let text = "fn parse_header() {}";
        let hits = |count: usize| -> Vec<Ranked> {
            let number = 0..count;
            number
                .map(|number| hit(&format!("{number}.rs"), text, 1.0))
                .collect()
        };
        assert_eq!(relevant("parse the header", hits(12)).len(), MOST);
        let named: Vec<Ranked> = hits(12).into_iter().map(named).collect();
        assert_eq!(relevant("parse the header", named).len(), MOST_WITH_NAMED);
    }

    #[test]
    fn what_is_far_behind_the_best_is_left_out() {
        let text = "fn parse_header() {}";
        let hits = vec![
            named(hit("a.rs", text, 2.0)),
            hit("b.rs", text, 0.9),
            named(hit("test.rs", text, 0.7)),
        ];
        assert_eq!(paths("parse header", hits), ["a.rs", "test.rs"]);
    }

    #[test]
    fn meaning_needs_no_words() {
        let mut close = hit("a.rs", "fn login() {}", 1.0);
        close.why.dense = Some(RetrieverRank {
            rank: 0,
            score: 0.7,
        });
        let far = hit("b.rs", "fn other() {}", 0.9);
        assert_eq!(paths("where do people sign in", vec![close, far]), ["a.rs"]);
        // Scripts without spaces.
        let hits = vec![hit("a.rs", "// 登录", 1.0)];
        assert_eq!(paths("登录在哪里", hits), ["a.rs"]);
    }

    #[test]
    fn other_forms_of_a_word_are_the_word() {
        let hits = vec![hit("main.rs", "fn main() { printout(\"hello\") }", 1.0)];
        assert_eq!(paths("Where is hello printed in main?", hits), ["main.rs"]);
    }
}
