//! Runs the hooks of an event: confined as commands are, in the journal, and what they change belongs to
//! the turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ollacode_secrets::redact;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use super::RepositoryTrust;
use crate::engine::clip::clipped;
use crate::engine::event::{Failure, FailureCode, ToolOutcome, TurnEnd};
use crate::engine::turn::Turn;
use crate::hooks::fit::{Fit, HookEvent};
use crate::hooks::input::{HookInput, HookSubject};
use crate::hooks::meaning::{HookEnd, Verdict, verdict};
use crate::message::ToolCall;
use crate::permission::command::risk;
use crate::permission::{CommandRisk, Effect, Hook, Mode, Permission, permission};
use crate::sandbox::{Exit, RunLimits};
use crate::session::changes::ChangeRecord;
use crate::session::{HOOK_ID_PREFIX, HOOK_TOOL, Record};
use crate::text::with_causes;
use crate::tools::{BeforeCommand, ToolContext, hook_access};
use crate::visible::escape_hidden;

/// Bytes that are kept of what a hook prints, and as many of its errors.
const KEPT: usize = 8 << 10;
/// Most characters of that in a sentence.
const MOST_SAID: usize = 2_000;

const TRUST_ENDED: &str = "it is of the repository, and not what was trusted any more; `ollacode hooks \
                           trust` shows what it is now, and a new session takes that up";

/// What came of the hooks of an event.
#[derive(Debug, Default)]
pub(in crate::engine) struct HookRuns {
    /// What they object, a sentence each, without secrets.
    pub objections: Vec<String>,
    /// What they changed in files; it is in the journal.
    pub changed: Vec<ChangeRecord>,
    /// Whether the user stopped the turn meanwhile.
    pub is_stopped: bool,
}

impl HookRuns {
    pub(in crate::engine) fn add(&mut self, others: HookRuns) {
        self.objections.extend(others.objections);
        self.changed.extend(others.changed);
        self.is_stopped |= others.is_stopped;
    }
}

/// A hook that fits.
struct PlannedHook<'a> {
    hook: &'a Hook,
    /// What it runs, or why it cannot.
    what: Result<HookPlan, String>,
}

struct HookPlan {
    lines: Vec<String>,
    files: Vec<String>,
    removed: Vec<String>,
}

impl<'a> Turn<'a> {
    /// Runs the hooks that fit an event, one after the other. At a point where they guard something, the
    /// first that objects is the last. Failures are shown to the user.
    ///
    /// # Errors
    ///
    /// The turn cannot go on: the journal cannot be written, or secrets cannot be looked for.
    pub(in crate::engine) async fn run_hooks(
        &mut self,
        event: &HookEvent,
        subject: HookSubject,
    ) -> Result<HookRuns, TurnEnd> {
        let planned = self.planned_hooks(event).await;
        if planned.is_empty() {
            return Ok(HookRuns::default());
        }
        let input = self.hook_input(event, subject).await?;
        let before = self.before_hooks(&planned).await?;
        let mut runs = HookRuns::default();
        for PlannedHook { hook, what } in planned {
            let verdicts = match what {
                Ok(plan) => self.run_hook(hook, plan, &input).await?,
                Err(why) => Some(vec![verdict(hook, &HookEnd::NotRun(why), "")]),
            };
            let Some(verdicts) = verdicts else {
                runs.is_stopped = true;
                break;
            };
            for verdict in verdicts {
                match verdict {
                    Verdict::GoesOn => {}
                    Verdict::Objects(said) => runs.objections.push(said),
                    Verdict::Failed(said) => self.notice(escape_hidden(&said).into_owned()).await,
                }
            }
            if event.on.guards() && !runs.objections.is_empty() {
                break;
            }
        }
        if let Some(before) = before {
            let compared = before.compared(&self.engine.context).await;
            compared.map_err(|error| crashed(&error.to_string()))?;
            let (changed, written) = self.record_changes();
            runs.changed = changed;
            written?;
        }
        Ok(runs)
    }

