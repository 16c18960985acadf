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
use super::found::{Found, FoundLine, Recipient};
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
/// Most lines with the name that are looked at for the one that begins a definition.
const MOST_BEFORE: usize = 200;
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
    let RunningCall {
        context,
        tokens,
        stop,
        recipient,
        ..
    } = running;
    find(wanted, context, (tokens, recipient), stop).await
}

/// The uses of a name, for the context of a question; without sources if there are none.
pub(crate) async fn references(
    context: &ToolContext,
    name: &str,
    tokens: u32,
    stop: &CancellationToken,
) -> Result<ToolOutput, ToolError> {
    let wanted = WantedSymbol::parse(name)?;
    find(wanted, context, (tokens, Recipient::MODEL), stop).await
}

async fn find(
    wanted: WantedSymbol,
    context: &ToolContext,
    (tokens, recipient): (u32, Recipient<'_>),
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
    let (jail, rules, until) = (
        context.jail.clone(),
        context.rules.clone(),
        recipient.until(stop),
    );
    let (most, grep) = (recipient.bytes(MOST_BYTES), recipient.names.grep_search);
    let (output, found) = blocking(move || -> Result<_, ToolError> {
        let found = mentions(&wanted.name, &jail, &rules, &until, first)?;
        let references = References::of(&found, &wanted, &jail, &rules);
        let page = OutputPage::of_result(most, tokens);
        Ok(references.render(&wanted, &found, page, grep))
    })
    .await??;
    recipient.put(|| found);
    Ok(output)
}

/// Where a name is defined and used.
#[derive(Default)]
struct References {
    /// Path, line and text.
    definitions: Vec<(String, usize, String)>,
    files: Vec<FileUses>,
}

/// What a result shows.
#[derive(Default)]
struct Listed {
    definitions: Vec<FoundLine>,
    uses: Vec<FoundLine>,
    sources: Vec<Source>,
    /// Whether lines of a file were left out.
    is_cut: bool,
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
    /// The definition around it; empty at the top of a file, and of uses that are not listed.
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
                // No more are listed: a file may have as many uses as definitions.
                let within = match uses.len() < MANY_LINES {
                    true => around(&defined, line.number),
                    false => String::new(),
                };
                uses.push(Use {
                    number: line.number,
                    text,
                    within,
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

    /// The result as text and as data.
    fn render(
        &self,
        wanted: &WantedSymbol,
        found: &GrepResult,
        mut page: OutputPage,
        grep: &str,
    ) -> (ToolOutput, Found) {
        let name = &wanted.written;
        let uses: usize = self.files.iter().map(|file| file.uses.len()).sum();
        let summary = format!(
            "{} in {}",
            render::count(uses, "use", "uses"),
            render::count(self.files.len(), "file", "files")
        );
        let mut listed = Listed::default();
        if !self.definitions.is_empty() {
            page.push(&format!("Definitions of `{name}`:"));
        }
        for (path, number, text) in self.definitions.iter().take(DEFINITIONS) {
            if page.push(&format!("{}:{number}: {text}", render::name(path))) {
                let name = Some(wanted.name.as_str());
                listed.sources.push(source(path, *number, name));
                listed.definitions.push(found_line(path, *number, text, ""));
            }
        }
        if uses > 0 {
            page.push(&format!("Uses of `{name}`, {summary}:"));
        }
        self.list_uses(&mut page, &mut listed);
        let is_cut = listed.is_cut || page.left_out() > 0 || found.is_cut;
        let mut text = defang_chat_markers(&page.into_text()).into_owned();
        if uses == 0 {
            text.push_str(&unused(wanted, found));
        }
        if is_cut {
            let call = json!({"regex": format!("\\b{}\\b", wanted.name)});
            text.push_str(&format!(
                "… more uses left out: {grep} {call} with `path` shows those of one folder …\n"
            ));
        }
        text.push_str(&found.unread());
        let output = ToolOutput {
            text,
            summary,
            sources: listed.sources,
            ..ToolOutput::default()
        };
        let found = Found::References {
            definitions: listed.definitions,
            uses: listed.uses,
            is_cut,
        };
        (output, found)
    }

    /// Lists the uses by file.
    fn list_uses(&self, page: &mut OutputPage, listed: &mut Listed) {
        let most = if self.files.len() > FEW_FILES {
            FEW_LINES
        } else {
            MANY_LINES
        };
        for file in &self.files {
            page.push(&render::name(&file.path));
            for used in file.uses.iter().take(most) {
                let within = match used.within.as_str() {
                    "" => String::new(),
                    within => format!("  [in {within}]"),
                };
                if page.push(&format!("{}: {}{within}", used.number, used.text)) {
                    let (path, number) = (&file.path, used.number);
                    listed.sources.push(source(path, number, None));
                    let line = found_line(path, number, &used.text, &used.within);
                    listed.uses.push(line);
                }
            }
            let more = file.uses.len().saturating_sub(most);
            if more > 0 {
                listed.is_cut = true;
                page.push(&format!("… {more} more in this file …"));
            }
        }
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
    // By number; the name stands near the beginning.
    let from = lines.partition_point(|line| line.number < defined.start_line);
    let inside = || {
        let inside = lines[from..].iter().take(MOST_BEFORE);
        inside.take_while(|line| line.number <= defined.end_line)
    };
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
    let mut names: Vec<&str> = defined.scope.iter().map(|label| &**label).collect();
    names.push(&defined.name);
    let joined = names.join(" > ");
    render::narrow(&joined.replace('\n', " "), 80).into_owned()
}

fn found_line(path: &str, line: usize, text: &str, within: &str) -> FoundLine {
    FoundLine {
        path: path.to_owned(),
        line,
        text: text.to_owned(),
        within: within.to_owned(),
    }
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
mod tests;
