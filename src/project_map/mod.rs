//! The map of a project: its most used files and what they define, within a number of tokens.
//!
//! In reading order: [`ShownFiles`] is what may be shown of a graph, `select` chooses what has room,
//! `text` and `json` write it, `parts` makes folders of files, and `mermaid` and `svg` draw those.

mod json;
mod mermaid;
mod parts;
mod select;
mod svg;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeSet;
use std::sync::Arc;

use ollacode_indexer::related::nearest_paths;
use ollacode_indexer::{ChunkKind, FileGraph, FileId, FileRole, GraphDefinition};

use crate::jail::is_secret_path;
use crate::permission::Rules;
use crate::visible::{defang_chat_markers, visible_name};

pub use json::MapJson;
pub use mermaid::mermaid;
pub use parts::{Part, PartEdge, Parts};
pub use svg::svg;
pub use text::{BriefMap, brief};

/// Smallest and largest number of tokens of a map. Larger ones confuse models more than they help.
pub const BUDGETS: std::ops::RangeInclusive<u32> = 256..=8_192;

/// Most files of a folder that a focus names.
const MOST_FOCUS: usize = 50;

/// The files of a graph that may be shown: no rule hides them, and no name says that they have
/// secrets.
#[derive(Clone)]
pub struct ShownFiles {
    pub graph: Arc<FileGraph>,
    is_shown: Vec<bool>,
}

impl ShownFiles {
    pub fn new(graph: Arc<FileGraph>, rules: &Rules) -> ShownFiles {
        let is_open =
            |path: &str| !rules.hides(path) && (!is_secret_path(path) || rules.opens_secret(path));
        let files = graph.files().iter();
        ShownFiles {
            is_shown: files.map(|file| is_open(&file.path)).collect(),
            graph,
        }
    }

    pub fn is_shown(&self, file: FileId) -> bool {
        self.is_shown.get(file.0 as usize).is_some_and(|it| *it)
    }

    /// Every file that may be shown, by path.
    pub fn ids(&self) -> impl Iterator<Item = FileId> {
        let ids = (0..).zip(&self.is_shown);
        ids.filter_map(|(id, is_shown)| is_shown.then_some(FileId(id)))
    }

    /// The files that a path means: one, those in a folder, or the only one whose path ends so.
    ///
    /// # Errors
    /// A sentence that says what is not indexed, with similar names.
    pub fn named(&self, path: &str) -> Result<Vec<FileId>, String> {
        let path = path.trim().trim_start_matches("./").trim_matches('/');
        let path = if path == "." { "" } else { path };
        if let Some(id) = self.graph.id(path).filter(|id| self.is_shown(*id)) {
            return Ok(vec![id]);
        }
        let of = |id: &FileId| self.graph.file(*id).path.as_str();
        let below = format!("{path}/");
        let is_below = |id: &FileId| path.is_empty() || of(id).starts_with(&below);
        let inside: Vec<FileId> = self.ids().filter(is_below).take(MOST_FOCUS).collect();
        if !inside.is_empty() {
            return Ok(inside);
        }
        let end = format!("/{path}");
        let alike: Vec<FileId> = self.ids().filter(|id| of(id).ends_with(&end)).collect();
        match alike.as_slice() {
            [only] => Ok(vec![*only]),
            [] => Err(self.unknown(path)),
            several => {
                let names: Vec<String> = several.iter().take(3).map(|id| shown(of(id))).collect();
                let path = shown(path);
                Err(format!("`{path}` is several files: {}", names.join(", ")))
            }
        }
    }

    fn unknown(&self, path: &str) -> String {
        let alike = nearest_paths(&self.graph, path, &|id| self.is_shown(id));
        let alike: Vec<String> = alike.iter().map(|path| shown(path)).collect();
        let path = shown(path);
        match alike.as_slice() {
            [] => format!("no indexed file is called `{path}`"),
            alike => format!(
                "no indexed file is called `{path}`; similar: `{}`",
                alike.join("`, `")
            ),
        }
    }
}

/// What a map is to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapOrder {
    /// Most tokens, by our estimate; brought into [`BUDGETS`].
    pub budget: u32,
    /// Files that it begins with, with all files that they use or are used by.
    pub focus: Vec<FileId>,
}

/// Why a file is on the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MapReason {
    Focus,
    /// A file of the focus uses it.
    Used,
    /// It uses a file of the focus.
    User,
    /// Much of the project leads to it.
    Rank,
}

/// A file on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapFile {
    pub path: String,
    pub language: Option<String>,
    /// Its part of the whole, which is 1.
    pub rank: f64,
    pub reason: MapReason,
    /// Those that have room, by line.
    pub definitions: Vec<GraphDefinition>,
}

/// Files that are only counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapAside {
    /// The folder at the top; empty for files at the root.
    pub folder: String,
    pub role: FileRole,
    pub files: usize,
}

/// A map.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectMap {
    /// What the tokens may be at most.
    pub budget: u32,
    /// The focus first, then its neighbours, then by rank.
    pub files: Vec<MapFile>,
    /// Tests, examples, what is generated or copied, and documents.
    pub aside: Vec<MapAside>,
    /// Files of code that have no room.
    pub left_out: usize,
    /// Files that the index has and the graph does not, since there are too many.
    pub unread: usize,
}

/// Makes a map; the same files and order give the same one.
pub fn map(files: &ShownFiles, order: &MapOrder) -> ProjectMap {
    select::select(files, order)
}

/// A name or line of a repository in one line, without hidden characters and chat markers.
fn shown(text: &str) -> String {
    defang_chat_markers(&visible_name(text)).into_owned()
}

/// Whether a file is one of those that are shown by themselves.
fn is_code(role: FileRole) -> bool {
    role == FileRole::Source
}

/// Whether a definition says something of its file.
fn is_telling(definition: &GraphDefinition) -> bool {
    let is_weak = matches!(
        definition.kind,
        ChunkKind::Impl
            | ChunkKind::Section
            | ChunkKind::Rule
            | ChunkKind::Block
            | ChunkKind::Text
            | ChunkKind::Property
            | ChunkKind::Variable
    );
    !is_weak || definition.uses > 0 && definition.kind != ChunkKind::Impl
}

/// The definitions of a file that say something of it, the most used first, each name once.
fn telling(definitions: &[GraphDefinition]) -> Vec<&GraphDefinition> {
    let mut telling: Vec<&GraphDefinition> =
        definitions.iter().filter(|it| is_telling(it)).collect();
    telling.sort_by_key(|it| (std::cmp::Reverse(it.uses), it.line));
    let mut seen = BTreeSet::new();
    telling.retain(|it| seen.insert(it.name.as_str()));
    telling
}
