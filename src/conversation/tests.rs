//! Whole conversations with a scripted model: what every front end relies on.

mod page;
mod related;
mod scripted;
mod servers;

use std::collections::VecDeque;
use std::fs;

use anyhow::Error;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use serde_json::json;
use tempfile::TempDir;

use scripted::{Line, Scripted};

use super::commands::{CommandScope, ParsedInput, parse};
use super::workspaces::IndexUpdates;
use super::*;
use crate::app::App;
use crate::config::{Environment, Flags};
use crate::engine::event::Event;
use crate::failure::{Failure, FailureCode};
use crate::message::ToolCall;
use crate::model::{ChatRequest, Delta, ModelError, ModelProfile, Usage};
use crate::permission::Decision;
use crate::session::SessionSummary;

/// A workspace with conversations about it.
struct Lab {
    folder: TempDir,
    shared: Arc<SharedContext>,
}

impl Lab {
    fn new(script: Vec<Line>) -> Lab {
        Lab::on_servers(script, "", &[])
    }

    /// With tables of `config.toml`, and the servers that connections lead to.
    fn on_servers(script: Vec<Line>, tables: &str, servers: &[&'static str]) -> Lab {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("work")).expect("a folder");
        fs::create_dir_all(at("home/.config/ollacode")).expect("a folder");
        fs::write(at("home/.config/ollacode/config.toml"), tables).expect("a file");
        fs::write(at("work/main.rs"), "fn main() {}\n").expect("a file");
        let variables = [
            ("HOME", at("home")),
            ("OLLACODE_DATA_DIR", at("data")),
            ("WORKSPACE_DIR", at("work")),
        ];
        let environment = Environment::new(at("work"), variables);
        let flags = Flags {
            sandbox_off: true,
            ..Flags::default()
        };
        let app = App::start(&flags, &environment).expect("an app");
        let profile = ModelProfile {
            name: app.settings.model.clone(),
            window: 32_768,
            tools: true,
            vision: false,
            weak: false,
            thinks_in_text: false,
            remote: None,
        };
        let connector = Scripted {
            profile,
            script: Arc::new(Mutex::new(script.into())),
            server: "",
            servers: Arc::new(Mutex::new(servers.iter().copied().collect())),
        };
        let (activity, stop) = (ChatActivity::default(), CancellationToken::new());
        let shared = SharedContext {
            workspaces: Workspaces::new(
                app,
                IndexUpdates::None,
                false,
                activity.clone(),
                stop.clone(),
            ),
            registry: Some(Mutex::new(SessionRegistry::open(at("registry.json")))),
            activity,
            connector: Arc::new(connector),
            patience: None,
            first_mode: Mode::Ask,
            offers_auto_approve: false,
            has_user: true,
            stop,
        };
        Lab {
            folder,
            shared: Arc::new(shared),
        }
    }

    fn participant(user: u64, is_owner: bool) -> Participant {
        Participant {
            key: format!("{user}:{user}"),
            user,
            is_owner,
        }
    }

    fn conversation(&self) -> Conversation {
        Conversation::new(Arc::clone(&self.shared), Some(Lab::participant(7, true)))
    }
}

fn question(text: &str) -> Question {
    Question {
        text: text.to_owned(),
        ..Question::default()
    }
}

/// Waits until the turn ends, and answers every approval request with `decision`.
async fn end(conversation: &mut Conversation, decision: &Decision) -> FinishedTurn {
    loop {
        match conversation.update().await {
            Update::Opened => {
                conversation.take_opened().expect("what was opened");
            }
            Update::Event(NumberedEvent {
                event: Event::ApprovalAsked { id, .. },
                ..
            }) => assert!(conversation.answers().decide(id, decision.clone())),
            Update::Event(_) => {}
            Update::Ended(ended) => return ended,
        }
    }
}

async fn ask(conversation: &mut Conversation, text: &str) -> FinishedTurn {
    assert_eq!(
        conversation.ask(None, question(text)),
        SubmitResult::Started
    );
    end(conversation, &Decision::Once).await
}

async fn type_in(conversation: &mut Conversation, line: &str) -> Result<CommandReply, Error> {
    let ParsedInput::Command(command, argument) = parse(line, CommandScope::Chat, &[]) else {
        panic!("{line} is not a command");
    };
    conversation.command(command, argument).await
}

async fn sentence(conversation: &mut Conversation, line: &str) -> String {
    match type_in(conversation, line).await {
        Ok(reply) => reply.sentence().expect("a sentence"),
        Err(error) => format!("✗ {error}"),
    }
}

#[tokio::test]
async fn events_are_numbered_and_a_stream_of_them_can_be_resumed() {
    let lab = Lab::new(vec![Line::Text("It is."), Line::Text("Again.")]);
    let mut conversation = lab.conversation();
    let ended = ask(&mut conversation, "Is it?").await;
    assert!(
        matches!(ended.how, EndReason::Turn(TurnEnd::Answered)),
        "{:?}",
        ended.how
    );
    let all: Vec<NumberedEvent> = conversation.log().after(0).expect("all").cloned().collect();
    let numbers: Vec<u64> = all.iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<u64>>());
    let last = all.last().expect("an event");
    assert_eq!(last.event, Event::TurnEnded(TurnEnd::Answered));
    ask(&mut conversation, "Again?").await;
    let rest = conversation.log().after(last.number).expect("the rest");
    let texts: Vec<&Event> = rest
        .map(|new| &new.event)
        .filter(|event| matches!(event, Event::Text(_)))
        .collect();
    assert_eq!(texts, [&Event::Text("Again.".to_owned())]);
}

