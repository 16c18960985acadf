//! Splits an answer into messages: at paragraphs, then lines, then words.

use unicode_width::UnicodeWidthChar;

use super::formatted_text::{FormattedText, units};

/// Longest text of a message, in UTF-16 units: Telegram's limit is 4,096, minus some space for an
/// added line.
pub const MOST_UNITS: usize = 4_000;
/// Longest caption, in UTF-16 units; Telegram's limit is 1,024.
pub const MOST_OF_CAPTION: usize = 1_000;
/// Maximum messages of one answer; a longer one becomes a document.
pub const MOST_PARTS: usize = 3;
/// Maximum bytes of a message with its tags: API servers cut those of more than 35,000.
const MOST_BYTES: usize = 30_000;
/// Maximum entities of a message. Telegram accepts more, but shows the rest as plain text.
pub const MOST_ENTITIES: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitAnswer {
    /// As messages, none of them blank; the list may be empty.
    Messages(Vec<FormattedText>),
    /// As a document, with its beginning as the caption.
    Document { beginning: FormattedText },
}

pub fn split(text: &FormattedText) -> SplitAnswer {
    let cuts = SplitPoints::of(text);
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some((part, end)) = cuts.next(from, MOST_UNITS) {
        if parts.len() == MOST_PARTS {
            return SplitAnswer::Document {
                beginning: beginning(text, MOST_OF_CAPTION),
            };
        }
        parts.push(part);
        from = end;
    }
    SplitAnswer::Messages(parts)
}

/// The beginning of a text in at most this many UTF-16 units; `…` marks a cut.
pub fn beginning(text: &FormattedText, most: usize) -> FormattedText {
    let cuts = SplitPoints::of(text);
    match cuts.next(0, most) {
        None => FormattedText::default(),
        Some((part, end)) if cuts.text[end..].trim().is_empty() => part,
        Some(_) => {
            let (mut part, _) = cuts.next(0, most.saturating_sub(2)).unwrap_or_default();
            part.append(&FormattedText::plain_text("\n…"));
            part
        }
    }
}

/// A text, and what is needed to find cuts.
struct SplitPoints<'a> {
    rich: &'a FormattedText,
    text: String,
    code: Vec<std::ops::Range<usize>>,
}

impl SplitPoints<'_> {
    fn of(rich: &FormattedText) -> SplitPoints<'_> {
        SplitPoints {
            rich,
            text: rich.text(),
            code: rich.code_blocks(),
        }
    }

    /// The part that begins at or after a byte, and its end; `None` if only blanks follow.
    fn next(&self, from: usize, most: usize) -> Option<(FormattedText, usize)> {
        let rest = &self.text[from..];
        let visible = rest.find(|character| !is_blank(character))?;
        // Blanks before the first word of a line are its indentation.
        let line = rest[..visible].rfind('\n').map_or(0, |line| line + 1);
        let (part, end) = self.part(from + line, most);
        if !part.is_blank() {
            return Some((part, end));
        }
        // The indentation alone fills a part, and Telegram rejects blank messages.
        Some(self.part(from + visible, most))
    }

    /// The part that begins at a byte, and its end.
    fn part(&self, from: usize, mut most: usize) -> (FormattedText, usize) {
        loop {
            let end = self.end(from, most);
            let text = self.text[from..end].trim_end();
            let part = self.rich.slice(from, from + text.len());
            let fits = part.entities() <= MOST_ENTITIES && part.html().len() <= MOST_BYTES;
            // One character always fits.
            if fits || most <= 1 {
                return (part, end);
            }
            // In small steps: parts that are too short would turn the answer into a document.
            most = most * 7 / 8;
        }
    }

    /// Where a part that begins at a byte is cut.
    fn end(&self, from: usize, most: usize) -> usize {
        let rest = &self.text[from..];
        let window = window(rest, most);
        if window.len() == rest.len() {
            return self.text.len();
        }
        // The gap itself may follow.
        let seen = &rest[..rest.floor_char_boundary(window.len() + 2)];
        let least = window.len() / 3;
        let is_outside = |at: usize| !self.code.iter().any(|code| code.contains(&(from + at)));
        let paragraph = seen.rmatch_indices("\n\n").map(|(at, _)| at);
        let mut good = paragraph.filter(|at| *at >= least && *at <= window.len());
        let end = good
            .find(|at| is_outside(*at))
            .or_else(|| window.rfind('\n').filter(|at| *at >= least))
            .or_else(|| word_end(window, least))
            .or_else(|| {
                window
                    .rfind('\n')
                    .filter(|at| !window[..*at].trim().is_empty())
            })
            .unwrap_or_else(|| between_characters(rest, window.len()));
        from + end
    }
}

/// Blanks that Telegram trims from the ends of a message.
fn is_blank(character: char) -> bool {
    character.is_whitespace() || character == '\u{2800}'
}

/// As much of a text as has this many UTF-16 units, but at least one character.
fn window(text: &str, most: usize) -> &str {
    let mut count = 0;
    for (at, character) in text.char_indices() {
        count += character.len_utf16();
        if count > most && at > 0 {
            return &text[..at];
        }
    }
    debug_assert!(units(text) <= most.max(2));
    text
}

fn word_end(window: &str, least: usize) -> Option<usize> {
    let end = window.rfind(char::is_whitespace)?;
    (end >= least && !window[..end].trim().is_empty()).then_some(end)
}

