//! Stores with one bad file, or with too much of everything: the rest stays in use.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutPayload};
use ollacode_store::ContentKey;

use super::faulty::{Fault, FaultyStore};
use super::machine::{
    DIMENSION, Machine, add, found, limits, model, numbered, patient, shared, word_vector,
};
use super::packs::{folder_store, packs_in};
use super::upkeep::scatter;
use crate::shared::pack::{encode, file_name, make_pack};
use crate::shared::{SharedCache, SharedLimits, Standing};

/// A machine, a store that fails on demand, and the machine's cache there.
fn troubled() -> (Machine, Arc<FaultyStore>, Arc<dyn ObjectStore>, SharedCache) {
    let machine = Machine::with(&[]);
    let faulty = FaultyStore::new(Fault::None);
    let store: Arc<dyn ObjectStore> = faulty.clone();
    let writer = machine.writer(&store);
    (machine, faulty, store, writer)
}

async fn only_pack(cache: &SharedCache) -> Path {
    let folder = cache.model(&model()).state.folder.clone();
    let packs = cache.inner.requests.list(&folder, patient().heads).await;
    packs.expect("a listing").remove(0).path
}

#[tokio::test]
async fn parts_of_one_text_are_found_in_different_packs() {
    let (ann, _, store, _) = troubled();
    let ben = Machine::with(&[]);
    let content = ContentKey::of("a long text");
    let parts = ["one half", "another half"];
    let parts = parts.map(|part| (model().cache_key(content, part), word_vector(part)));
    for part in &parts {
        add(&ann.writer(&store), std::slice::from_ref(part)).await;
    }
    assert_eq!(found(&ben.reader(&store), &parts).await, 2);
}

#[tokio::test]
async fn a_pack_that_was_whole_once_and_is_cut_short_is_left_out_alone() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let store = folder_store(&folder);
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let vectors = numbered(0..510);
    add(&ann.writer(&store), &vectors[..500]).await;
    assert_eq!(found(&ben.reader(&store), &vectors[..500]).await, 500);
    let pack = packs_in(&folder).remove(0);
    let whole = fs::read(&pack).expect("a pack");
    fs::write(&pack, &whole[..whole.len() / 2]).expect("half a pack");
    add(&ann.writer(&store), &vectors[500..]).await;
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &vectors).await, 10);
    let report = reader.report();
    assert_eq!(
        (report.bad.len(), report.standing),
        (1, Standing::Reachable)
    );
}

#[tokio::test]
async fn a_pack_that_may_not_be_read_is_named_and_the_others_are_used() {
    let (_ann, faulty, store, writer) = troubled();
    let ben = Machine::with(&[]);
    let vectors = numbered(0..20);
    add(&writer, &vectors[..10]).await;
    let private = only_pack(&writer).await;
    add(&writer, &vectors[10..]).await;
    faulty.refuse(&private, || Error::PermissionDenied {
        path: "a pack".to_owned(),
        source: "403 Forbidden: AccessDenied".into(),
    });
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &vectors).await, 10);
    let report = reader.report();
    assert_eq!(
        (report.bad.len(), report.standing),
        (1, Standing::Reachable)
    );
    assert!(
        report.bad[0].why.contains("may not read"),
        "{}",
        report.bad[0]
    );
    let statistics = writer.statistics().await.expect("statistics");
    assert_eq!((statistics.packs, statistics.bad.len()), (1, 1));
    let merged = writer.compact().await.expect("merged");
    assert_eq!((merged.packs_after, merged.bad.len()), (2, 1));
}

#[tokio::test]
async fn a_store_that_lets_nothing_be_read_is_left_out_with_the_reason() {
    let (_ann, faulty, store, writer) = troubled();
    add(&writer, &numbered(0..10)).await;
    faulty.refuse(&only_pack(&writer).await, || Error::PermissionDenied {
        path: "a pack".to_owned(),
        source: "403 Forbidden: AccessDenied".into(),
    });
    let ben = Machine::with(&[]);
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &numbered(0..10)).await, 0);
    let standing = reader.report().standing;
    let is_told = matches!(&standing, Standing::LeftOut(why) if why.contains("refuses access"));
    assert!(is_told, "{standing:?}");
}

