//! Arguments of `template`.

use clap::Args;

/// Examples of `ollacode template`.
pub(super) const TEMPLATE_HELP: &str = "\
Example:
  ollacode template list";

/// Arguments of `ollacode template`.
#[derive(Args, Clone, Debug)]
pub struct TemplateArguments {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}
