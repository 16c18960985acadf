//! Which files belong to a file: by its name, by what it uses and what uses it, by the identifiers
//! that few other files have, and by what was changed together. Pure: a graph and a history in,
//! ranked files out.
//!
//! In reading order: `names`, `identifiers` and [`history`] rank all files by a signal each; this
//! file joins the ranks and says why. The same input gives the same order.

pub mod history;
mod identifiers;
mod names;
mod reason;

use std::collections::BTreeMap;

use crate::graph::{FileGraph, FileId, FileRole};

pub use history::ChangeHistory;
pub use reason::Reason;

/// What tells that two files belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Stem, words of the name, folder.
    Name,
    /// Definitions used, and imports, in both directions.
    Neighbours,
    /// Identifiers that few files have.
    Identifiers,
    /// Commits that changed both.
    History,
    /// Commits that changed it with files that have the same rare identifiers.
    HistoryOfAlike,
    /// Commits at all, the newest: what is being worked on.
    Recent,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 6] = [
        Signal::Name,
        Signal::Neighbours,
        Signal::Identifiers,
        Signal::History,
        Signal::HistoryOfAlike,
        Signal::Recent,
    ];

    /// The name in JSON and in figures.
    pub fn name(self) -> &'static str {
        match self {
            Signal::Name => "name",
            Signal::Neighbours => "neighbours",
            Signal::Identifiers => "identifiers",
            Signal::History => "history",
            Signal::HistoryOfAlike => "history_of_alike",
            Signal::Recent => "recent",
        }
    }

    /// What a place in the ranking by the signal counts.
    ///
    /// Chosen on the histories of flask, axum, gin, gson, vue, tracing, scrapy and trpc
    /// (`benches/related.rs` measures it): recall@10 changes by at most .005 where one of them is
    /// halved. The last two add .01 in large repositories, and nothing in small ones.
    pub fn weight(self) -> f64 {
        match self {
            Signal::Name | Signal::HistoryOfAlike | Signal::Recent => 0.5,
            Signal::Neighbours => 1.0,
            Signal::Identifiers => 1.5,
            Signal::History => 2.0,
        }
    }
}

/// How fast the value of a place falls: the first counts `weight / RANK_OFFSET`, the next
/// `weight / (RANK_OFFSET + 1)`. On the same histories recall@10 is the same with 2 to 10, and .02
/// less with 60, which is usual where search results are fused: what is first in one ranking would
/// count too little.
const RANK_OFFSET: f64 = 4.0;

/// Places of a ranking that count.
const DEEPEST: usize = 200;

/// Files whose history counts for those that are like them.
const ALIKE: usize = 8;

/// The share of the best value of a signal that a file must have for the signal to be given as a
/// reason; of names that are shared, since all files share some.
const TELLING: f64 = 0.2;

/// A file that belongs to another one.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedFile {
    /// The file.
    pub file: FileId,
    /// Its path, relative to the root of the workspace.
    pub path: String,
    /// How much it belongs to the other; only the order means something.
    pub score: f64,
    /// Why, what counted most first; at least one.
    pub reasons: Vec<Reason>,
}

/// Files by one signal: the best first, equal ones by path.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking(Vec<(FileId, f64)>);

impl Ranking {
    /// Orders files by their values; those without one are left out.
    fn new(mut values: Vec<(FileId, f64)>) -> Ranking {
        values.retain(|(_, value)| *value > 0.0);
        values.sort_by(|(one, first), (other, second)| {
            second.total_cmp(first).then_with(|| one.cmp(other))
        });
        values.truncate(DEEPEST);
        Ranking(values)
    }

    /// The files, the best first.
    pub fn files(&self) -> impl Iterator<Item = FileId> {
        self.0.iter().map(|(file, _)| *file)
    }

    /// The value of a file, as a part of the best value.
    fn share(&self, file: FileId) -> f64 {
        let best = self.0.first().map_or(1.0, |(_, value)| *value);
        let found = self.0.iter().find(|(other, _)| *other == file);
        found.map_or(0.0, |(_, value)| value / best)
    }
}

