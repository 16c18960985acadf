//! Hostile trees and damaged indexes: runs succeed, and intact files are found.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::support::environment::{hits_of, paths_of};
use crate::support::rows::{assert_same_rows, paths};
use crate::support::samples::{functions, write_samples};
use crate::support::{Environment, ModelServer, Output};

/// A workspace with the intact files, besides others.
fn sound() -> Environment {
    let environment = Environment::new();
    write_samples(&environment);
    environment
}

const SOUND: [&str; 3] = ["README.md", "src/parser.rs", "tools/writer.py"];

#[track_caller]
fn assert_no_panic(output: &Output) {
    assert!(!output.words().contains("panicked"), "{output:#?}");
}

/// Indexes, and asserts that exactly the intact files and these are stored and found by their word.
#[track_caller]
fn assert_indexed(environment: &Environment, more: &[(&str, &str)]) {
    assert_no_panic(&environment.index());
    let mut expected: Vec<&str> = SOUND
        .into_iter()
        .chain(more.iter().map(|(path, _)| *path))
        .collect();
    expected.sort_unstable();
    assert_eq!(paths(&environment.rows()), expected, "paths in the index");
    for (path, word) in more {
        let found = environment.paths_found(word);
        assert_eq!(
            found.first().map(String::as_str),
            Some(*path),
            "the first hit for `{word}`"
        );
    }
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

#[test]
fn special_files_and_links_are_left_alone() {
    let environment = sound();
    let workspace = environment.workspace();
    let fifo = workspace.join("src/pipe.rs");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .expect("mkfifo")
            .success()
    );
    let _socket = UnixListener::bind(workspace.join("src/socket.rs")).expect("a socket");
    let outside = environment.outside().join("elsewhere");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("outside.rs"), "pub fn zyzzyva() {}\n").expect("a file");
    let outside_file = outside.join("outside.rs");
    for (target, link) in [
        (Path::new("/dev/zero"), "src/device.rs"),
        (Path::new("/etc/passwd"), "passwd.txt"),
        (Path::new("/nowhere/at/all"), "src/dangling.rs"),
        (outside.as_path(), "linked"),
        (outside_file.as_path(), "src/outside.rs"),
        (Path::new("parser.rs"), "src/inside.rs"),
        (Path::new(".."), "src/up"),
        (Path::new("loop_b"), "loop_a"),
        (Path::new("loop_a"), "loop_b"),
        (Path::new("."), "self"),
    ] {
        symlink(target, workspace.join(link)).expect("a link");
    }
    assert_indexed(&environment, &[]);
    assert_eq!(
        environment.paths_found("zyzzyva root:x:0"),
        Vec::<String>::new()
    );
}

#[test]
fn a_file_replaced_by_a_link_outside_is_gone() {
    let environment = sound();
    environment.index();
    let outside = environment.outside().join("outside.rs");
    fs::write(&outside, environment.read("src/parser.rs")).expect("a file");
    environment.remove("src/parser.rs");
    symlink(&outside, environment.workspace().join("src/parser.rs")).expect("a link");
    assert_eq!(
        environment.stale_paths_found("read_header"),
        Vec::<String>::new()
    );
    assert_eq!(environment.paths_found("read_header"), Vec::<String>::new());
}

#[test]
fn folders_nested_too_deep_are_cut_off() {
    let environment = sound();
    let deep = vec!["d"; 40].join("/");
    let fine = format!("{deep}/fine.rs");
    environment.write(&fine, "pub fn marmot() {}\n");
    environment.write(
        &format!("{deep}/{deep}/{deep}/lost.rs"),
        "pub fn lost() {}\n",
    );
    assert_indexed(&environment, &[(fine.as_str(), "marmot")]);
}

