//! What callers of the store rely on, against real tables in temporary folders.

#[path = "store/nearest.rs"]
mod nearest;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use ollacode_store::{
    Catalog, CatalogStamp, Chunk, ChunkKind, ChunkRow, ContentKey, FileRecord, Filter, Inspection,
    MaintenancePolicy, OpenMode, OpenOptions, PathSet, RecordedFile, Recovery, Store, StoreError,
    TextQuery, VectorRow,
};

const FINGERPRINT: &str = "0123456789abcdef";

fn row(path: &str, start_line: u32, text: &str) -> ChunkRow {
    ChunkRow {
        chunk: Chunk {
            path: path.to_owned(),
            language: "rust".to_owned(),
            kind: ChunkKind::Function,
            symbol: Some("run".to_owned()),
            scope: Vec::new(),
            definitions: vec!["run".to_owned()],
            start_line,
            end_line: start_line + 4,
            text: text.to_owned(),
        },
        header: path.replace('/', " "),
        content_key: ContentKey::of(text),
    }
}

async fn writer(folder: &Path) -> Store {
    Store::open(folder, OpenOptions::new(OpenMode::Write))
        .await
        .expect("open for writing")
}

async fn paths_found(store: &Store, words: &str) -> Vec<String> {
    let query = TextQuery::new(words);
    let snapshot = store.snapshot().await.expect("a snapshot");
    let hits = snapshot
        .search_text(&query, 10, &Filter::default())
        .await
        .expect("search");
    hits.into_iter().map(|(row, _)| row.chunk.path).collect()
}

