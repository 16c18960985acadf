//! `ollacode related`.

use std::io::{self, IsTerminal, Write};

use anyhow::{Error, anyhow, bail};
use ollacode_indexer::walk::relative;
use tokio_util::sync::CancellationToken;

use super::args::RelatedArguments;
use super::chat::terminal::columns;
use super::progress::IndexProgress;
use super::search::make_index;
use super::style::{DIM, PATH, PLAIN, visible_name};
use super::width::width;
use super::wrap::wrapped;
use super::{CommandEnd, note, print, print_json};
use crate::app::App;
use crate::related::{RelatedAnswer, RelatedError, RelatedJson, reasons};

/// Before reasons in rows of their own.
const INDENT: &str = "    ";

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
        Err(error @ RelatedError::NoFile { .. }) => {
            return Err(anyhow!(app.explain_unindexed(&error.to_string(), &path)));
        }
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
    let columns = io::stdout().is_terminal().then(columns);
    print(|out| write(out, &answer, columns))?;
    Ok(CommandEnd::Good)
}

/// A path as the index has it: from the current folder, else from the root as it was given.
fn path_below_root(app: &App, given: &str) -> String {
    let full = std::fs::canonicalize(given).ok();
    let inside = full.and_then(|full| relative(&app.workspace.root, &full));
    inside.unwrap_or_else(|| given.to_owned())
}

/// A line a file; on a terminal with so many columns, reasons without room go to rows of their own.
fn write(out: &mut impl Write, answer: &RelatedAnswer, columns: Option<usize>) -> io::Result<()> {
    for file in &answer.files {
        let (path, why) = (visible_name(&file.path), reasons(file));
        let needed = width(&path) + 2 + width(&why);
        match columns.filter(|columns| *columns < needed) {
            None => writeln!(out, "{PATH}{path}{PLAIN}  {DIM}{why}{PLAIN}")?,
            Some(columns) => {
                let why = wrapped(&why, INDENT.len(), INDENT, columns);
                writeln!(out, "{PATH}{path}{PLAIN}\n{INDENT}{DIM}{why}{PLAIN}")?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ollacode_indexer::FileId;
    use ollacode_indexer::related::{Reason, RelatedFile};

    use super::*;

    #[test]
    fn reasons_go_to_rows_of_their_own_where_there_is_no_room() {
        let names = vec!["parse_tree".to_owned(), "Token".to_owned()];
        let answer = RelatedAnswer {
            path: "src/tree.rs".to_owned(),
            files: vec![RelatedFile {
                file: FileId(0),
                path: "src/parser.rs".to_owned(),
                score: 1.0,
                reasons: vec![Reason::Uses { names }, Reason::SameFolder],
            }],
            commits: None,
            notes: Vec::new(),
        };
        let written = |columns| {
            let mut out = Vec::new();
            write(&mut out, &answer, columns).expect("it is written");
            let plain = anstream::adapter::strip_bytes(&out).into_vec();
            String::from_utf8(plain).expect("text")
        };
        let line = "src/parser.rs  uses parse_tree, Token; same folder\n";
        assert_eq!(written(None), line);
        assert_eq!(written(Some(80)), line);
        assert_eq!(
            written(Some(30)),
            "src/parser.rs\n    uses parse_tree, Token;\n    same folder\n"
        );
    }
}
