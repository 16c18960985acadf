//! `ollacode related`: the files that belong to a file, from the index and from git.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::Environment;

const PARSER: &str = "pub struct Parser;\n\nimpl Parser {\n    pub fn parse_header(&self) -> u32 {\n        1\n    }\n}\n";
const SERVER: &str = "use crate::parser::Parser;\n\npub fn serve(parser: &Parser) {\n    parser.parse_header();\n}\n";

/// A project in which the parser is used by the server, has a test, and nothing but the history
/// connects it with the colours.
fn project() -> Environment {
    let environment = Environment::new();
    environment.write("src/parser.rs", PARSER);
    environment.write("src/server.rs", SERVER);
    environment.write("tests/parser.rs", "#[test]\nfn nothing_is_no_header() {}\n");
    environment.write("lib/colours.py", "def paint():\n    return 1\n");
    for number in 0..6 {
        let text = format!("def other_{number}():\n    return {number}\n");
        environment.write(&format!("lib/other_{number}.py"), text);
    }
    environment
}

/// The same with commits that change the parser with the colours, three times.
fn with_history() -> Environment {
    let environment = project();
    environment.git(&["init", "-q", "-b", "main"]);
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-qm", "all"]);
    for number in 0..3 {
        environment.write("src/parser.rs", format!("{PARSER}// {number}\n"));
        let text = format!("def paint():\n    return {number}\n");
        environment.write("lib/colours.py", text);
        environment.git(&["commit", "-qam", "both"]);
    }
    environment
}

fn related(environment: &Environment, path: &str) -> Value {
    related_in(environment, &environment.workspace(), path)
}

fn related_in(environment: &Environment, folder: &Path, path: &str) -> Value {
    let output = environment.run_in(folder, &["related", path, "--json"]);
    output.expect_success().json()
}

/// The words of the reasons of a file; empty if it is not among the files.
fn words_of(answer: &Value, path: &str) -> Vec<String> {
    let files = answer["files"].as_array().expect("files");
    let file = files.iter().find(|file| file["path"] == path);
    let reasons = file.and_then(|file| file["reasons"].as_array());
    let words = reasons.into_iter().flatten().map(|reason| {
        let words = reason["words"].as_str();
        words.expect("the words of a reason").to_owned()
    });
    words.collect()
}

fn note_of(answer: &Value) -> &str {
    answer["notes"][0].as_str().unwrap_or_default()
}

#[test]
fn files_are_listed_with_their_reasons() {
    let environment = with_history();
    let output = environment
        .run(&["related", "src/parser.rs"])
        .expect_success();
    let lines: Vec<&str> = output.stdout.lines().collect();
    let line = |path: &str| {
        let found = lines.iter().find(|line| line.starts_with(path));
        *found.unwrap_or_else(|| panic!("{path} is listed in {lines:?}"))
    };
    assert!(line("tests/parser.rs").contains("its test"), "{lines:?}");
    assert!(line("src/server.rs").contains("uses "), "{lines:?}");
    // The commit with all files is one of them.
    assert!(
        line("lib/colours.py").contains("changed together 4 times"),
        "{lines:?}"
    );
    assert!(lines.iter().all(|line| !line.starts_with("src/parser.rs")));
    let few = environment.run(&["related", "src/parser.rs", "-n", "1"]);
    assert_eq!(few.expect_success().stdout.lines().count(), 1);
    // From a folder below, a path is that of the folder.
    let inside = environment.run_in(
        &environment.workspace().join("src"),
        &["related", "parser.rs"],
    );
    assert_eq!(inside.expect_success().stdout, output.stdout);
}

#[test]
fn the_json_of_related_files_has_the_promised_shape() {
    let environment = with_history();
    let answer = related(&environment, "src/parser.rs");
    assert_eq!(answer["version"], 1);
    assert_eq!(answer["path"], "src/parser.rs");
    assert_eq!(answer["commits"], 4);
    assert_eq!(answer["notes"], Value::Array(Vec::new()));
    let files = answer["files"].as_array().expect("files");
    let scores: Vec<f64> = files
        .iter()
        .filter_map(|file| file["score"].as_f64())
        .collect();
    assert_eq!(scores.len(), files.len());
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
    let of_colours = files.iter().find(|file| file["path"] == "lib/colours.py");
    let reason = &of_colours.expect("the colours")["reasons"][0];
    assert_eq!(reason["kind"], "changed_together");
    assert_eq!(reason["count"], 4);
    assert_eq!(
        related(&environment, "src/parser.rs"),
        answer,
        "the second time"
    );
}

#[test]
fn without_a_history_the_rest_is_shown_with_a_note() {
    let environment = project();
    let answer = related(&environment, "src/parser.rs");
    assert!(
        note_of(&answer).contains("not a git repository"),
        "{answer:#}"
    );
    assert_eq!(answer["commits"], Value::Null);
    assert_eq!(words_of(&answer, "tests/parser.rs"), ["its test"]);
    assert!(words_of(&answer, "lib/colours.py").is_empty(), "{answer:#}");
    environment.git(&["init", "-q", "-b", "main"]);
    let answer = related(&environment, "src/parser.rs");
    assert!(note_of(&answer).contains("no commit yet"), "{answer:#}");
    assert_eq!(words_of(&answer, "tests/parser.rs"), ["its test"]);
}

#[test]
fn a_damaged_repository_is_no_history() {
    let environment = project();
    environment.write(".git", "gitdir: /nowhere/at/all\n");
    let answer = related(&environment, "src/parser.rs");
    assert!(note_of(&answer).contains("git cannot read"), "{answer:#}");
    assert_eq!(words_of(&answer, "tests/parser.rs"), ["its test"]);
}

