//! The part of compaction that needs no model: messages in, fewer or shorter ones out.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::clip::{clipped, clipped_to, first_line};
use super::names::is_in;
use super::question::says_little;
use super::user_message::{UserMessage, is_note};
use super::user_words::{user_words, without_words};
use crate::message::{Message, ToolCall};
use crate::text::anchors::split_anchor;

/// Most characters of an old tool result, and of each argument of an old call.
const OLD_RESULT: usize = 300;
/// Characters that the mark of a cut may add to a text.
const MARK: usize = 80;
/// Most characters of an old answer.
const OLD_ANSWER: usize = 2_000;
/// Latest rounds of a turn whose results stay whole as long as possible.
const WHOLE_ROUNDS: usize = 2;
/// Last answers that are kept if there is no summary by a model.
const LAST_ANSWERS: usize = 2;
/// Tools that show code, whose old results keep what they show of definitions,
const SHOWS_CODE: &str = "read_file search_codebase grep_search outline find_symbol";
/// that is at most so many lines,
const SIGNATURES: usize = 6;
/// which have at most so many characters,
const LONGEST_SIGNATURE: usize = 100;
/// and begin with one of these words.
const DEFINING: &str = "pub fn def class struct enum trait impl interface func function export async \
     module public private protected internal abstract static type record object";
/// What is said in place of an old result.
const NO_LONGER_SHOWN: &str = "… the rest is no longer shown";

/// The range of the older turns, and the index of the user's last task.
pub(super) fn task_of(messages: &[Message]) -> Option<(Range<usize>, usize)> {
    let task = messages
        .iter()
        .rposition(|message| matches!(message, Message::User { text, .. } if !is_note(text)))?;
    let first = usize::from(matches!(messages.first(), Some(Message::System { .. })));
    Some((first..task, task))
}

/// Cuts tool results, call arguments and long answers of older turns; drops their pictures.
pub(super) fn cut_old(messages: &mut [Message]) {
    let Some((older, _)) = task_of(messages) else {
        return;
    };
    for message in &mut messages[older] {
        match message {
            Message::Tool { tool, text, .. } => {
                leave_stub(tool, text);
            }
            Message::Assistant {
                text,
                thinking,
                calls,
            } => {
                cut(text, OLD_ANSWER);
                thinking.clear();
                for call in calls {
                    cut_arguments(call);
                }
            }
            Message::User { images, .. } => images.clear(),
            Message::System { .. } => {}
        }
    }
}

/// The last full request, if the task itself only says to continue.
pub(super) fn meant_by(messages: &[Message]) -> Option<String> {
    let (older, task) = task_of(messages)?;
    let request = |message: &Message| match message {
        Message::User { text, .. } if !is_note(text) => {
            Some(UserMessage::parse(text).whole_task().to_owned())
        }
        _ => None,
    };
    if !says_little(&request(&messages[task])?) {
        return None;
    }
    let mut earlier = messages[older].iter().rev().filter_map(request);
    earlier.find(|request| !says_little(request))
}

/// Replaces all turns before the last task with a summary.
pub(super) fn fold_turns(messages: &mut Vec<Message>, summary: &str) {
    let Some((older, task)) = task_of(messages) else {
        return;
    };
    if let Message::User { text, .. } = &mut messages[task] {
        let mut opening = UserMessage::parse(text);
        summary.clone_into(&mut opening.summary);
        *text = opening.text();
    }
    messages.drain(older);
}

/// Leaves one line of the hits of the index for the task; says whether there were some.
pub(super) fn drop_hits(messages: &mut [Message]) -> bool {
    let Some((_, task)) = task_of(messages) else {
        return false;
    };
    let before = messages[task].clone();
    messages[task].shorten_hits();
    messages[task] != before
}

/// Cuts the results of the oldest round of this turn that has long ones, but not those of the last
/// rounds; says whether there was one.
pub(super) fn cut_oldest_round(messages: &mut [Message]) -> bool {
    let rounds = rounds(messages);
    let cuttable = rounds.len().saturating_sub(WHOLE_ROUNDS);
    let mut ranges = (0..cuttable).map(|at| rounds[at]..rounds[at + 1]);
    ranges.any(|range| cut_round(&mut messages[range]))
}

