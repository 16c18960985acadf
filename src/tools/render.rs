//! What the model is shown of files and outputs: secrets out, markers broken, cuts visible.

use std::borrow::Cow;
use std::ops::Range;

use ollacode_secrets::{redact, rules};

use crate::jail::CLOSED;
use crate::model::EditForm;
use crate::text::anchors::{anchored, without_anchors};
use crate::text::tokens::estimate_text;
use crate::visible::{defang_chat_markers, escape_hidden, is_hidden, starts_with_marker};

/// Longest line that is shown whole, in characters.
pub(super) const WIDEST: usize = 400;

/// Longest marker of a chat template that is looked at, in bytes.
const LONGEST_MARKER: usize = 80;

/// Tokens of a result for what is said around its lines.
const AROUND: u32 = 100;

/// What stands behind a line's number.
pub(super) const MARGIN: char = '→';

/// Takes secrets out of a text; says how many there were. Its lines stay.
pub(super) fn without_secrets(text: &str) -> (Cow<'_, str>, usize) {
    let redacted = redact(text);
    (redacted.text, redacted.findings.len())
}

/// A path as the model is shown it: names are chosen by whoever made the file.
pub(super) fn name(path: &str) -> String {
    defang_chat_markers(&escape_hidden(path)).replace('\n', "\\n")
}

/// `1 line`, `2 lines`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Cuts what is too long out of the middle of a line.
pub(super) fn narrow(line: &str, widest: usize) -> Cow<'_, str> {
    let length = line.chars().count();
    if length <= widest {
        return Cow::Borrowed(line);
    }
    let head: String = line.chars().take(widest * 3 / 4).collect();
    let tail: String = line.chars().skip(length - widest / 4).collect();
    let left_out = length - head.chars().count() - tail.chars().count();
    Cow::Owned(format!("{head}… {left_out} characters left out …{tail}"))
}

/// A line with its number, as every tool shows code.
pub(super) fn numbered(number: usize, line: &str) -> String {
    format!("{number}{MARGIN}{}", narrow(line, WIDEST))
}

/// The lines of a text as a model is shown them that edits in a form.
pub(super) struct NumberedLines<'a> {
    form: EditForm,
    text: Vec<&'a str>,
    shown: Vec<&'a str>,
}

impl<'a> NumberedLines<'a> {
    /// `shown` has the lines of `text` without secrets.
    pub(super) fn new(form: EditForm, text: &'a str, shown: &'a str) -> NumberedLines<'a> {
        NumberedLines {
            form,
            text: text.lines().collect(),
            shown: shown.lines().collect(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.shown.len()
    }

    /// Lines by their numbers, from 1, without them.
    pub(super) fn plain(&self, numbers: Range<usize>) -> String {
        let mut text = String::new();
        for number in numbers {
            let line = number.checked_sub(1).and_then(|at| self.shown.get(at));
            if let Some(line) = line {
                text.push_str(&narrow(line, WIDEST));
                text.push('\n');
            }
        }
        text
    }

    /// A line by its number, from 1.
    pub(super) fn line(&self, number: usize) -> String {
        let shown = self.shown.get(number - 1).copied().unwrap_or_default();
        match (self.form, self.text.get(number - 1)) {
            (EditForm::Anchors, Some(text)) => anchored(number, text, &narrow(shown, WIDEST)),
            _ => numbered(number, shown),
        }
    }
}

/// The lines of a text without the numbers or anchors that tools put before them, if each has one.
pub(super) fn without_numbers(text: &str) -> Option<String> {
    without_plain_numbers(text).or_else(|| without_anchors(text))
}

/// The same of numbers alone.
pub(super) fn without_plain_numbers(text: &str) -> Option<String> {
    let bare = |line: &str| {
        let (number, rest) = line.split_once(MARGIN)?;
        let number = number.trim();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| rest.to_owned())
    };
    let body = text.strip_suffix('\n').unwrap_or(text);
    let lines: Option<Vec<String>> = body.split('\n').map(bare).collect();
    let ending = &text[body.len()..];
    Some(format!("{}{ending}", lines?.join("\n")))
}

/// Lines up to a size in bytes, and in tokens.
pub(super) struct OutputPage {
    text: String,
    limit: usize,
    tokens: u32,
    left_out: usize,
}

impl OutputPage {
    pub(super) fn new(limit: usize) -> OutputPage {
        OutputPage {
            text: String::new(),
            limit,
            tokens: u32::MAX,
            left_out: 0,
        }
    }

    /// Lines of a result that may have so many tokens, with what is said around them.
    pub(super) fn of_result(limit: usize, tokens: u32) -> OutputPage {
        OutputPage::new(limit).within(tokens.saturating_sub(AROUND))
    }

