//! Opening an index: its tables, their indexes, and the repair of damage.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use lance::index::DatasetIndexExt;
use lancedb::index::Index;
use lancedb::index::scalar::{BTreeIndexBuilder, BitmapIndexBuilder, FtsIndexBuilder};
use lancedb::query::ExecutableQuery;
use lancedb::{Connection, ObjectStoreRegistry, Session, Table};
use parking_lot::{Mutex, MutexGuard};

use crate::due::{IndexState, indexes_of};
use crate::error::{Result, StoreError, is_conflict, is_damage, without_panic};
use crate::files::create_private_folder;
use crate::keys::KeyRows;
use crate::maintain::Upkeep;
use crate::recovery::{self, Recovery};
use crate::row::{self, TERMS};
use crate::snapshot::ChunkHeaders;

/// What an asynchronous method returns: a future that this crate compiles.
///
/// The body of an `async fn` is compiled in the crate that awaits it, and all that it awaits
/// along with it: LanceDB's futures, over a minute's work, again in every crate above this one.
pub(crate) type StoreFuture<'a, T> = BoxFuture<'a, Result<T>>;

pub(crate) const CHUNKS: &str = "chunks";
pub(crate) const TERMS_INDEX: &str = "stems_index";
/// Its name when it had words as they are written; such an index is dropped.
const OLD_TERMS_INDEX: &str = "terms_index";

/// Columns with a B-tree, and its name.
const TREES: [(&str, &str); 3] = [
    ("path", "path_index"),
    ("content_key", "content_key_index"),
    ("symbol", "symbol_index"),
];

/// The name of the B-tree of a column, if it has one.
pub(crate) fn tree_of(column: &str) -> Option<&'static str> {
    let tree = TREES.into_iter().find(|(indexed, _)| *indexed == column);
    tree.map(|(_, name)| name)
}

/// The index of the languages, of which there are few.
const LANGUAGE_INDEX: &str = "language_index";

/// Longest identifier that is indexed whole, in bytes.
const LONGEST_TOKEN: usize = 128;

/// The purpose for which an index is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// To search: needs no lock, creates and repairs nothing.
    Read,
    /// To write: the caller holds the [`crate::WriterLock`] of the folder.
    Write,
}

/// How to open an index.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Whether the index is opened for reading or writing.
    pub access: OpenMode,
    /// Memory for pages of indexes, in bytes.
    pub index_cache_bytes: usize,
    /// Memory for manifests and file metadata, in bytes.
    pub metadata_cache_bytes: usize,
}

impl OpenOptions {
    /// Options with cache sizes that suit one workspace.
    pub fn new(access: OpenMode) -> OpenOptions {
        OpenOptions {
            access,
            index_cache_bytes: 64 << 20,
            metadata_cache_bytes: 32 << 20,
        }
    }
}

/// One workspace's chunks and vectors.
///
/// Clones share everything. Every read sees the newest commit of any process. Methods that
/// write say so; they need the writer's lock, and within a process they take turns.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<StoreInner>,
}

pub(crate) struct StoreInner {
    pub(crate) folder: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) chunks: Table,
    vectors: Mutex<HashMap<String, Table>>,
    pub(crate) outlines: Arc<ChunkHeaders>,
    pub(crate) chunk_keys: Arc<KeyRows>,
    /// Of the vectors that were searched last.
    pub(crate) vector_keys: KeyRows,
    pub(crate) writes: tokio::sync::Mutex<()>,
    pub(crate) upkeep: Upkeep,
    healings: Vec<Recovery>,
}

