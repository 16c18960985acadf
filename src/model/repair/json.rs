//! A tolerant parser of one JSON value in a text that a model wrote.
//!
//! Beside JSON it accepts trailing commas, single quotes, line breaks and other control characters
//! in strings, escapes that JSON does not know (`\d` stays `\d`), comments, and `True`, `False` and
//! `None`. It guesses nothing: a string without an end is not a value, and missing closers are left
//! to the caller, who knows what they would close.
//!
//! It reads each byte once, keeps its own stack, and never goes back. Whether a text is malformed
//! depends on nothing after [`PartialJson::at`], so that a growing text can be judged early.

use serde_json::{Map, Number, Value};

/// Deepest nesting; no call needs more, and a limit keeps values cheap to walk and to drop.
const DEEPEST: usize = 64;

/// Longest text that is read, in bytes.
const LONGEST: usize = 8 << 20;

/// The result of parsing a text.
#[derive(Debug, PartialEq)]
pub(super) enum JsonReading {
    /// A complete value.
    Whole {
        value: Value,
        /// Where the text continues after it.
        end: usize,
    },
    /// An incomplete value.
    Partial(PartialJson),
}

/// An incomplete value.
#[derive(Debug, PartialEq)]
pub(super) struct PartialJson {
    /// The open objects and lists, the outermost first.
    pub open: Vec<OpenContainer>,
    pub at: usize,
    pub stop: PartialReason,
    /// Whether only closers can be missing, because it stopped after a complete value.
    pub settled: bool,
}

/// Why a value is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartialReason {
    /// More text could complete it.
    EndOfText,
    Malformed,
}

/// An open object or list, with its complete values.
#[derive(Debug, PartialEq)]
pub(super) enum OpenContainer {
    /// `{`, and the key without a complete value.
    Object {
        members: Map<String, Value>,
        /// A key without its value.
        key: Option<String>,
    },
    /// `[`.
    List(Vec<Value>),
}

/// Whether a text can begin an object or a list of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JsonStart {
    Yes,
    No,
    /// It is too short to tell.
    Unclear,
}

/// Whether a text begins like an object with members or a list of objects.
pub(super) fn begins(text: &str) -> JsonStart {
    let follows: &[char] = match text.as_bytes().first() {
        Some(b'{') => &['"', '\'', '/'],
        Some(b'[') => &['{', '/'],
        Some(_) => return JsonStart::No,
        None => return JsonStart::Unclear,
    };
    match text[1..].trim_start().chars().next() {
        None => JsonStart::Unclear,
        Some(next) if follows.contains(&next) => JsonStart::Yes,
        Some(_) => JsonStart::No,
    }
}

/// Parses the value at the beginning of a text.
pub(super) fn read(text: &str) -> JsonReading {
    let mut reader = JsonReader {
        text,
        at: 0,
        open: Vec::new(),
    };
    if text.len() > LONGEST {
        return reader.partial(PartialReason::Malformed, Expect::Value);
    }
    let mut expect = Expect::Value;
    loop {
        match reader.step(expect) {
            Ok(ReaderStep::Expect(next)) => expect = next,
            Ok(ReaderStep::Done(value)) => {
                let end = reader.at;
                return JsonReading::Whole { value, end };
            }
            Err(stop) => return reader.partial(stop, expect),
        }
    }
}

/// Parses a text that is exactly one value.
pub(super) fn whole(text: &str) -> Option<Value> {
    match read(text) {
        JsonReading::Whole { value, end } if text[end..].trim().is_empty() => Some(value),
        _ => None,
    }
}

/// The known part of an incomplete value; a key without a value has `null`.
pub(super) fn folded(open: Vec<OpenContainer>) -> Value {
    let mut inner = None;
    for open in open.into_iter().rev() {
        inner = Some(match open {
            OpenContainer::Object { mut members, key } => {
                if let Some(key) = key {
                    members.insert(key, inner.unwrap_or(Value::Null));
                }
                Value::Object(members)
            }
            OpenContainer::List(mut items) => {
                items.extend(inner);
                Value::Array(items)
            }
        });
    }
    inner.unwrap_or(Value::Null)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ItemOrEnd,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
}

