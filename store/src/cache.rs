//! The cache of embeddings, shared by all workspaces.
//!
//! Every function blocks; an asynchronous caller wraps it in `spawn_blocking`.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::files::create_private_folder;
use crate::set_aside::{cache_extension, prune_damaged_caches};
use crate::sqlite::{self, signed, unsigned};

const CACHE_FILE: &str = "embeddings.db";

/// Wide pages hold several vectors each, and freed ones go back to the disk.
const LAYOUT: &str = "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL;";

/// Vectors have a table of their own, so that recording a use rewrites a small row, not a vector.
const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS entries (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        used_at INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, vector BLOB NOT NULL);
";

/// A use is recorded at most once in this many seconds.
const USE_RESOLUTION: u64 = 3_600;
/// Entries that are evicted at a time.
const EVICTION_BATCH: u32 = 1_000;
/// Eviction continues until at most this share of the cap is in use, in percent.
const EVICTION_GOAL: u64 = 90;

/// Identifies an embedded text: the model, the dimension, the prefix, the exact text.
///
/// It begins like the content key: texts that are embedded in the order of their content keys are
/// then stored on neighbouring pages of the index of keys. Without that, each of a thousand keys is
/// written with a page of its own, twice: four times as much as the vectors themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 16]);

impl CacheKey {
    /// Hashes what a vector depends on. `content` is the key of the text that `text` is made of.
    pub fn of(
        content: ContentKey,
        model_digest: &str,
        dimension: usize,
        prefix: &str,
        text: &str,
    ) -> CacheKey {
        let mut hasher = blake3::Hasher::new();
        for part in [model_digest, &dimension.to_string(), prefix, text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut key = content.0;
        key[8..].copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        CacheKey(key)
    }

    /// The bytes of the key.
    pub fn bytes(self) -> [u8; 16] {
        self.0
    }
}

/// The cache of vectors in a data folder. Its size is bounded, and processes may share it.
#[derive(Debug)]
pub struct EmbeddingCache {
    connection: Connection,
    path: PathBuf,
    most_bytes: u64,
    set_aside: Option<PathBuf>,
}

impl EmbeddingCache {
    /// Opens the cache, and creates it if there is none; a damaged one is moved away.
    pub fn open(data_folder: &Path, most_bytes: u64) -> Result<EmbeddingCache> {
        create_private_folder(data_folder)?;
        if let Err(error) = prune_damaged_caches(data_folder, SystemTime::now()) {
            tracing::warn!(%error, "damaged caches of embeddings were not removed");
        }
        let path = data_folder.join(CACHE_FILE);
        match open(&path) {
            Ok(connection) => Ok(EmbeddingCache {
                connection,
                path,
                most_bytes,
                set_aside: None,
            }),
            Err(StoreError::Corrupt { .. }) => {
                let set_aside = Some(quarantine_file(&path)?);
                Ok(EmbeddingCache {
                    connection: open(&path)?,
                    path,
                    most_bytes,
                    set_aside,
                })
            }
            Err(error) => Err(error),
        }
    }

    /// The path to which a damaged cache was moved, if this one replaces it; to be reported once.
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// The vectors of those of some keys that are in the cache.
    pub fn get_many(&mut self, keys: &[CacheKey]) -> Result<HashMap<CacheKey, Vec<f32>>> {
        let now = seconds_now();
        match get_many(&mut self.connection, keys, now).map_err(StoreError::from) {
            Err(StoreError::Corrupt { .. }) => {
                self.start_anew()?;
                Ok(HashMap::new())
            }
            other => other,
        }
    }

    /// Stores vectors, and evicts the least recently used ones if the cache exceeds its cap.
    pub fn put_many(&mut self, vectors: &[(CacheKey, Vec<f32>)]) -> Result<()> {
        let now = seconds_now();
        match put_many(&mut self.connection, vectors, now).map_err(StoreError::from) {
            Err(StoreError::Corrupt { .. }) => {
                self.start_anew()?;
                put_many(&mut self.connection, vectors, now)?;
            }
            other => other?,
        }
        self.evict()
    }

    /// Removes the vectors of some keys, which turned out to be wrong.
    pub fn remove_many(&mut self, keys: &[CacheKey]) -> Result<()> {
        Ok(remove_many(&mut self.connection, keys)?)
    }