    /// The same, and lines have at most so many tokens together.
    pub(super) fn within(self, tokens: u32) -> OutputPage {
        OutputPage { tokens, ..self }
    }

    /// Adds a line, if there is room; what comes after the first that did not fit is left out, too.
    pub(super) fn push(&mut self, line: &str) -> bool {
        let tokens = estimate_text(line) + 1;
        let is_full = self.text.len() + line.len() >= self.limit || tokens > self.tokens;
        if self.left_out > 0 || is_full {
            self.left_out += 1;
            return false;
        }
        self.tokens -= tokens;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }

    /// Tokens that are left.
    pub(super) fn room(&self) -> u32 {
        self.tokens
    }

    /// Lines that did not fit.
    pub(super) fn left_out(&self) -> usize {
        self.left_out
    }

    /// The lines, the last one with its line break.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// The first placeholder for a secret in a text that is about to be written; one that the file
/// itself contains is not counted.
pub(super) fn placeholder<'text>(text: &'text str, file: &str) -> Option<&'text str> {
    const OPENING: &str = "[redacted: ";
    text.match_indices(OPENING).find_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(']')? + 1;
        let (marker, rule) = (&rest[..end], &rest[OPENING.len()..end - 1]);
        let is_value = rule.starts_with("value in ") || rule == CLOSED;
        let is_known = is_value || rules().any(|known| known == rule);
        (is_known && !file.contains(marker)).then_some(marker)
    })
}

/// Markers of chat templates in a text that goes into a new file, without the backslashes that
/// break them in what the model is shown.
pub(super) fn without_breaks(text: &str) -> Cow<'_, str> {
    let mut whole = String::new();
    let mut copied = 0;
    for (at, opening) in text.match_indices(['<', '[']) {
        let Some(rest) = text[at + 1..].strip_prefix('\\') else {
            continue;
        };
        let reach = rest.floor_char_boundary(LONGEST_MARKER);
        let marker = format!("{opening}{}", &rest[..reach]);
        if starts_with_marker(&marker) {
            whole.push_str(&text[copied..=at]);
            copied = at + 2;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    whole.push_str(&text[copied..]);
    Cow::Owned(whole)
}

/// A text of the model as the file has it: it was shown `<\|im_start|>` where the file has none of
/// that backslash, and `\u{202e}` where it has the character.
pub(super) fn as_in_file<'text>(text: &'text str, file: &str) -> Cow<'text, str> {
    match with_hidden(text, file) {
        Cow::Borrowed(text) => with_markers(text, file),
        Cow::Owned(text) => Cow::Owned(with_markers(&text, file).into_owned()),
    }
}

