//! A search sees the current files, and never shows text that was removed.

use std::fs::{File, OpenOptions};
use std::time::{Duration, Instant};

use crate::support::Environment;
use crate::support::environment::hits_of;
use crate::support::rows::assert_same_rows;
use crate::support::samples::{functions, write_samples};

fn indexed() -> Environment {
    let environment = Environment::new();
    write_samples(&environment);
    environment.index();
    environment
}

/// Asserts which files a search for a word finds.
#[track_caller]
fn assert_found(environment: &Environment, word: &str, expected: &[&str], when: &str) {
    let mut found = environment.paths_found(word);
    found.sort();
    assert_eq!(found, expected, "files with `{word}` {when}");
}

/// Acts as another process that writes to the index, while the file exists.
fn hold_lock(environment: &Environment) -> File {
    let path = environment.index_folder().join("writer.lock");
    let lock = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("the lock file");
    lock.try_lock().expect("nobody writes");
    lock
}

#[test]
fn an_edit_is_seen_at_once() {
    let environment = indexed();
    environment.write(
        "src/parser.rs",
        "/// Counts marmots.\npub fn marmots() {}\n",
    );
    assert_found(&environment, "marmots", &["src/parser.rs"], "after an edit");
    assert_found(
        &environment,
        "read_header",
        &[],
        "after an edit took it out",
    );
    let answer = environment.search_json("marmots");
    assert_eq!(hits_of(&answer)[0]["start_line"], 1);
    environment.write(
        "src/parser.rs",
        "\n\n\n/// Counts marmots.\npub fn marmots() {}\n",
    );
    let answer = environment.search_json("marmots");
    assert_eq!(
        hits_of(&answer)[0]["start_line"],
        4,
        "the line after lines went in above"
    );
}

#[test]
fn an_edit_of_the_same_size_right_after_indexing_is_seen() {
    let environment = indexed();
    for word in ["marmot", "badger", "beaver", "donkey"] {
        environment.write("animal.txt", format!("the {word} sleeps\n"));
        assert_found(
            &environment,
            word,
            &["animal.txt"],
            "after an edit of the same size",
        );
    }
    assert_found(&environment, "beaver", &[], "that was edited out");
}

#[test]
fn new_deleted_and_renamed_files_are_seen_at_once() {
    let environment = indexed();
    environment.write("src/deep/er/marmot.rs", "pub fn marmot() {}\n");
    assert_found(
        &environment,
        "marmot",
        &["src/deep/er/marmot.rs"],
        "in a new folder",
    );
    environment.rename("src/deep/er/marmot.rs", "lib/animal.rs");
    assert_found(&environment, "marmot", &["lib/animal.rs"], "after a rename");
    environment.remove("lib/animal.rs");
    assert_found(&environment, "marmot", &[], "after its file was deleted");
}

#[test]
fn a_file_that_becomes_ignored_is_gone() {
    let environment = indexed();
    environment.write(".gitignore", "tools/\n");
    assert_found(
        &environment,
        "write_report",
        &[],
        "after its folder was ignored",
    );
    environment.remove(".gitignore");
    assert_found(
        &environment,
        "write_report",
        &["tools/writer.py"],
        "ignored no more",
    );
}

#[test]
fn a_branch_switch_is_seen_at_once() {
    let environment = Environment::new();
    environment.git(&["init", "-q", "-b", "main"]);
    write_samples(&environment);
    environment.git(&["add", "."]);
    environment.git(&["commit", "-q", "-m", "first"]);
    environment.index();
    let on_main = environment.rows();
    environment.git(&["switch", "-q", "-c", "feature"]);
    environment.write(
        "src/parser.rs",
        "/// Counts marmots.\npub fn marmots() {}\n",
    );
    environment.write("src/feature.rs", functions("feature", 4));
    environment.remove("README.md");
    environment.git(&["add", "-A"]);
    environment.git(&["commit", "-q", "-m", "second"]);
    assert_found(&environment, "marmots", &["src/parser.rs"], "on the branch");
    environment.git(&["switch", "-q", "main"]);
    assert_found(&environment, "marmots", &[], "back on main");
    assert_found(&environment, "azimuth", &["README.md"], "back on main");
    assert_same_rows(&environment.rows(), &on_main, "back on main");
    environment.git(&["switch", "-q", "feature"]);
    assert_found(&environment, "azimuth", &[], "on the branch again");
    assert_found(
        &environment,
        "feature_2",
        &["src/feature.rs"],
        "on the branch again",
    );
}

