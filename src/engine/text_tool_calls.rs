//! The conversation as plain text, for models without native tool calls: calls are blocks in the
//! reply, results are the next user message.
//!
//! It is made from the messages for each request, so a session can switch to another model at any
//! time; the same messages give the same text.

use crate::message::{Message, ToolCall};

/// Writes calls and results as text. Results of one reply are one message: templates want roles to
/// alternate.
pub(super) fn as_text_messages(messages: &[Message]) -> Vec<Message> {
    let mut words: Vec<Message> = Vec::with_capacity(messages.len());
    for message in messages {
        match (words.last_mut(), as_text_message(message)) {
            (Some(Message::User { text, .. }), Message::User { text: more, .. })
                if matches!(message, Message::Tool { .. }) =>
            {
                text.push_str("\n\n");
                text.push_str(&more);
            }
            (_, spoken) => words.push(spoken),
        }
    }
    words
}

fn as_text_message(message: &Message) -> Message {
    match message {
        Message::Assistant {
            text,
            thinking,
            calls,
        } if !calls.is_empty() => {
            let mut parts: Vec<String> = calls.iter().map(block).collect();
            if !text.is_empty() {
                parts.insert(0, text.clone());
            }
            Message::Assistant {
                text: parts.join("\n\n"),
                thinking: thinking.clone(),
                calls: Vec::new(),
            }
        }
        Message::Tool { tool, text, .. } => Message::user(format!("[result of `{tool}`]\n{text}")),
        other => other.clone(),
    }
}

/// A call in the format of the system prompt, the tool's name first.
fn block(call: &ToolCall) -> String {
    let name = serde_json::Value::from(call.name.as_str());
    let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
    let object = match arguments.strip_prefix('{') {
        Some("}") | None => format!("{{\"tool\":{name}}}"),
        Some(rest) => format!("{{\"tool\":{name},{rest}"),
    };
    format!("```tool\n{object}\n```")
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn calls_and_results_become_words() {
        let mut arguments = Map::new();
        arguments.insert("path".to_owned(), Value::from("a \"b\".rs"));
        let call = |arguments: Map<String, Value>| ToolCall {
            id: "1".to_owned(),
            name: "read_file".to_owned(),
            arguments,
        };
        let said = |calls| Message::Assistant {
            text: "I look.".to_owned(),
            thinking: String::new(),
            calls,
        };
        let result = Message::Tool {
            call_id: "1".to_owned(),
            tool: "read_file".to_owned(),
            text: "1→fn".to_owned(),
        };
        let spoken = as_text_messages(&[said(vec![call(arguments)]), result, said(Vec::new())]);
        let texts: Vec<&str> = spoken
            .iter()
            .map(|message| match message {
                Message::Assistant { text, calls, .. } if calls.is_empty() => text.as_str(),
                Message::User { text, .. } => text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            texts,
            [
                "I look.\n\n```tool\n{\"tool\":\"read_file\",\"path\":\"a \\\"b\\\".rs\"}\n```",
                "[result of `read_file`]\n1→fn",
                "I look."
            ]
        );
        assert_eq!(
            block(&call(Map::new())),
            "```tool\n{\"tool\":\"read_file\"}\n```"
        );
    }
}
