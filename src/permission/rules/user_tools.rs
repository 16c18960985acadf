//! The user's own tools: the tables `[[tool]]` of `config.toml`.

mod parameters;
#[cfg(test)]
mod tests;
mod words;

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::file::{RulesReader, quoted_excerpt};
use crate::permission::command::shell_line;
use crate::visible::escape_hidden;

pub use parameters::{ToolParameter, ToolParameterKind};
pub use words::{ToolWord, WordPart};

/// Most tools of a file: each costs a part of every window.
const MOST_TOOLS: usize = 20;
/// Longest description, in characters.
const LONGEST_DESCRIPTION: usize = 200;
/// Characters of a name.
const NAME_LENGTH: RangeInclusive<usize> = 2..=41;
/// Seconds that a call may take,
const TIMEOUTS: RangeInclusive<i64> = 1..=3600;
/// and if nothing is said of it.
const USUAL_TIMEOUT: Duration = Duration::from_secs(120);

const KEYS: [&str; 5] = ["name", "description", "command", "parameters", "timeout"];

/// A command that models can call as a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTool {
    /// `a-z`, `0-9` and `_`; no other tool of the file has it.
    pub name: String,
    /// In a line.
    pub description: String,
    /// Program and arguments. The program is the same in every call.
    pub words: Vec<ToolWord>,
    /// In the order of the words in which they stand; those first that every call must have.
    pub parameters: Vec<ToolParameter>,
    /// Longest time of a call.
    pub timeout: Duration,
}

impl UserTool {
    /// The program that it starts: a name, or a path.
    pub fn program(&self) -> &str {
        match self.words.first().map(|word| &word.0[..]) {
            Some([WordPart::Text(program)]) => program,
            _ => "",
        }
    }

    /// The words of its command that are the same in every call, up to the first that is not, as a line
    /// for the shell.
    pub fn fixed_line(&self) -> String {
        let words = self.words.iter().map_while(|word| match &word.0[..] {
            [WordPart::Text(word)] => Some(word.clone()),
            _ => None,
        });
        shell_line(&words.collect::<Vec<_>>())
    }
}

/// Reads the tables.
pub(super) fn read(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Vec<UserTool> {
    let DeValue::Array(tables) = value.get_ref() else {
        let what = "`tool` must be a list of tables: `[[tool]]`, and below it `name = \"…\"`";
        reader.wrong(&value.span(), what.to_owned());
        return Vec::new();
    };
    let mut tools: Vec<UserTool> = Vec::new();
    for value in tables.iter() {
        let DeValue::Table(table) = value.get_ref() else {
            let what = "every entry of `tool` must be a table".to_owned();
            reader.wrong(&value.span(), what);
            continue;
        };
        if tools.len() == MOST_TOOLS {
            let what = format!("there are more than {MOST_TOOLS} tables `[[tool]]`");
            reader.wrong(&value.span(), what);
            break;
        }
        let Some(tool) = tool(reader, table, value) else {
            continue;
        };
        match tools.iter().find(|known| is_same(known, &tool)) {
            None => tools.push(tool),
            Some(known) => {
                let what = format!(
                    "models could take `{}` for the tool `{}`, which is there already: give it \
                     another name",
                    tool.name, known.name
                );
                reader.wrong(&value.span(), what);
            }
        }
    }
    tools
}

fn is_same(one: &UserTool, other: &UserTool) -> bool {
    one.name.replace('_', "") == other.name.replace('_', "")
}

/// One table; `None` if something in it is wrong, which is reported.
fn tool(
    reader: &mut RulesReader<'_>,
    table: &DeTable<'_>,
    at: &Spanned<DeValue<'_>>,
) -> Option<UserTool> {
    let mut is_wrong = false;
    let (mut name, mut description, mut command) = (None, None, None);
    let mut parameters = Some(Vec::new());
    let mut timeout = USUAL_TIMEOUT;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "name" => name = read_name(reader, value),
            "description" => description = read_description(reader, value),
            "command" => command = Some(value),
            "parameters" => parameters = parameters::read(reader, value),
            "timeout" => match value.get_ref().as_integer().and_then(seconds) {
                Some(time) => timeout = time,
                None => {
                    let (least, most) = (TIMEOUTS.start(), TIMEOUTS.end());
                    let what = format!("`timeout` must be a number of seconds, {least} to {most}");
                    reader.wrong(&value.span(), what);
                    is_wrong = true;
                }
            },
            _ => {
                reader.unknown(key, &KEYS);
                is_wrong = true;
            }
        }
    }
    for key in ["name", "description", "command"] {
        if !table.keys().any(|known| *known.get_ref() == key) {
            let what = format!("this `tool` needs `{key}`");
            reader.wrong(&at.span(), what);
            is_wrong = true;
        }
    }
    let mut parameters = parameters?;
    let words = words::read(reader, command?, &parameters)?;
    let place = |parameter: &ToolParameter| {
        let mut words = words.iter().flat_map(ToolWord::parameters);
        words.position(|name| name == parameter.name)
    };
    parameters.sort_by_key(|parameter| (!parameter.required, place(parameter)));
    let (name, description) = (name?, description?);
    (!is_wrong).then_some(UserTool {
        name,
        description,
        words,
        parameters,
        timeout,
    })
}

fn seconds(number: &DeInteger<'_>) -> Option<Duration> {
    let seconds = parameters::number(number)?;
    let seconds = TIMEOUTS.contains(&seconds).then_some(seconds)?;
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

fn read_name(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let name = value.get_ref().as_str().filter(|name| is_name(name));
    let is_long_enough = name.is_some_and(|name| NAME_LENGTH.contains(&name.len()));
    if !is_long_enough {
        let (least, most) = (NAME_LENGTH.start(), NAME_LENGTH.end());
        let what = format!(
            "the `name` of a tool has {least} to {most} characters of `a-z`, `0-9` and `_`, and begins \
             with a letter"
        );
        reader.wrong(&value.span(), what);
        return None;
    }
    name.map(str::to_owned)
}

fn read_description(reader: &mut RulesReader<'_>, value: &Spanned<DeValue<'_>>) -> Option<String> {
    let text = value.get_ref().as_str().map(str::trim);
    let text = text.filter(|text| is_description(text));
    if text.is_none() {
        let what = format!(
            "`description` must be one line of at most {LONGEST_DESCRIPTION} characters, which tells a \
             model what the tool does"
        );
        reader.wrong(&value.span(), what);
    }
    text.map(str::to_owned)
}

/// Whether a text is a line for models.
fn is_description(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= LONGEST_DESCRIPTION
        && !text.contains(['\n', '\t'])
        && escape_hidden(text) == text
}

/// Whether a text is a name of a tool or a parameter, but for its length.
fn is_name(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_part)
}

/// The beginning of a message about a value.
fn shown(value: &str) -> String {
    format!("`{}`", quoted_excerpt(value))
}
