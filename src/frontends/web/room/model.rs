//! Whether the chat model of a workspace's settings can be reached, looked at in the background: a page must
//! not wait for a server that does not answer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::time::timeout;

use crate::conversation::SharedContext;
use crate::conversation::messages::error_words;
use crate::conversation::workspaces::OpenWorkspace;

/// How long a page waits for the first look.
const WAIT: Duration = Duration::from_millis(300);
/// How long a look may take.
const LONGEST: Duration = Duration::from_secs(10);
/// How long a result holds.
const HOLDS: Duration = Duration::from_secs(15);

#[derive(Clone, Default)]
pub struct ModelCheck {
    /// By the root of the workspace: each may have another model.
    known: Arc<Mutex<HashMap<PathBuf, Known>>>,
}

#[derive(Default)]
struct Known {
    at: Option<Instant>,
    is_looking: bool,
    error: Option<String>,
}

impl ModelCheck {
    /// Why the model cannot be used, as far as that is known now.
    pub async fn error(
        &self,
        shared: &Arc<SharedContext>,
        workspace: &Arc<OpenWorkspace>,
    ) -> Option<String> {
        if self.is_due(workspace.root()) {
            let look = tokio::spawn(look(
                self.clone(),
                Arc::clone(shared),
                Arc::clone(workspace),
            ));
            // It goes on when the time is over.
            let _ = timeout(WAIT, look).await;
        }
        let known = self.known.lock();
        known.get(workspace.root())?.error.clone()
    }

    /// Whether to look again; if so, nobody else does.
    fn is_due(&self, root: &Path) -> bool {
        let mut all = self.known.lock();
        let known = all.entry(root.to_owned()).or_default();
        let holds = known.at.is_some_and(|at| at.elapsed() < HOLDS);
        let is_due = !known.is_looking && (!holds || known.error.is_some());
        known.is_looking |= is_due;
        is_due
    }
}

async fn look(check: ModelCheck, shared: Arc<SharedContext>, workspace: Arc<OpenWorkspace>) {
    let connecting = shared.connector.connect(&workspace.app, None);
    let error = match timeout(LONGEST, connecting).await {
        Ok(connected) => connected.err().map(|error| error_words(&error)),
        Err(_) => Some(format!(
            "{} did not answer within {} s",
            workspace.app.server_kind().label(),
            LONGEST.as_secs()
        )),
    };
    let known = Known {
        at: Some(Instant::now()),
        is_looking: false,
        error,
    };
    let root = workspace.root().to_owned();
    check.known.lock().insert(root, known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_workspace_is_looked_at_for_itself_and_by_one_at_a_time() {
        let check = ModelCheck::default();
        let (shop, mill) = (Path::new("/shop"), Path::new("/mill"));
        assert!(check.is_due(shop));
        assert!(!check.is_due(shop), "somebody looks already");
        let known = Known {
            at: Some(Instant::now()),
            ..Known::default()
        };
        check.known.lock().insert(shop.to_owned(), known);
        assert!(!check.is_due(shop), "it holds for a while");
        assert!(check.is_due(mill));
    }
}
