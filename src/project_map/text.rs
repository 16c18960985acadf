//! A map as text, for models and terminals.

use std::fmt::Write;

use ollacode_indexer::{FileId, FileRole, GraphDefinition, GraphFile};
use serde::{Deserialize, Serialize};

use super::{MapAside, ProjectMap, ShownFiles, is_code, shown, telling};
use crate::text::tokens::estimate_text;

/// Most names of a file in a short map.
const MOST_NAMES: usize = 6;
/// Files without room there after which no more are tried.
const MOST_MISSES: usize = 10;
/// Longest name there, in characters.
const LONGEST_NAME: usize = 60;

impl ProjectMap {
    /// The lines of the map, which have at most the tokens of its budget.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for file in &self.files {
            text.push_str(&file_line(&file.path));
            text.push('\n');
            for definition in &file.definitions {
                text.push_str(&definition_line(definition));
                text.push('\n');
            }
        }
        for aside in &self.aside {
            text.push_str(&aside_line(aside));
            text.push('\n');
        }
        if self.left_out > 0 || self.unread > 0 {
            text.push_str(&last_line(self.left_out, self.unread));
            text.push('\n');
        }
        text
    }
}

pub(super) fn file_line(path: &str) -> String {
    shown(path)
}

/// `  56 pub struct Engine`
pub(super) fn definition_line(definition: &GraphDefinition) -> String {
    format!("  {} {}", definition.line, shown(&definition.signature))
}

/// `tests/: 31 test files`
pub(super) fn aside_line(aside: &MapAside) -> String {
    let folder = if aside.folder.is_empty() {
        "at the root".to_owned()
    } else {
        format!("{}/", shown(&aside.folder))
    };
    format!("{folder}: {}", counted(aside.files, aside.role))
}

fn counted(files: usize, role: FileRole) -> String {
    let kind = match role {
        FileRole::Source => "source",
        FileRole::Test => "test",
        FileRole::Example => "example",
        FileRole::Generated => "generated",
        FileRole::Vendored => "third-party",
        FileRole::Document => "document",
    };
    let files_word = if files == 1 { "file" } else { "files" };
    match role {
        FileRole::Document if files == 1 => format!("{files} {kind}"),
        FileRole::Document => format!("{files} {kind}s"),
        _ => format!("{files} {kind} {files_word}"),
    }
}

pub(super) fn last_line(left_out: usize, unread: usize) -> String {
    let mut line = String::new();
    if left_out > 0 {
        let files = if left_out == 1 { "file" } else { "files" };
        // Writing to a text cannot fail.
        let _ = write!(line, "… {left_out} more {files} of code …");
    }
    if unread > 0 {
        let _ = write!(
            line,
            "… {unread} files were not looked at, there are too many …"
        );
    }
    line
}

/// The most used files with a line each, for a system prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefMap {
    rows: Vec<BriefRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BriefRow {
    path: String,
    line: String,
}

const BRIEF_HEAD: &str = "Most used files, with what others use of them (as indexed at the start):";

impl BriefMap {
    /// In a few lines, without the files that may not be shown or are gone; empty if none is left.
    pub fn text(&self, is_shown: &dyn Fn(&str) -> bool) -> String {
        let rows = self.rows.iter().filter(|row| is_shown(&row.path));
        let lines: Vec<&str> = rows.map(|row| row.line.as_str()).collect();
        if lines.is_empty() {
            return String::new();
        }
        format!("{BRIEF_HEAD}\n{}", lines.join("\n"))
    }
}

/// Makes the most used files that have room, of those that may be shown.
pub fn brief(files: &ShownFiles, tokens: u32, is_shown: &dyn Fn(&str) -> bool) -> BriefMap {
    let rank = files.graph.rank(&[]);
    let is_wanted =
        |id: &FileId| is_code(files.graph.file(*id).role) && !files.graph.used_by(*id).is_empty();
    let mut order: Vec<FileId> = files.ids().filter(is_wanted).collect();
    order.sort_by(|one, other| {
        let rank = rank[other.0 as usize].total_cmp(&rank[one.0 as usize]);
        rank.then_with(|| one.cmp(other))
    });
    let mut map = BriefMap::default();
    let Some(mut left) = tokens.checked_sub(estimate_text(BRIEF_HEAD) + 1) else {
        return map;
    };
    let mut misses = 0;
    for id in order {
        if misses == MOST_MISSES {
            break;
        }
        let file = files.graph.file(id);
        let line = brief_line(file);
        let rest = left.checked_sub(estimate_text(&line) + 1);
        match rest.filter(|_| is_shown(&file.path)) {
            Some(rest) => {
                left = rest;
                let path = file.path.clone();
                map.rows.push(BriefRow { path, line });
            }
            None => misses += 1,
        }
    }
    map
}

fn brief_line(file: &GraphFile) -> String {
    let used = telling(&file.definitions).into_iter();
    let used = used.filter(|it| it.uses > 0).take(MOST_NAMES);
    let names: Vec<String> = used.map(|it| name(&it.name)).collect();
    let path = shown(&file.path).replace('`', "'");
    if names.is_empty() {
        format!("- {path}")
    } else {
        format!("- {path}: {}", names.join(", "))
    }
}

fn name(name: &str) -> String {
    let short: String = name.chars().take(LONGEST_NAME).collect();
    shown(&short).replace('`', "'")
}
