//! What is read of the output of git, and what is shown of it.

use super::*;

const DIFF: &str = "diff --git a/a.rs b/a.rs\nindex 1..2 100644\n--- a/a.rs\n+++ b/a.rs\n\
                    @@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n@@ -10 +11 @@ fn b()\n-x\n+y\n\
                    diff --git a/gone.rs b/gone.rs\n--- a/gone.rs\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";

#[test]
fn a_diff_names_the_lines_that_it_shows() {
    let places: Vec<(String, u32, u32)> = sources(DIFF)
        .into_iter()
        .map(|source| (source.path, source.start_line, source.end_line))
        .collect();
    assert_eq!(
        places,
        [("a.rs".to_owned(), 1, 3), ("a.rs".to_owned(), 11, 11)]
    );
}

#[test]
fn nothing_behind_a_cut_is_read() {
    let output = |text: &str, left_out: u64| CapturedOutput {
        text: text.to_owned(),
        bytes: 100,
        left_out,
    };
    let cut = output(
        "diff --git a/a b/a\n+1\n… 1,000 bytes left out …\n+PASSWORD=x\n",
        1_000,
    );
    assert_eq!(uncut(&cut), "diff --git a/a b/a\n+1\n");
    let whole = output("a\n… b\n", 0);
    assert_eq!(uncut(&whole), "a\n… b\n");
}

#[test]
fn large_files_leave_room_for_small_ones() {
    assert_eq!(shares(&[10, 500, 20], 100), [10, 70, 20]);
    assert_eq!(shares(&[500, 500], 100), [50, 50]);
    assert_eq!(shares(&[5, 6], 100), [5, 6]);
    assert_eq!(shares(&[], 100), [0_u32; 0]);
    let large: String = (0..400).map(|number| format!("+line {number}\n")).collect();
    let both = format!("diff --git a/l b/l\n@@ -0,0 +1,400 @@\n{large}{DIFF}");
    let shown = fitting(&both, 600);
    assert!(estimate_text(&shown) < 640, "{shown}");
    assert!(shown.contains("more lines of this file"), "{shown}");
    assert!(
        shown.contains("+++ b/a.rs") && shown.contains("\n+y\n"),
        "{shown}"
    );
    assert_eq!(fitting(DIFF, 5_000), DIFF);
    assert!(fitting(&both, 70).ends_with("… 2 more files …\n"));
}

#[test]
fn files_come_first_and_numbers_are_added_up() {
    let parts = ["", "2\t1\ta.rs\n-\t-\tb.png\n", "n.rs\n", DIFF].map(str::to_owned);
    let shown = rendered(&GitRange::Uncommitted, &parts, 2_000).expect("changes");
    assert_eq!(
        shown.summary,
        "Uncommitted changes: 2 files, +2 −1, and 1 file that git does not track"
    );
    assert_eq!(
        shown.files,
        "a.rs  +2 −1\nb.png  binary\nn.rs  not tracked\n"
    );
    assert_eq!(shown.diff, DIFF);
    let empty = ["", "", "", ""].map(str::to_owned);
    assert_eq!(rendered(&GitRange::Staged, &empty, 2_000), None);
    let many: String = (0..300)
        .map(|number| format!("1\t0\t{number}.rs\n"))
        .collect();
    let parts = ["", many.as_str(), "", ""].map(str::to_owned);
    let shown = rendered(&GitRange::Staged, &parts, 300).expect("changes");
    assert!(shown.files.ends_with(" more lines …\n"), "{}", shown.files);
    assert!(shown.summary.contains("300 files"), "{}", shown.summary);
}

#[test]
fn each_range_says_why_there_is_nothing() {
    let since = GitRange::Since(Some("v9".to_owned()));
    for (range, code, why) in [
        (&since, NO_REVISION, "there is no revision `v9`"),
        (
            &GitRange::LastCommits(1),
            NO_COMMIT,
            "there is no commit yet",
        ),
        (&GitRange::Staged, 128, "git failed"),
    ] {
        let patience = Duration::from_secs(5);
        assert_eq!(why_not(range, Exit::Code(code), patience), why);
    }
    assert_eq!(nothing(&since), "nothing was changed since `v9`");
}
