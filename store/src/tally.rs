//! What the catalog knows in sum: files, chunks and languages, and for which model all vectors exist.
//!
//! Every function blocks, like all of [`Catalog`].

use rusqlite::{Transaction, params};

use crate::catalog::{CHUNKS_VERSION, Catalog, set_meta};
use crate::error::Result;
use crate::record::{Counts, LanguageCount};
use crate::schema::{COUNT_LANGUAGES, COUNTED, FIND_MISSING, FIND_ORPHANS, LISTS, SETTLED, save};
use crate::sqlite::unsigned;

impl Catalog {
    /// Counts files, chunks, and chunks with vectors or failures of a fingerprint.
    ///
    /// For the fingerprint that is settled, and for the empty one, no more is read than there are
    /// languages, and texts without vector; see [`Self::settle`].
    pub fn counts(&self, fingerprint: &str) -> Result<Counts> {
        // So that all numbers are of the same moment.
        let _snapshot = self.connection.unchecked_transaction()?;
        let (files, chunks) = self.files_and_chunks()?;
        let mut counts = Counts {
            files,
            chunks,
            ..Counts::default()
        };
        if fingerprint.is_empty() {
            return Ok(counts);
        }
        counts.failed = self.number(save::FAILED_COPIES, [fingerprint])?;
        counts.embedded = if self.is_settled(fingerprint)? {
            let without = self.number(save::MISSING_COPIES, [])?
                + self.number(save::ONLY_FAILED_COPIES, [fingerprint])?;
            chunks.saturating_sub(without)
        } else {
            self.number(
                "SELECT IFNULL(SUM(copies), 0) FROM chunk_keys WHERE content_key IN
                     (SELECT content_key FROM vectors WHERE fingerprint = ?1)",
                [fingerprint],
            )?
        };
        Ok(counts)
    }

    fn files_and_chunks(&self) -> Result<(u64, u64)> {
        let sql = if self.is_counted()? {
            save::COUNTS
        } else {
            "SELECT COUNT(*), IFNULL(SUM(chunks), 0) FROM files WHERE chunks > 0"
        };
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([], |row| Ok((unsigned(row.get(0)?), unsigned(row.get(1)?))))?)
    }

    /// Counts files and chunks by language, the most chunks first.
    pub fn languages(&self) -> Result<Vec<LanguageCount>> {
        let sql = if self.is_counted()? {
            save::LANGUAGES
        } else {
            "SELECT language, COUNT(*), SUM(chunks) FROM files WHERE chunks > 0
             GROUP BY language ORDER BY SUM(chunks) DESC, language"
        };
        self.list(sql, [], |row| {
            Ok(LanguageCount {
                language: row.get(0)?,
                files: unsigned(row.get(1)?),
                chunks: unsigned(row.get(2)?),
            })
        })
    }

    /// Whether languages are counted as files come and go; not if an older version of the program
    /// wrote the catalog, until it is opened for writing.
    pub(crate) fn is_counted(&self) -> Result<bool> {
        Ok(self.meta(COUNTED)?.is_some())
    }

    /// Creates what triggers keep, and counts the files of an older version of the program, once.
    pub(crate) fn begin_to_count(&mut self) -> Result<()> {
        self.connection.execute_batch(LISTS)?;
        if self.is_counted()? {
            return Ok(());
        }
        self.write(|transaction| {
            transaction.execute_batch(COUNT_LANGUAGES)?;
            set_meta(transaction, COUNTED, "1")
        })
    }

    /// Lists once which texts have no vector of a fingerprint, and which vectors no text. From then
    /// on both lists are kept as texts, vectors and failures come and go, so that nobody has to
    /// search for them. Nothing happens if the fingerprint is settled already.
    pub fn settle(&mut self, fingerprint: &str) -> Result<()> {
        if self.is_settled(fingerprint)? {
            return Ok(());
        }
        self.write(|transaction| {
            forget_settled(transaction)?;
            transaction.execute(FIND_MISSING, [fingerprint])?;
            transaction.execute(FIND_ORPHANS, [fingerprint])?;
            set_meta(transaction, SETTLED, fingerprint)
        })
    }

    /// Whether the lists of missing vectors and of orphans are those of a fingerprint.
    pub(crate) fn is_settled(&self, fingerprint: &str) -> Result<bool> {
        Ok(self.meta(SETTLED)?.as_deref() == Some(fingerprint))
    }

    pub(crate) fn number(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<u64> {
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(unsigned(statement.query_row(parameters, |row| row.get(0))?))
    }

    /// Whether any file is recorded.
    pub fn has_files(&self) -> Result<bool> {
        let mut statement = self.connection.prepare_cached(save::LAST_FILE)?;
        let last: Option<i64> = statement.query_row([], |row| row.get(0))?;
        Ok(last.is_some())
    }

    /// Records the versions of all tables, unless they are recorded already.
    pub fn set_versions(&mut self, chunks: u64, others: &[(String, String)]) -> Result<()> {
        let mut news = Vec::new();
        let chunks = (
            crate::catalog::CHUNKS_VERSION.to_owned(),
            chunks.to_string(),
        );
        for (name, value) in others.iter().chain([&chunks]) {
            if self.meta(name)?.as_ref() != Some(value) {
                news.push((name, value));
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        self.write(|transaction| {
            news.iter()
                .try_for_each(|(name, value)| set_meta(transaction, name, value))
        })
    }
}

/// Forgets which fingerprint is settled, and its lists.
pub(crate) fn forget_settled(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM meta WHERE name = ?1", params![SETTLED])?;
    transaction.execute("DELETE FROM missing", [])?;
    transaction.execute("DELETE FROM orphans", [])?;
    Ok(())
}
