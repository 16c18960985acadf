//! The files that belong to a file: the index and git's history are asked, and what may not be shown
//! is left out.

mod json;

use std::sync::Arc;

use ollacode_indexer::related::{RelatedFile, nearest_paths, related};
use ollacode_indexer::{Events, FileId, IndexError};
use tokio_util::sync::CancellationToken;

use crate::git::{GitError, GitRunner, HistoryCache, HistoryError, ReadHistory};
use crate::permission::{CommandRisk, Confinement, Effect, Mode, Permission, Rules, permission};
use crate::project_map::ShownFiles;
use crate::retrieval::CodeIndex;
use crate::visible::{defang_chat_markers, visible_name};

pub use json::RelatedJson;

/// Files that are listed, if nothing else is said, and the most.
pub const USUAL: usize = 10;
pub const MOST: usize = 100;

/// Reasons that are written for a file.
const MOST_REASONS: usize = 3;

/// Longest reason, in characters.
const LONGEST_REASON: usize = 160;

/// What is asked, and whom.
pub struct RelatedQuery<'a> {
    /// The file: a path relative to the root of the workspace, or its end if only one file has that.
    pub path: &'a str,
    /// Most files.
    pub limit: usize,
    pub code: &'a CodeIndex,
    pub rules: &'a Rules,
    /// Git in the workspace; else why it is not asked.
    pub git: Result<GitRunner, String>,
    /// The history that is known already.
    pub history: &'a HistoryCache,
}

