//! Where files are cut: nothing is lost, nothing is too large, and each chunk knows where it is.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use ollacode_indexer::chunk::{BUDGET, Cut, cut, header};
use ollacode_indexer::language::{LANGUAGES, PLAIN_TEXT};
use ollacode_indexer::parse::FileParser;
use ollacode_indexer::{Chunk, Kind};
use proptest::prelude::*;

use crate::support::{assert_covers, chunk, coverage_fault, cut_once, fixture, size_fault};

/// Twice what a grammar may take on a file.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn fixtures_are_covered() {
    let mut parser = FileParser::default();
    for language in &LANGUAGES {
        let (path, text) = fixture(language);
        for text in [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.trim_end().to_owned(),
        ] {
            let cut = cut(&mut parser, &path, &text);
            assert_eq!(cut.language, language.name);
            assert_eq!(cut.failure, None, "{path}");
            assert_covers(&text, &cut);
        }
    }
}

#[test]
fn chunks_name_the_definitions_that_begin_in_them() {
    for language in &LANGUAGES {
        let (path, text) = fixture(language);
        let outline = FileParser::default().outline(language, &text).unwrap();
        let chunks = cut_once(&path, &text).chunks;
        let expected: Vec<&str> = outline
            .definitions
            .iter()
            .map(|d| d.name.as_str())
            .collect();
        let named: Vec<&str> = chunks
            .iter()
            .flat_map(|c| &c.definitions)
            .map(|n| &**n)
            .collect();
        assert_eq!(named, expected, "{path}");
        for chunk in &chunks {
            let lines = chunk.start_line as usize..=chunk.end_line as usize;
            let mut starting = outline
                .definitions
                .iter()
                .filter(|d| lines.contains(&(d.start_row + 1)));
            match &chunk.symbol {
                Some(symbol) => assert!(
                    starting.any(|d| d.name == *symbol && d.kind == chunk.kind),
                    "{path}: {symbol} does not begin in {lines:?}"
                ),
                None => assert_eq!(chunk.kind, Kind::Block, "{path}: {lines:?}"),
            }
        }
    }
}

#[test]
fn an_empty_file_has_no_chunks() {
    for path in ["a.rs", "a.py", "a.txt", "a.md", "a.yaml"] {
        for text in ["", "\n", " \t\r\n\n  "] {
            let cut = cut_once(path, text);
            assert!(cut.chunks.is_empty(), "{path} {text:?}: {:?}", cut.chunks);
        }
    }
}

/// What a chunk is: `lines kind symbol [scope]`.
fn shape(chunk: &Chunk) -> String {
    let symbol = chunk.symbol.as_deref().unwrap_or("-");
    let scope = chunk.scope.join(" > ");
    format!(
        "{}-{} {} {symbol} [{scope}]",
        chunk.start_line, chunk.end_line, chunk.kind
    )
}

/// A type with `count` methods, each well over the size below which neighbours are merged.
struct ClassForm {
    path: &'static str,
    open: &'static str,
    method: &'static str,
    statement: &'static str,
    end_method: &'static str,
    close: &'static str,
    label: &'static str,
}

const CLASSES: &[ClassForm] = &[
    ClassForm {
        path: "a.rs",
        open: "impl Shop {\n",
        method: "    /// Sells.\n    pub fn sell_NUMBER(&self) {\n",
        statement: "        self.register.record(NUMBER, \"an article\");\n",
        end_method: "    }\n",
        close: "}\n",
        label: "impl Shop",
    },
    ClassForm {
        path: "a.py",
        open: "class Shop:\n",
        method: "    # Sells.\n    def sell_NUMBER(self):\n",
        statement: "        self.register.record(NUMBER, \"an article\")\n",
        end_method: "",
        close: "",
        label: "class Shop",
    },
    ClassForm {
        path: "Shop.java",
        open: "public class Shop {\n",
        method: "    /** Sells. */\n    public void sell_NUMBER() {\n",
        statement: "        this.register.record(NUMBER, \"an article\");\n",
        end_method: "    }\n",
        close: "}\n",
        label: "class Shop",
    },
    ClassForm {
        path: "a.ts",
        open: "export class Shop {\n",
        method: "  // Sells.\n  sell_NUMBER(): void {\n",
        statement: "    this.register.record(NUMBER, \"an article\");\n",
        end_method: "  }\n",
        close: "}\n",
        label: "class Shop",
    },
    ClassForm {
        path: "a.rb",
        open: "class Shop\n",
        method: "  # Sells.\n  def sell_NUMBER\n",
        statement: "    @register.record(NUMBER, \"an article\")\n",
        end_method: "  end\n",
        close: "end\n",
        label: "class Shop",
    },
];

