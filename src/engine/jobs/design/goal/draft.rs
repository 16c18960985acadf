//! A draft as the model gave it, checked: paths that exist or can, citations that hold, steps that a
//! task can carry out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::claims::{Existing, plain};
use super::super::document::code;
use crate::engine::proof::citations::check_citations;
use crate::jail::{EntryKind, Jail, is_secret};
use crate::message::Source;
use crate::permission::Rules;
use crate::visible::visible_name;

/// Most options, files and steps; a task has at most twelve steps.
const MOST_OPTIONS: usize = 4;
const MOST_FILES: usize = 30;
const MOST_STEPS: usize = 12;
/// Most places of code that are listed.
const MOST_PLACES: usize = 8;
/// Fewest letters of a step.
const SHORTEST_STEP: usize = 3;
/// Longest title, in characters.
const LONGEST_TITLE: usize = 100;

/// The form of the reply.
pub(super) fn schema() -> Value {
    let text = json!({"type": "string"});
    let list = |properties: Value, required: Value| {
        json!({
            "type": "array",
            "items": {"type": "object", "properties": properties, "required": required},
        })
    };
    json!({
        "type": "object",
        "properties": {
            "context": text,
            "options": list(
                json!({"name": text, "for": text, "against": text}),
                json!(["name", "for", "against"]),
            ),
            "decision": text,
            "files": list(json!({"path": text, "change": text}), json!(["path", "change"])),
            "steps": list(
                json!({"do": text, "files": {"type": "array", "items": text}}),
                json!(["do", "files"]),
            ),
        },
        "required": ["context", "options", "decision", "files", "steps"],
    })
}

/// What exists where.
pub(super) struct Places<'a> {
    pub jail: &'a Jail,
    pub rules: &'a Rules,
    pub existing: &'a Existing,
}

/// A path that may be in a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    path: String,
    is_new: bool,
}

impl Places<'_> {
    /// The file that a path means: one that exists, or a new one in a folder that exists.
    fn place(&self, given: &str) -> Option<Place> {
        let given = given.trim().trim_matches(['`', '"', '\'']).trim();
        let path = self.jail.path(given).ok()?;
        let name = path.as_str();
        let is_closed = path.is_root()
            || is_secret(&path)
            || self.rules.hides(name)
            || name.split('/').any(|part| part == ".git")
            || visible_name(name) != name;
        if is_closed {
            return None;
        }
        match self.jail.kind(&path).ok()? {
            Some(EntryKind::File) => Some(Place {
                path: name.to_owned(),
                is_new: false,
            }),
            Some(_) => None,
            None => {
                let folder = name.rsplit_once('/').map_or(".", |(folder, _)| folder);
                let folder = self.jail.path(folder).ok()?;
                let has_name = !given.ends_with('/') && !self.existing.paths.contains(name);
                let is_there = self.jail.kind(&folder).ok()? == Some(EntryKind::Folder);
                (has_name && is_there).then(|| Place {
                    path: name.to_owned(),
                    is_new: true,
                })
            }
        }
    }

    /// A text of sentences without those whose citation does not hold.
    fn cited(&self, text: &str) -> String {
        let checked = check_citations(text, self.jail, &[], |_, _, _| true);
        let holds = |sentence: &&String| {
            let mut wrong = checked.wrong.iter();
            !wrong.any(|(cited, _)| sentence.contains(cited.as_str()))
        };
        let sentences: Vec<String> = sentences(text).collect();
        let kept = sentences.iter().filter(holds);
        let kept: Vec<String> = kept.filter_map(|sentence| plain(sentence, 1)).collect();
        kept.join(" ")
    }
}

/// The sentences of a text. A full stop inside a name or a number is no end.
fn sentences(text: &str) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut sentence = String::new();
        for word in line.split_whitespace() {
            if !sentence.is_empty() {
                sentence.push(' ');
            }
            sentence.push_str(word);
            if word.ends_with(['.', '!', '?', '。']) {
                found.push(std::mem::take(&mut sentence));
            }
        }
        found.push(sentence);
    }
    found.retain(|sentence| !sentence.trim().is_empty());
    found.into_iter()
}

/// A design.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    context: String,
    /// Name, what is for it, what is against it.
    options: Vec<[String; 3]>,
    decision: String,
    files: Vec<(Place, String)>,
    /// What to do, and the files.
    steps: Vec<(String, Vec<String>)>,
    /// Paths that do not exist and could not be made.
    left_out: BTreeSet<String>,
}

