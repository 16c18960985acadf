//! The user's rules (deny, ask, allow) and those of a repository.
//!
//! The strictest rule wins, whatever the order. `deny` patterns match broadly, `allow` patterns
//! exactly. A repository can only make things stricter.

mod checks;
mod command_words;
mod denied;
mod file;
mod judge;
mod mcp_servers;
mod model_servers;
mod pattern;
mod repository;
mod tool_pattern;
mod user_hooks;
mod user_tools;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub use checks::UserChecks;
pub use denied::DeniedCommands;
pub use mcp_servers::{McpServer, McpTransport, closed_variable, is_own_variable, takes_headers};
pub use model_servers::{ModelServer, SERVER_KINDS};
pub use repository::RepositoryRules;
pub use user_hooks::{Hook, HookFailure, HookFiles, HookLine, HookPoint, HookValues, Placeholder};
pub use user_tools::{ToolParameter, ToolParameterKind, ToolWord, UserTool, WordPart};

use command_words::{rule_path, without_dots};
use judge::allows;
use pattern::{CommandPattern, PathPattern};
use tool_pattern::ToolPattern;

/// The checked rules of the user's `config.toml`.
#[derive(Clone, Debug, Default)]
pub struct UserRules {
    rules: Vec<Rule>,
    home: Option<PathBuf>,
    /// Named folders of the user; absolute, may not exist.
    pub workspaces: BTreeMap<String, PathBuf>,
    pub checks: UserChecks,
    pub servers: Vec<McpServer>,
    /// Where models run, besides the server of the settings.
    pub model_servers: Vec<ModelServer>,
    pub hooks: Vec<Hook>,
    pub tools: Vec<UserTool>,
}

/// An error in the user's `config.toml`. Nothing runs then: an ignored rule could be the one that
/// denies.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// It exists and cannot be read.
    #[error("cannot read the rules in {path}")]
    Unreadable { path: PathBuf, source: io::Error },
    /// Something in it is wrong.
    #[error("{path}:{line}: {problem}")]
    Wrong {
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

impl UserRules {
    /// Reads the user's file; a missing one has no rules.
    ///
    /// `home` replaces `~/`.
    pub fn read(path: &Path, home: Option<&Path>) -> Result<UserRules, RulesError> {
        file::read(path, home)
    }

    /// Rules about tools of servers that this file does not have: a sentence each. They hold only for
    /// those that a repository brings.
    pub fn rules_without_server(&self) -> Vec<String> {
        let has_server = |pattern: &ToolPattern| {
            let mut servers = self.servers.iter();
            servers.any(|server| pattern.may_name_server(&server.name))
        };
        let unused = self.rules.iter().filter(|rule| {
            rule.tool()
                .is_some_and(|pattern| pattern.has_server() && !has_server(pattern))
        });
        let said = unused.map(|rule| {
            format!(
                "{} is about no server of this file, only about those of a repository's `.mcp.json`",
                rule.named
            )
        });
        said.collect()
    }
}

/// All rules of a workspace.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Absolute, without links.
    root: PathBuf,
    home: Option<PathBuf>,
    rules: Vec<Rule>,
}

/// Files and folders with everything below them that rules name: absolute, may not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mounts {
    /// What commands may read.
    pub readable: Vec<PathBuf>,
    /// What commands may write.
    pub writable: Vec<PathBuf>,
    /// What they must not read, even below readable folders.
    pub hidden: Vec<PathBuf>,
    /// What they must not write.
    pub unwritable: Vec<PathBuf>,
}

/// Paths that a `deny` rule closes to commands, inside or outside the workspace, even if another
/// rule allows a folder around them.
#[derive(Clone, Copy, Debug)]
pub struct DeniedPaths<'a> {
    root: &'a Path,
    pattern: &'a PathPattern,
    /// Whether they may not be read; otherwise they may not be written.
    pub reading: bool,
}

impl DeniedPaths<'_> {
    /// Whether a path is one of them, or below one: absolute, without links. It may not exist.
    pub fn names(&self, path: &Path) -> bool {
        self.pattern.names(&rule_path(path, self.root))
    }

    /// Whether one of them could be below a folder: absolute, without links.
    pub fn may_be_below(&self, folder: &Path) -> bool {
        self.pattern.may_be_below(&rule_path(folder, self.root))
    }
}

/// The verdict of a rule; the strictest is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum RuleVerdict {
    /// Needs no approval.
    Allow,
    /// Needs approval, even if it would run without.
    Ask,
    Deny,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RuleKind {
    Read,
    Write,
    Command,
    /// Whether a command has the network.
    Network,
    /// A tool of a server, or one of the user's own.
    Tool,
}

#[derive(Clone, Debug)]
struct Rule {
    verdict: RuleVerdict,
    kind: RuleKind,
    pattern: Pattern,
    /// The rule with its file and line, for messages.
    named: String,
}

#[derive(Clone, Debug)]
enum Pattern {
    Path(PathPattern),
    Command(CommandPattern),
    Tool(ToolPattern),
}

impl Rules {
    /// Joins the rules of a user with those of the repository at `root`, which is absolute and
    /// without links.
    pub fn new(root: &Path, user: &UserRules, repository: RepositoryRules) -> Rules {
        let mut rules = user.rules.clone();
        rules.extend(repository.rules);
        Rules {
            root: root.to_owned(),
            home: user.home.clone(),
            rules,
        }
    }

