//! `/task`: something larger, in steps. The plan is data ([`TaskPlan`]), each step is a turn of its
//! own with a small context of its own, and the user decides between the steps.
//!
//! In reading order: `planning` makes the plan, `deciding` asks the user about it, `stepping` runs a
//! step, `showing` tells of it and undoes it, `leaving` puts the conversation back. Everything that happens is a record of the session,
//! so that a task goes on after a restart.

mod deciding;
mod leaving;
mod planning;
mod showing;
mod stepping;

use super::{JobRun, failed};
use crate::check::CheckReport;
use crate::engine::event::{Event, Failure, FailureCode, TurnEnd};
use crate::engine::task::{PlanError, TaskPlan, plan_in};
use crate::engine::turn::Turn;
use crate::engine::user_message::{UserMessage, is_note};
use crate::message::Message;
use crate::session::{OpenTask, Record, Session, StepState};

use deciding::Decided;
use stepping::StepTry;

/// Words in front of a goal with which the steps are not asked about.
const AUTO_STEPS: &str = "--auto-steps";

/// What is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskOrder {
    /// What is to be done; `None`: go on with the task that is not finished; `stop`: end it.
    pub goal: Option<String>,
    /// Go from step to step without asking while checks pass.
    pub auto_steps: bool,
    /// Take the plan of the last answer, whatever task there is.
    pub takes_answer: bool,
}

impl TaskOrder {
    /// Carry out the last answer of the session, which is a plan.
    pub fn of_answer() -> TaskOrder {
        TaskOrder {
            takes_answer: true,
            ..TaskOrder::default()
        }
    }

    /// As it is typed behind `/task`.
    pub fn words(&self) -> String {
        let goal = self.goal.as_deref().unwrap_or_default();
        let auto = if self.auto_steps { AUTO_STEPS } else { "" };
        format!("{auto} {goal}").trim().to_owned()
    }

    /// Whether it is about a task that was begun before.
    pub fn is_about_earlier(&self) -> bool {
        self.goal.is_none() || self.is_stop()
    }

    fn is_stop(&self) -> bool {
        let goal = self.goal.as_deref().unwrap_or_default();
        goal.trim().eq_ignore_ascii_case("stop")
    }

    /// Reads what was typed behind `/task`.
    ///
    /// # Errors
    ///
    /// How it is used, if it cannot be understood.
    pub fn parse(argument: &str) -> Result<TaskOrder, &'static str> {
        let argument = argument.trim();
        let (auto_steps, goal) = match argument.strip_prefix(AUTO_STEPS) {
            Some(rest) if rest.is_empty() || rest.starts_with(char::is_whitespace) => (true, rest),
            _ => (false, argument),
        };
        if goal.trim_start().starts_with("--") {
            return Err("usage: /task [--auto-steps] [GOAL], or /task stop");
        }
        let goal = goal.trim();
        Ok(TaskOrder {
            goal: (!goal.is_empty()).then(|| goal.to_owned()),
            auto_steps,
            takes_answer: false,
        })
    }
}

/// Whether the last answer of a session is a plan that a task can carry out.
pub fn ends_with_plan(session: &Session) -> bool {
    last_answer(&session.messages).is_some_and(|answer| plan_in("", answer).is_ok())
}

/// A task that is being planned or carried out.
struct TaskRun<'j, 't, 'a> {
    job: &'j mut JobRun<'t, 'a>,
    auto_steps: bool,
    /// What the next question of the user is told, such as the findings of a review: the task may be
    /// about them.
    remarks: Vec<String>,
    /// Whether something was said already.
    has_said: bool,
    /// What the model said last in a step.
    last_words: String,
    /// What was checked of the step that ended last.
    last_checks: Option<CheckReport>,
}

pub(super) async fn run(job: &mut JobRun<'_, '_>, order: &TaskOrder) -> Result<(), TurnEnd> {
    // Remarks are for the next question of the user; those of a step that was broken off are not.
    let open = job.turn.session.task.as_ref();
    let is_broken_off = open.is_some_and(|open| !open.is_left);
    let remarks = std::mem::take(&mut job.turn.session.remarks);
    let done = TaskRun {
        job: &mut *job,
        remarks: remarks.clone(),
        auto_steps: order.auto_steps,
        has_said: false,
        last_words: String::new(),
        last_checks: None,
    }
    .run(order)
    .await;
    if !is_broken_off {
        job.turn.session.remarks.splice(0..0, remarks);
    }
    done
}

