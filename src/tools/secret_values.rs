//! What files of secrets hold, taken out of what commands print.
//!
//! A command that reads the whole folder reads them, too, and not every password looks like one.
//! What a command encodes is not seen: that would be another text.

use std::collections::BTreeMap;

use ollacode_indexer::secrets::secret_path;

use crate::jail::{EntryKind, Jail};

/// Most folders that are looked through for such files, the root among them.
const MOST_FOLDERS: usize = 60;
/// Most values that are taken out.
const MOST_VALUES: usize = 500;
/// Shorter values, in characters, are words of every text.
const SHORTEST: usize = 6;
/// Values without digits or signs that are shorter than this are names: `production`.
const SHORTEST_WORD: usize = 16;

/// Values in files of secrets at the top of a workspace and in the folders there, with the name of
/// their file; the longest first.
pub(super) fn secret_values(jail: &Jail) -> Vec<(String, String)> {
    let mut values = BTreeMap::new();
    let mut folders = vec![".".to_owned()];
    let mut at = 0;
    while let Some(folder) = folders.get(at).cloned() {
        at += 1;
        let Ok(path) = jail.path(&folder) else {
            continue;
        };
        for entry in jail.list(&path).unwrap_or_default() {
            let path = match folder.as_str() {
                "." => entry.name.clone(),
                folder => format!("{folder}/{}", entry.name),
            };
            match entry.kind {
                EntryKind::Folder if folder == "." && folders.len() < MOST_FOLDERS => {
                    folders.push(path);
                }
                EntryKind::File if secret_path(&path).is_some() => {
                    let text = jail.path(&path).and_then(|path| jail.read(&path));
                    let text = text.map(|file| file.text).unwrap_or_default();
                    for value in text.lines().filter_map(value_of) {
                        values.insert(value.to_owned(), path.clone());
                    }
                }
                _ => {}
            }
        }
    }
    let mut values: Vec<(String, String)> = values.into_iter().collect();
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    values.truncate(MOST_VALUES);
    values
}

/// A text without these values.
pub(super) fn without_values(text: &str, values: &[(String, String)]) -> String {
    let mut clean = text.to_owned();
    for (value, path) in values {
        if clean.contains(value.as_str()) {
            clean = clean.replace(value.as_str(), &format!("[redacted: value in {path}]"));
        }
    }
    clean
}

/// The value of a line such as `export KEY="value"`, if it says anything.
fn value_of(line: &str) -> Option<&str> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let (_, value) = line.split_once('=').or_else(|| line.split_once(": "))?;
    let value = value.trim().trim_matches(['"', '\'']);
    let characters = value.chars().count();
    let is_word = value.chars().all(char::is_alphabetic);
    let is_number = value.chars().all(|c| c.is_ascii_digit() || c == '.');
    let is_address = value.contains("://") && !value.contains('@');
    let says_little = characters < SHORTEST || (is_word && characters < SHORTEST_WORD);
    (!says_little && !is_number && !is_address).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests_support::Bench;

    #[test]
    fn what_says_something_is_a_value() {
        for (line, value) in [
            ("DB_PASSWORD=hunter2", Some("hunter2")),
            ("export TOKEN='a b c d'", Some("a b c d")),
            ("token: yellow-canary", Some("yellow-canary")),
            (
                "URL=postgres://me:pw@host/db",
                Some("postgres://me:pw@host/db"),
            ),
            ("MODE=production", None),
            ("PORT=5432000", None),
            ("HOST=http://localhost:3000", None),
            ("# KEY=commented", None),
            ("no value", None),
            ("KEY=abc", None),
        ] {
            assert_eq!(value_of(line), value, "{line}");
        }
    }

    #[tokio::test]
    async fn values_are_found_in_the_folders_at_the_top() {
        let bench = Bench::new();
        bench.file(".env", "A=hunter2\n");
        bench.file("api/.env.local", "B=\"hunter2-and-more\"\n");
        bench.file("src/main.rs", "let a = 12345678;\n");
        let values = secret_values(&bench.context().jail);
        let text = without_values("is hunter2-and-more hunter2 12345678", &values);
        assert_eq!(
            text,
            "is [redacted: value in api/.env.local] [redacted: value in .env] 12345678"
        );
    }
}
