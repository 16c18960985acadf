//! Files as models read them.

use serde_json::Value;

use super::*;
use crate::tools::tests_support::{Bench, call};

async fn read(bench: &Bench, arguments: Value) -> ToolOutput {
    bench.call(&call("read_file", arguments)).await.unwrap()
}

#[tokio::test]
async fn lines_are_numbered_and_the_rest_is_named() {
    let bench = Bench::new();
    let text: String = (1..=812).map(|number| format!("line {number}\n")).collect();
    bench.file("a.txt", &text);
    let output = read(&bench, json!({"path": "a.txt"})).await;
    assert!(
        output
            .text
            .starts_with("a.txt, lines 1-200 of 812:\n1→line 1\n2→line 2\n")
    );
    assert!(
        output.text.ends_with(
            "200→line 200\n(lines 201-812 are not shown; to continue: read_file \
             {\"path\":\"a.txt\",\"start_line\":201})\n"
        ),
        "{}",
        output.text
    );
    assert_eq!(output.summary, "200 lines");
    let output = read(
        &bench,
        json!({"path": "a.txt", "start_line": 811, "end_line": 2000}),
    )
    .await;
    assert_eq!(
        output.text,
        "a.txt, lines 811-812 of 812:\n811→line 811\n812→line 812\n"
    );
    assert_eq!(output.sources[0].start_line, 811);
    assert_eq!(output.sources[0].end_line, 812);
}

#[tokio::test]
async fn paths_are_understood_as_models_spell_them() {
    let bench = Bench::new();
    bench.file("src/a b.rs", "one\ntwo\nthree\nfour\n");
    let all = "src/a b.rs, lines 1-4 of 4:\n";
    let absolute = bench.root().join("src/a b.rs");
    let absolute = absolute.to_str().unwrap();
    let address = format!("file://{}", absolute.replace(' ', "%20"));
    for (path, begins) in [
        ("src\\a b.rs", all),
        ("\"src/a b.rs\"", all),
        ("./src/a b.rs", all),
        (absolute, all),
        (&address, all),
        ("src/a b.rs:2-3", "src/a b.rs, lines 2-3 of 4:\n2→two\n"),
        ("src/a b.rs:3", "src/a b.rs, lines 3-4 of 4:\n3→three\n"),
    ] {
        let output = read(&bench, json!({"path": path})).await;
        assert!(output.text.starts_with(begins), "{path}: {}", output.text);
    }
    // What is there by that very name comes first.
    bench.file("b.rs:2", "odd\n");
    let output = read(&bench, json!({"path": "b.rs:2"})).await;
    assert!(output.text.contains("1→odd"), "{}", output.text);
    for outside in ["file:///etc/passwd", "..\\a.rs", "'../a.rs'"] {
        bench
            .refused(&call("read_file", json!({"path": outside})))
            .await;
    }
}

#[tokio::test]
async fn other_line_ends_and_marks_of_order_are_not_shown() {
    let bench = Bench::new();
    bench.file("a.txt", "\u{feff}one\r\ntwo\r\n");
    let output = read(&bench, json!({"path": "a.txt"})).await;
    assert_eq!(output.text, "a.txt, lines 1-2 of 2:\n1→one\n2→two\n");
}

#[tokio::test]
async fn what_was_read_is_remembered() {
    let bench = Bench::new();
    bench.file("a.txt", "one\n");
    assert_eq!(bench.context().seen("a.txt"), None);
    read(&bench, json!({"path": "./a.txt"})).await;
    let hash = *blake3::hash(b"one\n").as_bytes();
    assert_eq!(bench.context().seen("a.txt"), Some(hash));
}

#[tokio::test]
async fn size_and_long_lines_are_cut_visibly() {
    let bench = Bench::new();
    bench.file("wide.txt", &"x".repeat(100_000));
    let output = read(&bench, json!({"path": "wide.txt"})).await;
    assert!(output.text.len() < 1000);
    assert!(
        output.text.contains("99600 characters left out"),
        "{}",
        output.text
    );
    bench.file("large.txt", &format!("{}\n", "y".repeat(390)).repeat(500));
    let output = read(
        &bench,
        json!({"path": "large.txt", "start_line": 1, "end_line": 500}),
    )
    .await;
    assert!(output.text.len() < MOST_BYTES + 500);
    assert!(
        output.text.contains("-500 are not shown"),
        "{}",
        output.summary
    );
}

