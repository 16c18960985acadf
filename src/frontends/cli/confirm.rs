//! Questions on the terminal. Without one, nobody agrees.

use std::io::{self, BufRead, IsTerminal, Write};

use anstream::stderr;

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