#[tokio::test]
async fn a_call_runs_or_not_as_the_answer_to_its_question_says() {
    for (decision, is_written) in [(Decision::Once, true), (Decision::Deny(None), false)] {
        let lab = Lab::new(vec![Line::Write, Line::Text("Done.")]);
        let mut conversation = lab.conversation();
        conversation.ask(None, question("Write it."));
        end(&mut conversation, &decision).await;
        assert_eq!(lab.folder.path().join("work/new.txt").exists(), is_written);
        if !is_written {
            continue;
        }
        let said = sentence(&mut conversation, "/undo").await;
        assert_eq!(said, "undone, turn 1:\n  new.txt (removed)");
        let said = sentence(&mut conversation, "/redo").await;
        assert_eq!(said, "redone, turn 1:\n  new.txt");
    }
}

#[tokio::test]
async fn what_is_asked_meanwhile_waits_its_turn_and_is_dropped_by_a_stop() {
    let lab = Lab::new(vec![Line::Never, Line::Text("Last.")]);
    let mut conversation = lab.conversation();
    assert_eq!(
        conversation.ask(Some(1), question("a")),
        SubmitResult::Started
    );
    for number in 0..MOST_QUEUED {
        let number = i32::try_from(number).expect("a number");
        assert_eq!(
            conversation.ask(Some(number), question("b")),
            SubmitResult::Queued
        );
    }
    assert_eq!(conversation.ask(None, question("c")), SubmitResult::Refused);
    assert!(matches!(
        type_in(&mut conversation, "/new").await,
        Ok(CommandReply::Busy)
    ));
    let stopped = conversation.stop();
    assert_eq!((stopped.is_turn, stopped.dropped), (true, MOST_QUEUED));
    let ended = end(&mut conversation, &Decision::Once).await;
    assert!(!ended.is_followed);
    assert!(matches!(
        ended.how,
        EndReason::NotBegun | EndReason::Turn(TurnEnd::Stopped)
    ));
    assert!(!conversation.is_busy());
}

#[tokio::test]
async fn a_queued_question_is_asked_when_the_turn_before_it_ends() {
    let lab = Lab::new(vec![Line::Text("One."), Line::Text("Two.")]);
    let mut conversation = lab.conversation();
    conversation.ask(Some(1), question("a"));
    conversation.ask(Some(2), question("b"));
    conversation.ask(Some(3), question("c"));
    conversation.unqueue(3);
    conversation.queued_question(2).expect("it waits").text = "changed".to_owned();
    assert!(end(&mut conversation, &Decision::Once).await.is_followed);
    assert!(!end(&mut conversation, &Decision::Once).await.is_followed);
    let open = conversation.open_session().expect("a session");
    assert_eq!(open.session.turn, 2);
    let asked = |message: &crate::message::Message| matches!(message, crate::message::Message::User { text, .. } if text.contains("changed"));
    assert!(open.session.messages.iter().any(asked));
}