    /// The hooks that fit, the user's first.
    async fn planned_hooks(&mut self, event: &HookEvent) -> Vec<PlannedHook<'a>> {
        let setup = &self.engine.hooks.setup;
        let mut planned = fitting(&setup.own, event);
        let of_repository = fitting(&setup.repository, event);
        if of_repository.is_empty() {
            return planned;
        }
        match self.repository_trust().await {
            RepositoryTrust::Untrusted => {}
            RepositoryTrust::Trusted => planned.extend(of_repository),
            RepositoryTrust::Ended => {
                planned.extend(of_repository.into_iter().map(|one| PlannedHook {
                    what: Err(TRUST_ENDED.to_owned()),
                    ..one
                }));
            }
        }
        planned
    }

    /// What hooks are told of an event, without secrets.
    async fn hook_input(
        &self,
        event: &HookEvent,
        subject: HookSubject,
    ) -> Result<HookInput, TurnEnd> {
        let mode = match self.plan {
            true => Mode::Plan,
            false => self.session.mode,
        };
        let input = HookInput {
            session: self.session.id.to_string(),
            turn: self.session.turn,
            mode: mode.name(),
            what: subject,
            ..HookInput::default()
        };
        let input = input.about(event);
        let context = Arc::clone(&self.engine.context);
        let cleaning = spawn_blocking(move || {
            let values = context.jail.secret_values();
            let clean = |text: &str| values.hide_all(&redact(text).text).into_owned();
            input.cleaned(&clean)
        });
        // If that fails, nothing is passed on.
        cleaning.await.map_err(|error| {
            let message = format!("could not check for secrets: {error}");
            TurnEnd::Failed(Failure::new(FailureCode::SecretsNotChecked, message))
        })
    }

    /// The workspace before hooks that may change it.
    async fn before_hooks(
        &self,
        planned: &[PlannedHook<'_>],
    ) -> Result<Option<BeforeCommand>, TurnEnd> {
        let plans = planned
            .iter()
            .filter_map(|planned| planned.what.as_ref().ok());
        let mut lines = plans.flat_map(|plan| &plan.lines);
        let Some(line) = lines.find(|line| risk(line) != CommandRisk::KnownSafe) else {
            return Ok(None);
        };
        let before = BeforeCommand::of(line, &self.engine.context).await;
        before.map_err(|error| crashed(&error.to_string()))
    }

    /// Runs the lines of a hook, all within its time; `None` if the user stopped it.
    async fn run_hook(
        &mut self,
        hook: &Hook,
        plan: HookPlan,
        input: &HookInput,
    ) -> Result<Option<Vec<Verdict>>, TurnEnd> {
        let input = input.for_files(plan.files, plan.removed).line();
        let input = input.map_err(|error| crashed(&error.to_string()))?;
        let deadline = Instant::now() + hook.timeout;
        let mut verdicts = Vec::new();
        for line in plan.lines {
            let left = deadline.saturating_duration_since(Instant::now());
            let ran = match left.is_zero() {
                true => Some((HookEnd::TimedOut, String::new())),
                false => self.run_line(hook, &line, input.clone(), left).await?,
            };
            let Some((end, said)) = ran else {
                return Ok(None);
            };
            let found = verdict(hook, &end, &said);
            let is_over = end == HookEnd::TimedOut
                || (hook.on.guards() && matches!(found, Verdict::Objects(_)));
            verdicts.push(found);
            if is_over {
                break;
            }
        }
        Ok(Some(verdicts))
    }

    /// Runs a line of a hook; gives how it ended, and what it wrote to its errors. `None` if the user
    /// stopped it.
    async fn run_line(
        &mut self,
        hook: &Hook,
        line: &str,
        input: Vec<u8>,
        left: Duration,
    ) -> Result<Option<(HookEnd, String)>, TurnEnd> {
        let context = Arc::clone(&self.engine.context);
        let access = match denied(&context, line) {
            Some(why) => Err(why),
            None => hook_access(line, &context)
                .await
                .map_err(|error| error.to_string()),
        };
        let access = match access {
            Ok(access) => access,
            Err(why) => return Ok(Some((HookEnd::NotRun(why), String::new()))),
        };
        let call = hook_call(hook, line);
        self.record(Record::about_to_run(&call))?;
        let limits = RunLimits {
            timeout: left,
            output: KEPT,
        };
        let sandbox = &context.sandbox;
        let ran = sandbox
            .run_with_input(line, &access, &limits, input, &self.stop)
            .await;
        let (end, said) = match ran {
            Err(error) => (Some(HookEnd::NotRun(with_causes(&error))), String::new()),
            Ok(output) => {
                let end = match output.exit {
                    Exit::Code(code) => Some(HookEnd::Code(code)),
                    Exit::Signal(signal) => Some(HookEnd::Signal(signal)),
                    Exit::TimedOut => Some(HookEnd::TimedOut),
                    Exit::Stopped => None,
                };
                (end, output.stderr.text)
            }
        };
        let said = redact(&said).text.into_owned();
        let [said] = self.redact_secret_values([said]).await?;
        let said = clipped(said.trim_end(), MOST_SAID).into_owned();
        let outcome = match end {
            Some(HookEnd::Code(0)) => ToolOutcome::Done,
            _ => ToolOutcome::Failed,
        };
        let ended = ended(end.as_ref(), hook);
        self.record(Record::ran(&call, &format!("{ended}\n{said}"), outcome))?;
        Ok(end.map(|end| (end, said)))
    }
}