/// Ranks all files by each signal, in the order of [`Signal::ALL`]. Without a history, nothing is
/// known of changes.
pub fn rankings(
    graph: &FileGraph,
    history: Option<&ChangeHistory>,
    file: FileId,
) -> Vec<(Signal, Ranking)> {
    let ranking = |values: Vec<(FileId, f64)>| {
        let values = values.into_iter();
        Ranking::new(
            values
                .filter(|(other, _)| is_candidate(graph, file, *other))
                .collect(),
        )
    };
    let of_history = |values: &dyn Fn(&ChangeHistory) -> Vec<(FileId, f64)>| {
        history.map_or_else(Ranking::default, |history| ranking(values(history)))
    };
    let identifiers = ranking(identifiers::values(graph, file));
    let alike = identifiers.0.get(..ALIKE).unwrap_or(&identifiers.0);
    let history_of_alike = of_history(&|history| history.values_of_alike(graph, alike));
    vec![
        (Signal::Name, ranking(names::values(graph, file))),
        (Signal::Neighbours, ranking(neighbours(graph, file))),
        (Signal::Identifiers, identifiers),
        (
            Signal::History,
            of_history(&|history| history.values(graph, file)),
        ),
        (Signal::HistoryOfAlike, history_of_alike),
        (
            Signal::Recent,
            of_history(&|history| history.recent_values(graph)),
        ),
    ]
}

/// The files that belong to a file, the most first; at most `limit`, and only those that may be
/// shown.
pub fn related(
    graph: &FileGraph,
    history: Option<&ChangeHistory>,
    file: FileId,
    limit: usize,
    is_shown: &dyn Fn(FileId) -> bool,
) -> Vec<RelatedFile> {
    let rankings = rankings(graph, history, file);
    let mut found: Vec<(FileId, f64)> = fused(&rankings).into_iter().collect();
    found.sort_by(|(one, first), (other, second)| {
        second.total_cmp(first).then_with(|| one.cmp(other))
    });
    let mut files = Vec::new();
    for (other, score) in found {
        if files.len() == limit {
            break;
        }
        if !is_shown(other) {
            continue;
        }
        let reasons = reasons(graph, history, file, other, &rankings);
        if !reasons.is_empty() {
            files.push(RelatedFile {
                file: other,
                path: graph.file(other).path.clone(),
                score,
                reasons,
            });
        }
    }
    files
}

/// What is related to code is code: a list of changes or of packages is changed with everything.
fn is_candidate(graph: &FileGraph, file: FileId, other: FileId) -> bool {
    let role = graph.file(other).role;
    let is_code = matches!(role, FileRole::Source | FileRole::Test | FileRole::Example);
    other != file && (is_code || role == graph.file(file).role)
}

/// The sums of what the places in the rankings count.
fn fused(rankings: &[(Signal, Ranking)]) -> BTreeMap<FileId, f64> {
    let mut sums: BTreeMap<FileId, f64> = BTreeMap::new();
    for (signal, ranking) in rankings {
        for (place, file) in ranking.files().enumerate() {
            *sums.entry(file).or_default() += place_value(*signal, place);
        }
    }
    sums
}

/// What a place counts; the first is 0.
fn place_value(signal: Signal, place: usize) -> f64 {
    signal.weight() / (RANK_OFFSET + place as f64)
}

/// How heavily each file uses the file, or is used by it; imports are among that.
fn neighbours(graph: &FileGraph, file: FileId) -> Vec<(FileId, f64)> {
    let mut sums: BTreeMap<FileId, f64> = BTreeMap::new();
    for edge in graph.uses(file).iter().chain(graph.used_by(file)) {
        *sums.entry(edge.file).or_default() += f64::from(edge.weight);
    }
    sums.into_iter().collect()
}

/// Why a file belongs to another, what counted most first.
fn reasons(
    graph: &FileGraph,
    history: Option<&ChangeHistory>,
    file: FileId,
    other: FileId,
    rankings: &[(Signal, Ranking)],
) -> Vec<Reason> {
    let mut parts: Vec<(f64, Vec<Reason>)> = Vec::new();
    for (signal, ranking) in rankings {
        let Some(place) = ranking.files().position(|found| found == other) else {
            continue;
        };
        let reasons = match signal {
            Signal::Name => names::reasons(graph, file, other),
            Signal::Neighbours => reason::of_edges(graph, file, other),
            Signal::Identifiers if ranking.share(other) < TELLING => Vec::new(),
            Signal::Identifiers => identifiers::reasons(graph, file, other),
            Signal::History => history.map_or_else(Vec::new, |history| {
                history.reasons(&graph.file(file).path, &graph.file(other).path)
            }),
            Signal::HistoryOfAlike | Signal::Recent => Vec::new(),
        };
        parts.push((place_value(*signal, place), reasons));
    }
    parts.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut reasons: Vec<Reason> = parts.into_iter().flat_map(|(_, reasons)| reasons).collect();
    reason::without_repeats(&mut reasons);
    reasons
}

/// The indexed paths nearest to one that is not, at most three of those that may be shown: for what
/// to try next.
pub fn nearest_paths(
    graph: &FileGraph,
    path: &str,
    is_shown: &dyn Fn(FileId) -> bool,
) -> Vec<String> {
    names::nearest(graph, path, is_shown)
}
