//! Embedding requests: several at a time, and what is done when the server rejects one.

use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use ollacode_store::{CacheKey, ContentKey, EmbedFailure, EmbeddingCache, MissingKey};
use tokio::sync::{Mutex, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::batch_size::BatchSize;
use crate::embed::{EmbedError, Embedder, halves};
use crate::error::IndexError;
use crate::index::blocking;

/// Consecutive failures after which the server is considered to be at fault.
const FAILURES_IN_A_ROW: usize = 64;
/// Shorter texts are not split when they are rejected.
const SHORTEST_SPLIT: usize = 80;

/// A chunk's text in the pipeline: its parts that fit the window, in order.
pub(crate) struct EmbedJob {
    pub(crate) missing: MissingKey,
    /// Whether it failed in an earlier run.
    pub(crate) again: bool,
    pub(crate) start_line: u32,
    pub(crate) texts: Vec<String>,
    /// The vector of each text, if it is known.
    pub(crate) vectors: Vec<Option<Vec<f32>>>,
    /// Where those come from, the farthest place if there are several.
    pub(crate) source: VectorSource,
}

/// Where the vectors of a text come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VectorSource {
    Local,
    Shared,
    Server,
}

impl EmbedJob {
    pub(crate) fn is_done(&self) -> bool {
        self.vectors.iter().all(Option::is_some)
    }
}

/// What the last stage receives.
pub(crate) enum EmbedOutcome {
    /// Vectors that the cache does not have.
    Fresh(Vec<(CacheKey, Vec<f32>)>),
    /// All vectors of the job.
    Vectors {
        key: ContentKey,
        vectors: Vec<Vec<f32>>,
        source: VectorSource,
    },
    /// The reason why there are none.
    Failed {
        failure: EmbedFailure,
        /// Whether the text failed in an earlier run, too.
        again: bool,
    },
}

/// The cache of this machine, used by several stages.
pub(crate) type LocalCache = Option<Arc<Mutex<EmbeddingCache>>>;

/// Uses the cache off the asynchronous threads.
pub(crate) async fn with_cache<T: Send + 'static>(
    cache: &Arc<Mutex<EmbeddingCache>>,
    work: impl FnOnce(&mut EmbeddingCache) -> ollacode_store::Result<T> + Send + 'static,
) -> Result<T, IndexError> {
    let cache = Arc::clone(cache);
    blocking(move || Ok(work(&mut cache.blocking_lock())?)).await
}

/// Answers requests until there are no more. A slow answer holds up none of the others: each has
/// the keys that it is for.
pub(crate) async fn ask(
    embedder: &dyn Embedder,
    requests: mpsc::Receiver<Vec<EmbedJob>>,
    to_writer: mpsc::Sender<EmbedOutcome>,
    stop: &CancellationToken,
) -> Result<(), IndexError> {
    let pace = BatchSize::default();
    let mut answers = ReceiverStream::new(requests)
        .map(|jobs| answer(embedder, &pace, jobs))
        .buffer_unordered(embedder.requests_at_once().max(1));
    let mut verdicts = FailureBuffer {
        to_writer,
        held: Vec::new(),
    };
    loop {
        let answered = tokio::select! {
            answered = answers.next() => answered.transpose(),
            () = stop.cancelled() => Ok(None),
        };
        let EmbedResults { fresh, outcomes } = match answered {
            Ok(Some(answered)) => answered,
            ended => {
                // Too few in a row to be the server's fault.
                verdicts.release().await;
                ended?;
                return Ok(());
            }
        };
        let fresh = EmbedOutcome::Fresh(fresh);
        if verdicts.to_writer.send(fresh).await.is_err() {
            return Ok(());
        }
        for outcome in outcomes {
            if !verdicts.take(outcome).await? {
                return Ok(());
            }
        }
    }
}

/// Passes results on, but failures only once it is clear that the server is not at fault.
struct FailureBuffer {
    to_writer: mpsc::Sender<EmbedOutcome>,
    /// Failures since a text was embedded last.
    held: Vec<EmbedOutcome>,
}

impl FailureBuffer {
    /// Whether the writer still receives.
    async fn take(&mut self, outcome: EmbedOutcome) -> Result<bool, EmbedError> {
        match outcome {
            EmbedOutcome::Failed {
                failure,
                again: false,
            } => {
                if self.held.len() + 1 >= FAILURES_IN_A_ROW {
                    let reason = failure.reason;
                    return Err(EmbedError::Unavailable(format!(
                        "the server failed for {FAILURES_IN_A_ROW} texts in a row: {reason}"
                    )));
                }
                let again = false;
                self.held.push(EmbedOutcome::Failed { failure, again });
                Ok(true)
            }
            // A repeated failure says nothing about the server.
            failed @ EmbedOutcome::Failed { .. } => Ok(self.to_writer.send(failed).await.is_ok()),
            embedded @ (EmbedOutcome::Vectors { .. } | EmbedOutcome::Fresh(_)) => {
                Ok(self.release().await && self.to_writer.send(embedded).await.is_ok())
            }
        }
    }

