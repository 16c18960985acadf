//! Listening to a model: what can be shown is shown at once, what may be a call is held back.

use futures::StreamExt;

use super::event::Event;
use super::turn::Sink;
use crate::message::ToolCall;
use crate::model::repair::Gate;
use crate::model::{ChatModel, ChatRequest, Delta, ModelError, ToolSpec, Usage};

/// A reply as it came in.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What was given to be shown.
    pub shown: String,
    /// The whole text.
    pub text: String,
    pub thinking: String,
    pub calls: Vec<ToolCall>,
}

/// How a stream ended.
pub(super) enum Ended {
    Whole(Usage),
    Broken(ModelError),
    Stopped,
}

/// Listens to a reply to its end, and shows it on the way but for what may be a call.
pub(super) async fn listen(
    model: &dyn ChatModel,
    request: ChatRequest<'_>,
    tools: &[ToolSpec],
    show: Option<&Sink>,
    events: &Sink,
) -> (Heard, Ended) {
    let mut stream = model.reply(request);
    let mut gate = Gate::new(tools);
    let mut heard = Heard::default();
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = events.stop.cancelled() => break Ended::Stopped,
            next = stream.next() => next,
        };
        match next {
            Some(Ok(Delta::Thinking(piece))) => {
                heard.thinking.push_str(&piece);
                if let Some(show) = show {
                    show.send(Event::Thinking(piece)).await;
                }
            }
            Some(Ok(Delta::Text(piece))) => {
                let safe = gate.push(&piece);
                heard.shown.push_str(&safe);
                if let Some(show) = show
                    && !safe.is_empty()
                {
                    show.send(Event::Text(safe)).await;
                }
            }
            Some(Ok(Delta::Call(call))) => heard.calls.push(call),
            Some(Ok(Delta::Done(usage))) => break Ended::Whole(usage),
            Some(Err(error)) => break Ended::Broken(error),
            None => break Ended::Broken(ModelError::Incomplete),
        }
    };
    heard.text = gate.finish();
    (heard, ended)
}
