//! Runs a step: a turn of its own, whose conversation has nothing in it but the step.

use super::TaskRun;
use crate::check::CheckReport;
use crate::engine::clip::first_line;
use crate::engine::event::{CommandRun, FailureCode, TurnEnd};
use crate::engine::task::{StepMessage, TaskPlan, anchor};
use crate::engine::turn::{Turn, not_written};
use crate::engine::user_message::engine_note;
use crate::engine::{ChangeError, Question};
use crate::message::Message;
use crate::session::{ChangedFile, Record, StepState};

/// Most characters of what is kept of the answer of a step.
const LONGEST_SUMMARY: usize = 200;

/// What the model is asked after a step in which nothing was changed and nothing was run.
const WHAT_SHOWS_IT: &str = "\
Nothing was changed and no command ran in this step. What shows that it is done? If it is not done, do \
it now. If it is, run what shows it, or name the file and the lines.";

/// A try of a step.
#[derive(Debug)]
pub(super) struct StepTry {
    /// Its number, from 1.
    pub number: usize,
    /// What the user says about it.
    pub hint: String,
    /// Whether an earlier try may have left something.
    pub is_interrupted: bool,
}

/// What was seen of a turn of a step.
#[derive(Debug)]
struct StepTurn {
    end: TurnEnd,
    was_denied: bool,
    /// The commands that ran after the last change.
    commands: Vec<CommandRun>,
    /// What the program checked of the changes, if it did.
    checks: Option<CheckReport>,
}

impl StepTurn {
    /// The run of tests that failed last, if none passed after it.
    fn failed_check(&self) -> Option<&CommandRun> {
        let last = self.commands.iter().rev().find(|run| run.ends_as_tests);
        last.filter(|run| !run.is_success)
    }

    /// Whether the program's own checks ran and passed.
    fn passed_checks(&self) -> bool {
        let report = self.checks.as_ref();
        report.is_some_and(|report| report.has_run() && report.passed())
    }
}

