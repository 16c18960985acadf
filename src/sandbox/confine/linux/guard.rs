//! Looks after what is protected in the workspace: what may not appear, and appeared while a
//! command ran, is put elsewhere when nothing of the command is left.
//!
//! What is there before is covered in the view of the command. What is not there cannot be: a
//! mount needs a place, and a place that is made for it would be seen by everybody, outside as
//! well, and would break what asks whether the file is there.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix_linux::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, mkdirat, openat, readlinkat, renameat, statat,
    symlinkat, unlinkat,
};
use rustix_linux::io::Errno;

use super::super::SetAside;
use super::view::step_into;
use super::{Failure, Step};

/// Links that lead to links are followed no deeper.
const DEEPEST_LINKS: usize = 8;

/// Folders are moved to another disk no deeper.
const DEEPEST_FOLDERS: usize = 64;

/// What was protected in a folder before a command ran.
#[derive(Debug)]
pub struct Guard {
    root: PathBuf,
    folder: OwnedFd,
    aside: PathBuf,
    present: Vec<String>,
    watched: Vec<Watched>,
}

/// Something to look for afterwards.
#[derive(Debug)]
enum Watched {
    /// It was not there.
    Missing(String),
    /// It was a link with this text.
    Link(String, PathBuf),
    /// In a folder there were these names with a beginning.
    Beginning(String, String, BTreeSet<OsString>),
}

impl Guard {
    /// Looks at what is protected in a folder, and will put aside what appears.
    pub fn new(root: &Path, protected: &[String], aside: &Path) -> Result<Guard, Failure> {
        let folder = step_into(CWD, root.as_os_str());
        let mut guard = Guard {
            root: root.to_owned(),
            folder: folder.step(format!("open {}", root.display()))?,
            aside: aside.to_owned(),
            present: Vec::new(),
            watched: Vec::new(),
        };
        for path in protected {
            match path.strip_suffix('*') {
                Some(path) => guard.note_beginning(path),
                None => guard.note(path, 0),
            }
        }
        guard.present.sort();
        guard.present.dedup();
        Ok(guard)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is there and to be covered: paths below the root, none of them through a link.
    pub fn present(&self) -> &[String] {
        &self.present
    }

    fn note(&mut self, path: &str, links: usize) {
        if !self.is_there(path) {
            self.watched.push(Watched::Missing(path.to_owned()));
            return;
        }
        let mut at = self.root.clone();
        for (end, name) in ends(path) {
            at.push(name);
            let Ok(metadata) = fs::symlink_metadata(&at) else {
                self.watched.push(Watched::Missing(path.to_owned()));
                return;
            };
            if metadata.is_symlink() {
                if let Ok(text) = fs::read_link(&at) {
                    self.watched
                        .push(Watched::Link(path[..end].to_owned(), text));
                }
                // Where it leads to counts as well, if that is in the workspace.
                let real = at.canonicalize().ok();
                let below = real.and_then(|real| below(&real, &self.root));
                if let Some(below) = below.filter(|_| links < DEEPEST_LINKS) {
                    self.note(&format!("{below}{}", &path[end..]), links + 1);
                }
                return;
            }
        }
        self.present.push(path.to_owned());
    }

    fn note_beginning(&mut self, path: &str) {
        let (folder, beginning) = path.rsplit_once('/').unwrap_or(("", path));
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
        let names: BTreeSet<OsString> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name()))
            .filter(|name| name.as_bytes().starts_with(beginning.as_bytes()))
            .collect();
        for name in names.iter().filter_map(|name| name.to_str()) {
            let slash = if folder.is_empty() { "" } else { "/" };
            self.note(&format!("{folder}{slash}{name}"), 0);
        }
        let watched = Watched::Beginning(folder.to_owned(), beginning.to_owned(), names);
        self.watched.push(watched);
    }

    /// Puts elsewhere what may not have appeared. No process of the command may be left.
    pub fn put_aside(&self) -> Vec<SetAside> {
        let mut moved = Vec::new();
        for watched in &self.watched {
            match watched {
                Watched::Missing(path) => self.put_path_aside(path, &mut moved),
                Watched::Link(path, text) => {
                    if self.text_of_link(path).as_deref() != Some(text) {
                        self.put_path_aside(path, &mut moved);
                        self.restore_link(path, text);
                    }
                }
                Watched::Beginning(folder, beginning, known) => {
                    for name in self.names(folder) {
                        let is_one = name.as_bytes().starts_with(beginning.as_bytes());
                        if is_one && !known.contains(&name) {
                            let at = self.open(folder);
                            moved.extend(at.and_then(|at| self.move_out(&at, folder, &name)));
                        }
                    }
                }
            }
        }
        moved
    }

    /// Puts aside what is at a path, or the first new link on the way there.
    fn put_path_aside(&self, path: &str, moved: &mut Vec<SetAside>) {
        let Some(mut folder) = self.open("").filter(|_| self.is_there(path)) else {
            return;
        };
        for (end, name) in ends(path) {
            let above = path[..end].rsplit_once('/').map_or("", |(above, _)| above);
            let kind = statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)
                .map(|found| FileType::from_raw_mode(found.st_mode));
            match kind {
                Ok(FileType::Directory) if end < path.len() => {
                    let Ok(next) = step_into(&folder, OsStr::new(name)) else {
                        return;
                    };
                    folder = next;
                }
                Ok(FileType::RegularFile) if end < path.len() => return,
                Ok(_) => {
                    moved.extend(self.move_out(&folder, above, OsStr::new(name)));
                    return;
                }
                Err(_) => return,
            }
        }
    }

    fn move_out(&self, from: &OwnedFd, above: &str, name: &OsStr) -> Option<SetAside> {
        let shown = name.to_string_lossy();
        let path = match above {
            "" => shown.into_owned(),
            above => format!("{above}/{shown}"),
        };
        let now = self.move_aside(from, name);
        if now.is_err() {
            // It may not stay, whatever happens.
            let _ = remove(from, name, 0);
        }
        Some(SetAside {
            path,
            now: now.ok(),
        })
    }

    /// Moves something out, and tells its new path below the temporary folder.
    fn move_aside(&self, from: &OwnedFd, name: &OsStr) -> io::Result<String> {
        let own = rustix_linux::process::getpid().as_raw_nonzero();
        let aside = (0..u32::MAX)
            .map(|number| format!("{own}-{number}"))
            .find(|folder| match fs::create_dir(self.aside.join(folder)) {
                Err(error) => error.kind() != io::ErrorKind::AlreadyExists,
                Ok(()) => true,
            });
        let aside = aside.ok_or(io::ErrorKind::AlreadyExists)?;
        let to = step_into(CWD, self.aside.join(&aside).as_os_str())?;
        match renameat(from, name, &to, name) {
            Err(Errno::XDEV) => {
                copy(from, name, &to, 0)?;
                remove(from, name, 0)?;
            }
            done => done?,
        }
        Ok(format!("aside/{aside}/{}", name.to_string_lossy()))
    }

    /// Whether there is something at a path, perhaps by way of links.
    fn is_there(&self, path: &str) -> bool {
        statat(&self.folder, path, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Opens a folder below the root through no link.
    fn open(&self, path: &str) -> Option<OwnedFd> {
        let root = step_into(&self.folder, OsStr::new(".")).ok();
        ends(path).fold(root, |folder, (_, name)| {
            step_into(folder?, OsStr::new(name)).ok()
        })
    }

    fn names(&self, folder: &str) -> Vec<OsString> {
        let folder = self.open(folder);
        folder.map_or_else(Vec::new, |folder| names(&folder).unwrap_or_default())
    }

    fn text_of_link(&self, path: &str) -> Option<PathBuf> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let text = readlinkat(self.open(above)?, name, Vec::new()).ok()?;
        Some(PathBuf::from(OsStr::from_bytes(text.as_bytes())))
    }

    fn restore_link(&self, path: &str, text: &Path) {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if let Some(folder) = self.open(above) {
            // If something else is there now, it is somebody else's.
            let _ = symlinkat(text, folder, name);
        }
    }
}

