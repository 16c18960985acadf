//! What the engine adds to a step of the model: 200 messages, one call of `read_file` a step.
//!
//! `cargo bench --profile dev --bench chat` plays a model in the process that answers at once, so
//! all that is measured is ours: the budget, the call, its result, the journal.

#![recursion_limit = "256"]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "support/asking.rs"]
mod asking;
#[allow(dead_code, reason = "each benchmark uses its part")]
#[path = "support/figures.rs"]
mod figures;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::Error;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use ollacode::engine::{ChatActivity, Engine, EngineOptions, EngineParts};
use ollacode::jail::Jail;
use ollacode::message::{Message, ToolCall};
use ollacode::model::{ChatModel, ChatRequest, Delta, ModelError, ModelProfile, Usage};
use ollacode::retrieval::{CodeIndex, EmbedderSource};
use ollacode::sandbox::{CommandEnvironment, Sandbox};
use ollacode::session::Session;
use ollacode::tools::{GitVersions, ToolContext, Toolbox};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Embedder, Index};
use parking_lot::Mutex;
use serde_json::json;

use asking::ask;
use figures::{Percentiles, runtime};

const MESSAGES: usize = 200;
const STEPS: usize = 100;
const QUESTION: &str = "What is in the files?";

fn main() -> Result<(), Error> {
    // Without it somebody only wants to see that the program starts: `cargo test --benches`.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    runtime()?.block_on(measure())
}

async fn measure() -> Result<(), Error> {
    let folder = tempfile::tempdir()?;
    let top = folder.path().canonicalize()?;
    let root = top.join("workspace");
    fs::create_dir(&root)?;
    for number in 0..STEPS {
        fs::write(
            root.join(format!("{number}.rs")),
            "fn main() {}\n".repeat(50),
        )?;
    }
    let model = Arc::new(Reader::default());
    let mut session = Session::create(&top.join("sessions"), &root, model.clone())?;
    let environment = CommandEnvironment::from_variables([], None, &root);
    let index = Index::new(&root, top.join("index"), WalkLimits::default());
    let context = ToolContext {
        jail: Jail::open(&root)?,
        sandbox: Arc::new(Sandbox::new(root.clone(), environment)),
        code: Arc::new(CodeIndex::new(index, Arc::new(WordsOnly), Arc::default())),
        rules: Arc::default(),
        seen: Mutex::default(),
        changes: Mutex::new(session.changes()),
        git_versions: GitVersions::default(),
        git_history: Arc::default(),
        edit_form: Mutex::default(),
        unsaved: Arc::default(),
    };
    let engine = Engine::new(EngineParts {
        context: Arc::new(context),
        toolbox: Toolbox::builtin(),
        options: EngineOptions {
            max_steps: STEPS + 1,
            rag: false,
            ..EngineOptions::default()
        },
        activity: ChatActivity::default(),
        known_memory: top.join("memory"),
        commit_trailer: None,
        skills: ollacode::skills::Library::default(),
    });
    // Begins the session, and is then followed by what a long one holds.
    model.left.store(0, Ordering::Relaxed);
    ask(&engine, &mut session, QUESTION).await?;
    while session.messages.len() < MESSAGES {
        let text = "Where is the connection opened, and who closes it again? ".repeat(8);
        session.messages.push(Message::user(text.clone()));
        session.messages.push(Message::Assistant {
            text,
            thinking: String::new(),
            calls: Vec::new(),
        });
    }
    model.left.store(STEPS, Ordering::Relaxed);
    ask(&engine, &mut session, QUESTION).await?;
    let asked = model.asked.lock();
    let asked = &asked[1..];
    let steps = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let percentiles = Percentiles::of(steps);
    println!(
        "a step of the engine at {MESSAGES} to {} messages: {percentiles} (wanted: <= 5 ms)",
        session.messages.len()
    );
    Ok(())
}

/// Reads one file after another, then answers.
struct Reader {
    profile: ModelProfile,
    left: AtomicUsize,
    asked: Mutex<Vec<Instant>>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader {
            profile: ModelProfile {
                name: "reader".to_owned(),
                window: 1 << 20,
                tools: true,
                vision: false,
                weak: false,
                thinks_in_text: false,
                remote: None,
            },
            left: AtomicUsize::new(0),
            asked: Mutex::default(),
        }
    }
}

impl ChatModel for Reader {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn reply<'a>(&'a self, _: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        self.asked.lock().push(Instant::now());
        let left = self.left.load(Ordering::Relaxed);
        let delta = if left == 0 {
            Delta::Text("Functions that do nothing.".to_owned())
        } else {
            self.left.store(left - 1, Ordering::Relaxed);
            let path = format!("{}.rs", left - 1);
            Delta::Call(ToolCall {
                id: format!("call_{left}"),
                name: "read_file".to_owned(),
                arguments: json!({ "path": path })
                    .as_object()
                    .cloned()
                    .unwrap_or_default(),
            })
        };
        stream::iter([Ok(delta), Ok(Delta::Done(Usage::default()))]).boxed()
    }
}

struct WordsOnly;

impl EmbedderSource for WordsOnly {
    fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
        async { Ok(None) }.boxed()
    }
}
