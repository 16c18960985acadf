//! Scans a reply for text, quotes and possible calls.
//!
//! It can follow a growing text: what it reports as text stays text, whatever comes.

use super::families::{self, Fit, LINE_BEGINS, fit};
use super::json::{self, JsonStart};
use super::{python, tags, xml};
use crate::model::ToolSpec;

/// Languages of blocks that contain only calls.
const FOR_TOOLS: [&str; 4] = ["tool", "tool_call", "tool_calls", "tool_code"];

/// Languages of blocks that may contain a call.
const FOR_DATA: [&str; 3] = ["", "json", "xml"];

/// Ends of sentences, after which a marker may stand on the same line.
const SENTENCE_ENDS: [char; 8] = ['.', ':', '!', '?', '…', '。', '：', '！'];

/// Columns of indentation that make a line code in Markdown.
const QUOTING_INDENT: usize = 4;

/// Whether more of a text may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Growing,
    /// It is all there.
    Whole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScanStep {
    /// Text of the reply itself, up to here.
    Prose(usize),
    /// A line of a quoted block, or a part of it, up to here.
    Quoted(usize),
    /// A possible call. The caller parses it and continues with [`Scanner::resume`],
    /// [`Scanner::skip`] or [`Scanner::quote`].
    Candidate(CallCandidate),
    /// Only more text can tell.
    More,
    End,
}

/// The start of a possible call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallCandidate {
    /// An object, a list or a call in Python at the beginning of a line.
    Bare(usize),
    /// The name of a tool on a line of its own, as [`tags::named_line`] has it.
    Named(usize),
    /// A marker, and where it is.
    Marker(usize, CallStart),
    Block(FencedBlock),
}

/// A fenced block that may hold calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FencedBlock {
    /// Where its fence begins.
    pub at: usize,
    /// Where its first line begins.
    pub body: usize,
    pub fence: FenceLine,
    /// Whether its language is for calls.
    pub for_tools: bool,
}

/// The line before a fenced block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FenceLine {
    mark: u8,
    length: usize,
    indent: usize,
}

/// The kinds of markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallStart {
    /// The marker of a model family, and its length in the text.
    Sign(&'static str, usize),
    /// One of [`xml::OPENINGS`].
    Markup,
    /// The name of a tool as a tag.
    Tag,
}

/// Whether a text begins with a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MarkerMatch {
    Whole(CallStart),
    /// The text ends within one.
    Part,
    No,
}

/// The marker that a text begins with.
pub(super) fn marker(text: &str, tools: &[ToolSpec]) -> MarkerMatch {
    if !text.starts_with(['<', '[']) {
        return MarkerMatch::No;
    }
    let mut is_part = false;
    let mut is_whole = |sign: &str| match fit(text, sign) {
        Fit::Whole(length) => Some(length),
        Fit::Part => {
            is_part = true;
            None
        }
        Fit::No => None,
    };
    // Signs first: `<tool_call>` is one, whatever the tools are called.
    let sign = families::begins()
        .filter_map(|sign| Some((sign, is_whole(sign)?)))
        .max_by_key(|(_, length)| *length);
    if let Some((sign, length)) = sign {
        return MarkerMatch::Whole(CallStart::Sign(sign, length));
    }
    if xml::OPENINGS.iter().any(|sign| text.starts_with(sign)) {
        return MarkerMatch::Whole(CallStart::Markup);
    }
    is_part |= xml::OPENINGS.iter().any(|sign| sign.starts_with(text));
    match tags::opens(text, tools) {
        Fit::Whole(_) => MarkerMatch::Whole(CallStart::Tag),
        Fit::No if !is_part => MarkerMatch::No,
        _ => MarkerMatch::Part,
    }
}

impl FenceLine {
    /// Where the text continues if the block is closed at a position.
    pub fn closed_at(&self, text: &str, at: usize) -> Option<usize> {
        let line = line(&text[at..]);
        let length = run(line, self.mark);
        let closes = length >= self.length && line[length..].trim().is_empty();
        closes.then(|| text.len().min(at + line.len() + 1))
    }
}

/// A position in a reply, and what is open there.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    at: usize,
    /// Start of the line, or of its rest after a call.
    line: usize,
    /// Back quotes in the line so far.
    ticks: usize,
    /// Whether the line so far has more than blanks.
    begun: bool,
    /// Quoted blocks, the outermost first.
    quoted: Vec<FenceLine>,
    /// Whether the open quoted blocks contain something like a call.
    quotes_call: bool,
}

