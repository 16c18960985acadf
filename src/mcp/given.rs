//! Secrets that servers are given: they are taken out of what servers say, so that no model, log or
//! messenger gets them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ffi::OsString;

use serde_json::Value;

use super::names::words;
use super::{McpError, ServerPart, ServerResult};

/// Shortest value that is looked for, in bytes: a shorter one stands in other words, too.
const SHORTEST: usize = 8;
/// Words in the names of variables and headers that hold secrets,
const SECRET: [&str; 10] = [
    "apikey",
    "auth",
    "authorization",
    "cookie",
    "credential",
    "credentials",
    "key",
    "pass",
    "passwd",
    "pat",
];
/// and parts of such words.
const SECRET_PARTS: [&str; 3] = ["password", "secret", "token"];
/// Names like those of secrets, whose values are places.
const PLACES: [&str; 4] = ["file", "folder", "path", "sock"];
const HIDDEN: &str = "[redacted: a variable of the server]";

/// The values that are secrets of the variables that servers are given.
pub(super) struct GivenSecrets {
    /// The longest first: one may be in another.
    values: Vec<String>,
}

impl GivenSecrets {
    pub fn of(variables: &BTreeMap<String, OsString>) -> GivenSecrets {
        let secret = variables.iter().filter(|(name, _)| is_secret(name));
        let texts = secret.filter_map(|(_, value)| value.to_str());
        // Of `Bearer TOKEN`, a server may say the second word alone.
        let values = texts.flat_map(|text| {
            let whole = text.trim();
            [Some(whole), whole.split_whitespace().next_back()]
        });
        let values = values.flatten().filter(|value| value.len() >= SHORTEST);
        let mut values: Vec<String> = values.map(str::to_owned).collect();
        values.sort_by(|one, other| (Reverse(one.len()), one).cmp(&(Reverse(other.len()), other)));
        values.dedup();
        GivenSecrets { values }
    }

    /// A text without them.
    fn hidden_in(&self, text: &mut String) {
        for value in &self.values {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), HIDDEN);
            }
        }
    }

    /// An error without them.
    pub fn hidden_in_error(&self, mut error: McpError) -> McpError {
        if let McpError::NotRunning(_, words) | McpError::Refused(_, words) = &mut error {
            self.hidden_in(words);
        }
        error
    }

    /// A result without them.
    pub fn hidden_in_result(&self, mut result: ServerResult) -> ServerResult {
        for part in &mut result.parts {
            if let ServerPart::Text(text) | ServerPart::Other(text) = part {
                self.hidden_in(text);
            }
        }
        if let Some(data) = &mut result.structured {
            self.hidden_in_value(data);
        }
        result
    }

    fn hidden_in_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.hidden_in(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hidden_in_value(item)),
            Value::Object(members) => members
                .iter_mut()
                .for_each(|(_, member)| self.hidden_in_value(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether a variable or a header of this name holds a secret.
fn is_secret(name: &str) -> bool {
    let words = words(name);
    let is_secret = |word: &String| {
        SECRET.contains(&word.as_str()) || SECRET_PARTS.iter().any(|part| word.contains(part))
    };
    let is_place = words
        .last()
        .is_some_and(|word| PLACES.contains(&word.as_str()));
    words.iter().any(is_secret) && !is_place
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_server_cannot_say_on_what_it_was_given() {
        let given = [
            ("DOCS_AUTHORIZATION", "Bearer abcdefgh12345"),
            ("GITHUB_TOKEN", "abcdefgh"),
            ("PIN_SECRET", "1234"),
            ("SSH_AUTH_SOCK", "/run/agent/socket"),
            ("NODE_ENV", "production"),
            ("GIT_AUTHOR_NAME", "production"),
        ];
        let variables = given.map(|(name, value)| (name.to_owned(), OsString::from(value)));
        let secrets = GivenSecrets::of(&BTreeMap::from(variables));
        let said =
            "Bearer abcdefgh12345, abcdefgh12345, abcdefgh; 1234 /run/agent/socket production";
        let hidden = format!("{HIDDEN}, {HIDDEN}, {HIDDEN}; 1234 /run/agent/socket production");
        for error in [McpError::NotRunning, McpError::Refused] {
            assert_eq!(
                secrets.hidden_in_error(error("a".to_owned(), said.to_owned())),
                error("a".to_owned(), hidden.clone())
            );
        }
        let result = |text: &str| ServerResult {
            parts: vec![
                ServerPart::Text(text.to_owned()),
                ServerPart::Other(text.to_owned()),
            ],
            structured: Some(json!({"a": [1, {"b": text}], "c": text})),
            is_error: true,
        };
        assert_eq!(secrets.hidden_in_result(result(said)), result(&hidden));
    }
}
