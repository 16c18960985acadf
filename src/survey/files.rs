//! The files of a survey: which there are, and the text of manifests, within limits.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use ollacode_indexer::walk::{SkipReason, WalkLimits, walk};

use super::tables;
use crate::jail::{EntryKind, Jail, is_secret_path};
use crate::permission::Rules;

/// Most files that are listed, and the greatest depth of their folders.
const MOST_FILES: usize = 200_000;
const DEEPEST: usize = 24;
/// Most files of one folder, beside manifests, if only the upper folders are looked at.
const MOST_OF_A_FOLDER: usize = 1_000;
/// Most bytes of a manifest: package manifests have less than 100 KB, written lock-like ones more.
const MOST_BYTES: u64 = 512 << 10;
/// Most manifests that are read,
const MOST_READ: usize = 400;
/// and the most bytes of all of them.
const MOST_BYTES_READ: u64 = 8 << 20;
/// Most entries of [`super::Facts::unread`].
const MOST_UNREAD: usize = 100;

/// The files that ignore files, rules and secrets leave.
pub(super) struct Files<'a> {
    jail: &'a Jail,
    /// Size in bytes by path.
    sizes: BTreeMap<String, u64>,
    /// All folders with files, and those above them.
    folders: BTreeSet<String>,
    /// Folders that tools fill, which the walk leaves out.
    pub left_out: Vec<String>,
    texts: RefCell<BTreeMap<String, Option<Rc<str>>>>,
    bytes_read: Cell<u64>,
    unread: RefCell<BTreeSet<String>>,
}

impl<'a> Files<'a> {
    /// Lists the files of a workspace.
    pub fn of(jail: &'a Jail, rules: &Rules, deepest: Option<usize>) -> Files<'a> {
        let limits = WalkLimits {
            depth: deepest.unwrap_or(DEEPEST),
            files: MOST_FILES,
            own: jail.private_paths(),
            ..WalkLimits::default()
        };
        let walked = walk(jail.root(), &limits);
        let is_open = |path: &str| {
            !path.is_empty()
                && !jail.leaves_out(path)
                && !is_secret_path(path)
                && !rules.hides(path)
        };
        let mut files = Files {
            jail,
            sizes: BTreeMap::new(),
            folders: BTreeSet::new(),
            left_out: walked.left_out,
            texts: RefCell::default(),
            bytes_read: Cell::new(0),
            unread: RefCell::default(),
        };
        files.left_out.retain(|path| is_open(path));
        // In a hurry, folders of pictures and the like are not looked through: each look takes as
        // long as reading a line.
        let most = deepest.map_or(usize::MAX, |_| MOST_OF_A_FOLDER);
        let mut counts: HashMap<String, usize> = HashMap::new();
        for entry in walked.entries {
            let count = counts.entry(split(&entry.path).0.to_owned()).or_default();
            *count += 1;
            let is_wanted = *count <= most || tables::marker_of(&entry.path).is_some();
            if is_wanted && is_open(&entry.path) {
                files.sizes.insert(entry.path, entry.size);
            }
        }
        for (path, reason) in walked.skipped_files {
            if is_open(&path) {
                files.skipped(path, reason);
            }
        }
        for path in walked.unread {
            files.unread(&path, "cannot be read");
        }
        files.add_hidden(&is_open);
        let paths: Vec<&String> = files.sizes.keys().collect();
        let folders = paths.iter().flat_map(|path| above(path));
        files.folders = folders.map(str::to_owned).collect();
        files
    }

    /// Takes note of a file that is not indexed: lock files tell of package managers, and a manifest
    /// that cannot be read is worth a word.
    fn skipped(&mut self, path: String, reason: SkipReason) {
        let is_manifest = tables::marker_of(&path).is_some() || tables::ci_of(&path).is_some();
        match reason {
            SkipReason::LockFile => {
                self.sizes.insert(path, 0);
            }
            SkipReason::Vanished | SkipReason::Secret => {}
            SkipReason::NotAFile if is_manifest => {
                self.unread(&path, "is a link or no file, which is not followed");
            }
            _ if is_manifest => self.unread(&path, reason.words()),
            _ => {}
        }
    }

    /// Looks for hidden files at the root that no walk lists, but that tell of the project.
    fn add_hidden(&mut self, is_open: &dyn Fn(&str) -> bool) {
        for name in tables::HIDDEN_FILES {
            let Ok(path) = self.jail.path(name) else {
                continue;
            };
            let is_file = self.jail.kind(&path).ok().flatten() == Some(EntryKind::File);
            if is_file && is_open(name) && !self.sizes.contains_key(*name) {
                self.sizes.insert((*name).to_owned(), 0);
            }
        }
    }

    /// All files with their sizes in bytes, by path.
    pub fn all(&self) -> impl Iterator<Item = (&str, u64)> {
        self.sizes.iter().map(|(path, size)| (path.as_str(), *size))
    }

    pub fn has(&self, path: &str) -> bool {
        self.sizes.contains_key(path)
    }

    /// Whether there is a folder with files in it; the root is one.
    pub fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.folders.contains(path)
    }

