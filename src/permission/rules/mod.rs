//! The user's rules (deny, ask, allow) and those of a repository.
//!
//! The strictest rule wins, whatever the order. `deny` patterns match broadly, `allow` patterns
//! exactly. A repository can only make things stricter.

mod checks;
mod command_words;
mod denied;
mod file;
mod mcp_servers;
mod pattern;
mod repository;
mod user_hooks;
mod user_tools;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::command::{doubt, parts};
use super::{CommandRisk, Confinement, Effect, Mode, Permission};

pub use checks::UserChecks;
pub use denied::DeniedCommands;
pub use mcp_servers::{McpServer, McpTransport};
pub use repository::RepositoryRules;
pub use user_hooks::{Hook, HookFailure, HookFiles, HookLine, HookPoint, HookValues, Placeholder};
pub use user_tools::UserTool;

use command_words::{places, rule_path, split_command, without_dots};
use pattern::{CommandPattern, PathPattern, RulePath};

/// The checked rules of the user's `config.toml`.
#[derive(Clone, Debug, Default)]
pub struct UserRules {
    rules: Vec<Rule>,
    home: Option<PathBuf>,
    /// Named folders of the user; absolute, may not exist.
    pub workspaces: BTreeMap<String, PathBuf>,
    pub checks: UserChecks,
    pub servers: Vec<McpServer>,
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
}

/// The verdicts of the rules about an effect.
#[derive(Default)]
struct Ruling<'a> {
    denied: Option<&'a Rule>,
    asked: Option<&'a Rule>,
    allowed: bool,
    /// Why it is not certain whether a rule denies it.
    doubted: Option<String>,
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

    /// Decides about an effect, given the decision without rules.
    ///
    /// In the mode that approves everything, what an `ask` rule asks is approved too; exceptions
    /// that are asked even in that mode stay so.
    pub(super) fn judge(
        &self,
        effect: &Effect,
        mode: Mode,
        confinement: Confinement,
        usual: Permission,
    ) -> Permission {
        let ruling = self.ruling(effect, confinement);
        if let Some(rule) = ruling.denied {
            return Permission::Deny(format!("{} forbids it", rule.named));
        }
        let is_outside = matches!(
            effect,
            Effect::ReadOutside { .. } | Effect::WriteOutside { .. }
        );
        let may_write = mode != Mode::Plan || matches!(effect, Effect::ReadOutside { .. });
        let lifted = match usual {
            Permission::Ask(_) if ruling.allowed && ruling.asked.is_none() => Permission::Allow,
            Permission::ReadOnly if ruling.allowed && mode != Mode::Plan => Permission::Allow,
            Permission::Deny(_) if ruling.allowed && is_outside && may_write => Permission::Allow,
            usual => usual,
        };
        let lifted = match ruling.doubted {
            Some(why) if mode == Mode::Plan => Permission::Deny(why),
            Some(why) if !ruling.allowed => with_reason(lifted, why),
            _ => lifted,
        };
        match (lifted, ruling.asked) {
            (Permission::ReadOnly, Some(rule)) if mode == Mode::Plan => Permission::Deny(format!(
                "this is plan mode, and {} requires approval",
                rule.named
            )),
            (Permission::Allow | Permission::ReadOnly, Some(rule)) if mode != Mode::AutoApprove => {
                Permission::Ask(format!("{} requires approval", rule.named))
            }
            (asked @ Permission::Ask(_), Some(rule)) => {
                with_reason(asked, format!("{} requires approval", rule.named))
            }
            (lifted, _) => lifted,
        }
    }

    /// Whether a rule asks about an effect or could deny it: such an approval holds once, not for a
    /// session.
    pub fn asks(&self, effect: &Effect) -> bool {
        let ruling = self.ruling(effect, Confinement::Full);
        ruling.asked.is_some() || ruling.doubted.is_some()
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

    /// The verdicts about reading outside. A rule that allows everything in a folder also allows
    /// listing it.
    fn of_outside(&self, path: &Path) -> Ruling<'_> {
        let mut ruling = self.of_path(RuleKind::Read, &rule_path(path, &self.root));
        let below = rule_path(&path.join("_"), &self.root);
        let opens =
            |pattern: &PathPattern| pattern.folder(&self.root).is_some() && pattern.names(&below);
        ruling.allowed |= self.rules.iter().any(|rule| {
            let is_opening = rule.kind == RuleKind::Read && rule.verdict == RuleVerdict::Allow;
            is_opening && rule.path().is_some_and(opens)
        });
        ruling
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

    fn ruling(&self, effect: &Effect, confinement: Confinement) -> Ruling<'_> {
        match effect {
            Effect::ReadFile { path } | Effect::ReadSecret { path } => {
                self.of_path(RuleKind::Read, &self.inside(path))
            }
            Effect::Write { path, .. } => self.of_path(RuleKind::Write, &self.inside(path)),
            Effect::ReadOutside { path } => self.of_outside(Path::new(path)),
            Effect::WriteOutside { path } => {
                self.of_path(RuleKind::Write, &rule_path(Path::new(path), &self.root))
            }
            Effect::Command { text, risk, .. } => {
                let mut ruling = self.of_command(RuleKind::Command, text);
                if *risk != CommandRisk::KnownSafe {
                    let network = self.of_command(RuleKind::Network, text);
                    // Only full confinement keeps a command from the network.
                    let denied = network.denied.filter(|_| confinement != Confinement::Full);
                    ruling.denied = ruling.denied.or(denied);
                    ruling.asked = ruling.asked.or(network.asked);
                }
                self.mentions(text, &mut ruling);
                let deny = self.rules.iter().find(|rule| rule.denies_commands());
                if let Some(deny) = deny.filter(|_| *risk != CommandRisk::KnownSafe) {
                    // There, the supervisor refuses to execute what is denied.
                    let is_held = cfg!(target_os = "linux") && confinement != Confinement::None;
                    let why = doubt(text, is_held);
                    ruling.doubted = why.map(|why| {
                        format!(
                            "{why}, so it is not certain whether {} denies it",
                            deny.named
                        )
                    });
                }
                ruling
            }
            // A rule that opens a path says nothing of what may be lost there.
            _ => Ruling::default(),
        }
    }

    fn inside(&self, path: &str) -> RulePath {
        rule_path(&self.root.join(path), &self.root)
    }

    fn of_path(&self, kind: RuleKind, place: &RulePath) -> Ruling<'_> {
        let mut ruling = Ruling::default();
        for rule in self.rules.iter().filter(|rule| rule.kind == kind) {
            if rule.path().is_some_and(|pattern| pattern.names(place)) {
                ruling.add(rule);
            }
        }
        ruling
    }

    fn of_command(&self, kind: RuleKind, command: &str) -> Ruling<'_> {
        let rules = || self.rules.iter().filter(move |rule| rule.kind == kind);
        let mut ruling = Ruling::default();
        let spoken = split_command(command);
        let strict = rules().filter(|rule| rule.verdict != RuleVerdict::Allow);
        for rule in strict.filter(|rule| rule.forbids(&spoken)) {
            ruling.add(rule);
        }
        let allowing: Vec<_> = rules()
            .filter(|rule| rule.verdict == RuleVerdict::Allow)
            .collect();
        ruling.allowed = allows(&allowing, command);
        ruling
    }

    /// Adds verdicts of path rules about the words of a command. It is a guess; the sandbox must
    /// enforce what it misses.
    fn mentions<'a>(&'a self, command: &str, ruling: &mut Ruling<'a>) {
        let strict = |rule: &&Rule| rule.verdict != RuleVerdict::Allow;
        let rules: Vec<_> = self.rules.iter().filter(strict).collect();
        let paths = || {
            let named = rules.iter().copied();
            named.filter_map(|rule| Some((rule, rule.path()?)))
        };
        if paths().next().is_none() {
            return;
        }
        let spoken = split_command(command);
        let words = spoken.iter().flat_map(|spoken| {
            let words = spoken.words.iter();
            words.map(|word| (word.as_str(), spoken.reads))
        });
        for (word, reads) in words.collect::<BTreeSet<_>>() {
            for place in places(word, &self.root, self.home.as_deref()) {
                for (rule, pattern) in paths() {
                    if reads && rule.kind == RuleKind::Write {
                        continue;
                    }
                    if pattern.names(&place) {
                        ruling.add(rule);
                    } else if !reads && pattern.is_below(&place) {
                        // A folder around it, as in `rm -r folder`.
                        ruling.asked = ruling.asked.or(Some(rule));
                    }
                }
            }
        }
    }
}

