//! Stores that fail: nobody waits for them, and what is wrong is said.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use object_store::ObjectStore;

use super::faulty::{Fault, FaultyStore};
use super::machine::{Machine, Server, add, found, limits, numbered, shared};
use crate::shared::{SharedCache, SharedError, SharedLimits, Standing};

/// A machine with a store that fails, and its cache.
fn troubled(fault: Fault) -> (Machine, Arc<FaultyStore>, SharedCache) {
    let machine = Machine::with(&["quasar", "comet"]);
    let store = FaultyStore::new(fault);
    let dynamic: Arc<dyn ObjectStore> = store.clone();
    let cache = shared(&dynamic, machine.options(), limits());
    (machine, store, cache)
}

fn left_out(cache: &SharedCache) -> String {
    match cache.report().standing {
        Standing::LeftOut(why) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_the_store_the_server_embeds_and_the_reason_is_said() {
    for (fault, words) in [
        (Fault::Busy, ["cannot be used at the moment", "503"]),
        (Fault::Denied, ["refuses access", "403"]),
        (Fault::Clock, ["clock of this machine", "403"]),
        (Fault::NoBucket, ["does not exist", "404"]),
        (Fault::Hangs, ["did not answer within", "the store"]),
    ] {
        let (machine, _, cache) = troubled(fault);
        let server = Server::honest();
        let index = machine.index(Some(&cache));
        let (report, _) = machine.embed(&index, &server).await;
        assert!(report.embedded > 0, "{fault:?}: {report:?}");
        assert_eq!((report.from_shared, report.failed), (0, 0), "{fault:?}");
        let why = left_out(&cache);
        for word in words {
            assert!(why.contains(word), "{fault:?}: {why}");
        }
        let told = cache.report();
        assert_eq!(told.written, 0, "{fault:?}");
        assert!(told.unwritten >= report.embedded, "{fault:?}: {told:?}");
        assert!(told.to_string().contains("could not be written"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stops_answering_holds_nobody_up() {
    let (ann, store, cache) = troubled(Fault::None);
    let index = ann.index(Some(&cache));
    ann.embed(&index, &Server::honest()).await;
    store.set(Fault::ReadsHang);
    let ben = Machine::with(&["quasar", "comet"]);
    let dynamic: Arc<dyn ObjectStore> = store.clone();
    let reader = shared(&dynamic, ben.options(), limits());
    let server = Server::honest();
    let (report, _) = ben.embed(&ben.index(Some(&reader)), &server).await;
    assert!(report.embedded > 0);
    assert_eq!(report.from_shared, 0);
    let why = left_out(&reader);
    assert!(why.contains("did not answer within"), "{why}");
}

#[tokio::test]
async fn a_store_that_failed_is_left_out_for_a_while_and_then_tried_again() {
    let (machine, store, cache) = troubled(Fault::None);
    add(&cache, &numbered(0..10)).await;
    store.set(Fault::Busy);
    let dynamic: Arc<dyn ObjectStore> = store.clone();
    for (rest, expected) in [(Duration::from_secs(600), 0), (Duration::ZERO, 10)] {
        let limits = SharedLimits { rest, ..limits() };
        store.set(Fault::Busy);
        let reader = shared(&dynamic, machine.options(), limits);
        assert_eq!(found(&reader, &numbered(0..10)).await, 0);
        store.set(Fault::None);
        let requests = reader.report().requests;
        assert_eq!(found(&reader, &numbered(0..10)).await, expected);
        let asked = reader.report().requests > requests;
        assert_eq!(asked, expected > 0, "after {rest:?}");
    }
}

#[tokio::test]
async fn packs_wait_for_a_store_that_comes_back() {
    let (_, store, cache) = troubled(Fault::Busy);
    let model = cache.model(&super::machine::model());
    model.put(&numbered(0..10));
    store.set(Fault::None);
    model.finish(Duration::from_secs(60)).await;
    assert_eq!(cache.report().written, 10);
    assert_eq!(cache.report().unwritten, 0);
}

#[tokio::test]
async fn a_store_without_conditions_is_written_to_all_the_same() {
    for fault in [Fault::IgnoresConditions, Fault::NoConditions] {
        let (machine, store, cache) = troubled(fault);
        add(&cache, &numbered(0..10)).await;
        add(&cache, &numbered(0..10)).await;
        assert_eq!(cache.report().unwritten, 0, "{fault:?}");
        assert!(store.puts.load(Ordering::SeqCst) >= 2);
        let dynamic: Arc<dyn ObjectStore> = store.clone();
        let reader = machine.reader(&dynamic);
        assert_eq!(found(&reader, &numbered(0..10)).await, 10, "{fault:?}");
        let probe = cache.probe().await.expect("a probe");
        assert_eq!(probe.conditional_writes, Some(false), "{fault:?}");
        assert_eq!(probe.writable, Some(true));
    }
}

#[tokio::test]
async fn doctor_is_told_what_a_store_can_do() {
    let (machine, store, cache) = troubled(Fault::None);
    let probe = cache.probe().await.expect("a probe");
    assert_eq!(probe.conditional_writes, Some(true));
    assert_eq!(probe.writable, Some(true));
    let ahead = probe.clock_ahead.expect("two clocks");
    assert!(ahead.abs() < 60, "{ahead} s");
    let dynamic: Arc<dyn ObjectStore> = store.clone();
    let reader = machine.reader(&dynamic);
    let puts = store.puts.load(Ordering::SeqCst);
    let probe = reader.probe().await.expect("a probe");
    assert_eq!((probe.writable, probe.conditional_writes), (None, None));
    assert_eq!(store.puts.load(Ordering::SeqCst), puts);
    // Nothing is left behind.
    let statistics = reader.statistics().await.expect("statistics");
    assert_eq!((statistics.models, statistics.bytes), (0, 0));
}

#[tokio::test]
async fn every_operation_says_why_it_failed_and_ends() {
    let file = tempfile::tempdir().expect("temporary folder");
    let file = file.path().join("vectors");
    let began = Instant::now();
    for fault in [
        Fault::Busy,
        Fault::Denied,
        Fault::Clock,
        Fault::NoBucket,
        Fault::Hangs,
    ] {
        let (_, _, cache) = troubled(fault);
        let errors = [
            cache.statistics().await.err(),
            cache.compact().await.err(),
            cache.export(&file).await.err(),
            cache.probe().await.err(),
        ];
        for error in errors {
            let error = error.expect("an error");
            let is_right = match fault {
                Fault::Busy => matches!(error, SharedError::Unavailable { .. }),
                Fault::Denied => matches!(error, SharedError::Denied { .. }),
                Fault::Clock => matches!(error, SharedError::Clock { .. }),
                Fault::NoBucket => matches!(error, SharedError::Missing { .. }),
                _ => matches!(error, SharedError::TimedOut { .. }),
            };
            assert!(is_right, "{fault:?}: {error:?}");
            assert!(error.to_string().contains("`the store`"), "{error}");
        }
        assert!(!file.exists(), "{fault:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_write_reads_all_the_same() {
    let (ann, store, cache) = troubled(Fault::None);
    ann.embed(&ann.index(Some(&cache)), &Server::honest()).await;
    store.set(Fault::WritesDenied);
    let dynamic: Arc<dyn ObjectStore> = store.clone();
    let ben = Machine::with(&["quasar", "comet"]);
    let unable = ben.writer(&dynamic);
    add(&unable, &numbered(0..10)).await;
    assert_eq!(unable.report().unwritten, 10);
    // The refusal was a moment ago.
    ben.write("nova", 3);
    let index = ben.index(Some(&unable));
    let (report, warnings) = ben.embed(&index, &Server::honest()).await;
    assert!(report.from_shared > 0 && report.embedded > 0, "{report:?}");
    assert_eq!(unable.report().standing, Standing::Reachable);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    for word in ["could not be written", "refuses access"] {
        assert!(warnings[0].contains(word), "{warnings:?}");
    }
}

#[tokio::test]
async fn who_only_reads_is_told_so() {
    let (machine, store, _) = troubled(Fault::None);
    let store: Arc<dyn ObjectStore> = store;
    let reader = machine.reader(&store);
    let file = machine.root().join("export");
    let compacted = reader.compact().await.err();
    let imported = reader.import(&file).await.err();
    for error in [compacted, imported] {
        assert!(
            matches!(error, Some(SharedError::ReadOnly { .. })),
            "{error:?}"
        );
    }
}
