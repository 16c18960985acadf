//! The description of a part: what a model is shown, what it is asked, and what of its reply holds.

use ollacode_indexer::{FileRole, GraphDefinition, GraphFile};
use serde_json::{Map, Value, json};

use super::claims::{Doubt, Existing, Shown, checked};
use super::document::{code, facts};
use super::outline::Outline;
use super::source::SourceTree;
use crate::model::EditForm;
use crate::retrieval::{fenced, numbered};
use crate::text::tokens::estimate_text;
use crate::visible::{defang_chat_markers, escape_hidden};

/// The task.
pub(super) const TASK: &str = include_str!("part.md");
/// Most sentences of a description.
const MOST_SENTENCES: usize = 3;
/// Most tokens of what is shown of a part: more makes a small model wander.
const MOST_TOKENS: u32 = 6_000;
/// Percent of that for facts and outline; the rest is for code.
const OUTLINE_PERCENT: u32 = 40;
/// Most definitions of a file in the outline.
const MOST_OF_FILE: usize = 12;
/// Most characters of a signature.
const LONGEST_SIGNATURE: usize = 120;
/// Files of which the first lines are shown, and how many.
const BEGINNINGS: usize = 3;
const BEGINNING_LINES: usize = 14;
/// Lines of a definition that are shown, and lines before it, which may be its comment.
const DEFINITION_LINES: usize = 16;
const LINES_BEFORE: usize = 4;

/// What a model is shown of a part.
#[derive(Clone, Debug, Default)]
pub(super) struct Material {
    pub text: String,
    pub shown: Shown,
}

/// The tokens for what is shown, of a window.
pub(super) fn budget(window: u32) -> u32 {
    (window / 2).min(MOST_TOKENS)
}

/// Collects what a model is shown of a part, in at most `tokens` (estimated). `read` gives the text of a
/// file without secrets, if it may be shown.
pub(super) fn material(
    tree: &SourceTree,
    outline: &Outline,
    number: usize,
    mut read: impl FnMut(&str) -> Option<String>,
    tokens: u32,
) -> Material {
    let part = &outline.parts[number];
    let mut files: Vec<&GraphFile> = part.files.iter().map(|at| &tree.files[*at]).collect();
    files.sort_by_key(|file| (file.role != FileRole::Source, std::cmp::Reverse(uses(file))));
    let mut shown = Shown::default();
    let of_outline = tokens / 100 * OUTLINE_PERCENT;
    let mut text = format!(
        "# Part {}\n\n{}",
        code(outline.label(number)),
        facts(outline, number)
    );
    text = clipped(&text, of_outline / 2);
    text.push_str("\n\n# Outline\n");
    let mut left = of_outline.saturating_sub(estimate_text(&text));
    for file in &files {
        let entry = entry(file);
        match left.checked_sub(estimate_text(&entry)) {
            Some(rest) => left = rest,
            None => break,
        }
        text.push_str(&entry);
        for definition in listed(file) {
            let line = u64::from(definition.line);
            shown.add(&file.path, line, line);
        }
    }
    text.push_str("\n# Excerpts\n");
    let mut left = tokens.saturating_sub(estimate_text(&text));
    for (path, first, last) in excerpts(&files) {
        let Some(content) = read(path) else {
            continue;
        };
        let lines: Vec<&str> = content.lines().collect();
        let last = last.min(lines.len());
        let Some(taken) = lines.get(first - 1..last).filter(|taken| !taken.is_empty()) else {
            continue;
        };
        let body: Vec<String> = (first..)
            .zip(taken)
            .map(|(number, line)| numbered(EditForm::Search, number, line, &escape_hidden(line)))
            .collect();
        let excerpt = format!(
            "\n{path}:{first}-{last}\n{}\n",
            fenced(&body.join("\n"), "")
        );
        match left.checked_sub(estimate_text(&excerpt)) {
            Some(rest) => left = rest,
            // A shorter one may still fit.
            None => continue,
        }
        text.push_str(&excerpt);
        shown.add(path, first as u64, last as u64);
    }
    shown.add_words(&text);
    let text = defang_chat_markers(&text).into_owned();
    Material { text, shown }
}

fn uses(file: &GraphFile) -> u64 {
    let uses = file
        .definitions
        .iter()
        .map(|of_file| u64::from(of_file.uses));
    uses.sum()
}

