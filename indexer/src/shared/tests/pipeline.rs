//! Clones of a repository that share a cache: what one has embedded, the others find.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use ollacode_store::EmbeddingCache;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::faulty::{Fault, FaultyStore};
use super::machine::{Machine, Server, limits, patient, shared};
use crate::error::IndexError;
use crate::progress::IndexEvent;
use crate::refresh::RefreshOptions;
use crate::shared::{SharedCache, SharedLimits, SharedOptions, SharedSecret};

const STEMS: [&str; 5] = ["quasar", "comet", "nova", "pulsar", "orbit"];

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

/// A machine that embeds and shares, with the number of texts.
async fn first(store: &Arc<dyn ObjectStore>, secret: Option<&str>) -> (Machine, usize) {
    let machine = Machine::with(&STEMS);
    let options = SharedOptions {
        secret: secret.map(SharedSecret::new),
        ..machine.options()
    };
    let cache = shared(store, options, patient());
    let server = Server::honest();
    let (report, warnings) = machine.embed(&machine.index(Some(&cache)), &server).await;
    assert_eq!(warnings, [""; 0]);
    assert_eq!(cache.report().written, report.embedded);
    assert_eq!(cache.report().unwritten, 0);
    (machine, server.texts())
}

/// What may doubt: a machine that does not write, and compares.
fn doubtful(machine: &Machine, store: &Arc<dyn ObjectStore>, limits: SharedLimits) -> SharedCache {
    let options = SharedOptions {
        may_write: false,
        spot_checks: true,
        ..machine.options()
    };
    shared(store, options, limits)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_clone_asks_the_server_for_nothing_and_finds_the_same() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let local = LocalFileSystem::new_with_prefix(folder.path()).expect("a folder");
    let local: Arc<dyn ObjectStore> = Arc::new(local);
    for (store, secret) in [
        (memory(), None),
        (memory(), Some("known to the team")),
        (local, None),
    ] {
        let (ann, texts) = first(&store, secret).await;
        assert!(texts >= 20, "{texts} texts");
        let ben = Machine::with(&STEMS);
        let options = SharedOptions {
            may_write: false,
            secret: secret.map(SharedSecret::new),
            ..ben.options()
        };
        let reader = shared(&store, options, patient());
        let server = Server::honest();
        let index = ben.index(Some(&reader));
        let (report, warnings) = ben.embed(&index, &server).await;
        assert_eq!(server.texts(), 0);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(report.from_shared, texts as u64);
        assert_eq!(
            (report.embedded, report.from_cache, report.failed),
            (0, 0, 0)
        );
        assert_eq!(reader.report().read, texts as u64);
        assert_eq!(ben.hits(&index).await, ann.hits(&ann.index(None)).await);

        // What came from the shared cache is in the local one: another index asks nobody.
        let requests = reader.report().requests;
        let again = ben.root().with_file_name("another index");
        let again = ben.index_in(&again, Some(&reader));
        let (report, _) = ben.embed(&again, &server).await;
        assert_eq!((server.texts(), report.from_cache), (0, texts as u64));
        assert_eq!(reader.report().requests, requests);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_differs_is_embedded() {
    let store = memory();
    let (_, texts) = first(&store, None).await;
    let ben = Machine::with(&STEMS);
    ben.write("meteor", 3);
    let cache = ben.writer(&store);
    let server = Server::honest();
    let (report, _) = ben.embed(&ben.index(Some(&cache)), &server).await;
    assert_eq!(report.from_shared, texts as u64);
    assert!(report.embedded >= 3);
    assert_eq!(server.texts() as u64, report.embedded);
    assert_eq!(cache.report().written, report.embedded);
    let cara = Machine::with(&STEMS);
    cara.write("meteor", 3);
    let (server, reader) = (Server::honest(), cara.reader(&store));
    cara.embed(&cara.index(Some(&reader)), &server).await;
    assert_eq!(server.texts(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_embedded_before_sharing_began_is_shared() {
    let store = memory();
    let ann = Machine::with(&STEMS);
    let server = Server::honest();
    ann.embed(&ann.index(None), &server).await;
    let texts = server.texts();
    let again = ann.root().with_file_name("another index");
    let cache = ann.writer(&store);
    let index = ann.index_in(&again, Some(&cache));
    let (report, _) = ann.embed(&index, &server).await;
    assert_eq!(report.from_cache, texts as u64);
    assert_eq!(server.texts(), texts);
    assert_eq!(cache.report().written, texts as u64);
    let ben = Machine::with(&STEMS);
    let (server, reader) = (Server::honest(), ben.reader(&store));
    ben.embed(&ben.index(Some(&reader)), &server).await;
    assert_eq!(server.texts(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_what_is_shared_and_asks_no_server() {
    let store = memory();
    let (_, texts) = first(&store, None).await;
    let ben = Machine::with(&STEMS);
    ben.write("meteor", 3);
    let reader = ben.reader(&store);
    let index = ben.index(Some(&reader));
    let stop = CancellationToken::new();
    let server = Arc::new(Server::honest());
    let plain = index.dry_run(&|_| (), &stop).await.expect("a dry run");
    assert_eq!(plain.in_shared, None);
    let dynamic: Arc<dyn crate::embed::Embedder> = server.clone();
    let survey = index.dry_run_shared(dynamic, &|_| (), &stop).await;
    let survey = survey.expect("a dry run");
    assert_eq!(survey.in_shared, Some(texts as u64));
    assert!(survey.texts >= texts as u64 + 3);
    assert_eq!(
        (survey.texts, survey.report.counts),
        (plain.texts, plain.report.counts)
    );
    assert_eq!(server.texts(), 0);
    assert_eq!(reader.report().read, 0);

    let troubled: Arc<dyn ObjectStore> = FaultyStore::new(Fault::Busy);
    let cache = shared(&troubled, ben.options(), limits());
    let index = ben.index(Some(&cache));
    let survey = index.dry_run_shared(server, &|_| (), &stop).await;
    assert_eq!(survey.expect("a dry run").in_shared, None);
}

/// A machine whose vectors are wrong for some texts fills the store.
async fn poisoned(store: &Arc<dyn ObjectStore>, mallory: &Machine, about: &'static str) {
    let options = SharedOptions {
        writer: "mallory@host".to_owned(),
        ..mallory.options()
    };
    let cache = shared(store, options, patient());
    let server = Server::lying(about);
    mallory.embed(&mallory.index(Some(&cache)), &server).await;
    assert!(cache.report().written > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_of_wrong_vectors_is_found_and_named() {
    let store = memory();
    poisoned(&store, &Machine::with(&STEMS), "fn").await;
    let ben = Machine::with(&STEMS);
    let cache = doubtful(&ben, &store, patient());
    let server = Server::honest();
    let index = ben.index(Some(&cache));
    let (report, warnings) = ben.embed(&index, &server).await;
    assert_eq!(report.from_shared, 0);
    // One text was embedded to see that the pack is wrong.
    assert!(server.texts() as u64 > report.embedded);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for word in [
        "`the store`",
        "mallory@host",
        "differ from those of the embedding server",
    ] {
        assert!(warnings[0].contains(word), "{warnings:?}");
    }
    let honest = Machine::with(&STEMS);
    let expected = honest.index(None);
    honest.embed(&expected, &server).await;
    assert_eq!(ben.hits(&index).await, honest.hits(&expected).await);

    // The next run knows the pack, and compares nothing.
    let again = doubtful(&ben, &store, patient());
    let (report, warnings) = ben.embed(&ben.index(Some(&again)), &server).await;
    assert_eq!((report.embedded, warnings.len()), (0, 0));
    assert_eq!(again.report().spot_checked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_spot_checks_what_looks_like_a_vector_is_used() {
    let store = memory();
    poisoned(&store, &Machine::with(&STEMS), "fn").await;
    let ben = Machine::with(&STEMS);
    let (server, reader) = (Server::honest(), ben.reader(&store));
    let (report, _) = ben.embed(&ben.index(Some(&reader)), &server).await;
    assert_eq!((server.texts(), report.embedded), (0, 0));
    assert!(report.from_shared > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_pack_is_checked_once_by_a_machine() {
    let store = memory();
    let (_, texts) = first(&store, None).await;
    let ben = Machine::with(&STEMS);
    let cache = doubtful(&ben, &store, patient());
    let server = Server::honest();
    let (report, _) = ben.embed(&ben.index(Some(&cache)), &server).await;
    assert_eq!(report.from_shared, texts as u64);
    let checked = server.texts();
    assert!((1..texts / 2).contains(&checked), "{checked} of {texts}");
    assert_eq!(cache.report().spot_checked, checked as u64);

    // The local cache is lost, and the store is asked again; the pack is known to be sound.
    for suffix in ["", "-wal", "-shm"] {
        let file = ben.data().join(format!("embeddings.db{suffix}"));
        let _ = std::fs::remove_file(file);
    }
    let again = doubtful(&ben, &store, patient());
    let folder = ben.root().with_file_name("another index");
    let index = ben.index_in(&folder, Some(&again));
    let (report, _) = ben.embed(&index, &server).await;
    assert_eq!(report.from_shared, texts as u64);
    assert_eq!(server.texts(), checked);
}

/// A workspace whose new files are embedded first, and the others in later lots.
fn large() -> Machine {
    let machine = Machine::with(&["quasar"]);
    for number in 0..24 {
        let (age, functions) = if number < 12 {
            ("early", 50)
        } else {
            ("late", 100)
        };
        let stem = format!("{age}_{number:02}");
        machine.write(&stem, functions);
        machine.date_back(&stem, number);
    }
    machine
}

/// Limits with which a pack is read in several lots.
fn in_lots() -> SharedLimits {
    SharedLimits {
        texts: 512,
        ..patient()
    }
}

/// The first lots of a pack may pass, and be stored, before a later one shows that it is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_of_a_pack_that_turns_out_wrong_is_embedded_again() {
    let store = memory();
    poisoned(&store, &large(), "late_").await;
    let ben = large();
    let cache = doubtful(&ben, &store, in_lots());
    let server = Server::honest();
    let index = ben.index(Some(&cache));
    let (report, warnings) = ben.embed(&index, &server).await;
    assert!(report.embedded >= 1_800, "{report:?}");
    assert!(report.from_shared >= 500, "{report:?}");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let fingerprint = super::machine::model().fingerprint();
    let missing = index.texts_without_vector(&fingerprint).await;
    assert_eq!(missing.expect("a count"), 0);

    let honest = large();
    let expected = honest.index(None);
    honest.embed(&expected, &Server::honest()).await;
    assert_eq!(ben.hits(&index).await, honest.hits(&expected).await);
    // Nothing of the pack is left in the local cache.
    let before = server.texts();
    let folder = ben.root().with_file_name("another index");
    let again = ben.index_in(&folder, None);
    ben.embed(&again, &server).await;
    assert_eq!(server.texts(), before);
    assert_eq!(ben.hits(&again).await, honest.hits(&expected).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_share_asks_no_store() {
    let store = FaultyStore::new(Fault::None);
    let ann = Machine::with(&STEMS);
    let dynamic: Arc<dyn ObjectStore> = store.clone();
    let cache = ann.writer(&dynamic);
    let server = Server::honest();
    let (report, _) = ann.embed(&ann.index(None), &server).await;
    assert!(report.embedded > 0);
    assert_eq!(store.puts.load(Ordering::SeqCst), 0);
    assert_eq!(cache.report().requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_keeps_nothing_of_a_pack_that_is_wrong() {
    let store = memory();
    poisoned(&store, &large(), "late_").await;
    let ben = large();
    let cache = doubtful(&ben, &store, in_lots());
    let (server, stop) = (Server::honest(), CancellationToken::new());
    let index = ben.index(Some(&cache));
    let how = RefreshOptions::default();
    index.refresh(&how, &|_| {}).await.expect("a refresh");
    let local = EmbeddingCache::open(&ben.data(), 1 << 30).expect("a cache");
    // So many texts are embedded only after the pack was found to be wrong.
    let events = |event: IndexEvent| {
        if matches!(event, IndexEvent::Embedding { .. }) && server.texts() > 200 {
            stop.cancel();
        }
    };
    let ended = index.embed(&server, Some(local), &events, &stop).await;
    assert!(matches!(ended, Err(IndexError::Stopped)), "{ended:?}");
    let embedded = server.texts() as u64;
    let folder = ben.root().with_file_name("another index");
    let (report, _) = ben.embed(&ben.index_in(&folder, None), &server).await;
    assert!(report.from_cache <= embedded, "{report:?} of {embedded}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_what_is_shared() {
    let store = memory();
    let (_, texts) = first(&store, None).await;
    let ben = Machine::with(&STEMS);
    let reader = ben.reader(&store);
    let index = ben.index(Some(&reader));
    let how = RefreshOptions::default();
    index.refresh(&how, &|_| {}).await.expect("a refresh");
    let last = Mutex::new((0, 0));
    let events = |event: IndexEvent| {
        if let IndexEvent::Embedding { done, total } = event {
            *last.lock() = (done, total);
        }
    };
    let stop = CancellationToken::new();
    let server = Server::honest();
    let embedded = index.embed(&server, None, &events, &stop).await;
    embedded.expect("embedded");
    assert_eq!(last.into_inner(), (texts as u64, texts as u64));
}
