//! `ollacode search`.

use std::io::{self, BufRead, Read, Write};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Error;
use ollacode_indexer::{
    Embedder, Freshness, IndexError, IndexEvent, RefreshOptions, SearchRequest, SearchResults,
};

use super::args::SearchArguments;
use super::failure::failure;
use super::progress::IndexProgress;
use super::style::counted;
use super::{CommandEnd, confirm, hits, note, print, print_json};
use crate::app::{App, SearchModelError};
use crate::frontends::wire::{SearchAnswer, SearchFailure};
use crate::model::http::ServerError;

pub async fn run(app: &App, arguments: &SearchArguments) -> Result<CommandEnd, Error> {
    make_index(app).await?;
    let searcher = SearchCommand {
        app,
        arguments,
        embedder: embedder(app).await?,
    };
    let end = searcher.answer_all().await?;
    finish_mending(app).await;
    Ok(end)
}

/// Waits until what could not be read is mended. The answer was given before.
async fn finish_mending(app: &App) {
    match app.index.finish_mending().await {
        Ok(mended) => mended.iter().for_each(|text| note(text)),
        Err(error) => note(&format!(
            "the index could not be mended: {:#}",
            Error::from(error)
        )),
    }
}

/// Maximum query length in bytes.
const LONGEST_QUERY: u64 = 64 << 10;

/// The next query from stdin. Invalid UTF-8 becomes `�`: a bad line does not stop the rest.
async fn next_line() -> Result<Option<String>, Error> {
    let line = tokio::task::spawn_blocking(|| {
        let mut line = Vec::new();
        let mut input = io::stdin().lock().take(LONGEST_QUERY);
        let read = input.read_until(b'\n', &mut line)?;
        Ok::<_, io::Error>((read > 0).then_some(line))
    });
    let line = line.await??;
    Ok(line.map(|line| {
        String::from_utf8_lossy(&line)
            .trim_end_matches(['\n', '\r'])
            .to_owned()
    }))
}

/// The first search of a workspace builds the lexical index, which takes seconds.
pub(super) async fn make_index(app: &App) -> Result<(), Error> {
    if app.index.exists() {
        return Ok(());
    }
    if app.needs_confirmation() {
        let root = app.workspace.root.display();
        let question = format!("{root} is not a project folder. Index all of it?");
        anyhow::ensure!(
            confirm::confirmed(&question)?,
            "{root} is not indexed and not a project folder; run `ollacode index --yes` to index all of it"
        );
    }
    note(&format!(
        "indexing {} (first search)",
        app.workspace.root.display()
    ));
    let progress = IndexProgress::new();
    app.index
        .refresh(&RefreshOptions::default(), &|event| progress.show(event))
        .await?;
    Ok(())
}

/// The model for queries; without a server a search is lexical only, and a note says so.
async fn embedder(app: &App) -> Result<Option<Arc<dyn Embedder>>, Error> {
    match app.searching_embedder().await {
        Ok(embedder) => Ok(embedder),
        Err(SearchModelError::Server(error @ ServerError::Offline { .. })) => Err(error.into()),
        Err(SearchModelError::Server(error)) => {
            let hint = error
                .hint()
                .map(|hint| format!("; {hint}"))
                .unwrap_or_default();
            note(&format!("lexical search only: {error}{hint}"));
            Ok(None)
        }
        Err(SearchModelError::Index(error)) => Err(error.into()),
    }
}

struct SearchCommand<'a> {
    app: &'a App,
    arguments: &'a SearchArguments,
    embedder: Option<Arc<dyn Embedder>>,
}

impl SearchCommand<'_> {
    async fn answer_all(&self) -> Result<CommandEnd, Error> {
        if let Some(query) = self.arguments.query() {
            return self.answer(&query).await;
        }
        let mut failed = false;
        while let Some(line) = next_line().await? {
            failed |= self.answer(&line).await? == CommandEnd::Bad;
        }
        Ok(if failed {
            CommandEnd::Bad
        } else {
            CommandEnd::Good
        })
    }

    async fn answer(&self, query: &str) -> Result<CommandEnd, Error> {
        let started = Instant::now();
        let answer = self.search(query).await;
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match answer {
            Ok(answer) if self.arguments.json => {
                let model = self
                    .embedder
                    .as_ref()
                    .map(|embedder| embedder.model().name.as_str());
                let explain = self.arguments.explain;
                print_json(&SearchAnswer::new(query, took_ms, &answer, model, explain))?;
                Ok(CommandEnd::Good)
            }
            Ok(answer) => {
                self.print(query, &answer)?;
                Ok(CommandEnd::Good)
            }
            // One failed query does not stop the others.
            Err(error) if self.arguments.json && self.arguments.stdin => {
                let failure = failure(&error.into());
                print_json(&SearchFailure::new(Some(query), &failure))?;
                Ok(CommandEnd::Bad)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn search(&self, query: &str) -> Result<SearchResults, IndexError> {
        let request = SearchRequest {
            query: query.to_owned(),
            also: self.arguments.also.clone(),
            limit: usize::from(self.arguments.limit),
            globs: self.arguments.path.clone(),
            languages: self.arguments.lang.clone(),
            freshness: if self.arguments.no_refresh {
                Freshness::Trust
            } else {
                Freshness::Refresh
            },
        };
        let embedder = self.embedder.as_deref();
        let progress = IndexProgress::new();
        let show = |event: IndexEvent| progress.show(event);
        let mut answer = self.app.index.search(&request, embedder, &show).await?;
        // This process ends with its answer, so the rest is for the next ones.
        answer.notes.extend(answer.behind.words().map(|words| {
            format!("{words}; each search takes in some of them, `ollacode index` all")
        }));
        for text in &answer.notes {
            note(text);
        }
        Ok(answer)
    }

    fn print(&self, query: &str, answer: &SearchResults) -> Result<(), Error> {
        print(|out| {
            if self.arguments.stdin {
                writeln!(out, "# {}", super::style::visible_name(query))?;
            }
            hits::write(out, query, &answer.hits, self.arguments.explain)?;
            if self.arguments.stdin {
                writeln!(out)?;
            }
            Ok(())
        })?;
        if answer.hits.is_empty() {
            say_nothing_found(answer);
        }
        Ok(())
    }
}

/// Says how many files were searched, and what was not.
fn say_nothing_found(answer: &SearchResults) {
    let files = counted(answer.counts.files, "file");
    note(&format!("no hits in {files}"));
    let Some(unsearched) = &answer.unsearched else {
        return;
    };
    for sentence in unsearched.sentences() {
        note(&sentence);
    }
    if !unsearched.skipped.is_empty() || !unsearched.left_out.is_empty() {
        note("`ollacode index --skipped` lists the files that are not indexed, and why");
    }
}
