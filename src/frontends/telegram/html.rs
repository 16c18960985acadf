//! Markdown of a model, converted for Telegram.
//!
//! The text is untrusted: unsupported markup becomes text, hidden characters are shown, and a link
//! shows its address if its text looks like another one.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::formatted_text::{FormattedText, SpanKind, Style};
use super::table::MarkdownTable;
use crate::frontends::markup::{is_web_address, language, looks_like_address, same_address};

const DEEPEST: usize = 6;

/// Converts Markdown. Any text is valid.
pub fn rich(markdown: &str) -> FormattedText {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut writer = HtmlWriter::default();
    for event in Parser::new_ext(markdown, options) {
        writer.event(event);
    }
    writer.out.replace_plain(mark_places).made_visible()
}

#[derive(Default)]
struct HtmlWriter {
    out: FormattedText,
    /// Whether anything was written yet.
    has_text: bool,
    style: Style,
    /// Line feeds before the next text.
    gap: usize,
    /// Whether the text before and after the gap is in the same quotation.
    is_gap_quoted: bool,
    quotes: usize,
    /// Number of open styles of each kind; they may be nested.
    bold: usize,
    italic: usize,
    strike: usize,
    /// Next number of each open list; `None` for bullet lists.
    lists: Vec<Option<u64>>,
    /// Open links with their text.
    links: Vec<(String, String)>,
    table: Option<MarkdownTable>,
    /// The current code block and its language.
    code: Option<(Option<String>, String)>,
}

impl HtmlWriter {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => self.text(&text),
            Event::Code(code) => self.code(&code),
            Event::SoftBreak | Event::HardBreak => self.line_break(),
            Event::Rule => {
                self.text("———");
                self.end_block();
            }
            Event::TaskListMarker(is_done) => self.text(if is_done { "☑ " } else { "☐ " }),
            // Extensions that are not enabled.
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text)
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { .. } | Tag::Strong => self.set_bold(1),
            Tag::Emphasis => {
                self.italic += 1;
                self.style.italic = true;
            }
            Tag::Strikethrough => {
                self.strike += 1;
                self.style.strike = true;
            }
            Tag::BlockQuote(_) => self.set_quote(1),
            Tag::CodeBlock(kind) => {
                let language = match kind {
                    CodeBlockKind::Fenced(info) => language(&info),
                    CodeBlockKind::Indented => None,
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(first) => {
                // The text of an item is on the line before.
                self.gap = self.gap.max(usize::from(!self.lists.is_empty()));
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                if self.links.is_empty() && is_web_address(&dest_url) && self.table.is_none() {
                    self.style.span = SpanKind::Link(dest_url.to_string());
                }
                self.links.push((dest_url.into_string(), String::new()));
            }
            Tag::Table(_) => self.table = Some(MarkdownTable::default()),
            Tag::TableHead | Tag::TableRow => self.in_table(MarkdownTable::begin_row),
            Tag::TableCell => self.in_table(MarkdownTable::begin_cell),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.set_bold(-1);
                self.end_block();
            }
            TagEnd::Strong => self.set_bold(-1),
            TagEnd::Emphasis => {
                self.italic = self.italic.saturating_sub(1);
                self.style.italic = self.italic > 0;
            }
            TagEnd::Strikethrough => {
                self.strike = self.strike.saturating_sub(1);
                self.style.strike = self.strike > 0;
            }
            TagEnd::BlockQuote(_) => {
                self.end_block();
                self.set_quote(-1);
            }
            TagEnd::CodeBlock => {
                if let Some((language, code)) = self.code.take() {
                    self.write(&code, &self.style.with(SpanKind::Pre(language)));
                    self.end_block();
                }
            }
            TagEnd::Item => self.gap = self.gap.max(1),
            TagEnd::List(_) => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.end_block();
                }
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.write(&table.render(), &self.style.with(SpanKind::Pre(None)));
                    self.end_block();
                }
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_block(),
            _ => {}
        }
    }

    fn set_bold(&mut self, by: isize) {
        self.bold = self.bold.saturating_add_signed(by);
        self.style.bold = self.bold > 0;
    }

    /// Nested quotations are merged: Telegram does not nest them.
    fn set_quote(&mut self, by: isize) {
        self.quotes = self.quotes.saturating_add_signed(by);
        self.style.quote = self.quotes > 0;
        if self.quotes == usize::from(by > 0) {
            self.is_gap_quoted = false;
            self.gap = self.gap.max(1);
        }
    }

    fn item(&mut self) {
        self.gap = self.gap.max(1);
        let depth = self.lists.len().clamp(1, DEEPEST) - 1;
        let bullet = match self.lists.last_mut() {
            Some(Some(number)) => {
                let bullet = format!("{number}. ");
                *number = number.saturating_add(1);
                bullet
            }
            _ => "• ".to_owned(),
        };
        let style = self.style.clone();
        self.write(&format!("{}{bullet}", "  ".repeat(depth)), &style);
    }

    /// Code in a link becomes its text, since Telegram allows only one of the two.
    fn code(&mut self, code: &str) {
        if matches!(self.style.span, SpanKind::Link(_)) || self.table.is_some() {
            return self.text(code);
        }
        if let Some((_, text)) = self.links.last_mut() {
            text.push_str(code);
        }
        let style = self.style.with(SpanKind::Code);
        self.write(code, &style);
    }

    fn line_break(&mut self) {
        match &mut self.table {
            Some(table) => table.push(" "),
            None => self.gap = self.gap.max(1),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(table) = &mut self.table {
            return table.push(text);
        }
        if let Some((_, code)) = &mut self.code {
            return code.push_str(text);
        }
        if let Some((_, shown)) = self.links.last_mut() {
            shown.push_str(text);
        }
        let style = self.style.clone();
        self.write(text, &style);
    }

    /// Writes text after the pending gap. Its own last line feeds become a gap.
    fn write(&mut self, text: &str, style: &Style) {
        let body = text.trim_end_matches('\n');
        if !body.is_empty() {
            let gap = "\n".repeat(std::mem::take(&mut self.gap));
            let gap_style = Style {
                quote: self.is_gap_quoted && style.quote,
                ..Style::default()
            };
            if self.has_text {
                self.out.push(&gap, &gap_style);
            }
            self.out.push(body, style);
            self.has_text = true;
            self.is_gap_quoted = style.quote;
        }
        self.gap += text.len() - body.len();
    }

    fn end_block(&mut self) {
        self.gap = 2;
    }

    fn end_link(&mut self) {
        let Some((address, text)) = self.links.pop() else {
            return;
        };
        let is_link = matches!(self.style.span, SpanKind::Link(_));
        if self.links.is_empty() && is_link {
            self.style.span = SpanKind::Plain;
        }
        if let Some((_, outer)) = self.links.last_mut() {
            outer.push_str(&text);
        }
        let is_said = same_address(&text, &address) || address.is_empty();
        if !is_said && (!is_link || looks_like_address(&text) || text.trim().is_empty()) {
            self.text(&format!(" ({address})"));
        }
    }

    fn in_table(&mut self, change: impl FnOnce(&mut MarkdownTable)) {
        if let Some(table) = &mut self.table {
            change(table);
        }
    }
}

