//! The command line: what may be said, and what contradicts itself.

mod chat;
mod telegram;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::config::{Color, Flags};

use chat::CHAT_HELP;
pub use chat::{ChatArguments, EngineArguments, ExportFormat, SessionsArguments, SessionsCommand};
use telegram::TELEGRAM_HELP;
pub use telegram::TelegramArguments;

/// A local AI coding agent with built-in semantic code search, for Ollama.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ollacode",
    version,
    after_help = "\
Start in the folder of a project:
  ollacode                                    talk about it, and have it changed
  ollacode -p 'where are sessions stored'     one question; the answer goes to stdout
  ollacode search where are sessions stored   find code, without a model

Settings can also be set permanently: see docs/settings.md and `.env.example` in the sources."
)]
pub struct Arguments {
    /// What to do; to chat if nothing is said
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Work on this folder
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    #[arg(help_heading = GLOBAL)]
    pub workspace: Option<PathBuf>,

    /// Keep indexes and the cache in this folder
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    #[arg(help_heading = GLOBAL)]
    pub data_dir: Option<PathBuf>,

    /// Make vectors with this model of Ollama; `none`: lexical search only
    #[arg(long, value_name = "MODEL", global = true, help_heading = GLOBAL)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub embed_model: Option<String>,

    /// Call no address but this machine's
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub offline: bool,

    /// Log more to stderr; twice for even more
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = GLOBAL)]
    pub verbose: u8,

    /// When to colour the output
    #[arg(long, value_name = "WHEN", global = true, default_value_t = ColorChoice::Auto)]
    #[arg(help_heading = GLOBAL)]
    pub color: ColorChoice,

    /// How to chat, where no command is named
    #[command(flatten, next_help_heading = CHAT)]
    pub chat: ChatArguments,
}

/// Heading of what every command takes.
const GLOBAL: &str = "Options of every command";
/// Heading of what is taken where no command is named.
const CHAT: &str = "Options of `chat`, which work without its name, too";

/// Examples of `ollacode log`, and what its JSON looks like.
const LOG_HELP: &str = "\
Examples:
  ollacode log                 the last session of this folder
  ollacode log k3x9            by the end of its name
  ollacode log --all --json | jq -c 'select(.action == \"changed\")'

A call is done, failed or stopped, if it ran; denied, or not run; or broken off: it began, and its
end was not written down, since the session was killed there or still runs.

With --json each line is an object with session, turn (0 before the first question), at (UTC;
older journals have none) and `action`: started (workspace, model), question (text), asked (id,
title, what, hash), decided (id, answer: once, session or deny, with a reason), call (id, tool,
what, outcome: done, failed, stopped, denied, not_run or broken_off, result), changed (path, before,
after: hashes, or null where there is no file), undid and redid (of_turn), mode (mode: ask,
auto_edit, auto_approve or plan), model (name), compacted, and ended (reason).";

/// What ollacode can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Talk about the code, and have it changed; this is also what `ollacode` alone does
    #[command(visible_alias = "cli", after_help = CHAT_HELP)]
    Chat(ChatArguments),

    /// Make a folder searchable, or bring its index up to date
    #[command(after_help = "\
Examples:
  ollacode index                         the project around the current folder
  ollacode index ~/code/shop --dry-run   what it would do, and how long that takes
  ollacode index --watch                 keep the index fresh until Ctrl-C
  ollacode index --inspect src/main.rs   how a file is cut into chunks")]
    Index(IndexArguments),

    /// Find code by what it does, or by its names
    #[command(after_help = "\
Examples:
  ollacode search where is the retry delay computed
  ollacode search --lang rust --path 'src/**' parse_config
  git log --format=%s -5 | ollacode search --stdin --json")]
    Search(SearchArguments),

    /// List what was talked about in this folder, or write it out
    #[command(after_help = "\
Examples:
  ollacode sessions
  ollacode sessions export k3x9 > session.md   by the end of its name
  ollacode chat --resume k3x9                  go on with it")]
    Sessions(SessionsArguments),

    /// Show what was asked, decided, run and changed in a session
    #[command(after_help = LOG_HELP)]
    Log(LogArguments),

    /// Serve a Telegram bot: ask about the code from the phone, and approve what is done
    #[command(after_help = TELEGRAM_HELP)]
    Telegram(TelegramArguments),

    /// Check settings, index and Ollama, and say how to fix what is wrong
    #[command(after_help = "\
