//! A sample of the names in an index, for questions whose answers are known.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures::FutureExt;
use ollacode_store::{ContentKey, Filter};
use parking_lot::Mutex;

use crate::index::{Index, IndexFuture};

/// Names that are counted for each one of the sample: some are defined more than once.
const COUNTED: usize = 16;

/// A name that is defined once in the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UniqueName {
    /// The name, without scope.
    pub name: String,
    /// The file that defines it.
    pub path: String,
}

impl Index {
    /// Wanted names that the workspace defines exactly once; at most `most`.
    ///
    /// Which ones, and in which order, depends on the names only: where little changes, a sample
    /// stays nearly the same. Files are not looked at, so refresh the index first.
    pub fn unique_names<'a>(
        &'a self,
        is_wanted: &'a (dyn Fn(&str) -> bool + Sync),
        most: usize,
    ) -> IndexFuture<'a, Vec<UniqueName>> {
        async move {
            let snapshot = self.store().await?.snapshot().await?;
            let everything = Filter::default();
            let counts: Mutex<BTreeMap<(ContentKey, String), usize>> = Mutex::default();
            let count = |name: &str| {
                if is_wanted(name) {
                    let mut counts = counts.lock();
                    let key = (ContentKey::of(name), name.to_owned());
                    *counts.entry(key).or_default() += 1;
                    // A name that is dropped stays out, since keys that are kept only get smaller:
                    // so the counts of the others are complete, however large the workspace is.
                    if counts.len() > most.saturating_mul(COUNTED) {
                        counts.pop_last();
                    }
                }
                // No chunk is asked for: this only reads the names.
                false
            };
            snapshot.chunks_by_names(&count, &everything).await?;
            let counts = counts.into_inner().into_iter();
            let unique = counts.filter(|(_, count)| *count == 1);
            let names: Vec<String> = unique.map(|((_, name), _)| name).take(most).collect();
            let chosen: HashSet<&str> = names.iter().map(String::as_str).collect();
            let is_chosen = |name: &str| chosen.contains(name);
            let found = snapshot.chunks_by_names(&is_chosen, &everything).await?;
            let mut paths: HashMap<&str, &str> = HashMap::new();
            for found in &found {
                let names = found.chunk.definitions.iter().map(String::as_str);
                paths.extend(names.map(|name| (name, found.chunk.path.as_str())));
            }
            let named = names.iter().filter_map(|name| {
                Some(UniqueName {
                    name: name.clone(),
                    path: (*paths.get(name.as_str())?).to_owned(),
                })
            });
            Ok(named.collect())
        }
        .boxed()
    }
}
