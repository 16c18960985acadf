//! `related_files`: the files that belong to a file, and why.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::found::Found;
use super::paths::indexed_name;
use super::render::{self, OutputPage};
use super::search_codebase::failed;
use super::{PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments};
use crate::git::GitRunner;
use crate::message::{Source, ToolCall};
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;
use crate::related::{self, RelatedError, RelatedQuery, related_files};

/// Most bytes of a result.
const MOST_BYTES: usize = 8 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "related_files",
    aliases: &[
        "get_file_context",
        "file_context",
        "get_related_files",
        "find_related_files",
    ],
    description: "List the files that belong to a file, such as its tests and users.",
    parameters: &[
        ParameterDeclaration {
            name: "path",
            aliases: arguments::PATH,
            kind: ParameterKind::Text,
            description: "File",
            required: true,
        },
        ParameterDeclaration {
            name: "limit",
            aliases: &["max_results", "top_k"],
            kind: ParameterKind::Integer,
            description: "Maximum number; default 10",
            required: false,
        },
    ],
    is_core: false,
};

pub(super) struct RelatedFiles;

impl Tool for RelatedFiles {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let given = arguments::text(call, "path")?;
            let path = indexed_name(&context.jail, given);
            let limit = arguments::number(call, "limit").unwrap_or(related::USUAL);
            let what = render::narrow(&render::name(&path), 80).into_owned();
            Ok(PreparedCall::reading(
                what,
                Effect::Read,
                Box::new(move |running| run(path, limit, running).boxed()),
            ))
        }
        .boxed()
    }
}

async fn run(
    path: String,
    limit: usize,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let context = running.context;
    let query = RelatedQuery {
        path: &path,
        limit,
        code: &context.code,
        rules: &context.rules,
        git: Ok(GitRunner::new(&context.sandbox, context.jail.root())),
        history: &context.git_history,
    };
    let found = related_files(query, &|_| {}, running.stop).await;
    let mut answer = found.map_err(|error| refused(&error))?;
    let most = running.recipient.bytes(MOST_BYTES);
    let mut page = OutputPage::of_result(most, running.tokens);
    let mut sources = Vec::new();
    let name = render::name(&answer.path);
    if !answer.files.is_empty() {
        page.push(&format!(
            "Files that belong to `{name}`, the closest first:"
        ));
    }
    for (file, line) in answer.files.iter().zip(answer.lines()) {
        if page.push(&line) {
            sources.push(Source {
                path: file.path.clone(),
                start_line: 1,
                end_line: 1,
                symbol: None,
            });
        }
    }
    let left_out = page.left_out();
    let mut text = page.into_text();
    if left_out > 0 {
        let files = render::count(left_out, "more file", "more files");
        text.push_str(&format!("… {files} left out …\n"));
    }
    if answer.files.is_empty() {
        text = format!("No other indexed file belongs to `{name}`.\n");
    }
    for note in &answer.notes {
        text.push_str(&format!("({})\n", render::name(note)));
    }
    let summary = render::count(answer.files.len(), "file", "files");
    answer.files.truncate(sources.len());
    running.recipient.put(|| Found::Related {
        answer,
        is_cut: left_out > 0,
    });
    Ok(ToolOutput {
        text,
        summary,
        sources,
        ..ToolOutput::default()
    })
}

