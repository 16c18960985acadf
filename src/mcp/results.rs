//! What servers answer, read leniently and within bounds: results of calls, and lists of tools.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{ServerPart, ServerResult, ServerTool};
use crate::text::size;

/// Most bytes of text of a result, and of its data,
const MOST_TEXT: usize = 32 << 10;
/// most parts,
const MOST_PARTS: usize = 100;
/// and most bytes of images.
const MOST_IMAGES: usize = 3 << 20;
/// Longest name of a tool, in bytes.
const LONGEST_NAME: usize = 128;
/// Longest address or kind of a part, in characters.
const LONGEST_WORD: usize = 300;
/// Most tools of a server,
pub(super) const MOST_TOOLS: usize = 1_000;
/// and most bytes of their definitions.
pub(super) const MOST_DEFINITIONS: usize = 2 << 20;

/// An answer to a call.
#[derive(Debug, PartialEq)]
pub(super) enum CallAnswer {
    Done(ServerResult),
    /// The call is to be repeated, with answers to these requests and with this state.
    NeedsInput {
        requests: Map<String, Value>,
        state: Option<String>,
    },
    /// It is no result; the words are the end of a sentence.
    Strange(String),
}

/// Reads the answer to a call.
pub(super) fn call_answer(value: Value) -> CallAnswer {
    let Value::Object(mut answer) = value else {
        return CallAnswer::Strange("it answered with something that is no result".to_owned());
    };
    let kind = answer.get("resultType");
    let kind = kind.map(|kind| kind.as_str().unwrap_or("?").to_owned());
    match kind.as_deref() {
        None | Some("complete") => {}
        Some("input_required") => {
            return CallAnswer::NeedsInput {
                requests: match answer.remove("inputRequests") {
                    Some(Value::Object(requests)) => requests,
                    _ => Map::new(),
                },
                state: match answer.remove("requestState") {
                    Some(Value::String(state)) => Some(state),
                    _ => None,
                },
            };
        }
        Some(kind) => {
            let kind = short(kind);
            return CallAnswer::Strange(format!(
                "it answered with a result of the kind `{kind}`, which ollacode does not know"
            ));
        }
    }
    CallAnswer::Done(result(answer))
}

fn result(mut answer: Map<String, Value>) -> ServerResult {
    let mut parts = Parts::default();
    let content = match answer.remove("content") {
        Some(Value::Array(content)) => content,
        _ => Vec::new(),
    };
    let surplus = content.len().saturating_sub(MOST_PARTS);
    for part in content.into_iter().take(MOST_PARTS) {
        parts.add(part);
    }
    if surplus > 0 {
        parts.say(format!("{surplus} further parts were left out"));
    }
    let structured = answer.remove("structuredContent");
    let structured = structured.filter(|data| {
        let bytes = data.to_string().len();
        let fits = bytes <= MOST_TEXT;
        if !fits {
            let bytes = size(bytes as u64);
            parts.say(format!("its data were left out: they have {bytes}"));
        }
        fits
    });
    ServerResult {
        parts: parts.parts,
        structured,
        is_error: answer.get("isError") == Some(&Value::Bool(true)),
    }
}

/// The parts of a result, as far as there is room for them.
#[derive(Default)]
struct Parts {
    parts: Vec<ServerPart>,
    text: usize,
    images: usize,
}

impl Parts {
    fn say(&mut self, words: String) {
        self.parts.push(ServerPart::Other(words));
    }

