//! Statistics, and merging small packs into larger ones.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use object_store::PutPayload;
use object_store::path::Path;

use super::Inner;
use super::error::SharedError;
use super::pack::{
    Flaw, LONGEST_HEAD, MOST_BYTES, PackHead, decode, file_name, make_pack, rows_per_pack,
};
use super::report::{BadPack, CompactReport, SharedStatistics};
use super::requests::{Fetched, ListedPack};
use super::secret::StoredKey;

/// Heads that are read at once, and kept until all of them are there: 17 MB.
const HEADS_AT_ONCE: usize = 32;
const HEADS_IN_MEMORY: usize = 256;
/// Small packs that are read at once: at most 32 MB.
const PACKS_AT_ONCE: usize = 8;
/// Packs that are named in a report.
const MOST_BAD: usize = 100;
/// A listing of 100,000 packs takes 100 requests.
pub(crate) const LONGEST_LISTING: Duration = Duration::from_secs(600);

/// Between the writers of a pack that was merged.
const WRITERS: &str = ", ";

/// What a pack turned out to be.
pub(crate) enum WholePack {
    /// Every vector of it can be used.
    Sound {
        head: PackHead,
        bytes: Vec<u8>,
    },
    Flawed {
        flaw: Flaw,
        writer: String,
    },
    Gone,
}

/// A pack that is to be merged with others.
struct SmallPack {
    pack: ListedPack,
    rows: usize,
}

impl Inner {
    /// The folders of all models.
    pub(crate) async fn model_folders(&self) -> Result<Vec<Path>, SharedError> {
        self.requests.folders(&self.models_folder()).await
    }

    /// Calls a function with each pack, and its head or what is wrong with it. Packs that are gone
    /// meanwhile are left out.
    async fn each_head(
        &self,
        packs: &[ListedPack],
        mut see: impl FnMut(&ListedPack, Result<PackHead, Flaw>),
    ) -> Result<(), SharedError> {
        for some in packs.chunks(HEADS_IN_MEMORY) {
            let reads: Vec<_> = some.iter().map(|pack| self.head(pack)).collect();
            let heads: Vec<Option<Result<PackHead, Flaw>>> = stream::iter(reads)
                .buffered(HEADS_AT_ONCE)
                .try_collect()
                .await?;
            for (pack, head) in some.iter().zip(heads) {
                if let Some(head) = head {
                    see(pack, head);
                }
            }
        }
        Ok(())
    }

    async fn head(&self, pack: &ListedPack) -> Result<Option<Result<PackHead, Flaw>>, SharedError> {
        let range = 0..pack.size.min(LONGEST_HEAD as u64);
        if range.is_empty() {
            return Ok(Some(Err(Flaw::NotAPack)));
        }
        let limit = self.requests.limits.head;
        Ok(match self.requests.fetch(pack, range, limit).await? {
            Fetched::Gone => None,
            Fetched::Denied(_) => Some(Err(Flaw::Denied)),
            Fetched::OtherSize(size) => Some(Err(Flaw::Size {
                size,
                expected: pack.size,
            })),
            Fetched::Bytes(bytes) => Some(
                PackHead::read(&bytes, &pack.name)
                    .and_then(|head| head.check_size(pack.size).map(|()| head)),
            ),
        })
    }

    /// Reads a pack, and checks all of it.
    pub(crate) async fn whole(&self, pack: &ListedPack) -> Result<WholePack, SharedError> {
        if pack.size == 0 || pack.size > MOST_BYTES as u64 {
            return Ok(WholePack::Flawed {
                flaw: Flaw::NotAPack,
                writer: String::new(),
            });
        }
        let limit = self.requests.limits.pack;
        Ok(
            match self.requests.fetch(pack, 0..pack.size, limit).await? {
                Fetched::Gone => WholePack::Gone,
                Fetched::Denied(_) => WholePack::Flawed {
                    flaw: Flaw::Denied,
                    writer: String::new(),
                },
                Fetched::OtherSize(size) => WholePack::Flawed {
                    flaw: Flaw::Size {
                        size,
                        expected: pack.size,
                    },
                    writer: String::new(),
                },
                Fetched::Bytes(bytes) => check_whole(bytes, &pack.name),
            },
        )
    }

