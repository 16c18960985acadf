//! The order of hits, and why it is so.

mod signals;

use ollacode_indexer::query::Query;
use ollacode_indexer::rank::{
    Candidate, Named, Ranked, RetrieverRank, SignalEffect, WEIGHTS, rank,
};
use ollacode_store::ContentKey;
use proptest::prelude::*;

use crate::support::chunk;

/// A candidate at a rank of full-text retrieval.
fn lexical(path: &str, line: u32, rank: usize) -> Candidate {
    let leg = RetrieverRank { rank, score: 10.0 };
    Candidate {
        chunk: chunk(path, line, "work();"),
        content_key: ContentKey::of(&format!("{path}:{line}")),
        row: None,
        lexical: Some(leg),
        dense: None,
        named: Named::default(),
        coverage: 0.0,
    }
}

fn dense(path: &str, line: u32, rank: usize) -> Candidate {
    let leg = RetrieverRank { rank, score: 0.5 };
    Candidate {
        chunk: chunk(path, line, "work();"),
        content_key: ContentKey::of(&format!("{path}:{line}")),
        row: None,
        lexical: None,
        dense: Some(leg),
        named: Named::default(),
        coverage: 0.0,
    }
}

fn defining(mut candidate: Candidate, name: &str) -> Candidate {
    candidate.chunk.definitions = vec![name.to_owned()];
    candidate.chunk.symbol = Some(name.to_owned());
    candidate
}

fn in_language(mut candidate: Candidate, language: &str) -> Candidate {
    language.clone_into(&mut candidate.chunk.language);
    candidate
}

fn ranked(query: &str, candidates: Vec<Candidate>) -> Vec<Ranked> {
    rank(&Query::parse(query), candidates, &WEIGHTS, 100)
}

/// `path:line` of each hit.
fn places(hits: &[Ranked]) -> Vec<String> {
    hits.iter()
        .map(|hit| format!("{}:{}", hit.chunk.path, hit.chunk.start_line))
        .collect()
}

fn signals(hit: &Ranked) -> Vec<&'static str> {
    hit.why.signals.iter().map(|signal| signal.name).collect()
}

/// The signals of the one candidate.
fn signals_of(query: &str, candidate: Candidate) -> Vec<&'static str> {
    signals(&ranked(query, vec![candidate])[0])
}

#[test]
fn without_signals_the_legs_decide() {
    let hits = ranked(
        "open socket",
        vec![lexical("b.rs", 1, 1), lexical("a.rs", 1, 2)],
    );
    assert_eq!(places(&hits), ["b.rs:1", "a.rs:1"]);
    let hits = ranked(
        "open socket",
        vec![lexical("a.rs", 1, 5), dense("b.rs", 1, 0)],
    );
    assert_eq!(places(&hits), ["b.rs:1", "a.rs:1"]);
    let mut both = lexical("c.rs", 1, 3);
    both.dense = Some(RetrieverRank {
        rank: 3,
        score: 0.4,
    });
    let hits = ranked(
        "open socket",
        vec![lexical("a.rs", 1, 0), dense("b.rs", 1, 0), both],
    );
    assert_eq!(places(&hits)[0], "c.rs:1");
}

#[test]
fn names_are_found_by_their_letters() {
    let legs = || vec![lexical("a.rs", 1, 3), dense("b.rs", 1, 0)];
    assert_eq!(places(&ranked("SocketPool", legs())), ["a.rs:1", "b.rs:1"]);
    assert_eq!(
        places(&ranked("pool of sockets", legs())),
        ["b.rs:1", "a.rs:1"]
    );
}

#[test]
fn a_definition_beats_mentions() {
    for query in [
        "parse_header",
        "Http::parse_header",
        "where is parse_header called",
    ] {
        let mut candidates: Vec<Candidate> = (0..9)
            .map(|rank| lexical(&format!("mention_{rank}.rs"), 1, rank))
            .collect();
        candidates.push(defining(lexical("http.rs", 40, 20), "parse_header"));
        let hits = ranked(query, candidates);
        assert_eq!(places(&hits)[0], "http.rs:40", "{query}");
        assert!(signals(&hits[0]).contains(&"defines the symbol"), "{query}");
        assert!(
            !signals(&hits[1]).contains(&"defines the symbol"),
            "{query}"
        );
    }
}

#[test]
fn a_definition_is_asked_for_by_its_words() {
    let hits = ranked(
        "retry budget",
        vec![
            lexical("src/a.rs", 1, 0),
            defining(lexical("src/b.rs", 1, 1), "RetryBudget"),
            defining(lexical("src/c.rs", 1, 2), "retry"),
        ],
    );
    assert_eq!(signals(&hits[0])[0], "defines the symbol");
    assert_eq!(hits[0].chunk.path, "src/b.rs");
    assert!(
        hits[1..]
            .iter()
            .all(|hit| !signals(hit).contains(&"defines the symbol"))
    );
}

