//! Every kind of file of an index, damaged in every form: a search answers or says why not, only
//! what is damaged is restored, and afterwards everything is found as before.

mod world;

use std::collections::BTreeMap;
use std::path::Path;

use futures::{StreamExt, stream};
use world::{NAMES, SearchedFor, World, refresh};

use super::*;
use crate::embed_pipeline::EmbedReport;

/// A form of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Empty,
    Half,
    Zeros,
    Missing,
}

const FORMS: [Form; 4] = [Form::Empty, Form::Half, Form::Zeros, Form::Missing];

impl Form {
    fn damage(self, path: &Path) {
        let mut bytes = fs::read(path).expect("a file");
        match self {
            Form::Empty => bytes.clear(),
            Form::Half => bytes.truncate(bytes.len() / 2),
            Form::Zeros => {
                let (from, to) = (bytes.len() / 3, 2 * bytes.len() / 3);
                bytes[from..to].fill(0);
            }
            Form::Missing => {
                fs::remove_file(path).expect("a file to remove");
                return;
            }
        }
        fs::write(path, bytes).expect("damage");
    }
}

/// The files of an index by kind, each path in its folder.
fn files_by_kind(folder: &Path) -> BTreeMap<String, Vec<String>> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(&below).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(folder).expect("below").to_string_lossy();
            let relative = relative.replace('\\', "/");
            let is_empty = fs::metadata(&path).expect("a file").len() == 0;
            if !is_empty && !relative.starts_with("writer.") && !relative.contains("state.db-") {
                kinds.entry(kind_of(&relative)).or_default().push(relative);
            }
        }
    }
    for (kind, files) in &mut kinds {
        files.sort();
        // Names count down: the newest version is the first. No other is read.
        if kind.ends_with(".manifest") {
            files.truncate(1);
        }
    }
    kinds
}

/// `chunks.lance/_indices/#/page_data.lance`
fn kind_of(path: &str) -> String {
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    let is_of_index = parts.get(1).is_some_and(|part| part == "_indices");
    if let (true, Some(id)) = (is_of_index, parts.get_mut(2)) {
        "#".clone_into(id);
    } else if parts.len() == 3 && parts[2] != "latest_version_hint.json" {
        let (_, extension) = parts[2].rsplit_once('.').unwrap_or_default();
        parts[2] = format!("#.{extension}");
    }
    parts.join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_file_is_damaged_a_search_answers_and_only_that_is_restored() {
    let world = World::made().await;
    let expected = world.found(&world.index()).await;
    for (found, name) in expected.iter().zip(NAMES) {
        assert!(
            found.first.is_some() && found.is_hybrid,
            "{name}: {found:?}"
        );
        assert_eq!(found.notes, Vec::<String>::new(), "{name}");
    }
    let checked = world.index().check().await.expect("looked at");
    assert_eq!(checked, IndexCheck::Current);
    let kinds = files_by_kind(&world.index_folder());
    for wanted in [
        "state.db",
        "checksums",
        "chunks.lance/_versions/#.manifest",
        "chunks.lance/data/#.lance",
        "chunks.lance/_indices/#/page_data.lance",
    ] {
        assert!(kinds.contains_key(wanted), "{wanted} in {:?}", kinds.keys());
    }
    let has = |part: &str| kinds.keys().any(|kind| kind.contains(part));
    assert!(
        has("chunks.lance/_deletions/") && has("vectors_"),
        "{kinds:?}"
    );
    let cases = kinds.values().flat_map(|files| {
        let forms = FORMS.into_iter().enumerate();
        forms.map(move |(number, form)| (files[number % files.len()].clone(), form))
    });
    let (world, expected) = (&world, &expected);
    stream::iter(cases)
        .map(|(file, form)| async move {
            let copy = world.copy();
            damaged_and_restored(&copy, &file, form, expected).await;
        })
        .buffer_unordered(4)
        .collect::<Vec<()>>()
        .await;
}

async fn damaged_and_restored(world: &World, file: &str, form: Form, expected: &[SearchedFor]) {
    let what = format!("{file} {form:?}");
    form.damage(&world.index_folder().join(file));
    let index = world.index();
    match world.search(&index, NAMES[0]).await {
        Ok(_) => {}
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains('\n'), "{what}: {text}");
        }
    }
    // What a search could not mend, the next run does.
    let _ = index.finish_mending().await;
    drop(index);
    let index = world.index();
    let _ = index.check().await;
    refresh(&index).await;
    let embedded = world.embed(&index).await;
    assert_eq!(embedded.embedded, 0, "{what}: vectors were made anew");
    let is_of_vectors = file.starts_with("vectors_") && !file.contains("/_indices/");
    assert!(
        is_of_vectors || embedded.from_cache == 0,
        "{what}: intact vectors were dropped"
    );
    let may_be_aside = file.ends_with(".manifest") || file == "state.db";
    let aside = world.set_aside();
    assert!(may_be_aside || aside.is_empty(), "{what}: {aside:?}");
    assert_eq!(world.found(&index).await, expected, "{what}");
    let checked = index.check().await;
    assert!(
        matches!(checked, Ok(IndexCheck::Current)),
        "{what}: {checked:?}"
    );
    assert!(!index.is_suspected(), "{what}");
}

