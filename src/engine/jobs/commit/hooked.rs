//! Hooks of the user before a commit: they see its files and its message, and can forbid it.

use super::CommitEnd;
use super::asking::{Choice, settle_doubts};
use super::files::{Gathered, gather};
use crate::engine::event::TurnEnd;
use crate::engine::turn::Turn;
use crate::hooks::fit::HookEvent;
use crate::hooks::input::HookSubject;
use crate::permission::HookPoint;

/// What hooks were shown of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ShownCommit {
    message: String,
    files: Vec<String>,
}

/// What hooks say of a commit.
enum Objection {
    None,
    /// None, but they changed files.
    Changed,
    Refused(String),
}

impl ShownCommit {
    fn of(gathered: &Gathered, message: &str) -> ShownCommit {
        ShownCommit {
            message: message.to_owned(),
            files: gathered.taken().map(|file| file.path.clone()).collect(),
        }
    }
}

/// Shows a commit to hooks, before the user is asked; `Some` if there is none. Where they change files,
/// the commit takes these as they are then.
pub(super) async fn shown_first(
    turn: &mut Turn<'_>,
    gathered: &mut Gathered,
    message: &str,
    asks: bool,
) -> Result<(ShownCommit, Option<CommitEnd>), TurnEnd> {
    let shown = ShownCommit::of(gathered, message);
    let end = match show(turn, gathered, &shown).await? {
        Objection::None => None,
        Objection::Refused(said) => Some(CommitEnd::HookRefused(said)),
        Objection::Changed => {
            *gathered = gather(turn).await?;
            if asks && settle_doubts(turn, gathered).await? == Choice::Cancel {
                Some(CommitEnd::Not("Not committed.".to_owned()))
            } else if !gathered.has_any(asks) {
                Some(CommitEnd::Not(gathered.nothing()))
            } else {
                None
            }
        }
    };
    Ok((shown, end))
}

/// Shows a commit again, if the user made another one of it; `Some` if there is none.
pub(super) async fn shown_again(
    turn: &mut Turn<'_>,
    gathered: &Gathered,
    message: &str,
    before: &ShownCommit,
) -> Result<Option<CommitEnd>, TurnEnd> {
    let shown = ShownCommit::of(gathered, message);
    if shown == *before {
        return Ok(None);
    }
    Ok(match show(turn, gathered, &shown).await? {
        Objection::None => None,
        Objection::Refused(said) => Some(CommitEnd::HookRefused(said)),
        Objection::Changed => Some(CommitEnd::Not(
            "Not committed: a hook changed files meanwhile; `/commit` shows them as they are now."
                .to_owned(),
        )),
    })
}

async fn show(
    turn: &mut Turn<'_>,
    gathered: &Gathered,
    shown: &ShownCommit,
) -> Result<Objection, TurnEnd> {
    // The user has yet to choose files.
    if !turn.engine.hooks.has(HookPoint::BeforeCommit) || shown.files.is_empty() {
        return Ok(Objection::None);
    }
    let paths = |is_there: bool| -> Vec<String> {
        let files = gathered
            .taken()
            .filter(|file| file.now.is_some() == is_there);
        files.map(|file| file.path.clone()).collect()
    };
    let event = HookEvent {
        files: paths(true),
        removed: paths(false),
        ..turn.event_without_files(HookPoint::BeforeCommit)
    };
    let subject = HookSubject {
        subject: Some(shown.message.lines().next().unwrap_or_default().to_owned()),
        message: Some(shown.message.clone()),
        ..HookSubject::default()
    };
    let runs = turn.run_hooks(&event, subject).await?;
    if runs.is_stopped {
        return Err(TurnEnd::Stopped);
    }
    Ok(match runs.objections.into_iter().next() {
        Some(said) => Objection::Refused(said),
        None if runs.changed.is_empty() => Objection::None,
        None => Objection::Changed,
    })
}
