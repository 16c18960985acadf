//! `find_symbol`: where a name is defined.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::{Freshness, SearchRequest};
use serde_json::json;

use super::definitions::{Defined, definitions};
use super::found::{Found, FoundDefinition, FoundLine, Until};
use super::grep_search::{GrepLine, GrepResult, mentions};
use super::render::{self, OutputPage};
use super::search_codebase::failed;
use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, files,
};
use crate::jail::Jail;
use crate::message::{Source, ToolCall};
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::{Effect, Rules};
use crate::visible::defang_chat_markers;

/// Chunks that are looked at: names such as `new` have many.
const CHUNKS: usize = 300;
/// Files that are looked at.
const FILES: usize = 60;
/// Files that are looked at where the index knows no definition, and when the result is wanted now.
const UNKNOWN_FILES: usize = 20;
const UNKNOWN_FILES_LATE: usize = 4;
/// Lines that are shown where nothing is known to be the definition.
const MENTIONS: usize = 20;
/// Most bytes of a result.
const MOST_BYTES: usize = 6 << 10;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "find_symbol",
    aliases: &["find_definition", "go_to_definition", "search_symbol"],
    description: "Find where a function, type or constant is defined.",
    parameters: &[ParameterDeclaration {
        name: "name",
        aliases: &["symbol", "symbol_name", "query"],
        kind: ParameterKind::Text,
        description: "Exact name, such as `parse` or `Parser::parse`",
        required: true,
    }],
    is_core: false,
};

pub(super) struct FindSymbol;

impl Tool for FindSymbol {
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
                Box::new(move |running| find(wanted, running).boxed()),
            ))
        }
        .boxed()
    }
}

/// A name, and what it is said to be in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WantedSymbol {
    pub written: String,
    pub name: String,
    pub scope: Vec<String>,
}

impl WantedSymbol {
    /// Reads `parse`, `Parser::parse`, `parser.parse()`.
    pub fn parse(written: &str) -> Result<WantedSymbol, ToolError> {
        let written = written.trim().trim_matches('`');
        let bare = written.split('(').next().unwrap_or_default();
        let mut parts: Vec<String> = bare
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '!' | '?')))
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect();
        let Some(name) = parts.pop() else {
            return Err(ToolError::TellModel(
                "`name` must be one name, such as `parse` or `Parser::parse`".to_owned(),
            ));
        };
        Ok(WantedSymbol {
            written: render::narrow(written, 80).into_owned(),
            name,
            scope: parts,
        })
    }

    pub fn is(&self, name: &str) -> bool {
        // `println!` is defined as `println`.
        name == self.name || name == self.name.trim_end_matches(['!', '?'])
    }

    /// Whether a definition is in what was written before the name.
    fn is_in_scope(&self, path: &str, defined: &Defined) -> bool {
        self.scope.iter().all(|part| {
            let word = |text: &Arc<str>| {
                text.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == part)
            };
            defined.scope.iter().any(word) || path.split(['/', '.']).any(|folder| folder == part)
        })
    }
}

struct SymbolLocation {
    path: String,
    defined: Defined,
}

