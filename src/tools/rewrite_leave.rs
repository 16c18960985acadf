//! Whether a file may be written anew: if the user wants it, or is asked because the model insists.

use std::collections::BTreeSet;

/// What the user asks for, and what the model was told.
#[derive(Debug, Default)]
pub struct RewriteLeave {
    /// The user's words, in lower case.
    request: String,
    /// Files of which the model was told to edit them instead.
    told: BTreeSet<String>,
}

impl RewriteLeave {
    /// Begins with a request of the user.
    pub(super) fn begin(&mut self, request: &str) {
        self.request = request.to_lowercase().replace('’', "'");
        self.told.clear();
    }

    /// Notes that the model was told to edit a file; whether it was told before.
    pub(super) fn tell(&mut self, path: &str) -> bool {
        !self.told.insert(path.to_owned())
    }

    /// Whether the user wants a whole file to be written anew.
    pub(super) fn is_wanted(&self, path: &str) -> bool {
        const OBJECTS: &[&str] = &["the file", "this file", "it ", "it.", "it,", "everything"];
        let path = path.to_lowercase();
        let name = path.rsplit('/').next().unwrap_or(&path);
        let is_named = |rest: &str| {
            let rest = rest.trim_start_matches([' ', '`', '"', '\'']);
            let is_object = OBJECTS.iter().any(|object| rest.starts_with(object));
            is_object || rest == "it" || rest.starts_with(&path) || rest.starts_with(name)
        };
        self.has(&["rewrite", "re-write", "overwrite"], |before, rest| {
            is_named(rest) && !is_negated(before)
        }) || self.has(
            &["start over", "empty it", "empty the file"],
            |before, _| !is_negated(before),
        ) || self.has(
            &["from scratch", "whole file", "entire file"],
            |before, _| is_written(before),
        )
    }

    /// Whether one of some phrases is in the request, between texts that fit.
    fn has(&self, phrases: &[&str], fits: impl Fn(&str, &str) -> bool) -> bool {
        phrases.iter().any(|phrase| {
            let mut places = self.request.match_indices(phrase);
            places.any(|(at, _)| fits(&self.request[..at], &self.request[at + phrase.len()..]))
        })
    }
}

/// How many words before a verb or a phrase are looked at.
const REACH: usize = 4;

/// The last words of a text, backwards, as far as its last clause reaches.
fn last_words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .rev()
        .take_while(|word| !word.ends_with([',', '.', ';', ':', '!', '?']))
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
}

fn is_negation(word: &str) -> bool {
    const NEGATIONS: &[&str] = &["not", "dont", "never", "without", "instead", "avoid"];
    word.ends_with("n't") || NEGATIONS.contains(&word)
}

/// Whether what comes after a text is negated in it.
fn is_negated(before: &str) -> bool {
    last_words(before).take(REACH).any(is_negation)
}

/// Whether what comes after a text is written: not only read, and not left as it is.
fn is_written(before: &str) -> bool {
    const WRITING: &[&str] = &[
        "write",
        "rewrite",
        "re-write",
        "overwrite",
        "replace",
        "regenerate",
    ];
    const OTHER_VERBS: &[&str] = &["and", "but", "then", "read", "in"];
    let words: Vec<&str> = last_words(before).take(2 * REACH + 1).collect();
    let is_verb =
        |word: &&str| WRITING.contains(word) || OTHER_VERBS.contains(word) || is_negation(word);
    let verb = words.iter().take(REACH + 1).position(is_verb);
    verb.is_some_and(|at| {
        let mut earlier = words[at + 1..].iter().take(REACH);
        WRITING.contains(&words[at]) && !earlier.any(|word| is_negation(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_words_are_leave() {
        for (request, expected) in [
            ("Rewrite stats.py.", true),
            ("Please rewrite `src/stats.py` with classes", true),
            ("Overwrite the file with this:", true),
            ("rewrite it", true),
            ("Write stats.py from scratch", true),
            ("Empty it.", true),
            ("Rewrite the whole file.", true),
            ("Replace the contents of the entire file", true),
            ("Instead of editing, rewrite it", true),
            ("I don't like it. Rewrite it.", true),
            ("Do not rewrite the whole file, fix only `mean`", false),
            ("Read the entire file and fix the bug", false),
            ("Read the entire file and write a test", false),
            ("don't rewrite it", false),
            ("Don’t overwrite stats.py", false),
            ("Never rewrite the file", false),
            ("Fix mean without writing it from scratch", false),
            ("Rewrite mean instead of the whole file", false),
            ("Rewrite mean, not the entire file", false),
            ("Rewrite the function mean in stats.py", false),
            ("Replace mean by median in stats.py", false),
            ("Fix the crash on an empty list", false),
            ("", false),
        ] {
            let mut leave = RewriteLeave::default();
            leave.begin(request);
            assert_eq!(leave.is_wanted("src/stats.py"), expected, "{request}");
        }
    }

    #[test]
    fn each_request_begins_anew() {
        let mut leave = RewriteLeave::default();
        assert!(!leave.tell("a.rs"));
        assert!(leave.tell("a.rs"));
        leave.begin("Fix it.");
        assert!(!leave.tell("a.rs"));
    }
}
