//! The parts of the file as text, within a budget of lines and characters.

use std::collections::BTreeMap;

use super::checking::{Trial, Trials, key};
use super::ground::{is_plain, is_writable, plain};
use super::marks::{Part, PartText};
use super::words::Words;
use crate::survey::{CommandKind, Facts, Found, ProjectCommand};

/// Most lines and characters of the file. Of project instructions, 6,000 characters are read.
pub(super) const MOST_LINES: usize = 120;
pub(super) const MOST_CHARACTERS: usize = 5_000;
/// Characters that the parts have at least, however long the text of the user is.
const LEAST_CHARACTERS: usize = 1_500;

/// Most entries of each list of facts.
const MOST_LANGUAGES: usize = 6;
const MOST_FRAMEWORKS: usize = 12;
const MOST_FOUND: usize = 6;
const MOST_PLACES: usize = 10;
/// Most commands of a kind: in other folders, or of other tools.
const MOST_OF_KIND: usize = 3;
/// Files named as evidence of a command.
const MOST_EVIDENCE: usize = 2;

/// How a command that failed stands in the file.
const FAILED: &str = "<!-- failed: ";

/// The lines of each part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PartLines(BTreeMap<Part, Vec<String>>);

impl PartLines {
    /// Everything that is known without a model.
    pub fn of_facts(facts: &Facts, target: &str, trials: &Trials) -> PartLines {
        PartLines(BTreeMap::from([
            (Part::Facts, fact_lines(facts, target)),
            (Part::Places, place_lines(facts)),
            (Part::Commands, command_lines(facts, trials)),
        ]))
    }

    pub fn is_empty(&self) -> bool {
        self.0.values().all(Vec::is_empty)
    }

    /// Adds what the model wrote.
    pub fn add_words(&mut self, words: &Words) {
        let bullet = |text: &String| format!("- {text}");
        let what = Some(words.what.clone()).filter(|what| !what.is_empty());
        let parts = words.parts.iter();
        let parts = parts.map(|(path, does)| format!("- `{path}`: {does}"));
        self.0.insert(Part::What, what.into_iter().collect());
        self.0.insert(Part::Parts, parts.collect());
        let lists = [
            (Part::Conventions, &words.conventions),
            (Part::Pitfalls, &words.pitfalls),
        ];
        for (part, list) in lists {
            self.0.insert(part, list.iter().map(bullet).collect());
        }
    }

    /// The facts as the model is shown them.
    pub fn shown(&self) -> String {
        let lines = self.0.values().flatten();
        lines.map(|line| format!("{line}\n")).collect()
    }

    fn size(&self) -> (usize, usize) {
        let lines = || self.0.values().flatten();
        let characters = lines().map(|line| line.chars().count() + 1);
        (lines().count(), characters.sum())
    }

    /// Leaves out the lines that do not keep a promise.
    pub fn retain(&mut self, keeps: impl Fn(&str) -> bool) {
        for lines in self.0.values_mut() {
            lines.retain(|line| keeps(line));
        }
    }

    /// Takes lines from the ends of the longest lists until the rest fits beside so many lines and
    /// characters of other text.
    pub fn fit(&mut self, (lines, characters): (usize, usize)) {
        let most_lines = MOST_LINES.saturating_sub(lines).max(MOST_LINES / 4);
        let most = MOST_CHARACTERS.saturating_sub(characters);
        let most_characters = most.max(LEAST_CHARACTERS);
        let weight =
            |lines: &[String]| -> usize { lines.iter().map(|line| line.chars().count() + 1).sum() };
        while self.size().0 > most_lines || self.size().1 > most_characters {
            // A list of one line is too short to be shortened.
            let lists = self.0.values_mut().filter(|lines| lines.len() > 1);
            let Some(lines) = lists.max_by_key(|lines| weight(lines)) else {
                return;
            };
            lines.pop();
        }
    }

    /// The parts as they are written; words carry what they were written from.
    pub fn texts(&self, source: Option<&str>) -> BTreeMap<Part, PartText> {
        let lines = self.0.iter();
        let texts = lines.map(|(part, lines)| {
            let body = lines.iter().map(|line| format!("{line}\n")).collect();
            let source = source.filter(|_| part.is_of_words()).map(str::to_owned);
            (*part, PartText { body, source })
        });
        texts.collect()
    }
}

/// The headings of the file, each with its parts.
const SECTIONS: [(&str, &[Part]); 5] = [
    ("What this is", &[Part::What, Part::Facts]),
    ("Where things are", &[Part::Parts, Part::Places]),
    ("Commands", &[Part::Commands]),
    ("Conventions", &[Part::Conventions]),
    ("Pitfalls", &[Part::Pitfalls]),
];

/// The line above the parts.
const PREAMBLE: &str = "`ollacode init` renews what stands between its marks. What you write \
    outside of them stays.";

