//! Converts calls in the layouts of other agents' tools, which models were trained on. Other names
//! are aliases, at the tools themselves.

use serde_json::{Map, Value};

use super::names::without_separators;
use super::{commands, json, patches};

pub(super) type ArgumentMap = Map<String, Value>;

/// The same call for our tools: name and arguments.
type ReshapedCall<'a> = (&'a str, ArgumentMap);

/// Keys that no tool of ours has, but that are understood.
pub(super) const KEYS: &[&str] = &[
    "diff",
    "patch",
    "edits",
    "paths",
    "view_range",
    "line_range",
    "lines",
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

const UTF8: &[&str] = &["utf-8", "utf8"];

/// Arguments that ask for what the tool does anyway, with the values that do.
const AGREED: &[(&str, &[&str], &[&str])] = &[
    ("read_file", &["encoding"], UTF8),
    ("edit_file", &["encoding"], UTF8),
    ("write_file", &["encoding"], UTF8),
    (
        "write_file",
        &["overwrite", "force", "create_dirs", "create_directories"],
        &["true"],
    ),
    ("write_file", &["append"], &["false"]),
    ("write_file", &["mode"], &["w", "write", "overwrite"]),
    ("edit_file", &["expected_replacements"], &["1"]),
    ("edit_file", &["is_regex", "use_regex"], &["false"]),
];

/// Converts a call of one of our tools to its layout; one call may become several. `given` is the
/// name that the model wrote.
pub(super) fn reshaped<'a>(
    tool: &'a str,
    given: &str,
    mut arguments: ArgumentMap,
) -> Vec<ReshapedCall<'a>> {
    for (_, keys, values) in AGREED.iter().filter(|(name, ..)| *name == tool) {
        arguments.retain(|key, value| !keys.contains(&key.as_str()) || !is_one_of(value, values));
    }
    for (_, keys) in LEFT_OUT.iter().filter(|(name, _)| *name == tool) {
        arguments.retain(|key, _| !keys.contains(&key.as_str()));
    }
    for (_, keys) in IDLE.iter().filter(|(name, _)| *name == tool) {
        arguments.retain(|key, value| !keys.contains(&key.as_str()) || truth(value) != Some(false));
    }
    match tool {
        "edit_file" => edits(arguments),
        "read_file" => reads(given, arguments),
        "search_files" => vec![searched(arguments)],
        "list_directory" => vec![listed(arguments)],
        "grep_search" => vec![(tool, cased(arguments))],
        "run_command" => {
            // In another folder the paths of a patch would mean other files.
            let is_at_root = !FOLDERS.iter().any(|key| arguments.contains_key(*key));
            let patch = commands::patch_in(&arguments).filter(|_| is_at_root);
            let patched = patch.and_then(|patch| patches::calls(patch, None));
            patched.unwrap_or_else(|| vec![(tool, commands::run(given, arguments))])
        }
        _ => vec![(tool, arguments)],
    }
}

fn is_one_of(value: &Value, known: &[&str]) -> bool {
    let value = match value {
        Value::String(text) => text.trim().to_ascii_lowercase(),
        other => other.to_string(),
    };
    known.contains(&value.as_str())
}

/// Arguments that say in which folder a command runs.
const FOLDERS: [&str; 5] = ["cwd", "workdir", "working_directory", "dir", "directory"];
/// Files of one call that are read: more calls than a reply may have are not made.
const MOST_FILES: usize = 20;

/// Several files in one call are several calls. Our own tool has one `path`.
fn reads(given: &str, mut arguments: ArgumentMap) -> Vec<ReshapedCall<'static>> {
    let keys = ["paths", "files", "file_paths", "path"];
    for key in keys
        .into_iter()
        .filter(|key| *key != "path" || given.contains("files"))
    {
        let Some(items) = list(&arguments, key) else {
            continue;
        };
        let file = |item: Value| match item {
            Value::String(_) => Some(Map::from_iter([("path".to_owned(), item)])),
            other => members(other),
        };
        let items = items.into_iter().take(MOST_FILES);
        let files: Option<Vec<ArgumentMap>> = items.map(file).collect();
        if let Some(files) = files.filter(|files| !files.is_empty()) {
            arguments.remove(key);
            let whole = |file: ArgumentMap| {
                let file = arguments.clone().into_iter().chain(file);
                ("read_file", lines(file.collect()))
            };
            return files.into_iter().map(whole).collect();
        }
    }
    vec![("read_file", lines(arguments))]
}

