//! `ollacode index --list` and `--prune`: the data of all workspaces.

use std::io::{self, Write};

use anyhow::{Error, ensure};
use jiff::Timestamp;
use ollacode_indexer::{damaged_cache_bytes, remove_damaged_caches, remove_set_aside};
use serde_json::{Value, json};

use super::style::{BOLD, DIM, PLAIN, counted, local, visible_name};
use super::{confirm, note, print, print_json, warn};
use crate::app::{App, Presence, StoredIndex};
use crate::text::size;

/// Lists every workspace that has data.
pub async fn list(app: &App, as_json: bool) -> Result<(), Error> {
    let kept = app.stored_indexes().await?;
    let damaged = damaged_cache_bytes(&app.settings.data_folder)?;
    if as_json {
        let kept: Vec<Value> = kept.iter().map(json_of).collect();
        return print_json(&json!({"indexes": kept, "damaged_cache_bytes": damaged}));
    }
    print(|out| {
        kept.iter().try_for_each(|kept| write(out, kept))?;
        if damaged > 0 {
            writeln!(
                out,
                "damaged caches of vectors that were set aside: {}",
                size(damaged)
            )?;
        }
        Ok(())
    })?;
    if kept.is_empty() {
        note("no folder is indexed yet; run `ollacode index`");
    }
    Ok(())
}

