//! Ranking of candidates: fusion of the retrievers' results, and signals from the code.
//!
//! Pure: no input or output, no clock, the same candidates give the same order.
//! The scale is that of reciprocal rank fusion divided by the best possible
//! score, so a chunk that is first in every retriever has 1 before any boost.

mod lists;
mod weights;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use ollacode_store::{Chunk, ContentKey, RowId};

use crate::non_production::{ASIDE_WORDS, DOCUMENT_WORDS, is_aside, is_document};
use crate::query::{Query, file_stem, is_stop_word, stem, subwords};

pub use lists::fused;
use lists::{add_coherence, collapsed, saturate};
pub use weights::{WEIGHTS, Weights};

/// The `k` of reciprocal rank fusion (Cormack et al. 2009); larger flattens the top.
const RRF_K: f32 = 60.0;

/// The signal of the words that a chunk has; the others that add to a score are of names.
const WORDS_SIGNAL: &str = "words of the query";

/// A chunk that one of the retrievers found.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The chunk; its text is not used, and may be empty if `row` is given.
    pub chunk: Chunk,
    /// Tells chunks of one line apart.
    pub content_key: ContentKey,
    /// Where the text is, unless it is in the chunk.
    pub row: Option<RowId>,
    /// Rank and score in full-text retrieval.
    pub lexical: Option<RetrieverRank>,
    /// Rank and cosine similarity in vector retrieval.
    pub dense: Option<RetrieverRank>,
    /// Whether the query names its file or a line of it.
    pub named: Named,
    /// The share of the query's words that it has, from 0 to 1, by how rare they are.
    pub coverage: f32,
}

/// How far a query names the place of a chunk, from 0 to 1 each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Named {
    /// Its file.
    pub file: f32,
    /// A line of it.
    pub line: f32,
    /// A name that it defines, with a mistake.
    pub mistyped: f32,
}

/// A rank and a score in one retriever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetrieverRank {
    /// The rank, from 0.
    pub rank: usize,
    /// BM25, or cosine similarity.
    pub score: f32,
}

/// Why a hit has its score, for `--explain`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreExplanation {
    /// Rank and score in full-text retrieval.
    pub lexical: Option<RetrieverRank>,
    /// Rank and score in vector retrieval.
    pub dense: Option<RetrieverRank>,
    /// The fused score of the retrievers, before any signal.
    pub fused: f32,
    /// Name and effect of each signal that applied: `+` what was added, `×` the factor.
    pub signals: Vec<Signal>,
}

impl ScoreExplanation {
    /// What counted most, in a word: `name`, `words` or `meaning`.
    pub fn reason(&self) -> &'static str {
        let by_name = self.signals.iter().filter(|it| it.name != WORDS_SIGNAL);
        let added = by_name.map(|signal| match signal.effect {
            SignalEffect::Added(amount) => amount,
            SignalEffect::Times(_) => 0.0,
        });
        let rank = |leg: Option<RetrieverRank>| leg.map_or(usize::MAX, |leg| leg.rank);
        if added.sum::<f32>() >= self.fused {
            "name"
        } else if rank(self.dense) < rank(self.lexical) {
            "meaning"
        } else {
            "words"
        }
    }
}

/// A signal that applied, and its effect on the score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Signal {
    /// The name of its weight in [`Weights`], in words.
    pub name: &'static str,
    /// What it did to the score.
    pub effect: SignalEffect,
}

/// What a signal does to a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SignalEffect {
    /// The value that was added to the score.
    Added(f32),
    /// The factor by which the score was multiplied.
    Times(f32),
}

/// A ranked chunk.
#[derive(Clone, Debug)]
pub struct Ranked {
    /// The chunk that is ranked.
    pub chunk: Chunk,
    /// Tells chunks of one line apart.
    pub content_key: ContentKey,
    /// Where the text is, unless it is in the chunk.
    pub row: Option<RowId>,
    /// Other chunks with the same text, which it stands for.
    pub copies: usize,
    /// The line that the query is about, if it names one or a symbol that is defined in the chunk.
    pub focus: Option<u32>,
    /// Higher is better; comparable within one query only.
    pub score: f32,
    /// The parts of the score.
    pub why: ScoreExplanation,
}

/// Orders candidates, best first, and keeps `limit` of them.
pub fn rank(
    query: &Query,
    candidates: Vec<Candidate>,
    weights: &Weights,
    limit: usize,
) -> Vec<Ranked> {
    let context = QueryContext::new(query, weights, &candidates);
    let mut scored: Vec<Scored> = candidates
        .into_iter()
        .map(|candidate| context.scored(candidate))
        .collect();
    let best_first = |left: &Scored, right: &Scored| order(&left.hit, &right.hit);
    // Sums of floating point numbers depend on their order.
    scored.sort_by(best_first);
    add_coherence(&mut scored, weights);
    scored.sort_by(best_first);
    saturate(&mut scored, weights);
    scored.sort_by(best_first);
    let mut hits = collapsed(scored);
    hits.truncate(limit);
    hits
}

