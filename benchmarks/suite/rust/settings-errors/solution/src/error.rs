use std::fmt;

/// Why settings cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    MissingEquals { line: usize },
    UnknownKey { line: usize, key: String },
    BadNumber { key: String, text: String },
    Twice { line: usize, key: String, first: usize },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::MissingEquals { line } => {
                write!(f, "line {line}: expected `key = value`")
            }
            SettingsError::UnknownKey { line, key } => write!(f, "line {line}: unknown key `{key}`"),
            SettingsError::BadNumber { key, text } => {
                write!(f, "`{key}` must be a number, not `{text}`")
            }
            SettingsError::Twice { line, key, first } => {
                write!(f, "line {line}: `{key}` is set twice, first in line {first}")
            }
        }
    }
}

impl std::error::Error for SettingsError {}
