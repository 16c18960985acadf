//! What the system prompt says of the most used files, where the index is there already.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::jail::EntryKind;
use crate::model::ModelProfile;
use crate::project_map::{BriefMap, brief};
use crate::tools::ToolContext;

/// Most tokens: less than 3 % of the smallest window that has it.
const MOST_TOKENS: u32 = 200;

/// Smallest window with a map, in tokens.
const SMALLEST_WINDOW: u32 = 8_192;

/// How long a session waits for the graph of files: three times what 3,000 files take. A map that
/// takes longer is kept for the next session.
const PATIENCE: Duration = Duration::from_secs(1);

/// Longest time for a map of a later session.
const LONGEST: Duration = Duration::from_secs(120);

/// Largest file of a kept map, in bytes.
const MOST_BYTES: u64 = 64 << 10;

/// Whether a model has room for a map before it is asked anything.
pub(super) fn has_room(profile: &ModelProfile) -> bool {
    !profile.weak && profile.window >= SMALLEST_WINDOW
}

/// The most used files in at most 200 tokens; empty without a complete index. Never waits for
/// indexing. `kept` is the file for maps that take long; empty to keep none.
pub(super) async fn map_facts(context: &Arc<ToolContext>, kept: &Path) -> String {
    let file = kept.to_owned();
    let before = spawn_blocking(move || read(&file)).await.ok().flatten();
    let mut making = tokio::spawn(make(Arc::clone(context), kept.to_owned()));
    let map = match before {
        Some(map) => map,
        // Both can only fail by a panic; then there is no map.
        None => match timeout(PATIENCE, &mut making).await {
            Ok(made) => made.unwrap_or_default(),
            Err(_) => return String::new(),
        },
    };
    let context = Arc::clone(context);
    let writing = spawn_blocking(move || map.text(&|path| is_shown(&context, path)));
    writing.await.unwrap_or_default()
}

/// Makes the map, and keeps it if that took longer than a session waits.
async fn make(context: Arc<ToolContext>, kept: PathBuf) -> BriefMap {
    let begun = Instant::now();
    let Some(files) = context.code.files_at_hand(LONGEST).await else {
        return BriefMap::default();
    };
    let making = spawn_blocking(move || {
        let map = brief(&files, MOST_TOKENS, &|path| is_shown(&context, path));
        let is_slow = begun.elapsed() > PATIENCE;
        if let Err(error) = keep(&kept, is_slow.then_some(&map)) {
            tracing::warn!(%error, "cannot keep the map for the next session");
        }
        map
    });
    making.await.unwrap_or_default()
}

/// Whether a file may be named: the index may be older than the files and the rules.
fn is_shown(context: &ToolContext, path: &str) -> bool {
    let jail = &context.jail;
    let kind = jail.path(path).and_then(|path| jail.kind(&path));
    matches!(kind, Ok(Some(EntryKind::File))) && !context.keeps_back(path)
}

fn read(kept: &Path) -> Option<BriefMap> {
    let is_small = |file: &fs::Metadata| file.is_file() && file.len() <= MOST_BYTES;
    fs::metadata(kept).ok().filter(is_small)?;
    serde_json::from_slice(&fs::read(kept).ok()?).ok()
}

/// Writes a map, or removes what was kept.
fn keep(kept: &Path, map: Option<&BriefMap>) -> io::Result<()> {
    if kept.as_os_str().is_empty() {
        return Ok(());
    }
    let Some(map) = map else {
        return match fs::remove_file(kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    };
    if let Some(folder) = kept.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = kept.with_extension(format!("new-{}", std::process::id()));
    fs::write(&beside, serde_json::to_vec(map)?)?;
    fs::rename(&beside, kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_kept_until_it_is_made_quickly() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("maps/one.json");
        assert_eq!(read(&file), None);
        keep(&file, None).expect("there is nothing to remove");
        let map = BriefMap::default();
        keep(&file, Some(&map)).expect("it is written");
        assert_eq!(read(&file), Some(map.clone()));
        fs::write(&file, "{").expect("damage");
        assert_eq!(read(&file), None);
        keep(&file, Some(&map)).expect("it is replaced");
        keep(&file, None).expect("it is removed");
        assert_eq!(read(&file), None);
        keep(Path::new(""), Some(&map)).expect("nothing is kept");
    }
}
