//! Text as such, whatever it is about.

pub mod tokens;

use std::error::Error;

/// A block of code whose fence is longer than any in the text.
pub fn fenced(text: &str, language: &str) -> String {
    let runs = text.split(|sign| sign != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default().max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// An error with what caused it, in one line.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.ends_with(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        cause = error.source();
    }
    text
}
