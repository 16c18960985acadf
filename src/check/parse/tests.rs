//! Outputs as programs print them, and what is read of them: the whole object, in lines.

mod odd;
mod wild;

use super::*;

/// Everything that was read: counts, then each failure with its place and its lines.
fn told(output: &str) -> String {
    let parsed = parse(output);
    let count = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
    let mut text = format!(
        "passed {} failed {} skipped {}{}\n",
        count(parsed.passed),
        count(parsed.failed),
        count(parsed.skipped),
        if parsed.is_guess { " guessed" } else { "" },
    );
    for failure in &parsed.failures {
        let path = failure.path.as_deref().unwrap_or("-");
        let line = failure.line.map_or("-".to_owned(), |line| line.to_string());
        text.push_str(&format!("* {} @ {path}:{line}\n", failure.name));
        for line in &failure.lines {
            text.push_str(&format!("  | {line}\n"));
        }
    }
    text
}

const CARGO: &str = "\
   Compiling shop v0.1.0 (/w)
    Finished `test` profile [unoptimized + debuginfo] target(s) in 0.52s
     Running unittests src/lib.rs (target/debug/deps/shop-1)

running 3 tests
test cart::tests::adds ... ok
test cart::tests::totals ... FAILED
test cart::tests::later ... ignored

failures:

---- cart::tests::totals stdout ----

thread 'cart::tests::totals' (4711) panicked at src/cart.rs:31:9:
assertion `left == right` failed
  left: 3
 right: 4
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace


failures:
    cart::tests::totals

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

error: test failed, to rerun pass `--lib`
";

#[test]
fn cargo_test_is_read() {
    assert_eq!(
        told(CARGO),
        "passed 1 failed 1 skipped 1\n\
         * cart::tests::totals @ src/cart.rs:31\n\
         \x20 | thread 'cart::tests::totals' (4711) panicked at src/cart.rs:31:9:\n\
         \x20 | assertion `left == right` failed\n\
         \x20 |   left: 3\n\
         \x20 |  right: 4\n\
         \x20 | note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n"
    );
}

#[test]
fn errors_of_the_compiler_are_read_without_their_summary() {
    let output = "\
    Checking shop v0.1.0 (/w)
error[E0308]: mismatched types
 --> src/cart.rs:7:5
  |
7 |     \"a\"
  |     ^^^ expected `u32`, found `&str`

error: unused variable: `x`
  --> src/main.rs:2:9
   |
   = note: `-D unused-variables` implied by `-D warnings`

error: could not compile `shop` (lib) due to 2 previous errors
";
    assert_eq!(
        told(output),
        "passed - failed - skipped -\n\
         * src/cart.rs: mismatched types @ src/cart.rs:7\n\
         \x20 | error[E0308]: mismatched types\n\
         \x20 |  --> src/cart.rs:7:5\n\
         \x20 |   |\n\
         \x20 | 7 |     \"a\"\n\
         \x20 |   |     ^^^ expected `u32`, found `&str`\n\
         * src/main.rs: unused variable: `x` @ src/main.rs:2\n\
         \x20 | error: unused variable: `x`\n\
         \x20 |   --> src/main.rs:2:9\n\
         \x20 |    |\n\
         \x20 |    = note: `-D unused-variables` implied by `-D warnings`\n"
    );
}

#[test]
fn files_that_are_not_formatted_are_read_once() {
    let output = "\
Diff in src/main.rs:1:
-fn main(){
+fn main() {
 }
Diff in src/main.rs:9:
-a
+b
Diff in src/old.rs at line 4:
-a
";
    assert_eq!(
        told(output),
        "passed - failed - skipped -\n\
         * src/main.rs is not formatted @ src/main.rs:1\n\
         \x20 | -fn main(){\n\
         \x20 | +fn main() {\n\
         \x20 |  }\n\
         * src/old.rs is not formatted @ src/old.rs:4\n\
         \x20 | -a\n"
    );
}

#[test]
fn pytest_is_read() {
    let output = "\
============================= test session starts ==============================
platform linux -- Python 3.12.3, pytest-8.3.2
collected 4 items

tests/test_stats.py .FsF                                                 [100%]

=================================== FAILURES ===================================
__________________________________ test_mean ___________________________________

    def test_mean():
>       assert mean([1, 2]) == 1.5
E       assert 1 == 1.5

tests/test_stats.py:5: AssertionError
_____________________________ TestSum.test_sum[1] ______________________________

self = <test_stats.TestSum object at 0x1>

>       assert total([1]) == 2
E       assert 1 == 2

tests/test_stats.py:12: AssertionError
=========================== short test summary info ============================
FAILED tests/test_stats.py::test_mean - assert 1 == 1.5
FAILED tests/test_stats.py::TestSum::test_sum[1] - assert 1 == 2
==================== 2 failed, 1 passed, 1 skipped in 0.03s ====================
";
    assert_eq!(
        told(output),
        "passed 1 failed 2 skipped 1\n\
         * tests/test_stats.py::test_mean @ tests/test_stats.py:5\n\
         \x20 |     def test_mean():\n\
         \x20 | >       assert mean([1, 2]) == 1.5\n\
         \x20 | E       assert 1 == 1.5\n\
         \x20 | \n\
         \x20 | tests/test_stats.py:5: AssertionError\n\
         * tests/test_stats.py::TestSum::test_sum[1] @ tests/test_stats.py:12\n\
         \x20 | self = <test_stats.TestSum object at 0x1>\n\
         \x20 | \n\
         \x20 | >       assert total([1]) == 2\n\
         \x20 | E       assert 1 == 2\n\
         \x20 | \n\
         \x20 | tests/test_stats.py:12: AssertionError\n"
    );
}

#[test]
fn unittest_is_read() {
    let output = "\
.Fs
======================================================================
FAIL: test_mean (test_stats.TestStats.test_mean)
----------------------------------------------------------------------
Traceback (most recent call last):
  File \"/w/test_stats.py\", line 6, in test_mean
    self.assertEqual(mean([1, 2]), 1.5)
AssertionError: 1 != 1.5

----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, skipped=1)
";
    assert_eq!(
        told(output),
        "passed 1 failed 1 skipped 1\n\
         * test_mean (test_stats.TestStats.test_mean) @ /w/test_stats.py:6\n\
         \x20 | Traceback (most recent call last):\n\
         \x20 |   File \"/w/test_stats.py\", line 6, in test_mean\n\
         \x20 |     self.assertEqual(mean([1, 2]), 1.5)\n\
         \x20 | AssertionError: 1 != 1.5\n"
    );
}

