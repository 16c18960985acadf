//! Skills as commands: which names can be typed.

use super::{COMMANDS, CommandScope, fitting};
use crate::skills::{ListedSkill, SkillList, SkillOrigin};

/// Longest description in a list of commands, in characters.
const LONGEST_HELP: usize = 120;

/// A skill that can be started by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkillCommand {
    /// Small letters, digits and hyphens, without the slash.
    pub name: String,
    /// What to type behind it, as help shows it; may be empty.
    pub argument: String,
    /// What it does, in a line. It is the text of whoever wrote the skill.
    pub help: String,
    pub origin: SkillOrigin,
}

impl SkillCommand {
    /// The skills of a list that can be started, by name.
    pub fn of(list: &SkillList) -> Vec<SkillCommand> {
        let is_usable = |skill: &&ListedSkill| {
            skill.error.is_none() && skill.hidden_by.is_none() && taken(&skill.name).is_none()
        };
        let usable = list.skills.iter().filter(is_usable);
        usable.map(SkillCommand::from).collect()
    }
}

impl From<&ListedSkill> for SkillCommand {
    fn from(skill: &ListedSkill) -> SkillCommand {
        let manifest = &skill.manifest;
        let mut help: String = manifest.description.chars().take(LONGEST_HELP).collect();
        if help.len() < manifest.description.len() {
            help.push('…');
        }
        SkillCommand {
            name: skill.name.clone(),
            argument: manifest.argument_hint.clone().unwrap_or_default(),
            help,
            origin: skill.origin,
        }
    }
}

/// Why a skill of this name cannot be started by it: a command has the name, or it is the beginning of
/// one only. `None` if it can be.
pub fn taken(name: &str) -> Option<String> {
    let is_name = COMMANDS
        .iter()
        .any(|command| command.name == name || command.aliases.contains(&name));
    if is_name {
        return Some(format!(
            "/{name} is a command of ollacode: rename the skill"
        ));
    }
    let places = [
        CommandScope::Terminal,
        CommandScope::Chat,
        CommandScope::Page,
        CommandScope::Editor,
    ];
    places
        .into_iter()
        .find_map(|place| match fitting(name, place).as_slice() {
            [only] => Some(format!(
                "/{name} is short for /{}: rename the skill",
                only.name
            )),
            _ => None,
        })
}

/// Whether a word can be meant as the name of a skill.
pub(super) fn may_be_name(word: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    word.starts_with(|c: char| c.is_ascii_alphanumeric()) && word.chars().all(is_sign)
}
