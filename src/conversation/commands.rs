//! Slash commands: ONE table, from which every front end takes its commands, its help and its
//! completion. Behind it come the skills of the user and the repository, each by its name: `skill_names`.

mod skill_names;

use crate::skills::SkillCall;

pub use skill_names::{SkillCommand, taken};

pub struct SlashCommand {
    /// Lower case, without the slash.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Its argument as help shows it; empty if there is none.
    pub argument: &'static str,
    /// Argument values that completion offers.
    pub values: &'static [&'static str],
    pub help: &'static str,
    pub place: CommandScope,
    pub(super) action: CommandAction,
}

/// Where a command can be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandScope {
    Everywhere,
    Terminal,
    /// In chats only, where messages arrive while a turn runs.
    Chat,
    /// A page in a browser: what fits a terminal and a chat, without their first and last words.
    Page,
    /// An editor, which has buttons and lists of its own for sessions, folders and stopping.
    Editor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandAction {
    Start,
    Help,
    Search,
    Stop,
    New,
    Diff,
    Undo,
    Redo,
    Sources,
    Thoughts,
    Plan,
    Approve,
    Model,
    Status,
    Index,
    Workspace,
    Sessions,
    Resume,
    Compact,
    Tokens,
    Memory,
    Init,
    Map,
    Related,
    Design,
    Check,
    Commit,
    Review,
    Task,
    Template,
    Mcp,
    Hooks,
    Skills,
    Quit,
}

const fn command(
    action: CommandAction,
    name: &'static str,
    argument: &'static str,
    help: &'static str,
) -> SlashCommand {
    SlashCommand {
        name,
        aliases: &[],
        argument,
        values: &[],
        help,
        place: CommandScope::Everywhere,
        action,
    }
}

