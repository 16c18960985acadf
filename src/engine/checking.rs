//! Checks of changes by the program: after edits and before an answer is accepted, the commands of the
//! project that fit what was changed are run, and new failures are fed back to the model.

mod files;
mod guard;
mod of_step;
mod plan;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::spawn_blocking;

use super::Engine;
use super::event::{CheckFact, Event, TurnEnd};
use super::step::StepReply;
use super::turn::Turn;
use crate::check::baseline::KnownRuns;
use crate::check::report::Against;
use crate::check::select::{Wanted, is_whole_run, select};
use crate::check::{CheckChoice, CheckCommand, CheckKind, CheckOutcome, CheckReport, CheckStep};
use crate::message::ToolCall;
use crate::model::budget::part;
use crate::permission::UserChecks;
use crate::session::{CHECK_ID_PREFIX, SessionId};
use crate::tools::Permitted;
use crate::visible::defang_chat_markers;
pub(super) use plan::CheckWish;
use plan::{arguments, has_failed, timed, unasked, why_left_out};

pub(super) use of_step::CheckedStep;

/// Most times that failures are fed back in a turn.
const MOST_ROUNDS: u32 = 3;
/// Longest time for the checks of a turn,
const LONGEST: Duration = Duration::from_secs(600);
/// and for those that the user wants.
const LONGEST_WANTED: Duration = Duration::from_secs(3600);
/// All tests run by themselves only if they took less the last time.
const QUICK: Duration = Duration::from_secs(60);
/// A check that runs by itself has this time, or so many times what it took the last time.
const FIRST_TRY: Duration = Duration::from_secs(120);
const TIMES: u32 = 3;
/// Percent of the window that failures may take.
const FED_BACK_PERCENT: u32 = 15;
/// At least so many tokens, where there is room.
const FEWEST_TOKENS: u32 = 120;
/// The tool that runs commands.
const TOOL: &str = "run_command";

/// How an engine checks changes.
#[derive(Clone, Debug, Default)]
pub struct CheckSetup {
    pub choice: CheckChoice,
    /// The user's own commands.
    pub own: UserChecks,
    /// File that remembers what failed before; one for each workspace. Empty: nothing is remembered.
    pub file: PathBuf,
}

/// What is known of checks as long as a session is open.
#[derive(Debug, Default)]
pub(super) struct SessionChecks {
    setup: CheckSetup,
    /// The session in which the user declined them.
    declined: Mutex<Option<SessionId>>,
    /// The session in which they ran before the first edit.
    has_baseline: Mutex<Option<SessionId>>,
}

impl SessionChecks {
    pub(super) fn is_declined(&self, session: &SessionId) -> bool {
        self.declined.lock().as_ref() == Some(session)
    }

    pub(super) fn decline(&self, session: &SessionId) {
        *self.declined.lock() = Some(session.clone());
    }

    /// Whether the first edit of a session is still to come, which is asked once.
    fn begins(&self, session: &SessionId) -> bool {
        let before = self.has_baseline.lock().replace(session.clone());
        before.as_ref() != Some(session)
    }
}

impl Engine {
    /// Sets how changes are checked; otherwise they are not.
    #[must_use]
    pub fn with_checks(mut self, setup: CheckSetup) -> Engine {
        self.checks.setup = setup;
        self
    }

    /// What the last turn broke is new again once it was undone.
    pub(super) fn forget_undone_failures(&self) {
        let file = &self.checks.setup.file;
        if file.as_os_str().is_empty() {
            return;
        }
        let mut known = KnownRuns::read(file);
        if known.forget_fresh()
            && let Err(error) = known.write(file)
        {
            tracing::warn!("cannot keep what failed in the checks: {error}");
        }
    }
}

/// Why checks run, which decides what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CheckConsent {
    /// By themselves, after the user was asked.
    Asked,
    /// By themselves, unasked where that is safe.
    Unasked,
    /// The user wants them now.
    Wanted,
}

/// What was checked in a turn so far.
#[derive(Debug, Default)]
pub(super) struct TurnChecks {
    /// The changed files that were checked last, each with its content.
    checked: Option<Vec<(String, Option<String>)>>,
    /// How often failures were fed back,
    rounds: u32,
    /// and which the last time.
    fed_back: BTreeSet<(String, String)>,
    /// What the checks took.
    spent: Duration,
    /// What was known before the turn.
    known: Option<KnownRuns>,
    /// What the user allowed for this turn.
    allowed: BTreeSet<String>,
    /// Number of the last call.
    number: usize,
    /// The changed files when failures were fed back first.
    before_fixing: Vec<(String, Option<String>)>,
    /// Whether the model was asked about weakened tests.
    has_asked_weakened: bool,
    /// Whether the user was told of them.
    has_told_weakened: bool,
    /// What came of the last check.
    pub report: Option<CheckReport>,
    pub step: Option<CheckedStep>,
}

