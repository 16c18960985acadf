//! Patterns of rules: globs for paths, and the first words of commands.
//!
//! A pattern that denies matches broadly and one that allows exactly: in a `deny`, the same text
//! also matches other capitals, what is below a folder, and further words.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder, escape};

use crate::jail::folded;
use crate::permission::command::parts;

/// A path to match against rules.
pub(super) struct RulePath {
    /// Relative to the workspace root, if it is inside: `src/main.rs`.
    pub below: Option<PathName>,
    /// Absolute path; unknown while a file's examples are checked.
    pub full: Option<PathName>,
}

/// A path as text and in case-folded form, since every rule checks each word of a command.
pub(super) struct PathName {
    plain: String,
    lower: String,
    folded: String,
}

impl PathName {
    pub fn new(plain: String) -> PathName {
        let folded: Vec<_> = plain.split('/').map(folded).collect();
        let folded = folded.join("/");
        PathName {
            lower: plain_case(&plain),
            folded,
            plain,
        }
    }
}

/// What globs may match.
#[derive(Clone, Copy)]
pub(super) enum PathScope<'a> {
    /// What lies in the workspace.
    Workspace,
    /// Everything; `~/` is the home folder, if known.
    System(Option<&'a Path>),
}

/// Globs for one text of a rule.
#[derive(Clone, Debug)]
pub(super) struct PathPattern {
    globs: GlobSet,
    /// Prefixes of all paths that could match, without a final `/`; one for each name of the same
    /// folder.
    beginnings: Vec<String>,
    /// The folder that it matches with everything below, if it is exactly that.
    folder: Option<String>,
    is_full: bool,
    is_strict: bool,
}

impl PathPattern {
    pub fn parse(text: &str, is_strict: bool, reach: PathScope<'_>) -> Result<PathPattern, String> {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err("it must not be empty or contain control characters".to_owned());
        }
        if text.split('/').any(|name| name == "..") {
            return Err("write it without `..`".to_owned());
        }
        let is_full = text.starts_with(['/', '~']);
        let plain = match (text.strip_prefix('~'), reach) {
            _ if !is_full => text.trim_start_matches("./").to_owned(),
            (_, PathScope::Workspace) => {
                return Err("it must name a path in the workspace".to_owned());
            }
            (None, _) => text.to_owned(),
            (Some(rest), PathScope::System(Some(home)))
                if rest.is_empty() || rest.starts_with('/') =>
            {
                format!("{}{rest}", escape(&home.to_string_lossy()))
            }
            (Some(_), _) => {
                return Err("`~/` works only if `HOME` is set, and `~name` never does".to_owned());
            }
        };
        let mut spellings = vec![plain.clone()];
        if is_full {
            spellings.extend(real(&plain));
        }
        let mut globs = GlobSetBuilder::new();
        for spelling in &spellings {
            for glob in variants(spelling, is_strict) {
                globs.add(one(&glob, is_strict).map_err(|error| error.kind().to_string())?);
            }
        }
        let beginning = |spelling: &String| match spelling.trim_end_matches('/').contains('/') {
            true => plain_case(beginning(spelling)),
            // A name alone is one at any depth.
            false => String::new(),
        };
        Ok(PathPattern {
            globs: globs.build().map_err(|error| error.kind().to_string())?,
            beginnings: spellings.iter().map(beginning).collect(),
            folder: spellings
                .last()
                .and_then(|spelling| folder(spelling, is_strict)),
            is_full,
            is_strict,
        })
    }

    /// Whether it matches this path.
    pub fn names(&self, place: &RulePath) -> bool {
        let Some(path) = self.seen(place) else {
            return false;
        };
        if self.is_strict {
            return self.globs.is_match(&path.plain);
        }
        let is_other = path.folded != path.lower;
        self.globs.is_match(&path.lower) || is_other && self.globs.is_match(&path.folded)
    }

    /// Whether it could match something below this path.
    pub fn may_be_below(&self, place: &RulePath) -> bool {
        self.seen(place).is_some_and(|path| {
            let mut beginnings = self.beginnings.iter();
            beginnings.any(|start| is_in(&path.lower, start) || is_in(start, &path.lower))
        })
    }

    /// Whether everything that it matches is below this path, which is not the workspace root.
    pub fn is_below(&self, place: &RulePath) -> bool {
        self.seen(place).is_some_and(|path| {
            let mut beginnings = self.beginnings.iter();
            let path = path.lower.as_str();
            !matches!(path, "." | "/" | "") && beginnings.any(|start| is_in(start, path))
        })
    }

    /// The folder or file that it matches with everything below, if it is exactly that.
    pub fn folder(&self, root: &Path) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| root.join(folder))
    }

    fn seen<'a>(&self, place: &'a RulePath) -> Option<&'a PathName> {
        let path = if self.is_full {
            &place.full
        } else {
            &place.below
        };
        path.as_ref()
    }
}

