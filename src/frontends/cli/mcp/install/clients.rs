//! The clients that are known: where each keeps its settings, and what these look like.

use std::path::{Path, PathBuf};

use anyhow::{Context, Error, ensure};
use serde_json::{Value, json};

use super::edit::{Entry, Field, FileFormat, ServerMap, When};
use super::place::Place;
use crate::app::App;
use crate::config::{GivenFolder, SettingOrigin, SettingsFolder};
use crate::visible::visible_name;

/// The name of this server in the settings of a client.
pub const SERVER: &str = "ollacode";

/// A client of MCP.
pub struct Client {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Where its settings may be: the first file that exists counts, else the first.
    pub places: &'static [Place],
    pub format: FileFormat,
    /// Where servers are in the file.
    pub map: ServerMap,
    shape: Shape,
    starts: Starts,
    /// What to do after its settings were changed.
    pub then: &'static str,
}

/// How a client writes a server.
#[derive(Clone, Copy)]
enum Shape {
    /// `command` and `args`.
    Plain,
    /// The same, and `type`.
    Typed,
    /// All words in `command`.
    OneList,
    Goose,
}

/// In which folder a client starts a server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Starts {
    /// In that of the project.
    InProject,
    /// Anywhere, but it replaces this by the folder of the project.
    WithVariable(&'static str),
    /// Anywhere.
    Anywhere,
}

/// All of them, in the order in which they are listed.
pub const CLIENTS: &[Client] = &[
    Client {
        name: "claude-code",
        title: "Claude Code",
        places: &[Place::new(
            SettingsFolder::Named("CLAUDE_CONFIG_DIR", ""),
            ".claude.json",
        )],
        format: FileFormat::Json,
        map: ServerMap::at("mcpServers"),
        shape: Shape::Typed,
        starts: Starts::InProject,
        then: "`/mcp` in a new session shows it",
    },
    Client {
        name: "claude-desktop",
        title: "Claude Desktop",
        places: &[Place::new(
            SettingsFolder::Applications,
            "Claude/claude_desktop_config.json",
        )],
        format: FileFormat::Json,
        map: ServerMap::at("mcpServers"),
        shape: Shape::Plain,
        starts: Starts::Anywhere,
        then: "quit Claude Desktop and start it again",
    },
    Client {
        name: "codex",
        title: "Codex",
        places: &[Place::new(
            SettingsFolder::Named("CODEX_HOME", ".codex"),
            "config.toml",
        )],
        format: FileFormat::Toml,
        map: ServerMap::at("mcp_servers"),
        shape: Shape::Plain,
        starts: Starts::InProject,
        then: "`/mcp` in a new session shows it",
    },
    Client {
        name: "opencode",
        title: "opencode",
        places: &[
            Place::new(SettingsFolder::Config, "opencode/opencode.json"),
            Place::new(SettingsFolder::Config, "opencode/opencode.jsonc"),
        ],
        format: FileFormat::Json,
        map: ServerMap::at("mcp").or_below("servers"),
        shape: Shape::OneList,
        starts: Starts::InProject,
        then: "`opencode mcp list` shows it",
    },
    Client {
        name: "zed",
        title: "Zed",
        places: &[Place::new(SettingsFolder::Config, "zed/settings.json")],
        format: FileFormat::Json,
        map: ServerMap::at("context_servers"),
        shape: Shape::Plain,
        starts: Starts::InProject,
        then: "Zed reads it at once",
    },
    Client {
        name: "cursor",
        title: "Cursor",
        places: &[Place::new(SettingsFolder::Home, ".cursor/mcp.json")],
        format: FileFormat::Json,
        map: ServerMap::at("mcpServers"),
        shape: Shape::Plain,
        starts: Starts::Anywhere,
        then: "restart Cursor, and switch it on among its MCP servers",
    },
    Client {
        name: "vscode",
        title: "VS Code",
        places: &[Place::new(
            SettingsFolder::Applications,
            "Code/User/mcp.json",
        )],
        format: FileFormat::Json,
        map: ServerMap::at("servers"),
        shape: Shape::Typed,
        starts: Starts::WithVariable("${workspaceFolder}"),
        then: "`MCP: List Servers` starts it",
    },
    Client {
        name: "gemini-cli",
        title: "Gemini CLI",
        places: &[Place::new(SettingsFolder::Home, ".gemini/settings.json")],
        format: FileFormat::Json,
        map: ServerMap::at("mcpServers"),
        shape: Shape::Plain,
        starts: Starts::InProject,
        then: "`/mcp` in a new session shows it",
    },
    Client {
        name: "windsurf",
        title: "Windsurf",
        places: &[Place::new(
            SettingsFolder::Home,
            ".codeium/windsurf/mcp_config.json",
        )],
        format: FileFormat::Json,
        map: ServerMap::at("mcpServers"),
        shape: Shape::Plain,
        starts: Starts::Anywhere,
        then: "refresh the MCP servers in Windsurf",
    },
    Client {
        name: "goose",
        title: "goose",
        places: &[Place::new(SettingsFolder::Config, "goose/config.yaml")],
        format: FileFormat::Yaml,
        map: ServerMap::at("extensions"),
        shape: Shape::Goose,
        starts: Starts::InProject,
        then: "it is there in a new session",
    },
];

