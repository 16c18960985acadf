//! Puts a server into YAML: as the first of the others, which are the lines below a name without
//! indentation. Files that are written in another way are left alone.

use serde_json::Value;
use serde_yaml_ng::{Mapping, Value as Yaml};

use super::edit::{
    CannotEdit, Entry, Field, Replacement, check_transport, inline, line_end, not_an_object,
    replaced, unsure,
};

/// One step of indentation where a text shows none.
const STEP: &str = "  ";

/// A file with nothing but this server.
pub fn document(key: &str, entry: &Entry) -> String {
    format!("{key}:\n{}", block(STEP, entry, "\n"))
}

/// A text with this server in it.
pub fn with_entry(text: &str, key: &str, entry: &Entry) -> Result<String, CannotEdit> {
    let before = means(text)?;
    let top = match &before {
        Yaml::Mapping(top) => top.clone(),
        // Comments only.
        Yaml::Null => Mapping::new(),
        _ => return Err(not_an_object("top level")),
    };
    let servers = match top.get(key) {
        None | Some(Yaml::Null) => Mapping::new(),
        Some(Yaml::Mapping(servers)) => servers.clone(),
        Some(_) => return Err(not_an_object(key)),
    };
    if let Some(server) = servers.get(entry.name) {
        return is_there(server, entry).map(|()| text.to_owned());
    }
    let after = match (line_of_key(text, key), top.get(key)) {
        (Some(line), _) => replaced(text, vec![below(text, line, entry)]),
        (None, None) => with_block(text, key, entry),
        (None, Some(_)) => return Err(unsure()),
    };
    let wanted = wanted(top, servers, key, entry);
    match means(&after) {
        Ok(Yaml::Mapping(found)) if found == wanted => Ok(after),
        _ => Err(unsure()),
    }
}

fn means(text: &str) -> Result<Yaml, CannotEdit> {
    serde_yaml_ng::from_str(text).map_err(|error| CannotEdit(error.to_string()))
}

/// Whether a server that is there has our fields. It is not changed: where in the text they are is not
/// known.
fn is_there(server: &Yaml, entry: &Entry) -> Result<(), CannotEdit> {
    let Yaml::Mapping(server) = server else {
        return Err(not_an_object(entry.name));
    };
    check_transport(server.keys().filter_map(Yaml::as_str), entry)?;
    let mut fields = entry.kept_fields();
    let is_same = |field: &Field| server.get(field.key) == Some(&as_yaml(&field.value));
    match fields.find(|field| !is_same(field)) {
        None => Ok(()),
        Some(field) => Err(CannotEdit(format!(
            "its server `{}` has another `{}`",
            entry.name, field.key
        ))),
    }
}

/// The line that has just this key, without indentation; where it ends.
fn line_of_key(text: &str, key: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let rest = line
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix(':'));
        let rest = rest.map(str::trim);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) {
            return Some(at + line.len());
        }
        at += line.len();
    }
    None
}

/// Our server as the first below a line, indented as the next one.
fn below(text: &str, at: usize, entry: &Entry) -> Replacement {
    let end = line_end(text);
    let next = text[at..].lines().find(|line| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    });
    let indent = next.map(|line| &line[..line.len() - line.trim_start_matches(' ').len()]);
    let indent = indent.filter(|indent| !indent.is_empty()).unwrap_or(STEP);
    let gap = if text[..at].ends_with('\n') { "" } else { end };
    Replacement {
        range: at..at,
        text: format!("{gap}{}", block(indent, entry, end)),
    }
}

/// All servers, at the end of a text.
fn with_block(text: &str, key: &str, entry: &Entry) -> String {
    let end = line_end(text);
    let gap = if text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{key}:{end}{}", block(STEP, entry, end))
}

fn block(indent: &str, entry: &Entry, end: &str) -> String {
    let fields = entry.new_fields(false).into_iter();
    // Texts are written as in JSON, which YAML reads as the same.
    let fields = fields.map(|field| {
        format!(
            "{indent}{indent}{}: {}{end}",
            field.key,
            inline(&field.value)
        )
    });
    let fields: String = fields.collect();
    format!("{indent}{}:{end}{fields}", entry.name)
}

/// What the text has to mean afterwards.
fn wanted(mut top: Mapping, mut servers: Mapping, key: &str, entry: &Entry) -> Mapping {
    let mut server = Mapping::new();
    for field in entry.new_fields(false) {
        server.insert(Yaml::from(field.key), as_yaml(&field.value));
    }
    servers.insert(Yaml::from(entry.name), Yaml::Mapping(server));
    top.insert(Yaml::from(key), Yaml::Mapping(servers));
    top
}

fn as_yaml(value: &Value) -> Yaml {
    match value {
        Value::Null => Yaml::Null,
        Value::Bool(value) => Yaml::from(*value),
        Value::Number(number) => Yaml::from(number.as_i64().unwrap_or_default()),
        Value::String(text) => Yaml::from(text.as_str()),
        Value::Array(items) => Yaml::Sequence(items.iter().map(as_yaml).collect()),
        Value::Object(_) => Yaml::Mapping(Mapping::new()),
    }
}

#[cfg(test)]
mod tests;
