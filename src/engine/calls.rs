//! Runs tool calls: each is checked, prepared, judged, approved if needed, run, and has exactly one
//! result.

mod about;
mod check_call;
mod edited;
mod effects;
mod files;
mod hooked;
mod job_call;
mod outcome;
mod parts;
mod read_only;
mod running;
mod start;
mod user_command;

use std::time::{Duration, Instant};

use super::clip::first_line;
use super::event::{Event, Failure, FailureCode, TurnEnd};
use super::loop_detector::{LoopVerdict, canonical};
use super::step::StepReply;
use super::turn::Turn;
use crate::message::ToolCall;
use crate::model::repair::check;
use crate::permission::{
    ApprovalRequest, Confinement, Decision, Effect, PLAN_MODE, Permission, permission,
};
use crate::session::{JOB_ID_PREFIX, Record, USER_COMMAND_ID_PREFIX};
use crate::tools::{Permitted, PreparedCall, ToolError};
use crate::visible::escape_hidden;
use about::{about, shown_hidden, title};
pub(in crate::engine) use check_call::MayCheck;
use edited::edited_call;
use effects::{alternative_for, covered, is_about_secrets, note_led_to};
pub(in crate::engine) use outcome::CallResult;
use parts::{only_edit, taken_parts};

/// Longest line about a call in a user interface, in characters.
const LONGEST_LINE: usize = 120;

/// Why a call may run.
enum CallApproval {
    /// No approval is needed.
    Unasked,
    /// Approved earlier for the whole session.
    Granted,
    /// The user approved it.
    Given {
        /// Hash of the request that was approved.
        hash: String,
    },
}

