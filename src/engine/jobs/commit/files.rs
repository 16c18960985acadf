//! Which files a commit takes: what the session changed and nobody else has touched since.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::super::failed;
use super::recheck::note_secrets;
use crate::edit::{file_diff, line_counts};
use crate::engine::event::TurnEnd;
use crate::engine::turn::Turn;
use crate::git::commit::Hooks;
use crate::git::message::FileChange;
use crate::git::ownership::{is_own, text};
use crate::git::state::{self, GitState, IndexFlags};
use crate::git::{GitError, GitOperation, GitRunner};
use crate::jail::{EntryKind, Hash, Jail};
use crate::session::changes::FileHistory;
use crate::text::with_causes;
use crate::tools::commit_access;

/// Context lines in diffs.
const CONTEXT: usize = 3;

pub(super) type Content = Option<Arc<Vec<u8>>>;

/// What is known before a commit.
pub(super) struct Gathered {
    pub git: GitRunner,
    pub state: GitState,
    pub hooks: Hooks,
    /// Files that the session changed, sorted by name.
    pub files: Vec<CommitFile>,
}

/// A file that the session changed, and that differs from the last commit.
pub(super) struct CommitFile {
    pub path: String,
    /// Its content in the last commit.
    pub head: Content,
    /// Its content in the work tree.
    pub now: Content,
    /// Whether the commit takes it.
    pub is_taken: bool,
    pub note: Option<FileNote>,
}

/// Why a file is not taken without a word of the user.
pub(super) enum FileNote {
    /// Its bytes are not those that the session left.
    ChangedSince,
    /// What it was before is not known.
    NotKnown,
    /// It had changes that were not committed when the session first changed it: its content then.
    HadChanges(Content),
    /// Some of its changes are staged: its content in the index.
    StagedInPart(Content),
    /// Git stores it in another form, so that the above cannot be told.
    Filtered(String),
    /// There seems to be a secret in it that the last commit does not have.
    AddsSecret,
    /// It cannot be committed here, and why.
    Never(String),
}

impl FileNote {
    fn words(&self) -> String {
        match self {
            FileNote::ChangedSince => "changed by somebody else since".to_owned(),
            FileNote::NotKnown => {
                "what it was before this session changed it is not known".to_owned()
            }
            FileNote::HadChanges(_) => {
                "had uncommitted changes before this session changed it".to_owned()
            }
            FileNote::StagedInPart(_) => "staged in part; a commit takes all of it".to_owned(),
            FileNote::Filtered(filter) => format!(
                "git stores it through the filter `{filter}`, so earlier changes cannot be told"
            ),
            FileNote::AddsSecret => {
                "seems to hold a secret that the last commit does not have".to_owned()
            }
            FileNote::Never(why) => why.clone(),
        }
    }
}

impl CommitFile {
    /// What the commit would change.
    pub fn change(&self) -> FileChange {
        change(&self.path, &self.head, &self.now)
    }

    /// Whether the user can have it committed.
    pub fn can_be_taken(&self) -> bool {
        !matches!(self.note, Some(FileNote::Never(_)))
    }

    /// Whether others' work is in it that the user should look at.
    pub fn is_doubtful(&self) -> bool {
        matches!(
            self.note,
            Some(
                FileNote::HadChanges(_)
                    | FileNote::StagedInPart(_)
                    | FileNote::Filtered(_)
                    | FileNote::AddsSecret
            )
        )
    }

    /// The two parts of a doubtful file: a title and a diff each.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let (titles, middle) = match &self.note {
            Some(FileNote::HadChanges(before)) => {
                (["before this session", "by this session"], before)
            }
            Some(FileNote::StagedInPart(index)) => (["staged", "not staged"], index),
            _ => return vec![("since the last commit", self.change().diff)],
        };
        vec![
            (titles[0], change(&self.path, &self.head, middle).diff),
            (titles[1], change(&self.path, middle, &self.now).diff),
        ]
    }

    pub fn note_words(&self) -> Option<String> {
        self.note.as_ref().map(FileNote::words)
    }
}

impl Gathered {
    /// The files that the commit takes.
    pub fn taken(&self) -> impl Iterator<Item = &CommitFile> {
        self.files.iter().filter(|file| file.is_taken)
    }

    pub fn changes(&self) -> Vec<FileChange> {
        self.taken().map(CommitFile::change).collect()
    }

    /// Whether there is something to commit: also what the user can add, if they are asked.
    pub fn has_any(&self, asks: bool) -> bool {
        self.taken().next().is_some() || (asks && self.files.iter().any(CommitFile::can_be_taken))
    }
}

