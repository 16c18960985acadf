//! `grep_search`: exact text, by ripgrep's library crates.

mod collector;
mod mentions;
mod report;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt;
use futures::future::BoxFuture;
use globset::GlobSet;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{Searcher, SearcherBuilder};
use ollacode_indexer::parts::has_grammar;
use unicode_normalization::UnicodeNormalization;

use super::found::Until;
use super::paths::{self, LocatedPath};
use super::{
    PreparedCall, RunningCall, Tool, ToolContext, ToolError, ToolOutput, arguments, blocking,
    files, render,
};
use crate::jail::{EntryKind, Hash, Jail, JailError, SecretValues, is_secret};
use crate::message::ToolCall;
use crate::model::{ParameterDeclaration, ParameterKind, ToolDeclaration, ToolSpec};
use crate::permission::Rules;
use collector::{AnyMatch, Collector};
use report::render_report;

pub(super) use mentions::{has_word, mentions};

/// Most matching lines of a result.
const MOST_MATCHES: usize = 100;
/// Most lines around a match.
const MOST_CONTEXT: usize = 10;
/// Bytes of a long line that are shown around its match.
const AROUND: usize = 240;
/// The same for a first look, where a line is very long.
const COARSE: usize = 64 * AROUND;
/// Files that are searched before it is seen whether there are matches enough.
const BATCH: usize = 256;
/// Most memory of a compiled pattern, in bytes.
const PATTERN_SIZE: usize = 10 << 20;

static SPEC: LazyLock<ToolSpec> = LazyLock::new(|| DECLARATION.spec());

static DECLARATION: ToolDeclaration = ToolDeclaration {
    name: "grep_search",
    aliases: &[
        "grep",
        "search_text",
        "search_file_content",
        "search_in_files",
        "ripgrep",
        "rg",
        "find_in_files",
        "grep_files",
        "text_search",
    ],
    description: "Search file contents with a regular expression, line by line.",
    parameters: &[
        ParameterDeclaration {
            name: "regex",
            aliases: &["pattern", "query", "search", "text"],
            kind: ParameterKind::Text,
            description: "Case-insensitive unless the pattern has capitals",
            required: true,
        },
        ParameterDeclaration {
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
            description: "Folder or file to search, relative to the workspace root",
            required: false,
        },
        ParameterDeclaration {
            name: "glob",
            aliases: &["file_pattern", "include", "include_pattern"],
            kind: ParameterKind::Text,
            description: "Only files that match, such as `*.rs`",
            required: false,
        },
        ParameterDeclaration {
            name: "context",
            aliases: &["context_lines"],
            kind: ParameterKind::Integer,
            description: "Lines of context around each match",
            required: false,
        },
    ],
    is_core: true,
};

pub(super) struct GrepSearch;

impl Tool for GrepSearch {
    fn spec(&self) -> &ToolSpec {
        &SPEC
    }

