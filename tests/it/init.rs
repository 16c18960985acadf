//! `ollacode init` from end to end: the binary, a workspace on disk, and a scripted Ollama.

mod asking;
mod hostile;
mod renewing;

use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::{Environment, Output};

const MAKEFILE: &str = ".PHONY: test lint\n\ntest:\n\t@test -d src\n\nlint:\n\t@sh -c 'exit 3'\n";
const README: &str = "# Kettle\n\nA shop that sells kettles, as a program.\n";

/// A small project in Rust with a Makefile.
fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    environment.write("Makefile", MAKEFILE);
    environment.write("README.md", README);
    environment.write(
        "Cargo.toml",
        "[package]\nname = \"kettle\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
    );
    environment.write("src/main.rs", "fn main() {\n    println!(\"hot\");\n}\n");
    environment
}

/// What a model that works well writes.
fn words() -> Value {
    json!({
        "what": "A shop that sells kettles. It lives in `src/none.rs`.",
        "parts": [
            {"path": "src/main.rs", "does": "Starts the shop."},
            {"path": "lib/none.rs", "does": "Is not there."},
        ],
        "conventions": ["Errors end the program.", "Run `npm test` before a commit."],
        "pitfalls": ["Kettles are hot."],
    })
}

fn reply(words: &Value) -> Reply {
    Reply::text(&words.to_string())
}

/// Runs `ollacode init`.
#[track_caller]
fn init(environment: &Environment, flags: &[&str], code: i32) -> Output {
    let mut arguments = vec!["init", "--no-rag"];
    arguments.extend(flags);
    environment.run(&arguments).expect_code(code)
}

/// The text between the marks of a part.
#[track_caller]
fn part<'text>(text: &'text str, name: &str) -> &'text str {
    let (opening, closing) = (
        format!("<!-- ollacode:{name}"),
        format!("<!-- /ollacode:{name} -->"),
    );
    assert_eq!(text.matches(&closing).count(), 1, "{name} in {text}");
    let (_, rest) = text.split_once(&opening).expect("an opening mark");
    let (body, _) = rest.split_once(&closing).expect("a closing mark");
    body.split_once("-->\n").expect("the end of the mark").1
}

/// The text without what stands between marks.
fn outside(text: &str) -> String {
    let mut is_part = false;
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        is_part |= line.starts_with("<!-- ollacode:");
        if !is_part {
            kept.push_str(line);
        }
        is_part &= !line.starts_with("<!-- /ollacode:");
    }
    kept
}

#[test]
fn the_first_run_writes_facts_and_words_that_hold() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    let output = init(&environment, &["--auto-approve"], 0);
    let text = environment.read("OLLACODE.md");
    assert_eq!(part(&text, "what"), "A shop that sells kettles.\n");
    assert!(part(&text, "facts").contains("Rust"), "{text}");
    assert_eq!(part(&text, "parts"), "- `src/main.rs`: Starts the shop.\n");
    let commands = part(&text, "commands");
    assert!(commands.contains("`make test`"), "{commands}");
    assert!(commands.contains("(`Makefile"), "{commands}");
    assert_eq!(part(&text, "conventions"), "- Errors end the program.\n");
    assert_eq!(part(&text, "pitfalls"), "- Kettles are hot.\n");
    assert!(text.lines().count() <= 120 && text.chars().count() <= 5_000);
    output
        .expect_words(&["Wrote `OLLACODE.md`", CHAT_MODEL, "left out"])
        .expect_words(&["was not found or does not belong there: 3"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert!(requests[0]["format"]["properties"]["pitfalls"].is_object());
    let asked = requests[0]["messages"][1]["content"].to_string();
    for shown in ["A shop that sells kettles, as a program.", "make test"] {
        assert!(asked.contains(shown), "{shown}: {asked}");
    }
    // Later sessions read it.
    server.then(vec![Reply::text("It sells kettles.")]);
    let arguments = ["chat", "--no-rag", "-p", "What is this?"];
    environment.run(&arguments).expect_success();
    let system = server.requests()[1]["messages"][0]["content"].to_string();
    assert!(system.contains("A shop that sells kettles."), "{system}");
}

#[test]
fn what_it_wrote_is_in_the_journal_and_its_events_are_those_of_a_turn() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    let output = init(&environment, &["--auto-approve", "--json"], 0);
    let events = output.json_lines();
    assert_eq!(events[0]["event"], "started");
    let tools: Vec<&Value> = events
        .iter()
        .filter(|event| event["event"] == "tool_started")
        .collect();
    assert_eq!(tools.len(), 1, "{events:#?}");
    assert_eq!(tools[0]["tool"], "write_file");
    let last = events.last().expect("an event");
    assert_eq!(
        (&last["event"], &last["how"]),
        (&json!("ended"), &json!("answered"))
    );
    let log = environment.run(&["log", "--json"]).expect_success();
    let changed: Vec<Value> = log
        .json_lines()
        .into_iter()
        .filter(|line| line["action"] == "changed")
        .collect();
    assert_eq!(changed.len(), 1, "{log:#?}");
    assert_eq!(changed[0]["path"], "OLLACODE.md");
}

