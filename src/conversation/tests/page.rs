//! What a page in a browser and an API for programs need besides.

use super::*;

/// Writes `new.txt` in a turn, and returns the conversation.
async fn with_a_change(lab: &Lab) -> Conversation {
    let mut conversation = lab.conversation();
    ask(&mut conversation, "Write it.").await;
    conversation
}

fn exists(lab: &Lab) -> bool {
    lab.folder.path().join("work/new.txt").exists()
}

#[tokio::test]
async fn a_file_is_put_back_and_that_can_be_undone() {
    let lab = Lab::new(vec![Line::Write, Line::Text("Done."), Line::Never]);
    let mut conversation = with_a_change(&lab).await;
    let diffs = conversation.file_diffs().await.expect("diffs");
    assert_eq!(diffs.len(), 1);
    let reverted = conversation.revert("new.txt").await.expect("put back");
    assert_eq!(
        reverted.map(|it| it.removed),
        Some(vec!["new.txt".to_owned()])
    );
    assert!(!exists(&lab));
    assert_eq!(conversation.file_diffs().await.expect("diffs"), []);
    let error = conversation
        .revert("new.txt")
        .await
        .expect_err("it is back");
    assert_eq!(error.to_string(), "this session has not changed `new.txt`");
    sentence(&mut conversation, "/undo").await;
    assert!(exists(&lab));
    conversation.ask(None, question("Wait."));
    let busy = conversation.revert("new.txt").await.expect("it is checked");
    assert_eq!(busy, None);
    assert_eq!(conversation.file_diffs().await.expect("diffs").len(), 1);
}

#[tokio::test]
async fn the_model_is_told_what_was_put_back_also_after_a_restart() {
    let lab = Lab::new(vec![Line::Write, Line::Text("Done."), Line::Text("Yes.")]);
    let mut conversation = with_a_change(&lab).await;
    conversation.revert("new.txt").await.expect("put back");
    drop(conversation);
    let mut again = lab.conversation();
    ask(&mut again, "Is it there?").await;
    let open = again.open_session().expect("a session");
    let is_told = |message: &crate::message::Message| matches!(message, crate::message::Message::User { text, .. } if text.contains("put `new.txt` back"));
    assert!(open.session.messages.iter().any(is_told));
}

#[tokio::test]
async fn where_nobody_can_be_asked_a_change_is_denied() {
    let lab = Lab::new(vec![Line::Write, Line::Text("I cannot.")]);
    let mut conversation = lab.conversation();
    conversation.begin_alone();
    conversation.ask(None, question("Write it."));
    loop {
        match conversation.update().await {
            Update::Event(new) => {
                let is_asked = matches!(new.event, Event::ApprovalAsked { .. });
                assert!(!is_asked, "{new:?}");
            }
            Update::Opened => {}
            Update::Ended(_) => break,
        }
    }
    assert!(!exists(&lab));
}

#[tokio::test]
async fn a_question_without_agent_mode_changes_nothing_in_any_mode() {
    let lab = Lab::new(vec![Line::Write, Line::Text("I cannot.")]);
    let mut conversation = lab.conversation();
    conversation.choose_mode("auto-edit").expect("a mode");
    let question = Question {
        read_only: true,
        ..question("Write it.")
    };
    conversation.ask(None, question);
    end(&mut conversation, &Decision::Once).await;
    assert!(!exists(&lab));
    assert_eq!(conversation.mode(), Mode::AutoEdit);
}

#[tokio::test]
async fn a_mode_is_chosen_by_its_name() {
    let lab = Lab::new(vec![]);
    let mut conversation = lab.conversation();
    for (name, mode, work_mode) in [
        ("plan", Mode::Plan, Mode::Ask),
        ("auto-edit", Mode::AutoEdit, Mode::AutoEdit),
        ("plan", Mode::Plan, Mode::AutoEdit),
        ("ask", Mode::Ask, Mode::Ask),
    ] {
        conversation.choose_mode(name).expect("a mode");
        assert_eq!(
            (conversation.mode(), conversation.work_mode()),
            (mode, work_mode)
        );
    }
    conversation.choose_mode("plan").expect("a mode");
    for name in ["", "auto-approve", "careful"] {
        assert!(conversation.choose_mode(name).is_err(), "{name}");
    }
    assert_eq!(conversation.mode(), Mode::Plan);
}

#[tokio::test]
async fn a_stop_while_the_session_is_opened_leaves_no_session_without_a_name() {
    let lab = Lab::new(vec![Line::Text("One.")]);
    let mut conversation = lab.conversation();
    conversation.ask(None, question("a"));
    // It is opened meanwhile, and nobody has looked yet.
    tokio::time::sleep(Duration::from_millis(300)).await;
    conversation.stop();
    let ended = end(&mut conversation, &Decision::Once).await;
    assert!(matches!(ended.how, EndReason::NotBegun), "{:?}", ended.how);
    let open = conversation.open_session();
    let open = open.map(|open| open.session.id.clone());
    assert_eq!(conversation.session(), open.as_ref());
}
