//! `run_command`: a command in the workspace's folder.

mod access;
mod lost;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_secrets::redact;

use super::closed_output::without_closed;
use super::command_changes::BeforeCommand;
use super::hidden_files::{hidden_note, is_closed_path};
use super::{
    Permitted, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments,
    files, git_versions, render,
};
use crate::jail::{EntryKind, Jail, JailError, is_secret};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::command::{full_screen, needs_network, paths, remembered, risk};
use crate::permission::{CommandRisk, Confinement, DeniedCommands, Effect, Preview, Rules};
use crate::sandbox::confine::{Exceeded, GitAccess, RefusalKind};
use crate::sandbox::{CapturedOutput, Exit, RunLimits, RunOutput, WorkspaceAccess};
use crate::text::with_causes;
use crate::visible::{defang_chat_markers, escape_hidden};
use access::{access, checked_out, closed, kept_output, made_repositories, protected_targets};
pub(crate) use access::{commit_access, hook_access};

/// How long a command may take if the call does not say so, in seconds,
const USUAL: usize = 120;
const LONGEST: usize = 3600;
/// Said where a command failed for want of the network.
const NO_NETWORK: &str = "(commands have no network here; the user can allow it by starting \
    ollacode with --network, or with a rule in config.toml)\n";
/// Said where a command failed since git's folder is closed to it.
const NO_GIT: &str = "(`.git` can be written only by a command that runs nothing but git, such as \
    `git add -A && git commit -m text`; its settings only by `git config`, `git remote` and \
    `git submodule`, if the user approves; its hooks never)\n";
/// Said where a command may have failed in silence since it could not write.
const NO_WRITING: &str = "(it ran without approval, so the workspace was read-only)\n";
/// Longest command that is remembered as it stands, in bytes: the question shows all of it.
const LONGEST_REMEMBERED: usize = 200;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "run_command",
    aliases: &[
        "run_bash_command",
        "bash",
        "shell",
        "execute_command",
        "run_shell_command",
        "run_terminal_cmd",
        "run_in_terminal",
        "execute_bash",
        "terminal",
        "run",
        "execute",
        "exec",
        "exec_command",
        "execute_shell_command",
        "run_bash",
        "run_shell",
        "shell_command",
        "local_shell",
        "python",
        "run_python",
        "execute_python",
        "run_code",
        "execute_code",
    ],
    description: "Run a shell command: build, test, git. It starts in the workspace root and gets \
                  no input.",
    parameters: &[
        ParameterDeclaration {
            name: "command",
            aliases: &["cmd", "script"],
            kind: ParameterKind::Text,
            description: "Command line for bash",
            required: true,
        },
        ParameterDeclaration {
            name: "timeout",
            aliases: &["timeout_seconds", "timeout_secs", "timeout_sec"],
            kind: ParameterKind::Integer,
            description: "Seconds; default 120, at most 3600",
            required: false,
        },
        ParameterDeclaration {
            name: "cwd",
            aliases: &[
                "workdir",
                "working_directory",
                "work_dir",
                "directory",
                "dir",
                "folder",
            ],
            kind: ParameterKind::Text,
            description: "Folder to run in, relative to the workspace root; default `.`",
            required: false,
        },
    ],
    is_core: true,
};

pub(super) struct RunCommand;

impl Tool for RunCommand {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let command = arguments::text(call, "command")?.to_owned();
            if command.trim().is_empty() {
                return Err(ToolError::TellModel("`command` is empty".to_owned()));
            }
            if command.contains('\0') {
                let text = "`command` contains a NUL character, which no shell accepts";
                return Err(ToolError::TellModel(text.to_owned()));
            }
            if let Some(program) = full_screen(&command) {
                return Err(ToolError::TellModel(format!(
                    "`{program}` needs a terminal, and commands have none: edit_file and write_file \
                     change files, and many programs have an option to print once and exit, such \
                     as `top -b -n 1`"
                )));
            }
            let command = in_folder(context, arguments::optional_text(call, "cwd"), command)?;
            let seconds = arguments::number(call, "timeout").unwrap_or(USUAL);
            let limits = RunLimits {
                timeout: Duration::from_secs(seconds.min(LONGEST) as u64),
                output: kept_output(call),
            };
            Ok(PreparedCall {
                what: render::narrow(&render::name(&redact(command.trim()).text), 100).into_owned(),
                effects: effects(&command, context).await,
                preview: Preview::Command(escape_hidden(&command).into_owned()),
                remember: remembered(&command)
                    .map(|words| quote_arguments(&words))
                    .or_else(|| exactly(&command, context)),
                run: Box::new(move |running| {
                    async move {
                        let mut output = run(command, limits, running).await?;
                        if seconds > LONGEST {
                            output.text.push_str(&format!(
                                "(the timeout was {LONGEST} s, the maximum, not {seconds} s)\n"
                            ));
                        }
                        Ok(output)
                    }
                    .boxed()
                }),
            })
        }
        .boxed()
    }
}

