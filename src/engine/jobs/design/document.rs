//! Renders a design document: an overview of the parts, and a block for each part.

use super::chart::{MOST_NODES, chart};
use super::outline::{Outline, PartUse};
use super::renewal::{BlockId, block};
use crate::text::fenced;
use crate::visible::visible_name;

/// What stands between the description of a part and its facts.
const FACTS: &str = "<!-- ollacode:facts -->";
/// Most edges that are listed in a sentence.
const MOST_USES: usize = 8;

/// The title of a new document.
pub(super) fn title(workspace: &str) -> String {
    format!("# Architecture of {}\n\n", code(workspace))
}

/// The overview: a table, a chart, circles, and edges that only tests have.
pub(super) fn overview(outline: &Outline, without_words: usize) -> String {
    let mut sections = vec![
        "## Parts".to_owned(),
        introduction(without_words, outline.parts.len()),
        table(outline),
    ];
    if outline.folded > 0 {
        let folded = outline.folded;
        sections.push(format!(
            "{folded} smaller folders are counted with the folder above them."
        ));
    }
    if let Some(chart) = chart(outline) {
        let edges = "Numbers count files that use the other part; dotted lines are uses by tests and \
                     examples only.";
        let left_out = match chart.left_out {
            0 => String::new(),
            more => format!(
                " The chart has the {MOST_NODES} most connected parts; {more} are left out."
            ),
        };
        sections.push(fenced(&chart.text, "mermaid"));
        sections.push(format!("{edges}{left_out}"));
    }
    sections.extend(circles(outline));
    sections.extend(test_edges(outline));
    block(&BlockId::Overview, ("", ""), &sections.join("\n\n"))
}

fn introduction(without_words: usize, parts: usize) -> String {
    let mut text =
        "`ollacode design` wrote what stands between the marks, and renews it; your own text \
                    around them stays. Numbers, names and edges come from the index."
            .to_owned();
    if without_words > 0 {
        let which = if without_words == parts {
            "No part".to_owned()
        } else {
            format!("{} of {parts} parts", parts - without_words)
        };
        text.push_str(&format!(
            " {which} is described in words: the next run asks a model for the rest."
        ));
    }
    text
}

