//! Sums and lists of the catalog that triggers keep, and the statements of a save.
//!
//! What would have to be made of every row is kept, so that a save costs what it changes. Triggers
//! belong to the file: an older version of the program that writes to it keeps them true, too.

/// The name under which the catalog stores the fingerprint for which `missing` and `orphans` hold.
pub(crate) const SETTLED: &str = "settled";
/// The name under which it stores that `languages` holds the files from before it existed.
pub(crate) const COUNTED: &str = "counted";

/// What is created beside the tables of [`crate::Catalog`], if it does not exist.
///
/// While `settled` is set, `missing` has exactly the keys of chunks without vector and without
/// failure of that fingerprint, and `orphans` exactly the keys with a vector of it and without
/// chunk.
pub(crate) const LISTS: &str = "
    CREATE TABLE IF NOT EXISTS languages (
        language TEXT PRIMARY KEY,
        files INTEGER NOT NULL,
        chunks INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS missing (content_key BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS orphans (content_key BLOB PRIMARY KEY) WITHOUT ROWID;

    CREATE TRIGGER IF NOT EXISTS file_added AFTER INSERT ON files WHEN NEW.chunks > 0 BEGIN
        INSERT INTO languages VALUES (NEW.language, 1, NEW.chunks)
        ON CONFLICT (language)
        DO UPDATE SET files = files + 1, chunks = chunks + excluded.chunks;
    END;
    CREATE TRIGGER IF NOT EXISTS file_removed AFTER DELETE ON files WHEN OLD.chunks > 0 BEGIN
        UPDATE languages SET files = files - 1, chunks = chunks - OLD.chunks
        WHERE language = OLD.language;
    END;

    CREATE TRIGGER IF NOT EXISTS key_added AFTER INSERT ON chunk_keys
    WHEN EXISTS (SELECT 1 FROM meta WHERE name = 'settled') BEGIN
        INSERT OR IGNORE INTO missing SELECT NEW.content_key
        WHERE NOT EXISTS (SELECT 1 FROM vectors
                          WHERE fingerprint = (SELECT value FROM meta WHERE name = 'settled')
                          AND content_key = NEW.content_key)
          AND NOT EXISTS (SELECT 1 FROM failures
                          WHERE fingerprint = (SELECT value FROM meta WHERE name = 'settled')
                          AND content_key = NEW.content_key);
        DELETE FROM orphans WHERE content_key = NEW.content_key;
    END;
    CREATE TRIGGER IF NOT EXISTS key_removed AFTER DELETE ON chunk_keys
    WHEN EXISTS (SELECT 1 FROM meta WHERE name = 'settled')
     AND NOT EXISTS (SELECT 1 FROM chunk_keys WHERE content_key = OLD.content_key) BEGIN
        INSERT OR IGNORE INTO orphans SELECT OLD.content_key
        WHERE EXISTS (SELECT 1 FROM vectors
                      WHERE fingerprint = (SELECT value FROM meta WHERE name = 'settled')
                      AND content_key = OLD.content_key);
        DELETE FROM missing WHERE content_key = OLD.content_key;
    END;
    CREATE TRIGGER IF NOT EXISTS vector_added AFTER INSERT ON vectors
    WHEN NEW.fingerprint = (SELECT value FROM meta WHERE name = 'settled') BEGIN
        INSERT OR IGNORE INTO orphans SELECT NEW.content_key
        WHERE NOT EXISTS (SELECT 1 FROM chunk_keys WHERE content_key = NEW.content_key);
        DELETE FROM missing WHERE content_key = NEW.content_key;
    END;
    CREATE TRIGGER IF NOT EXISTS vector_removed AFTER DELETE ON vectors
    WHEN OLD.fingerprint = (SELECT value FROM meta WHERE name = 'settled') BEGIN
        INSERT OR IGNORE INTO missing SELECT OLD.content_key
        WHERE EXISTS (SELECT 1 FROM chunk_keys WHERE content_key = OLD.content_key)
          AND NOT EXISTS (SELECT 1 FROM failures
                          WHERE fingerprint = OLD.fingerprint AND content_key = OLD.content_key);
        DELETE FROM orphans WHERE content_key = OLD.content_key;
    END;
    CREATE TRIGGER IF NOT EXISTS failure_added AFTER INSERT ON failures
    WHEN NEW.fingerprint = (SELECT value FROM meta WHERE name = 'settled') BEGIN
        DELETE FROM missing WHERE content_key = NEW.content_key;
    END;
    CREATE TRIGGER IF NOT EXISTS failure_removed AFTER DELETE ON failures
    WHEN OLD.fingerprint = (SELECT value FROM meta WHERE name = 'settled') BEGIN
        INSERT OR IGNORE INTO missing SELECT OLD.content_key
        WHERE EXISTS (SELECT 1 FROM chunk_keys WHERE content_key = OLD.content_key)
          AND NOT EXISTS (SELECT 1 FROM vectors
                          WHERE fingerprint = OLD.fingerprint AND content_key = OLD.content_key);
    END;
";

/// Counts the files of a catalog from before `languages` existed.
pub(crate) const COUNT_LANGUAGES: &str = "
    DELETE FROM languages;
    INSERT INTO languages SELECT language, COUNT(*), SUM(chunks) FROM files
    WHERE chunks > 0 GROUP BY language;
";

/// Fills `missing`, whatever the number of keys.
pub(crate) const FIND_MISSING: &str = "
    INSERT INTO missing SELECT DISTINCT content_key FROM chunk_keys AS keys
    WHERE NOT EXISTS (SELECT 1 FROM vectors
                      WHERE fingerprint = ?1 AND vectors.content_key = keys.content_key)
      AND NOT EXISTS (SELECT 1 FROM failures
                      WHERE fingerprint = ?1 AND failures.content_key = keys.content_key)";

/// Fills `orphans`, whatever the number of vectors.
pub(crate) const FIND_ORPHANS: &str = "
    INSERT INTO orphans SELECT content_key FROM vectors
    WHERE fingerprint = ?1
      AND NOT EXISTS (SELECT 1 FROM chunk_keys AS keys
                      WHERE keys.content_key = vectors.content_key)";

/// The statements of a save, of a file that was removed, and of the vectors that follow. Each looks
/// up what it needs: none may read a table from its beginning to its end.
pub(crate) mod save {
    pub(crate) const META: &str = "SELECT value FROM meta WHERE name = ?1";
    pub(crate) const SET_META: &str = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)";
    pub(crate) const LAST_FILE: &str = "SELECT MAX(id) FROM files";
    pub(crate) const FILE_AT: &str =
        "SELECT path, size, modified_ns, hash, language, chunks, status, changed_ns, inode, rules,
                unsure_since_ns
         FROM files WHERE path = ?1";
    /// `/` and `0` follow each other, so that these are the bounds of what is in a folder.
    pub(crate) const FILES_IN: &str =
        "SELECT path, size, modified_ns, hash, language, chunks, status, changed_ns, inode, rules,
                unsure_since_ns
         FROM files WHERE path > ?1 || '/' AND path < ?1 || '0' ORDER BY path";
    pub(crate) const REMOVE_FILE: &str = "DELETE FROM files WHERE path = ?1";
    pub(crate) const ADD_FILE: &str = "INSERT INTO files
         (path, size, modified_ns, hash, language, chunks, status, changed_ns, inode, rules,
          unsure_since_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    pub(crate) const ADD_KEY: &str = "INSERT INTO chunk_keys VALUES (?1, ?2, ?3)";
    pub(crate) const TOUCH_FILE: &str =
        "UPDATE files SET size = ?2, modified_ns = ?3, changed_ns = ?5, inode = ?6,
             unsure_since_ns = ?7
         WHERE path = ?1 AND hash = ?4";
    pub(crate) const FAILED_COPIES: &str = "SELECT IFNULL(SUM(keys.copies), 0)
         FROM failures CROSS JOIN chunk_keys AS keys ON keys.content_key = failures.content_key
         WHERE failures.fingerprint = ?1";
    /// Chunks that failed, and have no older vector.
    pub(crate) const ONLY_FAILED_COPIES: &str = "SELECT IFNULL(SUM(keys.copies), 0)
         FROM failures CROSS JOIN chunk_keys AS keys ON keys.content_key = failures.content_key
         WHERE failures.fingerprint = ?1
           AND NOT EXISTS (SELECT 1 FROM vectors WHERE vectors.fingerprint = ?1
                           AND vectors.content_key = failures.content_key)";
    pub(crate) const MISSING_TEXTS: &str = "SELECT missing.content_key, keys.file
         FROM missing CROSS JOIN chunk_keys AS keys ON keys.content_key = missing.content_key";
    pub(crate) const MISSING_FILE: &str =
        "SELECT path, language, modified_ns FROM files WHERE id = ?1";
    pub(crate) const HAS_VECTOR: &str =
        "SELECT 1 FROM vectors WHERE fingerprint = ?1 AND content_key = ?2";
    pub(crate) const ADD_VECTOR: &str = "INSERT OR IGNORE INTO vectors VALUES (?1, ?2)";
    pub(crate) const REMOVE_VECTOR: &str =
        "DELETE FROM vectors WHERE fingerprint = ?1 AND content_key = ?2";
    pub(crate) const REMOVE_FAILURE: &str =
        "DELETE FROM failures WHERE fingerprint = ?1 AND content_key = ?2";
    pub(crate) const ADD_FAILURE: &str =
        "INSERT OR REPLACE INTO failures VALUES (?1, ?2, ?3, ?4, ?5)";

    /// These read whole tables that hold no more than there are languages, texts without vectors,
    /// and vectors without texts.
    pub(crate) const COUNTS: &str =
        "SELECT IFNULL(SUM(files), 0), IFNULL(SUM(chunks), 0) FROM languages";
    pub(crate) const LANGUAGES: &str = "SELECT language, files, chunks FROM languages
         WHERE files > 0 ORDER BY chunks DESC, language";
    pub(crate) const MISSING_COUNT: &str = "SELECT COUNT(*) FROM missing";
    pub(crate) const MISSING_COPIES: &str = "SELECT IFNULL(SUM(keys.copies), 0)
         FROM missing CROSS JOIN chunk_keys AS keys ON keys.content_key = missing.content_key";
    pub(crate) const ORPHANS: &str =
        "SELECT content_key FROM orphans ORDER BY content_key LIMIT ?1";

    #[cfg(test)]
    pub(crate) const ALL: [&str; 23] = [
        META,
        SET_META,
        LAST_FILE,
        FILE_AT,
        FILES_IN,
        REMOVE_FILE,
        ADD_FILE,
        ADD_KEY,
        TOUCH_FILE,
        FAILED_COPIES,
        ONLY_FAILED_COPIES,
        MISSING_TEXTS,
        MISSING_FILE,
        HAS_VECTOR,
        ADD_VECTOR,
        REMOVE_VECTOR,
        REMOVE_FAILURE,
        ADD_FAILURE,
        COUNTS,
        LANGUAGES,
        MISSING_COUNT,
        MISSING_COPIES,
        ORPHANS,
    ];
}
