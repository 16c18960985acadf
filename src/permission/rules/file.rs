//! Parses `config.toml` and reports errors in it.

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;
use std::{fs, io};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::command_words::{rule_path, split_command};
use super::judge::allows;
use super::pattern::{CommandPattern, PathPattern, PathScope};
use super::tool_pattern::{ToolName, ToolPattern};
use super::{
    Pattern, Rule, RuleKind, RuleVerdict, RulesError, UserRules, checks, mcp_servers,
    model_servers, user_hooks, user_tools,
};
use crate::visible::escape_hidden;

/// Largest file, in bytes.
pub(super) const MOST_BYTES: u64 = 256 << 10;
/// Most rules of a file.
const MOST_RULES: usize = 1000;
/// Longest text of a file quoted in messages, in characters.
const SHOWN: usize = 80;

const VERDICTS: &[(&str, RuleVerdict)] = &[
    ("deny", RuleVerdict::Deny),
    ("ask", RuleVerdict::Ask),
    ("allow", RuleVerdict::Allow),
];

const KINDS: &[(&str, RuleKind)] = &[
    ("read", RuleKind::Read),
    ("write", RuleKind::Write),
    ("command", RuleKind::Command),
    ("network", RuleKind::Network),
    ("tool", RuleKind::Tool),
];

/// Reads the user's file.
pub(super) fn read(path: &Path, home: Option<&Path>) -> Result<UserRules, RulesError> {
    let text = match read_text(path) {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(UserRules::default()),
        Err(source) => {
            let path = path.to_owned();
            return Err(RulesError::Unreadable { path, source });
        }
    };
    let (user, problems) = parse_user(&text, &path.display(), home);
    match problems.into_iter().next() {
        None => Ok(user),
        Some(RulesProblem { line, what }) => Err(RulesError::Wrong {
            path: path.to_owned(),
            line,
            problem: what,
        }),
    }
}

fn read_text(path: &Path) -> io::Result<Option<String>> {
    // A link that leads nowhere is no absent file: it was to say something.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        looked => looked?,
    };
    let metadata = fs::metadata(path)?;
    // Opening a FIFO would wait for ever.
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > MOST_BYTES {
        return Err(io::Error::other(format!(
            "it is larger than {MOST_BYTES} bytes"
        )));
    }
    fs::read_to_string(path).map(Some)
}

/// An error in a file.
pub(super) struct RulesProblem {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Parses a user's file and reports all errors, in order.
pub(super) fn parse_user(
    text: &str,
    file: &dyn Display,
    home: Option<&Path>,
) -> (UserRules, Vec<RulesProblem>) {
    let mut reader = RulesReader::new(text, file, PathScope::System(home));
    let mut user = UserRules {
        home: home.map(Path::to_owned),
        ..UserRules::default()
    };
    for (key, value) in reader.table() {
        let name = key.get_ref().as_ref();
        if let Some(verdict) = known(VERDICTS, name) {
            reader.rules(verdict, name, &value);
        } else if name == "workspaces" {
            reader.workspaces(&value, &mut user);
        } else if name == "check" {
            user.checks = checks::read(&mut reader, &value);
        } else if name == "mcp" {
            user.servers = mcp_servers::read(&mut reader, &value);
        } else if name == "server" {
            user.model_servers = model_servers::read(&mut reader, &value);
        } else if name == "hook" {
            user.hooks = user_hooks::read(&mut reader, &value);
        } else if name == "tool" {
            user.tools = user_tools::read(&mut reader, &value);
        } else {
            let keys = [
                "deny",
                "ask",
                "allow",
                "workspaces",
                "check",
                "mcp",
                "server",
                "hook",
                "tool",
            ];
            reader.unknown(&key, &keys);
        }
    }
    reader.check_tool_rules(&user);
    user.rules = std::mem::take(&mut reader.rules);
    (user, reader.problems())
}

fn known<T: Copy>(rows: &[(&str, T)], name: &str) -> Option<T> {
    rows.iter().find(|row| row.0 == name).map(|row| row.1)
}

/// A text of a file for messages: one line, shortened, hidden characters escaped.
pub(super) fn quoted_excerpt(text: &str) -> String {
    let short: String = text.chars().take(SHOWN).collect();
    let end = if short.len() < text.len() { "…" } else { "" };
    let short = short.replace(['\n', '\t'], " ").replace('`', "'");
    format!("{}{end}", escape_hidden(&short))
}

type TomlKey<'a> = Spanned<toml::de::DeString<'a>>;
type TomlValue<'a> = Spanned<DeValue<'a>>;

/// Collects rules and errors.
pub(super) struct RulesReader<'a> {
    text: &'a str,
    file: &'a dyn Display,
    reach: PathScope<'a>,
    pub rules: Vec<Rule>,
    /// Rules about tools: where they are in `rules`, and in the text.
    tool_rules: Vec<(usize, Range<usize>)>,
    problems: Vec<RulesProblem>,
}

