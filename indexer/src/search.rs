//! Search: from a question to ranked hits, each of which is checked against its file.

use std::collections::BTreeSet;

use futures::FutureExt;
use ollacode_store::{CatalogStamp, Counts, Filter, PathSet, RecordedContent};

use crate::decode::decode;
use crate::dense::query_vectors;
use crate::embed::Embedder;
use crate::error::IndexError;
use crate::folder::Folder;
use crate::globs::{beginning, globs};
use crate::index::{CachedCounts, Index, IndexFuture};
use crate::language::languages_named;
use crate::mention::{Mentioned, mentions, resolve};
use crate::overlay::Overlay;
use crate::prepare::Redactor;
use crate::progress::Events;
use crate::query::Query;
use crate::rank::{Ranked, fused};
use crate::reconcile::SharedCatalog;
use crate::retrievers::{FETCHED, IndexSearch, RetrieverResults, text_query};
use crate::rules::CHUNK_RULES;
use crate::take_in::{Behind, TakenIn};
use crate::unsearched::Unsearched;
use crate::without::{guarded, look_up};
use ollacode_secrets::redact;

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
    /// Compare every file's size and times with the index, and index what differs: all of it if
    /// that takes less than a moment, else what matters most to the query.
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
    fn of(results: &RetrieverResults) -> SearchMode {
        match results.dense {
            Some(_) => SearchMode::Hybrid,
            None => SearchMode::Lexical,
        }
    }

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
    /// The changed files that the search could not take in, for a refresh to follow.
    pub behind: Behind,
}

