//! Vectors from the packs of one model.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use object_store::path::Path;
use ollacode_store::CacheKey;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::Inner;
use super::directory::Directory;
use super::error::{SharedError, causes};
use super::pack::{Flaw, PackHead, ROWS_PER_BLOCK, decode};
use super::report::{BadPack, Standing};
use super::requests::{Fetched, ListedPack};
use super::secret::{StoredKey, stored_key};
use super::write::Pending;

/// Packs that are read at once: 32 MB.
const PACKS_AT_ONCE: usize = 4;
/// Blocks that are read though nothing in them is wanted, since a request takes longer: 512 KB of
/// vectors with 1,024 numbers.
const GAP: usize = 4;
/// How often other packs are tried for keys whose packs were bad or gone.
const ROUNDS: usize = 4;
/// A listing that is older than this is made again.
const LISTING_AGE: Duration = Duration::from_secs(600);

/// The packs of one model.
pub(crate) struct ModelState {
    pub(crate) folder: Path,
    /// Under which this machine remembers the packs.
    pub(crate) known_as: String,
    pub(crate) dimension: usize,
    pub(crate) directory: Mutex<Option<Arc<Directory>>>,
    pub(crate) pending: parking_lot::Mutex<Pending>,
    /// Held while packs are sent.
    pub(crate) sending: Mutex<()>,
}

impl ModelState {
    pub(crate) fn new(inner: &Inner, folder: Path, dimension: usize) -> ModelState {
        ModelState {
            known_as: inner.known_as(&folder),
            folder,
            dimension,
            directory: Mutex::default(),
            pending: parking_lot::Mutex::default(),
            sending: Mutex::default(),
        }
    }
}

/// A shared cache, for one model.
#[derive(Clone)]
pub(crate) struct ModelCache {
    pub(crate) inner: Arc<Inner>,
    pub(crate) state: Arc<ModelState>,
}

/// A vector that was found, with the name of its pack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundVector {
    pub(crate) vector: Vec<f32>,
    pub(crate) pack: Arc<str>,
}

/// What became of reading a pack.
enum PackRead {
    Vectors(Vec<(StoredKey, Vec<f32>)>),
    Flawed(Flaw),
    Gone,
}

/// What is looked for, and what was found.
struct Search<'a> {
    wanted: HashMap<StoredKey, CacheKey>,
    found: &'a mut HashMap<CacheKey, FoundVector>,
    /// Keys, and the numbers of packs that only seemed to have them.
    missed: HashSet<(StoredKey, usize)>,
    /// Packs that were listed and gone.
    gone: HashSet<String>,
}

impl Search<'_> {
    /// Takes the vectors of a pack; returns whether it had all of the keys.
    fn take(
        &mut self,
        (number, name): (usize, &str),
        keys: Vec<StoredKey>,
        vectors: Vec<(StoredKey, Vec<f32>)>,
    ) -> bool {
        let pack: Arc<str> = Arc::from(name);
        for (key, vector) in vectors {
            let pack = Arc::clone(&pack);
            if let Some(key) = self.wanted.remove(&key) {
                self.found.insert(key, FoundVector { vector, pack });
            }
        }
        let lacking = keys.iter().filter(|key| self.wanted.contains_key(*key));
        let missed = self.missed.len();
        self.missed.extend(lacking.map(|key| (*key, number)));
        self.missed.len() == missed
    }
}

/// How a round of reading ended.
enum Round {
    /// There is nothing more to read.
    Over,
    /// Some keys may be in other packs.
    Again,
    /// The listing is older than what is in the store.
    Outdated,
}

impl ModelCache {
    /// The vectors of those of some keys that the shared cache has.
    ///
    /// Fewer, or none, if it cannot be used at the moment: the report says why.
    pub(crate) async fn get(&self, keys: &[CacheKey]) -> HashMap<CacheKey, FoundVector> {
        let mut found = HashMap::new();
        if keys.is_empty() || self.inner.is_resting() {
            return found;
        }
        match self.find(keys, &mut found).await {
            Ok(()) => self.inner.note_reachable(),
            Err(error) => self.inner.rest(&error),
        }
        self.inner.requests.report.lock().read += found.len() as u64;
        found
    }

    async fn find(
        &self,
        keys: &[CacheKey],
        found: &mut HashMap<CacheKey, FoundVector>,
    ) -> Result<(), SharedError> {
        let secret = self.inner.options.secret.as_ref();
        let wanted = keys.iter().map(|key| (stored_key(secret, *key), *key));
        let search = Search {
            wanted: wanted.collect(),
            found,
            missed: HashSet::new(),
            gone: HashSet::new(),
        };
        let directory = self.directory(LISTING_AGE).await?;
        let limit = self.inner.requests.limits.vectors;
        let place = self.inner.requests.place.clone();
        timeout(limit, self.rounds(directory, search))
            .await
            .map_err(|_| SharedError::TimedOut { place, limit })?
    }

