//! Commands that the user changes before they run.

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_secrets::redact;
use serde_json::{Map, Value};

use super::outcome::MissingAccess;
use super::{CallResult, Turn, TurnEnd};
use crate::message::ToolCall;

/// Arguments that also hold for the changed command. Its folder does not: it is part of the command
/// that the user saw.
const KEPT: [&str; 1] = ["timeout"];

/// The call with the command that the user wants instead, if there is one.
pub(super) fn edited_call(call: &ToolCall, refused: &CallResult) -> Option<ToolCall> {
    let Some(MissingAccess::Edited(command)) = refused.needs.as_deref() else {
        return None;
    };
    let mut arguments = Map::new();
    arguments.insert("command".to_owned(), Value::from(command.as_str()));
    for name in KEPT {
        if let Some(value) = call.arguments.get(name) {
            arguments.insert(name.to_owned(), value.clone());
        }
    }
    Some(ToolCall {
        id: call.id.clone(),
        name: call.name.clone(),
        arguments,
    })
}

impl Turn<'_> {
    /// Judges and runs a call as the user changed it, and tells the model. It is not the model's, so
    /// that it is not counted as a repetition.
    pub(super) fn run_edited<'call>(
        &'call mut self,
        edited: ToolCall,
    ) -> BoxFuture<'call, Result<(), TurnEnd>> {
        async move {
            let command = edited.arguments.get("command").and_then(Value::as_str);
            let command = redact(command.unwrap_or_default()).text;
            let note = format!("\n\n[The user changed the command before it ran, to: {command}]");
            self.pending_note.push_str(&note);
            self.run_uncounted(&edited, None).await
        }
        .boxed()
    }
}
