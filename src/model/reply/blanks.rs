//! Detects answers that continue without content: weak models, and servers that keep a connection
//! alive, send a blank or a dot per second until the window is full.

use std::time::{Duration, Instant};

/// Most blanks in a row; no indentation is longer.
const MOST: usize = 1_000;

/// Checks an answer while it is received.
#[derive(Debug)]
pub(super) struct BlankDetector {
    count: usize,
    /// Time of the last word, or of the start.
    last_word: Instant,
}

impl BlankDetector {
    pub(super) fn new(now: Instant) -> BlankDetector {
        BlankDetector {
            count: 0,
            last_word: now,
        }
    }

    /// Adds a piece; returns an error if there was no content for too long.
    pub(super) fn push(&mut self, piece: &str, now: Instant, patience: Duration) -> Option<String> {
        for c in piece.chars() {
            self.count = if is_blank(c) { self.count + 1 } else { 0 };
            if c.is_alphanumeric() {
                self.last_word = now;
            }
            if self.count > MOST {
                return Some(format!(
                    "it is nothing but white space for {MOST} characters"
                ));
            }
        }
        // An empty piece is silence, which has a limit of its own.
        if piece.is_empty() {
            return None;
        }
        let silent = now.duration_since(self.last_word);
        (silent > patience).then(|| {
            let seconds = patience.as_secs_f32();
            format!("for {seconds} s it is nothing but white space and punctuation")
        })
    }
}

/// White space and invisible characters.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}')
        || matches!(
            c,
            '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(300);

    #[test]
    fn empty_pieces_are_silence() {
        let start = Instant::now();
        let mut blanks = BlankDetector::new(start);
        let later = start + LONG + Duration::from_secs(1);
        assert_eq!(blanks.push("", later, LONG), None);
        assert!(blanks.push(".", later, LONG).is_some());
    }

    #[test]
    fn blanks_of_every_kind_are_counted() {
        for pattern in [
            " ",
            "\n",
            "\t",
            "\u{200b}",
            "\u{feff}\n",
            " \u{2800}\r\n\u{ad}\u{e0020}",
            "\0",
        ] {
            let mut blanks = BlankDetector::new(Instant::now());
            let pieces = pattern.chars().cycle().take(MOST + 1);
            let why: Vec<String> = pieces
                .filter_map(|c| blanks.push(&c.to_string(), Instant::now(), LONG))
                .collect();
            assert_eq!(why.len(), 1, "{pattern:?}");
            assert!(why[0].contains("white space"), "{why:?}");
        }
        let mut blanks = BlankDetector::new(Instant::now());
        let indented = format!("{}x\n", " ".repeat(MOST - 10)).repeat(20);
        assert_eq!(blanks.push(&indented, Instant::now(), LONG), None);
        assert_eq!(blanks.push(&"-".repeat(5_000), Instant::now(), LONG), None);
    }

    #[test]
    fn what_says_nothing_for_long_is_told_by_the_clock() {
        for (drop, is_word) in [
            (" ", false),
            (".", false),
            ("\u{200b}", false),
            ("…", false),
            ("a", true),
            ("를", true),
            ("7", true),
        ] {
            let mut now = Instant::now();
            let mut blanks = BlankDetector::new(now);
            let mut why = None;
            for _ in 0..400 {
                now += Duration::from_secs(1);
                why = why.or(blanks.push(drop, now, LONG));
            }
            assert_eq!(why.is_none(), is_word, "{drop:?}");
            assert!(why.is_none_or(|why| why.contains("for 300 s")));
        }
    }
}
