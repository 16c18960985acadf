//! What a search without hits did not cover, so that no hits are not taken for proof of absence.

use std::collections::{BTreeMap, BTreeSet};

use ollacode_store::FileRecord;

use crate::difference::{Difference, RefreshScope, Reread, difference};
use crate::error::IndexError;
use crate::folder::Folder;
use crate::globs::globs;
use crate::index::Index;
use crate::language::languages_named;
use crate::overlay::Overlay;
use crate::prepare::TaskReason;
use crate::search::SearchRequest;
use crate::walk::{SkipReason, WalkResult};

/// The most names in a sentence.
const NAMED: usize = 3;

/// The most files that are read to find out why they are not in the index.
const TRIED: usize = 50;

/// What was not searched. With filters on the path, only files that pass them are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsearched {
    /// Path filters that match no indexed file.
    pub empty_globs: Vec<String>,
    /// Languages in the filter of which there is no indexed file.
    pub empty_languages: Vec<String>,
    /// The languages of the indexed files, if `empty_languages` is not empty.
    pub languages: Vec<String>,
    /// Files that are new or changed, and not in the index yet.
    pub pending: usize,
    /// Files and folders that could not be read.
    pub unread: Vec<String>,
    /// Files that are not indexed, by reason.
    pub skipped: BTreeMap<SkipReason, usize>,
    /// Folders of build output, dependencies and caches, excluded without an ignore file.
    pub left_out: Vec<String>,
    /// Number of files and folders that ignore files exclude.
    pub ignored: usize,
    /// Number of hidden files and folders.
    pub hidden: usize,
}

impl Unsearched {
    /// Sentences for the user, those about filters first; none if everything was searched.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if !self.empty_globs.is_empty() {
            let globs = name_list(&self.empty_globs);
            sentences.push(format!("No file in the index matches {globs}."));
        }
        if !self.empty_languages.is_empty() {
            sentences.push(format!(
                "No file in the index is in {}; there are files in {}.",
                name_list(&self.empty_languages),
                self.languages.join(", ")
            ));
        }
        let mut parts = Vec::new();
        if self.pending > 0 {
            let files = counted(self.pending, "file", "files");
            parts.push(format!("{files} not indexed yet"));
        }
        if !self.unread.is_empty() {
            parts.push(format!("{}, which cannot be read", name_list(&self.unread)));
        }
        let skipped = self
            .skipped
            .iter()
            .filter(|(skip, _)| **skip != SkipReason::Unreadable);
        parts.extend(skipped.map(|(skip, number)| {
            format!("{} {}", counted(*number, "file", "files"), skip.of_files())
        }));
        if !self.left_out.is_empty() {
            let folders = name_list(&self.left_out);
            parts.push(format!(
                "folders of build output, dependencies or caches: {folders}"
            ));
        }
        if self.ignored > 0 {
            let number = counted(self.ignored, "file or folder", "files or folders");
            parts.push(format!("{number} excluded by ignore files"));
        }
        if self.hidden > 0 {
            let number = counted(
                self.hidden,
                "hidden file or folder",
                "hidden files or folders",
            );
            parts.push(number);
        }
        if !parts.is_empty() {
            sentences.push(format!("Not searched: {}.", parts.join("; ")));
        }
        sentences
    }
}