/// The parts under their headings, as they stand in a new file or at the end of another one.
pub(super) fn marked_block(texts: &BTreeMap<Part, PartText>) -> String {
    let mut block = format!("{PREAMBLE}\n");
    for (heading, parts) in SECTIONS {
        block.push_str(&format!("\n## {heading}\n"));
        for part in parts {
            let text = texts.get(part).cloned().unwrap_or_default();
            block.push_str(&format!("\n{}", text.marked(*part)));
        }
    }
    block
}

/// Lines and characters of a block whose parts are empty.
pub(super) fn frame() -> (usize, usize) {
    let part = PartText {
        body: String::new(),
        source: Some("00000000".to_owned()),
    };
    let parts = Part::ALL.into_iter().map(|name| (name, part.clone()));
    let block = marked_block(&parts.collect());
    (block.lines().count(), block.chars().count())
}

fn fact_lines(facts: &Facts, target: &str) -> Vec<String> {
    let languages = facts.languages.iter().filter(|share| share.percent > 0);
    let languages =
        languages.map(|share| Some(format!("{} {} %", plain(&share.name)?, share.percent)));
    let frameworks = facts
        .frameworks
        .iter()
        .map(|framework| plain(&framework.name));
    let instructions = facts.instructions.iter().filter(|path| *path != target);
    let rows = [
        ("Languages", joined(languages, MOST_LANGUAGES)),
        ("Frameworks", joined(frameworks, MOST_FRAMEWORKS)),
        ("Packages", found(&facts.package_managers)),
        ("Toolchain", found(&facts.toolchains)),
        ("CI", found(&facts.ci)),
        ("Licence", found(facts.licence.as_slice())),
        (
            "More instructions, to be read as well",
            joined(instructions.map(|path| quoted(path)), MOST_FOUND),
        ),
    ];
    let rows = rows.into_iter().filter(|(_, text)| !text.is_empty());
    rows.map(|(name, text)| format!("- {name}: {text}"))
        .collect()
}

/// Names with their files; of several in one folder, such as those of a CI, only their number.
fn found(found: &[Found]) -> String {
    let folder_of = |found: &Found| {
        found
            .path
            .rsplit_once('/')
            .map(|(folder, _)| folder.to_owned())
    };
    let named = |one: &Found| {
        let name = plain(&one.name)?;
        let is_alike =
            |other: &&Found| other.name == one.name && folder_of(other) == folder_of(one);
        let place = match (found.iter().filter(is_alike).count(), folder_of(one)) {
            (count, Some(of_files)) if count > 1 => {
                format!("{count} files in {}", folder(&of_files)?)
            }
            _ => quoted(&one.path)?,
        };
        Some(format!("{name} ({place})"))
    };
    joined(found.iter().map(named), MOST_FOUND)
}

/// Entries that can be written down, each once, up to a number; the rest is counted.
fn joined(entries: impl Iterator<Item = Option<String>>, most: usize) -> String {
    let mut all: Vec<String> = Vec::new();
    for entry in entries.flatten() {
        if !all.contains(&entry) {
            all.push(entry);
        }
    }
    let more = all.len().saturating_sub(most);
    all.truncate(most);
    match more {
        0 => all.join(", "),
        more => format!("{} and {more} more", all.join(", ")),
    }
}

/// A path as code; `None` if it cannot be written down.
fn quoted(path: &str) -> Option<String> {
    (is_plain(path) && !path.contains('`')).then(|| format!("`{path}`"))
}

fn folder(path: &str) -> Option<String> {
    quoted(&format!("{}/", path.trim_end_matches('/')))
}

fn place_lines(facts: &Facts) -> Vec<String> {
    let mut lines = Vec::new();
    let entries = facts.entry_points.iter();
    let entries =
        entries.map(|entry| Some(format!("{}: {}", quoted(&entry.path)?, plain(&entry.what)?)));
    push_list(&mut lines, entries, "entry points");
    // Of a package that is known by its entry point, nothing more is to be said.
    let has_entry = |folder: &str| {
        let below = format!("{}/", folder.trim_end_matches('/'));
        facts
            .entry_points
            .iter()
            .take(MOST_PLACES)
            .any(|entry| entry.path.starts_with(&below))
    };
    let members = facts
        .members
        .iter()
        .filter(|member| !matches!(member.path.as_str(), "" | ".") && !has_entry(&member.path));
    let members = members.map(|member| {
        Some(format!(
            "{}: package {}",
            folder(&member.path)?,
            quoted(&member.name)?
        ))
    });
    push_list(&mut lines, members, "packages");
    let tests = &facts.tests;
    let folders = joined(tests.folders.iter().map(|path| folder(path)), MOST_FOUND);
    let patterns = joined(tests.patterns.iter().map(|glob| quoted(glob)), MOST_FOUND);
    let frameworks = joined(tests.frameworks.iter().map(|name| plain(name)), MOST_FOUND);
    let told = [("in", folders), ("named", patterns), ("with", frameworks)];
    let told = told.iter().filter(|(_, text)| !text.is_empty());
    let told: Vec<String> = told.map(|(word, text)| format!("{word} {text}")).collect();
    if !told.is_empty() {
        lines.push(format!("- Tests: {}", told.join(", ")));
    }
    for (what, folders) in [
        ("Generated, not to be edited", &facts.generated),
        ("Code of others, not to be edited", &facts.vendored),
    ] {
        let folders = joined(folders.iter().map(|path| folder(path)), MOST_FOUND);
        if !folders.is_empty() {
            lines.push(format!("- {what}: {folders}"));
        }
    }
    lines
}