enum ReaderStep {
    Expect(Expect),
    Done(Value),
}

struct JsonReader<'a> {
    text: &'a str,
    at: usize,
    open: Vec<OpenContainer>,
}

impl JsonReader<'_> {
    fn partial(self, stop: PartialReason, expect: Expect) -> JsonReading {
        JsonReading::Partial(PartialJson {
            settled: expect == Expect::CommaOrEnd,
            open: self.open,
            at: self.at,
            stop,
        })
    }

    /// Parses one token and returns what may follow it.
    fn step(&mut self, expect: Expect) -> Result<ReaderStep, PartialReason> {
        self.skip_blank()?;
        let byte = self.peek().ok_or(PartialReason::EndOfText)?;
        match (expect, byte) {
            (Expect::KeyOrEnd | Expect::CommaOrEnd, b'}') => self.close(byte),
            (Expect::ItemOrEnd | Expect::CommaOrEnd, b']') => self.close(byte),
            (Expect::KeyOrEnd, b'"' | b'\'') => {
                let read = self.string(byte)?;
                if let Some(OpenContainer::Object { key, .. }) = self.open.last_mut() {
                    *key = Some(read);
                }
                Ok(ReaderStep::Expect(Expect::Colon))
            }
            (Expect::Colon, b':') => {
                self.at += 1;
                Ok(ReaderStep::Expect(Expect::Value))
            }
            (Expect::CommaOrEnd, b',') => {
                self.at += 1;
                Ok(ReaderStep::Expect(match self.open.last() {
                    Some(OpenContainer::Object { .. }) => Expect::KeyOrEnd,
                    _ => Expect::ItemOrEnd,
                }))
            }
            (Expect::Value | Expect::ItemOrEnd, _) => self.value(byte),
            _ => Err(PartialReason::Malformed),
        }
    }

    fn value(&mut self, first: u8) -> Result<ReaderStep, PartialReason> {
        let (open, expect) = match first {
            b'"' | b'\'' => {
                let text = self.string(first)?;
                return Ok(self.place(Value::String(text)));
            }
            b'{' => {
                let (members, key) = (Map::new(), None);
                (OpenContainer::Object { members, key }, Expect::KeyOrEnd)
            }
            b'[' => (OpenContainer::List(Vec::new()), Expect::ItemOrEnd),
            _ => {
                let value = self.word()?;
                return Ok(self.place(value));
            }
        };
        if self.open.len() == DEEPEST {
            return Err(PartialReason::Malformed);
        }
        self.open.push(open);
        self.at += 1;
        Ok(ReaderStep::Expect(expect))
    }

    /// Adds a complete value to the innermost open object or list.
    fn place(&mut self, value: Value) -> ReaderStep {
        match self.open.last_mut() {
            None => return ReaderStep::Done(value),
            Some(OpenContainer::List(items)) => items.push(value),
            Some(OpenContainer::Object { members, key }) => {
                if let Some(key) = key.take() {
                    members.insert(key, value);
                }
            }
        }
        ReaderStep::Expect(Expect::CommaOrEnd)
    }

    fn close(&mut self, closer: u8) -> Result<ReaderStep, PartialReason> {
        let value = match (self.open.pop(), closer) {
            (Some(OpenContainer::Object { members, .. }), b'}') => Value::Object(members),
            (Some(OpenContainer::List(items)), b']') => Value::Array(items),
            (open, _) => {
                self.open.extend(open);
                return Err(PartialReason::Malformed);
            }
        };
        self.at += 1;
        Ok(self.place(value))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Skips white space and comments.
    fn skip_blank(&mut self) -> Result<(), PartialReason> {
        loop {
            let rest = self.rest();
            let text = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let blank = rest.len() - text.len();
            let comment = if let Some(comment) = text.strip_prefix("//") {
                2 + comment.find('\n').ok_or(PartialReason::EndOfText)?
            } else if let Some(comment) = text.strip_prefix("/*") {
                4 + comment.find("*/").ok_or(PartialReason::EndOfText)?
            } else if text == "/" {
                return Err(PartialReason::EndOfText);
            } else {
                self.at += blank;
                return Ok(());
            };
            self.at += blank + comment;
        }
    }

    /// Parses a string, quotes included.
    fn string(&mut self, quote: u8) -> Result<String, PartialReason> {
        let mut read = String::new();
        let mut at = self.at + 1;
        loop {
            let rest = &self.text[at..];
            let special = |byte: &u8| *byte == quote || *byte == b'\\';
            let plain = rest.bytes().position(|byte| special(&byte));
            let plain = plain.ok_or(PartialReason::EndOfText)?;
            read.push_str(&rest[..plain]);
            if rest.as_bytes()[plain] == quote {
                self.at = at + plain + 1;
                return Ok(read);
            }
            at += plain + unescape(&rest[plain..], &mut read)?;
        }
    }

    /// Parses a number, or a name of a value.
    fn word(&mut self) -> Result<Value, PartialReason> {
        let rest = self.rest();
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
        let length = rest.bytes().position(|byte| !inside(byte));
        if length.is_none() && !self.open.is_empty() {
            return Err(PartialReason::EndOfText);
        }
        let word = &rest[..length.unwrap_or(rest.len())];
        let value = match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" => Value::Null,
            _ => number(word).ok_or(PartialReason::Malformed)?,
        };
        self.at += word.len();
        Ok(value)
    }
}

