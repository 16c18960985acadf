//! `grep_search`: exact text, by ripgrep's library crates.

mod report;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use globset::GlobSet;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{Searcher, SearcherBuilder, Sink, SinkContext, SinkMatch};
use tokio_util::sync::CancellationToken;

use super::{
    Prepared, Running, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking, files, shown,
};
use crate::jail::{EntryKind, Jail, WorkspacePath};
use crate::message::ToolCall;
use crate::model::{Parameter, ParameterKind, ToolSpec};
use crate::permission::Rules;
use report::written;

/// Most matching lines of a result.
const MOST_MATCHES: usize = 100;
/// Most lines around a match.
const MOST_CONTEXT: usize = 10;
/// Bytes of a long line that are shown around its match.
const AROUND: usize = 240;
/// Bytes of a long line in which its match is looked for.
const LONGEST_LOOK: usize = 64 << 10;
/// Files that are searched before it is seen whether there are matches enough.
const BATCH: usize = 256;
/// Most memory of a compiled pattern, in bytes.
const PATTERN_SIZE: usize = 10 << 20;

static SPEC: ToolSpec = ToolSpec {
    name: "grep_search",
    aliases: &["grep", "search_text", "ripgrep", "rg"],
    description: "Find exact text by regex, line by line.",
    parameters: &[
        Parameter {
            name: "regex",
            aliases: &["pattern", "query", "search", "text"],
            kind: ParameterKind::Text,
            description: "Without capitals, any case matches",
            required: true,
        },
        Parameter {
            name: "path",
            aliases: &[
                "filepath",
                "file_path",
                "file",
                "filename",
                "directory",
                "dir",
            ],
            kind: ParameterKind::Text,
            description: "Only in this folder or file",
            required: false,
        },
        Parameter {
            name: "glob",
            aliases: &["file_pattern", "include"],
            kind: ParameterKind::Text,
            description: "Only such files: `*.rs`",
            required: false,
        },
        Parameter {
            name: "context",
            aliases: &["context_lines"],
            kind: ParameterKind::Integer,
            description: "Lines around a match",
            required: false,
        },
    ],
};

/// The tool.
pub(super) struct GrepSearch;

impl Tool for GrepSearch {
    fn spec(&self) -> &'static ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<Prepared, ToolError>> {
        async move {
            let jail = &context.jail;
            let regex = arguments::text(call, "regex")?;
            let glob = arguments::optional_text(call, "glob");
            let grep = Grep {
                matcher: matcher(regex)?,
                globs: glob.map(|glob| files::glob(jail, glob)).transpose()?,
                below: files::folder(jail, arguments::optional_text(call, "path"))?,
                context: arguments::number(call, "context")
                    .unwrap_or(0)
                    .min(MOST_CONTEXT),
            };
            let what = shown::narrow(&shown::name(regex), 80).into_owned();
            Ok(Prepared::reading(
                what,
                Box::new(move |running| search(grep, running).boxed()),
            ))
        }
        .boxed()
    }
}

fn matcher(regex: &str) -> Result<RegexMatcher, ToolError> {
    if regex.is_empty() {
        return Err(ToolError::TellModel("`regex` is empty".to_owned()));
    }
    RegexMatcherBuilder::new()
        .case_smart(true)
        .multi_line(true)
        .line_terminator(Some(b'\n'))
        .size_limit(PATTERN_SIZE)
        .build(regex)
        .map_err(|error| {
            ToolError::TellModel(format!(
                "the regex is not valid: {error}\nTo find it as plain text, escape `\\`, `.`, `(`, \
                 `)`, `[`, `{{`, `*`, `+`, `?`, `|`, `^` and `$` with a backslash. Lines are \
                 searched one by one, so it cannot hold a line break."
            ))
        })
}

/// What is searched for, and where.
struct Grep {
    matcher: RegexMatcher,
    globs: Option<GlobSet>,
    below: WorkspacePath,
    context: usize,
}

/// What was found in one file.
#[derive(Default)]
struct Hits {
    path: String,
    lines: Vec<Line>,
    matches: usize,
}

struct Line {
    number: usize,
    text: String,
    is_match: bool,
}

/// What was found in all.
#[derive(Default)]
struct Found {
    hits: Vec<Hits>,
    matches: usize,
    /// Files that were not read: their names say that they hold secrets, or a rule keeps them.
    secret: usize,
    /// Whether files were left unsearched because there were matches enough.
    is_cut: bool,
}

async fn search(grep: Grep, running: Running<'_>) -> Result<ToolOutput, ToolError> {
    let (jail, stop) = (running.context.jail.clone(), running.stop.clone());
    let rules = running.context.rules.clone();
    let found = blocking(move || grep.run(&jail, &rules, &stop)).await??;
    Ok(written(&found))
}

