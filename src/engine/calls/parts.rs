//! Changes of which the user takes only parts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ollacode_secrets::redact;

use super::super::clip::clipped;
use super::effects::note_led_to;
use super::outcome::MissingAccess;
use super::{CallResult, Turn, TurnEnd, arguments_line};
use crate::edit::{FileEdit, hunk_diff, hunks};
use crate::message::ToolCall;
use crate::permission::{Permission, Preview};
use crate::session::Record;
use crate::tools::{Permitted, edit_parts};

/// Most characters of what was left out.
const LONGEST: usize = 2_000;

/// The change of a preview, if it is of one file that exists before and afterwards.
pub(super) fn only_edit(preview: &Preview) -> Option<FileEdit> {
    match preview {
        Preview::Edits(edits) => match &edits[..] {
            [edit] if edit.old.is_some() && edit.new.is_some() => Some(edit.clone()),
            _ => None,
        },
        Preview::None | Preview::Command(_) | Preview::Text(_) => None,
    }
}

/// The parts that the user took, if only those are to be made.
pub(super) fn taken_parts(refused: &CallResult) -> Option<&[usize]> {
    match refused.needs.as_deref() {
        Some(MissingAccess::Parts(taken)) => Some(taken),
        _ => None,
    }
}

impl Turn<'_> {
    /// Makes the parts of a change that the user took, which is their approval, and tells the model
    /// which were left out. Rules that deny hold.
    pub(super) async fn run_parts(
        &mut self,
        call: &ToolCall,
        edit: &FileEdit,
        taken: &[usize],
    ) -> Result<(), TurnEnd> {
        let context = Arc::clone(&self.engine.context);
        let prepared = match edit_parts(&context, edit, taken).await {
            Ok(mut prepared) => {
                note_led_to(&mut prepared.effects, &context.jail);
                match self.judge(&prepared.effects) {
                    Permission::Deny(why) => {
                        let text = format!("Denied: {why}. Do not try to get around this.");
                        Err(CallResult::denied(text, &format!("denied: {why}")))
                    }
                    _ => Ok(prepared),
                }
            }
            Err(error) => Err(CallResult::of_error(error)),
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(refused) => {
                self.start(call, &arguments_line(call)).await;
                return self.finish(call, refused, Duration::ZERO).await;
            }
        };
        self.pending_note.push_str(&left_out(edit, taken));
        self.record(Record::about_to_run(call))?;
        self.start_showing(call, &prepared.what, &prepared.preview)
            .await;
        let begun = Instant::now();
        let outcome = self.run_to_end(call, prepared, Permitted::Approved).await?;
        self.finish(call, outcome, begun.elapsed()).await
    }
}

/// What the model is told of the parts that were left out.
fn left_out(edit: &FileEdit, taken: &[usize]) -> String {
    let old = edit.old.as_deref().unwrap_or_default();
    let new = edit.new.as_deref().unwrap_or_default();
    let parts = hunks(old, new);
    let left_out = parts.iter().enumerate();
    let left_out = left_out.filter(|(number, _)| !taken.contains(number));
    let diff: String = left_out
        .map(|(_, part)| hunk_diff(old, new, part))
        .collect();
    let diff = redact(&diff).text;
    format!(
        "\n\n[The user took only parts of this change. These were left out, and the file does not \
         have them:\n{}\nDo not make them in another way.]",
        clipped(diff.trim_end(), LONGEST)
    )
}
