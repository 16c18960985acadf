//! Files that earlier versions of the program wrote: sessions are listed, exported and continued,
//! an index is updated.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Environment;
use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};

const SESSION: &str = "20261121-143005-k3x9";

const JOURNALS: [&str; 3] = [
    include_str!("fixtures/journal-without-times.jsonl"),
    include_str!("fixtures/journal-with-times.jsonl"),
    include_str!("fixtures/journal-with-forgotten.jsonl"),
];

/// The catalog of an index, with the tables of the first version.
const CATALOG: &[u8] = include_bytes!("fixtures/state.db");

fn only(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).expect("a folder");
    entries.next().expect("an entry").expect("an entry").path()
}

/// Puts the session of a journal among those of the workspace.
fn put_session(environment: &Environment, journal: &str) -> PathBuf {
    let sessions = only(&environment.data_folder().join("ollacode/sessions"));
    let folder = sessions.join(SESSION);
    fs::create_dir(&folder).expect("a folder");
    let workspace = environment.workspace();
    let workspace = workspace.to_str().expect("a plain path");
    let path = folder.join("journal.jsonl");
    fs::write(&path, journal.replace("/shop", workspace)).expect("a journal");
    path
}

#[test]
fn sessions_of_earlier_versions_are_listed_exported_and_continued() {
    for journal in JOURNALS {
        let replies = vec![Reply::text("Hello."), Reply::text("It has one function.")];
        let server = ChatServer::start(replies);
        let environment = Environment::new()
            .with("OLLAMA_HOST", &server.uri())
            .with("OLLAMA_MODEL", CHAT_MODEL);
        environment.write("notes.txt", "The kettle boils at ninety degrees up here.\n");
        // Another session makes the folder of the sessions of this workspace.
        environment.run(&["chat", "-p", "Hello?"]).expect_success();
        let path = put_session(&environment, journal);
        let before = fs::read_to_string(&path).expect("a journal");

        let listed = environment.run(&["sessions", "--json"]).expect_success();
        let listed = listed.json();
        let sessions = listed["sessions"].as_array().expect("sessions");
        let old = sessions.iter().find(|session| session["id"] == SESSION);
        let old = old.unwrap_or_else(|| panic!("it is not listed: {listed:#}"));
        assert_eq!(old["title"], "What does `main` do?");
        assert_eq!(old["turns"], 3);
        environment
            .run(&["sessions", "export", SESSION])
            .expect_success()
            .expect_words(&["Make it louder.", "It is louder now.", "And the library?"]);
        environment
            .run(&["log", SESSION])
            .expect_success()
            .expect_words(&["Make it louder.", "edit_file src/main.rs"]);

        let answer = environment
            .run(&[
                "chat",
                "--resume",
                SESSION,
                "--model",
                "scripted:30b",
                "-p",
                "Go on.",
            ])
            .expect_success();
        assert!(
            answer.stdout.contains("It has one function."),
            "{answer:#?}"
        );
        let requests = server.requests();
        let asked = requests.last().expect("a request").to_string();
        for said in ["Summary: the user asked", "Make it louder.", "Go on."] {
            assert!(asked.contains(said), "`{said}` is not in {asked}");
        }
        let after = fs::read_to_string(&path).expect("a journal");
        assert!(after.starts_with(&before), "{after}");
    }
}

#[test]
fn an_index_of_an_earlier_version_is_updated_and_loses_nothing() {
    let mut environment = Environment::new();
    environment.write("src/a.rs", "fn boil_the_kettle() {}\n");
    environment.write("src/b.rs", "fn pour_the_tea() {}\n");
    environment.index();
    let folder = environment.index_folder();
    for name in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::write(folder.join("state.db"), CATALOG).expect("an older catalog");
    let updated = environment.index();
    assert!(!updated.words().contains("damaged"), "{updated:#?}");
    let rows = environment.rows();
    assert_eq!(rows, environment.rows_of_a_clean_build());
    assert_eq!(environment.paths_found("pour_the_tea")[0], "src/b.rs");
}

#[test]
fn a_search_in_an_index_of_an_earlier_version_answers() {
    let environment = Environment::new();
    environment.write("src/a.rs", "fn boil_the_kettle() {}\n");
    environment.index();
    let folder = environment.index_folder();
    for name in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    fs::write(folder.join("state.db"), CATALOG).expect("an older catalog");
    assert_eq!(environment.paths_found("boil_the_kettle")[0], "src/a.rs");
}