async fn find(wanted: WantedSymbol, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let request = SearchRequest {
        query: wanted.name.clone(),
        also: Vec::new(),
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
    let (tokens, recipient) = (running.tokens, running.recipient);
    let (most, until) = (recipient.bytes(MOST_BYTES), recipient.until(running.stop));
    let grep = recipient.names.grep_search;
    let (places, without) = blocking(move || -> Result<_, ToolError> {
        let known = places(&jail, &rules, &wanted, paths);
        if !known.is_empty() {
            return Ok((known, Mentioned::default()));
        }
        let page = OutputPage::of_result(most, tokens);
        in_files(&wanted, &jail, &rules, &until, page, grep)
    })
    .await??;
    let page = OutputPage::of_result(most, tokens);
    let (mut output, shown) = render_places(&places, &without.text, page);
    if files_left_out > 0 {
        output
            .text
            .push_str(&format!("… {files_left_out} more files left out …\n"));
    }
    if places.is_empty() {
        // How it was searched by meaning makes no difference to names.
        let notes = answer.notes.iter();
        for note in notes.filter(|note| !note.contains("lexical search only")) {
            output.text.push_str(&format!("({note})\n"));
        }
    }
    recipient.put(|| Found::Symbol {
        definitions: shown
            .iter()
            .map(|place| FoundDefinition::new(&place.path, &place.defined))
            .collect(),
        is_cut: shown.len() < places.len() || files_left_out > 0 || without.is_cut,
        mentions: without.lines,
        notes: answer.notes,
    });
    Ok(output)
}

/// The definitions of a name that the index does not know: a file that it does not have yet may have
/// one. Without any, what is said of the lines that have the name.
fn in_files(
    wanted: &WantedSymbol,
    jail: &Jail,
    rules: &Rules,
    until: &Until,
    page: OutputPage,
    grep: &str,
) -> Result<(Vec<SymbolLocation>, Mentioned), ToolError> {
    let found = mentions(&wanted.name, jail, rules, until, Vec::new())?;
    let mentions = Mentions::of(wanted, &found);
    let places = places(jail, rules, wanted, mentions.files(until));
    let without = match places.is_empty() {
        true => mentions.render(wanted, page, grep),
        false => Mentioned {
            is_cut: found.is_cut,
            ..Mentioned::default()
        },
    };
    Ok((places, without))
}

/// The definitions of a name in some files; those in the scope that was asked for, if any is.
fn places(
    jail: &Jail,
    rules: &Rules,
    wanted: &WantedSymbol,
    paths: Vec<String>,
) -> Vec<SymbolLocation> {
    let mut places = Vec::new();
    for path in paths {
        // What is gone or unreadable by now defines nothing.
        let Some(text) = text_of(jail, rules, &path) else {
            continue;
        };
        for defined in definitions(&path, &text).unwrap_or_default() {
            if wanted.is(&defined.name) {
                let path = path.clone();
                places.push(SymbolLocation { path, defined });
            }
        }
    }
    let is_in_scope = |place: &SymbolLocation| wanted.is_in_scope(&place.path, &place.defined);
    if places.iter().any(is_in_scope) {
        places.retain(is_in_scope);
    }
    places
}

/// The text of a file without secrets; `None` if it may not or cannot be read.
pub(super) fn text_of(jail: &Jail, rules: &Rules, path: &str) -> Option<String> {
    if files::is_kept(jail, rules, path) {
        return None;
    }
    let file = jail.read(&jail.path(path).ok()?).ok()?;
    Some(render::without_secrets(&file.text).0.into_owned())
}

/// The lines that have a name of which no grammar knows a definition.
struct Mentions<'a> {
    found: &'a GrepResult,
    /// Those that look like a definition, each with its path.
    defining: Vec<(&'a str, &'a GrepLine)>,
    others: Vec<(&'a str, &'a GrepLine)>,
}

/// What is said of them.
#[derive(Default)]
struct Mentioned {
    text: String,
    /// The lines that are shown.
    lines: Vec<FoundLine>,
    is_cut: bool,
}