impl Store {
    /// Opens the index in a folder; a writer creates it if there is none, and repairs it.
    ///
    /// A reader that finds no version that opens gets [`StoreError::Corrupt`] and should open for
    /// writing; a writer falls back to an older version, or begins a table anew. Damage of other
    /// files is not looked for: see [`Store::find_damage`].
    pub fn open(folder: &Path, options: OpenOptions) -> StoreFuture<'_, Store> {
        async move {
            let folder = std::path::absolute(folder)
                .map_err(|error| StoreError::io("find", folder, error))?;
            match options.access {
                OpenMode::Read if !recovery::table_folder(&folder, CHUNKS).is_dir() => {
                    return Err(StoreError::NoIndex { folder });
                }
                OpenMode::Read => {}
                OpenMode::Write => create_private_folder(&folder)?,
            }
            let opening = StoreOpening {
                folder,
                options,
                healings: Vec::new(),
            };
            match opening.options.access {
                OpenMode::Read => opening.read().await,
                OpenMode::Write => opening.write().await,
            }
        }
        .boxed()
    }

    /// The recoveries that were made while opening; usually empty.
    pub fn recoveries(&self) -> &[Recovery] {
        &self.inner.healings
    }

    /// The folder of the index.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The version of the table of chunks, which changes with every commit to it.
    pub fn version(&self) -> StoreFuture<'_, u64> {
        async move { Ok(self.inner.chunks.version().boxed().await?) }.boxed()
    }

    /// The number of chunks.
    pub fn chunk_count(&self) -> StoreFuture<'_, usize> {
        async move { Ok(self.inner.chunks.count_rows(None).boxed().await?) }.boxed()
    }

    pub(crate) fn open_vectors(&self) -> MutexGuard<'_, HashMap<String, Table>> {
        self.inner.vectors.lock()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Store")
            .field("folder", &self.inner.folder)
            .finish_non_exhaustive()
    }
}

/// What became of opening a table.
enum Opening {
    Table(Table),
    /// There is none.
    Nothing,
    /// Its newest version is damaged, and why that is so.
    Damaged(String),
}

/// An index that is being opened.
struct StoreOpening {
    folder: PathBuf,
    options: OpenOptions,
    healings: Vec<Recovery>,
}

impl StoreOpening {
    async fn read(self) -> Result<Store> {
        let connection = self.connect().await?;
        match self.try_open(&connection, CHUNKS).await? {
            Opening::Table(chunks) => Ok(self.finish(connection, chunks, HashMap::new())),
            Opening::Nothing => Err(StoreError::NoIndex {
                folder: self.folder,
            }),
            Opening::Damaged(why) => Err(StoreError::corrupt("the table of chunks", why)),
        }
    }

    async fn write(mut self) -> Result<Store> {
        let mut connection = self.connect().await?;
        let chunks = match self.open_healed(&mut connection, CHUNKS).await? {
            Some(table) => table,
            None => {
                connection
                    .create_empty_table(CHUNKS, row::schema())
                    .execute()
                    .boxed()
                    .await?
            }
        };
        create_missing_indexes(&chunks).await?;
        let mut vectors = HashMap::new();
        for name in self.vector_tables()? {
            if let Some(table) = self.open_healed(&mut connection, &name).await? {
                vectors.insert(name, table);
            }
        }
        Ok(self.finish(connection, chunks, vectors))
    }

    fn finish(
        self,
        connection: Connection,
        chunks: Table,
        vectors: HashMap<String, Table>,
    ) -> Store {
        let inner = StoreInner {
            folder: self.folder,
            connection,
            chunks,
            vectors: Mutex::new(vectors),
            outlines: Arc::default(),
            chunk_keys: Arc::default(),
            vector_keys: KeyRows::default(),
            writes: tokio::sync::Mutex::new(()),
            upkeep: Upkeep::default(),
            healings: self.healings,
        };
        Store {
            inner: Arc::new(inner),
        }
    }

