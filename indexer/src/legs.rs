//! The legs of a search: by words, by symbols, by vectors; and how they are joined.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use ollacode_store::{ChunkRow, ContentKey, Filter, Store, TextQuery};

use crate::embed::{EmbedError, Embedder, Role};
use crate::error::IndexError;
use crate::overlay::Overlay;
use crate::query::Query;
use crate::rank::{Candidate, Leg, Ranked, WEIGHTS, rank};

/// Hits fetched from each leg for one that is wanted,
const OVER_FETCH: usize = 5;
/// and at least so many: the ranking needs a field to choose from.
const FEWEST_FETCHED: usize = 100;
/// Vectors beyond which no more are fetched, however few of them have chunks.
const MOST_FETCHED: usize = 10_000;
/// How long a search waits for the vector of its query: a small model loads in that time.
const QUERY_LIMIT: Duration = Duration::from_secs(20);

/// One query on one state of the store.
pub(crate) struct Searcher {
    pub(crate) store: Store,
    pub(crate) filter: Filter,
    pub(crate) query: Query,
    /// Most hits.
    pub(crate) limit: usize,
}

/// What the legs found, in their orders.
pub(crate) struct Legs {
    lexical: Vec<(ChunkRow, f32)>,
    symbols: Vec<ChunkRow>,
    /// Nothing without a model.
    pub(crate) dense: Option<Vec<(ChunkRow, Leg)>>,
}

impl Searcher {
    /// Asks all legs at once.
    pub(crate) async fn legs(
        &self,
        embedder: Option<&dyn Embedder>,
        notes: &mut Vec<String>,
    ) -> Result<Legs, IndexError> {
        let fetched = (self.limit * OVER_FETCH).max(FEWEST_FETCHED);
        let text = self
            .query
            .full_text()
            .into_iter()
            .fold(TextQuery::default(), |query, (text, boost)| {
                query.or(text, boost)
            });
        let lexical = self.store.search_text(&text, fetched, &self.filter);
        let symbols = self
            .store
            .chunks_by_symbols(&self.query.symbols, &self.filter);
        let dense = self.dense(embedder, fetched);
        let (lexical, symbols, dense) = tokio::join!(lexical, symbols, dense);
        let dense = match dense {
            Ok(dense) => dense,
            Err(IndexError::Embedding(error)) => {
                notes.push(format!("searching by words only: {error}"));
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Legs {
            lexical: lexical?,
            symbols: symbols?,
            dense,
        })
    }

    async fn dense(
        &self,
        embedder: Option<&dyn Embedder>,
        fetched: usize,
    ) -> Result<Option<Vec<(ChunkRow, Leg)>>, IndexError> {
        let Some(embedder) = embedder else {
            return Ok(None);
        };
        if self.query.text.is_empty() {
            return Ok(None);
        }
        let texts = [embedder.wrap(&self.query.text, Role::Query)];
        let embedded = tokio::time::timeout(QUERY_LIMIT, embedder.embed(&texts))
            .await
            .map_err(|_| slow_model())??;
        let Some(vector) = embedded.vectors.first() else {
            return Ok(None);
        };
        let fingerprint = embedder.model().fingerprint();
        let keys = match &self.filter {
            filter if *filter == Filter::default() => None,
            filter => Some(self.store.keys_of(filter).await?),
        };
        let mut asked = fetched;
        let (rows, places) = loop {
            let near = match &keys {
                None => {
                    self.store
                        .search_vectors(&fingerprint, vector, asked)
                        .await?
                }
                Some(keys) => {
                    self.store
                        .search_vectors_among(&fingerprint, vector, asked, keys)
                        .await?
                }
            };
            let reached_all = near.len() < asked;
            let near_keys: Vec<_> = near.iter().map(|(key, _)| *key).collect();
            let rows = self.store.chunks_by_keys(&near_keys, &self.filter).await?;
            // Vectors of chunks that are gone may crowd the field until they are removed.
            if reached_all || rows.len() >= fetched / 2 || asked > MOST_FETCHED {
                let places: HashMap<_, _> = near
                    .into_iter()
                    .enumerate()
                    // In a small index the leg reaches to what has nothing to do with the query.
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
        Ok(Some(placed.collect()))
    }

    /// Joins the legs, puts what the overlay knows better in place, and ranks.
    pub(crate) fn ranked(&self, legs: &Legs, overlay: &Overlay) -> Vec<Ranked> {
        let mut field = Field::default();
        let overlaid = overlay.rows(&self.filter);
        let scored = overlay.merge_scores(&self.query, &legs.lexical, &overlaid);
        for (rank, (row, score)) in scored.into_iter().enumerate() {
            field.at(row).lexical = Some(Leg { rank, score });
        }
        let by_key: BTreeMap<_, _> = legs
            .dense
            .iter()
            .flatten()
            .map(|(row, leg)| (row.content_key, *leg))
            .collect();
        for (row, leg) in legs.dense.iter().flatten() {
            if !overlay.covers(&row.chunk.path) {
                field.at(row).dense = Some(*leg);
            }
        }
        for row in legs
            .symbols
            .iter()
            .filter(|row| !overlay.covers(&row.chunk.path))
        {
            field.at(row);
        }
        for row in overlaid {
            if let Some(leg) = by_key.get(&row.content_key) {
                field.at(row).dense = Some(*leg);
            }
            if row
                .chunk
                .symbol
                .as_ref()
                .is_some_and(|name| self.query.symbols.contains(name))
            {
                field.at(row);
            }
        }
        rank(&self.query, field.candidates, &WEIGHTS, self.limit)
    }
}

/// Candidates, each chunk once.
#[derive(Default)]
struct Field {
    candidates: Vec<Candidate>,
    places: HashMap<(String, u32, ContentKey), usize>,
}

impl Field {
    fn at(&mut self, row: &ChunkRow) -> &mut Candidate {
        // Parts of one huge line share its number, so the text counts too.
        let place = (
            row.chunk.path.clone(),
            row.chunk.start_line,
            row.content_key,
        );
        let index = *self.places.entry(place).or_insert_with(|| {
            let chunk = row.chunk.clone();
            self.candidates.push(Candidate {
                chunk,
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
