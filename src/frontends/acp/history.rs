//! What was said and done in a session, as updates that show it again. It reads and writes nothing.

use std::path::Path;

use agent_client_protocol::v1::schema::{
    ContentChunk, MessageId, SessionUpdate, ToolCall, ToolCallContent, ToolCallId, ToolCallStatus,
    ToolKind,
};

use super::calls;
use crate::session::history::HistoryItem;
use crate::text::fenced;
use crate::visible::{escape_hidden, visible_name};

/// The updates of a whole session, in order. `prefix` tells their ids from those of other replays.
pub fn replayed(root: &Path, prefix: &str, items: &[HistoryItem]) -> Vec<SessionUpdate> {
    let mut replay = Replay {
        root,
        prefix,
        messages: 0,
        updates: Vec::new(),
    };
    for item in items {
        replay.item(item);
    }
    replay.updates
}

struct Replay<'a> {
    root: &'a Path,
    prefix: &'a str,
    messages: u64,
    updates: Vec<SessionUpdate>,
}

impl Replay<'_> {
    fn item(&mut self, item: &HistoryItem) {
        match item {
            HistoryItem::Question(text) => {
                let chunk = self.chunk(text);
                self.updates.push(SessionUpdate::UserMessageChunk(chunk));
            }
            HistoryItem::Reply { text, thinking } => {
                if !thinking.trim().is_empty() {
                    let chunk = self.chunk(thinking);
                    self.updates.push(SessionUpdate::AgentThoughtChunk(chunk));
                }
                if !text.trim().is_empty() {
                    self.say(text);
                }
            }
            HistoryItem::Call {
                id,
                tool,
                what,
                outcome,
                result,
            } => {
                let call = self.call(id, tool, what, (outcome, result));
                self.updates.push(SessionUpdate::ToolCall(call));
            }
            // The call that did it stands there already.
            HistoryItem::Changed(_) => {}
            HistoryItem::Undid(turn) => self.note(&undone_words("undone", *turn)),
            HistoryItem::Redid(turn) => self.note(&undone_words("redone", *turn)),
            HistoryItem::Compacted => self.note("the conversation was compacted"),
            HistoryItem::Model(name) => {
                self.note(&format!("the model from here on: {}", visible_name(name)))
            }
        }
    }

    fn say(&mut self, text: &str) {
        let chunk = self.chunk(text);
        self.updates.push(SessionUpdate::AgentMessageChunk(chunk));
    }

    fn note(&mut self, text: &str) {
        self.say(&format!("> {text}"));
    }

    /// A message of its own. Editors that know no ids join those that follow each other.
    fn chunk(&mut self, text: &str) -> ContentChunk {
        self.messages += 1;
        let id = MessageId::new(format!("{}-{}", self.prefix, self.messages));
        let text = format!("{}\n\n", escape_hidden(text.trim()));
        ContentChunk::new(text.into()).message_id(id)
    }

    fn call(&self, id: &str, tool: &str, what: &str, (outcome, result): (&str, &str)) -> ToolCall {
        let kind = calls::kind(tool);
        let status = match outcome {
            "done" => ToolCallStatus::Completed,
            _ => ToolCallStatus::Failed,
        };
        let result = escape_hidden(result.trim());
        let result = match (kind, outcome) {
            (_, "interrupted") => "interrupted: its result is unknown".to_owned(),
            (_, "denied" | "failed") => result.into_owned(),
            _ if result.is_empty() => String::new(),
            _ => fenced(&result, ""),
        };
        let content = (!result.is_empty()).then(|| ToolCallContent::from(result));
        let is_of_file = matches!(kind, ToolKind::Read | ToolKind::Edit | ToolKind::Delete);
        let path = Some(what).filter(|what| is_of_file && !what.starts_with('{'));
        let location = path.and_then(|path| calls::location(self.root, path, None));
        ToolCall::new(ToolCallId::new(id), calls::title(tool, what))
            .name(tool.to_owned())
            .kind(kind)
            .status(status)
            .content(content.into_iter().collect())
            .locations(location.into_iter().collect())
    }
}

fn undone_words(what: &str, turn: u32) -> String {
    format!("the changes of turn {turn} were {what}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(id: &str, tool: &str, what: &str, outcome: &'static str, result: &str) -> HistoryItem {
        HistoryItem::Call {
            id: id.to_owned(),
            tool: tool.to_owned(),
            what: what.to_owned(),
            outcome,
            result: result.to_owned(),
        }
    }

    #[test]
    fn a_session_is_shown_again_as_it_was() {
        let items = [
            HistoryItem::Question("Fix it\u{202e}".to_owned()),
            HistoryItem::Reply {
                text: "I look.\n".to_owned(),
                thinking: "Hm.".to_owned(),
            },
            call("c1", "read_file", "src/a.rs", "done", "1→a\n"),
            call("c2", "run_command", "make", "denied", "denied by the user"),
            call("c3", "run_command", "make", "interrupted", ""),
            HistoryItem::Changed("src/a.rs".to_owned()),
            HistoryItem::Undid(1),
            HistoryItem::Compacted,
            HistoryItem::Model("other:1b".to_owned()),
        ];
        let chunk = |kind: &str, number: u32, text: &str| {
            json!({"sessionUpdate": kind, "messageId": format!("r-{number}"),
                "content": {"type": "text", "text": text}})
        };
        let text =
            |text: &str| json!([{"type": "content", "content": {"type": "text", "text": text}}]);
        let updates = replayed(Path::new("/w"), "r", &items);
        let updates: Vec<serde_json::Value> = updates
            .iter()
            .map(|update| serde_json::to_value(update).expect("JSON"))
            .collect();
        let command = |id: &str, said: &str| {
            json!({"sessionUpdate": "tool_call", "toolCallId": id, "title": "`make`",
                "name": "run_command", "kind": "execute", "status": "failed",
                "content": text(said)})
        };
        assert_eq!(
            updates,
            [
                chunk("user_message_chunk", 1, "Fix it\\u{202e}\n\n"),
                chunk("agent_thought_chunk", 2, "Hm.\n\n"),
                chunk("agent_message_chunk", 3, "I look.\n\n"),
                json!({"sessionUpdate": "tool_call", "toolCallId": "c1",
                    "title": "Read `src/a.rs`", "name": "read_file", "kind": "read",
                    "status": "completed", "content": text("```\n1→a\n```"),
                    "locations": [{"path": "/w/src/a.rs"}]}),
                command("c2", "denied by the user"),
                command("c3", "interrupted: its result is unknown"),
                chunk(
                    "agent_message_chunk",
                    4,
                    "> the changes of turn 1 were undone\n\n"
                ),
                chunk(
                    "agent_message_chunk",
                    5,
                    "> the conversation was compacted\n\n"
                ),
                chunk(
                    "agent_message_chunk",
                    6,
                    "> the model from here on: other:1b\n\n"
                ),
            ]
        );
    }
}
