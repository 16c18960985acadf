//! The catalog of an index: files, their content keys, and which keys have vectors.
//!
//! Every function blocks; an asynchronous caller wraps it in `spawn_blocking`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::record::{FileRecord, RecordedContent, RecordedFile};
use crate::schema::save;
use crate::set_aside::set_aside;
use crate::sqlite::{self, signed, unsigned, with_file_name};

const STATE_FILE: &str = "state.db";
pub(crate) const NAME: &str = "the catalog `state.db`";
pub(crate) const CHUNKS_VERSION: &str = "chunks_version";
const EDITION: &str = "edition";
/// Where older versions of the program had the rules by which all files were chunked.
const OLD_RULES: &str = "chunker";

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS files (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        hash BLOB NOT NULL,
        language TEXT NOT NULL,
        chunks INTEGER NOT NULL,
        status TEXT,
        changed_ns INTEGER NOT NULL DEFAULT -1,
        inode INTEGER NOT NULL DEFAULT 0,
        rules INTEGER NOT NULL DEFAULT 0,
        unsure_since_ns INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS chunk_keys (
        file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        content_key BLOB NOT NULL,
        copies INTEGER NOT NULL,
        PRIMARY KEY (file, content_key)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS chunk_keys_by_key ON chunk_keys (content_key, copies);
    CREATE TABLE IF NOT EXISTS vectors (
        fingerprint TEXT NOT NULL,
        content_key BLOB NOT NULL,
        PRIMARY KEY (fingerprint, content_key)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS failures (
        fingerprint TEXT NOT NULL,
        content_key BLOB NOT NULL,
        path TEXT NOT NULL,
        start_line INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (fingerprint, content_key)
    ) WITHOUT ROWID;
";

/// Columns of `files` that were added later, with their default values. No file has this time, and
/// no rules this number, so each file is read and chunked again.
const NEW_COLUMNS: [(&str, i64); 4] = [
    ("changed_ns", -1),
    ("inode", 0),
    ("rules", 0),
    ("unsure_since_ns", 0),
];

/// The open catalog of one index; one connection, so one thread at a time.
#[derive(Debug)]
pub struct Catalog {
    pub(crate) connection: Connection,
}

impl Catalog {
    /// Changes whenever the tables hold other columns of the same chunk.
    pub const SCHEMA_VERSION: u32 = 1;

    /// Opens the catalog in the folder of an index for writing, and creates it if there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the file is damaged, else what SQLite or the file system says.
    pub fn open(folder: &Path) -> Result<Catalog> {
        let path = folder.join(STATE_FILE);
        let connection = with_file_name(sqlite::open(&path, "", TABLES), NAME)?;
        let mut state = Catalog { connection };
        with_file_name(state.add_new_columns(), NAME)?;
        with_file_name(state.begin_to_count(), NAME)?;
        if with_file_name(state.generation(), NAME)?.is_empty() {
            state.write(renew_generation)?;
        }
        Ok(state)
    }

    /// Migrates the tables of an older version of the program.
    fn add_new_columns(&self) -> Result<()> {
        let present = self.columns()?;
        if !present.contains("rules") {
            // So that an older version, if it comes back, chunks all files by its own rules. The
            // column comes later: it tells that this was done.
            let sql = "DELETE FROM meta WHERE name = ?1";
            self.connection.execute(sql, [OLD_RULES])?;
        }
        for (name, default) in NEW_COLUMNS {
            if !present.contains(name) {
                let column = format!("{name} INTEGER NOT NULL DEFAULT {default}");
                let sql = format!("ALTER TABLE files ADD COLUMN {column}");
                self.connection.execute_batch(&sql)?;
            }
        }
        Ok(())
    }

    /// The names of the columns of `files`.
    fn columns(&self) -> Result<BTreeSet<String>> {
        let sql = "SELECT name FROM pragma_table_info('files')";
        let names: Vec<String> = self.list(sql, [], |row| row.get(0))?;
        Ok(names.into_iter().collect())
    }

    /// The later columns as expressions of SQL: the tables may be those of an older version of the
    /// program, which only a writer completes.
    fn new_columns(&self) -> Result<String> {
        let present = self.columns()?;
        let columns = NEW_COLUMNS.iter().map(|(name, default)| {
            if present.contains(*name) {
                (*name).to_owned()
            } else {
                default.to_string()
            }
        });
        Ok(columns.collect::<Vec<_>>().join(", "))
    }

    /// Opens an existing catalog for reading; needs no lock.
    ///
    /// # Errors
    /// [`StoreError::NoIndex`] if there is none, [`StoreError::Corrupt`] if it is damaged.
    pub fn open_read_only(folder: &Path) -> Result<Catalog> {
        let path = folder.join(STATE_FILE);
        if !path.is_file() {
            return Err(StoreError::NoIndex {
                folder: folder.to_owned(),
            });
        }
        let connection = with_file_name(sqlite::open_read_only(&path), NAME)?;
        Ok(Catalog { connection })
    }

    /// Reads the whole catalog to detect damage; memory is bounded.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is damaged.
    pub fn check(&self) -> Result<()> {
        let sql = "PRAGMA integrity_check(1)";
        let found: Vec<String> = self.list(sql, [], |row| row.get(0))?;
        match found.first() {
            Some(first) if first != "ok" => Err(StoreError::corrupt(NAME, first.as_str())),
            _ => Ok(()),
        }
    }

    /// Moves a damaged catalog away; the caller holds the writer's lock. Returns its new place.
    pub fn set_aside(folder: &Path) -> Result<PathBuf> {
        let aside = set_aside(folder, &folder.join(STATE_FILE), "state")?;
        for suffix in ["-wal", "-shm"] {
            let path = folder.join(format!("{STATE_FILE}{suffix}"));
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path, error));
                }
                _ => {}
            }
        }
        Ok(aside)
    }

    /// Identifies the generation of the catalog.
    ///
    /// A new generation begins when the catalog is rebuilt, when files are invalidated, or when
    /// tables are recovered; what was read under an older one is stale. Empty if an older version of the program wrote it, until
    /// it is opened for writing.
    pub fn generation(&self) -> Result<String> {
        Ok(self.meta(EDITION)?.unwrap_or_default())
    }

    /// Begins a generation: for tables that were taken back or moved away, so that every process
    /// opens them anew.
    pub fn begin_generation(&mut self) -> Result<()> {
        self.write(renew_generation)
    }

    /// Every file, by path.
    pub fn files(&self) -> Result<Vec<FileRecord>> {
        let new_columns = self.new_columns()?;
        let sql = format!(
            "SELECT path, size, modified_ns, hash, language, chunks, status, {new_columns} FROM files"
        );
        let mut files = self.list(&sql, [], record_of)?;
        // Most are recorded in this order; SQLite would look up each row by its path.
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The files at some paths, and those in folders at these paths, by path.
    pub fn files_at(&self, paths: &[String]) -> Result<Vec<FileRecord>> {
        let mut found = BTreeMap::new();
        for path in paths {
            if path.is_empty() {
                return self.files();
            }
            for sql in [save::FILE_AT, save::FILES_IN] {
                for file in self.list(sql, [path], record_of)? {
                    found.insert(file.path.clone(), file);
                }
            }
        }
        Ok(found.into_values().collect())
    }

    /// What is recorded of the content of those of the files that have chunks.
    pub fn contents<'path>(
        &self,
        paths: &'path BTreeSet<String>,
    ) -> Result<HashMap<&'path str, RecordedContent>> {
        let has_rules = self.columns()?.contains("rules");
        let rules = if has_rules { "rules" } else { "0" };
        let sql = format!("SELECT hash, {rules} FROM files WHERE path = ?1 AND chunks > 0");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut contents = HashMap::new();
        for path in paths {
            let recorded = statement.query_row([path], |row| {
                Ok(RecordedContent {
                    hash: row.get(0)?,
                    rules: row.get(1)?,
                })
            });
            if let Some(recorded) = recorded.optional()? {
                contents.insert(path.as_str(), recorded);
            }
        }
        Ok(contents)
    }

    /// Paths of files that have chunks, in order.
    pub fn indexed_paths(&self) -> Result<Vec<String>> {
        self.list(
            "SELECT path FROM files WHERE chunks > 0 ORDER BY path",
            [],
            |row| row.get(0),
        )
    }

    /// Those of [`Self::indexed_paths`] that begin with a text.
    pub fn indexed_paths_from(&self, beginning: &str) -> Result<Vec<String>> {
        // No character is greater.
        let end = format!("{beginning}{0}{0}", char::MAX);
        self.list(
            "SELECT path FROM files WHERE chunks > 0 AND path >= ?1 AND path <= ?2 ORDER BY path",
            [beginning, end.as_str()],
            |row| row.get(0),
        )
    }

    /// Records files after their chunks were committed, and replaces older records of them.
    ///
    /// `chunks_version` is the version of the table of chunks that holds them; see
    /// [`Self::chunks_version`].
    pub fn record_files(
        &mut self,
        files: &[RecordedFile],
        chunks_version: Option<u64>,
    ) -> Result<()> {
        self.write(|transaction| {
            for recorded in files {
                record_file(transaction, recorded)?;
            }
            set_version(transaction, chunks_version)
        })
    }

    /// Records sizes and times of files whose content is unchanged. A record that has another hash
    /// by now is not changed.
    pub fn touch_files(&mut self, records: &[FileRecord]) -> Result<()> {
        self.write(|transaction| {
            let mut update = transaction.prepare_cached(save::TOUCH_FILE)?;
            for file in records {
                update.execute(params![
                    file.path,
                    signed(file.size),
                    file.modified_ns,
                    file.hash,
                    file.changed_ns,
                    bits(file.inode),
                    file.unsure_since_ns
                ])?;
            }
            Ok(())
        })
    }

    /// Invalidates files: the next refresh reads them again, whatever their time and content.
    pub fn invalidate_files(&mut self, paths: &[String]) -> Result<()> {
        self.write(|transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE files SET modified_ns = -1, hash = zeroblob(16) WHERE path = ?1",
            )?;
            for path in paths {
                update.execute([path])?;
            }
            if paths.is_empty() {
                return Ok(());
            }
            renew_generation(transaction)
        })
    }

    /// The content keys of every file, once for each chunk that has the key, by path.
    pub fn file_keys(&self) -> Result<Vec<(String, Vec<ContentKey>)>> {
        let rows = self.list(
            "SELECT files.path, keys.content_key, keys.copies
             FROM files LEFT JOIN chunk_keys AS keys ON files.id = keys.file ORDER BY files.path",
            [],
            |row| {
                let key: Option<ContentKey> = row.get(1)?;
                Ok((row.get::<_, String>(0)?, key, row.get::<_, Option<u32>>(2)?))
            },
        )?;
        let mut files: Vec<(String, Vec<ContentKey>)> = Vec::new();
        for (path, key, copies) in rows {
            if files.last().is_none_or(|(last, _)| *last != path) {
                files.push((path, Vec::new()));
            }
            if let (Some((_, keys)), Some(key)) = (files.last_mut(), key) {
                keys.extend(std::iter::repeat_n(key, copies.unwrap_or(1) as usize));
            }
        }
        Ok(files)
    }

    /// Removes files after their chunks were deleted.
    pub fn remove_files(&mut self, paths: &[String], chunks_version: Option<u64>) -> Result<()> {
        self.write(|transaction| {
            let mut delete = transaction.prepare_cached(save::REMOVE_FILE)?;
            for path in paths {
                delete.execute([path])?;
            }
            set_version(transaction, chunks_version)
        })
    }

    /// The version of the table of chunks that the catalog was written for.
    ///
    /// If the table has another one, a writer was killed between the two commits.
    pub fn chunks_version(&self) -> Result<Option<u64>> {
        let text = self.meta(CHUNKS_VERSION)?;
        Ok(text.and_then(|text| text.parse().ok()))
    }

    /// Records the version of the table of chunks after maintenance or reconciling.
    pub fn set_chunks_version(&mut self, version: u64) -> Result<()> {
        self.write(|transaction| set_version(transaction, Some(version)))
    }

    /// The value that [`Self::set_meta`] stored under a name.
    pub fn meta(&self, name: &str) -> Result<Option<String>> {
        let mut statement = self.connection.prepare_cached(save::META)?;
        Ok(statement.query_row([name], |row| row.get(0)).optional()?)
    }

    /// Stores a value under a name, and replaces an older one.
    pub fn set_meta(&mut self, name: &str, value: &str) -> Result<()> {
        if self.meta(name)?.as_deref() == Some(value) {
            return Ok(());
        }
        self.write(|transaction| set_meta(transaction, name, value))
    }

    pub(crate) fn list<T>(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
        convert: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let list = move || -> rusqlite::Result<Vec<T>> {
            self.connection
                .prepare_cached(sql)?
                .query_map(parameters, convert)?
                .collect()
        };
        with_file_name(list().map_err(StoreError::from), NAME)
    }

    pub(crate) fn write(
        &mut self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let write = move || -> rusqlite::Result<()> {
            // A deferred transaction may fail when it turns out to write.
            let behavior = TransactionBehavior::Immediate;
            let transaction = self.connection.transaction_with_behavior(behavior)?;
            change(&transaction)?;
            transaction.commit()
        };
        with_file_name(write().map_err(StoreError::from), NAME)
    }
}

