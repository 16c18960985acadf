//! A second look at an answer: what it claims is compared with what the turn did. The model is
//! asked about a difference once; what remains is marked for the user.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::citations::{CheckedCitations, check_citations};
use super::claims::claims;
use super::plan_steps::{PlanStep, plan_steps, says_go, untouched};
use super::script::other_script;
use super::shown_places::ShownPlaces;
use super::test_runs::can_run_tests;
use super::turn_facts::{Doubt, TurnFacts, TurnLog, UntouchedStep};
use crate::engine::Question;
use crate::engine::clip::first_line;
use crate::engine::event::{Event, FailureCode, TurnEnd};
use crate::engine::prompt::notes_in;
use crate::engine::step::StepReply;
use crate::engine::turn::Turn;
use crate::engine::user_message::UserMessage;
use crate::message::Message;
use crate::session::Session;
use crate::session::changes::FileCount;
use crate::visible::defang_chat_markers;

/// What an answer is checked against before its turn ends.
#[derive(Debug, Default)]
pub(in crate::engine) struct SecondLook {
    pub log: TurnLog,
    /// The steps of the plan that the turn carries out.
    plan: Vec<PlanStep>,
    /// The user's own words.
    request: String,
    /// Whether the model was asked about a claim, and about its script.
    has_asked_proof: bool,
    has_asked_script: bool,
    /// What the last answer claims against the facts.
    doubts: Vec<Doubt>,
    /// The last answer after which the model was asked again.
    earlier: Option<EarlierAnswer>,
}

/// An answer after which the model was asked again.
#[derive(Debug)]
struct EarlierAnswer {
    reply: StepReply,
    /// Whether it stopped too early; see `nudge`.
    is_nudged: bool,
}

impl SecondLook {
    /// Begins with a question, before it is added to the session.
    pub(in crate::engine) fn of(question: &Question, session: &Session) -> SecondLook {
        let mut plan = plan_steps(question.words());
        if says_go(question.words())
            && let Some(Message::Assistant { text, .. }) = session.messages.last()
        {
            plan = plan_steps(text);
        }
        SecondLook {
            plan,
            request: question.words().to_owned(),
            ..SecondLook::default()
        }
    }

    /// The user's own words.
    pub(in crate::engine) fn request(&self) -> &str {
        &self.request
    }

    /// Keeps an answer after which the model is asked again.
    pub(in crate::engine) fn keep(&mut self, reply: StepReply, is_nudged: bool) {
        // An announcement does not replace an answer.
        if !is_nudged || self.earlier.is_none() {
            self.earlier = Some(EarlierAnswer { reply, is_nudged });
        }
    }

    /// Drops what was no whole answer, once the model has gone on.
    pub(in crate::engine) fn drop_nudged(&mut self) {
        let earlier = self.earlier.take();
        self.earlier = earlier.filter(|earlier| !earlier.is_nudged);
    }
}

