//! Finds the message in the text of an error answer.

use serde_json::Value;

use super::{ServerError, ServerKind};

/// Most bytes of a page that are parsed.
const MAX_PAGE: usize = 64 << 10;

/// Longest part of a server's message that is shown.
const MAX_MESSAGE: usize = 400;

/// The message of an error answer: `{"error": …}`, nested if the text is JSON again, or the raw
/// body.
pub(crate) fn error_text(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let found = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|value| message_in(&value));
    let message = found
        .or_else(|| page(&text))
        .unwrap_or_else(|| text.into_owned());
    server_message(&message)
}

/// The error for an answer that is not JSON.
pub(crate) fn not_json(server: ServerKind, body: &[u8], error: &serde_json::Error) -> ServerError {
    let beginning = &body[..body.len().min(MAX_PAGE)];
    let page = page(&String::from_utf8_lossy(beginning));
    ServerError::BadAnswer {
        server,
        what: page.map_or_else(|| error.to_string(), |page| server_message(&page)),
    }
}

/// The title or text of an HTML page, from a proxy or another server.
fn page(text: &str) -> Option<String> {
    let text = text.trim_start().trim_start_matches('\u{feff}');
    let lower = text.to_ascii_lowercase();
    if !["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|tag| lower.starts_with(tag))
    {
        return None;
    }
    let title = ["title", "h1"].iter().find_map(|tag| {
        let start = lower.find(&format!("<{tag}>"))? + tag.len() + 2;
        let length = lower[start..].find(&format!("</{tag}>"))?;
        let title = text[start..start + length].trim();
        (!title.is_empty()).then(|| title.to_owned())
    });
    let words = || {
        let parts = text.split('<').map(|part| part.rsplit('>').next());
        parts.flatten().collect::<Vec<_>>().join(" ")
    };
    Some(format!("a page of HTML: {}", title.unwrap_or_else(words)))
}

/// A server's text on one line, shortened, without control characters.
pub(crate) fn server_message(message: &str) -> String {
    let visible = message.split(|c: char| c.is_control() || c.is_whitespace());
    let mut shown = visible
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if let Some((cut, _)) = shown.char_indices().nth(MAX_MESSAGE) {
        shown.truncate(cut);
        shown.push('…');
    }
    if shown.is_empty() {
        "no message".to_owned()
    } else {
        shown
    }
}

fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => match fields.get("error").or_else(|| fields.get("message"))? {
            Value::String(text) => {
                let inner = serde_json::from_str::<Value>(text)
                    .ok()
                    .filter(Value::is_object);
                // The inner text is shorter than the outer one, so this ends.
                Some(
                    inner
                        .and_then(|it| message_in(&it))
                        .unwrap_or_else(|| text.clone()),
                )
            }
            other => message_in(other),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_in_every_shape_of_error() {
        let twice = r#"{"error":"{\"error\":{\"code\":400,\"message\":\"too long\"}}"}"#;
        for (body, expected) in [
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found"),
            (r#"{"error":{"message":"no","code":1}}"#, "no"),
            (twice, "too long"),
            (r#"{"error":"{not JSON"}"#, "{not JSON"),
            ("<html>\n bad\tgateway\u{1b}", "a page of HTML: bad gateway"),
            (
                "<!DOCTYPE html>\r\n<html><head><TITLE>502 Bad Gateway</TITLE></head><body>nginx",
                "a page of HTML: 502 Bad Gateway",
            ),
            ("<html><body><h1>Sign in</h1>", "a page of HTML: Sign in"),
            ("<tool> is unknown", "<tool> is unknown"),
            ("", "no message"),
            (r#"{"detail":1}"#, r#"{"detail":1}"#),
        ] {
            assert_eq!(error_text(body.as_bytes()), expected);
        }
        let long = error_text("é".repeat(5000).as_bytes());
        assert_eq!(long.chars().count(), MAX_MESSAGE + 1);
    }
}
