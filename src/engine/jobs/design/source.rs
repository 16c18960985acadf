//! What a design document is made of: the files of the graph that may be shown, who uses whom, and
//! what the manifests say.

use std::collections::{BTreeSet, HashMap, HashSet};

use ollacode_indexer::{FileGraph, FileId, FileRole, GraphFile};

use super::parts::is_below;
use crate::permission::Rules;
use crate::survey::Facts;

/// Names that tell what an edge is.
const MOST_NAMES: usize = 5;

/// Languages in which a file imports what it uses of another folder. In them, a name that two folders
/// have in common without an import is a coincidence: `get`, `Handler`.
const IMPORTING: [&str; 15] = [
    "dart",
    "go",
    "haskell",
    "java",
    "javascript",
    "kotlin",
    "protobuf",
    "python",
    "rust",
    "scala",
    "solidity",
    "svelte",
    "tsx",
    "typescript",
    "vue",
];
/// In other languages: a connection by names below this weight is a coincidence more often than not.
const LIGHTEST: f32 = 1.0;
/// Languages of what is no code, though it may be needed by tests.
const DATA: [&str; 6] = ["css", "html", "json", "markdown", "toml", "yaml"];

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
    /// Whether it is more than a name that both have by coincidence.
    pub is_certain: bool,
    /// Whether only tests in the file have it.
    pub in_tests: bool,
}

impl SourceTree {
    /// `read` gives the text of a file.
    pub(super) fn new(
        graph: &FileGraph,
        facts: &Facts,
        rules: &Rules,
        read: impl Fn(&str) -> Option<String>,
    ) -> SourceTree {
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
        tree.find_uses_of_tests(read);
        tree
    }

    /// Finds the imports of Rust that only `mod tests` of a file has: a crate that tests itself with one
    /// that is built on it does not depend on that.
    fn find_uses_of_tests(&mut self, read: impl Fn(&str) -> Option<String>) {
        let mut uses = std::mem::take(&mut self.uses);
        for of_file in uses.chunk_by_mut(|one, other| one.from == other.from) {
            let from = &self.files[of_file[0].from];
            let is_meant = from.language.as_deref() == Some("rust")
                && from.role == FileRole::Source
                && of_file.iter().any(|used| used.is_certain);
            let Some(text) = is_meant.then(|| read(&from.path)).flatten() else {
                continue;
            };
            let Some((program, _)) = text.split_once("#[cfg(test)]") else {
                continue;
            };
            for used in of_file.iter_mut().filter(|used| used.is_certain) {
                let name = self.module_name(&from.path, &self.files[used.to].path);
                used.in_tests = name.is_some_and(|name| !has_word(program, &name));
            }
        }
        self.uses = uses;
    }

    /// The word by which a file of Rust names another one: its crate, or its module.
    fn module_name(&self, from: &str, to: &str) -> Option<String> {
        let [own, other] = [from, to].map(|path| {
            let around = self
                .members
                .iter()
                .filter(|(folder, _)| is_below(path, folder));
            around.max_by_key(|(folder, _)| folder.len())
        });
        if let (true, Some((_, name))) = (own != other, other) {
            return Some(name.replace('-', "_"));
        }
        let stem = to.rsplit('/').next()?.strip_suffix(".rs")?;
        // These are named by `crate`, `super` or their folder.
        (!["lib", "main", "mod"].contains(&stem)).then(|| stem.to_owned())
    }

    /// Adds who uses whom in code, and counts for each definition the files of code that use it.
    ///
    /// Documents count for the graph. Here they do not: the document that is written names the
    /// definitions, too, and would change its own numbers.
    fn add_uses(&mut self, graph: &FileGraph, shown: &[usize]) {
        let mut users: HashMap<(usize, &str), u32> = HashMap::new();
        let imported = importing_languages(graph);
        for (from, at) in shown.iter().enumerate() {
            let user = &graph.files()[*at];
            if !is_code(user) {
                continue;
            }
            let own: HashSet<&str> = names(user).collect();
            let language = user.language.as_deref().unwrap_or_default();
            let speaks_imports = imported.contains(language);
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
                // Within a folder, names are enough.
                let is_certain = edge.is_import
                    || !speaks_imports && edge.weight >= LIGHTEST
                    || folder_of(&file.path) == folder_of(&graph.file(user).path);
                let defined: BTreeSet<&str> = names(file).collect();
                let mut shared: Vec<(u32, &str)> = Vec::new();
                for name in defined.into_iter().filter(|name| !own.contains(name)) {
                    let count = occurrences(graph, user, name);
                    if count > 0 {
                        *users.entry((to, name)).or_default() += u32::from(is_certain);
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
                    is_certain,
                    in_tests: false,
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

/// The languages whose imports are known, and lead to files of this project.
fn importing_languages(graph: &FileGraph) -> HashSet<&str> {
    let files = (0..).map(FileId).zip(graph.files());
    let importing = files.filter(|(id, _)| graph.uses(*id).iter().any(|edge| edge.is_import));
    let languages = importing.filter_map(|(_, file)| file.language.as_deref());
    languages
        .filter(|language| IMPORTING.contains(language))
        .collect()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a text has a word, comments aside.
fn has_word(text: &str, word: &str) -> bool {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let mut words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.any(|found| found == word)
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
    match (file.role, file.language.as_deref()) {
        (FileRole::Source, _) => true,
        (FileRole::Test | FileRole::Example, Some(language)) => !DATA.contains(&language),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