    /// The folders right below one.
    pub fn folders_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        let start = join(folder, "");
        let below = self.folders.range(start.clone()..).map(String::as_str);
        below
            .take_while({
                let start = start.clone();
                move |path| path.starts_with(&start)
            })
            .filter(move |path| {
                path.get(start.len()..)
                    .is_some_and(|name| !name.contains('/'))
            })
    }

    /// The files right in a folder, by name.
    pub fn names_in(&self, folder: &str) -> impl Iterator<Item = &str> {
        let start = join(folder, "");
        let from = self.sizes.range(start.clone()..);
        from.map(|(path, _)| path.as_str())
            .take_while({
                let start = start.clone();
                move |path| path.starts_with(&start)
            })
            .filter_map(move |path| path.get(start.len()..))
            .filter(|name| !name.contains('/'))
    }

    /// The text of a file, if it is there, small and text; each is read once.
    pub fn read(&self, path: &str) -> Option<Rc<str>> {
        if !self.has(path) {
            return None;
        }
        if let Some(text) = self.texts.borrow().get(path) {
            return text.clone();
        }
        let text = match self.read_now(path) {
            Ok(text) => Some(Rc::from(text)),
            Err(reason) => {
                self.unread(path, &reason);
                None
            }
        };
        let known = self
            .texts
            .borrow_mut()
            .insert(path.to_owned(), text.clone());
        debug_assert!(known.is_none());
        text
    }

    fn read_now(&self, path: &str) -> Result<String, String> {
        let size = self.sizes.get(path).copied().unwrap_or(0);
        if size > MOST_BYTES {
            return Err(format!(
                "too large: {size} bytes, at most {MOST_BYTES} are read"
            ));
        }
        if self.texts.borrow().len() >= MOST_READ || self.bytes_read.get() > MOST_BYTES_READ {
            return Err("too many manifests: this one was left out".to_owned());
        }
        let opened = self.jail.path(path).and_then(|path| self.jail.read(&path));
        let file = opened.map_err(|error| error.to_string())?;
        let bytes = file.bytes.len() as u64;
        self.bytes_read.set(self.bytes_read.get() + bytes);
        if bytes > MOST_BYTES {
            return Err(format!(
                "too large: {bytes} bytes, at most {MOST_BYTES} are read"
            ));
        }
        file.check_editable().map_err(|error| error.to_string())?;
        Ok(file.text)
    }

    /// Notes that a file was not read.
    pub fn unread(&self, path: &str, reason: &str) {
        let mut unread = self.unread.borrow_mut();
        if unread.len() < MOST_UNREAD {
            let line = reason.lines().next().unwrap_or_default();
            let shown = if path.is_empty() { "." } else { path };
            let line: String = format!("{shown}: {line}").chars().take(300).collect();
            unread.insert(crate::visible::visible_name(&line));
        }
    }

    /// What was not read.
    pub fn into_unread(self) -> Vec<String> {
        self.unread.into_inner().into_iter().collect()
    }
}

/// The folders above a path, without the root.
fn above(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// A path in a folder; the empty one is the root.
pub(super) fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// The folder and the name of a path.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A path relative to a folder, without `.` and `..`; `None` if it leads out or is absolute.
pub(super) fn resolve(folder: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~', '\\', '$']) || path.contains(['\0', '\n']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_and_none_leads_out() {
        for (folder, path, resolved) in [
            ("", "a/b", Some("a/b")),
            ("a", "../b/./c/", Some("b/c")),
            ("a/b", "..", Some("a")),
            ("a", "../..", None),
            ("", "/etc", None),
            ("", "~/x", None),
            ("", "$HOME/x", None),
            ("", ".", Some("")),
        ] {
            assert_eq!(
                resolve(folder, path).as_deref(),
                resolved,
                "{folder} {path}"
            );
        }
    }
}
