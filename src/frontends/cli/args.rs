//! The command line: arguments, and the conflicts that clap cannot express.

mod acp;
mod benchmark;
mod cache;
mod chat;
mod check;
mod commit;
mod design;
mod hooks;
mod index;
mod init;
mod jobs;
mod map;
mod mcp;
mod related;
mod review;
mod search;
mod skills;
mod suite;
mod task;
mod telegram;
mod template;
#[cfg(test)]
mod tests;
mod web;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{ArgAction, Args, ColorChoice, CommandFactory, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::config::{Color, Flags};

use acp::ACP_HELP;
pub use acp::AcpArguments;
use benchmark::BENCHMARK_HELP;
pub use benchmark::BenchmarkArguments;
use cache::CACHE_HELP;
pub use cache::{CacheArguments, CacheCommand};
use chat::CHAT_HELP;
pub use chat::{ChatArguments, EngineArguments, ExportFormat, SessionsArguments, SessionsCommand};
use check::CHECK_HELP;
pub use check::CheckArguments;
use commit::COMMIT_HELP;
pub use commit::CommitArguments;
use design::DESIGN_HELP;
pub use design::DesignArguments;
use hooks::HOOKS_HELP;
pub use hooks::{HooksArguments, HooksCommand};
pub use index::{IndexAction, IndexArguments};
use init::INIT_HELP;
pub use init::InitArguments;
pub use jobs::{ConfinementArguments, JobArguments, ModelArguments};
use map::MAP_HELP;
pub use map::MapArguments;
use mcp::MCP_HELP;
pub use mcp::{InstallArguments, McpArguments, McpCommand};
use related::RELATED_HELP;
pub use related::RelatedArguments;
use review::REVIEW_HELP;
pub use review::ReviewArguments;
pub use search::SearchArguments;
use skills::SKILLS_HELP;
pub use skills::{SkillsArguments, SkillsCommand};
pub use suite::SuiteArguments;
use task::TASK_HELP;
pub use task::TaskArguments;
use telegram::TELEGRAM_HELP;
pub use telegram::TelegramArguments;
use template::TEMPLATE_HELP;
pub use template::{TemplateArguments, TemplateCommand};
use web::WEB_HELP;
pub use web::WebArguments;

/// A local AI coding agent with built-in semantic code search, for Ollama.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ollacode",
    version,
    disable_version_flag = true,
    after_help = "\
Examples, in the folder of a project:
  ollacode                                    chat about the code and let the agent edit it
  ollacode -p 'where are sessions stored'     ask one question; the answer goes to stdout
  ollacode search where are sessions stored   search the code, without a model

Permanent settings go into ~/.config/ollacode/.env: see docs/settings.md."
)]
pub struct Arguments {
    /// Command to run; `chat` if none is given
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Folder to work on; by default the indexed folder or git repository around the current one.
    /// `web` and `mcp` take several, and begin with the first
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    #[arg(help_heading = GLOBAL)]
    pub workspace: Vec<PathBuf>,

    /// Folder for indexes, sessions and the embedding cache
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    #[arg(help_heading = GLOBAL)]
    pub data_dir: Option<PathBuf>,

    /// Embedding model of the server; `none` for lexical search only
    #[arg(long, value_name = "MODEL", global = true, help_heading = GLOBAL)]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub embed_model: Option<String>,

    /// Connect to this machine only (loopback addresses)
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub offline: bool,

    /// Log more to stderr; repeat for more detail
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = GLOBAL)]
    pub verbose: u8,

    /// When to use colours
    #[arg(long, value_name = "WHEN", global = true, default_value_t = ColorChoice::Auto)]
    #[arg(help_heading = GLOBAL)]
    pub color: ColorChoice,

    /// Print the version; with `--verbose` also commit, target, profile and how it was installed
    #[arg(short = 'V', long)]
    pub version: bool,

    /// Options of `chat`, for `ollacode` without a command
    #[command(flatten, next_help_heading = CHAT)]
    pub chat: ChatArguments,
}

