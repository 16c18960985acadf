//! Keeping the index fresh while files change.
//!
//! Events are hints about which paths to compare. When they overflow, or there are
//! too many to compare one by one, the whole workspace is compared;
//! when the system cannot watch, it is compared at intervals, by what that costs. What happens to a
//! folder, or to the rules in it, is a matter of that folder alone.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer_opt};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::IndexError;
use crate::index::{Index, IndexFuture};
use crate::polling::{Effort, Pace, Stopwatch};
use crate::progress::{Events, IndexEvent, RefreshReport};
use crate::refresh::RefreshOptions;
use crate::walk::relative;

/// How long events of one file are gathered: editors write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// The shortest interval at which the workspace is compared without watches,
const POLL: Duration = Duration::from_secs(3);
/// and the longest, however long it takes.
const SLOWEST_POLL: Duration = Duration::from_secs(300);
/// The shortest interval at which it is compared with watches, in case an event was missed,
const RECHECK: Duration = Duration::from_secs(300);
/// and the longest.
const SLOWEST_RECHECK: Duration = Duration::from_secs(3_600);
/// With more changed paths than this at once, comparing everything is faster.
const MOST_PATHS: usize = 300;
/// The most batches of events that wait; one more sets the overflow flag instead.
const QUEUE: usize = 64;

/// What to compare next.
enum PendingCheck {
    At(BTreeSet<String>),
    AtEverything,
}