impl<'a> TaskRun<'_, '_, 'a> {
    async fn run(&mut self, order: &TaskOrder) -> Result<(), TurnEnd> {
        let goal = order.goal.as_deref().map(str::trim);
        let goal = goal.filter(|goal| !goal.is_empty());
        let is_stop = order.is_stop();
        let is_open = self.turn().session.task.is_some();
        match (goal, is_open) {
            (_, true) if is_stop => return self.stop_task().await,
            (_, false) if is_stop => return self.say("There is no task to stop.").await,
            (None, true) if order.takes_answer => {
                if !self.replaces_open_task().await? {
                    return Ok(());
                }
                self.take_last_plan().await?;
            }
            (None, true) => {}
            (None, false) => self.take_last_plan().await?,
            (Some(goal), false) => self.make_plan(goal).await?,
            (Some(goal), true) => {
                if !self.replaces_open_task().await? {
                    return Ok(());
                }
                self.make_plan(goal).await?;
            }
        }
        self.show_plan().await?;
        if !self.turn().may_change() {
            let words = match self.turn().read_only {
                true => "Agent mode is off, so nothing is changed. Turn it on",
                false => "Plan mode is on, so nothing is changed. Leave it",
            };
            let words = format!("{words}, then `/task` carries the plan out.");
            return self.say(&words).await;
        }
        let led = self.lead().await;
        // Whatever happened, the user's conversation comes back.
        let left = self.leave();
        led.and(left)
    }

