//! The state of an index, and its update.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{Input, OfWorkspace, Parameters, workspace};
use crate::app::IndexStatus;
use crate::conversation::messages::index_words;
use crate::conversation::reply::{IndexJob, NOT_INDEXED};
use crate::conversation::workspaces::OpenWorkspace;
use crate::frontends::web::Server;

pub async fn state(
    State(server): State<Arc<Server>>,
    Parameters(of): Parameters<OfWorkspace>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, of.workspace.as_deref())?;
    Ok(Json(index_state(&server, &here).await))
}

pub async fn update(
    State(server): State<Arc<Server>>,
    Input(of): Input<OfWorkspace>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let here = workspace(&server.shared, of.workspace.as_deref())?;
    let job = IndexJob::new(Arc::clone(&here), server.shared.stop.child_token());
    start(&server, &here, job)?;
    let state = index_state(&server, &here).await;
    Ok((StatusCode::ACCEPTED, Json(state)))
}

/// Starts an update, unless one runs; `false` then.
pub fn start(server: &Server, workspace: &OpenWorkspace, job: IndexJob) -> Result<bool, ApiError> {
    if job.needs_leave {
        return Err(ApiError::conflict("not_indexed", NOT_INDEXED));
    }
    Ok(server.rooms.indexing.start(workspace.root(), job))
}

/// Size and state of an index. What cannot be read is said in its state.
pub async fn index_state(server: &Server, workspace: &OpenWorkspace) -> Value {
    let mut state = json!({"files": 0, "chunks": 0, "embedded": 0, "model": null});
    let trouble = match counts(workspace, &mut state).await {
        Ok(()) => None,
        Err(error) => Some(error.to_string()),
    };
    let standing = workspace.index_state();
    let standing = trouble.map(IndexStatus::Trouble).or(standing);
    let kind = match &standing {
        None if workspace.app.index.exists() => "fresh",
        None => "none",
        Some(IndexStatus::Looking) => "looking",
        Some(IndexStatus::Reading { .. }) => "reading",
        Some(IndexStatus::Fresh) => "fresh",
        Some(IndexStatus::Behind(_)) => "embedding",
        Some(IndexStatus::Trouble(_)) => "trouble",
    };
    state["kind"] = json!(kind);
    state["state"] = json!(
        standing
            .as_ref()
            .map_or_else(|| kind.to_owned(), index_words)
    );
    let chunks = state["chunks"].as_u64().unwrap_or(0);
    let mut progress = match standing {
        Some(IndexStatus::Reading { done, total }) => Some(("reading", done as u64, total as u64)),
        // A text may be that of several chunks.
        Some(IndexStatus::Behind(left)) => Some(("embedding", chunks.saturating_sub(left), chunks)),
        _ => None,
    };
    let run = server.rooms.indexing.of(workspace.root());
    state["is_running"] = json!(run.as_ref().is_some_and(|run| run.is_running));
    if let Some(run) = run {
        let shown = run.progress.map(|it| (it.stage, it.done, it.total));
        progress = shown.or(progress);
        if let Some(error) = run.error {
            state["error"] = json!(error);
        }
    }
    if let Some((stage, done, total)) = progress {
        state["progress"] = json!({"stage": stage, "done": done, "total": total});
    }
    state
}

async fn counts(
    workspace: &OpenWorkspace,
    state: &mut Value,
) -> Result<(), ollacode_indexer::IndexError> {
    let index = &workspace.app.index;
    if !index.exists() {
        return Ok(());
    }
    let model = index.complete_model().await?;
    let fingerprint = model
        .as_ref()
        .map_or("", |(_, fingerprint)| fingerprint.as_str());
    let status = index.status(fingerprint).await?;
    state["files"] = json!(status.counts.files);
    state["chunks"] = json!(status.counts.chunks);
    state["embedded"] = json!(status.counts.embedded);
    state["model"] = json!(model.map(|(name, _)| name));
    Ok(())
}
