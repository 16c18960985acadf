//! The registry of tools, in the order in which models are told of them.

use std::sync::Arc;

use super::Tool;
use super::ask_user::AskUser;
use super::delete_file::DeleteFile;
use super::edit_file::EditFile;
use super::find_references::FindReferences;
use super::find_symbol::FindSymbol;
use super::grep_search::GrepSearch;
use super::list_directory::ListDirectory;
use super::more_tools::MoreTools;
use super::move_file::MoveFile;
use super::new_from_template::NewFromTemplate;
use super::outline::Outline;
use super::project_map::ProjectMapTool;
use super::read_file::ReadFile;
use super::related_files::RelatedFiles;
use super::run_command::RunCommand;
use super::search_codebase::SearchCodebase;
use super::search_files::SearchFiles;
use super::server_tool::ExposedTool;
use super::use_skill::UseSkill;
use super::use_tool::UseTool;
use super::user_tool::OwnTool;
use super::write_file::WriteFile;
use crate::mcp::catalog::{KnownTool, ServerTools};
use crate::model::repair::is_same_name;
use crate::model::{EditForm, ToolSpec};
use crate::permission::UserTool;
use crate::skills;
use crate::templates::Library;

/// How many tools a model is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolSet {
    /// Those that a session needs ([`ToolSpec::is_core`]), for weak models and small windows, and as
    /// many as weak models can tell apart.
    Core,
    All,
}

/// Why a tool cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot add the tool `{tool}`: the name `{name}` is already used by the tool `{by}`")]
pub struct NameTaken {
    pub tool: String,
    /// Its name or one of its aliases.
    pub name: String,
    pub by: String,
}

/// The registry of tools: ours, then those that were added at run time.
#[derive(Clone)]
pub struct Toolbox {
    /// Never sorted, and new ones at the end: a server reuses what it has computed for a list of
    /// tools only if the list is the same to the byte.
    tools: Vec<Arc<dyn Tool>>,
}

impl Toolbox {
    /// Those, and the one that makes files from templates: for workspaces that have some.
    pub fn with_templates(library: Library) -> Toolbox {
        let mut toolbox = Toolbox::builtin();
        toolbox.tools.push(Arc::new(NewFromTemplate { library }));
        toolbox
    }

    /// These, and those with which tools of MCP servers are found and called; `exposed` are tools of their
    /// own. Gives which of these cannot be, since their names are taken.
    pub fn with_servers(
        self,
        servers: &ServerTools,
        exposed: &[KnownTool],
    ) -> (Toolbox, Vec<NameTaken>) {
        let find = Arc::new(MoreTools {
            servers: servers.clone(),
        });
        let call = Arc::new(UseTool {
            servers: servers.clone(),
        });
        let exposed = exposed
            .iter()
            .map(|tool| Arc::new(ExposedTool::new(servers.clone(), tool)) as Arc<dyn Tool>);
        let mut toolbox = self;
        let mut taken = Vec::new();
        for tool in [find as Arc<dyn Tool>, call].into_iter().chain(exposed) {
            match toolbox.clone().with(tool) {
                Ok(with_it) => toolbox = with_it,
                Err(why) => taken.push(why),
            }
        }
        (toolbox, taken)
    }

    /// The tools that are part of this program, the core first.
    pub fn builtin() -> Toolbox {
        Toolbox {
            tools: vec![
                Arc::new(SearchCodebase),
                Arc::new(ReadFile),
                Arc::new(EditFile),
                Arc::new(WriteFile),
                Arc::new(GrepSearch),
                Arc::new(RunCommand),
                Arc::new(ListDirectory),
                Arc::new(SearchFiles),
                Arc::new(Outline),
                Arc::new(FindSymbol),
                Arc::new(MoveFile),
                Arc::new(DeleteFile),
                Arc::new(AskUser),
                Arc::new(FindReferences),
                Arc::new(ProjectMapTool),
                Arc::new(RelatedFiles),
            ],
        }
    }

    /// The same, and the one that gives models the texts of skills: for users who have some.
    #[must_use]
    pub fn with_skills(mut self, library: skills::Library) -> Toolbox {
        self.tools.push(Arc::new(UseSkill { library }));
        self
    }

    /// Adds a tool at the end.
    ///
    /// # Errors
    ///
    /// If another tool has its name or one of its aliases: which of them a call means must never be
    /// a guess.
    pub fn with(mut self, tool: Arc<dyn Tool>) -> Result<Toolbox, NameTaken> {
        let spec = tool.spec();
        for name in names(spec) {
            if let Some(by) = self.named(name) {
                return Err(NameTaken {
                    tool: spec.name.clone(),
                    name: name.to_owned(),
                    by: by.name.clone(),
                });
            }
        }
        self.tools.push(tool);
        Ok(self)
    }

    /// Adds the user's own tools, in the order of the file.
    ///
    /// # Errors
    ///
    /// As for [`Toolbox::with`].
    pub fn with_own(self, tools: &[UserTool]) -> Result<Toolbox, NameTaken> {
        tools.iter().try_fold(self, |toolbox, tool| {
            toolbox.with(Arc::new(OwnTool::new(tool)))
        })
    }

    /// How models are told of a set of tools; always in the same order.
    pub fn specs(&self, set: ToolSet) -> Vec<ToolSpec> {
        self.specs_in(set, EditForm::default())
    }

    /// The same for models that edit files in a form.
    pub fn specs_in(&self, set: ToolSet, form: EditForm) -> Vec<ToolSpec> {
        let specs = self.tools.iter().map(|tool| tool.spec_in(form));
        specs
            .filter(|spec| set == ToolSet::All || spec.is_core)
            .cloned()
            .collect()
    }

    /// The tool of an exact name; aliases are resolved before.
    pub fn get(&self, name: &str) -> Option<&dyn Tool> {
        let mut tools = self.tools.iter();
        tools.find(|tool| tool.spec().name == name).map(Arc::as_ref)
    }

    /// The names of the tools that run commands.
    pub fn command_tools(&self) -> impl Iterator<Item = &str> {
        let tools = self.tools.iter().filter(|tool| tool.runs_command());
        tools.map(|tool| tool.spec().name.as_str())
    }

    /// The tool that has a name or an alias, in any spelling that calls are resolved by.
    fn named(&self, name: &str) -> Option<&ToolSpec> {
        let mut specs = self.tools.iter().map(|tool| tool.spec());
        specs.find(|spec| names(spec).any(|taken| is_same_name(taken, name)))
    }
}

/// The name of a tool, and its aliases.
fn names(spec: &ToolSpec) -> impl Iterator<Item = &str> {
    [&spec.name]
        .into_iter()
        .chain(&spec.aliases)
        .map(String::as_str)
}

#[cfg(test)]
mod tests;
