//! Text that comes in pieces, without hidden characters.

use crate::visible::{escape_hidden, is_pictograph};

/// Most characters that wait for the next piece.
const LONGEST_HELD: usize = 32;

/// Escapes hidden characters in a text that comes in pieces. A piece may end within an emoji, whose
/// parts would be hidden characters alone: what may be one waits for the next piece.
#[derive(Debug, Default)]
pub struct VisibleText {
    held: String,
}

impl VisibleText {
    /// Takes the next piece, and gives what can be shown.
    pub fn push(&mut self, piece: &str) -> String {
        self.held.push_str(piece);
        let waits =
            |sign: &char| !sign.is_ascii() && (!sign.is_alphanumeric() || is_pictograph(*sign));
        let held = self.held.chars().rev().take_while(waits).take(LONGEST_HELD);
        let held: usize = held.map(char::len_utf8).sum();
        let rest = self.held.split_off(self.held.len() - held);
        let ready = std::mem::replace(&mut self.held, rest);
        escape_hidden(&ready).into_owned()
    }

    /// What still waits: the text is over.
    pub fn finish(&mut self) -> String {
        escape_hidden(&std::mem::take(&mut self.held)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_shown_as_the_whole_text_would_be() {
        for whole in [
            "plain",
            "⚠\u{fe0f} careful",
            "1\u{fe0f}\u{20e3}",
            "👩\u{200d}💻 wrote ℹ\u{fe0f} it",
            "a\u{202e}b\u{200b}",
            "한국어 日本語",
            "──────────────────────────────────────────────",
        ] {
            let mut text = VisibleText::default();
            let mut shown = String::new();
            for sign in whole.chars() {
                shown.push_str(&text.push(&sign.to_string()));
            }
            shown.push_str(&text.finish());
            assert_eq!(shown, escape_hidden(whole), "{whole}");
        }
        let mut text = VisibleText::default();
        assert_eq!(text.push("Yes, 한국어"), "Yes, 한국어", "nothing waits");
        assert_eq!(text.push(" ⚠"), " ");
        assert_eq!(text.finish(), "⚠");
    }
}