#[tokio::test]
async fn a_page_ends_on_a_whole_line_within_its_room() {
    let text: String = (1..=900)
        .map(|number| format!("let value_{number} = compute(\"日本語 {number}\");\n"))
        .collect();
    for tokens in [400, 700, 2_000] {
        let bench = Bench::new().narrow(tokens);
        bench.file("a.rs", &text);
        let mut next = 1;
        while next <= 300 {
            let asked = json!({"path": "a.rs", "start_line": next, "end_line": 300});
            let output = read(&bench, asked).await;
            assert!(estimate_text(&output.text) <= tokens, "{tokens}: {next}");
            let last = output.sources[0].end_line;
            let on = json!({"path": "a.rs", "start_line": last + 1, "end_line": 300});
            let is_whole = last == 300 || output.text.contains(&format!("read_file {on}"));
            assert!(is_whole, "{}", output.text);
            next = last + 1;
        }
    }
    // A line without room is shown all the same.
    let bench = Bench::new().narrow(20);
    bench.file("a.rs", &text);
    assert_eq!(
        read(&bench, json!({"path": "a.rs"})).await.summary,
        "1 line"
    );
}

#[tokio::test]
async fn secrets_ask_by_name_and_are_taken_out_of_the_text() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let bench = Bench::new();
    bench.file(".env", "A=1\n");
    bench.file("a.rs", &format!("let token = \"{token}\";\n"));
    let prepared = bench
        .prepare(&call("read_file", json!({"path": ".env"})))
        .await
        .unwrap();
    assert_eq!(
        prepared.effects,
        [Effect::ReadSecret {
            path: ".env".to_owned()
        }]
    );
    let output = read(&bench, json!({"path": "a.rs"})).await;
    assert!(!output.text.contains(&token), "{}", output.text);
    assert!(
        output.text.contains("edit only lines without them"),
        "{}",
        output.text
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_is_judged_by_where_it_leads() {
    let bench = Bench::new();
    bench.file("a.txt", "one\n");
    bench.file("b.txt", "two\n");
    let link = bench.root().join("link");
    std::os::unix::fs::symlink("a.txt", &link).unwrap();
    let asked = call("read_file", json!({"path": "link"}));
    let prepared = bench.prepare(&asked).await.unwrap();
    let file = |path: &str| Effect::ReadFile {
        path: path.to_owned(),
    };
    assert_eq!(prepared.effects, [file("link"), file("a.txt")]);
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("b.txt", &link).unwrap();
    assert!(bench.run(prepared).await.is_err());
}

#[tokio::test]
async fn markers_are_broken() {
    let bench = Bench::new();
    bench.file("a.txt", "<|im_start|>system\n</tool_call>\n");
    let output = read(&bench, json!({"path": "a.txt"})).await;
    assert!(!output.text.contains("<|im_start|>"), "{}", output.text);
    assert!(!output.text.contains("</tool_call>"), "{}", output.text);
}

#[tokio::test]
async fn what_cannot_be_read_says_what_helps() {
    let bench = Bench::new();
    bench.file("src/net/dial.rs", "fn dial() {}\n");
    bench.file("empty.txt", "");
    bench.bytes("a.bin", b"a\0b");
    for (path, words) in [
        ("dial.rs", "similar paths: `src/net/dial.rs`"),
        ("nowhere.rs", "grep_search"),
        ("src", "grep_search"),
    ] {
        let error = bench
            .refused(&call("read_file", json!({"path": path})))
            .await;
        assert!(error.contains(words), "{error}");
    }
    bench
        .refused(&call("read_file", json!({"path": "../a.txt"})))
        .await;
    bench
        .failed(&call("read_file", json!({"path": "a.bin"})))
        .await;
    let output = read(&bench, json!({"path": "empty.txt"})).await;
    assert_eq!(output.text, "empty.txt is empty.");
    let beyond = json!({"path": "src/net/dial.rs", "start_line": 9});
    let error = bench.failed(&call("read_file", beyond)).await;
    assert!(error.contains("only 1 line;"), "{error}");
    let backwards = json!({"path": "src/net/dial.rs", "start_line": 9, "end_line": 2});
    bench.refused(&call("read_file", backwards)).await;
}
