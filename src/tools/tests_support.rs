//! A workspace for tests of tools: files, an index, a session's changes, somebody who answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::walk::WalkLimits;
use ollacode_indexer::{Embedder, Index, RefreshOptions};
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    Found, Permitted, PreparedCall, Recipient, RunningCall, Tool, ToolContext, ToolError,
    ToolOutput, Toolbox,
};
use crate::jail::Jail;
use crate::message::{Message, ToolCall};
use crate::model::EditForm;
use crate::permission::{ApprovalRequest, Approver, Decision, RepositoryRules, Rules, UserRules};
use crate::retrieval::{CodeIndex, EmbedderSource};
use crate::sandbox::{CommandEnvironment, Sandbox};
use crate::session::changes::Changes;

/// A call as it is after it was checked.
pub(crate) fn call(name: &str, arguments: Value) -> ToolCall {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    ToolCall {
        id: "call_1".to_owned(),
        name: name.to_owned(),
        arguments,
    }
}

/// A workspace, deleted at the end.
pub(crate) struct Bench {
    root: PathBuf,
    context: ToolContext,
    /// What the model said and got.
    messages: Mutex<Vec<Message>>,
    tokens: u32,
    answer: Option<String>,
    found: Mutex<Option<Found>>,
    /// Last, so that everything above is closed first.
    _folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let root = top.join("workspace");
        fs::create_dir(&root).unwrap();
        let environment = CommandEnvironment::from_variables([], None, &root);
        let index = Index::new(&root, top.join("index"), WalkLimits::default());
        let context = ToolContext {
            jail: Jail::open(&root).unwrap(),
            sandbox: Arc::new(Sandbox::new(root.clone(), environment)),
            code: Arc::new(CodeIndex::new(index, Arc::new(WordsOnly), Arc::default())),
            rules: Arc::default(),
            seen: Mutex::default(),
            changes: Mutex::new(Changes::new(top.join("session"))),
            git_versions: super::GitVersions::default(),
            git_history: Arc::default(),
            edit_form: Mutex::default(),
            unsaved: Arc::default(),
        };
        Bench {
            root,
            context,
            messages: Mutex::default(),
            tokens: u32::MAX,
            answer: None,
            found: Mutex::default(),
            _folder: folder,
        }
    }

    /// The same with somebody who answers.
    pub(crate) fn answering(mut self, answer: &str) -> Bench {
        self.answer = Some(answer.to_owned());
        self
    }

    /// The same with results of at most so many tokens.
    pub(crate) fn narrow(mut self, tokens: u32) -> Bench {
        self.tokens = tokens;
        self
    }

    /// The same with a model that edits in a form.
    pub(crate) fn editing(self, form: EditForm) -> Bench {
        *self.context.edit_form.lock() = form;
        self
    }

    /// The same with rules of the user.
    pub(crate) fn ruled(mut self, text: &str) -> Bench {
        let file = self.root.with_file_name("config.toml");
        fs::write(&file, text).unwrap();
        let user = UserRules::read(&file, None).unwrap();
        let rules = Rules::new(&self.root, &user, RepositoryRules::default());
        let (rules, index) = (Arc::new(rules), self.context.code.index().clone());
        let code = CodeIndex::new(index, Arc::new(WordsOnly), Arc::clone(&rules));
        self.context.code = Arc::new(code);
        self.context.rules = rules;
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn context(&self) -> &ToolContext {
        &self.context
    }

    /// Writes a file, as somebody else would.
    pub(crate) fn file(&self, path: &str, text: &str) {
        self.bytes(path, text.as_bytes());
    }

    pub(crate) fn bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// What is in a file; `None` if there is none.
    pub(crate) fn content(&self, path: &str) -> Option<String> {
        let bytes = fs::read(self.root.join(path)).ok()?;
        Some(String::from_utf8(bytes).unwrap())
    }

    /// Builds the lexical index.
    pub(crate) async fn index(&self) {
        let how = RefreshOptions::default();
        self.context
            .code
            .index()
            .refresh(&how, &|_| {})
            .await
            .unwrap();
    }

    /// Prepares a call, as that of a reply of its own.
    pub(crate) async fn prepare(&self, call: &ToolCall) -> Result<PreparedCall, ToolError> {
        let toolbox = Toolbox::builtin();
        let tool = toolbox.get(&call.name).expect("a tool");
        self.prepare_with(tool, call).await
    }

    /// The same for a tool that is not always there.
    pub(crate) async fn prepare_with(
        &self,
        tool: &dyn Tool,
        call: &ToolCall,
    ) -> Result<PreparedCall, ToolError> {
        {
            let mut messages = self.messages.lock();
            let id = format!("call_{}", messages.len());
            messages.push(Message::Assistant {
                text: String::new(),
                thinking: String::new(),
                calls: vec![ToolCall { id, ..call.clone() }],
            });
            self.context.knowledge().refresh(&messages);
        }
        tool.prepare(call, &self.context).await
    }

    pub(crate) async fn run(&self, prepared: PreparedCall) -> Result<ToolOutput, ToolError> {
        let (approver, stop) = (Somebody(self.answer.clone()), CancellationToken::new());
        let running = RunningCall {
            context: &self.context,
            approver: &approver,
            stop: &stop,
            tokens: self.tokens,
            permitted: Permitted::Approved,
            opened: &[],
            recipient: self.recipient(),
        };
        let result = (prepared.run)(running).await;
        self.end(&result);
        result
    }

    fn recipient(&self) -> Recipient<'_> {
        Recipient {
            found: Some(&self.found),
            ..Recipient::MODEL
        }
    }

    /// What the last call found, as data.
    pub(crate) fn found(&self) -> Found {
        self.found.lock().take().expect("the call found something")
    }

    /// Adds the result of the call that was prepared last to the conversation.
    fn end(&self, result: &Result<ToolOutput, ToolError>) {
        let mut messages = self.messages.lock();
        let calls = messages.iter().rev().find_map(|message| match message {
            Message::Assistant { calls, .. } => calls.first().cloned(),
            _ => None,
        });
        let call = calls.expect("a call");
        self.context.knowledge().end_call(&call);
        messages.push(Message::Tool {
            call_id: call.id,
            tool: call.name,
            text: match result {
                Ok(output) => output.text.clone(),
                Err(error) => error.to_string(),
            },
        });
        messages.push(Message::Assistant {
            text: String::new(),
            thinking: String::new(),
            calls: Vec::new(),
        });
        self.context.knowledge().refresh(&messages);
    }

    /// Takes everything out of the conversation, as a compaction may.
    pub(crate) fn forget(&self) {
        self.messages.lock().clear();
    }

    /// Prepares and runs, as if everything were allowed.
    pub(crate) async fn call(&self, call: &ToolCall) -> Result<ToolOutput, ToolError> {
        let prepared = self.prepare(call).await?;
        self.run(prepared).await
    }

    /// What the model is told of a call that cannot be prepared.
    pub(crate) async fn refused(&self, call: &ToolCall) -> String {
        match self.prepare(call).await {
            Err(ToolError::TellModel(text)) => text,
            Err(other) => panic!("{call:?}: {other:?}"),
            Ok(_) => panic!("{call:?} was prepared"),
        }
    }

    /// What the model is told of a call that fails, sooner or later.
    pub(crate) async fn failed(&self, call: &ToolCall) -> String {
        match self.call(call).await {
            Err(ToolError::TellModel(text)) => text,
            other => panic!("{call:?} gave {other:?}"),
        }
    }
}

/// No model: words only.
struct WordsOnly;

impl EmbedderSource for WordsOnly {
    fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
        async { Ok(None) }.boxed()
    }
}

/// Somebody who gives one answer, or nobody.
struct Somebody(Option<String>);

impl Approver for Somebody {
    fn decide<'a>(&'a self, _: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        async { Decision::Once }.boxed()
    }

    fn answer<'a>(&'a self, _: &'a str, _: &'a [String]) -> BoxFuture<'a, Option<String>> {
        async { self.0.clone() }.boxed()
    }

    fn can_ask(&self) -> bool {
        self.0.is_some()
    }
}
