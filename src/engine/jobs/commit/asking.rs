//! Shows what would be committed, and asks.

use ollacode_secrets::redact;

use super::files::{CommitFile, Gathered};
use super::message;
use crate::edit::capped_diff;
use crate::engine::clip::clipped;
use crate::engine::event::TurnEnd;
use crate::engine::turn::Turn;
use crate::git::message::written;

/// Lines of a diff in a question, and its characters: two of them fit a message on a phone.
const DIFF_LINES: usize = 40;
const DIFF_LENGTH: usize = 1_500;
/// Files that are offered one by one.
const MOST_OFFERED: usize = 20;

const COMMIT: &str = "commit";
const EDIT: &str = "edit the message";
const FILES: &str = "choose files";
const CANCEL: &str = "cancel";

const LEAVE_OUT: &str = "leave it out";
const TAKE: &str = "commit it, with all that is in it";
const DONE: &str = "done";

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    GoOn,
    Cancel,
}

/// Asks about each file that has others' work in it, showing both parts.
pub(super) async fn settle_doubts(
    turn: &Turn<'_>,
    gathered: &mut Gathered,
) -> Result<Choice, TurnEnd> {
    for file in gathered.files.iter_mut().filter(|file| file.is_doubtful()) {
        let question = doubt(file);
        match choose(turn, question, &[LEAVE_OUT, TAKE, CANCEL])
            .await?
            .as_deref()
        {
            Some(TAKE) => file.is_taken = true,
            Some(CANCEL) | None => return Ok(Choice::Cancel),
            // What is not clear leaves others' work alone.
            Some(_) => {}
        }
    }
    Ok(Choice::GoOn)
}

fn doubt(file: &CommitFile) -> String {
    let why = file.note_words().unwrap_or_default();
    let mut text = format!("`{}`: {why}. Commit it?\n", file.path);
    for (title, diff) in file.parts() {
        let diff = redact(&diff).text.into_owned();
        let diff = match diff.as_str() {
            "" => "(no text)\n".to_owned(),
            diff => clipped(&capped_diff(diff, DIFF_LINES), DIFF_LENGTH).into_owned(),
        };
        text.push_str(&format!("\n{title}:\n{diff}"));
    }
    text
}

/// Shows the message and the files until the user says what to do; `None` if nothing is to be done.
pub(super) async fn confirm(
    turn: &Turn<'_>,
    gathered: &mut Gathered,
    mut message: String,
    hint: &str,
) -> Result<Option<String>, TurnEnd> {
    let mut is_users = false;
    loop {
        let has_files = gathered.taken().next().is_some();
        let question = proposal(gathered, &message);
        let options: &[&str] = match has_files {
            true => &[COMMIT, EDIT, FILES, CANCEL],
            false => &[FILES, CANCEL],
        };
        let Some(answer) = choose(turn, question, options).await? else {
            return Ok(None);
        };
        match answer.trim() {
            COMMIT | "y" | "yes" if has_files => return Ok(Some(message)),
            CANCEL | "n" | "no" | "" => return Ok(None),
            EDIT => {
                let question =
                    format!("The message is:\n\n{message}\n\nThe new one (`\\n` begins a line)?");
                let typed = choose(turn, question, &[]).await?;
                if let Some(Ok(edited)) = typed.map(|typed| typed_message(turn, &typed)) {
                    (message, is_users) = (edited, true);
                }
            }
            FILES => {
                if choose_files(turn, gathered).await? && !is_users {
                    message = message::write(turn, gathered, hint).await?;
                }
            }
            // Whatever else is typed is a message; it is shown again before it is used.
            typed => {
                if let Ok(edited) = typed_message(turn, typed) {
                    (message, is_users) = (edited, true);
                }
            }
        }
    }
}

fn typed_message(turn: &Turn<'_>, typed: &str) -> Result<String, String> {
    let message = written(&typed.replace("\\n", "\n"))?;
    Ok(message::trailed(turn, &message))
}

fn proposal(gathered: &Gathered, message: &str) -> String {
    let count = gathered.taken().count();
    let files = if count == 1 { "file" } else { "files" };
    let mut text = format!("Commit {count} {files} {}?\n\n", gathered.place());
    for line in message.lines() {
        text.push_str(format!("    {line}").trim_end());
        text.push('\n');
    }
    text.push_str(&format!("\n{}", gathered.list()));
    let hooks = gathered.hooks_words();
    if !hooks.is_empty() {
        text.push_str(&format!("\n\nNote: {hooks}."));
    }
    text
}

/// Lets the user leave out files, and add those that were left out; whether something changed.
async fn choose_files(turn: &Turn<'_>, gathered: &mut Gathered) -> Result<bool, TurnEnd> {
    let mut has_changed = false;
    loop {
        let offered = gathered.files.iter().filter(|file| file.can_be_taken());
        let mut options: Vec<String> = offered.take(MOST_OFFERED).map(toggle).collect();
        options.insert(0, DONE.to_owned());
        let question = format!("Which files?\n\n{}", gathered.list());
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let answer = choose(turn, question, &options).await?;
        let answer = answer.unwrap_or_default();
        let named = gathered.files.iter_mut().find(|file| {
            file.can_be_taken() && (answer == toggle(file) || answer.trim() == file.path)
        });
        match named {
            Some(file) => {
                file.is_taken = !file.is_taken;
                has_changed = true;
            }
            None => return Ok(has_changed),
        }
    }
}

/// What the user says to take a file in or out.
fn toggle(file: &CommitFile) -> String {
    let verb = if file.is_taken { "leave out" } else { "add" };
    format!("{verb} {}", file.path)
}

/// Asks the user; `None` if they decline.
async fn choose(
    turn: &Turn<'_>,
    question: String,
    options: &[&str],
) -> Result<Option<String>, TurnEnd> {
    let [question] = turn.redact_secret_values([question]).await?;
    let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
    let asking = turn.approver.answer(&question, &options);
    let answered = turn.stop.run_until_cancelled(asking).await;
    answered.ok_or(TurnEnd::Stopped)
}
