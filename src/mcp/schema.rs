//! Arguments against the JSON schema of a tool: mended where only one meaning is possible, then checked.
//!
//! Schemas come from servers and arguments from models, so depth and work are bounded. What is beyond a
//! bound, and every keyword that is not known here, is left for the server to refuse: the check is there
//! so that a model learns what was wrong, and gives no safety.

mod mending;
mod outline;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::definitions::plain;

pub use outline::{outline, shown};

/// Deepest nesting that is looked at.
const DEEPEST: usize = 24;
/// Most schemas that are looked at in a check, each as often as it is met.
const MOST_STEPS: usize = 20_000;
/// Most references that lead on to another one.
const MOST_LEADS: usize = 8;
/// Most faults that are told at once.
const MOST_FAULTS: usize = 5;
/// Most characters shown of a name or a value.
const SHOWN: usize = 60;
/// Most values or names that are listed.
const LISTED: usize = 12;
/// Most names that one is compared with.
const MOST_NEAR: usize = 500;

/// What a reference means that leads nowhere.
static ANYTHING: Value = Value::Bool(true);

/// Makes arguments fit a schema.
///
/// Names in another spelling are corrected, values converted to the type that is wanted if only one
/// meaning is possible (`"5"` to 5, a single value to a list of one), and `null` for what is optional is
/// taken away. Nothing is filled in.
///
/// # Errors
///
/// What is still wrong, in words for a model.
pub fn fitted(schema: &Value, arguments: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut arguments = Value::Object(arguments);
    Walk::new(schema).mend(schema, &mut arguments, 0);
    let mut faults = Vec::new();
    Walk::new(schema).check(schema, &arguments, "", 0, &mut faults);
    match arguments {
        Value::Object(arguments) if faults.is_empty() => Ok(arguments),
        _ => Err(faults.join("; ")),
    }
}

/// A way through a schema that ends.
struct Walk<'s> {
    root: &'s Value,
    steps: usize,
}

impl<'s> Walk<'s> {
    fn new(root: &'s Value) -> Walk<'s> {
        Walk { root, steps: 0 }
    }

    /// Counts a step; `false` if it would be too many, or too deep.
    fn may_go(&mut self, depth: usize) -> bool {
        self.steps += 1;
        self.steps <= MOST_STEPS && depth <= DEEPEST
    }

    /// The schema that a reference leads to; one that leads nowhere, or in a circle, allows anything.
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        for _ in 0..MOST_LEADS {
            let Some(lead) = schema.get("$ref").and_then(Value::as_str) else {
                return schema;
            };
            let target = lead
                .strip_prefix('#')
                .and_then(|path| self.root.pointer(path));
            schema = target.unwrap_or(&ANYTHING);
        }
        &ANYTHING
    }