    async fn connect(&self) -> Result<Connection> {
        let Some(uri) = self.folder.to_str() else {
            let name = self.folder.display();
            return Err(StoreError::Invalid(format!(
                "the path `{name}` is not UTF-8"
            )));
        };
        let session = Session::new(
            self.options.index_cache_bytes,
            self.options.metadata_cache_bytes,
            Arc::new(ObjectStoreRegistry::default()),
        );
        // Without an interval of zero, even writes use a stale snapshot.
        let connection = lancedb::connect(uri)
            .session(Arc::new(session))
            .read_consistency_interval(Duration::ZERO)
            .execute()
            .await?;
        Ok(connection)
    }

    /// Opens a table, without its newest versions if they are damaged; `None` if there is none, or
    /// none any more because no version of it opens.
    async fn open_healed(
        &mut self,
        connection: &mut Connection,
        name: &str,
    ) -> Result<Option<Table>> {
        for step in 0.. {
            let why = match self.try_open(connection, name).await? {
                Opening::Table(table) => return Ok(Some(table)),
                Opening::Nothing => return Ok(None),
                Opening::Damaged(why) => why,
            };
            tracing::warn!(table = name, why, "a version of a table is damaged");
            let stepped = if step < recovery::MOST_STEPS {
                recovery::step_back(&self.folder, name)?
            } else {
                None
            };
            let is_lost = stepped.is_none();
            self.healings.push(match stepped {
                Some(healing) => healing,
                None => recovery::set_table_aside(&self.folder, name)?,
            });
            // A new session has cached nothing of the damaged version.
            *connection = self.connect().await?;
            if is_lost {
                break;
            }
        }
        Ok(None)
    }

    /// Opens the newest version of a table, and tells damage from other errors.
    async fn try_open(&self, connection: &Connection, name: &str) -> Result<Opening> {
        let folder = recovery::table_folder(&self.folder, name);
        if let Some(why) = recovery::newest_manifest_damage(&folder)? {
            return Ok(Opening::Damaged(why));
        }
        let open = async {
            let table = connection.open_table(name).execute().boxed().await?;
            if let Some(wrapper) = table.dataset() {
                // The list of indexes is a section of its own.
                wrapper.get().boxed().await?.load_indices().boxed().await?;
            }
            Ok::<Table, lancedb::Error>(table)
        };
        match without_panic(open).await {
            Ok(Ok(table)) => Ok(Opening::Table(table)),
            // Without data the table was never complete; with data its versions are lost.
            Ok(Err(lancedb::Error::TableNotFound { .. })) => {
                if !recovery::manifests(&folder)?.is_empty() || folder.join("data").is_dir() {
                    return Ok(Opening::Damaged("its versions are lost".to_owned()));
                }
                Ok(Opening::Nothing)
            }
            Ok(Err(error)) if is_damage(&error) => self.unopened(name, error.to_string()),
            Ok(Err(error)) => Err(error.into()),
            Err(panic) => self.unopened(name, panic),
        }
    }

    /// Opening reads no more than the newest manifest: if that is intact, something else failed, such
    /// as starting a thread.
    fn unopened(&self, table: &str, why: String) -> Result<Opening> {
        if recovery::is_newest_intact(&self.folder, table)? {
            return Err(StoreError::Io {
                what: format!("open the table `{table}`, although its newest version is intact"),
                source: io::Error::other(why),
            });
        }
        Ok(Opening::Damaged(why))
    }

