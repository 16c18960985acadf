//! Keeping the index fresh while files change.
//!
//! Events are hints: they say where to look. When they overflow, or there are
//! more than is worth looking at one by one, the whole workspace is compared;
//! when the system has no watches left, it is compared at intervals.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer_opt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::error::IndexError;
use crate::index::{Index, Pending};
use crate::progress::{Events, IndexEvent, Report};
use crate::refresh::Refresh;
use crate::walk::relative;

/// Events of one file are gathered for so long: editors write in several steps.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// Without watches, the workspace is compared so often.
const POLL: Duration = Duration::from_secs(3);
/// With watches it is still compared now and then, in case one was missed.
const RECHECK: Duration = Duration::from_secs(300);
/// More changed paths than this at once are found quicker by comparing everything.
const MOST_PATHS: usize = 300;
/// Batches of events that wait; one more sets the overflow flag instead.
const QUEUE: usize = 64;

/// What to look at next.
enum Look {
    At(BTreeSet<String>),
    AtEverything,
}

impl Index {
    /// Refreshes the index whenever files change, until told to stop.
    ///
    /// `changed` is told after each batch that wrote something, so that vectors can follow.
    /// Expects that the index was just refreshed.
    pub fn watch<'a>(
        &'a self,
        events: Events<'a>,
        changed: &'a tokio::sync::Notify,
        stop: &'a CancellationToken,
    ) -> Pending<'a, ()> {
        async move {
            let mut watcher = Watching::start(self)?;
            // Files that changed while the watches were being set.
            self.take_in(Look::AtEverything, &mut watcher, events, changed, stop)
                .await?;
            loop {
                let look = tokio::select! {
                    look = watcher.next() => look,
                    () = stop.cancelled() => return Ok(()),
                };
                self.take_in(look, &mut watcher, events, changed, stop)
                    .await?;
            }
        }
        .boxed()
    }

    async fn take_in(
        &self,
        look: Look,
        watcher: &mut Watching,
        events: Events<'_>,
        changed: &tokio::sync::Notify,
        stop: &CancellationToken,
    ) -> Result<(), IndexError> {
        // Watches first: what appears in a new folder after that is told, the rest is seen.
        watcher.follow_folders(self, &look, events).await?;
        let how = Refresh {
            stop: stop.clone(),
            ..Refresh::default()
        };
        let quiet = |event: IndexEvent| {
            if let IndexEvent::Warning(_) = event {
                events(event);
            }
        };
        let refreshed = match &look {
            Look::At(paths) => {
                let paths: Vec<String> = paths.iter().cloned().collect();
                self.refresh_paths(&paths, &how, &quiet).await
            }
            Look::AtEverything => self.refresh(&how, &quiet).await,
        };
        let Report {
            changed: written,
            removed,
            ..
        } = match refreshed {
            Ok(report) => report,
            Err(IndexError::Stopped) => return Ok(()),
            // A busy writer or a lost mount passes; the next look catches up.
            Err(error @ (IndexError::Busy | IndexError::NothingFound { .. })) => {
                events(IndexEvent::Warning(error.to_string()));
                watcher.overflow.store(true, Ordering::Relaxed);
                return Ok(());
            }
            // So does a full disk; an index that was removed is made anew.
            Err(IndexError::Store(error)) => {
                events(IndexEvent::Warning(format!(
                    "{error}; looking again in a moment"
                )));
                self.forget_open_stores().await;
                watcher.overflow.store(true, Ordering::Relaxed);
                tokio::time::sleep(POLL).await;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if written + removed > 0 {
            events(IndexEvent::Refreshed {
                changed: written,
                removed,
            });
            changed.notify_one();
        }
        Ok(())
    }
}

/// The watches and the queue of their events.
struct Watching {
    root: PathBuf,
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    watched: HashSet<PathBuf>,
    queue: mpsc::Receiver<Vec<PathBuf>>,
    overflow: Arc<AtomicBool>,
}

impl Watching {
    fn start(index: &Index) -> Result<Watching, IndexError> {
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
        let debouncer = new_debouncer_opt(
            DEBOUNCE,
            None,
            handler,
            RecommendedCache::new(),
            notify::Config::default(),
        )?;
        Ok(Watching {
            root: index.root().to_owned(),
            debouncer: Some(debouncer),
            watched: HashSet::new(),
            queue,
            overflow,
        })
    }

    /// Watches folders that are new. Only folders that are walked: what is ignored costs nothing.
    async fn follow_folders(
        &mut self,
        index: &Index,
        look: &Look,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        if self.debouncer.is_none() {
            return Ok(());
        }
        let new_folder = |path: &String| {
            let path = self.root.join(path);
            path.is_dir() && !self.watched.contains(&path)
        };
        let needed = match look {
            Look::AtEverything => true,
            Look::At(paths) => paths.iter().any(new_folder),
        };
        if !needed {
            return Ok(());
        }
        if cfg!(not(any(target_os = "linux", target_os = "android"))) {
            let root = self.root.clone();
            return self.watch(&[root], RecursiveMode::Recursive, events);
        }
        // A folder made while its parent was not watched yet is found by the next walk.
        loop {
            let folders = index.walk().await?.folders;
            self.watched
                .retain(|folder| folders.binary_search(folder).is_ok());
            if self.debouncer.is_none()
                || folders.iter().all(|folder| self.watched.contains(folder))
            {
                return Ok(());
            }
            self.watch(&folders, RecursiveMode::NonRecursive, events)?;
        }
    }

    fn watch(
        &mut self,
        folders: &[PathBuf],
        mode: RecursiveMode,
        events: Events<'_>,
    ) -> Result<(), IndexError> {
        for folder in folders {
            let Some(debouncer) = &mut self.debouncer else {
                break;
            };
            if self.watched.contains(folder) {
                continue;
            }
            match debouncer.watch(folder, mode) {
                Ok(()) => {
                    self.watched.insert(folder.clone());
                }
                Err(error) if has_no_watches_left(&error) => {
                    events(IndexEvent::Warning(format!(
                        "the system has no more file watches ({} are set); comparing files every {} s instead. \
                         Raise fs.inotify.max_user_watches to get watching back.",
                        self.watched.len(),
                        POLL.as_secs()
                    )));
                    self.debouncer = None;
                }
                // A folder that went away meanwhile needs no watch.
                Err(_) if !folder.exists() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for something to look at.
    async fn next(&mut self) -> Look {
        let idle = if self.debouncer.is_some() {
            RECHECK
        } else {
            POLL
        };
        if self.overflow.load(Ordering::Relaxed) {
            // What overflowed or was busy is looked at again, but not in a tight loop.
            tokio::time::sleep(DEBOUNCE).await;
        } else if self.debouncer.is_none() {
            tokio::time::sleep(idle).await;
            return Look::AtEverything;
        } else {
            match tokio::time::timeout(idle, self.queue.recv()).await {
                Ok(Some(paths)) => return self.gather(paths),
                Ok(None) | Err(_) => return Look::AtEverything,
            }
        }
        self.gather(Vec::new())
    }

    /// Joins what is in the queue into one look: one commit for a branch switch.
    fn gather(&mut self, mut paths: Vec<PathBuf>) -> Look {
        while let Ok(more) = self.queue.try_recv() {
            paths.extend(more);
        }
        if self.overflow.swap(false, Ordering::Relaxed) {
            return Look::AtEverything;
        }
        let rules_changed = paths.iter().any(|path| is_ignore_file(path));
        let paths: BTreeSet<String> = paths
            .iter()
            .filter_map(|path| relative(&self.root, path))
            .filter(|path| !path.is_empty() && !path.starts_with(".git/"))
            .collect();
        if rules_changed || paths.len() > MOST_PATHS {
            Look::AtEverything
        } else {
            Look::At(paths)
        }
    }
}

fn is_ignore_file(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    matches!(
        name,
        Some(".gitignore" | ".ignore" | ".ollacodeignore" | "exclude")
    )
}

fn has_no_watches_left(error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        // ENOSPC and EMFILE: watches or inotify instances are used up.
        ErrorKind::Io(error) => matches!(error.raw_os_error(), Some(28 | 24)),
        _ => false,
    }
}