    pub(super) async fn count(&self) -> Result<SharedStatistics, SharedError> {
        let mut counted = SharedStatistics::default();
        let mut writers: HashMap<String, u64> = HashMap::new();
        for folder in self.model_folders().await? {
            let packs = self.requests.list(&folder, LONGEST_LISTING).await?;
            counted.models += u64::from(!packs.is_empty());
            self.each_head(&packs, |pack, head| {
                counted.bytes += pack.size;
                match head {
                    Ok(head) => {
                        counted.packs += 1;
                        counted.small_packs += u64::from(is_small(&head));
                        counted.vectors += head.keys.len() as u64;
                        *writers.entry(head.writer).or_default() += head.keys.len() as u64;
                    }
                    Err(flaw) => name_bad(&mut counted.bad, &pack.name, String::new(), &flaw),
                }
            })
            .await?;
        }
        counted.writers = writers.into_iter().collect();
        counted
            .writers
            .sort_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
        Ok(counted)
    }

    pub(super) async fn merge_small(&self) -> Result<CompactReport, SharedError> {
        self.must_write()?;
        let mut report = CompactReport::default();
        for folder in self.model_folders().await? {
            let packs = self.requests.list(&folder, LONGEST_LISTING).await?;
            report.packs_before += packs.len() as u64;
            report.bytes_before += packs.iter().map(|pack| pack.size).sum::<u64>();
            report.packs_after += packs.len() as u64;
            report.bytes_after += packs.iter().map(|pack| pack.size).sum::<u64>();
            let flaws = self.known_flaws(&folder).await?;
            let mut small: BTreeMap<usize, Vec<SmallPack>> = BTreeMap::new();
            self.each_head(&packs, |pack, head| match head {
                Ok(head) if flaws.contains_key(&pack.name) => {
                    let why = &flaws[&pack.name];
                    name_bad(&mut report.bad, &pack.name, head.writer, why);
                }
                Ok(head) if is_small(&head) => {
                    small.entry(head.dimension).or_default().push(SmallPack {
                        pack: pack.clone(),
                        rows: head.keys.len(),
                    });
                }
                Ok(_) => {}
                Err(flaw) => name_bad(&mut report.bad, &pack.name, String::new(), &flaw),
            })
            .await?;
            for (dimension, small) in small {
                for group in groups(small, rows_per_pack(dimension)) {
                    self.merge(&folder, dimension, &group, &mut report).await?;
                }
            }
        }
        Ok(report)
    }

    /// What this machine has found out of packs in a folder, as by spot checks: merging them would
    /// spoil others.
    async fn known_flaws(&self, folder: &Path) -> Result<HashMap<String, String>, SharedError> {
        let known_as = self.known_as(folder);
        let memory = self.memory().await?;
        let known = memory.with(move |known| known.all(&known_as)).await?;
        let flaws = known.into_iter();
        Ok(flaws
            .filter_map(|pack| Some((pack.name, pack.flaw?)))
            .collect())
    }