/// Whether a path equals another one or is below it; everything is below an empty path and `.`.
fn is_in(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    matches!(folder, "" | ".") || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The globs that a text stands for.
fn variants(text: &str, is_strict: bool) -> Vec<String> {
    let trimmed = text.trim_end_matches('/');
    if trimmed.is_empty() {
        return vec!["/**".to_owned()];
    }
    let whole = if trimmed.contains('/') {
        trimmed.to_owned()
    } else {
        format!("**/{trimmed}")
    };
    let below = format!("{whole}/**");
    match (is_strict, text.ends_with('/')) {
        (true, true) => vec![below],
        (true, false) => vec![whole],
        (false, _) => {
            let folder = whole.strip_suffix("/**").map(str::to_owned);
            let folder = folder.filter(|folder| !matches!(folder.as_str(), "" | "**"));
            folder.into_iter().chain([whole, below]).collect()
        }
    }
}

fn one(glob: &str, is_strict: bool) -> Result<globset::Glob, globset::Error> {
    let glob = if is_strict {
        glob.to_owned()
    } else {
        plain_case(glob)
    };
    GlobBuilder::new(&glob)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
}

/// Upper case first: that is where `ſ` meets `s`.
fn plain_case(text: &str) -> String {
    text.to_uppercase().to_lowercase()
}

/// The folders at the beginning of a glob that have no wildcard in them.
fn beginning(glob: &str) -> &str {
    let wild = glob.find(['*', '?', '[', '{', '\\']);
    let folders = &glob[..wild.map_or(glob.len(), |at| glob[..at].rfind('/').unwrap_or(0))];
    folders.trim_end_matches('/')
}

/// The path in a glob that matches exactly everything below it.
fn folder(glob: &str, is_strict: bool) -> Option<String> {
    let whole = glob.strip_suffix("/**").or_else(|| glob.strip_suffix('/'));
    let whole = if is_strict {
        whole?
    } else {
        whole.unwrap_or(glob)
    };
    (whole.contains('/') || glob != whole)
        .then(|| whole.to_owned())
        .filter(|whole| !whole.is_empty() && beginning(whole) == whole)
}

/// The same glob with links in its prefix resolved, if there are any.
fn real(glob: &str) -> Option<String> {
    let start = beginning(glob);
    let mut existing = Path::new(start);
    let found: PathBuf = loop {
        match existing.canonicalize() {
            Ok(found) => break found,
            Err(_) => existing = existing.parent()?,
        }
    };
    let rest = Path::new(start).strip_prefix(existing).ok()?;
    let found = found.join(rest).to_string_lossy().into_owned();
    let found = found.trim_end_matches('/');
    (found != start).then(|| format!("{}{}", escape(found), &glob[start.len()..]))
}

/// One word of a [`CommandPattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum PatternWord {
    This(String),
    /// `*`: any one.
    Any,
}

/// The words that commands begin with.
#[derive(Clone, Debug)]
pub(super) struct CommandPattern {
    words: Vec<PatternWord>,
    /// Whether it ends in `...`.
    goes_on: bool,
}

