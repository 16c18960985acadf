//! What `ollacode doctor` says of folders, disks and clocks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Error;
use ollacode_indexer::try_watches;
use ollacode_indexer::walk::{Entry, Skip, Walked, walk};
use tokio::task::spawn_blocking;

use super::{Check, State};
use crate::app::App;
use crate::frontends::cli::style::{counted, visible_name};
use crate::text::size;

/// Less room than this on a disk is little, in bytes: an index of a large project takes as much.
const LITTLE_ROOM: u64 = 1 << 30;
/// With less than this nothing can be indexed.
const NO_ROOM: u64 = 16 << 20;
/// Clocks that differ by more than this are not the same clock.
const SAME_TIME: Duration = Duration::from_secs(2);
/// Most paths that are named.
const NAMED: usize = 3;

/// Lists the files of the workspace as an index would.
pub(super) async fn walked(app: &App) -> Result<Walked, Error> {
    let (root, limits) = (app.workspace.root.clone(), app.index.limits().clone());
    Ok(spawn_blocking(move || walk(&root, &limits)).await?)
}

/// Whether the folder can be listed, and something is in it.
pub(super) fn workspace(app: &App, walked: &Walked) -> Check {
    const NAME: &str = "workspace";
    let place = format!(
        "{} ({})",
        app.workspace.root.display(),
        app.workspace.found.words()
    );
    if walked.unread.iter().any(String::is_empty) {
        let why = walked.errors.join("; ");
        let fix = "give yourself the right to list it, or name another folder";
        return Check::bad(NAME, State::Broken, format!("{place}: {why}"), fix);
    }
    let warning =
        |what: String, fix: &str| Check::bad(NAME, State::Warning, format!("{place}: {what}"), fix);
    if !walked.unread.is_empty() {
        let what = format!("{} cannot be read", named(&walked.unread));
        return warning(
            what,
            "give yourself the right to read it, or name it in an ignore file",
        );
    }
    if let Some(error) = walked.errors.first() {
        return warning(error.clone(), "mend the ignore file");
    }
    let beyond = walked.skipped.get(&Skip::OverLimit).copied();
    if let Some(beyond) = beyond {
        let what = format!(
            "{} beyond the depth or the number that is indexed",
            counted(beyond as u64, "file or folder")
        );
        return warning(what, "work in a folder below it");
    }
    if walked.entries.is_empty() {
        return warning(
            "it has no file that can be indexed".to_owned(),
            "`ollacode index --skipped` says why; or name another folder",
        );
    }
    Check::good(NAME, place)
}

