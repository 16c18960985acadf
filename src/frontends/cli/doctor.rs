//! `ollacode doctor`: checks the installation and suggests fixes.

use std::io::{self, Write};

use anyhow::Error;
use serde_json::json;

use super::args::DoctorArguments;
use super::style::{DIM, ERROR, GOOD, PLAIN, WARNING, escape_hidden};
use super::{CommandEnd, print, print_json};
use crate::app::App;
use crate::frontends::doctor::{Check, CheckState, checks};

pub async fn run(app: &App, arguments: &DoctorArguments) -> Result<CommandEnd, Error> {
    let checks = checks(app).await?;
    let broken = checks.iter().any(|check| check.state == CheckState::Broken);
    if arguments.json {
        print_json(&json!({"ok": !broken, "checks": checks}))?;
    } else {
        print(|out| checks.iter().try_for_each(|check| write(out, check)))?;
    }
    Ok(if broken {
        CommandEnd::Bad
    } else {
        CommandEnd::Good
    })
}

fn write(out: &mut impl Write, check: &Check) -> io::Result<()> {
    let (style, sign) = match check.state {
        CheckState::Good => (GOOD, "ok"),
        CheckState::Warning => (WARNING, "warning"),
        CheckState::Broken => (ERROR, "broken"),
    };
    writeln!(
        out,
        "{style}{sign:>7}{PLAIN}  {:<12} {}",
        check.name,
        escape_hidden(&check.message)
    )?;
    let mut fix = check.fix.iter().flat_map(|fix| fix.lines());
    if let Some(line) = fix.next() {
        let line = escape_hidden(line);
        writeln!(out, "{:>7}  {:<12} {DIM}→ {line}{PLAIN}", "", "")?;
    }
    // The contents of a file, to be copied.
    for line in fix {
        writeln!(out, "{}", escape_hidden(line))?;
    }
    Ok(())
}
