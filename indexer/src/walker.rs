//! Walking from folder to folder by open handles, on several threads, as the rules allow.

mod sight;

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::overrides::{Override, OverrideBuilder};
use parking_lot::{Condvar, Mutex};

use crate::default_excludes::{is_cache, is_filled, is_marked};
use crate::folder::{Folder, Kind};
use crate::hidden::is_shown;
use crate::ignore_files::{Place, Reading, Rules, Verdict};
use crate::walk::Limits;
pub use sight::{Sight, Standing};

/// Most threads of a walk.
const THREADS: usize = 8;

/// What a walk finds; paths are relative to the root, with `/`.
pub(crate) enum Seen<'a> {
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
pub(crate) enum Scope {
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

impl Scope {
    /// Some paths, and what is below them; the empty path is everything.
    pub(crate) fn of(paths: impl IntoIterator<Item = String>) -> Scope {
        let wanted: HashSet<String> = paths.into_iter().collect();
        if wanted.contains("") {
            return Scope::Everything;
        }
        let on_the_way = wanted
            .iter()
            .flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned()))
            .collect();
        Scope::Paths {
            wanted,
            on_the_way,
            are_named: false,
        }
    }

    /// One path that the user named, and what is below it.
    pub(crate) fn named(path: &str) -> Scope {
        let mut scope = Scope::of([path.to_owned()]);
        if let Scope::Paths { are_named, .. } = &mut scope {
            *are_named = true;
        }
        scope
    }

    /// Whether a path, or something in it, was named.
    fn is_named(&self, path: &str) -> bool {
        match self {
            Scope::Everything => false,
            Scope::Paths { are_named, .. } => {
                *are_named && (self.covers(path) || self.leads_to(path))
            }
        }
    }

    fn covers(&self, path: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Paths { wanted, .. } => wanted.contains(path),
        }
    }

    fn leads_to(&self, path: &str) -> bool {
        match self {
            Scope::Everything => true,
            Scope::Paths { on_the_way, .. } => on_the_way.contains(path),
        }
    }
}

/// A walk below one folder.
pub(crate) struct Walker<'a> {
    root: PathBuf,
    limits: &'a Limits,
    scope: Scope,
    excluded: Override,
    /// Device and number of folders that are never entered.
    own: HashSet<(u64, u64)>,
    reading: Reading,
}

/// A folder that was opened.
struct Level {
    folder: Folder,
    path: String,
    depth: usize,
    rules: Option<Arc<Rules>>,
    /// Whether all that is in it is in scope.
    is_covered: bool,
    /// Whether only what git tracks is seen in it.
    is_ignored: bool,
}

/// A folder that is still to be opened, in one that is open.
struct Waiting {
    above: Arc<Level>,
    name: OsString,
    path: String,
    is_covered: bool,
    is_ignored: bool,
    /// Whether it is not left out by default.
    is_wanted: bool,
}

/// What the rules make of an entry.
#[derive(PartialEq, Eq)]
enum Judged {
    Seen,
    /// An ignore file says `!`, or it was named.
    Wanted,
    /// Ignored, but tracked.
    Tracked,
    Ignored,
    LeftOut,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(root: &Path, limits: &'a Limits, scope: Scope) -> Walker<'a> {
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
            reading: Reading::default(),
        }
    }