/// `a`, `b` and 4 more
fn named(paths: &[String]) -> String {
    let shown = paths.iter().take(NAMED);
    let shown: Vec<String> = shown
        .map(|path| format!("`{}`", visible_name(path)))
        .collect();
    let shown = shown.join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Whether all that is kept can be written. Folders are created if need be: only writing shows
/// whether one may write.
pub(super) fn data_folder(app: &App) -> Check {
    const NAME: &str = "data";
    let folder = &app.settings.data_folder;
    let broken = |path: &Path, error: &io::Error| {
        let message = format!("cannot write to {}: {error}", path.display());
        let fix = "set `OLLACODE_DATA_DIR` to a folder of yours on a local disk with room";
        Check::bad(NAME, State::Broken, message, fix)
    };
    let mut folders = vec![
        folder.clone(),
        folder.join("indexes"),
        folder.join("sessions"),
    ];
    folders.push(app.index.folder().to_owned());
    for (number, folder) in folders.iter().enumerate() {
        // Only the first is ours to make; where there is no other one yet, there is no fault.
        if number > 0 && !folder.exists() {
            continue;
        }
        if let Err(error) = try_folder(folder) {
            return broken(folder, &error);
        }
    }
    for file in [
        folder.join("embeddings.db"),
        app.index.folder().join("state.db"),
    ] {
        if file.exists()
            && let Err(error) = File::options().append(true).open(&file)
        {
            return broken(&file, &error);
        }
    }
    match free_room(folder) {
        Some(free) => room(folder, free),
        None => Check::good(NAME, format!("{} is writable", folder.display())),
    }
}

/// Judges a disk by what is free on it, in bytes.
pub(super) fn room(folder: &Path, free: u64) -> Check {
    const NAME: &str = "data";
    let message = format!("{} is writable, {} free", folder.display(), size(free));
    if free >= LITTLE_ROOM {
        return Check::good(NAME, message);
    }
    let state = if free < NO_ROOM {
        State::Broken
    } else {
        State::Warning
    };
    let message = format!("{} is nearly full: {} free", folder.display(), size(free));
    let fix = "make room, or set `OLLACODE_DATA_DIR` to a folder on another disk; `ollacode index \
               --prune` deletes indexes of folders that are gone";
    Check::bad(NAME, state, message, fix)
}

#[cfg(unix)]
fn free_room(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free_room(_: &Path) -> Option<u64> {
    None
}

/// Does in a folder what an index does there: writes a file and links it. Says when, by the clock
/// of the disk.
fn try_folder(folder: &Path) -> io::Result<SystemTime> {
    fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let linked = folder.join(format!(".doctor-{}-link", std::process::id()));
    let tried = fs::write(&probe, b"probe").and_then(|()| {
        fs::hard_link(&probe, &linked).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the disk has no hard links ({error})"),
            )
        })?;
        fs::metadata(&probe)?.modified()
    });
    // Whichever of them was made.
    let _ = fs::remove_file(&linked);
    let removed = fs::remove_file(&probe);
    let time = tried?;
    removed.map(|()| time)
}

/// Whether the folders can be watched: the watches are set, and taken back.
pub(super) async fn watches(app: &App, walked: &Walked) -> Result<Check, Error> {
    const NAME: &str = "watches";
    let folders: Vec<PathBuf> = walked.folders.clone();
    let all = counted(folders.len() as u64, "folder");
    let root = app.workspace.root.clone();
    let tried = spawn_blocking(move || try_watches(&root, &folders)).await?;
    Ok(match tried {
        Ok(()) => Check::good(NAME, format!("{all} can be watched")),
        Err(failed) => {
            let message = format!(
                "only {} of {all} can be watched ({}): `ollacode index --watch` compares files \
                 every few seconds instead",
                failed.watched, failed.why
            );
            let fix = "sudo sysctl fs.inotify.max_user_watches=524288 \
                       fs.inotify.max_user_instances=1024";
            Check::bad(NAME, State::Warning, message, fix)
        }
    })
}

/// Whether files have times that the index can go by; nothing where all is well.
pub(super) fn clock(app: &App, walked: &Walked) -> Option<Check> {
    let now = SystemTime::now();
    let disk = try_folder(&app.settings.data_folder).ok()?;
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let latest = i64::try_from((since + SAME_TIME).as_nanos()).unwrap_or(i64::MAX);
    let is_ahead = |entry: &&Entry| match entry.changed_ns {
        0 => entry.modified_ns > latest,
        changed_ns => changed_ns > latest,
    };
    times_compared(now, disk, walked.entries.iter().filter(is_ahead).count())
}

/// Compares the time of the machine with that of its disk and of files from the future.
pub(super) fn times_compared(now: SystemTime, disk: SystemTime, ahead: usize) -> Option<Check> {
    const NAME: &str = "clock";
    let apart = match disk.duration_since(now) {
        Ok(later) => later,
        Err(earlier) => earlier.duration(),
    };
    if apart > SAME_TIME {
        let message = format!(
            "the disk of the data folder is {} s away from the time of this machine",
            apart.as_secs()
        );
        let fix = "set both clocks by a time server: changes are found by the times of files";
        return Some(Check::bad(NAME, State::Warning, message, fix));
    }
    if ahead > 0 {
        let files = counted(ahead as u64, "file");
        let message = format!("{files} of the workspace have a time in the future");
        let fix = "set the clock, or `touch` the files: until then each search reads them again";
        return Some(Check::bad(NAME, State::Warning, message, fix));
    }
    None
}
