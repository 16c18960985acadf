//! `ollacode related`.

use anyhow::{Error, bail};

use super::CommandEnd;
use super::args::RelatedArguments;
use crate::app::App;

pub async fn run(_app: &App, _arguments: &RelatedArguments) -> Result<CommandEnd, Error> {
    bail!("this is not available yet")
}
