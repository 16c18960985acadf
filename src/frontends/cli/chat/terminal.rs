//! The terminal: width, single keys, and restoring its modes.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio_util::sync::CancellationToken;

/// Columns if the width is unknown.
const COLUMNS: usize = 80;

/// Rows if the height is unknown.
const ROWS: usize = 24;

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

/// Rows of the terminal.
pub fn rows() -> usize {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_row > 0 => usize::from(size.ws_row),
        _ => ROWS,
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
        let end_key = |modes: &Termios| modes.special_codes[SpecialCodeIndex::VEOF];
        let changed = tcgetattr(io::stdin()).is_ok_and(|now| {
            now.local_modes != before.local_modes || end_key(&now) != end_key(before)
        });
        if changed {
            // This fails if the terminal was closed.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            // Ends bracketed paste, which an interrupted line editor leaves on.
            let mut out = io::stdout();
            let _ = out.write_all(b"\x1b[?2004l\n").and_then(|()| out.flush());
        }
    }
}

/// Whether typed characters are not shown, because a turn runs.
static IS_QUIET: AtomicBool = AtomicBool::new(false);
/// The key that ends the input, as it was before.
static END_KEY: AtomicU8 = AtomicU8::new(END);
/// What stands for a key that is switched off, on Linux (`_POSIX_VDISABLE`).
const NO_KEY: u8 = 0;

/// While it lives, typed characters do not spoil the screen. They wait, and the line editor shows
/// them when it reads next; Ctrl-D waits like the others, where the kernel would turn it into an end
/// that nobody reads.
pub struct HiddenTyping(());

impl HiddenTyping {
    pub fn begin() -> HiddenTyping {
        if let Ok(modes) = tcgetattr(io::stdin()) {
            END_KEY.store(
                modes.special_codes[SpecialCodeIndex::VEOF],
                Ordering::SeqCst,
            );
        }
        HiddenTyping::set(true);
        HiddenTyping(())
    }

    /// Without a terminal there is nothing to set.
    fn set(is_quiet: bool) {
        IS_QUIET.store(is_quiet, Ordering::SeqCst);
        if let Ok(modes) = tcgetattr(io::stdin()) {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &between_reads(modes));
        }
    }
}

impl Drop for HiddenTyping {
    fn drop(&mut self) {
        HiddenTyping::set(false);
    }
}

/// The modes of the terminal while nothing is read.
fn between_reads(mut modes: Termios) -> Termios {
    let is_quiet = IS_QUIET.load(Ordering::SeqCst);
    modes.local_modes.set(LocalModes::ECHO, !is_quiet);
    modes.special_codes[SpecialCodeIndex::VEOF] = match is_quiet {
        true => NO_KEY,
        false => END_KEY.load(Ordering::SeqCst),
    };
    modes
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPress {
    /// A printable character.
    Sign(char),
    Enter,
    Escape,
    Up,
    Down,
    /// Ctrl-D, or the terminal was closed.
    End,
    /// Keys without a meaning, and pasted text.
    Other,
}

/// Ctrl-D.
const END: u8 = 4;
/// Escape, which also begins the sequences of other keys.
const ESCAPE: u8 = 0x1b;

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
        let mut reader = KeyReader::discarding()?;
        reader.asked();
        Ok(reader)
    }

    /// Starts to read keys in a menu that the user has called: every key counts from now on. Those
    /// that were typed before it is shown are discarded.
    pub fn for_menu() -> io::Result<KeyReader> {
        KeyReader::discarding()
    }

    fn discarding() -> io::Result<KeyReader> {
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
            answers_from: Instant::now(),
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

    /// Waits for keys, which may come several at once; `None` once `stop` is cancelled.
    pub fn next_keys(&self, stop: &CancellationToken) -> io::Result<Option<Vec<KeyPress>>> {
        let read = |buffer: &mut [u8]| rustix::io::read(io::stdin(), buffer);
        let Some(mut bytes) = next_bytes(read, self.answers_from, stop)? else {
            return Ok(None);
        };
        // The rest of a sequence may come a little later.
        if bytes == [ESCAPE] {
            let mut more = [0_u8; 64];
            let length = read(&mut more).unwrap_or(0);
            bytes.extend_from_slice(&more[..length]);
        }
        Ok(Some(keys(&bytes)))
    }
}

impl Drop for KeyReader {
    fn drop(&mut self) {
        // The turn may have begun or ended meanwhile.
        let modes = between_reads(self.before.clone());
        // Where this fails there is no terminal any more.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
    }
}

