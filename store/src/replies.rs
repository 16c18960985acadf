//! The mark of processes that make a reply, so that others leave the model's server to them.
//!
//! Each holds a shared lock on one file of the data folder, which is that of the server. The system
//! releases it when the process dies, so a crash leaves no mark. Workspaces share the file, as they
//! share the server.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use crate::error::{Result, StoreError};
use crate::files::{create_private_folder, open_private_file};

/// The folder of the files in the data folder.
const REPLIES_FOLDER: &str = "replies";
/// Hexadecimal digits of a server's address in the name of its file.
const NAME_DIGITS: usize = 16;
/// Who looks for marks holds the lock for a few microseconds, so a few attempts are enough.
const TRIES: usize = 1_000;
/// Who finds the lock held looks so often before it believes that it is a mark, and not another one
/// that looks.
const LOOKS: usize = 10;

/// Where replies are marked. No function blocks for longer than it takes to open a file.
#[derive(Clone, Debug)]
pub struct ReplyMarks {
    folder: PathBuf,
}

/// A reply is being made while this lives.
#[derive(Debug)]
pub struct ReplyMark {
    _locked: File,
}

impl ReplyMarks {
    /// The marks of all processes with a data folder.
    pub fn of(data_folder: &Path) -> ReplyMarks {
        ReplyMarks {
            folder: data_folder.join(REPLIES_FOLDER),
        }
    }

    /// Marks a reply as being made by a server, for every process. Servers are told apart by their
    /// address, whatever it looks like; this machine may have any of its names in it.
    ///
    /// # Errors
    /// The file cannot be opened or locked.
    pub fn mark(&self, server: &str) -> Result<ReplyMark> {
        create_private_folder(&self.folder)?;
        let path = self.path(server);
        let file = open_private_file(&path)?;
        for _ in 0..TRIES {
            match file.try_lock_shared() {
                Ok(()) => return Ok(ReplyMark { _locked: file }),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", &path, error));
                }
            }
        }
        Err(StoreError::Busy { holder: None })
    }

    /// Whether a server makes a reply for any process, this one included.
    ///
    /// # Errors
    /// The file cannot be opened or locked.
    pub fn is_any(&self, server: &str) -> Result<bool> {
        let path = self.path(server);
        let file = match File::open(&path) {
            Ok(file) => file,
            // Nobody has ever made a reply.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::io("open", &path, error)),
        };
        for _ in 0..LOOKS {
            match file.try_lock() {
                // Closing the file unlocks it.
                Ok(()) => return Ok(false),
                Err(TryLockError::WouldBlock) => thread::yield_now(),
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", &path, error));
                }
            }
        }
        Ok(true)
    }

    fn path(&self, server: &str) -> PathBuf {
        let name = blake3::hash(with_one_name(server).as_bytes()).to_hex();
        self.folder.join(&name[..NAME_DIGITS])
    }
}

/// An address in which this machine has one name, as each process may be told another one.
fn with_one_name(server: &str) -> String {
    if let Some((scheme, rest)) = server.split_once("://") {
        let after = ["localhost", "[::1]"]
            .iter()
            .find_map(|name| rest.strip_prefix(name));
        if let Some(after) = after.filter(|it| it.is_empty() || it.starts_with([':', '/'])) {
            return format!("{scheme}://127.0.0.1{after}");
        }
    }
    server.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "here:1";

    #[test]
    fn a_mark_is_seen_until_the_last_reply_ends() {
        let folder = tempfile::tempdir().expect("temporary folder");
        // As two processes: each opens the file anew.
        let (chat, filler) = (ReplyMarks::of(folder.path()), ReplyMarks::of(folder.path()));
        assert!(!filler.is_any(SERVER).expect("no file"));
        let first = chat.mark(SERVER).expect("a mark");
        let second = chat.mark(SERVER).expect("another mark");
        assert!(filler.is_any(SERVER).expect("marks"));
        drop(first);
        assert!(filler.is_any(SERVER).expect("a mark"));
        drop(second);
        assert!(!filler.is_any(SERVER).expect("none"));
    }

    #[test]
    fn a_reply_marks_its_own_server_only() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let marks = ReplyMarks::of(folder.path());
        let _mark = marks.mark(SERVER).expect("a mark");
        assert!(!marks.is_any("there:1").expect("no file"));
        let there = marks.mark("there:1").expect("a mark");
        assert!(marks.is_any("there:1").expect("a mark"));
        drop(there);
        assert!(marks.is_any(SERVER).expect("a mark"));
    }

    #[test]
    fn processes_may_name_this_machine_as_they_like() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let marks = ReplyMarks::of(folder.path());
        let names = ["127.0.0.1", "localhost", "[::1]"].map(|name| format!("tcp://{name}:11434"));
        for name in &names {
            let _mark = marks.mark(name).expect("a mark");
            for other in &names {
                assert!(marks.is_any(other).expect("a mark"), "{name} {other}");
            }
        }
        let _mark = marks.mark(&names[0]).expect("a mark");
        for other in ["tcp://localhost:1", "tcp://localhost.example.org:11434"] {
            assert!(!marks.is_any(other).expect("no file"), "{other}");
        }
    }

    #[test]
    fn looking_for_marks_hinders_none() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let marks = ReplyMarks::of(folder.path());
        drop(marks.mark(SERVER).expect("a mark"));
        thread::scope(|scope| {
            let looking = scope.spawn(|| (0..2_000).all(|_| marks.is_any(SERVER).is_ok()));
            for _ in 0..2_000 {
                marks.mark(SERVER).expect("a mark");
            }
            assert!(looking.join().expect("a thread"));
        });
    }
}