    async fn rounds(
        &self,
        mut directory: Arc<Directory>,
        mut search: Search<'_>,
    ) -> Result<(), SharedError> {
        for _ in 0..ROUNDS {
            match self.round(&directory, &mut search).await? {
                Round::Over => break,
                Round::Again => {}
                Round::Outdated => {
                    search.missed.clear();
                    directory = self.directory(Duration::ZERO).await?;
                }
            }
        }
        Ok(())
    }

    /// Reads the packs that seem to have the keys.
    async fn round(
        &self,
        directory: &Directory,
        search: &mut Search<'_>,
    ) -> Result<Round, SharedError> {
        let plan = directory.plan(search.wanted.keys(), &search.missed);
        let reads: Vec<_> = plan
            .into_iter()
            .map(|(number, keys)| self.read(directory, number, keys))
            .collect();
        let mut reads = stream::iter(reads).buffer_unordered(PACKS_AT_ONCE);
        let mut round = Round::Over;
        while let Some(read) = reads.next().await {
            let (number, keys, read) = read?;
            let pack = &directory.packs[number].name;
            match read {
                PackRead::Vectors(vectors) => {
                    if !search.take((number, pack.as_str()), keys, vectors) {
                        round = Round::Again;
                    }
                }
                PackRead::Flawed(flaw) => {
                    round = Round::Again;
                    self.leave_out(pack, &flaw.to_string()).await?;
                    directory.leave_out(pack);
                }
                PackRead::Gone => {
                    directory.leave_out(pack);
                    // Others may be gone as well: another process has merged them.
                    if search.gone.insert(pack.clone()) {
                        return Ok(Round::Outdated);
                    }
                    // The store lists what it does not have.
                    round = Round::Again;
                }
            }
        }
        Ok(round)
    }

    /// Which of some keys the shared cache has, without reading vectors; `None` if it does not answer:
    /// the report says why.
    pub(crate) async fn having(&self, keys: &[CacheKey]) -> Option<HashSet<CacheKey>> {
        match self.directory(LISTING_AGE).await {
            Ok(directory) => {
                self.inner.note_reachable();
                Some(self.present(&directory, keys).collect())
            }
            Err(error) => {
                self.inner.rest(&error);
                None
            }
        }
    }

    /// Which of some keys the shared cache has, for all that is known.
    pub(crate) fn present<'a>(
        &'a self,
        directory: &'a Directory,
        keys: &'a [CacheKey],
    ) -> impl Iterator<Item = CacheKey> + 'a {
        let secret = self.inner.options.secret.as_ref();
        keys.iter()
            .copied()
            .filter(move |key| directory.has(&stored_key(secret, *key)))
    }

    /// Leaves a pack out for good, on this machine, and names it.
    pub(crate) async fn leave_out(&self, pack: &str, why: &str) -> Result<(), SharedError> {
        if let Some(directory) = self.state.directory.lock().await.as_ref() {
            directory.leave_out(pack);
        }
        let (place, name, flaw) = (self.state.known_as.clone(), pack.to_owned(), why.to_owned());
        let memory = self.inner.memory().await?;
        let known = memory.with(move |known| {
            known.record_check(&place, &name, Some(&flaw))?;
            known.pack(&place, &name)
        });
        let bad = BadPack {
            pack: pack.to_owned(),
            writer: known.await?.map(|known| known.writer).unwrap_or_default(),
            why: why.to_owned(),
        };
        self.inner.requests.report.lock().name_bad(bad);
        Ok(())
    }

    /// The packs as they were listed at most some time ago.
    pub(crate) async fn directory(&self, age: Duration) -> Result<Arc<Directory>, SharedError> {
        let mut open = self.state.directory.lock().await;
        if let Some(directory) = open.as_ref()
            && directory.listed_at.elapsed() < age
        {
            return Ok(Arc::clone(directory));
        }
        let memory = self.inner.memory().await?;
        let ModelState {
            folder,
            known_as,
            dimension,
            ..
        } = &*self.state;
        let requests = &self.inner.requests;
        let opened = Directory::open(requests, &memory, known_as, folder, *dimension).await?;
        let opened = Arc::new(opened);
        *open = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Reads the vectors of some keys from the pack of a number; returns both, too.
    async fn read(
        &self,
        directory: &Directory,
        number: usize,
        keys: Vec<StoredKey>,
    ) -> Result<(usize, Vec<StoredKey>, PackRead), SharedError> {
        let pack = &directory.packs[number];
        let (place, name) = (self.state.known_as.clone(), pack.name.clone());
        let memory = self.inner.memory().await?;
        let head = memory.with(move |known| known.head(&place, &name)).await?;
        let read = match PackHead::read(&head.unwrap_or_default(), &pack.name) {
            Ok(head) => self.read_rows(pack, &head, &keys).await?,
            Err(_) => PackRead::Gone,
        };
        Ok((number, keys, read))
    }

    async fn read_rows(
        &self,
        pack: &ListedPack,
        head: &PackHead,
        keys: &[StoredKey],
    ) -> Result<PackRead, SharedError> {
        let rows: BTreeSet<usize> = keys.iter().filter_map(|key| head.row(key)).collect();
        let limit = self.inner.requests.limits.pack;
        let mut vectors = Vec::with_capacity(rows.len());
        for blocks in runs_of_blocks(&rows) {
            let range = head.range(blocks.clone());
            let bytes = match self.inner.requests.fetch(pack, range, limit).await? {
                Fetched::Bytes(bytes) => bytes,
                Fetched::Gone => return Ok(PackRead::Gone),
                Fetched::Denied(error) => return Err(error),
                Fetched::OtherSize(size) => {
                    let expected = pack.size;
                    return Ok(PackRead::Flawed(Flaw::Size { size, expected }));
                }
            };
            match wanted_vectors(head, blocks, &bytes, &rows) {
                Ok(some) => vectors.extend(some),
                Err(flaw) => return Ok(PackRead::Flawed(flaw)),
            }
        }
        Ok(PackRead::Vectors(vectors))
    }
}

