//! `move_file`: a file to another path.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::draft::apply_changes;
use super::paths::{IntendedPath, intended_path};
use super::{
    FileView, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments,
    blocking, files, paths, render, spelling,
};
use crate::jail::{
    EntryKind, FileBytes, Jail, JailError, PathSimilarity, WorkspacePath, is_secret, protected,
};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Preview};
use crate::session::changes::{Blob, Change};
use crate::visible::defang_chat_markers;

/// What "for this session" covers.
const REMEMBER: &str = "moves";

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "move_file",
    aliases: &["rename_file", "mv"],
    description: "Move or rename a file. Missing folders are created.",
    parameters: &[
        ParameterDeclaration {
            name: "from",
            aliases: &["source", "src", "old_path", "path"],
            kind: ParameterKind::Text,
            description: "Path of the file, relative to the workspace root",
            required: true,
        },
        ParameterDeclaration {
            name: "to",
            aliases: &["destination", "dest", "new_path", "target"],
            kind: ParameterKind::Text,
            description: "New path, relative to the workspace root",
            required: true,
        },
    ],
    is_core: false,
};

pub(super) struct MoveFile;

impl Tool for MoveFile {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let from = paths::own_file(context, arguments::text(call, "from")?, "").await?;
            context.check_saved(from.as_str())?;
            let to = arguments::text(call, "to")?.to_owned();
            let jail = context.jail.clone();
            let found = blocking(move || Move::find(&jail, from, &to)).await??;
            Ok(PreparedCall {
                what: format!(
                    "{} → {}",
                    render::name(found.from.as_str()),
                    render::name(found.to.as_str())
                ),
                effects: found.effects(),
                preview: Preview::None,
                remember: Some(REMEMBER.to_owned()),
                run: Box::new(move |running| found.make(running).boxed()),
            })
        }
        .boxed()
    }
}

/// A file, and where it is to go.
struct Move {
    from: WorkspacePath,
    to: WorkspacePath,
    file: FileBytes,
}

impl Move {
    fn find(jail: &Jail, from: WorkspacePath, given: &str) -> Result<Move, ToolError> {
        let refused = |error| files::refused(&error);
        let name = from.name().unwrap_or_default();
        // What ends so is a folder, whether or not it is there yet.
        let given = match spelling::plain(given) {
            folder if folder.ends_with('/') => format!("{folder}{name}"),
            _ => given.to_owned(),
        };
        let mut to = Move::target(jail, &from, &given)?;
        if jail.kind(&to).map_err(refused)? == Some(EntryKind::Folder) {
            // As `mv` does it.
            to = jail.path(&format!("{to}/{name}")).map_err(refused)?;
        }
        // Where a disk takes capitals for small letters, only these may be what changes.
        let is_renamed_only = from.as_str().to_lowercase() == to.as_str().to_lowercase();
        let is_free = jail.hash(&to).map_err(refused)?.is_none();
        if from == to || !(is_free || is_renamed_only) {
            return Err(refused(JailError::AlreadyThere(to.to_string())));
        }
        let file = jail.read_bytes(&from).map_err(refused)?;
        Ok(Move { from, to, file })
    }

    /// The path that was named for a file: its own name in other capitals, or in another form, is a
    /// new name.
    fn target(jail: &Jail, from: &WorkspacePath, given: &str) -> Result<WorkspacePath, ToolError> {
        let found =
            intended_path(jail, given).map_err(|error| paths::path_failure(jail, given, error))?;
        let plain = jail.path(&spelling::plain(given));
        let retry = |path: &str| {
            let call = json!({"from": from.as_str(), "to": path});
            format!("move_file {}", defang_chat_markers(&call.to_string()))
        };
        match (found.similarity, plain) {
            (PathSimilarity::Equal, _) if found.exists => Ok(found.path),
            (_, Ok(plain)) if found.exists && found.path == *from => Ok(plain),
            (PathSimilarity::Similar, Ok(plain)) if found.exists => {
                let found = IntendedPath {
                    path: plain,
                    exists: false,
                    ..found
                };
                paths::new_path(jail, given, found, &retry)
            }
            _ if found.exists => Ok(found.path),
            _ => paths::new_path(jail, given, found, &retry),
        }
    }