impl Index {
    /// Refreshes the index whenever files change, until told to stop.
    ///
    /// `changed` is notified when something was written, so that vectors can follow: also if a search
    /// of this process wrote it before the event came.
    /// Expects that the index was just refreshed.
    pub fn watch<'a>(
        &'a self,
        events: Events<'a>,
        changed: &'a tokio::sync::Notify,
        stop: &'a CancellationToken,
    ) -> IndexFuture<'a, ()> {
        async move {
            let mut watcher = WatchState::new(self);
            // Files that changed while the watches were being set.
            self.compare_at(
                PendingCheck::AtEverything,
                &mut watcher,
                events,
                changed,
                stop,
            )
            .await?;
            loop {
                let look = tokio::select! {
                    look = watcher.next() => look,
                    () = stop.cancelled() => return Ok(()),
                };
                self.compare_at(look, &mut watcher, events, changed, stop)
                    .await?;
            }
        }
        .boxed()
    }

    async fn compare_at(
        &self,
        look: PendingCheck,
        watcher: &mut WatchState,
        events: Events<'_>,
        changed: &tokio::sync::Notify,
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        let stopwatch = Stopwatch::start();
        // Watches first: what appears in a new folder after that is told, the rest is seen.
        watcher.follow_folders(self, &look, events).await?;
        let how = RefreshOptions {
            stop: stop.clone(),
            ..RefreshOptions::default()
        };
        let looked = Mutex::new(None);
        let quiet = |event: IndexEvent| match event {
            IndexEvent::Warning(_) => events(event),
            IndexEvent::Walked { .. } => *looked.lock() = Some(stopwatch.effort()),
            _ => {}
        };
        let refreshed = match &look {
            PendingCheck::At(paths) => {
                let paths: Vec<String> = paths.iter().cloned().collect();
                self.refresh_paths(&paths, &how, &quiet).await
            }
            PendingCheck::AtEverything => self.refresh(&how, &quiet).await,
        };
        let RefreshReport {
            changed: written,
            removed,
            ..
        } = match refreshed {
            Ok(report) => report,
            Err(IndexError::Stopped) => return Ok(()),
            // A busy writer, a lost mount or a full disk is temporary, and an index that was
            // removed is rebuilt; the next refresh catches up.
            Err(
                error @ (IndexError::Busy
                | IndexError::NothingFound { .. }
                | IndexError::Workspace { .. }
                | IndexError::Store(_)),
            ) => {
                if matches!(error, IndexError::Store(_)) {
                    self.forget_open_stores().await;
                }
                watcher.try_again(&error, stopwatch.effort(), events);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        watcher.failed = None;
        if matches!(look, PendingCheck::AtEverything) {
            // Indexing what has changed is no cost of looking for it.
            let looked = looked.into_inner().filter(|_| written + removed > 0);
            watcher.adapt(looked.unwrap_or_else(|| stopwatch.effort()), events);
        }
        if written + removed > 0 {
            events(IndexEvent::Refreshed {
                changed: written,
                removed,
            });
        }
        if self.untold.swap(false, Ordering::Relaxed) {
            changed.notify_one();
        }
        Ok(())
    }
}

type FileWatcher = Debouncer<RecommendedWatcher, RecommendedCache>;

/// The watches and the queue of their events.
struct WatchState {
    root: PathBuf,
    /// `None` while files are compared at intervals instead.
    eyes: Option<FileWatcher>,
    /// Whether the watches have to be set again: the workspace itself was changed or missing.
    is_blind: bool,
    /// Whether the system cannot watch, which does not change while the program runs.
    cannot_watch: bool,
    /// In order, what is in a folder follows it.
    watched: BTreeSet<PathBuf>,
    queue: mpsc::Receiver<Vec<PathBuf>>,
    overflow: Arc<AtomicBool>,
    /// The last error, so that it is reported once.
    failed: Option<String>,
    /// How often everything is compared without watches, and with them.
    polling: Pace,
    rechecks: Pace,
}

impl WatchState {
    fn new(index: &Index) -> WatchState {
        WatchState {
            root: index.root().to_owned(),
            eyes: None,
            is_blind: true,
            cannot_watch: false,
            watched: BTreeSet::new(),
            queue: mpsc::channel(QUEUE).1,
            overflow: Arc::default(),
            failed: None,
            polling: Pace::new(POLL, SLOWEST_POLL),
            rechecks: Pace::new(RECHECK, SLOWEST_RECHECK),
        }
    }

    /// Begins to watch, with no folder yet.
    fn open_eyes(&mut self) -> Result<(), notify::Error> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let overflow = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&overflow);
        let handler = move |result: DebounceEventResult| {
            let paths = match result {
                Ok(batch) if batch.iter().any(|event| event.need_rescan()) => None,
                Ok(batch) => Some(
                    batch
                        .into_iter()
                        .filter(|event| !event.kind.is_access())
                        .flat_map(|event| event.event.paths)
                        .collect::<Vec<_>>(),
                ),
                Err(_) => None,
            };
            if paths.as_ref().is_some_and(Vec::is_empty) {
                return;
            }
            if paths.is_none_or(|paths| sender.try_send(paths).is_err()) {
                lost.store(true, Ordering::Relaxed);
                // Wakes the receiver; if the queue is full it is awake already.
                let _ = sender.try_send(Vec::new());
            }
        };
        let eyes = new_debouncer_opt(
            DEBOUNCE,
            None,
            handler,
            RecommendedCache::new(),
            notify::Config::default(),
        )?;
        self.eyes = Some(eyes);
        (self.queue, self.overflow) = (queue, overflow);
        self.watched.clear();
        self.is_blind = false;
        Ok(())
    }

    /// Continues without watches until the program ends.
    fn close_eyes(&mut self, error: &notify::Error, events: Events<'_>) {
        let every = POLL.as_secs();
        events(IndexEvent::Warning(if has_no_watches_left(error) {
            format!(
                "the system has no more file watches ({} are set); comparing files every {every} s, \
                 or less often if that takes long. Raise fs.inotify.max_user_watches or \
                 max_user_instances to watch files again.",
                self.watched.len(),
            )
        } else {
            format!(
                "files cannot be watched ({error}); comparing them every {every} s, or less often \
                 if that takes long"
            )
        }));
        self.eyes = None;
        self.cannot_watch = true;
    }

    /// Sets the pace by what comparing everything took.
    fn adapt(&mut self, effort: Effort, events: Events<'_>) {
        if self.eyes.is_some() {
            self.rechecks.adapt(effort);
        } else if let Some(message) = self.polling.adapt(effort) {
            events(IndexEvent::Warning(message));
        }
    }

    /// Compares everything again after a moment; the reason is reported once.
    fn try_again(&mut self, error: &IndexError, effort: Effort, events: Events<'_>) {
        // To wait for another process is no work.
        self.polling.adapt(Effort {
            time: Duration::ZERO,
            ..effort
        });
        let message = error.to_string();
        if self.failed.as_ref() != Some(&message) {
            let text = format!("{message}; trying again in a moment");
            events(IndexEvent::Warning(text));
        }
        self.failed = Some(message);
    }

    /// Watches folders that are new. Only folders that are walked: what is ignored costs nothing.
    async fn follow_folders(
        &mut self,
        index: &Index,
        look: &PendingCheck,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        // A workspace that is gone is waited for; what is there later may be another one.
        if index.open_root().is_err() {
            (self.eyes, self.is_blind) = (None, true);
            return Ok(());
        }
        if self.cannot_watch {
            return Ok(());
        }
        if self.is_blind
            && let Err(error) = self.open_eyes()
        {
            self.close_eyes(&error, events);
            return Ok(());
        }
        let changed = match look {
            // What happened to folders may have been missed: to watch one twice costs little.
            PendingCheck::AtEverything => {
                self.watched.clear();
                None
            }
            PendingCheck::At(paths) => Some(self.forget_watches(paths)),
        };
        if changed.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        if !WATCHES_EACH_FOLDER {
            let root = self.root.clone();
            self.watch(&[root], RecursiveMode::Recursive, events);
            return Ok(());
        }
        // A folder made while its parent was not watched yet is found by the next walk.
        loop {
            let folders = match &changed {
                Some(paths) => index.walk_paths(paths).await?.folders,
                None => index.walk().await?.folders,
            };
            if changed.is_none() {
                self.watched
                    .retain(|folder| folders.binary_search(folder).is_ok());
            }
            if self.eyes.is_none() || folders.iter().all(|folder| self.watched.contains(folder)) {
                return Ok(());
            }
            self.watch(&folders, RecursiveMode::NonRecursive, events);
        }
    }

    /// Forgets the watches of folders that something happened to: the folder that has the name
    /// now may be another one. Returns these folders.
    fn forget_watches(&mut self, paths: &BTreeSet<String>) -> Vec<String> {
        let mut folders = Vec::new();
        for path in paths {
            let folder = self.root.join(path);
            let below: Vec<PathBuf> = self
                .watched
                .range(folder.clone()..)
                .take_while(|watched| watched.starts_with(&folder))
                .cloned()
                .collect();
            if below.is_empty() && !folder.is_dir() {
                continue;
            }
            for watched in below {
                self.watched.remove(&watched);
            }
            folders.push(path.clone());
        }
        folders
    }

    fn watch(&mut self, folders: &[PathBuf], mode: RecursiveMode, events: Events<'_>) {
        for folder in folders {
            let Some(eyes) = &mut self.eyes else {
                return;
            };
            if self.watched.contains(folder) {
                continue;
            }
            match eyes.watch(folder, mode) {
                Ok(()) => {
                    self.watched.insert(folder.clone());
                }
                // A folder that went away meanwhile, or may not be listed, needs no watch.
                Err(error) if !has_no_watches_left(&error) && is_unlistable(folder) => {
                    self.watched.insert(folder.clone());
                }
                Err(error) => self.close_eyes(&error, events),
            }
        }
    }

    /// Waits for something to look at.
    async fn next(&mut self) -> PendingCheck {
        if self.eyes.is_none() || self.failed.is_some() {
            tokio::time::sleep(self.polling.pause()).await;
            return PendingCheck::AtEverything;
        }
        if self.overflow.load(Ordering::Relaxed) {
            // What overflowed is looked at again, but not in a tight loop.
            tokio::time::sleep(DEBOUNCE).await;
            return self.gather(Vec::new());
        }
        match tokio::time::timeout(self.rechecks.pause(), self.queue.recv()).await {
            Ok(Some(paths)) => self.gather(paths),
            Ok(None) | Err(_) => PendingCheck::AtEverything,
        }
    }

    /// Joins what is in the queue into one look: one commit for a branch switch.
    fn gather(&mut self, mut paths: Vec<PathBuf>) -> PendingCheck {
        while let Ok(more) = self.queue.try_recv() {
            paths.extend(more);
        }
        if self.overflow.swap(false, Ordering::Relaxed) {
            return PendingCheck::AtEverything;
        }
        if paths.contains(&self.root) {
            self.is_blind = true;
            return PendingCheck::AtEverything;
        }
        let affected: BTreeSet<String> = paths
            .iter()
            .filter_map(|path| affected(&relative(&self.root, path)?))
            .collect();
        if affected.contains("") || affected.len() > MOST_PATHS {
            PendingCheck::AtEverything
        } else {
            PendingCheck::At(affected)
        }
    }
}