/// Reads until there is a valid key; `None` once `stop` is cancelled.
fn next_key(
    read: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
    answers_from: Instant,
    stop: &CancellationToken,
) -> io::Result<Option<KeyPress>> {
    let bytes = next_bytes(read, answers_from, stop)?;
    Ok(bytes.map(|bytes| key(&bytes)))
}

/// Reads until there is input that counts; `None` once `stop` is cancelled.
fn next_bytes(
    mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
    answers_from: Instant,
    stop: &CancellationToken,
) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = [0_u8; 64];
    let mut at_once = 0;
    while !stop.is_cancelled() {
        let started = Instant::now();
        match read(&mut buffer) {
            Ok(0) if started.elapsed() < AT_ONCE => {
                at_once += 1;
                if at_once > 10 {
                    return Ok(Some(vec![END]));
                }
            }
            Ok(0) => at_once = 0,
            Ok(_) if Instant::now() < answers_from => at_once = 0,
            Ok(length) => return Ok(Some(buffer[..length].to_vec())),
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
        (Some(sign), None) if sign == char::from(END) => KeyPress::End,
        (Some(sign), None) if !sign.is_control() => KeyPress::Sign(sign),
        _ => match arrow(letter) {
            Some((key, length)) if length == letter.len() => key,
            _ => KeyPress::Other,
        },
    }
}

/// The keys of one read, in order.
fn keys(bytes: &[u8]) -> Vec<KeyPress> {
    let text = String::from_utf8_lossy(bytes);
    let mut rest: &str = &text;
    let mut keys = Vec::new();
    while let Some(sign) = rest.chars().next() {
        let (key, length) = match (sign, arrow(rest)) {
            (_, Some(arrow)) => arrow,
            ('\x1b', None) if !rest[1..].starts_with(['[', 'O']) => (KeyPress::Escape, 1),
            // Another sequence: up to its letter.
            ('\x1b', None) => {
                let is_last = |sign: char| sign.is_ascii_alphabetic() || sign == '~';
                let last = rest[2..].find(is_last);
                (KeyPress::Other, last.map_or(rest.len(), |at| at + 3))
            }
            ('\r' | '\n', None) => (KeyPress::Enter, 1),
            (sign, None) if sign == char::from(END) => (KeyPress::End, 1),
            (sign, None) if sign.is_control() => (KeyPress::Other, sign.len_utf8()),
            (sign, None) => (KeyPress::Sign(sign), sign.len_utf8()),
        };
        keys.push(key);
        rest = &rest[length..];
    }
    keys
}

/// The arrow at the beginning of a text, and its length.
fn arrow(text: &str) -> Option<(KeyPress, usize)> {
    ["\x1b[A", "\x1bOA", "\x1b[B", "\x1bOB"]
        .into_iter()
        .find(|sequence| text.starts_with(sequence))
        .map(|sequence| match sequence.ends_with('A') {
            true => (KeyPress::Up, sequence.len()),
            false => (KeyPress::Down, sequence.len()),
        })
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
            (b"\x1b[A", KeyPress::Up),
            (b"\x1bOB", KeyPress::Down),
            (b"\x1b[C", KeyPress::Other),
            (b"yes", KeyPress::Other),
            (b"y\ny\n", KeyPress::Other),
            (b"\xff", KeyPress::Other),
            (b"\x01", KeyPress::Other),
        ] {
            assert_eq!(key(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn keys_of_a_menu_count_each() {
        for (bytes, expected) in [
            (
                &b"\x1b[B\x1b[B\r"[..],
                &[KeyPress::Down, KeyPress::Down, KeyPress::Enter][..],
            ),
            (b"\x1bOA\x1b", &[KeyPress::Up, KeyPress::Escape]),
            (b"2\n", &[KeyPress::Sign('2'), KeyPress::Enter]),
            (b"\x1b\r", &[KeyPress::Escape, KeyPress::Enter]),
            (b"\x1b\x1b", &[KeyPress::Escape, KeyPress::Escape]),
            (b"\x1bOPx", &[KeyPress::Other, KeyPress::Sign('x')]),
            (b"\x1b[3~j", &[KeyPress::Other, KeyPress::Sign('j')]),
            (
                b"\x1b[1;5Cq\x04",
                &[KeyPress::Other, KeyPress::Sign('q'), KeyPress::End],
            ),
            (
                "한\x01".as_bytes(),
                &[KeyPress::Sign('한'), KeyPress::Other],
            ),
            (b"", &[]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }
}
