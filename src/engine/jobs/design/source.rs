//! What a design document is made of: the files of the graph that may be shown, who uses whom, and
//! what the manifests say.

use std::collections::{BTreeSet, HashMap, HashSet};

use ollacode_indexer::{FileGraph, FileId, FileRole, GraphFile};

use crate::permission::Rules;
use crate::survey::Facts;

/// Names that tell what an edge is.
const MOST_NAMES: usize = 5;

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
        let files = shown.iter().map(|at| graph.files()[*at].clone()).collect();
        let members = facts.members.iter();
        let entries = facts.entry_points.iter();
        let mut tree = SourceTree {
            files,
            uses: Vec::new(),
            members: members
                .map(|member| (member.path.clone(), member.name.clone()))
                .collect(),
            entries: entries
                .map(|entry| (entry.path.clone(), entry.what.clone()))
                .filter(|(path, _)| !rules.hides(path))
                .collect(),
        };
        tree.add_uses(graph, &shown);
        tree
    }

    /// Adds who uses whom in code, and counts for each definition the files of code that use it.
    ///
    /// Documents count for the graph. Here they do not: the document that is written names the
    /// definitions, too, and would change its own numbers.
    fn add_uses(&mut self, graph: &FileGraph, shown: &[usize]) {
        let mut users: HashMap<(usize, &str), u32> = HashMap::new();
        for (from, at) in shown.iter().enumerate() {
            let user = &graph.files()[*at];
            if !is_code(user) {
                continue;
            }
            let own: HashSet<&str> = names(user).collect();
            let user = FileId(u32::try_from(*at).unwrap_or(u32::MAX));
            for edge in graph.uses(user) {
                let used = edge.file.0 as usize;
                let file = &graph.files()[used];
                let Ok(to) = shown.binary_search(&used) else {
                    continue;
                };
                if !is_code(file) {
                    continue;
                }
                let defined: BTreeSet<&str> = names(file).collect();
                let mut shared: Vec<(u32, &str)> = Vec::new();
                for name in defined.into_iter().filter(|name| !own.contains(name)) {
                    let count = occurrences(graph, user, name);
                    if count > 0 {
                        *users.entry((to, name)).or_default() += 1;
                        shared.push((count, name));
                    }
                }
                shared.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)));
                let shared = shared.into_iter().take(MOST_NAMES);
                self.uses.push(FileUse {
                    from,
                    to,
                    count: edge.count.max(1),
                    names: shared.map(|(_, name)| name.to_owned()).collect(),
                });
            }
        }
        for (at, file) in self.files.iter_mut().enumerate() {
            for definition in &mut file.definitions {
                // The graph has 0 for names that too many files define.
                let known = users.get(&(at, definition.name.as_str()));
                let users = known.copied().unwrap_or_default();
                definition.uses = if definition.uses == 0 { 0 } else { users };
            }
        }
    }
}

/// The names that a file defines.
fn names(file: &GraphFile) -> impl Iterator<Item = &str> {
    file.definitions.iter().map(|of_file| of_file.name.as_str())
}

/// How often a name occurs in a file. The identifiers of a file are sorted.
fn occurrences(graph: &FileGraph, file: FileId, name: &str) -> u32 {
    let words = graph.identifiers(file);
    let found = words.binary_search_by(|(id, _)| graph.identifier(*id).cmp(name));
    found.map_or(0, |at| words[at].1)
}

/// Whether a file has code of the project: its parts are made of these.
pub(super) fn is_code(file: &GraphFile) -> bool {
    matches!(
        file.role,
        FileRole::Source | FileRole::Test | FileRole::Example
    )
}
