//! Arguments of `mcp`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::frontends::cli::mcp::install::clients;

/// Examples of `ollacode mcp`.
pub(super) const MCP_HELP: &str = "\
Examples:
  ollacode mcp                           answer an agent on stdin and stdout
  ollacode mcp --http                    answer agents over HTTP on this machine
  ollacode mcp install claude-code       what to add to its settings
  ollacode mcp list                      the servers of others, and their tools
  ollacode mcp accept github.search      accept a definition that has changed
  ollacode mcp trust                     show the servers of .mcp.json, and trust them";

/// Arguments of `ollacode mcp`.
#[derive(Args, Clone, Debug)]
pub struct McpArguments {
    #[command(subcommand)]
    pub command: Option<McpCommand>,

    /// Answer over HTTP on this machine, rather than on stdin and stdout
    #[arg(long)]
    pub http: bool,

    /// Port of `--http`; by default 4781, or any free one if that is in use
    #[arg(long, value_name = "PORT", requires = "http")]
    pub port: Option<u16>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum McpCommand {
    /// Print the settings with which a client starts this server
    Install(InstallArguments),

    /// List the servers of others, and their tools
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Show what has changed in definitions of tools, and accept it
    Accept {
        /// A server, or one of its tools
        #[arg(value_name = "SERVER[.TOOL]")]
        name: String,
    },

    /// Show what `.mcp.json` of this repository would start, and trust it
    Trust {
        /// Let its programs have the network
        #[arg(long, conflicts_with = "forget")]
        network: bool,

        /// End the trust
        #[arg(long)]
        forget: bool,
    },
}

/// Arguments of `ollacode mcp install`.
#[derive(Args, Clone, Debug)]
pub struct InstallArguments {
    /// The client
    #[arg(value_parser = PossibleValuesParser::new(clients::names()))]
    pub client: String,

    /// Write them into the client's file, after a diff and a question
    #[arg(long)]
    pub write: bool,

    /// Write without asking
    #[arg(short, long, requires = "write")]
    pub yes: bool,
}
