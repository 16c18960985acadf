//! Finds thoughts that a server left in the text of a reply: `<think>…</think>` at its start or at
//! the beginning of a line, or a `</think>` whose start tag was in the template.

use crate::model::{ANSWER_TAGS, THOUGHT_TAGS};

/// Tags that start thoughts at the beginning of any line; others may be markup that was asked for.
const WITHIN: [&str; 2] = ["<think>", "<thinking>"];

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReplyPart {
    Thought(String),
    Text(String),
    /// The text so far was thoughts.
    WereThoughts,
    /// The thoughts so far were text.
    WereText,
}

/// Separates thoughts from text in a stream.
#[derive(Debug, Default)]
pub(super) struct ThoughtSplitter {
    state: ThoughtState,
    /// Received, but not returned yet.
    pending: String,
    /// Whether thoughts have ended in this reply.
    has_thought: bool,
    /// The current line, and whether it is in a code block.
    line: String,
    in_block: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ThoughtState {
    /// Only white space so far, or since the last thoughts.
    #[default]
    Start,
    Thinking(&'static str),
    /// Thoughts until an end tag; without one it was text.
    Either,
    /// Text, which may turn out to have been thoughts.
    Text,
    /// Text up to this tag.
    Answer(&'static str),
    /// Text from here on, but for thoughts with a start tag.
    Surely,
}

impl ThoughtSplitter {
    /// Starts a reply. With `begins_within`, everything up to an end tag is thoughts.
    pub(super) fn new(begins_within: bool) -> ThoughtSplitter {
        ThoughtSplitter {
            state: if begins_within {
                ThoughtState::Either
            } else {
                ThoughtState::Start
            },
            ..ThoughtSplitter::default()
        }
    }

    /// The server separates thoughts itself.
    pub(super) fn are_told(&mut self) {
        if self.state == ThoughtState::Either {
            self.state = ThoughtState::Start;
        }
    }

    /// Adds a piece and returns the parts that are certain now.
    pub(super) fn push(&mut self, text: &str) -> Vec<ReplyPart> {
        self.pending.push_str(text);
        let mut parts = Vec::new();
        while self.advance(&mut parts) {}
        parts
    }

    /// Ends the reply. A cut reply may end inside thoughts.
    pub(super) fn finish(&mut self, is_cut: bool) -> Vec<ReplyPart> {
        let rest = std::mem::take(&mut self.pending);
        let mut parts = Vec::new();
        let part = match self.state {
            ThoughtState::Thinking(_) => ReplyPart::Thought(rest),
            ThoughtState::Either if is_cut => ReplyPart::Thought(rest),
            ThoughtState::Either => {
                parts.push(ReplyPart::WereText);
                ReplyPart::Text(rest)
            }
            _ => ReplyPart::Text(rest),
        };
        add(&mut parts, part);
        parts
    }

    /// Makes one step; returns whether another one is possible.
    fn advance(&mut self, parts: &mut Vec<ReplyPart>) -> bool {
        match self.state {
            ThoughtState::Start => self.start(),
            ThoughtState::Thinking(end) => {
                let found = self.first_of(&mut [end].into_iter());
                self.hand_out_up_to(found, ReplyPart::Thought, parts);
                if found.is_ok() {
                    (self.state, self.has_thought) = (ThoughtState::Start, true);
                }
                found.is_ok()
            }
            ThoughtState::Either => {
                // Some begin all the same, or again.
                let lower = self.pending.trim_start().to_ascii_lowercase();
                let tags = THOUGHT_TAGS.iter().map(|tags| tags.begin);
                if let Some(begin) = tags.clone().find(|begin| lower.starts_with(begin)) {
                    let blank = self.pending.len() - lower.len();
                    self.pending.drain(..blank + begin.len());
                    return true;
                }
                let may_begin = |begin: &str| !self.has_thought && begin.starts_with(&lower);
                if tags.clone().any(may_begin) {
                    return false;
                }
                self.has_thought = true;
                let found = self.first_of(&mut lone_ends());
                self.hand_out_up_to(found, ReplyPart::Thought, parts);
                if found.is_ok() {
                    self.state = ThoughtState::Start;
                }
                found.is_ok()
            }
            ThoughtState::Text | ThoughtState::Surely => self.text(parts),
            ThoughtState::Answer(end) => {
                let found = self.first_of(&mut [end].into_iter());
                self.hand_out_up_to(found, ReplyPart::Text, parts);
                if found.is_ok() {
                    self.state = ThoughtState::Surely;
                }
                found.is_ok()
            }
        }
    }

    /// Checks for a start tag of thoughts, or of an answer after thoughts.
    fn start(&mut self) -> bool {
        let begun = self.pending.trim_start();
        let lower = begun.to_ascii_lowercase();
        // XML as it was asked for is no wrapping: such tags count behind thoughts only.
        let answers = ANSWER_TAGS
            .iter()
            .filter(|(begin, _)| self.has_thought || begin.starts_with("<|"))
            .map(|(begin, end)| (*begin, ThoughtState::Answer(end)));
        let thoughts = THOUGHT_TAGS
            .iter()
            .map(|tags| (tags.begin, ThoughtState::Thinking(tags.end)));
        let known: Vec<(&str, ThoughtState)> = thoughts.chain(answers).collect();
        let found = known.iter().find(|(begin, _)| lower.starts_with(begin));
        if let Some((begin, state)) = found {
            self.pending = begun[begin.len()..].to_owned();
            self.state = *state;
            return true;
        }
        let may_begin = known.iter().any(|(begin, _)| begin.starts_with(&lower));
        if !may_begin {
            self.state = if self.has_thought {
                ThoughtState::Surely
            } else {
                ThoughtState::Text
            };
        }
        !may_begin
    }

    fn text(&mut self, parts: &mut Vec<ReplyPart>) -> bool {
        let is_sure = self.state == ThoughtState::Surely;
        let ends = lone_ends().filter(|_| !is_sure);
        let found = self.first_of(&mut WITHIN.into_iter().chain(ends));
        let (at, length) = found.unwrap_or_else(|safe| (safe, 0));
        let text: String = self.pending.drain(..at).collect();
        self.follow(&text);
        add(parts, ReplyPart::Text(text));
        if found.is_err() {
            return false;
        }
        let tag: String = self.pending.drain(..length).collect();
        let mut begins = THOUGHT_TAGS
            .iter()
            .filter(|tags| WITHIN.contains(&tags.begin));
        let begun = begins.find(|tags| tag.eq_ignore_ascii_case(tags.begin));
        if let Some(tags) = begun
            && !self.in_block
            && self.line.trim().is_empty()
        {
            self.state = ThoughtState::Thinking(tags.end);
            return true;
        }
        let is_quoted = self.in_block || self.line.matches('`').count() % 2 == 1;
        if is_quoted || begun.is_some() {
            // It is written about.
            self.line.push_str(&tag);
            add(parts, ReplyPart::Text(tag));
            return true;
        }
        (self.state, self.has_thought) = (ThoughtState::Start, true);
        add(parts, ReplyPart::WereThoughts);
        true
    }

    /// Position and length of the first of some tags; otherwise the position up to which none can
    /// start.
    fn first_of(
        &self,
        tags: &mut dyn Iterator<Item = &'static str>,
    ) -> Result<(usize, usize), usize> {
        let lower = self.pending.to_ascii_lowercase();
        let (mut first, mut safe) = (None, lower.len());
        for tag in tags {
            if let Some(at) = lower.find(tag)
                && first.is_none_or(|(before, _)| at < before)
            {
                first = Some((at, tag.len()));
            }
            safe = safe.min(without_beginning_of(&lower, tag));
        }
        first.ok_or(safe)
    }

    /// Returns the text before a tag and drops the tag.
    fn hand_out_up_to(
        &mut self,
        found: Result<(usize, usize), usize>,
        part: fn(String) -> ReplyPart,
        parts: &mut Vec<ReplyPart>,
    ) {
        let (at, length) = found.unwrap_or_else(|safe| (safe, 0));
        add(parts, part(self.pending.drain(..at).collect()));
        self.pending.drain(..length);
    }

    /// Keeps track of blocks of code.
    fn follow(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            self.line.push_str(piece);
            if piece.ends_with('\n') {
                self.in_block ^= self.line.trim_start().starts_with("```");
                self.line.clear();
            }
        }
    }
}

/// End tags that can occur without a start tag.
fn lone_ends() -> impl Iterator<Item = &'static str> {
    let tags = THOUGHT_TAGS.iter().filter(|tags| tags.ends_alone);
    tags.map(|tags| tags.end)
}

fn add(parts: &mut Vec<ReplyPart>, part: ReplyPart) {
    let is_empty =
        matches!(&part, ReplyPart::Thought(text) | ReplyPart::Text(text) if text.is_empty());
    if !is_empty {
        parts.push(part);
    }
}

/// The length of a text without a possible start of a tag at its end.
fn without_beginning_of(text: &str, tag: &str) -> usize {
    let longest = tag.len().min(text.len());
    let begins = |length: &usize| text.as_bytes().ends_with(&tag.as_bytes()[..*length]);
    text.len() - (1..=longest).rev().find(begins).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The thoughts and the text of a reply that comes in pieces of a size.
    fn told(reply: &str, size: usize, ends_alone: bool) -> (String, String) {
        let mut thoughts = ThoughtSplitter::new(ends_alone);
        let characters: Vec<char> = reply.chars().collect();
        let pieces = characters.chunks(size).map(String::from_iter);
        let mut parts: Vec<ReplyPart> = pieces.flat_map(|piece| thoughts.push(&piece)).collect();
        parts.extend(thoughts.finish(false));
        let (mut thought, mut text) = (String::new(), String::new());
        for part in parts {
            match part {
                ReplyPart::Thought(piece) => thought.push_str(&piece),
                ReplyPart::Text(piece) => text.push_str(&piece),
                ReplyPart::WereThoughts => thought.push_str(&std::mem::take(&mut text)),
                ReplyPart::WereText => text = std::mem::take(&mut thought),
            }
        }
        (thought, text)
    }

    /// Replies, and the thoughts and the text in each.
    const REPLIES: &[(&str, &str, &str)] = &[
        ("", "", ""),
        ("It greets.", "", "It greets."),
        ("<think>Hm.</think>It greets.", "Hm.", "It greets."),
        ("\n<thinking>\nHm.\n</thinking>\nYes.", "\nHm.\n", "\nYes."),
        ("<think>Hm, it never ends", "Hm, it never ends", ""),
        ("<think></think>\n\nYes.", "", "\n\nYes."),
        (
            "Hm, let me see.\n</think>\n\nYes.",
            "Hm, let me see.\n",
            "\n\nYes.",
        ),
        ("[THINK]Hm.[/THINK]Yes.", "Hm.", "Yes."),
        ("<Think>Hm.</THINK>Yes.", "Hm.", "Yes."),
        ("<seed:think>Hm.</seed:think>Yes.", "Hm.", "Yes."),
        ("◁think▷Hm.◁/think▷Yes.", "Hm.", "Yes."),
        ("<|channel>thought\nHm.<channel|>Yes.", "\nHm.", "Yes."),
        (
            "<|channel|>analysis<|message|>Hm.<|end|>Yes.",
            "Hm.",
            "Yes.",
        ),
        ("<thi", "", "<thi"),
        ("<b>bold</b> </thin", "", "<b>bold</b> </thin"),
        (
            "The tag `</think>` ends it.",
            "",
            "The tag `</think>` ends it.",
        ),
        (
            "See:\n```\na</think>\n```\nSo.",
            "",
            "See:\n```\na</think>\n```\nSo.",
        ),
        ("Say <think> to me.", "", "Say <think> to me."),
        ("It greets.\n<think>Hm", "Hm", "It greets.\n"),
        (
            "I look.\n\n<Think>Hm.</think>\nYes.",
            "Hm.",
            "I look.\n\n\nYes.",
        ),
        (
            "<think>a</think>b\n  <thinking>c</thinking>d",
            "ac",
            "b\n  d",
        ),
        (
            "```xml\n<think>a</think>\n```\n",
            "",
            "```xml\n<think>a</think>\n```\n",
        ),
        ("<think>a</think>b</think>c", "a", "b</think>c"),
        ("<think>a</think>\n<think>b</think>c", "ab", "c"),
        ("Hm.</thinking>Yes.", "Hm.", "Yes."),
        ("Hm.[/THINK]Yes.", "Hm.", "Yes."),
        ("Hm.◁/think▷Yes.", "Hm.", "Yes."),
        ("Hm.</seed:think>Yes.", "Hm.", "Yes."),
        ("<think>a</think><answer>b</answer>\n", "a", "b\n"),
        ("<answer>b</answer>", "", "<answer>b</answer>"),
        (
            "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final\
                 <|message|>Yes.<|return|>",
            "Hm.",
            "Yes.",
        ),
        (
            "<|START_THINKING|>Hm.<|END_THINKING|><|START_RESPONSE|>Yes.<|END_RESPONSE|>",
            "Hm.",
            "Yes.",
        ),
        (
            "Here is my thought process: Hm.\n\nHere is my response: Yes.",
            " Hm.\n\n",
            " Yes.",
        ),
    ];

    #[test]
    fn thoughts_are_told_from_text_however_the_reply_comes() {
        for &(reply, thought, text) in REPLIES {
            for size in [1, 2, 5, 1_000] {
                let (thought, text) = (thought.to_owned(), text.to_owned());
                assert_eq!(
                    told(reply, size, false),
                    (thought, text),
                    "{reply} by {size}"
                );
            }
        }
    }

    #[test]
    fn a_reply_that_begins_within_thoughts_has_them_shown_as_such_at_once() {
        let mut thoughts = ThoughtSplitter::new(true);
        let thought = |text: &str| ReplyPart::Thought(text.to_owned());
        assert_eq!(thoughts.push("Let me see."), [thought("Let me see.")]);
        let text = ReplyPart::Text("Yes.".to_owned());
        assert_eq!(thoughts.push("</think>Yes."), [text]);
        for size in [1, 2, 5, 1_000] {
            for (reply, thought, text) in [
                ("No thoughts.", "", "No thoughts."),
                ("Hm.</think>Yes.", "Hm.", "Yes."),
                ("<think>Hm.</think>Yes.", "Hm.", "Yes."),
                ("\n<think>\nHm.\n</think>\n\nYes.", "\nHm.\n", "\n\nYes."),
                ("Hm, it never en</thi", "", "Hm, it never en</thi"),
            ] {
                let expected = (thought.to_owned(), text.to_owned());
                assert_eq!(told(reply, size, true), expected, "{reply} by {size}");
            }
        }
        // A server that tells them apart leaves nothing to guess.
        let mut thoughts = ThoughtSplitter::new(true);
        thoughts.are_told();
        assert_eq!(thoughts.push("Yes."), [ReplyPart::Text("Yes.".to_owned())]);
    }
}
