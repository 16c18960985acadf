//! The workspaces that are searched: how far their indexes are, and what calls read in them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Error};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::results::{About, Answer, answer};
use super::tools::{IndexUse, NAMES, renamed};
use crate::app::{App, IndexStatus};
use crate::config::{GivenFolder, SettingOrigin};
use crate::conversation::messages::index_words;
use crate::message::ToolCall;
use crate::retrieval::SearchPace;
use crate::tools::{ReadingTools, Wanted};
use crate::visible::visible_name;

/// Most tokens of a text, by our estimate: about 8 kB of code.
const TOKENS: u32 = 2_000;
/// Most bytes of its lines; what is said around them comes on top.
const BYTES: usize = 6 << 10;
/// Most time of a search that also indexes what has just changed.
const CHANGES: Duration = Duration::from_millis(1_000);
/// Most time of a search for connecting to the embedding model and asking it.
const VECTORS: Duration = Duration::from_millis(500);
/// After this time of a call, searches of files give what they have.
const ENOUGH: Duration = Duration::from_millis(1_500);

/// An open workspace.
pub struct Folder {
    /// The name of its folder, made unique.
    pub name: String,
    app: App,
    tools: ReadingTools,
    standing: watch::Receiver<IndexStatus>,
    caught_up: watch::Receiver<bool>,
}

/// How far an index is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFacts {
    /// Whether every file has been compared with it since the start.
    pub is_complete: bool,
    /// Files that are still to be read, if that is known.
    pub to_come: Option<u64>,
    /// What that means for an answer; empty if it is complete.
    pub words: String,
}

impl IndexFacts {
    fn complete() -> IndexFacts {
        IndexFacts {
            is_complete: true,
            to_come: Some(0),
            words: String::new(),
        }
    }

    /// Of an index that has not caught up with the files since the start.
    fn unfinished(standing: &IndexStatus) -> IndexFacts {
        let (to_come, state) = match standing {
            IndexStatus::Reading { done, total } => {
                let left = total.saturating_sub(*done) as u64;
                let words = format!("{done} of {total} files are read, {left} are still to come");
                (Some(left), words)
            }
            IndexStatus::Trouble(why) => {
                return IndexFacts {
                    is_complete: false,
                    to_come: None,
                    words: format!(
                        "The index is not complete, so what is not found here may exist all the \
                         same: {why}."
                    ),
                };
            }
            IndexStatus::Looking | IndexStatus::Fresh | IndexStatus::Behind(_) => {
                (None, "the files are being compared with it".to_owned())
            }
        };
        IndexFacts {
            is_complete: false,
            to_come,
            words: format!(
                "The index is still being built: {state}. What is not found now may be found when \
                 you search again in a few seconds."
            ),
        }
    }
}

/// A call of one of our tools, as it goes to a workspace.
pub struct FolderCall {
    pub call: ToolCall,
    pub uses: IndexUse,
    pub begun: Instant,
    /// Whether the answer names the workspace.
    pub is_named: bool,
}

impl Folder {
    /// Opens the workspace that the program was started in and others, each once, and keeps their
    /// indexes fresh until `stop`.
    ///
    /// # Errors
    ///
    /// One of the others is not a folder, its settings cannot be read, or full confinement is
    /// required and not possible.
    pub fn open_all(
        app: App,
        others: &[PathBuf],
        stop: &CancellationToken,
    ) -> Result<Vec<Arc<Folder>>, Error> {
        let mut apps = vec![app];
        for path in others {
            let shown = visible_name(&path.display().to_string());
            let root = path
                .canonicalize()
                .with_context(|| format!("cannot open the workspace {shown}"))?;
            let is_open = apps.iter().any(|known| known.workspace.root == root);
            if !is_open {
                let folder = GivenFolder {
                    path: root,
                    origin: SettingOrigin::Flag("--workspace"),
                };
                apps.push(apps[0].in_folder(folder)?);
            }
        }
        let mut folders: Vec<Arc<Folder>> = Vec::new();
        for app in apps {
            let name = free_name(&app, &folders);
            folders.push(Arc::new(Folder::open(name, app, stop)?));
        }
        Ok(folders)
    }

    fn open(name: String, app: App, stop: &CancellationToken) -> Result<Folder, Error> {
        let activity = app.chat_activity();
        let background = app.keep_fresh(activity.clone(), stop.child_token());
        let caught_up = background.caught_up.clone();
        let pace = SearchPace {
            changes: CHANGES,
            is_behind: Arc::new(move || !*caught_up.borrow()),
        };
        let tools = app.reading_tools(pace, VECTORS, &activity)?;
        Ok(Folder {
            name,
            app,
            tools,
            standing: background.standing,
            caught_up: background.caught_up,
        })
    }

    /// Warnings about its settings and rules.
    pub fn warnings(&self) -> &[String] {
        &self.app.settings.warnings
    }

    /// Why nothing here is read; `None` if it is.
    pub fn refusal(&self) -> Option<String> {
        let is_refused = self.app.needs_confirmation() && !self.app.index.exists();
        is_refused.then(|| {
            "this is the home folder of the user or a folder above it, not a project, so nothing in \
             it is read: start `ollacode mcp` with `--workspace` and the folder of a project"
                .to_owned()
        })
    }

    pub fn has_index(&self) -> bool {
        self.app.index.exists()
    }

    /// How far the index is.
    pub fn facts(&self) -> IndexFacts {
        if *self.caught_up.borrow() {
            return IndexFacts::complete();
        }
        let mut facts = IndexFacts::unfinished(&self.standing.borrow());
        facts.words = self.app.without_own_paths(&facts.words);
        facts
    }

