//! `ollacode index --list` and `--prune`: what is kept of all workspaces.

use std::io::{self, Write};

use anyhow::{Error, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, counted, local, visible_name};
use super::{confirm, note, print, print_json};
use crate::app::{App, Kept};
use crate::text::size;

/// Lists every workspace of which something is kept.
pub async fn list(app: &App, as_json: bool) -> Result<(), Error> {
    let kept = app.kept().await?;
    if as_json {
        let kept: Vec<Value> = kept.iter().map(json_of).collect();
        return print_json(&json!({"indexes": kept}));
    }
    print(|out| kept.iter().try_for_each(|kept| write(out, kept)))?;
    if kept.is_empty() {
        note("no workspace is indexed yet; `ollacode index` begins with one");
    }
    Ok(())
}

/// Removes what is kept of workspaces that are gone, after a question.
pub async fn prune(app: &App, yes: bool, as_json: bool) -> Result<(), Error> {
    let mut gone = app.kept().await?;
    gone.retain(Kept::is_gone);
    if !gone.is_empty() && !yes {
        for kept in &gone {
            note(&name(kept));
        }
        let what = counted(gone.len() as u64, "index");
        ensure!(
            confirm::confirmed(&format!("Delete {what} of folders that are gone?"))?,
            "nothing was deleted; `--yes` deletes without a question"
        );
    }
    for kept in &gone {
        app.forget(kept).await?;
    }
    if as_json {
        let removed: Vec<Value> = gone.iter().map(json_of).collect();
        return print_json(&json!({"removed": removed}));
    }
    print(|out| {
        for kept in &gone {
            writeln!(out, "deleted {}, {}", name(kept), size(kept.bytes))?;
        }
        Ok(())
    })?;
    if gone.is_empty() {
        note("every folder that is indexed is still there");
    }
    Ok(())
}

fn name(kept: &Kept) -> String {
    match &kept.root {
        Some(root) => visible_name(&root.to_string_lossy()),
        None => format!("{} (its folder is not known)", visible_name(&kept.id)),
    }
}

fn write(out: &mut impl Write, kept: &Kept) -> io::Result<()> {
    let files = kept
        .files
        .map_or("no index".to_owned(), |files| counted(files, "file"));
    let written = kept.written.and_then(|time| Timestamp::try_from(time).ok());
    let written = written.map_or(String::new(), |time| {
        format!(", written {}", local(time, "%Y-%m-%d %H:%M"))
    });
    let gone = if kept.is_gone() { ", gone" } else { "" };
    writeln!(
        out,
        "{BOLD}{}{PLAIN}  {files}, {}{written}{gone}",
        name(kept),
        size(kept.bytes)
    )?;
    writeln!(out, "  {DIM}{}{PLAIN}", visible_name(&kept.id))
}

/// A workspace in JSON: this shape is a promise.
fn json_of(kept: &Kept) -> Value {
    let written = kept.written.and_then(|time| Timestamp::try_from(time).ok());
    json!({
        "id": kept.id,
        "workspace": kept.root,
        "exists": kept.root.as_ref().map(|_| !kept.is_gone()),
        "files": kept.files,
        "bytes": kept.bytes,
        "written": written.map(|time| time.to_string()),
    })
}
