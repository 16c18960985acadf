//! One version of the table of chunks, to search and to read from.
//!
//! A search ranks hundreds of chunks and shows ten. So the retrievers fetch everything but the
//! texts, which are most of the bytes, and the texts of the hits are fetched by row at the end.
//! Row ids are valid within one version only, so all reads of a search use one snapshot.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, RecordBatch};
use futures::{FutureExt, TryStreamExt};
use lance::Dataset;
use lance::dataset::ProjectionRequest;
use lance::dataset::scanner::Scanner;
use lance::index::DatasetIndexInternalExt;
use lancedb::index::scalar::{FtsQuery, FullTextSearchQuery};
use parking_lot::Mutex;

use crate::chunk::{Chunk, ContentKey};
use crate::chunks::floats;
use crate::error::{Result, StoreError};
use crate::filter::Filter;
use crate::keys::KeyRows;
use crate::query::TextQuery;
use crate::row::{self, COLUMNS, ChunkRow, OUTLINE, TERMS};
use crate::store::{Store, StoreFuture, TERMS_INDEX};
use crate::text_search::{IndexedHits, search_indexed};
use crate::tree::TreeColumn;

const SCORE: &str = "_score";
const ROW_ID: &str = "_rowid";

/// A row of one [`Snapshot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub(crate) u64);

/// A chunk that was found, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundChunk {
    /// The row that holds its text.
    pub row: RowId,
    /// The chunk; its text is empty.
    pub chunk: Chunk,
    /// The key of the chunk's vectors.
    pub content_key: ContentKey,
}

impl FoundChunk {
    fn passes(&self, filter: &Filter) -> bool {
        filter.passes(&self.chunk.path, &self.chunk.language)
    }
}

/// One version of the table of chunks.
#[derive(Clone)]
pub struct Snapshot {
    dataset: Arc<Dataset>,
    outlines: Arc<ChunkHeaders>,
    uses_trees: bool,
    keys: Arc<KeyRows>,
}

/// Chunks that earlier searches have read, without their texts.
///
/// A row is written once and never changed, and its id is its address, which is never reused: so
/// cached rows stay valid across versions.
#[derive(Default)]
pub(crate) struct ChunkHeaders(Mutex<HashMap<RowId, FoundChunk>>);

impl ChunkHeaders {
    /// About 30 MB.
    const MOST: usize = 100_000;

    fn known(&self, rows: &[RowId]) -> Vec<Option<FoundChunk>> {
        let known = self.0.lock();
        rows.iter().map(|row| known.get(row).cloned()).collect()
    }

    fn keep(&self, found: &[FoundChunk]) {
        let mut known = self.0.lock();
        if known.len() + found.len() > Self::MOST {
            known.clear();
        }
        known.extend(found.iter().map(|found| (found.row, found.clone())));
    }
}

impl Store {
    /// A snapshot of the chunks as they are now.
    pub fn snapshot(&self) -> StoreFuture<'_, Snapshot> {
        async move {
            let Some(wrapper) = self.inner.chunks.dataset() else {
                return Err(StoreError::Invalid(
                    "the chunks are not in a table of this machine".to_owned(),
                ));
            };
            let dataset = wrapper.get().boxed().await?;
            Ok(Snapshot {
                dataset,
                outlines: self.inner.outlines.clone(),
                uses_trees: true,
                keys: self.inner.chunk_keys.clone(),
            })
        }
        .boxed()
    }
}

impl Snapshot {
    /// The version of the table of chunks.
    pub fn version(&self) -> u64 {
        self.dataset.version().version
    }

    pub(crate) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The same version, without the B-trees and the bitmap of the languages: look-ups read a column
    /// of all chunks instead.
    #[must_use]
    pub fn without_trees(&self) -> Snapshot {
        Snapshot {
            uses_trees: false,
            ..self.clone()
        }
    }

