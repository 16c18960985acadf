//! Styled text for Telegram.
//!
//! A text is a list of runs, each with its whole style; tags are generated on output. So wherever
//! the text is cut, all tags are closed, in the order and nesting that Telegram accepts.

use crate::visible::escape_hidden;

/// Telegram replaces a tab by one space, which would flatten code.
const TAB: &str = "    ";
/// Characters that Telegram drops silently: ring above, and double lines below and above.
const DROPPED: [char; 3] = [RING, '\u{333}', '\u{33f}'];
const RING: char = '\u{30a}';

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FormattedText {
    runs: Vec<StyledRun>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct StyledRun {
    text: String,
    style: Style,
}

/// The style of a run. Telegram shows no bold, italic or struck text in code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub quote: bool,
    pub span: SpanKind,
    pub bold: bool,
    pub italic: bool,
    pub strike: bool,
}

/// The kind of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpanKind {
    #[default]
    Plain,
    /// Inline code.
    Code,
    /// A code block, and its language if known.
    Pre(Option<String>),
    Link(String),
}

#[derive(Clone, Copy, PartialEq)]
enum StyleMark<'a> {
    Quote,
    Span(&'a SpanKind),
    Bold,
    Italic,
    Strike,
}

impl FormattedText {
    pub fn plain_text(text: &str) -> FormattedText {
        let mut rich = FormattedText::default();
        rich.push(text, &Style::default());
        rich.made_visible()
    }

    pub fn push(&mut self, text: &str, style: &Style) {
        if text.is_empty() {
            return;
        }
        match self.runs.last_mut() {
            Some(last) if last.style == *style => last.text.push_str(text),
            _ => self.runs.push(StyledRun {
                text: text.to_owned(),
                style: style.clone(),
            }),
        }
    }

    /// Makes hidden characters visible; nothing may be added afterwards.
    pub fn made_visible(mut self) -> FormattedText {
        for run in &mut self.runs {
            run.text = make_visible(&run.text);
        }
        self
    }

    /// The same with the text of each run replaced.
    pub fn map_text(mut self, change: impl Fn(&str) -> String) -> FormattedText {
        for run in &mut self.runs {
            run.text = change(&run.text);
        }
        self
    }

    pub fn append(&mut self, other: &FormattedText) {
        for run in &other.runs {
            self.push(&run.text, &run.style);
        }
    }

    /// Replaces each plain run by what `change` adds.
    pub fn replace_plain(
        &self,
        change: impl Fn(&str, &Style, &mut FormattedText),
    ) -> FormattedText {
        let mut changed = FormattedText::default();
        for run in &self.runs {
            if run.style.span == SpanKind::Plain {
                change(&run.text, &run.style, &mut changed);
            } else {
                changed.push(&run.text, &run.style);
            }
        }
        changed
    }

    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }

    /// Whether nothing of it is visible; Telegram rejects such a message.
    pub fn is_blank(&self) -> bool {
        let is_blank = |text: &str| {
            text.chars()
                .all(|character| character.is_whitespace() || character == '\u{2800}')
        };
        self.runs.iter().all(|run| is_blank(&run.text))
    }

    /// Length as Telegram counts it: UTF-16 units of the text, without tags and escapes.
    pub fn units(&self) -> usize {
        self.runs.iter().map(|run| units(&run.text)).sum()
    }

    /// Upper bound of the entities that Telegram counts: one per tag; a bold, italic or struck text
    /// is split where another of these begins inside it.
    pub fn entities(&self) -> usize {
        let styles = |marks: &[StyleMark<'_>]| marks.iter().filter(|mark| mark.is_style()).count();
        let mut count = 0;
        let mut open = Vec::new();
        for run in &self.runs {
            let wanted = run.style.marks();
            let (kept, begun) = wanted.split_at(same(&open, &wanted));
            count += begun.len();
            if styles(begun) > 0 {
                count += styles(kept);
            }
            open = wanted;
        }
        count
    }

    /// The part between two byte offsets, which must be character boundaries.
    pub fn slice(&self, from: usize, to: usize) -> FormattedText {
        let mut part = FormattedText::default();
        let mut start = 0;
        for run in &self.runs {
            let end = start + run.text.len();
            if from < end && start < to {
                let text = &run.text[from.max(start) - start..to.min(end) - start];
                part.push(text, &run.style);
            }
            start = end;
        }
        part
    }

    /// Byte ranges of code blocks.
    pub fn code_blocks(&self) -> Vec<std::ops::Range<usize>> {
        let mut blocks = Vec::new();
        let mut start = 0;
        for run in &self.runs {
            let end = start + run.text.len();
            if matches!(run.style.span, SpanKind::Pre(_)) {
                blocks.push(start..end);
            }
            start = end;
        }
        blocks
    }

    /// The text as Telegram's HTML.
    pub fn html(&self) -> String {
        let mut out = String::new();
        let mut open: Vec<StyleMark<'_>> = Vec::new();
        for run in &self.runs {
            let wanted = run.style.marks();
            let kept = same(&open, &wanted);
            for mark in open.drain(kept..).rev() {
                close(mark, &mut out);
            }
            for mark in &wanted[kept..] {
                start(*mark, &mut out);
            }
            open = wanted;
            escape(&run.text, &mut out);
        }
        for mark in open.into_iter().rev() {
            close(mark, &mut out);
        }
        out
    }
}

