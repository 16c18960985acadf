//! Joins the pieces of tool calls. Servers differ in what they repeat and what they leave out:
//! indexes, ids and names; some send arguments as an object.

use serde_json::{Map, Value, json};

use crate::model::reply::{GivenCall, add_text};

/// Bytes that a piece counts beside its text, so that empty ones have an end, too.
const PIECE: usize = 16;

/// The calls of a reply so far.
#[derive(Debug, Default)]
pub(super) struct CallPieces {
    calls: Vec<PartialCall>,
}

/// A call of which pieces may be missing.
#[derive(Debug, Default)]
struct PartialCall {
    index: Option<u64>,
    id: String,
    name: String,
    /// The text of the arguments.
    arguments: String,
    /// The arguments, where they came as a value.
    value: Option<Value>,
}

/// A piece of a call.
#[derive(Debug, Default)]
struct Piece {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: Value,
}

impl CallPieces {
    /// Adds the `tool_calls` of a delta. Returns the text of the arguments in it, and how many
    /// bytes it counts.
    pub(super) fn push(&mut self, pieces: Value) -> (String, usize) {
        let pieces = match pieces {
            Value::Array(pieces) => pieces,
            Value::Null => Vec::new(),
            single => vec![single],
        };
        let (mut text, mut length) = (String::new(), 0);
        for piece in pieces {
            length += PIECE;
            match piece {
                Value::Object(piece) => {
                    let piece = Piece::of(piece);
                    length += piece.name.len() + self.add(piece, &mut text);
                }
                Value::Null => {}
                // Nothing that a call could be: it is one that cannot be read.
                odd => self.calls.push(PartialCall {
                    value: Some(odd),
                    ..PartialCall::default()
                }),
            }
        }
        (text, length)
    }

    /// The calls, each as the server gave it.
    pub(super) fn finish(&mut self) -> Vec<GivenCall> {
        let calls = std::mem::take(&mut self.calls).into_iter();
        calls.map(PartialCall::given).collect()
    }

    /// Adds a piece to its call; returns how many bytes of arguments it has.
    fn add(&mut self, piece: Piece, text: &mut String) -> usize {
        let at = self.place(&piece).unwrap_or_else(|| {
            self.calls.push(PartialCall {
                index: piece.index,
                ..PartialCall::default()
            });
            self.calls.len() - 1
        });
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            call.id = piece.id;
        }
        call.add_name(&piece.name);
        match piece.arguments {
            Value::Null => 0,
            Value::String(arguments) => {
                call.arguments.push_str(&arguments);
                text.push_str(&arguments);
                arguments.len()
            }
            value => {
                let written = value.to_string();
                call.value = Some(value);
                text.push_str(&written);
                written.len()
            }
        }
    }

    /// The call that a piece belongs to; `None` for a new one.
    fn place(&self, piece: &Piece) -> Option<usize> {
        let last = self.calls.len().checked_sub(1)?;
        if piece.index.is_some() {
            let at = self
                .calls
                .iter()
                .rposition(|call| call.index == piece.index)?;
            return (!self.calls[at].is_followed_by(piece)).then_some(at);
        }
        if !piece.id.is_empty() {
            let known = self.calls.iter().rposition(|call| call.id == piece.id);
            let is_late = self.calls[last].id.is_empty() && piece.name.is_empty();
            return known.or(is_late.then_some(last));
        }
        let call = &self.calls[last];
        let is_other = !piece.name.is_empty() && !call.name.is_empty() && piece.name != call.name;
        (!is_other && !call.is_followed_by(piece)).then_some(last)
    }
}

impl PartialCall {
    /// Whether a piece with the same index, or without one, begins another call: this one is
    /// complete, and the piece has what a call begins with.
    fn is_followed_by(&self, piece: &Piece) -> bool {
        if piece.name.is_empty() || !self.is_complete() {
            return false;
        }
        let has_other_id = !piece.id.is_empty() && piece.id != self.id;
        has_other_id || piece.name != self.name || piece.has_arguments()
    }

