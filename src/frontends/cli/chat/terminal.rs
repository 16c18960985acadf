//! The terminal: width, single keys, and restoring its modes.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio_util::sync::CancellationToken;

/// Columns if the width is unknown.
const COLUMNS: usize = 80;

/// Maximum width of text: longer rows are hard to read.
const WIDEST: usize = 110;

/// An empty read that returns sooner than this means that the terminal was closed.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A key that comes sooner after a question is ignored: it may belong to the previous question, and
/// nobody can have read this one.
const TOO_SOON: Duration = Duration::from_millis(300);

/// Columns of the terminal.
pub fn columns() -> usize {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => COLUMNS,
    }
}

/// Columns for text.
pub fn text_columns() -> usize {
    columns().min(WIDEST)
}

/// Whether there is a terminal for questions and answers.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The modes of the terminal, which are restored on drop.
pub struct TerminalGuard(Option<Termios>);

impl TerminalGuard {
    /// Saves the current modes.
    pub fn capture() -> TerminalGuard {
        TerminalGuard(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        let Some(before) = &self.0 else {
            return;
        };
        let changed = tcgetattr(io::stdin()).is_ok_and(|now| now.local_modes != before.local_modes);
        if changed {
            // This fails if the terminal was closed.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            // Ends bracketed paste, which an interrupted line editor leaves on.
            let mut out = io::stdout();
            let _ = out.write_all(b"\x1b[?2004l\n").and_then(|()| out.flush());
        }
    }
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPress {
    /// A printable character.
    Sign(char),
    Enter,
    Escape,
    /// Ctrl-D, or the terminal was closed.
    End,
    /// Keys without a meaning, such as arrows, and pasted text.
    Other,
}

/// Reads single keys, until it is dropped. Ctrl-C stays a signal.
pub struct KeyReader {
    before: Termios,
    /// Earlier keys are ignored.
    answers_from: Instant,
}

impl KeyReader {
    /// Starts to read keys. Keys that were typed before are discarded: they cannot answer a
    /// question that was not shown yet.
    pub fn open() -> io::Result<KeyReader> {
        let before = tcgetattr(io::stdin())?;
        let mut single = before.clone();
        single
            .local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        // A read ends after a tenth of a second, so that a question can be withdrawn.
        single.special_codes[SpecialCodeIndex::VMIN] = 0;
        single.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(io::stdin(), OptionalActions::Flush, &single)?;
        Ok(KeyReader {
            before,
            answers_from: Instant::now() + TOO_SOON,
        })
    }

    /// The question was shown; keys that come too soon after it are ignored.
    pub fn asked(&mut self) {
        self.answers_from = Instant::now() + TOO_SOON;
    }

    /// Waits for a key; `None` once `stop` is cancelled.
    pub fn next(&self, stop: &CancellationToken) -> io::Result<Option<KeyPress>> {
        let read = |buffer: &mut [u8]| rustix::io::read(io::stdin(), buffer);
        next_key(read, self.answers_from, stop)
    }
}

impl Drop for KeyReader {
    fn drop(&mut self) {
        // Where this fails there is no terminal any more.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Reads until there is a valid key; `None` once `stop` is cancelled.
fn next_key(
    mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
    answers_from: Instant,
    stop: &CancellationToken,
) -> io::Result<Option<KeyPress>> {
    let mut buffer = [0_u8; 64];
    let mut at_once = 0;
    while !stop.is_cancelled() {
        let started = Instant::now();
        match read(&mut buffer) {
            Ok(0) if started.elapsed() < AT_ONCE => {
                at_once += 1;
                if at_once > 10 {
                    return Ok(Some(KeyPress::End));
                }
            }
            Ok(0) => at_once = 0,
            Ok(_) if Instant::now() < answers_from => at_once = 0,
            Ok(length) => return Ok(Some(key(&buffer[..length]))),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The key of one read; longer input is not a key.
fn key(bytes: &[u8]) -> KeyPress {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return KeyPress::Other;
    };
    // People often press Enter after the key.
    let letter = text.trim_end_matches(['\r', '\n']);
    let mut signs = letter.chars();
    match (signs.next(), signs.next()) {
        (None, _) => KeyPress::Enter,
        (Some('\x1b'), None) => KeyPress::Escape,
        (Some('\x04'), None) => KeyPress::End,
        (Some(sign), None) if !sign.is_control() => KeyPress::Sign(sign),
        _ => KeyPress::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_too_soon_is_no_answer() {
        let answers_from = Instant::now() + Duration::from_millis(200);
        let mut typed = [&b"y"[..], b"y", b"n"].into_iter();
        let read = |buffer: &mut [u8]| {
            let bytes = typed.next().unwrap_or_default();
            if bytes == b"n" {
                let left = answers_from.saturating_duration_since(Instant::now());
                std::thread::sleep(left + Duration::from_millis(1));
            }
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok::<usize, Errno>(bytes.len())
        };
        let stop = CancellationToken::new();
        let key = next_key(read, answers_from, &stop).expect("a key");
        assert_eq!(key, Some(KeyPress::Sign('n')));
        stop.cancel();
        let none = next_key(|_| Ok(1), answers_from, &stop).expect("no key");
        assert_eq!(none, None);
    }

    #[test]
    fn keys_are_told_from_what_is_pasted() {
        for (bytes, expected) in [
            (&b"y"[..], KeyPress::Sign('y')),
            (b"y\n", KeyPress::Sign('y')),
            (b"\r", KeyPress::Enter),
            (b"\n", KeyPress::Enter),
            (b"\x1b", KeyPress::Escape),
            (b"\x04", KeyPress::End),
            ("ㅛ".as_bytes(), KeyPress::Sign('ㅛ')),
            (b"\x1b[A", KeyPress::Other),
            (b"yes", KeyPress::Other),
            (b"y\ny\n", KeyPress::Other),
            (b"\xff", KeyPress::Other),
            (b"\x01", KeyPress::Other),
        ] {
            assert_eq!(key(bytes), expected, "{bytes:?}");
        }
    }
}