/// The names on the command line.
pub fn names() -> impl Iterator<Item = &'static str> {
    CLIENTS.iter().map(|client| client.name)
}

impl Client {
    /// The client of a name; `None` if it is not known.
    pub fn named(name: &str) -> Option<&'static Client> {
        CLIENTS.iter().find(|client| client.name == name)
    }

    /// Whether the settings name a folder although the command line does not.
    pub fn needs_folder(&self) -> bool {
        self.starts == Starts::Anywhere
    }

    /// What this client needs to start the server.
    pub fn entry(&self, program: &str, folders: &[String]) -> Entry {
        let mut arguments = vec!["mcp".to_owned()];
        let variable = match self.starts {
            Starts::WithVariable(variable) if folders.is_empty() => Some(variable.to_owned()),
            _ => None,
        };
        for folder in folders.iter().cloned().chain(variable) {
            arguments.extend(["--workspace".to_owned(), folder]);
        }
        Entry {
            name: SERVER,
            fields: self.shape.fields(program, &arguments),
        }
    }
}

impl Shape {
    fn fields(self, program: &str, arguments: &[String]) -> Vec<Field> {
        let field = |key, value| Field::new(key, value, When::Always);
        let first = |key, value| Field::new(key, value, When::New);
        match self {
            Shape::Plain => vec![
                field("command", json!(program)),
                field("args", json!(arguments)),
            ],
            Shape::Typed => vec![
                field("type", json!("stdio")),
                field("command", json!(program)),
                field("args", json!(arguments)),
            ],
            Shape::OneList => {
                let program = [program.to_owned()];
                let words: Vec<&String> = program.iter().chain(arguments).collect();
                vec![
                    field("type", json!("local")),
                    field("command", json!(words)),
                    Field::new("enabled", json!(true), When::NewAndNotBelow),
                ]
            }
            Shape::Goose => vec![
                first("enabled", json!(true)),
                field("type", json!("stdio")),
                first("name", json!(SERVER)),
                first("description", json!("Search in the code of this project")),
                field("cmd", json!(program)),
                field("args", json!(arguments)),
                first("envs", Value::Object(serde_json::Map::new())),
                first("timeout", json!(300)),
            ],
        }
    }
}

/// The folders that the settings name: those of the command line. A client that starts servers
/// anywhere gets the one that is worked on.
///
/// # Errors
///
/// There is no project here that could be named, or a folder does not exist or cannot be written
/// into settings.
pub fn served_folders(
    app: &App,
    client: &Client,
    others: &[PathBuf],
) -> Result<Vec<String>, Error> {
    let is_given = matches!(
        app.settings.workspace,
        Some(GivenFolder {
            origin: SettingOrigin::Flag(_),
            ..
        })
    );
    if !is_given && !client.needs_folder() {
        return Ok(Vec::new());
    }
    ensure!(
        is_given || !app.needs_confirmation(),
        "{} starts servers in no project's folder: name one with `--workspace`",
        client.title
    );
    let mut folders = vec![app.workspace.root.clone()];
    for other in others {
        let shown = other.display();
        folders.push(
            other
                .canonicalize()
                .with_context(|| format!("cannot open the workspace {shown}"))?,
        );
    }
    folders.iter().map(|folder| plain(folder)).collect()
}

/// A path as settings can have it: clients replace variables in them.
pub fn plain(path: &Path) -> Result<String, Error> {
    let text = path.to_str().filter(|text| {
        let is_special = |sign: char| sign.is_control() || "${}".contains(sign);
        !text.contains(is_special)
    });
    let text = text.with_context(|| {
        let shown = visible_name(&path.display().to_string());
        format!("{shown} has characters that settings of clients cannot have: give it a plain name")
    })?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_client_has_a_name_of_its_own_and_a_place() {
        let names: BTreeSet<&str> = names().collect();
        assert_eq!(names.len(), CLIENTS.len());
        for client in CLIENTS {
            assert!(!client.places.is_empty(), "{}", client.name);
            assert!(Client::named(client.name).is_some());
        }
        assert!(Client::named("emacs").is_none());
    }

    #[test]
    fn a_path_with_a_variable_in_it_is_refused() {
        assert_eq!(plain(Path::new("/a b/ü")).ok().as_deref(), Some("/a b/ü"));
        for path in ["/${env:TOKEN}", "/{file:x}", "/a\nb", "/$HOME"] {
            assert!(plain(Path::new(path)).is_err(), "{path}");
        }
    }
}
