//! What came of checks, and what is known the next time.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::baseline::KnownRuns;
use super::super::report::{Against, CheckRun};
use super::super::{CheckCommand, CheckKind, CheckOutcome, CheckReport, CheckStep};
use crate::text::tokens::estimate_text;

fn command(kind: CheckKind) -> CheckCommand {
    CheckCommand {
        kind,
        folder: String::new(),
        line: "make test".to_owned(),
        remedy: None,
        part_of: None,
    }
}

fn run(code: i32, output: &str) -> CheckRun {
    CheckRun {
        code: Some(code),
        ended: format!("exit code {code}"),
        output: output.to_owned(),
        took: Duration::from_millis(10),
        is_unfinished: false,
        is_timed_out: false,
        rewritten: Vec::new(),
    }
}

const AGAINST: Against<'_> = Against {
    before: None,
    request: "Make it faster.",
    changed: &[],
    all_count: false,
};

const FAILED: &str = "\
TAP version 13
not ok 1 - mean of two
  got 1
not ok 2 - total
1..2
";

fn step(output: &str, against: &Against<'_>) -> CheckStep {
    CheckStep::of(command(CheckKind::AllTests), &run(1, output), against)
}

#[test]
fn new_failures_are_told_from_old_ones() {
    let mut known = KnownRuns::default();
    let failing: BTreeSet<String> = ["total".to_owned()].into();
    let key = command(CheckKind::AllTests).key();
    known.note(&key, failing, Duration::from_secs(1), false);
    let against = Against {
        before: known.of(&key),
        ..AGAINST
    };
    let found = step(FAILED, &against);
    assert_eq!(found.outcome, CheckOutcome::Failed);
    assert_eq!(found.own.len(), 1);
    assert_eq!(found.old, ["total"]);
    assert_eq!(
        found.words(),
        "failed (exit code 1): mean of two; 1 more failed before"
    );
    // The request is about it,
    for request in ["Why is total wrong?", "Fix the failing tests."] {
        let found = step(FAILED, &Against { request, ..against });
        assert_eq!(found.own.len(), 2, "{request}");
    }
    // and the user wants to know all.
    let all = Against {
        all_count: true,
        ..against
    };
    assert_eq!(step(FAILED, &all).own.len(), 2);
    // Nothing that failed is new.
    let failing = step(FAILED, &AGAINST).failing();
    known.note(&key, failing, Duration::from_secs(1), false);
    let against = Against {
        before: known.of(&key),
        ..AGAINST
    };
    let found = step(FAILED, &against);
    assert_eq!(found.outcome, CheckOutcome::OnlyOld);
    let report = CheckReport { steps: vec![found] };
    assert!(report.passed() && report.for_model(500).is_empty());
}

#[test]
fn without_an_earlier_run_a_linter_answers_for_changed_files_only() {
    let output = "a.py:1:1: E1 bad\nold.py:1:1: E1 bad\n";
    let changed = ["a.py".to_owned()];
    let against = Against {
        changed: &changed,
        ..AGAINST
    };
    let found = CheckStep::of(command(CheckKind::Lint), &run(1, output), &against);
    assert_eq!(found.own.len(), 1);
    assert_eq!(found.old, ["old.py: E1 bad"]);
    // Many old ones do not hide a new one, and are no failure by their number.
    let many = |count: usize| -> String {
        let lines = (0..count).map(|n| format!("old.py:1:1: E1 x{n}\n"));
        lines.collect()
    };
    let of = |output: &str| CheckStep::of(command(CheckKind::Lint), &run(1, output), &against);
    let found = of(&format!("{}a.py:1:1: E1 bad\n", many(1_500)));
    assert_eq!(found.own[0].name, "a.py: E1 bad");
    assert_eq!(of(&many(3_000)).outcome, CheckOutcome::OnlyOld);
}

#[test]
fn a_failure_belongs_to_a_changed_file_also_if_its_path_is_one_of_the_folder() {
    let changed = ["web/src/a.ts".to_owned()];
    let against = Against {
        changed: &changed,
        ..AGAINST
    };
    let lint = CheckCommand {
        folder: "web".to_owned(),
        ..command(CheckKind::Lint)
    };
    let output = "src/a.ts:1:1: no-undef bad\nsrc/b.ts:1:1: no-undef bad\n";
    let found = CheckStep::of(lint, &run(1, output), &against);
    assert_eq!(found.outcome, CheckOutcome::Failed);
    assert_eq!(found.own[0].path.as_deref(), Some("web/src/a.ts"));
    assert_eq!(found.old, ["src/b.ts: no-undef bad"]);
}

