//! Reading and writing packs, without an index.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use half::f16;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use super::machine::{
    DIMENSION, Machine, add, found, keys, limits, model, numbered, patient, shared,
};
use crate::embed::EmbeddingModel;
use crate::shared::pack::{file_name, make_pack};
use crate::shared::{SharedCache, SharedLimits, SharedOptions, SharedSecret, Standing};

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// A store in a folder, and the paths of its packs.
pub(super) fn folder_store(folder: &tempfile::TempDir) -> Arc<dyn ObjectStore> {
    Arc::new(LocalFileSystem::new_with_prefix(folder.path()).expect("a folder"))
}

pub(super) fn packs_in(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let models = fs::read_dir(folder.path().join("team/v1")).expect("the models");
    models
        .flat_map(|model| fs::read_dir(model.expect("a model").path()).expect("the packs"))
        .map(|pack| pack.expect("a pack").path())
        .collect()
}

/// Writes a pack as somebody else would.
async fn forge(cache: &SharedCache, model: &EmbeddingModel, value: f32, number: usize) {
    let half = f16::from_f32(value).to_le_bytes();
    let (key, _) = numbered(number..number + 1).remove(0);
    let row = (key.bytes(), half.repeat(model.dimension));
    let pack = make_pack("mallory@host", model.dimension, &[row]);
    let folder = cache.model(&self::model()).state.folder.clone();
    let path = folder.join(file_name(&pack.name));
    let store = &cache.inner.requests.store;
    let payload = PutPayload::from(pack.bytes);
    store.put(&path, payload).await.expect("written");
}

#[tokio::test]
async fn what_one_machine_adds_another_one_finds() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for store in [memory(), folder_store(&folder)] {
        let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
        let vectors = numbered(0..5_000);
        add(&ann.writer(&store), &vectors).await;
        let reader = ben.reader(&store);
        assert_eq!(reader.report().standing, Standing::NotAsked);
        assert_eq!(found(&reader, &vectors).await, 5_000);
        assert_eq!(found(&reader, &numbered(5_000..5_010)).await, 0);
        let report = reader.report();
        assert_eq!((report.read, report.standing), (5_000, Standing::Reachable));
        // One listing, two heads, two packs.
        assert_eq!(report.requests, 5);
        assert_eq!(report.bad, []);
    }
    assert_eq!(packs_in(&folder).len(), 2);
}

#[tokio::test]
async fn the_next_run_reads_only_what_is_new() {
    let store = memory();
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    add(&ann.writer(&store), &numbered(0..300)).await;
    assert_eq!(found(&ben.reader(&store), &numbered(0..300)).await, 300);
    add(&ann.writer(&store), &numbered(300..310)).await;
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &numbered(300..310)).await, 10);
    // A listing, one head, one pack.
    assert_eq!(reader.report().requests, 3);
}

#[tokio::test]
async fn little_that_is_needed_is_little_that_is_read() {
    let store = memory();
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let vectors = numbered(0..4_096);
    add(&ann.writer(&store), &vectors).await;
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &vectors[7..8]).await, 1);
    let head = 4_096 * 16 + 64 * 16 + 1_000;
    let block = 64 * 2 * DIMENSION;
    let read = reader.report().bytes_read as usize;
    assert!(read <= head + block, "{read} bytes");
}

#[tokio::test]
async fn who_only_reads_writes_nothing() {
    let store = memory();
    let ann = Machine::with(&[]);
    let reader = ann.reader(&store);
    add(&reader, &numbered(0..10)).await;
    assert_eq!(reader.report().written, 0);
    assert_eq!(found(&ann.writer(&store), &numbered(0..10)).await, 0);
}

