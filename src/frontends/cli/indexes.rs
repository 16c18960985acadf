//! `ollacode index --list` and `--prune`: the indexes of all workspaces.

use std::io::{self, Write};

use anyhow::{Error, ensure};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, counted, local, visible_name};
use super::{confirm, note, print, print_json};
use crate::app::{App, StoredIndex};
use crate::text::size;

/// Lists every workspace that has data.
pub async fn list(app: &App, as_json: bool) -> Result<(), Error> {
    let kept = app.stored_indexes().await?;
    if as_json {
        let kept: Vec<Value> = kept.iter().map(json_of).collect();
        return print_json(&json!({"indexes": kept}));
    }
    print(|out| kept.iter().try_for_each(|kept| write(out, kept)))?;
    if kept.is_empty() {
        note("no folder is indexed yet; run `ollacode index`");
    }
    Ok(())
}

/// Deletes the data of workspaces that no longer exist, after asking.
pub async fn prune(app: &App, yes: bool, as_json: bool) -> Result<(), Error> {
    let mut gone = app.stored_indexes().await?;
    gone.retain(StoredIndex::is_gone);
    if !gone.is_empty() && !yes {
        for kept in &gone {
            note(&name(kept));
        }
        let what = counted(gone.len() as u64, "index");
        ensure!(
            confirm::confirmed(&format!("Delete {what} of folders that no longer exist?"))?,
            "nothing was deleted; use `--yes` to delete without asking"
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
        note("nothing to delete: all indexed folders exist");
    }
    Ok(())
}

fn name(kept: &StoredIndex) -> String {
    match &kept.root {
        Some(root) => visible_name(&root.to_string_lossy()),
        None => format!("{} (unknown folder)", visible_name(&kept.id)),
    }
}

fn write(out: &mut impl Write, kept: &StoredIndex) -> io::Result<()> {
    let files = kept
        .files
        .map_or("no index".to_owned(), |files| counted(files, "file"));
    let written = kept.written.and_then(|time| Timestamp::try_from(time).ok());
    let written = written.map_or(String::new(), |time| {
        format!(", updated {}", local(time, "%Y-%m-%d %H:%M"))
    });
    let gone = if kept.is_gone() {
        ", folder no longer exists"
    } else {
        ""
    };
    writeln!(
        out,
        "{BOLD}{}{PLAIN}  {files}, {}{written}{gone}",
        name(kept),
        size(kept.bytes)
    )?;
    writeln!(out, "  {DIM}{}{PLAIN}", visible_name(&kept.id))
}

/// A workspace as JSON; this format is stable.
fn json_of(kept: &StoredIndex) -> Value {
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