    fn is_complete(&self) -> bool {
        self.value.is_some()
            || (self.arguments.trim_end().ends_with('}')
                && serde_json::from_str::<Map<String, Value>>(&self.arguments).is_ok())
    }

    /// Adds a name: whole, whole once more, grown, or its next piece.
    fn add_name(&mut self, name: &str) {
        if name.starts_with(&self.name) {
            name.clone_into(&mut self.name);
        } else if self.arguments.is_empty() && self.value.is_none() {
            self.name.push_str(name);
        }
    }

    fn given(self) -> GivenCall {
        let arguments = self.value.unwrap_or(Value::String(self.arguments));
        GivenCall::of(json!({
            "id": self.id, "function": {"name": self.name, "arguments": arguments},
        }))
    }
}

impl Piece {
    fn of(mut piece: Map<String, Value>) -> Piece {
        let index = piece.remove("index").unwrap_or_default();
        let id = text(piece.remove("id"));
        // Some leave a layer out.
        let mut function = match piece.remove("function") {
            Some(Value::Object(function)) => function,
            Some(Value::String(name)) => {
                piece.insert("name".to_owned(), name.into());
                piece
            }
            _ => piece,
        };
        let arguments = ["arguments", "parameters", "input", "args"]
            .into_iter()
            .find_map(|key| function.remove(key));
        Piece {
            index: index
                .as_u64()
                .or_else(|| index.as_str()?.trim().parse().ok()),
            id,
            name: text(function.remove("name")),
            arguments: arguments.unwrap_or_default(),
        }
    }

    fn has_arguments(&self) -> bool {
        match &self.arguments {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        }
    }
}

