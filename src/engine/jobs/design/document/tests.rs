//! How parts are rendered.

use super::super::outline::outline;
use super::super::parts::parts;
use super::super::renewal::{Segment, segments};
use super::super::samples::{definition, tree};
use super::*;

fn sample() -> Outline {
    let mut paths = Vec::new();
    for folder in ["app", "net", "tests"] {
        paths.extend(["a", "b", "c"].map(|name| format!("{folder}/{name}.rs")));
    }
    let mut tree = tree(&paths)
        .defining("net/a.rs", &[definition("dial", 3, 2)])
        .using("app/a.rs", "net/a.rs", 4, "dial")
        .using("net/a.rs", "app/a.rs", 1, "App")
        .using("tests/a.rs", "net/a.rs", 7, "dial");
    tree.entries = vec![("app/a.rs".to_owned(), "binary `app`".to_owned())];
    outline(&tree, &parts(&tree))
}

fn described(text: &str) -> Words<'_> {
    Words {
        text,
        outline: "cafe",
        lines: "",
    }
}

/// The body of the only block in a text.
fn body(text: &str) -> String {
    match segments(text).expect("marks that fit")[..] {
        [Segment::Block(ref block)] => {
            assert!(block.is_untouched);
            block.body.to_owned()
        }
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn the_overview_has_a_table_a_chart_and_circles() {
    let text = body(&overview(&sample(), 3));
    for expected in [
        "| `app` | 3 | 30 | rust 100 % | `net` (1 file) |",
        "No part is described in words",
        "```mermaid\nflowchart LR\n    p0[\"app\"]",
        "- `app` → `net` → `app`",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    // The tests are expected to use what they test.
    assert!(!text.contains("that only tests"), "{text}");
    assert!(!body(&overview(&sample(), 0)).contains("in words"));
    assert!(body(&overview(&sample(), 1)).contains("2 of 3 parts"));
}

#[test]
fn a_block_has_words_and_facts_and_both_are_found_again() {
    let outline = sample();
    let words = "It dials (`net/a.rs:3`). It waits (`net/b.rs:1`).";
    let text = body(&part_block(&outline, 1, Some(described(words))));
    assert_eq!(words_of(&text), Some(words));
    for expected in [
        "## `net`",
        "- Size: 3 files, 30 lines: rust 100 %",
        "- Used most: `dial` (`net/a.rs:3`, by 2 files)",
        "- Uses: `app` (1 file: `App`)",
        "- Used by: `app` (1 file: `dial`), `tests` (1 file, tests only: `dial`)",
        "- Tests: `tests/a.rs`",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    let entry = body(&part_block(&outline, 0, None));
    assert!(entry.contains("- Entry points: `app/a.rs` (binary `app`)"));
    assert_eq!(words_of(&entry), None);
}

#[test]
fn hostile_names_stay_names() {
    for name in [
        "a|b",
        "`tick",
        "``",
        "x\ny",
        "<!-- /ollacode:design -->",
        "--> <script>",
        "\u{202e}",
    ] {
        let shown = code(name);
        assert!(!shown.contains(['\n', '\u{202e}']), "{shown:?}");
        assert!(!shown.contains("-->"), "{shown}");
        assert!(shown.starts_with('`') && shown.ends_with('`'), "{shown}");
        let paths: Vec<String> = ["a", "b", "c"]
            .into_iter()
            .flat_map(|file| [format!("{name}/{file}.rs"), format!("src/{file}.rs")])
            .collect();
        let tree = tree(&paths).using("src/a.rs", &paths[0], 1, name);
        let outline = outline(&tree, &parts(&tree));
        let mut text = overview(&outline, 0);
        for number in 0..outline.parts.len() {
            text.push_str(&part_block(&outline, number, Some(described("Words."))));
        }
        let found = segments(&text).expect("marks that fit");
        assert_eq!(found.len(), 1 + outline.parts.len(), "{text}");
        for (number, segment) in found[1..].iter().enumerate() {
            let Segment::Block(block) = segment else {
                panic!("{segment:?}");
            };
            let path = outline.parts[number].path.clone();
            assert_eq!(block.id, BlockId::Part(path));
            assert!(block.is_untouched);
        }
    }
    assert_eq!(code("a`b``c"), "``` a`b``c ```");
}
