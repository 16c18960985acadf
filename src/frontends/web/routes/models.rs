//! The models of the server, and the checks of the installation, as rows.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{OfWorkspace, Parameters, workspace};
use crate::conversation::reply::model_facts;
use crate::frontends::doctor::{Check, CheckState, checks};
use crate::frontends::web::Server;
use crate::frontends::web::room::event::make_visible;
use crate::model::server::InstalledModel;

pub async fn models(
    State(server): State<Arc<Server>>,
    Parameters(of): Parameters<OfWorkspace>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, of.workspace.as_deref())?;
    let server = here.app.server().await.map_err(anyhow::Error::from)?;
    let models = server.chat_models().await.map_err(anyhow::Error::from)?;
    Ok(Json(rows(&models, here.app.model_name())))
}

/// The models as rows, `current` among them.
pub fn rows(models: &[InstalledModel], current: &str) -> Value {
    let row = |model: &InstalledModel| {
        json!({
            "name": model.name,
            "is_good": model.tools,
            "text": model_facts(model),
            "is_current": model.name == current,
        })
    };
    let mut rows: Value = models.iter().map(row).collect();
    make_visible(&mut rows);
    rows
}

pub async fn doctor(
    State(server): State<Arc<Server>>,
    Parameters(of): Parameters<OfWorkspace>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, of.workspace.as_deref())?;
    let row = |check: Check| {
        let mut row = json!({
            "name": check.name,
            "is_good": check.state == CheckState::Good,
            "state": check.state,
            "text": check.message,
        });
        if let Some(fix) = check.fix {
            row["hint"] = json!(fix);
        }
        row
    };
    let mut rows: Value = checks(&here.app).await?.into_iter().map(row).collect();
    make_visible(&mut rows);
    Ok(Json(rows))
}
