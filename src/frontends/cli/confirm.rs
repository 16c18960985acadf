//! Questions on the terminal. Without one, the answer is no.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::stderr;
use anyhow::{Error, ensure};

use super::style::visible_name;
use crate::app::App;

/// Asks before the agent works on the home folder, or a folder above it.
pub fn confirm_workspace(app: &App, yes: bool) -> Result<(), Error> {
    if yes || !app.needs_confirmation() {
        return Ok(());
    }
    let root = visible_name(&app.workspace.root.display().to_string());
    ensure!(
        confirmed(&format!(
            "{root} is not a project folder. Let the agent work on all of it?"
        ))?,
        "{root} is your home folder or above it, not a project folder: change to one, name one \
         with `--workspace`, or work on all of it with `--yes`"
    );
    Ok(())
}

/// Asks a question whose default answer is no.
pub fn confirmed(question: &str) -> io::Result<bool> {
    if !can_ask() {
        return Ok(false);
    }
    {
        // Not locked while waiting, so that others can write.
        let mut out = stderr().lock();
        write!(out, "{question} [y/N] ")?;
        out.flush()?;
    }
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(
        answer.trim().to_ascii_lowercase().as_str(),
        "y" | "yes"
    ))
}

/// Whether there is a terminal to ask on.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
