//! Arguments of `chat` and `sessions`, and those that `chat`, `telegram` and `web` share.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::frontends::cli::sessions::SessionsAction;
use crate::session::export::Format;

/// Examples of `ollacode chat`, and its JSON fields.
pub(super) const CHAT_HELP: &str = "\
Examples:
  ollacode chat                                    interactive; /help lists the commands
  ollacode chat -p 'where is the retry delay set'  ask one question; the answer goes to stdout
  git diff | ollacode chat -p 'review this'        with piped input
  ollacode chat --continue --auto-edit             continue, and edit without asking

Exit code: 0 if there is an answer, else 1. Without a terminal there is nobody to ask, so calls
that need approval are denied; `--auto-edit` and `--auto-approve` approve them in advance.

With --json, each line is an object with `event`: started (session, model, window, confinement),
retrieved (sources), thinking (text), text (text), replied (used, window, tokens_per_second, …),
tool_started (id, tool, what), tool_finished (id, outcome, summary, detail, took_ms), notice
(text), compacted (before, after), citations (wrong), and last ended (how: answered, cut,
planned, stopped, step_limit, stuck or failed, the last two with a reason and a code), or error
(code, message, hint) if ollacode fails.";

/// Arguments of `ollacode chat`, and of `ollacode` alone.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatArguments {
    /// Answer this question and exit; piped input is appended to it
    #[arg(short, long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub prompt: Option<String>,

    /// Print events as JSON, one per line
    #[arg(long)]
    pub json: bool,

    /// Write the answer to this file instead of stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Continue the last session of this folder
    #[arg(long = "continue", conflicts_with = "resume")]
    pub go_on: bool,

    /// Continue this session, by the beginning or end of its id
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub resume: Option<String>,

    /// The model and its permissions
    #[command(flatten)]
    pub engine: EngineArguments,

    /// Only read, and end with a plan
    #[arg(long)]
    pub plan: bool,

    /// Edit files without asking
    #[arg(long, group = "unasked")]
    pub auto_edit: bool,

    /// Approve everything without asking, except secrets and protected files
    #[arg(long, group = "unasked")]
    pub auto_approve: bool,
}

/// Arguments that `chat`, `telegram` and `web` share.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineArguments {
    /// Chat model of the server
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,

    /// Tools for the model: `core` for weak models, `all`, or `auto` to choose by model
    #[arg(long, value_name = "WHICH", value_parser = ["auto", "core", "all"])]
    pub tools: Option<String>,

    /// Maximum number of model replies per question
    #[arg(long, value_name = "N")]
    pub max_steps: Option<u32>,

    /// Do not search the index for each question
    #[arg(long)]
    pub no_rag: bool,

    /// Confinement of commands: best available, required in full, or off
    #[arg(long, value_name = "HOW", value_parser = ["best", "required", "off"])]
    pub sandbox: Option<String>,

    /// Allow commands to use the network
    #[arg(long)]
    pub network: bool,

    /// Work on your home folder, or a folder above it, without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Arguments of `ollacode sessions`.
#[derive(Args, Clone, Debug)]
pub struct SessionsArguments {
    /// Command to run; by default the sessions are listed
    #[command(subcommand)]
    pub command: Option<SessionsCommand>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl SessionsArguments {
    pub(crate) fn action(&self) -> SessionsAction<'_> {
        match &self.command {
            None => SessionsAction::List { json: self.json },
            Some(SessionsCommand::Export { id, format }) => SessionsAction::Export {
                id,
                format: match format {
                    ExportFormat::Markdown => Format::Markdown,
                    ExportFormat::Json => Format::Json,
                },
            },
        }
    }
}

#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    /// Write a session to stdout
    #[command(after_help = "\
Example:
  ollacode sessions export k3x9 --format json | jq .items")]
    Export {
        /// Session, by the beginning or end of its id
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        id: String,

        /// Output format
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// For reading
    #[default]
    Markdown,
    /// For programs
    Json,
}