    fn effects(&self) -> Vec<Effect> {
        let write = |path: &WorkspacePath| Effect::Write {
            path: path.to_string(),
            runs_later: protected(path),
        };
        let mut effects = vec![write(&self.from), write(&self.to)];
        // Under another name it would be read unasked.
        let path = self.from.to_string();
        effects.push(if is_secret(&self.from) && !is_secret(&self.to) {
            Effect::ReadSecret { path }
        } else {
            Effect::ReadFile { path }
        });
        effects
    }

    async fn make(self, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
        let context = running.context;
        let blob = || Some(Blob::from(&self.file));
        let changes = vec![
            Change {
                path: self.from.to_string(),
                before: blob(),
                after: None,
            },
            Change {
                path: self.to.to_string(),
                before: None,
                after: blob(),
            },
        ];
        apply_changes(context, changes, |jail| {
            jail.rename(&self.from, &self.to, self.file.hash)
        })?;
        // Who knew the file knows it by its new name.
        context.knowledge().add(FileView::Moved {
            from: self.from.to_string(),
            to: self.to.to_string(),
        });
        Ok(ToolOutput {
            text: format!(
                "{} is now {}. References to it were not updated.",
                render::name(self.from.as_str()),
                render::name(self.to.as_str())
            ),
            summary: "moved".to_owned(),
            ..ToolOutput::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests_support::{Bench, call};

    fn moves(from: &str, to: &str) -> ToolCall {
        call("move_file", json!({"from": from, "to": to}))
    }

    #[tokio::test]
    async fn a_file_is_moved_and_moved_back() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        bench.bytes("a.bin", b"a\0b");
        bench
            .call(&call("read_file", json!({"path": "a.txt"})))
            .await
            .unwrap();
        let prepared = bench
            .prepare(&moves("a.txt", "new/deep/b.txt"))
            .await
            .unwrap();
        assert_eq!(prepared.what, "a.txt → new/deep/b.txt");
        let write = |path: &str| Effect::Write {
            path: path.to_owned(),
            runs_later: None,
        };
        let read = Effect::ReadFile {
            path: "a.txt".to_owned(),
        };
        let expected = [write("a.txt"), write("new/deep/b.txt"), read];
        assert_eq!(prepared.effects, expected);
        bench.run(prepared).await.unwrap();
        assert_eq!(bench.content("a.txt"), None);
        assert_eq!(bench.content("new/deep/b.txt").as_deref(), Some("one\n"));
        assert!(bench.context().seen("new/deep/b.txt").is_some());
        bench.call(&moves("a.bin", "new")).await.unwrap();
        assert!(bench.root().join("new/a.bin").exists());
        let context = bench.context();
        context.changes.lock().undo(&context.jail).unwrap();
        assert_eq!(bench.content("a.txt").as_deref(), Some("one\n"));
        assert!(!bench.root().join("new").exists());
    }

    #[tokio::test]
    async fn nothing_is_overwritten() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        bench.file("b.txt", "two\n");
        let error = bench.refused(&moves("a.txt", "b.txt")).await;
        assert!(error.contains("already exists"), "{error}");
        bench.refused(&moves("a.txt", "a.txt")).await;
        let prepared = bench.prepare(&moves("a.txt", "c.txt")).await.unwrap();
        bench.file("c.txt", "there meanwhile\n");
        assert!(bench.run(prepared).await.is_err());
        let prepared = bench.prepare(&moves("a.txt", "d.txt")).await.unwrap();
        bench.file("a.txt", "changed meanwhile\n");
        assert!(bench.run(prepared).await.is_err());
        assert_eq!(bench.content("d.txt"), None);
    }

    #[tokio::test]
    async fn what_runs_later_and_secrets_are_labelled() {
        let bench = Bench::new();
        bench.file("a.txt", "one\n");
        bench.file(".env", "A=1\n");
        let prepared = bench
            .prepare(&moves("a.txt", ".git/hooks/pre-commit"))
            .await
            .unwrap();
        assert!(matches!(
            &prepared.effects[1],
            Effect::Write {
                runs_later: Some(_),
                ..
            }
        ));
        let prepared = bench.prepare(&moves(".env", "env.txt")).await.unwrap();
        assert!(matches!(&prepared.effects[2], Effect::ReadSecret { .. }));
    }

    #[tokio::test]
    async fn folders_and_the_outside_are_refused() {
        let bench = Bench::new();
        bench.file("src/a.rs", "");
        for (from, to) in [("src", "lib"), ("src/a.rs", "../a.rs"), ("nowhere", "b")] {
            bench.refused(&moves(from, to)).await;
        }
    }
}
