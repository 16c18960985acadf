//! Changes files atomically, and only if they are as expected.

use std::fs;
use std::io::{self, Write};

use cap_std::fs::{File, Metadata};

use super::error::failed;
use super::walk::{MissingFolders, ResolvedPath};
use super::{Hash, Jail, JailError, WorkspacePath, hash_file, hash_of, system};

/// Mode of new files.
const FILE_MODE: u32 = 0o644;

/// The expected state of a file before a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Absent,
    /// A file with this content.
    Hash(Hash),
    /// No file, or a file with any content.
    Any,
}

impl Jail {
    /// Writes a file atomically; missing folders are made.
    ///
    /// It keeps its mode; a new one is readable for everybody. Follows no link, and rejects files
    /// with another hard link, since that one would not change.
    pub fn write(
        &self,
        path: &WorkspacePath,
        bytes: &[u8],
        expected: Expected,
    ) -> Result<(), JailError> {
        self.write_with_mode(path, bytes, expected, None)
    }

    /// Like [`Jail::write`], and a new file gets this mode, nine bits.
    pub fn write_with_mode(
        &self,
        path: &WorkspacePath,
        bytes: &[u8],
        expected: Expected,
        mode: Option<u32>,
    ) -> Result<(), JailError> {
        let written = match expected {
            Expected::Hash(_) => self.known_place(path),
            Expected::Absent | Expected::Any => self.open_parent(path, MissingFolders::Made),
        }
        .and_then(|place| self.replace(&place, bytes, expected, mode));
        if written.is_err() {
            self.remove_made_folders(path);
        }
        written
    }

    /// Opens a file for writing: a missing one is created with this mode, an existing one is
    /// emptied and keeps its mode. Follows no link.
    pub fn create(&self, path: &WorkspacePath, mode: u32) -> Result<fs::File, JailError> {
        let file = self.open_to_write(path, mode)?;
        file.set_len(0)
            .map_err(|cause| failed("write", path.as_str(), cause))?;
        Ok(file)
    }

    /// The same, but keeps the content.
    pub fn open_to_write(&self, path: &WorkspacePath, mode: u32) -> Result<fs::File, JailError> {
        let wrong = |cause| failed("write", path.as_str(), cause);
        let place = self.open_parent(path, MissingFolders::Fails)?;
        let before = place.metadata()?;
        if let Some(before) = &before {
            self.check_regular(path.as_str(), before)?;
        }
        let file = system::create_file(&place.folder, place.name).map_err(wrong)?;
        // It may have been exchanged meanwhile.
        let metadata = file.metadata().map_err(wrong)?;
        self.check_regular(path.as_str(), &metadata)?;
        if system::links(&metadata) > 1 {
            return Err(JailError::ManyLinks(path.to_string()));
        }
        if before.is_none() {
            system::set_mode(&file, mode).map_err(wrong)?;
        }
        Ok(file.into_std())
    }

    /// Renames a file to a free path; missing folders are made.
    ///
    /// As with [`Jail::remove`], folders that were made for the file are removed with it.
    pub fn rename(
        &self,
        from: &WorkspacePath,
        to: &WorkspacePath,
        expected: Hash,
    ) -> Result<(), JailError> {
        let old = self.known_place(from)?;
        let _lock = old.lock()?;
        let found = self.expect(&old, Expected::Hash(expected))?;
        let renamed = self
            .open_parent(to, MissingFolders::Made)
            .and_then(|new| self.rename_to(&old, &new, found.as_ref()));
        self.remove_made_folders(if renamed.is_ok() { from } else { to });
        renamed
    }

    /// Removes a file, and the folders that were made for it if nothing else is in them.
    pub fn remove(&self, path: &WorkspacePath, expected: Hash) -> Result<(), JailError> {
        let place = self.known_place(path)?;
        let lock = place.lock()?;
        self.expect(&place, Expected::Hash(expected))?;
        let removed = place.folder.remove_file(place.name);
        removed.map_err(|cause| failed("remove", path.as_str(), cause))?;
        system::sync_folder(&place.folder);
        drop(lock);
        self.remove_made_folders(path);
        Ok(())
    }

