//! What the B-trees answer is what planned queries answer, whatever happened to the table.

use std::collections::HashSet;
use std::path::Path;
use std::time::SystemTime;

use super::*;
use crate::chunk::{Chunk, ChunkKind, ContentKey};
use crate::filter::{Filter, is_in};
use crate::maintain::MaintenancePolicy;
use crate::row::ChunkRow;
use crate::snapshot::{Snapshot, collect};
use crate::store::{OpenMode, OpenOptions, Store};

const FILES: usize = 12;
const NAMES: [&str; 5] = ["run", "open", "it's", "größe", ""];
const LANGUAGES: [&str; 2] = ["rust", "python"];

/// Numbers that are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % end
    }

    /// A file with some chunks, each with one of few names or none.
    fn file(&mut self) -> (String, Vec<ChunkRow>) {
        let number = self.below(FILES);
        let rows = (0..self.below(6)).map(|line| {
            let text = format!("chunk {}", self.below(1_000));
            ChunkRow {
                content_key: ContentKey::of(&text),
                header: String::new(),
                chunk: Chunk {
                    path: name_of_file(number),
                    language: LANGUAGES[number % LANGUAGES.len()].to_owned(),
                    kind: ChunkKind::Function,
                    symbol: NAMES.get(self.below(7)).map(|name| (*name).to_owned()),
                    scope: Vec::new(),
                    definitions: Vec::new(),
                    start_line: u32::try_from(line).expect("a line") + 1,
                    end_line: 9,
                    text,
                },
            }
        });
        let rows = rows.collect();
        (name_of_file(number), rows)
    }
}

fn name_of_file(number: usize) -> String {
    format!("src/it's {number}.rs")
}

async fn writer(folder: &Path) -> Store {
    let options = OpenOptions::new(OpenMode::Write);
    Store::open(folder, options).await.expect("a store")
}

/// The rows that LanceDB finds for some values of a column, with their values.
async fn planned(snapshot: &Snapshot, name: &str, values: &[String]) -> HashSet<(u64, String)> {
    let condition = is_in(name, values.iter().map(String::as_str));
    let mut scanner = snapshot.dataset().scan();
    scanner
        .with_row_id()
        .filter(&condition)
        .and_then(|scanner| scanner.project(&[name]))
        .expect("a query");
    let mut rows = HashSet::new();
    for batch in collect(&scanner).await.expect("an answer") {
        let found = row_ids(&batch).expect("rows").into_iter();
        for (row, value) in found.zip(strings(&batch, name).expect("values")) {
            rows.insert((row.0, value.expect("a value").to_owned()));
        }
    }
    rows
}

/// Compares all ways of looking up some values of a column; returns how many rows have them.
async fn compare(snapshot: &Snapshot, name: &'static str, values: &[String]) -> usize {
    let expected = planned(snapshot, name, values).await;
    let expected_rows: HashSet<u64> = expected.iter().map(|(row, _)| *row).collect();
    for uses_tree in [true, false] {
        let column = TreeColumn::open(snapshot.dataset(), name, uses_tree).await;
        let column = column.expect("a column");
        let rows = column.rows_of(values).await.expect("rows");
        assert_eq!(rows.len(), expected.len(), "{values:?}: {rows:?}");
        assert_eq!(rows.into_iter().collect::<HashSet<u64>>(), expected_rows);
        let each = column.rows_of_each(values).await.expect("rows");
        let pairs: Vec<(u64, String)> = values
            .iter()
            .zip(each)
            .flat_map(|(value, rows)| rows.into_iter().map(move |row| (row, value.clone())))
            .collect();
        assert_eq!(pairs.len(), expected.len(), "{values:?}: {pairs:?}");
        assert_eq!(pairs.into_iter().collect::<HashSet<_>>(), expected);
    }
    expected.len()
}

async fn compare_all(store: &Store) -> usize {
    let snapshot = store.snapshot().await.expect("a snapshot");
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let some = [names[2].clone(), "nowhere".to_owned(), names[4].clone()];
    let paths: Vec<String> = (0..FILES).step_by(3).map(name_of_file).collect();
    compare(&snapshot, "symbol", &names[..1]).await
        + compare(&snapshot, "symbol", &some).await
        + compare(&snapshot, "path", &paths).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_are_those_of_a_planned_query() {
    for seed in 0..3 {
        let folder = tempfile::tempdir().expect("a folder");
        let store = writer(folder.path()).await;
        let mut numbers = Numbers(seed);
        assert_eq!(compare_all(&store).await, 0, "the table is empty");
        let compacting = MaintenancePolicy {
            commits_between_looks: 0,
            most_small_fragments: 1,
            min_deleted_rows: 1,
            most_unindexed_rows: 3,
            merge_from_segments: 3,
            ..MaintenancePolicy::default()
        };
        let mut found = 0;
        for _ in 0..12 {
            match numbers.below(5) {
                0 => store.index_text().await.expect("indexes"),
                1 => {
                    let done = store.maintain(&compacting, SystemTime::now()).await;
                    done.expect("maintenance");
                }
                _ => {
                    let (path, rows) = numbers.file();
                    store.replace(&[path], &rows).await.expect("a commit");
                }
            }
            found += compare_all(&store).await;
        }
        assert!(found > 0, "seed {seed} finds nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_counted_among_what_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = writer(folder.path()).await;
    let mut numbers = Numbers(9);
    for _ in 0..20 {
        let (path, rows) = numbers.file();
        store.replace(&[path], &rows).await.expect("a commit");
    }
    store.index_text().await.expect("indexes");
    let (path, rows) = numbers.file();
    store.replace(&[path], &rows).await.expect("a commit");
    let snapshot = store.snapshot().await.expect("a snapshot");
    let names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let some = Filter {
        languages: vec!["rust".to_owned()],
        paths: Some(
            (0..FILES)
                .step_by(2)
                .map(name_of_file)
                .collect::<Vec<String>>()
                .into(),
        ),
    };
    for filter in [Filter::default(), some] {
        let everything = snapshot.chunks_by_symbols(&names, usize::MAX, &filter);
        let everything = everything.await.expect("chunks");
        assert!(!everything.is_empty());
        for most in [0, 1, 3, 100] {
            let mut expected = everything.clone();
            expected.retain(|found| {
                let same = everything.iter();
                let same = same.filter(|it| it.chunk.symbol == found.chunk.symbol);
                same.count() <= most
            });
            let twice = [&names[..], &names[..]].concat();
            for snapshot in [snapshot.clone(), snapshot.without_trees()] {
                let found = snapshot.chunks_by_symbols(&twice, most, &filter).await;
                assert_eq!(found.expect("chunks"), expected, "at most {most}");
            }
        }
    }
}