#[test]
fn a_formatter_that_only_lists_files_has_not_passed() {
    let changed = ["a.go".to_owned()];
    let against = Against {
        changed: &changed,
        ..AGAINST
    };
    let of = |line: &str, code: i32, output: &str| {
        let command = CheckCommand {
            line: line.to_owned(),
            ..command(CheckKind::Format)
        };
        CheckStep::of(command, &run(code, output), &against)
    };
    let found = of("gofmt -l .", 0, "a.go\nold.go\n");
    assert_eq!(found.outcome, CheckOutcome::Failed);
    assert_eq!(found.old, ["old.go is not formatted"]);
    assert_eq!(
        found.words(),
        "failed (exit code 0, but files are listed): a.go is not formatted; 1 more failed before"
    );
    assert_eq!(of("gofmt -l .", 0, "").outcome, CheckOutcome::Passed);
    assert_eq!(
        of("black --check .", 0, "a.go\n").outcome,
        CheckOutcome::Passed
    );
    let found = of("npx prettier -l .", 1, "a.go\nold.js\n");
    assert_eq!(found.own[0].name, "a.go is not formatted");
}

#[test]
fn the_formatter_is_named_only_if_it_changes_nothing_else() {
    let changed = ["a.go".to_owned()];
    let against = Against {
        changed: &changed,
        ..AGAINST
    };
    let told = |output: &str| {
        let command = CheckCommand {
            line: "gofmt -l .".to_owned(),
            remedy: Some("gofmt -w .".to_owned()),
            ..command(CheckKind::Format)
        };
        let step = CheckStep::of(command, &run(0, output), &against);
        CheckReport { steps: vec![step] }.for_model(500)
    };
    assert!(told("a.go\n").contains("; run `gofmt -w .`:\n"));
    let note = told("a.go\nold.go\n");
    assert!(!note.contains("gofmt -w"), "{note}");
    assert!(note.contains("- a.go is not formatted\n"), "{note}");
    // Who does not use the formatter is not made to.
    let many: String = (0..5).map(|n| format!("old{n}.go\n")).collect();
    assert_eq!(told(&format!("a.go\n{many}")), "");
}

#[test]
fn a_command_that_ended_before_and_now_does_not_has_failed() {
    let stuck = CheckRun {
        code: None,
        ended: "killed after 120 s".to_owned(),
        took: Duration::from_secs(120),
        is_unfinished: true,
        is_timed_out: true,
        ..run(0, "test a ...\n")
    };
    let of = |known: &KnownRuns| {
        let command = command(CheckKind::AllTests);
        let before = known.of(&command.key());
        CheckStep::of(command.clone(), &stuck, &Against { before, ..AGAINST })
    };
    let key = command(CheckKind::AllTests).key();
    let mut known = KnownRuns::default();
    assert!(!of(&known).has_run());
    known.note(&key, BTreeSet::new(), Duration::from_secs(2), false);
    let found = of(&known);
    assert_eq!(found.outcome, CheckOutcome::Failed);
    assert_eq!(found.own[0].name, "`make test` does not end");
    assert_eq!(
        found.own[0].lines,
        ["killed after 120 s; it took 2.0 s before", "test a ..."]
    );
    // It takes long, and always did.
    known.note(&key, BTreeSet::new(), Duration::from_secs(50), false);
    assert!(!of(&known).has_run());
    // It never ended.
    known.note_unfinished(&key, Duration::from_secs(2));
    assert!(!of(&known).has_run());
    known.note_unfinished(&key, Duration::from_secs(2));
    assert_eq!(known.of(&key).map(|known| known.unfinished), Some(2));
}

#[test]
fn files_that_a_linter_changed_are_named() {
    let rewriting = CheckRun {
        rewritten: vec!["a.js".to_owned()],
        ..run(0, "")
    };
    let found = CheckStep::of(command(CheckKind::Lint), &rewriting, &AGAINST);
    assert_eq!(found.words(), "passed; it changed a.js");
    let found = CheckStep::of(command(CheckKind::AllTests), &rewriting, &AGAINST);
    assert_eq!(found.words(), "passed");
}