#[tokio::test]
async fn a_plan_is_offered_and_carried_out_only_while_it_is_the_last_word() {
    let lab = Lab::new(vec![
        Line::Text("1. Write it."),
        Line::Text("Done."),
        Line::Text("1. Write more."),
        Line::Text("Else."),
    ]);
    let mut conversation = lab.conversation();
    let said = sentence(&mut conversation, "/plan").await;
    assert!(said.starts_with("mode plan: read-only; then ask"));
    let plan = ask(&mut conversation, "How?").await.plan.expect("a plan");
    assert_eq!((plan.turn, plan.mode), (1, Mode::Ask));
    assert!(
        conversation
            .carry_out(&plan, PlanWay::AtOnce)
            .await
            .expect("it begins")
    );
    end(&mut conversation, &Decision::Once).await;
    assert_eq!(conversation.mode(), Mode::Ask);
    assert!(
        !conversation
            .carry_out(&plan, PlanWay::AtOnce)
            .await
            .expect("it is checked")
    );
    type_in(&mut conversation, "/plan").await.expect("a mode");
    let plan = ask(&mut conversation, "How?").await.plan.expect("a plan");
    type_in(&mut conversation, "/plan").await.expect("a mode");
    ask(&mut conversation, "Something else.").await;
    assert!(
        !conversation
            .carry_out(&plan, PlanWay::AtOnce)
            .await
            .expect("it is checked")
    );
}

#[tokio::test]
async fn a_new_session_keeps_mode_and_model_and_the_old_one_can_be_resumed() {
    let lab = Lab::new(vec![Line::Text("One."), Line::Text("Two.")]);
    let mut conversation = lab.conversation();
    let said = sentence(&mut conversation, "/model other").await;
    assert!(said.starts_with("switched to other"), "{said}");
    let said = sentence(&mut conversation, "/approve").await;
    assert!(
        said.starts_with("* ask: ") && said.contains("\n  auto-edit: "),
        "{said}"
    );
    assert_eq!(conversation.mode(), Mode::Ask);
    sentence(&mut conversation, "/approve auto-edit").await;
    ask(&mut conversation, "a").await;
    let first = conversation.session().expect("a session").clone();
    let said = sentence(&mut conversation, "/new").await;
    assert!(said.contains(first.as_str()), "{said}");
    assert_eq!(conversation.mode(), Mode::AutoEdit);
    ask(&mut conversation, "b").await;
    let second = conversation.session().expect("a session").clone();
    assert_ne!(first, second);
    let open = conversation.open_session().expect("a session");
    assert_eq!(open.session.model.profile().name, "other");
    assert!(matches!(
        type_in(&mut conversation, "/resume").await,
        Ok(CommandReply::Resumed)
    ));
    let opened = conversation.take_opened().expect("what was opened");
    assert_eq!((&opened.id, opened.turns), (&first, 1));
    // A wider mode must be chosen again.
    assert_eq!(conversation.mode(), Mode::Ask);
    let said = sentence(&mut conversation, "/resume nothing").await;
    assert!(said.contains("has no session `nothing`"), "{said}");
    assert_eq!(conversation.session(), Some(&first));
}

#[tokio::test]
async fn a_failure_leaves_the_conversation_as_it_was() {
    let lab = Lab::new(vec![Line::Text("One.")]);
    let mut conversation = lab.conversation();
    ask(&mut conversation, "a").await;
    let session = conversation.session().cloned();
    for line in [
        "/model missing",
        "/workspace nowhere",
        "/approve auto-approve",
    ] {
        let said = sentence(&mut conversation, line).await;
        assert!(said.starts_with('✗'), "{line}: {said}");
        assert_eq!(conversation.session(), session.as_ref(), "{line}");
        assert!(conversation.open_session().is_some(), "{line}");
    }
    assert_eq!(conversation.work_mode(), Mode::Ask);
}

