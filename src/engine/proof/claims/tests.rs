//! Sentences as models write them.

use super::*;

#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Pass,
    Ran,
    Both,
}

fn said(answer: &str) -> Said {
    let found = claims(answer);
    match (found.pass.is_some(), found.ran.is_some()) {
        (false, false) => Said::Nothing,
        (true, false) => Said::Pass,
        (false, true) => Said::Ran,
        (true, true) => Said::Both,
    }
}

#[test]
fn what_is_claimed_of_tests_is_told_from_what_is_not() {
    use Said::{Both, Nothing, Pass, Ran};
    for (answer, expected) in [
        // Claims.
        ("All tests pass.", Pass),
        ("All 12 tests pass now.", Pass),
        ("**All tests passed.**", Pass),
        ("- ✅ Tests are green", Pass),
        ("The failing test now passes.", Pass),
        ("Now all tests pass.", Pass),
        ("All existing tests continue to pass.", Pass),
        ("The previously failing test passes.", Pass),
        ("It now passes all the tests.", Pass),
        ("I fixed the bug and the whole test suite succeeds.", Pass),
        ("`cargo test` passes.", Pass),
        ("`test_mean` passes again.", Pass),
        ("Result: 12 passed, 0 failed.", Pass),
        ("The tests pass without errors.", Pass),
        ("I added tests, and they all pass.", Pass),
        ("Once I had fixed the import, all tests passed.", Pass),
        ("I did not change the API, and all tests pass.", Pass),
        ("I ran the tests.", Ran),
        ("I ran `pytest` and it works.", Ran),
        ("I ran `python -m pytest`: 3 failures.", Ran),
        ("I've run the full test suite; two tests fail.", Ran),
        ("The tests were run and passed.", Both),
        ("I re-ran the tests and they passed.", Both),
        ("I have tested the change.", Ran),
        ("The change has been tested.", Ran),
        ("所有测试都通过了。", Pass),
        ("모든 테스트를 통과했습니다.", Pass),
        // Negations.
        ("I did not run the tests.", Nothing),
        ("I haven't run the tests.", Nothing),
        ("The tests were not run.", Nothing),
        ("No tests were run.", Nothing),
        ("I couldn't run the tests, since that was denied.", Nothing),
        ("Not all tests pass.", Nothing),
        ("The tests don't pass yet.", Nothing),
        ("The change has not been tested.", Nothing),
        ("测试没有通过。", Nothing),
        // Conditions, advice and guesses.
        ("Run the tests to check.", Nothing),
        ("You can run `cargo test` to verify.", Nothing),
        ("Please run the tests and check that they pass.", Nothing),
        ("To verify, run `pytest`; all tests should pass.", Nothing),
        ("If the tests pass, commit it.", Nothing),
        ("When all tests pass, merge it.", Nothing),
        ("The tests will pass now.", Nothing),
        ("Make sure that all tests pass.", Nothing),
        ("I'll run the tests next.", Nothing),
        ("Next: run the tests.", Nothing),
        ("Do the tests pass?", Nothing),
        ("- [ ] All tests pass", Nothing),
        // Others, earlier times and other meanings.
        ("The README says that all tests pass.", Nothing),
        ("The issue reads \"all tests pass\".", Nothing),
        ("> All tests pass.", Nothing),
        ("```\nall tests pass\n```", Nothing),
        ("The tests passed before my change.", Nothing),
        ("The job checks that the tests pass.", Nothing),
        ("The test passes a list to `mean`.", Nothing),
        ("I fixed the test by passing the flag.", Nothing),
        ("I added a test for the empty list.", Nothing),
        ("The test suite is in tests/.", Nothing),
        ("", Nothing),
    ] {
        assert_eq!(said(answer), expected, "{answer}");
    }
}

