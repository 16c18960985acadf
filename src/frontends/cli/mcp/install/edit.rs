//! Settings with our server in them: everything else in the text stays as it is, byte by byte.
//!
//! Each format puts texts at places that its parser found. Then the result is read again: a text
//! that does not mean exactly what was wanted is not used.

use std::ops::Range;

use serde_json::Value;

use super::{json_text, toml_text, yaml_text};

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// With or without comments and commas at the end.
    Json,
    Toml,
    Yaml,
}

/// Where servers are in a file: an object, by names.
#[derive(Clone, Copy, Debug)]
pub struct ServerMap {
    pub key: &'static str,
    /// Some files have the servers in an object of this name below it.
    pub below: Option<&'static str>,
}

/// A server, as a client wants it.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: &'static str,
    pub fields: Vec<Field>,
}

/// A field of a server.
#[derive(Clone, Debug)]
pub struct Field {
    pub key: &'static str,
    /// A text, a number, a switch, a list of texts, or an empty object.
    pub value: Value,
    pub when: When,
}

/// When a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// Only if there was no such server: after that it is the user's.
    New,
    /// The same, where servers are not in a further object.
    NewAndNotBelow,
}

/// Why a text is not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CannotEdit(pub String);

/// Keys of a server that is reached in another way than by starting a program.
const ADDRESSES: [&str; 5] = ["url", "httpUrl", "serverUrl", "uri", "endpoint"];

/// A text in place of a part of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    pub range: Range<usize>,
    pub text: String,
}

impl ServerMap {
    pub const fn at(key: &'static str) -> ServerMap {
        ServerMap { key, below: None }
    }

    pub const fn or_below(self, below: &'static str) -> ServerMap {
        ServerMap {
            below: Some(below),
            ..self
        }
    }
}

impl Field {
    pub fn new(key: &'static str, value: Value, when: When) -> Field {
        Field { key, value, when }
    }
}

impl Entry {
    /// The fields of a server that is new.
    pub fn new_fields(&self, is_below: bool) -> Vec<&Field> {
        let is_wanted = |field: &&Field| !(is_below && field.when == When::NewAndNotBelow);
        self.fields.iter().filter(is_wanted).collect()
    }

    /// The fields that are ours even if the server is there already.
    pub fn kept_fields(&self) -> impl Iterator<Item = &Field> {
        self.fields
            .iter()
            .filter(|field| field.when == When::Always)
    }
}

/// A file with nothing but this server.
pub fn document(format: FileFormat, map: &ServerMap, entry: &Entry) -> String {
    match format {
        FileFormat::Json => json_text::document(map.key, entry),
        FileFormat::Toml => toml_text::document(map.key, entry),
        FileFormat::Yaml => yaml_text::document(map.key, entry),
    }
}

/// A text with this server in it; the same text if it is there already.
///
/// # Errors
///
/// The text is broken, or has something else where the server belongs.
pub fn with_entry(
    format: FileFormat,
    text: &str,
    map: &ServerMap,
    entry: &Entry,
) -> Result<String, CannotEdit> {
    if text.trim().is_empty() {
        return Ok(document(format, map, entry));
    }
    match format {
        FileFormat::Json => json_text::with_entry(text, map, entry),
        FileFormat::Toml => toml_text::with_entry(text, map.key, entry),
        FileFormat::Yaml => yaml_text::with_entry(text, map.key, entry),
    }
}

/// A value on one line, as all of these formats have it.
pub fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(Value::to_string).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

/// Refuses a server that has an address, by the names of its keys.
pub fn check_transport<'a>(
    keys: impl IntoIterator<Item = &'a str>,
    entry: &Entry,
) -> Result<(), CannotEdit> {
    let mut keys = keys.into_iter();
    match keys.find(|key| ADDRESSES.contains(key)) {
        None => Ok(()),
        Some(key) => Err(CannotEdit(format!(
            "its server `{}` has an address (`{key}`) rather than a command: remove it first",
            entry.name
        ))),
    }
}

/// The refusal of something else where an object is wanted.
pub fn not_an_object(name: &str) -> CannotEdit {
    CannotEdit(format!("its `{name}` has an unexpected form"))
}

/// What is said if a result does not mean what was wanted.
pub fn unsure() -> CannotEdit {
    CannotEdit("it is written in a way that is not edited safely".to_owned())
}

/// The number of the line of a place in a text, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// How a text ends its lines.
pub fn line_end(text: &str) -> &'static str {
    match text.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    }
}

/// A text with parts of it replaced. The parts do not overlap; those at the same place keep their
/// order.
pub fn replaced(text: &str, mut parts: Vec<Replacement>) -> String {
    parts.sort_by_key(|part| part.range.start);
    let mut out = String::with_capacity(text.len() + 256);
    let mut done = 0;
    for part in parts {
        out.push_str(&text[done..part.range.start]);
        out.push_str(&part.text);
        done = part.range.end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_on_one_line() {
        assert_eq!(inline(&json!("a\"\\ü")), r#""a\"\\ü""#);
        assert_eq!(inline(&json!(["mcp", "b c"])), r#"["mcp", "b c"]"#);
        assert_eq!(inline(&json!([])), "[]");
        assert_eq!(inline(&json!({})), "{}");
        assert_eq!(inline(&json!(true)), "true");
    }

    #[test]
    fn parts_are_replaced_from_the_first_to_the_last() {
        let part = |range: Range<usize>, text: &str| Replacement {
            range,
            text: text.to_owned(),
        };
        let parts = vec![
            part(3..4, "D"),
            part(1..1, "x"),
            part(1..1, "y"),
            part(4..4, "!"),
        ];
        assert_eq!(replaced("abcd", parts), "axybcD!");
        assert_eq!(replaced("abcd", Vec::new()), "abcd");
    }
}
