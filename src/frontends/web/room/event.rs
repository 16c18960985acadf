//! Events of the engine as the page gets them: those of `chat --json`, with what a page shows
//! besides.

use serde_json::{Value, json};

use super::log::WebEvent;
use crate::conversation::messages::{
    compacted_words, error_words, mode_words, opened_warnings, risk_warning,
};
use crate::conversation::reply::ChangeKind;
use crate::conversation::turn_facts::{FactLine, fact_lines};
use crate::conversation::{CommandReply, EndReason, OpenedSession};
use crate::engine::event::{Event, TurnEnd};
use crate::frontends::events_json::JsonEvent;
use crate::frontends::failure::failure;
use crate::frontends::web::render;
use crate::permission::{ApprovalRequest, Confinement, Mode, Preview};
use crate::visible::escape_hidden;

/// Said where a turn ended by a panic.
const LOST: &str = "internal error; finished work is in the session's journal, and the next message \
                    continues the session";

/// An event of the engine, except for pieces of text and of thoughts.
pub fn of_engine(event: &Event) -> WebEvent {
    let mut value = serde_json::to_value(JsonEvent::from(event)).unwrap_or_default();
    make_visible(&mut value);
    match event {
        Event::ApprovalAsked { request, .. } => add_request(&mut value, request),
        Event::TurnFacts(facts) => {
            let line = |line: FactLine| json!({"text": line.text, "is_warning": line.is_warning});
            value["lines"] = fact_lines(facts).into_iter().map(line).collect();
        }
        _ => {}
    }
    WebEvent::from(value)
}

/// What a page needs to show a request, and to offer its answers.
fn add_request(value: &mut Value, request: &ApprovalRequest) {
    let (files, command) = match &request.preview {
        Preview::Edits(edits) => (render::diff(edits), None),
        Preview::Command(command) => (Vec::new(), Some(escape_hidden(command))),
        // The preview says it all.
        Preview::Text(_) | Preview::None => (Vec::new(), None),
    };
    let is_command = command.is_some();
    value["files"] = serde_json::to_value(files).unwrap_or_default();
    value["command"] = json!(command);
    value["remember"] = json!(request.remember.as_deref().map(escape_hidden));
    value["can_edit"] = json!(request.can_edit && is_command);
}

/// Whether everything that a request is about can be shown.
pub fn is_whole(request: &ApprovalRequest) -> bool {
    match &request.preview {
        Preview::Edits(edits) => render::diff(edits).iter().all(|file| file.is_whole),
        Preview::Command(_) | Preview::Text(_) | Preview::None => true,
    }
}

/// A session that was opened, with what the user should know of it.
pub fn opened(opened: &OpenedSession) -> WebEvent {
    let mut value = json!({
        "event": "opened",
        "session": opened.id.as_str(),
        "workspace": opened.workspace.display().to_string(),
        "model": opened.model.name,
        "window": opened.model.window,
        "mode": opened.mode.name(),
        "confinement": opened.confinement.name(),
        "is_resumed": opened.is_resumed,
        "turns": opened.turns,
        "notes": opened_warnings(opened),
    });
    make_visible(&mut value);
    WebEvent::from(value)
}

/// The mode of the next question, and that in which a plan would be carried out.
pub fn mode(mode: Mode, work_mode: Mode, confinement: Confinement) -> Value {
    json!({
        "event": "mode",
        "mode": mode.name(),
        "work_mode": work_mode.name(),
        "is_planning": mode == Mode::Plan,
        "meaning": mode_words(mode, confinement),
        "confinement": confinement.name(),
        "warning": risk_warning(mode, confinement),
    })
}

/// The end of what ran: of a turn, a compaction or a command.
pub fn end(how: &EndReason) -> Value {
    match how {
        EndReason::Turn(end) => end_of_turn(end),
        EndReason::Compacted(Ok(report)) => {
            let text = compacted_words(report);
            json!({"event": "ended", "how": "compacted", "text": text})
        }
        EndReason::Ran(Ok(())) => json!({"event": "ended", "how": "answered"}),
        EndReason::Compacted(Err(why)) | EndReason::Ran(Err(why)) => failed("other", why),
        EndReason::NotBegun => json!({"event": "ended", "how": "stopped"}),
        EndReason::Failed(error) => {
            let failure = failure(error);
            let mut ended = failed(failure.code.name(), &error_words(error));
            if let Some(hint) = failure.hint {
                ended["hint"] = json!(hint);
            }
            ended
        }
        EndReason::Lost => failed("other", LOST),
    }
}

/// How a turn ended.
fn end_of_turn(end: &TurnEnd) -> Value {
    serde_json::to_value(JsonEvent::from(&Event::TurnEnded(end.clone()))).unwrap_or_default()
}

fn failed(code: &str, why: &str) -> Value {
    json!({"event": "ended", "how": "failed", "reason": why, "code": code})
}

/// A file was put back.
pub fn reverted_words(path: &str) -> String {
    format!("put back as it was before this session: {path}")
}