/// A command as it is run in a folder of the workspace: that it goes there is part of what is
/// judged, shown and run. If it cannot go there, nothing runs.
fn in_folder(
    context: &ToolContext,
    folder: Option<&str>,
    command: String,
) -> Result<String, ToolError> {
    let jail = &context.jail;
    let given = super::paths::folder(jail, folder)?;
    let folder = jail
        .resolve(&given)
        .map_err(|error| files::refused(&error))?;
    if folder.is_root() {
        return Ok(command);
    }
    if jail.kind(&folder).map_err(|error| files::refused(&error))? != Some(EntryKind::Folder) {
        let text = format!("`{given}` is not a folder; `cwd` must be one");
        return Err(ToolError::TellModel(text));
    }
    let path = quoted(&format!("./{folder}"));
    // Behind any of these, something would run also if the folder could not be entered.
    let goes_on =
        command.contains(['\n', ';', '#']) || command.replace("&&", "").contains(['&', '|']);
    let enter = if goes_on { " || exit 1\n" } else { " && " };
    Ok(format!("cd {path}{enter}{command}"))
}

/// What a command would do, as far as it is known.
async fn effects(command: &str, context: &ToolContext) -> Vec<Effect> {
    let jail = &context.jail;
    let risk = risk_here(command, jail, &context.rules);
    let mut effects = vec![Effect::Command {
        text: command.to_owned(),
        risk,
        network: context.sandbox.opens_network(),
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
fn risk_here(command: &str, jail: &Jail, rules: &Rules) -> CommandRisk {
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

/// An argument vector on a line, so that no two look alike.
fn quote_arguments(words: &[String]) -> String {
    let line = words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ");
    format!("running `{line}`")
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

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_./=:@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

async fn run(
    command: String,
    limits: RunLimits,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let sandbox = &running.context.sandbox;
    let closed = closed(&command, running.context).await?;
    let access = access(&command, &running, &closed);
    let before = match access.workspace {
        WorkspaceAccess::ReadOnly => None,
        WorkspaceAccess::ReadWrite => BeforeCommand::of(&command, running.context).await?,
    };
    let result = sandbox.run(&command, &access, &limits, running.stop).await;
    let unknown = git_versions::learn(&command, running.context).await;
    let changed = match before {
        Some(before) => before.compared(running.context).await?,
        None => String::new(),
    };
    match result {
        Ok(output) => {
            let is_closed =
                |path: &str| is_closed_path(&running.context.jail, &running.context.rules, path);
            let mut written = render_output(&output, &limits, &is_closed);
            if sandbox.confinement() == Confinement::Full {
                written
                    .text
                    .push_str(&hidden_note(&command, &output, &access.hidden));
            }
            for program in denied_programs(&output, &access.denied) {
                let said = format!("(`{program}` was not executed: a rule denies it)\n");
                written.text.push_str(&said);
                written.detail.push_str(&said);
            }
            written.text.push_str(unknown);
            if access.git == GitAccess::ReadOnly && misses_git(&output) {
                written.text.push_str(NO_GIT);
            }
            if !access.network && misses_network(&command, &output) {
                written.text.push_str(NO_NETWORK);
            }
            written.text.push_str(&changed);
            written.detail.push_str(&changed);
            if running.permitted != Permitted::ReadOnly {
                let files = closed.askable(&output);
                return match files.is_empty() || output.exit == Exit::Code(0) {
                    true => Ok(written),
                    false => Err(ToolError::NeedsFiles(Box::new(written), files)),
                };
            }
            if misses_writing(&output) {
                return Err(ToolError::NeedsWriting(Box::new(written)));
            }
            if output.exit != Exit::Code(0) || command.contains("/dev/null") {
                written.text.push_str(NO_WRITING);
            }
            Ok(written)
        }
        Err(error) => Err(ToolError::TellModel(with_causes(&error))),
    }
}

/// Denied programs that a shell found closed, and so did not even try to execute.
fn denied_programs<'a>(
    output: &'a RunOutput,
    denied: &'a DeniedCommands,
) -> impl Iterator<Item = &'a str> {
    denied.programs().filter(|program| {
        let closed = format!("{program}: Permission denied");
        let is_told = output
            .refused
            .iter()
            .any(|refused| refused.kind == RefusalKind::Execute);
        !is_told && output.stderr.text.contains(&closed)
    })
}

/// Whether a command failed for want of writing, whatever it exits with: `make 2>&1 | tail` is
/// fine with that. A message has the words behind a colon or a number; a text that is searched
/// for them seldom has.
fn misses_writing(output: &RunOutput) -> bool {
    const SIGNS: &[&str] = &[
        ": read-only file system",
        "] read-only file system",
        "erofs: ",
        "os error 30",
        "errno 30",
        "attempt to write a readonly database",
    ];
    let said = format!("{}\n{}", output.stdout.text, output.stderr.text).to_lowercase();
    SIGNS.iter().any(|sign| said.contains(sign))
}

/// Whether a command was kept from writing git's folder.
fn misses_git(output: &RunOutput) -> bool {
    let said = &output.stderr.text;
    let is_covered = said.contains(".git") && said.contains("Read-only file system");
    output
        .refused
        .iter()
        .any(|refused| refused.kind == RefusalKind::Git)
        || (output.exit != Exit::Code(0) && is_covered)
}

/// Whether a command failed for want of the network, as far as that can be told.
fn misses_network(command: &str, output: &RunOutput) -> bool {
    const SIGNS: &[&str] = &[
        "could not resolve",
        "couldn't resolve",
        "name resolution",
        "name or service not known",
        "network is unreachable",
        "no such host",
        "getaddrinfo",
        "nodename nor servname",
        "enotfound",
        "eai_again",
    ];
    let said = format!("{}\n{}", output.stdout.text, output.stderr.text).to_lowercase();
    let has_failed = output.exit != Exit::Code(0);
    has_failed && (needs_network(command) || SIGNS.iter().any(|sign| said.contains(sign)))
}

fn render_output(
    output: &RunOutput,
    limits: &RunLimits,
    is_closed: &dyn Fn(&str) -> bool,
) -> ToolOutput {
    let ended = match output.exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(signal) => format!("killed by signal {signal}"),
        Exit::TimedOut => format!("killed after {} s", limits.timeout.as_secs()),
        Exit::Stopped => "stopped by the user".to_owned(),
    };
    let mut text = format!("{ended}, {:.1} s\n", output.took.as_secs_f32());
    if output.exit == Exit::TimedOut {
        text.push_str("(use a longer timeout, or do less at once; input is never given)\n");
    }
    let mut detail = String::new();
    for (name, captured) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        let clean = clean(captured, is_closed);
        if !clean.is_empty() {
            text.push_str(&format!("{name}:\n{}", defang_chat_markers(&clean)));
            detail.push_str(&clean);
        }
    }
    if detail.is_empty() {
        text.push_str("no output\n");
    }
    match output.exceeded {
        Some(Exceeded::Memory) => text.push_str(
            "(it was killed because it used too much memory; OLLACODE_COMMAND_MEMORY sets the \
             limit)\n",
        ),
        Some(Exceeded::Disk) => text.push_str(
            "(it was killed because it filled the disk; OLLACODE_COMMAND_DISK sets the limit)\n",
        ),
        None => {}
    }
    match output.left_running {
        0 => {}
        1 => text.push_str("(1 process that was still running was killed with the command)\n"),
        left => text.push_str(&format!(
            "({left} processes that were still running were killed with the command)\n"
        )),
    }
    for refused in &output.refused {
        let path = render::name(&refused.path);
        let said = match refused.kind {
            RefusalKind::Git => continue,
            RefusalKind::Execute => format!("(`{path}` was not executed: it {})\n", refused.why),
            RefusalKind::Write => format!(
                "(the command was not allowed to write {path}: it {}; write_file can, if the user \
                 approves)\n",
                refused.why,
            ),
        };
        text.push_str(&said);
        detail.push_str(&said);
    }
    ToolOutput {
        text,
        summary: ended,
        detail,
        sources: Vec::new(),
    }
}

/// What was captured without secrets, with a line break at its end.
fn clean(captured: &CapturedOutput, is_closed: &dyn Fn(&str) -> bool) -> String {
    let open = without_closed(&captured.text, is_closed);
    let mut text = render::without_secrets(&open).0.into_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
