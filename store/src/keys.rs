//! Which rows of a table have which content key.
//!
//! For `content_key IN (…)` a B-tree compares all keys of each page that may have one of those asked
//! for. Keys are hashes, so a hundred of them are on every page, and each search would read and compare
//! the keys of all rows. This table of 16 bytes a row is read once, and then only for new fragments.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::{FutureExt, TryStreamExt};
use lance::Dataset;

use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::row::strings;
use crate::snapshot::row_ids;

const CONTENT_KEY: &str = "content_key";

/// The rows of one table by content key, for its newest version that was asked for.
#[derive(Default)]
pub(crate) struct KeyRows(tokio::sync::Mutex<Arc<KeyTable>>);

#[derive(Default)]
struct KeyTable {
    fragments: BTreeMap<u64, FragmentRead>,
    /// The beginning of a key, and a row, in order.
    pairs: Vec<(u64, u64)>,
}

/// A fragment as it was read.
struct FragmentRead {
    /// Its number may be used again, for another table or after damage; the name of its file never.
    file: String,
    /// Rows that were deleted then, and are not in the table.
    deleted: usize,
}

impl FragmentRead {
    /// Whether a fragment is the one that was read, and has no row that was not there then: a version
    /// may be taken back, and with it what it deleted.
    fn holds(&self, now: &FragmentRead) -> bool {
        self.file == now.file && self.deleted <= now.deleted
    }
}

impl KeyRows {
    /// The rows of a version that have one of the keys, in order. A row with another key that begins
    /// with the same eight bytes may be among them.
    pub(crate) async fn rows_of(&self, dataset: &Dataset, keys: &[ContentKey]) -> Result<Vec<u64>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let table = self.table(dataset).await?;
        let mut rows = Vec::new();
        for key in keys {
            rows.extend(table.rows(beginning(key)));
        }
        rows.sort_unstable();
        rows.dedup();
        without_deleted(dataset, rows).await
    }

    /// The table for a version; rows that were deleted later may be in it.
    async fn table(&self, dataset: &Dataset) -> Result<Arc<KeyTable>> {
        let mut known = self.0.lock().await;
        if let Some(renewed) = known.renewed(dataset).await? {
            *known = Arc::new(renewed);
        }
        Ok(known.clone())
    }
}

impl KeyTable {
    fn rows(&self, wanted: u64) -> impl Iterator<Item = u64> {
        let start = self.pairs.partition_point(|(key, _)| *key < wanted);
        let same = self.pairs[start..].iter();
        same.take_while(move |(key, _)| *key == wanted)
            .map(|(_, row)| *row)
    }

    /// The table for the fragments of a version, if it has others; reads those that are new.
    async fn renewed(&self, dataset: &Dataset) -> Result<Option<KeyTable>> {
        let mut now = fragments_of(dataset);
        let is_known = |id: &u64| match (self.fragments.get(id), now.get(id)) {
            (Some(known), Some(now)) => known.holds(now),
            _ => false,
        };
        let known_ids = self.fragments.keys().copied();
        let gone: HashSet<u64> = known_ids.filter(|id| !is_known(id)).collect();
        let fragments = dataset.fragments().iter();
        let new: Vec<_> = fragments.filter(|it| !is_known(&it.id)).cloned().collect();
        if gone.is_empty() && new.is_empty() {
            return Ok(None);
        }
        let kept = self.pairs.iter().copied();
        let mut pairs: Vec<(u64, u64)> = kept
            .filter(|(_, row)| gone.is_empty() || !gone.contains(&fragment_of(*row)))
            .collect();
        for (id, known) in self.fragments.iter().filter(|(id, _)| !gone.contains(*id)) {
            // What was deleted since is still in the table.
            now.entry(*id).and_modify(|it| it.deleted = known.deleted);
        }
        if !new.is_empty() {
            let mut scanner = dataset.scan();
            scanner.with_row_id().with_fragments(new);
            scanner.project::<&str>(&[CONTENT_KEY])?;
            let mut batches = scanner.try_into_stream().boxed().await?;
            while let Some(batch) = batches.try_next().await? {
                let keys = strings(&batch, CONTENT_KEY)?;
                for (row, key) in row_ids(&batch)?.iter().zip(keys.iter()) {
                    pairs.push((beginning_of_hex(key.unwrap_or_default())?, row.0));
                }
            }
            // Those that were known are in order, which this sort makes use of.
            pairs.sort();
        }
        let fragments = now;
        Ok(Some(KeyTable { fragments, pairs }))
    }
}

