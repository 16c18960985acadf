//! What models are told of tools, and which call means which.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::{Map, Value, json};

use super::*;
use crate::mcp::fake::{Fake, search};
use crate::message::ToolCall;
use crate::model::ParameterKind;
use crate::permission::UserRules;
use crate::tools::{PreparedCall, ToolContext, ToolError};

/// A tool that is known only at run time.
struct Added(ToolSpec);

impl Tool for Added {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn prepare<'a>(
        &'a self,
        _call: &'a ToolCall,
        _context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async { Err(ToolError::TellModel("it cannot run".to_owned())) }.boxed()
    }
}

fn added(name: &str, aliases: &[&str], is_core: bool) -> Arc<dyn Tool> {
    let spec = ToolSpec::from_schema(name.to_owned(), "Searches.".to_owned(), schema());
    Arc::new(Added(ToolSpec {
        aliases: aliases.iter().map(|&alias| alias.to_owned()).collect(),
        is_core,
        ..spec
    }))
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"filter": {"type": "object", "properties": {"state": {"enum": ["open"]}}}},
        "required": ["filter"],
    })
}

/// What a server is sent of the tools, as Ollama's format has it.
fn wire(specs: &[ToolSpec]) -> String {
    let parameter = |kind: &ParameterKind, description: &str| {
        let mut schema = match kind {
            ParameterKind::Text => json!({"type": "string"}),
            ParameterKind::Integer => json!({"type": "integer"}),
            ParameterKind::Boolean => json!({"type": "boolean"}),
            ParameterKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
            ParameterKind::Schema(schema) => return schema.clone(),
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
                .map(|p| (p.name.clone(), parameter(&p.kind, &p.description)))
                .collect();
            let required = spec.parameters.iter().filter(|p| p.required);
            let required: Vec<&str> = required.map(|p| p.name.as_str()).collect();
            json!({"type": "function", "function": {
                "name": spec.name, "description": spec.description,
                "parameters": {"type": "object", "properties": properties, "required": required}}})
        })
        .collect();
    Value::from(tools).to_string()
}

#[test]
fn the_order_is_fixed_and_the_core_is_first() {
    let toolbox = Toolbox::builtin();
    let names = |set| -> Vec<String> {
        let specs = toolbox.specs(set).into_iter();
        specs.map(|spec| spec.name).collect()
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
    assert_eq!(all[..core.len()], core);
    assert_eq!(
        all[core.len()..],
        [
            "list_directory",
            "search_files",
            "outline",
            "find_symbol",
            "move_file",
            "delete_file",
            "ask_user",
            "find_references",
            "project_map",
            "related_files"
        ]
    );
}

#[test]
fn the_tools_are_small() {
    let toolbox = Toolbox::builtin();
    for form in EditForm::ALL {
        let tokens = |set| wire(&toolbox.specs_in(set, form)).len().div_ceil(4);
        let (core, all) = (tokens(ToolSet::Core), tokens(ToolSet::All));
        assert!(core < 1000, "{form:?}: the core has {core} tokens");
        assert!(all < 1900, "{form:?}: all have {all} tokens");
    }
}

#[test]
fn two_small_tools_call_those_of_servers_and_all_else_stays_as_it_is() {
    let fake = Fake::new(&[("docs", vec![search("Searches.")])]);
    let ours = Toolbox::builtin().specs(ToolSet::All);
    let (toolbox, taken) = Toolbox::builtin().with_servers(&fake.tools, &[]);
    assert!(taken.is_empty(), "{taken:?}");
    let all = toolbox.specs(ToolSet::All);
    assert_eq!(wire(&all[..ours.len()]), wire(&ours));
    let added = &all[ours.len()..];
    let names: Vec<&str> = added.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["more_tools", "use_tool"]);
    // Weak models get them, too: somebody set up a server.
    assert_eq!(toolbox.specs(ToolSet::Core)[6..], *added);
    let tokens = wire(added).len().div_ceil(4);
    assert!(tokens <= 150, "they have {tokens} tokens");
    assert!(fake.done().is_empty(), "nothing was started");
}

#[test]
fn each_form_of_edits_has_the_same_tools() {
    let toolbox = Toolbox::builtin();
    let names = |form| -> Vec<String> {
        let specs = toolbox.specs_in(ToolSet::All, form).into_iter();
        specs.map(|spec| spec.name).collect()
    };
    let arguments = |form| -> Vec<String> {
        let specs = toolbox.specs_in(ToolSet::All, form);
        let edit = specs.iter().find(|spec| spec.name == "edit_file").unwrap();
        edit.parameters.iter().map(|it| it.name.clone()).collect()
    };
    for form in EditForm::ALL {
        assert_eq!(names(form), names(EditForm::Search));
    }
    let search = ["path", "search", "replace", "all"];
    assert_eq!(arguments(EditForm::Search), search);
    assert_eq!(arguments(EditForm::Whole), search);
    assert_eq!(
        arguments(EditForm::Anchors),
        ["path", "first", "last", "text"]
    );
}

