//! Folders as paths, where the system has no handles to go on from.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, FileType, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{FileKind, Stat, not_regular};

pub(super) type Handle = PathBuf;

pub(super) fn open(path: &Path) -> io::Result<Handle> {
    fs::read_dir(path)?;
    Ok(path.to_owned())
}

pub(super) fn open_folder(folder: &Handle, name: &OsStr) -> io::Result<Handle> {
    match stat(folder, name)?.kind {
        FileKind::Folder => open(&folder.join(name)),
        _ => Err(io::ErrorKind::NotADirectory.into()),
    }
}

pub(super) fn open_file(folder: &Handle, name: &OsStr) -> io::Result<(File, Stat)> {
    match stat(folder, name)?.kind {
        FileKind::File => {}
        other => return Err(not_regular(other)),
    }
    let file = File::open(folder.join(name))?;
    let stat = of(&file.metadata()?);
    Ok((file, stat))
}

pub(super) fn stat(folder: &Handle, name: &OsStr) -> io::Result<Stat> {
    Ok(of(&fs::symlink_metadata(folder.join(name))?))
}

pub(super) fn stat_self(folder: &Handle) -> io::Result<Stat> {
    Ok(of(&fs::metadata(folder)?))
}

/// The same; when it was made is not asked for.
pub(super) fn stat_and_made(folder: &Handle, name: &OsStr) -> io::Result<(Stat, Option<i64>)> {
    Ok((stat(folder, name)?, None))
}

pub(super) fn names(folder: &Handle) -> io::Result<Vec<(OsString, FileKind)>> {
    let entries = fs::read_dir(folder)?;
    entries
        .map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), kind(entry.file_type()?)))
        })
        .collect()
}

fn kind(file_type: FileType) -> FileKind {
    if file_type.is_file() {
        FileKind::File
    } else if file_type.is_dir() {
        FileKind::Folder
    } else if file_type.is_symlink() {
        FileKind::Link
    } else {
        FileKind::Special
    }
}

fn of(metadata: &Metadata) -> Stat {
    let since = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Stat {
        kind: kind(metadata.file_type()),
        size: metadata.len(),
        modified_ns: since
            .and_then(|since| i64::try_from(since.as_nanos()).ok())
            .unwrap_or(0),
        changed_ns: 0,
        device: 0,
        inode: 0,
    }
}
