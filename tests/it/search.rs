//! `ollacode search`: the stable JSON format, filters, and behaviour in a pipe.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use ollacode_store::ChunkKind;
use serde_json::{Value, json};

use crate::support::Environment;
use crate::support::environment::{hits_of, paths_of};
use crate::support::samples::{functions, write_samples};

fn indexed() -> Environment {
    let environment = Environment::new();
    write_samples(&environment);
    environment.index();
    environment
}

fn keys(value: &Value) -> BTreeSet<&str> {
    let object = value
        .as_object()
        .unwrap_or_else(|| panic!("{value} is no object"));
    object.keys().map(String::as_str).collect()
}

/// An answer without the fields that differ between runs.
fn timeless(mut answer: Value) -> Value {
    answer["took_ms"] = json!(0);
    answer
}

#[test]
fn the_json_has_the_promised_shape() {
    let environment = indexed();
    let answer = environment.search_json("header of the packet");
    let expected = BTreeSet::from(["query", "took_ms", "mode", "index", "hits", "notes"]);
    assert_eq!(keys(&answer), expected, "the keys of an answer");
    assert!(answer["took_ms"].is_number(), "took_ms in {answer:#}");
    assert_eq!(answer["mode"], "lexical");
    let index = &answer["index"];
    assert_eq!(
        keys(index),
        BTreeSet::from(["files", "chunks", "embedded", "model"])
    );
    assert_eq!(
        (&index["files"], &index["embedded"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(index["chunks"], environment.rows().len());
    assert_eq!(index["model"], Value::Null, "the model where none is used");
    let hits = hits_of(&answer);
    assert!(!hits.is_empty(), "there are hits in {answer:#}");
    for hit in hits {
        assert_hit(hit, &environment);
    }
    let scores: Vec<f64> = hits
        .iter()
        .filter_map(|hit| hit["score"].as_f64())
        .collect();
    assert!(
        scores.is_sorted_by(|a, b| a >= b),
        "the best is first: {scores:?}"
    );
}

fn assert_hit(hit: &Value, environment: &Environment) {
    let expected = BTreeSet::from([
        "path",
        "start_line",
        "end_line",
        "language",
        "kind",
        "symbol",
        "scope",
        "score",
        "text",
    ]);
    assert_eq!(keys(hit), expected, "the keys of a hit");
    let path = hit["path"].as_str().expect("a path");
    let line = |key: &str| usize::try_from(hit[key].as_u64().expect("a line")).expect("a line");
    let (start, end) = (line("start_line"), line("end_line"));
    assert!(1 <= start && start <= end, "lines {start} to {end}");
    let file = environment.read(path);
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(
        hit["text"],
        lines[start - 1..end].join("\n"),
        "the text of {path}:{start}"
    );
    let kind = hit["kind"].as_str().expect("a kind");
    assert!(
        ChunkKind::ALL.iter().any(|known| known.name() == kind),
        "`{kind}` is a known kind"
    );
    assert!(
        hit["symbol"].is_string() || hit["symbol"].is_null(),
        "the symbol of {hit:#}"
    );
    let scope = hit["scope"].as_array().expect("a scope");
    assert!(scope.iter().all(Value::is_string), "the scope of {hit:#}");
    assert!(
        hit["language"].is_string() && hit["score"].is_number(),
        "{hit:#}"
    );
}

#[test]
fn a_method_is_found_with_its_place_and_scope() {
    let environment = Environment::new();
    environment.write(
        "src/orbit.rs",
        format!("impl Orbit {{\n{}}}\n", functions("perigee", 6)),
    );
    environment.index();
    let answer = environment.search_json("perigee_4");
    let best = &hits_of(&answer)[0];
    assert_eq!(best["symbol"], "perigee_4", "{best:#}");
    assert_eq!(best["scope"], json!(["impl Orbit"]), "{best:#}");
    assert_eq!(best["language"], "rust");
    assert_eq!(best["path"], "src/orbit.rs");
}

#[test]
fn without_hits_it_says_what_was_not_searched() {
    let environment = indexed();
    for (path, text) in [
        ("a.bin", "x"),
        ("big.txt", &"zyzzyva ".repeat(200_000)),
        ("zero.txt", "zyzzyva \0"),
        (".hidden.txt", "zyzzyva"),
        ("node_modules/a/index.js", "zyzzyva"),
        ("notes.log", "zyzzyva"),
        ("more.log", "zyzzyva"),
        (".ignore", "*.log\n"),
    ] {
        environment.write(path, text);
    }
    let answer = environment.run(&["search", "zyzzyva"]).expect_success();
    let answer = answer.expect_words(&[
        "no hits in 3 files",
        "2 files with binary content; 1 file over the size limit; folders of build output, \
         dependencies or caches: `node_modules`; 2 files or folders excluded by ignore files; \
         2 hidden files or folders",
        "`ollacode index --skipped`",
    ]);
    assert_eq!(answer.stdout, "");
    let answer = environment.search_json("zyzzyva");
    let not = &answer["not_searched"];
    assert_eq!(not["skipped"], json!({"binary": 2, "too_large": 1}));
    assert_eq!(not["left_out"], json!(["node_modules"]));
    assert_eq!((&not["ignored"], &not["hidden"]), (&json!(2), &json!(2)));
    assert_eq!(not["not_indexed_yet"], json!(0));
    // Only files that pass the filter count, and files that are not indexed yet.
    let answer = environment.search_json_with("zyzzyva", &["--path", "*.txt", "--no-refresh"]);
    environment.write("late.txt", "zyzzyva");
    assert_eq!(
        answer["not_searched"]["skipped"],
        json!({"binary": 1, "too_large": 1})
    );
    assert_eq!(answer["not_searched"]["empty_paths"], json!(["*.txt"]));
    let late = environment.search_json_with("zyzzyva", &["--no-refresh"]);
    assert_eq!(
        late["not_searched"]["not_indexed_yet"],
        json!(1),
        "{late:#}"
    );
    assert!(environment.search_json("read_header")["not_searched"].is_null());
}

#[test]
fn filters_that_nothing_passes_are_said() {
    let environment = indexed();
    let search = |more: &[&str]| {
        let output = environment.run(&[&["search", "read_header"], more].concat());
        output.expect_success()
    };
    search(&["--path", "docs/**"]).expect_words(&["no file in the index matches `docs/**`"]);
    search(&["--path", "docs", "--path", "src"]).expect_words(&["src/parser.rs"]);
    search(&["--lang", "kotlin"]).expect_words(&[
        "no file in the index is in `kotlin`; there are files in markdown, python, rust",
    ]);
}

#[test]
fn every_line_of_stdin_has_an_answer_in_order() {
    let environment = indexed();
    let input = "read_header\n\nwrite_report\nzzyzx\nazimuth wheel";
    let answered = environment.run_with_input(&["search", "--stdin", "--json"], input.as_bytes());
    // One query may fail without the others; the exit code says so.
    assert!(matches!(answered.code, Some(0 | 1)), "{answered:#?}");
    let answers = answered.json_lines();
    let queries: Vec<&Value> = answers.iter().map(|answer| &answer["query"]).collect();
    assert_eq!(
        queries,
        ["read_header", "", "write_report", "zzyzx", "azimuth wheel"]
    );
    let firsts = [&answers[0], &answers[2], &answers[4]].map(|answer| paths_of(answer)[0].clone());
    assert_eq!(firsts, ["src/parser.rs", "tools/writer.py", "README.md"]);
    assert_eq!(
        answers[3]["hits"],
        json!([]),
        "hits of a word that is nowhere"
    );
    let empty = &answers[1];
    let is_fine = empty["error"].is_string() || empty["hits"] == json!([]);
    assert!(is_fine, "an empty query has an error or no hits: {empty:#}");
}

#[test]
fn without_json_every_line_of_stdin_is_answered_too() {
    let environment = indexed();
    let answered =
        environment.run_with_input(&["search", "--stdin"], b"read_header\nwrite_report\n");
    let answered = answered.expect_success();
    for path in ["src/parser.rs:", "tools/writer.py:"] {
        assert!(
            answered.stdout.contains(path),
            "`{path}` is in {answered:#?}"
        );
    }
}

#[test]
fn a_query_that_fails_is_an_object_with_the_error() {
    let environment = indexed();
    // Nothing that is damaged, and so nothing to mend.
    let catalog = environment.index_folder().join("state.db");
    std::fs::remove_file(&catalog).expect("the catalog is removed");
    std::fs::create_dir(&catalog).expect("a folder in its place");
    let answered = environment.run(&["search", "read_header", "--json", "--no-refresh"]);
    let answer = answered.json();
    assert_eq!(
        keys(&answer),
        BTreeSet::from(["query", "error", "code"]),
        "the keys of a failure"
    );
    assert_eq!(answer["query"], "read_header");
    assert_eq!(answer["code"], "index_failed");
    assert!(answer["error"].is_string(), "the error of {answer:#}");
    assert_eq!(answered.code, Some(1), "the exit code of {answered:#?}");
}

#[test]
fn a_search_that_cannot_begin_is_an_object_with_the_error_too() {
    let environment = indexed();
    let output = environment.run(&["search", "read_header", "--json", "--lang", "latin"]);
    let answer = output.json();
    assert_eq!(answer["query"], "read_header");
    assert_eq!(answer["code"], "query_invalid");
    assert!(answer["hint"].is_string(), "{answer:#}");
    output.expect_code(2);
    let wrong = Environment::new().with("OLLAMA_HOST", "ftp://host");
    let output = wrong.run(&["search", "--stdin", "--json"]);
    let answer = output.json();
    assert_eq!(answer["query"], Value::Null);
    assert_eq!(answer["code"], "setting_invalid");
    output.expect_code(2);
}

#[test]
fn no_hits_are_no_failure() {
    let environment = indexed();
    assert_eq!(environment.search_json("zzyzx")["hits"], json!([]));
    let plain = environment.run(&["search", "zzyzx"]).expect_success();
    assert!(!plain.stdout.contains(".rs:"), "no hit is in {plain:#?}");
}

#[test]
fn the_number_of_hits_is_limited() {
    let environment = Environment::new();
    for number in 0..30 {
        let text = functions(&format!("apogee_{number}"), 1);
        environment.write(&format!("src/orbit_{number}.rs"), text);
    }
    environment.index();
    let answer = environment.search_json_with("apogee", &["--limit", "7"]);
    assert_eq!(hits_of(&answer).len(), 7);
}

#[test]
fn globs_limit_a_search_to_paths() {
    let environment = indexed();
    environment.write(
        "src/deep/reader.rs",
        "/// Reads a report.\npub fn read_report() {}\n",
    );
    environment.index();
    let found = |globs: &[&str]| {
        let mut more = Vec::new();
        globs.iter().for_each(|glob| more.extend(["--path", *glob]));
        let mut paths = paths_of(&environment.search_json_with("report header", &more));
        paths.sort();
        paths
    };
    assert_eq!(
        found(&[]),
        ["src/deep/reader.rs", "src/parser.rs", "tools/writer.py"]
    );
    assert_eq!(found(&["tools/**"]), ["tools/writer.py"]);
    assert_eq!(found(&["src/**"]), ["src/deep/reader.rs", "src/parser.rs"]);
    assert_eq!(
        found(&["**/*.py", "src/parser.rs"]),
        ["src/parser.rs", "tools/writer.py"]
    );
    assert_eq!(found(&["nowhere/**"]), Vec::<String>::new());
    let refused = environment.run(&["search", "report", "--path", "a{b"]);
    assert_ne!(
        refused.code,
        Some(0),
        "a glob that cannot be read: {refused:#?}"
    );
}

#[test]
fn languages_limit_a_search() {
    let environment = indexed();
    let found = |languages: &[&str]| {
        let mut more = Vec::new();
        languages
            .iter()
            .for_each(|language| more.extend(["--lang", *language]));
        let mut paths = paths_of(&environment.search_json_with("report header star", &more));
        paths.sort();
        paths
    };
    assert_eq!(
        found(&[]),
        ["README.md", "src/parser.rs", "tools/writer.py"]
    );
    assert_eq!(found(&["python"]), ["tools/writer.py"]);
    assert_eq!(found(&["py", "md"]), ["README.md", "tools/writer.py"]);
    assert_eq!(found(&["kotlin"]), Vec::<String>::new());
}

#[test]
fn mistakes_on_the_command_line_are_usage_errors() {
    let environment = indexed();
    for arguments in [
        ["search", "report", "--lang", "klingon"].as_slice(),
        &["search"],
        &["search", "report", "--limit", "many"],
        &["search", "report", "--no-such-flag"],
    ] {
        let refused = environment.run(arguments);
        assert_eq!(
            refused.code,
            Some(2),
            "the exit code of {arguments:?}: {refused:#?}"
        );
        assert_eq!(refused.stdout, "", "data of {arguments:?}");
    }
    let refused = environment.run(&["search", "report", "--lang", "klingon"]);
    refused.expect_words(&["klingon"]);
}

#[test]
fn piped_output_is_plain_and_says_where() {
    let mut environment = indexed();
    environment.set("TERM", "xterm-256color");
    let best = hits_of(&environment.search_json("read_header"))[0].clone();
    let plain = environment.run(&["search", "read_header"]).expect_success();
    assert!(
        !plain.stdout.contains('\u{1b}'),
        "no escape codes in {plain:#?}"
    );
    let place = format!("src/parser.rs:{}", best["start_line"]);
    assert!(plain.stdout.contains(&place), "`{place}` is in {plain:#?}");
    assert!(
        plain.stdout.contains("read_header"),
        "an excerpt is in {plain:#?}"
    );
}

#[test]
fn a_ranking_can_be_explained() {
    let environment = indexed();
    let plain = environment.run(&["search", "read_header"]).expect_success();
    let explained = environment
        .run(&["search", "read_header", "--explain"])
        .expect_success();
    assert!(
        explained.stdout.len() > plain.stdout.len(),
        "more is said: {explained:#?}"
    );
    assert!(
        explained.stdout.contains("src/parser.rs:"),
        "the hit is in {explained:#?}"
    );
    explained.expect_words(&["matched: read header", "#1"]);
}

#[test]
fn a_closed_pipe_ends_a_search_quietly() {
    let environment = indexed();
    let mut command = environment.command(&["search", "--stdin", "--json"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("ollacode starts");
    let mut stdin = child.stdin.take().expect("stdin");
    let writer = std::thread::spawn(move || {
        // More than a pipe can buffer; writing fails when the search has ended.
        for _ in 0..3_000 {
            if stdin.write_all(b"read_header\n").is_err() {
                break;
            }
        }
    });
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout"));
    let mut first = String::new();
    stdout.read_line(&mut first).expect("an answer");
    drop(stdout);
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("stderr");
    stderr.read_to_string(&mut said).expect("stderr in UTF-8");
    let status = child.wait().expect("its end");
    writer.join().expect("the writer");
    assert!(first.starts_with('{'), "an answer: {first}");
    let is_quiet = !said.contains("panic") && !said.to_lowercase().contains("broken pipe");
    assert!(is_quiet, "nothing is said of the pipe: {said}");
    // Ending by SIGPIPE would be equally quiet.
    assert!(
        matches!(status.code(), Some(0 | 141) | None),
        "the exit code: {status}"
    );
}

#[test]
fn the_same_tree_gives_the_same_answer() {
    let environment = indexed();
    environment.write("src/more.rs", functions("orbit", 20));
    for number in 0..10 {
        environment.write(
            &format!("src/same_{number}.txt"),
            "an orbit around the star\n",
        );
    }
    let first = timeless(environment.search_json("orbit of the star"));
    assert!(
        hits_of(&first).len() > 5,
        "enough hits to have ties: {first:#}"
    );
    assert_eq!(
        timeless(environment.search_json("orbit of the star")),
        first,
        "asked again"
    );
    environment.run(&["index", "--force"]).expect_success();
    assert_eq!(
        timeless(environment.search_json("orbit of the star")),
        first,
        "after --force"
    );
    environment.run(&["index", "--remove"]).expect_success();
    environment.index();
    assert_eq!(
        timeless(environment.search_json("orbit of the star")),
        first,
        "indexed anew"
    );
}

#[test]
fn a_search_without_an_index_builds_it() {
    let environment = Environment::new();
    write_samples(&environment);
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    assert_eq!(environment.index_folders().len(), 1, "the index was built");
}

#[test]
fn a_search_below_the_top_uses_the_index_above() {
    let environment = indexed();
    let folder = environment.workspace().join("tools");
    let answered = environment
        .run_in(&folder, &["search", "read_header", "--json"])
        .expect_success();
    assert_eq!(paths_of(&answered.json())[0], "src/parser.rs");
    assert_eq!(
        environment.index_folders().len(),
        1,
        "no second index was made"
    );
}
