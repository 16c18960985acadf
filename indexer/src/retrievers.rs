//! The retrievers of a search (full text, symbols, vectors), and how their results are merged.

use std::collections::{HashMap, HashSet};

use ollacode_store::{
    Chunk, ChunkRow, ContentKey, Filter, FoundChunk, RowId, Snapshot, Store, TextQuery,
};

use crate::coverage::Coverage;
use crate::dense::QueryVectors;
use crate::error::IndexError;
use crate::focus::{focus, mark_named};
use crate::mention::Mentioned;
use crate::mistyped::WantedName;
use crate::overlay::Overlay;
use crate::query::Query;
use crate::rank::{Candidate, Named, Ranked, RetrieverRank, WEIGHTS, rank};
use crate::without::{UnreadParts, guarded, look_up};

/// Hits fetched from each retriever, at least: independent of smaller limits, so that the limit
/// does not change the order of the first hits.
pub(crate) const FETCHED: usize = 100;
/// A retriever's request is not enlarged further once it exceeds this.
pub(crate) const MOST_FETCHED: usize = 10_000;
/// Most chunks whose names are similar to the query's: more would be a guess.
const MOST_SIMILAR: usize = 50;
/// Hits that are read to see whether a name that nothing defines is used.
const READ_FOR_NAME: usize = 20;

/// One query on one state of the store.
pub(crate) struct IndexSearch {
    pub(crate) store: Store,
    /// The chunks; vectors are looked for in the store.
    pub(crate) chunks: Snapshot,
    pub(crate) filter: Filter,
    pub(crate) query: Query,
    /// The files that the query names.
    pub(crate) mentioned: Vec<Mentioned>,
    /// Paths whose stored chunks are not shown: they must not crowd out others.
    pub(crate) emptied: HashSet<String>,
    /// Most hits.
    pub(crate) limit: usize,
}

/// The query of full-text retrieval.
pub(crate) fn text_query(query: &Query) -> TextQuery {
    let texts = query.full_text().into_iter();
    texts.fold(TextQuery::default(), |query, (text, weight)| {
        query.or(text, weight)
    })
}

/// The results of the retrievers, each in its order.
pub(crate) struct RetrieverResults {
    lexical: Vec<(FoundChunk, f32)>,
    symbols: Vec<FoundChunk>,
    /// Chunks of files that the query names.
    in_mentioned_files: Vec<FoundChunk>,
    /// Chunks that define a name similar to the query's, and how similar, from 0 to 1.
    similar_names: Vec<(FoundChunk, f32)>,
    /// `None` without a model.
    pub(crate) dense: Option<Vec<(FoundChunk, RetrieverRank)>>,
    /// What could not be read.
    pub(crate) unread: UnreadParts,
}

impl IndexSearch {
    /// Runs all retrievers at once; the one by vectors only if the query has a vector.
    pub(crate) async fn run_retrievers(
        &mut self,
        vector: Option<QueryVectors>,
    ) -> Result<RetrieverResults, IndexError> {
        let fetched = self.limit.max(FETCHED);
        let text = text_query(&self.query);
        let mut paths: Vec<String> = self.mentioned.iter().map(|it| it.path.clone()).collect();
        paths.sort_unstable();
        paths.dedup();
        let (names, most) = self.query.names();
        let symbols = self.chunks.chunks_by_symbols(names, most, &self.filter);
        let in_mentioned_files = self.chunks.chunks_by_paths(&paths, &self.filter);
        let (lexical, symbols, in_mentioned_files, dense) = tokio::join!(
            self.lexical_if_readable(&text, fetched),
            guarded(look_up(symbols)),
            guarded(look_up(in_mentioned_files)),
            self.dense_if_readable(vector.as_ref(), fetched),
        );
        let mut unread = UnreadParts::default();
        let ((lexical, unread_text), (dense, unread_vectors)) = (lexical?, dense?);
        for part in unread_text.into_iter().chain(unread_vectors) {
            unread.add(part);
        }
        let lexical = match lexical {
            Some(lexical) => lexical,
            None => self.words_in_chunks(fetched, &mut unread).await?,
        };
        let found = [symbols, in_mentioned_files];
        let [symbols, in_mentioned_files] = self.looked_up(found, &paths, &mut unread).await?;
        let similar_names = match self.query.symbols.as_slice() {
            [name] if self.query.is_symbol && symbols.is_empty() => {
                self.find_similar_names(name, &lexical).await?
            }
            _ => Vec::new(),
        };
        Ok(RetrieverResults {
            lexical,
            symbols,
            in_mentioned_files,
            similar_names,
            dense,
            unread,
        })
    }

