//! Results on disk: a file of JSON for each run, in the data folder.

use std::io;
use std::path::{Path, PathBuf};
use std::{fs, process};

use super::report::{BenchmarkRun, VERSION};
use crate::session::create_private_folder;

/// Ending of the files.
const ENDING: &str = "json";
/// Results that a message names.
const MOST_NAMED: usize = 5;
/// Most runs of the same second.
const MOST_ALIKE: u32 = 100;

/// Why a result cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    #[error("there is no result `{given}`; {}", known_words(.known))]
    NotFound {
        given: String,
        /// Ids of the results, the newest first.
        known: Vec<String>,
    },
    #[error("several results begin with `{given}`: {}", .found.join(", "))]
    Ambiguous { given: String, found: Vec<String> },
    #[error("cannot read {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is not a result of `ollacode benchmark`")]
    Malformed {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("{path} was written by a newer ollacode; update ollacode to read it")]
    Newer { path: PathBuf },
}

fn known_words(known: &[String]) -> String {
    match known {
        [] => "no benchmark was run yet: run `ollacode benchmark`".to_owned(),
        known => {
            let named: Vec<&str> = known.iter().take(MOST_NAMED).map(String::as_str).collect();
            format!("the newest are {}", named.join(", "))
        }
    }
}

/// Writes a result; its id is changed if another one has it. Returns the path of the file.
pub fn save(folder: &Path, run: &mut BenchmarkRun) -> io::Result<PathBuf> {
    create_private_folder(folder)?;
    let first = run.id.clone();
    for number in 2..MOST_ALIKE {
        if !file_of(folder, &run.id).exists() {
            break;
        }
        run.id = format!("{first}-{number}");
    }
    let path = file_of(folder, &run.id);
    let mut text = serde_json::to_vec_pretty(run)?;
    text.push(b'\n');
    // Whole or not at all.
    let beside = path.with_extension(format!("{}.tmp", process::id()));
    fs::write(&beside, text)?;
    fs::rename(&beside, &path)?;
    Ok(path)
}

/// Reads a result: by its id, by the beginning of one, or by the path of a file.
pub fn load(folder: &Path, given: &str) -> Result<BenchmarkRun, StoredError> {
    let path = Path::new(given);
    if given.contains('/') || path.extension().is_some_and(|ending| ending == ENDING) {
        return read(path);
    }
    let known = ids(folder);
    if known.iter().any(|id| id == given) {
        return read(&file_of(folder, given));
    }
    let begun = known.iter().filter(|id| id.starts_with(given));
    let mut found: Vec<String> = begun.cloned().collect();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) if !given.is_empty() => read(&file_of(folder, &only)),
        (Some(last), false) if !given.is_empty() => {
            found.push(last);
            let given = given.to_owned();
            Err(StoredError::Ambiguous { given, found })
        }
        _ => Err(StoredError::NotFound {
            given: given.to_owned(),
            known,
        }),
    }
}

/// The ids of all results, the newest first.
pub fn ids(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut ids: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let (id, ending) = name.split_once('.')?;
            (ending == ENDING).then(|| id.to_owned())
        })
        .collect();
    ids.sort_by(|one, other| other.cmp(one));
    ids
}

fn file_of(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.{ENDING}"))
}

fn read(path: &Path) -> Result<BenchmarkRun, StoredError> {
    let text = fs::read(path).map_err(|source| StoredError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let read: Result<BenchmarkRun, _> = serde_json::from_slice(&text);
    let run = read.map_err(|source| StoredError::Malformed {
        path: path.to_owned(),
        source,
    })?;
    if run.version > VERSION {
        let path = path.to_owned();
        return Err(StoredError::Newer { path });
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str) -> BenchmarkRun {
        BenchmarkRun {
            version: VERSION,
            id: id.to_owned(),
            ..BenchmarkRun::default()
        }
    }

    #[test]
    fn results_are_found_by_their_ids_and_paths() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().join("benchmarks");
        let none = load(&folder, "x")
            .expect_err("nothing is there")
            .to_string();
        assert!(none.contains("no benchmark was run yet"), "{none}");
        let path = save(&folder, &mut run("20261121-143005")).expect("a file");
        let mut again = run("20261121-143005");
        save(&folder, &mut again).expect("another file");
        assert_eq!(again.id, "20261121-143005-2");
        save(&folder, &mut run("20261122-090000")).expect("a file");
        let known = ["20261122-090000", "20261121-143005-2", "20261121-143005"];
        assert_eq!(ids(&folder), known);
        for (given, id) in [
            ("20261121-143005", "20261121-143005"),
            ("20261122", "20261122-090000"),
            (path.to_str().expect("plain text"), "20261121-143005"),
        ] {
            let found = load(&folder, given).map(|run| run.id);
            assert_eq!(found.ok().as_deref(), Some(id), "{given}");
        }
        let several = load(&folder, "20261121").expect_err("two").to_string();
        assert!(several.contains("20261121-143005-2, "), "{several}");
        for given in ["2025", ""] {
            let missing = load(&folder, given).expect_err("none").to_string();
            assert!(missing.contains("the newest are 20261122"), "{missing}");
        }
    }

    #[test]
    fn files_of_others_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        let given = path.to_str().expect("plain text");
        let refused = |text: &str| {
            fs::write(&path, text).expect("a file");
            load(folder.path(), given)
                .err()
                .map(|error| error.to_string())
        };
        for text in ["", "no JSON", "{\"models\": 1}"] {
            let why = refused(text).unwrap_or_default();
            assert!(why.contains("is not a result"), "{text}: {why}");
        }
        let why = refused("{\"version\": 99}").unwrap_or_default();
        assert!(why.contains("newer ollacode"), "{why}");
        assert_eq!(refused("{\"version\": 1, \"new_field\": 3}"), None);
    }
}
