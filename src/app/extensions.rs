//! What users add to this program: templates, tools, servers, hooks, skills.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{App, StartError};
use crate::jail::{GitSettings, Jail};
use crate::mcp::{McpServers, McpSetup, ProgramPlace, ProgramSource};
use crate::model::http::NetworkScope;
use crate::permission::{McpServer, McpTransport};
use crate::sandbox::Sandbox;
use crate::skills::{self, UserFolders};
use crate::templates::Library;
use crate::text::with_causes;
use crate::tools::{Toolbox, server_access};
use crate::trust::TrustStore;

impl App {
    /// The tools of a session: those for templates, skills and MCP servers only where there are some, since
    /// each tool costs a part of the window.
    pub(super) fn toolbox(&self) -> Result<Toolbox, StartError> {
        let library = self.templates();
        let toolbox = match library.has_own(&self.jail) {
            true => Toolbox::with_templates(library),
            false => Toolbox::builtin(),
        };
        let skills = self.skills();
        let toolbox = match skills.told(&self.jail).is_empty() {
            true => toolbox,
            false => toolbox.with_skills(skills),
        };
        let own = &self.settings.rules.tools;
        let toolbox = toolbox.with_own(own).map_err(StartError::Tool)?;
        Ok(self.with_server_tools(toolbox).0)
    }

    /// An error if a model could take one of the user's tools for one of ours.
    pub(super) fn check_own_tools(&self) -> Result<(), StartError> {
        let toolbox = Toolbox::with_templates(self.templates());
        let checked = toolbox.with_own(&self.settings.rules.tools);
        checked.map(drop).map_err(StartError::Tool)
    }

    /// Whether commands find a program: a name in `PATH`, or a path from the workspace.
    pub fn has_program(&self, program: &str) -> bool {
        if program.contains('/') {
            return is_program(&self.workspace.root.join(program));
        }
        let environment = self.command_environment();
        let path = environment.variables().find(|(name, _)| *name == "PATH");
        path.is_some_and(|(_, folders)| {
            env::split_paths(folders).any(|folder| is_program(&folder.join(program)))
        })
    }

    /// The templates that can be used.
    pub fn templates(&self) -> Library {
        Library::new(self.environment.templates_folder(), self.skills())
    }

    /// The skills that can be used.
    pub fn skills(&self) -> skills::Library {
        let user = UserFolders {
            skills: self.environment.skill_folders(),
            commands: self.environment.commands_folder(),
        };
        let above = self.workspace.repository_above(self.environment.home());
        skills::Library::new(user, above, self.rules.clone())
    }

    /// What the user has trusted of repositories.
    pub fn trust(&self) -> TrustStore {
        TrustStore::new(self.settings.data_folder.join("trusted/files.json"))
    }

    /// The MCP servers: those of the user, and those of the repository as far as they are trusted now.
    /// Clones share them; nothing is started before one is used.
    pub fn mcp_servers(&self) -> Arc<McpServers> {
        let servers = self.servers.get_or_init(|| {
            let (brought, values) = self.trusted_servers();
            let servers = [self.settings.rules.servers.clone(), brought].concat();
            let mut variables = self.variables_of(&servers);
            variables.extend(values);
            let setup = McpSetup {
                variables,
                offline: self.settings.reach == NetworkScope::LoopbackOnly,
                programs: self.program_source(),
            };
            Arc::new(McpServers::new(servers, setup))
        });
        Arc::clone(servers)
    }

    /// Ends the MCP servers in order, if any were used.
    pub async fn end_servers(&self) {
        if let Some(servers) = self.servers.get() {
            servers.end().await;
        }
    }

    /// The values of the variables that servers name.
    fn variables_of(&self, servers: &[McpServer]) -> BTreeMap<String, OsString> {
        let named: BTreeSet<&str> = servers.iter().flat_map(McpServer::variables).collect();
        let variables = self.environment.variables();
        let named = variables.filter_map(|(name, value)| {
            let name = name.to_str().filter(|name| named.contains(name))?;
            Some((name.to_owned(), value.to_owned()))
        });
        named.collect()
    }

    /// Where programs of servers run: as commands of the model do, in one sandbox that is made for the
    /// first of them.
    fn program_source(&self) -> ProgramSource {
        let app = App {
            // Not these servers, which would keep each other alive.
            servers: Arc::default(),
            ..self.clone()
        };
        let made: Mutex<Option<Sandbox>> = Mutex::new(None);
        Arc::new(move |server: &McpServer| {
            let mut made = made.lock();
            let sandbox = match &*made {
                Some(sandbox) => sandbox.clone(),
                None => app.sandbox().map_err(|error| with_causes(&error))?,
            };
            *made = Some(sandbox.clone());
            drop(made);
            app.program_place(server, sandbox)
        })
    }

    fn program_place(&self, server: &McpServer, sandbox: Sandbox) -> Result<ProgramPlace, String> {
        let McpTransport::Command { argv, network, .. } = &server.transport else {
            return Err("it is no program".to_owned());
        };
        let jail = Jail::open_without(&self.workspace.root, &self.private_paths());
        let jail = jail.map_err(|error| with_causes(&error))?;
        let jail = jail.with_git_settings(GitSettings {
            home: self.environment.home().map(Into::into),
            files: self.environment.git_files(),
        });
        let jail = jail.with_programs(self.own_programs());
        let access = server_access(argv, *network, &jail, &self.rules, &sandbox);
        let access = access.map_err(|error| with_causes(&error))?;
        Ok(ProgramPlace { sandbox, access })
    }
}

fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && is_executable(&found))
}

#[cfg(unix)]
fn is_executable(found: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    true
}
