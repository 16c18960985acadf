//! Vectors that this machine has embedded, on their way into packs.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ollacode_store::{CacheKey, KnownPack};
use tokio::time::{Instant, timeout};

use super::error::SharedError;
use super::pack::{Pack, PackHead, encode, file_name, make_pack, rows_per_pack};
use super::read::ModelCache;
use super::secret::{StoredKey, stored_key};

/// Packs that wait for the store: 64 MB. More are given up, and counted.
const MOST_WAITING: usize = 8;

/// Vectors that are not sent yet.
#[derive(Default)]
pub(crate) struct Pending {
    rows: BTreeMap<StoredKey, Vec<u8>>,
    /// When the first of these came.
    since: Option<Instant>,
    packs: VecDeque<Pack>,
}

impl ModelCache {
    /// Adds vectors to what is sent; returns at once.
    ///
    /// A pack is sent when it is full, or after five minutes. Nothing is done without `may_write`.
    pub(crate) fn put(&self, vectors: &[(CacheKey, Vec<f32>)]) {
        if !self.inner.options.may_write || vectors.is_empty() {
            return;
        }
        let secret = self.inner.options.secret.as_ref();
        let mut pending = self.state.pending.lock();
        for (key, vector) in vectors {
            // Another dimension would be another model.
            let fits = vector.len() == self.state.dimension;
            match encode(vector).filter(|_| fits) {
                Some(bytes) => {
                    pending.rows.insert(stored_key(secret, *key), bytes);
                }
                None => self.inner.requests.report.lock().unwritten += 1,
            }
        }
        pending.since.get_or_insert_with(Instant::now);
        let is_late = pending
            .since
            .is_some_and(|since| since.elapsed() >= self.inner.requests.limits.flush);
        self.close_packs(&mut pending, is_late);
        let is_due = !pending.packs.is_empty() && !self.inner.writes_rest();
        drop(pending);
        if is_due && self.state.sending.try_lock().is_ok() {
            let cache = self.clone();
            tokio::spawn(async move { cache.send().await });
        }
    }

    /// Sends what is left, for at most some time; what cannot be sent is counted.
    pub(crate) async fn finish(&self, limit: Duration) {
        if !self.inner.options.may_write {
            return;
        }
        self.close_packs(&mut self.state.pending.lock(), true);
        // A store that failed a moment ago is asked once more, and not waited for.
        let limit = match self.inner.writes_rest() {
            true => limit.min(self.inner.requests.limits.first_answer),
            false => limit,
        };
        if timeout(limit, self.send()).await.is_err() {
            let place = self.inner.requests.place.clone();
            self.inner
                .rest_writing(&SharedError::TimedOut { place, limit });
        }
        let left: usize = self
            .state
            .pending
            .lock()
            .packs
            .drain(..)
            .map(|pack| pack.rows)
            .sum();
        self.inner.requests.report.lock().unwritten += left as u64;
    }

    /// Makes packs of what is pending, and of the rest if there will be no more.
    fn close_packs(&self, pending: &mut Pending, all: bool) {
        let most = rows_per_pack(self.state.dimension);
        while pending.rows.len() >= most || (all && !pending.rows.is_empty()) {
            let mut rows = std::mem::take(&mut pending.rows);
            if let Some((next, _)) = rows.iter().nth(most) {
                let next = *next;
                pending.rows = rows.split_off(&next);
            }
            let rows: Vec<(StoredKey, Vec<u8>)> = rows.into_iter().collect();
            let writer = &self.inner.options.writer;
            let pack = make_pack(writer, self.state.dimension, &rows);
            pending.packs.push_back(pack);
            pending.since = None;
        }
        while pending.packs.len() > MOST_WAITING {
            // The first may be on its way.
            let given_up = pending.packs.pop_back().map_or(0, |pack| pack.rows);
            self.inner.requests.report.lock().unwritten += given_up as u64;
        }
    }

    /// Sends all packs that are complete, the oldest first, until one cannot be sent.
    async fn send(&self) {
        let _sending = self.state.sending.lock().await;
        loop {
            let Some(pack) = self.state.pending.lock().packs.front().cloned() else {
                return;
            };
            let name = pack.name.clone();
            if let Err(error) = self.send_pack(pack).await {
                self.inner.rest_writing(&error);
                return;
            }
            let packs = &mut self.state.pending.lock().packs;
            // It was given up if the run has ended meanwhile.
            if packs.front().is_some_and(|pack| pack.name == name) {
                packs.pop_front();
            }
        }
    }

    async fn send_pack(&self, pack: Pack) -> Result<(), SharedError> {
        let path = self.state.folder.clone().join(file_name(&pack.name));
        let known = known_pack(&pack, &self.inner.options.writer);
        self.inner.requests.put(&path, pack.bytes.into()).await?;
        self.inner.requests.report.lock().written += pack.rows as u64;
        self.inner.note_reachable();
        // What this machine has written it neither reads nor doubts.
        let place = self.state.known_as.clone();
        let memory = self.inner.memory().await?;
        memory
            .with(move |packs| packs.record(&place, &[known]))
            .await
    }
}

/// What this machine remembers of a pack of its own.
fn known_pack(pack: &Pack, writer: &str) -> KnownPack {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let head = PackHead::read(&pack.bytes, &pack.name).map_or(0, |head| head.bytes());
    KnownPack {
        name: pack.name.clone(),
        size: pack.bytes.len() as u64,
        written_ms: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        writer: writer.to_owned(),
        flaw: None,
        is_checked: true,
        head: pack.bytes[..head].to_vec(),
    }
}
