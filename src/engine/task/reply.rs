//! Plans in replies that are held to a schema.

use serde_json::{Map, Value, json};

use super::{FEWEST_STEPS, MOST_STEPS, TaskStep};

/// The schema of a reply with the steps of a plan.
pub(in crate::engine) fn plan_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "steps": {
                "type": "array",
                "minItems": FEWEST_STEPS,
                "maxItems": MOST_STEPS,
                "items": {
                    "type": "object",
                    "properties": {
                        "text": {"type": "string"},
                        "files": {"type": "array", "items": {"type": "string"}},
                        "check": {"type": "string"},
                    },
                    "required": ["text", "files", "check"],
                },
            },
        },
        "required": ["steps"],
    })
}

/// The steps of such a reply; a step may also be a text alone.
pub(in crate::engine) fn steps_in_object(object: &Map<String, Value>) -> Vec<TaskStep> {
    let steps = object.get("steps").and_then(Value::as_array);
    steps.into_iter().flatten().filter_map(step).collect()
}

fn step(value: &Value) -> Option<TaskStep> {
    if let Some(text) = value.as_str() {
        return Some(TaskStep {
            text: text.to_owned(),
            ..TaskStep::default()
        });
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let files = value.get("files").and_then(Value::as_array);
    let files = files.into_iter().flatten().filter_map(Value::as_str);
    Some(TaskStep {
        text: text("text")?.to_owned(),
        files: files.map(str::to_owned).collect(),
        check: text("check").unwrap_or_default().to_owned(),
        ..TaskStep::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_from_an_object() {
        let object = json!({"steps": [
            {"text": "Add it", "files": ["a.rs", 3], "check": "cargo test"},
            {"text": "Look at it"},
            "Tell of it",
            {"files": []},
            7,
        ]});
        let steps = steps_in_object(object.as_object().expect("an object"));
        let told: Vec<(&str, usize, &str)> = steps
            .iter()
            .map(|step| (step.text.as_str(), step.files.len(), step.check.as_str()))
            .collect();
        let expected = [
            ("Add it", 1, "cargo test"),
            ("Look at it", 0, ""),
            ("Tell of it", 0, ""),
        ];
        assert_eq!(told, expected);
        assert!(steps_in_object(&Map::new()).is_empty());
    }
}
