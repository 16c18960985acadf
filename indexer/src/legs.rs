//! The retrievers of a search (full text, symbols, vectors), and how their results are merged.

use std::collections::HashMap;
use std::time::Duration;

use ollacode_store::{
    Chunk, ChunkRow, ContentKey, Filter, Found, RowId, Snapshot, Store, TextQuery,
};

use crate::embed::{EmbedError, Embedder, Role};
use crate::error::IndexError;
use crate::overlay::Overlay;
use crate::query::Query;
use crate::rank::{Candidate, Leg, Ranked, WEIGHTS, rank};

/// Hits fetched from each retriever for one that is wanted,
const OVER_FETCH: usize = 5;
/// and the least number of them: the ranking needs candidates to choose from.
const FEWEST_FETCHED: usize = 100;
/// The most vectors that are fetched, however few of them have chunks.
const MOST_FETCHED: usize = 10_000;
/// How long a search waits for the vector of its query: a small model loads in that time.
const QUERY_LIMIT: Duration = Duration::from_secs(20);

/// One query on one state of the store.
pub(crate) struct Searcher {
    pub(crate) store: Store,
    /// The chunks; vectors are looked for in the store.
    pub(crate) chunks: Snapshot,
    pub(crate) filter: Filter,
    pub(crate) query: Query,
    /// Most hits.
    pub(crate) limit: usize,
}

/// The vector of a query, and the fingerprint of the vectors that it can be compared with.
pub(crate) struct QueryVector {
    fingerprint: String,
    vector: Vec<f32>,
}

/// Embeds a query; `None` without a model or without words.
pub(crate) async fn query_vector(
    query: &Query,
    embedder: Option<&dyn Embedder>,
) -> Result<Option<QueryVector>, EmbedError> {
    let Some(embedder) = embedder.filter(|_| !query.text.is_empty()) else {
        return Ok(None);
    };
    let texts = [embedder.wrap(&query.text, Role::Query)];
    let embedded = tokio::time::timeout(QUERY_LIMIT, embedder.embed(&texts))
        .await
        .map_err(|_| slow_model())??;
    let fingerprint = embedder.model().fingerprint();
    let vector = embedded.vectors.into_iter().next();
    Ok(vector.map(|vector| QueryVector {
        fingerprint,
        vector,
    }))
}

/// The results of the retrievers, each in its order.
pub(crate) struct Legs {
    lexical: Vec<(Found, f32)>,
    symbols: Vec<Found>,
    /// `None` without a model.
    pub(crate) dense: Option<Vec<(Found, Leg)>>,
}

impl Searcher {
    /// Runs all retrievers at once; the one by vectors only if the query has a vector.
    pub(crate) async fn legs(&self, vector: Option<QueryVector>) -> Result<Legs, IndexError> {
        let fetched = (self.limit * OVER_FETCH).max(FEWEST_FETCHED);
        let text = self
            .query
            .full_text()
            .into_iter()
            .fold(TextQuery::default(), |query, (text, boost)| {
                query.or(text, boost)
            });
        let lexical = self.chunks.search_text(&text, fetched, &self.filter);
        let symbols = self
            .chunks
            .chunks_by_symbols(&self.query.symbols, &self.filter);
        let dense = async {
            match vector {
                Some(vector) => self.dense(&vector, fetched).await.map(Some),
                None => Ok(None),
            }
        };
        let (lexical, symbols, dense) = tokio::join!(lexical, symbols, dense);
        Ok(Legs {
            lexical: lexical?,
            symbols: symbols?,
            dense: dense?,
        })
    }

    async fn dense(
        &self,
        vector: &QueryVector,
        fetched: usize,
    ) -> Result<Vec<(Found, Leg)>, IndexError> {
        let QueryVector {
            fingerprint,
            vector,
        } = vector;
        let keys = match &self.filter {
            filter if *filter == Filter::default() => None,
            filter => Some(self.store.keys_of(filter).await?),
        };
        let mut asked = fetched;
        let (rows, places) = loop {
            let near = match &keys {
                None => {
                    self.store
                        .search_vectors(fingerprint, vector, asked)
                        .await?
                }
                Some(keys) => {
                    self.store
                        .search_vectors_among(fingerprint, vector, asked, keys)
                        .await?
                }
            };
            let reached_all = near.len() < asked;
            let near_keys: Vec<_> = near.iter().map(|(key, _)| *key).collect();
            let rows = self.chunks.chunks_by_keys(&near_keys, &self.filter).await?;
            // Vectors of deleted chunks may crowd out others until they are removed.
            if reached_all || rows.len() >= fetched / 2 || asked > MOST_FETCHED {
                let places: HashMap<_, _> = near
                    .into_iter()
                    .enumerate()
                    // In a small index this retriever returns unrelated chunks, too.
                    .filter(|(_, (_, similarity))| *similarity > 0.0)
                    .map(|(rank, (key, score))| (key, Leg { rank, score }))
                    .collect();
                break (rows, places);
            }
            asked *= 4;
        };
        let placed = rows.into_iter().filter_map(|row| {
            let leg = *places.get(&row.content_key)?;
            Some((row, leg))
        });
        Ok(placed.collect())
    }

