//! What a session said and did before the events that a room keeps, in the form of those events
//! without numbers. Replies count down from -1, so that they are none of the room's.

use std::path::Path;

use serde_json::{Value, json};

use crate::frontends::web::render;
use crate::frontends::web::room::event::make_visible;
use crate::session::history::{HistoryItem, history};
use crate::session::{SessionError, SessionId};

/// The first questions of a session, at most so many, with what followed each. It blocks.
pub fn events(folder: &Path, id: &SessionId, questions: u32) -> Result<Vec<Value>, SessionError> {
    if questions == 0 {
        return Ok(Vec::new());
    }
    let items = match history(folder, id, questions) {
        // Nothing was said in it yet.
        Err(SessionError::NotFound(_)) => Vec::new(),
        items => items?,
    };
    let mut shown = ShownHistory::default();
    for item in items {
        shown.add(item);
    }
    Ok(shown.events)
}

#[derive(Default)]
struct ShownHistory {
    events: Vec<Value>,
    reply: i64,
}

impl ShownHistory {
    fn add(&mut self, item: HistoryItem) {
        match item {
            HistoryItem::Question(text) => {
                self.push(json!({"event": "asked", "text": text, "attachments": []}));
            }
            HistoryItem::Reply { text, thinking } => self.reply(&text, &thinking),
            HistoryItem::Call {
                id,
                tool,
                what,
                outcome,
                result,
            } => {
                self.push(json!({"event": "tool_started", "id": id, "tool": tool, "what": what}));
                self.push(json!({
                    "event": "tool_finished",
                    "id": id,
                    "outcome": outcome,
                    "summary": "",
                    "detail": result,
                    "took_ms": null,
                }));
            }
            HistoryItem::Changed(path) => self.push(json!({"event": "changed", "path": path})),
            HistoryItem::Undid(turn) => {
                self.note(&format!("the changes of turn {turn} were undone"))
            }
            HistoryItem::Redid(turn) => {
                self.note(&format!("the changes of turn {turn} were redone"))
            }
            HistoryItem::Compacted => self.note("the conversation before this was summarized"),
            HistoryItem::Model(name) => self.note(&format!("switched to {name}")),
        }
    }

    fn reply(&mut self, text: &str, thinking: &str) {
        if !thinking.trim().is_empty() {
            self.push(json!({"event": "thinking", "text": thinking}));
        }
        if text.trim().is_empty() {
            return;
        }
        self.reply -= 1;
        for (block, node) in render::markdown(text).iter().enumerate() {
            let node = serde_json::to_value(node).unwrap_or_default();
            self.events.push(json!({
                "event": "block",
                "reply": self.reply,
                "block": block,
                "node": node,
            }));
        }
    }

    fn note(&mut self, text: &str) {
        self.push(json!({"event": "notice", "text": text}));
    }

    fn push(&mut self, mut event: Value) {
        make_visible(&mut event);
        self.events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_form_of_events() {
        let mut shown = ShownHistory::default();
        for item in [
            HistoryItem::Question("Is it\u{202e}?".to_owned()),
            HistoryItem::Reply {
                text: String::new(),
                thinking: "Hm.".to_owned(),
            },
            HistoryItem::Call {
                id: "c1".to_owned(),
                tool: "read_file".to_owned(),
                what: "a.rs".to_owned(),
                outcome: "interrupted",
                result: String::new(),
            },
            HistoryItem::Reply {
                text: "It is.\n\nAlso.".to_owned(),
                thinking: String::new(),
            },
            HistoryItem::Undid(1),
        ] {
            shown.add(item);
        }
        let names: Vec<&str> = shown
            .events
            .iter()
            .filter_map(|event| event["event"].as_str())
            .collect();
        assert_eq!(
            names,
            [
                "asked",
                "thinking",
                "tool_started",
                "tool_finished",
                "block",
                "block",
                "notice"
            ]
        );
        assert_eq!(shown.events[0]["text"], "Is it\\u{202e}?");
        assert_eq!(shown.events[3]["outcome"], "interrupted");
        let blocks: Vec<(i64, u64)> = shown.events[4..6]
            .iter()
            .filter_map(|event| Some((event["reply"].as_i64()?, event["block"].as_u64()?)))
            .collect();
        assert_eq!(blocks, [(-1, 0), (-1, 1)]);
    }
}
