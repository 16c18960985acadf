//! `search_files`: files by their names.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use globset::GlobSet;

use super::render::{self, OutputPage};
use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, files,
};
use crate::jail::{EntryKind, Jail};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;

/// Most files that are shown,
const MOST_FILES: usize = 200;
/// and their most bytes.
const MOST_BYTES: usize = 12 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "search_files",
    aliases: &[
        "find_files",
        "glob",
        "file_search",
        "file_glob_search",
        "find",
        "find_file",
        "find_by_name",
    ],
    description: "Find files by name.",
    parameters: &[ParameterDeclaration {
        name: "glob",
        aliases: &["file_pattern", "pattern", "query", "name"],
        kind: ParameterKind::Text,
        description: "Glob, relative to the workspace root, such as `*.rs` or `src/**/*test*`",
        required: true,
    }],
    is_core: false,
};

pub(super) struct SearchFiles;

impl Tool for SearchFiles {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let written = arguments::text(call, "glob")?.to_owned();
            let globs = files::glob(&context.jail, &written)?;
            let what = render::narrow(&render::name(&written), 80).into_owned();
            Ok(PreparedCall::reading(
                what,
                Effect::Read,
                Box::new(move |running| search(globs, written, running).boxed()),
            ))
        }
        .boxed()
    }
}

async fn search(
    globs: GlobSet,
    written: String,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let jail = running.context.jail.clone();
    let (found, closed) = blocking(move || found(&jail, &globs)).await??;
    let mut page = OutputPage::of_result(MOST_BYTES, running.tokens);
    for path in found.iter().take(MOST_FILES) {
        page.push(&render::name(path));
    }
    let left_out = page.left_out() + found.len().saturating_sub(MOST_FILES);
    let mut text = page.into_text();
    if left_out > 0 {
        let next = render::name(&found[found.len() - left_out]);
        let left_out = render::count(left_out, "more file", "more files");
        text.push_str(&format!(
            "… {left_out} left out, starting with `{next}`: narrow the glob …\n"
        ));
    }
    if found.is_empty() {
        text = format!(
            "No file matches `{}`. Ignored and hidden files are left out.\n",
            render::name(written.trim())
        );
    }
    if closed > 0 {
        let folders = render::count(closed, "folder", "folders");
        text.push_str(&format!("({folders} could not be listed)\n"));
    }
    Ok(ToolOutput {
        text,
        summary: render::count(found.len(), "file", "files"),
        ..ToolOutput::default()
    })
}

/// The files that match, and how many folders could not be listed.
fn found(jail: &Jail, globs: &GlobSet) -> Result<(Vec<String>, usize), ToolError> {
    let top = jail.path(".").map_err(|error| files::refused(&error))?;
    let files::FilesBelow { mut paths, closed } = files::listed_below(jail, &top);
    paths.retain(|path| globs.is_match(path));
    // The walk goes by names; of what is shown, the jail makes sure that it is in the workspace.
    let is_file = |path: &String| {
        let kind = jail.path(path).and_then(|path| jail.kind(&path));
        matches!(kind, Ok(Some(EntryKind::File)))
    };
    let beyond = paths.split_off(paths.len().min(MOST_FILES));
    paths.retain(is_file);
    paths.extend(beyond);
    Ok((paths, closed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::tools::tests_support::{Bench, call};

    async fn search(bench: &Bench, glob: &str) -> String {
        let output = bench
            .call(&call("search_files", json!({"glob": glob})))
            .await;
        output.unwrap().text
    }

    fn bench() -> Bench {
        let bench = Bench::new();
        for path in [
            "src/main.rs",
            "src/net/dial.rs",
            "web/app.js",
            "README.md",
            "out/x.rs",
            "Cargo.toml",
        ] {
            bench.file(path, "");
        }
        bench.file(".gitignore", "out/\n");
        bench
    }

    #[tokio::test]
    async fn globs_match_as_people_mean_them() {
        let bench = bench();
        for (glob, found) in [
            ("*.rs", "src/main.rs\nsrc/net/dial.rs\n"),
            ("**/*.rs", "src/main.rs\nsrc/net/dial.rs\n"),
            ("src/*.rs", "src/main.rs\n"),
            ("./src/**", "src/main.rs\nsrc/net/dial.rs\n"),
            ("src/", "src/main.rs\nsrc/net/dial.rs\n"),
            ("dial", "src/net/dial.rs\n"),
            ("readme*", "README.md\n"),
            ("Cargo.toml", "Cargo.toml\n"),
            ("*.{js,md}", "README.md\nweb/app.js\n"),
        ] {
            assert_eq!(search(&bench, glob).await, found, "{glob}");
        }
        let whole = format!("{}/src/*.rs", bench.root().display());
        assert_eq!(search(&bench, &whole).await, "src/main.rs\n");
    }

    #[tokio::test]
    async fn nothing_found_and_bad_globs_are_said() {
        let bench = bench();
        assert!(
            search(&bench, "*.cobol")
                .await
                .starts_with("No file matches")
        );
        for glob in ["src/[a", ""] {
            bench
                .refused(&call("search_files", json!({"glob": glob})))
                .await;
        }
    }

    #[tokio::test]
    async fn many_files_are_cut_visibly() {
        let bench = Bench::new();
        for number in 0..230 {
            bench.file(&format!("many/f{number:03}.rs"), "");
        }
        let text = search(&bench, "*.rs").await;
        assert_eq!(text.lines().count(), 201);
        assert!(text.contains("… 30 more files left out"), "{text}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn links_are_not_followed() {
        let bench = bench();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret.rs"), "").unwrap();
        std::os::unix::fs::symlink(outside.path(), bench.root().join("link")).unwrap();
        assert!(!search(&bench, "*.rs").await.contains("secret"));
    }
}
