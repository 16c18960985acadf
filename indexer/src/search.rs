//! A question in, ranked hits out: the legs, and the proof that each hit is fresh.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::FutureExt;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use ollacode_store::{Counts, Filter, State, StateStamp, StoreError};

use crate::embed::Embedder;
use crate::error::IndexError;
use crate::folder::Folder;
use crate::index::{Counted, Index, Pending, blocking};
use crate::language::languages_named;
use crate::legs::{Legs, Searcher, query_vector};
use crate::overlay::Overlay;
use crate::progress::Events;
use crate::query::Query;
use crate::rank::Ranked;
use crate::refresh::{Refresh, Wait};
use crate::unsearched::Unsearched;

/// How long a search waits for a writer before it reads changed files for itself.
const PATIENCE: Duration = Duration::from_millis(150);
/// Rounds in which stale hits are replaced. A file that changes more often than that is dropped.
const ROUNDS: usize = 3;

/// More than any limit on the sizes of files that can be set, in bytes.
const MOST_READ: u64 = (1 << 30) + (1 << 20);

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
    /// If there are no hits, what was not searched.
    pub unsearched: Option<Unsearched>,
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
            for _ in 0..ROUNDS {
                match self.search_once(request, embedder, events).await {
                    // Whether a read that fails means damage is found out with the lock in hand.
                    Err(IndexError::Store(
                        StoreError::Corrupt { .. } | StoreError::Lance(_) | StoreError::Sqlite(_),
                    )) => self.mend(events).await?,
                    // What was read belongs to an index that is no more.
                    Err(IndexError::Overtaken) => {}
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
    ) -> Result<Answer, IndexError> {
        let mut notes = Vec::new();
        let query = Query::parse(&request.query);
        let taking_in = async {
            match request.freshness {
                Freshness::Refresh => self.take_in_changes(events, &mut notes).await,
                Freshness::Trust => Ok(Overlay::default()),
            }
        };
        // Before the snapshot, which is not kept for as long as a model may take.
        let (overlay, vector) = tokio::join!(taking_in, query_vector(&query, embedder));
        let mut overlay = overlay?;
        let vector = vector.unwrap_or_else(|error| {
            notes.push(format!("searching by words only: {error}"));
            None
        });
        let fingerprint = embedder.map(|embedder| embedder.model().fingerprint());
        let (edition, store) = self.edition_and_store().await?;
        let searcher = Searcher {
            chunks: store.snapshot().await?,
            store,
            filter: self.filter(request, &overlay).await?,
            query,
            limit: request.limit,
        };
        let counts = self
            .status_counts(fingerprint.as_deref().unwrap_or_default())
            .await?;
        if let Some(embedder) = embedder
            && vector.is_some()
            && counts.embedded == 0
            && self.has_vectors().await?
        {
            notes.push(format!(
                "searching by words only: the index has no vectors of `{}` as it is now; \
                 `ollacode index` makes them",
                embedder.model().name
            ));
        }
        let legs = searcher
            .legs(vector.filter(|_| counts.embedded > 0))
            .await?;
        let mode = if legs.dense.is_some() {
            Mode::Hybrid
        } else {
            Mode::Lexical
        };
        // What was committed since the rows were read may have moved them.
        let moved = searcher.store.version().await? != searcher.chunks.version();
        let hits = self
            .fresh_hits(&searcher, &legs, &mut overlay, moved)
            .await?;
        let unsearched = match hits.as_slice() {
            [] => Some(self.unsearched(request, &overlay).await?),
            _ => None,
        };
        if self.edition().await? != edition {
            return Err(IndexError::Overtaken);
        }
        Ok(Answer {
            mode,
            counts,
            hits,
            notes,
            unsearched,
        })
    }

    /// The best hits whose files are as they are shown.
    async fn fresh_hits(
        &self,
        searcher: &Searcher,
        legs: &Legs,
        overlay: &mut Overlay,
        moved: bool,
    ) -> Result<Vec<Ranked>, IndexError> {
        for _ in 0..ROUNDS {
            let hits = searcher.ranked(legs, overlay).await?;
            let stale = self.stale_paths(&hits, overlay, moved).await?;
            if stale.is_empty() {
                return Ok(hits);
            }
            overlay.read(self, stale).await?;
        }
        let mut hits = searcher.ranked(legs, overlay).await?;
        let stale = self.stale_paths(&hits, overlay, moved).await?;
        hits.retain(|hit| !stale.contains(&hit.chunk.path));
        Ok(hits)
    }

    /// Refreshes the index, or reads what changed into memory while somebody else writes.
    async fn take_in_changes(
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
        let how = Refresh {
            wait: Wait::UpTo(PATIENCE),
            ..Refresh::default()
        };
        match self.refresh(&how, events).await {
            Ok(_) => Ok(overlay),
            // Who cannot write can still read what changed.
            Err(
                error @ (IndexError::Busy
                | IndexError::Store(StoreError::DiskFull { .. } | StoreError::Io { .. })),
            ) => {
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
        // Before the count, so that what is written meanwhile is counted next time.
        let stamp = StateStamp::of(self.folder());
        if let Some(known) = self.counted.lock().as_ref()
            && known.stamp == stamp
            && known.fingerprint == fingerprint
        {
            return Ok(known.counts);
        }
        let (folder, asked) = (self.folder().to_owned(), fingerprint.to_owned());
        let counts = blocking(move || Ok(State::open_read_only(&folder)?.counts(&asked)?)).await?;
        *self.counted.lock() = Some(Counted {
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
            let state = State::open_read_only(&folder)?;
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

/// Globs as people type them: `src` and `src/` mean what is below, `*.rs` any folder.
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
