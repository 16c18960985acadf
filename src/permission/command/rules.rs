//! Rules for known argument vectors, and how their options are parsed.

use ollacode_secrets::secret_path;

use super::words::ArgumentVector;
use super::{git, reading};

/// Known argument vectors of one program.
///
/// An option that is not listed, or is shortened, makes the vector unknown.
pub(super) struct KnownCommand {
    /// The program, and its subcommand if it has any.
    pub words: &'static [&'static str],
    /// Short options without a value; they may be joined: `-la`.
    pub flags: &'static str,
    /// Short options with a value, joined to it or not: `-n5`, `-n 5`.
    pub values: &'static str,
    /// Other options. One that ends in `=` has its value after that, one that ends in a space has
    /// it in the next argument. If `--` is listed, options may follow it.
    pub long: &'static [&'static str],
    /// Judges the whole vector: the paths that would be opened, if it is known.
    pub judge: Judge,
}

/// Makes a rule: words, flags, short options with values, other options, and who judges.
pub(super) const fn rule(
    words: &'static [&'static str],
    flags: &'static str,
    values: &'static str,
    long: &'static [&'static str],
    judge: Judge,
) -> KnownCommand {
    KnownCommand {
        words,
        flags,
        values,
        long,
        judge,
    }
}

/// Gives the paths that a vector opens, if it is known.
pub(super) type Judge = for<'a> fn(&ParsedArguments<'a>) -> Option<Vec<&'a str>>;

/// The arguments after the words of a rule.
#[derive(Debug, Default)]
pub(super) struct ParsedArguments<'a> {
    /// Options by name, without `=`, and their values.
    pub options: Vec<(&'a str, Option<&'a str>)>,
    /// Arguments that are not options.
    pub operands: Vec<&'a str>,
    /// Whether it reads the output of the command before it.
    pub piped: bool,
}

/// Gives the paths that a vector opens, if it is known and only reads.
pub(super) fn reads(vector: &ArgumentVector) -> Option<Vec<&str>> {
    let own = match vector.words[0].as_str() {
        // No argument makes it do more than print.
        "echo" => Some(Vec::new()),
        "find" => reading::find(&vector.words[1..]),
        "sed" => reading::sed(&vector.words[1..]),
        _ => None,
    };
    own.or_else(|| allowed(reading::RULES, vector))
        .or_else(|| allowed(git::READING, vector))
}

/// Gives the paths that a vector opens, if one of some rules knows it.
fn allowed<'a>(rules: &[KnownCommand], vector: &'a ArgumentVector) -> Option<Vec<&'a str>> {
    rules.iter().find_map(|rule| rule.allows(vector))
}

impl KnownCommand {
    /// Gives the paths that a vector opens, if this rule knows it.
    pub fn allows<'a>(&self, vector: &'a ArgumentVector) -> Option<Vec<&'a str>> {
        let mut words = vector.words.iter().map(String::as_str).peekable();
        for (at, expected) in self.words.iter().enumerate() {
            // It changes nothing, since there is no terminal.
            if at == 1 && self.words[0] == "git" {
                words.next_if_eq(&"--no-pager");
            }
            if words.next()? != *expected {
                return None;
            }
        }
        let mut arguments = ParsedArguments {
            piped: vector.piped,
            ..ParsedArguments::default()
        };
        while let Some(word) = words.next() {
            if word == "--" && !self.long.contains(&"--") {
                arguments.operands.extend(words.by_ref());
            } else if word == "-" || !word.starts_with('-') {
                arguments.operands.push(word);
            } else if !self.takes_long(word, &mut words, &mut arguments) {
                self.take_short(word, &mut words, &mut arguments)?;
            }
        }
        (self.judge)(&arguments)
    }

    /// Parses an option that is listed in full; returns whether it is one.
    fn takes_long<'a>(
        &self,
        word: &'a str,
        words: &mut impl Iterator<Item = &'a str>,
        arguments: &mut ParsedArguments<'a>,
    ) -> bool {
        let (name, joined) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let listed = |end: &str| {
            let mut long = self.long.iter();
            long.any(|option| option.strip_suffix(end) == Some(name))
        };
        let value = match joined {
            Some(value) if listed("=") => Some(value),
            None if listed(" ") => match words.next() {
                Some(value) => Some(value),
                None => return false,
            },
            None if self.long.contains(&name) => None,
            _ => return false,
        };
        arguments.options.push((name, value));
        true
    }

    /// Parses short options: `-la`, `-n5`, `-n 5`.
    fn take_short<'a>(
        &self,
        word: &'a str,
        words: &mut impl Iterator<Item = &'a str>,
        arguments: &mut ParsedArguments<'a>,
    ) -> Option<()> {
        let cluster = word.strip_prefix('-')?;
        // `head -5c` is not `head -5 -c`: what follows would be a file.
        let is_digit = |c: char| c.is_ascii_digit();
        if cluster.starts_with(is_digit) && !cluster.chars().all(is_digit) {
            return None;
        }
        // `tree -Io` is `tree -I -o`: it never takes a value out of the same word.
        let joins = |end: usize| self.words[0] != "tree" || end == cluster.len();
        for (at, option) in cluster.char_indices() {
            let end = at + option.len_utf8();
            let name = &cluster[at..end];
            if self.flags.contains(option) {
                arguments.options.push((name, None));
            } else if self.values.contains(option) && joins(end) {
                let joined = &cluster[end..];
                let value = if joined.is_empty() {
                    words.next()?
                } else {
                    joined
                };
                arguments.options.push((name, Some(value)));
                return Some(());
            } else {
                return None;
            }
        }
        Some(())
    }
}

impl<'a> ParsedArguments<'a> {
    /// Whether one of some options is given.
    pub fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(name))
    }

    /// The values of some options.
    pub fn values(&self, names: &[&str]) -> impl Iterator<Item = &'a str> {
        let given = self.options.iter();
        given.filter_map(move |(name, value)| value.filter(|_| names.contains(name)))
    }
}

/// Options and nothing else.
pub(super) fn nothing<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    arguments.operands.is_empty().then(Vec::new)
}

/// Operands are text, not files.
pub(super) fn texts<'a>(_: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    Some(Vec::new())
}

/// Operands are files or folders.
pub(super) fn paths<'a>(arguments: &ParsedArguments<'a>) -> Option<Vec<&'a str>> {
    files(&arguments.operands)
}

/// Files and folders that may be read without approval; `-` is standard input and left out.
pub(super) fn files<'a>(operands: &[&'a str]) -> Option<Vec<&'a str>> {
    let paths = operands.iter().copied().filter(|operand| *operand != "-");
    paths
        .map(|path| may_be_read(path).then_some(path))
        .collect()
}

/// Whether a path, by its text, is in the workspace and is neither secret nor ours or git's.
pub(super) fn may_be_read(path: &str) -> bool {
    if path.is_empty() || !is_below(path) {
        return false;
    }
    let names: Vec<_> = path
        .split('/')
        .filter(|name| !matches!(*name, "" | "."))
        .collect();
    let is_internal =
        |name: &str| name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case(".ollacode");
    !names.iter().any(|name| is_internal(name)) && secret_path(&names.join("/")).is_none()
}

/// Whether a path, by its text, stays below the folder that it starts in.
pub(super) fn is_below(path: &str) -> bool {
    !path.starts_with(['/', '~', '\\']) && !path.split(['/', '\\']).any(|name| name == "..")
}