/// What kind of reply a command got, for programs.
pub fn command_kind(reply: &CommandReply) -> &'static str {
    match reply {
        CommandReply::Greeting(_) => "greeting",
        CommandReply::Help => "help",
        CommandReply::Quit => "quit",
        CommandReply::Busy => "busy",
        CommandReply::Usage(_) => "usage",
        CommandReply::NotIndexed => "not_indexed",
        CommandReply::Stopped(_) => "stopped",
        CommandReply::Search(_) => "search",
        CommandReply::Index(_) => "index",
        CommandReply::Status(_) => "status",
        CommandReply::Models(_) => "models",
        CommandReply::ModelChosen(_) => "model_chosen",
        CommandReply::Sessions { .. } => "sessions",
        CommandReply::Workspaces { .. } => "workspaces",
        CommandReply::Entered(_) => "entered",
        CommandReply::NewSession { .. } => "new_session",
        CommandReply::Resumed => "resumed",
        CommandReply::AlreadyOpen(_) => "already_open",
        CommandReply::Mode(_) => "mode",
        CommandReply::Modes(_) => "modes",
        CommandReply::Sources(_) => "sources",
        CommandReply::Thoughts(_) => "thoughts",
        CommandReply::Diff(_) => "diff",
        CommandReply::Changed(ChangeKind::Undo, ..) => "undone",
        CommandReply::Changed(ChangeKind::Redo, ..) => "redone",
        CommandReply::Tokens(_) => "tokens",
        CommandReply::Memory(_) => "memory",
        CommandReply::Compacting => "compacting",
        CommandReply::Started => "started",
        CommandReply::Report(_) => "report",
    }
}

/// Whether other pages should know of a command: it has changed something.
pub fn is_told(reply: &CommandReply) -> bool {
    reply.begins_session()
        || matches!(
            reply,
            CommandReply::Stopped(_)
                | CommandReply::ModelChosen(_)
                | CommandReply::Mode(_)
                | CommandReply::Changed(..)
                | CommandReply::Compacting
        )
}

/// Escapes hidden characters in every text of a value.
pub fn make_visible(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(visible) = escape_hidden(text) {
                *text = visible;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(make_visible),
        Value::Object(values) => values.values_mut().for_each(make_visible),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::{AskId, ToolOutcome};

    fn value(event: &Event) -> Value {
        serde_json::from_str(&of_engine(event).json).expect("JSON")
    }

    fn request(preview: Preview) -> Event {
        Event::ApprovalAsked {
            id: AskId(3),
            request: Box::new(ApprovalRequest {
                call_id: "call_1".to_owned(),
                tool: "run_command".to_owned(),
                title: "run a command".to_owned(),
                preview,
                files: Vec::new(),
                reason: "why\u{202e}".to_owned(),
                can_edit: true,
                remember: Some("`ls`".to_owned()),
                hash: "00".to_owned(),
            }),
        }
    }

    #[test]
    fn a_request_has_what_its_answers_need() {
        let asked = value(&request(Preview::Command("ls".to_owned())));
        for (field, expected) in [
            ("event", json!("approval_asked")),
            ("id", json!(3)),
            ("call", json!("call_1")),
            ("command", json!("ls")),
            ("files", json!([])),
            ("remember", json!("`ls`")),
            ("can_edit", json!(true)),
            ("reason", json!("why\\u{202e}")),
        ] {
            assert_eq!(asked[field], expected, "{field}");
        }
        let read = value(&request(Preview::None));
        assert_eq!(
            (&read["command"], &read["can_edit"]),
            (&json!(null), &json!(false))
        );
        // The arguments of a call that leaves the program are shown, and cannot be edited.
        let external = request(Preview::Text("{\"query\": \"x\"}".to_owned()));
        let sent = value(&external);
        assert_eq!(sent["preview"], "{\"query\": \"x\"}");
        assert_eq!(
            (&sent["command"], &sent["can_edit"]),
            (&json!(null), &json!(false))
        );
        let Event::ApprovalAsked { request, .. } = &external else {
            panic!("a request");
        };
        assert!(is_whole(request));
    }

    #[test]
    fn nothing_hidden_reaches_the_page() {
        let finished = value(&Event::ToolFinished {
            id: "c1".to_owned(),
            outcome: ToolOutcome::Done,
            summary: "a\u{202e}b".to_owned(),
            detail: "one\n\u{1b}[31mtwo".to_owned(),
            took: std::time::Duration::ZERO,
        });
        assert_eq!(finished["summary"], "a\\u{202e}b");
        assert_eq!(finished["detail"], "one\n\\u{1b}[31mtwo");
    }

    #[test]
    fn everything_that_ran_has_an_end() {
        for (how, expected) in [
            (EndReason::Turn(TurnEnd::Planned), "planned"),
            (EndReason::NotBegun, "stopped"),
            (EndReason::Lost, "failed"),
            (EndReason::Ran(Ok(())), "answered"),
            (EndReason::Compacted(Err("no".to_owned())), "failed"),
            (EndReason::Failed(anyhow::anyhow!("no server")), "failed"),
        ] {
            let end = end(&how);
            assert_eq!(
                (&end["event"], &end["how"]),
                (&json!("ended"), &json!(expected))
            );
        }
    }
}
