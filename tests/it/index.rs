//! `ollacode index`: what it stores, prints and does not touch.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use ollacode_store::{OpenMode, OpenOptions, Store};

use crate::support::rows::{assert_same_rows, paths};
use crate::support::samples::{PARSER, README, WRITER, functions, write_samples};
use crate::support::{Environment, ModelServer, block_on};

fn sample() -> Environment {
    let environment = Environment::new();
    write_samples(&environment);
    environment
}

/// The version of the table of chunks, and the names of all manifests.
fn versions(environment: &Environment) -> (u64, Vec<String>) {
    let folder = environment.index_folder();
    let version = block_on(async {
        let store = Store::open(&folder, OpenOptions::new(OpenMode::Read)).await;
        store
            .expect("the store opens")
            .version()
            .await
            .expect("a version")
    });
    (version, names(&folder.join("chunks.lance/_versions")))
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry.expect("an entry")))
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_indexed_is_found() {
    let environment = sample();
    environment.index();
    for (query, path) in [
        ("read_header", "src/parser.rs"),
        ("write a report into the folder", "tools/writer.py"),
        ("turn the azimuth wheel", "README.md"),
    ] {
        let found = environment.paths_found(query);
        assert_eq!(
            found.first().map(String::as_str),
            Some(path),
            "the first hit for `{query}`"
        );
    }
    let answer = environment.search_json("read_header");
    assert_eq!(answer["index"]["files"], 3);
    assert_eq!(answer["mode"], "lexical");
}

#[test]
fn the_summary_counts_by_language_and_says_what_was_skipped() {
    let environment = sample();
    environment.write("Cargo.lock", "[[package]]\nname = \"a\"\n");
    environment.write("logo.png", b"\x89PNG\0");
    environment.write("tool.bin.txt", b"zero\0byte");
    environment.write("big.txt", "line of text\n".repeat(100_000));
    environment.write("bundle.min.js", "var a=1;\n");
    environment.index().expect_words(&[
        "rust",
        "python",
        "markdown",
        "lock files",
        "binary",
        "over the size limit",
        "minified",
    ]);
    assert_eq!(
        paths(&environment.rows()),
        ["README.md", "src/parser.rs", "tools/writer.py"]
    );
}

#[test]
fn a_run_without_changes_makes_no_version() {
    let environment = sample();
    environment.index();
    let before = (versions(&environment), environment.rows());
    environment.index();
    environment.index();
    assert_eq!(
        (versions(&environment), environment.rows()),
        before,
        "after runs without changes"
    );
}

#[test]
fn a_file_that_was_only_touched_makes_no_version() {
    let environment = sample();
    environment.index();
    let before = versions(&environment);
    environment.write("src/parser.rs", PARSER);
    environment.index();
    assert_eq!(
        versions(&environment),
        before,
        "after a file was written as it was"
    );
}

#[test]
fn force_reads_everything_again_and_ends_with_the_same_rows() {
    let environment = sample();
    environment.index();
    let before = environment.rows();
    environment.run(&["index", "--force"]).expect_success();
    assert_same_rows(&environment.rows(), &before, "after --force");
}

#[test]
fn a_dry_run_counts_and_stores_nothing() {
    let environment = sample();
    environment.write("src/deep/functions.rs", functions("orbit", 12));
    environment
        .run(&["index", "--dry-run"])
        .expect_success()
        .expect_words(&["4", "src", "tools"]);
    assert_eq!(
        environment.index_folders(),
        Vec::<std::path::PathBuf>::new(),
        "indexes after --dry-run"
    );
}

#[test]
fn the_status_counts_files_and_chunks() {
    let environment = sample();
    environment.index();
    let rows = environment.rows().len().to_string();
    let status = environment.run(&["index", "--status"]).expect_success();
    status.expect_words(&["3", &rows, "rust", "python", "markdown"]);
}

