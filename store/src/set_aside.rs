//! What was set aside because it was damaged: kept for some days, and no more than a little.
//!
//! It is derived data, rebuilt already; it is kept for whoever wants to know what happened.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{Result, StoreError};
use crate::files::{create_private_folder, disk_bytes};

/// Holds what was set aside, in the folder of an index.
const FOLDER: &str = "damaged";
/// How the names of folders begin in which older versions of the program kept a whole index.
const WHOLE_INDEX: &str = "damaged-";
/// How the names of damaged caches begin, in the data folder.
const CACHE: &str = "embeddings.damaged-";

/// How long things are kept,
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 3_600);
/// at most so many,
const MOST: usize = 20;
/// of at most so many bytes in all. The newest is kept if it is larger.
const MOST_BYTES: u64 = 1 << 30;

/// Moves a file or a folder aside in the folder of an index. Returns its new place.
pub(crate) fn set_aside(folder: &Path, path: &Path, name: &str) -> Result<PathBuf> {
    let damaged = folder.join(FOLDER);
    create_private_folder(&damaged)?;
    let mut aside = damaged.join(format!("{name}-{}", seconds(SystemTime::now())));
    // Two may go in one second.
    for number in 2.. {
        if !aside.exists() {
            break;
        }
        aside = damaged.join(format!("{name}.{number}-{}", seconds(SystemTime::now())));
    }
    fs::rename(path, &aside).map_err(|error| StoreError::io("move", path, error))?;
    Ok(aside)
}

/// The name that a damaged cache gets, behind its own.
pub(crate) fn cache_extension() -> String {
    format!("damaged-{}", seconds(SystemTime::now()))
}

/// Whether a file of the data folder is a cache that was set aside.
fn is_damaged_cache(name: &str) -> bool {
    name.starts_with(CACHE)
}

/// The size of what is set aside in the folder of an index, in bytes.
pub fn set_aside_bytes(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in in_index(folder)? {
        bytes += entry.bytes()?;
    }
    Ok(bytes)
}

/// Removes what was set aside in the folder of an index long ago, and what is too much. Returns the
/// number of bytes that were freed.
pub fn prune_set_aside(folder: &Path, now: SystemTime) -> io::Result<u64> {
    prune(in_index(folder)?, now)
}

/// The same for the caches that were set aside in the data folder.
pub(crate) fn prune_damaged_caches(data_folder: &Path, now: SystemTime) -> io::Result<u64> {
    prune(entries(data_folder, is_damaged_cache)?, now)
}

/// Removes all that was set aside in the folder of an index. Returns the number of bytes freed.
pub fn remove_set_aside(folder: &Path) -> io::Result<u64> {
    remove(&in_index(folder)?)
}

/// The same for the caches that were set aside in the data folder.
pub fn remove_damaged_caches(data_folder: &Path) -> io::Result<u64> {
    remove(&entries(data_folder, is_damaged_cache)?)
}

/// The size of the caches that were set aside in the data folder, in bytes.
pub fn damaged_cache_bytes(data_folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in entries(data_folder, is_damaged_cache)? {
        bytes += entry.bytes()?;
    }
    Ok(bytes)
}

/// Something that was set aside, and when, in seconds since 1970.
struct Aside {
    at: u64,
    path: PathBuf,
}

