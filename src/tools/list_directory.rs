//! `list_directory`: what is in a folder, as the ignore files leave it.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::paths::{self, LocatedPath};
use super::render::{self, OutputPage};
use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, files,
};
use crate::jail::{EntryKind, FolderEntry};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::text::size;
use crate::visible::defang_chat_markers;

/// Most entries that are shown,
const MOST_ENTRIES: usize = 200;
/// and their most bytes.
const MOST_BYTES: usize = 12 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "list_directory",
    aliases: &[
        "list_files",
        "ls",
        "list_dir",
        "list",
        "list_folder",
        "read_directory",
    ],
    description: "List a folder. Ignored and hidden entries are left out.",
    parameters: &[ParameterDeclaration {
        name: "path",
        aliases: &[
            "dir",
            "directory",
            "folder",
            "filepath",
            "file_path",
            "file",
            "filename",
            "relative_workspace_path",
            "dir_path",
        ],
        kind: ParameterKind::Text,
        description: "Folder, relative to the workspace root; default `.`",
        required: false,
    }],
    is_core: false,
};

pub(super) struct ListDirectory;

impl Tool for ListDirectory {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let given = arguments::optional_text(call, "path");
            let folder = paths::existing_folder(context, given).await?;
            let prepared = PreparedCall::reading(
                render::name(&folder.name()),
                folder.searching(),
                Box::new(move |running| list(folder, running).boxed()),
            );
            Ok(prepared)
        }
        .boxed()
    }
}

async fn list(folder: LocatedPath, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let tokens = running.tokens;
    blocking(move || render_listing(&folder, tokens)).await?
}

fn render_listing(folder: &LocatedPath, tokens: u32) -> Result<ToolOutput, ToolError> {
    let LocatedPath { jail, path, .. } = folder;
    let full = folder.name();
    let kind = jail.kind(path).map_err(|error| files::refused(&error))?;
    if kind == Some(EntryKind::File) {
        return Err(ToolError::TellModel(format!(
            "`{full}` is a file. Next call: read_file {}",
            defang_chat_markers(&json!({"path": full}).to_string())
        )));
    }
    let mut entries = jail.list(path).map_err(|error| files::refused(&error))?;
    let Some(names) = files::names_in(jail, path) else {
        return Err(ToolError::TellModel(format!(
            "`{full}` is ignored or hidden; run_command with `ls` shows it"
        )));
    };
    let all = entries.len();
    // The jail says what is there, the walk what is not ignored.
    entries.retain(|entry| names.contains(&entry.name));
    let ignored = all - entries.len();
    entries.sort_by_key(|entry| (entry.kind != EntryKind::Folder, entry.name.clone()));
    let mut page = OutputPage::of_result(MOST_BYTES, tokens);
    for entry in entries.iter().take(MOST_ENTRIES) {
        page.push(&line(entry));
    }
    let left_out = page.left_out() + entries.len().saturating_sub(MOST_ENTRIES);
    let mut text = format!("{}:\n{}", render::name(&full), page.into_text());
    if left_out > 0 {
        let next = entries.len() - left_out;
        let call = find_call(path.as_str(), &entries, next);
        let left_out = render::count(left_out, "more entry", "more entries");
        text.push_str(&format!(
            "… {left_out} left out, starting with `{}`. To see more: {call} …\n",
            render::name(&entries[next].name)
        ));
    }
    if ignored > 0 {
        let ignored = render::count(ignored, "entry is", "entries are");
        text.push_str(&format!("({ignored} ignored or hidden)\n"));
    } else if all == 0 {
        text.push_str("(the folder is empty)\n");
    }
    Ok(ToolOutput {
        text,
        summary: render::count(entries.len(), "entry", "entries"),
        ..ToolOutput::default()
    })
}

