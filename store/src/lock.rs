//! An advisory lock on a file that admits one writer at a time.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Result, StoreError};
use crate::files::{create_private_folder, open_private_file};

const LOCK_FILE: &str = "writer.lock";
/// Locked by the next writer in line; the others wait for this file.
const TURN_FILE: &str = "writer.turn";
/// Locked by the process that embeds.
const FILLING_FILE: &str = "writer.filling";
const POLL: Duration = Duration::from_millis(20);

/// The right to write to one index folder, released on drop.
///
/// The system releases it when the process dies. All functions block.
#[derive(Debug)]
pub struct WriterLock {
    file: File,
}

impl WriterLock {
    /// Takes the lock, or fails at once with [`StoreError::Busy`], which names the holder.
    pub fn try_acquire(folder: &Path) -> Result<WriterLock> {
        WriterLock::try_on(folder, LOCK_FILE)
    }

    /// Takes the right to embed, waiting at most `timeout`: two processes that embed the same
    /// texts at the same time would do the work twice. Each batch is written under the writer's
    /// lock.
    pub fn acquire_filling(folder: &Path, timeout: Duration) -> Result<WriterLock> {
        let deadline = Instant::now() + timeout;
        until(deadline, || WriterLock::try_on(folder, FILLING_FILE))
    }

    fn try_on(folder: &Path, name: &str) -> Result<WriterLock> {
        create_private_folder(folder)?;
        let path = folder.join(name);
        loop {
            let mut file = open_private_file(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Busy {
                        holder: read_holder(&mut file),
                    });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(StoreError::io("lock", &path, error));
                }
            }
            // The folder may have been removed or moved between opening and locking; then the
            // lock is on a file that no other process opens.
            if is_file_at(&file, &path) {
                write_holder(&mut file).map_err(|error| StoreError::io("write", &path, error))?;
                return Ok(WriterLock { file });
            }
            create_private_folder(folder)?;
        }
    }

    /// Takes the lock in turn, waiting at most `timeout`.
    pub fn acquire(folder: &Path, timeout: Duration) -> Result<WriterLock> {
        let deadline = Instant::now() + timeout;
        // A writer of many batches takes the lock again right after it has released it; without
        // turns it would win against every process that polls.
        let _turn = until(deadline, || take_turn(folder))?;
        until(deadline, || WriterLock::try_acquire(folder))
    }
}

/// Tries again while others hold the lock, until the deadline.
fn until<T>(deadline: Instant, mut attempt: impl FnMut() -> Result<T>) -> Result<T> {
    loop {
        match attempt() {
            Err(StoreError::Busy { .. }) if Instant::now() < deadline => thread::sleep(POLL),
            other => return other,
        }
    }
}

/// Becomes the next in line for the lock, until the file is dropped.
fn take_turn(folder: &Path) -> Result<File> {
    create_private_folder(folder)?;
    let path = folder.join(TURN_FILE);
    let file = open_private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Busy { holder: None }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path, error)),
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        // Closing the file unlocks it too; a message must not name a process that has finished.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn read_holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

#[cfg(unix)]
fn is_file_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.dev() == named.dev() && open.ino() == named.ino(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_file_at(_file: &File, path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn only_one_lock_at_a_time() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let first = WriterLock::try_acquire(folder.path()).expect("free lock");
        match WriterLock::try_acquire(folder.path()) {
            Err(StoreError::Busy { holder }) => assert_eq!(holder, Some(std::process::id())),
            other => panic!("expected a busy lock, got {other:?}"),
        }
        drop(first);
        WriterLock::acquire(folder.path(), Duration::from_secs(1)).expect("free again");
    }

    #[test]
    fn who_waits_comes_before_who_comes_back() {
        const LONG: Duration = Duration::from_secs(30);
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path();
        let held = WriterLock::acquire(path, LONG).expect("free lock");
        let had_it = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let _lock = WriterLock::acquire(path, LONG).expect("its turn");
                had_it.store(true, Ordering::SeqCst);
            });
            while take_turn(path).is_ok() {
                thread::sleep(Duration::from_millis(1));
            }
            drop(held);
            let _lock = WriterLock::acquire(path, LONG).expect("the turn after that");
            assert!(had_it.load(Ordering::SeqCst), "the waiter had the lock");
        });
    }
}