#[test]
fn commands_are_tried_and_only_those_that_work_stand_in_the_file() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    environment.remove("Cargo.toml");
    let output = init(&environment, &["--check", "--auto-approve"], 0);
    let text = environment.read("OLLACODE.md");
    let commands = part(&text, "commands");
    let test = commands.lines().find(|line| line.contains("`make test`"));
    let test = test.expect("the command that worked");
    assert!(
        test.starts_with("- ") && test.contains("; worked in "),
        "{test}"
    );
    let lint = commands.lines().find(|line| line.contains("`make lint`"));
    let lint = lint.expect("the command that failed");
    assert!(lint.starts_with("<!-- failed: "), "{lint}");
    assert!(lint.ends_with("exit code 2 -->"), "{lint}");
    output.expect_words(&["worked, 1 failed", "`make lint`: exit code 2"]);
    // What is known of a command stays when they are not tried again.
    environment.write("Makefile", format!("{MAKEFILE}\nfmt:\n\t@test -d src\n"));
    server.then(vec![reply(&words())]);
    init(&environment, &["--auto-approve"], 0);
    let text = environment.read("OLLACODE.md");
    let commands = part(&text, "commands");
    assert!(
        commands.contains(test) && commands.contains(lint),
        "{commands}"
    );
}

#[test]
fn without_a_server_or_a_model_the_file_is_made_of_facts_alone() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let empty = ChatServer::with_models(Vec::new(), Vec::new());
    for host in [nobody, empty.uri()] {
        let environment = environment(&empty).with("OLLAMA_HOST", &host);
        let output = init(&environment, &["--auto-approve"], 0);
        output.expect_words(&[
            "Wrote `OLLACODE.md`",
            "facts alone, without words of a model",
        ]);
        let text = environment.read("OLLACODE.md");
        assert!(part(&text, "commands").contains("`make test`"), "{text}");
        assert_eq!(part(&text, "what"), "");
        // The session can be looked at like any other.
        environment.run(&["sessions"]).expect_success();
        // Words come with the next run that has a model.
        let server = ChatServer::start(vec![reply(&words())]);
        let environment = environment.with("OLLAMA_HOST", &server.uri());
        init(&environment, &["--auto-approve"], 0);
        let text = environment.read("OLLACODE.md");
        assert_eq!(part(&text, "what"), "A shop that sells kettles.\n");
    }
}

#[test]
fn with_an_index_the_model_sees_the_map_and_an_edit_alone_asks_for_no_new_words() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server).with("OLLAMA_EMBED_MODEL", "none");
    environment.write("src/kettle.rs", "pub fn boil_water() {}\n");
    environment.index();
    init(&environment, &["--auto-approve"], 0);
    let requests = server.requests();
    let asked = requests[0]["messages"][1]["content"].to_string();
    assert!(asked.contains("pub fn boil_water()"), "{asked}");
    environment.write("src/kettle.rs", "pub fn boil_tea() {}\n");
    environment.index();
    init(&environment, &["--auto-approve"], 0).expect_words(&["up to date"]);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_command_that_was_not_approved_is_no_command_that_failed() {
    let server = ChatServer::start(vec![reply(&words())]);
    let environment = environment(&server);
    // Nobody can be asked: neither the commands nor the file are approved.
    let output = init(&environment, &["--check"], 1);
    let output = output.expect_words(&["0 failed"]);
    assert!(output.stdout.contains("- Test: `make test`"), "{output:#?}");
    assert!(!output.stdout.contains("<!-- failed"), "{output:#?}");
}

#[test]
fn an_empty_folder_is_no_failure_and_nothing_is_written() {
    let server = ChatServer::start(Vec::new());
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    let output = init(&environment, &["--auto-approve"], 0);
    output.expect_words(&["nothing to describe yet"]);
    assert!(!environment.workspace().join("OLLACODE.md").exists());
}
