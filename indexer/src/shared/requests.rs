//! Requests to the store: each has a limit in time and in size, and is counted.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use object_store::path::Path;
use object_store::{
    Error as StoreError, GetOptions, GetRange, GetResult, GetResultPayload, ObjectStore,
    ObjectStoreExt, PutMode, PutPayload,
};
use parking_lot::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{SharedError, explain};
use super::pack::pack_of_file;
use super::report::SharedReport;

/// Files of one model that are listed; compaction keeps their number far below.
pub(crate) const MOST_LISTED: usize = 100_000;
/// What stores put on one page of a listing.
const PAGE: usize = 1_000;

/// How long a shared cache may take, and how much is asked at once; the defaults suit a store in
/// another city.
#[derive(Clone, Copy, Debug)]
pub struct SharedLimits {
    /// The first answer in a run: a server that embeds need not wait for a store that is not there.
    pub first_answer: Duration,
    /// The head of a pack, 66 KB, a page of a listing, or the next bytes of a pack.
    pub head: Duration,
    /// A pack, 8 MB, of which bytes keep coming. A store that is slower than this is no faster than
    /// embedding on a CPU.
    pub pack: Duration,
    /// A whole listing, and then all heads that are new; the rest of them is left to the next run.
    pub heads: Duration,
    /// The vectors of the texts that are looked up at once: a store that answers slowly is no faster
    /// than the server then.
    pub vectors: Duration,
    /// How long a store that failed is left out.
    pub rest: Duration,
    /// How often vectors that were embedded are added.
    pub flush: Duration,
    /// Texts that are looked up at once: neighbours in a pack are then read in one request. The
    /// vectors of so many have 32 MB if they are of 1,024 numbers.
    pub texts: usize,
}

impl Default for SharedLimits {
    fn default() -> SharedLimits {
        SharedLimits {
            first_answer: Duration::from_secs(2),
            head: Duration::from_secs(5),
            pack: Duration::from_secs(120),
            heads: Duration::from_secs(60),
            vectors: Duration::from_secs(120),
            rest: Duration::from_secs(60),
            flush: Duration::from_secs(300),
            texts: 8_192,
        }
    }
}

/// A pack as a listing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListedPack {
    pub(crate) name: String,
    pub(crate) path: Path,
    pub(crate) size: u64,
    /// When it was written, by the clock of the store, in milliseconds since 1970.
    pub(crate) written_ms: i64,
}

/// What became of a request for a part of a file.
pub(crate) enum Fetched {
    Bytes(Vec<u8>),
    /// There is no such file: it was merged into another one.
    Gone,
    /// It has another size than the listing says.
    OtherSize(u64),
    /// It may not be read, though others may: who wrote it shares files with nobody.
    Denied(SharedError),
}

/// The store, with what was asked of it.
pub(crate) struct Requests {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) place: String,
    pub(crate) limits: SharedLimits,
    pub(crate) report: Mutex<SharedReport>,
}

