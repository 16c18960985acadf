//! Work and results grow with the text and not faster, whatever the text is made of.

use std::time::{Duration, Instant};

use ollacode_indexer::chunk::{FileChunks, chunk_file, without_long_lines};
use ollacode_indexer::language::{LANGUAGES, Language};
use ollacode_indexer::parse::FileParser;

use crate::support::{assert_covers, cut_once};

/// Many times what any of these texts may take: other tests run beside this one.
const SOON: Duration = Duration::from_secs(5);

/// Bytes of the smaller text; the larger one has four times as many. It is deeper than definitions
/// are looked for.
const FEW: usize = 8_000;

/// How much more four times the text may cost: of what is quadratic it would be 16 times.
const MOST_TIMES: usize = 10;

/// Something that is open and closed again, as often as fits.
fn nested(open: &str, close: &str, bytes: usize) -> String {
    let times = bytes / (open.len() + close.len());
    open.repeat(times) + &close.repeat(times)
}

/// A text of a kind and a size. Where it means nothing in a language it must be cut all the same.
type Bomb = fn(usize) -> String;

const BOMBS: &[(&str, Bomb)] = &[
    ("nested classes", |bytes| {
        nested("class A {\n", "}\n", bytes)
    }),
    ("nested functions", |bytes| {
        nested("function f() {\n", "}\n", bytes)
    }),
    ("nested modules", |bytes| {
        nested("module A\n", "end\n", bytes)
    }),
    ("nested calls", |bytes| nested("f(", ")", bytes)),
    ("nested lists", |bytes| nested("[\n", "]\n", bytes)),
    ("nested elements", |bytes| nested("<a>\n", "</a>\n", bytes)),
    ("unclosed calls", |bytes| "f(".repeat(bytes / 2)),
    ("unclosed blocks", |bytes| "a {\n".repeat(bytes / 4)),
    ("a chain of operators", |bytes| {
        format!("x = {}a\n", "a || ".repeat(bytes / 5))
    }),
    ("a chain of branches", |bytes| {
        format!("if (a) {{}}{}\n", " else if (a) {}".repeat(bytes / 15))
    }),
    ("many names of one declaration", |bytes| {
        format!("int x = 1, {}y;\n", "a, ".repeat(bytes / 3))
    }),
    ("definitions on one line", |bytes| {
        "function f() {} ".repeat(bytes / 16)
    }),
    ("comments behind blanks", |bytes| {
        " ".repeat(bytes / 2) + &"/**/".repeat(bytes / 8) + "\n"
    }),
];

/// The bytes of everything that chunks have.
fn size(cut: &FileChunks) -> usize {
    let texts = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
    let chunks = cut.chunks.iter().map(|chunk| {
        let names = texts(&chunk.scope) + texts(&chunk.definitions);
        let symbol = chunk.symbol.as_deref().unwrap_or_default();
        size_of_val(chunk) + chunk.path.len() + chunk.text.len() + symbol.len() + names
    });
    chunks.sum()
}

#[track_caller]
fn assert_linear(what: &str, few: usize, many: usize, least: usize) {
    let most = MOST_TIMES * few.max(least);
    assert!(many <= most, "{what}: {few}, then {many}");
}

fn cut_soon(parser: &mut FileParser, path: &str, name: &str, text: &str) -> FileChunks {
    let start = Instant::now();
    let cut = chunk_file(parser, path, text);
    let took = start.elapsed();
    assert_covers(&without_long_lines(text), &cut);
    assert!(took < SOON, "{path}, {name}: {took:?}");
    cut
}

fn assert_linear_in(parser: &mut FileParser, language: &Language) {
    let path = format!("a.{}", language.extensions[0]);
    for (name, bomb) in BOMBS {
        let few = cut_soon(parser, &path, name, &bomb(FEW));
        let many = cut_soon(parser, &path, name, &bomb(4 * FEW));
        assert_linear(
            &format!("{path}, {name}: bytes"),
            size(&few),
            size(&many),
            20_000,
        );
        // What a grammar gives up on has cost what its limit on time allows.
        if few.failure.is_some() || many.failure.is_some() {
            continue;
        }
        let (less, more) = (few.work, many.work);
        let matching = (less.outline.matching, more.outline.matching);
        assert_linear(
            &format!("{path}, {name}: patterns"),
            matching.0,
            matching.1,
            100,
        );
        assert_linear(
            &format!("{path}, {name}: nodes"),
            less.nodes,
            more.nodes,
            2_000,
        );
    }
}

#[test]
fn work_is_linear_in_every_language() {
    let languages: Vec<_> = LANGUAGES.iter().collect();
    std::thread::scope(|scope| {
        for some in languages.chunks(languages.len().div_ceil(4)) {
            scope.spawn(move || {
                let mut parser = FileParser::default();
                for language in some {
                    assert_linear_in(&mut parser, language);
                }
            });
        }
    });
}

/// What was reported: the comments took 131 seconds, and the scopes of the classes gigabytes.
#[test]
fn large_ones_are_cut_soon() {
    let comments = |line: &str, end: &str| line.repeat(100_000) + end;
    for (path, text) in [
        ("a.rs", comments("// a\n", "fn f() {}\n")),
        ("a.py", comments("# a\n", "def f():\n    pass\n")),
        ("A.java", nested("class A {\n", "}\n", 240_000)),
        ("a.js", nested("function f() {\n", "}\n", 340_000)),
    ] {
        let start = Instant::now();
        let cut = cut_once(path, &text);
        let took = start.elapsed();
        assert_eq!(cut.failure, None, "{path}");
        assert!(took < SOON, "{path} took {took:?}");
        assert!(size(&cut) < 40 * text.len(), "{path}: {} bytes", size(&cut));
        assert!(cut.chunks.iter().all(|chunk| chunk.scope.len() < 70));
    }
}

/// Definitions are found as deep as anybody nests them; what is deeper belongs to those around it.
#[test]
fn what_is_too_deep_belongs_to_what_is_around_it() {
    let numbered: String = (0..400)
        .map(|number| format!("class A{number} {{\n"))
        .collect();
    let cut = cut_once("A.java", &(numbered + &"}\n".repeat(400)));
    let defined: Vec<&String> = cut
        .chunks
        .iter()
        .flat_map(|chunk| &chunk.definitions)
        .collect();
    assert!(
        defined.contains(&&"A200".to_owned()),
        "{} are found",
        defined.len()
    );
    assert!(!defined.contains(&&"A399".to_owned()));
    let deepest = cut
        .chunks
        .iter()
        .find(|chunk| chunk.text.contains("class A399 "));
    assert!(deepest.is_some_and(|chunk| !chunk.scope.is_empty()));
}

/// A tag that ends far away must not be looked through from each tag within it.
#[test]
fn tags_in_tags_are_looked_through_once() {
    let text = "<script ".repeat(60_000) + "/>\n<p>a</p>\n";
    let start = Instant::now();
    let cut = cut_once("a.vue", &text);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    assert_covers(&without_long_lines(&text), &cut);
}
