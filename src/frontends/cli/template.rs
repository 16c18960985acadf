//! `ollacode template`.

use anyhow::{Error, bail};

use super::CommandEnd;
use super::args::TemplateArguments;
use crate::app::App;

pub async fn run(_app: &App, _arguments: &TemplateArguments) -> Result<CommandEnd, Error> {
    bail!("this is not available yet")
}