impl Index {
    /// Answers a search request.
    ///
    /// Indexes changed files first, unless told to trust the index: as many as a moment is enough
    /// for, those that the query names first. While another process holds the lock, they are
    /// chunked and searched in memory. The answer says how many are left.
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
            let (mut answer, overlay) = self.search_one(request, None, embedder, events).await?;
            let mut others = Vec::new();
            for query in &request.also {
                let other = SearchRequest {
                    query: query.clone(),
                    also: Vec::new(),
                    // Changed files were looked for just now; those that are not in the index are
                    // searched beside it, for each query.
                    freshness: Freshness::Trust,
                    ..request.clone()
                };
                let (found, _) = self
                    .search_one(&other, Some(&overlay), embedder, events)
                    .await?;
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

    /// Answers one query; also returns the files that are not in the index as they are. `known` are
    /// those that another query of the same request has found.
    fn search_one<'a>(
        &'a self,
        request: &'a SearchRequest,
        known: Option<&'a Overlay>,
        embedder: Option<&'a dyn Embedder>,
        events: Events<'a>,
    ) -> IndexFuture<'a, (SearchResults, Overlay)> {
        async move {
            let mut was_in_vain = false;
            for _ in 0..ROUNDS {
                match self.search_once(request, known, embedder, events).await {
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
            self.search_once(request, known, embedder, events).await
        }
        .boxed()
    }

    async fn search_once(
        &self,
        request: &SearchRequest,
        known: Option<&Overlay>,
        embedder: Option<&dyn Embedder>,
        events: Events<'_>,
    ) -> Result<(SearchResults, Overlay), IndexError> {
        let mut notes = Vec::new();
        let query = Query::parse(&request.query);
        let taking_in = self.take_in_for(request.freshness, &query, events, &mut notes);
        // Before the snapshot, which may be removed while a slow model works.
        let reading = self.read_ahead(request, &query);
        let (taken_in, vector, ()) =
            tokio::join!(taking_in, query_vectors(&query, embedder), reading);
        let TakenIn { overlay, behind } = taken_in?;
        let mut overlay = known.cloned().unwrap_or(overlay);
        let vector = vector.unwrap_or_else(|error| {
            notes.push(format!("lexical search only: {error}"));
            None
        });
        notes.extend(vector.as_ref().and_then(|vectors| vectors.note.clone()));
        let fingerprint = embedder.map(|embedder| embedder.model().fingerprint());
        let stamp = CatalogStamp::of(self.folder());
        let catalog = SharedCatalog::open_read_only(self.folder()).await?;
        let generation = catalog.run(|catalog| catalog.generation()).await?;
        let store = self.store_of(&generation).await?;
        let mut searcher = IndexSearch {
            chunks: guarded(look_up(store.snapshot())).await?,
            store,
            filter: filter(&catalog, request, &overlay).await?,
            mentioned: mentioned(&catalog, &query, &overlay).await?,
            emptied: overlay.emptied(),
            query,
            limit: request.limit,
        };
        let counts = self
            .status_counts(&catalog, stamp, fingerprint.as_deref().unwrap_or_default())
            .await?;
        if let Some(embedder) = embedder.filter(|_| vector.is_some() && counts.embedded == 0) {
            notes.extend(self.missing_vectors(embedder).await?);
        }
        let results = searcher
            .run_retrievers(vector.filter(|_| counts.embedded > 0))
            .await?;
        // Before rows are read that a commit may have removed.
        have_moved(&searcher, &results).await?;
        let hits = self
            .fresh_hits(&catalog, &searcher, &results, &mut overlay)
            .await?;
        let unsearched = match hits.as_slice() {
            [] => Some(self.unsearched(request, &overlay).await?),
            _ => None,
        };
        // Read again from the file that is there now.
        if self.generation().await? != generation {
            return Err(IndexError::StaleGeneration);
        }
        notes.extend(self.mend_unread(&searcher.chunks, &results.unread));
        let answer = SearchResults {
            mode: SearchMode::of(&results),
            counts,
            hits,
            notes,
            unsearched,
            behind,
        };
        Ok((answer, overlay))
    }

    /// Reads what the first search of a process needs of the index while files are compared: most of it is
    /// waiting. What cannot be read is told by the search.
    async fn read_ahead(&self, request: &SearchRequest, query: &Query) {
        if request.freshness == Freshness::Trust || self.reader.lock().await.is_some() {
            return;
        }
        if let Ok(store) = self.store().await
            && let Ok(chunks) = store.snapshot().await
        {
            let (text, everything) = (text_query(query), Filter::default());
            let found = look_up(chunks.search_text(&text, FETCHED, &everything));
            let _ = guarded(found).await;
        }
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
        catalog: &SharedCatalog,
        searcher: &IndexSearch,
        results: &RetrieverResults,
        overlay: &mut Overlay,
    ) -> Result<Vec<Ranked>, IndexError> {
        for _ in 0..ROUNDS {
            let hits = searcher.ranked(results, overlay).await?;
            let stale = self.stale_paths(catalog, searcher, results, &hits, overlay);
            let stale = stale.await?;
            if stale.is_empty() {
                return Ok(hits);
            }
            overlay.read(self, stale).await?;
        }
        let mut hits = searcher.ranked(results, overlay).await?;
        let stale = self.stale_paths(catalog, searcher, results, &hits, overlay);
        let stale = stale.await?;
        hits.retain(|hit| !stale.contains(&hit.chunk.path));
        Ok(hits)
    }

    /// The counts of the catalog, which was opened after the stamp was taken: what is written meanwhile
    /// is counted next time.
    async fn status_counts(
        &self,
        catalog: &SharedCatalog,
        stamp: CatalogStamp,
        fingerprint: &str,
    ) -> Result<Counts, IndexError> {
        if let Some(known) = self.counted.lock().as_ref()
            && known.stamp == stamp
            && known.fingerprint == fingerprint
        {
            return Ok(known.counts);
        }
        let asked = fingerprint.to_owned();
        let counts = catalog.run(move |catalog| catalog.counts(&asked)).await?;
        *self.counted.lock() = Some(CachedCounts {
            stamp,
            fingerprint: fingerprint.to_owned(),
            counts,
        });
        Ok(counts)
    }

    /// The paths among the hits whose files differ from the index.
    async fn stale_paths(
        &self,
        catalog: &SharedCatalog,
        searcher: &IndexSearch,
        results: &RetrieverResults,
        hits: &[Ranked],
        overlay: &Overlay,
    ) -> Result<BTreeSet<String>, IndexError> {
        let paths: BTreeSet<String> = hits
            .iter()
            .map(|hit| hit.chunk.path.clone())
            .filter(|path| !overlay.covers(path))
            .collect();
        let (asked, root, redactor) = (paths.clone(), self.open_root()?, self.redactor());
        let stale: BTreeSet<String> = catalog
            .run(move |catalog| {
                let recorded = catalog.contents(&asked)?;
                let is_stale = |path: &&String| {
                    let recorded = recorded.get(path.as_str());
                    !recorded
                        .is_some_and(|recorded| holds(recorded, &root, path, redactor.as_ref()))
                };
                Ok(asked.iter().filter(is_stale).cloned().collect())
            })
            .await?;
        // Asked last: what was recorded may be of a commit that came after the rows were read.
        Ok(match have_moved(searcher, results).await? {
            true => paths,
            false => stale,
        })
    }
}

async fn filter(
    catalog: &SharedCatalog,
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
    let (globs, begin) = (globs(&request.globs)?, beginning(&request.globs));
    let indexed = catalog.run(move |catalog| catalog.indexed_paths_from(&begin));
    let mut paths: BTreeSet<String> = indexed.await?.into_iter().collect();
    paths.extend(overlay.paths().map(str::to_owned));
    filter.paths = Some(PathSet::among(paths, |path| globs.is_match(path)));
    Ok(filter)
}

/// The files that a query names. Asks for the list of all files only if it names one.
async fn mentioned(
    catalog: &SharedCatalog,
    query: &Query,
    overlay: &Overlay,
) -> Result<Vec<Mentioned>, IndexError> {
    let mentions = mentions(&query.text);
    if mentions.is_empty() {
        return Ok(Vec::new());
    }
    let paths = catalog.run(|catalog| catalog.indexed_paths()).await?;
    let indexed = paths.iter().map(String::as_str);
    let unchanged = indexed.filter(|path| !overlay.covers(path));
    Ok(resolve(&mentions, unchanged.chain(overlay.paths())))
}

/// Whether a commit since the rows were read may have moved them.
async fn have_moved(
    searcher: &IndexSearch,
    results: &RetrieverResults,
) -> Result<bool, IndexError> {
    let newest = guarded(look_up(searcher.store.version())).await?;
    let moved = newest != searcher.chunks.version();
    // What could not be read may have been removed by that commit.
    if moved && !results.unread.is_empty() {
        return Err(IndexError::StaleGeneration);
    }
    Ok(moved)
}

/// Whether the chunks of a file may be shown: it has the content that is recorded, and if older
/// rules chunked it, there is nothing in it that the present ones might take out.
fn holds(
    recorded: &RecordedContent,
    root: &Folder,
    path: &str,
    redactor: Option<&Redactor>,
) -> bool {
    let Ok(bytes) = root.read(path, MOST_READ) else {
        return false;
    };
    if crate::prepare::hash(&bytes) != recorded.hash {
        return false;
    }
    if recorded.rules == CHUNK_RULES {
        return true;
    }
    let decoded = decode(&bytes);
    let is_clean = redactor.is_none_or(|redactor| redactor(&decoded.text).is_none());
    is_clean && redact(&decoded.text).findings.is_empty()
}

#[cfg(test)]
mod tests;
