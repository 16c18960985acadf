//! What five tasks cost: the prompt tokens of all requests, at a small window.
//!
//! `cargo bench --profile dev --bench tasks`
//!
//! A model in the process makes the same calls and gives the same answers each time, in a generated
//! repository of 24 files. The tokens of each request are estimated: system prompt, tools and
//! messages, and those of requests for summaries. So the figures of two commits can be compared:
//! this file and its entry in `Cargo.toml` can be copied to an earlier one, where a field of
//! [`ModelProfile`] may have to be left out. There are no vectors. Settings of the user count, so
//! that those under test can be set.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/asking.rs"]
mod asking;
#[path = "support/scoring.rs"]
#[allow(dead_code, reason = "other benchmarks use more of it")]
mod scoring;

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Error};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ollacode::engine::ChatActivity;
use ollacode::message::ToolCall;
use ollacode::model::budget::estimate;
use ollacode::model::{ChatModel, ChatRequest, Delta, ModelError, ModelProfile, Usage};
use ollacode::permission::Mode;
use ollacode::session::Session;
use ollacode_indexer::RefreshOptions;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use asking::ask;
use scoring::app;

/// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Context window of the model, in tokens.
const WINDOW: u32 = 8_192;

/// What the files of the repository are about.
const TOPICS: [&str; 24] = [
    "retry", "cache", "parser", "header", "session", "socket", "timer", "queue", "router",
    "cookie", "token", "page", "ranker", "logger", "metrics", "config", "export", "import",
    "archive", "mailer", "billing", "invoice", "customer", "report",
];
/// What the functions of each file do.
const VERBS: [&str; 12] = [
    "open", "close", "read", "write", "check", "count", "reset", "merge", "split", "send", "find",
    "limit",
];

