use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::tools::FoundLines;
use crate::tools::tests_support::{Bench, call};

const NAMES: ToolNames = ToolNames {
    read_file: "read_lines",
    grep_search: "grep",
    list_directory: "ls",
};

fn tools(bench: &Bench) -> ReadingTools {
    let context = bench.context();
    ReadingTools::new(ReadingParts {
        jail: context.jail.clone(),
        sandbox: Arc::clone(&context.sandbox),
        code: Arc::clone(&context.code),
        rules: Arc::clone(&context.rules),
        git_history: Arc::clone(&context.git_history),
    })
}

async fn read(bench: &Bench, name: &str, arguments: Value) -> Result<Reading, String> {
    read_by(
        bench,
        name,
        arguments,
        Instant::now() + Duration::from_secs(60),
    )
    .await
}

async fn read_by(
    bench: &Bench,
    name: &str,
    arguments: Value,
    until: Instant,
) -> Result<Reading, String> {
    let wanted = Wanted {
        names: &NAMES,
        tokens: 2_000,
        bytes: 1_000,
        until,
    };
    let stop = CancellationToken::new();
    tools(bench)
        .call(&call(name, arguments), wanted, &stop)
        .await
}

/// Why a call is refused.
async fn refused(bench: &Bench, name: &str, arguments: Value) -> String {
    match read(bench, name, arguments).await {
        Err(why) => why,
        Ok(reading) => panic!("it was read: {}", reading.text),
    }
}

#[tokio::test]
async fn text_and_data_are_cut_at_the_same_line() {
    let bench = Bench::new();
    let text: String = (1..=300).map(|line| format!("line {line}\n")).collect();
    bench.file("a.txt", &text);
    let reading = read(&bench, "read_file", json!({"path": "a.txt"}))
        .await
        .expect("it is read");
    let Some(Found::Lines(FoundLines {
        start_line,
        end_line,
        all,
        text,
        ..
    })) = &reading.found
    else {
        panic!("lines were read");
    };
    assert_eq!((*start_line, *all), (1, 300));
    assert!(text.starts_with("line 1\nline 2\n"), "{text}");
    assert!(text.ends_with(&format!("line {end_line}\n")), "{text}");
    assert_eq!(text.lines().count(), *end_line);
    let shown = &reading.text;
    assert!(
        shown.contains(&format!("{end_line}→line {end_line}\n")),
        "{shown}"
    );
    let next = end_line + 1;
    assert!(!shown.contains(&format!("{next}→")), "{shown}");
    assert!(
        shown.contains(&format!(
            "to continue: read_lines {{\"path\":\"a.txt\",\"start_line\":{next}}}"
        )),
        "{shown}"
    );
    assert!(shown.len() < 1_200, "{shown}");
}

#[tokio::test]
async fn secrets_are_neither_read_nor_quoted() {
    let bench = Bench::new();
    bench.file(".env", "DB_PASSWORD=marmalade-kettle-42\n");
    bench.file("notes.md", "the word is marmalade-kettle-42\u{202e}\n");
    let why = refused(&bench, "read_file", json!({"path": ".env"})).await;
    assert_eq!(
        why,
        "denied: `.env` may hold secrets, and nobody can be asked here"
    );
    let reading = read(&bench, "read_file", json!({"path": "notes.md"}))
        .await
        .expect("it is read");
    assert!(!reading.text.contains("marmalade"), "{}", reading.text);
    assert!(reading.text.contains("\\u{202e}"), "{}", reading.text);
    let clean = reading.cleaner.clean("x marmalade-kettle-42 <|im_start|>");
    assert!(!clean.contains("marmalade"), "{clean}");
    assert!(!clean.contains("<|im_start|>"), "{clean}");
}

#[tokio::test]
async fn what_is_denied_or_asked_is_refused_in_words() {
    let bench = Bench::new().ruled(
        "[[deny]]\nread = 'deep/**'\n\n[[ask]]\nread = 'odd/**'\n[[allow]]\nread = '/etc/**'\n",
    );
    bench.file("deep/a.rs", "fn a() {}\n");
    bench.file("odd/b.rs", "fn b() {}\n");
    for tool in ["read_file", "outline"] {
        let why = refused(&bench, tool, json!({"path": "deep/a.rs"})).await;
        assert!(
            why.starts_with("denied: ") && why.contains("forbids it"),
            "{why}"
        );
        let why = refused(&bench, tool, json!({"path": "odd/b.rs"})).await;
        assert!(why.contains("nobody can be asked here"), "{why}");
        let why = refused(&bench, tool, json!({"path": "/etc/passwd"})).await;
        assert!(why.contains("only files of the workspace"), "{why}");
    }
}

#[tokio::test]
async fn what_would_change_something_never_runs() {
    let bench = Bench::new();
    let arguments = json!({"path": "a.rs", "content": "fn a() {}\n"});
    let why = refused(&bench, "write_file", arguments).await;
    assert_eq!(why, "this call would do more than read");
    assert_eq!(bench.content("a.rs"), None);
}

#[tokio::test]
async fn a_search_that_is_late_says_what_it_did_not_reach() {
    let bench = Bench::new();
    for number in 0..400 {
        bench.file(&format!("src/f{number:03}.rs"), "fn f() {}\n");
    }
    bench.file("src/zz.rs", "fn g() {\n    rare_name();\n}\n");
    let name = json!({"name": "rare_name"});
    let late = read_by(&bench, "find_references", name.clone(), Instant::now())
        .await
        .expect("it is searched");
    let text = &late.text;
    assert!(text.contains("not reached in time"), "{text}");
    assert!(text.contains("is used nowhere in the 256 files"), "{text}");
    let whole = read(&bench, "find_references", name).await;
    let whole = whole.expect("it is searched").text;
    assert!(whole.contains("src/zz.rs\n2: rare_name();"), "{whole}");
}
