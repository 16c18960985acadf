//! `find_symbol`: where a name is defined.

use std::collections::BTreeSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{Freshness, SearchRequest};

use super::definitions::{Defined, definitions};
use super::search_codebase::{failed, notes};
use super::shown::{self, Page};
use super::{
    Prepared, Running, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, files,
};
use crate::jail::Jail;
use crate::message::{Source, ToolCall};
use crate::model::{Parameter, ParameterKind, ToolSpec};
use crate::permission::Rules;
use crate::visible::neutral;

/// Chunks that are looked at: names such as `new` have many.
const CHUNKS: usize = 300;
/// Files that are looked at.
const FILES: usize = 60;
/// Most bytes of a result.
const MOST_BYTES: usize = 6 << 10;

static SPEC: ToolSpec = ToolSpec {
    name: "find_symbol",
    aliases: &["find_definition", "go_to_definition", "search_symbol"],
    description: "Find where a function, type or constant is defined.",
    parameters: &[Parameter {
        name: "name",
        aliases: &["symbol", "symbol_name", "query"],
        kind: ParameterKind::Text,
        description: "Exact, such as `parse` or `Parser::parse`",
        required: true,
    }],
};

/// The tool.
pub(super) struct FindSymbol;

impl Tool for FindSymbol {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Prepared, ToolError>> {
        async move {
            let wanted = Wanted::parse(arguments::text(call, "name")?)?;
            let what = wanted.written.clone();
            Ok(Prepared::reading(
                what,
                Box::new(move |running| find(wanted, running).boxed()),
            ))
        }
        .boxed()
    }
}

/// A name, and what it is said to be in.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    written: String,
    name: String,
    scope: Vec<String>,
}

impl Wanted {
    /// Reads `parse`, `Parser::parse`, `parser.parse()`.
    fn parse(written: &str) -> Result<Wanted, ToolError> {
        let written = written.trim().trim_matches('`');
        let bare = written.split('(').next().unwrap_or_default();
        let mut parts: Vec<String> = bare
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '!' | '?')))
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        let Some(name) = parts.pop() else {
            return Err(ToolError::TellModel(
                "`name` is to be one name, such as `parse` or `Parser::parse`".to_owned(),
            ));
        };
        Ok(Wanted {
            written: shown::narrow(written, 80).into_owned(),
            name,
            scope: parts,
        })
    }

    fn is(&self, name: &str) -> bool {
        // `println!` is defined as `println`.
        name == self.name || name == self.name.trim_end_matches(['!', '?'])
    }

    /// Whether a definition is in what was written before the name.
    fn is_in_scope(&self, path: &str, defined: &Defined) -> bool {
        self.scope.iter().all(|part| {
            let word = |text: &String| {
                text.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == part)
            };
            defined.scope.iter().any(word) || path.split(['/', '.']).any(|folder| folder == part)
        })
    }
}

struct Place {
    path: String,
    defined: Defined,
}

async fn find(wanted: Wanted, running: Running<'_>) -> Result<ToolOutput, ToolError> {
    let request = SearchRequest {
        query: wanted.name.clone(),
        limit: CHUNKS,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Refresh,
    };
    let answer = tokio::select! {
        answer = running.context.code.search(&request) => answer.map_err(|error| failed(&error))?,
        () = running.stop.cancelled() => return Err(ToolError::TellModel("stopped".to_owned())),
    };
    let mut paths: Vec<String> = Vec::new();
    for hit in &answer.hits {
        let chunk = &hit.chunk;
        let mut names = chunk.definitions.iter().chain(&chunk.symbol);
        if names.any(|name| wanted.is(name)) && !paths.contains(&chunk.path) {
            paths.push(chunk.path.clone());
        }
    }
    let files_left_out = paths.len().saturating_sub(FILES);
    paths.truncate(FILES);
    let jail = running.context.jail.clone();
    let rules = running.context.rules.clone();
    let (wanted, places) = blocking(move || {
        let places = places(&jail, &rules, &wanted, paths);
        (wanted, places)
    })
    .await?;
    let mut output = written(&wanted, &places);
    if files_left_out > 0 {
        output
            .text
            .push_str(&format!("… {files_left_out} more files left out …\n"));
    }
    if places.is_empty() {
        for note in notes(&answer) {
            output.text.push_str(&format!("({note})\n"));
        }
    }
    Ok(output)
}

/// The definitions of a name in some files; those in the scope that was asked for, if any is.
fn places(jail: &Jail, rules: &Rules, wanted: &Wanted, paths: Vec<String>) -> Vec<Place> {
    let mut places = Vec::new();
    for path in paths {
        // What is gone or unreadable by now defines nothing.
        let Some(text) = text_of(jail, rules, &path) else {
            continue;
        };
        for defined in definitions(&path, &text).unwrap_or_default() {
            if wanted.is(&defined.name) {
                let path = path.clone();
                places.push(Place { path, defined });
            }
        }
    }
    let is_in_scope = |place: &Place| wanted.is_in_scope(&place.path, &place.defined);
    if places.iter().any(is_in_scope) {
        places.retain(is_in_scope);
    }
    places
}

