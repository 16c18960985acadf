//! A step: the model is asked until it gives an answer, or calls that can be read.
//!
//! The ladder: native calls; calls in the text; one request for the call alone, held to a JSON
//! schema; for models that turn out to take no tools, words. A reply with nothing in it is asked
//! for once more as it was, then with a remark, and then the turn ends.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::budget::part;
use super::clip::{clipped, first_line};
use super::compaction::Wanted;
use super::event::{Event, TurnEnd};
use super::guard::{canonical, is_quoted};
use super::listen::{Ended, Heard, listen};
use super::lock;
use super::spoken::in_words;
use super::trouble::Trouble;
use super::turn::{Sink, Turn};
use crate::message::{Message, ToolCall};
use crate::model::repair::{
    NO_TOOL, call_format, call_from_format, check, find_calls, new_call_id,
};
use crate::model::{ChatRequest, ModelError, StopReason, ToolSpec, Usage};
use crate::visible::neutral;

/// Most tokens of a reply: a model that runs on is stopped.
const LONGEST_REPLY: u32 = 8_192;

/// What the model said, when it is of use.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// The answer, without calls.
    pub text: String,
    /// Its thoughts.
    pub thinking: String,
    /// What it wants done, names and arguments as the tools have them where that was possible.
    pub calls: Vec<ToolCall>,
}

/// What a reply says, and what it calls.
struct Said {
    text: String,
    calls: Vec<ToolCall>,
    /// Why something that was meant as a call is none, where there is no other.
    broken: Option<String>,
}

impl Said {
    fn of(text: String, calls: Vec<ToolCall>) -> Said {
        Said {
            text,
            calls,
            broken: None,
        }
    }
}

/// What came of a request.
enum Attempt {
    Useful(Reply),
    /// Something was put right; the same step begins again.
    Again,
    Useless(Trouble),
}

/// What was tried in this step already.
#[derive(Debug, Default)]
struct Ladder {
    repeated: bool,
    remarked: bool,
    asked_for_format: bool,
    shortened: bool,
}