impl Draft {
    /// Reads a reply.
    ///
    /// # Errors
    ///
    /// Why it is of no use, as the model is told.
    pub(super) fn read(reply: &Map<String, Value>, places: &Places<'_>) -> Result<Draft, String> {
        let text = |name: &str| member(reply, name);
        let mut draft = Draft {
            context: places.cited(text("context")),
            decision: places.cited(text("decision")),
            ..Draft::default()
        };
        for option in objects(reply, "options").take(MOST_OPTIONS) {
            let line = |name: &str| places.cited(member(option, name));
            let name = title(member(option, "name"));
            if !name.is_empty() {
                draft.options.push([name, line("for"), line("against")]);
            }
        }
        for file in objects(reply, "files").take(MOST_FILES) {
            draft.add_file(member(file, "path"), member(file, "change"), places);
        }
        for step in objects(reply, "steps").take(MOST_STEPS) {
            let files = step.get("files").and_then(Value::as_array);
            let files: Vec<&str> = files
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            draft.add_step(member(step, "do"), &files, places);
        }
        if draft.steps.is_empty() {
            let changes = draft.files.iter().take(MOST_STEPS);
            draft.steps = changes
                .filter(|(_, change)| !change.is_empty())
                .map(|(place, change)| (change.clone(), vec![place.path.clone()]))
                .collect();
        }
        if draft.decision.is_empty() {
            return Err("`decision` is empty".to_owned());
        }
        if draft.files.is_empty() {
            let wrong: Vec<&str> = draft.left_out.iter().take(5).map(String::as_str).collect();
            return Err(match wrong.as_slice() {
                [] => "`files` is empty".to_owned(),
                wrong => format!("none of its files exists: {}", wrong.join(", ")),
            });
        }
        if draft.steps.is_empty() {
            return Err("`steps` is empty".to_owned());
        }
        Ok(draft)
    }

    fn add_file(&mut self, path: &str, change: &str, places: &Places<'_>) {
        let Some(place) = places.place(path) else {
            let name = title(path);
            if !name.is_empty() {
                self.left_out.insert(name);
            }
            return;
        };
        if self.files.iter().all(|(known, _)| *known != place) {
            self.files.push((place, places.cited(change)));
        }
    }

    fn add_step(&mut self, task: &str, files: &[&str], places: &Places<'_>) {
        let task = task.trim_start_matches(|c: char| c.is_ascii_digit() || ".) ".contains(c));
        let Some(task) = plain(task, SHORTEST_STEP) else {
            return;
        };
        let mut paths = Vec::new();
        for given in files {
            match places.place(given) {
                Some(place) if !paths.contains(&place.path) => {
                    // What a step touches is a file of the design.
                    if self.files.iter().all(|(known, _)| *known != place) {
                        self.files.push((place.clone(), String::new()));
                    }
                    paths.push(place.path);
                }
                Some(_) => {}
                None => {
                    self.left_out.insert(title(given));
                }
            }
        }
        self.steps.push((task, paths));
    }

    /// The design as Markdown. Its last section is a numbered list of steps, each a line with its files
    /// as code, so that a task can carry it out.
    pub(super) fn markdown(&self, goal: &str, found: &[Source]) -> String {
        let mut sections = vec![
            format!("# Design: {}", title(goal)),
            "## Context".to_owned(),
        ];
        if !self.context.is_empty() {
            sections.push(self.context.clone());
        }
        let places: Vec<String> = found.iter().take(MOST_PLACES).map(place_of).collect();
        if !places.is_empty() {
            sections.push(format!("Code that was found: {}.", places.join(", ")));
        }
        if !self.options.is_empty() {
            sections.push("## Options".to_owned());
        }
        for [name, pro, contra] in &self.options {
            let sides = [("For", pro), ("Against", contra)];
            let sides = sides.iter().filter(|(_, text)| !text.is_empty());
            let sides: Vec<String> = sides
                .map(|(side, text)| format!("- {side}: {text}"))
                .collect();
            sections.push(
                format!("### {name}\n\n{}", sides.join("\n"))
                    .trim_end()
                    .to_owned(),
            );
        }
        sections.push(format!("## Decision\n\n{}", self.decision));
        let files = self.files.iter().map(|(place, change)| {
            let new = if place.is_new { " (new)" } else { "" };
            let change = match change.as_str() {
                "" => String::new(),
                change => format!(": {change}"),
            };
            format!("- {}{new}{change}", code(&place.path))
        });
        let files: Vec<String> = files.collect();
        sections.push(format!("## Files\n\n{}", files.join("\n")));
        if !self.left_out.is_empty() {
            let left_out: Vec<String> = self.left_out.iter().map(|path| code(path)).collect();
            sections.push(format!(
                "Left out, since there is no such file or folder: {}.",
                left_out.join(", ")
            ));
        }
        sections.push(format!("{}\n", self.steps_markdown()));
        sections.join("\n\n")
    }

    /// The section with the steps, which a task can carry out.
    pub(super) fn steps_markdown(&self) -> String {
        let steps = (1..).zip(&self.steps).map(|(number, (task, files))| {
            let files = files.iter().map(|path| code(path));
            let files: Vec<String> = files.filter(|path| !task.contains(path.as_str())).collect();
            match files.as_slice() {
                [] => format!("{number}. {task}"),
                files => {
                    let task = task.trim_end_matches(['.', ' ']);
                    format!("{number}. {task} ({})", files.join(", "))
                }
            }
        });
        let steps: Vec<String> = steps.collect();
        format!("## Steps\n\n{}", steps.join("\n"))
    }
}

fn place_of(source: &Source) -> String {
    code(&format!(
        "{}:{}-{}",
        source.path, source.start_line, source.end_line
    ))
}

/// A text of an object; empty if there is none.
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The objects of a list.
fn objects<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    let list = object.get(name).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_object)
}

/// A short text in one line that can stand in a heading.
fn title(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = visible_name(&words.join(" "));
    let line = line.trim_matches(|c: char| "#*`<>|[]() ".contains(c));
    let line: String = line.chars().take(LONGEST_TITLE).collect();
    line.replace('`', "'")
        .replace('<', "&lt;")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests;
