//! The HTTP API: everything below `/api`. `openapi.json` describes it, and a test compares both.
//!
//! Handlers read requests, ask rooms and workspaces, and write JSON. There is no agent logic here.

mod agent;
mod conversations;
mod error;
mod files;
mod history;
mod index;
mod models;
mod replies;
mod request;
mod search;
mod sessions;
mod state;

use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};

use super::Server;

const OPENAPI: &str = include_str!("openapi.json");

type Route = (&'static str, MethodRouter<Arc<Server>>);

/// The routes of the API.
pub fn api() -> Router<Arc<Server>> {
    let routes = gets().into_iter().chain(posts());
    routes.fold(Router::new(), |router, (path, handler)| {
        router.route(path, handler)
    })
}

fn gets() -> Vec<Route> {
    vec![
        ("/api/state", get(state::state)),
        ("/api/models", get(models::models)),
        ("/api/doctor", get(models::doctor)),
        ("/api/conversations/{id}", get(conversations::snapshot)),
        ("/api/conversations/{id}/events", get(conversations::events)),
        (
            "/api/conversations/{id}/changes",
            get(conversations::changes),
        ),
        ("/api/search", get(search::search)),
        ("/api/file", get(files::file)),
        ("/api/complete", get(files::complete)),
        ("/api/sessions", get(sessions::sessions)),
        ("/api/sessions/{id}/export", get(sessions::export)),
        ("/api/index", get(index::state)),
        ("/api/openapi.json", get(openapi)),
    ]
}

fn posts() -> Vec<Route> {
    vec![
        ("/api/conversations", post(conversations::open)),
        ("/api/conversations/{id}/ask", post(conversations::ask)),
        ("/api/conversations/{id}/stop", post(conversations::stop)),
        (
            "/api/conversations/{id}/unqueue",
            post(conversations::unqueue),
        ),
        (
            "/api/conversations/{id}/answer",
            post(conversations::answer),
        ),
        (
            "/api/conversations/{id}/command",
            post(conversations::command),
        ),
        ("/api/conversations/{id}/mode", post(conversations::mode)),
        (
            "/api/conversations/{id}/carry_out",
            post(conversations::carry_out),
        ),
        (
            "/api/conversations/{id}/revert",
            post(conversations::revert),
        ),
        ("/api/index", post(index::update)),
        ("/api/agent/chat", post(agent::chat)),
    ]
}

async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn described() -> Value {
        serde_json::from_str(OPENAPI).expect("JSON")
    }

    /// The paths that are described for a method.
    fn paths(method: &str) -> BTreeSet<String> {
        let described = described();
        let paths = described["paths"].as_object().expect("paths").clone();
        let has_it = paths.into_iter().filter(|(_, it)| !it[method].is_null());
        has_it.map(|(path, _)| path).collect()
    }

    fn served(routes: Vec<Route>) -> BTreeSet<String> {
        let paths = routes.into_iter().map(|(path, _)| path.to_owned());
        paths.collect()
    }

    #[test]
    fn the_description_has_every_route_and_no_other() {
        assert_eq!(paths("get"), served(gets()));
        assert_eq!(paths("post"), served(posts()));
        let described = described();
        assert_eq!(described["openapi"], "3.1.0");
        for (path, item) in described["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                assert!(["get", "post"].contains(&method.as_str()), "{path}");
                assert!(operation["summary"].is_string(), "{method} {path}");
                assert!(operation["responses"].is_object(), "{method} {path}");
                let parameters = operation["parameters"].as_array();
                let in_path = parameters.into_iter().flatten();
                let in_path = in_path
                    .filter(|parameter| parameter["in"] == "path")
                    .count();
                assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
                let has_body = operation["requestBody"].is_object();
                assert_eq!(has_body, method == "post", "{method} {path}");
            }
        }
    }

    /// Every `$ref` of a value.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if let ("$ref", Some(target)) = (name.as_str(), value.as_str()) {
                        found.push(target.to_owned());
                    }
                    references(value, found);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_in_the_description_leads_somewhere() {
        let described = described();
        let mut found = Vec::new();
        references(&described, &mut found);
        assert!(!found.is_empty());
        for target in found {
            let pointer = target.strip_prefix('#').expect("a place in the file");
            assert!(described.pointer(pointer).is_some(), "{target}");
        }
    }

    #[test]
    fn the_routes_do_not_overlap() {
        // It panics if they do.
        drop(api());
    }
}