#[test]
fn what_could_not_do_its_work_has_not_failed() {
    for (code, output, why) in [
        (
            127,
            "sh: 1: pytest: not found\n",
            "a program is missing (exit code 127)",
        ),
        (
            2,
            "make: pytest: No such file\nmake: *** [Makefile:2: test] Error 127\n",
            "a program is missing (exit code 2)",
        ),
        (
            1,
            "/usr/bin/python3: No module named pytest\n",
            "pytest is not installed (exit code 1)",
        ),
        (
            1,
            "/root/.pyenv/versions/3.11.7/bin/python: No module named pyright\n",
            "a module of Python is missing (exit code 1)",
        ),
        (5, "\nno tests ran in 0.01s\n", "no tests were found"),
        (
            101,
            "error: failed to download `serde v1`\n",
            "it needs the network (exit code 101)",
        ),
        (
            1,
            "web.go:4:2: github.com/a/b@v1.2.3: Get \"https://proxy.golang.org/github.com/a/b\": \
             dial tcp: lookup proxy.golang.org: no such host\nFAIL\texample.org/shop [setup failed]\n",
            "it needs the network (exit code 1)",
        ),
        (
            1,
            "No tests found, exiting with code 1\n",
            "no tests were found (exit code 1)",
        ),
        (
            4,
            "ERROR: usage: pytest [options]\npytest: error: unrecognized arguments: --cov=src\n",
            "an option is not known, perhaps since a plugin is missing (exit code 4)",
        ),
    ] {
        let found = CheckStep::of(command(CheckKind::AllTests), &run(code, output), &AGAINST);
        assert_eq!(
            found.outcome,
            CheckOutcome::NotRun(why.to_owned()),
            "{output}"
        );
        let report = CheckReport { steps: vec![found] };
        assert!(report.passed() && !report.has_run());
    }
    let unfinished = CheckRun {
        code: None,
        ended: "killed after 120 s".to_owned(),
        is_unfinished: true,
        is_timed_out: true,
        ..run(0, FAILED)
    };
    let found = CheckStep::of(command(CheckKind::AllTests), &unfinished, &AGAINST);
    let why = "killed after 120 s".to_owned();
    assert_eq!(found.outcome, CheckOutcome::NotRun(why));
    // A test that speaks of the network has failed all the same.
    let output = "TAP version 13\nnot ok 1 - says: could not resolve host\n1..1\n";
    assert_eq!(step(output, &AGAINST).outcome, CheckOutcome::Failed);
}

#[test]
fn a_failure_without_a_word_is_one() {
    let found = step("", &AGAINST);
    assert_eq!(found.own[0].name, "`make test` ended with exit code 1");
}

#[test]
fn the_model_is_told_what_failed_and_how() {
    let report = CheckReport {
        steps: vec![step(FAILED, &AGAINST)],
    };
    assert_eq!(
        report.for_model(500),
        "The program checked your changes.\n\
         `make test` failed with exit code 1 (0 passed, 2 failed):\n\
         - mean of two\n\
         - total\n\
         \n\
         mean of two:\n\
         \x20 got 1\n\
         \n\
         Fix what you changed, then give the whole answer again; the program checks again. Do not \
         change, skip or remove tests to make them pass. If this is not due to your change, say \
         so.\n"
    );
    assert_eq!(
        report.summary(),
        "`make test` failed (exit code 1): mean of two, total"
    );
    assert_eq!(
        report.to_markdown(),
        "- ✗ all tests: `make test` failed (exit code 1): mean of two, total\n  - mean of two\n  - \
         total\n"
    );
}

#[test]
fn what_the_model_is_told_keeps_to_its_budget() {
    let many: String = (0..500)
        .map(|n| format!("not ok {n} - case number {n}\n  {}\n", "word ".repeat(60)))
        .collect();
    let report = CheckReport {
        steps: vec![step(&format!("TAP version 13\n{many}1..500\n"), &AGAINST)],
    };
    for tokens in [0, 1, 50, 120, 300, 614, 5_000] {
        let text = report.for_model(tokens);
        assert!(estimate_text(&text) <= tokens, "{tokens}: {text}");
    }
    let text = report.for_model(614);
    assert!(text.contains("- case number 0\n"), "{text}");
    assert!(text.contains(" more\n"), "{text}");
    assert!(text.contains("(shortened; run the command"), "{text}");
    assert!(text.ends_with("say so.\n"), "{text}");
}

#[test]
fn what_is_known_is_written_and_read_and_does_not_grow() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("checks").join("a.json");
    assert_eq!(KnownRuns::read(&path), KnownRuns::default());
    let mut known = KnownRuns::default();
    for number in 0..60 {
        let failing: BTreeSet<String> = [format!("test {number}")].into();
        known.note(
            &number.to_string(),
            failing,
            Duration::from_secs(number),
            false,
        );
    }
    assert_eq!(known.of("9"), None);
    known.write(&path).expect("it is written");
    known.write(&path).expect("it is written again");
    let again = KnownRuns::read(&path);
    let last = again.of("59").expect("a run");
    assert_eq!(last.took(), Duration::from_secs(59));
    assert!(last.failing.contains("test 59"));
    for damaged in ["", "{", "[]", "{\"version\": 99, \"commands\": {}}"] {
        std::fs::write(&path, damaged).expect("a file");
        assert_eq!(KnownRuns::read(&path), KnownRuns::default(), "{damaged}");
    }
}
