//! A call that the program itself makes for a job: judged like one of the model, but no message.

use std::time::{Duration, Instant};

use super::super::event::TurnEnd;
use super::super::turn::Turn;
use super::hooked::Called;
use super::outcome::MissingAccess;
use super::{CallResult, arguments_line, is_about_secrets};
use crate::message::ToolCall;
use crate::permission::{Mode, Permission};
use crate::session::Record;
use crate::tools::{Permitted, PreparedCall};

impl Turn<'_> {
    /// Runs a call of a job, unless it is denied; gives its result, whose text has no secrets.
    pub(in crate::engine) async fn run_job_call(
        &mut self,
        call: &ToolCall,
    ) -> Result<CallResult, TurnEnd> {
        let prepared = match self.prepare(call).await {
            Ok(prepared) => self.passes_hooks(call, prepared).await?,
            refused => refused,
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(outcome) => {
                self.start(call, &arguments_line(call)).await;
                return self.finish_job_call(call, outcome, Duration::ZERO).await;
            }
        };
        if prepared.effects.iter().any(is_about_secrets) {
            self.session.exclude_from_journal(&call.id);
        }
        let what = prepared.what.clone();
        let is_tried = self.judge(&prepared.effects) == Permission::ReadOnly;
        if !is_tried || self.is_granted(call, &prepared) {
            return self.run_permitted(call, prepared, false).await;
        }
        // As for the model: read-only first, and the user is asked only if that does not do.
        self.start(call, &what).await;
        let called = Called::of(call, &prepared);
        let begun = Instant::now();
        let tried = self.execute(prepared, Permitted::ReadOnly, &[]).await;
        if !matches!(tried.needs.as_deref(), Some(MissingAccess::Writing)) {
            let tried = self.after_call(&called, tried).await?;
            return self.finish_job_call(call, tried, begun.elapsed()).await;
        }
        if self.mode() == Mode::Plan {
            let denied = self.denied_writing(&tried);
            return self.finish_job_call(call, denied, begun.elapsed()).await;
        }
        match self.prepare(call).await {
            Ok(prepared) => self.run_permitted(call, prepared, true).await,
            Err(refused) => self.finish_job_call(call, refused, begun.elapsed()).await,
        }
    }

    /// Runs a prepared call if it is allowed, or the user allows it.
    async fn run_permitted(
        &mut self,
        call: &ToolCall,
        prepared: PreparedCall,
        has_started: bool,
    ) -> Result<CallResult, TurnEnd> {
        let what = prepared.what.clone();
        let allowed = self.allowed(call, prepared, "").await?;
        if allowed.is_ok() {
            self.record(Record::about_to_run(call))?;
        }
        if !has_started {
            let preview = allowed
                .as_ref()
                .map(|(prepared, _)| prepared.preview.clone());
            let preview = preview.unwrap_or_default();
            self.start_showing(call, &what, &preview).await;
        }
        let begun = Instant::now();
        let outcome = match allowed {
            Ok((prepared, permitted)) => self.run_to_end(call, prepared, permitted).await?,
            Err(refused) => refused,
        };
        self.finish_job_call(call, outcome, begun.elapsed()).await
    }

    /// A reason for asking about a call, with which of how many it is.
    pub(super) fn numbered(&self, reason: String) -> String {
        match (&self.number, reason.is_empty()) {
            (None, _) => reason,
            (Some(number), true) => number.clone(),
            (Some(number), false) => format!("{number}; {reason}"),
        }
    }

    /// Records the outcome of a call of a job.
    async fn finish_job_call(
        &mut self,
        call: &ToolCall,
        mut outcome: CallResult,
        took: Duration,
    ) -> Result<CallResult, TurnEnd> {
        self.hooks.recorded.clear();
        let note = std::mem::take(&mut self.pending_note);
        outcome.text.push_str(&note);
        let (outcome, _) = self.end_call(call, outcome, took).await?;
        match outcome.end {
            Some(end) => Err(*end),
            None => Ok(CallResult {
                end: None,
                ..outcome
            }),
        }
    }
}
