//! The fields of a form that a server asks for: flat, few, and each of a plain kind.

use serde_json::{Map, Number, Value};

use super::{DONE, NOTHING, REFUSE, SKIP, in_a_line};

/// Most fields of a form.
const MOST_FIELDS: usize = 20;
/// Most choices of a field.
const MOST_CHOICES: usize = 20;
/// Longest name of a field, and of a choice, in characters.
const LONGEST_NAME: usize = 100;
/// Longest answer to a field of text, in characters.
const LONGEST_TEXT: usize = 10_000;

/// A field of a form.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub name: String,
    /// What the server says of it.
    pub description: String,
    pub is_required: bool,
    pub kind: FieldKind,
}

/// A choice: how it is shown, and what is sent.
type Choice = (String, String);

/// What a field takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum FieldKind {
    Text {
        least: usize,
        most: usize,
        /// What the server says of its form: `email`, `date`.
        format: String,
    },
    Number {
        is_whole: bool,
        least: Option<f64>,
        most: Option<f64>,
    },
    /// Yes or no.
    Yes,
    Choice(Vec<Choice>),
    /// Any of them.
    Choices(Vec<Choice>),
}

/// The fields of a schema, those that are required first; `None` if it is no form that can be asked.
pub(super) fn fields(schema: &Value) -> Option<Vec<Field>> {
    let none = Map::new();
    let properties = match &schema["properties"] {
        Value::Object(properties) => properties,
        Value::Null => &none,
        _ => return None,
    };
    if !schema.is_object() || properties.len() > MOST_FIELDS {
        return None;
    }
    let is_required = |name: &str| {
        let required = schema["required"].as_array();
        required.is_some_and(|required| required.iter().any(|it| it.as_str() == Some(name)))
    };
    let field = |(name, schema): (&String, &Value)| {
        let words = ["title", "description"].map(|key| schema[key].as_str().unwrap_or_default());
        let words: Vec<&str> = words
            .into_iter()
            .filter(|words| !words.is_empty())
            .collect();
        Some(Field {
            name: Some(name)
                .filter(|name| !name.is_empty() && name.chars().count() <= LONGEST_NAME)?
                .clone(),
            description: words.join(": "),
            is_required: is_required(name),
            kind: kind(schema)?,
        })
    };
    let mut fields: Vec<Field> = properties.iter().map(field).collect::<Option<_>>()?;
    fields.sort_by_key(|field| !field.is_required);
    Some(fields)
}

fn kind(schema: &Value) -> Option<FieldKind> {
    let length = |key: &str| schema[key].as_u64().and_then(|it| usize::try_from(it).ok());
    match schema["type"].as_str()? {
        "string" => match choices(schema)? {
            Some(choices) => Some(FieldKind::Choice(choices)),
            None => Some(FieldKind::Text {
                least: length("minLength").unwrap_or_default(),
                most: length("maxLength")
                    .unwrap_or(LONGEST_TEXT)
                    .min(LONGEST_TEXT),
                format: schema["format"].as_str().unwrap_or_default().to_owned(),
            }),
        },
        kind @ ("number" | "integer") => Some(FieldKind::Number {
            is_whole: kind == "integer",
            least: schema["minimum"].as_f64(),
            most: schema["maximum"].as_f64(),
        }),
        "boolean" => Some(FieldKind::Yes),
        "array" => choices(&schema["items"])?.map(FieldKind::Choices),
        _ => None,
    }
}

/// The choices of a schema: `Some(None)` if it has none, `None` if they cannot be shown.
fn choices(schema: &Value) -> Option<Option<Vec<Choice>>> {
    let titled = ["oneOf", "anyOf"].into_iter();
    let titled = titled.filter_map(|key| schema[key].as_array()).next();
    let choices: Vec<Choice> = if let Some(titled) = titled {
        let choice = |it: &Value| {
            let value = it["const"].as_str()?;
            Some((
                it["title"].as_str().unwrap_or(value).to_owned(),
                value.to_owned(),
            ))
        };
        titled.iter().map(choice).collect::<Option<_>>()?
    } else if let Some(values) = schema["enum"].as_array() {
        let names = schema["enumNames"].as_array();
        let choice = |(number, value): (usize, &Value)| {
            let value = value.as_str()?;
            let name = names.and_then(|names| names.get(number)?.as_str());
            Some((name.unwrap_or(value).to_owned(), value.to_owned()))
        };
        let values = values.iter().enumerate();
        values.map(choice).collect::<Option<_>>()?
    } else {
        return Some(None);
    };
    let shown = choices.into_iter().map(|(name, value)| {
        let is_short = name.chars().count() <= LONGEST_NAME;
        let name = in_a_line(&name, LONGEST_NAME);
        let is_ours = [SKIP, REFUSE, NOTHING, DONE].contains(&name.as_str());
        (is_short && !name.is_empty() && !is_ours).then_some((name, value))
    });
    let shown: Vec<Choice> = shown.collect::<Option<_>>()?;
    let mut names: Vec<&String> = shown.iter().map(|(name, _)| name).collect();
    names.sort();
    let are_told_apart = names.windows(2).all(|pair| pair[0] != pair[1]);
    let is_fine = !shown.is_empty() && shown.len() <= MOST_CHOICES && are_told_apart;
    is_fine.then_some(Some(shown))
}

