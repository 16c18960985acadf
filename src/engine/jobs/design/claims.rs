//! Checks what a model says of a part: each sentence cites lines that it was shown, and names only
//! what exists.

use std::collections::{BTreeMap, HashSet};

use crate::engine::names::{is_path, names};
use crate::engine::proof::citations::named_places;
use crate::visible::escape_hidden;

/// Longest sentence, in characters.
const LONGEST: usize = 500;
/// Shortest one, in letters.
const SHORTEST: usize = 12;

/// What a model was shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// First and last lines, by path.
    lines: BTreeMap<String, Vec<(u64, u64)>>,
    words: HashSet<String>,
}

impl Shown {
    /// Adds lines of a file, and words of the text in which they were shown.
    pub(super) fn add(&mut self, path: &str, first: u64, last: u64) {
        let ranges = self.lines.entry(path.to_owned()).or_default();
        ranges.push((first, last));
        ranges.sort_unstable();
        let mut joined: Vec<(u64, u64)> = Vec::new();
        for (first, last) in ranges.drain(..) {
            match joined.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last)
                }
                _ => joined.push((first, last)),
            }
        }
        *ranges = joined;
    }

    pub(super) fn add_words(&mut self, text: &str) {
        self.words.extend(words(text).map(str::to_owned));
    }

    fn has(&self, path: &str, first: u64, last: u64) -> bool {
        let ranges = self.lines.get(path).into_iter().flatten();
        let mut around = ranges.filter(|(start, end)| *start <= first && last <= *end);
        first > 0 && first <= last && around.next().is_some()
    }

    /// The path that a citation means: itself, or the only one that was shown and ends with it.
    fn meant<'a>(&'a self, path: &'a str) -> Option<&'a str> {
        if self.lines.contains_key(path) {
            return Some(path);
        }
        let ending = format!("/{path}");
        let mut fitting = self.lines.keys().filter(|shown| shown.ends_with(&ending));
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}

/// What exists in the project.
#[derive(Clone, Debug, Default)]
pub(super) struct Existing {
    pub paths: HashSet<String>,
    /// Names of definitions, and parts of paths.
    pub names: HashSet<String>,
}

impl Existing {
    pub(super) fn add_path(&mut self, path: &str) {
        let mut folder = path;
        self.paths.insert(path.to_owned());
        while let Some((above, _)) = folder.rsplit_once('/') {
            if !self.paths.insert(above.to_owned()) {
                break;
            }
            folder = above;
        }
        for name in path.split('/') {
            self.names.extend(words(name).map(str::to_owned));
        }
    }

    pub(super) fn add_name(&mut self, name: &str) {
        self.names.extend(words(name).map(str::to_owned));
    }

    /// Whether a path is one of a file or folder, or the end of one.
    pub(super) fn has_path(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let ending = format!("/{path}");
        self.paths.contains(path) || self.paths.iter().any(|known| known.ends_with(&ending))
    }
}

/// Identifiers and other words of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// Why a sentence is taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is no sentence that can stand in a document.
    Unfit,
    /// It cites nothing.
    Uncited,
    /// It cites lines that do not exist or were not shown; as written.
    Citation(String),
    /// It names what does not exist.
    Name(String),
}

