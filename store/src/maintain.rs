//! Keeping an index small and fast without rewriting it on each save.

use std::path::Path;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use lancedb::Table;
use lancedb::table::{CompactionOptions, OptimizeAction, OptimizeOptions};

use crate::error::{Result, StoreError};
use crate::recovery;
use crate::store::{CHUNKS, Store, StoreFuture, retrying};
use crate::vectors::{VECTOR_INDEX, table_name};

/// Thresholds that decide which maintenance steps are due.
#[derive(Clone, Debug, PartialEq)]
pub struct MaintenancePolicy {
    /// A fragment with fewer rows is small.
    pub small_fragment_rows: usize,
    /// More small fragments than this are merged.
    pub most_small_fragments: usize,
    /// Deleted rows are purged when there are at least this many of them, and more than
    /// `deleted_share` of all.
    pub deleted_rows: usize,
    /// Share of deleted rows, from 0 to 1; see `deleted_rows`.
    pub deleted_share: f32,
    /// More unindexed rows than this are added to an index.
    pub most_unindexed_rows: usize,
    /// An index with at least this many segments has all but its first one merged.
    pub most_segments: u32,
    /// How long versions are kept, for readers that still use them.
    pub keep: Duration,
    /// Versions older than `keep` are removed when there are at least this many of them.
    pub prune_batch: usize,
    /// With more versions than this, `keep_at_least` applies instead of `keep`.
    pub most_versions: usize,
    /// The shortest time for which a version is kept; at least one second. A search holds its
    /// version for a tenth of that, and repeats its request if the version is gone.
    pub keep_at_least: Duration,
}

impl Default for MaintenancePolicy {
    fn default() -> MaintenancePolicy {
        MaintenancePolicy {
            small_fragment_rows: 4_000,
            most_small_fragments: 20,
            deleted_rows: 1_000,
            deleted_share: 0.2,
            most_unindexed_rows: 256,
            most_segments: 10,
            keep: Duration::from_secs(600),
            prune_batch: 20,
            most_versions: 30,
            keep_at_least: Duration::from_secs(2),
        }
    }
}

/// The report of maintenance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceReport {
    /// Fragments that were merged or cleaned of deleted rows.
    pub compacted_fragments: usize,
    /// Indexes to which new rows were added.
    pub updated_indexes: usize,
    /// Indexes whose segments were merged.
    pub merged_indexes: usize,
    /// Versions that were removed.
    pub pruned_versions: u64,
    /// Bytes that were freed.
    pub freed_bytes: u64,
}

impl MaintenanceReport {
    /// Whether anything was done, in which case the versions of tables may have changed.
    pub fn did_something(&self) -> bool {
        *self != MaintenanceReport::default()
    }
}

impl Store {
    /// Compacts, indexes and prunes what is due by the policy. A writing method.
    pub fn maintain<'a>(
        &'a self,
        policy: &'a MaintenancePolicy,
        now: SystemTime,
    ) -> StoreFuture<'a, MaintenanceReport> {
        async move {
            let fingerprints = self.vector_fingerprints().await?;
            let _turn = self.inner.writes.lock().await;
            let mut tables = vec![(CHUNKS.to_owned(), self.inner.chunks.clone())];
            for fingerprint in fingerprints {
                let name = table_name(&fingerprint)?;
                if let Some(table) = self.vectors_table(&name).await? {
                    tables.push((name, table));
                }
            }
            let mut report = MaintenanceReport::default();
            for (name, table) in tables {
                // Only fragments of the same index segments can be compacted together, so segments
                // are merged first; rows that are compacted before they are indexed need no
                // remapping.
                report.merged_indexes += merge_segments(&table, policy).boxed().await?;
                report.compacted_fragments += compact(&table, policy).boxed().await?;
                report.updated_indexes += extend_indexes(&table, policy).boxed().await?;
                let folder = recovery::table_folder(&self.inner.folder, &name);
                prune(&table, &folder, policy, now, &mut report)
                    .boxed()
                    .await?;
            }
            Ok(report)
        }
        .boxed()
    }
}

