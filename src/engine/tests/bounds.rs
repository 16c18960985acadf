//! Extreme replies: too many calls, no end, and invalid calls beside valid ones.

use std::fs;

use serde_json::{Value, json};

use super::lab::{Ending, Lab, Line, call, calls, fails, notices, outcomes, read, shown, text};
use super::*;
use crate::message::ToolCall;
use crate::model::{Delta, ModelError, StopReason, Usage};

fn run(command: &str) -> (&'static str, Value) {
    ("run_command", json!({ "command": command }))
}

#[tokio::test]
async fn of_a_reply_with_two_thousand_calls_a_few_run_and_the_rest_is_answered() {
    let many = (0..2_000).map(|number| run(&format!("echo {number} >> ran.txt")));
    let mut lab = Lab::new(vec![calls(many.collect()), text("Enough.")]);
    let (end, events) = lab.ask("Do a lot.").await;
    assert_eq!(end, TurnEnd::Answered);
    let done = outcomes(&events);
    assert_eq!(done[..16], [ToolOutcome::Done; 16]);
    assert_eq!(done[16..], [ToolOutcome::Failed]);
    assert_eq!(lab.file("ran.txt").lines().count(), 16);
    let results = lab.results();
    assert!(
        results[16].contains("neither were the 1983 calls after it"),
        "{}",
        results[16]
    );
}

#[tokio::test]
async fn written_calls_are_counted_like_native_ones() {
    let many: String = (0..300)
        .map(|number| {
            format!(
                "<tool_call>{{\"name\": \"run_command\", \"arguments\": {{\"command\": \"echo \
                 {number} >> ran.txt\"}}}}</tool_call>\n"
            )
        })
        .collect();
    let mut lab = Lab::new(vec![text(&many), text("Enough.")]);
    let (end, _) = lab.ask("Do a lot.").await;
    assert_eq!(end, TurnEnd::Answered);
    assert_eq!(lab.file("ran.txt").lines().count(), 16);
}

#[tokio::test]
async fn the_calls_of_a_turn_are_counted_too() {
    let options = EngineOptions {
        max_steps: 2,
        ..EngineOptions::default()
    };
    let ten = |from: usize| {
        calls(
            (from..from + 10)
                .map(|number| run(&format!("echo {number} >> ran.txt")))
                .collect(),
        )
    };
    let mut lab = Lab::with(vec![ten(0), ten(10)], 32_768, options);
    let (end, _) = lab.ask("Do a lot.").await;
    assert_eq!(end, TurnEnd::StepLimit(2));
    assert_eq!(lab.file("ran.txt").lines().count(), 8);
    let results = lab.results();
    assert!(
        results[8].contains("not run: stopped at the limit of 2 steps"),
        "{}",
        results[8]
    );
}

/// A reply with one invalid native call among valid ones.
fn with_broken(at: usize) -> Line {
    let mut line = calls(vec![
        ("read_file", json!({"path": "main.rs"})),
        ("read_file", json!({"path": "b.txt"})),
    ]);
    let broken = ToolCall {
        id: "broken".to_owned(),
        name: "edit_file".to_owned(),
        arguments: serde_json::Map::new(),
    };
    let why = "the arguments of `edit_file` are no JSON object: [1]".to_owned();
    line.deltas
        .insert(at, Delta::BrokenCall { call: broken, why });
    line
}

#[tokio::test]
async fn a_broken_native_call_has_an_error_and_the_good_ones_run() {
    for at in 0..3 {
        let mut lab = Lab::new(vec![with_broken(at), text("Read.")]);
        fs::write(lab.root.join("b.txt"), "second\n").expect("a file");
        let (end, events) = lab.ask("Read both.").await;
        assert_eq!(end, TurnEnd::Answered);
        let mut expected = vec![ToolOutcome::Done; 2];
        expected.insert(at, ToolOutcome::Failed);
        assert_eq!(outcomes(&events), expected);
        assert!(lab.results()[at].starts_with("Error: the arguments of `edit_file`"));
        lab.check_requests_extend_each_other();
    }
}