impl<'a> RulesReader<'a> {
    pub fn new(text: &'a str, file: &'a dyn Display, reach: PathScope<'a>) -> RulesReader<'a> {
        RulesReader {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            file,
            reach,
            rules: Vec::new(),
            tool_rules: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The keys at the top, as far as they can be read.
    pub fn table(&mut self) -> Vec<(TomlKey<'a>, TomlValue<'a>)> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let what = format!("not valid TOML: {}", quoted_excerpt(error.message()));
            self.wrong(&error.span().unwrap_or_default(), what);
        }
        table.into_inner().into_iter().collect()
    }

    /// The errors, by line.
    pub fn problems(mut self) -> Vec<RulesProblem> {
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    pub fn wrong(&mut self, at: &Range<usize>, what: String) {
        let line = self.line(at);
        self.problems.push(RulesProblem { line, what });
    }

    pub fn home(&self) -> Option<&'a Path> {
        match self.reach {
            PathScope::System(home) => home,
            PathScope::Workspace => None,
        }
    }

    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.bytes().take(at.start);
        1 + before.filter(|byte| *byte == b'\n').count()
    }

    /// Reports an unknown key, usually a typing error.
    pub fn unknown(&mut self, key: &TomlKey<'_>, keys: &[&str]) {
        let name = key.get_ref().as_ref();
        let distance = |known: &&&str| strsim::damerau_levenshtein(known, &name.to_lowercase());
        let nearest = keys.iter().min_by_key(distance);
        let nearest = nearest.filter(|nearest| distance(nearest) * 2 <= nearest.len() + 1);
        let hint = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("there are `{}`", keys.join("`, `")),
        };
        let what = format!("there is no key `{}`; {hint}", quoted_excerpt(name));
        self.wrong(&key.span(), what);
    }

    /// Parses the tables of `[[deny]]` and similar, or the one of `[deny]`.
    pub fn rules(&mut self, verdict: RuleVerdict, name: &str, value: &TomlValue<'_>) {
        match value.get_ref() {
            DeValue::Table(table) => self.rule(verdict, name, table),
            DeValue::Array(tables) => {
                for value in tables.iter() {
                    match value.get_ref() {
                        DeValue::Table(table) => self.rule(verdict, name, table),
                        _ => {
                            let what = format!("every entry of `{name}` must be a table");
                            self.wrong(&value.span(), what);
                        }
                    }
                }
            }
            _ => {
                let what =
                    format!("`{name}` must be a table: `[[{name}]]`, and below it `write = \"…\"`");
                self.wrong(&value.span(), what);
            }
        }
    }

    fn rule(&mut self, verdict: RuleVerdict, name: &str, table: &DeTable<'_>) {
        let first = self.rules.len();
        let mut examples = Vec::new();
        let mut kinds = Vec::new();
        for (key, value) in table {
            let known_kind = known(KINDS, key.get_ref());
            match (known_kind, key.get_ref().as_ref()) {
                (Some(kind), kind_name) => {
                    kinds.push(kind);
                    self.patterns(verdict, kind, &format!("{name} {kind_name}"), value);
                }
                (None, "examples") => examples.extend(self.texts(value).map(|e| (e, true))),
                (None, "counterexamples") => {
                    examples.extend(self.texts(value).map(|e| (e, false)));
                }
                _ => {
                    let keys = KINDS.iter().map(|row| row.0);
                    let keys: Vec<_> = keys.chain(["examples", "counterexamples"]).collect();
                    self.unknown(key, &keys);
                }
            }
        }
        // What forbids in a repository holds, whatever its examples.
        if matches!(self.reach, PathScope::Workspace) {
            return;
        }
        let Some((&kind, others)) = kinds.split_first() else {
            let at = table.iter().next().map_or(0..0, |(key, _)| key.span());
            let what =
                format!("this `{name}` is empty: it needs `read`, `write`, `command` or `tool`");
            return self.wrong(&at, what);
        };
        if let Some((example, _)) = examples.first().filter(|_| !others.is_empty()) {
            let what = "`examples` need a table with one kind of rule only".to_owned();
            return self.wrong(&example.1, what);
        }
        for ((example, at), is_named) in examples {
            if let Some(what) = self.fault(&self.rules[first..], kind, &example, is_named) {
                self.wrong(&at, what);
            }
        }
    }

    /// Parses one pattern or a list of them; a command pattern may itself be a list of words.
    fn patterns(
        &mut self,
        verdict: RuleVerdict,
        kind: RuleKind,
        name: &str,
        value: &TomlValue<'_>,
    ) {
        let one = std::slice::from_ref(value);
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().as_slice(),
            _ => one,
        };
        if values.is_empty() {
            self.wrong(&value.span(), format!("`{name}` is empty"));
        }
        for value in values {
            let span = value.span();
            let is_full = self.rules.len() >= MOST_RULES;
            let parsed = match is_full {
                true => Err(format!("there are more than {MOST_RULES} rules")),
                false => self.pattern(verdict, kind, value),
            };
            let text = self.text.get(span.clone()).unwrap_or_default();
            let text = quoted_excerpt(text);
            match parsed {
                Ok(pattern) => {
                    if kind == RuleKind::Tool {
                        self.tool_rules.push((self.rules.len(), span.clone()));
                    }
                    let (file, line) = (self.file, self.line(&span));
                    self.rules.push(Rule {
                        verdict,
                        kind,
                        pattern,
                        named: format!("the rule `{name} = {text}` ({file}:{line})"),
                    });
                }
                Err(why) => self.wrong(&span, format!("`{name} = {text}` is not valid: {why}")),
            }
        }
    }

    fn pattern(
        &self,
        verdict: RuleVerdict,
        kind: RuleKind,
        value: &TomlValue<'_>,
    ) -> Result<Pattern, String> {
        let is_strict = verdict == RuleVerdict::Allow;
        let pattern = match (kind, value.get_ref()) {
            (RuleKind::Read | RuleKind::Write, DeValue::String(glob)) => {
                return PathPattern::parse(glob, is_strict, self.reach).map(Pattern::Path);
            }
            (RuleKind::Tool, DeValue::String(name)) => {
                return ToolPattern::parse(name, is_strict).map(Pattern::Tool);
            }
            (RuleKind::Command | RuleKind::Network, DeValue::String(text)) => {
                CommandPattern::parse(text)?
            }
            (RuleKind::Command | RuleKind::Network, DeValue::Array(words)) => {
                let words = words.iter().map(|word| word.get_ref().as_str());
                let words: Option<Vec<_>> = words.map(|word| word.map(str::to_owned)).collect();
                let words = words.ok_or("each word must be a string")?;
                CommandPattern::of_words(words.into_iter())?
            }
            _ => return Err("it must be a string or a list of strings".to_owned()),
        };
        if kind == RuleKind::Command && is_strict && !pattern.names_program() {
            return Err("an `allow` rule must name its program".to_owned());
        }
        Ok(Pattern::Command(pattern))
    }

    /// The strings of a list and their positions.
    fn texts(&mut self, value: &TomlValue<'_>) -> std::vec::IntoIter<(String, Range<usize>)> {
        let mut texts = Vec::new();
        match value.get_ref() {
            DeValue::Array(values) => {
                for value in values.iter() {
                    match value.get_ref().as_str() {
                        Some(text) => texts.push((text.to_owned(), value.span())),
                        None => self.wrong(&value.span(), "this must be a string".to_owned()),
                    }
                }
            }
            _ => self.wrong(&value.span(), "this must be a list of strings".to_owned()),
        }
        texts.into_iter()
    }

    /// The error if an example does not match the rules of its table, or a counterexample does.
    fn fault(
        &self,
        rules: &[Rule],
        kind: RuleKind,
        example: &str,
        is_named: bool,
    ) -> Option<String> {
        let found = match kind {
            RuleKind::Read | RuleKind::Write => {
                let home = self.home().unwrap_or(Path::new("/"));
                // The workspace is not known yet: what is relative lies in one, wherever it is.
                let mut place = match example.strip_prefix("~/") {
                    Some(rest) => rule_path(&home.join(rest), Path::new("\0")),
                    None => rule_path(&Path::new("/\0").join(example), Path::new("/\0")),
                };
                place.full = place.full.filter(|_| place.below.is_none());
                let mut paths = rules.iter().filter_map(Rule::path);
                paths.any(|pattern| pattern.names(&place))
            }
            RuleKind::Command | RuleKind::Network => {
                let (allowing, strict): (Vec<_>, Vec<_>) = rules
                    .iter()
                    .partition(|rule| rule.verdict == RuleVerdict::Allow);
                let spoken = split_command(example);
                allows(&allowing, example) || strict.iter().any(|rule| rule.forbids(&spoken))
            }
            RuleKind::Tool => {
                let mut tools = rules.iter().filter_map(Rule::tool);
                tools.any(|pattern| pattern.names(ToolName::of(example)))
            }
        };
        let rule = rules.first().map_or("the rule", |rule| &rule.named);
        let (does, what) = match is_named {
            true => ("does not match its example", "example"),
            false => ("matches its counterexample", "counterexample"),
        };
        let example = quoted_excerpt(example);
        (found != is_named)
            .then(|| format!("{rule} {does} `{example}`: fix the rule or the {what}"))
    }

    /// Reports rules about tools that no tool of this file can have: a misspelt name must not pass for
    /// a rule.
    fn check_tool_rules(&mut self, user: &UserRules) {
        for (at, span) in std::mem::take(&mut self.tool_rules) {
            let Some(pattern) = self.rules.get(at).and_then(Rule::tool) else {
                continue;
            };
            let mut own = user.tools.iter();
            let mut servers = user.servers.iter();
            let is_known = pattern.has_server()
                || own.any(|tool| pattern.names(ToolName::Own(&tool.name)))
                || servers.any(|server| pattern.may_name_server(&server.name));
            if !is_known {
                let what = format!(
                    "{} matches no `[[tool]]` of this file; tools of a server are named with it, as \
                     `server.tool` or `server.*`",
                    self.rules[at].named
                );
                self.wrong(&span, what);
            }
        }
    }

    /// Parses the folders of `[workspaces]`.
    fn workspaces(&mut self, value: &TomlValue<'_>, user: &mut UserRules) {
        const SHAPE: &str = "entries of `workspaces` look like `name = \"/a/folder\"` or `name = \
                             \"~/a/folder\"`";
        let DeValue::Table(table) = value.get_ref() else {
            return self.wrong(&value.span(), SHAPE.to_owned());
        };
        for (name, value) in table {
            let given = value.get_ref().as_str();
            let folder = given.and_then(|given| match (given.strip_prefix("~/"), self.home()) {
                (Some(rest), Some(home)) => Some(home.join(rest)),
                _ => Some(Path::new(given).to_owned()).filter(|path| path.is_absolute()),
            });
            match folder {
                Some(folder) => drop(user.workspaces.insert(name.get_ref().to_string(), folder)),
                None => self.wrong(&value.span(), SHAPE.to_owned()),
            }
        }
    }
}