    /// The one alternative that is not only `null`, where there is just one: how an optional value is
    /// written by many libraries.
    fn main_form(&self, schema: &'s Value) -> &'s Value {
        let schema = self.resolved(schema);
        let is_null = |form: &'s Value| types(self.resolved(form)) == ["null"];
        let mut others = alternatives(schema).iter().filter(|form| !is_null(form));
        match (others.next(), others.next()) {
            (Some(only), None) => self.resolved(only),
            _ => schema,
        }
    }

    /// The types that a value may have; empty if any.
    fn wanted(&self, schema: &'s Value) -> Vec<&'s str> {
        let own = types(schema);
        if !own.is_empty() {
            return own;
        }
        let mut all = Vec::new();
        for form in alternatives(schema) {
            let of_form = types(self.resolved(form));
            if of_form.is_empty() {
                return Vec::new();
            }
            all.extend(of_form);
        }
        all.dedup();
        all
    }

    /// Adds what is wrong with a value.
    fn check(
        &mut self,
        schema: &'s Value,
        value: &Value,
        path: &str,
        depth: usize,
        faults: &mut Vec<String>,
    ) {
        if faults.len() >= MOST_FAULTS || !self.may_go(depth) {
            return;
        }
        let schema = self.resolved(schema);
        if schema == &Value::Bool(false) {
            faults.push(format!("{} is not allowed", named(path)));
            return;
        }
        if let Some(fault) = fault_of_kind(schema, value) {
            faults.push(format!("{} {fault}", named(path)));
            return;
        }
        match value {
            Value::Object(members) => self.check_members(schema, members, path, depth, faults),
            Value::Array(items) => {
                if let Some(of) = schema.get("items") {
                    for (at, item) in items.iter().enumerate() {
                        self.check(of, item, &format!("{path}[{at}]"), depth + 1, faults);
                    }
                }
            }
            _ => {}
        }
        let all = schema.get("allOf").and_then(Value::as_array);
        for part in all.into_iter().flatten() {
            self.check(part, value, path, depth + 1, faults);
        }
        self.check_forms(schema, value, path, depth, faults);
    }

    fn check_members(
        &mut self,
        schema: &'s Value,
        members: &Map<String, Value>,
        path: &str,
        depth: usize,
        faults: &mut Vec<String>,
    ) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let of = |name: &str| properties.and_then(|all| all.get(name));
        for name in required(schema) {
            if faults.len() >= MOST_FAULTS {
                return;
            }
            if !members.contains_key(name) {
                let kind = of(name).map_or_else(String::new, |of| {
                    format!(": it must be {}", outline::kind(self.root, of))
                });
                faults.push(format!("{} is missing{kind}", named(&joined(path, name))));
            }
        }
        let others = schema.get("additionalProperties");
        let has_patterns = schema.get("patternProperties").is_some();
        for (name, value) in members {
            if faults.len() >= MOST_FAULTS {
                return;
            }
            match (of(name), others) {
                (Some(of), _) => self.check(of, value, &joined(path, name), depth + 1, faults),
                (None, Some(Value::Bool(false))) if !has_patterns => {
                    let known = properties.map(|all| all.keys().map(String::as_str).collect());
                    let known: Vec<&str> = known.unwrap_or_default();
                    let hint = match known.is_empty() {
                        true => "it takes no arguments".to_owned(),
                        false => hint(name, &known),
                    };
                    faults.push(format!(
                        "there is no {}; {hint}",
                        named(&joined(path, name))
                    ));
                }
                (None, Some(of @ Value::Object(_))) => {
                    self.check(of, value, &joined(path, name), depth + 1, faults);
                }
                (None, _) => {}
            }
        }
    }

    /// A value must fit one of several forms, where there are some.
    fn check_forms(
        &mut self,
        schema: &'s Value,
        value: &Value,
        path: &str,
        depth: usize,
        faults: &mut Vec<String>,
    ) {
        let forms = alternatives(schema);
        if forms.is_empty() {
            return;
        }
        let mut nearest: Option<Vec<String>> = None;
        for form in forms {
            let mut of_form = Vec::new();
            self.check(form, value, path, depth + 1, &mut of_form);
            if of_form.is_empty() {
                return;
            }
            // A form of the same type says best what is missing.
            let kinds = types(self.resolved(form));
            let is_near = kinds.is_empty() || kinds.iter().any(|kind| is_of(value, kind));
            if nearest.is_none() && is_near {
                nearest = Some(of_form);
            }
        }
        faults.extend(nearest.unwrap_or_else(|| {
            let kinds = forms.iter().take(LISTED);
            let kinds: Vec<String> = kinds.map(|form| outline::kind(self.root, form)).collect();
            vec![format!(
                "{} must be {}, not {}",
                named(path),
                kinds.join(" or "),
                described(value)
            )]
        }));
    }
}

/// What is wrong with a value as a whole: its type, or that it is none of those that are allowed.
fn fault_of_kind(schema: &Value, value: &Value) -> Option<String> {
    let types = types(schema);
    if !types.is_empty() && !types.iter().any(|kind| is_of(value, kind)) {
        let types: Vec<String> = types.iter().map(|kind| plain(kind, SHOWN)).collect();
        return Some(format!(
            "must be {}, not {}",
            types.join(" or "),
            described(value)
        ));
    }
    let one_of = schema.get("enum").and_then(Value::as_array);
    if let Some(values) = one_of.filter(|values| !values.contains(value)) {
        let listed = values.iter().take(LISTED).map(shown_value);
        let mut listed: Vec<String> = listed.collect();
        if values.len() > LISTED {
            listed.push(format!("{} more", values.len() - LISTED));
        }
        return Some(format!(
            "must be one of {}, not {}",
            listed.join(", "),
            described(value)
        ));
    }
    let only = schema.get("const").filter(|only| *only != value);
    if let Some(only) = only {
        return Some(format!(
            "must be {}, not {}",
            shown_value(only),
            described(value)
        ));
    }
    fault_of_size(schema, value)
}

/// What is wrong with a number, or with how long a text or a list is.
fn fault_of_size(schema: &Value, value: &Value) -> Option<String> {
    let (size, least, most, what) = match value {
        Value::Number(number) => (number.as_f64()?, "minimum", "maximum", ""),
        Value::String(text) => {
            let count = text.chars().take(usize::from(u16::MAX)).count();
            (count as f64, "minLength", "maxLength", " characters")
        }
        Value::Array(items) => (items.len() as f64, "minItems", "maxItems", " entries"),
        _ => return None,
    };
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (bound, side) = match (bound(least), bound(most)) {
        (Some(least), _) if size < least => (least, "at least"),
        (_, Some(most)) if size > most => (most, "at most"),
        _ => return None,
    };
    Some(match what {
        "" => format!("must be {side} {bound}, not {size}"),
        what => format!("must have {side} {bound}{what}, and has {size}"),
    })
}

/// The types that a schema names itself.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(only)) => vec![only.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("properties").is_some() => vec!["object"],
        _ => Vec::new(),
    }
}