/// Decodes an escape and returns its length in bytes.
fn unescape(text: &str, read: &mut String) -> Result<usize, PartialReason> {
    let escaped = text[1..].chars().next().ok_or(PartialReason::EndOfText)?;
    let meaning = match escaped {
        '"' | '\'' | '\\' | '/' => escaped,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unescape_unicode(text, read),
        // Expressions such as `\d+` are often written without the second backslash.
        _ => {
            read.push('\\');
            escaped
        }
    };
    read.push(meaning);
    Ok(1 + escaped.len_utf8())
}

/// The same for `\u`, of which two may encode one character.
fn unescape_unicode(text: &str, read: &mut String) -> Result<usize, PartialReason> {
    let first = match hexadecimal(text) {
        Some(unit) => unit,
        None if text.len() < 6 => return Err(PartialReason::EndOfText),
        None => {
            read.push_str("\\u");
            return Ok(2);
        }
    };
    let second = hexadecimal(&text[6..]).unwrap_or_default();
    if let Some(Ok(both)) = char::decode_utf16([first, second]).next()
        && both.len_utf16() == 2
    {
        read.push(both);
        return Ok(12);
    }
    read.push(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER));
    Ok(6)
}

/// The number in `\u0000` that a text begins with.
fn hexadecimal(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then(|| u16::from_str_radix(digits, 16).ok())?
}

/// A number; one that is too large for any type stays a string.
fn number(word: &str) -> Option<Value> {
    if !word.bytes().any(|byte| byte.is_ascii_digit())
        || word
            .bytes()
            .any(|byte| byte.is_ascii_alphabetic() && !b"eE".contains(&byte))
    {
        return None;
    }
    if let Ok(integer) = word.parse::<i64>() {
        return Some(Value::Number(integer.into()));
    }
    let float = word.parse::<f64>().ok()?;
    let as_written = Value::String(word.to_owned());
    if !word.contains(['.', 'e', 'E']) {
        return Some(as_written);
    }
    Some(Number::from_f64(float).map_or(as_written, Value::Number))
}
