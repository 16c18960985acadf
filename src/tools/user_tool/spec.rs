//! How models are told of an own tool.

use serde_json::json;

use super::super::arguments::PATH;
use crate::model::{Parameter, ParameterKind, ToolSpec};
use crate::permission::{ToolParameter, ToolParameterKind, UserTool};

/// The specification; one of the core, since the user asked for the tool.
pub(super) fn spec(tool: &UserTool) -> ToolSpec {
    let is_path = |parameter: &&ToolParameter| parameter.kind == ToolParameterKind::Path;
    let has_one_path = tool.parameters.iter().filter(is_path).count() == 1;
    let parameters = tool.parameters.iter().map(|parameter| Parameter {
        name: parameter.name.clone(),
        aliases: match has_one_path && is_path(&parameter) {
            true => other_names(tool),
            false => Vec::new(),
        },
        kind: kind(parameter),
        description: description(parameter),
        required: parameter.required,
    });
    ToolSpec {
        name: tool.name.clone(),
        aliases: Vec::new(),
        description: tool.description.clone(),
        parameters: parameters.collect(),
        schema: None,
        takes_others: false,
        other_form: None,
        is_core: true,
    }
}

/// Names by which models know a path, unless a parameter has them.
fn other_names(tool: &UserTool) -> Vec<String> {
    let is_free = |name: &&&str| !tool.parameters.iter().any(|known| known.name == **name);
    let names = ["path"].iter().chain(PATH);
    names.filter(is_free).map(|&name| name.to_owned()).collect()
}

fn kind(parameter: &ToolParameter) -> ParameterKind {
    match parameter.kind {
        ToolParameterKind::Text if !parameter.choices.is_empty() => ParameterKind::Schema(json!({
            "type": "string",
            "enum": parameter.choices,
            "description": description(parameter),
        })),
        ToolParameterKind::Text | ToolParameterKind::Path => ParameterKind::Text,
        ToolParameterKind::Integer => ParameterKind::Integer,
        ToolParameterKind::Boolean => ParameterKind::Boolean,
        ToolParameterKind::Texts | ToolParameterKind::Paths => ParameterKind::Texts,
    }
}

/// What the user wrote, else what the type says; and the default.
fn description(parameter: &ToolParameter) -> String {
    let text = match (parameter.description.as_str(), parameter.kind) {
        ("", ToolParameterKind::Text) => "Text",
        ("", ToolParameterKind::Integer) => "Number",
        ("", ToolParameterKind::Boolean) => "Yes or no",
        ("", ToolParameterKind::Path) => "File or folder of the workspace",
        ("", ToolParameterKind::Texts) => "Texts",
        ("", ToolParameterKind::Paths) => "Files or folders of the workspace",
        (text, _) => text,
    };
    match &parameter.default {
        Some(default) if !default.is_empty() => format!("{text}; default {}", default.join(", ")),
        _ => text.to_owned(),
    }
}
