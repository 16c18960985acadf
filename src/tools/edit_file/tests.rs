//! Edits as models make them, and what they are told.

use super::*;
use crate::permission::Effect;
use crate::tools::tests_support::{Bench, call};

fn edits(path: &str, search: &str, replace: &str) -> ToolCall {
    call(
        "edit_file",
        json!({"path": path, "search": search, "replace": replace}),
    )
}

async fn read(bench: &Bench, path: &str) -> String {
    let read = call("read_file", json!({"path": path}));
    bench.call(&read).await.unwrap().text
}

#[tokio::test]
async fn an_edit_is_shown_made_and_undone() {
    let bench = Bench::new();
    let text = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";
    bench.file("a.rs", text);
    read(&bench, "a.rs").await;
    let prepared = bench
        .prepare(&edits("a.rs", "two();", "three();"))
        .await
        .unwrap();
    assert_eq!(prepared.what, "a.rs");
    let diff = prepared.preview.text().into_owned();
    assert!(diff.contains("-    two();\n+    three();"), "{diff}");
    let output = bench.run(prepared).await.unwrap();
    assert_eq!(
        output.text,
        "a.rs: it matched exactly. It now reads:\n3→}\n4→\n5→fn b() {\n6→    three();\n7→}\n"
    );
    assert_eq!(output.summary, "+1 −1");
    assert_eq!(output.sources[0].start_line, 6);
    assert!(bench.content("a.rs").unwrap().contains("three"));
    let context = bench.context();
    context.changes.lock().undo(&context.jail).unwrap();
    assert_eq!(bench.content("a.rs").as_deref(), Some(text));
}

#[tokio::test]
async fn line_ends_and_order_marks_stay() {
    let bench = Bench::new();
    bench.file("a.txt", "\u{feff}one\r\ntwo\r\nthree");
    read(&bench, "a.txt").await;
    bench
        .call(&edits("a.txt", "one\ntwo", "1\n2\n2b"))
        .await
        .unwrap();
    assert_eq!(
        bench.content("a.txt").as_deref(),
        Some("\u{feff}1\r\n2\r\n2b\r\nthree")
    );
}

#[tokio::test]
async fn line_breaks_that_are_written_out_are_breaks() {
    let bench = Bench::new();
    bench.file("a.txt", "one\ntwo\nthree\n");
    read(&bench, "a.txt").await;
    bench
        .call(&edits("a.txt", r"one\ntwo", r"1\n2\n2b"))
        .await
        .unwrap();
    assert_eq!(bench.content("a.txt").as_deref(), Some("1\n2\n2b\nthree\n"));
    let error = bench.refused(&edits("a.txt", "three", r"a\nb\nc")).await;
    assert!(error.contains("real line breaks"), "{error}");
}

#[tokio::test]
async fn an_unread_file_takes_only_what_is_there_once_but_for_white_space() {
    let bench = Bench::new();
    bench.file("a.rs", "fn a() {\n        say(\"one\");\n}\n");
    let error = bench
        .refused(&edits(
            "a.rs",
            "fn a() {\n        say(“one”);",
            "fn b() {\n        say(“one”);",
        ))
        .await;
    assert!(error.contains("you have not read that file"), "{error}");
    bench
        .call(&edits(
            "a.rs",
            "fn a() {\n  say(\"one\");",
            "fn a() {\n  say(\"two\");",
        ))
        .await
        .unwrap();
    assert_eq!(
        bench.content("a.rs").as_deref(),
        Some("fn a() {\n        say(\"two\");\n}\n")
    );
    bench
        .call(&edits("a.rs", "\"two\"", "\"three\""))
        .await
        .unwrap();
    assert!(bench.content("a.rs").unwrap().contains("three"));
}

#[tokio::test]
async fn what_changed_on_disk_is_not_edited() {
    let bench = Bench::new();
    bench.file("a.txt", "one\ntwo\n");
    read(&bench, "a.txt").await;
    bench.file("a.txt", "one\ntwo\nthree\n");
    let error = bench.refused(&edits("a.txt", "one", "1")).await;
    assert!(error.contains("call read_file again"), "{error}");
    read(&bench, "a.txt").await;
    let prepared = bench.prepare(&edits("a.txt", "one", "1")).await.unwrap();
    bench.file("a.txt", "one\n");
    assert!(bench.run(prepared).await.is_err());
    assert_eq!(bench.content("a.txt").as_deref(), Some("one\n"));
}

