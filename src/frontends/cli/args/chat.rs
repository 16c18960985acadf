//! What may be said about talking, and about what was said.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum, ValueHint};

use crate::frontends::cli::sessions::SessionsAction;
use crate::session::export::Format;

/// Examples of `ollacode chat`, and what its JSON looks like.
pub(super) const CHAT_HELP: &str = "\
Examples:
  ollacode chat                                    in a terminal: /help says more
  ollacode chat -p 'where is the retry delay set'  one question; the answer goes to stdout
  git diff | ollacode chat -p 'review this'        with what is piped in
  ollacode chat --continue --auto-edit             go on, and do not ask before edits

Exit code: 0 if there is an answer, else 1. Without a terminal nobody can be asked, so what
would be asked is denied; `--auto-edit` and `--auto-approve` say beforehand what may be done.

With --json each line is an object with `event`: started (session, model, window,
confinement), retrieved
(sources), thinking (text), text (text), replied (used, window, tokens_per_second, …),
tool_started (id, tool, what), tool_finished (id, outcome, summary, detail, took_ms), notice
(text), compacted (before, after), citations (wrong), and last ended (how: answered, planned,
stopped, step_limit, stuck or failed, the last two with a reason and a code), or error (code,
message, hint) if ollacode fails.";

/// Arguments of `ollacode chat`, and of `ollacode` alone.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatArguments {
    /// Answer this and end; what is piped in is put behind it
    #[arg(short, long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub prompt: Option<String>,

    /// Print one event a line, as JSON
    #[arg(long)]
    pub json: bool,

    /// Write the answer to this file instead of stdout
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Go on with the last session of this folder
    #[arg(long = "continue", conflicts_with = "resume")]
    pub go_on: bool,

    /// Go on with this session; the beginning or the end of its name suffices
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub resume: Option<String>,

    /// What answers, and how
    #[command(flatten)]
    pub engine: EngineArguments,

    /// Look only, and end with a plan
    #[arg(long)]
    pub plan: bool,

    /// Edit files without asking
    #[arg(long, group = "unasked")]
    pub auto_edit: bool,

    /// Do everything without asking, but for secrets and what runs later
    #[arg(long, group = "unasked")]
    pub auto_approve: bool,
}

/// What answers questions, wherever they are asked.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineArguments {
    /// Talk to this model of Ollama
    #[arg(long, value_name = "MODEL", value_parser = NonEmptyStringValueParser::new())]
    pub model: Option<String>,

    /// Which tools the model has: few for weak ones, all, or as many as it can bear
    #[arg(long, value_name = "WHICH", value_parser = ["auto", "core", "all"])]
    pub tools: Option<String>,

    /// Stop after so many replies of the model to one question
    #[arg(long, value_name = "N")]
    pub max_steps: Option<u32>,

    /// Do not search the index for each question
    #[arg(long)]
    pub no_rag: bool,

    /// Confine commands as well as the system can, fully or not at all, or never
    #[arg(long, value_name = "HOW", value_parser = ["best", "required", "off"])]
    pub sandbox: Option<String>,

    /// Let commands use the network
    #[arg(long)]
    pub network: bool,

    /// Work on all of your home folder, or of one above it, without asking
    #[arg(short, long)]
    pub yes: bool,
}

/// Arguments of `ollacode sessions`.
#[derive(Args, Clone, Debug)]
pub struct SessionsArguments {
    /// What to do; to list them if nothing is said
    #[command(subcommand)]
    pub command: Option<SessionsCommand>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

impl SessionsArguments {
    /// What is to be done.
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

/// What can be done with sessions.
#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    /// Write a session to stdout
    #[command(after_help = "\
Example:
  ollacode sessions export k3x9 --format json | jq .items")]
    Export {
        /// Its name; the beginning or the end of it suffices
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        id: String,

        /// For people or for programs
        #[arg(long, value_enum, default_value_t)]
        format: ExportFormat,
    },
}

/// What an export looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// For people
    #[default]
    Markdown,
    /// For programs
    Json,
}
