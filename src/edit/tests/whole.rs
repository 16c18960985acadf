//! Parts of words and numbers do not match, and lines are indented as in the file.

use super::corpus::{Random, SOURCES};
use super::*;

#[test]
fn what_ends_or_begins_within_a_word_is_no_place() {
    for (text, search, replace) in [
        ("timeout = 30\n", "timeout = 3", "timeout = 5"),
        ("timeout = 3.5\n", "timeout = 3", "timeout = 4"),
        ("v = 1.25;\n", "25;", "26;"),
        ("max_timeout = 3\n", "timeout = 3", "timeout = 5"),
        ("recount(a)\n", "count(a)", "total(a)"),
        ("recount(a)\n", "count", "self.count"),
        ("    background-color: red;\n", "color: red", "color: blue"),
        ("max-size = 3\n", "size = 3", "size = 4"),
        ("if a == b {\n", "if a =", "if a !"),
        ("if a <= b {\n", "if a <", "if a >"),
        ("f(x) -> y\n", "f(x) -", "f(y) +"),
        ("größer\n", "größe", "breite"),
        ("cafe\u{301}\n", "cafe", "bar"),
        ("port: 0x1F\n", "port: 0x1", "port: 0x2"),
    ] {
        let error = refused(text, search, replace);
        assert_eq!(error, EditError::Part { lines: vec![1] }, "{search}");
        let error = edit(text, search, replace, true).expect_err("nothing is whole");
        assert_eq!(error, EditError::Part { lines: vec![1] }, "{search}");
    }
}

#[test]
fn a_part_of_a_line_is_a_place_where_it_is_whole() {
    for (text, search, replace) in [
        ("a = f(x, 30)\n", "x, 30", "y, 40"),
        ("a-b * 2\n", "b * 2", "c * 2"),
        ("range(0..3)\n", "3", "4"),
        ("pair.0 = 1\n", "0", "1"),
        ("x1.0 + y\n", "x1", "x2"),
        // The line is meant, and not all of it was copied.
        ("fn handle_request() {\n", "fn handle", "pub fn handle"),
        // An edge that says itself that it is one of a part.
        ("old_name = 1\n", "old_", "new_"),
        ("my_count = 1\n", "_count", "_total"),
        // Words that nothing parts from others.
        ("设置超时时间\n", "超时", "延时"),
        ("파일을 읽다\n", "파일", "문서"),
        ("a == b\n", "a ==", "a !="),
        ("Vec<Option<u8>>\n", "Option<u8>", "u8"),
        ("see http://a.b\n", "http:", "https:"),
        (
            "nction a() {\n    one();\n}\n",
            "tion a() {\n    one();\n",
            "tion b() {\n    two();\n",
        ),
    ] {
        let (new, matched) = done(text, search, replace);
        assert_eq!(new, text.replacen(search, replace, 1), "{search}");
        assert_eq!(matched, Matched::Exact);
    }
}

#[test]
fn the_whole_place_is_taken_and_parts_stay() {
    let text = "recount = 1\ncount = 1\ncounter = 1\n";
    let edited = edit(text, "count", "total", false).expect("one is whole");
    assert_eq!(edited.text, "recount = 1\ntotal = 1\ncounter = 1\n");
    assert_eq!((edited.count, edited.passed_over, edited.line), (1, 2, 2));
    let edited = edit("a ab a\n", "a", "b", true).expect("two are whole");
    assert_eq!((edited.text.as_str(), edited.passed_over), ("b ab b\n", 1));
    // A line that is the same but for white space comes before a part of another.
    let (text, matched) = done("  x  = 1\nmax = 12\n", "x = 1\n", "x = 2\n");
    assert_eq!(text, "  x  = 2\nmax = 12\n");
    assert_eq!(matched, Matched::Spelling);
}

#[test]
fn an_empty_file_can_be_filled() {
    let edited = edit("", "", "a\n", false).expect("there is nothing to find");
    assert_eq!(edited.text, "a\n");
}

#[test]
fn added_lines_are_indented_as_the_file_is() {
    for (text, search, replace, wanted) in [
        (
            "all:\n\tcargo build\n",
            "all:\n",
            "test:\n    cargo test\n\nall:\n",
            "test:\n\tcargo test\n\nall:\n\tcargo build\n",
        ),
        (
            "all:\n\tcargo build\n",
            "\tcargo build\n",
            "  cargo build\n  cargo test\n",
            "all:\n\tcargo build\n\tcargo test\n",
        ),
        (
            "def f():\n    one()\n",
            "    one()\n",
            "    one()\n\tif x:\n\t\ttwo()\n",
            "def f():\n    one()\n    if x:\n        two()\n",
        ),
        (
            "if a {\n  b()\n}\n",
            "  b()\n",
            "  b()\n\tc()\n",
            "if a {\n  b()\n  c()\n}\n",
        ),
        // Nothing tells, or both are there.
        ("a\n", "a\n", "a\n\tb\n", "a\n\tb\n"),
        ("\ta\n  b\n", "\ta\n", "\ta\n  c\n", "\ta\n  c\n  b\n"),
    ] {
        let (new, _) = done(text, search, replace);
        assert_eq!(new, wanted, "{replace}");
    }
}

/// 20,000 parts of lines are drawn. Of those that are unique, all 991 that begin and end with whole
/// words are places, and none of the 9,196 that cut one.
#[test]
fn parts_of_lines_in_real_sources_are_told_apart() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut whole, mut cut) = (0, 0);
    for _ in 0..20_000 {
        let (_, source) = SOURCES[random.below(SOURCES.len())];
        let lines: Vec<&str> = source.lines().filter(|line| line.len() > 8).collect();
        let line = lines[random.below(lines.len())];
        let words: Vec<(usize, &str)> = line
            .match_indices(|c: char| c.is_ascii_alphanumeric() || c == '_')
            .collect();
        if !line.is_ascii() || words.is_empty() {
            continue;
        }
        let start = words[random.below(words.len())].0;
        let end = start + 1 + random.below(line.len() - start);
        let search = &line[start..end];
        if source.matches(search).count() != 1 {
            continue;
        }
        let is_word = |at: Option<usize>| {
            let byte = at.and_then(|at| line.as_bytes().get(at).copied());
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let cuts_start = is_word(start.checked_sub(1)) && !search.starts_with('_');
        let cuts_end = is_word(Some(end - 1)) && is_word(Some(end)) && !search.ends_with('_');
        let edited = edit(source, search, "(replaced)", false);
        if cuts_start || cuts_end {
            cut += 1;
            assert!(
                matches!(edited, Err(EditError::Part { .. })),
                "{search} in {line}"
            );
        } else if !line[end..].starts_with(['=', '>', '.'])
            && !search.ends_with('.')
            && !line[..start].ends_with(['-', '.'])
        {
            whole += 1;
            let edited = edited.unwrap_or_else(|error| panic!("{search} in {line}: {error}"));
            assert_eq!(edited.text, source.replacen(search, "(replaced)", 1));
        }
    }
    assert!(whole > 900 && cut > 2_000, "{whole} {cut}");
}
