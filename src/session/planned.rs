//! Tasks in steps, as the journal has them: the plan, and how far it is.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::record::Record;
use crate::message::Message;

/// A step of a plan. This is its stored form: what is added needs a default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskStep {
    /// What is to be done.
    pub text: String,
    /// Files that it is expected to change, relative to the workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// What shows that it is done, such as a command; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub check: String,
    #[serde(default)]
    pub state: StepState,
    /// One line about what was done, or why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// What it changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<ChangedFile>,
    /// The turns that worked on it; turns of the user between them are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<u32>,
    /// Tokens that its requests and replies had.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tokens: u64,
}

fn is_zero(tokens: &u64) -> bool {
    *tokens == 0
}

/// How far a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    #[default]
    Pending,
    InProgress,
    Done,
    Failed,
    /// The user took it out of the plan.
    Dropped,
}

impl StepState {
    /// The sign that stands before a step.
    pub fn sign(self) -> char {
        match self {
            StepState::Pending => '·',
            StepState::InProgress => '▸',
            StepState::Done => '✓',
            StepState::Failed => '✗',
            StepState::Dropped => '–',
        }
    }

    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            StepState::Pending => "pending",
            StepState::InProgress => "in_progress",
            StepState::Done => "done",
            StepState::Failed => "failed",
            StepState::Dropped => "dropped",
        }
    }

    /// Whether nothing is left to do for it.
    pub fn is_over(self) -> bool {
        matches!(self, StepState::Done | StepState::Dropped)
    }
}

/// A file that a step changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Relative to the workspace.
    pub path: String,
    /// Added and removed lines, if they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<(usize, usize)>,
}

impl ChangedFile {
    /// `src/a.rs +3 −1`
    pub fn words(&self) -> String {
        match self.lines {
            Some((added, removed)) => format!("{} +{added} −{removed}", self.path),
            None => self.path.clone(),
        }
    }
}

/// A task that has begun and has no end yet.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenTask {
    pub task: String,
    pub steps: Vec<TaskStep>,
    /// The conversation before its steps; it comes back when the task ends or is left.
    pub before: Vec<Message>,
    /// Whether no step is being worked on, so that the conversation is there and may go on.
    pub is_left: bool,
}

impl OpenTask {
    /// Follows what a record says of the task of a session. `messages` is the conversation so far.
    pub(super) fn follow(task: &mut Option<OpenTask>, record: &Record, messages: &[Message]) {
        match (record, task.as_mut()) {
            (Record::Planned { task: goal, steps }, Some(open)) => {
                open.task.clone_from(goal);
                open.steps.clone_from(steps);
            }
            (Record::TaskLeft, Some(open)) => open.is_left = true,
            (Record::Planned { task: goal, steps }, None) => {
                *task = Some(OpenTask {
                    task: goal.clone(),
                    steps: steps.clone(),
                    before: Vec::new(),
                    is_left: true,
                });
            }
            (Record::StepBegan { step, turn }, Some(open)) => {
                if std::mem::take(&mut open.is_left) {
                    open.before = messages.to_vec();
                }
                if let Some(step) = open.step(*step) {
                    step.state = StepState::InProgress;
                    step.turns.push(*turn);
                }
            }
            (
                Record::StepEnded {
                    step,
                    outcome,
                    summary,
                    changed,
                    tokens,
                },
                Some(open),
            ) => {
                if let Some(step) = open.step(*step) {
                    step.tokens = step.tokens.saturating_add(*tokens);
                    step.state = *outcome;
                    step.summary.clone_from(summary);
                    step.changed.clone_from(changed);
                }
            }
            (Record::TaskEnded { .. }, _) => *task = None,
            _ => {}
        }
    }

    /// A step by its number, from 1.
    fn step(&mut self, number: usize) -> Option<&mut TaskStep> {
        self.steps.get_mut(number.checked_sub(1)?)
    }
}

/// A plan as Markdown: the task, and a line for each step with its sign.
pub fn plan_markdown(task: &str, steps: &[TaskStep]) -> String {
    let mut text = format!("**Task**: {}\n\n", one_line(task));
    for (number, step) in (1..).zip(steps) {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{number}. {}", step_words(step));
    }
    text
}

/// `✓ Add the flag (src/a.rs; check: cargo test)`
fn step_words(step: &TaskStep) -> String {
    let mut beside = Vec::new();
    if !step.files.is_empty() {
        let files: Vec<String> = step.files.iter().map(|path| quoted(path)).collect();
        beside.push(files.join(", "));
    }
    if !step.check.is_empty() {
        beside.push(format!("check: {}", one_line(&step.check)));
    }
    let beside = if beside.is_empty() {
        String::new()
    } else {
        format!(" ({})", beside.join("; "))
    };
    let text = one_line(&step.text);
    match step.state {
        StepState::Dropped => format!("{} {text} (dropped)", step.state.sign()),
        state => format!("{} {text}{beside}", state.sign()),
    }
}

fn quoted(path: &str) -> String {
    format!("`{}`", path.replace(['`', '\n'], " "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<&str>>().join(" ")
}
