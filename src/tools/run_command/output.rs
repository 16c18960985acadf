//! What is said of the output of a command.

use super::super::closed_output::without_closed;
use super::super::{ToolOutput, render};
use super::line::CommandLine;
use crate::permission::DeniedCommands;
use crate::permission::command::needs_network;
use crate::sandbox::confine::{Exceeded, RefusalKind};
use crate::sandbox::{CapturedOutput, Exit, RunOutput};
use crate::visible::defang_chat_markers;

/// Denied programs that a shell found closed, and so did not even try to execute.
pub(super) fn denied_programs<'a>(
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
pub(super) fn misses_writing(output: &RunOutput) -> bool {
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
pub(super) fn misses_git(output: &RunOutput) -> bool {
    let said = &output.stderr.text;
    let is_covered = said.contains(".git") && said.contains("Read-only file system");
    output
        .refused
        .iter()
        .any(|refused| refused.kind == RefusalKind::Git)
        || (output.exit != Exit::Code(0) && is_covered)
}

/// Whether a command failed for want of the network, as far as that can be told.
pub(super) fn misses_network(command: &str, output: &RunOutput) -> bool {
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

pub(super) fn render_output(
    output: &RunOutput,
    line: &CommandLine,
    is_closed: &dyn Fn(&str) -> bool,
) -> ToolOutput {
    let ended = match output.exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(signal) => format!("killed by signal {signal}"),
        Exit::TimedOut => format!("killed after {} s", line.limits.timeout.as_secs()),
        Exit::Stopped => "stopped by the user".to_owned(),
    };
    let mut text = format!("{ended}, {:.1} s\n", output.took.as_secs_f32());
    if output.exit == Exit::TimedOut {
        text.push_str(match line.tool {
            None => "(use a longer timeout, or do less at once; input is never given)\n",
            Some(_) => "(the user set this time for the tool; input is never given)\n",
        });
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
        ..ToolOutput::default()
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
