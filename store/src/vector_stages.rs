//! The index of a table of vectors: built in stages while the table grows, in bounded memory.
//!
//! A build trains on a sample and covers every row of that moment: its first segment. Rows that
//! come later are appended as further segments, with the model of the first; these are merged among
//! themselves, so that few remain. Once the table has grown by a factor, the index is built again.
//! Fragments are compacted before they are indexed, so that no compaction has to rewrite an index.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use arrow_schema::DataType;
use futures::FutureExt;
use lance::Dataset;
use lance::index::DatasetIndexExt;
use lance::index::optimize::{
    IndexSegmentResult, OptimizeIndexMerge, OptimizeIndexTask, commit_optimize_indices,
};
use lance::index::vector::VectorIndexParams;
use lance_index::vector::ivf::IvfBuildParams;
use lancedb::Table;
use lancedb::table::{OptimizeAction, OptimizeOptions};

use crate::error::{Result, StoreError};
use crate::maintain::{MaintenancePolicy, MaintenanceReport, compact, prune};
use crate::recovery;
use crate::store::{Store, StoreFuture, retrying};
use crate::vector_index;
use crate::vectors::{VECTOR, VECTOR_INDEX, table_name};

/// Below this an exact scan answers in tens of milliseconds, and an index costs more than it saves.
const ROWS_FOR_INDEX: usize = 10_000;
/// Bytes of unindexed vectors that a search may compare one by one, once all vectors exist.
const UNINDEXED_BYTES: usize = 4 << 20;
/// While vectors are added, at most one for this many indexed ones is left unindexed.
const UNINDEXED_SHARE: usize = 8;
/// More small fragments than this are merged while vectors are added: about as many vectors as are
/// indexed at a time.
const SMALL_FRAGMENTS_WHILE_FILLING: usize = 7;
/// The index is built again when the table has grown by this factor while vectors are added,
const GROWTH_WHILE_FILLING: usize = 4;
/// or by this one once all vectors exist.
const GROWTH: usize = 2;

/// Vectors on which the partitions and the range of the quantiser are trained.
const TRAINING_ROWS: usize = 16_384;
/// Vectors for each value of a quantised dimension: LanceDB samples them as a multiple of 256.
const QUANTISER_SAMPLE: usize = TRAINING_ROWS / 256;
/// The most rounds of training; it ends earlier if nothing changes.
const TRAINING_ROUNDS: usize = 20;
/// Bytes of vectors that are read, assigned and quantised at a time.
const TASK_BYTES: usize = 64 << 20;

/// The moment at which a table of vectors is tended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillMoment {
    /// More vectors follow.
    Filling,
    /// Every text has its vector.
    Filled,
}

/// What is due for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IndexStep {
    Nothing,
    /// Train and index everything.
    Build,
    /// Index the new rows, and merge so many of the newest segments with them.
    Append {
        merged: usize,
    },
}

/// Which rows of a table its index covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct IndexCoverage {
    /// Rows of each segment, the oldest first.
    segments: Vec<usize>,
    unindexed: usize,
}

/// A part of a table that is indexed as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FragmentRows {
    id: u32,
    rows: usize,
}

impl Store {
    /// Compacts a table of vectors and builds or extends its index, as far as it is due. Returns
    /// whether it did anything. A writing method.
    ///
    /// Cheap if nothing is due: call it after each commit. Unindexed vectors are compared one by
    /// one by searches, so what is left unindexed is bounded.
    pub fn tend_vectors<'a>(
        &'a self,
        fingerprint: &'a str,
        moment: FillMoment,
        now: SystemTime,
    ) -> StoreFuture<'a, bool> {
        async move {
            let name = table_name(fingerprint)?;
            let _write_lock = self.inner.writes.lock().await;
            let Some(table) = self.vectors_table(&name).await? else {
                return Ok(false);
            };
            let policy = MaintenancePolicy {
                most_small_fragments: match moment {
                    FillMoment::Filling => SMALL_FRAGMENTS_WHILE_FILLING,
                    FillMoment::Filled => 1,
                },
                ..MaintenancePolicy::default()
            };
            // Once all vectors exist, the last small fragments wait for those of later changes.
            if moment == FillMoment::Filled
                && next_step(&table, moment).await? == IndexStep::Nothing
            {
                return Ok(false);
            }
            let compacted = compact(&table, &policy).boxed().await?;
            if moment == FillMoment::Filling && compacted == 0 {
                return Ok(false);
            }
            match next_step(&table, moment).await? {
                IndexStep::Nothing => {}
                IndexStep::Build => build(&table, &self.inner.folder).boxed().await?,
                IndexStep::Append { merged } => append(&table, merged).await?,
            }
            let folder = recovery::table_folder(&self.inner.folder, &name);
            let mut report = MaintenanceReport::default();
            prune(&table, &folder, &policy, now, &mut report)
                .boxed()
                .await?;
            Ok(true)
        }
        .boxed()
    }
}

