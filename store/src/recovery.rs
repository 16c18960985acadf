//! Recovery of a table whose newest version was damaged by a crash or a power failure.
//!
//! LanceDB does not sync its files, so the newest manifest, or a file that it names, can be
//! empty after a power failure. The version before it opens. Everything here needs the writer's
//! lock.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use lance::index::DatasetIndexExt;
use lancedb::Table;

use crate::error::{Result, StoreError};
use crate::files::create_private_folder;

/// How many versions may be dropped before a table is considered lost.
pub(crate) const MOST_STEPS: usize = 3;

const DAMAGED_FOLDER: &str = "damaged";
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
    /// A table of vectors was moved away; its vectors are restored from the cache.
    Quarantined {
        /// Name of the table.
        table: String,
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
            Recovery::Quarantined { table } => write!(
                formatter,
                "the table `{table}` was damaged and was moved away; its vectors are restored"
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

/// Whether the newest manifest is empty.
pub(crate) fn head_is_empty(table_folder: &Path) -> Result<bool> {
    let Some((_, newest)) = manifests(table_folder)?.pop() else {
        return Ok(false);
    };
    let metadata = newest
        .metadata()
        .map_err(|error| StoreError::io("read", &newest.path(), error))?;
    Ok(metadata.len() == 0)
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
    let damaged = folder.join(DAMAGED_FOLDER);
    create_private_folder(&damaged)?;
    let path = newest.path();
    let aside = damaged.join(format!("{table}-{version}-{}.manifest", seconds_now()));
    fs::rename(&path, aside).map_err(|error| StoreError::io("move", &path, error))?;
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
    let damaged = folder.join(DAMAGED_FOLDER);
    create_private_folder(&damaged)?;
    let path = table_folder(folder, table);
    fs::rename(&path, damaged.join(format!("{table}-{}", seconds_now())))
        .map_err(|error| StoreError::io("move", &path, error))?;
    tracing::warn!(table, "a damaged table of vectors was moved away");
    Ok(Recovery::Quarantined {
        table: table.to_owned(),
    })
}

/// Finds a file that the table's newest version needs and that is missing or empty.
///
/// Checks names and sizes only: damaged content is found when the files are read.
pub(crate) async fn unreadable_file(folder: &Path, table: &Table) -> Result<Option<PathBuf>> {
    let table_folder = table_folder(folder, table.name());
    let Some(wrapper) = table.dataset() else {
        return Ok(None);
    };
    let dataset = wrapper.get().await?;
    for fragment in dataset.fragments().iter() {
        let data = fragment
            .files
            .iter()
            .map(|file| table_folder.join("data").join(&file.path));
        let deletions = fragment.deletion_file.iter().map(|file| {
            let suffix = file.file_type.suffix();
            let name = format!("{}-{}-{}.{suffix}", fragment.id, file.read_version, file.id);
            table_folder.join("_deletions").join(name)
        });
        for path in data.chain(deletions) {
            if !fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 0) {
                return Ok(Some(path));
            }
        }
    }
    for index in dataset.load_indices().await?.iter() {
        let index_folder = table_folder.join("_indices").join(index.uuid.to_string());
        // An index of an empty table is a definition without files.
        let Ok(entries) = fs::read_dir(&index_folder) else {
            continue;
        };
        for entry in entries.flatten() {
            if entry
                .metadata()
                .is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
            {
                return Ok(Some(entry.path()));
            }
        }
    }
    Ok(None)
}

fn seconds_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::version_of;

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
}
