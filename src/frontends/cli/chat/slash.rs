//! Slash commands: one table, from which help, completion and lookup come.

use anyhow::Error;
use futures::FutureExt;
use futures::future::LocalBoxFuture;

use super::super::style::{BOLD, DIM, PLAIN, visible_name};
use super::super::wrap::wrapped;
use super::commands;
use super::complete::CommandName;
use super::modes;
use super::talk::Chat;

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next line.
    Line,
    /// The end of the conversation.
    Leave,
}

type Run = for<'a> fn(&'a mut Chat, &'a str) -> LocalBoxFuture<'a, Result<Next, Error>>;

/// A command.
pub struct Command {
    /// With its slash.
    pub name: &'static str,
    /// What may stand behind it, as help shows it; empty if that is nothing.
    pub argument: &'static str,
    /// What Tab offers behind it.
    pub values: &'static [&'static str],
    /// What it does.
    pub help: &'static str,
    run: Run,
}

/// Every command, in the order of the help.
pub static COMMANDS: &[Command] = &[
    Command {
        name: "/help",
        argument: "",
        values: &[],
        help: "list the commands",
        run: |chat, _| commands::help(chat).boxed_local(),
    },
    Command {
        name: "/clear",
        argument: "",
        values: &[],
        help: "begin a new session; this one can be resumed",
        run: |chat, _| commands::clear(chat).boxed_local(),
    },
    Command {
        name: "/model",
        argument: "[name]",
        values: &[],
        help: "list the models, or go on with another one",
        run: |chat, name| commands::model(chat, name).boxed_local(),
    },
    Command {
        name: "/approve",
        argument: "[mode]",
        values: &["ask", "auto-edit", "auto-approve"],
        help: "what is asked: the next mode, or `ask`, `auto-edit`, `auto-approve`",
        run: |chat, mode| modes::approve(chat, mode).boxed_local(),
    },
    Command {
        name: "/plan",
        argument: "",
        values: &[],
        help: "look only and make plans, or go back to work",
        run: |chat, _| modes::plan(chat).boxed_local(),
    },
    Command {
        name: "/undo",
        argument: "",
        values: &[],
        help: "take back what the last turn changed",
        run: |chat, _| commands::undo(chat).boxed_local(),
    },
    Command {
        name: "/redo",
        argument: "",
        values: &[],
        help: "do again what was taken back",
        run: |chat, _| commands::redo(chat).boxed_local(),
    },
    Command {
        name: "/diff",
        argument: "",
        values: &[],
        help: "show what this session changed",
        run: |chat, _| commands::diff(chat).boxed_local(),
    },
    Command {
        name: "/sources",
        argument: "",
        values: &[],
        help: "show what the last answer stood on",
        run: |chat, _| commands::sources(chat).boxed_local(),
    },
    Command {
        name: "/search",
        argument: "QUERY",
        values: &[],
        help: "search the index",
        run: |chat, query| commands::search(chat, query).boxed_local(),
    },
    Command {
        name: "/index",
        argument: "",
        values: &[],
        help: "bring the index up to date, and show what it holds",
        run: |chat, _| commands::index(chat).boxed_local(),
    },
    Command {
        name: "/status",
        argument: "",
        values: &[],
        help: "show model, mode, session and index",
        run: |chat, _| commands::status(chat).boxed_local(),
    },
    Command {
        name: "/compact",
        argument: "",
        values: &[],
        help: "make what was said shorter",
        run: |chat, _| commands::compact(chat).boxed_local(),
    },
    Command {
        name: "/tokens",
        argument: "",
        values: &[],
        help: "show what fills the window",
        run: |chat, _| commands::tokens(chat).boxed_local(),
    },
    Command {
        name: "/sessions",
        argument: "",
        values: &[],
        help: "list the sessions of this folder",
        run: |chat, _| commands::sessions(chat).boxed_local(),
    },
    Command {
        name: "/memory",
        argument: "",
        values: &[],
        help: "show the notes of the repository, as the model is told them",
        run: |chat, _| commands::memory(chat).boxed_local(),
    },
    Command {
        name: "/quit",
        argument: "",
        values: &[],
        help: "leave",
        run: |chat, _| commands::quit(chat).boxed_local(),
    },
];

