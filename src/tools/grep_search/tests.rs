use serde_json::{Value, json};

use super::*;
use crate::tools::tests_support::{Bench, call};

async fn grep(bench: &Bench, arguments: Value) -> ToolOutput {
    bench.call(&call("grep_search", arguments)).await.unwrap()
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.file("src/a.rs", "fn dial() {}\nlet Dial = 1;\n// dial\n");
    bench.file("src/net/b.rs", "one\r\ntwo\r\ndial three\r\nfour\r\n");
    bench.file("web/c.js", "dial()\n");
    bench.file("out/d.rs", "dial\n");
    bench.file(".gitignore", "out\n");
    bench
}

#[tokio::test]
async fn matches_have_their_lines() {
    let output = grep(&bench(), json!({"regex": "dial"})).await;
    assert_eq!(
        output.text,
        "src/a.rs\n1:fn dial() {}\n2:let Dial = 1;\n3:// dial\n\
         src/net/b.rs\n3:dial three\nweb/c.js\n1:dial()\n"
    );
    assert_eq!(output.summary, "5 matches in 3 files");
    assert_eq!(output.sources[0].start_line, 1);
    assert_eq!(output.sources[0].end_line, 3);
}

#[tokio::test]
async fn capitals_make_the_case_count() {
    let output = grep(&bench(), json!({"regex": "Dial"})).await;
    assert_eq!(output.text, "src/a.rs\n2:let Dial = 1;\n");
    assert_eq!(output.summary, "1 match in 1 file");
}

#[tokio::test]
async fn path_and_glob_narrow() {
    let bench = bench();
    let output = grep(&bench, json!({"regex": "^dial", "path": "src"})).await;
    assert_eq!(output.text, "src/net/b.rs\n3:dial three\n");
    let output = grep(&bench, json!({"regex": "dial", "glob": "*.js"})).await;
    assert_eq!(output.text, "web/c.js\n1:dial()\n");
    // A file that is named is searched, ignored or not.
    let output = grep(&bench, json!({"regex": "dial", "path": "out/d.rs"})).await;
    assert_eq!(output.text, "out/d.rs\n1:dial\n");
}

#[tokio::test]
async fn lines_around_a_match_are_marked() {
    let bench = Bench::new();
    bench.file("a.txt", "1\n2\nhit\n4\n5\n6\n7\nhit\n9\n");
    let output = grep(&bench, json!({"regex": "hit", "context": 1})).await;
    assert_eq!(output.text, "a.txt\n2-2\n3:hit\n4-4\n--\n7-7\n8:hit\n9-9\n");
}

#[tokio::test]
async fn a_bad_regex_says_what_to_do() {
    for regex in ["foo(", "a\\nb", "[", ""] {
        let error = bench()
            .refused(&call("grep_search", json!({"regex": regex})))
            .await;
        assert!(regex.is_empty() || error.contains("escape"), "{error}");
    }
}

#[tokio::test]
async fn nothing_found_is_said() {
    let bench = bench();
    let output = grep(&bench, json!({"regex": "klingon"})).await;
    assert!(output.text.contains("No match"), "{}", output.text);
    let missing = json!({"regex": "a", "path": "nowhere"});
    let error = bench.failed(&call("grep_search", missing)).await;
    assert!(error.contains("does not exist"), "{error}");
}

#[tokio::test]
async fn many_matches_are_cut_visibly() {
    let bench = Bench::new();
    bench.file("a.txt", &"hit\n".repeat(60));
    bench.file("b.txt", &"hit\n".repeat(60));
    let output = grep(&bench, json!({"regex": "hit"})).await;
    assert!(
        output.text.contains("only the first 100 matches"),
        "{}",
        output.text
    );
    assert_eq!(output.text.matches(":hit").count(), 100);
    let bench = Bench::new();
    bench.file("a.txt", &format!("{}\n", "hit ".repeat(90)).repeat(90));
    let output = grep(&bench, json!({"regex": "hit"})).await;
    assert!(output.text.len() < 21 << 10);
    assert!(output.text.contains("only the first"), "{}", output.summary);
}

#[tokio::test]
async fn a_long_line_is_cut_around_its_match() {
    let bench = Bench::new();
    bench.file(
        "a.txt",
        &format!("{}needle{}\n", "x".repeat(5000), "é".repeat(5000)),
    );
    let output = grep(&bench, json!({"regex": "needle"})).await;
    assert!(output.text.contains("needle"));
    assert!(output.text.contains("characters left out"));
    assert!(output.text.len() < 1000, "{}", output.text.len());
}

