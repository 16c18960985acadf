//! What is told of a shared cache.

use std::fmt;
use std::time::Duration;

/// How a shared cache stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It was not asked yet.
    #[default]
    NotAsked,
    /// It answered last time.
    Reachable,
    /// It is left out for a while, with the reason as a sentence without its full stop.
    LeftOut(String),
}

/// What was done with a shared cache since it was opened; shown as one line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedReport {
    /// How it stands.
    pub standing: Standing,
    /// Vectors that were read from it.
    pub read: u64,
    /// Vectors that were added to it.
    pub written: u64,
    /// Vectors that should have been added, and could not be.
    pub unwritten: u64,
    /// Why the last pack that could not be written was not, as a clause.
    pub why_unwritten: Option<String>,
    /// Vectors that were compared with the embedding server's.
    pub spot_checked: u64,
    /// Requests to the store.
    pub requests: u64,
    /// Bytes that were read from the store.
    pub bytes_read: u64,
    /// Packs that were left out, with the reason.
    pub bad: Vec<BadPack>,
    /// Packs that were not looked into, since there are more than one machine keeps track of.
    pub beyond: u64,
}

/// Packs that are named; more of them are of one cause.
const MOST_BAD: usize = 100;

impl SharedReport {
    /// Names a pack that is not used, once.
    pub(crate) fn name_bad(&mut self, pack: BadPack) {
        let is_new = !self.bad.iter().any(|named| named.pack == pack.pack);
        if is_new && self.bad.len() < MOST_BAD {
            self.bad.push(pack);
        }
    }
}

impl fmt::Display for SharedReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} vectors read", self.read)?;
        if self.written > 0 {
            write!(formatter, ", {} written", self.written)?;
        }
        if self.unwritten > 0 {
            write!(formatter, ", {} could not be written", self.unwritten)?;
        }
        match &self.standing {
            Standing::NotAsked => write!(formatter, "; not asked yet"),
            Standing::Reachable => Ok(()),
            Standing::LeftOut(why) => write!(formatter, "; left out: {why}"),
        }
    }
}

/// A pack that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPack {
    /// Its name in the store.
    pub pack: String,
    /// Who wrote it, as it says itself; empty if that cannot be read.
    pub writer: String,
    /// What is wrong with it, as a clause: `its checksum is wrong`.
    pub why: String,
}

impl fmt::Display for BadPack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "pack `{}`", self.pack)?;
        if !self.writer.is_empty() {
            write!(formatter, " by {}", self.writer)?;
        }
        write!(formatter, " is not used: {}", self.why)
    }
}

/// What a shared cache holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedStatistics {
    /// Models that have packs.
    pub models: u64,
    /// Packs that can be used.
    pub packs: u64,
    /// Those among them that compaction would merge.
    pub small_packs: u64,
    /// Vectors in them; one that is in several packs counts as often.
    pub vectors: u64,
    /// Bytes of all packs.
    pub bytes: u64,
    /// Vectors by writer, the most first.
    pub writers: Vec<(String, u64)>,
    /// Packs that cannot be used, at most 100 of them.
    pub bad: Vec<BadPack>,
}

/// What compaction has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompactReport {
    /// Packs before.
    pub packs_before: u64,
    /// Packs afterwards.
    pub packs_after: u64,
    /// Bytes before.
    pub bytes_before: u64,
    /// Bytes afterwards.
    pub bytes_after: u64,
    /// Packs that cannot be used and stay where they are, at most 100 of them.
    pub bad: Vec<BadPack>,
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportReport {
    /// Packs in the file.
    pub packs: u64,
    /// Vectors in the file.
    pub vectors: u64,
    /// Size of the file.
    pub bytes: u64,
    /// Packs that were left out, at most 100 of them.
    pub bad: Vec<BadPack>,
}

/// What was imported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Packs that were added.
    pub added: u64,
    /// Packs that were there already.
    pub present: u64,
    /// Vectors in those that were added.
    pub vectors: u64,
    /// Packs that were left out, at most 100 of them.
    pub bad: Vec<BadPack>,
}

/// What `doctor` learns of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedProbe {
    /// How long the first listing took.
    pub answered_in: Duration,
    /// Whether a file could be written, read and removed; `None` if this machine only reads.
    pub writable: Option<bool>,
    /// Whether the store refuses to overwrite where it is asked to. Nothing is lost if it does not:
    /// packs are named by their content.
    pub conditional_writes: Option<bool>,
    /// By how much this machine's clock is ahead of the store's, in seconds. S3 allows 900.
    pub clock_ahead: Option<i64>,
}
