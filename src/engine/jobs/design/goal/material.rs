//! What a model is shown for a goal.

use std::collections::{BTreeMap, BTreeSet};

use super::super::document::code;
use super::super::project::Project;
use super::super::source::is_code;
use crate::engine::clip::clipped_to;
use crate::model::budget::part;
use crate::retrieval::RetrievedContext;
use crate::visible::defang_chat_markers;

/// Most files beside those that were found.
const MOST_RELATED: usize = 10;
/// Percent of the window for the goal, and for parts and related files.
const GOAL_PERCENT: u32 = 15;
const FACTS_PERCENT: u32 = 10;

/// Files that use, or are used by, those that were found, the closest first: path and reason.
pub(super) fn related(project: &Project, found: &[&str]) -> Vec<(String, String)> {
    let files = &project.tree.files;
    let is_found = |at: usize| found.contains(&files[at].path.as_str());
    // How often, by file; and which of those found it uses, or is used by.
    let mut others: BTreeMap<usize, (u32, BTreeSet<String>)> = BTreeMap::new();
    for used in project.tree.uses.iter().filter(|used| used.is_certain) {
        let (other, reason) = match (is_found(used.from), is_found(used.to)) {
            (true, false) => (used.to, format!("used by {}", code(&files[used.from].path))),
            (false, true) => (used.from, format!("uses {}", code(&files[used.to].path))),
            _ => continue,
        };
        if is_code(&files[other]) {
            let known = others.entry(other).or_default();
            known.0 = known.0.saturating_add(used.count);
            known.1.insert(reason);
        }
    }
    let mut others: Vec<(usize, (u32, BTreeSet<String>))> = others.into_iter().collect();
    others.sort_by(|one, other| {
        let counts = other.1.0.cmp(&one.1.0);
        counts.then(one.0.cmp(&other.0))
    });
    others
        .into_iter()
        .take(MOST_RELATED)
        .map(|(at, (_, reasons))| {
            let reasons: Vec<String> = reasons.into_iter().take(2).collect();
            (files[at].path.clone(), reasons.join(", "))
        })
        .collect()
}

/// The message to the model.
pub(super) fn request(
    project: &Project,
    goal: &str,
    found: &RetrievedContext,
    related: &[(String, String)],
    window: u32,
) -> String {
    let outline = &project.outline;
    let parts = outline.parts.iter().enumerate().map(|(number, part)| {
        let definitions: Vec<String> = part
            .definitions
            .iter()
            .take(4)
            .map(|definition| code(&definition.name))
            .collect();
        let label = code(outline.label(number));
        format!(
            "- {label}: {} files; {}",
            part.files.len(),
            definitions.join(", ")
        )
    });
    let parts: Vec<String> = parts.collect();
    let related: Vec<String> = related
        .iter()
        .map(|(path, reason)| format!("- {}: {reason}", code(path)))
        .collect();
    let most = part(window, FACTS_PERCENT);
    let goal = defang_chat_markers(goal);
    let mut sections = vec![
        format!(
            "# Goal\n\n{}",
            clipped_to(&goal, part(window, GOAL_PERCENT))
        ),
        format!(
            "# Parts of the program\n\n{}",
            clipped_to(&parts.join("\n"), most)
        ),
    ];
    if !found.text.is_empty() {
        sections.push(format!("# Code that was found\n\n{}", found.text));
    }
    if !related.is_empty() {
        let related = related.join("\n");
        sections.push(format!(
            "# Files that belong to it\n\n{}",
            clipped_to(&related, most)
        ));
    }
    sections.join("\n\n")
}
