//! The one place that builds the real parts from settings and joins them.

mod background;
mod confinement;
mod indexes;
mod searching;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ollacode_indexer::walk::Limits as WalkLimits;
use ollacode_indexer::{Embedder, EmbeddingCache, Index, IndexError, StoreError};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::config::{
    ConfigError, EmbedModel, Environment, Flags, GivenFolder, Settings, ToolChoice,
};
use crate::engine::{ChatActivity, Engine, EngineOptions, EngineParts};
use crate::jail::{GitSettings, Holds, Jail, JailError, PrivatePath, keys_below};
use crate::model::ollama::{Limits, OllamaChat, OllamaClient, OllamaEmbedder, OllamaError};
use crate::permission::{RepositoryRules, Rules};
use crate::retrieval::CodeIndex;
use crate::session::Session;
use crate::session::changes::clear_up_after_crashes;
use crate::tools::{GitVersions, ToolContext, ToolSet, Toolbox};
use crate::workspace::{Workspace, WorkspaceError, workspace_id};

pub use background::{Background, Standing, VectorNews};
pub use indexes::Kept;

use searching::{Connection, SearchModels};

/// What this program keeps in the data folder.
const OWN_DATA: &[&str] = &[
    "confined",
    "embeddings.db",
    "embeddings.db-shm",
    "embeddings.db-wal",
    "history",
    "indexes",
    "memory",
    "probes.json",
    "sessions",
    "telegram",
];

/// How long a search waits for Ollama to say which models it has.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Settings, workspace and index of one run. Clones share the open index.
#[derive(Clone)]
pub struct App {
    pub settings: Settings,
    /// The folder that is worked on.
    pub workspace: Workspace,
    pub index: Index,
    /// What is forbidden, asked and allowed here.
    pub rules: Arc<Rules>,
    /// A handle on it that knows what its files of secrets hold.
    jail: Jail,
    environment: Environment,
    connection: Connection,
    /// Whether the folder is being indexed for the first time.
    first_index: Arc<watch::Sender<bool>>,
}

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The folder is wrong.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The folder cannot be opened.
    #[error(transparent)]
    Jail(#[from] JailError),
    /// A folder of ours cannot be made.
    #[error("cannot make {path}")]
    Folder { path: PathBuf, source: io::Error },
    /// Commands must be fully confined, and cannot be.
    #[error(
        "commands cannot be fully confined here: {0}; `OLLACODE_SANDBOX=required` asks for it, \
         `best` does what the system can"
    )]
    Unconfined(String),
}

impl App {
    /// Reads the settings, finds the workspace, and names its index; opens nothing yet.
    pub fn start(flags: &Flags, environment: &Environment) -> Result<App, StartError> {
        App::with(Settings::load(flags, environment)?, environment)
    }

    /// The same settings for another folder. Its index and what keeps it fresh are its own.
    pub fn in_folder(&self, folder: GivenFolder) -> Result<App, StartError> {
        let settings = Settings {
            workspace: Some(folder),
            warnings: Vec::new(),
            ..self.settings.clone()
        };
        App::with(settings, &self.environment)
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
        let private = private_paths(&settings, environment, &workspace.root);
        let limits = WalkLimits {
            file_size: settings.max_file_size,
            exclude: repository.exclude.clone(),
            own: private.into_iter().map(|private| private.path).collect(),
            ..WalkLimits::default()
        };
        let rules = Arc::new(Rules::new(jail.root(), &settings.rules, repository));
        let index = Index::new(&workspace.root, folder(&workspace.root), limits);
        let secrets = jail.clone();
        let index = index.redacting(Arc::new(move |text| {
            // What was copied out of a file of secrets is neither kept nor sent to be embedded.
            match secrets.secret_values().hide_all(text) {
                Cow::Owned(clean) => Some(clean),
                Cow::Borrowed(_) => None,
            }
        }));
        settings.warnings.extend(warning);
        Ok(App {
            settings,
            workspace,
            jail,
            index,
            rules,
            environment: environment.clone(),
            connection: Connection::default(),
            first_index: Arc::default(),
        })
    }

