//! Vectors with an index: what it finds, with and without a filter; and rows by content key.

use std::collections::HashSet;
use std::fs;
use std::time::SystemTime;

use ollacode_store::{ContentKey, FillMoment, Filter, Inspection, VectorRow};

use super::{FINGERPRINT, row, writer};

const ROWS: usize = 10_240;
const WANTED: usize = 100;
const QUERIES: usize = 20;

/// Numbers from -1 to 1 that are the same each time.
struct Numbers(u64);

impl Numbers {
    fn number(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        let number = u16::try_from(self.0 >> 48).expect("16 bits");
        f32::from(number) / 32_767.5 - 1.0
    }

    /// A vector in no direction that is more likely than others: the hardest to tell apart.
    fn vector(&mut self, dimension: usize) -> Vec<f32> {
        let normal = |numbers: &mut Numbers| -> f32 { (0..6).map(|_| numbers.number()).sum() };
        (0..dimension).map(|_| normal(self)).collect()
    }
}

fn similarity(left: &[f32], right: &[f32]) -> f32 {
    let dot = |left: &[f32], right: &[f32]| -> f32 {
        left.iter()
            .zip(right)
            .map(|(left, right)| left * right)
            .sum()
    };
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}

/// The keys of the vectors nearest to a query.
fn nearest<'a>(query: &[f32], rows: impl Iterator<Item = &'a VectorRow>) -> HashSet<ContentKey> {
    let mut all: Vec<(f32, ContentKey)> = rows
        .map(|row| (similarity(query, &row.vector), row.key))
        .collect();
    all.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    all.into_iter().take(WANTED).map(|(_, key)| key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_finds_nearly_all_that_is_nearest() {
    // Vectors of the second have another kind of index.
    for dimension in [64, 60] {
        let folder = tempfile::tempdir().expect("folder");
        let store = writer(folder.path()).await;
        let mut numbers = Numbers(7);
        let rows: Vec<VectorRow> = (0..ROWS)
            .map(|at| VectorRow {
                key: ContentKey::of(&format!("chunk {at}")),
                part: 0,
                vector: numbers.vector(dimension),
            })
            .collect();
        let added = store.add_vectors(FINGERPRINT, dimension, &rows).await;
        added.expect("vectors");
        for is_due in [true, false] {
            let tended = store.tend_vectors(FINGERPRINT, FillMoment::Filled, SystemTime::now());
            assert_eq!(tended.await.expect("an index"), is_due);
        }
        let third: Vec<ContentKey> = rows.iter().step_by(3).map(|row| row.key).collect();
        let (mut found_all, mut found_third) = (0, 0);
        for _ in 0..QUERIES {
            let query = numbers.vector(dimension);
            let found = store.search_vectors(FINGERPRINT, &query, WANTED).await;
            let found = found.expect("a search");
            assert_eq!(found.len(), WANTED);
            let expected = nearest(&query, rows.iter());
            found_all += found
                .iter()
                .filter(|(key, _)| expected.contains(key))
                .count();
            let found = store
                .search_vectors_among(FINGERPRINT, &query, WANTED, &third)
                .await
                .expect("a search");
            assert_eq!(found.len(), WANTED);
            let expected = nearest(&query, rows.iter().step_by(3));
            found_third += found
                .iter()
                .filter(|(key, _)| expected.contains(key))
                .count();
        }
        let least = QUERIES * WANTED * 97 / 100;
        assert!(
            found_all >= least,
            "{dimension}: {found_all} of {}",
            QUERIES * WANTED
        );
        assert!(
            found_third >= least,
            "{dimension}: {found_third} of {}",
            QUERIES * WANTED
        );
        // However far they are, all of the few are found.
        let few: Vec<ContentKey> = rows[..7].iter().map(|row| row.key).collect();
        let query: Vec<f32> = rows[0].vector.iter().map(|value| -value).collect();
        let found = store
            .search_vectors_among(FINGERPRINT, &query, WANTED, &few)
            .await
            .expect("a search");
        assert_eq!(found.len(), few.len());
        assert_eq!(found[6].0, few[0], "the farthest is last");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_index_is_compared_and_what_is_deleted_is_not_found() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let mut numbers = Numbers(5);
    let rows: Vec<VectorRow> = (0..900)
        .map(|at| VectorRow {
            key: ContentKey::of(&format!("chunk {at}")),
            part: 0,
            vector: numbers.vector(64),
        })
        .collect();
    let added = store.add_vectors(FINGERPRINT, 64, &rows[..600]).await;
    added.expect("vectors");
    let built = store.build_vector_index(FINGERPRINT).await;
    built.expect("an index");
    let added = store.add_vectors(FINGERPRINT, 64, &rows[600..]).await;
    added.expect("vectors");
    // Of both kinds.
    let (gone, left): (Vec<_>, Vec<_>) = (0..900).partition(|at| at % 5 == 0);
    let gone: Vec<ContentKey> = gone.into_iter().map(|at: usize| rows[at].key).collect();
    let deleted = store.delete_vectors(FINGERPRINT, &gone).await;
    deleted.expect("a deletion");
    let mut found_of_best = 0;
    for query in (0..900).step_by(30) {
        let vector = &rows[query].vector;
        let found = store.search_vectors(FINGERPRINT, vector, WANTED).await;
        let found = found.expect("a search");
        assert!(found.is_sorted_by(|left, right| left.1 >= right.1));
        assert!(found.iter().all(|(key, _)| !gone.contains(key)));
        let expected = nearest(vector, left.iter().map(|at| &rows[*at]));
        found_of_best += found.iter().filter(|it| expected.contains(&it.0)).count();
        // Few of both kinds are compared one by one.
        let few: Vec<ContentKey> = [7, 11, 613, 777].map(|at: usize| rows[at].key).to_vec();
        let found = store.search_vectors_among(FINGERPRINT, vector, WANTED, &few);
        let found = found.await.expect("a search");
        let mut expected: Vec<(ContentKey, f32)> = rows
            .iter()
            .filter(|row| few.contains(&row.key))
            .map(|row| (row.key, similarity(vector, &row.vector)))
            .collect();
        expected.sort_by(|left, right| right.1.total_cmp(&left.1));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(expected) {
            assert_eq!(found.0, expected.0);
            let difference = (found.1 - expected.1).abs();
            assert!(difference < 1e-4, "{found:?} {expected:?}");
        }
    }
    assert!(found_of_best >= 30 * WANTED * 97 / 100, "{found_of_best}");
    let short = store.search_vectors(FINGERPRINT, &[1.0; 60], WANTED).await;
    let error = short.expect_err("another model").to_string();
    assert!(error.contains("60") && error.contains("64"), "{error}");
    for value in [f32::NAN, f32::INFINITY] {
        let mut vector = rows[0].vector.clone();
        vector[3] = value;
        let wrong = store.search_vectors(FINGERPRINT, &vector, WANTED).await;
        let error = wrong.expect_err("no direction").to_string();
        assert!(error.contains("no number"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_whose_deletion_is_lost_are_found_whatever_the_index_has() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let mut numbers = Numbers(11);
    let rows: Vec<VectorRow> = (0..600)
        .map(|at| VectorRow {
            key: ContentKey::of(&format!("chunk {at}")),
            part: 0,
            vector: numbers.vector(64),
        })
        .collect();
    for part in rows.chunks(300) {
        let added = store.add_vectors(FINGERPRINT, 64, part).await;
        added.expect("vectors");
    }
    let (key, vector) = (rows[7].key, &rows[7].vector);
    let deleted = store.delete_vectors(FINGERPRINT, &[key]).await;
    deleted.expect("a deletion");
    // So the index does not have it.
    let built = store.build_vector_index(FINGERPRINT).await;
    built.expect("an index");
    drop(store);
    let table = folder.path().join(format!("vectors_{FINGERPRINT}.lance"));
    for entry in fs::read_dir(table.join("_deletions")).expect("a folder") {
        fs::remove_file(entry.expect("an entry").path()).expect("damage");
    }

    let store = writer(folder.path()).await;
    let damaged = store.find_damage(Inspection::Lengths, &[]).await;
    let damaged = damaged.expect("a look at the files");
    let dropped = store.drop_damaged_rows(&damaged).await;
    assert_eq!(dropped.expect("a commit").len(), 1, "{damaged:?}");
    let keys = store.vector_keys(FINGERPRINT).await.expect("keys");
    assert_eq!(keys.len(), rows.len());
    let found = store.search_vectors(FINGERPRINT, vector, 1).await;
    assert_eq!(found.expect("a search")[0].0, key);
    // As one of another fragment.
    let other = store
        .search_vectors(FINGERPRINT, &rows[400].vector, 1)
        .await;
    assert_eq!(other.expect("a search")[0].0, rows[400].key);
    let deleted = store.delete_vectors(FINGERPRINT, &[key]).await;
    deleted.expect("a deletion");
    let keys = store.vector_keys(FINGERPRINT).await.expect("keys");
    assert!(!keys.contains(&key) && keys.len() == rows.len() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_found_by_key_in_each_version() {
    let folder = tempfile::tempdir().expect("folder");
    let store = writer(folder.path()).await;
    let everything = Filter::default();
    let rows = [
        row("a.rs", 1, "fn kept() {}"),
        row("b.rs", 1, "fn copied() {}"),
        row("c.rs", 1, "fn copied() {}"),
    ];
    store.append(&rows).await.expect("append");
    let before = store.snapshot().await.expect("a snapshot");
    let keys = [ContentKey::of("fn copied() {}")];
    let found = before.chunks_by_keys(&keys, &everything).await;
    let paths = |found: Vec<ollacode_store::FoundChunk>| -> Vec<String> {
        found.into_iter().map(|it| it.chunk.path).collect()
    };
    assert_eq!(paths(found.expect("chunks")), ["b.rs", "c.rs"]);
    // One copy goes, another comes.
    let changed = [
        row("b.rs", 1, "fn other() {}"),
        row("d.rs", 1, "fn copied() {}"),
    ];
    let names = ["b.rs".to_owned(), "d.rs".to_owned()];
    store.replace(&names, &changed).await.expect("replace");
    let after = store.snapshot().await.expect("a snapshot");
    let found = after.chunks_by_keys(&keys, &everything).await;
    assert_eq!(paths(found.expect("chunks")), ["c.rs", "d.rs"]);
    assert_eq!(
        after
            .count_of_key(keys[0], &everything)
            .await
            .expect("count"),
        2
    );
    let only = Filter {
        languages: Vec::new(),
        paths: Some(vec!["d.rs".to_owned()].into()),
    };
    let found = after.chunks_by_keys(&keys, &only).await;
    assert_eq!(paths(found.expect("chunks")), ["d.rs"]);
    assert_eq!(after.count_of_key(keys[0], &only).await.expect("count"), 1);
    // The version before is as it was.
    let found = before.chunks_by_keys(&keys, &everything).await;
    assert_eq!(paths(found.expect("chunks")), ["b.rs", "c.rs"]);
    // Nothing has the key of a text that never was.
    let unknown = [ContentKey::of("never")];
    let found = after.chunks_by_keys(&unknown, &everything).await;
    assert!(found.expect("chunks").is_empty());
}
