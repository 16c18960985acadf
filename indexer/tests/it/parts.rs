//! Files of several languages: components and notebooks.

use ollacode_indexer::Chunk;
use ollacode_indexer::parts::{has_grammar, parts_of};

use crate::support::cut_once;

fn chunk_of<'chunks>(chunks: &'chunks [Chunk], word: &str) -> &'chunks Chunk {
    let mut holding = chunks.iter().filter(|chunk| chunk.text.contains(word));
    let chunk = holding
        .next()
        .unwrap_or_else(|| panic!("no chunk has {word}"));
    assert!(holding.next().is_none(), "{word} is in two chunks");
    chunk
}

const VUE: &str = "\
<!-- <script> is below -->
<template>
  <button @click=\"add\">{{ total }}</button>
</template>

<script setup lang=\"ts\" generic=\"T extends A>\">
import { ref } from 'vue'

/** Adds. */
function add(by: number): void {
  total.value += by
}
</script>

<style scoped>
button { color: red }
</style>
";

#[test]
fn a_component_is_cut_by_the_languages_of_its_blocks() {
    let cut = cut_once("src/Cart.vue", VUE);
    assert_eq!((cut.language, cut.failure), ("vue", None));
    let script = chunk_of(&cut.chunks, "function add");
    assert_eq!(
        (script.language.as_str(), script.symbol.as_deref()),
        ("typescript", Some("add"))
    );
    assert_eq!((script.start_line, script.end_line), (7, 12));
    assert_eq!(chunk_of(&cut.chunks, "@click").language, "html");
    let style = chunk_of(&cut.chunks, "color: red");
    assert_eq!((style.language.as_str(), style.start_line), ("css", 16));
}

#[test]
fn blocks_are_told_by_their_tags() {
    for (path, text, expected) in [
        (
            "a.svelte",
            "<script>let a</script><p/>",
            vec!["html", "javascript", "html"],
        ),
        (
            "a.vue",
            "<SCRIPT LANG='x' lang='tsx'>a\n</SCRIPT>",
            vec!["html", "tsx", "html"],
        ),
        ("a.vue", "<script src=\"./a.js\"/>\n<p/>", vec!["html"]),
        ("a.vue", "<scripted>a</scripted>", vec!["html"]),
        (
            "a.vue",
            "<style lang=\"scss\">a</style>",
            vec!["html", "css", "html"],
        ),
        (
            "a.vue",
            "<script>never closed",
            vec!["html", "javascript", "html"],
        ),
        ("a.vue", "<script never", vec!["html"]),
        (
            "a.vue",
            "<!-- never closed <script>a</script>",
            vec!["html"],
        ),
        (
            "a.astro",
            "---\nconst a = 1\n---\n<p/>",
            vec!["typescript", "html"],
        ),
        (
            "a.astro",
            "<script>a</script>",
            vec!["html", "typescript", "html"],
        ),
        ("a.vue", "", vec!["html"]),
        ("a.rs", "<script>", vec!["rust"]),
    ] {
        let names: Vec<&str> = parts_of(path, text)
            .parts
            .iter()
            .map(|part| part.name)
            .collect();
        assert_eq!(names, expected, "{path}: {text}");
    }
    assert!(has_grammar("x/A.Vue") && has_grammar("a.ipynb") && !has_grammar("a.vala"));
}

/// A notebook as Jupyter writes it.
const NOTEBOOK: &str = r##"{
 "cells": [
  {
   "cell_type": "markdown",
   "metadata": {},
   "source": [
    "# Sales\n",
    "\n",
    "Words about \"sales\"."
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 1,
   "outputs": [{"data": {"image/png": "iVBORw0KGgo"}, "text": ["def printed(): pass\n"]}],
   "source": [
    "import csv\n",
    "def load(path):\n",
    "    return csv.reader(path)"
   ]
  },
  {
   "cell_type": "raw",
   "source": "kept as it is"
  }
 ],
 "metadata": {"kernelspec": {"language": "python"}},
 "nbformat": 4
}
"##;

#[test]
fn a_notebook_is_its_cells() {
    let cut = cut_once("a.ipynb", NOTEBOOK);
    assert_eq!((cut.language, cut.failure), ("notebook", None));
    let code = chunk_of(&cut.chunks, "def load");
    assert_eq!(
        (code.language.as_str(), code.symbol.as_deref()),
        ("python", Some("load"))
    );
    assert_eq!((code.start_line, code.end_line), (17, 19));
    assert_eq!(
        code.text,
        "import csv\ndef load(path):\n    return csv.reader(path)"
    );
    let words = chunk_of(&cut.chunks, "Words about \"sales\"");
    assert_eq!(
        (words.language.as_str(), words.start_line, words.end_line),
        ("markdown", 7, 9)
    );
    assert_eq!(chunk_of(&cut.chunks, "kept as it is").start_line, 24);
    let all: String = cut.chunks.iter().map(|chunk| chunk.text.as_str()).collect();
    for left_out in ["iVBOR", "printed", "execution_count", "nbformat"] {
        assert!(!all.contains(left_out), "{left_out}");
    }
}

#[test]
fn a_notebook_on_one_line_is_its_cells_too() {
    let line: String = NOTEBOOK.lines().map(str::trim).collect();
    let cut = cut_once("a.ipynb", &line);
    let code = chunk_of(&cut.chunks, "def load");
    assert_eq!(code.symbol.as_deref(), Some("load"));
    assert_eq!((code.start_line, code.end_line), (1, 1));
}

#[test]
fn what_is_no_notebook_is_cut_as_text() {
    for text in [
        "",
        "{",
        "[]",
        "{\"cells\": 1}",
        "{\"cells\": []}",
        "plain words",
    ] {
        let cut = cut_once("a.ipynb", text);
        let has_words = cut.chunks.iter().any(|chunk| chunk.text == "plain words");
        assert_eq!(has_words, text == "plain words");
    }
}
