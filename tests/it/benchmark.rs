//! `ollacode benchmark`, with models that do everything right, everything wrong, and nothing.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply, ServedModel};
use crate::support::samples::{function, functions};
use crate::support::{Environment, wait_until};

/// Names of files and beginnings of the names of functions in them, two each.
const STEMS: [&str; 4] = ["azimuth", "beacon", "copper", "dapple"];

fn environment(server: &ChatServer) -> Environment {
    let environment = Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL);
    for stem in STEMS {
        environment.write(&format!("src/{stem}.rs"), functions(stem, 2));
    }
    environment
}

fn results_folder(environment: &Environment) -> PathBuf {
    environment.data_folder().join("ollacode/benchmarks")
}

/// Names of what is in the folder of results.
fn kept(environment: &Environment) -> Vec<String> {
    let entries = fs::read_dir(results_folder(environment)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// The file of a function.
fn path_of(name: &str) -> String {
    let (stem, _) = name.rsplit_once('_').expect("a name with a number");
    format!("src/{stem}.rs")
}

/// The line of a text, from 1, that defines a function.
fn line_of(name: &str, text: &str) -> usize {
    let head = format!("pub fn {name}(");
    let mut lines = text.lines();
    1 + lines
        .position(|line| line.starts_with(&head))
        .expect("a definition")
}

fn source(path: &str) -> String {
    let stem = path.trim_start_matches("src/").trim_end_matches(".rs");
    functions(stem, 2)
}

/// The number behind some words of a prompt.
fn number_after(prompt: &str, words: &str) -> usize {
    let (_, rest) = prompt.split_once(words).expect("the words");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

fn call(tool: &str, arguments: Value) -> Reply {
    Reply::text("").call(tool, arguments)
}

/// What a model without flaws does with a task, reply by reply.
fn right_steps(prompt: &str) -> Vec<Reply> {
    let ticks: Vec<&str> = prompt.split('`').skip(1).step_by(2).collect();
    let begins = |words: &str| prompt.starts_with(words);
    if begins("Call `grep_search`") {
        return vec![call(
            "grep_search",
            json!({"regex": ticks[1], "glob": ticks[2]}),
        )];
    }
    if begins("Where is") {
        let path = path_of(ticks[0]);
        let place = format!("{path}:{}", line_of(ticks[0], &source(&path)));
        return vec![Reply::text(&place)];
    }
    if begins("Call `read_file`") {
        let first = number_after(prompt, "the lines ");
        let last = number_after(prompt, &format!("the lines {first} to "));
        let line = number_after(prompt, "repeat line ");
        let arguments = json!({"path": ticks[1], "start_line": first, "end_line": last});
        let text = source(ticks[1]);
        let line = text.lines().nth(line - 1).expect("a line");
        return vec![call("read_file", arguments), Reply::text(line)];
    }
    if begins("Read `") {
        let read = call("read_file", json!({"path": ticks[0]}));
        return vec![read, Reply::text("DONE")];
    }
    if begins("Answer with exactly two lines") {
        return vec![Reply::text(&format!("{}\nREADY", path_of(ticks[0])))];
    }
    if begins("Which function") {
        let text = source(ticks[0]);
        let before = text.split(ticks[1]).next().expect("text before the line");
        let name = before.rsplit("pub fn ").next().expect("a function");
        return vec![Reply::text(name.split('(').next().expect("a name"))];
    }
    if begins("In which file") {
        return vec![Reply::text("It is not found.")];
    }
    if begins("Create the file") {
        let content = format!("{}\n{}\n", ticks[1], ticks[2]);
        return vec![call(
            "write_file",
            json!({"path": ticks[0], "content": content}),
        )];
    }
    right_edits(prompt, &ticks)
}

/// The edits that a prompt asks for.
fn right_edits(prompt: &str, ticks: &[&str]) -> Vec<Reply> {
    let renamed = |at: usize| ticks[at + 3].replace(ticks[at], ticks[at + 1]);
    let edit =
        |at: usize| json!({"path": ticks[at + 2], "search": ticks[at + 3], "replace": renamed(at)});
    let read = call("read_file", json!({"path": ticks[2]}));
    if prompt.starts_with("Two changes") {
        return vec![call("edit_file", edit(0)).call("edit_file", edit(4))];
    }
    if prompt.contains("unified diff") {
        let (path, line) = (ticks[2], number_after(prompt, "It is line "));
        let (old, new) = (ticks[3], renamed(0));
        let diff = format!(
            "```diff\n--- a/{path}\n+++ b/{path}\n@@ -{line} +{line} @@\n-{old}\n+{new}\n```\n"
        );
        return vec![Reply::text(&diff)];
    }
    if prompt.contains("`write_file`") {
        let (stem, number) = ticks[0].rsplit_once('_').expect("a name with a number");
        let text = function(stem, number.parse().expect("a number"));
        let text = format!("{}\n", text.trim_end()).replace(ticks[3], &renamed(0));
        let write = call("write_file", json!({"path": ticks[2], "content": text}));
        return vec![read, write];
    }
    vec![read, call("edit_file", edit(0))]
}

/// Replies as a model without flaws does.
fn able() -> Reply {
    let reply = |request: &Value| {
        let messages = request["messages"].as_array().cloned().unwrap_or_default();
        let asked = messages[1]["content"].as_str().unwrap_or_default();
        let prompt = asked.rsplit("## Request\n\n").next().unwrap_or(asked);
        if prompt.contains("Write the numbers from one to fifty") {
            return Reply::text("one two three");
        }
        let results = messages.iter().filter(|message| message["role"] == "tool");
        let step = right_steps(prompt).get(results.count()).cloned();
        step.unwrap_or_else(|| Reply::text("It is in the file now."))
    };
    Reply::with(reply).repeated()
}

fn states(model: &Value) -> Vec<String> {
    let tasks = model["tasks"].as_array().expect("tasks").iter();
    tasks
        .map(|task| {
            let text = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("name"), text("state"), text("why"))
        })
        .collect()
}

#[test]
fn a_model_that_does_everything_right_is_called_able() {
    let server = ChatServer::start(vec![able()]);
    let environment = environment(&server);
    let before: Vec<String> = STEMS
        .iter()
        .map(|stem| environment.read(&format!("src/{stem}.rs")))
        .collect();
    let run = environment.run(&["benchmark", "--budget", "50", "--json"]);
    let run = run.expect_success().json();
    let model = &run["models"][0];
    assert_eq!(states(model).len(), 12);
    for state in states(model) {
        assert!(state.contains(" passed "), "{state}: {run:#}");
    }
    assert_eq!(run["tasks_from"], "workspace");
    assert_eq!(run["server"]["version"], "0.33.0");
    assert!(
        run["machine"]["cores"]
            .as_u64()
            .is_some_and(|cores| cores > 0)
    );
    assert_eq!(model["digest"], "cccc");
    assert_eq!(model["window"], 16_384);
    assert_eq!(model["memory"], json!({"bytes": 1_000, "gpu_bytes": 750}));
    let warning = model["warning"].as_str().unwrap_or_default();
    assert!(
        warning.starts_with("25 % of it (250 B) is on the CPU"),
        "{warning}"
    );
    let speed = model["speed"].as_array().expect("speed");
    assert_eq!(speed.len(), 3, "{model:#}");
    for size in speed {
        assert_eq!(size["reply_tokens_per_second"]["median"], 50.0);
        assert_eq!(size["prompt_tokens_per_second"]["median"], 1_000.0);
        assert!(
            size["cached_first_token_seconds"]["runs"].is_u64(),
            "{size}"
        );
    }
    let calls = &model["calls"];
    assert_eq!(
        (&calls["in_text"], &calls["failed"]),
        (&json!(1), &json!(0))
    );
    assert!(
        run["advice"]
            .as_str()
            .is_some_and(|it| it.contains("12 of 12 tasks"))
    );
    // Nothing was done to the workspace, and the copy is gone.
    for (stem, text) in STEMS.iter().zip(before) {
        assert_eq!(environment.read(&format!("src/{stem}.rs")), text);
    }
    assert!(!environment.workspace().join("checklist.txt").exists());
    let id = run["id"].as_str().expect("an id");
    assert_eq!(kept(&environment), [format!("{id}.json")]);
    check_comparisons(&environment, id);
}

/// Compares a result with itself.
fn check_comparisons(environment: &Environment, id: &str) {
    let compared = environment.run(&["benchmark", "--compare", id, id]);
    compared
        .expect_success()
        .expect_words(&["no difference beyond the spread"]);
    let file = results_folder(environment).join(format!("{id}.json"));
    let file = file.to_str().expect("plain text");
    let compared = environment.run(&["benchmark", "--compare", file, id, "--json"]);
    let compared = compared.expect_success().json();
    assert_eq!(compared["models"][0]["changes"], json!([]));
    let unknown = environment.run(&["benchmark", "--compare", id, "1999"]);
    unknown
        .expect_code(1)
        .expect_words(&["there is no result `1999`", id]);
}

#[test]
fn a_model_that_does_everything_wrong_is_no_agent() {
    let server = ChatServer::start(vec![Reply::text("I have done it.").repeated()]);
    let environment = environment(&server);
    let output = environment.run(&["benchmark", "--budget", "50"]);
    let output = output.expect_success();
    assert!(output.stderr.contains("measuring 1 model"), "{output:#?}");
    let filters = vec![
        (r"(?m)^.*; tasks from this workspace$", "[machine]"),
        (r"\d{8}-\d{6}", "[id]"),
        (r"\d+(\.\d+)? (ms|s|min)\b", "[time]"),
        (r"\d{1,3}(,\d{3})+", "[number]"),
        (r" {3,}", "   "),
    ];
    insta::with_settings!({ filters => filters }, {
        insta::assert_snapshot!(output.stdout);
    });
}

#[test]
fn a_model_that_hangs_takes_no_longer_than_its_time() {
    let server = ChatServer::start(vec![Reply::hang().repeated()]);
    let environment = environment(&server);
    environment.index();
    let started = Instant::now();
    let output = environment.run(&["benchmark", "--budget", "3", "--json"]);
    let took = started.elapsed();
    let run = output.expect_code(1).json();
    let model = &run["models"][0];
    let seconds = model["seconds"].as_f64().expect("seconds");
    assert!(seconds < 3.5, "{seconds} s of 3");
    // The rest is starting, copying and indexing, on a machine that does other things, too.
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert_eq!(model["speed"], json!([]));
    for state in states(model) {
        assert!(state.contains(" not_tried "), "{state}");
    }
    assert!(
        run["advice"]
            .as_str()
            .is_some_and(|it| it.contains("--budget"))
    );
    assert_eq!(kept(&environment).len(), 1);
    // Each request was given up, so that the server could stop.
    wait_until("closed connections", || {
        server.closed_connections() == server.requests().len()
    });
}

#[test]
fn ctrl_c_ends_it_with_what_is_known() {
    let server = ChatServer::start(vec![Reply::hang().repeated()]);
    let environment = environment(&server);
    let running = environment.start(&["benchmark", "--json"]);
    wait_until("a request", || !server.requests().is_empty());
    running.interrupt();
    let output = running.finish().expect_code(130);
    let run = output.json();
    assert_eq!(run["stopped"], true);
    assert_eq!(run["models"][0]["name"], CHAT_MODEL);
    assert_eq!(kept(&environment).len(), 1);
}

#[test]
fn models_make_room_for_the_next_one() {
    let named = |name: &str, digest| ServedModel {
        digest,
        ..ServedModel::named(name)
    };
    let models = vec![named("one:7b", "sha256:1"), named("two:7b", "sha256:2")];
    let server = ChatServer::with_models(models, vec![Reply::text("No.").repeated()]);
    let environment = environment(&server);
    let arguments = ["benchmark", "one:7b", "two:7b", "one:7b", "--budget", "25"];
    let output = environment.run(&arguments).expect_success();
    assert_eq!(server.unloads(), ["one:7b"]);
    // Each once, though one was named twice, in a table of both.
    assert!(output.stderr.contains("measuring 2 models"), "{output:#?}");
    let head = output
        .stdout
        .lines()
        .find(|line| line.starts_with("model "));
    assert!(
        head.is_some_and(|head| head.ends_with("GPU")),
        "{output:#?}"
    );
}

#[test]
fn without_ollama_or_a_model_it_says_what_to_do() {
    let server = ChatServer::start(Vec::new());
    let environment = environment(&server);
    let missing = environment.run(&["benchmark", CHAT_MODEL, "absent:7b"]);
    missing.expect_code(1).expect_words(&[
        "does not have the model `absent:7b`",
        "`ollama pull absent:7b`",
    ]);
    assert_eq!(server.loads(), Vec::<Value>::new());
    let without = environment.with("OLLAMA_HOST", "http://127.0.0.1:1");
    let output = without.run(&["benchmark"]).expect_code(1);
    output.expect_words(&["Ollama is not answering", "`ollama serve`"]);
}

#[test]
fn a_folder_without_code_is_measured_with_a_sample() {
    let server = ChatServer::start(vec![Reply::text("It is not found.").repeated()]);
    let environment = environment(&server);
    for stem in STEMS {
        environment.remove(&format!("src/{stem}.rs"));
    }
    environment.write("notes.md", "# Notes\n\nNothing yet.\n");
    let output = environment.run(&["benchmark", "--budget", "25", "--json"]);
    let output = output.expect_success();
    assert!(output.stderr.contains("a small sample"), "{output:#?}");
    let run = output.json();
    assert_eq!(run["tasks_from"], "sample");
    let passed = states(&run["models"][0]);
    let passed = passed.iter().filter(|state| state.contains(" passed "));
    let passed: Vec<&String> = passed.collect();
    assert_eq!(passed.len(), 1, "{passed:?}");
    assert!(passed[0].starts_with("no-invention"), "{passed:?}");
}