    /// The size of the cache, in bytes.
    pub fn bytes(&self) -> Result<u64> {
        let sql = "SELECT (pages.page_count - free.freelist_count) * size.page_size
                   FROM pragma_page_count AS pages, pragma_freelist_count AS free,
                        pragma_page_size AS size";
        Ok(unsigned(
            self.connection.query_row(sql, [], |row| row.get(0))?,
        ))
    }

    fn evict(&mut self) -> Result<()> {
        if self.bytes()? <= self.most_bytes {
            return Ok(());
        }
        let goal = self.most_bytes / 100 * EVICTION_GOAL;
        while self.bytes()? > goal {
            if evict_oldest(&mut self.connection)? == 0 {
                break;
            }
        }
        // Each step of the pragma frees one page, so all of its rows have to be read.
        let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum")?;
        let mut freed = vacuum.query([])?;
        while freed.next()?.is_some() {}
        Ok(())
    }

    fn start_anew(&mut self) -> Result<()> {
        // Closing the old connection later would remove the log of the new file.
        self.connection = Connection::open_in_memory()?;
        self.set_aside = Some(quarantine_file(&self.path)?);
        self.connection = open(&self.path)?;
        Ok(())
    }
}

fn open(path: &Path) -> Result<Connection> {
    sqlite::open(path, LAYOUT, TABLES)
}

/// Moves a damaged cache away.
fn quarantine_file(path: &Path) -> Result<PathBuf> {
    let aside = path.with_extension(cache_extension());
    fs::rename(path, &aside).map_err(|error| StoreError::io("move", path, error))?;
    for suffix in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", Path::new(&name), error));
            }
            _ => {}
        }
    }
    tracing::warn!(path = %aside.display(), "a damaged cache of embeddings was moved away");
    Ok(aside)
}

fn get_many(
    connection: &mut Connection,
    keys: &[CacheKey],
    now: u64,
) -> rusqlite::Result<HashMap<CacheKey, Vec<f32>>> {
    let mut found = HashMap::new();
    let mut used = Vec::new();
    {
        let mut select = connection.prepare_cached(
            "SELECT entries.id, entries.used_at, vectors.vector
             FROM entries JOIN vectors ON vectors.id = entries.id WHERE entries.key = ?1",
        )?;
        for key in keys {
            let row = select.query_row([key.0], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, Vec<u8>>(2)?,
                ))
            });
            if let Some((id, used_at, bytes)) = row.optional()? {
                found.insert(*key, floats(&bytes));
                if unsigned(used_at) + USE_RESOLUTION <= now {
                    used.push(id);
                }
            }
        }
    }
    if !used.is_empty() {
        // A vector that was found is returned even if its use cannot be recorded.
        if let Err(error) = note_use(connection, &used, now) {
            tracing::debug!(%error, "uses of cached vectors were not noted");
        }
    }
    Ok(found)
}

fn note_use(connection: &mut Connection, ids: &[i64], now: u64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut update =
            transaction.prepare_cached("UPDATE entries SET used_at = ?2 WHERE id = ?1")?;
        for id in ids {
            update.execute(params![id, signed(now)])?;
        }
    }
    transaction.commit()
}

fn put_many(
    connection: &mut Connection,
    vectors: &[(CacheKey, Vec<f32>)],
    now: u64,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut entry = transaction.prepare_cached(
            "INSERT INTO entries (key, used_at) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET used_at = excluded.used_at RETURNING id",
        )?;
        let mut insert =
            transaction.prepare_cached("INSERT OR REPLACE INTO vectors VALUES (?1, ?2)")?;
        for (key, vector) in vectors {
            let id: i64 = entry.query_row(params![key.0, signed(now)], |row| row.get(0))?;
            let bytes: Vec<u8> = vector
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            insert.execute(params![id, bytes])?;
        }
    }
    transaction.commit()
}

fn remove_many(connection: &mut Connection, keys: &[CacheKey]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut vector = transaction.prepare_cached(
            "DELETE FROM vectors WHERE id = (SELECT id FROM entries WHERE key = ?1)",
        )?;
        let mut entry = transaction.prepare_cached("DELETE FROM entries WHERE key = ?1")?;
        for key in keys {
            vector.execute([key.0])?;
            entry.execute([key.0])?;
        }
    }
    transaction.commit()
}

