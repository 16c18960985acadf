//! Sessions: several at a time, listed, loaded, resumed, closed and deleted.

use super::*;
use crate::support::chat_server::ServedModel;

/// The parameters that name a session and the workspace.
fn named(environment: &Environment, session: &str) -> Value {
    json!({"sessionId": session, "cwd": environment.workspace(), "mcpServers": []})
}

#[test]
fn a_session_of_500_messages_is_shown_again_before_the_response() {
    let server = ChatServer::start(vec![Reply::text("Yes, that is so.").repeated()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let session = peer.session(&environment);
    for number in 0..250 {
        let question = format!("Is {number} a number?");
        assert_eq!(peer.ask(&session, &question), "end_turn");
    }
    assert_eq!(peer.close().code, Some(0));

    let mut peer = Peer::greeted(&environment, &[]);
    let loaded = peer.call("session/load", named(&environment, &session));
    assert_eq!(loaded["modes"]["currentModeId"], "ask");
    let response = peer
        .said
        .iter()
        .position(|message| message["result"]["modes"].is_object());
    let before = &peer.said[..response.expect("the response")];
    let texts: Vec<(&str, &str)> = before
        .iter()
        .map(|message| &message["params"]["update"])
        .filter_map(|update| {
            let kind = update["sessionUpdate"].as_str()?;
            Some((kind, update["content"]["text"].as_str()?))
        })
        .collect();
    assert_eq!(texts.len(), 500);
    for (number, pair) in texts.chunks(2).enumerate() {
        let question = format!("Is {number} a number?\n\n");
        assert_eq!(
            pair,
            [
                ("user_message_chunk", question.as_str()),
                ("agent_message_chunk", "Yes, that is so.\n\n")
            ]
        );
    }
    let titles = peer.updates_of(&session, "session_info_update");
    assert_eq!(titles[0]["title"], "Is 0 a number?");
    // The model knows it all as well.
    assert_eq!(peer.ask(&session, "Is 250 a number?"), "end_turn");
    let requests = server.requests();
    let last = requests.last().expect("a request").to_string();
    assert!(last.contains("Is 7 a number?"));
}

#[test]
fn two_sessions_work_at_the_same_time() {
    let server = ChatServer::start(vec![
        Reply::text("The first begins").then_hang(),
        Reply::text("The second answers."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let first = peer.session(&environment);
    let second = peer.session(&environment);
    assert_ne!(first, second);
    let id = peer.prompt(&first, words("Say something."));
    peer.heard(&first, "The first");
    assert_eq!(peer.ask(&second, "Say something else."), "end_turn");
    assert_eq!(peer.text(&second), "The second answers.");
    peer.cancel(&second);
    assert_eq!(peer.ask(&second, "/status"), "end_turn");
    peer.cancel(&first);
    assert_eq!(peer.stopped(id), "cancelled");
    assert!(!peer.text(&first).contains("second"));
}

#[test]
fn sessions_of_a_folder_are_listed_closed_resumed_and_deleted() {
    let server = ChatServer::start(vec![Reply::text("Yes.").repeated()]);
    let environment = environment(&server);
    let other = environment.outside().join("other");
    std::fs::create_dir(&other).expect("a folder");
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Is this\u{202e} the first?"), "end_turn");
    let begun = peer.call("session/new", json!({"cwd": other, "mcpServers": []}));
    let elsewhere = begun["sessionId"].as_str().expect("an id").to_owned();
    assert_eq!(peer.ask(&elsewhere, "Is this another?"), "end_turn");
    // Nothing was said in this one.
    let empty = peer.session(&environment);

    let listed = peer.call("session/list", json!({"cwd": environment.workspace()}));
    let sessions = listed["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 1, "{listed:#}");
    assert_eq!(sessions[0]["sessionId"], session.as_str());
    assert_eq!(sessions[0]["cwd"], json!(environment.workspace()));
    assert_eq!(sessions[0]["title"], "Is this\\u{202e} the first?");
    let updated = sessions[0]["updatedAt"].as_str().expect("a time");
    assert!(updated.ends_with('Z') && updated.contains('T'), "{updated}");
    let all = peer.call("session/list", json!({}));
    assert_eq!(all["sessions"].as_array().map(Vec::len), Some(2));
    let refused = peer.refused("session/list", json!({"cursor": "made-up"}));
    assert_eq!(refused["code"], -32602);

    peer.call("session/close", json!({ "sessionId": session }));
    let refused = peer.refused(
        "session/prompt",
        json!({"sessionId": session, "prompt": []}),
    );
    assert_eq!(refused["code"], -32002);
    let seen = peer.updates(&session).len();
    peer.call("session/resume", named(&environment, &session));
    peer.wait("the commands", |message| {
        message["params"]["update"]["sessionUpdate"] == "available_commands_update"
            && message["params"]["sessionId"] == session.as_str()
    });
    let replayed = peer.updates(&session)[seen..].to_vec();
    assert!(
        replayed
            .iter()
            .all(|update| update.get("content").is_none()),
        "a resumed session is not shown again: {replayed:#?}"
    );
    assert_eq!(peer.ask(&session, "Go on."), "end_turn");
    let last = server.requests().pop().expect("a request").to_string();
    assert!(last.contains("the first?"), "{last}");

    for gone in [&session, &empty] {
        peer.call("session/delete", json!({ "sessionId": gone }));
        let refused = peer.refused("session/delete", json!({ "sessionId": gone }));
        assert_eq!(refused["code"], -32002);
    }
    let all = peer.call("session/list", json!({}));
    assert_eq!(all["sessions"].as_array().map(Vec::len), Some(1));
    let refused = peer.refused("session/load", named(&environment, &session));
    assert_eq!(refused["code"], -32002);
    assert_eq!(
        refused["message"],
        format!("there is no session {session}"),
        "it was deleted, so nobody is told to load it"
    );
}

#[test]
fn a_message_that_comes_while_its_session_ends_is_answered() {
    let server = ChatServer::start(vec![Reply::text("Yes.").repeated()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    for _ in 0..10 {
        let session = peer.session(&environment);
        let closing = peer.request("session/close", json!({ "sessionId": session }));
        let asking = peer.prompt(&session, words("Is it open?"));
        peer.result(closing);
        let answer = peer.response(asking);
        let is_cancelled = answer["result"]["stopReason"] == "cancelled";
        let code = answer["error"]["code"].as_i64();
        let is_told = matches!(code, Some(-32002 | -32602));
        assert!(is_cancelled || is_told, "{answer:#}");
    }
}

#[test]
fn a_session_that_cannot_be_opened_is_refused_in_words() {
    let server = ChatServer::start(vec![Reply::text("Yes.").repeated()]);
    let environment = environment(&server);
    let mut first = Peer::greeted(&environment, &["--no-rag"]);
    let session = first.session(&environment);
    assert_eq!(first.ask(&session, "Is this mine?"), "end_turn");

    let mut second = Peer::greeted(&environment, &["--no-rag"]);
    for method in ["session/load", "session/resume"] {
        let refused = second.refused(method, named(&environment, &session));
        let words = refused["message"].as_str().expect("words");
        assert!(
            words.contains("open in another ollacode process"),
            "{words}"
        );
    }
    let refused = second.refused("session/delete", json!({ "sessionId": session }));
    let words = refused["message"].as_str().expect("words");
    assert!(
        words.contains("open in another ollacode process"),
        "{words}"
    );

    let home = json!({"sessionId": session, "cwd": environment.outside(), "mcpServers": []});
    let refused = second.refused("session/load", home);
    let words = refused["message"].as_str().expect("words");
    assert!(words.contains("belongs to another folder"), "{words}");

    assert_eq!(first.close().code, Some(0));
    second.call("session/load", named(&environment, &session));
    assert_eq!(second.ask(&session, "And now?"), "end_turn");
}

#[test]
fn an_earlier_session_keeps_its_model() {
    let models = vec![ServedModel::default(), ServedModel::named("other:7b")];
    let server = ChatServer::with_models(models, vec![Reply::text("Yes.").repeated()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "/model other:7b"), "end_turn");
    assert_eq!(peer.ask(&session, "Is this the other one?"), "end_turn");
    assert_eq!(peer.close().code, Some(0));
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let loaded = peer.call("session/load", named(&environment, &session));
    assert_eq!(loaded["configOptions"][1]["currentValue"], "other:7b");
    assert_eq!(peer.ask(&session, "Still?"), "end_turn");
    let last = server.requests().pop().expect("a request");
    assert_eq!(last["model"], "other:7b");
}