impl Scanner {
    /// Makes one step. Only the end of the text may have changed since the last step.
    pub fn step(&mut self, text: &str, extent: Extent, tools: &[ToolSpec]) -> ScanStep {
        if self.at == text.len() {
            return match extent {
                Extent::Growing => ScanStep::More,
                Extent::Whole => ScanStep::End,
            };
        }
        if !self.quoted.is_empty() {
            return self.quoted_line(text, extent, tools);
        }
        if !self.begun
            && let Some(step) = self.line_start(text, extent, tools)
        {
            return step;
        }
        self.within_line(text, extent, tools)
    }

    /// Continues after a call, where another one may follow directly.
    pub fn resume(&mut self, end: usize) {
        (self.at, self.line, self.ticks, self.begun) = (end, end, 0, false);
    }

    /// Continues after something that is not a call.
    pub fn skip(&mut self, end: usize) {
        (self.at, self.line, self.ticks, self.begun) = (end, end, 0, true);
    }

    /// Treats a block as quoted after all.
    pub fn quote(&mut self, block: &FencedBlock) {
        self.resume(block.body);
        self.quotes_call = false;
        self.quoted.push(block.fence);
    }

    /// Whether the text ended in a quoted block with something like a call in it.
    pub fn ended_in_quoted_call(&self) -> bool {
        !self.quoted.is_empty() && self.quotes_call
    }

    fn line_start(&mut self, text: &str, extent: Extent, tools: &[ToolSpec]) -> Option<ScanStep> {
        let rest = &text[self.at..];
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if blanks > 0 {
            self.at += blanks;
            return Some(ScanStep::Prose(self.at));
        }
        match rest.as_bytes()[0] {
            b'`' | b'~' => self.fence(text, extent),
            b'{' | b'[' if self.indent(text) < QUOTING_INDENT => {
                match (json::begins(rest), python::begins_list(rest)) {
                    (JsonStart::Yes, _) | (_, JsonStart::Yes) => {
                        Some(ScanStep::Candidate(CallCandidate::Bare(self.at)))
                    }
                    (JsonStart::Unclear, _) | (_, JsonStart::Unclear)
                        if extent == Extent::Growing =>
                    {
                        Some(ScanStep::More)
                    }
                    _ => None,
                }
            }
            _ if self.indent(text) < QUOTING_INDENT => self.word(text, extent, tools),
            _ => None,
        }
    }

