//! Vectors by content key: one table for each fingerprint, so that models never mix.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, FixedSizeListArray, Float32Array, RecordBatch, StringArray, UInt16Array,
};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use futures::FutureExt;
use lance::Dataset;
use lancedb::Table;
use lancedb::query::{QueryBase, Select};

use crate::checksums::Checksums;
use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::filter::is_in;
use crate::nearest::NearestRows;
use crate::recovery;
use crate::row::{key_from_hex, strings};
use crate::store::{Store, StoreFuture, collect, create_tree, retrying};
use crate::vector_index;

/// What the name of a table of vectors starts with.
pub(crate) const PREFIX: &str = "vectors_";
pub(crate) const VECTOR_INDEX: &str = "vector_index";

pub(crate) const KEY: &str = "content_key";
pub(crate) const KEY_INDEX: &str = "content_key_index";
pub(crate) const VECTOR: &str = "vector";
const KEYS_PER_CONDITION: usize = 500;

/// One vector of a document text; a text longer than the model's window has several.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorRow {
    /// The content key of the text.
    pub key: ContentKey,
    /// Which part of it, from 0.
    pub part: u16,
    /// The vector of the part.
    pub vector: Vec<f32>,
}

impl Store {
    /// Writes vectors, in one commit; the caller adds only what [`crate::Catalog`] says is missing.
    pub fn add_vectors<'a>(
        &'a self,
        fingerprint: &'a str,
        dimension: usize,
        rows: &'a [VectorRow],
    ) -> StoreFuture<'a, ()> {
        async move {
            let name = table_name(fingerprint)?;
            if rows.is_empty() {
                return Ok(());
            }
            let schema = schema(dimension)?;
            let batch = to_batch(&schema, dimension, rows)?;
            let _write_lock = self.inner.writes.lock().await;
            let table = match self.vectors_table(&name).await? {
                Some(table) => table,
                None => self.create_vectors(&name, schema).await?,
            };
            retrying(|| table.add(batch.clone()).execute().boxed()).await?;
            self.inner.upkeep.note_inserted(&name, rows.len());
            Ok(())
        }
        .boxed()
    }

    /// Finds the keys with the nearest vectors, with the cosine similarity of the best part, best
    /// first.
    pub fn search_vectors<'a>(
        &'a self,
        fingerprint: &'a str,
        vector: &'a [f32],
        limit: usize,
    ) -> StoreFuture<'a, Vec<(ContentKey, f32)>> {
        async move { self.nearest(fingerprint, vector, limit, None).await }.boxed()
    }

    /// Like [`Self::search_vectors`], among some keys only: for a search limited to few files.
    pub fn search_vectors_among<'a>(
        &'a self,
        fingerprint: &'a str,
        vector: &'a [f32],
        limit: usize,
        keys: &'a [ContentKey],
    ) -> StoreFuture<'a, Vec<(ContentKey, f32)>> {
        async move { self.nearest(fingerprint, vector, limit, Some(keys)).await }.boxed()
    }

    async fn nearest(
        &self,
        fingerprint: &str,
        vector: &[f32],
        limit: usize,
        among: Option<&[ContentKey]>,
    ) -> Result<Vec<(ContentKey, f32)>> {
        let Some(table) = self.vectors_table(&table_name(fingerprint)?).await? else {
            return Ok(Vec::new());
        };
        let dataset = dataset(&table).await?;
        let among = match among {
            Some(keys) => Some(self.inner.vector_keys.rows_of(&dataset, keys).await?),
            None => None,
        };
        let count = dataset.count_rows(None).boxed().await?;
        let there = among.as_ref().map_or(count, Vec::len);
        if limit == 0 || there == 0 {
            return Ok(Vec::new());
        }
        let mut search = NearestRows::new(&dataset, vector, among.as_deref())?;
        search.probes = Some(vector_index::probes(count, vector.len()));
        // Parts of one text share a key, so more rows are fetched until enough keys differ.
        let mut rows = limit.saturating_add(16);
        loop {
            rows = rows.min(there);
            let found = search.find(rows).await?;
            let fetched = found.len();
            let mut best = best_parts(found);
            let is_all = fetched == there || (fetched < rows && search.probes.is_none());
            if best.len() >= limit || is_all {
                best.truncate(limit);
                return Ok(best);
            }
            match fetched < rows {
                true => search.probes = None,
                false => rows = rows.saturating_mul(4),
            }
        }
    }

    /// Removes the vectors of keys that belong to no chunk any more, in one commit. A writing
    /// method.
    pub fn delete_vectors<'a>(
        &'a self,
        fingerprint: &'a str,
        keys: &'a [ContentKey],
    ) -> StoreFuture<'a, ()> {
        async move {
            let name = table_name(fingerprint)?;
            let _write_lock = self.inner.writes.lock().await;
            let Some(table) = self.vectors_table(&name).await? else {
                return Ok(());
            };
            for group in keys.chunks(KEYS_PER_CONDITION) {
                let condition = keys_condition(group);
                // A delete that matches nothing would still make a commit.
                if table.count_rows(Some(condition.clone())).boxed().await? > 0 {
                    retrying(|| table.delete(&condition).boxed()).await?;
                }
            }
            Ok(())
        }
        .boxed()
    }

    /// The keys that have a vector, to reconcile the catalog.
    pub fn vector_keys<'a>(&'a self, fingerprint: &'a str) -> StoreFuture<'a, HashSet<ContentKey>> {
        async move {
            let mut found = HashSet::new();
            let Some(table) = self.vectors_table(&table_name(fingerprint)?).await? else {
                return Ok(found);
            };
            let query = table.query().select(Select::columns(&[KEY]));
            for batch in collect(&query).await? {
                for key in strings(&batch, KEY)?.iter().flatten() {
                    found.insert(key_from_hex(key)?);
                }
            }
            Ok(found)
        }
        .boxed()
    }

    /// The version of a table of vectors; `None` if there is none.
    pub fn vectors_version<'a>(&'a self, fingerprint: &'a str) -> StoreFuture<'a, Option<u64>> {
        async move {
            match self.vectors_table(&table_name(fingerprint)?).await? {
                Some(table) => Ok(Some(table.version().boxed().await?)),
                None => Ok(None),
            }
        }
        .boxed()
    }

    /// The fingerprints that have a table of vectors, in order.
    pub fn vector_fingerprints(&self) -> StoreFuture<'_, Vec<String>> {
        async move {
            let names = self
                .inner
                .connection
                .table_names()
                .execute()
                .boxed()
                .await?;
            Ok(names
                .iter()
                .filter_map(|name| name.strip_prefix(PREFIX))
                .map(str::to_owned)
                .collect())
        }
        .boxed()
    }

    /// Removes all vectors of a fingerprint. A writing method.
    pub fn drop_vectors<'a>(&'a self, fingerprint: &'a str) -> StoreFuture<'a, ()> {
        async move {
            let name = table_name(fingerprint)?;
            let _write_lock = self.inner.writes.lock().await;
            self.open_vectors().remove(&name);
            match self.inner.connection.drop_table(&name, &[]).boxed().await {
                Ok(()) | Err(lancedb::Error::TableNotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            // A table of the same name would begin with the same versions.
            Checksums::forget(&self.inner.folder, &format!("{name}.lance/"))
        }
        .boxed()
    }

    /// The table of vectors with a name, if it exists now.
    pub(crate) async fn vectors_table(&self, name: &str) -> Result<Option<Table>> {
        let folder = recovery::table_folder(&self.inner.folder, name);
        // Another process may have dropped it since it was opened here.
        if !folder.is_dir() {
            self.open_vectors().remove(name);
            return Ok(None);
        }
        if let Some(table) = self.open_vectors().get(name) {
            return Ok(Some(table.clone()));
        }
        if let Some(why) = recovery::newest_manifest_damage(&folder)? {
            return Err(StoreError::corrupt("the table of vectors", why));
        }
        match self
            .inner
            .connection
            .open_table(name)
            .execute()
            .boxed()
            .await
        {
            Ok(table) => {
                self.open_vectors().insert(name.to_owned(), table.clone());
                Ok(Some(table))
            }
            Err(lancedb::Error::TableNotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn create_vectors(&self, name: &str, schema: SchemaRef) -> Result<Table> {
        let connection = &self.inner.connection;
        let table = connection
            .create_empty_table(name, schema)
            .execute()
            .boxed()
            .await?;
        create_tree(&table, KEY, KEY_INDEX).await?;
        self.open_vectors().insert(name.to_owned(), table.clone());
        Ok(table)
    }
}

/// The newest version of a table.
async fn dataset(table: &Table) -> Result<Arc<Dataset>> {
    let Some(wrapper) = table.dataset() else {
        return Err(StoreError::Invalid(
            "the vectors are not in a table of this machine".to_owned(),
        ));
    };
    Ok(wrapper.get().boxed().await?)
}

/// The name of the table for a fingerprint.
pub(crate) fn table_name(fingerprint: &str) -> Result<String> {
    if fingerprint.is_empty() || !fingerprint.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(StoreError::Invalid(format!(
            "`{fingerprint}` is not a fingerprint"
        )));
    }
    Ok(format!("{PREFIX}{fingerprint}"))
}

fn keys_condition(keys: &[ContentKey]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| hex::encode(key.0)).collect();
    is_in(KEY, keys.iter().map(String::as_str))
}

fn item() -> FieldRef {
    Arc::new(Field::new("item", DataType::Float32, true))
}

fn width(dimension: usize) -> Result<i32> {
    i32::try_from(dimension)
        .ok()
        .filter(|width| *width > 0)
        .ok_or_else(|| StoreError::Invalid(format!("vectors cannot have {dimension} dimensions")))
}

fn schema(dimension: usize) -> Result<SchemaRef> {
    let vector = DataType::FixedSizeList(item(), width(dimension)?);
    Ok(Arc::new(Schema::new(vec![
        Field::new(KEY, DataType::Utf8, false),
        Field::new("part", DataType::UInt16, false),
        Field::new(VECTOR, vector, false),
    ])))
}

fn to_batch(schema: &SchemaRef, dimension: usize, rows: &[VectorRow]) -> Result<RecordBatch> {
    let mut values = Vec::with_capacity(rows.len() * dimension);
    for row in rows {
        let length = row.vector.len();
        if length != dimension {
            let text = format!("a vector has {length} dimensions instead of {dimension}");
            return Err(StoreError::Invalid(text));
        }
        if !row.vector.iter().all(|value| value.is_finite()) {
            return Err(StoreError::Invalid(
                "a vector has a value that is no number".to_owned(),
            ));
        }
        values.extend_from_slice(&row.vector);
    }
    let values: ArrayRef = Arc::new(Float32Array::from(values));
    let vectors = FixedSizeListArray::try_new(item(), width(dimension)?, values, None)?;
    let keys = StringArray::from_iter_values(rows.iter().map(|row| hex::encode(row.key.0)));
    let parts = UInt16Array::from_iter_values(rows.iter().map(|row| row.part));
    let columns: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(parts), Arc::new(vectors)];
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// The best of each key, of rows that begin with the best.
fn best_parts(mut rows: Vec<(ContentKey, f32)>) -> Vec<(ContentKey, f32)> {
    let mut seen = HashSet::new();
    rows.retain(|(key, _)| seen.insert(*key));
    rows
}
