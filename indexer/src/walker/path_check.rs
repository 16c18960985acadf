//! How a walk would treat single paths, without a walk.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::{EntryVerdict, WalkScope, Walker};
use crate::default_excludes::{is_cache, is_filled};
use crate::folder::Folder;
use crate::hidden::is_shown;
use crate::ignore_files::{IgnoreRules, RuleFolder};
use crate::walk::WalkLimits;

/// Most folders whose rules are remembered.
const MOST_FOLDERS: usize = 20_000;

/// Folders of version control systems, and files that lead to them.
const VERSION_CONTROL: &[&str] = &[".git", ".hg", ".jj", ".svn"];

static LIMITS: LazyLock<WalkLimits> = LazyLock::new(WalkLimits::default);

/// Whether ignore files exclude a file. It does not have to exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreStatus {
    /// A walk lists it.
    Listed,
    /// Its own name begins with a dot, and no ignore file names it.
    Hidden,
    /// An ignore file names it, or it is in a hidden folder.
    Ignored,
    /// It is in a folder that tools fill, or in one of a version control system.
    Filled,
}

/// Judges files by the ignore files of the folders on the way, which are read once.
pub struct PathChecker {
    walker: Walker<'static>,
    folders: HashMap<String, FolderStatus>,
}

/// What holds in a folder.
#[derive(Clone)]
struct FolderStatus {
    rules: Option<Arc<IgnoreRules>>,
    standing: IgnoreStatus,
    /// Whether only what git tracks is seen in it.
    is_ignored: bool,
}

impl PathChecker {
    /// Judges files below a folder.
    pub fn new(root: &Path) -> PathChecker {
        PathChecker {
            walker: Walker::new(root, &LIMITS, WalkScope::Everything),
            folders: HashMap::new(),
        }
    }

    /// Judges a file by its path from the top, with `/`.
    pub fn of(&mut self, path: &str) -> IgnoreStatus {
        let (above, name) = split(path);
        let inside = self.inside(above);
        if inside.standing == IgnoreStatus::Filled || VERSION_CONTROL.contains(&name) {
            return IgnoreStatus::Filled;
        }
        if inside.standing != IgnoreStatus::Listed {
            return inside.standing;
        }
        let rules = inside.rules.as_deref();
        match self
            .walker
            .judge(rules, inside.is_ignored, path, false, &|| false)
        {
            EntryVerdict::Ignored | EntryVerdict::LeftOut => IgnoreStatus::Ignored,
            _ if is_shown(name) => IgnoreStatus::Listed,
            _ => IgnoreStatus::Hidden,
        }
    }

    /// Judges what is in a folder.
    pub fn of_folder(&mut self, path: &str) -> IgnoreStatus {
        self.inside(path).standing
    }

    /// Forgets what is known of a folder that has become another one, and of those in it.
    pub fn forget(&mut self, path: &str) {
        let below = format!("{path}/");
        self.folders
            .retain(|known, _| known != path && !known.starts_with(&below));
    }

    fn inside(&mut self, path: &str) -> FolderStatus {
        if let Some(known) = self.folders.get(path) {
            return known.clone();
        }
        let inside = self.folder_status(path);
        if self.folders.len() >= MOST_FOLDERS {
            self.folders.clear();
        }
        self.folders.insert(path.to_owned(), inside.clone());
        inside
    }

    fn folder_status(&mut self, path: &str) -> FolderStatus {
        if path.is_empty() {
            let rules = IgnoreRules::above(&self.walker.root, &self.walker.reading, &mut |_| {});
            let top = FolderStatus {
                rules,
                standing: IgnoreStatus::Listed,
                is_ignored: false,
            };
            return self.enter(path, top, true);
        }
        let (above, name) = split(path);
        let above_it = self.inside(above);
        let as_filled = |inside: FolderStatus| FolderStatus {
            standing: IgnoreStatus::Filled,
            ..inside
        };
        if above_it.standing == IgnoreStatus::Filled || VERSION_CONTROL.contains(&name) {
            return as_filled(above_it);
        }
        let open = self.open(above);
        let is_filled = || {
            let is_beside = |folder: &Folder, name: &str| folder.stat(OsStr::new(name)).is_ok();
            let open = open.as_ref();
            open.is_ok_and(|folder| is_filled(folder, name, |name| is_beside(folder, name)))
        };
        let rules = above_it.rules.as_deref();
        let judged = self
            .walker
            .judge(rules, above_it.is_ignored, path, true, &is_filled);
        let standing = match judged {
            EntryVerdict::LeftOut => return as_filled(above_it),
            EntryVerdict::Ignored if is_filled() => return as_filled(above_it),
            EntryVerdict::Ignored => IgnoreStatus::Ignored,
            _ if !is_shown(name) => IgnoreStatus::Ignored,
            EntryVerdict::Seen | EntryVerdict::Wanted | EntryVerdict::Tracked => above_it.standing,
        };
        let inside = FolderStatus {
            standing,
            is_ignored: judged == EntryVerdict::Tracked,
            ..above_it
        };
        self.enter(path, inside, judged == EntryVerdict::Wanted)
    }

    /// What holds in a folder once it is looked into; a folder that is not there changes nothing.
    fn enter(&self, path: &str, mut inside: FolderStatus, is_wanted: bool) -> FolderStatus {
        let Ok(folder) = self.open(path) else {
            return inside;
        };
        let has = |name: &str| folder.stat(OsStr::new(name)).is_ok();
        let full = self.walker.root.join(path);
        if !is_wanted && !inside.is_ignored && is_cache(&folder, has) {
            inside.is_ignored = true;
            let rules = inside.rules.as_ref();
            if !rules.is_some_and(|rules| rules.tracks(&full, true)) {
                inside.standing = IgnoreStatus::Filled;
            }
        }
        if inside.standing == IgnoreStatus::Listed {
            let place = RuleFolder {
                folder: &folder,
                path: &full,
                shown: "",
            };
            let reading = &self.walker.reading;
            inside.rules = IgnoreRules::of(&place, has, inside.rules.take(), reading, &mut |_| {});
        }
        inside
    }

    fn open(&self, path: &str) -> io::Result<Folder> {
        let top = Folder::open(&self.walker.root);
        let names = path.split('/').filter(|name| !name.is_empty());
        names.fold(top, |folder, name| folder?.folder(OsStr::new(name)))
    }
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
