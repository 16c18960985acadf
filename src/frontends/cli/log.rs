//! `ollacode log`: the questions, approvals, tool calls and changes of a session, one per line.

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};

use anstyle::Style;
use anyhow::Error;
use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::args::LogArguments;
use super::chat::terminal::columns;
use super::style::{BOLD, DIM, ERROR, PLAIN, WARNING, counted, escaped_json, local, visible_name};
use super::width::truncate;
use super::{CommandEnd, note, print, warn};
use crate::app::App;
use crate::session::audit::{Audit, AuditAction, AuditEntry, CallOutcome, audit};
use crate::session::{DecisionRecord, ModeRecord, SessionId, StepState, find, latest, sessions};

/// Shown digits of a hash.
const DIGITS: usize = 8;

/// Columns of a time, with the blanks after it.
const TIME: usize = 10;

/// Columns of the name of an action, with the blanks after it.
const LABEL: usize = 11;

/// Minimum columns for the text of an action.
const NARROWEST: usize = 20;

/// The beginning of the result that the model gets if the user, not a rule, denied a call.
const BY_USER: &str = "The user denied this call";

pub fn run(app: &App, arguments: &LogArguments) -> Result<CommandEnd, Error> {
    let wanted = wanted(app, arguments)?;
    if wanted.is_empty() {
        note("no sessions in this folder yet; start one with `ollacode chat`");
    }
    // Lines are cut for a terminal only.
    let columns = io::stdout().is_terminal().then(columns);
    let folder = app.sessions_folder();
    let mut ending = CommandEnd::Good;
    for (index, id) in wanted.iter().enumerate() {
        let audit = match audit(&folder, id) {
            Ok(audit) => audit,
            // The others can still be shown.
            Err(error) if arguments.all => {
                warn(&format!("{:#}", Error::from(error)));
                ending = CommandEnd::Bad;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if arguments.json {
            print_lines(&audit)?;
        } else {
            print(|out| {
                if index > 0 {
                    writeln!(out)?;
                }
                write(out, &audit, columns)
            })?;
        }
        if audit.unreadable > 0 {
            let lines = counted(audit.unreadable as u64, "line");
            warn(&format!(
                "{lines} of the journal of {id} cannot be read and are not shown"
            ));
        }
    }
    Ok(ending)
}

/// The requested sessions, most recently used first.
fn wanted(app: &App, arguments: &LogArguments) -> Result<Vec<SessionId>, Error> {
    let folder = app.sessions_folder();
    if arguments.all {
        let found = sessions(&folder)?.into_iter();
        return Ok(found.map(|summary| summary.id).collect());
    }
    match &arguments.id {
        Some(given) => Ok(vec![find(&folder, given)?]),
        None => Ok(Vec::from_iter(latest(&folder, &app.workspace.root)?)),
    }
}

/// A line of `ollacode log --json`; this format is stable.
#[derive(Serialize)]
struct LogLine<'a> {
    session: &'a str,
    #[serde(flatten)]
    entry: &'a AuditEntry,
}

fn print_lines(audit: &Audit) -> Result<(), Error> {
    let mut lines = String::new();
    for entry in &audit.entries {
        let session = audit.id.as_str();
        let line = serde_json::to_string(&LogLine { session, entry })?;
        lines.push_str(&escaped_json(&line));
        lines.push('\n');
    }
    print(|out| out.write_all(lines.as_bytes()))
}

/// Writes a session for people: a heading, and a line per action.
fn write(out: &mut impl Write, audit: &Audit, columns: Option<usize>) -> io::Result<()> {
    write!(out, "{BOLD}{}{PLAIN}", audit.id)?;
    let mut day = String::new();
    if let Some(AuditEntry {
        action: AuditAction::Started { workspace, model },
        at,
        ..
    }) = audit.entries.first()
    {
        day = at.as_deref().map(day_and_time).unwrap_or_default().0;
        let said = [day.as_str(), &visible_name(model), &visible_name(workspace)].join("  ");
        let room = columns.map(|columns| columns.saturating_sub(audit.id.as_str().len() + 2));
        let said = truncate(&said, room.unwrap_or(usize::MAX));
        write!(out, "  {DIM}{said}{PLAIN}")?;
    }
    writeln!(out)?;
    let has_times = audit
        .entries
        .iter()
        .any(|entry| entry.at.is_some() && !matches!(entry.action, AuditAction::Started { .. }));
    let last = audit.entries.iter().map(|entry| entry.turn).max();
    let turn_columns = format!("turn {}", last.unwrap_or_default()).len();
    for entry in &audit.entries {
        let Some(row) = row(&entry.action) else {
            continue;
        };
        let (date, time) = entry.at.as_deref().map(day_and_time).unwrap_or_default();
        if !date.is_empty() && date != day {
            writeln!(out, "{DIM}{date}{PLAIN}")?;
            day = date;
        }
        let mut lead = match entry.turn {
            0 => " ".repeat(turn_columns + 2),
            turn => format!("{:<turn_columns$}  ", format!("turn {turn}")),
        };
        if has_times {
            lead.push_str(&format!("{time:<TIME$}"));
        }
        let room = columns.map(|columns| columns.saturating_sub(lead.len() + LABEL));
        row.write(out, &lead, room)?;
    }
    Ok(())
}

/// Date and time in local time; empty if it cannot be parsed.
fn day_and_time(time: &str) -> (String, String) {
    let Ok(time) = time.parse::<Timestamp>() else {
        return <(String, String)>::default();
    };
    (local(time, "%Y-%m-%d"), local(time, "%H:%M:%S"))
}

/// The line of an action.
struct LogRow {
    label: &'static str,
    text: String,
    /// The outcome; the text is cut first.
    end: String,
    style: Style,
}

impl LogRow {
    fn plain(label: &'static str, text: &str) -> LogRow {
        LogRow {
            label,
            text: visible_name(text),
            end: String::new(),
            style: DIM,
        }
    }

    fn ended(label: &'static str, text: &str, end: &str, style: Style) -> LogRow {
        LogRow {
            end: visible_name(end),
            style,
            ..LogRow::plain(label, text)
        }
    }

    fn write(&self, out: &mut impl Write, lead: &str, room: Option<usize>) -> io::Result<()> {
        let (text, end) = match room {
            Some(room) => fitted(&self.text, &self.end, room.max(NARROWEST)),
            None => (self.text.clone(), self.end.clone()),
        };
        let LogRow { label, style, .. } = self;
        write!(out, "{DIM}{lead}{PLAIN}{BOLD}{label:<LABEL$}{PLAIN}{text}")?;
        if !end.is_empty() {
            write!(out, "  {style}{end}{PLAIN}")?;
        }
        writeln!(out)
    }
}

/// The line of an action; `None` for what the heading shows.
fn row(action: &AuditAction) -> Option<LogRow> {
    let row = match action {
        AuditAction::Started { .. } => return None,
        AuditAction::Question { text } => LogRow::plain("question", &first_line(text)),
        AuditAction::Asked { title, what, .. } => asked(title, what),
        AuditAction::Decided { decision, .. } => decided(decision),
        AuditAction::Call {
            tool,
            what,
            outcome,
            result,
            ..
        } => {
            let text = format!("{tool} {what}");
            call(text.trim_end(), *outcome, result.as_deref())
        }
        AuditAction::Changed {
            path,
            before,
            after,
        } => {
            let hashes = format!("{} → {}", short(before.as_ref()), short(after.as_ref()));
            LogRow::ended("changed", path, &hashes, DIM)
        }
        AuditAction::Undid { of_turn } => LogRow::plain("undid", &format!("turn {of_turn}")),
        AuditAction::Redid { of_turn } => LogRow::plain("redid", &format!("turn {of_turn}")),
        AuditAction::Committed { hash, files } => {
            let files = files.join(", ");
            LogRow::plain("committed", &format!("{hash}: {files}"))
        }
        AuditAction::Planned { task, steps } => {
            let count = counted(steps.len() as u64, "step");
            LogRow::plain("planned", &format!("{count}: {}", first_line(task)))
        }
        AuditAction::StepEnded {
            step,
            outcome,
            summary,
            ..
        } => ended_step(*step, *outcome, summary),
        AuditAction::TaskEnded { reason } => LogRow::plain("task", reason),
        AuditAction::Mode { mode } => LogRow::plain(
            "mode",
            match mode {
                ModeRecord::Ask => "ask",
                ModeRecord::AutoEdit => "auto-edit",
                ModeRecord::AutoApprove => "auto-approve",
                ModeRecord::Plan => "plan",
            },
        ),
        AuditAction::Model { name } => LogRow::plain("model", name),
        AuditAction::Compacted => LogRow::plain("compacted", "earlier turns"),
        AuditAction::Ended { reason } => LogRow::plain("ended", reason),
    };
    Some(row)
}

/// What the user was asked.
fn asked(title: &str, what: &str) -> LogRow {
    // The title of a command does not say which one.
    let names_it = what.is_empty() || title.contains(&*visible_name(what));
    let end = if names_it { "" } else { what };
    LogRow::plain("asked", &joined(title, end))
}

/// What the user decided.
fn decided(decision: &DecisionRecord) -> LogRow {
    match decision {
        DecisionRecord::Once => LogRow::plain("decided", "allowed once"),
        DecisionRecord::Session => LogRow::plain("decided", "allowed for the session"),
        DecisionRecord::Deny { reason } => {
            let reason = reason.as_deref().unwrap_or_default();
            LogRow::plain("decided", &joined("denied", reason.trim()))
        }
        DecisionRecord::Parts { taken } => {
            let numbers: Vec<String> = taken.iter().map(|it| (it + 1).to_string()).collect();
            let text = format!("allowed in part: {}", numbers.join(", "));
            LogRow::plain("decided", &text)
        }
        DecisionRecord::Edit { command } => {
            LogRow::plain("decided", &joined("changed", &first_line(command)))
        }
    }
}

/// A step of a task and its outcome.
fn ended_step(step: usize, outcome: StepState, summary: &str) -> LogRow {
    let style = match outcome {
        StepState::Failed => WARNING,
        _ => DIM,
    };
    let text = joined(&step.to_string(), &first_line(summary));
    LogRow::ended("step", &text, outcome.name(), style)
}

/// A call and its outcome.
fn call(text: &str, outcome: CallOutcome, result: Option<&str>) -> LogRow {
    let result = result.unwrap_or_default();
    match outcome {
        CallOutcome::Done => {
            let end = if result.is_empty() { "done" } else { result };
            LogRow::ended("ran", text, end, DIM)
        }
        CallOutcome::Failed => LogRow::ended("ran", text, &joined("failed", result), ERROR),
        CallOutcome::Stopped => LogRow::ended("ran", text, "stopped", WARNING),
        CallOutcome::BrokenOff => LogRow::ended("ran", text, "broken off", WARNING),
        CallOutcome::Denied => {
            // The reason is in the line of the decision.
            let by_user = result.starts_with(BY_USER);
            let end = if by_user { "by the user" } else { result };
            LogRow::ended("denied", text, end, WARNING)
        }
        CallOutcome::NotRun => LogRow::ended("not run", text, result, WARNING),
    }
}

fn joined(what: &str, why: &str) -> String {
    if why.is_empty() {
        what.to_owned()
    } else {
        format!("{what}: {why}")
    }
}

/// The beginning of a hash, or `no file`.
fn short(hash: Option<&String>) -> String {
    hash.map_or_else(
        || "no file".to_owned(),
        |hash| hash.chars().take(DIGITS).collect(),
    )
}

/// The first line of a question, with `…` if there is more.
fn first_line(text: &str) -> String {
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or_default();
    match lines.next() {
        Some(_) => format!("{} …", first.trim_end()),
        None => first.to_owned(),
    }
}

/// Cuts a text and its end so that both fit.
fn fitted(text: &str, end: &str, room: usize) -> (String, String) {
    if end.is_empty() {
        return (truncate(text, room), String::new());
    }
    let end = truncate(end, (room / 2).max(room.saturating_sub(text.width() + 2)));
    let text = truncate(text, room.saturating_sub(end.width() + 2));
    (text, end)
}
