//! The one place that builds the real parts from settings and joins them.

use std::path::{Path, PathBuf};

use ollacode_indexer::walk::Limits as WalkLimits;
use ollacode_indexer::{Embedder, EmbeddingCache, Index, IndexError, StoreError};

use crate::config::{ConfigError, EmbedModel, Environment, Flags, Settings};
use crate::model::ollama::{Limits, OllamaClient, OllamaEmbedder, OllamaError};
use crate::workspace::{Workspace, WorkspaceError, workspace_id};

/// Settings, workspace and index of one run.
pub struct App {
    /// All settings, checked.
    pub settings: Settings,
    /// The folder that is worked on.
    pub workspace: Workspace,
    /// Its index.
    pub index: Index,
    home: Option<PathBuf>,
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
}

impl App {
    /// Reads the settings, finds the workspace, and names its index; opens nothing yet.
    pub fn start(flags: &Flags, environment: &Environment) -> Result<App, StartError> {
        let settings = Settings::load(flags, environment)?;
        let folder = |root: &Path| {
            settings
                .data_folder
                .join("indexes")
                .join(workspace_id(root))
        };
        let workspace = Workspace::discover(
            settings.workspace.as_ref(),
            environment.current_folder(),
            |root| Index::exists_in(&folder(root)),
        )?;
        let limits = WalkLimits {
            file_size: settings.max_file_size,
            ..WalkLimits::default()
        };
        let index = Index::new(&workspace.root, folder(&workspace.root), limits);
        let home = environment.home().map(Path::to_owned);
        Ok(App {
            settings,
            workspace,
            index,
            home,
        })
    }

    /// Whether the workspace is so wide that the user should be asked first.
    pub fn needs_confirmation(&self) -> bool {
        self.workspace.needs_confirmation(self.home.as_deref())
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
            Limits::default(),
        )
    }

    /// The embedding model of the settings; `None` if they say lexical search only.
    pub async fn embedder(&self) -> Result<Option<OllamaEmbedder>, OllamaError> {
        match &self.settings.embed_model {
            EmbedModel::None => Ok(None),
            EmbedModel::Named(name) => OllamaEmbedder::connect(self.ollama()?, name)
                .await
                .map(Some),
        }
    }

    /// The model to search with: while vectors of the model in the settings are being made, and
    /// the server still has the one before, that is the one before.
    pub async fn searching_embedder(&self) -> Result<Option<OllamaEmbedder>, SearchModelError> {
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
                return Ok(Some(OllamaEmbedder::connect(self.ollama()?, name).await?));
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
        let before = OllamaEmbedder::connect(self.ollama()?, &name).await.ok();
        let before = before.filter(|model| model.model().fingerprint() == fingerprint);
        Ok(Some(before.unwrap_or(wanted)))
    }

    /// The cache of vectors that all workspaces share.
    pub fn cache(&self) -> Result<EmbeddingCache, StoreError> {
        EmbeddingCache::open(&self.settings.data_folder, self.settings.cache_size)
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