fn push_list(lines: &mut Vec<String>, entries: impl Iterator<Item = Option<String>>, what: &str) {
    let all: Vec<String> = entries.flatten().collect();
    let more = all.len().saturating_sub(MOST_PLACES);
    lines.extend(
        all.iter()
            .take(MOST_PLACES)
            .map(|entry| format!("- {entry}")),
    );
    if more > 0 {
        lines.push(format!("- {more} more {what}"));
    }
}

/// The commands that are written down: of each kind the best of each tool and folder.
pub(super) fn chosen_commands(facts: &Facts) -> Vec<&ProjectCommand> {
    let mut chosen: Vec<&ProjectCommand> = Vec::new();
    for kind in CommandKind::ALL {
        let mut of_kind: Vec<&ProjectCommand> = Vec::new();
        let writable = facts.commands(kind).filter(|command| is_writable(command));
        let mut writable: Vec<&ProjectCommand> = writable.collect();
        writable.sort_by_key(|command| is_for_ci(&command.line));
        for command in writable {
            let is_known = of_kind.iter().any(|known| {
                known.folder == command.folder && known.ecosystem == command.ecosystem
                    || key(known) == key(command)
            });
            if !is_known && of_kind.len() < MOST_OF_KIND {
                of_kind.push(command);
            }
        }
        chosen.extend(of_kind);
    }
    chosen
}

/// Whether a task is made for CI, as `make ci` and `npm run test-ci` are: it writes reports, and people
/// have another one beside it.
fn is_for_ci(line: &str) -> bool {
    const TASKS: [&str; 6] = ["make", "npm", "pnpm", "yarn", "just", "task"];
    let mut words = line.split(|sign: char| !sign.is_alphanumeric());
    let is_task = words.next().is_some_and(|first| TASKS.contains(&first));
    is_task && words.any(|word| ["ci", "cov", "coverage"].contains(&word))
}

fn command_lines(facts: &Facts, trials: &Trials) -> Vec<String> {
    let chosen = chosen_commands(facts).into_iter();
    let line = |command: &ProjectCommand| match trials.get(&key(command)) {
        Some(Trial::Failed(why)) => format!("{FAILED}{}: {why} -->", named(command)),
        Some(Trial::Worked(took)) => {
            format!(
                "- {}{}; worked in {took}",
                named(command),
                evidence(command)
            )
        }
        None => format!("- {}{}", named(command), evidence(command)),
    };
    let (failed, listed): (Vec<String>, Vec<String>) =
        chosen.map(line).partition(|line| line.starts_with(FAILED));
    listed.into_iter().chain(failed).collect()
}

/// ``Test: `npm test` in `web/` ``.
fn named(command: &ProjectCommand) -> String {
    let mut words = command.kind.words().chars();
    let first = words.next().map(|sign| sign.to_ascii_uppercase());
    let kind: String = first.into_iter().chain(words).collect();
    let place = match command.folder.as_str() {
        "" | "." => String::new(),
        folder => format!(" in `{}/`", folder.trim_end_matches('/')),
    };
    format!("{kind}: `{}`{place}", command.line)
}

fn evidence(command: &ProjectCommand) -> String {
    let places = command.evidence.iter().map(|evidence| match evidence.line {
        Some(line) => quoted(&format!("{}:{line}", evidence.path)),
        None => quoted(&evidence.path),
    });
    let mut places: Vec<String> = places.flatten().collect();
    places.dedup();
    places.truncate(MOST_EVIDENCE);
    match places.is_empty() {
        true => String::new(),
        false => format!(" ({})", places.join(", ")),
    }
}

/// What became of commands when they were tried last, as a file has it.
pub(super) fn trials_in(body: &str) -> Trials {
    body.lines().filter_map(trial_in).collect()
}

fn trial_in(line: &str) -> Option<((String, String), Trial)> {
    let line = line.trim();
    let failed = line
        .strip_prefix(FAILED)
        .and_then(|rest| rest.strip_suffix(" -->"));
    let (_, rest) = failed.unwrap_or(line).split_once(": `")?;
    let (command, rest) = rest.split_once('`')?;
    let (folder, rest) = match rest.strip_prefix(" in `") {
        Some(rest) => rest.split_once("/`")?,
        None => ("", rest),
    };
    let trial = match failed {
        Some(_) => Trial::Failed(rest.strip_prefix(": ")?.to_owned()),
        None => Trial::Worked(rest.rsplit_once("; worked in ")?.1.to_owned()),
    };
    Some(((folder.to_owned(), command.to_owned()), trial))
}

#[cfg(test)]
mod tests;
