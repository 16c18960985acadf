//! What the user has added in `config.toml`.

use super::{Check, CheckState};
use crate::app::App;
use crate::conversation::messages::counted;

/// The user's own tools, and programs of theirs that are not there.
pub fn tools(app: &App) -> Option<Check> {
    const NAME: &str = "tools";
    let tools = &app.settings.rules.tools;
    if tools.is_empty() {
        return None;
    }
    let missing: Vec<String> = tools
        .iter()
        .filter(|tool| !app.has_program(tool.program()))
        .map(|tool| format!("`{}` of `{}`", tool.program(), tool.name))
        .collect();
    if !missing.is_empty() {
        let message = format!("not found: {}", missing.join(", "));
        let fix = "install them, or write their paths into `command` in config.toml";
        return Some(Check::bad(NAME, CheckState::Warning, message, fix));
    }
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let count = counted(tools.len() as u64, "tool");
    let message = format!("{count} of your own: {}", names.join(", "));
    Some(Check::good(NAME, message))
}

/// Rules about servers that are not there.
pub fn rules(app: &App) -> Option<Check> {
    let unused = app.settings.rules.rules_without_server();
    if unused.is_empty() {
        return None;
    }
    let fix = "correct the name, if it is meant for a server of config.toml";
    Some(Check::bad(
        "rules",
        CheckState::Warning,
        unused.join("; "),
        fix,
    ))
}

/// A record of what is trusted that cannot be used.
pub fn trust(app: &App) -> Option<Check> {
    let problem = app.trust().problem()?;
    let fix = "delete the file if you cannot repair it; you are asked again for what was trusted";
    Some(Check::bad("trust", CheckState::Warning, problem, fix))
}
