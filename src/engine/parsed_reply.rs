//! Splits a reply into text and tool calls, native ones and those in its text.

use super::loop_detector::{canonical, is_quoted};
use super::step::StepReply;
use super::stream::StreamedReply;
use super::turn::Turn;
use crate::message::{Message, ToolCall};
use crate::model::repair::{
    WrittenEdits, check, edits_in, find_calls, new_call_id, reshaped, take_answer,
};

/// Most calls of one reply that run: later ones would not know the results of these.
pub(super) const MOST_CALLS: usize = 16;

/// The text and the calls of a reply.
pub(super) struct ParsedReply {
    pub text: String,
    pub calls: Vec<ToolCall>,
    /// Why the only attempt at a call is not valid.
    pub broken: Option<String>,
}

impl ParsedReply {
    fn of(text: String, calls: Vec<ToolCall>) -> ParsedReply {
        ParsedReply {
            text,
            calls,
            broken: None,
        }
    }
}

impl Turn<'_> {
    /// Splits a reply into text and tool calls.
    pub(super) async fn parse_reply(
        &mut self,
        streamed: &StreamedReply,
        native: Vec<ToolCall>,
    ) -> ParsedReply {
        let is_broken = |call: &ToolCall| streamed.wrong.contains_key(&call.id);
        let mut native: Vec<ToolCall> = native
            .into_iter()
            .flat_map(|call| match is_broken(&call) {
                true => vec![call],
                false => reshaped(call, &self.tools),
            })
            .collect();
        let answer = take_answer(&mut native, &self.tools);
        let mut found = find_calls(&streamed.text, &self.tools);
        let places = [found.taken.as_slice(), &found.later_at].concat();
        if is_quoted(&streamed.text, &places, &self.session.messages) {
            let notice = "the reply quotes a tool call from a text that the model read; it is not \
                          run";
            self.notice(notice).await;
            return ParsedReply::of(streamed.text.clone(), native);
        }
        let is_over = native.is_empty() && found.calls.is_empty() && found.later.is_empty();
        if let Some(answer) = answer.or(found.answer.take()).filter(|_| is_over) {
            return ParsedReply::of(with_answer(found.text, &answer), Vec::new());
        }
        if native.is_empty() && self.uses_text_calls() && !found.calls.is_empty() {
            // Text after a text tool call is a result that the model made up.
            let first = found.calls.into_iter().take(1).collect();
            return ParsedReply::of(streamed.shown.clone(), first);
        }
        let is_written = native.is_empty();
        let mut calls = native;
        for call in found.calls.into_iter().chain(found.later) {
            let mut known = calls.iter().take(MOST_CALLS);
            if !known.any(|known| self.is_same(known, &call)) {
                calls.push(call);
            }
        }
        let Some(why) = found.broken else {
            if calls.is_empty() {
                calls = self.written_edits(&streamed.text).await;
            }
            return ParsedReply::of(found.text, calls);
        };
        if calls.is_empty() {
            return ParsedReply {
                broken: Some(why),
                ..ParsedReply::of(found.text, calls)
            };
        }
        // What could be read is done; of the rest the model is told with the result.
        self.pending_note =
            format!("\n\n[Another call in your reply is not valid and did not run: {why}]");
        let text = if is_written {
            streamed.shown.clone()
        } else {
            found.text
        };
        ParsedReply::of(text, calls)
    }

    /// The edits that are written out in a reply, where a change was asked for and none was made.
    async fn written_edits(&self, text: &str) -> Vec<ToolCall> {
        if !self.may_change() || !self.progress.lacks_change() {
            return Vec::new();
        }
        let WrittenEdits { calls, places } = edits_in(text, &self.tools);
        if calls.is_empty() || is_quoted(text, &places, &self.session.messages) {
            return Vec::new();
        }
        self.notice("the reply has edits instead of tool calls; they are made as such")
            .await;
        calls
    }

    /// Whether two calls do the same, however their arguments are written.
    fn is_same(&self, one: &ToolCall, other: &ToolCall) -> bool {
        let meant = |call: &ToolCall| check(call.clone(), &self.tools).ok();
        let (one, other) = (meant(one), meant(other));
        one.is_some() && one.as_ref().map(canonical) == other.as_ref().map(canonical)
    }

    /// A reply whose calls have unique ids, and the names and arguments of the tools.
    pub(super) fn useful(
        &self,
        text: &str,
        streamed: StreamedReply,
        mut calls: Vec<ToolCall>,
    ) -> StepReply {
        let mut wrong = streamed.wrong;
        let too_many = calls.len().saturating_sub(MOST_CALLS);
        calls.truncate(MOST_CALLS + 1);
        let mut used: Vec<String> = self.call_ids();
        for call in &mut calls {
            if call.id.is_empty() || used.contains(&call.id) {
                call.id = new_call_id();
            }
            used.push(call.id.clone());
            if !wrong.contains_key(&call.id)
                && let Ok(checked) = check(call.clone(), &self.tools)
            {
                *call = checked;
            }
        }
        if let Some(last) = calls.last().filter(|_| too_many > 0) {
            let pending_note = match too_many - 1 {
                0 => String::new(),
                more => format!(", and neither were the {more} calls after it"),
            };
            let why = format!(
                "not run{pending_note}: at most {MOST_CALLS} calls of one reply run. Read their \
                 results, then make the calls that are still needed."
            );
            wrong.insert(last.id.clone(), why);
        }
        StepReply {
            text: text.trim().to_owned(),
            thinking: streamed.thinking,
            calls,
            wrong,
            is_cut: false,
        }
    }

    fn call_ids(&self) -> Vec<String> {
        let said = self.session.messages.iter();
        said.filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            _ => None,
        })
        .flatten()
        .map(|call| call.id.clone())
        .collect()
    }
}

/// A text with the answer that was given in a call beside it.
fn with_answer(text: String, answer: &str) -> String {
    if text.trim().is_empty() {
        return text + answer;
    }
    if text.contains(answer) {
        return text;
    }
    format!("{}\n\n{answer}", text.trim_end())
}
