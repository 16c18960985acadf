//! Edits with the mistakes of models.

use proptest::prelude::*;

use super::*;

mod corpus;
mod merging;
mod whole;

const RUST: &str = "\
fn one() {
    let first = 1;
    call(first);
}

fn two() {
    if ready {
        let second = 2;
        call(second);
    }
}
";

#[track_caller]
fn done(text: &str, search: &str, replace: &str) -> (String, Matched) {
    let edited = edit(text, search, replace, false).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(edited.count, 1);
    (edited.text, edited.matched)
}

#[track_caller]
fn refused(text: &str, search: &str, replace: &str) -> EditError {
    match edit(text, search, replace, false) {
        Ok(edited) => panic!("{:?}: {}", edited.matched, edited.text),
        Err(error) => error,
    }
}

#[test]
fn exact_comes_first_and_is_literal() {
    let (text, matched) = done(RUST, "call(first)", "call(1)");
    assert_eq!(text, RUST.replacen("call(first)", "call(1)", 1));
    assert_eq!(matched, Matched::Exact);
    let (text, _) = done("a\nb\nc\n", "b\n", "");
    assert_eq!(text, "a\nc\n");
    // A forgotten line end does not join lines.
    let (text, _) = done("a\nb\nc\n", "b\n", "x");
    assert_eq!(text, "a\nx\nc\n");
    let (text, _) = done("a b\nc\n", "b\n", "x");
    assert_eq!(text, "a xc\n", "no whole line");
    let edited = edit(RUST, "second", "third", true).expect("all");
    assert_eq!(edited.count, 2);
    assert_eq!(edited.line, 8);
    assert_eq!(edited.text, RUST.replace("second", "third"));
}

#[test]
fn what_is_there_twice_is_not_guessed() {
    let error = refused(RUST, "second", "x");
    assert_eq!(error, EditError::Many { lines: vec![8, 9] });
    let message = error.to_string();
    assert!(message.contains("2 places, line 8, line 9:"), "{message}");
    // Overlapping places are two places.
    assert_eq!(
        refused(";;;", ";;", "b"),
        EditError::Many { lines: vec![1, 1] }
    );
    assert_eq!(
        refused("a \nb\na \nb\na \n", "a\nb\na\n", "x"),
        EditError::Many { lines: vec![1, 3] }
    );
    assert_eq!(
        refused("  go(now)\n\n    go(now)\n", "\tgo(now)\n", "\tgo(then)\n"),
        EditError::Many { lines: vec![1, 3] }
    );
    let many = "x\n".repeat(2000);
    let message = refused(&many, "x", "y").to_string();
    assert!(message.contains("line 10 and 990 more"), "{message}");
}

#[test]
fn white_space_at_the_ends_is_forgiven() {
    let text = "one  \ntwo\t\nthree\n";
    let (new, matched) = done(text, "one\ntwo\n", "1\n2\n");
    assert_eq!(new, "1\n2\nthree\n");
    assert_eq!(matched, Matched::TrailingSpace);
    let (new, _) = done("one\ntwo\n", "one \ntwo  ", "1\n2");
    assert_eq!(new, "1\n2\n");
    // No final line end in the file.
    let (new, matched) = done("one\ntwo", "two\n", "2\n");
    assert_eq!(new, "one\n2");
    assert_eq!(matched, Matched::TrailingSpace);
    let (new, _) = done("one\ntwo", "two\n", "");
    assert_eq!(new, "one\n");
    // Blank lines around.
    let (new, _) = done("one\ntwo\nthree\n", "\n\ntwo\n\n", "\n\n2\n\n");
    assert_eq!(new, "one\n2\nthree\n");
    let (new, _) = done("one \n\ntwo\n", "one\n\ntwo\n", "1\n");
    assert_eq!(new, "1\n");
    let (new, _) = done("a \nb\n", "a\n", "");
    assert_eq!(new, "b\n");
    let edited = edit("a \nb\na\t\n", "a\n", "c\n", true).expect("all");
    assert_eq!((edited.text.as_str(), edited.count), ("c\nb\nc\n", 2));
}

#[test]
fn indentation_is_taken_from_the_file() {
    let (text, matched) = done(
        RUST,
        "let second = 2;\ncall(second);\n",
        "let third = 3;\nif third {\n    call(third);\n}\n",
    );
    assert_eq!(matched, Matched::Indentation);
    assert_eq!(
        text,
        "\
fn one() {
    let first = 1;
    call(first);
}

fn two() {
    if ready {
        let third = 3;
        if third {
            call(third);
        }
    }
}
"
    );
    // Too much of it.
    let (text, matched) = done(
        "a:\n  b: 1\n  c: 2\n",
        "      b: 1\n      c: 2\n",
        "      b: 2\n        d: 3\n\n      c: 2\n",
    );
    assert_eq!(text, "a:\n  b: 2\n    d: 3\n\n  c: 2\n");
    assert_eq!(matched, Matched::Indentation);
}

