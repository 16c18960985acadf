use crate::error::SettingsError;

/// A line `key = value` of a settings file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number; the first line is 1.
    pub line: usize,
    pub key: String,
    pub value: String,
}

/// The entries of a text. Empty lines and comments (`#`) are skipped.
pub fn entries(text: &str) -> Result<Vec<Entry>, SettingsError> {
    let mut entries: Vec<Entry> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(SettingsError::MissingEquals { line: number });
        };
        let (key, value) = (key.trim().to_lowercase(), value.trim());
        if let Some(first) = entries.iter().find(|entry| entry.key == key) {
            return Err(SettingsError::Twice {
                line: number,
                key,
                first: first.line,
            });
        }
        entries.push(Entry {
            line: number,
            key,
            value: value.to_owned(),
        });
    }
    Ok(entries)
}
