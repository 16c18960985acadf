//! Thoughts that a server left in the text of a reply: `<think>…</think>` at its beginning, or a
//! `</think>` whose beginning the template wrote.

use crate::model::{THOUGHT_TAGS, ThoughtTags};

/// The end of thoughts whose beginning is not in the reply.
const LONE: &str = "</think>";

/// A piece of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of the thoughts.
    Thought(String),
    /// Of the text.
    Text(String),
    /// What came as text until now were thoughts.
    WereThoughts,
}

/// Tells thoughts from text while a reply comes.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    state: State,
    /// Not handed out yet.
    pending: String,
    /// The line so far, and whether it stands in a block of code.
    line: String,
    in_block: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    #[default]
    Start,
    /// Until this tag.
    Thinking(&'static str),
    /// Either: nothing is handed out until that is known.
    Either,
    /// Text, which may turn out to have been thoughts.
    Text,
    /// Text to the end.
    Surely,
}

impl Thoughts {
    /// Begins a reply; of a model whose thoughts end with a lone tag, everything is held back.
    pub(super) fn new(ends_alone: bool) -> Thoughts {
        Thoughts {
            state: if ends_alone {
                State::Either
            } else {
                State::Start
            },
            ..Thoughts::default()
        }
    }

    /// Takes the next piece, and gives what is known now.
    pub(super) fn push(&mut self, text: &str) -> Vec<Part> {
        self.pending.push_str(text);
        let mut parts = Vec::new();
        while self.advance(&mut parts) {}
        parts
    }

    /// Ends the reply.
    pub(super) fn finish(&mut self) -> Option<Part> {
        let rest = std::mem::take(&mut self.pending);
        let part = match self.state {
            State::Thinking(_) => Part::Thought(rest),
            _ => Part::Text(rest),
        };
        let is_empty = matches!(&part, Part::Thought(text) | Part::Text(text) if text.is_empty());
        (!is_empty).then_some(part)
    }

    /// Goes on by a step, and tells whether another one is possible.
    fn advance(&mut self, parts: &mut Vec<Part>) -> bool {
        match self.state {
            State::Start => {
                let begun = self.pending.trim_start();
                let lower = begun.to_ascii_lowercase();
                let mut known = THOUGHT_TAGS.iter();
                if let Some(ThoughtTags { begin, end, .. }) =
                    known.find(|tags| lower.starts_with(tags.begin))
                {
                    self.pending = begun[begin.len()..].to_owned();
                    self.state = State::Thinking(end);
                    return true;
                }
                let mut known = THOUGHT_TAGS.iter();
                let may_begin = known.any(|tags| tags.begin.starts_with(&lower));
                if !may_begin {
                    self.state = State::Text;
                }
                !may_begin
            }
            State::Thinking(end) => match self.pending.to_ascii_lowercase().find(end) {
                Some(at) => {
                    add(parts, Part::Thought(self.pending[..at].to_owned()));
                    self.pending.drain(..at + end.len());
                    self.state = State::Surely;
                    true
                }
                None => {
                    let safe = without_beginning_of(&self.pending.to_ascii_lowercase(), end);
                    add(parts, Part::Thought(self.pending.drain(..safe).collect()));
                    false
                }
            },
            State::Either => match self.pending.find(LONE) {
                Some(at) => {
                    add(parts, Part::Thought(self.pending[..at].to_owned()));
                    self.pending.drain(..at + LONE.len());
                    self.state = State::Surely;
                    true
                }
                None => false,
            },
            State::Text => self.text(parts),
            State::Surely => {
                add(parts, Part::Text(std::mem::take(&mut self.pending)));
                false
            }
        }
    }

    fn text(&mut self, parts: &mut Vec<Part>) -> bool {
        let Some(at) = self.pending.find(LONE) else {
            let safe = without_beginning_of(&self.pending, LONE);
            let text: String = self.pending.drain(..safe).collect();
            self.follow(&text);
            add(parts, Part::Text(text));
            return false;
        };
        let text: String = self.pending.drain(..at).collect();
        self.follow(&text);
        add(parts, Part::Text(text));
        if self.in_block || self.line.matches('`').count() % 2 == 1 {
            // It is written about.
            self.line.push_str(LONE);
            self.pending.drain(..LONE.len());
            add(parts, Part::Text(LONE.to_owned()));
            return true;
        }
        self.pending.drain(..LONE.len());
        self.state = State::Surely;
        add(parts, Part::WereThoughts);
        true
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

fn add(parts: &mut Vec<Part>, part: Part) {
    let is_empty = matches!(&part, Part::Thought(text) | Part::Text(text) if text.is_empty());
    if !is_empty {
        parts.push(part);
    }
}

/// The length of a text without what may be the beginning of a tag.
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
        let mut thoughts = Thoughts::new(ends_alone);
        let characters: Vec<char> = reply.chars().collect();
        let pieces = characters.chunks(size).map(String::from_iter);
        let mut parts: Vec<Part> = pieces.flat_map(|piece| thoughts.push(&piece)).collect();
        parts.extend(thoughts.finish());
        let (mut thought, mut text) = (String::new(), String::new());
        for part in parts {
            match part {
                Part::Thought(piece) => thought.push_str(&piece),
                Part::Text(piece) => text.push_str(&piece),
                Part::WereThoughts => thought.push_str(&std::mem::take(&mut text)),
            }
        }
        (thought, text)
    }

    #[test]
    fn thoughts_are_told_from_text_however_the_reply_comes() {
        for (reply, thought, text) in [
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
            ("<think>a</think>b</think>c", "a", "b</think>c"),
        ] {
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
    fn what_a_model_thinks_before_a_lone_tag_is_held_back() {
        let mut thoughts = Thoughts::new(true);
        assert_eq!(thoughts.push("Let me see."), []);
        let text = Part::Text("Yes.".to_owned());
        let thought = Part::Thought("Let me see.".to_owned());
        assert_eq!(thoughts.push("</think>Yes."), [thought, text]);
        assert_eq!(told("No thoughts.", 3, true).1, "No thoughts.");
    }
}