#[test]
fn brackets_nested_without_end_become_line_chunks() {
    let environment = sound();
    let open = "((((((((((((((((((((\n".repeat(2_000);
    let close = "))))))))))))))))))))\n".repeat(2_000);
    let array = "[[[[[[[[[[[[[[[[[[[[\n".repeat(2_000);
    let block = "{{{{{{{{{{{{{{{{{{{{\n".repeat(2_000);
    let tags = "<div><div><div><div>\n".repeat(2_000);
    let more = [
        (
            "deep/deep.rs",
            format!("fn marmot() {{\n{open}1\n{close}}}\n"),
            "marmot",
        ),
        (
            "deep/deep.py",
            format!("badger = \\\n{open}1\n{close}"),
            "badger",
        ),
        (
            "deep/deep.json",
            format!("{{\"beaver\":\n{array}"),
            "beaver",
        ),
        (
            "deep/deep.js",
            format!("function donkey() {block}"),
            "donkey",
        ),
        ("deep/deep.html", format!("<p>weasel</p>\n{tags}"), "weasel"),
    ];
    for (path, text, _) in &more {
        environment.write(path, text);
    }
    let words: Vec<(&str, &str)> = more.iter().map(|(path, _, word)| (*path, *word)).collect();
    assert_indexed(&environment, &words);
}

#[test]
fn a_huge_file_of_one_line_is_skipped_even_if_its_size_is_allowed() {
    let mut environment = sound();
    environment.write("huge.js", "f(x);y=1;".repeat(6 << 20));
    environment.index().expect_words(&["over the size limit"]);
    environment.set("OLLACODE_MAX_FILE_SIZE", "100M");
    environment.index().expect_words(&["minified"]);
    assert_eq!(paths(&environment.rows()), SOUND);
}

#[test]
fn one_long_line_among_short_ones_is_found_to_its_end() {
    let environment = sound();
    let long = "filler ".repeat(1_500);
    let text = format!(
        "{}{long}marmot\n{}",
        "short line\n".repeat(60),
        "short line\n".repeat(60)
    );
    environment.write("long.txt", text);
    assert_indexed(&environment, &[("long.txt", "marmot")]);
    let answer = environment.search_json("marmot");
    let hit = &hits_of(&answer)[0];
    assert!(
        hit["text"]
            .as_str()
            .is_some_and(|text| text.contains("marmot")),
        "{hit:#}"
    );
    assert_eq!(hit["end_line"], 61);
}

#[test]
fn odd_names_are_kept_or_counted() {
    let environment = sound();
    let more = [
        ("odd/new\nline.rs", "marmot"),
        ("odd/it's \"quoted\".rs", "badger"),
        ("--leading-dash.rs", "beaver"),
        ("odd/🦀 crab.rs", "donkey"),
        ("odd/percent%20 {glob}*[a].rs", "weasel"),
        ("odd/\u{1b}[31mred.rs", "walrus"),
        ("odd/back\\slash.rs", "hamster"),
        ("odd/'; DROP TABLE chunks; --.rs", "giraffe"),
    ];
    for (path, word) in more {
        environment.write(path, format!("pub fn {word}() {{}}\n"));
    }
    let invalid = environment
        .workspace()
        .join(std::ffi::OsStr::from_bytes(b"not\xffutf8.rs"));
    // Some file systems refuse such a name.
    let _ = fs::write(invalid, "pub fn zyzzyva() {}\n");
    assert_indexed(&environment, &more);
    assert_eq!(environment.paths_found("zyzzyva"), Vec::<String>::new());
    let plain = environment.run(&["search", "walrus"]).expect_success();
    assert!(
        !plain.stdout.contains('\u{1b}'),
        "no escape code of a name is printed: {plain:#?}"
    );
    for (path, _) in more {
        environment.remove(path);
    }
    assert_indexed(&environment, &[]);
}