Examples:
  ollacode doctor --json | jq .
  ollacode doctor --model qwen2.5-coder:7b   try what a model can do, and remember it")]
    Doctor(DoctorArguments),

    /// Print the completions for a shell
    #[command(after_help = "\
Example:
  ollacode completions bash > ~/.local/share/bash-completion/completions/ollacode")]
    Completions {
        /// The shell
        shell: Shell,
    },

    /// Print the man page
    #[command(after_help = "\
Example:
  ollacode man > ~/.local/share/man/man1/ollacode.1")]
    Man,
}

/// Arguments of `ollacode index`.
#[derive(Args, Clone, Debug)]
pub struct IndexArguments {
    /// The folder; else the project around the current folder
    #[arg(value_hint = ValueHint::DirPath)]
    pub path: Option<PathBuf>,

    /// Keep the index fresh until Ctrl-C
    #[arg(long, group = "action")]
    pub watch: bool,

    /// Read and cut every file again
    #[arg(long, conflicts_with_all = ["status", "failures", "skipped", "inspect", "remove", "list", "prune"])]
    pub force: bool,

    /// Change nothing: count files and chunks, and estimate the time
    #[arg(long, group = "action")]
    pub dry_run: bool,

    /// Show what the index holds
    #[arg(long, group = "action")]
    pub status: bool,

    /// List the texts that have no vector, and why
    #[arg(long, group = "action")]
    pub failures: bool,

    /// List the files that are not indexed, and why
    #[arg(long, group = "action")]
    pub skipped: bool,

    /// Show how a file is cut into chunks
    #[arg(long, group = "action", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inspect: Option<PathBuf>,

    /// Delete the index
    #[arg(long, group = "action")]
    pub remove: bool,

    /// List the indexes of all folders
    #[arg(long, group = "action")]
    pub list: bool,

    /// Delete the indexes of folders that are gone
    #[arg(long, group = "action")]
    pub prune: bool,

    /// Answer every question with yes
    #[arg(short, long)]
    pub yes: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `ollacode index` is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexAction<'a> {
    /// Bring the index up to date.
    Refresh,
    /// Keep it so.
    Watch,
    /// Say what a refresh would do.
    DryRun,
    /// Show what the index holds.
    Status,
    /// List the texts that have no vector.
    Failures,
    /// List the files that are not indexed.
    Skipped,
    /// Show how this file is cut.
    Inspect(&'a Path),
    /// Delete the index.
    Remove,
    /// List the indexes of all folders.
    List,
    /// Delete those of folders that are gone.
    Prune,
}

impl IndexArguments {
    /// What is to be done; at most one of the flags is there.
    pub fn action(&self) -> IndexAction<'_> {
        match self {
            IndexArguments { watch: true, .. } => IndexAction::Watch,
            IndexArguments { dry_run: true, .. } => IndexAction::DryRun,
            IndexArguments { status: true, .. } => IndexAction::Status,
            IndexArguments { failures: true, .. } => IndexAction::Failures,
            IndexArguments {
                inspect: Some(file),
                ..
            } => IndexAction::Inspect(file),
            IndexArguments { remove: true, .. } => IndexAction::Remove,
            IndexArguments { skipped: true, .. } => IndexAction::Skipped,
            IndexArguments { list: true, .. } => IndexAction::List,
            IndexArguments { prune: true, .. } => IndexAction::Prune,
            _ => IndexAction::Refresh,
        }
    }
}

/// Arguments of `ollacode search`.
#[derive(Args, Clone, Debug)]
pub struct SearchArguments {
    /// What to find; several words need no quotes
    #[arg(
        value_name = "QUERY",
        required_unless_present = "stdin",
        conflicts_with = "stdin"
    )]
    pub words: Vec<String>,

    /// Show at most so many hits
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=100))]
    pub limit: u16,

    /// Only files whose path matches this glob; several: any of them
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub path: Vec<String>,

    /// Only this language; several: any of them
    #[arg(long, value_name = "LANG", value_parser = NonEmptyStringValueParser::new())]
    pub lang: Vec<String>,

    /// Print one JSON object a query, on one line
    #[arg(long)]
    pub json: bool,

    /// Show how each hit came to its place
    #[arg(long)]
    pub explain: bool,

    /// Read the queries from stdin, one a line
    #[arg(long)]
    pub stdin: bool,

    /// Do not look for changed files first
    #[arg(long)]
    pub no_refresh: bool,
}