impl FieldKind {
    /// What it takes, as a sentence.
    pub fn takes(&self) -> String {
        match self {
            FieldKind::Text {
                least,
                most,
                format,
            } => {
                let kind = match in_a_line(format, LONGEST_NAME).as_str() {
                    "" => "A text".to_owned(),
                    format => format!("A text of the form “{format}”"),
                };
                match (*least, *most) {
                    (0, LONGEST_TEXT) => format!("{kind}."),
                    (least, LONGEST_TEXT) => format!("{kind} with at least {least} characters."),
                    (least, most) => format!("{kind} with {least} to {most} characters."),
                }
            }
            FieldKind::Number {
                is_whole,
                least,
                most,
            } => {
                let kind = if *is_whole {
                    "A whole number"
                } else {
                    "A number"
                };
                match (least, most) {
                    (None, None) => format!("{kind}."),
                    (Some(least), None) => format!("{kind}, at least {least}."),
                    (None, Some(most)) => format!("{kind}, at most {most}."),
                    (Some(least), Some(most)) => format!("{kind} from {least} to {most}."),
                }
            }
            FieldKind::Yes => "Yes or no.".to_owned(),
            FieldKind::Choice(_) => "One of these.".to_owned(),
            FieldKind::Choices(choices) => {
                let names = choices.iter().map(|(name, _)| format!("“{name}”"));
                let names: Vec<String> = names.collect();
                format!(
                    "Any of these, with commas between them: {}.",
                    names.join(", ")
                )
            }
        }
    }

    /// The answers to choose from; none where the user types.
    pub fn options(&self) -> Vec<String> {
        match self {
            FieldKind::Yes => ["yes", "no"].map(str::to_owned).to_vec(),
            FieldKind::Choice(choices) => choices.iter().map(|(name, _)| name.clone()).collect(),
            FieldKind::Text { .. } | FieldKind::Number { .. } | FieldKind::Choices(_) => Vec::new(),
        }
    }

    /// The value that an answer gives, or why it does not fit.
    pub fn value(&self, answer: &str) -> Result<Value, String> {
        match self {
            FieldKind::Text { least, most, .. } => {
                let length = answer.chars().count();
                if (*least..=*most).contains(&length) {
                    Ok(answer.into())
                } else {
                    Err(format!("it has {length} characters"))
                }
            }
            FieldKind::Number {
                is_whole,
                least,
                most,
            } => {
                let number = number(answer, *is_whole).ok_or("it is no such number")?;
                let size = number.as_f64().unwrap_or_default();
                let is_within =
                    least.is_none_or(|least| size >= least) && most.is_none_or(|most| size <= most);
                if is_within {
                    Ok(Value::Number(number))
                } else {
                    Err("it is not within these limits".to_owned())
                }
            }
            FieldKind::Yes => match answer.to_lowercase().as_str() {
                "yes" | "y" | "true" => Ok(true.into()),
                "no" | "n" | "false" => Ok(false.into()),
                _ => Err("it is neither yes nor no".to_owned()),
            },
            FieldKind::Choice(choices) => chosen(choices, answer).map(Value::from),
            FieldKind::Choices(choices) => {
                let names = answer.split(',').map(str::trim);
                let names = names.filter(|name| !name.is_empty());
                let values = names.map(|name| chosen(choices, name).map(Value::from));
                values.collect::<Result<Vec<_>, _>>().map(Value::Array)
            }
        }
    }
}

fn number(answer: &str, is_whole: bool) -> Option<Number> {
    if let Ok(number) = answer.parse::<i64>() {
        return Some(number.into());
    }
    let number: f64 = answer.parse().ok().filter(|_| !is_whole)?;
    Number::from_f64(number)
}

/// The value of the choice with a name.
fn chosen<'a>(choices: &'a [Choice], name: &str) -> Result<&'a str, String> {
    let found = choices.iter().find(|(known, _)| known == name);
    let found = found.or_else(|| {
        let is_alike = |known: &str| known.to_lowercase() == name.to_lowercase();
        choices.iter().find(|(known, _)| is_alike(known))
    });
    match found {
        Some((_, value)) => Ok(value.as_str()),
        None => Err(format!("`{name}` is none of the choices")),
    }
}
