//! Who gets the result of a call, and what reading calls found as data rather than as text.

use std::time::Instant;

use ollacode_indexer::{ChunkKind, SearchResults};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::definitions::Defined;
use crate::project_map::ProjectMap;
use crate::related::RelatedAnswer;

/// How the tools are called that results point to.
#[derive(Debug, PartialEq, Eq)]
pub struct ToolNames {
    pub read_file: &'static str,
    pub grep_search: &'static str,
    pub list_directory: &'static str,
}

const OURS: ToolNames = ToolNames {
    read_file: "read_file",
    grep_search: "grep_search",
    list_directory: "list_directory",
};

/// Who gets the result of a call, and how.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    pub names: &'static ToolNames,
    /// Most bytes of the lines of a result, where a tool would show more.
    pub most_bytes: usize,
    /// When the result is wanted: searches of files give what they have found by then.
    pub until: Option<Instant>,
    /// Where what was found is put, besides the text; only what the text shows, too.
    pub found: Option<&'a Mutex<Option<Found>>>,
}

impl Recipient<'static> {
    /// The model of a session.
    pub const MODEL: Recipient<'static> = Recipient {
        names: &OURS,
        most_bytes: usize::MAX,
        until: None,
        found: None,
    };
}

impl Recipient<'_> {
    /// Most bytes of the lines of a result, of which a tool shows so many.
    pub(super) fn bytes(self, usual: usize) -> usize {
        usual.min(self.most_bytes)
    }

    /// When a search of files ends that `stop` can stop.
    pub(super) fn until(self, stop: &CancellationToken) -> Until {
        Until {
            stop: stop.clone(),
            at: self.until,
        }
    }

    /// Puts down what was found, if that is wanted.
    pub(super) fn put(self, found: impl FnOnce() -> Found) {
        if let Some(place) = self.found {
            *place.lock() = Some(found());
        }
    }
}

/// When a search of files ends before it is done.
#[derive(Clone, Debug)]
pub(super) struct Until {
    stop: CancellationToken,
    at: Option<Instant>,
}

impl Until {
    /// Whether nobody wants a result any more.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Whether the result is wanted now.
    pub fn is_late(&self) -> bool {
        self.at.is_some_and(|at| Instant::now() >= at)
    }
}

/// What a reading call found, as far as its text shows it. File texts are without secrets; what else
/// repositories chose is as they have it.
#[derive(Clone, Debug)]
pub enum Found {
    Hits(Box<FoundHits>),
    Symbol {
        definitions: Vec<FoundDefinition>,
        /// Lines that have the name, if no definition is known.
        mentions: Vec<FoundLine>,
        notes: Vec<String>,
        is_cut: bool,
    },
    References {
        definitions: Vec<FoundLine>,
        uses: Vec<FoundLine>,
        is_cut: bool,
    },
    Outline {
        path: String,
        lines: usize,
        definitions: Vec<FoundDefinition>,
        is_cut: bool,
    },
    Related {
        answer: RelatedAnswer,
        is_cut: bool,
    },
    Lines(FoundLines),
    Map {
        map: ProjectMap,
        notes: Vec<String>,
    },
}

/// The hits of a search.
#[derive(Clone, Debug)]
pub struct FoundHits {
    pub results: SearchResults,
    /// The lines of each hit that are shown; the hits beyond these are only named.
    pub excerpts: Vec<String>,
    /// Hits that are neither shown nor named.
    pub left_out: usize,
}

/// A definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDefinition {
    pub path: String,
    pub kind: ChunkKind,
    pub name: String,
    /// The line on which it begins.
    pub head: String,
    pub scope: Vec<String>,
    pub start_line: usize,
    pub end_line: usize,
}

impl FoundDefinition {
    pub(super) fn new(path: &str, defined: &Defined) -> FoundDefinition {
        FoundDefinition {
            path: path.to_owned(),
            kind: defined.kind,
            name: defined.name.clone(),
            head: defined.head.clone(),
            scope: defined
                .scope
                .iter()
                .map(|label| (**label).to_owned())
                .collect(),
            start_line: defined.start_line,
            end_line: defined.end_line,
        }
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLine {
    pub path: String,
    /// From 1.
    pub line: usize,
    pub text: String,
    /// The definition around it; empty at the top of a file, and where that is not asked for.
    pub within: String,
}

/// Lines that were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLines {
    pub path: String,
    /// From 1; 0 for a file without lines.
    pub start_line: usize,
    pub end_line: usize,
    /// Lines of the file.
    pub all: usize,
    /// The lines, without numbers.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_gets_all_that_a_tool_shows_and_no_data() {
        let model = Recipient::MODEL;
        assert_eq!(model.bytes(8_192), 8_192);
        model.put(|| panic!("nobody wants it"));
        let stop = CancellationToken::new();
        let until = model.until(&stop);
        assert!(!until.is_late() && !until.is_stopped());
        stop.cancel();
        assert!(until.is_stopped());
    }

    #[test]
    fn another_program_gets_less_and_the_data() {
        let place = Mutex::new(None);
        let recipient = Recipient {
            most_bytes: 100,
            until: Some(Instant::now()),
            found: Some(&place),
            ..Recipient::MODEL
        };
        assert_eq!(recipient.bytes(8_192), 100);
        assert!(recipient.until(&CancellationToken::new()).is_late());
        recipient.put(|| Found::References {
            definitions: Vec::new(),
            uses: Vec::new(),
            is_cut: true,
        });
        let put = place.lock().take();
        assert!(matches!(put, Some(Found::References { is_cut: true, .. })));
    }
}
