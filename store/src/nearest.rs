//! The rows with the nearest vectors, asked of the partitions of their index.
//!
//! LanceDB plans each search of vectors anew. Here the index is searched directly, the best rows by its
//! estimates are compared by their whole vectors, and rows that are not in the index all are.

use std::slice;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Float32Array, RecordBatch};
use arrow_schema::DataType;
use futures::{FutureExt, TryStreamExt};
use lance::Dataset;
use lance::dataset::ProjectionRequest;
use lance::dataset::scanner::{RowAddrMask, RowAddrTreeMap};
use lance::index::prefilter::DatasetPreFilter;
use lance::index::{DatasetIndexInternalExt, FilterLoader};
use lance::table::format::{Fragment, IndexMetadata};
use lance_index::metrics::NoOpMetricsCollector;
use lance_index::vector::{ApproxMode, Query};
use lancedb::DistanceType;

use crate::chunk::ContentKey;
use crate::chunks::floats;
use crate::error::{Result, StoreError};
use crate::row::{key_from_hex, strings};
use crate::snapshot::row_ids;
use crate::text_search::PassingRows;
use crate::tree::segments_of;
use crate::vectors::{KEY, VECTOR, VECTOR_INDEX};

const DISTANCE: &str = "_distance";

/// This many times the rows asked for are compared by their whole vectors; see
/// [`crate::vector_index`].
const REFINE_FACTOR: u32 = 2;
/// Whole vectors that are read at a time: some MB.
const VECTORS_AT_A_TIME: usize = 1_024;

/// A search for the rows with the nearest vectors.
pub(crate) struct NearestRows<'a> {
    dataset: &'a Arc<Dataset>,
    vector: ArrayRef,
    /// What the index is asked, but for the number of rows: by the vector with the length 1.
    query: Query,
    /// The rows to search; `None` for all.
    among: Option<&'a [u64]>,
    /// Partitions of the index that are looked at, the nearest ones; `None` for all.
    pub(crate) probes: Option<usize>,
}