impl ClassForm {
    fn text(&self, methods: usize, statements: usize) -> String {
        let mut text = self.open.to_owned();
        for number in 0..methods {
            text += &self.method.replace("NUMBER", &number.to_string());
            for statement in 0..statements {
                text += &self.statement.replace("NUMBER", &statement.to_string());
            }
            text += self.end_method;
            text.push('\n');
        }
        text + self.close
    }
}

#[test]
fn a_method_has_its_class_in_scope_and_its_comment_with_it() {
    for form in CLASSES {
        // About 500 characters: too large for two of them in a chunk.
        let text = form.text(8, 14);
        let cut = cut_once(form.path, &text);
        assert_covers(&text, &cut);
        let mut seen = BTreeSet::new();
        for chunk in &cut.chunks {
            let Some(symbol) = &chunk.symbol else {
                panic!("{}: {}", form.path, shape(chunk))
            };
            seen.extend(chunk.definitions.iter().cloned());
            if symbol.starts_with("sell_") {
                assert_eq!(chunk.kind, Kind::Method, "{}: {}", form.path, shape(chunk));
                assert_eq!(chunk.scope, [form.label], "{}: {}", form.path, shape(chunk));
                assert!(
                    chunk.text.contains("Sells."),
                    "{}: {}",
                    form.path,
                    chunk.text
                );
            }
        }
        let expected: BTreeSet<String> = (0..8).map(|number| format!("sell_{number}")).collect();
        assert!(seen.is_superset(&expected), "{}: {seen:?}", form.path);
        let methods = cut.chunks.iter().filter(|c| c.kind == Kind::Method).count();
        assert!(methods >= 7, "{}: {methods} chunks are methods", form.path);
    }
}

#[test]
fn a_continuation_of_a_long_method_has_it_in_its_scope() {
    for form in CLASSES {
        let text = form.text(1, 200);
        let cut = cut_once(form.path, &text);
        assert_covers(&text, &cut);
        assert!(
            cut.chunks.len() > 4,
            "{}: {} chunks",
            form.path,
            cut.chunks.len()
        );
        for chunk in &cut.chunks[1..] {
            let shape = format!("{}: {}", form.path, shape(chunk));
            assert_eq!((chunk.kind, &chunk.symbol), (Kind::Block, &None), "{shape}");
            assert_eq!(chunk.scope.len(), 2, "{shape}");
            assert_eq!(chunk.scope[0], form.label, "{shape}");
            assert!(chunk.scope[1].ends_with("sell_0"), "{shape}");
            assert!(chunk.definitions.is_empty(), "{shape}");
        }
    }
}

#[test]
fn a_continuation_of_a_long_function_has_it_in_its_scope() {
    let cases = [
        (
            "a.rs",
            "pub fn long() {\n",
            "    work(\"with something\");\n",
            "}\n",
            "fn long",
        ),
        (
            "a.py",
            "def long():\n",
            "    work(\"with something\")\n",
            "",
            "def long",
        ),
        (
            "a.go",
            "package a\n\nfunc long() {\n",
            "\twork(\"with something\")\n",
            "}\n",
            "func long",
        ),
        (
            "a.js",
            "function long() {\n",
            "  work(\"with something\");\n",
            "}\n",
            "function long",
        ),
        (
            "a.c",
            "void long_one(void) {\n",
            "  work(\"with something\");\n",
            "}\n",
            "void long_one",
        ),
        (
            "a.sh",
            "long() {\n",
            "  work \"with something\"\n",
            "}\n",
            "long",
        ),
        (
            "a.lua",
            "function long()\n",
            "  work(\"with something\")\n",
            "end\n",
            "function long",
        ),
    ];
    for (path, open, statement, close, label) in cases {
        let text = format!("{open}{}{close}", statement.repeat(150));
        let cut = cut_once(path, &text);
        assert_covers(&text, &cut);
        let main = cut
            .chunks
            .iter()
            .position(|chunk| chunk.kind == Kind::Function);
        let Some(main) = main else {
            panic!("{path}: no function")
        };
        assert!(
            cut.chunks.len() > main + 2,
            "{path}: {} chunks",
            cut.chunks.len()
        );
        for chunk in &cut.chunks[main + 1..] {
            assert_eq!((chunk.kind, &chunk.symbol), (Kind::Block, &None), "{path}");
            assert_eq!(chunk.scope, [label], "{path}: {}", shape(chunk));
        }
    }
}

