//! What a command line would do, as far as it is known.

use super::super::{ToolContext, files};
use super::access::{checked_out, made_repositories, protected_targets};
use super::line::CommandLine;
use super::lost;
use crate::jail::{EntryKind, Jail, JailError, is_secret};
use crate::permission::command::{paths, remembered, risk, shell_line};
use crate::permission::{CommandRisk, Confinement, Effect, Rules};
use crate::visible::escape_hidden;

/// Longest command that is remembered as it stands, in bytes: the question shows all of it.
const LONGEST_REMEMBERED: usize = 200;

/// What a command would do, as far as it is known.
pub(super) async fn effects(line: &CommandLine, context: &ToolContext) -> Vec<Effect> {
    let command = line.text.as_str();
    let jail = &context.jail;
    let risk = risk_here(command, jail, &context.rules);
    let mut effects = vec![Effect::Command {
        text: command.to_owned(),
        risk,
        network: context.sandbox.opens_network(),
        tool: line.tool.clone(),
    }];
    // Rules for reading hold for what it reads, too.
    if risk == CommandRisk::KnownSafe {
        let paths = paths(command).into_iter();
        let paths = paths.filter_map(|path| jail.path(&path).ok());
        effects.extend(paths.flat_map(|path| files::reading(jail, &path)));
    }
    effects.extend(protected_targets(command));
    effects.extend(checked_out(command, jail));
    effects.extend(made_repositories(command, jail));
    effects.extend(revisions_of_files(command, jail));
    effects.extend(lost::git_risks(command, context).await);
    effects
}

/// Files whose other versions a command of git names: `HEAD:path`.
fn revisions_of_files(command: &str, jail: &Jail) -> Vec<Effect> {
    if !command.contains("git") {
        return Vec::new();
    }
    let words = command.split(|c: char| c.is_whitespace() || "'\"`;|&()<>".contains(c));
    let paths = words.filter_map(|word| Some(word.split_once(':')?.1));
    let paths = paths.filter_map(|path| jail.path(path).ok());
    paths.flat_map(|path| files::reading(jail, &path)).collect()
}

/// What is known of a command in this workspace: one that reads through a link may read anything,
/// and a search may find what a rule keeps back.
pub(super) fn risk_here(command: &str, jail: &Jail, rules: &Rules) -> CommandRisk {
    let known = risk(command);
    let paths = || paths(command);
    let leads_out = || paths().iter().any(|path| may_lead_out(jail, path));
    let finds_kept = || {
        let searches = command.split(' ').any(|word| matches!(word, "grep" | "rg"));
        (searches && paths().is_empty() && rules.may_hide_below("."))
            || paths().iter().any(|path| may_find_kept(jail, rules, path))
    };
    if known == CommandRisk::KnownSafe && (leads_out() || finds_kept()) {
        CommandRisk::Unknown
    } else {
        known
    }
}

/// Whether a path is a folder in which there could be something that a rule keeps back.
fn may_find_kept(jail: &Jail, rules: &Rules, path: &str) -> bool {
    let real = jail.path(path).and_then(|path| jail.resolve(&path));
    let Ok(real) = real else {
        return false;
    };
    matches!(jail.kind(&real), Ok(Some(EntryKind::Folder))) && rules.may_hide_below(real.as_str())
}

/// Whether a path points outside the workspace, or to a secret, when its links are followed.
fn may_lead_out(jail: &Jail, path: &str) -> bool {
    match jail.path(path).and_then(|path| jail.resolve(&path)) {
        Ok(real) => is_secret(&real),
        Err(JailError::NotFound(_) | JailError::NotAFolder(_)) => false,
        Err(_) => true,
    }
}

/// What "for this session" covers, in words: no two argument vectors look alike.
pub(super) fn covered(command: &str, context: &ToolContext) -> Option<String> {
    remembered(command)
        .map(|words| format!("running `{}`", shell_line(&words)))
        .or_else(|| exactly(command, context))
}

/// What "for this session" covers where it cannot be more: this command as it stands, if it is fully
/// confined, without network and with git's folder closed to it.
fn exactly(command: &str, context: &ToolContext) -> Option<String> {
    let sandbox = &context.sandbox;
    let is_confined = sandbox.confinement() == Confinement::Full && !sandbox.opens_network();
    let is_short = command.len() <= LONGEST_REMEMBERED && !command.contains('\n');
    let is_plain = escape_hidden(command) == command;
    let may_be = is_confined && is_short && is_plain && risk(command) == CommandRisk::Unknown;
    may_be.then(|| format!("running exactly `{command}`"))
}