/// Every command, in the order of the help.
pub static COMMANDS: &[SlashCommand] = &[
    SlashCommand {
        place: CommandScope::Chat,
        ..command(
            CommandAction::Start,
            "start",
            "",
            "introduce the bot and its workspace",
        )
    },
    SlashCommand {
        aliases: &["?"],
        ..command(CommandAction::Help, "help", "", "list the commands")
    },
    command(
        CommandAction::Search,
        "search",
        "QUERY",
        "search the code without the model",
    ),
    SlashCommand {
        place: CommandScope::Chat,
        ..command(
            CommandAction::Stop,
            "stop",
            "",
            "stop the model and drop the queued messages",
        )
    },
    SlashCommand {
        aliases: &["clear"],
        ..command(
            CommandAction::New,
            "new",
            "",
            "start a new session; this one can be resumed",
        )
    },
    command(
        CommandAction::Diff,
        "diff",
        "",
        "show what this session changed",
    ),
    command(
        CommandAction::Undo,
        "undo",
        "[N]",
        "undo the changes of the last turn, or of the last N turns",
    ),
    command(
        CommandAction::Redo,
        "redo",
        "[N]",
        "redo the changes of the turn, or of N turns, undone last",
    ),
    command(
        CommandAction::Sources,
        "sources",
        "",
        "show the code that the last answer is based on",
    ),
    SlashCommand {
        place: CommandScope::Terminal,
        ..command(
            CommandAction::Thoughts,
            "thoughts",
            "",
            "show what the model thought before its last reply",
        )
    },
    command(
        CommandAction::Plan,
        "plan",
        "",
        "turn plan mode on or off: read-only, the answer is a plan",
    ),
    SlashCommand {
        values: &["ask", "auto-edit", "auto-approve"],
        ..command(
            CommandAction::Approve,
            "approve",
            "[mode]",
            "show the approval modes, or switch to one",
        )
    },
    SlashCommand {
        aliases: &["models"],
        ..command(
            CommandAction::Model,
            "model",
            "[name]",
            "list the models, or switch to another one",
        )
    },
    command(
        CommandAction::Status,
        "status",
        "",
        "show model, mode, session and index",
    ),
    command(CommandAction::Index, "index", "", "update the index"),
    command(
        CommandAction::Workspace,
        "workspace",
        "[name]",
        "list the workspaces, or switch to another one",
    ),
    command(
        CommandAction::Sessions,
        "sessions",
        "",
        "list the sessions of this workspace",
    ),
    command(
        CommandAction::Resume,
        "resume",
        "[id]",
        "continue an earlier session, by its id or its number in the list",
    ),
    command(
        CommandAction::Compact,
        "compact",
        "",
        "summarize the conversation to free the context window",
    ),
    SlashCommand {
        aliases: &["context"],
        ..command(
            CommandAction::Tokens,
            "tokens",
            "",
            "show what fills the context window",
        )
    },
    command(
        CommandAction::Memory,
        "memory",
        "",
        "show the project instructions that the model is given",
    ),
    command(
        CommandAction::Task,
        "task",
        "[GOAL]",
        "do something larger in steps, or go on with it",
    ),
    command(
        CommandAction::Check,
        "check",
        "[all]",
        "run the formatter, linter and tests that fit the changes",
    ),
    command(
        CommandAction::Commit,
        "commit",
        "[hint]",
        "commit what this session changed",
    ),
    command(
        CommandAction::Review,
        "review",
        "[range]",
        "review changes: those that are not committed, or a range of git",
    ),
    command(
        CommandAction::Map,
        "map",
        "[path]",
        "show the most important files and definitions",
    ),
    command(
        CommandAction::Related,
        "related",
        "PATH",
        "list the files that belong to a file",
    ),
    command(
        CommandAction::Design,
        "design",
        "[goal]",
        "describe the design of the project, or draft one for a goal",
    ),
    command(
        CommandAction::Init,
        "init",
        "[check] [agents]",
        "write facts about the project into `OLLACODE.md`",
    ),
    command(
        CommandAction::Template,
        "template",
        "[name]",
        "list the templates, or show one",
    ),
    command(
        CommandAction::Skills,
        "skills",
        "[name]",
        "list the skills, or show one; /NAME uses it",
    ),
    command(
        CommandAction::Mcp,
        "mcp",
        "[server]",
        "list the MCP servers, or the tools of one",
    ),
    command(
        CommandAction::Hooks,
        "hooks",
        "",
        "list the hooks, and whether those of the repository run",
    ),
    SlashCommand {
        aliases: &["exit", "q"],
        place: CommandScope::Terminal,
        ..command(CommandAction::Quit, "quit", "", "exit")
    },
];

/// The commands of a front end: [`CommandScope::Terminal`], [`CommandScope::Chat`],
/// [`CommandScope::Page`] or [`CommandScope::Editor`].
pub fn commands(place: CommandScope) -> impl Iterator<Item = &'static SlashCommand> {
    let is_there = move |command: &&SlashCommand| match place {
        CommandScope::Page => !matches!(command.action, CommandAction::Start | CommandAction::Quit),
        CommandScope::Editor => {
            command.place == CommandScope::Everywhere && !is_of_editor(command.action)
        }
        place => [CommandScope::Everywhere, place].contains(&command.place),
    };
    COMMANDS.iter().filter(is_there)
}

/// Whether an editor does it itself: each of its threads is one session in one folder.
fn is_of_editor(action: CommandAction) -> bool {
    matches!(
        action,
        CommandAction::New
            | CommandAction::Workspace
            | CommandAction::Sessions
            | CommandAction::Resume
    )
}

/// How an input line is understood.
pub enum ParsedInput<'a> {
    Question,
    /// A command with its argument.
    Command(&'static SlashCommand, &'a str),
    /// A question that starts a skill.
    Skill(SkillCall),
    /// An unknown command, with its slash, and similar names.
    Unknown(&'a str, Vec<String>),
}

