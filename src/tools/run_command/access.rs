//! How far a command may go: what it does not see, what it may not write, and what it may.

use std::path::{Path, PathBuf};

use ollacode_indexer::git_index::TrackedFiles;

use super::super::hidden_files::{ClosedFiles, closed_files};
use super::super::{Permitted, RunningCall, ToolContext, ToolError, blocking};
use crate::jail::{Jail, LinkTarget, ProtectedClass, build_file, classify, closed_to_commands};
use crate::message::ToolCall;
use crate::permission::command::{
    GitWork, git_targets, git_work, is_git_alone, new_checkouts, new_repositories, paths,
    replaces_files, risk, shell_line, writes_git,
};
use crate::permission::{CommandRisk, Confinement, Effect, Mode, Permission, Rules, permission};
use crate::sandbox::confine::{GitAccess, Refusal, RefusalKind};
use crate::sandbox::{CommandAccess, RunOutput, Sandbox, WorkspaceAccess};
use crate::session::CHECK_ID_PREFIX;

/// Bytes that are kept of the output, and as many of the errors,
pub(in crate::tools) const OUTPUT: usize = 8 << 10;
/// and of a check, whose output the program reads.
const CHECK_OUTPUT: usize = 256 << 10;
/// Most protected files of a new checkout that are asked about by name.
const MOST_CHECKED_OUT: usize = 5;
/// Stands for every command that is git alone and writes,
const COMMIT: &str = "git commit";
/// and for those of which nothing is known.
const HOOK: &str = "./hook";

/// Bytes that are kept of the output of a call, and as many of its errors.
pub(super) fn kept_output(call: &ToolCall) -> usize {
    match call.id.starts_with(CHECK_ID_PREFIX) {
        true => CHECK_OUTPUT,
        false => OUTPUT,
    }
}

/// What git writes by name that is protected is judged like an edit of it.
pub(super) fn protected_targets(command: &str) -> impl Iterator<Item = Effect> {
    git_targets(command).into_iter().filter_map(|path| {
        let runs_later = Some(classify(&path)?);
        Some(Effect::Write { path, runs_later })
    })
}

/// Protected files that git would write in a new checkout of this repository.
pub(super) fn checked_out(command: &str, jail: &Jail) -> Vec<Effect> {
    let folders = new_checkouts(command).into_iter();
    let folders: Vec<String> = folders
        .filter_map(|folder| Some(jail.path(&folder).ok()?.to_string()))
        .collect();
    if folders.is_empty() {
        return Vec::new();
    }
    let tracked = TrackedFiles::read(jail.root());
    let is_closed = |path: &&str| closed_to_commands(path).is_some();
    let closed: Vec<&str> = tracked.names().filter(is_closed).collect();
    let paths = folders.iter().flat_map(|folder| {
        let closed = closed.iter().take(MOST_CHECKED_OUT);
        closed.map(move |path| format!("{folder}/{path}"))
    });
    let writes = paths.map(|path| Effect::Write {
        runs_later: classify(&path),
        path,
    });
    writes.collect()
}

/// Repositories that another program than git would make, where there is none around it.
pub(super) fn made_repositories(command: &str, jail: &Jail) -> Vec<Effect> {
    let own = jail.path(".git").and_then(|path| jail.kind(&path));
    if !matches!(own, Ok(None)) {
        return Vec::new();
    }
    let folders = new_repositories(command).into_iter();
    let paths = folders.filter_map(|folder| jail.path(&format!("{folder}/.git")).ok());
    let writes = paths.map(|path| Effect::Write {
        runs_later: classify(path.as_str()),
        path: path.to_string(),
    });
    writes.collect()
}

/// What is closed to a command in this workspace.
pub(super) struct ClosedToCommands {
    /// Files that it does not see.
    pub hidden: Vec<PathBuf>,
    /// What it may not write, by rules.
    unwritable: Vec<PathBuf>,
    /// What something protected leads to.
    led: Vec<LinkTarget>,
    /// Whether git runs something of the workspace that is no hook.
    git_runs_files: bool,
}