impl Turn<'_> {
    /// Runs the calls of a reply in order until one ends the turn. The remaining calls do not run;
    /// their results say so when the turn is closed.
    pub(super) async fn run_calls(&mut self, reply: StepReply) -> Result<(), TurnEnd> {
        let StepReply { calls, wrong, .. } = reply;
        self.engine
            .context
            .knowledge()
            .refresh(&self.session.messages);
        self.loop_detector.begin_step();
        for call in calls {
            self.check_stopped()?;
            if self.calls_left == 0 {
                return Err(TurnEnd::StepLimit(self.engine.options.max_steps));
            }
            self.calls_left -= 1;
            self.run_call(&call, wrong.get(&call.id)).await?;
        }
        self.add_pictures()?;
        self.check_stopped()
    }

    /// Runs a call, unless it is already known to be invalid.
    async fn run_call(&mut self, call: &ToolCall, wrong: Option<&String>) -> Result<(), TurnEnd> {
        if let LoopVerdict::Stop(times) = self.loop_detector.note(call) {
            let why = format!("the model made the same call {times} times in one turn");
            let message = format!("{why}: `{}`", call.name);
            let failure = Failure::new(FailureCode::LoopDetected, message);
            let outcome = CallResult {
                end: Some(Box::new(TurnEnd::Stuck(failure))),
                ..CallResult::failed(format!("not run: {why}"))
            };
            self.start(call, &arguments_line(call)).await;
            return self.finish(call, outcome, Duration::ZERO).await;
        }
        self.run_uncounted(call, wrong).await
    }

    /// Runs a call that is not counted as a repetition.
    async fn run_uncounted(
        &mut self,
        call: &ToolCall,
        wrong: Option<&String>,
    ) -> Result<(), TurnEnd> {
        let prepared = match wrong {
            Some(why) => Err(CallResult::of_error(ToolError::TellModel(why.clone()))),
            None => self.prepare(call).await,
        };
        let prepared = match prepared {
            Ok(prepared) => self.passes_hooks(call, prepared).await?,
            refused => refused,
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(outcome) => {
                self.start(call, &arguments_line(call)).await;
                return self.finish(call, outcome, Duration::ZERO).await;
            }
        };
        self.take_baseline(&prepared.effects).await?;
        if prepared.effects.iter().any(is_about_secrets) {
            self.session.exclude_from_journal(&call.id);
        }
        self.answer_check.log.announce(call, &prepared.effects);
        let is_tried = self.judge(&prepared.effects) == Permission::ReadOnly;
        if is_tried && !self.is_granted(call, &prepared) {
            return self.run_read_only(call, prepared).await;
        }
        let what = prepared.what.clone();
        let form = self.engine.context.edit_form();
        let instead = alternative_for(&prepared.effects, form);
        let edit = only_edit(&prepared.preview);
        let (prepared, permitted) = match self.allowed(call, prepared, "").await? {
            Ok(allowed) => allowed,
            Err(mut refused) => {
                if let Some(edited) = edited_call(call, &refused) {
                    return self.run_edited(edited).await;
                }
                if let (Some(taken), Some(edit)) = (taken_parts(&refused), edit) {
                    return self.run_parts(call, &edit, taken).await;
                }
                refused.text.push_str(&instead);
                self.start(call, &what).await;
                return self.finish(call, refused, Duration::ZERO).await;
            }
        };
        self.record(Record::about_to_run(call))?;
        self.start_showing(call, &what, &prepared.preview).await;
        let begun = Instant::now();
        let outcome = self.run_to_end(call, prepared, permitted).await?;
        self.finish(call, outcome, begun.elapsed()).await
    }

    /// Parses a call and works out what it would do.
    async fn prepare(&self, call: &ToolCall) -> Result<PreparedCall, CallResult> {
        let checked = check(call.clone(), &self.tools)
            .map_err(|error| CallResult::of_error(ToolError::TellModel(error.to_string())))?;
        let engine = self.engine;
        let Some(tool) = engine.toolbox.get(&checked.name) else {
            let text = format!("there is no tool `{}`", checked.name);
            return Err(CallResult::of_error(ToolError::TellModel(text)));
        };
        let preparing = tool.prepare(&checked, &engine.context);
        match self.stop.run_until_cancelled(preparing).await {
            Some(prepared) => {
                let mut prepared = prepared.map_err(CallResult::of_error)?;
                note_led_to(&mut prepared.effects, &engine.context.jail);
                Ok(prepared)
            }
            None => Err(CallResult::stopped()),
        }
    }

    /// Returns a call that may run. After an approval the call is prepared again, because files may
    /// have changed meanwhile, and runs only if it still does what was approved.
    ///
    /// `after` is put before the reason if the user is asked a second time.
    ///
    /// The outer error ends the turn without a result: the journal could not be written.
    async fn allowed(
        &mut self,
        call: &ToolCall,
        prepared: PreparedCall,
        after: &str,
    ) -> Result<Result<(PreparedCall, Permitted), CallResult>, TurnEnd> {
        let hash = match self.allow(call, &prepared, after).await? {
            Ok(CallApproval::Unasked) => return Ok(Ok((prepared, Permitted::Unasked))),
            Ok(CallApproval::Granted) => return Ok(Ok((prepared, Permitted::Approved))),
            Ok(CallApproval::Given { hash }) => hash,
            Err(refused) => return Ok(Err(refused)),
        };
        let again = match self.prepare(call).await {
            Ok(again) => again,
            Err(refused) => return Ok(Err(refused)),
        };
        let is_denied = matches!(self.judge(&again.effects), Permission::Deny(_));
        if is_denied || self.hash(call, &again) != hash {
            let text = "not run: what this call would do has changed while the user was asked. \
                        Read the files again, then repeat the call.";
            return Ok(Err(CallResult::failed(text.to_owned())));
        }
        Ok(Ok((again, Permitted::Approved)))
    }

    /// Finds out whether a call may run, and asks the user where that is needed.
    ///
    /// The outer error ends the turn without a result: the journal could not be written.
    async fn allow(
        &mut self,
        call: &ToolCall,
        prepared: &PreparedCall,
        after: &str,
    ) -> Result<Result<CallApproval, CallResult>, TurnEnd> {
        let reason = match self.judge(&prepared.effects) {
            Permission::Allow => return Ok(Ok(CallApproval::Unasked)),
            Permission::ReadOnly => "it ran read-only and failed; it may need to write".to_owned(),
            Permission::Deny(why) => {
                let text = format!("Denied: {why}. Do not try to get around this.");
                return Ok(Err(CallResult::denied(text, &format!("denied: {why}"))));
            }
            Permission::Ask(reason) => format!("{after}{reason}"),
        };
        let reason = self.numbered(reason);
        let request = ApprovalRequest {
            // What ran already is not proposed, what the user typed is theirs, and a job goes on with
            // all of a change.
            can_edit: after.is_empty() && !is_ours(&call.id) && !effects::is_own_tool(prepared),
            ..self.approval(call, prepared, reason)
        };
        if self.is_granted(call, prepared) {
            return Ok(Ok(CallApproval::Granted));
        }
        if !self.approver.can_ask() {
            let text = "Denied: the user must approve this, and nobody can be asked. Continue \
                        without it, or say in your answer what is left to do.";
            let summary = "denied: it needs approval, and nobody can be asked";
            return Ok(Err(CallResult::denied(text.to_owned(), summary)));
        }
        self.record(Record::Asked {
            call_id: call.id.clone(),
            title: request.title.clone(),
            hash: request.hash.clone(),
        })?;
        let asked = self
            .stop
            .run_until_cancelled(self.approver.decide(&request));
        let Some(decision) = asked.await else {
            return Ok(Err(CallResult::stopped()));
        };
        self.record(Record::decided(call, &decision))?;
        let decided = self.decided(decision, request.remember);
        Ok(decided.map(|()| CallApproval::Given { hash: request.hash }))
    }

    fn decided(&mut self, decision: Decision, covers: Option<String>) -> Result<(), CallResult> {
        match decision {
            Decision::Once => Ok(()),
            Decision::Session => {
                self.session.granted.extend(covers);
                Ok(())
            }
            Decision::ReplaceCommand(command) => Err(CallResult::edited(command)),
            Decision::Parts(taken) => Err(CallResult::parts(taken)),
            Decision::Deny(Some(reason)) if !reason.trim().is_empty() => {
                let reason = reason.trim();
                let text = format!("The user denied this call and said: {reason}");
                Err(CallResult::denied(text, &format!("denied: {reason}")))
            }
            Decision::Deny(_) => {
                let text = "The user denied this call. Do not try to do the same in another way. \
                            Continue without it, or ask the user what to do instead.";
                Err(CallResult::denied(text.to_owned(), "denied by the user"))
            }
        }
    }

    /// The strictest permission among the effects.
    fn judge(&self, effects: &[Effect]) -> Permission {
        let mode = self.mode();
        let confinement = self.engine.context.sandbox.confinement();
        let rules = &self.engine.context.rules;
        let mut reasons: Option<Vec<String>> = None;
        let mut least = Permission::Allow;
        for effect in effects {
            match self.guarded(effect, permission(effect, mode, confinement, rules)) {
                Permission::Allow => {}
                Permission::ReadOnly => least = Permission::ReadOnly,
                // The user did not choose plan mode, if agent mode is off.
                Permission::Deny(why) => {
                    return Permission::Deny(why.replace(PLAN_MODE, self.why_read_only()));
                }
                Permission::Ask(reason) => {
                    let reasons = reasons.get_or_insert_default();
                    if !reason.is_empty() && !reasons.contains(&reason) {
                        reasons.push(reason);
                    }
                }
            }
        }
        reasons.map_or(least, |reasons| Permission::Ask(reasons.join("; ")))
    }

    /// The approval request. Its hash covers everything that the approval is about.
    fn approval(
        &self,
        call: &ToolCall,
        prepared: &PreparedCall,
        reason: String,
    ) -> ApprovalRequest {
        // What runs later, what is secret, and what a rule asks about, is asked each time. So is
        // each command that is not confined: what it runs may have changed.
        let rules = &self.engine.context.rules;
        let is_confined = self.engine.confinement() == Confinement::Full;
        let lasting = !prepared.effects.iter().any(|effect| {
            let is_exception = matches!(
                effect,
                Effect::ReadSecret { .. }
                    | Effect::Loss { .. }
                    | Effect::GitRisk { .. }
                    | Effect::Write {
                        runs_later: Some(_),
                        ..
                    }
            );
            let is_loose = matches!(effect, Effect::Command { .. }) && !is_confined;
            is_exception || is_loose || rules.asks(effect) || self.is_guarded(effect)
        });
        ApprovalRequest {
            call_id: call.id.clone(),
            tool: call.name.clone(),
            title: title(call, prepared),
            preview: prepared.preview.clone(),
            files: prepared.effects.iter().filter_map(Effect::file).collect(),
            reason,
            can_edit: true,
            remember: covered(prepared).filter(|_| lasting),
            hash: self.hash(call, prepared),
        }
    }

    fn hash(&self, call: &ToolCall, prepared: &PreparedCall) -> String {
        let root = self
            .engine
            .context
            .jail
            .root()
            .to_string_lossy()
            .into_owned();
        let preview = prepared.preview.text();
        let call = canonical(call);
        let pieces: [&str; 4] = [&call, &root, &prepared.what, &preview];
        let mut hasher = blake3::Hasher::new();
        for piece in pieces {
            hasher.update(&piece.len().to_le_bytes());
            hasher.update(piece.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Whether a call is not one of the model.
fn is_ours(id: &str) -> bool {
    [USER_COMMAND_ID_PREFIX, JOB_ID_PREFIX]
        .iter()
        .any(|prefix| id.starts_with(prefix))
}

/// What an unprepared call is about, in a line.
fn arguments_line(call: &ToolCall) -> String {
    escape_hidden(&first_line(&about(&call.arguments), LONGEST_LINE)).into_owned()
}
