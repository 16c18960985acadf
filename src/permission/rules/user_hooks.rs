//! Hooks: the tables `[[hook]]` of `config.toml`, of the user's file and of a repository's.

mod line;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::{RulesReader, quoted_excerpt};
use super::pattern::{PathName, PathPattern, PathScope, RulePath};

pub use line::{HookLine, HookValues, Placeholder};

/// Most hooks of a file,
const MOST_HOOKS: usize = 50;
/// most names or globs of a hook,
const MOST_NAMES: usize = 50;
/// and the longest of them, in bytes.
const LONGEST_NAME: usize = 200;
/// Seconds that a hook has if its table does not say so,
const USUAL_SECONDS: u64 = 10;
/// and at most.
const MOST_SECONDS: u64 = 600;

const KEYS: [&str; 6] = ["on", "tool", "paths", "command", "timeout", "on_error"];
const SHAPE: &str = "`hook` must be a list of tables: `[[hook]]`, and below it `on = \"after_edit\"` and \
                     `command = \"…\"`";

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HookPoint {
    SessionStart,
    BeforeTool,
    AfterTool,
    AfterEdit,
    BeforeCommit,
    TurnEnd,
}

/// What happens where a hook that guards something cannot run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFailure {
    /// What it guards does not happen.
    Block,
    /// The user is told, and it goes on.
    Continue,
}

/// A command that runs at a point of a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    pub on: HookPoint,
    /// Names of the tools that it is for, with `*` for any characters; all if empty.
    pub tools: Vec<String>,
    /// Globs of the files that it is for, as in `deny` rules; all if empty.
    pub paths: Vec<String>,
    pub command: HookLine,
    /// For all that it runs at one point of a turn.
    pub timeout: Duration,
    pub on_error: HookFailure,
}

/// Tells the files that a hook is for.
#[derive(Clone, Debug)]
pub struct HookFiles(Vec<PathPattern>);

impl HookPoint {
    pub const ALL: [HookPoint; 6] = [
        HookPoint::SessionStart,
        HookPoint::BeforeTool,
        HookPoint::AfterTool,
        HookPoint::AfterEdit,
        HookPoint::BeforeCommit,
        HookPoint::TurnEnd,
    ];

    /// Its name in `config.toml`, and for hooks.
    pub fn name(self) -> &'static str {
        match self {
            HookPoint::SessionStart => "session_start",
            HookPoint::BeforeTool => "before_tool",
            HookPoint::AfterTool => "after_tool",
            HookPoint::AfterEdit => "after_edit",
            HookPoint::BeforeCommit => "before_commit",
            HookPoint::TurnEnd => "turn_end",
        }
    }

    /// Whether a hook can keep something from happening there.
    pub fn guards(self) -> bool {
        matches!(self, HookPoint::BeforeTool | HookPoint::BeforeCommit)
    }

    fn has_tool(self) -> bool {
        matches!(
            self,
            HookPoint::BeforeTool | HookPoint::AfterTool | HookPoint::AfterEdit
        )
    }

    fn has_files(self) -> bool {
        self != HookPoint::SessionStart
    }
}

impl HookFailure {
    /// Its name in `config.toml`.
    pub fn name(self) -> &'static str {
        match self {
            HookFailure::Block => "block",
            HookFailure::Continue => "continue",
        }
    }
}

impl Hook {
    /// The files that it is for; `None`: all.
    pub fn files(&self) -> Option<HookFiles> {
        if self.paths.is_empty() {
            return None;
        }
        // They were read from these texts, so that they can be read again.
        let globs = self.paths.iter().filter_map(|text| glob(text).ok());
        Some(HookFiles(globs.collect()))
    }
}

impl HookFiles {
    /// Whether a file is one of them: relative to the workspace.
    pub fn names(&self, path: &str) -> bool {
        let place = RulePath {
            below: Some(PathName::new(path.to_owned())),
            full: None,
        };
        self.0.iter().any(|glob| glob.names(&place))
    }
}

/// Reads the tables. What is wrong in a table makes the whole of it void: a hook without its `paths`
/// would be another one.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Hook> {
    let DeValue::Array(tables) = value.get_ref() else {
        reader.wrong(&value.span(), SHAPE.to_owned());
        return Vec::new();
    };
    let mut hooks = Vec::new();
    for value in tables.iter() {
        let DeValue::Table(table) = value.get_ref() else {
            reader.wrong(&value.span(), SHAPE.to_owned());
            continue;
        };
        // That of its heading.
        let at = value.span();
        if hooks.len() == MOST_HOOKS {
            let what = format!("there are more than {MOST_HOOKS} hooks: join some in a script");
            reader.wrong(&at, what);
            break;
        }
        hooks.extend(hook(reader, &at, table));
    }
    hooks
}

/// What a table says.
#[derive(Default)]
struct HookTable {
    on: Option<HookPoint>,
    tools: Vec<String>,
    paths: Vec<String>,
    command: Option<HookLine>,
    seconds: Option<u64>,
    on_error: Option<HookFailure>,
}

