//! Mending damaged tables: what is damaged is dropped or built anew, what is intact stays.
//!
//! Every method is a writing one: it needs the writer's lock.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use lance::dataset::CommitBuilder;
use lance::dataset::transaction::{Operation, Transaction, UpdateMode};
use lancedb::Table;

use crate::error::Result;
use crate::inspect::{DamagedFile, FilePart};
use crate::recovery::{self, Recovery};
use crate::store::{
    CHUNKS, Store, StoreFuture, TERMS_INDEX, create_look_up, create_text_index, create_tree,
};
use crate::vector_stages;
use crate::vectors::{KEY, KEY_INDEX, VECTOR_INDEX, table_name};

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableIndex {
    table: String,
    name: String,
}

/// The fragments of a table with damaged files.
#[derive(Default)]
struct Fragments {
    /// Their rows are lost.
    gone: BTreeSet<u64>,
    /// Which of their rows were deleted is lost.
    undeleted: BTreeSet<u64>,
}

impl Store {
    /// Sets the newest version of a table aside if it is damaged. Afterwards the store has to be
    /// opened again.
    pub fn drop_damaged_versions<'a>(
        &'a self,
        damaged: &'a [DamagedFile],
    ) -> StoreFuture<'a, Vec<Recovery>> {
        async move {
            let mut done = Vec::new();
            for file in damaged.iter().map(|damaged| &damaged.file) {
                if file.part == FilePart::Manifest {
                    let folder = &self.inner.folder;
                    done.push(match recovery::step_back(folder, &file.table)? {
                        Some(recovery) => recovery,
                        None => recovery::set_table_aside(folder, &file.table)?,
                    });
                }
            }
            Ok(done)
        }
        .boxed()
    }

    /// Removes the rows whose files are damaged, without reading them. The caller reconciles the
    /// catalog, which has the chunks and vectors of the other rows still.
    pub fn drop_damaged_rows<'a>(
        &'a self,
        damaged: &'a [DamagedFile],
    ) -> StoreFuture<'a, Vec<Recovery>> {
        async move {
            let mut tables: BTreeMap<&str, Fragments> = BTreeMap::new();
            for file in damaged.iter().map(|damaged| &damaged.file) {
                let fragments = tables.entry(file.table.as_str()).or_default();
                match file.part {
                    FilePart::Rows(id) => {
                        fragments.gone.insert(id);
                    }
                    // An index does not list rows that were deleted when it was built, so chunks
                    // that come back could not be found by path, and never be deleted again.
                    FilePart::Deletions(id) if file.table == CHUNKS => {
                        fragments.gone.insert(id);
                    }
                    FilePart::Deletions(id) => {
                        fragments.undeleted.insert(id);
                    }
                    FilePart::Manifest | FilePart::Index(_) => {}
                }
            }
            let _write_lock = self.inner.writes.lock().await;
            let mut done = Vec::new();
            for (name, mut fragments) in tables {
                fragments
                    .undeleted
                    .retain(|id| !fragments.gone.contains(id));
                if fragments.gone.is_empty() && fragments.undeleted.is_empty() {
                    continue;
                }
                if let Some(table) = self.table(name).await? {
                    drop_fragments(&table, &fragments).await?;
                    done.push(Recovery::RowsDropped {
                        table: name.to_owned(),
                    });
                }
            }
            Ok(done)
        }
        .boxed()
    }

    /// The indexes that have to be built anew because of damaged files.
    pub fn damaged_indexes(damaged: &[DamagedFile]) -> Vec<TableIndex> {
        let mut indexes = BTreeSet::new();
        for file in damaged.iter().map(|damaged| &damaged.file) {
            let names = match &file.part {
                FilePart::Index(name) => vec![name.as_str()],
                // Vectors that come back are in no index.
                FilePart::Deletions(_) if file.table != CHUNKS => vec![KEY_INDEX, VECTOR_INDEX],
                FilePart::Deletions(_) | FilePart::Rows(_) | FilePart::Manifest => Vec::new(),
            };
            indexes.extend(names.into_iter().map(|name| TableIndex {
                table: file.table.clone(),
                name: name.to_owned(),
            }));
        }
        indexes.into_iter().collect()
    }

    /// Builds one index anew from the rows; readers have the old one until it is finished. `None` if
    /// there is no such index any more.
    pub fn rebuild_index<'a>(&'a self, index: &'a TableIndex) -> StoreFuture<'a, Option<Recovery>> {
        async move {
            let TableIndex {
                table: name,
                name: index,
            } = index;
            let _write_lock = self.inner.writes.lock().await;
            let Some(table) = self.table(name).await? else {
                return Ok(None);
            };
            let existing = table.list_indices().boxed().await?;
            if !existing.iter().any(|known| known.name == *index) {
                return Ok(None);
            }
            match index.as_str() {
                TERMS_INDEX if name == CHUNKS => create_text_index(&table).await?,
                VECTOR_INDEX if name != CHUNKS => self.rebuild_vectors(&table).await?,
                KEY_INDEX if name != CHUNKS => create_tree(&table, KEY, KEY_INDEX).await?,
                other => {
                    // One without a name here is of another version of the program.
                    if name != CHUNKS || !create_look_up(&table, other).await? {
                        table.drop_index(other).boxed().await?;
                    }
                }
            }
            Ok(Some(Recovery::IndexRebuilt {
                table: name.clone(),
                index: index.clone(),
            }))
        }
        .boxed()
    }

    /// Builds the index of the vectors now, however few there are. A writing method.
    pub fn build_vector_index<'a>(&'a self, fingerprint: &'a str) -> StoreFuture<'a, ()> {
        async move {
            let _write_lock = self.inner.writes.lock().await;
            match self.vectors_table(&table_name(fingerprint)?).await? {
                Some(table) => {
                    vector_stages::build(&table, &self.inner.folder)
                        .boxed()
                        .await
                }
                None => Ok(()),
            }
        }
        .boxed()
    }

    /// Replaces all segments of the index of vectors by one.
    async fn rebuild_vectors(&self, table: &Table) -> Result<()> {
        if table.count_rows(None).boxed().await? == 0 {
            // There is nothing to train it on.
            return Ok(table.drop_index(VECTOR_INDEX).boxed().await?);
        }
        vector_stages::build(table, &self.inner.folder)
            .boxed()
            .await
    }

    async fn table(&self, name: &str) -> Result<Option<Table>> {
        if name == CHUNKS {
            return Ok(Some(self.inner.chunks.clone()));
        }
        self.vectors_table(name).await
    }
}

