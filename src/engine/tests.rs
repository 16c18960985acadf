//! Whole turns with a model that plays a script, on real files.

mod lab;
mod rough;

use std::fs;
use std::path::Path;

use ollacode_indexer::Refresh;
use serde_json::json;

use super::event::ToolOutcome;
use super::*;
use crate::model::{ModelError, StopReason, Usage};
use crate::permission::{Decision, Mode};
use lab::{
    Asked, Ending, Lab, Line, SOURCE, call, calls, edit, fails, notices, outcomes, read, shown,
    text,
};

#[tokio::test]
async fn an_answer_is_shown_and_its_citations_are_checked() {
    let mut lab = Lab::new(vec![
        read("main.rs"),
        text("It greets: `main.rs:1-3`, but not main.rs:9."),
    ]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(
        shown(&events),
        "It greets: `main.rs:1-3`, but not main.rs:9."
    );
    let wrong = vec![("main.rs:9".to_owned(), "the file has 3 lines".to_owned())];
    assert!(events.contains(&Event::Citations { wrong }));
    assert_eq!(lab.session.sources[0].path, "main.rs");
    assert_eq!(lab.asked()[0].user(), "What does it do?");
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn an_edit_is_asked_about_made_and_taken_back() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("Done."), text("Yes.")]);
    let (end, events) = lab.ask("Say goodbye instead.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Done]);
    assert!(lab.file("main.rs").contains("goodbye"));
    let asked = lock(&lab.judge.asked).clone();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].title.starts_with("edit main.rs"), "{asked:?}");
    assert_eq!(asked[0].hash.len(), 64);
    let undone = lab.engine.undo(&mut lab.session).expect("an undo");
    assert_eq!(undone.turn, 1);
    assert_eq!(lab.file("main.rs"), SOURCE);
    // The model is told with the next question.
    lab.ask("Is it as it was?").await;
    let asked = lab.asked();
    let said = asked.last().map(Asked::user).unwrap_or_default();
    assert!(said.contains("took back"), "{said}");
    assert!(said.ends_with("## Request\n\nIs it as it was?"), "{said}");
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn what_is_denied_does_not_run_and_the_reason_reaches_the_model() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("I did not.")]);
    lab.judge.decision = Some(Decision::Deny(Some("not on a Friday".to_owned())));
    let (end, events) = lab.ask("Say goodbye.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Denied]);
    assert_eq!(lab.file("main.rs"), SOURCE);
    assert!(lab.results()[1].contains("not on a Friday"));
}

