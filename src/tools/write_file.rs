//! `write_file`: a whole file.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::write_plan::{
    Draft, check_breaks, check_omissions, check_stand_ins, edit_call, was_read, written_file,
};
use super::{
    PreparedCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, render, spelling,
};
use crate::jail::{TextFile, WorkspacePath};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;
use crate::visible::defang_chat_markers;

/// Most places of a file that are named.
const MOST_RANGES: usize = 5;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "write_file",
    aliases: &[
        "write",
        "create_file",
        "create_new_file",
        "save_file",
        "write_to_file",
        "create",
        "new_file",
        "file_write",
        "fs_write",
    ],
    description: "Create a file, or replace a whole one. Missing folders are created.",
    parameters: &[
        ParameterDeclaration {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "Path of the file, relative to the workspace root",
            required: true,
        },
        ParameterDeclaration {
            name: "content",
            aliases: &["text", "contents", "file_text", "new_content"],
            kind: ParameterKind::Text,
            description: "Complete content of the file",
            required: true,
        },
    ],
    is_core: true,
};

pub(super) struct WriteFile;

impl Tool for WriteFile {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let content = arguments::text(call, "content")?;
            let path = arguments::text(call, "path")?;
            // A block of Markdown around it.
            let fenced = spelling::without_fence(content);
            let fenced = fenced.filter(|_| !spelling::has_fences(path));
            let content = fenced.unwrap_or(content);
            // Lines that were copied as they were shown.
            let bare = render::without_numbers(content);
            let content = bare.as_deref().unwrap_or(content);
            let (path, before) = written_file(context, path).await?;
            let Some(file) = before else {
                check_stand_ins(content, "")?;
                check_omissions(content, "")?;
                check_breaks(content, "")?;
                let draft = Draft {
                    path,
                    before: None,
                    after: render::without_breaks(content).into_owned(),
                    said: None,
                };
                return Ok(draft.prepared());
            };
            overwriting(context, path, file, content).await
        }
        .boxed()
    }
}

async fn overwriting(
    context: &ToolContext,
    path: WorkspacePath,
    file: TextFile,
    content: &str,
) -> Result<PreparedCall, ToolError> {
    check_seen(context, &path, &file)?;
    check_omissions(content, &file.text)?;
    check_breaks(content, &file.text)?;
    let content = render::as_in_file(content, &file.text);
    check_stand_ins(&content, &file.text)?;
    let after = file.as_written(&content).into_owned();
    if after == file.text {
        return Ok(unchanged(&path));
    }
    let draft = Draft {
        path,
        before: Some(file),
        after,
        said: None,
    };
    let (draft, lost) = blocking(move || {
        let lost = draft.lost_content();
        (draft, lost)
    })
    .await?;
    let path = draft.path.to_string();
    let mut prepared = draft.prepared();
    prepared
        .effects
        .extend(lost.map(|what| Effect::Loss { path, what }));
    Ok(prepared)
}

/// Refuses to write over what the model was not shown, or does not have in its conversation any
/// more; says how to go on.
fn check_seen(
    context: &ToolContext,
    path: &WorkspacePath,
    file: &TextFile,
) -> Result<(), ToolError> {
    let was_read = was_read(context, file)?;
    let count = file.text.lines().count();
    let unseen = context.knowledge().unseen(file.path.as_str(), count);
    if was_read && unseen.is_empty() {
        return Ok(());
    }
    let first = unseen.first().map_or(1, |lines| lines.start);
    let hidden = unseen.iter().map(|lines| {
        let last = lines.end - 1;
        if lines.start == last {
            last.to_string()
        } else {
            format!("{}-{last}", lines.start)
        }
    });
    let hidden: Vec<String> = hidden.take(MOST_RANGES).collect();
    let what = if was_read {
        let hidden = hidden.join(", ");
        format!(
            "lines {hidden} of its {count} lines were not shown to you, or have been cut since then"
        )
    } else {
        "you have not read it, or what you read has been cut since then".to_owned()
    };
    let read = json!({"path": path.as_str(), "start_line": first});
    Err(ToolError::TellModel(format!(
        "`{path}` already exists, and {what}: replacing it would lose what you have not seen. To \
         change a part of it: {}\nTo see the rest: read_file {}",
        edit_call(path.as_str()),
        defang_chat_markers(&read.to_string()),
    )))
}

