//! Keeping an index small and fast without rewriting it on each save.
//!
//! Whether something is due is itself looked at only after some commits or many new rows.

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use lancedb::Table;
use lancedb::table::{CompactionOptions, OptimizeAction, OptimizeOptions};
use parking_lot::Mutex;

use crate::due::{IndexState, indexes_of, not_compacted, prunable_age};
use crate::error::{Result, StoreError};
use crate::recovery;
use crate::store::{CHUNKS, Store, StoreFuture, TERMS_INDEX, create_text_index, retrying};
use crate::vectors::table_name;

/// Thresholds that decide which maintenance steps are due.
#[derive(Clone, Debug, PartialEq)]
pub struct MaintenancePolicy {
    /// A table is looked at again after this many commits, or more new rows than
    /// `most_unindexed_rows`.
    pub commits_between_looks: u64,
    /// A fragment with fewer rows is small.
    pub small_fragment_rows: usize,
    /// More small fragments than this are merged.
    pub most_small_fragments: usize,
    /// Deleted rows are purged when there are at least this many of them, and more than
    /// `max_deleted_share` of all.
    pub min_deleted_rows: usize,
    /// Share of deleted rows, from 0 to 1; see `min_deleted_rows`.
    pub max_deleted_share: f32,
    /// More unindexed rows than this are added to an index.
    pub most_unindexed_rows: usize,
    /// If an index has at least this many segments, all but the first are merged into one.
    pub merge_from_segments: u32,
    /// How long versions are kept, for readers that still use them.
    pub keep_versions_for: Duration,
    /// Versions older than `keep_versions_for` are removed when there are at least this many of
    /// them.
    pub min_prunable_versions: usize,
    /// With more versions than this, `min_keep_versions_for` applies instead of
    /// `keep_versions_for`.
    pub most_versions: usize,
    /// The shortest time for which a version is kept; at least one second. A search reads one
    /// version and usually takes less time; if its version was removed meanwhile, it starts again
    /// with the newest one.
    pub min_keep_versions_for: Duration,
}

impl Default for MaintenancePolicy {
    fn default() -> MaintenancePolicy {
        MaintenancePolicy {
            commits_between_looks: 8,
            small_fragment_rows: 4_000,
            most_small_fragments: 20,
            min_deleted_rows: 1_000,
            max_deleted_share: 0.2,
            most_unindexed_rows: 256,
            merge_from_segments: 10,
            keep_versions_for: Duration::from_secs(600),
            min_prunable_versions: 20,
            most_versions: 30,
            min_keep_versions_for: Duration::from_secs(2),
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

/// What a process knows of its tables without looking at them.
#[derive(Debug, Default)]
pub(crate) struct Upkeep(Mutex<HashMap<String, SinceLook>>);

/// What happened to a table since it was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct SinceLook {
    /// The version at that time; `None` if this process has not looked yet.
    version: Option<u64>,
    /// Rows that this process has added.
    rows: usize,
}

impl Upkeep {
    /// Notes that rows were added to a table.
    pub(crate) fn note_inserted(&self, table: &str, rows: usize) {
        // The first look at a table is due in any case.
        if let Some(since) = self.0.lock().get_mut(table) {
            since.rows += rows;
        }
    }

    fn is_due(&self, table: &str, version: u64, policy: &MaintenancePolicy) -> bool {
        let since = self.0.lock().get(table).copied().unwrap_or_default();
        since.rows > policy.most_unindexed_rows
            || since.version.is_none_or(|looked| {
                // A lower version is that of another table under the same name.
                version < looked || version - looked >= policy.commits_between_looks
            })
    }

    fn note_look(&self, table: &str, version: u64) {
        let since = SinceLook {
            version: Some(version),
            rows: 0,
        };
        self.0.lock().insert(table.to_owned(), since);
    }
}

impl Store {
    /// Number of chunks that are not in the full-text index yet; searches read them one by one.
    pub fn unindexed_chunks(&self) -> StoreFuture<'_, usize> {
        async move {
            let statistics = self.inner.chunks.index_stats(TERMS_INDEX).boxed().await?;
            Ok(statistics.map_or(usize::MAX, |index| index.num_unindexed_rows))
        }
        .boxed()
    }

    /// Runs the maintenance steps that are due under the policy. Holds the write lock throughout.
    pub fn maintain<'a>(
        &'a self,
        policy: &'a MaintenancePolicy,
        now: SystemTime,
    ) -> StoreFuture<'a, MaintenanceReport> {
        async move {
            let fingerprints = self.vector_fingerprints().await?;
            let _write_lock = self.inner.writes.lock().await;
            let mut tables = vec![(CHUNKS.to_owned(), self.inner.chunks.clone())];
            for fingerprint in fingerprints {
                let name = table_name(&fingerprint)?;
                if let Some(table) = self.vectors_table(&name).await? {
                    tables.push((name, table));
                }
            }
            let mut report = MaintenanceReport::default();
            for (name, table) in tables {
                let version = table.version().boxed().await?;
                if !self.inner.upkeep.is_due(&name, version, policy) {
                    continue;
                }
                let folder = recovery::table_folder(&self.inner.folder, &name);
                maintain_table(&table, &folder, policy, now, &mut report)
                    .boxed()
                    .await?;
                let version = table.version().boxed().await?;
                self.inner.upkeep.note_look(&name, version);
            }
            Ok(report)
        }
        .boxed()
    }
}

