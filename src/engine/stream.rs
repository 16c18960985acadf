//! Streams a reply: text is shown at once, possible calls are held back, and endless replies are
//! stopped.

use std::collections::BTreeMap;

use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::clip::first_line;
use super::event::Event;
use super::repeats::{RepeatDetector, RepeatedBlock};
use super::thoughts::{ReplyPart, ThoughtSplitter};
use super::turn::EventSink;
use crate::message::ToolCall;
use crate::model::repair::StreamFilter;
use crate::model::{ChatModel, ChatRequest, Delta, ModelError, StopReason, ToolSpec, Usage};
use crate::text::tokens::estimate_text;

/// Thoughts are counted again after this many new bytes.
const COUNTED: usize = 512;

/// Most characters shown of a repeated text.
const SHOWN: usize = 60;

/// A reply as received.
#[derive(Debug, Default)]
pub(super) struct StreamedReply {
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
pub(super) enum StreamEnd {
    Whole(Usage),
    Broken(ModelError),
    /// It was all thoughts, and more of them than allowed.
    OverThought,
    Stopped,
}

pub(super) struct StreamOptions<'a> {
    /// What the model may call.
    pub tools: &'a [ToolSpec],
    /// Where the reply is shown.
    pub show: Option<&'a EventSink>,
    pub stop: &'a CancellationToken,
    /// Most tokens of thoughts before anything else, if there is a limit.
    pub thinking: Option<u32>,
    /// Whether replies of the model start inside thoughts, as part of their text.
    pub begins_within_thoughts: bool,
}

/// Receives a reply to its end and shows it meanwhile, except for possible calls.
pub(super) async fn listen(
    model: &dyn ChatModel,
    request: ChatRequest<'_>,
    listening: StreamOptions<'_>,
) -> (StreamedReply, StreamEnd) {
    let mut stream = model.reply(request);
    let mut ear = StreamReader::new(listening);
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = ear.listening.stop.cancelled() => break StreamEnd::Stopped,
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
            Some(Ok(Delta::Call(call))) => ear.streamed.calls.push(call),
            Some(Ok(Delta::BrokenCall { call, why })) => {
                ear.streamed.wrong.insert(call.id.clone(), why);
                ear.streamed.calls.push(call);
            }
            Some(Ok(Delta::Done(usage))) => break StreamEnd::Whole(usage),
            Some(Err(error)) => break StreamEnd::Broken(error),
            None => break StreamEnd::Broken(ModelError::Incomplete),
        }
        if ear.is_over_thought() {
            break StreamEnd::OverThought;
        }
        if let Some(block) = ear.repeated.take() {
            // Dropping the stream stops the model.
            break StreamEnd::Broken(ModelError::Endless(format!(
                "it keeps repeating `{}`",
                first_line(block.trim(), SHOWN)
            )));
        }
    };
    drop(stream);
    let is_cut = match &ended {
        StreamEnd::Whole(usage) => usage.stop == StopReason::Length,
        StreamEnd::Broken(_) | StreamEnd::OverThought | StreamEnd::Stopped => true,
    };
    (ear.finish(is_cut).await, ended)
}

struct StreamReader<'a> {
    listening: StreamOptions<'a>,
    streamed: StreamedReply,
    gate: StreamFilter,
    thoughts: ThoughtSplitter,
    in_text: RepeatDetector,
    in_thoughts: RepeatDetector,
    /// The repeated text, if the reply repeats itself.
    repeated: Option<String>,
    /// Bytes at the end of the text that only repeat it.
    needless: usize,
    /// Bytes of thoughts whose tokens were counted.
    counted: usize,
}

impl<'a> StreamReader<'a> {
    fn new(listening: StreamOptions<'a>) -> StreamReader<'a> {
        StreamReader {
            gate: StreamFilter::new(listening.tools),
            thoughts: ThoughtSplitter::new(listening.begins_within_thoughts),
            listening,
            streamed: StreamedReply::default(),
            in_text: RepeatDetector::default(),
            in_thoughts: RepeatDetector::default(),
            repeated: None,
            needless: 0,
            counted: 0,
        }
    }

    /// Whether there are only thoughts so far, and more of them than allowed.
    fn is_over_thought(&mut self) -> bool {
        let length = self.streamed.thinking.len();
        let Some(most) = self.listening.thinking else {
            return false;
        };
        if length < self.counted + COUNTED {
            return false;
        }
        self.counted = length;
        let has_more = !self.streamed.calls.is_empty()
            || !self.streamed.shown.trim().is_empty()
            || !self.gate.held().trim().is_empty();
        !has_more && estimate_text(&self.streamed.thinking) > most
    }

    async fn part(&mut self, part: ReplyPart) {
        match part {
            ReplyPart::Thought(piece) => self.thought(piece).await,
            ReplyPart::Text(piece) => self.text(piece).await,
            ReplyPart::WereThoughts => {
                let gate = StreamFilter::new(self.listening.tools);
                let text = std::mem::replace(&mut self.gate, gate).finish();
                self.streamed.thinking.push_str(&text);
                if !std::mem::take(&mut self.streamed.shown).trim().is_empty() {
                    self.show(Event::TextWasThought).await;
                }
                self.streamed.leaked = true;
            }
            ReplyPart::WereText => {
                let text = std::mem::take(&mut self.streamed.thinking);
                self.text(text).await;
            }
        }
    }

    async fn thought(&mut self, piece: String) {
        self.streamed.thinking.push_str(&piece);
        if let Some(RepeatedBlock { block, needless }) = self.in_thoughts.push(&piece, false) {
            let end = self.streamed.thinking.len().saturating_sub(needless);
            self.streamed.thinking = up_to(&self.streamed.thinking, end);
            self.repeated = Some(block);
        }
        self.show(Event::Thinking(piece)).await;
    }

    async fn text(&mut self, piece: String) {
        let in_call = !self.gate.held().trim().is_empty();
        let safe = self.gate.push(&piece);
        self.streamed.shown.push_str(&safe);
        if let Some(RepeatedBlock { block, needless }) = self.in_text.push(&piece, in_call) {
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

    async fn finish(mut self, is_cut: bool) -> StreamedReply {
        for part in self.thoughts.finish(is_cut) {
            self.part(part).await;
        }
        let mut streamed = self.streamed;
        streamed.text = self.gate.finish();
        if self.needless > 0 {
            let end = streamed.text.len().saturating_sub(self.needless);
            streamed.text = up_to(&streamed.text, end);
            streamed.shown = up_to(&streamed.shown, end);
        }
        streamed
    }
}

/// The beginning of a text, cut between characters.
fn up_to(text: &str, end: usize) -> String {
    text[..text.floor_char_boundary(end)].to_owned()
}
