//! Escapes before a token are no part of it, and do not hide it.

use super::super::redact;
use super::{draw, planted};

/// How a character before a token may be written.
const ESCAPES: &[&str] = &[
    "%20", "%3D", "%3d", "\\u0022", "\\u003D", "\\u003d", "\\x22", "\\x3D", "\\n", "\\r", "\\t",
];

/// What only looks like that: too short, too long, or no number.
const NO_ESCAPES: &[&str] = &[
    "20", "%2", "%2g", "%200", "u0022", "\\u022", "\\u00220", "\\u00g2", "x22", "\\x2", "\\x2g",
    "\\x220", "n", "\\nn", "\\a", "\\N",
];

#[test]
fn an_escape_goes_before_a_token_and_is_no_part_of_its_word() {
    let token = planted("gh|p_{mixed:36}");
    for escape in ESCAPES {
        let text = format!("before{escape}{token}{escape}after");
        let expected = format!("before{escape}[redacted: github-token]{escape}after");
        assert_eq!(redact(&text).text, expected, "{text}");
    }
    for letters in NO_ESCAPES {
        let text = format!("before {letters}{token} after");
        assert_eq!(redact(&text).text, text);
    }
}

#[test]
fn an_escape_before_digits_is_none_of_them() {
    let secret = planted("A|A{mixed:33}");
    for digits in 8..=10 {
        let bot = draw("digit", digits);
        for escape in ESCAPES {
            let text = format!("before{escape}{bot}:{secret}");
            let expected = format!("before{escape}{bot}:[redacted: telegram-bot-token]");
            assert_eq!(redact(&text).text, expected, "{text}");
        }
    }
}
