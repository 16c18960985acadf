//! `outline`: what a file defines, without the bodies.

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::json;

use super::definitions::{Defined, definitions};
use super::found::{Found, FoundDefinition};
use super::paths::{self, LocatedPath};
use super::render::{self, OutputPage};
use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolNames, ToolOutput, arguments,
    blocking,
};
use crate::message::{Source, ToolCall};
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Preview};
use crate::visible::defang_chat_markers;

/// Most bytes of a result.
const MOST_BYTES: usize = 12 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "outline",
    aliases: &["list_symbols", "document_symbols", "file_outline"],
    description: "List the definitions in a file with their line numbers, without bodies.",
    parameters: &[ParameterDeclaration {
        name: "path",
        aliases: arguments::PATH,
        kind: ParameterKind::Text,
        description: "Path of the file, relative to the workspace root",
        required: true,
    }],
    is_core: false,
};

pub(super) struct Outline;

impl Tool for Outline {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let file = paths::existing_file(context, arguments::text(call, "path")?).await?;
            let effects = file.reading();
            let judged = effects.clone();
            Ok(PreparedCall {
                what: render::name(&file.name()),
                effects,
                preview: Preview::None,
                remember: None,
                run: Box::new(move |running| outline(file, judged, running).boxed()),
            })
        }
        .boxed()
    }
}

async fn outline(
    located: LocatedPath,
    judged: Vec<Effect>,
    running: RunningCall<'_>,
) -> Result<ToolOutput, ToolError> {
    let (tokens, names) = (running.tokens, running.recipient.names);
    let most = running.recipient.bytes(MOST_BYTES);
    let (output, found) = blocking(move || -> Result<_, ToolError> {
        let file = located.read_judged(&judged)?;
        let (text, _) = render::without_secrets(&file.text);
        let page = OutputPage::of_result(most, tokens);
        Ok(render_outline(&located.name(), &text, page, names))
    })
    .await??;
    running.recipient.put(|| found);
    Ok(output)
}

fn render_outline(
    path: &str,
    text: &str,
    mut page: OutputPage,
    names: &ToolNames,
) -> (ToolOutput, Found) {
    let read_file = names.read_file;
    let lines = text.lines().count();
    let head = format!(
        "{}, {}",
        render::name(path),
        render::count(lines, "line", "lines")
    );
    let found = match definitions(path, text) {
        Ok(found) => found,
        Err(error) => {
            let output = ToolOutput {
                text: format!("{head}. No outline: {error}; {read_file} shows the file."),
                summary: "no outline".to_owned(),
                ..ToolOutput::default()
            };
            return (output, found_in(path, lines, &[], 0));
        }
    };
    for defined in &found {
        page.push(&line(defined));
    }
    let left_out = page.left_out();
    let next = found
        .get(found.len() - left_out)
        .map_or(1, |next| next.start_line);
    let mut text = format!("{head}:\n{}", page.into_text());
    if found.is_empty() {
        text.push_str(&format!(
            "no definitions found; {read_file} shows the file\n"
        ));
    }
    if left_out > 0 {
        let call = json!({"path": path, "start_line": next});
        text.push_str(&format!(
            "… {left_out} more definitions left out; they start here: {read_file} {call} …\n"
        ));
    }
    let output = ToolOutput {
        text: defang_chat_markers(&text).into_owned(),
        summary: render::count(found.len(), "definition", "definitions"),
        sources: vec![Source {
            path: path.to_owned(),
            start_line: 1,
            end_line: u32::try_from(lines.max(1)).unwrap_or(u32::MAX),
            symbol: None,
        }],
        ..ToolOutput::default()
    };
    (output, found_in(path, lines, &found, left_out))
}

/// The definitions that are shown, as data.
fn found_in(path: &str, lines: usize, found: &[Defined], left_out: usize) -> Found {
    let shown = found[..found.len() - left_out].iter();
    Found::Outline {
        path: path.to_owned(),
        lines,
        definitions: shown
            .map(|defined| FoundDefinition::new(path, defined))
            .collect(),
        is_cut: left_out > 0,
    }
}

fn line(defined: &Defined) -> String {
    let indent = "  ".repeat(defined.scope.len().min(8));
    let lines = if defined.start_line == defined.end_line {
        defined.start_line.to_string()
    } else {
        format!("{}-{}", defined.start_line, defined.end_line)
    };
    format!("{indent}{lines} {}", defined.head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests_support::{Bench, call};

    #[tokio::test]
    async fn definitions_have_lines_and_nesting() {
        let bench = Bench::new();
        bench.file(
            "src/a.rs",
            "struct A;\n\nimpl A {\n    fn run(&self) {\n    }\n}\n",
        );
        let output = bench
            .call(&call("outline", json!({"path": "src/a.rs"})))
            .await
            .unwrap();
        assert_eq!(
            output.text,
            "src/a.rs, 6 lines:\n1 struct A;\n3-6 impl A\n  4-5 fn run(&self)\n"
        );
        assert_eq!(output.summary, "3 definitions");
    }

    #[tokio::test]
    async fn a_file_without_a_grammar_says_what_to_do() {
        let bench = Bench::new();
        bench.file("a.txt", "hello\n");
        let output = bench
            .call(&call("outline", json!({"path": "a.txt"})))
            .await
            .unwrap();
        assert!(output.text.contains("read_file"), "{}", output.text);
    }

    #[tokio::test]
    async fn a_cut_is_visible() {
        let bench = Bench::new();
        bench.file("a.rs", &"fn a_function_of_some_length() {}\n".repeat(2000));
        let output = bench
            .call(&call("outline", json!({"path": "a.rs"})))
            .await
            .unwrap();
        assert!(output.text.contains("more definitions left out"));
        assert!(output.text.len() < MOST_BYTES + 200);
    }

    #[tokio::test]
    async fn a_secret_file_asks_and_a_folder_is_no_file() {
        let bench = Bench::new();
        bench.file(".env", "A=1\n");
        bench.file("src/a.rs", "");
        let prepared = bench
            .prepare(&call("outline", json!({"path": ".env"})))
            .await
            .unwrap();
        assert!(matches!(prepared.effects[0], Effect::ReadSecret { .. }));
        let error = bench
            .refused(&call("outline", json!({"path": "src"})))
            .await;
        assert!(error.contains("grep_search"), "{error}");
    }
}