    /// A line that begins like a call, but with ordinary words.
    fn word(&self, text: &str, extent: Extent, tools: &[ToolSpec]) -> Option<ScanStep> {
        let rest = &text[self.at..];
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '>') {
            return None;
        }
        let mut is_part = false;
        for sign in LINE_BEGINS {
            match fit(rest, sign) {
                Fit::Whole(length) => {
                    let opening = CallStart::Sign(sign, length);
                    return Some(ScanStep::Candidate(CallCandidate::Marker(self.at, opening)));
                }
                Fit::Part => is_part = true,
                Fit::No => {}
            }
        }
        match tags::named_line(rest, tools) {
            Fit::Whole(_) => return Some(ScanStep::Candidate(CallCandidate::Named(self.at))),
            Fit::Part => is_part = true,
            Fit::No => {}
        }
        // Code is indented.
        if self.at == self.line {
            match tags::called_line(rest, tools) {
                Fit::Whole(_) => return Some(ScanStep::Candidate(CallCandidate::Bare(self.at))),
                Fit::Part => is_part = true,
                Fit::No => {}
            }
        }
        (is_part && extent == Extent::Growing).then_some(ScanStep::More)
    }

    fn fence(&mut self, text: &str, extent: Extent) -> Option<ScanStep> {
        let rest = &text[self.at..];
        let opening = line(rest);
        let ends = opening.len() < rest.len() || extent == Extent::Whole;
        let length = run(opening, rest.as_bytes()[0]);
        if !ends && (length >= 3 || length == opening.len()) {
            return Some(ScanStep::More);
        }
        let (fence, information) = fence_line(&text[self.line..self.at + opening.len()])?;
        let language = language(information);
        let body = text.len().min(self.at + opening.len() + 1);
        let block = FencedBlock {
            at: self.at,
            body,
            fence,
            for_tools: FOR_TOOLS.contains(&language.as_str()),
        };
        if block.for_tools || FOR_DATA.contains(&language.as_str()) {
            return Some(ScanStep::Candidate(CallCandidate::Block(block)));
        }
        self.quote(&block);
        Some(ScanStep::Quoted(body))
    }

    fn within_line(&mut self, text: &str, extent: Extent, tools: &[ToolSpec]) -> ScanStep {
        let rest = &text[self.at..];
        let special = rest.find(['\n', '<', '[']).unwrap_or(rest.len());
        let length = match rest.as_bytes().get(special) {
            Some(b'\n') => {
                self.resume(self.at + special + 1);
                return ScanStep::Prose(self.at);
            }
            Some(_) if special == 0 => {
                match marker(rest, tools) {
                    MarkerMatch::Whole(opening) if self.may_begin(text) => {
                        return ScanStep::Candidate(CallCandidate::Marker(self.at, opening));
                    }
                    MarkerMatch::Part if extent == Extent::Growing && self.may_begin(text) => {
                        return ScanStep::More;
                    }
                    _ => {}
                }
                1
            }
            _ => special,
        };
        self.ticks += rest[..length].matches('`').count();
        self.begun = true;
        self.at += length;
        ScanStep::Prose(self.at)
    }

    /// Whether a marker counts here.
    fn may_begin(&self, text: &str) -> bool {
        if !self.begun {
            return self.indent(text) < QUOTING_INDENT;
        }
        let before = text[self.line..self.at].trim_end();
        let number = before.strip_suffix('.').unwrap_or_default().trim_start();
        let is_list_item =
            (1..10).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
        self.ticks.is_multiple_of(2) && before.ends_with(SENTENCE_ENDS) && !is_list_item
    }

    fn indent(&self, text: &str) -> usize {
        columns(&text[self.line..self.at])
    }

    fn quoted_line(&mut self, text: &str, extent: Extent, tools: &[ToolSpec]) -> ScanStep {
        let rest = &text[self.at..];
        let length = line(rest).len();
        self.at += length;
        if length == rest.len() && extent == Extent::Growing {
            return ScanStep::Quoted(self.at);
        }
        self.judge_quoted(&text[self.line..self.at], tools);
        self.resume(text.len().min(self.at + 1));
        ScanStep::Quoted(self.at)
    }

    /// Checks whether a line of a quoted block closes it or opens another one.
    fn judge_quoted(&mut self, line: &str, tools: &[ToolSpec]) {
        let Some(innermost) = self.quoted.last() else {
            return;
        };
        let Some((fence, information)) = fence_line(line) else {
            self.quotes_call |= matches!(marker(line.trim_start(), tools), MarkerMatch::Whole(_));
            return;
        };
        // A shorter fence, or one of the other kind, cannot be mistaken for the end.
        if fence.mark != innermost.mark || fence.length < innermost.length {
            return;
        }
        if !information.is_empty() {
            let language = language(information);
            let language = language.as_str();
            self.quotes_call |= FOR_TOOLS.contains(&language) || FOR_DATA.contains(&language);
            self.quoted.push(fence);
        } else if fence.indent < innermost.indent + QUOTING_INDENT {
            self.quoted.pop();
        }
    }
}

/// The first line of a text, without its line break.
fn line(text: &str) -> &str {
    text.find('\n').map_or(text, |end| &text[..end])
}

/// How often a character is repeated at the start of a text.
fn run(text: &str, mark: u8) -> usize {
    text.bytes().take_while(|byte| *byte == mark).count()
}

fn columns(blanks: &str) -> usize {
    let width = |byte| if byte == b'\t' { QUOTING_INDENT } else { 1 };
    blanks.bytes().map(width).sum()
}

/// A line as a fence, with its information string.
fn fence_line(line: &str) -> Option<(FenceLine, &str)> {
    let marks = line.trim_start_matches([' ', '\t']);
    let indent = columns(&line[..line.len() - marks.len()]);
    let mark = *marks.as_bytes().first()?;
    let length = run(marks, mark);
    let information = marks.get(length..)?.trim();
    // Back quotes behind back quotes are a code span.
    let is_fence = match mark {
        b'`' => !information.contains('`'),
        b'~' => true,
        _ => false,
    };
    let fence = FenceLine {
        mark,
        length,
        indent,
    };
    (is_fence && length >= 3).then_some((fence, information))
}

/// The language of a block, in lower case.
fn language(information: &str) -> String {
    let word = information.split_whitespace().next().unwrap_or_default();
    word.to_ascii_lowercase()
}