#[test]
fn small_neighbours_are_merged_within_their_scope_only() {
    let mut text = String::new();
    for number in 0..30 {
        let _ = writeln!(text, "fn small_{number}() {{}}\n");
    }
    let cut = cut_once("a.rs", &text);
    assert_covers(&text, &cut);
    assert_eq!(
        cut.chunks.len(),
        1,
        "{:?}",
        cut.chunks.iter().map(shape).collect::<Vec<_>>()
    );
    assert_eq!(cut.chunks[0].definitions.len(), 30);
    assert_eq!(cut.chunks[0].symbol.as_deref(), Some("small_0"));

    // The last small method of a class and what follows the class stay apart.
    let class = CLASSES[0]
        .text(3, 18)
        .replace("\n}\n", "\n    fn last() {}\n}\n");
    let text = format!("{class}\nfn after() {{}}\n");
    let cut = cut_once("a.rs", &text);
    assert_covers(&text, &cut);
    for chunk in &cut.chunks {
        let both = ["last", "after"]
            .iter()
            .all(|name| chunk.text.contains(&format!("fn {name}")));
        assert!(!both, "{}", shape(chunk));
    }
    let after = cut
        .chunks
        .iter()
        .find(|chunk| chunk.symbol.as_deref() == Some("after"))
        .unwrap();
    assert!(after.scope.is_empty(), "{}", shape(after));
}

#[test]
fn a_chunk_is_named_after_its_type_or_function_before_a_longer_impl() {
    let shop = "pub struct Shop {\n    goods: u32,\n}\n\n";
    let selling = "impl Shop {\n    fn sell(&self) {}\n\n    fn buy(&self) {}\n}\n";
    let function = "fn open() {}\n\n";
    let longer = "fn close() {\n    lock();\n}\n\n";
    let constant = "const MOST: u32 = 3;\n\n";
    for (text, expected) in [
        (format!("{shop}{selling}"), "1-9 struct Shop []"),
        (format!("{selling}\n{shop}"), "1-9 struct Shop []"),
        (format!("{function}{selling}"), "1-7 function open []"),
        (
            format!("{function}{longer}{selling}"),
            "1-11 function close []",
        ),
        // Its own methods are no reason to rename it, and one line of a constant is none.
        (selling.to_owned(), "1-5 impl Shop []"),
        (format!("{selling}\n{selling}"), "1-11 impl Shop []"),
        (format!("{constant}{selling}"), "1-7 impl Shop []"),
    ] {
        let cut = cut_once("a.rs", &text);
        assert_covers(&text, &cut);
        let shapes: Vec<String> = cut.chunks.iter().map(shape).collect();
        assert_eq!(shapes, [expected], "{text}");
    }
}

#[test]
fn the_receiver_of_a_go_method_is_its_scope() {
    let statements = "\tserver.log.Print(\"something happened\")\n".repeat(15);
    let text = format!(
        "package net\n\nfunc (server *Server) Start() {{\n{statements}}}\n\n\
         func (server *Server) Stop() {{\n{statements}}}\n"
    );
    let cut = cut_once("net.go", &text);
    assert_covers(&text, &cut);
    let stop = cut
        .chunks
        .iter()
        .find(|chunk| chunk.symbol.as_deref() == Some("Stop"))
        .unwrap();
    assert_eq!(
        (stop.kind, stop.scope.as_slice()),
        (Kind::Method, &["Server".to_owned()][..])
    );
}