/// Merges small fragments and purges deleted rows, if there are enough of either.
async fn compact(table: &Table, policy: &MaintenancePolicy) -> Result<usize> {
    let Some(wrapper) = table.dataset() else {
        return Ok(0);
    };
    let dataset = wrapper.get().await?;
    let (mut small, mut all_rows, mut all_deleted) = (0, 0, 0);
    let mut large = Vec::new();
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
            small += 1;
        } else if share(deleted, rows) <= policy.deleted_share {
            large.push(u32::try_from(fragment.id).unwrap_or(u32::MAX));
        }
    }
    let many_deleted =
        all_deleted >= policy.deleted_rows && share(all_deleted, all_rows) > policy.deleted_share;
    if small <= policy.most_small_fragments && !many_deleted {
        return Ok(0);
    }
    let action = || OptimizeAction::Compact {
        options: CompactionOptions {
            target_rows_per_fragment: 20_000,
            materialize_deletions: true,
            materialize_deletions_threshold: policy.deleted_share,
            num_threads: Some(1),
            // Left out, a large fragment is not rewritten for a few rows that join it.
            excluded_fragment_ids: large.clone(),
            ..CompactionOptions::default()
        },
        remap_options: None,
    };
    let statistics = retrying(|| table.optimize(action()).boxed()).await?;
    Ok(statistics
        .compaction
        .map_or(0, |metrics| metrics.fragments_removed))
}

/// The part of rows that is deleted; an approximation is all that a threshold needs.
fn share(deleted: usize, rows: usize) -> f32 {
    if rows == 0 {
        return 0.0;
    }
    let thousandths = deleted.saturating_mul(1_000) / rows;
    f32::from(u16::try_from(thousandths).unwrap_or(u16::MAX)) / 1_000.0
}

/// Merges the later segments of each index that has many.
async fn merge_segments(table: &Table, policy: &MaintenancePolicy) -> Result<usize> {
    let mut merged = 0;
    for index in table.list_indices().boxed().await? {
        let statistics = table.index_stats(&index.name).boxed().await?;
        let segments = statistics.and_then(|index| index.num_indices).unwrap_or(1);
        if segments < policy.most_segments.max(3) {
            continue;
        }
        // The first segment holds most rows and stays as it is.
        let later = usize::try_from(segments - 1).unwrap_or(1);
        let options = || OptimizeOptions::merge(later).index_names(vec![index.name.clone()]);
        retrying(|| table.optimize(OptimizeAction::Index(options())).boxed()).await?;
        merged += 1;
    }
    Ok(merged)
}

/// Adds new rows to the indexes that have many unindexed ones.
async fn extend_indexes(table: &Table, policy: &MaintenancePolicy) -> Result<usize> {
    let mut behind = Vec::new();
    for index in table.list_indices().boxed().await? {
        let statistics = table.index_stats(&index.name).boxed().await?;
        let missing = statistics.map_or(0, |index| index.num_unindexed_rows);
        // Vectors have thresholds of their own: see `index_vectors`.
        if missing > policy.most_unindexed_rows && index.name != VECTOR_INDEX {
            behind.push(index.name);
        }
    }
    if !behind.is_empty() {
        let options = || OptimizeOptions::append().index_names(behind.clone());
        retrying(|| table.optimize(OptimizeAction::Index(options())).boxed()).await?;
    }
    Ok(behind.len())
}

/// Removes old versions, and files that killed writers left behind.
async fn prune(
    table: &Table,
    folder: &Path,
    policy: &MaintenancePolicy,
    now: SystemTime,
    report: &mut MaintenanceReport,
) -> Result<()> {
    let mut manifests = recovery::manifests(folder)?;
    manifests.pop();
    let ages: Vec<Duration> = manifests
        .iter()
        .filter_map(|(_, entry)| entry.metadata().ok()?.modified().ok())
        .filter_map(|modified| now.duration_since(modified).ok())
        .collect();
    let shortest = policy.keep_at_least.max(Duration::from_secs(1));
    let keep = if ages.len() > policy.most_versions {
        shortest
    } else {
        policy.keep.max(shortest)
    };
    if ages.iter().filter(|age| **age > keep).count() < policy.prune_batch {
        return Ok(());
    }
    let older_than = lancedb::table::Duration::from_std(keep).map_err(|_| {
        StoreError::Invalid("the time for which versions are kept is too long".to_owned())
    })?;
    // Nobody else writes while the lock is held, so an unknown file is an orphan.
    let action = || OptimizeAction::Prune {
        older_than: Some(older_than),
        delete_unverified: Some(true),
        error_if_tagged_old_versions: Some(false),
    };
    let statistics = retrying(|| table.optimize(action()).boxed()).await?;
    if let Some(removed) = statistics.prune {
        report.pruned_versions += removed.old_versions;
        report.freed_bytes += removed.bytes_removed;
    }
    Ok(())
}
