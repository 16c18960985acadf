//! Slash commands in an editor: which there are, and what is meant by a line. It reads and writes
//! nothing.

use agent_client_protocol::v1::schema::{
    AvailableCommand, AvailableCommandInput, AvailableCommandsUpdate, SessionUpdate,
    UnstructuredCommandInput,
};

use crate::conversation::commands::{
    CommandScope, ParsedInput, SkillCommand, SlashCommand, commands, parse, unknown,
};
use crate::skills::{SkillCall, SkillOrigin};
use crate::visible::visible_name;

/// What an editor shows for the arguments of a skill that does not say it.
const SKILL_HINT: &str = "[what it is for]";

/// What a message is.
pub enum Meant<'a> {
    Question,
    /// A command with its argument.
    Command(&'static SlashCommand, &'a str),
    /// A skill, with its arguments.
    Skill(SkillCall),
    /// A command that does not exist, or not here: what is to be said.
    Nothing(String),
}

/// The commands that an editor offers, and the skills of the workspace.
pub fn available(skills: &[SkillCommand]) -> SessionUpdate {
    let offered = |command: &SlashCommand| {
        let hint = (!command.argument.is_empty()).then(|| {
            let hint = UnstructuredCommandInput::new(hint(command));
            AvailableCommandInput::Unstructured(hint)
        });
        AvailableCommand::new(command.name, command.help).input(hint)
    };
    let skill = |skill: &SkillCommand| {
        // Both are the text of whoever wrote the skill.
        let (argument, help) = (visible_name(&skill.argument), visible_name(&skill.help));
        let hint = if argument.is_empty() {
            SKILL_HINT
        } else {
            &argument
        };
        let input = AvailableCommandInput::Unstructured(UnstructuredCommandInput::new(hint));
        let whose = match skill.origin {
            SkillOrigin::Repository => "of the repository: ",
            SkillOrigin::User | SkillOrigin::Shipped => "skill: ",
        };
        AvailableCommand::new(skill.name.clone(), format!("{whose}{help}")).input(Some(input))
    };
    let own = commands(CommandScope::Editor).map(offered);
    let all = own.chain(skills.iter().map(skill)).collect();
    SessionUpdate::AvailableCommandsUpdate(AvailableCommandsUpdate::new(all))
}

/// Its argument, or the values to choose from.
fn hint(command: &SlashCommand) -> String {
    match command.values {
        [] => command.argument.to_owned(),
        values => values.join(" | "),
    }
}

/// Tells commands and skills from questions.
pub fn meant<'a>(message: &'a str, skills: &[SkillCommand]) -> Meant<'a> {
    match parse(message, CommandScope::Editor, skills) {
        ParsedInput::Question => Meant::Question,
        ParsedInput::Command(command, argument) => Meant::Command(command, argument),
        ParsedInput::Skill(skill) => Meant::Skill(skill),
        ParsedInput::Unknown(typed, nearest) => Meant::Nothing(match elsewhere(message) {
            Some(name) => format!(
                "/{name} is not for editors: each thread of the editor is one session in one \
                 folder; begin, open and stop threads there"
            ),
            None => unknown(typed, &nearest),
        }),
    }
}

/// The name of a command that other front ends have.
fn elsewhere(message: &str) -> Option<&'static str> {
    let scopes = [CommandScope::Page, CommandScope::Terminal];
    scopes
        .into_iter()
        .find_map(|scope| match parse(message, scope, &[]) {
            ParsedInput::Command(command, _) => Some(command.name),
            _ => None,
        })
}

/// The commands, one a line.
pub fn help() -> String {
    let line = |command: &SlashCommand| {
        let typed = format!("/{} {}", command.name, command.argument);
        format!("- `{}`: {}\n", typed.trim_end(), command.help)
    };
    let lines: String = commands(CommandScope::Editor).map(line).collect();
    format!("{lines}\n`/skills` lists the skills. `@path` in a question attaches that file.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `name|argument`, `?` for a question, else what is said.
    fn meaning(message: &str) -> String {
        match meant(message, &[]) {
            Meant::Question => "?".to_owned(),
            Meant::Command(command, argument) => format!("{}|{argument}", command.name),
            Meant::Skill(skill) => skill.line(),
            Meant::Nothing(words) => words,
        }
    }

    #[test]
    fn commands_are_told_from_questions_and_from_those_of_other_front_ends() {
        for (message, expected) in [
            ("/status", "status|"),
            ("/se where is it", "search|where is it"),
            ("what is /status", "?"),
            ("/status\nand more", "?"),
            ("/modle", "unknown command /modle; did you mean /model?"),
        ] {
            assert_eq!(meaning(message), expected);
        }
        for elsewhere in ["/new", "/resume 2", "/stop", "/quit", "/workspace shop"] {
            let said = meaning(elsewhere);
            assert!(said.contains(" is not for editors: "), "{said}");
        }
    }

    #[test]
    fn an_editor_is_told_of_skills_with_whose_they_are_and_nothing_hidden() {
        let skill = |argument: &str, origin| SkillCommand {
            name: "write-tests".to_owned(),
            argument: argument.to_owned(),
            help: "Writes\u{202e} tests.".to_owned(),
            origin,
        };
        let skills = [
            skill("PATH\u{200b}", SkillOrigin::Repository),
            skill("", SkillOrigin::User),
        ];
        let update = serde_json::to_value(available(&skills)).expect("JSON");
        let all = update["availableCommands"].as_array().expect("a list");
        let told = |description: &str, hint: &str| {
            let input = json!({ "hint": hint });
            json!({"name": "write-tests", "description": description, "input": input})
        };
        assert_eq!(
            all[all.len() - 2..],
            [
                told("of the repository: Writes\\u{202e} tests.", "PATH\\u{200b}"),
                told("skill: Writes\\u{202e} tests.", SKILL_HINT),
            ]
        );
    }

    #[test]
    fn an_editor_is_told_of_each_command_with_its_argument() {
        let update = serde_json::to_value(available(&[])).expect("JSON");
        let all = update["availableCommands"].as_array().expect("a list");
        let named = |name: &str| all.iter().find(|command| command["name"] == name);
        assert_eq!(
            named("approve"),
            Some(&json!({"name": "approve",
                "description": "show the approval modes, or switch to one",
                "input": {"hint": "ask | auto-edit | auto-approve"}}))
        );
        assert_eq!(
            named("diff"),
            Some(&json!({"name": "diff", "description": "show what this session changed"}))
        );
        assert_eq!(named("quit"), None);
        assert!(help().contains("- `/undo [N]`: undo the changes"));
        assert_eq!(all.len(), commands(CommandScope::Editor).count());
    }
}