#[tokio::test]
async fn a_step_back_begins_a_generation() {
    let world = World::made().await;
    // One is seen when the table is opened, the other by its checksum at the latest.
    for form in [Form::Empty, Form::Zeros] {
        let world = world.copy();
        let index = world.index();
        let before = index.generation().await.expect("a generation");
        let kinds = files_by_kind(&world.index_folder());
        let of_vectors = |kind: &&String| {
            kind.starts_with("vectors_") && kind.ends_with("/_versions/#.manifest")
        };
        let kind = kinds.keys().find(of_vectors).expect("a version of vectors");
        form.damage(&world.index_folder().join(&kinds[kind][0]));
        index.suspect(&[]);
        refresh(&index).await;
        let after = index.generation().await.expect("a generation");
        assert_ne!(before, after, "{form:?}");
    }
}

/// A manifest that has its length and says that it begins where it ends, on which LanceDB panics.
fn without_beginning(manifest: &Path) -> Vec<u8> {
    let mut bytes = fs::read(manifest).expect("a manifest");
    let end = (bytes.len() as u64).to_le_bytes();
    let trailer = bytes.len() - 16;
    bytes[trailer..trailer + end.len()].copy_from_slice(&end);
    bytes
}

#[tokio::test]
async fn a_version_that_does_not_open_comes_between_two_searches() {
    let world = World::made().await;
    let index = world.index();
    let expected = world.search(&index, NAMES[0]).await.expect("an answer");
    assert!(expected.first.is_some());
    let kinds = files_by_kind(&world.index_folder());
    let newest = &kinds["chunks.lance/_versions/#.manifest"][0];
    let path = world.index_folder().join(newest);
    // Names count down.
    let name = path.file_stem().and_then(|name| name.to_str());
    let number: u64 = name.and_then(|it| it.parse().ok()).expect("a number");
    let next = path.with_file_name(format!("{:020}.manifest", number - 1));
    fs::write(next, without_beginning(&path)).expect("another process is killed");
    let found = world.search(&index, NAMES[0]).await.expect("an answer");
    assert_eq!(found.first, expected.first);
    refresh(&world.index()).await;
    let found = world.search(&world.index(), NAMES[0]).await;
    assert_eq!(found.expect("an answer"), expected);
}

#[tokio::test]
async fn a_version_of_vectors_that_does_not_open_is_stepped_back_though_no_file_changed() {
    let world = World::made().await;
    // What was written last may be compared once more.
    refresh(&world.index()).await;
    let before = world.index().generation().await.expect("a generation");
    let kinds = files_by_kind(&world.index_folder());
    let of_vectors =
        |kind: &&String| kind.starts_with("vectors_") && kind.ends_with("/_versions/#.manifest");
    let kind = kinds.keys().find(of_vectors).expect("a version of vectors");
    let path = world.index_folder().join(&kinds[kind][0]);
    fs::write(&path, without_beginning(&path)).expect("damage");
    let index = world.index();
    refresh(&index).await;
    assert_ne!(index.generation().await.expect("a generation"), before);
    let embedded = world.embed(&index).await;
    assert_eq!(embedded.embedded, 0, "vectors were made anew");
}

#[tokio::test]
async fn a_damaged_index_of_words_does_without_and_is_built_anew_behind() {
    let world = World::made().await;
    let kinds = files_by_kind(&world.index_folder());
    let is_of_words = |kind: &&String| kind.contains("chunks.lance/_indices/#/part_");
    let kind = kinds.keys().find(is_of_words);
    let kind = kind.unwrap_or_else(|| panic!("no part of a full-text index in {kinds:?}"));
    for file in kinds[kind].iter().flat_map(|file| {
        let (folder, _) = file.rsplit_once('/').expect("a folder");
        fs::read_dir(world.index_folder().join(folder)).expect("a folder")
    }) {
        Form::Empty.damage(&file.expect("an entry").path());
    }
    let index = world.index();
    let found = world.search(&index, NAMES[1]).await.expect("an answer");
    assert_eq!(
        found.first.map(|(path, _)| path).as_deref(),
        Some("file_3.rs")
    );
    let says = |part: &str| found.notes.iter().any(|note| note.contains(part));
    assert!(says("full-text index cannot be read"), "{:?}", found.notes);
    let mended = index.finish_mending().await.expect("mended");
    assert_eq!(mended.len(), 1, "{mended:?}");
    assert!(mended[0].contains("built anew"), "{mended:?}");
    let found = world.search(&index, NAMES[1]).await.expect("an answer");
    assert_eq!(found.notes, Vec::<String>::new());
    assert_eq!(world.set_aside(), Vec::<String>::new());
}

