//! A unified diff as hunks with numbered lines, and hunks as batches; pure.

use std::collections::BTreeSet;

use crate::text::tokens::estimate_text;

/// Words that definitions begin with, in many languages; a name follows.
const DEFINING: &[&str] = &[
    "fn",
    "def",
    "func",
    "function",
    "fun",
    "class",
    "struct",
    "enum",
    "trait",
    "interface",
    "type",
    "macro_rules!",
    "sub",
    "proc",
    "module",
];
/// Shortest name whose uses say something.
const SHORTEST_NAME: usize = 4;

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HunkLine {
    /// ` `, `+` or `-`.
    pub sign: char,
    /// Its number in the new version; none if it was removed.
    pub number: Option<u32>,
    pub text: String,
}

/// Changed lines of a file that are near each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The file in the new version; in the old one, if it was removed.
    pub path: String,
    pub lines: Vec<HunkLine>,
}

/// Hunks that are read together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub hunks: Vec<Hunk>,
}

impl Hunk {
    /// As the model reads it.
    pub fn numbered(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            let number = line.number.map(|number| number.to_string());
            let number = number.unwrap_or_default();
            text.push_str(&format!("{number:>5} {} {}\n", line.sign, line.text));
        }
        text
    }

    /// Whether a line of the new version is shown.
    pub fn shows(&self, number: u32) -> bool {
        self.lines.iter().any(|line| line.number == Some(number))
    }

    fn tokens(&self) -> u32 {
        estimate_text(&self.numbered()) + estimate_text(&self.path) + 8
    }

    /// The hunk in pieces of at most so many tokens each, cut between lines.
    fn pieces(self, most: u32) -> Vec<Hunk> {
        if self.tokens() <= most {
            return vec![self];
        }
        let mut pieces = vec![Vec::new()];
        let mut used = 0;
        for line in self.lines {
            let cost = estimate_text(&line.text) + 6;
            if used + cost > most && used > 0 {
                pieces.push(Vec::new());
                used = 0;
            }
            used += cost;
            if let Some(piece) = pieces.last_mut() {
                piece.push(line);
            }
        }
        let path = &self.path;
        pieces
            .into_iter()
            .map(|lines| Hunk {
                path: path.clone(),
                lines,
            })
            .collect()
    }
}

impl Batch {
    pub fn paths(&self) -> BTreeSet<&str> {
        self.hunks.iter().map(|hunk| hunk.path.as_str()).collect()
    }
}

/// The hunks of a diff as git prints it, in its order. Lines that say that something was left out, and
/// headers, are no lines of a hunk.
pub fn hunks_of(diff: &str) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    let (mut path, mut old) = (String::new(), String::new());
    // Lines of the old and the new version that the hunk still has.
    let (mut olds, mut news, mut number) = (0_u32, 0_u32, 0_u32);
    for line in diff.lines() {
        if olds > 0 || news > 0 {
            let Some(hunk) = hunks.last_mut() else {
                continue;
            };
            let (sign, text) = match line.chars().next() {
                Some(sign @ (' ' | '+' | '-')) => (sign, &line[1..]),
                // A blank line whose sign was stripped.
                None => (' ', ""),
                Some('\\') => continue,
                // Something was left out: the rest of the hunk is unknown.
                Some(_) => {
                    (olds, news) = (0, 0);
                    continue;
                }
            };
            let is_new = sign != '-';
            hunk.lines.push(HunkLine {
                sign,
                number: is_new.then_some(number),
                text: text.to_owned(),
            });
            if is_new {
                number = number.saturating_add(1);
                news = news.saturating_sub(1);
            }
            if sign != '+' {
                olds = olds.saturating_sub(1);
            }
        } else if let Some(name) = line.strip_prefix("--- ") {
            old = header_path(name, "a/").unwrap_or_default().to_owned();
        } else if let Some(name) = line.strip_prefix("+++ ") {
            path = header_path(name, "b/").unwrap_or(&old).to_owned();
        } else if let Some((old_lines, start, new_lines)) = hunk_header(line) {
            (olds, news, number) = (old_lines, new_lines, start);
            hunks.push(Hunk {
                path: path.clone(),
                lines: Vec::new(),
            });
        }
    }
    hunks.retain(|hunk| !hunk.path.is_empty() && !hunk.lines.is_empty());
    hunks
}

/// The path in a header; git puts names with unusual signs into quotes.
fn header_path<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let name = name.trim_end_matches('\t');
    let bare = name.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    bare.unwrap_or(name).strip_prefix(prefix)
}

/// Changed files that a diff does not show: binary ones, and those that are closed to the model.
pub fn not_shown(diff: &str) -> Vec<String> {
    let path = |line: &str| -> Option<String> {
        let closed = line.strip_prefix("[redacted: changes of ");
        if let Some(path) = closed.and_then(|rest| rest.strip_suffix(']')) {
            return Some(path.to_owned());
        }
        let names = line
            .strip_prefix("Binary files ")?
            .strip_suffix(" differ")?;
        let (old, new) = names.split_once(" and ")?;
        let path = header_path(new, "b/").or_else(|| header_path(old, "a/"))?;
        Some(format!("{path} (binary)"))
    };
    diff.lines().filter_map(path).collect()
}

/// The old number of lines, the first line of the new version, and its number of lines, of
/// `@@ -1,2 +3,4 @@`.
fn hunk_header(line: &str) -> Option<(u32, u32, u32)> {
    let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let lines = |range: &str| match range.split_once(',') {
        Some((_, lines)) => lines.parse().ok(),
        None => Some(1),
    };
    let start = new.split(',').next()?.parse().ok()?;
    Some((lines(old)?, start, lines(new)?))
}

/// A file that is new as a whole.
pub fn new_file(path: &str, text: &str) -> Hunk {
    let lines = (1..).zip(text.lines()).map(|(number, text)| HunkLine {
        sign: '+',
        number: Some(number),
        text: text.to_owned(),
    });
    Hunk {
        path: path.to_owned(),
        lines: lines.collect(),
    }
}

/// Hunks in batches of at most so many tokens, in their order. A larger hunk is cut.
pub fn batches(hunks: Vec<Hunk>, most: u32) -> Vec<Batch> {
    let most = most.max(200);
    let mut batches: Vec<Batch> = Vec::new();
    let mut used = 0;
    for hunk in hunks.into_iter().flat_map(|hunk| hunk.pieces(most)) {
        let cost = hunk.tokens();
        match batches.last_mut() {
            Some(batch) if used + cost <= most => {
                batch.hunks.push(hunk);
                used += cost;
            }
            _ => {
                batches.push(Batch { hunks: vec![hunk] });
                used = cost;
            }
        }
    }
    batches
}

/// Names whose definitions a hunk adds, removes or changes.
pub fn changed_names(hunk: &Hunk) -> Vec<String> {
    let changed = hunk.lines.iter().filter(|line| line.sign != ' ');
    changed
        .filter_map(|line| defined_name(&line.text))
        .collect()
}

fn defined_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    words.by_ref().find(|word| DEFINING.contains(word))?;
    let name = words.next()?;
    let end = name.find(|c: char| c != '_' && !c.is_alphanumeric());
    let name = &name[..end.unwrap_or(name.len())];
    let is_name = name.chars().count() >= SHORTEST_NAME
        && name.starts_with(|c: char| c == '_' || c.is_alphabetic());
    is_name.then(|| name.to_owned())
}