    /// Whether the index has caught up with the files, and its state, to be watched.
    pub fn watched(&self) -> (watch::Receiver<bool>, watch::Receiver<IndexStatus>) {
        (self.caught_up.clone(), self.standing.clone())
    }

    /// Runs a call.
    ///
    /// # Errors
    ///
    /// A sentence for the model of the client.
    pub async fn read(
        self: Arc<Folder>,
        call: FolderCall,
        stop: CancellationToken,
    ) -> Result<Answer, String> {
        let FolderCall {
            call,
            uses,
            begun,
            is_named,
        } = call;
        let wanted = Wanted {
            names: &NAMES,
            tokens: TOKENS,
            bytes: BYTES,
            until: begun + ENOUGH,
        };
        let reading = self.tools.call(&call, wanted, &stop).await;
        let mut reading = reading.map_err(|why| self.told(&why, uses))?;
        reading.text = self.without_own_paths(&reading.text);
        let argument = |name: &str| call.arguments.get(name).and_then(Value::as_str);
        let query = argument("query").or_else(|| argument("name"));
        let about = About {
            query: query.unwrap_or_default().to_owned(),
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            model: self.model().await,
            index: (uses != IndexUse::No).then(|| self.facts()),
            workspace: is_named.then(|| self.name.clone()),
        };
        // Cleaning may look at many texts.
        let answered = tokio::task::spawn_blocking(move || answer(reading, &about));
        answered.await.map_err(|_| CRASHED.to_owned())
    }

    /// The state of the index for `index_status`: its text, and its data.
    pub async fn status(&self) -> (String, Value) {
        if let Some(why) = self.refusal() {
            let data = json!({
                "name": self.name,
                "index_complete": false,
                "files_to_come": null,
                "state": why,
                "files": 0,
                "chunks": 0,
                "embedded": 0,
                "model": null,
            });
            return (format!("`{}`: {why}.", self.name), data);
        }
        let facts = self.facts();
        let (model, counts) = self.counts().await;
        let standing = index_words(&self.standing.borrow().clone());
        let state = self.app.without_own_paths(&standing);
        let mut text = format!(
            "`{}`: {} files in the index, {} chunks, {} of them with vectors{}; {state}.",
            self.name,
            counts.files,
            counts.chunks,
            counts.embedded,
            model
                .as_ref()
                .map_or_else(String::new, |model| format!(" of {}", visible_name(model))),
        );
        if !facts.is_complete {
            text.push(' ');
            text.push_str(&facts.words);
        }
        let data = json!({
            "name": self.name,
            "index_complete": facts.is_complete,
            "files_to_come": facts.to_come,
            "state": state,
            "files": counts.files,
            "chunks": counts.chunks,
            "embedded": counts.embedded,
            "model": model,
        });
        (text, data)
    }

    /// The model whose vectors are in the index, if there are any.
    async fn model(&self) -> Option<String> {
        if !self.has_index() {
            return None;
        }
        let model = self.app.index.complete_model().await.ok().flatten();
        model.map(|(name, _)| name)
    }

    /// The model of the vectors, and the size of the index; zeros if it cannot be read.
    async fn counts(&self) -> (Option<String>, ollacode_indexer::Counts) {
        let none = (None, ollacode_indexer::Counts::default());
        if !self.has_index() {
            return none;
        }
        let index = &self.app.index;
        let model = index.complete_model().await.ok().flatten();
        let fingerprint = model
            .as_ref()
            .map_or("", |(_, fingerprint)| fingerprint.as_str());
        let status = index.status(fingerprint).await;
        match status {
            Ok(status) => (model.map(|(name, _)| name), status.counts),
            Err(error) => {
                tracing::warn!(%error, "cannot read the index");
                none
            }
        }
    }

    /// What went wrong, in words for another program. What is not there may only not be indexed yet.
    fn told(&self, why: &str, uses: IndexUse) -> String {
        let why = renamed(&self.app.without_own_paths(why));
        let facts = self.facts();
        match uses != IndexUse::No && !facts.is_complete {
            true => format!("{}\n\n{why}", facts.words),
            false => why,
        }
    }

    /// A result whose remarks name no path of this machine; lines of code stay.
    fn without_own_paths(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match line.starts_with('(') {
                true => clean.push_str(&self.app.without_own_paths(line)),
                false => clean.push_str(line),
            }
        }
        clean
    }
}

/// What is told of a bug.
pub const CRASHED: &str = "the tool failed unexpectedly; other calls still work";

/// The name of a workspace's folder, with a number if another has it.
fn free_name(app: &App, folders: &[Arc<Folder>]) -> String {
    let root = &app.workspace.root;
    let name = root.file_name().unwrap_or(root.as_os_str());
    let name = visible_name(&name.to_string_lossy());
    let mut names = (1..).map(|number| match number {
        1 => name.clone(),
        _ => format!("{name}-{number}"),
    });
    let is_free = |name: &String| folders.iter().all(|folder| folder.name != *name);
    names.find(is_free).unwrap_or(name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_index_says_how_many_files_are_to_come() {
        let reading = IndexStatus::Reading {
            done: 1_200,
            total: 3_400,
        };
        let facts = IndexFacts::unfinished(&reading);
        assert_eq!(facts.to_come, Some(2_200));
        assert_eq!(
            facts.words,
            "The index is still being built: 1200 of 3400 files are read, 2200 are still to come. \
             What is not found now may be found when you search again in a few seconds."
        );
        let trouble = IndexStatus::Trouble("the disk is full".to_owned());
        let facts = IndexFacts::unfinished(&trouble);
        assert_eq!((facts.is_complete, facts.to_come), (false, None));
        assert!(
            facts.words.ends_with(": the disk is full."),
            "{}",
            facts.words
        );
        assert!(IndexFacts::complete().words.is_empty());
    }
}
