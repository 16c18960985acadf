//! `find_references`: where a name is used.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::parts::has_grammar;
use ollacode_indexer::{Freshness, SearchRequest};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::definitions::{Defined, definitions};
use super::find_symbol::{WantedSymbol, text_of};
use super::grep_search::{FileHits, GrepLine, GrepResult, has_word, mentions};
use super::render::{self, OutputPage};
use super::search_codebase::failed;
use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking,
};
use crate::jail::Jail;
use crate::message::{Source, ToolCall};
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Rules};
use crate::visible::defang_chat_markers;

/// Chunks of the index whose files are looked at first.
const CHUNKS: usize = 100;
/// Definitions that are listed.
const DEFINITIONS: usize = 10;
/// Lines of one file, where there are only a few files,
const FEW_FILES: usize = 3;
const MANY_LINES: usize = 40;
/// and where there are more.
const FEW_LINES: usize = 8;
/// Longest line of code, in characters.
const WIDEST: usize = 160;
/// Most bytes of a result.
const MOST_BYTES: usize = 8 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "find_references",
    aliases: &[
        "references",
        "find_usages",
        "find_uses",
        "find_callers",
        "get_references",
        "usages",
        "callers",
    ],
    description: "Find where a name is used or called.",
    parameters: &[ParameterDeclaration {
        name: "name",
        aliases: &["symbol", "symbol_name", "query"],
        kind: ParameterKind::Text,
        description: "Exact name",
        required: true,
    }],
    is_core: false,
};

pub(super) struct FindReferences;

impl Tool for FindReferences {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        _: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let wanted = WantedSymbol::parse(arguments::text(call, "name")?)?;
            let what = wanted.written.clone();
            Ok(PreparedCall::reading(
                what,
                Effect::Read,
                Box::new(move |running| run(wanted, running).boxed()),
            ))
        }
        .boxed()
    }
}

async fn run(wanted: WantedSymbol, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    find(wanted, running.context, running.tokens, running.stop).await
}

/// The uses of a name, for the context of a question; without sources if there are none.
pub(crate) async fn references(
    context: &ToolContext,
    name: &str,
    tokens: u32,
    stop: &CancellationToken,
) -> Result<ToolOutput, ToolError> {
    find(WantedSymbol::parse(name)?, context, tokens, stop).await
}

async fn find(
    wanted: WantedSymbol,
    context: &ToolContext,
    tokens: u32,
    stop: &CancellationToken,
) -> Result<ToolOutput, ToolError> {
    let request = SearchRequest {
        query: wanted.name.clone(),
        also: Vec::new(),
        limit: CHUNKS,
        globs: Vec::new(),
        languages: Vec::new(),
        freshness: Freshness::Refresh,
    };
    let answer = tokio::select! {
        answer = context.code.search(&request) => answer.map_err(|error| failed(&error))?,
        () = stop.cancelled() => return Err(ToolError::TellModel("stopped".to_owned())),
    };
    let mut first: Vec<String> = Vec::new();
    for hit in &answer.hits {
        let chunk = &hit.chunk;
        if has_word(&chunk.text, &wanted.name) && !first.contains(&chunk.path) {
            first.push(chunk.path.clone());
        }
    }
    let (jail, rules, stop) = (context.jail.clone(), context.rules.clone(), stop.clone());
    blocking(move || -> Result<ToolOutput, ToolError> {
        let found = mentions(&wanted.name, &jail, &rules, &stop, first)?;
        let references = References::of(&found, &wanted, &jail, &rules);
        Ok(references.render(&wanted, &found, tokens))
    })
    .await?
}

/// Where a name is defined and used.
#[derive(Default)]
struct References {
    /// Path, line and text.
    definitions: Vec<(String, usize, String)>,
    files: Vec<FileUses>,
}

/// The uses in one file.
struct FileUses {
    path: String,
    uses: Vec<Use>,
    /// Whether the file also has what was written before the name: `Parser` of `Parser::parse`.
    has_scope: bool,
}

struct Use {
    number: usize,
    text: String,
    /// The definition around it; empty at the top of a file.
    within: String,
}

impl References {
    /// Tells definitions from uses, and sorts the files: those with the scope that was written
    /// first, those without a grammar last.
    fn of(found: &GrepResult, wanted: &WantedSymbol, jail: &Jail, rules: &Rules) -> References {
        let mut references = References::default();
        for hits in &found.hits {
            references.add(hits, wanted, jail, rules);
        }
        let order = |file: &FileUses| (!file.has_scope, !has_grammar(&file.path));
        references.files.sort_by_key(order);
        references
    }