impl Turn<'_> {
    /// Closes a turn. If the model was asked again in vain, its earlier answer stands.
    pub(in crate::engine) async fn settle(&mut self, end: TurnEnd) -> TurnEnd {
        self.complete_conversation(&end);
        let earlier = self.answer_check.earlier.take();
        let (Some(why), Some(EarlierAnswer { reply, .. })) = (reason_in_vain(&end), earlier) else {
            return end;
        };
        // The request was answered, whatever `close` says of it.
        self.session.remarks.pop();
        let why = format!("{why}; the earlier answer stands");
        self.events.send(Event::AskedAgain { why }).await;
        self.events.send(Event::Text(reply.text.clone())).await;
        self.answer_check.doubts = self.doubts_about(&reply.text).await;
        self.answered(&reply).await
    }

    /// Asks the model once more if its answer claims what the turn does not bear out, or is in
    /// another script than the question; whether it was asked. `may_ask`: a step is left for it.
    pub(in crate::engine) async fn requests_second_look(
        &mut self,
        reply: &StepReply,
        may_ask: bool,
    ) -> Result<bool, TurnEnd> {
        self.answer_check.doubts = self.doubts_about(&reply.text).await;
        if !may_ask || reply.is_cut {
            return Ok(false);
        }
        let mut notes: Vec<String> = Vec::new();
        let mut reasons: Vec<&str> = Vec::new();
        if !self.answer_check.has_asked_script
            && let Some(script) =
                other_script(&self.answer_check.request, &reply.text, self.own_notes())
        {
            self.answer_check.has_asked_script = true;
            reasons.push("the answer is not in the script of the question");
            notes.push(format!(
                "Your answer is in {}, but the user does not write like that. Write the whole \
                 answer again in the language of the request.",
                script.name()
            ));
        }
        if !self.answer_check.has_asked_proof && !self.answer_check.doubts.is_empty() {
            self.answer_check.has_asked_proof = true;
            reasons.extend(self.answer_check.doubts.iter().map(reason));
            notes.extend(
                self.answer_check
                    .doubts
                    .iter()
                    .map(|doubt| self.note_about(doubt)),
            );
        }
        if notes.is_empty() {
            return Ok(false);
        }
        let why = format!("{}; the model is asked once", reasons.join("; "));
        self.events.send(Event::AskedAgain { why }).await;
        self.answer_check.doubts.clear();
        let note = notes.join("\n");
        self.add_engine_note(&defang_chat_markers(&note))?;
        Ok(true)
    }

    /// What an answer claims against what the turn did.
    async fn doubts_about(&self, answer: &str) -> Vec<Doubt> {
        if self.plan {
            return Vec::new();
        }
        let mut found = Vec::new();
        let claims = claims(answer);
        let last = self.answer_check.log.last_test();
        let is_unproven = self.answer_check.log.has_changed
            || (claims.is_own && !has_run_tests(&self.session.messages));
        match (last, claims.pass, claims.ran) {
            (Some(run), _, _) if run.is_failed_test() && claims.admits_failure => {}
            (Some(run), Some(claim), _) if run.is_failed_test() => found.push(Doubt::TestFailed {
                claim,
                command: run.command.clone(),
                ended: run.ended.clone(),
            }),
            (None, Some(claim), _) | (None, None, Some(claim)) if is_unproven => {
                found.push(Doubt::NoTestRun { claim });
            }
            _ => {}
        }
        if let Some(claim) = claims.done
            && !self.answer_check.plan.is_empty()
        {
            let files = self.changed_files().await;
            let steps = self.untouched_steps(&files);
            let steps: Vec<u32> = steps.iter().map(|step| step.number).collect();
            if !steps.is_empty() {
                found.push(Doubt::StepsUntouched { claim, steps });
            }
        }
        found
    }

    /// What the model is asked about a doubt: what is missing, and the next step.
    fn note_about(&self, doubt: &Doubt) -> String {
        let claim = doubt.claim();
        match doubt {
            Doubt::NoTestRun { .. } => {
                let since = if self.answer_check.log.has_changed {
                    " after your last edit"
                } else {
                    ""
                };
                format!(
                    "You wrote “{claim}”, but no test ran{since}. Run the tests now with \
                     `run_command`, or write the whole answer again and say that they were not run."
                )
            }
            Doubt::TestFailed { command, ended, .. } => format!(
                "You wrote “{claim}”, but `{command}` ended with {ended}. Fix it and run it \
                 again, or write the whole answer again and say what fails."
            ),
            Doubt::StepsUntouched { steps, .. } => {
                let named = self.answer_check.plan.iter();
                let named: Vec<String> = named
                    .filter(|step| steps.contains(&step.number))
                    .map(|step| format!("step {} ({})", step.number, step.paths.join(", ")))
                    .collect();
                format!(
                    "You wrote “{claim}”, but nothing was done for {}. Do it now, or write the \
                     whole answer again and say what is left.",
                    named.join(" and ")
                )
            }
        }
    }

    /// Sends the facts of the turn, if there is something to say.
    pub(in crate::engine) async fn send_facts(&mut self) {
        let files = self.changed_files().await;
        // A list in a question that changes nothing was hardly a plan.
        let untouched = if self.plan || files.is_empty() {
            Vec::new()
        } else {
            self.untouched_steps(&files)
        };
        let facts = TurnFacts {
            commands: self.answer_check.log.commands.clone(),
            doubts: std::mem::take(&mut self.answer_check.doubts),
            untouched,
            files,
            checks: self.check_facts(),
        };
        if !facts.is_empty() {
            self.events.send(Event::TurnFacts(facts)).await;
        }
    }

    /// The files that the turn has changed so far; contents are compared off the runtime.
    async fn changed_files(&self) -> Vec<FileCount> {
        if !self.answer_check.log.has_changed {
            return Vec::new();
        }
        let context = Arc::clone(&self.engine.context);
        let counting = spawn_blocking(move || context.changes.lock().turn_counts());
        // That can only fail by a panic, which is said elsewhere.
        counting.await.unwrap_or_default()
    }

    fn untouched_steps(&self, files: &[FileCount]) -> Vec<UntouchedStep> {
        let changed: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        untouched(
            &self.answer_check.plan,
            &changed,
            &self.answer_check.log.named,
        )
        .into_iter()
        .map(|step| UntouchedStep {
            number: step.number,
            text: step.text.clone(),
            paths: step.paths.clone(),
        })
        .collect()
    }

    /// Checks the citations of an answer; files are read off the runtime.
    pub(in crate::engine) async fn checked_citations(&self, text: &str) -> CheckedCitations {
        let context = Arc::clone(&self.engine.context);
        let (text, sources) = (text.to_owned(), self.session.sources.clone());
        let shown = ShownPlaces::of(&self.session.messages, &sources);
        let checking = spawn_blocking(move || {
            check_citations(&text, &context.jail, &sources, |path, start, end| {
                shown.has(path, start, end) || context.knowledge().has_shown(path, start, end)
            })
        });
        // That can only fail by a panic, which is said elsewhere.
        checking.await.unwrap_or_default()
    }

    /// The project instructions, which may name the language of answers.
    fn own_notes(&self) -> &str {
        match self.session.messages.first() {
            Some(Message::System { text }) => notes_in(text),
            _ => "",
        }
    }
}

