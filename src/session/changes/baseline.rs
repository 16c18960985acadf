//! Finds what commands change, by comparing the files of the workspace before and after.
//!
//! Before a command, sizes, times and inodes are compared, and only files that changed since the
//! last time are read: undo needs their contents. Contents are held in memory up to a limit; files
//! beyond it are reported when they change, and cannot be restored.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ollacode_indexer::walk::{self, FileStamp};

use super::{Blob, Change};
use crate::jail::{Holds, Jail, JailError, is_secret};

/// Most bytes of contents held in memory.
const MOST_HELD: u64 = 32 << 20;
/// Largest file held, unless the session has changed it itself.
const LARGEST: u64 = 1 << 20;
/// Largest file held that the session has changed itself.
const LARGEST_TOUCHED: u64 = 8 << 20;
/// Workspaces with more files are not compared.
const MOST_FILES: usize = 50_000;
/// What is stored for one command.
const MOST_KEPT: KeepBudget = KeepBudget {
    files: 1_000,
    bytes: 16 << 20,
};
/// Most files reported as not stored.
const MOST_NAMED: usize = 100;
/// Resolution of file times on coarse clocks.
const TICK: Duration = Duration::from_millis(20);

/// The files of a workspace at the last comparison.
#[derive(Debug, Default)]
pub struct Baseline {
    files: HashMap<String, BaselineFile>,
    /// Bytes of the contents that are held.
    held: u64,
    /// When the last comparison started.
    looked: Nanoseconds,
}

/// Since 1970.
type Nanoseconds = i128;

#[derive(Debug)]
struct BaselineFile {
    stamp: BaselineStamp,
    /// `None` if it is not held.
    content: Option<Blob>,
}

/// Metadata that shows whether a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct BaselineStamp {
    inode: (u64, u64),
    size: u64,
    modified: Nanoseconds,
    changed: Nanoseconds,
    /// Creation time; `None` if the system has none.
    made: Option<Nanoseconds>,
}

/// What a command changed.
#[derive(Debug, Default)]
pub struct CommandChanges {
    /// Files with old and new contents.
    pub changes: Vec<Change>,
    /// Files whose contents are not stored: secrets, large files, and those over the limit.
    pub not_kept: Vec<String>,
    /// Number of further such files.
    pub more: usize,
}

/// The workspace has too many files to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this folder has more than {MOST_FILES} files")]
pub struct TooManyFiles;

impl Baseline {
    /// Records the workspace before a command. `touched`: files that the session has changed, which
    /// are held first.
    pub fn look(&mut self, jail: &Jail, touched: &BTreeSet<String>) -> Result<(), TooManyFiles> {
        let looked = now();
        let found = stamps(jail)?;
        let mut files = std::mem::take(&mut self.files);
        files.retain(|path, known| {
            let stamp = found.get(path);
            stamp.is_some_and(|stamp| self.is_same(known, stamp))
        });
        self.files = files;
        self.held = self.files.values().map(BaselineFile::held).sum();
        self.looked = looked;
        let mut fresh: Vec<(String, BaselineStamp)> = found
            .into_iter()
            .filter(|(path, _)| !self.files.contains_key(path))
            .collect();
        fresh.sort_unstable_by(|(path, stamp), (other, its)| {
            let first = |path: &String| !touched.contains(path);
            let key = (first(path), stamp.size, path);
            key.cmp(&(first(other), its.size, other))
        });
        let mut to_read = Vec::new();
        for (path, stamp) in fresh {
            let most = largest(touched.contains(&path));
            let fits = stamp.size <= most && self.held + stamp.size <= MOST_HELD;
            let is_held = fits && !is_secret_path(jail, &path);
            self.held += if is_held { stamp.size } else { 0 };
            to_read.push((path, stamp, is_held));
        }
        self.files.extend(read_all(jail, &to_read));
        Ok(())
    }

