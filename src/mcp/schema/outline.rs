//! What a schema asks for: in a line, and as far as models are shown it.

use serde_json::{Map, Value, json};

use super::super::definitions::{is_plain, plain};
use super::{LISTED, SHOWN, Walk, alternatives, required, types};

/// Deepest objects whose members are named in a line.
const DEEPEST_NAMED: usize = 4;
/// Longest name of a type in a sentence, in bytes.
const LONGEST_KIND: usize = 160;
/// Largest schema that is shown to models, in bytes; larger ones are shown with less in them.
const MOST_SHOWN: usize = 4_000;
/// How deep a schema is shown, and how many characters of each description, until it is small enough.
const SIZES: [(usize, usize); 4] = [(6, 200), (3, 100), (1, 60), (1, 0)];

/// What the arguments are, in a line of about so many bytes:
/// `{"owner": string, "state": "open" | "closed" (optional)}`, or `none`.
pub fn outline(schema: &Value, most: usize) -> String {
    if has_none(schema) {
        return "none".to_owned();
    }
    let mut writer = Writer::new(schema, most);
    writer.write(schema, DEEPEST_NAMED);
    writer.finish()
}

/// Whether a schema names no arguments.
fn has_none(schema: &Value) -> bool {
    let properties = schema.get("properties").and_then(Value::as_object);
    let has_others = ["$ref", "anyOf", "oneOf", "allOf", "enum", "const"]
        .iter()
        .any(|key| schema.get(key).is_some());
    let kinds = types(schema);
    properties.is_none_or(Map::is_empty)
        && !has_others
        && kinds.iter().all(|kind| *kind == "object")
}

/// The type of a value, in a sentence.
pub(super) fn kind(root: &Value, schema: &Value) -> String {
    let mut writer = Writer::new(root, LONGEST_KIND);
    writer.write(schema, 0);
    writer.finish()
}

/// A schema as models are shown it: only the keywords that they know, references put in place, words of
/// the server made harmless and cut. It is the schema of an object, and has some thousand bytes at most.
pub fn shown(schema: &Value) -> Value {
    for (deepest, words) in SIZES {
        let mut copier = Copier {
            walk: Walk::new(schema),
            deepest,
            words,
        };
        let mut copy = copier.copy(schema, 0);
        copy.insert("type".to_owned(), json!("object"));
        copy.entry("properties").or_insert_with(|| json!({}));
        let copy = Value::Object(copy);
        if copy.to_string().len() <= MOST_SHOWN {
            return copy;
        }
    }
    json!({"type": "object", "properties": {}})
}

/// Writes a schema in a line.
struct Writer<'s> {
    walk: Walk<'s>,
    text: String,
    most: usize,
    /// How deep it is in the schema, in forms of forms, too.
    nesting: usize,
}

impl<'s> Writer<'s> {
    fn new(root: &'s Value, most: usize) -> Writer<'s> {
        Writer {
            walk: Walk::new(root),
            text: String::new(),
            most,
            nesting: 0,
        }
    }

    /// Whether there is no room for more.
    fn is_full(&self) -> bool {
        self.text.len() >= self.most
    }

    fn finish(mut self) -> String {
        if self.text.len() > self.most {
            let end = self.text.floor_char_boundary(self.most);
            self.text.truncate(end);
            self.text.push('…');
        }
        self.text
    }

    /// Writes the values that a schema allows; the members of objects down to a depth.
    fn write(&mut self, schema: &'s Value, depth: usize) {
        if self.is_full() || !self.walk.may_go(self.nesting) {
            return self.text.push('…');
        }
        self.nesting += 1;
        self.write_kinds(self.walk.resolved(schema), depth);
        self.nesting -= 1;
    }

    fn write_kinds(&mut self, schema: &'s Value, depth: usize) {
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.write_values(values);
        }
        if let Some(only) = schema.get("const") {
            return self.text.push_str(&super::shown_value(only));
        }
        let forms = alternatives(schema);
        if !forms.is_empty() && types(schema).is_empty() {
            for (at, form) in forms.iter().take(LISTED).enumerate() {
                self.text.push_str(if at > 0 { " | " } else { "" });
                self.write(form, depth);
            }
            return;
        }
        let kinds = types(schema);
        if kinds.is_empty() {
            self.text.push_str("any value");
        }
        for (at, kind) in kinds.into_iter().enumerate() {
            self.text.push_str(if at > 0 { " | " } else { "" });
            match kind {
                "object" => self.write_members(schema, depth),
                "array" => self.write_items(schema, depth),
                other => self.text.push_str(&plain(other, SHOWN)),
            }
        }
    }