#[tokio::test]
async fn a_miss_shows_what_is_near_and_many_say_where() {
    let bench = Bench::new();
    bench.file("a.rs", "fn compute_total() {\n    sum();\n}\nx();\nx();\n");
    read(&bench, "a.rs").await;
    let error = bench
        .refused(&edits("a.rs", "fn compute_everything(a: u8) {", "fn b() {"))
        .await;
    assert!(error.contains("copy the lines exactly"), "{error}");
    let error = bench.refused(&edits("a.rs", "x();", "y();")).await;
    assert!(error.contains("line 4, line 5"), "{error}");
    assert!(error.contains("4→x();\n"), "{error}");
    let all = json!({"path": "a.rs", "search": "x();", "replace": "y();", "all": true});
    let output = bench.call(&call("edit_file", all)).await.unwrap();
    assert!(
        output.text.contains("2 places matched exactly"),
        "{}",
        output.text
    );
    bench.refused(&edits("a.rs", "", "y")).await;
    bench.refused(&edits("a.rs", "sum();", "sum();")).await;
}

#[tokio::test]
async fn what_both_texts_leave_out_stays_in_the_file() {
    let bench = Bench::new();
    let text = "validate();\naudit(order);\ncharge();\nsend_receipt();\n";
    bench.file("a.rs", text);
    read(&bench, "a.rs").await;
    let search = "validate();\ncharge();\nsend_receipt();\n";
    let replace = search.replace("send_receipt", "send_email");
    let output = bench.call(&edits("a.rs", search, &replace)).await.unwrap();
    assert!(output.text.contains("only what differs"), "{}", output.text);
    let wanted = text.replace("send_receipt", "send_email");
    assert_eq!(bench.content("a.rs"), Some(wanted));
}

#[tokio::test]
async fn what_cannot_be_merged_is_shown_with_the_next_call() {
    let bench = Bench::new();
    let text = "fn wait() {\n    sleep(30);\n    retry(3);\n}\n";
    bench.file("a.rs", text);
    read(&bench, "a.rs").await;
    let search = "fn wait() {\n    sleep(60);\n    retry(3);\n}\n";
    let error = bench
        .refused(&edits("a.rs", search, &search.replace("60", "90")))
        .await;
    assert!(error.contains("\n2→    sleep(30);\n3→"), "{error}");
    let (_, next) = error.split_once("edit_file {").expect("the next call");
    let next = format!("{{{}", next.trim_end());
    let mut next: serde_json::Value = serde_json::from_str(&next).unwrap();
    let copied = next["search"].as_str().unwrap().to_owned();
    next["replace"] = copied.replace("30", "90").into();
    bench.call(&call("edit_file", next)).await.unwrap();
    assert_eq!(bench.content("a.rs"), Some(text.replace("30", "90")));
    // Nothing is given to be copied that was not shown whole.
    let long = text.replace("30);", &format!("30); // {}", "x".repeat(500)));
    let search = format!("{search}fn other() {{}}\n");
    bench.file("c.rs", &format!("{long}fn other() {{}}\n"));
    read(&bench, "c.rs").await;
    let error = bench
        .refused(&edits(
            "c.rs",
            &search,
            &search.replace("sleep(60)", "wait()"),
        ))
        .await;
    assert!(!error.contains("edit_file {"), "{error}");
}

#[tokio::test]
async fn what_was_copied_as_it_was_shown_fits() {
    let bench = Bench::new();
    bench.file("a.txt", "let start = \"<|im_start|>\";\nlet b = 2;\n");
    let text = read(&bench, "a.txt").await;
    assert!(!text.contains("<|im_start|>"), "{text}");
    let lines: Vec<&str> = text.lines().skip(1).collect();
    let (search, replace) = (lines.join("\n"), lines.join("\n").replace('2', "3"));
    bench
        .call(&edits("a.txt", &search, &replace))
        .await
        .unwrap();
    assert_eq!(
        bench.content("a.txt").as_deref(),
        Some("let start = \"<|im_start|>\";\nlet b = 3;\n")
    );
}

