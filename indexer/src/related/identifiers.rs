//! Files that share identifiers which few files have: the cosine of their counts, each weighted by
//! how few files have it.

use super::reason::Reason;
use crate::graph::{FileGraph, FileId};

/// An identifier counts if at most one file in so many has it,
const RARE_SHARE: usize = 10;
/// or at most so many files, and half of them: in small projects nothing would be rare, or all.
const RARE_FILES: usize = 5;

/// Shared identifiers that are looked at for a reason, of which some may be used rather than shared.
const MOST_SHARED: usize = 12;

/// How alike each file is, from 0 to 1. Files that share nothing are left out.
pub(super) fn values(graph: &FileGraph, file: FileId) -> Vec<(FileId, f64)> {
    let rarity = Rarity::of(graph);
    let own = rarity.weights(graph, file);
    let own_length = length(own.iter().map(|(_, weight)| *weight));
    if own.is_empty() {
        return Vec::new();
    }
    let mut values = Vec::new();
    for at in 0..graph.files().len() {
        let Some(other) = u32::try_from(at).ok().map(FileId) else {
            break;
        };
        if other == file {
            continue;
        }
        let shared: f64 = rarity.shared(graph, &own, other).map(|(_, it)| it).sum();
        // Most files share nothing: their lengths are not needed.
        if shared > 0.0 {
            let weights = rarity.weights(graph, other).into_iter();
            let other_length = length(weights.map(|(_, weight)| weight));
            values.push((other, shared / (own_length * other_length)));
        }
    }
    values
}

/// The identifiers that make two files alike, the most telling first.
pub(super) fn reasons(graph: &FileGraph, file: FileId, other: FileId) -> Vec<Reason> {
    let rarity = Rarity::of(graph);
    let own = rarity.weights(graph, file);
    let mut shared: Vec<(u32, f64)> = rarity.shared(graph, &own, other).collect();
    shared.sort_by(|(one, first), (other, second)| {
        second.total_cmp(first).then_with(|| one.cmp(other))
    });
    let names = shared.iter().take(MOST_SHARED);
    let names: Vec<String> = names
        .map(|(id, _)| graph.identifier(*id).to_owned())
        .collect();
    match names.is_empty() {
        true => Vec::new(),
        false => vec![Reason::Shares { names }],
    }
}

/// How few files have an identifier.
struct Rarity {
    files: f64,
    most: u32,
}

impl Rarity {
    fn of(graph: &FileGraph) -> Rarity {
        let files = graph.files().len();
        let most = (files / RARE_SHARE).max(RARE_FILES.min(files / 2));
        Rarity {
            files: files as f64,
            most: u32::try_from(most).unwrap_or(u32::MAX),
        }
    }

    /// What an identifier counts that occurs so often in a file; `None` if too many files have it,
    /// or no other one.
    fn weight(&self, graph: &FileGraph, id: u32, count: u32) -> Option<f64> {
        let files = graph.document_frequency(id);
        if files < 2 || files > self.most {
            return None;
        }
        let rare = (self.files / f64::from(files)).ln();
        Some((1.0 + f64::from(count.max(1)).ln()) * rare)
    }

    /// The identifiers of a file that count, by id.
    fn weights(&self, graph: &FileGraph, file: FileId) -> Vec<(u32, f64)> {
        let identifiers = graph.identifiers(file).iter();
        identifiers
            .filter_map(|&(id, count)| Some((id, self.weight(graph, id, count)?)))
            .collect()
    }

    /// The identifiers of another file that are among those of the first, with what they count
    /// together. Both are sorted by id.
    fn shared<'a>(
        &'a self,
        graph: &'a FileGraph,
        own: &'a [(u32, f64)],
        other: FileId,
    ) -> impl Iterator<Item = (u32, f64)> + 'a {
        let mut rest = own;
        graph
            .identifiers(other)
            .iter()
            .filter_map(move |&(id, count)| {
                let before = rest.partition_point(|(own, _)| *own < id);
                rest = &rest[before..];
                let &(found, weight) = rest.first()?;
                let other_weight = self.weight(graph, id, count).filter(|_| found == id)?;
                Some((id, weight * other_weight))
            })
    }
}

fn length(weights: impl Iterator<Item = f64>) -> f64 {
    weights.map(|weight| weight * weight).sum::<f64>().sqrt()
}