/// The last position before a cut that does not split a grapheme cluster.
fn between_characters(text: &str, cut: usize) -> usize {
    let joins = |character: char| {
        character.width() == Some(0) || ('\u{1f3fb}'..='\u{1f3ff}').contains(&character)
    };
    let is_whole = |at: usize| {
        let after = text[at..].chars().next();
        let before = text[..at].chars().next_back();
        let is_in_flag = after.is_some_and(is_half_flag)
            && text[..at]
                .chars()
                .rev()
                .take_while(|character| is_half_flag(*character))
                .count()
                % 2
                == 1;
        !after.is_some_and(joins) && before != Some('\u{200d}') && !is_in_flag
    };
    let places = text[..cut].char_indices().map(|(at, _)| at).rev();
    // No real cluster is longer; a text of one endless cluster may be split.
    std::iter::once(cut)
        .chain(places.take(32))
        .find(|at| *at > 0 && is_whole(*at))
        .unwrap_or(cut)
}

/// Letters that form a flag in pairs.
fn is_half_flag(character: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontends::telegram::html::rich;

    fn parts(markdown: &str) -> Vec<String> {
        match split(&rich(markdown)) {
            SplitAnswer::Messages(parts) => parts.iter().map(FormattedText::html).collect(),
            SplitAnswer::Document { .. } => panic!("a document"),
        }
    }

    #[test]
    fn nothing_is_no_message() {
        assert_eq!(parts(" \n\n "), Vec::<String>::new());
        assert_eq!(parts("```\n\n```"), Vec::<String>::new());
        assert_eq!(parts("a"), ["a"]);
    }

    #[test]
    fn paragraphs_are_kept_whole() {
        let (one, two) = ("a ".repeat(1_500), "b ".repeat(1_500));
        let parts = parts(&format!("{one}\n\n{two}"));
        assert_eq!(parts, [one.trim(), two.trim()]);
    }

    #[test]
    fn code_is_cut_at_lines_and_opened_again() {
        let code = "    let x = 1;\n\n".repeat(400);
        let parts = parts(&format!("```rust\n{code}```"));
        assert_eq!(parts.len(), 2);
        for part in parts {
            assert!(
                part.starts_with("<pre><code class=\"language-rust\">    let x"),
                "{part}"
            );
            assert!(part.ends_with("let x = 1;</code></pre>"), "{part}");
        }
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let family = "👩\u{200d}👩\u{200d}👧\u{200d}👦";
        let parts = parts(&family.repeat(1_000));
        assert_eq!(parts.len(), 3);
        for part in parts {
            assert!(part.starts_with('👩') && part.ends_with('👦'));
            assert!(units(&part) <= MOST_UNITS);
        }
    }

    #[test]
    fn flags_syllables_and_accents_are_not_torn() {
        for (whole, first) in [
            ("🇰🇷", '🇰'),
            ("\u{1112}\u{1161}\u{11ab}", '\u{1112}'),
            ("क\u{93f}\u{902}", 'क'),
            ("👍🏽", '👍'),
        ] {
            let parts = parts(&format!("x{}", whole.repeat(1_500)));
            assert!(parts.len() > 1);
            let mut starts = parts[1..].iter().map(|part| part.chars().next());
            assert!(starts.all(|start| start == Some(first)), "{whole}");
        }
    }

    #[test]
    fn indentation_alone_is_no_part() {
        let blanks = " ".repeat(9_000);
        for markdown in [
            format!("```\n{blanks}x\n```"),
            format!("a\n\n```\n{blanks}x\n```"),
        ] {
            assert!(
                parts(&markdown)
                    .last()
                    .is_some_and(|part| part == "<pre>x</pre>")
            );
        }
        let part = beginning(&FormattedText::plain_text(&format!("{blanks}x y")), 5);
        assert_eq!(part.text(), "x y");
    }

    #[test]
    fn a_part_has_no_more_entities_than_telegram_shows() {
        let parts = parts(&"*a* `b` c\n".repeat(130));
        assert!(parts.len() == 3, "{}", parts.len());
        for part in &parts {
            assert!(part.starts_with("<i>a</i>") && part.ends_with('c'));
            assert!(part.matches("</").count() <= MOST_ENTITIES);
        }
        let rich = rich(&"**a *b* c** ".repeat(100));
        let begun = beginning(&rich, MOST_OF_CAPTION);
        assert!((80..=MOST_ENTITIES).contains(&begun.entities()));
        assert!(
            matches!(split(&rich), SplitAnswer::Document { .. }) && begun.text().ends_with("\n…")
        );
    }

    #[test]
    fn long_answers_become_a_document() {
        let text = rich(&"word ".repeat(6_000));
        let SplitAnswer::Document { beginning } = split(&text) else {
            panic!("messages");
        };
        assert!(beginning.units() <= MOST_OF_CAPTION && beginning.text().ends_with("word\n…"));
    }

    #[test]
    fn many_bytes_of_tags_are_more_parts() {
        let link = format!("[a](https://x.org/{}) ", "&".repeat(150));
        let parts = parts(&link.repeat(100));
        assert!(parts.len() > 1 && parts.iter().all(|part| part.len() <= MOST_BYTES));
    }
}