    /// Full-text search; fetches more if the hits are mostly copies of the same few texts, or of
    /// files that are gone.
    pub(crate) async fn lexical(
        &self,
        text: &TextQuery,
        fetched: usize,
        chunks: &Snapshot,
    ) -> Result<Vec<(FoundChunk, f32)>, IndexError> {
        let mut request_size = fetched;
        loop {
            let found = chunks.search_text(text, request_size, &self.filter).await?;
            let shown = found
                .iter()
                .filter(|(it, _)| !self.emptied.contains(&it.chunk.path));
            let texts: HashSet<ContentKey> = shown.map(|(it, _)| it.content_key).collect();
            let is_enough = texts.len() >= self.limit.min(fetched) || found.len() < request_size;
            if is_enough || request_size > MOST_FETCHED {
                return Ok(found);
            }
            request_size *= 8;
        }
    }

    /// Chunks that define a name spelled like `name`; none if one of the first hits contains `name`
    /// itself.
    async fn find_similar_names(
        &self,
        name: &str,
        lexical: &[(FoundChunk, f32)],
    ) -> Result<Vec<(FoundChunk, f32)>, IndexError> {
        let wanted = name.to_lowercase();
        let first = lexical.iter().take(READ_FOR_NAME);
        let rows: Vec<RowId> = first.map(|(found, _)| found.row).collect();
        let texts = self.chunks.texts(&rows).await?;
        if texts
            .iter()
            .any(|text| text.to_lowercase().contains(&wanted))
        {
            return Ok(Vec::new());
        }
        let wanted = WantedName::new(wanted);
        let is_similar = |name: &str| wanted.similarity(name) > 0.0;
        let found = self
            .chunks
            .chunks_by_names(&is_similar, &self.filter)
            .await?;
        let mut similar: Vec<(FoundChunk, f32)> = found
            .into_iter()
            .map(|found| {
                let names = found.chunk.definitions.iter();
                let best = names.map(|name| wanted.similarity(name));
                let best = best.fold(0.0, f32::max);
                (found, best)
            })
            .collect();
        similar.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        similar.truncate(MOST_SIMILAR);
        Ok(similar)
    }

    /// Merges the results, replaces what the overlay has newer, ranks, and fetches texts.
    pub(crate) async fn ranked(
        &self,
        results: &RetrieverResults,
        overlay: &Overlay,
    ) -> Result<Vec<Ranked>, IndexError> {
        let mut candidates = CandidateSet::default();
        let overlaid = overlay.rows(&self.filter);
        self.join_lexical(results, overlay, &overlaid, &mut candidates)
            .await?;
        for (found, rank) in results.dense.iter().flatten() {
            if !overlay.covers(&found.chunk.path) {
                candidates.stored_candidate(found).dense = Some(*rank);
            }
        }
        for found in results.symbols.iter().chain(&results.in_mentioned_files) {
            if !overlay.covers(&found.chunk.path) {
                candidates.stored_candidate(found);
            }
        }
        let by_key: HashMap<ContentKey, RetrieverRank> = results
            .dense
            .iter()
            .flatten()
            .map(|(found, rank)| (found.content_key, *rank))
            .collect();
        for row in overlaid {
            if let Some(rank) = by_key.get(&row.content_key) {
                candidates.overlay_candidate(row).dense = Some(*rank);
            }
            if row
                .chunk
                .symbol
                .as_ref()
                .is_some_and(|name| self.query.symbols.contains(name))
            {
                candidates.overlay_candidate(row);
            }
            if self.mentioned.iter().any(|it| it.path == row.chunk.path) {
                candidates.overlay_candidate(row);
            }
        }
        mark_named(&mut candidates.candidates, &self.mentioned);
        self.set_coverage(&mut candidates.candidates).await?;
        for (found, similarity) in &results.similar_names {
            if !overlay.covers(&found.chunk.path) {
                candidates.stored_candidate(found).named.mistyped = *similarity;
            }
        }
        let mut hits = rank(&self.query, candidates.candidates, &WEIGHTS, self.limit);
        for hit in hits.iter_mut().filter(|hit| hit.copies > 0) {
            let all = self
                .chunks
                .count_of_key(hit.content_key, &self.filter)
                .await?;
            hit.copies = hit.copies.max(all.saturating_sub(1));
        }
        let shown = hits.iter_mut().map(|hit| (hit.row, &mut hit.chunk));
        self.fetch_texts(shown).await?;
        for hit in &mut hits {
            hit.focus = focus(&self.query, &self.mentioned, &hit.chunk);
        }
        Ok(hits)
    }