impl Aside {
    fn bytes(&self) -> io::Result<u64> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.is_dir() => disk_bytes(&self.path),
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn remove(&self) -> io::Result<()> {
        let removed = match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(&self.path),
            Ok(_) => fs::remove_file(&self.path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn in_index(folder: &Path) -> io::Result<Vec<Aside>> {
    let mut found = entries(&folder.join(FOLDER), |_| true)?;
    found.extend(entries(folder, |name| name.starts_with(WHOLE_INDEX))?);
    Ok(found)
}

fn entries(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<Aside>> {
    let listed = match fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in listed {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_wanted(name)) else {
            continue;
        };
        // Moving something keeps its times, so the name tells when that was.
        let at = match time_in(name) {
            Some(at) => at,
            None => entry.metadata()?.modified().map_or(0, seconds),
        };
        found.push(Aside {
            at,
            path: entry.path(),
        });
    }
    Ok(found)
}

/// `chunks-12-1764590000.manifest`, `vectors_ab-1764590000`
fn time_in(name: &str) -> Option<u64> {
    let (_, last) = name.rsplit_once('-')?;
    let digits = last.split('.').next()?;
    digits.parse().ok()
}

fn prune(mut found: Vec<Aside>, now: SystemTime) -> io::Result<u64> {
    found.sort_unstable_by_key(|aside| std::cmp::Reverse(aside.at));
    let oldest = seconds(now).saturating_sub(KEPT_FOR.as_secs());
    let (mut freed, mut kept_bytes) = (0, 0);
    for (place, aside) in found.iter().enumerate() {
        let bytes = aside.bytes()?;
        let is_too_much = place >= MOST || place > 0 && kept_bytes + bytes > MOST_BYTES;
        if aside.at < oldest || is_too_much {
            aside.remove()?;
            freed += bytes;
        } else {
            kept_bytes += bytes;
        }
    }
    Ok(freed)
}

fn remove(found: &[Aside]) -> io::Result<u64> {
    let mut freed = 0;
    for aside in found {
        freed += aside.bytes()?;
        aside.remove()?;
    }
    Ok(freed)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string())
            .map(|name| name.expect("a name"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_old_or_too_much_is_removed() {
        let now = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let index = tempfile::tempdir().expect("temporary folder");
        let damaged = index.path().join(FOLDER);
        let table = damaged.join("chunks-1999999000");
        fs::create_dir_all(&table).expect("a folder");
        fs::write(table.join("data"), [0; 100]).expect("a file");
        fs::write(damaged.join("chunks-7-1999000000.manifest"), [0; 10]).expect("a file");
        fs::create_dir_all(index.path().join("damaged-1999999999")).expect("a folder");
        fs::create_dir_all(index.path().join("damaged-1900000000/chunks.lance")).expect("a folder");
        fs::write(index.path().join("state.db"), [0; 10]).expect("a file");
        assert_eq!(set_aside_bytes(index.path()).expect("bytes"), 110);
        assert_eq!(prune_set_aside(index.path(), now).expect("pruned"), 10);
        assert_eq!(names(&damaged), ["chunks-1999999000"]);
        assert_eq!(
            names(index.path()),
            ["damaged", "damaged-1999999999", "state.db"]
        );
        for number in 0..30 {
            fs::write(damaged.join(format!("x-{}", 1_999_999_500 + number)), "").expect("a file");
        }
        prune_set_aside(index.path(), now).expect("pruned");
        assert_eq!(names(&damaged).len() + 1, MOST);
        assert!(names(&damaged).contains(&"x-1999999529".to_owned()));
        remove_set_aside(index.path()).expect("removed");
        assert_eq!(names(&damaged), Vec::<String>::new());
        assert_eq!(names(index.path()), ["damaged", "state.db"]);
    }

    #[test]
    fn damaged_caches_are_removed_and_nothing_else() {
        let now = UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        let data = tempfile::tempdir().expect("temporary folder");
        for name in [
            "embeddings.db",
            "embeddings.damaged-1900000000",
            "embeddings.damaged-1999999999",
        ] {
            fs::write(data.path().join(name), "x").expect("a file");
        }
        assert_eq!(prune_damaged_caches(data.path(), now).expect("pruned"), 1);
        assert_eq!(
            names(data.path()),
            ["embeddings.damaged-1999999999", "embeddings.db"]
        );
    }

    #[test]
    fn things_of_one_second_do_not_meet() {
        let index = tempfile::tempdir().expect("temporary folder");
        for _ in 0..3 {
            let path = index.path().join("state.db");
            fs::write(&path, "x").expect("a file");
            set_aside(index.path(), &path, "state").expect("moved");
        }
        assert_eq!(names(&index.path().join(FOLDER)).len(), 3);
    }
}