/// There is nothing to do, and nothing to ask.
fn unchanged(path: &WorkspacePath) -> PreparedCall {
    let name = render::name(path.as_str());
    let output = ToolOutput {
        text: format!("{name} already has this content; nothing was written."),
        summary: "no change".to_owned(),
        ..ToolOutput::default()
    };
    PreparedCall::reading(
        name,
        Effect::Read,
        Box::new(move |_| async move { Ok::<_, ToolError>(output) }.boxed()),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    fn write(path: &str, content: &str) -> ToolCall {
        call("write_file", json!({"path": path, "content": content}))
    }

    async fn read(bench: &Bench, path: &str) {
        let arguments: Value = json!({"path": path});
        bench.call(&call("read_file", arguments)).await.unwrap();
    }

    #[tokio::test]
    async fn a_new_file_is_shown_written_and_undone() {
        let bench = Bench::new();
        let prepared = bench
            .prepare(&write("src/new/a.rs", "fn a() {}\n"))
            .await
            .unwrap();
        assert_eq!(
            prepared.effects,
            [Effect::Write {
                path: "src/new/a.rs".to_owned(),
                runs_later: None
            }]
        );
        let diff = prepared.preview.text().into_owned();
        assert!(
            diff.contains("+++ b/src/new/a.rs") && diff.contains("+fn a() {}"),
            "{diff}"
        );
        assert_eq!(
            bench.content("src/new/a.rs"),
            None,
            "nothing before it runs"
        );
        let output = bench.run(prepared).await.unwrap();
        assert_eq!(output.text, "src/new/a.rs was created, 1 line.\n");
        assert_eq!(output.summary, "+1 −0");
        assert_eq!(
            bench.content("src/new/a.rs").as_deref(),
            Some("fn a() {}\n")
        );
        let context = bench.context();
        context.changes.lock().undo(&context.jail).unwrap();
        assert_eq!(bench.content("src/new/a.rs"), None);
    }

    #[tokio::test]
    async fn no_spelling_of_a_path_becomes_the_name_of_a_file() {
        let bench = Bench::new();
        for (number, path) in ["src\\a0.rs", "\"src/a1.rs\"", "`src/a2.rs`"]
            .iter()
            .enumerate()
        {
            bench.call(&write(path, "fn a() {}\n")).await.unwrap();
            let made = format!("src/a{number}.rs");
            assert!(bench.content(&made).is_some(), "{path}");
            assert!(!bench.root().join(path).exists(), "{path}");
        }
    }

    #[tokio::test]
    async fn numbers_and_breaks_as_they_are_shown_do_not_go_into_files() {
        let bench = Bench::new();
        bench
            .call(&write("a.rs", "1→fn a() {\n2→}\n"))
            .await
            .unwrap();
        assert_eq!(bench.content("a.rs").as_deref(), Some("fn a() {\n}\n"));
        bench
            .call(&write("d.rs", "```rust\nfn d() {}\n```"))
            .await
            .unwrap();
        assert_eq!(bench.content("d.rs").as_deref(), Some("fn d() {}\n"));
        let page = "```rust\nfn d() {}\n```\n";
        bench.call(&write("d.md", page)).await.unwrap();
        assert_eq!(bench.content("d.md").as_deref(), Some(page));
        let error = bench
            .refused(&write("b.rs", "fn b() {\\n    c();\\n}\\n"))
            .await;
        assert!(error.contains("real line breaks"), "{error}");
        bench
            .call(&write("c.sh", "printf \"a\\nb\\nc\"\n"))
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_file_that_was_not_read_is_not_overwritten() {
        let bench = Bench::new();
        bench.file("a.txt", "old\n");
        let error = bench.refused(&write("a.txt", "new\n")).await;
        assert!(error.contains("read_file {\"path\":\"a.txt\""), "{error}");
        assert!(error.contains("edit_file {\"path\":\"a.txt\""), "{error}");
        read(&bench, "a.txt").await;
        bench.call(&write("a.txt", "new\n")).await.unwrap();
        assert_eq!(bench.content("a.txt").as_deref(), Some("new\n"));
        // What it wrote itself, the model knows.
        bench.call(&write("a.txt", "newer\n")).await.unwrap();
        assert_eq!(bench.content("a.txt").as_deref(), Some("newer\n"));
    }

    #[tokio::test]
    async fn what_was_not_shown_is_not_overwritten() {
        let bench = Bench::new().narrow(400);
        let text: String = (1..=200)
            .map(|n| format!("    step_{n}(input);\n"))
            .collect();
        bench.file("a.txt", &text);
        let page = json!({"path": "a.txt"});
        let output = bench.call(&call("read_file", page)).await.unwrap();
        let last = output.sources[0].end_line;
        assert!(last < 200, "the page ends where its room does");
        let error = bench.refused(&write("a.txt", "short\n")).await;
        let next = last + 1;
        assert!(
            error.contains(&format!("lines {next}-200 of its 200")),
            "{error}"
        );
        // The call that reads on is given, and works until all was read.
        let mut next = next;
        while next <= 200 {
            let call_on = format!("read_file {{\"path\":\"a.txt\",\"start_line\":{next}}}");
            let error = bench.refused(&write("a.txt", "short\n")).await;
            assert!(error.contains(&call_on), "{error}");
            let page = json!({"path": "a.txt", "start_line": next});
            let output = bench.call(&call("read_file", page)).await.unwrap();
            next = output.sources[0].end_line + 1;
        }
        bench.prepare(&write("a.txt", "short\n")).await.unwrap();
        bench.forget();
        bench.refused(&write("a.txt", "short\n")).await;
    }

    #[tokio::test]
    async fn a_line_that_was_shown_in_part_is_not_overwritten() {
        let bench = Bench::new();
        bench.file("a.txt", &format!("one\n{}\n", "x".repeat(2_000)));
        read(&bench, "a.txt").await;
        let error = bench.refused(&write("a.txt", "one\nx\n")).await;
        assert!(error.contains("lines 2 of its 2"), "{error}");
    }

    #[tokio::test]
    async fn what_would_be_lost_is_named_and_asked_about() {
        let bench = Bench::new();
        let text = "fn charge() {\n    go();\n}\n\nfn audit() {\n    log();\n}\n";
        bench.file("a.rs", text);
        read(&bench, "a.rs").await;
        let whole = write("a.rs", &text.replace("go", "stop"));
        let prepared = bench.prepare(&whole).await.unwrap();
        let is_loss = |effect: &Effect| matches!(effect, Effect::Loss { .. });
        assert!(!prepared.effects.iter().any(is_loss));
        let part = write("a.rs", "fn charge() {\n    stop();\n}\n");
        let prepared = bench.prepare(&part).await.unwrap();
        let loss = Effect::Loss {
            path: "a.rs".to_owned(),
            what: "`fn audit()` (lines 5-7)".to_owned(),
        };
        assert!(prepared.effects.contains(&loss), "{:?}", prepared.effects);
        let output = bench.run(prepared).await.unwrap();
        assert!(
            output
                .text
                .contains("no longer has `fn audit()` (lines 5-7)"),
            "{}",
            output.text
        );
    }

    #[tokio::test]
    async fn changes_of_others_are_not_overwritten() {
        let bench = Bench::new();
        bench.file("a.txt", "old\n");
        read(&bench, "a.txt").await;
        bench.file("a.txt", "of somebody else\n");
        let error = bench.refused(&write("a.txt", "new\n")).await;
        assert!(error.contains("changed on disk"), "{error}");
        read(&bench, "a.txt").await;
        let prepared = bench.prepare(&write("a.txt", "new\n")).await.unwrap();
        bench.file("a.txt", "while the user was asked\n");
        assert!(bench.run(prepared).await.is_err());
        let prepared = bench.prepare(&write("b.txt", "new\n")).await.unwrap();
        bench.file("b.txt", "there meanwhile\n");
        assert!(bench.run(prepared).await.is_err());
        assert_eq!(bench.content("b.txt").as_deref(), Some("there meanwhile\n"));
        // What was not made is not to be undone.
        let context = bench.context();
        assert!(context.changes.lock().undo(&context.jail).is_err());
    }

    #[tokio::test]
    async fn line_ends_order_marks_and_the_last_line_end_stay() {
        let bench = Bench::new();
        bench.file("a.txt", "\u{feff}one\r\ntwo\r\n");
        read(&bench, "a.txt").await;
        bench.call(&write("a.txt", "one\nthree")).await.unwrap();
        assert_eq!(
            bench.content("a.txt").as_deref(),
            Some("\u{feff}one\r\nthree\r\n")
        );
    }

    #[tokio::test]
    async fn what_runs_later_is_labelled() {
        let bench = Bench::new();
        for path in [
            ".github/workflows/ci.yml",
            "build.rs",
            ".git/hooks/pre-commit",
            ".ENV",
        ] {
            let prepared = bench.prepare(&write(path, "x\n")).await.unwrap();
            assert!(
                matches!(
                    &prepared.effects[0],
                    Effect::Write {
                        runs_later: Some(_),
                        ..
                    }
                ),
                "{path}"
            );
        }
    }

    #[tokio::test]
    async fn new_syntax_errors_are_told_at_once() {
        let bench = Bench::new();
        let output = bench
            .call(&write("a.rs", "fn a() {}\nfn b( {}\n"))
            .await
            .unwrap();
        assert!(output.text.contains("new syntax errors"), "{}", output.text);
        assert!(
            output.text.contains("line 2: `)` is missing"),
            "{}",
            output.text
        );
        assert_eq!(output.summary, "+2 −0, 1 syntax error");
    }

    #[tokio::test]
    async fn stand_ins_for_secrets_are_not_written() {
        let rule = ollacode_secrets::rules().next().unwrap();
        let bench = Bench::new();
        let error = bench
            .refused(&write("a.txt", &format!("k = [redacted: {rule}]\n")))
            .await;
        assert!(error.contains("is a placeholder for a secret"), "{error}");
    }

    #[tokio::test]
    async fn nothing_to_do_asks_nobody() {
        let bench = Bench::new();
        bench.file("a.txt", "same\n");
        read(&bench, "a.txt").await;
        let prepared = bench.prepare(&write("a.txt", "same")).await.unwrap();
        assert_eq!(prepared.effects, [Effect::Read]);
        let output = bench.run(prepared).await.unwrap();
        assert!(
            output.text.contains("nothing was written"),
            "{}",
            output.text
        );
    }

    #[tokio::test]
    async fn the_outside_and_folders_are_refused() {
        let bench = Bench::new();
        bench.file("src/a.rs", "");
        for path in ["../x", "/etc/x", "~/x", "src", ""] {
            bench.refused(&write(path, "x")).await;
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_on_the_way_are_not_followed() {
        let bench = Bench::new();
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), bench.root().join("link")).unwrap();
        bench.refused(&write("link/x", "x")).await;
        assert!(!outside.path().join("x").exists());
    }
}
