//! Converts patches, as Codex and `diff` write them, into calls: an edit for each hunk.
//!
//! The line numbers of a hunk are not used, since models count badly: its lines say where it stands.
//! What cannot be converted as a whole is not converted at all.

use serde_json::{Map, Value};

/// The name and the arguments of a call.
type PatchCall = (&'static str, Map<String, Value>);

/// Lines of git between its files.
const BETWEEN: &[&str] = &[
    "diff --git ",
    "index ",
    "new file mode ",
    "deleted file mode ",
    "Index: ",
    "====",
    "```",
];

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileChange {
    Add,
    Delete,
    Update,
}

/// The part of a patch that is about one file.
struct FilePatch<'a> {
    path: &'a str,
    /// Its new path, if it is moved.
    to: Option<&'a str>,
    change: FileChange,
    hunks: Vec<Hunk<'a>>,
}

/// The lines of a place before and after its change.
#[derive(Default)]
struct Hunk<'a> {
    before: Vec<&'a str>,
    after: Vec<&'a str>,
}

impl<'a> FilePatch<'a> {
    fn new(path: &'a str, change: FileChange) -> FilePatch<'a> {
        FilePatch {
            path,
            to: None,
            change,
            hunks: Vec::new(),
        }
    }

    fn push(&mut self, line: &'a str) {
        if self.hunks.is_empty() {
            self.hunks.push(Hunk::default());
        }
        if let Some(hunk) = self.hunks.last_mut() {
            hunk.push(line);
        }
    }
}

impl<'a> Hunk<'a> {
    fn push(&mut self, line: &'a str) {
        if let Some(added) = line.strip_prefix('+') {
            self.after.push(added);
        } else if let Some(removed) = line.strip_prefix('-') {
            self.before.push(removed);
        } else {
            // Models leave out the blank before a line that stays.
            let kept = line.strip_prefix(' ').unwrap_or(line);
            self.before.push(kept);
            self.after.push(kept);
        }
    }
}

/// The calls that a patch stands for; `None` if it is none, or has what no call can do. `given` is
/// the path that was given beside it.
pub(super) fn calls(patch: &str, given: Option<&str>) -> Option<Vec<PatchCall>> {
    let mut files = files(patch, given)?;
    // Models make up the names in the head of a patch whose file they name beside it.
    if let (Some(given), [file]) = (given, files.as_mut_slice())
        && file.change == FileChange::Update
    {
        file.path = given;
    }
    let mut calls = Vec::new();
    for file in files {
        calls.extend(of_file(file)?);
    }
    (!calls.is_empty()).then_some(calls)
}

fn files<'a>(patch: &'a str, given: Option<&'a str>) -> Option<Vec<FilePatch<'a>>> {
    let mut files: Vec<FilePatch<'a>> = Vec::new();
    let mut in_hunk = false;
    let mut lines = patch.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().copied().unwrap_or_default();
        if let Some(file) = codex_head(line) {
            in_hunk = file.change != FileChange::Delete;
            files.push(file);
        } else if let Some(to) = line.strip_prefix("*** Move to: ") {
            files.last_mut()?.to = Some(to.trim());
        } else if line.starts_with("*** ") {
            in_hunk &= line.starts_with("*** End of File");
        } else if line.starts_with("--- ") && next.starts_with("+++ ") {
            lines.next();
            files.push(unified_head(line, next)?);
            in_hunk = false;
        } else if line.starts_with("@@") {
            if files.is_empty() {
                files.push(FilePatch::new(given?, FileChange::Update));
            }
            files.last_mut()?.hunks.push(Hunk::default());
            in_hunk = true;
        } else if line.starts_with("\\ No newline") {
            // About the line before it.
        } else if line.starts_with("diff --git ") || line.starts_with("```") {
            in_hunk = false;
        } else if in_hunk {
            files.last_mut()?.push(line);
        } else if !line.trim().is_empty() && !BETWEEN.iter().any(|sign| line.starts_with(sign)) {
            return None;
        }
    }
    Some(files)
}

/// `*** Update File: path` and its like.
fn codex_head(line: &str) -> Option<FilePatch<'_>> {
    let rest = line.strip_prefix("*** ")?;
    let heads = [
        ("Add File: ", FileChange::Add),
        ("Delete File: ", FileChange::Delete),
        ("Update File: ", FileChange::Update),
    ];
    heads.into_iter().find_map(|(head, change)| {
        let path = rest.strip_prefix(head)?.trim();
        (!path.is_empty()).then(|| FilePatch::new(path, change))
    })
}

/// The two lines before the hunks of a unified diff.
fn unified_head<'a>(before: &'a str, after: &'a str) -> Option<FilePatch<'a>> {
    const NOTHING: &str = "/dev/null";
    let name = |line: &'a str, side: &str| {
        // A time may follow.
        let path = line[4..].split('\t').next().unwrap_or_default().trim();
        path.strip_prefix(side).unwrap_or(path)
    };
    let (before, after) = (name(before, "a/"), name(after, "b/"));
    match (before, after) {
        ("", _) | (_, "") | (NOTHING, NOTHING) => None,
        (NOTHING, path) => Some(FilePatch::new(path, FileChange::Add)),
        (path, NOTHING) => Some(FilePatch::new(path, FileChange::Delete)),
        (_, path) => Some(FilePatch::new(path, FileChange::Update)),
    }
}

