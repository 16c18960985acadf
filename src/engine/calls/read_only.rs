//! Commands that run read-only before the user is asked.

use std::time::{Duration, Instant};

use super::edited::edited_call;
use super::hooked::Called;
use super::outcome::MissingAccess;
use super::{CallResult, Event, Turn, TurnEnd};
use crate::message::ToolCall;
use crate::permission::{Mode, PLAN_MODE};
use crate::session::Record;
use crate::tools::{Permitted, PreparedCall};

/// Why calls may only read, where that is not plan mode.
const AGENT_MODE_OFF: &str = "agent mode is off";

impl Turn<'_> {
    /// Runs a call read-only, without asking. If it fails because it needs to write, the user
    /// decides whether it runs again.
    pub(super) async fn run_read_only(
        &mut self,
        call: &ToolCall,
        prepared: PreparedCall,
    ) -> Result<(), TurnEnd> {
        self.start(call, &prepared.what).await;
        let called = Called::of(call, &prepared);
        let begun = Instant::now();
        let tried = self.execute(prepared, Permitted::ReadOnly, &[]).await;
        let took = begun.elapsed();
        if !matches!(tried.needs.as_deref(), Some(MissingAccess::Writing)) {
            let tried = self.after_call(&called, tried).await?;
            return self.finish(call, tried, took).await;
        }
        if self.mode() == Mode::Plan {
            return self.finish(call, self.denied_writing(&tried), took).await;
        }
        let allowed = match self.prepare(call).await {
            Ok(prepared) => self.allowed(call, prepared, "").await?,
            Err(refused) => Err(refused),
        };
        let (prepared, permitted) = match allowed {
            Ok(allowed) => allowed,
            Err(refused) => {
                let Some(edited) = edited_call(call, &refused) else {
                    return self.finish(call, refused, took).await;
                };
                self.end_tried(call, refused, took).await;
                return self.run_edited(edited).await;
            }
        };
        self.record(Record::about_to_run(call))?;
        let begun = Instant::now();
        let outcome = self.run_to_end(call, prepared, permitted).await?;
        self.finish(call, outcome, begun.elapsed()).await
    }

    /// What becomes of a command that tried to write where calls may only read.
    pub(super) fn denied_writing(&self, tried: &CallResult) -> CallResult {
        let why = self.why_read_only();
        let text = format!("{}({why}: commands can only read)\n", tried.text);
        let summary = match self.plan {
            true => "denied: in plan mode, commands can only read",
            false => "denied: agent mode is off, and commands can only read",
        };
        CallResult::denied(text, summary)
    }

    /// Shows the end of a call that has no result: it runs again, as the user changed it.
    async fn end_tried(&self, call: &ToolCall, refused: CallResult, took: Duration) {
        let finished = Event::ToolFinished {
            id: call.id.clone(),
            outcome: refused.how,
            summary: refused.summary,
            detail: String::new(),
            took,
        };
        self.events.send(finished).await;
    }

    /// Whether the user has approved such a call for the session; that does not hold where calls may
    /// only read.
    pub(super) fn is_granted(&self, call: &ToolCall, prepared: &PreparedCall) -> bool {
        if self.mode() == Mode::Plan {
            return false;
        }
        let covers = self.approval(call, prepared, String::new()).remember;
        covers.is_some_and(|covers| self.session.granted.contains(&covers))
    }

    /// The mode that calls are judged by. Plan mode is about the model, not about what the user runs.
    pub(super) fn mode(&self) -> Mode {
        match (self.may_change(), self.session.mode) {
            (false, _) | (_, Mode::Plan) if self.runs_for_user => Mode::Ask,
            (false, _) => Mode::Plan,
            (true, mode) => mode,
        }
    }

    /// Whether calls may change something.
    pub(in crate::engine) fn may_change(&self) -> bool {
        !self.plan && !self.read_only
    }

    /// Why calls may only read.
    pub(super) fn why_read_only(&self) -> &'static str {
        if self.plan { PLAN_MODE } else { AGENT_MODE_OFF }
    }
}
