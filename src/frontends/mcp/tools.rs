//! The tools of this server: what clients are told of them, and which of ours they are.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::schemas;
use crate::model::{Parameter, ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::tools::ToolNames;

/// How our tools, and those that every agent has, are called where a result points to them.
pub static NAMES: ToolNames = ToolNames {
    read_file: "read_lines",
    grep_search: "grep",
    list_directory: "ls",
};

/// The same in sentences that say what is wrong.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("read_file", "read_lines"),
    ("grep_search", "grep"),
    ("list_directory", "ls"),
    ("search_files", "find"),
    ("project_map", "map"),
];

/// The argument that names one of several workspaces.
pub const WORKSPACE: &str = "workspace";

/// A tool of this server.
pub struct SearchTool {
    title: &'static str,
    declaration: ToolDeclaration,
    pub does: ToolKind,
    /// The schema of its structured results.
    output: fn() -> Value,
}

/// What a tool does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKind {
    /// What a tool of ours of this name does.
    Ours(&'static str, IndexUse),
    /// It says how far the index is.
    IndexStatus,
}

/// Whether a tool uses the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexUse {
    No,
    /// It gives better answers with one.
    Helpful,
    /// It gives none without one.
    Needed,
}

/// All tools, in the order in which clients are told of them: it never changes.
pub static TOOLS: [SearchTool; 8] = [
    SearchTool {
        title: "Search the code",
        declaration: ToolDeclaration {
            name: "search_codebase",
            aliases: &[],
            description: "Search the code by meaning and by words. Describe what the code does, or \
                          name a symbol.",
            parameters: &[
                text("query", QUERY, true, "What the code does, or a symbol"),
                text(
                    "path",
                    PATH,
                    false,
                    "Folder, file or glob to search, relative to the root",
                ),
                text(
                    "language",
                    &["lang"],
                    false,
                    "Only this language, such as `rust`",
                ),
                number("limit", "Most results; 8 if not given, at most 30"),
            ],
            is_core: true,
        },
        does: ToolKind::Ours("search_codebase", IndexUse::Needed),
        output: schemas::hits,
    },
    SearchTool {
        title: "Find a definition",
        declaration: ToolDeclaration {
            name: "find_symbol",
            aliases: &[],
            description: "Find where a function, type or constant is defined.",
            parameters: &[text(
                "name",
                NAME,
                true,
                "Exact name, such as `parse` or `Parser::parse`",
            )],
            is_core: true,
        },
        does: ToolKind::Ours("find_symbol", IndexUse::Helpful),
        output: schemas::symbol,
    },
    SearchTool {
        title: "Find uses",
        declaration: ToolDeclaration {
            name: "find_references",
            aliases: &[],
            description: "Find where a name is used or called, by file, and where it is defined.",
            parameters: &[text("name", NAME, true, "Exact name")],
            is_core: true,
        },
        does: ToolKind::Ours("find_references", IndexUse::Helpful),
        output: schemas::references,
    },
    SearchTool {
        title: "Outline a file",
        declaration: ToolDeclaration {
            name: "outline",
            aliases: &[],
            description: "List the definitions in a file with their lines, without bodies.",
            parameters: &[text(
                "path",
                PATH,
                true,
                "Path of the file, relative to the root",
            )],
            is_core: true,
        },
        does: ToolKind::Ours("outline", IndexUse::No),
        output: schemas::outline,
    },
    SearchTool {
        title: "List related files",
        declaration: ToolDeclaration {
            name: "related_files",
            aliases: &[],
            description: "List the files that belong to a file: its tests, users, imports, and what \
                          changed with it.",
            parameters: &[
                text("path", PATH, true, "Path of the file, relative to the root"),
                number("limit", "Most files; 10 if not given"),
            ],
            is_core: true,
        },
        does: ToolKind::Ours("related_files", IndexUse::Needed),
        output: schemas::related,
    },
    SearchTool {
        title: "Read lines",
        declaration: ToolDeclaration {
            name: "read_lines",
            aliases: &[],
            description: "Read numbered lines of a file. Secrets in it are not shown.",
            parameters: &[
                text("path", PATH, true, "Path of the file, relative to the root"),
                number("start_line", "First line, from 1"),
                number("end_line", "Last line, inclusive"),
            ],
            is_core: true,
        },
        does: ToolKind::Ours("read_file", IndexUse::No),
        output: schemas::lines,
    },
    SearchTool {
        title: "Map the project",
        declaration: ToolDeclaration {
            name: "map",
            aliases: &[],
            description: "Show the most used files of the project and what they define.",
            parameters: &[text(
                "path",
                PATH,
                false,
                "Begin with this file or folder, and what it uses or is used by",
            )],
            is_core: true,
        },
        does: ToolKind::Ours("project_map", IndexUse::Needed),
        output: schemas::map,
    },
    SearchTool {
        title: "Index status",
        declaration: ToolDeclaration {
            name: "index_status",
            aliases: &[],
            description: "Say how complete and how fresh the index is.",
            parameters: &[],
            is_core: true,
        },
        does: ToolKind::IndexStatus,
        output: schemas::status,
    },
];

/// Other names that models give to these arguments.
const PATH: &[&str] = &["file_path", "filepath", "file", "filename"];
const QUERY: &[&str] = &["question", "search", "text"];
const NAME: &[&str] = &["symbol", "symbol_name", "query"];

const fn text(
    name: &'static str,
    aliases: &'static [&'static str],
    required: bool,
    description: &'static str,
) -> ParameterDeclaration {
    ParameterDeclaration {
        name,
        aliases,
        kind: ParameterKind::Text,
        description,
        required,
    }
}

