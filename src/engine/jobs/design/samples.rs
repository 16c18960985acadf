//! Trees of files for tests.

use ollacode_indexer::{ChunkKind, FileRole, GraphDefinition, GraphFile};

use super::source::{FileUse, SourceTree};

/// A file of ten lines, with the role that its path says.
pub(super) fn file(path: &str) -> GraphFile {
    let role = if path.ends_with(".md") {
        FileRole::Document
    } else if path.contains("test") {
        FileRole::Test
    } else if path.contains("vendor/") {
        FileRole::Vendored
    } else {
        FileRole::Source
    };
    GraphFile {
        path: path.to_owned(),
        language: Some("rust".to_owned()),
        role,
        definitions: Vec::new(),
        lines: 10,
    }
}

pub(super) fn definition(name: &str, line: u32, uses: u32) -> GraphDefinition {
    GraphDefinition {
        name: name.to_owned(),
        signature: format!("pub fn {name}()"),
        line,
        kind: ChunkKind::Function,
        uses,
    }
}

/// A tree of such files.
pub(super) fn tree<P: AsRef<str>>(paths: &[P]) -> SourceTree {
    let mut files: Vec<GraphFile> = paths.iter().map(|path| file(path.as_ref())).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    SourceTree {
        files,
        ..SourceTree::default()
    }
}

impl SourceTree {
    pub(super) fn at(&self, path: &str) -> usize {
        let found = self.files.iter().position(|file| file.path == path);
        found.expect("a file of the tree")
    }

    /// Adds definitions to a file.
    pub(super) fn defining(mut self, path: &str, definitions: &[GraphDefinition]) -> SourceTree {
        let at = self.at(path);
        self.files[at].definitions.extend_from_slice(definitions);
        self
    }

    /// Adds uses of a file by another.
    pub(super) fn using(mut self, from: &str, to: &str, count: u32, name: &str) -> SourceTree {
        let (from, to) = (self.at(from), self.at(to));
        self.uses.push(FileUse {
            from,
            to,
            count,
            names: vec![name.to_owned()],
            is_certain: true,
            in_tests: false,
        });
        self
    }
}
