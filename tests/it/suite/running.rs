//! `ollacode benchmark --suite` with a scripted model that solves a task at the first try, at the
//! second, or never.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::chat_server::{CHAT_MODEL, ChatServer, Reply};
use crate::support::{Environment, Output, wait_until};

/// The task that the model can solve,
const SOLVABLE: &str = "csv-field";
/// and one that it cannot.
const UNSOLVABLE: &str = "option-lookup";
/// What only the second question has.
const AGAIN: &str = "The tests for this fail";
/// A line of the hidden tests of the task.
const SECRET: &str = "bytes behind the end are written";

fn solution(path: &str) -> String {
    let folder = "benchmarks/suite/c/csv-field/solution";
    crate::support::generated::read(&format!("{folder}/{path}"))
}

fn edit(path: &str, search: &str, replace: &str) -> Reply {
    let arguments = json!({"path": path, "search": search, "replace": replace});
    Reply::text("").call("edit_file", arguments)
}

/// The edits that solve the task: the first one alone does not.
fn right_edits() -> [Reply; 3] {
    let last = "    return text;\n}";
    let code = solution("src/csv.c");
    let (_, functions) = code.split_once(last).expect("the end of the old code");
    [
        edit(
            "src/csv.h",
            "#endif",
            "size_t csv_write_field(char *out, size_t size, const char *field, char separator);\n\n\
             #endif",
        ),
        edit(
            "src/csv.c",
            "#include \"csv.h\"",
            "#include \"csv.h\"\n\n#include <stdbool.h>\n#include <string.h>",
        ),
        edit(
            "src/csv.c",
            last,
            &format!("{last}{}", functions.trim_end()),
        ),
    ]
}

/// A model that makes so many of the right edits in each try.
fn model(edits: [usize; 2]) -> Reply {
    let steps = right_edits();
    let reply = move |request: &Value| {
        let messages = request["messages"].as_array().cloned().unwrap_or_default();
        let of = |role: &str| -> Vec<String> {
            let of_role = messages.iter().filter(|message| message["role"] == role);
            let texts = of_role.map(|message| message["content"].as_str().unwrap_or_default());
            texts.map(str::to_owned).collect()
        };
        let asked = of("user");
        let is_solvable = asked.iter().any(|text| text.contains("csv_write_field"));
        let is_second = asked.iter().any(|text| text.contains(AGAIN));
        let most = edits[0] + if is_second { edits[1] } else { 0 };
        let made = of("tool").len();
        if is_solvable && made < most {
            return steps[made].clone();
        }
        Reply::text("I have changed what I could.")
    };
    Reply::with(reply).repeated()
}

fn environment(server: &ChatServer) -> Environment {
    Environment::new()
        .with("OLLAMA_HOST", &server.uri())
        .with("OLLAMA_MODEL", CHAT_MODEL)
}

/// The arguments for some tasks.
fn suite<'a>(tasks: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["benchmark", "--suite", "--json", "--unconfined"];
    arguments.extend(more);
    arguments.extend(tasks.iter().flat_map(|task| ["--task", *task]));
    arguments
}

/// What a run says of the only model.
#[track_caller]
fn result(output: &Output) -> Value {
    let report = output.json();
    assert_eq!(
        report["models"].as_array().map(Vec::len),
        Some(1),
        "{report:#}"
    );
    report["models"][0].clone()
}

/// The records on disk.
fn records(environment: &Environment) -> Vec<Value> {
    let files = result_files(environment);
    let text = files
        .iter()
        .map(|path| fs::read_to_string(path).expect("the results"));
    let text: String = text.collect();
    let read = |line: &str| serde_json::from_str(line).expect("a line of JSON");
    text.lines().map(read).collect()
}

fn result_files(environment: &Environment) -> Vec<PathBuf> {
    let folder = environment.data_folder().join("ollacode/benchmarks/suite");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Each try of a record: whether it passed.
fn passed(record: &Value) -> Vec<bool> {
    let tries = record["tries"].as_array().expect("tries");
    let passed = tries.iter().map(|one| one["passed"].as_bool());
    passed.map(|passed| passed.expect("a verdict")).collect()
}

#[test]
fn a_task_that_is_solved_at_the_first_try_is_asked_once() {
    let server = ChatServer::start(vec![model([3, 0])]);
    let environment = environment(&server);
    environment.write("mine.txt", "mine\n");
    let output = environment.run(&suite(&[SOLVABLE], &[])).expect_success();
    let result = result(&output);
    for (field, expected) in [
        (
            "all",
            json!({"name": "all", "tasks": 1, "first": 1, "second": 1}),
        ),
        ("unsolved", json!([])),
        ("left", json!(0)),
        ("run", json!(1)),
        ("failure", json!(null)),
        ("model", json!(CHAT_MODEL)),
    ] {
        assert_eq!(result[field], expected, "{field} of {result:#}");
    }
    assert_eq!(result["languages"][0]["name"], "c");
    assert_eq!(result["kinds"][0]["name"], "add");
    let records = records(&environment);
    assert_eq!(records.len(), 1);
    assert_eq!(passed(&records[0]), [true]);
    assert_eq!(records[0]["tries"][0]["calls"], 3);
    assert_eq!(records[0]["tries"][0]["calls_failed"], 0);
    assert_eq!(records[0]["task"], "c/csv-field");
    assert_eq!(environment.read("mine.txt"), "mine\n");
    let benchmarks = environment.data_folder().join("ollacode/benchmarks");
    let left: Vec<_> = fs::read_dir(benchmarks)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["suite"], "the folders of the run are gone");
}