impl TurnChecks {
    pub(super) fn allows(&self, covers: &str) -> bool {
        self.allowed.contains(covers)
    }

    pub(super) fn allow(&mut self, covers: impl Iterator<Item = String>) {
        self.allowed.extend(covers);
    }

    /// Whether the model is fixing what a check found.
    fn is_fixing(&self) -> bool {
        self.rounds > 0
    }

    fn time_left(&self) -> Duration {
        LONGEST.saturating_sub(self.spent)
    }
}

impl Turn<'_> {
    /// Checks the changes of the turn after an answer, and has the model fix new failures; whether it
    /// was asked to. `may_ask`: a step is left for it.
    pub(super) async fn feeds_back_checks(
        &mut self,
        reply: &StepReply,
        may_ask: bool,
    ) -> Result<bool, TurnEnd> {
        let is_off = self.engine.checks.setup.choice == CheckChoice::Off;
        if is_off || reply.is_cut || !self.may_change() {
            return Ok(false);
        }
        let report = self.check_changes().await?;
        let weakened = self.weakened_tests().await;
        let mut notes: Vec<String> = Vec::new();
        let mut reasons: Vec<String> = Vec::new();
        if let Some(report) = report.filter(|report| may_ask && !report.passed()) {
            let failing = report.failing();
            let is_same = self.checks.is_fixing() && failing == self.checks.fed_back;
            let may_go_on = self.checks.rounds < MOST_ROUNDS && !self.checks.time_left().is_zero();
            if may_go_on && !is_same {
                if self.checks.rounds == 0 {
                    self.checks.before_fixing = self.checks.checked.clone().unwrap_or_default();
                }
                self.checks.rounds += 1;
                self.checks.fed_back = failing;
                notes.push(report.for_model(self.tokens_for_failures()));
                let round = self.checks.rounds;
                reasons.push(format!(
                    "{}; the model is asked to fix it ({round} of {MOST_ROUNDS})",
                    report.summary()
                ));
            }
        }
        if may_ask && !weakened.is_empty() && !self.checks.has_asked_weakened {
            self.checks.has_asked_weakened = true;
            notes.push(guard::note(&weakened));
            reasons.push("tests were removed or weakened; the model is asked about it".to_owned());
        }
        if notes.is_empty() {
            self.tell_of_tests(&weakened).await;
            return Ok(false);
        }
        let why = reasons.join("; ");
        self.events.send(Event::AskedAgain { why }).await;
        self.add_engine_note(&defang_chat_markers(notes.join("\n").trim_end()))?;
        Ok(true)
    }

    /// Says that changes were not checked, where a turn ends before its answer is whole.
    pub(super) async fn tell_unchecked(&self, end: &TurnEnd) {
        let is_early = matches!(end, TurnEnd::StepLimit(_) | TurnEnd::Cut);
        if !is_early || self.engine.checks.setup.choice == CheckChoice::Off {
            return;
        }
        let files = self.changed_now();
        if !files.is_empty() && self.checks.checked.as_ref() != Some(&files) {
            let said =
                "the changes were not checked, since the turn ended before that; `/check` does";
            self.notice(said).await;
        }
    }

    /// Runs the checks that fit the files changed in this turn, unless they were checked as they are
    /// now; `None` if there is nothing to check.
    pub(super) async fn check_changes(&mut self) -> Result<Option<CheckReport>, TurnEnd> {
        let files = self.changed_now();
        if files.is_empty() {
            // What an earlier check said is about changes that were taken back.
            self.checks.report = None;
            return Ok(None);
        }
        if self.checks.checked.as_ref() == Some(&files) {
            return Ok(None);
        }
        let changed: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        self.checks.checked = Some(files);
        // What an earlier check said is about other contents.
        self.checks.report = None;
        let commands = self.fitting(&changed, false).await;
        if commands.is_empty() || self.has_run_itself(&commands) {
            return Ok(None);
        }
        let consent = match self.engine.checks.setup.choice {
            CheckChoice::Auto => CheckConsent::Unasked,
            CheckChoice::Ask | CheckChoice::Off => CheckConsent::Asked,
        };
        let report = self.run_checks(commands, &changed, consent).await?;
        // A formatter may have changed files: that is no edit of the model.
        self.checks.checked = Some(self.changed_now());
        Ok(Some(report))
    }

    /// Runs checks because the user wants them: those that fit what the session changed, or all.
    pub(super) async fn check_for_user(&mut self, all: bool) -> Result<CheckReport, TurnEnd> {
        let changed = self.engine.context.changes.lock().files();
        let all = all || changed.is_empty();
        let commands = self.fitting(&changed, all).await;
        self.run_checks(commands, &changed, CheckConsent::Wanted)
            .await
    }

    /// The commands that fit changed files, or all.
    async fn fitting(&self, changed: &[String], all: bool) -> Vec<CheckCommand> {
        let context = Arc::clone(&self.engine.context);
        let own = self.engine.checks.setup.own.clone();
        let changed = changed.to_vec();
        let selecting = spawn_blocking(move || {
            let facts = crate::survey::survey(&context.jail, &context.rules);
            let near = match all {
                true => Vec::new(),
                false => files::near(&context, &facts, &changed),
            };
            select(&Wanted {
                facts: &facts,
                own: &own,
                changed: &changed,
                near: &near,
                all,
            })
        });
        // That can only fail by a panic; then nothing is known to fit.
        selecting.await.unwrap_or_default()
    }

    /// Whether the model itself ran the tests successfully after its last edit.
    fn has_run_itself(&self, commands: &[CheckCommand]) -> bool {
        let all = commands
            .iter()
            .filter(|command| command.kind == CheckKind::AllTests);
        let is_single = all.clone().count() == 1;
        let mut all = all.peekable();
        let has_run = |command: &CheckCommand| {
            let alone = command.line.trim();
            let entered = format!("cd {} && {alone}", command.folder);
            self.answer_check.log.commands.iter().any(|run| {
                let is_here = match command.folder.as_str() {
                    "" => run.command == alone,
                    _ => run.command == entered || run.command == format!("cd ./{entered}"),
                };
                // `python3 -m unittest` in place of `python3 -m pytest` is no reason to run all again.
                let is_other = run.ends_as_tests && is_single && is_whole_run(&run.command);
                run.is_success && (is_here || is_other)
            })
        };
        all.peek().is_some() && all.all(has_run)
    }

    /// Runs checks, the quickest first.
    async fn run_checks(
        &mut self,
        commands: Vec<CheckCommand>,
        changed: &[String],
        consent: CheckConsent,
    ) -> Result<CheckReport, TurnEnd> {
        let file = self.engine.checks.setup.file.clone();
        let mut now = files::read_known(file.clone()).await;
        let before = self.checks.known.get_or_insert_with(|| now.clone()).clone();
        let is_by_itself = consent != CheckConsent::Wanted;
        let mut planned: Vec<(CheckCommand, Result<ToolCall, String>)> = Vec::new();
        for command in commands {
            let why = why_left_out(&command, &now).filter(|_| is_by_itself);
            let call = why.map_or_else(|| Ok(self.check_call(&command)), Err);
            planned.push((command, call));
        }
        // Nothing is asked about that will not run.
        let wishes = planned.iter().filter_map(|(command, call)| {
            let call = call.as_ref().ok()?.clone();
            Some(CheckWish::of(command, call))
        });
        let mut may = self.may_check(wishes.collect(), consent).await?.into_iter();
        let mut report = CheckReport::default();
        for (command, call) in planned {
            let limit = self.limit(&command, &now, is_by_itself);
            let allowed = call.and_then(|call| Ok((call, may.next().unwrap_or_else(unasked)?)));
            // Before the first edit, everything is to be known.
            let is_vain = is_by_itself && !changed.is_empty() && has_failed(&command, &report);
            let step = match allowed {
                Err(why) => CheckStep::not_run(command, why),
                Ok(_) if is_vain => CheckStep::not_run(command, "an earlier check failed"),
                Ok(_) if limit.is_zero() => {
                    CheckStep::not_run(command, "the time for checks is used up")
                }
                Ok((call, permitted)) => {
                    let whole = || before.of(&command.whole_key()?);
                    let known = before.of(&command.key()).or_else(whole).cloned();
                    let step = self.checks.step.as_ref();
                    let request = step.map_or(self.answer_check.request(), |step| &step.words);
                    let request = request.to_owned();
                    let against = Against {
                        before: known.as_ref(),
                        request: &request,
                        changed,
                        all_count: !is_by_itself,
                    };
                    let run = (&call, permitted, limit);
                    self.check_once_or_twice(command, run, &against, &mut now)
                        .await?
                }
            };
            report.steps.push(step);
        }
        files::write_known(now, file).await;
        self.note_tests(&report);
        self.checks.report = Some(report.clone());
        Ok(report)
    }

    /// Runs a check; if one test alone failed, once more.
    async fn check_once_or_twice(
        &mut self,
        command: CheckCommand,
        (call, permitted, limit): (&ToolCall, Permitted, Duration),
        against: &Against<'_>,
        now: &mut KnownRuns,
    ) -> Result<CheckStep, TurnEnd> {
        let key = command.key();
        let run = self.run_check_call(&timed(call, limit), permitted).await?;
        self.checks.spent += run.took;
        self.check_stopped()?;
        let mut step = CheckStep::of(command.clone(), &run, against);
        if run.is_timed_out {
            // Once a turn, however often it is checked.
            let of = |known: &KnownRuns| known.of(&key).map_or(0, |known| known.unfinished);
            if of(&*now) <= self.checks.known.as_ref().map_or(0, of) {
                now.note_unfinished(&key, limit);
            }
        }
        if run.is_unfinished {
            return Ok(step);
        }
        let [only] = step.own.as_slice() else {
            return Ok(self.noted(step, &key, against.before, now));
        };
        let is_single = command.kind.is_tests() && step.left_out == 0 && step.old.is_empty();
        let is_quick = run.took < QUICK && run.took < self.checks.time_left();
        if !is_single || !is_quick {
            return Ok(self.noted(step, &key, against.before, now));
        }
        let name = only.name.clone();
        let again = self.check_call(&command);
        let run = self
            .run_check_call(&timed(&again, limit), permitted)
            .await?;
        self.checks.spent += run.took;
        let second = CheckStep::of(command, &run, against);
        if second.outcome == CheckOutcome::Passed {
            step = CheckStep {
                outcome: CheckOutcome::Flaky(name),
                ..second
            };
        }
        Ok(self.noted(step, &key, against.before, now))
    }

    /// The longest time of a command.
    fn limit(&self, command: &CheckCommand, known: &KnownRuns, is_by_itself: bool) -> Duration {
        if !is_by_itself {
            return LONGEST_WANTED.saturating_sub(self.checks.spent);
        }
        let known = known.of(&command.key()).filter(|known| known.has_ended());
        let took = known.map_or(Duration::ZERO, |known| known.took());
        self.checks
            .time_left()
            .min(FIRST_TRY.max(took.saturating_mul(TIMES)))
    }

    fn check_call(&mut self, command: &CheckCommand) -> ToolCall {
        self.checks.number += 1;
        ToolCall {
            id: format!(
                "{CHECK_ID_PREFIX}{}_{}",
                self.session.turn, self.checks.number
            ),
            name: TOOL.to_owned(),
            arguments: arguments(&command.line, &command.folder),
        }
    }

    /// What was checked of the files as they are now.
    pub(super) fn check_facts(&self) -> Vec<CheckFact> {
        let Some(report) = &self.checks.report else {
            return Vec::new();
        };
        match self.has_checked_all() {
            true => report.steps.iter().map(CheckFact::from).collect(),
            false => Vec::new(),
        }
    }

    /// What the answer says of tests is compared with these runs as well.
    fn note_tests(&mut self, report: &CheckReport) {
        let tests = report
            .steps
            .iter()
            .filter(|step| step.command.kind.is_tests() && step.has_run());
        // The one that failed says more than one that passed.
        let failed = tests.clone().find(|step| step.is_failed());
        if let Some(step) = failed.or_else(|| tests.clone().next_back()) {
            let is_success = !step.is_failed();
            let ended = step.ended.clone();
            self.answer_check
                .log
                .note_check(&step.command.shown(), ended, is_success);
        }
    }

    /// Most tokens of failures that are fed back: nothing overflows in a small window.
    fn tokens_for_failures(&mut self) -> u32 {
        let window = self.window();
        let free = window.saturating_sub(self.used());
        part(window, FED_BACK_PERCENT)
            .min(free / 2)
            .max(FEWEST_TOKENS.min(free))
    }
}
