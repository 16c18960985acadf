//! Shortens texts with a visible mark.

use std::borrow::Cow;

use crate::text::tokens::estimate_text;

/// Keeps head and tail of a text, in about `most` tokens.
pub fn clipped_to(text: &str, most: u32) -> Cow<'_, str> {
    let tokens = estimate_text(text);
    if tokens <= most {
        return Cow::Borrowed(text);
    }
    // Scripts differ tenfold in characters a token.
    let characters = text.chars().count() as u64;
    let kept = characters * u64::from(most) / u64::from(tokens);
    clipped(text, usize::try_from(kept).unwrap_or(usize::MAX))
}

/// Keeps the head and the tail of a text that has more than `most` characters.
///
/// The mark of the cut comes on top. Cuts are at line ends where there is one nearby.
pub fn clipped(text: &str, most: usize) -> Cow<'_, str> {
    let length = text.chars().count();
    if length <= most {
        return Cow::Borrowed(text);
    }
    let head_end = byte_of(text, most * 2 / 3);
    let tail_start = byte_of(text, length - most / 3);
    let head = match text[..head_end].rfind('\n') {
        Some(at) if at > head_end / 2 => &text[..at],
        _ => &text[..head_end],
    };
    let tail = match text[tail_start..].find('\n') {
        Some(at) if at < (text.len() - tail_start) / 2 => &text[tail_start + at + 1..],
        _ => &text[tail_start..],
    };
    let middle = &text[head.len()..text.len() - tail.len()];
    let (characters, lines) = (middle.chars().count(), middle.matches('\n').count());
    let left_out = if lines > 1 {
        format!("{characters} characters in {lines} lines left out")
    } else {
        format!("{characters} characters left out")
    };
    Cow::Owned(format!("{head}\n… {left_out} …\n{tail}"))
}

/// The first line of a text, with at most `most` characters.
pub fn first_line(text: &str, most: usize) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(most).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    short
}

fn byte_of(text: &str, character: usize) -> usize {
    text.char_indices()
        .nth(character)
        .map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay() {
        assert_eq!(clipped("short", 5), "short");
        assert_eq!(clipped("", 0), "");
    }

    #[test]
    fn long_ones_say_what_is_missing() {
        let text: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let cut = clipped(&text, 120);
        assert!(cut.starts_with("line 0\nline 1\n"), "{cut}");
        assert!(cut.ends_with("line 99\n"), "{cut}");
        assert!(cut.contains(" lines left out …\nline "), "{cut}");
        assert!(cut.chars().count() < 170);
    }

    #[test]
    fn tokens_are_cut_to_in_every_script() {
        for text in [
            "the parser reads a header; ",
            "로그인 페이지의 오류를 고치고 ",
            "修复登录页面的错误，",
        ] {
            let long = text.repeat(400);
            let tokens = estimate_text(&clipped_to(&long, 500));
            assert!((400..=560).contains(&tokens), "{tokens}: {text}");
            assert_eq!(clipped_to(text, 500), text);
        }
    }

    #[test]
    fn any_text_can_be_cut_anywhere() {
        for text in ["日本語のテキスト", "é\n\n\nü\n", "\n\n\n\n\n\n\n\n"] {
            for most in 0..10 {
                clipped(text, most);
            }
        }
        assert_eq!(first_line("\n one\ntwo", 10), "one");
        assert_eq!(first_line("日本語", 2), "日本…");
    }
}
