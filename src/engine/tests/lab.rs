//! A workspace for whole turns: real files and a scripted model.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Embedder, Index};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::event::{Failure, FailureCode, ToolOutcome};
use super::super::*;
use crate::jail::Jail;
use crate::message::ToolCall;
use crate::model::{ChatModel, ChatRequest, Delta, ModelError, Usage};
use crate::permission::{ApprovalRequest, Decision};
use crate::retrieval::{CodeIndex, EmbedderSource};
use crate::sandbox::{CommandEnvironment, Sandbox};
use crate::tools::Tool;

/// One reply of the script.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub deltas: Vec<Delta>,
    pub usage: Usage,
    pub ending: Ending,
}

#[derive(Clone, Debug, Default)]
pub enum Ending {
    #[default]
    Done,
    Error(ModelError),
    /// Nothing more comes, and the stream stays open.
    Never,
}

pub fn text(text: &str) -> Line {
    Line {
        // A character at a time is the worst case for whoever holds text back.
        deltas: text
            .chars()
            .map(|character| Delta::Text(character.to_string()))
            .collect(),
        ..Line::default()
    }
}

pub fn call(name: &str, arguments: Value) -> Line {
    calls(vec![(name, arguments)])
}

pub fn calls(list: Vec<(&str, Value)>) -> Line {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let deltas = list.into_iter().map(|(name, arguments)| {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Delta::Call(ToolCall {
            id: format!("call_{number}"),
            name: name.to_owned(),
            arguments: arguments.as_object().cloned().unwrap_or_default(),
        })
    });
    Line {
        deltas: deltas.collect(),
        ..Line::default()
    }
}

pub fn read(path: &str) -> Line {
    call("read_file", json!({ "path": path }))
}

/// A failure that the model names, and that nothing can be done about.
pub fn failed(message: &str) -> ModelError {
    ModelError::Failed(Failure::new(FailureCode::ModelFailed, message))
}

pub fn fails(error: ModelError) -> Line {
    Line {
        ending: Ending::Error(error),
        ..Line::default()
    }
}

/// A request to the model.
#[derive(Clone, Debug)]
pub struct Asked {
    pub messages: Vec<Message>,
    pub tools: Vec<String>,
    pub format: bool,
    pub without_thoughts: bool,
}

impl Asked {
    /// The last message of the user.
    pub fn user(&self) -> &str {
        let said = self.messages.iter().rev();
        said.filter_map(|message| match message {
            Message::User { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .next()
        .unwrap_or_default()
    }

    pub fn system(&self) -> &str {
        match self.messages.first() {
            Some(Message::System { text }) => text,
            other => panic!("the first message is {other:?}"),
        }
    }
}

pub struct Scripted {
    pub profile: ModelProfile,
    pub script: Mutex<VecDeque<Line>>,
    pub asked: Mutex<Vec<Asked>>,
    /// The form in which it edits best,
    pub form: Mutex<EditForm>,
    /// and its edits so far.
    pub edited: Mutex<Vec<(EditForm, bool)>>,
}

impl ChatModel for Scripted {
    fn profile(&self) -> &ModelProfile {
        &self.profile
    }

    fn edit_form(&self) -> EditForm {
        *self.form.lock()
    }

    fn edited(&self, form: EditForm, has_worked: bool) {
        self.edited.lock().push((form, has_worked));
    }

    fn reply<'a>(&'a self, request: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        check_shape(request.messages);
        self.asked.lock().push(Asked {
            messages: request.messages.to_vec(),
            tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
            format: request.format.is_some(),
            without_thoughts: request.without_thoughts,
        });
        let line = self
            .script
            .lock()
            .pop_front()
            .expect("a reply in the script");
        let deltas = stream::iter(line.deltas.into_iter().map(Ok));
        match line.ending {
            Ending::Done => deltas
                .chain(stream::iter([Ok(Delta::Done(line.usage))]))
                .boxed(),
            Ending::Error(error) => deltas.chain(stream::iter([Err(error)])).boxed(),
            Ending::Never => deltas.chain(stream::pending()).boxed(),
        }
    }
}

/// Checks that there is one system message, at the beginning, and that each call has its result
/// before the next message.
#[track_caller]
pub fn check_shape(messages: &[Message]) {
    assert!(matches!(messages.first(), Some(Message::System { .. })));
    let mut open: Vec<&str> = Vec::new();
    for message in &messages[1..] {
        match message {
            Message::System { .. } => panic!("a second system message"),
            Message::Tool { call_id, .. } => {
                assert_eq!(open.first(), Some(&call_id.as_str()), "{messages:#?}");
                open.remove(0);
            }
            Message::User { .. } => assert!(open.is_empty(), "{messages:#?}"),
            Message::Assistant { calls, .. } => {
                assert!(open.is_empty(), "{messages:#?}");
                open = calls.iter().map(|call| call.id.as_str()).collect();
            }
        }
    }
    assert!(open.is_empty(), "{messages:#?}");
}

/// An approver that always decides the same, or is absent.
pub struct Judge {
    pub decision: Option<Decision>,
    pub asked: Mutex<Vec<ApprovalRequest>>,
    /// What it answers to a question.
    pub answer: Option<String>,
    /// Runs before the decision.
    pub meanwhile: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Approver for Judge {
    fn decide<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        self.asked.lock().push(request.clone());
        if let Some(happens) = &self.meanwhile {
            happens();
        }
        let decision = self.decision.clone().unwrap_or(Decision::Deny(None));
        async { decision }.boxed()
    }

    fn answer<'a>(&'a self, _: &'a str, _: &'a [String]) -> BoxFuture<'a, Option<String>> {
        let answer = self.answer.clone();
        async { answer }.boxed()
    }