    fn turn(&mut self) -> &mut Turn<'a> {
        self.job.turn
    }

    /// The task as the journal has it.
    fn open(&mut self) -> Result<&OpenTask, TurnEnd> {
        let open = self.job.turn.session.task.as_ref();
        open.ok_or_else(|| failed("the task is not in the session any more"))
    }

    fn plan(&mut self) -> Result<TaskPlan, TurnEnd> {
        self.open().map(TaskPlan::of)
    }

    fn record(&mut self, record: Record) -> Result<(), TurnEnd> {
        self.turn().record(record)
    }

    /// Shows Markdown below what was said before.
    async fn say(&mut self, markdown: &str) -> Result<(), TurnEnd> {
        let gap = if std::mem::replace(&mut self.has_said, true) {
            "\n\n"
        } else {
            ""
        };
        self.job.say(&format!("{gap}{}", markdown.trim_end())).await
    }

    /// Shows the whole plan.
    async fn show_plan(&mut self) -> Result<(), TurnEnd> {
        let plan = self.plan()?;
        self.say(&plan.markdown()).await?;
        self.send_plan().await
    }

    /// Tells programs of the plan as it is now.
    async fn send_plan(&mut self) -> Result<(), TurnEnd> {
        let plan = self.plan()?;
        self.turn().events.send(Event::Task(plan)).await;
        Ok(())
    }

    /// Takes the steps of a design that was drafted since the last answer, else those of that answer,
    /// if it was a plan.
    async fn take_last_plan(&mut self) -> Result<(), TurnEnd> {
        let draft = self.job.turn.session.draft.as_ref();
        if let Some(Ok(plan)) = draft.map(|draft| plan_in(&draft.goal, &draft.text)) {
            return self.record(plan.record());
        }
        let messages = &self.job.turn.session.messages;
        let last = last_answer(messages).map(str::to_owned);
        let task = messages.iter().rev().find_map(request_of);
        let task = task.unwrap_or_else(|| "the plan of the last answer".to_owned());
        match plan_in(&task, &last.unwrap_or_default()) {
            Ok(plan) => self.record(plan.record()),
            Err(PlanError::Count(0)) => {
                let why = "there is no task to go on with, and the last answer is no plan";
                Err(with_hint(
                    why,
                    "say what is to be done: `ollacode task 'GOAL'`, or `/task GOAL` in a chat",
                ))
            }
            Err(error) => {
                let why = format!("the last answer is no plan for a task: {error}");
                Err(with_hint(&why, "ask for another plan, or use `/task GOAL`"))
            }
        }
    }

    /// Asks what becomes of a task that is not finished; whether a new one may begin.
    async fn replaces_open_task(&mut self) -> Result<bool, TurnEnd> {
        const NEW: &str = "stop it and begin the new one";
        let plan = self.plan()?;
        self.show_plan().await?;
        let question = format!(
            "This task is not finished ({}). What now?",
            plan.state_line()
        );
        let options = [NEW, "keep it; /task goes on with it"];
        match self.job.choose(&question, &options).await? {
            Some(answer) if answer == NEW => {
                self.close("stopped")?;
                Ok(true)
            }
            Some(_) => Ok(false),
            None => Err(with_hint(
                "this session has a task that is not finished",
                "go on with it by `/task`, or end it by `/task stop`",
            )),
        }
    }

    async fn stop_task(&mut self) -> Result<(), TurnEnd> {
        let plan = self.plan()?;
        self.close("stopped")?;
        let state = plan.state_line();
        self.say(&format!(
            "The task is stopped: {state}. What its steps changed stays; `/undo` takes it back."
        ))
        .await
    }

    /// Carries the plan out from its first step that is not over.
    async fn lead(&mut self) -> Result<(), TurnEnd> {
        let mut is_agreed = false;
        let mut hint = String::new();
        loop {
            self.turn().check_stopped()?;
            let plan = self.plan()?;
            let Some(number) = plan.next() else {
                return self.finish().await;
            };
            let state = plan.step(number).map(|step| step.state);
            if !is_agreed {
                let decided = match state {
                    Some(StepState::Failed) if self.can_ask() => {
                        self.decide_after(number, Vec::new()).await?
                    }
                    _ => self.decide_before().await?,
                };
                match decided {
                    Decided::GoOn | Decided::Accepted => is_agreed = true,
                    Decided::Again(text) => (is_agreed, hint) = (true, text),
                    Decided::Changed => {}
                    Decided::Stop => return Ok(()),
                }
                // The plan may have changed.
                continue;
            }
            let attempt = StepTry {
                number,
                hint: std::mem::take(&mut hint),
                is_interrupted: matches!(state, Some(StepState::InProgress | StepState::Failed)),
            };
            let concerns = self.run_step(&attempt).await?;
            match self.decide_after(number, concerns).await? {
                Decided::GoOn | Decided::Accepted => {}
                Decided::Again(text) => hint = text,
                Decided::Changed => is_agreed = false,
                Decided::Stop => return Ok(()),
            }
        }
    }

    fn can_ask(&mut self) -> bool {
        self.turn().approver.can_ask()
    }

    /// All steps are over.
    async fn finish(&mut self) -> Result<(), TurnEnd> {
        let plan = self.plan()?;
        self.send_plan().await?;
        let done = plan
            .steps
            .iter()
            .filter(|step| step.state == StepState::Done);
        let mut lines: Vec<String> = done.map(|step| format!("- ✓ {}", step.text)).collect();
        let words = match lines.is_empty() {
            true => format!(
                "No step is left of the task, and none was done: {}",
                plan.task
            ),
            false => format!(
                "**The task is done** ({} tokens): {}",
                plan.tokens(),
                plan.task
            ),
        };
        lines.splice(0..0, [words, String::new()]);
        self.close("done")?;
        self.say(&lines.join("\n")).await
    }
}

/// What the model said last.
fn last_answer(messages: &[Message]) -> Option<&str> {
    messages.iter().rev().find_map(|message| match message {
        Message::Assistant { text, .. } if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    })
}

/// The request in a message of the user.
fn request_of(message: &Message) -> Option<String> {
    match message {
        Message::User { text, .. } if !is_note(text) => {
            Some(UserMessage::parse(text).task().to_owned())
        }
        _ => None,
    }
}

fn with_hint(why: &str, hint: &str) -> TurnEnd {
    TurnEnd::Failed(Failure::new(FailureCode::JobFailed, why).with_hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_is_typed() {
        for (typed, goal, auto_steps) in [
            ("", None, false),
            (" add a flag ", Some("add a flag"), false),
            ("--auto-steps add a flag", Some("add a flag"), true),
            ("--auto-steps", None, true),
            ("stop", Some("stop"), false),
        ] {
            let order = TaskOrder::parse(typed).expect(typed);
            assert_eq!(
                (order.goal.as_deref(), order.auto_steps),
                (goal, auto_steps)
            );
            assert_eq!(TaskOrder::parse(&order.words()), Ok(order));
        }
        for typed in ["--auto", "--auto-stepsx a"] {
            assert!(TaskOrder::parse(typed).is_err(), "{typed}");
        }
    }
}
