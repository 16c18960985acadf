//! What an answer claims is compared with what the turn did.

use std::fs;

use serde_json::json;

use super::lab::{Lab, Line, call, edit, failed, fails, read, shown, text};
use super::*;
use crate::engine::event::{Doubt, TurnFacts};

fn facts(events: &[Event]) -> TurnFacts {
    let found = events.iter().find_map(|event| match event {
        Event::TurnFacts(facts) => Some(facts.clone()),
        _ => None,
    });
    found.unwrap_or_default()
}

fn asked_again(events: &[Event]) -> usize {
    let is_it = |event: &&Event| matches!(event, Event::AskedAgain { .. });
    events.iter().filter(is_it).count()
}

fn check(code: u8) -> (Line, String) {
    let run = call("run_command", json!({"command": "sh check.sh"}));
    (run, format!("exit {code}\n"))
}

#[tokio::test]
async fn a_claim_about_tests_that_did_not_run_is_asked_about_once() {
    let mut lab = Lab::new(vec![
        edit(),
        text("All tests pass."),
        text("It says goodbye now; I have not run the tests."),
    ]);
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(asked_again(&events), 1, "{events:?}");
    let asked = lab.asked();
    assert_eq!(asked.len(), 3);
    let note = asked[2].user();
    assert!(note.contains("“All tests pass.”"), "{note}");
    assert!(note.contains("no test ran after your last edit"), "{note}");
    let facts = facts(&events);
    assert_eq!(facts.files[0].path, "main.rs");
    assert_eq!(facts.files[0].lines, Some((1, 1)));
    assert_eq!(facts.doubts, []);
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_claim_that_is_repeated_is_marked_for_the_user() {
    let claim = || text("All tests pass.");
    let doubt = Doubt::NoTestRun {
        claim: "All tests pass.".to_owned(),
    };
    let mut lab = Lab::new(vec![edit(), claim(), claim()]);
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(asked_again(&events), 1);
    assert_eq!(facts(&events).doubts, std::slice::from_ref(&doubt));
    // Without a step that is left, nothing is asked.
    let options = EngineOptions {
        max_steps: 2,
        ..EngineOptions::default()
    };
    let mut lab = Lab::with(vec![edit(), claim()], 32_768, options);
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!((end, asked_again(&events)), (TurnEnd::Answered, 0));
    assert_eq!(facts(&events).doubts, [doubt]);
}

#[tokio::test]
async fn an_answer_stands_if_the_model_is_asked_again_in_vain() {
    let doubt = Doubt::NoTestRun {
        claim: "All tests pass.".to_owned(),
    };
    let empty = || vec![text(""); 3];
    for (script, max_steps, why) in [
        (empty(), 9, "the model's reply was empty several times"),
        (vec![fails(failed("it is gone"))], 9, "it is gone"),
        (vec![read("main.rs")], 3, "the limit of 3 steps is reached"),
    ] {
        let options = EngineOptions {
            max_steps,
            ..EngineOptions::default()
        };
        let script = [vec![edit(), text("All tests pass.")], script].concat();
        let mut lab = Lab::with(script, 32_768, options);
        let (end, events) = lab.ask("Say goodbye.").await;
        assert_eq!(end, TurnEnd::Answered, "{why}");
        assert_eq!(facts(&events).doubts, std::slice::from_ref(&doubt));
        let mut reasons = events.iter().filter_map(|event| match event {
            Event::AskedAgain { why } => Some(why.as_str()),
            _ => None,
        });
        let last = reasons.next_back().unwrap_or_default();
        assert!(last.contains(why), "{last}");
        let told = shown(&events);
        assert_eq!(told.matches("All tests pass.").count(), 2, "{told}");
        assert!(lab.session.remarks.is_empty());
    }
    // An announcement is only the answer if nothing follows it at all.
    let announced = || vec![text("Let me read the file first.")];
    let mut lab = Lab::new([announced(), empty()].concat());
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Answered);
    let mut lab = Lab::new([announced(), vec![read("main.rs")], empty()].concat());
    let (end, _) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Stuck(_)), "{end:?}");
}