    fn add(&mut self, hits: &FileHits, wanted: &WantedSymbol, jail: &Jail, rules: &Rules) {
        let path = &hits.path;
        // What is gone or unreadable by now defines nothing.
        let text = text_of(jail, rules, path).unwrap_or_default();
        let defined = definitions(path, &text).unwrap_or_default();
        let own = defined.iter().filter(|defined| wanted.is(&defined.name));
        let heads: BTreeSet<usize> = own
            .filter_map(|defined| first_line(defined, &hits.lines))
            .collect();
        let mut uses = Vec::new();
        for line in &hits.lines {
            let text = render::narrow(line.text.trim(), WIDEST).into_owned();
            if heads.contains(&line.number) {
                self.definitions.push((path.clone(), line.number, text));
            } else {
                uses.push(Use {
                    number: line.number,
                    text,
                    within: around(&defined, line.number),
                });
            }
        }
        if !uses.is_empty() {
            let has_scope = wanted.scope.iter().all(|part| has_word(&text, part));
            self.files.push(FileUses {
                path: path.clone(),
                uses,
                has_scope,
            });
        }
    }

    fn render(&self, wanted: &WantedSymbol, found: &GrepResult, tokens: u32) -> ToolOutput {
        let name = &wanted.written;
        let uses: usize = self.files.iter().map(|file| file.uses.len()).sum();
        let summary = format!(
            "{} in {}",
            render::count(uses, "use", "uses"),
            render::count(self.files.len(), "file", "files")
        );
        let mut page = OutputPage::of_result(MOST_BYTES, tokens);
        let mut sources = Vec::new();
        if !self.definitions.is_empty() {
            page.push(&format!("Definitions of `{name}`:"));
        }
        for (path, number, text) in self.definitions.iter().take(DEFINITIONS) {
            if page.push(&format!("{}:{number}: {text}", render::name(path))) {
                sources.push(source(path, *number, Some(&wanted.name)));
            }
        }
        if uses > 0 {
            page.push(&format!("Uses of `{name}`, {summary}:"));
        }
        let cut = self.list_uses(&mut page, &mut sources);
        let is_cut = cut || page.left_out() > 0 || found.is_cut;
        let mut text = defang_chat_markers(&page.into_text()).into_owned();
        if uses == 0 {
            text.push_str(&unused(wanted, found));
        }
        if is_cut {
            let call = json!({"regex": format!("\\b{}\\b", wanted.name)});
            text.push_str(&format!(
                "… more uses left out: grep_search {call} with `path` shows those of one folder …\n"
            ));
        }
        text.push_str(&found.unread());
        ToolOutput {
            text,
            summary,
            sources,
            ..ToolOutput::default()
        }
    }

    /// Lists the uses by file; says whether lines of a file were left out.
    fn list_uses(&self, page: &mut OutputPage, sources: &mut Vec<Source>) -> bool {
        let most = if self.files.len() > FEW_FILES {
            FEW_LINES
        } else {
            MANY_LINES
        };
        let mut cut = false;
        for file in &self.files {
            page.push(&render::name(&file.path));
            for used in file.uses.iter().take(most) {
                let within = match used.within.as_str() {
                    "" => String::new(),
                    within => format!("  [in {within}]"),
                };
                if page.push(&format!("{}: {}{within}", used.number, used.text)) {
                    sources.push(source(&file.path, used.number, None));
                }
            }
            let more = file.uses.len().saturating_sub(most);
            if more > 0 {
                cut = true;
                page.push(&format!("… {more} more in this file …"));
            }
        }
        cut
    }
}

/// What is said of a name that is used nowhere.
fn unused(wanted: &WantedSymbol, found: &GrepResult) -> String {
    format!(
        "`{}` is used nowhere in the {} that could be read. Ignored and hidden files were not \
         searched. If the name may be different, use search_codebase.\n",
        wanted.written,
        render::count(found.searched, "file", "files")
    )
}

/// The number of the line on which a definition has its name.
fn first_line(defined: &Defined, lines: &[GrepLine]) -> Option<usize> {
    let range = defined.start_line..=defined.end_line;
    let inside = || lines.iter().filter(|line| range.contains(&line.number));
    let head = inside().find(|line| line.text.trim_start().starts_with(&defined.head));
    head.or_else(|| inside().next()).map(|line| line.number)
}

/// The innermost definition around a line: `impl Server > run`.
fn around(defined: &[Defined], number: usize) -> String {
    let holds = |defined: &&Defined| (defined.start_line..=defined.end_line).contains(&number);
    let innermost = defined
        .iter()
        .filter(holds)
        .min_by_key(|defined| defined.end_line.saturating_sub(defined.start_line));
    let Some(defined) = innermost else {
        return String::new();
    };
    let mut names: Vec<&str> = defined.scope.iter().map(String::as_str).collect();
    names.push(&defined.name);
    let joined = names.join(" > ");
    render::narrow(&joined.replace('\n', " "), 80).into_owned()
}

