//! Puts a server into JSON, comments or not.

use serde_json::{Map, Value};

use super::edit::{
    CannotEdit, Entry, Field, Replacement, ServerMap, check_transport, inline, line_end,
    not_an_object, replaced, unsure,
};
use super::json_scan::{Member, Node, NodeKind, scan};

/// One step of indentation where a text shows none.
const STEP: &str = "  ";

/// A file with nothing but this server.
pub fn document(key: &str, entry: &Entry) -> String {
    let layout = Layout::Lines {
        indent: String::new(),
        step: STEP.to_owned(),
        end: "\n",
    };
    let path = [key, entry.name];
    layout.nested(&path, &entry.new_fields(false)) + "\n"
}

/// A text with this server in it.
pub fn with_entry(text: &str, map: &ServerMap, entry: &Entry) -> Result<String, CannotEdit> {
    let root = scan(text)?;
    let (path, parts) = edits(text, &root, map, entry)?;
    let after = replaced(text, parts);
    let wanted = wanted(root.to_value(), &path, entry);
    match scan(&after) {
        Ok(found) if found.to_value() == wanted => Ok(after),
        _ => Err(unsure()),
    }
}

/// What changes, and the names that lead to the server.
fn edits(
    text: &str,
    root: &Node,
    map: &ServerMap,
    entry: &Entry,
) -> Result<(Vec<&'static str>, Vec<Replacement>), CannotEdit> {
    let mut path = vec![map.key];
    let writer = Writer {
        text,
        step: step_of(text, root),
    };
    let mut object = root;
    let top = only(object, "top level", map.key)?;
    if let Some(servers) = top {
        object = &servers.value;
        let below = match map.below {
            Some(below) => only(object, map.key, below)?.zip(Some(below)),
            None => None,
        };
        // A server that is there already stays where it is.
        if let Some((found, name)) = below.filter(|(found, _)| is_server_map(&found.value))
            && only(object, map.key, entry.name)?.is_none()
        {
            object = &found.value;
            path.push(name);
        }
    }
    let is_below = path.len() > 1;
    let in_map = match top {
        Some(_) => only(object, path[path.len() - 1], entry.name)?,
        None => None,
    };
    path.push(entry.name);
    let parts = match in_map {
        Some(server) => writer.updated(&server.value, entry)?,
        None => {
            // From the object that exists on.
            let missing = match top {
                Some(_) => &path[path.len() - 1..],
                None => &path[..],
            };
            let fields = entry.new_fields(is_below);
            writer.added(object, missing, &fields)
        }
    };
    Ok((path, parts))
}

/// Whether an object has servers, rather than being one.
fn is_server_map(node: &Node) -> bool {
    node.members().is_some_and(|members| {
        let is_field = |member: &Member| ["type", "command", "url"].contains(&member.key.as_str());
        !members.iter().any(is_field)
    })
}

/// The member of an object with a name, if there is one.
fn only<'n>(object: &'n Node, shown: &str, key: &str) -> Result<Option<&'n Member>, CannotEdit> {
    let members = object.members().ok_or_else(|| not_an_object(shown))?;
    let mut found = members.iter().filter(|member| member.key == key);
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(CannotEdit(format!("`{key}` is there twice"))),
    }
}

/// What the text has to mean afterwards.
fn wanted(mut before: Value, path: &[&str], entry: &Entry) -> Value {
    let mut at = &mut before;
    for name in path {
        // Those before the last lead to objects, which was checked, or to nothing.
        at = &mut at[*name];
    }
    let fields: Vec<&Field> = match at.is_object() {
        true => entry.kept_fields().collect(),
        false => entry.new_fields(path.len() > 2),
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    for field in fields {
        at[field.key] = field.value.clone();
    }
    before
}

/// How an object is written.
#[derive(Clone)]
enum Layout {
    /// A member a line.
    Lines {
        indent: String,
        step: String,
        end: &'static str,
    },
    OneLine,
}

impl Layout {
    /// An object in an object, and so on, with the fields in the last one.
    fn nested(&self, path: &[&str], fields: &[&Field]) -> String {
        let inner = self.inner();
        match path.split_first() {
            Some((key, rest)) => {
                self.object(&[format!("\"{key}\": {}", inner.nested(rest, fields))])
            }
            None => {
                let fields: Vec<String> = fields.iter().map(|field| written(field)).collect();
                self.object(&fields)
            }
        }
    }

    /// One step further in.
    fn inner(&self) -> Layout {
        let mut inner = self.clone();
        if let Layout::Lines { indent, step, .. } = &mut inner {
            indent.push_str(step);
        }
        inner
    }

    fn object(&self, members: &[String]) -> String {
        match self {
            Layout::Lines { indent, step, end } => {
                let between = format!(",{end}{indent}{step}");
                format!(
                    "{{{end}{indent}{step}{}{end}{indent}}}",
                    members.join(&between)
                )
            }
            Layout::OneLine => format!("{{{}}}", members.join(", ")),
        }
    }
}

/// A field of a server.
fn written(field: &Field) -> String {
    format!("\"{}\": {}", field.key, inline(&field.value))
}

/// Writes into a text as it is written already.
struct Writer<'text> {
    text: &'text str,
    step: String,
}

