//! Sessions where there are several servers.

use super::scripted::HUNG;
use super::*;

const TWO: &str = "[[server]]\nurl = 'http://127.0.0.1:9'\nkind = 'ollama'\n";

/// The notices about servers.
fn notices(conversation: &Conversation) -> Vec<String> {
    let events = conversation.log().after(0).expect("all");
    let notices = events.filter_map(|event| match &event.event {
        Event::Notice(text) if text.contains("goes on") => Some(text.clone()),
        _ => None,
    });
    notices.collect()
}

/// The server of the session.
fn server(conversation: &Conversation) -> &str {
    let open = conversation.open_session().expect("it is open");
    open.session.model.server()
}

#[tokio::test]
async fn a_session_stays_on_its_server_until_that_is_gone() {
    let script = vec![
        Line::Text("One."),
        Line::Text("Two."),
        Line::Gone,
        Line::Text("Three."),
    ];
    let lab = Lab::on_servers(script, TWO, &["here:1", "there:1"]);
    let mut conversation = lab.conversation();
    for text in ["a", "b"] {
        let ended = ask(&mut conversation, text).await;
        assert!(matches!(ended.how, EndReason::Turn(TurnEnd::Answered)));
        assert_eq!(server(&conversation), "here:1");
    }
    // The turn fails, and nothing changes within it.
    let ended = ask(&mut conversation, "c").await;
    let EndReason::Turn(TurnEnd::Failed(failure)) = ended.how else {
        panic!("{:?}", ended.how);
    };
    assert_eq!(failure.code, FailureCode::ServerUnreachable);
    assert_eq!(server(&conversation), "here:1");
    assert_eq!(notices(&conversation), Vec::<String>::new());
    let ended = ask(&mut conversation, "d").await;
    assert!(matches!(ended.how, EndReason::Turn(TurnEnd::Answered)));
    assert_eq!(server(&conversation), "there:1");
    let notices = notices(&conversation);
    let [notice] = notices.as_slice() else {
        panic!("one notice: {notices:?}");
    };
    assert!(notice.starts_with("here:1 did not answer"), "{notice}");
    assert!(notice.ends_with("at there:1"), "{notice}");
}

#[tokio::test]
async fn with_one_server_a_session_stays_there() {
    let script = vec![Line::Gone, Line::Text("Two.")];
    let lab = Lab::on_servers(script, "", &["here:1", "there:1"]);
    let mut conversation = lab.conversation();
    let ended = ask(&mut conversation, "a").await;
    assert!(matches!(ended.how, EndReason::Turn(TurnEnd::Failed(_))));
    let ended = ask(&mut conversation, "b").await;
    assert!(matches!(ended.how, EndReason::Turn(TurnEnd::Answered)));
    assert_eq!(server(&conversation), "here:1");
}

#[tokio::test]
async fn a_turn_can_be_stopped_while_it_looks_for_another_server() {
    let script = vec![Line::Gone, Line::Never];
    let lab = Lab::on_servers(script, TWO, &["here:1", HUNG, HUNG]);
    let mut conversation = lab.conversation();
    let ended = ask(&mut conversation, "a").await;
    assert!(matches!(ended.how, EndReason::Turn(TurnEnd::Failed(_))));
    assert_eq!(conversation.ask(None, question("b")), SubmitResult::Started);
    assert!(conversation.stop().is_turn);
    let ending = end(&mut conversation, &Decision::Once);
    let ended = tokio::time::timeout(Duration::from_secs(30), ending).await;
    let ended = ended.expect("it ends");
    assert!(
        matches!(ended.how, EndReason::Turn(TurnEnd::Stopped)),
        "{:?}",
        ended.how
    );
    assert_eq!(server(&conversation), "here:1");
    let open = conversation.open_session().expect("it is open");
    assert!(open.is_server_lost, "the next turn looks again");
}
