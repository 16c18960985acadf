//! Decides what needs approval: a pure function of effect, mode, confinement and rules.

pub mod command;
mod preview;
mod rules;
#[cfg(test)]
mod tests;

use futures::FutureExt;
use futures::future::BoxFuture;

use crate::jail::{Protected, ProtectedClass};

pub use preview::Preview;
pub use rules::{
    DeniedCommands, DeniedPaths, Hook, HookFailure, HookFiles, HookLine, HookPoint, HookValues,
    McpServer, McpTransport, ModelServer, Mounts, Placeholder, RepositoryRules, Rules, RulesError,
    SERVER_KINDS, ToolParameter, ToolParameterKind, ToolWord, UserChecks, UserRules, UserTool,
    WordPart, closed_variable, is_own_variable, takes_headers,
};

/// How the reasons of denials in plan mode name it.
pub const PLAN_MODE: &str = "this is plan mode";

const PLAN_MODE_REASON: &str =
    "this is plan mode: nothing can be written, and commands can only read";

/// What a prepared call would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Searches the workspace or the index. Files for which [`Rules::hides`] is true are left out
    /// of the results.
    Read,
    /// Reads a file inside the workspace.
    ReadFile { path: String },
    /// Reads a file that likely holds secrets.
    ReadSecret { path: String },
    /// Reads outside the workspace: only if a rule allows it.
    ReadOutside {
        /// The file: absolute, without links.
        path: String,
    },
    /// Writes outside the workspace: only if a rule allows it.
    WriteOutside {
        /// The file: absolute, without links.
        path: String,
    },
    /// Writes, moves or deletes inside the workspace.
    Write {
        path: String,
        /// Why it is protected: it is executed later, or instructs later sessions.
        runs_later: Option<Protected>,
    },
    /// Replaces a file and loses a part of its content.
    Loss {
        path: String,
        /// What would be lost.
        what: String,
    },
    /// Runs git so that work may be lost that is not the session's, or around the hooks of the
    /// repository: the user decides in every mode, whatever is allowed.
    GitRisk {
        /// The beginning of a sentence: `git stash` may take …
        why: String,
    },
    Command {
        /// The whole command, as passed to the shell.
        text: String,
        /// Its risk.
        risk: CommandRisk,
        /// Whether the sandbox settings give every command network access.
        network: bool,
        /// The user's own tool that runs it, if it is one.
        tool: Option<String>,
    },
    /// Asks the user something.
    AskUser,
    /// A call that leaves this program: what it does is not known, and cannot be confined.
    External {
        /// Who carries it out, as the user named it.
        server: String,
        /// The tool, as the server names it.
        tool: String,
    },
}

impl Effect {
    /// The file of the effect, if there is one.
    pub fn file(&self) -> Option<String> {
        match self {
            Effect::ReadFile { path }
            | Effect::ReadSecret { path }
            | Effect::ReadOutside { path }
            | Effect::WriteOutside { path }
            | Effect::Write { path, .. } => Some(path.clone()),
            _ => None,
        }
    }

    /// What "for this session" covers, in words, if the call leaves this program: all calls of the
    /// same tool of the same server. `None` for other effects, and where the words would not tell
    /// the two names apart.
    pub fn external_grant(&self) -> Option<String> {
        match self {
            Effect::External { server, tool } if !format!("{server}{tool}").contains('`') => {
                Some(format!("calls of `{tool}` of the server `{server}`"))
            }
            _ => None,
        }
    }
}

/// The risk of a command, from its text alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandRisk {
    /// Only known argument vectors that only read.
    KnownSafe,
    Unknown,
    /// Needs the network, or writes `.git`.
    NeedsNetworkOrGit,
}

/// The approval mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Everything that writes or runs needs approval.
    #[default]
    Ask,
    /// Edits of files need no approval.
    AutoEdit,
    /// Everything runs without approval, except for reading files that may hold secrets and writing
    /// files that are executed later.
    AutoApprove,
    /// Nothing writes or runs.
    Plan,
}

impl Mode {
    /// Its name, as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Ask => "ask",
            Mode::AutoEdit => "auto-edit",
            Mode::AutoApprove => "auto-approve",
            Mode::Plan => "plan",
        }
    }
}

/// How well the system confines commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// Commands see and write only what they should, and have no network.
    Full,
    /// Commands write only where they should.
    Landlock,
    None,
}

impl Confinement {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Confinement::Full => "full",
            Confinement::Landlock => "landlock",
            Confinement::None => "none",
        }
    }
}

/// The decision about an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    Allow,
    /// A command runs with a read-only workspace and without network. If it fails because it needs
    /// to write, the user decides.
    ReadOnly,
    /// The user decides. The reason is shown; it is empty if there is nothing to add.
    Ask(String),
    /// It does not run; the model gets the reason.
    Deny(String),
}

/// A request for approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRequest {
    /// [`crate::message::ToolCall::id`].
    pub call_id: String,
    pub tool: String,
    /// The call in a line: `edit src/main.rs`, `run a command`.
    pub title: String,
    /// Exactly what would happen.
    pub preview: Preview,
    /// Paths of the files that it would write or read.
    pub files: Vec<String>,
    /// Why approval is needed, if that is not obvious.
    pub reason: String,
    /// Whether the user can give another command instead of a proposed one, or take only parts of a
    /// change.
    pub can_edit: bool,
    /// What "for this session" would cover, in words; `None` if it cannot be remembered.
    pub remember: Option<String>,
    /// Hash of tool, arguments and the contents it was prepared from, as hexadecimal digits.
    pub hash: String,
}

