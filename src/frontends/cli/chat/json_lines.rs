//! The events of a turn as lines of JSON.

use std::fs;
use std::io::Write;

use anyhow::Error;

use super::super::print_json;
use super::plain::OutputFile;
use super::turn::TurnDisplay;
use crate::engine::event::Event;
use crate::frontends::events_json::JsonEvent;

/// Prints each event as a line of JSON.
pub struct JsonLines {
    file: Option<fs::File>,
}

impl JsonLines {
    /// Writes to stdout, or to a file that is overwritten.
    pub fn new(file: Option<&OutputFile>) -> Result<JsonLines, Error> {
        Ok(JsonLines {
            file: file.map(OutputFile::create).transpose()?,
        })
    }

    pub fn line(&mut self, line: &JsonEvent<'_>) -> Result<(), Error> {
        let Some(file) = &mut self.file else {
            return print_json(line);
        };
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        Ok(file.write_all(text.as_bytes())?)
    }
}

impl TurnDisplay for JsonLines {
    fn event(&mut self, event: &Event) -> Result<(), Error> {
        self.line(&JsonEvent::from(event))
    }
}