#[test]
fn what_only_sounds_like_a_run_of_tests_is_none() {
    use Said::{Both, Nothing, Pass, Ran};
    for (answer, expected) in [
        // Success of something else.
        (
            "The file `tests/test_a.py` was created successfully.",
            Nothing,
        ),
        ("Tests were successfully added.", Nothing),
        ("`latest_version` was renamed successfully.", Nothing),
        ("`inspect.py` was updated successfully.", Nothing),
        ("`contest_count` passes the limit on.", Nothing),
        ("The test suite completed successfully.", Pass),
        ("The tests ran successfully.", Both),
        ("`TestMean` passes.", Pass),
        // What always happens.
        ("The tests are executed by CI.", Nothing),
        ("`setUp` is executed for each test.", Nothing),
        ("I executed the tests.", Ran),
        ("The tests were successfully executed.", Both),
        ("The test passes keyword arguments to `mean`.", Nothing),
        ("The test passes in 2 s.", Pass),
        // Earlier times.
        (
            "In the previous version we ran the tests with tox.",
            Nothing,
        ),
        ("Previously, we ran the tests.", Nothing),
        ("We used to say that the tests ran.", Nothing),
        ("Previously failing tests pass.", Pass),
        // Other languages.
        ("我通过添加测试修复了问题。", Nothing),
        ("测试通过添加数据修复了。", Nothing),
        ("已成功添加测试文件。", Nothing),
        ("已成功运行测试。", Pass),
        ("我添加了测试，全部通过。", Pass),
        ("测试已全部通过，我添加了注释。", Pass),
        ("テストはすべて成功しました。", Pass),
        ("テストを追加し、成功しました。", Nothing),
        ("テストファイルのパスを示します。", Nothing),
    ] {
        assert_eq!(said(answer), expected, "{answer}");
    }
}

#[test]
fn the_sentence_is_quoted_and_the_speaker_known() {
    let found = claims("I changed a.py:3.\n\n* I ran the tests, **and all pass**.");
    assert_eq!(
        found.ran.as_deref(),
        Some("I ran the tests, **and all pass**.")
    );
    assert!(found.is_own);
    assert!(!claims("All tests pass.").is_own);
    let long = format!("All tests pass {}.", "very well ".repeat(50));
    let quote = claims(&long).pass.expect("a claim");
    assert!(quote.chars().count() <= LONGEST_QUOTE + 1, "{quote}");
}

#[test]
fn a_failure_is_admitted_or_not() {
    for (answer, expected) in [
        ("Two tests fail; the others pass.", true),
        ("It failed with exit code 1.", true),
        ("12 passed, 0 failed.", false),
        ("The tests pass without failures.", false),
        ("The failing test passes now.", false),
        ("Two tests are still failing.", true),
        ("I fixed the import, but two tests fail.", true),
        ("One test fails as before; it still fails.", true),
        ("I fixed the failure in mean(). All tests pass.", false),
        ("The test no longer fails.", false),
        ("There are no test failures.", false),
        ("The tests pass without any failures.", false),
        ("The parser fails on empty input.", false),
    ] {
        assert_eq!(claims(answer).admits_failure, expected, "{answer}");
    }
}

#[test]
fn that_all_is_done_is_told_from_what_is_done() {
    for answer in [
        "Done.",
        "Done! I changed `a.py`.",
        "All done: the plan is carried out.",
        "I'm done.",
        "Both steps are done.",
        "I have implemented all the steps.",
        "All changes have been made to `a.py`.",
        "The plan is complete.",
    ] {
        assert!(claims(answer).done.is_some(), "{answer}");
    }
    for answer in [
        "Not done yet.",
        "Step 1 is done.",
        "I changed `a.py`.",
        "Done. I skipped step 2.",
        "Everything is done but step 2, which is still to be written; that remains.",
        "If all is done, commit it.",
        "Is everything done?",
        "All of it should be complete.",
        "I have not implemented all the steps.",
    ] {
        assert_eq!(claims(answer).done, None, "{answer}");
    }
}
