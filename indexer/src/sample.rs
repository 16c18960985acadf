//! A sample of the names in an index, for questions whose answers are known.

use std::collections::{HashMap, HashSet};

use futures::FutureExt;
use ollacode_store::{ContentKey, Filter};
use parking_lot::Mutex;

use crate::index::{Index, IndexFuture};

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
            let counts: Mutex<HashMap<String, usize>> = Mutex::default();
            let count = |name: &str| {
                if is_wanted(name) {
                    *counts.lock().entry(name.to_owned()).or_default() += 1;
                }
                // No chunk is asked for: this only reads the names.
                false
            };
            snapshot.chunks_by_names(&count, &everything).await?;
            let counts = counts.into_inner().into_iter();
            let mut names: Vec<String> = counts
                .filter(|(_, count)| *count == 1)
                .map(|(name, _)| name)
                .collect();
            names.sort_by_key(|name| ContentKey::of(name));
            names.truncate(most);
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
