//! Puts a server into TOML, as a table with a header of its own.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::edit::{
    CannotEdit, Entry, Field, Replacement, check_transport, inline, line_end, line_of,
    not_an_object, replaced, unsure,
};

/// A file with nothing but this server.
pub fn document(key: &str, entry: &Entry) -> String {
    block(key, entry, "\n")
}

/// A text with this server in it.
pub fn with_entry(text: &str, key: &str, entry: &Entry) -> Result<String, CannotEdit> {
    let parsed = DeTable::parse(text).map_err(|error| broken(text, &error))?;
    let servers = parsed.get_ref().get(key);
    let servers = servers.map(|servers| table(servers.get_ref(), key));
    let server = servers.transpose()?.and_then(|it| it.get(entry.name));
    let after = match server {
        None => with_block(text, key, entry),
        Some(server) => {
            let found = table(server.get_ref(), entry.name)?;
            check_transport(found.keys().map(|key| &**key.get_ref()), entry)?;
            let parts = updates(text, (found, server.span()), entry)?;
            replaced(text, parts)
        }
    };
    let is_new = server.is_none();
    let wanted = means(text).map(|before| wanted(before, key, entry, is_new));
    let found = means(&after);
    if found.is_some() && found == wanted {
        Ok(after)
    } else {
        Err(unsure())
    }
}

fn broken(text: &str, error: &toml::de::Error) -> CannotEdit {
    let line = line_of(text, error.span().map_or(0, |span| span.start));
    CannotEdit(format!("line {line}: {}", error.message()))
}

fn table<'t, 'i>(value: &'t DeValue<'i>, name: &str) -> Result<&'t DeTable<'i>, CannotEdit> {
    value.as_table().ok_or_else(|| not_an_object(name))
}

/// The fields of a server that is there, where they differ.
fn updates(
    text: &str,
    (server, header): (&DeTable<'_>, Range<usize>),
    entry: &Entry,
) -> Result<Vec<Replacement>, CannotEdit> {
    let mut parts = Vec::new();
    let mut missing = String::new();
    for field in entry.kept_fields() {
        match server.get(field.key) {
            Some(value) if is_same(value.get_ref(), &field.value) => {}
            Some(value) => parts.push(Replacement {
                range: value.span(),
                text: inline(&field.value),
            }),
            None => {
                missing.push_str(line_end(text));
                missing.push_str(&written(field));
            }
        }
    }
    if !missing.is_empty() {
        // Only a table with a header has a line below which fields can be put.
        if !text[header.clone()].starts_with('[') {
            return Err(unsure());
        }
        let line = &text[header.end..];
        let line = line.split('\n').next().unwrap_or(line).trim_end();
        let at = header.end + line.len();
        parts.push(Replacement {
            range: at..at,
            text: missing,
        });
    }
    Ok(parts)
}

fn is_same(found: &DeValue<'_>, wanted: &Value) -> bool {
    match (found, wanted) {
        (DeValue::String(found), Value::String(wanted)) => **found == **wanted,
        (DeValue::Boolean(found), Value::Bool(wanted)) => found == wanted,
        (DeValue::Array(found), Value::Array(wanted)) => {
            let mut pairs = found.iter().zip(wanted);
            found.len() == wanted.len() && pairs.all(|(one, other)| is_same(one.get_ref(), other))
        }
        _ => false,
    }
}

/// The table of a server that is new, at the end of a text.
fn with_block(text: &str, key: &str, entry: &Entry) -> String {
    let end = line_end(text);
    let gap = if text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{end}{}", block(key, entry, end))
}

fn block(key: &str, entry: &Entry, end: &str) -> String {
    let fields = entry.new_fields(false);
    let fields = fields.into_iter().map(|field| written(field) + end);
    let fields: String = fields.collect();
    format!("[{key}.{}]{end}{fields}", entry.name)
}

/// Texts are written as in JSON, which TOML reads as the same.
fn written(field: &Field) -> String {
    format!("{} = {}", field.key, inline(&field.value))
}

/// What a text means.
fn means(text: &str) -> Option<toml::Table> {
    toml::from_str(text).ok()
}

/// What the text has to mean afterwards.
fn wanted(mut top: toml::Table, key: &str, entry: &Entry, is_new: bool) -> toml::Table {
    if let Some(server) = table_in(&mut top, key).and_then(|it| table_in(it, entry.name)) {
        let fields: Vec<&Field> = match is_new {
            true => entry.new_fields(false),
            false => entry.kept_fields().collect(),
        };
        for field in fields {
            server.insert(field.key.to_owned(), as_toml(&field.value));
        }
    }
    top
}

/// The table of a name, which is made if it is missing.
fn table_in<'t>(table: &'t mut toml::Table, key: &str) -> Option<&'t mut toml::Table> {
    let found = table.entry(key.to_owned());
    let found = found.or_insert_with(|| toml::Value::Table(toml::Table::new()));
    found.as_table_mut()
}

fn as_toml(value: &Value) -> toml::Value {
    match value {
        Value::Bool(value) => toml::Value::Boolean(*value),
        Value::Number(number) => toml::Value::Integer(number.as_i64().unwrap_or_default()),
        Value::Array(items) => toml::Value::Array(items.iter().map(as_toml).collect()),
        Value::Object(_) | Value::Null => toml::Value::Table(toml::Table::new()),
        Value::String(text) => toml::Value::String(text.clone()),
    }
}

#[cfg(test)]
mod tests;
