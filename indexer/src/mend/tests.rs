//! Every kind of file of an index, damaged in every form: a search answers or says why not, only
//! what is damaged is restored, and afterwards everything is found as before.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use ollacode_store::EmbeddingCache;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::embed::{EmbedError, Embedded, Embedder, EmbeddingModel, Role};
use crate::embed_pipeline::EmbedReport;
use crate::search::{Freshness, SearchMode, SearchRequest};
use crate::walk::WalkLimits;

/// How long a search may take at most, on a machine that does other things, too.
const LONGEST: Duration = Duration::from_secs(30);
/// Names that are defined once each.
const NAMES: [&str; 4] = [
    "quasar_0_1_spin",
    "quasar_3_2_spin",
    "quasar_7_0_spin",
    "renamed_1_spin",
];
const DIMENSION: usize = 8;

/// An embedder whose vectors count words.
struct WordEmbedder(EmbeddingModel);

impl Default for WordEmbedder {
    fn default() -> WordEmbedder {
        WordEmbedder(EmbeddingModel {
            name: "words".to_owned(),
            digest: "1".to_owned(),
            weights: None,
            dimension: DIMENSION,
            window: 512,
            template: String::new(),
        })
    }
}

impl Embedder for WordEmbedder {
    fn model(&self) -> &EmbeddingModel {
        &self.0
    }

    fn wrap(&self, text: &str, _: Role) -> String {
        text.to_owned()
    }

    fn embed<'a>(&'a self, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, EmbedError>> {
        let vector = |text: &String| {
            let mut vector = vec![0.1; DIMENSION];
            for word in text.split_whitespace() {
                let hash = crate::prepare::hash(word.as_bytes());
                vector[usize::from(hash[0]) % DIMENSION] += 1.0;
            }
            let length = vector.iter().map(|value: &f32| value * value).sum::<f32>();
            vector.iter().map(|value| value / length.sqrt()).collect()
        };
        let vectors = texts.iter().map(vector).collect();
        let tokens = None;
        async move { Ok(Embedded { vectors, tokens }) }.boxed()
    }
}

/// A workspace with its index, and the cache of vectors.
struct World {
    folder: TempDir,
    embedder: WordEmbedder,
}

impl World {
    /// An index with several fragments and deletions, and with every kind of index.
    async fn made() -> World {
        let world = World::empty();
        fs::create_dir(world.root()).expect("the workspace");
        for number in 0..10 {
            world.write(number, "quasar", number);
        }
        let index = world.index();
        refresh(&index).await;
        world.embed(&index).await;
        // Some rows are deleted again.
        world.write(1, "renamed", 1);
        refresh(&index).await;
        world.embed(&index).await;
        let events = |_: IndexEvent| {};
        {
            let _lock = index.lock(LockWait::No).await.expect("the lock");
            let (store, catalog) = index.open_for_writing(&events).await.expect("opened");
            let fingerprint = world.embedder.model().fingerprint();
            store
                .build_vector_index(&fingerprint)
                .await
                .expect("an index");
            record_versions(&store, &catalog).await.expect("recorded");
        }
        index.note_checksums().await.expect("checksums");
        world
    }

    fn empty() -> World {
        World {
            folder: tempfile::tempdir().expect("temporary folder"),
            embedder: WordEmbedder::default(),
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    fn index_folder(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    fn index(&self) -> Index {
        Index::new(self.root(), self.index_folder(), WalkLimits::default())
    }

    fn write(&self, number: usize, stem: &str, file: usize) {
        let mut text = String::new();
        for function in 0..4 {
            let name = match stem {
                "renamed" => format!("renamed_{function}_spin"),
                _ => format!("{stem}_{file}_{function}_spin"),
            };
            text.push_str(&format!("pub fn {name}(value: u64) -> u64 {{\n"));
            for line in 0..12 {
                text.push_str(&format!("    let {stem}_{line} = value * {file}{line};\n"));
            }
            text.push_str("    value\n}\n\n");
        }
        fs::write(self.root().join(format!("file_{number}.rs")), text).expect("a file");
    }

    /// The same world at another place.
    fn copy(&self) -> World {
        let copy = World::empty();
        copy_folder(self.folder.path(), copy.folder.path());
        copy
    }

    async fn embed(&self, index: &Index) -> EmbedReport {
        let data = self.folder.path().join("data");
        let cache = EmbeddingCache::open(&data, 1 << 30).expect("a cache");
        let stop = CancellationToken::new();
        index
            .embed(&self.embedder, Some(cache), &|_| {}, &stop)
            .await
            .expect("embedded")
    }

    async fn search(&self, index: &Index, query: &str) -> Result<SearchedFor, IndexError> {
        let request = SearchRequest {
            query: query.to_owned(),
            also: Vec::new(),
            limit: 3,
            globs: Vec::new(),
            languages: Vec::new(),
            freshness: Freshness::Refresh,
        };
        let searched = index.search(&request, Some(&self.embedder), &|_| {});
        let results = tokio::time::timeout(LONGEST, searched).await;
        let results = results.unwrap_or_else(|_| panic!("a search for {query} does not end"))?;
        let first = results.hits.first();
        Ok(SearchedFor {
            first: first.map(|hit| (hit.chunk.path.clone(), hit.chunk.start_line)),
            is_hybrid: results.mode == SearchMode::Hybrid,
            notes: results.notes,
        })
    }

    /// What is found first for each name.
    async fn found(&self, index: &Index) -> Vec<SearchedFor> {
        let mut found = Vec::new();
        for name in NAMES {
            found.push(self.search(index, name).await.expect("an answer"));
        }
        found
    }

    /// What was set aside.
    fn set_aside(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.index_folder().join("damaged")) else {
            return Vec::new();
        };
        let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        entries.filter_map(name).collect()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct SearchedFor {
    first: Option<(String, u32)>,
    is_hybrid: bool,
    notes: Vec<String>,
}

async fn refresh(index: &Index) {
    let how = RefreshOptions::default();
    index.refresh(&how, &|_| {}).await.expect("a refresh");
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            fs::create_dir_all(&to).expect("a folder");
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("a copy");
        }
    }
}

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
        forms.map(|(number, form)| (files[number % files.len()].clone(), form))
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