    /// Walks, and returns what each thread has made of what it saw.
    pub(crate) fn run<T: Default + Send>(&self, visit: impl Fn(&mut T, Seen<'_>) + Sync) -> Vec<T> {
        let mut first = T::default();
        let found = self.enter_root(&mut |seen| visit(&mut first, seen));
        let queue = Queue::new(found);
        // Most looks at some paths are over before a thread has started.
        let threads = match self.scope {
            Scope::Everything => std::thread::available_parallelism()
                .map_or(2, usize::from)
                .min(THREADS),
            Scope::Paths { .. } => 1,
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

    fn enter_root(&self, see: &mut dyn FnMut(Seen<'_>)) -> Vec<Waiting> {
        let folder = match Folder::open(&self.root) {
            Ok(folder) => folder,
            Err(error) => {
                let (path, error) = ("", &error);
                see(Seen::Failed { path, error });
                return Vec::new();
            }
        };
        let complain = &mut |complaint| see(Seen::Complaint(complaint));
        let level = Level {
            folder,
            path: String::new(),
            depth: 0,
            rules: Rules::above(&self.root, &self.reading, complain),
            is_covered: self.scope.covers(""),
            is_ignored: false,
        };
        self.list(level, true, see)
    }

    /// Opens a folder, and returns the folders in it.
    fn enter(&self, waiting: Waiting, see: &mut dyn FnMut(Seen<'_>)) -> Vec<Waiting> {
        let Waiting { above, path, .. } = waiting;
        let folder = match above.folder.folder(&waiting.name) {
            Ok(folder) => folder,
            Err(error) => {
                let (path, error) = (path.as_str(), &error);
                see(Seen::Failed { path, error });
                return Vec::new();
            }
        };
        if identity(&folder).is_some_and(|identity| self.own.contains(&identity)) {
            return Vec::new();
        }
        let level = Level {
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
        mut level: Level,
        is_wanted: bool,
        see: &mut dyn FnMut(Seen<'_>),
    ) -> Vec<Waiting> {
        let names: HashMap<OsString, Kind> = match level.folder.names() {
            Ok(names) => names.into_iter().collect(),
            Err(error) => {
                let (path, error) = (level.path.as_str(), &error);
                see(Seen::Failed { path, error });
                return Vec::new();
            }
        };
        let has = |name: &str| names.contains_key(OsStr::new(name));
        let full = self.root.join(&level.path);
        if !is_wanted && !level.is_ignored && (is_cache(&level.folder, has) || is_marked(&names)) {
            level.is_ignored = true;
            let rules = level.rules.as_ref();
            if !rules.is_some_and(|rules| rules.tracks(&full, true)) {
                see(Seen::LeftOut { path: &level.path });
                return Vec::new();
            }
        }
        see(Seen::Folder { path: &level.path });
        let shown = join(&level.path, "");
        let place = Place {
            folder: &level.folder,
            path: &full,
            shown: if level.path.is_empty() { "" } else { &shown },
        };
        let complain = &mut |complaint| see(Seen::Complaint(complaint));
        level.rules = Rules::of(&place, has, level.rules.take(), &self.reading, complain);
        let level = Arc::new(level);
        let mut folders = Vec::new();
        for (name, kind) in &names {
            folders.extend(self.look(&level, name, *kind, &has, see));
        }
        folders
    }

    /// Tells of an entry; a folder that is to be entered is returned.
    fn look(
        &self,
        level: &Arc<Level>,
        name: &OsStr,
        kind: Kind,
        is_beside: &dyn Fn(&str) -> bool,
        see: &mut dyn FnMut(Seen<'_>),
    ) -> Option<Waiting> {
        let text = walked_name(level, name, see)?;
        let path = join(&level.path, text);
        let is_covered = level.is_covered || self.scope.covers(&path);
        let is_folder = kind == Kind::Folder;
        let leads_to_one = is_folder && self.scope.leads_to(&path);
        if !(is_covered || leads_to_one) {
            return None;
        }
        let is_filled = || is_filled(&level.folder, text, is_beside);
        let rules = level.rules.as_deref();
        let judged = self.judge(rules, level.is_ignored, &path, is_folder, &is_filled);
        match judged {
            Judged::Ignored => {
                if is_covered {
                    see(Seen::Ignored);
                }
                return None;
            }
            Judged::LeftOut => {
                see(Seen::LeftOut { path: &path });
                return None;
            }
            Judged::Seen | Judged::Wanted | Judged::Tracked => {}
        }
        let is_ignored = judged == Judged::Tracked;
        match kind {
            Kind::Folder if level.depth + 1 >= self.limits.depth => {
                see(Seen::TooDeep { path: &path });
                None
            }
            Kind::Folder => Some(Waiting {
                above: Arc::clone(level),
                name: name.to_owned(),
                path,
                is_covered,
                is_ignored,
                is_wanted: judged == Judged::Wanted,
            }),
            Kind::File => {
                see(Seen::File {
                    path: &path,
                    folder: &level.folder,
                    name,
                    is_ignored,
                });
                None
            }
            Kind::Link | Kind::Special => {
                see(Seen::Other { path: &path });
                None
            }
        }
    }

    /// Judges an entry by the rules of its folder, in which perhaps only what git tracks is seen.
    fn judge(
        &self,
        rules: Option<&Rules>,
        is_in_ignored: bool,
        path: &str,
        is_folder: bool,
        is_filled: &dyn Fn() -> bool,
    ) -> Judged {
        let full = self.root.join(path);
        if self.excluded.matched(&full, is_folder).is_ignore() {
            return Judged::Ignored;
        }
        let verdict = rules.map_or(Verdict::Silent, |rules| rules.verdict(&full, is_folder));
        let otherwise = match verdict {
            Verdict::Ignored => return Judged::Ignored,
            // What is in an ignored folder cannot be brought back by name.
            _ if is_in_ignored => Judged::Ignored,
            Verdict::Shown => return Judged::Wanted,
            Verdict::IgnoredByGit => Judged::Ignored,
            Verdict::Silent if is_folder && self.scope.is_named(path) => return Judged::Wanted,
            Verdict::Silent if is_folder && is_filled() => Judged::LeftOut,
            Verdict::Silent => return Judged::Seen,
        };
        if rules.is_some_and(|rules| rules.tracks(&full, is_folder)) {
            Judged::Tracked
        } else {
            otherwise
        }
    }
}

/// The name of an entry as text, unless entries of such names are passed over, which is reported.
fn walked_name<'n>(
    level: &Level,
    name: &'n OsStr,
    see: &mut dyn FnMut(Seen<'_>),
) -> Option<&'n str> {
    let Some(text) = name.to_str() else {
        if level.is_covered {
            let path = &join(&level.path, &name.to_string_lossy());
            see(Seen::OddName { path });
        }
        return None;
    };
    if !is_shown(text) {
        if level.is_covered && text != ".git" {
            see(Seen::Hidden);
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
struct Queue {
    state: Mutex<Work>,
    changed: Condvar,
}

struct Work {
    waiting: Vec<Waiting>,
    /// Threads that may still find more.
    at_work: usize,
}

impl Queue {
    fn new(waiting: Vec<Waiting>) -> Queue {
        Queue {
            state: Mutex::new(Work {
                waiting,
                at_work: 0,
            }),
            changed: Condvar::new(),
        }
    }

    /// The next folder; `None` when there are no more.
    fn take(&self) -> Option<(Waiting, Turn<'_>)> {
        let mut work = self.state.lock();
        loop {
            if let Some(waiting) = work.waiting.pop() {
                work.at_work += 1;
                let (queue, found) = (self, Vec::new());
                return Some((waiting, Turn { queue, found }));
            }
            if work.at_work == 0 {
                return None;
            }
            self.changed.wait(&mut work);
        }
    }
}

/// A thread at work on a folder; hands over what it found there when it is done, or has died.
struct Turn<'queue> {
    queue: &'queue Queue,
    found: Vec<Waiting>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut work = self.queue.state.lock();
        work.waiting.append(&mut self.found);
        work.at_work -= 1;
        drop(work);
        self.queue.changed.notify_all();
    }
}
