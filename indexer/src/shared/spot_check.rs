//! Doubting what others wrote: some vectors are compared with those of the embedding server.
//!
//! What is compared is decided by the keys, so two runs compare the same. Whoever writes to the store
//! could still avoid the sample; but a vector that is wrong can make search worse, and nothing else.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ollacode_store::{CacheKey, ContentKey};

use super::read::ModelCache;
use crate::embed::{EmbedError, Embedded};

/// One of this many vectors is compared.
const ONE_OF: u16 = 200;
/// Vectors that are compared in a run at most.
const MOST_CHECKS: u64 = 512;
/// The cosine of two vectors of the same text that servers on different machines differ by at most:
/// rounding and other kernels leave more than 0.999.
const LOWEST_COSINE: f64 = 0.98;
/// Why a pack is left out.
const WRONG: &str = "its vectors differ from those of the embedding server";

/// What is known in one run of packs that this machine had not checked before.
#[derive(Default)]
pub(crate) struct SpotChecks {
    packs: HashMap<Arc<str>, CheckedPack>,
    /// Vectors that were compared since they were counted last, and in all.
    count: u64,
    chosen: u64,
    /// Whether the server has failed, so that nothing more is compared.
    is_over: bool,
}

#[derive(Default)]
struct CheckedPack {
    /// Whether a vector of it was chosen, and one was compared.
    is_chosen: bool,
    is_compared: bool,
    is_wrong: bool,
    /// What was taken from it in this run.
    taken: Vec<(ContentKey, CacheKey)>,
}

impl SpotChecks {
    /// Notes that a vector was taken from a pack.
    pub(crate) fn note_taken(&mut self, pack: &Arc<str>, content: ContentKey, key: CacheKey) {
        self.pack(pack).taken.push((content, key));
    }

    /// Whether a vector is to be compared: 1 of 200, and the first of each pack.
    pub(crate) fn is_chosen(&mut self, pack: &Arc<str>, key: CacheKey) -> bool {
        if self.is_over || self.chosen >= MOST_CHECKS {
            return false;
        }
        let bytes = key.bytes();
        let is_sampled = u16::from_le_bytes([bytes[14], bytes[15]]).is_multiple_of(ONE_OF);
        let pack = self.pack(pack);
        let is_chosen = is_sampled || !pack.is_chosen;
        pack.is_chosen |= is_chosen;
        self.chosen += u64::from(is_chosen);
        is_chosen
    }

    /// The packs that are wrong, by the answer of the server for some of their texts.
    pub(crate) fn judge(
        &mut self,
        wanted: &[(Arc<str>, Vec<f32>)],
        answer: Result<Embedded, EmbedError>,
    ) -> HashSet<Arc<str>> {
        let mut wrong = HashSet::new();
        let Ok(answer) = answer else {
            // Nothing is known: the packs stay in use, and are checked in another run.
            self.is_over = true;
            return wrong;
        };
        for ((name, vector), own) in wanted.iter().zip(&answer.vectors) {
            self.count += 1;
            let pack = self.pack(name);
            pack.is_compared = true;
            if cosine(vector, own) < LOWEST_COSINE {
                pack.is_wrong = true;
                wrong.insert(Arc::clone(name));
            }
        }
        wrong
    }

    /// The number of vectors that were compared since the last call.
    pub(crate) fn take_count(&mut self) -> u64 {
        std::mem::take(&mut self.count)
    }

    /// What was taken from packs that are wrong, since the last call.
    pub(crate) fn take_condemned(&mut self) -> Vec<(ContentKey, CacheKey)> {
        let wrong = self.packs.values_mut().filter(|pack| pack.is_wrong);
        wrong
            .flat_map(|pack| std::mem::take(&mut pack.taken))
            .collect()
    }

    /// The packs that were compared and are not wrong.
    pub(crate) fn take_sound(&mut self) -> Vec<String> {
        let packs = std::mem::take(&mut self.packs).into_iter();
        packs
            .filter(|(_, pack)| pack.is_compared && !pack.is_wrong)
            .map(|(name, _)| name.to_string())
            .collect()
    }

    fn pack(&mut self, name: &Arc<str>) -> &mut CheckedPack {
        self.packs.entry(Arc::clone(name)).or_default()
    }
}

/// The cosine of two unit vectors; lower than any if they cannot be compared.
fn cosine(left: &[f32], right: &[f32]) -> f64 {
    if left.len() != right.len() {
        return f64::NEG_INFINITY;
    }
    let pairs = left.iter().zip(right);
    let cosine: f64 = pairs
        .map(|(left, right)| f64::from(*left) * f64::from(*right))
        .sum();
    if cosine.is_nan() {
        f64::NEG_INFINITY
    } else {
        cosine
    }
}

impl ModelCache {
    /// Those of some packs that this machine has not checked.
    pub(crate) async fn unchecked(&self, packs: &HashSet<Arc<str>>) -> HashSet<Arc<str>> {
        let names = packs.clone();
        let place = self.state.known_as.clone();
        let Ok(memory) = self.inner.memory().await else {
            return names;
        };
        let asked = memory.with(move |known| {
            let mut unchecked = HashSet::new();
            for name in names {
                let pack = known.pack(&place, &name)?;
                if !pack.is_some_and(|pack| pack.is_checked) {
                    unchecked.insert(name);
                }
            }
            Ok(unchecked)
        });
        // What is not known is checked.
        asked.await.unwrap_or_else(|_| packs.clone())
    }

    /// Leaves out a pack that is wrong, and names its writer.
    pub(crate) async fn condemn(&self, pack: &str) {
        if let Err(error) = self.leave_out(pack, WRONG).await {
            self.inner.rest(&error);
        }
    }

    /// Remembers packs that need no check any more.
    pub(crate) async fn note_sound(&self, packs: &[String]) {
        let (place, packs) = (self.state.known_as.clone(), packs.to_vec());
        let noted = async {
            let memory = self.inner.memory().await?;
            memory
                .with(move |known| {
                    packs
                        .iter()
                        .try_for_each(|pack| known.record_check(&place, pack, None))
                })
                .await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "checked packs were not noted; they are checked again");
        }
    }

    /// Those of some keys that the shared cache lacks; none if that is not known.
    pub(crate) async fn lacking(&self, keys: &[CacheKey]) -> HashSet<CacheKey> {
        if keys.is_empty() || self.inner.is_resting() {
            return HashSet::new();
        }
        let Some(present) = self.having(keys).await else {
            return HashSet::new();
        };
        let lacking = keys.iter().filter(|key| !present.contains(key));
        lacking.copied().collect()
    }
}