fn hook(reader: &mut RulesReader<'_>, at: &Range<usize>, table: &DeTable<'_>) -> Option<Hook> {
    let mut found = HookTable::default();
    let mut is_wrong = false;
    for (key, value) in table {
        let given = value.get_ref();
        let read = match key.get_ref().as_ref() {
            "on" => point(given).map(|on| found.on = Some(on)),
            "tool" => tool_names(given).map(|tools| found.tools = tools),
            "paths" => globs(given).map(|paths| found.paths = paths),
            "command" => command(given).map(|line| found.command = Some(line)),
            "timeout" => seconds(given).map(|seconds| found.seconds = Some(seconds)),
            "on_error" => failure(given).map(|failure| found.on_error = Some(failure)),
            _ => {
                reader.unknown(key, &KEYS);
                is_wrong = true;
                continue;
            }
        };
        if let Err(what) = read {
            reader.wrong(&value.span(), what);
            is_wrong = true;
        }
    }
    if is_wrong {
        return None;
    }
    match found.checked() {
        Ok(hook) => Some(hook),
        Err(what) => {
            reader.wrong(at, what);
            None
        }
    }
}

impl HookTable {
    /// The hook, if its keys fit together.
    fn checked(self) -> Result<Hook, String> {
        let (Some(on), Some(command)) = (self.on, self.command) else {
            return Err(
                "a hook needs `on = \"after_edit\"` or another point, and `command`".to_owned(),
            );
        };
        let name = on.name();
        if !on.has_tool() && (!self.tools.is_empty() || command.has(Placeholder::Tool)) {
            return Err(format!(
                "there is no tool at `{name}`: leave out `tool` and `{{tool}}`"
            ));
        }
        let wants_files = !self.paths.is_empty() || command.wants_files();
        if !on.has_files() && wants_files {
            return Err(format!(
                "there are no files at `{name}`: leave out `paths`, `{{path}}` and `{{paths}}`"
            ));
        }
        if self.on_error.is_some() && !on.guards() {
            return Err(format!(
                "`on_error` is for `before_tool` and `before_commit`: at `{name}`, you are told, and \
                 it goes on"
            ));
        }
        Ok(Hook {
            on,
            tools: self.tools,
            paths: self.paths,
            command,
            timeout: Duration::from_secs(self.seconds.unwrap_or(USUAL_SECONDS)),
            on_error: self.on_error.unwrap_or(match on.guards() {
                true => HookFailure::Block,
                false => HookFailure::Continue,
            }),
        })
    }
}

fn point(value: &DeValue<'_>) -> Result<HookPoint, String> {
    let given = value.as_str().unwrap_or_default();
    let mut points = HookPoint::ALL.into_iter();
    points.find(|point| point.name() == given).ok_or_else(|| {
        let names = HookPoint::ALL.map(HookPoint::name);
        format!("`on` must be one of `{}`", names.join("`, `"))
    })
}

/// Names of tools, in one text or several: `edit_file|write_file`.
fn tool_names(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    const WRONG: &str = "`tool` must name tools, such as `tool = \"edit_file|write_file\"`; `*` stands \
                         for any characters, and tools of servers are named `server.tool`";
    let texts = texts(value).ok_or(WRONG)?;
    let names = texts.iter().flat_map(|text| text.split('|'));
    let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
    let is_name = |name: &String| {
        let is_sign = |c: char| c.is_ascii_alphanumeric() || "_.*-".contains(c);
        !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(is_sign)
    };
    match !names.is_empty() && names.len() <= MOST_NAMES && names.iter().all(is_name) {
        true => Ok(names),
        false => Err(WRONG.to_owned()),
    }
}

fn globs(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    const WRONG: &str = "`paths` must be a glob or a list of globs, such as `paths = \"*.rs\"`";
    let texts = texts(value).ok_or(WRONG)?;
    if texts.is_empty() || texts.len() > MOST_NAMES {
        return Err(WRONG.to_owned());
    }
    for text in &texts {
        if text.len() > LONGEST_NAME {
            return Err(WRONG.to_owned());
        }
        glob(text).map_err(|why| format!("`paths`: `{}`: {why}", quoted_excerpt(text)))?;
    }
    Ok(texts)
}

fn glob(text: &str) -> Result<PathPattern, String> {
    PathPattern::parse(text, false, PathScope::Workspace)
}

/// A text or a list of texts.
fn texts(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::String(text) => Some(vec![text.to_string()]),
        DeValue::Array(values) => {
            let texts = values.iter().map(|value| value.get_ref().as_str());
            texts.map(|text| text.map(str::to_owned)).collect()
        }
        _ => None,
    }
}

fn command(value: &DeValue<'_>) -> Result<HookLine, String> {
    let text = value.as_str().unwrap_or_default().trim();
    HookLine::parse(text).map_err(|why| format!("`command`: {why}"))
}

fn seconds(value: &DeValue<'_>) -> Result<u64, String> {
    let number = value.as_integer();
    let number = number.and_then(|it| u64::from_str_radix(it.as_str(), it.radix()).ok());
    let number = number.filter(|number| (1..=MOST_SECONDS).contains(number));
    number.ok_or_else(|| {
        format!(
            "`timeout` must be a number of seconds from 1 to {MOST_SECONDS}, such as `timeout = 30`"
        )
    })
}

fn failure(value: &DeValue<'_>) -> Result<HookFailure, String> {
    match value.as_str() {
        Some("block") => Ok(HookFailure::Block),
        Some("continue") => Ok(HookFailure::Continue),
        _ => Err("`on_error` must be `block` or `continue`".to_owned()),
    }
}
