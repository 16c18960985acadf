//! The menu of commands: those of the table, then the skills of the first workspace. Commands and skills
//! also work without it.

use teloxide::prelude::*;
use teloxide::types::BotCommand;

use super::api::Api;
use crate::conversation::commands::{CommandScope, SkillCommand, SlashCommand, commands};
use crate::conversation::workspaces::OpenWorkspace;
use crate::skills::SkillOrigin;
use crate::visible::visible_name;

/// Most commands that Telegram takes,
const MOST: usize = 100;
/// and their longest name.
const LONGEST_NAME: usize = 32;

/// Registers the menu.
pub(super) async fn register(api: &Api, workspace: &OpenWorkspace) {
    let menu = menu(&workspace.skill_commands().await);
    if let Err(error) = api.bot.set_my_commands(menu).await {
        tracing::warn!("cannot register the commands: {}", api.describe(&error));
    }
}

fn menu(skills: &[SkillCommand]) -> Vec<BotCommand> {
    let command = |command: &SlashCommand| BotCommand {
        command: command.name.to_owned(),
        description: command.help.to_owned(),
    };
    let named = skills
        .iter()
        .filter(|skill| skill.name.len() <= LONGEST_NAME);
    let skill = |skill: &SkillCommand| {
        let whose = match skill.origin {
            SkillOrigin::Repository => "of the repository: ",
            SkillOrigin::User | SkillOrigin::Shipped => "skill: ",
        };
        BotCommand {
            command: menu_name(&skill.name),
            // It is the text of whoever wrote the skill.
            description: format!("{whose}{}", visible_name(&skill.help)),
        }
    };
    let all = commands(CommandScope::Chat).map(command);
    let mut all: Vec<BotCommand> = all.chain(named.map(skill)).take(MOST).collect();
    for command in &mut all {
        let short = command.description.chars().take(256);
        command.description = short.collect();
    }
    all
}

/// The name of a skill as Telegram takes it: there are no hyphens in names.
pub(super) fn menu_name(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_menu_has_what_telegram_takes() {
        let skill = |name: &str, help: &str| SkillCommand {
            name: name.to_owned(),
            argument: String::new(),
            help: help.to_owned(),
            origin: SkillOrigin::Repository,
        };
        let long = "x".repeat(33);
        let mut skills = vec![
            skill("write-tests", "\u{202e}".repeat(120).as_str()),
            skill(&long, "too long a name"),
        ];
        for number in 0..200 {
            skills.push(skill(&format!("s-{number}"), "d"));
        }
        let menu = menu(&skills);
        assert_eq!(menu.len(), MOST);
        let own = commands(CommandScope::Chat).count();
        assert_eq!(menu[own].command, "write_tests");
        assert!(
            menu[own]
                .description
                .starts_with("of the repository: \\u{202e}")
        );
        assert_eq!(menu[own + 1].command, "s_0");
        for command in menu {
            let is_sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(command.command.chars().all(is_sign), "{}", command.command);
            assert!((3..=256).contains(&command.description.chars().count()));
        }
    }
}
