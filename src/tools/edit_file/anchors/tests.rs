//! Edits by anchors as models make them.

use serde_json::json;

use super::*;
use crate::tools::tests_support::{Bench, call};

const TEXT: &str = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";

fn bench() -> Bench {
    let bench = Bench::new().editing(EditForm::Anchors);
    bench.file("a.rs", TEXT);
    bench
}

async fn read(bench: &Bench) -> String {
    let read = call("read_file", json!({"path": "a.rs"}));
    bench.call(&read).await.unwrap().text
}

/// The anchor of the first line that is shown with a text.
fn anchor(shown: &str, line: &str) -> String {
    let mut lines = shown.lines().filter_map(|shown| shown.split_once('|'));
    let found = lines.find(|(_, text)| *text == line);
    let (anchor, _) = found.unwrap_or_else(|| panic!("{line} is not in {shown}"));
    anchor.to_owned()
}

fn edit(first: &str, last: &str, text: &str) -> ToolCall {
    let arguments = json!({"path": "a.rs", "first": first, "last": last, "text": text});
    call("edit_file", arguments)
}

#[tokio::test]
async fn lines_between_anchors_are_replaced_shown_and_undone() {
    let bench = bench();
    let shown = read(&bench).await;
    let (first, last) = (anchor(&shown, "fn b() {"), anchor(&shown, "    two();"));
    assert!(first.starts_with('5') && last.starts_with('6'), "{shown}");
    let changed = edit(&first, &last, "fn c() {\n    three();\n    four();");
    let prepared = bench.prepare(&changed).await.unwrap();
    let diff = prepared.preview.text().into_owned();
    assert!(diff.contains("\n-    two();\n"), "{diff}");
    assert!(diff.contains("\n+    three();\n+    four();\n"), "{diff}");
    let output = bench.run(prepared).await.unwrap();
    let begins = "a.rs: lines 5-6 were replaced. It now reads:\n";
    assert!(output.text.starts_with(begins), "{}", output.text);
    // What it shows can be edited at once.
    let next = anchor(&output.text, "    three();");
    let output = bench.call(&edit(&next, "", "    3();")).await.unwrap();
    assert!(
        output.text.contains("line 6 was replaced"),
        "{}",
        output.text
    );
    let expected = TEXT.replace("fn b", "fn c");
    let expected = expected.replace("    two();", "    3();\n    four();");
    assert_eq!(bench.content("a.rs"), Some(expected));
    let context = bench.context();
    context.changes.lock().undo(&context.jail).unwrap();
    assert_eq!(bench.content("a.rs").as_deref(), Some(TEXT));
}

#[tokio::test]
async fn lines_are_added_removed_and_written_as_models_write_them() {
    for (first, last, text, expected) in [
        ("    one();", "", "    1();\n", TEXT.replace("one", "1")),
        ("    one();", "", "", TEXT.replace("    one();\n", "")),
        (
            "    one();",
            "    one();",
            "    one();\n    more();",
            TEXT.replace("one();", "one();\n    more();"),
        ),
        (
            "fn a() {",
            "}",
            "```rust\nmod a;\n```",
            TEXT.replace("fn a() {\n    one();\n}", "mod a;"),
        ),
    ] {
        let bench = bench();
        let shown = read(&bench).await;
        let last = match last {
            "" => String::new(),
            line => anchor(&shown, line),
        };
        let edit = edit(&anchor(&shown, first), &last, text);
        bench.call(&edit).await.unwrap();
        assert_eq!(bench.content("a.rs"), Some(expected), "{text:?}");
    }
    let bench = bench();
    let shown = read(&bench).await;
    let one = anchor(&shown, "    one();");
    // With the line behind the anchor, and with anchors before the new lines.
    let first = format!("`{one}|    one();`");
    let text = format!("{one}|    one();\n3zz|    more();");
    bench.call(&edit(&first, "", &text)).await.unwrap();
    let expected = TEXT.replace("one();", "one();\n    more();");
    assert_eq!(bench.content("a.rs"), Some(expected));
}

#[tokio::test]
async fn line_ends_stay() {
    let bench = bench();
    bench.file("a.rs", "one\r\ntwo\r\nthree");
    let shown = read(&bench).await;
    let edit = edit(&anchor(&shown, "two"), "", "2\n2b");
    bench.call(&edit).await.unwrap();
    let expected = "one\r\n2\r\n2b\r\nthree";
    assert_eq!(bench.content("a.rs").as_deref(), Some(expected));
}

