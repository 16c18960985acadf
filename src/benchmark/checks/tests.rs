use serde_json::json;

use super::*;
use crate::benchmark::material::Material;
use crate::benchmark::tasks::tasks;

fn call(tool: &str, arguments: Value) -> MadeCall {
    MadeCall {
        tool: tool.to_owned(),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
        outcome: Some(ToolOutcome::Done),
        in_text: false,
    }
}

fn answered(answer: &str) -> Attempt {
    Attempt {
        answer: answer.to_owned(),
        ..Attempt::default()
    }
}

#[track_caller]
fn check_answers(want: &Want, good: &[&str], bad: &[&str]) {
    for answer in good {
        assert_eq!(check(want, &answered(answer)), Ok(()), "{answer}");
    }
    for answer in bad {
        let why = check(want, &answered(answer));
        assert!(why.is_err_and(|why| why.starts_with("it said")), "{answer}");
    }
}

#[test]
fn answers_are_judged_by_what_they_name() {
    let cites = Want::Cites {
        path: "src/a1.rs".to_owned(),
        lines: 10..=12,
    };
    check_answers(
        &cites,
        &[
            "src/a1.rs:12",
            "In `src/a1.rs`, line 10.",
            "src/a1.rs:11-30",
        ],
        &["", "src/a1.rs", "src/a1.rs:13", "src/b.rs:12", "line 12"],
    );
    check_answers(
        &Want::Names("parse".to_owned()),
        &["parse", "`parse`", "It is `Parser::parse()`."],
        &[
            "",
            "parser",
            "Let me think about which of all those many functions here could be parse",
        ],
    );
    check_answers(
        &Want::HasText("def a(b):".to_owned()),
        &["It is `def a(b):`.", "```\n  def  a(b):\n```"],
        &["", "def a(c):"],
    );
    check_answers(
        &Want::Lines(vec!["a/b.py".to_owned(), "READY".to_owned()]),
        &["a/b.py\nREADY", "`a/b.py`\n\n**READY**\n"],
        &[
            "",
            "a/b.py READY",
            "Here it is:\na/b.py\nREADY",
            "READY\na/b.py",
        ],
    );
    check_answers(
        &Want::Denies,
        &[
            "It is not found.",
            "There’s no such function",
            "It isn't defined",
            "None.",
        ],
        &["", "It is in `notes.py`.", "knots.py:3"],
    );
}

#[test]
fn calls_are_judged_by_their_arguments() {
    let arguments = vec![
        ("path", ArgumentTest::Path("src/a.rs".to_owned())),
        ("start_line", ArgumentTest::Number(3)),
    ];
    let want = Want::Called {
        tool: "read_file",
        arguments,
    };
    let with = |arguments: Value| Attempt {
        calls: vec![
            call("read_file", json!({"path": "other"})),
            call("read_file", arguments),
        ],
        ..Attempt::default()
    };
    for path in ["src/a.rs", "./src/a.rs", "/tmp/workspace/src/a.rs"] {
        let attempt = with(json!({"path": path, "start_line": 3, "end_line": 9}));
        assert_eq!(check(&want, &attempt), Ok(()), "{path}");
    }
    for arguments in [
        json!({"path": "a.rs", "start_line": 3}),
        json!({"path": "src/a.rs", "start_line": 4}),
        json!({"path": "src/a.rs"}),
    ] {
        let why = check(&want, &with(arguments));
        assert_eq!(why, Err("`path` of `read_file` was \"other\"".to_owned()));
    }
    let none = check(&want, &Attempt::default());
    assert_eq!(none, Err("it did not call `read_file`".to_owned()));
    assert!(check(&Want::MostCalls(2), &with(json!({}))).is_ok());
    assert!(check(&Want::MostCalls(1), &with(json!({}))).is_err());
}

#[test]
fn a_change_is_judged_by_the_files_and_its_form() {
    let material = Material::sample();
    let before: BTreeMap<String, String> = material
        .files
        .iter()
        .map(|file| (file.path.clone(), file.text.clone()))
        .collect();
    let all = tasks(&material);
    let task = all.iter().find(|task| task.name == "edit-diff");
    let task = task.expect("a task");
    let (path, changed) = task.changes.iter().next().expect("a change");
    let mut files = before.clone();
    files.insert(path.clone(), format!("{}\n\n", changed.trim_end()));
    let mut attempt = Attempt {
        calls: vec![call("edit_file", json!({}))],
        replies: vec!["```diff\n--- a/x\n+++ b/x\n```".to_owned()],
        files,
        ..Attempt::default()
    };
    let wrong_form = judge(task, &attempt, &before);
    assert!(wrong_form.is_err_and(|why| why.contains("a diff in the reply")));
    attempt.calls[0].in_text = true;
    assert_eq!(judge(task, &attempt, &before), Ok(()), "white space aside");
    attempt.end = AttemptEnd::OutOfTime;
    assert!(judge(task, &attempt, &before).is_err());
    attempt.end = AttemptEnd::Answered;
    attempt.files.insert("new.txt".to_owned(), String::new());
    let why = judge(task, &attempt, &before).expect_err("a file too many");
    assert_eq!(why, "`new.txt` was changed, which was not asked for");
    attempt.files = before.clone();
    let why = judge(task, &attempt, &before).expect_err("no change");
    assert_eq!(why, format!("`{path}` was not changed"));
    attempt.files.insert(path.clone(), String::new());
    let why = judge(task, &attempt, &before).expect_err("another change");
    assert_eq!(why, format!("`{path}` was not changed as asked"));
    attempt.files.remove(path);
    let why = judge(task, &attempt, &before).expect_err("no file");
    assert_eq!(why, format!("`{path}` was not made"));
}

#[test]
fn calls_are_counted_by_how_they_came() {
    let mut attempt = answered("");
    attempt.calls = vec![
        call("read_file", json!({})),
        call("edit_file", json!({})),
        call("edit_file", json!({})),
    ];
    attempt.calls[1].in_text = true;
    attempt.calls[1].outcome = Some(ToolOutcome::Failed);
    attempt.calls[2].outcome = None;
    attempt.broken = 1;
    let counts = CallCounts {
        made: 3,
        in_text: 1,
        failed: 2,
        broken: 1,
    };
    assert_eq!(attempt.counts(), counts);
}
