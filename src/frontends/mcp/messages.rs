//! Messages of a client: read tolerantly, and refused in words where they are none.

use rmcp::RoleServer;
use rmcp::model::{ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::RxJsonRpcMessage;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// A message of a client.
pub type Message = RxJsonRpcMessage<RoleServer>;

/// Most messages in a batch.
const MOST_IN_BATCH: usize = 32;

/// What a line is.
pub enum Incoming {
    One(Result<Box<Message>, Refusal>),
    /// Several, as versions of the protocol before 2025-06-18 allow.
    Batch(Vec<Result<Box<Message>, Refusal>>),
    /// Nothing that is answered: no JSON, or neither a request nor a notification.
    Nothing,
}

/// Why a request is refused.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    /// `None` if it cannot be read.
    pub id: Option<RequestId>,
    pub error: ErrorData,
}

impl Refusal {
    pub fn new(id: Option<RequestId>, why: impl Into<String>) -> Refusal {
        Refusal {
            id,
            error: ErrorData::invalid_request(why.into(), None),
        }
    }
}

/// Reads a line.
///
/// What is no JSON gets no answer, as other implementations do it: an answer could begin an endless
/// exchange of complaints. A request that can be told from other lines gets one, since somebody waits
/// for it.
pub fn read(line: &[u8]) -> Incoming {
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => return unreadable(line, &error),
    };
    match value {
        Value::Array(messages) => batch(messages),
        Value::Object(_) => match one(value) {
            Some(read) => Incoming::One(read),
            None => Incoming::Nothing,
        },
        _ => Incoming::Nothing,
    }
}

/// What is read of a request that cannot be read as a whole: it is too deep, or has half of a character,
/// as other languages write it. The rest is skipped without being kept.
#[derive(Deserialize)]
struct RequestHead {
    id: Option<Value>,
    method: Option<IgnoredAny>,
}

fn unreadable(line: &[u8], error: &serde_json::Error) -> Incoming {
    let head = match line.first() {
        Some(b'{') => serde_json::from_slice(line).ok(),
        _ => None,
    };
    let Some(RequestHead {
        id: Some(id),
        method: Some(_),
    }) = head
    else {
        tracing::debug!(%error, "a line that is no JSON is ignored");
        return Incoming::Nothing;
    };
    Incoming::One(Err(Refusal {
        id: serde_json::from_value(id).ok(),
        error: ErrorData::parse_error(format!("this request cannot be read: {error}"), None),
    }))
}

fn batch(messages: Vec<Value>) -> Incoming {
    let refused = |why: String| Incoming::One(Err(Refusal::new(None, why)));
    match messages.len() {
        0 => refused("the batch is empty".to_owned()),
        1..=MOST_IN_BATCH => Incoming::Batch(messages.into_iter().filter_map(one).collect()),
        many => refused(format!(
            "the batch has {many} messages, and at most {MOST_IN_BATCH} are read"
        )),
    }
}

/// A message; `None` if it is nothing that is answered or acted on.
fn one(value: Value) -> Option<Result<Box<Message>, Refusal>> {
    let id = value.get("id").cloned();
    let is_request = id.is_some() && value.get("method").is_some();
    match serde_json::from_value::<Message>(value) {
        Ok(message) => Some(Ok(Box::new(message))),
        Err(error) if is_request => {
            tracing::debug!(%error, "a request cannot be read");
            let id = id.and_then(|id| serde_json::from_value(id).ok());
            let why = "this is not a request of JSON-RPC 2.0: it needs `jsonrpc`, `id`, `method`, \
                       and `params` as an object";
            Some(Err(Refusal::new(id, why)))
        }
        Err(error) => {
            tracing::debug!(%error, "a message that nobody waits for is ignored");
            None
        }
    }
}

/// The request that a message answers or is.
pub fn request_id(message: &Message) -> Option<&RequestId> {
    match message {
        JsonRpcMessage::Request(request) => Some(&request.id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(value: &Value) -> Vec<u8> {
        value.to_string().into_bytes()
    }

    /// How a line is read, in a word.
    fn word(bytes: &[u8]) -> String {
        let of_one = |read: &Result<Box<Message>, Refusal>| match read {
            Ok(message) => match **message {
                JsonRpcMessage::Request(_) => "request".to_owned(),
                JsonRpcMessage::Notification(_) => "notification".to_owned(),
                JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_) => "answer".to_owned(),
            },
            Err(refusal) => match &refusal.id {
                Some(id) => format!("refused {id}"),
                None => "refused".to_owned(),
            },
        };
        match read(bytes) {
            Incoming::Nothing => "nothing".to_owned(),
            Incoming::One(one) => of_one(&one),
            Incoming::Batch(all) => all.iter().map(of_one).collect::<Vec<_>>().join(", "),
        }
    }

    #[test]
    fn requests_are_read_or_refused_with_their_id() {
        for (message, expected) in [
            (
                json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
                "request",
            ),
            (
                json!({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": [1]}),
                "refused a",
            ),
            (
                json!({"jsonrpc": "1.0", "id": 2, "method": "ping"}),
                "refused 2",
            ),
            (json!({"id": 3, "method": 4}), "refused 3"),
            (
                json!({"jsonrpc": "2.0", "id": {"a": 1}, "method": "ping"}),
                "refused",
            ),
            (
                json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
                "notification",
            ),
            (json!({"jsonrpc": "2.0", "id": 9, "result": {}}), "answer"),
            (json!({"foo": "bar"}), "nothing"),
            (json!(7), "nothing"),
            (json!([]), "refused"),
            (
                json!([{"jsonrpc": "2.0", "id": 1, "method": "ping"}, 7, {"id": 2, "method": 1}]),
                "request, refused 2",
            ),
            (json!(vec![json!({}); 33]), "refused"),
        ] {
            assert_eq!(word(&line(&message)), expected, "{message}");
        }
    }

    #[test]
    fn a_request_that_cannot_be_read_as_a_whole_is_refused_with_its_id() {
        let deep = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"a","params":{{"x":{}{}}}}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        for (message, expected) in [
            (deep.as_str(), "refused 1"),
            (
                r#"{"params":{"x":"\ud83d"},"method":"a","id":"b"}"#,
                "refused b",
            ),
            (r#"{"method":"a","id":{},"params":"\ud83d"}"#, "refused"),
            (r#"{"method":"a","params":"\ud83d"}"#, "nothing"),
            (r#"{"id":1,"result":"\ud83d"}"#, "nothing"),
            (r#"[1,"\ud83d"]"#, "nothing"),
        ] {
            assert_eq!(word(message.as_bytes()), expected, "{message}");
        }
    }

    #[test]
    fn what_is_no_json_gets_no_answer() {
        let deep = "[".repeat(100_000);
        for bytes in [&b"not json"[..], b"\xff\xfe", b"{\"a\":", deep.as_bytes()] {
            assert_eq!(word(bytes), "nothing");
        }
    }
}
