//! `template.toml`: what a template is for, and the values that it wants.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::TemplateError;

/// Longest manifest, in bytes.
pub const LONGEST: usize = 16 << 10;
/// Most bytes of a compiled pattern.
const PATTERN_SIZE: usize = 256 << 10;
/// Most values: each has a pattern, which takes time to read.
const MOST_VARIABLES: usize = 50;
/// Longest value, in characters.
const LONGEST_VALUE: usize = 2_000;

/// What a template is for, and what it wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// In a line.
    #[serde(default)]
    pub description: String,
    /// By their names.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
}

/// A value that a template wants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// In a line.
    #[serde(default)]
    pub description: String,
    /// What it is if it is not given; without one it must be given.
    #[serde(default)]
    pub default: Option<String>,
    /// A regular expression that the whole value must match.
    #[serde(default)]
    pub pattern: Option<String>,
}

impl Manifest {
    /// Reads the text of a `template.toml`.
    pub fn parse(name: &str, text: &str) -> Result<Manifest, TemplateError> {
        let unreadable = |why: String| TemplateError::Unreadable {
            name: name.to_owned(),
            why,
        };
        if text.len() > LONGEST {
            let why = format!("its template.toml is larger than {} KiB", LONGEST >> 10);
            return Err(unreadable(why));
        }
        let manifest: Manifest = toml::from_str(text)
            .map_err(|error| unreadable(format!("template.toml: {}", error.message())))?;
        if manifest.variables.len() > MOST_VARIABLES {
            return Err(unreadable(format!(
                "it wants more than {MOST_VARIABLES} values"
            )));
        }
        for (variable, wanted) in &manifest.variables {
            let is_name = variable.starts_with(|c: char| c == '_' || c.is_ascii_alphabetic())
                && variable
                    .chars()
                    .all(|c| c == '_' || c.is_ascii_alphanumeric());
            if !is_name {
                return Err(unreadable(format!("`{variable}` cannot name a value")));
            }
            if let Some(pattern) = &wanted.pattern {
                whole(pattern).map_err(|_| {
                    unreadable(format!(
                        "the pattern of `{variable}` is no regular expression"
                    ))
                })?;
            }
        }
        Ok(manifest)
    }

    /// The values with the defaults of those that are not given.
    ///
    /// # Errors
    ///
    /// If one is missing, not known or does not match: all of that at once.
    pub fn complete(
        &self,
        name: &str,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, TemplateError> {
        let mut values = BTreeMap::new();
        let mut problems = Vec::new();
        for unknown in given
            .keys()
            .filter(|key| !self.variables.contains_key(*key))
        {
            problems.push(format!("it has no value `{unknown}`"));
        }
        for (variable, wanted) in &self.variables {
            let value = given.get(variable).or(wanted.default.as_ref());
            let Some(value) = value else {
                problems.push(format!("`{variable}` is missing{}", explained(wanted)));
                continue;
            };
            if let Some(why) = wanted.misfit(value) {
                problems.push(format!("`{variable}` {why}"));
            }
            values.insert(variable.clone(), value.clone());
        }
        if problems.is_empty() {
            return Ok(values);
        }
        let wanted: Vec<String> = self
            .variables
            .keys()
            .map(|key| format!("`{key}`"))
            .collect();
        if !wanted.is_empty() {
            problems.push(format!("it wants {}", wanted.join(", ")));
        }
        Err(TemplateError::Values {
            name: name.to_owned(),
            why: problems.join("; "),
        })
    }

    /// As the text of a `template.toml`.
    pub fn to_toml(&self) -> String {
        // The escapes of a JSON text are also those of TOML.
        let quoted = |text: &str| {
            let text = text.replace('\u{7f}', "");
            serde_json::Value::String(text).to_string()
        };
        let mut text = format!("description = {}\n", quoted(&self.description));
        for (name, variable) in &self.variables {
            text.push_str(&format!(
                "\n[variables.{name}]\ndescription = {}\n",
                quoted(&variable.description)
            ));
            let further = [
                ("default", &variable.default),
                ("pattern", &variable.pattern),
            ];
            for (key, value) in further {
                if let Some(value) = value {
                    text.push_str(&format!("{key} = {}\n", quoted(value)));
                }
            }
        }
        text
    }
}

impl Variable {
    /// Why a value does not fit, to follow its name.
    fn misfit(&self, value: &str) -> Option<String> {
        if value.chars().count() > LONGEST_VALUE {
            return Some(format!("is longer than {LONGEST_VALUE} characters"));
        }
        let pattern = self.pattern.as_deref()?;
        match whole(pattern) {
            Ok(regex) if regex.is_match(value) => None,
            _ => Some(format!("does not match `{pattern}`{}", explained(self))),
        }
    }
}

/// What a value is for, in brackets.
fn explained(variable: &Variable) -> String {
    match variable.description.as_str() {
        "" => String::new(),
        description => format!(" ({description})"),
    }
}

/// A pattern that must match all of a value; its size is bounded, its time is linear.
fn whole(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(&format!(r"\A(?:{pattern})\z"))
        .size_limit(PATTERN_SIZE)
        .build()
}
