//! `ollacode sessions`: lists and exports the sessions of a folder.

use std::io::{self, Write};

use anyhow::Error;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, counted, escape_hidden, escaped_json, local, visible_name};
use super::{CommandEnd, note, print, print_json};
use crate::app::App;
use crate::session::export::{Format, export};
use crate::session::{SessionSummary, find, sessions};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsAction<'a> {
    List {
        json: bool,
    },
    /// Write a session to stdout.
    Export {
        /// The id, or a beginning or end that is unique.
        id: &'a str,
        format: Format,
    },
}

pub fn run(app: &App, action: &SessionsAction<'_>) -> Result<CommandEnd, Error> {
    let folder = app.sessions_folder();
    match *action {
        SessionsAction::List { json } => {
            let found = sessions(&folder)?;
            if json {
                let found: Vec<Value> = found.iter().map(as_json).collect();
                print_json(&json!({"workspace": app.workspace.root, "sessions": found}))?;
            } else {
                print(|out| found.iter().try_for_each(|summary| write(out, summary)))?;
                if found.is_empty() {
                    note("no sessions in this folder yet; start one with `ollacode chat`");
                }
            }
        }
        SessionsAction::Export { id, format } => {
            let text = export(&folder, &find(&folder, id)?, format)?;
            let text = match format {
                Format::Json => escaped_json(&text),
                Format::Markdown => escape_hidden(&text).into_owned(),
            };
            print(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(CommandEnd::Good)
}

/// A line with id, time, title and counts.
pub(super) fn write(out: &mut impl Write, summary: &SessionSummary) -> io::Result<()> {
    let SessionSummary { id, title, .. } = summary;
    writeln!(
        out,
        "{BOLD}{id}{PLAIN}  {DIM}{}{PLAIN}  {}  {DIM}{}{PLAIN}",
        started(&summary.started),
        visible_name(title),
        counts(summary)
    )
}

/// What a session is about, and when it began and how long it is.
pub(super) fn words(summary: &SessionSummary) -> (String, String) {
    let facts = format!("{}, {}", started(&summary.started), counts(summary));
    (visible_name(&summary.title), facts)
}

fn counts(summary: &SessionSummary) -> String {
    let questions = counted(u64::from(summary.turns), "question");
    if summary.changed.is_empty() {
        return questions;
    }
    let files = counted(summary.changed.len() as u64, "file");
    format!("{questions}, {files} changed")
}

/// A UTC time in local time; unchanged if it cannot be parsed.
fn started(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => local(time, "%Y-%m-%d %H:%M"),
        Err(_) => visible_name(time),
    }
}

/// A session in `ollacode sessions --json`; this format is stable.
fn as_json(summary: &SessionSummary) -> Value {
    json!({
        "id": summary.id.as_str(),
        "started": summary.started,
        "model": summary.model,
        "title": summary.title,
        "turns": summary.turns,
        "changed": summary.changed,
    })
}