    /// Whether a file is unchanged by its metadata. A file changed just before the last comparison
    /// may have changed again in the same clock tick.
    fn is_same(&self, known: &BaselineFile, stamp: &BaselineStamp) -> bool {
        let is_settled = stamp.changed + nanoseconds(TICK) < self.looked;
        known.stamp == *stamp && (is_settled || known.content.is_none())
    }

    /// Finds what a command changed that started at `began` and has ended.
    pub fn compare(
        &mut self,
        jail: &Jail,
        touched: &BTreeSet<String>,
        began: SystemTime,
    ) -> Result<CommandChanges, TooManyFiles> {
        let span = since_1970(began) - nanoseconds(TICK)..=now();
        let found = stamps(jail)?;
        let mut paths: Vec<&String> = found.keys().chain(self.files.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        let inodes: HashSet<(u64, u64)> = self.files.values().map(|one| one.stamp.inode).collect();
        let mut changed = CommandChanges::default();
        let mut room = MOST_KEPT;
        for path in paths {
            let (before, after) = (self.files.get(path), found.get(path));
            let is_same = before
                .zip(after)
                .is_some_and(|(known, stamp)| self.is_same(known, stamp));
            // A file whose folder got another name keeps its times.
            let is_moved =
                before.is_none() && after.is_some_and(|stamp| inodes.contains(&stamp.inode));
            // Changes by others before or after the command have other times.
            let is_elsewhen = after.is_some_and(|stamp| !span.contains(&stamp.changed));
            if is_same || (is_elsewhen && !is_moved) {
                continue;
            }
            let is_own = before.is_some()
                || after.is_some_and(|stamp| {
                    let is_made = stamp.made.is_none_or(|made| span.contains(&made));
                    is_made || inodes.contains(&stamp.inode)
                });
            let most = largest(touched.contains(path));
            match difference(jail, path, before, after, most) {
                ContentDifference::None => {}
                ContentDifference::Kept(change) if is_own && room.takes(&change) => {
                    changed.changes.push(change);
                }
                ContentDifference::Kept(_) | ContentDifference::NotKept => changed.name(path),
            }
        }
        Ok(changed)
    }
}

impl BaselineFile {
    fn held(&self) -> u64 {
        let content = self.content.as_ref();
        content.map_or(0, |content| content.bytes.len() as u64)
    }
}

impl CommandChanges {
    fn name(&mut self, path: &str) {
        if self.not_kept.len() < MOST_NAMED {
            self.not_kept.push(path.to_owned());
        } else {
            self.more += 1;
        }
    }
}

/// Space left to store changes of a command.
struct KeepBudget {
    files: usize,
    bytes: u64,
}

impl KeepBudget {
    /// Uses space for a change; `false` if there is too little.
    fn takes(&mut self, change: &Change) -> bool {
        let sides = [&change.before, &change.after];
        let bytes = sides
            .into_iter()
            .flatten()
            .map(|blob| blob.bytes.len() as u64);
        let left = (
            self.files.checked_sub(1),
            self.bytes.checked_sub(bytes.sum()),
        );
        let (Some(files), Some(bytes)) = left else {
            return false;
        };
        *self = KeepBudget { files, bytes };
        true
    }
}

enum ContentDifference {
    None,
    Kept(Change),
    NotKept,
}

/// How the content of a file differs from before.
fn difference(
    jail: &Jail,
    path: &str,
    before: Option<&BaselineFile>,
    after: Option<&BaselineStamp>,
    most: u64,
) -> ContentDifference {
    let Some(place) = jail.path(path).ok().filter(|path| !is_secret(path)) else {
        return ContentDifference::NotKept;
    };
    // The journal of this very session may be in the workspace, and is no work of a command.
    if let Err(JailError::Private {
        holds: Holds::Own, ..
    }) = jail.kind(&place)
    {
        return ContentDifference::None;
    }
    let is_held = before.is_none_or(|known| known.content.is_some());
    if !is_held || after.is_some_and(|stamp| stamp.size > most) {
        return ContentDifference::NotKept;
    }
    // What is not found may be there all the same, and only be ignored from now on.
    let is_gone = after.is_none() && matches!(jail.kind(&place), Ok(None));
    let now = if is_gone { None } else { read(jail, path) };
    let was = before.and_then(|known| known.content.clone());
    match (&was, &now) {
        (Some(was), Some(now)) if was.hash == now.hash => ContentDifference::None,
        (_, None) if !is_gone => ContentDifference::NotKept,
        _ => ContentDifference::Kept(Change {
            path: path.to_owned(),
            before: was,
            after: now,
        }),
    }
}

fn largest(is_touched: bool) -> u64 {
    if is_touched { LARGEST_TOUCHED } else { LARGEST }
}

fn is_secret_path(jail: &Jail, path: &str) -> bool {
    jail.path(path).map_or(true, |path| is_secret(&path))
}

fn read(jail: &Jail, path: &str) -> Option<Blob> {
    let path = jail.path(path).ok()?;
    let file = jail.read_bytes(&path).ok()?;
    Some(Blob::from(&file))
}

/// Reads the files to hold, on all cores.
fn read_all(jail: &Jail, files: &[(String, BaselineStamp, bool)]) -> Vec<(String, BaselineFile)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut part = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((path, stamp, is_held)) = files.get(at) else {
                return part;
            };
            let content = is_held.then(|| read(jail, path)).flatten();
            let known = BaselineFile {
                stamp: *stamp,
                content,
            };
            part.push((path.clone(), known));
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    if files.len() < 64 {
        return work();
    }
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let parts = workers.into_iter().flat_map(|worker| {
            let part = worker.join();
            part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        parts.collect()
    })
}

