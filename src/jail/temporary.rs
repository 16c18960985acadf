//! Temporary files: replacing a file atomically, and cleaning up after a crash.
//!
//! Writers hold a lock on the folder. So a temporary file found under the lock is stale.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use cap_std::fs::{File, OpenOptions};

use super::error::failed;
use super::system::{self, FolderLock};
use super::walk::{MissingFolders, ResolvedPath};
use super::{EntryKind, Hash, Jail, JailError, WorkspacePath, hash_file, kind_of};

const PREFIX: &str = ".ollacode-";
const SUFFIX: &str = ".tmp";
/// Hexadecimal digits between the two.
const DIGITS: usize = 16;

/// Most names tried for a temporary file.
const TRIES: usize = 8;

/// Time to wait for the lock on a folder: others write a file, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

impl ResolvedPath<'_> {
    /// Locks out other processes of this program while files in the folder change; `None` on a file
    /// system without locks.
    pub fn lock(&self) -> Result<Option<FolderLock>, JailError> {
        let wrong = |cause| failed("write", self.path.as_str(), cause);
        let until = Instant::now() + PATIENCE;
        loop {
            match system::lock_folder(&self.folder) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() >= until {
                        let busy = io::Error::other("another program has locked its folder");
                        return Err(wrong(busy));
                    }
                    sleep(Duration::from_millis(1));
                }
                locked => return locked.map_err(wrong),
            }
        }
    }

    /// Makes an empty file in the folder, for its owner only.
    pub fn create_temporary(&self) -> Result<(File, String), JailError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use cap_std::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut tries = 0;
        loop {
            let random = RandomState::new().build_hasher().finish();
            let name = format!("{PREFIX}{random:016x}{SUFFIX}");
            match self.folder.open_with(&name, &options) {
                Ok(file) => return Ok((file, name)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < TRIES => {
                    tries += 1;
                }
                Err(cause) => return Err(failed("write beside", self.path.as_str(), cause)),
            }
        }
    }
}

impl Jail {
    /// Replaces a file that must have this content until the last moment: the two are exchanged,
    /// and the old one is checked afterwards.
    pub(super) fn exchange(
        &self,
        place: &ResolvedPath<'_>,
        temporary: &str,
        (expected, new): (Hash, Hash),
    ) -> Result<(), JailError> {
        let wrong = |cause| failed("write", place.path.as_str(), cause);
        let exchange = || system::exchange(&place.folder, temporary, place.name);
        match exchange() {
            Ok(true) => {}
            // Not every file system can do this; the lock holds off our own processes.
            Ok(false) => {
                let renamed = place.folder.rename(temporary, &place.folder, place.name);
                return renamed.map_err(wrong);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(JailError::ChangedOnDisk(place.path.to_string()));
            }
            Err(cause) => return Err(wrong(cause)),
        }
        if self.holds(place, temporary, expected) {
            let removed = place.folder.remove_file(temporary);
            return removed.map_err(wrong);
        }
        // Somebody wrote in that very moment: what he wrote goes back. If somebody has written
        // again since, that is the newer one, and stays.
        exchange().map_err(wrong)?;
        if !self.holds(place, temporary, new) {
            exchange().map_err(wrong)?;
        }
        Err(JailError::ChangedOnDisk(place.path.to_string()))
    }

    /// Whether a file in a folder has this content.
    fn holds(&self, place: &ResolvedPath<'_>, name: &str, hash: Hash) -> bool {
        let Ok(folder) = place.folder.try_clone() else {
            return false;
        };
        let beside = ResolvedPath {
            folder,
            name,
            path: place.path,
        };
        let opened = self.open_regular(&beside);
        opened
            .and_then(|(file, _)| hash_file(file, place.path))
            .is_ok_and(|found| found == hash)
    }

    /// Removes temporary files left by a process that was killed while it wrote this file. Returns
    /// how many.
    pub fn remove_stale_temporaries(&self, path: &WorkspacePath) -> Result<usize, JailError> {
        let place = match self.open_parent(path, MissingFolders::Fails) {
            Ok(place) => place,
            Err(JailError::NotFound(_) | JailError::NotAFolder(_) | JailError::Link { .. }) => {
                return Ok(0);
            }
            Err(error) => return Err(error),
        };
        let wrong = |cause| failed("list the folder of", path.as_str(), cause);
        // Without a lock nobody knows whose it is.
        let Ok(Some(_lock)) = system::lock_folder(&place.folder) else {
            return Ok(0);
        };
        let mut removed = 0;
        for entry in place.folder.entries().map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(is_temporary)
                && entry.metadata().is_ok_and(|metadata| {
                    kind_of(metadata.file_type()) == EntryKind::File && system::is_own(&metadata)
                });
            if is_ours && place.folder.remove_file(&name).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Whether a name belongs to a temporary file of this program.
fn is_temporary(name: &str) -> bool {
    let digits = name
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.strip_suffix(SUFFIX));
    digits.is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}
