//! What models are told about a tool: its name, what it does, and its parameters.

use serde_json::Value;

/// A tool, as models are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// The name that calls have.
    pub name: String,
    /// Other names that models know it by.
    pub aliases: Vec<String>,
    /// What it does, in a sentence or two.
    pub description: String,
    /// In the order in which they are shown.
    pub parameters: Vec<Parameter>,
    /// The JSON schema of all arguments, where the tool brings one: it is sent unchanged.
    pub schema: Option<Value>,
    /// Whether calls may have arguments that `parameters` does not list.
    pub takes_others: bool,
    /// The same tool with other arguments, which calls may have instead; models are not told of it.
    pub other_form: Option<Box<ToolSpec>>,
    /// Whether weak models and small windows get it, too.
    pub is_core: bool,
}

impl ToolSpec {
    /// A tool whose arguments are described by a JSON schema of the type `object`.
    ///
    /// Required parameters come first, in the order of the schema's list, so that a call without
    /// names of arguments means those.
    pub fn from_schema(name: String, description: String, schema: Value) -> ToolSpec {
        let parameters = parameters_of(&schema);
        let takes_others = schema.get("additionalProperties") != Some(&Value::Bool(false));
        ToolSpec {
            name,
            aliases: Vec::new(),
            description,
            parameters,
            schema: Some(schema),
            takes_others,
            other_form: None,
            is_core: false,
        }
    }
}

/// A parameter of a tool. Those of our own tools are flat and scalar, since weak models get nothing
/// else right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    /// Other names that models know it by.
    pub aliases: Vec<String>,
    /// The type of its value.
    pub kind: ParameterKind,
    pub description: String,
    /// Whether a call without it is an error.
    pub required: bool,
}

/// The type of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    Text,
    Integer,
    Boolean,
    /// A list of texts.
    Texts,
    /// Anything else, described by a JSON schema. Arguments are passed on as they are given.
    Schema(Value),
}

/// The parameters that the schema of an object lists.
fn parameters_of(schema: &Value) -> Vec<Parameter> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| properties.contains_key(*name))
        .collect();
    let optional = properties
        .keys()
        .map(String::as_str)
        .filter(|name| !required.contains(name));
    let parameter = |name: &str| {
        let schema = properties.get(name).cloned().unwrap_or_default();
        let description = schema.get("description").and_then(Value::as_str);
        Parameter {
            name: name.to_owned(),
            aliases: Vec::new(),
            description: description.unwrap_or_default().to_owned(),
            required: required.contains(&name),
            kind: ParameterKind::Schema(schema),
        }
    };
    required
        .iter()
        .copied()
        .chain(optional)
        .map(parameter)
        .collect()
}

/// The declaration of a tool that is part of this program: a [`ToolSpec`] as a constant.
#[derive(Debug)]
pub struct ToolDeclaration {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub description: &'static str,
    pub parameters: &'static [ParameterDeclaration],
    pub is_core: bool,
}

/// A [`Parameter`] as a constant.
#[derive(Debug)]
pub struct ParameterDeclaration {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub kind: ParameterKind,
    pub description: &'static str,
    pub required: bool,
}

impl ToolDeclaration {
    pub fn spec(&self) -> ToolSpec {
        let parameter = |declared: &ParameterDeclaration| Parameter {
            name: declared.name.to_owned(),
            aliases: owned(declared.aliases),
            kind: declared.kind.clone(),
            description: declared.description.to_owned(),
            required: declared.required,
        };
        ToolSpec {
            name: self.name.to_owned(),
            aliases: owned(self.aliases),
            description: self.description.to_owned(),
            parameters: self.parameters.iter().map(parameter).collect(),
            schema: None,
            takes_others: false,
            other_form: None,
            is_core: self.is_core,
        }
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_becomes_parameters_and_is_kept() {
        let schema = json!({
            "type": "object",
            "properties": {
                "after": {"type": "string", "description": "A date"},
                "repo": {"$ref": "#/$defs/repo"},
                "owner": {"type": "string"},
            },
            "required": ["repo", "owner", "gone"],
            "additionalProperties": false,
            "$defs": {"repo": {"type": "string"}},
        });
        let spec = ToolSpec::from_schema("a.b".to_owned(), "Does.".to_owned(), schema.clone());
        let parameters: Vec<(&str, bool, &str)> = spec
            .parameters
            .iter()
            .map(|it| (it.name.as_str(), it.required, it.description.as_str()))
            .collect();
        assert_eq!(
            parameters,
            [
                ("repo", true, ""),
                ("owner", true, ""),
                ("after", false, "A date")
            ]
        );
        assert_eq!(
            spec.parameters[0].kind,
            ParameterKind::Schema(json!({"$ref": "#/$defs/repo"}))
        );
        assert_eq!(spec.schema, Some(schema));
        assert!(!spec.takes_others && !spec.is_core);
    }

    #[test]
    fn a_schema_without_a_list_takes_anything() {
        for schema in [json!({"type": "object"}), json!({}), json!(true)] {
            let spec = ToolSpec::from_schema("a".to_owned(), String::new(), schema);
            assert!(spec.parameters.is_empty() && spec.takes_others);
        }
    }
}
