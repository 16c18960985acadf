//! Outputs that are seen less often, or look a little different.

use super::super::*;
use super::told;

#[test]
fn what_a_test_of_nextest_printed_is_kept_and_it_is_named_once() {
    let output = "\
        PASS [   0.004s] (1/2) shop cart::tests::adds
        FAIL [   0.005s] (2/2) shop cart::tests::totals
  stdout ───

    running 1 test
    test cart::tests::totals ... FAILED

    test result: FAILED. 0 passed; 1 failed; 0 ignored

  stderr ───
    thread 'cart::tests::totals' panicked at src/cart.rs:31:9:
    assertion failed: false
────────────
     Summary [   0.010s] 2 tests run: 1 passed, 1 failed, 0 skipped
        FAIL [   0.005s] (2/2) shop cart::tests::totals
error: test run failed
";
    assert_eq!(
        told(output),
        "passed 1 failed 1 skipped -\n\
         * cart::tests::totals @ src/cart.rs:31\n\
         \x20 |   stdout ───\n\
         \x20 | \n\
         \x20 |     running 1 test\n\
         \x20 |     test cart::tests::totals ... FAILED\n\
         \x20 | \n\
         \x20 |     test result: FAILED. 0 passed; 1 failed; 0 ignored\n\
         \x20 | \n\
         \x20 |   stderr ───\n\
         \x20 |     thread 'cart::tests::totals' panicked at src/cart.rs:31:9:\n\
         \x20 |     assertion failed: false\n"
    );
}

#[test]
fn a_message_may_stand_above_its_place() {
    let ruff = "\
F401 [*] `os` imported but unused
 --> src/a.py:1:8
  |
1 | import os
  |        ^^
help: Remove unused import: `os`

Found 1 error.
";
    let parsed = parse(ruff);
    assert_eq!(
        parsed.failures[0].name,
        "src/a.py: F401 [*] `os` imported but unused"
    );
    assert_eq!(parsed.failures[0].line, Some(1));
    assert_eq!(parsed.failures.len(), 1);
    // A warning is none.
    assert!(parse("warning: unused\n --> a.rs:1:2\n").is_guess);
}

#[test]
fn suites_of_jest_that_took_long_or_did_not_run_are_told_apart() {
    let output = "\
FAIL src/a.test.js (5.2 s)
  ● Test suite failed to run

    Cannot find module './gone' from 'src/a.js'

FAIL src/b.test.js
  ● Test suite failed to run

    SyntaxError: Unexpected token

Test Suites: 2 failed, 2 total
Tests:       0 total
";
    let parsed = parse(output);
    let names: Vec<&str> = parsed.failures.iter().map(|it| &*it.name).collect();
    assert_eq!(
        names,
        [
            "src/a.test.js: Test suite failed to run",
            "src/b.test.js: Test suite failed to run"
        ]
    );
    assert_eq!(parsed.failures[0].path.as_deref(), Some("src/a.test.js"));
}

#[test]
fn formatters_list_files_by_their_paths_or_differences() {
    let names = |output: &str| -> Vec<String> {
        let failures = listed_files(output);
        failures.into_iter().map(|failure| failure.name).collect()
    };
    assert_eq!(
        names("a.go\n./web/b.go\n"),
        ["a.go is not formatted", "web/b.go is not formatted"]
    );
    assert_eq!(
        names("diff a.go.orig a.go\n--- a.go.orig\n+++ a.go\n+x.y\n"),
        ["a.go is not formatted"]
    );
    assert_eq!(names("All is well.\n3 files\n\n"), Vec::<String>::new());
    let many: String = (0..MOST_FAILURES + 1)
        .map(|n| format!("a{n}.go\n"))
        .collect();
    assert_eq!(listed_files(&many).len(), MOST_FAILURES);
}
