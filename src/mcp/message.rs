//! Messages of servers: read from bytes within bounds, and what is wrong with them.

use rmcp::model::{ErrorData, RequestId, ServerJsonRpcMessage};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Largest message, in bytes.
pub(super) const LARGEST: usize = 4 << 20;
/// Most values of a message: each takes memory, however short it is.
const MOST_VALUES: usize = 200_000;

/// What of a message says whether it is an answer.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: Option<RequestId>,
    #[serde(default)]
    method: Option<IgnoredAny>,
}

/// Reads a message. An answer that cannot be understood becomes an error with its number, so that nobody
/// waits for it in vain; `None` for everything else that is no message.
pub(super) fn read_message(bytes: &[u8]) -> Option<ServerJsonRpcMessage> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if is_bounded(bytes)
        && let Ok(message) = serde_json::from_slice(bytes)
    {
        return Some(message);
    }
    let envelope: Envelope = serde_json::from_slice(bytes).ok()?;
    let id = envelope.id.filter(|_| envelope.method.is_none())?;
    Some(failed(id, "its answer cannot be understood"))
}

/// An answer that says why there is none.
pub(super) fn failed(id: RequestId, why: &'static str) -> ServerJsonRpcMessage {
    ServerJsonRpcMessage::error(ErrorData::internal_error(why, None), Some(id))
}

/// Whether a message has so few values that it can be read.
pub(super) fn is_bounded(bytes: &[u8]) -> bool {
    let (mut values, mut in_text, mut is_escaped) = (0, false, false);
    for byte in bytes {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            b',' | b'[' | b'{' if !in_text => values += 1,
            _ => {}
        }
    }
    values <= MOST_VALUES
}

#[cfg(test)]
mod tests {
    use rmcp::model::{JsonRpcMessage, NumberOrString};

    use super::*;

    /// The number and the words of an error.
    fn error_of(bytes: &[u8]) -> Option<(Option<RequestId>, String)> {
        match read_message(bytes) {
            Some(JsonRpcMessage::Error(error)) => Some((error.id, error.error.message.into())),
            _ => None,
        }
    }

    #[test]
    fn messages_are_read() {
        let answer = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#;
        assert!(matches!(
            read_message(answer),
            Some(JsonRpcMessage::Response(_))
        ));
        let marked = ["\u{feff}".as_bytes(), answer].concat();
        assert!(read_message(&marked).is_some());
        let question = br#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#;
        assert!(matches!(
            read_message(question),
            Some(JsonRpcMessage::Request(_))
        ));
        let notification = br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
        assert!(matches!(
            read_message(notification),
            Some(JsonRpcMessage::Notification(_))
        ));
    }

    #[test]
    fn an_answer_that_cannot_be_understood_is_an_error_with_its_number() {
        for text in [
            r#"{"jsonrpc":"2.0","id":7}"#,
            r#"{"jsonrpc":"2.0","id":7,"error":"no"}"#,
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":99999999999,"message":"x"}}"#,
            r#"{"jsonrpc":"1.0","id":7,"result":{}}"#,
        ] {
            let (id, words) = error_of(text.as_bytes()).expect(text);
            assert_eq!(id, Some(NumberOrString::Number(7)), "{text}");
            assert_eq!(words, "its answer cannot be understood", "{text}");
        }
    }

    #[test]
    fn what_is_no_message_is_nothing() {
        for text in [
            "",
            "hello",
            "{",
            "[]",
            "[1,2]",
            "null",
            "7",
            r#""text""#,
            "{}",
            r#"{"id":null}"#,
            r#"{"id":{}}"#,
            r#"{"id":1,"method":7}"#,
        ] {
            assert!(read_message(text.as_bytes()).is_none(), "{text}");
        }
        assert!(read_message(b"\xff\xfe{}").is_none());
    }

    #[test]
    fn values_are_counted_outside_of_texts() {
        let many = |sign: &str, count: usize| sign.repeat(count);
        assert!(is_bounded(many("[],", 100_000).as_bytes()));
        assert!(!is_bounded(many("[],", 100_001).as_bytes()));
        let text = format!(
            r#"{{"a":"{}\"{}"}}"#,
            many(",", 300_000),
            many("[", 300_000)
        );
        assert!(is_bounded(text.as_bytes()));
        let text = format!(r#"{{"a":"\\",{}}}"#, many("[", 300_000));
        assert!(!is_bounded(text.as_bytes()));
    }

    #[test]
    fn an_answer_with_too_many_values_is_an_error_with_its_number() {
        let values = "0,".repeat(250_000);
        let text = format!(r#"{{"jsonrpc":"2.0","id":7,"result":{{"a":[{values}0]}}}}"#);
        let (id, _) = error_of(text.as_bytes()).expect("an error");
        assert_eq!(id, Some(NumberOrString::Number(7)));
    }
}
