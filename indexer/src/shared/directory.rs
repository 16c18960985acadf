//! Which key is in which pack: from the heads of all packs, which this machine remembers.

use std::collections::{HashMap, HashSet};
use std::path::Path as FilePath;
use std::sync::Arc;

use futures::{StreamExt, stream};
use object_store::path::Path;
use ollacode_store::{KnownPack, KnownPacks};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use super::error::SharedError;
use super::pack::{Flaw, LONGEST_HEAD, PackHead, rows_per_pack};
use super::report::BadPack;
use super::requests::{Fetched, ListedPack, Requests};
use super::secret::StoredKey;

/// Keys that are looked through: 64 MB of memory, and 128 MB on the disk.
pub(crate) const MOST_KEYS: usize = 8_000_000;
/// Heads that are fetched at once.
const HEADS_AT_ONCE: usize = 32;
/// Heads that are recorded in one transaction: 17 MB.
const HEADS_PER_RECORD: usize = 256;
/// Bits of an entry that number the pack; the others are of the key.
const PACK_BITS: u32 = 24;

/// What this machine remembers of packs, used off the asynchronous threads.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Mutex<KnownPacks>>);

impl Memory {
    pub(crate) async fn open(data_folder: &FilePath) -> Result<Memory, SharedError> {
        let folder = data_folder.to_owned();
        let opened = tokio::task::spawn_blocking(move || KnownPacks::open(&folder)).await?;
        Ok(Memory(Arc::new(Mutex::new(opened?))))
    }

    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut KnownPacks) -> ollacode_store::Result<T> + Send + 'static,
    ) -> Result<T, SharedError> {
        let known = Arc::clone(&self.0);
        Ok(tokio::task::spawn_blocking(move || work(&mut known.lock())).await??)
    }
}

/// The packs of a model as they were listed last, and what is in them.
pub(crate) struct Directory {
    /// 40 bits of each key and the number of its pack, in order.
    entries: Vec<u64>,
    pub(crate) packs: Vec<ListedPack>,
    /// Numbers of packs that are not used, or not any more.
    out: Mutex<HashSet<usize>>,
    pub(crate) listed_at: Instant,
}

impl Directory {
    /// Lists the packs of a model, and reads the heads of those that are new.
    pub(crate) async fn open(
        requests: &Requests,
        memory: &Memory,
        place: &str,
        folder: &Path,
        dimension: usize,
    ) -> Result<Directory, SharedError> {
        requests.report.lock().beyond = 0;
        let mut packs = requests.list(folder, requests.limits.heads).await?;
        let key = place.to_owned();
        let known = memory.with(move |known| known.all(&key)).await?;
        let listed: HashSet<&str> = packs.iter().map(|pack| pack.name.as_str()).collect();
        let gone: Vec<String> = known
            .iter()
            .filter(|pack| !listed.contains(pack.name.as_str()))
            .map(|pack| pack.name.clone())
            .collect();
        if !gone.is_empty() {
            let key = place.to_owned();
            memory.with(move |known| known.forget(&key, &gone)).await?;
        }
        let near = within_reach(&packs, dimension);
        requests.report.lock().beyond += (packs.len() - near) as u64;
        packs.truncate(near);
        let known: HashMap<&str, &KnownPack> = known
            .iter()
            .map(|pack| (pack.name.as_str(), pack))
            .collect();
        let is_news = |pack: &&ListedPack| match known.get(pack.name.as_str()) {
            // One that was cut short may have been written again, and a whole one cut short.
            Some(known) => {
                let is_later = known.written_ms != pack.written_ms;
                known.size != pack.size || (known.flaw.is_some() && is_later)
            }
            None => true,
        };
        let news: Vec<ListedPack> = packs.iter().filter(is_news).cloned().collect();
        let is_readable = packs.len() > news.len();
        read_heads(requests, memory, place, news, dimension, is_readable).await?;
        Directory::build(requests, memory, place, packs).await
    }

    /// Puts the keys of all packs in order.
    async fn build(
        requests: &Requests,
        memory: &Memory,
        place: &str,
        packs: Vec<ListedPack>,
    ) -> Result<Directory, SharedError> {
        let place = place.to_owned();
        let built = memory.with(move |known| read_entries(known, &place, packs));
        let (directory, bad) = built.await?;
        let mut report = requests.report.lock();
        for pack in bad {
            report.name_bad(pack);
        }
        Ok(directory)
    }

