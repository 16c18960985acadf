//! PageRank by hand: deterministic, with weights and a start vector.

use super::GraphEdge;

/// The part of a file's rank that goes to the files it uses; the rest goes to the start.
const DAMPING: f64 = 0.85;

/// Rounds: what is left to settle after them is below 0.85³⁰, less than 1 %.
const ROUNDS: usize = 30;

/// The rank of each file, adding up to 1 as `start` does. Sums are made in the order of the files,
/// so that the same graph gives the same bits.
pub(super) fn page_rank(uses: &[Vec<GraphEdge>], start: &[f64]) -> Vec<f64> {
    let totals: Vec<f64> = uses
        .iter()
        .map(|edges| edges.iter().map(|edge| f64::from(edge.weight)).sum())
        .collect();
    let mut rank = start.to_vec();
    for _ in 0..ROUNDS {
        let mut next = vec![0.0; rank.len()];
        // What files that use nothing have goes back to the start.
        let mut loose = 0.0;
        for ((edges, total), rank) in uses.iter().zip(&totals).zip(&rank) {
            if *total > 0.0 {
                for edge in edges {
                    next[edge.file.0 as usize] += rank * f64::from(edge.weight) / total;
                }
            } else {
                loose += rank;
            }
        }
        for (next, start) in next.iter_mut().zip(start) {
            *next = DAMPING * (*next + loose * start) + (1.0 - DAMPING) * start;
        }
        rank = next;
    }
    rank
}
