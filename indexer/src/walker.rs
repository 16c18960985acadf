//! Walking from folder to folder by open handles, on several threads, as the rules allow.

mod path_check;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::overrides::{Override, OverrideBuilder};
use parking_lot::{Condvar, Mutex};

use crate::default_excludes::{is_cache, is_filled, is_marked};
use crate::folder::{FileKind, Folder};
use crate::hidden::is_shown;
use crate::ignore_files::{IgnoreReader, IgnoreRules, IgnoreVerdict, RuleFolder};
use crate::walk::WalkLimits;
pub use path_check::{IgnoreStatus, PathChecker};

/// Most threads of a walk.
const THREADS: usize = 8;

/// What a walk finds; paths are relative to the root, with `/`.
pub(crate) enum WalkItem<'a> {
    /// A folder that is entered; the top is the empty path.
    Folder { path: &'a str },
    /// A folder below the greatest depth, which is not entered.
    TooDeep { path: &'a str },
    /// A regular file.
    File {
        path: &'a str,
        folder: &'a Folder,
        name: &'a OsStr,
        /// Whether it is there only because git tracks it: an ignore file names it.
        is_ignored: bool,
    },
    /// A link, a FIFO, a socket or a device.
    Other { path: &'a str },
    /// A name that is not UTF-8, its odd parts replaced.
    OddName { path: &'a str },
    /// A folder that is excluded by default, without an ignore file.
    LeftOut { path: &'a str },
    /// A file or folder that an ignore file excludes.
    Ignored,
    /// A hidden file or folder.
    Hidden,
    /// A folder that could not be opened or listed.
    Failed { path: &'a str, error: &'a io::Error },
    /// Something about an ignore file.
    Complaint(String),
}

/// Which part of the workspace is walked.
pub(crate) enum WalkScope {
    /// All of it.
    Everything,
    /// Some paths, and what is below them.
    Paths {
        wanted: HashSet<String>,
        /// The folders above them.
        on_the_way: HashSet<String>,
        /// Whether the user named them, so that they are included even if excluded by default.
        are_named: bool,
    },
}

impl WalkScope {
    /// Some paths, and what is below them; the empty path is everything.
    pub(crate) fn of(paths: impl IntoIterator<Item = String>) -> WalkScope {
        let wanted: HashSet<String> = paths.into_iter().collect();
        if wanted.contains("") {
            return WalkScope::Everything;
        }
        let on_the_way = wanted
            .iter()
            .flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned()))
            .collect();
        WalkScope::Paths {
            wanted,
            on_the_way,
            are_named: false,
        }
    }

    /// One path that the user named, and what is below it.
    pub(crate) fn named(path: &str) -> WalkScope {
        let mut scope = WalkScope::of([path.to_owned()]);
        if let WalkScope::Paths { are_named, .. } = &mut scope {
            *are_named = true;
        }
        scope
    }

    /// Whether a path, or something in it, was named.
    fn is_named(&self, path: &str) -> bool {
        match self {
            WalkScope::Everything => false,
            WalkScope::Paths { are_named, .. } => {
                *are_named && (self.covers(path) || self.leads_to(path))
            }
        }
    }

    fn covers(&self, path: &str) -> bool {
        match self {
            WalkScope::Everything => true,
            WalkScope::Paths { wanted, .. } => wanted.contains(path),
        }
    }

    fn leads_to(&self, path: &str) -> bool {
        match self {
            WalkScope::Everything => true,
            WalkScope::Paths { on_the_way, .. } => on_the_way.contains(path),
        }
    }
}

/// A walk below one folder.
pub(crate) struct Walker<'a> {
    root: PathBuf,
    limits: &'a WalkLimits,
    scope: WalkScope,
    excluded: Override,
    /// Device and number of folders that are never entered.
    own: HashSet<(u64, u64)>,
    reading: IgnoreReader,
}

/// A folder that was opened.
struct OpenFolder {
    folder: Folder,
    path: String,
    depth: usize,
    rules: Option<Arc<IgnoreRules>>,
    /// Whether all that is in it is in scope.
    is_covered: bool,
    /// Whether only what git tracks is seen in it.
    is_ignored: bool,
}

/// A folder that is still to be opened, in one that is open.
struct PendingFolder {
    above: Arc<OpenFolder>,
    name: OsString,
    path: String,
    is_covered: bool,
    is_ignored: bool,
    /// Whether it is not left out by default.
    is_wanted: bool,
}

/// What the rules make of an entry.
#[derive(PartialEq, Eq)]
enum EntryVerdict {
    Seen,
    /// An ignore file says `!`, or it was named.
    Wanted,
    /// Ignored, but tracked.
    Tracked,
    Ignored,
    LeftOut,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(root: &Path, limits: &'a WalkLimits, scope: WalkScope) -> Walker<'a> {
        let mut excluded = OverrideBuilder::new(root);
        for glob in &limits.exclude {
            // One that means nothing here excludes nothing.
            let _ = excluded.add(&format!("!{glob}"));
        }
        let own = limits
            .own
            .iter()
            .filter_map(|path| identity(&Folder::open(path).ok()?));
        Walker {
            root: root.to_owned(),
            limits,
            scope,
            excluded: excluded.build().unwrap_or_else(|_| Override::empty()),
            own: own.collect(),
            reading: IgnoreReader::default(),
        }
    }

    /// Walks, and returns what each thread has made of what it saw.
    pub(crate) fn run<T: Default + Send>(
        &self,
        visit: impl Fn(&mut T, WalkItem<'_>) + Sync,
    ) -> Vec<T> {
        let mut first = T::default();
        let found = self.enter_root(&mut |seen| visit(&mut first, seen));
        let queue = FolderQueue::new(found);
        // Most looks at some paths are over before a thread has started.
        let threads = match self.scope {
            WalkScope::Everything => std::thread::available_parallelism()
                .map_or(2, usize::from)
                .min(THREADS),
            WalkScope::Paths { .. } => 1,
        };
        let work = |mut made: T| {
            while let Some((waiting, mut turn)) = queue.take() {
                turn.found = self.enter(waiting, &mut |seen| visit(&mut made, seen));
            }
            made
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .map(|_| scope.spawn(|| work(T::default())))
                .collect();
            let mut made = vec![work(first)];
            for other in others {
                let part = other.join();
                made.push(part.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            made
        })
    }

    fn enter_root(&self, see: &mut dyn FnMut(WalkItem<'_>)) -> Vec<PendingFolder> {
        let folder = match Folder::open(&self.root) {
            Ok(folder) => folder,
            Err(error) => return failed(see, "", &error),
        };
        let complain = &mut |complaint| see(WalkItem::Complaint(complaint));
        let level = OpenFolder {
            folder,
            path: String::new(),
            depth: 0,
            rules: IgnoreRules::above(&self.root, &self.reading, complain),
            is_covered: self.scope.covers(""),
            is_ignored: false,
        };
        self.list(level, true, see)
    }

    /// Opens a folder, and returns the folders in it.
    fn enter(
        &self,
        waiting: PendingFolder,
        see: &mut dyn FnMut(WalkItem<'_>),
    ) -> Vec<PendingFolder> {
        let PendingFolder { above, path, .. } = waiting;
        let folder = match above.folder.folder(&waiting.name) {
            Ok(folder) => folder,
            Err(error) => return failed(see, path.as_str(), &error),
        };
        if identity(&folder).is_some_and(|identity| self.own.contains(&identity)) {
            return Vec::new();
        }
        let level = OpenFolder {
            folder,
            path,
            depth: above.depth + 1,
            rules: above.rules.clone(),
            is_covered: waiting.is_covered,
            is_ignored: waiting.is_ignored,
        };
        self.list(level, waiting.is_wanted, see)
    }

    fn list(
        &self,
        mut level: OpenFolder,
        is_wanted: bool,
        see: &mut dyn FnMut(WalkItem<'_>),
    ) -> Vec<PendingFolder> {
        let names: HashMap<OsString, FileKind> = match level.folder.names() {
            Ok(names) => names.into_iter().collect(),
            Err(error) => return failed(see, level.path.as_str(), &error),
        };
        let has = |name: &str| names.contains_key(OsStr::new(name));
        let full = self.root.join(&level.path);
        if !is_wanted && !level.is_ignored && (is_cache(&level.folder, has) || is_marked(&names)) {
            level.is_ignored = true;
            let rules = level.rules.as_ref();
            if !rules.is_some_and(|rules| rules.tracks(&full, true)) {
                see(WalkItem::LeftOut { path: &level.path });
                return Vec::new();
            }
        }
        see(WalkItem::Folder { path: &level.path });
        let shown = join(&level.path, "");
        let place = RuleFolder {
            folder: &level.folder,
            path: &full,
            shown: if level.path.is_empty() { "" } else { &shown },
        };
        let complain = &mut |complaint| see(WalkItem::Complaint(complaint));
        level.rules = IgnoreRules::of(&place, has, level.rules.take(), &self.reading, complain);
        let level = Arc::new(level);
        let mut folders = Vec::new();
        for (name, kind) in &names {
            folders.extend(self.visit_entry(&level, name, *kind, &has, see));
        }
        folders
    }

    /// Tells of an entry; a folder that is to be entered is returned.
    fn visit_entry(
        &self,
        level: &Arc<OpenFolder>,
        name: &OsStr,
        kind: FileKind,
        is_beside: &dyn Fn(&str) -> bool,
        see: &mut dyn FnMut(WalkItem<'_>),
    ) -> Option<PendingFolder> {
        let text = walked_name(level, name, see)?;
        let path = join(&level.path, text);
        let is_covered = level.is_covered || self.scope.covers(&path);
        let is_folder = kind == FileKind::Folder;
        let leads_to_one = is_folder && self.scope.leads_to(&path);
        if !(is_covered || leads_to_one) {
            return None;
        }
        let is_filled = || is_filled(&level.folder, text, is_beside);
        let rules = level.rules.as_deref();
        let judged = self.judge(rules, level.is_ignored, &path, is_folder, &is_filled);
        match judged {
            EntryVerdict::Ignored => {
                if is_covered {
                    see(WalkItem::Ignored);
                }
                return None;
            }
            EntryVerdict::LeftOut => {
                see(WalkItem::LeftOut { path: &path });
                return None;
            }
            EntryVerdict::Seen | EntryVerdict::Wanted | EntryVerdict::Tracked => {}
        }
        let is_ignored = judged == EntryVerdict::Tracked;
        match kind {
            FileKind::Folder if level.depth + 1 >= self.limits.depth => {
                see(WalkItem::TooDeep { path: &path });
                None
            }
            FileKind::Folder => Some(PendingFolder {
                above: Arc::clone(level),
                name: name.to_owned(),
                path,
                is_covered,
                is_ignored,
                is_wanted: judged == EntryVerdict::Wanted,
            }),
            FileKind::File => {
                see(WalkItem::File {
                    path: &path,
                    folder: &level.folder,
                    name,
                    is_ignored,
                });
                None
            }
            FileKind::Link | FileKind::Special => {
                see(WalkItem::Other { path: &path });
                None
            }
        }
    }

    /// Judges an entry by the rules of its folder, in which perhaps only what git tracks is seen.
    fn judge(
        &self,
        rules: Option<&IgnoreRules>,
        is_in_ignored: bool,
        path: &str,
        is_folder: bool,
        is_filled: &dyn Fn() -> bool,
    ) -> EntryVerdict {
        let full = self.root.join(path);
        if self.excluded.matched(&full, is_folder).is_ignore() {
            return EntryVerdict::Ignored;
        }
        let verdict = rules.map_or(IgnoreVerdict::Silent, |rules| {
            rules.verdict(&full, is_folder)
        });
        let otherwise = match verdict {
            IgnoreVerdict::Ignored => return EntryVerdict::Ignored,
            // What is in an ignored folder cannot be brought back by name.
            _ if is_in_ignored => EntryVerdict::Ignored,
            IgnoreVerdict::Shown => return EntryVerdict::Wanted,
            IgnoreVerdict::IgnoredByGit => EntryVerdict::Ignored,
            IgnoreVerdict::Silent if is_folder && self.scope.is_named(path) => {
                return EntryVerdict::Wanted;
            }
            IgnoreVerdict::Silent if is_folder && is_filled() => EntryVerdict::LeftOut,
            IgnoreVerdict::Silent => return EntryVerdict::Seen,
        };
        if rules.is_some_and(|rules| rules.tracks(&full, is_folder)) {
            EntryVerdict::Tracked
        } else {
            otherwise
        }
    }
}

/// The name of an entry as text, unless entries of such names are passed over, which is reported.
fn walked_name<'n>(
    level: &OpenFolder,
    name: &'n OsStr,
    see: &mut dyn FnMut(WalkItem<'_>),
) -> Option<&'n str> {
    let Some(text) = name.to_str() else {
        if level.is_covered {
            let path = &join(&level.path, &name.to_string_lossy());
            see(WalkItem::OddName { path });
        }
        return None;
    };
    if !is_shown(text) {
        if level.is_covered && text != ".git" {
            see(WalkItem::Hidden);
        }
        return None;
    }
    Some(text)
}

/// Which folder it is, where the system says.
fn identity(folder: &Folder) -> Option<(u64, u64)> {
    let stat = folder.stat_self().ok()?;
    (stat.inode != 0).then_some((stat.device, stat.inode))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// Folders that wait for a thread. The last one found comes first: so few folders are open.
struct FolderQueue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

struct QueueState {
    waiting: Vec<PendingFolder>,
    /// Threads that may still find more.
    at_work: usize,
}

impl FolderQueue {
    fn new(waiting: Vec<PendingFolder>) -> FolderQueue {
        FolderQueue {
            state: Mutex::new(QueueState {
                waiting,
                at_work: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// The next folder; `None` when there are no more.
    fn take(&self) -> Option<(PendingFolder, FolderTask<'_>)> {
        let mut work = self.state.lock();
        loop {
            if let Some(waiting) = work.waiting.pop() {
                work.at_work += 1;
                let (queue, found) = (self, Vec::new());
                return Some((waiting, FolderTask { queue, found }));
            }
            if work.at_work == 0 {
                return None;
            }
            self.changed.wait(&mut work);
        }
    }
}

/// A thread at work on a folder; hands over what it found there when it is done, or has died.
struct FolderTask<'queue> {
    queue: &'queue FolderQueue,
    found: Vec<PendingFolder>,
}

impl Drop for FolderTask<'_> {
    fn drop(&mut self) {
        let mut work = self.queue.state.lock();
        work.waiting.append(&mut self.found);
        work.at_work -= 1;
        drop(work);
        self.queue.changed.notify_all();
    }
}

/// A folder that cannot be listed.
fn failed(see: &mut dyn FnMut(WalkItem<'_>), path: &str, error: &io::Error) -> Vec<PendingFolder> {
    see(WalkItem::Failed { path, error });
    Vec::new()
}
