//! Chunks: written by file, searched by text, looked up by key and path.

use std::collections::HashSet;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use futures::FutureExt;
use lancedb::query::{QueryBase, Select};
use lancedb::table::OptimizeAction;
use lancedb::table::OptimizeOptions;

use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::filter::{Filter, is_in};
use crate::query::TextQuery;
use crate::row::{self, COLUMNS, ChunkRow, key_from_hex, strings};
use crate::store::{CHUNKS, Store, StoreFuture, TERMS_INDEX, collect, create_text_index, retrying};

const VALUES_PER_LOOKUP: usize = 500;

impl Store {
    /// Writes chunks of paths that have none yet, in one commit.
    ///
    /// For bulk loads; it does not check for existing rows. Nothing is full-text indexed until
    /// [`Self::index_text`].
    pub fn append<'a>(&'a self, rows: &'a [ChunkRow]) -> StoreFuture<'a, ()> {
        async move {
            let _write_lock = self.inner.writes.lock().await;
            self.insert(&distinct(rows.iter())).await
        }
        .boxed()
    }

    /// Adds rows in one commit; the caller has the lock.
    pub(crate) async fn insert(&self, rows: &[(String, &ChunkRow)]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let batches = row::to_batches(rows)?;
        retrying(|| self.inner.chunks.add(batches.clone()).execute().boxed()).await?;
        self.inner.upkeep.note_inserted(CHUNKS, rows.len());
        Ok(())
    }

    /// Adds chunks that are not indexed yet to the full-text index and the B-trees. A writing
    /// method.
    ///
    /// Searches find unindexed chunks, too, by scanning them.
    pub fn index_text(&self) -> StoreFuture<'_, ()> {
        async move {
            let _write_lock = self.inner.writes.lock().await;
            let table = &self.inner.chunks;
            let statistics = table.index_stats(TERMS_INDEX).boxed().await?;
            let indexed = statistics
                .as_ref()
                .map_or(0, |index| index.num_indexed_rows);
            let missing = statistics
                .as_ref()
                .map_or(usize::MAX, |index| index.num_unindexed_rows);
            if missing == 0 {
                return Ok(());
            }
            // A large update costs as much as a build, and a build leaves one segment.
            if statistics.is_none() || missing >= indexed {
                create_text_index(table).await?;
            }
            retrying(|| {
                table
                    .optimize(OptimizeAction::Index(OptimizeOptions::append()))
                    .boxed()
            })
            .await?;
            Ok(())
        }
        .boxed()
    }

    /// The chunks that have one of the keys, by path and line.
    pub fn chunks_by_keys<'a>(&'a self, keys: &'a [ContentKey]) -> StoreFuture<'a, Vec<ChunkRow>> {
        async move {
            let keys: Vec<String> = keys.iter().map(|key| hex::encode(key.0)).collect();
            self.look_up("content_key", &keys).await
        }
        .boxed()
    }

    /// The chunks of the paths, by path and line.
    pub fn chunks_of_paths<'a>(&'a self, paths: &'a [String]) -> StoreFuture<'a, Vec<ChunkRow>> {
        async move { self.look_up("path", paths).await }.boxed()
    }

    async fn look_up(&self, column: &str, values: &[String]) -> Result<Vec<ChunkRow>> {
        let mut rows = Vec::new();
        for group in values.chunks(VALUES_PER_LOOKUP) {
            let query = self
                .inner
                .chunks
                .query()
                .only_if(is_in(column, group.iter().map(String::as_str)))
                .select(Select::columns(&COLUMNS));
            for batch in collect(&query).await? {
                rows.extend(row::from_batch(&batch)?);
            }
        }
        rows.sort_by(|left, right| location_key(left).cmp(&location_key(right)));
        Ok(rows)
    }

    /// Searches once, to see whether the full-text index answers.
    pub fn probe(&self) -> StoreFuture<'_, ()> {
        async move {
            let snapshot = self.snapshot().await?;
            snapshot
                .search_text(&TextQuery::new("the"), 1, &Filter::default())
                .await?;
            Ok(())
        }
        .boxed()
    }

    /// The path and the key of every chunk, in no order: to reconcile the catalog.
    pub fn path_keys(&self) -> StoreFuture<'_, Vec<(String, ContentKey)>> {
        async move {
            let columns = Select::columns(&["path", "content_key"]);
            let query = self.inner.chunks.query().select(columns);
            let mut pairs = Vec::new();
            for batch in collect(&query).await? {
                let keys = strings(&batch, "content_key")?;
                for (path, key) in strings(&batch, "path")?.iter().zip(keys.iter()) {
                    let key = key_from_hex(key.unwrap_or_default())?;
                    pairs.push((path.unwrap_or_default().to_owned(), key));
                }
            }
            Ok(pairs)
        }
        .boxed()
    }
}

/// Rows with their ids, each id once: LanceDB refuses a source with a key twice.
pub(crate) fn distinct<'a>(
    rows: impl Iterator<Item = &'a ChunkRow>,
) -> Vec<(String, &'a ChunkRow)> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for row in rows {
        let id = row.id();
        if seen.insert(id.clone()) {
            kept.push((id, row));
        }
    }
    kept
}

/// A column of 32-bit floats.
pub(crate) fn floats(batch: &RecordBatch, name: &str) -> Result<Vec<f32>> {
    let column = batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<Float32Type>())
        .ok_or_else(|| {
            StoreError::Invalid(format!("the answer has no column `{name}` of numbers"))
        })?;
    Ok(column
        .iter()
        .map(|value| value.unwrap_or_default())
        .collect())
}

fn location_key(row: &ChunkRow) -> (&str, u32, u32) {
    (&row.chunk.path, row.chunk.start_line, row.chunk.end_line)
}