#[test]
fn odd_contents_are_indexed_or_counted() {
    let environment = sound();
    environment.write(
        "windows.rs",
        "/// A marmot.\r\npub fn one() {}\r\n\r\npub fn two() {}\r\n",
    );
    environment.write("mark.py", "\u{feff}# badger\nvalue = 1\n");
    environment.write("latin.txt", b"the beaver caf\xe9 is open\n");
    environment.write("no_newline.txt", "donkey");
    environment.write("old_mac.txt", "weasel\rwalrus\rhamster");
    environment.write("empty.rs", "");
    environment.write("blank.rs", "\n\n  \n");
    environment.write("binary.rs", b"pub fn zyzzyva() {}\0\0\0");
    environment.write("large.rs", "// zyzzyva\n".repeat(120_000));
    let said = environment.index();
    assert_no_panic(&said);
    let mut expected = vec![
        "latin.txt",
        "mark.py",
        "no_newline.txt",
        "old_mac.txt",
        "windows.rs",
    ];
    expected.extend(SOUND);
    expected.sort_unstable();
    assert_eq!(paths(&environment.rows()), expected);
    for (word, path) in [
        ("marmot", "windows.rs"),
        ("badger", "mark.py"),
        ("beaver", "latin.txt"),
        ("donkey", "no_newline.txt"),
        ("hamster", "old_mac.txt"),
    ] {
        let found = environment.paths_found(word);
        assert_eq!(
            found.first().map(String::as_str),
            Some(path),
            "the first hit for `{word}`"
        );
    }
    assert_eq!(environment.paths_found("zyzzyva"), Vec::<String>::new());
}

#[test]
fn what_may_not_be_read_is_counted() {
    let environment = sound();
    environment.write("locked.rs", "pub fn zyzzyva() {}\n");
    let path = environment.workspace().join("locked.rs");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("rights");
    // Root reads everything.
    if fs::read(&path).is_ok() {
        return;
    }
    environment.index().expect_words(&["permission denied"]);
    assert_eq!(paths(&environment.rows()), SOUND);
}

#[test]
fn files_that_vanish_meanwhile_are_no_failure() {
    let environment = sound();
    let flicker = environment.workspace().join("flicker");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::create_dir_all(flicker.join("deep")).expect("folders");
                for number in 0..20 {
                    let text = format!("pub fn flicker_{number}() {{}}\n");
                    fs::write(flicker.join(format!("deep/file_{number}.rs")), text)
                        .expect("a file");
                }
                fs::remove_dir_all(&flicker).expect("folders to delete");
            }
        });
        let outputs: Vec<Output> = (0..5).map(|_| environment.run(&["index"])).collect();
        stop.store(true, Ordering::Relaxed);
        for output in outputs {
            output.expect_success();
        }
    });
    assert_indexed(&environment, &[]);
}

/// The newest manifest of the chunks.
fn newest_manifest(environment: &Environment) -> PathBuf {
    // Names count down, so that the newest is listed first.
    manifests(environment).remove(0)
}

fn manifests(environment: &Environment) -> Vec<PathBuf> {
    let versions = environment.index_folder().join("chunks.lance/_versions");
    let entries = fs::read_dir(versions).expect("versions");
    let mut manifests: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    manifests.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "manifest")
    });
    manifests.sort();
    manifests
}

/// An index with several versions, and a file that is only in the newest one.
fn with_versions() -> Environment {
    let environment = sound();
    environment.index();
    environment.write("src/new.rs", functions("marmot", 3));
    environment.index();
    environment
}

#[track_caller]
fn assert_healed(environment: &mut Environment, when: &str) -> Output {
    let said = environment.index();
    assert_no_panic(&said);
    let expected = environment.rows_of_a_clean_build();
    assert_same_rows(&environment.rows(), &expected, when);
    assert_eq!(
        environment.paths_found("marmot_1")[0],
        "src/new.rs",
        "a search {when}"
    );
    said
}

#[test]
fn an_empty_or_damaged_manifest_is_healed_by_the_next_run() {
    for (damage, what) in [
        (b"".as_slice(), "an empty manifest"),
        ([0xA5; 300].as_slice(), "a damaged manifest"),
    ] {
        let mut environment = with_versions();
        fs::write(newest_manifest(&environment), damage).expect("damage");
        assert_healed(&mut environment, what);
    }
}

