//! `run_command`: a command in the workspace's folder.

mod access;
mod judged;
mod line;
mod lost;
mod output;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{PreparedCall, Tool, ToolContext, ToolError, arguments, files};
use crate::jail::EntryKind;
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::command::shell_word;
use crate::sandbox::RunLimits;
pub(super) use access::OUTPUT;
use access::kept_output;
pub(crate) use access::{commit_access, hook_access, server_access};
pub(super) use line::{CommandLine, refuse_full_screen};

/// How long a command may take if the call does not say so, in seconds,
const USUAL: usize = 120;
const LONGEST: usize = 3600;

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

    fn runs_command(&self) -> bool {
        true
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
            refuse_full_screen(&command)?;
            let command = in_folder(context, arguments::optional_text(call, "cwd"), command)?;
            let seconds = arguments::number(call, "timeout").unwrap_or(USUAL);
            let line = CommandLine {
                text: command,
                limits: RunLimits {
                    timeout: Duration::from_secs(seconds.min(LONGEST) as u64),
                    output: kept_output(call),
                },
                tool: None,
            };
            let mut prepared = line.prepared(context).await;
            if seconds > LONGEST {
                let run = prepared.run;
                prepared.run = Box::new(move |running| {
                    async move {
                        let mut output = run(running).await?;
                        output.text.push_str(&format!(
                            "(the timeout was {LONGEST} s, the maximum, not {seconds} s)\n"
                        ));
                        Ok(output)
                    }
                    .boxed()
                });
            }
            Ok(prepared)
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
    let path = shell_word(&format!("./{folder}"));
    // Behind any of these, something would run also if the folder could not be entered.
    let goes_on =
        command.contains(['\n', ';', '#']) || command.replace("&&", "").contains(['&', '|']);
    let enter = if goes_on { " || exit 1\n" } else { " && " };
    Ok(format!("cd {path}{enter}{command}"))
}
