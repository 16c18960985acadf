//! Questions on the terminal. Without one, nobody agrees.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::stderr;
use anyhow::{Error, ensure};

use super::style::visible_name;
use crate::app::App;

/// Asks before the agent works on all of the home folder, or of one above it.
pub fn confirm_workspace(app: &App, yes: bool) -> Result<(), Error> {
    if yes || !app.needs_confirmation() {
        return Ok(());
    }
    let root = visible_name(&app.workspace.root.display().to_string());
    ensure!(
        confirmed(&format!(
            "Let the agent work on all of {root}? It is not a project folder."
        ))?,
        "{root} is your home folder or above it, not a project folder: go to one, name one with \
         `--workspace`, or give `--yes` to work on all of it"
    );
    Ok(())
}

/// Asks a question whose default answer is no.
pub fn confirmed(question: &str) -> io::Result<bool> {
    if !can_ask() {
        return Ok(false);
    }
    {
        // Not held while waiting: whoever wants to say something else may.
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

/// Whether there is somebody to ask.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