/// Finds out what could be committed.
///
/// # Errors
///
/// There is no repository, or it is in the middle of something, or git failed.
pub(super) async fn gather(turn: &Turn<'_>) -> Result<Gathered, TurnEnd> {
    let context = &turn.engine.context;
    let access = commit_access(context).await;
    let access = access.map_err(|error| failed(error.to_string()))?;
    let git = GitRunner::new(&context.sandbox, context.jail.root()).with_access(access);
    if !git.has_repository() {
        return Err(failed(no_repository(&context.jail)));
    }
    let state = GitState::read(&git, &turn.stop).await.map_err(git_failed)?;
    if let Some(operation) = state.operation.filter(|it| *it != GitOperation::Bisect) {
        return Err(failed(format!(
            "not committed: {} is in progress, and committing some files would end or break it. \
             Finish it, or give it up with `{}`",
            operation.words(),
            operation.giving_up()
        )));
    }
    let hooks = Hooks::find(&git, &turn.stop).await.map_err(git_failed)?;
    let mut gathered = Gathered {
        git,
        state,
        hooks,
        files: Vec::new(),
    };
    let histories = context.changes.lock().file_histories();
    gathered.files = files(turn, &gathered, histories).await?;
    note_secrets(turn, &mut gathered.files).await?;
    Ok(gathered)
}

fn no_repository(jail: &Jail) -> String {
    let mut above = jail.root().ancestors().skip(1);
    match above.find(|folder| folder.join(".git").exists()) {
        Some(top) => format!(
            "not committed: the repository is in {}, above the workspace, and commands see only \
             the workspace. Start ollacode there, or with `--workspace` for it",
            top.display()
        ),
        None => {
            "not committed: this folder is not a git repository; `git init` makes one".to_owned()
        }
    }
}

pub(super) fn git_failed(error: GitError) -> TurnEnd {
    match error {
        GitError::Stopped => TurnEnd::Stopped,
        error => failed(format!("not committed: {}", with_causes(&error))),
    }
}

/// The files that differ from the last commit, with what is to be said of each.
async fn files(
    turn: &Turn<'_>,
    gathered: &Gathered,
    histories: Vec<FileHistory>,
) -> Result<Vec<CommitFile>, TurnEnd> {
    let (git, state, stop) = (&gathered.git, &gathered.state, &turn.stop);
    let paths: Vec<&str> = histories
        .iter()
        .map(|history| history.path.as_str())
        .collect();
    let jail = &turn.engine.context.jail;
    let contents = with_contents(jail, histories.clone()).await?;
    // Git fails where it is asked about what is in a submodule or behind a link.
    let may_be_ignored = contents.iter().filter(|(history, found)| {
        let path = history.path.as_str();
        state.tracked(path).is_none()
            && state.submodule_of(path).is_none()
            && found.other_repository.is_none()
            && found.link_above.is_none()
    });
    let may_be_ignored: Vec<&str> = may_be_ignored
        .map(|(history, _)| history.path.as_str())
        .collect();
    let ignored = state::ignored(git, &may_be_ignored, stop)
        .await
        .map_err(git_failed)?;
    let filters = state::filters(git, &paths, stop)
        .await
        .map_err(git_failed)?;
    let changed = paths.iter().filter_map(|path| state.changed.get(*path));
    let ids = changed.flat_map(|file| [file.head.as_deref(), file.index.as_deref()]);
    let ids: BTreeSet<&str> = ids.flatten().collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let blobs = state::blobs(git, &ids, stop).await.map_err(git_failed)?;
    let blob = |id: Option<&String>| -> Content {
        let content = blobs.get(id?)?;
        Some(Arc::new(content.clone()))
    };
    let mut files = Vec::new();
    for (history, found) in contents {
        let path = history.path.clone();
        let differing = state.changed.get(&path);
        let head = blob(differing.and_then(|file| file.head.as_ref()));
        let index = blob(differing.and_then(|file| file.index.as_ref()));
        let about = AboutFile {
            history: &history,
            state,
            is_ignored: ignored.contains(&path),
            filter: filters.get(&path),
            index: &index,
            head: &head,
        };
        let Some(note) = about.note(turn, &found) else {
            continue;
        };
        let note = match note {
            Noted::Nothing => None,
            Noted::Note(note) => Some(note),
        };
        files.push(CommitFile {
            is_taken: note.is_none(),
            now: found.now,
            path,
            head,
            note,
        });
    }
    Ok(files)
}

/// What is at a path now.
struct FoundFile {
    now: Content,
    hash: Option<Hash>,
    is_link: bool,
    /// A folder above it that is a repository of its own.
    other_repository: Option<String>,
    /// A link above it: what is there is not what the session wrote.
    link_above: Option<String>,
}

/// Reads files as they are now.
async fn with_contents(
    jail: &Jail,
    histories: Vec<FileHistory>,
) -> Result<Vec<(FileHistory, FoundFile)>, TurnEnd> {
    let jail = jail.clone();
    let read = move || {
        let found = histories.into_iter().map(|history| {
            let found = found_file(&jail, &history.path);
            (history, found)
        });
        found.collect()
    };
    let reading = spawn_blocking(read).await;
    reading.map_err(|error| failed(format!("not committed: the files cannot be read: {error}")))
}