async fn next_step(table: &Table, moment: FillMoment) -> Result<IndexStep> {
    let Some(wrapper) = table.dataset() else {
        return Ok(IndexStep::Nothing);
    };
    let dataset = wrapper.get().await?;
    let dimension = dimension(table).await?;
    let coverage = coverage(&dataset, dimension).await?;
    Ok(coverage.step(dimension, moment))
}

/// What the index covers; one of another kind, by an earlier version, covers nothing.
async fn coverage(dataset: &Dataset, dimension: usize) -> Result<IndexCoverage> {
    let indices = dataset.load_indices().boxed().await?;
    let version = vector_index::kind(dimension).version();
    let segments: Vec<_> = indices
        .iter()
        .filter(|index| index.name == VECTOR_INDEX && index.index_version == version)
        .collect();
    let mut coverage = IndexCoverage {
        segments: vec![0; segments.len()],
        unindexed: 0,
    };
    for fragment in fragment_rows(dataset) {
        let covering = segments.iter().position(|segment| {
            let fragments = segment.fragment_bitmap.as_ref();
            fragments.is_some_and(|fragments| fragments.contains(fragment.id))
        });
        match covering {
            Some(at) => coverage.segments[at] += fragment.rows,
            None => coverage.unindexed += fragment.rows,
        }
    }
    Ok(coverage)
}

fn fragment_rows(dataset: &Dataset) -> Vec<FragmentRows> {
    dataset
        .fragments()
        .iter()
        .map(|fragment| FragmentRows {
            id: u32::try_from(fragment.id).unwrap_or(u32::MAX),
            rows: fragment.num_rows().unwrap_or_default(),
        })
        .collect()
}

/// The number of dimensions of the vectors.
async fn dimension(table: &Table) -> Result<usize> {
    let schema = table.schema().boxed().await?;
    match schema.field_with_name(VECTOR)?.data_type() {
        DataType::FixedSizeList(_, width) => Ok(usize::try_from(*width).unwrap_or(1).max(1)),
        other => Err(StoreError::Invalid(format!(
            "the column `{VECTOR}` of `{}` has the type {other}, not vectors",
            table.name()
        ))),
    }
}

impl IndexCoverage {
    fn step(&self, dimension: usize, moment: FillMoment) -> IndexStep {
        let indexed: usize = self.segments.iter().sum();
        let rows = indexed + self.unindexed;
        if rows < ROWS_FOR_INDEX {
            return IndexStep::Nothing;
        }
        // The first segment has the rows that there were at the last build.
        let built = self.segments.first().copied().unwrap_or_default();
        let (growth, tolerated) = match moment {
            FillMoment::Filling => (GROWTH_WHILE_FILLING, indexed / UNINDEXED_SHARE),
            FillMoment::Filled => (GROWTH, UNINDEXED_BYTES / (4 * dimension)),
        };
        if built == 0 || rows >= growth * built {
            return IndexStep::Build;
        }
        if self.unindexed == 0 || self.unindexed < tolerated {
            return IndexStep::Nothing;
        }
        IndexStep::Append {
            merged: merged_segments(&self.segments[1..], self.unindexed),
        }
    }
}

/// How many of the newest segments are merged with new rows, so that each of the rest is more than
/// twice as large as the one after it.
fn merged_segments(later: &[usize], new: usize) -> usize {
    let mut rows = new;
    let newest = later.iter().rev();
    newest
        .take_while(|older| {
            let is_merged = **older <= 2 * rows;
            rows += **older;
            is_merged
        })
        .count()
}

/// The parameters of an index that is built from scratch.
fn parameters(rows: usize, dimension: usize) -> VectorIndexParams {
    let partitions = vector_index::partitions(rows);
    let partitioned = IvfBuildParams {
        num_partitions: Some(partitions),
        sample_rate: (TRAINING_ROWS / partitions).clamp(QUANTISER_SAMPLE, 256),
        max_iters: TRAINING_ROUNDS,
        ..IvfBuildParams::default()
    };
    vector_index::parameters(partitioned, QUANTISER_SAMPLE, dimension)
}