/// A chunk on its way to its place.
struct Scored {
    hit: Ranked,
    /// The share of its score that each chunk of the file has.
    of_file: f32,
}

/// Best first; equal scores by path and line, so that the order never depends on chance.
fn order(left: &Ranked, right: &Ranked) -> Ordering {
    right
        .score
        .total_cmp(&left.score)
        .then_with(|| left.chunk.path.cmp(&right.chunk.path))
        .then_with(|| left.chunk.start_line.cmp(&right.chunk.start_line))
        .then_with(|| left.content_key.cmp(&right.content_key))
}

struct QueryContext<'query> {
    query: &'query Query,
    weights: &'query Weights,
    dense_share: f32,
    best_lexical: f32,
    /// The weight of each stem, by how rare it is in the paths of the candidates.
    path_weights: Vec<f32>,
    stems: Vec<String>,
    wants_non_production: bool,
    wants_documents: bool,
    wants_tests: bool,
}

impl<'query> QueryContext<'query> {
    fn new(query: &'query Query, weights: &'query Weights, candidates: &[Candidate]) -> Self {
        let has_dense = candidates.iter().any(|candidate| candidate.dense.is_some());
        let best_lexical = candidates
            .iter()
            .filter_map(|candidate| candidate.lexical)
            .map(|leg| leg.score)
            .filter(|score| score.is_finite())
            .fold(f32::MIN_POSITIVE, f32::max);
        let dense_share = match (has_dense, query.is_symbol) {
            (false, _) => 0.0,
            (true, true) => weights.dense_symbol,
            (true, false) => weights.dense_prose,
        };
        let words = query.asked().words.iter();
        let stems: Vec<String> = words.map(|word| stem(word)).collect();
        QueryContext {
            query,
            weights,
            dense_share,
            best_lexical,
            path_weights: path_weights(&stems, candidates),
            stems,
            wants_non_production: query.mentions(ASIDE_WORDS),
            wants_tests: query.asks_for_tests(),
            wants_documents: query.mentions(DOCUMENT_WORDS)
                || query.asks_for_guidance()
                || query.is_short()
                    && !query.demands_change()
                    && document_lead(candidates) > weights.document_lead * best_lexical,
        }
    }

    fn scored(&self, candidate: Candidate) -> Scored {
        let Candidate { chunk, named, .. } = candidate;
        let fused = self.fused(candidate.lexical, candidate.dense);
        let mut score = Score {
            value: fused,
            signals: Vec::new(),
        };
        score.add(WORDS_SIGNAL, self.weights.coverage * candidate.coverage);
        score.add("defines the symbol", self.definition(&chunk));
        score.add("named line", self.weights.named_line * named.line);
        score.add("similar name", self.weights.mistyped * named.mistyped);
        if is_document(&chunk) {
            score.add("heading", self.weights.heading * self.heading_share(&chunk));
        }
        let own = score.value;
        score.add(
            "file name",
            self.weights.path_words * self.path_share(&chunk.path),
        );
        score.add("named file", self.weights.named_file * named.file);
        let of_file = 1.0 - own / score.value.max(f32::MIN_POSITIVE);
        // What is named is asked for.
        let is_named = named != Named::default();
        let is_aside = is_aside(&chunk);
        if !is_named && !self.wants_non_production && is_aside {
            score.times("test or example", self.weights.aside);
        }
        if self.wants_tests && !is_aside {
            score.times("no test", self.weights.no_test);
        }
        if !is_named && !self.wants_documents && is_document(&chunk) {
            score.times("document or settings", self.weights.document);
        }
        let why = ScoreExplanation {
            lexical: candidate.lexical,
            dense: candidate.dense,
            fused,
            signals: score.signals,
        };
        let hit = Ranked {
            chunk,
            content_key: candidate.content_key,
            row: candidate.row,
            copies: 0,
            focus: None,
            score: score.value,
            why,
        };
        Scored {
            hit,
            of_file: of_file.clamp(0.0, 1.0),
        }
    }

    fn fused(&self, lexical: Option<RetrieverRank>, dense: Option<RetrieverRank>) -> f32 {
        let by_rank = |leg: RetrieverRank| RRF_K / (RRF_K + leg.rank as f32);
        let share = self.weights.lexical_score;
        let lexical = lexical.map_or(0.0, |leg| {
            let relative = leg.score / self.best_lexical;
            let relative = if relative.is_finite() {
                relative.clamp(0.0, 1.0)
            } else {
                0.0
            };
            (1.0 - share) * by_rank(leg) + share * relative
        });
        let dense = dense.map_or(0.0, by_rank);
        (1.0 - self.dense_share) * lexical + self.dense_share * dense
    }

    fn definition(&self, chunk: &Chunk) -> f32 {
        let boost = if self.query.is_symbol {
            self.weights.defines_query
        } else {
            self.weights.defines_named
        };
        let named = chunk
            .definitions
            .iter()
            .find(|name| self.names_definition(name));
        let Some(name) = named else { return 0.0 };
        let named_after = subwords(file_stem(&chunk.path)).concat() == subwords(name).concat();
        boost
            * if named_after {
                self.weights.file_named_after
            } else {
                1.0
            }
    }

