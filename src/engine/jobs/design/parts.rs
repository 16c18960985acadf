//! The parts of a project: members of its workspace, or the first two levels of folders.

use std::collections::BTreeMap;

use ollacode_indexer::{FileRole, GraphFile};

use super::source::{SourceTree, is_code};

/// Files that make a folder a part.
const FEWEST_FILES: usize = 3;
/// Most parts: each costs a request, and more are not read. The smallest go into the folder above.
pub(super) const MOST_PARTS: usize = 24;

/// A part and its files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// Its folder; empty for what is in no other part.
    pub path: String,
    /// Its name in a manifest.
    pub name: Option<String>,
    /// Positions in the list of files, sorted.
    pub files: Vec<usize>,
}

/// The parts of a project, sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub list: Vec<Part>,
    /// How many smaller folders went into the one above, because there are too many.
    pub folded: usize,
    /// The part of each file.
    pub of_file: Vec<Option<usize>>,
}

/// Divides the files of a project.
pub(super) fn parts(tree: &SourceTree) -> Parts {
    let code: Vec<usize> = (0..tree.files.len())
        .filter(|at| is_code(&tree.files[*at]))
        .collect();
    let mut found: BTreeMap<String, Part> = BTreeMap::new();
    let roots = member_roots(tree, &code);
    if roots.len() > 1 {
        by_members(tree, &code, &roots, &mut found);
    } else {
        by_folders(tree, &code, &mut found);
    }
    let is_of_use = |part: &Part| {
        !part.path.is_empty()
            || found.len() == 1
            || has_sources(tree, part)
            || part.files.len() >= FEWEST_FILES
    };
    let mut list: Vec<Part> = found
        .values()
        .filter(|part| is_of_use(part))
        .cloned()
        .collect();
    let folded = fold(&tree.files, &mut list);
    let mut of_file = vec![None; tree.files.len()];
    for (number, part) in list.iter_mut().enumerate() {
        part.files.sort_unstable();
        for file in &part.files {
            of_file[*file] = Some(number);
        }
    }
    Parts {
        list,
        folded,
        of_file,
    }
}

fn has_sources(tree: &SourceTree, part: &Part) -> bool {
    let is_source = |at: &usize| tree.files[*at].role == FileRole::Source;
    part.files.iter().any(is_source)
}

/// The members of the workspace that have code: path and name.
fn member_roots(tree: &SourceTree, code: &[usize]) -> BTreeMap<String, String> {
    let members = tree.members.iter().map(|(path, name)| {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        (if path == "." { "" } else { path }, name)
    });
    let has_code = |path: &str| {
        let mut files = code.iter();
        !path.is_empty() && files.any(|at| is_below(&tree.files[*at].path, path))
    };
    members
        .filter(|(path, _)| has_code(path))
        .map(|(path, name)| (path.to_owned(), name.clone()))
        .collect()
}

/// Whether a path is below a folder; everything is below the root.
pub(super) fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn by_members(
    tree: &SourceTree,
    code: &[usize],
    roots: &BTreeMap<String, String>,
    found: &mut BTreeMap<String, Part>,
) {
    let mut outside = Vec::new();
    for file in code {
        let path = tree.files[*file].path.as_str();
        // The innermost member.
        let member = folders_above(path).find_map(|folder| roots.get_key_value(folder));
        match member {
            Some((root, name)) => {
                let part = part_at(found, root);
                part.name = (!name.is_empty()).then(|| name.clone());
                part.files.push(*file);
            }
            None => outside.push(*file),
        }
    }
    by_folders(tree, &outside, found);
}

/// The folders of a path, the innermost first, without the root.
fn folders_above(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(at, _)| &path[..at])
}

