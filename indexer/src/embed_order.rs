//! The order in which texts are embedded: what is asked about soonest comes first.
//!
//! The files that were changed last, then production code, then tests, examples, vendored code and
//! documents. Within one of the last two, keys are in order: what the catalog and the cache store
//! by key is then written to neighbouring pages, not to pages all over the file.

use std::cmp::Reverse;

use ollacode_store::{ContentKey, MissingFile, MissingKey, MissingTexts};

use crate::non_production::{is_aside_path, is_document_path};

/// As many files as may have been changed last: with the work at hand, not with a whole checkout.
const RECENT_FILES: usize = 200;

/// Texts that are read from the store at a time.
const KEYS_PER_PAGE: usize = 512;

/// The texts of one pass, in order.
pub(crate) struct EmbedOrder {
    files: Vec<MissingFile>,
    keys: Vec<(ContentKey, u32)>,
    taken: usize,
}

impl EmbedOrder {
    /// Sorts what is missing.
    pub(crate) fn new(missing: MissingTexts) -> EmbedOrder {
        let MissingTexts { files, mut keys } = missing;
        let ranks = ranks(&files);
        let rank = |at: u32| ranks.get(at as usize).copied().unwrap_or(u32::MAX);
        // A text of several files is as urgent as it is in one of them.
        let path = |at: u32| files.get(at as usize).map(|file| &file.path);
        keys.sort_unstable_by(|(left_key, left), (right_key, right)| {
            let place = |at: u32| (rank(at), path(at));
            left_key
                .cmp(right_key)
                .then_with(|| place(*left).cmp(&place(*right)))
        });
        keys.dedup_by_key(|(key, _)| *key);
        keys.sort_unstable_by_key(|(key, at)| (rank(*at), *key));
        EmbedOrder {
            files,
            keys,
            taken: 0,
        }
    }

    /// The number of texts.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The next texts; empty at the end.
    fn take(&mut self, most: usize) -> Vec<MissingKey> {
        let rest = &self.keys[self.taken..];
        let page = &rest[..rest.len().min(most)];
        self.taken += page.len();
        page.iter()
            .map(|(key, at)| MissingKey {
                key: *key,
                path: self
                    .files
                    .get(*at as usize)
                    .map(|file| file.path.clone())
                    .unwrap_or_default(),
            })
            .collect()
    }
}

/// The texts that are still to be read.
pub(crate) struct UnreadTexts {
    order: EmbedOrder,
    /// Texts that failed before.
    again: std::vec::IntoIter<MissingKey>,
}

impl UnreadTexts {
    pub(crate) fn new(order: EmbedOrder, again: Vec<MissingKey>) -> UnreadTexts {
        UnreadTexts {
            order,
            again: again.into_iter(),
        }
    }

    /// Texts without vectors first, then those that failed before.
    pub(crate) fn next_page(&mut self) -> KeyPage {
        let missing = self.order.take(KEYS_PER_PAGE);
        if !missing.is_empty() {
            return KeyPage {
                keys: missing,
                again: false,
            };
        }
        KeyPage {
            keys: self.again.by_ref().take(KEYS_PER_PAGE).collect(),
            again: true,
        }
    }
}

/// Keys to embed.
pub(crate) struct KeyPage {
    pub(crate) keys: Vec<MissingKey>,
    /// Whether they failed before.
    pub(crate) again: bool,
}

/// The rank of each file, the lowest first.
fn ranks(files: &[MissingFile]) -> Vec<u32> {
    let recent = u32::try_from(RECENT_FILES).unwrap_or(u32::MAX);
    let mut ranks: Vec<u32> = files
        .iter()
        .map(|file| recent + u32::from(is_secondary(file)))
        .collect();
    let mut newest: Vec<usize> = (0..files.len()).collect();
    let time = |at: &usize| (Reverse(files[*at].modified_ns), &files[*at].path);
    if newest.len() > RECENT_FILES {
        newest.select_nth_unstable_by(RECENT_FILES, |left, right| time(left).cmp(&time(right)));
        newest.truncate(RECENT_FILES);
    }
    newest.sort_unstable_by(|left, right| time(left).cmp(&time(right)));
    for (rank, at) in (0..).zip(newest) {
        ranks[at] = rank;
    }
    ranks
}

/// Whether a file is none of production code.
fn is_secondary(file: &MissingFile) -> bool {
    is_aside_path(&file.path, &file.language) || is_document_path(&file.path, &file.language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, modified_ns: i64) -> MissingFile {
        MissingFile {
            path: path.to_owned(),
            language: "rust".to_owned(),
            modified_ns,
        }
    }

    fn paths_in_order(missing: MissingTexts) -> Vec<String> {
        let mut order = EmbedOrder::new(missing);
        let mut paths = Vec::new();
        loop {
            let page = order.take(7);
            if page.is_empty() {
                return paths;
            }
            paths.extend(page.into_iter().map(|missing| missing.path));
        }
    }

    #[test]
    fn changed_files_come_first_then_production_then_the_rest() {
        let mut files = vec![
            file("tests/a.rs", 5),
            file("vendor/b/src/lib.rs", 5),
            file("src/c.rs", 5),
            file("src/d.rs", 5),
            file("tests/new.rs", 90),
        ];
        files.extend((0..RECENT_FILES - 1).map(|at| file(&format!("src/{at}.rs"), 50)));
        let keys: Vec<(ContentKey, u32)> = (0..)
            .zip(&files)
            .map(|(at, file)| (ContentKey::of(&file.path), at))
            .collect();
        let mut missing = MissingTexts { files, keys };
        let paths = paths_in_order(missing.clone());
        assert_eq!(paths.len(), RECENT_FILES + 4);
        assert_eq!(paths[0], "tests/new.rs");
        let mut production = paths[RECENT_FILES..RECENT_FILES + 2].to_vec();
        production.sort();
        assert_eq!(production, ["src/c.rs", "src/d.rs"]);
        // The order in which the catalog lists them does not count.
        missing.keys.reverse();
        assert_eq!(paths_in_order(missing), paths);
    }

    #[test]
    fn a_text_of_several_files_is_embedded_once_and_early() {
        let key = ContentKey::of("same");
        let files = vec![file("tests/a.rs", 1), file("src/b.rs", 2)];
        let keys = vec![(key, 0), (key, 1)];
        let missing = MissingTexts { files, keys };
        assert_eq!(EmbedOrder::new(missing.clone()).len(), 1);
        assert_eq!(paths_in_order(missing), ["src/b.rs"]);
    }
}