#[test]
fn one_huge_line_is_cut_into_parts() {
    for path in ["a.json", "a.js", "a.txt", "a.md"] {
        for line in [
            "x".repeat(50_000),
            "é".repeat(20_000),
            "[1, 22, \"ü\"], ".repeat(3_000),
        ] {
            let text = format!("first\n{line}\nlast");
            let cut = cut_once(path, &text);
            assert_covers(&text, &cut);
            let parts: Vec<&Chunk> = cut.chunks.iter().filter(|c| c.start_line == 2).collect();
            assert!(parts.len() > 8, "{path}: {} parts", parts.len());
            assert!(parts.iter().all(|part| part.end_line == 2), "{path}");
        }
    }
}

#[test]
fn white_space_does_not_make_a_chunk_huge() {
    let blank_run = format!("one\n{}two\n", "\n".repeat(5 * BUDGET));
    let indented = format!("{}word\n", " ".repeat(500)).repeat(40);
    let wide = format!("a{}b\nc\n", " ".repeat(5 * BUDGET));
    for (case, text) in [
        ("blank run", blank_run),
        ("indented", indented),
        ("wide", wide),
    ] {
        for path in ["a.txt", "a.py", "a.yaml"] {
            let cut = cut_once(path, &text);
            assert_covers(&text, &cut);
            for chunk in &cut.chunks {
                let size = chunk.text.chars().count();
                assert!(
                    size <= 4 * BUDGET,
                    "{path}, {case}: {} has {size}",
                    shape(chunk)
                );
            }
        }
    }
}

#[test]
fn no_chunk_is_blank() {
    let text = format!("a{}b\n", " ".repeat(6 * BUDGET));
    for path in ["a.txt", "a.js"] {
        let cut = cut_once(path, &text);
        assert_covers(&text, &cut);
        assert!(
            cut.chunks.iter().all(|chunk| !chunk.text.trim().is_empty()),
            "{path}"
        );
    }
}

/// Texts that nest 10,000 levels deep, on one line and on many.
fn deep_texts() -> Vec<(&'static str, String)> {
    const DEPTH: usize = 10_000;
    let nested = |open: &str, close: &str| open.repeat(DEPTH) + &close.repeat(DEPTH);
    vec![
        ("a.json", nested("[", "]")),
        ("a.json", nested("[\n", "]\n")),
        ("a.json", nested("{\"a\":\n", "}\n")),
        ("a.json", "[".repeat(DEPTH)),
        ("a.js", nested("(", ")")),
        ("a.js", nested("{\n", "}\n")),
        ("a.js", nested("function f() {\n", "}\n")),
        (
            "a.rs",
            format!("fn main() {{\n{}\n}}\n", nested("(\n", ")\n")),
        ),
        ("a.rs", nested("mod a {\n", "}\n")),
        ("a.py", format!("x = {}\n", nested("[", "]"))),
        (
            "a.c",
            format!("int main(void) {{\n{}\n}}\n", nested("{\n", "}\n")),
        ),
        ("a.html", nested("<div>\n", "</div>\n")),
        ("a.css", nested("a {\n", "}\n")),
        ("a.md", format!("{}deep\n", "> ".repeat(200))),
        ("a.toml", format!("a = {}\n", nested("[", "]"))),
        (
            "a.go",
            format!(
                "package a\n\nvar x = {}1{}\n",
                "(".repeat(DEPTH),
                ")".repeat(DEPTH)
            ),
        ),
    ]
}

#[test]
fn deep_nesting_ends_soon() {
    let mut parser = FileParser::default();
    for (path, text) in deep_texts() {
        let start = Instant::now();
        let cut = cut(&mut parser, path, &text);
        let took = start.elapsed();
        assert_covers(&text, &cut);
        assert_lines_after_failure(&cut);
        let opening: String = text.chars().take(20).collect();
        assert!(took < SOON, "{path} {opening:?} took {took:?}");
    }
}

