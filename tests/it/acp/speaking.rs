//! The protocol itself: greetings, capabilities, and what an editor may send that makes no sense.

use super::*;

#[test]
fn it_introduces_itself() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let mut peer = Peer::start(&environment, &[]);
    let greeted = peer.call(
        "initialize",
        json!({"protocolVersion": 1, "clientInfo": {"name": "an editor", "version": "1"}}),
    );
    let capabilities = &greeted["agentCapabilities"];
    assert_eq!(greeted["protocolVersion"], 1);
    assert_eq!(
        greeted["agentInfo"],
        json!({"name": "ollacode", "version": env!("CARGO_PKG_VERSION")})
    );
    assert_eq!(greeted["authMethods"], json!([]));
    assert_eq!(capabilities["loadSession"], true);
    assert_eq!(
        (
            &capabilities["promptCapabilities"]["image"],
            &capabilities["promptCapabilities"]["embeddedContext"]
        ),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        capabilities["sessionCapabilities"],
        json!({"list": {}, "delete": {}, "resume": {}, "close": {}})
    );
    let ended = peer.close();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[test]
fn a_version_that_it_does_not_know_is_answered_with_its_own() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let mut peer = Peer::start(&environment, &[]);
    let greeted = peer.call("initialize", json!({"protocolVersion": 99}));
    assert_eq!(greeted["protocolVersion"], 1);
}

#[test]
fn what_makes_no_sense_is_refused_and_ends_nothing() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    assert_eq!(peer.refused("session/made_up", json!({}))["code"], -32601);
    assert_eq!(
        peer.refused("session/new", json!({"cwd": 7}))["code"],
        -32602
    );
    let relative = json!({"cwd": "src", "mcpServers": []});
    let refused = peer.refused("session/new", relative);
    assert_eq!(refused["code"], -32602);
    assert_eq!(refused["message"], "`cwd` is not absolute: `src`");
    let gone = json!({"cwd": environment.outside().join("gone"), "mcpServers": []});
    assert_eq!(peer.refused("session/new", gone)["code"], -32602);
    let unknown = json!({"sessionId": "20261121-143005-k3x9", "prompt": words("Hi")});
    let refused = peer.refused("session/prompt", unknown);
    assert_eq!(refused["code"], -32002);
    assert_eq!(
        refused["data"],
        json!({"sessionId": "20261121-143005-k3x9"})
    );
    peer.line("this is no JSON");
    let answer = peer.wait("an error", |message| message["error"]["code"] == -32700);
    assert_eq!(answer["id"], Value::Null);
    peer.line("");
    peer.cancel("20261121-143005-k3x9");
    let session = peer.session(&environment);
    assert!(!session.is_empty());
    assert_eq!(peer.close().code, Some(0));
}

#[test]
fn nothing_but_messages_is_on_stdout_whatever_is_logged() {
    let server = ChatServer::start(vec![
        run("echo to-stdout; echo to-stderr >&2"),
        Reply::text("It printed two lines."),
    ]);
    let environment = environment(&server).with("OLLACODE_LOG", "trace");
    let mut peer = Peer::greeted(&environment, &["--auto-approve"]);
    let session = peer.session(&environment);
    peer.call(
        "session/set_mode",
        json!({"sessionId": session, "modeId": "auto-approve"}),
    );
    let reason = peer.ask(&session, "Run what prints two lines.");
    assert_eq!(reason, "end_turn");
    // Each line was a message: the peer has looked at them all.
    let ended = peer.close();
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    assert!(ended.stderr.contains("TRACE"), "nothing was logged");
    assert!(ended.said.len() > 5, "{ended:#?}");
}

#[test]
fn a_home_folder_is_not_indexed_which_is_said_once() {
    let server = ChatServer::start(vec![Reply::text("Hello."), Reply::text("Again.")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let home = environment.outside().join("home");
    std::fs::write(home.join("notes.txt"), NOTES).expect("a file");
    let begun = peer.call("session/new", json!({"cwd": home, "mcpServers": []}));
    let session = begun["sessionId"].as_str().expect("an id").to_owned();
    assert_eq!(peer.ask(&session, "Hi"), "end_turn");
    assert_eq!(peer.ask(&session, "Hi"), "end_turn");
    let said = peer.text(&session);
    let times = said.matches("`ollacode index` indexes it anyway").count();
    assert_eq!(times, 1, "{said}");
    assert_eq!(
        environment.index_folders(),
        Vec::<std::path::PathBuf>::new()
    );
}

#[test]
fn servers_that_an_editor_names_are_not_started_which_is_said() {
    let server = ChatServer::start(vec![Reply::text("Hello.")]);
    let environment = environment(&server);
    let mut peer = Peer::greeted(&environment, &[]);
    let marker = environment.outside().join("started");
    let script = format!("touch {}", marker.display());
    let begun = peer.call(
        "session/new",
        json!({"cwd": environment.workspace(), "mcpServers": [
            {"name": "a", "command": "/bin/sh", "args": ["-c", script], "env": []}]}),
    );
    let session = begun["sessionId"].as_str().expect("an id").to_owned();
    assert_eq!(peer.ask(&session, "Hi"), "end_turn");
    let said = peer.text(&session);
    assert!(
        said.starts_with("> the editor names 1 MCP server, not started"),
        "{said}"
    );
    assert!(!marker.exists());
}
