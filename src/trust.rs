//! What the user has trusted of repositories: files that could start programs, by their content.

mod owner;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::session::create_private_folder;

pub use owner::{WrittenByOthers, written_by_others};

/// The form of the file; a greater one is of a later version of this program.
const VERSION: u32 = 1;
/// Most files that are trusted at once; the trust that is longest ago ends first.
const MOST: usize = 500;
/// Largest file, in bytes. As many entries as there may be are smaller.
const MOST_BYTES: u64 = 1 << 20;
/// Characters of a path that are kept, for people who read the file.
const SHOWN: usize = 200;
/// How long a change waits for that of another process, which takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// What kind of file is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustKind {
    /// `.mcp.json`: servers that are started.
    McpServers,
    /// Hooks in `.ollacode/config.toml`.
    Hooks,
}

/// The file of the data folder that remembers it. A change of the content ends the trust.
///
/// The file is for its owner alone and replaced as a whole. Processes that change it at the same time
/// take turns, so that nothing of either is lost.
#[derive(Clone, Debug)]
pub struct TrustStore {
    file: PathBuf,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct TrustedFiles {
    version: u32,
    /// The number of the last change.
    number: u64,
    /// By kind and hash of the workspace.
    trusted: BTreeMap<String, TrustedFile>,
}

#[derive(Debug, Serialize, Deserialize)]
struct TrustedFile {
    /// For people who read the file; perhaps shortened.
    workspace: String,
    /// Of workspace and content.
    hash: String,
    number: u64,
}

impl TrustKind {
    fn name(self) -> &'static str {
        match self {
            TrustKind::McpServers => "mcp-servers",
            TrustKind::Hooks => "hooks",
        }
    }
}

impl TrustStore {
    /// The file may not exist yet. Locks and new versions of it are beside it, under its name with
    /// other endings.
    pub fn new(file: PathBuf) -> TrustStore {
        TrustStore { file }
    }

    /// Whether just this content is trusted in a workspace. A file that cannot be read trusts nothing:
    /// see [`TrustStore::problem`].
    pub fn trusts(&self, kind: TrustKind, root: &Path, content: &[u8]) -> bool {
        self.read()
            .is_ok_and(|files| files.trusts(kind, root, content))
    }

    /// Why nothing is trusted although something was, and what to do about it, in a sentence; `None` if
    /// the file can be read, or if there is none.
    pub fn problem(&self) -> Option<String> {
        self.read().err().map(|error| error.to_string())
    }

    /// Trusts a content, in place of what was trusted before.
    ///
    /// # Errors
    ///
    /// If the file is damaged or cannot be written; it then stays as it is.
    pub fn trust(&self, kind: TrustKind, root: &Path, content: &[u8]) -> io::Result<()> {
        self.change(|files| {
            files.insert(kind, root, content);
            true
        })
        .map(drop)
    }

    /// Ends the trust; whether there was any.
    ///
    /// # Errors
    ///
    /// As for [`TrustStore::trust`].
    pub fn forget(&self, kind: TrustKind, root: &Path) -> io::Result<bool> {
        self.change(|files| files.trusted.remove(&key(kind, root)).is_some())
    }

    /// Changes the file while no other process does. Written only if `change` says that it changed
    /// something, which is returned.
    fn change(&self, change: impl FnOnce(&mut TrustedFiles) -> bool) -> io::Result<bool> {
        create_private_folder(self.folder())
            .map_err(|error| self.failed("create the folder of", &error))?;
        let _lock = self.lock()?;
        let mut files = self.read()?;
        let is_changed = change(&mut files);
        if is_changed {
            self.write(&files)
                .map_err(|error| self.failed("write", &error))?;
        }
        Ok(is_changed)
    }

    fn folder(&self) -> &Path {
        let folder = self.file.parent();
        folder
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }

    /// The right to change the file, until it is dropped or the process ends.
    fn lock(&self) -> io::Result<File> {
        let mut options = private();
        options.create(true).truncate(false);
        let file = options
            .open(self.file.with_extension("lock"))
            .map_err(|error| self.failed("lock", &error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => {
                    let busy = io::Error::other("another process is changing it; try again");
                    return Err(self.failed("change", &busy));
                }
                Err(TryLockError::Error(error)) => return Err(self.failed("lock", &error)),
            }
        }
    }

    fn read(&self) -> io::Result<TrustedFiles> {
        let damaged = |why: &str| {
            io::Error::other(format!(
                "{} is damaged ({why}), so nothing of repositories is trusted: delete it, and trust \
                 again what you want",
                self.file.display()
            ))
        };
        // Opening a FIFO would wait for ever.
        match fs::metadata(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(TrustedFiles::default());
            }
            Err(error) => return Err(self.failed("read", &error)),
            Ok(metadata) if !metadata.is_file() => return Err(damaged("it is not a file")),
            Ok(_) => {}
        }
        if let Some(why) = written_by_others(&self.file) {
            return Err(io::Error::other(format!(
                "{} is not used, so nothing of repositories is trusted: {why}",
                self.file.display()
            )));
        }
        let mut bytes = Vec::new();
        File::open(&self.file)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| self.failed("read", &error))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(damaged(&format!("it is larger than {MOST_BYTES} bytes")));
        }
        let files: TrustedFiles =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&error.to_string()))?;
        if files.version > VERSION {
            return Err(io::Error::other(format!(
                "{} is of a later version of ollacode, so nothing of repositories is trusted: use that \
                 version",
                self.file.display()
            )));
        }
        Ok(files)
    }

    /// Replaces the file, while this process has the lock.
    fn write(&self, files: &TrustedFiles) -> io::Result<()> {
        self.remove_left_behind();
        let random = RandomState::new().build_hasher().finish();
        let beside = self.file.with_extension(format!("new-{random:016x}"));
        let written = private()
            .create_new(true)
            .open(&beside)
            .and_then(|mut file| {
                file.write_all(&serde_json::to_vec_pretty(files)?)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&beside, &self.file));
        if written.is_err() {
            // The error to report is the one above.
            let _ = fs::remove_file(&beside);
        }
        written?;
        if cfg!(unix) {
            File::open(self.folder())?.sync_all()?;
        }
        Ok(())
    }

    /// Removes new versions of processes that were killed before they were in place.
    fn remove_left_behind(&self) {
        let stem = self.file.file_stem().unwrap_or_default().to_string_lossy();
        let beginning = format!("{stem}.new-");
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&beginning) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn failed(&self, what: &str, error: &io::Error) -> io::Error {
        let text = format!("cannot {what} {}: {error}", self.file.display());
        io::Error::new(error.kind(), text)
    }
}

impl TrustedFiles {
    fn trusts(&self, kind: TrustKind, root: &Path, content: &[u8]) -> bool {
        let known = self.trusted.get(&key(kind, root));
        known.is_some_and(|known| known.hash == hash(root, content))
    }

    fn insert(&mut self, kind: TrustKind, root: &Path, content: &[u8]) {
        self.version = VERSION;
        self.number = self.number.saturating_add(1);
        let workspace = root.to_string_lossy().chars().take(SHOWN).collect();
        let trusted = TrustedFile {
            workspace,
            hash: hash(root, content),
            number: self.number,
        };
        self.trusted.insert(key(kind, root), trusted);
        while self.trusted.len() > MOST {
            let oldest = self.trusted.iter().min_by_key(|(_, known)| known.number);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            self.trusted.remove(&oldest);
        }
    }
}

/// Opens a file for writing that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn key(kind: TrustKind, root: &Path) -> String {
    let root = blake3::hash(root.as_os_str().as_encoded_bytes());
    format!("{}:{}", kind.name(), root.to_hex())
}

fn hash(root: &Path, content: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(root.as_os_str().as_encoded_bytes());
    hasher.update(&[0]);
    hasher.update(content);
    hasher.finalize().to_hex().to_string()
}