fn found_file(jail: &Jail, path: &str) -> FoundFile {
    let place = jail.path(path).ok();
    let file = place.as_ref().and_then(|path| jail.read_bytes(path).ok());
    let kind = place.as_ref().and_then(|path| jail.kind(path).ok()?);
    let folders = || path.match_indices('/').map(|(at, _)| &path[..at]);
    let kind_of = |path: &str| jail.path(path).and_then(|path| jail.kind(&path));
    let has_git = |folder: &&str| matches!(kind_of(&format!("{folder}/.git")), Ok(Some(_)));
    let is_link = |folder: &&str| matches!(kind_of(folder), Ok(Some(EntryKind::Link)));
    FoundFile {
        hash: file.as_ref().map(|file| file.hash),
        now: file.map(|file| file.bytes),
        is_link: kind == Some(EntryKind::Link),
        other_repository: folders().find(has_git).map(str::to_owned),
        link_above: folders().find(is_link).map(str::to_owned),
    }
}

/// What decides about a file.
struct AboutFile<'a> {
    history: &'a FileHistory,
    state: &'a GitState,
    is_ignored: bool,
    filter: Option<&'a (String, bool)>,
    index: &'a Content,
    head: &'a Content,
}

enum Noted {
    Nothing,
    Note(FileNote),
}

impl AboutFile<'_> {
    /// What is to be said of the file; `None` if it does not differ from the last commit.
    fn note(&self, turn: &Turn<'_>, found: &FoundFile) -> Option<Noted> {
        let path = self.history.path.as_str();
        let differing = self.state.changed.get(path);
        let flags = self.state.tracked(path);
        let is_gone = found.now.is_none() && flags.is_none() && differing.is_none();
        if is_gone {
            return None;
        }
        // What git does not look at may differ all the same.
        if flags == Some(IndexFlags::default()) && differing.is_none() {
            return None;
        }
        if let Some(why) = self.never(turn, found) {
            return Some(Noted::Note(FileNote::Never(why)));
        }
        let is_partly = differing.is_some_and(|file| file.is_staged && file.is_unstaged);
        Some(if !self.history.is_known {
            Noted::Note(FileNote::NotKnown)
        } else if found.hash != self.history.after {
            Noted::Note(FileNote::ChangedSince)
        } else if is_partly {
            Noted::Note(FileNote::StagedInPart(self.index.clone()))
        } else if let Some((filter, _)) = self.filter.filter(|_| self.head.is_some()) {
            Noted::Note(FileNote::Filtered(filter.clone()))
        } else if let Some(note) = self.foreign(turn) {
            Noted::Note(note)
        } else {
            Noted::Nothing
        })
    }

    /// Why the file cannot be committed here.
    fn never(&self, turn: &Turn<'_>, found: &FoundFile) -> Option<String> {
        let path = self.history.path.as_str();
        let flags = self.state.tracked(path).unwrap_or_default();
        let conflict = self
            .state
            .changed
            .get(path)
            .is_some_and(|file| file.has_conflict);
        if let Some(folder) = self.state.submodule_of(path) {
            return Some(format!(
                "belongs to the submodule `{folder}`: commit it there"
            ));
        }
        if let Some(folder) = &found.other_repository {
            return Some(format!(
                "belongs to the repository in `{folder}`: commit it there"
            ));
        }
        if let Some(link) = &found.link_above {
            return Some(format!("is behind the link `{link}`: commit it yourself"));
        }
        if turn.engine.context.keeps_back(path) {
            return Some(
                "may hold secrets, or a rule keeps it back: commit it yourself".to_owned(),
            );
        }
        if conflict {
            return Some("has conflicts that are not resolved".to_owned());
        }
        if flags.assumed_unchanged {
            return Some(
                "git was told to assume it unchanged; `git update-index \
                 --no-assume-unchanged` ends that"
                    .to_owned(),
            );
        }
        if flags.is_skipped {
            return Some("is outside of the sparse checkout".to_owned());
        }
        if self.is_ignored {
            return Some("is ignored by git".to_owned());
        }
        if found.is_link {
            return Some("is a link: commit it yourself".to_owned());
        }
        match self.filter {
            Some((filter, false)) => Some(format!(
                "git stores it through the filter `{filter}`, which is not set up here"
            )),
            _ => None,
        }
    }

    /// The changes that the file had when the session first changed it, if it had some.
    fn foreign(&self, turn: &Turn<'_>) -> Option<FileNote> {
        let changes = turn.engine.context.changes.lock();
        let head = self.head.as_ref().map(|head| head.as_slice());
        if is_own(self.history, head, |hash| changes.stored(hash)) {
            return None;
        }
        let first = self.history.before.first().copied().flatten();
        let before = first.map(|hash| changes.stored(&hash));
        Some(match before {
            // Its content is not stored any more.
            Some(None) => FileNote::NotKnown,
            before => FileNote::HadChanges(before.flatten()),
        })
    }
}

/// How a file differs.
fn change(path: &str, before: &Content, after: &Content) -> FileChange {
    let side = |content: &Content| match content {
        None => Some(None),
        Some(bytes) => text(bytes).map(Some),
    };
    let mut change = FileChange {
        path: path.to_owned(),
        is_new: before.is_none(),
        is_removed: after.is_none(),
        ..FileChange::default()
    };
    if let (Some(before), Some(after)) = (side(before), side(after)) {
        change.diff = file_diff(path, before.as_deref(), after.as_deref(), CONTEXT);
        let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
        change.lines = Some(line_counts(&before, &after));
    }
    change
}
