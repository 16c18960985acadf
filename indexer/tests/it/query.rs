//! What a question is taken to ask for.

use std::collections::BTreeSet;

use ollacode_indexer::query::{Query, stem, subwords};
use proptest::prelude::*;

struct Case {
    text: &'static str,
    words: &'static [&'static str],
    symbols: &'static [&'static str],
    is_symbol: bool,
}

const fn prose(
    text: &'static str,
    words: &'static [&'static str],
    symbols: &'static [&'static str],
) -> Case {
    Case {
        text,
        words,
        symbols,
        is_symbol: false,
    }
}

const fn symbol(
    text: &'static str,
    words: &'static [&'static str],
    symbols: &'static [&'static str],
) -> Case {
    Case {
        text,
        words,
        symbols,
        is_symbol: true,
    }
}

const CASES: &[Case] = &[
    prose("", &[], &[]),
    prose("  \t ", &[], &[]),
    prose("?!", &[], &[]),
    prose("how do I", &["how", "do", "i"], &[]),
    prose("how are files parsed?", &["files", "parsed"], &[]),
    prose("parse the files, parse them all", &["parse", "files"], &[]),
    prose(
        "where is the HTTPServer started",
        &["http", "server", "started"],
        &["HTTPServer"],
    ),
    prose(
        "callers of read_to_end in `io::Read`",
        &["callers", "read", "end", "io"],
        &["read_to_end", "Read"],
    ),
    prose(
        "the sha256 digest of utf8 text",
        &["sha", "256", "digest", "utf", "8", "text"],
        &["sha256", "utf8"],
    ),
    prose("don't panic", &["don", "t", "panic"], &[]),
    prose("don't", &["don", "t"], &[]),
    prose(
        "größe der Änderung",
        &["größe", "der", "änderung"],
        &["Änderung"],
    ),
    prose("3 retries", &["3", "retries"], &[]),
    symbol("parse", &["parse"], &["parse"]),
    symbol("`read_to_end()`", &["read", "end"], &["read_to_end"]),
    symbol("Foo::bar", &["foo", "bar"], &["bar"]),
    symbol("std::fs::File", &["std", "fs", "file"], &["File"]),
    symbol("self.value", &["self", "value"], &["value"]),
    symbol("Array#sort", &["array", "sort"], &["sort"]),
    symbol("session->close", &["session", "close"], &["close"]),
    symbol("$scope", &["scope"], &["scope"]),
    symbol("  HttpClient ", &["http", "client"], &["HttpClient"]),
    symbol("__init__", &["init"], &["__init__"]),
];

#[test]
fn words_and_symbols() {
    for case in CASES {
        let query = Query::parse(case.text);
        assert_eq!(query.words, case.words, "{:?}", case.text);
        assert_eq!(query.symbols, case.symbols, "{:?}", case.text);
        assert_eq!(query.is_symbol, case.is_symbol, "{:?}", case.text);
        assert_eq!(query.text, case.text.trim());
    }
}

#[test]
fn a_capital_at_the_start_of_a_question_makes_no_symbol_of_a_stop_word() {
    for text in [
        "How does parsing recover?",
        "Where is parsing code",
        "What uses Parser",
    ] {
        let query = Query::parse(text);
        let stop_words = ["How", "Where", "What"];
        let wrong = query
            .symbols
            .iter()
            .find(|symbol| stop_words.contains(&symbol.as_str()));
        assert_eq!(wrong, None, "{text}");
        let asked = query.full_text()[0].0.clone();
        let again = asked
            .split(' ')
            .find(|word| ["how", "where", "what"].contains(word));
        assert_eq!(again, None, "{text}: {asked}");
    }
}

#[test]
fn identifiers_are_split_into_words() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("a", &["a"]),
        ("A", &["a"]),
        ("snake_case_name", &["snake", "case", "name"]),
        ("SCREAMING_CASE", &["screaming", "case"]),
        ("kebab-case", &["kebab", "case"]),
        ("camelCaseName", &["camel", "case", "name"]),
        ("HTTPServer", &["http", "server"]),
        ("parseJSON", &["parse", "json"]),
        ("XMLHttpRequest", &["xml", "http", "request"]),
        ("HTTPServer2Go", &["http", "server", "2", "go"]),
        ("utf8", &["utf", "8"]),
        ("__init__", &["init"]),
        ("Foo::bar.baz", &["foo", "bar", "baz"]),
        ("ÄnderungsListe", &["änderungs", "liste"]),
        ("日本語", &["日本語"]),
    ];
    for (text, expected) in cases {
        assert_eq!(subwords(text), *expected, "{text}");
    }
}

#[test]
fn forms_of_a_word_have_one_stem() {
    let families: &[&[&str]] = &[
        &["parse", "parses", "parsed", "parsing"],
        &["run", "runs", "running"],
        &["library", "libraries"],
        &["class", "classes"],
        &["tokenize", "tokenizer", "tokenization", "tokenizing"],
        &["index", "indexes", "indexed", "indexing"],
        &["connect", "connection", "connections", "connecting"],
        &["generate", "generator", "generated", "generation"],
        &["serialize", "serializer", "serialization"],
    ];
    for family in families {
        let stems: BTreeSet<String> = family.iter().map(|form| stem(form)).collect();
        assert_eq!(stems.len(), 1, "{family:?}: {stems:?}");
    }
    for word in [
        "",
        "a",
        "set",
        "größen",
        "créer",
        "日本語日本語",
        "_x",
        "http2",
    ] {
        assert_eq!(stem(word), word, "{word}");
    }
}

