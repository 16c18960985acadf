//! `ollacode related`.

use std::io::Write;

use anyhow::{Error, bail};
use ollacode_indexer::walk::relative;
use tokio_util::sync::CancellationToken;

use super::args::RelatedArguments;
use super::progress::IndexProgress;
use super::search::make_index;
use super::style::{DIM, PATH, PLAIN, visible_name};
use super::{CommandEnd, note, print, print_json};
use crate::app::App;
use crate::related::{RelatedAnswer, RelatedError, RelatedJson, reasons};

pub async fn run(app: &App, arguments: &RelatedArguments) -> Result<CommandEnd, Error> {
    make_index(app).await?;
    let path = path_below_root(app, &arguments.path);
    let found = {
        let progress = IndexProgress::new();
        let (limit, stop) = (usize::from(arguments.limit), CancellationToken::new());
        app.related(&path, limit, &|event| progress.show(event), &stop)
            .await
    };
    let answer = match found {
        // An index was made just now; another process can only have removed it.
        Err(RelatedError::NotIndexed) => {
            bail!("the index is gone; run `ollacode index`, then try again")
        }
        // The kind of failure is that of the index.
        Err(RelatedError::Index(error)) => return Err(error.into()),
        found => found?,
    };
    for text in &answer.notes {
        note(text);
    }
    if arguments.json {
        print_json(&RelatedJson::new(&answer))?;
        return Ok(CommandEnd::Good);
    }
    if answer.files.is_empty() {
        note(&format!("no other indexed file belongs to {}", answer.path));
    }
    print(|out| write(out, &answer))?;
    Ok(CommandEnd::Good)
}

/// A path as the index has it: from the current folder, else from the root as it was given.
fn path_below_root(app: &App, given: &str) -> String {
    let full = std::fs::canonicalize(given).ok();
    let inside = full.and_then(|full| relative(&app.workspace.root, &full));
    inside.unwrap_or_else(|| given.to_owned())
}

fn write(out: &mut impl Write, answer: &RelatedAnswer) -> std::io::Result<()> {
    for file in &answer.files {
        let (path, why) = (visible_name(&file.path), reasons(file));
        writeln!(out, "{PATH}{path}{PLAIN}  {DIM}{why}{PLAIN}")?;
    }
    Ok(())
}
