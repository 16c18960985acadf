//! Opens the folder of a file from the root, by single names and without following links.

use std::io;

use cap_std::fs::{Dir, Metadata};

use super::error::failed;
use super::private::{identity, identity_of};
use super::{EntryKind, Jail, JailError, WorkspacePath, is_missing, kind_of, system};

/// Mode of new folders.
const FOLDER_MODE: u32 = 0o755;

/// What to do about missing folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MissingFolders {
    Made,
    /// An error: there is nothing to find.
    Fails,
}

/// The place of a file that may exist: its open folder, and its name in it.
pub(super) struct ResolvedPath<'path> {
    pub folder: Dir,
    pub name: &'path str,
    pub path: &'path WorkspacePath,
}

impl ResolvedPath<'_> {
    /// The metadata of the entry, which may be a link; `None` if there is none.
    pub fn metadata(&self) -> Result<Option<Metadata>, JailError> {
        match self.folder.symlink_metadata(self.name) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(cause) => Err(failed("look at", self.path.as_str(), cause)),
        }
    }
}

impl Jail {
    /// Opens the folder of a file.
    pub(super) fn open_parent<'path>(
        &self,
        path: &'path WorkspacePath,
        missing: MissingFolders,
    ) -> Result<ResolvedPath<'path>, JailError> {
        let Some(name) = path.name() else {
            return Err(JailError::Folder(path.to_string()));
        };
        let names: Vec<&str> = path.as_str().split('/').collect();
        let mut folder = self.top()?;
        self.check_private(&folder, path.as_str(), &names)?;
        for (at, (above, name)) in path.folders().enumerate() {
            folder = self.step(&folder, above, name, missing)?;
            self.check_private(&folder, path.as_str(), &names[at + 1..])?;
        }
        let place = ResolvedPath { folder, name, path };
        if !self.0.private.is_empty()
            && let Some(file) = place.metadata()?.as_ref().and_then(identity)
            && let Some(holds) = self.0.private.find(file, &[])
        {
            let path = path.to_string();
            return Err(JailError::Private { path, holds });
        }
        Ok(place)
    }

    /// Opens a folder itself.
    pub(super) fn folder(&self, path: &WorkspacePath) -> Result<Dir, JailError> {
        if path.is_root() {
            return self.top();
        }
        let place = self.open_parent(path, MissingFolders::Fails)?;
        self.step(
            &place.folder,
            path.as_str(),
            place.name,
            MissingFolders::Fails,
        )
    }

    fn top(&self) -> Result<Dir, JailError> {
        let root = self.0.dir.try_clone();
        root.map_err(|cause| failed("open", ".", cause))
    }

    /// Rejects a path that leads from a folder to a private file.
    pub(super) fn check_private(
        &self,
        folder: &Dir,
        path: &str,
        names: &[&str],
    ) -> Result<(), JailError> {
        if self.0.private.is_empty() {
            return Ok(());
        }
        let found = identity_of(folder).and_then(|folder| self.0.private.find(folder, names));
        match found {
            Some(holds) => Err(JailError::Private {
                path: path.to_owned(),
                holds,
            }),
            None => Ok(()),
        }
    }

    /// Whether an entry of a folder is private.
    pub(super) fn is_private(&self, folder: &Dir, name: &str, entry: Option<&Metadata>) -> bool {
        let itself = entry.and_then(identity);
        self.check_private(folder, name, &[name]).is_err()
            || itself.is_some_and(|itself| self.0.private.find(itself, &[]).is_some())
    }

    /// Opens one folder.
    fn step(
        &self,
        folder: &Dir,
        path: &str,
        name: &str,
        missing: MissingFolders,
    ) -> Result<Dir, JailError> {
        let cause = match system::open_folder(folder, name) {
            Ok(next) => return Ok(next),
            Err(cause) => cause,
        };
        match folder.symlink_metadata(name) {
            Ok(metadata) => match kind_of(metadata.file_type()) {
                EntryKind::Link => Err(self.link(path)),
                EntryKind::Folder => Err(failed("open", path, cause)),
                EntryKind::File | EntryKind::Other => Err(JailError::NotAFolder(path.to_owned())),
            },
            Err(error) if is_missing(&error) && missing == MissingFolders::Made => {
                self.make_folder(folder, path, name)
            }
            Err(error) => Err(failed("open", path, error)),
        }
    }

    fn make_folder(&self, folder: &Dir, path: &str, name: &str) -> Result<Dir, JailError> {
        let wrong = |cause| failed("create the folder", path, cause);
        match folder.create_dir(name) {
            Ok(()) => {}
            // Somebody else was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return system::open_folder(folder, name).map_err(wrong);
            }
            Err(cause) => return Err(wrong(cause)),
        }
        self.0.made.lock().insert(path.to_owned());
        let next = system::open_folder(folder, name).map_err(wrong)?;
        // The program's own files are for their owner only; those of a workspace are not.
        system::set_folder_mode(&next, FOLDER_MODE).map_err(wrong)?;
        system::sync_folder(folder);
        Ok(next)
    }

    /// Removes empty folders above a path that were made for a file.
    pub(super) fn remove_made_folders(&self, path: &WorkspacePath) {
        for (above, _) in path.folders().rev() {
            let mut made = self.0.made.lock();
            let folder = WorkspacePath::of_folder(above);
            let removed = made.contains(above)
                && self
                    .open_parent(&folder, MissingFolders::Fails)
                    .is_ok_and(|place| place.folder.remove_dir(place.name).is_ok());
            if !removed {
                return;
            }
            made.remove(above);
        }
    }

    /// Rejects everything except regular files.
    pub(super) fn check_regular(&self, path: &str, metadata: &Metadata) -> Result<(), JailError> {
        match kind_of(metadata.file_type()) {
            EntryKind::File => Ok(()),
            EntryKind::Folder => Err(JailError::Folder(path.to_owned())),
            EntryKind::Link => Err(self.link(path)),
            EntryKind::Other => Err(JailError::NotRegular(path.to_owned())),
        }
    }

    /// The error for a link, with its target if that is inside.
    fn link(&self, path: &str) -> JailError {
        match self.resolve(&WorkspacePath::of_folder(path)) {
            Err(error @ JailError::Outside(_)) => error,
            target => JailError::Link {
                path: path.to_owned(),
                target: target.ok().map(|target| target.to_string()),
            },
        }
    }
}