    /// Writes what is in some packs as one, and only then removes them.
    async fn merge(
        &self,
        folder: &Path,
        dimension: usize,
        group: &[SmallPack],
        report: &mut CompactReport,
    ) -> Result<(), SharedError> {
        let mut rows: BTreeMap<StoredKey, Vec<u8>> = BTreeMap::new();
        let mut writers: BTreeSet<String> = BTreeSet::new();
        let mut merged: Vec<&ListedPack> = Vec::new();
        for some in group.chunks(PACKS_AT_ONCE) {
            let reads: Vec<_> = some.iter().map(|small| self.whole(&small.pack)).collect();
            let reads = futures::future::try_join_all(reads).await?;
            for (small, read) in some.iter().zip(reads) {
                match read {
                    WholePack::Sound { head, bytes } => {
                        let body = &bytes[head.bytes()..];
                        let bodies = body.chunks_exact(2 * dimension);
                        for (key, vector) in head.keys.iter().zip(bodies) {
                            rows.entry(*key).or_insert_with(|| vector.to_vec());
                        }
                        writers.extend(head.writer.split(WRITERS).map(str::to_owned));
                        merged.push(&small.pack);
                    }
                    WholePack::Flawed { flaw, writer } => {
                        name_bad(&mut report.bad, &small.pack.name, writer, &flaw);
                    }
                    WholePack::Gone => {}
                }
            }
        }
        if merged.len() < 2 {
            return Ok(());
        }
        let writers: Vec<String> = writers.into_iter().collect();
        let rows: Vec<(StoredKey, Vec<u8>)> = rows.into_iter().collect();
        let pack = make_pack(&writers.join(WRITERS), dimension, &rows);
        let path = folder.clone().join(file_name(&pack.name));
        let size = pack.bytes.len() as u64;
        let payload = PutPayload::from(pack.bytes);
        if self.requests.put(&path, payload.clone()).await? {
            report.packs_after += 1;
            report.bytes_after += size;
        } else {
            // A crash may have left a file of this size that is not written to its end.
            let listed = ListedPack {
                name: pack.name.clone(),
                path: path.clone(),
                size,
                written_ms: 0,
            };
            if !matches!(self.whole(&listed).await?, WholePack::Sound { .. }) {
                self.requests.overwrite(&path, payload).await?;
            }
        }
        for old in merged {
            // All others may have had nothing that this one has not.
            if old.name != pack.name {
                self.requests.delete(&old.path).await?;
                report.packs_after = report.packs_after.saturating_sub(1);
                report.bytes_after = report.bytes_after.saturating_sub(old.size);
            }
        }
        Ok(())
    }
}

/// Checks each byte of a pack.
pub(crate) fn check_whole(bytes: Vec<u8>, name: &str) -> WholePack {
    let head = match PackHead::read(&bytes, name) {
        Ok(head) => head,
        Err(flaw) => {
            let writer = String::new();
            return WholePack::Flawed { flaw, writer };
        }
    };
    let check = || -> Result<(), Flaw> {
        head.check_size(bytes.len() as u64)?;
        let rows = head.rows(0..head.blocks(), &bytes[head.bytes()..])?;
        rows.iter().try_for_each(|(_, row)| decode(row).map(drop))
    };
    match check() {
        Ok(()) => WholePack::Sound { head, bytes },
        Err(flaw) => WholePack::Flawed {
            flaw,
            writer: head.writer,
        },
    }
}

/// Names a pack in a report, unless there are many.
pub(crate) fn name_bad(bad: &mut Vec<BadPack>, pack: &str, writer: String, why: impl fmt::Display) {
    if bad.len() < MOST_BAD {
        bad.push(BadPack {
            pack: pack.to_owned(),
            writer,
            why: why.to_string(),
        });
    }
}

/// Whether a pack is worth merging: two such fit into one.
fn is_small(head: &PackHead) -> bool {
    head.keys.len() * 2 < rows_per_pack(head.dimension)
}

/// Puts small packs, the oldest first, into groups that fit into one pack each.
///
/// What was written together stays together, and a group that is full is more than half full, so that
/// no vector is merged twice.
fn groups(mut small: Vec<SmallPack>, most: usize) -> Vec<Vec<SmallPack>> {
    small.sort_by(|left, right| {
        let age = |small: &SmallPack| (small.pack.written_ms, small.pack.name.clone());
        age(left).cmp(&age(right))
    });
    let mut groups: Vec<Vec<SmallPack>> = Vec::new();
    let mut rows = usize::MAX;
    for pack in small {
        match groups.last_mut() {
            Some(group) if rows + pack.rows <= most => {
                rows += pack.rows;
                group.push(pack);
            }
            _ => {
                rows = pack.rows;
                groups.push(vec![pack]);
            }
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(name: &str, written_ms: i64, rows: usize) -> SmallPack {
        SmallPack {
            pack: ListedPack {
                name: name.to_owned(),
                path: Path::from(name),
                size: 1,
                written_ms,
            },
            rows,
        }
    }

    #[test]
    fn groups_are_of_one_time_and_fit_into_a_pack() {
        let packs = vec![
            small("d", 4, 40),
            small("a", 1, 40),
            small("b", 2, 30),
            small("c", 3, 40),
            small("e", 5, 20),
            small("f", 6, 45),
        ];
        let groups = groups(packs, 100);
        let names: Vec<String> = groups
            .iter()
            .map(|group| group.iter().map(|small| small.pack.name.as_str()).collect())
            .collect();
        assert_eq!(names, ["ab", "cde"]);
    }
}