#[test]
fn with_json_every_report_is_one_object() {
    let environment = sample();
    for arguments in [
        ["index", "--json"].as_slice(),
        &["index", "--status", "--json"],
        &["index", "--dry-run", "--json"],
        &["index", "--failures", "--json"],
    ] {
        let printed = environment.run(arguments).expect_success();
        let value = printed.json();
        assert!(
            value.is_object(),
            "{arguments:?} prints an object, not {value}"
        );
    }
}

#[test]
fn inspect_shows_how_a_file_is_cut() {
    let environment = Environment::new();
    let text = format!("impl Orbit {{\n{}}}\n", functions("perigee", 6));
    environment.write("src/orbit.rs", &text);
    let inspected = environment.run(&["index", "--inspect", "src/orbit.rs"]);
    let inspected = inspected.expect_success();
    let last = text.lines().count().to_string();
    for (what, words) in [
        ("the symbol", "perigee_4"),
        ("the kind", "method"),
        ("the scope", "impl Orbit"),
        ("the last line", &last),
    ] {
        assert!(
            inspected.stdout.contains(words),
            "{what}, `{words}`, is in {inspected:#?}"
        );
    }
    assert_eq!(
        environment.index_folders(),
        Vec::<std::path::PathBuf>::new(),
        "indexes after --inspect"
    );
    let missing = environment.run(&["index", "--inspect", "src/nowhere.rs"]);
    assert_ne!(
        missing.code,
        Some(0),
        "a file that is not there: {missing:#?}"
    );
    missing.expect_words(&["nowhere.rs"]);
}

#[test]
fn remove_deletes_the_index_and_a_search_builds_it_anew() {
    let environment = sample();
    environment.index();
    let (folder, rows) = (environment.index_folder(), environment.rows());
    environment.run(&["index", "--remove"]).expect_success();
    assert!(
        !folder.join("chunks.lance").exists(),
        "the chunks are gone from {}",
        folder.display()
    );
    assert_eq!(
        environment.index_folders(),
        Vec::<std::path::PathBuf>::new(),
        "indexes after --remove"
    );
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    assert_same_rows(&environment.rows(), &rows, "after --remove and a search");
}

#[test]
fn finding_no_files_never_empties_an_index() {
    let environment = sample();
    environment.index();
    let before = environment.rows();
    let files = [
        ("src/parser.rs", PARSER),
        ("tools/writer.py", WRITER),
        ("README.md", README),
    ];
    for (path, _) in files {
        environment.remove(path);
    }
    let refused = environment.run(&["index"]).expect_code(1);
    refused.expect_words(&["no files", "3"]);
    assert_same_rows(
        &environment.rows(),
        &before,
        "after a run that found no files",
    );
    for (path, text) in files {
        environment.write(path, text);
    }
    environment.index();
    assert_same_rows(&environment.rows(), &before, "after the files came back");
}

#[test]
fn a_workspace_without_files_is_no_failure() {
    let environment = Environment::new();
    environment.index();
    assert_eq!(environment.paths_found("anything"), Vec::<String>::new());
}

#[test]
fn the_text_of_chunks_is_that_of_their_lines_and_nothing_is_left_out() {
    let environment = sample();
    environment.write("src/functions.rs", functions("orbit", 30));
    environment.write("notes.txt", "alpha\n\n   \nbeta\n\n\n\ngamma delta");
    environment.write("data/empty.json", "");
    environment.index();
    let rows = environment.rows();
    for path in [
        "src/parser.rs",
        "tools/writer.py",
        "README.md",
        "src/functions.rs",
        "notes.txt",
    ] {
        let text = environment.read(path);
        let lines: Vec<&str> = text.lines().collect();
        let mut covered = vec![0; lines.len()];
        for row in rows.iter().filter(|row| row.chunk.path == path) {
            let from = usize::try_from(row.chunk.start_line).expect("a line") - 1;
            let to = usize::try_from(row.chunk.end_line).expect("a line");
            assert_eq!(
                row.chunk.text,
                lines[from..to].join("\n"),
                "{path}, lines {from} to {to}"
            );
            covered[from..to].iter_mut().for_each(|times| *times += 1);
        }
        for (line, times) in lines.iter().zip(&covered) {
            let fits = *times == 1 || *times == 0 && line.trim().is_empty();
            assert!(fits, "a line of {path} is in {times} chunks: `{line}`");
        }
    }
}

