//! One call: its arguments, its workspace, its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::model::{
    CallToolResult, ContentBlock, JsonObject, ProgressNotificationParam, ProgressToken,
};
use rmcp::service::RequestContext;
use rmcp::{Peer, RoleServer};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::time::{sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::folders::{CRASHED, Folder, FolderCall};
use super::results::{Answer, within_bytes};
use super::tools::{IndexUse, SearchTool, TOOLS, ToolKind, WORKSPACE};
use crate::app::IndexStatus;
use crate::message::ToolCall;
use crate::model::ToolSpec;
use crate::model::repair::{check, new_call_id};
use crate::visible::visible_name;

/// Calls that run at once; others wait.
const AT_ONCE: usize = 8;
/// Every call has its answer after this time.
const LIMIT: Duration = Duration::from_millis(1_900);
/// Most time that a call waits for an index that is still being built.
const COLD: Duration = Duration::from_millis(900);
/// Most time that a call goes on without anybody who waits for it: what it reads, such as git's
/// history, is there for the next one.
const BEHIND: Duration = Duration::from_secs(30);
/// Between two notifications of progress.
const PACE: Duration = Duration::from_millis(100);
/// Most bytes of a sentence that says what is wrong.
const MOST_WORDS: usize = 2_000;

const BUSY: &str = "too many calls run at once: call again in a moment";
const LATE: &str = "this takes longer than 2 seconds; the work goes on, so call again in a few \
                    seconds, or ask for less";
const STOPPED: &str = "stopped";

/// What calls share.
pub struct Calls {
    folders: Vec<Arc<Folder>>,
    /// The names of the folders.
    names: Vec<String>,
    /// What arguments are checked against.
    specs: Vec<ToolSpec>,
    running: Arc<Semaphore>,
    /// Ends all calls.
    stop: CancellationToken,
}

/// Who called.
pub struct Caller {
    /// Ends when the call is cancelled.
    stop: CancellationToken,
    progress: Option<(Peer<RoleServer>, ProgressToken)>,
    /// The progress that was told last, and when.
    told: Option<(f64, Instant)>,
}

impl Caller {
    pub fn new(context: &RequestContext<RoleServer>) -> Caller {
        let token = context.meta.get_progress_token();
        Caller {
            stop: context.ct.clone(),
            progress: token.map(|token| (context.peer.clone(), token)),
            told: None,
        }
    }

    /// Tells how far the index is, if that is wanted: not too often, and never less than before.
    async fn tell(&mut self, standing: &IndexStatus) {
        let Some((peer, token)) = &self.progress else {
            return;
        };
        let (done, total) = match standing {
            IndexStatus::Reading { done, total } => (*done, Some(*total)),
            _ => (0, None),
        };
        let progress = done as f64;
        if let Some((before, at)) = self.told
            && (progress <= before || at.elapsed() < PACE)
        {
            return;
        }
        let mut param = ProgressNotificationParam::new(token.clone(), progress);
        param = match total {
            Some(total) => param
                .with_total(total as f64)
                .with_message(format!("indexing: {done} of {total} files are read")),
            None => param.with_message("indexing: the files are being compared with the index"),
        };
        self.told = Some((progress, Instant::now()));
        if let Err(error) = peer.notify_progress(param).await {
            tracing::debug!(%error, "no progress was told");
        }
    }
}

impl Calls {
    /// Calls end when `stop` does.
    pub fn new(folders: Vec<Arc<Folder>>, stop: CancellationToken) -> Calls {
        let names: Vec<String> = folders.iter().map(|folder| folder.name.clone()).collect();
        Calls {
            specs: TOOLS.iter().map(|tool| tool.spec(&names)).collect(),
            folders,
            names,
            running: Arc::new(Semaphore::new(AT_ONCE)),
            stop,
        }
    }

    pub fn folders(&self) -> &[Arc<Folder>] {
        &self.folders
    }

    /// The names of the workspaces.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Ends all calls.
    pub fn end(&self) {
        self.stop.cancel();
    }

    /// Runs a call within two seconds. What is wrong is said in the result, for the model.
    pub async fn run(
        &self,
        tool: &'static SearchTool,
        arguments: JsonObject,
        caller: Caller,
    ) -> CallToolResult {
        let answered = self.answer(tool, arguments, caller).await;
        match answered {
            Ok(Answer { text, data }) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
                result.structured_content = Some(data);
                result
            }
            Err(why) => {
                let why = within_bytes(why, MOST_WORDS);
                CallToolResult::error(vec![ContentBlock::text(why)])
            }
        }
    }

    async fn answer(
        &self,
        tool: &'static SearchTool,
        arguments: JsonObject,
        mut caller: Caller,
    ) -> Result<Answer, String> {
        let begun = Instant::now();
        let deadline = tokio::time::Instant::from_std(begun + LIMIT);
        let mut call = self.checked(tool, arguments)?;
        let named = call.arguments.remove(WORKSPACE);
        let (ours, uses) = match tool.does {
            ToolKind::IndexStatus => return self.status(named.as_ref(), deadline).await,
            ToolKind::Ours(name, uses) => (name, uses),
        };
        ours.clone_into(&mut call.name);
        let folder = self.folder(named.as_ref())?;
        if let Some(why) = folder.refusal() {
            return Err(why);
        }
        let running = Arc::clone(&self.running);
        let permit = tokio::select! {
            permit = timeout_at(deadline, running.acquire_owned()) => permit,
            () = self.ended(&caller) => return Err(STOPPED.to_owned()),
        };
        let Ok(Ok(permit)) = permit else {
            return Err(BUSY.to_owned());
        };
        if uses != IndexUse::No {
            self.catch_up(folder, &mut caller, begun + COLD).await;
        }
        if caller.stop.is_cancelled() || self.stop.is_cancelled() {
            return Err(STOPPED.to_owned());
        }
        if uses == IndexUse::Needed && !folder.has_index() {
            return Err(folder.facts().words);
        }
        let stop = CancellationToken::new();
        let call = FolderCall {
            call,
            uses,
            begun,
            is_named: self.names.len() > 1,
        };
        let reading = Arc::clone(folder).read(call, stop.clone());
        let mut work = tokio::spawn(async move {
            let _permit = permit;
            reading.await
        });
        tokio::select! {
            done = &mut work => done.unwrap_or_else(|_| Err(CRASHED.to_owned())),
            () = self.ended(&caller) => {
                stop.cancel();
                Err(STOPPED.to_owned())
            }
            () = sleep_until(deadline) => {
                let end = self.stop.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = timeout(BEHIND, work) => {}
                        () = end.cancelled() => {}
                    }
                    stop.cancel();
                });
                Err(LATE.to_owned())
            }
        }
    }

    /// Waits for the end of a call from outside.
    async fn ended(&self, caller: &Caller) {
        tokio::select! {
            () = caller.stop.cancelled() => {}
            () = self.stop.cancelled() => {}
        }
    }

    /// Waits until the index has caught up with the files, but not longer than `until`, and tells
    /// how far it is meanwhile.
    async fn catch_up(&self, folder: &Folder, caller: &mut Caller, until: Instant) {
        let until = tokio::time::Instant::from_std(until);
        let (mut caught_up, mut standing) = folder.watched();
        while !*caught_up.borrow_and_update() {
            let now = standing.borrow_and_update().clone();
            // A client that reads nothing must not hold up its own call.
            if timeout_at(until, caller.tell(&now)).await.is_err() {
                return;
            }
            let goes_on = tokio::select! {
                changed = caught_up.changed() => changed.is_ok(),
                changed = standing.changed() => changed.is_ok(),
                () = sleep_until(until) => false,
                () = self.ended(caller) => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// A call whose arguments match its tool.
    fn checked(&self, tool: &SearchTool, arguments: JsonObject) -> Result<ToolCall, String> {
        let call = ToolCall {
            id: new_call_id(),
            name: tool.name().to_owned(),
            arguments,
        };
        let spec = self.specs.iter().find(|spec| spec.name == tool.name());
        let spec = spec.map(std::slice::from_ref).unwrap_or_default();
        check(call, spec).map_err(|error| error.to_string())
    }

    /// The workspace that a call names; the only one, if there is one.
    fn folder(&self, named: Option<&Value>) -> Result<&Arc<Folder>, String> {
        let Some(name) = named.and_then(Value::as_str) else {
            return self.folders.first().ok_or_else(|| CRASHED.to_owned());
        };
        let mut folders = self.folders.iter();
        folders.find(|folder| folder.name == name).ok_or_else(|| {
            format!(
                "there is no workspace `{}`; there are {}",
                visible_name(&name.chars().take(80).collect::<String>()),
                quoted(&self.names)
            )
        })
    }

    async fn status(
        &self,
        named: Option<&Value>,
        deadline: tokio::time::Instant,
    ) -> Result<Answer, String> {
        let folders = match named {
            Some(_) => vec![self.folder(named)?],
            None => self.folders.iter().collect(),
        };
        let looked = timeout_at(deadline, async {
            let mut all = Vec::new();
            for folder in folders {
                all.push(folder.status().await);
            }
            all
        });
        let all = looked.await.map_err(|_| LATE.to_owned())?;
        let (texts, data): (Vec<String>, Vec<Value>) = all.into_iter().unzip();
        Ok(Answer {
            text: texts.join("\n"),
            data: json!({"workspaces": data}),
        })
    }
}

/// `a`, `b`, `c`.
pub fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
