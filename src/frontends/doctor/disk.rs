//! Checks of folders, disks and clocks.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Error;
use ollacode_indexer::try_watches;
use ollacode_indexer::walk::{SkipReason, WalkEntry, WalkResult, walk};
use tokio::task::spawn_blocking;

use super::{Check, CheckState};
use crate::app::App;
use crate::conversation::messages::counted;
use crate::text::size;
use crate::visible::visible_name;

/// A warning below this many free bytes, which the index of a large project takes.
const LITTLE_ROOM: u64 = 1 << 30;
/// With fewer free bytes nothing can be indexed.
const NO_ROOM: u64 = 16 << 20;
/// Maximum difference between two clocks.
const SAME_TIME: Duration = Duration::from_secs(2);
/// Maximum number of paths in a message.
const NAMED: usize = 3;

/// Lists the files of the workspace as for an index.
pub(super) async fn walked(app: &App) -> Result<WalkResult, Error> {
    let (root, limits) = (app.workspace.root.clone(), app.index.limits().clone());
    Ok(spawn_blocking(move || walk(&root, &limits)).await?)
}

/// Checks that the folder can be listed and has files.
pub(super) fn workspace(app: &App, walked: &WalkResult) -> Check {
    const NAME: &str = "workspace";
    let place = format!(
        "{} ({})",
        app.workspace.root.display(),
        app.workspace.found.words()
    );
    if walked.unread.iter().any(String::is_empty) {
        let why = walked.errors.join("; ");
        let fix = "get read permission for it, or choose another folder";
        return Check::bad(NAME, CheckState::Broken, format!("{place}: {why}"), fix);
    }
    let warning = |what: String, fix: &str| {
        Check::bad(NAME, CheckState::Warning, format!("{place}: {what}"), fix)
    };
    if !walked.unread.is_empty() {
        let what = format!("{} cannot be read", path_list(&walked.unread));
        return warning(
            what,
            "get read permission for it, or add it to an ignore file",
        );
    }
    if let Some(error) = walked.errors.first() {
        return warning(error.clone(), "fix the ignore file");
    }
    let beyond = walked.skipped.get(&SkipReason::OverLimit).copied();
    if let Some(beyond) = beyond {
        let what = format!(
            "{} beyond the maximum depth or number of files",
            counted(beyond as u64, "file or folder")
        );
        return warning(what, "work in a subfolder");
    }
    if walked.entries.is_empty() {
        return warning(
            "no file that can be indexed".to_owned(),
            "see `ollacode index --skipped` for the reasons, or choose another folder",
        );
    }
    Check::good(NAME, place)
}

/// `a`, `b` and 4 more
fn path_list(paths: &[String]) -> String {
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

/// Checks that all data can be written, by writing: a missing data folder is created.
pub(super) fn data_folder(app: &App) -> Check {
    const NAME: &str = "data";
    let folder = &app.settings.data_folder;
    let broken = |path: &Path, error: &io::Error| {
        let message = format!("cannot write to {}: {error}", path.display());
        let fix = "set `OLLACODE_DATA_DIR` to a writable folder on a local disk with free space";
        Check::bad(NAME, CheckState::Broken, message, fix)
    };
    let mut folders = vec![
        folder.clone(),
        folder.join("indexes"),
        folder.join("sessions"),
    ];
    folders.push(app.index.folder().to_owned());
    for (number, folder) in folders.iter().enumerate() {
        // Only the first is created; the others may not exist yet.
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

/// Judges a disk by its free bytes.
pub(super) fn room(folder: &Path, free: u64) -> Check {
    const NAME: &str = "data";
    let message = format!("{} is writable, {} free", folder.display(), size(free));
    if free >= LITTLE_ROOM {
        return Check::good(NAME, message);
    }
    let state = if free < NO_ROOM {
        CheckState::Broken
    } else {
        CheckState::Warning
    };
    let message = format!("{} is nearly full: {} free", folder.display(), size(free));
    let fix = "free some space (`ollacode index --prune` deletes indexes of folders that no longer \
               exist), or set `OLLACODE_DATA_DIR` to a folder on another disk";
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

/// Writes and links a file, as an index does. Returns its time, by the clock of the disk.
fn try_folder(folder: &Path) -> io::Result<SystemTime> {
    fs::create_dir_all(folder)?;
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let linked = folder.join(format!(".doctor-{}-link", std::process::id()));
    let tried = fs::write(&probe, b"probe").and_then(|()| {
        fs::hard_link(&probe, &linked).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("the file system has no hard links ({error})"),
            )
        })?;
        fs::metadata(&probe)?.modified()
    });
    // It may not exist.
    let _ = fs::remove_file(&linked);
    let removed = fs::remove_file(&probe);
    let time = tried?;
    removed.map(|()| time)
}

/// Checks that the folders can be watched, by setting and removing watches.
pub(super) async fn watches(app: &App, walked: &WalkResult) -> Result<Check, Error> {
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
            Check::bad(NAME, CheckState::Warning, message, fix)
        }
    })
}

/// Checks the times of files, which the index relies on; `None` if they are fine.
pub(super) fn clock(app: &App, walked: &WalkResult) -> Option<Check> {
    let now = SystemTime::now();
    let disk = try_folder(&app.settings.data_folder).ok()?;
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let latest = i64::try_from((since + SAME_TIME).as_nanos()).unwrap_or(i64::MAX);
    let is_ahead = |entry: &&WalkEntry| match entry.changed_ns {
        0 => entry.modified_ns > latest,
        changed_ns => changed_ns > latest,
    };
    times_compared(now, disk, walked.entries.iter().filter(is_ahead).count())
}

/// Compares the clock of the machine with that of its disk, and reports files from the future.
pub(super) fn times_compared(now: SystemTime, disk: SystemTime, ahead: usize) -> Option<Check> {
    const NAME: &str = "clock";
    let apart = match disk.duration_since(now) {
        Ok(later) => later,
        Err(earlier) => earlier.duration(),
    };
    if apart > SAME_TIME {
        let message = format!(
            "the clock of the data folder's disk differs by {} s from this machine's",
            apart.as_secs()
        );
        let fix =
            "synchronise both clocks with a time server: changes are found by the times of files";
        return Some(Check::bad(NAME, CheckState::Warning, message, fix));
    }
    if ahead > 0 {
        let files = counted(ahead as u64, "file");
        let message = format!("{files} in the workspace with a time in the future");
        let fix = "set the clock, or `touch` the files; until then each search reads them again";
        return Some(Check::bad(NAME, CheckState::Warning, message, fix));
    }
    None
}