    /// Passes on what is held; returns whether the writer still receives.
    async fn release(&mut self) -> bool {
        for failed in std::mem::take(&mut self.held) {
            if self.to_writer.send(failed).await.is_err() {
                return false;
            }
        }
        true
    }
}

struct EmbedResults {
    /// For the cache.
    fresh: Vec<(CacheKey, Vec<f32>)>,
    outcomes: Vec<EmbedOutcome>,
}

/// Embeds the texts of some jobs; a text that cannot be embedded fails its own job only.
async fn answer(
    embedder: &dyn Embedder,
    pace: &BatchSize,
    jobs: Vec<EmbedJob>,
) -> Result<EmbedResults, EmbedError> {
    let wanted: Vec<String> = jobs
        .iter()
        .flat_map(|job| job.texts.iter().zip(&job.vectors))
        .filter(|(_, vector)| vector.is_none())
        .map(|(text, _)| text.clone())
        .collect();
    let mut results = in_steps(embedder, pace, &wanted).await?.into_iter();
    let model = embedder.model();
    let mut answered = EmbedResults {
        fresh: Vec::new(),
        outcomes: Vec::new(),
    };
    for job in jobs {
        let mut vectors = Vec::new();
        let mut reason = None;
        for (text, known) in job.texts.into_iter().zip(job.vectors) {
            let was_known = known.is_some();
            match known.map_or_else(|| results.next().unwrap_or(Ok(Vec::new())), |v| Ok(vec![v])) {
                Ok(embedded) => {
                    if let [vector] = embedded.as_slice()
                        && !was_known
                    {
                        let key = model.cache_key(job.missing.key, &text);
                        answered.fresh.push((key, vector.clone()));
                    }
                    vectors.extend(embedded);
                }
                Err(why) => reason = Some(why),
            }
        }
        answered.outcomes.push(match reason {
            None => EmbedOutcome::Vectors {
                key: job.missing.key,
                vectors,
                source: VectorSource::Server,
            },
            Some(reason) => EmbedOutcome::Failed {
                failure: EmbedFailure {
                    key: job.missing.key,
                    path: job.missing.path,
                    start_line: job.start_line,
                    reason,
                },
                again: job.again,
            },
        });
    }
    Ok(answered)
}

/// The vectors of a text, several if it had to be split; or why there are none.
type TextResult = Result<Vec<Vec<f32>>, String>;

/// Embeds texts in requests of a length that the server is quick enough for.
async fn in_steps(
    embedder: &dyn Embedder,
    pace: &BatchSize,
    wanted: &[String],
) -> Result<Vec<TextResult>, EmbedError> {
    let mut results = Vec::with_capacity(wanted.len());
    while results.len() < wanted.len() {
        let rest = &wanted[results.len()..];
        // Nothing else is asked for in between, so this is the size for who takes the request.
        let texts = embedder.texts_at_once().unwrap_or_else(|| pace.texts());
        let step = &rest[..rest.len().min(texts.max(1))];
        let started = Instant::now();
        let answered = bisect(embedder, step).await?;
        pace.learn(step.len(), started.elapsed());
        let complete = results.len() + step.len();
        results.extend(answered);
        // Each text has its own result, whatever an embedder answers.
        results.resize_with(complete, || {
            Err("the server returned no vector for it".to_owned())
        });
    }
    Ok(results)
}

/// Embeds texts, halving a failing request down to the one text, which is then tried again.
fn bisect<'a>(
    embedder: &'a dyn Embedder,
    texts: &'a [String],
) -> BoxFuture<'a, Result<Vec<TextResult>, EmbedError>> {
    async move {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        let error = match embedder.embed(texts).await {
            Ok(embedded) => {
                return Ok(embedded
                    .vectors
                    .into_iter()
                    .map(|vector| Ok(vec![vector]))
                    .collect());
            }
            Err(EmbedError::Unavailable(why)) => return Err(EmbedError::Unavailable(why)),
            Err(error) => error,
        };
        if let [text] = texts {
            return Ok(vec![split_once(embedder, text, &error).await?]);
        }
        let (left, right) = texts.split_at(texts.len() / 2);
        let mut results = bisect(embedder, left).await?;
        results.extend(bisect(embedder, right).await?);
        Ok(results)
    }
    .boxed()
}

/// Embeds the two halves of a text that was rejected.
async fn split_once(
    embedder: &dyn Embedder,
    text: &str,
    error: &EmbedError,
) -> Result<TextResult, EmbedError> {
    if text.len() < SHORTEST_SPLIT || matches!(error, EmbedError::Invalid(_)) {
        return Ok(Err(error.to_string()));
    }
    let mut vectors = Vec::new();
    for half in halves(text) {
        let half = [half.to_owned()];
        for result in bisect(embedder, &half).await? {
            match result {
                Ok(embedded) => vectors.extend(embedded),
                Err(reason) => return Ok(Err(reason)),
            }
        }
    }
    Ok(Ok(vectors))
}