    /// The results of full-text search, with the rows of the overlay at their places.
    async fn join_lexical(
        &self,
        results: &RetrieverResults,
        overlay: &Overlay,
        overlaid: &[&ChunkRow],
        candidates: &mut CandidateSet,
    ) -> Result<(), IndexError> {
        let stored = results
            .lexical
            .iter()
            .filter(|(found, _)| !overlay.covers(&found.chunk.path));
        if overlaid.is_empty() {
            for (rank, (found, score)) in stored.enumerate() {
                candidates.stored_candidate(found).lexical = Some(RetrieverRank {
                    rank,
                    score: *score,
                });
            }
            return Ok(());
        }
        let rows: Vec<RowId> = results.lexical.iter().map(|(found, _)| found.row).collect();
        let rows = self.chunks.rows(&rows).await?;
        let scores = results.lexical.iter().map(|(_, score)| *score);
        let indexed: Vec<(ChunkRow, f32)> = rows.into_iter().zip(scores).collect();
        let scored = overlay.merge_scores(&self.query, &indexed, overlaid);
        for (rank, (row, score)) in scored.into_iter().enumerate() {
            candidates.overlay_candidate(row).lexical = Some(RetrieverRank { rank, score });
        }
        Ok(())
    }

    /// Sets the coverage of candidates that full text or vectors found, and fetches their texts.
    async fn set_coverage(&self, candidates: &mut [Candidate]) -> Result<(), IndexError> {
        let is_found = |it: &&mut Candidate| it.lexical.is_some() || it.dense.is_some();
        let mut found: Vec<&mut Candidate> = candidates.iter_mut().filter(is_found).collect();
        let stored = found.iter_mut().map(|it| (it.row, &mut it.chunk));
        self.fetch_texts(stored).await?;
        let terms = found.iter().map(|it| {
            let Chunk {
                path, scope, text, ..
            } = &it.chunk;
            format!("{path}\n{}\n{text}", scope.join(" "))
        });
        let shares = Coverage::of_texts(&self.query, terms);
        for (candidate, share) in found.into_iter().zip(shares) {
            candidate.coverage = share;
        }
        Ok(())
    }

    /// Fetches the texts of chunks in rows that have none yet.
    async fn fetch_texts(
        &self,
        chunks: impl Iterator<Item = (Option<RowId>, &mut Chunk)>,
    ) -> Result<(), IndexError> {
        let (rows, chunks): (Vec<RowId>, Vec<&mut Chunk>) = chunks
            .filter(|(_, chunk)| chunk.text.is_empty())
            .filter_map(|(row, chunk)| Some((row?, chunk)))
            .unzip();
        let texts = self.chunks.texts(&rows).await?;
        for (chunk, text) in chunks.into_iter().zip(texts) {
            chunk.text = text;
        }
        Ok(())
    }
}

/// Candidates, each chunk once.
#[derive(Default)]
struct CandidateSet {
    candidates: Vec<Candidate>,
    places: HashMap<(String, u32, ContentKey), usize>,
}

impl CandidateSet {
    /// The candidate for a stored chunk, added if new.
    fn stored_candidate(&mut self, found: &FoundChunk) -> &mut Candidate {
        self.at(&found.chunk, found.content_key, Some(found.row))
    }

    /// The candidate for a chunk of the overlay, which has its text.
    fn overlay_candidate(&mut self, row: &ChunkRow) -> &mut Candidate {
        self.at(&row.chunk, row.content_key, None)
    }

    fn at(&mut self, chunk: &Chunk, content_key: ContentKey, row: Option<RowId>) -> &mut Candidate {
        // Parts of one huge line share its number, so the text counts too.
        let place = (chunk.path.clone(), chunk.start_line, content_key);
        let index = *self.places.entry(place).or_insert_with(|| {
            self.candidates.push(Candidate {
                chunk: chunk.clone(),
                content_key,
                row,
                lexical: None,
                dense: None,
                named: Named::default(),
                coverage: 0.0,
            });
            self.candidates.len() - 1
        });
        &mut self.candidates[index]
    }
}
