//! A command line that a tool runs: judged, confined, its changes taken down for undo, its output
//! redacted and cut.

use futures::FutureExt;
use ollacode_secrets::redact;

use super::super::command_changes::BeforeCommand;
use super::super::hidden_files::{hidden_note, is_closed_path};
use super::super::{
    Permitted, PreparedCall, RunningCall, ToolContext, ToolError, ToolOutput, git_versions, render,
};
use super::access::{access, closed};
use super::judged::{covered, effects};
use super::output::{denied_programs, misses_git, misses_network, misses_writing, render_output};
use crate::permission::command::full_screen;
use crate::permission::{Confinement, Preview};
use crate::sandbox::confine::GitAccess;
use crate::sandbox::{Exit, RunLimits, WorkspaceAccess};
use crate::text::with_causes;
use crate::visible::escape_hidden;

/// Said where a command failed for want of the network.
const NO_NETWORK: &str = "(commands have no network here; the user can allow it by starting \
    ollacode with --network, or with a rule in config.toml)\n";
/// Said where a command failed since git's folder is closed to it.
const NO_GIT: &str = "(`.git` can be written only by a command that runs nothing but git, such as \
    `git add -A && git commit -m text`; its settings only by `git config`, `git remote` and \
    `git submodule`, if the user approves; its hooks never)\n";
/// Said where a command may have failed in silence since it could not write.
const NO_WRITING: &str = "(it ran without approval, so the workspace was read-only)\n";

/// A line for the shell.
pub(in crate::tools) struct CommandLine {
    /// It starts in the workspace's folder.
    pub text: String,
    pub limits: RunLimits,
    /// The user's own tool whose line it is, if it is one.
    pub tool: Option<String>,
}

impl CommandLine {
    /// A call that runs it. What is judged and shown is the line that runs.
    pub async fn prepared(self, context: &ToolContext) -> PreparedCall {
        let command = self.text.as_str();
        PreparedCall {
            what: render::narrow(&render::name(&redact(command.trim()).text), 100).into_owned(),
            effects: effects(&self, context).await,
            preview: Preview::Command(escape_hidden(command).into_owned()),
            remember: covered(command, context),
            run: Box::new(move |running| run(self, running).boxed()),
        }
    }
}

/// Refuses a program that would wait for keys.
pub(in crate::tools) fn refuse_full_screen(command: &str) -> Result<(), ToolError> {
    match full_screen(command) {
        None => Ok(()),
        Some(program) => Err(ToolError::TellModel(format!(
            "`{program}` needs a terminal, and commands have none: edit_file and write_file change \
             files, and many programs have an option to print once and exit, such as `top -b -n 1`"
        ))),
    }
}

async fn run(line: CommandLine, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let (command, limits) = (line.text.as_str(), &line.limits);
    let sandbox = &running.context.sandbox;
    let closed = closed(command, running.context).await?;
    let access = access(command, &running, &closed);
    let before = match access.workspace {
        WorkspaceAccess::ReadOnly => None,
        WorkspaceAccess::ReadWrite => BeforeCommand::of(command, running.context).await?,
    };
    let result = sandbox.run(command, &access, limits, running.stop).await;
    let unknown = git_versions::learn(command, running.context).await;
    let changed = match before {
        Some(before) => before.compared(running.context).await?,
        None => String::new(),
    };
    match result {
        Ok(output) => {
            let is_closed =
                |path: &str| is_closed_path(&running.context.jail, &running.context.rules, path);
            let mut written = render_output(&output, &line, &is_closed);
            if sandbox.confinement() == Confinement::Full {
                written
                    .text
                    .push_str(&hidden_note(command, &output, &access.hidden));
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
            if !access.network && misses_network(command, &output) {
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
