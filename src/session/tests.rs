//! A journal restores the conversation, wherever it was cut off.

mod damage;
mod exporting;
mod listing;
mod older;
mod replaying;
mod resuming;
mod tasks;
mod writing;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::Map;
use tempfile::TempDir;

use super::*;
use crate::message::ToolOutcome;
use crate::model::{ChatRequest, Delta, ModelError, ModelProfile};
use crate::permission::Decision;

/// A model without replies.
struct Silent(ModelProfile);

impl ChatModel for Silent {
    fn profile(&self) -> &ModelProfile {
        &self.0
    }

    fn reply<'a>(&'a self, _: ChatRequest<'a>) -> BoxStream<'a, Result<Delta, ModelError>> {
        stream::empty().boxed()
    }
}

fn model(name: &str) -> Arc<dyn ChatModel> {
    Arc::new(Silent(ModelProfile {
        name: name.to_owned(),
        window: 8192,
        tools: true,
        vision: false,
        weak: false,
        thinks_in_text: false,
        remote: None,
    }))
}

/// A folder of sessions.
struct Home {
    _temporary: TempDir,
    folder: PathBuf,
}

impl Home {
    fn new() -> Home {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let folder = temporary.path().join("sessions");
        Home {
            _temporary: temporary,
            folder,
        }
    }

    fn create(&self) -> Session {
        Session::create(&self.folder, Path::new("/shop"), model("small"))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    fn resume(&self, id: &SessionId) -> (Session, Resumed) {
        Session::resume(&self.folder, id, model("small")).unwrap_or_else(|error| panic!("{error}"))
    }

    fn journal(&self, id: &SessionId) -> PathBuf {
        journal::path_of(&self.folder, id)
    }

    fn records(&self, id: &SessionId) -> Vec<Record> {
        journal::read(&self.folder, id).expect("a journal").records
    }
}

fn record(session: &mut Session, record: Record) {
    session.record(record).expect("a journal that takes it");
}

fn user(text: &str) -> Record {
    Record::User {
        text: format!("{text}\n\n(what was found)"),
        shown: text.to_owned(),
    }
}

fn call(id: &str, path: &str) -> ToolCall {
    let mut arguments = Map::new();
    arguments.insert("path".to_owned(), path.into());
    ToolCall {
        id: id.to_owned(),
        name: "read_file".to_owned(),
        arguments,
    }
}

/// A question, a call and its result, an answer.
fn talk(session: &mut Session) {
    let call = call("c1", "src/main.rs");
    for step in [
        Record::System {
            text: "You are ollacode.".to_owned(),
        },
        user("What does `main` do?"),
        Record::assistant("", "I should look.", std::slice::from_ref(&call)),
        Record::Asked {
            call_id: "c1".to_owned(),
            title: "read src/main.rs".to_owned(),
            hash: "00ff".to_owned(),
        },
        Record::decided(&call, &Decision::Once),
        Record::about_to_run(&call),
        Record::ran(&call, "1: fn main() {}", ToolOutcome::Done),
        Record::assistant("Nothing. \u{1f980}", "", &[]),
    ] {
        record(session, step);
    }
}