impl<'a> NearestRows<'a> {
    pub(crate) fn new(
        dataset: &'a Arc<Dataset>,
        vector: &[f32],
        among: Option<&'a [u64]>,
    ) -> Result<NearestRows<'a>> {
        let width = match dataset.schema().field(VECTOR).map(|it| it.data_type()) {
            Some(DataType::FixedSizeList(_, width)) => usize::try_from(width).unwrap_or_default(),
            _ => 0,
        };
        if width != vector.len() {
            return Err(StoreError::Invalid(format!(
                "a vector of {} dimensions cannot be compared with those of {width}",
                vector.len()
            )));
        }
        let squares: f32 = vector.iter().map(|value| value * value).sum();
        if !squares.is_finite() {
            let text = "the vector of the query has a value that is no number";
            return Err(StoreError::Invalid(text.to_owned()));
        }
        let length = squares.sqrt().max(f32::MIN_POSITIVE);
        let unit = Float32Array::from_iter_values(vector.iter().map(|value| value / length));
        Ok(NearestRows {
            dataset,
            vector: Arc::new(Float32Array::from(vector.to_vec())),
            query: Query {
                column: VECTOR.to_owned(),
                key: Arc::new(unit),
                k: 0,
                lower_bound: None,
                upper_bound: None,
                minimum_nprobes: 1,
                maximum_nprobes: None,
                search_effort: 0.5,
                ef: None,
                refine_factor: Some(REFINE_FACTOR),
                metric_type: Some(DistanceType::Cosine.into()),
                use_index: true,
                query_parallelism: 0,
                dist_q_c: 0.0,
                approx_mode: ApproxMode::default(),
            },
            among,
            probes: None,
        })
    }

    /// The keys and similarities of so many rows, best first; of fewer if no more are in what is looked
    /// at.
    pub(crate) async fn find(&self, rows: usize) -> Result<Vec<(ContentKey, f32)>> {
        let (segments, others) = segments_of(self.dataset, VECTOR_INDEX).await?;
        let mut candidates = self.candidates(&segments, rows).await?;
        let mut found = Vec::new();
        match self.among {
            Some(among) => {
                let is_other = |row: &&u64| others.iter().any(|it| it.id == **row >> 32);
                candidates.extend(among.iter().filter(is_other));
            }
            None if others.is_empty() => {}
            None => found = self.compared_in(others).await?,
        }
        candidates.sort_unstable();
        candidates.dedup();
        for group in candidates.chunks(VECTORS_AT_A_TIME) {
            let columns = ProjectionRequest::from_columns([KEY, VECTOR], self.dataset.schema());
            let batch = self.dataset.take_rows(group, columns).boxed().await?;
            found.extend(self.compared(&batch)?);
        }
        found.sort_by(|(left_key, left), (right_key, right)| {
            right.total_cmp(left).then_with(|| left_key.cmp(right_key))
        });
        found.truncate(rows);
        Ok(found)
    }

    /// The rows in the index that may be the nearest, by its estimates.
    async fn candidates(&self, segments: &[IndexMetadata], rows: usize) -> Result<Vec<u64>> {
        let mut estimated: Vec<(f32, u64)> = Vec::new();
        for segment in segments {
            let opening =
                self.dataset
                    .open_vector_index(VECTOR, &segment.uuid, &NoOpMetricsCollector);
            let index = opening.boxed().await?;
            let all = index.total_partitions();
            let query = Query {
                k: rows,
                maximum_nprobes: Some(self.probes.unwrap_or(all).min(all)),
                ..self.query.clone()
            };
            let (partitions, distances) = index.find_partitions(&query)?;
            let probed = partitions.len();
            let search = index.search_partitions(
                query,
                Arc::new(partitions),
                Arc::new(distances),
                0,
                probed,
                Arc::new(self.prefilter(segment)),
                None,
                Arc::new(NoOpMetricsCollector),
            );
            let mut batches = search.await?;
            while let Some(batch) = batches.try_next().await.map_err(lance::Error::from)? {
                let found = row_ids(&batch)?.into_iter().map(|row| row.0);
                estimated.extend(floats(&batch, DISTANCE)?.into_iter().zip(found));
            }
        }
        estimated.sort_by(|(left, left_row), (right, right_row)| {
            left.total_cmp(right).then_with(|| left_row.cmp(right_row))
        });
        estimated.truncate(rows.saturating_mul(REFINE_FACTOR as usize));
        Ok(estimated.into_iter().map(|(_, row)| row).collect())
    }

    /// Leaves out deleted rows, rows that another segment has by now, and those not asked for.
    fn prefilter(&self, segment: &IndexMetadata) -> DatasetPreFilter {
        let among = self.among.map(|among| {
            let rows: RowAddrTreeMap = among.iter().copied().collect();
            let passing: Box<dyn FilterLoader> =
                Box::new(PassingRows(RowAddrMask::from_allowed(rows)));
            passing
        });
        DatasetPreFilter::new(Arc::clone(self.dataset), slice::from_ref(segment), among)
    }

    /// The keys and similarities of all rows of some fragments.
    async fn compared_in(&self, fragments: Vec<Fragment>) -> Result<Vec<(ContentKey, f32)>> {
        let mut scanner = self.dataset.scan();
        scanner
            .use_scalar_index(false)
            .batch_size(VECTORS_AT_A_TIME)
            .with_fragments(fragments);
        scanner.project::<&str>(&[KEY, VECTOR])?;
        let mut batches = scanner.try_into_stream().boxed().await?;
        let mut found = Vec::new();
        while let Some(batch) = batches.try_next().await? {
            found.extend(self.compared(&batch)?);
        }
        Ok(found)
    }

    /// The keys and similarities of rows that were read.
    fn compared(&self, batch: &RecordBatch) -> Result<Vec<(ContentKey, f32)>> {
        let vectors = batch
            .column_by_name(VECTOR)
            .and_then(|column| column.as_fixed_size_list_opt());
        let (Some(vectors), Some(metric)) = (vectors, self.query.metric_type) else {
            let text = format!("the answer has no column `{VECTOR}` of vectors");
            return Err(StoreError::Invalid(text));
        };
        let distances = metric.arrow_batch_func()(self.vector.as_ref(), vectors)?;
        let keys = strings(batch, KEY)?.iter().flatten();
        keys.zip(distances.values())
            // A vector of zeros is in no direction, so its distance is no number.
            .map(|(key, distance)| Ok((key_from_hex(key)?, (1.0 - distance).max(-1.0))))
            .collect()
    }
}