fn of_file(file: FilePatch<'_>) -> Option<Vec<PatchCall>> {
    let mut calls = Vec::new();
    match file.change {
        FileChange::Add => {
            let added: Vec<&str> = file
                .hunks
                .iter()
                .flat_map(|hunk| hunk.after.iter().copied())
                .collect();
            let content = format!("{}\n", added.join("\n"));
            calls.push(call(
                "write_file",
                &[("path", file.path), ("content", content.as_str())],
            ));
        }
        FileChange::Delete => calls.push(call("delete_file", &[("path", file.path)])),
        FileChange::Update => {
            for hunk in &file.hunks {
                calls.extend(of_hunk(file.path, hunk)?);
            }
        }
    }
    if let Some(to) = file.to {
        calls.push(call("move_file", &[("from", file.path), ("to", to)]));
    }
    Some(calls)
}

/// The edit of a hunk, unless it changes nothing; `None` if nothing says where it stands.
fn of_hunk(path: &str, hunk: &Hunk<'_>) -> Option<Option<PatchCall>> {
    if hunk.before == hunk.after {
        return Some(None);
    }
    let (mut search, replace) = (hunk.before.join("\n"), hunk.after.join("\n"));
    if search.trim().is_empty() {
        return None;
    }
    // Lines that go take their line break with them.
    if hunk.after.is_empty() {
        search.push('\n');
    }
    let arguments = [("path", path), ("search", &*search), ("replace", &*replace)];
    Some(Some(call("edit_file", &arguments)))
}

fn call(name: &'static str, arguments: &[(&str, &str)]) -> PatchCall {
    let arguments = arguments.iter();
    let arguments = arguments.map(|(key, value)| ((*key).to_owned(), Value::from(*value)));
    (name, arguments.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(patch: &str, given: Option<&str>) -> Option<Value> {
        let calls = calls(patch, given)?.into_iter();
        Some(calls.map(|(name, given)| json!([name, given])).collect())
    }

    #[test]
    fn a_patch_of_codex_is_its_files() {
        let patch = "*** Begin Patch\n*** Update File: a.rs\n@@ fn a()\n one\n-two\n+2\n three\n\
                     *** Add File: b.rs\n+fn b() {}\n+\n*** Delete File: c.rs\n\
                     *** Update File: d.rs\n*** Move to: e.rs\n@@\n-x\n+y\n*** End Patch\n";
        let expected = json!([
            ["edit_file", {"path": "a.rs", "search": "one\ntwo\nthree", "replace": "one\n2\nthree"}],
            ["write_file", {"path": "b.rs", "content": "fn b() {}\n\n"}],
            ["delete_file", {"path": "c.rs"}],
            ["edit_file", {"path": "d.rs", "search": "x", "replace": "y"}],
            ["move_file", {"from": "d.rs", "to": "e.rs"}],
        ]);
        assert_eq!(shown(patch, None), Some(expected));
    }

    #[test]
    fn a_unified_diff_is_an_edit_for_each_hunk() {
        let patch = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n\
                     +++ b/src/a.rs\t2026-01-01\n@@ -1,2 +1,2 @@ mod a\n one\n-two\n+2\n\
                     @@ -9 +9,0 @@\n-gone\n\\ No newline at end of file\n\
                     --- /dev/null\n+++ b/new.rs\n@@ -0,0 +1 @@\n+new\n";
        let expected = json!([
            ["edit_file", {"path": "src/a.rs", "search": "one\ntwo", "replace": "one\n2"}],
            ["edit_file", {"path": "src/a.rs", "search": "gone\n", "replace": ""}],
            ["write_file", {"path": "new.rs", "content": "new\n"}],
        ]);
        assert_eq!(shown(patch, None), Some(expected));
        let bare = "@@ -1 +1 @@\n-a\n+b";
        let edit = json!([["edit_file", {"path": "a.rs", "search": "a", "replace": "b"}]]);
        assert_eq!(shown(bare, Some("a.rs")), Some(edit.clone()));
        assert_eq!(shown(bare, None), None);
        let made_up = "--- original\n+++ modified\n@@\n-a\n+b\n";
        assert_eq!(shown(made_up, Some("a.rs")), Some(edit));
    }

    #[test]
    fn what_cannot_be_placed_is_no_patch() {
        for patch in [
            "",
            "a\nb",
            "@@ -1,0 +2 @@\n+new line without its neighbours",
            "--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n same\n",
            "Here it is:\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-a\n+b\n",
            "*** Begin Patch\n*** End Patch",
        ] {
            assert_eq!(shown(patch, Some("a.rs")), None, "{patch}");
        }
    }
}
