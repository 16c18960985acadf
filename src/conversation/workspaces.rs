//! The workspaces of all conversations, each opened when it is first used.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Error, bail};
use ollacode_indexer::{IndexError, SearchRequest, SearchResults};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::app::{App, Background, IndexStatus};
use crate::config::{GivenFolder, SettingOrigin};
use crate::engine::ChatActivity;
use crate::visible::visible_name;

/// An open workspace, with the background task that updates its index.
pub struct OpenWorkspace {
    /// Its settings, rules and index.
    pub app: App,
    background: Option<Background>,
}

/// How the indexes of workspaces are updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexUpdates {
    /// By a watcher, while the workspace is open.
    Watched,
    /// The same, but for the one that the program was started in: nobody asked for it.
    WatchedWhenNamed,
    /// Not at all: for a single question.
    None,
}

/// All workspaces: the one that the program was started in, and those named in the settings.
pub struct Workspaces {
    first: Arc<OpenWorkspace>,
    named: BTreeMap<String, PathBuf>,
    open: Mutex<HashMap<PathBuf, Arc<OpenWorkspace>>>,
    /// Whether the home folder, or a folder above it, is allowed.
    whole_home: bool,
    updates: IndexUpdates,
    activity: ChatActivity,
    stop: CancellationToken,
}

impl OpenWorkspace {
    fn open(
        app: App,
        updates: IndexUpdates,
        activity: &ChatActivity,
        stop: &CancellationToken,
    ) -> Arc<OpenWorkspace> {
        let background = (updates != IndexUpdates::None)
            .then(|| app.keep_fresh(activity.clone(), stop.child_token()));
        Arc::new(OpenWorkspace { app, background })
    }

    pub fn root(&self) -> &Path {
        &self.app.workspace.root
    }

    /// The state of the index; `None` without a background task.
    pub fn index_state(&self) -> Option<IndexStatus> {
        let background = self.background.as_ref()?;
        Some(background.standing.borrow().clone())
    }

    /// Updates and searches the index.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchResults, IndexError> {
        self.app.code_index().search(request).await
    }

    /// Searches by words and names only, at once, while somebody types.
    pub async fn search_words(&self, request: &SearchRequest) -> Result<SearchResults, IndexError> {
        self.app.code_index().search_words(request).await
    }

    /// Whether there is no index, and the folder needs consent to be indexed.
    pub fn needs_leave_to_index(&self) -> bool {
        self.app.needs_confirmation() && !self.app.index.exists()
    }
}

impl Workspaces {
    /// Opens the workspace that the program was started in. Needs a runtime.
    pub fn new(
        app: App,
        updates: IndexUpdates,
        whole_home: bool,
        activity: ChatActivity,
        stop: CancellationToken,
    ) -> Workspaces {
        let named = app.settings.rules.workspaces.clone();
        let first = match updates {
            IndexUpdates::WatchedWhenNamed => IndexUpdates::None,
            updates => updates,
        };
        Workspaces {
            first: OpenWorkspace::open(app, first, &activity, &stop),
            named,
            open: Mutex::default(),
            whole_home,
            updates,
            activity,
            stop,
        }
    }

    /// The workspace that the program was started in.
    pub fn first(&self) -> Arc<OpenWorkspace> {
        Arc::clone(&self.first)
    }

    /// The named workspaces.
    pub fn named(&self) -> &BTreeMap<String, PathBuf> {
        &self.named
    }

    /// The workspace of this name. Only the user's own settings file defines names.
    pub fn find(&self, name: &str) -> Result<Arc<OpenWorkspace>, Error> {
        let Some(path) = self.named.get(name) else {
            let known: Vec<&str> = self.named.keys().map(String::as_str).collect();
            let shown = visible_name(name);
            if known.is_empty() {
                bail!(
                    "there is no workspace `{shown}`: name folders under `[workspaces]` in \
                     config.toml, for example `shop = '~/code/shop'`"
                );
            }
            bail!(
                "there is no workspace `{shown}`; available: {}",
                known.join(", ")
            );
        };
        let folder = GivenFolder {
            path: path.clone(),
            origin: SettingOrigin::Flag("config.toml"),
        };
        let app = self.first.app.in_folder(folder)?;
        if app.needs_confirmation() && !self.whole_home {
            bail!(
                "`{}` is your home folder or above it, not a project folder: name a project in \
                 `[workspaces]`, or start ollacode with `--yes`",
                visible_name(name)
            );
        }
        Ok(self.opened(app))
    }

    /// The folder that an editor has open, whatever its name. A home folder is one as well; it is
    /// not indexed unless it has an index.
    pub fn folder(&self, path: &Path) -> Result<Arc<OpenWorkspace>, Error> {
        Ok(self.opened_as_named(self.app_in(path)?))
    }

    /// The folder of the sessions of such a folder, which is not opened.
    pub fn sessions_folder(&self, path: &Path) -> Result<PathBuf, Error> {
        Ok(self.app_in(path)?.sessions_folder())
    }

    fn app_in(&self, path: &Path) -> Result<App, Error> {
        let folder = GivenFolder {
            path: path.to_owned(),
            origin: SettingOrigin::Flag("cwd"),
        };
        Ok(self.first.app.in_folder(folder)?)
    }

    /// The workspace at a path, if it is still allowed.
    pub fn at(&self, root: &Path) -> Option<Arc<OpenWorkspace>> {
        if root == self.first.root() {
            return Some(self.first());
        }
        let names = self.named.iter();
        let is_it = |path: &Path| path.canonicalize().is_ok_and(|path| path == root);
        let (name, _) = names.into_iter().find(|(_, path)| is_it(path))?;
        self.find(name).ok()
    }

    fn opened(&self, app: App) -> Arc<OpenWorkspace> {
        if app.workspace.root == self.first.root() {
            return self.first();
        }
        self.opened_as_named(app)
    }

    fn opened_as_named(&self, app: App) -> Arc<OpenWorkspace> {
        let mut open = self.open.lock();
        let workspace = open.entry(app.workspace.root.clone());
        let workspace = workspace
            .or_insert_with(|| OpenWorkspace::open(app, self.updates, &self.activity, &self.stop));
        Arc::clone(workspace)
    }
}
