//! What was said and done in a session so far, for front ends that show it again.

use std::path::Path;

use super::audit::about;
use super::export::{ExportItem, ExportedSession, cut};
use super::journal::read;
use super::record::Record;
use super::replay::HOOK_ID_PREFIX;
use super::{SessionError, SessionId};

/// One thing that was said or done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryItem {
    /// As the user wrote it.
    Question(String),
    /// What the model said.
    Reply {
        text: String,
        thinking: String,
    },
    Call {
        id: String,
        tool: String,
        /// Its most telling argument, or all of them.
        what: String,
        /// `done`, `failed`, `denied`, or `interrupted` if there is no result.
        outcome: &'static str,
        /// The beginning of what the model was told.
        result: String,
    },
    /// A file that was changed.
    Changed(String),
    /// A turn whose changes were undone.
    Undid(u32),
    /// A turn whose changes were redone.
    Redid(u32),
    Compacted,
    /// The model from here on.
    Model(String),
}

/// Reads the first questions of a session, at most so many, with everything up to the next one.
/// Another process may have the session open.
pub fn history(
    folder: &Path,
    id: &SessionId,
    questions: u32,
) -> Result<Vec<HistoryItem>, SessionError> {
    let mut story = ExportedSession::new(id);
    for record in read(folder, id)?.records {
        let is_question = matches!(&record, Record::User { shown, .. } | Record::Job { shown } if !shown.is_empty());
        if is_question && story.turns == questions {
            break;
        }
        story.take(record.redacted());
    }
    story.close();
    Ok(story
        .items
        .into_iter()
        .filter_map(HistoryItem::of)
        .collect())
}

impl HistoryItem {
    /// `None` for what the report of a task tells already, and for hooks that had nothing to say.
    fn of(item: ExportItem) -> Option<HistoryItem> {
        Some(match item {
            ExportItem::User { text } => HistoryItem::Question(text),
            ExportItem::Assistant { text, thinking } => HistoryItem::Reply { text, thinking },
            ExportItem::Tool {
                id,
                outcome: "done",
                ..
            } if id.starts_with(HOOK_ID_PREFIX) => return None,
            ExportItem::Tool {
                id,
                tool,
                arguments,
                outcome,
                result,
            } => HistoryItem::Call {
                id,
                tool,
                what: about(&arguments),
                outcome,
                result: cut(&result),
            },
            ExportItem::Changed { path } => HistoryItem::Changed(path),
            ExportItem::Undid { turn } => HistoryItem::Undid(turn),
            ExportItem::Redid { turn } => HistoryItem::Redid(turn),
            ExportItem::Compacted => HistoryItem::Compacted,
            ExportItem::Model { name } => HistoryItem::Model(name),
            ExportItem::Planned { .. } | ExportItem::TaskEnded { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{ToolCall, ToolOutcome};

    fn user(text: &str) -> Record {
        Record::User {
            text: format!("{text} (with context)"),
            shown: text.to_owned(),
        }
    }

    #[test]
    fn it_goes_as_far_as_it_is_wanted_and_says_what_broke_off() {
        let home = tempfile::tempdir().expect("a folder");
        let id = SessionId::parse("20261121-143005-k3x9").expect("an id");
        let call = ToolCall {
            id: "c1".to_owned(),
            name: "run_command".to_owned(),
            arguments: serde_json::json!({"command": "make"})
                .as_object()
                .cloned()
                .unwrap_or_default(),
        };
        let mut journal = super::super::journal::Journal::new(home.path(), &id);
        let records = [
            user("One?"),
            Record::assistant("", "I run it.", std::slice::from_ref(&call)),
            Record::about_to_run(&call),
            Record::ran(&call, "exit code 0", ToolOutcome::Done),
            Record::assistant("Yes.", "", &[]),
            user("Two?"),
            Record::assistant("", "", std::slice::from_ref(&call)),
            Record::about_to_run(&call),
        ];
        journal.append(&records).expect("a journal");
        let first = history(home.path(), &id, 1).expect("a history");
        let called = |outcome: &'static str, result: &str| HistoryItem::Call {
            id: "c1".to_owned(),
            tool: "run_command".to_owned(),
            what: "make".to_owned(),
            outcome,
            result: result.to_owned(),
        };
        let said = |text: &str, thinking: &str| HistoryItem::Reply {
            text: text.to_owned(),
            thinking: thinking.to_owned(),
        };
        assert_eq!(
            first,
            [
                HistoryItem::Question("One?".to_owned()),
                said("", "I run it."),
                called("done", "exit code 0"),
                said("Yes.", ""),
            ]
        );
        let all = history(home.path(), &id, u32::MAX).expect("a history");
        assert_eq!(
            all[4..],
            [
                HistoryItem::Question("Two?".to_owned()),
                called("interrupted", "")
            ]
        );
        assert_eq!(history(home.path(), &id, 0).expect("a history"), []);
    }
}
