//! Arguments of `acp`.

use clap::Args;

use super::EngineArguments;

/// Examples of `ollacode acp`.
pub(super) const ACP_HELP: &str = "\
An editor starts this, and talks to it on stdin and stdout: see docs/editors.md.

Example, in the settings of Zed:
  \"agent_servers\": {
    \"ollacode\": {\"type\": \"custom\", \"command\": \"ollacode\", \"args\": [\"acp\"]}
  }

To see that it answers:
  ollacode acp < /dev/null    ends at once, since nobody talks to it";

/// Arguments of `ollacode acp`.
#[derive(Args, Clone, Debug)]
pub struct AcpArguments {
    #[command(flatten)]
    pub engine: EngineArguments,

    /// Let editors choose the mode `auto-approve`
    #[arg(long)]
    pub auto_approve: bool,
}
