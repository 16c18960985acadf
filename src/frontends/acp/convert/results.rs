//! How calls start and end.

use agent_client_protocol::v1::schema::{
    SessionUpdate, ToolCall, ToolCallContent, ToolCallId, ToolCallStatus, ToolCallUpdate,
    ToolCallUpdateFields, ToolKind,
};

use super::super::calls;
use super::{EventConverter, OpenCall};
use crate::engine::event::{CallDetails, ToolOutcome};
use crate::permission::Preview;
use crate::text::fenced;
use crate::visible::escape_hidden;

/// Longest output of a call that is shown, in bytes.
const MOST_OF_OUTPUT: usize = 128 << 10;

impl EventConverter {
    pub(super) fn started(
        &mut self,
        id: &str,
        tool: &str,
        what: &str,
        details: &CallDetails,
    ) -> SessionUpdate {
        let kind = calls::kind(tool);
        let content = match &details.preview {
            // The title has the command, if it is one line.
            Preview::Command(command) if !command.trim().contains('\n') => Vec::new(),
            preview => calls::shown(&self.root, preview).content,
        };
        let call = OpenCall {
            kind,
            title: calls::title(tool, what),
            content,
            locations: calls::locations(&self.root, tool, details),
        };
        if kind == ToolKind::Execute {
            self.running = Some(id.to_owned());
        }
        let shown = ToolCall::new(ToolCallId::new(id), &call.title)
            .name(tool.to_owned())
            .kind(kind)
            .status(ToolCallStatus::InProgress)
            .content(call.content.clone())
            .locations(call.locations.clone())
            .raw_input(calls::raw_input(&details.arguments));
        match self.calls.insert(id.to_owned(), call) {
            // It was approved.
            Some(_) => SessionUpdate::ToolCallUpdate(shown.into()),
            None => SessionUpdate::ToolCall(shown),
        }
    }

    /// `text` is the result in a line.
    pub(super) fn finished(
        &mut self,
        id: &str,
        outcome: ToolOutcome,
        text: &str,
        detail: &str,
    ) -> SessionUpdate {
        if self.running.as_deref() == Some(id) {
            self.running = None;
        }
        let kept = self.calls.remove(id).map(|call| call.content);
        let kept = kept.unwrap_or_default();
        let has_diff = kept
            .iter()
            .any(|part| matches!(part, ToolCallContent::Diff(_)));
        let (status, kept) = match outcome {
            ToolOutcome::Done => (ToolCallStatus::Completed, kept),
            // Nothing was changed.
            ToolOutcome::Failed | ToolOutcome::Denied if has_diff => {
                (ToolCallStatus::Failed, Vec::new())
            }
            ToolOutcome::Failed | ToolOutcome::Denied => (ToolCallStatus::Failed, kept),
        };
        let is_shown = outcome == ToolOutcome::Done && has_diff;
        let mut said = text.to_owned();
        if !is_shown && !detail.trim().is_empty() {
            let detail = calls::shortened_text(detail.trim_end(), MOST_OF_OUTPUT);
            said = format!("{said}\n\n{}", fenced(&escape_hidden(&detail), ""));
        }
        let said = (!said.is_empty()).then(|| ToolCallContent::from(said));
        let content: Vec<ToolCallContent> = kept.into_iter().chain(said).collect();
        let fields = ToolCallUpdateFields::new().status(status).content(content);
        SessionUpdate::ToolCallUpdate(ToolCallUpdate::new(ToolCallId::new(id), fields))
    }
}