const GLOBAL: &str = "Global options";
const CHAT: &str = "Chat options (also without `chat`)";

/// Examples of `ollacode log`, and its JSON fields.
const LOG_HELP: &str = "\
Examples:
  ollacode log                 the last session of this folder
  ollacode log k3x9            a session, by the end of its id
  ollacode log --all --json | jq -c 'select(.action == \"changed\")'

A call that ran is done, failed or stopped; one that did not run is denied or not run; one that is
broken off started and has no recorded end: the session was killed or is still running.

With --json, each line is an object with session, turn (0 before the first question), at (UTC;
missing in older journals) and `action`: started (workspace, model), question (text), asked (id,
title, what, hash), decided (id, answer: once, session or deny, with a reason), call (id, tool,
what, outcome: done, failed, stopped, denied, not_run or broken_off, result), changed (path, before,
after: hashes, or null where there is no file), undid and redid (of_turn), committed (hash, files),
mode (mode: ask, auto_edit, auto_approve or plan), model (name), compacted, and ended (reason).";

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Chat about the code and let the agent edit it (the default command)
    #[command(visible_alias = "cli", after_help = CHAT_HELP)]
    Chat(ChatArguments),

    /// Create or update the index of a folder
    #[command(after_help = "\
Examples:
  ollacode index                         the project around the current folder
  ollacode index ~/code/shop --dry-run   what would be indexed, and how long it would take
  ollacode index --watch                 keep the index up to date until Ctrl-C
  ollacode index --inspect src/main.rs   how a file is chunked")]
    Index(IndexArguments),

    /// Show, export, import or compact the cache of vectors that a team shares
    #[command(after_help = CACHE_HELP)]
    Cache(CacheArguments),

    /// Search the code by meaning, words or symbol names
    #[command(after_help = "\
Examples:
  ollacode search where is the retry delay computed
  ollacode search --lang rust --path 'src/**' parse_config
  git log --format=%s -5 | ollacode search --stdin --json")]
    Search(SearchArguments),

    /// List the sessions of this folder, or export one
    #[command(after_help = "\
Examples:
  ollacode sessions
  ollacode sessions export k3x9 > session.md   a session, by the end of its id
  ollacode chat --resume k3x9                  continue it")]
    Sessions(SessionsArguments),

    /// Show the questions, approvals, tool calls and changes of a session
    #[command(after_help = LOG_HELP)]
    Log(LogArguments),

    /// Run a Telegram bot: chat with the agent and approve its actions from your phone
    #[command(after_help = TELEGRAM_HELP)]
    Telegram(TelegramArguments),

    /// Serve a web page and an HTTP API on this machine: chat, approve, search
    #[command(visible_alias = "serve", after_help = WEB_HELP)]
    Web(WebArguments),

    /// Check settings, index, Ollama and sandbox, and suggest fixes
    #[command(after_help = "\
Examples:
  ollacode doctor --json | jq .
  ollacode doctor --model qwen2.5-coder:7b   test what a model can do, and save the result")]
    Doctor(DoctorArguments),

    /// Measure how fast and how useful models are, on this machine and with this code
    #[command(after_help = BENCHMARK_HELP)]
    Benchmark(BenchmarkArguments),

    /// Write facts about the project, its commands and its parts into OLLACODE.md
    #[command(after_help = INIT_HELP)]
    Init(InitArguments),

    /// Describe the design of the project, or draft one for something new
    #[command(after_help = DESIGN_HELP)]
    Design(DesignArguments),

    /// Run the formatter, linter and tests that fit the changes
    #[command(after_help = CHECK_HELP)]
    Check(CheckArguments),

    /// Commit what a session changed, with a written message
    #[command(after_help = COMMIT_HELP)]
    Commit(CommitArguments),

    /// Review changes: those that are not committed, or a range of git
    #[command(after_help = REVIEW_HELP)]
    Review(ReviewArguments),

    /// Do something larger in steps, each approved and checked
    #[command(after_help = TASK_HELP)]
    Task(TaskArguments),

    /// Show the most important files and definitions, and what uses what
    #[command(after_help = MAP_HELP)]
    Map(MapArguments),

    /// List the files that belong to a file, and why
    #[command(after_help = RELATED_HELP)]
    Related(RelatedArguments),

    /// List, show, use or make templates of code
    #[command(after_help = TEMPLATE_HELP)]
    Template(TemplateArguments),

    /// Serve the code search to other agents, by MCP; list and trust servers of others
    #[command(after_help = MCP_HELP)]
    Mcp(McpArguments),

    /// Be the agent of an editor, by ACP
    #[command(after_help = ACP_HELP)]
    Acp(AcpArguments),

    /// List the hooks, or trust those of this repository
    #[command(after_help = HOOKS_HELP)]
    Hooks(HooksArguments),

    /// List, show or make skills
    #[command(after_help = SKILLS_HELP)]
    Skills(SkillsArguments),

    /// Print a shell completion script
    #[command(after_help = "\
