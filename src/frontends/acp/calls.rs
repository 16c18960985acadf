//! Calls as an editor shows them: what kind of work they are, where, and what they change.

use std::path::{Component, Path, PathBuf};

use agent_client_protocol::v1::schema::{Diff, ToolCallContent, ToolCallLocation, ToolKind};
use ollacode_secrets::redact;
use serde_json::{Map, Value};

use crate::edit::{FileEdit, capped_diff, edits_diff, file_diff};
use crate::engine::event::CallDetails;
use crate::message::Source;
use crate::permission::Preview;
use crate::text::fenced;
use crate::visible::{escape_hidden, visible_name};

/// Largest texts of a change, before and after it together, in bytes: a larger one is shown as a diff
/// in text.
const MOST_WHOLE: usize = 1 << 20;
/// Longest diff in text, in lines and in bytes; what is longer is not shown whole.
const MOST_LINES: usize = 4_000;
const MOST_BYTES: usize = 512 << 10;
/// Unchanged lines around a change.
const CONTEXT: usize = 3;
/// Longest command that is shown whole, in bytes.
const MOST_OF_COMMAND: usize = 64 << 10;
/// Longest value of an argument, in characters.
const LONGEST_VALUE: usize = 2_000;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 300;
/// Maximum places of a call.
const MOST_LOCATIONS: usize = 50;
/// Arguments that name a file or a folder, also under the names that models make up.
const PATHS: [&str; 11] = [
    "path",
    "file_path",
    "filepath",
    "file",
    "filename",
    "from",
    "to",
    "source",
    "destination",
    "folder",
    "directory",
];

/// What a call does to files, or runs, as an editor shows it.
pub struct ShownPreview {
    pub content: Vec<ToolCallContent>,
    /// Whether all of it is shown: else it cannot be approved.
    pub is_whole: bool,
}

/// The kind of work that a tool does.
pub fn kind(tool: &str) -> ToolKind {
    known(tool).map_or(ToolKind::Other, |(kind, _)| kind)
}

/// A call in a line of Markdown.
pub fn title(tool: &str, what: &str) -> String {
    let what = shortened(visible_name(what.trim()), LONGEST_TITLE);
    match (known(tool), what.is_empty()) {
        (Some((ToolKind::Execute, _)), false) => inline_code(&what),
        (Some((_, verb)), true) => verb.to_owned(),
        (Some((_, verb)), false) => format!("{verb} {}", inline_code(&what)),
        (None, true) => visible_name(tool),
        (None, false) => format!("{} {}", visible_name(tool), inline_code(&what)),
    }
}

/// The kind of a tool, and what it does in words; `None` for tools that are not ours.
fn known(tool: &str) -> Option<(ToolKind, &'static str)> {
    Some(match tool {
        "search_codebase" => (ToolKind::Search, "Search the code for"),
        "grep_search" => (ToolKind::Search, "Search the text of files for"),
        "search_files" => (ToolKind::Search, "Search for files"),
        "find_symbol" => (ToolKind::Search, "Find the definition of"),
        "find_references" => (ToolKind::Search, "Find the uses of"),
        "related_files" => (ToolKind::Search, "Find what belongs to"),
        "read_file" => (ToolKind::Read, "Read"),
        "list_directory" => (ToolKind::Read, "List"),
        "outline" => (ToolKind::Read, "Outline"),
        "project_map" => (ToolKind::Read, "Map of the project"),
        "edit_file" => (ToolKind::Edit, "Edit"),
        "write_file" => (ToolKind::Edit, "Write"),
        "new_from_template" => (ToolKind::Edit, "Make from a template"),
        "move_file" => (ToolKind::Move, "Move"),
        "delete_file" => (ToolKind::Delete, "Delete"),
        "run_command" => (ToolKind::Execute, "Run a command"),
        "ask_user" => (ToolKind::Other, "Ask"),
        _ => return None,
    })
}