fn cut_round(messages: &mut [Message]) -> bool {
    let mut is_cut = false;
    for message in messages {
        match message {
            Message::Tool { tool, text, .. } => is_cut |= leave_stub(tool, text),
            Message::Assistant {
                thinking, calls, ..
            } => {
                is_cut |= !thinking.is_empty();
                thinking.clear();
                for call in calls {
                    is_cut |= cut_arguments(call);
                }
            }
            Message::System { .. } | Message::User { .. } => {}
        }
    }
    is_cut
}

/// Replaces the oldest round of this turn with a list, unless it is the last one; says whether it
/// did. `most`: tokens of the list.
pub(super) fn fold_oldest_round(messages: &mut Vec<Message>, most: u32) -> bool {
    let Some((_, task)) = task_of(messages) else {
        return false;
    };
    let rounds = rounds(messages);
    let Some(&next) = rounds.get(1) else {
        return false;
    };
    let steps = steps(&messages[task + 1..next]);
    if let Message::User { text, .. } = &mut messages[task] {
        let mut opening = UserMessage::parse(text);
        if !opening.done.is_empty() && !steps.is_empty() {
            opening.done.push('\n');
        }
        opening.done.push_str(&steps);
        cut_to(&mut opening.done, most);
        *text = opening.text();
    }
    messages.drain(task + 1..next);
    true
}

/// Cuts the context of the task, and the list of what was done for it, to `most` tokens each.
pub(super) fn cut_context(messages: &mut [Message], most: u32) {
    let Some((_, task)) = task_of(messages) else {
        return;
    };
    if let Message::User { text, .. } = &mut messages[task] {
        let mut opening = UserMessage::parse(text);
        cut_to(&mut opening.done, most);
        cut_to(&mut opening.context, most);
        *text = opening.text();
    }
}

/// Cuts even the latest tool results to `most` tokens each: better than no answer.
pub(super) fn cut_last_results(messages: &mut [Message], most: u32) {
    let Some((_, task)) = task_of(messages) else {
        return;
    };
    for message in &mut messages[task..] {
        match message {
            Message::Tool { text, .. } => cut_to(text, most),
            Message::User { text, .. } => {
                let mut opening = UserMessage::parse(text);
                cut_to(&mut opening.context, most / 2);
                cut_to(&mut opening.summary, most);
                *text = opening.text();
            }
            Message::Assistant { calls, .. } => {
                for call in calls {
                    cut_arguments(call);
                }
            }
            Message::System { .. } => {}
        }
    }
}

/// Older turns as a text for the model to summarise.
pub(super) fn transcript(older: &[Message]) -> String {
    let mut parts = Vec::new();
    for message in older {
        match message {
            Message::System { .. } => {}
            Message::User { text, .. } if is_note(text) => {}
            Message::User { text, .. } => {
                let opening = UserMessage::parse(text);
                if !opening.summary.is_empty() {
                    let summary = without_words(&opening.summary);
                    parts.push(format!("Before that:\n{}", clipped(&summary, 3_600)));
                }
                parts.push(format!("User: {}", clipped(opening.task(), 1_500)));
                if !opening.done.is_empty() {
                    parts.push(format!("Agent did:\n{}", clipped(&opening.done, 1_500)));
                }
            }
            Message::Assistant { text, calls, .. } => {
                if !text.is_empty() {
                    parts.push(format!("Agent: {}", clipped(text, 1_500)));
                }
                parts.extend(
                    calls
                        .iter()
                        .map(|call| format!("Agent calls {}", line(call))),
                );
            }
            Message::Tool { tool, text, .. } => {
                parts.push(format!("{tool} returned: {}", clipped(text, OLD_RESULT)));
            }
        }
    }
    parts.join("\n\n")
}

