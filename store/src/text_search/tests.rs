use std::path::Path;

use lancedb::index::scalar::{FullTextSearchQuery, MatchQuery};

use super::*;
use crate::chunk::{Chunk, ChunkKind, ContentKey};
use crate::row::ChunkRow;
use crate::store::{OpenMode, OpenOptions, Store};

fn row(path: &str, line: u32, text: &str) -> ChunkRow {
    ChunkRow {
        chunk: Chunk {
            path: path.to_owned(),
            language: "rust".to_owned(),
            kind: ChunkKind::Function,
            symbol: None,
            scope: Vec::new(),
            definitions: Vec::new(),
            start_line: line,
            end_line: line + 4,
            text: text.to_owned(),
        },
        header: String::new(),
        content_key: ContentKey::of(text),
    }
}

async fn indexed(folder: &Path, rows: &[ChunkRow]) -> Store {
    let store = Store::open(folder, OpenOptions::new(OpenMode::Write)).await;
    let store = store.expect("open for writing");
    store.append(rows).await.expect("append");
    store.index_text().await.expect("index");
    store
}

/// What LanceDB answers from the text of a query.
async fn planned(dataset: &Dataset, words: &str) -> Vec<(RowId, f32)> {
    let query = MatchQuery::new(words.to_owned()).with_column(Some(TERMS.to_owned()));
    let mut scanner = dataset.scan();
    scanner
        .with_row_id()
        .full_text_search(FullTextSearchQuery::new_query(query.into()))
        .and_then(|scanner| scanner.limit(Some(10), None))
        .and_then(|scanner| scanner.project::<&str>(&["_score"]))
        .expect("a query");
    let mut hits = Vec::new();
    for batch in collect(&scanner).await.expect("an answer") {
        let scores = crate::chunks::floats(&batch, "_score").expect("scores");
        hits.extend(row_ids(&batch).expect("rows").into_iter().zip(scores));
    }
    hits.sort_by_key(|(row, _)| *row);
    hits
}

