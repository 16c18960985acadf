//! Any text in any language is covered within the budget, whatever the parser read before.

use ollacode_indexer::ChunkKind;
use ollacode_indexer::chunk::{chunk_file, without_long_lines};
use ollacode_indexer::language::{LANGUAGES, PLAIN_TEXT};
use ollacode_indexer::parse::FileParser;
use proptest::prelude::*;

use crate::support::{coverage_fault, cut_once, size_fault};

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
        prop_assert_eq!(coverage_fault(&without_long_lines(&text), &cut.chunks), None);
        prop_assert_eq!(size_fault(&cut.chunks), None);
        for chunk in &cut.chunks {
            prop_assert_eq!(&chunk.path, &path);
            prop_assert_eq!(&chunk.language, cut.language);
            prop_assert_eq!(chunk.symbol.is_none(), matches!(chunk.kind, ChunkKind::Block | ChunkKind::Text));
            if let Some(symbol) = &chunk.symbol {
                prop_assert!(chunk.definitions.contains(symbol));
            }
        }
        let text_kind = cut.chunks.iter().any(|chunk| chunk.kind == ChunkKind::Text);
        prop_assert!(!text_kind || cut.failure.is_some() || cut.language == PLAIN_TEXT);
    }

    #[test]
    fn a_parser_keeps_nothing_of_the_files_before(
        files in prop::collection::vec((path(), soup()), 1..5),
    ) {
        let mut parser = FileParser::default();
        for (path, text) in &files {
            let (used, fresh) = (chunk_file(&mut parser, path, text), cut_once(path, text));
            prop_assert_eq!(used.chunks, fresh.chunks);
            prop_assert_eq!(used.failure, fresh.failure);
        }
    }
}
