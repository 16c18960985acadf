//! Search: from a question to ranked hits, each of which is checked against its file.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::FutureExt;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ollacode_store::{Catalog, CatalogStamp, Counts, Filter, StoreError};

use crate::embed::Embedder;
use crate::error::IndexError;
use crate::folder::Folder;
use crate::index::{CachedCounts, Index, IndexFuture, blocking};
use crate::language::languages_named;
use crate::mention::{Mentioned, mentions, resolve};
use crate::overlay::Overlay;
use crate::progress::Events;
use crate::query::Query;
use crate::rank::{Ranked, fused};
use crate::refresh::{LockWait, RefreshOptions};
use crate::retrievers::{IndexSearch, RetrieverResults, query_vectors};
use crate::unsearched::Unsearched;

/// How long a search waits for a writer before it reads changed files itself.
const PATIENCE: Duration = Duration::from_millis(150);
/// Rounds in which stale hits are replaced. A file that changes more often than that is dropped.
const ROUNDS: usize = 3;

/// Greater than any limit on the size of files that can be set, in bytes.
const MOST_READ: u64 = (1 << 30) + (1 << 20);

/// A search request.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// A question, a few words, or a symbol.
    pub query: String,
    /// The same in other words: each is searched for, and the hits of all are fused.
    pub also: Vec<String>,
    /// The greatest number of hits.
    pub limit: usize,
    /// Globs on the path, one of which must match; empty for all files.
    pub globs: Vec<String>,
    /// Names of languages; empty for all languages.
    pub languages: Vec<String>,
    /// Whether to index changed files first.
    pub freshness: Freshness,
}

/// Whether a search indexes changed files first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Compare every file's size and times with the index, and index what differs.
    Refresh,
    /// Rely on a watcher. Hits are still checked against their files.
    Trust,
}

/// The retrievers that an answer is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SearchMode {
    /// Full text, symbols and vectors.
    Hybrid,
    /// Full text and symbols only.
    Lexical,
}

impl SearchMode {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            SearchMode::Hybrid => "hybrid",
            SearchMode::Lexical => "lexical",
        }
    }
}

/// The answer to a search request.
#[derive(Clone, Debug)]
pub struct SearchResults {
    /// The retrievers that were used.
    pub mode: SearchMode,
    /// Numbers of files and chunks in the index.
    pub counts: Counts,
    /// The hits, best first.
    pub hits: Vec<Ranked>,
    /// Notes for the user: why there are no vectors, what could not be refreshed.
    pub notes: Vec<String>,
    /// What was not searched, if there are no hits.
    pub unsearched: Option<Unsearched>,
}

