//! What the model writes: it is asked once, held to a schema, and each of its sentences is checked.

use serde_json::{Map, Value, json};

use super::ground::Ground;
use super::material::Material;
use crate::engine::event::TurnEnd;
use crate::engine::jobs::JobRun;
use crate::engine::side::{SideError, SideReply, SideRequest};
use crate::message::Message;
use crate::model::budget::part;

/// What is asked.
const ASKED: &str = include_str!("words.md");
/// Added when the first reply was of no use.
const AGAIN: &str = "\n\nYour last reply could not be used. Reply with one JSON object with `what`, \
    `parts`, `conventions` and `pitfalls`, in short sentences, and nothing else.";
/// How often the model is asked.
const TRIES: usize = 2;
/// Most tokens of a reply.
const REPLY_TOKENS: u32 = 1_500;

const MOST_PARTS: usize = 12;
const MOST_CONVENTIONS: usize = 6;
const MOST_PITFALLS: usize = 5;
/// Most characters of the description.
const MOST_WHAT: usize = 500;

/// The words, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// What the project is; empty if nothing was left.
    pub what: String,
    /// Paths that exist, and what they are for.
    pub parts: Vec<(String, String)>,
    pub conventions: Vec<String>,
    pub pitfalls: Vec<String>,
    /// How many sentences were left out, since they named what does not exist.
    pub dropped: usize,
}

impl Words {
    pub fn is_empty(&self) -> bool {
        let Words {
            what,
            parts,
            conventions,
            pitfalls,
            dropped: _,
        } = self;
        what.is_empty() && parts.is_empty() && conventions.is_empty() && pitfalls.is_empty()
    }

    /// Reads a reply and checks it.
    pub fn read(object: &Map<String, Value>, ground: &Ground<'_>) -> Words {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let list = |name: &str| {
            let list = object.get(name).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let mut words = Words::default();
        let (what, dropped) = ground.checked(&object.get("what").map(text).unwrap_or_default());
        words.what = within(&what, MOST_WHAT);
        words.dropped = dropped;
        for part in list("parts") {
            words.add_part(&text(&part["path"]), &text(&part["does"]), ground);
        }
        for (name, most) in [
            ("conventions", MOST_CONVENTIONS),
            ("pitfalls", MOST_PITFALLS),
        ] {
            let mut kept: Vec<String> = Vec::new();
            for item in list(name) {
                let (item, dropped) = ground.checked(&text(&item));
                words.dropped += dropped;
                if !item.is_empty() && !kept.contains(&item) && kept.len() < most {
                    kept.push(item);
                }
            }
            match name {
                "conventions" => words.conventions = kept,
                _ => words.pitfalls = kept,
            }
        }
        words
    }

    fn add_part(&mut self, path: &str, does: &str, ground: &Ground<'_>) {
        let Some(path) = ground.path(path) else {
            self.dropped += 1;
            return;
        };
        // One sentence is asked for.
        let (does, dropped) = ground.first(does);
        self.dropped += dropped;
        let is_new = !self.parts.iter().any(|(known, _)| *known == path);
        if is_new && !does.is_empty() && self.parts.len() < MOST_PARTS {
            self.parts.push((path, does));
        }
    }
}

/// Whole sentences of a text up to a length in characters.
fn within(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let end = text
        .char_indices()
        .nth(most)
        .map_or(text.len(), |(at, _)| at);
    let end = text[..end].rfind(". ").map_or(0, |at| at + 1);
    text[..end].to_owned()
}

fn schema() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "properties": {
            "what": {"type": "string"},
            "parts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"path": {"type": "string"}, "does": {"type": "string"}},
                    "required": ["path", "does"],
                },
            },
            "conventions": texts.clone(),
            "pitfalls": texts,
        },
        "required": ["what", "parts", "conventions", "pitfalls"],
    })
}