#[tokio::test]
async fn lines_that_have_moved_are_found_and_others_are_not() {
    let bench = bench();
    let shown = read(&bench).await;
    let [a, one, two] = ["fn a() {", "    one();", "    two();"].map(|line| anchor(&shown, line));
    bench
        .call(&edit(&a, "", "use x;\n\nfn a() {"))
        .await
        .unwrap();
    let output = bench.call(&edit(&two, "", "    2();")).await.unwrap();
    assert!(
        output
            .text
            .contains("line 8 was replaced (shown to you as line 6)"),
        "{}",
        output.text
    );
    bench.call(&edit(&one, "", "    1();")).await.unwrap();
    let expected = TEXT.replace("one", "1").replace("two", "2");
    assert_eq!(bench.content("a.rs"), Some(format!("use x;\n\n{expected}")));
    // That line is gone.
    let error = bench.refused(&edit(&two, "", "    3();")).await;
    assert!(
        error.contains("nothing was changed: line 6 of `a.rs`"),
        "{error}"
    );
    let now = anchor(&error, "    2();");
    bench.call(&edit(&now, "", "    3();")).await.unwrap();
    assert!(bench.content("a.rs").unwrap().contains("    3();"));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_the_lines_that_are_there() {
    let bench = bench();
    let error = bench.refused(&edit("2ab", "", "x")).await;
    assert!(error.contains("you have not read `a.rs`"), "{error}");
    let shown = read(&bench).await;
    let [one, two] = ["    one();", "    two();"].map(|line| anchor(&shown, line));
    let error = bench.refused(&edit("2", "", "x")).await;
    assert!(error.contains("`2` is no anchor"), "{error}");
    assert_eq!(anchor(&error, "    one();"), one);
    let error = bench.refused(&edit("the line", "", "x")).await;
    assert!(error.contains("is no anchor"), "{error}");
    let error = bench.refused(&edit(&two, &one, "x")).await;
    assert!(error.contains("a line before `first`"), "{error}");
    let error = bench.refused(&edit(&one, "", "    one();")).await;
    assert!(error.contains("the same as those in the file"), "{error}");
    let error = bench.refused(&edit("900zz", "", "x")).await;
    assert!(error.contains("line 900 of `a.rs`"), "{error}");
    let lazy = "    // ... rest of the code ...";
    let error = bench.refused(&edit(&one, "", lazy)).await;
    assert!(error.contains("would be written literally"), "{error}");
    assert_eq!(bench.content("a.rs").as_deref(), Some(TEXT));
    // On disk it is another file.
    bench.file("a.rs", "other\n");
    let error = bench.refused(&edit(&one, "", "x")).await;
    assert!(error.contains("call read_file again"), "{error}");
}

#[tokio::test]
async fn a_text_to_find_is_understood_as_well() {
    let bench = bench();
    read(&bench).await;
    let arguments = json!({"path": "a.rs", "search": "one();", "replace": "1();"});
    bench.call(&call("edit_file", arguments)).await.unwrap();
    assert_eq!(bench.content("a.rs"), Some(TEXT.replace("one", "1")));
}

#[tokio::test]
async fn anchors_that_are_copied_into_the_new_lines_are_not_written() {
    let bench = bench();
    let shown = read(&bench).await;
    let one = anchor(&shown, "    one();");
    let text = format!("{one}|    1();\n    more();");
    bench.call(&edit(&one, "", &text)).await.unwrap();
    let expected = TEXT.replace("one();", "1();\n    more();");
    assert_eq!(bench.content("a.rs").as_deref(), Some(&*expected));
    // In the other form as well.
    let two = anchor(&shown, "    two();");
    let (search, replace) = (format!("{two}|    two();"), format!("{two}|    2();"));
    let arguments = json!({"path": "a.rs", "search": search, "replace": replace});
    bench.call(&call("edit_file", arguments)).await.unwrap();
    assert_eq!(bench.content("a.rs"), Some(expected.replace("two", "2")));
}

#[tokio::test]
async fn a_line_that_has_moved_is_not_taken_for_its_like() {
    let bench = Bench::new().editing(EditForm::Anchors);
    let text: String = (1..=30)
        .map(|number| match number % 3 {
            0 => "}\n".to_owned(),
            1 => format!("fn f{number}() {{\n"),
            _ => "    run();\n".to_owned(),
        })
        .collect();
    bench.file("a.rs", &text);
    let shown = read(&bench).await;
    let run = shown.lines().find(|line| line.starts_with("20"));
    let (run, _) = run.and_then(|line| line.split_once('|')).unwrap();
    let first = anchor(&shown, "fn f1() {");
    let more = "fn new() {\n    new();\n}\nfn f1() {";
    bench.call(&edit(&first, "", more)).await.unwrap();
    // Line 20 is again such a line, but not the one that was shown.
    let output = bench.call(&edit(run, "", "    walk();")).await.unwrap();
    assert!(output.text.contains("line 23 was"), "{}", output.text);
    let begin = "fn f19() {\n    ";
    let expected = text.replace("fn f1() {", more);
    let expected = expected.replace(&format!("{begin}run"), &format!("{begin}walk"));
    assert_eq!(bench.content("a.rs"), Some(expected));
}

#[tokio::test]
async fn lines_that_were_not_shown_are_not_replaced() {
    let bench = Bench::new().editing(EditForm::Anchors);
    let text: String = (1..=100).map(|number| format!("line {number}\n")).collect();
    bench.file("a.rs", &text);
    let read = |first: usize, last: usize| {
        let arguments = json!({"path": "a.rs", "start_line": first, "end_line": last});
        call("read_file", arguments)
    };
    let head = bench.call(&read(1, 5)).await.unwrap().text;
    let tail = bench.call(&read(90, 100)).await.unwrap().text;
    let (first, last) = (anchor(&head, "line 3"), anchor(&tail, "line 95"));
    let error = bench.refused(&edit(&first, &last, "x")).await;
    for part in [
        "line 6 of `a.rs` was not shown",
        "|line 3\n",
        "|line 95\n",
        "For the lines between: read_file {",
        "\"start_line\":3",
        "Next call, with the anchors",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    bench.call(&read(6, 89)).await.unwrap();
    bench.call(&edit(&first, &last, "x")).await.unwrap();
    let content = bench.content("a.rs").unwrap();
    assert!(
        content.starts_with("line 1\nline 2\nx\nline 96\n"),
        "{content}"
    );
}

#[tokio::test]
async fn an_empty_file_has_no_anchors() {
    let bench = bench();
    bench.file("a.rs", "");
    read(&bench).await;
    let error = bench.refused(&edit("1ab", "", "x")).await;
    assert!(error.contains("`a.rs` is empty"), "{error}");
    assert!(error.contains("Next call: write_file {"), "{error}");
}
