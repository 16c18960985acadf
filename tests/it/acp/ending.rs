//! How the program ends: with the editor, in time, and with everything saved.

use std::time::Duration;

use super::*;
use crate::support::wait_until;

/// An editor that goes wants its agent gone.
const LONGEST_END: Duration = Duration::from_secs(2);

/// A session whose turn never ends.
fn speaking(server: &ChatServer, environment: &Environment) -> (Peer, String, u64) {
    let mut peer = Peer::greeted(environment, &[]);
    let session = peer.session(environment);
    let id = peer.prompt(&session, words("Say something about kettles."));
    peer.heard(&session, "It begins");
    assert_eq!(server.requests().len(), 1);
    (peer, session, id)
}

fn endless() -> ChatServer {
    ChatServer::start(vec![Reply::text("It begins so").then_hang()])
}

#[test]
fn an_editor_that_closes_the_connection_ends_it() {
    let server = endless();
    let environment = environment(&server);
    let (peer, session, id) = speaking(&server, &environment);
    let ended = peer.close();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.took < LONGEST_END, "{ended:#?}");
    let response = |message: &&Value| message["id"] == id && message.get("method").is_none();
    let response = ended.said.iter().find(response).expect("a response");
    assert_eq!(response["result"], json!({"stopReason": "cancelled"}));
    // The session is saved, and nobody holds it.
    let listed = environment.run(&["sessions"]).expect_success();
    assert!(listed.stdout.contains(&session), "{listed:#?}");
    server.then(vec![Reply::text("Yes, kettles.")]);
    let flags = ["chat", "--resume", &session, "-p", "Kettles?"];
    environment.run(&flags).expect_success();
}

#[test]
fn an_editor_that_dies_ends_it() {
    let server = endless();
    let environment = environment(&server).with("OLLACODE_LOG", "trace");
    let (peer, _, _) = speaking(&server, &environment);
    let ended = peer.die();
    assert!(ended.took < LONGEST_END, "{ended:#?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:#?}");
    wait_until("the end of the reply", || server.closed_connections() == 1);
}

#[test]
fn a_signal_ends_it_as_well() {
    let server = endless();
    let environment = environment(&server);
    let (mut peer, _, id) = speaking(&server, &environment);
    peer.signal("TERM");
    assert_eq!(peer.stopped(id), "cancelled");
    let ended = peer.ended();
    // As other commands that run until they are stopped.
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.took < LONGEST_END, "{ended:#?}");
}

#[test]
fn a_command_that_runs_does_not_outlive_it() {
    let server = ChatServer::start(vec![run("touch begun; sleep 600; touch over")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--auto-approve"]);
    let session = peer.session(&environment);
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "auto-approve"}),
    );
    peer.prompt(&session, words("Sleep for long."));
    wait_until("the command", || {
        environment.workspace().join("begun").exists()
    });
    let ended = peer.close();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.took < LONGEST_END, "{ended:#?}");
    assert!(!environment.workspace().join("over").exists());
}
