//! A copy of a few files, in which a model works on a task with the real engine and the real tools.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use anyhow::{Context, Error};
use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::RefreshOptions;

use super::checks::{Attempt, AttemptEnd, MadeCall};
use super::deadline::Deadline;
use super::material::Material;
use super::process_folder::ProcessFolder;
use super::recorder::Recorder;
use super::tasks::Task;
use super::turn::{TimedTurn, ask_until, is_of_model};
use crate::app::App;
use crate::engine::ChatActivity;
use crate::engine::event::{Event, TurnEnd};
use crate::message::{Message, ToolOutcome};
use crate::model::ChatModel;
use crate::permission::{ApprovalRequest, Approver, Decision};
use crate::session::{Session, create_private_folder};

/// How names of the folders begin; the id of the process follows.
const PREFIX: &str = "scratch-";
/// Most replies of a model to a task.
const MOST_STEPS: usize = 8;
/// How long a turn that is stopped may take to end.
const GRACE: Duration = Duration::from_secs(1);
/// Tools that may change the copy.
const EDITING: [&str; 2] = ["edit_file", "write_file"];

/// The copy; it is deleted with this value.
pub struct Scratch {
    _folder: ProcessFolder,
    app: App,
    files: BTreeMap<String, String>,
}

impl Scratch {
    /// Copies the files of a material and indexes them.
    pub async fn create(app: &App, material: &Material) -> Result<Scratch, Error> {
        let above = app.benchmarks_folder();
        let wrong = || format!("cannot make a folder in {}", above.display());
        let folder = ProcessFolder::create(&above, PREFIX).with_context(wrong)?;
        let [root, data] = ["workspace", "data"].map(|name| folder.path().join(name));
        for path in [&root, &data] {
            create_private_folder(path).with_context(wrong)?;
        }
        let files = material.files.iter();
        let scratch = Scratch {
            files: files
                .map(|file| (file.path.clone(), file.text.clone()))
                .collect(),
            app: app.isolated(&root, &data, MOST_STEPS)?,
            _folder: folder,
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
        let mut outcomes = BTreeMap::new();
        let hear = |event| {
            if let Event::ToolFinished { id, outcome, .. } = event {
                outcomes.insert(id, outcome);
            }
        };
        let (working, time) = ((&engine, session), (deadline, GRACE));
        let ended = ask_until(working, &task.prompt, &EditsOnly, time, hear).await;
        let end = match ended {
            TimedTurn::Ended(end) => attempt_end(&end),
            TimedTurn::OutOfTime { .. } => AttemptEnd::OutOfTime,
        };
        Ok((end, outcomes))
    }
}

fn attempt_end(end: &TurnEnd) -> AttemptEnd {
    let why = match end {
        TurnEnd::Answered | TurnEnd::Planned => return AttemptEnd::Answered,
        TurnEnd::Cut => "its answer was too long".to_owned(),
        TurnEnd::Stopped => return AttemptEnd::OutOfTime,
        TurnEnd::StepLimit(steps) => format!("it gave no answer within {steps} replies"),
        TurnEnd::Stuck(failure) | TurnEnd::Failed(failure) => {
            let why = failure.message.clone();
            if is_of_model(failure.code) {
                why
            } else {
                return AttemptEnd::Prevented(why);
            }
        }
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
            Decision::Deny(Some(
                "nothing but edits of files is allowed in this task".to_owned(),
            ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Failure, FailureCode};

    #[test]
    fn turns_end_with_an_answer_or_a_reason() {
        assert_eq!(attempt_end(&TurnEnd::Answered), AttemptEnd::Answered);
        assert_eq!(attempt_end(&TurnEnd::Stopped), AttemptEnd::OutOfTime);
        let limit = attempt_end(&TurnEnd::StepLimit(8));
        let why = "it gave no answer within 8 replies".to_owned();
        assert_eq!(limit, AttemptEnd::Failed(why));
        for (code, is_of_model) in [
            (FailureCode::LoopDetected, true),
            (FailureCode::ReplyUnusable, true),
            (FailureCode::ServerUnreachable, false),
            (FailureCode::AnswerIncomplete, false),
        ] {
            let end = attempt_end(&TurnEnd::Failed(Failure::new(code, "why")));
            let expected = if is_of_model {
                AttemptEnd::Failed("why".to_owned())
            } else {
                AttemptEnd::Prevented("why".to_owned())
            };
            assert_eq!(end, expected, "{code:?}");
        }
    }
}
