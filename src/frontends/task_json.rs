//! The plan of a task in steps as JSON.

use serde::Serialize;

use crate::engine::event::TaskView;
use crate::session::{ChangedFile, TaskStep};

/// A task, always with all of its steps.
#[derive(Debug, PartialEq, Serialize)]
pub struct JsonTask<'a> {
    task: &'a str,
    steps: Vec<JsonTaskStep<'a>>,
}

#[derive(Debug, PartialEq, Serialize)]
struct JsonTaskStep<'a> {
    number: usize,
    text: &'a str,
    /// `pending`, `in_progress`, `done`, `failed` or `dropped`.
    state: &'static str,
    files: &'a [String],
    check: &'a str,
    summary: &'a str,
    changed: Vec<JsonChangedFile<'a>>,
    /// Of its requests and replies.
    tokens: u64,
}

/// A changed file; `null` for lines that are not known.
#[derive(Debug, PartialEq, Serialize)]
struct JsonChangedFile<'a> {
    path: &'a str,
    added: Option<usize>,
    removed: Option<usize>,
}

impl<'a> From<&'a TaskView> for JsonTask<'a> {
    fn from(plan: &'a TaskView) -> JsonTask<'a> {
        let steps = (1..).zip(&plan.steps);
        JsonTask {
            task: &plan.task,
            steps: steps
                .map(|(number, step)| json_step(number, step))
                .collect(),
        }
    }
}

fn json_step(number: usize, step: &TaskStep) -> JsonTaskStep<'_> {
    JsonTaskStep {
        number,
        text: &step.text,
        state: step.state.name(),
        files: &step.files,
        check: &step.check,
        summary: &step.summary,
        changed: step.changed.iter().map(JsonChangedFile::from).collect(),
        tokens: step.tokens,
    }
}

impl<'a> From<&'a ChangedFile> for JsonChangedFile<'a> {
    fn from(file: &'a ChangedFile) -> JsonChangedFile<'a> {
        JsonChangedFile {
            path: &file.path,
            added: file.lines.map(|(added, _)| added),
            removed: file.lines.map(|(_, removed)| removed),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::session::StepState;

    #[test]
    fn a_task_has_its_shape() {
        let step = TaskStep {
            text: "Add it".to_owned(),
            files: vec!["a.rs".to_owned()],
            state: StepState::Done,
            changed: vec![ChangedFile {
                path: "a.rs".to_owned(),
                lines: Some((3, 1)),
            }],
            ..TaskStep::default()
        };
        let plan = TaskView {
            task: "a flag".to_owned(),
            steps: vec![step],
        };
        let value = serde_json::to_value(JsonTask::from(&plan)).expect("a value");
        assert_eq!(
            value,
            json!({"task": "a flag", "steps": [{
                "number": 1, "text": "Add it", "state": "done", "files": ["a.rs"], "check": "",
                "summary": "", "changed": [{"path": "a.rs", "added": 3, "removed": 1}], "tokens": 0,
            }]})
        );
    }
}
