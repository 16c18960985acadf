//! Why the index has no file of a name.

use std::fs;

use ollacode_indexer::walk::{SkipReason, skipped_by_content, skipped_by_name};

use super::App;
use crate::jail::{EntryKind, WorkspacePath};

/// Where what is left out is listed.
const LISTED: &str = "`ollacode index --skipped` lists what is left out";

impl App {
    /// An error about a path that the index has not, with why that is so, and what to do. It blocks.
    ///
    /// Similar paths in the error say enough where there is no such file.
    pub fn explain_unindexed(&self, error: &str, path: &str) -> String {
        match self.why_unindexed(path) {
            Some(why) => format!("{error}: {why}"),
            None if error.contains("; similar: ") => error.to_owned(),
            None => format!(
                "{error}: there is no such file in {}",
                self.workspace.root.display()
            ),
        }
    }

    /// `None` if there is no such file.
    fn why_unindexed(&self, path: &str) -> Option<String> {
        let root = self.workspace.root.display();
        let Ok(place) = self.jail.path(path.trim()) else {
            return Some(format!("only files below {root} are indexed"));
        };
        // What is hidden need not even exist.
        if self.rules.hides(place.as_str()) {
            return Some("a rule for `read` keeps it back".to_owned());
        }
        let reason = match self.jail.kind(&place).ok()?? {
            EntryKind::Folder => {
                return Some(format!("no file in this folder is indexed; {LISTED}"));
            }
            EntryKind::Link | EntryKind::Other => Some(SkipReason::NotAFile),
            EntryKind::File => self.skip_reason(&place),
        };
        Some(match reason {
            Some(reason) => format!("it is not indexed ({}); {LISTED}", reason.words()),
            None => format!(
                "it is not indexed: an ignore file names it, it is new, or it is hidden or in a folder \
                 that tools fill; {LISTED}"
            ),
        })
    }

    /// What its name, its size or its content say against a file.
    fn skip_reason(&self, place: &WorkspacePath) -> Option<SkipReason> {
        let path = place.as_str();
        if let Some(reason) = skipped_by_name(path) {
            return Some(reason);
        }
        let size = fs::metadata(self.workspace.root.join(path)).map(|found| found.len());
        if size.is_ok_and(|size| size > self.settings.max_file_size) {
            return Some(SkipReason::TooLarge);
        }
        match self.jail.read(place) {
            Ok(file) => skipped_by_content(path, &file.text),
            Err(_) => Some(SkipReason::Unreadable),
        }
    }
}
