//! A question in, ranked hits out: the legs, and the proof that each hit is fresh.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::Duration;

use futures::FutureExt;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ollacode_store::{ChunkRow, ContentKey, Counts, Filter, State, Store, StoreError, TextQuery};

use crate::embed::{EmbedError, Embedder, Role};
use crate::error::IndexError;
use crate::index::{Index, Pending, blocking};
use crate::language::languages_named;
use crate::overlay::Overlay;
use crate::progress::Events;
use crate::query::Query;
use crate::rank::{Candidate, Leg, Ranked, WEIGHTS, rank};
use crate::refresh::{Refresh, Wait};

/// Hits fetched from each leg for one that is wanted,
const OVER_FETCH: usize = 5;
/// and at least so many: the ranking needs a field to choose from.
const FEWEST_FETCHED: usize = 100;
/// How long a search waits for a writer before it reads changed files for itself.
const PATIENCE: Duration = Duration::from_millis(150);
/// How long a search waits for the vector of its query: a small model loads in that time.
const QUERY_LIMIT: Duration = Duration::from_secs(20);
/// Rounds in which stale hits are replaced. A file that changes more often than that is dropped.
const ROUNDS: usize = 3;

/// What is searched for, and how.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// The question, a few words, or a symbol.
    pub query: String,
    /// Most hits.
    pub limit: usize,
    /// Globs on the path, any of which must match; empty for all.
    pub globs: Vec<String>,
    /// Names of languages; empty for all.
    pub languages: Vec<String>,
    /// Whether to look for changed files first.
    pub freshness: Freshness,
}

/// Whether a search looks for changed files first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Compare every file's size and time with the index, and take in what differs.
    Refresh,
    /// Trust that a watcher has done so. Hits are still checked against their files.
    Trust,
}

/// Which legs an answer stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Full text and vectors.
    Hybrid,
    /// Full text only.
    Lexical,
}

impl Mode {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Hybrid => "hybrid",
            Mode::Lexical => "lexical",
        }
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The legs that were used.
    pub mode: Mode,
    /// What the index holds.
    pub counts: Counts,
    /// Best first.
    pub hits: Vec<Ranked>,
    /// What the user should know: why there are no vectors, what could not be refreshed.
    pub notes: Vec<String>,
}

