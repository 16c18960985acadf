//! Progress events of the indexer, and the report of a refresh.

use std::collections::BTreeMap;

use ollacode_store::{Counts, LanguageCount};

use crate::parse::ParseFailure;
use crate::walk::{SkipReason, WalkResult};

/// Receives events. It is called from several threads, and must not block.
pub type Events<'a> = &'a (dyn Fn(IndexEvent) + Send + Sync);

/// An event of indexing.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexEvent {
    /// The workspace was listed.
    Walked {
        /// Files that may be indexed.
        files: usize,
    },
    /// Files are being read and chunked.
    Chunking {
        /// Number of files done.
        done: usize,
        /// Number of files in all.
        total: usize,
    },
    /// The full-text index is being built.
    IndexingText,
    /// Lexical search finds everything from now on.
    LexicalReady,
    /// Chunks are being embedded.
    Embedding {
        /// Number of texts done, including those from the cache.
        done: u64,
        /// Number of texts in all.
        total: u64,
    },
    /// The watcher has indexed some changes.
    Refreshed {
        /// Files that were changed or new.
        changed: usize,
        /// Files that were removed.
        removed: usize,
    },
    /// A warning for the user, as a sentence.
    Warning(String),
}

/// The report of a refresh.
#[derive(Clone, Debug, Default)]
pub struct RefreshReport {
    /// Files whose chunks were written.
    pub changed: usize,
    /// Files that were removed from the index.
    pub removed: usize,
    /// Files that were unchanged.
    pub unchanged: usize,
    /// Files and chunks in the index afterwards.
    pub counts: Counts,
    /// The counts by language, the most chunks first.
    pub languages: Vec<LanguageCount>,
    /// Files that are not indexed, by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
    /// The skipped files, each with its reason.
    pub skipped_files: Vec<(String, SkipReason)>,
    /// Places where secrets were redacted.
    pub secrets: Vec<SecretFound>,
    /// Files that were skipped because of a name for secrets.
    pub secret_files: Vec<String>,
    /// Files that were chunked by lines although there is a grammar.
    pub unparsed: Vec<(String, ParseFailure)>,
    /// Files with bytes that are not UTF-8; they are indexed with `�` in their place.
    pub not_utf8: usize,
    /// Folders of build output, dependencies and caches, excluded without an ignore file.
    pub left_out: Vec<String>,
    /// Files that are indexed although an ignore file excludes them, because git tracks them.
    pub tracked: usize,
    /// What could not be listed or read, and ignore files that are not applied in full; a message
    /// each.
    pub errors: Vec<String>,
}

impl RefreshReport {
    /// A report with the counts of a walk.
    pub(crate) fn of_walk(walked: &WalkResult) -> RefreshReport {
        RefreshReport {
            skipped: walked.skipped.clone(),
            skipped_files: walked.skipped_files.clone(),
            left_out: walked.left_out.clone(),
            tracked: walked.tracked,
            secret_files: walked.secrets.clone(),
            errors: walked.errors.clone(),
            ..RefreshReport::default()
        }
    }

    pub(crate) fn skip(&mut self, path: String, skip: SkipReason) {
        *self.skipped.entry(skip).or_default() += 1;
        self.skipped_files.push((path, skip));
    }

    /// Adds a file that exists and cannot be read.
    pub(crate) fn unread(&mut self, path: String, why: &str) {
        self.errors.push(format!("`{path}` cannot be read: {why}"));
        self.skip(path, SkipReason::Unreadable);
    }
}

/// A secret that was redacted in a file before the file was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFound {
    /// Path of the file, relative to the root of the workspace.
    pub path: String,
    /// The line of the secret, from 1.
    pub line: u32,
    /// Name of the rule that found it: the kind of secret.
    pub rule: &'static str,
}
