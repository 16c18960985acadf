//! The calling process: what its arguments point to, and where its paths begin.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix_linux::fs::{CWD, Mode, OFlags, openat};
use rustix_linux::io::Errno;
use rustix_linux::process::umask;

/// Bytes of a path, its end included, as the kernel takes it (`PATH_MAX`).
const LONGEST_PATH: usize = 4096;

/// The error for a process whose memory cannot be read, such as a key agent.
pub const UNREADABLE: Errno = Errno::NOTRECOVERABLE;

/// Most arguments checked of an executed program.
const MOST_WORDS: usize = 64;

/// Memory is read in pieces that do not cross a page: the next one may not be there.
const PAGE: u64 = 4096;

/// Names that point each process to its own files; for the supervisor they would point to other
/// files.
const OWN_FILES: [(&str, &str); 6] = [
    ("/dev/fd", "fd"),
    ("/dev/stderr", "fd/2"),
    ("/dev/stdin", "fd/0"),
    ("/dev/stdout", "fd/1"),
    ("/proc/self", ""),
    ("/proc/thread-self", ""),
];

/// A waiting thread.
pub struct Caller {
    folder: PathBuf,
}

impl Caller {
    pub fn new(thread: u32) -> Caller {
        Caller {
            folder: PathBuf::from(format!("/proc/{thread}")),
        }
    }

    /// Reads a path from its memory.
    pub fn path(&self, address: u64) -> Result<PathBuf, Errno> {
        Ok(self.own(PathBuf::from(self.text(address)?)))
    }

    /// Reads a zero-terminated string from its memory, up to the length of a path.
    pub fn text(&self, address: u64) -> Result<OsString, Errno> {
        let memory = File::open(self.folder.join("mem")).map_err(|_| UNREADABLE)?;
        let mut path = Vec::new();
        while path.len() < LONGEST_PATH {
            let from = address.wrapping_add(path.len() as u64);
            let rest = (PAGE - from % PAGE) as usize;
            let mut piece = [0; PAGE as usize];
            let piece = &mut piece[..rest];
            let read = memory.read_at(piece, from).map_err(|_| Errno::FAULT)?;
            if read == 0 {
                return Err(Errno::FAULT);
            }
            if let Some(end) = piece[..read].iter().position(|byte| *byte == 0) {
                path.extend_from_slice(&piece[..end]);
                return if path.is_empty() {
                    Err(Errno::NOENT)
                } else {
                    Ok(OsString::from_vec(path))
                };
            }
            path.extend_from_slice(&piece[..read]);
        }
        Err(Errno::NAMETOOLONG)
    }

    /// Reads the arguments of an executed program: as many as may matter, and each up to the length
    /// of a path.
    pub fn words(&self, address: u64) -> Result<Vec<String>, Errno> {
        let memory = File::open(self.folder.join("mem")).map_err(|_| UNREADABLE)?;
        let mut words = Vec::new();
        let mut at = address;
        while address != 0 && words.len() < MOST_WORDS {
            let mut pointer = [0; size_of::<u64>()];
            memory
                .read_exact_at(&mut pointer, at)
                .map_err(|_| Errno::FAULT)?;
            let pointer = u64::from_ne_bytes(pointer);
            if pointer == 0 {
                break;
            }
            words.push(match self.text(pointer) {
                Ok(text) => text.to_string_lossy().into_owned(),
                Err(Errno::NOENT | Errno::NAMETOOLONG) => String::new(),
                Err(error) => return Err(error),
            });
            at = at.wrapping_add(size_of::<u64>() as u64);
        }
        Ok(words)
    }

    /// The path for this process: names of the caller's own files are replaced.
    fn own(&self, path: PathBuf) -> PathBuf {
        let own = OWN_FILES.iter().find_map(|(name, file)| {
            let rest = path.strip_prefix(name).ok()?;
            let own = self.folder.join(file);
            Some(if rest == Path::new("") {
                own
            } else {
                own.join(rest)
            })
        });
        own.unwrap_or(path)
    }

