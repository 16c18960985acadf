//! The list of sessions, in pages. It reads and writes nothing.

use std::cmp::Reverse;
use std::path::PathBuf;

use agent_client_protocol::v1::schema::{ListSessionsResponse, SessionInfo};

use crate::session::FoundSession;
use crate::visible::visible_name;

/// Most sessions of a page.
const PAGE: usize = 50;

/// A page of the sessions, the one used last first. The cursor is the id of the last session of the
/// page before; `None` if there is none of that id.
pub fn page(mut found: Vec<FoundSession>, cursor: Option<&str>) -> Option<ListSessionsResponse> {
    found.sort_by_key(|session| {
        let id = session.summary.id.as_str().to_owned();
        Reverse((session.last_used.clone(), id))
    });
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let is_it = |session: &FoundSession| session.summary.id.as_str() == cursor;
            found.iter().position(is_it)? + 1
        }
    };
    let rest = &found[start..];
    let shown = &rest[..rest.len().min(PAGE)];
    let next = shown.last().filter(|_| rest.len() > PAGE);
    let next = next.map(|session| session.summary.id.as_str().to_owned());
    let shown = shown.iter().map(info).collect();
    Some(ListSessionsResponse::new(shown).next_cursor(next))
}

fn info(found: &FoundSession) -> SessionInfo {
    let summary = &found.summary;
    let title = visible_name(&summary.title);
    let updated = found.last_used.clone();
    SessionInfo::new(
        summary.id.as_str().to_owned(),
        PathBuf::from(&summary.workspace),
    )
    .title(Some(title).filter(|title| !title.is_empty()))
    .updated_at(Some(updated).filter(|updated| !updated.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::session::{SessionId, SessionSummary};

    fn session(number: usize) -> FoundSession {
        FoundSession {
            summary: SessionSummary {
                id: SessionId::parse(&format!("20261121-143005-{number:04}")).expect("an id"),
                workspace: "/work/shop".to_owned(),
                model: "small:4b".to_owned(),
                started: "2026-11-21T14:30:05Z".to_owned(),
                title: format!("Question\u{202e} {number}"),
                turns: 1,
                changed: Vec::new(),
            },
            last_used: format!("2026-11-21T15:{:02}:00Z", number % 60),
        }
    }

    #[test]
    fn a_session_is_listed_with_its_folder_title_and_time() {
        let listed = page(vec![session(7)], None).expect("a page");
        assert_eq!(
            serde_json::to_value(listed).expect("JSON"),
            json!({"sessions": [{"sessionId": "20261121-143005-0007", "cwd": "/work/shop",
                "title": "Question\\u{202e} 7", "updatedAt": "2026-11-21T15:07:00Z"}]})
        );
    }

    #[test]
    fn pages_follow_each_other_from_the_one_used_last() {
        let all: Vec<FoundSession> = (0..59).map(session).collect();
        let ids = |listed: &ListSessionsResponse| -> Vec<String> {
            let ids = listed.sessions.iter();
            ids.map(|session| session.session_id.to_string()).collect()
        };
        let first = page(all.clone(), None).expect("a page");
        assert_eq!(first.sessions.len(), PAGE);
        assert_eq!(ids(&first)[0], "20261121-143005-0058");
        let cursor = first.next_cursor.clone().expect("there are more");
        let second = page(all.clone(), Some(&cursor)).expect("a page");
        assert_eq!(ids(&second)[0], "20261121-143005-0008");
        assert_eq!(second.sessions.len(), 9);
        assert_eq!(second.next_cursor, None);
        assert_eq!(page(all, Some("made-up")), None);
        assert_eq!(
            page(Vec::new(), None),
            Some(ListSessionsResponse::new(Vec::new()))
        );
    }
}