/// Inputs on which a grammar's scanner, written in C, would stop the process rather than fail.
fn texts_that_abort() -> Vec<(&'static str, String)> {
    let mut python = String::new();
    for depth in 0..520 {
        let _ = writeln!(python, "{}if a:", " ".repeat(depth));
    }
    let _ = writeln!(python, "{}\"text\"", " ".repeat(520));
    let word = "W".repeat(300);
    vec![
        // 254 levels fill the buffer into which the YAML scanner saves its state, and go beyond.
        ("a.yaml", format!("{}a\n", "- ".repeat(300))),
        // So do 511 indentations and one open quote in Python.
        ("a.py", python),
        // The Ruby scanner saves the length of this word in one byte.
        ("a.rb", format!("x = <<{word}\ntext\n{word}\n")),
    ]
}

#[test]
#[ignore = "runs in a process of its own, which the next test starts"]
fn cut_texts_that_abort() {
    for (path, text) in texts_that_abort() {
        println!("cutting {path}");
        let cut = cut_once(path, &text);
        assert_covers(&text, &cut);
    }
}

#[test]
fn no_text_stops_the_process() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "chunks::cut_texts_that_abort",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}\n{complained}",
        output.status
    );
    assert!(
        said.contains("cutting a.rb"),
        "the test was not found:\n{said}"
    );
}

/// A file that the grammar failed on is cut by lines.
#[track_caller]
fn assert_lines_after_failure(cut: &Cut) {
    let by_lines = |chunk: &Chunk| chunk.kind == Kind::Text && chunk.scope.is_empty();
    if cut.failure.is_some() {
        assert!(cut.chunks.iter().all(by_lines), "{}", cut.language);
    }
}

#[test]
fn what_the_grammar_does_not_understand_is_covered_all_the_same() {
    let garbage =
        "%%% ))) ]]] ??? \u{1}\u{2} «» ''' \"\"\" `` <<< >>> ;;; \\\\ @@ ## $$\n".repeat(200);
    let prose = "Any sentence, of which there are a good many; and more.\n\n".repeat(300);
    let mut parser = FileParser::default();
    for language in &LANGUAGES {
        let path = format!("a.{}", language.extensions[0]);
        for text in [&garbage, &prose] {
            let start = Instant::now();
            let cut = cut(&mut parser, &path, text);
            assert_covers(text, &cut);
            assert_lines_after_failure(&cut);
            assert!(start.elapsed() < SOON, "{path} took {:?}", start.elapsed());
        }
    }
}

#[test]
fn other_texts_are_cut_by_lines() {
    let text = "A paragraph of words.\nIt has two lines.\n\n".repeat(100);
    let cut = cut_once("notes.txt", &text);
    assert_eq!((cut.language, cut.failure), (PLAIN_TEXT, None));
    assert_covers(&text, &cut);
    for chunk in &cut.chunks {
        assert_eq!(
            shape(chunk),
            format!("{}-{} text - []", chunk.start_line, chunk.end_line)
        );
        assert!(
            chunk.text.starts_with("A paragraph"),
            "not cut between paragraphs"
        );
    }
    assert!(cut.chunks.len() > 2);
}

#[test]
fn the_header_holds_the_stem_twice_and_three_folders() {
    let mut piece = chunk("one/two/three/four/http_client.test.ts", 1, "x");
    piece.scope = vec!["class Client".to_owned(), "get".to_owned()];
    assert_eq!(
        header(&piece),
        "two three four http_client http_client class Client get"
    );
    assert_eq!(header(&chunk("main.rs", 1, "x")).trim(), "main main");
    assert_eq!(header(&chunk(".bashrc", 1, "x")).trim(), ".bashrc .bashrc");
}