    /// Finds chunks by full-text search (BM25), best first, ties by path and line.
    pub fn search_text<'a>(
        &'a self,
        query: &'a TextQuery,
        limit: usize,
        filter: &'a Filter,
    ) -> StoreFuture<'a, Vec<(FoundChunk, f32)>> {
        async move {
            if limit == 0 || query.is_empty() || filter.passes_nothing() {
                return Ok(Vec::new());
            }
            let others = self
                .dataset
                .unindexed_fragments(TERMS_INDEX)
                .boxed()
                .await?;
            // A table of which nothing is indexed has the definition of an index.
            let indexed = if others.len() < self.dataset.fragments().len() {
                search_indexed(&self.dataset, query, limit, filter, self.uses_trees).await?
            } else {
                IndexedHits::default()
            };
            let (mut rows, mut scores) = (indexed.rows, indexed.scores);
            if let Some(query) = query.for_others(TERMS, &indexed.left_out)
                && !others.is_empty()
            {
                let mut scan = self.text_scan(query, limit, filter)?;
                scan.with_fragments(others);
                let (more_rows, more_scores) = scored_rows(&scan).await?;
                rows.extend(more_rows);
                scores.extend(more_scores);
            }
            let found = self.outlines(&rows).await?;
            let mut hits: Vec<(FoundChunk, f32)> = found.into_iter().zip(scores).collect();
            hits.retain(|(found, _)| found.passes(filter));
            hits.sort_by(|(left, left_score), (right, right_score)| {
                right_score
                    .total_cmp(left_score)
                    .then_with(|| found_key(left).cmp(&found_key(right)))
            });
            hits.truncate(limit);
            Ok(hits)
        }
        .boxed()
    }

    fn text_scan(&self, query: FtsQuery, limit: usize, filter: &Filter) -> Result<Scanner> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut scanner = self.dataset.scan();
        scanner
            .with_row_id()
            .use_scalar_index(self.uses_trees)
            .prefilter(true)
            .full_text_search(FullTextSearchQuery::new_query(query))
            .and_then(|scanner| scanner.limit(Some(limit), None))
            .and_then(|scanner| scanner.project::<&str>(&[SCORE]))
            .map_err(lancedb::Error::from)?;
        if let Some(condition) = filter.sql() {
            scanner.filter(&condition).map_err(lancedb::Error::from)?;
        }
        Ok(scanner)
    }

    /// The chunks that have one of the keys, by path and line.
    pub fn chunks_by_keys<'a>(
        &'a self,
        keys: &'a [ContentKey],
        filter: &'a Filter,
    ) -> StoreFuture<'a, Vec<FoundChunk>> {
        async move {
            let rows = self.keys.rows_of(&self.dataset, keys).await?;
            let rows: Vec<RowId> = rows.into_iter().map(RowId).collect();
            let keys: HashSet<&ContentKey> = keys.iter().collect();
            let mut found = self.outlines(&rows).await?;
            found.retain(|it| keys.contains(&it.content_key) && it.passes(filter));
            found.sort_by(|left, right| found_key(left).cmp(&found_key(right)));
            Ok(found)
        }
        .boxed()
    }

    /// The chunks whose symbol is one of the names, as written, by path and line; none of a name that
    /// more than `most` chunks have.
    pub fn chunks_by_symbols<'a>(
        &'a self,
        symbols: &'a [String],
        most: usize,
        filter: &'a Filter,
    ) -> StoreFuture<'a, Vec<FoundChunk>> {
        async move {
            if most == usize::MAX {
                return self.look_up("symbol", symbols, filter).await;
            }
            if symbols.is_empty() || filter.passes_nothing() {
                return Ok(Vec::new());
            }
            let names: BTreeSet<&String> = symbols.iter().collect();
            let names: Vec<String> = names.into_iter().cloned().collect();
            let column = TreeColumn::open(&self.dataset, "symbol", self.uses_trees).await?;
            let mut found = Vec::new();
            for rows in column.rows_of_each(&names).await? {
                let mut rows: Vec<RowId> = rows.into_iter().map(RowId).collect();
                if rows.len() > most {
                    rows = self.passing(rows, filter).await?;
                }
                if rows.len() <= most {
                    found.extend(rows);
                }
            }
            self.sorted_outlines(&found, filter).await
        }
        .boxed()
    }

    /// The chunks of files, by path and line.
    pub fn chunks_by_paths<'a>(
        &'a self,
        paths: &'a [String],
        filter: &'a Filter,
    ) -> StoreFuture<'a, Vec<FoundChunk>> {
        async move { self.look_up("path", paths, filter).await }.boxed()
    }

    /// The chunks that define a name that is wanted, by path and line. Reads the names of all.
    pub fn chunks_by_names<'a>(
        &'a self,
        is_wanted: &'a (dyn Fn(&str) -> bool + Sync),
        filter: &'a Filter,
    ) -> StoreFuture<'a, Vec<FoundChunk>> {
        async move {
            if filter.passes_nothing() {
                return Ok(Vec::new());
            }
            let mut scanner = self.dataset.scan();
            scanner.with_row_id().use_scalar_index(self.uses_trees);
            scanner
                .project::<&str>(&[row::DEFINITIONS])
                .map_err(lancedb::Error::from)?;
            if let Some(condition) = filter.sql() {
                scanner.filter(&condition).map_err(lancedb::Error::from)?;
            }
            let mut rows = Vec::new();
            for batch in collect(&scanner).await? {
                let names = row::strings(&batch, row::DEFINITIONS)?;
                for (row, names) in row_ids(&batch)?.into_iter().zip(names) {
                    if row::separated(names.unwrap_or_default()).any(is_wanted) {
                        rows.push(row);
                    }
                }
            }
            self.sorted_outlines(&rows, filter).await
        }
        .boxed()
    }

    /// The keys of all chunks that pass a filter, in order.
    pub fn keys_of<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<ContentKey>> {
        async move {
            if filter.passes_nothing() {
                return Ok(Vec::new());
            }
            let mut scanner = self.dataset.scan();
            scanner.use_scalar_index(self.uses_trees);
            scanner.project::<&str>(&["content_key"])?;
            if let Some(condition) = filter.sql() {
                scanner.filter(&condition)?;
            }
            let mut keys = BTreeSet::new();
            for batch in collect(&scanner).await? {
                for key in row::strings(&batch, "content_key")?.iter().flatten() {
                    keys.insert(row::key_from_hex(key)?);
                }
            }
            Ok(keys.into_iter().collect())
        }
        .boxed()
    }

    /// How many chunks have a key.
    pub fn count_of_key<'a>(
        &'a self,
        key: ContentKey,
        filter: &'a Filter,
    ) -> StoreFuture<'a, usize> {
        async move {
            if *filter == Filter::default() {
                return Ok(self.keys.rows_of(&self.dataset, &[key]).await?.len());
            }
            Ok(self.chunks_by_keys(&[key], filter).await?.len())
        }
        .boxed()
    }

    /// Whole rows, in the order asked for.
    pub fn rows<'a>(&'a self, rows: &'a [RowId]) -> StoreFuture<'a, Vec<ChunkRow>> {
        async move {
            match self.take(rows, &COLUMNS).await? {
                Some(batch) => row::from_batch(&batch),
                None => Ok(Vec::new()),
            }
        }
        .boxed()
    }

    /// The texts of rows, in the order asked for.
    pub fn texts<'a>(&'a self, rows: &'a [RowId]) -> StoreFuture<'a, Vec<String>> {
        async move {
            match self.take(rows, &row::TEXT).await? {
                Some(batch) => row::texts_from_batch(&batch),
                None => Ok(Vec::new()),
            }
        }
        .boxed()
    }

    async fn look_up(
        &self,
        column: &'static str,
        values: &[String],
        filter: &Filter,
    ) -> Result<Vec<FoundChunk>> {
        if values.is_empty() || filter.passes_nothing() {
            return Ok(Vec::new());
        }
        let column = TreeColumn::open(&self.dataset, column, self.uses_trees).await?;
        let rows = column.rows_of(values).await?;
        let rows: Vec<RowId> = rows.into_iter().map(RowId).collect();
        self.sorted_outlines(&rows, filter).await
    }

    /// The rows that pass a filter, of which no more is read than what it is about.
    async fn passing(&self, mut rows: Vec<RowId>, filter: &Filter) -> Result<Vec<RowId>> {
        if *filter == Filter::default() {
            return Ok(rows);
        }
        let Some(batch) = self.take(&rows, &["path", "language"]).await? else {
            return Ok(rows);
        };
        let paths = row::strings(&batch, "path")?.iter();
        let mut places = paths.zip(row::strings(&batch, "language")?);
        rows.retain(|_| match places.next() {
            Some((Some(path), Some(language))) => filter.passes(path, language),
            _ => false,
        });
        Ok(rows)
    }

    /// The rows that pass a filter, without their texts, by path and line.
    async fn sorted_outlines(&self, rows: &[RowId], filter: &Filter) -> Result<Vec<FoundChunk>> {
        let mut found = self.outlines(rows).await?;
        found.retain(|it| it.passes(filter));
        found.sort_by(|left, right| found_key(left).cmp(&found_key(right)));
        Ok(found)
    }

    /// The rows without their texts, in the order asked for.
    pub(crate) async fn outlines(&self, rows: &[RowId]) -> Result<Vec<FoundChunk>> {
        let known = self.outlines.known(rows);
        let missing: Vec<RowId> = rows
            .iter()
            .zip(&known)
            .filter_map(|(row, known)| known.is_none().then_some(*row))
            .collect();
        let read = self.read_outlines(&missing).await?;
        self.outlines.keep(&read);
        let mut read = read.into_iter();
        Ok(known
            .into_iter()
            .filter_map(|known| known.or_else(|| read.next()))
            .collect())
    }

    async fn read_outlines(&self, rows: &[RowId]) -> Result<Vec<FoundChunk>> {
        let Some(batch) = self.take(rows, &OUTLINE).await? else {
            return Ok(Vec::new());
        };
        let chunks = row::outlines_from_batch(&batch)?;
        if chunks.len() != rows.len() {
            let text = format!("{} of {} rows are there", chunks.len(), rows.len());
            return Err(StoreError::corrupt("the table of chunks", text));
        }
        let found = rows.iter().zip(chunks);
        Ok(found
            .map(|(row, (chunk, content_key))| FoundChunk {
                row: *row,
                chunk,
                content_key,
            })
            .collect())
    }

    async fn take(&self, rows: &[RowId], columns: &[&str]) -> Result<Option<RecordBatch>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let ids: Vec<u64> = rows.iter().map(|row| row.0).collect();
        let projection = ProjectionRequest::from_columns(columns, self.dataset.schema());
        let taken = self.dataset.take_rows(&ids, projection).boxed().await;
        Ok(Some(taken.map_err(lancedb::Error::from)?))
    }
}