/// Deletes the data of workspaces that no longer exist and what was set aside, after showing it and
/// asking.
///
/// A workspace on a disk that is not mounted is not gone; its data is deleted only if the user says
/// so on a terminal.
pub async fn prune(app: &App, yes: bool, as_json: bool) -> Result<(), Error> {
    let kept = app.stored_indexes().await?;
    let (mut gone, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(StoredIndex::is_gone);
    let set_aside: Vec<StoredIndex> = others
        .iter()
        .filter(|kept| kept.sizes.set_aside > 0)
        .cloned()
        .collect();
    let in_indexes = set_aside.iter().map(|kept| kept.sizes.set_aside);
    let aside = in_indexes.sum::<u64>() + damaged_cache_bytes(&app.settings.data_folder)?;
    if (!gone.is_empty() || aside > 0) && !yes {
        gone.iter().for_each(|kept| note(&removed_words(kept)));
        if aside > 0 {
            note(&format!(
                "damaged files that were set aside, {}",
                size(aside)
            ));
        }
        let what = counted(gone.len() as u64, "folder");
        let question = match gone.len() {
            0 => "Delete the damaged files that were set aside?".to_owned(),
            _ => format!("Delete the data of {what} that no longer exist?"),
        };
        ensure!(
            confirm::confirmed(&question)?,
            "nothing was deleted; use `--yes` to delete without asking"
        );
    }
    let all_exist = others.iter().all(|kept| kept.presence() == Presence::Here);
    // The question may have been open for long.
    gone.retain(StoredIndex::is_gone);
    gone.extend(unmounted(others, !yes && !as_json)?);
    let wanted = gone.len();
    let gone = deleted(app, gone).await;
    for kept in &set_aside {
        remove_set_aside(&app.index_folder(kept))?;
    }
    remove_damaged_caches(&app.settings.data_folder)?;
    let kept = wanted - gone.len();
    report(&gone, aside, as_json)?;
    ensure!(
        kept == 0,
        "the data of {} was not deleted",
        counted(kept as u64, "folder")
    );
    if !as_json && gone.is_empty() && aside == 0 {
        note(match all_exist {
            true => "nothing to delete: all indexed folders exist",
            false => "nothing to delete",
        });
    }
    Ok(())
}

/// Deletes the data of workspaces; those of which it was deleted. What hinders one is said, and does
/// not keep the others.
async fn deleted(app: &App, gone: Vec<StoredIndex>) -> Vec<StoredIndex> {
    let mut deleted = Vec::new();
    for kept in gone {
        if kept.presence() == Presence::Here {
            warn(&format!("{} exists again, and is kept", name(&kept)));
            continue;
        }
        match app.forget(&kept).await {
            Ok(()) => deleted.push(kept),
            Err(error) => warn(&format!("{}: {:#}", name(&kept), Error::from(error))),
        }
    }
    deleted
}

/// Those of workspaces on disks that are not mounted that the user wants to delete; `may_ask` is
/// false if nobody is to be asked.
fn unmounted(others: Vec<StoredIndex>, may_ask: bool) -> Result<Vec<StoredIndex>, Error> {
    let is_unmounted = |kept: &StoredIndex| kept.presence() == Presence::NotMounted;
    let unmounted: Vec<StoredIndex> = others.into_iter().filter(is_unmounted).collect();
    if unmounted.is_empty() {
        return Ok(Vec::new());
    }
    unmounted.iter().for_each(|kept| note(&removed_words(kept)));
    let what = counted(unmounted.len() as u64, "folder");
    let question = format!("Delete the data of {what} on disks that are not mounted, too?");
    if may_ask && confirm::can_ask() && confirm::confirmed(&question)? {
        return Ok(unmounted);
    }
    note("kept: these folders are on disks that are not mounted");
    Ok(Vec::new())
}

fn report(gone: &[StoredIndex], aside: u64, as_json: bool) -> Result<(), Error> {
    if as_json {
        let removed: Vec<Value> = gone.iter().map(json_of).collect();
        return print_json(&json!({"removed": removed, "removed_damaged_bytes": aside}));
    }
    print(|out| {
        for kept in gone {
            writeln!(out, "deleted {}", removed_words(kept))?;
        }
        if aside > 0 {
            writeln!(
                out,
                "deleted damaged files that were set aside, {}",
                size(aside)
            )?;
        }
        Ok(())
    })
}

/// `/home/me/project, 12.3 MB (index 10 MB, 3 sessions 2.3 MB)`
fn removed_words(kept: &StoredIndex) -> String {
    format!("{}, {}", name(kept), sizes(kept))
}

/// The size of all data, and of its parts if there are several.
fn sizes(kept: &StoredIndex) -> String {
    let parts = [
        ("index".to_owned(), kept.sizes.index),
        ("set aside".to_owned(), kept.sizes.set_aside),
        ("commands".to_owned(), kept.sizes.confined),
        (counted(kept.sessions, "session"), kept.sizes.sessions),
        ("other".to_owned(), kept.sizes.other),
    ];
    let parts = parts.iter().filter(|(_, bytes)| *bytes > 0);
    let parts: Vec<String> = parts
        .map(|(what, bytes)| format!("{what} {}", size(*bytes)))
        .collect();
    let total = size(kept.sizes.total());
    if parts.len() < 2 {
        return total;
    }
    format!("{total} ({})", parts.join(", "))
}

fn name(kept: &StoredIndex) -> String {
    match &kept.root {
        Some(root) => visible_name(&root.to_string_lossy()),
        None => format!("{} (unknown folder)", visible_name(&kept.id)),
    }
}

fn write(out: &mut impl Write, kept: &StoredIndex) -> io::Result<()> {
    let files = match kept.files {
        Some(files) => counted(files, "file"),
        None if kept.sizes.index > 0 => "an index that is not readable".to_owned(),
        None => "no index".to_owned(),
    };
    let written = kept.written.and_then(|time| Timestamp::try_from(time).ok());
    let written = written.map_or(String::new(), |time| {
        format!(", updated {}", local(time, "%Y-%m-%d %H:%M"))
    });
    let presence = match kept.presence() {
        Presence::Here | Presence::Unknown => "",
        Presence::Gone => ", folder no longer exists",
        Presence::NotMounted => ", on a disk that is not mounted",
    };
    writeln!(
        out,
        "{BOLD}{}{PLAIN}  {files}, {}{written}{presence}",
        name(kept),
        sizes(kept)
    )?;
    writeln!(out, "  {DIM}{}{PLAIN}", visible_name(&kept.id))
}

/// A workspace as JSON; this format is stable.
fn json_of(kept: &StoredIndex) -> Value {
    let written = kept.written.and_then(|time| Timestamp::try_from(time).ok());
    let exists = match kept.presence() {
        Presence::Here => Some(true),
        Presence::Gone => Some(false),
        Presence::NotMounted | Presence::Unknown => None,
    };
    let sizes = kept.sizes;
    json!({
        "id": kept.id,
        "workspace": kept.root,
        "exists": exists,
        "mounted": kept.presence() != Presence::NotMounted,
        "files": kept.files,
        "sessions": kept.sessions,
        "bytes": sizes.total(),
        "sizes": {
            "index": sizes.index,
            "set_aside": sizes.set_aside,
            "confined": sizes.confined,
            "sessions": sizes.sessions,
            "other": sizes.other,
        },
        "written": written.map(|time| time.to_string()),
    })
}