#[test]
fn no_name_means_two_things() {
    let mut tools = BTreeSet::new();
    for spec in Toolbox::builtin().specs(ToolSet::All) {
        for name in spec.aliases.iter().chain([&spec.name]) {
            assert!(tools.insert(name.clone()), "{name} is two tools");
        }
        let mut parameters = BTreeSet::new();
        for parameter in &spec.parameters {
            for name in parameter.aliases.iter().chain([&parameter.name]) {
                assert!(parameters.insert(name), "{name} of {} is two", spec.name);
            }
        }
    }
}

#[test]
fn names_that_models_know_from_elsewhere_are_known() {
    let specs = Toolbox::builtin().specs(ToolSet::All);
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
        ("find_usages", "find_references"),
        ("find_callers", "find_references"),
        ("references", "find_references"),
        ("find_files", "search_files"),
        ("glob", "search_files"),
        ("create_file", "write_file"),
        ("str_replace", "edit_file"),
        ("replace_in_file", "edit_file"),
    ] {
        assert!(spec(name).aliases.iter().any(|it| it == alias), "{alias}");
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
        let parameters = &spec(tool).parameters;
        let known = parameters
            .iter()
            .find(|known| known.name == parameter)
            .unwrap();
        for alias in aliases {
            assert!(
                known.aliases.iter().any(|it| it == alias),
                "{alias} of {tool}"
            );
        }
    }
}

#[test]
fn tools_are_found_by_their_names_only() {
    let toolbox = Toolbox::builtin();
    for spec in toolbox.specs(ToolSet::All) {
        let found = toolbox.get(&spec.name).map(|tool| tool.spec());
        assert_eq!(found, Some(&spec));
        assert!(!spec.description.is_empty());
        assert!(spec.parameters.iter().all(|p| !p.description.is_empty()));
    }
    assert!(toolbox.get("bash").is_none());
}

#[test]
fn tools_of_the_run_time_come_after_ours_with_their_schema() {
    let toolbox = Toolbox::builtin()
        .with(added("tracker.search", &["find_issue"], false))
        .and_then(|toolbox| toolbox.with(added("a.first", &[], true)))
        .expect("two new names");
    let names = |set| -> Vec<String> {
        let specs = toolbox.specs(set).into_iter();
        specs.map(|spec| spec.name).collect()
    };
    let ours = Toolbox::builtin().specs(ToolSet::All);
    assert_eq!(toolbox.specs(ToolSet::All)[..ours.len()], ours);
    assert_eq!(
        names(ToolSet::All)[ours.len()..],
        ["tracker.search", "a.first"]
    );
    assert_eq!(names(ToolSet::Core)[6..], ["a.first"]);
    let found = toolbox.get("tracker.search").map(|tool| tool.spec());
    assert_eq!(found.and_then(|spec| spec.schema.clone()), Some(schema()));
}

#[test]
fn a_rule_for_a_tool_of_ours_by_its_name_is_an_error_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let toolbox = Toolbox::with_templates(Library::new(None, skills::Library::default()));
    for spec in toolbox.specs(ToolSet::All) {
        let rule = format!("[[deny]]\ntool = '{}'\n", spec.name);
        std::fs::write(&file, rule).unwrap();
        let error = UserRules::read(&file, None).expect_err(&spec.name);
        let error = error.to_string();
        assert!(error.contains("is a tool of ollacode itself"), "{error}");
    }
}

#[test]
fn a_name_that_is_taken_is_refused() {
    for (name, aliases, taken, by) in [
        ("tracker.shell", &["shell"][..], "shell", "run_command"),
        ("ReadFile", &[], "ReadFile", "read_file"),
        ("bash", &[], "bash", "run_command"),
        ("read_file", &[], "read_file", "read_file"),
        ("find_issue", &[], "find_issue", "tracker.search"),
    ] {
        let toolbox = Toolbox::builtin()
            .with(added("tracker.search", &["find_issue"], false))
            .expect("a new name");
        let error = toolbox.with(added(name, aliases, false)).err();
        assert_eq!(
            error.map(|error| error.to_string()),
            Some(format!(
                "cannot add the tool `{name}`: the name `{taken}` is already used by the tool \
                 `{by}`"
            ))
        );
    }
}
