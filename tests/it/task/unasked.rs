//! Tasks where nobody can be asked: what goes on without questions, and what ends with the plan kept.

use super::*;
use crate::support::wait_until;

const UNASKED: [&str; 2] = ["--auto-edit", "--auto-steps"];

fn unasked<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&UNASKED[..], more].concat()
}

/// The reason of the last event.
fn reason(events: &[Value]) -> String {
    let last = events.last().unwrap_or(&Value::Null);
    assert_eq!(last["event"], "ended", "{events:#?}");
    assert_eq!(last["how"], "failed", "{events:#?}");
    assert_eq!(last["code"], "job_failed", "{events:#?}");
    last["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn each_step_has_a_small_context_of_its_own() {
    let mut script = vec![
        Reply::text(&format!("A {BIRD} is a bird.")),
        plan(&["a.txt", "b.txt"]),
    ];
    script.extend(step("a.txt"));
    script.extend(step("b.txt"));
    script.push(Reply::text("Both are new."));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let first = environment.run(&["chat", "--no-rag", "-p", "What is a cassowary?"]);
    first.expect_success();
    let events = run(&environment, &unasked(&["--continue", GOAL]), 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    assert!(said(&events).contains("The task is done"), "{events:#?}");
    assert_eq!(environment.read("a.txt"), "a is new\n");
    assert_eq!(environment.read("b.txt"), "b is new\n");

    let requests = server.requests();
    assert_eq!(requests.len(), 6, "{requests:#?}");
    assert!(
        !requests[1]["format"].is_null(),
        "the plan is held to a schema"
    );
    for (at, number) in [(2, 1), (4, 2)] {
        let request = &requests[at];
        assert_eq!(
            messages(request).len(),
            2,
            "the system and the step: {request:#}"
        );
        let told = last_text(request);
        assert!(
            told.contains(&format!("Step {number} of 2: Change ")),
            "{told}"
        );
        assert!(told.contains(&format!("The task: {GOAL}")), "{told}");
        assert!(!request.to_string().contains(BIRD), "{request:#}");
    }
    let second = last_text(&requests[4]);
    assert!(
        second.contains("✓ step 1: Change a.txt\n▸ step 2: Change b.txt"),
        "{second}"
    );
    assert!(
        second.contains("- step 1: a.txt +1 −1; a.txt is new."),
        "{second}"
    );
    // Where the task is stands at the end of each request of a step.
    let result = last_text(&requests[5]);
    let anchor = "(You are at step 2 of 2: Change b.txt. Plan: ✓ 1 ▸ 2)";
    assert!(result.trim_end().ends_with(anchor), "{result}");
    let tools = |at: usize| requests[at]["tools"].to_string();
    assert_eq!(tools(2), tools(0), "the tools stay, for the server's cache");

    // The conversation comes back, with what was done.
    let after = environment.run(&["chat", "--no-rag", "--continue", "-p", "What is new?"]);
    after.expect_success();
    let last = server.requests().pop().expect("a request").to_string();
    for part in [BIRD, "carried out in steps", "a.txt +1 −1", "b.txt is new."] {
        assert!(last.contains(part), "{part}: {last}");
    }
    let export = environment
        .run(&["sessions", "export", session(&events)])
        .expect_success();
    assert!(
        export.stdout.contains("1. · Change a.txt"),
        "{}",
        export.stdout
    );
}

/// The id of the session.
fn session(events: &[Value]) -> &str {
    events[0]["session"].as_str().unwrap_or_default()
}

#[test]
fn a_task_goes_on_after_a_power_cut() {
    let mut script = vec![plan(&["a.txt", "b.txt"])];
    script.extend(step("a.txt"));
    script.push(Reply::hang());
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let mut arguments = vec!["task", "--json", "--no-rag"];
    arguments.extend(unasked(&[GOAL]));
    let mut running = environment.start(&arguments);
    wait_until("the second step", || server.requests().len() == 4);
    running.kill();
    assert_eq!(environment.read("a.txt"), "a is new\n");

    server.then(step("b.txt").into());
    let events = run(&environment, &UNASKED, 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 6, "nothing is planned or done twice");
    let told = last_text(&requests[4]);
    assert!(told.contains("Step 2 of 2: Change b.txt"), "{told}");
    assert!(told.contains("begun and interrupted"), "{told}");
    assert!(told.contains("✓ step 1: Change a.txt"), "{told}");
    assert_eq!(messages(&requests[4]).len(), 2);
    assert_eq!(environment.read("b.txt"), "b is new\n");
    let nothing = environment.run(&["task", "--no-rag"]).expect_code(1);
    nothing.expect_words(&["there is no task to go on with"]);
}

#[test]
fn a_change_outside_the_plan_stops_even_without_questions() {
    let mut script = vec![plan(&["a.txt", "b.txt"])];
    script.extend([edit("c.txt"), Reply::text("c.txt is new.")]);
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let events = run(&environment, &unasked(&[GOAL]), 1);
    let reason = reason(&events);
    assert!(
        reason.contains("`c.txt`, which the plan does not name"),
        "{reason}"
    );
    assert!(
        reason.contains("--resume"),
        "it says how to go on: {reason}"
    );
    assert_eq!(states(&events), "done pending", "{events:#?}");
    assert_eq!(server.requests().len(), 3, "the next step is not begun");
}

#[test]
fn a_denied_call_stops_and_the_step_is_done_again() {
    let mut script = vec![plan(&["a.txt", "b.txt"])];
    script.extend([edit("a.txt"), Reply::text("I may not.")]);
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let events = run(&environment, &["--auto-steps", GOAL], 1);
    let reason = reason(&events);
    assert!(reason.contains("a call was denied"), "{reason}");
    assert_eq!(states(&events), "failed pending", "{events:#?}");

    server.then(step("a.txt").into());
    server.then(step("b.txt").into());
    let events = run(&environment, &UNASKED, 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    let again = server.requests();
    let again = last_text(&again[3]);
    assert!(again.contains("Step 1 of 2"), "{again}");
}

#[test]
fn without_consent_nothing_begins_and_the_plan_is_kept() {
    let list = "Here is the plan:\n\n1. Change a.txt\n2. Change b.txt\n   - Check: look at it";
    let server = ChatServer::start(vec![Reply::text(list)]);
    let environment = environment(&server);
    let events = run(&environment, &["--auto-edit", GOAL], 1);
    let reason = reason(&events);
    assert!(reason.contains("nobody can be asked"), "{reason}");
    // A numbered list is a plan, too.
    assert_eq!(states(&events), "pending pending", "{events:#?}");
    let told = said(&events);
    assert!(told.contains("1. · Change a.txt (`a.txt`)"), "{told}");
    assert!(
        told.contains("2. · Change b.txt (`b.txt`; check: look at it)"),
        "{told}"
    );

    server.then(step("a.txt").into());
    server.then(step("b.txt").into());
    let id = session(&events).to_owned();
    let events = run(&environment, &unasked(&["--resume", &id]), 0);
    assert_eq!(states(&events), "done done", "{events:#?}");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_step_that_shows_nothing_is_asked_about_once() {
    let mut script = vec![plan(&["a.txt", "b.txt"]), Reply::text("a.txt is new.")];
    script.extend(step("a.txt"));
    script.extend([Reply::text("b.txt is new."), Reply::text("It is.")]);
    let server = ChatServer::start(script);
    let environment = environment(&server);
    let events = run(&environment, &unasked(&[GOAL]), 1);
    assert_eq!(states(&events), "done failed", "{events:#?}");
    let requests = server.requests();
    let asked = last_text(&requests[2]);
    assert!(asked.contains("What shows that it is done?"), "{asked}");
    assert!(
        messages(&requests[2]).len() > 2,
        "it is asked in the same conversation"
    );
    let reason = reason(&events);
    assert!(
        reason.contains("nothing was changed and nothing was run"),
        "{reason}"
    );
    assert_eq!(requests.len(), 6, "it is asked once: {requests:#?}");
}

#[test]
fn what_is_no_plan_is_asked_for_once_more() {
    let server = ChatServer::start(vec![plan(&["a.txt"]), Reply::text("I do not know.")]);
    let environment = environment(&server);
    let events = run(&environment, &unasked(&[GOAL]), 1);
    let reason = reason(&events);
    assert!(reason.contains("the model gave no plan"), "{reason}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let again = last_text(&requests[1]);
    assert!(
        again.contains("a plan has 2 to 12 steps, and this one has 1"),
        "{again}"
    );
}

#[test]
fn an_older_program_reads_the_journal_of_a_task() {
    let mut script = vec![plan(&["a.txt", "b.txt"])];
    script.extend(step("a.txt"));
    script.extend(step("b.txt"));
    script.push(Reply::text("It is there."));
    let server = ChatServer::start(script);
    let environment = environment(&server);
    run(&environment, &unasked(&[GOAL]), 0);
    // To it, the records of tasks are lines that it does not know: it skips them.
    let journal = only_journal(&environment.data_folder());
    let text = std::fs::read_to_string(&journal).expect("a journal");
    let is_known = |line: &&str| {
        let kind = serde_json::from_str::<Value>(line).expect("JSON")["type"].clone();
        let new = [
            "planned",
            "step_began",
            "step_ended",
            "task_left",
            "task_ended",
        ];
        !new.contains(&kind.as_str().unwrap_or_default())
    };
    let known: Vec<&str> = text.lines().filter(is_known).collect();
    assert!(known.len() < text.lines().count(), "{text}");
    std::fs::write(&journal, known.join("\n") + "\n").expect("a journal");
    let after = environment.run(&["chat", "--no-rag", "--continue", "-p", "Is it there?"]);
    after.expect_success();
    let last = server.requests().pop().expect("a request").to_string();
    assert!(last.contains("a.txt +1 −1"), "{last}");
}

/// The journal of the only session.
fn only_journal(folder: &std::path::Path) -> std::path::PathBuf {
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.file_name().is_some_and(|name| name == "journal.jsonl") {
                return path;
            }
        }
    }
    panic!("there is no journal");
}
