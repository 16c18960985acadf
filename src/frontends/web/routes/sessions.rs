//! Earlier sessions of a workspace.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{Id, OfWorkspace, Parameters, blocking, session, workspace};
use crate::conversation::workspaces::OpenWorkspace;
use crate::frontends::web::Server;
use crate::frontends::web::room::event::make_visible;
use crate::session::export::{Format, export as exported};
use crate::session::{FoundSession, SessionSummary, find_sessions};

#[derive(Debug, Deserialize)]
pub struct SessionsQuery {
    workspace: Option<String>,
    /// Words of a question.
    q: Option<String>,
}

pub async fn sessions(
    State(server): State<Arc<Server>>,
    Parameters(query): Parameters<SessionsQuery>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, query.workspace.as_deref())?;
    let folder = here.app.sessions_folder();
    let words = query.q.unwrap_or_default();
    let found = blocking(move || find_sessions(&folder, &words)).await?;
    let found = found.map_err(anyhow::Error::from)?;
    let shown = |found: FoundSession| {
        let mut row = row(&server, &here, &found.summary);
        row["last_used"] = json!(found.last_used);
        row
    };
    let mut rows: Value = found.into_iter().map(shown).collect();
    make_visible(&mut rows);
    Ok(Json(rows))
}

/// A session in a list. It is open if it is in a conversation of this program.
pub fn row(server: &Server, workspace: &Arc<OpenWorkspace>, summary: &SessionSummary) -> Value {
    json!({
        "id": summary.id.as_str(),
        "title": summary.title,
        "turns": summary.turns,
        "model": summary.model,
        "started": summary.started,
        "changed": summary.changed,
        "is_open": server.rooms.has_session(workspace, &summary.id),
    })
}

pub async fn export(
    State(server): State<Arc<Server>>,
    Id(id): Id,
    Parameters(of): Parameters<OfWorkspace>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, of.workspace.as_deref())?;
    let id = session(&here, &id).await?;
    let (folder, name) = (here.app.sessions_folder(), format!("{id}.md"));
    let text = blocking(move || exported(&folder, &id, Format::Markdown)).await?;
    let text = text.map_err(anyhow::Error::from)?;
    Ok(Json(json!({"name": name, "text": text})))
}
