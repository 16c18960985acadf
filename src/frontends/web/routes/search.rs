//! Search of the code: the JSON of `search --json`, with the lines of each hit highlighted.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use ollacode_indexer::query::Query;
use ollacode_indexer::{Freshness, SearchRequest, SearchResults};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{Parameters, blocking, is_on, workspace};
use crate::conversation::workspaces::OpenWorkspace;
use crate::frontends::excerpt::{Excerpt, stems};
use crate::frontends::web::Server;
use crate::frontends::web::render;
use crate::frontends::wire::SearchAnswer;
use crate::visible::escape_hidden;

/// Hits, unless another number is asked for.
const HITS: usize = 10;
/// Most hits.
const MOST_HITS: usize = 50;

#[derive(Debug, Deserialize)]
pub struct SearchQuery {
    q: Option<String>,
    workspace: Option<String>,
    /// Names of languages, separated by commas.
    language: Option<String>,
    /// Globs, separated by commas.
    path: Option<String>,
    limit: Option<usize>,
    explain: Option<String>,
    /// By words and names only, and at once: as somebody types.
    lexical: Option<String>,
}

pub async fn search(
    State(server): State<Arc<Server>>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, query.workspace.as_deref())?;
    let text = query.q.unwrap_or_default();
    if text.trim().is_empty() {
        return Err(ApiError::bad_request("`q` is missing: what to search for"));
    }
    let is_lexical = is_on(query.lexical.as_deref());
    let is_watched = here.index_state().is_some();
    let request = SearchRequest {
        query: text,
        also: Vec::new(),
        limit: query.limit.unwrap_or(HITS).clamp(1, MOST_HITS),
        globs: list(query.path.as_deref()),
        languages: list(query.language.as_deref()),
        // While somebody types, the watcher is trusted; hits are checked all the same.
        freshness: match is_lexical && is_watched {
            true => Freshness::Trust,
            false => Freshness::Refresh,
        },
    };
    let explain = is_on(query.explain.as_deref());
    let found = found(&here, request, is_lexical, explain).await?;
    Ok(Json(found))
}

/// Searches, and writes the answer as JSON.
pub async fn found(
    workspace: &OpenWorkspace,
    request: SearchRequest,
    is_lexical: bool,
    explain: bool,
) -> Result<Value, ApiError> {
    let begun = Instant::now();
    let answer = match is_lexical {
        true => workspace.search_words(&request).await,
        false => workspace.search(&request).await,
    };
    let answer = answer.map_err(anyhow::Error::from)?;
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let model = match workspace.app.index.exists() {
        true => workspace.app.index.complete_model().await.ok().flatten(),
        false => None,
    };
    let model = model.map(|(name, _)| name);
    blocking(move || {
        let model = model.as_deref();
        let json = SearchAnswer::new(&request.query, took_ms, &answer, model, explain);
        let mut json = serde_json::to_value(json).unwrap_or_default();
        add_lines(&mut json, &request.query, &answer);
        json
    })
    .await
}

/// Adds to each hit its lines that match best, and what counted most.
fn add_lines(json: &mut Value, query: &str, answer: &SearchResults) {
    let stems = stems(&Query::parse(query));
    let Some(shown) = json["hits"].as_array_mut() else {
        return;
    };
    for (hit, shown) in answer.hits.iter().zip(shown) {
        let excerpt = Excerpt::of(hit, &stems);
        let first = u32::try_from(excerpt.first_line).unwrap_or(1);
        let text = escape_hidden(&excerpt.lines.join("\n")).into_owned() + "\n";
        let language = hit.chunk.language.to_string();
        let language = Some(language.as_str()).filter(|name| !name.is_empty());
        let lines = render::code(&text, language, first);
        shown["lines"] = serde_json::to_value(lines).unwrap_or_default();
        shown["first_line"] = json!(first);
        shown["why_word"] = json!(hit.why.reason());
    }
}

/// The parts of a list that is separated by commas.
fn list(text: Option<&str>) -> Vec<String> {
    let parts = text.unwrap_or_default().split(',');
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_separated_by_commas() {
        assert_eq!(list(Some(" rust,, py ")), ["rust", "py"]);
        assert_eq!(list(None), [""; 0]);
    }
}