#[test]
fn a_definition_in_the_file_of_its_name_comes_first() {
    let hits = ranked(
        "SocketPool",
        vec![
            defining(lexical("a.rs", 1, 0), "SocketPool"),
            defining(lexical("socket_pool.rs", 1, 4), "SocketPool"),
        ],
    );
    assert_eq!(places(&hits), ["socket_pool.rs:1", "a.rs:1"]);
}

#[test]
fn names_are_compared_with_their_capitals() {
    let found = signals_of("SocketPool", defining(lexical("a.rs", 1, 0), "socketPool"));
    assert!(!found.contains(&"defines the symbol"));
}

#[test]
fn the_words_of_a_path_count() {
    let candidates = vec![
        lexical("net/other.rs", 1, 0),
        lexical("net/http_header.rs", 1, 3),
        lexical("header/mod.rs", 1, 1),
    ];
    let hits = ranked("how is an http header read", candidates);
    assert_eq!(places(&hits)[0], "net/http_header.rs:1");
    assert!(signals(&hits[0]).contains(&"file name"));
    let folder = hits
        .iter()
        .find(|hit| hit.chunk.path == "header/mod.rs")
        .unwrap();
    assert!(signals(folder).contains(&"file name"));
    let found = signals_of("attributes of a macro", lexical("src/attr.rs", 1, 0));
    assert!(
        found.contains(&"file name"),
        "an abbreviation is the start of a word"
    );
    let found = signals_of("index of a chunk", lexical("src/in.rs", 1, 0));
    assert!(
        !found.contains(&"file name"),
        "two letters abbreviate nothing"
    );
}

#[test]
fn tests_and_examples_are_weaker_unless_asked_for() {
    const ASIDE: &[&str] = &[
        "tests/http.rs",
        "src/tests.rs",
        "src/tests/http.rs",
        "pkg/http_test.go",
        "test_http.py",
        "web/http.test.ts",
        "web/http.spec.js",
        "scripts/Copy.Tests.ps1",
        "contracts/Auction.t.sol",
        "spec/http_spec.rb",
        "src/HttpTest.java",
        "src/HttpTests.cs",
        "examples/http.rs",
        "benches/http.rs",
        "web/__tests__/http.js",
        "conftest.py",
        "vendor/http/http.go",
        "Tests/Http.swift",
    ];
    for path in ASIDE {
        let found = signals_of("open socket", lexical(path, 1, 0));
        assert!(found.contains(&"test or example"), "{path}: {found:?}");
        for query in ["open socket tests", "example of a socket"] {
            let found = signals_of(query, lexical(path, 1, 0));
            assert!(
                !found.contains(&"test or example"),
                "{path}, {query}: {found:?}"
            );
        }
    }
    for path in [
        "src/latest.rs",
        "src/contest.py",
        "src/attestation.go",
        "src/testament.js",
    ] {
        let found = signals_of("open socket", lexical(path, 1, 0));
        assert!(!found.contains(&"test or example"), "{path}: {found:?}");
    }
    let legs = || vec![lexical("tests/a.rs", 1, 0), lexical("src/b.rs", 1, 9)];
    assert_eq!(
        places(&ranked("open socket", legs())),
        ["src/b.rs:1", "tests/a.rs:1"]
    );
    assert_eq!(
        places(&ranked("test open socket", legs())),
        ["tests/a.rs:1", "src/b.rs:1"]
    );
}

#[test]
fn documents_are_weaker_unless_asked_for() {
    for language in ["markdown", "json", "yaml", "toml", "html", "css"] {
        let is_weaker = |query: &str| {
            let document = in_language(lexical("guide.x", 1, 0), language);
            let hits = ranked(query, vec![document, lexical("a.rs", 1, 1)]);
            let document = hits.iter().find(|hit| hit.chunk.path == "guide.x");
            signals(document.expect("the document")).contains(&"document or settings")
        };
        assert!(is_weaker("open socket"), "{language}");
        assert!(!is_weaker("documentation of sockets"), "{language}");
    }
}

#[test]
fn further_chunks_of_a_file_are_weakened() {
    let hits = ranked(
        "open socket",
        vec![
            lexical("a.rs", 1, 0),
            lexical("a.rs", 20, 1),
            lexical("a.rs", 40, 2),
            lexical("b.rs", 1, 3),
        ],
    );
    assert_eq!(places(&hits), ["a.rs:1", "b.rs:1", "a.rs:20", "a.rs:40"]);
    let times = |hit: &Ranked| {
        let mut found = hit.why.signals.iter();
        found
            .find(|signal| signal.name == "further chunk of the file")
            .map(|found| found.effect)
    };
    assert_eq!(times(&hits[0]), None);
    assert_eq!(times(&hits[1]), None);
    assert_eq!(
        times(&hits[2]),
        Some(SignalEffect::Times(WEIGHTS.saturation))
    );
    assert_eq!(
        times(&hits[3]),
        Some(SignalEffect::Times(WEIGHTS.saturation.powi(2)))
    );
}

