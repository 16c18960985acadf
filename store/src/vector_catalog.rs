//! The catalog of vectors: which keys have vectors, which failed, which still need them.
//!
//! Every function blocks, like all of [`Catalog`].

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use rusqlite::{OptionalExtension, Row, params};

use crate::catalog::Catalog;
use crate::chunk::ContentKey;
use crate::error::Result;
use crate::record::{EmbedFailure, MissingFile, MissingKey, MissingTexts};
use crate::schema::save;
use crate::sqlite::signed;
use crate::tally::forget_settled;

impl Catalog {
    /// The keys of chunks without vector and without failure, with the files that have them.
    pub fn missing_texts(&self, fingerprint: &str) -> Result<MissingTexts> {
        let rows: Vec<(ContentKey, i64)> = if self.is_settled(fingerprint)? {
            self.list(save::MISSING_TEXTS, [], key_and_file)?
        } else {
            self.list(
                "SELECT keys.content_key, keys.file FROM chunk_keys AS keys
                 WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE fingerprint = ?1
                                   AND vectors.content_key = keys.content_key)
                   AND NOT EXISTS (SELECT 1 FROM failures WHERE fingerprint = ?1
                                   AND failures.content_key = keys.content_key)",
                [fingerprint],
                key_and_file,
            )?
        };
        let mut found: HashMap<i64, Option<u32>> = HashMap::new();
        let mut missing = MissingTexts::default();
        let mut file = self.connection.prepare_cached(save::MISSING_FILE)?;
        for (key, id) in rows {
            let at = match found.entry(id) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(unknown) => {
                    let read = file.query_row([id], |row| {
                        Ok(MissingFile {
                            path: row.get(0)?,
                            language: row.get(1)?,
                            modified_ns: row.get(2)?,
                        })
                    });
                    // Each statement sees its own state of the catalog.
                    let at = read.optional()?.map(|file| {
                        missing.files.push(file);
                        u32::try_from(missing.files.len() - 1).unwrap_or(u32::MAX)
                    });
                    *unknown.insert(at)
                }
            };
            missing.keys.extend(at.map(|at| (key, at)));
        }
        Ok(missing)
    }

    /// The number of different keys that [`Self::missing_texts`] would list.
    pub fn missing_count(&self, fingerprint: &str) -> Result<u64> {
        if self.is_settled(fingerprint)? {
            return self.number(save::MISSING_COUNT, []);
        }
        let sql = "SELECT COUNT(DISTINCT content_key) FROM chunk_keys
            WHERE content_key NOT IN (SELECT content_key FROM vectors WHERE fingerprint = ?1)
              AND content_key NOT IN (SELECT content_key FROM failures WHERE fingerprint = ?1)";
        self.number(sql, [fingerprint])
    }

    /// Keys of chunks that could not be embedded, in order.
    pub fn failed_keys(&self, fingerprint: &str) -> Result<Vec<MissingKey>> {
        self.list(
            "SELECT failures.content_key, MIN(files.path)
             FROM failures
             JOIN chunk_keys AS keys ON keys.content_key = failures.content_key
             JOIN files ON files.id = keys.file
             WHERE failures.fingerprint = ?1
             GROUP BY failures.content_key ORDER BY failures.content_key",
            [fingerprint],
            missing_of,
        )
    }

    /// Those of the given keys that are not recorded as having vectors.
    pub fn without_vectors(
        &self,
        fingerprint: &str,
        keys: &[ContentKey],
    ) -> Result<HashSet<ContentKey>> {
        let mut statement = self.connection.prepare_cached(save::HAS_VECTOR)?;
        let mut without = HashSet::new();
        for key in keys {
            if !statement.exists(params![fingerprint, key])? {
                without.insert(*key);
            }
        }
        Ok(without)
    }

    /// The fingerprints of the models of which some key has vectors.
    pub fn fingerprints(&self) -> Result<Vec<String>> {
        // A loose index scan: one step for each fingerprint, whatever the number of keys.
        self.list(
            "WITH RECURSIVE found (name) AS (
                 SELECT MIN(fingerprint) FROM vectors
                 UNION ALL
                 SELECT (SELECT MIN(fingerprint) FROM vectors WHERE fingerprint > name)
                 FROM found WHERE name IS NOT NULL)
             SELECT name FROM found WHERE name IS NOT NULL",
            [],
            |row| row.get(0),
        )
    }

    /// Whether any key has a vector of any model.
    pub fn has_vectors(&self) -> Result<bool> {
        Ok(self
            .connection
            .prepare_cached("SELECT 1 FROM vectors LIMIT 1")?
            .exists([])?)
    }

    /// Records that keys have vectors, after the vectors were committed.
    pub fn record_vectors(&mut self, fingerprint: &str, keys: &[ContentKey]) -> Result<()> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(save::ADD_VECTOR)?;
            let mut clear = transaction.prepare_cached(save::REMOVE_FAILURE)?;
            for key in keys {
                insert.execute(params![fingerprint, key])?;
                clear.execute(params![fingerprint, key])?;
            }
            Ok(())
        })
    }

    /// Removes the records that keys have vectors.
    pub fn remove_vectors(&mut self, fingerprint: &str, keys: &[ContentKey]) -> Result<()> {
        self.write(|transaction| {
            let mut delete = transaction.prepare_cached(save::REMOVE_VECTOR)?;
            for key in keys {
                delete.execute(params![fingerprint, key])?;
            }
            Ok(())
        })
    }

    /// Removes all records of a fingerprint: its vectors and its failures.
    pub fn remove_fingerprint(&mut self, fingerprint: &str) -> Result<()> {
        let is_settled = self.is_settled(fingerprint)?;
        self.write(|transaction| {
            // Else each of its texts would be listed as missing.
            if is_settled {
                forget_settled(transaction)?;
            }
            transaction.execute("DELETE FROM vectors WHERE fingerprint = ?1", [fingerprint])?;
            transaction.execute("DELETE FROM failures WHERE fingerprint = ?1", [fingerprint])?;
            Ok(())
        })
    }

    /// The keys that are recorded as having vectors.
    pub fn vector_keys(&self, fingerprint: &str) -> Result<Vec<ContentKey>> {
        let sql = "SELECT content_key FROM vectors WHERE fingerprint = ?1 ORDER BY content_key";
        self.list(sql, [fingerprint], |row| row.get(0))
    }

    /// Keys with vectors that belong to no chunk any more.
    pub fn orphan_vector_keys(&self, fingerprint: &str, limit: usize) -> Result<Vec<ContentKey>> {
        if self.is_settled(fingerprint)? {
            return self.list(save::ORPHANS, [signed(limit)], |row| row.get(0));
        }
        self.list(
            "SELECT content_key FROM vectors WHERE fingerprint = ?1
             AND NOT EXISTS (SELECT 1 FROM chunk_keys AS keys
                             WHERE keys.content_key = vectors.content_key)
             ORDER BY content_key LIMIT ?2",
            params![fingerprint, signed(limit)],
            |row| row.get(0),
        )
    }

    /// Records texts that could not be embedded.
    pub fn record_failures(&mut self, fingerprint: &str, failures: &[EmbedFailure]) -> Result<()> {
        self.write(|transaction| {
            let mut insert = transaction.prepare_cached(save::ADD_FAILURE)?;
            for failure in failures {
                insert.execute(params![
                    fingerprint,
                    failure.key,
                    failure.path,
                    failure.start_line,
                    failure.reason
                ])?;
            }
            Ok(())
        })
    }

    /// The failed texts that are still in the index, by path and line.
    pub fn failures(&self) -> Result<Vec<EmbedFailure>> {
        self.list(
            "SELECT content_key, path, start_line, reason FROM failures
             WHERE content_key IN (SELECT content_key FROM chunk_keys) ORDER BY path, start_line",
            [],
            |row| {
                Ok(EmbedFailure {
                    key: row.get(0)?,
                    path: row.get(1)?,
                    start_line: row.get(2)?,
                    reason: row.get(3)?,
                })
            },
        )
    }

    /// Removes failures, so that their texts are embedded again.
    pub fn clear_failures(&mut self) -> Result<()> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM failures", [])?;
            Ok(())
        })
    }
}

fn key_and_file(row: &Row<'_>) -> rusqlite::Result<(ContentKey, i64)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn missing_of(row: &Row<'_>) -> rusqlite::Result<MissingKey> {
    Ok(MissingKey {
        key: row.get(0)?,
        path: row.get(1)?,
    })
}
