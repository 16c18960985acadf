//! Searches the index for the engine, and selects the hits that the model gets.

mod graph;
mod in_time;
mod relevance;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use ollacode_indexer::rank::Ranked;
use ollacode_indexer::{
    Behind, Chunk, Counts, Embedder, Index, IndexError, SearchMode, SearchRequest, SearchResults,
};
use tokio::time::timeout;

use crate::allocator;
use crate::message::Source;
use crate::model::EditForm;
use crate::permission::Rules;
use crate::text::{self, anchors::anchored, tokens::estimate_text};
use crate::visible::{defang_chat_markers, escape_hidden};

pub use in_time::SearchPace;
pub use relevance::relevant;

/// Lines of a hit in an outline.
const OUTLINE: usize = 4;
/// First lines of a hit, which are shown even if its focus is further down,
const HEAD: usize = 2;
/// and lines before the focus.
const BEFORE_FOCUS: usize = 2;
/// Minimum lines of a longer hit.
const FEWEST: usize = 4;
/// Maximum wait of the first search for the first index: the time for about 3,000 files.
const FIRST_INDEX: Duration = Duration::from_secs(15);
/// How lines of comments begin.
const COMMENTS: [&str; 8] = ["//", "/*", "*", "--", "# ", ";", "\"\"\"", "'''"];
/// Maximum characters of a line, which cuts minified code.
const WIDEST: usize = 300;

/// Provides the embedding model for queries.
pub trait EmbedderSource: Send + Sync {
    /// The current model; `None` if there is none, or the reason why it is not available.
    fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>>;

    /// Waits while the folder is indexed for the first time; returns at once otherwise.
    fn first_index(&self) -> BoxFuture<'_, ()> {
        async {}.boxed()
    }

    /// Indexes behind a search what it could not take in; returns at once.
    fn catch_up(&self) {}
}

/// The index of the workspace, with the model for queries.
pub struct CodeIndex {
    index: Index,
    source: Arc<dyn EmbedderSource>,
    rules: Arc<Rules>,
    /// Whether a search has waited for the first index.
    has_waited: AtomicBool,
    /// For callers that must have an answer soon.
    pace: Option<SearchPace>,
}

impl CodeIndex {
    /// Opens nothing yet. Files that rules hide are never found.
    pub fn new(index: Index, source: Arc<dyn EmbedderSource>, rules: Arc<Rules>) -> CodeIndex {
        CodeIndex {
            index,
            source,
            rules,
            has_waited: AtomicBool::new(false),
            pace: None,
        }
    }

    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Waits while the folder is indexed for the first time, however long that takes.
    pub async fn wait_for_first_index(&self) {
        self.source.first_index().await;
    }

    /// Searches; without an embedder it is a lexical search, and a note says why.
    ///
    /// The first search waits, for a limited time, while the folder is indexed for the first time.
    /// Without an index there are no hits, and a note: a question does not decide whether a folder
    /// is indexed.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchResults, IndexError> {
        if let Some(pace) = &self.pace {
            return self.search_in_time(request, pace).await;
        }
        let mut still_built = None;
        if !self.has_waited.swap(true, Ordering::Relaxed) {
            let waited = timeout(FIRST_INDEX, self.source.first_index()).await;
            let note = "the index is still being built; results are incomplete";
            still_built = waited.is_err().then(|| note.to_owned());
        }
        if !self.index.exists() {
            return Ok(not_indexed());
        }
        let (embedder, note) = match self.source.embedder().await {
            Ok(embedder) => (embedder, None),
            Err(why) => (None, Some(format!("lexical search only: {why}"))),
        };
        let embedder = embedder
            .as_ref()
            .map(|embedder| embedder.as_ref() as &dyn Embedder);
        let answer = self.index.search(request, embedder, &|_| {}).await;
        allocator::release_when_idle();
        let mut answer = answer?;
        answer.notes.extend(note.into_iter().chain(still_built));
        Ok(self.checked(answer))
    }

    /// An answer without what rules hide. What the search could not take in is indexed behind it,
    /// and a note says what is missing until then.
    fn checked(&self, mut answer: SearchResults) -> SearchResults {
        answer.hits.retain(|hit| !self.rules.hides(&hit.chunk.path));
        if answer.behind.is_nothing() {
            return answer;
        }
        self.source.catch_up();
        // What older rules chunked is found all the same.
        let missing = Behind {
            outdated: 0,
            ..answer.behind
        };
        let rest = "the index is being brought up to date: search again in a few seconds";
        let words = missing.words();
        answer
            .notes
            .extend(words.map(|words| format!("{words}; {rest}")));
        answer
    }
}