#[tokio::test]
async fn a_secret_hides_texts_models_and_vectors_from_others() {
    let store = memory();
    let with = |machine: &Machine, secret: Option<&str>| {
        let options = SharedOptions {
            secret: secret.map(SharedSecret::new),
            ..machine.options()
        };
        shared(&store, options, patient())
    };
    let machines: Vec<Machine> = (0..4).map(|_| Machine::with(&[])).collect();
    let vectors = numbered(0..50);
    add(&with(&machines[0], Some("one")), &vectors).await;
    assert_eq!(found(&with(&machines[1], Some("one")), &vectors).await, 50);
    assert_eq!(found(&with(&machines[2], Some("two")), &vectors).await, 0);
    assert_eq!(found(&with(&machines[3], None), &vectors).await, 0);
    let plain = with(&machines[3], None)
        .model(&model())
        .state
        .folder
        .clone();
    let secret = with(&machines[3], Some("one")).model(&model());
    assert_ne!(secret.state.folder, plain);
    let packs = secret
        .inner
        .requests
        .list(&secret.state.folder, patient().heads)
        .await;
    let packs = packs.expect("a listing");
    let bytes = store
        .get(&packs[0].path)
        .await
        .expect("a pack")
        .bytes()
        .await;
    let bytes = bytes.expect("bytes");
    for (key, _) in &vectors {
        assert!(!bytes.windows(16).any(|window| window == key.bytes()));
    }
    let shown = format!("{:?}", SharedSecret::new("one"));
    assert_eq!(shown, "SharedSecret(..)");
}

#[tokio::test]
async fn models_never_mix() {
    let store = memory();
    let ann = Machine::with(&[]);
    let vectors = numbered(0..10);
    let cache = ann.writer(&store);
    add(&cache, &vectors).await;
    let folder = |model: &EmbeddingModel| cache.model(model).state.folder.clone();
    let same = EmbeddingModel {
        name: "words:latest".to_owned(),
        window: 9,
        ..model()
    };
    assert_eq!(folder(&same), folder(&model()));
    for other in [
        EmbeddingModel {
            digest: "2".to_owned(),
            ..model()
        },
        EmbeddingModel {
            dimension: 32,
            ..model()
        },
        EmbeddingModel {
            template: "doc: ".to_owned(),
            ..model()
        },
    ] {
        assert_ne!(folder(&other), folder(&model()));
        let found = cache.model(&other).get(&keys(&vectors)).await;
        assert!(found.is_empty());
    }
}

#[tokio::test]
async fn bad_packs_are_left_out_and_their_writers_are_named() {
    let store = memory();
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let vectors = numbered(0..10);
    add(&ann.writer(&store), &vectors).await;
    let reader = ben.reader(&store);
    let unit = (DIMENSION as f32).sqrt().recip();
    let small = EmbeddingModel {
        dimension: 8,
        ..model()
    };
    forge(&reader, &model(), f32::NAN, 1_001).await;
    forge(&reader, &model(), 1.0, 1_002).await;
    forge(&reader, &small, 8f32.sqrt().recip(), 1_003).await;
    forge(&reader, &model(), unit, 1_004).await;
    assert_eq!(found(&reader, &vectors).await, 10);
    // Another dimension is seen at once, and a wrong vector when it is read.
    let named: Vec<String> = reader
        .report()
        .bad
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(named.len(), 1, "{named:?}");
    assert!(
        named[0].contains("by mallory@host") && named[0].contains("8 dimensions"),
        "{named:?}"
    );
    let forged = keys(&numbered(1_001..1_005));
    let found_of_forged = reader.model(&model()).get(&forged).await;
    assert_eq!(found_of_forged.keys().collect::<Vec<_>>(), [&forged[3]]);
    let bad = reader.report().bad;
    assert_eq!(bad.len(), 3, "{bad:?}");
    assert!(bad.iter().all(|bad| bad.writer == "mallory@host"));
    // The next run of this machine leaves them out without reading them.
    let again = ben.reader(&store);
    assert_eq!(found(&again, &vectors).await, 10);
    assert_eq!(again.report().bad.len(), 3);
    assert_eq!(again.report().requests, 2);
}

