//! Runs tool calls: each is checked, prepared, judged, approved if needed, run, and has exactly one
//! result.

mod effects;
mod files;
mod outcome;
mod read_only;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::clip::{clipped_to, first_line};
use super::event::{Event, Failure, FailureCode, TurnEnd};
use super::guard::{Repetition, canonical};
use super::memory::nearer;
use super::step::Reply;
use super::turn::Turn;
use crate::message::ToolCall;
use crate::model::budget::part;
use crate::model::repair::check;
use crate::permission::{
    ApprovalRequest, Confinement, Decision, Effect, Permission, Preview, permission,
};
use crate::session::Record;
use crate::tools::{Permitted, Prepared, Running, ToolError, ToolOutput};
use crate::visible::{neutral, visible};
use effects::{covered, instead, is_about_secrets, is_external, note_led_to};
use outcome::Outcome;

/// Time a tool has to end by itself after a stop.
const GRACE: Duration = Duration::from_secs(3);

/// Longest line about a call in a user interface, in characters.
const LONGEST_LINE: usize = 120;

/// Why a call may run.
enum Leave {
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
    pub(super) async fn run_calls(&mut self, reply: Reply) -> Result<(), TurnEnd> {
        let Reply { calls, wrong, .. } = reply;
        self.engine
            .context
            .knowledge()
            .refresh(&self.session.messages);
        for call in calls {
            self.go_on()?;
            if self.calls_left == 0 {
                return Err(TurnEnd::StepLimit(self.engine.options.max_steps));
            }
            self.calls_left -= 1;
            self.run_call(&call, wrong.get(&call.id)).await?;
        }
        self.go_on()
    }

    /// Runs a call, unless it is already known to be invalid.
    async fn run_call(&mut self, call: &ToolCall, wrong: Option<&String>) -> Result<(), TurnEnd> {
        let repetition = self.guard.note(call);
        if let Repetition::Stop(times) = repetition {
            let why = format!("the model made the same call {times} times in a row");
            let message = format!("{why}: `{}`", call.name);
            let failure = Failure::new(FailureCode::LoopDetected, message);
            let outcome = Outcome {
                end: Some(Box::new(TurnEnd::Stuck(failure))),
                ..Outcome::failed(format!("not run: {why}"))
            };
            self.start(call, &arguments_line(call)).await;
            return self.finish(call, outcome, Duration::ZERO).await;
        }
        if let Repetition::Warn(times) = repetition {
            self.behind.push_str(&format!(
                "\n\n[You made this call {times} times in a row. Its result does not change. Do \
                 something else, or answer.]"
            ));
        }
        let prepared = match wrong {
            Some(why) => Err(Outcome::of_error(ToolError::TellModel(why.clone()))),
            None => self.prepare(call).await,
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(outcome) => {
                self.start(call, &arguments_line(call)).await;
                return self.finish(call, outcome, Duration::ZERO).await;
            }
        };
        if prepared.effects.iter().any(is_about_secrets) {
            self.session.keep_out(&call.id);
        }
        let is_tried = self.judge(&prepared.effects) == Permission::ReadOnly;
        if is_tried && !self.is_granted(call, &prepared) {
            return self.run_read_only(call, prepared).await;
        }
        let what = prepared.what.clone();
        let instead = instead(&prepared.effects);
        let (prepared, permitted) = match self.allowed(call, prepared, "").await? {
            Ok(allowed) => allowed,
            Err(mut refused) => {
                refused.text.push_str(&instead);
                self.start(call, &what).await;
                return self.finish(call, refused, Duration::ZERO).await;
            }
        };
        self.record(Record::about_to_run(call))?;
        self.start(call, &what).await;
        let begun = Instant::now();
        let outcome = self.execute(prepared, permitted, &[]).await;
        let outcome = self.with_files(call, outcome).await?;
        self.finish(call, outcome, begun.elapsed()).await
    }