/// Tells commands and skills from questions. A command is one line of `/`, a word of letters (or `?`), and
/// white space or the end of the line after it; paths and pasted code are questions. A unique prefix of
/// a name is enough.
///
/// Commands win over skills, also by a unique prefix. What follows the whole name of a skill may have
/// several lines; in a name, `_` is as good as `-`.
pub fn parse<'a>(text: &'a str, place: CommandScope, skills: &[SkillCommand]) -> ParsedInput<'a> {
    let text = text.trim();
    let Some(rest) = text.strip_prefix('/') else {
        return ParsedInput::Question;
    };
    let (word, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    // A slash alone is an unfinished command.
    let is_line = !text.contains('\n') && (!word.is_empty() || rest.is_empty());
    let is_word = word == "?" || word.chars().all(char::is_alphabetic);
    let name = word.to_lowercase();
    let fitting = match is_line && is_word {
        true => fitting(&name, place),
        false => Vec::new(),
    };
    if let [only] = fitting.as_slice() {
        return ParsedInput::Command(only, argument);
    }
    let name = name.replace('_', "-");
    let skill = |skill: &SkillCommand| {
        ParsedInput::Skill(SkillCall {
            name: skill.name.clone(),
            arguments: argument.to_owned(),
        })
    };
    if let Some(exact) = skills.iter().find(|skill| skill.name == name) {
        return skill(exact);
    }
    let may_be_skill = skill_names::may_be_name(word);
    if !is_line || !is_word && !may_be_skill {
        return ParsedInput::Question;
    }
    let begins = |skill: &&SkillCommand| !name.is_empty() && skill.name.starts_with(&name);
    let begun: Vec<&SkillCommand> = skills.iter().filter(begins).collect();
    // `/stop` is a command in chats: where there is none, it starts no `/stop-all`.
    if let ([], &[only], None) = (fitting.as_slice(), begun.as_slice(), taken(&name)) {
        return skill(only);
    }
    let mut similar: Vec<String> = fitting.iter().map(|it| it.name.to_owned()).collect();
    similar.extend(begun.iter().map(|skill| skill.name.clone()));
    if similar.is_empty() {
        similar = nearest(&name, place, skills);
    }
    if !is_word && similar.is_empty() && !name.contains('-') {
        return ParsedInput::Question;
    }
    ParsedInput::Unknown(&text[..1 + word.len()], similar)
}

/// The command of a name or an alias; else those that begin with it.
fn fitting(name: &str, place: CommandScope) -> Vec<&'static SlashCommand> {
    let named = |command: &&SlashCommand| command.name == name || command.aliases.contains(&name);
    if let Some(command) = commands(place).find(named) {
        return vec![command];
    }
    let begins = |command: &&SlashCommand| !name.is_empty() && command.name.starts_with(name);
    commands(place).filter(begins).collect()
}

/// The shell command of a line that begins with `!`; `None` for all else. Several lines were pasted,
/// and `![…` is a picture in Markdown: those are questions. Where messages come from elsewhere,
/// nothing is run in this way.
pub fn shell_command(text: &str) -> Option<&str> {
    let command = text.trim().strip_prefix('!')?.trim();
    let is_command = !command.is_empty() && !command.contains('\n') && !command.starts_with('[');
    is_command.then_some(command)
}

/// The message about an unknown command.
pub fn unknown(typed: &str, nearest: &[String]) -> String {
    let typed = crate::visible::visible_name(typed);
    if nearest.is_empty() {
        return format!("unknown command {typed}; /help lists the commands");
    }
    let nearest: Vec<String> = nearest.iter().map(|name| format!("/{name}")).collect();
    format!(
        "unknown command {typed}; did you mean {}?",
        nearest.join(" or ")
    )
}

/// Commands and skills with the longest common prefix with the input.
fn nearest(typed: &str, place: CommandScope, skills: &[SkillCommand]) -> Vec<String> {
    let shared = |name: &str| {
        let pairs = name.chars().zip(typed.chars());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let own = commands(place).map(|command| command.name);
    let names = own.chain(skills.iter().map(|skill| skill.name.as_str()));
    let names: Vec<(usize, &str)> = names.map(|name| (shared(name), name)).collect();
    let most = names.iter().map(|(shared, _)| *shared).max();
    let most = most.filter(|most| *most > 1);
    let nearest = names.iter().filter(|(shared, _)| Some(*shared) == most);
    nearest.map(|(_, name)| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests;
