//! Whatever a program prints, nothing breaks and nothing grows.

use proptest::prelude::*;

use super::super::*;

#[track_caller]
fn check_bounds(output: &str) {
    let parsed = parse(output);
    assert!(parsed.failures.len() <= MOST_FAILURES);
    for failure in &parsed.failures {
        assert!(!failure.name.is_empty());
        assert!(failure.lines.len() <= MOST_LINES);
    }
}

/// Pieces of outputs, of which odd outputs are made.
const PIECES: &[&str] = &[
    "test a ... FAILED",
    "---- a stdout ----",
    "test result: FAILED. 1 passed; 1 failed; 0 ignored",
    "error[E0308]: no",
    "error[",
    " --> src/a.rs:1:2",
    "Diff in ",
    "Diff in :1:",
    "=== 1 failed in 0.1s ===",
    "____ test_x ____",
    "__é__",
    "FAILED a.py::b - c",
    "FAIL: x",
    "Ran 2 tests in 1s",
    "--- FAIL: TestA/b (0.00s)",
    "FAIL\ta",
    "ok  \ta",
    "# a",
    "./a.go:3:5: no",
    "panic: no",
    "FAIL src/a.test.js",
    "  ● a › b",
    "Tests:       1 failed, 3 total",
    " FAIL  a.ts > b",
    "  1) a:",
    "       b:",
    "  1 failing",
    "✖ a (1ms)",
    "ℹ fail 1",
    "<testsuite>",
    "<testcase name='a'><failure message='b'>&lt;é&#10;&#x41;&zzz;]]>",
    "</testsuite>",
    "TAP version 13",
    "1..4",
    "not ok 1 - é # TODO",
    "not ok",
    "a.py:99999999999999:1: x",
    "C:\\a.cs(3,5): error x",
    "a.js",
    "  3:5  error  é",
    "é:1:2:",
    "::::",
    "",
];

proptest! {
    #[test]
    fn no_bytes_are_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        check_bounds(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_mixture_of_outputs_is_too_odd(
        picks in proptest::collection::vec((0..PIECES.len(), any::<bool>()), 0..60),
    ) {
        let output: String = picks
            .iter()
            .map(|(at, is_line)| format!("{}{}", PIECES[*at], if *is_line { "\n" } else { "" }))
            .collect();
        check_bounds(&output);
    }
}
