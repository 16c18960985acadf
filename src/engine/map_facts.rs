//! What the system prompt says of the most used files, where the index is there already.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use crate::jail::EntryKind;
use crate::model::ModelProfile;
use crate::project_map::brief;
use crate::tools::ToolContext;

/// Most tokens: less than 3 % of the smallest window that has it.
const MOST_TOKENS: u32 = 200;

/// Smallest window with a map, in tokens.
const SMALLEST_WINDOW: u32 = 8_192;

/// How long a session waits for the graph of files: three times what 3,000 files take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a model has room for a map before it is asked anything.
pub(super) fn has_room(profile: &ModelProfile) -> bool {
    !profile.weak && profile.window >= SMALLEST_WINDOW
}

/// The most used files in at most 200 tokens; empty without a complete index. Never waits for
/// indexing.
pub(super) async fn map_facts(context: &Arc<ToolContext>) -> String {
    let Some(files) = context.code.files_at_hand(PATIENCE).await else {
        return String::new();
    };
    let context = Arc::clone(context);
    let writing = spawn_blocking(move || {
        let jail = &context.jail;
        // The index may be older than the files.
        let is_there = |path: &str| {
            let kind = jail.path(path).and_then(|path| jail.kind(&path));
            matches!(kind, Ok(Some(EntryKind::File)))
        };
        brief(&files, MOST_TOKENS, &is_there)
    });
    // That can only fail by a panic; then there is no map.
    writing.await.unwrap_or_default()
}