/// The forms of which one is enough.
fn alternatives(schema: &Value) -> &[Value] {
    let forms = schema.get("anyOf").or_else(|| schema.get("oneOf"));
    forms.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The names that must be there.
fn required(schema: &Value) -> Vec<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    names.collect()
}

/// Whether a value has a type. Types that are not known are for the server to judge.
fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|it| it.fract() == 0.0)
        }
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}

/// A name without what models vary.
fn same(name: &str) -> String {
    let letters = name.chars().filter(|sign| !"_- ".contains(*sign));
    letters.flat_map(char::to_lowercase).collect()
}

/// The path of a member.
fn joined(path: &str, name: &str) -> String {
    let name = plain(name, SHOWN);
    match path {
        "" => name,
        path => format!("{path}.{name}"),
    }
}

/// A path in a sentence.
fn named(path: &str) -> String {
    match path {
        "" => "the whole".to_owned(),
        path => format!("`{path}`"),
    }
}

/// What a name may have meant, or the names that there are.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    let distance = |known: &str| strsim::damerau_levenshtein(&same(known), &same(name));
    // Comparing long names takes long.
    let short = known
        .iter()
        .filter(|it| it.len() <= SHOWN && name.len() <= SHOWN);
    let nearest = short.take(MOST_NEAR).min_by_key(|known| distance(known));
    match nearest.filter(|known| distance(known) * 2 <= known.len()) {
        Some(nearest) => format!("did you mean `{}`?", plain(nearest, SHOWN)),
        None => {
            let listed = known.iter().take(LISTED);
            let listed: Vec<String> = listed.map(|it| format!("`{}`", plain(it, SHOWN))).collect();
            format!("there are {}", listed.join(", "))
        }
    }
}

/// A value that is allowed, as a model may write it.
fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) => format!("\"{}\"", plain(text, SHOWN)),
        Value::Array(_) | Value::Object(_) => "a certain value".to_owned(),
        other => other.to_string(),
    }
}

/// A value that was given, in a sentence.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("the string \"{}\"", plain(text, SHOWN)),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}