fn by_folders(tree: &SourceTree, code: &[usize], found: &mut BTreeMap<String, Part>) {
    // Beside a program, a folder of tests or examples is one part, however many folders it has.
    let is_aside = |at: &usize| tree.files[*at].role != FileRole::Source;
    let has_program = tree.files.iter().any(|file| file.role == FileRole::Source);
    let (top, mut rest) = if has_program && code.iter().all(is_aside) {
        (Level::of(tree, String::new(), code), Vec::new())
    } else {
        Level::beneath(tree, String::new(), code)
    };
    rest.extend(&top.direct);
    for (name, files) in &top.children {
        if files.len() < FEWEST_FILES {
            rest.extend(files);
            continue;
        }
        let folder = joined(&top.prefix, name);
        if has_program && files.iter().all(is_aside) {
            part_at(found, &folder).files.extend(files);
            continue;
        }
        let (inner, mut beside) = Level::beneath(tree, folder.clone(), files);
        beside.extend(&inner.direct);
        let is_large = |files: &&Vec<usize>| files.len() >= FEWEST_FILES;
        let large = inner.children.values().filter(is_large).count();
        let outside_large = files.len()
            - inner
                .children
                .values()
                .filter(is_large)
                .map(Vec::len)
                .sum::<usize>();
        if large >= 2 || large == 1 && outside_large >= FEWEST_FILES {
            for (name, files) in &inner.children {
                if files.len() < FEWEST_FILES {
                    beside.extend(files);
                } else {
                    let path = joined(&inner.prefix, name);
                    part_at(found, &path).files.extend(files);
                }
            }
            part_of_rest(found, &folder, &beside);
        } else {
            part_at(found, &folder).files.extend(files);
        }
    }
    part_of_rest(found, &top.prefix, &rest);
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

fn part_at<'a>(found: &'a mut BTreeMap<String, Part>, path: &str) -> &'a mut Part {
    found.entry(path.to_owned()).or_insert_with(|| Part {
        path: path.to_owned(),
        ..Part::default()
    })
}

fn part_of_rest(found: &mut BTreeMap<String, Part>, path: &str, files: &[usize]) {
    if !files.is_empty() {
        part_at(found, path).files.extend(files);
    }
}

/// The files of a folder: those directly in it, and those of each folder in it.
struct Level<'a> {
    prefix: String,
    direct: Vec<usize>,
    children: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Level<'a> {
    fn of(tree: &'a SourceTree, prefix: String, files: &[usize]) -> Level<'a> {
        let mut level = Level {
            direct: Vec::new(),
            children: BTreeMap::new(),
            prefix,
        };
        for file in files {
            let path = tree.files[*file].path.as_str();
            let inside = path.strip_prefix(level.prefix.as_str()).unwrap_or(path);
            match inside.trim_start_matches('/').split_once('/') {
                Some((child, _)) => level.children.entry(child).or_default().push(*file),
                None => level.direct.push(*file),
            }
        }
        level
    }

    /// The first folder, from `prefix` on downwards, that is more than a way to the only folder in
    /// it, such as `src/main/java/org/example`; and the few files on that way.
    fn beneath(tree: &'a SourceTree, prefix: String, files: &[usize]) -> (Level<'a>, Vec<usize>) {
        let mut passed = Vec::new();
        let mut level = Level::of(tree, prefix, files);
        while level.direct.len() < FEWEST_FILES && level.children.len() == 1 {
            let Some((name, files)) = level.children.pop_first() else {
                break;
            };
            passed.append(&mut level.direct);
            level = Level::of(tree, joined(&level.prefix, name), &files);
        }
        (level, passed)
    }
}

/// Moves the smallest parts into the one above until there are few enough; how many were moved.
fn fold(files: &[GraphFile], list: &mut Vec<Part>) -> usize {
    let mut folded = 0;
    while list.len() > MOST_PARTS {
        let lines = |part: &Part| -> u64 {
            let lines = part.files.iter().map(|at| u64::from(files[*at].lines));
            lines.sum()
        };
        let smallest = list
            .iter()
            .enumerate()
            // One that has others beneath it takes them in.
            .filter(|(_, part)| {
                let mut others = list.iter();
                let is_above = |other: &Part| folders_above(&other.path).any(|it| it == part.path);
                !part.path.is_empty() && !others.any(is_above)
            })
            .min_by_key(|(_, part)| (lines(part), part.files.len(), &part.path))
            .map(|(at, _)| at);
        let Some(smallest) = smallest else {
            break;
        };
        let part = list.remove(smallest);
        let above = folders_above(&part.path)
            .chain([""])
            .find_map(|folder| list.iter().position(|other| other.path == folder));
        match above {
            Some(above) => list[above].files.extend(part.files),
            None => list.insert(
                0,
                Part {
                    files: part.files,
                    ..Part::default()
                },
            ),
        }
        folded += 1;
    }
    folded
}

#[cfg(test)]
mod tests;
