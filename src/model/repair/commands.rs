//! Converts the ways in which other agents name a command: as a list of words, as a program, and as
//! a patch.

use serde_json::Value;

use super::foreign::{ArgumentMap, text, whole_number};
use super::names::without_separators;

/// The patch that a command of Codex applies: `apply_patch` with it, or with a here-document.
pub(super) fn patch_in(arguments: &ArgumentMap) -> Option<&str> {
    const NAME: &str = "apply_patch";
    const END: &str = "*** End Patch";
    let written = match arguments.get("command")? {
        Value::String(line) => line.as_str(),
        Value::Array(words) => match words.as_slice() {
            [Value::String(name), Value::String(patch)] if name == NAME => {
                return Some(patch.as_str());
            }
            [Value::String(shell), _, Value::String(line)] if is_shell(shell) => line.as_str(),
            _ => return None,
        },
        _ => return None,
    };
    let rest = written.trim().strip_prefix(NAME)?;
    let start = rest.find("*** Begin Patch")?;
    let end = start + rest[start..].find(END)? + END.len();
    // Nothing else may run with it.
    let mark = rest[..start].trim().strip_prefix("<<")?;
    let mark = mark.trim_matches(['-', ' ', '\'', '"']);
    (rest[end..].trim() == mark).then(|| &rest[start..end])
}

/// A program given as its text, for `python`, or for a shell.
fn script(given: &str, arguments: &ArgumentMap) -> Option<(&'static str, String)> {
    const OF_PYTHON: [&str; 6] = ["python", "python3", "pip", "pip3", "pytest", "uv"];
    let is_python = without_separators(given).contains("python");
    let language = text(arguments, "language").or(is_python.then_some("python"));
    let keys = ["code", "script", "command"].into_iter();
    let mut keys = keys.filter(|key| is_python || *key == "code");
    let (key, code) = keys.find_map(|key| Some((key, text(arguments, key)?)))?;
    let first = code.split_whitespace().next().unwrap_or_default();
    let is_line = key == "command" && OF_PYTHON.contains(&first);
    match language?.to_ascii_lowercase().as_str() {
        "python" | "python3" | "py" if !is_line => {
            let mut mark = "PY".to_owned();
            while code.lines().any(|line| line == mark) {
                mark.push('_');
            }
            let code = code.trim_end_matches('\n');
            Some((key, format!("python3 - <<'{mark}'\n{code}\n{mark}")))
        }
        "bash" | "sh" | "shell" => Some((key, code.to_owned())),
        _ => None,
    }
}

/// A command passed to a shell, a program, and a timeout in milliseconds. Any other list of words
/// is not converted: it is unknown what should be quoted in it.
pub(super) fn run(given: &str, mut arguments: ArgumentMap) -> ArgumentMap {
    if let Some((key, command)) = script(given, &arguments) {
        arguments.remove(key);
        arguments.remove("language");
        arguments.insert("command".to_owned(), command.into());
    }
    if let Some(Value::Array(words)) = arguments.get("command")
        && let [
            Value::String(shell),
            Value::String(flag),
            Value::String(script),
        ] = words.as_slice()
        && is_shell(shell)
        && matches!(flag.as_str(), "-c" | "-lc")
    {
        let script = script.clone();
        arguments.insert("command".to_owned(), script.into());
    }
    if let Some(limit) = arguments.get("timeout_ms").and_then(whole_number) {
        arguments.remove("timeout_ms");
        arguments
            .entry("timeout")
            .or_insert_with(|| (limit / 1_000).max(1).into());
    }
    arguments
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit('/').next().unwrap_or(program);
    matches!(name, "sh" | "bash" | "zsh" | "dash")
}
