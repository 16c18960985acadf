//! Which files of a workspace are indexed, and why the others are not.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::{Deserialize, Serialize};

use crate::folder::{Folder, Kind, Stat, is_gone};
pub use crate::skip::{Skip, skipped_by_content, skipped_by_name};
use crate::walker::{Scope, Seen, Walker};
pub use crate::walker::{Sight, Standing};
use ollacode_secrets::redact;

/// Limits of a walk.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Larger files are skipped, in bytes.
    pub file_size: u64,
    /// Deepest folder, counted from the workspace.
    pub depth: usize,
    /// Most files; a workspace with more is cut there, and the report says so.
    pub files: usize,
    /// Globs of what is skipped besides, as in an ignore file.
    pub exclude: Vec<String>,
    /// Folders of the program itself, which are not entered under whatever name they are found.
    pub own: Vec<PathBuf>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_size: 1 << 20,
            depth: 64,
            files: 1_000_000,
            exclude: Vec::new(),
            own: Vec::new(),
        }
    }
}

/// A file as the walk sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// From the top of the workspace, with `/`.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Time of the last change of its content, in nanoseconds since 1970, as its owner may set it.
    pub modified_ns: i64,
    /// Time of the last change of anything, which nobody can set; 0 where the system does not say.
    pub changed_ns: i64,
    /// Its number in the file system; 0 where the system does not say.
    pub inode: u64,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walked {
    /// Files that may be indexed, by path.
    pub entries: Vec<Entry>,
    /// Files that may not, counted by reason.
    pub skipped: BTreeMap<Skip, usize>,
    /// The same by path, each with its reason.
    pub skipped_files: Vec<(String, Skip)>,
    /// Paths skipped because their name says that they hold secrets.
    pub secrets: Vec<String>,
    /// Folders that were walked, from the top, for the watcher.
    pub folders: Vec<PathBuf>,
    /// Folders that tools fill, left out although no ignore file says so.
    pub left_out: Vec<String>,
    /// Files that are listed although an ignore file names them: git tracks them.
    pub tracked: usize,
    /// Files and folders that ignore files, or the excludes of the settings, leave out.
    pub ignored: usize,
    /// Hidden files and folders.
    pub hidden: usize,
    /// Folders and files that could not be looked at; what they hold is not known.
    pub unread: Vec<String>,
    /// What could not be listed, and ignore files that do not count in full: a message each.
    pub errors: Vec<String>,
}

/// Lists the files of a workspace.
///
/// Ignore files count up to the top of the git work tree, and outside git within the workspace;
/// links are not followed.
pub fn walk(root: &Path, limits: &Limits) -> Walked {
    let mut walked = walked(root, limits, Scope::Everything);
    // Which files are beyond the limit must not depend on which thread was first.
    let beyond = walked
        .entries
        .split_off(limits.files.min(walked.entries.len()));
    for entry in beyond {
        walked.skip(&entry.path, Skip::OverLimit);
    }
    walked
}

/// Looks at a few paths only, and at what is below them, by the rules of [`walk`].
///
/// A path that is gone, ignored or skipped is not among the entries.
pub fn entries_of(root: &Path, paths: &[String], limits: &Limits) -> Walked {
    walked(root, limits, Scope::of(paths.iter().cloned()))
}

fn walked(root: &Path, limits: &Limits, scope: Scope) -> Walked {
    let parts = Walker::new(root, limits, scope)
        .run(|part: &mut Walked, seen| part.take(root, seen, limits));
    let mut walked = Walked::default();
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

/// Something that the ignore files leave, whether it may be indexed or not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// From the top of the workspace, with `/`; empty for the top itself.
    pub path: String,
    /// What it is.
    pub kind: ListedKind,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListedKind {
    /// A regular file.
    File,
    /// Something that could not be looked at, such as a folder that may not be listed.
    Failed,
    /// A folder, a link, a special file, or something with a name that is not text.
    Other,
}

/// Lists a folder, or names a file, by path: everything that the ignore files leave in it.
///
/// A folder that is named is listed even if it is left out by default; one in it is not.
pub fn list(root: &Path, below: &str, limits: &Limits) -> Vec<Listed> {
    let walker = Walker::new(root, limits, Scope::named(below));
    let parts = walker.run(|part: &mut Vec<Listed>, seen| {
        let (path, kind) = match seen {
            Seen::File { path, .. } => (path, ListedKind::File),
            Seen::Failed { path, .. } => (path, ListedKind::Failed),
            Seen::Folder { path }
            | Seen::TooDeep { path }
            | Seen::Other { path }
            | Seen::OddName { path } => (path, ListedKind::Other),
            Seen::LeftOut { .. } | Seen::Ignored | Seen::Hidden | Seen::Complaint(_) => return,
        };
        if is_below(path, below) {
            let path = path.to_owned();
            part.push(Listed { path, kind });
        }
    });
    let mut listed: Vec<Listed> = parts.into_iter().flatten().collect();
    listed.sort_unstable();
    listed
}

/// What tells whether a file has changed without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Its device and inode.
    pub identity: (u64, u64),
    /// In bytes.
    pub size: u64,
    /// Time of the last change of its content, in nanoseconds since 1970, as its owner may set it.
    pub modified_ns: i64,
    /// Time of the last change of any kind, as the system sets it.
    pub changed_ns: i64,
    /// Time when it was made; `None` where the system does not say.
    pub made_ns: Option<i64>,
}

