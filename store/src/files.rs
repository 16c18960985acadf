//! Private folders and files, and their size on disk.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use crate::error::{Result, StoreError};

/// Creates a folder that only its owner may enter, with its parents.
///
/// An existing folder of the user's is restricted to the same permissions.
pub(crate) fn create_private_folder(folder: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .map_err(|error| StoreError::io("create", folder, error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|error| StoreError::io("protect", folder, error))?;
    }
    Ok(())
}

/// Opens a file for reading and writing that only its owner may read, and creates it if there is
/// none.
pub(crate) fn open_private_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
        .open(path)
        .map_err(|error| StoreError::io("open", path, error))
}

/// Writes a file that only its owner may read, in place of what it had.
pub fn write_private_file(path: &Path, text: &str) -> Result<()> {
    let mut file = open_private_file(path)?;
    file.set_len(0)
        .and_then(|()| file.write_all(text.as_bytes()))
        .map_err(|error| StoreError::io("write", path, error))
}

/// The total size of the files below a folder, in bytes; links are not followed.
///
/// Files that disappear meanwhile count as 0, as does a folder that does not exist.
pub fn disk_bytes(folder: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut bytes = 0;
    for entry in entries {
        let entry = entry?;
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes += disk_bytes(&entry.path())?,
            Ok(metadata) => bytes += metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// Sizes and times of the catalog's files: equal as long as no process writes to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogStamp([Option<(u64, SystemTime)>; 2]);

impl CatalogStamp {
    /// Reads the sizes and times of the files in the folder of an index.
    pub fn of(folder: &Path) -> CatalogStamp {
        CatalogStamp(["state.db", "state.db-wal"].map(|name| {
            let metadata = fs::metadata(folder.join(name)).ok()?;
            // A reader leaves an empty log where there was none.
            (metadata.len() > 0).then_some(())?;
            Some((metadata.len(), metadata.modified().ok()?))
        }))
    }
}