/// The answer where there is no index.
fn not_indexed() -> SearchResults {
    SearchResults {
        mode: SearchMode::Lexical,
        counts: Counts::default(),
        hits: Vec::new(),
        notes: vec!["this folder is not indexed yet".to_owned()],
        unsearched: None,
        behind: Behind::default(),
    }
}

/// What to prefer when the budget is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextStyle {
    /// The lines that tell what many hits are, then the bodies of the best.
    Outlines,
    /// Whole hits, the best first.
    Bodies,
}

/// Hits as the model gets them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetrievedContext {
    /// The text; empty if nothing was found.
    pub text: String,
    /// The places in the text, best first.
    pub sources: Vec<Source>,
}

/// Renders the best hits in at most `budget_tokens` (estimated), for a model that edits in a form;
/// deterministic.
pub fn context(
    hits: &[Ranked],
    budget_tokens: usize,
    style: ContextStyle,
    form: EditForm,
) -> RetrievedContext {
    let mut room = TokenBudget {
        left: u32::try_from(budget_tokens).unwrap_or(u32::MAX),
        form,
    };
    let mut shown: Vec<ShownHit<'_>> = Vec::new();
    for hit in hits {
        let covered = |other: &ShownHit<'_>| covers(&other.hit.chunk, &hit.chunk);
        if shown.iter().any(covered) {
            continue;
        }
        let fits = match style {
            ContextStyle::Outlines => room.outline(hit),
            ContextStyle::Bodies => room.body(hit),
        };
        let Some(entry) = fits else {
            break;
        };
        shown.push(entry);
    }
    for entry in &mut shown {
        room.widen(entry);
    }
    let texts: Vec<&str> = shown.iter().map(|entry| entry.text.as_str()).collect();
    RetrievedContext {
        text: texts.join("\n\n"),
        sources: shown.iter().map(|entry| source(&entry.hit.chunk)).collect(),
    }
}

/// Fences a text so that it cannot close the fence, with chat template markers escaped.
pub fn fenced(text: &str, language: &str) -> String {
    text::fenced(defang_chat_markers(text).trim_end_matches('\n'), language)
}

/// The remaining token budget.
struct TokenBudget {
    left: u32,
    form: EditForm,
}

/// A hit and its rendered text.
struct ShownHit<'hit> {
    hit: &'hit Ranked,
    lines: usize,
    text: String,
    tokens: u32,
}

impl TokenBudget {
    fn outline<'hit>(&mut self, hit: &'hit Ranked) -> Option<ShownHit<'hit>> {
        let lines = telling_lines(hit).unwrap_or_else(|| shown_lines(hit, OUTLINE));
        self.take(rendered(hit, &lines, self.form))
    }

    /// The whole hit, or as many of its lines as fit.
    fn body<'hit>(&mut self, hit: &'hit Ranked) -> Option<ShownHit<'hit>> {
        let lines = self.fitting(hit, self.left)?;
        self.take(shown(hit, lines, self.form))
    }

    fn take<'hit>(&mut self, shown: ShownHit<'hit>) -> Option<ShownHit<'hit>> {
        self.left = self.left.checked_sub(shown.tokens)?;
        Some(shown)
    }

    /// Shows more lines of a hit if they fit.
    fn widen(&mut self, entry: &mut ShownHit<'_>) {
        let room = self.left + entry.tokens;
        let Some(lines) = self.fitting(entry.hit, room) else {
            return;
        };
        if lines > entry.lines {
            *entry = shown(entry.hit, lines, self.form);
            self.left = room.saturating_sub(entry.tokens);
        }
    }

    /// Maximum number of lines that fit.
    fn fitting(&self, hit: &Ranked, room: u32) -> Option<usize> {
        let all = hit.chunk.text.lines().count().max(1);
        let fits = |lines: usize| shown(hit, lines, self.form).tokens <= room;
        if fits(all) {
            return Some(all);
        }
        // More lines have more tokens, so a binary search finds about the limit.
        let (mut fit, mut over) = (0, all);
        while over - fit > 1 {
            let middle = fit.midpoint(over);
            if fits(middle) {
                fit = middle;
            } else {
                over = middle;
            }
        }
        (fit >= FEWEST).then_some(fit)
    }
}

