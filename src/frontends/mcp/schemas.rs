//! The schemas of structured results: all fields that `results` writes, and no others.

use serde_json::{Map, Value, json};

/// The result of `search_codebase`: that of `ollacode search --json`.
pub fn hits() -> Value {
    let hit = object(
        &[
            ("path", text()),
            ("start_line", number()),
            ("end_line", number()),
            ("language", text()),
            ("kind", text()),
            ("symbol", or_null("string")),
            ("scope", list(text())),
            ("score", json!({"type": "number"})),
            ("text", text()),
        ],
        &[
            ("copies", number()),
            ("line", number()),
            ("workspace", text()),
        ],
    );
    let index = object(
        &[
            ("files", number()),
            ("chunks", number()),
            ("embedded", number()),
            ("model", or_null("string")),
        ],
        &[],
    );
    let not_searched = object(
        &[
            ("empty_paths", list(text())),
            ("empty_languages", list(text())),
            ("not_indexed_yet", number()),
            ("unreadable", list(text())),
            (
                "skipped",
                json!({"type": "object", "additionalProperties": number()}),
            ),
            ("left_out", list(text())),
            ("ignored", number()),
            ("hidden", number()),
            ("words", list(text())),
        ],
        &[],
    );
    of_index(
        &[
            ("query", text()),
            ("took_ms", number()),
            (
                "mode",
                json!({"type": "string", "enum": ["hybrid", "lexical"]}),
            ),
            ("index", index),
            ("hits", list(hit)),
        ],
        &[("not_searched", not_searched)],
    )
}

pub fn symbol() -> Value {
    of_index(
        &[
            ("name", text()),
            ("definitions", list(definition())),
            ("mentions", list(line())),
        ],
        &[],
    )
}

pub fn references() -> Value {
    let within = object(
        &[
            ("path", text()),
            ("line", number()),
            ("text", text()),
            ("within", text()),
        ],
        &[],
    );
    of_index(
        &[
            ("name", text()),
            ("definitions", list(line())),
            ("uses", list(within)),
        ],
        &[],
    )
}

pub fn outline() -> Value {
    object(
        &[
            ("path", text()),
            ("lines", number()),
            ("definitions", list(definition())),
            ("cut", boolean()),
        ],
        &[],
    )
}

/// The result of `related_files`: that of `ollacode related --json`.
pub fn related() -> Value {
    let reason = object(
        &[("kind", text()), ("words", text())],
        &[("names", list(text())), ("count", number())],
    );
    let file = object(
        &[
            ("path", text()),
            ("score", json!({"type": "number"})),
            ("reasons", list(reason)),
        ],
        &[],
    );
    of_index(
        &[
            ("version", number()),
            ("path", text()),
            ("commits", or_null("integer")),
            ("files", list(file)),
        ],
        &[],
    )
}

pub fn lines() -> Value {
    object(
        &[
            ("path", text()),
            ("start_line", number()),
            ("end_line", number()),
            ("lines", number()),
            ("text", text()),
            ("cut", boolean()),
        ],
        &[],
    )
}

/// The result of `map`: that of `ollacode map --json`.
pub fn map() -> Value {
    let definition = object(
        &[
            ("name", text()),
            ("kind", text()),
            ("line", number()),
            ("signature", text()),
            ("uses", number()),
        ],
        &[],
    );
    let file = object(
        &[
            ("path", text()),
            ("language", or_null("string")),
            ("rank", json!({"type": "number"})),
            ("reason", text()),
            ("definitions", list(definition)),
        ],
        &[],
    );
    let aside = object(
        &[("folder", text()), ("role", text()), ("files", number())],
        &[],
    );
    of_index(
        &[
            ("version", number()),
            ("budget", number()),
            ("tokens", number()),
            ("files", list(file)),
            ("aside", list(aside)),
            ("left_out", number()),
            ("unread", number()),
        ],
        &[],
    )
}

pub fn status() -> Value {
    let workspace = object(
        &[
            ("name", text()),
            ("index_complete", boolean()),
            ("files_to_come", or_null("integer")),
            ("state", text()),
            ("files", number()),
            ("chunks", number()),
            ("embedded", number()),
            ("model", or_null("string")),
        ],
        &[],
    );
    object(&[("workspaces", list(workspace))], &[])
}

/// A schema whose results name their workspace, if there are several.
pub fn with_workspace(mut schema: Value, is_named: bool) -> Value {
    let is_of_all = schema["properties"].get("workspaces").is_some();
    if is_named && !is_of_all {
        schema["properties"]["workspace"] = text();
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!("workspace"));
        }
    }
    schema
}

/// What tools that search the index say besides.
fn of_index(fields: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut all = fields.to_vec();
    all.extend([
        ("notes", list(text())),
        ("index_complete", boolean()),
        ("files_to_come", or_null("integer")),
        ("cut", boolean()),
    ]);
    object(&all, optional)
}

fn definition() -> Value {
    object(
        &[
            ("path", text()),
            ("start_line", number()),
            ("end_line", number()),
            ("kind", text()),
            ("symbol", text()),
            ("scope", list(text())),
            ("signature", text()),
        ],
        &[],
    )
}

fn line() -> Value {
    object(
        &[("path", text()), ("line", number()), ("text", text())],
        &[],
    )
}

fn object(fields: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let mut properties = Map::new();
    for (name, schema) in fields.iter().chain(optional) {
        properties.insert((*name).to_owned(), schema.clone());
    }
    json!({"type": "object", "properties": properties, "required": required})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn boolean() -> Value {
    json!({"type": "boolean"})
}

fn or_null(kind: &str) -> Value {
    // Some clients know no lists of types.
    json!({"anyOf": [{"type": kind}, {"type": "null"}]})
}