impl Turn<'_> {
    /// Asks until there is a reply of use.
    pub(super) async fn step(&mut self) -> Result<Reply, TurnEnd> {
        let mut ladder = Ladder::default();
        loop {
            match self.attempt(&mut ladder).await? {
                Attempt::Useful(reply) => return Ok(reply),
                Attempt::Again => {}
                Attempt::Useless(trouble) => self.climb(trouble, &mut ladder).await?,
            }
        }
    }

    async fn attempt(&mut self, ladder: &mut Ladder) -> Result<Attempt, TurnEnd> {
        self.asked = self.estimate();
        let (heard, ended) = {
            let messages = self.request_messages();
            let tools: &[ToolSpec] = if self.speaks() { &[] } else { &self.tools };
            let request = ChatRequest {
                messages: &messages,
                tools,
                format: None,
                reply_tokens: Some(self.reply_tokens()),
            };
            self.listen(request, Some(&self.events)).await
        };
        match ended {
            Ended::Whole(usage) => {
                self.account(usage).await;
                self.read(heard, usage.stop, ladder).await
            }
            Ended::Broken(error) => self.broken(error, heard, ladder).await,
            Ended::Stopped => self.cut_short(heard),
        }
    }

    /// The conversation in the form that the model takes.
    fn request_messages(&self) -> Cow<'_, [Message]> {
        if self.speaks() {
            Cow::Owned(in_words(&self.session.messages))
        } else {
            Cow::Borrowed(&self.session.messages)
        }
    }

    fn reply_tokens(&self) -> u32 {
        LONGEST_REPLY.min(part(self.window(), 50)).max(256)
    }

    async fn listen(&self, request: ChatRequest<'_>, show: Option<&Sink>) -> (Heard, Ended) {
        let model = Arc::clone(&self.session.model);
        let _replying = self.engine.activity.replying();
        listen(&*model, request, &self.tools, show, &self.events).await
    }

    /// Says what a reply cost, and learns from it.
    async fn account(&mut self, usage: Usage) {
        let window = self.window();
        if let Some(counted) = usage.prompt_tokens {
            let cut = self.session.calibration.learn(self.asked, counted, window);
            if let Some(cut) = cut
                && !self.cut_told
            {
                self.cut_told = true;
                self.notice(format!(
                    "the server seems to have cut the conversation: it read {} tokens of about \
                     {}, and the window has {window}; what the model says may miss a part",
                    cut.counted, cut.expected
                ))
                .await;
            }
        }
        let estimated = self.session.calibration.calibrated(self.asked);
        let used = usage
            .prompt_tokens
            .unwrap_or(estimated)
            .saturating_add(usage.reply_tokens.unwrap_or(0));
        let replied = Event::Replied {
            usage,
            used,
            window,
        };
        self.events.send(replied).await;
    }

    /// Makes sense of a whole reply.
    async fn read(
        &mut self,
        mut heard: Heard,
        stop: StopReason,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        let native = std::mem::take(&mut heard.calls);
        let Said {
            text,
            calls,
            broken,
        } = self.said(&heard, native).await;
        if let Some(why) = broken {
            return self.unreadable(heard, why, stop, ladder).await;
        }
        if calls.is_empty() && text.trim().is_empty() {
            return Ok(Attempt::Useless(match stop {
                StopReason::Stop => Trouble::Empty,
                StopReason::Length => Trouble::CutOff,
            }));
        }
        let rest = text.get(heard.shown.len()..).unwrap_or_default();
        if !rest.trim().is_empty() {
            self.events.send(Event::Text(rest.to_owned())).await;
        }
        if calls.is_empty() && stop == StopReason::Length {
            self.notice("the answer was cut at its limit; ask to go on to have the rest")
                .await;
        }
        Ok(Attempt::Useful(self.useful(&text, heard.thinking, calls)))
    }

    /// Tells apart what a reply says and what it calls, natively and in its text.
    async fn said(&mut self, heard: &Heard, native: Vec<ToolCall>) -> Said {
        let found = find_calls(&heard.text, &self.tools);
        if is_quoted(&heard.text, &found.taken, &self.session.messages) {
            let notice = "the reply quotes a tool call that the model was given to read; it is \
                          not run";
            self.notice(notice).await;
            return Said::of(heard.text.clone(), native);
        }
        if native.is_empty() && self.speaks() && !found.calls.is_empty() {
            // What a model writes behind its call in words is a result that it made up.
            let first = found.calls.into_iter().take(1).collect();
            return Said::of(heard.shown.clone(), first);
        }
        let is_written = native.is_empty();
        let mut calls = native;
        for call in found.calls {
            if !calls.iter().any(|known| self.is_same(known, &call)) {
                calls.push(call);
            }
        }
        let Some(why) = found.broken else {
            return Said::of(found.text, calls);
        };
        if calls.is_empty() {
            return Said {
                broken: Some(why),
                ..Said::of(found.text, calls)
            };
        }
        // What could be read is done; of the rest the model is told with the result.
        self.behind =
            format!("\n\n[Another call in your reply could not be read, and did not run: {why}]");
        let text = if is_written {
            heard.shown.clone()
        } else {
            found.text
        };
        Said::of(text, calls)
    }

    /// Whether two calls do the same, however their arguments are written.
    fn is_same(&self, one: &ToolCall, other: &ToolCall) -> bool {
        let meant = |call: &ToolCall| check(call.clone(), &self.tools).ok();
        let (one, other) = (meant(one), meant(other));
        one.is_some() && one.as_ref().map(canonical) == other.as_ref().map(canonical)
    }

    /// A reply whose calls have ids of their own, and names and arguments as the tools have them.
    fn useful(&self, text: &str, thinking: String, mut calls: Vec<ToolCall>) -> Reply {
        let mut used: Vec<String> = self.call_ids();
        for call in &mut calls {
            if call.id.is_empty() || used.contains(&call.id) {
                call.id = new_call_id();
            }
            used.push(call.id.clone());
            if let Ok(checked) = check(call.clone(), &self.tools) {
                *call = checked;
            }
        }
        Reply {
            text: text.trim().to_owned(),
            thinking,
            calls,
        }
    }

    fn call_ids(&self) -> Vec<String> {
        let said = self.session.messages.iter();
        said.filter_map(|message| match message {
            Message::Assistant { calls, .. } => Some(calls),
            _ => None,
        })
        .flatten()
        .map(|call| call.id.clone())
        .collect()
    }

    /// Text that looks like a call and is none: asks once for the call alone.
    async fn unreadable(
        &mut self,
        heard: Heard,
        why: String,
        stop: StopReason,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        if stop == StopReason::Length {
            return Ok(Attempt::Useless(Trouble::CutOff));
        }
        let said = heard.text;
        if !ladder.asked_for_format {
            ladder.asked_for_format = true;
            let answer = self.ask_for_call(&said, &why).await;
            self.go_on()?;
            if let Some(call) = call_from_format(&answer, &self.tools) {
                let reply = self.useful(&heard.shown, heard.thinking, vec![call]);
                return Ok(Attempt::Useful(reply));
            }
            if says_none(&answer) {
                let rest = said.get(heard.shown.len()..).unwrap_or_default();
                self.events.send(Event::Text(rest.to_owned())).await;
                let reply = self.useful(&said, heard.thinking, Vec::new());
                return Ok(Attempt::Useful(reply));
            }
        }
        Ok(Attempt::Useless(Trouble::Unreadable { said, why }))
    }

    /// The call that was meant, as a model writes it that can write nothing else. What is asked
    /// here is forgotten again.
    async fn ask_for_call(&self, said: &str, why: &str) -> String {
        let why = neutral(why);
        let mut messages = self.request_messages().into_owned();
        messages.push(Message::Assistant {
            text: neutral(&clipped(said, 4_000)).into_owned(),
            thinking: String::new(),
            calls: Vec::new(),
        });
        messages.push(Message::user(format!(
            "That looks like a tool call, but cannot be read: {why}. Write the call again, as one \
             JSON object {{\"tool\": …, \"tool_input\": {{…}}}} and nothing else. If you did not \
             mean to call a tool, use the tool \"{NO_TOOL}\"."
        )));
        let format = call_format(&self.tools);
        let request = ChatRequest {
            messages: &messages,
            tools: &[],
            format: Some(&format),
            reply_tokens: Some(self.reply_tokens()),
        };
        match self.listen(request, None).await {
            (heard, Ended::Whole(_)) => heard.text,
            _ => String::new(),
        }
    }

    /// Puts right what an error allows to put right.
    async fn broken(
        &mut self,
        error: ModelError,
        heard: Heard,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        match error {
            ModelError::TooLong { needed, .. } => {
                if let Some(needed) = needed {
                    // A window of 0: this count is of the whole request for certain.
                    self.session.calibration.learn(self.asked, needed, 0);
                }
                if ladder.shortened || !self.engine.options.compact {
                    return Err(self.too_long());
                }
                ladder.shortened = true;
                self.shorten(Wanted::Refused).await?;
                Ok(Attempt::Again)
            }
            ModelError::NoTools if !self.speaks() => {
                let name = self.session.model.profile().name.clone();
                self.notice(format!(
                    "{name} takes no tools: it is told to call them in words"
                ))
                .await;
                self.call_in_words(name).await
            }
            ModelError::BrokenCall(why) => self.refused_call(heard, &why, ladder).await,
            ModelError::Incomplete => {
                Ok(Attempt::Useless(Trouble::BrokenOff { said: heard.shown }))
            }
            error @ (ModelError::NoTools | ModelError::Failed(_)) => {
                self.keep_beginning(&heard.shown)?;
                Err(TurnEnd::Failed(error.to_string()))
            }
        }
    }

    /// A call that the server could not read: the same request once more, then with a remark, then
    /// the model is told to call in words, which no server reads.
    async fn refused_call(
        &mut self,
        heard: Heard,
        why: &str,
        ladder: &mut Ladder,
    ) -> Result<Attempt, TurnEnd> {
        let why = first_line(why, 200);
        if ladder.remarked && !self.speaks() {
            let name = self.session.model.profile().name.clone();
            let notice = format!(
                "Ollama cannot read the tool calls of {name} ({why}): it is told to call tools in \
                 words"
            );
            self.notice(notice).await;
            *ladder = Ladder::default();
            return self.call_in_words(name).await;
        }
        Ok(Attempt::Useless(Trouble::Unreadable {
            said: heard.text,
            why,
        }))
    }

    /// Goes over to calls in words, for as long as the program runs.
    async fn call_in_words(&mut self, name: String) -> Result<Attempt, TurnEnd> {
        lock(&self.engine.refusing).insert(name);
        self.tools = self.engine.tools(self.session.model.profile());
        self.engine
            .set_system(self.session, &self.tools, false, &self.events)
            .await?;
        Ok(Attempt::Again)
    }

    /// Keeps the beginning of a reply that has no end: the user saw it, and may refer to it.
    fn keep_beginning(&mut self, shown: &str) -> Result<(), TurnEnd> {
        let shown = shown.trim_end();
        if shown.is_empty() {
            return Ok(());
        }
        self.say(&Reply {
            text: format!("{shown}\n\n[the reply broke off here]"),
            ..Reply::default()
        })
    }

    /// Keeps what the model had said when the user stopped it.
    fn cut_short(&mut self, heard: Heard) -> Result<Attempt, TurnEnd> {
        let said = heard.shown.trim_end();
        if !said.is_empty() {
            let reply = Reply {
                text: format!("{said}\n\n[stopped by the user]"),
                thinking: heard.thinking,
                calls: Vec::new(),
            };
            self.say(&reply)?;
        }
        Err(TurnEnd::Stopped)
    }

    /// After a useless reply: the same request once more, then a remark, then the end.
    async fn climb(&mut self, trouble: Trouble, ladder: &mut Ladder) -> Result<(), TurnEnd> {
        if !ladder.repeated && trouble.may_pass() {
            ladder.repeated = true;
            self.notice(format!("{}; asking again", trouble.in_words()))
                .await;
            return Ok(());
        }
        if self.made_room(&trouble, ladder).await? {
            return Ok(());
        }
        if ladder.remarked {
            if let Trouble::BrokenOff { said } = &trouble {
                self.keep_beginning(said)?;
            }
            return Err(trouble.end());
        }
        ladder.remarked = true;
        self.notice(format!("{}; asking in other words", trouble.in_words()))
            .await;
        if let Trouble::Unreadable { said, .. } = &trouble
            && !said.trim().is_empty()
        {
            let text = neutral(&clipped(said.trim(), 2_000)).into_owned();
            self.say(&Reply {
                text,
                ..Reply::default()
            })?;
        } else if !matches!(
            self.session.messages.last(),
            Some(Message::Assistant { .. })
        ) {
            // Templates want turns to alternate.
            let text = "[no answer]".to_owned();
            self.say(&Reply {
                text,
                ..Reply::default()
            })?;
        }
        self.remark(&trouble.remark())
    }

    /// Makes the conversation shorter where a full window is what cut a reply; whether it did.
    async fn made_room(&mut self, trouble: &Trouble, ladder: &mut Ladder) -> Result<bool, TurnEnd> {
        let is_full = self.used() + self.reply_tokens() > self.window();
        if !matches!(trouble, Trouble::CutOff)
            || ladder.shortened
            || !is_full
            || !self.engine.options.compact
        {
            return Ok(false);
        }
        ladder.shortened = true;
        let before = self.used();
        self.shorten(Wanted::Refused).await?;
        Ok(self.used() < before)
    }
}

/// Whether a reply in the format of a call says that none was meant.
fn says_none(answer: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(answer.trim()).ok();
    value.is_some_and(|value| value.get("tool").and_then(Value::as_str) == Some(NO_TOOL))
}
