//! What the user decides about a plan: before its steps, and between them.

use super::{TaskRun, with_hint};
use crate::engine::event::TurnEnd;
use crate::engine::task::{PlanError, StepOrder, TaskPlan};
use crate::session::{Record, StepState};
use crate::text::fenced;

/// Most characters of a diff that is shown.
const LONGEST_DIFF: usize = 20_000;

const GO_ON: &str = "go on";
const REDO: &str = "redo";
const UNDO: &str = "undo this step";
const DIFF: &str = "show the diff";
const STOP: &str = "stop";

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decided {
    /// The next step.
    GoOn,
    /// The step that failed counts as done.
    Accepted,
    /// The same step once more, with what the user says about it.
    Again(String),
    /// The plan has changed, and is asked about again.
    Changed,
    /// Nothing for now.
    Stop,
}

impl TaskRun<'_, '_, '_> {
    /// Asks whether the plan is right, before its next step.
    pub(super) async fn decide_before(&mut self) -> Result<Decided, TurnEnd> {
        if !self.can_ask() {
            if self.auto_steps {
                return Ok(Decided::GoOn);
            }
            return Err(self.nobody_to_ask("the plan needs your consent"));
        }
        let question = "Carry out this plan? Or type `drop N`, `move N to M`, or what is to be \
                        different.";
        loop {
            let options = [GO_ON, STOP];
            let Some(answer) = self.job.choose(question, &options).await? else {
                return self.stopped().await;
            };
            let Some(order) = StepOrder::chosen(&answer, &options) else {
                continue;
            };
            match order {
                StepOrder::GoOn => return Ok(Decided::GoOn),
                StepOrder::Stop => return self.stopped().await,
                StepOrder::Change(wish) | StepOrder::Plan(wish) => self.changed_as(&wish).await?,
                StepOrder::Drop(number) => self.edited(|plan| plan.drop_step(number)).await?,
                StepOrder::Move(from, to) => self.edited(|plan| plan.move_step(from, to)).await?,
                StepOrder::Redo(_) | StepOrder::Undo | StepOrder::Diff => {
                    self.say("No step has just ended.").await?;
                }
            }
            if self.plan()?.next().is_none() {
                return Ok(Decided::Changed);
            }
        }
    }

    /// Asks what becomes of a step that has ended, unless all is well and the steps are not asked
    /// about.
    pub(super) async fn decide_after(
        &mut self,
        number: usize,
        mut concerns: Vec<String>,
    ) -> Result<Decided, TurnEnd> {
        loop {
            let state = self.plan()?.step(number).map(|step| step.state);
            let is_failed = state == Some(StepState::Failed);
            if self.auto_steps && concerns.is_empty() && !is_failed {
                return Ok(Decided::GoOn);
            }
            if !self.can_ask() {
                let why = concerns.join("; ");
                let what = format!("step {number} needs your decision ({why})");
                return Err(self.nobody_to_ask(&what));
            }
            let question = self.question_after(number, is_failed)?;
            let options = [GO_ON, REDO, UNDO, DIFF, STOP];
            let Some(answer) = self.job.choose(&question, &options).await? else {
                return self.stopped().await;
            };
            let Some(order) = StepOrder::chosen(&answer, &options) else {
                continue;
            };
            match order {
                StepOrder::GoOn if is_failed => {
                    self.accept(number).await?;
                    return Ok(Decided::Accepted);
                }
                StepOrder::GoOn => return Ok(Decided::GoOn),
                StepOrder::Stop => return self.stopped().await,
                StepOrder::Redo(hint) => {
                    if self.undo_step(number).await? {
                        return Ok(Decided::Again(hint));
                    }
                }
                StepOrder::Undo => {
                    if self.undo_step(number).await? {
                        self.show_plan().await?;
                        return Ok(Decided::Changed);
                    }
                }
                StepOrder::Diff => self.show_diff(number).await?,
                StepOrder::Drop(which) => self.edited(|plan| plan.drop_step(which)).await?,
                StepOrder::Move(from, to) => self.edited(|plan| plan.move_step(from, to)).await?,
                StepOrder::Plan(wish) => self.changed_as(&wish).await?,
                StepOrder::Change(wish) => concerns = self.correct_step(number, &wish).await?,
            }
        }
    }

    fn question_after(&mut self, number: usize, is_failed: bool) -> Result<String, TurnEnd> {
        let plan = self.plan()?;
        let ended = if is_failed { "was not done" } else { "is done" };
        let next = plan
            .steps
            .iter()
            .skip(number)
            .find(|step| !step.state.is_over());
        let go_on = match (is_failed, next) {
            (true, _) => "`go on` leaves it as it is".to_owned(),
            (false, Some(next)) => format!("Next: {}", next.text),
            (false, None) => "It was the last one: `go on` ends the task".to_owned(),
        };
        Ok(format!(
            "Step {number} of {} {ended}. {go_on}. Or type what is to be different in this step, \
             `plan: …` for the steps after it, `drop N`, `move N to M`.",
            plan.steps.len()
        ))
    }

    /// The user leaves the task for now.
    async fn stopped(&mut self) -> Result<Decided, TurnEnd> {
        self.say("The plan is kept: `/task` goes on with it, `/task stop` ends it.")
            .await?;
        Ok(Decided::Stop)
    }

    /// Nobody can be asked, and a decision is needed.
    fn nobody_to_ask(&mut self, what: &str) -> TurnEnd {
        let id = self.turn().session.id.clone();
        let hint = format!(
            "the plan is kept: go on at a terminal with `ollacode task --resume {id}`, or without \
             questions with `--auto-steps`"
        );
        with_hint(&format!("{what}, and nobody can be asked"), &hint)
    }

    /// Edits the plan, records and shows it; or says why that is not possible.
    async fn edited(
        &mut self,
        edit: impl FnOnce(&mut TaskPlan) -> Result<(), PlanError>,
    ) -> Result<(), TurnEnd> {
        let mut plan = self.plan()?;
        match edit(&mut plan) {
            Ok(()) => {
                self.record(plan.record())?;
                self.show_plan().await
            }
            Err(error) => self.say(&format!("That is not possible: {error}.")).await,
        }
    }

    /// Has the model change the plan; where it cannot, the plan stays.
    async fn changed_as(&mut self, wish: &str) -> Result<(), TurnEnd> {
        match self.change_plan(wish).await {
            Ok(()) => self.show_plan().await,
            Err(TurnEnd::Stopped) => Err(TurnEnd::Stopped),
            Err(TurnEnd::Failed(why)) => {
                self.say(&format!("The plan stays as it was: {why}.")).await
            }
            Err(end) => Err(end),
        }
    }

    /// A step that failed counts as done, because the user says so.
    async fn accept(&mut self, number: usize) -> Result<(), TurnEnd> {
        let plan = self.plan()?;
        let Some(step) = plan.step(number) else {
            return Ok(());
        };
        // The next steps have not to answer for what the user leaves.
        if let Some(report) = self.last_checks.take() {
            self.turn().accept_failures(&report).await;
        }
        self.record(Record::StepEnded {
            step: number,
            outcome: StepState::Done,
            summary: format!("left as it is by the user: {}", step.summary),
            changed: step.changed.clone(),
            tokens: 0,
        })
    }

    async fn show_diff(&mut self, number: usize) -> Result<(), TurnEnd> {
        let plan = self.plan()?;
        let turns = plan
            .step(number)
            .map_or(&[][..], |step| step.turns.as_slice());
        let diffs = self.turn().engine.context.changes.lock().diffs_of(turns);
        let mut text: String = diffs.into_iter().map(|diff| diff.text).collect();
        if text.is_empty() {
            return self.say("The step changed no file.").await;
        }
        if let Some((end, _)) = text.char_indices().nth(LONGEST_DIFF) {
            text.truncate(end);
            text.push_str("\n… the rest is left out; `/diff` shows all\n");
        }
        self.say(&fenced(&text, "diff")).await
    }
}