const fn number(name: &'static str, description: &'static str) -> ParameterDeclaration {
    ParameterDeclaration {
        name,
        aliases: &[],
        kind: ParameterKind::Integer,
        description,
        required: false,
    }
}

impl SearchTool {
    /// The tool of a name.
    pub fn named(name: &str) -> Option<&'static SearchTool> {
        TOOLS.iter().find(|tool| tool.name() == name)
    }

    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// What calls are checked against. With several workspaces they name one.
    pub fn spec(&self, workspaces: &[String]) -> ToolSpec {
        let mut spec = self.declaration.spec();
        if workspaces.len() > 1 {
            spec.parameters.push(Parameter {
                name: WORKSPACE.to_owned(),
                aliases: Vec::new(),
                kind: ParameterKind::Text,
                description: "Name of the workspace".to_owned(),
                required: self.does != ToolKind::IndexStatus,
            });
        }
        spec
    }

    /// What clients are told of it.
    pub fn definition(&self, workspaces: &[String]) -> Tool {
        let spec = self.spec(workspaces);
        let annotations = ToolAnnotations::from_raw(
            Some(self.title.to_owned()),
            Some(true),
            Some(false),
            Some(true),
            Some(false),
        );
        Tool::new(
            self.name(),
            self.declaration.description,
            input(&spec, workspaces),
        )
        .with_title(self.title)
        .with_raw_output_schema(Arc::new(object(schemas::with_workspace(
            (self.output)(),
            workspaces.len() > 1,
        ))))
        .with_annotations(annotations)
    }
}

/// The schema of the arguments.
fn input(spec: &ToolSpec, workspaces: &[String]) -> Arc<JsonObject> {
    let mut properties = Map::new();
    for parameter in &spec.parameters {
        let description = &parameter.description;
        let property = match parameter.kind {
            ParameterKind::Integer => {
                json!({"type": "integer", "minimum": 1, "description": description})
            }
            _ if parameter.name == WORKSPACE => {
                json!({"type": "string", "enum": workspaces, "description": description})
            }
            _ => json!({"type": "string", "description": description}),
        };
        properties.insert(parameter.name.clone(), property);
    }
    let required = spec
        .parameters
        .iter()
        .filter(|parameter| parameter.required);
    let required: Vec<&str> = required.map(|parameter| parameter.name.as_str()).collect();
    let mut schema = object(json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    Arc::new(schema)
}

fn object(value: Value) -> JsonObject {
    match value {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    }
}

/// A sentence of our tools with the names that tools have here. What it quotes stays.
pub fn renamed(sentence: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-');
    let parts = sentence.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(place, part)| {
            if place % 2 == 1 {
                return part.to_owned();
            }
            let words = part.split_inclusive(|c: char| !is_part(c));
            let words = words.map(|word| {
                let bare = word.trim_end_matches(|c: char| !is_part(c));
                // A full stop may end the sentence.
                let name = bare.trim_end_matches('.');
                let other = OTHER_NAMES.iter().find(|(ours, _)| *ours == name);
                match other {
                    Some((_, here)) => format!("{here}{}", &word[name.len()..]),
                    None => word.to_owned(),
                }
            });
            words.collect()
        })
        .collect();
    parts.join("`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_named_as_here_and_what_is_quoted_stays() {
        for (sentence, expected) in [
            (
                "`src/read_file.rs` does not exist; grep_search and search_codebase can find it",
                "`src/read_file.rs` does not exist; grep and search_codebase can find it",
            ),
            ("use list_directory.", "use ls."),
            ("read_file.rs stays", "read_file.rs stays"),
            (
                "no outline; read_file shows it",
                "no outline; read_lines shows it",
            ),
            ("`read_file` needs `path`", "`read_file` needs `path`"),
            ("", ""),
        ] {
            assert_eq!(renamed(sentence), expected);
        }
    }

    #[test]
    fn each_tool_reads_only_and_says_so_in_a_few_words() {
        let ours = crate::tools::Toolbox::builtin();
        for tool in &TOOLS {
            let definition = tool.definition(&["shop".to_owned()]);
            let words = definition.description.as_deref().unwrap_or_default();
            assert!(words.split_whitespace().count() <= 20, "{words}");
            let annotations = definition.annotations.expect("annotations");
            assert_eq!(annotations.read_only_hint, Some(true));
            assert_eq!(definition.input_schema["additionalProperties"], false);
            let properties = &definition.input_schema["properties"];
            assert!(properties.get(WORKSPACE).is_none());
            let ToolKind::Ours(name, _) = tool.does else {
                continue;
            };
            let known = ours.get(name).expect("a tool of ours").spec();
            for parameter in &tool.spec(&[]).parameters {
                let is_known = known.parameters.iter().any(|it| it.name == parameter.name);
                assert!(is_known, "{name} has no `{}`", parameter.name);
            }
        }
    }

    #[test]
    fn with_several_workspaces_calls_name_one() {
        let names = ["shop".to_owned(), "shop-2".to_owned()];
        for tool in &TOOLS {
            let definition = tool.definition(&names);
            let schema = &definition.input_schema;
            assert_eq!(schema["properties"][WORKSPACE]["enum"], json!(names));
            let required = json!(WORKSPACE);
            let is_required = schema
                .get("required")
                .and_then(Value::as_array)
                .is_some_and(|names| names.contains(&required));
            assert_eq!(is_required, tool.does != ToolKind::IndexStatus);
        }
    }
}
