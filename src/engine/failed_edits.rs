//! Edits of a file that fail again: the second time the task is narrowed to the definition around,
//! the third time the user is asked. How often edits work is counted, by their form.

use std::collections::BTreeMap;

use super::clip::clipped_to;
use super::event::ToolOutcome;
use super::turn::Turn;
use crate::message::ToolCall;
use crate::model::EditForm;
use crate::tools::edit_place;

/// Failed edits of a file after which the task is narrowed.
const NARROWED: usize = 2;
/// Failed edits of a file after which the user is asked.
const ASKED: usize = 3;

/// What is said of an edit that failed because of its form, and not for another reason.
const MISFITS: [&str; 5] = [
    "nothing was changed",
    "nothing was written",
    "would be written literally",
    "is not exactly in",
    "its arguments are",
];

/// Failed edits in a row, by file.
#[derive(Debug, Default)]
pub(super) struct FailedEdits {
    times: BTreeMap<String, usize>,
}

impl FailedEdits {
    /// Notes the outcome of an edit; returns how many have failed in a row if this one has.
    fn note(&mut self, path: &str, outcome: ToolOutcome) -> Option<usize> {
        match outcome {
            ToolOutcome::Failed => {
                let times = self.times.entry(path.to_owned()).or_default();
                *times += 1;
                Some(*times)
            }
            ToolOutcome::Done => {
                self.times.remove(path);
                None
            }
            ToolOutcome::Denied => None,
        }
    }
}

impl Turn<'_> {
    /// Notes the outcome of a call, and adds to its result what helps with an edit that failed again.
    pub(super) async fn note_edit(&mut self, call: &ToolCall, outcome: ToolOutcome, result: &str) {
        self.count_edit(call, outcome, result);
        if call.name != "edit_file" {
            return;
        }
        let path = call.arguments.get("path").and_then(|path| path.as_str());
        let Some(path) = path.map(|path| path.trim().trim_start_matches("./").to_owned()) else {
            return;
        };
        match self.failed_edits.note(&path, outcome) {
            Some(NARROWED) => self.narrow(call).await,
            Some(times) if times >= ASKED => self.ask_about(&path, times).await,
            _ => {}
        }
    }

    /// Counts a call that changes a part of a file, unless another reason decided about it.
    fn count_edit(&self, call: &ToolCall, outcome: ToolOutcome, result: &str) {
        let has_worked = match outcome {
            ToolOutcome::Done => true,
            ToolOutcome::Failed if MISFITS.iter().any(|misfit| result.contains(misfit)) => false,
            ToolOutcome::Failed | ToolOutcome::Denied => return,
        };
        let offered = self.engine.context.edit_form();
        let form = match (call.name.as_str(), offered) {
            ("edit_file", _) if call.arguments.contains_key("first") => EditForm::Anchors,
            ("edit_file", _) if call.arguments.contains_key("search") => EditForm::Search,
            ("edit_file", EditForm::Anchors) => EditForm::Anchors,
            ("edit_file", _) => EditForm::Search,
            // A new file is no edit.
            ("write_file", EditForm::Whole) if !result.contains(" was created, ") => {
                EditForm::Whole
            }
            _ => return,
        };
        self.session.model.edited(form, has_worked);
    }

    /// Gives the lines that the edit is about.
    async fn narrow(&mut self, call: &ToolCall) {
        let Some(place) = edit_place(&self.engine.context, call).await else {
            return;
        };
        let lines = clipped_to(&place.lines, self.result_tokens());
        let how = match self.engine.context.edit_form() {
            EditForm::Anchors => {
                "Give the anchors of the first and the last line to replace, as they stand here."
            }
            EditForm::Search | EditForm::Whole => {
                "Copy `search` from these lines, without their numbers, as few as make it unique."
            }
        };
        let note = format!(
            "\n\n[The second edit failed. Change only {}:\n{lines}\nNext: one call of `edit_file`. \
             {how}]",
            place.name
        );
        self.pending_note.push_str(&note);
    }

    /// Asks the user what to do about a file.
    async fn ask_about(&mut self, path: &str, times: usize) {
        let mut answer = None;
        if times == ASKED && self.approver.can_ask() {
            let question = format!(
                "{times} edits of `{path}` have failed, because the model does not find the lines to \
                 change. What should it do?"
            );
            let options = [
                "Leave the file and go on".to_owned(),
                "Try once more".to_owned(),
                "Stop, and say what is left".to_owned(),
            ];
            let asking = self.approver.answer(&question, &options);
            answer = self.stop.run_until_cancelled(asking).await.flatten();
        }
        let note = match answer {
            Some(answer) => {
                format!("\n\n[The user was asked about these failed edits and says: {answer}]")
            }
            None => format!(
                "\n\n[{times} edits of this file have failed. Do not edit it again in this turn: go on \
                 with what is left, and say in your answer what was not changed.]"
            ),
        };
        self.pending_note.push_str(&note);
    }
}