/// A reply of the model.
#[derive(Clone)]
enum Reply {
    Call(&'static str, Value),
    Text(&'static str),
}

use Reply::{Call, Text};

/// A task: its name, and questions with the replies to each.
struct Task {
    name: &'static str,
    questions: Vec<(String, Vec<Reply>)>,
}

fn read(topic: &str, start: usize, end: usize) -> Reply {
    let path = format!("src/{topic}.rs");
    Call(
        "read_file",
        json!({"path": path, "start_line": start, "end_line": end}),
    )
}

fn edit(path: &str, search: &str, replace: &str) -> Reply {
    Call(
        "edit_file",
        json!({"path": path, "search": search, "replace": replace}),
    )
}

fn test() -> Reply {
    Call("run_command", json!({"command": "echo 12 tests passed"}))
}

/// Looks something up.
fn look_up() -> Task {
    let replies = vec![
        Call("grep_search", json!({"regex": "fn retry_limit"})),
        read("retry", 100, 120),
        Text("In `retry_limit`, src/retry.rs:111."),
    ];
    Task {
        name: "look up",
        questions: vec![("Where is the limit of retries checked?".to_owned(), replies)],
    }
}

/// Fixes a function and runs the tests.
fn fix() -> Task {
    let replies = vec![
        read("retry", 1, 120),
        edit(
            "src/retry.rs",
            "retry_limit_of(input, 12)",
            "retry_limit_of(input, 24)",
        ),
        test(),
        Text("`retry_limit` doubles it now; 12 tests passed."),
    ];
    let question = "retry_limit should allow twice as much: fix it and run the tests.";
    Task {
        name: "fix",
        questions: vec![(question.to_owned(), replies)],
    }
}

/// Asks on and on about one thing.
fn follow_ups() -> Task {
    let questions = [
        (
            "How does the cache reset its entries?",
            vec![
                read("cache", 60, 80),
                Text("`cache_reset` in src/cache.rs:66 does."),
            ],
        ),
        ("and where is that called?", vec![Text("In src/main.rs:4.")]),
        ("Does it have tests?", vec![Text("No.")]),
        (
            "make that function keep the first entry",
            vec![
                edit(
                    "src/cache.rs",
                    "cache_reset_of(input, 7)",
                    "cache_reset_of(input, 8)",
                ),
                test(),
                Text("It keeps the first entry; 12 tests passed."),
            ],
        ),
        (
            "what did you change?",
            vec![Text("One line of src/cache.rs.")],
        ),
    ];
    let questions = questions.map(|(question, replies)| (question.to_owned(), replies));
    Task {
        name: "follow-ups",
        questions: questions.into(),
    }
}

/// Renames a function that several files use.
fn rename() -> Task {
    let mut replies = vec![Call("grep_search", json!({"regex": "cookie_find"}))];
    replies.extend([
        read("cookie", 90, 115),
        edit(
            "src/cookie.rs",
            "pub fn cookie_find(",
            "pub fn cookie_lookup(",
        ),
    ]);
    for (path, place) in [
        ("src/main.rs", "    cookie_find(10);"),
        ("src/session.rs", "// See cookie_find."),
        ("src/router.rs", "// See cookie_find."),
    ] {
        replies.push(Call("read_file", json!({"path": path})));
        replies.push(edit(path, place, &place.replace("find", "lookup")));
    }
    replies.push(test());
    replies.push(Text(
        "`cookie_find` is `cookie_lookup` in four files; 12 tests passed.",
    ));
    Task {
        name: "rename",
        questions: vec![(
            "Rename cookie_find to cookie_lookup everywhere.".to_owned(),
            replies,
        )],
    }
}

/// Reads more than the window holds, question after question.
fn long_session() -> Task {
    let question = |topic: &&str| {
        let replies = vec![
            read(topic, 1, 60),
            read(topic, 61, 120),
            Text("It opens, reads, checks and closes, in that order."),
        ];
        (
            format!("What does src/{topic}.rs do with its input?"),
            replies,
        )
    };
    Task {
        name: "long session",
        questions: TOPICS[..10].iter().map(question).collect(),
    }
}

/// A model that does what it is told to, and counts what it is sent.
struct Scripted {
    profile: ModelProfile,
    script: Mutex<VecDeque<Reply>>,
    costs: Mutex<Vec<u32>>,
}

impl ChatModel for Scripted {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        let mut costs = self.costs.lock();
        costs.push(estimate(request.messages, request.tools));
        // What is asked beside the conversation offers no tools: a summary.
        let next = if request.tools.is_empty() {
            Text("{\"summary\": \"The user asks what files of src/ do, such as src/retry.rs.\"}")
        } else {
            let mut script = self.script.lock();
            script.pop_front().unwrap_or(Text("Done."))
        };
        let delta = match next {
            Text(text) => Delta::Text(text.to_owned()),
            Call(name, arguments) => Delta::Call(ToolCall {
                id: format!("call_{}", costs.len()),
                name: name.to_owned(),
                arguments: arguments.as_object().cloned().unwrap_or_default(),
            }),
        };
        stream::iter([Ok(delta), Ok(Delta::Done(Usage::default()))]).boxed()
    }
}

/// Writes the repository.
fn write_repository(root: &Path) -> Result<(), Error> {
    fs::create_dir_all(root.join("src"))?;
    fs::write(root.join("Cargo.toml"), "[package]\nname = \"shop\"\n")?;
    for topic in TOPICS {
        let mut text = String::new();
        for (number, verb) in (1..).zip(VERBS) {
            text.push_str(&format!(
                "/// Has the {topic} {verb} what it was given.\n\
                 pub fn {topic}_{verb}(input: u32) -> u32 {{\n    \
                     let before = {topic}_{verb}_of(input, {number});\n    \
                     if before > input {{\n        \
                         return before - input;\n    \
                     }}\n    \
                     before + {number}\n\
                 }}\n\n\n"
            ));
        }
        if ["session", "router"].contains(&topic) {
            text.push_str("// See cookie_find.\n");
        }
        fs::write(root.join(format!("src/{topic}.rs")), text)?;
    }
    let main = "fn main() {\n    cookie_find(10);\n    retry_limit(3);\n    cache_reset(1);\n}\n";
    fs::write(root.join("src/main.rs"), main)?;
    Ok(())
}

/// Has the model carry out a task in a new repository, and returns the tokens of each request.
async fn costs(task: Task, folder: &Path) -> Result<Vec<u32>, Error> {
    let root = folder.join("shop");
    write_repository(&root)?;
    let app = app(&root, Some(folder.join("data")), None)?;
    app.index
        .refresh(&RefreshOptions::default(), &|_| ())
        .await?;
    let model = Arc::new(Scripted {
        profile: ModelProfile {
            name: "scripted".to_owned(),
            window: WINDOW,
            tools: true,
            vision: false,
            weak: true,
            thinks_in_text: false,
            remote: None,
        },
        script: Mutex::default(),
        costs: Mutex::default(),
    });
    let sessions = folder.join("sessions");
    let mut session = Session::create(&sessions, &app.workspace.root, model.clone())?;
    session.set_mode(Mode::AutoApprove)?;
    let engine = app.engine(&session, &ChatActivity::default())?;
    for (question, replies) in task.questions {
        *model.script.lock() = replies.into();
        ask(&engine, &mut session, &question)
            .await
            .context(question)?;
    }
    let costs = model.costs.lock().clone();
    Ok(costs)
}

async fn measure() -> Result<(), Error> {
    println!("task           requests  prompt tokens  largest");
    let mut all = 0;
    for task in [look_up(), fix(), follow_ups(), rename(), long_session()] {
        let name = task.name;
        let folder = tempfile::tempdir()?;
        let costs = costs(task, folder.path()).await.context(name)?;
        let sum: u32 = costs.iter().sum();
        let largest = costs.iter().max().copied().unwrap_or(0);
        println!("{name:<13}  {:>8}  {sum:>13}  {largest:>7}", costs.len());
        all += sum;
    }
    println!("{:<13}  {:>8}  {all:>13}", "all", "");
    Ok(())
}

fn main() -> Result<ExitCode, Error> {
    // Commands of the tasks are confined by helpers, which are this program.
    if let Some(code) = ollacode::sandbox::confine::enter() {
        return Ok(code);
    }
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure())?;
    Ok(ExitCode::SUCCESS)
}