/// The order has reasons:
/// 1. Segments are merged first, because only fragments that the same index segments cover can be
///    compacted together.
/// 2. Fragments are compacted next.
/// 3. New rows are indexed after that, so that compaction need not remap them.
async fn maintain_table(
    table: &Table,
    folder: &Path,
    policy: &MaintenancePolicy,
    now: SystemTime,
    report: &mut MaintenanceReport,
) -> Result<()> {
    let mut indexes = indexes_now(table).await?;
    let merged = merge_segments(table, &indexes, policy).boxed().await?;
    let compacted = compact(table, policy).boxed().await?;
    if merged + compacted > 0 {
        indexes = indexes_now(table).await?;
    }
    report.merged_indexes += merged;
    report.compacted_fragments += compacted;
    report.updated_indexes += extend_indexes(table, &indexes, policy).boxed().await?;
    prune(table, folder, policy, now, report).boxed().await
}

async fn indexes_now(table: &Table) -> Result<Vec<IndexState>> {
    match table.dataset() {
        Some(wrapper) => indexes_of(wrapper.get().boxed().await?.as_ref()).await,
        None => Ok(Vec::new()),
    }
}

/// Merges small fragments and purges deleted rows, if there are enough of either.
pub(crate) async fn compact(table: &Table, policy: &MaintenancePolicy) -> Result<usize> {
    let Some(wrapper) = table.dataset() else {
        return Ok(0);
    };
    let dataset = wrapper.get().await?;
    let Some(excluded_ids) = not_compacted(&dataset, policy) else {
        return Ok(0);
    };
    let action = || OptimizeAction::Compact {
        options: CompactionOptions {
            target_rows_per_fragment: 20_000,
            materialize_deletions: true,
            materialize_deletions_threshold: policy.max_deleted_share,
            num_threads: Some(1),
            // By default as many rows as would be right for narrow columns; vectors are wide.
            batch_size: Some(1_024),
            io_buffer_size: Some(32 << 20),
            // Left out, a large fragment is not rewritten for a few rows that join it.
            excluded_fragment_ids: excluded_ids.clone(),
            ..CompactionOptions::default()
        },
        remap_options: None,
    };
    let statistics = retrying(|| table.optimize(action()).boxed()).await?;
    Ok(statistics
        .compaction
        .map_or(0, |metrics| metrics.fragments_removed))
}

/// Merges the later segments of each index that has many.
async fn merge_segments(
    table: &Table,
    indexes: &[IndexState],
    policy: &MaintenancePolicy,
) -> Result<usize> {
    let mut merged = 0;
    for index in indexes.iter().filter(|index| index.is_split(policy)) {
        // The first segment holds most rows and stays as it is.
        let later = index.segments - 1;
        let options = || OptimizeOptions::merge(later).index_names(vec![index.name.clone()]);
        retrying(|| table.optimize(OptimizeAction::Index(options())).boxed()).await?;
        merged += 1;
    }
    Ok(merged)
}

/// Adds new rows to the indexes that have many unindexed ones.
async fn extend_indexes(
    table: &Table,
    indexes: &[IndexState],
    policy: &MaintenancePolicy,
) -> Result<usize> {
    let stale = indexes.iter().filter(|index| index.is_stale(policy));
    let stale: Vec<String> = stale.map(|index| index.name.clone()).collect();
    let words = indexes.iter().find(|index| index.name == TERMS_INDEX);
    if let Some(words) = words.filter(|index| index.is_stale(policy))
        && 2 * words.unindexed_rows >= table.count_rows(None).boxed().await?
    {
        // A first build was cut off: an update of that size has no bounds on memory.
        create_text_index(table).await?;
    }
    if !stale.is_empty() {
        let options = || OptimizeOptions::append().index_names(stale.clone());
        retrying(|| table.optimize(OptimizeAction::Index(options())).boxed()).await?;
    }
    Ok(stale.len())
}

/// Removes old versions, and files that killed writers left behind.
pub(crate) async fn prune(
    table: &Table,
    folder: &Path,
    policy: &MaintenancePolicy,
    now: SystemTime,
    report: &mut MaintenanceReport,
) -> Result<()> {
    let Some(keep) = prunable_age(folder, policy, now)? else {
        return Ok(());
    };
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
