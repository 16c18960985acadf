//! `ollacode map`.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anyhow::{Error, anyhow};

use super::args::MapArguments;
use super::chat::terminal::columns;
use super::progress::IndexProgress;
use super::search::make_index;
use super::style::{PATH, PLAIN};
use super::width::truncate;
use super::{CommandEnd, note, print, print_json};
use crate::app::App;
use crate::project_map::{MapJson, MapOrder, Parts, ShownFiles, map, mermaid, svg};

pub async fn run(app: &App, arguments: &MapArguments) -> Result<CommandEnd, Error> {
    make_index(app).await?;
    let (files, notes) = {
        let progress = IndexProgress::new();
        let found = app
            .code_index()
            .files(&|event| progress.show(event))
            .await?;
        // An index was made just now; another process can only have removed it.
        found.ok_or_else(|| anyhow!("the index is gone; run `ollacode index`, then try again"))?
    };
    for text in &notes {
        note(text);
    }
    if arguments.mermaid || arguments.svg {
        let parts = Parts::of(&files);
        let drawn = match arguments.svg {
            true => svg(&parts),
            false => mermaid(&parts),
        };
        print(|out| out.write_all(drawn.as_bytes()))?;
        return Ok(CommandEnd::Good);
    }
    let map = map(&files, &order(app, &files, arguments)?);
    if arguments.json {
        print_json(&MapJson::new(&map, notes))?;
        return Ok(CommandEnd::Good);
    }
    let text = map.text();
    if text.is_empty() {
        note("there is no code in the index");
    }
    let is_watched = io::stdout().is_terminal();
    print(|out| match is_watched {
        true => write_rows(out, &text, columns()),
        false => out.write_all(text.as_bytes()),
    })?;
    Ok(CommandEnd::Good)
}

/// On a terminal a line is a row, and the paths stand out.
fn write_rows(out: &mut impl Write, text: &str, columns: usize) -> io::Result<()> {
    for line in text.lines() {
        let row = truncate(line, columns);
        match line.starts_with(' ') {
            true => writeln!(out, "{row}")?,
            false => writeln!(out, "{PATH}{row}{PLAIN}")?,
        }
    }
    Ok(())
}

fn order(app: &App, files: &ShownFiles, arguments: &MapArguments) -> Result<MapOrder, Error> {
    let root = &app.workspace.root;
    let mut focus = Vec::new();
    for given in arguments.paths.iter().chain(&arguments.focus) {
        let inside = Path::new(given).strip_prefix(root);
        let path = inside.map_or(given.clone(), |path| path.to_string_lossy().into_owned());
        let found = files.named(&path);
        let found = found.map_err(|error| anyhow!(app.explain_unindexed(&error, &path)));
        focus.extend(found?);
    }
    Ok(MapOrder {
        budget: arguments.budget,
        focus,
    })
}