    /// Which packs to read for some keys, and which keys to take from each. A key that is nowhere is
    /// left out; so is a pack for the keys that it was found not to have.
    pub(crate) fn plan<'a>(
        &self,
        keys: impl Iterator<Item = &'a StoredKey>,
        missed: &HashSet<(StoredKey, usize)>,
    ) -> HashMap<usize, Vec<StoredKey>> {
        let out = self.out.lock();
        let mut plan: HashMap<usize, Vec<StoredKey>> = HashMap::new();
        for key in keys {
            let is_left = |pack: &usize| !out.contains(pack) && !missed.contains(&(*key, *pack));
            if let Some(pack) = self.packs_with(key).find(is_left) {
                plan.entry(pack).or_default().push(*key);
            }
        }
        plan
    }

    /// Whether a pack that is in use has a key.
    pub(crate) fn has(&self, key: &StoredKey) -> bool {
        let out = self.out.lock();
        self.packs_with(key).any(|pack| !out.contains(&pack))
    }

    /// Leaves a pack out from now on.
    pub(crate) fn leave_out(&self, name: &str) {
        let numbers = 0..self.packs.len();
        let named = numbers.filter(|number| self.packs[*number].name == name);
        self.out.lock().extend(named);
    }

    fn packs_with(&self, key: &StoredKey) -> impl Iterator<Item = usize> {
        let first = entry(key, 0);
        let start = self.entries.partition_point(|entry| *entry < first);
        self.entries[start..]
            .iter()
            .take_while(move |entry| **entry >> PACK_BITS == first >> PACK_BITS)
            .map(|entry| (entry & ((1 << PACK_BITS) - 1)) as usize)
    }
}

/// How many of the newest packs have no more keys than are looked through.
fn within_reach(packs: &[ListedPack], dimension: usize) -> usize {
    let row_bytes = 2 * dimension.max(1) as u64;
    let mut keys = 0;
    let most = rows_per_pack(dimension) as u64;
    let is_near = |pack: &&ListedPack| {
        // A file that is too large is no pack, and crowds out none.
        keys += (pack.size / row_bytes).min(most);
        keys <= MOST_KEYS as u64
    };
    packs.iter().take_while(is_near).count()
}

