//! Converts calls in the layouts of other agents' tools, which models were trained on. Other names
//! are aliases, at the tools themselves.

use serde_json::{Map, Value};

use super::json;

type ArgumentMap = Map<String, Value>;

/// The same call for our tools: name and arguments.
type ReshapedCall<'a> = (&'a str, ArgumentMap);

/// Keys that no tool of ours has, but that are understood.
pub(super) const KEYS: &[&str] = &[
    "diff",
    "edits",
    "view_range",
    "line_range",
    "limit",
    "regex",
    "file_pattern",
    "recursive",
    "requires_approval",
    "line_count",
];

/// Arguments about the layout of a result or about approval: this program decides both.
const LEFT_OUT: &[(&str, &[&str])] = &[
    ("run_command", &["requires_approval", "security_risk"]),
    ("write_file", &["line_count"]),
    ("read_file", &["should_read_entire_file"]),
    (
        "grep_search",
        &["-n", "output_mode", "head_limit", "multiline"],
    ),
];

/// Arguments that can be ignored if they are false.
const IDLE: &[(&str, &[&str])] = &[
    (
        "run_command",
        &[
            "is_background",
            "isBackground",
            "run_in_background",
            "is_input",
            "restart",
        ],
    ),
    ("list_directory", &["recursive"]),
];

/// Converts a call of one of our tools to its layout; one call may become several.
pub(super) fn reshaped(tool: &str, mut arguments: ArgumentMap) -> Vec<ReshapedCall<'_>> {
    for (_, keys) in LEFT_OUT.iter().filter(|(name, _)| *name == tool) {
        arguments.retain(|key, _| !keys.contains(&key.as_str()));
    }
    for (_, keys) in IDLE.iter().filter(|(name, _)| *name == tool) {
        arguments.retain(|key, value| !keys.contains(&key.as_str()) || truth(value) != Some(false));
    }
    match tool {
        "edit_file" => edits(arguments),
        "read_file" => vec![(tool, lines(arguments))],
        "search_files" => vec![searched(arguments)],
        "list_directory" => vec![listed(arguments)],
        "grep_search" => vec![(tool, cased(arguments))],
        "run_command" => vec![(tool, run(arguments))],
        _ => vec![(tool, arguments)],
    }
}

/// `str_replace_editor` with its commands, Cline's `diff`, and the `edits` of MultiEdit.
fn edits(mut arguments: ArgumentMap) -> Vec<ReshapedCall<'static>> {
    match text(&arguments, "command") {
        Some("view") => {
            arguments.remove("command");
            return vec![("read_file", lines(arguments))];
        }
        Some("create") => {
            arguments.remove("command");
            return vec![("write_file", arguments)];
        }
        Some("str_replace") => {
            arguments.remove("command");
            arguments.entry("new_str").or_insert_with(|| "".into());
        }
        _ => {}
    }
    if let Some(blocks) = text(&arguments, "diff").and_then(blocks) {
        arguments.remove("diff");
        return blocks
            .into_iter()
            .map(|(search, replace)| block(arguments.clone(), search, replace))
            .collect();
    }
    let edits = match arguments.get("edits") {
        Some(Value::String(text)) => json::whole(text.trim()),
        other => other.cloned(),
    };
    let edits: Option<Vec<ArgumentMap>> = edits.and_then(|edits| match edits {
        Value::Array(edits) => edits.into_iter().map(members).collect(),
        _ => None,
    });
    match edits {
        Some(edits) if !edits.is_empty() => {
            arguments.remove("edits");
            let whole = |edit: ArgumentMap| {
                (
                    "edit_file",
                    arguments.clone().into_iter().chain(edit).collect(),
                )
            };
            edits.into_iter().map(whole).collect()
        }
        _ => vec![("edit_file", arguments)],
    }
}

fn members(value: Value) -> Option<ArgumentMap> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// A block with an empty search has the whole file.
fn block(mut arguments: ArgumentMap, search: String, replace: String) -> ReshapedCall<'static> {
    if search.trim().is_empty() {
        arguments.insert("content".to_owned(), format!("{replace}\n").into());
        return ("write_file", arguments);
    }
    // Lines that go take their line break with them.
    let search = if replace.is_empty() {
        search + "\n"
    } else {
        search
    };
    arguments.insert("search".to_owned(), search.into());
    arguments.insert("replace".to_owned(), replace.into());
    ("edit_file", arguments)
}

/// The blocks of a search-and-replace diff; `None` if it has anything else.
fn blocks(diff: &str) -> Option<Vec<(String, String)>> {
    let mut blocks = Vec::new();
    let mut lines = diff.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() || line.trim_start().starts_with("```") {
            continue;
        }
        if !is_mark(line, ['<', '-'], "SEARCH") {
            return None;
        }
        // Roo says where the lines stand, which they say themselves.
        let has_place = lines
            .peek()
            .is_some_and(|line| line.starts_with(":start_line"));
        if has_place {
            while !lines.next()?.trim_matches('-').is_empty() {}
        }
        let mut search = Vec::new();
        loop {
            let line = lines.next()?;
            if is_mark(line, ['=', '='], "") {
                break;
            }
            search.push(line);
        }
        let mut replace = Vec::new();
        loop {
            let line = lines.next()?;
            if is_mark(line, ['>', '+'], "REPLACE") {
                break;
            }
            replace.push(line);
        }
        blocks.push((search.join("\n"), replace.join("\n")));
    }
    (!blocks.is_empty()).then_some(blocks)
}