    /// The place of a file that existed: if its folder is gone, it has changed.
    fn known_place<'path>(
        &self,
        path: &'path WorkspacePath,
    ) -> Result<ResolvedPath<'path>, JailError> {
        self.open_parent(path, MissingFolders::Fails)
            .map_err(|error| match error {
                JailError::NotFound(_) => JailError::ChangedOnDisk(path.to_string()),
                error => error,
            })
    }

    fn replace(
        &self,
        place: &ResolvedPath<'_>,
        bytes: &[u8],
        expected: Expected,
        new_mode: Option<u32>,
    ) -> Result<(), JailError> {
        let _lock = place.lock()?;
        let old = self.expect(place, expected)?;
        let old_mode = old.as_ref().and_then(system::mode);
        if old_mode.is_some_and(|mode| mode & 0o222 == 0) {
            return Err(JailError::ReadOnly(place.path.to_string()));
        }
        let mode = old_mode.or(new_mode).unwrap_or(FILE_MODE);
        let old = old.map(|_| self.open_regular(place)).transpose()?;
        let (file, temporary) = place.create_temporary()?;
        let placed = write_temporary(file, bytes, mode, old.as_ref())
            .map_err(|cause| failed("write", place.path.as_str(), cause))
            // Somebody may have written to the file in the meantime.
            .and_then(|()| self.expect(place, expected))
            .and_then(|_| self.put(place, &temporary, expected, hash_of(bytes)));
        if placed.is_err() {
            let _ = place.folder.remove_file(&temporary);
            return placed;
        }
        system::sync_folder(&place.folder);
        Ok(())
    }

    /// Gives a temporary file its real name.
    fn put(
        &self,
        place: &ResolvedPath<'_>,
        temporary: &str,
        expected: Expected,
        new: Hash,
    ) -> Result<(), JailError> {
        let folder = &place.folder;
        let renamed = match expected {
            Expected::Hash(hash) => return self.exchange(place, temporary, (hash, new)),
            Expected::Absent => system::rename_new((folder, temporary), (folder, place.name)),
            Expected::Any => folder.rename(temporary, folder, place.name),
        };
        renamed.map_err(|cause| failed("write", place.path.as_str(), cause))
    }

    fn rename_to(
        &self,
        old: &ResolvedPath<'_>,
        new: &ResolvedPath<'_>,
        found: Option<&Metadata>,
    ) -> Result<(), JailError> {
        let wrong = |cause| failed("rename to", new.path.as_str(), cause);
        let renamed = match new.metadata()? {
            // Only the case differs, on a disk that does not tell the difference.
            Some(other) if found.is_some_and(|found| system::is_same(found, &other)) => {
                old.folder.rename(old.name, &new.folder, new.name)
            }
            Some(_) => return Err(JailError::AlreadyThere(new.path.to_string())),
            None => system::rename_new((&old.folder, old.name), (&new.folder, new.name)),
        };
        renamed.map_err(wrong)?;
        system::sync_folder(&new.folder);
        system::sync_folder(&old.folder);
        Ok(())
    }

    /// Checks that a file is as expected and may be replaced.
    fn expect(
        &self,
        place: &ResolvedPath<'_>,
        expected: Expected,
    ) -> Result<Option<Metadata>, JailError> {
        let path = || place.path.to_string();
        let Some(metadata) = place.metadata()? else {
            return match expected {
                Expected::Hash(_) => Err(JailError::ChangedOnDisk(path())),
                Expected::Absent | Expected::Any => Ok(None),
            };
        };
        self.check_regular(place.path.as_str(), &metadata)?;
        if expected == Expected::Absent {
            return Err(JailError::AlreadyThere(path()));
        }
        if system::links(&metadata) > 1 {
            return Err(JailError::ManyLinks(path()));
        }
        let Expected::Hash(hash) = expected else {
            return Ok(Some(metadata));
        };
        let (file, metadata) = self.open_regular(place)?;
        if hash_file(file, place.path)? != hash {
            return Err(JailError::ChangedOnDisk(path()));
        }
        Ok(Some(metadata))
    }
}

/// Writes and syncs a temporary file, ready to replace the old one.
fn write_temporary(
    mut file: File,
    bytes: &[u8],
    mode: u32,
    old: Option<&(File, Metadata)>,
) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Some((old, metadata)) = old {
        system::keep_owner(&file, metadata);
        system::keep_attributes(old, &file)?;
    }
    system::set_mode(&file, mode)?;
    file.sync_all()
}
