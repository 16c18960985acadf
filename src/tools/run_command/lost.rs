//! What a git command may take of work that is neither committed nor the session's own, and whether
//! it goes around hooks: asked about in every mode.

use std::collections::BTreeSet;

use tokio_util::sync::CancellationToken;

use super::super::{ToolContext, blocking, render};
use crate::git::ownership::is_own;
use crate::git::state::{GitState, blobs};
use crate::git::{GitError, GitRunner};
use crate::permission::Effect;
use crate::permission::command::{GitLoss, LossScope, git_losses, skips_hooks};
use crate::session::changes::FileHistory;

/// The workspace as a folder.
const ROOT: &str = ".";
/// Most files that are named.
const MOST_NAMED: usize = 8;

/// The risks of a command.
pub(super) async fn git_risks(command: &str, context: &ToolContext) -> Vec<Effect> {
    let mut reasons: Vec<String> = Vec::new();
    if let Some(way) = skips_hooks(command) {
        reasons.push(format!("`{way}` goes around the hooks of the repository"));
    }
    let losses = git_losses(command);
    if !losses.is_empty() {
        reasons.extend(reasons_of(command, &losses, context).await);
    }
    let risks = reasons.into_iter().map(|why| Effect::GitRisk { why });
    risks.collect()
}

async fn reasons_of(command: &str, losses: &[GitLoss], context: &ToolContext) -> Vec<String> {
    let elsewhere = losses.iter().filter_map(|loss| {
        let takes = match loss.scope {
            LossScope::Elsewhere => "may take work that is kept elsewhere and is not committed",
            _ => return None,
        };
        Some(format!("`{}` {takes}", loss.command))
    });
    let mut reasons: Vec<String> = elsewhere.collect();
    let at_risk = match others_work(command, context).await {
        Ok(found) => found,
        Err(error) => {
            let first = losses.first().map_or("git", |loss| loss.command.as_str());
            reasons.push(format!(
                "`{first}` may take work that is not committed, and which cannot be told: {error}"
            ));
            return reasons;
        }
    };
    for loss in losses {
        let taken = at_risk.taken_by(loss, context);
        if taken.is_empty() {
            continue;
        }
        let what = match loss.scope {
            LossScope::Unknown => "is none of git's own commands and may take",
            _ => "may take",
        };
        reasons.push(format!(
            "`{}` {what} what is not committed and not of this session: {}",
            loss.command,
            named(&taken, context)
        ));
    }
    reasons
}

fn named(paths: &[&str], context: &ToolContext) -> String {
    let open = paths.iter().filter(|path| !context.rules.hides(path));
    let mut names: Vec<String> = open.map(|path| render::name(path)).collect();
    names.truncate(MOST_NAMED);
    let more = paths.len() - names.len();
    if more > 0 {
        names.push(format!("and {}", render::count(more, "more", "more")));
    }
    names.join(", ")
}

/// Work that is not committed, and not the session's own.
#[derive(Debug, Default)]
struct OthersWork {
    changed: BTreeSet<String>,
    /// Files whose staged version is nowhere else.
    staged: BTreeSet<String>,
    new: BTreeSet<String>,
    /// Files that git ignores, and folders with nothing else.
    ignored: BTreeSet<String>,
}

impl OthersWork {
    fn taken_by(&self, loss: &GitLoss, context: &ToolContext) -> Vec<&str> {
        let sets: Vec<&BTreeSet<String>> = match loss.scope {
            LossScope::Changes | LossScope::BranchOrPath => vec![&self.changed],
            LossScope::Staged => vec![&self.staged],
            LossScope::NewFiles => vec![&self.new],
            LossScope::NewAndIgnoredFiles => vec![&self.new, &self.ignored],
            LossScope::ChangesAndNewFiles | LossScope::Unknown => vec![&self.changed, &self.new],
            LossScope::Elsewhere => Vec::new(),
        };
        let exists = |path: &String| {
            let place = context.jail.path(path);
            matches!(place.and_then(|path| context.jail.kind(&path)), Ok(Some(_)))
        };
        let is_branch = loss.scope == LossScope::BranchOrPath && !loss.paths.iter().any(exists);
        let is_named = |path: &&String| {
            is_branch || loss.paths.is_empty() || loss.paths.iter().any(|named| covers(named, path))
        };
        let taken = sets.into_iter().flatten().filter(is_named);
        taken.map(String::as_str).collect()
    }
}

/// Whether what a command names may be a file or a folder above it. A pattern may be anything.
fn covers(named: &str, path: &str) -> bool {
    if named.contains(['*', '?', '[', ':', '\\']) || named.contains("..") {
        return true;
    }
    // Where the workspace is does not matter then.
    if named.starts_with(['/', '~']) {
        return true;
    }
    let named = named.trim_start_matches("./").trim_end_matches('/');
    if matches!(named, "" | ".") {
        return true;
    }
    // It may run in another folder, which is entered before.
    let is_it = path == named || path.ends_with(&format!("/{named}"));
    let is_above = path.starts_with(&format!("{named}/")) || path.contains(&format!("/{named}/"));
    is_it || is_above
}