impl ClosedToCommands {
    /// Files that a command was not allowed to write, and that the user can allow.
    pub fn askable(&self, output: &RunOutput) -> Vec<String> {
        let is_askable = |refused: &&Refusal| {
            let path = refused.path.as_str();
            let by_rule = self
                .unwritable
                .iter()
                .any(|closed| Path::new(path).starts_with(closed));
            refused.kind == RefusalKind::Write
                && refused.is_in_workspace
                && !by_rule
                && (is_askable_name(path) || self.led.iter().any(|led| led.holds(path)))
        };
        let refused = output.refused.iter().filter(is_askable);
        refused.map(|refused| refused.path.clone()).collect()
    }
}

/// Whether the user can allow a command to write a protected name: not git's own, and not ours.
fn is_askable_name(path: &str) -> bool {
    let is_ours = path
        .split('/')
        .any(|name| name.eq_ignore_ascii_case(".ollacode"));
    let instructs = classify(path).is_some_and(|it| it.class == ProtectedClass::Instructions);
    match closed_to_commands(path) {
        Some(closed) => !closed.counts_in_generated() && !is_ours,
        None => instructs || build_file(path).is_some(),
    }
}

/// Finds out what is closed to a command.
pub(super) async fn closed(
    command: &str,
    context: &ToolContext,
) -> Result<ClosedToCommands, ToolError> {
    let (jail, rules) = (context.jail.clone(), context.rules.clone());
    let look = move || closed_files(&jail, &rules).map(|closed| (closed, jail.led_to()));
    let (ClosedFiles { hidden, unwritable }, (led, git_runs_files)) = blocking(look).await??;
    let mut hidden = context.sandbox.remember_hidden(hidden);
    if risk(command) == CommandRisk::KnownSafe {
        // What it reads was asked about.
        let read = paths(command);
        hidden.retain(|path| !read.iter().any(|read| path == Path::new(read)));
    }
    if writes_git(command) || is_git_alone(command) {
        // Git has them already; if it could not read them, it could not commit, either, and would
        // take them for changed.
        let root = context.jail.root().to_owned();
        let tracked = blocking(move || TrackedFiles::read(&root)).await?;
        hidden.retain(|path| !tracked.contains(&path.to_string_lossy()));
    }
    Ok(ClosedToCommands {
        hidden,
        unwritable,
        led,
        git_runs_files,
    })
}

/// How far git and its hooks may go where the program itself commits: as with a command of the model
/// that the user approved.
pub(crate) async fn commit_access(context: &ToolContext) -> Result<CommandAccess, ToolError> {
    Ok(CommandAccess {
        network: context
            .rules
            .opens_network(COMMIT, context.sandbox.opens_network()),
        ..unasked_access(COMMIT, context).await?
    })
}

/// How far a hook of the user may go: as a command that nobody was asked about.
pub(crate) async fn hook_access(
    command: &str,
    context: &ToolContext,
) -> Result<CommandAccess, ToolError> {
    let writes = writes_git(command);
    // What it reads was not asked about, so that it names nothing here.
    let usual = unasked_access(if writes { COMMIT } else { HOOK }, context).await?;
    Ok(CommandAccess {
        network: context
            .rules
            .opens_network(command, context.sandbox.opens_network()),
        git: match writes {
            true => GitAccess::WriteButHooksAndConfig,
            false => GitAccess::ReadOnly,
        },
        ..usual
    })
}

/// What a command that nobody was asked about does not see, may not write and may not execute. Where
/// it is git, git reads the files that it has already.
async fn unasked_access(command: &str, context: &ToolContext) -> Result<CommandAccess, ToolError> {
    let closed = closed(command, context).await?;
    let led = closed.led.iter().filter(|led| led.closed_to_commands);
    let led = led.map(|led| PathBuf::from(led.path.as_str()));
    Ok(CommandAccess {
        unwritable: closed.unwritable.iter().cloned().chain(led).collect(),
        denied: context.rules.denied_commands(),
        hidden: closed.hidden,
        ..CommandAccess::default()
    })
}

