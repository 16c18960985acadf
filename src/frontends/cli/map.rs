//! `ollacode map`.

use anyhow::{Error, bail};

use super::CommandEnd;
use super::args::MapArguments;
use crate::app::App;

pub async fn run(_app: &App, _arguments: &MapArguments) -> Result<CommandEnd, Error> {
    bail!("this is not available yet")
}
