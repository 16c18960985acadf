//! Looks at files once more: whether their new text holds secrets, and, just before the commit,
//! whether they are still what was shown.

use std::sync::Arc;

use ollacode_secrets::redact;
use tokio::task::spawn_blocking;

use super::super::failed;
use super::files::{CommitFile, Content, FileNote, Gathered, git_failed};
use crate::engine::event::TurnEnd;
use crate::engine::turn::Turn;
use crate::git::ownership::text;
use crate::git::state::GitState;
use crate::tools::ToolContext;
use crate::visible::escape_hidden;

/// Leaves out files that seem to hold more secrets than in the last commit, until the user says
/// otherwise.
pub(super) async fn note_secrets(turn: &Turn<'_>, files: &mut [CommitFile]) -> Result<(), TurnEnd> {
    let context = Arc::clone(&turn.engine.context);
    let sides = files.iter().filter(|file| file.is_taken);
    let sides: Vec<(Content, Content)> = sides
        .map(|file| (file.head.clone(), file.now.clone()))
        .collect();
    let look = move || {
        let adds =
            |(head, now): &(Content, Content)| secrets(&context, now) > secrets(&context, head);
        sides.iter().map(adds).collect::<Vec<bool>>()
    };
    let adds = spawn_blocking(look).await;
    let adds = adds.map_err(|error| {
        failed(format!(
            "not committed: the files cannot be searched for secrets: {error}"
        ))
    })?;
    let taken = files.iter_mut().filter(|file| file.is_taken);
    for (file, _) in taken.zip(adds).filter(|(_, adds)| *adds) {
        file.is_taken = false;
        file.note = Some(FileNote::AddsSecret);
    }
    Ok(())
}

/// How many secrets seem to be in a content.
fn secrets(context: &ToolContext, content: &Content) -> usize {
    let Some(text) = content.as_ref().and_then(|bytes| text(bytes)) else {
        return 0;
    };
    let found = redact(&text).findings.len();
    let has_value = context.without_secret_values(text.clone()) != text;
    found + usize::from(has_value)
}

/// The state of the repository just before the commit.
///
/// # Errors
///
/// Something is not any more what was shown: nothing is to be committed unseen.
pub(super) async fn still_as_shown(
    turn: &Turn<'_>,
    gathered: &Gathered,
) -> Result<GitState, TurnEnd> {
    let now = GitState::read(&gathered.git, &turn.stop)
        .await
        .map_err(git_failed)?;
    let before = &gathered.state;
    let place = |state: &GitState| (state.head.clone(), state.branch.clone(), state.operation);
    if place(&now) != place(before) {
        return Err(failed(
            "not committed: in the meantime the repository changed to another commit, branch or \
             state; `/commit` shows it as it is now",
        ));
    }
    let jail = turn.engine.context.jail.clone();
    let taken = gathered.taken();
    let taken: Vec<(String, Content)> = taken
        .map(|file| (file.path.clone(), file.now.clone()))
        .collect();
    let look = move || {
        let differs = |(path, shown): &(String, Content)| {
            let place = jail.path(path).ok();
            let file = place.and_then(|path| jail.read_bytes(&path).ok());
            file.map(|file| file.bytes) != *shown
        };
        taken.into_iter().find(differs).map(|(path, _)| path)
    };
    let differing = spawn_blocking(look).await;
    let differing = differing
        .map_err(|error| failed(format!("not committed: the files cannot be read: {error}")))?;
    let is_staged_anew = |path: &&str| now.changed.get(*path) != before.changed.get(*path);
    let mut paths = gathered.taken().map(|file| file.path.as_str());
    let differing = differing.or_else(|| paths.find(is_staged_anew).map(str::to_owned));
    match differing {
        Some(path) => Err(failed(format!(
            "not committed: `{}` changed in the meantime; `/commit` shows it as it is now",
            escape_hidden(&path)
        ))),
        None => Ok(now),
    }
}