/// A summary of older turns without a model: last answers and requests, each of `most` tokens.
pub(super) fn in_short(older: &[Message], most: u32) -> String {
    let mut before = String::new();
    let mut answers = Vec::new();
    for message in older {
        match message {
            Message::User { text, .. } if !is_note(text) => {
                let opening = UserMessage::parse(text);
                if !opening.summary.is_empty() {
                    before = without_words(&opening.summary);
                }
            }
            Message::Assistant { text, calls, .. } if calls.is_empty() => {
                answers.push(clipped(text, 600).into_owned());
            }
            _ => {}
        }
    }
    let mut parts = Vec::new();
    if !before.is_empty() {
        parts.push(clipped(&before, 2_000).into_owned());
    }
    if !answers.is_empty() {
        let last = answers.len().saturating_sub(LAST_ANSWERS);
        parts.push(format!(
            "Your last answers:\n{}",
            answers[last..].join("\n")
        ));
    }
    parts.push(user_words(older, most));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

/// Indexes of the messages of this turn with calls.
fn rounds(messages: &[Message]) -> Vec<usize> {
    let task = task_of(messages).map_or(0, |(_, task)| task);
    messages
        .iter()
        .enumerate()
        .skip(task)
        .filter(
            |(_, message)| matches!(message, Message::Assistant { calls, .. } if !calls.is_empty()),
        )
        .map(|(at, _)| at)
        .collect()
}

/// One line per call: what it did.
fn steps(messages: &[Message]) -> String {
    let mut lines = Vec::new();
    for message in messages {
        match message {
            Message::Assistant { text, calls, .. } => {
                if !text.is_empty() {
                    lines.push(format!("- said: {}", first_line(text, 160)));
                }
                lines.extend(calls.iter().map(|call| {
                    let result = result_of(call, messages);
                    format!("- {} → {}", line(call), first_line(result, 120))
                }));
            }
            Message::System { .. } | Message::User { .. } | Message::Tool { .. } => {}
        }
    }
    lines.join("\n")
}

fn result_of<'a>(call: &ToolCall, messages: &'a [Message]) -> &'a str {
    let results = messages.iter().find_map(|message| match message {
        Message::Tool { call_id, text, .. } if *call_id == call.id => Some(text.as_str()),
        _ => None,
    });
    results.unwrap_or_default()
}

fn line(call: &ToolCall) -> String {
    let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
    format!("{} {}", call.name, first_line(&arguments, 120))
}

/// Cuts an old result; says whether it was longer. Of code the lines stay that define something.
fn leave_stub(tool: &str, text: &mut String) -> bool {
    if text.contains(NO_LONGER_SHOWN) {
        return false;
    }
    let signatures = if is_in(tool, SHOWS_CODE) {
        signatures(text)
    } else {
        Vec::new()
    };
    if signatures.is_empty() || text.chars().count() <= OLD_RESULT {
        return cut(text, OLD_RESULT);
    }
    let lines = text.lines().count();
    let stub = format!(
        "{}\n{NO_LONGER_SHOWN} ({lines} lines); call `{tool}` again if you need it …",
        signatures.join("\n")
    );
    let is_shorter = stub.len() < text.len();
    if is_shorter {
        *text = stub;
    }
    is_shorter
}

/// Lines that define something, with their numbers.
fn signatures(text: &str) -> Vec<String> {
    let defines = |line: &&str| {
        let numbered = || line.split_once('→').map(|(_, code)| code);
        let anchored = split_anchor(line).map(|(_, _, code)| code);
        let code = anchored.or_else(numbered).unwrap_or(*line);
        let first = code.trim_start().split([' ', '(']).next();
        first.is_some_and(|word| is_in(word, DEFINING))
    };
    let lines = text.lines().filter(defines).take(SIGNATURES);
    lines
        .map(|line| line.chars().take(LONGEST_SIGNATURE).collect())
        .collect()
}

/// Cuts the middle out of a text; says whether it did. What was cut before is not cut again.
fn cut(text: &mut String, most: usize) -> bool {
    if text.chars().count() <= most + MARK {
        return false;
    }
    *text = clipped(text, most).into_owned();
    true
}

fn cut_to(text: &mut String, tokens: u32) {
    if let Cow::Owned(shorter) = clipped_to(text, tokens) {
        *text = shorter;
    }
}

fn cut_arguments(call: &mut ToolCall) -> bool {
    let mut is_cut = false;
    for value in call.arguments.values_mut() {
        if let Value::String(text) = value {
            is_cut |= cut(text, OLD_RESULT);
        }
    }
    is_cut
}
