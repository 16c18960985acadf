//! Recovery of a table whose newest version was damaged by a crash or a power failure.
//!
//! LanceDB does not sync its files, so the newest manifest, or a file that it names, can be
//! empty after a power failure. The version before it opens. Everything here needs the writer's
//! lock.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::checksums::{Checksum, Checksums};
use crate::error::{Result, StoreError};
use crate::set_aside::set_aside;
use crate::store::CHUNKS;

/// How many versions may be dropped before a table is considered lost.
pub(crate) const MOST_STEPS: usize = 3;

const VERSIONS_FOLDER: &str = "_versions";

/// A recovery that was made while an index was opened; the caller reconciles the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The newest version of a table was dropped.
    RolledBack {
        /// Name of the table.
        table: String,
        /// The damaged version, which was moved away.
        version: u64,
    },
    /// A table of which no version can be read was moved away. Chunks are read from the files
    /// again, vectors are restored from the cache.
    Quarantined {
        /// Name of the table.
        table: String,
    },
    /// Rows whose files were damaged were removed; they are restored.
    RowsDropped {
        /// Name of the table.
        table: String,
    },
    /// A damaged index was built anew from the rows.
    IndexRebuilt {
        /// Name of the table.
        table: String,
        /// Name of the index.
        index: String,
    },
}

impl fmt::Display for Recovery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recovery::RolledBack { table, version } => write!(
                formatter,
                "version {version} of the table `{table}` was damaged; the version before it was \
                 recovered, and what is missing is indexed again"
            ),
            Recovery::Quarantined { table } if table == CHUNKS => write!(
                formatter,
                "the table `{table}` was damaged and was moved away; all files are read again"
            ),
            Recovery::Quarantined { table } => write!(
                formatter,
                "the table `{table}` was damaged and was moved away; its vectors are restored"
            ),
            Recovery::RowsDropped { table } if table == CHUNKS => write!(
                formatter,
                "a part of the table `{table}` was damaged and removed; its files are read again"
            ),
            Recovery::RowsDropped { table } => write!(
                formatter,
                "a part of the table `{table}` was damaged and removed; its vectors are restored"
            ),
            Recovery::IndexRebuilt { table, index } => write!(
                formatter,
                "the index `{index}` of the table `{table}` was damaged and was built anew"
            ),
        }
    }
}

/// The folder of a table.
pub(crate) fn table_folder(folder: &Path, table: &str) -> PathBuf {
    folder.join(format!("{table}.lance"))
}

/// The manifests of a table with their versions, oldest first.
pub(crate) fn manifests(table_folder: &Path) -> Result<Vec<(u64, fs::DirEntry)>> {
    let versions = table_folder.join(VERSIONS_FOLDER);
    let failed = |error| StoreError::io("list", &versions, error);
    let entries = match fs::read_dir(&versions) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        if let Some(version) = entry.file_name().to_str().and_then(version_of) {
            found.push((version, entry));
        }
    }
    found.sort_by_key(|(version, _)| *version);
    Ok(found)
}

/// The version in the name of a manifest, in either naming scheme.
fn version_of(name: &str) -> Option<u64> {
    const INVERTED_DIGITS: usize = 20;
    let digits = name.strip_suffix(".manifest")?;
    let number = digits.parse::<u64>().ok()?;
    Some(if digits.len() == INVERTED_DIGITS {
        u64::MAX - number
    } else {
        number
    })
}

/// How the newest manifest of a table is damaged, if it is; looks at its frame only.
///
/// LanceDB does not check the numbers in it before it uses them.
pub(crate) fn newest_manifest_damage(table_folder: &Path) -> Result<Option<String>> {
    let Some((_, newest)) = manifests(table_folder)?.pop() else {
        return Ok(None);
    };
    let path = newest.path();
    let is_framed = match File::open(&path).and_then(|file| is_framed(&file)) {
        Ok(is_framed) => is_framed,
        // A version that another process has removed meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) => return Err(StoreError::io("read", &path, error)),
    };
    Ok((!is_framed).then(|| format!("the newest manifest, `{}`, is cut off", path.display())))
}

/// Whether the newest manifest of a table is proven to be as it was written.
pub(crate) fn is_newest_intact(folder: &Path, table: &str) -> Result<bool> {
    let Some((_, newest)) = manifests(&table_folder(folder, table))?.pop() else {
        return Ok(false);
    };
    let name = newest.file_name();
    let noted = format!("{table}.lance/{VERSIONS_FOLDER}/{}", name.to_string_lossy());
    let Some(known) = Checksums::read(folder)?.get(&noted) else {
        return Ok(false);
    };
    let path = newest.path();
    let found = Checksum::of(&path).map_err(|error| StoreError::io("read", &path, error))?;
    Ok(found == known)
}