/// A number that is only compared, as the signed integer that SQLite has.
fn bits(number: u64) -> i64 {
    number.cast_signed()
}

fn number(bits: i64) -> u64 {
    bits.cast_unsigned()
}

fn set_version(transaction: &Transaction<'_>, version: Option<u64>) -> rusqlite::Result<()> {
    version.map_or(Ok(()), |version| {
        set_meta(transaction, CHUNKS_VERSION, &version.to_string())
    })
}

fn renew_generation(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    // Random, not counted: a rebuilt catalog must differ from the one before.
    let sql = "INSERT OR REPLACE INTO meta VALUES (?1, lower(hex(randomblob(8))))";
    transaction.execute(sql, [EDITION]).map(|_| ())
}

pub(crate) fn set_meta(
    transaction: &Transaction<'_>,
    name: &str,
    value: &str,
) -> rusqlite::Result<()> {
    transaction
        .execute(save::SET_META, [name, value])
        .map(|_| ())
}

fn record_of(row: &Row<'_>) -> rusqlite::Result<FileRecord> {
    Ok(FileRecord {
        path: row.get(0)?,
        size: unsigned(row.get(1)?),
        modified_ns: row.get(2)?,
        hash: row.get(3)?,
        language: row.get(4)?,
        chunks: row.get(5)?,
        status: row.get(6)?,
        changed_ns: row.get(7)?,
        inode: number(row.get(8)?),
        rules: row.get(9)?,
        unsure_since_ns: row.get(10)?,
    })
}

fn record_file(transaction: &Transaction<'_>, recorded: &RecordedFile) -> rusqlite::Result<()> {
    let file = &recorded.file;
    transaction
        .prepare_cached(save::REMOVE_FILE)?
        .execute([&file.path])?;
    transaction
        .prepare_cached(save::ADD_FILE)?
        .execute(params![
            file.path,
            signed(file.size),
            file.modified_ns,
            file.hash,
            file.language,
            file.chunks,
            file.status,
            file.changed_ns,
            bits(file.inode),
            file.rules,
            file.unsure_since_ns
        ])?;
    let id = transaction.last_insert_rowid();
    let mut copies: HashMap<ContentKey, u32> = HashMap::new();
    for key in &recorded.keys {
        *copies.entry(*key).or_default() += 1;
    }
    let mut insert = transaction.prepare_cached(save::ADD_KEY)?;
    for (key, copies) in copies {
        insert.execute(params![id, key, copies])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
