//! The sessions of a workspace.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;

use super::journal::{failed, in_utc, is_missing, path_of};
use super::record::Record;
use super::{SessionError, SessionId};

/// Longest title, in characters.
const TITLE: usize = 60;

/// Prefixes of the lines that a summary needs; other lines, which are long, are not parsed.
const NEEDED: [&[u8]; 5] = [
    br#"{"type":"started""#,
    br#"{"type":"user""#,
    br#"{"type":"job""#,
    br#"{"type":"changed""#,
    br#"{"type":"model""#,
];

/// Summary of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    pub id: SessionId,
    /// The workspace.
    pub workspace: String,
    /// Name of the model that answered last.
    pub model: String,
    /// When it began, in UTC: `2026-11-21T14:30:05Z`.
    pub started: String,
    /// The beginning of its first question.
    pub title: String,
    /// Questions that the user asked.
    pub turns: u32,
    /// Files that the agent changed, also if that was undone.
    pub changed: Vec<String>,
}

/// A session that was searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSession {
    pub summary: SessionSummary,
    /// When it was written last, in UTC: `2026-11-21T14:30:05Z`.
    pub last_used: String,
}

/// Lists the sessions in a folder, the one used last first. Those without a question are left out.
pub fn sessions(folder: &Path) -> Result<Vec<SessionSummary>, SessionError> {
    let found = find_sessions(folder, "")?.into_iter();
    Ok(found.map(|found| found.summary).collect())
}

/// Lists the sessions whose questions have every word of a query, in any case; all of them for an
/// empty one.
pub fn find_sessions(folder: &Path, query: &str) -> Result<Vec<FoundSession>, SessionError> {
    let query = query.to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    let mut found = Vec::new();
    for (modified, id) in used(folder)? {
        let mut missing = words.clone();
        let summary = read_summary(folder, &id, |question| {
            if !missing.is_empty() {
                let question = question.to_lowercase();
                missing.retain(|word| !question.contains(*word));
            }
        });
        match summary {
            Ok(summary) if summary.turns > 0 && missing.is_empty() => found.push(FoundSession {
                summary,
                last_used: Timestamp::try_from(modified).map_or_else(|_| String::new(), in_utc),
            }),
            // Nothing was said in it, or it was deleted meanwhile.
            Ok(_) | Err(SessionError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// The session of a workspace that was used last: what `--continue` opens.
pub fn latest(folder: &Path, workspace: &Path) -> Result<Option<SessionId>, SessionError> {
    let workspace = workspace.to_string_lossy();
    for (_, id) in used(folder)? {
        match summary(folder, &id) {
            Ok(summary) if summary.turns > 0 && summary.workspace == workspace => {
                return Ok(Some(id));
            }
            Ok(_) | Err(SessionError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Finds a session by its id, or by a beginning or an end that only it has.
pub fn find(folder: &Path, given: &str) -> Result<SessionId, SessionError> {
    let found = used(folder)?.into_iter();
    find_among(found.map(|(_, id)| id).collect(), given)
}

/// The same among some sessions.
pub fn find_among(mut found: Vec<SessionId>, given: &str) -> Result<SessionId, SessionError> {
    let given = given.trim().to_lowercase();
    if let Some(exact) = found.iter().find(|id| id.as_str() == given) {
        return Ok(exact.clone());
    }
    found.retain(|id| id.as_str().starts_with(&given) || id.as_str().ends_with(&given));
    match found.pop() {
        Some(only) if found.is_empty() && !given.is_empty() => Ok(only),
        Some(last) if !given.is_empty() => {
            found.push(last);
            Err(SessionError::Ambiguous { given, found })
        }
        _ => Err(SessionError::NotFound(given)),
    }
}

/// The number of a session in a list, if a text is one: at most three digits. A longer number is a
/// part of an id, which begins with a date.
pub fn list_number(given: &str) -> Option<usize> {
    let given = given.trim();
    let is_number =
        (1..=3).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_digit());
    given.parse().ok().filter(|_| is_number)
}

/// Reads the summary of a session.
pub fn summary(folder: &Path, id: &SessionId) -> Result<SessionSummary, SessionError> {
    read_summary(folder, id, |_| {})
}

/// The same, and tells every question of the user.
fn read_summary(
    folder: &Path,
    id: &SessionId,
    mut tell: impl FnMut(&str),
) -> Result<SessionSummary, SessionError> {
    let path = path_of(folder, id);
    let wrong = |error: io::Error| {
        if is_missing(&error) {
            SessionError::NotFound(id.to_string())
        } else {
            failed("read", &path, error)
        }
    };
    let mut reader = BufReader::new(File::open(&path).map_err(wrong)?);
    let mut summary = SessionSummary {
        id: id.clone(),
        workspace: String::new(),
        model: String::new(),
        started: String::new(),
        title: String::new(),
        turns: 0,
        changed: Vec::new(),
    };
    let mut changed = BTreeSet::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line).map_err(wrong)?;
        // The end, or half a record.
        if !line.ends_with(b"\n") {
            break;
        }
        if !is_needed(&line) {
            continue;
        }
        // Damage in one line is no reason to hide a session.
        if let Ok(record) = serde_json::from_slice::<Record>(&line) {
            if let Record::User { shown, .. } | Record::Job { shown } = &record
                && !shown.is_empty()
            {
                tell(shown);
            }
            summary.take(record, &mut changed);
        }
    }
    summary.changed = changed.into_iter().collect();
    Ok(summary)
}

/// Whether a summary needs a line.
pub(super) fn is_needed(line: &[u8]) -> bool {
    NEEDED.iter().any(|start| line.starts_with(start))
}

impl SessionSummary {
    fn take(&mut self, record: Record, changed: &mut BTreeSet<String>) {
        match record {
            Record::Started {
                workspace,
                model,
                at,
                ..
            } => {
                self.workspace = workspace;
                self.model = model;
                self.started = at;
            }
            Record::Model { name } => self.model = name,
            Record::User { shown, .. } | Record::Job { shown } if !shown.is_empty() => {
                self.turns += 1;
                if self.turns == 1 {
                    self.title = title(&shown);
                }
            }
            Record::Changed(change) => {
                changed.insert(change.path);
            }
            _ => {}
        }
    }
}

/// The beginning of a question, on one line.
pub fn title(question: &str) -> String {
    let words: Vec<&str> = question.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(TITLE) {
        None => line,
        Some(_) => {
            let mut cut: String = line.chars().take(TITLE - 1).collect();
            cut.push('…');
            cut
        }
    }
}

/// Sessions with the time at which they were used last, that one first.
fn used(folder: &Path) -> Result<Vec<(SystemTime, SessionId)>, SessionError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(failed("list", folder, error)),
    };
    let mut found: Vec<(SystemTime, SessionId)> = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", folder, error))?;
        let name = entry.file_name();
        let Some(Ok(id)) = name.to_str().map(SessionId::parse) else {
            continue;
        };
        // Without a journal it is no session, whatever it is.
        let modified = fs::metadata(path_of(folder, &id)).and_then(|file| file.modified());
        if let Ok(modified) = modified {
            found.push((modified, id));
        }
    }
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}
