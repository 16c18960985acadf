//! Lists the data of all workspaces, and deletes it for workspaces that no longer exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Index, IndexError, disk_bytes, mount_point, set_aside_bytes};

use super::App;
use crate::session::{SessionId, check_free, sessions};
use crate::workspace::workspace_id;

/// The file in a `confined` folder that contains the path of the workspace.
pub(super) const WORKSPACE: &str = "workspace";
/// Maximum bytes of that path.
const MOST_PATH: u64 = 8192;

/// The folders that have a folder for each workspace, by the name of its data,
const FOLDERS: [&str; 3] = ["indexes", "confined", "sessions"];
/// and those that have a file for each, with what follows its name.
const FILES: [(&str, &str); 4] = [
    ("maps", ".json"),
    ("checks", ".json"),
    ("memory", ".txt"),
    ("mcp/told", ""),
];

/// The folders below which disks are mounted that are not always there.
const MOUNTS: [&str; 4] = ["/media", "/mnt", "/run/media", "/Volumes"];

/// The data of a workspace.
#[derive(Clone, Debug)]
pub struct StoredIndex {
    /// The name of its folders.
    pub id: String,
    /// Path of the workspace; `None` if it is unknown, as in an index of an older version.
    pub root: Option<PathBuf>,
    /// Where the disk of the workspace was mounted, if that was noted.
    mount: Option<PathBuf>,
    /// Files in its index; `None` if there is no readable index.
    pub files: Option<u64>,
    /// Number of its sessions.
    pub sessions: u64,
    /// What it takes.
    pub sizes: StoredSizes,
    /// When the index was last written.
    pub written: Option<SystemTime>,
}

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredSizes {
    /// The index, without what was set aside.
    pub index: u64,
    /// What was set aside because it was damaged.
    pub set_aside: u64,
    /// What confined commands have written outside the workspace.
    pub confined: u64,
    /// The sessions, with what they keep for undo.
    pub sessions: u64,
    /// The map, the results of checks, and what the user was told.
    pub other: u64,
}

impl StoredSizes {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.index + self.set_aside + self.confined + self.sessions + self.other
    }
}

/// Whether a workspace is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It exists.
    Here,
    /// It is known not to exist.
    Gone,
    /// It is not there, but neither is the disk that it was on, or what a link on its path leads to.
    NotMounted,
    /// Its path is not known, or cannot be looked at.
    Unknown,
}

impl StoredIndex {
    /// Whether the workspace is there. It is gone only if the disk that it was on is there.
    pub fn presence(&self) -> Presence {
        let Some(root) = &self.root else {
            return Presence::Unknown;
        };
        // A folder that was moved, with a link in its place, is still there.
        match fs::metadata(root) {
            Ok(metadata) if metadata.is_dir() => Presence::Here,
            Ok(_) => Presence::Gone,
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                    if is_mounted(self.mount.as_deref(), root) {
                        Presence::Gone
                    } else {
                        Presence::NotMounted
                    }
                }
                _ => Presence::Unknown,
            },
        }
    }

    /// Whether the workspace is known not to exist.
    pub fn is_gone(&self) -> bool {
        self.presence() == Presence::Gone
    }
}

/// Whether the disk of a folder that does not exist is there.
///
/// Where the disk was mounted is noted with the index. If it was not, as by an older version of the
/// program, a folder that disks are mounted in tells, or one that is empty because nothing is
/// mounted on it.
fn is_mounted(mount: Option<&Path>, root: &Path) -> bool {
    let leads_nowhere = |above: &Path| above.is_symlink() && !above.exists();
    if root.ancestors().any(leads_nowhere) {
        return false;
    }
    if let Some(mount) = mount {
        // In `/mnt` itself, another disk may be mounted now.
        let is_for_any = MOUNTS.iter().any(|mounts| mount == Path::new(mounts));
        return !is_for_any && mount_point(mount).as_deref() == Some(mount);
    }
    let Some(above) = root.ancestors().skip(1).find(|above| above.is_dir()) else {
        return false;
    };
    let is_empty = || fs::read_dir(above).is_ok_and(|mut entries| entries.next().is_none());
    !MOUNTS.iter().any(|mounts| root.starts_with(mounts)) && !is_empty()
}