    fn add(&mut self, mut part: Value) {
        let word = |part: &Value, key: &str| short(part[key].as_str().unwrap_or_default());
        let kind = word(&part, "type");
        match kind.as_str() {
            "text" => match take(&mut part, "text") {
                Value::String(text) => self.text(text),
                _ => self.say("a text that is none".to_owned()),
            },
            "image" => self.image(&part),
            "audio" => {
                let bytes = bytes_of(&part["data"]);
                let kind = word(&part, "mimeType");
                self.say(format!("a sound: {kind}, {bytes}"));
            }
            "resource_link" => {
                let (name, uri) = (word(&part, "name"), word(&part, "uri"));
                self.say(format!("a link to a resource: {uri} ({name})"));
            }
            "resource" => {
                let mut resource = take(&mut part, "resource");
                let uri = word(&resource, "uri");
                match take(&mut resource, "text") {
                    Value::String(text) => self.text(format!("{uri}:\n{text}")),
                    _ => {
                        let bytes = bytes_of(&resource["blob"]);
                        self.say(format!("a resource: {uri}, {bytes}"));
                    }
                }
            }
            kind => {
                let kind = if kind.is_empty() { "?" } else { kind };
                self.say(format!(
                    "a part of the kind `{kind}`, which ollacode does not know"
                ));
            }
        }
    }

    /// Adds a text, or as much of its beginning and its end as there is room for.
    fn text(&mut self, text: String) {
        let room = MOST_TEXT - self.text;
        if text.len() <= room {
            self.text += text.len();
            self.parts.push(ServerPart::Text(text));
            return;
        }
        self.text = MOST_TEXT;
        let head = text.floor_char_boundary(room * 2 / 3);
        let tail = text.ceil_char_boundary(text.len() - room / 3);
        let left_out = format!("{} bytes of text were left out", tail - head);
        for (kept, is_first) in [(&text[..head], true), (&text[tail..], false)] {
            if !kept.is_empty() {
                self.parts.push(ServerPart::Text(kept.to_owned()));
            }
            if is_first {
                self.say(left_out.clone());
            }
        }
    }

    fn image(&mut self, part: &Value) {
        let mime = short(part["mimeType"].as_str().unwrap_or_default());
        let data = part["data"].as_str().unwrap_or_default();
        match STANDARD.decode(data) {
            Ok(bytes) if self.images + bytes.len() <= MOST_IMAGES => {
                self.images += bytes.len();
                self.parts.push(ServerPart::Image { mime, bytes });
            }
            Ok(bytes) => {
                let bytes = size(bytes.len() as u64);
                self.say(format!("an image that was left out: {mime}, {bytes}"));
            }
            Err(_) => self.say(format!("an image that cannot be read: {mime}")),
        }
    }
}

