//! Runs a step: a turn of its own, whose conversation has nothing in it but the step.

use super::TaskRun;
use super::showing::report;
use crate::check::CheckReport;
use crate::engine::Question;
use crate::engine::checking::CheckedStep;
use crate::engine::clip::first_line;
use crate::engine::event::{CommandRun, FailureCode, TurnEnd};
use crate::engine::task::{StepMessage, TaskPlan, anchor};
use crate::engine::turn::Turn;
use crate::engine::user_message::engine_note;
use crate::message::Message;
use crate::session::{ChangedFile, Record, StepState};

/// Most characters of what is kept of the answer of a step.
const LONGEST_SUMMARY: usize = 200;

/// What the model is asked after a step in which nothing was changed and nothing was run.
const WHAT_SHOWS_IT: &str = "\
Nothing was changed and no check passed in this step. What shows that it is done? If it is not done, do \
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
    /// Whether the turn changed a file.
    has_changed: bool,
    tokens: u64,
}

impl StepTurn {
    /// The same step in two turns, of which nothing was changed in the first one.
    fn after(self, first: StepTurn) -> StepTurn {
        let mut commands = self.commands;
        if !self.has_changed {
            commands.splice(0..0, first.commands);
        }
        StepTurn {
            commands,
            tokens: self.tokens.saturating_add(first.tokens),
            ..self
        }
    }

    /// Whether it shows by itself that it was worked on.
    fn has_worked(&self) -> bool {
        self.has_changed || self.has_checked() || self.commands.iter().any(|run| run.is_success)
    }

    /// Whether a check passed, of the model or of the program.
    fn has_checked(&self) -> bool {
        let mut runs = self.commands.iter();
        self.passed_checks() || runs.any(|run| run.is_success && run.ends_as_tests)
    }

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

    /// Why the step is not done, as far as its turn shows that.
    fn concerns(&self) -> Vec<String> {
        let mut concerns = Vec::new();
        match &self.end {
            TurnEnd::Answered | TurnEnd::Planned => {}
            TurnEnd::Cut => concerns.push("the answer was cut".to_owned()),
            TurnEnd::StepLimit(steps) => {
                concerns.push(format!("it reached the limit of {steps} replies"));
            }
            TurnEnd::Stuck(why) | TurnEnd::Failed(why) => concerns.push(why.to_string()),
            TurnEnd::Stopped => concerns.push("it was stopped".to_owned()),
        }
        if self.was_denied {
            concerns.push("a call was denied".to_owned());
        }
        let failing = self.checks.as_ref().filter(|report| !report.passed());
        if let Some(report) = failing {
            concerns.push(report.summary());
        } else if let Some(run) = self.failed_check()
            && !self.passed_checks()
        {
            concerns.push(format!("`{}` ended with {}", run.command, run.ended));
        }
        concerns
    }
}

