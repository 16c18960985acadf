//! kill −9 at any moment: the next run ends with the rows of a clean build.
//!
//! `OLLACODE_TEST_KILLS=500` sets the number of kills per test.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use ollacode_store::{Catalog, ContentKey, OpenMode, OpenOptions, Store};

use crate::support::environment::paths_of;
use crate::support::rows::assert_same_rows;
use crate::support::samples::functions;
use crate::support::{Draw, Environment, ModelServer, block_on, kills};

/// Kills between two comparisons of the repaired index.
const KILLS_PER_CHECK: usize = 10;
/// Files that are added, changed and deleted.
const FILES: usize = 14;

/// Changes, adds or deletes a few files.
fn change(environment: &Environment, draw: &mut Draw) {
    for _ in 0..1 + draw.below(3) {
        let path = format!("src/file_{}.rs", draw.below(FILES));
        let exists = environment.workspace().join(&path).exists();
        if exists && draw.below(4) == 0 {
            environment.remove(&path);
        } else {
            let stem = format!("orbit{}", draw.below(1_000));
            environment.write(&path, functions(&stem, 1 + draw.below(4)));
        }
    }
}

/// Runs `index`, and kills it after a delay unless it has ended.
fn index_and_kill(environment: &Environment, after: Duration) {
    let mut indexer = environment.start(&["index"]);
    let moment = Instant::now() + after;
    while Instant::now() < moment && indexer.is_running() {
        thread::sleep(Duration::from_micros(200));
    }
    indexer.kill();
}

/// Kills repeatedly, and checks the repaired index every few kills.
fn kill_rounds(
    mut environment: Environment,
    seed: u64,
    kills: usize,
    check: impl Fn(&Environment),
) {
    let mut draw = Draw::seeded(seed);
    environment.write("README.md", "# Orbits\n\nThis file stays.\n");
    (0..FILES).for_each(|_| change(&environment, &mut draw));
    let begin = Instant::now();
    environment.index();
    let whole = usize::try_from(begin.elapsed().as_micros()).expect("a short run");
    for kill in 1..=kills {
        // Sometimes a first build is killed, too.
        if kill % 25 == 7 {
            fs::remove_dir_all(environment.index_folder()).expect("the index goes");
        }
        change(&environment, &mut draw);
        let after = u64::try_from(draw.below(whole + whole / 5)).expect("a short time");
        index_and_kill(&environment, Duration::from_micros(after));
        if kill % KILLS_PER_CHECK == 0 || kill == kills {
            let healed = environment.index();
            let expected = environment.rows_of_a_clean_build();
            let when = format!("after kill {kill} of seed {seed}; it said {healed:?}");
            assert_same_rows(&environment.rows(), &expected, &when);
            check(&environment);
        }
    }
}

#[test]
fn killed_while_indexing() {
    kill_rounds(Environment::new(), 1, kills(80), |environment| {
        // At any rank, since other files have names like the query.
        let answer = environment.search_json_with("this file stays", &["--limit", "50"]);
        let found = paths_of(&answer);
        assert!(
            found.contains(&"README.md".to_owned()),
            "a search afterwards found {found:?}"
        );
    });
}

#[test]
fn killed_while_embedding() {
    let server = ModelServer::start();
    kill_rounds(Environment::on(&server), 2, kills(40), assert_vectors_agree);
}

/// Asserts that every chunk has a vector, and that the catalog lists exactly these.
fn assert_vectors_agree(environment: &Environment) {
    let folder = environment.index_folder();
    let (fingerprint, stored) = block_on(async {
        let store = Store::open(&folder, OpenOptions::new(OpenMode::Read)).await;
        let store = store.expect("the store");
        let mut fingerprints = store
            .vector_fingerprints()
            .await
            .expect("tables of vectors");
        assert_eq!(
            fingerprints.len(),
            1,
            "one table of vectors, not {fingerprints:?}"
        );
        let fingerprint = fingerprints.remove(0);
        let keys = store.vector_keys(&fingerprint).await.expect("keys");
        (fingerprint, keys)
    });
    for row in environment.rows() {
        let place = format!("{}:{}", row.chunk.path, row.chunk.start_line);
        assert!(
            stored.contains(&row.content_key),
            "there is a vector of {place}"
        );
    }
    let state = Catalog::open_read_only(&folder).expect("the catalog");
    let recorded: HashSet<ContentKey> = state
        .vector_keys(&fingerprint)
        .expect("keys")
        .into_iter()
        .collect();
    let unknown = recorded.difference(&stored).count();
    assert_eq!(unknown, 0, "vectors that are recorded and not there");
}