    fn can_ask(&self) -> bool {
        self.decision.is_some()
    }
}

struct WordsOnly;

impl EmbedderSource for WordsOnly {
    fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
        async { Ok(None) }.boxed()
    }
}

/// A workspace with an engine, a session and a model.
pub struct Lab {
    pub root: PathBuf,
    pub engine: Engine,
    pub session: Session,
    pub model: Arc<Scripted>,
    pub judge: Judge,
    pub stop: CancellationToken,
    /// Last, so that everything above is closed first.
    _folder: TempDir,
}

pub const SOURCE: &str = "fn main() {\n    println!(\"hello\");\n}\n";

fn profile(window: u32) -> ModelProfile {
    ModelProfile {
        name: "scripted".to_owned(),
        window,
        tools: true,
        vision: false,
        weak: false,
        thinks_in_text: false,
        remote: None,
    }
}

impl Lab {
    pub fn new(script: Vec<Line>) -> Lab {
        Lab::with(script, 32_768, EngineOptions::default())
    }

    /// With a model that sees pictures.
    pub fn seeing(script: Vec<Line>) -> Lab {
        let profile = ModelProfile {
            vision: true,
            ..profile(32_768)
        };
        Lab::of(script, profile, EngineOptions::default())
    }

    /// With a model whose template begins its thoughts, which the server does not know.
    pub fn thinking_in_text(script: Vec<Line>) -> Lab {
        let profile = ModelProfile {
            thinks_in_text: true,
            ..profile(32_768)
        };
        Lab::of(script, profile, EngineOptions::default())
    }

    pub fn with(script: Vec<Line>, window: u32, options: EngineOptions) -> Lab {
        Lab::of(script, profile(window), options)
    }

    /// With a tool that is added at run time.
    pub fn with_tool(script: Vec<Line>, tool: Arc<dyn Tool>) -> Lab {
        let toolbox = Toolbox::builtin().with(tool).expect("a new name");
        Lab::made(script, profile(32_768), EngineOptions::default(), toolbox)
    }

    /// With other tools, and a window.
    pub fn with_toolbox(script: Vec<Line>, window: u32, toolbox: Toolbox) -> Lab {
        Lab::made(script, profile(window), EngineOptions::default(), toolbox)
    }

    fn of(script: Vec<Line>, profile: ModelProfile, options: EngineOptions) -> Lab {
        Lab::made(script, profile, options, Toolbox::builtin())
    }