impl TaskRun<'_, '_, '_> {
    /// Runs a step; gives what the user should decide about.
    pub(super) async fn run_step(&mut self, attempt: &StepTry) -> Result<Vec<String>, TurnEnd> {
        let number = attempt.number;
        let has_failed = self.has_failed(number)?;
        self.begin_step(number)?;
        self.set_aside()?;
        let plan = self.plan()?;
        let text = plan.step(number).map_or("", |step| step.text.as_str());
        let count = plan.steps.len();
        self.say(&format!("**▸ Step {number} of {count}**: {text}"))
            .await?;
        self.job.say("\n\n").await?;
        self.send_plan().await?;
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
        let is_shown = seen.has_checked() || !self.changed_by(number)?.is_empty();
        if seen.end == TurnEnd::Answered && !is_shown && !seen.was_denied {
            let why =
                format!("nothing shows that step {number} is done; the model is asked about it");
            self.job.notice(&why).await;
            let note = format!("{WHAT_SHOWS_IT}{}", anchor(&plan, number));
            let question = Question {
                text: engine_note(&note),
                without_search: true,
                ..Question::default()
            };
            self.begin_step(number)?;
            seen = self.ask(question, number, &plan).await?.after(seen);
        }
        self.end_step(number, has_failed, seen).await
    }

    /// Has a step corrected as the user says, in its own conversation.
    pub(super) async fn correct_step(
        &mut self,
        number: usize,
        wish: &str,
    ) -> Result<Vec<String>, TurnEnd> {
        // After a restart, or a step that was left, its conversation is gone; where the model never
        // replied, there is none.
        let messages = &self.turn().session.messages;
        let has_begun = messages
            .iter()
            .any(|message| matches!(message, Message::Assistant { .. }));
        if self.open()?.is_left || !has_begun {
            let attempt = StepTry {
                number,
                hint: wish.to_owned(),
                is_interrupted: true,
            };
            return self.run_step(&attempt).await;
        }
        let has_failed = self.has_failed(number)?;
        self.begin_step(number)?;
        self.send_plan().await?;
        let plan = self.plan()?;
        self.turn().session.remarks = vec![anchor(&plan, number).trim().to_owned()];
        let question = Question {
            text: wish.to_owned(),
            ..Question::default()
        };
        let seen = self.ask(question, number, &plan).await?;
        self.end_step(number, has_failed, seen).await
    }

    /// Whether an earlier try of a step failed, and what it did is still there.
    fn has_failed(&mut self, number: usize) -> Result<bool, TurnEnd> {
        let plan = self.plan()?;
        let step = plan.step(number);
        Ok(step.is_some_and(|step| step.state == StepState::Failed))
    }

    /// Records that the next turn works on a step.
    fn begin_step(&mut self, number: usize) -> Result<(), TurnEnd> {
        let turn = self.turn().session.turn + 1;
        self.record(Record::StepBegan { step: number, turn })
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
        // This turn is among them.
        let now = self.plan()?;
        let turns = now
            .step(number)
            .map_or_else(Vec::new, |step| step.turns.clone());
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
            let text = plan.step(number).map_or("", |step| step.text.as_str());
            turn.checks.step = Some(CheckedStep {
                words: format!("{}\n{text}", plan.task),
                turns,
            });
            let end = Box::pin(turn.run(&question)).await;
            // What passed before the last edit shows nothing; what failed was not mended.
            let is_current = turn.has_checked_all();
            let report = turn.checks.report.take();
            StepTurn {
                end,
                was_denied: turn.progress.was_denied(),
                commands: std::mem::take(&mut turn.answer_check.log.commands),
                checks: report.filter(|report| is_current || !report.passed()),
                has_changed: turn.answer_check.log.has_changed,
                tokens: turn.spent,
            }
        };
        self.has_said = true;
        self.last_words = last_words(&self.turn().session.messages).unwrap_or_default();
        match seen.end {
            TurnEnd::Stopped => Err(TurnEnd::Stopped),
            TurnEnd::Failed(why) if is_own(why.code) => Err(TurnEnd::Failed(why)),
            _ => Ok(seen),
        }
    }

    /// What the turns of a step changed.
    fn changed_by(&mut self, number: usize) -> Result<Vec<ChangedFile>, TurnEnd> {
        let plan = self.plan()?;
        let turns = plan
            .step(number)
            .map_or(&[][..], |step| step.turns.as_slice());
        let engine = self.job.turn.engine;
        let counts = engine.context.changes.lock().counts_of(turns);
        let changed = counts.into_iter().map(|file| ChangedFile {
            path: file.path,
            lines: file.lines,
        });
        Ok(changed.collect())
    }

    /// Records how a step ended and shows it; gives what the user should decide about.
    async fn end_step(
        &mut self,
        number: usize,
        has_failed: bool,
        seen: StepTurn,
    ) -> Result<Vec<String>, TurnEnd> {
        let plan = self.plan()?;
        let changed = self.changed_by(number)?;
        let names_files = plan.step(number).is_some_and(|step| !step.files.is_empty());
        let mut concerns = seen.concerns();
        if concerns.is_empty() && has_failed && !seen.has_worked() {
            concerns.push("it failed before, and nothing was changed or run since".to_owned());
        }
        if concerns.is_empty() && names_files && changed.is_empty() && !seen.has_worked() {
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
            changed,
            tokens: seen.tokens,
        })?;
        self.send_plan().await?;
        let report = report(&self.plan()?, number, seen.checks.as_ref(), &concerns);
        self.last_checks = seen.checks;
        self.say(&report).await?;
        Ok(concerns)
    }
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