/// The definitions of a file that stand in the outline, in the order of their lines.
fn listed(file: &GraphFile) -> Vec<&GraphDefinition> {
    let mut listed: Vec<&GraphDefinition> = file.definitions.iter().collect();
    listed.sort_by_key(|definition| (std::cmp::Reverse(definition.uses), definition.line));
    listed.truncate(MOST_OF_FILE);
    listed.sort_by_key(|definition| definition.line);
    listed
}

/// A file in the outline.
fn entry(file: &GraphFile) -> String {
    let path = escape_hidden(&file.path).replace('\n', " ");
    let role = match file.role {
        FileRole::Test => ", tests",
        FileRole::Example => ", example",
        _ => "",
    };
    let mut text = format!("{path} ({} lines{role})\n", file.lines);
    for definition in listed(file) {
        let signature = match definition.signature.trim() {
            "" => definition.name.as_str(),
            signature => signature,
        };
        let words: Vec<&str> = signature.split_whitespace().collect();
        let signature: String = words.join(" ").chars().take(LONGEST_SIGNATURE).collect();
        let signature = escape_hidden(&signature);
        text.push_str(&format!("  {path}:{} {signature}\n", definition.line));
    }
    text
}

/// The places to be shown, the most telling first: path, first and last line, from 1.
fn excerpts<'a>(files: &[&'a GraphFile]) -> Vec<(&'a str, usize, usize)> {
    let sources = files.iter().filter(|file| file.role == FileRole::Source);
    let mut places: Vec<(&str, usize, usize)> = sources
        .clone()
        .take(BEGINNINGS)
        .map(|file| (file.path.as_str(), 1, BEGINNING_LINES))
        .collect();
    let mut definitions: Vec<(&str, &GraphDefinition, usize)> = sources
        .flat_map(|file| {
            let lines: Vec<u32> = file
                .definitions
                .iter()
                .map(|of_file| of_file.line)
                .collect();
            file.definitions.iter().map(move |definition| {
                let next = lines.iter().filter(|line| **line > definition.line).min();
                let next = next.map_or(usize::MAX, |line| *line as usize);
                (file.path.as_str(), definition, next)
            })
        })
        .collect();
    definitions.sort_by_key(|(path, definition, _)| {
        (std::cmp::Reverse(definition.uses), *path, definition.line)
    });
    for (path, definition, next) in definitions {
        let line = (definition.line as usize).max(1);
        let first = line.saturating_sub(LINES_BEFORE).max(1);
        let last = (line + DEFINITION_LINES).min(next.saturating_sub(1).max(line));
        places.push((path, first, last));
    }
    places
}

/// The beginning of a text, in a number of tokens; whole lines.
fn clipped(text: &str, tokens: u32) -> String {
    let mut left = tokens;
    let mut lines = Vec::new();
    for line in text.lines() {
        match left.checked_sub(estimate_text(line) + 1) {
            Some(rest) => left = rest,
            None => break,
        }
        lines.push(line);
    }
    lines.join("\n")
}

/// The form of the reply.
pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "sentences": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"text": {"type": "string"}, "at": {"type": "string"}},
                    "required": ["text", "at"],
                },
            },
        },
        "required": ["sentences"],
    })
}

/// A description, and why sentences are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// Empty if no sentence holds.
    pub text: String,
    pub doubts: Vec<Doubt>,
}

/// Reads a reply: the sentences that hold.
pub(super) fn description(
    reply: &Map<String, Value>,
    shown: &Shown,
    existing: &Existing,
) -> Description {
    let mut kept: Vec<String> = Vec::new();
    let mut doubts = Vec::new();
    let given = reply.get("sentences").and_then(Value::as_array);
    for sentence in given.into_iter().flatten() {
        let member = |name: &str| sentence.get(name).and_then(Value::as_str);
        let text = member("text").or(sentence.as_str()).unwrap_or_default();
        match checked(text, member("at").unwrap_or_default(), shown, existing) {
            Ok(sentence) if kept.contains(&sentence) => {}
            Ok(sentence) if kept.len() < MOST_SENTENCES => kept.push(sentence),
            Ok(_) => break,
            Err(doubt) => doubts.push(doubt),
        }
    }
    Description {
        text: kept.join(" "),
        doubts,
    }
}

#[cfg(test)]
mod tests;
