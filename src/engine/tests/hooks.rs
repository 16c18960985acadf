//! Hooks of the user around whole turns, on real files.

mod bounds;
mod trusted;

use std::fs;

use serde_json::{Value, json};

use super::lab::{self, Lab, Line, SOURCE, call, edit, outcomes, read, text};
use super::*;
use crate::permission::{Decision, Hook, Mode, UserRules};
use crate::session::audit::{AuditAction, audit};

/// The hooks of a file of settings.
fn hooks(tables: &str) -> Vec<Hook> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    fs::write(&file, tables).expect("a file");
    UserRules::read(&file, None).expect("hooks").hooks
}

/// What is told of beside the index, which there is not.
fn notices(events: &[Event]) -> Vec<&str> {
    let said = lab::notices(events).into_iter();
    said.filter(|said| *said != "this folder is not indexed yet")
        .collect()
}

/// A workspace with hooks of the user.
fn lab(script: Vec<Line>, tables: &str) -> Lab {
    let mut lab = Lab::new(script);
    lab.engine = lab.engine.with_hooks(HookSetup {
        own: hooks(tables),
        ..HookSetup::default()
    });
    lab
}

/// A table of a hook.
fn hook(on: &str, more: &str, command: &str) -> String {
    format!("[[hook]]\non = '{on}'\n{more}\ncommand = '''{command}'''\n")
}

fn run(command: &str) -> Line {
    call("run_command", json!({ "command": command }))
}

/// What hooks ran, and how they ended, from the journal.
fn ran(lab: &Lab) -> Vec<String> {
    let folder = lab.root.with_file_name("sessions");
    let audit = audit(&folder, &lab.session.id).expect("an audit");
    assert_eq!(audit.unreadable, 0);
    let lines = audit
        .entries
        .into_iter()
        .filter_map(|entry| match entry.action {
            AuditAction::Call {
                tool, what, result, ..
            } if tool == "hook" => Some(format!("{what} → {}", result.unwrap_or_default())),
            _ => None,
        });
    lines.collect()
}

/// The details that were shown of calls.
fn details(events: &[Event]) -> Vec<&str> {
    let details = events.iter().filter_map(|event| match event {
        Event::ToolFinished { detail, .. } => Some(detail.as_str()),
        _ => None,
    });
    details.collect()
}

const FORMATTED: &str = "fn main() {\n\tprintln!(\"goodbye\");\n}\n";

fn formatter() -> String {
    hook(
        "after_edit",
        "tool = 'edit_file|write_file'\npaths = '*.rs'",
        "sed -i 's/^    /\\t/' {path}",
    )
}