/// Whether a line is a row of one of these characters and a word.
fn is_mark(line: &str, marks: [char; 2], word: &str) -> bool {
    const LEAST: usize = 5;
    let line = line.trim_end();
    marks.into_iter().any(|mark| {
        let rest = line.trim_start_matches(mark);
        line.len() - rest.len() >= LEAST && rest.trim_matches([' ', '>']) == word
    })
}

/// `view_range`, `line_range`, and `offset` with `limit`.
fn lines(mut arguments: ArgumentMap) -> ArgumentMap {
    for key in ["view_range", "line_range"] {
        if let Some((first, last)) = arguments.get(key).and_then(range) {
            arguments.remove(key);
            arguments.insert("start_line".to_owned(), first.into());
            if last > 0 {
                arguments.insert("end_line".to_owned(), last.into());
            }
        }
    }
    if let Some(limit) = arguments.get("limit").and_then(whole_number)
        && !arguments.contains_key("end_line")
    {
        let first = arguments
            .get("offset")
            .and_then(whole_number)
            .unwrap_or(1)
            .max(1);
        arguments.remove("limit");
        if limit > 0 {
            arguments.insert(
                "end_line".to_owned(),
                first.saturating_add(limit - 1).into(),
            );
        }
    }
    arguments
}

/// `[10, 20]`, `"10-20"`; the end may be -1.
fn range(value: &Value) -> Option<(i64, i64)> {
    match value {
        Value::Array(ends) => match ends.as_slice() {
            [first, last] => Some((whole_number(first)?, whole_number(last)?)),
            _ => None,
        },
        Value::String(text) => match json::whole(text.trim()) {
            Some(value @ Value::Array(_)) => range(&value),
            _ => {
                let (first, last) = text.split_once(['-', ':', ','])?;
                Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
            }
        },
        _ => None,
    }
}

/// Cline's `search_files` searches in files; others name the folder.
fn searched(mut arguments: ArgumentMap) -> ReshapedCall<'static> {
    if arguments.contains_key("regex") {
        if let Some(glob) = arguments.remove("file_pattern") {
            arguments.insert("glob".to_owned(), glob);
        }
        return ("grep_search", arguments);
    }
    if let Some(folder) = text(&arguments, "path").map(folder)
        && let Some(key) = ["glob", "pattern", "query"]
            .into_iter()
            .find(|key| arguments.contains_key(*key))
        && let Some(glob) = text(&arguments, key)
    {
        let below = format!("{folder}{glob}");
        arguments.insert(key.to_owned(), below.into());
        arguments.remove("path");
    }
    ("search_files", arguments)
}

/// A recursive listing of a folder is a search for every file.
fn listed(mut arguments: ArgumentMap) -> ReshapedCall<'static> {
    if arguments.get("recursive").and_then(truth) != Some(true) {
        return ("list_directory", arguments);
    }
    arguments.remove("recursive");
    let glob = format!(
        "{}**",
        text(&arguments, "path").map(folder).unwrap_or_default()
    );
    (
        "search_files",
        Map::from_iter([("glob".to_owned(), glob.into())]),
    )
}

/// The path prefix of names in a folder.
fn folder(path: &str) -> String {
    match path.trim().trim_start_matches("./").trim_end_matches('/') {
        "" | "." => String::new(),
        path => format!("{path}/"),
    }
}

/// Options of grep, as flags of the regular expression.
fn cased(mut arguments: ArgumentMap) -> ArgumentMap {
    for (key, any_case) in [("-i", true), ("case_sensitive", false)] {
        let Some(given) = arguments.get(key).and_then(truth) else {
            continue;
        };
        arguments.remove(key);
        let mode = if given == any_case { "(?i)" } else { "(?-i)" };
        for name in ["regex", "pattern", "query"] {
            if let Some(Value::String(expression)) = arguments.get_mut(name) {
                expression.insert_str(0, mode);
            }
        }
    }
    for key in ["-A", "-B", "-C"] {
        if let Some(lines) = arguments.remove(key) {
            arguments.entry("context").or_insert(lines);
        }
    }
    arguments
}

/// A command passed to a shell, and a timeout in milliseconds. Any other list of words is not
/// converted: it is unknown what should be quoted in it.
fn run(mut arguments: ArgumentMap) -> ArgumentMap {
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

fn text<'a>(arguments: &'a ArgumentMap, key: &str) -> Option<&'a str> {
    arguments.get(key)?.as_str()
}

fn whole_number(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

fn truth(value: &Value) -> Option<bool> {
    let said = value.as_str().map(str::to_ascii_lowercase);
    match said.as_deref() {
        Some("true" | "yes") => Some(true),
        Some("false" | "no") => Some(false),
        Some(_) => None,
        None => value.as_bool(),
    }
}
