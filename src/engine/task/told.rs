//! What the model is told of a task in one step: little, so that a small window carries any task.

use std::fmt::Write;

use super::{TaskPlan, one_line};
use crate::engine::clip::{clipped_to, first_line};
use crate::model::budget::part;
use crate::session::{StepState, TaskStep};
use crate::text::tokens::estimate_text;
use crate::visible::{defang_chat_markers, escape_hidden};

/// Percent of the window that the task may have in a step.
const TASK_PERCENT: u32 = 8;
/// Most characters of a step in the list of all.
const LONGEST_IN_LIST: usize = 160;
/// In small windows fewer, but so many,
const SHORTEST_IN_LIST: usize = 40;
/// and one for so many tokens of the window.
const TOKENS_A_SIGN: usize = 50;
/// Percent of the window for what earlier steps did: the last ones, and at least one.
const EARLIER_PERCENT: u32 = 15;
/// Most characters of the summary of an earlier step.
const LONGEST_SUMMARY: usize = 160;
/// Most changed files that are named of an earlier step.
const MOST_CHANGED: usize = 6;
/// Most characters of a step in the line at the end of each result.
const LONGEST_IN_ANCHOR: usize = 60;

const ONE_STEP: &str = "\
You carry out one step of a task. Earlier steps are done, later ones come later: leave them. Do the \
step, check it as it says, and end with one or two sentences: what is different now, and what the \
check said. If the step cannot be done, say why.";

/// What the model is told at the beginning of a step.
pub(in crate::engine) struct StepMessage<'p> {
    pub plan: &'p TaskPlan,
    /// The number of the step, from 1.
    pub number: usize,
    /// What the user said about it, if it is done again.
    pub hint: &'p str,
    /// Whether an earlier try was interrupted and may have left something.
    pub is_interrupted: bool,
    /// Tokens of the window.
    pub window: u32,
}

impl StepMessage<'_> {
    /// The sections before the request: the task, the plan with its signs, and what earlier steps
    /// changed.
    pub(in crate::engine) fn context(&self) -> String {
        let task = clipped_to(&self.plan.task, part(self.window, TASK_PERCENT));
        let mut text =
            format!("## A task in steps\n\n{ONE_STEP}\n\nThe task: {task}\n\n## The plan\n\n");
        let longest =
            (self.window as usize / TOKENS_A_SIGN).clamp(SHORTEST_IN_LIST, LONGEST_IN_LIST);
        for (number, step) in (1..).zip(&self.plan.steps) {
            let sign = step.state.sign();
            let words = one_line(&step.text, longest);
            // Writing into a string cannot fail.
            let _ = writeln!(text, "{sign} step {number}: {words}");
        }
        let earlier = self.earlier();
        if !earlier.is_empty() {
            let _ = write!(text, "\n## What earlier steps did\n\n{earlier}");
        }
        safe(text.trim_end())
    }

    /// The request: the step itself.
    pub(in crate::engine) fn request(&self) -> String {
        let count = self.plan.steps.len();
        let Some(step) = self.plan.step(self.number) else {
            return String::new();
        };
        let mut text = format!("Step {} of {count}: {}", self.number, step.text);
        if !step.files.is_empty() {
            let _ = write!(text, "\nFiles: {}", listed(&step.files));
        }
        if !step.check.is_empty() {
            let _ = write!(text, "\nCheck: {}", step.check);
        }
        if self.is_interrupted {
            text.push_str(
                "\nThis step was begun and interrupted: look first at what is there already.",
            );
        }
        if !self.hint.is_empty() {
            let _ = write!(text, "\nThe user says: {}", self.hint);
        }
        safe(&text)
    }

    /// A line for each earlier step that has ended: its files and its summary.
    fn earlier(&self) -> String {
        let ended = |step: &TaskStep| matches!(step.state, StepState::Done | StepState::Failed);
        let all: Vec<(usize, &TaskStep)> = (1..)
            .zip(&self.plan.steps)
            .filter(|(number, step)| *number != self.number && ended(step))
            .collect();
        let most = part(self.window, EARLIER_PERCENT);
        let (mut lines, mut used) = (Vec::new(), 0);
        for (number, step) in all.iter().rev() {
            let summary = first_line(&step.summary, LONGEST_SUMMARY);
            let line = format!("- step {number}: {}; {summary}\n", changed(step));
            used += estimate_text(&line);
            if used > most && !lines.is_empty() {
                lines.push("- what the steps before that did is left out\n".to_owned());
                break;
            }
            lines.push(line);
        }
        lines.reverse();
        lines.concat()
    }
}

/// The line that stands at the end of each result of a step, so that it is near the end of each
/// request.
pub(in crate::engine) fn anchor(plan: &TaskPlan, number: usize) -> String {
    let text = plan.step(number).map_or("", |step| &step.text);
    let text = safe(&one_line(text, LONGEST_IN_ANCHOR));
    let state = plan.state_line();
    format!(
        "\n\n(You are at step {number} of {}: {text}. Plan: {state})",
        plan.steps.len()
    )
}

fn changed(step: &TaskStep) -> String {
    if step.changed.is_empty() {
        return "changed no file".to_owned();
    }
    let files = step.changed.iter().take(MOST_CHANGED);
    let mut files: Vec<String> = files.map(|file| file.words()).collect();
    let more = step.changed.len() - files.len();
    if more > 0 {
        files.push(format!("{more} more"));
    }
    files.join(", ")
}

fn listed(paths: &[String]) -> String {
    let quoted: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    quoted.join(", ")
}

fn safe(text: &str) -> String {
    defang_chat_markers(&escape_hidden(text)).into_owned()
}
