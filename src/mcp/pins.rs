//! Definitions of tools as they were when they were first seen, so that a server cannot exchange one that
//! the user has looked at.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::definitions::{Definition, canonical};
use crate::permission::{McpServer, McpTransport};
use crate::private_file::{FileForm, PrivateFile};

/// The form of the file.
const VERSION: u32 = 1;
/// Most servers; the one that was pinned longest ago goes first.
const MOST_SERVERS: usize = 200;
/// Most tools that are pinned for a server, and most bytes of their definitions: a server that makes up
/// new names must not fill the file, without which no server is used.
const MOST_TOOLS: usize = 2_000;
const MOST_TOOL_BYTES: usize = 6 << 20;

const FORM: FileForm = FileForm {
    version: VERSION,
    most_bytes: 64 << 20,
    consequence: "no tool of an MCP server is used",
    remedy: "delete it, and look at the tools again with `ollacode mcp list`",
};

/// The file of pinned definitions. Clones are of the same file.
#[derive(Clone, Debug)]
pub struct PinStore {
    file: PrivateFile,
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
    /// The file may not exist yet.
    pub fn new(file: PathBuf) -> PinStore {
        PinStore {
            file: PrivateFile::new(file, FORM),
        }
    }

    /// The pinned definitions of a server by their names.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is damaged: in words for people, with what to do.
    pub fn pinned(&self, server: &ServerIdentity) -> io::Result<BTreeMap<String, Pin>> {
        let mut file: PinFile = self.file.read()?;
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
        let states = self.file.change(|file: &mut PinFile| {
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
        let shown = self.file.change(|file: &mut PinFile| {
            let pin = file.server(server, name).get_mut(&definition.name)?;
            (pin.definition.hash == definition.hash).then(|| pin.is_shown = true)
        });
        shown.map(drop)
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
        let accepted = self.file.change(|file: &mut PinFile| {
            let pin = Pin {
                definition: definition.clone(),
                is_shown: true,
            };
            let tools = file.server(server, name);
            tools.insert(definition.name.clone(), pin);
            Some(())
        });
        accepted.map(drop)
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