fn refused(error: &RelatedError) -> ToolError {
    match error {
        RelatedError::NotIndexed => {
            ToolError::TellModel(format!("{error}; use find_references or grep_search"))
        }
        RelatedError::NoFile { nearest, .. } if nearest.is_empty() => {
            ToolError::TellModel(format!("{error}; search_files finds files by name"))
        }
        RelatedError::Index(error) => failed(error),
        RelatedError::Crashed(_) => ToolError::Fatal(error.to_string()),
        error => ToolError::TellModel(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    const PARSER: &str =
        "pub struct Parser;\n\nimpl Parser {\n    pub fn parse_header(&self) {}\n}\n";
    const SERVER: &str = "pub fn serve(parser: &Parser) {\n    parser.parse_header();\n}\n";
    const COLOURS: &str = "pub fn paint() {}\n";

    async fn bench() -> Bench {
        let bench = Bench::new();
        files(&bench);
        bench.index().await;
        bench
    }

    fn files(bench: &Bench) {
        bench.file("src/parser.rs", PARSER);
        bench.file("src/server.rs", SERVER);
        bench.file("lib/colours.rs", COLOURS);
        bench.file("tests/parser.rs", "#[test]\nfn empty() {}\n");
    }

    async fn related(bench: &Bench, path: &str) -> ToolOutput {
        let asked = call("related_files", json!({"path": path}));
        bench.call(&asked).await.unwrap()
    }

    #[tokio::test]
    async fn files_are_listed_with_their_reasons_and_sources() {
        let bench = bench().await;
        let output = related(&bench, "src/parser.rs").await;
        let text = &output.text;
        assert!(
            text.starts_with("Files that belong to `src/parser.rs`"),
            "{text}"
        );
        assert!(text.contains("tests/parser.rs  its test"), "{text}");
        assert!(text.contains("src/server.rs  uses "), "{text}");
        assert!(!text.contains("lib/colours.rs"), "{text}");
        assert!(text.contains("not a git repository"), "{text}");
        assert_eq!(output.summary, "2 files");
        let paths: Vec<&str> = output
            .sources
            .iter()
            .map(|source| source.path.as_str())
            .collect();
        assert_eq!(paths.len(), 2);
        assert!(paths.contains(&"tests/parser.rs"), "{paths:?}");
    }

    #[tokio::test]
    async fn paths_are_read_as_models_spell_them() {
        let bench = bench().await;
        let expected = related(&bench, "src/parser.rs").await.text;
        let full = bench.root().join("src/parser.rs");
        for path in [
            "`src/parser.rs`",
            "./src/parser.rs",
            "src/parser.rs:3",
            full.to_str().unwrap(),
        ] {
            assert_eq!(related(&bench, path).await.text, expected, "{path}");
        }
        // The end of a path is enough where only one file has it.
        let output = related(&bench, "server.rs").await;
        assert!(output.text.contains("`src/server.rs`"), "{}", output.text);
    }

    #[tokio::test]
    async fn what_changed_since_is_indexed_first() {
        let bench = bench().await;
        bench.file("src/client.rs", SERVER);
        let text = related(&bench, "src/parser.rs").await.text;
        assert!(text.contains("src/client.rs  uses "), "{text}");
    }

    #[tokio::test]
    async fn what_is_not_there_is_an_error_with_near_paths() {
        let bench = bench().await;
        let failed = async |path: &str| {
            bench
                .failed(&call("related_files", json!({"path": path})))
                .await
        };
        let text = failed("src/praser.rs").await;
        assert!(
            text.contains("no indexed file is called `src/praser.rs`"),
            "{text}"
        );
        assert!(text.contains("`src/parser.rs`"), "{text}");
        let text = failed("parser.rs").await;
        assert!(text.contains("is several files"), "{text}");
        let text = failed("src").await;
        assert!(text.contains("is a folder"), "{text}");
        let text = failed("qqqqqqqqqqqq").await;
        assert!(text.contains("search_files"), "{text}");
        let text = failed("../outside.rs").await;
        assert!(text.contains("no indexed file"), "{text}");
    }

    #[tokio::test]
    async fn without_an_index_it_says_so() {
        let bench = Bench::new();
        files(&bench);
        let asked = call("related_files", json!({"path": "src/parser.rs"}));
        let text = bench.failed(&asked).await;
        assert!(text.contains("not indexed yet"), "{text}");
    }

    #[tokio::test]
    async fn closed_files_are_never_shown() {
        let bench = Bench::new().ruled("[[deny]]\nread = 'src/server.rs'\n");
        files(&bench);
        bench.file(".env", "PARSER_KEY=parse_header\n");
        bench.index().await;
        let text = related(&bench, "src/parser.rs").await.text;
        assert!(!text.contains("server.rs"), "{text}");
        assert!(!text.contains(".env"), "{text}");
        for path in ["src/server.rs", ".env", "server.rs"] {
            let asked = call("related_files", json!({"path": path}));
            let text = bench.failed(&asked).await;
            assert!(text.contains("no indexed file is called"), "{path}: {text}");
            assert!(!text.contains("similar: `src/server.rs`"), "{text}");
        }
    }

    #[tokio::test]
    async fn the_limit_and_the_room_hold() {
        let bench = bench().await;
        let asked = call(
            "related_files",
            json!({"path": "src/parser.rs", "limit": 1}),
        );
        let output = bench.call(&asked).await.unwrap();
        assert_eq!(output.summary, "1 file");
        let bench = Bench::new().narrow(200);
        bench.file("src/parser.rs", PARSER);
        for number in 0..60 {
            bench.file(
                &format!("src/a_folder_with_a_long_name/server_{number}.rs"),
                SERVER,
            );
        }
        bench.index().await;
        let asked = call(
            "related_files",
            json!({"path": "src/parser.rs", "limit": 60}),
        );
        let text = bench.call(&asked).await.unwrap().text;
        assert!(text.contains("left out"), "{text}");
        assert!(crate::text::tokens::estimate_text(&text) <= 200, "{text}");
    }
}
