//! A parsed query: its words, their variants, the symbols that it names.

use std::collections::HashSet;

use frostem::{Algorithm, Stemmer};

use crate::unspaced::{is_unspaced, pairs};

/// Words of questions that say nothing about code. Kept when nothing else is left.
const STOP_WORDS: &[&str] = &[
    "a",
    "all",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "been",
    "being",
    "between",
    "but",
    "by",
    "can",
    "code",
    "defined",
    "do",
    "does",
    "each",
    "for",
    "from",
    "get",
    "has",
    "have",
    "how",
    "i",
    "implementation",
    "implemented",
    "in",
    "into",
    "is",
    "it",
    "its",
    "me",
    "my",
    "not",
    "of",
    "on",
    "or",
    "our",
    "show",
    "so",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "they",
    "this",
    "to",
    "used",
    "uses",
    "using",
    "via",
    "was",
    "we",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "you",
    "your",
];

/// A parsed query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// As it was asked.
    pub text: String,
    /// Lower-case words that carry meaning, identifiers split, each once, in order.
    pub words: Vec<String>,
    /// Words that look like identifiers, as written, without their qualifiers.
    pub symbols: Vec<String>,
    /// Whether the whole query is one identifier, perhaps qualified: `Foo::bar`.
    pub is_symbol: bool,
    /// Pairs of letters of scripts that are written without spaces.
    pub pairs: Vec<String>,
    /// What a long text asks: its first line, or the sentence that is a question.
    pub title: Option<Box<Query>>,
}

/// Words beyond which a query is a text that is pasted: an issue, a log, a page of a document.
const MOST_WORDS: usize = 12;
/// Words that a title has at most, stop words included.
const LONGEST_TITLE: usize = 25;

/// Names in a pasted text that are looked up,
const MOST_NAMES: usize = 100;
/// and the most chunks that may define one of them: a commoner one (`Error`, `__init__`) tells nothing.
const MOST_DEFINITIONS: usize = 100;

impl Query {
    /// Reads a query.
    pub fn parse(text: &str) -> Query {
        let mut query = Query::parse_part(text);
        if query.words.len() > MOST_WORDS {
            let title = title_of(&query.text).map(Query::parse_part);
            query.title = title
                .filter(|title| !title.words.is_empty() && !title.is_symbol)
                .map(Box::new);
        }
        query
    }

    fn parse_part(text: &str) -> Query {
        let text = text.trim();
        let tokens: Vec<&str> = text.split_whitespace().map(trim_punctuation).collect();
        let is_name = tokens.len() == 1 && is_qualified_name(tokens[0]);
        let symbols = symbols(&tokens, is_name);
        let is_symbol = is_name && !text.contains(is_unspaced);
        let mut seen = HashSet::new();
        let words = tokens.iter().flat_map(|token| subwords(token));
        let words: Vec<String> = words.filter(|word| seen.insert(word.clone())).collect();
        let telling: Vec<String> = words
            .iter()
            .filter(|word| !is_stop_word(word))
            .cloned()
            .collect();
        let words = if telling.is_empty() { words } else { telling };
        Query {
            text: text.to_owned(),
            words,
            symbols,
            is_symbol,
            pairs: pairs(text),
            title: None,
        }
    }

    /// The part that says what is asked: the title of a long text, else all of it.
    pub fn asked(&self) -> &Query {
        self.title.as_deref().unwrap_or(self)
    }

    /// Texts for full-text retrieval, with their weights: the words as asked, then what a long text
    /// says beside what it asks. Each stem is in them once.
    pub fn full_text(&self) -> Vec<(String, u8)> {
        let asked = self.asked();
        // A whole identifier is a term of its own and much rarer than its parts.
        let symbols = self.symbols.iter().map(|symbol| symbol.to_lowercase());
        let words = asked.words.iter().cloned().chain(symbols);
        let mut stems = HashSet::new();
        let mut distinct = |words: &mut dyn Iterator<Item = String>| -> Vec<String> {
            words.filter(|word| stems.insert(stem(word))).collect()
        };
        let mut words = distinct(&mut words.chain(asked.pairs.iter().cloned()));
        let beside = distinct(&mut self.words.iter().cloned());
        if beside.is_empty() {
            return vec![(words.join(" "), 1)];
        }
        words.retain(|word| !word.is_empty());
        vec![
            (words.join(" "), WORD_WEIGHT),
            (beside.join(" "), BESIDE_WEIGHT),
        ]
    }

