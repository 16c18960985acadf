//! Tasks in steps: the plan, what may be done with it, and how it is told to the model. Pure.
//!
//! [`TaskPlan`] is the plan; `list` reads one from a numbered list, `reply` from a reply that is held
//! to a schema, and `orders` reads what the user answers between steps. `crate::engine::jobs::task`
//! carries it out.

mod list;
mod orders;
mod reply;
mod told;

#[cfg(test)]
mod tests;

use super::clip::first_line;
use crate::session::{ChangedFile, OpenTask, Record, StepState, TaskStep, plan_markdown};

pub(super) use list::{is_plan, plan_in};
pub(super) use orders::StepOrder;
pub(super) use reply::{plan_schema, steps_in_object};
pub(super) use told::{StepMessage, anchor};

/// Fewest and most steps of a plan.
pub const FEWEST_STEPS: usize = 2;
pub const MOST_STEPS: usize = 12;

/// Most characters of the text of a step, and of its check.
const LONGEST_TEXT: usize = 400;
const LONGEST_CHECK: usize = 200;
/// Most files of a step.
const MOST_FILES: usize = 12;

/// Files that no plan names, because commands change them.
const LOCK_FILES: [&str; 11] = [
    "Cargo.lock",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "go.sum",
    "poetry.lock",
    "uv.lock",
    "Pipfile.lock",
    "Gemfile.lock",
    "composer.lock",
];

/// A task with its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskPlan {
    /// What the user wants.
    pub task: String,
    pub steps: Vec<TaskStep>,
}

/// A task as front ends see it; always the whole list.
pub type TaskView = TaskPlan;

/// Why a plan is not one, or a change of it is not possible; for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    #[error("a plan has {} to {} steps, and this one has {}", FEWEST_STEPS, MOST_STEPS, .0)]
    Count(usize),
    #[error("step {0} of the plan says nothing")]
    Empty(usize),
    #[error("there is no step {number}: the plan has {count}")]
    Missing { number: usize, count: usize },
    #[error("step {0} has begun already, and stays where it is")]
    Begun(usize),
    #[error("step {0} is dropped already")]
    Dropped(usize),
}

impl TaskPlan {
    /// A plan whose steps have not begun.
    pub fn new(task: &str, steps: Vec<TaskStep>) -> Result<TaskPlan, PlanError> {
        if !(FEWEST_STEPS..=MOST_STEPS).contains(&steps.len()) {
            return Err(PlanError::Count(steps.len()));
        }
        Ok(TaskPlan {
            task: task.trim().to_owned(),
            steps: tidied(steps)?,
        })
    }

    /// The task that a session has not finished.
    pub fn of(open: &OpenTask) -> TaskPlan {
        TaskPlan {
            task: open.task.clone(),
            steps: open.steps.clone(),
        }
    }

    /// The record of the plan as it is now.
    pub fn record(&self) -> Record {
        Record::Planned {
            task: self.task.clone(),
            steps: self.steps.clone(),
        }
    }

    /// The number of the step to work on next, from 1: one that was begun or failed, or the first
    /// that has not begun; `None` if all are over.
    pub fn next(&self) -> Option<usize> {
        let left = self.steps.iter().position(|step| !step.state.is_over());
        left.map(|at| at + 1)
    }

    /// A step by its number, from 1.
    pub fn step(&self, number: usize) -> Option<&TaskStep> {
        self.steps.get(number.checked_sub(1)?)
    }

    /// Takes a step out that has not begun.
    pub fn drop_step(&mut self, number: usize) -> Result<(), PlanError> {
        let at = self.not_begun(number)?;
        self.steps[at].state = StepState::Dropped;
        Ok(())
    }

    /// Moves a step that has not begun to the place of another one that has not begun.
    pub fn move_step(&mut self, from: usize, to: usize) -> Result<(), PlanError> {
        let from = self.not_begun(from)?;
        let to_at = self.index(to)?;
        if to_at < self.begun() {
            return Err(PlanError::Begun(to));
        }
        let step = self.steps.remove(from);
        self.steps.insert(to_at, step);
        Ok(())
    }

    /// Replaces the steps that have not begun; those that were dropped are gone then.
    pub fn replace_rest(&mut self, rest: Vec<TaskStep>) -> Result<(), PlanError> {
        let kept = self.begun();
        let count = kept + rest.len();
        // A task that has begun may end with any number of steps.
        if count > MOST_STEPS || rest.is_empty() || (kept == 0 && rest.len() < FEWEST_STEPS) {
            return Err(PlanError::Count(count));
        }
        let rest = tidied(rest)?;
        self.steps.truncate(kept);
        self.steps.extend(rest);
        Ok(())
    }

