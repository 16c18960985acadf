//! What the rules say of an effect.

use std::collections::BTreeSet;
use std::path::Path;

use super::command_words::{places, rule_path, split_command};
use super::pattern::{PathPattern, RulePath};
use super::tool_pattern::ToolName;
use super::{Rule, RuleKind, RuleVerdict, Rules};
use crate::permission::command::{doubt, parts};
use crate::permission::{CommandRisk, Confinement, Effect, Mode, Permission};

/// The verdicts of the rules about an effect.
#[derive(Default)]
pub(super) struct Ruling<'a> {
    pub denied: Option<&'a Rule>,
    pub asked: Option<&'a Rule>,
    pub allowed: bool,
    /// Why it is not certain whether a rule denies it.
    doubted: Option<String>,
}

impl Rules {
    /// Decides about an effect, given the decision without rules.
    ///
    /// In the mode that approves everything, what an `ask` rule asks is approved too; exceptions
    /// that are asked even in that mode stay so.
    pub(in crate::permission) fn judge(
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

    /// The verdicts about reading outside. A rule that allows everything in a folder also allows
    /// listing it.
    pub(super) fn of_outside(&self, path: &Path) -> Ruling<'_> {
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
            Effect::External { server, tool } => self.of_tool(ToolName::Served { server, tool }),
            Effect::Command {
                text, risk, tool, ..
            } => {
                let ruling = self.of_command_text(text, *risk, confinement);
                match tool {
                    Some(tool) => ruling.with_tool(self.of_tool(ToolName::Own(tool))),
                    None => ruling,
                }
            }
            // A rule that opens a path says nothing of what may be lost there.
            _ => Ruling::default(),
        }
    }

    fn of_command_text(
        &self,
        text: &str,
        risk: CommandRisk,
        confinement: Confinement,
    ) -> Ruling<'_> {
        let mut ruling = self.of_command(RuleKind::Command, text);
        if risk != CommandRisk::KnownSafe {
            let network = self.of_command(RuleKind::Network, text);
            // Only full confinement keeps a command from the network.
            let denied = network.denied.filter(|_| confinement != Confinement::Full);
            ruling.denied = ruling.denied.or(denied);
            ruling.asked = ruling.asked.or(network.asked);
        }
        self.mentions(text, &mut ruling);
        let deny = self.rules.iter().find(|rule| rule.denies_commands());
        if let Some(deny) = deny.filter(|_| risk != CommandRisk::KnownSafe) {
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

    fn of_tool(&self, tool: ToolName<'_>) -> Ruling<'_> {
        let mut ruling = Ruling::default();
        for rule in &self.rules {
            if rule.tool().is_some_and(|pattern| pattern.names(tool)) {
                ruling.add(rule);
            }
        }
        ruling
    }

    pub(super) fn inside(&self, path: &str) -> RulePath {
        rule_path(&self.root.join(path), &self.root)
    }

    pub(super) fn of_path(&self, kind: RuleKind, place: &RulePath) -> Ruling<'_> {
        let mut ruling = Ruling::default();
        for rule in self.rules.iter().filter(|rule| rule.kind == kind) {
            if rule.path().is_some_and(|pattern| pattern.names(place)) {
                ruling.add(rule);
            }
        }
        ruling
    }

    pub(super) fn of_command(&self, kind: RuleKind, command: &str) -> Ruling<'_> {
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

    /// The verdicts about a command together with those about the tool that runs it. To allow the tool
    /// says nothing of a command that may be a denied one.
    fn with_tool(self, tool: Ruling<'a>) -> Ruling<'a> {
        Ruling {
            denied: self.denied.or(tool.denied),
            asked: self.asked.or(tool.asked),
            allowed: self.allowed || (tool.allowed && self.doubted.is_none()),
            doubted: self.doubted,
        }
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
pub(super) fn allows(rules: &[&Rule], command: &str) -> bool {
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