    /// Whether the query names a definition as it is written, or spells all its words: `retry
    /// budget` asks for `RetryBudget`.
    fn names_definition(&self, name: &str) -> bool {
        self.query.symbols.iter().any(|symbol| symbol == name)
            || !self.query.is_symbol
                && self.query.asked().words.len() > 1
                && subwords(name) == self.query.asked().words
    }

    /// How much of the file's name and folder the query names.
    fn path_share(&self, path: &str) -> f32 {
        let (stem, folder) = name_and_folder(path);
        self.name_share(stem)
            .max(FOLDER_SHARE * self.name_share(folder))
    }

    /// How much of its heading the query names, if it is a section of a document.
    fn heading_share(&self, chunk: &Chunk) -> f32 {
        let heading = chunk.symbol.as_deref().unwrap_or_default();
        self.name_share(heading)
    }

    /// The share of a name's words that the query has, whole or abbreviated: `attr`, `impls`.
    ///
    /// A word that most paths of the candidates have has a low weight.
    fn name_share(&self, name: &str) -> f32 {
        let mut words = subwords(name);
        words.retain(|word| !is_stop_word(word));
        if words.is_empty() {
            return 0.0;
        }
        let telling = |word: &String| {
            let word = stem(word);
            let mut asked = self.stems.iter();
            let asked = asked.position(|asked| path_word_matches(&word, asked));
            asked.map_or(0.0, |index| self.path_weights[index])
        };
        words.iter().map(telling).sum::<f32>() / words.len() as f32
    }
}

/// How far the best document is ahead of the best code in full-text retrieval.
fn document_lead(candidates: &[Candidate]) -> f32 {
    let best = |is_wanted: &dyn Fn(&Chunk) -> bool| {
        let wanted = candidates.iter().filter(|it| is_wanted(&it.chunk));
        let scores = wanted.filter_map(|it| it.lexical.map(|found| found.score));
        scores.filter(|score| score.is_finite()).fold(0.0, f32::max)
    };
    best(&is_document) - best(&|chunk| !is_document(chunk) && !is_aside(chunk))
}

/// Whether a word of a path stands for a word of the query.
fn path_word_matches(word: &str, asked: &str) -> bool {
    asked == word || word.len() >= SHORTEST_ABBREVIATION && asked.starts_with(word)
}

fn name_and_folder(path: &str) -> (&str, &str) {
    (file_stem(path), path.rsplit('/').nth(1).unwrap_or_default())
}

/// The weight of each word of the query among the paths of candidates: 1 if few have it, 0 if all.
fn path_weights(stems: &[String], candidates: &[Candidate]) -> Vec<f32> {
    let paths: BTreeSet<&str> = candidates
        .iter()
        .map(|candidate| candidate.chunk.path.as_str())
        .collect();
    let mut paths_with = vec![0usize; stems.len()];
    for path in &paths {
        let (stem_of_file, folder) = name_and_folder(path);
        let words: Vec<String> = subwords(stem_of_file)
            .iter()
            .chain(&subwords(folder))
            .map(|word| stem(word))
            .collect();
        for (with, asked) in paths_with.iter_mut().zip(stems) {
            *with += usize::from(words.iter().any(|word| path_word_matches(word, asked)));
        }
    }
    // A few files say nothing about how common a word is.
    let of = paths.len().max(FEWEST_PATHS) as f32;
    paths_with
        .into_iter()
        .map(|with| 1.0 - with as f32 / of)
        .collect()
}

/// Paths below which the share of those with a word is not trusted.
const FEWEST_PATHS: usize = 10;

/// Weight of a match of the folder's name, relative to one of the file's.
const FOLDER_SHARE: f32 = 0.5;

/// Shorter words begin too many others.
const SHORTEST_ABBREVIATION: usize = 3;

struct Score {
    value: f32,
    signals: Vec<Signal>,
}

impl Score {
    fn add(&mut self, name: &'static str, amount: f32) {
        if amount > 0.0 {
            self.value += amount;
            self.signals.push(Signal {
                name,
                effect: SignalEffect::Added(amount),
            });
        }
    }

    fn times(&mut self, name: &'static str, factor: f32) {
        self.value *= factor;
        self.signals.push(Signal {
            name,
            effect: SignalEffect::Times(factor),
        });
    }
}

impl Ranked {
    /// The place of the focus among the lines of the chunk, from 0.
    pub fn focus_offset(&self) -> Option<usize> {
        let offset = self.focus?.checked_sub(self.chunk.start_line)?;
        usize::try_from(offset).ok()
    }

    fn times(&mut self, name: &'static str, factor: f32) {
        self.score *= factor;
        let effect = SignalEffect::Times(factor);
        self.why.signals.push(Signal { name, effect });
    }
}
