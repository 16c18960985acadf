//! Reads the files of skills, within limits.

use std::collections::VecDeque;
use std::fs;
use std::io::Read;
use std::path::Path;

use super::library::SkillFile;
use super::places::{Place, RepositoryPlace};
use super::{MOST_BYTES, SKILL_FILE};
use crate::config::{ConfigError, trust};
use crate::jail::{EntryKind, is_secret_path};

/// Most files of a skill that are listed,
const MOST_FILES: usize = 100;
/// most folders that are looked into,
const MOST_FOLDERS: usize = 50;
/// and the deepest of them.
const DEEPEST: usize = 4;
/// Longest path that is listed, in bytes.
const LONGEST_PATH: usize = 120;

/// The text of a skill; else why there is none.
pub(super) fn skill_text(place: &Place) -> Result<String, String> {
    match place {
        Place::UserFolder(folder) => {
            is_of_user(folder)?;
            let file = folder.join(SKILL_FILE);
            is_of_user(&file)?;
            read_bounded(&file, MOST_BYTES)
        }
        Place::UserFile(file) => {
            is_of_user(file)?;
            read_bounded(file, MOST_BYTES)
        }
        Place::Repository(place) => read_in(place, SKILL_FILE),
        Place::Shipped(text) => Ok((*text).to_owned()),
    }
}

/// The text of another file of a skill, which was listed.
pub(super) fn file_text(place: &Place, path: &str) -> Result<String, String> {
    match place {
        Place::UserFolder(folder) => {
            let file = folder.join(path);
            is_of_user(&file)?;
            read_bounded(&file, MOST_BYTES)
        }
        Place::Repository(place) => read_in(place, path),
        Place::UserFile(_) | Place::Shipped(_) => Err("it has no further files".to_owned()),
    }
}

/// The further files of a skill, by path, but for those with secrets and those of a repository that
/// `hides` names, by its path from the folder of the skill.
pub(super) fn files(place: &Place, hides: impl Fn(&str) -> bool) -> Vec<SkillFile> {
    match place {
        Place::UserFolder(folder) => walk(|inside| {
            let entries = fs::read_dir(folder.join(inside)).into_iter().flatten();
            let entries = entries.flatten().filter_map(|entry| {
                let facts = fs::metadata(entry.path()).ok()?;
                Some(Entry {
                    name: entry.file_name().into_string().ok()?,
                    is_folder: facts.is_dir(),
                    bytes: facts.len(),
                    is_file: facts.is_file(),
                })
            });
            entries.collect()
        }),
        Place::Repository(place) => walk(|inside| {
            let folder = match inside {
                "" => place.folder.clone(),
                inside => format!("{}/{inside}", place.folder),
            };
            let listed = place.jail.path(&folder);
            let listed = listed.and_then(|path| place.jail.list(&path));
            let is_hidden = |name: &str| match inside {
                "" => hides(name),
                inside => hides(&format!("{inside}/{name}")),
            };
            let entries = listed.unwrap_or_default().into_iter().map(|entry| Entry {
                is_folder: entry.kind == EntryKind::Folder,
                is_file: entry.kind == EntryKind::File && !is_hidden(&entry.name),
                bytes: entry.size,
                name: entry.name,
            });
            entries.collect()
        }),
        Place::UserFile(_) | Place::Shipped(_) => Vec::new(),
    }
}

/// An entry of a folder.
struct Entry {
    name: String,
    is_folder: bool,
    is_file: bool,
    bytes: u64,
}

/// The files below a folder; `list` gives the entries of one, by its path from there.
fn walk(list: impl Fn(&str) -> Vec<Entry>) -> Vec<SkillFile> {
    let mut files = Vec::new();
    let mut pending = VecDeque::from([(String::new(), 0)]);
    for _ in 0..MOST_FOLDERS {
        let Some((folder, depth)) = pending.pop_front() else {
            break;
        };
        let mut entries = list(&folder);
        entries.retain(|entry| !entry.name.starts_with('.'));
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in entries {
            let path = match folder.as_str() {
                "" => entry.name,
                folder => format!("{folder}/{}", entry.name),
            };
            if entry.is_folder && depth < DEEPEST {
                pending.push_back((path, depth + 1));
            } else if entry.is_file
                && path != SKILL_FILE
                && path.len() <= LONGEST_PATH
                && files.len() < MOST_FILES
                && !is_secret_path(&path)
            {
                files.push(SkillFile {
                    path,
                    bytes: entry.bytes,
                });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Reads a file of a skill of the repository, without following links.
fn read_in(place: &RepositoryPlace, path: &str) -> Result<String, String> {
    let path = place.jail.path(&format!("{}/{path}", place.folder));
    let file = path.and_then(|path| place.jail.read_at_most(&path, MOST_BYTES as u64));
    let file = file.map_err(|error| error.to_string())?;
    let text = String::from_utf8(file.bytes.to_vec());
    text.map_err(|_| "it is no text in UTF-8".to_owned())
}

/// Refuses what another user could have written: it would count as the user's own.
fn is_of_user(path: &Path) -> Result<(), String> {
    match trust::check(path) {
        Err(ConfigError::Untrusted { path, problem, fix }) => {
            let path = path.display();
            Err(format!("{path}: {problem}; fix it with `{fix}`"))
        }
        other => other.map_err(|error| error.to_string()),
    }
}

/// The text of a file of at most so many bytes; else why not. What is no regular file is not opened:
/// reading it may never end.
pub(crate) fn read_bounded(path: &Path, most: usize) -> Result<String, String> {
    let facts = fs::metadata(path).map_err(|error| error.to_string())?;
    if !facts.is_file() {
        return Err("it is no regular file".to_owned());
    }
    let file = fs::File::open(path).map_err(|error| error.to_string())?;
    let mut text = String::new();
    let limit = most as u64 + 1;
    file.take(limit)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() > most {
        return Err(format!("it is larger than {} KiB", most >> 10));
    }
    Ok(text)
}
