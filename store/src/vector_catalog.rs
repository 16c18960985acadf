//! The catalog of vectors: which keys have vectors, which failed, which still need them.
//!
//! Every function blocks, like all of [`Catalog`].

use std::collections::HashSet;

use rusqlite::{Row, params};

use crate::catalog::Catalog;
use crate::chunk::ContentKey;
use crate::error::Result;
use crate::record::{EmbedFailure, MissingKey};
use crate::schema::save;
use crate::sqlite::signed;
use crate::tally::forget_settled;

impl Catalog {
    /// Keys of chunks without vector and without failure that are greater than `after`, in order.
    pub fn missing_keys(
        &self,
        fingerprint: &str,
        limit: usize,
        after: Option<ContentKey>,
    ) -> Result<Vec<MissingKey>> {
        // No key is below the empty blob.
        let after = after.map(|key| key.0.to_vec()).unwrap_or_default();
        if self.is_settled(fingerprint)? {
            let parameters = params![after, signed(limit)];
            return self.list(save::MISSING_KEYS, parameters, missing_of);
        }
        self.list(
            "SELECT keys.content_key, MIN(files.path)
             FROM chunk_keys AS keys JOIN files ON files.id = keys.file
             WHERE keys.content_key > ?2
               AND NOT EXISTS (SELECT 1 FROM vectors WHERE fingerprint = ?1
                               AND vectors.content_key = keys.content_key)
               AND NOT EXISTS (SELECT 1 FROM failures WHERE fingerprint = ?1
                               AND failures.content_key = keys.content_key)
             GROUP BY keys.content_key ORDER BY keys.content_key LIMIT ?3",
            params![fingerprint, after, signed(limit)],
            missing_of,
        )
    }

    /// The number of keys that [`Self::missing_keys`] would list in all.
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

fn missing_of(row: &Row<'_>) -> rusqlite::Result<MissingKey> {
    Ok(MissingKey {
        key: row.get(0)?,
        path: row.get(1)?,
    })
}