fn evict_oldest(connection: &mut Connection) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let oldest = "SELECT id FROM entries ORDER BY used_at, id LIMIT ?1";
    let delete_vectors = format!("DELETE FROM vectors WHERE id IN ({oldest})");
    transaction.execute(&delete_vectors, [EVICTION_BATCH])?;
    let delete_entries = format!("DELETE FROM entries WHERE id IN ({oldest})");
    let evicted = transaction.execute(&delete_entries, [EVICTION_BATCH])?;
    transaction.commit()?;
    Ok(evicted)
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect()
}

fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors(from: usize, to: usize) -> Vec<(CacheKey, Vec<f32>)> {
        let key = |number: usize| {
            let text = number.to_string();
            CacheKey::of(ContentKey::of(&text), "digest", 1_024, "", &text)
        };
        (from..to)
            .map(|number| (key(number), vec![0.5; 1_024]))
            .collect()
    }

    #[test]
    fn the_cap_holds() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let cap = 16 << 20;
        let mut cache = EmbeddingCache::open(folder.path(), cap).expect("cache");
        for batch in 0..10 {
            cache
                .put_many(&vectors(batch * 1_000, (batch + 1) * 1_000))
                .expect("put");
        }
        assert!(cache.bytes().expect("bytes") <= cap);
        let newest = vectors(9_999, 10_000);
        let found = cache.get_many(&[newest[0].0]).expect("get");
        assert_eq!(found.get(&newest[0].0), Some(&newest[0].1));
    }

    #[test]
    fn what_is_removed_is_not_found() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut cache = EmbeddingCache::open(folder.path(), 1 << 30).expect("cache");
        let all = vectors(0, 3);
        cache.put_many(&all).expect("put");
        cache.remove_many(&[all[1].0]).expect("remove");
        let keys: Vec<CacheKey> = all.iter().map(|(key, _)| *key).collect();
        let found = cache.get_many(&keys).expect("get");
        assert_eq!(found.len(), 2);
        assert!(!found.contains_key(&all[1].0));
        cache.put_many(&all).expect("put");
        assert_eq!(cache.get_many(&keys).expect("get").len(), 3);
    }

    #[test]
    fn keys_are_in_the_order_of_their_texts_and_differ_by_model_and_part() {
        let of = |text: &str, digest: &str, part: &str| {
            CacheKey::of(ContentKey::of(text), digest, 384, "", part)
        };
        let mut texts: Vec<String> = (0..500).map(|number| number.to_string()).collect();
        texts.sort_by_key(|text| ContentKey::of(text));
        let keys: Vec<CacheKey> = texts.iter().map(|text| of(text, "a", text)).collect();
        assert!(keys.is_sorted());
        assert_ne!(of("x", "a", "x"), of("x", "b", "x"));
        assert_ne!(of("x", "a", "x"), of("x", "a", "y"));
    }

    #[test]
    fn storing_vectors_in_order_writes_little_more_than_them() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut all = vectors(0, 8_000);
        all.sort_by_key(|(key, _)| *key);
        let mut cache = EmbeddingCache::open(folder.path(), 1 << 30).expect("cache");
        cache.put_many(&all[..1]).expect("put");
        let log = folder.path().join(format!("{CACHE_FILE}-wal"));
        // Without checkpoints the log holds all that was written.
        let pragma = "PRAGMA wal_autocheckpoint = 0";
        let off = cache.connection.query_row(pragma, [], |row| row.get(0));
        assert_eq!(off, Ok(0));
        let before = fs::metadata(&log).expect("log").len();
        for batch in all.chunks(64) {
            cache.put_many(batch).expect("put");
        }
        let written = fs::metadata(&log).expect("log").len() - before;
        let vectors = (all.len() * 4 * 1_024) as u64;
        // Three of these vectors fill a page, and each batch rewrites a few pages.
        assert!(written < 2 * vectors, "{written} bytes for {vectors}");
    }

    #[test]
    fn a_damaged_cache_is_made_anew() {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs::write(folder.path().join(CACHE_FILE), vec![7; 8_192]).expect("damage");
        let mut cache = EmbeddingCache::open(folder.path(), 1 << 20).expect("cache");
        assert!(cache.set_aside().is_some_and(Path::exists));
        cache.put_many(&vectors(0, 3)).expect("put");
        let keys: Vec<CacheKey> = vectors(0, 4).into_iter().map(|(key, _)| key).collect();
        assert_eq!(cache.get_many(&keys).expect("get").len(), 3);
    }
}
