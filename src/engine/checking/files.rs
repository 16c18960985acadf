//! What checks read and remember: the tests near a change, and what failed before.

use std::collections::BTreeSet;
use std::path::PathBuf;

use tokio::task::spawn_blocking;

use crate::check::baseline::KnownRuns;
use crate::check::near::{TestFile, changed_names, is_test_path, near_tests};
use crate::jail::{EntryKind, is_secret};
use crate::survey::Facts;
use crate::tools::ToolContext;

/// Folders beside a file that may hold its tests.
const BESIDE: [&str; 4] = ["tests", "test", "__tests__", "spec"];
/// Most folders that are looked through for tests.
const MOST_FOLDERS: usize = 60;
/// Most files of tests that are read,
const MOST_FILES: usize = 300;
/// and the largest, in bytes.
const LARGEST: u64 = 256 << 10;

/// The files of tests near changed ones. Blocks.
pub(super) fn near(context: &ToolContext, facts: &Facts, changed: &[String]) -> Vec<String> {
    let texts = context.changes.lock().turn_texts();
    let names: BTreeSet<String> = texts
        .iter()
        .flat_map(|(_, before, after)| {
            let [before, after] = [before, after].map(|text| text.as_deref().unwrap_or_default());
            changed_names(before, after)
        })
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    near_tests(changed, &names, &tests(context, facts, changed))
}

/// The tests of the folders in which they are, and beside the changed files.
fn tests(context: &ToolContext, facts: &Facts, changed: &[String]) -> Vec<TestFile> {
    let mut pending: Vec<String> = Vec::new();
    for path in changed {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        pending.push(folder.to_owned());
        for name in BESIDE {
            pending.push(below(folder, name));
        }
    }
    pending.extend(facts.tests.folders.iter().cloned());
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut found: Vec<TestFile> = Vec::new();
    let mut at = 0;
    while at < pending.len() && seen.len() < MOST_FOLDERS && found.len() < MOST_FILES {
        let folder = pending[at].clone();
        at += 1;
        if !seen.insert(folder.clone()) {
            continue;
        }
        let given = match folder.as_str() {
            "" => ".",
            folder => folder,
        };
        let listed = context
            .jail
            .path(given)
            .and_then(|path| context.jail.list(&path));
        // A folder that is not there, or cannot be read, has no tests to run.
        for entry in listed.unwrap_or_default() {
            let path = below(&folder, &entry.name);
            match entry.kind {
                EntryKind::Folder if is_test_path(&format!("{path}/a.c")) => pending.push(path),
                EntryKind::File if entry.size <= LARGEST && is_test_path(&path) => {
                    found.extend(read(context, path));
                }
                _ => {}
            }
        }
    }
    found.truncate(MOST_FILES);
    found
}

fn read(context: &ToolContext, path: String) -> Option<TestFile> {
    let real = context.jail.path(&path).ok()?;
    if is_secret(&real) || context.rules.hides(&path) {
        return None;
    }
    let text = context.jail.read(&real).ok()?.text;
    Some(TestFile { path, text })
}

fn below(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// What is known of earlier runs.
pub(super) async fn read_known(file: PathBuf) -> KnownRuns {
    if file.as_os_str().is_empty() {
        return KnownRuns::default();
    }
    let reading = spawn_blocking(move || KnownRuns::read(&file));
    // That can only fail by a panic; nothing is known then.
    reading.await.unwrap_or_default()
}

/// Keeps what is known. If that fails, old failures may be taken for new ones the next time.
pub(super) async fn write_known(known: KnownRuns, file: PathBuf) {
    if file.as_os_str().is_empty() {
        return;
    }
    let writing = spawn_blocking(move || known.write(&file));
    if let Ok(Err(error)) = writing.await {
        tracing::warn!("cannot keep what failed in the checks: {error}");
    }
}
