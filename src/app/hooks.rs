//! The hooks of this workspace: those of the user, and those that its repository brings.

use std::io;

use super::App;
use crate::engine::HookSetup;
use crate::hooks::listing::unknown_tools;
use crate::hooks::programs;
use crate::hooks::repository::{HookContent, content};
use crate::permission::command::shell_line;
use crate::permission::{Hook, McpTransport, UserTool};
use crate::tools::ToolSet;
use crate::trust::TrustKind;

/// The hooks, and which of them run.
#[derive(Clone, Debug)]
pub struct HookList {
    /// Those of the user.
    pub own: Vec<Hook>,
    pub repository: Vec<Hook>,
    /// What those of the repository would run, or why that cannot be told.
    pub content: Result<HookContent, String>,
    /// Whether just that is trusted.
    pub is_trusted: bool,
    /// Names of tools in hooks that no tool has.
    pub unknown_tools: Vec<String>,
}

impl App {
    /// The hooks of a session.
    pub(super) fn hooks(&self) -> HookSetup {
        HookSetup {
            own: self.settings.rules.hooks.clone(),
            repository: self.repository_hooks.clone(),
            trust: Some(self.trust()),
        }
    }

    /// What the user's hooks, tools and servers execute.
    pub(super) fn own_programs(&self) -> Vec<String> {
        let rules = &self.settings.rules;
        let hooks = rules.hooks.iter();
        let lines = hooks.map(|hook| hook.command.text().to_owned());
        let tools = rules.tools.iter().map(UserTool::fixed_line);
        let servers = rules
            .servers
            .iter()
            .filter_map(|server| match &server.transport {
                McpTransport::Command { argv, .. } => Some(shell_line(argv)),
                McpTransport::Http { .. } => None,
            });
        let lines = lines.chain(tools).chain(servers);
        lines.flat_map(|line| programs(&line)).collect()
    }

    /// All hooks, to be listed. Looks at the disk.
    pub fn hook_list(&self) -> HookList {
        let (own, repository) = (&self.settings.rules.hooks, &self.repository_hooks);
        let content = content(&self.jail, repository);
        let is_trusted = content.as_ref().is_ok_and(|content| {
            let (trust, root) = (self.trust(), self.jail.root());
            trust.trusts(TrustKind::Hooks, root, content.bytes())
        });
        // That can only fail by a name that was found taken when the program started.
        let toolbox = self.toolbox().map(|toolbox| toolbox.specs(ToolSet::All));
        let specs = toolbox.unwrap_or_default().into_iter();
        let mut known: Vec<String> = specs.map(|spec| spec.name).collect();
        known.extend(
            self.settings
                .rules
                .tools
                .iter()
                .map(|tool| tool.name.clone()),
        );
        known.push("new_from_template".to_owned());
        let all = [own.as_slice(), repository.as_slice()].concat();
        HookList {
            unknown_tools: unknown_tools(&all, &known),
            own: own.clone(),
            repository: repository.clone(),
            content,
            is_trusted,
        }
    }

    /// Trusts what the hooks of the repository would run, as it was listed.
    ///
    /// # Errors
    ///
    /// The file of what is trusted cannot be written.
    pub fn trust_hooks(&self, content: &HookContent) -> io::Result<()> {
        self.trust()
            .trust(TrustKind::Hooks, self.jail.root(), content.bytes())
    }

    /// Ends the trust; whether there was any.
    ///
    /// # Errors
    ///
    /// As of [`App::trust_hooks`].
    pub fn forget_hooks(&self) -> io::Result<bool> {
        self.trust().forget(TrustKind::Hooks, self.jail.root())
    }
}
