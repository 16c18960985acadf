//! `search_codebase`: the index, by meaning and by words.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::language::LANGUAGES;
use ollacode_indexer::rank::Ranked;
use ollacode_indexer::{
    Freshness, IndexError, SearchMode, SearchRequest, SearchResults, Unsearched,
};

use super::found::{Found, FoundHits, Recipient};
use super::paths::intended_path;
use super::render::{self, OutputPage};
use super::{
    FileView, PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments,
    blocking,
};
use crate::jail::{Jail, is_secret};
use crate::message::{Source, ToolCall};
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Effect;
use crate::retrieval::shown_lines;
use crate::text::tokens::estimate_text;
use crate::visible::defang_chat_markers;

/// Hits, if the call does not say how many.
const HITS: usize = 8;
const MOST_HITS: usize = 30;
/// Most bytes of a result.
const MOST_BYTES: usize = 8 << 10;
/// Lines of the best hit that are shown,
const BEST: usize = 40;
/// and of the others.
const EXCERPT: usize = 12;
/// One part in so many of a result is for hits whose lines have no room,
const NAMES: u32 = 6;
/// or at least so many tokens.
const LEAST: u32 = 150;
/// Tokens for what is said around the lines of a hit.
const AROUND: u32 = 15;
/// Longest line that names a hit, in characters.
const LONGEST_PLACE: usize = 200;
/// Longest query, in characters; as long as an issue with a stack trace.
const LONGEST_QUERY: usize = 16_000;
/// Most other wordings of a query.
const MOST_WORDINGS: usize = 4;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "search_codebase",
    aliases: &[
        "search_code",
        "codebase_search",
        "semantic_search",
        "search",
    ],
    description: "Search the code by meaning. Describe what you look for, or name a symbol.",
    parameters: &[
        ParameterDeclaration {
            name: "query",
            aliases: &["question", "search", "text"],
            kind: ParameterKind::Text,
            description: "What the code does, or a symbol",
            required: true,
        },
        ParameterDeclaration {
            name: "path",
            aliases: &[
                "filepath",
                "file_path",
                "file",
                "file_pattern",
                "glob",
                "folder",
                "directory",
            ],
            kind: ParameterKind::Text,
            description: "Folder or glob to search, relative to the workspace root",
            required: false,
        },
        ParameterDeclaration {
            name: "language",
            aliases: &["lang"],
            kind: ParameterKind::Text,
            description: "Only this language",
            required: false,
        },
        ParameterDeclaration {
            name: "also",
            aliases: &["queries", "other_queries"],
            kind: ParameterKind::Texts,
            description: "The same in other words",
            required: false,
        },
        ParameterDeclaration {
            name: "limit",
            aliases: &["max_results", "top_k"],
            kind: ParameterKind::Integer,
            description: "Maximum number of results; default 8",
            required: false,
        },
    ],
    is_core: true,
};

pub(super) struct SearchCodebase;

impl Tool for SearchCodebase {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let query = arguments::text(call, "query")?.trim();
            if query.is_empty() {
                return Err(ToolError::TellModel("`query` is empty".to_owned()));
            }
            let limit = arguments::number(call, "limit").unwrap_or(HITS);
            let request = SearchRequest {
                query: query.chars().take(LONGEST_QUERY).collect(),
                also: also(call),
                limit: limit.min(MOST_HITS),
                globs: globs(&context.jail, arguments::optional_text(call, "path")),
                languages: languages(arguments::optional_text(call, "language")),
                freshness: Freshness::Refresh,
            };
            let what = render::narrow(&query.replace('\n', " "), 80).into_owned();
            Ok(PreparedCall::reading(
                what,
                Effect::Read,
                Box::new(move |running| search(request, running).boxed()),
            ))
        }
        .boxed()
    }
}

/// Other wordings of the query, as far as they say anything.
fn also(call: &ToolCall) -> Vec<String> {
    let given = arguments::texts(call, "also").into_iter();
    let short = given.map(|text| text.trim().chars().take(LONGEST_QUERY).collect::<String>());
    short
        .filter(|text| !text.is_empty())
        .take(MOST_WORDINGS)
        .collect()
}

