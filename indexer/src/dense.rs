//! The retriever by vectors: the query embedded, and the chunks nearest to it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ollacode_store::{ContentKey, Filter, FoundChunk, Snapshot};

use crate::embed::{EmbedError, Embedder, EmbeddingModel, Role, estimated_tokens, split};
use crate::error::IndexError;
use crate::query::Query;
use crate::rank::RetrieverRank;
use crate::retrievers::{IndexSearch, MOST_FETCHED};

/// If more than this many times the vectors that are wanted would have to be fetched until enough of
/// them pass a filter, those of what passes are searched alone.
const MOST_POSTFILTERED: usize = 5;
/// Parts of a long query that are embedded.
const MOST_PARTS: usize = 6;
/// How long a search waits for the vector of its query: a small model loads in that time.
const QUERY_LIMIT: Duration = Duration::from_secs(20);

/// The vectors of a query, and the fingerprint of the embedding model that made them.
pub(crate) struct QueryVectors {
    fingerprint: String,
    /// One per part of a long query; a chunk's score is its best similarity to any of them.
    vectors: Vec<Vec<f32>>,
    /// What the user should know of it.
    pub(crate) note: Option<String>,
}

/// Embeds a query, in parts if it is longer than the model's window; `None` without a model or
/// without words.
pub(crate) async fn query_vectors(
    query: &Query,
    embedder: Option<&dyn Embedder>,
) -> Result<Option<QueryVectors>, EmbedError> {
    let Some(embedder) = embedder.filter(|_| !query.text.is_empty()) else {
        return Ok(None);
    };
    let model = embedder.model();
    let wrap = |text: &str| embedder.wrap(text, Role::Query);
    let title = query.title.as_ref().map(|title| wrap(&title.text));
    let whole = wrap(&query.text);
    // The estimate is a third too high on the average.
    if 3 * estimated_tokens(&whole) <= 4 * model.window {
        let texts: Vec<String> = title.iter().cloned().chain([whole]).collect();
        match embedded(embedder, &texts).await {
            Err(EmbedError::TooLong) => {}
            other => return Ok(Some(QueryVectors::new(model, other?, None))),
        }
    }
    let room = model
        .window
        .saturating_sub(estimated_tokens(&wrap("")))
        .max(8);
    let ranges = split(&query.text, room);
    let parts = ranges
        .iter()
        .take(MOST_PARTS)
        .map(|range| wrap(&query.text[range.clone()]));
    let texts: Vec<String> = title.into_iter().chain(parts).collect();
    let vectors = embedded(embedder, &texts).await?;
    let first = match ranges.len() {
        count if count > MOST_PARTS => format!("its first {MOST_PARTS} of {count}"),
        count => format!("its {count}"),
    };
    let note = format!(
        "the query is longer than the window of `{}` ({} tokens): {first} parts were embedded",
        model.name, model.window
    );
    Ok(Some(QueryVectors::new(model, vectors, Some(note))))
}

async fn embedded(embedder: &dyn Embedder, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
    let embedded = tokio::time::timeout(QUERY_LIMIT, embedder.embed(texts)).await;
    Ok(embedded.map_err(|_| slow_model())??.vectors)
}

impl QueryVectors {
    fn new(model: &EmbeddingModel, vectors: Vec<Vec<f32>>, note: Option<String>) -> QueryVectors {
        QueryVectors {
            fingerprint: model.fingerprint(),
            vectors,
            note,
        }
    }
}

