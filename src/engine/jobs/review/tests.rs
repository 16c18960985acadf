use serde_json::{Value, json};

use super::findings::{Finding, Review, Severity, findings_in};
use super::hunks::{Hunk, HunkLine, batches, changed_names, hunks_of, new_file, not_shown};
use super::*;

const DIFF: &str = "diff --git a/a.rs b/a.rs\nindex 1..2 100644\n--- a/a.rs\n+++ b/a.rs\n\
                    @@ -1,3 +1,3 @@ fn top()\n one\n-fn old_name() {\n+fn new_name() {\n three\n\
                    @@ -10 +10,2 @@\n-x\n+y\n+--- z\n\\ No newline at end of file\n\
                    diff --git a/gone.rs b/gone.rs\n--- a/gone.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";

fn places(hunks: &[Hunk]) -> Vec<(String, Vec<Option<u32>>)> {
    let numbers = |hunk: &Hunk| hunk.lines.iter().map(|line| line.number).collect();
    hunks
        .iter()
        .map(|hunk| (hunk.path.clone(), numbers(hunk)))
        .collect()
}

#[test]
fn lines_of_hunks_have_their_numbers() {
    let hunks = hunks_of(DIFF);
    assert_eq!(
        places(&hunks),
        [
            ("a.rs".to_owned(), vec![Some(1), None, Some(2), Some(3)]),
            ("a.rs".to_owned(), vec![None, Some(10), Some(11)]),
            ("gone.rs".to_owned(), vec![None]),
        ]
    );
    assert_eq!(
        hunks[0].numbered(),
        "    1   one\n      - fn old_name() {\n    2 + fn new_name() {\n    3   three\n"
    );
    // A line of the file that looks like a header is a line.
    assert_eq!(hunks[1].lines[2].text, "--- z");
    assert_eq!(changed_names(&hunks[0]), ["old_name", "new_name"]);
}

#[test]
fn what_was_left_out_ends_a_hunk() {
    let cut = "--- a/a\n+++ b/a\n@@ -1,9 +1,9 @@\n one\n+two\n… 7 more lines of this file …\n\
               --- a/b\n+++ b/b\n@@ -1 +1 @@\n-x\n+y\n";
    let hunks = hunks_of(cut);
    assert_eq!(hunks.len(), 2, "{hunks:?}");
    assert_eq!(hunks[0].lines.len(), 2);
    assert_eq!(hunks[1].path, "b");
}

#[test]
fn names_in_quotes_are_read_and_what_is_not_shown_is_named() {
    let diff = "diff --git \"a/we\\\"ird.rs\" \"b/we\\\"ird.rs\"\n--- \"a/we\\\"ird.rs\"\n\
                +++ \"b/we\\\"ird.rs\"\n@@ -1 +1 @@\n-x\n+Binary files a/x and b/x differ\n\
                diff --git a/logo.png b/logo.png\nindex 1..2 100644\n\
                Binary files a/logo.png and b/logo.png differ\n\
                diff --git a/new.png b/new.png\nBinary files /dev/null and b/new.png differ\n\
                [redacted: changes of .env]\n";
    let hunks = hunks_of(diff);
    assert_eq!(hunks.len(), 1, "{hunks:?}");
    assert_eq!(hunks[0].path, "we\\\"ird.rs");
    assert_eq!(
        not_shown(diff),
        ["logo.png (binary)", "new.png (binary)", ".env"]
    );
}

#[test]
fn batches_keep_every_line_in_order_and_within_the_budget() {
    let text: String = (0..400).map(|number| format!("line {number}\n")).collect();
    let mut hunks = hunks_of(DIFF);
    hunks.push(new_file("long.rs", &text));
    let all = |hunks: &[Hunk]| -> Vec<HunkLine> {
        hunks.iter().flat_map(|hunk| hunk.lines.clone()).collect()
    };
    let lines = all(&hunks);
    let batched = batches(hunks, 600);
    assert!(batched.len() > 3);
    let flat: Vec<Hunk> = batched
        .iter()
        .flat_map(|batch| batch.hunks.clone())
        .collect();
    assert_eq!(all(&flat), lines);
    for batch in &batched {
        let text: String = batch.hunks.iter().map(Hunk::numbered).collect();
        assert!(estimate_text(&text) < 900, "{}", estimate_text(&text));
    }
}

#[test]
fn only_findings_on_lines_that_were_shown_are_kept() {
    let hunks = hunks_of(DIFF);
    let reply = |path: &str, line: Value, severity: &str| {
        json!({"path": path, "line": line, "severity": severity, "problem": " it\n fails ",
               "advice": ""})
    };
    let object = json!({"findings": [
        reply("a.rs", json!(2), "error"),
        reply("b/a.rs", json!("10"), "bad"),
        reply("a.rs", json!(7), "error"),
        reply("other.rs", json!(2), "error"),
        reply("gone.rs", json!(1), "error"),
        reply("a.rs", json!(-1), "error"),
        {"path": "a.rs"},
        "nonsense",
    ]});
    let object = object.as_object().cloned().unwrap_or_default();
    let (kept, dropped) = findings_in(&object, &hunks);
    let found = |line, severity| Finding {
        severity,
        path: "a.rs".to_owned(),
        line,
        problem: "it fails".to_owned(),
        advice: String::new(),
    };
    assert_eq!(
        kept,
        [found(2, Severity::Error), found(10, Severity::Warning)]
    );
    assert_eq!(dropped, 6);
    let mut review = Review::default();
    review.add(kept.clone(), dropped);
    review.add(kept, 0);
    assert_eq!(
        review.markdown(),
        "- `a.rs:2` **error**: it fails\n- `a.rs:10` **warning**: it fails\n\n\
         (6 findings name lines that are not in the changes, and were left out)\n"
    );
}

#[test]
fn orders_are_read() {
    for (argument, range) in [
        ("", Some(GitRange::Uncommitted)),
        ("staged", Some(GitRange::Staged)),
        ("--staged", Some(GitRange::Staged)),
        ("main", Some(GitRange::Since(Some("main".to_owned())))),
        ("HEAD~2", Some(GitRange::Since(Some("HEAD~2".to_owned())))),
        (
            "v1.0..topic/x",
            Some(GitRange::Between {
                from: "v1.0".to_owned(),
                to: "topic/x".to_owned(),
                from_base: false,
            }),
        ),
        (
            "main...",
            Some(GitRange::Between {
                from: "main".to_owned(),
                to: "HEAD".to_owned(),
                from_base: true,
            }),
        ),
        (
            "größe/x,y",
            Some(GitRange::Since(Some("größe/x,y".to_owned()))),
        ),
        ("-x", None),
        ("a'b", None),
        ("$(x)", None),
        ("a..b..c", None),
    ] {
        let order = ReviewOrder::parse(argument).expect("an order");
        assert_eq!(order.git_range(), range, "{argument}");
    }
    assert!(ReviewOrder::parse("main topic").is_err());
}
