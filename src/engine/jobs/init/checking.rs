//! Tries commands, each confined and approved like one of the model, and keeps what became of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::engine::calls::CallResult;
use crate::engine::event::{ToolOutcome, TurnEnd};
use crate::engine::jobs::JobRun;
use crate::survey::{CommandKind, ProjectCommand};

/// How long a command may take, in seconds.
const LONGEST: u32 = 600;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// It worked; how long it took, as it was printed: `1.2 s`.
    Worked(String),
    /// It failed, or did not run; why.
    Failed(String),
}

/// What became of commands, by folder and command line.
pub(super) type Trials = BTreeMap<(String, String), Trial>;

/// The key of a command.
pub(super) fn key(command: &ProjectCommand) -> (String, String) {
    (command.folder.clone(), command.line.clone())
}

/// Whether a command can be tried: it needs no names filled in, it ends by itself, and it does not
/// change sources.
fn can_be_tried(command: &ProjectCommand) -> bool {
    match command.kind {
        CommandKind::Build
        | CommandKind::Test
        | CommandKind::Lint
        | CommandKind::FormatCheck
        | CommandKind::TypeCheck => true,
        CommandKind::OneTest | CommandKind::Format | CommandKind::Run => false,
    }
}

/// Runs each command that can be tried, once.
pub(super) async fn try_commands(
    job: &mut JobRun<'_, '_>,
    commands: &[&ProjectCommand],
) -> Result<Trials, TurnEnd> {
    let mut trials = Trials::new();
    let mut known = BTreeSet::new();
    let tried = commands
        .iter()
        .filter(|command| can_be_tried(command) && known.insert(key(command)));
    let tried: Vec<&&ProjectCommand> = tried.collect();
    for (number, command) in (1..).zip(&tried) {
        job.turn.number = Some(format!(
            "command {number} of {} that are tried",
            tried.len()
        ));
        let mut arguments = json!({"command": command.line, "timeout": LONGEST});
        if !command.folder.is_empty() {
            arguments["cwd"] = json!(command.folder);
        }
        let result = job.call("run_command", arguments).await?;
        if let Some(trial) = trial(&result) {
            trials.insert(key(command), trial);
        }
    }
    job.turn.number = None;
    Ok(trials)
}

/// Reads the result of `run_command`; `None` for a command that was not approved, of which nothing is
/// known then.
fn trial(result: &CallResult) -> Option<Trial> {
    let first = result.text.lines().next().unwrap_or_default();
    let (ended, took) = first.split_once(", ").unwrap_or((first, ""));
    Some(match result.how {
        ToolOutcome::Done if ended == "exit code 0" => Trial::Worked(took.to_owned()),
        ToolOutcome::Done => Trial::Failed(reason(ended, &result.text)),
        ToolOutcome::Denied => return None,
        ToolOutcome::Failed => {
            let why = super::ground::plain(&result.summary);
            Trial::Failed(why.unwrap_or_else(|| "it did not run".to_owned()))
        }
    })
}

/// Why a command failed, as far as its output tells.
fn reason(ended: &str, text: &str) -> String {
    let small = text.to_lowercase();
    let misses_tool = ended == "exit code 127"
        || small.contains("command not found")
        || small.contains("no such subcommand");
    if text.contains("commands have no network here") {
        format!("no network ({ended})")
    } else if misses_tool {
        format!("a tool is missing ({ended})")
    } else if ended.starts_with("killed after") {
        format!("it took longer than {} minutes", LONGEST / 60)
    } else {
        super::ground::plain(ended).unwrap_or_else(|| "it failed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(how: ToolOutcome, text: &str) -> CallResult {
        CallResult {
            how,
            ..CallResult::failed(text.to_owned())
        }
    }

    #[test]
    fn results_are_told_apart() {
        let failed = |why: &str| Trial::Failed(why.to_owned());
        for (text, expected) in [
            (
                "exit code 0, 1.5 s\nno output\n",
                Trial::Worked("1.5 s".to_owned()),
            ),
            (
                "exit code 101, 2.0 s\nstderr:\nboom\n",
                failed("exit code 101"),
            ),
            (
                "exit code 127, 0.0 s\nstderr:\nbash: npm: command not found\n",
                failed("a tool is missing (exit code 127)"),
            ),
            (
                "exit code 1, 0.3 s\n(commands have no network here; the user can allow it)\n",
                failed("no network (exit code 1)"),
            ),
            (
                "killed after 600 s, 600.0 s\n",
                failed("it took longer than 10 minutes"),
            ),
        ] {
            assert_eq!(
                trial(&result(ToolOutcome::Done, text)),
                Some(expected),
                "{text}"
            );
        }
        let denied = trial(&result(ToolOutcome::Denied, "Denied: nobody can be asked"));
        assert_eq!(denied, None);
        let broken = trial(&result(ToolOutcome::Failed, "`web` is not a folder --> x"));
        assert_eq!(broken, Some(failed("it did not run")));
    }
}