/// A sentence that holds, with its citation behind it, for a document.
pub(super) fn checked(
    sentence: &str,
    at: &str,
    shown: &Shown,
    existing: &Existing,
) -> Result<String, Doubt> {
    let sentence = plain(sentence, SHORTEST).ok_or(Doubt::Unfit)?;
    let (sentence, in_text) = with_meant_paths(&sentence, shown)?;
    let at = at.trim().trim_matches(['`', '(', ')', '[', ']', '.']);
    let (at, behind) = if in_text.iter().any(|cited| cited == at) {
        (String::new(), Vec::new())
    } else {
        with_meant_paths(at, shown)?
    };
    if in_text.is_empty() && behind.is_empty() {
        return Err(match at.trim() {
            "" => Doubt::Uncited,
            other => Doubt::Citation(other.to_owned()),
        });
    }
    let unknown = names(&sentence)
        .into_iter()
        .find(|name| !exists(name, shown, existing));
    if let Some(name) = unknown {
        return Err(Doubt::Name(name));
    }
    let sentence = sentence.trim_end_matches(['.', ' ', ';', ',']);
    let cited: Vec<String> = behind
        .into_iter()
        .filter(|cited| !in_text.contains(cited))
        .map(|cited| format!("`{cited}`"))
        .collect();
    Ok(if cited.is_empty() {
        format!("{sentence}.")
    } else {
        format!("{sentence} ({}).", cited.join(", "))
    })
}

/// A sentence in one line, which can be no heading, list, link, mark or block of Markdown; `None` if it
/// has fewer letters than `shortest`, or is nothing of the kind.
pub(super) fn plain(sentence: &str, shortest: usize) -> Option<String> {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let line = escape_hidden(&words.join(" ")).into_owned();
    let line = line.trim_start_matches(|c: char| "#*->+|=~ ".contains(c));
    let letters = line.chars().filter(|c| c.is_alphanumeric()).count();
    let is_fit = (shortest..=LONGEST).contains(&letters)
        && line.chars().count() <= LONGEST
        && !["```", "~~~", "://", "](", "[redacted"]
            .iter()
            .any(|sign| line.contains(sign))
        && line.matches('`').count() % 2 == 0;
    is_fit.then(|| without_tags(line))
}

/// A line with the signs of HTML as text, but not in code.
fn without_tags(line: &str) -> String {
    let parts = line.split('`').enumerate().map(|(place, part)| {
        if place % 2 == 1 {
            part.replace("-->", "-- >").replace("<!--", "<! --")
        } else {
            part.replace('<', "&lt;").replace('>', "&gt;")
        }
    });
    parts.collect::<Vec<String>>().join("`")
}

/// A text whose citations have whole paths, and these citations; an error for one that does not hold.
fn with_meant_paths(text: &str, shown: &Shown) -> Result<(String, Vec<String>), Doubt> {
    let mut whole = String::new();
    let mut copied = 0;
    let mut cited = Vec::new();
    for place in named_places(text) {
        // `localhost:8080` is none.
        let meant = shown.meant(&place.path);
        if place.range.start < copied || meant.is_none() && !is_path(&place.path) {
            continue;
        }
        let written = text[place.range.clone()].to_owned();
        let Some(path) = meant.filter(|path| shown.has(path, place.start, place.end)) else {
            return Err(Doubt::Citation(written));
        };
        let citation = if place.start == place.end {
            format!("{path}:{}", place.start)
        } else {
            format!("{path}:{}-{}", place.start, place.end)
        };
        whole.push_str(&text[copied..place.range.start]);
        whole.push_str(&citation);
        copied = place.range.end;
        if !cited.contains(&citation) {
            cited.push(citation);
        }
    }
    whole.push_str(&text[copied..]);
    Ok((whole, cited))
}