#[tokio::test(flavor = "multi_thread")]
async fn scores_are_those_of_a_planned_query() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rows: Vec<ChunkRow> = (1..40)
        .map(|line| row("filler.rs", line, &format!("filler number {line} and more")))
        .collect();
    rows.push(row(
        "a.rs",
        1,
        "the reader parses a manifest, twice: a manifest",
    ));
    rows.push(row("b.rs", 1, "readers of number 7"));
    rows.push(row("c.rs", 1, "a manifest that is removed"));
    let store = indexed(folder.path(), &rows).await;
    // The second segment of the index, and rows that are gone.
    let more = [row("d.rs", 1, "another manifest for a reader")];
    store.append(&more).await.expect("append");
    store.index_text().await.expect("index");
    let gone = ["c.rs".to_owned()];
    store.replace(&gone, &[]).await.expect("delete");
    let snapshot = store.snapshot().await.expect("a snapshot");
    let dataset = Arc::new(snapshot.dataset().clone());
    for words in ["manifest", "reader manifest", "number more", "nowhere"] {
        let query = TextQuery::new(words);
        let found = search_indexed(&dataset, &query, 10, &Filter::default(), true).await;
        let found = found.expect("an answer");
        let mut hits: Vec<(RowId, f32)> = found.rows.into_iter().zip(found.scores).collect();
        hits.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        hits.truncate(10);
        hits.sort_by_key(|(row, _)| *row);
        let expected = planned(&dataset, words).await;
        assert_eq!(hits.len(), expected.len(), "{words}");
        if words != "number more" {
            let rows = |hits: &[(RowId, f32)]| hits.iter().map(|hit| hit.0).collect::<Vec<_>>();
            assert_eq!(rows(&hits), rows(&expected), "{words}");
        }
        let sum = |hits: &[(RowId, f32)]| hits.iter().map(|hit| hit.1).sum::<f32>();
        assert!((sum(&hits) - sum(&expected)).abs() < 1e-3, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_lets_only_its_rows_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = ["a.rs", "b.rs", "c.rs"].map(|path| row(path, 1, "a manifest"));
    let store = indexed(folder.path(), &rows).await;
    let snapshot = store.snapshot().await.expect("a snapshot");
    let filter = Filter {
        languages: vec!["rust".to_owned()],
        paths: Some(vec!["b.rs".to_owned()].into()),
    };
    let query = TextQuery::new("manifest");
    let hits = snapshot.search_text(&query, 10, &filter).await;
    let paths: Vec<String> = hits
        .expect("an answer")
        .into_iter()
        .map(|(found, _)| found.chunk.path)
        .collect();
    assert_eq!(paths, ["b.rs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn identifiers_count_once_for_all_of_them_and_for_each_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = [
        row("whole.rs", 1, "fn open_archive_file() {}"),
        row("part.rs", 1, "an archive that is not opened here"),
        row("none.rs", 1, "something else"),
    ];
    let store = indexed(folder.path(), &rows).await;
    let snapshot = store.snapshot().await.expect("a snapshot");
    let query = TextQuery::new("open_archive_file");
    let hits = snapshot.search_text(&query, 10, &Filter::default()).await;
    let hits = hits.expect("an answer");
    let paths: Vec<&str> = hits.iter().map(|(it, _)| it.chunk.path.as_str()).collect();
    assert_eq!(paths, ["whole.rs", "part.rs"]);
}

/// Terms in as many chunks as given, of weight 1.
fn terms(chunks: &[usize]) -> QueryTerms {
    let terms = chunks.iter().enumerate().map(|(at, chunks)| Term {
        token: format!("t{at}"),
        weight: 1,
        chunks: *chunks,
        is_chosen: false,
    });
    let words = (0..chunks.len()).map(|at| (format!("t{at}"), vec![at]));
    QueryTerms {
        words: words.collect(),
        terms: terms.collect(),
        unseen: HashSet::new(),
        none: Tokens::new(
            Vec::new(),
            lance_index::scalar::inverted::document_tokenizer::DocType::Text,
        ),
    }
}

fn chosen(terms: &QueryTerms) -> Vec<usize> {
    let all = terms.terms.iter().enumerate();
    all.filter(|(_, term)| term.is_chosen)
        .map(|(at, _)| at)
        .collect()
}

#[test]
fn of_many_common_terms_the_rarest_are_searched_for() {
    const ALL: usize = 770_000;
    // Every second one is rare.
    let counts: Vec<usize> = (0..60)
        .map(|at| if at % 2 == 0 { 20 } else { 40_000 })
        .collect();
    let mut long = terms(&counts);
    // As one of a stack trace, between blanks.
    for (word, terms) in [("t59::t58", [59, 58]), ("t59::t57", [59, 57])] {
        long.words.push((word.to_owned(), terms.to_vec()));
    }
    long.choose(ALL);
    let of_long = chosen(&long);
    assert_eq!(of_long.len(), 30 + (FEW_ENTRIES - 30 * 20) / 40_000);
    assert!((0..60).step_by(2).all(|at| of_long.contains(&at)));
    assert!(long.left_out().contains("t59") && !long.left_out().contains("t58"));
    assert!(long.left_out().contains("t59::t57") && !long.left_out().contains("t59::t58"));
    // All of them are common: the most telling ones.
    let mut common = terms(&[100_000; 60]);
    common.choose(ALL);
    assert_eq!(chosen(&common), (0..MOST_TERMS).collect::<Vec<_>>());
    // However common they are.
    let mut commonest = terms(&[700_000; 60]);
    commonest.choose(ALL);
    assert_eq!(chosen(&commonest).len(), FEWEST_TERMS);
}

#[test]
fn short_queries_and_small_indexes_have_all_their_terms() {
    let mut short = terms(&[400_000, 300_000, 200_000, 90_000, 5]);
    short.choose(770_000);
    assert_eq!(chosen(&short).len(), 5);
    let mut small = terms(&[2_000; 100]);
    small.choose(20_000);
    assert_eq!(chosen(&small).len(), 100);
    assert!(small.left_out().is_empty());
}

#[test]
fn what_no_indexed_chunk_has_may_be_in_others() {
    let mut fresh = terms(&[0, 700_000]);
    fresh.choose(770_000);
    assert_eq!(chosen(&fresh), [1]);
    assert!(fresh.left_out().is_empty());
}

#[test]
fn weights_count_with_rarity() {
    let mut long = terms(&[100_000; 60]);
    long.terms[59].weight = 3;
    long.choose(770_000);
    assert!(chosen(&long).contains(&59));
    let tokens = long.tokens().expect("terms");
    let of_last = tokens.into_iter().filter(|token| token == "t59").count();
    assert_eq!(of_last, 3);
}