#[tokio::test]
async fn half_a_pack_is_left_out_until_it_is_whole() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let store = folder_store(&folder);
    let machines: Vec<Machine> = (0..3).map(|_| Machine::with(&[])).collect();
    let vectors = numbered(0..500);
    add(&machines[0].writer(&store), &vectors).await;
    let pack = packs_in(&folder).remove(0);
    let whole = fs::read(&pack).expect("a pack");
    // What a killed copy leaves, and what a killed writer does.
    fs::write(&pack, &whole[..whole.len() / 2]).expect("half a pack");
    fs::write(pack.with_file_name("notes.txt"), "not a pack").expect("a file");
    let mut staged = pack.clone().into_os_string();
    staged.push("#1");
    fs::write(&staged, &whole[..100]).expect("a staged file");

    let reader = machines[1].reader(&store);
    assert_eq!(found(&reader, &vectors).await, 0);
    let bad = reader.report().bad;
    assert_eq!(bad.len(), 1);
    assert!(bad[0].why.contains("bytes in place of"), "{}", bad[0]);
    // Whoever adds the same vectors mends it.
    add(&machines[2].writer(&store), &vectors).await;
    assert_eq!(fs::read(&pack).expect("a pack"), whole);
    assert_eq!(found(&machines[1].reader(&store), &vectors).await, 500);
}

#[tokio::test]
async fn a_pack_that_shrinks_while_it_is_used_is_left_out() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let store = folder_store(&folder);
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let vectors = numbered(0..500);
    add(&ann.writer(&store), &vectors).await;
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &vectors[..1]).await, 1);
    let pack = packs_in(&folder).remove(0);
    let whole = fs::read(&pack).expect("a pack");
    fs::write(&pack, &whole[..10]).expect("less of it");
    assert_eq!(found(&reader, &vectors).await, 0);
    assert_eq!(reader.report().bad.len(), 1);
    assert_eq!(reader.report().standing, Standing::Reachable);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_writers_at_once_lose_nothing() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let store = folder_store(&folder);
    let machines: Vec<Machine> = (0..4).map(|_| Machine::with(&[])).collect();
    let writing: Vec<_> = machines[..3]
        .iter()
        .zip([0..600, 300..900, 0..600])
        .map(|(machine, range)| {
            let cache = machine.writer(&store);
            tokio::spawn(async move {
                for some in numbered(range).chunks(50) {
                    add(&cache, some).await;
                }
                cache.report()
            })
        })
        .collect();
    for writer in writing {
        let report = writer.await.expect("a writer");
        assert_eq!((report.written, report.unwritten), (600, 0));
    }
    let reader = machines[3].reader(&store);
    assert_eq!(found(&reader, &numbered(0..900)).await, 900);
    assert_eq!(reader.report().bad, []);
}

#[tokio::test]
async fn packs_are_sent_before_the_end() {
    let store = memory();
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let often = SharedLimits {
        flush: Duration::ZERO,
        ..limits()
    };
    let writer = shared(&store, ann.options(), often);
    let cache = writer.model(&model());
    let vectors = numbered(0..10);
    cache.put(&vectors);
    let sent = async {
        while writer.report().written < 10 {
            tokio::task::yield_now().await;
        }
    };
    let sent = tokio::time::timeout(Duration::from_secs(60), sent).await;
    sent.expect("a pack is sent while the run goes on");
    assert_eq!(found(&ben.reader(&store), &vectors).await, 10);
}

#[tokio::test]
async fn damage_of_what_is_remembered_costs_a_reading() {
    let store = memory();
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let vectors = numbered(0..10);
    add(&ann.writer(&store), &vectors).await;
    assert_eq!(found(&ben.reader(&store), &vectors).await, 10);
    for suffix in ["", "-wal", "-shm"] {
        let file = ben.data().join(format!("shared-packs.db{suffix}"));
        let _ = fs::remove_file(file);
    }
    fs::write(ben.data().join("shared-packs.db"), [7; 9_000]).expect("damage");
    assert_eq!(found(&ben.reader(&store), &vectors).await, 10);
}
