//! The JSON of a map; `docs/map.md` describes it.

use serde::Serialize;

use super::{MapFile, MapReason, ProjectMap};
use crate::text::tokens::estimate_text;

/// Raised when a field changes its meaning or is taken away.
const VERSION: u32 = 1;

/// A map as `ollacode map --json` prints it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MapJson {
    pub version: u32,
    pub budget: u32,
    /// Of the map as text.
    pub tokens: u32,
    pub files: Vec<FileJson>,
    pub aside: Vec<AsideJson>,
    pub left_out: usize,
    pub unread: usize,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FileJson {
    pub path: String,
    pub language: Option<String>,
    pub rank: f64,
    pub reason: &'static str,
    pub definitions: Vec<DefinitionJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DefinitionJson {
    pub name: String,
    pub kind: &'static str,
    pub line: u32,
    pub signature: String,
    pub uses: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AsideJson {
    pub folder: String,
    pub role: &'static str,
    pub files: usize,
}

impl MapJson {
    pub fn new(map: &ProjectMap, notes: Vec<String>) -> MapJson {
        let aside = map.aside.iter().map(|aside| AsideJson {
            folder: aside.folder.clone(),
            role: aside.role.name(),
            files: aside.files,
        });
        MapJson {
            version: VERSION,
            budget: map.budget,
            tokens: estimate_text(&map.text()),
            files: map.files.iter().map(file).collect(),
            aside: aside.collect(),
            left_out: map.left_out,
            unread: map.unread,
            notes,
        }
    }
}

fn file(file: &MapFile) -> FileJson {
    let definitions = file.definitions.iter().map(|it| DefinitionJson {
        name: it.name.clone(),
        kind: it.kind.name(),
        line: it.line,
        signature: it.signature.clone(),
        uses: it.uses,
    });
    FileJson {
        path: file.path.clone(),
        language: file.language.clone(),
        // Digits beyond these say nothing.
        rank: (file.rank * 1e6).round() / 1e6,
        reason: match file.reason {
            MapReason::Focus => "focus",
            MapReason::Used => "used_by_focus",
            MapReason::User => "uses_focus",
            MapReason::Rank => "rank",
        },
        definitions: definitions.collect(),
    }
}
