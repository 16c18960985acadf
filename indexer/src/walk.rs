//! The files of a workspace that are indexed, and the reasons why others are not.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::folder::{FileKind, Folder, Stat, is_gone};
pub use crate::skip::{SkipReason, skipped_by_content, skipped_by_name};
pub use crate::walker::{IgnoreStatus, PathChecker};
use crate::walker::{WalkItem, WalkScope, Walker};
use ollacode_secrets::redact;

/// Limits of a walk.
#[derive(Clone, Debug)]
pub struct WalkLimits {
    /// The largest size of a file that is not skipped, in bytes.
    pub file_size: u64,
    /// The greatest depth of a folder, counted from the root of the workspace.
    pub depth: usize,
    /// The most files; further files of the workspace are skipped, which the report says.
    pub files: usize,
    /// Further globs of files to exclude, in the syntax of an ignore file.
    pub exclude: Vec<String>,
    /// Folders of the program itself, which are not entered, whatever their name.
    pub own: Vec<PathBuf>,
}

impl Default for WalkLimits {
    fn default() -> WalkLimits {
        WalkLimits {
            file_size: 1 << 20,
            depth: 64,
            files: 1_000_000,
            exclude: Vec::new(),
            own: Vec::new(),
        }
    }
}

/// A file that the walk found.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct WalkEntry {
    /// From the top of the workspace, with `/`.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification (`mtime`), in nanoseconds since 1970; programs can set it.
    pub modified_ns: i64,
    /// Time of the last status change (`ctime`), in nanoseconds since 1970, which programs cannot
    /// set; 0 where the system does not provide it.
    pub changed_ns: i64,
    /// Inode number; 0 where the system does not provide it.
    pub inode: u64,
}

/// The result of a walk.
#[derive(Debug, Default)]
pub struct WalkResult {
    /// Files that may be indexed, by path.
    pub entries: Vec<WalkEntry>,
    /// Files that may not, counted by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
    /// The skipped files, each with its reason.
    pub skipped_files: Vec<(String, SkipReason)>,
    /// Paths that were skipped because of a name for secrets.
    pub secrets: Vec<String>,
    /// Folders that were walked, from the top, for the watcher.
    pub folders: Vec<PathBuf>,
    /// Folders of build output, dependencies and caches, excluded without an ignore file.
    pub left_out: Vec<String>,
    /// Files that are listed although an ignore file excludes them, because git tracks them.
    pub tracked: usize,
    /// Number of files and folders that ignore files or the `exclude` setting leave out.
    pub ignored: usize,
    /// Number of hidden files and folders.
    pub hidden: usize,
    /// Folders and files that could not be read, so that their content is not known.
    pub unread: Vec<String>,
    /// What could not be listed, and ignore files that are not applied in full: a message each.
    pub errors: Vec<String>,
}

/// Lists the files of a workspace.
///
/// Ignore files count up to the top of the git work tree, and outside git within the workspace;
/// links are not followed.
pub fn walk(root: &Path, limits: &WalkLimits) -> WalkResult {
    let mut walked = walked(root, limits, WalkScope::Everything);
    // Which files are beyond the limit must not depend on which thread was first.
    let beyond = walked
        .entries
        .split_off(limits.files.min(walked.entries.len()));
    for entry in beyond {
        walked.skip(&entry.path, SkipReason::OverLimit);
    }
    walked
}

/// Lists some paths and what is below them, by the rules of [`walk`].
///
/// A path that does not exist, is ignored or is skipped is not among the entries. Nothing is listed
/// if none of them exists.
pub fn entries_of(root: &Path, paths: &[String], limits: &WalkLimits) -> WalkResult {
    let Ok(top) = Folder::open(root) else {
        // The walk says why, and that nothing is known.
        return walked(root, limits, WalkScope::of(paths.iter().cloned()));
    };
    let present = paths.iter().filter(|path| !is_absent(&top, path));
    let present: Vec<String> = present.cloned().collect();
    if present.is_empty() {
        return WalkResult::default();
    }
    walked(root, limits, WalkScope::of(present))
}