/// The work that is at risk in the repositories in which a command may run git.
async fn others_work(command: &str, context: &ToolContext) -> Result<OthersWork, GitError> {
    let mut found = OthersWork::default();
    for folder in repositories(command, context) {
        let git = GitRunner::new(&context.sandbox, context.jail.root());
        let git = match folder.as_str() {
            ROOT => git,
            folder => git.in_folder(folder),
        };
        others_work_in(&git, &folder, context, &mut found).await?;
    }
    Ok(found)
}

/// The folders of repositories in which a command may run git: the workspace, and what it names in it,
/// such as a submodule that it enters.
fn repositories(command: &str, context: &ToolContext) -> BTreeSet<String> {
    let jail = &context.jail;
    let is_repository = |folder: &str| {
        let git = jail.path(&format!("{folder}/.git"));
        matches!(git.and_then(|path| jail.kind(&path)), Ok(Some(_)))
    };
    let mut found = BTreeSet::from([ROOT.to_owned()]);
    // Where it is after each folder that it enters.
    let mut entered = String::new();
    let mut before = "";
    let is_end = |c: char| c.is_whitespace() || "'\"`;|&()<>=".contains(c);
    for word in command.split(is_end).filter(|word| !word.is_empty()) {
        let word_from = |folder: &str| {
            let path = jail.path(&format!("{folder}{word}")).ok()?;
            Some(path.as_str().to_owned())
        };
        let places = [word_from(""), word_from(&entered)];
        if matches!(before, "cd" | "pushd" | "-C")
            && let Some(folder) = &places[1]
        {
            entered = format!("{folder}/");
        }
        for place in places.into_iter().flatten() {
            let ends = place.match_indices('/').map(|(at, _)| at);
            let folders = ends.chain([place.len()]).map(|end| &place[..end]);
            found.extend(folders.filter(|it| is_repository(it)).map(str::to_owned));
        }
        before = word;
    }
    found.retain(|folder| is_repository(folder));
    found
}

async fn others_work_in(
    git: &GitRunner,
    folder: &str,
    context: &ToolContext,
    found: &mut OthersWork,
) -> Result<(), GitError> {
    const NEW: &[&str] = &["ls-files", "-z", "--others", "--exclude-standard"];
    const IGNORED: &[&str] = &[
        "ls-files",
        "-z",
        "--others",
        "--ignored",
        "--exclude-standard",
        "--directory",
    ];
    let stop = CancellationToken::new();
    let state = GitState::read(git, &stop).await?;
    let new = split(&git.read(NEW, &stop).await?);
    let ignored = split(&git.read(IGNORED, &stop).await?);
    let own = own_work(git, folder, context, &state, &stop).await?;
    let is_others = |path: &&String| !own.contains(*path);
    let below = |path: &String| match folder {
        ROOT => path.clone(),
        folder => format!("{folder}/{path}"),
    };
    let in_part = state
        .changed
        .iter()
        .filter(|(_, file)| file.is_staged && file.is_unstaged);
    let changed = state.changed.keys().filter(is_others);
    found.changed.extend(changed.map(below));
    found.staged.extend(in_part.map(|(path, _)| below(path)));
    found.new.extend(new.iter().filter(is_others).map(below));
    let ignored = ignored.iter().filter(is_others);
    found.ignored.extend(ignored.map(below));
    Ok(())
}

/// Names that end with NULs.
fn split(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let names = text.split('\0').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Files of a repository in a folder in which all that is not committed is the session's own work,
/// relative to that folder.
async fn own_work(
    git: &GitRunner,
    folder: &str,
    context: &ToolContext,
    state: &GitState,
    stop: &CancellationToken,
) -> Result<BTreeSet<String>, GitError> {
    let histories = context.changes.lock().file_histories();
    if histories.is_empty() {
        return Ok(BTreeSet::new());
    }
    let jail = context.jail.clone();
    let as_left = move || {
        let is_as_left = |history: &FileHistory| {
            let path = jail.path(&history.path).ok();
            let now = path.and_then(|path| jail.hash(&path).ok());
            history.is_known && now == Some(history.after)
        };
        histories.into_iter().filter(is_as_left).collect()
    };
    // What cannot be read is not taken for the session's own.
    let histories: Vec<FileHistory> = blocking(as_left).await.unwrap_or_default();
    let below = histories.iter().filter_map(|history| {
        let path = match folder {
            ROOT => history.path.as_str(),
            folder => history.path.strip_prefix(folder)?.strip_prefix('/')?,
        };
        Some((path, history))
    });
    let below: Vec<(&str, &FileHistory)> = below.collect();
    let head = |path: &str| {
        state
            .changed
            .get(path)
            .and_then(|file| file.head.as_deref())
    };
    let ids: BTreeSet<&str> = below.iter().filter_map(|(path, _)| head(path)).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let contents = blobs(git, &ids, stop).await?;
    let changes = context.changes.lock();
    let own = below.iter().filter(|(path, history)| {
        let content = head(path).and_then(|id| contents.get(id));
        let content = content.map(Vec::as_slice);
        is_own(history, content, |hash| changes.stored(hash))
    });
    Ok(own.map(|(path, _)| (*path).to_owned()).collect())
}
