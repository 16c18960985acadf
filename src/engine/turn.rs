//! A turn: from a question to its end.

use std::error::Error;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::citations::wrong_citations;
use super::clip::first_line;
use super::compaction::Wanted;
use super::event::{Event, ToolOutcome, TurnEnd};
use super::guard::Guard;
use super::opening::note;
use super::spoken::in_words;
use super::step::Reply;
use super::{Engine, Question, lock};
use crate::message::{Message, Source, ToolCall};
use crate::model::ToolSpec;
use crate::model::budget::part;
use crate::permission::{Approver, Mode};
use crate::session::{Record, Session};
use crate::visible::visible;

/// Share of the window, in percent, at which older turns are made shorter.
const FULL: u32 = 80;
/// After that it is done again when the conversation has grown by so many percent of the window.
const GROWN: u32 = 10;

/// Calls count as well as replies: so many of them for each step that a turn may have.
const CALLS_A_STEP: usize = 4;

/// Most places that an answer is said to stand on.
const MOST_SOURCES: usize = 100;

/// Where events go. A dropped receiver stops the turn.
#[derive(Clone)]
pub(super) struct Sink {
    sender: mpsc::Sender<Event>,
    pub stop: CancellationToken,
}

impl Sink {
    pub(super) fn new(sender: &mpsc::Sender<Event>, stop: &CancellationToken) -> Sink {
        Sink {
            sender: sender.clone(),
            stop: stop.child_token(),
        }
    }

    /// Sends an event. A slow receiver must not keep a stop from being seen, so what is said
    /// after one may be lost, but for tools and the end of the turn.
    pub(super) async fn send(&self, event: Event) {
        let must_arrive = matches!(
            event,
            Event::ToolStarted { .. } | Event::ToolFinished { .. } | Event::TurnEnded(_)
        );
        let sending = self.sender.send(event);
        let sent = if must_arrive {
            sending.await
        } else {
            match self.stop.run_until_cancelled(sending).await {
                Some(sent) => sent,
                None => return,
            }
        };
        if sent.is_err() {
            self.stop.cancel();
        }
    }
}