/// The vectors of some rows among the bytes of some blocks.
fn wanted_vectors(
    head: &PackHead,
    blocks: Range<usize>,
    bytes: &[u8],
    rows: &BTreeSet<usize>,
) -> Result<Vec<(StoredKey, Vec<f32>)>, Flaw> {
    let is_wanted = |(row, _): &(usize, &[u8])| rows.contains(row);
    head.rows(blocks, bytes)?
        .into_iter()
        .filter(is_wanted)
        .map(|(row, bytes)| Ok((head.keys[row], decode(bytes)?)))
        .collect()
}

/// The blocks of some rows, in runs that are read at once.
fn runs_of_blocks(rows: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for block in rows.iter().map(|row| row / ROWS_PER_BLOCK) {
        match runs.last_mut() {
            Some(run) if block <= run.end + GAP => run.end = run.end.max(block + 1),
            _ => runs.push(block..block + 1),
        }
    }
    runs
}

impl Inner {
    /// Under which this machine remembers the packs in a folder.
    pub(crate) fn known_as(&self, folder: &Path) -> String {
        let whole = format!("{}\n{folder}", self.options.place);
        blake3::hash(whole.as_bytes()).to_hex()[..32].to_owned()
    }

    /// Whether the store has failed a short while ago.
    pub(crate) fn is_resting(&self) -> bool {
        is_ahead(*self.resting_until.lock())
    }

    /// Whether the store has failed a short while ago, or has refused to be written to.
    pub(crate) fn writes_rest(&self) -> bool {
        self.is_resting() || is_ahead(*self.read_only_until.lock())
    }

    pub(crate) fn note_reachable(&self) {
        *self.resting_until.lock() = None;
        self.requests.report.lock().standing = Standing::Reachable;
    }

    /// Leaves the shared cache out for a while.
    pub(crate) fn rest(&self, error: &SharedError) {
        let why = causes(error);
        tracing::warn!(%why, "the shared cache of vectors is left out");
        *self.resting_until.lock() = Some(Instant::now() + self.requests.limits.rest);
        self.requests.report.lock().standing = Standing::LeftOut(why);
    }

    /// Writes nothing for a while. Who may not write can still read.
    pub(crate) fn rest_writing(&self, error: &SharedError) {
        self.requests.report.lock().why_unwritten = Some(causes(error));
        match error {
            SharedError::Denied { .. } => {
                let until = Instant::now() + self.requests.limits.rest;
                *self.read_only_until.lock() = Some(until);
            }
            _ => self.rest(error),
        }
    }
}

fn is_ahead(until: Option<Instant>) -> bool {
    until.is_some_and(|until| Instant::now() < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_blocks_are_read_together() {
        let runs = |rows: &[usize]| -> Vec<(usize, usize)> {
            let runs = runs_of_blocks(&rows.iter().copied().collect());
            runs.into_iter().map(|run| (run.start, run.end)).collect()
        };
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[0, 63]), [(0, 1)]);
        assert_eq!(runs(&[0, 64 * 5]), [(0, 6)]);
        assert_eq!(runs(&[0, 64 * 6, 64 * 40]), [(0, 1), (6, 7), (40, 41)]);
    }
}
