//! Builds the parts of the program from the settings and connects them.

mod background;
mod confinement;
mod extensions;
mod fleet;
mod hooks;
mod indexes;
mod isolated;
mod quick_models;
mod reading;
mod related;
mod searching;
mod server;
mod server_tools;
mod shared;
#[cfg(test)]
mod slow_model;
mod unindexed;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{EmbeddingCache, Index, ReplyMarks, StoreError};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::config::{ConfigError, Environment, Flags, GivenFolder, Settings, ToolChoice};
use crate::engine::{ChatActivity, CheckSetup, Engine, EngineOptions, EngineParts};
use crate::git::HistoryCache;
use crate::jail::{GitSettings, Holds, Jail, JailError, PrivatePath, keys_below};
use crate::mcp::McpServers;
use crate::model::http::ServerKind;
use crate::permission::{Hook, RepositoryRules, Rules};
use crate::retrieval::CodeIndex;
use crate::session::Session;
use crate::session::changes::clear_up_after_crashes;
use crate::tools::{GitVersions, NameTaken, ToolContext, ToolSet, UnsavedFiles};
use crate::workspace::{Workspace, WorkspaceError, workspace_id};

pub use background::{Background, IndexStatus, VectorStatus};
pub use fleet::OtherEmbedders;
pub use hooks::HookList;
pub use indexes::{Presence, StoredIndex};
pub use reading::{ReadError, ShownFile};
pub use server::SearchModelError;
pub use server_tools::BroughtTrust;
pub use shared::OpenSharedCache;

use fleet::EmbeddingServers;
use searching::{Connection, SearchModels};

/// Names of this program's files in the data folder.
const OWN_DATA: &[&str] = &[
    "benchmarks",
    "checks",
    "confined",
    "embeddings.db",
    "embeddings.db-shm",
    "embeddings.db-wal",
    "history",
    "indexes",
    "maps",
    "mcp-token",
    "mcp",
    "memory",
    "probes.json",
    "replies",
    "replying",
    "sessions",
    "shared-packs.db",
    "shared-packs.db-shm",
    "shared-packs.db-wal",
    "telegram",
    "trusted",
];

/// Settings, workspace and index of one run. Clones share the open index.
#[derive(Clone)]
pub struct App {
    pub settings: Settings,
    pub workspace: Workspace,
    pub index: Index,
    /// The rules of the user and the repository.
    pub rules: Arc<Rules>,
    /// The hooks that the repository brings, trusted or not.
    repository_hooks: Vec<Hook>,
    /// A handle on the workspace that knows the values in its secret files.
    jail: Jail,
    environment: Environment,
    /// What kind of server it is, once it was asked.
    server_kind: Arc<OnceLock<ServerKind>>,
    /// The model that is used without having been chosen, since the server has no other.
    only_model: Arc<OnceLock<String>>,
    /// The kinds of the other servers, by their addresses.
    server_kinds: Arc<Mutex<BTreeMap<String, ServerKind>>>,
    embedding_servers: Arc<EmbeddingServers>,
    connection: Connection,
    /// Whether the folder is being indexed for the first time.
    first_index: Arc<watch::Sender<bool>>,
    /// What was changed together, as far as it was asked for.
    git_history: Arc<HistoryCache>,
    /// The shared cache, once it was opened.
    shared: Arc<OnceLock<OpenSharedCache>>,
    /// The MCP servers, once they were asked for.
    servers: Arc<OnceLock<Arc<McpServers>>>,
    /// What editors have not saved; all sessions of the folder keep off.
    unsaved: Arc<UnsavedFiles>,
}

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    #[error(transparent)]
    Jail(#[from] JailError),
    /// A folder in the data folder cannot be created.
    #[error("cannot create {path}")]
    Folder { path: PathBuf, source: io::Error },
    /// Full confinement is required but not possible.
    #[error(
        "commands cannot be fully confined: {0}; `OLLACODE_SANDBOX=required` requires it, `best` \
         uses what the system supports"
    )]
    Unconfined(String),
    /// One of the user's tools cannot be called by its name.
    #[error("{0}; give yours another name in config.toml")]
    Tool(NameTaken),
}

impl App {
    /// Loads the settings and finds the workspace; opens nothing yet.
    pub fn start(flags: &Flags, environment: &Environment) -> Result<App, StartError> {
        App::with(Settings::load(flags, environment)?, environment)
    }