    fn made(
        script: Vec<Line>,
        profile: ModelProfile,
        options: EngineOptions,
        toolbox: Toolbox,
    ) -> Lab {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("a folder");
        let root = top.join("shop");
        fs::create_dir(&root).expect("a workspace");
        fs::write(root.join("main.rs"), SOURCE).expect("a file");
        let model = Arc::new(Scripted {
            profile,
            script: Mutex::new(script.into()),
            asked: Mutex::default(),
            form: Mutex::default(),
            edited: Mutex::default(),
        });
        let answers: Arc<dyn ChatModel> = model.clone();
        let session = Session::create(&top.join("sessions"), &root, answers).expect("a session");
        let environment = CommandEnvironment::from_variables([], None, &root);
        let index = Index::new(&root, top.join("index"), WalkLimits::default());
        let context = ToolContext {
            jail: Jail::open(&root).expect("a jail"),
            sandbox: Arc::new(Sandbox::new(root.clone(), environment)),
            code: Arc::new(CodeIndex::new(index, Arc::new(WordsOnly), Arc::default())),
            rules: Arc::default(),
            seen: Mutex::default(),
            changes: Mutex::new(session.changes()),
            git_versions: crate::tools::GitVersions::default(),
            git_history: Arc::default(),
            edit_form: Mutex::default(),
            unsaved: Arc::default(),
        };
        let engine = Engine::new(EngineParts {
            context: Arc::new(context),
            toolbox,
            options,
            activity: ChatActivity::default(),
            known_memory: top.join("memory"),
            commit_trailer: None,
            skills: crate::skills::Library::default(),
        });
        Lab {
            root,
            engine,
            session,
            model,
            judge: Judge {
                decision: Some(Decision::Once),
                asked: Mutex::default(),
                answer: None,
                meanwhile: None,
            },
            stop: CancellationToken::new(),
            _folder: folder,
        }
    }

    pub async fn ask(&mut self, text: &str) -> (TurnEnd, Vec<Event>) {
        let question = Question {
            text: text.to_owned(),
            ..Question::default()
        };
        self.put(question).await
    }

    pub async fn put(&mut self, question: Question) -> (TurnEnd, Vec<Event>) {
        let (sender, mut receiver) = mpsc::channel(8);
        let Lab {
            engine,
            session,
            judge,
            stop,
            ..
        } = self;
        let asking = async {
            let end = engine.ask(session, question, &*judge, &sender, stop).await;
            drop(sender);
            end
        };
        let listening = async {
            let mut events = Vec::new();
            while let Some(event) = receiver.recv().await {
                events.push(event);
            }
            events
        };
        let (end, events) = tokio::join!(asking, listening);
        check_events(&events, &end);
        (end, events)
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.model.asked.lock().clone()
    }

    pub fn file(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).expect("a file")
    }

    /// Checks that each request, except those for a format or a summary, extends the one before it.
    #[track_caller]
    pub fn check_requests_extend_each_other(&self) {
        let asked = self.asked();
        let asked: Vec<&Asked> = asked.iter().filter(|asked| !asked.format).collect();
        for pair in asked.windows(2) {
            assert!(pair[1].messages.starts_with(&pair[0].messages));
            assert_eq!(pair[0].tools, pair[1].tools);
        }
    }

    /// The results of the calls, in order.
    pub fn results(&self) -> Vec<String> {
        let said = self.session.messages.iter();
        said.filter_map(|message| match message {
            Message::Tool { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect()
    }
}

/// Checks that a turn has one end, its last event, and that each started tool ends once.
#[track_caller]
pub fn check_events(events: &[Event], end: &TurnEnd) {
    let mut open: Vec<&str> = Vec::new();
    for event in events {
        match event {
            Event::ToolStarted { id, .. } => open.push(id),
            Event::ToolFinished { id, .. } => {
                let at = open.iter().position(|open| open == id);
                open.remove(at.unwrap_or_else(|| panic!("{id} did not begin")));
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?} did not end");
    let ends = events
        .iter()
        .filter(|event| matches!(event, Event::TurnEnded(_)));
    assert_eq!(ends.count(), 1);
    assert_eq!(events.last(), Some(&Event::TurnEnded(end.clone())));
}

/// The text that remains on the screen.
pub fn shown(events: &[Event]) -> String {
    let mut shown = String::new();
    for event in events {
        match event {
            Event::Text(text) => shown.push_str(text),
            Event::TextWasThought => shown.clear(),
            _ => {}
        }
    }
    shown
}

pub fn notices(events: &[Event]) -> Vec<&str> {
    let notices = events.iter().filter_map(|event| match event {
        Event::Notice(text) => Some(text.as_str()),
        _ => None,
    });
    notices.collect()
}

pub fn outcomes(events: &[Event]) -> Vec<ToolOutcome> {
    let outcomes = events.iter().filter_map(|event| match event {
        Event::ToolFinished { outcome, .. } => Some(*outcome),
        _ => None,
    });
    outcomes.collect()
}

pub fn edit() -> Line {
    let arguments = json!({"path": "main.rs", "search": "hello", "replace": "goodbye"});
    call("edit_file", arguments)
}

/// Numbered sentences: a long reply that does not repeat itself.
pub fn long_text(sentence: &str, times: usize) -> Line {
    let sentences: Vec<String> = (1..=times)
        .map(|number| format!("{sentence} {number}. "))
        .collect();
    text(&sentences.concat())
}
