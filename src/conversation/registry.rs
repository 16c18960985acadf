//! The session of each conversation, and the owner of each session; kept across restarts.
//!
//! Users other than the owner can resume only the sessions that they started here.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::session::SessionId;

/// Sessions whose users are remembered; the oldest are dropped.
const MOST_SESSIONS: usize = 10_000;

#[derive(Debug)]
pub struct SessionRegistry {
    file: PathBuf,
    entries: RegistryFile,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RegistryFile {
    /// By the key of the participant, such as `7:7`.
    conversations: BTreeMap<String, RegistryEntry>,
    /// User by session. Session ids begin with their time, so the first is the oldest.
    begun_by: BTreeMap<String, u64>,
}

/// The current workspace and session of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryEntry {
    pub workspace: PathBuf,
    /// Empty if there is none yet.
    pub session: String,
}

impl SessionRegistry {
    /// Reads the file; a missing or damaged file counts as empty.
    pub fn open(file: PathBuf) -> SessionRegistry {
        let entries = fs::read(&file).unwrap_or_default();
        let entries = serde_json::from_slice(&entries).unwrap_or_default();
        SessionRegistry { file, entries }
    }

    pub fn conversation(&self, key: &str) -> Option<RegistryEntry> {
        self.entries.conversations.get(key).cloned()
    }

    pub fn set(&mut self, key: &str, workspace: &Path, session: Option<&SessionId>) {
        let entry = RegistryEntry {
            workspace: workspace.to_owned(),
            session: session.map(SessionId::to_string).unwrap_or_default(),
        };
        if self.entries.conversations.get(key) != Some(&entry) {
            self.entries.conversations.insert(key.to_owned(), entry);
            self.write();
        }
    }

    /// Records who started a session.
    pub fn begun(&mut self, session: &SessionId, user: u64) {
        self.entries.begun_by.insert(session.to_string(), user);
        while self.entries.begun_by.len() > MOST_SESSIONS {
            self.entries.begun_by.pop_first();
        }
        self.write();
    }

    /// Who started a session; `None` if it was not started here.
    pub fn owner(&self, session: &SessionId) -> Option<u64> {
        self.entries.begun_by.get(session.as_str()).copied()
    }

    /// Without the file, conversations start with a new session after a restart.
    fn write(&self) {
        if let Err(error) = self.try_write() {
            tracing::warn!("cannot write {}: {error}", self.file.display());
        }
    }

    fn try_write(&self) -> io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let beside = self.file.with_extension("new");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut file = options.open(&beside)?;
        file.write_all(&serde_json::to_vec(&self.entries)?)?;
        drop(file);
        fs::rename(&beside, &self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_known_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("telegram").join("1.json");
        let id = SessionId::parse("20261121-143005-k3x9").expect("an id");
        let mut registry = SessionRegistry::open(file.clone());
        assert_eq!(registry.conversation("7:-5"), None);
        registry.set("7:-5", Path::new("/w"), Some(&id));
        registry.begun(&id, 7);
        let registry = SessionRegistry::open(file.clone());
        let entry = registry.conversation("7:-5").expect("an entry");
        assert_eq!(
            (entry.workspace.as_path(), entry.session.as_str()),
            (Path::new("/w"), id.as_str())
        );
        assert_eq!(registry.owner(&id), Some(7));
        fs::write(&file, "{").expect("damage");
        assert_eq!(SessionRegistry::open(file).conversation("7:-5"), None);
    }
}
