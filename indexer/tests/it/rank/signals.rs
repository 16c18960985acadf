//! What a query names, headings, copies, and how a file's further chunks weaken.

use ollacode_indexer::rank::fused;

use super::*;

#[test]
fn what_a_files_name_adds_weakens_faster_than_what_a_chunk_shows() {
    let hits = ranked(
        "open socket",
        vec![
            lexical("socket.rs", 1, 0),
            lexical("socket.rs", 20, 1),
            lexical("other.rs", 1, 2),
            lexical("third.rs", 1, 3),
        ],
    );
    let times = hits[..].iter().flat_map(|hit| &hit.why.signals);
    let factor = times
        .filter(|signal| signal.name == "further chunk of the file")
        .map(|signal| signal.effect)
        .next();
    let Some(SignalEffect::Times(factor)) = factor else {
        panic!("the second chunk of a file is not weakened: {hits:?}");
    };
    assert!(factor < WEIGHTS.saturation, "{factor}");
    assert!(factor > WEIGHTS.file_saturation, "{factor}");
}

#[test]
fn what_a_query_names_comes_first_and_is_not_penalised() {
    let named = |mut candidate: Candidate, named: Named| {
        candidate.named = named;
        candidate
    };
    let file = Named {
        file: 1.0,
        ..Named::default()
    };
    let line = Named { line: 1.0, ..file };
    let hits = ranked(
        "tests/net.rs:20 panics",
        vec![
            lexical("src/net.rs", 1, 0),
            named(lexical("tests/net.rs", 1, 30), file),
            named(lexical("tests/net.rs", 20, 40), line),
        ],
    );
    assert_eq!(places(&hits)[0], "tests/net.rs:20");
    let found = signals(&hits[0]);
    assert!(found.contains(&"named line") && found.contains(&"named file"));
    assert!(!found.contains(&"test or example"), "{found:?}");
}

#[test]
fn a_mistyped_name_is_weaker_than_a_name() {
    let mut mistyped = defining(lexical("b.rs", 1, 20), "take_value");
    mistyped.named.mistyped = 0.9;
    let hits = ranked("taek_value", vec![lexical("a.rs", 1, 0), mistyped.clone()]);
    assert_eq!(places(&hits)[0], "b.rs:1");
    let exact = defining(lexical("c.rs", 1, 20), "taek_value");
    let hits = ranked("taek_value", vec![exact, mistyped]);
    assert_eq!(places(&hits)[0], "c.rs:1");
}

#[test]
fn documents_are_found_by_their_headings_wherever_they_are() {
    let section = |path: &str, rank: usize, heading: &str| {
        let mut candidate = in_language(lexical(path, 1, rank), "markdown");
        candidate.chunk.symbol = Some(heading.to_owned());
        candidate
    };
    let candidates = vec![
        section("docs/other.md", 0, "Goodbye"),
        section("docs/proxies.md", 3, "Proxies behind a login"),
    ];
    let hits = ranked("proxies that need a login", candidates);
    assert_eq!(places(&hits)[0], "docs/proxies.md:1");
    assert!(signals(&hits[0]).contains(&"heading"));
    assert!(!signals(&hits[0]).contains(&"test or example"));
    // Code in a folder of documents is an example.
    let found = signals_of("open socket", lexical("docs/conf.py", 1, 0));
    assert!(found.contains(&"test or example"));
}

#[test]
fn a_word_of_a_long_text_asks_for_no_tests() {
    let long = "Sockets are not closed\n\nWhen a pool shrinks, for example in our test of the release \
                build, idle sockets stay open until the process ends and descriptors run out.";
    let found = signals_of(long, lexical("tests/pool.rs", 1, 0));
    assert!(found.contains(&"test or example"), "{found:?}");
}

