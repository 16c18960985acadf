//! The program with servers that are not Ollama, from end to end.

mod chatting;
mod checking;
mod searching;
mod stand_in;

use serde_json::Value;

use crate::support::{Environment, Output};
use stand_in::{Plays, Says, StandIn, WINDOW};

/// Above the protocols there is one kind of server; only its checks show what each kind says.
#[test]
fn only_the_checks_name_a_kind_of_server() {
    let folders = [
        "src/app",
        "src/benchmark",
        "src/config",
        "src/conversation",
        "src/frontends",
    ];
    let users = crate::tidy::users(&folders, &["model::ollama", "model::openai"]);
    let users: Vec<String> = users.into_iter().collect();
    assert_eq!(users, ["src/frontends/doctor/server.rs"]);
}

/// The model of most tests.
const MODEL: &str = "local-coder";

/// An environment with a server, in which no model is chosen.
fn environment(server: &StandIn) -> Environment {
    environment_at(&server.uri())
}

fn environment_at(address: &str) -> Environment {
    let environment = Environment::new().with("OLLACODE_SERVER", address);
    environment.write("notes.txt", "The kettle boils at ninety degrees up here.\n");
    environment
}

/// Asks a question, and gives the events.
#[track_caller]
fn ask(environment: &Environment, flags: &[&str], prompt: &str) -> Vec<Value> {
    let mut arguments = vec!["chat", "--json", "-p", prompt];
    arguments.extend(flags);
    environment.run(&arguments).expect_success().json_lines()
}

/// The text of an answer.
fn text(events: &[Value]) -> String {
    let texts = events.iter().filter(|event| event["event"] == "text");
    texts.filter_map(|event| event["text"].as_str()).collect()
}

/// State and message of each check of `doctor` with a name.
fn checks(output: &Output, name: &str) -> Vec<(String, String)> {
    let report = output.json();
    let all = report["checks"].as_array().expect("checks").clone();
    let word = |check: &Value, key: &str| check[key].as_str().unwrap_or_default().to_owned();
    let named = all.iter().filter(|check| check["name"] == name);
    named
        .map(|check| (word(check, "state"), word(check, "message")))
        .collect()
}

#[track_caller]
fn expect_check(output: &Output, name: &str, state: &str, words: &str) {
    let found = checks(output, name);
    let is_there = |check: &(String, String)| check.0 == state && check.1.contains(words);
    assert!(
        found.iter().any(is_there),
        "{state} with `{words}` is wanted of {name}: {found:#?}"
    );
}