#[test]
fn ties_are_broken_by_path_and_line() {
    let hits = ranked(
        "open socket",
        vec![
            lexical("c.rs", 1, 0),
            lexical("a.rs", 9, 0),
            lexical("b.rs", 1, 0),
        ],
    );
    assert_eq!(places(&hits), ["a.rs:9", "b.rs:1", "c.rs:1"]);
    let hits = ranked(
        "open socket",
        vec![lexical("a.rs", 100, 0), lexical("a.rs", 20, 0)],
    );
    assert_eq!(places(&hits), ["a.rs:20", "a.rs:100"]);
}

#[test]
fn the_limit_holds() {
    let all: Vec<Candidate> = (0..20)
        .map(|at| lexical(&format!("{at}.rs"), 1, at))
        .collect();
    let query = Query::parse("open socket");
    let ten = rank(&query, all.clone(), &WEIGHTS, 10);
    let twenty = rank(&query, all, &WEIGHTS, 100);
    assert_eq!((ten.len(), twenty.len()), (10, 20));
    assert_eq!(places(&ten), places(&twenty[..10]));
    assert!(rank(&query, vec![lexical("a.rs", 1, 0)], &WEIGHTS, 0).is_empty());
    assert!(rank(&query, Vec::new(), &WEIGHTS, 10).is_empty());
}

/// The score that the retrievers alone give a hit.
fn leg() -> impl Strategy<Value = Option<RetrieverRank>> {
    let score = prop_oneof![
        Just(0.0f32),
        Just(-1.0),
        Just(f32::NAN),
        Just(f32::INFINITY),
        0.0f32..50.0
    ];
    let leg = (0usize..200, score).prop_map(|(rank, score)| RetrieverRank { rank, score });
    prop::option::of(leg)
}

const PATHS: &[&str] = &[
    "src/socket.rs",
    "src/pool.rs",
    "src/net/mod.rs",
    "tests/socket.rs",
    "README.md",
    "a.json",
    "b",
];

const NAMES: &[&str] = &["Socket", "open", "Pool", "pool", "main"];

const TEXTS: &[&str] = &[
    "",
    "use a::b;\nuse c::d;",
    "work();",
    "import socket\n",
    "fn open() {}",
];

fn candidate() -> impl Strategy<Value = Candidate> {
    (
        prop::sample::select(PATHS),
        prop::sample::select(LANGUAGES),
        prop::option::of(prop::sample::select(NAMES)),
        prop::sample::select(TEXTS),
        leg(),
        leg(),
    )
        .prop_map(|(path, language, name, text, lexical, dense)| {
            let mut piece = chunk(path, 1, text);
            language.clone_into(&mut piece.language);
            piece.definitions.extend(name.map(str::to_owned));
            Candidate {
                content_key: ContentKey::of(&piece.text),
                row: None,
                chunk: piece,
                lexical,
                dense,
                named: Named::default(),
                coverage: 0.0,
            }
        })
}

const LANGUAGES: &[&str] = &["rust", "markdown", "text", "json"];

/// Candidates at different places, as the store gives them.
fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    prop::collection::vec(candidate(), 0..25).prop_map(|mut candidates| {
        for (candidate, line) in candidates.iter_mut().zip(1..) {
            candidate.content_key = ContentKey::of(&line.to_string());
            candidate.chunk.start_line = line;
            candidate.chunk.end_line = line;
        }
        candidates
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<Candidate>, Vec<Candidate>)> {
    candidates().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
}

const QUERIES: &[&str] = &[
    "",
    "Socket",
    "open a socket",
    "where is Pool opened",
    "tests of the pool",
    "readme",
    "the",
];

proptest! {
    #[test]
    fn the_order_of_candidates_does_not_matter(
        query in prop::sample::select(QUERIES),
        (left, right) in shuffled(),
    ) {
        let (left, right) = (ranked(query, left), ranked(query, right));
        prop_assert_eq!(places(&left), places(&right));
        for (left, right) in left.iter().zip(&right) {
            prop_assert_eq!(left.score.to_bits(), right.score.to_bits());
            prop_assert_eq!(&left.why.signals, &right.why.signals);
        }
    }

    #[test]
    fn scores_are_numbers_from_best_to_worst(
        query in prop::sample::select(QUERIES),
        all in candidates(),
    ) {
        let count = all.len();
        let hits = ranked(query, all);
        prop_assert_eq!(hits.len(), count);
        prop_assert!(hits.iter().all(|hit| hit.score.is_finite() && hit.score >= 0.0));
        prop_assert!(hits.is_sorted_by(|left, right| left.score >= right.score));
    }

    #[test]
    fn the_explanation_adds_up(query in prop::sample::select(QUERIES), all in candidates()) {
        for hit in ranked(query, all) {
            let mut score = hit.why.fused;
            for signal in &hit.why.signals {
                match signal.effect {
                    SignalEffect::Added(amount) => score += amount,
                    SignalEffect::Times(factor) => score *= factor,
                }
            }
            prop_assert!((score - hit.score).abs() < 1e-4, "{} {}", score, hit.score);
        }
    }
}
