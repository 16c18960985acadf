//! Arguments that almost fit a schema, made to fit where only one meaning is possible.

use serde_json::{Map, Number, Value};

use super::{LISTED, Walk, is_of, required, same};

/// Largest integer that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl<'s> Walk<'s> {
    /// Whether a value that stands for none is one that is allowed.
    fn takes(&self, schema: &'s Value, value: &Value, kind: &str) -> bool {
        let schema = self.resolved(schema);
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.contains(value);
        }
        let wanted = self.wanted(schema);
        wanted.is_empty() || wanted.contains(&kind)
    }

    /// Converts a value, and what is in it.
    pub(super) fn mend(&mut self, schema: &'s Value, value: &mut Value, depth: usize) {
        if !self.may_go(depth) {
            return;
        }
        let wanted = self.wanted(self.resolved(schema));
        let schema = self.main_form(schema);
        if let Some(better) = self.converted(schema, &wanted, value) {
            *value = better;
        }
        match value {
            Value::Object(members) => {
                let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                    return;
                };
                rename_like(members, properties);
                let required = required(schema);
                members.retain(|name, value| {
                    let Some((of, kind)) = properties.get(name).zip(nothing(value)) else {
                        return true;
                    };
                    required.contains(&name.as_str()) || self.takes(of, value, kind)
                });
                for (name, value) in members.iter_mut() {
                    if let Some(of) = properties.get(name) {
                        self.mend(of, value, depth + 1);
                    }
                }
            }
            Value::Array(items) => {
                if let Some(of) = schema.get("items") {
                    for item in items {
                        self.mend(of, item, depth + 1);
                    }
                }
            }
            _ => {}
        }
    }

    /// A value as another type that is wanted in its place; `None` if it stays.
    fn converted(&self, schema: &'s Value, wanted: &[&str], value: &Value) -> Option<Value> {
        if wanted.is_empty() || wanted.iter().any(|kind| is_of(value, kind)) {
            return whole_float(wanted, value);
        }
        let takes_list = wanted.contains(&"array");
        let read = match value {
            Value::String(text) => read_text(text.trim(), wanted),
            Value::Number(_) | Value::Bool(_) if wanted.contains(&"string") => {
                Some(Value::String(value.to_string()))
            }
            _ => None,
        };
        read.or_else(|| {
            let items = schema.get("items").map(|items| self.resolved(items));
            let of_items = items.map(|items| self.wanted(items)).unwrap_or_default();
            let fits = of_items.is_empty() || of_items.iter().any(|kind| is_of(value, kind));
            let is_one = takes_list && fits && !value.is_null();
            is_one.then(|| Value::Array(vec![value.clone()]))
        })
    }
}

/// 5 for 5.0 where an integer is wanted.
fn whole_float(wanted: &[&str], value: &Value) -> Option<Value> {
    let is_wanted = wanted.contains(&"integer") && !wanted.contains(&"number");
    let float = value.as_f64().filter(|_| is_wanted && value.is_f64())?;
    let is_exact = float.fract() == 0.0 && float.abs() <= EXACT;
    is_exact.then(|| Value::Number(Number::from(float as i64)))
}

/// The type of a value that models write for none.
fn nothing(value: &Value) -> Option<&'static str> {
    const WORDS: [&str; 4] = ["", "null", "none", "undefined"];
    match value {
        Value::Null => Some("null"),
        Value::String(text) => {
            let is_nothing = WORDS.contains(&text.trim().to_ascii_lowercase().as_str());
            is_nothing.then_some("string")
        }
        _ => None,
    }
}

/// A text that says a value of another type.
fn read_text(text: &str, wanted: &[&str]) -> Option<Value> {
    let lower = text.to_ascii_lowercase();
    let read = match lower.as_str() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "none" => Some(Value::Null),
        _ => serde_json::from_str(text).ok(),
    };
    let read = read.filter(|read: &Value| wanted.iter().any(|kind| is_of(read, kind)))?;
    Some(whole_float(wanted, &read).unwrap_or(read))
}

/// Corrects names that are those of properties but for capitals and separators; the order stays.
fn rename_like(members: &mut Map<String, Value>, properties: &Map<String, Value>) {
    let is_unknown = |(name, value): &(&String, &Value)| {
        !properties.contains_key(*name) && nothing(value).is_none()
    };
    let unknown = members.iter().filter(is_unknown).take(LISTED);
    let mut meant: Vec<(String, String)> = Vec::new();
    for (name, _) in unknown {
        let mut like = properties.keys().filter(|known| same(known) == same(name));
        if let (Some(known), None) = (like.next(), like.next())
            && !members.contains_key(known)
            && !meant.iter().any(|(_, taken)| taken == known)
        {
            meant.push((name.clone(), known.clone()));
        }
    }
    if meant.is_empty() {
        return;
    }
    let renamed = std::mem::take(members).into_iter().map(|(name, value)| {
        let known = meant.iter().find(|(given, _)| *given == name);
        (known.map_or(name, |(_, known)| known.clone()), value)
    });
    *members = renamed.collect();
}