/// How far a program of the user may go that stays, such as an MCP server: as a command that the user
/// approved, with nothing that would be asked about by name, and without git's folder.
///
/// # Errors
///
/// A rule denies it, or not everything can be hidden that is to be hidden.
pub(crate) fn server_access(
    argv: &[String],
    network: bool,
    jail: &Jail,
    rules: &Rules,
    sandbox: &Sandbox,
) -> Result<CommandAccess, ToolError> {
    let line = shell_line(argv);
    let effect = Effect::Command {
        text: line.clone(),
        risk: CommandRisk::Unknown,
        network: sandbox.opens_network(),
        tool: None,
    };
    let confinement = sandbox.confinement();
    if let Permission::Deny(why) = permission(&effect, Mode::AutoApprove, confinement, rules) {
        return Err(ToolError::TellModel(why));
    }
    let ClosedFiles { hidden, unwritable } = closed_files(jail, rules)?;
    let (led, _) = jail.led_to();
    let led = led.iter().filter(|led| led.closed_to_commands);
    let led = led.map(|led| PathBuf::from(led.path.as_str()));
    Ok(CommandAccess {
        network: network && rules.opens_network(&line, true),
        unwritable: unwritable.into_iter().chain(led).collect(),
        denied: rules.denied_commands(),
        hidden: sandbox.remember_hidden(hidden),
        ..CommandAccess::default()
    })
}

/// How far a command may go, given how it came to run.
pub(super) fn access(
    command: &str,
    running: &RunningCall<'_>,
    closed: &ClosedToCommands,
) -> CommandAccess {
    let RunningCall {
        context,
        permitted,
        opened,
        ..
    } = running;
    let (sandbox, rules) = (&context.sandbox, &context.rules);
    let is_opened = |led: &&LinkTarget| opened.iter().any(|path| led.holds(path));
    let led = closed.led.iter().filter(|led| led.closed_to_commands);
    let led = led.filter(|led| !is_opened(led));
    let led = led.map(|led| PathBuf::from(led.path.as_str()));
    let usual = CommandAccess {
        hidden: closed.hidden.clone(),
        unwritable: closed.unwritable.iter().cloned().chain(led).collect(),
        denied: rules.denied_commands(),
        ..CommandAccess::default()
    };
    let is_known = risk(command) == CommandRisk::KnownSafe;
    let only_reads = *permitted == Permitted::ReadOnly
        || (is_known && sandbox.confinement() == Confinement::Full);
    if only_reads {
        return CommandAccess {
            workspace: WorkspaceAccess::ReadOnly,
            ..usual
        };
    }
    let replaces = replaces_files(command);
    let names_protected = protected_targets(command).next().is_some()
        || !checked_out(command, &context.jail).is_empty();
    // They were asked about.
    let made = made_repositories(command, &context.jail).into_iter();
    let made = made.filter(|_| *permitted == Permitted::Approved);
    let made = made.filter_map(|effect| effect.file()).map(PathBuf::from);
    CommandAccess {
        network: rules.opens_network(command, sandbox.opens_network()),
        git: match git_work(command) {
            GitWork::Nothing => GitAccess::ReadOnly,
            GitWork::Writes => GitAccess::WriteButHooksAndConfig,
            // Files of the workspace could make any repository then.
            GitWork::Makes if closed.git_runs_files => GitAccess::WriteButHooksAndConfig,
            GitWork::Makes => GitAccess::MakesRepositories,
            // It was asked about.
            GitWork::Settings => GitAccess::Settings,
        },
        workspace: WorkspaceAccess::ReadWrite,
        // Unasked, it is what a rule allows by name.
        auto_executed: match permitted {
            Permitted::Approved => replaces || names_protected,
            Permitted::Unasked => names_protected && !replaces,
            Permitted::ReadOnly => false,
        },
        build_files: opened.iter().any(|path| build_file(path).is_some()),
        opened: opened.iter().map(PathBuf::from).chain(made).collect(),
        ..usual
    }
}
