//! The part of compaction that needs no model: messages in, fewer or shorter ones out.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use super::clip::{clipped, clipped_to, first_line};
use super::question::says_little;
use super::user_message::{UserMessage, is_note};
use crate::message::{Message, ToolCall};

/// Most characters of an old tool result, and of each argument of an old call.
const OLD_RESULT: usize = 300;
/// Most characters of an old answer.
const OLD_ANSWER: usize = 2_000;
/// Latest rounds of a turn whose results stay whole as long as possible.
const WHOLE_ROUNDS: usize = 2;
/// Most earlier requests and answers listed if there is no summary by a model.
const LISTED: usize = 10;

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
            Message::Tool { text, .. } => cut(text, OLD_RESULT),
            Message::Assistant {
                text,
                thinking,
                calls,
            } => {
                cut(text, OLD_ANSWER);
                thinking.clear();
                calls.iter_mut().for_each(cut_arguments);
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
            Some(UserMessage::parse(text).task().to_owned())
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

/// Cuts the tool results of this turn, except for the last rounds.
pub(super) fn cut_earlier_results(messages: &mut [Message]) {
    let rounds = rounds(messages);
    let Some(at) = rounds.len().checked_sub(WHOLE_ROUNDS) else {
        return;
    };
    let (Some((_, task)), Some(&whole)) = (task_of(messages), rounds.get(at)) else {
        return;
    };
    for message in &mut messages[task..whole] {
        match message {
            Message::Tool { text, .. } => cut(text, OLD_RESULT),
            Message::Assistant {
                thinking, calls, ..
            } => {
                thinking.clear();
                calls.iter_mut().for_each(cut_arguments);
            }
            Message::System { .. } | Message::User { .. } => {}
        }
    }
}

/// Replaces all rounds of this turn but the last with a list. `most`: tokens of the list, and of
/// the context of the task.
pub(super) fn fold_steps(messages: &mut Vec<Message>, most: u32) {
    let Some((_, task)) = task_of(messages) else {
        return;
    };
    let last = rounds(messages).last().copied().unwrap_or(task + 1);
    let steps = steps(&messages[task + 1..last]);
    if let Message::User { text, .. } = &mut messages[task] {
        let mut opening = UserMessage::parse(text);
        if !opening.done.is_empty() && !steps.is_empty() {
            opening.done.push('\n');
        }
        opening.done.push_str(&steps);
        cut_to(&mut opening.done, most);
        cut_to(&mut opening.context, most);
        *text = opening.text();
    }
    messages.drain(task + 1..last);
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
            Message::Assistant { calls, .. } => calls.iter_mut().for_each(cut_arguments),
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
                    parts.push(format!(
                        "Before that:\n{}",
                        clipped(&opening.summary, 3_600)
                    ));
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

/// A summary of older turns without a model: requests and last answers.
pub(super) fn in_short(older: &[Message]) -> String {
    let mut before = String::new();
    let (mut asked, mut answers) = (Vec::new(), Vec::new());
    for message in older {
        match message {
            Message::User { text, .. } if !is_note(text) => {
                let opening = UserMessage::parse(text);
                asked.push(format!("- {}", first_line(opening.task(), 300)));
                if !opening.summary.is_empty() {
                    before = opening.summary;
                }
            }
            Message::Assistant { text, calls, .. } if calls.is_empty() => {
                answers.push(clipped(text, 600).into_owned());
            }
            _ => {}
        }
    }
    let last = |list: &[String], most: usize| list[list.len().saturating_sub(most)..].join("\n");
    let mut parts = Vec::new();
    if !before.is_empty() {
        parts.push(clipped(&before, 2_000).into_owned());
    }
    parts.push(format!("The user asked:\n{}", last(&asked, LISTED)));
    if !answers.is_empty() {
        parts.push(format!("Your last answers:\n{}", last(&answers, 2)));
    }
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

fn cut(text: &mut String, most: usize) {
    if let Cow::Owned(shorter) = clipped(text, most) {
        *text = shorter;
    }
}

fn cut_to(text: &mut String, tokens: u32) {
    if let Cow::Owned(shorter) = clipped_to(text, tokens) {
        *text = shorter;
    }
}

fn cut_arguments(call: &mut ToolCall) {
    for value in call.arguments.values_mut() {
        if let Value::String(text) = value {
            cut(text, OLD_RESULT);
        }
    }
}