fn fitting<'a>(hooks: &'a [Hook], event: &HookEvent) -> Vec<PlannedHook<'a>> {
    let planned = hooks.iter().filter_map(|hook| {
        let what = match event.fit(hook) {
            Fit::No => return None,
            Fit::Runs {
                lines,
                files,
                removed,
            } => Ok(HookPlan {
                lines,
                files,
                removed,
            }),
            Fit::TooMany(count) => {
                Err(format!("there are {count} files for it, which is too many"))
            }
        };
        Some(PlannedHook { hook, what })
    });
    planned.collect()
}

/// The rule that denies a line, in whatever mode.
fn denied(context: &ToolContext, line: &str) -> Option<String> {
    let effect = Effect::Command {
        text: line.to_owned(),
        risk: risk(line),
        network: context.sandbox.opens_network(),
        tool: None,
    };
    let confinement = context.sandbox.confinement();
    match permission(&effect, Mode::AutoApprove, confinement, &context.rules) {
        Permission::Deny(why) => Some(why),
        Permission::Allow | Permission::ReadOnly | Permission::Ask(_) => None,
    }
}

/// A line of a hook, as the journal has it.
fn hook_call(hook: &Hook, line: &str) -> ToolCall {
    let mut arguments = Map::new();
    arguments.insert("on".to_owned(), Value::from(hook.on.name()));
    arguments.insert("command".to_owned(), Value::from(line));
    ToolCall {
        id: format!("{HOOK_ID_PREFIX}{}", Timestamp::now().as_nanosecond()),
        name: HOOK_TOOL.to_owned(),
        arguments,
    }
}

/// How a line ended, for the journal.
fn ended(end: Option<&HookEnd>, hook: &Hook) -> String {
    match end {
        None => "stopped by the user".to_owned(),
        Some(HookEnd::Code(code)) => format!("exit code {code}"),
        Some(HookEnd::Signal(signal)) => format!("killed by signal {signal}"),
        Some(HookEnd::TimedOut) => format!("killed after {} s", hook.timeout.as_secs()),
        Some(HookEnd::NotRun(why)) => format!("did not run: {why}"),
    }
}

fn crashed(why: &str) -> TurnEnd {
    TurnEnd::Failed(Failure::new(FailureCode::ToolFailed, why))
}