impl<'a> Mentions<'a> {
    fn of(wanted: &WantedSymbol, found: &'a GrepResult) -> Mentions<'a> {
        let lines = found.hits.iter().flat_map(|hits| {
            let lines = hits.lines.iter();
            lines.map(|line| (hits.path.as_str(), line))
        });
        let (defining, others) =
            lines.partition(|(_, line)| looks_defining(&line.text, &wanted.name));
        Mentions {
            found,
            defining,
            others,
        }
    }

    /// The files with lines that look like a definition; few if the result is wanted now.
    fn files(&self, until: &Until) -> Vec<String> {
        let most = match until.is_late() {
            true => UNKNOWN_FILES_LATE,
            false => UNKNOWN_FILES,
        };
        let mut paths: Vec<String> = Vec::new();
        for (path, _) in &self.defining {
            if paths.last().is_none_or(|last| last != path) {
                paths.push((*path).to_owned());
            }
        }
        paths.truncate(most);
        paths
    }

    /// Over what a definition was looked for, and where the name stands, the lines first that look
    /// like a definition.
    fn render(&self, wanted: &WantedSymbol, mut page: OutputPage, grep: &str) -> Mentioned {
        let Mentions {
            found,
            defining,
            others,
        } = self;
        let mut text = format!(
            "`{}`: no definition found in the {} with a grammar.\n",
            wanted.written,
            render::count(found.with_grammar, "file", "files")
        );
        let mut shown = Vec::new();
        let mut cut = false;
        for (heading, lines) in [
            ("Lines that look like its definition:", defining),
            ("Mentions:", others),
        ] {
            if lines.is_empty() {
                continue;
            }
            page.push(heading);
            for (path, line) in lines.iter().take(MENTIONS) {
                let text = render::narrow(line.text.trim(), 200);
                if page.push(&format!("{}:{}: {text}", render::name(path), line.number)) {
                    shown.push(FoundLine {
                        path: (*path).to_owned(),
                        line: line.number,
                        text: text.into_owned(),
                        within: String::new(),
                    });
                }
            }
            cut |= lines.len() > MENTIONS;
        }
        cut |= page.left_out() > 0;
        text.push_str(&page.into_text());
        if cut {
            let call = json!({"regex": wanted.name});
            text.push_str(&format!("… for more: {grep} {call} …\n"));
        }
        if found.hits.is_empty() {
            text.push_str(&format!(
                "It is not mentioned in the {} that could be read. Ignored and hidden files were \
                 not searched.\n",
                render::count(found.searched, "file", "files")
            ));
        }
        text.push_str(&found.unread());
        Mentioned {
            text,
            lines: shown,
            is_cut: cut || found.is_cut,
        }
    }
}

/// Whether a line reads like the definition of a name in one language or another.
fn looks_defining(line: &str, name: &str) -> bool {
    const WORDS: &[&str] = &[
        "actor",
        "class",
        "const",
        "data",
        "def",
        "define",
        "defmacro",
        "defmodule",
        "defn",
        "defp",
        "defun",
        "enum",
        "fn",
        "fun",
        "func",
        "function",
        "instance",
        "interface",
        "let",
        "local",
        "macro",
        "mixin",
        "module",
        "my",
        "namespace",
        "newtype",
        "object",
        "package",
        "proc",
        "procedure",
        "protocol",
        "record",
        "static",
        "struct",
        "sub",
        "table",
        "trait",
        "type",
        "typedef",
        "union",
        "val",
        "var",
        "view",
    ];
    let line = line.trim_start();
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].trim_end();
        let after = line[at + name.len()..].trim_start();
        let last = before
            .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
            .next();
        let is_introduced = last.is_some_and(|word| WORDS.contains(&word.to_lowercase().as_str()));
        // `name = …`, `name :: Type`, `name() {`, `int name(int a) {` at the beginning of a line.
        let is_bound =
            before.is_empty() && after.starts_with(['=', ':']) && !after.starts_with("==");
        let is_head = after.starts_with('(')
            && line.trim_end().ends_with('{')
            && !before.ends_with(['.', '(', ',', '=', '!', '&', '|'])
            && !matches!(
                last,
                Some("if" | "while" | "for" | "switch" | "return" | "await" | "new")
            );
        is_introduced || is_bound || is_head
    })
}

/// The places as text, and those that it shows.
fn render_places<'a>(
    places: &'a [SymbolLocation],
    without: &str,
    mut page: OutputPage,
) -> (ToolOutput, &'a [SymbolLocation]) {
    for place in places {
        page.push(&line(place));
    }
    let left_out = page.left_out();
    let mut text = page.into_text();
    if left_out > 0 {
        text.push_str(&format!(
            "… {left_out} more places left out: give the type or module around it, such as \
             `Parser::parse` …\n"
        ));
    }
    text.push_str(without);
    let shown = &places[..places.len() - left_out];
    let paths: BTreeSet<&str> = shown.iter().map(|place| place.path.as_str()).collect();
    let output = ToolOutput {
        text: defang_chat_markers(&text).into_owned(),
        summary: format!(
            "{} in {}",
            render::count(places.len(), "definition", "definitions"),
            render::count(paths.len(), "file", "files")
        ),
        sources: shown.iter().map(source).collect(),
        ..ToolOutput::default()
    };
    (output, shown)
}

/// `src/net.rs:10-42 function in mod net: fn dial(host: &str)`
fn line(place: &SymbolLocation) -> String {
    let defined = &place.defined;
    let scope = if defined.scope.is_empty() {
        String::new()
    } else {
        format!(" in {}", defined.scope.join(" > "))
    };
    format!(
        "{}:{}-{} {}{scope}: {}",
        render::name(&place.path),
        defined.start_line,
        defined.end_line,
        defined.kind,
        defined.head
    )
}

fn source(place: &SymbolLocation) -> Source {
    let line = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Source {
        path: place.path.clone(),
        start_line: line(place.defined.start_line),
        end_line: line(place.defined.end_line),
        symbol: Some(place.defined.name.clone()),
    }
}

#[cfg(test)]
mod tests;
