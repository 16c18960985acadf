//! What the user has trusted of repositories: files that could start programs, by their content.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

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
    file: PathBuf,
}

#[derive(Default, Serialize, Deserialize)]
struct TrustedFiles {
    /// Hashes by kind and workspace.
    trusted: BTreeMap<String, String>,
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
        TrustStore { file }
    }

    /// Whether just this content is trusted in a workspace. A file that cannot be read trusts nothing.
    pub fn trusts(&self, kind: TrustKind, root: &Path, content: &[u8]) -> bool {
        let read = self.read().unwrap_or_default();
        read.trusted.get(&key(kind, root)) == Some(&hash(root, content))
    }

    /// Trusts a content, in place of what was trusted before.
    pub fn trust(&self, kind: TrustKind, root: &Path, content: &[u8]) -> io::Result<()> {
        let mut read = self.read()?;
        read.trusted.insert(key(kind, root), hash(root, content));
        self.write(&read)
    }

    /// Ends the trust; whether there was any.
    pub fn forget(&self, kind: TrustKind, root: &Path) -> io::Result<bool> {
        let mut read = self.read()?;
        let was_there = read.trusted.remove(&key(kind, root)).is_some();
        self.write(&read)?;
        Ok(was_there)
    }

    fn read(&self) -> io::Result<TrustedFiles> {
        match fs::read(&self.file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(TrustedFiles::default()),
            Err(error) => Err(error),
        }
    }

    fn write(&self, files: &TrustedFiles) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let beside = self
            .file
            .with_extension(format!("new-{}", std::process::id()));
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(files)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.file)
    }
}

fn key(kind: TrustKind, root: &Path) -> String {
    format!("{}:{}", kind.name(), root.display())
}

fn hash(root: &Path, content: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(root.as_os_str().as_encoded_bytes());
    hasher.update(&[0]);
    hasher.update(content);
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_content_that_was_trusted_is_trusted() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = TrustStore::new(folder.path().join("data/trusted.json"));
        let (here, there) = (Path::new("/a"), Path::new("/b"));
        assert!(!store.trusts(TrustKind::Hooks, here, b"x"));
        store.trust(TrustKind::Hooks, here, b"x").expect("written");
        assert!(store.trusts(TrustKind::Hooks, here, b"x"));
        assert!(!store.trusts(TrustKind::Hooks, here, b"x "));
        assert!(!store.trusts(TrustKind::Hooks, there, b"x"));
        assert!(!store.trusts(TrustKind::McpServers, here, b"x"));
        store.trust(TrustKind::Hooks, here, b"y").expect("written");
        assert!(!store.trusts(TrustKind::Hooks, here, b"x"));
        assert!(store.forget(TrustKind::Hooks, here).expect("written"));
        assert!(!store.trusts(TrustKind::Hooks, here, b"y"));
    }

    #[test]
    fn a_damaged_file_trusts_nothing_and_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("trusted.json");
        fs::write(&file, "{").expect("written");
        let store = TrustStore::new(file.clone());
        assert!(!store.trusts(TrustKind::Hooks, Path::new("/a"), b"x"));
        assert!(
            store
                .trust(TrustKind::Hooks, Path::new("/a"), b"x")
                .is_err()
        );
        assert_eq!(fs::read(&file).expect("a file"), b"{");
    }
}
