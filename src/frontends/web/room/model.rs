//! Whether the chat model of the settings can be reached, looked at in the background: a page must
//! not wait for a server that does not answer.

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
    known: Arc<Mutex<Known>>,
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
        if self.is_due() {
            let look = tokio::spawn(look(
                self.clone(),
                Arc::clone(shared),
                Arc::clone(workspace),
            ));
            // It goes on when the time is over.
            let _ = timeout(WAIT, look).await;
        }
        self.known.lock().error.clone()
    }

    /// Whether to look again; if so, nobody else does.
    fn is_due(&self) -> bool {
        let mut known = self.known.lock();
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
            "Ollama did not answer within {} s",
            LONGEST.as_secs()
        )),
    };
    let mut known = check.known.lock();
    *known = Known {
        at: Some(Instant::now()),
        is_looking: false,
        error,
    };
}