#[test]
fn the_full_text_has_each_stem_once() {
    let full_text = |text: &str| Query::parse(text).full_text();
    let one = |words: &str| vec![(words.to_owned(), 1)];
    assert_eq!(
        full_text("how is the HttpClient closed"),
        one("http client closed httpclient")
    );
    assert_eq!(full_text("parse parsed parsing"), one("parse"));
    assert_eq!(full_text("HttpClient::close"), one("http client close"));
    let long = "Sockets leak\n\nWhen the pool shrinks, idle sockets stay open until the process ends, \
                so that descriptors run out after hours of load on the leaking server.";
    let parts = full_text(long);
    assert_eq!(parts[0], ("sockets leak".to_owned(), 3));
    assert_eq!(parts[1].1, 1);
    let beside: Vec<&str> = parts[1].0.split(' ').collect();
    assert!(
        beside.contains(&"pool") && !beside.contains(&"leaking"),
        "{beside:?}"
    );
}

#[test]
fn tests_are_asked_for_by_what_they_test() {
    for text in [
        "does it have tests",
        "the test for retries",
        "tests of the parser",
        "is there a test?",
    ] {
        assert!(Query::parse(text).asks_for_tests(), "{text}");
    }
    for text in [
        "how does the test client work",
        "test",
        "fix it and run the tests",
        "how is the retry tested",
        "TestServer",
    ] {
        assert!(!Query::parse(text).asks_for_tests(), "{text}");
    }
}

#[test]
fn questions_of_users_and_demands_of_changes_are_told_apart() {
    let kind = |text: &str| {
        let query = Query::parse(text);
        (query.asks_for_guidance(), query.demands_change())
    };
    for text in [
        "how do I mount a folder",
        "can it read from a pipe?",
        "why is my cookie gone on the next call",
        "is it safe to use from two threads",
        "How to install without network",
    ] {
        assert_eq!(kind(text), (true, false), "{text}");
    }
    for text in [
        "fix the retry of uploads",
        "Adds a limit for redirects",
        "fix(parser): empty lines",
        "core: remove the old cache",
    ] {
        assert_eq!(kind(text), (false, true), "{text}");
    }
    for text in [
        "how requests are retried",
        "where is the cache cleared",
        "HttpClient",
        "",
        "the user's address",
        "canonical path",
    ] {
        assert_eq!(kind(text), (false, false), "{text}");
    }
}

#[test]
fn a_query_mentions_its_words() {
    let query = Query::parse("show me the tests of the Parser");
    assert!(query.mentions(&["test", "tests"]));
    assert!(query.mentions(&["parser"]));
    assert!(!query.mentions(&["docs", "the"]));
    assert!(!query.mentions(&[]));
}

fn sentence() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        "[a-zA-Z0-9_:.#>?' -]{0,60}",
        "([A-Za-z_]{1,12} ?){0,8}"
    ]
}

proptest! {
    #[test]
    fn any_text_is_a_query(text in sentence()) {
        let query = Query::parse(&text);
        let unique: BTreeSet<&String> = query.words.iter().collect();
        prop_assert_eq!(unique.len(), query.words.len());
        for word in &query.words {
            prop_assert!(!word.is_empty());
            prop_assert!(!word.chars().any(|c| c.is_ascii_uppercase() || c.is_whitespace()));
        }
        let unique: BTreeSet<&String> = query.symbols.iter().collect();
        prop_assert_eq!(unique.len(), query.symbols.len());
        for symbol in &query.symbols {
            prop_assert!(text.contains(symbol.as_str()));
        }
        prop_assert!(!query.is_symbol || query.symbols.len() == 1);
        let texts = query.full_text();
        prop_assert!((1..=3).contains(&texts.len()));
        let asked: BTreeSet<&str> = texts[0].0.split(' ').collect();
        for (forms, weight) in &texts[1..] {
            prop_assert!(*weight < texts[0].1);
            prop_assert!(forms.split(' ').all(|form| !asked.contains(form)));
        }
    }
}

#[test]
fn a_long_text_has_a_title() {
    let body = "When the pool shrinks, idle sockets stay open until the process ends, so that \
                descriptors run out after some hours of heavy load on the server.";
    let title = |text: String| Query::parse(&text).title.map(|title| title.text);
    assert_eq!(
        title(format!("Sockets leak\n\n{body}")).as_deref(),
        Some("Sockets leak")
    );
    assert_eq!(
        title(format!(
            "{body} Where are they closed? Thanks in advance for looking."
        ))
        .as_deref(),
        Some("Where are they closed?")
    );
    assert_eq!(title("where are sockets closed".to_owned()), None);
    let query = Query::parse(&format!("Sockets leak\n\n{body}"));
    assert_eq!(query.asked().words, ["sockets", "leak"]);
    let weights: Vec<u8> = query
        .full_text()
        .iter()
        .map(|(_, weight)| *weight)
        .collect();
    assert!(
        weights.is_sorted_by(|left, right| left > right),
        "{weights:?}"
    );
}

#[test]
fn scripts_without_spaces_are_asked_for_by_pairs() {
    let query = Query::parse("连接池");
    assert!(!query.is_symbol);
    assert_eq!(query.pairs, ["连接", "接池"]);
    assert!(query.full_text()[0].0.contains("连接 接池"));
}