fn newest_manifest(folder: &Path) -> PathBuf {
    let versions = folder.join("chunks.lance/_versions");
    let mut manifests: Vec<PathBuf> = fs::read_dir(versions)
        .expect("versions")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "manifest")
        })
        .collect();
    // Names count down, so that the newest is listed first.
    manifests.sort();
    manifests.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_nothing_is_told_so() {
    let folder = tempfile::tempdir().expect("folder");
    let opened = Store::open(folder.path(), OpenOptions::new(OpenMode::Read)).await;
    assert!(matches!(opened, Err(StoreError::NoIndex { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_are_found_by_their_words_indexed_or_not() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    store
        .append(&[row("a.rs", 1, "let manifestReader = open();")])
        .await
        .expect("append");
    assert_eq!(paths_found(&store, "reader").await, ["a.rs"]);
    store.index_text().await.expect("index");
    assert_eq!(paths_found(&store, "reader").await, ["a.rs"]);
    assert_eq!(paths_found(&store, "manifestreader").await, ["a.rs"]);
    store
        .replace(
            &["b.rs".to_owned()],
            &[row("b.rs", 1, "struct LineReader;")],
        )
        .await
        .expect("replace");
    let mut found = paths_found(&store, "reader").await;
    found.sort();
    assert_eq!(found, ["a.rs", "b.rs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_and_filters_count() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let rows = [
        row("a.rs", 1, "alpha one two"),
        row("it's.rs", 1, "omega one two"),
    ];
    // Both words are rare.
    let filler: Vec<ChunkRow> = (1..20)
        .map(|line| row("filler.rs", line, &format!("filler number {line}")))
        .collect();
    store.append(&filler).await.expect("append");
    store.append(&rows[..1]).await.expect("append");
    store.index_text().await.expect("index");
    // One chunk is in the full-text index, the other is read.
    store.append(&rows[1..]).await.expect("append");
    let snapshot = store.snapshot().await.expect("a snapshot");
    for (alpha, omega, first) in [(10, 1, "a.rs"), (1, 10, "it's.rs")] {
        let query = TextQuery::default().or("alpha", alpha).or("omega", omega);
        let hits = snapshot
            .search_text(&query, 10, &Filter::default())
            .await
            .expect("search");
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].0.chunk.path, first);
        assert!(hits[0].1 > 5.0 * hits[1].1);
    }
    let only = Filter {
        languages: Vec::new(),
        paths: Some(vec!["it's.rs".to_owned()].into()),
    };
    let hits = snapshot
        .search_text(&TextQuery::new("one"), 10, &only)
        .await
        .expect("search");
    assert_eq!(hits.len(), 1);
    // A run of paths is found by its ends, without those that the filter does not know.
    let known = ["a.rs", "b.rs", "it's.rs"].map(str::to_owned).into();
    let run = Filter {
        languages: vec!["rust".to_owned()],
        paths: Some(PathSet::among(known, |_| true)),
    };
    for (words, expected) in [("one", 2), ("filler", 0)] {
        let query = TextQuery::new(words);
        let hits = snapshot.search_text(&query, 10, &run).await;
        assert_eq!(hits.expect("search").len(), expected, "{words}");
    }
    let other = Filter {
        languages: vec!["python".to_owned()],
        paths: None,
    };
    let query = TextQuery::new("one");
    let none = snapshot.search_text(&query, 10, &other).await;
    assert!(none.expect("search").is_empty());
    let read = snapshot.rows(&[hits[0].0.row]).await.expect("rows");
    assert_eq!(read, rows[1..2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_many_chunks_have_is_left_out() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let mut rows: Vec<ChunkRow> = (1..4)
        .map(|line| row("a.rs", 10 * line, &format!("fn run() {{ {line} }}")))
        .collect();
    let mut rare = row("b.rs", 1, "fn rare() {}");
    rare.chunk.symbol = Some("rare".to_owned());
    rows.push(rare);
    store.append(&rows).await.expect("append");
    let snapshot = store.snapshot().await.expect("a snapshot");
    let names = ["run", "rare"].map(str::to_owned);
    for (most, expected) in [(usize::MAX, 4), (3, 4), (2, 1)] {
        let all = Filter::default();
        let found = snapshot.chunks_by_symbols(&names, most, &all).await;
        let found = found.expect("chunks");
        assert_eq!(found.len(), expected, "at most {most}");
        let last = found.last().and_then(|found| found.chunk.symbol.as_deref());
        assert_eq!(last, Some("rare"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replacing_is_one_commit_and_none_the_second_time() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let kept = row("a.rs", 1, "fn kept() {}");
    let old = row("a.rs", 9, "fn old() {}");
    let other = row("other.rs", 1, "fn other() {}");
    store
        .append(&[kept.clone(), old, other.clone()])
        .await
        .expect("append");
    store.index_text().await.expect("index");

    let paths = ["a.rs".to_owned()];
    let rows = [kept.clone(), row("a.rs", 9, "fn new() {}"), kept.clone()];
    let before = store.version().await.expect("version");
    let replaced = store.replace(&paths, &rows).await.expect("replace");
    assert_eq!(
        (replaced.inserted, replaced.deleted, replaced.commits),
        (1, 1, 1)
    );
    let after = store.version().await.expect("version");
    assert_eq!(after, before + 1);
    let stored = store.chunks_of_paths(&paths).await.expect("chunks");
    assert_eq!(stored, rows[..2]);

    let again = store.replace(&paths, &rows).await.expect("replace");
    assert_eq!(again.commits, 0);
    assert_eq!(store.version().await.expect("version"), after);

    let gone = store.replace(&paths, &[]).await.expect("delete");
    assert_eq!((gone.inserted, gone.deleted, gone.commits), (0, 2, 1));
    assert_eq!(store.replace(&paths, &[]).await.expect("delete").commits, 0);
    let pairs = store.path_keys().await.expect("keys");
    assert_eq!(pairs, [("other.rs".to_owned(), other.content_key)]);
    let by_key = store.chunks_by_keys(&[other.content_key]).await;
    assert_eq!(by_key.expect("chunks"), [other]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_head_manifest_is_healed() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    store
        .append(&[row("a.rs", 1, "fn first() {}")])
        .await
        .expect("append");
    store
        .append(&[row("b.rs", 1, "fn second() {}")])
        .await
        .expect("append");
    let version = store.version().await.expect("version");
    assert!(store.record_checksums(u64::MAX).await.expect("noted"));
    drop(store);
    fs::write(newest_manifest(folder.path()), b"").expect("damage");

    let opened = Store::open(folder.path(), OpenOptions::new(OpenMode::Read)).await;
    assert!(matches!(opened, Err(StoreError::Corrupt { .. })));
    let store = writer(folder.path()).await;
    let table = "chunks".to_owned();
    assert_eq!(
        store.recoveries(),
        [Recovery::RolledBack { table, version }]
    );
    assert_eq!(paths_found(&store, "first second").await, ["a.rs"]);
    store
        .append(&[row("b.rs", 1, "fn second() {}")])
        .await
        .expect("append");
    assert_eq!(store.chunk_count().await.expect("count"), 2);
    // The new version has the number of the damaged one, and no checksum of it.
    assert_eq!(store.version().await.expect("version"), version);
    assert!(store.record_checksums(u64::MAX).await.expect("noted"));
    let damaged = store.find_damage(Inspection::Contents, &[]).await;
    let damaged = damaged.expect("a look at the files");
    assert!(damaged.is_empty(), "{damaged:?}");
    drop(store);
    assert!(writer(folder.path()).await.recoveries().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_are_found_by_their_best_part() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let (left, right) = (ContentKey::of("left"), ContentKey::of("right"));
    let vector = |key, part, vector: [f32; 2]| VectorRow {
        key,
        part,
        vector: vector.to_vec(),
    };
    let mut rows = vec![vector(right, 0, [0.0, 1.0])];
    rows.extend((0..40_u16).map(|part| vector(left, part, [1.0, f32::from(part) / 100.0])));
    let found = store
        .search_vectors(FINGERPRINT, &[1.0, 0.0], 2)
        .await
        .expect("search");
    assert!(found.is_empty());
    store.add_vectors(FINGERPRINT, 2, &rows).await.expect("add");
    let found = store
        .search_vectors(FINGERPRINT, &[1.0, 0.0], 2)
        .await
        .expect("search");
    assert_eq!(
        found.iter().map(|(key, _)| *key).collect::<Vec<_>>(),
        [left, right]
    );
    assert!((found[0].1 - 1.0).abs() < 1e-5 && found[1].1.abs() < 1e-5);
    let among = store
        .search_vectors_among(FINGERPRINT, &[1.0, 0.0], 2, &[right])
        .await;
    assert_eq!(among.expect("search").len(), 1);
    store
        .delete_vectors(FINGERPRINT, &[left])
        .await
        .expect("delete");
    assert_eq!(store.vector_keys(FINGERPRINT).await.expect("keys").len(), 1);
    assert_eq!(
        store.vector_fingerprints().await.expect("names"),
        [FINGERPRINT]
    );
    assert!(store.record_checksums(u64::MAX).await.expect("noted"));
    let has_checksums = || {
        let noted = fs::read_to_string(folder.path().join("checksums"));
        noted.expect("checksums").contains(FINGERPRINT)
    };
    assert!(has_checksums());
    store.drop_vectors(FINGERPRINT).await.expect("drop");
    assert!(store.vector_fingerprints().await.expect("names").is_empty());
    // The versions of a table of the same name would have them.
    assert!(!has_checksums());
}

#[tokio::test(flavor = "multi_thread")]
async fn maintenance_keeps_rows_and_bounds_versions() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    store
        .append(&[row("a.rs", 1, "fn stays() {}")])
        .await
        .expect("append");
    store.index_text().await.expect("index");
    for round in 0..30 {
        let rows = [row("b.rs", 1, &format!("fn round{round}() {{}}"))];
        store
            .replace(&["b.rs".to_owned()], &rows)
            .await
            .expect("replace");
    }
    // As seen in an hour, every version but the last is old.
    let later = SystemTime::now() + Duration::from_secs(3_600);
    let policy = MaintenancePolicy {
        keep_versions_for: Duration::from_secs(1),
        min_keep_versions_for: Duration::from_secs(1),
        most_unindexed_rows: 0,
        ..MaintenancePolicy::default()
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    let report = store.maintain(&policy, later).await.expect("maintain");
    assert!(report.pruned_versions >= 20, "{report:?}");
    assert_eq!(store.chunk_count().await.expect("count"), 2);
    assert_eq!(paths_found(&store, "stays").await, ["a.rs"]);
    assert_eq!(paths_found(&store, "round29").await, ["b.rs"]);
}

#[test]
fn the_bookkeeping_knows_what_is_missing() {
    let folder = tempfile::tempdir().expect("folder");
    assert!(matches!(
        Catalog::open_read_only(folder.path()),
        Err(StoreError::NoIndex { .. })
    ));
    let mut state = Catalog::open(folder.path()).expect("state");
    let file = FileRecord {
        path: "a.rs".to_owned(),
        size: 9,
        modified_ns: 1,
        changed_ns: 2,
        inode: u64::MAX,
        hash: [1; 16],
        language: "rust".to_owned(),
        chunks: 3,
        status: None,
        rules: 4,
        unsure_since_ns: 5,
    };
    let (one, two) = (ContentKey::of("one"), ContentKey::of("two"));
    let recorded = RecordedFile {
        file: file.clone(),
        keys: vec![one, one, two],
    };
    state.record_files(&[recorded], Some(7)).expect("record");
    assert_eq!(state.chunks_version().expect("version"), Some(7));
    assert_eq!(state.files().expect("files"), [file]);
    let missing = state.missing_texts(FINGERPRINT).expect("missing");
    assert_eq!((missing.files.len(), missing.keys.len()), (1, 2));
    state.record_vectors(FINGERPRINT, &[one]).expect("vectors");
    let missing = state.missing_texts(FINGERPRINT).expect("missing");
    assert_eq!(missing.files[0].path, "a.rs");
    assert_eq!(missing.keys, [(two, 0)]);
    let counts = state.counts(FINGERPRINT).expect("counts");
    assert_eq!(
        (counts.files, counts.chunks, counts.embedded, counts.failed),
        (1, 3, 2, 0)
    );
    let reader = Catalog::open_read_only(folder.path()).expect("reader");
    assert_eq!(reader.languages().expect("languages").len(), 1);
    state
        .remove_files(&["a.rs".to_owned()], Some(8))
        .expect("remove");
    assert_eq!(
        state.orphan_vector_keys(FINGERPRINT, 10).expect("orphans"),
        [one]
    );
}

#[test]
fn reading_the_catalog_does_not_change_its_stamp() {
    let folder = tempfile::tempdir().expect("folder");
    drop(Catalog::open(folder.path()).expect("state"));
    let before = CatalogStamp::of(folder.path());
    let reader = Catalog::open_read_only(folder.path()).expect("reader");
    assert!(!reader.has_files().expect("an answer"));
    assert_eq!(CatalogStamp::of(folder.path()), before);
    drop(reader);
    assert_eq!(CatalogStamp::of(folder.path()), before);
    let mut state = Catalog::open(folder.path()).expect("state");
    state.set_meta("name", "value").expect("a write");
    assert_ne!(CatalogStamp::of(folder.path()), before);
}

#[test]
fn damaged_bookkeeping_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(folder.path().join("state.db"), vec![7; 8_192]).expect("damage");
    assert!(matches!(
        Catalog::open(folder.path()),
        Err(StoreError::Corrupt { .. })
    ));
}