fn table(outline: &Outline) -> String {
    let mut lines = vec![
        "| part | files | lines | languages | uses |".to_owned(),
        "|---|---:|---:|---|---|".to_owned(),
    ];
    for (number, part) in outline.parts.iter().enumerate() {
        let languages: Vec<String> = part
            .languages
            .iter()
            .take(3)
            .map(|(language, share)| format!("{} {share} %", visible_name(language)))
            .collect();
        let uses: Vec<String> = part
            .uses
            .iter()
            .take(3)
            .map(|used| format!("{} ({})", code(outline.label(used.part)), files(used.count)))
            .collect();
        let cells = [
            code(outline.label(number)),
            part.files.len().to_string(),
            part.lines.to_string(),
            languages.join(", "),
            uses.join(", "),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.join("\n")
}

fn circles(outline: &Outline) -> Option<String> {
    let circles: Vec<String> = outline
        .circles
        .iter()
        .map(|circle| {
            let around = circle.iter().chain(circle.first());
            let labels: Vec<String> = around.map(|part| code(outline.label(*part))).collect();
            format!("- {}", labels.join(" → "))
        })
        .collect();
    (!circles.is_empty()).then(|| {
        format!(
            "Parts that use each other in a circle:\n\n{}",
            circles.join("\n")
        )
    })
}

fn test_edges(outline: &Outline) -> Option<String> {
    let mut lines = Vec::new();
    for (number, part) in outline.parts.iter().enumerate() {
        // What has nothing but tests and examples is expected to.
        if !part.has_sources {
            continue;
        }
        let uses = part.uses.iter().filter(|used| used.only_tests);
        lines.extend(uses.map(|used| {
            format!(
                "- {} → {} ({})",
                code(outline.label(number)),
                code(outline.label(used.part)),
                files(used.count)
            )
        }));
    }
    (!lines.is_empty()).then(|| {
        format!(
            "Uses that only tests and examples have:\n\n{}",
            lines.join("\n")
        )
    })
}

/// A description of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Words<'text> {
    pub text: &'text str,
    /// The hash of the outline that it is about.
    pub outline: &'text str,
    /// What tells the lines that it cites.
    pub lines: &'text str,
}

/// The block of a part. Without a description, the next run asks for one.
pub(super) fn part_block(outline: &Outline, number: usize, words: Option<Words<'_>>) -> String {
    let mut sections = vec![heading(outline, number)];
    sections.extend(words.map(|words| words.text.to_owned()));
    sections.push(FACTS.to_owned());
    sections.push(facts(outline, number));
    let marks = words.map_or(("", ""), |words| (words.outline, words.lines));
    let id = BlockId::Part(outline.parts[number].path.clone());
    block(&id, marks, &sections.join("\n\n"))
}

fn heading(outline: &Outline, number: usize) -> String {
    let label = code(outline.label(number));
    match &outline.parts[number].name {
        Some(name) if *name != outline.parts[number].path => {
            format!("## {label} ({})", visible_name(name))
        }
        _ => format!("## {label}"),
    }
}

/// The description in the body of a block of a part.
pub(super) fn words_of(body: &str) -> Option<&str> {
    let (before, _) = body.split_once(FACTS)?;
    let (_, words) = before.trim_start().split_once('\n')?;
    let words = words.trim();
    (!words.is_empty()).then_some(words)
}

pub(super) fn facts(outline: &Outline, number: usize) -> String {
    let part = &outline.parts[number];
    let languages: Vec<String> = part
        .languages
        .iter()
        .map(|(language, share)| format!("{} {share} %", visible_name(language)))
        .collect();
    let mut size = format!("{}, {} lines", files(part.files.len()), part.lines);
    if !languages.is_empty() {
        size.push_str(&format!(": {}", languages.join(", ")));
    }
    let mut lines = vec![format!("- Size: {size}")];
    let mut add = |name: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("- {name}: {}", items.join(", ")));
        }
    };
    let definitions = part.definitions.iter().map(|definition| {
        let place = code(&format!("{}:{}", definition.path, definition.line));
        let by = files(definition.uses as usize);
        format!("{} ({place}, by {by})", code(&definition.name))
    });
    add("Used most", definitions.collect());
    let uses = part.uses.iter().take(MOST_USES);
    add(
        "Uses",
        uses.map(|used| edge(outline, used.part, used)).collect(),
    );
    let used_by = outline.used_by(number).into_iter().take(MOST_USES);
    add(
        "Used by",
        used_by
            .map(|(other, used)| edge(outline, other, used))
            .collect(),
    );
    let entries = part
        .entries
        .iter()
        .map(|(path, what)| format!("{} ({})", code(path), visible_name(what)));
    add("Entry points", entries.collect());
    let mut tests: Vec<String> = part.tests.iter().map(|path| code(path)).collect();
    let unnamed = part.test_count.saturating_sub(tests.len());
    if unnamed > 0 {
        tests.push(format!("{unnamed} more"));
    }
    add("Tests", tests);
    lines.join("\n")
}

fn files(count: usize) -> String {
    match count {
        1 => "1 file".to_owned(),
        _ => format!("{count} files"),
    }
}

fn edge(outline: &Outline, part: usize, used: &PartUse) -> String {
    let names: Vec<String> = used.names.iter().map(|name| code(name)).collect();
    let names = match names.as_slice() {
        [] => String::new(),
        names => format!(": {}", names.join(" ")),
    };
    let tests = if used.only_tests { ", tests only" } else { "" };
    format!(
        "{} ({}{tests}{names})",
        code(outline.label(part)),
        files(used.count)
    )
}

/// A name as code in Markdown, in one line, whatever is in it.
pub(super) fn code(name: &str) -> String {
    let name = visible_name(name);
    let name = name.replace("-->", "-- >");
    let mut longest = 0;
    let mut run = 0;
    for character in name.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    if longest == 0 {
        return format!("`{name}`");
    }
    let ticks = "`".repeat(longest + 1);
    format!("{ticks} {name} {ticks}")
}

#[cfg(test)]
mod tests;