#[test]
fn the_second_try_has_what_the_tests_printed_and_nothing_else_of_them() {
    let server = ChatServer::start(vec![model([1, 2])]);
    let environment = environment(&server);
    let output = environment.run(&suite(&[SOLVABLE], &[])).expect_success();
    let result = result(&output);
    assert_eq!(
        result["all"],
        json!({"name": "all", "tasks": 1, "first": 0, "second": 1})
    );
    let records = records(&environment);
    assert_eq!(passed(&records[0]), [false, true]);
    let printed = records[0]["tries"][0]["output"]
        .as_str()
        .unwrap_or_default();
    assert!(printed.contains("undefined reference"), "{printed}");
    let folder = environment.data_folder().display().to_string();
    assert!(!printed.contains(&folder), "{printed}");
    let requests = server.requests();
    let texts: Vec<String> = requests.iter().map(Value::to_string).collect();
    assert!(texts.iter().all(|text| !text.contains(SECRET)));
    let seconds = texts.iter().filter(|text| text.contains(AGAIN)).count();
    assert!(seconds > 0 && seconds < texts.len());
    let last = texts.last().expect("a request");
    assert!(last.contains("undefined reference"), "{last}");
    // For people.
    let table = environment.run(&["benchmark", "--suite", "--unconfined", "--task", SOLVABLE]);
    table
        .expect_success()
        .expect_words(&["1 task, done before", "C, C++        1  0 (0 %)  1 (100 %)"]);
}

#[test]
fn a_task_that_is_never_solved_has_two_tries() {
    let server = ChatServer::start(vec![model([1, 0])]);
    let environment = environment(&server);
    let output = environment.run(&suite(&[SOLVABLE], &[])).expect_success();
    let result = result(&output);
    assert_eq!(
        result["all"],
        json!({"name": "all", "tasks": 1, "first": 0, "second": 0})
    );
    assert_eq!(result["unsolved"], json!(["c/csv-field"]));
    assert_eq!(passed(&records(&environment)[0]), [false, false]);
}

#[test]
fn a_run_goes_on_where_it_stopped_until_another_one_is_wanted() {
    let server = ChatServer::start(vec![model([3, 0])]);
    let mut environment = environment(&server);
    let first = environment.run(&suite(&[SOLVABLE], &[])).expect_success();
    assert_eq!(result(&first)["run"], 1);
    // The model does not answer: the run is stopped in the middle of a task.
    let hanging = ChatServer::start(vec![Reply::hang().repeated()]);
    environment.set("OLLAMA_HOST", &hanging.uri());
    let both = [SOLVABLE, UNSOLVABLE];
    let running = environment.start(&suite(&both, &[]));
    wait_until("the second task", || !hanging.requests().is_empty());
    running.interrupt();
    let stopped = running.finish().expect_code(130);
    let stopped = result(&stopped);
    assert_eq!(
        (&stopped["left"], &stopped["all"]["first"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        records(&environment).len(),
        1,
        "what was stopped is not recorded"
    );
    // The same command goes on with the task that has no result.
    let before = server.requests().len();
    environment.set("OLLAMA_HOST", &server.uri());
    let on = environment.run(&suite(&both, &[])).expect_success();
    let on = result(&on);
    assert_eq!((&on["run"], &on["left"]), (&json!(1), &json!(0)));
    assert_eq!(on["unsolved"], json!(["c/option-lookup"]));
    let asked: Vec<Value> = server.requests().split_off(before);
    let is_new = |request: &Value| request.to_string().contains("options_int");
    assert!(!asked.is_empty() && asked.iter().all(is_new));
    let requests = server.requests().len();
    environment.run(&suite(&both, &[])).expect_success();
    assert_eq!(server.requests().len(), requests, "all have a result");
    // Another run.
    let again = environment.run(&suite(&[SOLVABLE], &["--again"]));
    assert_eq!(result(&again.expect_success())["run"], 2);
    let runs: Vec<Value> = records(&environment)
        .iter()
        .map(|record| record["run"].clone())
        .collect();
    assert_eq!(runs, [json!(1), json!(1), json!(2)]);
}

#[test]
fn a_server_that_fails_says_nothing_of_the_model() {
    let server = ChatServer::start(vec![Reply::cut().repeated()]);
    let environment = environment(&server);
    let output = environment.run(&suite(&[SOLVABLE], &[])).expect_code(1);
    let result = result(&output);
    assert!(result["failure"].is_string(), "{result:#}");
    assert_eq!(
        (&result["left"], &result["all"]["tasks"]),
        (&json!(1), &json!(0))
    );
    assert!(records(&environment).is_empty());
}

#[test]
fn a_task_or_a_language_that_is_unknown_is_an_error() {
    let server = ChatServer::start(vec![]);
    let environment = environment(&server);
    let none = environment.run(&suite(&["no-such-task"], &[]));
    none.expect_code(1)
        .expect_words(&["no task `no-such-task`"]);
    let both = environment.run(&suite(&[SOLVABLE], &["--languages", "go"]));
    both.expect_code(1).expect_words(&["no task is in both"]);
    let language = environment.run(&suite(&[], &["--languages", "cobol"]));
    language.expect_code(2);
}
