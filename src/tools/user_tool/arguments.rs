//! The arguments of a call of an own tool, checked, and filled into its command.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::hidden_files::is_closed_path;
use super::super::paths::{intended_path, missing, path_failure};
use super::super::{ToolContext, ToolError, files, render};
use crate::message::ToolCall;
use crate::permission::{ToolParameter, ToolParameterKind, ToolWord, UserTool, WordPart};

/// Most values of a list.
const MOST_VALUES: usize = 200;
/// Longest value, in bytes.
const LONGEST_VALUE: usize = 16 << 10;
/// Most characters of a value in a message.
const SHOWN: usize = 60;

/// The values of a parameter: one, or those of a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct GivenValues {
    texts: Vec<String>,
    /// Whether the user wrote them: a default, or one of an `enum`.
    is_users: bool,
}

/// The values of each parameter that has some.
pub(super) async fn values<'tool>(
    tool: &'tool UserTool,
    call: &ToolCall,
    context: &ToolContext,
) -> Result<BTreeMap<&'tool str, GivenValues>, ToolError> {
    let mut found = BTreeMap::new();
    for parameter in &tool.parameters {
        let given = match given(tool, parameter, call)? {
            Some(texts) => GivenValues {
                is_users: !parameter.choices.is_empty(),
                texts,
            },
            None => match &parameter.default {
                Some(default) => GivenValues {
                    is_users: true,
                    texts: default.clone(),
                },
                None => continue,
            },
        };
        let given = match parameter.kind.is_path() {
            true => GivenValues {
                texts: paths(context, given.texts).await?,
                ..given
            },
            false => given,
        };
        found.insert(parameter.name.as_str(), given);
    }
    Ok(found)
}

/// The words of the command.
pub(super) fn filled(
    tool: &UserTool,
    values: &BTreeMap<&str, GivenValues>,
) -> Result<Vec<String>, ToolError> {
    let mut words = Vec::new();
    // Behind `--`, programs take nothing for an option.
    let mut is_behind = false;
    for word in &tool.words {
        is_behind |= word.ends_options();
        let alone = word
            .parameter()
            .and_then(|name| tool.parameters.iter().find(|known| known.name == name));
        match alone {
            Some(parameter) => {
                let given = values.get(parameter.name.as_str());
                words.extend(words_of(parameter, given, is_behind)?);
            }
            None => words.extend(joined(word, values, is_behind)?),
        }
    }
    Ok(words)
}

/// The words for a parameter that is a word of its own.
fn words_of(
    parameter: &ToolParameter,
    given: Option<&GivenValues>,
    is_behind: bool,
) -> Result<Vec<String>, ToolError> {
    let Some(given) = given else {
        return Ok(Vec::new());
    };
    let flag = parameter.flag.as_deref();
    if let (ToolParameterKind::Boolean, Some(flag)) = (parameter.kind, flag) {
        let is_on = given.texts.iter().any(|text| text == "true");
        return Ok(is_on.then(|| flag.to_owned()).into_iter().collect());
    }
    let mut words = Vec::new();
    for text in &given.texts {
        match flag {
            Some(flag) if flag.ends_with('=') => words.push(format!("{flag}{text}")),
            flag => {
                if text.starts_with('-') && !is_behind && !given.is_users {
                    return Err(looks_like_option(&parameter.name, text));
                }
                words.extend(flag.map(str::to_owned));
                words.push(text.clone());
            }
        }
    }
    Ok(words)
}

