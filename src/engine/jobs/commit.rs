//! `/commit`: commits what the session changed, and nothing else, with a written message.
//!
//! `files` finds out which files those are and which need a word of the user; `message` has the
//! model write the message; `hooked` shows both to hooks of the user; `asking` shows both and asks;
//! `recheck` looks at the files again, and `making` commits.

mod asking;
mod files;
mod hooked;
mod making;
mod message;
mod recheck;
mod words;

use super::{JobRun, failed};
use crate::engine::event::TurnEnd;
use crate::engine::turn::Turn;
use crate::git::commit::CommitError;
use crate::permission::{CommandRisk, Confinement, Effect, Mode, Permission, permission};
use crate::text::with_causes;

use asking::Choice;
use files::Gathered;

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitOrder {
    /// What the message should say.
    pub hint: String,
}

impl CommitOrder {
    /// As it is typed behind `/commit`.
    pub fn words(&self) -> String {
        self.hint.clone()
    }

    /// Reads what was typed behind `/commit`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<CommitOrder, &'static str> {
        Ok(CommitOrder {
            hint: argument.to_owned(),
        })
    }
}

/// Who wants the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum CommitCause<'a> {
    /// The user, with a hint for the message.
    User(&'a str),
    /// The setting by which each turn is committed.
    Setting,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::engine) enum CommitEnd {
    /// What was committed, in Markdown.
    Committed(String),
    /// Nothing was, and why.
    Not(String),
    /// A hook refused: what it said.
    HookRefused(String),
}

pub(super) async fn run(job: &mut JobRun<'_, '_>, order: &CommitOrder) -> Result<(), TurnEnd> {
    match commit_changes(job.turn, CommitCause::User(&order.hint)).await? {
        CommitEnd::Committed(report) => job.say(&report).await,
        CommitEnd::Not(why) => job.say(&why).await,
        CommitEnd::HookRefused(said) => Err(failed(format!(
            "a hook refused the commit, and nothing was committed:\n{said}\nMend what it names, \
             then `/commit` again; or commit yourself"
        ))),
    }
}

/// Commits what the session changed. What it finds in the way is asked about, or left out.
pub(in crate::engine) async fn commit_changes(
    turn: &mut Turn<'_>,
    cause: CommitCause<'_>,
) -> Result<CommitEnd, TurnEnd> {
    let must_ask = judged(turn)?;
    let (asks, may) = asking_by(turn, cause, must_ask);
    let mut gathered = files::gather(turn).await?;
    if asks && asking::settle_doubts(turn, &mut gathered).await? == Choice::Cancel {
        return Ok(CommitEnd::Not("Not committed.".to_owned()));
    }
    if !gathered.has_any(asks) {
        return Ok(CommitEnd::Not(gathered.nothing()));
    }
    if !asks && !may {
        return Err(nobody_to_ask(cause, &gathered));
    }
    if !asks && !gathered.hooks.can_run {
        return Err(failed(format!("not committed: {}", gathered.hooks_words())));
    }
    let hint = match cause {
        CommitCause::User(hint) => hint,
        CommitCause::Setting => "",
    };
    let mut message = message::write(turn, &gathered, hint).await?;
    let (shown, end) = hooked::shown_first(turn, &mut gathered, &message, asks).await?;
    if let Some(end) = end {
        return Ok(end);
    }
    if asks {
        let asked = asking::confirm(turn, &mut gathered, message, hint).await?;
        let Some(confirmed) = asked else {
            return Ok(CommitEnd::Not("Not committed.".to_owned()));
        };
        message = confirmed;
        if let Some(end) = hooked::shown_again(turn, &gathered, &message, &shown).await? {
            return Ok(end);
        }
    }
    match making::make(turn, &gathered, &message).await? {
        Ok(committed) => Ok(CommitEnd::Committed(gathered.report(&committed, &message))),
        Err(CommitError::Hook(said)) => Ok(CommitEnd::HookRefused(gathered.hook_said(&said))),
        Err(error) => Err(failed(format!("not committed: {}", with_causes(&error)))),
    }
}

/// Whether a rule wants the user to be asked about a commit.
///
/// # Errors
///
/// It is denied: by a rule, or since nothing may be changed.
fn judged(turn: &Turn<'_>) -> Result<bool, TurnEnd> {
    if !turn.may_change() {
        return Err(failed(
            "nothing is committed where nothing may be changed: leave plan mode, or turn agent mode on",
        ));
    }
    let context = &turn.engine.context;
    let effect = Effect::Command {
        text: "git commit".to_owned(),
        risk: CommandRisk::NeedsNetworkOrGit,
        network: context.sandbox.opens_network(),
        tool: None,
    };
    let confinement = context.sandbox.confinement();
    match permission(&effect, Mode::AutoApprove, confinement, &context.rules) {
        Permission::Deny(why) => Err(failed(format!("not committed: {why}"))),
        Permission::Ask(_) => Ok(true),
        Permission::Allow | Permission::ReadOnly => {
            let is_open = turn.session.mode == Mode::AutoApprove;
            Ok(!is_open && context.rules.asks(&effect))
        }
    }
}

/// Whether the user is asked, and whether it may be done if not.
fn asking_by(turn: &Turn<'_>, cause: CommitCause<'_>, must_ask: bool) -> (bool, bool) {
    let mode = turn.session.mode;
    let is_full = turn.engine.confinement() == Confinement::Full;
    // Hooks may run what the model wrote: in auto-edit only confined, as with every command, unless
    // the user wants this very commit.
    let (unasked, may) = match (mode, cause) {
        (Mode::AutoApprove, _) => (true, true),
        (Mode::AutoEdit, CommitCause::User(_)) => (false, true),
        (Mode::AutoEdit, CommitCause::Setting) => (is_full, is_full),
        (Mode::Ask | Mode::Plan, _) => (false, false),
    };
    let asks = turn.approver.can_ask() && (must_ask || !unasked);
    (asks, may && !must_ask)
}

fn nobody_to_ask(cause: CommitCause<'_>, gathered: &Gathered) -> TurnEnd {
    let way_out = match cause {
        CommitCause::User(_) => "`--auto-edit` or `--auto-approve` commit without asking",
        CommitCause::Setting => "`/commit` commits them",
    };
    failed(format!(
        "not committed: the user must approve a commit, and nobody can be asked; {way_out}.\n\n{}",
        gathered.list()
    ))
}
