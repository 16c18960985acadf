//! The stable JSON formats; internal types may change without them.

use ollacode_indexer::rank::{Ranked, RetrieverRank, ScoreExplanation, SignalEffect};
use ollacode_indexer::{Counts, SearchResults, Unsearched};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::failure::Failure;

/// The answer to one query of `search --json`.
#[derive(Serialize)]
pub struct SearchAnswer<'a> {
    pub query: &'a str,
    pub took_ms: u64,
    pub mode: &'static str,
    pub index: IndexCounts<'a>,
    pub hits: Vec<Hit<'a>>,
    pub notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_searched: Option<Value>,
}

/// A query that failed.
#[derive(Serialize)]
pub struct SearchFailure<'a> {
    /// `null` where none was read yet.
    pub query: Option<&'a str>,
    pub error: &'a str,
    pub code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'a str>,
}

impl<'a> SearchFailure<'a> {
    pub fn new(query: Option<&'a str>, failure: &'a Failure) -> SearchFailure<'a> {
        SearchFailure {
            query,
            error: &failure.message,
            code: failure.code.name(),
            hint: failure.hint.as_deref(),
        }
    }
}

/// The size of the index.
#[derive(Serialize)]
pub struct IndexCounts<'a> {
    pub files: u64,
    pub chunks: u64,
    pub embedded: u64,
    pub model: Option<&'a str>,
}

impl<'a> IndexCounts<'a> {
    pub fn new(counts: &Counts, model: Option<&'a str>) -> IndexCounts<'a> {
        let Counts {
            files,
            chunks,
            embedded,
            ..
        } = *counts;
        IndexCounts {
            files,
            chunks,
            embedded,
            model,
        }
    }
}

#[derive(Serialize)]
pub struct Hit<'a> {
    pub path: &'a str,
    pub start_line: u32,
    pub end_line: u32,
    pub language: &'a str,
    pub kind: &'static str,
    pub symbol: Option<&'a str>,
    pub scope: &'a [String],
    pub score: f64,
    pub text: &'a str,
    /// Other chunks with the same text; left out if there are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub copies: usize,
    /// The line that the query names, or that defines the symbol that it names; left out if neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// With `--explain` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Value>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl<'a> Hit<'a> {
    fn new(hit: &'a Ranked, explain: bool) -> Hit<'a> {
        let chunk = &hit.chunk;
        Hit {
            path: &chunk.path,
            start_line: chunk.start_line,
            end_line: chunk.end_line,
            language: &chunk.language,
            kind: chunk.kind.name(),
            symbol: chunk.symbol.as_deref(),
            scope: &chunk.scope,
            score: rounded(hit.score),
            text: &chunk.text,
            copies: hit.copies,
            line: hit.focus,
            why: explain.then(|| why(&hit.why)),
        }
    }
}

impl<'a> SearchAnswer<'a> {
    pub fn new(
        query: &'a str,
        took_ms: u64,
        answer: &'a SearchResults,
        model: Option<&'a str>,
        explain: bool,
    ) -> SearchAnswer<'a> {
        SearchAnswer {
            query,
            took_ms,
            mode: answer.mode.name(),
            index: IndexCounts::new(&answer.counts, model),
            hits: answer
                .hits
                .iter()
                .map(|hit| Hit::new(hit, explain))
                .collect(),
            notes: &answer.notes,
            not_searched: answer.unsearched.as_ref().map(not_searched),
        }
    }
}

/// What a search without hits did not cover.
fn not_searched(unsearched: &Unsearched) -> Value {
    json!({
        "empty_paths": unsearched.empty_globs,
        "empty_languages": unsearched.empty_languages,
        "not_indexed_yet": unsearched.pending,
        "unreadable": unsearched.unread,
        "skipped": unsearched.skipped,
        "left_out": unsearched.left_out,
        "ignored": unsearched.ignored,
        "hidden": unsearched.hidden,
        "words": unsearched.sentences(),
    })
}

/// Four decimals: 32-bit sums are not more precise.
fn rounded(score: f32) -> f64 {
    (f64::from(score) * 10_000.0).round() / 10_000.0
}

fn why(why: &ScoreExplanation) -> Value {
    let leg = |leg: Option<RetrieverRank>| {
        leg.map(|leg| json!({"rank": leg.rank + 1, "score": rounded(leg.score)}))
    };
    let signals: Vec<Value> = why
        .signals
        .iter()
        .map(|signal| {
            let mut shown = Map::new();
            shown.insert("name".into(), signal.name.into());
            match signal.effect {
                SignalEffect::Added(amount) => shown.insert("added".into(), rounded(amount).into()),
                SignalEffect::Times(factor) => shown.insert("times".into(), rounded(factor).into()),
            };
            Value::Object(shown)
        })
        .collect();
    json!({
        "lexical": leg(why.lexical),
        "dense": leg(why.dense),
        "fused": rounded(why.fused),
        "signals": signals,
    })
}
