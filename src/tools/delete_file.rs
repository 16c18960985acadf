//! `delete_file`: a file is gone, until it is undone.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::draft::apply_changes;
use super::{
    FileView, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments,
    blocking, files, paths, render,
};
use crate::edit::FileEdit;
use crate::jail::{FileBytes, WorkspacePath, is_secret, protected};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Preview};
use crate::session::changes::{Blob, Change};

/// What "for this session" covers.
const REMEMBER: &str = "deletions";

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "delete_file",
    aliases: &["remove_file", "delete", "rm"],
    description: "Delete a file.",
    parameters: &[ParameterDeclaration {
        name: "path",
        aliases: arguments::PATH,
        kind: ParameterKind::Text,
        description: "Path of the file, relative to the workspace root",
        required: true,
    }],
    is_core: false,
};

pub(super) struct DeleteFile;

impl Tool for DeleteFile {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let path = paths::own_file(context, arguments::text(call, "path")?, "").await?;
            context.check_saved(path.as_str())?;
            let jail = context.jail.clone();
            let (path, file) = blocking(move || {
                let file = jail.read_bytes(&path);
                (path, file)
            })
            .await?;
            let file = file.map_err(|error| files::refused(&error))?;
            let effect = Effect::Write {
                path: path.to_string(),
                runs_later: protected(&path),
            };
            Ok(PreparedCall {
                what: render::name(path.as_str()),
                effects: vec![effect],
                preview: preview(&path, &file),
                remember: Some(REMEMBER.to_owned()),
                run: Box::new(move |running| delete(path, file, running).boxed()),
            })
        }
        .boxed()
    }
}

/// What would be gone, if it is a text that may be shown.
fn preview(path: &WorkspacePath, file: &FileBytes) -> Preview {
    match std::str::from_utf8(&file.bytes) {
        Ok(text) if !text.contains('\0') && !is_secret(path) => {
            let text = text.replace("\r\n", "\n");
            Preview::Edits(vec![FileEdit {
                path: path.to_string(),
                old: Some(text.into()),
                new: None,
            }])
        }
        _ => Preview::None,
    }
}

async fn delete(
    path: WorkspacePath,
    file: FileBytes,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let context = running.context;
    let change = Change {
        path: path.to_string(),
        before: Some(Blob::from(&file)),
        after: None,
    };
    apply_changes(context, vec![change], |jail| jail.remove(&path, file.hash))?;
    context.knowledge().add(FileView::Removed {
        path: path.to_string(),
    });
    Ok(ToolOutput {
        text: format!("{} is deleted.", render::name(path.as_str())),
        summary: "deleted".to_owned(),
        ..ToolOutput::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    fn deletes(path: &str) -> ToolCall {
        call("delete_file", json!({"path": path}))
    }

    #[tokio::test]
    async fn a_file_is_deleted_and_comes_back() {
        let bench = Bench::new();
        bench.file("a.txt", "one\r\ntwo\r\n");
        let prepared = bench.prepare(&deletes("a.txt")).await.unwrap();
        let diff = prepared.preview.text().into_owned();
        assert!(diff.contains("-one\n-two\n"), "{diff}");
        let output = bench.run(prepared).await.unwrap();
        assert_eq!(output.text, "a.txt is deleted.");
        assert_eq!(bench.content("a.txt"), None);
        let context = bench.context();
        context.changes.lock().undo(&context.jail).unwrap();
        assert_eq!(bench.content("a.txt").as_deref(), Some("one\r\ntwo\r\n"));
    }

    #[tokio::test]
    async fn what_changed_meanwhile_stays() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        let prepared = bench.prepare(&deletes("a.txt")).await.unwrap();
        bench.file("a.txt", "two\n");
        assert!(bench.run(prepared).await.is_err());
        assert_eq!(bench.content("a.txt").as_deref(), Some("two\n"));
    }

    #[tokio::test]
    async fn what_runs_later_is_labelled_and_secrets_are_not_shown() {
        let bench = Bench::new();
        bench.file(".env", "A=1\n");
        bench.bytes("a.bin", b"a\0b");
        let prepared = bench.prepare(&deletes(".env")).await.unwrap();
        assert!(matches!(
            &prepared.effects[0],
            Effect::Write {
                runs_later: Some(_),
                ..
            }
        ));
        assert_eq!(prepared.preview, Preview::None);
        let prepared = bench.prepare(&deletes("a.bin")).await.unwrap();
        assert_eq!(prepared.preview, Preview::None);
    }

    #[tokio::test]
    async fn folders_and_the_outside_are_refused() {
        let bench = Bench::new();
        bench.file("src/a.rs", "");
        for path in ["src", "nowhere.rs", "../x", "/etc/passwd"] {
            bench.refused(&deletes(path)).await;
        }
    }
}
