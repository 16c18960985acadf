//! Commands that the user runs. Typing one is its approval; the next question tells the model what
//! it printed.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::super::clip::first_line;
use super::super::event::TurnEnd;
use super::super::turn::Turn;
use super::LONGEST_LINE;
use super::effects::is_about_secrets;
use super::outcome::CallResult;
use crate::message::ToolCall;
use crate::permission::{Effect, Mode, Permission, permission};
use crate::session::{Record, USER_COMMAND_ID_PREFIX};
use crate::tools::{Permitted, PreparedCall};

/// What the model is told of output from a file with secrets.
const SECRET_OUTPUT: &str =
    "(the output is not shown: the command is about a file that can contain secrets)";
/// The tool that runs them.
const TOOL: &str = "run_command";

impl Turn<'_> {
    /// Runs a command of the user, and keeps it with its output for the next question.
    ///
    /// The error is one of the journal, or of the tool itself.
    pub(in crate::engine) async fn run_user_command(
        &mut self,
        command: &str,
    ) -> Result<(), TurnEnd> {
        let call = user_call(command);
        self.runs_for_user = true;
        // Before the first question it shares no turn.
        let turn = self.session.turn;
        self.engine.context.changes.lock().begin_turn(turn);
        let begun = Instant::now();
        let outcome = match self.may_run_for_user(&call).await? {
            Ok((prepared, permitted)) => {
                self.record(Record::about_to_run(&call))?;
                self.start(&call, &prepared.what).await;
                let outcome = self.execute(prepared, permitted, &[]).await;
                self.with_files(&call, outcome).await?
            }
            Err(refused) => {
                self.start(&call, &first_line(command, LONGEST_LINE)).await;
                refused
            }
        };
        self.finish_user_command(&call, command, outcome, begun.elapsed())
            .await
    }

    /// Whether the user's command may run: rules deny, and reading secrets is asked about, in plan
    /// mode, too. The rest is the user's own decision.
    async fn may_run_for_user(
        &mut self,
        call: &ToolCall,
    ) -> Result<Result<(PreparedCall, Permitted), CallResult>, TurnEnd> {
        let prepared = match self.prepare(call).await {
            Ok(prepared) => prepared,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some(why) = self.denied_by_rule(&prepared.effects) {
            let text = format!("Denied: {why}.");
            return Ok(Err(CallResult::denied(text, &format!("denied: {why}"))));
        }
        if prepared.effects.iter().any(is_about_secrets) {
            self.session.exclude_from_journal(&call.id);
            return self.allowed(call, prepared, "").await;
        }
        Ok(Ok((prepared, Permitted::Approved)))
    }

    fn denied_by_rule(&self, effects: &[Effect]) -> Option<String> {
        let confinement = self.engine.confinement();
        let rules = &self.engine.context.rules;
        effects.iter().find_map(|effect| {
            match permission(effect, Mode::AutoApprove, confinement, rules) {
                Permission::Deny(why) => Some(why),
                Permission::Allow | Permission::ReadOnly | Permission::Ask(_) => None,
            }
        })
    }

    /// Records what the command changed and printed. It is no message: a result without a call
    /// would not be understood.
    async fn finish_user_command(
        &mut self,
        call: &ToolCall,
        command: &str,
        outcome: CallResult,
        took: Duration,
    ) -> Result<(), TurnEnd> {
        let (outcome, _) = self.end_call(call, outcome, took).await?;
        let is_secret = self.session.is_excluded_from_journal(&call.id);
        let text = self.clip_result(&outcome.text);
        let told = if is_secret { SECRET_OUTPUT } else { &text };
        self.session.note_user_command(command, told);
        match outcome.end.map(|end| *end) {
            Some(TurnEnd::Failed(why)) => Err(TurnEnd::Failed(why)),
            _ => Ok(()),
        }
    }
}

fn user_call(command: &str) -> ToolCall {
    let mut arguments = Map::new();
    arguments.insert("command".to_owned(), Value::from(command));
    ToolCall {
        id: format!(
            "{USER_COMMAND_ID_PREFIX}{}",
            Timestamp::now().as_microsecond()
        ),
        name: TOOL.to_owned(),
        arguments,
    }
}