    fn vector_tables(&self) -> Result<Vec<String>> {
        let failed = |error| StoreError::io("list", &self.folder, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let table = name.to_str().and_then(|name| name.strip_suffix(".lance"));
            if let Some(table) = table.filter(|table| table.starts_with(crate::vectors::PREFIX)) {
                names.push(table.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Runs work that reads or writes files off the asynchronous threads.
pub(crate) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Io {
            what: "finish reading or writing the index".to_owned(),
            source: io::Error::other(error),
        }),
    }
}

/// Creates the indexes of the table of chunks that are missing: after a crash, or all of them.
async fn create_missing_indexes(chunks: &Table) -> Result<()> {
    let existing = match chunks.dataset() {
        Some(wrapper) => indexes_of(wrapper.get().boxed().await?.as_ref()).await?,
        None => Vec::new(),
    };
    let is_there = |name: &str| existing.iter().any(|index| index.name == name);
    for name in look_ups().filter(|name| !is_there(name)) {
        create_look_up(chunks, name).await?;
    }
    if is_there(OLD_TERMS_INDEX) {
        chunks.drop_index(OLD_TERMS_INDEX).boxed().await?;
    }
    if !is_there(TERMS_INDEX) {
        create_text_index(chunks).await?;
    }
    Ok(())
}

/// Whether opening the table of chunks for writing leaves its indexes as they are.
pub(crate) fn has_all_indexes(existing: &[IndexState]) -> bool {
    let is_there = |name: &str| existing.iter().any(|index| index.name == name);
    look_ups().chain([TERMS_INDEX]).all(is_there) && !is_there(OLD_TERMS_INDEX)
}

/// The names of the indexes by which chunks are looked up.
fn look_ups() -> impl Iterator<Item = &'static str> {
    let trees = TREES.into_iter().map(|(_, name)| name);
    trees.chain([LANGUAGE_INDEX])
}

/// Builds an index by which chunks are looked up, in place of an older one; returns whether there is
/// one of this name.
pub(crate) async fn create_look_up(chunks: &Table, name: &str) -> Result<bool> {
    if name == LANGUAGE_INDEX {
        let index = Index::Bitmap(BitmapIndexBuilder::default());
        create_index(chunks, "language", LANGUAGE_INDEX, index).await?;
        return Ok(true);
    }
    let mut trees = TREES.into_iter();
    match trees.find(|(_, tree)| *tree == name) {
        Some((column, tree)) => create_tree(chunks, column, tree).await.map(|()| true),
        None => Ok(false),
    }
}

pub(crate) async fn create_tree(table: &Table, column: &str, name: &str) -> Result<()> {
    create_index(
        table,
        column,
        name,
        Index::BTree(BTreeIndexBuilder::default()),
    )
    .await
}

async fn create_index(table: &Table, column: &str, name: &str, index: Index) -> Result<()> {
    table
        .create_index(&[column], index)
        .name(name.to_owned())
        .execute()
        .boxed()
        .await?;
    Ok(())
}

/// Rebuilds the full-text index; on an empty table only its definition. It has the stems of words, so
/// that a word and its forms are one term.
///
/// The bounds on memory and workers are not stored with the index, so a large first build has to
/// use this function and not an update of the index.
pub(crate) async fn create_text_index(chunks: &Table) -> Result<()> {
    let parameters = FtsIndexBuilder::code()
        .split_identifiers(true)
        .stem(true)
        .max_token_length(Some(LONGEST_TOKEN))
        .memory_limit_mb(256)
        .num_workers(2);
    chunks
        .create_index(&[TERMS], Index::FTS(parameters))
        .name(TERMS_INDEX.to_owned())
        .replace(true)
        .execute()
        .boxed()
        .await?;
    Ok(())
}

/// Runs a query to its end.
pub(crate) async fn collect(query: &impl ExecutableQuery) -> Result<Vec<RecordBatch>> {
    let stream = query.execute().boxed().await?;
    Ok(stream.try_collect::<Vec<RecordBatch>>().await?)
}

/// Repeats an operation that lost a race for a commit.
pub(crate) async fn retrying<T, E, F>(mut operation: impl FnMut() -> F) -> Result<T>
where
    E: Into<StoreError>,
    F: Future<Output = std::result::Result<T, E>>,
{
    const TRIES: u32 = 5;
    const FIRST_PAUSE: Duration = Duration::from_millis(50);
    let mut tried = 0;
    loop {
        match operation().await.map_err(Into::into) {
            Err(StoreError::Lance(error)) if is_conflict(&error) && tried + 1 < TRIES => {
                tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(tried)).await;
                tried += 1;
            }
            other => return other,
        }
    }
}