/// A word that has several parts; `None` if a value of it is missing.
fn joined(
    word: &ToolWord,
    values: &BTreeMap<&str, GivenValues>,
    is_behind: bool,
) -> Result<Option<String>, ToolError> {
    let mut text = String::new();
    for part in &word.0 {
        match part {
            WordPart::Text(part) => text.push_str(part),
            WordPart::Value(name) => match values.get(name.as_str()) {
                Some(given) => text.push_str(&given.texts.concat()),
                None => return Ok(None),
            },
        }
    }
    let begins = match word.0.first() {
        Some(WordPart::Value(name)) => Some((name, values.get(name.as_str()))),
        _ => None,
    };
    if let Some((name, given)) = begins
        && text.starts_with('-')
        && !is_behind
    {
        let is_users = given
            .is_some_and(|given| given.is_users && given.texts.iter().any(|text| !text.is_empty()));
        if !is_users {
            return Err(looks_like_option(name, &text));
        }
    }
    Ok(Some(text))
}

fn looks_like_option(name: &str, text: &str) -> ToolError {
    ToolError::TellModel(format!(
        "`{name}` must not begin with `-`: the command would take `{}` for an option",
        shown(text)
    ))
}

/// What a call gives for a parameter; `None` if it gives nothing.
fn given(
    tool: &UserTool,
    parameter: &ToolParameter,
    call: &ToolCall,
) -> Result<Option<Vec<String>>, ToolError> {
    let name = &parameter.name;
    let texts = match call.arguments.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::Array(values)) if parameter.kind.is_list() => {
            let texts: Option<Vec<String>> = values.iter().map(text).collect();
            Some(texts.ok_or_else(|| wrong(tool, name, "texts only"))?)
        }
        Some(value) => Some(vec![
            text(value).ok_or_else(|| wrong(tool, name, "a text"))?,
        ]),
    };
    // Models write an empty text for what they leave out.
    let is_nothing = |texts: &[String]| !parameter.required && texts == [String::new()];
    let Some(texts) = texts.filter(|texts| !is_nothing(texts)) else {
        return match parameter.required {
            true => Err(wrong(tool, name, "given")),
            false => Ok(None),
        };
    };
    if texts.len() > MOST_VALUES {
        return Err(wrong(tool, name, &format!("at most {MOST_VALUES} values")));
    }
    for text in &texts {
        if text.len() > LONGEST_VALUE {
            let most = format!("a value of at most {LONGEST_VALUE} bytes");
            return Err(wrong(tool, name, &most));
        }
        if text.contains('\0') {
            return Err(wrong(tool, name, "a value without NUL characters"));
        }
        if !parameter.choices.is_empty() && !parameter.choices.contains(text) {
            let choices = parameter.choices.join("`, `");
            return Err(wrong(tool, name, &format!("one of `{choices}`")));
        }
    }
    Ok(Some(texts))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_on) => Some(is_on.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn wrong(tool: &UserTool, name: &str, wanted: &str) -> ToolError {
    ToolError::TellModel(format!("`{name}` of `{}` must be {wanted}", tool.name))
}

/// Files and folders of the workspace, as a command names them.
async fn paths(context: &ToolContext, given: Vec<String>) -> Result<Vec<String>, ToolError> {
    let mut paths = Vec::new();
    for given in given {
        paths.push(path(context, &given).await?);
    }
    Ok(paths)
}

async fn path(context: &ToolContext, given: &str) -> Result<String, ToolError> {
    let jail = &context.jail;
    let meant = intended_path(jail, given).map_err(|error| path_failure(jail, given, error))?;
    if !meant.exists {
        return Err(missing(context, &meant.path).await?);
    }
    // A link must not lead out.
    let real = jail
        .resolve(&meant.path)
        .map_err(|error| files::refused(&error))?;
    for path in [&meant.path, &real] {
        if is_closed_path(jail, &context.rules, path.as_str()) {
            return Err(ToolError::TellModel(format!(
                "`{}` is closed to commands: it may hold secrets, or a rule keeps it back",
                render::name(path.as_str())
            )));
        }
    }
    let path = meant.path.as_str();
    Ok(match path.starts_with('-') {
        true => format!("./{path}"),
        false => path.to_owned(),
    })
}

fn shown(text: &str) -> String {
    render::name(&render::narrow(text, SHOWN))
}