fn text_of(jail: &Jail, rules: &Rules, path: &str) -> Option<String> {
    if files::is_kept(jail, rules, path) {
        return None;
    }
    let file = jail.read(&jail.path(path).ok()?).ok()?;
    Some(shown::without_secrets(&file.text).0.into_owned())
}

fn written(wanted: &Wanted, places: &[Place]) -> ToolOutput {
    let mut page = Page::new(MOST_BYTES);
    for place in places {
        page.push(&line(place));
    }
    let left_out = page.left_out();
    let mut text = page.into_text();
    if left_out > 0 {
        text.push_str(&format!("… {left_out} more places left out …\n"));
    }
    if places.is_empty() {
        text.push_str(&format!(
            "`{}` is not defined in the workspace. grep_search finds where it is used.\n",
            wanted.written
        ));
    }
    let shown = &places[..places.len() - left_out];
    let paths: BTreeSet<&str> = shown.iter().map(|place| place.path.as_str()).collect();
    ToolOutput {
        text: neutral(&text).into_owned(),
        summary: format!(
            "{} in {}",
            shown::count(places.len(), "definition", "definitions"),
            shown::count(paths.len(), "file", "files")
        ),
        detail: String::new(),
        sources: shown.iter().map(source).collect(),
    }
}

/// `src/net.rs:10-42 function in mod net: fn dial(host: &str)`
fn line(place: &Place) -> String {
    let defined = &place.defined;
    let scope = if defined.scope.is_empty() {
        String::new()
    } else {
        format!(" in {}", defined.scope.join(" > "))
    };
    format!(
        "{}:{}-{} {}{scope}: {}",
        shown::name(&place.path),
        defined.start_line,
        defined.end_line,
        defined.kind,
        defined.head
    )
}

fn source(place: &Place) -> Source {
    let line = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Source {
        path: place.path.clone(),
        start_line: line(place.defined.start_line),
        end_line: line(place.defined.end_line),
        symbol: Some(place.defined.name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tools::tests_support::{Bench, call};

    #[test]
    fn names_are_read_as_models_write_them() {
        for (written, name, scope) in [
            ("parse", "parse", vec![]),
            ("Parser::parse", "parse", vec!["Parser"]),
            ("`parser.parse()`", "parse", vec!["parser"]),
            ("fn parse(text: &str)", "parse", vec!["fn"]),
            ("vec!", "vec!", vec![]),
        ] {
            let wanted = Wanted::parse(written).unwrap();
            assert_eq!(wanted.name, name, "{written}");
            assert_eq!(wanted.scope, scope, "{written}");
        }
        assert!(Wanted::parse(" :: ").is_err());
        assert!(Wanted::parse("vec!").unwrap().is("vec"));
    }

    #[tokio::test]
    async fn definitions_are_found_with_their_lines() {
        let bench = Bench::new();
        bench.file(
            "src/net.rs",
            "fn small() {}\n\n/// Dials.\nfn dial(host: &str) {\n    go(host);\n}\n\nstruct Phone;\n\n\
             impl Phone {\n    fn dial(&self) {}\n}\n",
        );
        bench.file("src/use.rs", "fn main() {\n    dial(\"a\");\n}\n");
        bench.index().await;
        let output = bench
            .call(&call("find_symbol", json!({"name": "dial"})))
            .await
            .unwrap();
        assert_eq!(
            output.text,
            "src/net.rs:3-6 function: fn dial(host: &str)\n\
             src/net.rs:11-11 method in impl Phone: fn dial(&self) {}\n"
        );
        assert_eq!(output.summary, "2 definitions in 1 file");
        let scoped = call("find_symbol", json!({"name": "Phone::dial"}));
        let output = bench.call(&scoped).await.unwrap();
        assert!(
            output.text.starts_with("src/net.rs:11-11"),
            "{}",
            output.text
        );
        let small = bench
            .call(&call("find_symbol", json!({"name": "small"})))
            .await
            .unwrap();
        assert!(small.text.starts_with("src/net.rs:1-1"), "{}", small.text);
    }

    #[tokio::test]
    async fn what_is_not_defined_is_said() {
        let bench = Bench::new();
        bench.file("a.rs", "fn main() {}\n");
        bench.index().await;
        let output = bench
            .call(&call("find_symbol", json!({"name": "nowhere"})))
            .await
            .unwrap();
        assert!(output.text.contains("grep_search"), "{}", output.text);
        assert!(output.sources.is_empty());
    }
}