fn text(value: Option<Value>) -> String {
    let mut text = String::new();
    add_text(value.unwrap_or_default(), &mut text, &mut String::new());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names, paths and ids of the calls that come of some deltas.
    fn calls(deltas: &[Value]) -> Vec<(String, String, String)> {
        let mut pieces = CallPieces::default();
        for delta in deltas {
            pieces.push(delta.clone());
        }
        let calls = pieces.finish().into_iter();
        let read = |call: GivenCall| {
            let path = call.arguments.map_or_else(
                |why| why,
                |arguments| {
                    arguments
                        .get("path")
                        .map(Value::to_string)
                        .unwrap_or_default()
                },
            );
            (call.name, path, call.id)
        };
        calls.map(read).collect()
    }

    fn expected(calls: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        let owned = |text: &str| text.to_owned();
        calls
            .iter()
            .map(|(name, path, id)| (owned(name), format!("\"{path}\""), owned(id)))
            .collect()
    }

    fn piece(name: Value, arguments: Value) -> Value {
        json!({"function": {"name": name, "arguments": arguments}})
    }

    #[test]
    fn a_call_in_pieces_is_one_call() {
        let none = Value::Null;
        let with = |mut piece: Value, fields: Value| {
            for (key, value) in fields.as_object().expect("fields") {
                piece[key] = value.clone();
            }
            piece
        };
        let begin = || piece(json!("read_file"), json!("{\"path\":"));
        let end = || piece(none.clone(), json!(" \"a\"}"));
        let named_end = || piece(json!("read_file"), json!(" \"a\"}"));
        let first = json!({"index": 0, "id": "c1", "type": "function"});
        for deltas in [
            // As OpenAI does.
            vec![
                json!([with(begin(), first.clone())]),
                json!([with(end(), json!({"index": 0}))]),
            ],
            // Without an index.
            vec![json!([with(begin(), json!({"id": "c1"}))]), json!([end()])],
            // With the name, and the id, in each piece.
            vec![
                json!([with(begin(), json!({"id": "c1"}))]),
                json!([named_end()]),
            ],
            vec![
                json!([with(begin(), first.clone())]),
                json!([with(named_end(), first.clone())]),
            ],
            // The id comes late.
            vec![json!([begin()]), json!([with(end(), json!({"id": "c1"}))])],
            // One piece that is not in a list; an index that is a text.
            vec![
                with(begin(), json!({"id": "c1", "index": "0"})),
                with(end(), json!({"index": "0"})),
            ],
            // Whole, as an object, with nothing after it.
            vec![json!([with(
                piece(json!("read_file"), json!({"path": "a"})),
                first.clone()
            )])],
            vec![
                json!([with(
                    piece(json!("read_file"), json!("{\"path\": \"a\"}")),
                    first.clone()
                )]),
                json!([with(piece(json!("read_file"), json!("")), first.clone())]),
                json!([null]),
                json!(null),
            ],
            // The name in pieces, and one that grows.
            vec![
                json!([with(piece(json!("read_"), none.clone()), first.clone())]),
                json!([with(
                    piece(json!("file"), json!("{\"path\": \"a\"}")),
                    json!({"index": 0})
                )]),
            ],
            vec![
                json!([with(piece(json!("read_"), none.clone()), first.clone())]),
                json!([with(
                    piece(json!("read_file"), json!("{\"path\": \"a\"}")),
                    first.clone()
                )]),
            ],
        ] {
            let expected = expected(&[("read_file", "a", "c1")]);
            assert_eq!(calls(&deltas), expected, "{deltas:?}");
        }
    }

    #[test]
    fn several_calls_stay_apart() {
        let whole =
            |name: &str, path: &str| piece(json!(name), json!(json!({"path": path}).to_string()));
        let at = |mut piece: Value, index: usize| {
            piece["index"] = json!(index);
            piece
        };
        for deltas in [
            // In one list and one after another, without ids and indexes.
            vec![json!([
                whole("read_file", "a"),
                whole("read_file", "b"),
                whole("list", "c")
            ])],
            vec![
                json!([whole("read_file", "a")]),
                json!([whole("read_file", "b")]),
                json!([whole("list", "c")]),
            ],
            // As objects.
            vec![json!([
                piece(json!("read_file"), json!({"path": "a"})),
                piece(json!("read_file"), json!({"path": "b"})),
                piece(json!("list"), json!({"path": "c"})),
            ])],
            // All with the index 0.
            vec![
                json!([at(whole("read_file", "a"), 0)]),
                json!([at(whole("read_file", "b"), 0)]),
                json!([at(whole("list", "c"), 0)]),
            ],
            // Their pieces in turns.
            vec![
                json!([
                    at(piece(json!("read_file"), json!("{\"path\": ")), 0),
                    at(piece(json!("read_file"), json!("{\"path\": ")), 1),
                    at(piece(json!("list"), json!("")), 2),
                ]),
                json!([
                    at(piece(json!(null), json!("\"b\"}")), 1),
                    at(piece(json!(null), json!("\"a\"}")), 0),
                    at(piece(json!(null), json!("{\"path\": \"c\"}")), 2),
                ]),
            ],
        ] {
            let expected = expected(&[
                ("read_file", "a", ""),
                ("read_file", "b", ""),
                ("list", "c", ""),
            ]);
            assert_eq!(calls(&deltas), expected, "{deltas:?}");
        }
    }

    #[test]
    fn a_call_that_makes_no_sense_costs_no_other() {
        let good = piece(json!("read_file"), json!({"path": "a"}));
        let mut pieces = CallPieces::default();
        pieces.push(json!([good, 5]));
        pieces.push(json!([{"index": 7, "id": "x"}]));
        pieces
            .push(json!([{"index": 8, "function": {"name": "list", "arguments": "{\"path\": "}}]));
        let calls = pieces.finish();
        let are_good: Vec<bool> = calls.iter().map(|call| call.arguments.is_ok()).collect();
        assert!(
            are_good[0] && are_good[1..].iter().all(|is_good| !is_good),
            "{calls:?}"
        );
    }

    #[test]
    fn pieces_count_what_they_say() {
        let mut pieces = CallPieces::default();
        let (text, length) = pieces.push(json!([piece(json!("list"), json!("{\"path\""))]));
        assert_eq!((text.as_str(), length), ("{\"path\"", PIECE + 4 + 7));
        let (text, length) = pieces.push(json!([{}, {}]));
        assert_eq!((text.as_str(), length), ("", 2 * PIECE));
        assert_eq!(pieces.push(Value::Null), (String::new(), 0));
    }
}