#[test]
fn tabs_and_spaces_are_translated() {
    let go = "func f() {\n\tif x {\n\t\tg()\n\t}\n}\n";
    let (text, matched) = done(
        go,
        "    if x {\n        g()\n    }\n",
        "    if y {\n        for {\n            g()\n        }\n    }\n",
    );
    assert_eq!(matched, Matched::Indentation);
    assert_eq!(
        text,
        "func f() {\n\tif y {\n\t\tfor {\n\t\t\tg()\n\t\t}\n\t}\n}\n"
    );
    // One level tells nothing of its width but what is around.
    let (text, _) = done(go, "  if x {\n", "  if y {\n");
    assert_eq!(text, go.replace("if x", "if y"));
    let (text, _) = done(go, "g()\n", "h()\n");
    assert_eq!(text, go.replace("g()", "h()"), "exact within a line");
    let (text, _) = done("\t\ta()\n\t\tb()\n", "a()\nb()\n", "if a() {\n    b()\n}\n");
    assert_eq!(text, "\t\tif a() {\n\t\t\tb()\n\t\t}\n");
    // Spaces in the file, tabs in the request.
    let (text, _) = done(
        "def f():\n    if x:\n        g()\n",
        "\tif x:\n\t\tg()\n",
        "\tif x:\n\t\tfor y in x:\n\t\t\tg()\n",
    );
    assert_eq!(
        text,
        "def f():\n    if x:\n        for y in x:\n            g()\n"
    );
    // Two spaces a level here, four there.
    let (text, _) = done(
        "a {\n  b {\n    c\n  }\n}\n",
        "    b {\n        c\n    }\n",
        "    b {\n        c\n        d\n    }\n",
    );
    assert_eq!(text, "a {\n  b {\n    c\n    d\n  }\n}\n");
    // What is less than a level aligns something, and stays spaces.
    let (text, _) = done(
        "\tcall(\n\t\tone,\n",
        "    call(\n        one,\n",
        "    call(\n        one,\n          two,\n",
    );
    assert_eq!(text, "\tcall(\n\t\tone,\n\t\t  two,\n");
}

#[test]
fn line_ends_are_those_of_the_text() {
    let (text, matched) = done("one\ntwo\nthree\n", "one\r\ntwo\r\n", "1\r\n2\r\n");
    assert_eq!(text, "1\n2\nthree\n");
    assert_eq!(matched, Matched::Exact);
    // A text that has such ends, in the middle of its lines as it were, is taken as it is.
    let (text, _) = done("one\r\ntwo\r\n", "one\r\n", "1\r\n");
    assert_eq!(text, "1\r\ntwo\r\n");
}

#[test]
fn what_is_not_close_enough_is_shown() {
    let error = refused(RUST, "let fourth = compute();\ncall(other);\n", "x\n");
    let EditError::NotFound { nearest } = &error else {
        panic!("{error}");
    };
    assert!((1..=3).contains(&nearest.len()), "{nearest:?}");
    let lines: Vec<usize> = nearest.iter().map(|near| near.start).collect();
    assert!(lines.contains(&2) || lines.contains(&8), "{nearest:?}");
    assert!(error.to_string().contains("; near: lines "), "{error}");
    // A close match is never one of several, whatever is asked for.
    let several = edit(
        "value_one = compute(a)\nrun()\n\nvalue_two = compute(b)\nrun()\n",
        "value_xyz = compute(c)\nrun()\n",
        "value_xyz = compute(c)\nstop()\n",
        true,
    );
    assert!(
        matches!(several, Err(EditError::NotFound { .. })),
        "{several:?}"
    );
    // Too short to be alike by anything but chance.
    assert!(matches!(
        refused("x = 1\n", "x = 2\n", "x = 3\n"),
        EditError::NotFound { .. }
    ));
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(refused("a", "", "b"), EditError::Empty);
    assert_eq!(refused("a", "a", "a"), EditError::Same);
    assert_eq!(refused("a\n", "a\r\n", "a\n"), EditError::Same);
    assert_eq!(
        refused("  a_name()\n", "\ta_name()\n", "  a_name()\n"),
        EditError::Same
    );
    assert!(matches!(refused("", "a", "b"), EditError::NotFound { .. }));
    assert!(matches!(
        refused("a", "\n", "b"),
        EditError::NotFound { .. }
    ));
    assert!(matches!(
        refused("a", " \n \n", "b"),
        EditError::NotFound { .. }
    ));
}

