//! Why a file belongs to another one, as data and in words.

use std::fmt;

use crate::graph::{FileGraph, FileId, GraphEdge};

/// Names that are given as a reason.
pub(super) const MOST_NAMES: usize = 3;

/// Why a file belongs to another one, which is called "it" here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file has the tests of it.
    ItsTest,
    /// It has the tests of the file.
    WhatItTests,
    /// Both have the same stem: `parser.h` and `parser.c`.
    SameName,
    /// Words of their names agree: `retry_policy.rs` and `retry_limit.rs`.
    SimilarName,
    /// They are in the same folder. Only given where there is nothing else.
    SameFolder,
    /// The file uses these definitions of it.
    Uses {
        /// The heaviest first; at most three, perhaps none are known.
        names: Vec<String>,
    },
    /// The file has these definitions, which it uses.
    UsedBy {
        /// The heaviest first; at most three, perhaps none are known.
        names: Vec<String>,
        /// In how many places.
        places: u32,
    },
    /// The file imports it.
    Imports,
    /// It imports the file.
    ImportedBy,
    /// Few other files have these identifiers.
    Shares {
        /// The most telling first; at most three.
        names: Vec<String>,
    },
    /// Commits changed both.
    ChangedTogether {
        /// How many.
        times: u32,
    },
}

impl Reason {
    /// The name in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::ItsTest => "its_test",
            Reason::WhatItTests => "what_it_tests",
            Reason::SameName => "same_name",
            Reason::SimilarName => "similar_name",
            Reason::SameFolder => "same_folder",
            Reason::Uses { .. } => "uses",
            Reason::UsedBy { .. } => "used_by",
            Reason::Imports => "imports",
            Reason::ImportedBy => "imported_by",
            Reason::Shares { .. } => "shares",
            Reason::ChangedTogether { .. } => "changed_together",
        }
    }

    /// The identifiers that it is about.
    pub fn names(&self) -> &[String] {
        match self {
            Reason::Uses { names } | Reason::UsedBy { names, .. } | Reason::Shares { names } => {
                names
            }
            _ => &[],
        }
    }

    /// The number that it is about: places, commits.
    pub fn count(&self) -> Option<u32> {
        match self {
            Reason::UsedBy { places, .. } => Some(*places),
            Reason::ChangedTogether { times } => Some(*times),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::ItsTest => out.write_str("its test"),
            Reason::WhatItTests => out.write_str("what it tests"),
            Reason::SameName => out.write_str("same name"),
            Reason::SimilarName => out.write_str("similar name"),
            Reason::SameFolder => out.write_str("same folder"),
            Reason::Uses { names } => write!(out, "uses {}", names.join(", ")),
            Reason::UsedBy { names, places } => {
                let places = match places {
                    1 => "1 place".to_owned(),
                    places => format!("{places} places"),
                };
                write!(out, "used in {places}: {}", names.join(", "))
            }
            Reason::Imports => out.write_str("imports it"),
            Reason::ImportedBy => out.write_str("imported by it"),
            Reason::Shares { names } => write!(out, "shares {}", names.join(", ")),
            Reason::ChangedTogether { times: 1 } => out.write_str("changed together once"),
            Reason::ChangedTogether { times } => write!(out, "changed together {times} times"),
        }
    }
}

/// Takes out what says nothing more than another reason: names that are shared because one file uses
/// them, and that files lie side by side.
pub(super) fn without_repeats(reasons: &mut Vec<Reason>) {
    let is_shares = |reason: &Reason| matches!(reason, Reason::Shares { .. });
    let others = reasons.iter().filter(|reason| !is_shares(reason));
    let used: Vec<String> = others.flat_map(|reason| reason.names().to_vec()).collect();
    for reason in reasons.iter_mut() {
        if let Reason::Shares { names } = reason {
            names.retain(|name| !used.contains(name));
            names.truncate(MOST_NAMES);
        }
    }
    reasons.retain(|reason| !is_shares(reason) || !reason.names().is_empty());
    if reasons.len() > 1 {
        reasons.retain(|reason| *reason != Reason::SameFolder);
    }
}

/// What connects two files in the graph: what `other` uses of `file`, then the reverse.
pub(super) fn of_edges(graph: &FileGraph, file: FileId, other: FileId) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Some(edge) = edge_to(graph.used_by(file), other) {
        reasons.push(match names_of(edge) {
            names if names.is_empty() => Reason::Imports,
            names => Reason::Uses { names },
        });
    }
    if let Some(edge) = edge_to(graph.uses(file), other) {
        reasons.push(match names_of(edge) {
            names if names.is_empty() => Reason::ImportedBy,
            names => Reason::UsedBy {
                names,
                places: edge.count,
            },
        });
    }
    reasons
}

fn edge_to(edges: &[GraphEdge], file: FileId) -> Option<&GraphEdge> {
    edges.iter().find(|edge| edge.file == file)
}

fn names_of(edge: &GraphEdge) -> Vec<String> {
    edge.names.iter().take(MOST_NAMES).cloned().collect()
}