/// Removes fragments from a table, and the deletions of others, in one commit; reads none of them.
///
/// Those without their deletions get new numbers, so that no index counts as having their rows: it
/// may have been built when some were deleted.
async fn drop_fragments(table: &Table, fragments: &Fragments) -> Result<()> {
    let Some(wrapper) = table.dataset() else {
        return Ok(());
    };
    let dataset = wrapper.get().boxed().await?;
    let undeleted = dataset
        .fragments()
        .iter()
        .filter(|fragment| fragments.undeleted.contains(&fragment.id))
        .cloned()
        .map(|mut fragment| {
            fragment.deletion_file = None;
            // LanceDB gives the next number to one with this.
            fragment.id = 0;
            fragment
        });
    let new_fragments: Vec<_> = undeleted.collect();
    let gone = fragments.gone.iter().copied();
    let operation = if new_fragments.is_empty() {
        Operation::Delete {
            updated_fragments: Vec::new(),
            deleted_fragment_ids: gone.collect(),
            predicate: "false".to_owned(),
        }
    } else {
        Operation::Update {
            removed_fragment_ids: gone.chain(fragments.undeleted.iter().copied()).collect(),
            updated_fragments: Vec::new(),
            new_fragments,
            fields_modified: Vec::new(),
            compacted_sstables: Vec::new(),
            fields_for_preserving_frag_bitmap: Vec::new(),
            update_mode: Some(UpdateMode::RewriteRows),
            inserted_rows_filter: None,
            updated_fragment_offsets: None,
        }
    };
    let transaction = Transaction::new(dataset.version().version, operation, None);
    let committed = CommitBuilder::new(dataset)
        .execute(transaction)
        .boxed()
        .await;
    wrapper.update(committed.map_err(lancedb::Error::from)?);
    Ok(())
}
