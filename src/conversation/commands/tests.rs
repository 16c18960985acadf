//! How lines are understood, and whether the table and the pages agree.

use std::collections::BTreeSet;

use super::*;
use crate::skills::{ListedSkill, Manifest, SkillList, SkillOrigin};

/// How a line is parsed: `name|argument`, `?` for a question, `!a b` for an unknown command.
fn meaning(text: &str, place: CommandScope) -> String {
    meaning_with(text, place, &[])
}

/// The same with skills: `/name|arguments`.
fn meaning_with(text: &str, place: CommandScope, skills: &[SkillCommand]) -> String {
    match parse(text, place, skills) {
        ParsedInput::Question => "?".to_owned(),
        ParsedInput::Command(command, argument) => format!("{}|{argument}", command.name),
        ParsedInput::Skill(call) => format!("/{}|{}", call.name, call.arguments),
        ParsedInput::Unknown(_, nearest) => format!("!{}", nearest.join(" ")),
    }
}

fn skills(names: &[&str]) -> Vec<SkillCommand> {
    let skill = |name: &&str| SkillCommand {
        name: (*name).to_owned(),
        argument: String::new(),
        help: "d".to_owned(),
        origin: SkillOrigin::User,
    };
    names.iter().map(skill).collect()
}

#[test]
fn every_front_end_has_every_command_but_those_of_its_own() {
    let names = |place| -> BTreeSet<&str> { commands(place).map(|command| command.name).collect() };
    let [terminal, chat] = [CommandScope::Terminal, CommandScope::Chat].map(&names);
    let only = |one: &BTreeSet<&'static str>, other: &BTreeSet<&'static str>| {
        one.difference(other).copied().collect::<Vec<&str>>()
    };
    assert_eq!(only(&terminal, &chat), ["quit", "thoughts"]);
    assert_eq!(only(&chat, &terminal), ["start", "stop"]);
    let page = names(CommandScope::Page);
    assert_eq!(only(&page, &terminal), ["stop"]);
    assert_eq!(only(&page, &chat), ["thoughts"]);
    let editor = names(CommandScope::Editor);
    assert_eq!(
        only(&chat, &editor),
        ["new", "resume", "sessions", "start", "stop", "workspace"]
    );
    assert_eq!(only(&editor, &chat), [""; 0]);
    let all: BTreeSet<&str> = COMMANDS.iter().map(|command| command.name).collect();
    assert_eq!(all, &terminal | &chat);
}

#[test]
fn every_command_stands_on_the_page_of_its_front_end() {
    for (page, place) in [
        (
            include_str!("../../../docs/chat.md"),
            CommandScope::Terminal,
        ),
        (
            include_str!("../../../docs/telegram.md"),
            CommandScope::Chat,
        ),
    ] {
        let row = |command: &SlashCommand| {
            let typed = format!("/{} {}", command.name, command.argument);
            let names = [typed.trim_end().to_owned()].into_iter();
            let aliases = command.aliases.iter().map(|alias| format!("/{alias}"));
            let names: Vec<String> = names
                .chain(aliases)
                .map(|name| format!("`{name}`"))
                .collect();
            format!("| {} | {} |", names.join(", "), command.help)
        };
        let wanted: Vec<String> = commands(place).map(row).collect();
        let found: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("| `/"))
            .collect();
        assert_eq!(found, wanted);
    }
}

#[test]
fn names_are_unique_and_such_as_telegram_takes() {
    let mut seen = BTreeSet::new();
    for command in COMMANDS {
        let is_small = |byte: u8| byte.is_ascii_lowercase();
        assert!(command.name.len() <= 32 && command.name.bytes().all(is_small));
        assert!((3..=256).contains(&command.help.len()), "{}", command.name);
        for name in command.aliases.iter().chain([&command.name]) {
            assert!(seen.insert(*name), "{name}");
        }
    }
}

#[test]
fn commands_are_found_by_name_alias_and_beginning() {
    for (line, expected) in [
        ("/help", "help|"),
        ("  /SEARCH  where is it ", "search|where is it"),
        ("/clear", "new|"),
        ("/app auto-edit", "approve|auto-edit"),
        ("/und", "undo|"),
        ("/models", "model|"),
        ("/?", "help|"),
        ("/se", "!search sessions"),
        ("/modle", "!model"),
        ("/xyz", "!"),
        ("/xyz and more", "!"),
        ("/", "!"),
    ] {
        for place in [
            CommandScope::Terminal,
            CommandScope::Chat,
            CommandScope::Page,
        ] {
            assert_eq!(meaning(line, place), expected, "{line}");
        }
    }
    assert_eq!(meaning("/q", CommandScope::Terminal), "quit|");
    assert_eq!(meaning("/exit", CommandScope::Terminal), "quit|");
    assert_eq!(meaning("/stop", CommandScope::Chat), "stop|");
    assert_eq!(meaning("/quit", CommandScope::Chat), "!");
}

#[test]
fn code_and_paths_are_questions() {
    for text in [
        "// fix this",
        "/* fix this */",
        "/home/me/a.rs:10: error",
        "/search one\ntwo",
        "/ help",
        "/help,",
        "/??",
        "help",
        "what is /help",
        "",
    ] {
        assert_eq!(meaning(text, CommandScope::Terminal), "?", "{text:?}");
    }
}