impl Index {
    /// Answers a search request.
    ///
    /// Indexes changed files first, unless told to trust the index. While another process holds
    /// the lock, changed files are chunked and searched in memory.
    ///
    /// # Errors
    /// [`IndexError::UnknownLanguage`] and [`IndexError::BadGlob`] for filters, else what the store
    /// fails with. Without a working embedder the search is lexical, and a note says why.
    pub fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        embedder: Option<&'a dyn Embedder>,
        events: Events<'a>,
    ) -> IndexFuture<'a, SearchResults> {
        async move {
            let mut answer = self.search_one(request, embedder, events).await?;
            let mut others = Vec::new();
            for query in &request.also {
                let other = SearchRequest {
                    query: query.clone(),
                    also: Vec::new(),
                    // Changed files were looked for just now.
                    freshness: Freshness::Trust,
                    ..request.clone()
                };
                let found = self.search_one(&other, embedder, events).await?;
                answer.notes.extend(found.notes);
                others.push(found.hits);
            }
            if !others.is_empty() {
                let first = std::mem::take(&mut answer.hits);
                answer.hits = fused([first].into_iter().chain(others), request.limit);
                if !answer.hits.is_empty() {
                    answer.unsearched = None;
                }
                answer.notes.dedup();
            }
            Ok(answer)
        }
        .boxed()
    }

    fn search_one<'a>(
        &'a self,
        request: &'a SearchRequest,
        embedder: Option<&'a dyn Embedder>,
        events: Events<'a>,
    ) -> IndexFuture<'a, SearchResults> {
        async move {
            let mut was_in_vain = false;
            for _ in 0..ROUNDS {
                match self.search_once(request, embedder, events).await {
                    // Whether a failed read means damage is found out while holding the lock. A
                    // version that was removed meanwhile is none.
                    Err(IndexError::Store(error)) if self.may_recover(&error) => {
                        let has_recovered = self.recover(events).await?;
                        if !has_recovered && std::mem::replace(&mut was_in_vain, true) {
                            return Err(error.into());
                        }
                    }
                    // What was read belongs to an older generation of the index.
                    Err(IndexError::StaleGeneration) => {}
                    other => return other,
                }
            }
            self.search_once(request, embedder, events).await
        }
        .boxed()
    }

    async fn search_once(
        &self,
        request: &SearchRequest,
        embedder: Option<&dyn Embedder>,
        events: Events<'_>,
    ) -> Result<SearchResults, IndexError> {
        let mut notes = Vec::new();
        let query = Query::parse(&request.query);
        let taking_in = async {
            match request.freshness {
                Freshness::Refresh => self.take_in_changes(events, &mut notes).await,
                Freshness::Trust => Ok(Overlay::default()),
            }
        };
        // Before the snapshot, which may be removed while a slow model works.
        let (overlay, vector) = tokio::join!(taking_in, query_vectors(&query, embedder));
        let mut overlay = overlay?;
        let vector = vector.unwrap_or_else(|error| {
            notes.push(format!("lexical search only: {error}"));
            None
        });
        notes.extend(vector.as_ref().and_then(|vectors| vectors.note.clone()));
        let fingerprint = embedder.map(|embedder| embedder.model().fingerprint());
        let (generation, store) = self.generation_and_store().await?;
        let mut searcher = IndexSearch {
            chunks: store.snapshot().await?,
            store,
            filter: self.filter(request, &overlay).await?,
            mentioned: self.mentioned(&query, &overlay).await?,
            query,
            limit: request.limit,
            unread_later: AtomicBool::new(false),
        };
        let counts = self
            .status_counts(fingerprint.as_deref().unwrap_or_default())
            .await?;
        if let Some(embedder) = embedder
            && vector.is_some()
            && counts.embedded == 0
        {
            notes.extend(self.missing_vectors(embedder).await?);
        }
        let results = searcher
            .run_retrievers(vector.filter(|_| counts.embedded > 0))
            .await?;
        // A commit since the rows were read may have moved them.
        let moved = searcher.store.version().await? != searcher.chunks.version();
        // What could not be read may have been removed by that commit.
        if moved && !results.unread.is_empty() {
            return Err(IndexError::StaleGeneration);
        }
        let hits = self
            .fresh_hits(&searcher, &results, &mut overlay, moved)
            .await?;
        let unsearched = match hits.as_slice() {
            [] => Some(self.unsearched(request, &overlay).await?),
            _ => None,
        };
        if self.generation().await? != generation {
            return Err(IndexError::StaleGeneration);
        }
        notes.extend(self.mend_unread(&searcher, &results.unread));
        Ok(SearchResults {
            mode: if results.dense.is_some() {
                SearchMode::Hybrid
            } else {
                SearchMode::Lexical
            },
            counts,
            hits,
            notes,
            unsearched,
        })
    }

    /// A note for an index that has vectors, but none of this model.
    async fn missing_vectors(&self, embedder: &dyn Embedder) -> Result<Option<String>, IndexError> {
        Ok(self.has_vectors().await?.then(|| {
            format!(
                "lexical search only: the index has no vectors of the current `{}`; \
                 run `ollacode index` to create them",
                embedder.model().name
            )
        }))
    }

    /// The best hits, all of which agree with their files.
    async fn fresh_hits(
        &self,
        searcher: &IndexSearch,
        results: &RetrieverResults,
        overlay: &mut Overlay,
        moved: bool,
    ) -> Result<Vec<Ranked>, IndexError> {
        for _ in 0..ROUNDS {
            let hits = searcher.ranked(results, overlay).await?;
            let stale = self.stale_paths(&hits, overlay, moved).await?;
            if stale.is_empty() {
                return Ok(hits);
            }
            overlay.read(self, stale).await?;
        }
        let mut hits = searcher.ranked(results, overlay).await?;
        let stale = self.stale_paths(&hits, overlay, moved).await?;
        hits.retain(|hit| !stale.contains(&hit.chunk.path));
        Ok(hits)
    }

    /// Refreshes the index, or reads changed files into memory while another process writes.
    pub(crate) async fn take_in_changes(
        &self,
        events: Events<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Overlay, IndexError> {
        let found = self.pending().await?;
        let mut overlay = Overlay::default();
        if let [first, others @ ..] = found.unread.as_slice() {
            let others = match others.len() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            let first = if first.is_empty() { "." } else { first };
            notes.push(format!(
                "`{first}`{others} cannot be read, so what is in it is not shown"
            ));
        }
        if found.is_empty() {
            return Ok(overlay);
        }
        let how = RefreshOptions {
            wait: LockWait::UpTo(PATIENCE),
            ..RefreshOptions::default()
        };
        match self.refresh_as_it_is(&how, events).await {
            Ok(_) => Ok(overlay),
            // A process that cannot write can still read changed files.
            Err(
                error @ (IndexError::Busy
                | IndexError::Store(
                    StoreError::DiskFull { .. } | StoreError::Io { .. } | StoreError::Lance(_),
                )),
            ) => {
                self.mend_after(&error);
                let paths = found.tasks.into_iter().map(|task| task.entry.path);
                let left_out = overlay
                    .read_some(self, found.removed, paths.collect())
                    .await?;
                if left_out > 0 {
                    notes.push(format!(
                        "{error}; {left_out} changed files are not searched yet"
                    ));
                } else if !matches!(error, IndexError::Busy) {
                    notes.push(error.to_string());
                }
                Ok(overlay)
            }
            Err(error @ IndexError::NothingFound { .. }) => {
                notes.push(error.to_string());
                Ok(overlay)
            }
            Err(error) => Err(error),
        }
    }

    async fn status_counts(&self, fingerprint: &str) -> Result<Counts, IndexError> {
        // Before the count, so that concurrent writes are counted next time.
        let stamp = CatalogStamp::of(self.folder());
        if let Some(known) = self.counted.lock().as_ref()
            && known.stamp == stamp
            && known.fingerprint == fingerprint
        {
            return Ok(known.counts);
        }
        let (folder, asked) = (self.folder().to_owned(), fingerprint.to_owned());
        let counts =
            blocking(move || Ok(Catalog::open_read_only(&folder)?.counts(&asked)?)).await?;
        *self.counted.lock() = Some(CachedCounts {
            stamp,
            fingerprint: fingerprint.to_owned(),
            counts,
        });
        Ok(counts)
    }

    async fn filter(
        &self,
        request: &SearchRequest,
        overlay: &Overlay,
    ) -> Result<Filter, IndexError> {
        let mut filter = Filter::default();
        for name in &request.languages {
            let named = languages_named(name);
            if named.is_empty() {
                return Err(IndexError::UnknownLanguage(name.clone()));
            }
            filter
                .languages
                .extend(named.into_iter().map(str::to_owned));
        }
        if request.globs.is_empty() {
            return Ok(filter);
        }
        let globs = globs(&request.globs)?;
        let folder = self.folder().to_owned();
        let mut paths: BTreeSet<String> =
            blocking(move || Ok(Catalog::open_read_only(&folder)?.indexed_paths()?))
                .await?
                .into_iter()
                .collect();
        paths.extend(overlay.paths().map(str::to_owned));
        filter.paths = Some(
            paths
                .into_iter()
                .filter(|path| globs.is_match(path))
                .collect(),
        );
        Ok(filter)
    }

    /// The files that a query names. Asks for the list of all files only if it names one.
    async fn mentioned(
        &self,
        query: &Query,
        overlay: &Overlay,
    ) -> Result<Vec<Mentioned>, IndexError> {
        let mentions = mentions(&query.text);
        if mentions.is_empty() {
            return Ok(Vec::new());
        }
        let folder = self.folder().to_owned();
        let paths =
            blocking(move || Ok(Catalog::open_read_only(&folder)?.indexed_paths()?)).await?;
        let indexed = paths.iter().map(String::as_str);
        let unchanged = indexed.filter(|path| !overlay.covers(path));
        Ok(resolve(&mentions, unchanged.chain(overlay.paths())))
    }

    /// The paths among the hits whose files differ from the index.
    async fn stale_paths(
        &self,
        hits: &[Ranked],
        overlay: &Overlay,
        moved: bool,
    ) -> Result<BTreeSet<String>, IndexError> {
        let paths: BTreeSet<String> = hits
            .iter()
            .map(|hit| hit.chunk.path.clone())
            .filter(|path| !overlay.covers(path))
            .collect();
        if moved {
            return Ok(paths);
        }
        let (root, folder) = (self.open_root()?, self.folder().to_owned());
        blocking(move || {
            let state = Catalog::open_read_only(&folder)?;
            let mut stale = BTreeSet::new();
            for path in paths {
                let recorded = state.file_hash(&path)?;
                if recorded.is_none() || recorded != hash_of(&root, &path) {
                    stale.insert(path);
                }
            }
            Ok(stale)
        })
        .await
    }
}

fn hash_of(root: &Folder, path: &str) -> Option<[u8; 16]> {
    let bytes = root.read(path, MOST_READ).ok()?;
    Some(crate::prepare::hash(&bytes))
}

/// Compiles globs as people type them: `src` and `src/` match what is below, `*.rs` in any folder.
pub(crate) fn globs(patterns: &[String]) -> Result<GlobSet, IndexError> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let trimmed = pattern.trim_start_matches("./").trim_end_matches('/');
        let anywhere = if trimmed.contains('/') {
            trimmed.to_owned()
        } else {
            format!("**/{trimmed}")
        };
        for text in [anywhere.clone(), format!("{anywhere}/**")] {
            let glob = GlobBuilder::new(&text)
                .literal_separator(true)
                .build()
                .map_err(|source| IndexError::BadGlob {
                    pattern: pattern.clone(),
                    source,
                })?;
            set.add(glob);
        }
    }
    set.build().map_err(|source| IndexError::BadGlob {
        pattern: patterns.join(" "),
        source,
    })
}
