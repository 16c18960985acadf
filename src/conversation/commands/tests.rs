//! How lines are understood, and whether the table and the pages agree.

use std::collections::BTreeSet;

use super::*;

/// How a line is parsed: `name|argument`, `?` for a question, `!a b` for an unknown command.
fn meaning(text: &str, place: CommandScope) -> String {
    match parse(text, place) {
        ParsedInput::Question => "?".to_owned(),
        ParsedInput::Command(command, argument) => format!("{}|{argument}", command.name),
        ParsedInput::Unknown(_, nearest) => format!("!{}", nearest.join(" ")),
    }
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
    let said = unknown("/modle", &["model"]);
    assert_eq!(said, "unknown command /modle; did you mean /model?");
    let said = unknown("/xyz", &[]);
    assert_eq!(said, "unknown command /xyz; /help lists the commands");
}
