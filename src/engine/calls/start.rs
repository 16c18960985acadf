//! The event that tells of a call when it starts.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use super::super::event::{CallDetails, Event};
use super::super::turn::Turn;
use crate::edit::FileEdit;
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
            details: Arc::new(self.details(call, preview).await),
        };
        self.events.send(started).await;
    }

    /// Arguments and preview without the values of secret files; empty if these cannot be looked for.
    async fn details(&self, call: &ToolCall, preview: &Preview) -> CallDetails {
        let context = Arc::clone(&self.engine.context);
        let (arguments, preview) = (call.arguments.clone(), preview.clone());
        let cleaning = spawn_blocking(move || {
            let hide = context.hiding_secret_values();
            let clean = |text: &str| hide(text.to_owned());
            CallDetails {
                arguments: clean_arguments(arguments, &clean),
                preview: clean_preview(preview, &clean),
            }
        });
        cleaning.await.unwrap_or_default()
    }
}

fn clean_arguments(
    arguments: Map<String, Value>,
    clean: &dyn Fn(&str) -> String,
) -> Map<String, Value> {
    let entries = arguments.into_iter();
    entries
        .map(|(name, value)| (clean(&name), clean_value(value, clean)))
        .collect()
}

fn clean_value(value: Value, clean: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(values) => {
            let values = values.into_iter();
            Value::Array(values.map(|value| clean_value(value, clean)).collect())
        }
        Value::Object(entries) => Value::Object(clean_arguments(entries, clean)),
        other => other,
    }
}

fn clean_preview(preview: Preview, clean: &dyn Fn(&str) -> String) -> Preview {
    let clean_text = |text: Option<Arc<str>>| text.map(|text| Arc::from(clean(&text)));
    match preview {
        Preview::None => Preview::None,
        Preview::Command(text) => Preview::Command(clean(&text)),
        Preview::Text(text) => Preview::Text(clean(&text)),
        Preview::Edits(edits) => {
            let edits = edits.into_iter().map(|edit| FileEdit {
                old: clean_text(edit.old),
                new: clean_text(edit.new),
                path: edit.path,
            });
            Preview::Edits(edits.collect())
        }
    }
}