impl FileStamp {
    /// Whether the file has not been changed since: nobody can set the time of the last change.
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

/// The stamp of a file, by its path from the top with `/`. `None` if there is no regular file, or
/// only one that is reached over a link.
pub fn stamp(root: &Path, path: &str) -> Option<FileStamp> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut folder = Folder::open(root).ok()?;
    for name in folders.split('/').filter(|name| !name.is_empty()) {
        folder = folder.folder(OsStr::new(name)).ok()?;
    }
    let (stat, made_ns) = folder.stat_and_made(OsStr::new(name)).ok()?;
    (stat.kind == Kind::File).then(|| FileStamp::new(&stat, made_ns))
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
    let limits = Limits::default();
    let walker = Walker::new(root, &limits, Scope::Everything);
    let count = AtomicUsize::new(0);
    let parts = walker.run(|part: &mut Vec<(String, FileStamp)>, seen| {
        let (path, folder, name) = match seen {
            Seen::File {
                path, folder, name, ..
            } => (path, folder, name),
            Seen::Folder { path } => return enters(path),
            _ => return,
        };
        let Ok((stat, made_ns)) = folder.stat_and_made(name) else {
            return;
        };
        if stat.kind == Kind::File && count.fetch_add(1, Ordering::Relaxed) <= most {
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

impl Walked {
    /// Whether it is not known what is at a path, since it could not be looked at.
    pub(crate) fn is_unread(&self, path: &str) -> bool {
        self.unread.iter().any(|unread| is_below(path, unread))
    }

    fn add(&mut self, part: Walked) {
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

    fn take(&mut self, root: &Path, seen: Seen<'_>, limits: &Limits) {
        match seen {
            Seen::Folder { path: "" } => self.folders.push(root.to_owned()),
            Seen::Folder { path } => self.folders.push(root.join(path)),
            // Files are counted below; the folder itself is none.
            Seen::TooDeep { path } => {
                self.folders.push(root.join(path));
                self.skip(path, Skip::OverLimit);
            }
            Seen::File {
                path,
                folder,
                name,
                is_ignored,
            } => self.take_file(path, folder, name, is_ignored, limits),
            Seen::Other { path } => self.skip(path, Skip::NotAFile),
            Seen::OddName { path } => self.skip(path, Skip::OddName),
            Seen::LeftOut { path } => self.left_out.push(path.to_owned()),
            Seen::Ignored => self.ignored += 1,
            Seen::Hidden => self.hidden += 1,
            Seen::Failed { path, error } => self.fail(path, error),
            Seen::Complaint(complaint) => self.errors.push(complaint),
        }
    }

    fn take_file(
        &mut self,
        path: &str,
        folder: &Folder,
        name: &OsStr,
        is_ignored: bool,
        limits: &Limits,
    ) {
        let in_path = redact(path);
        if !in_path.findings.is_empty() {
            self.secrets.push(in_path.text.to_string());
            return self.skip(&in_path.text, Skip::Secret);
        }
        if let Some(skip) = skipped_by_name(path) {
            if skip == Skip::Secret {
                self.secrets.push(path.to_owned());
            }
            return self.skip(path, skip);
        }
        let stat = match folder.stat(name) {
            Ok(stat) => stat,
            Err(error) => return self.fail(path, &error),
        };
        if stat.kind != Kind::File {
            return self.skip(path, Skip::NotAFile);
        }
        if stat.size > limits.file_size {
            return self.skip(path, Skip::TooLarge);
        }
        self.tracked += usize::from(is_ignored);
        self.entries.push(Entry {
            path: path.to_owned(),
            size: stat.size,
            modified_ns: stat.modified_ns,
            changed_ns: stat.changed_ns,
            inode: stat.inode,
        });
    }

    fn skip(&mut self, path: &str, skip: Skip) {
        *self.skipped.entry(skip).or_default() += 1;
        self.skipped_files.push((path.to_owned(), skip));
    }

    /// What is gone is gone; of all else nothing is known.
    fn fail(&mut self, path: &str, error: &io::Error) {
        if is_gone(error) && !path.is_empty() {
            return self.skip(path, Skip::Vanished);
        }
        let shown = if path.is_empty() { "." } else { path };
        self.errors
            .push(format!("`{shown}` cannot be read: {error}"));
        self.unread.push(path.to_owned());
        self.skip(shown, Skip::Unreadable);
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
