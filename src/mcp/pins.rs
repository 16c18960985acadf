//! Definitions of tools as they were when they were first seen, so that a server cannot exchange one that
//! the user has looked at.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::definitions::Definition;
use crate::permission::{McpServer, McpTransport};
use crate::private_file::{FileForm, PrivateFile};

/// The form of the file.
const VERSION: u32 = 1;
/// Most servers; the one that was pinned longest ago goes first.
const MOST_SERVERS: usize = 200;

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
            Some(states)
        });
        Ok(states?.unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::ServerTool;
    use super::super::definitions::definitions;
    use super::*;

    fn server(name: &str, argv: &[&str]) -> McpServer {
        McpServer {
            name: name.to_owned(),
            transport: McpTransport::Command {
                argv: argv.iter().map(|&word| word.to_owned()).collect(),
                env: Vec::new(),
                network: false,
            },
            expose: Vec::new(),
            timeout: Duration::from_secs(1),
        }
    }

    fn defined(tools: &[(&str, &str)]) -> Vec<Definition> {
        let tools = tools.iter().map(|(name, description)| ServerTool {
            name: (*name).to_owned(),
            description: (*description).to_owned(),
            schema: json!({"type": "object"}),
        });
        definitions(tools.collect()).0
    }

    fn store() -> (tempfile::TempDir, PinStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = PinStore::new(folder.path().join("data/mcp/pins.json"));
        (folder, store)
    }

    #[test]
    fn what_was_seen_is_recognised_and_what_changed_stays_blocked_until_accepted() {
        let (_folder, store) = store();
        let id = ServerIdentity::of(&server("a", &["run"]), None);
        let compare = |tools: &[(&str, &str)]| {
            let states = store.compare(&id, "a", &defined(tools));
            states.expect("a file that can be written")
        };
        let same = |is_shown| PinState::Same { is_shown };
        let before = Box::new(defined(&[("x", "one")]).remove(0));
        let changed = PinState::Changed { before };

        assert_eq!(compare(&[("x", "one")]), [PinState::New]);
        assert_eq!(
            compare(&[("x", "one"), ("y", "")]),
            [same(false), PinState::New]
        );
        assert_eq!(compare(&[("x", "two")]).first(), Some(&changed));
        // It is not enough to give it again, nor to have no such tool meanwhile.
        assert!(compare(&[]).is_empty());
        assert_eq!(
            compare(&[("x", "two"), ("z", "")]),
            [changed, PinState::New]
        );
        store
            .note_shown(&id, "a", &defined(&[("x", "two")])[0])
            .expect("written");
        assert_eq!(compare(&[("x", "one")]), [same(false)], "another was shown");
        store
            .note_shown(&id, "a", &defined(&[("x", "one")])[0])
            .expect("written");
        assert_eq!(compare(&[("x", "one")]), [same(true)]);
        store
            .accept(&id, "a", &defined(&[("x", "two")])[0])
            .expect("written");
        assert_eq!(compare(&[("x", "two")]), [same(true)]);
        assert!(matches!(
            compare(&[("x", "one")])[..],
            [PinState::Changed { .. }]
        ));
        let pinned = store.pinned(&id).expect("a file");
        let names: Vec<&str> = pinned.keys().map(String::as_str).collect();
        assert_eq!(names, ["x", "y", "z"]);
    }

    #[test]
    fn another_command_name_or_folder_is_another_server() {
        let first = ServerIdentity::of(&server("a", &["run", "x"]), None);
        for other in [
            ServerIdentity::of(&server("b", &["run", "x"]), None),
            ServerIdentity::of(&server("a", &["run", "y"]), None),
            ServerIdentity::of(&server("a", &["run x"]), None),
            ServerIdentity::of(&server("a", &["run", "x"]), Some(Path::new("/w"))),
        ] {
            assert_ne!(first, other);
        }
        let (_folder, store) = store();
        let tools = defined(&[("x", "one")]);
        store.compare(&first, "a", &tools).expect("written");
        let other = ServerIdentity::of(&server("a", &["run", "y"]), None);
        let states = store.compare(&other, "a", &tools).expect("written");
        assert_eq!(states, [PinState::New]);
    }

    #[test]
    fn a_damaged_file_is_named_and_stays() {
        let (_folder, store) = store();
        let id = ServerIdentity::of(&server("a", &["run"]), None);
        let definitions = defined(&[("x", "")]);
        store.compare(&id, "a", &definitions).expect("written");
        let path = store.file.path();
        std::fs::write(path, "{").expect("written");
        let error = store.compare(&id, "a", &definitions);
        let error = error.expect_err("a damaged file").to_string();
        assert!(error.contains("is damaged"), "{error}");
        assert!(error.contains("`ollacode mcp list`"), "{error}");
        assert!(store.accept(&id, "a", &definitions[0]).is_err());
        assert_eq!(std::fs::read_to_string(path).expect("a file"), "{");
    }

    #[test]
    fn there_are_not_ever_more_servers() {
        let (_folder, store) = store();
        let id = |at: usize| ServerIdentity(format!("{at}"));
        let changed = store.file.change(|file: &mut PinFile| {
            for at in 0..MOST_SERVERS + 3 {
                let pin = Pin {
                    definition: defined(&[("x", "")]).remove(0),
                    is_shown: true,
                };
                file.server(&id(at), "a").insert("x".to_owned(), pin);
            }
            Some(())
        });
        changed.expect("written");
        let known = |at| !store.pinned(&id(at)).expect("a file").is_empty();
        assert!(!known(0) && !known(2) && known(3) && known(MOST_SERVERS + 2));
    }
}