impl IndexSearch {
    /// The chunks with the nearest vectors.
    ///
    /// With a filter, those of the nearest are taken that pass it; if they are too few, the vectors
    /// of what passes are searched alone. Both ways have the same results. `chunks` is the version of
    /// the search, with or without the indexes of its columns.
    pub(crate) async fn dense(
        &self,
        query: &QueryVectors,
        fetched: usize,
        chunks: &Snapshot,
    ) -> Result<Vec<(FoundChunk, RetrieverRank)>, IndexError> {
        if self.filter.passes_nothing() {
            return Ok(Vec::new());
        }
        let is_filtered = self.filter != Filter::default();
        let mut request_size = if is_filtered { 2 * fetched } else { fetched };
        let mut among: Option<Vec<ContentKey>> = None;
        loop {
            let nearest = self.nearest(query, request_size, among.as_deref()).await?;
            let keys: Vec<_> = nearest.keys.iter().map(|(key, _)| *key).collect();
            let mut rows = chunks.chunks_by_keys(&keys, &self.filter).await?;
            rows.retain(|row| !self.emptied.contains(&row.chunk.path));
            let passing = rows.iter().map(|row| row.content_key);
            let passing: HashSet<ContentKey> = passing.collect();
            // Vectors of deleted chunks, and of those that are not shown, may crowd out others until
            // they are removed.
            let is_enough = match is_filtered {
                true => passing.len() >= fetched,
                false => rows.len() >= fetched / 2,
            };
            if is_enough || nearest.is_all || request_size > MOST_FETCHED {
                return Ok(match is_filtered {
                    true => nearest.placed(rows, fetched, |key| passing.contains(key)),
                    false => nearest.placed(rows, request_size, |_| true),
                });
            }
            if is_filtered && among.is_none() {
                let needed = fetched * request_size / passing.len().max(1);
                if needed > MOST_POSTFILTERED * fetched {
                    among = Some(chunks.keys_of(&self.filter).await?);
                    request_size = fetched;
                } else {
                    request_size = needed + needed / 4;
                }
            } else {
                request_size *= 4;
            }
        }
    }

    /// The keys with vectors that are nearest to any vector of a query.
    async fn nearest(
        &self,
        query: &QueryVectors,
        request_size: usize,
        among: Option<&[ContentKey]>,
    ) -> Result<NearestKeys, IndexError> {
        let QueryVectors {
            fingerprint,
            vectors,
            ..
        } = query;
        let mut keys = Vec::new();
        let mut is_all = true;
        for vector in vectors {
            let search = match among {
                None => self.store.search_vectors(fingerprint, vector, request_size),
                Some(among) => {
                    self.store
                        .search_vectors_among(fingerprint, vector, request_size, among)
                }
            };
            let found = search.await?;
            is_all &= found.len() < request_size;
            keys.extend(found);
        }
        if vectors.len() > 1 {
            let mut seen = HashSet::new();
            keys.sort_by(|(left_key, left), (right_key, right)| {
                right.total_cmp(left).then_with(|| left_key.cmp(right_key))
            });
            keys.retain(|(key, _)| seen.insert(*key));
            keys.truncate(request_size);
        }
        Ok(NearestKeys { keys, is_all })
    }
}

/// Keys by the similarity of their vectors to a query, best first.
struct NearestKeys {
    keys: Vec<(ContentKey, f32)>,
    /// Whether there are no others.
    is_all: bool,
}

impl NearestKeys {
    /// Chunks with the places of their keys among the first that pass.
    fn placed(
        self,
        rows: Vec<FoundChunk>,
        limit: usize,
        passes: impl Fn(&ContentKey) -> bool,
    ) -> Vec<(FoundChunk, RetrieverRank)> {
        let passing = self.keys.into_iter().filter(|(key, _)| passes(key));
        let rank_by_key: HashMap<ContentKey, RetrieverRank> = passing
            .take(limit)
            .enumerate()
            // In a small index this retriever returns unrelated chunks, too.
            .filter(|(_, (_, similarity))| *similarity > 0.0)
            .map(|(rank, (key, score))| (key, RetrieverRank { rank, score }))
            .collect();
        let placed = rows.into_iter().filter_map(|row| {
            let rank = *rank_by_key.get(&row.content_key)?;
            Some((row, rank))
        });
        placed.collect()
    }
}

