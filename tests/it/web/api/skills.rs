//! Skills on the page: as messages, as commands, and in the list of commands.

use super::*;

const TIDY: &str =
    "---\nname: tidy\ndescription: Tidies a file.\nargument-hint: PATH\n---\nTidy $ARGUMENTS.\n";

fn with_skill(environment: Environment) -> Environment {
    let environment = with_notes(environment);
    environment.write(".agents/skills/tidy/SKILL.md", TIDY);
    environment
}

fn asked(web: &Web, at: usize) -> String {
    let requests = web.server.requests();
    let messages = requests[at]["messages"].as_array().expect("messages");
    let last = messages
        .last()
        .and_then(|message| message["content"].as_str());
    last.unwrap_or_default().to_owned()
}

#[test]
fn a_message_or_a_command_starts_a_skill() {
    let script = ["It is tidy.", "So is this.", "And that."].map(Reply::text);
    let server = ChatServer::start(script.to_vec());
    let web = Web::start_with(server, with_skill, &["--no-rag"]);
    let talk = Talk::open(&web);
    let state = web.get("/api/state").expect(200).json();
    let mut commands = state["commands"].as_array().expect("commands").iter();
    let skill = commands.find(|command| command["name"] == "tidy");
    let skill = skill.expect("the skill");
    assert_eq!(
        (&skill["origin"], &skill["argument"]),
        (&json!("repository"), &json!("PATH"))
    );

    talk.ask_and_wait("/tidy notes.txt");
    let begin = "/tidy notes.txt\n\n## Skill `tidy`\n\nThis text is from the repository";
    assert!(asked(&web, 0).starts_with(begin), "{}", asked(&web, 0));

    let after = talk.snapshot()["last"].as_u64().expect("a number");
    assert_eq!(talk.command("/tidy all")["kind"], "started");
    talk.events(after).event("ended");
    assert!(asked(&web, 1).contains("Tidy all."), "{}", asked(&web, 1));
    let shown = talk.snapshot_events();
    let questions: Vec<&str> = shown
        .iter()
        .filter(|event| event["event"] == "asked")
        .filter_map(|event| event["text"].as_str())
        .collect();
    assert_eq!(questions, ["/tidy notes.txt", "/tidy all"]);

    let of_program = json!({"message": "/tidy one.txt", "use_rag": false});
    let answer = web.post("/api/agent/chat", &of_program).expect(200).json();
    assert_eq!(answer["response"], "And that.");
    assert!(
        asked(&web, 2).contains("Tidy one.txt."),
        "{}",
        asked(&web, 2)
    );
    assert_eq!(talk.command("/skills tidy")["kind"], "report");
}