    /// Whether the workspace is so wide that the user should be asked first.
    pub fn needs_confirmation(&self) -> bool {
        self.workspace.needs_confirmation(self.environment.home())
    }

    /// A client for the server that the settings name.
    pub fn ollama(&self) -> Result<OllamaClient, OllamaError> {
        let Settings {
            ollama_host,
            ollama_api_key,
            reach,
            ..
        } = &self.settings;
        OllamaClient::new(
            ollama_host.clone(),
            ollama_api_key.clone(),
            *reach,
            Limits::default().within(self.settings.first_word),
        )
    }

    /// The embedding model of the settings; `None` if they say lexical search only.
    pub async fn embedder(&self) -> Result<Option<OllamaEmbedder>, OllamaError> {
        match &self.settings.embed_model {
            EmbedModel::None => Ok(None),
            EmbedModel::Named(name) => self.connect_embedder(name).await.map(Some),
        }
    }

    /// A model that was pulled anew with the weights that it had is still the same one.
    async fn connect_embedder(&self, name: &str) -> Result<OllamaEmbedder, OllamaError> {
        let embedder = OllamaEmbedder::connect(self.ollama()?, name).await?;
        let Some(weights) = embedder.model().weights.clone() else {
            return Ok(embedder);
        };
        // Without an index there is none to be known by.
        let known = self.index.digest_for(&weights).await;
        Ok(match known.ok().flatten() {
            Some(digest) => embedder.known_by(digest),
            None => embedder,
        })
    }

    /// Names the model to search with, if the index has vectors and none of it as it is now:
    /// search goes by words then.
    pub async fn model_without_vectors(&self) -> Option<String> {
        let embedder = self.searching_embedder().await.ok().flatten()?;
        let fingerprint = embedder.model().fingerprint();
        let status = self.index.status(&fingerprint).await.ok()?;
        (status.counts.embedded == 0).then(|| embedder.model().name.clone())
    }

    /// The model to search with: while vectors of the model in the settings are being made, and
    /// the server still has the one before, that is the one before.
    ///
    /// A server that says nothing for three seconds is one that does not answer.
    pub async fn searching_embedder(&self) -> Result<Option<OllamaEmbedder>, SearchModelError> {
        let connected = tokio::time::timeout(CONNECT_LIMIT, self.connect_for_search()).await;
        connected.unwrap_or_else(|_| {
            let host = self.settings.ollama_host.to_string();
            let limit = CONNECT_LIMIT;
            Err(OllamaError::TimedOut { host, limit }.into())
        })
    }

    async fn connect_for_search(&self) -> Result<Option<OllamaEmbedder>, SearchModelError> {
        if self.settings.embed_model == EmbedModel::None || !self.index.has_vectors().await? {
            return Ok(None);
        }
        let complete = self.index.complete_model().await?;
        let wanted = match (self.embedder().await, &complete) {
            // A model that is not there yet does not make the one before worse.
            (
                Err(OllamaError::ModelMissing { .. } | OllamaError::NotForEmbedding { .. }),
                Some((name, _)),
            ) if self.settings.embed_model != EmbedModel::Named(name.clone()) => {
                return Ok(Some(self.connect_embedder(name).await?));
            }
            (wanted, _) => wanted?,
        };
        let Some(wanted) = wanted else {
            return Ok(None);
        };
        let Some((name, fingerprint)) = complete else {
            return Ok(Some(wanted));
        };
        if wanted.model().fingerprint() == fingerprint {
            return Ok(Some(wanted));
        }
        let before = self.connect_embedder(&name).await.ok();
        let before = before.filter(|model| model.model().fingerprint() == fingerprint);
        Ok(Some(before.unwrap_or(wanted)))
    }

    /// The model that answers: the one of the settings, or another one.
    pub async fn chat_model(&self, name: Option<&str>) -> Result<OllamaChat, OllamaError> {
        let name = name.unwrap_or(&self.settings.model);
        let model = self.untried_chat_model(name).await?;
        Ok(model.remembering(self.probes_file()))
    }

