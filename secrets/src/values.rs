//! The values that a file of secrets holds, whatever its format: variables, INI, YAML, JSON, XML,
//! password files, keys.
//!
//! Which of them are secret is decided by the name of the key and the look of the value: `true`,
//! `8080` and `development` stand in every text, and say nothing.

mod judge;
mod lines;

use std::collections::BTreeSet;

use serde_json::Value;

use judge::{SecretExtent, is_drawn, is_setting, judge};

/// Most values that are taken from one file.
const MOST: usize = 2_000;

/// The values in a file of secrets that are to be shown to nobody, the longest first.
///
/// Of a value that holds others, those are among them: the lines of a key, the password of a URL,
/// what Base64 stands for.
pub fn secret_values(path: &str, text: &str) -> Vec<String> {
    let path = path.to_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut values = ValueScan {
        found: BTreeSet::new(),
        settings: BTreeSet::new(),
        trust: SecretExtent::of(&path),
    };
    match name {
        ".pgpass" | "pgpass.conf" => text.lines().for_each(|line| values.pgpass(line)),
        ".netrc" | "_netrc" => values.netrc(text),
        ".htpasswd" | "htpasswd" | ".htdigest" => {
            let hashes = text.lines().filter_map(|line| line.rsplit_once(':'));
            hashes.for_each(|(_, hash)| values.certain(hash));
        }
        _ if name.ends_with(".csv") => {
            let fields = text.lines().flat_map(|line| line.split([',', ';', '\t']));
            fields.for_each(|field| values.add("", field.trim().trim_matches('"')));
        }
        _ => values.of_any(text),
    }
    if values.trust == SecretExtent::Some {
        // A password that is the user's name, too, would be found in every text.
        let settings = &values.settings;
        values.found.retain(|value| !settings.contains(value));
    }
    let mut found: Vec<String> = values.found.into_iter().collect();
    found.sort_by_key(|value| std::cmp::Reverse(value.len()));
    found
}

/// What was found so far.
struct ValueScan {
    found: BTreeSet<String>,
    /// Values of keys that say that they are none.
    settings: BTreeSet<String>,
    trust: SecretExtent,
}

impl ValueScan {
    /// Takes a value, if it is one, and what is in it. `key` is its name with those above it.
    fn add(&mut self, key: &str, value: &str) {
        let value = value.trim();
        if judge(key, value, self.trust) {
            self.insert(value);
        } else if is_setting(key) {
            self.settings.insert(value.to_owned());
        }
        if let Some((_, address)) = value.split_once("://") {
            // A token can be in the path of an address.
            let parts = address.split(['/', '?', '&', '=']).skip(1);
            let drawn = parts.filter(|part| is_drawn(part));
            drawn.for_each(|part| self.insert(part));
        }
        if value.contains(';') && value.contains('=') {
            // `Server=db;User Id=me;Password=…`
            for part in value.split(';') {
                if let Some((name, value)) = part.split_once('=')
                    && !value.contains('=')
                {
                    self.add(name, value);
                }
            }
        }
        if let Some(password) = password_of_url(value) {
            self.insert(value);
            self.certain(password);
            self.certain(&percent_decoded(password));
        }
        if let Some(decoded) = base64_decoded(value) {
            if let Some((_, password)) = decoded.split_once(':') {
                self.certain(password);
            }
            self.lines(&decoded);
            if judge(key, &decoded, self.trust) {
                self.insert(&decoded);
            }
        }
        self.lines(value);
    }

    /// Takes what is a secret wherever it stands, unless it says nothing at all.
    fn certain(&mut self, value: &str) {
        let value = value.trim();
        if judge("password", value, self.trust) {
            self.insert(value);
        }
    }

    /// Takes the lines of a text that has several: each can be shown without the others.
    fn lines(&mut self, text: &str) {
        if text.contains('\n') {
            let lines = text.lines().map(str::trim);
            lines
                .filter(|line| line.len() >= 8 && !line.starts_with("-----"))
                .for_each(|line| self.certain(line));
        }
    }

    fn insert(&mut self, value: &str) {
        if self.found.len() < MOST {
            self.found.insert(value.to_owned());
        }
    }