impl CommandPattern {
    /// Parses a pattern written like a command: `git push ...`.
    pub fn parse(text: &str) -> Result<CommandPattern, String> {
        // In a command `*` would be refused.
        const STAR: &str = "@star@";
        let found = parts(&text.replace('*', STAR)).filter(|parts| parts.len() == 1);
        let Some(part) = found.and_then(|mut parts| parts.pop()) else {
            return Err("it must be one plain command, without operators".to_owned());
        };
        let words = part.words.iter().map(|word| word.replace(STAR, "*"));
        CommandPattern::of_words(words)
    }

    /// Parses a pattern that is already split into words.
    pub fn of_words(words: impl Iterator<Item = String>) -> Result<CommandPattern, String> {
        let mut words: Vec<String> = words.collect();
        let goes_on = words
            .pop_if(|last| matches!(last.as_str(), "..." | "**"))
            .is_some();
        let mut read = Vec::new();
        for word in words {
            read.push(match word.as_str() {
                "*" => PatternWord::Any,
                "..." | "**" => return Err("`...` may stand only at the end".to_owned()),
                _ if word.contains('*') => {
                    return Err(format!(
                        "`*` stands for a whole word, not a part of `{word}`"
                    ));
                }
                _ => PatternWord::This(word),
            });
        }
        if read.is_empty() && !goes_on {
            return Err("it has no command".to_owned());
        }
        Ok(CommandPattern {
            words: read,
            goes_on,
        })
    }

    /// A pattern without words, which matches nothing.
    pub fn nothing() -> CommandPattern {
        CommandPattern {
            words: vec![PatternWord::This(String::new())],
            goes_on: false,
        }
    }

    /// The words that it was read from.
    pub fn texts(&self) -> Vec<String> {
        let words = self.words.iter().map(|word| match word {
            PatternWord::This(word) => word.clone(),
            PatternWord::Any => "*".to_owned(),
        });
        let end = self.goes_on.then(|| "...".to_owned());
        words.chain(end).collect()
    }

    /// Whether it names a program, so that it does not match everything.
    pub fn names_program(&self) -> bool {
        matches!(self.words.first(), Some(PatternWord::This(_)))
    }

    /// Whether it equals this argument vector, or is a prefix and may be followed by more words.
    pub fn is(&self, vector: &[String], goes_on: bool) -> bool {
        let fits = |(word, given): (&PatternWord, &String)| match word {
            PatternWord::This(word) => word == given,
            PatternWord::Any => true,
        };
        let is_long_enough = match self.goes_on || goes_on {
            true => vector.len() >= self.words.len(),
            false => vector.len() == self.words.len(),
        };
        is_long_enough && self.words.iter().zip(vector).all(fits)
    }

    /// Whether it matches from one of the first `starts` words, with the program in any folder and
    /// options between its words: `/usr/bin/git -C x push --force` for `git push`.
    pub fn begins(&self, words: &[String], starts: usize) -> bool {
        let Some((program, rest)) = self.words.split_first() else {
            return true;
        };
        // Where the next word of the pattern may stand. All at once: trying one after the other
        // would take for ever with a thousand options.
        let mut places: Vec<bool> = vec![false; words.len() + 1];
        for (at, word) in words.iter().enumerate().take(starts) {
            places[at + 1] = match program {
                PatternWord::Any => true,
                PatternWord::This(program) => is_program(program, word),
            };
        }
        for expected in rest {
            let mut next = vec![false; words.len() + 1];
            for (at, word) in words.iter().enumerate() {
                if !places[at] {
                    continue;
                }
                next[at + 1] |= match expected {
                    PatternWord::Any => true,
                    PatternWord::This(expected) => expected == word,
                };
                if word.starts_with('-') {
                    // The option alone, or with a value behind it.
                    places[at + 1] = true;
                    let last = words.len();
                    places[(at + 2).min(last)] = true;
                }
            }
            places = next;
        }
        places.contains(&true)
    }
}

/// Whether a word may run a program: in any folder, in other capitals, with a version.
fn is_program(program: &str, word: &str) -> bool {
    let name = |path: &str| {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        let name = name.to_lowercase();
        name.strip_suffix(".exe").unwrap_or(&name).to_owned()
    };
    let (program, word) = (name(program), name(word));
    let without_version = word.trim_end_matches(|end: char| end.is_ascii_digit() || end == '.');
    program == word || program == without_version
}
