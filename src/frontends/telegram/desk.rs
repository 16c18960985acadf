//! The folders that can be worked on, each opened when it is first wanted.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Error, bail};
use tokio_util::sync::CancellationToken;

use crate::app::{App, Background};
use crate::config::{GivenFolder, Origin};
use crate::engine::ChatActivity;
use crate::frontends::words::visible_name;

/// A folder that is worked on, with what keeps its index fresh.
pub struct Desk {
    /// Its settings, rules and index.
    pub app: App,
    /// How the index stands.
    pub background: Background,
}

/// All folders that may be worked on: the one that the bot was started for, and those with a name.
pub struct Desks {
    first: Arc<Desk>,
    named: BTreeMap<String, PathBuf>,
    open: Mutex<HashMap<PathBuf, Arc<Desk>>>,
    /// Whether a name may stand for all of the home folder, or for one above it.
    whole_home: bool,
    activity: ChatActivity,
    stop: CancellationToken,
}

impl Desk {
    fn open(app: App, activity: &ChatActivity, stop: &CancellationToken) -> Arc<Desk> {
        let background = app.keep_fresh(activity.clone(), stop.child_token());
        Arc::new(Desk { app, background })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.app.workspace.root
    }
}

impl Desks {
    /// Opens the folder that the bot was started for. Needs a runtime.
    pub fn new(
        app: App,
        whole_home: bool,
        activity: ChatActivity,
        stop: CancellationToken,
    ) -> Desks {
        let named = app.settings.rules.workspaces.clone();
        Desks {
            first: Desk::open(app, &activity, &stop),
            named,
            open: Mutex::default(),
            whole_home,
            activity,
            stop,
        }
    }

    /// The folder that the bot was started for.
    pub fn first(&self) -> Arc<Desk> {
        Arc::clone(&self.first)
    }

    /// The names of the others.
    pub fn named(&self) -> &BTreeMap<String, PathBuf> {
        &self.named
    }

    /// The folder of this name. Nothing but the user's own file gives names.
    pub fn find(&self, name: &str) -> Result<Arc<Desk>, Error> {
        let Some(path) = self.named.get(name) else {
            let known: Vec<&str> = self.named.keys().map(String::as_str).collect();
            let shown = visible_name(name);
            if known.is_empty() {
                bail!(
                    "there is no workspace `{shown}`: `[workspaces]` in config.toml gives folders \
                     names, as in `shop = '~/code/shop'`"
                );
            }
            bail!(
                "there is no workspace `{shown}`; there are: {}",
                known.join(", ")
            );
        };
        let folder = GivenFolder {
            path: path.clone(),
            origin: Origin::Flag("config.toml"),
        };
        let app = self.first.app.in_folder(folder)?;
        if app.needs_confirmation() && !self.whole_home {
            bail!(
                "`{}` is your home folder or above it, not a project folder: name one below it in \
                 `[workspaces]`, or start the bot with `--yes`",
                visible_name(name)
            );
        }
        Ok(self.opened(app))
    }

    /// The folder at a path, if it is still one that may be worked on.
    pub fn at(&self, root: &Path) -> Option<Arc<Desk>> {
        if root == self.first.root() {
            return Some(self.first());
        }
        let names = self.named.iter();
        let is_it = |path: &Path| path.canonicalize().is_ok_and(|path| path == root);
        let (name, _) = names.into_iter().find(|(_, path)| is_it(path))?;
        self.find(name).ok()
    }

    fn opened(&self, app: App) -> Arc<Desk> {
        let root = app.workspace.root.clone();
        if root == self.first.root() {
            return self.first();
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let desk = open.entry(root);
        let desk = desk.or_insert_with(|| Desk::open(app, &self.activity, &self.stop));
        Arc::clone(desk)
    }
}