/// A folder, a file or a glob; the workspace as a whole is no limit.
fn globs(jail: &Jail, path: Option<&str>) -> Vec<String> {
    let Some(path) = path.filter(|path| *path != "/") else {
        return Vec::new();
    };
    let path = match intended_path(jail, path) {
        Ok(found) => found.path.to_string(),
        Err(_) => path.to_owned(),
    };
    if path == "." { Vec::new() } else { vec![path] }
}

fn languages(named: Option<&str>) -> Vec<String> {
    let names = named.unwrap_or_default().split([',', ' ']);
    let names = names.filter(|name| !name.is_empty());
    names.map(str::to_lowercase).collect()
}

async fn search(request: SearchRequest, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let answer = tokio::select! {
        answer = running.context.code.search(&request) => answer,
        () = running.stop.cancelled() => return Err(ToolError::TellModel("stopped".to_owned())),
    };
    let answer = answer.map_err(|error| failed(&error))?;
    let (output, shown) = render_hits(&answer, running.tokens, running.recipient);
    let (jail, sources) = (running.context.jail.clone(), output.sources.clone());
    let read = move || -> Vec<FileView> {
        let views = sources
            .iter()
            .filter_map(|source| found_view(&jail, source));
        views.collect()
    };
    for view in blocking(read).await? {
        running.context.knowledge().add(view);
    }
    running.recipient.put(|| {
        Found::Hits(Box::new(FoundHits {
            left_out: shown.left_out,
            excerpts: shown.excerpts,
            results: answer,
        }))
    });
    Ok(output)
}

/// What a result shows of its hits.
#[derive(Default)]
struct ShownHits {
    /// The lines of each, the best first.
    excerpts: Vec<String>,
    /// Hits that are not even named.
    left_out: usize,
}

/// What a hit shows of its file, as far as the file still has these lines: those count as read.
pub(crate) fn found_view(jail: &Jail, source: &Source) -> Option<FileView> {
    let path = jail.path(&source.path).ok()?;
    let file = jail.read(&path).ok()?;
    if is_secret(&path) || is_secret(&file.path) {
        return None;
    }
    let lines = source.start_line as usize..source.end_line as usize + 1;
    Some(FileView::found(
        file.path.as_str(),
        file.hash,
        &file.text,
        lines,
    ))
}

/// What is told of an index that does not answer.
pub(super) fn failed(error: &IndexError) -> ToolError {
    ToolError::TellModel(match error {
        IndexError::UnknownLanguage(_) => {
            let names: Vec<&str> = LANGUAGES.iter().map(|language| language.name).collect();
            format!("{error}; known languages: {}", names.join(", "))
        }
        IndexError::BadGlob { .. } => format!("{error}; a valid one is `src/**/*.rs`"),
        _ => format!("the index failed: {error}. Use grep_search instead."),
    })
}

fn render_hits(
    answer: &SearchResults,
    tokens: u32,
    recipient: Recipient<'_>,
) -> (ToolOutput, ShownHits) {
    let notes = notes(answer);
    let said: u32 = notes.iter().map(|note| estimate_text(note) + 2).sum();
    let room = tokens.saturating_sub(said);
    // What has no room for its lines is named: a part is kept for that.
    let most = recipient.bytes(MOST_BYTES);
    let mut page = OutputPage::new(most).within(room - room / NAMES);
    let mut sources = Vec::new();
    let mut shown = ShownHits::default();
    for (place, hit) in answer.hits.iter().enumerate() {
        let lines = if place == 0 { BEST } else { EXCERPT };
        let is_last = place + 1 == answer.hits.len();
        // The best one must not take all of it.
        let most = if is_last {
            page.room()
        } else {
            page.room() / 2
        };
        let Some((entry, excerpt)) = entry(hit, lines, most) else {
            break;
        };
        if !page.push(&entry) {
            break;
        }
        sources.push(source(hit));
        shown.excerpts.push(excerpt);
    }
    let mut text = page.into_text();
    let mut names = OutputPage::of_result(most / 4, (room / NAMES).max(LEAST));
    for hit in &answer.hits[sources.len()..] {
        names.push(&hit_heading(hit));
    }
    shown.left_out = names.left_out();
    if sources.len() < answer.hits.len() {
        text.push_str(&only_named(names, recipient.names.read_file));
    }
    if answer.hits.is_empty() {
        let files = render::count(answer.counts.files as usize, "file", "files");
        text.push_str(&format!("No results in the {files} of the index.\n"));
        for sentence in answer.unsearched.iter().flat_map(Unsearched::sentences) {
            text.push_str(&format!("{sentence}\n"));
        }
        let grep = recipient.names.grep_search;
        text.push_str(&format!("Try other words, or {grep} for exact text.\n"));
    }
    for note in notes {
        text.push_str(&format!("({note})\n"));
    }
    let output = ToolOutput {
        text: defang_chat_markers(&text).into_owned(),
        summary: render::count(answer.hits.len(), "hit", "hits"),
        sources,
        ..ToolOutput::default()
    };
    (output, shown)
}

