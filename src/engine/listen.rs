//! Streams a reply: text is shown at once, possible calls are held back, and endless replies are
//! stopped.

use std::collections::BTreeMap;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::clip::first_line;
use super::event::Event;
use super::repeats::{Repeated, Repeats};
use super::thoughts::{Part, Thoughts};
use super::turn::Sink;
use crate::message::ToolCall;
use crate::model::repair::Gate;
use crate::model::{ChatModel, ChatRequest, Delta, ModelError, StopReason, ToolSpec, Usage};

/// Most characters shown of a repeated text.
const SHOWN: usize = 60;

/// A reply as received.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The part that was shown.
    pub shown: String,
    pub text: String,
    pub thinking: String,
    pub calls: Vec<ToolCall>,
    /// What is wrong with some of the calls, by their ids.
    pub wrong: BTreeMap<String, String>,
    /// Whether the text had an end tag of thoughts without a start tag.
    pub leaked: bool,
}

/// How a stream ended.
pub(super) enum Ended {
    Whole(Usage),
    Broken(ModelError),
    Stopped,
}

pub(super) struct Listening<'a> {
    /// What the model may call.
    pub tools: &'a [ToolSpec],
    /// Where the reply is shown.
    pub show: Option<&'a Sink>,
    pub stop: &'a CancellationToken,
    /// Whether replies of the model start inside thoughts, as part of their text.
    pub begins_within_thoughts: bool,
}

/// Receives a reply to its end and shows it meanwhile, except for possible calls.
pub(super) async fn listen(
    model: &dyn ChatModel,
    request: ChatRequest<'_>,
    listening: Listening<'_>,
) -> (Heard, Ended) {
    let mut stream = model.reply(request);
    let mut ear = Ear::new(listening);
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = ear.listening.stop.cancelled() => break Ended::Stopped,
            next = stream.next() => next,
        };
        match next {
            Some(Ok(Delta::Thinking(piece))) => {
                ear.thoughts.are_told();
                ear.thought(piece).await;
            }
            Some(Ok(Delta::Text(piece))) => {
                for part in ear.thoughts.push(&piece) {
                    ear.part(part).await;
                }
            }
            Some(Ok(Delta::Call(call))) => ear.heard.calls.push(call),
            Some(Ok(Delta::BrokenCall { call, why })) => {
                ear.heard.wrong.insert(call.id.clone(), why);
                ear.heard.calls.push(call);
            }
            Some(Ok(Delta::Done(usage))) => break Ended::Whole(usage),
            Some(Err(error)) => break Ended::Broken(error),
            None => break Ended::Broken(ModelError::Incomplete),
        }
        if let Some(block) = ear.repeated.take() {
            // Dropping the stream stops the model.
            break Ended::Broken(ModelError::Endless(format!(
                "it keeps repeating `{}`",
                first_line(block.trim(), SHOWN)
            )));
        }
    };
    drop(stream);
    let is_cut = match &ended {
        Ended::Whole(usage) => usage.stop == StopReason::Length,
        Ended::Broken(_) | Ended::Stopped => true,
    };
    (ear.finish(is_cut).await, ended)
}

struct Ear<'a> {
    listening: Listening<'a>,
    heard: Heard,
    gate: Gate,
    thoughts: Thoughts,
    in_text: Repeats,
    in_thoughts: Repeats,
    /// The repeated text, if the reply repeats itself.
    repeated: Option<String>,
    /// Bytes at the end of the text that only repeat it.
    needless: usize,
}

impl<'a> Ear<'a> {
    fn new(listening: Listening<'a>) -> Ear<'a> {
        Ear {
            gate: Gate::new(listening.tools),
            thoughts: Thoughts::new(listening.begins_within_thoughts),
            listening,
            heard: Heard::default(),
            in_text: Repeats::default(),
            in_thoughts: Repeats::default(),
            repeated: None,
            needless: 0,
        }
    }

    async fn part(&mut self, part: Part) {
        match part {
            Part::Thought(piece) => self.thought(piece).await,
            Part::Text(piece) => self.text(piece).await,
            Part::WereThoughts => {
                let gate = Gate::new(self.listening.tools);
                let text = std::mem::replace(&mut self.gate, gate).finish();
                self.heard.thinking.push_str(&text);
                if !std::mem::take(&mut self.heard.shown).trim().is_empty() {
                    self.show(Event::TextWasThought).await;
                }
                self.heard.leaked = true;
            }
            Part::WereText => {
                let text = std::mem::take(&mut self.heard.thinking);
                self.text(text).await;
            }
        }
    }

    async fn thought(&mut self, piece: String) {
        self.heard.thinking.push_str(&piece);
        if let Some(Repeated { block, needless }) = self.in_thoughts.push(&piece, false) {
            let end = self.heard.thinking.len().saturating_sub(needless);
            self.heard.thinking = up_to(&self.heard.thinking, end);
            self.repeated = Some(block);
        }
        self.show(Event::Thinking(piece)).await;
    }

    async fn text(&mut self, piece: String) {
        let in_call = !self.gate.held().trim().is_empty();
        let safe = self.gate.push(&piece);
        self.heard.shown.push_str(&safe);
        if let Some(Repeated { block, needless }) = self.in_text.push(&piece, in_call) {
            self.needless = needless;
            self.repeated = Some(block);
        }
        if !safe.is_empty() {
            self.show(Event::Text(safe)).await;
        }
    }

    async fn show(&self, event: Event) {
        if let Some(show) = self.listening.show {
            show.send(event).await;
        }
    }

    async fn finish(mut self, is_cut: bool) -> Heard {
        for part in self.thoughts.finish(is_cut) {
            self.part(part).await;
        }
        let mut heard = self.heard;
        heard.text = self.gate.finish();
        if self.needless > 0 {
            let end = heard.text.len().saturating_sub(self.needless);
            heard.text = up_to(&heard.text, end);
            heard.shown = up_to(&heard.shown, end);
        }
        heard
    }
}

/// The beginning of a text, cut between characters.
fn up_to(text: &str, end: usize) -> String {
    text[..text.floor_char_boundary(end)].to_owned()
}
