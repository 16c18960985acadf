//! The program and the TypeScript SDK of the protocol.

use super::*;
use crate::support::peers::peers;

#[test]
fn the_typescript_sdk_goes_through_the_life_of_a_session() {
    let Some(peers) = peers() else {
        return;
    };
    let server = ChatServer::start(vec![
        edit("notes.txt", "ninety", "eighty"),
        Reply::text("It says eighty now.").thinking("Done."),
        Reply::text("It begins so").then_hang(),
    ]);
    let environment = environment(&server);
    let command = environment.command(&[]);
    let variables: serde_json::Map<String, Value> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), json!(value?.to_str()?))))
        .collect();
    let given = json!({
        "program": command.get_program().to_str(),
        "flags": ["--no-rag"],
        "environment": variables,
        "folder": environment.workspace(),
    });
    let mut node = peers.node(include_str!("peers/editor.mjs"), &[&given.to_string()]);
    let output = node.output().expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{errors}");
    let told: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        told,
        json!({
            "version": 1,
            "name": "ollacode",
            "modes": ["ask", "auto-edit", "plan"],
            "answered": "end_turn",
            "of_turn": told["of_turn"],
            "asked": [["allow_once", "allow_always", "reject_once"]],
            "options": ["mode", "model"],
            "cancelled": "cancelled",
            "listed": [[true, environment.workspace(), "Make it eighty."]],
            "loaded": "ask",
            "replayed": told["replayed"],
            "left": 0,
            "code": 0,
        })
    );
    let kinds = |of: &str| told[of]["kinds"].as_array().expect("kinds").clone();
    for kind in [
        "agent_message_chunk",
        "agent_thought_chunk",
        "available_commands_update",
        "session_info_update",
        "tool_call",
        "tool_call_update",
        "usage_update",
    ] {
        assert!(kinds("of_turn").contains(&json!(kind)), "{kind}: {told:#}");
    }
    for kind in ["user_message_chunk", "agent_message_chunk", "tool_call"] {
        assert!(kinds("replayed").contains(&json!(kind)), "{kind}: {told:#}");
    }
    for of in ["of_turn", "replayed"] {
        let text = told[of]["text"].as_str().expect("a text");
        assert!(text.contains("It says eighty now."), "{of}: {text}");
    }
    assert_eq!(
        environment.read("notes.txt"),
        NOTES.replace("ninety", "eighty")
    );
}