    /// The same settings for another folder, with its own index.
    pub fn in_folder(&self, folder: GivenFolder) -> Result<App, StartError> {
        let settings = Settings {
            workspace: Some(folder),
            warnings: Vec::new(),
            ..self.settings.clone()
        };
        Ok(App {
            server_kind: Arc::clone(&self.server_kind),
            only_model: Arc::clone(&self.only_model),
            server_kinds: Arc::clone(&self.server_kinds),
            ..App::with(settings, &self.environment)?
        })
    }

    fn with(mut settings: Settings, environment: &Environment) -> Result<App, StartError> {
        let folder = |root: &Path| {
            settings
                .data_folder
                .join("indexes")
                .join(workspace_id(root))
        };
        let workspace = Workspace::discover(
            settings.workspace.as_ref(),
            environment.current_folder(),
            environment.home(),
            |root| Index::exists_in(&folder(root)),
        )?;
        let jail = Jail::open(&workspace.root)?;
        let repository = RepositoryRules::read(&jail);
        let warning = repository.warning.clone();
        let repository_hooks = repository.hooks.clone();
        let private = private_paths(&settings, environment, &workspace.root);
        let limits = WalkLimits {
            file_size: settings.max_file_size,
            exclude: repository.exclude.clone(),
            own: private.into_iter().map(|private| private.path).collect(),
            ..WalkLimits::default()
        };
        let rules = Arc::new(Rules::new(jail.root(), &settings.rules, repository));
        let index = Index::new(&workspace.root, folder(&workspace.root), limits);
        let tables = settings.rules.model_servers.iter();
        let keys = tables.filter_map(|server| server.key_env.as_deref());
        let environment = environment.clone().without(keys);
        let secrets = jail.clone();
        let index = index.redacting(Arc::new(move |text| {
            // Values copied from secret files are neither stored nor embedded.
            match secrets.secret_values().hide_all(text) {
                Cow::Owned(clean) => Some(clean),
                Cow::Borrowed(_) => None,
            }
        }));
        settings.warnings.extend(warning);
        let app = App {
            settings,
            workspace,
            jail,
            index,
            rules,
            repository_hooks,
            environment,
            server_kind: Arc::default(),
            server_kinds: Arc::default(),
            embedding_servers: Arc::default(),
            only_model: Arc::default(),
            connection: Connection::default(),
            first_index: Arc::default(),
            git_history: Arc::default(),
            unsaved: Arc::default(),
            shared: Arc::default(),
            servers: Arc::default(),
        };
        app.check_own_tools()?;
        Ok(app)
    }

    /// Whether the workspace is the home folder or above it, so that the user is asked first.
    pub fn needs_confirmation(&self) -> bool {
        self.workspace.needs_confirmation(self.environment.home())
    }

    /// The replies of this process, and of all others with the same data folder.
    pub fn chat_activity(&self) -> ChatActivity {
        ChatActivity::across(ReplyMarks::of(&self.settings.data_folder))
    }

    /// Results of probes of models, for all workspaces; may not exist yet.
    pub fn probes_file(&self) -> PathBuf {
        self.settings.data_folder.join("probes.json")
    }

    /// The engine of a session.
    ///
    /// `activity` is notified of each reply: pass it to [`App::keep_fresh`], too.
    pub fn engine(&self, session: &Session, activity: &ChatActivity) -> Result<Engine, StartError> {
        let jail = Jail::open_without(&self.workspace.root, &self.private_paths())?;
        let jail = jail.with_git_settings(GitSettings {
            home: self.environment.home().map(Path::to_owned),
            files: self.environment.git_files(),
        });
        let jail = jail.with_programs(self.own_programs());
        // Secrets in outputs of commands are kept out of the index, too.
        let jail = jail.knowing_secrets_of(&self.jail);
        clear_up_after_crashes(&self.sessions_folder(), &jail);
        let context = ToolContext {
            jail,
            sandbox: Arc::new(self.sandbox()?),
            code: Arc::new(self.code_index()),
            rules: self.rules.clone(),
            seen: Mutex::default(),
            changes: Mutex::new(session.changes()),
            git_versions: GitVersions::default(),
            git_history: Arc::clone(&self.git_history),
            edit_form: Mutex::default(),
            unsaved: Arc::clone(&self.unsaved),
        };
        let Settings {
            max_steps,
            thinking_tokens,
            rag,
            compact,
            tools,
            edit_form,
            commit,
            ..
        } = self.settings;
        let engine = Engine::new(EngineParts {
            context: Arc::new(context),
            toolbox: self.toolbox()?,
            options: EngineOptions {
                max_steps,
                thinking: thinking_tokens,
                rag,
                compact,
                tools: match tools {
                    ToolChoice::Auto => None,
                    ToolChoice::Core => Some(ToolSet::Core),
                    ToolChoice::All => Some(ToolSet::All),
                },
                edit_form,
                commit,
            },
            activity: activity.clone(),
            known_memory: self.known_memory(),
            commit_trailer: self.settings.commit_trailer.clone(),
            skills: self.skills(),
        });
        let maps = self.settings.data_folder.join("maps");
        let map = maps.join(format!("{}.json", workspace_id(&self.workspace.root)));
        let engine = engine.with_checks(self.checks()).with_hooks(self.hooks());
        Ok(engine.keeping_map(map))
    }