/// The list under a key, perhaps written as a text.
fn list(arguments: &ArgumentMap, key: &str) -> Option<Vec<Value>> {
    let value = match arguments.get(key)? {
        Value::String(text) if text.trim_start().starts_with('[') => json::whole(text.trim())?,
        other => other.clone(),
    };
    match value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

/// `str_replace_editor` with its commands, Cline's `diff`, Codex's patch, the `edits` of MultiEdit,
/// and the whole content of a file.
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
    for key in ["diff", "patch", "input"] {
        if let Some(blocks) = text(&arguments, key).and_then(blocks) {
            arguments.remove(key);
            return blocks
                .into_iter()
                .map(|(search, replace)| block(arguments.clone(), search, replace))
                .collect();
        }
        let path = PATHS.iter().find_map(|path| text(&arguments, path));
        let patched = text(&arguments, key).and_then(|patch| patches::calls(patch, path));
        if let Some(calls) = patched {
            arguments.retain(|name, _| name != key && !PATHS.contains(&name.as_str()));
            let whole = |(name, call): ReshapedCall<'static>| {
                (name, arguments.clone().into_iter().chain(call).collect())
            };
            return calls.into_iter().map(whole).collect();
        }
    }
    if is_whole_file(&arguments) {
        return vec![("write_file", arguments)];
    }
    let edits = list(&arguments, "edits");
    let edits: Option<Vec<ArgumentMap>> =
        edits.and_then(|edits| edits.into_iter().map(members).collect());
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

/// Other names of a path, beside a patch.
const PATHS: &[&str] = &[
    "path",
    "file_path",
    "filepath",
    "filePath",
    "file",
    "filename",
];

/// Whether an edit has all of a file, and nothing of what is there: `update_file` of some agents.
fn is_whole_file(arguments: &ArgumentMap) -> bool {
    const WHOLE: &[&str] = &["content", "contents", "filetext"];
    const PARTS: &[&str] = &[
        "search", "replace", "edits", "diff", "patch", "command", "all", "first", "last",
    ];
    let mut has_whole = false;
    for key in arguments.keys() {
        let key = without_separators(key);
        if PARTS.contains(&key.as_str()) || key.starts_with("old") || key.starts_with("new") {
            return false;
        }
        has_whole |= WHOLE.contains(&key.as_str());
    }
    has_whole
}

fn members(value: Value) -> Option<ArgumentMap> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

/// A block with an empty search has the whole file.
pub(super) fn block(
    mut arguments: ArgumentMap,
    search: String,
    replace: String,
) -> ReshapedCall<'static> {
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
pub(super) fn blocks(diff: &str) -> Option<Vec<(String, String)>> {
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
        let mut body = Vec::new();
        loop {
            let line = lines.next()?;
            if is_mark(line, ['>', '+'], "REPLACE") {
                break;
            }
            body.push(line);
        }
        let divider = divider(&body, mark_width(line))?;
        let (search, replace) = (&body[..divider], &body[divider + 1..]);
        blocks.push((search.join("\n"), replace.join("\n")));
    }
    (!blocks.is_empty()).then_some(blocks)
}

/// Whether a line begins a block of search and replace.
pub(super) fn begins_block(line: &str) -> bool {
    is_mark(line, ['<', '-'], "SEARCH")
}

/// Whether a line ends a block of search and replace.
pub(super) fn ends_block(line: &str) -> bool {
    is_mark(line, ['>', '+'], "REPLACE")
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

/// Where a block is divided. Rows of `=` may also be lines of the file, such as below a heading: of
/// several, the one that is as wide as the first mark; `None` if that cannot be told.
fn divider(body: &[&str], width: usize) -> Option<usize> {
    let rows = |width: Option<usize>| -> Vec<usize> {
        let is_row = |line: &str| {
            is_mark(line, ['=', '='], "") && width.is_none_or(|width| mark_width(line) == width)
        };
        let lines = body.iter().enumerate();
        lines
            .filter(|(_, line)| is_row(line))
            .map(|(at, _)| at)
            .collect()
    };
    match (rows(None).as_slice(), rows(Some(width)).as_slice()) {
        ([only], _) | (_, [only]) => Some(*only),
        _ => None,
    }
}

/// How often the first character of a line stands at its beginning.
fn mark_width(line: &str) -> usize {
    let first = line.chars().next();
    line.chars().take_while(|c| Some(*c) == first).count()
}

/// `view_range` and its like, and `offset` with `limit`.
fn lines(mut arguments: ArgumentMap) -> ArgumentMap {
    for key in ["view_range", "line_range", "lines"] {
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
        && let Some(key) = ["glob", "pattern", "query", "name"]
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

pub(super) fn text<'a>(arguments: &'a ArgumentMap, key: &str) -> Option<&'a str> {
    arguments.get(key)?.as_str()
}

pub(super) fn whole_number(value: &Value) -> Option<i64> {
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