fn source(path: &str, number: usize, symbol: Option<&str>) -> Source {
    let line = u32::try_from(number).unwrap_or(u32::MAX);
    Source {
        path: path.to_owned(),
        start_line: line,
        end_line: line,
        symbol: symbol.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::tests_support::{Bench, call};

    const NET: &str = "/// Dials a host.\npub fn dial(host: &str) {\n    if host.is_empty() {\n        \
                       dial(\"localhost\");\n    }\n}\n\npub fn redial() {}\n";
    const PHONE: &str = "use crate::net::dial;\n\nstruct Phone;\n\nimpl Phone {\n    fn call(&self) \
                         {\n        dial(\"a\");\n    }\n}\n";

    async fn find(bench: &Bench, name: &str) -> ToolOutput {
        let asked = call("find_references", json!({"name": name}));
        bench.call(&asked).await.unwrap()
    }

    #[tokio::test]
    async fn uses_are_grouped_by_file_and_definitions_are_apart() {
        let bench = Bench::new();
        bench.file("src/net.rs", NET);
        bench.file("src/phone.rs", PHONE);
        bench.file("notes.txt", "dial is slow\n");
        bench.index().await;
        let output = find(&bench, "dial").await;
        let text = &output.text;
        let (defined, used) = text.split_once("Uses of `dial`").expect("both parts");
        assert!(
            defined.contains("src/net.rs:2: pub fn dial(host: &str) {"),
            "{text}"
        );
        assert!(used.starts_with(", 4 uses in 3 files:\n"), "{text}");
        assert!(
            used.contains("src/phone.rs\n1: use crate::net::dial;\n7: dial(\"a\");"),
            "{text}"
        );
        assert!(used.contains("[in impl Phone > call]"), "{text}");
        assert!(
            used.contains("4: dial(\"localhost\");  [in dial]"),
            "{text}"
        );
        assert!(used.ends_with("notes.txt\n1: dial is slow\n"), "{text}");
        assert!(!text.contains("redial"), "{text}");
        assert_eq!(output.summary, "4 uses in 3 files");
        assert_eq!(output.sources.len(), 5);
    }

    #[tokio::test]
    async fn what_the_index_does_not_know_yet_is_found() {
        let bench = Bench::new();
        bench.file("src/net.rs", NET);
        let output = find(&bench, "net::dial()").await;
        assert!(
            output.text.contains("4: dial(\"localhost\");"),
            "{}",
            output.text
        );
    }

    #[tokio::test]
    async fn a_name_without_uses_says_so() {
        let bench = Bench::new();
        bench.file("src/net.rs", NET);
        bench.index().await;
        let output = find(&bench, "redial").await;
        assert!(
            output.text.contains("src/net.rs:8: pub fn redial() {}"),
            "{}",
            output.text
        );
        assert!(
            output.text.contains("is used nowhere in the 1 file"),
            "{}",
            output.text
        );
        let output = find(&bench, "hang_up").await;
        assert!(
            output.text.starts_with("`hang_up` is used nowhere"),
            "{}",
            output.text
        );
        assert!(output.sources.is_empty());
    }

    #[tokio::test]
    async fn the_room_that_is_given_holds() {
        let calls: String = (0..60).map(|_| "    dial(\"a\");\n").collect();
        let bench = Bench::new().narrow(300);
        for number in 0..5 {
            let text = format!("fn caller_{number}() {{\n{calls}}}\n");
            bench.file(&format!("src/caller_{number}.rs"), &text);
        }
        bench.index().await;
        let output = find(&bench, "dial").await;
        let tokens = crate::text::tokens::estimate_text(&output.text);
        assert!(tokens <= 300, "{tokens}: {}", output.text);
        assert!(
            output.text.contains("more uses left out"),
            "{}",
            output.text
        );
    }

    #[tokio::test]
    async fn files_with_the_scope_that_was_written_come_first() {
        let bench = Bench::new();
        bench.file("a.rs", "fn one(text: &str) {\n    parse(text);\n}\n");
        bench.file(
            "b.rs",
            "fn two(text: &str) {\n    Parser::parse(text);\n}\n",
        );
        bench.index().await;
        let text = find(&bench, "Parser::parse").await.text;
        let place = |path: &str| text.find(path).expect("it is listed");
        assert!(place("b.rs") < place("a.rs"), "{text}");
    }
}