    fn write_values(&mut self, values: &[Value]) {
        for (at, value) in values.iter().take(LISTED).enumerate() {
            self.text.push_str(if at > 0 { " | " } else { "" });
            self.text.push_str(&super::shown_value(value));
        }
        if values.len() > LISTED {
            let more = values.len() - LISTED;
            self.text.push_str(&format!(" | {more} more"));
        }
    }

    fn write_items(&mut self, schema: &'s Value, depth: usize) {
        match schema.get("items") {
            Some(items) if depth > 0 => {
                self.text.push('[');
                self.write(items, depth - 1);
                self.text.push(']');
            }
            _ => self.text.push_str("list"),
        }
    }

    /// Writes the members of an object, those first that must be there.
    fn write_members(&mut self, schema: &'s Value, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let Some(properties) = properties.filter(|_| depth > 0) else {
            return self.text.push_str("object");
        };
        let needed = required(schema);
        let is_needed = |name: &str| needed.contains(&name);
        let first = properties.iter().filter(|(name, _)| is_needed(name));
        let others = properties.iter().filter(|(name, _)| !is_needed(name));
        self.text.push('{');
        for (at, (name, of)) in first.chain(others).enumerate() {
            if self.is_full() {
                break;
            }
            self.text.push_str(if at > 0 { ", " } else { "" });
            self.text.push_str(&format!("\"{}\": ", plain(name, SHOWN)));
            self.write(of, depth - 1);
            if !is_needed(name) {
                self.text.push_str(" (optional)");
            }
        }
        self.text.push('}');
    }
}

/// Copies the harmless part of a schema.
struct Copier<'s> {
    walk: Walk<'s>,
    deepest: usize,
    /// Most characters of a description.
    words: usize,
}

impl<'s> Copier<'s> {
    fn copy(&mut self, schema: &'s Value, depth: usize) -> Map<String, Value> {
        let mut copy = Map::new();
        if !self.walk.may_go(depth) {
            return copy;
        }
        let schema = self.walk.resolved(schema);
        let words = schema.get("description").and_then(Value::as_str);
        if let Some(words) = words.filter(|words| self.words > 0 && !words.trim().is_empty()) {
            copy.insert("description".to_owned(), json!(plain(words, self.words)));
        }
        // What a library writes for an optional value says the same without its `null`.
        let schema = self.walk.main_form(schema);
        let kinds = types(schema)
            .into_iter()
            .filter(|kind| is_plain(kind, SHOWN));
        match kinds.collect::<Vec<&str>>().as_slice() {
            [] => {}
            [only] => drop(copy.insert("type".to_owned(), json!(only))),
            several => drop(copy.insert("type".to_owned(), json!(several))),
        }
        self.copy_values(schema, &mut copy);
        if depth < self.deepest {
            self.copy_members(schema, depth, &mut copy);
            if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
                let items = self.copy(items, depth + 1);
                copy.insert("items".to_owned(), Value::Object(items));
            }
            let forms = alternatives(schema).iter().take(LISTED);
            let forms: Vec<Value> = forms
                .map(|form| Value::Object(self.copy(form, depth + 1)))
                .collect();
            if !forms.is_empty() {
                copy.insert("anyOf".to_owned(), Value::Array(forms));
            }
        }
        copy
    }

    /// Values that are allowed, as far as they can be written by who reads them.
    fn copy_values(&self, schema: &Value, copy: &mut Map<String, Value>) {
        let is_harmless = |value: &&Value| match value {
            Value::String(text) => is_plain(text, SHOWN),
            Value::Array(_) | Value::Object(_) => false,
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        };
        let only = schema.get("const").map(std::slice::from_ref);
        let several = schema.get("enum").and_then(Value::as_array);
        let values = several.map(Vec::as_slice).or(only).unwrap_or_default();
        let values = values.iter().filter(is_harmless).take(LISTED * 4);
        let values: Vec<Value> = values.cloned().collect();
        if !values.is_empty() {
            copy.insert("enum".to_owned(), Value::Array(values));
        }
    }

    fn copy_members(&mut self, schema: &'s Value, depth: usize, copy: &mut Map<String, Value>) {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return;
        };
        let mut copied = Map::new();
        for (name, of) in properties.iter().filter(|(name, _)| is_plain(name, SHOWN)) {
            let of = self.copy(of, depth + 1);
            copied.insert(name.clone(), Value::Object(of));
        }
        let needed = required(schema).into_iter();
        let needed: Vec<&str> = needed.filter(|name| copied.contains_key(*name)).collect();
        if !needed.is_empty() {
            copy.insert("required".to_owned(), json!(needed));
        }
        if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
            copy.insert("additionalProperties".to_owned(), json!(false));
        }
        copy.insert("properties".to_owned(), Value::Object(copied));
    }
}