/// Text between back quotes, whatever it has of them.
pub fn inline_code(text: &str) -> String {
    let runs = text.split(|sign| sign != '`').map(str::len);
    let longest = runs.max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// The beginning of a text, with a sign if there is more.
pub fn shortened(text: String, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The places that a call is about: what it changes, else what its arguments name.
pub fn locations(root: &Path, tool: &str, details: &CallDetails) -> Vec<ToolCallLocation> {
    if let Preview::Edits(edits) = &details.preview {
        return edit_locations(root, edits);
    }
    if matches!(kind(tool), ToolKind::Execute | ToolKind::Other) {
        return Vec::new();
    }
    let arguments = &details.arguments;
    let named = PATHS
        .iter()
        .filter_map(|name| arguments.get(*name)?.as_str());
    let line = arguments.get("start_line").and_then(Value::as_u64);
    let line = line.and_then(|line| u32::try_from(line).ok());
    named
        .filter_map(|path| location(root, path, line.filter(|line| *line > 0)))
        .collect()
}

/// The changed files, each at its first change.
pub fn edit_locations(root: &Path, edits: &[FileEdit]) -> Vec<ToolCallLocation> {
    let place = |edit: &FileEdit| location(root, &edit.path, Some(first_changed_line(edit)));
    edits
        .iter()
        .filter_map(place)
        .take(MOST_LOCATIONS)
        .collect()
}

/// Places in the code.
pub fn source_locations(root: &Path, sources: &[Source]) -> Vec<ToolCallLocation> {
    let place = |source: &Source| location(root, &source.path, Some(source.start_line.max(1)));
    let places = sources.iter().filter_map(place);
    places.take(MOST_LOCATIONS).collect()
}

/// A place in the workspace; `None` for paths that lead out of it.
pub fn location(root: &Path, path: &str, line: Option<u32>) -> Option<ToolCallLocation> {
    Some(ToolCallLocation::new(absolute(root, path)?).line(line))
}

/// A path of a call as an absolute one, if it stays in the workspace as it is written.
fn absolute(root: &Path, path: &str) -> Option<PathBuf> {
    let given = Path::new(path.trim());
    let inside = given.strip_prefix(root).unwrap_or(given);
    let stays = inside
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let is_plain = escape_hidden(path) == path && !path.contains(['\n', '*']);
    (stays && is_plain && !path.trim().is_empty()).then(|| {
        let parts = inside.components();
        let parts = parts.filter(|part| matches!(part, Component::Normal(_)));
        parts.fold(root.to_owned(), |path, part| path.join(part))
    })
}

/// The first line that differs, in the new text, from 1.
fn first_changed_line(edit: &FileEdit) -> u32 {
    let old = edit.old.as_deref().unwrap_or_default();
    let new = edit.new.as_deref().unwrap_or_default();
    let pairs = old.lines().zip(new.lines());
    let equal = pairs.take_while(|(old, new)| old == new).count();
    let last = new.lines().count().max(1);
    u32::try_from((equal + 1).min(last)).unwrap_or(u32::MAX)
}

/// What a call would do, or does.
pub fn shown(root: &Path, preview: &Preview) -> ShownPreview {
    match preview {
        Preview::None => ShownPreview {
            content: Vec::new(),
            is_whole: true,
        },
        Preview::Command(command) => ShownPreview {
            content: vec![fenced(&shortened_text(command, MOST_OF_COMMAND), "sh").into()],
            is_whole: command.len() <= MOST_OF_COMMAND,
        },
        Preview::Text(text) => ShownPreview {
            content: vec![fenced(&shortened_text(text, MOST_OF_COMMAND), "").into()],
            is_whole: text.len() <= MOST_OF_COMMAND,
        },
        Preview::Edits(edits) => shown_edits(root, edits),
    }
}

/// Changes of files with their whole texts; as diffs in text where those would be huge, or where the
/// difference has hidden characters.
fn shown_edits(root: &Path, edits: &[FileEdit]) -> ShownPreview {
    let mut content: Vec<ToolCallContent> = Vec::new();
    let mut left = MOST_WHOLE;
    let mut in_text = Vec::new();
    for edit in edits {
        let is_small = edit.size() <= left;
        match absolute(root, &edit.path) {
            Some(path) if is_small && !has_hidden(edit) => {
                left -= edit.size();
                let old = edit.old.as_deref().map(str::to_owned);
                let new = edit.new.as_deref().unwrap_or_default();
                content.push(Diff::new(path, new).old_text(old).into());
            }
            _ => in_text.push(edit.clone()),
        }
    }
    if in_text.is_empty() {
        return ShownPreview {
            content,
            is_whole: true,
        };
    }
    let diff = edits_diff(&in_text);
    let is_whole = diff.len() <= MOST_BYTES && diff.lines().count() <= MOST_LINES;
    let diff = capped_diff(&diff, MOST_LINES);
    let diff = shortened_text(&diff, MOST_BYTES);
    content.push(fenced(escape_hidden(&diff).trim_end(), "diff").into());
    ShownPreview { content, is_whole }
}

/// Whether the difference has characters that an editor would not show.
fn has_hidden(edit: &FileEdit) -> bool {
    let hides = |text: Option<&str>| text.is_some_and(|text| escape_hidden(text) != text);
    let (old, new) = (edit.old.as_deref(), edit.new.as_deref());
    if !hides(old) && !hides(new) {
        return false;
    }
    hides(Some(&file_diff(&edit.path, old, new, CONTEXT)))
}

/// The beginning of a text, in bytes, with a visible mark.
pub fn shortened_text(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
    let kept = &text[..end.unwrap_or_default()];
    format!("{kept}\n… {} bytes left out …", text.len() - kept.len())
}

/// The arguments of a call without secrets and hidden characters, long values cut.
pub fn raw_input(arguments: &Map<String, Value>) -> Value {
    let clean = |(name, value): (&String, &Value)| (visible_name(name), cleaned(value));
    Value::Object(arguments.iter().map(clean).collect())
}

fn cleaned(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let text = redact(text).text;
            shortened(escape_hidden(&text).into_owned(), LONGEST_VALUE).into()
        }
        Value::Array(values) => values.iter().map(cleaned).collect(),
        Value::Object(values) => raw_input(values),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
