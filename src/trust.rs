//! What the user has trusted of repositories: files that could start programs, by their content.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::private_file::{FileForm, PrivateFile};

/// The form of the file.
const VERSION: u32 = 1;
/// Most files that are trusted at once; the trust that is longest ago ends first.
const MOST: usize = 500;
/// Characters of a path that are kept, for people who read the file.
const SHOWN: usize = 200;

const FORM: FileForm = FileForm {
    version: VERSION,
    // As many entries as there may be are smaller.
    most_bytes: 1 << 20,
    consequence: "nothing of repositories is trusted",
    remedy: "delete it, and trust again what you want",
};

/// What kind of file is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustKind {
    /// `.mcp.json`: servers that are started.
    McpServers,
    /// Hooks in `.ollacode/config.toml`.
    Hooks,
}

/// The file of the data folder that remembers it. A change of the content ends the trust.
#[derive(Clone, Debug)]
pub struct TrustStore {
    file: PrivateFile,
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
    /// The file may not exist yet.
    pub fn new(file: PathBuf) -> TrustStore {
        TrustStore {
            file: PrivateFile::new(file, FORM),
        }
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
        self.file
            .change(|files: &mut TrustedFiles| {
                files.insert(kind, root, content);
                Some(())
            })
            .map(drop)
    }

    /// Ends the trust; whether there was any.
    ///
    /// # Errors
    ///
    /// As for [`TrustStore::trust`].
    pub fn forget(&self, kind: TrustKind, root: &Path) -> io::Result<bool> {
        let ended = self
            .file
            .change(|files: &mut TrustedFiles| files.trusted.remove(&key(kind, root)));
        Ok(ended?.is_some())
    }

    fn read(&self) -> io::Result<TrustedFiles> {
        self.file.read()
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
