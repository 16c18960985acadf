//! A model whose replies are noted as they come, before anything in them is repaired.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use parking_lot::Mutex;

use crate::model::{ChatModel, ChatRequest, Delta, ModelError, ModelProfile};

/// What a model wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The text of each reply, without thoughts and native calls.
    pub texts: Vec<String>,
    /// Ids of native calls.
    pub native: BTreeSet<String>,
    /// Calls that could not be read.
    pub broken: usize,
}

/// Hands on to another model.
pub struct Recorder {
    model: Arc<dyn ChatModel>,
    recorded: Mutex<Recorded>,
}

impl Recorder {
    pub fn new(model: Arc<dyn ChatModel>) -> Recorder {
        Recorder {
            model,
            recorded: Mutex::default(),
        }
    }

    /// What was written so far.
    pub fn recorded(&self) -> Recorded {
        self.recorded.lock().clone()
    }

    fn note(&self, delta: &Result<Delta, ModelError>) {
        let mut recorded = self.recorded.lock();
        match delta {
            Ok(Delta::Text(piece)) => {
                if let Some(text) = recorded.texts.last_mut() {
                    text.push_str(piece);
                }
            }
            Ok(Delta::Call(call)) => {
                recorded.native.insert(call.id.clone());
            }
            Ok(Delta::BrokenCall { call, .. }) => {
                recorded.native.insert(call.id.clone());
                recorded.broken += 1;
            }
            Err(ModelError::BrokenCall(_)) => recorded.broken += 1,
            Ok(Delta::Thinking(_) | Delta::Done(_)) | Err(_) => {}
        }
    }
}

impl ChatModel for Recorder {
    fn profile(&self) -> &ModelProfile {
        self.model.profile()
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        self.recorded.lock().texts.push(String::new());
        let deltas = self.model.reply(request);
        deltas.inspect(move |delta| self.note(delta)).boxed()
    }

    fn server(&self) -> &str {
        self.model.server()
    }

    fn tokens_per_estimate(&self) -> Option<f32> {
        self.model.tokens_per_estimate()
    }

    fn learnt(&self, tokens_per_estimate: f32) {
        self.model.learnt(tokens_per_estimate);
    }
}