#[test]
fn a_line_for_the_shell_begins_with_an_exclamation_mark() {
    for (text, expected) in [
        ("!ls -l", Some("ls -l")),
        (" ! cargo test\n", Some("cargo test")),
        // What was pasted is not run.
        ("! Important\nrm -rf src", None),
        ("![logo](x.png) what is that?", None),
        ("!", None),
        ("what is !ls", None),
        ("ls", None),
    ] {
        assert_eq!(shell_command(text), expected, "{text:?}");
    }
}

#[test]
fn a_command_that_does_not_exist_gets_a_hint() {
    let said = unknown("/modle", &["model".to_owned()]);
    assert_eq!(said, "unknown command /modle; did you mean /model?");
    let said = unknown("/xyz", &[]);
    assert_eq!(said, "unknown command /xyz; /help lists the commands");
}

#[test]
fn skills_are_found_by_name_and_beginning_and_commands_win() {
    let skills = skills(&[
        "3d-model",
        "explain-module",
        "explain-query",
        "tidy",
        "sess",
        "write-tests",
    ]);
    for (line, expected) in [
        ("/explain-module src/a b", "/explain-module|src/a b"),
        ("/Explain-Module", "/explain-module|"),
        ("/write_tests src/a.rs", "/write-tests|src/a.rs"),
        ("/wri a", "/write-tests|a"),
        ("/write-te", "/write-tests|"),
        ("/tidy", "/tidy|"),
        ("/3d-model x", "/3d-model|x"),
        ("/expl", "!explain-module explain-query"),
        ("/tidy\nall of\nit", "/tidy|all of\nit"),
        // Commands, also by their beginnings.
        ("/sta", "status|"),
        ("/sess", "sessions|"),
        ("/t", "!thoughts tokens task template tidy"),
        // What is no skill, and no command.
        ("/tidied up", "!tidy"),
        ("/write-toasts", "!write-tests"),
        ("/zebra-name", "!"),
    ] {
        for place in [CommandScope::Terminal, CommandScope::Page] {
            assert_eq!(meaning_with(line, place, &skills), expected, "{line}");
        }
    }
    for text in [
        "/usr/bin/write-tests fails",
        "/tidy/a.rs",
        "/tidy, please",
        "/404 is shown",
        "/v1 is slow",
        "/wri\nmany lines",
        "/search one\ntwo",
        "tidy",
        "/ tidy",
        "/\ttidy",
        "/../tidy",
        "/tidy\u{202e}",
    ] {
        let found = meaning_with(text, CommandScope::Terminal, &skills);
        assert_eq!(found, "?", "{text:?}");
    }
}

#[test]
fn the_name_of_a_command_of_another_front_end_starts_no_skill() {
    let skills = skills(&["new-all", "quit-smoking", "stop-all", "workspaces"]);
    for (line, place, expected) in [
        ("/stop", CommandScope::Terminal, "!stop-all"),
        ("/sto", CommandScope::Editor, "!stop-all"),
        ("/new", CommandScope::Editor, "!new-all"),
        ("/workspace shop", CommandScope::Editor, "!workspaces"),
        ("/quit", CommandScope::Chat, "!quit-smoking"),
        ("/q", CommandScope::Page, "!quit-smoking"),
        ("/stop-", CommandScope::Terminal, "/stop-all|"),
        ("/stop-all now", CommandScope::Editor, "/stop-all|now"),
    ] {
        assert_eq!(meaning_with(line, place, &skills), expected, "{line}");
    }
}

#[test]
fn names_of_commands_and_their_beginnings_are_taken() {
    for (name, why) in [
        ("review", "/review is a command"),
        ("clear", "/clear is a command"),
        ("thoughts", "/thoughts is a command"),
        ("und", "/und is short for /undo"),
        ("thou", "/thou is short for /thoughts"),
        // In an editor, which has no /sessions.
        ("se", "/se is short for /search"),
    ] {
        assert!(
            taken(name).is_some_and(|found| found.contains(why)),
            "{name}"
        );
    }
    for name in ["review-changes", "s", "tidy", "undo-all"] {
        assert_eq!(taken(name), None, "{name}");
    }
}

#[test]
fn only_skills_that_work_are_commands() {
    let skill = |name: &str, error: Option<&str>, hidden_by| ListedSkill {
        name: name.to_owned(),
        origin: SkillOrigin::Repository,
        place: String::new(),
        error: error.map(str::to_owned),
        hidden_by,
        manifest: Manifest {
            description: "many words ".repeat(20),
            argument_hint: Some("[path]".to_owned()),
            ..Manifest::default()
        },
    };
    let list = SkillList {
        skills: vec![
            skill("broken", Some("why"), None),
            skill("tidy", None, None),
            skill("tidy", None, Some(SkillOrigin::User)),
            skill("review", None, None),
        ],
        notes: Vec::new(),
    };
    let found = SkillCommand::of(&list);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name.as_str(), found[0].argument.as_str()),
        ("tidy", "[path]")
    );
    assert!(found[0].help.ends_with('…') && found[0].help.chars().count() == 121);
}