impl Index {
    /// Answers a question.
    ///
    /// Takes in changed files first, unless told to trust the index; when another process
    /// holds the lock, changed files are read into memory and searched from there.
    pub fn search<'a>(
        &'a self,
        request: &'a SearchRequest,
        embedder: Option<&'a dyn Embedder>,
        events: Events<'a>,
    ) -> Pending<'a, Answer> {
        async move {
            let mut notes = Vec::new();
            let mut overlay = match request.freshness {
                Freshness::Refresh => self.take_in_changes(events, &mut notes).await?,
                Freshness::Trust => Overlay::default(),
            };
            let query = Query::parse(&request.query);
            let fingerprint = embedder.map(|embedder| embedder.model().fingerprint());
            let searcher = Searcher {
                store: self.healthy_store(events).await?,
                filter: self.filter(request, &overlay).await?,
                query,
                limit: request.limit,
            };
            let counts = self
                .status_counts(fingerprint.as_deref().unwrap_or_default())
                .await?;
            let legs = searcher
                .legs(embedder.filter(|_| counts.embedded > 0), &mut notes)
                .await?;
            let mode = if legs.dense.is_some() {
                Mode::Hybrid
            } else {
                Mode::Lexical
            };
            for _ in 0..ROUNDS {
                let hits = searcher.ranked(&legs, &overlay);
                let stale = self.stale_paths(&hits, &overlay).await?;
                if stale.is_empty() {
                    return Ok(Answer {
                        mode,
                        counts,
                        hits,
                        notes,
                    });
                }
                overlay.read(self, stale).await?;
            }
            let mut hits = searcher.ranked(&legs, &overlay);
            let stale = self.stale_paths(&hits, &overlay).await?;
            hits.retain(|hit| !stale.contains(&hit.chunk.path));
            Ok(Answer {
                mode,
                counts,
                hits,
                notes,
            })
        }
        .boxed()
    }

    /// Refreshes the index, or reads what changed into memory while somebody else writes.
    async fn take_in_changes(
        &self,
        events: Events<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Overlay, IndexError> {
        let (walked, found) = self.pending().await?;
        let mut overlay = Overlay::default();
        if found.is_empty() {
            return Ok(overlay);
        }
        let how = Refresh {
            wait: Wait::UpTo(PATIENCE),
            ..Refresh::default()
        };
        match self.bring_up_to_date_with(&walked, &how, events).await {
            Ok(_) => Ok(overlay),
            Err(IndexError::Busy) => {
                let paths = found.tasks.into_iter().map(|task| task.entry.path);
                let left_out = overlay
                    .read_some(self, found.removed, paths.collect())
                    .await?;
                if left_out > 0 {
                    notes.push(format!(
                        "another process is writing to the index; {left_out} changed files are not searched yet"
                    ));
                }
                Ok(overlay)
            }
            Err(
                error @ (IndexError::NothingFound { .. }
                | IndexError::Store(StoreError::DiskFull { .. })),
            ) => {
                notes.push(error.to_string());
                Ok(overlay)
            }
            Err(error) => Err(error),
        }
    }

    /// The store; one that is damaged is healed first, if nobody else is writing.
    async fn healthy_store(&self, events: Events<'_>) -> Result<Store, IndexError> {
        match self.store().await {
            Err(IndexError::Store(StoreError::Corrupt { .. })) => {
                let how = Refresh {
                    wait: Wait::UpTo(PATIENCE),
                    ..Refresh::default()
                };
                self.refresh(&how, events).await?;
                self.store().await
            }
            other => other,
        }
    }

    async fn status_counts(&self, fingerprint: &str) -> Result<Counts, IndexError> {
        let (folder, fingerprint) = (self.folder().to_owned(), fingerprint.to_owned());
        blocking(move || Ok(State::open_read_only(&folder)?.counts(&fingerprint)?)).await
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
            blocking(move || Ok(State::open_read_only(&folder)?.indexed_paths()?))
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

    /// Those paths among the hits whose files are not what the index has of them.
    async fn stale_paths(
        &self,
        hits: &[Ranked],
        overlay: &Overlay,
    ) -> Result<BTreeSet<String>, IndexError> {
        let paths: BTreeSet<String> = hits
            .iter()
            .map(|hit| hit.chunk.path.clone())
            .filter(|path| !overlay.covers(path))
            .collect();
        let (root, folder) = (self.root().to_owned(), self.folder().to_owned());
        blocking(move || {
            let state = State::open_read_only(&folder)?;
            let mut stale = BTreeSet::new();
            for path in paths {
                let recorded = state.file_hash(&path)?;
                if recorded.is_none() || recorded != hash_of(&root.join(&path)) {
                    stale.insert(path);
                }
            }
            Ok(stale)
        })
        .await
    }
}

fn slow_model() -> EmbedError {
    EmbedError::Unavailable(format!(
        "the model did not answer within {} s",
        QUERY_LIMIT.as_secs()
    ))
}

fn hash_of(path: &Path) -> Option<[u8; 16]> {
    let bytes = crate::prepare::read_file(path).ok()?;
    Some(crate::prepare::hash(&bytes))
}

/// Globs as people type them: `src` and `src/` mean what is below, `*.rs` any folder.
fn globs(patterns: &[String]) -> Result<GlobSet, IndexError> {
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

/// One query on one state of the store.
struct Searcher {
    store: Store,
    filter: Filter,
    query: Query,
    limit: usize,
}

/// What the legs found, in their orders.
struct Legs {
    lexical: Vec<(ChunkRow, f32)>,
    symbols: Vec<ChunkRow>,
    dense: Option<Vec<(ChunkRow, Leg)>>,
}

impl Searcher {
    async fn legs(
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
        let near = if self.filter == Filter::default() {
            self.store
                .search_vectors(&fingerprint, vector, fetched)
                .await?
        } else {
            let keys = self.store.keys_of(&self.filter).await?;
            self.store
                .search_vectors_among(&fingerprint, vector, fetched, &keys)
                .await?
        };
        let keys: Vec<_> = near.iter().map(|(key, _)| *key).collect();
        let places: HashMap<_, _> = near
            .into_iter()
            // In a small index the leg reaches to what has nothing to do with the query.
            .filter(|(_, similarity)| *similarity > 0.0)
            .enumerate()
            .map(|(rank, (key, score))| (key, Leg { rank, score }))
            .collect();
        let rows = self.store.chunks_by_keys(&keys, &self.filter).await?;
        let placed = rows.into_iter().filter_map(|row| {
            let leg = *places.get(&row.content_key)?;
            Some((row, leg))
        });
        Ok(Some(placed.collect()))
    }

    /// Joins the legs, puts what the overlay knows better in place, and ranks.
    fn ranked(&self, legs: &Legs, overlay: &Overlay) -> Vec<Ranked> {
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