    /// Whether it is a question and not a text that was pasted, in which any word may be by chance.
    pub fn is_short(&self) -> bool {
        self.title.is_none() && self.words.len() <= MOST_WORDS
    }

    /// The names whose definitions are looked up, and how many chunks may define one of them for that.
    pub(crate) fn names(&self) -> (&[String], usize) {
        let names = self.symbols.as_slice();
        match self.is_short() {
            true => (names, usize::MAX),
            false => (&names[..names.len().min(MOST_NAMES)], MOST_DEFINITIONS),
        }
    }

    /// Whether somebody asks what they can do: `how do I …`, `may I …`, `is it safe to …`.
    pub fn asks_for_guidance(&self) -> bool {
        let lower = self.text.to_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphabetic());
        let begins = |opening: &&str| lower.starts_with(*opening);
        self.is_short()
            && (GUIDANCE_OPENINGS.iter().any(begins) || words.any(|word| OWN_WORDS.contains(&word)))
    }

    /// Whether the tests of something are asked for: `does it have tests`, `the test for retries`; not
    /// what only has the word in its name: `the test client`.
    pub fn asks_for_tests(&self) -> bool {
        if !self.is_short() {
            return false;
        }
        let lower = self.asked().text.to_lowercase();
        let words: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric() && c != '\'')
            .filter(|word| !word.is_empty())
            .collect();
        let is_noun = |at: usize| {
            let next = words.get(at + 1);
            next.is_none_or(|next| BEHIND_TESTS.contains(next))
        };
        let are_run = words.iter().any(|word| RUNNING.contains(word));
        words.len() > 1
            && !are_run
            && (0..words.len()).any(|at| matches!(words[at], "test" | "tests") && is_noun(at))
    }

    /// Whether a change is demanded: `fix …`, `adds …`, `fix(parser): …`.
    pub fn demands_change(&self) -> bool {
        let first = self.asked().text.split_whitespace().take(2);
        let mut verbs = first.map(|token| {
            let end = token.find(|c: char| !c.is_alphabetic());
            stem(&token[..end.unwrap_or(token.len())].to_lowercase())
        });
        verbs.any(|verb| CHANGE_VERBS.iter().any(|it| stem(it) == verb))
    }

    /// Whether one of some words is asked for. Of a long text any word may be there by chance.
    pub fn mentions(&self, any: &[&str]) -> bool {
        let words = &self.asked().words;
        words.len() <= MOST_WORDS
            && any
                .iter()
                .any(|word| words.iter().any(|asked| asked == word))
    }
}

/// How often a word of the title of a long text counts,
const WORD_WEIGHT: u8 = 3;
/// and how often one that is not in its title.
const BESIDE_WEIGHT: u8 = 1;

/// Words of people who speak of themselves.
const OWN_WORDS: &[&str] = &["i", "my", "me", "we", "our", "us"];

/// How questions begin that ask what may be done, not how code does it.
const GUIDANCE_OPENINGS: &[&str] = &[
    "can ",
    "may ",
    "should ",
    "will ",
    "would ",
    "is it ",
    "is there ",
    "are there ",
    "how to ",
    "how can ",
    "how should ",
];

/// Words with which tests are to be run, not found.
const RUNNING: &[&str] = &["execute", "rerun", "run", "running"];

/// Words behind `test` where it stands for the tests of something.
const BEHIND_TESTS: &[&str] = &[
    "and", "are", "case", "cases", "cover", "covers", "exist", "fail", "fails", "file", "files",
    "for", "in", "is", "it", "of", "or", "pass", "that", "there", "to", "too", "which",
];