/// The metadata of the files that are not ignored, by the rules of the index.
fn stamps(jail: &Jail) -> Result<HashMap<String, BaselineStamp>, TooManyFiles> {
    let found = walk::stamps(jail.root(), MOST_FILES);
    if found.len() > MOST_FILES {
        return Err(TooManyFiles);
    }
    let stamps = found.into_iter();
    Ok(stamps
        .map(|(path, stamp)| (path, BaselineStamp::of(&stamp)))
        .collect())
}

impl BaselineStamp {
    fn of(found: &FileStamp) -> BaselineStamp {
        BaselineStamp {
            inode: found.identity,
            size: found.size,
            modified: found.modified_ns.into(),
            changed: found.changed_ns.into(),
            made: found.made_ns.map(Nanoseconds::from),
        }
    }
}

fn now() -> Nanoseconds {
    since_1970(SystemTime::now())
}

fn since_1970(time: SystemTime) -> Nanoseconds {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => nanoseconds(since),
        Err(before) => -nanoseconds(before.duration()),
    }
}

fn nanoseconds(duration: Duration) -> Nanoseconds {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::jail::PrivatePath;

    #[test]
    fn data_of_this_program_is_not_what_a_command_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        fs::create_dir(&data).expect("a folder");
        for path in ["data/journal.jsonl", "a.txt"] {
            fs::write(folder.path().join(path), "one\n").expect("a file");
        }
        let own = PrivatePath {
            path: data,
            holds: Holds::Own,
        };
        let jail = Jail::open_without(folder.path(), &[own]).expect("a jail");
        let mut baseline = Baseline::default();
        let touched = BTreeSet::new();
        baseline.look(&jail, &touched).expect("few files");
        let began = SystemTime::now();
        for path in ["data/journal.jsonl", "data/new.jsonl", "a.txt"] {
            fs::write(folder.path().join(path), "one\ntwo\n").expect("a file");
        }
        let found = baseline.compare(&jail, &touched, began).expect("few files");
        let changed = found.changes.iter().map(|change| change.path.as_str());
        assert_eq!(changed.collect::<Vec<_>>(), ["a.txt"]);
        assert_eq!(found.not_kept, Vec::<String>::new());
    }
}
