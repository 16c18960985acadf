//! `ollacode sessions`: what was talked about here, and an export of it.

use std::io::{self, Write};

use anyhow::Error;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, counted, escaped_json, local, visible, visible_name};
use super::{Ending, note, print, print_json};
use crate::app::App;
use crate::session::export::{Format, export};
use crate::session::{SessionSummary, find, sessions};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsAction<'a> {
    List {
        json: bool,
    },
    /// Write one of them to stdout.
    Export {
        /// Its id, or a beginning or an end that only it has.
        id: &'a str,
        format: Format,
    },
}

pub fn run(app: &App, action: &SessionsAction<'_>) -> Result<Ending, Error> {
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
                    note("no sessions in this folder yet; `ollacode chat` begins one");
                }
            }
        }
        SessionsAction::Export { id, format } => {
            let text = export(&folder, &find(&folder, id)?, format)?;
            let text = match format {
                Format::Json => escaped_json(&text),
                Format::Markdown => visible(&text).into_owned(),
            };
            print(|out| out.write_all(text.as_bytes()))?;
        }
    }
    Ok(Ending::Good)
}

/// A line for people: when, how much, about what.
pub(super) fn write(out: &mut impl Write, summary: &SessionSummary) -> io::Result<()> {
    let SessionSummary { id, title, .. } = summary;
    let mut counts = counted(u64::from(summary.turns), "question");
    if !summary.changed.is_empty() {
        let files = counted(summary.changed.len() as u64, "file");
        counts.push_str(&format!(", {files} changed"));
    }
    writeln!(
        out,
        "{BOLD}{id}{PLAIN}  {DIM}{}{PLAIN}  {}  {DIM}{counts}{PLAIN}",
        started(&summary.started),
        visible_name(title)
    )
}

/// A time in UTC as the clock on the wall shows it; as it is if it is none.
fn started(time: &str) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => local(time, "%Y-%m-%d %H:%M"),
        Err(_) => visible_name(time),
    }
}

/// A session in `ollacode sessions --json`: this shape is a promise.
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
