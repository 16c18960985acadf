//! Neither a huge line nor white space makes a chunk huge or blank.

use ollacode_indexer::Chunk;
use ollacode_indexer::chunk::BUDGET;

use super::shape;
use crate::support::{assert_covers, cut_once};

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