    /// A model as its server describes it, whatever a probe found out before.
    pub async fn untried_chat_model(&self, name: &str) -> Result<OllamaChat, OllamaError> {
        let Settings {
            max_context_tokens,
            reach,
            ..
        } = self.settings;
        OllamaChat::connect(self.ollama()?, name, max_context_tokens, reach).await
    }

    /// What probes found out about models, for all workspaces; may not exist yet.
    pub fn probes_file(&self) -> PathBuf {
        self.settings.data_folder.join("probes.json")
    }

    /// What answers the questions of a session; it belongs to this session alone.
    ///
    /// `activity` is told of each reply: give it to [`App::keep_fresh`], too.
    pub fn engine(&self, session: &Session, activity: &ChatActivity) -> Result<Engine, StartError> {
        let jail = Jail::open_without(&self.workspace.root, &self.private_paths())?;
        let jail = jail.with_git_settings(GitSettings {
            home: self.environment.home().map(Path::to_owned),
            files: self.environment.git_files(),
        });
        // What commands bring to light is kept out of the index, too.
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
        };
        let Settings {
            max_steps,
            rag,
            compact,
            tools,
            ..
        } = self.settings;
        Ok(Engine::new(EngineParts {
            context: Arc::new(context),
            toolbox: Toolbox::all(),
            options: EngineOptions {
                max_steps,
                rag,
                compact,
                tools: match tools {
                    ToolChoice::Auto => None,
                    ToolChoice::Core => Some(ToolSet::Core),
                    ToolChoice::All => Some(ToolSet::All),
                },
            },
            activity: activity.clone(),
            known_memory: self.known_memory(),
        }))
    }

    /// The index with the model to search it with; what rules keep back is never found.
    pub fn code_index(&self) -> CodeIndex {
        let models = Arc::new(SearchModels(self.clone()));
        CodeIndex::new(self.index.clone(), models, self.rules.clone())
    }

    /// What no tool may open, wherever it is.
    pub fn private_paths(&self) -> Vec<PrivatePath> {
        private_paths(&self.settings, &self.environment, &self.workspace.root)
    }

    /// The variable that names a SOCKS proxy for a secure address, if one does.
    pub fn socks_proxy(&self) -> Option<&'static str> {
        self.environment.socks_proxy()
    }

    /// The user's file of settings, which may not exist; `None` without a home folder.
    pub fn user_file(&self) -> Option<PathBuf> {
        self.environment.user_file()
    }

    /// Where the sessions of the workspace are kept; may not exist yet.
    pub fn sessions_folder(&self) -> PathBuf {
        let id = workspace_id(&self.workspace.root);
        self.settings.data_folder.join("sessions").join(id)
    }

    /// Remembers which notes of the repository the user was told of.
    fn known_memory(&self) -> PathBuf {
        let name = format!("{}.txt", workspace_id(&self.workspace.root));
        self.settings.data_folder.join("memory").join(name)
    }

    /// The cache of vectors that all workspaces share.
    pub fn cache(&self) -> Result<EmbeddingCache, StoreError> {
        EmbeddingCache::open(&self.settings.data_folder, self.settings.cache_size)
    }
}

/// What no tool may open in a workspace: the folders of ollacode in use, the files of settings that
/// links lead to from there, and where the user keeps keys.
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

/// The data folder; where the workspace is in it, only what is ours there.
fn own_data(folder: &Path, root: &Path) -> Vec<PathBuf> {
    let real = folder.canonicalize();
    if root.starts_with(real.as_deref().unwrap_or(folder)) {
        OWN_DATA.iter().map(|name| folder.join(name)).collect()
    } else {
        vec![folder.to_owned()]
    }
}

/// Why there is no model to search with.
#[derive(Debug, thiserror::Error)]
pub enum SearchModelError {
    /// Ollama does not help.
    #[error(transparent)]
    Ollama(#[from] OllamaError),
    /// The index does not say which model it was made with.
    #[error(transparent)]
    Index(#[from] IndexError),
}