impl<'a> Ruling<'a> {
    fn add(&mut self, rule: &'a Rule) {
        match rule.verdict {
            RuleVerdict::Deny => self.denied = self.denied.or(Some(rule)),
            RuleVerdict::Ask => self.asked = self.asked.or(Some(rule)),
            RuleVerdict::Allow => self.allowed = true,
        }
    }
}

impl Rule {
    fn path(&self) -> Option<&PathPattern> {
        match &self.pattern {
            Pattern::Path(pattern) => Some(pattern),
            Pattern::Command(_) => None,
        }
    }

    fn command(&self) -> Option<&CommandPattern> {
        match &self.pattern {
            Pattern::Command(pattern) => Some(pattern),
            Pattern::Path(_) => None,
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

/// Adds a reason for asking.
fn with_reason(permission: Permission, why: String) -> Permission {
    match permission {
        Permission::Allow | Permission::ReadOnly => Permission::Ask(why),
        Permission::Ask(reason) if reason.is_empty() => Permission::Ask(why),
        Permission::Ask(reason) => Permission::Ask(format!("{reason}; {why}")),
        denied @ Permission::Deny(_) => denied,
    }
}

/// Whether rules allow each argument vector of a command, except for those that only filter their
/// input: `| tail -20`. A command that is not fully understood is never allowed.
fn allows(rules: &[&Rule], command: &str) -> bool {
    let named = |vector: &[String]| {
        rules.iter().any(|rule| {
            let goes_on = rule.verdict != RuleVerdict::Allow;
            let pattern = rule.command();
            pattern.is_some_and(|pattern| pattern.is(vector, goes_on))
        })
    };
    parts(command).is_some_and(|parts| {
        parts.iter().any(|part| named(&part.words))
            && parts.iter().all(|part| part.filters || named(&part.words))
    })
}