/// The places of hits whose lines are not shown, as many as have room.
fn only_named(names: OutputPage, read_file: &str) -> String {
    let more = match names.left_out() {
        0 => String::new(),
        more => format!("{more} more are not listed; "),
    };
    let places = names.into_text();
    format!(
        "More results, without their lines:\n{places}({more}{read_file} shows them, `path` narrows \
         the search)\n"
    )
}

/// What the model should know of the index.
fn notes(answer: &SearchResults) -> Vec<String> {
    let mut notes = answer.notes.clone();
    let counts = &answer.counts;
    let is_said = notes
        .iter()
        .any(|note| note.contains("lexical search only"));
    if counts.chunks > 0 && answer.mode == SearchMode::Lexical {
        if !is_said {
            notes.push("lexical search only: use words that occur in the code".to_owned());
        }
    } else if counts.embedded + counts.failed < counts.chunks {
        notes.push(format!(
            "the index is not complete yet: {} of {} chunks can be found by meaning, all by words",
            counts.embedded, counts.chunks
        ));
    }
    notes
}

/// A hit with its first lines and those around its focus, as many as fit; and these lines alone. `None`
/// if there is no room for one of them.
fn entry(hit: &Ranked, most: usize, tokens: u32) -> Option<(String, String)> {
    let lines: Vec<&str> = hit.chunk.text.lines().collect();
    let start = hit.chunk.start_line as usize;
    let mut page = OutputPage::new(MOST_BYTES / 3).within(tokens.saturating_sub(AROUND));
    page.push(&hit_heading(hit));
    let mut shown = 0;
    let mut excerpt = String::new();
    for at in shown_lines(hit, most) {
        let mut line = render::numbered(start + at, lines[at]);
        let mut gap = String::new();
        if at > shown {
            gap = left_out_lines(at - shown, start + shown) + "\n";
            line.insert_str(0, &gap);
        }
        if !page.push(&line) {
            break;
        }
        excerpt.push_str(&gap);
        excerpt.push_str(&render::narrow(lines[at], render::WIDEST));
        excerpt.push('\n');
        shown = at + 1;
    }
    if excerpt.is_empty() && !lines.is_empty() {
        return None;
    }
    let mut text = page.into_text();
    if lines.len() > shown {
        let gap = left_out_lines(lines.len() - shown, start + shown) + "\n";
        text.push_str(&gap);
        excerpt.push_str(&gap);
    }
    Some((text, excerpt))
}

fn left_out_lines(count: usize, from: usize) -> String {
    format!("… {count} lines left out, from line {from} …")
}

/// `src/net.rs:10-42  dial (mod net)`
fn hit_heading(hit: &Ranked) -> String {
    let chunk = &hit.chunk;
    let mut place = format!(
        "{}:{}-{}",
        render::name(&chunk.path),
        chunk.start_line,
        chunk.end_line
    );
    if let Some(symbol) = &chunk.symbol {
        place.push_str(&format!("  {symbol}"));
    }
    if !chunk.scope.is_empty() {
        place.push_str(&format!(" ({})", chunk.scope.join(" > ")));
    }
    if hit.copies > 0 {
        place.push_str(&format!(" [the same text in {} other places]", hit.copies));
    }
    render::narrow(&place.replace('\n', " "), LONGEST_PLACE).into_owned()
}

fn source(hit: &Ranked) -> Source {
    Source {
        path: hit.chunk.path.clone(),
        start_line: hit.chunk.start_line,
        end_line: hit.chunk.end_line,
        symbol: hit.chunk.symbol.clone(),
    }
}