    fn prepare<'a>(
        &'a self,
        call: &'a ToolCall,
        context: &'a ToolContext,
    ) -> BoxFuture<'a, Result<PreparedCall, ToolError>> {
        async move {
            let jail = &context.jail;
            let regex = arguments::text(call, "regex")?;
            let glob = arguments::optional_text(call, "glob");
            let path = arguments::optional_text(call, "path");
            let grep = Grep {
                matcher: matcher(regex)?,
                globs: glob.map(|glob| files::glob(jail, glob)).transpose()?,
                below: paths::existing_folder(context, path).await?,
                context: arguments::number(call, "context")
                    .unwrap_or(0)
                    .min(MOST_CONTEXT),
                first: Vec::new(),
            };
            let what = render::narrow(&render::name(regex), 80).into_owned();
            Ok(PreparedCall::reading(
                what,
                grep.below.searching(),
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
    // A text may be written in either normal form.
    let other: String = match regex.nfc().eq(regex.chars()) {
        true => regex.nfd().collect(),
        false => regex.nfc().collect(),
    };
    let both = (other != regex && !regex.contains('[')).then(|| format!("(?:{regex})|(?:{other})"));
    RegexMatcherBuilder::new()
        .case_smart(true)
        .multi_line(true)
        .line_terminator(Some(b'\n'))
        .size_limit(PATTERN_SIZE)
        .build(both.as_deref().unwrap_or(regex))
        .map_err(|error| {
            ToolError::TellModel(format!(
                "the regex is not valid: {error}\nTo search for it as plain text, escape `\\`, \
                 `.`, `(`, `)`, `[`, `{{`, `*`, `+`, `?`, `|`, `^` and `$` with a backslash. Each \
                 line is searched separately, so it cannot contain a line break."
            ))
        })
}

/// What is searched for, and where.
struct Grep {
    matcher: RegexMatcher,
    globs: Option<GlobSet>,
    below: LocatedPath,
    context: usize,
    /// Files that are searched before all others.
    first: Vec<String>,
}

/// What was found in one file.
#[derive(Default)]
pub(super) struct FileHits {
    pub path: String,
    pub lines: Vec<GrepLine>,
    matches: usize,
    /// The version that was searched, and where it really is; none for a file that holds secrets.
    version: Option<(String, Hash)>,
}

pub(super) struct GrepLine {
    pub number: usize,
    pub text: String,
    is_match: bool,
    /// Whether the text is all of the line, as it is in the file.
    is_whole: bool,
}

/// What was found in all, and what was not looked at.
#[derive(Default)]
pub(super) struct GrepResult {
    pub hits: Vec<FileHits>,
    matches: usize,
    /// Files that were read.
    pub searched: usize,
    /// Of those, the ones that have a grammar, as far as their names tell.
    pub with_grammar: usize,
    /// Files and folders that were not read, by reason.
    unread: BTreeMap<&'static str, usize>,
    /// Whether files were left unsearched because there were matches enough, or no more time.
    pub is_cut: bool,
    /// The last file that was searched.
    last: String,
}

impl GrepResult {
    /// What was not looked at, in words; empty if nothing was passed over.
    pub(super) fn unread(&self) -> String {
        if self.unread.is_empty() {
            return String::new();
        }
        let reasons: Vec<String> = self
            .unread
            .iter()
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        format!("(not searched: {})\n", reasons.join(", "))
    }

    fn pass_over(&mut self, reason: &'static str, count: usize) {
        if count > 0 {
            *self.unread.entry(reason).or_default() += count;
        }
    }
}

async fn search(grep: Grep, running: RunningCall<'_>) -> Result<ToolOutput, ToolError> {
    let tokens = running.tokens;
    let rules = running.context.rules.clone();
    let until = running.recipient.until(running.stop);
    let found = blocking(move || grep.run(&rules, &until)).await??;
    for view in found
        .hits
        .iter()
        .take(MOST_MATCHES)
        .filter_map(FileHits::view)
    {
        running.context.knowledge().add(view);
    }
    Ok(render_report(&found, tokens))
}

impl Grep {
    fn run(&self, rules: &Rules, until: &Until) -> Result<GrepResult, ToolError> {
        let jail = &self.below.jail;
        let mut found = GrepResult::default();
        let files::FilesBelow { mut paths, closed } = self.listed()?;
        found.pass_over("folders that cannot be listed", closed);
        let before = paths.len();
        paths.retain(|path| !self.below.is_kept(rules, path));
        found.pass_over("with secrets or hidden by a rule", before - paths.len());
        let place = |path: &String| self.first.iter().position(|first| first == path);
        paths.sort_by_key(|path| place(path).unwrap_or(self.first.len()));
        let values = jail.secret_values();
        let mut batches = paths.chunks(BATCH);
        for batch in batches.by_ref() {
            if until.is_stopped() {
                return Err(ToolError::TellModel("stopped".to_owned()));
            }
            for (path, searched) in batch.iter().zip(self.search_batch(jail, &values, batch)) {
                match searched {
                    Ok(hits) => {
                        found.searched += 1;
                        found.with_grammar += usize::from(has_grammar(path));
                        found.matches += hits.matches;
                        found.hits.extend((hits.matches > 0).then_some(hits));
                        found.last.clone_from(path);
                    }
                    Err(reason) => found.pass_over(reason, 1),
                }
            }
            if found.matches >= MOST_MATCHES || until.is_late() {
                break;
            }
        }
        let rest = batches.map(<[String]>::len).sum();
        found.is_cut = rest > 0;
        if until.is_late() {
            found.pass_over("that were not reached in time", rest);
        }
        Ok(found)
    }

    fn listed(&self) -> Result<files::FilesBelow, ToolError> {
        let refused = |error| files::refused(&error);
        let LocatedPath { jail, path, .. } = &self.below;
        match jail.kind(path).map_err(refused)? {
            None => {
                return Err(ToolError::TellModel(format!(
                    "`{}` does not exist; omit `path` to search everywhere",
                    self.below.name()
                )));
            }
            // A file that is named is searched, ignored or not.
            Some(EntryKind::File) => {
                return Ok(files::FilesBelow {
                    paths: vec![path.to_string()],
                    closed: 0,
                });
            }
            Some(_) => {}
        }
        let mut listed = files::listed_below(jail, path);
        if let Some(globs) = &self.globs {
            listed.paths.retain(|path| globs.is_match(path));
        }
        Ok(listed)
    }

    /// Searches files on all cores; there is a result for each, in their order.
    fn search_batch(&self, jail: &Jail, values: &SecretValues, paths: &[String]) -> Vec<Searched> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut searcher = self.searcher();
            let mut part = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = paths.get(index) else {
                    return part;
                };
                part.push((index, self.search_file(&mut searcher, jail, values, path)));
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
            parts.collect::<Vec<(usize, Searched)>>()
        });
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, searched)| searched).collect()
    }

    fn searcher(&self) -> Searcher {
        SearcherBuilder::new()
            .line_number(true)
            .before_context(self.context)
            .after_context(self.context)
            .build()
    }

    /// What has gone has no matches.
    fn search_file(
        &self,
        searcher: &mut Searcher,
        jail: &Jail,
        values: &SecretValues,
        path: &str,
    ) -> Searched {
        let read = jail.path(path).and_then(|path| jail.read(&path));
        let file = match read {
            Ok(file) => file,
            Err(JailError::NotFound(_)) => return Ok(FileHits::default()),
            Err(JailError::NotText { .. }) => return Err("not text"),
            Err(JailError::TooLarge { .. }) => return Err("too large to read"),
            Err(_) => return Err("unreadable"),
        };
        let mut hits = self.search_text(searcher, &file.text);
        // In a second search, so that nobody learns a secret by asking for it letter by letter.
        if hits.matches > 0 {
            let (text, secrets) = render::without_secrets(&file.text);
            let text = values.hide_all(&text);
            if secrets > 0 || matches!(text, Cow::Owned(_)) {
                hits = self.search_text(searcher, &text);
            }
        }
        if hits.matches > 0 {
            let all: Vec<&str> = file.text.lines().collect();
            for line in &mut hits.lines {
                let there = line.number.checked_sub(1).and_then(|at| all.get(at));
                line.is_whole = there.is_some_and(|there| *there == line.text);
            }
        }
        let real = self.below.name_of(file.path.as_str());
        Ok(FileHits {
            path: self.below.name_of(path),
            version: (!is_secret(&file.path)).then_some((real, file.hash)),
            ..hits
        })
    }

    fn search_text(&self, searcher: &mut Searcher, text: &str) -> FileHits {
        let mut collector = Collector {
            grep: self,
            hits: FileHits::default(),
        };
        // A slice in memory can always be read.
        let _ = searcher.search_slice(&self.matcher, text.as_bytes(), &mut collector);
        collector.hits
    }

    /// A line, if it is long the part with the match.
    fn shorten(&self, line: &str) -> String {
        if line.chars().count() <= render::WIDEST {
            return line.to_owned();
        }
        let coarse = self.part_with_match(line, 0..line.len(), COARSE);
        let part = coarse.and_then(|coarse| self.part_with_match(line, coarse, AROUND));
        let Some(part) = part else {
            return render::narrow(line, render::WIDEST).into_owned();
        };
        let before = line[..part.start].chars().count();
        let after = line[part.end..].chars().count();
        let part = &line[part];
        format!("… {before} characters left out …{part}… {after} left out …")
    }

    /// The first part of a length within a range of a line that matches by itself.
    fn part_with_match(
        &self,
        line: &str,
        within: Range<usize>,
        length: usize,
    ) -> Option<Range<usize>> {
        let mut searcher = SearcherBuilder::new().line_number(false).build();
        let mut start = within.start;
        while start < within.end {
            let end = line.floor_char_boundary(within.end.min(start + length));
            let mut found = AnyMatch(false);
            let part = &line.as_bytes()[start..end];
            let searched = searcher.search_slice(&self.matcher, part, &mut found);
            if searched.is_ok() && found.0 {
                return Some(start..end);
            }
            // They overlap, so that a match is not missed where two of them meet.
            start = line.ceil_char_boundary(start + length / 2);
        }
        None
    }
}

/// What was found in a file, or why it was not searched.
type Searched = Result<FileHits, &'static str>;

#[cfg(test)]
mod tests;
