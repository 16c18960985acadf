//! Keys and values of texts that are read line by line: variables, INI, properties, TOML, YAML.
//!
//! One tolerant reader for all of them: what is not understood is read as more, not as less.

/// Most lines of one value.
const MOST_LINES: usize = 400;

/// Hands over each value with its key, which has those above it before it.
pub(super) fn read(text: &str, mut found: impl FnMut(&str, &str)) {
    let lines: Vec<&str> = text.lines().collect();
    let mut section = "";
    // Keys whose values are on the lines below, with their indentation.
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let (indent, rest) = without_dashes(line);
        if rest.is_empty() {
            continue;
        }
        // What is switched off was a secret, or is one still.
        if let Some(comment) = rest.strip_prefix(['#', ';']) {
            commented(comment, section, &mut found);
            continue;
        }
        if let Some((_, comment)) = rest.split_once(" #") {
            commented(comment, section, &mut found);
        }
        if let Some(name) = rest
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            && indent == 0
            && !name.contains([',', '"', '\''])
        {
            section = name.trim_matches(['[', ']']);
            above.clear();
            continue;
        }
        while above.last().is_some_and(|(deeper, _)| *deeper >= indent) {
            above.pop();
        }
        let (key, value) = split(rest);
        let parents = above.iter().map(|(_, key)| *key);
        let names: Vec<&str> = [section].into_iter().chain(parents).chain([key]).collect();
        let names = names.join(".");
        let value = without_tags(value);
        if value.is_empty() && !key.is_empty() {
            above.push((indent, key));
            continue;
        }
        if value.starts_with(['[', '{']) {
            for (key, value) in of_list(value) {
                found(format!("{names}.{key}").trim_end_matches('.'), value);
            }
            continue;
        }
        let (values, used) = values(value, indent, &lines[at..]);
        at += used;
        for value in values {
            found(&names, &value);
        }
    }
}

/// Hands over the value of an assignment in a comment.
fn commented(comment: &str, section: &str, found: &mut impl FnMut(&str, &str)) {
    let (_, rest) = without_dashes(comment.trim_start_matches(['#', ';', ' ']));
    let (key, value) = split(rest);
    if key.is_empty() || key.contains(' ') {
        return;
    }
    let (values, _) = values(without_tags(value), 0, &[]);
    for value in values {
        found(&format!("{section}.{key}"), &value);
    }
}

/// The depth of a line, and what is behind the dashes of a list and the words that export.
fn without_dashes(line: &str) -> (usize, &str) {
    let mut rest = line.trim_start();
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
    }
    let indent = line.len() - rest.len();
    for word in ["export ", "declare -x ", "set ", "setenv "] {
        rest = rest.strip_prefix(word).unwrap_or(rest).trim_start();
    }
    (indent, rest.trim_end())
}

/// Key and value; no key where the line is a value alone.
fn split(line: &str) -> (&str, &str) {
    // `define('DB_PASSWORD', '…');`
    if let Some((key, value)) = line
        .strip_prefix("define(")
        .and_then(|rest| rest.split_once(','))
    {
        let value = value.trim().trim_end_matches([';', ')', ' ']);
        return (key.trim().trim_matches(['"', '\'']), value);
    }
    if line.starts_with(['"', '\''])
        && !line.contains("\":")
        && !line.contains("':")
        && !line.contains('=')
    {
        return ("", line);
    }
    let equals = line.find('=');
    let colon = line
        .find(": ")
        .or_else(|| line.strip_suffix(':').map(str::len));
    let bare_colon = || line.find(':').filter(|at| !line[*at..].starts_with("://"));
    let at = match (equals, colon) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other).or_else(bare_colon),
    };
    match at {
        Some(at) => {
            let key = line[..at].trim().trim_matches(['"', '\'']);
            let value = line[at + 1..].trim_start_matches(['>', '=']);
            (key, value.trim_start())
        }
        None => ("", line),
    }
}

/// Without the tags and anchors of YAML: `!vault |`, `&name value`.
fn without_tags(value: &str) -> &str {
    let mut value = value;
    while value.starts_with(['!', '&'])
        && let Some((_, rest)) = value.split_once(' ')
    {
        value = rest.trim_start();
    }
    value
}

/// The values that begin here, and how many of the lines below belong to them.
fn values(value: &str, indent: usize, below: &[&str]) -> (Vec<String>, usize) {
    if value.starts_with(['|', '>']) && value.len() <= 4 {
        return block(indent, below);
    }
    for quote in ["\"\"\"", "'''", "\"", "'", "`"] {
        if let Some(rest) = value.strip_prefix(quote) {
            return quoted(rest, quote, below);
        }
    }
    if value.starts_with(['[', '{']) {
        return (
            of_list(value).map(|(_, value)| value.to_owned()).collect(),
            0,
        );
    }
    let plain = value.split(" #").next().unwrap_or(value);
    let plain = plain.trim_end().trim_end_matches([',', ';']);
    // `a "b" c` is one value, and the words of it may be others.
    let mut all = vec![plain.to_owned()];
    if plain.len() != value.len() {
        all.push(value.to_owned());
    }
    (all, 0)
}

/// Lines that are deeper than their key.
fn block(indent: usize, below: &[&str]) -> (Vec<String>, usize) {
    let is_deeper = |line: &&&str| {
        let depth = line.len() - line.trim_start().len();
        line.trim().is_empty() || depth > indent
    };
    let lines: Vec<&str> = below
        .iter()
        .take_while(is_deeper)
        .map(|line| line.trim())
        .collect();
    (vec![lines.join("\n").trim().to_owned()], lines.len())
}

/// A quoted value, perhaps over several lines: as it is written, and as it is meant.
fn quoted(rest: &str, quote: &str, below: &[&str]) -> (Vec<String>, usize) {
    let mut text = rest.to_owned();
    let mut used = 0;
    let end = loop {
        if let Some(end) = end_of(&text, quote) {
            break end;
        }
        match below.get(used) {
            Some(line) if used < MOST_LINES => {
                text.push('\n');
                text.push_str(line);
                used += 1;
            }
            // It never ends: what is on its first line is all that is known to belong to it.
            _ => {
                used = 0;
                text.truncate(rest.len());
                break rest.len();
            }
        }
    };
    let written = text[..end].to_owned();
    let meant = written
        .replace("\\n", "\n")
        .replace("\\\"", "\"")
        .replace("\\\\", "\\");
    let mut all = vec![written];
    if meant != all[0] {
        all.push(meant);
    }
    (all, used)
}

/// Where a quoted text ends.
fn end_of(text: &str, quote: &str) -> Option<usize> {
    let is_escaped = |at: usize| {
        let before = text[..at].bytes().rev().take_while(|byte| *byte == b'\\');
        quote != "'" && before.count() % 2 == 1
    };
    text.match_indices(quote)
        .map(|(at, _)| at)
        .find(|at| !is_escaped(*at))
}

/// The values of a list or map on one line, with their keys: `[a, "b"]`, `{k: v}`.
fn of_list(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = text.split([',', '[', ']', '{', '}']);
    parts
        .map(|part| split(part.trim()))
        .map(|(key, value)| (key, value.trim().trim_matches(['"', '\''])))
        .filter(|(_, value)| !value.is_empty())
}
