//! The parameters of an own tool: the table `parameters`.

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::super::file::RulesReader;
use super::{is_description, is_name, shown};
use crate::visible::escape_hidden;

/// Most parameters of a tool: weak models get no more right.
const MOST_PARAMETERS: usize = 12;
/// Longest name, in bytes.
const LONGEST_NAME: usize = 40;
/// Most values to choose from, and most values of a list.
const MOST_VALUES: usize = 50;
/// Longest value that the user gives, in bytes.
const LONGEST_VALUE: usize = 1_000;

const KEYS: [&str; 6] = ["type", "description", "required", "enum", "default", "flag"];

const KINDS: [(&str, ToolParameterKind); 6] = [
    ("text", ToolParameterKind::Text),
    ("integer", ToolParameterKind::Integer),
    ("boolean", ToolParameterKind::Boolean),
    ("path", ToolParameterKind::Path),
    ("texts", ToolParameterKind::Texts),
    ("paths", ToolParameterKind::Paths),
];

/// A parameter of an own tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolParameter {
    pub name: String,
    pub kind: ToolParameterKind,
    /// In a line; perhaps empty.
    pub description: String,
    /// Whether a call without it is an error.
    pub required: bool,
    /// The values that a text may have; empty for any.
    pub choices: Vec<String>,
    /// What stands for a missing argument: one value, or those of a list.
    pub default: Option<Vec<String>>,
    /// A word before the value, or in place of a `true`. If it ends with `=`, both are one word.
    pub flag: Option<String>,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolParameterKind {
    Text,
    Integer,
    Boolean,
    /// A file or folder of the workspace.
    Path,
    /// Several texts, each a word of its own.
    Texts,
    /// Several paths, each a word of its own.
    Paths,
}

impl ToolParameterKind {
    /// Whether it is several values.
    pub fn is_list(self) -> bool {
        matches!(self, ToolParameterKind::Texts | ToolParameterKind::Paths)
    }

    /// Whether its values are files or folders of the workspace.
    pub fn is_path(self) -> bool {
        matches!(self, ToolParameterKind::Path | ToolParameterKind::Paths)
    }
}

/// Reads the table; `None` if something is wrong, which is reported.
pub(super) fn read(
    reader: &mut RulesReader<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Vec<ToolParameter>> {
    let DeValue::Table(table) = value.get_ref() else {
        let what = "`parameters` must be a table: `parameters = { filter = \"text\" }`".to_owned();
        reader.wrong(&value.span(), what);
        return None;
    };
    if table.len() > MOST_PARAMETERS {
        let what = format!("a tool has at most {MOST_PARAMETERS} parameters");
        reader.wrong(&value.span(), what);
        return None;
    }
    let mut parameters = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if !is_name(name) || name.len() > LONGEST_NAME {
            let what = format!(
                "{} is no name of a parameter: it has at most {LONGEST_NAME} characters of `a-z`, \
                 `0-9` and `_`, and begins with a letter",
                shown(name)
            );
            reader.wrong(&key.span(), what);
            return None;
        }
        parameters.push(parameter(reader, name, value)?);
    }
    Some(parameters)
}

/// One entry: `filter = "text"`, or a table with more about it.
fn parameter(
    reader: &mut RulesReader<'_>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<ToolParameter> {
    let parameter = ToolParameter {
        name: name.to_owned(),
        kind: ToolParameterKind::Text,
        description: String::new(),
        required: false,
        choices: Vec::new(),
        default: None,
        flag: None,
    };
    let table = match value.get_ref() {
        DeValue::Table(table) => table,
        _ => {
            let kind = kind(reader, name, value)?;
            let required = kind != ToolParameterKind::Boolean;
            return Some(ToolParameter {
                kind,
                required,
                ..parameter
            });
        }
    };
    let Some(given) = table.iter().find(|(key, _)| *key.get_ref() == "type") else {
        let kinds = KINDS.map(|(kind, _)| kind).join("`, `");
        let what = format!("`{name}` needs `type`: `{kinds}`");
        reader.wrong(&value.span(), what);
        return None;
    };
    let kind = kind(reader, name, given.1)?;
    details(reader, table, ToolParameter { kind, ..parameter })
}

fn kind(
    reader: &mut RulesReader<'_>,
    name: &str,
    value: &Spanned<DeValue<'_>>,
) -> Option<ToolParameterKind> {
    let given = value.get_ref().as_str();
    let known = KINDS.iter().find(|(kind, _)| Some(*kind) == given);
    if known.is_none() {
        let kinds = KINDS.map(|(kind, _)| kind).join("`, `");
        let what = format!("the type of `{name}` must be one of `{kinds}`");
        reader.wrong(&value.span(), what);
    }
    known.map(|(_, kind)| *kind)
}