async fn scored_rows(scanner: &Scanner) -> Result<(Vec<RowId>, Vec<f32>)> {
    let (mut rows, mut scores) = (Vec::new(), Vec::new());
    for batch in collect(scanner).await? {
        rows.extend(row_ids(&batch)?);
        scores.extend(floats(&batch, SCORE)?);
    }
    Ok((rows, scores))
}

pub(crate) async fn collect(scanner: &Scanner) -> Result<Vec<RecordBatch>> {
    let stream = scanner.try_into_stream().boxed().await;
    let batches = stream.map_err(lancedb::Error::from)?.try_collect().await;
    Ok(batches.map_err(lancedb::Error::from)?)
}

pub(crate) fn row_ids(batch: &RecordBatch) -> Result<Vec<RowId>> {
    let column = batch
        .column_by_name(ROW_ID)
        .and_then(|column| column.as_primitive_opt::<UInt64Type>())
        .filter(|column| column.null_count() == 0)
        .ok_or_else(|| StoreError::Invalid(format!("the answer has no column `{ROW_ID}`")))?;
    Ok(column.values().iter().map(|id| RowId(*id)).collect())
}

fn found_key(found: &FoundChunk) -> (&str, u32, u32, ContentKey) {
    let chunk = &found.chunk;
    (
        &chunk.path,
        chunk.start_line,
        chunk.end_line,
        found.content_key,
    )
}