/// With the hidden characters that stand in the file, where it has not their escapes itself.
fn with_hidden<'text>(text: &'text str, file: &str) -> Cow<'text, str> {
    const OPENING: &str = "\\u{";
    let mut whole = String::new();
    let mut copied = 0;
    for (at, _) in text.match_indices(OPENING) {
        let digits = text[at + OPENING.len()..].split('}').next();
        let digits = digits
            .filter(|digits| digits.len() <= 6)
            .unwrap_or_default();
        let code = u32::from_str_radix(digits, 16).ok();
        let Some(character) = code.and_then(char::from_u32) else {
            continue;
        };
        let end = at + OPENING.len() + digits.len() + 1;
        let is_of_file = is_hidden(character) && file.contains(character);
        if end <= text.len() && is_of_file && !file.contains(&text[at..end]) {
            whole.push_str(&text[copied..at]);
            whole.push(character);
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    whole.push_str(&text[copied..]);
    Cow::Owned(whole)
}

fn with_markers<'text>(text: &'text str, file: &str) -> Cow<'text, str> {
    let mut whole = String::new();
    let mut copied = 0;
    for (at, opening) in text.match_indices(['<', '[']) {
        let Some(rest) = text[at + 1..].strip_prefix('\\') else {
            continue;
        };
        let reach = rest.floor_char_boundary(LONGEST_MARKER);
        let Some(end) = rest[..reach].find(['>', ']', '=']) else {
            continue;
        };
        let name = &rest[..=end];
        let is_of_file = file.contains(&format!("{opening}{name}"));
        if is_of_file && !file.contains(&format!("{opening}\\{name}")) {
            whole.push_str(&text[copied..=at]);
            copied = at + 2;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    whole.push_str(&text[copied..]);
    Cow::Owned(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted() {
        assert_eq!(count(1, "match", "matches"), "1 match");
        assert_eq!(count(2, "match", "matches"), "2 matches");
        assert_eq!(count(0, "line", "lines"), "0 lines");
    }

    #[test]
    fn a_long_line_is_cut_where_it_can_be_seen() {
        assert_eq!(narrow("short", 10), "short");
        let cut = narrow("0123456789abcdefghij", 8);
        assert_eq!(cut, "012345… 12 characters left out …ij");
        assert_eq!(
            narrow("日本語日本語", 4),
            "日本語… 2 characters left out …語"
        );
    }

    #[test]
    fn numbers_come_off_as_they_went_on() {
        let text = "fn f() {\n    1 → 2\n}";
        let shown: Vec<String> = (7..)
            .zip(text.lines())
            .map(|(number, line)| numbered(number, line))
            .collect();
        assert_eq!(without_numbers(&shown.join("\n")).as_deref(), Some(text));
        assert_eq!(without_numbers("1→a\n\n3→b"), None);
        assert_eq!(without_numbers("1→a\n2→b\n").as_deref(), Some("a\nb\n"));
        assert_eq!(without_numbers("a → b"), None);
    }

    #[test]
    fn anchors_come_off_too() {
        let text = "fn f() {\n    key = 1;\n}\n";
        let lines = NumberedLines::new(EditForm::Anchors, text, "fn f() {\n    key = *;\n}\n");
        let shown: Vec<String> = (1..=lines.count()).map(|at| lines.line(at)).collect();
        assert!(shown[1].ends_with("|    key = *;"), "{shown:?}");
        let plain = NumberedLines::new(EditForm::Search, text, text);
        assert_eq!(plain.line(2), "2→    key = 1;");
        let bare = without_numbers(&shown.join("\n"));
        assert_eq!(bare.as_deref(), Some("fn f() {\n    key = *;\n}"));
    }

    #[test]
    fn a_page_says_what_did_not_fit() {
        let mut page = OutputPage::new(8);
        assert!(page.push("abc"));
        assert!(!page.push("defgh"));
        assert!(!page.push("i"), "no line is left out in the middle");
        assert_eq!(page.left_out(), 2);
        assert_eq!(page.into_text(), "abc\n");
    }

    #[test]
    fn placeholders_for_secrets_are_known() {
        let rule = rules().next().expect("a rule");
        let marker = format!("[redacted: {rule}]");
        let text = format!("key = {marker}");
        assert_eq!(placeholder(&text, "key = abc"), Some(marker.as_str()));
        assert_eq!(placeholder(&text, &format!("// writes {marker}")), None);
        let value = "[redacted: value in .env]";
        assert_eq!(placeholder(value, ""), Some(value));
        assert_eq!(placeholder("[redacted: by hand]", ""), None);
        assert_eq!(placeholder("[redacted: ", ""), None);
    }

    #[test]
    fn markers_are_written_as_the_file_has_them() {
        let file = "let start = \"<|im_start|>\"; // [INST]\n";
        let shown = defang_chat_markers(file);
        assert_ne!(shown, file);
        assert_eq!(as_in_file(&shown, file), file);
        assert_eq!(as_in_file("a <\\b> c", file), "a <\\b> c");
        assert_eq!(as_in_file("<\\", file), "<\\");
        let both = "<|im_end|> <\\|im_end|>";
        assert_eq!(as_in_file("<\\|im_end|>", both), "<\\|im_end|>");
    }

    #[test]
    fn hidden_characters_are_written_as_the_file_has_them() {
        let file = "if a\u{202e} { } // \u{e0041}\u{200b}\n";
        let shown = escape_hidden(file);
        assert_eq!(as_in_file(&shown, file), file);
        for text in [
            "\\u{202e}",
            "\\u{",
            "\\u{}",
            "\\u{202e",
            "\\u{zz}",
            "\\u{41}",
        ] {
            assert_eq!(as_in_file(text, "a \\u{202e} \u{202e} A"), text);
        }
        assert_eq!(as_in_file("\\u{202e}", "none"), "\\u{202e}");
    }

    #[test]
    fn a_new_file_has_whole_markers() {
        let text = "<tool_call> [INST] <|im_end|> <s>x</s> </parameter>";
        assert_eq!(without_breaks(&defang_chat_markers(text)), text);
        for text in ["a <\\b> c", "<\\", "[\\d]+", "\"<\\/script>\""] {
            assert_eq!(without_breaks(text), text);
        }
    }

    #[test]
    fn names_hide_nothing() {
        assert_eq!(name("a\u{202e}b"), "a\\u{202e}b");
        assert!(!name("x\n<|im_start|>system").contains("<|im_start|>"));
        assert!(!name("x\ny").contains('\n'));
    }
}