    /// How changes are checked.
    fn checks(&self) -> CheckSetup {
        let name = format!("{}.json", workspace_id(&self.workspace.root));
        CheckSetup {
            choice: self.settings.check,
            own: self.settings.rules.checks.clone(),
            file: self.settings.data_folder.join("checks").join(name),
        }
    }

    /// The index and its search model; files that rules hide are never found.
    pub fn code_index(&self) -> CodeIndex {
        let models = Arc::new(SearchModels(self.clone()));
        CodeIndex::new(self.index.clone(), models, self.rules.clone())
    }

    /// Paths that no tool may open.
    pub fn private_paths(&self) -> Vec<PrivatePath> {
        private_paths(&self.settings, &self.environment, &self.workspace.root)
    }

    /// The variable that sets a SOCKS proxy for `https` addresses, if any.
    pub fn socks_proxy(&self) -> Option<&'static str> {
        self.environment.socks_proxy()
    }

    /// The environment that the program was started in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The user's settings file, which may not exist; `None` without a home folder.
    pub fn user_file(&self) -> Option<PathBuf> {
        self.environment.user_file()
    }

    /// The folder of the results of benchmarks, for all workspaces; may not exist yet.
    pub fn benchmarks_folder(&self) -> PathBuf {
        self.settings.data_folder.join("benchmarks")
    }

    /// The folder of the workspace's sessions; may not exist yet.
    pub fn sessions_folder(&self) -> PathBuf {
        let id = workspace_id(&self.workspace.root);
        self.all_sessions_folder().join(id)
    }

    /// The folder that has those of all workspaces; may not exist yet.
    pub fn all_sessions_folder(&self) -> PathBuf {
        self.settings.data_folder.join("sessions")
    }

    /// The file that records which project instructions the user was told of.
    fn known_memory(&self) -> PathBuf {
        let name = format!("{}.txt", workspace_id(&self.workspace.root));
        self.settings.data_folder.join("memory").join(name)
    }

    /// The embedding cache that all workspaces share.
    pub fn cache(&self) -> Result<EmbeddingCache, StoreError> {
        EmbeddingCache::open(&self.settings.data_folder, self.settings.cache_size)
    }
}

/// Paths that no tool may open: the folders of ollacode, the settings files that links there lead
/// to, and the user's keys.
fn private_paths(settings: &Settings, environment: &Environment, root: &Path) -> Vec<PrivatePath> {
    let files = environment.settings_files();
    let folder = files.first().and_then(|file| file.parent());
    let own = folder.map(Path::to_owned).into_iter();
    let own = own
        .chain(files)
        .chain(own_data(&settings.data_folder, root));
    let own = own.map(|path| PrivatePath {
        path,
        holds: Holds::Own,
    });
    let keys = environment.home().map(keys_below).unwrap_or_default();
    own.chain(keys).collect()
}

/// The data folder; if the workspace is inside it, only our files in it.
fn own_data(folder: &Path, root: &Path) -> Vec<PathBuf> {
    let real = folder.canonicalize();
    if root.starts_with(real.as_deref().unwrap_or(folder)) {
        OWN_DATA.iter().map(|name| folder.join(name)).collect()
    } else {
        vec![folder.to_owned()]
    }
}
