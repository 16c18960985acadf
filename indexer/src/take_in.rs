//! What a search takes in of the files that changed, before it answers.
//!
//! A few files are indexed first, and the answer has them. Where there are many, the search takes
//! in as many as a moment is enough for, those that it is about first; the answer says how many are
//! left, and they are caught up with behind it, or by the next searches. Until then the hits of a
//! changed file are not shown, except as the file is now: each is checked against its file.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::FutureExt;
use ollacode_store::StoreError;

use crate::difference::{Difference, RefreshScope, Reread, difference, guard_against_loss};
use crate::error::IndexError;
use crate::index::{Index, IndexFuture, blocking};
use crate::mention::{mentions, resolve};
use crate::overlay::Overlay;
use crate::prepare::{FileTask, PrepareLimit, PreparedFile, TaskReason, prepare_all};
use crate::progress::Events;
use crate::query::Query;
use crate::refresh::{LockWait, RefreshOptions, RefreshWriter, WriteBatch, now_ns};
use crate::search::Freshness;

/// How long a search waits for a writer before it searches changed files in memory.
const PATIENCE: Duration = Duration::from_millis(150);

/// How long a search reads and chunks changed files; what it found is written after that. In tests,
/// no time at all.
const MOMENT: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 300 });
/// Files that are taken in however long that takes, so that a few changes are always found,
const ALWAYS: usize = if cfg!(test) { 5 } else { 64 };
/// as long as they have together no more bytes than this.
const ALWAYS_BYTES: u64 = 1 << 20;
/// Removed files whose chunks one search deletes; those of the others it does not show.
const MOST_REMOVED: usize = if cfg!(test) { 3 } else { 500 };

/// What a search could not take in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behind {
    /// Files that are new or changed. Their new content is not searched, nor is the old one shown.
    pub changed: usize,
    /// Unchanged files that are searched as an older version of the program chunked them.
    pub outdated: usize,
}

impl Behind {
    /// Whether everything was taken in.
    pub fn is_nothing(self) -> bool {
        self == Behind::default()
    }

    /// A phrase for the user, without a full stop; `None` if everything was taken in.
    pub fn words(self) -> Option<String> {
        let changed = match self.changed {
            0 => None,
            1 => Some("1 changed file is not searched yet".to_owned()),
            count => Some(format!("{count} changed files are not searched yet")),
        };
        let outdated = match self.outdated {
            0 => None,
            1 => Some("1 file is searched as an older version of ollacode divided it".to_owned()),
            count => Some(format!(
                "{count} files are searched as an older version of ollacode divided them"
            )),
        };
        let phrases: Vec<String> = changed.into_iter().chain(outdated).collect();
        (!phrases.is_empty()).then(|| phrases.join("; "))
    }
}

/// What a search took in, and what is left.
#[derive(Debug, Default)]
pub(crate) struct TakenIn {
    /// Changed files that are not in the index.
    pub overlay: Overlay,
    pub behind: Behind,
}

/// What differs between files and index, and the generation of the catalog that it was compared with.
pub(crate) struct Pending {
    generation: String,
    pub difference: Difference,
    /// Why the difference must not be written.
    refusal: Option<IndexError>,
}

/// Counts a refresh of all files while it runs.
pub(crate) struct RunningRefresh(Arc<AtomicUsize>);

impl RunningRefresh {
    /// One more.
    pub(crate) fn begin(running: &Arc<AtomicUsize>) -> RunningRefresh {
        running.fetch_add(1, Ordering::SeqCst);
        RunningRefresh(Arc::clone(running))
    }

    /// The only one; `None` if another runs.
    fn begin_alone(running: &Arc<AtomicUsize>) -> Option<RunningRefresh> {
        let alone = running.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        alone.ok().map(|_| RunningRefresh(Arc::clone(running)))
    }
}

