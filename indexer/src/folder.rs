//! An open folder, from which its content is opened name by name, without following links.
//!
//! If a folder is replaced by a link while files are listed and read, the result is an error, never
//! a name or a file from outside.

#[cfg_attr(unix, path = "folder/unix.rs")]
#[cfg_attr(not(unix), path = "folder/portable.rs")]
mod system;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Component, Path};

/// The type of an entry of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A FIFO, a socket or a device.
    Special,
}

impl FileKind {
    fn words(self) -> &'static str {
        match self {
            FileKind::File => "it is a file",
            FileKind::Folder => "it is a folder",
            FileKind::Link => "it is a link",
            FileKind::Special => "it is a FIFO, a socket or a device",
        }
    }
}

/// The metadata of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub kind: FileKind,
    /// Size in bytes.
    pub size: u64,
    /// Time of the last modification (`mtime`), in nanoseconds since 1970; programs can set it.
    pub modified_ns: i64,
    /// Time of the last status change (`ctime`); 0 where the system does not provide it.
    pub changed_ns: i64,
    /// Device; together with the inode it identifies the file. 0 where there is none.
    pub device: u64,
    /// Inode number on the device.
    pub inode: u64,
}

/// A folder that is held open.
#[derive(Debug)]
pub struct Folder(system::Handle);

impl Folder {
    /// Opens the root folder; its own path may contain links.
    pub fn open(path: &Path) -> io::Result<Folder> {
        system::open(path).map(Folder)
    }

    /// Opens a folder in this one.
    pub(crate) fn folder(&self, name: &OsStr) -> io::Result<Folder> {
        system::open_folder(&self.0, single(name)?).map(Folder)
    }

    /// The metadata of an entry of this folder.
    pub(crate) fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        system::stat(&self.0, single(name)?)
    }

    /// The metadata of an entry of this folder, and its time of creation in nanoseconds since 1970,
    /// if the system provides it.
    pub(crate) fn stat_and_made(&self, name: &OsStr) -> io::Result<(Stat, Option<i64>)> {
        system::stat_and_made(&self.0, single(name)?)
    }

    /// The metadata of this folder itself.
    pub(crate) fn stat_self(&self) -> io::Result<Stat> {
        system::stat_self(&self.0)
    }

    /// The names in this folder, in no order.
    pub(crate) fn names(&self) -> io::Result<Vec<(OsString, FileKind)>> {
        system::names(&self.0)
    }

    /// Reads a regular file of at most `most` bytes, at a path from here with `/`.
    ///
    /// Its type is checked before it is opened, since opening a FIFO or a device can have effects,
    /// and again after that, since it may have been replaced.
    pub fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        if let Some((first, rest)) = path.split_once('/') {
            return self.folder(OsStr::new(first))?.read(rest, most);
        }
        let name = single(OsStr::new(path))?;
        regular(&system::stat(&self.0, name)?, most)?;
        let (file, stat) = system::open_file(&self.0, name)?;
        regular(&stat, most)?;
        let mut bytes = Vec::with_capacity(usize::try_from(stat.size).unwrap_or(0).min(1 << 24));
        // It may grow while it is read, and special files of size 0 can be endless.
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(too_large(most));
        }
        Ok(bytes)
    }
}

/// Reads a regular file of at most `most` bytes by its path: no link, no pipe, no device.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let odd = || io::Error::new(io::ErrorKind::InvalidInput, "its name is not valid UTF-8");
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(not_regular(FileKind::Folder));
    };
    Folder::open(above)?.read(name.to_str().ok_or_else(odd)?, most)
}

/// Refuses a path that is not a single name.
fn single(name: &OsStr) -> io::Result<&OsStr> {
    // Most names are: nothing in them that a system could take for more than a letter.
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-';
    let bytes = name.as_encoded_bytes();
    let starts_plain = bytes.first().is_some_and(is_plain);
    if starts_plain && bytes.iter().all(|byte| is_plain(byte) || *byte == b'.') {
        return Ok(name);
    }
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(part)), None) if part == name => Ok(name),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not the name of a file",
        )),
    }
}

fn regular(stat: &Stat, most: u64) -> io::Result<()> {
    if stat.kind != FileKind::File {
        return Err(not_regular(stat.kind));
    }
    if stat.size > most {
        return Err(too_large(most));
    }
    Ok(())
}

fn not_regular(kind: FileKind) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, kind.words())
}

fn too_large(most: u64) -> io::Error {
    let text = format!("it is larger than {most} bytes");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

/// Whether an error means that the entry does not exist, or is of another type by now.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