#[tokio::test]
async fn it_continues_after_a_restart_and_others_do_not_see_its_sessions() {
    let lab = Lab::new(vec![Line::Text("One.")]);
    let mut conversation = lab.conversation();
    ask(&mut conversation, "a").await;
    let session = conversation.session().cloned();
    conversation.release("left").expect("it is left");
    let again = lab.conversation();
    assert_eq!(again.session(), session.as_ref());
    let other = Lab::participant(8, false);
    let mut other = Conversation::new(Arc::clone(&lab.shared), Some(other));
    let Ok(CommandReply::Sessions { sessions, .. }) = type_in(&mut other, "/sessions").await else {
        panic!("a list of sessions");
    };
    assert_eq!(sessions, []);
    let id = session.expect("a session");
    let said = sentence(&mut other, &format!("/resume {id}")).await;
    assert!(said.contains("has no session"), "{said}");
}

#[tokio::test]
async fn plan_mode_is_kept_by_a_session_that_is_left_and_resumed() {
    let lab = Lab::new(vec![Line::Text("One.")]);
    let mut conversation = lab.conversation();
    ask(&mut conversation, "a").await;
    type_in(&mut conversation, "/plan").await.expect("a mode");
    conversation.release("left").expect("it is left");
    let mut again = lab.conversation();
    again.open().await.expect("a session");
    assert_eq!(again.mode(), Mode::Plan);
}

#[tokio::test]
async fn a_session_is_resumed_by_its_number_in_the_list() {
    let lab = Lab::new(vec![Line::Text("One."), Line::Text("Two.")]);
    let mut conversation = lab.conversation();
    ask(&mut conversation, "a").await;
    let first = conversation.session().cloned();
    sentence(&mut conversation, "/new").await;
    ask(&mut conversation, "b").await;
    let Ok(CommandReply::Sessions { sessions, .. }) = type_in(&mut conversation, "/sessions").await
    else {
        panic!("a list of sessions");
    };
    assert_eq!(sessions.len(), 2);
    let is_first = |summary: &SessionSummary| Some(&summary.id) == first.as_ref();
    let number = 1 + sessions.iter().position(is_first).expect("the first one");
    // All ids begin with a 2, and perhaps one ends with the number.
    let line = format!("/resume {number}");
    assert!(matches!(
        type_in(&mut conversation, &line).await,
        Ok(CommandReply::Resumed)
    ));
    assert_eq!(conversation.session(), first.as_ref());
    // The list stays as it was shown, though the order has changed.
    let said = sentence(&mut conversation, &line).await;
    assert!(said.contains("is the present one"), "{said}");
    let said = sentence(&mut conversation, "/resume 3").await;
    assert!(
        said.contains("no session number 3: /sessions lists 2 sessions"),
        "{said}"
    );
    assert_eq!(conversation.session(), first.as_ref());
}

#[tokio::test]
async fn more_turns_than_there_are_cannot_be_undone() {
    let lab = Lab::new(vec![Line::Write, Line::Text("Done.")]);
    let mut conversation = lab.conversation();
    ask(&mut conversation, "Write it.").await;
    for wrong in ["/undo 0", "/undo all", "/redo -1"] {
        let said = sentence(&mut conversation, wrong).await;
        assert!(said.starts_with("usage: /"), "{wrong}: {said}");
    }
    let said = sentence(&mut conversation, "/undo 3").await;
    assert_eq!(
        said,
        "undone, turn 1:\n  new.txt (removed)\nthere are no more turns that changed files"
    );
}

#[tokio::test]
async fn a_command_of_the_user_runs_like_a_turn_and_is_told_with_the_next_question() {
    let lab = Lab::new(vec![Line::Text("A kettle.")]);
    let mut conversation = lab.conversation();
    assert!(conversation.run_command("echo kettle"));
    assert!(!conversation.run_command("echo again"), "one at a time");
    let ended = end(&mut conversation, &Decision::Once).await;
    assert!(
        matches!(ended.how, EndReason::Ran(Ok(()))),
        "{:?}",
        ended.how
    );
    ask(&mut conversation, "What is it?").await;
    let open = conversation.open_session().expect("a session");
    assert_eq!(open.session.turn, 1);
    let is_told = |message: &crate::message::Message| matches!(message, crate::message::Message::User { text, .. } if text.contains("$ echo kettle\nexit code 0"));
    assert!(open.session.messages.iter().any(is_told));
}