    /// The denied commands, for the supervisor that executes programs.
    pub fn denied_commands(&self) -> DeniedCommands {
        let denied = self.rules.iter().filter(|rule| rule.denies_commands());
        DeniedCommands::new(denied.filter_map(Rule::command))
    }

    /// Whether a command has network access when it runs. `wanted` is the answer without rules.
    pub fn opens_network(&self, command: &str, wanted: bool) -> bool {
        let ruling = self.of_command(RuleKind::Network, command);
        let opening = self.rules.iter().filter(|rule| {
            // What is asked is asked generously, but opened strictly.
            rule.kind == RuleKind::Network && rule.verdict != RuleVerdict::Deny
        });
        ruling.denied.is_none() && (wanted || allows(&opening.collect::<Vec<_>>(), command))
    }

    /// Whether a file's content is left out of searches and of the context of questions, because
    /// reading it is denied or asked. The path is as in [`crate::jail::WorkspacePath`].
    pub fn hides(&self, path: &str) -> bool {
        let ruling = self.of_path(RuleKind::Read, &self.inside(path));
        ruling.denied.is_some() || ruling.asked.is_some()
    }

    /// Whether a rule allows reading a secret file without approval. The path is as for
    /// [`Rules::hides`].
    pub fn opens_secret(&self, path: &str) -> bool {
        let ruling = self.of_path(RuleKind::Read, &self.inside(path));
        ruling.allowed && ruling.denied.is_none() && ruling.asked.is_none()
    }

    /// The given path outside the workspace (absolute, from `~/` or from the workspace root), if a
    /// rule allows reading it: as written, links not resolved.
    pub fn opened_outside(&self, given: &str) -> Option<PathBuf> {
        let home = self.home.as_deref();
        let full = match (given.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ if given == "~" => home?.to_owned(),
            _ => self.root.join(given),
        };
        let full = without_dots(&full);
        let is_outside = !full.starts_with(&self.root);
        (is_outside && self.reads_outside(&full)).then_some(full)
    }

    /// Whether a rule allows reading an absolute path outside the workspace.
    pub fn reads_outside(&self, path: &Path) -> bool {
        let ruling = self.of_outside(path);
        ruling.allowed && ruling.denied.is_none()
    }

    /// Whether something below a folder could be hidden by [`Rules::hides`]: a command that
    /// searches there is not known to be safe.
    pub fn may_hide_below(&self, folder: &str) -> bool {
        let place = self.inside(folder);
        self.rules.iter().any(|rule| {
            rule.kind == RuleKind::Read
                && rule.verdict != RuleVerdict::Allow
                && rule
                    .path()
                    .is_some_and(|pattern| pattern.may_be_below(&place))
        })
    }

    /// What the sandbox must open and close for commands. Globs are left out: files for which
    /// [`Rules::hides`] is true must be searched for.
    pub fn mounts(&self) -> Mounts {
        let folders = |kind, verdict| {
            let rules = self.rules.iter();
            let rules = rules.filter(move |rule| rule.kind == kind && rule.verdict == verdict);
            rules
                .filter_map(|rule| rule.path()?.folder(&self.root))
                .collect()
        };
        Mounts {
            readable: folders(RuleKind::Read, RuleVerdict::Allow),
            writable: folders(RuleKind::Write, RuleVerdict::Allow),
            hidden: folders(RuleKind::Read, RuleVerdict::Deny),
            unwritable: folders(RuleKind::Write, RuleVerdict::Deny),
        }
    }

    /// What `deny` rules close to commands, including globs and single files, which
    /// [`Rules::mounts`] leaves out.
    pub fn denied_paths(&self) -> impl Iterator<Item = DeniedPaths<'_>> {
        let denied = |rule: &&Rule| rule.verdict == RuleVerdict::Deny;
        self.rules.iter().filter(denied).filter_map(|rule| {
            Some(DeniedPaths {
                root: &self.root,
                pattern: rule.path()?,
                reading: rule.kind == RuleKind::Read,
            })
        })
    }
}

impl Rule {
    fn path(&self) -> Option<&PathPattern> {
        match &self.pattern {
            Pattern::Path(pattern) => Some(pattern),
            Pattern::Command(_) | Pattern::Tool(_) => None,
        }
    }

    fn command(&self) -> Option<&CommandPattern> {
        match &self.pattern {
            Pattern::Command(pattern) => Some(pattern),
            Pattern::Path(_) | Pattern::Tool(_) => None,
        }
    }

    fn tool(&self) -> Option<&ToolPattern> {
        match &self.pattern {
            Pattern::Tool(pattern) => Some(pattern),
            Pattern::Path(_) | Pattern::Command(_) => None,
        }
    }

    fn denies_commands(&self) -> bool {
        self.verdict == RuleVerdict::Deny && self.kind == RuleKind::Command
    }

    /// Whether it matches any command among these words.
    fn forbids(&self, spoken: &[command_words::CommandWords]) -> bool {
        self.command().is_some_and(|pattern| {
            let mut spoken = spoken.iter();
            spoken.any(|part| pattern.begins(&part.words, part.starts))
        })
    }
}