fn fragments_of(dataset: &Dataset) -> BTreeMap<u64, FragmentRead> {
    let fragments = dataset.fragments().iter();
    let read = fragments.map(|fragment| {
        let file = fragment.files.first().map(|file| file.path.clone());
        let deleted = fragment.deletion_file.as_ref();
        let read = FragmentRead {
            file: file.unwrap_or_default(),
            deleted: deleted
                .and_then(|file| file.num_deleted_rows)
                .unwrap_or_default(),
        };
        (fragment.id, read)
    });
    read.collect()
}

/// The rows that are not deleted. Rows are in order, and their ids are their addresses.
pub(crate) async fn without_deleted(dataset: &Dataset, rows: Vec<u64>) -> Result<Vec<u64>> {
    let fragments = dataset.fragments().iter();
    let with_deleted = fragments.filter(|fragment| fragment.deletion_file.is_some());
    let with_deleted: HashSet<u64> = with_deleted.map(|fragment| fragment.id).collect();
    let mut kept = Vec::with_capacity(rows.len());
    for group in rows.chunk_by(|left, right| fragment_of(*left) == fragment_of(*right)) {
        let id = fragment_of(group[0]);
        if !with_deleted.contains(&id) {
            kept.extend(group);
            continue;
        }
        let fragment = usize::try_from(id)
            .ok()
            .and_then(|id| dataset.get_fragment(id));
        let Some(fragment) = fragment else {
            continue;
        };
        let deleted = fragment.get_deletion_vector().boxed().await?;
        let is_kept = |row: &&u64| {
            deleted
                .as_ref()
                .is_none_or(|it| !it.contains(offset_of(**row)))
        };
        kept.extend(group.iter().filter(is_kept));
    }
    Ok(kept)
}

fn fragment_of(row: u64) -> u64 {
    row >> 32
}

fn offset_of(row: u64) -> u32 {
    (row & u64::from(u32::MAX)) as u32
}

fn beginning(key: &ContentKey) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = key.0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn beginning_of_hex(key: &str) -> Result<u64> {
    let mut bytes = [0; 8];
    let digits = key.as_bytes().get(..16).unwrap_or_default();
    hex::decode_to_slice(digits, &mut bytes)
        .map_err(|_| StoreError::corrupt("the table", format!("`{key}` is not a content key")))?;
    Ok(u64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_begin_alike_in_both_forms() {
        let key = ContentKey::of("fn serve() {}");
        let written = hex::encode(key.0);
        assert_eq!(beginning_of_hex(&written).expect("a key"), beginning(&key));
        for damaged in ["", "0123", "not a key, but long enough"] {
            assert!(beginning_of_hex(damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn all_rows_of_a_key_are_found() {
        let table = KeyTable {
            fragments: BTreeMap::new(),
            pairs: vec![(3, 1), (5, 2), (5, 1 << 32), (9, 4)],
        };
        assert_eq!(table.rows(5).collect::<Vec<_>>(), [2, 1 << 32]);
        assert_eq!(table.rows(4).count(), 0);
        let read = |file: &str, deleted| FragmentRead {
            file: file.to_owned(),
            deleted,
        };
        assert!(read("a", 1).holds(&read("a", 2)));
        assert!(!read("a", 1).holds(&read("a", 0)), "a row came back");
        assert!(!read("a", 1).holds(&read("b", 1)), "it is another one");
        assert_eq!(fragment_of((7 << 32) + 9), 7);
        assert_eq!(offset_of((7 << 32) + 9), 9);
    }
}