    /// Parses a call and works out what it would do.
    async fn prepare(&self, call: &ToolCall) -> Result<Prepared, Outcome> {
        let checked = check(call.clone(), &self.tools)
            .map_err(|error| Outcome::of_error(ToolError::TellModel(error.to_string())))?;
        let engine = self.engine;
        let Some(tool) = engine.toolbox.get(&checked.name) else {
            let text = format!("there is no tool `{}`", checked.name);
            return Err(Outcome::of_error(ToolError::TellModel(text)));
        };
        let preparing = tool.prepare(&checked, &engine.context);
        match self.stop.run_until_cancelled(preparing).await {
            Some(prepared) => {
                let mut prepared = prepared.map_err(Outcome::of_error)?;
                note_led_to(&mut prepared.effects, &engine.context.jail);
                Ok(prepared)
            }
            None => Err(Outcome::stopped()),
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
        prepared: Prepared,
        after: &str,
    ) -> Result<Result<(Prepared, Permitted), Outcome>, TurnEnd> {
        let hash = match self.allow(call, &prepared, after).await? {
            Ok(Leave::Unasked) => return Ok(Ok((prepared, Permitted::Unasked))),
            Ok(Leave::Granted) => return Ok(Ok((prepared, Permitted::Approved))),
            Ok(Leave::Given { hash }) => hash,
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
            return Ok(Err(Outcome::failed(text.to_owned())));
        }
        Ok(Ok((again, Permitted::Approved)))
    }

    /// Finds out whether a call may run, and asks the user where that is needed.
    ///
    /// The outer error ends the turn without a result: the journal could not be written.
    async fn allow(
        &mut self,
        call: &ToolCall,
        prepared: &Prepared,
        after: &str,
    ) -> Result<Result<Leave, Outcome>, TurnEnd> {
        let reason = match self.judge(&prepared.effects) {
            Permission::Allow => return Ok(Ok(Leave::Unasked)),
            Permission::ReadOnly => {
                "it ran read-only and failed, because it needs to write".to_owned()
            }
            Permission::Deny(why) => {
                let text = format!("Denied: {why}. Do not try to get around this.");
                return Ok(Err(Outcome::denied(text, &format!("denied: {why}"))));
            }
            Permission::Ask(reason) => format!("{after}{reason}"),
        };
        let request = self.approval(call, prepared, reason);
        if self.is_granted(call, prepared) {
            return Ok(Ok(Leave::Granted));
        }
        if !self.approver.is_there() {
            let text = "Denied: the user must approve this, and nobody can be asked. Continue \
                        without it, or say in your answer what is left to do.";
            let summary = "denied: it needs approval, and nobody can be asked";
            return Ok(Err(Outcome::denied(text.to_owned(), summary)));
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
            return Ok(Err(Outcome::stopped()));
        };
        self.record(Record::decided(call, &decision))?;
        let decided = self.decided(decision, request.remember);
        Ok(decided.map(|()| Leave::Given { hash: request.hash }))
    }

    fn decided(&mut self, decision: Decision, covers: Option<String>) -> Result<(), Outcome> {
        match decision {
            Decision::Once => Ok(()),
            Decision::Session => {
                self.session.granted.extend(covers);
                Ok(())
            }
            Decision::Deny(Some(reason)) if !reason.trim().is_empty() => {
                let reason = reason.trim();
                let text = format!("The user denied this call and said: {reason}");
                Err(Outcome::denied(text, &format!("denied: {reason}")))
            }
            Decision::Deny(_) => {
                let text = "The user denied this call. Do not try to do the same in another way. \
                            Continue without it, or ask the user what to do instead.";
                Err(Outcome::denied(text.to_owned(), "denied by the user"))
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
            match permission(effect, mode, confinement, rules) {
                Permission::Allow => {}
                Permission::ReadOnly => least = Permission::ReadOnly,
                Permission::Deny(why) => return Permission::Deny(why),
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
    fn approval(&self, call: &ToolCall, prepared: &Prepared, reason: String) -> ApprovalRequest {
        let title = match &prepared.preview {
            _ if prepared.effects.iter().any(is_external) => {
                format!("call {}", visible(&prepared.what))
            }
            Preview::Command(_) => "run a command".to_owned(),
            Preview::Edits(_) | Preview::None => {
                let verb = call.name.split('_').next().unwrap_or(&call.name);
                format!("{verb} {}", visible(&prepared.what))
            }
        };
        // What runs later, what is secret, and what a rule asks about, is asked each time. So is
        // each command that is not confined: what it runs may have changed.
        let rules = &self.engine.context.rules;
        let is_confined = self.engine.confinement() == Confinement::Full;
        let lasting = !prepared.effects.iter().any(|effect| {
            let is_exception = matches!(
                effect,
                Effect::ReadSecret { .. }
                    | Effect::Loss { .. }
                    | Effect::Write {
                        runs_later: Some(_),
                        ..
                    }
            );
            let is_loose = matches!(effect, Effect::Command { .. }) && !is_confined;
            is_exception || is_loose || rules.asks(effect)
        });
        ApprovalRequest {
            call_id: call.id.clone(),
            tool: call.name.clone(),
            title,
            preview: prepared.preview.clone(),
            files: prepared.effects.iter().filter_map(Effect::file).collect(),
            reason,
            remember: covered(prepared).filter(|_| lasting),
            hash: self.hash(call, prepared),
        }
    }

    fn hash(&self, call: &ToolCall, prepared: &Prepared) -> String {
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

    async fn execute(
        &mut self,
        prepared: Prepared,
        permitted: Permitted,
        opened: &[String],
    ) -> Outcome {
        let running = Running {
            context: &self.engine.context,
            approver: self.approver,
            stop: &self.stop,
            tokens: self.result_tokens(),
            permitted,
            opened,
        };
        let result = tokio::select! {
            biased;
            result = (prepared.run)(running) => result,
            () = after(&self.stop, GRACE) => return Outcome::stopped(),
        };
        match result {
            Ok(output) => self.done(output).await,
            Err(error) => Outcome::of_error(error),
        }
    }

    async fn done(&mut self, output: ToolOutput) -> Outcome {
        let sources = output.sources.clone();
        // What shows one file is about it, and so are the notes of its folder.
        if let Some(first) = sources.first()
            && sources.iter().all(|source| source.path == first.path)
        {
            let jail = &self.engine.context.jail;
            for memory in nearer(jail, &first.path, &self.session.messages) {
                if let Some(notice) = self.engine.trust.announce(&memory) {
                    self.notice(notice).await;
                }
                self.behind.push_str(&memory.remark());
            }
        }
        self.add_sources(sources);
        Outcome::done(output)
    }

    async fn start(&self, call: &ToolCall, what: &str) {
        let started = Event::ToolStarted {
            id: call.id.clone(),
            tool: call.name.clone(),
            what: what.to_owned(),
        };
        self.events.send(started).await;
    }

    /// Records the outcome of a call: changed files first, then its result.
    async fn finish(
        &mut self,
        call: &ToolCall,
        outcome: Outcome,
        took: Duration,
    ) -> Result<(), TurnEnd> {
        let changed = self.engine.context.changes.lock().take_records();
        let has_changed = !changed.is_empty();
        let changed = changed.into_iter().map(Record::Changed).collect();
        let written = self.record_all(changed);
        if has_changed && written.is_ok() {
            self.engine.context.changes.lock().settle();
        }
        self.engine.context.knowledge().end_call(call);
        let behind = std::mem::take(&mut self.behind);
        // Before anything is cut: half a value would not be known as one.
        let said = [outcome.text, behind, outcome.summary, outcome.detail];
        let [text, behind, summary, detail] = self.without_secret_values(said).await?;
        let text = format!("{}{}", self.cut(&shown_hidden(text)), visible(&behind));
        let text = neutral(&text).into_owned();
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

    /// Tools limit their own output; what is still too long is cut here.
    fn cut(&self, text: &str) -> String {
        clipped_to(text, self.result_tokens()).into_owned()
    }

    /// Most tokens of a result.
    fn result_tokens(&self) -> u32 {
        part(self.window(), 25).max(400)
    }
}

/// Escapes hidden characters and adds a note if there were any.
fn shown_hidden(text: String) -> String {
    match visible(&text) {
        Cow::Owned(shown) => format!(
            "{shown}\n(hidden characters are shown as escapes such as `\\u{{202e}}`; they can \
             disguise what a text says)\n"
        ),
        Cow::Borrowed(_) => text,
    }
}

/// Waits for a stop and then for `time`.
async fn after(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(time).await;
}

/// The arguments of an unprepared call, in a line.
fn arguments_line(call: &ToolCall) -> String {
    let arguments = serde_json::to_string(&call.arguments).unwrap_or_default();
    visible(&first_line(&arguments, LONGEST_LINE)).into_owned()
}
