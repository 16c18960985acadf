//! What a command printed, without what git tells of files that are closed: git has every version of a
//! file, also of one that looks empty to commands.

/// Takes out the changes of closed files, and the lines of closed files that a search found.
pub(super) fn without_closed(text: &str, is_closed: impl Fn(&str) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut in_closed, mut in_header) = (false, false);
    for line in text.split_inclusive('\n') {
        if let Some(paths) = changed_paths(line) {
            let closed = paths.into_iter().find(|path| is_closed(path));
            in_closed = closed.is_some();
            in_header = true;
            if let Some(path) = closed {
                kept.push_str(&format!("[redacted: changes of {path}]\n"));
            }
        } else if begins_commit(line) {
            (in_closed, in_header) = (false, false);
        } else if line.starts_with("@@") {
            in_header = false;
        } else if in_header
            && !in_closed
            && let Some(path) = header_path(line).filter(|path| is_closed(path))
        {
            in_closed = true;
            kept.push_str(&format!("[redacted: changes of {path}]\n"));
        }
        if in_closed {
            continue;
        }
        match found_in(line, &is_closed) {
            Some(path) => kept.push_str(&format!("[redacted: a line of {path}]\n")),
            None => kept.push_str(line),
        }
    }
    kept
}

/// The two paths of a line such as `diff --git a/x b/y`, or the one of a merge.
fn changed_paths(line: &str) -> Option<Vec<&str>> {
    let line = line.trim_end();
    for merged in ["diff --cc ", "diff --combined "] {
        if let Some(path) = line.strip_prefix(merged) {
            return Some(vec![path.trim_matches('"')]);
        }
    }
    let both = line.strip_prefix("diff --git ")?;
    // Without prefixes, or with others, the path stands there twice.
    let half = both.len() / 2;
    let parts = match both.split_once(" b/") {
        Some(parts) => Some(parts),
        None => both.get(..half).zip(both.get(half + 1..)),
    };
    let (one, other) = parts?;
    let bare = |path: &'_ str| -> usize {
        let quoted = usize::from(path.starts_with('"'));
        let rest = &path[quoted..];
        quoted + usize::from(rest.starts_with("a/") || rest.starts_with("b/")) * 2
    };
    let names = [one, other].map(|path| path[bare(path)..].trim_end_matches('"'));
    Some(names.to_vec())
}

/// The path of a line between that and the first changes: where the two are not in quotes alike, only
/// these lines tell them apart.
fn header_path(line: &str) -> Option<&str> {
    const NAMING: [&str; 8] = [
        "rename from ",
        "rename to ",
        "copy from ",
        "copy to ",
        "--- a/",
        "+++ b/",
        "--- \"a/",
        "+++ \"b/",
    ];
    let path = NAMING.iter().find_map(|start| line.strip_prefix(start))?;
    Some(path.trim_end().trim_matches('"'))
}

/// Whether a line begins a commit, as `git log` and `git format-patch` write it.
fn begins_commit(line: &str) -> bool {
    let id = line
        .strip_prefix("commit ")
        .or_else(|| line.strip_prefix("From "));
    let id = id.and_then(|rest| rest.split_whitespace().next());
    id.is_some_and(|id| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The closed file that a line such as `HEAD:path:12:text` is of.
fn found_in<'a>(line: &'a str, is_closed: &impl Fn(&str) -> bool) -> Option<&'a str> {
    let mut parts = line.split(':');
    let first = parts.next()?;
    let second = parts.next();
    parts.next().or(second)?;
    [Some(first), second]
        .into_iter()
        .flatten()
        .map(|path| path.trim_start_matches("./"))
        .filter(|path| path.contains(['.', '/']) && !path.contains(char::is_whitespace))
        .find(|path| is_closed(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(path: &str) -> bool {
        path == ".env" || path.ends_with("/.env")
    }

    #[test]
    fn changes_and_lines_of_closed_files_are_taken_out() {
        for (text, expected) in [
            (
                "diff --git a/.env b/.env\nindex 1..2\n--- a/.env\n+++ b/.env\n-A=old\n+A=new\n\
                 diff --git a/x.rs b/x.rs\n-one\n",
                "[redacted: changes of .env]\ndiff --git a/x.rs b/x.rs\n-one\n",
            ),
            (
                "diff --git a/a/.env b/kept\n-A=old\ncommit 0123456789012345678901234567890123456789\nA: x\n",
                "[redacted: changes of a/.env]\ncommit 0123456789012345678901234567890123456789\nA: x\n",
            ),
            (
                "diff --git .env .env\n-A=old\n",
                "[redacted: changes of .env]\n",
            ),
            ("diff --cc .env\n--A=old\n", "[redacted: changes of .env]\n"),
            (
                "diff --git a/.env \"b/a\\tb\"\nrename from .env\nrename to \"a\\tb\"\n@@ -1 +1 @@\n-A=old\n",
                "diff --git a/.env \"b/a\\tb\"\n[redacted: changes of .env]\n",
            ),
            (
                "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a/.env\n",
                "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n--- a/.env\n",
            ),
            (
                "HEAD:.env:A=old\nx.rs:1:A\n",
                "[redacted: a line of .env]\nx.rs:1:A\n",
            ),
            ("./.env:3:A=old\n", "[redacted: a line of .env]\n"),
            ("note: .env is missing\n", "note: .env is missing\n"),
            ("fatal: bad\nerror: x: y\n", "fatal: bad\nerror: x: y\n"),
        ] {
            assert_eq!(without_closed(text, closed), expected, "{text}");
        }
    }
}
