//! How requests are read: what is wrong with one is said as JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::super::room::Room;
use super::error::ApiError;
use crate::conversation::SharedContext;
use crate::conversation::workspaces::OpenWorkspace;
use crate::frontends::web::Server;
use crate::session::SessionId;

/// The body of a request.
pub struct Input<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Input<T>, ApiError> {
        match Json::from_request(request, state).await {
            Ok(Json(value)) => Ok(Input(value)),
            Err(rejection) => Err(bad_body(&rejection)),
        }
    }
}

fn bad_body(rejection: &JsonRejection) -> ApiError {
    let (status, code) = match rejection.status() {
        StatusCode::UNPROCESSABLE_ENTITY => (StatusCode::BAD_REQUEST, "bad_request"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        StatusCode::PAYLOAD_TOO_LARGE => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        status => (status, "bad_request"),
    };
    ApiError::new(status, code, rejection.body_text())
}

/// The id in an address.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, ApiError> {
        let read: Result<Path<String>, PathRejection> =
            Path::from_request_parts(parts, state).await;
        match read {
            Ok(Path(id)) => Ok(Id(id)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}

/// What stands behind the `?` of an address.
pub struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Parameters<T>, ApiError> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        match read {
            Ok(Query(value)) => Ok(Parameters(value)),
            Err(rejection) => Err(ApiError::bad_request(rejection.body_text())),
        }
    }
}

/// A request about a workspace.
#[derive(Debug, Default, Deserialize)]
pub struct OfWorkspace {
    pub workspace: Option<String>,
}

/// Nothing: the body of a request that needs none.
#[derive(Debug, Default, Deserialize)]
pub struct Nothing {}

/// Whether a switch in an address is on: `explain`, `explain=1`, `explain=true`.
pub fn is_on(switch: Option<&str>) -> bool {
    switch.is_some_and(|value| ["", "1", "true", "yes", "on"].contains(&value))
}

/// The name under which the page shows the first workspace.
pub fn first_name(shared: &SharedContext) -> String {
    let first = shared.workspaces.first();
    let root = first.root();
    let named = shared.workspaces.named();
    let is_it = |path: &std::path::Path| path.canonicalize().is_ok_and(|path| path == root);
    if let Some((name, _)) = named.iter().find(|(_, path)| is_it(path)) {
        return name.clone();
    }
    let folder = root.file_name().unwrap_or(root.as_os_str());
    let folder = folder.to_string_lossy().into_owned();
    match named.contains_key(&folder) {
        true => root.display().to_string(),
        false => folder,
    }
}

/// The workspace of a name or a path; the first one without.
pub fn workspace(
    shared: &SharedContext,
    given: Option<&str>,
) -> Result<Arc<OpenWorkspace>, ApiError> {
    let given = given.map(str::trim).unwrap_or_default();
    let first = shared.workspaces.first();
    if given.is_empty() || given == first_name(shared) {
        return Ok(first);
    }
    let missing =
        |message: String| ApiError::new(StatusCode::NOT_FOUND, "workspace_not_found", message);
    if given.starts_with('/') {
        let found = shared.workspaces.at(given.as_ref());
        return found.ok_or_else(|| missing(format!("there is no workspace `{given}`")));
    }
    let found = shared.workspaces.find(given);
    found.map_err(|error| missing(error.to_string()))
}

/// A conversation by its id.
pub fn room(server: &Server, id: &str) -> Result<Arc<Room>, ApiError> {
    let missing = || {
        let message = format!("there is no conversation `{id}` here");
        let error = ApiError::new(StatusCode::NOT_FOUND, "conversation_not_found", message);
        error.with_hint("open its session again")
    };
    server.rooms.get(id).ok_or_else(missing)
}

/// An earlier session by its id, or by a part that only it has.
pub async fn session(workspace: &OpenWorkspace, given: &str) -> Result<SessionId, ApiError> {
    let (folder, given) = (workspace.app.sessions_folder(), given.to_owned());
    let found = blocking(move || crate::session::find(&folder, &given)).await?;
    found.map_err(|error| anyhow::Error::from(error).into())
}

/// The same, where none may be given.
pub async fn given_session(
    workspace: &OpenWorkspace,
    given: Option<String>,
) -> Result<Option<SessionId>, ApiError> {
    match given.filter(|given| !given.trim().is_empty()) {
        Some(given) => session(workspace, &given).await.map(Some),
        None => Ok(None),
    }
}

/// Runs what blocks on a thread that may.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let ran = tokio::task::spawn_blocking(work).await;
    ran.map_err(|_| ApiError::lost())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_on_in_several_spellings() {
        for on in ["", "1", "true"] {
            assert!(is_on(Some(on)), "{on}");
        }
        for off in [None, Some("0"), Some("false"), Some("no")] {
            assert!(!is_on(off), "{off:?}");
        }
    }
}