impl TaskRun<'_, '_, '_> {
    /// Runs a step; gives what the user should decide about.
    pub(super) async fn run_step(&mut self, attempt: &StepTry) -> Result<Vec<String>, TurnEnd> {
        let number = attempt.number;
        let first = self.begin_step(number, attempt.is_interrupted)?;
        self.set_aside()?;
        self.send_plan().await?;
        let plan = self.plan()?;
        let message = StepMessage {
            plan: &plan,
            number,
            hint: &attempt.hint,
            is_interrupted: attempt.is_interrupted,
            window: self.turn().window(),
        };
        // What is left of the conversation before means nothing here.
        self.turn().session.remarks = vec![message.context()];
        let request = message.request();
        let question = Question {
            text: request,
            ..Question::default()
        };
        let mut seen = self.ask(question, number, &plan).await?;
        if seen.end == TurnEnd::Answered && !self.shows_work(&seen, first) && !seen.was_denied {
            let why =
                format!("nothing shows that step {number} is done; the model is asked about it");
            self.job.notice(&why).await;
            let question = Question {
                text: engine_note(WHAT_SHOWS_IT),
                without_search: true,
                ..Question::default()
            };
            seen = self.ask(question, number, &plan).await?;
        }
        self.end_step(number, first, seen).await
    }

    /// Has a step corrected as the user says, in its own conversation.
    pub(super) async fn correct_step(
        &mut self,
        number: usize,
        wish: &str,
    ) -> Result<Vec<String>, TurnEnd> {
        // After a restart, or a step that was left, its conversation is gone.
        if self.open()?.is_left {
            let attempt = StepTry {
                number,
                hint: wish.to_owned(),
                is_interrupted: true,
            };
            return self.run_step(&attempt).await;
        }
        let first = self.begin_step(number, true)?;
        self.send_plan().await?;
        let plan = self.plan()?;
        self.turn().session.remarks.clear();
        let question = Question {
            text: wish.to_owned(),
            ..Question::default()
        };
        let seen = self.ask(question, number, &plan).await?;
        self.end_step(number, first, seen).await
    }

    /// Undoes what a step changed, after which it has not begun; says why where that is not
    /// possible.
    pub(super) async fn undo_step(&mut self, number: usize) -> Result<bool, TurnEnd> {
        let mut plan = self.plan()?;
        let Some(step) = plan.steps.get_mut(number.saturating_sub(1)) else {
            return Ok(false);
        };
        let first = step.turn.max(1);
        let engine = self.job.turn.engine;
        let mut undone = Vec::new();
        loop {
            let last = engine.context.changes.lock().last_turn();
            if last.is_none_or(|last| last < first) {
                break;
            }
            match engine.undo(&mut *self.job.turn.session) {
                Ok(one) => undone.extend(one.paths()),
                Err(ChangeError::Journal(error)) => {
                    return Err(not_written(&error));
                }
                Err(error) => {
                    self.say(&format!("The step could not be undone: {error}."))
                        .await?;
                    return Ok(false);
                }
            }
        }
        step.state = StepState::Pending;
        step.summary.clear();
        step.changed.clear();
        self.record(plan.record())?;
        undone.sort();
        undone.dedup();
        let words = match undone.as_slice() {
            [] => format!("Step {number} had changed no file."),
            paths => format!("Undone: `{}`.", paths.join("`, `")),
        };
        self.say(&words).await?;
        Ok(true)
    }

    /// Records that a step begins; gives the first turn that works on it.
    fn begin_step(&mut self, number: usize, goes_on: bool) -> Result<u32, TurnEnd> {
        let known = self.plan()?.step(number).map_or(0, |step| step.turn);
        let next = self.turn().session.turn + 1;
        let turn = if goes_on && known > 0 { known } else { next };
        self.record(Record::StepBegan { step: number, turn })?;
        Ok(turn)
    }

    /// Sets the conversation aside: the step begins with the system message alone.
    fn set_aside(&mut self) -> Result<(), TurnEnd> {
        let messages = &mut self.turn().session.messages;
        let kept = usize::from(matches!(messages.first(), Some(Message::System { .. })));
        if messages.len() > kept {
            messages.truncate(kept);
            self.record(Record::compacted(&[]))?;
        }
        Ok(())
    }

    /// Asks the model as in a turn of the user.
    async fn ask(
        &mut self,
        question: Question,
        number: usize,
        plan: &TaskPlan,
    ) -> Result<StepTurn, TurnEnd> {
        let seen = {
            let lead = &mut *self.job.turn;
            let events = lead.events.clone();
            let mut turn = Turn::new(
                lead.engine,
                &mut *lead.session,
                lead.approver,
                events,
                false,
            );
            turn.read_only = lead.read_only;
            turn.anchor = anchor(plan, number);
            let end = Box::pin(turn.run(&question)).await;
            StepTurn {
                end,
                was_denied: turn.progress.was_denied(),
                commands: std::mem::take(&mut turn.answer_check.log.commands),
                checks: turn.checks.report.take(),
            }
        };
        self.has_said = true;
        if let Some(words) = last_words(&self.turn().session.messages) {
            self.last_words = words;
        }
        match seen.end {
            TurnEnd::Stopped => Err(TurnEnd::Stopped),
            TurnEnd::Failed(why) if is_own(why.code) => Err(TurnEnd::Failed(why)),
            _ => Ok(seen),
        }
    }

    /// Whether something in a step shows that it was worked on.
    fn shows_work(&mut self, seen: &StepTurn, first: u32) -> bool {
        let has_run = seen.commands.iter().any(|run| run.is_success);
        has_run || seen.passed_checks() || !self.changed_since(first).is_empty()
    }

    fn changed_since(&mut self, first: u32) -> Vec<ChangedFile> {
        let counts = self
            .turn()
            .engine
            .context
            .changes
            .lock()
            .counts_since(first);
        let changed = counts.into_iter().map(|file| ChangedFile {
            path: file.path,
            lines: file.lines,
        });
        changed.collect()
    }

    /// Records how a step ended and shows it; gives what the user should decide about.
    async fn end_step(
        &mut self,
        number: usize,
        first: u32,
        seen: StepTurn,
    ) -> Result<Vec<String>, TurnEnd> {
        let plan = self.plan()?;
        let changed = self.changed_since(first);
        let names_files = plan.step(number).is_some_and(|step| !step.files.is_empty());
        let mut concerns = Vec::new();
        match &seen.end {
            TurnEnd::Answered | TurnEnd::Planned => {}
            TurnEnd::Cut => concerns.push("the answer was cut".to_owned()),
            TurnEnd::StepLimit(steps) => {
                concerns.push(format!("it reached the limit of {steps} replies"));
            }
            TurnEnd::Stuck(why) | TurnEnd::Failed(why) => concerns.push(why.to_string()),
            TurnEnd::Stopped => concerns.push("it was stopped".to_owned()),
        }
        if seen.was_denied {
            concerns.push("a call was denied".to_owned());
        }
        let failing = seen.checks.as_ref().filter(|report| !report.passed());
        if let Some(report) = failing {
            concerns.push(report.summary());
        } else if let Some(run) = seen.failed_check()
            && !seen.passed_checks()
        {
            concerns.push(format!("`{}` ended with {}", run.command, run.ended));
        }
        if names_files && !self.shows_work(&seen, first) && concerns.is_empty() {
            concerns.push("nothing was changed and nothing was run".to_owned());
        }
        let outcome = if concerns.is_empty() {
            StepState::Done
        } else {
            StepState::Failed
        };
        let outside = plan.outside(&changed);
        if !outside.is_empty() {
            let files = outside.join("`, `");
            concerns.push(format!(
                "it changed `{files}`, which the plan does not name"
            ));
        }
        let said = first_line(&self.last_words, LONGEST_SUMMARY);
        let summary = match outcome {
            StepState::Done => said,
            _ => format!("{}. {said}", concerns.join("; ")),
        };
        self.record(Record::StepEnded {
            step: number,
            outcome,
            summary,
            changed: changed.clone(),
        })?;
        self.send_plan().await?;
        let report = report(&self.plan()?, number, &changed, &concerns);
        self.say(&report).await?;
        Ok(concerns)
    }
}