#[test]
fn a_search_heals_too() {
    let environment = with_versions();
    fs::write(newest_manifest(&environment), b"").expect("damage");
    assert_eq!(environment.paths_found("marmot_1")[0], "src/new.rs");
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

#[test]
fn a_search_on_cut_off_data_builds_the_index_anew() {
    let environment = with_versions();
    let data = environment.index_folder().join("chunks.lance/data");
    for entry in fs::read_dir(data).expect("data files") {
        let path = entry.expect("an entry").path();
        let file = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .expect("a data file");
        file.set_len(200).expect("damage");
    }
    let said = environment.run(&["search", "marmot_1"]).expect_success();
    assert!(said.stdout.contains("src/new.rs:"), "{said:#?}");
    said.expect_words(&["damaged"]);
    assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
}

#[test]
fn a_search_with_a_damaged_catalog_answers_whether_or_not_there_is_a_model() {
    for model in ["none", "absent-model"] {
        let environment = with_versions()
            .with("OLLAMA_EMBED_MODEL", model)
            .with("OLLAMA_HOST", "http://127.0.0.1:9");
        let folder = environment.index_folder();
        for name in ["state.db-wal", "state.db-shm"] {
            // They exist only while the database is open.
            let _ = fs::remove_file(folder.join(name));
        }
        fs::write(folder.join("state.db"), [0xA5; 8_192]).expect("damage");
        environment
            .run(&["index", "--list"])
            .expect_words(&["not readable"]);
        assert_eq!(environment.paths_found("marmot_1")[0], "src/new.rs");
        assert_eq!(environment.paths_found("read_header")[0], "src/parser.rs");
    }
}

#[test]
fn an_index_without_a_sound_manifest_is_set_aside_and_rebuilt() {
    let mut environment = with_versions();
    for manifest in manifests(&environment) {
        fs::write(manifest, [0xA5; 300]).expect("damage");
    }
    let said = assert_healed(&mut environment, "after all manifests were damaged");
    said.expect_words(&["damaged"]);
}

#[test]
fn chunks_that_are_lost_are_not_searched_until_their_files_are_read_again() {
    let environment = sound();
    environment.index();
    let data = environment.index_folder().join("chunks.lance/data");
    for entry in fs::read_dir(data).expect("data files") {
        let path = entry.expect("an entry").path();
        let length = fs::metadata(&path).expect("metadata").len();
        let nonsense = vec![0xA5; usize::try_from(length).expect("a length")];
        fs::write(path, nonsense).expect("damage");
    }
    let answer = environment
        .run(&["search", "read_header", "--json", "--no-refresh"])
        .json();
    assert_eq!(paths_of(&answer), Vec::<String>::new());
    assert_eq!(
        answer["not_searched"]["not_indexed_yet"], answer["index"]["files"],
        "{answer:#}"
    );
    let answer = environment.run(&["search", "read_header", "--json"]).json();
    assert_eq!(
        paths_of(&answer).first().map(String::as_str),
        Some("src/parser.rs")
    );
}

#[test]
fn missing_data_files_are_noticed() {
    let mut environment = with_versions();
    let data = environment.index_folder().join("chunks.lance/data");
    for entry in fs::read_dir(data).expect("data files") {
        fs::remove_file(entry.expect("an entry").path()).expect("a file to delete");
    }
    assert_healed(&mut environment, "after the data files were lost");
}

#[test]
fn damaged_bookkeeping_is_set_aside_and_rebuilt() {
    let mut environment = with_versions();
    let folder = environment.index_folder();
    for name in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::write(folder.join("state.db"), [0xA5; 8_192]).expect("damage");
    let said = assert_healed(&mut environment, "after state.db was damaged");
    said.expect_words(&["damaged"]);
}

#[test]
fn lost_bookkeeping_is_made_anew() {
    let mut environment = with_versions();
    let folder = environment.index_folder();
    for name in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::remove_file(folder.join("state.db")).expect("a file to delete");
    assert_healed(&mut environment, "after state.db was lost");
}

#[test]
fn a_damaged_cache_of_vectors_is_set_aside() {
    let server = ModelServer::start();
    let environment = Environment::on(&server);
    write_samples(&environment);
    fs::create_dir_all(environment.data_folder().join("ollacode")).expect("a folder");
    fs::write(
        environment.data_folder().join("ollacode/embeddings.db"),
        [0xA5; 8_192],
    )
    .expect("damage");
    environment.index().expect_words(&["damaged"]);
    let answer = environment.search_json("read_header");
    assert_eq!(answer["mode"], "hybrid");
    assert_eq!(hits_of(&answer)[0]["path"], "src/parser.rs");
}
