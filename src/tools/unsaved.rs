//! Files with changes in an editor that are not saved. No tool changes them: the editor would later
//! write its own text over that, or the user would lose what they typed.

use std::collections::BTreeMap;

use parking_lot::Mutex;

use super::{ToolContext, ToolError, render};
use crate::jail::Hash;

/// The files of a workspace that an editor said to have in another state than the disk.
#[derive(Debug, Default)]
pub struct UnsavedFiles {
    /// What was on disk then, by path relative to the workspace; `None` for no file.
    noted: Mutex<BTreeMap<String, Option<Hash>>>,
}

impl UnsavedFiles {
    /// Notes a file, and what is on disk now.
    pub fn note(&self, path: &str, on_disk: Option<Hash>) {
        self.noted.lock().insert(path.to_owned(), on_disk);
    }

    /// The file is saved, or its changes were discarded.
    pub fn forget(&self, path: &str) {
        self.noted.lock().remove(path);
    }
}

impl ToolContext {
    /// Fails if an editor has changes of a file that are not saved. What is on disk now tells whether
    /// they were saved since.
    pub(super) fn check_saved(&self, path: &str) -> Result<(), ToolError> {
        let noted = self.unsaved.noted.lock().get(path).copied();
        let Some(noted) = noted else {
            return Ok(());
        };
        let on_disk = self.jail.path(path).and_then(|path| self.jail.hash(&path));
        if on_disk.is_ok_and(|now| now != noted) {
            self.unsaved.forget(path);
            return Ok(());
        }
        Err(ToolError::TellModel(format!(
            "`{}` has changes in the user's editor that are not saved, so it was not changed. Ask the \
             user to save it; then read it again and repeat the change. Do not change it in another \
             way",
            render::name(path)
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::jail::hash_of;
    use crate::message::ToolCall;
    use crate::tools::tests_support::{Bench, call};

    const TEXT: &str = "one\n";

    fn changes() -> [ToolCall; 4] {
        let edit = json!({"path": "a.txt", "search": "one", "replace": "two"});
        [
            call("edit_file", edit),
            call("write_file", json!({"path": "a.txt", "content": "two\n"})),
            call("delete_file", json!({"path": "a.txt"})),
            call("move_file", json!({"from": "a.txt", "to": "b.txt"})),
        ]
    }

    async fn bench() -> Bench {
        let bench = Bench::new();
        bench.file("a.txt", TEXT);
        let read = call("read_file", json!({"path": "a.txt"}));
        bench.call(&read).await.unwrap();
        bench
    }

    #[tokio::test]
    async fn no_tool_changes_a_file_that_is_not_saved() {
        let bench = bench().await;
        let unsaved = &bench.context().unsaved;
        unsaved.note("a.txt", Some(hash_of(TEXT.as_bytes())));
        for change in changes() {
            let refused = bench.refused(&change).await;
            assert!(refused.contains("Ask the user to save it"), "{refused}");
        }
        assert_eq!(bench.content("a.txt").as_deref(), Some(TEXT));
        // Others are.
        bench.file("c.txt", TEXT);
        let other = json!({"from": "c.txt", "to": "d.txt"});
        bench.call(&call("move_file", other)).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_becomes_unsaved_while_the_user_is_asked_is_not_changed_either() {
        for change in changes() {
            let bench = bench().await;
            let prepared = bench.prepare(&change).await.unwrap();
            let unsaved = &bench.context().unsaved;
            unsaved.note("a.txt", Some(hash_of(TEXT.as_bytes())));
            let refused = bench.run(prepared).await.unwrap_err().to_string();
            assert!(refused.contains("not saved"), "{refused}");
            assert_eq!(bench.content("a.txt").as_deref(), Some(TEXT));
        }
    }

    #[tokio::test]
    async fn what_is_saved_can_be_changed() {
        let bench = bench().await;
        let unsaved = &bench.context().unsaved;
        unsaved.note("a.txt", Some(hash_of(TEXT.as_bytes())));
        bench.file("a.txt", "one, saved\n");
        let read = call("read_file", json!({"path": "a.txt"}));
        bench.call(&read).await.unwrap();
        let [edit, ..] = changes();
        bench.call(&edit).await.unwrap();
        assert_eq!(bench.content("a.txt").as_deref(), Some("two, saved\n"));
    }

    #[tokio::test]
    async fn a_new_file_of_the_editor_is_not_made_in_its_place() {
        let bench = Bench::new();
        bench.context().unsaved.note("new.txt", None);
        let write = json!({"path": "new.txt", "content": "two\n"});
        let refused = bench.refused(&call("write_file", write.clone())).await;
        assert!(refused.contains("not saved"), "{refused}");
        bench.context().unsaved.forget("new.txt");
        bench.call(&call("write_file", write)).await.unwrap();
    }
}