    /// Merges the results, replaces what the overlay has newer, ranks, and fetches texts.
    pub(crate) async fn ranked(
        &self,
        legs: &Legs,
        overlay: &Overlay,
    ) -> Result<Vec<Ranked>, IndexError> {
        let mut field = Field::default();
        let overlaid = overlay.rows(&self.filter);
        self.join_lexical(legs, overlay, &overlaid, &mut field)
            .await?;
        for (found, leg) in legs.dense.iter().flatten() {
            if !overlay.covers(&found.chunk.path) {
                field.found(found).dense = Some(*leg);
            }
        }
        for found in &legs.symbols {
            if !overlay.covers(&found.chunk.path) {
                field.found(found);
            }
        }
        let by_key: HashMap<ContentKey, Leg> = legs
            .dense
            .iter()
            .flatten()
            .map(|(found, leg)| (found.content_key, *leg))
            .collect();
        for row in overlaid {
            if let Some(leg) = by_key.get(&row.content_key) {
                field.read(row).dense = Some(*leg);
            }
            if row
                .chunk
                .symbol
                .as_ref()
                .is_some_and(|name| self.query.symbols.contains(name))
            {
                field.read(row);
            }
        }
        let mut hits = rank(&self.query, field.candidates, &WEIGHTS, self.limit);
        self.fetch_texts(&mut hits).await?;
        Ok(hits)
    }

    /// The results of full-text search, with the rows of the overlay at their places.
    async fn join_lexical(
        &self,
        legs: &Legs,
        overlay: &Overlay,
        overlaid: &[&ChunkRow],
        field: &mut Field,
    ) -> Result<(), IndexError> {
        let stored = legs
            .lexical
            .iter()
            .filter(|(found, _)| !overlay.covers(&found.chunk.path));
        if overlaid.is_empty() {
            for (rank, (found, score)) in stored.enumerate() {
                field.found(found).lexical = Some(Leg {
                    rank,
                    score: *score,
                });
            }
            return Ok(());
        }
        let rows: Vec<RowId> = legs.lexical.iter().map(|(found, _)| found.row).collect();
        let rows = self.chunks.rows(&rows).await?;
        let scores = legs.lexical.iter().map(|(_, score)| *score);
        let indexed: Vec<(ChunkRow, f32)> = rows.into_iter().zip(scores).collect();
        let scored = overlay.merge_scores(&self.query, &indexed, overlaid);
        for (rank, (row, score)) in scored.into_iter().enumerate() {
            field.read(row).lexical = Some(Leg { rank, score });
        }
        Ok(())
    }

    /// Only what is shown needs its text.
    async fn fetch_texts(&self, hits: &mut [Ranked]) -> Result<(), IndexError> {
        let rows: Vec<RowId> = hits.iter().filter_map(|hit| hit.row).collect();
        let texts = self.chunks.texts(&rows).await?;
        let without_text = hits.iter_mut().filter(|hit| hit.row.is_some());
        for (hit, text) in without_text.zip(texts) {
            hit.chunk.text = text;
        }
        Ok(())
    }
}

/// Candidates, each chunk once.
#[derive(Default)]
struct Field {
    candidates: Vec<Candidate>,
    places: HashMap<(String, u32, ContentKey), usize>,
}

impl Field {
    /// The index of a chunk that a retriever found.
    fn found(&mut self, found: &Found) -> &mut Candidate {
        self.at(&found.chunk, found.content_key, Some(found.row))
    }

    /// The index of a chunk with its text.
    fn read(&mut self, row: &ChunkRow) -> &mut Candidate {
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
            });
            self.candidates.len() - 1
        });
        &mut self.candidates[index]
    }
}

fn slow_model() -> EmbedError {
    EmbedError::Unavailable(format!(
        "the model did not answer within {} s",
        QUERY_LIMIT.as_secs()
    ))
}
