//! Converts files to text and back: encoding, byte-order mark, line ends and the last line end are
//! kept.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ollacode_indexer::decode::{Encoding, decode, encode};
use similar::{Algorithm, DiffTag, capture_diff_slices_deadline};

use super::{FileBytes, Hash, JailError, WorkspacePath};

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Time limit for finding the unchanged lines of a file; lines not found by then count as new.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file that was read as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Without a byte-order mark; lines end in `\n`. Invalid bytes are U+FFFD.
    pub text: String,
    /// Hash of the bytes.
    pub hash: Hash,
    /// Properties of the file that the text does not show.
    pub shape: TextShape,
    /// The bytes of the file.
    pub bytes: Arc<Vec<u8>>,
    /// Its mode, nine bits; `None` if the system has none.
    pub mode: Option<u32>,
    /// Its real path, if links led there.
    pub path: WorkspacePath,
}

/// Properties of a file that its text does not show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextShape {
    pub encoding: Encoding,
    /// Whether it starts with a byte-order mark.
    pub bom: bool,
    pub newline: Newline,
    /// Whether the last line ends like the others.
    pub final_newline: bool,
    /// Whether some bytes are invalid in that encoding, so that the text is incomplete: do not
    /// edit.
    pub is_lossy: bool,
}

/// The line ends of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newline {
    /// `\n`, or there is only one line.
    Lf,
    /// In `\r\n`.
    CrLf,
    /// Both.
    Mixed,
}

impl TextFile {
    /// Decodes a file, if it is text.
    pub(super) fn decode(file: FileBytes) -> Result<TextFile, JailError> {
        let (text, shape) = decoded(&file.bytes).map_err(|why| JailError::NotText {
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

    /// Rejects a file with an incomplete text.
    pub fn check_editable(&self) -> Result<(), JailError> {
        if self.shape.is_lossy {
            let why = match self.shape.encoding {
                Encoding::Utf8 => "some of its bytes are not UTF-8",
                Encoding::Utf16Le | Encoding::Utf16Be => "some of its bytes are not UTF-16",
                Encoding::Utf32Le | Encoding::Utf32Be => "some of its bytes are not UTF-32",
            };
            let path = self.path.to_string();
            return Err(JailError::NotText { path, why });
        }
        Ok(())
    }

    /// A new text for this file as [`TextFile::bytes_of`] writes it: lines end in `\n`, and the
    /// last one has its line end if it had one. This is what is shown and checked before writing.
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
    /// Encoding, byte-order mark and line ends are kept; in a file with both line ends, or with
    /// invalid bytes, each unchanged line stays as it is.
    pub fn bytes_of(&self, new_text: &str) -> Vec<u8> {
        let text = self.as_written(new_text);
        let decoded = decode(&self.bytes);
        let mut bytes = self.bytes[..decoded.mark].to_vec();
        let by_line = |body: &[u8]| {
            let mut written = Vec::with_capacity(text.len() + text.len() / 16);
            self.push_by_line(&mut written, body, &text);
            written
        };
        let body = match (self.shape.newline, self.shape.encoding) {
            (_, Encoding::Utf8) if self.shape.is_lossy => by_line(&self.bytes[decoded.mark..]),
            (Newline::Lf, _) => text.as_bytes().to_owned(),
            (Newline::CrLf, _) => text.replace('\n', "\r\n").into_bytes(),
            (Newline::Mixed, _) => by_line(decoded.text.as_bytes()),
        };
        match self.shape.encoding {
            Encoding::Utf8 => bytes.extend_from_slice(&body),
            encoding => bytes.extend(encode(&String::from_utf8_lossy(&body), encoding)),
        }
        bytes
    }

    /// Adds a new text; unchanged lines keep their bytes.
    fn push_by_line(&self, bytes: &mut Vec<u8>, body: &[u8], text: &str) {
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

/// Decodes the bytes of a file, or says why they are not text.
fn decoded(bytes: &[u8]) -> Result<(String, TextShape), &'static str> {
    let decoded = decode(bytes);
    if decoded.text.contains('\0') {
        return Err("it has NUL bytes");
    }
    let newline = newline_of(decoded.text.as_bytes());
    let shape = TextShape {
        encoding: decoded.encoding,
        bom: decoded.mark > 0,
        newline,
        final_newline: decoded.text.ends_with('\n'),
        is_lossy: decoded.is_lossy,
    };
    let text = match newline {
        Newline::Lf => decoded.text.into_owned(),
        Newline::CrLf | Newline::Mixed => decoded.text.replace("\r\n", "\n"),
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