/// Names that people know from elsewhere.
const ALIASES: [(&str, &str); 4] = [
    ("/exit", "/quit"),
    ("/q", "/quit"),
    ("/?", "/help"),
    ("/models", "/model"),
];

/// What else can be typed.
const MORE_HELP: &str = "@path puts a file before the model; a \\ at the end of a line, or an open \
                         ``` fence, goes on in the next line";

/// What a line with a slash means.
pub enum Parsed<'a> {
    /// A command, and what stands behind it.
    Command(&'static Command, &'a str),
    /// There is no such command; those that come near.
    Unknown(&'a str, Vec<&'static str>),
}

/// Whether a text is meant for a command, and not for the model: one line with `/`, a word of
/// letters (or `?`), and white space or the end behind it. Pasted code and paths are none.
pub fn is_command(text: &str) -> bool {
    let text = text.trim();
    let Some(rest) = text.strip_prefix('/') else {
        return false;
    };
    let word = rest.split(char::is_whitespace).next().unwrap_or_default();
    let is_name = word == "?" || word.chars().all(char::is_alphabetic);
    // A slash alone is one that was not typed to its end.
    is_name && !text.contains('\n') && (!word.is_empty() || rest.is_empty())
}

/// Reads a line that begins with a slash. A beginning that only one command has suffices.
pub fn parse(line: &str) -> Parsed<'_> {
    let line = line.trim();
    let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let name = word.to_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name.as_str(), |(_, name)| *name);
    if let Some(command) = COMMANDS.iter().find(|command| command.name == name) {
        return Parsed::Command(command, argument.trim());
    }
    let fitting: Vec<&'static Command> = COMMANDS
        .iter()
        .filter(|command| name.len() > 1 && command.name.starts_with(name))
        .collect();
    match fitting.as_slice() {
        [only] => Parsed::Command(only, argument.trim()),
        [] => Parsed::Unknown(word, nearest(name)),
        several => Parsed::Unknown(word, several.iter().map(|command| command.name).collect()),
    }
}

/// Runs a line that begins with a slash.
pub async fn run(chat: &mut Chat, line: &str) -> Result<Next, Error> {
    match parse(line) {
        Parsed::Command(command, argument) => (command.run)(chat, argument).await,
        Parsed::Unknown(word, nearest) => {
            chat.note(&unknown(word, &nearest));
            Ok(Next::Line)
        }
    }
}

/// The commands for completion.
pub fn names() -> Vec<CommandName> {
    let name = |command: &Command| CommandName {
        name: command.name,
        values: command.values,
    };
    COMMANDS.iter().map(name).collect()
}

/// The list of commands, for a terminal of so many columns.
pub fn help(columns: usize) -> String {
    let left = |command: &Command| {
        let Command { name, argument, .. } = command;
        format!("{name} {argument}").trim_end().to_owned()
    };
    let width = COMMANDS.iter().map(|command| left(command).len()).max();
    let width = width.unwrap_or(0);
    // Before the words: two columns, the name, two columns.
    let lead = width + 4;
    let hanging = " ".repeat(lead);
    let mut out = String::new();
    for command in COMMANDS {
        out.push_str(&format!(
            "  {BOLD}{:<width$}{PLAIN}  {}\n",
            left(command),
            wrapped(command.help, lead, &hanging, columns)
        ));
    }
    out.push_str(&format!(
        "  {DIM}{}{PLAIN}\n",
        wrapped(MORE_HELP, 2, "  ", columns)
    ));
    out
}