impl Drop for RunningRefresh {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Index {
    /// Refreshes the index after a search that was [`Behind`], unless a refresh of this process is
    /// at work already: that one does it.
    ///
    /// # Errors
    /// As [`Index::refresh`].
    pub fn catch_up<'a>(
        &'a self,
        how: &'a RefreshOptions,
        events: Events<'a>,
    ) -> IndexFuture<'a, ()> {
        async move {
            let Some(_running) = RunningRefresh::begin_alone(&self.refreshing) else {
                return Ok(());
            };
            // What is damaged is mended first: nobody waits for this.
            self.refresh_mended(&RefreshScope::Everything, how, events)
                .await
                .map(drop)
        }
        .boxed()
    }

    /// What a search takes in before it answers.
    pub(crate) async fn take_in_for(
        &self,
        freshness: Freshness,
        query: &Query,
        events: Events<'_>,
        notes: &mut Vec<String>,
    ) -> Result<TakenIn, IndexError> {
        match freshness {
            Freshness::Refresh => self.take_in_changes(Some(query), events, notes).await,
            Freshness::Trust => Ok(TakenIn::default()),
        }
    }

    /// What differs between files and index, without writing anything.
    pub(crate) async fn pending(&self) -> Result<Pending, IndexError> {
        let known = self.read_known().await?;
        let walked = self.walk().await?;
        let root = self.root().to_owned();
        blocking(move || {
            let scope = RefreshScope::Everything;
            let difference = difference(&walked, known.files, &scope, Reread::Changed);
            Ok(Pending {
                generation: known.generation,
                refusal: guard_against_loss(&root, &walked, &difference).err(),
                difference,
            })
        })
        .await
    }

    /// Indexes what changed, as far as a moment is enough, or reads it into memory while another
    /// one writes: what the query names first.
    async fn take_in_changes(
        &self,
        query: Option<&Query>,
        events: Events<'_>,
        notes: &mut Vec<String>,
    ) -> Result<TakenIn, IndexError> {
        let Pending {
            generation,
            mut difference,
            refusal,
        } = self.pending().await?;
        notes.extend(unread_note(&difference));
        if difference.is_empty() {
            return Ok(TakenIn::default());
        }
        if let Some(refusal) = refusal {
            notes.push(refusal.to_string());
            return Ok(TakenIn::default());
        }
        let named = named_by(query, &difference);
        difference.sort(&named);
        let Difference {
            mut tasks,
            mut removed,
            ..
        } = difference;
        let mut behind = Behind::default();
        let is_refreshing = self.refreshing.load(Ordering::SeqCst) > 0;
        if is_refreshing {
            // That refresh chunks them; until then they are searched as they are stored.
            let before = tasks.len();
            tasks.retain(|task| task.reason != TaskReason::Rules);
            behind.outdated = before - tasks.len();
        }
        let (prepared, left) = self.prepare_in_time(tasks).await?;
        let of_rules = |task: &&FileTask| task.reason == TaskReason::Rules;
        let outdated = left.iter().filter(of_rules).count();
        behind.changed = left.len() - outdated;
        behind.outdated += outdated;
        let not_deleted = removed.split_off(removed.len().min(MOST_REMOVED));
        let is_all = behind.is_nothing() && not_deleted.is_empty();
        let mut batch = WriteBatch::of(removed, prepared);
        let written = match is_refreshing {
            true => Err(IndexError::Busy),
            false => {
                self.write_taken(generation, &mut batch, is_all, events)
                    .await
            }
        };
        let overlay = match written {
            Ok(()) => Overlay::of(not_deleted, Vec::new()),
            Err(IndexError::Busy) => batch.into_overlay(not_deleted),
            // A process that cannot write can still search changed files.
            Err(
                error @ IndexError::Store(
                    StoreError::DiskFull { .. } | StoreError::Io { .. } | StoreError::Lance(_),
                ),
            ) => {
                self.mend_after(&error);
                notes.push(error.to_string());
                batch.into_overlay(not_deleted)
            }
            Err(error) => return Err(error),
        };
        Ok(TakenIn { overlay, behind })
    }

    async fn write_taken(
        &self,
        generation: String,
        batch: &mut WriteBatch,
        is_all: bool,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        if batch.is_empty() {
            return Ok(());
        }
        let how = RefreshOptions {
            wait: LockWait::UpTo(PATIENCE),
            ..RefreshOptions::default()
        };
        let writer = RefreshWriter::new(self, &how, events, generation);
        writer.write_prepared(batch, is_all).await
    }

    /// Indexes all that changed, or reads it into memory as [`Index::take_in_changes`] does.
    pub(crate) async fn take_in_all(
        &self,
        events: Events<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Overlay, IndexError> {
        let found = self.pending().await?;
        if !found.difference.is_empty() {
            let how = RefreshOptions {
                wait: LockWait::UpTo(PATIENCE),
                ..RefreshOptions::default()
            };
            match self.refresh_as_it_is(&how, events).await {
                Ok(_) => {}
                Err(
                    IndexError::Busy
                    | IndexError::Store(
                        StoreError::DiskFull { .. } | StoreError::Io { .. } | StoreError::Lance(_),
                    ),
                ) => {
                    let taken_in = self.take_in_changes(None, events, notes).await?;
                    notes.extend(taken_in.behind.words());
                    return Ok(taken_in.overlay);
                }
                Err(error @ IndexError::NothingFound { .. }) => notes.push(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        notes.extend(unread_note(&found.difference));
        Ok(Overlay::default())
    }

    /// Reads and chunks files, in their order, as many as a moment is enough for; returns the rest.
    async fn prepare_in_time(
        &self,
        mut tasks: Vec<FileTask>,
    ) -> Result<(Vec<PreparedFile>, Vec<FileTask>), IndexError> {
        let limit = PrepareLimit {
            hurry: Some((Instant::now() + MOMENT, always(&tasks))),
            ..PrepareLimit::default()
        };
        let (root, redactor) = (self.open_root()?, self.redactor());
        blocking(move || {
            let mut prepared = Vec::new();
            let redactor = redactor.as_ref();
            prepare_all(
                &root,
                &tasks,
                redactor,
                now_ns(),
                &limit,
                |file, _ticket| {
                    prepared.push(file);
                    true
                },
            );
            let left = tasks.split_off(prepared.len());
            Ok((prepared, left))
        })
        .await
    }
}

/// How many files are taken in whatever the time: at least one.
fn always(tasks: &[FileTask]) -> usize {
    let mut bytes = 0;
    let fits = |task: &&FileTask| {
        bytes += task.entry.size;
        bytes <= ALWAYS_BYTES
    };
    tasks.iter().take(ALWAYS).take_while(fits).count().max(1)
}

/// The changed files that a query names.
fn named_by(query: Option<&Query>, difference: &Difference) -> HashSet<String> {
    let mentioned = query.map(|query| mentions(&query.text)).unwrap_or_default();
    if mentioned.is_empty() {
        return HashSet::new();
    }
    let paths = difference.tasks.iter().map(|task| task.entry.path.as_str());
    let named = resolve(&mentioned, paths).into_iter();
    named.map(|named| named.path).collect()
}

/// A note about what cannot be read.
fn unread_note(difference: &Difference) -> Option<String> {
    let [first, others @ ..] = difference.unread.as_slice() else {
        return None;
    };
    let others = match others.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    let first = if first.is_empty() { "." } else { first };
    Some(format!(
        "`{first}`{others} cannot be read, so what is in it is not shown"
    ))
}

#[cfg(test)]
mod tests;