impl Requests {
    /// Counts, and gives up after a time.
    pub(crate) async fn in_time<T>(
        &self,
        limit: Duration,
        request: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<Result<T, StoreError>, SharedError> {
        self.report.lock().requests += 1;
        let timed_out = |_| SharedError::TimedOut {
            place: self.place.clone(),
            limit,
        };
        timeout(limit, request).await.map_err(timed_out)
    }

    pub(crate) fn explain(&self, error: StoreError) -> SharedError {
        explain(&self.place, error)
    }

    /// The packs in a folder, the newest first, if listing them takes no longer than some time.
    pub(crate) async fn list(
        &self,
        folder: &Path,
        in_all: Duration,
    ) -> Result<Vec<ListedPack>, SharedError> {
        let mut stream = self.store.list(Some(folder));
        let mut listed = Vec::new();
        let until = Instant::now() + in_all;
        let mut limit = self.limits.first_answer;
        for seen in 0usize.. {
            let next = timeout_at(until.min(Instant::now() + limit), stream.next()).await;
            let next = next.map_err(|_| SharedError::TimedOut {
                place: self.place.clone(),
                limit: if Instant::now() < until {
                    limit
                } else {
                    in_all
                },
            })?;
            if seen.is_multiple_of(PAGE) {
                self.report.lock().requests += 1;
            }
            limit = self.limits.head;
            let Some(found) = next else { break };
            let found = found.map_err(|error| self.explain(error))?;
            if seen >= MOST_LISTED {
                self.report.lock().beyond += 1;
                break;
            }
            let Some(name) = pack_below(folder, &found.location) else {
                continue;
            };
            listed.push(ListedPack {
                name,
                size: found.size,
                written_ms: found.last_modified.timestamp_millis(),
                path: found.location,
            });
        }
        listed.sort_by(|left, right| {
            (right.written_ms, &left.name).cmp(&(left.written_ms, &right.name))
        });
        Ok(listed)
    }

    /// The folders right below one.
    pub(crate) async fn folders(&self, folder: &Path) -> Result<Vec<Path>, SharedError> {
        let listing = self.store.list_with_delimiter(Some(folder));
        let listing = self.in_time(self.limits.head, listing).await?;
        Ok(listing
            .map_err(|error| self.explain(error))?
            .common_prefixes)
    }

    /// A part of a pack.
    pub(crate) async fn fetch(
        &self,
        pack: &ListedPack,
        range: Range<u64>,
        limit: Duration,
    ) -> Result<Fetched, SharedError> {
        let most = range.end.saturating_sub(range.start);
        let options = GetOptions {
            range: Some(GetRange::Bounded(range)),
            ..GetOptions::default()
        };
        let asking = self.store.get_opts(&pack.path, options);
        let read = match self.in_time(limit.min(self.limits.head), asking).await? {
            Ok(answer) if answer.meta.size != pack.size => {
                return Ok(Fetched::OtherSize(answer.meta.size));
            }
            Ok(answer) => self.collect(answer, most, limit).await?,
            Err(error) => Err(error),
        };
        match read {
            Ok(bytes) => {
                self.report.lock().bytes_read += bytes.len() as u64;
                Ok(Fetched::Bytes(bytes))
            }
            Err(StoreError::NotFound { .. }) => Ok(Fetched::Gone),
            Err(error) => match self.why_not(pack, error).await {
                Err(denied @ SharedError::Denied { .. }) => Ok(Fetched::Denied(denied)),
                answer => answer,
            },
        }
    }

    /// The bytes of an answer, at most as many as were asked for, as long as they keep coming.
    async fn collect(
        &self,
        answer: GetResult,
        most: u64,
        limit: Duration,
    ) -> Result<Result<Vec<u8>, StoreError>, SharedError> {
        let timed_out = |limit| SharedError::TimedOut {
            place: self.place.clone(),
            limit,
        };
        let mut stream = match answer.payload {
            GetResultPayload::Stream(stream) => stream,
            // A file is read in one step; its size was checked.
            _ => {
                let read = timeout(limit, answer.bytes()).await;
                let read = read.map_err(|_| timed_out(limit))?;
                return Ok(read.map(Into::into));
            }
        };
        let until = Instant::now() + limit;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        while bytes.len() <= most {
            let pause = limit.min(self.limits.head);
            let part = timeout_at(until.min(Instant::now() + pause), stream.next()).await;
            match part.map_err(|_| timed_out(pause))? {
                None => break,
                Some(Ok(part)) => bytes.extend_from_slice(&part),
                Some(Err(error)) => return Ok(Err(error)),
            }
        }
        Ok(Ok(bytes))
    }

    /// A range that is not there is an error like others, so the size is asked for.
    async fn why_not(&self, pack: &ListedPack, error: StoreError) -> Result<Fetched, SharedError> {
        if !matches!(error, StoreError::Generic { .. }) {
            return Err(self.explain(error));
        }
        let head = self.store.head(&pack.path);
        match self.in_time(self.limits.head, head).await? {
            Ok(meta) if meta.size != pack.size => Ok(Fetched::OtherSize(meta.size)),
            Err(StoreError::NotFound { .. }) => Ok(Fetched::Gone),
            _ => Err(self.explain(error)),
        }
    }

    /// Writes a file that is named by its content; returns whether it was not there before.
    ///
    /// A store that cannot write on a condition, such as a folder without hard links, overwrites
    /// the file with the same bytes.
    pub(crate) async fn put(&self, path: &Path, payload: PutPayload) -> Result<bool, SharedError> {
        let size = payload.content_length() as u64;
        let mode = PutMode::Create.into();
        let create = self.store.put_opts(path, payload.clone(), mode);
        let is_whole = match self.in_time(self.limits.pack, create).await? {
            Ok(_) => return Ok(true),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {
                let head = self.store.head(path);
                let head = self.in_time(self.limits.head, head).await?;
                head.is_ok_and(|meta| meta.size == size)
            }
            Err(error) if needs_no_condition(&error) => false,
            Err(error) => return Err(self.explain(error)),
        };
        if is_whole {
            return Ok(false);
        }
        self.overwrite(path, payload).await?;
        Ok(true)
    }

    /// Writes a file, whether or not there is one.
    pub(crate) async fn overwrite(
        &self,
        path: &Path,
        payload: PutPayload,
    ) -> Result<(), SharedError> {
        let mode = PutMode::Overwrite.into();
        let write = self.store.put_opts(path, payload, mode);
        let written = self.in_time(self.limits.pack, write).await?;
        written.map_err(|error| self.explain(error))?;
        Ok(())
    }

    /// Removes a file; one that is gone already is no error.
    pub(crate) async fn delete(&self, path: &Path) -> Result<(), SharedError> {
        let deletion = self.store.delete(path);
        match self.in_time(self.limits.head, deletion).await? {
            Ok(()) | Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.explain(error)),
        }
    }
}

/// The name of a pack that is right below a folder.
fn pack_below(folder: &Path, file: &Path) -> Option<String> {
    let mut parts = file.prefix_match(folder)?;
    let (name, deeper) = (parts.next()?, parts.next());
    let name = pack_of_file(name.as_ref()).filter(|_| deeper.is_none());
    name.map(str::to_owned)
}

/// Whether a write on a condition may have failed for the condition's sake.
fn needs_no_condition(error: &StoreError) -> bool {
    match error {
        StoreError::NotImplemented { .. } | StoreError::NotSupported { .. } => true,
        StoreError::Generic { store, .. } => *store == "LocalFileSystem",
        _ => false,
    }
}