#[test]
fn a_large_text_does_not_take_long() {
    let text: String = (0..200_000)
        .map(|line| format!("    let value_{line} = compute({line});\n"))
        .collect();
    let search: String = (0..200)
        .map(|line| format!("    let other_{line} = derive({line} + 1);\n"))
        .collect();
    let start = std::time::Instant::now();
    assert!(matches!(
        refused(&text, &search, "x"),
        EditError::NotFound { .. }
    ));
    let few: String = search.split_inclusive('\n').take(20).collect();
    assert!(edit(&text, &few, "x", false).is_err());
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn how_it_matched_can_be_said() {
    assert_eq!(Matched::Exact.to_string(), "exactly");
    let close = Matched::Close(1.0).to_string();
    assert!(
        close.starts_with("closely (99 %): only what differs"),
        "{close}"
    );
}

#[test]
fn diffs_are_unified() {
    assert_eq!(
        unified_diff("a.txt", "one\ntwo\nthree\n", "one\n2\nthree\n", 1),
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
    );
    assert_eq!(unified_diff("a.txt", "same\n", "same\n", 3), "");
    assert_eq!(
        file_diff("new.txt", None, Some("one\ntwo\n"), 3),
        "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+one\n+two\n"
    );
    assert_eq!(
        file_diff("old.txt", Some("one"), None, 3),
        "--- a/old.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n\\ No newline at end of file\n"
    );
    assert_eq!(
        file_diff("empty", None, Some(""), 3),
        "--- /dev/null\n+++ b/empty\n"
    );
    assert_eq!(file_diff("nothing", None, None, 3), "");
    assert_eq!(
        unified_diff("a", "a\rb\n", "a\rc", 3),
        "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-a\rb\n+a\rc\n\\ No newline at end of file\n"
    );
}

#[test]
fn long_diffs_are_cut_where_it_can_be_seen() {
    let diff: String = (0..100).map(|line| format!("+{line}\n")).collect();
    assert_eq!(capped_diff(&diff, 100), diff);
    let cut = capped_diff(&diff, 8);
    assert_eq!(
        cut,
        "+0\n+1\n+2\n+3\n+4\n+5\n… 92 lines left out …\n+98\n+99\n"
    );
    assert_eq!(capped_diff(&diff, 0), "… 100 lines left out …\n");
}

fn code() -> impl Strategy<Value = String> {
    prop::collection::vec("[ \t]{0,4}[a-e(){};=]{0,6}[ ]{0,2}", 0..12)
        .prop_map(|lines| lines.join("\n"))
}

proptest! {
    #[test]
    fn a_unique_part_is_replaced_as_by_the_standard_library(
        text in "[;(設 \n]{1,60}",
        range in (0_usize..60, 1_usize..20),
        replace in "[a-cé \n]{0,10}",
    ) {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let from = range.0 % (starts.len() - 1);
        let to = (from + range.1).min(starts.len() - 1);
        let search = &text[starts[from]..starts[to]];
        let edited = edit(&text, search, &replace, false);
        let first = text.find(search).expect("a part of it");
        if text.rfind(search) != Some(first) {
            let is_refused = matches!(edited, Err(EditError::Many { .. } | EditError::Same));
            prop_assert!(is_refused, "{edited:?}");
        } else if search == replace {
            prop_assert_eq!(edited, Err(EditError::Same));
        } else {
            let edited = edited.expect("unique");
            prop_assert_eq!(edited.matched, Matched::Exact);
            let is_line = starts[from] == 0 || text[..starts[from]].ends_with('\n');
            let is_ended = replace.is_empty() || replace.ends_with('\n');
            let forgotten = is_line && search.ends_with('\n') && !is_ended;
            let replace = format!("{replace}{}", if forgotten { "\n" } else { "" });
            prop_assert_eq!(edited.text, text.replacen(search, &replace, 1));
        }
    }

    #[test]
    fn any_edit_is_an_edit_or_an_error(
        text in code(),
        search in code(),
        replace in code(),
        all in any::<bool>(),
    ) {
        if let Ok(edited) = edit(&text, &search, &replace, all) {
            prop_assert!(edited.text != text);
            prop_assert!(edited.count >= 1);
        }
    }

    #[test]
    fn a_shift_of_all_lines_makes_no_difference(
        lines in prop::collection::vec("[ ]{0,6}[a-z]{3,8}", 2..6),
        by in 1_usize..8,
    ) {
        let shifted: Vec<String> =
            lines.iter().map(|line| format!("{}{line}", " ".repeat(by))).collect();
        let text = format!("head\n{}\ntail\n", shifted.join("\n"));
        let search = lines.join("\n");
        let replace = format!("{search}\n  more");
        if let Ok(edited) = edit(&text, &search, &replace, false)
            && edited.matched == Matched::Indentation
        {
            let wanted = format!("head\n{}\n{}  more\ntail\n", shifted.join("\n"), " ".repeat(by));
            prop_assert_eq!(edited.text, wanted);
        }
    }
}