#[test]
fn without_a_refresh_no_text_is_shown_that_is_gone() {
    let environment = indexed();
    environment.write("notes.txt", "the marmot sleeps\n");
    environment.index();
    let before = environment.rows();
    environment.write("notes.txt", "the badger wakes up\n");
    environment.remove("tools/writer.py");
    for query in ["marmot", "write_report"] {
        let answer = environment.search_json_with(query, &["--no-refresh"]);
        for hit in hits_of(&answer) {
            let path = hit["path"].as_str().expect("a path");
            let text = hit["text"].as_str().expect("a text");
            assert_ne!(path, "tools/writer.py", "a hit in a deleted file: {hit:#}");
            assert!(
                environment.read(path).contains(text),
                "a hit that is not in its file: {hit:#}"
            );
            assert!(!text.contains("marmot"), "text that is gone: {hit:#}");
        }
    }
    assert_eq!(
        environment.stale_paths_found("read_header"),
        ["src/parser.rs"]
    );
    assert_same_rows(
        &environment.rows(),
        &before,
        "after searches with --no-refresh",
    );
}

#[test]
fn while_another_process_writes_changed_files_are_laid_over_the_index() {
    let environment = indexed();
    let before = environment.rows();
    let lock = hold_lock(&environment);
    environment.write(
        "src/parser.rs",
        "/// Counts marmots.\npub fn marmots() {}\n",
    );
    environment.write("src/new.rs", "/// Counts badgers.\npub fn badgers() {}\n");
    environment.remove("tools/writer.py");
    let begin = Instant::now();
    assert_found(
        &environment,
        "marmots",
        &["src/parser.rs"],
        "edited while the lock is held",
    );
    assert_found(
        &environment,
        "badgers",
        &["src/new.rs"],
        "new while the lock is held",
    );
    assert_found(
        &environment,
        "write_report",
        &[],
        "deleted while the lock is held",
    );
    assert_found(
        &environment,
        "read_header",
        &[],
        "edited out while the lock is held",
    );
    assert_found(
        &environment,
        "azimuth",
        &["README.md"],
        "unchanged while the lock is held",
    );
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "a search waits for no lock"
    );
    assert_same_rows(&environment.rows(), &before, "while the lock is held");
    drop(lock);
    assert_found(
        &environment,
        "marmots",
        &["src/parser.rs"],
        "after the lock was free",
    );
    assert_found(&environment, "write_report", &[], "after the lock was free");
}

#[test]
fn many_files_that_are_laid_over_the_index_give_the_same_answer_each_time() {
    let environment = indexed();
    let lock = hold_lock(&environment);
    for number in 0..40 {
        let text = format!("/// Counts marmots.\npub fn count_{number}() {{}}\n");
        environment.write(&format!("src/new_{number:02}.rs"), text);
    }
    let places = || -> Vec<String> {
        let answer = environment.search_json_with("marmots", &["--limit", "100"]);
        let hits = hits_of(&answer).iter();
        hits.map(|hit| format!("{}:{}", hit["path"], hit["start_line"]))
            .collect()
    };
    let first = places();
    assert_eq!(first.len(), 40, "every file is found: {first:?}");
    for _ in 0..3 {
        assert_eq!(places(), first);
    }
    drop(lock);
}

/// Writes with the time of an archive, as `tar`, `cp -p` and `rsync` do.
#[test]
fn a_change_that_keeps_size_and_time_is_seen() {
    let environment = indexed();
    let path = environment.workspace().join("animal.txt");
    let time = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let set_time = |path: &std::path::Path| {
        let file = OpenOptions::new().append(true).open(path).expect("a file");
        file.set_modified(time).expect("a time");
    };
    environment.write("animal.txt", "the marmot sleeps\n");
    set_time(&path);
    environment.index();
    environment.index();
    environment.write("animal.txt", "the badger sleeps\n");
    set_time(&path);
    assert_found(&environment, "badger", &["animal.txt"], "written over");
    environment.index();
    environment.write("copy.tmp", "the beaver sleeps\n");
    set_time(&environment.workspace().join("copy.tmp"));
    environment.rename("copy.tmp", "animal.txt");
    assert_found(&environment, "beaver", &["animal.txt"], "exchanged");
    assert_found(&environment, "badger", &[], "that is gone");
}
