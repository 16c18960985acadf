//! Pulling a model, with progress.

use std::collections::BTreeMap;

use super::client::OllamaClient;
use super::wire::{PullLine, PullRequest};
use crate::model::http::{NetworkScope, ServerError, endless_response};

/// Most layers of a model; the largest have some dozen.
const MOST_LAYERS: usize = 1_000;

/// The progress of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullProgress {
    /// The status from the server.
    pub status: String,
    /// Downloaded bytes of all layers known so far.
    pub completed: u64,
    /// Bytes of all layers known so far.
    pub total: u64,
}

impl OllamaClient {
    /// Pulls a model and calls `progress` for each step.
    ///
    /// It succeeds only if the server reports success at the end; an interrupted pull continues
    /// when it is requested again.
    pub async fn pull(
        &self,
        model: &str,
        progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> Result<(), ServerError> {
        if self.reach() == NetworkScope::LoopbackOnly {
            return Err(ServerError::Offline {
                what: format!("`{model}` would be downloaded"),
            });
        }
        let request = PullRequest {
            model,
            stream: true,
        };
        let mut lines = self.http().stream("api/pull", &request, model).await?;
        let mut layers: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let (mut succeeded, mut before) = (false, None);
        while let Some(line) = lines.next::<PullLine>().await? {
            succeeded |= line.status == "success";
            if let (Some(digest), Some(total)) = (line.digest, line.total) {
                let layer = layers.entry(digest).or_default();
                // Lines may come out of order, and a bar must not go back.
                let completed = line.completed.unwrap_or(0).max(layer.0);
                *layer = (completed.min(total), total);
            }
            if layers.len() > MOST_LAYERS {
                return Err(endless_response(&format!("over {MOST_LAYERS} layers")));
            }
            let sum = |part: fn(&(u64, u64)) -> u64| {
                layers.values().map(part).fold(0, u64::saturating_add)
            };
            let now = PullProgress {
                status: line.status,
                completed: sum(|layer| layer.0),
                total: sum(|layer| layer.1),
            };
            // A server that says the same again and again is as good as silent.
            if before.as_ref() != Some(&now) {
                lines.advanced();
                before = Some(now.clone());
            }
            progress(now);
        }
        if succeeded {
            Ok(())
        } else {
            Err(ServerError::Incomplete)
        }
    }
}
