//! A copy of a few files, in which a model works on a task with the real engine and the real tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Error};
use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::RefreshOptions;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::checks::{Attempt, AttemptEnd, MadeCall};
use super::deadline::Deadline;
use super::material::Material;
use super::recorder::Recorder;
use super::tasks::Task;
use crate::app::App;
use crate::engine::event::{Event, TurnEnd};
use crate::engine::{ChatActivity, Question};
use crate::message::{Message, ToolOutcome};
use crate::model::ChatModel;
use crate::permission::{ApprovalRequest, Approver, Decision};
use crate::session::{Session, create_private_folder};

/// How names of the folders begin; the id of the process follows.
const PREFIX: &str = "scratch-";
/// Most replies of a model to a task.
const MOST_STEPS: usize = 8;
/// Size of the channel of events.
const EVENTS: usize = 64;
/// How long a turn that is stopped may take to end.
const GRACE: Duration = Duration::from_secs(1);
/// Tools that may change the copy.
const EDITING: [&str; 2] = ["edit_file", "write_file"];

/// The copy; it is deleted with this value.
pub struct Scratch {
    folder: PathBuf,
    app: App,
    files: BTreeMap<String, String>,
}

impl Scratch {
    /// Copies the files of a material and indexes them.
    pub async fn create(app: &App, material: &Material) -> Result<Scratch, Error> {
        let above = app.benchmarks_folder();
        let wrong = || format!("cannot make a folder in {}", above.display());
        create_private_folder(&above).with_context(wrong)?;
        remove_left_behind(&above);
        let folder = above.join(format!("{PREFIX}{}", std::process::id()));
        let (root, data) = (folder.join("workspace"), folder.join("data"));
        for path in [&root, &data] {
            create_private_folder(path).with_context(wrong)?;
        }
        let files = material.files.iter();
        let scratch = Scratch {
            files: files
                .map(|file| (file.path.clone(), file.text.clone()))
                .collect(),
            app: app.isolated(&root, &data, MOST_STEPS)?,
            folder,
        };
        scratch.restore()?;
        let options = RefreshOptions::default();
        scratch.app.index.refresh(&options, &|_| {}).await?;
        Ok(scratch)
    }

    /// The files as each task begins with them.
    pub fn files(&self) -> &BTreeMap<String, String> {
        &self.files
    }

    fn root(&self) -> &Path {
        &self.app.workspace.root
    }

    /// Makes the files what they were at first.
    fn restore(&self) -> io::Result<()> {
        let found = read_all(self.root())?;
        for path in found.keys().filter(|path| !self.files.contains_key(*path)) {
            fs::remove_file(self.root().join(path))?;
        }
        for (path, text) in &self.files {
            if found.get(path) != Some(text) {
                let path = self.root().join(path);
                if let Some(folder) = path.parent() {
                    create_private_folder(folder)?;
                }
                fs::write(path, text)?;
            }
        }
        Ok(())
    }

    /// Has a model work on a task until it answers, or until the deadline.
    ///
    /// # Errors
    ///
    /// If the copy, its sandbox or its session cannot be made: nothing that a model can do.
    pub async fn attempt(
        &self,
        task: &Task,
        model: Arc<dyn ChatModel>,
        deadline: &Deadline,
    ) -> Result<Attempt, Error> {
        self.restore()?;
        let recorder = Arc::new(Recorder::new(model));
        let answering: Arc<dyn ChatModel> = recorder.clone();
        let mut session = Session::create(&self.app.sessions_folder(), self.root(), answering)?;
        let (end, outcomes) = self.ask(task, &mut session, deadline).await?;
        let recorded = recorder.recorded();
        let mut attempt = Attempt {
            end,
            replies: recorded.texts,
            broken: recorded.broken,
            files: read_all(self.root())?,
            ..Attempt::default()
        };
        for message in &session.messages {
            let Message::Assistant { text, calls, .. } = message else {
                continue;
            };
            attempt.answer.clone_from(text);
            attempt.calls.extend(calls.iter().map(|call| MadeCall {
                tool: call.name.clone(),
                arguments: call.arguments.clone(),
                outcome: outcomes.get(&call.id).copied(),
                in_text: !recorded.native.contains(&call.id),
            }));
        }
        Ok(attempt)
    }

