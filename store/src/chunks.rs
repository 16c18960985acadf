//! Chunks: written by file, searched by text, looked up by key and path.

use std::collections::{BTreeMap, HashSet};

use arrow_array::cast::AsArray;
use arrow_array::types::Float32Type;
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use futures::FutureExt;
use lancedb::query::{QueryBase, Select};
use lancedb::table::OptimizeAction;
use lancedb::table::OptimizeOptions;

use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::query::{Filter, TextQuery, is_in};
use crate::row::{self, COLUMNS, ChunkRow, key_from_hex, strings};
use crate::store::{Store, StoreFuture, TERMS_INDEX, collect, create_text_index, retrying};

/// The most paths in one commit; more paths take several commits, each path in one of them.
const PATHS_PER_COMMIT: usize = 500;
const VALUES_PER_LOOKUP: usize = 500;

/// The effect of replacing the chunks of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// Chunks that are new.
    pub inserted: usize,
    /// Chunks that were deleted.
    pub deleted: usize,
    /// Commits made; 0 if every chunk was stored already.
    pub commits: usize,
}

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

    /// Replaces the chunks of the given paths; chunks that they no longer have are deleted.
    ///
    /// Readers see each path before or after the change, never in between. Rows of other paths
    /// than those given are replaced, too. One commit for up to 500 paths, none if nothing
    /// changes.
    pub fn replace<'a>(
        &'a self,
        paths: &'a [String],
        rows: &'a [ChunkRow],
    ) -> StoreFuture<'a, Replaced> {
        async move {
            let _write_lock = self.inner.writes.lock().await;
            let mut by_path: BTreeMap<&str, Vec<&ChunkRow>> = BTreeMap::new();
            for path in paths {
                by_path.entry(path).or_default();
            }
            for row in rows {
                by_path.entry(&row.chunk.path).or_default().push(row);
            }
            let by_path: Vec<(&str, Vec<&ChunkRow>)> = by_path.into_iter().collect();
            let mut total = Replaced::default();
            for group in by_path.chunks(PATHS_PER_COMMIT) {
                let paths: Vec<&str> = group.iter().map(|(path, _)| *path).collect();
                let rows = distinct(group.iter().flat_map(|(_, rows)| rows.iter().copied()));
                let replaced = self.replace_group(&paths, rows).await?;
                total.inserted += replaced.inserted;
                total.deleted += replaced.deleted;
                total.commits += replaced.commits;
            }
            Ok(total)
        }
        .boxed()
    }

    async fn replace_group(
        &self,
        paths: &[&str],
        rows: Vec<(String, &ChunkRow)>,
    ) -> Result<Replaced> {
        let in_paths = is_in("path", paths.iter().copied());
        let stored = self.stored_ids(&in_paths).await?;
        let distinct_stored: HashSet<&str> = stored.iter().map(String::as_str).collect();
        let wanted: HashSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
        let inserted = wanted.difference(&distinct_stored).count();
        let deleted = distinct_stored.difference(&wanted).count();
        let table = &self.inner.chunks;
        // An append that was repeated after a crash leaves copies; only then two commits are made.
        if distinct_stored.len() < stored.len() {
            retrying(|| table.delete(&in_paths).boxed()).await?;
            self.insert(&rows).await?;
            return Ok(Replaced {
                inserted,
                deleted,
                commits: 2,
            });
        }
        match (inserted, deleted) {
            (0, 0) => return Ok(Replaced::default()),
            (_, 0) => {
                let new = rows
                    .iter()
                    .filter(|(id, _)| !distinct_stored.contains(id.as_str()));
                self.insert(&new.cloned().collect::<Vec<_>>()).await?;
            }
            (0, _) => {
                let gone = is_in("id", distinct_stored.difference(&wanted).copied());
                let gone = format!("{in_paths} AND {gone}");
                retrying(|| table.delete(&gone).boxed()).await?;
            }
            _ => self.merge(&in_paths, &rows).await?,
        }
        Ok(Replaced {
            inserted,
            deleted,
            commits: 1,
        })
    }

    async fn stored_ids(&self, in_paths: &str) -> Result<Vec<String>> {
        let query = self
            .inner
            .chunks
            .query()
            .only_if(in_paths)
            .select(Select::columns(&["id"]));
        let mut ids = Vec::new();
        for batch in collect(&query).await? {
            ids.extend(strings(&batch, "id")?.iter().flatten().map(str::to_owned));
        }
        Ok(ids)
    }

    async fn insert(&self, rows: &[(String, &ChunkRow)]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<&ChunkRow> = rows.iter().map(|(_, row)| *row).collect();
        let batches = row::to_batches(&rows)?;
        retrying(|| self.inner.chunks.add(batches.clone()).execute().boxed()).await?;
        Ok(())
    }

    /// Inserts the rows that are new and deletes those of the paths that are gone, in one commit.
    ///
    /// A stored row that is wanted again stays where it is, and stays indexed.
    async fn merge(&self, in_paths: &str, rows: &[(String, &ChunkRow)]) -> Result<()> {
        let rows: Vec<&ChunkRow> = rows.iter().map(|(_, row)| *row).collect();
        let batches = row::to_batches(&rows)?;
        retrying(|| {
            let mut merge = self.inner.chunks.merge_insert(&["id"]);
            merge
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(Some(in_paths.to_owned()));
            merge.execute(reader(batches.clone())).boxed()
        })
        .await?;
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

    /// The keys of all chunks that pass a filter.
    pub fn keys_of<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Vec<ContentKey>> {
        async move {
            if filter.passes_nothing() {
                return Ok(Vec::new());
            }
            let mut query = self
                .inner
                .chunks
                .query()
                .select(Select::columns(&["content_key"]));
            if let Some(condition) = filter.sql() {
                query = query.only_if(condition);
            }
            let mut keys = HashSet::new();
            for batch in collect(&query).await? {
                for key in strings(&batch, "content_key")?.iter().flatten() {
                    keys.insert(key_from_hex(key)?);
                }
            }
            let mut keys: Vec<ContentKey> = keys.into_iter().collect();
            keys.sort_unstable();
            Ok(keys)
        }
        .boxed()
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
fn distinct<'a>(rows: impl Iterator<Item = &'a ChunkRow>) -> Vec<(String, &'a ChunkRow)> {
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

fn reader(batches: Vec<RecordBatch>) -> Box<dyn RecordBatchReader + Send> {
    Box::new(RecordBatchIterator::new(
        batches.into_iter().map(Ok),
        row::schema(),
    ))
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
