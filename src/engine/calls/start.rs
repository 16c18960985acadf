//! The event that tells of a call when it starts.

use std::sync::Arc;

use super::super::event::{CallDetails, Event};
use super::super::turn::Turn;
use crate::message::ToolCall;
use crate::permission::Preview;

impl Turn<'_> {
    /// Tells of a call that changes no file, or was refused.
    pub(super) async fn start(&self, call: &ToolCall, what: &str) {
        self.start_showing(call, what, &Preview::None).await;
    }

    /// Tells of a call, with what it does to files.
    pub(super) async fn start_showing(&self, call: &ToolCall, what: &str, preview: &Preview) {
        let started = Event::ToolStarted {
            id: call.id.clone(),
            tool: call.name.clone(),
            what: what.to_owned(),
            details: Arc::new(CallDetails {
                arguments: call.arguments.clone(),
                preview: preview.clone(),
            }),
        };
        self.events.send(started).await;
    }
}