impl Writer<'_> {
    /// A server that is there, with our fields.
    fn updated(&self, server: &Node, entry: &Entry) -> Result<Vec<Replacement>, CannotEdit> {
        let members = server.members().ok_or_else(|| not_an_object(entry.name))?;
        check_transport(members.iter().map(|member| member.key.as_str()), entry)?;
        let mut parts = Vec::new();
        let mut missing = Vec::new();
        for field in entry.kept_fields() {
            match only(server, entry.name, field.key)? {
                Some(member) if member.value.to_value() == field.value => {}
                Some(member) => parts.push(Replacement {
                    range: member.value.range.clone(),
                    text: inline(&field.value),
                }),
                None => missing.push(field),
            }
        }
        if !missing.is_empty() {
            let members: Vec<String> = missing.into_iter().map(written).collect();
            parts.extend(self.with_members(server, |_| members.clone()));
        }
        Ok(parts)
    }

    /// A server that is not there, in objects of which the first is a member of this one.
    fn added(&self, object: &Node, path: &[&str], fields: &[&Field]) -> Vec<Replacement> {
        let Some((key, rest)) = path.split_first() else {
            return Vec::new();
        };
        self.with_members(object, |layout| {
            vec![format!("\"{key}\": {}", layout.nested(rest, fields))]
        })
    }

    /// An object with more members after the others.
    fn with_members(
        &self,
        object: &Node,
        members: impl Fn(&Layout) -> Vec<String>,
    ) -> Vec<Replacement> {
        let NodeKind::Object {
            members: known,
            ends_with_comma,
        } = &object.kind
        else {
            return Vec::new();
        };
        let (open, close) = (object.range.start, object.range.end - 1);
        let inside = &self.text[open + 1..close];
        let last = known.last().map(|member| member.value.range.end);
        if let (Some(last), false) = (last, inside.contains('\n')) {
            let comma = if *ends_with_comma { "" } else { "," };
            // Behind the comma that may be there, and comments.
            let at = if *ends_with_comma {
                open + 1 + without_blank_end(inside).len()
            } else {
                last
            };
            let text = format!("{comma} {}", members(&Layout::OneLine).join(", "));
            return vec![Replacement {
                range: at..at,
                text,
            }];
        }
        self.with_lines(object, last.filter(|_| !ends_with_comma), members)
    }

    /// The same, a member a line. A comma is missing after `needs_comma`.
    fn with_lines(
        &self,
        object: &Node,
        needs_comma: Option<usize>,
        members: impl Fn(&Layout) -> Vec<String>,
    ) -> Vec<Replacement> {
        let (open, close) = (object.range.start, object.range.end - 1);
        let end = line_end(self.text);
        let outer = indent_at(self.text, open);
        let first = object.members().and_then(<[Member]>::first);
        let indent = match first {
            Some(member) if starts_line(self.text, member.start) => {
                indent_at(self.text, member.start).to_owned()
            }
            _ => format!("{outer}{}", self.step),
        };
        let layout = Layout::Lines {
            indent: indent.clone(),
            step: self.step.clone(),
            end,
        };
        let inside = &self.text[open + 1..close];
        let at = open + 1 + without_blank_end(inside).len();
        let between = format!(",{end}{indent}");
        let mut text = format!("{end}{indent}{}", members(&layout).join(&between));
        if !self.text[at..close].contains('\n') {
            text.push_str(end);
            text.push_str(outer);
        }
        let comma = |at: usize| Replacement {
            range: at..at,
            text: ",".to_owned(),
        };
        let mut parts: Vec<Replacement> = needs_comma.map(comma).into_iter().collect();
        parts.push(Replacement {
            range: at..at,
            text,
        });
        parts
    }
}

/// A part without the white space at its end. A comment may end with other white space.
fn without_blank_end(part: &str) -> &str {
    part.trim_end_matches([' ', '\t', '\r', '\n'])
}

/// The white space with which the line of a place starts.
fn indent_at(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
    let line = &text[start..at];
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    &line[..blank]
}

/// Whether a place is the first in its line.
fn starts_line(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |line| line + 1);
    text[start..at].trim().is_empty()
}

/// One step of indentation, as the first member shows it.
fn step_of(text: &str, root: &Node) -> String {
    let first = root.members().and_then(<[Member]>::first);
    let shown = first.filter(|member| starts_line(text, member.start));
    let shown = shown.map(|member| indent_at(text, member.start));
    let shown = shown.filter(|indent| !indent.is_empty());
    shown.unwrap_or(STEP).to_owned()
}

#[cfg(test)]
mod tests;