#[tokio::test]
async fn a_pack_that_is_listed_and_missing_hides_no_others() {
    let (_ann, faulty, store, writer) = troubled();
    let ben = Machine::with(&[]);
    let vectors = numbered(0..200);
    add(&writer, &vectors[..10]).await;
    let lost = only_pack(&writer).await;
    scatter(&writer, &vectors[10..]).await;
    assert_eq!(found(&ben.reader(&store), &vectors[..1]).await, 1);
    faulty.refuse(&lost, || Error::NotFound {
        path: "a pack".to_owned(),
        source: "404 Not Found: NoSuchKey".into(),
    });
    assert_eq!(found(&ben.reader(&store), &vectors).await, 190);
}

#[tokio::test]
async fn a_listing_without_end_ends() {
    let (_ann, faulty, store, _) = troubled();
    let ben = Machine::with(&[]);
    faulty.set(Fault::EndlessListing);
    let reader = ben.reader(&store);
    assert_eq!(found(&reader, &numbered(0..10)).await, 0);
    let report = reader.report();
    assert_eq!((report.beyond, report.standing), (1, Standing::Reachable));

    faulty.set(Fault::SlowListing);
    let hasty = SharedLimits {
        heads: Duration::from_millis(250),
        ..patient()
    };
    let reader = shared(&store, ben.options(), hasty);
    let began = Instant::now();
    assert_eq!(found(&reader, &numbered(0..10)).await, 0);
    assert!(began.elapsed() < Duration::from_secs(30));
    let standing = reader.report().standing;
    let is_told = matches!(&standing, Standing::LeftOut(why) if why.contains("within 0.25 s"));
    assert!(is_told, "{standing:?}");
}

#[tokio::test]
async fn many_slow_answers_are_not_waited_for() {
    let (_ann, faulty, store, writer) = troubled();
    let ben = Machine::with(&[]);
    let vectors = numbered(0..200);
    scatter(&writer, &vectors).await;
    assert_eq!(found(&ben.reader(&store), &vectors[..1]).await, 1);
    faulty.set(Fault::SlowReads);
    let hasty = SharedLimits {
        vectors: Duration::from_millis(350),
        ..patient()
    };
    let reader = shared(&store, ben.options(), hasty);
    // 200 packs, four at a time, take five seconds.
    let some = found(&reader, &vectors).await;
    assert!(some < 200, "{some}");
    assert_eq!(reader.report().read, some as u64);
    let standing = reader.report().standing;
    assert!(matches!(standing, Standing::LeftOut(_)), "{standing:?}");
}

#[tokio::test]
async fn an_answer_that_stops_coming_is_given_up() {
    let (_ann, faulty, store, writer) = troubled();
    let ben = Machine::with(&[]);
    add(&writer, &numbered(0..10)).await;
    assert_eq!(found(&ben.reader(&store), &numbered(0..1)).await, 1);
    faulty.set(Fault::ReadsStall);
    let hasty = SharedLimits {
        head: Duration::from_millis(200),
        ..patient()
    };
    let reader = shared(&store, ben.options(), hasty);
    let began = Instant::now();
    assert_eq!(found(&reader, &numbered(0..10)).await, 0);
    assert!(began.elapsed() < Duration::from_secs(30));
    let standing = reader.report().standing;
    assert!(matches!(standing, Standing::LeftOut(_)), "{standing:?}");
}

