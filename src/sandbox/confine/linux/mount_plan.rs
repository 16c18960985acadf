//! Plans the mounts of a command's view, while everything is still visible.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::super::{GitAccess, SandboxPolicy};
use super::repository::WorktreeRepository;

/// Most links followed for one path.
const MOST_LINKS: usize = 40;

/// The planned view of a command.
#[derive(Debug, Default)]
pub struct MountPlan {
    /// What is mounted at which path. A path comes before those below it.
    pub places: BTreeMap<PathBuf, MountKind>,
    /// Links in these paths, with their targets.
    pub links: BTreeMap<PathBuf, PathBuf>,
}

/// What is mounted at a path. If two have the same path, the greater one wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MountKind {
    Empty,
    /// The host's file or folder, read-only.
    Readable {
        /// Whether it is a folder.
        is_folder: bool,
    },
    /// The host's file or folder, writable.
    Writable {
        /// Whether it is a folder.
        is_folder: bool,
    },
    Temporary,
    /// The cache folder of tools.
    Cache,
    /// The workspace; the current folder.
    Root,
}

/// The path at which a command sees its temporary folder.
pub fn private_temporary(root: &Path) -> PathBuf {
    let usual = Path::new("/tmp");
    let is_taken = root == usual;
    if is_taken {
        Path::new("/var/tmp")
    } else {
        usual
    }
    .to_owned()
}

impl MountPlan {
    /// Plans a view from what exists.
    pub fn new(bounds: &SandboxPolicy, repository: Option<&WorktreeRepository>) -> MountPlan {
        let mut plan = MountPlan::default();
        plan.add(bounds.root.clone(), MountKind::Root);
        let temporary = private_temporary(&bounds.root);
        plan.links
            .insert(PathBuf::from("/var/tmp"), PathBuf::from("/tmp"));
        if temporary != Path::new("/tmp") {
            plan.links.clear();
        }
        plan.add(temporary, MountKind::Temporary);
        plan.add(PathBuf::from("/dev/shm"), MountKind::Empty);
        for home in &bounds.homes {
            plan.add_home(home, &bounds.root);
        }
        for path in &bounds.readable {
            plan.add_existing(path, bounds, |is_folder| MountKind::Readable { is_folder });
        }
        for path in &bounds.writable {
            plan.add_existing(path, bounds, |is_folder| MountKind::Writable { is_folder });
        }
        if let Some(repository) = repository {
            plan.add_existing(&repository.common, bounds, |is_folder| match bounds.git {
                GitAccess::ReadOnly => MountKind::Readable { is_folder },
                _ => MountKind::Writable { is_folder },
            });
        }
        plan.drop_repeated();
        plan
    }

    fn add(&mut self, path: PathBuf, place: MountKind) {
        let there = self.places.entry(path).or_insert_with(|| place.clone());
        if place > *there {
            *there = place;
        }
    }

    /// Adds a home folder: empty except for its cache, unless it is in the workspace.
    fn add_home(&mut self, home: &Path, root: &Path) {
        let home = resolve(home, &mut self.links).unwrap_or_else(|| home.to_owned());
        let has_parent = home.is_absolute() && home.parent().is_some();
        if !has_parent || home.starts_with(root) || home.starts_with("/proc") {
            return;
        }
        self.add(home.join(".cache"), MountKind::Cache);
        self.add(home, MountKind::Empty);
    }

    fn add_existing(
        &mut self,
        path: &Path,
        bounds: &SandboxPolicy,
        place: impl Fn(bool) -> MountKind,
    ) {
        let mut links = BTreeMap::new();
        let Some(real) = resolve(path, &mut links) else {
            return;
        };
        let shows_home = bounds.homes.iter().any(|home| home.starts_with(&real));
        let shows_ours = bounds.temporary.starts_with(&real) || bounds.cache.starts_with(&real);
        let shows_kernel = ["/proc", "/sys", "/dev"]
            .iter()
            .any(|top| real.starts_with(top));
        if shows_home || shows_ours || shows_kernel || real.parent().is_none() {
            return;
        }
        let Ok(metadata) = fs::metadata(&real) else {
            return;
        };
        if metadata.is_dir() || metadata.is_file() {
            self.links.append(&mut links);
            self.add(real, place(metadata.is_dir()));
        }
    }

    /// Drops readable paths inside readable folders.
    fn drop_repeated(&mut self) {
        let is_readable = |place: &MountKind| matches!(place, MountKind::Readable { .. });
        let repeated: Vec<PathBuf> = self
            .places
            .iter()
            .filter(|(path, place)| {
                let mut above = path.ancestors().skip(1);
                let nearest = above.find_map(|path| self.places.get(path));
                is_readable(place) && nearest.is_some_and(is_readable)
            })
            .map(|(path, _)| path.clone())
            .collect();
        for path in repeated {
            self.places.remove(&path);
        }
    }
}

/// Follows and records links. `None` if nothing exists there.
fn resolve(path: &Path, links: &mut BTreeMap<PathBuf, PathBuf>) -> Option<PathBuf> {
    let names = |path: &Path| -> Vec<OsString> {
        let parts = path.components();
        let parts =
            parts.filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir));
        parts.map(|part| part.as_os_str().to_owned()).collect()
    };
    let mut real = PathBuf::from("/");
    let mut rest = VecDeque::from(names(path));
    let mut followed = 0;
    while let Some(name) = rest.pop_front() {
        if name == ".." {
            real.pop();
            continue;
        }
        let next = real.join(name);
        if !fs::symlink_metadata(&next).ok()?.is_symlink() {
            real = next;
            continue;
        }
        followed += 1;
        if followed > MOST_LINKS {
            return None;
        }
        let target = fs::read_link(&next).ok()?;
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        for name in names(&target).into_iter().rev() {
            rest.push_front(name);
        }
        links.insert(next, target);
    }
    Some(real)
}