/// Whether a manifest ends as one: the length and the message, and then where that began.
fn is_framed(mut file: &File) -> io::Result<bool> {
    const MAGIC: &[u8] = b"LANC";
    const TRAILER: u64 = 16;
    const LENGTH: u64 = 4;
    let bytes = file.metadata()?.len();
    if bytes < LENGTH + TRAILER {
        return Ok(false);
    }
    let mut trailer = [0; TRAILER as usize];
    file.seek(SeekFrom::Start(bytes - TRAILER))?;
    file.read_exact(&mut trailer)?;
    let (begin, rest) = trailer.split_at(8);
    let begin = begin.try_into().map_or(u64::MAX, u64::from_le_bytes);
    if !rest.ends_with(MAGIC) || begin > bytes - TRAILER - LENGTH {
        return Ok(false);
    }
    let mut length = [0; LENGTH as usize];
    file.seek(SeekFrom::Start(begin))?;
    file.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    Ok(begin + LENGTH + length + TRAILER == bytes)
}

/// Moves the newest manifest of a table away; `None` if there is none before it.
pub(crate) fn step_back(folder: &Path, table: &str) -> Result<Option<Recovery>> {
    let table_folder = table_folder(folder, table);
    let mut manifests = manifests(&table_folder)?;
    let Some((version, newest)) = manifests.pop() else {
        return Ok(None);
    };
    if manifests.is_empty() {
        return Ok(None);
    }
    set_aside(
        folder,
        &newest.path(),
        &format!("{table}-{version}.manifest"),
    )?;
    Checksums::forget(folder, &format!("{table}.lance/{VERSIONS_FOLDER}/"))?;
    // The hint may name the dropped version; without it, LanceDB lists the folder.
    let hint = table_folder
        .join(VERSIONS_FOLDER)
        .join("latest_version_hint.json");
    match fs::remove_file(&hint) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io("remove", &hint, error));
        }
        _ => {}
    }
    tracing::warn!(
        table,
        version,
        "a damaged version of the index was moved away"
    );
    Ok(Some(Recovery::RolledBack {
        table: table.to_owned(),
        version,
    }))
}

/// Moves a whole table away.
pub(crate) fn set_table_aside(folder: &Path, table: &str) -> Result<Recovery> {
    set_aside(folder, &table_folder(folder, table), table)?;
    Checksums::forget(folder, &format!("{table}.lance/"))?;
    tracing::warn!(table, "a damaged table was moved away");
    Ok(Recovery::Quarantined {
        table: table.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_naming_schemes_are_read() {
        assert_eq!(version_of("7.manifest"), Some(7));
        assert_eq!(
            version_of(&format!("{:020}.manifest", u64::MAX - 7)),
            Some(7)
        );
        assert_eq!(version_of("latest_version_hint.json"), None);
        assert_eq!(version_of("d123.manifest"), None);
    }

    #[test]
    fn only_a_manifest_with_its_checksum_is_proven_intact() {
        let folder = tempfile::tempdir().expect("temporary folder");
        assert!(!is_newest_intact(folder.path(), CHUNKS).expect("no table"));
        let versions = table_folder(folder.path(), CHUNKS).join(VERSIONS_FOLDER);
        fs::create_dir_all(&versions).expect("a folder");
        fs::write(versions.join("6.manifest"), "six").expect("a file");
        let newest = versions.join("7.manifest");
        fs::write(&newest, "seven").expect("a file");
        assert!(!is_newest_intact(folder.path(), CHUNKS).expect("no checksum"));
        let mut known = Checksums::default();
        let checksum = Checksum::of(&newest).expect("a hash");
        known.insert("chunks.lance/_versions/7.manifest".to_owned(), checksum);
        known.write(folder.path()).expect("written");
        assert!(is_newest_intact(folder.path(), CHUNKS).expect("its checksum"));
        fs::write(&newest, "sevem").expect("damage");
        assert!(!is_newest_intact(folder.path(), CHUNKS).expect("damaged"));
    }

    #[test]
    fn a_manifest_that_is_cut_off_anywhere_is_seen() {
        let table = tempfile::tempdir().expect("temporary folder");
        let versions = table.path().join(VERSIONS_FOLDER);
        fs::create_dir(&versions).expect("a folder");
        let path = versions.join("7.manifest");
        assert_eq!(newest_manifest_damage(table.path()).expect("none"), None);
        let mut manifest = b"a section before".to_vec();
        let begin = manifest.len() as u64;
        manifest.extend(5_u32.to_le_bytes());
        manifest.extend(b"proto");
        manifest.extend(begin.to_le_bytes());
        manifest.extend([0, 0, 2, 0]);
        manifest.extend(b"LANC");
        fs::write(&path, &manifest).expect("a file");
        assert_eq!(newest_manifest_damage(table.path()).expect("read"), None);
        for length in 0..manifest.len() {
            fs::write(&path, &manifest[..length]).expect("damage");
            let seen = newest_manifest_damage(table.path()).expect("read");
            assert!(seen.is_some(), "the first {length} bytes");
        }
        for begin in [0, 3, u64::MAX, i64::MAX.cast_unsigned()] {
            let at = manifest.len() - 16;
            manifest[at..at + 8].copy_from_slice(&begin.to_le_bytes());
            fs::write(&path, &manifest).expect("damage");
            let seen = newest_manifest_damage(table.path()).expect("read");
            assert!(seen.is_some(), "from {begin}");
        }
    }
}