/// `a`, `b` and 4 more; unprintable characters in a name are escaped.
fn name_list(names: &[String]) -> String {
    let quoted = names.iter().take(NAMED);
    let quoted: Vec<String> = quoted
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    let quoted = quoted.join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => quoted,
        more => format!("{quoted} and {more} more"),
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

impl Index {
    /// Finds out what a search did not cover; the files of the overlay were searched.
    pub(crate) async fn unsearched(
        &self,
        request: &SearchRequest,
        overlay: &Overlay,
    ) -> Result<Unsearched, IndexError> {
        let known = self.read_known().await?;
        let walked = self.walk().await?;
        let files = known.files.clone();
        let difference = difference(&walked, files, &RefreshScope::Everything, Reread::Changed);
        let mut unsearched = Unsearched {
            left_out: walked.left_out.clone(),
            ignored: walked.ignored,
            hidden: walked.hidden,
            unread: display_paths(&walked.unread),
            ..Unsearched::default()
        };
        unsearched.take_files(request, &known.files, &walked)?;
        unsearched.take_globs(request, &known.files, overlay)?;
        unsearched.take_pending(request, &difference, overlay, &self.open_root()?)?;
        unsearched.take_languages(request, &known.files);
        Ok(unsearched)
    }
}

impl Unsearched {
    fn take_files(
        &mut self,
        request: &SearchRequest,
        known: &[FileRecord],
        walked: &WalkResult,
    ) -> Result<(), IndexError> {
        let passes = filter(request)?;
        let by_content = known.iter().filter_map(|file| {
            let status = file.status.as_deref().filter(|_| file.chunks == 0)?;
            Some((file.path.as_str(), SkipReason::from_description(status)?))
        });
        let by_name = walked.skipped_files.iter();
        let by_name = by_name.map(|(path, skip)| (path.as_str(), *skip));
        for (_, skip) in by_content.chain(by_name).filter(|(path, _)| passes(path)) {
            *self.skipped.entry(skip).or_default() += 1;
        }
        Ok(())
    }

    fn take_globs(
        &mut self,
        request: &SearchRequest,
        known: &[FileRecord],
        overlay: &Overlay,
    ) -> Result<(), IndexError> {
        let recorded = known.iter().filter(|file| file.chunks > 0);
        let recorded = recorded.map(|file| file.path.as_str());
        let indexed: Vec<&str> = recorded.chain(overlay.paths()).collect();
        for glob in &request.globs {
            let one = globs(std::slice::from_ref(glob))?;
            if !indexed.iter().any(|path| one.is_match(path)) {
                self.empty_globs.push(glob.clone());
            }
        }
        Ok(())
    }

    /// Files that differ from the index, without those that cannot be read. What only other rules
    /// have chunked is searched.
    fn take_pending(
        &mut self,
        request: &SearchRequest,
        difference: &Difference,
        overlay: &Overlay,
        root: &Folder,
    ) -> Result<(), IndexError> {
        let passes = filter(request)?;
        let tasks = difference.tasks.iter();
        let tasks = tasks.filter(|task| task.reason != TaskReason::Rules);
        let tasks = tasks.map(|task| &task.entry);
        let pending = tasks.filter(|entry| passes(&entry.path) && !overlay.covers(&entry.path));
        for (number, entry) in pending.enumerate() {
            if number < TRIED && root.read(&entry.path, entry.size).is_err() {
                self.unread.push(entry.path.clone());
            } else {
                self.pending += 1;
            }
        }
        Ok(())
    }

    fn take_languages(&mut self, request: &SearchRequest, known: &[FileRecord]) {
        let indexed = known.iter().filter(|file| file.chunks > 0);
        let languages: BTreeSet<&str> = indexed.map(|file| file.language.as_str()).collect();
        let is_empty = |name: &&String| {
            let named = languages_named(name);
            !named.iter().any(|language| languages.contains(language))
        };
        self.empty_languages = request.languages.iter().filter(is_empty).cloned().collect();
        if !self.empty_languages.is_empty() {
            self.languages = languages.into_iter().map(str::to_owned).collect();
        }
    }
}

/// Whether a path passes the filters on it.
fn filter(request: &SearchRequest) -> Result<impl Fn(&str) -> bool, IndexError> {
    let (globs, is_open) = (globs(&request.globs)?, request.globs.is_empty());
    Ok(move |path: &str| is_open || globs.is_match(path))
}

/// Paths that are not readable, the top as people write it.
fn display_paths(paths: &[String]) -> Vec<String> {
    let shown = |path: &String| {
        if path.is_empty() {
            ".".to_owned()
        } else {
            path.clone()
        }
    };
    paths.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_all_was_searched_nothing_is_said() {
        assert_eq!(Unsearched::default().sentences(), Vec::<String>::new());
    }

    #[test]
    fn each_kind_is_said_once_and_long_lists_are_cut() {
        let names = |count: usize| (0..count).map(|number| format!("f{number}")).collect();
        let unsearched = Unsearched {
            empty_globs: names(1),
            empty_languages: vec!["kotlin".to_owned()],
            languages: vec!["rust".to_owned(), "text".to_owned()],
            pending: 1,
            unread: names(2),
            skipped: BTreeMap::from([
                (SkipReason::Binary, 1),
                (SkipReason::TooLarge, 2),
                (SkipReason::Unreadable, 2),
            ]),
            left_out: names(5),
            ignored: 1,
            hidden: 2,
        };
        assert_eq!(
            unsearched.sentences(),
            [
                "No file in the index matches `f0`.",
                "No file in the index is in `kotlin`; there are files in rust, text.",
                "Not searched: 1 file not indexed yet; `f0`, `f1`, which cannot be read; 1 file \
                 with binary content; 2 files over the size limit; folders of build output, \
                 dependencies or caches: `f0`, `f1`, `f2` and 2 more; 1 file or folder excluded by \
                 ignore files; 2 hidden files or folders.",
            ]
        );
    }

    #[test]
    fn every_reason_is_known_by_its_words() {
        for skip in SkipReason::ALL {
            assert_eq!(SkipReason::from_description(skip.words()), Some(skip));
        }
    }
}
