//! Replacing the chunks of files: one commit, at a cost that grows with the files and not with the
//! table.
//!
//! LanceDB's own way of inserting and deleting in one commit, a `merge_insert` that deletes what the
//! source lacks, reads the ids of the whole table. Here the rows of the paths are found by the
//! index on paths; what is gone and what is new is then committed as one update.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow_array::{Array, RecordBatch};
use futures::FutureExt;
use lance::Dataset;
use lance::dataset::transaction::{Operation, Transaction, UpdateMode};
use lance::dataset::{CommitBuilder, InsertBuilder, ProjectionRequest, WriteMode, WriteParams};

use crate::chunks::distinct;
use crate::error::{Result, StoreError};
use crate::row::{self, ChunkRow, strings};
use crate::store::{CHUNKS, Store, StoreFuture, retrying};
use crate::tree::TreeColumn;

/// The most paths in one commit; more paths take several commits, each path in one of them.
const PATHS_PER_COMMIT: usize = 500;

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
                // Each attempt reads the newest version.
                let replaced = retrying(|| self.replace_group(&paths, &rows).boxed()).await?;
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
        rows: &[(String, &ChunkRow)],
    ) -> Result<Replaced> {
        let dataset = self.chunks_now().await?;
        let stored = stored_rows(&dataset, paths).boxed().await?;
        let wanted: HashSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
        // A stored row that is wanted again stays where it is, and stays indexed. An append that
        // was repeated after a crash leaves copies, of which one stays.
        let mut kept = HashSet::new();
        let mut gone = Vec::new();
        for row in &stored {
            if !(wanted.contains(row.id.as_str()) && kept.insert(row.id.as_str())) {
                gone.push(row.address);
            }
        }
        let new: Vec<(String, &ChunkRow)> = rows
            .iter()
            .filter(|(id, _)| !kept.contains(id.as_str()))
            .cloned()
            .collect();
        if gone.is_empty() && new.is_empty() {
            return Ok(Replaced::default());
        }
        if gone.is_empty() {
            self.insert(&new).await?;
        } else {
            self.exchange(dataset, &gone, &new).boxed().await?;
        }
        Ok(Replaced {
            inserted: new.len(),
            deleted: gone.len(),
            commits: 1,
        })
    }

    /// The newest version of the table of chunks.
    async fn chunks_now(&self) -> Result<Arc<Dataset>> {
        let wrapper = self.inner.chunks.dataset().ok_or_else(not_here)?;
        Ok(wrapper.get().await?)
    }

    /// Deletes rows by their addresses in a version and inserts others, in one commit.
    async fn exchange(
        &self,
        dataset: Arc<Dataset>,
        gone: &[u64],
        new: &[(String, &ChunkRow)],
    ) -> Result<()> {
        let mut by_fragment: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for address in gone {
            let (fragment, row) = ((address >> 32) as u32, *address as u32);
            by_fragment.entry(fragment).or_default().push(row);
        }
        let (mut updated_fragments, mut removed_fragment_ids) = (Vec::new(), Vec::new());
        for (id, rows) in by_fragment {
            let Some(fragment) = dataset.get_fragment(id as usize) else {
                return Err(StoreError::Invalid(format!(
                    "the table of chunks has no fragment {id}"
                )));
            };
            match fragment.extend_deletions(rows).await? {
                Some(fragment) => updated_fragments.push(fragment.metadata().clone()),
                None => removed_fragment_ids.push(u64::from(id)),
            }
        }
        let mut new_fragments = Vec::new();
        if !new.is_empty() {
            let staged = staged(&dataset, row::to_batches(new)?).boxed().await?;
            let Operation::Append { fragments } = staged.operation else {
                return Err(StoreError::Invalid(
                    "the table of chunks took new rows for something else".to_owned(),
                ));
            };
            new_fragments = fragments;
        }
        // All columns of a new row are new, so no index has it yet.
        let all_fields = dataset.schema().fields_pre_order();
        let operation = Operation::Update {
            removed_fragment_ids,
            updated_fragments,
            new_fragments,
            fields_modified: Vec::new(),
            compacted_sstables: Vec::new(),
            fields_for_preserving_frag_bitmap: all_fields
                .filter_map(|field| u32::try_from(field.id).ok())
                .collect(),
            update_mode: Some(UpdateMode::RewriteRows),
            inserted_rows_filter: None,
            updated_fragment_offsets: None,
        };
        let transaction = Transaction::new(dataset.manifest().version, operation, None);
        let committed = CommitBuilder::new(dataset)
            .execute(transaction)
            .boxed()
            .await?;
        let wrapper = self.inner.chunks.dataset().ok_or_else(not_here)?;
        wrapper.update(committed);
        self.inner.upkeep.note_inserted(CHUNKS, new.len());
        Ok(())
    }
}

/// Writes rows that a transaction will add.
async fn staged(dataset: &Arc<Dataset>, rows: Vec<RecordBatch>) -> lance::Result<Transaction> {
    let parameters = WriteParams {
        mode: WriteMode::Append,
        ..WriteParams::default()
    };
    InsertBuilder::new(Arc::clone(dataset))
        .with_params(&parameters)
        .execute_uncommitted(rows)
        .await
}

/// A row of the table of chunks.
struct StoredRow {
    id: String,
    /// Where it is: the fragment, and the row in it.
    address: u64,
}

/// The rows of files, by the index on paths.
async fn stored_rows(dataset: &Dataset, paths: &[&str]) -> Result<Vec<StoredRow>> {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let column = TreeColumn::open(dataset, "path", true).await?;
    let addresses = column.rows_of(&paths).await?;
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let columns = ProjectionRequest::from_columns(["id"], dataset.schema());
    let batch = dataset.take_rows(&addresses, columns).boxed().await?;
    let ids = strings(&batch, "id")?;
    if ids.len() != addresses.len() {
        let text = format!("{} of {} rows are there", ids.len(), addresses.len());
        return Err(StoreError::corrupt("the table of chunks", text));
    }
    let found = addresses.into_iter().zip(ids);
    let found = found.map(|(address, id)| StoredRow {
        id: id.unwrap_or_default().to_owned(),
        address,
    });
    Ok(found.collect())
}

fn not_here() -> StoreError {
    StoreError::Invalid("the table of chunks is not on this machine".to_owned())
}

#[cfg(test)]
mod tests;