#[test]
fn ignore_files_count_inside_the_workspace_and_not_above_it() {
    let environment = sample();
    fs::write(environment.outside().join(".gitignore"), "*.py\n").expect("a file above");
    environment.write(".gitignore", "build/\n");
    environment.write(".ollacodeignore", "README.md\n");
    environment.write("build/output.rs", "fn built() {}\n");
    environment.write(".hidden/secretive.rs", "fn hidden() {}\n");
    environment.write(".github/workflows/ci.yml", "on: push\n");
    environment.index();
    assert_eq!(
        paths(&environment.rows()),
        [
            ".github/workflows/ci.yml",
            "src/parser.rs",
            "tools/writer.py"
        ]
    );
}

#[test]
fn a_folder_can_be_named() {
    let environment = sample();
    let folder = environment.workspace();
    let folder = folder.to_str().expect("a path in UTF-8");
    environment
        .run_in(&environment.outside(), &["index", folder])
        .expect_success();
    assert_eq!(
        paths(&environment.rows()),
        ["README.md", "src/parser.rs", "tools/writer.py"]
    );
    let missing = format!("{folder}/nowhere");
    let refused = environment.run(&["index", &missing]);
    assert_ne!(
        refused.code,
        Some(0),
        "a folder that is not there: {refused:#?}"
    );
    refused.expect_words(&["nowhere"]);
}

/// A device that is always full.
#[cfg(target_os = "linux")]
fn full_device() -> fs::File {
    let opened = fs::File::options().write(true).open("/dev/full");
    opened.expect("/dev/full")
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stdout_is_an_error_of_one_sentence() {
    let environment = sample();
    for arguments in [
        ["index"].as_slice(),
        &["index", "--json"],
        &["index", "--status"],
        &["index", "--dry-run"],
        &["index", "--inspect", "src/parser.rs"],
        &["search", "read_header"],
        &["search", "read_header", "--json"],
        &["doctor"],
        &["completions", "bash"],
        &["--version"],
    ] {
        let mut command = environment.command(arguments);
        command.stdin(Stdio::null()).stdout(full_device());
        let output = command.output().expect("ollacode starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?} says: {said}");
        assert!(
            said.contains("cannot write to stdout: No space left on device"),
            "{arguments:?} says: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{arguments:?} says: {said}");
    }
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_stderr_stops_nothing() {
    let environment = sample();
    for (arguments, code) in [
        // The first search says that it builds the index.
        (["search", "read_header", "-v"].as_slice(), 0),
        (["search", "x", "--lang", "klingon"].as_slice(), 2),
        (["index", "--no-such-flag"].as_slice(), 2),
    ] {
        let mut command = environment.command(arguments);
        command.stdin(Stdio::null()).stderr(full_device());
        let output = command.output().expect("ollacode starts");
        assert_eq!(
            output.status.code(),
            Some(code),
            "the code of {arguments:?}"
        );
        let found = String::from_utf8_lossy(&output.stdout).contains("src/parser.rs");
        assert_eq!(found, code == 0, "the hits of {arguments:?}");
    }
}

#[test]
fn a_closed_pipe_ends_indexing_quietly_and_not_before_the_vectors() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    write_samples(&environment);
    let mut command = environment.command(&["index"]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("ollacode starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
    let index = environment.search_json("read_header")["index"].clone();
    assert_eq!(index["embedded"], index["chunks"], "vectors of {index}");
}

#[test]
fn nobody_else_may_read_the_data() {
    let environment = sample();
    environment.index();
    let mut folders = vec![environment.index_folder()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let mode = fs::metadata(&path).expect("metadata").permissions().mode();
            assert_eq!(
                mode & 0o077,
                0,
                "the rights of {}: {mode:o}",
                path.display()
            );
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}

#[test]
fn unknown_flags_are_a_usage_error() {
    let environment = sample();
    let refused = environment.run(&["index", "--no-such-flag"]).expect_code(2);
    assert_eq!(refused.stdout, "", "data of a usage error");
}