/// What is demanded of code.
const CHANGE_VERBS: &[&str] = &[
    "add",
    "allow",
    "avoid",
    "change",
    "clean",
    "convert",
    "correct",
    "deprecate",
    "drop",
    "ensure",
    "extract",
    "fix",
    "handle",
    "implement",
    "improve",
    "introduce",
    "make",
    "move",
    "optimise",
    "optimize",
    "prevent",
    "refactor",
    "remove",
    "rename",
    "replace",
    "revert",
    "simplify",
    "support",
    "update",
    "use",
];

/// The first line of a text, or of one paragraph the sentence that is a question, or the first one.
fn title_of(text: &str) -> Option<&str> {
    let is_short = |part: &&str| part.split_whitespace().count() <= LONGEST_TITLE;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next()?;
    if is_short(&first) && lines.next().is_some() {
        return Some(first);
    }
    let sentences = || text.split_inclusive(['.', '?', '!', '\n']).map(str::trim);
    let question = sentences().find(|sentence| sentence.ends_with('?') && is_short(sentence));
    question.or_else(|| {
        sentences()
            .find(|sentence| sentence.contains(' '))
            .filter(is_short)
    })
}

/// Whether a word of a question says nothing about code.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.contains(&word)
}

fn trim_punctuation(token: &str) -> &str {
    token.trim_matches(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The identifiers of a token: `Foo::bar` has two, `don't` none.
fn identifiers(token: &str) -> impl Iterator<Item = &str> {
    let plain = token
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | ':' | '.' | '#' | '-' | '>' | '/' | '$'));
    token
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(move |part| plain && part.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// Whether a token is a name as code writes it: `Foo::bar`, `foo.bar`; not `utf-8`, `src/a.rs`.
fn is_qualified_name(token: &str) -> bool {
    !token.replace("->", ".").contains(['/', '-']) && identifiers(token).next().is_some()
}

fn symbols(tokens: &[&str], is_symbol: bool) -> Vec<String> {
    let mut symbols = Vec::new();
    let mut seen = HashSet::new();
    for token in tokens {
        // Of a qualified name the last part is what is defined somewhere.
        let Some(name) = identifiers(token).last() else {
            continue;
        };
        let is_name = looks_like_identifier(name) && !is_stop_word(&name.to_lowercase());
        if (is_symbol || is_name) && seen.insert(name) {
            symbols.push(name.to_owned());
        }
    }
    symbols
}

/// Whether a word in a sentence is a name out of code: it has capitals, `_` or digits.
fn looks_like_identifier(word: &str) -> bool {
    word.len() > 2
        && word
            .chars()
            .any(|c| c.is_uppercase() || c == '_' || c.is_ascii_digit())
}

/// Splits at `_`, other punctuation, lower-to-upper and the end of an acronym, all in lower case.
pub fn subwords(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        let characters: Vec<char> = run.chars().collect();
        let mut start = 0;
        for at in 1..=characters.len() {
            if at == characters.len() || is_boundary(&characters, at) {
                let word: String = characters[start..at].iter().collect();
                words.push(word.to_lowercase());
                start = at;
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_boundary(characters: &[char], at: usize) -> bool {
    let (before, here) = (characters[at - 1], characters[at]);
    let after = characters.get(at + 1);
    (before.is_lowercase() && here.is_uppercase())
        || (before.is_uppercase() && here.is_uppercase() && after.is_some_and(|c| c.is_lowercase()))
        || (before.is_numeric() != here.is_numeric())
}

/// The stem of a word in lower case, as the full-text index has it (Snowball's for English).
pub fn stem(word: &str) -> String {
    Stemmer::new(Algorithm::English).stem(word).into_owned()
}

/// The name of a path's file up to its first dot; of a hidden file all of it.
pub fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.split_once('.')
        .map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}