/// Takes a field out of what may be an object.
fn take(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

/// How large data in Base64 are.
fn bytes_of(data: &Value) -> String {
    let length = data.as_str().map_or(0, str::len);
    size((length / 4 * 3) as u64)
}

/// A word of a server, shortened.
fn short(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

/// The tools of a server, as far as they are within the limits.
#[derive(Default)]
pub(super) struct ToolList {
    pub tools: Vec<ServerTool>,
    bytes: usize,
    /// Whether some were left out, since they are too many.
    pub is_cut: bool,
}

impl ToolList {
    /// Adds a page; gives where the next one begins, if there is one and room for it.
    pub fn add_page(&mut self, mut page: Value) -> Option<String> {
        let tools = match take(&mut page, "tools") {
            Value::Array(tools) => tools,
            _ => Vec::new(),
        };
        for tool in tools {
            self.add(tool);
        }
        match take(&mut page, "nextCursor") {
            Value::String(next) if !self.is_cut => Some(next),
            _ => None,
        }
    }

    /// Adds a tool, unless it has no name or one that is there already.
    fn add(&mut self, mut tool: Value) {
        let name = tool["name"].as_str().unwrap_or_default();
        let is_name = !name.is_empty() && name.len() <= LONGEST_NAME;
        if !is_name || self.tools.iter().any(|known| known.name == name) {
            return;
        }
        let name = name.to_owned();
        let description = match take(&mut tool, "description") {
            Value::String(description) => description,
            _ => String::new(),
        };
        let schema = match take(&mut tool, "inputSchema") {
            schema @ Value::Object(_) => schema,
            _ => json!({"type": "object"}),
        };
        let bytes = name.len() + description.len() + schema.to_string().len();
        if self.tools.len() >= MOST_TOOLS || self.bytes + bytes > MOST_DEFINITIONS {
            self.is_cut = true;
            return;
        }
        self.bytes += bytes;
        self.tools.push(ServerTool {
            name,
            description,
            schema,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(value: Value) -> ServerResult {
        match call_answer(value) {
            CallAnswer::Done(result) => result,
            other => panic!("a result is wanted: {other:?}"),
        }
    }

    fn text(text: &str) -> ServerPart {
        ServerPart::Text(text.to_owned())
    }

    fn other(text: &str) -> ServerPart {
        ServerPart::Other(text.to_owned())
    }

    #[test]
    fn parts_of_every_kind_are_read() {
        let result = done(json!({
            "content": [
                {"type": "text", "text": "hello", "annotations": {"priority": 1}},
                {"type": "image", "data": "aGk=", "mimeType": "image/png"},
                {"type": "image", "data": "?", "mimeType": "image/png"},
                {"type": "audio", "data": "aGkhIQ==", "mimeType": "audio/wav"},
                {"type": "resource_link", "uri": "file:///a", "name": "a"},
                {"type": "resource", "resource": {"uri": "file:///b", "text": "b\nc"}},
                {"type": "resource", "resource": {"uri": "file:///d", "blob": "aGkhIQ=="}},
                {"type": "resource", "resource": "x"},
                {"type": "dance"},
                {"text": "no kind"},
                {"type": "text", "text": 7},
                null,
            ],
            "structuredContent": {"a": [1]},
            "isError": true,
        }));
        assert_eq!(
            result,
            ServerResult {
                parts: vec![
                    text("hello"),
                    ServerPart::Image {
                        mime: "image/png".to_owned(),
                        bytes: b"hi".to_vec(),
                    },
                    other("an image that cannot be read: image/png"),
                    other("a sound: audio/wav, 6 B"),
                    other("a link to a resource: file:///a (a)"),
                    text("file:///b:\nb\nc"),
                    other("a resource: file:///d, 6 B"),
                    other("a resource: , 0 B"),
                    other("a part of the kind `dance`, which ollacode does not know"),
                    other("a part of the kind `?`, which ollacode does not know"),
                    other("a text that is none"),
                    other("a part of the kind `?`, which ollacode does not know"),
                ],
                structured: Some(json!({"a": [1]})),
                is_error: true,
            }
        );
        assert_eq!(done(json!({})), ServerResult::default());
        assert_eq!(
            done(json!({"resultType": "complete", "content": "x", "isError": "yes"})),
            ServerResult::default()
        );
    }

    #[test]
    fn a_long_result_is_cut_and_the_cut_is_said() {
        let long = format!(
            "{}{}{}",
            "a".repeat(20_000),
            "é".repeat(20_000),
            "z".repeat(20_000)
        );
        let result = done(json!({"content": [
            {"type": "text", "text": "first"},
            {"type": "text", "text": long},
            {"type": "text", "text": "last"},
        ]}));
        let texts: Vec<&str> = result
            .parts
            .iter()
            .filter_map(|part| match part {
                ServerPart::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!((texts.len(), texts[0]), (3, "first"));
        assert!(texts[1].starts_with("aaa") && texts[2].ends_with("zzz"));
        let kept: usize = texts.iter().map(|text| text.len()).sum();
        assert!((MOST_TEXT - 10..=MOST_TEXT).contains(&kept), "{kept}");
        let left_out = long.len() - texts[1].len() - texts[2].len();
        assert_eq!(
            result.parts[2],
            other(&format!("{left_out} bytes of text were left out"))
        );
        assert_eq!(result.parts[4], other("4 bytes of text were left out"));
        let many: Vec<Value> = (0..103)
            .map(|_| json!({"type": "text", "text": "x"}))
            .collect();
        let result = done(json!({"content": many}));
        assert_eq!(result.parts.len(), 101);
        assert_eq!(result.parts[100], other("3 further parts were left out"));
        let result = done(json!({"structuredContent": {"a": "x".repeat(40_000)}}));
        assert_eq!(result.structured, None);
        assert_eq!(
            result.parts,
            [other("its data were left out: they have 40 KB")]
        );
        let image = STANDARD.encode(vec![0; 2 << 20]);
        let image = json!({"type": "image", "data": image, "mimeType": "image/png"});
        let result = done(json!({"content": [image, image]}));
        assert_eq!(
            result.parts[1],
            other("an image that was left out: image/png, 2.1 MB")
        );
    }

    #[test]
    fn a_call_that_needs_input_says_of_what() {
        let answer = call_answer(json!({
            "resultType": "input_required",
            "inputRequests": {"a": {"method": "elicitation/create"}},
            "requestState": "s",
        }));
        let requests = json!({"a": {"method": "elicitation/create"}});
        let Value::Object(requests) = requests else {
            panic!("an object");
        };
        let state = Some("s".to_owned());
        assert_eq!(answer, CallAnswer::NeedsInput { requests, state });
        let answer = call_answer(json!({"resultType": "input_required", "inputRequests": []}));
        let requests = Map::new();
        let state = None;
        assert_eq!(answer, CallAnswer::NeedsInput { requests, state });
    }

    #[test]
    fn what_is_no_result_is_said() {
        for value in [json!(null), json!([]), json!("x"), json!(1)] {
            let strange = "it answered with something that is no result".to_owned();
            assert_eq!(call_answer(value), CallAnswer::Strange(strange));
        }
        for (kind, named) in [(json!("task"), "task"), (json!(7), "?"), (json!(null), "?")] {
            let strange = format!(
                "it answered with a result of the kind `{named}`, which ollacode does not know"
            );
            let answer = call_answer(json!({"resultType": kind, "content": []}));
            assert_eq!(answer, CallAnswer::Strange(strange));
        }
    }

    #[test]
    fn tools_are_read_and_strange_ones_are_left_out() {
        let mut list = ToolList::default();
        let next = list.add_page(json!({
            "tools": [
                {"name": "a", "description": "does a", "inputSchema": {"type": "object"}},
                {"name": "b"},
                {"name": "a", "description": "another"},
                {"name": ""},
                {"name": "c".repeat(129)},
                {"name": 7},
                "d",
                {"name": "e", "description": 1, "inputSchema": []},
            ],
            "nextCursor": "2",
        }));
        assert_eq!(next.as_deref(), Some("2"));
        let tool = |name: &str, description: &str| ServerTool {
            name: name.to_owned(),
            description: description.to_owned(),
            schema: json!({"type": "object"}),
        };
        assert_eq!(
            list.tools,
            [tool("a", "does a"), tool("b", ""), tool("e", "")]
        );
        for page in [
            json!(null),
            json!([1]),
            json!("x"),
            json!({"tools": {}}),
            json!({"nextCursor": null}),
        ] {
            assert_eq!(list.add_page(page), None);
        }
        assert_eq!((list.tools.len(), list.is_cut), (3, false));
    }

    #[test]
    fn too_many_tools_are_cut() {
        let page = |from: usize, count: usize| {
            let names = from..from + count;
            let tools: Vec<Value> = names
                .map(|name| json!({"name": name.to_string()}))
                .collect();
            json!({"tools": tools, "nextCursor": "more"})
        };
        let mut list = ToolList::default();
        assert!(list.add_page(page(0, 600)).is_some());
        assert!(list.add_page(page(600, 400)).is_some());
        assert_eq!(list.add_page(page(1_000, 1)), None);
        assert_eq!((list.tools.len(), list.is_cut), (MOST_TOOLS, true));
        let large = |name: &str| {
            let description = "x".repeat(900 << 10);
            json!({"tools": [{"name": name, "description": description}], "nextCursor": "more"})
        };
        let mut list = ToolList::default();
        assert!(list.add_page(large("a")).is_some());
        assert!(list.add_page(large("b")).is_some());
        assert_eq!(list.add_page(large("c")), None);
        assert_eq!((list.tools.len(), list.is_cut), (2, true));
    }
}