    /// `host:port:database:user:password`, in which `\` goes before a `:` that divides nothing.
    fn pgpass(&mut self, line: &str) {
        let mut divisions = line
            .match_indices(':')
            .filter(|(at, _)| !line[..*at].ends_with('\\'));
        if let Some((at, _)) = divisions.nth(3)
            && !line.starts_with('#')
        {
            let password = &line[at + 1..];
            self.certain(password);
            self.certain(&password.replace("\\:", ":").replace("\\\\", "\\"));
        }
    }

    /// `machine … login … password …`, on one line or on many.
    fn netrc(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            if matches!(pair[0], "password" | "account") {
                self.certain(pair[1].trim_matches('"'));
            }
        }
    }

    fn of_any(&mut self, text: &str) {
        let trimmed = text.trim();
        if trimmed.starts_with(['{', '['])
            && let Ok(json) = serde_json::from_str::<Value>(trimmed)
        {
            return self.json("", &json);
        }
        if trimmed.contains("-----BEGIN ") {
            self.key_lines(trimmed);
        }
        if trimmed.starts_with('<') && !trimmed.starts_with("<?php") {
            return self.xml(trimmed);
        }
        if trimmed.lines().count() == 1 && !trimmed.contains(['=', ':']) {
            // A phrase: `.vault_pass`.
            self.certain(trimmed);
        }
        let is_bare = |line: &str| !line.contains([' ', '=', '\t']) && !line.contains(": ");
        if trimmed.lines().all(is_bare) && !trimmed.starts_with("-----") {
            // One value a line: `master.key`, tokens, `.git-credentials`.
            trimmed.lines().for_each(|line| self.add("password", line));
        }
        lines::read(text, |key, value| self.add(key, value));
    }

    fn json(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) => self.add(key, text),
            Value::Number(number) => self.add(key, &number.to_string()),
            Value::Array(values) => values.iter().for_each(|value| self.json(key, value)),
            Value::Object(values) => values
                .iter()
                .for_each(|(name, value)| self.json(&format!("{key}.{name}"), value)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// The text of elements, and values of attributes.
    fn xml(&mut self, text: &str) {
        let mut name = "";
        // In a list of properties, one element names the next one.
        let mut key = "";
        for part in text.split('<') {
            let (tag, body) = part.split_once('>').unwrap_or(("", part));
            let (element, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
            if !element.starts_with(['/', '!', '?']) {
                name = element;
            }
            match element {
                "key" => key = body,
                "string" if !key.is_empty() => self.add(key, &unescaped(body)),
                _ => self.add(name, &unescaped(body)),
            }
            // `<add key="Password" value="…"/>`: what one says names the other.
            let attributes = pairs(attributes);
            let named = attributes
                .iter()
                .find(|(name, _)| matches!(*name, "key" | "name"));
            for (name, value) in &attributes {
                let key = match named {
                    Some((_, key)) if matches!(*name, "value" | "content") => key,
                    _ => name,
                };
                if !matches!(*name, "key" | "name") {
                    self.add(key, &unescaped(value));
                }
            }
        }
    }

    /// The lines between `-----BEGIN …-----` and `-----END …-----`.
    fn key_lines(&mut self, text: &str) {
        let mut inside = false;
        for line in text.lines().map(str::trim) {
            match line {
                _ if line.contains("-----BEGIN ") => inside = !line.contains("-----END "),
                _ if line.contains("-----END ") => inside = false,
                _ if inside => self.certain(line.trim_matches(['"', '\'', ',', '\\'])),
                _ => {}
            }
        }
    }
}

/// The password in `scheme://user:password@host`.
fn password_of_url(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (login, _) = rest.rsplit_once('@')?;
    let (_, password) = login.split_once(':')?;
    Some(password)
}

/// The names and values of attributes.
fn pairs(attributes: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = attributes.split('"').collect();
    let pairs = parts.chunks_exact(2);
    pairs
        .map(|pair| {
            let name = pair[0].trim_start();
            (name.trim_end_matches(['=', ' ']), pair[1])
        })
        .collect()
}

/// Without the escapes of XML.
fn unescaped(text: &str) -> String {
    let escapes = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ];
    let replace = |text: String, (escape, meant): (&str, &str)| text.replace(escape, meant);
    escapes.into_iter().fold(text.to_owned(), replace)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match digits.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What Base64 stands for, if that is a text.
fn base64_decoded(value: &str) -> Option<String> {
    let body = value.trim_end_matches('=');
    if body.len() < 8 || value.len() - body.len() > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(body.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in body.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    text.chars().all(is_text).then_some(text)
}