impl Style {
    /// The same style for another kind of run.
    pub fn with(&self, span: SpanKind) -> Style {
        Style {
            span,
            ..self.clone()
        }
    }

    /// The tags around a run, outermost first.
    fn marks(&self) -> Vec<StyleMark<'_>> {
        let is_code = matches!(self.span, SpanKind::Code | SpanKind::Pre(_));
        let mut marks = Vec::with_capacity(3);
        if self.quote {
            marks.push(StyleMark::Quote);
        }
        if self.span != SpanKind::Plain {
            marks.push(StyleMark::Span(&self.span));
        }
        for (mark, is_on) in [
            (StyleMark::Bold, self.bold),
            (StyleMark::Italic, self.italic),
            (StyleMark::Strike, self.strike),
        ] {
            if is_on && !is_code {
                marks.push(mark);
            }
        }
        marks
    }
}

impl StyleMark<'_> {
    /// Whether it can be nested.
    fn is_style(self) -> bool {
        matches!(
            self,
            StyleMark::Bold | StyleMark::Italic | StyleMark::Strike
        )
    }
}

/// Number of tags that stay open from one run to the next.
fn same(open: &[StyleMark<'_>], wanted: &[StyleMark<'_>]) -> usize {
    let pairs = open.iter().zip(wanted);
    pairs.take_while(|(one, other)| one == other).count()
}

fn start(mark: StyleMark<'_>, out: &mut String) {
    match mark {
        StyleMark::Quote => out.push_str("<blockquote>"),
        StyleMark::Bold => out.push_str("<b>"),
        StyleMark::Italic => out.push_str("<i>"),
        StyleMark::Strike => out.push_str("<s>"),
        StyleMark::Span(SpanKind::Plain) => {}
        StyleMark::Span(SpanKind::Code) => out.push_str("<code>"),
        StyleMark::Span(SpanKind::Pre(None)) => out.push_str("<pre>"),
        StyleMark::Span(SpanKind::Pre(Some(language))) => {
            out.push_str("<pre><code class=\"language-");
            escape(language, out);
            out.push_str("\">");
        }
        StyleMark::Span(SpanKind::Link(address)) => {
            out.push_str("<a href=\"");
            escape(address, out);
            out.push_str("\">");
        }
    }
}

fn close(mark: StyleMark<'_>, out: &mut String) {
    out.push_str(match mark {
        StyleMark::Quote => "</blockquote>",
        StyleMark::Bold => "</b>",
        StyleMark::Italic => "</i>",
        StyleMark::Strike => "</s>",
        StyleMark::Span(SpanKind::Plain) => "",
        StyleMark::Span(SpanKind::Code) => "</code>",
        StyleMark::Span(SpanKind::Pre(None)) => "</pre>",
        StyleMark::Span(SpanKind::Pre(Some(_))) => "</code></pre>",
        StyleMark::Span(SpanKind::Link(_)) => "</a>",
    });
}

