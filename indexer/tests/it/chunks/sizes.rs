//! Neither a huge line nor white space makes a chunk huge or blank.

use ollacode_indexer::Chunk;
use ollacode_indexer::chunk::{BUDGET, without_long_lines};

use super::shape;
use crate::support::{assert_covers, cut_once};

#[test]
fn one_huge_line_is_cut_into_parts_and_its_middle_left_out() {
    for path in ["a.json", "a.js", "a.txt", "a.md"] {
        for (line, parts) in [
            ("x".repeat(50_000), 1),
            ("é".repeat(20_000), 1),
            ("[1, 22, \"ü\"], ".repeat(3_000), 7),
            ("word ".repeat(5_000), 7),
        ] {
            let text = format!("first\n{line}\nlast");
            let cut = cut_once(path, &text);
            assert_covers(&without_long_lines(&text), &cut);
            let huge: Vec<&Chunk> = cut
                .chunks
                .iter()
                .filter(|c| c.start_line <= 2 && c.end_line >= 2)
                .collect();
            assert!(huge.len() >= parts, "{path}: {} parts", huge.len());
            let all: String = huge.iter().map(|part| part.text.as_str()).collect();
            let is_cut = line.len() > 8 * 4 * BUDGET || !line.contains(' ');
            assert_eq!(all.contains("characters left out …"), is_cut, "{path}");
        }
    }
}

#[test]
fn the_middle_of_a_long_line_is_left_out() {
    let constant = format!(
        "fn f() {{}}\nconst A: &str = \"{}\";\n",
        "aB3x".repeat(1_250)
    );
    let text = without_long_lines(&constant);
    assert!(
        text.starts_with("fn f() {}\nconst A: &str = \"aB3x"),
        "{text}"
    );
    assert!(text.ends_with("aB3x\";\n"), "{text}");
    assert!(text.contains("… 4019 characters left out …"), "{text}");
    let cut = cut_once("a.rs", &constant);
    let names: Vec<&String> = cut.chunks.iter().flat_map(|c| &c.definitions).collect();
    assert_eq!(names, ["f", "A"]);
    for short in [
        "",
        "a\n\nb",
        "a\r\n",
        &"x".repeat(2_000),
        &"word ".repeat(1_000),
    ] {
        assert_eq!(without_long_lines(short), short);
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