    /// Runs the turn; gives its end, and the outcomes of calls by their ids.
    async fn ask(
        &self,
        task: &Task,
        session: &mut Session,
        deadline: &Deadline,
    ) -> Result<(AttemptEnd, BTreeMap<String, ToolOutcome>), Error> {
        let engine = self.app.engine(session, &ChatActivity::default())?;
        let question = Question {
            text: task.prompt.clone(),
            ..Question::default()
        };
        let stop = CancellationToken::new();
        let (sender, mut receiver) = mpsc::channel(EVENTS);
        let mut outcomes = BTreeMap::new();
        let asking = async {
            let end = engine
                .ask(session, question, &EditsOnly, &sender, &stop)
                .await;
            drop(sender);
            end
        };
        let listening = async {
            while let Some(event) = receiver.recv().await {
                if let Event::ToolFinished { id, outcome, .. } = event {
                    outcomes.insert(id, outcome);
                }
            }
        };
        let end = {
            let turn = async { tokio::join!(asking, listening).0 };
            tokio::pin!(turn);
            tokio::select! {
                end = &mut turn => attempt_end(&end),
                () = deadline.passed() => {
                    stop.cancel();
                    // What is still going on after that is dropped, which stops it, too.
                    let _ = tokio::time::timeout(GRACE, &mut turn).await;
                    AttemptEnd::OutOfTime
                }
            }
        };
        Ok((end, outcomes))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // If this fails, the next benchmark tries again.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn attempt_end(end: &TurnEnd) -> AttemptEnd {
    let why = match end {
        TurnEnd::Answered | TurnEnd::Planned => return AttemptEnd::Answered,
        TurnEnd::Cut => "its answer was too long".to_owned(),
        TurnEnd::Stopped => return AttemptEnd::OutOfTime,
        TurnEnd::StepLimit(steps) => format!("it gave no answer within {steps} replies"),
        TurnEnd::Stuck(failure) | TurnEnd::Failed(failure) => failure.message.clone(),
    };
    AttemptEnd::Failed(why)
}

/// Approves edits of the copy and nothing else.
struct EditsOnly;

impl Approver for EditsOnly {
    fn decide<'a>(&'a self, request: &'a ApprovalRequest) -> BoxFuture<'a, Decision> {
        let decision = if EDITING.contains(&request.tool.as_str()) {
            Decision::Once
        } else {
            Decision::Deny(Some("only files may be changed here".to_owned()))
        };
        async { decision }.boxed()
    }

    fn answer<'a>(&'a self, _: &'a str, _: &'a [String]) -> BoxFuture<'a, Option<String>> {
        async { Some("Do as you think best.".to_owned()) }.boxed()
    }

    fn can_ask(&self) -> bool {
        true
    }
}

/// The texts of all files below a folder, by their paths in it.
fn read_all(root: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path();
                let name = path.strip_prefix(root).unwrap_or(&path);
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                found.insert(name.to_string_lossy().replace('\\', "/"), text);
            }
        }
    }
    Ok(found)
}

/// Removes the folders of processes that have ended without doing so.
fn remove_left_behind(above: &Path) {
    let knows_processes = Path::new("/proc/self").exists();
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let process = name
            .strip_prefix(PREFIX)
            .and_then(|id| id.parse::<u32>().ok());
        let is_gone = process.is_some_and(|id| {
            id == std::process::id()
                || (knows_processes && !Path::new(&format!("/proc/{id}")).exists())
        });
        if is_gone {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_processes_that_are_gone_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let [gone, here, other] = ["scratch-999999999", "scratch-1", "20261121-143005.json"]
            .map(|name| folder.path().join(name));
        for path in [&gone, &here, &other] {
            fs::create_dir_all(path.join("workspace")).expect("a folder");
        }
        remove_left_behind(folder.path());
        let knows_processes = Path::new("/proc/self").exists();
        assert_eq!(!gone.exists(), knows_processes);
        assert!(here.exists() && other.exists());
    }

    #[test]
    fn turns_end_with_an_answer_or_a_reason() {
        assert_eq!(attempt_end(&TurnEnd::Answered), AttemptEnd::Answered);
        assert_eq!(attempt_end(&TurnEnd::Stopped), AttemptEnd::OutOfTime);
        let limit = attempt_end(&TurnEnd::StepLimit(8));
        let why = "it gave no answer within 8 replies".to_owned();
        assert_eq!(limit, AttemptEnd::Failed(why));
    }
}