/// Escapes text for HTML, including attributes.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(character),
        }
    }
}

/// Makes all characters visible that Telegram would hide, drop or flatten. Idempotent.
pub fn make_visible(text: &str) -> String {
    let text = escape_hidden(text).replace('\t', TAB);
    if !text.contains(DROPPED) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for sign in text.chars() {
        if !DROPPED.contains(&sign) {
            shown.push(sign);
        } else if let Some(whole) = shown.chars().next_back().and_then(with_ring)
            && sign == RING
        {
            shown.pop();
            shown.push(whole);
        } else {
            shown.extend(sign.escape_unicode());
        }
    }
    shown
}

/// The composed letter with a ring above, as file names on macOS do not contain it.
fn with_ring(letter: char) -> Option<char> {
    Some(match letter {
        'a' => 'å',
        'A' => 'Å',
        'u' => 'ů',
        'U' => 'Ů',
        'w' => 'ẘ',
        'y' => 'ẙ',
        _ => return None,
    })
}

/// Length in UTF-16 units.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_close_in_order_and_code_has_no_other_style() {
        let bold = Style {
            bold: true,
            ..Style::default()
        };
        let both = Style {
            italic: true,
            quote: true,
            ..bold.clone()
        };
        let mut rich = FormattedText::default();
        rich.push("a<", &bold);
        rich.push("b", &both);
        rich.push("c&", &both.with(SpanKind::Code));
        rich.push(
            "d",
            &Style::default().with(SpanKind::Link("http://x/\"&".to_owned())),
        );
        rich.push(
            "e",
            &Style::default().with(SpanKind::Pre(Some("rust".to_owned()))),
        );
        assert_eq!(
            rich.html(),
            "<b>a&lt;</b><blockquote><b><i>b</i></b><code>c&amp;</code></blockquote>\
             <a href=\"http://x/&quot;&amp;\">d</a>\
             <pre><code class=\"language-rust\">e</code></pre>"
        );
        assert_eq!(
            rich.slice(1, 3).html(),
            "<b>&lt;</b><blockquote><b><i>b</i></b></blockquote>"
        );
    }

    #[test]
    fn entities_are_counted_as_telegram_does() {
        let [bold, italic, quote] = [
            (true, false, false),
            (false, true, false),
            (false, false, true),
        ]
        .map(|(bold, italic, quote)| Style {
            bold,
            italic,
            quote,
            ..Style::default()
        });
        let both = Style {
            italic: true,
            ..bold.clone()
        };
        let pre = Style::default().with(SpanKind::Pre(Some("c".to_owned())));
        let link = bold.with(SpanKind::Link("http://x".to_owned()));
        for (runs, count) in [
            (vec![&quote], 1),
            (vec![&pre], 1),
            (vec![&link], 2),
            (vec![&both], 2),
            (vec![&bold, &italic, &bold], 3),
            // The bold text ends where the italic text begins, and continues after it.
            (vec![&bold, &both, &bold], 3),
            (vec![&bold, &link, &bold], 4),
        ] {
            let mut rich = FormattedText::default();
            for style in runs {
                rich.push("x", style);
            }
            assert_eq!(rich.entities(), count, "{}", rich.html());
        }
    }

    #[test]
    fn what_telegram_drops_is_shown() {
        for (text, expected) in [
            ("a\u{30a}A\u{30a}u\u{30a}.rs", "åÅů.rs"),
            ("e\u{30a} \u{30a}", "e\\u{30a} \\u{30a}"),
            ("a\u{333}b\u{33f}", "a\\u{333}b\\u{33f}"),
            ("a\u{30a}\u{30a}", "å\\u{30a}"),
            ("e\u{301}\u{332}", "e\u{301}\u{332}"),
        ] {
            assert_eq!(make_visible(text), expected);
            assert_eq!(make_visible(expected), expected, "twice");
        }
    }

    #[test]
    fn units_are_those_of_utf_16() {
        assert_eq!(FormattedText::plain_text("a é 🙂").units(), 6);
        assert!(FormattedText::plain_text(" \n\u{a0}\u{2800}").is_blank());
    }
}