/// Reads the heads of packs, and records them or what is wrong with them.
///
/// A store that takes long is not waited for: the others are read in the next run. A pack that may not
/// be read, as one of a user who shares files with nobody, is named, if others can be read.
async fn read_heads(
    requests: &Requests,
    memory: &Memory,
    place: &str,
    news: Vec<ListedPack>,
    dimension: usize,
    mut is_readable: bool,
) -> Result<(), SharedError> {
    let until = Instant::now() + requests.limits.heads;
    let mut left = news.len();
    for some in news.chunks(HEADS_PER_RECORD) {
        let reads: Vec<_> = some
            .iter()
            .map(|pack| read_head(requests, pack, dimension))
            .collect();
        let mut reads = stream::iter(reads)
            .buffer_unordered(HEADS_AT_ONCE)
            .take_until(Box::pin(sleep_until(until)));
        let (mut heads, mut denied, mut failed) = (Vec::new(), Vec::new(), None);
        while let Some(read) = reads.next().await {
            left -= 1;
            match read {
                Ok(HeadRead::Known(head)) => heads.push(head),
                Ok(HeadRead::Gone) => {}
                Ok(HeadRead::Denied(pack, error)) => denied.push((pack, error)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        drop(reads);
        let is_refused = heads.is_empty() && !denied.is_empty();
        is_readable |= !heads.is_empty();
        let key = place.to_owned();
        memory.with(move |known| known.record(&key, &heads)).await?;
        for (pack, error) in denied {
            if !is_readable {
                return Err(error);
            }
            let (writer, why) = (String::new(), Flaw::Denied.to_string());
            let bad = BadPack { pack, writer, why };
            requests.report.lock().name_bad(bad);
        }
        if let Some(error) = failed {
            return Err(error);
        }
        if is_refused || Instant::now() >= until {
            break;
        }
    }
    requests.report.lock().beyond += left as u64;
    Ok(())
}

/// What became of reading a head.
enum HeadRead {
    Known(KnownPack),
    Gone,
    /// The pack of a name may not be read by this machine.
    Denied(String, SharedError),
}

/// Reads the head of a pack.
async fn read_head(
    requests: &Requests,
    pack: &ListedPack,
    dimension: usize,
) -> Result<HeadRead, SharedError> {
    let range = 0..pack.size.min(LONGEST_HEAD as u64);
    let mut known = KnownPack {
        name: pack.name.clone(),
        size: pack.size,
        written_ms: pack.written_ms,
        writer: String::new(),
        flaw: None,
        is_checked: false,
        head: Vec::new(),
    };
    let flaw = if range.is_empty() {
        Some(Flaw::NotAPack)
    } else {
        match requests.fetch(pack, range, requests.limits.head).await? {
            Fetched::Gone => return Ok(HeadRead::Gone),
            Fetched::Denied(error) => return Ok(HeadRead::Denied(pack.name.clone(), error)),
            Fetched::OtherSize(size) => Some(Flaw::Size {
                size,
                expected: pack.size,
            }),
            Fetched::Bytes(mut bytes) => match PackHead::read(&bytes, &pack.name) {
                Ok(head) => {
                    bytes.truncate(head.bytes());
                    known.head = bytes;
                    let sound = head.check(pack.size, dimension);
                    known.writer = head.writer;
                    sound.err()
                }
                Err(flaw) => Some(flaw),
            },
        }
    };
    if let Some(flaw) = flaw {
        known.head.clear();
        known.flaw = Some(flaw.to_string());
    }
    Ok(HeadRead::Known(known))
}

/// The entries of all packs in use, and the packs that are not.
fn read_entries(
    known: &mut KnownPacks,
    place: &str,
    packs: Vec<ListedPack>,
) -> ollacode_store::Result<(Directory, Vec<BadPack>)> {
    let all = known.all(place)?;
    let by_name: HashMap<&str, &KnownPack> =
        all.iter().map(|pack| (pack.name.as_str(), pack)).collect();
    let (mut entries, mut bad, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
    let mut out = HashSet::new();
    for (number, pack) in packs.iter().enumerate() {
        let Some(seen) = by_name.get(pack.name.as_str()) else {
            continue;
        };
        if let Some(why) = &seen.flaw {
            out.insert(number);
            bad.push(BadPack {
                pack: pack.name.clone(),
                writer: seen.writer.clone(),
                why: why.clone(),
            });
            continue;
        }
        let head = known.head(place, &pack.name)?.unwrap_or_default();
        match PackHead::read(&head, &pack.name) {
            Ok(head) => entries.extend(head.keys.iter().map(|key| entry(key, number))),
            // The file of this machine is damaged: the head is read again next time.
            Err(_) => damaged.push(pack.name.clone()),
        }
    }
    if !damaged.is_empty() {
        known.forget(place, &damaged)?;
    }
    entries.sort_unstable();
    let directory = Directory {
        entries,
        packs,
        out: Mutex::new(out),
        listed_at: Instant::now(),
    };
    Ok((directory, bad))
}

/// 40 bits of a key, and the number of a pack. Few of eight million keys share them; the head of the
/// pack decides.
///
/// They are of the second half: the first is the same for all parts of a text.
fn entry(key: &StoredKey, pack: usize) -> u64 {
    let half = u64::from_be_bytes([
        key[8], key[9], key[10], key[11], key[12], key[13], key[14], key[15],
    ]);
    (half >> PACK_BITS << PACK_BITS) | pack as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_large_hides_no_packs() {
        let listed = |size: u64| ListedPack {
            name: "0".repeat(32),
            path: Path::from("pack"),
            size,
            written_ms: 0,
        };
        let full = 8 << 20;
        let packs = [vec![listed(u64::MAX)], vec![listed(full); 100]].concat();
        assert_eq!(within_reach(&packs, 1_024), 101);
        let many = vec![listed(full); 3_000];
        let near = within_reach(&many, 1_024);
        assert_eq!(near, MOST_KEYS / rows_per_pack(1_024));
    }
}
