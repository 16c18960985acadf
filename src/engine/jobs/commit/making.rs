//! Makes the commit, and takes down what it did.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::super::failed;
use super::files::Gathered;
use super::recheck::still_as_shown;
use crate::engine::event::{Event, ToolOutcome, TurnEnd};
use crate::engine::turn::Turn;
use crate::git::GitError;
use crate::git::commit::{CommitError, CommitRequest, Committed, commit};
use crate::session::Record;
use crate::tools::BeforeCommand;
use crate::visible::escape_hidden;

/// What is run, for people and for what watches commands.
const COMMAND: &str = "git commit";

/// Commits. What hooks change in files belongs to the session; the journal has the commit.
///
/// The outer error ends the turn.
pub(super) async fn make(
    turn: &mut Turn<'_>,
    gathered: &Gathered,
    message: &str,
) -> Result<Result<Committed, CommitError>, TurnEnd> {
    let context = &turn.engine.context;
    let state = still_as_shown(turn, gathered).await?;
    let before = BeforeCommand::of(COMMAND, context).await;
    let before = before.map_err(|error| failed(error.to_string()))?;
    let id = format!("commit_{}", Timestamp::now().as_nanosecond());
    let started = Event::ToolStarted {
        id: id.clone(),
        tool: "run_command".to_owned(),
        what: COMMAND.to_owned(),
        details: Arc::default(),
    };
    turn.events.send(started).await;
    let begun = Instant::now();
    let paths: Vec<&str> = gathered.taken().map(|file| file.path.as_str()).collect();
    let request = CommitRequest {
        paths: &paths,
        message,
    };
    let (git, hooks) = (&gathered.git, &gathered.hooks);
    let made = commit(git, request, &state, hooks, &turn.stop).await;
    let changed = match before {
        Some(before) => before.compared(context).await,
        None => Ok(String::new()),
    };
    let (outcome, summary) = match &made {
        Ok(committed) => (ToolOutcome::Done, committed.hash.clone()),
        Err(CommitError::Hook(_)) => (ToolOutcome::Failed, "a hook refused".to_owned()),
        Err(_) => (ToolOutcome::Failed, "git did not commit".to_owned()),
    };
    let said = match &made {
        Ok(_) => String::new(),
        Err(error) => escape_hidden(&error.to_string()).into_owned(),
    };
    let changed = changed.map_err(|error| failed(error.to_string()));
    // Before anything that may fail: the commit is made.
    take_down(turn, &made)?;
    let detail = format!("{said}{}", changed.as_deref().unwrap_or_default());
    let [detail] = turn.redact_secret_values([detail]).await?;
    let finished = Event::ToolFinished {
        id,
        outcome,
        summary,
        detail,
        took: begun.elapsed(),
    };
    turn.events.send(finished).await;
    changed?;
    match made {
        Err(CommitError::Git(GitError::Stopped)) => Err(TurnEnd::Stopped),
        Err(CommitError::Hook(said)) => {
            let [said] = turn.redact_secret_values([said]).await?;
            Ok(Err(CommitError::Hook(said)))
        }
        made => Ok(made),
    }
}

/// Records what hooks changed, and the commit.
fn take_down(turn: &mut Turn<'_>, made: &Result<Committed, CommitError>) -> Result<(), TurnEnd> {
    let changed = turn.engine.context.changes.lock().take_records();
    let has_changed = !changed.is_empty();
    let mut records: Vec<Record> = changed.into_iter().map(Record::Changed).collect();
    if let Ok(committed) = made {
        records.push(Record::Committed {
            turn: turn.session.turn,
            hash: committed.hash.clone(),
            files: committed.files.clone(),
        });
    }
    turn.record_all(records)?;
    if has_changed {
        turn.engine.context.changes.lock().settle();
    }
    Ok(())
}
