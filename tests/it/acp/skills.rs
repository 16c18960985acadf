//! Skills in an editor: in its list of commands, as messages, and while the model asks.

use super::*;

const TIDY: &str =
    "---\nname: NAME\ndescription: Tidies a file.\nargument-hint: PATH\n---\nTidy $ARGUMENTS.\n";

fn add(environment: &Environment, name: &str) {
    let path = format!(".agents/skills/{name}/SKILL.md");
    environment.write(&path, TIDY.replace("NAME", name));
}

#[test]
fn a_skill_is_offered_and_started_with_a_file_of_the_editor() {
    let server = ChatServer::start(vec![Reply::text("It is tidy.")]);
    let environment = environment(&server);
    add(&environment, "tidy-up");
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    let told = peer.update("available_commands_update");
    let mut offered = told["availableCommands"].as_array().expect("all").iter();
    let expected = json!({"name": "tidy-up", "description": "of the repository: Tidies a file.",
        "input": {"hint": "PATH"}});
    let skill = offered.find(|command| command["name"] == "tidy-up");
    assert_eq!(skill, Some(&expected));
    let blocks = json!([
        {"type": "text", "text": "/tidy_up "},
        {"type": "resource_link", "name": "notes.txt", "uri": uri(&environment, "notes.txt")},
    ]);
    let id = peer.prompt(&session, blocks);
    assert_eq!(peer.stopped(id), "end_turn");
    let said = asked(&server.requests()[0]);
    for part in [
        "The kettle boils",
        "/tidy-up @notes.txt\n\n## Skill `tidy-up`\n\nThis text is from the repository",
        "\nTidy @notes.txt.\n",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let shown = peer.text(&session);
    assert!(
        shown.contains("/tidy-up is text of this repository"),
        "{shown}"
    );
}

#[test]
fn a_command_of_other_front_ends_starts_no_skill() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    for name in ["new-all", "quit-smoking", "stop-all"] {
        add(&environment, name);
    }
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    for line in ["/new", "/quit", "/stop"] {
        assert_eq!(peer.ask(&session, line), "end_turn");
        let said = peer.text(&session);
        assert!(
            said.contains(&format!("{line} is not for editors")),
            "{said}"
        );
    }
    assert!(server.requests().is_empty());
}

#[test]
fn what_starts_a_skill_answers_no_question() {
    let arguments = json!({"question": "Which colour?", "options": ["red", "blue"]});
    let server = ChatServer::start(vec![
        Reply::text("").call("ask_user", arguments),
        Reply::text("Blue it is."),
    ]);
    let environment = environment(&server);
    add(&environment, "tidy-up");
    let mut peer = Peer::greeted(&environment, &[]);
    let session = peer.session(&environment);
    assert_eq!(peer.ask(&session, "Paint it."), "end_turn");
    assert_eq!(peer.ask(&session, "/tidy-up\nall of it"), "end_turn");
    let said = peer.text(&session);
    let words = "answer it, or stop the turn, before you start `/tidy-up`";
    assert!(said.contains(words), "{said}");
    assert_eq!(peer.ask(&session, "2"), "end_turn");
    let told = server.requests()[1].to_string();
    assert!(told.contains("The user answers: blue"), "{told}");
}