/// Formats `src/a.rs:1-20` as code: Telegram would turn `a.rs` into a web link.
fn mark_places(text: &str, style: &Style, out: &mut FormattedText) {
    for word in text.split_inclusive(char::is_whitespace) {
        let is_around = |sign: char| !sign.is_alphanumeric() && !"._/".contains(sign);
        let start = word.len() - word.trim_start_matches(is_around).len();
        let end = word
            .trim_end_matches(|sign| is_around(sign) || sign == '.')
            .len();
        if start < end && is_place(&word[start..end]) {
            out.push(&word[..start], style);
            out.push(&word[start..end], &style.with(SpanKind::Code));
            out.push(&word[end..], style);
        } else {
            out.push(word, style);
        }
    }
}

/// Whether a word is a file name, optionally with lines: `src/a.rs`, `a.rs:1-20`.
fn is_place(word: &str) -> bool {
    let (path, lines) = match word.split_once(':') {
        Some((path, lines)) => (path, Some(lines)),
        None => (word, None),
    };
    let is_name = |sign: char| sign.is_alphanumeric() || "._-+@/".contains(sign);
    let are_lines = |lines: &str| {
        lines.starts_with(|sign: char| sign.is_ascii_digit())
            && lines
                .chars()
                .all(|sign| sign.is_ascii_digit() || "-:,L".contains(sign))
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_file = (1..=8).contains(&extension.len())
        && extension.starts_with(|sign: char| sign.is_ascii_alphabetic());
    is_file
        && path.chars().all(is_name)
        && lines.is_none_or(are_lines)
        && (lines.is_some() || path.contains('/'))
}

#[cfg(test)]
mod tests;
