//! Definitions of tools as they were when they were first seen, so that a server cannot exchange one that
//! the user has looked at.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::definitions::{Definition, canonical};
use crate::permission::{McpServer, McpTransport};
use crate::session::create_private_folder;

/// The form of the file; a greater one is of a later version of this program.
const VERSION: u32 = 1;
/// Largest file, in bytes.
const MOST_BYTES: u64 = 64 << 20;
/// Most servers; the one that was pinned longest ago goes first.
const MOST_SERVERS: usize = 200;
/// Most tools that are pinned for a server, and most bytes of their definitions: a server that makes up
/// new names must not fill the file, without which no server is used.
const MOST_TOOLS: usize = 2_000;
const MOST_TOOL_BYTES: usize = 6 << 20;
/// How long a change waits for that of another process.
const PATIENCE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(5);

/// The file of pinned definitions. Clones are of the same file.
#[derive(Clone, Debug)]
pub struct PinStore {
    file: PathBuf,
}

/// What identifies a server: its name, where it comes from, and what is started or connected to. With
/// another command it is another server, and all of its tools are new.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerIdentity(String);

/// A pinned definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    #[serde(flatten)]
    pub definition: Definition,
    /// Whether the user was shown it.
    pub is_shown: bool,
}

/// What is known of a definition that a server gives.
#[derive(Clone, Debug, PartialEq)]
pub enum PinState {
    /// It was never seen before, and is pinned now.
    New,
    /// It is as it was.
    Same { is_shown: bool },
    /// It is another one than this; what is pinned stays.
    Changed { before: Box<Definition> },
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct PinFile {
    version: u32,
    /// The number of the last server that was added.
    number: u64,
    servers: BTreeMap<String, PinnedServer>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct PinnedServer {
    /// For people who read the file.
    name: String,
    number: u64,
    tools: BTreeMap<String, Pin>,
}

impl ServerIdentity {
    /// The identity of a server. `folder` is the repository that brings it, if one does: the same words
    /// start another program there.
    pub fn of(server: &McpServer, folder: Option<&Path>) -> ServerIdentity {
        let mut hasher = blake3::Hasher::new();
        let mut add = |piece: &[u8]| {
            hasher.update(&piece.len().to_le_bytes());
            hasher.update(piece);
        };
        add(server.name.as_bytes());
        add(folder.map_or(&b""[..], |folder| folder.as_os_str().as_encoded_bytes()));
        match &server.transport {
            McpTransport::Command { argv, .. } => {
                add(b"command");
                argv.iter().for_each(|word| add(word.as_bytes()));
            }
            McpTransport::Http { url, .. } => {
                add(b"url");
                add(url.as_str().as_bytes());
            }
        }
        ServerIdentity(hasher.finalize().to_hex().to_string())
    }
}

impl PinStore {
    /// The file may not exist yet. Its lock is beside it.
    pub fn new(file: PathBuf) -> PinStore {
        PinStore { file }
    }

    /// The pinned definitions of a server by their names.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is damaged: in words for people, with what to do.
    pub fn pinned(&self, server: &ServerIdentity) -> io::Result<BTreeMap<String, Pin>> {
        let mut file = self.read()?;
        Ok(file.servers.remove(&server.0).unwrap_or_default().tools)
    }

    /// Compares definitions with those that are pinned, and pins new ones.
    ///
    /// # Errors
    ///
    /// As for [`PinStore::pinned`], and if the file cannot be written: then nothing counts as seen.
    pub fn compare(
        &self,
        server: &ServerIdentity,
        name: &str,
        definitions: &[Definition],
    ) -> io::Result<Vec<PinState>> {
        let pinned = self.pinned(server)?;
        let is_new = |definition: &Definition| !pinned.contains_key(&definition.name);
        if !definitions.iter().any(is_new) {
            return Ok(states(&pinned, definitions));
        }
        let states = self.change(|file| {
            let tools = file.server(server, name);
            let states = states(tools, definitions);
            for definition in definitions {
                tools.entry(definition.name.clone()).or_insert_with(|| Pin {
                    definition: definition.clone(),
                    is_shown: false,
                });
            }
            are_bounded(tools).then_some(states)
        })?;
        states.ok_or_else(|| {
            io::Error::other(format!(
                "the MCP server `{name}` makes up ever more tools: it has given more than \
                 {MOST_TOOLS}, or {MOST_TOOL_BYTES} bytes of them, so that none is used until it is \
                 set up under another name"
            ))
        })
    }

    /// Remembers that the user was shown a definition, if it is the pinned one.
    ///
    /// # Errors
    ///
    /// As for [`PinStore::compare`].
    pub fn note_shown(
        &self,
        server: &ServerIdentity,
        name: &str,
        definition: &Definition,
    ) -> io::Result<()> {
        self.change(|file| {
            let pin = file.server(server, name).get_mut(&definition.name);
            if let Some(pin) = pin.filter(|pin| pin.definition.hash == definition.hash) {
                pin.is_shown = true;
            }
            Some(())
        })?;
        Ok(())
    }

    /// Pins a definition in place of what was pinned: the user was shown it, and accepts it.
    ///
    /// # Errors
    ///
    /// As for [`PinStore::compare`].
    pub fn accept(
        &self,
        server: &ServerIdentity,
        name: &str,
        definition: &Definition,
    ) -> io::Result<()> {
        self.change(|file| {
            let pin = Pin {
                definition: definition.clone(),
                is_shown: true,
            };
            file.server(server, name)
                .insert(definition.name.clone(), pin);
            Some(())
        })?;
        Ok(())
    }

    /// Changes the file while no other process does; it stays as it is if the change gives `None`.
    fn change<T>(&self, change: impl FnOnce(&mut PinFile) -> Option<T>) -> io::Result<Option<T>> {
        create_private_folder(self.folder())
            .map_err(|error| self.failed("create the folder of", &error))?;
        let _lock = self.lock()?;
        let mut file = self.read()?;
        let changed = change(&mut file);
        if changed.is_some() {
            self.write(&file)
                .map_err(|error| self.failed("write", &error))?;
        }
        Ok(changed)
    }

    fn folder(&self) -> &Path {
        let folder = self.file.parent();
        folder
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }

    /// The right to change the file, until it is dropped or the process ends.
    fn lock(&self) -> io::Result<File> {
        let file = private()
            .create(true)
            .truncate(false)
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

    fn read(&self) -> io::Result<PinFile> {
        let damaged = |why: &str| {
            io::Error::other(format!(
                "{} is damaged ({why}), so no tool of an MCP server is used: delete it, and look at \
                 the tools again with `ollacode mcp list`",
                self.file.display()
            ))
        };
        // Opening a FIFO would wait for ever.
        match fs::metadata(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(PinFile::default());
            }
            Err(error) => return Err(self.failed("read", &error)),
            Ok(metadata) if !metadata.is_file() => return Err(damaged("it is not a file")),
            Ok(_) => {}
        }
        let mut bytes = Vec::new();
        File::open(&self.file)
            .and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|error| self.failed("read", &error))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(damaged(&format!("it is larger than {MOST_BYTES} bytes")));
        }
        let file: PinFile =
            serde_json::from_slice(&bytes).map_err(|error| damaged(&error.to_string()))?;
        if file.version > VERSION {
            return Err(io::Error::other(format!(
                "{} is of a later version of ollacode, so no tool of an MCP server is used: use that \
                 version",
                self.file.display()
            )));
        }
        Ok(file)
    }