impl SearchArguments {
    /// The query, if it is not to be read from stdin.
    pub fn query(&self) -> Option<String> {
        (!self.stdin).then(|| self.words.join(" "))
    }
}

/// Arguments of `ollacode log`.
#[derive(Args, Clone, Debug)]
pub struct LogArguments {
    /// The session, by the beginning or the end of its name; else the last one of this folder
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub id: Option<String>,

    /// Every session of this folder, the one used last first
    #[arg(long, conflicts_with = "id")]
    pub all: bool,

    /// Print one JSON object an action, on one line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ollacode doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArguments {
    /// Try what this model can do, and remember it
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// Reads a command line, the program's name first.
    ///
    /// The error also stands for `--help` and `--version`; it knows its exit code.
    pub fn read<Argument>(
        command_line: impl IntoIterator<Item = Argument>,
    ) -> Result<Arguments, clap::Error>
    where
        Argument: Into<OsString> + Clone,
    {
        let arguments = Arguments::try_parse_from(command_line)?;
        match arguments.contradiction() {
            Some((kind, message)) => Err(Arguments::command().error(kind, message)),
            None => Ok(arguments),
        }
    }

    /// What clap cannot see: flags that stand before the command, and what the words add up to.
    fn contradiction(&self) -> Option<(ErrorKind, &'static str)> {
        match &self.command {
            Some(_) if self.chat != ChatArguments::default() => {
                let message = "an option of `chat` stands before a command; it goes behind \
                               `chat`, or stands where no command is named";
                Some((ErrorKind::ArgumentConflict, message))
            }
            Some(Command::Index(index)) if index.path.is_some() && self.workspace.is_some() => {
                let message = "the folder is named twice: by PATH and by `--workspace`";
                Some((ErrorKind::ArgumentConflict, message))
            }
            Some(Command::Search(search))
                if search.query().is_some_and(|query| query.trim().is_empty()) =>
            {
                Some((ErrorKind::InvalidValue, "the query is empty"))
            }
            _ => None,
        }
    }

    /// What it says about settings.
    pub fn flags(&self) -> Flags {
        let path = match &self.command {
            Some(Command::Index(index)) => index.path.clone(),
            _ => None,
        };
        let engine = match &self.command {
            None => self.chat.engine.clone(),
            Some(Command::Chat(chat)) => chat.engine.clone(),
            Some(Command::Telegram(telegram)) => telegram.engine.clone(),
            Some(_) => EngineArguments::default(),
        };
        let (off, sandbox) = match engine.sandbox {
            Some(how) if how == "off" => (true, None),
            how => (false, how),
        };
        Flags {
            sandbox_off: off,
            network: engine.network,
            color: match self.color {
                ColorChoice::Auto => Color::Auto,
                ColorChoice::Always => Color::Always,
                ColorChoice::Never => Color::Never,
            },
            ..Flags::default()
        }
        .with("WORKSPACE_DIR", "PATH", path)
        .with("WORKSPACE_DIR", "--workspace", self.workspace.clone())
        .with("OLLACODE_DATA_DIR", "--data-dir", self.data_dir.clone())
        .with(
            "OLLAMA_EMBED_MODEL",
            "--embed-model",
            self.embed_model.clone(),
        )
        .with(
            "OLLACODE_OFFLINE",
            "--offline",
            self.offline.then_some("true"),
        )
        .with("OLLACODE_LOG", "--verbose", log_filter(self.verbose))
        .with("OLLAMA_MODEL", "--model", engine.model)
        .with("OLLACODE_TOOLS", "--tools", engine.tools)
        .with(
            "OLLACODE_MAX_STEPS",
            "--max-steps",
            engine.max_steps.map(|steps| steps.to_string()),
        )
        .with("OLLACODE_RAG", "--no-rag", engine.no_rag.then_some("false"))
        .with("OLLACODE_SANDBOX", "--sandbox", sandbox)
    }
}

/// What `--verbose` logs: other crates only when nothing else helps.
fn log_filter(verbosity: u8) -> Option<&'static str> {
    match verbosity {
        0 => None,
        1 => Some("warn,ollacode=info"),
        2 => Some("warn,ollacode=debug"),
        _ => Some("info,ollacode=trace"),
    }
}