/// Names of a path, each with where it ends.
fn ends(path: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut end = 0;
    path.split('/')
        .map(move |name| {
            let at = end + name.len();
            end = at + 1;
            (at, name)
        })
        .filter(|(_, name)| !name.is_empty())
}

/// A path as it is below a folder, if it is, and is text.
fn below(path: &Path, folder: &Path) -> Option<String> {
    let rest = path.strip_prefix(folder).ok()?.to_str()?;
    (!rest.is_empty()).then(|| rest.to_owned())
}

fn names(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = openat(folder, ".", flags, Mode::empty())?;
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn kind(folder: impl AsFd, name: &OsStr) -> io::Result<FileType> {
    let found = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(found.st_mode))
}

/// Copies files, folders and links to another disk.
fn copy(from: &OwnedFd, name: &OsStr, to: &OwnedFd, depth: usize) -> io::Result<()> {
    match kind(from, name)? {
        FileType::Directory if depth < DEEPEST_FOLDERS => {
            mkdirat(to, name, Mode::from_raw_mode(0o700))?;
            let (from, to) = (step_into(from, name)?, step_into(to, name)?);
            for name in names(&from)? {
                copy(&from, &name, &to, depth + 1)?;
            }
        }
        FileType::RegularFile => {
            let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let make = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
            let mut from = File::from(openat(from, name, read, Mode::empty())?);
            let to = openat(to, name, make, Mode::from_raw_mode(0o600))?;
            io::copy(&mut from, &mut File::from(to))?;
        }
        FileType::Symlink => symlinkat(readlinkat(from, name, Vec::new())?, to, name)?,
        // Pipes and sockets hold nothing.
        _ => {}
    }
    Ok(())
}

fn remove(from: &OwnedFd, name: &OsStr, depth: usize) -> io::Result<()> {
    if kind(from, name)? != FileType::Directory {
        return Ok(unlinkat(from, name, AtFlags::empty())?);
    }
    if depth < DEEPEST_FOLDERS {
        let folder = step_into(from, name)?;
        for name in names(&folder)? {
            remove(&folder, &name, depth + 1)?;
        }
    }
    Ok(unlinkat(from, name, AtFlags::REMOVEDIR)?)
}