#[tokio::test]
async fn a_damaged_index_of_languages_does_without_and_is_built_anew_behind() {
    let world = World::made().await;
    let kinds = files_by_kind(&world.index_folder());
    let kind = kinds.keys().find(|kind| kind.contains("/bitmap_"));
    let kind = kind.unwrap_or_else(|| panic!("no index of the languages in {kinds:?}"));
    for file in &kinds[kind] {
        Form::Empty.damage(&world.index_folder().join(file));
    }
    let index = world.index();
    let found = world.search_in(&index, NAMES[1], &["rust"]).await;
    let found = found.expect("an answer");
    assert_eq!(
        found.first.map(|(path, _)| path).as_deref(),
        Some("file_3.rs")
    );
    assert!(found.is_hybrid);
    assert_eq!(found.notes.len(), 1, "{:?}", found.notes);
    assert!(found.notes[0].contains("index of names and paths cannot be read"));
    let mended = index.finish_mending().await.expect("mended");
    assert_eq!(mended.len(), 1, "{mended:?}");
    assert!(mended[0].contains("built anew"), "{mended:?}");
    let found = world.search_in(&index, NAMES[1], &["rust"]).await;
    assert_eq!(found.expect("an answer").notes, Vec::<String>::new());
    let kinds = files_by_kind(&world.index_folder());
    assert!(kinds.contains_key(kind), "it is there again: {kinds:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_may_not_be_read_is_no_damage() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::made().await;
    let expected = world.found(&world.index()).await;
    let permit = |file: &str, mode| {
        let path = world.index_folder().join(file);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions");
        path
    };
    for files in files_by_kind(&world.index_folder()).values() {
        let path = permit(&files[0], 0o000);
        if fs::File::open(path).is_ok() {
            // Root reads everything.
            permit(&files[0], 0o600);
            return;
        }
        let index = world.index();
        if let Err(error) = world.search(&index, NAMES[0]).await {
            assert!(!error.to_string().contains('\n'), "{error}");
        }
        let _ = index.finish_mending().await;
        permit(&files[0], 0o600);
        assert_eq!(world.set_aside(), Vec::<String>::new(), "{files:?}");
        let index = world.index();
        refresh(&index).await;
        let embedded = world.embed(&index).await;
        assert_eq!(
            (embedded.embedded, embedded.from_cache),
            (0, 0),
            "{files:?}"
        );
        assert_eq!(world.found(&index).await, expected, "{files:?}");
    }
}

#[tokio::test]
async fn a_lost_catalog_is_made_from_the_tables() {
    let world = World::made().await;
    let expected = world.found(&world.index()).await;
    fs::write(world.index_folder().join("state.db"), [0xA5; 8_192]).expect("damage");
    let index = world.index();
    // A program asks these before it searches.
    assert!(!index.has_vectors().await.expect("no error"));
    assert_eq!(index.complete_model().await.expect("no error"), None);
    assert_eq!(index.digest_for("weights").await.expect("no error"), None);
    assert!(
        world
            .search(&index, NAMES[0])
            .await
            .expect("an answer")
            .first
            .is_some()
    );
    let version = |store: Store| async move { store.version().await.expect("a version") };
    let before = version(index.store().await.expect("a store")).await;
    refresh(&index).await;
    let after = version(index.store().await.expect("a store")).await;
    assert_eq!(before, after, "no chunk was written again");
    assert_eq!(world.embed(&index).await, EmbedReport::default());
    assert_eq!(world.found(&index).await, expected);
    let aside = world.set_aside();
    assert!(
        aside.len() == 1 && aside[0].starts_with("state"),
        "{aside:?}"
    );
}

#[tokio::test]
async fn rows_that_come_back_with_a_lost_list_of_deletions_are_found_or_removed() {
    let world = World::made().await;
    let index = world.index();
    for files in files_by_kind(&world.index_folder()).values() {
        if files[0].contains("/_deletions/") {
            Form::Missing.damage(&world.index_folder().join(&files[0]));
        }
    }
    refresh(&index).await;
    assert_eq!(world.embed(&index).await.embedded, 0);
    // What was renamed away is not found under its old name.
    let old = world
        .search(&index, "quasar_1_2_spin")
        .await
        .expect("an answer");
    assert_ne!(
        old.first.map(|(path, _)| path).as_deref(),
        Some("file_1.rs")
    );
    // And again under its old name it has all its vectors.
    world.write(1, "quasar", 1);
    refresh(&index).await;
    assert_eq!(world.embed(&index).await.embedded, 0);
    let found = world
        .search(&index, "quasar_1_2_spin")
        .await
        .expect("an answer");
    assert_eq!(
        found.first.map(|(path, _)| path).as_deref(),
        Some("file_1.rs")
    );
    assert!(found.is_hybrid);
}