#[tokio::test]
async fn a_broken_written_call_is_told_of_and_the_good_ones_run() {
    let good = |path: &str| {
        format!(
            "<tool_call>{{\"name\": \"read_file\", \"arguments\": {{\"path\": \"{path}\"}}}}</tool_call>\n"
        )
    };
    let broken = "<tool_call>{\"name\": \"read_file\", \"arguments\": {\"pth\": }}</tool_call>\n";
    for reply in [
        [broken, &good("main.rs"), &good("b.txt")].concat(),
        [&good("main.rs"), broken, &good("b.txt")].concat(),
        [&good("main.rs"), good("b.txt").as_str(), broken].concat(),
    ] {
        let mut lab = Lab::new(vec![text(&reply), text("Read.")]);
        fs::write(lab.root.join("b.txt"), "second\n").expect("a file");
        let (end, events) = lab.ask("Read all.").await;
        assert_eq!(end, TurnEnd::Answered);
        assert_eq!(outcomes(&events), [ToolOutcome::Done; 2], "{reply}");
        assert!(
            lab.results()
                .concat()
                .contains("is not valid and did not run")
        );
    }
}

#[tokio::test]
async fn a_reply_that_repeats_itself_is_stopped_and_not_an_answer() {
    let line = "I will now read the file again.\n";
    let forever = |deltas: Vec<Delta>| Line {
        deltas,
        ending: Ending::Never,
        ..Line::default()
    };
    let pieces = |block: &str| vec![block.to_owned(); 3_000];
    for deltas in [
        pieces(line)
            .into_iter()
            .map(Delta::Text)
            .collect::<Vec<_>>(),
        pieces(line).into_iter().map(Delta::Thinking).collect(),
        pieces("one\ntwo\n\n- three\n")
            .into_iter()
            .map(Delta::Text)
            .collect(),
        pieces(" ").into_iter().map(Delta::Text).collect(),
        pieces("\n").into_iter().map(Delta::Text).collect(),
    ] {
        let mut all = vec![Delta::Text("It greets. ".to_owned())];
        all.extend(deltas);
        let mut lab = Lab::new(vec![forever(all)]);
        let (end, events) = lab.ask("What does it do?").await;
        let TurnEnd::Stuck(why) = &end else {
            panic!("{end:?}");
        };
        assert!(why.message.contains("keeps repeating"), "{why}");
        assert_eq!(why.code, FailureCode::ReplyEndless);
        assert!(shown(&events).len() < 3_000, "{}", shown(&events).len());
        // What is sent back with the next question is short.
        let last = lab.session.messages.last();
        assert!(
            matches!(last, Some(Message::Assistant { text, .. }) if text.len() < 100),
            "{last:?}"
        );
    }
}

#[tokio::test]
async fn a_cut_answer_is_told_from_a_whole_one() {
    let cut = Line {
        usage: Usage {
            stop: StopReason::Length,
            ..Usage::default()
        },
        ..text("It greets, and then")
    };
    let mut lab = Lab::new(vec![cut, text("it ends.")]);
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Cut);
    assert_eq!(lab.ask("Go on.").await.0, TurnEnd::Answered);
    lab.check_requests_extend_each_other();
}

#[tokio::test]
async fn a_runner_that_broke_down_is_asked_once_more() {
    let eof = "an error was encountered while running the model: unexpected EOF";
    let failure = || Failure::new(FailureCode::ModelFailed, eof);
    let crashed = || Line {
        ending: Ending::Error(ModelError::Crashed(failure())),
        ..text("It gre")
    };
    let mut lab = Lab::new(vec![
        crashed(),
        read("main.rs"),
        crashed(),
        text("It greets."),
    ]);
    let (end, events) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Answered);
    let notices = notices(&events);
    let told = notices
        .iter()
        .filter(|it| it.contains("unexpected EOF; asking again"));
    assert_eq!(told.count(), 2, "once in each step: {notices:?}");
    let mut lab = Lab::new(vec![crashed(), crashed()]);
    let (end, _) = lab.ask("What does it do?").await;
    assert_eq!(end, TurnEnd::Failed(failure()));
}

#[tokio::test]
async fn a_stream_that_ends_in_white_space_is_a_cut_answer() {
    let ended = |said: &str| Line {
        ending: Ending::Error(ModelError::Incomplete),
        ..text(&format!("{said}{}", " ".repeat(40)))
    };
    let mut lab = Lab::new(vec![ended("It greets."), ended(""), text("Yes.")]);
    assert_eq!(lab.ask("What does it do?").await.0, TurnEnd::Cut);
    assert_eq!(lab.ask("Sure?").await.0, TurnEnd::Answered);
}