/// How a turn ended without another answer; `None` if that is no matter of the model.
fn reason_in_vain(end: &TurnEnd) -> Option<String> {
    match end {
        TurnEnd::Answered | TurnEnd::Planned | TurnEnd::Cut | TurnEnd::Stopped => None,
        TurnEnd::StepLimit(steps) => Some(format!("the limit of {steps} steps is reached")),
        TurnEnd::Stuck(failure) | TurnEnd::Failed(failure) => {
            let is_own = matches!(
                failure.code,
                FailureCode::SessionNotWritten | FailureCode::SecretsNotChecked
            );
            (!is_own).then(|| first_line(&failure.to_string(), 200))
        }
    }
}

/// Why the model is asked, for the user.
fn reason(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::NoTestRun { .. } => "the answer speaks of tests, but none ran",
        Doubt::TestFailed { .. } => "the answer says that tests pass, but the last run failed",
        Doubt::StepsUntouched { .. } => "the answer says done, but steps of the plan are untouched",
    }
}

/// Whether the conversation has a call that can have run tests, or is too old to know.
fn has_run_tests(messages: &[Message]) -> bool {
    messages.iter().any(|message| match message {
        Message::Assistant { calls, .. } => calls.iter().any(|call| {
            let command = call.arguments.get("command").and_then(|it| it.as_str());
            command.is_some_and(can_run_tests)
        }),
        Message::User { text, .. } => {
            let opening = UserMessage::parse(text);
            !opening.summary.is_empty() || !opening.done.is_empty()
        }
        Message::System { .. } | Message::Tool { .. } => false,
    })
}