/// The hash of what the words are written from: the same material is not asked about again. The map
/// is not in it, since it changes with every edit.
pub(super) fn source_of(material: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(ASKED.as_bytes());
    hasher.update(material.as_bytes());
    hasher.finalize().to_hex()[..8].to_owned()
}

/// Asks the model. `Err` within: why there are no words, for the user.
///
/// The outer error ends the job: it was stopped.
pub(super) async fn ask(
    job: &JobRun<'_, '_>,
    material: &Material,
) -> Result<Result<Map<String, Value>, String>, TurnEnd> {
    let schema = schema();
    let window = job.turn.window();
    let mut why = String::new();
    for attempt in 0..TRIES {
        let mut text = format!("{}{}", material.text, material.map);
        if attempt > 0 {
            text.push_str(AGAIN);
        }
        let [clean] = job.turn.redact_secret_values([text]).await?;
        let request = SideRequest {
            system: Some(ASKED),
            messages: vec![Message::user(clean)],
            schema: Some(&schema),
            reply_tokens: REPLY_TOKENS.min(part(window, 25)),
        };
        why = match job.ask_model(request).await {
            Ok(SideReply {
                object: Some(object),
                ..
            }) => return Ok(Ok(object)),
            Err(SideError::Stopped) => return Err(TurnEnd::Stopped),
            Err(SideError::Model(error)) => {
                let message = error.failure().message;
                if SideError::Model(error).is_hopeless() {
                    return Ok(Err(message));
                }
                message
            }
            Ok(_) | Err(SideError::Unfit { .. }) => {
                "its reply is not the object that was asked for".to_owned()
            }
        };
    }
    Ok(Err(format!("the model was asked {TRIES} times: {why}")))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::tests::facts;
    use super::*;
    use crate::jail::Jail;
    use crate::permission::Rules;

    #[test]
    fn words_are_checked_limited_and_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("src")).expect("a folder");
        fs::write(folder.path().join("src/main.rs"), "").expect("a file");
        let jail = Jail::open(folder.path()).expect("a jail");
        let (rules, facts) = (Rules::default(), facts());
        let ground = Ground::new(&jail, &rules, &facts);
        let object = json!({
            "what": "A shop. It lives in `lib/none.rs`.",
            "parts": [
                {"path": "src", "does": "All of it."},
                {"path": "src/", "does": "The same again."},
                {"path": "../up", "does": "Not ours."},
                {"path": "src/main.rs", "does": "See `src/none.rs`."},
                {"path": 7, "does": null},
                "no object",
            ],
            "conventions": vec!["One sentence."; 20],
            "pitfalls": (0..20).map(|n| format!("Trap {n}.")).collect::<Vec<String>>(),
        });
        let words = Words::read(object.as_object().expect("an object"), &ground);
        assert_eq!(words.what, "A shop.");
        assert_eq!(words.parts, [("src/".to_owned(), "All of it.".to_owned())]);
        assert_eq!(words.conventions, ["One sentence."]);
        assert_eq!(words.pitfalls.len(), MOST_PITFALLS);
        assert_eq!(words.dropped, 5);
        let none = Words::read(&Map::new(), &ground);
        assert!(none.is_empty());
        let odd = json!({"what": [1], "parts": "x", "pitfalls": {"a": 1}});
        let words = Words::read(odd.as_object().expect("an object"), &ground);
        assert!(words.is_empty(), "{words:?}");
    }

    #[test]
    fn a_long_description_ends_with_a_sentence() {
        assert_eq!(within("Short.", 10), "Short.");
        assert_eq!(within("One thing. Another thing.", 15), "One thing.");
        assert_eq!(within("no point at all", 5), "");
    }

    #[test]
    fn the_same_material_has_the_same_source() {
        let source = source_of("facts");
        assert_eq!(source, source_of("facts"));
        assert_ne!(source, source_of("other facts"));
        assert_eq!(source.len(), 8);
    }
}
