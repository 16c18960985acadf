//! What requests to every server have in common: the text of the system, and the tools, which are
//! written alike.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Parameter, ParameterKind, ToolSpec};
use crate::message::Message;

/// The text of all messages of the system: templates need one, at the beginning.
pub(super) fn system_text(messages: &[Message]) -> Option<Cow<'_, str>> {
    let mut texts = messages.iter().filter_map(|message| match message {
        Message::System { text } => Some(text.as_str()),
        _ => None,
    });
    let first = texts.next()?;
    Some(texts.fold(Cow::Borrowed(first), |all, text| {
        Cow::Owned(format!("{all}\n\n{text}"))
    }))
}

/// A tool, in the part of JSON Schema that servers keep.
#[derive(Debug, Serialize)]
pub(super) struct WireTool<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: Schema<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Schema<'a> {
    /// As the tool brings it.
    Given(&'a Value),
    Listed(Listed<'a>),
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    required: Vec<&'a str>,
    properties: Properties<'a>,
}

/// The parameters as an object in their own order, which servers keep.
#[derive(Debug)]
struct Properties<'a>(&'a [Parameter]);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Property<'a> {
    Plain {
        #[serde(rename = "type")]
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        items: Option<Items>,
        description: &'a str,
    },
    /// As the tool brings it, its description included.
    Given(&'a Value),
}

#[derive(Debug, Serialize)]
struct Items {
    #[serde(rename = "type")]
    kind: &'static str,
}

impl<'a> WireTool<'a> {
    pub(super) fn new(tool: &'a ToolSpec) -> WireTool<'a> {
        let parameters = match &tool.schema {
            Some(schema) => Schema::Given(schema),
            None => Schema::Listed(Listed::new(&tool.parameters)),
        };
        WireTool {
            kind: "function",
            function: Function {
                name: &tool.name,
                description: &tool.description,
                parameters,
            },
        }
    }
}

impl<'a> Listed<'a> {
    fn new(parameters: &'a [Parameter]) -> Listed<'a> {
        let required = parameters.iter().filter(|parameter| parameter.required);
        Listed {
            kind: "object",
            required: required.map(|parameter| parameter.name.as_str()).collect(),
            properties: Properties(parameters),
        }
    }
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|parameter| (parameter.name.as_str(), Property::new(parameter))),
        )
    }
}

impl<'a> Property<'a> {
    fn new(parameter: &'a Parameter) -> Property<'a> {
        let kind = match &parameter.kind {
            ParameterKind::Text => "string",
            ParameterKind::Integer => "integer",
            ParameterKind::Boolean => "boolean",
            ParameterKind::Texts => "array",
            ParameterKind::Schema(schema) => return Property::Given(schema),
        };
        let is_list = parameter.kind == ParameterKind::Texts;
        Property::Plain {
            kind,
            items: is_list.then_some(Items { kind: "string" }),
            description: &parameter.description,
        }
    }
}