/// Whether the system says that there is nothing at a path. What cannot be looked at may exist.
fn is_absent(top: &Folder, path: &str) -> bool {
    let (way, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.is_empty() {
        return false;
    }
    let is_missing = |error: io::Error| error.kind() == io::ErrorKind::NotFound;
    let mut inner: Option<Folder> = None;
    for name in way.split('/').filter(|name| !name.is_empty()) {
        let next = inner.as_ref().unwrap_or(top).folder(OsStr::new(name));
        match next {
            Ok(folder) => inner = Some(folder),
            Err(error) => return is_missing(error),
        }
    }
    let found = inner.as_ref().unwrap_or(top).stat(OsStr::new(name));
    found.is_err_and(is_missing)
}

fn walked(root: &Path, limits: &WalkLimits, scope: WalkScope) -> WalkResult {
    let parts = Walker::new(root, limits, scope)
        .run(|part: &mut WalkResult, seen| part.take(root, seen, limits));
    let mut walked = WalkResult::default();
    for part in parts {
        walked.add(part);
    }
    walked.entries.sort_unstable();
    walked.skipped_files.sort_unstable();
    walked.secrets.sort_unstable();
    walked.folders.sort_unstable();
    walked.left_out.sort_unstable();
    walked.unread.sort_unstable();
    walked.errors.sort_unstable();
    walked
}

/// An entry that no ignore file excludes, whether it is indexed or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedEntry {
    /// From the top of the workspace, with `/`; empty for the top itself.
    pub path: String,
    /// The type of the entry.
    pub kind: ListedKind,
}

/// The type of a listed entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// A regular file.
    File,
    /// An entry that could not be read, such as a folder without permission.
    Failed,
    /// A folder, a link, a special file, or an entry whose name is not UTF-8.
    Other,
}

/// Lists a folder, or a single file, by path, without what ignore files exclude.
///
/// The given folder is listed even if it is excluded by default; folders in it are not.
pub fn list(root: &Path, below: &str, limits: &WalkLimits) -> Vec<ListedEntry> {
    let walker = Walker::new(root, limits, WalkScope::named(below));
    let parts = walker.run(|part: &mut Vec<ListedEntry>, seen| {
        let (path, kind) = match seen {
            WalkItem::File { path, .. } => (path, ListedKind::File),
            WalkItem::Failed { path, .. } => (path, ListedKind::Failed),
            WalkItem::Folder { path }
            | WalkItem::TooDeep { path }
            | WalkItem::Other { path }
            | WalkItem::OddName { path } => (path, ListedKind::Other),
            WalkItem::LeftOut { .. }
            | WalkItem::Ignored
            | WalkItem::Hidden
            | WalkItem::Complaint(_) => return,
        };
        if is_below(path, below) {
            let path = path.to_owned();
            part.push(ListedEntry { path, kind });
        }
    });
    let mut listed: Vec<ListedEntry> = parts.into_iter().flatten().collect();
    listed.sort_unstable();
    listed
}

/// Metadata that tells whether a file has changed, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Device and inode.
    pub identity: (u64, u64),
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification (`mtime`), in nanoseconds since 1970; programs can set it.
    pub modified_ns: i64,
    /// Time of the last status change (`ctime`), which the system sets.
    pub changed_ns: i64,
    /// Time of creation; `None` where the system does not provide it.
    pub made_ns: Option<i64>,
}

impl FileStamp {
    /// Whether the file is unchanged since: programs cannot set the time of the status change.
    pub fn is_unchanged(&self, now: &FileStamp) -> bool {
        let made_ns = self.made_ns;
        *self == FileStamp { made_ns, ..*now }
    }

    fn new(stat: &Stat, made_ns: Option<i64>) -> FileStamp {
        FileStamp {
            identity: (stat.device, stat.inode),
            size: stat.size,
            modified_ns: stat.modified_ns,
            changed_ns: stat.changed_ns,
            made_ns,
        }
    }
}

/// The stamp of a file, by its path relative to the root, with `/`. `None` if there is no regular
/// file, or only one behind a link.
pub fn stamp(root: &Path, path: &str) -> Option<FileStamp> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut folder = Folder::open(root).ok()?;
    for name in folders.split('/').filter(|name| !name.is_empty()) {
        folder = folder.folder(OsStr::new(name)).ok()?;
    }
    let (stat, made_ns) = folder.stat_and_made(OsStr::new(name)).ok()?;
    (stat.kind == FileKind::File).then(|| FileStamp::new(&stat, made_ns))
}

/// All files that the ignore files leave, with their stamps, in no order: those that cannot be indexed,
/// too. What cannot be looked at is left out. The files are counted up to a limit and one more.
pub fn stamps(root: &Path, most: usize) -> Vec<(String, FileStamp)> {
    stamps_and(root, most, |_| {})
}

/// The same, and tells of each folder before its files are looked at.
pub fn stamps_and(
    root: &Path,
    most: usize,
    enters: impl Fn(&str) + Sync,
) -> Vec<(String, FileStamp)> {
    let limits = WalkLimits::default();
    let walker = Walker::new(root, &limits, WalkScope::Everything);
    let count = AtomicUsize::new(0);
    let parts = walker.run(|part: &mut Vec<(String, FileStamp)>, seen| {
        let (path, folder, name) = match seen {
            WalkItem::File {
                path, folder, name, ..
            } => (path, folder, name),
            WalkItem::Folder { path } => return enters(path),
            _ => return,
        };
        let Ok((stat, made_ns)) = folder.stat_and_made(name) else {
            return;
        };
        if stat.kind == FileKind::File && count.fetch_add(1, Ordering::Relaxed) <= most {
            part.push((path.to_owned(), FileStamp::new(&stat, made_ns)));
        }
    });
    parts.into_iter().flatten().collect()
}

