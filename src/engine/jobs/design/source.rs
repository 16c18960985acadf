//! What a design document is made of: the files of the graph that may be shown, who uses whom, and
//! what the manifests say.

use ollacode_indexer::{FileGraph, FileId, FileRole, GraphFile};

use crate::permission::Rules;
use crate::survey::Facts;

/// Files and their uses, without those that a rule hides.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceTree {
    /// Sorted by path.
    pub files: Vec<GraphFile>,
    /// In the order of the files.
    pub uses: Vec<FileUse>,
    /// Members of the workspace: path and name.
    pub members: Vec<(String, String)>,
    /// Where programs begin: path, and what begins there.
    pub entries: Vec<(String, String)>,
}

/// One file uses another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileUse {
    pub from: usize,
    pub to: usize,
    /// How often.
    pub count: u32,
    /// The names that tell most, heaviest first.
    pub names: Vec<String>,
}

impl SourceTree {
    pub(super) fn new(graph: &FileGraph, facts: &Facts, rules: &Rules) -> SourceTree {
        let shown: Vec<usize> = (0..graph.files().len())
            .filter(|at| !rules.hides(&graph.files()[*at].path))
            .collect();
        let mut uses = Vec::new();
        for (from, at) in shown.iter().enumerate() {
            let file = FileId(u32::try_from(*at).unwrap_or(u32::MAX));
            for edge in graph.uses(file) {
                let Ok(to) = shown.binary_search(&(edge.file.0 as usize)) else {
                    continue;
                };
                uses.push(FileUse {
                    from,
                    to,
                    count: edge.count.max(1),
                    names: edge.names.clone(),
                });
            }
        }
        let files = shown.iter().map(|at| graph.files()[*at].clone()).collect();
        let members = facts.members.iter();
        let entries = facts.entry_points.iter();
        SourceTree {
            files,
            uses,
            members: members
                .map(|member| (member.path.clone(), member.name.clone()))
                .collect(),
            entries: entries
                .map(|entry| (entry.path.clone(), entry.what.clone()))
                .filter(|(path, _)| !rules.hides(path))
                .collect(),
        }
    }
}

/// Whether a file has code of the project: its parts are made of these.
pub(super) fn is_code(file: &GraphFile) -> bool {
    matches!(
        file.role,
        FileRole::Source | FileRole::Test | FileRole::Example
    )
}
