//! Objects in a reply that should be one: alone, in a fence, or with words around them.

use serde_json::{Map, Value};

use super::json::{self, JsonReading, PartialReason};

/// Most places at which an object is looked for: each try may read all of the text.
const MOST_TRIES: usize = 32;

/// The objects that stand in a text, in order, without those within others. What cannot be read
/// is passed over.
pub fn objects_in(text: &str) -> Vec<Map<String, Value>> {
    let mut found = Vec::new();
    let mut from = 0;
    for _ in 0..MOST_TRIES {
        let Some(next) = text[from..].find('{') else {
            break;
        };
        let start = from + next;
        match json::read(&text[start..]) {
            JsonReading::Whole { value, end } => {
                if let Value::Object(object) = value {
                    found.push(object);
                }
                from = start + end;
            }
            // What is within an object that has no end is only a part of it.
            JsonReading::Partial(partial) if partial.stop == PartialReason::EndOfText => break,
            JsonReading::Partial(_) => from = start + 1,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_whatever_stands_around_it() {
        for text in [
            "{\"a\": 1}",
            "```json\n{\"a\": 1,}\n```",
            "Here {it} is: {'a': 1}. Anything else?",
        ] {
            let found: Vec<Value> = objects_in(text).into_iter().map(Value::Object).collect();
            assert_eq!(found, [json!({"a": 1})], "{text}");
        }
        let several = objects_in("{\"a\": {\"b\": 1}} and {\"c\": 2}");
        assert_eq!(several.len(), 2, "{several:?}");
    }

    #[test]
    fn an_object_without_its_end_is_none() {
        for text in ["", "none", "{", "{\"a\": {\"b\": 1}", "{\"a\": \"b", "[1]"] {
            assert!(objects_in(text).is_empty(), "{text}");
        }
        assert!(objects_in(&"{x".repeat(100_000)).is_empty());
    }
}
