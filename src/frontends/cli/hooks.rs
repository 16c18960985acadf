//! `ollacode hooks`.

use anyhow::{Error, bail};

use super::CommandEnd;
use super::args::HooksArguments;
use crate::app::App;

pub async fn run(_app: &App, _arguments: &HooksArguments) -> Result<CommandEnd, Error> {
    bail!("`hooks` is not built yet")
}
