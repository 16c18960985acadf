//! Commands that run read-only before the user is asked.

use std::time::{Duration, Instant};

use super::edited::edited_call;
use super::outcome::MissingAccess;
use super::{CallResult, Event, Turn, TurnEnd};
use crate::message::ToolCall;
use crate::permission::Mode;
use crate::session::Record;
use crate::tools::{Permitted, PreparedCall};

impl Turn<'_> {
    /// Runs a call read-only, without asking. If it fails because it needs to write, the user
    /// decides whether it runs again.
    pub(super) async fn run_read_only(
        &mut self,
        call: &ToolCall,
        prepared: PreparedCall,
    ) -> Result<(), TurnEnd> {
        self.start(call, &prepared.what).await;
        let begun = Instant::now();
        let tried = self.execute(prepared, Permitted::ReadOnly, &[]).await;
        let took = begun.elapsed();
        if !matches!(tried.needs.as_deref(), Some(MissingAccess::Writing)) {
            return self.finish(call, tried, took).await;
        }
        if self.mode() == Mode::Plan {
            let text = format!(
                "{}(this is plan mode: commands can only read)\n",
                tried.text
            );
            let denied = CallResult::denied(text, "denied: in plan mode, commands can only read");
            return self.finish(call, denied, took).await;
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
        let outcome = self.execute(prepared, permitted, &[]).await;
        let outcome = self.with_files(call, outcome).await?;
        self.finish(call, outcome, begun.elapsed()).await
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

    /// Whether the user has approved such a call for the session.
    pub(super) fn is_granted(&self, call: &ToolCall, prepared: &PreparedCall) -> bool {
        let covers = self.approval(call, prepared, String::new()).remember;
        covers.is_some_and(|covers| self.session.granted.contains(&covers))
    }

    /// The mode that calls are judged by. Plan mode is about the model, not about what the user runs.
    pub(super) fn mode(&self) -> Mode {
        match (self.plan, self.session.mode) {
            (true, _) | (_, Mode::Plan) if self.runs_for_user => Mode::Ask,
            (true, _) => Mode::Plan,
            (false, mode) => mode,
        }
    }
}