#[cfg(unix)]
#[tokio::test]
async fn an_edit_that_the_system_refuses_is_told_to_the_model() {
    use std::os::unix::fs::PermissionsExt;

    let write = |path: &str| call("write_file", json!({"path": path, "content": "new\n"}));
    // A file is where a folder would be needed; this fails for root as well.
    let mut lab = Lab::new(vec![
        write("main.rs/a.txt"),
        write("locked/a.txt"),
        text("I may not."),
    ]);
    lab.judge.decision = Some(crate::permission::Decision::Once);
    let locked = lab.root.join("locked");
    fs::create_dir(&locked).expect("a folder");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("permissions");
    let (end, events) = lab.ask("Write it.").await;
    assert_eq!(end, TurnEnd::Answered, "{events:?}");
    assert_eq!(outcomes(&events)[0], ToolOutcome::Failed);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[tokio::test]
async fn errors_name_only_tools_that_are_offered() {
    let options = EngineOptions {
        tools: Some(ToolSet::Core),
        ..EngineOptions::default()
    };
    let wrong = [
        ("read_file", json!({"path": "lost.rs"})),
        ("read_file", json!({"path": "sub"})),
        (
            "edit_file",
            json!({"path": "lost.rs", "search": "a", "replace": "b"}),
        ),
        (
            "edit_file",
            json!({"path": "main.rs", "search": "nowhere", "replace": "b"}),
        ),
        ("grep_search", json!({"regex": "fn", "path": "lost"})),
        ("grep_search", json!({"regex": "nowhere to be found"})),
        ("search_files", json!({"glob": "*"})),
        ("write_file", json!({"path": "main.rs", "content": "x"})),
        ("search_codebase", json!({"query": "nothing"})),
    ];
    let script = wrong
        .into_iter()
        .map(|(name, arguments)| call(name, arguments));
    let mut lab = Lab::with(script.chain([text("I see.")]).collect(), 32_768, options);
    fs::create_dir(lab.root.join("sub")).expect("a folder");
    lab.ask("Look.").await;
    let offered = lab.asked()[0].tools.clone();
    for spec in Toolbox::builtin().specs(ToolSet::All) {
        for result in lab.results() {
            let is_named = result.contains(&format!("`{}`", spec.name))
                || result.split_whitespace().any(|word| word == spec.name);
            let own = result.contains("there is no tool");
            assert!(
                !is_named || own || offered.contains(&spec.name),
                "{}: {result}",
                spec.name
            );
        }
    }
}

#[tokio::test]
async fn a_call_that_the_server_swallowed_is_asked_for_in_words() {
    let swallowed = |said: &str| Line {
        usage: Usage {
            reply_tokens: Some(38),
            ..Usage::default()
        },
        ..text(said)
    };
    let block = "```tool\n{\"tool\": \"read_file\", \"path\": \"main.rs\"}\n```";
    for said in [" ", "", "\n\n"] {
        let mut lab = Lab::new(vec![swallowed(said), text(block), text("It greets.")]);
        let (end, events) = lab.ask("What does it do?").await;
        assert_eq!(end, TurnEnd::Answered, "{events:?}");
        assert_eq!(outcomes(&events), [ToolOutcome::Done]);
        let asked = lab.asked();
        assert!(asked[1].tools.is_empty() && asked[1].system().contains("# How to call tools"));
        assert_eq!(shown(&events).trim(), "It greets.");
    }
    // What thinks and then says nothing has swallowed nothing.
    let thought = Line {
        deltas: vec![Delta::Thinking("Hm.".to_owned())],
        ..swallowed("")
    };
    let mut lab = Lab::new(vec![thought, text("It greets.")]);
    lab.ask("What does it do?").await;
    assert!(!lab.asked()[1].tools.is_empty());
    let mut lab = Lab::new(vec![fails(ModelError::Incomplete), text("It greets.")]);
    lab.ask("What does it do?").await;
    assert!(!lab.asked()[1].tools.is_empty());
}