#[test]
fn go_test_is_read() {
    let output = "\
--- FAIL: TestMean (0.00s)
    --- FAIL: TestMean/empty (0.00s)
        stats_test.go:14: got 1, want 0
FAIL
FAIL\texample.org/shop/stats\t0.003s
ok  \texample.org/shop/cart\t0.002s
# example.org/shop/web
./web.go:3:5: undefined: serve
FAIL\texample.org/shop/web [build failed]
FAIL
";
    assert_eq!(
        told(output),
        "passed - failed 1 skipped -\n\
         * TestMean/empty @ stats_test.go:14\n\
         \x20 |         stats_test.go:14: got 1, want 0\n\
         * web.go: undefined: serve @ web.go:3\n\
         \x20 | ./web.go:3:5: undefined: serve\n"
    );
}

#[test]
fn go_test_that_says_all_is_read() {
    let output = "\
=== RUN   TestSum
    stats_test.go:8: got 1, want 2
--- FAIL: TestSum (0.00s)
=== RUN   TestAdd
--- PASS: TestAdd (0.00s)
FAIL
FAIL\texample.org/shop\t0.003s
";
    assert_eq!(
        told(output),
        "passed 1 failed 1 skipped -\n\
         * TestSum @ stats_test.go:8\n\
         \x20 |     stats_test.go:8: got 1, want 2\n"
    );
}

#[test]
fn jest_is_read() {
    let output = "\
PASS src/cart.test.js
FAIL src/stats.test.js
  ● stats › mean of two

    expect(received).toBe(expected) // Object.is equality

    Expected: 1.5
    Received: 1

      at Object.<anonymous> (node_modules/expect/index.js:9:1)
      at Object.<anonymous> (src/stats.test.js:4:22)

Test Suites: 1 failed, 1 passed, 2 total
Tests:       1 failed, 2 passed, 3 total
";
    assert_eq!(
        told(output),
        "passed 2 failed 1 skipped -\n\
         * stats › mean of two @ src/stats.test.js:4\n\
         \x20 |     expect(received).toBe(expected) // Object.is equality\n\
         \x20 | \n\
         \x20 |     Expected: 1.5\n\
         \x20 |     Received: 1\n\
         \x20 | \n\
         \x20 |       at Object.<anonymous> (node_modules/expect/index.js:9:1)\n\
         \x20 |       at Object.<anonymous> (src/stats.test.js:4:22)\n"
    );
}

#[test]
fn vitest_is_read() {
    let output = "\
 ❯ src/stats.test.ts (2 tests | 1 failed) 4ms
   × stats > mean of two 3ms

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/stats.test.ts > stats > mean of two
AssertionError: expected 1 to be 1.5 // Object.is equality
 ❯ src/stats.test.ts:5:20

⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯

 Test Files  1 failed (1)
      Tests  1 failed | 1 passed (2)
";
    assert_eq!(
        told(output),
        "passed 1 failed 1 skipped -\n\
         * src/stats.test.ts > stats > mean of two @ src/stats.test.ts:5\n\
         \x20 | AssertionError: expected 1 to be 1.5 // Object.is equality\n\
         \x20 |  ❯ src/stats.test.ts:5:20\n"
    );
}

