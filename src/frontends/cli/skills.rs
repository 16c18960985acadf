//! `ollacode skills`.

use anyhow::{Error, bail};

use super::CommandEnd;
use super::args::SkillsArguments;
use crate::app::App;

pub async fn run(_app: &App, _arguments: &SkillsArguments) -> Result<CommandEnd, Error> {
    bail!("`skills` is not built yet")
}
