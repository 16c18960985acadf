//! Files of a workspace, as people see them: by the rules that models are read by.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use ollacode_indexer::language::language_of;
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::request::{Parameters, blocking, workspace};
use crate::app::{ReadError, ShownFile};
use crate::frontends::completion::paths;
use crate::frontends::web::Server;
use crate::frontends::web::render;
use crate::jail::JailError;
use crate::visible::escape_hidden;

/// Lines that are shown, unless others are asked for.
const LINES: usize = 400;
/// Most lines at a time.
const MOST_LINES: usize = 5_000;

#[derive(Debug, Deserialize)]
pub struct FileQuery {
    workspace: Option<String>,
    path: Option<String>,
    start: Option<usize>,
    end: Option<usize>,
}

pub async fn file(
    State(server): State<Arc<Server>>,
    Parameters(query): Parameters<FileQuery>,
) -> Result<Json<Value>, ApiError> {
    let here = workspace(&server.shared, query.workspace.as_deref())?;
    let path = query.path.unwrap_or_default();
    if path.is_empty() {
        return Err(ApiError::bad_request(
            "`path` is missing: which file to show",
        ));
    }
    let app = here.app.clone();
    let (start, end) = (query.start.unwrap_or(1), query.end);
    let shown = blocking(move || {
        let file = app.read_file(&path).map_err(refused)?;
        lines(&file, start, end)
    });
    shown.await?.map(Json)
}

fn refused(error: ReadError) -> ApiError {
    let (status, code) = match &error {
        ReadError::Secret(_) | ReadError::Hidden(_) => (StatusCode::FORBIDDEN, "hidden"),
        ReadError::Jail(JailError::NotFound(_) | JailError::NotAFolder(_)) => {
            (StatusCode::NOT_FOUND, "not_found")
        }
        ReadError::Jail(JailError::Outside(_) | JailError::Private { .. }) => {
            (StatusCode::FORBIDDEN, "outside")
        }
        ReadError::Jail(_) => (StatusCode::BAD_REQUEST, "not_shown"),
    };
    ApiError::new(status, code, error.to_string())
}

/// A range of lines, each highlighted.
fn lines(file: &ShownFile, start: usize, end: Option<usize>) -> Result<Value, ApiError> {
    let all: Vec<&str> = file.text.lines().collect();
    let total = all.len();
    let first = start.max(1);
    let last = end.unwrap_or(first.saturating_add(LINES - 1)).min(total);
    if total > 0 && (first > total || last < first) {
        let message = format!("there are no lines {first}-{last}: the file has {total}");
        return Err(ApiError::bad_request(message));
    }
    let last = last.min(first.saturating_add(MOST_LINES - 1));
    let wanted = all.get(first - 1..last).unwrap_or_default();
    let text = escape_hidden(&wanted.join("\n")).into_owned() + "\n";
    let language = language(file);
    let number = u32::try_from(first).unwrap_or(u32::MAX);
    let shown = match wanted.is_empty() {
        true => Vec::new(),
        false => render::code(&text, language.as_deref(), number),
    };
    Ok(json!({
        "path": file.path,
        "language": language,
        "first": first,
        "last": last,
        "total": total,
        "lines": shown,
    }))
}

/// The name of a file's language, as the index has it; else its extension.
fn language(file: &ShownFile) -> Option<String> {
    if let Some(known) = language_of(&file.path, &file.text) {
        return Some(known.name.to_owned());
    }
    let name = file.path.rsplit('/').next().unwrap_or_default();
    let (stem, extension) = name.rsplit_once('.')?;
    (!stem.is_empty()).then(|| extension.to_lowercase())
}

#[derive(Debug, Deserialize)]
pub struct CompleteQuery {
    workspace: Option<String>,
    prefix: Option<String>,
}

pub async fn complete(
    State(server): State<Arc<Server>>,
    Parameters(query): Parameters<CompleteQuery>,
) -> Result<Json<Vec<String>>, ApiError> {
    let here = workspace(&server.shared, query.workspace.as_deref())?;
    if here.needs_leave_to_index() {
        return Ok(Json(Vec::new()));
    }
    let (lists, root) = (server.rooms.files.clone(), here.root().to_owned());
    let prefix = query.prefix.unwrap_or_default();
    let found = blocking(move || paths(&lists.of(&root), &prefix));
    found.await.map(Json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> ShownFile {
        ShownFile {
            path: "src/a.rs".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_range_of_lines_is_shown_as_far_as_it_goes() {
        let file = file("one\ntwo\nthree\n");
        for (start, end, first, last) in [
            (1, None, 1, 3),
            (2, Some(2), 2, 2),
            (2, Some(900), 2, 3),
            (0, Some(1), 1, 1),
        ] {
            let shown = lines(&file, start, end).expect("lines");
            assert_eq!(
                (&shown["first"], &shown["last"], &shown["total"]),
                (&json!(first), &json!(last), &json!(3))
            );
            let count = shown["lines"].as_array().map(Vec::len);
            assert_eq!(count, Some(last + 1 - first));
        }
        for (start, end) in [(4, None), (3, Some(2)), (9, Some(12))] {
            assert!(lines(&file, start, end).is_err(), "{start}");
        }
    }

    #[test]
    fn an_empty_file_has_no_lines() {
        let shown = lines(&file(""), 1, None).expect("lines");
        assert_eq!((&shown["total"], &shown["lines"]), (&json!(0), &json!([])));
    }

    #[test]
    fn a_language_is_told_by_the_name() {
        let language = |path: &str| {
            language(&ShownFile {
                path: path.to_owned(),
                text: String::new(),
            })
        };
        assert_eq!(language("src/a.rs").as_deref(), Some("rust"));
        assert_eq!(language("a.Unheard").as_deref(), Some("unheard"));
        assert_eq!(language(".unheard"), None);
        assert_eq!(language("Unheard"), None);
    }
}