fn exists(name: &str, shown: &Shown, existing: &Existing) -> bool {
    let path = name.split([':', '#']).next().unwrap_or(name);
    if path.contains('/') || is_path(name) && !name.contains("::") {
        return existing.has_path(path);
    }
    words(name).all(|word| {
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        is_number || shown.words.contains(word) || existing.names.contains(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        let mut shown = Shown::default();
        shown.add("src/net/server.rs", 1, 20);
        shown.add("src/net/server.rs", 21, 30);
        shown.add("src/net/client.rs", 5, 9);
        shown.add("src/old/client.rs", 1, 3);
        shown.add_words("pub fn dial(host: &str) -> Connection { retry_limit }");
        shown
    }

    fn existing() -> Existing {
        let mut existing = Existing::default();
        for path in [
            "src/net/server.rs",
            "src/net/client.rs",
            "src/old/client.rs",
            "docs/use.md",
        ] {
            existing.add_path(path);
        }
        existing.add_name("Server::accept");
        existing
    }

    fn check(sentence: &str, at: &str) -> Result<String, Doubt> {
        checked(sentence, at, &shown(), &existing())
    }

    fn wrong(cited: &str) -> Result<String, Doubt> {
        Err(Doubt::Citation(cited.to_owned()))
    }

    #[test]
    fn a_sentence_that_holds_has_its_citation_behind_it() {
        for (sentence, at, expected) in [
            (
                "It accepts connections with `Server::accept`.",
                "src/net/server.rs:12-24",
                "It accepts connections with `Server::accept` (`src/net/server.rs:12-24`).",
            ),
            (
                "As `server.rs:12` says,\n it listens on a port.",
                "",
                "As `src/net/server.rs:12` says, it listens on a port.",
            ),
            (
                "It dials with `dial()` until the `retry_limit`",
                "`src/net/client.rs:5`",
                "It dials with `dial()` until the `retry_limit` (`src/net/client.rs:5`).",
            ),
            (
                "- It listens at localhost:8080 (src/net/server.rs:3).",
                "src/net/server.rs:3",
                "It listens at localhost:8080 (src/net/server.rs:3).",
            ),
        ] {
            assert_eq!(check(sentence, at), Ok(expected.to_owned()), "{sentence}");
        }
    }

    #[test]
    fn a_wrong_citation_takes_its_sentence_out() {
        let says = "It accepts connections from clients.";
        assert_eq!(check(says, ""), Err(Doubt::Uncited));
        assert_eq!(check(says, "somewhere"), wrong("somewhere"));
        for at in [
            "src/net/server.rs:31",
            "src/net/server.rs:25-31",
            "src/net/server.rs:0",
            "src/net/server.rs:9-3",
            "src/net/lost.rs:1",
            // Two files have this name.
            "client.rs:2",
            // It exists, but was not shown.
            "docs/use.md:1",
        ] {
            assert_eq!(check(says, at), wrong(at), "{at}");
        }
        let mixed = "It accepts connections as in src/net/server.rs:99 too.";
        assert_eq!(
            check(mixed, "src/net/server.rs:1"),
            wrong("src/net/server.rs:99")
        );
    }

    #[test]
    fn what_is_named_must_exist() {
        let at = "src/net/server.rs:1";
        for (sentence, name) in [
            ("It begins in `Server::fly` of this part.", "Server::fly"),
            (
                "It calls parse_everything for each client.",
                "parse_everything",
            ),
            ("It reads src/net/lost.rs and listens.", "src/net/lost.rs"),
        ] {
            assert_eq!(check(sentence, at), Err(Doubt::Name(name.to_owned())));
        }
        for sentence in [
            "It has server.rs and the folder src/net/ in it.",
            "It hands a `Connection` to the client module.",
        ] {
            assert!(check(sentence, at).is_ok(), "{sentence}");
        }
    }

    #[test]
    fn nothing_but_a_sentence_gets_into_a_document() {
        let at = "src/net/server.rs:1";
        for sentence in [
            "",
            "...",
            "See https://example.com/exfiltrate for the rest of it.",
            "![picture](x) is what it shows to everybody.",
            "```\ncode and code and code\n```",
            "An odd number of ` ticks is in this sentence.",
            "The key is [redacted: value in .env] as it seems.",
        ] {
            assert_eq!(check(sentence, at), Err(Doubt::Unfit), "{sentence}");
        }
        let long = "long words ".repeat(100);
        assert_eq!(check(&long, at), Err(Doubt::Unfit));
        let hostile = check(
            "# It <!-- /ollacode:design --> accepts <b>all</b> clients",
            at,
        );
        let hostile = hostile.expect("a sentence");
        assert!(!hostile.contains(['<', '>', '\n', '#']), "{hostile}");
    }
}