/// A question that is being answered.
pub(super) struct Turn<'a> {
    pub engine: &'a Engine,
    pub session: &'a mut Session,
    pub approver: &'a dyn Approver,
    pub events: Sink,
    pub stop: CancellationToken,
    pub tools: Vec<ToolSpec>,
    /// Whether nothing may be written or run.
    pub plan: bool,
    pub guard: Guard,
    /// What the last request was estimated at.
    pub asked: u32,
    /// Whether the user was told that the server cut a request.
    pub cut_told: bool,
    /// Tokens after the last compaction of this turn.
    pub compacted: Option<u32>,
    /// What is said to the model behind the next result.
    pub behind: String,
    /// Calls that may still run.
    pub calls_left: usize,
    /// What the model was told with the question.
    told: Vec<String>,
    /// Whether the model has said anything.
    has_spoken: bool,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        session: &'a mut Session,
        approver: &'a dyn Approver,
        events: Sink,
        plan: bool,
    ) -> Turn<'a> {
        Turn {
            engine,
            approver,
            stop: events.stop.clone(),
            events,
            tools: engine.tools(session.model.profile()),
            plan: plan || session.mode == Mode::Plan,
            session,
            guard: Guard::default(),
            asked: 0,
            cut_told: false,
            compacted: None,
            behind: String::new(),
            calls_left: engine.options.max_steps.saturating_mul(CALLS_A_STEP),
            told: Vec::new(),
            has_spoken: false,
        }
    }

    /// Runs the turn. However it ends, the conversation can go on after it.
    pub(super) async fn run(&mut self, question: &Question) -> TurnEnd {
        let end = match self.work(question).await {
            Ok(end) | Err(end) => end,
        };
        self.close(&end);
        end
    }

    /// The loop. An end is an error where it comes early.
    async fn work(&mut self, question: &Question) -> Result<TurnEnd, TurnEnd> {
        self.begin(question).await?;
        let steps = self.engine.options.max_steps;
        for _ in 0..steps {
            self.make_room().await?;
            let reply = self.step().await?;
            self.say(&reply)?;
            if reply.calls.is_empty() {
                return Ok(self.answered(&reply).await);
            }
            self.run_calls(reply).await?;
        }
        Err(TurnEnd::StepLimit(steps))
    }

    /// Puts the question before the model, with what was found for it.
    async fn begin(&mut self, question: &Question) -> Result<(), TurnEnd> {
        let shown = question.text.trim();
        if shown.is_empty() {
            return Err(TurnEnd::Failed("the question is empty".to_owned()));
        }
        self.session.turn += 1;
        self.session.sources.clear();
        lock(&self.engine.context.changes).begin_turn(self.session.turn);
        self.engine
            .set_system(self.session, &self.tools, false, &self.events)
            .await?;
        self.told.clone_from(&self.session.remarks);
        let images = self.pictures(&question.images).await;
        let mut opening = self.opening(question).await;
        let [context] = self.without_secret_values([opening.context]).await?;
        opening.context = visible(&context).into_owned();
        let text = opening.text();
        let record = Record::User {
            text: text.clone(),
            shown: shown.to_owned(),
        };
        self.add(Message::User { text, images }, record)?;
        self.go_on()
    }

    /// Adds what the model said.
    pub(super) fn say(&mut self, reply: &Reply) -> Result<(), TurnEnd> {
        let Reply {
            text,
            thinking,
            calls,
            ..
        } = reply;
        self.has_spoken = true;
        let message = Message::Assistant {
            text: text.clone(),
            thinking: thinking.clone(),
            calls: calls.clone(),
        };
        self.add(message, Record::assistant(text, thinking, calls))
    }

    /// Speaks in the user's place.
    pub(super) fn remark(&mut self, text: &str) -> Result<(), TurnEnd> {
        let text = note(text);
        let record = Record::User {
            text: text.clone(),
            shown: String::new(),
        };
        self.add(Message::user(text), record)
    }

    async fn answered(&mut self, reply: &Reply) -> TurnEnd {
        let wrong = self.wrong_citations(&reply.text).await;
        if !wrong.is_empty() {
            self.events.send(Event::Citations { wrong }).await;
        }
        if reply.is_cut {
            TurnEnd::Cut
        } else if self.plan && is_plan(&reply.text) {
            TurnEnd::Planned
        } else {
            TurnEnd::Answered
        }
    }

    /// What an answer cites and the files do not have; they are read off the runtime.
    async fn wrong_citations(&self, text: &str) -> Vec<(String, String)> {
        let jail = self.engine.context.jail.clone();
        let (text, sources) = (text.to_owned(), self.session.sources.clone());
        let checking = spawn_blocking(move || wrong_citations(&text, &jail, &sources));
        // That can only fail by a panic, which is said elsewhere.
        checking.await.unwrap_or_default()
    }

    /// Makes older turns shorter when the window is nearly full.
    async fn make_room(&mut self) -> Result<(), TurnEnd> {
        let (used, window) = (self.used(), self.window());
        if used < part(window, FULL) {
            return Ok(());
        }
        if !self.engine.options.compact {
            let notice = "the context window is nearly full, and compaction is switched off";
            self.notice_once(notice.to_owned()).await;
        } else if self
            .compacted
            .is_none_or(|before| used >= before + part(window, GROWN))
        {
            self.shorten(Wanted::Room).await?;
        }
        if self.used() < window {
            return Ok(());
        }
        Err(self.too_long())
    }

    /// Makes the conversation shorter now.
    pub(super) async fn shorten(&mut self, wanted: Wanted) -> Result<(), TurnEnd> {
        let Turn {
            engine,
            session,
            tools,
            events,
            ..
        } = self;
        let report = engine.shorten(session, tools, wanted, events).await?;
        self.compacted = Some(report.after);
        Ok(())
    }

    pub(super) fn too_long(&self) -> TurnEnd {
        TurnEnd::Failed(format!(
            "the conversation does not fit the context window of {} tokens; start a new session, \
             ask for less at once, or set MAX_CONTEXT_TOKENS higher",
            self.window()
        ))
    }

    /// Leaves a conversation that can go on: each call has a result, and a question to which
    /// nothing was said is not in it. Nothing is put into the model's mouth, since it would learn
    /// to say such things; it is told of the end with the next question.
    fn close(&mut self, end: &TurnEnd) {
        let why = match end {
            TurnEnd::Answered | TurnEnd::Planned | TurnEnd::Cut => return,
            TurnEnd::Stopped => "stopped by the user".to_owned(),
            TurnEnd::StepLimit(steps) => format!("stopped at the limit of {steps} steps"),
            TurnEnd::Stuck(why) | TurnEnd::Failed(why) => {
                format!("stopped: {}", first_line(why, 200))
            }
        };
        for call in self.open_calls() {
            // If the journal cannot be written, that is what the turn ended with.
            drop(self.add_result(&call, &format!("not run: {why}"), ToolOutcome::Failed));
        }
        // After a compaction, what was said before stands in the question.
        if !self.has_spoken && self.compacted.is_none() {
            if self.session.forget_question() {
                self.session.remarks.clone_from(&self.told);
            }
        } else {
            let remark = format!("The last request was not completed: {why}.");
            self.session.remarks.push(remark);
        }
    }

    /// Calls of the last reply that have no result.
    fn open_calls(&self) -> Vec<ToolCall> {
        let messages = &self.session.messages;
        let said = messages
            .iter()
            .rposition(|message| matches!(message, Message::Assistant { .. }));
        let Some((Message::Assistant { calls, .. }, after)) =
            said.and_then(|at| messages[at..].split_first())
        else {
            return Vec::new();
        };
        let has_result = |call: &&ToolCall| {
            after.iter().any(
                |message| matches!(message, Message::Tool { call_id, .. } if *call_id == call.id),
            )
        };
        calls
            .iter()
            .filter(|call| !has_result(call))
            .cloned()
            .collect()
    }

    /// Adds the result of a call.
    pub(super) fn add_result(
        &mut self,
        call: &ToolCall,
        text: &str,
        outcome: ToolOutcome,
    ) -> Result<(), TurnEnd> {
        let message = Message::Tool {
            call_id: call.id.clone(),
            tool: call.name.clone(),
            text: text.to_owned(),
        };
        self.add(message, Record::ran(call, text, outcome))
    }

    /// Adds to the conversation, and writes it down.
    fn add(&mut self, message: Message, record: Record) -> Result<(), TurnEnd> {
        self.session.messages.push(message);
        self.record(record)
    }

    /// Texts for the model without what files of secrets hold; those are looked at off the runtime.
    pub(super) async fn without_secret_values<const N: usize>(
        &self,
        texts: [String; N],
    ) -> Result<[String; N], TurnEnd> {
        let context = Arc::clone(&self.engine.context);
        let cleaning =
            spawn_blocking(move || texts.map(|text| context.without_secret_values(text)));
        // What cannot be cleaned does not go out.
        let failed = |error| TurnEnd::Failed(format!("could not check for secrets: {error}"));
        cleaning.await.map_err(failed)
    }

    pub(super) fn record(&mut self, record: Record) -> Result<(), TurnEnd> {
        self.record_all(vec![record])
    }

    pub(super) fn record_all(&mut self, records: Vec<Record>) -> Result<(), TurnEnd> {
        let written = self.session.record_all(records);
        written.map_err(|error| TurnEnd::Failed(with_causes(&error)))
    }

    /// Ends the turn if it was stopped.
    pub(super) fn go_on(&self) -> Result<(), TurnEnd> {
        if self.stop.is_cancelled() {
            return Err(TurnEnd::Stopped);
        }
        Ok(())
    }

    pub(super) fn window(&self) -> u32 {
        self.session.model.profile().window
    }

    /// Whether the model calls tools in words.
    pub(super) fn speaks(&self) -> bool {
        self.engine.speaks(self.session.model.profile())
    }

    /// Estimates the next request, as our own count goes.
    pub(super) fn estimate(&mut self) -> u32 {
        let speaks = self.speaks();
        let Session {
            calibration,
            messages,
            ..
        } = &mut *self.session;
        if speaks {
            // What is sent has no thoughts in it.
            calibration.estimate(&in_words(messages), &[])
        } else {
            calibration.estimate(messages, &self.tools)
        }
    }

    /// Estimates the next request, as the server would count.
    pub(super) fn used(&mut self) -> u32 {
        let estimate = self.estimate();
        self.session.calibration.calibrated(estimate)
    }

    pub(super) async fn notice(&self, text: impl Into<String>) {
        self.events.send(Event::Notice(text.into())).await;
    }

    /// Tells the user something that is not worth telling twice.
    pub(super) async fn notice_once(&self, text: String) {
        if self.engine.is_news(&text) {
            self.notice(text).await;
        }
    }

    /// Takes down what the answer stands on.
    pub(super) fn add_sources(&mut self, sources: impl IntoIterator<Item = Source>) {
        for source in sources {
            let known = &mut self.session.sources;
            if known.len() < MOST_SOURCES && !known.contains(&source) {
                known.push(source);
            }
        }
    }
}

/// Whether an answer has a numbered list: two steps, or one that begins it.
fn is_plan(text: &str) -> bool {
    let steps = text.lines().filter(|line| {
        let line = line.trim_start_matches([' ', '#', '*', '-']);
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        (1..=2).contains(&digits) && line[digits..].starts_with(['.', ')'])
    });
    steps.count() > 0
}

/// An error with what caused it, in one line.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let why = error.to_string();
        if !text.ends_with(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numbered_list_is_a_plan() {
        for text in [
            "1. Do it.",
            "Plan:\n\n1) a\n2) b",
            "**1.** Look",
            "### 2. Then",
        ] {
            assert!(is_plan(text), "{text}");
        }
        for text in ["", "It is 2026.", "- a\n- b", "1 file", "1234. no"] {
            assert!(!is_plan(text), "{text}");
        }
    }
}