impl App {
    /// Every workspace with data, sorted by path.
    pub async fn stored_indexes(&self) -> io::Result<Vec<StoredIndex>> {
        let mut ids = BTreeSet::new();
        for name in FOLDERS {
            ids.extend(names(&self.settings.data_folder.join(name), |kind| {
                kind.is_dir()
            })?);
        }
        for (folder, suffix) in FILES {
            let files = names(&self.settings.data_folder.join(folder), |kind| {
                kind.is_file()
            })?;
            let own = files.iter().filter_map(|name| name.strip_suffix(suffix));
            ids.extend(own.map(str::to_owned));
        }
        let mut kept = Vec::new();
        for id in ids {
            kept.push(self.kept_of(id).await);
        }
        kept.sort_by(|one: &StoredIndex, other: &StoredIndex| {
            (&one.root, &one.id).cmp(&(&other.root, &other.id))
        });
        Ok(kept)
    }

    async fn kept_of(&self, id: String) -> StoredIndex {
        let [index, confined, session_folder] = self.kept_folders(&id);
        // An unreadable index is listed without its contents.
        let about = Index::about(&index).await.ok();
        // An unreadable session does not hide the others.
        let listed = sessions(&session_folder).unwrap_or_default();
        let noted = || {
            let bytes = ollacode_indexer::read_file(&confined.join(WORKSPACE), MOST_PATH).ok()?;
            Some(PathBuf::from(String::from_utf8(bytes).ok()?))
        };
        // A path that is no Unicode is written in sessions as another one, which does not exist.
        let of_session = || {
            let mut roots = listed.iter().map(|session| Path::new(&session.workspace));
            let root = roots.find(|root| workspace_id(root) == id)?;
            Some(root.to_owned())
        };
        let root = about.as_ref().and_then(|about| about.root.clone());
        let bytes = |folder: &Path| disk_bytes(folder).unwrap_or(0);
        let set_aside = set_aside_bytes(&index).unwrap_or(0);
        let file_bytes = |file: &PathBuf| fs::metadata(file).map_or(0, |found| found.len());
        let sizes = StoredSizes {
            index: bytes(&index).saturating_sub(set_aside),
            set_aside,
            confined: bytes(&confined),
            sessions: bytes(&session_folder),
            other: self.kept_files(&id).iter().map(file_bytes).sum(),
        };
        let root = root.or_else(noted).or_else(of_session);
        StoredIndex {
            id,
            root,
            mount: about.as_ref().and_then(|about| about.mount.clone()),
            files: about.as_ref().map(|about| about.files),
            sessions: listed.len() as u64,
            sizes,
            written: about.and_then(|about| about.written),
        }
    }

    /// Deletes all data of a workspace; nothing if one of its sessions is open.
    pub async fn forget(&self, kept: &StoredIndex) -> Result<(), IndexError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| IndexError::Workspace { path, source }
        };
        let [index, confined, session_folder] = self.kept_folders(&kept.id);
        let sessions = names(&session_folder, |kind| kind.is_dir());
        for name in sessions.map_err(failed(&session_folder))? {
            let Ok(id) = SessionId::parse(&name) else {
                continue;
            };
            let free = check_free(&session_folder, &id);
            free.map_err(|error| failed(&session_folder)(io::Error::other(error)))?;
        }
        Index::new(&index, &index, WalkLimits::default())
            .remove()
            .await?;
        // What tells whose data this is comes last, so that the rest is found after an interruption.
        for file in self.kept_files(&kept.id) {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&file)(error));
                }
                _ => {}
            }
        }
        for folder in [confined, session_folder] {
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&folder)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The folder of an index, by its name.
    pub fn index_folder(&self, kept: &StoredIndex) -> PathBuf {
        let [index, ..] = self.kept_folders(&kept.id);
        index
    }

    fn kept_folders(&self, id: &str) -> [PathBuf; 3] {
        FOLDERS.map(|name| self.settings.data_folder.join(name).join(id))
    }

    fn kept_files(&self, id: &str) -> [PathBuf; 4] {
        let data = &self.settings.data_folder;
        FILES.map(|(folder, suffix)| data.join(folder).join(format!("{id}{suffix}")))
    }
}

