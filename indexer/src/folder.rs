//! A folder held open: what is in it is found from there, name by name, and over no link.
//!
//! Whoever exchanges a folder for a link while files are listed and read gets an error out of it,
//! never a name or a file from outside.

#[cfg_attr(unix, path = "folder/unix.rs")]
#[cfg_attr(not(unix), path = "folder/portable.rs")]
mod system;

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::{Component, Path};

/// What has a name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, wherever it leads.
    Link,
    /// A FIFO, a socket or a device.
    Special,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::File => "it is a file",
            Kind::Folder => "it is a folder",
            Kind::Link => "it is a link",
            Kind::Special => "it is a FIFO, a socket or a device",
        }
    }
}

/// What the system says of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub kind: Kind,
    /// In bytes.
    pub size: u64,
    /// When its content was changed last, as its owner may set it, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// When anything of it was changed last; 0 where the system does not say.
    pub changed_ns: i64,
    /// Together with the number, which file it is; 0 where the system does not say.
    pub device: u64,
    /// Its number on the device.
    pub inode: u64,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder(system::Handle);

impl Folder {
    /// Opens the folder from which everything else is found; its own path may lead over links.
    pub fn open(path: &Path) -> io::Result<Folder> {
        system::open(path).map(Folder)
    }

    /// Opens a folder in this one.
    pub(crate) fn folder(&self, name: &OsStr) -> io::Result<Folder> {
        system::open_folder(&self.0, single(name)?).map(Folder)
    }

    /// Says what has a name in this folder.
    pub(crate) fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        system::stat(&self.0, single(name)?)
    }

    /// Says what has a name in this folder, and when it was made, in nanoseconds since 1970, if the
    /// system says that.
    pub(crate) fn stat_and_made(&self, name: &OsStr) -> io::Result<(Stat, Option<i64>)> {
        system::stat_and_made(&self.0, single(name)?)
    }

    /// Says what the system knows of this folder itself.
    pub(crate) fn stat_self(&self) -> io::Result<Stat> {
        system::stat_self(&self.0)
    }

    /// The names in this folder, in no order.
    pub(crate) fn names(&self) -> io::Result<Vec<(OsString, Kind)>> {
        system::names(&self.0)
    }

    /// Reads a regular file of at most `most` bytes, at a path from here with `/`.
    ///
    /// It is looked at before it is opened, since to open a FIFO or a device can do things, and
    /// again after that, since it may have been exchanged.
    pub fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        if let Some((first, rest)) = path.split_once('/') {
            return self.folder(OsStr::new(first))?.read(rest, most);
        }
        let name = single(OsStr::new(path))?;
        regular(&system::stat(&self.0, name)?, most)?;
        let (file, stat) = system::open_file(&self.0, name)?;
        regular(&stat, most)?;
        let mut bytes = Vec::with_capacity(usize::try_from(stat.size).unwrap_or(0).min(1 << 24));
        // It may grow while it is read, and some that say they are empty have no end.
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(too_large(most));
        }
        Ok(bytes)
    }
}

/// Reads a regular file that somebody named, of so many bytes at most: no link, no pipe, no device.
pub fn read_file(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let odd = || io::Error::new(io::ErrorKind::InvalidInput, "its name is not valid UTF-8");
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(not_regular(Kind::Folder));
    };
    Folder::open(above)?.read(name.to_str().ok_or_else(odd)?, most)
}

/// Refuses what is no single name: a way through a folder, or out of it.
fn single(name: &OsStr) -> io::Result<&OsStr> {
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
    if stat.kind != Kind::File {
        return Err(not_regular(stat.kind));
    }
    if stat.size > most {
        return Err(too_large(most));
    }
    Ok(())
}

fn not_regular(kind: Kind) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, kind.words())
}

fn too_large(most: u64) -> io::Error {
    let text = format!("it is larger than {most} bytes");
    io::Error::new(io::ErrorKind::FileTooLarge, text)
}

/// Whether an error means that nothing has the name, or something else by now.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