/// The files that belong to a file.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedAnswer {
    /// The file, relative to the root of the workspace.
    pub path: String,
    /// The closest first.
    pub files: Vec<RelatedFile>,
    /// Commits that were looked at; `None` without a history.
    pub commits: Option<usize>,
    /// For the user: what was left out, and why.
    pub notes: Vec<String>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RelatedError {
    #[error("this folder is not indexed yet")]
    NotIndexed,
    /// The file is not in the index, which has no file by this name or the user may not see it.
    #[error("no indexed file is called `{}`{}", shown(.path), similar(.nearest))]
    NoFile {
        path: String,
        /// Paths that are indexed and similar.
        nearest: Vec<String>,
    },
    #[error("`{}` is several files: {}", shown(.path), listed(.files))]
    Several { path: String, files: Vec<String> },
    #[error("`{}` is a folder; name one of its files: {}", shown(.path), listed(.files))]
    Folder { path: String, files: Vec<String> },
    #[error(transparent)]
    Index(#[from] IndexError),
    #[error("stopped")]
    Stopped,
    #[error("ranking the files failed: {0}")]
    Crashed(String),
}

/// Paths that an error names.
const NAMED: usize = 3;

/// Finds the files that belong to a file. Changed files are indexed first.
///
/// # Errors
///
/// There is no index, the file is not in it, or the index fails. Without a history the other signals
/// decide, and a note says why.
pub async fn related_files(
    query: RelatedQuery<'_>,
    events: Events<'_>,
    stop: &CancellationToken,
) -> Result<RelatedAnswer, RelatedError> {
    let found = tokio::select! {
        found = query.code.files(events) => found?,
        () = stop.cancelled() => return Err(RelatedError::Stopped),
    };
    let (files, mut notes) = found.ok_or(RelatedError::NotIndexed)?;
    let file = file_of(&files, query.path)?;
    let history = match history(&query, stop).await {
        Ok(history) => Some(history),
        Err(_) if stop.is_cancelled() => return Err(RelatedError::Stopped),
        Err(why) => {
            notes.push(format!("without what was changed together: {why}"));
            None
        }
    };
    if history.as_ref().is_some_and(|history| history.is_shallow) {
        let few = "this clone has only a part of the history: what was changed together before is \
                   not known";
        notes.push(few.to_owned());
    }
    let limit = query.limit.min(MOST);
    let ranked = tokio::task::spawn_blocking(move || {
        let changes = history.as_ref().map(|history| &history.changes);
        let is_shown = |file: FileId| files.is_shown(file);
        RelatedAnswer {
            path: files.graph.file(file).path.clone(),
            files: related(&files.graph, changes, file, limit, &is_shown),
            commits: changes.map(|changes| changes.len()),
            notes,
        }
    });
    ranked
        .await
        .map_err(|error| RelatedError::Crashed(error.to_string()))
}

/// The file that a path means.
fn file_of(files: &ShownFiles, given: &str) -> Result<FileId, RelatedError> {
    let path = given.trim().trim_start_matches("./").trim_matches('/');
    let graph = &files.graph;
    if let Some(id) = graph.id(path).filter(|id| files.is_shown(*id)) {
        return Ok(id);
    }
    let of = |id: &FileId| graph.file(*id).path.as_str();
    let named = |ids: &mut dyn Iterator<Item = FileId>| -> Vec<String> {
        ids.take(NAMED).map(|id| of(&id).to_owned()).collect()
    };
    let below = match path {
        "" | "." => String::new(),
        path => format!("{path}/"),
    };
    let inside = named(&mut files.ids().filter(|id| of(id).starts_with(&below)));
    if !inside.is_empty() {
        return Err(RelatedError::Folder {
            path: path.to_owned(),
            files: inside,
        });
    }
    let end = format!("/{path}");
    let mut ending = files
        .ids()
        .filter(|id| !path.is_empty() && of(id).ends_with(&end));
    match (ending.next(), ending.next()) {
        (Some(only), None) => Ok(only),
        (Some(one), Some(other)) => Err(RelatedError::Several {
            path: path.to_owned(),
            files: named(&mut [one, other].into_iter().chain(ending)),
        }),
        (None, _) => Err(RelatedError::NoFile {
            path: path.to_owned(),
            nearest: nearest_paths(graph, path, &|id| files.is_shown(id)),
        }),
    }
}

/// What was changed together; else why that is not known.
async fn history(
    query: &RelatedQuery<'_>,
    stop: &CancellationToken,
) -> Result<Arc<ReadHistory>, String> {
    let git = query.git.as_ref().map_err(String::clone)?;
    if is_denied(query.rules) {
        return Err("a rule denies git".to_owned());
    }
    let read = query.history.read(git, stop).await;
    read.map_err(|error| match error {
        // What git says may name what is in the repository's settings.
        HistoryError::Git(GitError::Failed { .. }) => "git failed".to_owned(),
        error => error.to_string(),
    })
}

/// Whether a rule denies what is run.
fn is_denied(rules: &Rules) -> bool {
    let effect = Effect::Command {
        text: "git log".to_owned(),
        risk: CommandRisk::KnownSafe,
        network: false,
        tool: None,
    };
    let judged = permission(&effect, Mode::AutoApprove, Confinement::Full, rules);
    matches!(judged, Permission::Deny(_))
}

impl RelatedAnswer {
    /// A line a file: its path, and why it belongs to the other.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let files = self.files.iter();
        files.map(|file| format!("{}  {}", shown(&file.path), reasons(file)))
    }

    /// As Markdown, with the notes.
    pub fn markdown(&self) -> String {
        let path = shown(&self.path).replace('`', "'");
        let code = |text: String| text.replace('`', "'");
        let files = self.files.iter();
        let lines: Vec<String> = files
            .map(|file| {
                let (path, why) = (code(shown(&file.path)), code(reasons(file)));
                format!("- `{path}`: `{why}`")
            })
            .collect();
        let mut text = match lines.as_slice() {
            [] => format!("No other file belongs to `{path}`."),
            lines => format!("Files that belong to `{path}`:\n\n{}", lines.join("\n")),
        };
        for note in &self.notes {
            text.push_str(&format!("\n\n{}", shown(note)));
        }
        text
    }
}

/// Why a file belongs to the other, in words: `uses Parser, Token; changed together 12 times`.
pub fn reasons(file: &RelatedFile) -> String {
    let reasons = file.reasons.iter().take(MOST_REASONS);
    let reasons: Vec<String> = reasons
        .map(|reason| {
            let words = shown(&reason.to_string());
            match words.char_indices().nth(LONGEST_REASON) {
                Some((end, _)) => format!("{}…", &words[..end]),
                None => words,
            }
        })
        .collect();
    reasons.join("; ")
}

/// A path or an identifier as it may be shown: both are chosen by whoever wrote the files.
fn shown(name: &str) -> String {
    defang_chat_markers(&visible_name(name)).into_owned()
}

fn listed(files: &[String]) -> String {
    let files: Vec<String> = files
        .iter()
        .map(|file| format!("`{}`", shown(file)))
        .collect();
    files.join(", ")
}

fn similar(nearest: &[String]) -> String {
    match nearest.is_empty() {
        true => String::new(),
        false => format!("; similar: {}", listed(nearest)),
    }
}