fn unknown(word: &str, nearest: &[&str]) -> String {
    let word = visible_name(word);
    if nearest.is_empty() {
        return format!("there is no command {word}; /help lists them");
    }
    format!(
        "there is no command {word}; did you mean {}?",
        nearest.join(" or ")
    )
}

/// Commands that share the longest beginning with what was typed.
fn nearest(typed: &str) -> Vec<&'static str> {
    let shared = |name: &str| {
        let pairs = name.chars().zip(typed.chars());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let most = COMMANDS.iter().map(|command| shared(command.name)).max();
    let most = most.filter(|most| *most > 1);
    COMMANDS
        .iter()
        .map(|command| command.name)
        .filter(|name| Some(shared(name)) == most)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, name: &str, argument: &str) {
        match parse(line) {
            Parsed::Command(command, behind) => {
                assert_eq!((command.name, behind), (name, argument), "{line}");
            }
            Parsed::Unknown(word, nearest) => panic!("{line}: no {word}, but {nearest:?}"),
        }
    }

    #[track_caller]
    fn check_unknown(line: &str, expected: &[&str]) {
        match parse(line) {
            Parsed::Command(command, _) => panic!("{line} is {}", command.name),
            Parsed::Unknown(_, nearest) => assert_eq!(nearest, expected, "{line}"),
        }
    }

    #[test]
    fn commands_are_found_by_name_alias_and_beginning() {
        check("/help", "/help", "");
        check("  /SEARCH  where is it ", "/search", "where is it");
        check("/q", "/quit", "");
        check("/exit", "/quit", "");
        check("/app auto-edit", "/approve", "auto-edit");
        check("/und", "/undo", "");
        check("/models", "/model", "");
    }

    #[test]
    fn code_and_paths_are_no_commands() {
        for (text, expected) in [
            ("/help", true),
            ("  /search where is it\n", true),
            ("/?", true),
            ("/nonsense", true),
            ("/nonsense and more", true),
            ("/", true),
            ("// fix this", false),
            ("/* fix this */", false),
            ("/home/me/a.rs:10: error", false),
            ("/search one\ntwo", false),
            ("/ help", false),
            ("/help,", false),
            ("/??", false),
            ("help", false),
            ("what is /help", false),
            ("", false),
        ] {
            assert_eq!(is_command(text), expected, "{text:?}");
        }
    }

    #[test]
    fn help_has_no_row_that_is_too_long() {
        let help = anstream::adapter::strip_str(&help(80)).to_string();
        for row in help.lines() {
            assert!(row.chars().count() <= 80, "{row}");
        }
        assert!(help.contains("\n  @path puts a file"), "{help}");
        assert!(help.contains("\n                   "), "{help}");
    }

    #[test]
    fn what_is_no_command_gets_a_hint() {
        check_unknown("/se", &["/search", "/sessions"]);
        check_unknown("/modle", &["/model"]);
        check_unknown("/xyz", &[]);
        check_unknown("/", &[]);
        assert_eq!(
            unknown("/modle", &["/model"]),
            "there is no command /modle; did you mean /model?"
        );
        assert_eq!(
            unknown("/xyz", &[]),
            "there is no command /xyz; /help lists them"
        );
    }

    #[test]
    fn every_command_is_documented() {
        let page = include_str!("../../../../docs/chat.md");
        for Command { name, .. } in COMMANDS {
            let is_there = [format!("`{name}`"), format!("`{name} ")]
                .iter()
                .any(|code| page.contains(code));
            assert!(is_there, "docs/chat.md does not describe {name}");
        }
    }

    #[test]
    fn completion_and_help_know_every_command() {
        let names = names();
        assert_eq!(names.len(), COMMANDS.len());
        let help = help(200);
        for (name, command) in names.iter().zip(COMMANDS) {
            assert_eq!(name.name, command.name);
            assert!(help.contains(name.name), "{}", name.name);
        }
    }
}