/// What is to be compared when something happened at a path: the rules for files count for what is
/// in their folder. The empty path is everything.
fn affected(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    if path.ends_with(".git/info/exclude") {
        return Some(String::new());
    }
    if path.is_empty() || path.starts_with(".git/") {
        return None;
    }
    let is_rule = matches!(name, ".gitignore" | ".ignore" | ".ollacodeignore");
    Some(if is_rule { folder } else { path }.to_owned())
}

/// The system cannot watch all folders of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooFewWatches {
    /// Number of folders that could be watched.
    pub watched: usize,
    /// Why there cannot be more watches.
    pub why: String,
}

/// Sets the watches that [`Index::watch`] would set, and removes them.
///
/// # Errors
/// [`TooFewWatches`] if the system does not allow all of them.
pub fn try_watches(root: &Path, folders: &[PathBuf]) -> Result<(), TooFewWatches> {
    let mut watched = 0;
    let failed = |watched, error: notify::Error| TooFewWatches {
        watched,
        why: if has_no_watches_left(&error) {
            "the system has no more file watches".to_owned()
        } else {
            error.to_string()
        },
    };
    let mut watcher = notify::recommended_watcher(|_| {}).map_err(|error| failed(0, error))?;
    if !WATCHES_EACH_FOLDER {
        let all = watcher.watch(root, RecursiveMode::Recursive);
        return all.map_err(|error| failed(0, error));
    }
    for folder in folders {
        match watcher.watch(folder, RecursiveMode::NonRecursive) {
            Err(error) if has_no_watches_left(&error) || !is_unlistable(folder) => {
                return Err(failed(watched, error));
            }
            _ => watched += 1,
        }
    }
    Ok(())
}

/// Whether the system watches a folder alone, without those in it.
const WATCHES_EACH_FOLDER: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Whether the fault is the folder's, not the system's.
fn is_unlistable(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_err()
}

fn has_no_watches_left(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        // ENOSPC and EMFILE: watches or inotify instances are used up.
        ErrorKind::Io(error) => matches!(error.raw_os_error(), Some(28 | 24)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
