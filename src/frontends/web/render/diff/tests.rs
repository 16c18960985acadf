//! What a change is shown as.

use super::*;
use crate::edit;

fn edit(path: &str, old: Option<&str>, new: Option<&str>) -> FileEdit {
    FileEdit {
        path: path.to_owned(),
        old: old.map(Into::into),
        new: new.map(Into::into),
    }
}

/// The rows in one line each: numbers, sign and text, changed words in brackets.
fn rows(file: &ShownFile) -> Vec<String> {
    let number = |line: Option<usize>| line.map_or("·".to_owned(), |line| line.to_string());
    let part = |(text, is_marked): &(String, bool)| match is_marked {
        true => format!("[{text}]"),
        false => text.clone(),
    };
    let row = |row: &ShownRow| {
        let text: String = row.parts.iter().map(part).collect();
        format!("{} {} {}{text}", number(row.old), number(row.new), row.kind)
    };
    let rows = file.hunks.iter().flat_map(|hunk| &hunk.rows);
    rows.map(row).collect()
}

#[test]
fn rows_have_numbers_and_changed_words() {
    let old = "one\ntwo is here\nthree\n4\n5\n6\n7\n8\n9\n10\nlast";
    let new = "one\ntwo was here\nthree\n4\n5\n6\n7\n8\n9\n10\nlast\n";
    let files = diff(&[edit("src/a.rs", Some(old), Some(new))]);
    let [file] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert_eq!(
        rows(file),
        [
            "1 1  one",
            "2 · -two [is] here",
            "· 2 +two [was] here",
            "3 3  three",
            "4 4  4",
            "5 5  5",
            "8 8  8",
            "9 9  9",
            "10 10  10",
            "11 · -last",
            "· ·  \\ No newline at end of file",
            "· 11 +last",
        ]
    );
    assert_eq!((file.added, file.removed, file.is_whole), (2, 2, true));
    let starts: Vec<(usize, usize)> = file
        .hunks
        .iter()
        .map(|hunk| (hunk.old_start, hunk.new_start))
        .collect();
    assert_eq!(starts, [(1, 1), (8, 8)]);
}

#[test]
fn files_are_made_removed_and_moved() {
    let files = diff(&[
        edit("new.rs", None, Some("a\n\nb\n")),
        edit("old.rs", Some("c\n"), None),
        edit("here.rs", Some("same\n"), None),
        edit("there.rs", None, Some("same\n")),
        edit("empty", None, Some("")),
        edit("untouched", Some("a\n"), Some("a\n")),
    ]);
    let facts: Vec<(&str, ChangeKind, Option<&str>, usize, usize)> = files
        .iter()
        .map(|file| {
            let from = file.from.as_deref();
            (
                file.path.as_str(),
                file.kind,
                from,
                file.added,
                file.removed,
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("new.rs", ChangeKind::Added, None, 3, 0),
            ("old.rs", ChangeKind::Removed, None, 0, 1),
            ("there.rs", ChangeKind::Moved, Some("here.rs"), 0, 0),
            ("empty", ChangeKind::Added, None, 0, 0),
            ("untouched", ChangeKind::Changed, None, 0, 0),
        ]
    );
    assert_eq!(rows(&files[0]), ["· 1 +a", "· 2 +", "· 3 +b"]);
    assert_eq!(rows(&files[1]), ["1 · -c"]);
    assert!(files.iter().all(|file| file.is_whole));
}

#[test]
fn the_json_is_as_promised() {
    let files = diff(&[edit("a", Some("x = 1\n"), Some("x = 2\n"))]);
    assert_eq!(
        serde_json::to_value(&files).expect("JSON"),
        serde_json::json!([{
            "path": "a",
            "kind": "changed",
            "added": 1,
            "removed": 1,
            "is_whole": true,
            "hunks": [{
                "old_start": 1,
                "new_start": 1,
                "rows": [
                    {"kind": "-", "old": 1, "new": null, "parts": [["x = ", false], ["1", true]]},
                    {"kind": "+", "old": null, "new": 1, "parts": [["x = ", false], ["2", true]]},
                ],
            }],
        }])
    );
}

#[test]
fn contents_cannot_pass_for_a_diff() {
    let old = "@@ -1,9 +1,9 @@\n--- a/x\n+++ b/x\n\\ No newline at end of file\n";
    let new = "--- a/x\n@@ -7 +7 @@\n+++ b/x\n-\n";
    for path in ["x", "we\nird", "b/x\n@@ -1 +1 @@", "/dev/null"] {
        let file = &diff(&[edit(path, Some(old), Some(new))])[0];
        let side = |is_new: bool| -> String {
            let number = |row: &&ShownRow| if is_new { row.new } else { row.old }.is_some();
            let rows = file.hunks.iter().flat_map(|hunk| &hunk.rows);
            let text = |row: &ShownRow| {
                let texts = row.parts.iter().map(|(text, _)| text.as_str());
                texts.chain(["\n"]).collect::<String>()
            };
            rows.filter(number).map(text).collect()
        };
        assert_eq!((side(false), side(true)), (old.to_owned(), new.to_owned()));
        assert!(file.is_whole && !file.path.contains('\n'), "{path}");
    }
}

#[test]
fn changes_of_a_session_are_read_back() {
    let text = edit::file_diff("a b.rs", Some("x\ny\n"), Some("x\nz\n"), 3);
    let path = "a b.rs".to_owned();
    let shown = file_diff(&FileDiff { path, text });
    assert_eq!(rows(&shown), ["1 1  x", "2 · -y", "· 2 +z"]);
    let diffs = |text: &str| {
        let (path, text) = ("a".to_owned(), text.to_owned());
        let file = file_diff(&FileDiff { path, text });
        (file.is_whole, file.hunks.len(), file.added)
    };
    let head = "--- a/a\n+++ b/a\n";
    assert_eq!(
        diffs(&format!("{head}not shown: not text, or not stored\n")),
        (false, 0, 0)
    );
    assert_eq!(
        diffs("--- a/other\n+++ b/other\n@@ -1 +1 @@\n+a\n"),
        (false, 0, 0)
    );
    assert_eq!(diffs(&format!("{head}@@ -x +1 @@\n+a\n")), (false, 0, 0));
    assert_eq!(
        diffs(&format!("{head}@@ -0,0 +1 @@\n+a\n?\n")),
        (false, 1, 1)
    );
    assert_eq!(diffs(""), (true, 0, 0));
}

#[test]
fn what_is_too_long_is_counted() {
    let many = "line\n".repeat(MOST_ROWS + 5);
    let long = "x".repeat(MOST_BYTES + 1);
    let files = diff(&[
        edit("many", None, Some(&many)),
        edit("more", None, Some("a\n")),
    ]);
    assert_eq!(rows(&files[0]).len(), MOST_ROWS);
    assert_eq!((files[0].added, files[0].is_whole), (MOST_ROWS + 5, false));
    assert_eq!((files[1].added, files[1].is_whole), (1, false));
    let file = &diff(&[edit("long", Some("a"), Some(&long))])[0];
    assert_eq!((file.added, file.removed, file.is_whole), (1, 1, false));
}

#[test]
fn tricks_are_shown() {
    let file = &diff(&[edit(
        "a\u{202e}\tb",
        Some("\u{1b}[2J\n"),
        Some("\u{200b}\n"),
    )])[0];
    assert_eq!(file.path, "a\\u{202e}\\tb");
    assert_eq!(rows(file), ["1 · -\\u{1b}[2J", "· 1 +\\u{200b}"]);
}
