//! Arguments of `template`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

/// Examples of `ollacode template`.
pub(super) const TEMPLATE_HELP: &str = "\
Examples:
  ollacode template list
  ollacode template show endpoint-go                        what it wants
  ollacode template new endpoint-go name='user account'     make its files
  ollacode template from handler src/orders.rs src/users.rs make one of files that are alike";

/// Arguments of `ollacode template`.
#[derive(Args, Clone, Debug)]
pub struct TemplateArguments {
    #[command(subcommand)]
    pub command: TemplateCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum TemplateCommand {
    /// List the templates
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Show what a template wants, and its files
    Show {
        /// Name of the template
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,

        /// Print JSON
        #[arg(long)]
        json: bool,
    },

    /// Make the files of a template; a file that exists is never replaced
    New {
        /// Name of the template
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,

        /// Values, as `name=value`
        #[arg(value_name = "NAME=VALUE", value_parser = one_value)]
        values: Vec<(String, String)>,

        /// Only show what would be written
        #[arg(long)]
        dry_run: bool,
    },

    /// Make a template of your own of files that are alike
    From {
        /// Name of the new template
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,

        /// Files of the workspace: the template is like the first; the others show what differs
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<String>,

        /// Only show the template
        #[arg(long)]
        dry_run: bool,
    },
}

fn one_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err("a value is given as `name=value`".to_owned()),
    }
}