    /// Replaces the file, while this process has the lock.
    fn write(&self, file: &PinFile) -> io::Result<()> {
        let text = serde_json::to_vec(file)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(io::Error::other(
                "it would be too large: delete it, and look at all tools again with `ollacode mcp list`",
            ));
        }
        // What a killed process left behind is written over.
        let beside = self.file.with_extension("new");
        let written = private()
            .create(true)
            .truncate(true)
            .open(&beside)
            .and_then(|mut new| {
                new.write_all(&text)?;
                new.sync_all()
            })
            .and_then(|()| fs::rename(&beside, &self.file));
        if written.is_err() {
            // The error to report is the one above.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn failed(&self, what: &str, error: &io::Error) -> io::Error {
        let text = format!("cannot {what} {}: {error}", self.file.display());
        io::Error::new(error.kind(), text)
    }
}

impl PinFile {
    /// The tools of a server, which is added if it is not there.
    fn server(&mut self, server: &ServerIdentity, name: &str) -> &mut BTreeMap<String, Pin> {
        self.version = VERSION;
        if let Entry::Vacant(vacant) = self.servers.entry(server.0.clone()) {
            self.number = self.number.saturating_add(1);
            vacant.insert(PinnedServer {
                name: name.to_owned(),
                number: self.number,
                tools: BTreeMap::new(),
            });
        }
        while self.servers.len() > MOST_SERVERS {
            let others = self.servers.iter().filter(|(key, _)| **key != server.0);
            let oldest = others.min_by_key(|(_, known)| known.number);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            self.servers.remove(&oldest);
        }
        &mut self.servers.entry(server.0.clone()).or_default().tools
    }
}

/// Whether the pins of a server are within their bounds.
fn are_bounded(tools: &BTreeMap<String, Pin>) -> bool {
    let bytes = tools.values().map(|pin| {
        let definition = &pin.definition;
        definition.description.len() + canonical(&definition.schema).len()
    });
    tools.len() <= MOST_TOOLS && bytes.sum::<usize>() <= MOST_TOOL_BYTES
}

fn states(pinned: &BTreeMap<String, Pin>, definitions: &[Definition]) -> Vec<PinState> {
    let state = |definition: &Definition| match pinned.get(&definition.name) {
        None => PinState::New,
        Some(pin) if pin.definition.hash == definition.hash => PinState::Same {
            is_shown: pin.is_shown,
        },
        Some(pin) => PinState::Changed {
            before: Box::new(pin.definition.clone()),
        },
    };
    definitions.iter().map(state).collect()
}

/// Options to open a file for writing that only its owner may read.
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
