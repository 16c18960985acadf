//! Many packs, merging them, and one file of all.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use ollacode_store::CacheKey;

use super::machine::{DIMENSION, Machine, add, found, model, numbered};
use crate::shared::pack::{encode, file_name, make_pack};
use crate::shared::{SharedCache, SharedError};

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// Writes each vector as a pack of its own.
pub(super) async fn scatter(cache: &SharedCache, vectors: &[(CacheKey, Vec<f32>)]) {
    let folder = cache.model(&model()).state.folder.clone();
    for (key, vector) in vectors {
        let row = (key.bytes(), encode(vector).expect("a unit vector"));
        let pack = make_pack("ci@runner", DIMENSION, &[row]);
        let path = folder.clone().join(file_name(&pack.name));
        let payload = PutPayload::from(pack.bytes);
        let put = cache.inner.requests.store.put(&path, payload).await;
        put.expect("written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_packs_are_found_remembered_and_merged() {
    let store = memory();
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let writer = ann.writer(&store);
    let vectors = numbered(0..10_000);
    scatter(&writer, &vectors).await;
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &vectors).await, 10_000);
    let requests = reader.report().requests;
    assert!((20_000..20_100).contains(&requests), "{requests} requests");

    // The next run lists ten pages, and reads what it needs.
    let again = ben.reader(&store);
    assert_eq!(found(&again, &vectors[..3]).await, 3);
    let requests = again.report().requests;
    assert!(requests <= 14, "{requests} requests");

    let before = writer.statistics().await.expect("statistics");
    assert_eq!((before.packs, before.small_packs), (10_000, 10_000));
    let merged = writer.compact().await.expect("merged");
    assert_eq!((merged.packs_before, merged.packs_after), (10_000, 3));
    assert!(merged.bytes_after < merged.bytes_before);
    assert_eq!(merged.bad, []);
    let after = writer.statistics().await.expect("statistics");
    assert_eq!((after.packs, after.vectors), (3, 10_000));
    assert_eq!(after.writers, [("ci@runner".to_owned(), 10_000)]);

    // Whoever has the old list finds all the same, as does whoever begins now.
    assert_eq!(found(&again, &vectors).await, 10_000);
    let fresh = ben.reader(&store);
    assert_eq!(found(&fresh, &vectors).await, 10_000);
    // Three heads are new, and nobody was told that a pack is bad.
    assert_eq!(fresh.report().bad, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn merging_and_reading_at_the_same_time_lose_nothing() {
    let store = memory();
    let machines: Vec<Machine> = (0..4).map(|_| Machine::with(&[])).collect();
    let vectors = numbered(0..600);
    scatter(&machines[0].writer(&store), &vectors).await;
    let merging = [&machines[0], &machines[1]].map(|machine| {
        let cache = machine.writer(&store);
        tokio::spawn(async move { cache.compact().await })
    });
    let reading = [&machines[2], &machines[3]].map(|machine| {
        let cache = machine.reader(&store);
        let vectors = vectors.clone();
        tokio::spawn(async move {
            let mut counts = Vec::new();
            for some in vectors.chunks(60) {
                counts.push(found(&cache, some).await);
                // What is missed, because packs were merged again and again, the server would embed.
                counts.push(usize::from(cache.report().bad.is_empty()));
            }
            counts
        })
    });
    for merged in merging {
        merged.await.expect("a task").expect("merged");
    }
    for read in reading {
        for pair in read.await.expect("a task").chunks(2) {
            assert!(pair[0] <= 60);
            assert_eq!(pair[1], 1, "a pack that was merged is not bad");
        }
    }
    let last = Machine::with(&[]);
    assert_eq!(found(&last.reader(&store), &vectors).await, 600);
}

#[tokio::test]
async fn a_bad_pack_is_not_merged_and_stays() {
    let store = memory();
    let ann = Machine::with(&[]);
    let cache = ann.writer(&store);
    let vectors = numbered(0..20);
    scatter(&cache, &vectors[..2]).await;
    add(&cache, &vectors[2..]).await;
    let folder = cache.model(&model()).state.folder.clone();
    let bad = folder.clone().join(file_name(&"0".repeat(32)));
    store
        .put(&bad, PutPayload::from_static(b"no pack"))
        .await
        .expect("written");
    let statistics = cache.statistics().await.expect("statistics");
    assert_eq!(statistics.packs, 3);
    assert_eq!(statistics.bad.len(), 1);
    let writers = [("ann@desk".to_owned(), 18), ("ci@runner".to_owned(), 2)];
    assert_eq!(statistics.writers, writers);
    let merged = cache.compact().await.expect("merged");
    assert_eq!((merged.packs_before, merged.packs_after), (4, 2));
    assert_eq!(merged.bad.len(), 1);
    assert!(store.head(&bad).await.is_ok());
    let statistics = cache.statistics().await.expect("statistics");
    let both = [("ann@desk, ci@runner".to_owned(), 20)];
    assert_eq!(statistics.writers, both);
    // Nothing is left to merge.
    let merged = cache.compact().await.expect("merged");
    assert_eq!(merged.packs_before, merged.packs_after);
}

#[tokio::test]
async fn a_file_carries_vectors_to_another_store() {
    let (here, there) = (memory(), memory());
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let vectors = numbered(0..5_000);
    let cache = ann.writer(&here);
    add(&cache, &vectors).await;
    let bad = cache.model(&model()).state.folder.clone();
    let bad = bad.join(file_name(&"0".repeat(32)));
    let put = here.put(&bad, PutPayload::from_static(b"no pack")).await;
    put.expect("written");
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("vectors.export");
    let exported = cache.export(&file).await.expect("exported");
    assert_eq!((exported.packs, exported.vectors), (2, 5_000));
    assert_eq!(exported.bad.len(), 1);
    assert_eq!(exported.bytes, fs::metadata(&file).expect("a file").len());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    let again = cache.export(&file).await;
    assert!(matches!(again, Err(SharedError::File { .. })), "{again:?}");

    let other = ben.writer(&there);
    let imported = other.import(&file).await.expect("imported");
    assert_eq!((imported.added, imported.present), (2, 0));
    assert_eq!(imported.vectors, 5_000);
    assert_eq!(found(&ben.reader(&there), &vectors).await, 5_000);
    let imported = other.import(&file).await.expect("imported");
    assert_eq!((imported.added, imported.present), (0, 2));
}

#[tokio::test]
async fn a_file_that_is_no_export_or_damaged_is_refused() {
    let store = memory();
    let ann = Machine::with(&[]);
    let cache = ann.writer(&store);
    add(&cache, &numbered(0..10)).await;
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("vectors.export");
    cache.export(&file).await.expect("exported");
    let whole = fs::read(&file).expect("a file");

    let empty = memory();
    let other = ann.writer(&empty);
    let missing = other.import(&folder.path().join("missing")).await;
    assert!(matches!(
        missing,
        Err(SharedError::File {
            source: Some(_),
            ..
        })
    ));
    for (bytes, words) in [
        (b"text".to_vec(), "is not an export"),
        (Vec::new(), "is not an export"),
        (whole[..whole.len() / 2].to_vec(), "ends early"),
        (whole[..whole.len() - 1].to_vec(), "ends early"),
        ([&whole[..8], &[b'x'; 100][..]].concat(), "is damaged"),
        ([&whole[..56], &[255; 100][..]].concat(), "is damaged"),
    ] {
        fs::write(&file, bytes).expect("a file");
        let error = other.import(&file).await.expect_err(words);
        assert!(error.to_string().contains(words), "{error}");
    }
    // A byte of a vector.
    let mut damaged = whole.clone();
    damaged[whole.len() - 40] ^= 1;
    fs::write(&file, damaged).expect("a file");
    let imported = other.import(&file).await.expect("imported");
    assert_eq!((imported.added, imported.bad.len()), (0, 1));
    assert_eq!(imported.bad[0].writer, "ann@desk");
}

#[tokio::test]
async fn files_of_others_are_left_alone() {
    let store = memory();
    let ann = Machine::with(&[]);
    let cache = ann.writer(&store);
    add(&cache, &numbered(0..10)).await;
    for path in [
        "team/README",
        "team/v1/README",
        "team/v2/x/y.pack",
        "team/v1/x/y.pack",
    ] {
        let payload = PutPayload::from_static(b"text");
        store
            .put(&Path::from(path), payload)
            .await
            .expect("written");
    }
    let model_folder = cache.model(&model()).state.folder.clone();
    let copy = model_folder.join("old").join(file_name(&"0".repeat(32)));
    let put = store.put(&copy, PutPayload::from_static(b"text")).await;
    put.expect("written");
    let statistics = cache.statistics().await.expect("statistics");
    assert_eq!((statistics.models, statistics.packs), (1, 1));
    assert_eq!(statistics.bad, []);
    cache.compact().await.expect("merged");
    let directory = cache.model(&model()).directory(Duration::ZERO).await;
    let directory = directory.expect("a directory");
    assert_eq!(directory.packs.len(), 1);

    for path in ["team/README", "team/v1/README", "team/v1/x/y.pack"] {
        assert!(store.head(&Path::from(path)).await.is_ok(), "{path}");
    }
}