/// Fragments that open, close and mix things in all of the languages.
const FRAGMENTS: &[&str] = &[
    "fn main() {",
    "    let x = 1;",
    "}",
    "impl Foo for Bar {",
    "#[derive(Debug)]",
    "/// A comment",
    "def run(self):",
    "    return x",
    "class Foo:",
    "@decorator",
    "\"\"\"doc",
    "if a:",
    "\tpass",
    "function f() {",
    "export default class Foo {",
    "const f = () => {",
    "});",
    "/* open",
    "*/",
    "package main",
    "func (s *S) Run() {",
    "type T struct {",
    "public class A {",
    "  void f() {}",
    "module Foo",
    "end",
    "do |x|",
    "defmodule A do",
    "  def f, do: 1",
    "local function f()",
    "<?php",
    "<div>",
    "</div>",
    "<script>",
    "a { color: red }",
    "@media print {",
    "{\"a\": [1,",
    "]}",
    "key: value",
    "  - item",
    "- - -",
    "a: |",
    "[table]",
    "x = \"y\"",
    "# Heading",
    "## Two",
    "===",
    "---",
    "```",
    "> quote",
    "* item",
    "CREATE TABLE t (",
    "  id INT,",
    ");",
    "case 1:",
    "namespace a {",
    "template <class T>",
    "#include <a>",
    "#define X \\",
    "<<EOF",
    "EOF",
    "'",
    "\"",
    "`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "${",
    "#{",
    "\\",
    "ünïcödé 日本語 🦀",
    "\u{a0}",
    "\u{2028}x",
    "\u{feff}",
    "e\u{301}",
    "",
    "",
    "",
    " ",
    "\t",
    "\t\t",
    "\u{c}",
];

/// What long lines are made of.
const UNITS: &[&str] = &["x", "é", "日", "a b ", "(", "\"a\", "];

fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => prop::sample::select(FRAGMENTS).prop_map(str::to_owned),
        4 => "[a-z (){};:=.,_\\t]{0,80}",
        2 => "\\PC{0,40}",
        2 => (0usize..12, prop::sample::select(FRAGMENTS))
            .prop_map(|(depth, fragment)| format!("{}{fragment}", "    ".repeat(depth))),
        1 => (100usize..900).prop_map(|length| "word ".repeat(length / 5)),
        1 => (900usize..9_000, prop::sample::select(UNITS))
            .prop_map(|(length, unit)| unit.repeat(length / unit.len())),
    ]
}

fn soup() -> impl Strategy<Value = String> {
    let end = prop_oneof![8 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\n\n\n\n")];
    (prop::collection::vec((line(), end), 0..60), any::<bool>()).prop_map(|(lines, finished)| {
        let mut text: String = lines
            .into_iter()
            .flat_map(|(line, end)| [line, end.into()])
            .collect();
        if !finished {
            let length = text.trim_end_matches(['\r', '\n']).len();
            text.truncate(length);
        }
        text
    })
}

fn path() -> impl Strategy<Value = String> {
    let mut paths: Vec<String> = LANGUAGES
        .iter()
        .map(|language| format!("src/a.{}", language.extensions[0]))
        .collect();
    paths.push("notes.txt".to_owned());
    prop::sample::select(paths)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_is_covered_within_the_budget(path in path(), text in soup()) {
        let cut = cut_once(&path, &text);
        prop_assert_eq!(coverage_fault(&text, &cut.chunks), None);
        prop_assert_eq!(size_fault(&cut.chunks), None);
        for chunk in &cut.chunks {
            prop_assert_eq!(&chunk.path, &path);
            prop_assert_eq!(&chunk.language, cut.language);
            prop_assert_eq!(chunk.symbol.is_none(), matches!(chunk.kind, Kind::Block | Kind::Text));
            if let Some(symbol) = &chunk.symbol {
                prop_assert!(chunk.definitions.contains(symbol));
            }
        }
        let text_kind = cut.chunks.iter().any(|chunk| chunk.kind == Kind::Text);
        prop_assert!(!text_kind || cut.failure.is_some() || cut.language == PLAIN_TEXT);
    }

    #[test]
    fn a_parser_keeps_nothing_of_the_files_before(
        files in prop::collection::vec((path(), soup()), 1..5),
    ) {
        let mut parser = FileParser::default();
        for (path, text) in &files {
            let (used, fresh) = (cut(&mut parser, path, text), cut_once(path, text));
            prop_assert_eq!(used.chunks, fresh.chunks);
            prop_assert_eq!(used.failure, fresh.failure);
        }
    }
}
