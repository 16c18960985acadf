//! What is due for a table, by what its newest version says of itself: no index is opened, no row read.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use lance::Dataset;
use lance::index::DatasetIndexExt;

use crate::error::{Result, StoreError};
use crate::inspect::Inspection;
use crate::maintain::MaintenancePolicy;
use crate::recovery;
use crate::store::{CHUNKS, Store, StoreFuture, has_all_indexes};
use crate::vectors::{VECTOR_INDEX, table_name};

/// An index of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IndexState {
    pub name: String,
    pub segments: usize,
    /// Rows that no segment has.
    pub unindexed_rows: usize,
}

impl IndexState {
    /// Whether so many rows are not in it that they are to be added. Vectors have thresholds of their
    /// own: see `tend_vectors`.
    pub(crate) fn is_stale(&self, policy: &MaintenancePolicy) -> bool {
        self.name != VECTOR_INDEX && self.unindexed_rows > policy.most_unindexed_rows
    }

    /// Whether it has so many segments that the later ones are to be merged.
    pub(crate) fn is_split(&self, policy: &MaintenancePolicy) -> bool {
        self.segments >= usize::try_from(policy.merge_from_segments.max(3)).unwrap_or(usize::MAX)
    }
}

/// The indexes of a table, by name.
pub(crate) async fn indexes_of(dataset: &Dataset) -> Result<Vec<IndexState>> {
    let fragments = dataset.fragments().iter();
    let rows: HashMap<u64, usize> = fragments
        .map(|fragment| (fragment.id, fragment.num_rows().unwrap_or_default()))
        .collect();
    let all_rows: usize = rows.values().sum();
    let mut states: BTreeMap<String, IndexState> = BTreeMap::new();
    for index in dataset.load_indices().boxed().await?.iter() {
        let state = states.entry(index.name.clone()).or_insert(IndexState {
            name: index.name.clone(),
            segments: 0,
            unindexed_rows: all_rows,
        });
        let fragments = index.fragment_bitmap.iter().flatten();
        let indexed: usize = fragments.filter_map(|id| rows.get(&u64::from(id))).sum();
        state.segments += 1;
        state.unindexed_rows = state.unindexed_rows.saturating_sub(indexed);
    }
    Ok(states.into_values().collect())
}

/// The fragments that compaction leaves as they are; `None` if it is not due.
pub(crate) fn not_compacted(dataset: &Dataset, policy: &MaintenancePolicy) -> Option<Vec<u32>> {
    let (mut small_count, mut all_rows, mut all_deleted) = (0, 0, 0);
    let mut excluded_ids = Vec::new();
    for fragment in dataset.fragments().iter() {
        let rows = fragment.physical_rows.unwrap_or_default();
        let deleted = fragment
            .deletion_file
            .as_ref()
            .and_then(|file| file.num_deleted_rows);
        let deleted = deleted.unwrap_or_default();
        all_rows += rows;
        all_deleted += deleted;
        if rows.saturating_sub(deleted) < policy.small_fragment_rows {
            small_count += 1;
        } else if share(deleted, rows) <= policy.max_deleted_share {
            excluded_ids.push(u32::try_from(fragment.id).unwrap_or(u32::MAX));
        }
    }
    let many_deleted = all_deleted >= policy.min_deleted_rows
        && share(all_deleted, all_rows) > policy.max_deleted_share;
    (small_count > policy.most_small_fragments || many_deleted).then_some(excluded_ids)
}

/// The part of rows that is deleted; an approximation is all that a threshold needs.
fn share(deleted: usize, rows: usize) -> f32 {
    if rows == 0 {
        return 0.0;
    }
    let thousandths = deleted.saturating_mul(1_000) / rows;
    f32::from(u16::try_from(thousandths).unwrap_or(u16::MAX)) / 1_000.0
}

/// The age from which on versions of a table are to be removed; `None` if there are too few of them.
pub(crate) fn prunable_age(
    folder: &Path,
    policy: &MaintenancePolicy,
    now: SystemTime,
) -> Result<Option<Duration>> {
    let mut manifests = recovery::manifests(folder)?;
    // The current version is never removed.
    manifests.pop();
    let ages: Vec<Duration> = manifests
        .iter()
        .filter_map(|(_, entry)| entry.metadata().ok()?.modified().ok())
        .filter_map(|modified| now.duration_since(modified).ok())
        .collect();
    let shortest = policy.min_keep_versions_for.max(Duration::from_secs(1));
    let keep = if ages.len() > policy.most_versions {
        shortest
    } else {
        policy.keep_versions_for.max(shortest)
    };
    let prunable = ages.iter().filter(|age| **age > keep).count();
    Ok((prunable >= policy.min_prunable_versions).then_some(keep))
}

impl Store {
    /// Whether a writer would find nothing to do but what its caller has to write: no file is missing
    /// or cut off, every index is there, no maintenance is due, and all checksums are noted.
    pub fn is_in_order<'a>(
        &'a self,
        policy: &'a MaintenancePolicy,
        now: SystemTime,
    ) -> StoreFuture<'a, bool> {
        async move {
            let mut tables = vec![(CHUNKS.to_owned(), self.inner.chunks.clone())];
            for fingerprint in self.vector_fingerprints().await? {
                let name = table_name(&fingerprint)?;
                if let Some(table) = self.vectors_table(&name).await? {
                    tables.push((name, table));
                }
            }
            for (name, table) in tables {
                let wrapper = table.dataset().ok_or_else(|| not_here(&name))?;
                let dataset = wrapper.get().boxed().await?;
                let indexes = indexes_of(&dataset).await?;
                let is_due = indexes
                    .iter()
                    .any(|it| it.is_stale(policy) || it.is_split(policy));
                let folder = recovery::table_folder(&self.inner.folder, &name);
                if is_due
                    || name == CHUNKS && !has_all_indexes(&indexes)
                    || not_compacted(&dataset, policy).is_some()
                    || prunable_age(&folder, policy, now)?.is_some()
                {
                    return Ok(false);
                }
            }
            let damaged = self.find_damage(Inspection::Lengths, &[]).await?;
            Ok(damaged.is_empty() && self.are_checksums_noted().await?)
        }
        .boxed()
    }
}

fn not_here(table: &str) -> StoreError {
    StoreError::Invalid(format!("the table `{table}` is not on this machine"))
}

#[cfg(test)]
mod tests;
