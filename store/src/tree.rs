//! Look-ups by the B-tree of a column, which is asked itself.
//!
//! LanceDB parses, plans and optimises each condition before it asks a B-tree, which takes longer than
//! the look-up. Rows that are not in the tree yet are read and compared here.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::{BoxFuture, try_join_all};
use futures::{FutureExt, TryStreamExt};
use lance::Dataset;
use lance::deps::datafusion::scalar::ScalarValue;
use lance::index::{DatasetIndexExt, DatasetIndexInternalExt};
use lance::table::format::{Fragment, IndexMetadata};
use lance_index::metrics::NoOpMetricsCollector;
use lance_index::scalar::{SargableQuery, ScalarIndex, SearchOptions, SearchResult};

use crate::error::{Result, StoreError};
use crate::keys::without_deleted;
use crate::row::strings;
use crate::snapshot::row_ids;
use crate::store::tree_of;

/// A column of texts in one version of the table of chunks, with its B-tree.
pub(crate) struct TreeColumn<'a> {
    dataset: &'a Dataset,
    name: &'static str,
    segments: Vec<Segment>,
    /// Fragments that no segment has.
    others: Vec<Fragment>,
}

/// A part of a B-tree: of some fragments.
struct Segment {
    metadata: IndexMetadata,
    tree: Arc<dyn ScalarIndex>,
}

impl<'a> TreeColumn<'a> {
    /// Opens the tree of a column. Unless `uses_tree`, all rows are read and compared instead.
    pub(crate) async fn open(
        dataset: &'a Dataset,
        name: &'static str,
        uses_tree: bool,
    ) -> Result<TreeColumn<'a>> {
        let (segments, others) = match tree_of(name).filter(|_| uses_tree) {
            Some(tree) => segments_of(dataset, tree).await?,
            None => (Vec::new(), dataset.fragments().to_vec()),
        };
        let mut column = TreeColumn {
            dataset,
            name,
            segments: Vec::with_capacity(segments.len()),
            others,
        };
        for metadata in segments {
            let opening = dataset.open_scalar_index(name, &metadata.uuid, &NoOpMetricsCollector);
            let tree = opening.boxed().await?;
            column.segments.push(Segment { metadata, tree });
        }
        Ok(column)
    }

    /// The rows that have one of some values.
    pub(crate) async fn rows_of(&self, values: &[String]) -> Result<Vec<u64>> {
        let query = match values {
            [] => return Ok(Vec::new()),
            [value] => SargableQuery::Equals(scalar(value)),
            _ => SargableQuery::IsIn(values.iter().map(|value| scalar(value)).collect()),
        };
        let mut rows = self.indexed(query).await?;
        let unindexed = self.unindexed(values).await?;
        rows.extend(unindexed.into_iter().map(|(_, row)| row));
        Ok(rows)
    }

    /// The rows of each of some values, none of which is there twice.
    pub(crate) async fn rows_of_each(&self, values: &[String]) -> Result<Vec<Vec<u64>>> {
        let searches: Vec<BoxFuture<'_, Result<Vec<u64>>>> = values
            .iter()
            .map(|value| self.indexed(SargableQuery::Equals(scalar(value))).boxed())
            .collect();
        let mut rows = try_join_all(searches).await?;
        for (place, row) in self.unindexed(values).await? {
            rows[place].push(row);
        }
        Ok(rows)
    }

    /// The rows in the tree that match a query.
    async fn indexed(&self, query: SargableQuery) -> Result<Vec<u64>> {
        // A row without a value has none of those asked for.
        let how = SearchOptions::default().with_track_nulls(false);
        let mut rows = Vec::new();
        for Segment { metadata, tree } in &self.segments {
            let search = tree.search_with_options(&query, how, &NoOpMetricsCollector);
            let SearchResult::Exact(found) = search.await? else {
                return Err(self.not_a_tree());
            };
            let found = found.true_rows();
            let addresses = found.row_addrs().ok_or_else(|| self.not_a_tree())?;
            // Rows that were rewritten since stay in the tree.
            let is_here = |address: &u64| {
                let fragment = address >> 32;
                has_fragment(metadata, fragment)
                    && u32::try_from(fragment)
                        .is_ok_and(|id| self.dataset.fragment_bitmap().contains(id))
            };
            rows.extend(addresses.map(u64::from).filter(is_here));
        }
        rows.sort_unstable();
        rows.dedup();
        without_deleted(self.dataset, rows).await
    }

    /// The rows outside of the tree that have one of some values, each with the place of the value.
    async fn unindexed(&self, values: &[String]) -> Result<Vec<(usize, u64)>> {
        let mut found = Vec::new();
        if self.others.is_empty() || values.is_empty() {
            return Ok(found);
        }
        let places: HashMap<&str, usize> = values.iter().map(String::as_str).zip(0..).collect();
        let mut scanner = self.dataset.scan();
        scanner
            .with_row_id()
            .use_scalar_index(false)
            .with_fragments(self.others.clone());
        scanner.project::<&str>(&[self.name])?;
        let mut batches = scanner.try_into_stream().boxed().await?;
        while let Some(batch) = batches.try_next().await? {
            let column = strings(&batch, self.name)?;
            for (row, value) in row_ids(&batch)?.into_iter().zip(column) {
                if let Some(place) = value.and_then(|value| places.get(value)) {
                    found.push((*place, row.0));
                }
            }
        }
        Ok(found)
    }

    fn not_a_tree(&self) -> StoreError {
        StoreError::Invalid(format!(
            "the index of the column `{}` is not a B-tree",
            self.name
        ))
    }
}

/// The segments of an index that have rows of this version, and the fragments that none of them has.
pub(crate) async fn segments_of(
    dataset: &Dataset,
    index: &str,
) -> Result<(Vec<IndexMetadata>, Vec<Fragment>)> {
    let mut others = dataset.fragments().to_vec();
    let mut segments = dataset.load_indices_by_name(index).boxed().await?;
    segments.retain(|segment| {
        let missing = others.len();
        others.retain(|it| !has_fragment(segment, it.id));
        // That of an empty table is a definition without files.
        others.len() < missing
    });
    Ok((segments, others))
}

/// Whether a segment has the rows of a fragment.
fn has_fragment(segment: &IndexMetadata, fragment: u64) -> bool {
    let fragments = segment.fragment_bitmap.as_ref();
    u32::try_from(fragment).is_ok_and(|id| fragments.is_some_and(|it| it.contains(id)))
}

fn scalar(value: &str) -> ScalarValue {
    ScalarValue::Utf8(Some(value.to_owned()))
}

#[cfg(test)]
mod tests;
