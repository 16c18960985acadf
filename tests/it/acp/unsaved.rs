//! Files with changes in the editor that are not saved: nothing is written over them.

use super::*;

/// A question with a file as the editor has it.
fn with_text(environment: &Environment, text: &str) -> Value {
    json!([
        {"type": "text", "text": "Make it eighty in "},
        {"type": "resource",
            "resource": {"uri": uri(environment, "notes.txt"), "text": text}},
    ])
}

#[test]
fn a_file_is_not_changed_until_the_editor_has_saved_it() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        write("notes.txt", "All of it is new.\n"),
        Reply::text("Please save notes.txt first."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let session = peer.session(&environment);
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "auto-edit"}),
    );
    let typed = NOTES.replace("kettle", "pot");
    let id = peer.prompt(&session, with_text(&environment, &typed));
    assert_eq!(peer.stopped(id), "end_turn");
    assert_eq!(
        environment.read("notes.txt"),
        NOTES,
        "the disk is as it was"
    );
    let ends = peer.updates_of(&session, "tool_call_update");
    let states: Vec<&str> = ends
        .iter()
        .filter_map(|end| end["status"].as_str())
        .collect();
    assert_eq!(states, ["failed", "failed"]);
    let asked = asked(&server.requests()[0]);
    assert!(asked.contains("The pot boils"), "{asked}");
    let told = server.requests()[2].to_string();
    assert!(told.contains("not saved"), "{told}");
    assert!(peer.text(&session).contains("notes.txt"));

    // The user saves it.
    environment.write("notes.txt", &typed);
    server.then(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It says eighty now."),
    ]);
    let id = peer.prompt(&session, with_text(&environment, &typed));
    assert_eq!(peer.stopped(id), "end_turn");
    assert_eq!(
        environment.read("notes.txt"),
        typed.replace("ninety", "eighty")
    );
}

#[test]
fn a_file_as_it_is_on_disk_is_a_file_like_any_other() {
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It says eighty now."),
    ]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &["--no-rag"]);
    let session = peer.session(&environment);
    let id = peer.prompt(&session, with_text(&environment, NOTES));
    peer.choose("once");
    assert_eq!(peer.stopped(id), "end_turn");
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
}
