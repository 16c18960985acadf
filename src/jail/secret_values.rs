//! Removes the values of a workspace's secret files from everything that leaves.
//!
//! Not every password looks like one, and copies of a value are secret too. So the files are read
//! here, and their values searched for in every text: as they are, in any case, and in decoded
//! parts of the text.

mod decode;
mod needles;
mod view;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cap_std::fs::Metadata;
use ollacode_secrets::secret_values;

use super::protected::is_masked_path;
use super::{Hash, Jail, hash_of};
use needles::{NeedleMatch, Needles};

/// Time limit for listing the files.
const PATIENCE: Duration = Duration::from_secs(1);
/// Listing may take this fraction of the time.
const SHARE: u32 = 10;
/// Most files that are read.
const MOST_FILES: usize = 2_000;
/// Replaces compressed or encrypted data that cannot be searched.
pub const CLOSED: &str = "packed data that was not looked into";
/// Most values that are kept.
const MOST_VALUES: usize = 5_000;

/// A version of a secret file.
type Version = (String, Hash);

/// Known secret files and values, kept with the handle on the workspace.
#[derive(Default)]
pub(super) struct ValueCache {
    listed: Option<(Instant, Duration)>,
    files: Vec<PathBuf>,
    stamps: BTreeMap<PathBuf, SecretFileStamp>,
    /// By value; values of removed or changed files stay, since texts may contain them.
    values: BTreeMap<String, BTreeSet<Version>>,
    current: Arc<SecretValues>,
}

/// Metadata that shows that a file is unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
struct SecretFileStamp {
    size: u64,
    modified: Option<cap_std::time::SystemTime>,
    identity: (u64, i64, i64),
}

/// The values of the secret files of a workspace.
#[derive(Debug, Default)]
pub struct SecretValues {
    needles: Needles,
    /// For each value, the file versions that contain it.
    holders: Vec<BTreeSet<Version>>,
}

impl SecretValues {
    /// Replaces each value in a text with the name of its file, except for file versions allowed by
    /// `is_known`.
    pub fn hide<'text>(
        &self,
        text: &'text str,
        is_known: impl Fn(&str, &Hash) -> bool,
    ) -> Cow<'text, str> {
        let is_hidden = |found: NeedleMatch| match found {
            NeedleMatch::Value(value) => {
                let mut holders = self.holders[value].iter();
                !holders.any(|(path, hash)| is_known(path, hash))
            }
            NeedleMatch::Closed => true,
        };
        let places = self.needles.places(text, is_hidden);
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut copied = 0;
        for (range, found) in places {
            clean.push_str(&text[copied..range.start]);
            let what = match found {
                NeedleMatch::Value(value) => {
                    let path = self.holders[value].first().map_or("", |(path, _)| path);
                    format!("value in {path}")
                }
                NeedleMatch::Closed => CLOSED.to_owned(),
            };
            // Each line keeps its end, so that the lines below keep their numbers.
            for line in text[range.clone()].split_inclusive('\n') {
                if !line.trim().is_empty() {
                    clean.push_str(&format!("[redacted: {what}]"));
                }
                if line.ends_with('\n') {
                    clean.push('\n');
                }
            }
            copied = range.end;
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }

    /// The same without exceptions.
    pub fn hide_all<'text>(&self, text: &'text str) -> Cow<'text, str> {
        self.hide(text, |_, _| false)
    }

    /// Whether a text contains one of the values.
    pub fn are_in(&self, text: &str) -> bool {
        matches!(self.hide_all(text), Cow::Owned(_))
    }
}

impl Jail {
    /// The current values of the secret files.
    ///
    /// Earlier values of a file are kept: a copy is not gone with the file.
    pub fn secret_values(&self) -> Arc<SecretValues> {
        let mut known = self.0.secrets.lock();
        let is_due = known
            .listed
            .is_none_or(|(at, took)| at.elapsed() >= took * SHARE);
        if is_due {
            let begun = Instant::now();
            known.files = self
                .secret_files_and(PATIENCE, "masked", is_masked_path)
                .paths;
            known.files.truncate(MOST_FILES);
            known.listed = Some((Instant::now(), begun.elapsed()));
        }
        let mut has_news = false;
        for file in known.files.clone() {
            has_news |= self.learn(&mut known, &file);
        }
        if has_news {
            known.renew();
        }
        Arc::clone(&known.current)
    }

    /// Reads the values of a new or changed file; returns whether there were any.
    fn learn(&self, known: &mut ValueCache, file: &PathBuf) -> bool {
        let Ok(metadata) = self.0.dir.symlink_metadata(file) else {
            return false;
        };
        let stamp = stamp_of(&metadata);
        if known.stamps.get(file) == Some(&stamp) {
            return false;
        }
        known.stamps.insert(file.clone(), stamp);
        let path = file.to_str().and_then(|path| self.path(path).ok());
        let Some(file) = path.and_then(|path| self.read(&path).ok()) else {
            return false;
        };
        known.take(file.path.as_str(), file.hash, &file.text)
    }

    /// Shares the known secrets of another handle on this workspace.
    #[must_use]
    pub fn knowing_secrets_of(mut self, other: &Jail) -> Jail {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.secrets = Arc::clone(&other.0.secrets);
        }
        self
    }

    /// Adds the values of versions of secret files that are not on disk: those in git's history.
    pub fn learn_versions(&self, versions: impl IntoIterator<Item = (String, String)>) {
        let mut known = self.0.secrets.lock();
        let mut has_news = false;
        for (path, text) in versions {
            has_news |= known.take(&path, hash_of(text.as_bytes()), &text);
        }
        if has_news {
            known.renew();
        }
    }
}

impl ValueCache {
    /// Adds the values of a version of a file; returns whether any are new.
    fn take(&mut self, path: &str, hash: Hash, text: &str) -> bool {
        let mut has_news = false;
        for value in secret_values(path, text) {
            if self.values.len() < MOST_VALUES || self.values.contains_key(&value) {
                let holders = self.values.entry(value).or_default();
                has_news |= holders.insert((path.to_owned(), hash));
            }
        }
        has_news
    }

    fn renew(&mut self) {
        self.current = Arc::new(SecretValues {
            needles: Needles::new(self.values.keys().map(String::as_str)),
            holders: self.values.values().cloned().collect(),
        });
    }
}

fn stamp_of(metadata: &Metadata) -> SecretFileStamp {
    #[cfg(unix)]
    let identity = {
        use cap_std::fs::MetadataExt;
        (metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
    };
    #[cfg(not(unix))]
    let identity = (0, 0, 0);
    SecretFileStamp {
        size: metadata.len(),
        modified: metadata.modified().ok(),
        identity,
    }
}
