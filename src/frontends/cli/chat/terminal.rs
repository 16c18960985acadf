//! The terminal itself: its width, single keys, and that it is left as it was found.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr,
};
use tokio_util::sync::CancellationToken;

/// Columns where nobody says how many there are.
const COLUMNS: usize = 80;

/// Widest row of running text: longer ones are hard to read.
const WIDEST: usize = 110;

/// A read that gives nothing sooner than this has not waited: the terminal is gone.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A key that comes sooner after a question is no answer to it: it may be the second tap of the
/// one before, and would agree to what nobody has read yet.
const TOO_SOON: Duration = Duration::from_millis(300);

/// Columns of the terminal.
pub fn columns() -> usize {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => COLUMNS,
    }
}

/// Columns that running text takes.
pub fn text_columns() -> usize {
    columns().min(WIDEST)
}

/// Whether somebody can see questions on stderr and answer them.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// The terminal as it was; it is so again when this is dropped, whatever happened in between.
pub struct AsItWas(Option<Termios>);

impl AsItWas {
    /// Remembers how the terminal is now.
    pub fn remember() -> AsItWas {
        AsItWas(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for AsItWas {
    fn drop(&mut self) {
        let Some(before) = &self.0 else {
            return;
        };
        let changed = tcgetattr(io::stdin()).is_ok_and(|now| now.local_modes != before.local_modes);
        if changed {
            // Where this fails there is no terminal any more.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            // The line editor marks pasted text, and was kept from saying that it no longer does.
            let mut out = io::stdout();
            let _ = out.write_all(b"\x1b[?2004l\n").and_then(|()| out.flush());
        }
    }
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A letter or another sign.
    Sign(char),
    Enter,
    Escape,
    /// Ctrl-D, or the terminal is gone.
    End,
    /// What means nothing here: arrows, pasted text.
    Other,
}

/// Reads single keys, until it is dropped. Ctrl-C stays a signal.
pub struct Keys {
    before: Termios,
    /// Keys that come before this are thrown away.
    answers_from: Instant,
}

impl Keys {
    /// Begins to read keys. Those that were typed before are thrown away: nobody agrees to a
    /// question that he has not seen.
    pub fn open() -> io::Result<Keys> {
        let before = tcgetattr(io::stdin())?;
        let mut single = before.clone();
        single
            .local_modes
            .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::IEXTEN);
        // A read ends after a tenth of a second, so that a question can be withdrawn.
        single.special_codes[SpecialCodeIndex::VMIN] = 0;
        single.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(io::stdin(), OptionalActions::Flush, &single)?;
        Ok(Keys {
            before,
            answers_from: Instant::now() + TOO_SOON,
        })
    }

    /// The question is on the terminal now; keys that come too soon after it do not count.
    pub fn asked(&mut self) {
        self.answers_from = Instant::now() + TOO_SOON;
    }

    /// Waits for a key; `None` once `stop` is cancelled.
    pub fn next(&self, stop: &CancellationToken) -> io::Result<Option<Key>> {
        let read = |buffer: &mut [u8]| rustix::io::read(io::stdin(), buffer);
        next_key(read, self.answers_from, stop)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // Where this fails there is no terminal any more.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// Reads until there is a key that may be an answer; `None` once `stop` is cancelled.
fn next_key(
    mut read: impl FnMut(&mut [u8]) -> Result<usize, Errno>,
    answers_from: Instant,
    stop: &CancellationToken,
) -> io::Result<Option<Key>> {
    let mut buffer = [0_u8; 64];
    let mut at_once = 0;
    while !stop.is_cancelled() {
        let started = Instant::now();
        match read(&mut buffer) {
            Ok(0) if started.elapsed() < AT_ONCE => {
                at_once += 1;
                if at_once > 10 {
                    return Ok(Some(Key::End));
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

/// What came in one read: a key, or something longer that is no answer.
fn key(bytes: &[u8]) -> Key {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Key::Other;
    };
    // People press Enter after a letter out of habit.
    let letter = text.trim_end_matches(['\r', '\n']);
    let mut signs = letter.chars();
    match (signs.next(), signs.next()) {
        (None, _) => Key::Enter,
        (Some('\x1b'), None) => Key::Escape,
        (Some('\x04'), None) => Key::End,
        (Some(sign), None) if !sign.is_control() => Key::Sign(sign),
        _ => Key::Other,
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
        assert_eq!(key, Some(Key::Sign('n')));
        stop.cancel();
        let none = next_key(|_| Ok(1), answers_from, &stop).expect("no key");
        assert_eq!(none, None);
    }

    #[test]
    fn keys_are_told_from_what_is_pasted() {
        for (bytes, expected) in [
            (&b"y"[..], Key::Sign('y')),
            (b"y\n", Key::Sign('y')),
            (b"\r", Key::Enter),
            (b"\n", Key::Enter),
            (b"\x1b", Key::Escape),
            (b"\x04", Key::End),
            ("ㅛ".as_bytes(), Key::Sign('ㅛ')),
            (b"\x1b[A", Key::Other),
            (b"yes", Key::Other),
            (b"y\ny\n", Key::Other),
            (b"\xff", Key::Other),
            (b"\x01", Key::Other),
        ] {
            assert_eq!(key(bytes), expected, "{bytes:?}");
        }
    }
}