#[test]
fn junit_is_read_also_if_it_breaks_off() {
    let output = "\
<?xml version=\"1.0\"?>
<testsuites>
<testsuite name=\"a\" tests=\"3\">
<testcase classname=\"shop.Stats\" name=\"mean\" file=\"StatsTest.java\" line=\"9\">
<failure message=\"expected &lt;1.5&gt;\">at StatsTest.java &amp; others
second line</failure>
</testcase>
<testcase classname=\"shop.Stats\" name=\"sum\"/>
<testcase name=\"later\"><skipped/></testcase>
<testcase name=\"gone\"><error message=\"no class\"/>
";
    assert_eq!(
        told(output),
        "passed 1 failed 2 skipped 1\n\
         * shop.Stats.mean @ StatsTest.java:9\n\
         \x20 | expected <1.5>\n\
         \x20 | at StatsTest.java & others\n\
         \x20 | second line\n\
         * gone @ -:-\n\
         \x20 | no class\n"
    );
}

#[test]
fn tap_is_read() {
    let output = "\
TAP version 13
ok 1 - adds
not ok 2 - mean of two
  ---
  location: 'test/stats.js:7:1'
  error: 'got 1'
  ...
ok 3 - later # SKIP
not ok 4 - known # TODO
1..4
";
    assert_eq!(
        told(output),
        "passed 1 failed 1 skipped 2\n\
         * mean of two @ -:-\n\
         \x20 |   location: 'test/stats.js:7:1'\n\
         \x20 |   error: 'got 1'\n"
    );
}

#[test]
fn what_linters_and_formatters_say_is_read() {
    let output = "\
src/a.py:3:8: F401 [*] `os` imported but unused
src/b.ts(4,7): error TS2322: Type 'string' is not assignable to type 'number'.
would reformat src/c.py
";
    assert_eq!(
        told(output),
        "passed - failed - skipped -\n\
         * src/a.py: F401 [*] `os` imported but unused @ src/a.py:3\n\
         \x20 | src/a.py:3:8: F401 [*] `os` imported but unused\n\
         * src/b.ts: error TS2322: Type 'string' is not assignable to type 'number'. @ src/b.ts:4\n\
         \x20 | src/b.ts(4,7): error TS2322: Type 'string' is not assignable to type 'number'.\n\
         * src/c.py is not formatted @ src/c.py:-\n\
         \x20 | would reformat src/c.py\n"
    );
    let eslint = "\
/w/src/a.js
  3:5  error  'x' is not defined  no-undef
  4:1  warning  Unexpected console statement  no-console

✖ 2 problems (1 error, 1 warning)
";
    assert_eq!(
        told(eslint),
        "passed - failed - skipped -\n\
         * /w/src/a.js: 'x' is not defined no-undef @ /w/src/a.js:3\n\
         \x20 |   3:5  error  'x' is not defined  no-undef\n"
    );
}

#[test]
fn of_other_outputs_the_end_and_telling_lines_are_kept() {
    let output = "checking 12 files\nstats: mean is wrong, Error 17\ndone in 0.31 s\n";
    assert_eq!(
        told(output),
        "passed - failed - skipped - guessed\n\
         * stats: mean is wrong, Error 0 @ -:-\n\
         \x20 | checking 12 files\n\
         \x20 | stats: mean is wrong, Error 17\n\
         \x20 | done in 0.31 s\n"
    );
    assert_eq!(told("\n\n"), "passed - failed - skipped - guessed\n");
    let long: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let output = format!("first failure\n{long}");
    let parsed = parse(&output);
    let lines = &parsed.failures[0].lines;
    assert_eq!(lines[0], "first failure");
    assert_eq!(lines.last().map(String::as_str), Some("line 99"));
    assert_eq!(lines.len(), 32);
}

#[test]
fn a_name_is_the_same_when_times_and_lines_differ() {
    let name = |output: &str| parse(output).failures[0].name.clone();
    assert_eq!(
        name("run 1: failed after 0.12 s\n"),
        name("run 22: failed after 13.9 s\n")
    );
    assert_eq!(
        name("a.py:3:1: E1 bad\n"),
        name("\nmore\na.py:77:1: E1 bad\n")
    );
}

#[test]
fn counts_are_found_behind_their_words_only() {
    assert_eq!(
        number_before("1 failed, 22 passed in 0.12s", "passed"),
        Some(22)
    );
    assert_eq!(
        number_before("FAILED. 1 passed; 0 failed", "failed"),
        Some(0)
    );
    for line in ["", "passed", "some passed", "x1 passed"] {
        assert_eq!(number_before(line, "passed"), None, "{line}");
    }
}

#[test]
fn too_much_is_cut() {
    let many: String = (0..2_100)
        .map(|n| format!("test t{n} ... FAILED\n"))
        .collect();
    let parsed = parse(&format!(
        "{many}test result: FAILED. 0 passed; 2100 failed;\n"
    ));
    assert_eq!(parsed.failures.len(), MOST_FAILURES);
    assert_eq!((parsed.left_out, parsed.failed), (100, Some(2_100)));
    let long = format!("a.py:1:1: {}\n", "x".repeat(10_000));
    let failure = &parse(&long).failures[0];
    assert!(failure.name.chars().count() <= LONGEST_NAME + 1);
    assert!(failure.lines[0].chars().count() <= LONGEST_LINE + 1);
}