/// What is shown of a step that has ended.
fn report(plan: &TaskPlan, number: usize, changed: &[ChangedFile], concerns: &[String]) -> String {
    let state = plan
        .step(number)
        .map_or(StepState::Failed, |step| step.state);
    let ended = match state {
        StepState::Done => "is done",
        _ => "was not done",
    };
    let (sign, count) = (state.sign(), plan.steps.len());
    let mut lines = vec![format!(
        "**{sign} Step {number} of {count} {ended}** ({})",
        plan.state_line()
    )];
    if !changed.is_empty() || !concerns.is_empty() {
        lines.push(String::new());
    }
    lines.extend(changed.iter().map(|file| match file.lines {
        Some((added, removed)) => format!("- `{}` +{added} −{removed}", file.path),
        None => format!("- `{}`", file.path),
    }));
    lines.extend(concerns.iter().map(|concern| format!("- ⚠ {concern}")));
    lines.join("\n")
}

/// The last text of the model, if the conversation ends with it.
fn last_words(messages: &[Message]) -> Option<String> {
    match messages.last() {
        Some(Message::Assistant { text, .. }) if !text.trim().is_empty() => Some(text.clone()),
        _ => None,
    }
}

/// Whether a failure is no matter of the step: nothing can go on after it.
fn is_own(code: FailureCode) -> bool {
    matches!(
        code,
        FailureCode::SessionNotWritten | FailureCode::SecretsNotChecked
    )
}
