//! `session/cancel` in every state: the prompt is answered, and the next one works.

use super::*;
use crate::support::wait_until;

/// Asks once more, which must work.
#[track_caller]
fn goes_on(peer: &mut Peer, server: &ChatServer, session: &str) {
    server.then(vec![Reply::text("I am still here.")]);
    assert_eq!(peer.ask(session, "Are you there?"), "end_turn");
    assert!(peer.text(session).ends_with("I am still here."));
}

#[test]
fn before_the_first_word() {
    let server = ChatServer::start(vec![Reply::hang()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Say something."));
    wait_until("the request", || server.requests().len() == 1);
    peer.cancel(&session);
    assert_eq!(peer.stopped(id), "cancelled");
    goes_on(&mut peer, &server, &session);
}

#[test]
fn while_it_speaks() {
    let server = ChatServer::start(vec![Reply::text("It begins so").then_hang()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Say something."));
    peer.heard(&session, "It begins");
    peer.cancel(&session);
    assert_eq!(peer.stopped(id), "cancelled");
    goes_on(&mut peer, &server, &session);
}

#[test]
fn while_the_user_is_asked() {
    let server = ChatServer::start(vec![edit("notes.txt", "ninety", "eighty")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, words("Make it eighty."));
    let request = peer.wanted("session/request_permission");
    peer.cancel(&session);
    assert_eq!(peer.stopped(id), "cancelled");
    // The question is withdrawn, even if the editor forgets to answer it.
    let withdrawn = peer.wanted("$/cancel_request");
    assert_eq!(withdrawn["params"]["requestId"], request["id"]);
    let ends = peer.updates_of(&session, "tool_call_update");
    let last = ends.last().expect("the end of the call");
    assert_eq!(last["status"], "failed");
    // An answer that comes too late changes nothing.
    peer.answer(
        &request,
        json!({"outcome": {"outcome": "selected", "optionId": "once"}}),
    );
    goes_on(&mut peer, &server, &session);
    assert_eq!(environment.read("notes.txt"), NOTES);
}

#[test]
fn while_a_command_runs() {
    let server = ChatServer::start(vec![run("echo begun; sleep 600")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--auto-approve"]);
    let session = peer.session(&environment);
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "auto-approve"}),
    );
    let id = peer.prompt(&session, words("Sleep for long."));
    // What it prints is shown while it runs.
    peer.wait("the output", |message| {
        let update = &message["params"]["update"];
        update["sessionUpdate"] == "tool_call_update" && update.to_string().contains("begun")
    });
    peer.cancel(&session);
    assert_eq!(peer.stopped(id), "cancelled");
    goes_on(&mut peer, &server, &session);
}

#[test]
fn while_messages_wait() {
    let server = ChatServer::start(vec![Reply::text("It begins so").then_hang()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let first = peer.prompt(&session, words("Say something."));
    peer.heard(&session, "It begins");
    let second = peer.prompt(&session, words("And something else."));
    peer.cancel(&session);
    assert_eq!(peer.stopped(first), "cancelled");
    assert_eq!(peer.stopped(second), "cancelled");
    goes_on(&mut peer, &server, &session);
    assert_eq!(server.requests().len(), 2, "what waited was not asked");
}

#[test]
fn while_a_question_waits_for_the_next_message() {
    let arguments = json!({"question": "Which colour?"});
    let server = ChatServer::start(vec![Reply::text("").call("ask_user", arguments)]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Paint it."), "end_turn");
    peer.cancel(&session);
    // The turn ends, so that this is a question again and no answer.
    peer.wait("the end of the call", |message| {
        message["params"]["update"]["status"] == "failed"
    });
    goes_on(&mut peer, &server, &session);
    assert!(asked(&server.requests()[1]).contains("Are you there?"));
}

#[test]
fn when_nothing_runs_and_when_a_request_is_withdrawn() {
    let server = ChatServer::start(vec![Reply::hang()]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    peer.cancel(&session);
    let id = peer.prompt(&session, words("Say something."));
    wait_until("the request", || server.requests().len() == 1);
    peer.notify("$/cancel_request", json!({ "requestId": id }));
    assert_eq!(peer.stopped(id), "cancelled");
    goes_on(&mut peer, &server, &session);
}