/// The names in a folder, which may not exist.
fn names(folder: &Path, is_wanted: impl Fn(fs::FileType) -> bool) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if is_wanted(entry.file_type()?) {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(root: &Path, mount: Option<&Path>) -> StoredIndex {
        StoredIndex {
            id: "a".to_owned(),
            root: Some(root.to_owned()),
            mount: mount.map(Path::to_owned),
            files: None,
            sessions: 0,
            sizes: StoredSizes::default(),
            written: None,
        }
    }

    #[test]
    fn a_workspace_is_gone_only_if_its_disk_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().canonicalize().expect("a path");
        let mount = mount_point(&here).expect("a mount point");
        assert!(here.starts_with(&mount));
        assert_eq!(mount_point(&mount), Some(mount.clone()));
        assert_eq!(at(&here, Some(&mount)).presence(), Presence::Here);
        fs::write(here.join("a file"), "").expect("a file");
        let gone = here.join("gone");
        assert_eq!(at(&gone, Some(&mount)).presence(), Presence::Gone);
        assert_eq!(at(&gone, None).presence(), Presence::Gone);
        assert_eq!(at(&here.join("a file"), None).presence(), Presence::Gone);
        // Nothing is mounted where the disk was: neither in a folder that is there nor in none.
        assert_eq!(at(&gone, Some(&here)).presence(), Presence::NotMounted);
        let nowhere = here.join("disk");
        let on_disk = nowhere.join("project");
        assert_eq!(
            at(&on_disk, Some(&nowhere)).presence(),
            Presence::NotMounted
        );
        // Not noted: an empty folder looks like one that something was mounted on.
        fs::create_dir(&nowhere).expect("a folder");
        assert_eq!(at(&on_disk, None).presence(), Presence::NotMounted);
        let removable = Path::new("/media/someone/no such disk/project");
        assert_eq!(at(removable, None).presence(), Presence::NotMounted);
        let unknown = StoredIndex {
            root: None,
            ..at(&here, None)
        };
        assert_eq!(unknown.presence(), Presence::Unknown);
    }

    #[test]
    fn any_disk_may_be_mounted_in_mnt() {
        // Whether something is mounted there or not.
        let project = Path::new("/mnt/no such project");
        let presence = at(project, Some(Path::new("/mnt"))).presence();
        assert_eq!(presence, Presence::NotMounted);
    }

    #[cfg(unix)]
    #[test]
    fn a_workspace_behind_a_link_is_not_gone() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().canonicalize().expect("a path");
        let mount = mount_point(&here).expect("a mount point");
        let (moved, link) = (here.join("moved"), here.join("project"));
        fs::create_dir(&moved).expect("a folder");
        fs::write(moved.join("a file"), "").expect("a file");
        symlink(&moved, &link).expect("a link");
        let inner = link.join("inner");
        for mount in [None, Some(mount.as_path())] {
            assert_eq!(at(&link, mount).presence(), Presence::Here);
            assert_eq!(at(&inner, mount).presence(), Presence::Gone);
        }
        // As on a disk that is not mounted.
        fs::rename(&moved, here.join("elsewhere")).expect("a rename");
        for mount in [None, Some(mount.as_path())] {
            assert_eq!(at(&link, mount).presence(), Presence::NotMounted);
            assert_eq!(at(&inner, mount).presence(), Presence::NotMounted);
        }
    }
}
