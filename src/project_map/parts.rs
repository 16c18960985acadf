//! Folders as parts of a project, and how often files of one use those of another.

use std::collections::BTreeMap;

use ollacode_indexer::{FileId, FileRole, GraphEdge};

use super::{ShownFiles, is_code};

/// Most parts: a chart of more is not read.
pub const MOST_PARTS: usize = 15;

/// Connections that are drawn at most; of many parts nearly all are connected.
const MOST_EDGES: usize = 30;

/// A connection by names below this weight is a coincidence more often than not.
const LIGHTEST: f32 = 1.0;

/// A folder is not divided into fewer parts, unless it has no more.
const FEWEST: usize = 3;

/// A folder of at most so many files is not divided.
const SMALL: usize = 3;

/// A folder, without those below it that are parts of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Empty for the root.
    pub folder: String,
    pub files: Vec<FileId>,
}

/// That files of one part use files of another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PartEdge {
    pub from: usize,
    pub to: usize,
    /// Pairs of files.
    pub count: u32,
    pub weight: f32,
}

/// The parts of a project by folder, and their connections, the heaviest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    pub parts: Vec<Part>,
    pub edges: Vec<PartEdge>,
    /// Lighter connections that are left out.
    pub left_out: usize,
}

impl Parts {
    /// At most 15 parts of the code of a project; of all its files if it has no code.
    pub fn of(files: &ShownFiles) -> Parts {
        let mut chosen: Vec<FileId> = files
            .ids()
            .filter(|id| is_code(files.graph.file(*id).role))
            .collect();
        if chosen.is_empty() {
            let is_own = |id: &FileId| files.graph.file(*id).role != FileRole::Vendored;
            chosen = files.ids().filter(is_own).collect();
        }
        let path = |id: &FileId| files.graph.file(*id).path.as_str();
        let parts = divided(chosen, &path);
        let mut edges = edges(files, &parts);
        let left_out = edges.len().saturating_sub(MOST_EDGES);
        edges.truncate(MOST_EDGES);
        Parts {
            parts,
            edges,
            left_out,
        }
    }
}

/// Whether a connection of two files counts.
pub fn is_certain(edge: &GraphEdge) -> bool {
    edge.is_import || edge.weight >= LIGHTEST
}

/// Divides the largest folder, again and again, while there are not too many.
fn divided<'a>(files: Vec<FileId>, path: &dyn Fn(&FileId) -> &'a str) -> Vec<Part> {
    if files.is_empty() {
        return Vec::new();
    }
    let root = Part {
        folder: String::new(),
        files,
    };
    let mut parts = vec![root];
    let mut done: Vec<Part> = Vec::new();
    while let Some(at) = largest(&parts) {
        let part = parts.swap_remove(at);
        let room = MOST_PARTS - parts.len() - done.len();
        let pieces = pieces(&part, path);
        let is_one = pieces.len() == 1 && pieces[0].folder == part.folder;
        if is_one || part.files.len() <= SMALL || room < FEWEST.min(pieces.len()) {
            done.push(part);
        } else {
            let (own, rest) = largest_of(pieces, room, &part.folder);
            parts.extend(own);
            done.extend(rest);
        }
    }
    done.sort_by(|one, other| one.folder.cmp(&other.folder));
    done
}

/// The largest pieces of a folder, and the others as one part that has the name of the folder, if
/// there is not room for all.
fn largest_of(mut pieces: Vec<Part>, room: usize, folder: &str) -> (Vec<Part>, Option<Part>) {
    if pieces.len() <= room {
        return (pieces, None);
    }
    pieces.sort_by(|one, other| {
        let is_rest = |part: &Part| part.folder == folder;
        let size = other.files.len().cmp(&one.files.len());
        // What is in none of the folders belongs to the rest.
        let order = is_rest(one).cmp(&is_rest(other)).then(size);
        order.then_with(|| one.folder.cmp(&other.folder))
    });
    let mut rest: Vec<FileId> = pieces
        .split_off(room - 1)
        .into_iter()
        .flat_map(|piece| piece.files)
        .collect();
    rest.sort_unstable();
    let rest = Part {
        folder: folder.to_owned(),
        files: rest,
    };
    (pieces, Some(rest))
}

/// The place of the largest part; of equals the first by name.
fn largest(parts: &[Part]) -> Option<usize> {
    let key = |part: &Part| (part.files.len(), std::cmp::Reverse(part.folder.clone()));
    let places = 0..parts.len();
    places.max_by(|one, other| key(&parts[*one]).cmp(&key(&parts[*other])))
}

/// A folder as those in it, and what is in none.
fn pieces<'a>(part: &Part, path: &dyn Fn(&FileId) -> &'a str) -> Vec<Part> {
    let mut pieces: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    let start = match part.folder.len() {
        0 => 0,
        length => length + 1,
    };
    for file in &part.files {
        let path = path(file);
        let inside = path.get(start..).unwrap_or_default();
        let folder = match inside.split_once('/') {
            Some((name, _)) => path[..start + name.len()].to_owned(),
            None => part.folder.clone(),
        };
        pieces.entry(folder).or_default().push(*file);
    }
    let pieces = pieces.into_iter();
    pieces
        .map(|(folder, files)| Part { folder, files })
        .collect()
}

fn edges(files: &ShownFiles, parts: &[Part]) -> Vec<PartEdge> {
    let mut part_of: BTreeMap<FileId, usize> = BTreeMap::new();
    for (at, part) in parts.iter().enumerate() {
        part_of.extend(part.files.iter().map(|file| (*file, at)));
    }
    let mut sums: BTreeMap<(usize, usize), (u32, f32)> = BTreeMap::new();
    for (file, from) in &part_of {
        for edge in files.graph.uses(*file) {
            let to = part_of.get(&edge.file).copied();
            if let Some(to) = to.filter(|to| to != from && is_certain(edge)) {
                let sum = sums.entry((*from, to)).or_default();
                sum.0 += 1;
                sum.1 += edge.weight;
            }
        }
    }
    let edges = sums
        .into_iter()
        .map(|((from, to), (count, weight))| PartEdge {
            from,
            to,
            count,
            weight,
        });
    let mut edges: Vec<PartEdge> = edges.collect();
    edges.sort_by(|one, other| {
        let weight = other.weight.total_cmp(&one.weight);
        weight.then_with(|| (one.from, one.to).cmp(&(other.from, other.to)))
    });
    edges
}