/// At most so many lines of a hit: the first ones, and those around its focus where that is further
/// down. Their places in the chunk, from 0.
pub(crate) fn shown_lines(hit: &Ranked, most: usize) -> Vec<usize> {
    let all = hit.chunk.text.lines().count();
    let most = most.min(all);
    let head = HEAD.min(most);
    let room = most - head;
    match hit.focus_offset() {
        Some(focus) if (most..all).contains(&focus) && room > 0 => {
            let before = BEFORE_FOCUS.min(room - 1);
            let first = (focus - before).min(all - room);
            (0..head).chain(first..first + room).collect()
        }
        _ => (0..most).collect(),
    }
}

/// The line that defines the symbol of a hit, the first line of its documentation, and the line
/// that the query is about. Their places in the chunk, from 0; `None` if no line has the symbol.
fn telling_lines(hit: &Ranked) -> Option<Vec<usize>> {
    let lines: Vec<&str> = hit.chunk.text.lines().collect();
    let is_comment = |line: &str| {
        COMMENTS
            .iter()
            .any(|sign| line.trim_start().starts_with(sign))
    };
    let says = |at: &usize| lines[*at].contains(char::is_alphanumeric);
    let symbol = hit.chunk.symbol.as_deref()?;
    let defining = lines
        .iter()
        .position(|line| !is_comment(line) && line.contains(symbol))?;
    let before = (0..defining).find(|at| is_comment(lines[*at]) && says(at));
    // The documentation of Python is behind the line.
    let behind = || {
        let quoted = lines.get(defining + 1)?.trim_start();
        let is_text = quoted.starts_with("\"\"\"") || quoted.starts_with("'''");
        (defining + 1..lines.len()).find(says).filter(|_| is_text)
    };
    let focus = hit.focus_offset().filter(|focus| *focus < lines.len());
    let mut places = vec![defining];
    places.extend(before.or_else(behind).into_iter().chain(focus));
    places.sort_unstable();
    places.dedup();
    Some(places)
}

fn shown(hit: &Ranked, most: usize, form: EditForm) -> ShownHit<'_> {
    rendered(hit, &shown_lines(hit, most), form)
}

/// Some lines of a hit with their numbers, as other tools show lines.
fn rendered<'hit>(hit: &'hit Ranked, places: &[usize], form: EditForm) -> ShownHit<'hit> {
    let chunk = &hit.chunk;
    let all: Vec<&str> = chunk.text.lines().collect();
    let mut body: Vec<String> = Vec::new();
    let mut next = 0;
    let left_out = |body: &mut Vec<String>, count: usize| {
        if count > 0 {
            body.push(format!("… {count} lines left out …"));
        }
    };
    for place in places {
        left_out(&mut body, place - next);
        let number = chunk.start_line as usize + place;
        body.push(numbered(form, number, all[*place], all[*place]));
        next = place + 1;
    }
    left_out(&mut body, all.len() - next);
    let text = format!("{}\n{}", heading(chunk), fenced(&body.join("\n"), ""));
    ShownHit {
        hit,
        lines: places.len(),
        // One more for the separator.
        tokens: estimate_text(&text) + 1,
        text,
    }
}

/// `src/net.rs:10-42 (mod net > fn dial)`
fn heading(chunk: &Chunk) -> String {
    let mut names: Vec<&str> = chunk.scope.iter().map(String::as_str).collect();
    names.extend(chunk.symbol.as_deref());
    let place = format!("{}:{}-{}", chunk.path, chunk.start_line, chunk.end_line);
    let heading = if names.is_empty() {
        place
    } else {
        format!("{place} ({})", names.join(" > "))
    };
    let one_line = escape_hidden(&heading).replace('\n', " ");
    defang_chat_markers(&one_line).into_owned()
}

/// A line as it is shown before a question to a model that edits in a form; `shown` is the text
/// without secrets.
pub(crate) fn numbered(form: EditForm, number: usize, text: &str, shown: &str) -> String {
    match form {
        EditForm::Anchors => anchored(number, text, &narrowed(shown)),
        EditForm::Search | EditForm::Whole => format!("{number}→{}", narrowed(shown)),
    }
}

/// A line, cut to a maximum width.
pub(crate) fn narrowed(line: &str) -> String {
    let cut: String = line.chars().take(WIDEST).collect();
    if cut.len() < line.len() {
        format!("{cut} …")
    } else {
        cut
    }
}

/// Whether a chunk is inside another one.
fn covers(outer: &Chunk, inner: &Chunk) -> bool {
    outer.path == inner.path
        && outer.start_line <= inner.start_line
        && inner.end_line <= outer.end_line
}

fn source(chunk: &Chunk) -> Source {
    Source {
        path: chunk.path.clone(),
        start_line: chunk.start_line,
        end_line: chunk.end_line,
        symbol: chunk.symbol.clone(),
    }
}
