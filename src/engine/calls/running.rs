//! Runs a call that may run, and records how it ended.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::super::clip::clipped_to;
use super::super::event::{Event, TurnEnd};
use super::super::project_instructions::nested_instructions;
use super::super::turn::Turn;
use super::hooked::Called;
use super::{CallResult, shown_hidden};
use crate::message::ToolCall;
use crate::model::budget::part;
use crate::session::Record;
use crate::session::changes::ChangeRecord;
use crate::tools::{Permitted, PreparedCall, Recipient, RunningCall, ToolOutput};
use crate::visible::{defang_chat_markers, escape_hidden};

/// Time a tool has to end by itself after a stop.
const GRACE: Duration = Duration::from_secs(3);

impl Turn<'_> {
    /// Runs a call that may run to its end: with what it asks for on its way, and the hooks after it.
    ///
    /// The error ends the turn without a result: the journal could not be written.
    pub(super) async fn run_to_end(
        &mut self,
        call: &ToolCall,
        prepared: PreparedCall,
        permitted: Permitted,
    ) -> Result<CallResult, TurnEnd> {
        let called = Called::of(call, &prepared);
        let outcome = self.execute(prepared, permitted, &[]).await;
        let outcome = self.with_files(call, outcome).await?;
        self.after_call(&called, outcome).await
    }

    pub(super) async fn execute(
        &mut self,
        prepared: PreparedCall,
        permitted: Permitted,
        opened: &[String],
    ) -> CallResult {
        let running = RunningCall {
            context: &self.engine.context,
            approver: self.approver,
            stop: &self.stop,
            tokens: self.result_tokens(),
            permitted,
            opened,
            recipient: Recipient::MODEL,
        };
        let result = tokio::select! {
            biased;
            result = (prepared.run)(running) => result,
            () = after(&self.stop, GRACE) => return CallResult::stopped(),
        };
        match result {
            Ok(output) => self.done(output).await,
            Err(error) => CallResult::of_error(error),
        }
    }

    async fn done(&mut self, output: ToolOutput) -> CallResult {
        let sources = output.sources.clone();
        // What shows one file is about it, and so are the notes of its folder.
        if let Some(first) = sources.first()
            && sources.iter().all(|source| source.path == first.path)
        {
            let jail = &self.engine.context.jail;
            for memory in nested_instructions(jail, &first.path, &self.session.messages) {
                if let Some(notice) = self.engine.trust.announce(&memory) {
                    self.notice(notice).await;
                }
                self.pending_note.push_str(&memory.remark());
            }
        }
        self.add_sources(sources);
        CallResult::done(output)
    }

    /// Records the outcome of a call: changed files first, then its result.
    pub(super) async fn finish(
        &mut self,
        call: &ToolCall,
        mut outcome: CallResult,
        took: Duration,
    ) -> Result<(), TurnEnd> {
        let pictures = self.keep_pictures(std::mem::take(&mut outcome.images));
        outcome.text.push_str(pictures);
        self.note_edit(call, outcome.how, &outcome.text).await;
        let (fresh, written) = self.record_changes();
        let mut changed = std::mem::take(&mut self.hooks.recorded);
        changed.extend(fresh);
        let has_changed = !changed.is_empty();
        self.answer_check
            .log
            .note(call, outcome.how, &outcome.summary, &changed);
        self.engine.context.knowledge().end_call(call);
        self.progress.note(outcome.how, has_changed);
        let repetition = self
            .loop_detector
            .finish(call, &outcome.text, has_changed)
            .filter(|_| outcome.end.is_none());
        self.pending_note.extend(repetition);
        self.pending_note.push_str(&self.anchor);
        let pending_note = std::mem::take(&mut self.pending_note);
        // Before anything is cut: half a value would not be known as one.
        let said = [outcome.text, pending_note, outcome.summary, outcome.detail];
        let [text, pending_note, summary, detail] = self.redact_secret_values(said).await?;
        let text = format!(
            "{}{}",
            self.clip_result(&shown_hidden(text)),
            escape_hidden(&pending_note)
        );
        let text = defang_chat_markers(&text).into_owned();
        let added = self.add_result(call, &text, outcome.how);
        let finished = Event::ToolFinished {
            id: call.id.clone(),
            outcome: outcome.how,
            summary,
            detail,
            took,
        };
        self.events.send(finished).await;
        written.and(added)?;
        outcome.end.map_or(Ok(()), |end| Err(*end))
    }

    /// Writes what tools changed to the journal; gives the changes.
    pub(in crate::engine) fn record_changes(&mut self) -> (Vec<ChangeRecord>, Result<(), TurnEnd>) {
        let changed = self.engine.context.changes.lock().take_records();
        let records = changed.iter().cloned().map(Record::Changed).collect();
        let written = self.record_all(records);
        if !changed.is_empty() && written.is_ok() {
            self.engine.context.changes.lock().settle();
        }
        (changed, written)
    }

    /// Tools limit their own output; what is still too long is cut here.
    pub(super) fn clip_result(&self, text: &str) -> String {
        clipped_to(text, self.result_tokens()).into_owned()
    }

    /// Most tokens of a result.
    pub(in crate::engine) fn result_tokens(&self) -> u32 {
        part(self.window(), 25).max(400)
    }
}

/// Waits for a stop and then for `time`.
async fn after(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(time).await;
}
