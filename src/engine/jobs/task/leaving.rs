//! Puts the user's conversation back when a task ends or is left, with a report of what was done.

use super::TaskRun;
use crate::engine::clip::clipped_to;
use crate::engine::event::TurnEnd;
use crate::engine::task::TaskPlan;
use crate::engine::turn::Turn;
use crate::engine::user_message::engine_note;
use crate::message::Message;
use crate::model::budget::part;
use crate::session::{OpenTask, Record, StepState};
use crate::visible::defang_chat_markers;

/// Percent of the window that the report may have.
const REPORT_PERCENT: u32 = 15;

impl TaskRun<'_, '_, '_> {
    /// Ends the task.
    pub(super) fn close(&mut self, reason: &str) -> Result<(), TurnEnd> {
        self.put_back(Record::TaskEnded {
            reason: reason.to_owned(),
        })
    }

    /// Leaves the task for now, unless it is over or no step was begun since it was left.
    pub(super) fn leave(&mut self) -> Result<(), TurnEnd> {
        let open = self.turn().session.task.as_ref();
        if open.is_none_or(|open| open.is_left) {
            return Ok(());
        }
        self.put_back(Record::TaskLeft)
    }

    /// Records the end, and the conversation as it is from here on.
    fn put_back(&mut self, end: Record) -> Result<(), TurnEnd> {
        let last_words = std::mem::take(&mut self.last_words);
        let turn = self.turn();
        if turn.session.task.as_ref().is_some_and(|open| !open.is_left) {
            // Those of the steps mean nothing to the conversation.
            turn.session.remarks.clear();
        }
        turn.put_back(end, last_words)
    }
}

impl Turn<'_> {
    /// Leaves a task whose step was broken off by the end of the process, before the user asks
    /// something else: that belongs to the conversation before the task.
    pub(in crate::engine) fn leave_broken_off_step(&mut self) -> Result<(), TurnEnd> {
        let open = self.session.task.as_ref();
        if open.is_none_or(|open| open.is_left) {
            return Ok(());
        }
        self.put_back(Record::TaskLeft, String::new())
    }

    /// Records the end of a task, and the conversation as it is from here on.
    fn put_back(&mut self, end: Record, last_words: String) -> Result<(), TurnEnd> {
        let window = self.window();
        let session = &mut *self.session;
        let Some(open) = session.task.clone().filter(|open| !open.is_left) else {
            return self.record(end);
        };
        let mut messages = open.before.clone();
        // The system message may have been renewed since.
        if let Some(system @ Message::System { .. }) = session.messages.first() {
            match messages.first_mut() {
                Some(first @ Message::System { .. }) => *first = system.clone(),
                _ => messages.insert(0, system.clone()),
            }
        }
        if let Some(report) = report(&open, part(window, REPORT_PERCENT)) {
            // Only what the model said itself stands in its name.
            if last_words.is_empty() {
                session.remarks.push(report);
            } else {
                messages.push(Message::user(engine_note(&report)));
                messages.push(Message::Assistant {
                    text: last_words,
                    thinking: String::new(),
                    calls: Vec::new(),
                });
            }
        }
        let compacted = Record::compacted(&messages);
        session.messages = messages;
        self.record_all(vec![end, compacted])
    }
}

/// What the model is told of the steps later; `None` if none has ended.
fn report(open: &OpenTask, most: u32) -> Option<String> {
    let plan = TaskPlan::of(open);
    let ended = |state: StepState| matches!(state, StepState::Done | StepState::Failed);
    if !plan.steps.iter().any(|step| ended(step.state)) {
        return None;
    }
    let mut text = format!(
        "The user had a task carried out in steps, each with a conversation of its own.\n\n{}",
        plan.markdown()
    );
    for (number, step) in (1..).zip(&plan.steps) {
        if !ended(step.state) {
            continue;
        }
        let files: Vec<String> = step.changed.iter().map(|file| file.words()).collect();
        let files = if files.is_empty() {
            "no file".to_owned()
        } else {
            files.join(", ")
        };
        text.push_str(&format!(
            "\n- step {number} changed {files}: {}",
            step.summary
        ));
    }
    let text = clipped_to(&text, most);
    Some(defang_chat_markers(&text).into_owned())
}
