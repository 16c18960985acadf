//! Checks values against the schemas of our tools: of JSON Schema it knows what those use, and refuses
//! fields that no schema describes.

use serde_json::Value;

/// What is wrong with a value; nothing if it fits.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice: &Value| faults(choice, value).is_empty();
        if !choices.iter().any(fits) {
            found.push(format!("{place}: {value} fits none of {choices:?}"));
        }
        return;
    }
    if let Some(choices) = schema["enum"].as_array()
        && !choices.contains(value)
    {
        found.push(format!("{place}: {value} is none of {choices:?}"));
    }
    let kind = schema["type"].as_str().expect("a schema has a type");
    let has_kind = match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    };
    if !has_kind {
        found.push(format!("{place}: {value} is no {kind}"));
        return;
    }
    if schema["minimum"]
        .as_i64()
        .is_some_and(|least| value.as_i64().is_some_and(|number| number < least))
    {
        found.push(format!("{place}: {value} is too small"));
    }
    for (number, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{place}[{number}]"), found);
    }
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if value.get(name).is_none() {
            found.push(format!("{place}: `{name}` is missing"));
        }
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let inside = format!("{place}.{name}");
        match schema["properties"].get(name) {
            Some(schema) => check(schema, field, &inside, found),
            None if schema["additionalProperties"].is_object() => {
                check(&schema["additionalProperties"], field, &inside, found);
            }
            None => found.push(format!("{inside} is not described")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "lines": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            },
            "required": ["name"],
        });
        assert!(faults(&schema, &json!({"name": null, "lines": [1, 2]})).is_empty());
        for (value, expected) in [
            (json!({"lines": []}), "`name` is missing"),
            (json!({"name": 1}), "fits none of"),
            (
                json!({"name": "a", "lines": [1, -1]}),
                ".lines[1]: -1 is too small",
            ),
            (json!({"name": "a", "lines": ["x"]}), "\"x\" is no integer"),
            (json!({"name": "a", "more": 1}), ".more is not described"),
            (json!([]), "is no object"),
        ] {
            let faults = faults(&schema, &value);
            assert!(
                faults.iter().any(|fault| fault.contains(expected)),
                "{value}: {faults:?}"
            );
        }
    }
}