    /// Opens the folder where a path begins, given the descriptor argument that goes with it.
    pub fn beginning(&self, descriptor: u64, path: &Path) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        if path.is_absolute() {
            return openat(CWD, "/", flags, Mode::empty());
        }
        // The kernel takes the lower half of the argument.
        let descriptor = descriptor as u32 as i32;
        if descriptor == libc::AT_FDCWD {
            return openat(CWD, self.folder.join("cwd"), flags, Mode::empty());
        }
        let file = self.folder.join(format!("fd/{descriptor}"));
        openat(CWD, file, flags, Mode::empty()).map_err(|error| match error {
            Errno::NOENT => Errno::BADF,
            error => error,
        })
    }

    /// Opens the folder where the path of a program begins: the descriptor may be the program
    /// itself.
    pub fn beginning_of_program(&self, descriptor: u64, path: &Path) -> Result<OwnedFd, Errno> {
        match self.beginning(descriptor, path) {
            Err(Errno::NOTDIR) => {
                let file = self.folder.join(format!("fd/{}", descriptor as u32 as i32));
                openat(CWD, file, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
            }
            opened => opened,
        }
    }

    /// The mode argument for a new file. Also sets our umask to that of the process, which the
    /// kernel applies to the new file.
    pub fn mode(&self, mode: u64) -> Mode {
        let status = fs::read_to_string(self.folder.join("status")).unwrap_or_default();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("Umask:"))
            .and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok())
            .unwrap_or(0o077);
        umask(Mode::from_raw_mode(mask));
        Mode::from_raw_mode(mode as u32 & 0o7777)
    }
}

/// Splits a path into its folder and its name, which keeps a final slash. `None` if it ends without
/// a name: `/`, `.` or `..`.
pub fn split(path: &Path) -> Option<(PathBuf, OsString)> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = path.as_os_str().as_bytes();
    let end = bytes.iter().rposition(|byte| *byte != b'/')? + 1;
    let start = bytes[..end].iter().rposition(|byte| *byte == b'/');
    let start = start.map_or(0, |slash| slash + 1);
    let name = &bytes[start..end];
    if name == b"." || name == b".." {
        return None;
    }
    let parent = match &bytes[..start] {
        b"" => OsStr::new("."),
        parent => OsStr::from_bytes(parent),
    };
    let name = OsStr::from_bytes(&bytes[start..bytes.len().min(end + 1)]);
    Some((PathBuf::from(parent), name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_as_the_kernel_does() {
        for (path, parent, name) in [
            ("a", ".", "a"),
            ("a/", ".", "a/"),
            ("a///", ".", "a/"),
            ("a/b", "a/", "b"),
            ("/a", "/", "a"),
            ("../b/", "../", "b/"),
            ("a/./b", "a/./", "b"),
        ] {
            let split = split(Path::new(path));
            let expected = (PathBuf::from(parent), OsString::from(name));
            let (parent, name) = split.expect(path);
            assert_eq!(
                (parent.as_os_str(), &name),
                (expected.0.as_os_str(), &expected.1),
                "{path}"
            );
        }
        for path in ["/", ".", "..", "a/..", "a/./", "//"] {
            assert_eq!(split(Path::new(path)), None, "{path}");
        }
    }

    #[test]
    fn own_files_are_those_of_the_caller() {
        let caller = Caller::new(7);
        for (path, own) in [
            ("/dev/stdout", "/proc/7/fd/1"),
            ("/dev/fd/63", "/proc/7/fd/63"),
            ("/proc/self/fd/1", "/proc/7/fd/1"),
            ("/proc/selfish", "/proc/selfish"),
            ("/dev/null", "/dev/null"),
            ("src/a", "src/a"),
        ] {
            assert_eq!(caller.own(path.into()), PathBuf::from(own), "{path}");
        }
    }
}