#[tokio::test]
async fn a_formatter_after_an_edit_is_seen_shown_and_undone() {
    let next =
        json!({"path": "main.rs", "search": "\tprintln!(\"goodbye\");", "replace": "\tok();"});
    let script = vec![edit(), call("edit_file", next), text("It is shorter now.")];
    let mut lab = lab(script, &formatter());
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(
        outcomes(&events),
        [ToolOutcome::Done; 2],
        "{:?}",
        lab.results()
    );
    assert_eq!(lab.file("main.rs"), "fn main() {\n\tok();\n}\n");
    let result = &lab.results()[0];
    assert!(
        result.contains("[main.rs was changed by a hook, and now reads:\n"),
        "{result}"
    );
    assert!(
        result.contains("\n2→\tprintln!(\"goodbye\");\n"),
        "{result}"
    );
    // People see the change as it is in the file.
    let diff = details(&events)[0];
    assert!(
        diff.contains("-    println!(\"hello\");\n+\tprintln!(\"goodbye\");\n"),
        "{diff}"
    );
    // Nothing was left to do for the formatter the second time.
    assert_eq!(
        ran(&lab),
        vec!["after_edit: sed -i 's/^    /\\t/' main.rs → exit code 0"; 2]
    );
    lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(lab.file("main.rs"), SOURCE);
    lab.engine.redo(&mut lab.session).expect("redone");
    assert_eq!(lab.file("main.rs"), "fn main() {\n\tok();\n}\n");
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_file_as_a_hook_left_it_can_be_written_as_a_whole() {
    let whole = json!({"path": "main.rs", "content": "fn main() {}\n"});
    let script = vec![
        read("main.rs"),
        edit(),
        call("write_file", whole),
        text("It does nothing now."),
    ];
    let mut lab = lab(script, &formatter());
    let (_, events) = lab.ask("Empty it.").await;
    assert_eq!(
        outcomes(&events),
        [ToolOutcome::Done; 3],
        "{:?}",
        lab.results()
    );
    assert_eq!(lab.file("main.rs"), "fn main() {}\n");
}

#[tokio::test]
async fn what_a_command_changes_is_formatted_as_well() {
    let table = hook(
        "after_edit",
        "paths = '*.rs'",
        "sed -i 's/^    /\\t/' {path}",
    );
    let script = vec![
        run("sed -i s/hello/goodbye/ main.rs"),
        text("It says goodbye now."),
    ];
    let mut lab = lab(script, &table);
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(lab.file("main.rs"), FORMATTED);
    assert!(details(&events)[0].contains("(files changed by a hook: main.rs)"));
    lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn what_a_hook_changes_elsewhere_belongs_to_the_turn() {
    let table = hook(
        "after_edit",
        "",
        "echo changed >> log.txt; rm -f old.txt; echo new > new.txt",
    );
    let mut lab = lab(vec![edit(), text("It says goodbye now.")], &table);
    for name in ["log.txt", "old.txt"] {
        fs::write(lab.root.join(name), "before\n").expect("a file");
    }
    lab.ask("Say goodbye.").await;
    assert_eq!(lab.file("log.txt"), "before\nchanged\n");
    let result = &lab.results()[0];
    assert!(
        result.contains("[A hook changed log.txt, new.txt, old.txt: read them again before"),
        "{result}"
    );
    lab.engine.undo(&mut lab.session).expect("undone");
    assert_eq!(
        (lab.file("log.txt"), lab.file("old.txt")),
        ("before\n".to_owned(), "before\n".to_owned())
    );
    assert!(!lab.root.join("new.txt").exists());
    assert_eq!(lab.file("main.rs"), SOURCE);
}

/// Refuses forced pushes; `guard.sh` as `docs/hooks.md` has it.
const GUARD: &str =
    "if grep -Eq 'git push.*(--force|-f)'; then echo 'no forced pushes here' >&2; exit 2; fi";

#[tokio::test]
async fn a_guard_refuses_before_anybody_is_asked() {
    let table = hook("before_tool", "tool = 'run_command'", GUARD);
    let script = vec![
        run("git push --force origin main"),
        run("echo pushed > pushed.txt"),
        text("I may not force it."),
    ];
    let mut lab = lab(script, &table);
    let (end, events) = lab.ask("Push it.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Denied, ToolOutcome::Done]);
    let results = lab.results();
    assert!(
        results[0].starts_with("Denied: the hook `if grep -Eq")
            && results[0].contains("objects: no forced pushes here\n"),
        "{results:?}"
    );
    // Only the other one was asked about.
    let asked = lab.judge.asked.lock().len();
    assert_eq!(asked, 1);
    assert_eq!(ran(&lab).len(), 2);
}

#[tokio::test]
async fn a_hook_never_allows_what_would_be_asked_or_denied() {
    let allowing = "touch ran.txt; echo '{\"decision\": \"approve\"}'; exit 0";
    let table = hook("before_tool", "", allowing);
    for (mode, has_run) in [(Mode::Ask, true), (Mode::Plan, false)] {
        let script = vec![edit(), text("I may not.")];
        let mut lab = lab(script, &table);
        lab.judge.decision = None;
        lab.session.mode = mode;
        let (_, events) = lab.ask("Say goodbye.").await;
        assert_eq!(outcomes(&events), [ToolOutcome::Denied], "{mode:?}");
        assert_eq!(lab.file("main.rs"), SOURCE);
        // What is denied already needs no hook.
        assert_eq!(lab.root.join("ran.txt").exists(), has_run, "{mode:?}");
    }
}

#[tokio::test]
async fn an_edited_command_is_shown_to_hooks_as_well() {
    let table = hook("before_tool", "tool = 'run_command'", GUARD);
    let mut lab = lab(vec![run("git push"), text("I may not force it.")], &table);
    lab.judge.decision = Some(Decision::ReplaceCommand("git push -f".to_owned()));
    let (_, events) = lab.ask("Push it.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Denied]);
    assert_eq!(lab.judge.asked.lock().len(), 1);
    assert!(lab.results()[0].contains("no forced pushes here"));
}

#[tokio::test]
async fn hooks_read_what_happens_as_json() {
    let before = hook("before_tool", "", "cat > before.json");
    let after = hook("after_tool", "tool = 'read_*'", "cat > after.json");
    let mut lab = lab(
        vec![read("main.rs"), text("It greets.")],
        &format!("{before}{after}"),
    );
    lab.ask("What does it do?").await;
    let object =
        |name: &str| -> Value { serde_json::from_str(&lab.file(name)).expect("an object") };
    let workspace = lab.root.to_string_lossy().into_owned();
    assert_eq!(
        object("before.json"),
        json!({"hook": "before_tool", "session": lab.session.id.to_string(), "turn": 1,
            "workspace": workspace, "mode": "ask", "tool": "read_file",
            "arguments": {"path": "main.rs"}, "paths": ["main.rs"]})
    );
    let after = object("after.json");
    assert_eq!(
        (&after["hook"], &after["outcome"]),
        (&json!("after_tool"), &json!("done"))
    );
    let result = after["result"].as_str().unwrap_or_default();
    assert!(result.contains("1→fn main() {"), "{result}");
}

#[tokio::test]
async fn what_hooks_say_after_a_call_stands_behind_its_result() {
    let table = hook(
        "after_tool",
        "tool = 'read_file'",
        "echo 'mind the tests' >&2; exit 2",
    );
    let mut lab = lab(vec![read("main.rs"), text("It greets.")], &table);
    let (_, events) = lab.ask("What does it do?").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let result = &lab.results()[0];
    assert!(result.contains("1→fn main() {"), "{result}");
    assert!(
        result.ends_with("exit 2` objects: mind the tests\n]"),
        "{result}"
    );
    let said = notices(&events);
    assert!(
        said.iter().any(|said| said.contains("mind the tests")),
        "{said:?}"
    );
}

#[tokio::test]
async fn the_end_of_a_turn_is_fed_back_and_ends() {
    let table = hook(
        "turn_end",
        "",
        "grep -q goodbye main.rs || { echo 'say goodbye' >&2; exit 2; }",
    );
    let script = vec![
        text("There is nothing to do."),
        edit(),
        text("It says goodbye now."),
    ];
    let mut lab = lab(script, &table);
    let (end, events) = lab.ask("What about it?").await;
    assert_eq!(end, TurnEnd::Answered);
    let asked = lab.asked();
    assert_eq!(asked.len(), 3);
    let note = asked[1].user();
    assert!(
        note.starts_with("[automatic note] The user has set up a check of each turn"),
        "{note}"
    );
    assert!(note.contains("objects: say goodbye"), "{note}");
    let again = events
        .iter()
        .filter(|event| matches!(event, Event::AskedAgain { .. }));
    assert_eq!(again.count(), 1);
    let last = ran(&lab).pop().unwrap_or_default();
    assert!(
        last.starts_with("turn_end: ") && last.ends_with("exit code 0"),
        "{last}"
    );
}

#[tokio::test]
async fn a_hook_that_always_objects_at_the_end_is_shown_and_the_answer_stands() {
    let table = hook("turn_end", "", "echo never >&2; exit 2");
    let script = vec![
        text("It greets."),
        text("It does greet."),
        text("It still greets."),
    ];
    let mut lab = lab(script, &table);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(lab.asked().len(), 3);
    let said = notices(&events).join("\n");
    assert!(
        said.contains("the turn ended all the same: the hook"),
        "{said}"
    );
}

#[tokio::test]
async fn a_session_begins_once() {
    let table = hook("session_start", "", "echo 'welcome back' >&2; exit 2");
    let mut lab = lab(vec![text("It greets."), text("It does.")], &table);
    let (_, events) = lab.ask("What does it do?").await;
    assert!(notices(&events).join("\n").contains("welcome back"));
    let (_, events) = lab.ask("Really?").await;
    assert_eq!(notices(&events), Vec::<&str>::new());
    assert_eq!(ran(&lab).len(), 1);
}

#[tokio::test]
async fn without_hooks_nothing_is_different() {
    let script = || vec![read("main.rs"), edit(), text("It says goodbye now.")];
    let mut plain = Lab::new(script());
    let mut empty = lab(script(), "");
    plain.ask("Say goodbye.").await;
    empty.ask("Say goodbye.").await;
    let texts = |lab: &Lab| -> Vec<String> {
        let asked = lab.asked();
        asked
            .iter()
            .map(|asked| format!("{:?}", asked.tools))
            .chain(lab.results())
            .collect()
    };
    assert_eq!(texts(&plain), texts(&empty));
    assert_eq!(plain.asked()[0].system(), empty.asked()[0].system());
    assert_eq!(ran(&empty), Vec::<String>::new());
}