/// Reads the other keys of a table.
fn details(
    reader: &mut RulesReader<'_>,
    table: &DeTable<'_>,
    mut parameter: ToolParameter,
) -> Option<ToolParameter> {
    let mut required = None;
    let mut default = None;
    for (key, value) in table {
        let read = match key.get_ref().as_ref() {
            "type" => Ok(()),
            "description" => described(value).map(|text| parameter.description = text),
            "required" => match value.get_ref().as_bool() {
                Some(is_required) => {
                    required = Some((is_required, value.span()));
                    Ok(())
                }
                None => Err("`required` must be true or false".to_owned()),
            },
            "enum" => choices(parameter.kind, value).map(|choices| parameter.choices = choices),
            "default" => {
                default = Some(value);
                Ok(())
            }
            "flag" => flag(value).map(|flag| parameter.flag = Some(flag)),
            _ => {
                reader.unknown(key, &KEYS);
                return None;
            }
        };
        if let Err(what) = read {
            reader.wrong(&value.span(), what);
            return None;
        }
    }
    if let Some(value) = default {
        match default_of(&parameter, value) {
            Ok(values) => parameter.default = Some(values),
            Err(what) => {
                reader.wrong(&value.span(), what);
                return None;
            }
        }
    }
    let is_optional = parameter.default.is_some() || parameter.kind == ToolParameterKind::Boolean;
    parameter.required = match required {
        None => !is_optional,
        Some((true, at)) if parameter.default.is_some() => {
            let what = format!(
                "`{}` has a default, so no call needs it: leave out `required` or `default`",
                parameter.name
            );
            reader.wrong(&at, what);
            return None;
        }
        Some((is_required, _)) => is_required,
    };
    Some(parameter)
}

fn described(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    let text = value.get_ref().as_str().map(str::trim);
    let text = text.filter(|text| is_description(text));
    text.map(str::to_owned)
        .ok_or_else(|| "`description` must be one line of at most 200 characters".to_owned())
}

fn choices(kind: ToolParameterKind, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, String> {
    if kind != ToolParameterKind::Text {
        return Err("only a parameter of the type `text` has an `enum`".to_owned());
    }
    let choices = texts(value).filter(|choices| !choices.is_empty());
    let choices = choices.ok_or_else(|| {
        format!("`enum` must be a list of 1 to {MOST_VALUES} texts: `enum = [\"low\", \"high\"]`")
    })?;
    let twice = (1..choices.len()).find(|at| choices[..*at].contains(&choices[*at]));
    match twice {
        Some(at) => Err(format!("{} is twice in `enum`", shown(&choices[at]))),
        None => Ok(choices),
    }
}

fn flag(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    let flag = value
        .get_ref()
        .as_str()
        .filter(|flag| is_value(flag) && !flag.is_empty() && !flag.contains(char::is_whitespace));
    flag.map(str::to_owned).ok_or_else(|| {
        "`flag` must be one word: `flag = \"--deep\"`, or `flag = \"--level=\"`".to_owned()
    })
}

/// The default, as a call would give it.
fn default_of(
    parameter: &ToolParameter,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<String>, String> {
    let given = value.get_ref();
    let text = given
        .as_str()
        .filter(|text| is_value(text))
        .map(str::to_owned);
    let (values, wanted) = match parameter.kind {
        ToolParameterKind::Text | ToolParameterKind::Path => {
            (text.map(|text| vec![text]), "a text")
        }
        ToolParameterKind::Integer => {
            let number = given.as_integer().and_then(number);
            (number.map(|number| vec![number.to_string()]), "a number")
        }
        ToolParameterKind::Boolean => {
            let is_on = given.as_bool();
            (is_on.map(|is_on| vec![is_on.to_string()]), "true or false")
        }
        ToolParameterKind::Texts | ToolParameterKind::Paths => (texts(value), "a list of texts"),
    };
    let values =
        values.ok_or_else(|| format!("the default of `{}` must be {wanted}", parameter.name))?;
    let is_choice =
        |value: &String| parameter.choices.is_empty() || parameter.choices.contains(value);
    match values.iter().find(|value| !is_choice(value)) {
        Some(other) => Err(format!("{} is not in `enum`", shown(other))),
        None => Ok(values),
    }
}

/// A list of texts; `None` if it is none.
fn texts(value: &Spanned<DeValue<'_>>) -> Option<Vec<String>> {
    let values = value.get_ref().as_array()?;
    let texts = values.iter().map(|value| {
        let text = value.get_ref().as_str().filter(|text| is_value(text));
        text.map(str::to_owned)
    });
    let texts: Option<Vec<String>> = texts.collect();
    texts.filter(|texts| texts.len() <= MOST_VALUES)
}

/// Whether a text can be a value that the user gives.
fn is_value(text: &str) -> bool {
    text.len() <= LONGEST_VALUE && escape_hidden(text) == text
}

/// The value of an integer.
pub(super) fn number(number: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}
