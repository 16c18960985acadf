//! Files as texts, and texts as the bytes of the same file: byte-order mark, line ends and the
//! last line end stay as they were.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::{FileBytes, Hash, JailError, WorkspacePath};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How long it may take to find the untouched lines of a file; those that are not found by then
/// count as new.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file that was read as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Without a byte-order mark; lines end in `\n`. What is no UTF-8 is replaced by U+FFFD.
    pub text: String,
    /// Of the bytes.
    pub hash: Hash,
    /// What the text does not show.
    pub shape: TextShape,
    /// The file as it is.
    pub bytes: Arc<Vec<u8>>,
    /// Its mode, nine bits; `None` where the system has no such thing.
    pub mode: Option<u32>,
    /// Where it really is, if links led there.
    pub path: WorkspacePath,
}

/// What a text does not show of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextShape {
    /// Whether it starts with a UTF-8 byte-order mark.
    pub bom: bool,
    /// How lines end.
    pub newline: Newline,
    /// Whether the last line ends like the others.
    pub final_newline: bool,
    /// Whether some bytes are no UTF-8, so that the text is not all of it: do not edit.
    pub invalid_utf8: bool,
}

/// How the lines of a file end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newline {
    /// In `\n`, or there is but one line.
    Lf,
    /// In `\r\n`.
    CrLf,
    /// Some so, some so.
    Mixed,
}

impl TextFile {
    /// Reads a file as text, if it is one.
    pub(super) fn decode(file: FileBytes) -> Result<TextFile, JailError> {
        let (text, shape) = decode(&file.bytes).map_err(|why| JailError::NotText {
            path: file.path.to_string(),
            why,
        })?;
        Ok(TextFile {
            text,
            hash: file.hash,
            shape,
            bytes: file.bytes,
            mode: file.mode,
            path: file.path,
        })
    }

    /// Refuses a file of which the text does not show everything.
    pub fn check_editable(&self) -> Result<(), JailError> {
        if self.shape.invalid_utf8 {
            return Err(JailError::NotText {
                path: self.path.to_string(),
                why: "some of its bytes are not UTF-8",
            });
        }
        Ok(())
    }

    /// A new text for this file as [`TextFile::bytes_of`] writes it: lines end in `\n`, and the
    /// last one has its line end if it had one. What is shown and checked before is this.
    pub fn as_written<'text>(&self, new_text: &'text str) -> Cow<'text, str> {
        let mut text = Cow::Borrowed(new_text);
        if let Some(rest) = new_text.strip_prefix(BYTE_ORDER_MARK)
            && !self.text.starts_with(BYTE_ORDER_MARK)
        {
            text = Cow::Borrowed(rest);
        }
        if self.shape.final_newline && !text.is_empty() && !text.ends_with('\n') {
            text.to_mut().push('\n');
        }
        if !self.text.contains("\r\n") {
            while text.contains("\r\n") {
                text = Cow::Owned(text.replace("\r\n", "\n"));
            }
        }
        text
    }

    /// The bytes of this file with a new text.
    ///
    /// Byte-order mark and line ends stay; in a file with both kinds of line ends, or with bytes
    /// that are no UTF-8, each line that is not touched stays as it is.
    pub fn bytes_of(&self, new_text: &str) -> Vec<u8> {
        let text = self.as_written(new_text);
        let mut bytes = Vec::with_capacity(text.len() + text.len() / 16);
        if self.shape.bom {
            bytes.extend_from_slice(BYTE_ORDER_MARK.as_bytes());
        }
        match self.shape.newline {
            _ if self.shape.invalid_utf8 => self.push_by_line(&mut bytes, &text),
            Newline::Lf => bytes.extend_from_slice(text.as_bytes()),
            Newline::CrLf => bytes.extend_from_slice(text.replace('\n', "\r\n").as_bytes()),
            Newline::Mixed => self.push_by_line(&mut bytes, &text),
        }
        bytes
    }

    /// Adds a new text, the untouched lines with the bytes that they had.
    fn push_by_line(&self, bytes: &mut Vec<u8>, text: &str) {
        let body = self.bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes());
        let body = body.unwrap_or(&self.bytes);
        let raw: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
        let old: Vec<&str> = self.text.split_inclusive('\n').collect();
        let new: Vec<&str> = text.split_inclusive('\n').collect();
        let deadline = Some(Instant::now() + PATIENCE);
        for part in capture_diff_slices_deadline(Algorithm::Myers, &old, &new, deadline) {
            let before = part.old_range();
            if part.tag() == DiffTag::Equal {
                raw[before]
                    .iter()
                    .for_each(|line| bytes.extend_from_slice(line));
                continue;
            }
            for (offset, line) in new[part.new_range()].iter().enumerate() {
                // A new line ends like the one whose place it takes, or like the one before it.
                let like = (before.start + offset).min(before.end.saturating_sub(1));
                let is_crlf = raw.get(like).is_some_and(|line| line.ends_with(b"\r\n"));
                match line.strip_suffix('\n') {
                    Some(line) if is_crlf => {
                        bytes.extend_from_slice(line.as_bytes());
                        bytes.extend_from_slice(b"\r\n");
                    }
                    _ => bytes.extend_from_slice(line.as_bytes()),
                }
            }
        }
    }
}

/// Takes the text out of a file's bytes, or says why there is none.
fn decode(bytes: &[u8]) -> Result<(String, TextShape), &'static str> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16");
    }
    if bytes.contains(&0) {
        return Err("it has NUL bytes");
    }
    let (bom, body) = match bytes.strip_prefix(BYTE_ORDER_MARK.as_bytes()) {
        Some(body) => (true, body),
        None => (false, bytes),
    };
    let newline = newline_of(body);
    let text = String::from_utf8_lossy(body);
    let shape = TextShape {
        bom,
        newline,
        final_newline: body.ends_with(b"\n"),
        invalid_utf8: std::str::from_utf8(body).is_err(),
    };
    let text = match newline {
        Newline::Lf => text.into_owned(),
        Newline::CrLf | Newline::Mixed => text.replace("\r\n", "\n"),
    };
    Ok((text, shape))
}

fn newline_of(body: &[u8]) -> Newline {
    let (mut all, mut with_return) = (0_usize, 0_usize);
    for (at, byte) in body.iter().enumerate() {
        if *byte == b'\n' {
            all += 1;
            with_return += usize::from(at > 0 && body[at - 1] == b'\r');
        }
    }
    match with_return {
        0 => Newline::Lf,
        _ if with_return == all => Newline::CrLf,
        _ => Newline::Mixed,
    }
}

#[cfg(test)]
mod tests;