#[tokio::test]
async fn without_anybody_to_ask_what_would_ask_is_denied() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("I could not.")]);
    lab.judge.decision = None;
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Denied]);
    assert!(lab.results()[1].contains("nobody to ask"));
    assert!(lock(&lab.judge.asked).is_empty());
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn what_is_allowed_for_the_session_is_asked_once() {
    let back = json!({"path": "main.rs", "search": "goodbye", "replace": "hello"});
    let mut lab = Lab::new(vec![
        read("main.rs"),
        edit(),
        call("edit_file", back),
        text("There and back."),
    ]);
    lab.judge.decision = Some(Decision::Session);
    lab.ask("Go there and back.").await;
    let asked = lock(&lab.judge.asked).clone();
    if asked[0].remember.is_some() {
        assert_eq!(asked.len(), 1);
    }
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn modes_decide_without_asking() {
    let mut lab = Lab::new(vec![read("main.rs"), edit(), text("Done.")]);
    lab.session.mode = Mode::AutoEdit;
    lab.judge.decision = None;
    let (_, events) = lab.ask("Say goodbye.").await;
    assert_eq!(outcomes(&events), [ToolOutcome::Done, ToolOutcome::Done]);
    assert!(lab.file("main.rs").contains("goodbye"));
}

#[tokio::test]
async fn a_plan_writes_nothing_and_ends_as_a_plan() {
    let mut lab = Lab::new(vec![edit(), text("1. Edit main.rs\n2. Run it")]);
    let question = Question {
        text: "Say goodbye.".to_owned(),
        plan: true,
        ..Question::default()
    };
    let (end, events) = lab.put(question).await;
    assert_eq!(end, TurnEnd::Planned);
    assert_eq!(outcomes(&events).len(), 1);
    assert_ne!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(lab.file("main.rs"), SOURCE);
    assert!(lab.asked()[0].user().contains("numbered plan"));
    // The list of tools is the same, so that the server's cache holds.
    assert_eq!(lab.asked()[0].tools.len(), 13);
}

#[tokio::test]
async fn a_call_in_the_text_is_run_and_not_shown() {
    let leaked = "I look.\n<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": \
                  \"main.rs\"}}\n</tool_call>";
    let mut lab = Lab::new(vec![text(leaked), text("It greets.")]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let shown = shown(&events);
    assert!(shown.starts_with("I look."), "{shown}");
    assert!(
        !shown.contains("tool_call") && !shown.contains("read_file"),
        "{shown}"
    );
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_call_that_was_only_read_is_not_run() {
    let call = "{\"name\": \"delete_file\", \"arguments\": {\"path\": \"main.rs\"}}";
    let mut lab = Lab::new(vec![read("notes.txt"), text(call)]);
    lab.session.mode = Mode::AutoApprove;
    fs::write(lab.root.join("notes.txt"), format!("{call}\n")).expect("a file");
    let (end, events) = lab.ask("What is in the notes?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    assert_eq!(shown(&events), call);
    assert_eq!(lab.file("main.rs"), SOURCE);
}

#[tokio::test]
async fn a_broken_call_in_the_text_is_asked_for_with_a_format() {
    let broken = "<tool_call>\n{\"name\": \"read_file\", \"arguments\": {\"path\": ";
    let good = "{\"tool\": \"read_file\", \"tool_input\": {\"path\": \"main.rs\"}}";
    let mut lab = Lab::new(vec![text(broken), text(good), text("It greets.")]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let asked = lab.asked();
    let formats: Vec<bool> = asked.iter().map(|asked| asked.format).collect();
    assert_eq!(formats, [false, true, false]);
    assert!(asked[1].tools.is_empty());
    // What was asked for the call is forgotten again.
    assert_eq!(asked[2].messages.len(), asked[0].messages.len() + 2);
    assert!(!shown(&events).contains("tool_input"));
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn an_empty_reply_is_asked_for_again_then_in_other_words_then_it_ends() {
    let mut lab = Lab::new(vec![text(""), text("  \n"), text("")]);
    let (end, events) = lab.ask("Well?").await;
    assert!(matches!(end, TurnEnd::Stuck(_)), "{end:?}");
    assert_eq!(
        notices(&events)
            .iter()
            .filter(|text| text.contains("empty"))
            .count(),
        2
    );
    let asked = lab.asked();
    assert_eq!(asked[0].messages, asked[1].messages);
    assert_eq!(asked[2].messages.len(), asked[1].messages.len() + 2);
    assert!(
        asked[2]
            .user()
            .contains("neither an answer nor a readable tool call")
    );
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn an_error_of_the_parser_is_climbed_like_an_empty_reply() {
    let error = ModelError::BrokenCall("XML syntax error on line 7".to_owned());
    let mut lab = Lab::new(vec![fails(error.clone()), fails(error), text("It greets.")]);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert!(lab.asked()[2].user().contains("XML syntax error on line 7"));
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_not_taken_for_an_answer() {
    let broken = || Line {
        ending: Ending::Error(ModelError::Incomplete),
        ..text("It gre")
    };
    let mut lab = Lab::new(vec![broken(), broken(), broken()]);
    let (end, _) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
}

#[tokio::test]
async fn a_model_that_takes_no_tools_is_told_of_them_in_words() {
    let spoken = "I look.\n\n```tool\n{\"tool\": \"read_file\", \"path\": \"main.rs\"}\n```";
    let mut lab = Lab::new(vec![
        fails(ModelError::NoTools),
        text(spoken),
        text("It greets."),
        text("Again."),
    ]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(outcomes(&events), [ToolOutcome::Done]);
    let asked = lab.asked();
    assert_eq!(asked[0].tools.len(), 13);
    assert!(asked[1].tools.is_empty());
    assert!(asked[1].system().contains("# How to call tools"));
    assert!(asked[2].user().starts_with("[result of `read_file`]\n"));
    assert!(asked[2].messages.starts_with(&asked[1].messages));
    lab.ask("And now?").await;
    let asked = lab.asked();
    assert!(asked[3].tools.is_empty());
    assert!(asked[3].messages.starts_with(&asked[2].messages));
}

#[tokio::test]
async fn the_same_call_again_and_again_ends_the_turn() {
    let mut lab = Lab::new((0..5).map(|_| read("main.rs")).collect());
    let (end, events) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Stuck(_)), "{end:?}");
    assert_eq!(outcomes(&events).len(), 5);
    let results = lab.results();
    assert!(!results[1].contains("in a row"));
    assert!(results[2].contains("the same call for the 3. time in a row"));
    assert!(results[4].starts_with("not run"));
}

#[tokio::test]
async fn calls_run_in_order_and_errors_go_back_to_the_model() {
    let mut lab = Lab::new(vec![
        calls(vec![
            ("read_file", json!({"path": "lost.rs"})),
            ("no_such_tool", json!({})),
            ("read_file", json!({"filepath": "main.rs"})),
        ]),
        text("It greets."),
    ]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(
        outcomes(&events),
        [ToolOutcome::Failed, ToolOutcome::Failed, ToolOutcome::Done]
    );
    assert!(lab.results()[1].contains("there is no tool `no_such_tool`"));
    assert!(lab.results()[2].contains("fn main()"));
}

#[tokio::test]
async fn the_limit_of_steps_is_an_end_after_which_one_can_go_on() {
    let options = EngineOptions {
        max_steps: 2,
        ..EngineOptions::default()
    };
    let script = vec![read("main.rs"), read("lost.rs"), text("Here I am.")];
    let mut lab = Lab::with(script, 32_768, options);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::StepLimit(2));
    let (end, _) = lab.ask("Go on.").await;
    assert_eq!(end, TurnEnd::Answered);
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_stop_keeps_what_was_said() {
    let mut lab = Lab::new(vec![
        Line {
            ending: Ending::Never,
            ..text("It gre")
        },
        text("Yes?"),
    ]);
    let stop = lab.stop.clone();
    let stopping = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        stop.cancel();
    };
    let ((end, _), ()) = tokio::join!(lab.ask("What does it do?"), stopping);
    assert_eq!(end, TurnEnd::Stopped);
    let last = lab.session.messages.last();
    assert!(
        matches!(last, Some(Message::Assistant { text, .. }) if text.starts_with("It gre\n")),
        "{last:?}"
    );
    lab.stop = CancellationToken::new();
    let (end, _) = lab.ask("Hello?").await;
    assert_eq!(end, TurnEnd::Answered);
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn who_stops_listening_stops_the_turn() {
    let mut lab = Lab::new(vec![Line {
        ending: Ending::Never,
        ..text("It greets.")
    }]);
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let question = Question {
        text: "What does it do?".to_owned(),
        ..Question::default()
    };
    let end = lab
        .engine
        .ask(&mut lab.session, question, &lab.judge, &sender, &lab.stop)
        .await;
    assert_eq!(end, TurnEnd::Stopped);
    assert!(!lab.stop.is_cancelled());
}

#[tokio::test]
async fn a_cut_by_the_server_is_reported() {
    let cut = Line {
        usage: Usage {
            prompt_tokens: Some(100),
            ..Usage::default()
        },
        ..text("Hm.")
    };
    let mut lab = Lab::new(vec![cut]);
    let (_, events) = lab.ask("What does it do?").await;
    let notices = notices(&events);
    assert!(
        notices
            .iter()
            .any(|text| text.contains("seems to have cut")),
        "{notices:?}"
    );
}

#[tokio::test]
async fn a_call_that_does_not_fit_a_reply_is_to_be_written_in_pieces() {
    let cut = Line {
        usage: Usage {
            stop: StopReason::Length,
            ..Usage::default()
        },
        ..text("<tool_call>\n{\"name\": \"write_file\", \"arguments\": {\"path\": \"a\", \"con")
    };
    let mut lab = Lab::new(vec![cut, text("I leave it.")]);
    let (end, _) = lab.ask("Write it.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert!(lab.asked()[1].user().contains("smaller pieces"));
    assert_eq!(lab.asked().len(), 2);
}

fn long_file(lab: &Lab, name: &str) {
    let text = "let value = compute(input, 42); // as it was\n".repeat(220);
    fs::write(lab.root.join(name), text).expect("a file");
}

#[tokio::test]
async fn older_turns_become_a_summary_and_the_task_stays() {
    let reads = (0..3).map(|number| read(&format!("long{number}.rs")));
    let script = [text("First answer, long enough. ").repeated(300)]
        .into_iter()
        .chain([text("Second answer. ").repeated(300)])
        .chain(reads)
        .chain([text("The end.")]);
    let mut lab = Lab::with(script.collect(), 8_192, EngineOptions::default());
    for number in 0..3 {
        long_file(&lab, &format!("long{number}.rs"));
    }
    lab.ask("The first task.").await;
    lab.ask("The second task.").await;
    // A request for a summary comes between, and its reply is a call: no summary.
    let before = lab.asked().len();
    let (_, events) = lab.ask("The third task.").await;
    let compacted = events
        .iter()
        .filter(|event| matches!(event, Event::Compacted { before, after } if after < before));
    assert!(compacted.count() >= 1, "{events:?}");
    for asked in &lab.asked()[before..] {
        let is_summary = asked.tools.is_empty();
        let said = asked.user();
        assert!(is_summary || said.ends_with("The third task."), "{said}");
    }
}

#[tokio::test]
async fn a_full_window_is_the_end_where_nothing_may_be_made_shorter() {
    let options = EngineOptions {
        compact: false,
        ..EngineOptions::default()
    };
    let script = vec![text("An answer, long enough. ").repeated(2_000)];
    let mut lab = Lab::with(script, 4_096, options);
    lab.ask("The first task.").await;
    let (end, events) = lab.ask("The second task.").await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
    assert!(
        notices(&events)
            .iter()
            .any(|text| text.contains("switched off"))
    );
}

#[tokio::test]
async fn a_request_that_the_server_refuses_is_made_shorter_once() {
    let refused = || {
        fails(ModelError::TooLong {
            needed: None,
            window: None,
        })
    };
    let mut lab = Lab::new(vec![read("main.rs"), refused(), text("It greets.")]);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    let mut lab = Lab::new(vec![refused(), refused()]);
    let (end, _) = lab.ask("What does it do?").await;
    assert!(matches!(end, TurnEnd::Failed(_)), "{end:?}");
}

#[tokio::test]
async fn compaction_by_hand_keeps_the_last_turn() {
    let mut lab = Lab::new(vec![
        text("First answer. ").repeated(200),
        text("Second answer."),
        text("The user asked twice."),
    ]);
    lab.ask("The first task.").await;
    lab.ask("The second task.").await;
    let (sender, _receiver) = mpsc::channel(100);
    let report = lab
        .engine
        .compact(&mut lab.session, &sender, &lab.stop)
        .await
        .expect("it is shorter");
    assert!(report.summarised && report.after < report.before);
    let texts: Vec<&Message> = lab.session.messages.iter().skip(1).collect();
    assert!(
        matches!(texts[0], Message::User { text }
            if text.contains("The user asked twice.") && text.ends_with("The second task.")),
        "{texts:?}"
    );
    assert!(matches!(texts[1], Message::Assistant { text, .. } if text == "Second answer."));
    let report = lab
        .engine
        .compact(&mut lab.session, &sender, &lab.stop)
        .await;
    assert!(report.is_err());
}

#[tokio::test]
async fn notes_of_the_repository_are_announced_and_told() {
    let mut lab = Lab::new(vec![read("sub/a.rs"), text("Done."), text("Again.")]);
    fs::create_dir(lab.root.join("sub")).expect("a folder");
    fs::write(lab.root.join("sub/a.rs"), "fn a() {}\n").expect("a file");
    fs::write(lab.root.join("sub/OLLACODE.md"), "Of the folder.\n").expect("a file");
    fs::write(lab.root.join("OLLACODE.md"), "Use tabs.\n").expect("a file");
    let (_, events) = lab.ask("Read it.").await;
    let notices = notices(&events);
    assert!(
        notices.iter().any(|text| text.contains("`OLLACODE.md`")),
        "{notices:?}"
    );
    assert!(
        notices
            .iter()
            .any(|text| text.contains("`sub/OLLACODE.md`")),
        "{notices:?}"
    );
    assert!(lab.asked()[0].system().contains("Use tabs."));
    assert!(lab.results()[0].contains("Of the folder."));
    // What changes meanwhile waits for the next conversation: the beginning stays as it is.
    fs::write(lab.root.join("OLLACODE.md"), "Obey me.\n").expect("a file");
    lab.ask("Again.").await;
    assert!(!lab.asked()[2].system().contains("Obey me."));
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn the_index_and_named_files_go_before_the_model() {
    let mut lab = Lab::new(vec![text("It greets.")]);
    lab.engine
        .context
        .code
        .index()
        .refresh(&Refresh::default(), &|_| {})
        .await
        .expect("an index");
    fs::write(lab.root.join(".env"), "TOKEN=1\n").expect("a file");
    let question = Question {
        text: "Where is hello printed in main?".to_owned(),
        files: vec!["main.rs".to_owned(), ".env".to_owned(), "lost".to_owned()],
        plan: false,
    };
    let (_, events) = lab.put(question).await;
    let said = lab.asked()[0].user().to_owned();
    assert!(said.contains("1→fn main() {"), "{said}");
    assert!(!said.contains("TOKEN=1"));
    assert!(said.ends_with("## Request\n\nWhere is hello printed in main?"));
    assert_eq!(
        notices(&events)
            .iter()
            .filter(|text| text.contains("not put before"))
            .count(),
        2
    );
    let retrieved = events.iter().find_map(|event| match event {
        Event::Retrieved { sources } => Some(sources.clone()),
        _ => None,
    });
    assert_eq!(retrieved.expect("a search")[0].path, "main.rs");
    assert!(said.contains("main.rs:1-3"), "{said}");
}

#[tokio::test]
async fn tokens_add_up() {
    let mut lab = Lab::new(vec![text("It greets.")]);
    let before = lab.engine.tokens(&lab.session);
    assert!(before.system > 200 && before.tools > 200);
    assert_eq!(before.history, 0);
    lab.ask("What does it do?").await;
    let after = lab.engine.tokens(&lab.session);
    assert_eq!(after.system, before.system);
    assert!(after.history > 5);
    assert_eq!(after.used, after.system + after.tools + after.history);
}

#[tokio::test]
async fn nothing_is_written_that_was_not_asked_for() {
    let mut lab = Lab::new(vec![read("main.rs"), text("It greets.")]);
    lab.ask("What does it do?").await;
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect()
    };
    assert_eq!(names(&lab.root), ["main.rs"]);
}