/// Builds an index over all rows and replaces the one before it, in one commit.
///
/// LanceDB's own build reads ahead and samples as if memory were no matter: it took over 2 GB for
/// 400 MB of vectors.
pub(crate) async fn build(table: &Table, folder: &Path) -> Result<()> {
    let Some(wrapper) = table.dataset() else {
        return Ok(());
    };
    let mut dataset = (*wrapper.get().await?).clone();
    let replaced = dataset.load_indices_by_name(VECTOR_INDEX).boxed().await?;
    let parts = build_parts(&mut dataset, dimension(table).await?)
        .boxed()
        .await?;
    let Some(first) = parts.first() else {
        return Ok(());
    };
    let merge = OptimizeIndexMerge {
        plan_id: first.plan_id,
        read_version: first.read_version,
        group: first.group,
        old_segments: Vec::new(),
        replaces: replaced.iter().map(|segment| segment.uuid).collect(),
    };
    let whole = merge.execute(&dataset, &parts).boxed().await?;
    let kept = whole.as_ref().map(|whole| whole.segment.uuid);
    let whole = whole.into_iter().collect();
    commit_optimize_indices(&mut dataset, whole, &OptimizeOptions::default())
        .boxed()
        .await?;
    let indices = recovery::table_folder(folder, table.name()).join("_indices");
    for part in parts.iter().filter(|part| Some(part.segment.uuid) != kept) {
        let part = indices.join(part.segment.uuid.to_string());
        // Pruning removes what is left, too.
        if let Err(error) = fs::remove_dir_all(&part) {
            tracing::debug!(%error, path = %part.display(), "a part of an index was left");
        }
    }
    Ok(())
}

/// Trains on some of the fragments and indexes them, then the others in tasks of bounded size, each
/// as a segment that is not committed.
async fn build_parts(dataset: &mut Dataset, dimension: usize) -> Result<Vec<IndexSegmentResult>> {
    let fragments = fragment_rows(dataset);
    let rows: usize = fragments.iter().map(|fragment| fragment.rows).sum();
    let (sample, rest) = spread(&fragments, TRAINING_ROWS);
    let parameters = parameters(rows, dimension);
    let first = dataset
        .create_index_builder(&[VECTOR], parameters.index_type(), &parameters)
        .name(VECTOR_INDEX.to_owned())
        .replace(true)
        .fragments(sample.iter().map(|fragment| fragment.id).collect())
        .execute_uncommitted()
        .boxed()
        .await?;
    let (plan_id, read_version) = (first.uuid, dataset.version().version);
    let mut parts = vec![IndexSegmentResult {
        plan_id,
        read_version,
        group: 0,
        segment: first.clone(),
        replaces: Vec::new(),
    }];
    for fragments in tasks(&rest, dimension) {
        let task = OptimizeIndexTask {
            plan_id,
            read_version,
            group: 0,
            fragments,
            reference: first.clone(),
            old_segments: Vec::new(),
            num_indices_to_merge: Some(0),
            enable_partition_rebalancing: false,
            retrain: false,
        };
        parts.extend(task.execute(dataset).boxed().await?);
    }
    Ok(parts)
}

/// Indexes the new rows in tasks of bounded size, and merges the newest segments with them.
async fn append(table: &Table, merged: usize) -> Result<()> {
    let task_rows = u64::try_from(task_rows(dimension(table).await?)).unwrap_or(u64::MAX);
    let options = || {
        OptimizeOptions::merge(merged)
            .index_names(vec![VECTOR_INDEX.to_owned()])
            .max_rows_per_task(Some(task_rows))
    };
    retrying(|| table.optimize(OptimizeAction::Index(options())).boxed()).await?;
    Ok(())
}

fn task_rows(dimension: usize) -> usize {
    (TASK_BYTES / (4 * dimension)).max(1)
}

/// Groups of neighbouring fragments that have at most as many rows as one task may have, or are one
/// fragment.
fn tasks(fragments: &[FragmentRows], dimension: usize) -> Vec<Vec<u32>> {
    let most = task_rows(dimension);
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut rows = usize::MAX;
    for fragment in fragments {
        rows = rows.saturating_add(fragment.rows);
        match groups.last_mut() {
            Some(group) if rows <= most => group.push(fragment.id),
            _ => {
                groups.push(vec![fragment.id]);
                rows = fragment.rows;
            }
        }
    }
    groups
}

/// Divides fragments into some that are spread evenly and have about so many rows, and the rest.
fn spread(fragments: &[FragmentRows], wanted: usize) -> (Vec<FragmentRows>, Vec<FragmentRows>) {
    let rows: usize = fragments.iter().map(|fragment| fragment.rows).sum();
    let count = fragments.len();
    let chosen = wanted
        .saturating_mul(count)
        .div_ceil(rows.max(1))
        .clamp(1, count.max(1));
    let positions: Vec<usize> = (0..chosen)
        .map(|number| (2 * number + 1) * count / (2 * chosen))
        .collect();
    let mut parts = (Vec::new(), Vec::new());
    for (position, fragment) in fragments.iter().enumerate() {
        if positions.binary_search(&position).is_ok() {
            parts.0.push(*fragment);
        } else {
            parts.1.push(*fragment);
        }
    }
    parts
}

#[cfg(test)]
mod tests;