#[test]
fn a_workspace_below_its_repository_has_no_history() {
    let environment = with_history();
    let below = environment.workspace().join("src");
    let below = below.to_str().expect("a plain path");
    let answer = environment.run(&["related", "parser.rs", "--json", "--workspace", below]);
    let answer = answer.expect_success().json();
    assert_eq!(answer["path"], "parser.rs");
    assert!(
        note_of(&answer).contains("above the workspace"),
        "{answer:#}"
    );
    assert!(!words_of(&answer, "server.rs").is_empty(), "{answer:#}");
}

#[test]
fn a_clone_with_a_part_of_the_history_says_so() {
    let environment = with_history();
    let clone = environment.outside().join("clone");
    let from = format!("file://{}", environment.workspace().display());
    let to = clone.to_str().expect("a plain path");
    environment.git(&["clone", "-q", "--depth", "2", &from, to]);
    let answer = related_in(&environment, &clone, "src/parser.rs");
    assert!(
        note_of(&answer).contains("only a part of the history"),
        "{answer:#}"
    );
    assert!(answer["commits"].as_u64() <= Some(2), "{answer:#}");
}

#[test]
fn a_linked_work_tree_has_the_history_of_its_repository() {
    let environment = with_history();
    let linked = environment.outside().join("linked");
    let to = linked.to_str().expect("a plain path");
    environment.git(&["worktree", "add", "-q", to]);
    assert!(linked.join(".git").is_file());
    let answer = related_in(&environment, &linked, "src/parser.rs");
    assert_eq!(
        words_of(&answer, "lib/colours.py"),
        ["changed together 4 times"]
    );
}

#[cfg(unix)]
#[test]
fn hostile_names_in_the_history_do_no_harm() {
    let environment = project();
    environment.git(&["init", "-q", "-b", "main"]);
    let name = "lib/two\nlines \u{1b}[31m.py";
    environment.write(name, "def strange():\n    return 1\n");
    for number in 0..2 {
        environment.write("src/parser.rs", format!("{PARSER}// {number}\n"));
        environment.write(name, format!("def strange():\n    return {number}\n"));
        environment.git(&["add", "-A"]);
        environment.git(&["commit", "-qm", "both"]);
    }
    let output = environment
        .run(&["related", "src/parser.rs"])
        .expect_success();
    assert!(!output.stdout.contains('\u{1b}'), "{:?}", output.stdout);
    assert!(output.stdout.contains("two\\nlines"), "{:?}", output.stdout);
    assert!(
        output.stdout.contains("changed together 2 times"),
        "{:?}",
        output.stdout
    );
}

#[test]
fn what_is_not_indexed_is_an_error_with_near_paths() {
    let environment = project();
    let output = environment.run(&["related", "src/praser.rs"]);
    output.expect_code(1).expect_words(&[
        "no indexed file is called `src/praser.rs`",
        "similar: `src/parser.rs`",
    ]);
    let output = environment.run(&["related", "src"]);
    output.expect_code(1).expect_words(&["`src` is a folder"]);
    let output = environment.run(&["related", "parser.rs"]);
    output.expect_code(1).expect_words(&["is several files"]);
    // What is there, but not in the index, is told with its reason.
    environment.write("Cargo.lock", "# locked\n");
    environment.write("photo.bin", [0_u8, 1, 2, 0]);
    environment.write("made/x.txt", "x\n");
    environment.write(".gitignore", "made/\n");
    for (path, why) in [
        ("Cargo.lock", "it is not indexed (lock files)"),
        ("photo.bin", "it is not indexed (binary)"),
        ("made/x.txt", "an ignore file names it"),
        ("qqqqqqqq.rs", "there is no such file in"),
        ("../outside.rs", "only files below"),
    ] {
        let output = environment.run(&["related", path]);
        output
            .expect_code(1)
            .expect_words(&["no indexed file is called", why]);
    }
    let output = environment.run(&["related", "server.rs", "-n", "0"]);
    output.expect_code(2);
}

#[test]
fn a_file_that_a_rule_hides_is_never_listed() {
    let environment = with_history();
    let config = environment.outside().join("config/ollacode");
    fs::create_dir_all(&config).expect("a folder");
    let rule = "[[deny]]\nread = ['src/server.rs', 'lib/colours.py']\n";
    fs::write(config.join("config.toml"), rule).expect("the rules");
    let answer = related(&environment, "src/parser.rs");
    let text = answer.to_string();
    assert!(
        !text.contains("server.rs") && !text.contains("colours"),
        "{answer:#}"
    );
    assert!(
        !words_of(&answer, "tests/parser.rs").is_empty(),
        "{answer:#}"
    );
    let output = environment.run(&["related", "src/server.rs"]);
    output
        .expect_code(1)
        .expect_words(&["no indexed file is called"]);
}

#[test]
fn a_rule_against_git_leaves_the_history_out() {
    let environment = with_history();
    let config = environment.outside().join("config/ollacode");
    fs::create_dir_all(&config).expect("a folder");
    fs::write(config.join("config.toml"), "[[deny]]\ncommand = 'git'\n").expect("the rules");
    let answer = related(&environment, "src/parser.rs");
    assert!(note_of(&answer).contains("a rule denies git"), "{answer:#}");
    assert!(words_of(&answer, "lib/colours.py").is_empty(), "{answer:#}");
}