    /// How many steps at the beginning have begun, with what was dropped among them.
    pub fn begun(&self) -> usize {
        let is_untouched =
            |step: &TaskStep| matches!(step.state, StepState::Pending | StepState::Dropped);
        let last = self.steps.iter().rposition(|step| !is_untouched(step));
        last.map_or(0, |at| at + 1)
    }

    /// The steps that have not begun.
    pub fn rest(&self) -> &[TaskStep] {
        &self.steps[self.begun()..]
    }

    /// Files that a step changed though the plan names others for it, or for any step; a plan that
    /// names no files allows all.
    pub fn outside(&self, changed: &[ChangedFile]) -> Vec<String> {
        let named: Vec<&String> = self.steps.iter().flat_map(|step| &step.files).collect();
        if named.is_empty() {
            return Vec::new();
        }
        let is_named =
            |path: &str| is_lock_file(path) || named.iter().any(|name| covers(name, path));
        let outside = changed.iter().filter(|file| !is_named(&file.path));
        outside.map(|file| file.path.clone()).collect()
    }

    /// Tokens of the requests and replies of all steps.
    pub fn tokens(&self) -> u64 {
        self.steps
            .iter()
            .fold(0, |sum: u64, step| sum.saturating_add(step.tokens))
    }

    /// The plan as Markdown.
    pub fn markdown(&self) -> String {
        plan_markdown(&self.task, &self.steps)
    }

    /// One line: `✓ 1 ▸ 2 · 3`.
    pub fn state_line(&self) -> String {
        let signs = (1..).zip(&self.steps);
        let signs: Vec<String> = signs
            .map(|(number, step)| format!("{} {number}", step.state.sign()))
            .collect();
        signs.join(" ")
    }

    fn index(&self, number: usize) -> Result<usize, PlanError> {
        let count = self.steps.len();
        match number.checked_sub(1) {
            Some(at) if at < count => Ok(at),
            _ => Err(PlanError::Missing { number, count }),
        }
    }

    /// The index of a step that has not begun.
    fn not_begun(&self, number: usize) -> Result<usize, PlanError> {
        let at = self.index(number)?;
        match self.steps[at].state {
            _ if at < self.begun() => Err(PlanError::Begun(number)),
            StepState::Dropped => Err(PlanError::Dropped(number)),
            _ => Ok(at),
        }
    }
}

/// Whether a path of a plan means a file: the same, a folder above it, or its end. What has a `*`
/// means the folder before it.
fn covers(name: &str, path: &str) -> bool {
    let name = match name.split_once('*') {
        Some((before, _)) => before.rsplit_once('/').map_or("", |(folder, _)| folder),
        None => name,
    };
    let name = name.trim_start_matches("./").trim_end_matches('/');
    if name.is_empty() {
        return true;
    }
    let below = path
        .strip_prefix(name)
        .is_some_and(|rest| rest.starts_with('/'));
    let end = path
        .strip_suffix(name)
        .is_some_and(|head| head.ends_with('/'));
    path == name || below || end
}

/// Steps in one form: single lines of bounded length, plain paths, nothing of an earlier run.
fn tidied(steps: Vec<TaskStep>) -> Result<Vec<TaskStep>, PlanError> {
    let mut tidy = Vec::new();
    for (number, step) in (1..).zip(steps) {
        let text = one_line(&step.text, LONGEST_TEXT);
        if !text.chars().any(char::is_alphanumeric) {
            return Err(PlanError::Empty(number));
        }
        let mut files: Vec<String> = Vec::new();
        for path in step.files.iter().filter_map(|path| plain_path(path)) {
            if files.len() < MOST_FILES && !files.contains(&path) {
                files.push(path);
            }
        }
        tidy.push(TaskStep {
            text,
            files,
            check: one_line(&step.check, LONGEST_CHECK),
            ..TaskStep::default()
        });
    }
    Ok(tidy)
}

/// Whether package managers write a file by themselves when something else changes.
fn is_lock_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    LOCK_FILES.contains(&name)
}

fn one_line(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    first_line(&words.join(" "), most)
}

/// A path inside the workspace, as a model may write it; `None` for what is none.
fn plain_path(given: &str) -> Option<String> {
    let path = given
        .trim()
        .trim_matches(['`', '"', '\''])
        .trim_start_matches("./");
    let path = path.split(':').next().unwrap_or(path);
    // `src/a.rs (new)`
    let path = match path.rsplit_once(" (") {
        Some((path, note)) if note.ends_with(')') => path.trim_end(),
        _ => path,
    };
    let is_inside = !matches!(path, "" | ".")
        && !path.starts_with(['/', '~'])
        && !path.contains(['\n', '\\'])
        && path.len() <= 300
        && path.split('/').all(|part| part != "..");
    is_inside.then(|| path.to_owned())
}
