//! Where the values of a JSON text are. Comments and commas at the end are allowed, as editors have them
//! in their settings.

use std::ops::Range;

use serde_json::{Map, Value};

use super::edit::{CannotEdit, line_of};

/// Deeper texts are refused, rather than read until the stack ends.
const DEEPEST: usize = 100;

/// A value, and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub range: Range<usize>,
    pub kind: NodeKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    Object {
        members: Vec<Member>,
        /// Whether a comma follows the last member.
        ends_with_comma: bool,
    },
    Array(Vec<Node>),
    /// A text, a number, `true`, `false` or `null`.
    Scalar(Value),
}

/// A name in an object, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub key: String,
    /// Where the key starts.
    pub start: usize,
    pub value: Node,
}

impl Node {
    /// The members of an object; `None` if it is none.
    pub fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            NodeKind::Object { members, .. } => Some(members),
            _ => None,
        }
    }

    /// What it means. The last of several members of the same name counts.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::Array(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            NodeKind::Object { members, .. } => {
                let members = members
                    .iter()
                    .map(|member| (member.key.clone(), member.value.to_value()));
                Value::Object(members.collect::<Map<String, Value>>())
            }
        }
    }
}

/// Reads a text.
pub fn scan(text: &str) -> Result<Node, CannotEdit> {
    let mut scanner = Scanner { text, at: 0 };
    if text.starts_with('\u{feff}') {
        scanner.at = '\u{feff}'.len_utf8();
    }
    let node = scanner.value(0)?;
    scanner.skip()?;
    match scanner.peek() {
        None => Ok(node),
        Some(_) => Err(scanner.wrong("something follows the end")),
    }
}

struct Scanner<'text> {
    text: &'text str,
    at: usize,
}

impl<'text> Scanner<'text> {
    fn wrong(&self, what: &str) -> CannotEdit {
        let line = line_of(self.text, self.at);
        CannotEdit(format!("line {line}: {what}"))
    }

    fn rest(&self) -> &'text str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Goes on if this character is next.
    fn take(&mut self, sign: u8) -> bool {
        let is_next = self.peek() == Some(sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// Skips white space and comments.
    fn skip(&mut self) -> Result<(), CannotEdit> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.at += blank;
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let end = comment.find("*/");
                let end = end.ok_or_else(|| self.wrong("a comment has no end"))?;
                self.at += 2 + end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, CannotEdit> {
        self.skip()?;
        let start = self.at;
        let kind = match self.peek() {
            None => return Err(self.wrong("a value is missing")),
            Some(b'{' | b'[') if depth >= DEEPEST => return Err(self.wrong("it is too deep")),
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => NodeKind::Scalar(Value::String(self.string()?)),
            Some(_) => NodeKind::Scalar(self.word()?),
        };
        Ok(Node {
            range: start..self.at,
            kind,
        })
    }

    fn object(&mut self, depth: usize) -> Result<NodeKind, CannotEdit> {
        self.at += 1;
        let mut members = Vec::new();
        let mut ends_with_comma = false;
        loop {
            self.skip()?;
            if self.take(b'}') {
                return Ok(NodeKind::Object {
                    members,
                    ends_with_comma,
                });
            }
            if !members.is_empty() && !ends_with_comma {
                return Err(self.wrong("a comma or `}` is missing"));
            }
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a name in double quotes is missing"));
            }
            let key = self.string()?;
            self.skip()?;
            if !self.take(b':') {
                return Err(self.wrong("a colon is missing"));
            }
            let value = self.value(depth + 1)?;
            members.push(Member { key, start, value });
            self.skip()?;
            ends_with_comma = self.take(b',');
        }
    }

    fn array(&mut self, depth: usize) -> Result<NodeKind, CannotEdit> {
        self.at += 1;
        let mut items = Vec::new();
        let mut ends_with_comma = false;
        loop {
            self.skip()?;
            if self.take(b']') {
                return Ok(NodeKind::Array(items));
            }
            if !items.is_empty() && !ends_with_comma {
                return Err(self.wrong("a comma or `]` is missing"));
            }
            items.push(self.value(depth + 1)?);
            self.skip()?;
            ends_with_comma = self.take(b',');
        }
    }

    fn string(&mut self) -> Result<String, CannotEdit> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut end = start + 1;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let Some(written) = self.text.get(start..=end) else {
            return Err(self.wrong("a text has no end"));
        };
        let read = serde_json::from_str(written);
        let read = read.map_err(|_| self.wrong("a text is not valid"))?;
        self.at = end + 1;
        Ok(read)
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<Value, CannotEdit> {
        let rest = self.rest();
        let is_part = |sign: char| sign.is_ascii_alphanumeric() || "+-.".contains(sign);
        let length = rest.find(|sign: char| !is_part(sign)).unwrap_or(rest.len());
        let read = serde_json::from_str(&rest[..length]);
        let read = read.map_err(|_| self.wrong("this is no value"))?;
        self.at += length;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<Value, String> {
        let node = scan(text).map_err(|error| error.to_string())?;
        Ok(node.to_value())
    }

    #[test]
    fn comments_and_commas_at_the_end_are_read() {
        let text = "\u{feff}// first\n{ /* a */ \"a\": [1, -2.5e3, true, null,], // b\n \"b\": {},\n}\n// c";
        assert_eq!(
            value(text),
            Ok(json!({"a": [1, -2.5e3, true, null], "b": {}}))
        );
        assert_eq!(
            value(r#"{"// no": "/* comment */"}"#),
            Ok(json!({"// no": "/* comment */"}))
        );
        assert_eq!(
            value(r#"["\"", "\\", "\u00e9ü"]"#),
            Ok(json!(["\"", "\\", "éü"]))
        );
    }

    #[test]
    fn places_are_those_of_the_values() {
        let text = r#"{"a" : [1] , "ü": "x"}"#;
        let node = scan(text).expect("JSON");
        assert_eq!(&text[node.range.clone()], text);
        let members = node.members().expect("an object");
        let shown: Vec<(&str, usize)> = members
            .iter()
            .map(|member| (&text[member.value.range.clone()], member.start))
            .collect();
        assert_eq!(shown, [("[1]", 1), ("\"x\"", 13)]);
    }

    #[test]
    fn what_is_broken_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("{", 1),
            ("{\n\"a\": 1", 2),
            ("{\n\"a\" 1}", 2),
            ("{\"a\": 1\n\"b\": 2}", 2),
            ("{a: 1}", 1),
            ("{'a': 1}", 1),
            ("{,}", 1),
            ("[1,,2]", 1),
            ("{\"a\": x}", 1),
            ("{\"a\": 01}", 1),
            ("{\"a\": \"b}\n", 1),
            ("{\"a\": \"\\x\"}", 1),
            ("{} {}", 1),
            ("{}\n\n/* no end", 3),
            ("{\"a\": \"line\nbreak\"}", 1),
        ] {
            let error = scan(text).expect_err(text).to_string();
            assert!(
                error.starts_with(&format!("line {line}: ")),
                "{text}: {error}"
            );
        }
        let deep = "[".repeat(100_000);
        assert!(scan(&deep).expect_err("deep").to_string().contains("deep"));
    }

    proptest! {
        #[test]
        fn whatever_is_read_ends(text in "[\\[\\]{}:,\"\\\\/*a1\n .-]{0,60}") {
            let _ = scan(&text);
        }

        #[test]
        fn what_is_json_means_the_same(text in "[\\[\\]{}:,\"a1 ]{0,12}") {
            if let Ok(wanted) = serde_json::from_str::<Value>(&text) {
                prop_assert_eq!(value(&text), Ok(wanted));
            }
        }
    }
}