/// What the user decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Once,
    /// This, and what [`ApprovalRequest::remember`] says, until the session ends.
    Session,
    /// No, and perhaps why: the reason goes to the model.
    Deny(Option<String>),
    /// Another command instead of this one. It is judged like any other.
    ReplaceCommand(String),
    /// Only these parts of the change of a file, from 0: see [`crate::edit::hunks`]. The rest is not
    /// made.
    Parts(Vec<usize>),
}

/// Decides about calls; no answer means no.
pub trait Approver: Send + Sync {
    /// Decides about a call. Dropping the future withdraws the request.
    fn decide<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Decision>;

    /// Answers a question of the model; `None` if nobody can be asked.
    fn answer<'a>(
        &'a self,
        question: &'a str,
        options: &'a [String],
    ) -> BoxFuture<'a, Option<String>>;

    /// Whether somebody can be asked. If not, everything that needs approval is denied.
    fn can_ask(&self) -> bool;
}

/// Nobody can be asked.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Approver for Nobody {
    fn decide<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        async { Decision::Deny(None) }.boxed()
    }

    fn answer<'a>(&'a self, _: &'a str, _: &'a [String]) -> BoxFuture<'a, Option<String>> {
        async { None }.boxed()
    }

    fn can_ask(&self) -> bool {
        false
    }
}

/// Decides about an effect: the table in `docs/approvals.md`, and then the rules.
pub fn permission(
    effect: &Effect,
    mode: Mode,
    confinement: Confinement,
    rules: &Rules,
) -> Permission {
    let usual = default_permission(effect, mode, confinement);
    rules.judge(effect, mode, confinement, usual)
}

/// The decision without rules.
fn default_permission(effect: &Effect, mode: Mode, confinement: Confinement) -> Permission {
    match (effect, mode) {
        (Effect::Read | Effect::ReadFile { .. } | Effect::AskUser, _) => Permission::Allow,
        (Effect::ReadOutside { path } | Effect::WriteOutside { path }, _) => Permission::Deny(
            format!("`{path}` is outside the workspace, and no rule allows it"),
        ),
        (Effect::ReadSecret { path }, Mode::Plan) => {
            Permission::Deny(format!("`{path}` may hold secrets, and this is plan mode"))
        }
        (Effect::ReadSecret { path }, _) => Permission::Ask(format!(
            "`{path}` may hold secrets; the model would see them"
        )),
        (
            Effect::Command {
                text,
                risk,
                network,
                ..
            },
            _,
        ) => command_permission(text, *risk, *network, mode, confinement),
        (Effect::Write { .. } | Effect::Loss { .. } | Effect::GitRisk { .. }, Mode::Plan) => {
            Permission::Deny(PLAN_MODE_REASON.to_owned())
        }
        (Effect::Write { path, runs_later }, mode) => write_permission(path, *runs_later, mode),
        (Effect::GitRisk { why }, _) => Permission::Ask(why.clone()),
        (Effect::Loss { .. }, Mode::AutoApprove) => Permission::Allow,
        (Effect::Loss { path, what }, _) => Permission::Ask(format!("`{path}` would lose {what}")),
        (Effect::External { .. }, Mode::AutoApprove) => Permission::Allow,
        (Effect::External { server, tool }, Mode::Plan) => Permission::Deny(format!(
            "this is plan mode, and ollacode cannot see what the tool `{tool}` of the server \
             `{server}` does"
        )),
        (Effect::External { server, tool }, _) => Permission::Ask(format!(
            "ollacode can neither see nor confine what the tool `{tool}` of the server \
             `{server}` does"
        )),
    }
}

/// The decision about a command, without rules.
fn command_permission(
    text: &str,
    risk: CommandRisk,
    network: bool,
    mode: Mode,
    confinement: Confinement,
) -> Permission {
    let is_full = confinement == Confinement::Full;
    match (risk, mode) {
        (CommandRisk::KnownSafe, _) | (_, Mode::AutoApprove) => Permission::Allow,
        (CommandRisk::Unknown, Mode::AutoEdit) if is_full && !network => Permission::Allow,
        // A build writes its output late, so a read-only run would take long and then fail: it is
        // not tried.
        (CommandRisk::Unknown, Mode::Ask) if is_full && command::building(text).is_some() => {
            Permission::Ask(String::new())
        }
        (CommandRisk::Unknown, Mode::Ask | Mode::Plan) if is_full => {
            match (command::why_not_read_only(text), mode) {
                (None, _) => Permission::ReadOnly,
                (Some(why), Mode::Plan) => {
                    Permission::Deny(format!("{PLAN_MODE_REASON}, and {why}"))
                }
                (Some(why), _) => Permission::Ask(why),
            }
        }
        (_, Mode::Plan) => Permission::Deny(PLAN_MODE_REASON.to_owned()),
        (CommandRisk::NeedsNetworkOrGit, _) => Permission::Ask(command::why_network_or_git(text)),
        (CommandRisk::Unknown, _) if network && is_full => {
            let why =
                "the command would have network access, because the sandbox settings allow it";
            Permission::Ask(why.to_owned())
        }
        (CommandRisk::Unknown, _) => Permission::Ask(String::new()),
    }
}

/// The decision about a write inside the workspace, without rules.
fn write_permission(path: &str, protected: Option<Protected>, mode: Mode) -> Permission {
    match (protected, mode) {
        (Some(found), Mode::AutoApprove) if found.class == ProtectedClass::Instructions => {
            Permission::Allow
        }
        (Some(found), _) => Permission::Ask(format!("`{path}` {}", found.why)),
        (None, Mode::AutoEdit | Mode::AutoApprove) => Permission::Allow,
        (None, _) => Permission::Ask(String::new()),
    }
}