/// Whether a path is another one, or in it; all are in the empty one.
pub(crate) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl WalkResult {
    /// Whether the content of a path is unknown because it could not be read.
    pub(crate) fn is_unread(&self, path: &str) -> bool {
        self.unread.iter().any(|unread| is_below(path, unread))
    }

    fn add(&mut self, part: WalkResult) {
        self.entries.extend(part.entries);
        self.skipped_files.extend(part.skipped_files);
        self.secrets.extend(part.secrets);
        self.folders.extend(part.folders);
        self.left_out.extend(part.left_out);
        self.tracked += part.tracked;
        self.ignored += part.ignored;
        self.hidden += part.hidden;
        self.unread.extend(part.unread);
        self.errors.extend(part.errors);
        for (skip, count) in part.skipped {
            *self.skipped.entry(skip).or_default() += count;
        }
    }

    fn take(&mut self, root: &Path, seen: WalkItem<'_>, limits: &WalkLimits) {
        match seen {
            WalkItem::Folder { path: "" } => self.folders.push(root.to_owned()),
            WalkItem::Folder { path } => self.folders.push(root.join(path)),
            // Files are counted below; the folder itself is not a file.
            WalkItem::TooDeep { path } => {
                self.folders.push(root.join(path));
                self.skip(path, SkipReason::OverLimit);
            }
            WalkItem::File {
                path,
                folder,
                name,
                is_ignored,
            } => self.take_file(path, folder, name, is_ignored, limits),
            WalkItem::Other { path } => self.skip(path, SkipReason::NotAFile),
            WalkItem::OddName { path } => self.skip(path, SkipReason::OddName),
            WalkItem::LeftOut { path } => self.left_out.push(path.to_owned()),
            WalkItem::Ignored => self.ignored += 1,
            WalkItem::Hidden => self.hidden += 1,
            WalkItem::Failed { path, error } => self.fail(path, error),
            WalkItem::Complaint(complaint) => self.errors.push(complaint),
        }
    }

    fn take_file(
        &mut self,
        path: &str,
        folder: &Folder,
        name: &OsStr,
        is_ignored: bool,
        limits: &WalkLimits,
    ) {
        let in_path = redact(path);
        if !in_path.findings.is_empty() {
            self.secrets.push(in_path.text.to_string());
            return self.skip(&in_path.text, SkipReason::Secret);
        }
        if let Some(skip) = skipped_by_name(path) {
            if skip == SkipReason::Secret {
                self.secrets.push(path.to_owned());
            }
            return self.skip(path, skip);
        }
        let stat = match folder.stat(name) {
            Ok(stat) => stat,
            Err(error) => return self.fail(path, &error),
        };
        if stat.kind != FileKind::File {
            return self.skip(path, SkipReason::NotAFile);
        }
        if stat.size > limits.file_size {
            return self.skip(path, SkipReason::TooLarge);
        }
        self.tracked += usize::from(is_ignored);
        self.entries.push(WalkEntry {
            path: path.to_owned(),
            size: stat.size,
            modified_ns: stat.modified_ns,
            changed_ns: stat.changed_ns,
            inode: stat.inode,
        });
    }

    fn skip(&mut self, path: &str, skip: SkipReason) {
        *self.skipped.entry(skip).or_default() += 1;
        self.skipped_files.push((path.to_owned(), skip));
    }

    /// Reports a failure, unless the entry was removed meanwhile.
    fn fail(&mut self, path: &str, error: &io::Error) {
        if is_gone(error) && !path.is_empty() {
            return self.skip(path, SkipReason::Vanished);
        }
        let shown = if path.is_empty() { "." } else { path };
        self.errors
            .push(format!("`{shown}` cannot be read: {error}"));
        self.unread.push(path.to_owned());
        self.skip(shown, SkipReason::Unreadable);
    }
}

/// A path from the top of the workspace with `/`, if it is valid UTF-8.
pub fn relative(root: &Path, path: &Path) -> Option<String> {
    let relative = path.strip_prefix(root).ok()?.to_str()?;
    Some(if std::path::MAIN_SEPARATOR == '/' {
        relative.to_owned()
    } else {
        relative.replace(std::path::MAIN_SEPARATOR, "/")
    })
}