#[test]
fn equal_texts_are_one_hit() {
    let copy = |path: &str, rank: usize| {
        let mut candidate = lexical(path, 1, rank);
        candidate.content_key = ContentKey::of("licence");
        candidate
    };
    let hits = ranked(
        "open socket",
        vec![copy("b/x.rs", 1), copy("a/x.rs", 0), lexical("c.rs", 1, 2)],
    );
    assert_eq!(places(&hits), ["a/x.rs:1", "c.rs:1"]);
    assert_eq!((hits[0].copies, hits[1].copies), (1, 0));
}

#[test]
fn hits_of_several_queries_are_fused() {
    let list = |candidates| ranked("open socket", candidates);
    let one = list(vec![lexical("a.rs", 1, 0), lexical("b.rs", 1, 1)]);
    let other = list(vec![lexical("c.rs", 1, 0), lexical("b.rs", 1, 1)]);
    let hits = fused([one, other].into_iter(), 10);
    assert_eq!(places(&hits), ["b.rs:1", "a.rs:1", "c.rs:1"]);
    assert_eq!(fused(std::iter::empty(), 10).len(), 0);
}

#[test]
fn changelogs_are_weaker_unless_asked_for() {
    let entry = |path: &str| in_language(lexical(path, 1, 0), "markdown");
    for path in [
        "CHANGELOG.md",
        "docs/history/5.0.md",
        "docs/changes.md",
        "News.md",
    ] {
        let found = signals_of("open socket", entry(path));
        assert!(found.contains(&"test or example"), "{path}: {found:?}");
        let found = signals_of("release in which sockets open", entry(path));
        assert!(!found.contains(&"test or example"), "{path}: {found:?}");
    }
    for path in ["docs/guide.md", "docs/exchange.md"] {
        let found = signals_of("open socket", entry(path));
        assert!(!found.contains(&"test or example"), "{path}: {found:?}");
    }
    // Code of that name is code.
    assert!(
        !signals_of("open socket", lexical("src/history.rs", 1, 0)).contains(&"test or example")
    );
}

fn covering(mut candidate: Candidate, share: f32) -> Candidate {
    candidate.coverage = share;
    candidate
}

#[test]
fn a_chunk_with_every_word_passes_one_with_many_of_the_same() {
    let hits = ranked(
        "http header parsed",
        vec![
            covering(lexical("many.rs", 1, 0), 0.3),
            covering(lexical("all.rs", 1, 2), 1.0),
        ],
    );
    assert_eq!(places(&hits), ["all.rs:1", "many.rs:1"]);
    assert_eq!(hits[0].why.reason(), "words");
}

#[test]
fn documents_count_fully_where_they_are_asked_for() {
    let first = |query: &str, document_score: f32| {
        let mut document = in_language(lexical("docs/use.md", 1, 0), "markdown");
        document.lexical = Some(RetrieverRank {
            rank: 0,
            score: document_score,
        });
        let hits = ranked(query, vec![document, lexical("src/net.rs", 1, 1)]);
        hits[0].chunk.path.clone()
    };
    assert_eq!(first("connections are pooled", 10.0), "src/net.rs");
    assert_eq!(first("how do I pool connections", 10.0), "docs/use.md");
    // The best document is far ahead of the best code.
    assert_eq!(first("connections are pooled", 20.0), "docs/use.md");
    assert_eq!(first("fix how connections are pooled", 20.0), "src/net.rs");
    let pasted = "When many connections are pooled the server slows down after hours, the log shows \
                  warnings about sockets, descriptors, buffers, timeouts and retries everywhere.";
    assert_eq!(first(pasted, 20.0), "src/net.rs");
}

#[test]
fn where_tests_are_asked_for_what_is_tested_is_weaker() {
    let hits = ranked(
        "tests for the retry",
        vec![
            lexical("src/retry.rs", 1, 0),
            lexical("tests/retry.rs", 1, 5),
        ],
    );
    assert_eq!(places(&hits)[0], "tests/retry.rs:1");
    let found = signals(&hits[1]);
    assert!(found.contains(&"no test"), "{found:?}");
}
