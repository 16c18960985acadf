//! `ollacode mcp install`: the settings of clients that start our server.
//!
//! `clients` is the table of those that are known, `edit` puts the server into a text in any of their
//! formats, `place` reads and replaces files.

use std::env;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Error, bail, ensure};
use ollacode_secrets::redact;

use crate::app::App;
use crate::edit::unified_diff;
use crate::frontends::cli::args::InstallArguments;
use crate::frontends::cli::confirm::{can_ask, confirmed};
use crate::frontends::cli::style::{DIM, GOOD, PLAIN, WARNING, escape_hidden, visible_name};
use crate::frontends::cli::{CommandEnd, note, print};

pub mod clients;
mod edit;
mod json_scan;
mod json_text;
mod place;
mod toml_text;
mod yaml_text;

use clients::{Client, plain, served_folders};
use edit::{Entry, document, with_entry};
use place::{SettingsFile, chosen, own_folders};

/// Unchanged lines around a change that are shown.
const CONTEXT: usize = 3;

/// Characters of a line of a diff that are shown.
const LONGEST_LINE: usize = 200;

/// Prints the settings of a client, or writes them into its file.
pub fn run(
    app: &App,
    arguments: &InstallArguments,
    other_folders: &[PathBuf],
) -> Result<CommandEnd, Error> {
    let client = Client::named(&arguments.client).context("unknown client")?;
    let folders = served_folders(app, client, other_folders)?;
    let program = env::current_exe().context("cannot find out where this program is")?;
    let entry = client.entry(&plain(&program)?, &folders);
    let path = chosen(client.places, app.environment())?;
    if !arguments.write {
        print_settings(client, &entry)?;
        note(&format!(
            "{} has this in {}; `--write` puts it there, after a diff",
            client.title,
            path.display()
        ));
        return Ok(CommandEnd::Good);
    }
    let file = SettingsFile::read(&path, &own_folders(client.places, app.environment()))?;
    write(client, &entry, &file, arguments.yes)
}

fn print_settings(client: &Client, entry: &Entry) -> Result<(), Error> {
    let text = document(client.format, &client.map, entry);
    print(|out| out.write_all(escape_hidden(&text).as_bytes()))
}

/// Shows what would change in a file, asks, and changes it.
fn write(
    client: &Client,
    entry: &Entry,
    file: &SettingsFile,
    yes: bool,
) -> Result<CommandEnd, Error> {
    let shown = visible_name(&file.path.display().to_string());
    let before = file.text.as_deref().unwrap_or_default();
    let after = match with_entry(client.format, before, &client.map, entry) {
        Ok(after) => after,
        Err(problem) => {
            print_settings(client, entry)?;
            bail!("{shown}: {problem}; nothing was written: put the settings above there yourself");
        }
    };
    if file.text.as_deref() == Some(&*after) {
        note(&format!("{shown} has these settings already"));
        return Ok(CommandEnd::Good);
    }
    print_diff(&shown, before, &after)?;
    if !yes {
        ensure!(
            can_ask(),
            "nothing was written: confirm it on a terminal, or add `--yes`"
        );
        if !confirmed(&format!("Write this into {shown}?"))? {
            note("nothing was written");
            return Ok(CommandEnd::Bad);
        }
    }
    file.replace(&after)?;
    note(&format!("{shown} was written: {}", client.then));
    Ok(CommandEnd::Good)
}

/// Prints a diff. Lines around a change may have secrets of other servers, which are not shown.
fn print_diff(shown: &str, before: &str, after: &str) -> Result<(), Error> {
    let lines_of = |text: &str| text.replace("\r\n", "\n");
    let diff = unified_diff("", &lines_of(before), &lines_of(after), CONTEXT);
    let diff = redact(&diff).text;
    // The first two lines name the file, which has no place in a workspace.
    let hunks = diff.lines().skip(2);
    print(|out| {
        writeln!(out, "{DIM}{shown}{PLAIN}")?;
        for line in hunks {
            let style = match line.as_bytes().first() {
                Some(b'+') => GOOD,
                Some(b'-') => WARNING,
                _ => DIM,
            };
            writeln!(out, "{style}{}{PLAIN}", escape_hidden(&shortened(line)))?;
        }
        Ok(())
    })
}

/// A line of a diff: of those that stay, only the beginning.
fn shortened(line: &str) -> String {
    let is_changed = line.starts_with(['+', '-']);
    match line.char_indices().nth(LONGEST_LINE) {
        Some((at, _)) if !is_changed => format!("{}…", &line[..at]),
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_stay_are_shortened() {
        let long = "x".repeat(500);
        assert_eq!(shortened("  a"), "  a");
        assert_eq!(shortened(&format!("+{long}")).len(), 501);
        assert_eq!(
            shortened(&format!(" {long}")).chars().count(),
            LONGEST_LINE + 1
        );
    }
}