/// The call that finds what comes next in a folder: by as much of the name as the one before it has
/// not in common with it.
fn find_call(folder: &str, entries: &[FolderEntry], next: usize) -> String {
    let name = &entries[next].name;
    let before = next.checked_sub(1).map_or("", |at| &entries[at].name);
    let both = name.chars().zip(before.chars());
    let common = both.take_while(|(one, other)| one == other).count();
    let beginning: String = name.chars().take(common + 1).collect();
    let folder = if folder == "." {
        String::new()
    } else {
        format!("{folder}/")
    };
    let glob = format!("{folder}{beginning}*");
    format!(
        "search_files {}",
        defang_chat_markers(&json!({"glob": glob}).to_string())
    )
}

fn line(entry: &FolderEntry) -> String {
    let name = render::name(&entry.name);
    match entry.kind {
        EntryKind::Folder => format!("{name}/"),
        EntryKind::File => format!("{name}  {}", size(entry.size)),
        EntryKind::Link => format!("{name}  (a link)"),
        EntryKind::Other => format!("{name}  (not a file)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests_support::{Bench, call};

    #[tokio::test]
    async fn folders_come_first_and_what_is_ignored_is_counted() {
        let bench = Bench::new();
        bench.file(".gitignore", "target\n*.log\n");
        bench.file(".ollacodeignore", "private\n");
        bench.file("src/main.rs", "fn main() {}\n");
        bench.file("a.txt", &"x".repeat(3400));
        bench.file("b.log", "");
        bench.file("target/debug/x", "");
        bench.file("private/x", "");
        bench.file(".hidden", "");
        bench.file(".github/workflows/ci.yml", "");
        let output = bench
            .call(&call("list_directory", json!({})))
            .await
            .unwrap();
        assert_eq!(
            output.text,
            ".:\n.github/\nsrc/\na.txt  3.4 KB\n(6 entries are ignored or hidden)\n"
        );
        assert_eq!(output.summary, "3 entries");
    }

    #[tokio::test]
    async fn an_ignored_folder_is_not_listed() {
        let bench = Bench::new();
        bench.file(".gitignore", "target\n");
        bench.file("target/debug/x", "");
        for path in ["target", "target/debug"] {
            let error = bench
                .failed(&call("list_directory", json!({"path": path})))
                .await;
            assert!(error.contains("is ignored or hidden"), "{error}");
        }
    }

    #[tokio::test]
    async fn rules_of_folders_above_count_below() {
        let bench = Bench::new();
        bench.file(".gitignore", "*.log\n");
        bench.file("src/deep/a.log", "");
        bench.file("src/deep/a.rs", "");
        let listed = call("list_directory", json!({"path": "./src/deep/"}));
        let output = bench.call(&listed).await.unwrap();
        assert_eq!(
            output.text,
            "src/deep:\na.rs  0 B\n(1 entry is ignored or hidden)\n"
        );
    }

    #[tokio::test]
    async fn many_entries_are_cut_visibly() {
        let bench = Bench::new();
        for number in 0..250 {
            bench.file(&format!("many/f{number:03}.rs"), "");
        }
        let output = bench
            .call(&call("list_directory", json!({"path": "many"})))
            .await
            .unwrap();
        assert_eq!(
            output
                .text
                .lines()
                .filter(|line| line.ends_with(" B"))
                .count(),
            200
        );
        assert!(
            output.text.ends_with(
                "… 50 more entries left out, starting with `f200.rs`. To see more: search_files \
                 {\"glob\":\"many/f2*\"} …\n"
            ),
            "{}",
            output.text
        );
    }

    #[tokio::test]
    async fn files_and_the_outside_are_refused() {
        let bench = Bench::new();
        bench.file("a.rs", "");
        let error = bench
            .failed(&call("list_directory", json!({"path": "a.rs"})))
            .await;
        assert!(error.contains("read_file"), "{error}");
        bench
            .refused(&call("list_directory", json!({"path": "../"})))
            .await;
        bench
            .refused(&call("list_directory", json!({"path": "/etc"})))
            .await;
    }
}
