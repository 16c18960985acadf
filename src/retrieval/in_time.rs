//! Search for callers that must have an answer soon: what takes longer is done without, and said.

use std::sync::Arc;
use std::time::Duration;

use ollacode_indexer::{
    Embedder, Events, FileGraph, Freshness, IndexError, IndexEvent, SearchRequest, SearchResults,
};
use tokio::time::timeout;

use super::{CodeIndex, not_indexed};
use crate::allocator;

/// What a caller is told whose answer does not have the newest changes.
const CHANGES_MISSING: &str =
    "files that changed just now may be missing: ask again in a few seconds";

/// How long the parts of a search may take.
#[derive(Clone)]
pub struct SearchPace {
    /// Most time for finding changed files and indexing some of them first, with the search. A
    /// search limits itself, but in a large folder files are long looked for.
    pub changes: Duration,
    /// Whether the files are still being compared with the index for the first time: then what there
    /// is is searched, since indexing the rest takes too long.
    pub is_behind: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl CodeIndex {
    /// The same index, searched in time.
    #[must_use]
    pub fn paced(self, pace: SearchPace) -> CodeIndex {
        CodeIndex {
            pace: Some(pace),
            ..self
        }
    }

    /// Searches without waiting for a first index. The embedding model is asked for as long as its
    /// source waits for it.
    pub(super) async fn search_in_time(
        &self,
        request: &SearchRequest,
        pace: &SearchPace,
    ) -> Result<SearchResults, IndexError> {
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
        let quiet = |_: IndexEvent| {};
        let trusting = SearchRequest {
            freshness: Freshness::Trust,
            ..request.clone()
        };
        let mut fresh = None;
        if !(pace.is_behind)() {
            let searching = self.index.search(request, embedder, &quiet);
            fresh = timeout(pace.changes, searching).await.ok();
        }
        let is_fresh = fresh.is_some();
        let answer = match fresh {
            Some(answer) => answer,
            None => self.index.search(&trusting, embedder, &quiet).await,
        };
        allocator::release_when_idle();
        let mut answer = answer?;
        answer.notes.extend(note);
        if !is_fresh && !(pace.is_behind)() {
            answer.notes.push(CHANGES_MISSING.to_owned());
        }
        Ok(self.checked(answer))
    }

    pub(super) async fn graph_in_time(
        &self,
        pace: &SearchPace,
        events: Events<'_>,
    ) -> Result<(Arc<FileGraph>, Vec<String>), IndexError> {
        let is_behind = (pace.is_behind)();
        if !is_behind {
            let fresh = self.index.graph_with_notes(Freshness::Refresh, events);
            if let Ok(found) = timeout(pace.changes, fresh).await {
                return found;
            }
        }
        let trusted = self.index.graph_with_notes(Freshness::Trust, events);
        let (graph, mut notes) = trusted.await?;
        if !is_behind {
            notes.push(CHANGES_MISSING.to_owned());
        }
        Ok((graph, notes))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;
    use futures::future::BoxFuture;
    use ollacode_indexer::walk::WalkLimits;
    use ollacode_indexer::{Behind, Index, RefreshOptions};

    use super::*;
    use crate::retrieval::EmbedderSource;

    struct WordsOnly;

    impl EmbedderSource for WordsOnly {
        fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
            async { Err("no model here".to_owned()) }.boxed()
        }
    }

    fn code(top: &Path, changes: Duration, is_behind: bool) -> CodeIndex {
        let index = Index::new(top.join("work"), top.join("index"), WalkLimits::default());
        let code = CodeIndex::new(index, Arc::new(WordsOnly), Arc::default());
        code.paced(SearchPace {
            changes,
            is_behind: Arc::new(move || is_behind),
        })
    }

    async fn found(code: &CodeIndex, query: &str) -> (Vec<String>, Vec<String>) {
        let request = SearchRequest {
            query: query.to_owned(),
            also: Vec::new(),
            limit: 5,
            globs: Vec::new(),
            languages: Vec::new(),
            freshness: Freshness::Refresh,
        };
        let answer = code.search(&request).await.expect("an answer");
        let paths = answer.hits.into_iter().map(|hit| hit.chunk.path);
        (paths.collect(), answer.notes)
    }

    /// Counts how often it is asked to catch up.
    #[derive(Default)]
    struct CatchingUp(AtomicUsize);

    impl EmbedderSource for CatchingUp {
        fn embedder(&self) -> BoxFuture<'_, Result<Option<Arc<dyn Embedder>>, String>> {
            async { Ok(None) }.boxed()
        }

        fn catch_up(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn what_a_search_left_is_caught_up_with_and_said() {
        let source = Arc::new(CatchingUp::default());
        let index = Index::new("/nowhere", "/nowhere", WalkLimits::default());
        let code = CodeIndex::new(
            index,
            Arc::clone(&source) as Arc<dyn EmbedderSource>,
            Arc::default(),
        );
        let notes = |changed, outdated| {
            let answer = SearchResults {
                behind: Behind { changed, outdated },
                notes: Vec::new(),
                ..not_indexed()
            };
            code.checked(answer).notes
        };
        assert_eq!(notes(0, 0), [""; 0]);
        assert_eq!(source.0.load(Ordering::SeqCst), 0);
        // What older rules chunked is found, so nothing is missing.
        assert_eq!(notes(0, 7), [""; 0]);
        assert_eq!(source.0.load(Ordering::SeqCst), 1);
        assert_eq!(
            notes(1, 7),
            [
                "1 changed file is not searched yet; the index is being brought up to date: search \
              again in a few seconds"
            ]
        );
        assert_eq!(source.0.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_done_without_and_said() {
        let folder = tempfile::tempdir().expect("a folder");
        let top = folder.path().canonicalize().expect("a folder");
        fs::create_dir(top.join("work")).expect("a folder");
        let write = |name: &str, text: &str| {
            fs::write(top.join("work").join(name), text).expect("a file");
        };
        let minute = Duration::from_secs(60);
        let (paths, notes) = found(&code(&top, minute, false), "first_name").await;
        assert!(paths.is_empty(), "{paths:?}");
        assert_eq!(notes, ["this folder is not indexed yet"]);
        write("a.rs", "fn first_name() {}\n");
        let how = RefreshOptions::default();
        let whole = code(&top, minute, false);
        let refreshed = whole.index().refresh(&how, &|_| {}).await;
        refreshed.expect("an index");
        write("b.rs", "fn second_name() {}\n");
        let lexical = "lexical search only: no model here";
        for is_behind in [true, false] {
            let hurried = code(&top, Duration::ZERO, is_behind);
            let (paths, notes) = found(&hurried, "first_name").await;
            assert_eq!(paths, ["a.rs"]);
            assert!(notes.contains(&lexical.to_owned()), "{notes:?}");
            assert_eq!(notes.contains(&CHANGES_MISSING.to_owned()), !is_behind);
            let (paths, _) = found(&hurried, "second_name").await;
            assert!(!paths.contains(&"b.rs".to_owned()), "{paths:?}");
            let graph = hurried.files(&|_| {}).await.expect("a graph");
            let (files, _) = graph.expect("an index");
            assert_eq!(files.ids().count(), 1);
        }
        let (paths, notes) = found(&whole, "second_name").await;
        assert_eq!(paths.first().map(String::as_str), Some("b.rs"));
        assert_eq!(notes, [lexical]);
        let graph = whole.files(&|_| {}).await.expect("a graph");
        assert_eq!(graph.expect("an index").0.ids().count(), 2);
    }
}