#[tokio::test]
async fn what_ran_after_the_last_edit_is_proof_or_its_opposite() {
    let (run, script) = check(0);
    let mut lab = Lab::new(vec![edit(), run, text("All tests pass.")]);
    fs::write(lab.root.join("check.sh"), script).expect("a file");
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(asked_again(&events), 0, "{events:?}");
    let told = facts(&events);
    assert_eq!(told.commands[0].command, "sh check.sh");
    assert!(told.commands[0].is_success && told.doubts.is_empty());

    let (run, script) = check(3);
    let mut lab = Lab::new(vec![
        edit(),
        run,
        text("All tests pass."),
        text("One test fails."),
    ]);
    fs::write(lab.root.join("check.sh"), script).expect("a file");
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(asked_again(&events), 1);
    let asked = lab.asked();
    let note = asked[3].user();
    assert!(
        note.contains("`sh check.sh` ended with exit code 3"),
        "{note}"
    );
    assert!(facts(&events).doubts.is_empty());

    // What ran before the edit proves nothing.
    let (run, script) = check(0);
    let mut lab = Lab::new(vec![run, edit(), text("All tests pass."), text("I see.")]);
    fs::write(lab.root.join("check.sh"), script).expect("a file");
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(asked_again(&events), 1);
    assert!(facts(&events).commands.is_empty());
}

#[tokio::test]
async fn a_step_of_the_plan_that_nobody_touched_is_named() {
    let plan = "1. Change `main.rs`.\n2. Update docs/a.md.";
    let mut lab = Lab::new(vec![edit(), text("Done."), text("Step 2 is left.")]);
    let (_, events) = lab.ask(plan).await;
    assert_eq!(asked_again(&events), 1, "{events:?}");
    let asked = lab.asked();
    let note = asked[2].user();
    assert!(
        note.contains("nothing was done for step 2 (docs/a.md)"),
        "{note}"
    );
    let told = facts(&events);
    let numbers: Vec<u32> = told.untouched.iter().map(|step| step.number).collect();
    assert_eq!(numbers, [2]);
    assert!(told.doubts.is_empty());
    // A plan of the last answer counts, too.
    let mut lab = Lab::new(vec![text(plan), edit(), text("Done."), text("Done.")]);
    lab.ask("What is to be done?").await;
    let (_, events) = lab.ask("Do it.").await;
    assert_eq!(asked_again(&events), 1);
    assert!(matches!(
        &facts(&events).doubts[..],
        [Doubt::StepsUntouched { steps, .. }] if *steps == [2]
    ));
}

#[tokio::test]
async fn an_answer_in_another_script_is_asked_for_once_more() {
    let chinese = "它会打印一句问候语，然后程序就正常结束了，没有其他输出。";
    let mut lab = Lab::new(vec![text(chinese), text("It prints a greeting.")]);
    let (end, events) = lab.ask("What does the program print?").await;
    assert_eq!((end, asked_again(&events)), (TurnEnd::Answered, 1));
    let asked = lab.asked();
    let note = asked[1].user();
    assert!(note.contains("in the language of the request"), "{note}");
    // Once only, and not where it was wanted.
    let mut lab = Lab::new(vec![text(chinese), text(chinese), text(chinese)]);
    let (_, events) = lab.ask("What does the program print?").await;
    assert_eq!(asked_again(&events), 1);
    let (_, events) = lab.ask("Say it in Chinese, please.").await;
    assert_eq!(asked_again(&events), 0);
}

#[tokio::test]
async fn lines_that_were_never_shown_are_marked_where_they_are_cited() {
    let pages = json!({"path": "big.rs", "start_line": 1, "end_line": 10});
    let mut lab = Lab::new(vec![
        call("read_file", pages),
        text("See big.rs:3 and big.rs:90."),
    ]);
    let lines: String = (1..=100).map(|n| format!("let v{n} = {n};\n")).collect();
    fs::write(lab.root.join("big.rs"), lines).expect("a file");
    let (_, events) = lab.ask("Where is it?").await;
    let citations = Event::Citations {
        wrong: Vec::new(),
        not_seen: vec!["big.rs:90".to_owned()],
    };
    assert!(events.contains(&citations), "{events:?}");
    let is_told = |event: &Event| matches!(event, Event::TurnFacts(_));
    assert!(!events.iter().any(is_told), "nothing was changed");
}
