//! Stores the contents of changed files by hash on disk, so that a resumed session can undo.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ollacode_secrets::{masked_path, redact, secret_path, secret_values};

use super::{Blob, ChangeRecord};
use crate::jail::{Hash, Jail, hash_of};
use crate::session::create_private_folder;

/// Folder of the contents in the session's folder.
const FOLDER: &str = "changes";
/// File of announced changes that may not be in the journal yet.
const ANNOUNCED: &str = "announced.json";

/// Whether a content is synced to disk when it is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    Synced,
    Unsynced,
}

/// File that names the files being restored.
const RESTORING: &str = "restoring.json";

#[derive(Debug)]
pub(super) struct ContentStore {
    folder: PathBuf,
    /// Contents that are not on disk, because they have secrets or writing failed.
    memory: HashMap<Hash, Arc<Vec<u8>>>,
}

impl ContentStore {
    pub fn new(session: &Path) -> ContentStore {
        ContentStore {
            folder: session.join(FOLDER),
            memory: HashMap::new(),
        }
    }

    /// Stores the content of a file: when this returns, it is on disk.
    ///
    /// Contents with secrets are never written; they are kept in memory.
    pub fn keep(&mut self, path: &str, blob: &Blob) -> io::Result<()> {
        self.keep_as(path, blob, Durability::Synced)
    }

    /// Stores the content of a file without syncing it.
    pub fn keep_unsynced(&mut self, path: &str, blob: &Blob) -> io::Result<()> {
        self.keep_as(path, blob, Durability::Unsynced)
    }

    fn keep_as(&mut self, path: &str, blob: &Blob, durability: Durability) -> io::Result<()> {
        if self.memory.contains_key(&blob.hash) || self.path_of(&blob.hash).is_file() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&blob.bytes);
        let is_secret = secret_path(path).is_some()
            || (masked_path(path).is_some() && !secret_values(path, &text).is_empty())
            || !redact(&text).findings.is_empty();
        if is_secret {
            self.remember(blob);
            return Ok(());
        }
        create_private_folder(&self.folder)?;
        self.write(&self.path_of(&blob.hash), &blob.bytes, durability)
    }

    /// Keeps a content in memory.
    pub fn remember(&mut self, blob: &Blob) {
        self.memory.insert(blob.hash, Arc::clone(&blob.bytes));
    }

    /// Records changes that are about to be made.
    pub fn announce(&self, changes: &[ChangeRecord]) -> io::Result<()> {
        create_private_folder(&self.folder)?;
        let announced = serde_json::to_vec(changes)?;
        self.write(&self.folder.join(ANNOUNCED), &announced, Durability::Synced)
    }

    /// Announced changes that are not settled; none if they cannot be read.
    pub fn announced(&self) -> Vec<ChangeRecord> {
        let bytes = fs::read(self.folder.join(ANNOUNCED)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Removes the announcement. If that fails, the journal still shows that it is settled.
    pub fn settle(&self) {
        let _ = fs::remove_file(self.folder.join(ANNOUNCED));
    }

    /// Records which files are about to be restored. If it fails, a crash may leave a temporary
    /// file.
    pub fn begin_restoring(&self, paths: &[&str]) {
        let paths = serde_json::to_vec(paths).unwrap_or_default();
        let _ = self.write(&self.folder.join(RESTORING), &paths, Durability::Unsynced);
    }

    /// Removes that record.
    pub fn end_restoring(&self) {
        let _ = fs::remove_file(self.folder.join(RESTORING));
    }

    /// Removes the temporary files of a process that was killed while it changed files.
    pub fn clear_up(&self, jail: &Jail) {
        let bytes = fs::read(self.folder.join(RESTORING)).unwrap_or_default();
        let mut paths: Vec<String> = serde_json::from_slice(&bytes).unwrap_or_default();
        paths.extend(self.announced().into_iter().map(|change| change.path));
        for path in paths {
            if let Ok(path) = jail.path(&path) {
                let _ = jail.remove_stale_temporaries(&path);
            }
        }
    }

    /// A stored content; `None` if it is missing or damaged.
    pub fn get(&self, hash: &Hash) -> Option<Arc<Vec<u8>>> {
        if let Some(bytes) = self.memory.get(hash) {
            return Some(Arc::clone(bytes));
        }
        let bytes = fs::read(self.path_of(hash)).ok()?;
        (hash_of(&bytes) == *hash).then(|| Arc::new(bytes))
    }

    fn write(&self, path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let temporary = path.with_extension(format!("{}-{count}.tmp", std::process::id()));
        let written = write_private(&temporary, bytes, durability)
            .and_then(|()| fs::rename(&temporary, path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
            return written;
        }
        if cfg!(unix) && durability == Durability::Synced {
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }

    fn path_of(&self, hash: &Hash) -> PathBuf {
        self.folder.join(super::hex(hash))
    }
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    match durability {
        Durability::Synced => file.sync_all(),
        Durability::Unsynced => Ok(()),
    }
}