#[tokio::test]
async fn secrets_are_neither_guessed_nor_lost() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let bench = Bench::new();
    bench.file("a.rs", &format!("let key = \"{token}\";\nlet b = 2;\n"));
    bench.file(".env", "A=1\n");
    let text = read(&bench, "a.rs").await;
    let line = text.lines().nth(1).unwrap().split_once('→').unwrap().1;
    let error = bench.refused(&edits("a.rs", line, "let key = \"\";")).await;
    assert!(error.contains("is a placeholder for a secret"), "{error}");
    bench
        .call(&edits("a.rs", "let b = 2;", "let b = 3;"))
        .await
        .unwrap();
    assert!(bench.content("a.rs").unwrap().contains(&token));
    let error = bench.refused(&edits(".env", "A=1", "A=2")).await;
    assert!(error.contains("call read_file first"), "{error}");
    read(&bench, ".env").await;
    let prepared = bench.prepare(&edits(".env", "A=1", "A=2")).await.unwrap();
    assert!(matches!(
        &prepared.effects[..],
        [
            Effect::Write {
                runs_later: Some(_),
                ..
            },
            Effect::ReadSecret { .. }
        ]
    ));
}

#[tokio::test]
async fn new_syntax_errors_are_told_at_once() {
    let bench = Bench::new();
    bench.file(
        "a.rs",
        "fn a() {\n    if x {\n        one();\n    }\n}\n\nfn b() {}\n",
    );
    read(&bench, "a.rs").await;
    let output = bench
        .call(&edits(
            "a.rs",
            "        one();\n    }\n",
            "        two();\n",
        ))
        .await;
    let output = output.unwrap();
    assert!(output.text.contains("new syntax errors"), "{}", output.text);
    assert!(output.text.contains("`{` is not closed"), "{}", output.text);
    assert!(
        output.summary.contains("1 syntax error"),
        "{}",
        output.summary
    );
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_edited() {
    let bench = Bench::new();
    bench.file("src/a.rs", "");
    let error = bench.refused(&edits("a.rs", "a", "b")).await;
    assert!(error.contains("similar paths: `src/a.rs`"), "{error}");
    bench.bytes("b.bin", b"a\0b");
    bench.refused(&edits("b.bin", "a", "b")).await;
    bench.bytes("latin.txt", b"caf\xe9 one\n");
    bench.refused(&edits("latin.txt", "one", "two")).await;
}

#[tokio::test]
async fn lines_that_a_search_found_count_as_read() {
    let bench = Bench::new();
    bench.file("a.rs", "fn a() {\n    say(\"one\");\n    go();\n}\n");
    let wish = edits(
        "a.rs",
        "fn a() {\n    say(“one”);",
        "fn b() {\n    say(“one”);",
    );
    let error = bench.refused(&wish).await;
    assert!(error.contains("you have not read that file"), "{error}");
    let grep = json!({"regex": "say", "context": 3});
    bench.call(&call("grep_search", grep)).await.unwrap();
    bench.call(&wish).await.unwrap();
    assert!(bench.content("a.rs").unwrap().contains("fn b()"));
}

#[tokio::test]
async fn each_changed_place_is_shown() {
    let bench = Bench::new();
    let text: String = (1..=40)
        .map(|number| match number {
            10 | 30 => "old();\n".to_owned(),
            _ => format!("line{number}();\n"),
        })
        .collect();
    bench.file("a.txt", &text);
    read(&bench, "a.txt").await;
    let all = json!({"path": "a.txt", "search": "old();", "replace": "new();", "all": true});
    let output = bench.call(&call("edit_file", all)).await.unwrap();
    let places = "9→line9();\n10→new();\n11→line11();\n…\n\
                  29→line29();\n30→new();\n31→line31();\n";
    assert!(output.text.ends_with(places), "{}", output.text);
}