impl Grep {
    fn run(
        &self,
        jail: &Jail,
        rules: &Rules,
        stop: &CancellationToken,
    ) -> Result<Found, ToolError> {
        let mut found = Found::default();
        let mut paths = self.paths(jail)?;
        let before = paths.len();
        paths.retain(|path| !files::is_kept(jail, rules, path));
        found.secret = before - paths.len();
        let mut batches = paths.chunks(BATCH);
        for batch in batches.by_ref() {
            if stop.is_cancelled() {
                return Err(ToolError::TellModel("stopped".to_owned()));
            }
            for hits in self.search_batch(jail, batch) {
                found.matches += hits.matches;
                found.hits.push(hits);
            }
            if found.matches >= MOST_MATCHES {
                break;
            }
        }
        found.is_cut = batches.next().is_some();
        Ok(found)
    }

    fn paths(&self, jail: &Jail) -> Result<Vec<String>, ToolError> {
        let refused = |error| files::refused(&error);
        match jail.kind(&self.below).map_err(refused)? {
            None => {
                return Err(ToolError::TellModel(format!(
                    "`{}` does not exist; leave `path` out to search everywhere",
                    self.below
                )));
            }
            // A file that is named is searched, ignored or not.
            Some(EntryKind::File) => return Ok(vec![self.below.to_string()]),
            Some(_) => {}
        }
        let mut paths = files::files_below(jail, &self.below);
        if let Some(globs) = &self.globs {
            paths.retain(|path| globs.is_match(path));
        }
        Ok(paths)
    }

    /// Searches files on all cores; the result is in their order.
    fn search_batch(&self, jail: &Jail, paths: &[String]) -> Vec<Hits> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut searcher = self.searcher();
            let mut part = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = paths.get(index) else {
                    return part;
                };
                if let Some(hits) = self.search_file(&mut searcher, jail, path) {
                    part.push((index, hits));
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        let mut all = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(paths.len()))
                .map(|_| scope.spawn(work))
                .collect();
            let parts = workers.into_iter().flat_map(|worker| {
                let part = worker.join();
                part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            parts.collect::<Vec<(usize, Hits)>>()
        });
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, hits)| hits).collect()
    }

    fn searcher(&self) -> Searcher {
        SearcherBuilder::new()
            .line_number(true)
            .before_context(self.context)
            .after_context(self.context)
            .build()
    }

    /// What is no text, or has gone, has no matches.
    fn search_file(&self, searcher: &mut Searcher, jail: &Jail, path: &str) -> Option<Hits> {
        let file = jail.read(&jail.path(path).ok()?).ok()?;
        let hits = self.search_text(searcher, &file.text)?;
        // In a second search, so that nobody learns a secret by asking for it letter by letter.
        let hits = match shown::without_secrets(&file.text) {
            (_, 0) => hits,
            (text, _) => self.search_text(searcher, &text)?,
        };
        Some(Hits {
            path: path.to_owned(),
            ..hits
        })
    }

    fn search_text(&self, searcher: &mut Searcher, text: &str) -> Option<Hits> {
        let mut collector = Collector {
            grep: self,
            hits: Hits::default(),
        };
        let searched = searcher.search_slice(&self.matcher, text.as_bytes(), &mut collector);
        let hits = collector.hits;
        (searched.is_ok() && hits.matches > 0).then_some(hits)
    }

    /// A line, if it is long the part with the match.
    fn shorten(&self, line: &str) -> String {
        if line.chars().count() <= shown::WIDEST {
            return line.to_owned();
        }
        let mut searcher = SearcherBuilder::new().line_number(false).build();
        let mut start = 0;
        while start < line.len().min(LONGEST_LOOK) {
            let end = line.floor_char_boundary(start + AROUND);
            let part = &line[start..end];
            let mut found = Any(false);
            let searched = searcher.search_slice(&self.matcher, part.as_bytes(), &mut found);
            if searched.is_ok() && found.0 {
                let before = line[..start].chars().count();
                let after = line[end..].chars().count();
                return format!("… {before} characters left out …{part}… {after} left out …");
            }
            start = line.floor_char_boundary(start + AROUND / 2);
        }
        shown::narrow(line, shown::WIDEST).into_owned()
    }
}

struct Collector<'grep> {
    grep: &'grep Grep,
    hits: Hits,
}

impl Collector<'_> {
    fn push(&mut self, number: Option<u64>, bytes: &[u8], is_match: bool) {
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_end_matches(['\n', '\r']);
        let text = if is_match {
            self.grep.shorten(text)
        } else {
            shown::narrow(text, shown::WIDEST).into_owned()
        };
        self.hits.lines.push(Line {
            number: number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
            text,
            is_match,
        });
    }
}

impl Sink for Collector<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        self.push(found.line_number(), found.bytes(), true);
        self.hits.matches += 1;
        // One more than is shown, so that the cut is known.
        Ok(self.hits.matches <= MOST_MATCHES)
    }

    fn context(&mut self, _: &Searcher, line: &SinkContext<'_>) -> Result<bool, io::Error> {
        self.push(line.line_number(), line.bytes(), false);
        Ok(true)
    }
}

/// Whether anything matches.
struct Any(bool);

impl Sink for Any {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, _: &SinkMatch<'_>) -> Result<bool, io::Error> {
        self.0 = true;
        Ok(false)
    }
}

#[cfg(test)]
mod tests;