#[tokio::test]
async fn a_store_that_just_hung_is_hardly_waited_for_at_the_end() {
    let (_ann, faulty, store, _) = troubled();
    let ben = Machine::with(&[]);
    let hasty = SharedLimits {
        pack: Duration::from_secs(600),
        ..limits()
    };
    let writer = shared(&store, ben.options(), hasty);
    faulty.set(Fault::Hangs);
    assert_eq!(found(&writer, &numbered(0..10)).await, 0);
    let began = Instant::now();
    add(&writer, &numbered(0..10)).await;
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(writer.report().unwritten, 10);
}

#[tokio::test]
async fn a_merged_pack_that_a_crash_left_damaged_is_written_again() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let store = folder_store(&folder);
    let (ann, ben) = (Machine::with(&[]), Machine::with(&[]));
    let cache = ann.writer(&store);
    let vectors = numbered(0..20);
    let mut rows: Vec<_> = vectors
        .iter()
        .map(|(key, vector)| (key.bytes(), encode(vector).expect("a unit vector")))
        .collect();
    rows.sort();
    scatter(&cache, &vectors).await;
    let merged = make_pack("ci@runner", DIMENSION, &rows);
    let path = cache.model(&model()).state.folder.clone();
    let path = path.join(file_name(&merged.name));
    let zeros = PutPayload::from(vec![0; merged.bytes.len()]);
    store.put(&path, zeros).await.expect("written");
    cache.compact().await.expect("merged");
    assert_eq!(found(&ben.reader(&store), &vectors).await, 20);
}

#[tokio::test]
async fn a_pack_that_a_check_found_wrong_is_not_merged_with_others() {
    let (_ann, _, _, writer) = troubled();
    let vectors = numbered(0..3);
    scatter(&writer, &vectors).await;
    let cache = writer.model(&model());
    let wanted = [vectors[0].0];
    let pack = cache.get(&wanted).await[&wanted[0]].pack.to_string();
    cache.leave_out(&pack, "it lies").await.expect("left out");
    let merged = writer.compact().await.expect("merged");
    assert_eq!((merged.packs_before, merged.packs_after), (3, 2));
    let bad: Vec<&str> = merged.bad.iter().map(|bad| bad.pack.as_str()).collect();
    assert_eq!(bad, [pack.as_str()]);
    assert_eq!(merged.bad[0].writer, "ci@runner");
}

#[tokio::test]
async fn an_export_has_what_is_merged_meanwhile() {
    let (ann, faulty, _, writer) = troubled();
    let there: Arc<dyn ObjectStore> = FaultyStore::new(Fault::None);
    let vectors = numbered(0..20);
    add(&writer, &vectors[..10]).await;
    let old = only_pack(&writer).await;
    add(&writer, &vectors).await;
    // As if the second pack were made of the first one after the listing.
    let folder = writer.model(&model()).state.folder.clone();
    let packs = writer.inner.requests.list(&folder, patient().heads).await;
    let packs = packs.expect("a listing");
    let new = packs.iter().find(|pack| pack.path != old).expect("another");
    faulty.hide_once(&new.path);
    faulty.refuse(&old, || Error::NotFound {
        path: "a pack".to_owned(),
        source: "404 Not Found: NoSuchKey".into(),
    });
    let file = ann.root().join("export");
    let exported = writer.export(&file).await.expect("exported");
    assert_eq!((exported.packs, exported.vectors), (1, 20));
    let other = ann.writer(&there);
    assert_eq!(other.import(&file).await.expect("imported").vectors, 20);
}

#[tokio::test]
async fn an_export_of_countless_bad_packs_is_read_in_little_memory() {
    let (_ann, _, _, writer) = troubled();
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("export");
    let mut bytes = b"ollavec1".to_vec();
    for number in 0..1_000 {
        bytes.extend(format!("{:016x}{number:032x}", 7).bytes());
        bytes.extend(1u64.to_le_bytes());
        bytes.push(0);
    }
    bytes.extend(b"end.............");
    bytes.extend(1_000u64.to_le_bytes());
    fs::write(&file, bytes).expect("a file");
    let imported = writer.import(&file).await.expect("imported");
    assert_eq!((imported.added, imported.bad.len()), (0, 100));
}