Example:
  ollacode completions bash > ~/.local/share/bash-completion/completions/ollacode")]
    Completions {
        /// Shell to complete for
        shell: Shell,
    },

    /// Print the man page
    #[command(after_help = "\
Example:
  ollacode man > ~/.local/share/man/man1/ollacode.1")]
    Man,
}

/// Arguments of `ollacode log`.
#[derive(Args, Clone, Debug)]
pub struct LogArguments {
    /// Session, by the beginning or end of its id; by default the last one of this folder
    #[arg(value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub id: Option<String>,

    /// Show every session of this folder, most recently used first
    #[arg(long, conflicts_with = "id")]
    pub all: bool,

    /// Print one JSON object per action, on one line
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ollacode doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArguments {
    /// Test what this model can do, and save the result
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// Parses a command line, which starts with the program's name.
    ///
    /// `--help` is an error, too, with exit code 0.
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

    /// Conflicts that clap cannot express: chat flags before a command, an empty query.
    fn contradiction(&self) -> Option<(ErrorKind, &'static str)> {
        match &self.command {
            command
                if self.workspace.len() > 1
                    && !matches!(command, Some(Command::Web(_) | Command::Mcp(_))) =>
            {
                let message =
                    "`--workspace` is given more than once; only `web` and `mcp` take several";
                Some((ErrorKind::ArgumentConflict, message))
            }
            Some(_) if self.chat != ChatArguments::default() => {
                let message = "an option of `chat` comes before the command; put it after \
                               `chat`, or leave the command out";
                Some((ErrorKind::ArgumentConflict, message))
            }
            Some(Command::Index(index)) if index.path.is_some() && !self.workspace.is_empty() => {
                let message = "the folder is given twice: as PATH and with `--workspace`";
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

    /// The settings that the command line gives.
    pub fn flags(&self) -> Flags {
        let path = match &self.command {
            Some(Command::Index(index)) => index.path.clone(),
            _ => None,
        };
        let port = match &self.command {
            Some(Command::Web(web)) => web.port,
            _ => None,
        };
        let engine = match &self.command {
            None => self.chat.engine.clone(),
            Some(Command::Chat(chat)) => chat.engine.clone(),
            Some(Command::Telegram(telegram)) => telegram.engine.clone(),
            Some(Command::Web(web)) => web.engine.clone(),
            Some(Command::Acp(acp)) => acp.engine.clone(),
            Some(command) => command.job_engine().unwrap_or_default(),
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
        .with(
            "WORKSPACE_DIR",
            "--workspace",
            self.workspace.first().cloned(),
        )
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
        .with(
            "OLLACODE_WEB_PORT",
            "--port",
            port.map(|port| port.to_string()),
        )
    }
}

/// The log filter of `--verbose`; other crates only at the third level.
fn log_filter(verbosity: u8) -> Option<&'static str> {
    match verbosity {
        0 => None,
        1 => Some("warn,ollacode=info"),
        2 => Some("warn,ollacode=debug"),
        _ => Some("info,ollacode=trace"),
    }
}
