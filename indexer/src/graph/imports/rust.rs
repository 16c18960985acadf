//! `use` and `mod` of Rust.

use super::read::{lines, statement};
use super::{Base, Found};

/// How deep braces are nested at most.
const DEEPEST: usize = 8;

pub(super) fn read(text: &str, found: &mut Found<'_>) {
    for (line, rest) in lines(text) {
        let line = without_visibility(line);
        if let Some(name) = line.strip_prefix("mod ") {
            if let Some(name) = name.strip_suffix(';')
                && is_at_line_start(text, rest)
            {
                found.add(name.trim(), Base::Module(0));
            }
        } else if line.starts_with("use ") {
            let whole = statement(without_visibility(rest), ';');
            let mut paths = Vec::new();
            if let Some(tree) = whole.strip_prefix("use ") {
                expand(String::new(), tree, 0, &mut paths);
            }
            for path in paths {
                add(&path, is_at_line_start(text, rest), found);
            }
        }
    }
}

/// Whether a line has no white space before it: within `mod tests { … }` modules are others.
fn is_at_line_start(text: &str, rest: &str) -> bool {
    let before = &text[..text.len() - rest.len()];
    before.is_empty() || before.ends_with('\n')
}

fn without_visibility(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else {
        return line;
    };
    let rest = match rest.strip_prefix('(').and_then(|it| it.split_once(')')) {
        Some((_, rest)) => rest,
        None => rest,
    };
    rest.trim_start()
}

/// The paths of a tree of `use`, with `/` between their parts.
fn expand(prefix: String, tree: &str, depth: usize, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, inside)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default();
        let name = name
            .trim()
            .trim_end_matches("::*")
            .trim_end_matches("::self");
        let name = if ["*", "self"].contains(&name) && depth > 0 {
            ""
        } else {
            name
        };
        paths.push(joined(prefix, name));
        return;
    };
    if depth == DEEPEST {
        return;
    }
    let prefix = joined(prefix, head.trim().trim_end_matches("::"));
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let (mut level, mut start) = (0usize, 0);
    for (at, sign) in inside.char_indices().chain([(inside.len(), ',')]) {
        match sign {
            '{' => level += 1,
            '}' => level = level.saturating_sub(1),
            ',' if level == 0 || at == inside.len() => {
                let part = inside[start..at].trim();
                if !part.is_empty() {
                    expand(prefix.clone(), part, depth + 1, paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

fn joined(mut prefix: String, name: &str) -> String {
    if !prefix.is_empty() && !name.is_empty() {
        prefix.push('/');
    }
    prefix.push_str(&name.replace("::", "/"));
    prefix
}

fn add(path: &str, is_at_line_start: bool, found: &mut Found<'_>) {
    let path = path.trim_start_matches('/');
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    match first {
        "std" | "core" | "alloc" | "" => {}
        "crate" => found.add(rest, Base::Crate),
        "self" if is_at_line_start => found.add(rest, Base::Module(0)),
        "super" if is_at_line_start => {
            let parts: Vec<&str> = path.split('/').collect();
            let up = parts.iter().take_while(|part| **part == "super").count();
            if let Ok(levels) = u8::try_from(up) {
                found.add(&parts[up..].join("/"), Base::Module(levels));
            }
        }
        "self" | "super" => {}
        _ => found.add(path, Base::CrateOrModule),
    }
}
