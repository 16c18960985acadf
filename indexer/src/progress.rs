//! What the indexer tells while it works, and what it has done.

use std::collections::BTreeMap;

use ollacode_store::{Counts, LanguageCount};

use crate::parse::ParseFailure;
use crate::walk::{Skip, Walked};

/// Where events go; called from several threads, so it must be quick.
pub type Events<'a> = &'a (dyn Fn(IndexEvent) + Send + Sync);

/// Something that happened while indexing.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexEvent {
    /// The workspace was listed.
    Walked {
        /// Files that may be indexed.
        files: usize,
    },
    /// Files are read and cut.
    Cutting {
        /// Files done.
        done: usize,
        /// Files in all.
        total: usize,
    },
    /// The full-text index is being built.
    IndexingText,
    /// Everything can be found by its words from now on.
    LexicalReady,
    /// Chunks are embedded.
    Embedding {
        /// Texts done, those from the cache included.
        done: u64,
        /// Texts in all.
        total: u64,
    },
    /// The watcher has taken in some changes.
    Refreshed {
        /// Files that were changed or new.
        changed: usize,
        /// Files that are gone.
        removed: usize,
    },
    /// Something that the user should know.
    Warning(String),
}

/// What a refresh did.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Files whose chunks were written.
    pub changed: usize,
    /// Files that are gone from the index.
    pub removed: usize,
    /// Files that were as the index knew them.
    pub unchanged: usize,
    /// Files and chunks in the index afterwards.
    pub counts: Counts,
    /// The same by language, the most chunks first.
    pub languages: Vec<LanguageCount>,
    /// Files that are not indexed, by reason.
    pub skipped: BTreeMap<Skip, usize>,
    /// The same by path, each with its reason.
    pub skipped_files: Vec<(String, Skip)>,
    /// Where secrets were taken out.
    pub secrets: Vec<SecretFound>,
    /// Files left out because their name says that they hold secrets.
    pub secret_files: Vec<String>,
    /// Files cut by lines although there is a grammar.
    pub unparsed: Vec<(String, ParseFailure)>,
    /// Files with bytes that are not UTF-8; they are indexed with `�` in their place.
    pub not_utf8: usize,
    /// Folders that tools fill, left out although no ignore file says so.
    pub left_out: Vec<String>,
    /// Files that are indexed although an ignore file names them: git tracks them.
    pub tracked: usize,
    /// What could not be listed or read, and ignore files that do not count in full.
    pub errors: Vec<String>,
}

impl Report {
    /// Takes over what the walk counted.
    pub(crate) fn of_walk(walked: &Walked) -> Report {
        Report {
            skipped: walked.skipped.clone(),
            skipped_files: walked.skipped_files.clone(),
            left_out: walked.left_out.clone(),
            tracked: walked.tracked,
            secret_files: walked.secrets.clone(),
            errors: walked.errors.clone(),
            ..Report::default()
        }
    }

    pub(crate) fn skip(&mut self, path: String, skip: Skip) {
        *self.skipped.entry(skip).or_default() += 1;
        self.skipped_files.push((path, skip));
    }

    /// Notes a file that is there and cannot be read.
    pub(crate) fn unread(&mut self, path: String, why: &str) {
        self.errors.push(format!("`{path}` cannot be read: {why}"));
        self.skip(path, Skip::Unreadable);
    }
}

/// A secret that was taken out of a file before it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFound {
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What kind of secret.
    pub rule: &'static str,
}
