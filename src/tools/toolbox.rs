//! The list of tools, in the order in which models are told of them.

use super::Tool;
use super::ask_user::AskUser;
use super::delete_file::DeleteFile;
use super::edit_file::EditFile;
use super::find_symbol::FindSymbol;
use super::grep_search::GrepSearch;
use super::list_directory::ListDirectory;
use super::move_file::MoveFile;
use super::outline::Outline;
use super::read_file::ReadFile;
use super::run_command::RunCommand;
use super::search_codebase::SearchCodebase;
use super::search_files::SearchFiles;
use super::write_file::WriteFile;
use crate::model::ToolSpec;

/// How many of [`TOOLS`] are the core: what a session needs, and as many as weak models can tell
/// apart.
const CORE: usize = 6;

/// Never sorted, and new ones at the end: a server reuses what it has computed for a list of tools
/// only if the list is the same to the byte.
static TOOLS: [&dyn Tool; 13] = [
    &SearchCodebase,
    &ReadFile,
    &EditFile,
    &WriteFile,
    &GrepSearch,
    &RunCommand,
    &ListDirectory,
    &SearchFiles,
    &Outline,
    &FindSymbol,
    &MoveFile,
    &DeleteFile,
    &AskUser,
];

/// How many tools a model is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolSet {
    /// The six that a session needs, for weak models and small windows.
    Core,
    All,
}

/// The tools that there are.
#[derive(Clone, Copy)]
pub struct Toolbox {
    tools: &'static [&'static dyn Tool],
}

impl Toolbox {
    pub fn all() -> Toolbox {
        Toolbox { tools: &TOOLS }
    }

    /// How models are told of a set of tools; always in the same order, the core first.
    pub fn specs(&self, set: ToolSet) -> Vec<ToolSpec> {
        let tools = match set {
            ToolSet::Core => &self.tools[..CORE],
            ToolSet::All => self.tools,
        };
        tools.iter().map(|tool| tool.spec().clone()).collect()
    }

    /// The tool of an exact name; aliases are resolved before.
    pub fn get(&self, name: &str) -> Option<&'static dyn Tool> {
        let mut tools = self.tools.iter();
        tools.find(|tool| tool.spec().name == name).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Map, Value, json};

    use super::*;
    use crate::model::ParameterKind;

    /// What a server is sent of the tools, as Ollama's format has it.
    fn wire(specs: &[ToolSpec]) -> String {
        let parameter = |kind: ParameterKind, description: &str| {
            let mut schema = match kind {
                ParameterKind::Text => json!({"type": "string"}),
                ParameterKind::Integer => json!({"type": "integer"}),
                ParameterKind::Boolean => json!({"type": "boolean"}),
                ParameterKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            };
            schema["description"] = description.into();
            schema
        };
        let tools: Vec<Value> = specs
            .iter()
            .map(|spec| {
                let properties: Map<String, Value> = spec
                    .parameters
                    .iter()
                    .map(|p| (p.name.to_owned(), parameter(p.kind, p.description)))
                    .collect();
                let required = spec.parameters.iter().filter(|p| p.required);
                let required: Vec<&str> = required.map(|p| p.name).collect();
                json!({"type": "function", "function": {
                    "name": spec.name, "description": spec.description,
                    "parameters": {"type": "object", "properties": properties, "required": required}}})
            })
            .collect();
        Value::from(tools).to_string()
    }

    #[test]
    fn the_order_is_fixed_and_the_core_is_first() {
        let toolbox = Toolbox::all();
        let names = |set| -> Vec<&str> {
            let specs = toolbox.specs(set);
            specs.iter().map(|spec| spec.name).collect()
        };
        let core = [
            "search_codebase",
            "read_file",
            "edit_file",
            "write_file",
            "grep_search",
            "run_command",
        ];
        assert_eq!(names(ToolSet::Core), core);
        let all = names(ToolSet::All);
        assert_eq!(all[..CORE], core);
        assert_eq!(
            all[CORE..],
            [
                "list_directory",
                "search_files",
                "outline",
                "find_symbol",
                "move_file",
                "delete_file",
                "ask_user"
            ]
        );
    }

    #[test]
    fn the_tools_are_small() {
        let toolbox = Toolbox::all();
        let tokens = |set| wire(&toolbox.specs(set)).len().div_ceil(4);
        let (core, all) = (tokens(ToolSet::Core), tokens(ToolSet::All));
        assert!(core < 1000, "the core has {core} tokens");
        assert!(all < 1700, "all have {all} tokens");
    }

    #[test]
    fn no_name_means_two_things() {
        let mut tools = BTreeSet::new();
        for spec in Toolbox::all().specs(ToolSet::All) {
            for name in spec.aliases.iter().chain([&spec.name]) {
                assert!(tools.insert(*name), "{name} is two tools");
            }
            let mut parameters = BTreeSet::new();
            for parameter in spec.parameters {
                for name in parameter.aliases.iter().chain([&parameter.name]) {
                    assert!(parameters.insert(*name), "{name} of {} is two", spec.name);
                }
            }
        }
    }

    #[test]
    fn names_that_models_know_from_elsewhere_are_known() {
        let specs = Toolbox::all().specs(ToolSet::All);
        let spec = |name: &str| specs.iter().find(|spec| spec.name == name).unwrap();
        for (alias, name) in [
            ("run_bash_command", "run_command"),
            ("bash", "run_command"),
            ("shell", "run_command"),
            ("execute_command", "run_command"),
            ("search_code", "search_codebase"),
            ("grep", "grep_search"),
            ("list_files", "list_directory"),
            ("ls", "list_directory"),
            ("find_files", "search_files"),
            ("glob", "search_files"),
            ("create_file", "write_file"),
            ("str_replace", "edit_file"),
            ("replace_in_file", "edit_file"),
        ] {
            assert!(spec(name).aliases.contains(&alias), "{alias}");
        }
        for (tool, parameter, aliases) in [
            (
                "read_file",
                "path",
                &["filepath", "file_path", "file", "filename"][..],
            ),
            (
                "edit_file",
                "search",
                &["old_content", "old_string", "old_str", "old"],
            ),
            (
                "edit_file",
                "replace",
                &["new_content", "new_string", "new_str", "new"],
            ),
            ("grep_search", "regex", &["pattern", "query"]),
            ("grep_search", "glob", &["file_pattern"]),
            ("search_files", "glob", &["file_pattern", "pattern"]),
            ("run_command", "command", &["cmd"]),
            ("write_file", "content", &["text", "contents"]),
        ] {
            let parameters = spec(tool).parameters;
            let known = parameters
                .iter()
                .find(|known| known.name == parameter)
                .unwrap();
            for alias in aliases {
                assert!(known.aliases.contains(alias), "{alias} of {tool}");
            }
        }
    }

    #[test]
    fn tools_are_found_by_their_names_only() {
        let toolbox = Toolbox::all();
        for spec in toolbox.specs(ToolSet::All) {
            let found = toolbox.get(spec.name).map(|tool| tool.spec().name);
            assert_eq!(found, Some(spec.name));
            assert!(!spec.description.is_empty());
            assert!(spec.parameters.iter().all(|p| !p.description.is_empty()));
        }
        assert!(toolbox.get("bash").is_none());
    }
}
