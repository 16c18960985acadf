//! The stages of an index, and a table that goes through them.

use super::*;
use crate::chunk::ContentKey;
use crate::store::{OpenMode, OpenOptions};
use crate::vectors::VectorRow;

const FINGERPRINT: &str = "0123456789abcdef";
const DIMENSION: usize = 16;

fn covered(segments: &[usize], unindexed: usize) -> IndexCoverage {
    IndexCoverage {
        segments: segments.to_vec(),
        unindexed,
    }
}

#[test]
fn an_index_is_extended_often_and_built_again_rarely() {
    use FillMoment::{Filled, Filling};
    use IndexStep::{Append, Build, Nothing};
    for (segments, unindexed, moment, expected) in [
        (vec![], 9_999, Filled, Nothing),
        (vec![], 10_000, Filling, Build),
        (vec![16_000], 1_999, Filling, Nothing),
        (vec![16_000], 2_000, Filling, Append { merged: 0 }),
        (vec![16_000, 30_000], 18_000, Filling, Build),
        (vec![16_000, 4_000], 2_500, Filling, Append { merged: 1 }),
        (
            vec![30_000, 20_000, 1_000],
            7_000,
            Filling,
            Append { merged: 1 },
        ),
        (
            vec![16_000, 9_000, 4_000],
            5_000,
            Filling,
            Append { merged: 2 },
        ),
        // Of 1,024 dimensions, 1,024 vectors are four megabytes.
        (vec![95_000], 1_023, Filled, Nothing),
        (vec![95_000], 1_024, Filled, Append { merged: 0 }),
        (vec![95_000, 94_000], 999, Filled, Nothing),
        (vec![95_000, 94_000], 1_000, Filled, Build),
        // The rows of the build are gone.
        (vec![0, 12_000], 0, Filled, Build),
    ] {
        let step = covered(&segments, unindexed).step(1_024, moment);
        assert_eq!(step, expected, "{segments:?}, {unindexed}, {moment:?}");
    }
}

#[test]
fn few_segments_remain_however_many_are_appended() {
    let mut segments = vec![1_000_000];
    for _ in 0..900 {
        let merged = merged_segments(&segments[1..], 1_000);
        let rows = segments.split_off(segments.len() - merged);
        segments.push(rows.iter().sum::<usize>() + 1_000);
        assert!(segments.len() <= 9, "{segments:?}");
    }
}

#[test]
fn a_task_reads_a_bounded_part() {
    let fragments: Vec<FragmentRows> = (0..10).map(|id| FragmentRows { id, rows: 6_000 }).collect();
    let groups = tasks(&fragments, 1_024);
    assert_eq!(groups.concat(), (0..10).collect::<Vec<u32>>());
    assert!(groups.iter().all(|group| group.len() <= 2), "{groups:?}");
    // A fragment is not divided.
    let large = [FragmentRows {
        id: 7,
        rows: 90_000,
    }; 2];
    assert_eq!(tasks(&large, 1_024).len(), 2);
    let (sample, rest) = spread(&fragments, 12_000);
    assert_eq!(
        sample.iter().map(|part| part.id).collect::<Vec<_>>(),
        [2, 7]
    );
    assert_eq!(rest.len(), 8);
    assert_eq!(spread(&fragments, 1_000_000).1, []);
    assert_eq!(spread(&[], 10), (Vec::new(), Vec::new()));
}

/// A vector that no other number has nearly the same as.
fn vector(number: usize) -> Vec<f32> {
    let hash = blake3::hash(&number.to_le_bytes());
    let bytes = hash.as_bytes().iter();
    bytes
        .take(DIMENSION)
        .map(|byte| f32::from(*byte) - 127.5)
        .collect()
}

fn key(number: usize) -> ContentKey {
    ContentKey::of(&number.to_string())
}

async fn filled_with(store: &Store, numbers: std::ops::Range<usize>) {
    const ROWS_PER_COMMIT: usize = 2_000;
    let numbers: Vec<usize> = numbers.collect();
    for batch in numbers.chunks(ROWS_PER_COMMIT) {
        let rows: Vec<VectorRow> = batch
            .iter()
            .map(|number| VectorRow {
                key: key(*number),
                part: 0,
                vector: vector(*number),
            })
            .collect();
        let added = store.add_vectors(FINGERPRINT, DIMENSION, &rows).await;
        added.expect("vectors");
        tend(store, FillMoment::Filling).await;
    }
    tend(store, FillMoment::Filled).await;
}

async fn tend(store: &Store, moment: FillMoment) -> bool {
    let tended = store.tend_vectors(FINGERPRINT, moment, SystemTime::now());
    tended.await.expect("maintenance")
}

async fn coverage_of(store: &Store) -> (IndexCoverage, usize) {
    let name = table_name(FINGERPRINT).expect("a name");
    let table = store.vectors_table(&name).await.expect("opened");
    let table = table.expect("a table");
    let dataset = table.dataset().expect("local").get().await;
    let dataset = dataset.expect("a dataset");
    let coverage = coverage(&dataset, DIMENSION).await.expect("coverage");
    (coverage, dataset.fragments().len())
}

async fn assert_found(store: &Store, numbers: &[usize]) {
    for number in numbers {
        let found = store.search_vectors(FINGERPRINT, &vector(*number), 1).await;
        let found = found.expect("a search");
        assert_eq!(found[0].0, key(*number), "vector {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_grows_with_its_table() {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(folder.path(), OpenOptions::new(OpenMode::Write)).await;
    let store = store.expect("store");
    filled_with(&store, 0..9_000).await;
    let (coverage, _) = coverage_of(&store).await;
    assert_eq!(coverage, covered(&[], 9_000), "too few for an index");
    filled_with(&store, 9_000..20_000).await;
    let (coverage, fragments) = coverage_of(&store).await;
    assert!(!coverage.segments.is_empty(), "{coverage:?}");
    assert!(fragments < 8, "{fragments} fragments");
    assert_found(&store, &[0, 8_999, 9_000, 19_999]).await;
    // Nothing is due, so nothing is done.
    assert!(!tend(&store, FillMoment::Filled).await);
    // Several fragments, so the build has several parts; one whole takes their place.
    filled_with(&store, 20_000..80_000).await;
    let (coverage, fragments) = coverage_of(&store).await;
    let rows = coverage.unindexed + coverage.segments.iter().sum::<usize>();
    assert_eq!(rows, 80_000);
    assert!(2 * coverage.segments[0] > rows, "{coverage:?}");
    assert!(coverage.unindexed <= UNINDEXED_BYTES / (4 * DIMENSION));
    assert!(fragments < 20, "{fragments} fragments");
    assert_found(&store, &[0, 19_999, 40_000, 61_234, 79_999]).await;
}