fn slow_model() -> EmbedError {
    EmbedError::Unavailable(format!(
        "the model did not answer within {} s",
        QUERY_LIMIT.as_secs()
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ollacode_store::{Chunk, ChunkKind, ChunkRow, OpenMode, OpenOptions, PathSet};
    use ollacode_store::{Store, VectorRow};

    use super::*;

    const FINGERPRINT: &str = "0123456789abcdef";
    const CHUNKS: u16 = 2_000;
    const FETCHED: usize = 100;

    fn path(number: u16) -> String {
        format!("{number:04}.rs")
    }

    /// A chunk for each number; those divisible by 10 are in a language of their own.
    fn row(number: u16) -> ChunkRow {
        let text = format!("chunk {number}");
        ChunkRow {
            content_key: ContentKey::of(&text),
            header: String::new(),
            chunk: Chunk {
                path: path(number),
                language: if number.is_multiple_of(10) {
                    "rust"
                } else {
                    "python"
                }
                .to_owned(),
                kind: ChunkKind::Block,
                symbol: None,
                scope: Vec::new(),
                definitions: Vec::new(),
                start_line: 1,
                end_line: 1,
                text,
            },
        }
    }

    /// Chunks whose vectors are the farther from `[1, 0]` the greater their numbers are.
    async fn store(folder: &Path) -> Store {
        let options = OpenOptions::new(OpenMode::Write);
        let store = Store::open(folder, options).await.expect("a store");
        let rows: Vec<ChunkRow> = (0..CHUNKS).map(row).collect();
        store.append(&rows).await.expect("chunks");
        let vectors: Vec<VectorRow> = rows
            .iter()
            .zip(400_u16..)
            .map(|(row, number)| {
                let angle = f32::from(number) / 2_000.0;
                VectorRow {
                    key: row.content_key,
                    part: 0,
                    vector: vec![angle.cos(), angle.sin()],
                }
            })
            .collect();
        let added = store.add_vectors(FINGERPRINT, 2, &vectors).await;
        added.expect("vectors");
        store
    }

    /// The paths of what is found with a filter, by rank.
    async fn found(store: &Store, filter: Filter) -> Vec<String> {
        found_without(store, filter, HashSet::new()).await
    }

    /// The same without the chunks of some files.
    async fn found_without(store: &Store, filter: Filter, emptied: HashSet<String>) -> Vec<String> {
        let search = IndexSearch {
            store: store.clone(),
            chunks: store.snapshot().await.expect("a snapshot"),
            filter,
            query: Query::parse("chunk"),
            mentioned: Vec::new(),
            emptied,
            limit: 10,
        };
        let query = QueryVectors {
            fingerprint: FINGERPRINT.to_owned(),
            vectors: vec![vec![1.0, 0.0]],
            note: None,
        };
        let found = search.dense(&query, FETCHED, &search.chunks).await;
        let mut found = found.expect("chunks");
        found.sort_by_key(|(_, rank)| rank.rank);
        if search.emptied.is_empty() {
            let ranks: Vec<usize> = found.iter().map(|(_, rank)| rank.rank).collect();
            assert_eq!(ranks, (0..found.len()).collect::<Vec<_>>());
        }
        found.into_iter().map(|(it, _)| it.chunk.path).collect()
    }

    fn every(step: u16) -> Vec<String> {
        (0..CHUNKS).step_by(usize::from(step)).map(path).collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_filter_finds_the_nearest_of_what_passes() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path()).await;
        // Many pass, some more have to be fetched, few pass, fewer than are wanted.
        for step in [1, 2, 3, 7, 50] {
            let expected = every(step);
            let wanted: HashSet<String> = expected.iter().cloned().collect();
            let all = every(1).into_iter().collect();
            let filter = Filter {
                languages: Vec::new(),
                paths: Some(PathSet::among(all, |path| wanted.contains(path))),
            };
            let found = found(&store, filter).await;
            assert_eq!(found, expected[..expected.len().min(FETCHED)], "{step}");
        }
        let filter = Filter {
            languages: vec!["rust".to_owned()],
            paths: None,
        };
        assert_eq!(found(&store, filter).await, every(10)[..FETCHED]);
        let nothing = Filter {
            languages: Vec::new(),
            paths: Some(PathSet::default()),
        };
        assert!(found(&store, nothing).await.is_empty());
        assert_eq!(found(&store, Filter::default()).await, every(1)[..FETCHED]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_that_are_gone_do_not_crowd_out_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(folder.path()).await;
        let all = every(1);
        let gone: HashSet<String> = all[..300].iter().cloned().collect();
        let found = found_without(&store, Filter::default(), gone).await;
        assert!(found.len() >= FETCHED / 2, "{}", found.len());
        assert_eq!(found, all[300..300 + found.len()]);
    }
}