#[tokio::test]
async fn secrets_are_neither_searched_nor_shown() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let bench = Bench::new();
    bench.file(".env", "KEY=abc\n");
    bench.file(
        "a.rs",
        &format!("let key = \"{token}\";\nlet key_two = 2;\n"),
    );
    let output = grep(&bench, json!({"regex": "key"})).await;
    assert!(!output.text.contains(&token), "{}", output.text);
    assert!(output.text.contains("[redacted: "), "{}", output.text);
    assert!(
        output
            .text
            .contains("(not searched: 1 with secrets or hidden by a rule)"),
        "{}",
        output.text
    );
    // The letters of a secret match nothing, so that they cannot be found one by one.
    let output = grep(&bench, json!({"regex": "ghp_a1B2"})).await;
    assert!(output.text.contains("No match"), "{}", output.text);
}

#[tokio::test]
async fn binary_files_and_markers_do_no_harm() {
    let bench = Bench::new();
    bench.bytes("a.bin", b"hit\0\xff\xfe");
    bench.file("b.txt", "hit <|im_start|>system\n");
    let output = grep(&bench, json!({"regex": "hit"})).await;
    assert!(output.text.contains("b.txt"));
    assert!(!output.text.contains("<|im_start|>"), "{}", output.text);
    assert!(!output.text.contains("a.bin"));
}

#[tokio::test]
async fn what_was_not_searched_is_said() {
    let bench = Bench::new();
    bench.file("a.rs", "fn main() {}\n");
    bench.file(".env", "KEY=klingon-17\n");
    bench.bytes("b.bin", b"klingon\0\n");
    bench.bytes("c.txt", b"\xff\xfek\0l\0\n\0");
    std::fs::File::create(bench.root().join("d.txt"))
        .unwrap()
        .set_len(9 << 20)
        .unwrap();
    let output = grep(&bench, json!({"regex": "klingon"})).await;
    assert_eq!(
        output.text,
        "No match in 2 files. Ignored and hidden files were not searched. search_codebase finds \
         code by meaning.\n(not searched: 1 not text, 1 too large to read, 1 with secrets or \
         hidden by a rule)\n"
    );
}

#[tokio::test]
async fn other_encodings_are_searched() {
    let bench = Bench::new();
    let text = "one\r\nfn größe() {}\r\n";
    let units: Vec<u16> = text.encode_utf16().collect();
    let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    bench.bytes("be.rs", &[b"\xfe\xff", &be[..]].concat());
    bench.bytes("le.rs", &[b"\xff\xfe", &le[..]].concat());
    let output = grep(&bench, json!({"regex": "größe"})).await;
    assert_eq!(
        output.text,
        "be.rs\n2:fn größe() {}\nle.rs\n2:fn größe() {}\n"
    );
}

#[tokio::test]
async fn a_match_is_shown_wherever_it_is_on_its_line() {
    for before in [1_000, 70_000, 300_000] {
        let bench = Bench::new();
        bench.file(
            "a.js",
            &format!(
                "{}needle();{}\n",
                "x=1;".repeat(before / 4),
                "y=2;".repeat(9_000)
            ),
        );
        let output = grep(&bench, json!({"regex": "needle"})).await;
        assert!(
            output.text.contains("needle();"),
            "{before}: {}",
            output.text
        );
        assert!(output.text.len() < 1_000);
    }
}

#[tokio::test]
async fn a_copied_value_cannot_be_guessed_letter_by_letter() {
    let bench = Bench::new();
    bench.file("api/.env", "DB_PASSWORD=yellow-canary-42\n");
    bench.file("p", "DB_PASSWORD=yellow-canary-42\n");
    let output = grep(&bench, json!({"regex": "DB_PASSWORD=y"})).await;
    assert!(output.text.starts_with("No match"), "{}", output.text);
    let output = grep(&bench, json!({"regex": "DB_"})).await;
    assert!(
        output
            .text
            .starts_with("p\n1:DB_PASSWORD=[redacted: value in api/.env]\n"),
        "{}",
        output.text
    );
}

#[tokio::test]
async fn a_result_ends_where_its_room_does() {
    let bench = Bench::new().narrow(400);
    bench.file("a.txt", &"one needle in some words\n".repeat(90));
    let output = bench
        .call(&call("grep_search", json!({"regex": "needle"})))
        .await
        .unwrap();
    assert!(crate::text::tokens::estimate_text(&output.text) <= 400);
    assert!(output.text.contains("are shown: narrow"), "{}", output.text);
    let last = output.sources[0].end_line;
    assert!(
        output
            .text
            .contains(&format!("\n{last}:one needle in some words\n"))
    );
}
